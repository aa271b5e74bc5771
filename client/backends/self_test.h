// Known answers for every kernel of every backend, in well under a second.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "client/plan/backend.h"

namespace axiom {

/// One known answer: what is computed, and the SHA-256 of the bits that must come out.
struct KnownAnswer {
  std::string name;
  std::string digest;
};

/// The answers compiled into this program (client/backends/known_answers.txt says where from).
std::vector<KnownAnswer> known_answers();

/// Computes the same cases on a backend. REQUIRES: the host can run it.
std::vector<KnownAnswer> compute_answers(const Backend& backend);

/// Before a device is given work. DeviceError (wrong_results): it gives a wrong answer.
void require_known_answers(const Backend& backend);

/// Checks every backend that this host can run, one line each, and says what differs. False if
/// anything does.
bool run_self_test(std::ostream& report);

}  // namespace axiom
