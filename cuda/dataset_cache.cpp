#include "cuda/dataset_cache.h"

#include <algorithm>
#include <cstring>

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

}  // namespace

DatasetCache::Addresses DatasetCache::find_or_upload(const std::shared_ptr<const Dataset>& data,
                                                     Stream& stream) {
  for (const Entry& entry : entries_) {
    if (entry.data == data) return entry.addresses;
  }
  Entry entry{data, {}, {}};
  entry.memory.reserve(dataset_bytes(*data));
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
  const auto unused = [](const Entry& entry) { return entry.data.use_count() == 1; };
  entries_.erase(std::remove_if(entries_.begin(), entries_.end(), unused), entries_.end());
}

}  // namespace axiom::cuda
