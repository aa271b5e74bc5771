// Enough of the right keys.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "client/signature/minisign.h"

namespace axiom {

/// That at least `threshold` different keys of `keys` have signed `bytes`, all with the same
/// trusted comment, which is returned. Signatures by other keys do not count and are not looked at
/// (a key list is signed by old and new keys); one by a key of `keys` that is wrong spoils all.
/// SignatureError. REQUIRES: threshold ≥ 1, the keys differ.
std::string verify_threshold(std::string_view bytes, const std::vector<Signature>& signatures,
                             const std::vector<PublicKey>& keys, std::size_t threshold);

}  // namespace axiom
