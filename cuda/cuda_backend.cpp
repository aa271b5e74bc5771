#include "cuda/cuda_backend.h"

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "client/plan/device_error.h"
#include "cuda/device.h"
#include "cuda/executor.h"
#include "cuda/fma_peak.h"
#include "cuda/measures.h"
#include "cuda/packing.h"
#include "cuda/resources.h"
#include "cuda/yardsticks.h"

namespace axiom {

namespace cuda {
namespace {

CudaOptions options;

constexpr std::size_t megabyte = 1000000;

std::string megabytes(std::size_t bytes) { return std::to_string(bytes / megabyte) + " MB"; }

/// Device memory that is kept for the evaluation of many networks, and as much again for their
/// metrics, per executor.
std::size_t evaluation_reserve(std::size_t usable) {
  constexpr std::size_t enough = std::size_t{1} << 30;
  return std::min(enough, usable / 16);
}

/// Of all executors together, for parameters at rest.
std::size_t resting_reserve(std::size_t usable) { return usable / 8; }

std::size_t usable_bytes(std::size_t free) {
  const std::size_t share = free / 5 * 4;
  return options.memory_limit == 0 ? share : std::min<std::size_t>(share, options.memory_limit);
}

/// Device memory for one network at work, trained or evaluated.
std::size_t network_bytes(const TrainingRun& run, std::size_t shared_bytes) {
  return std::max(training_bytes(run, fits_block(run, shared_bytes)), evaluation_bytes(run));
}

/// What is measured together stays together on the device: at most all networks of a seed that have
/// one shape.
struct Together {
  std::size_t evaluation = 0;
  std::size_t measures = 0;
};
Together bytes_together(std::span<const TrainingRun* const> runs) {
  std::map<std::vector<int>, Together> shapes;
  for (const TrainingRun* run : runs) {
    const std::size_t measures = measure_bytes(*run);
    if (measures == 0) continue;
    shapes[run->shape.sizes].measures += measures;
    shapes[run->shape.sizes].evaluation += evaluation_bytes(*run);
  }
  Together most;
  for (const auto& [sizes, bytes] : shapes) {
    most.measures = std::max(most.measures, bytes.measures);
    most.evaluation = std::max(most.evaluation, bytes.evaluation);
  }
  return most;
}

std::size_t seed_bytes(std::span<const TrainingRun* const> runs) {
  std::set<const Dataset*> datasets;
  for (const TrainingRun* run : runs) {
    datasets.insert(run->train.get());
    for (const EvaluationSet& set : run->evaluation_sets) datasets.insert(set.data.get());
  }
  std::size_t bytes = 0;
  for (const Dataset* data : datasets) bytes += dataset_bytes(*data);
  return bytes;
}

class CudaBackend final : public Backend {
 public:
  CudaBackend(int ordinal, const Backend& processor) : ordinal_(ordinal), watch_(processor) {}

  std::string name() const override { return "cuda:" + std::to_string(ordinal_); }
  std::string device() const override { return device_facts(ordinal_).describe(); }

  std::string device_identity() const override {
    const DeviceFacts facts = device_facts(ordinal_);
    return facts.name + ", " + facts.uuid + ", driver " + std::to_string(facts.driver_version);
  }

  std::string device_uuid() const override { return device_facts(ordinal_).uuid; }

  double measured_peak() const override {
    const std::shared_ptr<const Device> device = shared_device(ordinal_);
    device->use();
    return measure_fma_peak(*device);
  }

  std::unique_ptr<DeviceYardsticks> yardsticks() const override {
    const std::shared_ptr<const Device> device = shared_device(ordinal_);
    device->use();
    return std::make_unique<CudaYardsticks>(device, usable_bytes(device->free_bytes()));
  }

  std::string unavailable_reason() const override try {
    require_usable(device_facts(ordinal_));
    return {};
  } catch (const DeviceError& error) {
    return error.what();
  }

  std::unique_ptr<Executor> make_executor() const override {
    const std::shared_ptr<const Device> device = shared_device(ordinal_);
    device->use();
    const std::size_t usable = usable_bytes(device->free_bytes());
    watch_.expect_audit();
    const std::size_t reserve = evaluation_reserve(usable);
    return std::make_unique<CudaExecutor>(
        device, watch_, parameter_pool(usable),
        ExecutorOptions{options.launch_seconds, reserve, reserve, options.replay_share,
                        options.seconds_suspended});
  }

  // Of the host: staged parameters and results.
  std::size_t executor_bytes(const TrainingRun& run) const override {
    return evaluation_bytes(run);
  }

  bool gives_measures(const TrainingRun& run, const EvaluationSet& set) const override {
    return is_measured(run, set);
  }

  bool gives_scores() const override { return true; }

  const MatrixOps& matrix_ops() const override { return watch_.processor().matrix_ops(); }

  DeviceHealth health() const override { return watch_.health(); }
  std::uint64_t copied_bytes() const override { return cuda::copied_bytes; }

  DevicePlan plan_device(std::span<const TrainingRun* const> runs, std::size_t seeds,
                         int executors) const override;

