// Reading checked parameters, and writing down an experiment's legal ones
// (docs/EXPERIMENTS.md, "Parameters, bounds and presets").
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "client/experiments/experiment.h"

namespace axiom {

// Specifications. A list has 1 … max_items entries.
ParameterSpec integer_spec(std::string name, int default_value, int minimum, int maximum);
ParameterSpec number_spec(std::string name, double default_value, double minimum, double maximum);
ParameterSpec integer_list_spec(std::string name, const std::vector<int>& default_value,
                                int minimum, int maximum, std::size_t max_items);
ParameterSpec number_list_spec(std::string name, const std::vector<double>& default_value,
                               double minimum, double maximum, std::size_t max_items);

// Specifications whose bounds are the same in every experiment that has them.
ParameterSpec widths_spec(const std::vector<int>& default_value);
ParameterSpec depths_spec();
ParameterSpec learning_rates_spec();
ParameterSpec learning_rate_spec(double default_value);
ParameterSpec batch_spec(int default_value);
ParameterSpec epochs_spec(int default_value);
ParameterSpec trials_spec();
ParameterSpec measure_every_spec(int default_value);

/// A preset from {name, value} pairs, and the parameters that it fixes.
struct PresetValue {
  std::string_view name;
  Json value;
};
Preset preset(std::string name, const std::vector<PresetValue>& overrides = {},
              std::vector<std::string> fixed = {});

/// The preset's name and the parameters that differ from it: "small", "default but for epochs".
std::string preset_and_changes(const Experiment& experiment, const Parameters& parameters);

// Values. REQUIRES: the experiment has a parameter of this name and kind.
int integer_value(const Parameters& parameters, std::string_view name);
double number_value(const Parameters& parameters, std::string_view name);
std::vector<int> integer_list(const Parameters& parameters, std::string_view name);
std::vector<double> number_list(const Parameters& parameters, std::string_view name);

}  // namespace axiom
