// links: axiom_experiments
// Parameters: defaults, presets, and refusal of everything that docs/EXPERIMENTS.md does not allow.

#include "client/experiments/parameters.h"

#include <gtest/gtest.h>

#include <limits>
#include <stdexcept>
#include <string>

namespace axiom {
namespace {

using Kind = ParameterSpec::Kind;

const Experiment& experiment(std::string_view name) {
  const Experiment* found = find_experiment(name);
  if (found == nullptr) throw std::logic_error("no experiment " + std::string(name));
  return *found;
}

/// The message that refuses the overrides; empty if they are accepted.
std::string refusal(const Experiment& e, const Json& overrides,
                    std::string_view preset = "default") {
  try {
    checked_parameters(e, preset, overrides);
    return "";
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}
std::string refusal(std::string_view name, const Json& overrides,
                    std::string_view preset = "default") {
  return refusal(experiment(name), overrides, preset);
}
bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

Json one(const std::string& name, Json value) {
  Json object = Json::object();
  object[name] = std::move(value);
  return object;
}

/// A legal shape around one entry.
Json shaped(const ParameterSpec& spec, double entry) {
  const bool integer = spec.kind == Kind::integer || spec.kind == Kind::integer_list;
  const Json value = integer ? Json(static_cast<int>(entry)) : Json(entry);
  const bool list = spec.kind == Kind::integer_list || spec.kind == Kind::number_list;
  return list ? Json::array({value}) : value;
}

TEST(Parameters, DefaultsAreThoseOfTheTable) {
  const auto values = [](std::string_view name) {
    return checked_parameters(experiment(name), "default", Json::object()).values.dump();
  };
  EXPECT_EQ(values("compgen"), R"({"batch":32,"depths":[1,2,3],"dropout":0.0,"epochs":150,)"
                               R"("learning_rates":[0.01,0.05,0.1],"trials":3,"weight_decay":0.0,)"
                               R"("widths":[32,64,128,256]})");
  EXPECT_EQ(values("featrank"),
            R"({"batch":32,"epochs":50,"learning_rate":0.01,"trials":3,"widths":[32,64,128,256]})");
  EXPECT_EQ(values("neuronspec"),
            R"({"batch":32,"epochs":50,"learning_rate":0.05,"trials":3,"widths":[32,64,128,256]})");
  EXPECT_EQ(values("featcompv2"),
            R"({"epochs":300,"learning_rates":[0.01,0.05,0.1],"measure_every":20,)"
            R"("widths":[32,64,128,256]})");
  EXPECT_EQ(values("repalignv2"),
            R"({"epochs":100,"learning_rate":0.01,"measure_every":10,"networks":4,)"
            R"("widths":[32,64,128,256]})");
  EXPECT_EQ(values("microscalev2"),
            R"({"batch":64,"depths":[1,2,3],"epochs":300,"fixed_steps":0,)"
            R"("fractions":[0.05,0.1,0.2,0.4,0.6,0.8,1.0],"learning_rate":0.01,)"
            R"("widths":[8,16,32,64,128,256,512]})");
}

TEST(Parameters, BoundsOfTheTable) {
  struct Bound {
    const char* name;
    double minimum;
    double maximum;
    std::size_t max_items;
  };
  const Bound bounds[] = {
      {"widths", 4, 1024, 8},        {"depths", 1, 3, 3},   {"learning_rates", 1e-6, 1, 8},
      {"learning_rate", 1e-6, 1, 1}, {"batch", 1, 1000, 1}, {"epochs", 1, 2000, 1},
      {"trials", 1, 16, 1},          {"dropout", 0, .9, 1}, {"weight_decay", 0, 1, 1},
      {"measure_every", 1, 2000, 1}, {"networks", 2, 8, 1}, {"fractions", .01, 1, 8},
      {"fixed_steps", 0, 1, 1}};
  int checked = 0;
  for (const Experiment* e : experiments()) {
    for (const ParameterSpec& spec : e->parameters()) {
      for (const Bound& bound : bounds) {
        if (spec.name != bound.name) continue;
        ++checked;
        EXPECT_EQ(spec.minimum, bound.minimum) << spec.name;
        EXPECT_EQ(spec.maximum, bound.maximum) << spec.name;
        EXPECT_EQ(spec.max_items, bound.max_items) << spec.name;
      }
    }
  }
  EXPECT_EQ(checked, 8 + 5 + 5 + 4 + 5 + 7);
}

TEST(Parameters, EveryBoundHolds) {
  for (const Experiment* e : experiments()) {
    for (const ParameterSpec& spec : e->parameters()) {
      const bool integer = spec.kind == Kind::integer || spec.kind == Kind::integer_list;
      const double below = integer ? spec.minimum - 1 : spec.minimum - 1e-9;
      const double above = integer ? spec.maximum + 1 : spec.maximum + 1e-9;
      EXPECT_EQ(refusal(*e, one(spec.name, shaped(spec, spec.minimum))), "");
      EXPECT_EQ(refusal(*e, one(spec.name, shaped(spec, spec.maximum))), "");
      for (const double bad : {below, above}) {
        const std::string message = refusal(*e, one(spec.name, shaped(spec, bad)));
        EXPECT_TRUE(contains(message, "\"" + spec.name + "\"")) << message;
        EXPECT_TRUE(contains(message, "out of bounds")) << message;
      }
    }
  }
}

TEST(Parameters, WrongTypesAreRefused) {
  for (const Experiment* e : experiments()) {
    for (const ParameterSpec& spec : e->parameters()) {
      const bool list = spec.kind == Kind::integer_list || spec.kind == Kind::number_list;
      const bool integer = spec.kind == Kind::integer || spec.kind == Kind::integer_list;
      const Json entry = spec.minimum;
      for (const Json& bad : {Json("1"), Json(true), Json(nullptr), Json::object()}) {
        EXPECT_NE(refusal(*e, one(spec.name, bad)), "") << spec.name << " " << bad;
        EXPECT_NE(refusal(*e, one(spec.name, Json::array({bad}))), "") << spec.name << " " << bad;
      }
      if (list) {
        EXPECT_TRUE(contains(refusal(*e, one(spec.name, entry)), "is not a list"));
      } else {
        EXPECT_NE(refusal(*e, one(spec.name, Json::array({entry}))), "");
      }
      if (integer) {
        const Json whole_number = shaped(spec, 0).is_array() ? Json::array({5.0}) : Json(5.0);
        EXPECT_TRUE(contains(refusal(*e, one(spec.name, whole_number)), "is not an integer"));
      }
    }
  }
}

TEST(Parameters, ListsMustBeAscending) {
  EXPECT_EQ(refusal("compgen", {{"widths", {4, 8, 1024}}}), "");
  EXPECT_TRUE(contains(refusal("compgen", {{"widths", {8, 4}}}), "ascending"));
  EXPECT_TRUE(contains(refusal("compgen", {{"widths", {8, 8}}}), "ascending"));
  EXPECT_TRUE(contains(refusal("compgen", {{"learning_rates", {.1, .05}}}), "ascending"));
  EXPECT_TRUE(contains(refusal("compgen", one("widths", Json::array())), "0 entries"));
  const Json nine = {4, 5, 6, 7, 8, 9, 10, 11, 12};
  EXPECT_TRUE(contains(refusal("compgen", one("widths", nine)), "9 entries"));
}

TEST(Parameters, ExtremeNumbersAreRefused) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_NE(refusal("compgen", one("dropout", nan)), "");
  EXPECT_NE(refusal("compgen", one("dropout", std::numeric_limits<double>::infinity())), "");
  EXPECT_NE(refusal("compgen", one("epochs", std::numeric_limits<std::uint64_t>::max())), "");
  EXPECT_NE(refusal("compgen", one("epochs", std::numeric_limits<std::int64_t>::min())), "");
}

TEST(Parameters, UnknownNamesAreRefused) {
  const std::string message = refusal("featrank", one("dropout", .5));
  EXPECT_TRUE(contains(message, "\"dropout\"")) << message;
  EXPECT_TRUE(contains(message, "learning_rate")) << message;  // says what is legal
  EXPECT_TRUE(contains(refusal("featrank", Json::object(), "regularized"), "unknown preset"));
  EXPECT_TRUE(contains(refusal("featrank", Json::array()), "not an object"));
  EXPECT_EQ(find_experiment("compgen2"), nullptr);
}

TEST(Parameters, MessagesAreOneShortLine) {
  const std::string message = refusal("compgen", one("epochs", std::string(5000, '\n') + "\xff"));
  EXPECT_LT(message.size(), 200u);
  EXPECT_FALSE(contains(message, "\n"));
}

TEST(Parameters, ValuesAreCanonical) {
  const Parameters p = checked_parameters(
      experiment("compgen"), "default",
      {{"dropout", -0.0}, {"weight_decay", 1}, {"learning_rates", {.5, 1}}, {"epochs", 7u}});
  EXPECT_EQ(p.values["dropout"].dump(), "0.0");
  EXPECT_EQ(p.values["weight_decay"].dump(), "1.0");
  EXPECT_EQ(p.values["learning_rates"].dump(), "[0.5,1.0]");
  EXPECT_EQ(p.values["epochs"].dump(), "7");
  EXPECT_TRUE(p.values["epochs"].is_number_integer());
  EXPECT_EQ(number_value(p, "weight_decay"), 1.0);
  EXPECT_EQ(integer_list(p, "widths"), (std::vector<int>{32, 64, 128, 256}));
}

TEST(Parameters, PresetsAreThoseOfTheDocument) {
  const auto values = [](std::string_view name, std::string_view preset) {
    return checked_parameters(experiment(name), preset, Json::object()).values;
  };
  for (const Experiment* e : experiments()) {
    EXPECT_EQ(e->presets()[0].name, "default");
    EXPECT_EQ(e->presets()[1].name, "small");
    for (const Preset& preset : e->presets()) {
      EXPECT_EQ(checked_parameters(*e, preset.name, Json::object()).preset, preset.name);
    }
  }
  EXPECT_EQ(values("compgen", "small").dump(),
            R"({"batch":32,"depths":[1,2],"dropout":0.0,"epochs":30,"learning_rates":[0.05,0.1],)"
            R"("trials":3,"weight_decay":0.0,"widths":[32,64,128]})");
  EXPECT_EQ(values("featrank", "small")["epochs"], 20);
  EXPECT_EQ(values("featrank", "small")["trials"], 2);
  EXPECT_EQ(values("neuronspec", "small"), values("neuronspec", "default"));
  EXPECT_EQ(values("repalignv2", "small"), values("repalignv2", "default"));
  EXPECT_EQ(values("featcompv2", "small")["epochs"], 60);
  EXPECT_EQ(values("featcompv2", "small")["learning_rates"].dump(), "[0.05,0.1]");
  EXPECT_EQ(values("microscalev2", "small")["widths"].dump(), "[8,16,32,64]");
  EXPECT_EQ(values("microscalev2", "small")["depths"].dump(), "[1,2]");
  EXPECT_EQ(values("microscalev2", "small")["epochs"], 60);
  EXPECT_EQ(values("microscalev2", "fixed-steps")["fixed_steps"], 1);
  EXPECT_EQ(values("compgen", "regularized")["depths"].dump(), "[2]");
  EXPECT_EQ(values("compgen", "regularized")["learning_rates"].dump(), "[0.01]");
}

TEST(Parameters, FixedByThePreset) {
  for (const char* name : {"dropout", "weight_decay"}) {
    const std::string message = refusal("compgen", one(name, 0), "regularized");
    EXPECT_TRUE(contains(message, name)) << message;
    EXPECT_TRUE(contains(message, "regularized")) << message;
    const Parameters p = checked_parameters(experiment("compgen"), "regularized", Json::object());
    EXPECT_FALSE(p.values.contains(name));
  }
  EXPECT_EQ(refusal("compgen", {{"epochs", 3}}, "regularized"), "");
}

TEST(Parameters, OverridesWinOverThePreset) {
  const Parameters p = checked_parameters(experiment("compgen"), "small", {{"epochs", 3}});
  EXPECT_EQ(integer_value(p, "epochs"), 3);
  EXPECT_EQ(integer_list(p, "depths"), (std::vector<int>{1, 2}));
}

}  // namespace
}  // namespace axiom
