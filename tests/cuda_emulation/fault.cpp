#include "tests/cuda_emulation/fault.h"

#include <cstdlib>

namespace axiom::cuda {

Fault planned_fault() {
  Fault fault;
  const char* text = std::getenv("AXIOM_EMULATED_FAULT");
  if (text == nullptr) return fault;
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
