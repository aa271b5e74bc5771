#include "client/result/result_document.h"

#include <utility>

#include "client/result/canonical_json.h"

namespace axiom {
namespace {

constexpr std::string_view end = "],\"status\":\"complete\"}\n";

}  // namespace

// Canonical JSON sorts keys, and "status" is the only one after "seeds": so the text can grow at
// its end.
ResultDocument::ResultDocument(std::string_view experiment, const Parameters& parameters,
                               std::size_t seeds)
    : seeds_(seeds) {
  text_ = canonical_json({{"experiment", experiment},
                          {"experiment_version", experiment_version},
                          {"parameters", parameters.values},
                          {"preset", parameters.preset},
                          {"schema", result_schema}});
  text_.back() = ',';
  text_ += "\"seeds\":[";
}

void ResultDocument::add_seed(std::uint64_t seed, Json summary) {
  summary["seed"] = std::to_string(seed);
  const std::string seed_text = canonical_json(summary);
  if (first_) {
    // Not all are of one length; pages that are not written to cost nothing.
    text_.reserve(text_.size() + seeds_ * (seed_text.size() + seed_text.size() / 4 + 64) +
                  end.size());
  } else {
    text_ += ',';
  }
  first_ = false;
  text_ += seed_text;
}

std::string ResultDocument::finish() {
  text_ += end;
  return std::move(text_);
}

}  // namespace axiom
