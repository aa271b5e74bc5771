#include "client/update/policy.h"

namespace axiom {
namespace {

const std::string type = "axiom-client policy";

[[noreturn]] void refuse(const std::string& why) {
  throw UpdateError(UpdateFailure::policy_refuses, why);
}

}  // namespace

Policy verified_policy(std::string_view text, std::string_view signatures, const KeyList& keys,
                       double now) {
  const nlohmann::json json = verified_document(type, text, signatures, keys);
  Policy policy;
  policy.number = document::integer(type, json, "number");
  require_current(json, type + " " + std::to_string(policy.number), now);
  policy.minimum_text = document::text(type, json, "minimum_client_version");
  const std::optional<VersionNumber> minimum = parse_version(policy.minimum_text);
  if (!minimum) document::malformed(type + ": \"minimum_client_version\" is no version");
  policy.minimum_version = *minimum;
  const nlohmann::json& experiments = document::member(type, json, "experiment_versions");
  if (!experiments.is_object())
    document::malformed(type + ": \"experiment_versions\" is no object");
  for (const auto& [name, versions] : experiments.items()) {
    if (!versions.is_array()) document::malformed(type + ": \"" + name + "\" is no list");
    std::set<std::string>& accepted = policy.experiments[name];
    for (const nlohmann::json& version : versions) {
      if (!version.is_string()) document::malformed(type + ": a version that is no string");
      accepted.insert(version.get<std::string>());
    }
  }
  return policy;
}

std::optional<std::uint64_t> signed_policy_number(std::string_view text,
                                                  std::string_view signatures,
                                                  const KeyList& keys) {
  try {
    return document::integer(type, verified_document(type, text, signatures, keys), "number");
  } catch (const UpdateError&) {
    return std::nullopt;
  }
}

void require_accepted(const Policy& policy, const std::string& client_version,
                      const std::string& experiment, const std::string& experiment_version) {
  const std::string source = " (policy " + std::to_string(policy.number) + ")";
  const std::optional<VersionNumber> own = parse_version(client_version);
  if (!own || *own < policy.minimum_version) {
    refuse("the project accepts results of axiom-client " + policy.minimum_text +
           " or later, this is " + client_version + source +
           ": axiom-client update --apply --channel URL");
  }
  const auto found = policy.experiments.find(experiment);
  if (found == policy.experiments.end() || found->second.empty()) {
    refuse("the project does not accept results of " + experiment + " at present" + source +
           ": choose another experiment");
  }
  if (!found->second.contains(experiment_version)) {
    std::string accepted;
    for (const std::string& version : found->second) {
      accepted += (accepted.empty() ? "" : ", ") + version;
    }
    refuse("the project accepts " + experiment + " in version " + accepted +
           " only, this program "
           "computes " +
           experiment_version + source + ": axiom-client update --apply --channel URL");
  }
}

}  // namespace axiom
