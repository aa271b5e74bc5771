// A random identifier of this installation, for seeds derived from the host.
#pragma once

#include <string>

#include "client/system/files.h"

namespace axiom {

/// The 32 hex digits in DIRECTORY/host_id; drawn and stored durably on first use. IoError if the
/// file cannot be read or written, or holds something else.
std::string host_identifier(FileSystem& files, const std::string& directory);

}  // namespace axiom
