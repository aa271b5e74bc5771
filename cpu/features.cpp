#include "cpu/features.h"

#include <cpuid.h>

#include <cstdint>

namespace axiom::cpu {

namespace {

struct Registers {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
};

Registers cpuid(unsigned leaf, unsigned subleaf = 0) {
  Registers r;
  if (!__get_cpuid_count(leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx)) r = {};
  return r;
}

bool bit(unsigned value, int position) { return ((value >> position) & 1u) != 0; }

/// XCR0: the register state that the operating system saves. REQUIRES: OSXSAVE.
std::uint64_t saved_state() {
  unsigned low;
  unsigned high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (std::uint64_t{high} << 32) | low;
}

constexpr std::uint64_t ymm_state = 0x6;   // SSE and AVX
constexpr std::uint64_t zmm_state = 0xe6;  // and opmask, ZMM0-15 upper halves, ZMM16-31

std::string state_refused(std::uint64_t wanted, const char* registers) {
  if (!bit(cpuid(1).ecx, 27)) return "the operating system does not use XSAVE";
  if ((saved_state() & wanted) != wanted) {
    return std::string("the operating system does not save the ") + registers + " registers";
  }
  return {};
}

}  // namespace

std::string avx2_unavailable() {
  const Registers one = cpuid(1);
  if (!bit(one.ecx, 28)) return "the processor has no AVX";
  if (!bit(one.ecx, 12)) return "the processor has no FMA";
  if (!bit(one.ecx, 23)) return "the processor has no POPCNT";  // GCC's -mavx2 includes it
  if (!bit(cpuid(7).ebx, 5)) return "the processor has no AVX2";
  return state_refused(ymm_state, "AVX");
}

std::string avx512_unavailable() {
  if (!bit(cpuid(7).ebx, 16)) return "the processor has no AVX-512 F";
  if (std::string reason = avx2_unavailable(); !reason.empty()) return reason;
  return state_refused(zmm_state, "AVX-512");
}

}  // namespace axiom::cpu
