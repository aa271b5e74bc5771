#include "client/benchmark/benchmark.h"

#include <algorithm>
#include <deque>
#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "client/benchmark/bandwidth.h"
#include "client/benchmark/experiment_estimate.h"
#include "client/benchmark/figures.h"
#include "client/benchmark/trainee.h"
#include "client/benchmark/training_case.h"
#include "client/benchmark/yardsticks.h"
#include "client/plan/device_error.h"
#include "client/system/clock.h"

namespace axiom {
namespace {

constexpr int least_rounds = 5;
constexpr int most_rounds = 25;
// Of the whole time, when the rounds beyond the fifth end; the rest is for the experiments.
constexpr double rounds_share = 0.5;

struct Stopped {};

// A training case on one backend.
struct Cell {
  std::unique_ptr<Trainee> trainee;
  std::uint64_t steps = 1;    // of a sample
  double sample_seconds = 0;  // that a sample takes, roughly, checked steps included
  std::string final_digest;   // after the steps of a sample
  std::vector<double> rates;
  std::vector<double> peaks;
  std::vector<double> shares;
  std::vector<double> all_threads;
};

struct Subject {
  const Backend* backend = nullptr;
  bool doubted = false;  // its own watch found it wrong, not a digest
  std::unique_ptr<Executor> executor;
  std::deque<Cell> cells;
  BackendReport report;
};

class Benchmark {
 public:
  Benchmark(std::span<const Backend* const> backends, const Backend& reference,
            const BenchmarkOptions& options)
      : reference_(reference), options_(options), cases_(training_cases(options.widths)) {
    for (const Backend* backend : backends) {
      Subject& subject = subjects_.emplace_back();
      subject.backend = backend;
      subject.report.name = backend->name();
      subject.report.unavailable = backend->unavailable_reason();
    }
  }

  BenchmarkReport run() {
    report_.threads = options_.threads;
    measure_memory();
    compute_expected_digests();
    for (Subject& subject : subjects_) guarded(subject, [&] { prepare(subject); });
    for (int round = 0; round < most_rounds; ++round) measure_round(round);
    measure_all_threads();
    for (Subject& subject : subjects_) summarize_steps(subject);
    estimate_experiments();
    for (Subject& subject : subjects_) compare_with_yardsticks(subject);
    acquit_devices();
    for (Subject& subject : subjects_) {
      if (subject.report.usable()) subject.report.speed = geometric_mean(subject.report);
      report_.backends.push_back(std::move(subject.report));
    }
    report_.noise = noise(report_.backends);
    report_.fastest = fastest_backend(report_.backends);
    report_.seconds = elapsed();
    return std::move(report_);
  }

 private:
  double elapsed() const { return monotonic_seconds() - started_; }

  void go_on() const {
    if (options_.stop_signal() != 0) throw Stopped{};
  }

  // A backend that fails is no longer measured; the others are.
  template <class Action>
  void guarded(Subject& subject, Action action) {
    if (!subject.report.usable()) return;
    try {
      action();
    } catch (const DeviceError& error) {
      subject.doubted = error.status() == DeviceStatus::wrong_results;
      if (subject.doubted) {
        subject.report.broken = error.what();
      } else {
        subject.report.unavailable = std::string("failed while it was measured: ") + error.what();
      }
    } catch (const std::exception& error) {
      subject.report.unavailable = std::string("failed while it was measured: ") + error.what();
    }
  }

  void measure_memory() {
    options_.note("memory bandwidth");
    report_.array_bytes = options_.array_bytes;
    report_.bandwidth = measure_bandwidth(options_.array_bytes, 1, least_rounds + 2);
    report_.bandwidth_all_threads =
        options_.threads == 1
            ? report_.bandwidth
            : measure_bandwidth(options_.array_bytes, options_.threads, least_rounds + 2);
  }

  void compute_expected_digests() {
    options_.note("the reference's digests");
    const std::unique_ptr<Executor> executor = reference_.make_executor();
    for (const TrainingCase& c : cases_) {
      go_on();
      Trainee trainee(reference_, *executor, c.run);
      reference_seconds_.push_back(trainee.train(c.checked_steps) /
                                   static_cast<double>(c.checked_steps));
      expected_.push_back(trainee.digest());
    }
  }

  bool is_reference(const Subject& subject) const { return subject.backend == &reference_; }

