// The layout of docs/CHECKPOINT.md, shared by encode.cpp and decode.cpp.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace axiom::checkpoint_format {

// The envelope: equal in all versions of the format, now and later. So a damaged file can be told
// from a file of another version.
inline constexpr std::string_view magic = "AXIOMCKP";
inline constexpr std::size_t digest_bytes = 32;
inline constexpr std::size_t envelope_bytes = 8 + 4 + 8 + digest_bytes;

// Versions 1 and 2, fixed parts.
inline constexpr std::size_t header_bytes =
    digest_bytes + 8 + 8 + 8 + 8 + 4;                   // work digest … seeds
inline constexpr std::size_t seed_bytes = 4;            // group count
inline constexpr std::size_t group_bytes = 4 + 4 + 4;   // measured, value count, member count
inline constexpr std::size_t member_bytes = 8 + 1 + 4;  // step, diverged, parameter count

// Version 2 also ends with the devices: their number, and of each the length of its name.
inline constexpr std::size_t device_bytes = 4;
inline constexpr std::size_t longest_device = 64;
// In plans: more than one work unit ever sees.
inline constexpr std::size_t planned_devices_bytes = 4 + 16 * (device_bytes + longest_device);

/// What a device's name may be: printable ASCII.
constexpr bool is_device_name(std::string_view name) {
  if (name.empty() || name.size() > longest_device) return false;
  for (const char c : name) {
    if (c < ' ' || c > '~') return false;
  }
  return true;
}

// The one NaN of the format: positive, quiet, no payload.
inline constexpr std::uint64_t canonical_nan64 = 0x7FF8000000000000u;
inline constexpr std::uint32_t canonical_nan32 = 0x7FC00000u;

// On bits, so that no compiler flag can reason NaN away.
constexpr bool is_nan(std::uint64_t bits) { return (bits << 1) > 0xFFE0000000000000u; }
constexpr bool is_nan(std::uint32_t bits) { return (bits << 1) > 0xFF000000u; }
/// Not negative (no −0 either) and finite.
constexpr bool is_duration(std::uint64_t bits) { return bits < 0x7FF0000000000000u; }

static_assert(sizeof(double) == 8 && sizeof(float) == 4);

}  // namespace axiom::checkpoint_format
