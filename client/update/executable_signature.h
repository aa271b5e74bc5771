// The signature that the packaging may have put at the end of an executable.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "client/update/key_list.h"

namespace axiom {

/// At the end of the file: signatures (minisign's text), their length in bytes as 8 bytes
/// little-endian, and this.
inline constexpr std::string_view executable_signature_magic = "AXIOMSIG";

/// So much of a file's end holds any record.
inline constexpr std::size_t longest_signature_record = maximum_document_bytes + 16;

/// Whether a file with this end has a signature record, or what damage has left of one.
bool has_signature_record(std::string_view end);

/// The trusted comment, "axiom-client executable VERSION", of the signatures over all before the
/// record. UpdateError (executable_damaged) if they do not fit. REQUIRES: there is a record.
std::string verified_executable(std::string_view bytes, const KeyList& keys);

}  // namespace axiom
