// What the project published before this client existed (docs/EXPERIMENTS.md), to be printed beside
// a run's own numbers. Expect the order and the size of effects, not the digits.
#pragma once

#include <span>
#include <string_view>

namespace axiom {

struct PublishedValue {
  std::string_view key;   ///< flat key of the result file
  std::string_view text;  ///< as published, UTF-8
};

/// In the order of the flat keys' list; empty for an unknown experiment.
std::span<const PublishedValue> published_values(std::string_view experiment);

}  // namespace axiom
