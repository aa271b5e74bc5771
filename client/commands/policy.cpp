#include "client/commands/policy.h"

#include <charconv>
#include <optional>
#include <string_view>

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
  bool operator==(const PolicyText&) const = default;
};

// Kept in one file, so that a kill between two cannot part them: a line with the length of the
// policy, the policy, its signatures.
constexpr std::string_view kept_heading = "axiom-client kept policy, bytes: ";

std::string kept_form(const PolicyText& policy) {
  return std::string(kept_heading) + std::to_string(policy.text.size()) + "\n" + policy.text +
         policy.signatures;
}

std::optional<PolicyText> from_kept_form(std::string_view file) {
  if (!file.starts_with(kept_heading)) return std::nullopt;
  file.remove_prefix(kept_heading.size());
  std::size_t length = 0;
  const auto [end, error] = std::from_chars(file.data(), file.data() + file.size(), length);
  file.remove_prefix(static_cast<std::size_t>(end - file.data()));
  if (error != std::errc() || !file.starts_with('\n')) return std::nullopt;
  file.remove_prefix(1);
  if (length > file.size()) return std::nullopt;
  return PolicyText{std::string(file.substr(0, length)), std::string(file.substr(length))};
}

class PolicyCheck {
 public:
  PolicyCheck(const CommandLine& line, Console& console)
      : line_(line), console_(console), path_(line.out + "/policy.kept") {
    keys_ = trusted_keys(embedded_key_list(), own_installation().load());
  }

  void require(const std::string& experiment, bool under_way) {
    const std::optional<PolicyText> text = kept_text();
    const std::optional<Policy> kept = verified_quietly(text);
    std::optional<Policy> policy = kept;
    try {
      if (const std::optional<PolicyText> got = fetched(under_way)) {
        policy = verified_policy(got->text, got->signatures, keys_, utc_seconds());
        if (text) require_not_older(*policy, *got, *text);
        if (got != text) keep(*got);
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
  std::optional<PolicyText> fetched(bool under_way) {
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
    } catch (const TransferUnavailable& error) {  // the host's libcurl has gone since it began
      if (!under_way) throw;
      console_.warning(std::string(error.what()) + "; the work under way goes on");
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
      files_.write_durably(path_, kept_form(got));
    } catch (const IoError& error) {
      console_.warning("the policy is not kept for later: " + std::string(error.what()));
    }
  }

  // One that cannot be read says nothing.
  std::optional<PolicyText> kept_text() {
    constexpr std::size_t most = kept_heading.size() + 32 + 2 * maximum_document_bytes;
    try {
      if (!files_.exists(path_)) return std::nullopt;
      return from_kept_form(files_.read_file(path_, most));
    } catch (const IoError&) {
      return std::nullopt;
    }
  }

  // A kept policy that has expired, or that someone changed, says nothing.
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
