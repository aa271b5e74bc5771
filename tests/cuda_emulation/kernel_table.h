// The kernels of the emulated driver, as a launch hands them their parameters.
#pragma once

#include <cstddef>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace axiom::cuda {

/// Parameter number i of a launch.
template <class T>
T parameter(void** parameters, int i) {
  T value;
  std::memcpy(&value, parameters[i], sizeof value);
  return value;
}

struct Entry {
  std::vector<std::size_t> parameter_bytes;
  int most_threads;  ///< of a block: more would be too many registers
  std::function<void(void**)> run;
};

/// By name. The addresses of the entries stay what they are.
const std::map<std::string, Entry>& kernels();

}  // namespace axiom::cuda
