// Samples that are on the device already.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "client/plan/dataset.h"
#include "client/plan/training_run.h"
#include "cuda/kernels/jobs.h"
#include "cuda/resources.h"

namespace axiom::cuda {

class DatasetCache {
 public:
  struct Addresses {
    Address<const float> inputs;         ///< samples × padded(features)
    Address<const std::int32_t> labels;  ///< samples
    Address<const std::int8_t> signs;    ///< samples × signs_per_sample
  };

  /// Copies the data to the device unless they are there.
  Addresses find_or_upload(const std::shared_ptr<const Dataset>& data, Stream& stream);
  /// Whether the device still has the data as they are; what has changed is forgotten.
  bool intact(const std::shared_ptr<const Dataset>& data, Stream& stream);
  /// What to say where those of a run are not.
  static std::string changed(const TrainingRun& run);
  /// Forgets what nobody else refers to any more. Its memory is kept for what comes next: to
  /// allocate is to wait until there is room to fill it, to free may be to wait for all that the
  /// device does, other threads' launches included.
  void drop_unused();
  /// Nothing is there any more.
  void forget();

 private:
  struct Entry {
    std::shared_ptr<const Dataset> data;
    Buffer memory;
    Addresses addresses;
  };
  /// The entries from `first` on.
  void drop(std::vector<Entry>::iterator first);
  /// Together with what is held never more than what was in use at once.
  Buffer take_memory(std::size_t bytes);
  std::size_t bytes_in_use() const;

  std::vector<Entry> entries_;
  std::vector<Buffer> spare_;
  std::size_t most_in_use_ = 0;  ///< bytes, so far
};

}  // namespace axiom::cuda
