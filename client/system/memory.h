// How much memory this process may use.
#pragma once

#include <cstdint>
#include <string>

namespace axiom {

/// In bytes.
struct HostMemory {
  std::uint64_t total = 0;      ///< of the host, or of the control group if that is less
  std::uint64_t available = 0;  ///< that can be taken without swapping or being killed
};

/// Memory of this host as limited by the process's control groups (v1 and v2). IoError if the
/// system does not tell.
HostMemory host_memory();
/// The same, read from the files below `root` (as in a test): root/proc/meminfo and so on.
HostMemory host_memory_below(const std::string& root);

/// Makes freed memory return to the system, so that a process takes what is in use and no more.
/// Call before the first thread starts.
void keep_memory_compact();
/// Returns now what is free,
void release_free_memory();
/// if it is more than so many bytes.
void release_free_memory(std::uint64_t beyond);

/// Bytes that this process holds in memory now, and the most it ever held.
std::uint64_t resident_bytes();
std::uint64_t peak_resident_bytes();

}  // namespace axiom
