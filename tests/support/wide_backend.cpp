// Sixteen lanes as pairs of AVX2 registers: the AVX-512 executor's tile and panel shapes on
// processors without AVX-512. The loops under test are the shipped ones (cpu/*.inl); only the lanes
// differ.
#include "tests/support/wide_backend.h"

#include "cpu/avx2/lanes.h"

namespace axiom::test::wide {

namespace half = axiom::cpu::avx2;

template <class Half>
struct Pair {
  Half low, high;
};
struct I32 : Pair<half::I32> {
  static AXIOM_INLINE I32 splat(std::int32_t a) {
    return {{half::I32::splat(a), half::I32::splat(a)}};
  }
};
struct Mask : Pair<half::Mask> {};

template <class Self, class Half, class T>
struct Vector : Pair<Half> {
  static constexpr int lanes = 2 * Half::lanes;
  static AXIOM_INLINE Self splat(T a) { return {{{Half::splat(a), Half::splat(a)}}}; }
  static AXIOM_INLINE Self zero() { return {{{Half::zero(), Half::zero()}}}; }
  static AXIOM_INLINE Self broadcast(const T* p) {
    return {{{Half::broadcast(p), Half::broadcast(p)}}};
  }
  static AXIOM_INLINE Self load(const T* p) {
    return {{{Half::load(p), Half::load(p + Half::lanes)}}};
  }
  template <class U>
  static AXIOM_INLINE Self load_unaligned(const U* p) {
    return {{{Half::load_unaligned(p), Half::load_unaligned(p + Half::lanes)}}};
  }
  AXIOM_INLINE void store(T* p) const {
    this->low.store(p);
    this->high.store(p + Half::lanes);
  }
};
struct F32 : Vector<F32, half::F32, float> {};
struct F64 : Vector<F64, half::F64, double> {
  AXIOM_INLINE void store_unaligned(double* p) const {
    low.store_unaligned(p);
    high.store_unaligned(p + half::F64::lanes);
  }
};

AXIOM_INLINE F32 add(F32 a, F32 b) { return {{{add(a.low, b.low), add(a.high, b.high)}}}; }
AXIOM_INLINE F32 sub(F32 a, F32 b) { return {{{sub(a.low, b.low), sub(a.high, b.high)}}}; }
AXIOM_INLINE F32 mul(F32 a, F32 b) { return {{{mul(a.low, b.low), mul(a.high, b.high)}}}; }
AXIOM_INLINE F32 div(F32 a, F32 b) { return {{{div(a.low, b.low), div(a.high, b.high)}}}; }
AXIOM_INLINE F32 fma(F32 a, F32 b, F32 c) {
  return {{{fma(a.low, b.low, c.low), fma(a.high, b.high, c.high)}}};
}
AXIOM_INLINE Mask less(F32 a, F32 b) { return {{less(a.low, b.low), less(a.high, b.high)}}; }
AXIOM_INLINE F32 select(Mask m, F32 a, F32 b) {
  return {{{select(m.low, a.low, b.low), select(m.high, a.high, b.high)}}};
}
AXIOM_INLINE I32 select(Mask m, I32 a, I32 b) {
  return {{select(m.low, a.low, b.low), select(m.high, a.high, b.high)}};
}
AXIOM_INLINE I32 to_bits(F32 a) { return {{to_bits(a.low), to_bits(a.high)}}; }
AXIOM_INLINE F32 from_bits(I32 a) { return {{{from_bits(a.low), from_bits(a.high)}}}; }
AXIOM_INLINE I32 bits_add(I32 a, I32 b) {
  return {{bits_add(a.low, b.low), bits_add(a.high, b.high)}};
}
AXIOM_INLINE I32 bits_sub(I32 a, I32 b) {
  return {{bits_sub(a.low, b.low), bits_sub(a.high, b.high)}};
}
AXIOM_INLINE I32 bits_and(I32 a, I32 b) {
  return {{bits_and(a.low, b.low), bits_and(a.high, b.high)}};
}
AXIOM_INLINE I32 bits_xor(I32 a, I32 b) {
  return {{bits_xor(a.low, b.low), bits_xor(a.high, b.high)}};
}
template <int N>
AXIOM_INLINE I32 shift_left(I32 a) {
  return {{half::shift_left<N>(a.low), half::shift_left<N>(a.high)}};
}
template <int N>
AXIOM_INLINE I32 shift_right(I32 a) {
  return {{half::shift_right<N>(a.low), half::shift_right<N>(a.high)}};
}
AXIOM_INLINE F32 to_float(I32 a) { return {{{to_float(a.low), to_float(a.high)}}}; }
AXIOM_INLINE F64 add(F64 a, F64 b) { return {{{add(a.low, b.low), add(a.high, b.high)}}}; }
AXIOM_INLINE F64 sub(F64 a, F64 b) { return {{{sub(a.low, b.low), sub(a.high, b.high)}}}; }
AXIOM_INLINE F64 mul(F64 a, F64 b) { return {{{mul(a.low, b.low), mul(a.high, b.high)}}}; }
AXIOM_INLINE F64 div(F64 a, F64 b) { return {{{div(a.low, b.low), div(a.high, b.high)}}}; }
AXIOM_INLINE F64 fma(F64 a, F64 b, F64 c) {
  return {{{fma(a.low, b.low, c.low), fma(a.high, b.high, c.high)}}};
}

/// The constants of cpu::avx512::Isa.
struct Isa {
  using Float = F32;
  using Double = F64;
  static constexpr int registers = 32;
  static constexpr int tile_rows = 8;
  static constexpr int tile_vectors = 2;
  static constexpr int wide_vectors = 2;
  static constexpr int reduction_vectors = 2;
  static constexpr int sparse_panels = 4;
  static std::uint32_t non_zero_bits(F32 a) {
    return half::Isa::non_zero_bits(a.low) | half::Isa::non_zero_bits(a.high) << 8;
  }
  static bool any_negative_zero(const F32* a, int count) {
    bool found = false;
    for (int i = 0; i < count; ++i) {
      found |= half::Isa::any_negative_zero(&a[i].low, 1);
      found |= half::Isa::any_negative_zero(&a[i].high, 1);
    }
    return found;
  }
  template <class Store>
  static void transpose(const float* from, int from_stride, Store store) {
    for (int c = 0; c < 16; ++c) {
      alignas(64) float column[16];
      for (int r = 0; r < 16; ++r) column[r] = from[r * from_stride + c];
      store(c, F32::load(column));
    }
  }
};

}  // namespace axiom::test::wide

template <>
struct axiom::arithmetic::LaneTraits<axiom::test::wide::F32> {
  using Int = axiom::test::wide::I32;
  using Mask = axiom::test::wide::Mask;
  static constexpr int lanes = 16;
};

#include "cpu/kernel_table.inl"

namespace axiom::test {

const cpu::Kernels& wide_kernels() {
  static constexpr cpu::Kernels kernels = cpu::kernel_table<wide::Isa>();
  return kernels;
}

}  // namespace axiom::test
