// The six experiments, and what their classes have in common.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "client/experiments/experiment.h"

namespace axiom {

/// An experiment with its name, legal parameters and presets.
class DescribedExperiment : public Experiment {
 public:
  std::string_view name() const final { return name_; }
  const std::vector<ParameterSpec>& parameters() const final { return parameters_; }
  const std::vector<Preset>& presets() const final { return presets_; }

 protected:
  DescribedExperiment(std::string_view name, std::vector<ParameterSpec> parameters,
                      std::vector<Preset> presets)
      : name_(name), parameters_(std::move(parameters)), presets_(std::move(presets)) {}

 private:
  std::string_view name_;
  std::vector<ParameterSpec> parameters_;
  std::vector<Preset> presets_;
};

// One per file of the same name.
const Experiment& compgen();
const Experiment& featrank();
const Experiment& neuronspec();
const Experiment& featcompv2();
const Experiment& repalignv2();
const Experiment& microscalev2();

}  // namespace axiom
