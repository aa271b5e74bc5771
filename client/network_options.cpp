#include "client/network_options.h"

#include <CLI/CLI.hpp>

#include "client/command_line.h"
#include "client/option_values.h"
#include "client/system/base64.h"
#include "client/transfer/failure.h"
#include "client/upload/upload_object.h"

namespace axiom {
namespace {

const std::vector<std::string> upload_options = {"--upload-url", "--upload-credentials"};
// Of a run: what is sent before its end.
const std::vector<std::string> intermediate_options = {"--upload-intermediate", "--outbox-limit"};
const std::vector<std::string> transfer_options = {
    "--ca-file",       "--pin",       "--connect-timeout", "--stall-timeout",
    "--total-timeout", "--retry-for", "--retry-delay"};

void require_pin(const std::string& pin) {
  constexpr std::string_view prefix = "sha256//";
  const auto digest = pin.starts_with(prefix) ? decode_base64(pin.substr(prefix.size()))
                                              : std::optional<std::string>();
  if (!digest || digest->size() != 32) {
    throw UsageError("--pin: expected sha256// and 44 characters of base64, got \"" + pin + "\"");
  }
}

void require_upload_url(const std::string& text) try {
  object_address(text, UploadKind::result, stand_in_name());
  // All hosts would put their results into one place, and replace each other's.
  if (single_object(text) && text.find('{') != std::string::npos) {
    throw UsageError("--upload-url: " + parse_address(text).shown() +
                     " holds a '{', but not {name}: write {name}, or %7B for that character");
  }
} catch (const AddressError& error) {
  throw UsageError(std::string("--upload-url: ") + error.what());
}

void require_channel(const std::string& text) try {
  const Address address = parse_address(text);
  if (!address.path.ends_with('/') || !address.query.empty()) {
    throw UsageError("--channel: expected a folder, https://HOST/PATH/, without a query, got " +
                     address.shown() + (address.query.empty() ? "" : "?..."));
  }
} catch (const AddressError& error) {
  throw UsageError(std::string("--channel: ") + error.what());
}

void require_policy_url(const std::string& text) try {
  parse_address(text);
} catch (const AddressError& error) {
  throw UsageError(std::string("--policy-url: ") + error.what());
} catch (const TransferUnavailable&) {
  // Without libcurl no address can be read; whether that matters depends on the work.
}

}  // namespace

void NetworkOptionParser::declare(CLI::App& app) {
  app.add_option("--upload-url", options_.upload_url);
  app.add_option("--upload-credentials", options_.upload_credentials);
  app.add_option("--upload-intermediate", upload_intermediate_)->expected(0, 1);
  app.add_option("--outbox-limit", outbox_limit_);
  app.add_option("--policy-url", options_.policy_url);
  app.add_option("--ca-file", options_.ca_file);
  app.add_option("--pin", options_.pins)->allow_extra_args(false);
  app.add_option("--connect-timeout", connect_timeout_);
  app.add_option("--stall-timeout", stall_timeout_);
  app.add_option("--total-timeout", total_timeout_);
  app.add_option("--retry-for", retry_for_);
  app.add_option("--retry-delay", retry_delay_);
  CLI::App* upload = app.add_subcommand("upload")->fallthrough();
  upload->set_help_flag();
  upload->add_option("directory", options_.upload_directory);
  upload->add_flag("--print-upload", options_.print_upload);
  CLI::App* update = app.add_subcommand("update")->fallthrough();
  update->set_help_flag();
  update->add_flag("--check", options_.update_check);
  update->add_flag("--apply", options_.update_apply);
  update->add_option("--channel", options_.channel);
}

void NetworkOptionParser::check_subcommand(const CLI::App& app,
                                           const std::string& subcommand) const {
  const auto given = [&](const std::string& option) { return app.count(option) > 0; };
  const auto refuse = [&](const std::vector<std::string>& options) {
    for (const std::string& option : options) {
      if (given(option)) throw UsageError(option + " and " + subcommand + " do not go together");
    }
  };
  if (!subcommand.empty()) refuse(intermediate_options);
  if (subcommand == "upload") {
    refuse({"--policy-url"});
    if (options_.upload_directory.empty()) {
      throw UsageError("upload needs the directory that --out named");
    }
    return;
  }
  if (subcommand == "update") {
    refuse(upload_options);
    refuse({"--policy-url"});
    if (options_.update_check == options_.update_apply) {
      throw UsageError("update needs either --check or --apply");
    }
    if (options_.channel.empty()) throw UsageError("update needs --channel URL");
    return;
  }
  if (!subcommand.empty()) {
    refuse(upload_options);
    refuse({"--policy-url"});
    refuse(transfer_options);
    return;
  }
  if (given("--upload-credentials") && !given("--upload-url")) {
    throw UsageError("--upload-credentials needs --upload-url");
  }
  if (given("--upload-intermediate") && !given("--upload-url")) {
    throw UsageError("--upload-intermediate needs --upload-url");
  }
  if (given("--outbox-limit") && !given("--upload-intermediate")) {
    throw UsageError("--outbox-limit needs --upload-intermediate");
  }
  for (const std::string& option : transfer_options) {
    if (given(option) && !given("--upload-url") && !given("--policy-url")) {
      throw UsageError(option + " needs --upload-url or --policy-url");
    }
  }
}

void NetworkOptionParser::check_transfer_options(const CLI::App& app) {
  const auto given = [&](const char* option) { return app.count(option) > 0; };
  for (const auto& [option, value] :
       {std::pair{"--ca-file", &options_.ca_file},
        std::pair{"--upload-credentials", &options_.upload_credentials}}) {
    if (given(option) && value->empty()) throw UsageError(std::string(option) + ": empty path");
  }
  for (const std::string& pin : options_.pins) require_pin(pin);
  if (given("--upload-url")) require_upload_url(options_.upload_url);
  if (given("--upload-intermediate")) {
    if (single_object(options_.upload_url)) {
      throw UsageError(
          "--upload-intermediate: --upload-url is the address of one object, which the result will "
          "need: give a folder (ending with /) or {name} in it");
    }
    constexpr double minutes = 60;
    options_.intermediate_interval =
        minutes *
        (upload_intermediate_.empty()
             ? 10
             : parse_decimal("--upload-intermediate", upload_intermediate_, "minutes", 0, 1440));
  }
  if (given("--outbox-limit")) {
    options_.outbox_limit = 1000000 * parse_integer("--outbox-limit", outbox_limit_, 0, 1000000);
  }
  if (given("--policy-url")) require_policy_url(options_.policy_url);
  if (!options_.channel.empty()) require_channel(options_.channel);
  if (given("--connect-timeout")) {
    options_.connect_timeout = parse_seconds("--connect-timeout", connect_timeout_);
  }
  // libcurl measures the speed in whole seconds.
  if (given("--stall-timeout")) {
    options_.stall_timeout =
        static_cast<double>(parse_integer("--stall-timeout", stall_timeout_, 1, 86400));
  }
  if (given("--total-timeout")) {
    options_.total_timeout = parse_seconds("--total-timeout", total_timeout_);
  }
  if (given("--retry-for")) {
    options_.retry.patience =
        static_cast<double>(parse_integer("--retry-for", retry_for_, 0, 31536000));
  }
  if (given("--retry-delay")) {
    options_.retry.first_delay = parse_seconds("--retry-delay", retry_delay_);
  }
}

NetworkOptions NetworkOptionParser::checked(const CLI::App& app, const std::string& subcommand) {
  check_subcommand(app, subcommand);
  // Someone waits for an update, not for a result to get through in the end.
  if (subcommand == "update") options_.retry.patience = 60;
  check_transfer_options(app);
  return options_;
}

}  // namespace axiom
