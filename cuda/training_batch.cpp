#include "cuda/training_batch.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <utility>

#include "client/plan/step.h"
#include "cuda/kernels/team_layout.h"
#include "cuda/packing.h"

namespace axiom::cuda {
namespace {

/// Operations of an audit: a small fraction of a second of one processor core.
constexpr double audit_flops = 5e8;

}  // namespace

TrainingBatch::TrainingBatch(const Device& device, ExecutorMemory& memory, HardwareWatch& watch,
                             double replay_share, std::span<const TrainingTask> tasks)
    : device_(device),
      memory_(memory),
      watch_(watch),
      tasks_(tasks),
      device_memory_(memory.parameters->memory()) {
  choose_copies(watch, replay_share);
  choose_places();
  make_groups();
  upload();
}

void TrainingBatch::choose_copies(HardwareWatch& watch, double replay_share) {
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    copies_.push_back({i, tasks_[i].state->step, tasks_[i].until});
    arrived_ += tasks_[i].state->step >= tasks_[i].until ? 1 : 0;
  }
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    if (watch.is_sampled(*tasks_[i].run, tasks_[i].state->step, replay_share)) {
      copies_.push_back(copies_[i]);
    }
  }
  replays_end_ = copies_.size();
  // The network whose steps cost least, for as many steps as an audit may cost.
  if (replay_share <= 0 || tasks_.empty() || !watch.audit_is_due()) return;
  const auto cost = [](const TrainingTask& task) { return task.run->flops(1); };
  const auto cheapest = std::min_element(
      tasks_.begin(), tasks_.end(),
      [&](const TrainingTask& a, const TrainingTask& b) { return cost(a) < cost(b); });
  const auto steps = static_cast<std::uint64_t>(audit_flops / cost(*cheapest)) + 1;
  const std::uint64_t from = cheapest->state->step;
  copies_.push_back({static_cast<std::size_t>(cheapest - tasks_.begin()), from,
                     std::min(cheapest->until, from + steps)});
}

// Only the first of several copies of a network goes on from what is on the device: the others
// begin with what the host has, so that a copy that went bad at rest shows.
void TrainingBatch::choose_places() {
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    RunState& state = *tasks_[i].state;
    copies_[i].resident = memory_.parameters->find(state);
    // Until commit(): should this batch fail, nobody finds what it has left half-way.
    state.device_copy = nullptr;
    if (copies_[i].resident == nullptr) {
      copies_[i].resident = memory_.parameters->take(parameter_bytes(tasks_[i].run->shape));
    }
  }
}

void TrainingBatch::make_groups() {
  std::vector<std::size_t> order(copies_.size());
  for (std::size_t c = 0; c < order.size(); ++c) order[c] = c;
  // The longest first, so that the short ones fill up the end.
  const auto remaining = [&](std::size_t c) {
    const TrainingRun& run = *tasks_[copies_[c].task].run;
    return run.flops(copies_[c].until) - run.flops(copies_[c].step);
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return remaining(a) > remaining(b); });
  // Together: networks whose blocks are alike. Threads, resident blocks; 0 threads: teams.
  std::map<std::pair<int, int>, LaunchGroup> groups;
  for (const std::size_t c : order) {
    const TrainingRun& run = *tasks_[copies_[c].task].run;
    const bool in_block = fits_block(run, device_.facts().shared_bytes);
    LaunchShape shape;
    if (in_block) {
      shape = {&device_.train_block(), block_threads(run), block_shared_bytes(run)};
    } else {
      shape = {&device_.team(), team_threads, team_shared_bytes, true};
    }
    shape.piece_flops = run.flops(1);
    shape.resident = device_.resident_blocks(*shape.kernel, shape.threads, shape.shared_bytes);
    LaunchGroup& group = groups[{in_block ? shape.threads : 0, shape.resident}];
    shape.shared_bytes = std::max(shape.shared_bytes, group.shape.shared_bytes);
    shape.piece_flops = std::max(shape.piece_flops, group.shape.piece_flops);
    group.shape = shape;
    group.jobs.push_back(training_job(run, copies_[c].step, copies_[c].until));
    group.copies.push_back(c);
  }
  for (auto& [key, group] : groups) groups_.push_back(std::move(group));
}

