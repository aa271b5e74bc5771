// The formats of the minisign tool: public keys and signatures, and what one signature says.
#pragma once

#include <array>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace axiom {

enum class SignatureFailure {
  malformed,        ///< no signature of a kind that is accepted
  wrong,            ///< not over these bytes
  comment_altered,  ///< over these bytes, but the trusted comment is not what was signed
  too_few,          ///< fewer known keys have signed than the threshold
  same_key_twice,
  mixed,  ///< genuine signatures that do not belong together
};

/// One line: what is wrong, with which key.
class SignatureError : public std::runtime_error {
 public:
  SignatureError(SignatureFailure kind, const std::string& message)
      : std::runtime_error(message), failure(kind) {}

  SignatureFailure failure;
};

struct PublicKey {
  std::string text;  ///< as the tool prints it: 56 characters, beginning with "RW"
  std::array<unsigned char, 8> id{};
  std::array<unsigned char, 32> key{};

  /// The identifier as the tool shows it: up to 16 upper-case hex digits, none of them a leading 0.
  std::string name() const;
};

/// From the second line of a .pub file. SignatureError (malformed).
PublicKey parse_public_key(std::string_view text);

struct Signature {
  std::array<unsigned char, 8> key_id{};
  std::array<unsigned char, 64> signature{};  ///< over BLAKE2b-512 of the bytes
  std::string trusted_comment;
  std::array<unsigned char, 64> comment_signature{};  ///< over signature + trusted comment
};

/// One or more signature files, one after the other, LF (or CR LF) at the end of each line.
/// Prehashed signatures (algorithm "ED") only: the legacy kind "Ed", over the bytes themselves,
/// would be a second way to sign the same, and the tool has not written it by default since 2021.
/// SignatureError (malformed).
std::vector<Signature> parse_signatures(std::string_view text);

/// BLAKE2b-512.
std::array<unsigned char, 64> prehash(std::string_view bytes);

/// Whether `signature` is by `key` over bytes with that hash. SignatureError (wrong,
/// comment_altered) if not.
void verify(const Signature& signature, const std::array<unsigned char, 64>& hash,
            const PublicKey& key);

}  // namespace axiom
