// Messages for failed system calls. Only for the files of this folder.
#pragma once

#include <string>

namespace axiom {

/// IoError "cannot WHAT 'PATH': REASON", with advice where there is some, from errno's value.
[[noreturn]] void throw_io_error(const std::string& what, const std::string& path, int error);

}  // namespace axiom
