#include "client/system/memory.h"

#include <algorithm>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include "client/system/cgroup.h"
#include "client/system/files.h"

namespace axiom {
namespace {

constexpr std::uint64_t kibibyte = 1024;

void limit(HostMemory& memory, std::uint64_t bytes, std::uint64_t used) {
  memory.total = std::min(memory.total, bytes);
  memory.available = std::min(memory.available, bytes - std::min(bytes, used));
}

/// Applies the limits of one group on a host of `total` bytes. Its page cache that was not used
/// lately counts as free.
void limit_by_group(HostMemory& memory, std::uint64_t total, const ControlGroup& group) {
  const bool v2 = group.version == 2;
  const std::string& directory = group.directory;
  const std::uint64_t usage =
      number_in_file(directory + (v2 ? "/memory.current" : "/memory.usage_in_bytes")).value_or(0);
  const std::string statistics = read_system_file(directory + "/memory.stat").value_or("");
  const std::uint64_t cache =
      number_after(statistics, v2 ? "inactive_file " : "total_inactive_file ").value_or(0);
  const std::uint64_t used = usage - std::min(usage, cache);
  // Above memory.high the kernel slows a process down until it stands still.
  for (const char* name : {"/memory.max", "/memory.high", "/memory.limit_in_bytes"}) {
    const std::optional<std::uint64_t> bytes = number_in_file(directory + name);
    // More than the host has limits nothing (version 1 says so where there is no limit); what such
    // a group uses is not asked: once it seems to have been more than there is.
    if (bytes && *bytes < total) limit(memory, *bytes, used);
  }
}

std::uint64_t status_bytes(const char* key) {
  const std::optional<std::uint64_t> value =
      number_after(read_system_file("/proc/self/status").value_or(""), key);
  if (!value) throw IoError(std::string("/proc/self/status does not tell ") + key);
  return *value * kibibyte;
}

}  // namespace

// By default glibc keeps a heap for every thread, and blocks of up to 32 MiB in them once one of
// that size was freed.
void keep_memory_compact() {
#if defined(__GLIBC__)
  ::mallopt(M_ARENA_MAX, 1);  // workers allocate between their steps, not in them
  ::mallopt(M_MMAP_THRESHOLD, 1 << 20);
  ::mallopt(M_TRIM_THRESHOLD, 4 << 20);  // less costs page faults in every measurement
#endif
}

void release_free_memory() {
#if defined(__GLIBC__)
  ::malloc_trim(0);
#endif
}

void release_free_memory(std::uint64_t beyond) {
#if defined(__GLIBC__)
  if (::mallinfo2().fordblks > beyond) release_free_memory();
#else
  static_cast<void>(beyond);
#endif
}

HostMemory host_memory() { return host_memory_below(""); }

HostMemory host_memory_below(const std::string& root) {
  const std::string path = root + "/proc/meminfo";
  const std::string information = real_file_system().read(path, 1u << 20);
  const std::optional<std::uint64_t> total = number_after(information, "MemTotal:");
  const std::optional<std::uint64_t> available = number_after(information, "MemAvailable:");
  if (!total || !available) {
    throw IoError("'" + path +
                  "' does not tell MemTotal and MemAvailable: Linux 3.14 or later "
                  "with /proc mounted is needed");
  }
  HostMemory memory{*total * kibibyte, std::min(*available, *total) * kibibyte};
  for (const ControlGroup& group : control_groups(root, "memory")) {
    limit_by_group(memory, *total * kibibyte, group);
  }
  return memory;
}

std::uint64_t resident_bytes() { return status_bytes("VmRSS:"); }

// Not getrusage(): its maximum is inherited from the program that started this one.
std::uint64_t peak_resident_bytes() { return status_bytes("VmHWM:"); }

}  // namespace axiom
