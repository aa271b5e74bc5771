#include "client/backends/processor_name.h"

#include <array>
#include <cstring>

#include "cpu/features.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace axiom {

std::string processor_name() {
  std::string name;
#if defined(__x86_64__)
  constexpr unsigned first_leaf = 0x80000002;  // the brand string: 48 bytes in three leaves
  constexpr unsigned last_leaf = 0x80000004;
  std::array<char, 49> brand{};
  if (static_cast<unsigned>(__get_cpuid_max(0x80000000, nullptr)) >= last_leaf) {
    char* part = brand.data();
    for (unsigned leaf = first_leaf; leaf <= last_leaf; ++leaf, part += 16) {
      std::array<unsigned, 4> words{};
      __get_cpuid(leaf, &words[0], &words[1], &words[2], &words[3]);
      std::memcpy(part, words.data(), 16);
    }
  }
  name = brand.data();
#endif
  const std::size_t first = name.find_first_not_of(' ');
  if (first == std::string::npos) return "unknown";
  return name.substr(first, name.find_last_not_of(' ') - first + 1);
}

std::string processor_features() {
  const bool avx512 = cpu::avx512_unavailable().empty();
  const bool avx2 = cpu::avx2_unavailable().empty();
  if (avx512 && avx2) return "AVX-512 F, AVX2 with FMA";
  if (avx512) return "AVX-512 F";
  return avx2 ? "AVX2 with FMA" : "neither AVX2 with FMA nor AVX-512 F";
}

}  // namespace axiom
