// The memory that a task may count on: what the host has, and what its owner allows BOINC.
#pragma once

#include <cstdint>

#include "client/boinc/init_data.h"
#include "client/system/memory.h"

namespace axiom::boinc {

/// Bytes.
struct AllowedMemory {
  std::uint64_t total = 0;      ///< of the host: the least of what the system and the client say
  std::uint64_t free = 0;       ///< as the system says
  std::uint64_t allowed = 0;    ///< of the total, by the volunteer's preferences
  std::uint64_t available = 0;  ///< to the task: the lesser of the two
};
AllowedMemory allowed_memory(const InitData& data, const HostMemory& host);

}  // namespace axiom::boinc
