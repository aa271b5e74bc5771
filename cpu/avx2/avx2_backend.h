// The AVX2 backend: present in every build, usable where cpu/features.h allows it.
#pragma once

#include "client/plan/backend.h"

namespace axiom {

const Backend& avx2_backend();

}  // namespace axiom
