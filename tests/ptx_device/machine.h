// What translated PTX (translate.py) is made of: the instructions' semantics after NVIDIA's "PTX
// ISA", and memory that is checked at every access (memory.h). One thread of the emulated device
// runs at a time.
#pragma once

#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>
#include <vector>

#include "tests/cuda_emulation/include/device.h"
#include "tests/ptx_device/memory.h"

namespace axiom::cuda::ptx {

/// Length and CRC-32 of the PTX that was translated.
struct ImageSum {
  std::size_t length;
  std::uint32_t crc;
};
extern const std::vector<ImageSum> translated_images;

inline int thread() { return emulation::current.index; }
inline int threads() { return emulation::current.count; }
inline int block() { return emulation::current.block; }
inline int blocks() { return emulation::current.blocks; }
inline std::uint64_t nanoseconds() { return cuda::nanoseconds(); }

// --- registers ---

inline float float_of(std::uint32_t bits) { return std::bit_cast<float>(bits); }
inline double double_of(std::uint64_t bits) { return std::bit_cast<double>(bits); }

/// A register's value for an instruction of another type: the same bits if one of them is of
/// floating point, else cut off or extended as the source's signedness says.
template <class To, class From>
To as(From value) {
  if constexpr (std::is_floating_point_v<To> != std::is_floating_point_v<From>) {
    return std::bit_cast<To>(value);
  } else {
    static_assert(!std::is_floating_point_v<To> || std::is_same_v<To, From>);
    return static_cast<To>(value);
  }
}

/// What a register holds that no instruction has set: a NaN, or a large number.
template <class T>
T never_set() {
  if constexpr (std::is_floating_point_v<T>) return std::numeric_limits<T>::quiet_NaN();
  return static_cast<T>(0x7fbadbad7fbadbad);
}

inline std::uint64_t pack(std::uint32_t low, std::uint32_t high) {
  return std::uint64_t{high} << 32 | low;
}

// --- whole numbers ---

/// Shifts by the width or more leave nothing, or the sign.
template <class T>
T shl(T a, std::uint32_t n) {
  return n >= 8 * sizeof(T) ? T{0} : static_cast<T>(a << n);
}
template <class T>
T shr(T a, std::uint32_t n) {
  constexpr std::uint32_t bits = 8 * sizeof(T);
  if (n >= bits) return std::is_signed_v<T> && a < 0 ? static_cast<T>(-1) : T{0};
  return static_cast<T>(a >> n);
}
inline std::uint32_t funnel_left(std::uint32_t low, std::uint32_t high, std::uint32_t n) {
  return static_cast<std::uint32_t>(pack(low, high) << (n % 32) >> 32);
}
template <class T>
T rem(T a, T b) {
  return b == 0 ? never_set<T>() : static_cast<T>(a % b);
}

// --- floating point: rounded to nearest, subnormal numbers kept, as the names must say ---

/// In single precision every NaN that comes out is this one; a processor keeps the operand's.
template <class T>
T canonical(T value) {
  if constexpr (std::is_same_v<T, float>) return value != value ? float_of(0x7fffffff) : value;
  return value;
}
template <class T>
T add(T a, T b) {
  return canonical(a + b);
}
template <class T>
T sub(T a, T b) {
  return canonical(a - b);
}
template <class T>
T mul(T a, T b) {
  return canonical(a * b);
}
template <class T>
T fma(T a, T b, T c) {
  return canonical(std::fma(a, b, c));
}
template <class T>
T div(T a, T b) {
  if constexpr (std::is_integral_v<T>) return b == 0 ? never_set<T>() : static_cast<T>(a / b);
  return canonical(a / b);
}
template <class T>
T rcp(T a) {
  return canonical(T{1} / a);
}
template <class T>
T sqrt(T a) {
  return canonical(std::sqrt(a));
}
template <class T>
T neg(T a) {
  return -a;
}
template <class T>
T abs(T a) {
  return std::fabs(a);
}
/// The operand that is a number; +0 is greater than -0.
template <class T>
T max(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (a != a) return canonical(b);
    if (b != b) return a;
    if (a == b) return std::signbit(a) ? b : a;
  }
  return a > b ? a : b;
}
template <class T>
T min(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (a != a) return canonical(b);
    if (b != b) return a;
    if (a == b) return std::signbit(a) ? a : b;
  }
  return a < b ? a : b;
}
template <class T>
bool unordered(T a, T b) {
  return a != a || b != b;
}
/// To the nearest number.
template <class To, class From>
To convert(From value) {
  if constexpr (std::is_same_v<To, float>) return canonical(static_cast<float>(value));
  return static_cast<To>(value);
}

