// The file of this program.
#pragma once

#include <cstddef>
#include <string>

namespace axiom {

/// The file of this process, without links. IoError if it was removed or replaced meanwhile.
std::string own_executable();

/// The last `bytes` bytes of a file, or all if it is shorter. IoError.
std::string end_of_file(const std::string& path, std::size_t bytes);

}  // namespace axiom
