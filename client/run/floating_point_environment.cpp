#include "client/run/floating_point_environment.h"

#include <stdexcept>

#if defined(__x86_64__)
#include <xmmintrin.h>
#else
#include <cfenv>
#endif

namespace axiom {

#if defined(__x86_64__)

// A library loaded into the process may have set flush-to-zero for the thread that we inherit from.
void set_floating_point_environment() {
  constexpr unsigned defaults = 0x1f80;  // all exceptions masked, nearest even, no FTZ, no DAZ
  constexpr unsigned status_flags = 0x3f;
  _mm_setcsr(defaults);
  if ((_mm_getcsr() & ~status_flags) != defaults) {
    throw std::runtime_error("the processor's floating-point mode cannot be set to the default");
  }
}

#else

void set_floating_point_environment() {
  if (std::fesetenv(FE_DFL_ENV) != 0 || std::fegetround() != FE_TONEAREST) {
    throw std::runtime_error("the processor's floating-point mode cannot be set to the default");
  }
}

#endif

}  // namespace axiom
