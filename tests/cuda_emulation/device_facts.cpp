// The part of the emulated driver that tells what devices there are and what they can do.
#include <algorithm>
#include <atomic>
#include <cstring>
#include <iterator>
#include <limits>

#include "cuda/driver_api.h"
#include "tests/cuda_emulation/settings.h"

namespace {

using namespace axiom::cuda;

constexpr Result invalid_value = 1;
constexpr Result unknown_error = 999;

}  // namespace

extern "C" {

Result cuInit(unsigned) {
  const long otherwise = setting("AXIOM_EMULATED_DEVICES", 1) == 0 ? no_device : success;
  return static_cast<Result>(setting("AXIOM_EMULATED_START", otherwise));
}

Result cuDriverGetVersion(int* version) {
  *version = static_cast<int>(setting("AXIOM_EMULATED_DRIVER", 13000));
  return success;
}

Result cuDeviceGetCount(int* count) {
  static std::atomic<long> asked = 0;
  if (++asked >= setting("AXIOM_EMULATED_VANISHES", std::numeric_limits<long>::max())) {
    return unknown_error;
  }
  *count = static_cast<int>(setting("AXIOM_EMULATED_DEVICES", 1));
  return success;
}

Result cuDeviceGet(DeviceNumber* device, int ordinal) {
  *device = ordinal;
  return success;
}

Result cuDeviceGetName(char* name, int length, DeviceNumber) {
  std::strncpy(name, "Emulated device", static_cast<std::size_t>(length));
  return success;
}

Result cuDeviceGetUuid(Uuid* uuid, DeviceNumber device) {
  std::fill(std::begin(uuid->bytes), std::end(uuid->bytes), uuid_byte(device));
  return success;
}

Result cuDeviceGetAttribute(int* value, int attribute, DeviceNumber device) {
  switch (attribute) {
    case attribute_multiprocessors:
      *value = multiprocessors;
      return success;
    case attribute_clock_khz:
      *value = 1000000;
      return success;
    case attribute_compute_mode:
      *value = device == 0 ? static_cast<int>(setting("AXIOM_EMULATED_MODE", 0)) : 0;
      return success;
    case attribute_major:
      *value = capability(device) / 10;
      return success;
    case attribute_minor:
      *value = capability(device) % 10;
      return success;
    case attribute_l2_cache_bytes:
      *value = 1 << 20;
      return success;
    case attribute_cooperative_launch:
      *value = has_teams() ? 1 : 0;
      return success;
    case attribute_shared_bytes_optin:
      *value = static_cast<int>(shared_bytes_of_a_block());
      return success;
    default:
      return invalid_value;
  }
}

Result cuDeviceTotalMem_v2(std::size_t* bytes, DeviceNumber device) {
  *bytes = device_memory(device);
  return success;
}

}  // extern "C"
