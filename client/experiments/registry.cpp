#include "client/experiments/registry.h"

#include <array>

namespace axiom {

std::span<const Experiment* const> experiments() {
  static const std::array<const Experiment*, 6> all = {
      &compgen(), &featrank(), &neuronspec(), &featcompv2(), &repalignv2(), &microscalev2()};
  return all;
}

const Experiment* find_experiment(std::string_view name) {
  for (const Experiment* experiment : experiments()) {
    if (experiment->name() == name) return experiment;
  }
  return nullptr;
}

}  // namespace axiom
