#include "cuda/dataset_cache.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "client/plan/device_error.h"
#include "cuda/packing.h"

namespace axiom::cuda {
namespace {

std::size_t padded_floats(const Dataset& data) {
  return static_cast<std::size_t>(data.samples) * static_cast<std::size_t>(padded(data.features));
}

std::vector<float> padded_rows(const Dataset& data) {
  std::vector<float> rows(padded_floats(data));
  pad_rows(data.inputs.data(), data.samples, data.features, rows.data());
  return rows;
}

/// Seeds differ little in their samples, if at all.
bool suits(const Buffer& buffer, std::size_t bytes) {
  return buffer.bytes() >= bytes && buffer.bytes() <= bytes + bytes / 8;
}

std::size_t sum_of_bytes(const std::vector<Buffer>& buffers) {
  std::size_t bytes = 0;
  for (const Buffer& buffer : buffers) bytes += buffer.bytes();
  return bytes;
}

}  // namespace

std::size_t DatasetCache::bytes_in_use() const {
  std::size_t bytes = 0;
  for (const Entry& entry : entries_) bytes += entry.memory.bytes();
  return bytes;
}

Buffer DatasetCache::take_memory(std::size_t bytes) {
  Buffer memory;
  const auto suitable = std::find_if(spare_.begin(), spare_.end(),
                                     [&](const Buffer& spare) { return suits(spare, bytes); });
  if (suitable != spare_.end()) {
    memory = std::move(*suitable);
    spare_.erase(suitable);
  }
  const std::size_t in_use = bytes_in_use() + std::max(memory.bytes(), bytes);
  most_in_use_ = std::max(most_in_use_, in_use);
  if (memory.bytes() > 0) return memory;
  while (in_use + sum_of_bytes(spare_) > most_in_use_) spare_.erase(spare_.begin());
  try {
    memory.reserve(bytes);
  } catch (const DeviceError& error) {
    if (error.status() != DeviceStatus::out_of_memory || spare_.empty()) throw;
    spare_.clear();
    memory.reserve(bytes);
  }
  return memory;
}

DatasetCache::Addresses DatasetCache::find_or_upload(const std::shared_ptr<const Dataset>& data,
                                                     Stream& stream) {
  for (const Entry& entry : entries_) {
    if (entry.data == data) return entry.addresses;
  }
  Entry entry{data, take_memory(dataset_bytes(*data)), {}};
  const std::vector<float> rows = padded_rows(*data);
  const std::size_t row_bytes = rows.size() * sizeof(float);
  const DevicePointer labels = entry.memory.address() + rounded_up(row_bytes);
  stream.upload(entry.memory.address(), rows.data(), row_bytes);
  const std::size_t label_bytes = data->labels.size() * sizeof(std::int32_t);
  const DevicePointer signs = labels + rounded_up(label_bytes);
  stream.upload(labels, data->labels.data(), label_bytes);
  if (!data->signs.empty()) stream.upload(signs, data->signs.data(), data->signs.size());
  stream.wait();
  entry.addresses = {{entry.memory.address()}, {labels}, {signs}};
  entries_.push_back(std::move(entry));
  return entries_.back().addresses;
}

bool DatasetCache::intact(const std::shared_ptr<const Dataset>& data, Stream& stream) {
  const auto entry = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& e) { return e.data == data; });
  if (entry == entries_.end()) return true;
  std::vector<float> rows(padded_floats(*data));
  std::vector<std::int32_t> labels(data->labels.size());
  stream.read_back(rows.data(), entry->addresses.inputs.value, rows.size() * sizeof(float));
  stream.read_back(labels.data(), entry->addresses.labels.value,
                   labels.size() * sizeof(std::int32_t));
  std::vector<std::int8_t> signs(data->signs.size());
  if (!signs.empty()) stream.read_back(signs.data(), entry->addresses.signs.value, signs.size());
  const std::vector<float> expected = padded_rows(*data);
  // As bits: to == a zero of the other sign is equal.
  const bool same_rows =
      std::memcmp(rows.data(), expected.data(), rows.size() * sizeof(float)) == 0;
  if (same_rows && labels == data->labels && signs == data->signs) return true;
  entries_.erase(entry);
  return false;
}

std::string DatasetCache::changed(const TrainingRun& run) {
  return "samples of seed " + std::to_string(run.seed) + ", trial " + std::to_string(run.trial) +
         ", have changed in the device's memory";
}

void DatasetCache::drop_unused() {
  const auto used = [](const Entry& entry) { return entry.data.use_count() > 1; };
  drop(std::stable_partition(entries_.begin(), entries_.end(), used));
}

void DatasetCache::forget() { drop(entries_.begin()); }

void DatasetCache::drop(std::vector<Entry>::iterator first) {
  for (auto entry = first; entry != entries_.end(); ++entry) {
    spare_.push_back(std::move(entry->memory));
  }
  entries_.erase(first, entries_.end());
}

}  // namespace axiom::cuda