// Addresses of everything, from `base` on; the bytes in all.
std::size_t TrainingBatch::lay_out(DevicePointer base) {
  DevicePointer at = base;
  const auto take = [&](std::size_t bytes) { return std::exchange(at, at + rounded_up(bytes)); };
  for (Copy& copy : copies_) {
    copy.parameters = copy.resident != nullptr
                          ? copy.resident->place().address
                          : take(parameter_bytes(tasks_[copy.task].run->shape));
  }
  for (LaunchGroup& group : groups_) {
    group.control = take(control_bytes(group.shape));
    group.jobs_on_device = take(group.jobs.size() * sizeof(TrainingJob));
    for (std::size_t j = 0; j < group.jobs.size(); ++j) {
      TrainingJob& job = group.jobs[j];
      job.parameters = {copies_[group.copies[j]].parameters};
      if (!group.shape.in_teams) continue;
      const TeamLayout layout(job.network, job.batch, job.shuffled != 0);
      job.workspace = {take(static_cast<std::size_t>(layout.floats) * sizeof(float))};
      if (job.shuffled != 0) {
        job.order = {take(static_cast<std::size_t>(job.samples) * sizeof(std::int32_t))};
      }
    }
  }
  return static_cast<std::size_t>(at - base);
}

// Where the parameters lie in the host's memory on their way.
void TrainingBatch::stage() {
  std::vector<Piece> pieces;
  for (const Copy& copy : copies_) {
    const DevicePointer block =
        copy.resident != nullptr ? copy.resident->place().block : memory_.arena.address();
    pieces.push_back({copy.parameters, block, parameter_bytes(tasks_[copy.task].run->shape)});
  }
  transfers_ = merge_transfers(pieces);
  for (std::size_t c = 0; c < copies_.size(); ++c) {
    copies_[c].first = pieces[c].place / sizeof(float);
  }
  if (!transfers_.empty()) {
    memory_.staging.reserve((transfers_.back().place + transfers_.back().bytes) / sizeof(float));
  }
}

void TrainingBatch::upload() {
  memory_.arena.reserve(lay_out(0));
  lay_out(memory_.arena.address());
  stage();
  for (const Copy& copy : copies_) {
    const TrainingTask& task = tasks_[copy.task];
    const bool there = copy.resident != nullptr && copy.resident->holds(copy.step);
    if (copy.resident != nullptr) copy.resident->hold_nothing();
    if (there) continue;
    float* const staged = memory_.staging.data() + copy.first;
    pack_parameters(task.run->shape, task.state->parameters, staged);
    memory_.stream.upload(copy.parameters, staged, parameter_bytes(task.run->shape));
  }
  for (LaunchGroup& group : groups_) {
    for (std::size_t j = 0; j < group.jobs.size(); ++j) {
      const TrainingRun& run = *tasks_[copies_[group.copies[j]].task].run;
      const auto data = memory_.datasets.find_or_upload(run.train, memory_.stream);
      group.jobs[j].inputs = data.inputs;
      group.jobs[j].labels = data.labels;
    }
  }
  memory_.stream.wait();
  while (memory_.launch_streams.size() < groups_.size()) {
    memory_.launch_streams.push_back(std::make_unique<Stream>());
  }
}

void TrainingBatch::train(double launch_seconds, const std::atomic<bool>& pause) {
  while (arrived_ < tasks_.size()) {
    launch_all(launch_seconds);
    if (pause.load(std::memory_order_relaxed) || 4 * arrived_ >= tasks_.size()) break;
  }
}

bool TrainingBatch::all_arrived() const {
  return std::all_of(copies_.begin(), copies_.end(),
                     [](const Copy& copy) { return copy.step >= copy.until; });
}

// One launch of every group that has steps to do.
void TrainingBatch::launch_all(double launch_seconds) {
  std::vector<std::vector<TrainingJob>> jobs(groups_.size());
  std::vector<std::vector<std::size_t>> copies(groups_.size());
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    LaunchGroup& group = groups_[g];
    for (std::size_t j = 0; j < group.jobs.size(); ++j) {
      const Copy& copy = copies_[group.copies[j]];
      if (copy.step >= copy.until) continue;
      group.jobs[j].step = copy.step;
      group.jobs[j].until = copy.until;
      jobs[g].push_back(group.jobs[j]);
      copies[g].push_back(group.copies[j]);
    }
    if (jobs[g].empty()) continue;
    Stream& stream = *memory_.launch_streams[g];
    stream.upload(group.jobs_on_device, jobs[g].data(), jobs[g].size() * sizeof(TrainingJob));
    launch(device_, group.shape, group.jobs_on_device, jobs[g].size(), group.control,
           launch_seconds, stream);
  }
  bool advanced = false;
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    if (jobs[g].empty()) continue;
    Stream& stream = *memory_.launch_streams[g];
    stream.read_back(jobs[g].data(), groups_[g].jobs_on_device,
                     jobs[g].size() * sizeof(TrainingJob));
    for (std::size_t j = 0; j < jobs[g].size(); ++j) {
      const std::uint64_t before = copies_[copies[g][j]].step;
      advance(copies[g][j], jobs[g][j].step);
      advanced |= copies_[copies[g][j]].step > before;
    }
  }
  guard_.launched(advanced);
}

