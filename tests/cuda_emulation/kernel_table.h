// The kernels of the emulated driver, as a launch hands them their parameters.
#pragma once

#include <cstring>
#include <functional>
#include <map>
#include <string>

namespace axiom::cuda {

/// Parameter number i of a launch.
template <class T>
T parameter(void** parameters, int i) {
  T value;
  std::memcpy(&value, parameters[i], sizeof value);
  return value;
}

using Entry = std::function<void(void**)>;

/// By name. The addresses of the entries stay what they are.
const std::map<std::string, Entry>& kernels();

}  // namespace axiom::cuda