  void prepare(Subject& subject) {
    options_.note(subject.report.name + ": digests");
    subject.report.identity = subject.backend->device_identity();
    subject.executor = subject.backend->make_executor();
    for (std::size_t i = 0; i < cases_.size(); ++i) {
      go_on();
      Cell& cell = subject.cells.emplace_back();
      cell.trainee = std::make_unique<Trainee>(*subject.backend, *subject.executor, cases_[i].run);
      double step_seconds = reference_seconds_[i];
      if (!is_reference(subject)) {
        check(subject, i);
        step_seconds = cell.trainee->train(cases_[i].checked_steps) /
                       static_cast<double>(cases_[i].checked_steps);
      }
      const double wanted = options_.sample_seconds / step_seconds;
      cell.steps = static_cast<std::uint64_t>(std::clamp(wanted, 1.0, 1e9));
      const auto checked = is_reference(subject) ? 0 : cases_[i].checked_steps;
      cell.sample_seconds = step_seconds * static_cast<double>(cell.steps + checked);
    }
  }

  // Trains from the beginning and compares with the reference.
  void check(Subject& subject, std::size_t i) {
    Trainee& trainee = *subject.cells[i].trainee;
    trainee.restart();
    trainee.train(cases_[i].checked_steps);
    const std::string digest = trainee.digest();
    if (digest != expected_[i]) found_broken(subject, i, digest, expected_[i], "the reference");
  }

  static std::string title(const TrainingCase& c) {
    return "width " + std::to_string(c.width) +
           (c.run.batch == 0 ? ", full batch" : ", batch " + std::to_string(c.run.batch));
  }

  void found_broken(Subject& subject, std::size_t i, const std::string& digest,
                    const std::string& expected, const std::string& of) {
    if (!subject.report.broken.empty()) return;
    subject.report.broken = title(cases_[i]) + ": parameters " + digest.substr(0, 12) +
                            " differ from " + of + "'s " + expected.substr(0, 12);
    broken_digests_.push_back({&subject, i, digest});
  }

  void measure_round(int round) {
    if (round >= least_rounds && elapsed() > rounds_share * options_.seconds) return;
    if (round < least_rounds) {
      options_.note("training steps, round " + std::to_string(round + 1));
    }
    for (std::size_t i = 0; i < cases_.size(); ++i) {
      for (Subject& subject : subjects_) {
        go_on();
        if (round > 0 && elapsed() > options_.seconds) return;
        guarded(subject, [&] {
          // More than the least number of runs only where that is cheap.
          const bool slow = subject.cells[i].sample_seconds > 5 * options_.sample_seconds;
          if (round < least_rounds || !slow) take_sample(subject, i);
        });
      }
    }
  }

  void take_sample(Subject& subject, std::size_t i) {
    Cell& cell = subject.cells[i];
    if (is_reference(subject)) {
      cell.trainee->restart();
    } else {
      check(subject, i);
    }
    const double peak_before = subject.backend->measured_peak();
    const double rate_seconds = cell.trainee->train(cell.steps);
    const double rate = cell.trainee->flops() / rate_seconds;
    const double peak = std::max(peak_before, subject.backend->measured_peak());
    const std::string digest = cell.trainee->digest();
    if (cell.final_digest.empty()) cell.final_digest = digest;
    if (digest != cell.final_digest) {
      found_broken(subject, i, digest, cell.final_digest, "its own first run");
    }
    cell.rates.push_back(rate);
    if (peak > 0) {
      cell.peaks.push_back(peak);
      cell.shares.push_back(rate / peak);
    }
  }

  // A device is kept busy by one thread.
  void measure_all_threads() {
    options_.note("training steps, all threads");
    for (int round = 0; round < least_rounds; ++round) {
      for (std::size_t i = 0; i < cases_.size(); ++i) {
        for (Subject& subject : subjects_) {
          const bool one = options_.threads == 1 || !subject.report.identity.empty();
          if (one || cases_[i].run.batch == 0) continue;
          go_on();
          if (round > 0 && elapsed() > options_.seconds) return;
          guarded(subject, [&] {
            Cell& cell = subject.cells[i];
            cell.all_threads.push_back(
                rate_of_threads(*subject.backend, cases_[i].run, cell.steps, options_.threads));
          });
        }
      }
    }
  }

