#include "client/result/result_document.h"

#include <utility>

#include "client/result/canonical_json.h"

namespace axiom {

// Canonical JSON sorts keys, and "status" is the only one after "seeds": so the text can grow at
// its end.
ResultDocument::ResultDocument(std::string_view experiment, const Parameters& parameters) {
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
  if (!first_) text_ += ',';
  first_ = false;
  text_ += canonical_json(summary);
}

std::string ResultDocument::finish() { return std::move(text_) + "],\"status\":\"complete\"}\n"; }

}  // namespace axiom
