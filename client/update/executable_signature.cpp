#include "client/update/executable_signature.h"

#include "client/signature/threshold.h"
#include "client/update/failure.h"

namespace axiom {
namespace {

[[noreturn]] void damaged(const std::string& why) {
  throw UpdateError(UpdateFailure::executable_damaged,
                    "this program is not as the project signed it (" + why + "): install it again");
}

}  // namespace

bool has_signature_record(std::string_view end) {
  return end.size() >= 16 && end.ends_with(executable_signature_magic);
}

std::string verified_executable(std::string_view bytes, const KeyList& keys) {
  bytes.remove_suffix(executable_signature_magic.size());
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    length |= std::uint64_t{static_cast<unsigned char>(bytes[bytes.size() - 8 + i])} << (8 * i);
  }
  bytes.remove_suffix(8);
  if (length > maximum_document_bytes || length > bytes.size()) damaged("its record is cut off");
  const std::string_view signatures = bytes.substr(bytes.size() - length);
  const std::string_view program = bytes.substr(0, bytes.size() - length);
  try {
    std::string comment =
        verify_threshold(program, parse_signatures(signatures), keys.keys, keys.threshold);
    if (!comment.starts_with("axiom-client executable ")) damaged("it is signed as " + comment);
    return comment;
  } catch (const SignatureError& error) {
    damaged(error.what());
  }
}

}  // namespace axiom
