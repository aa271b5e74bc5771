#include "client/experiments/alignment.h"

#include <limits>
#include <string>

#include "client/experiments/statistics.h"

namespace axiom {

std::vector<double> Alignment::pairs(std::size_t measurement, std::size_t layer) const {
  const std::size_t members = group_.members.size();
  const double* stored = group_values_.data() + measurement * group_.values_per_measurement +
                         members * alignment_values.size() + layer * pair_count(members);
  std::vector<double> list;
  for (std::size_t i = 0; i < members; ++i) {
    for (std::size_t j = i + 1; j < members; ++j, ++stored) {
      const bool diverged = values_.diverged(first_ + i) || values_.diverged(first_ + j);
      list.push_back(diverged ? std::numeric_limits<double>::quiet_NaN() : *stored);
    }
  }
  return list;
}

double Alignment::mean_of_pairs(std::size_t measurement, std::size_t layer) const {
  return mean(pairs(measurement, layer));
}

double Alignment::overall(std::size_t measurement) const {
  std::vector<double> by_layer;
  for (std::size_t layer = 0; layer < layers(); ++layer) {
    by_layer.push_back(mean_of_pairs(measurement, layer));
  }
  return mean(by_layer);
}

double Alignment::final_mean(std::size_t value) const {
  std::vector<double> networks;
  for (std::size_t n = first_; n < first_ + group_.members.size(); ++n) {
    networks.push_back(values_.last(n, value));
  }
  return mean(networks);
}

Json Alignment::detail() const {
  const std::vector<int>& sizes = group_.members[0].shape.sizes;
  Json object = Json::object();
  object["hidden"] = std::vector<int>(sizes.begin() + 1, sizes.end() - 1);
  for (std::size_t layer = 0; layer < layers(); ++layer) {
    const std::string name = "cka_l" + std::to_string(layer + 1);
    for (std::size_t m = 0; m < measurements(); ++m) {
      const std::vector<double> list = pairs(m, layer);
      object[name + "_pairs"].push_back(numbers(list));
      object[name].push_back(number(mean(list)));
      object[name + "_std"].push_back(number(population_sd(list)));
    }
  }
  for (std::size_t v = 0; v < alignment_values.size(); ++v) {
    object[std::string(alignment_values[v])] = number(final_mean(v));
  }
  return object;
}

}  // namespace axiom