  void summarize_steps(Subject& subject) {
    for (std::size_t i = 0; i < subject.cells.size(); ++i) {
      Cell& cell = subject.cells[i];
      if (cell.rates.empty()) continue;
      StepReport& step = subject.report.steps.emplace_back();
      step.width = cases_[i].width;
      step.batch = cases_[i].run.batch;
      step.samples = cases_[i].run.samples;
      step.networks = static_cast<int>(cell.trainee->copies());
      step.rate = statistic(cell.rates);
      step.peak = statistic(cell.peaks);
      step.share = statistic(cell.shares).median;
      step.rate_all_threads = statistic(cell.all_threads);
      step.expected_digest = expected_[i];
      step.digest = expected_[i];
      for (const BrokenDigest& broken : broken_digests_) {
        if (broken.subject == &subject && broken.case_index == i) step.digest = broken.digest;
      }
    }
  }

  // Experiment by experiment, so that a drift meets all backends alike. What one does not use of
  // the time is there for the next.
  void estimate_experiments() {
    auto left = static_cast<double>(options_.experiments.size());
    for (const Experiment* experiment : options_.experiments) {
      options_.note("experiment " + std::string(experiment->name()));
      for (Subject& subject : subjects_) {
        go_on();
        guarded(subject, [&] {
          EstimateOptions options;
          options.rate = [&](const TrainingRun& run) { return nearest_rate(subject.report, run); };
          options.sample_seconds = options_.sample_seconds / 2;
          options.allowed_seconds = (options_.seconds - elapsed()) / left / 2;
          ExperimentReport report =
              estimate_experiment(*experiment, *subject.backend, *subject.executor, options);
          report.seeds_per_hour_all_threads = report.seeds_per_hour * gain_of_threads(subject);
          subject.report.experiments.push_back(std::move(report));
        });
      }
      --left;
    }
  }

  // The watch of a device compares it with the first processor backend. If that is broken itself,
  // it cannot judge.
  void acquit_devices() {
    const auto processor = std::find_if(subjects_.begin(), subjects_.end(), [](const Subject& s) {
      return s.report.identity.empty() && s.backend->unavailable_reason().empty();
    });
    if (processor == subjects_.end() || processor->report.broken.empty()) return;
    for (Subject& subject : subjects_) {
      if (!subject.doubted) continue;
      subject.report.unavailable =
          "checked by " + processor->report.name + ", which is broken: " + subject.report.broken;
      subject.report.broken.clear();
    }
  }

  // At the end: a library that is not ours cannot disturb what was measured before.
  void compare_with_yardsticks(Subject& subject) {
    if (subject.report.identity.empty()) return;
    guarded(subject, [&] {
      options_.note(subject.report.name + ": memory bandwidth, matrix products of cuBLAS");
      subject.cells.clear();
      subject.executor.reset();  // its memory is needed
      YardstickOptions options;
      options.time_is_up = [this] { return elapsed() > options_.seconds; };
      options.between = [this] { go_on(); };
      measure_yardsticks(*subject.backend, subject.report, options);
    });
  }

  // How many times as much all threads do as one.
  double gain_of_threads(const Subject& subject) const {
    std::vector<double> gains;
    for (const StepReport& step : subject.report.steps) {
      if (step.rate_all_threads.runs == 0) continue;
      gains.push_back(step.rate_all_threads.highest / step.rate.highest);
    }
    return gains.empty() ? 1
                         : std::min<double>(options_.threads, statistic(std::move(gains)).median);
  }

  struct BrokenDigest {
    const Subject* subject;
    std::size_t case_index;
    std::string digest;
  };

  const double started_ = monotonic_seconds();
  const Backend& reference_;
  const BenchmarkOptions& options_;
  const std::vector<TrainingCase> cases_;
  std::vector<std::string> expected_;      // by case
  std::vector<double> reference_seconds_;  // by case: of one step
  std::vector<BrokenDigest> broken_digests_;
  std::deque<Subject> subjects_;
  BenchmarkReport report_;
};

}  // namespace

std::optional<BenchmarkReport> run_benchmark(std::span<const Backend* const> backends,
                                             const Backend& reference,
                                             const BenchmarkOptions& options) {
  try {
    return Benchmark(backends, reference, options).run();
  } catch (const Stopped&) {
    return std::nullopt;
  }
}

}  // namespace axiom
