#include "client/system/executable.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <sstream>

#include "client/system/files.h"
#include "client/system/posix_calls.h"

namespace axiom {
namespace {

// The file that the machine code of this program was mapped from; empty if the system does not say.
std::string mapped_executable() {
  std::string text;
  try {
    text = real_file_system().read("/proc/self/maps", std::size_t{16} << 20);
  } catch (const IoError&) {
    return "";
  }
  const auto own = reinterpret_cast<std::uintptr_t>(&mapped_executable);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    char dash = 0;
    fields >> std::hex >> begin >> dash >> end;
    if (!fields || own < begin || own >= end) continue;
    const std::size_t slash = line.find('/');
    return slash == std::string::npos ? "" : line.substr(slash);
  }
  return "";
}

// Whether it is what runs, and only called as the kernel calls what has no name any more.
bool is_what_runs(const std::string& path) {
  struct stat named {};
  struct stat running {};
  return ::stat(path.c_str(), &named) == 0 && ::stat("/proc/self/exe", &running) == 0 &&
         named.st_dev == running.st_dev && named.st_ino == running.st_ino;
}

}  // namespace

std::string own_executable() {
  std::array<char, PATH_MAX> buffer{};
  const ssize_t length = ::readlink("/proc/self/exe", buffer.data(), buffer.size());
  if (length == -1) throw_io_error("read the link", "/proc/self/exe", errno);
  std::string path(buffer.data(), static_cast<std::size_t>(length));
  // Of a program that was started by naming the dynamic loader the link names the loader: the last
  // file that an update may replace.
  std::string escaped = path;
  for (std::size_t at = 0; (at = escaped.find('\n', at)) != std::string::npos;) {
    escaped.replace(at, 1, "\\012");  // as in the list of mappings
  }
  if (const std::string mapped = mapped_executable(); !mapped.empty() && mapped != escaped) {
    path = mapped;
  }
  if (path.ends_with(" (deleted)") && !is_what_runs(path)) {
    throw IoError("the file of this program was replaced while it ran: start it again");
  }
  return path;
}

std::string end_of_file(const std::string& path, std::size_t bytes) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file == -1) throw_io_error("open", path, errno);
  struct stat status {};
  const bool known = ::fstat(file, &status) == 0;
  const int error = errno;
  std::string end;
  if (known) {
    const auto length = std::min<off_t>(status.st_size, static_cast<off_t>(bytes));
    try {
      end = read_at(file, path, status.st_size - length, static_cast<std::size_t>(length));
    } catch (const IoError&) {
      ::close(file);
      throw;
    }
  }
  ::close(file);
  if (!known) throw_io_error("examine", path, error);
  return end;
}

}  // namespace axiom
