// What the environment says of the emulated device.
//
// AXIOM_EMULATED_DEVICES (number, default 1), AXIOM_EMULATED_MEMORY (bytes of each;
// "N@D": of device D), AXIOM_EMULATED_PINNED (bytes of the host's that one block of pinned memory
// may have), AXIOM_EMULATED_DRIVER (version, default 13000), AXIOM_EMULATED_CAPABILITY (default 90;
// "N@D"), AXIOM_EMULATED_SHUFFLE (seed of the order of threads and blocks), AXIOM_EMULATED_SHARED
// (bytes of shared memory a block may have), AXIOM_EMULATED_MULTIPROCESSOR (those of a
// multiprocessor), AXIOM_EMULATED_HELD (multiprocessors that cooperative launches cannot have,
// since another program holds them), AXIOM_EMULATED_TEAMS (0: no cooperative launches, as on
// Maxwell), AXIOM_EMULATED_LOADING (milliseconds that a kernel's first launch takes longer),
// AXIOM_EMULATED_FAULT ("ACTION:N": at the N-th launch, see Fault), AXIOM_EMULATED_LOST (launch at
// which the device is lost, beside any other fault; "N@D": device D), AXIOM_EMULATED_START, _OPEN,
// _LOAD and _WORK (the error that starting the driver, opening the first device, loading kernels or
// a device that is lost gives), AXIOM_EMULATED_MODE (compute mode of the first device),
// AXIOM_EMULATED_VANISHES (from the N-th count of devices on the driver only gives errors),
// AXIOM_EMULATED_TRACE (launches, questions for occupancy and copies within the device are listed
// on standard error), AXIOM_EMULATED_SWAPPED (1: two devices have changed places),
// AXIOM_EMULATED_INSTANT (the first launch that computes nothing, see instant.h).
#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace axiom::cuda {

inline long setting(const char* name, long otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::atol(text);
}

/// The device that a setting's value names after an '@': "40@1"; all others are spared. Nothing:
/// all.
inline bool concerns(const char* name, long device) {
  const char* text = std::getenv(name);
  const char* at = text == nullptr ? nullptr : std::strchr(text, '@');
  return at == nullptr || std::atol(at + 1) == device;
}

inline long setting_of(const char* name, long device, long otherwise) {
  return concerns(name, device) ? setting(name, otherwise) : otherwise;
}

inline int capability(long device = 0) {
  return static_cast<int>(setting_of("AXIOM_EMULATED_CAPABILITY", device, 90));
}

inline std::size_t device_memory(long device) {
  return static_cast<std::size_t>(setting_of("AXIOM_EMULATED_MEMORY", device, 1L << 30));
}

/// Devices are told apart by it; two may have changed places.
inline unsigned char uuid_byte(long device) {
  return static_cast<unsigned char>(device ^ setting("AXIOM_EMULATED_SWAPPED", 0));
}

/// That a block may have.
inline long shared_bytes_of_a_block() { return setting("AXIOM_EMULATED_SHARED", 99 << 10); }

/// That its blocks share.
inline std::size_t shared_bytes_of_a_multiprocessor() {
  return static_cast<std::size_t>(setting("AXIOM_EMULATED_MULTIPROCESSOR", 100 << 10));
}

/// What the system takes of it for each block.
inline std::size_t reserved_shared_bytes() { return capability() >= 80 ? 1024 : 0; }

inline int threads_of_a_multiprocessor() {
  const int of = capability();
  if (of == 75) return 1024;
  const bool fewer = of == 86 || of == 87 || of == 88 || of == 89 || of >= 110;
  return fewer ? 1536 : 2048;
}

inline constexpr int multiprocessors = 2;

/// Of these, for teams.
inline int held_by_others() { return static_cast<int>(setting("AXIOM_EMULATED_HELD", 0)); }

/// Whether the device takes cooperative launches.
inline bool has_teams() { return setting("AXIOM_EMULATED_TEAMS", 1) != 0; }

}  // namespace axiom::cuda
