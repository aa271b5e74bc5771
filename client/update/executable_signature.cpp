#include "client/update/executable_signature.h"

#include "client/signature/threshold.h"
#include "client/update/failure.h"

namespace axiom {
namespace {

constexpr std::string_view comment_prefix = "axiom-client executable ";

[[noreturn]] void damaged(const std::string& why) {
  throw UpdateError(UpdateFailure::executable_damaged,
                    "this program is not as the project signed it (" + why + "): install it again");
}

// Put together here, so that no program holds it that is not signed.
std::string comment_line() { return "trusted comment: " + std::string(comment_prefix); }

}  // namespace

bool has_signature_record(std::string_view end) {
  if (end.size() >= 16 && end.ends_with(executable_signature_magic)) return true;
  // Cut off, followed by something, or with another letter in its last word: not as it was signed.
  return end.find(comment_line()) != std::string_view::npos;
}

std::string verified_executable(std::string_view bytes, const KeyList& keys) {
  if (bytes.size() < 16 || !bytes.ends_with(executable_signature_magic)) {
    damaged("the end of its record is not there");
  }
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
    if (!comment.starts_with(comment_prefix)) damaged("it is signed as " + comment);
    return comment;
  } catch (const SignatureError& error) {
    damaged(error.what());
  }
}

}  // namespace axiom
