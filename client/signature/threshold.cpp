#include "client/signature/threshold.h"

#include <algorithm>
#include <set>

namespace axiom {

std::string verify_threshold(std::string_view bytes, const std::vector<Signature>& signatures,
                             const std::vector<PublicKey>& keys, std::size_t threshold) {
  const auto hash = prehash(bytes);
  std::set<std::array<unsigned char, 8>> signers;
  std::string comment;
  for (const Signature& signature : signatures) {
    const auto key = std::find_if(keys.begin(), keys.end(), [&](const PublicKey& candidate) {
      return candidate.id == signature.key_id;
    });
    if (key == keys.end()) continue;
    verify(signature, hash, *key);
    if (!signers.insert(key->id).second) {
      throw SignatureError(SignatureFailure::same_key_twice,
                           "key " + key->name() + " has signed twice: each key counts once");
    }
    if (signers.size() > 1 && signature.trusted_comment != comment) {
      throw SignatureError(SignatureFailure::mixed,
                           "the signatures' trusted comments differ: they do not belong together");
    }
    comment = signature.trusted_comment;
  }
  if (signers.size() < threshold) {
    throw SignatureError(SignatureFailure::too_few, "signed by " + std::to_string(signers.size()) +
                                                        " of the known keys, " +
                                                        std::to_string(threshold) + " are needed");
  }
  return comment;
}

}  // namespace axiom
