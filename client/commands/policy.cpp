#include "client/commands/policy.h"

#include <optional>

#include "client/anchors/anchors.h"
#include "client/commands/network.h"
#include "client/commands/own_installation.h"
#include "client/commands/version.h"
#include "client/experiments/experiment.h"
#include "client/system/clock.h"
#include "client/update/policy.h"

namespace axiom {
namespace {

struct PolicyText {
  std::string text;
  std::string signatures;
};

class PolicyCheck {
 public:
  PolicyCheck(const CommandLine& line, Console& console)
      : line_(line), console_(console), path_(line.out + "/policy.json") {
    keys_ = trusted_keys(embedded_key_list(), own_installation().load());
  }

  void require(const std::string& experiment, bool under_way) {
    const std::optional<PolicyText> text = kept_text();
    const std::optional<Policy> kept = verified_quietly(text);
    std::optional<Policy> policy = kept;
    try {
      if (const std::optional<PolicyText> got = fetched()) {
        policy = verified_policy(got->text, got->signatures, keys_, utc_seconds());
        if (text) require_not_older(*policy, *got, *text);
        if (!text || got->text != text->text || got->signatures != text->signatures) keep(*got);
      }
    } catch (const UpdateError& error) {
      if (!under_way) throw UpdateError(error.failure, error.what() + remedy(error));
      console_.warning(std::string(error.what()) + "; the work under way goes on");
      policy = kept;
    }
    if (policy) {
      require_accepted(*policy, client_version(), experiment, std::string(experiment_version));
    }
  }

 private:
  std::optional<PolicyText> fetched() {
    try {
      const std::unique_ptr<HttpsClient> client = https_client(line_.network);
      const Address address = parse_address(line_.network.policy_url);
      const std::string query = address.query.empty() ? "" : "?" + address.query;
      const Address signature = parse_address(address.shown() + ".minisig" + query);
      auto text = client->get(address, maximum_document_bytes);
      auto signatures = client->get(signature, maximum_document_bytes);
      if (text && signatures) return PolicyText{*std::move(text), *std::move(signatures)};
      console_.warning(address.shown() + ": there is no policy, or no signature; going on");
    } catch (const TransferError& error) {
      console_.warning("the policy cannot be fetched: " + std::string(error.what()) + "; going on");
    }
    return std::nullopt;
  }

  // Expiry ends what a policy allows, not that there was a newer one.
  void require_not_older(const Policy& policy, const PolicyText& got, const PolicyText& kept) {
    const auto seen = signed_policy_number(kept.text, kept.signatures, keys_);
    if (!seen) return;
    if (policy.number < *seen) {
      throw UpdateError(UpdateFailure::older_than_seen,
                        "policy " + std::to_string(policy.number) + " is older than number " +
                            std::to_string(*seen) + ", which was current before");
    }
    if (policy.number == *seen && got.text != kept.text) {
      throw UpdateError(UpdateFailure::mixed, "there are two different policies with number " +
                                                  std::to_string(policy.number) +
                                                  ", this one and '" + path_ +
                                                  "': tell the project");
    }
  }

  void keep(const PolicyText& got) {
    try {
      files_.write_durably(path_ + ".minisig", got.signatures);
      files_.write_durably(path_, got.text);
    } catch (const IoError& error) {
      console_.warning("the policy is not kept for later: " + std::string(error.what()));
    }
  }

  // One that cannot be read says nothing.
  std::optional<PolicyText> kept_text() {
    try {
      if (!files_.exists(path_) || !files_.exists(path_ + ".minisig")) return std::nullopt;
      return PolicyText{files_.read(path_, maximum_document_bytes),
                        files_.read(path_ + ".minisig", maximum_document_bytes)};
    } catch (const IoError&) {
      return std::nullopt;
    }
  }

  // A kept policy that has expired, or was cut off by a kill, says nothing.
  std::optional<Policy> verified_quietly(const std::optional<PolicyText>& kept) {
    if (!kept) return std::nullopt;
    try {
      return verified_policy(kept->text, kept->signatures, keys_, utc_seconds());
    } catch (const UpdateError&) {
      return std::nullopt;
    }
  }

  // Only updates follow a rotation of keys.
  static std::string remedy(const UpdateError& error) {
    if (error.failure != UpdateFailure::too_few_signatures) return "";
    return ". If its keys have changed, axiom-client update --check --channel URL learns the new "
           "ones";
  }

  const CommandLine& line_;
  Console& console_;
  FileSystem& files_ = real_file_system();
  const std::string path_;
  KeyList keys_;
};

}  // namespace

void require_policy(const CommandLine& line, const std::string& experiment, bool under_way,
                    Console& console) try {
  if (line.network.policy_url.empty()) return;
  PolicyCheck(line, console).require(experiment, under_way);
} catch (const IoError& error) {  // what updates have left, or the file of an option
  if (!under_way) throw;
  console.warning("the policy cannot be checked: " + std::string(error.what()) +
                  "; the work under way goes on");
}

}  // namespace axiom
