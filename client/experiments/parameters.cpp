#include "client/experiments/parameters.h"

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <utility>

namespace axiom {

namespace {

using Kind = ParameterSpec::Kind;

/// `value` as JSON for a message: ASCII, one line, never long.
std::string shown(const Json& value) {
  constexpr std::size_t limit = 60;
  std::string text = value.dump(-1, ' ', true, Json::error_handler_t::replace);
  if (text.size() > limit) text = text.substr(0, limit) + "...";
  return text;
}

/// A bound as people write it: 1, 1024, 0.01, 1e-06.
std::string shown_bound(double bound) {
  const auto whole = static_cast<std::int64_t>(bound);
  return static_cast<double>(whole) == bound ? std::to_string(whole) : Json(bound).dump();
}

bool is_integer(Kind kind) { return kind == Kind::integer || kind == Kind::integer_list; }
bool is_list(Kind kind) { return kind == Kind::integer_list || kind == Kind::number_list; }

[[noreturn]] void refuse(const ParameterSpec& spec, const Json& value, const std::string& what) {
  throw std::invalid_argument("parameter \"" + spec.name + "\": " + shown(value) + " " + what);
}

/// One entry in canonical form: an integer as int64, a number as double, no negative zero.
Json checked_entry(const ParameterSpec& spec, const Json& value) {
  const bool integer = is_integer(spec.kind);
  if (integer ? !value.is_number_integer() : !value.is_number()) {
    refuse(spec, value, integer ? "is not an integer" : "is not a number");
  }
  const double number = value.get<double>();
  if (!(number >= spec.minimum && number <= spec.maximum)) {  // also refuses NaN
    refuse(spec, value,
           "is out of bounds: choose from " + shown_bound(spec.minimum) + " to " +
               shown_bound(spec.maximum));
  }
  if (integer) return Json(value.get<std::int64_t>());
  return Json(number + 0.0);
}

Json checked_value(const ParameterSpec& spec, const Json& value) {
  if (!is_list(spec.kind)) return checked_entry(spec, value);
  if (!value.is_array()) refuse(spec, value, "is not a list");
  if (value.empty() || value.size() > spec.max_items) {
    refuse(spec, value,
           "has " + std::to_string(value.size()) + " entries: give 1 to " +
               std::to_string(spec.max_items));
  }
  Json entries = Json::array();
  for (const Json& entry : value) {
    Json checked = checked_entry(spec, entry);
    if (!entries.empty() && !(entries.back() < checked)) {
      refuse(spec, value, "is not strictly ascending: sort it and remove repetitions");
    }
    entries.push_back(std::move(checked));
  }
  return entries;
}

template <class Items>
std::string joined_names(const Items& items) {
  std::string names;
  for (const auto& item : items) names += (names.empty() ? "" : ", ") + item.name;
  return names;
}

const ParameterSpec& find_spec(const Experiment& experiment, const std::string& name) {
  const auto& specs = experiment.parameters();
  const auto spec = std::find_if(specs.begin(), specs.end(),
                                 [&](const ParameterSpec& s) { return s.name == name; });
  if (spec == specs.end()) {
    throw std::invalid_argument("unknown parameter " + shown(name) + " of experiment " +
                                std::string(experiment.name()) + ": choose from " +
                                joined_names(specs));
  }
  return *spec;
}

const Preset& find_preset(const Experiment& experiment, std::string_view name) {
  const auto& presets = experiment.presets();
  const auto found =
      std::find_if(presets.begin(), presets.end(), [&](const Preset& p) { return p.name == name; });
  if (found == presets.end()) {
    throw std::invalid_argument("unknown preset " + shown(std::string(name)) + " of experiment " +
                                std::string(experiment.name()) + ": choose from " +
                                joined_names(presets));
  }
  return *found;
}

const Json& value_of(const Parameters& parameters, std::string_view name) {
  return parameters.values.at(std::string(name));
}

}  // namespace

Parameters checked_parameters(const Experiment& experiment, std::string_view preset_name,
                              const Json& overrides) {
  if (!overrides.is_object()) {
    throw std::invalid_argument("parameters: " + shown(overrides) +
                                " is not an object: give {\"name\": value, ...}");
  }
  const Preset& chosen = find_preset(experiment, preset_name);
  Parameters parameters;
  parameters.preset = chosen.name;
  for (const ParameterSpec& spec : experiment.parameters()) {
    parameters.values[spec.name] = checked_value(spec, spec.default_value);
  }
  for (const auto& [name, value] : chosen.overrides.items()) {
    parameters.values[name] = checked_value(find_spec(experiment, name), value);
  }
  for (const auto& [name, value] : overrides.items()) {
    const ParameterSpec& spec = find_spec(experiment, name);
    if (std::find(chosen.fixed.begin(), chosen.fixed.end(), name) != chosen.fixed.end()) {
      refuse(spec, value, "cannot be set: preset " + chosen.name + " fixes this parameter");
    }
    parameters.values[name] = checked_value(spec, value);
  }
  for (const std::string& fixed : chosen.fixed) parameters.values.erase(fixed);
  return parameters;
}

std::string preset_and_changes(const Experiment& experiment, const Parameters& parameters) {
  const Json unchanged = checked_parameters(experiment, parameters.preset, Json::object()).values;
  std::string text = parameters.preset;
  const char* before = " but for ";
  for (const auto& [name, value] : parameters.values.items()) {
    if (value == unchanged.at(name)) continue;
    text += before + name;
    before = ", ";
  }
  return text;
}

ParameterSpec integer_spec(std::string name, int default_value, int minimum, int maximum) {
  return {std::move(name), Kind::integer, default_value, static_cast<double>(minimum),
          static_cast<double>(maximum)};
}
ParameterSpec number_spec(std::string name, double default_value, double minimum, double maximum) {
  return {std::move(name), Kind::number, default_value, minimum, maximum};
}
ParameterSpec integer_list_spec(std::string name, const std::vector<int>& default_value,
                                int minimum, int maximum, std::size_t max_items) {
  return {std::move(name),
          Kind::integer_list,
          default_value,
          static_cast<double>(minimum),
          static_cast<double>(maximum),
          max_items};
}
ParameterSpec number_list_spec(std::string name, const std::vector<double>& default_value,
                               double minimum, double maximum, std::size_t max_items) {
  return {std::move(name), Kind::number_list, default_value, minimum, maximum, max_items};
}

ParameterSpec widths_spec(const std::vector<int>& default_value) {
  return integer_list_spec("widths", default_value, 4, 1024, 8);
}
ParameterSpec depths_spec() { return integer_list_spec("depths", {1, 2, 3}, 1, 3, 3); }
ParameterSpec learning_rates_spec() {
  return number_list_spec("learning_rates", {.01, .05, .1}, 1e-6, 1, 8);
}
ParameterSpec learning_rate_spec(double default_value) {
  return number_spec("learning_rate", default_value, 1e-6, 1);
}
ParameterSpec batch_spec(int default_value) {
  return integer_spec("batch", default_value, 1, 1000);
}
ParameterSpec epochs_spec(int default_value) {
  return integer_spec("epochs", default_value, 1, 2000);
}
ParameterSpec trials_spec() { return integer_spec("trials", 3, 1, 16); }
ParameterSpec measure_every_spec(int default_value) {
  return integer_spec("measure_every", default_value, 1, 2000);
}

Preset preset(std::string name, const std::vector<PresetValue>& overrides,
              std::vector<std::string> fixed) {
  Preset made;
  made.name = std::move(name);
  for (const PresetValue& entry : overrides) made.overrides[std::string(entry.name)] = entry.value;
  made.fixed = std::move(fixed);
  return made;
}

int integer_value(const Parameters& parameters, std::string_view name) {
  return value_of(parameters, name).get<int>();
}
double number_value(const Parameters& parameters, std::string_view name) {
  return value_of(parameters, name).get<double>();
}
std::vector<int> integer_list(const Parameters& parameters, std::string_view name) {
  return value_of(parameters, name).get<std::vector<int>>();
}
std::vector<double> number_list(const Parameters& parameters, std::string_view name) {
  return value_of(parameters, name).get<std::vector<double>>();
}

}  // namespace axiom
