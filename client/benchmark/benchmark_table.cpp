#include <algorithm>
#include <array>
#include <cstdio>

#include "client/benchmark/benchmark_json.h"

namespace axiom {
namespace {

constexpr std::size_t columns = 100;
constexpr double busy = 0.3;  // of the median rate

template <class... Values>
std::string formatted(const char* format, Values... values) {
  std::array<char, 400> text{};
  std::snprintf(text.data(), text.size(), format, values...);
  return text.data();
}

// About three digits, and whole numbers from 100 on.
std::string number(double value) {
  return formatted(value >= 99.95 ? "%.0f" : value >= 9.995 ? "%.1f" : "%.2f", value);
}

std::string percent(double share) { return formatted("%.1f %%", 100 * share); }

std::string cut(std::string line) {
  if (line.size() > columns) line = line.substr(0, columns - 3) + "...";
  return line + "\n";
}

std::string head(const BenchmarkReport& report, const MeasuredHost& host) {
  std::string text = cut("axiom-client " + host.client_version + ", build " + host.build + ", " +
                         host.processor + ", " + number(report.seconds) + " s");
  const Statistic& one = report.bandwidth;
  const Statistic& all = report.bandwidth_all_threads;
  std::string memory = "memory: triad " + number(one.median / 1e9) +
                       " GB/s with one thread (spread " + percent(one.spread) + ")";
  if (report.threads > 1) {
    memory += ", " + number(all.median / 1e9) + " GB/s with " + std::to_string(report.threads) +
              " (spread " + percent(all.spread) + ")";
  }
  return text + cut(memory);
}

std::string step_row(const std::string& name, const StepReport& step) {
  const bool told = step.peak.runs > 0;
  const std::string all =
      step.rate_all_threads.runs > 0 ? number(step.rate_all_threads.median / 1e9) : "";
  return cut(formatted("  %-10s %5d %6s %10s %8s %5d %10s %8s %10s  %s", name.c_str(), step.width,
                       step.batch == 0 ? "full" : std::to_string(step.batch).c_str(),
                       number(step.rate.median / 1e9).c_str(), percent(step.rate.spread).c_str(),
                       step.rate.runs, told ? number(step.peak.median / 1e9).c_str() : "-",
                       told ? percent(step.share).c_str() : "-", all.c_str(),
                       step.digest == step.expected_digest ? "equal" : "BROKEN"));
}

std::string steps(const BenchmarkReport& report) {
  std::string text =
      "\ntraining step, two hidden layers: GFLOP/s of one thread, share of its FMA peak, all "
      "threads\n";
  text += formatted("  %-10s %5s %6s %10s %8s %5s %10s %8s %10s  %s\n", "backend", "width", "batch",
                    "GFLOP/s", "spread", "runs", "peak", "share", "all", "bits");
  for (const BackendReport& backend : report.backends) {
    for (const StepReport& step : backend.steps) text += step_row(backend.name, step);
  }
  return text;
}

std::string gbytes(const Statistic& s) {
  return number(s.median / 1e9) + " GB/s (spread " + percent(s.spread) + ", " +
         std::to_string(s.runs) + " runs)";
}

std::string product_row(const std::string& width, const std::string& batch,
                        const ProductReport& report, const std::string& ours) {
  const MatrixProduct& p = report.product;
  const std::string sizes =
      std::to_string(p.m) + " x " + std::to_string(p.k) + " x " + std::to_string(p.n);
  return cut(formatted("  %5s %6s %18s %8d %10s %8s %5d %8s %10s", width.c_str(), batch.c_str(),
                       sizes.c_str(), p.count, number(report.rate.median / 1e9).c_str(),
                       percent(report.rate.spread).c_str(), report.rate.runs,
                       report.share > 0 ? percent(report.share).c_str() : "-", ours.c_str()));
}

std::string products(const BackendReport& backend) {
  std::string text =
      formatted("  %5s %6s %18s %8s %10s %8s %5s %8s %10s\n", "width", "batch", "sizes", "at once",
                "GFLOP/s", "spread", "runs", "share", "our step");
  const YardstickReport& found = *backend.yardsticks;
  text += product_row("-", "-", found.square, "-");
  for (const StepReport& step : backend.steps) {
    if (step.product.rate.runs == 0) continue;
    text += product_row(std::to_string(step.width),
                        step.batch == 0 ? "full" : std::to_string(step.batch), step.product,
                        step.peak.runs > 0 ? percent(step.share) : "-");
  }
  return text;
}

// A line for each of the reasons in one sentence.
std::string reasons(const std::string& sentence) {
  std::string text;
  for (std::size_t start = 0; start < sentence.size();) {
    const std::size_t end = std::min(sentence.find("; ", start), sentence.size());
    text += cut("  " + sentence.substr(start, end - start));
    start = end + 2;
  }
  return text;
}

// What a device does at most; nothing about processors.
std::string yardsticks(const BenchmarkReport& report) {
  std::string text;
  for (const BackendReport& backend : report.backends) {
    if (!backend.yardsticks) continue;
    const YardstickReport& found = *backend.yardsticks;
    const bool copied = found.copy_rate.runs > 0;
    text += "\n" +
            cut(backend.name + ": device memory: " +
                (copied ? "copy " + gbytes(found.copy_rate) + ", two arrays of " +
                              std::to_string(found.array_bytes >> 20) + " MiB"
                        : "not measured")) +
            reasons(found.copy_failed);
    const DeviceYardsticks::Library& library = found.library;
    if (library.file.empty()) {
      text += cut(backend.name + ": cuBLAS: not measured") + reasons(library.unavailable);
      continue;
    }
    text += cut(backend.name + ": cuBLAS " + library.version + " (" + library.file +
                "), SGEMM; share of the FMA peak, and our step's");
    if (!library.unavailable.empty()) {
      text += cut("  not all of it") + reasons(library.unavailable);
    }
    if (found.square.rate.runs > 0) text += products(backend);
  }
  return text;
}

std::string experiments(const BenchmarkReport& report) {
  std::string text = "\nexperiments, default preset, per hour: with one thread, and with " +
                     std::to_string(report.threads) + "\n";
  text += formatted("  %-13s %-10s %12s %12s %12s %12s  %s\n", "experiment", "backend", "seeds",
                    "seeds, all", "networks", "nets, all", "how");
  for (const BackendReport& backend : report.backends) {
    for (const ExperimentReport& e : backend.experiments) {
      text += cut(formatted(
          "  %-13s %-10s %12s %12s %12s %12s  %s", e.experiment.c_str(), backend.name.c_str(),
          number(e.seeds_per_hour).c_str(), number(e.seeds_per_hour_all_threads).c_str(),
          number(e.networks_per_hour()).c_str(), number(e.networks_per_hour_all_threads()).c_str(),
          e.measured ? "measured" : "calculated"));
    }
  }
  return text;
}

std::string verdicts(const BenchmarkReport& report) {
  std::string text = "\n";
  if (report.noise > busy) {
    text += "the host was busy: runs differ by " + percent(report.noise) +
            " (median); measure again when it is idle\n";
  }
  for (const BackendReport& backend : report.backends) {
    if (!backend.broken.empty()) {
      text += cut(backend.name + ": BROKEN, not to be used: " + backend.broken);
    } else if (!backend.unavailable.empty()) {
      text += cut(backend.name + ": not measured: " + backend.unavailable);
    }
  }
  return text + (report.fastest.empty() ? "no backend can be used\n"
                                        : "fastest: " + report.fastest + "\n");
}

}  // namespace

std::string benchmark_table(const BenchmarkReport& report, const MeasuredHost& host) {
  return head(report, host) + steps(report) + yardsticks(report) + experiments(report) +
         verdicts(report);
}

}  // namespace axiom
