// What the project still accepts: asked before computing, so that no work is done in vain.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "client/update/signed_document.h"
#include "client/update/version_number.h"

namespace axiom {

/// docs/UPDATES.md, "The policy".
struct Policy {
  std::uint64_t number = 0;
  VersionNumber minimum_version{};
  std::string minimum_text;
  std::map<std::string, std::set<std::string>> experiments;  ///< versions accepted, by name
};

/// UpdateError unless the signatures hold, all members are as documented and it is current at
/// `now`.
Policy verified_policy(std::string_view text, std::string_view signatures, const KeyList& keys,
                       double now);

/// The number of a policy whose signatures hold, be it expired; nothing if it is none.
std::optional<std::uint64_t> signed_policy_number(std::string_view text,
                                                  std::string_view signatures, const KeyList& keys);

/// UpdateError (policy_refuses), with the remedy, if this program or the experiment's version is
/// not accepted.
void require_accepted(const Policy& policy, const std::string& client_version,
                      const std::string& experiment, const std::string& experiment_version);

}  // namespace axiom
