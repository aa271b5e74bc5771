// All backends, and the choice among them.
#pragma once

#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "client/plan/backend.h"

namespace axiom {

/// A backend that is not known, or that this host cannot run; one line: which, why, what is there.
class BackendError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The fastest first.
std::span<const Backend* const> backends();

struct BackendChoice {
  const Backend* backend = nullptr;
  std::string reason;  ///< for the log
};

/// `name` is "auto" (the first that this host can run) or a backend's name. Never falls back from a
/// name to another backend: BackendError.
BackendChoice choose_backend(std::string_view name);

}  // namespace axiom
