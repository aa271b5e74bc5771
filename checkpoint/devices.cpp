#include <algorithm>

#include "checkpoint/checkpoint.h"

namespace axiom {

void note_device(Checkpoint& checkpoint, const std::string& device) {
  std::vector<std::string>& devices = checkpoint.devices;
  const auto place = std::lower_bound(devices.begin(), devices.end(), device);
  if (device.empty() || (place != devices.end() && *place == device)) return;
  devices.insert(place, device);
}

bool may_be_of(const std::vector<std::string>& devices, const std::string& device) {
  return std::any_of(devices.begin(), devices.end(), [&](const std::string& noted) {
    return noted == device || noted == unknown_device;
  });
}

}  // namespace axiom
