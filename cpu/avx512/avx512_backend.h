// The AVX-512 F backend: present in every build, usable where cpu/features.h allows it.
#pragma once

#include "client/plan/backend.h"

namespace axiom {

const Backend& avx512_backend();

}  // namespace axiom