void TrainingBatch::advance(std::size_t copy_index, std::uint64_t step) {
  Copy& copy = copies_[copy_index];
  // The device's word is not taken for more than it can be.
  step = std::clamp(step, copy.step, copy.until);
  if (copy_index < tasks_.size()) {
    tasks_[copy.task].progress->fetch_add(step - copy.step, std::memory_order_relaxed);
    if (copy.step < copy.until && step >= copy.until) ++arrived_;
  }
  copy.step = step;
}

bool TrainingBatch::verified(double launch_seconds, std::string& what) {
  // Both of a pair go on to where the faster one is.
  for (std::size_t c = tasks_.size(); c < replays_end_; ++c) {
    Copy& first = copies_[copies_[c].task];
    first.until = copies_[c].until = std::max(first.step, copies_[c].step);
  }
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    const bool replayed = std::any_of(copies_.begin() + static_cast<std::ptrdiff_t>(tasks_.size()),
                                      copies_.begin() + static_cast<std::ptrdiff_t>(replays_end_),
                                      [&](const Copy& copy) { return copy.task == i; });
    if (!replayed) copies_[i].until = copies_[i].step;
  }
  while (!all_arrived()) launch_all(launch_seconds);
  for (const Transfer& transfer : transfers_) {
    memory_.stream.download(memory_.staging.data() + transfer.place / sizeof(float),
                            transfer.address, transfer.bytes);
  }
  memory_.stream.wait();
  for (std::size_t c = tasks_.size(); c < replays_end_; ++c) {
    const Copy& first = copies_[copies_[c].task];
    watch_.count_replayed(first.step - tasks_[first.task].state->step);
    const auto a = parameters(first);
    const auto b = parameters(copies_[c]);
    if (std::memcmp(a.data(), b.data(), a.size_bytes()) != 0) {
      what = describe(first) + " differ when done twice";
      return false;
    }
  }
  return datasets_intact(what) && audit_agrees(what);
}

// Both of a pair read the same samples: these are compared with those of the host.
bool TrainingBatch::datasets_intact(std::string& what) {
  for (std::size_t c = tasks_.size(); c < copies_.size(); ++c) {
    const TrainingRun& run = *tasks_[copies_[c].task].run;
    if (memory_.datasets.intact(run.train, memory_.stream)) continue;
    what = DatasetCache::changed(run);
    return false;
  }
  return true;
}

bool TrainingBatch::audit_agrees(std::string& what) {
  if (replays_end_ == copies_.size()) return true;
  const Copy& audited = copies_.back();
  const TrainingTask& task = tasks_[audited.task];
  RunState state = *task.state;
  const std::atomic<bool> pause{false};
  std::atomic<std::uint64_t> progress{0};
  watch_.processor().make_executor()->train(*task.run, state, audited.until, pause, progress);
  watch_.count_audited(progress);
  std::vector<float> packed(parameters(audited).begin(), parameters(audited).end());
  std::vector<float> theirs(state.parameters.size());
  unpack_parameters(task.run->shape, packed.data(), theirs);
  // The bits of a NaN differ between processors: what has diverged is not compared further.
  if (!all_finite(theirs) && !all_finite(state.parameters)) return true;
  if (std::memcmp(theirs.data(), state.parameters.data(), theirs.size() * sizeof(float)) == 0) {
    return true;
  }
  what = describe(audited) + " differ from the processor's";
  return false;
}

std::span<const float> TrainingBatch::parameters(const Copy& copy) const {
  const TrainingRun& run = *tasks_[copy.task].run;
  return {memory_.staging.data() + copy.first,
          static_cast<std::size_t>(network_of(run.shape).parameters())};
}

std::string TrainingBatch::describe(const Copy& copy) const {
  const TrainingTask& task = tasks_[copy.task];
  std::string sizes;
  for (const int size : task.run->shape.sizes) {
    sizes += (sizes.empty() ? "" : "-") + std::to_string(size);
  }
  return "steps " + std::to_string(task.state->step) + " to " + std::to_string(copy.step) +
         " of network " + std::to_string(task.run->network) + " (" + sizes + "), seed " +
         std::to_string(task.run->seed);
}

void TrainingBatch::commit() {
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    unpack_parameters(tasks_[i].run->shape, parameters(copies_[i]).data(),
                      tasks_[i].state->parameters);
    tasks_[i].state->step = copies_[i].step;
    if (copies_[i].resident == nullptr) continue;
    const bool finite = all_finite(tasks_[i].state->parameters);  // while still in a cache
    copies_[i].resident->hold(copies_[i].step, finite, device_memory_);
    tasks_[i].state->device_copy = copies_[i].resident;
  }
}

}  // namespace axiom::cuda
