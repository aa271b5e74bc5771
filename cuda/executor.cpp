#include "cuda/executor.h"

#include <algorithm>
#include <map>
#include <utility>

#include "client/plan/step.h"
#include "cuda/kernels/team_layout.h"
#include "cuda/packing.h"

namespace axiom::cuda {
namespace {

/// Hands out consecutive pieces of an arena; with base 0 it only counts.
class Pieces {
 public:
  explicit Pieces(DevicePointer base) : base_(base) {}
  DevicePointer take(std::size_t bytes) {
    const DevicePointer at = base_ + used_;
    used_ += rounded_up(bytes);
    return at;
  }
  std::size_t used() const { return used_; }

 private:
  DevicePointer base_;
  std::size_t used_ = 0;
};

std::size_t parameter_floats(const TrainingRun& run) {
  return rounded_up(static_cast<std::size_t>(network_of(run.shape).parameters()) * sizeof(float)) /
         sizeof(float);
}

/// Networks whose blocks are alike enough to be launched together.
using GroupKey = std::pair<int, int>;  // threads, resident blocks; 0 threads: teams

}  // namespace

CudaExecutor::CudaExecutor(std::shared_ptr<const Device> device, ExecutorOptions options)
    : device_((device->use(), std::move(device))), options_(options) {}

void CudaExecutor::train(const TrainingRun& run, RunState& state, std::uint64_t until,
                         const std::atomic<bool>& pause, std::atomic<std::uint64_t>& progress) {
  const TrainingTask task{&run, &state, until, &progress};
  train_all(std::span(&task, 1), pause);
}

std::vector<LaunchGroup> CudaExecutor::group(std::span<const TrainingTask> tasks) {
  std::vector<std::size_t> order(tasks.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  // The longest first, so that the short ones fill up the end.
  const auto remaining = [&](std::size_t i) {
    return tasks[i].run->flops(tasks[i].until) - tasks[i].run->flops(tasks[i].state->step);
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return remaining(a) > remaining(b); });
  std::map<GroupKey, LaunchGroup> groups;
  for (const std::size_t i : order) {
    const TrainingRun& run = *tasks[i].run;
    LaunchShape shape;
    GroupKey key{0, 0};
    if (fits_block(run, device_->facts().shared_bytes)) {
      shape = {&device_->train_block(), block_threads(run), block_shared_bytes(run)};
      shape.resident = device_->resident_blocks(*shape.kernel, shape.threads, shape.shared_bytes);
      key = {shape.threads, shape.resident};
    } else {
      shape = {&device_->team(), team_threads, team_shared_bytes, true};
      shape.resident = device_->resident_blocks(*shape.kernel, shape.threads, shape.shared_bytes);
    }
    LaunchGroup& group = groups[key];
    shape.shared_bytes = std::max(shape.shared_bytes, group.shape.shared_bytes);
    group.shape = shape;
    group.jobs.push_back(training_job(run, tasks[i].state->step, tasks[i].until));
    group.tasks.push_back(i);
  }
  std::vector<LaunchGroup> list;
  for (auto& [key, group] : groups) list.push_back(std::move(group));
  return list;
}

void CudaExecutor::train_all(std::span<const TrainingTask> tasks, const std::atomic<bool>& pause) {
  device_->use();
  datasets_.drop_unused();
  std::vector<LaunchGroup> groups = group(tasks);
  std::vector<std::size_t> first(tasks.size() + 1, 0);  // of each task's parameters, in floats
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    first[i + 1] = first[i] + parameter_floats(*tasks[i].run);
  }
  staging_.resize(first.back());
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    pack_parameters(tasks[i].run->shape, tasks[i].state->parameters, staging_.data() + first[i]);
  }

  DevicePointer parameters = 0;
  const auto lay_out = [&](DevicePointer base) {
    Pieces pieces(base);
    parameters = pieces.take(first.back() * sizeof(float));
    for (LaunchGroup& group : groups) {
      group.control = pieces.take(control_bytes(group.shape));
      group.jobs_on_device = pieces.take(group.jobs.size() * sizeof(TrainingJob));
      for (std::size_t j = 0; j < group.jobs.size(); ++j) {
        TrainingJob& job = group.jobs[j];
        job.parameters = {parameters + first[group.tasks[j]] * sizeof(float)};
        if (!group.shape.in_teams) continue;
        const TeamLayout layout(job.network, job.batch, job.shuffled != 0);
        job.workspace = {pieces.take(static_cast<std::size_t>(layout.floats) * sizeof(float))};
        if (job.shuffled != 0) {
          job.order = {pieces.take(static_cast<std::size_t>(job.samples) * sizeof(std::int32_t))};
        }
      }
    }
    return pieces.used();
  };
  arena_.reserve(lay_out(0));
  lay_out(arena_.address());
  while (group_streams_.size() < groups.size()) {
    group_streams_.push_back(std::make_unique<Stream>());
  }
  stream_.upload(parameters, staging_.data(), first.back() * sizeof(float));
  for (LaunchGroup& group : groups) {
    for (std::size_t j = 0; j < group.jobs.size(); ++j) {
      const auto data = datasets_.find_or_upload(tasks[group.tasks[j]].run->train, stream_);
      group.jobs[j].inputs = data.inputs;
      group.jobs[j].labels = data.labels;
    }
  }
  stream_.wait();

  std::vector<std::uint64_t> step(tasks.size());
  for (std::size_t i = 0; i < tasks.size(); ++i) step[i] = tasks[i].state->step;
  std::size_t arrived = 0;
  for (const TrainingTask& task : tasks) arrived += task.state->step >= task.until ? 1 : 0;
  const auto give_back = [&] { return 4 * arrived >= tasks.size() && arrived > 0; };
  while (arrived < tasks.size()) {
    for (std::size_t g = 0; g < groups.size(); ++g) {
      LaunchGroup& group = groups[g];
      if (group.jobs.empty()) continue;
      Stream& stream = *group_streams_[g];
      stream.upload(group.jobs_on_device, group.jobs.data(),
                    group.jobs.size() * sizeof(TrainingJob));
      launch(*device_, group.shape, group.jobs_on_device, group.jobs.size(), group.control,
             options_.launch_seconds, stream);
    }
    for (std::size_t g = 0; g < groups.size(); ++g) {
      LaunchGroup& group = groups[g];
      if (group.jobs.empty()) continue;
      Stream& stream = *group_streams_[g];
      stream.download(group.jobs.data(), group.jobs_on_device,
                      group.jobs.size() * sizeof(TrainingJob));
      stream.wait();
      std::size_t kept = 0;
      for (std::size_t j = 0; j < group.jobs.size(); ++j) {
        const std::size_t i = group.tasks[j];
        tasks[i].progress->fetch_add(group.jobs[j].step - step[i], std::memory_order_relaxed);
        step[i] = group.jobs[j].step;
        if (step[i] >= tasks[i].until) {
          ++arrived;
          continue;
        }
        group.jobs[kept] = group.jobs[j];
        group.tasks[kept++] = i;
      }
      group.jobs.resize(kept);
      group.tasks.resize(kept);
    }
    if (pause.load(std::memory_order_relaxed) || give_back()) break;
  }
  stream_.download(staging_.data(), parameters, first.back() * sizeof(float));
  stream_.wait();
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    unpack_parameters(tasks[i].run->shape, staging_.data() + first[i], tasks[i].state->parameters);
    tasks[i].state->step = step[i];
  }
}

}  // namespace axiom::cuda