 private:
  std::shared_ptr<ParameterPool> parameter_pool(std::size_t usable) const {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<ParameterPool> pool = parameters_.lock();
    if (pool == nullptr) {
      pool = std::make_shared<ParameterPool>(at_rest_.value_or(resting_reserve(usable)));
      parameters_ = pool;
    }
    return pool;
  }

  const int ordinal_;
  mutable HardwareWatch watch_;
  mutable std::mutex mutex_;
  mutable std::optional<std::size_t> at_rest_;       ///< bytes, as planned
  mutable std::weak_ptr<ParameterPool> parameters_;  ///< while somebody holds it
};

DevicePlan CudaBackend::plan_device(std::span<const TrainingRun* const> runs, std::size_t seeds,
                                    int executors) const {
  const std::shared_ptr<const Device> device = shared_device(ordinal_);
  device->use();
  DevicePlan plan;
  plan.free_bytes = device->free_bytes();
  plan.usable_bytes = usable_bytes(plan.free_bytes);
  const auto parts = static_cast<std::size_t>(executors);
  std::size_t each = plan.usable_bytes / parts;
  std::size_t network = 0;
  for (const TrainingRun* run : runs) {
    network = std::max(network, network_bytes(*run, device->facts().shared_bytes));
  }
  const std::size_t seed = seed_bytes(runs);
  const std::size_t control = std::size_t{1} << 20;
  const Together together = bytes_together(runs);
  const std::size_t reserve = evaluation_reserve(plan.usable_bytes);
  // Replays and an audit take places, too; chance may choose more networks than their share.
  const auto copies = [&](std::size_t networks) {
    const auto replays =
        static_cast<std::size_t>(static_cast<double>(networks) * 3 * options.replay_share);
    return networks + std::min(networks, replays + 1) + 1;
  };
  const auto needed = [&](std::size_t networks) {
    const std::size_t open_seeds = std::min(seeds, networks / runs.size() + 2);
    return std::max(copies(networks) * network + reserve, together.evaluation) + open_seeds * seed +
           control + std::max(reserve, together.measures);
  };
  if (needed(1) > each) {
    const bool limited = options.memory_limit != 0 && plan.usable_bytes == options.memory_limit;
    throw DeviceError(
        DeviceStatus::out_of_memory,
        "not enough device memory: one network of the work unit " +
            (parts > 1 ? "on each of " + std::to_string(parts) + " threads needs "
                       : std::string("needs ")) +
            megabytes(needed(1) * parts + megabyte - 1) + ", " + megabytes(plan.usable_bytes) +
            " of the free " + megabytes(plan.free_bytes) + " on " + device->facts().name +
            " may be used; " +
            (limited ? "raise --device-memory, " : "close other programs that use it, ") +
            (parts > 1 ? "use fewer --threads, each of which needs its own, " : "") +
            "or take --backend auto");
  }
  // What rests only spares copies: it has to leave room for a network that works.
  std::size_t at_rest = resting_reserve(plan.usable_bytes);
  if (needed(1) > (plan.usable_bytes - at_rest) / parts) at_rest = 0;
  each = (plan.usable_bytes - at_rest) / parts;
  {
    const std::lock_guard lock(mutex_);
    at_rest_ = at_rest;
  }
  // More than a few times what the device holds at once only makes its caches colder.
  const auto most = std::min<std::size_t>(
      runs.size() * seeds, static_cast<std::size_t>(device->facts().multiprocessors) * 16);
  std::size_t low = 1;
  for (std::size_t high = most; low < high;) {
    const std::size_t middle = low + (high - low + 1) / 2;
    if (needed(middle) <= each) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  plan.networks_at_once = low;
  plan.planned_bytes = parts * needed(low) + at_rest;
  return plan;
}

}  // namespace
}  // namespace cuda

const Backend& cuda_backend(int ordinal, const Backend& processor) {
  static std::mutex mutex;
  static std::map<int, std::unique_ptr<const Backend>> backends;
  const std::lock_guard lock(mutex);
  std::unique_ptr<const Backend>& backend = backends[ordinal];
  if (backend == nullptr) backend = std::make_unique<cuda::CudaBackend>(ordinal, processor);
  return *backend;
}

std::vector<const Backend*> cuda_backends(const Backend& processor) {
  int count = 1;
  try {
    count = std::max(1, cuda::device_count());
  } catch (const DeviceError&) {
    // The one backend says why.
  }
  std::vector<const Backend*> backends;
  for (int i = 0; i < count; ++i) backends.push_back(&cuda_backend(i, processor));
  return backends;
}

void require_cuda_device(int ordinal) try {
  cuda::require_usable(cuda::device_facts(ordinal));
} catch (const DeviceError& error) {
  throw DeviceError(error.status(), "backend cuda:" + std::to_string(ordinal) +
                                        " cannot run on this host: " + error.what());
}

void set_cuda_options(const CudaOptions& chosen) { cuda::options = chosen; }

}  // namespace axiom
