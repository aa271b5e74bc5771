// The reference: plain loops, software fma, any x86-64 processor.
#pragma once

#include "client/plan/backend.h"

namespace axiom {

const Backend& reference_backend();

}  // namespace axiom
