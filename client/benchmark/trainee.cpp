#include "client/benchmark/trainee.h"

#include <algorithm>
#include <barrier>
#include <cstring>
#include <memory>

#include "client/benchmark/thread_group.h"
#include "client/plan/initial_parameters.h"
#include "client/run/floating_point_environment.h"
#include "client/system/clock.h"
#include "client/system/digest.h"

namespace axiom {
namespace {

constexpr std::size_t many_seeds = 1024;  // enough to fill a device

std::string digest_of(const std::vector<float>& parameters) {
  return sha256_hex(
      {reinterpret_cast<const char*>(parameters.data()), parameters.size() * sizeof(float)});
}

}  // namespace

Trainee::Trainee(const Backend& backend, Executor& executor, const TrainingRun& run)
    : executor_(executor), run_(run) {
  const TrainingRun* runs[] = {&run};
  copies_.resize(
      std::max<std::size_t>(1, backend.plan_device(runs, many_seeds, 1).networks_at_once));
  initial_parameters(run, untrained_);
  restart();
}

void Trainee::restart() {
  for (RunState& copy : copies_) copy = {0, false, untrained_};
}

double Trainee::train(std::uint64_t steps) {
  const std::atomic<bool> pause{false};
  std::atomic<std::uint64_t> progress{0};
  const std::uint64_t from = copies_.front().step;
  const double started = monotonic_seconds();
  for (;;) {
    std::vector<TrainingTask> tasks;
    for (RunState& copy : copies_) {
      if (copy.step < from + steps) tasks.push_back({&run_, &copy, from + steps, &progress});
    }
    if (tasks.empty()) break;
    executor_.train_all(tasks, pause);
  }
  const double seconds = monotonic_seconds() - started;
  flops_ = (run_.flops(from + steps) - run_.flops(from)) * static_cast<double>(copies_.size());
  return std::max(seconds, 1e-9);
}

std::string Trainee::digest() const {
  const std::vector<float>& first = copies_.front().parameters;
  for (const RunState& copy : copies_) {
    const std::vector<float>& other = copy.parameters;
    if (std::memcmp(other.data(), first.data(), first.size() * sizeof(float)) != 0) {
      return digest_of(other);
    }
  }
  return digest_of(first);
}

double rate_of_threads(const Backend& backend, const TrainingRun& run, std::uint64_t steps,
                       int threads) {
  const auto count = static_cast<std::size_t>(threads);
  std::vector<double> starts(count);
  std::vector<double> ends(count);
  std::vector<double> flops(count);
  std::barrier all_ready(threads);
  const auto work = [&](std::size_t i) {
    set_floating_point_environment();
    const std::unique_ptr<Executor> executor = backend.make_executor();
    Trainee trainee(backend, *executor, run);
    trainee.train(1);
    all_ready.arrive_and_wait();
    starts[i] = monotonic_seconds();
    trainee.train(steps);
    ends[i] = monotonic_seconds();
    flops[i] = trainee.flops();
  };
  run_on_threads(count, all_ready, work);
  double all_flops = 0;
  for (const double of_one : flops) all_flops += of_one;
  const double seconds =
      *std::max_element(ends.begin(), ends.end()) - *std::min_element(starts.begin(), starts.end());
  return all_flops / std::max(seconds, 1e-9);
}

}  // namespace axiom