/// To an integer, towards zero; the nearest one of To beyond its range. A NaN becomes 0, or the
/// least one where either has 64 bits.
template <class To, class From>
To truncate(From value) {
  constexpr bool wide = std::is_same_v<From, double> || sizeof(To) == 8;
  if (value != value) return wide ? std::numeric_limits<To>::min() : To{0};
  constexpr From end = -static_cast<From>(std::numeric_limits<To>::min());  // a power of two
  if (value >= end) return std::numeric_limits<To>::max();
  if (value <= -end) return std::numeric_limits<To>::min();
  return static_cast<To>(value);
}

// --- memory ---

/// Local memory of one call.
template <std::size_t size>
struct Depot {
  alignas(16) unsigned char bytes[size];
  bool set[size] = {};
};

template <class T, std::size_t n>
using Vector = std::array<T, n>;

template <class T, std::size_t n>
Vector<T, n> take(const unsigned char* from) {
  Vector<T, n> values;
  std::memcpy(values.data(), from, sizeof values);
  return values;
}

template <class T, std::size_t n>
void put(unsigned char* to, const Vector<T, n>& values) {
  std::memcpy(to, values.data(), sizeof values);
}

template <class T, std::size_t n>
Vector<T, n> load_param(const unsigned char* from) {
  return take<T, n>(from);
}
template <class T, std::size_t n>
void store_param(unsigned char* to, const Vector<T, n>& values) {
  put(to, values);
}

template <class T, std::size_t n, std::size_t size>
std::size_t offset_in(const Depot<size>& depot, std::uint64_t address, int line) {
  const std::uint64_t offset = address - reinterpret_cast<std::uint64_t>(depot.bytes);
  if (offset > size || size - offset < sizeof(Vector<T, n>) || offset % sizeof(Vector<T, n>) != 0) {
    fail("local memory is left, or an address is not aligned", line);
  }
  return offset;
}
template <class T, std::size_t n, std::size_t size>
Vector<T, n> load_local(const Depot<size>& depot, std::uint64_t address, int line) {
  const std::size_t offset = offset_in<T, n>(depot, address, line);
  for (std::size_t i = 0; i < sizeof(Vector<T, n>); ++i) {
    if (!depot.set[offset + i]) fail("local memory is read that was never written", line);
  }
  return take<T, n>(depot.bytes + offset);
}
template <class T, std::size_t n, std::size_t size>
void store_local(Depot<size>& depot, std::uint64_t address, int line, const Vector<T, n>& values) {
  const std::size_t offset = offset_in<T, n>(depot, address, line);
  put(depot.bytes + offset, values);
  std::memset(depot.set + offset, 1, sizeof values);
}

template <class T, std::size_t n>
Vector<T, n> load_shared(std::uint64_t address, int line) {
  return take<T, n>(memory().shared(address, sizeof(Vector<T, n>), Access::read, line));
}
template <class T, std::size_t n>
void store_shared(std::uint64_t address, int line, const Vector<T, n>& values) {
  put(memory().shared(address, sizeof values, Access::write, line), values);
}
template <class T, std::size_t n>
Vector<T, n> load_global(std::uint64_t address, int line) {
  return take<T, n>(memory().global(address, sizeof(Vector<T, n>), Access::read, line));
}
template <class T, std::size_t n>
void store_global(std::uint64_t address, int line, const Vector<T, n>& values) {
  put(memory().global(address, sizeof values, Access::write, line), values);
}

// --- between threads ---

/// A read of what other blocks write with atomic operations. They have their turn first: devices
/// without nanosleep wait by nothing but such reads.
template <class T, std::size_t n>
Vector<T, n> strong_load_global(std::uint64_t address, int line) {
  emulation::yield();
  const auto* from = memory().global(address, sizeof(Vector<T, n>), Access::strong, line);
  memory().acquire(address);
  return take<T, n>(from);
}
template <class T, class Change>
T atomic(unsigned char* at, const Change& change) {
  T before;
  std::memcpy(&before, at, sizeof before);
  const T after = change(before);
  std::memcpy(at, &after, sizeof after);
  return before;
}
template <class T>
unsigned char* atomic_global(std::uint64_t address, int line) {
  auto* at = memory().global(address, sizeof(T), Access::strong, line);
  memory().acquire(address);
  memory().release(address);
  return at;
}
template <class T>
T add_global(std::uint64_t address, int line, T value) {
  return atomic<T>(atomic_global<T>(address, line), [=](T old) { return old + value; });
}
template <class T>
T cas_global(std::uint64_t address, int line, T expected, T value) {
  return atomic<T>(atomic_global<T>(address, line),
                   [=](T old) { return old == expected ? value : old; });
}
template <class T>
T add_shared(std::uint64_t address, int line, T value) {
  auto* at = memory().shared(address, sizeof(T), Access::strong, line);
  return atomic<T>(at, [=](T old) { return old + value; });
}

inline void fence() { memory().fence(); }
inline void pause() { emulation::yield(); }
inline void barrier() {
  emulation::wait_at_barrier();
  memory().after_barrier();
}

}  // namespace axiom::cuda::ptx
