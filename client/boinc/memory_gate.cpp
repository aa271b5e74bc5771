#include "client/boinc/memory_gate.h"

#include <algorithm>

namespace axiom::boinc {

AllowedMemory allowed_memory(const InitData& data, const HostMemory& host) {
  AllowedMemory memory;
  memory.total = host.total;
  memory.free = host.available;
  // Compared as doubles: what a file claims may be beyond 64 bits.
  if (data.host_memory > 0 && data.host_memory < static_cast<double>(host.total)) {
    memory.total = static_cast<std::uint64_t>(data.host_memory);
  }
  memory.allowed =
      static_cast<std::uint64_t>(static_cast<double>(memory.total) * data.memory_share);
  memory.available = std::min(host.available, memory.allowed);
  return memory;
}

}  // namespace axiom::boinc
