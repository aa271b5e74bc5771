#include "client/experiments/compgen_summary.h"

#include <algorithm>

#include "client/experiments/parameters.h"
#include "client/experiments/statistics.h"

namespace axiom {

namespace {

constexpr std::size_t id_acc = 1;
constexpr std::size_t ood_acc = 2;
constexpr int all_trials = -1;

bool is_published(int width) { return width == 32 || width == 64 || width == 128; }

std::string difference_key(int width) { return "gap_diff_w" + std::to_string(width) + "_w32"; }

}  // namespace

RegularizerSummary::RegularizerSummary(const Parameters& parameters,
                                       std::span<const Configuration> configurations,
                                       const NetworkValues& values, const Regularizer& regularizer)
    : configurations_(configurations),
      values_(values),
      widths_(integer_list(parameters, "widths")),
      trials_(integer_value(parameters, "trials")),
      regularizer_(regularizer) {}

Json RegularizerSummary::flat() const {
  Json keys = Json::object();
  for (const int width : widths_) {
    for (std::size_t v = 0; v < compgen_values.size(); ++v) {
      add(keys, compgen_values[v], width,
          [&](std::size_t n, std::size_t m) { return values_.at(n, m, v); });
    }
    add(keys, "gap", width, [&](std::size_t n, std::size_t m) { return gap(n, m); });
  }
  for (const int width : compared_widths()) {
    keys[difference_key(width)] = number(mean(gap_differences(width)));
  }
  keys["monotone"] = flag(monotone(true, all_trials));
  return keys;
}

Json RegularizerSummary::detail() const {
  Json object = flat();
  object["dropout"] = regularizer_.first;
  object["weight_decay"] = regularizer_.second;
  for (const int width : widths_) {
    object[width_key("gap", width) + "_by_trial"] = numbers(gaps_by_trial(width));
  }
  for (const int width : compared_widths()) {
    const std::vector<double> differences = gap_differences(width);
    object[difference_key(width) + "_by_trial"] = numbers(differences);
    object[difference_key(width) + "_sd"] = number(sample_sd(differences));
    object[difference_key(width) + "_t"] = number(t_statistic(differences));
  }
  object["monotone_all_widths"] = flag(monotone(false, all_trials));
  for (int trial = 0; trial < trials_; ++trial) {
    object["monotone_by_trial"].push_back(flag(monotone(true, trial)));
    object["monotone_all_widths_by_trial"].push_back(flag(monotone(false, trial)));
  }
  return object;
}

bool RegularizerSummary::has(int width) const {
  return std::find(widths_.begin(), widths_.end(), width) != widths_.end();
}

std::vector<int> RegularizerSummary::compared_widths() const {
  std::vector<int> compared;
  for (const int width : {64, 128}) {
    if (has(width) && has(32)) compared.push_back(width);
  }
  return compared;
}

double RegularizerSummary::gap(std::size_t network, std::size_t measurement) const {
  return values_.at(network, measurement, id_acc) - values_.at(network, measurement, ood_acc);
}

template <class F>
std::vector<double> RegularizerSummary::gather(int width, int trial, F f) const {
  std::vector<double> gathered;
  for (std::size_t n = 0; n < values_.networks(); ++n) {
    const TrainingRun& run = values_.run(n);
    const Configuration& c = configurations_[run.network];
    if (c.width() != width || Regularizer(c.dropout, c.weight_decay) != regularizer_) continue;
    if (trial != all_trials && static_cast<int>(run.trial) != trial) continue;
    gathered.push_back(f(n));
  }
  return gathered;
}

template <class F>
void RegularizerSummary::add(Json& keys, std::string_view name, int width, F f) const {
  const auto initial = [&](std::size_t n) { return f(n, 0); };
  const auto trained = [&](std::size_t n) { return f(n, values_.measurements(n) - 1); };
  const std::string key = width_key(name, width);
  keys[key] = number(mean(gather(width, all_trials, trained)));
  keys[key + "_init"] = number(mean(gather(width, all_trials, initial)));
}

std::vector<double> RegularizerSummary::final_gaps(int width, int trial) const {
  return gather(width, trial, [&](std::size_t n) { return gap(n, values_.measurements(n) - 1); });
}

std::vector<double> RegularizerSummary::gaps_by_trial(int width) const {
  std::vector<double> gaps;
  for (int trial = 0; trial < trials_; ++trial) gaps.push_back(mean(final_gaps(width, trial)));
  return gaps;
}

std::vector<double> RegularizerSummary::gap_differences(int width) const {
  std::vector<double> differences = gaps_by_trial(width);
  const std::vector<double> base = gaps_by_trial(32);
  for (std::size_t t = 0; t < differences.size(); ++t) differences[t] -= base[t];
  return differences;
}

double RegularizerSummary::monotone(bool published_only, int trial) const {
  std::vector<double> gaps;
  for (const int width : widths_) {
    if (is_published(width) || !published_only) gaps.push_back(mean(final_gaps(width, trial)));
  }
  return strictly_rising(gaps);
}

}  // namespace axiom
