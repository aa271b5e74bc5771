// System calls as the files of this folder need them. Only for those.
#pragma once

#include <sys/types.h>

#include <cerrno>
#include <cstddef>
#include <string>
#include <string_view>

namespace axiom {

/// IoError "cannot WHAT 'PATH': REASON", with advice where there is some, from errno's value.
[[noreturn]] void throw_io_error(const std::string& what, const std::string& path, int error);

/// Calls again what a signal interrupted.
template <typename Call>
auto retried(Call call) {
  auto result = call();
  while (result == -1 && errno == EINTR) result = call();
  return result;
}

/// Bytes of an open file from `offset` on: `length`, or up to its end. IoError; `path` is for the
/// message.
std::string read_at(int file, const std::string& path, off_t offset, std::size_t length);

/// All of them, to an open file. IoError.
void write_all(int file, const std::string& path, std::string_view bytes);

/// Makes the names in a directory durable. IoError.
void sync_directory(const std::string& path);

}  // namespace axiom
