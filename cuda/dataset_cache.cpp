#include "cuda/dataset_cache.h"

#include <algorithm>

#include "cuda/packing.h"

namespace axiom::cuda {

DatasetCache::Addresses DatasetCache::find_or_upload(const std::shared_ptr<const Dataset>& data,
                                                     Stream& stream) {
  for (const Entry& entry : entries_) {
    if (entry.data == data) return entry.addresses;
  }
  Entry entry{data, {}, {}};
  entry.memory.reserve(dataset_bytes(*data));
  std::vector<float> rows(static_cast<std::size_t>(data->samples) *
                          static_cast<std::size_t>(padded(data->features)));
  pad_rows(data->inputs.data(), data->samples, data->features, rows.data());
  const std::size_t row_bytes = rows.size() * sizeof(float);
  const DevicePointer labels = entry.memory.address() + rounded_up(row_bytes);
  stream.upload(entry.memory.address(), rows.data(), row_bytes);
  stream.upload(labels, data->labels.data(), data->labels.size() * sizeof(std::int32_t));
  stream.wait();
  entry.addresses = {{entry.memory.address()}, {labels}};
  entries_.push_back(std::move(entry));
  return entries_.back().addresses;
}

void DatasetCache::drop_unused() {
  const auto unused = [](const Entry& entry) { return entry.data.use_count() == 1; };
  entries_.erase(std::remove_if(entries_.begin(), entries_.end(), unused), entries_.end());
}

}  // namespace axiom::cuda
