// The result file's text (docs/EXPERIMENTS.md, "The result file"): a function of the work unit
// alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "client/experiments/experiment.h"

namespace axiom {

inline constexpr int result_schema = 1;

/// Written seed by seed, so that only the text of the seeds before is held.
class ResultDocument {
 public:
  /// `seeds`: as many as will be added, so that the text is not copied as it grows.
  ResultDocument(std::string_view experiment, const Parameters& parameters, std::size_t seeds = 1);

  /// Appends what Experiment::summarize() returned. In the order of the work unit.
  void add_seed(std::uint64_t seed, Json summary);
  /// The whole file, LF at the end. REQUIRES: called once, after the last add_seed().
  std::string finish();

 private:
  std::string text_;
  std::size_t seeds_;
  bool first_ = true;
};

}  // namespace axiom
