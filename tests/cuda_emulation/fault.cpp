#include "tests/cuda_emulation/fault.h"

#include <cstdlib>

#include "tests/cuda_emulation/settings.h"

namespace axiom::cuda {

Fault planned_fault(long device) {
  constexpr const char* name = "AXIOM_EMULATED_FAULT";
  Fault fault;
  fault.device = device;
  const char* text = std::getenv(name);
  if (text == nullptr || !concerns(name, device)) return fault;
  const std::string line = text;
  const auto colon = line.find(':');
  const auto second = line.find(':', colon + 1);
  fault.action = line.substr(0, colon);
  fault.at = std::atol(line.c_str() + colon + 1);
  if (second != std::string::npos) {
    fault.seed = static_cast<std::uint64_t>(std::atol(line.c_str() + second + 1));
  }
  return fault;
}

}  // namespace axiom::cuda
