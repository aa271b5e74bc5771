#include "client/anchors/anchors.h"
#include "client/boinc/init_data.h"
#include "client/commands/commands.h"
#include "client/commands/console.h"
#include "client/commands/network.h"
#include "client/commands/own_installation.h"
#include "client/commands/standard_streams.h"
#include "client/commands/version.h"
#include "client/result/canonical_json.h"
#include "client/system/clock.h"
#include "client/system/executable.h"
#include "client/system/guarded_directory.h"
#include "client/system/process.h"
#include "client/system/signals.h"
#include "client/transfer/retry.h"
#include "client/update/updater.h"

namespace axiom {
namespace {

// BOINC's client puts this file beside every application that it starts.
void require_not_under_boinc() {
  if (!real_file_system().exists(boinc::init_data_file)) return;
  throw UpdateError(UpdateFailure::not_here,
                    "this is a BOINC slot directory: BOINC updates its applications itself");
}

class ProgramUpdate {
 public:
  explicit ProgramUpdate(const CommandLine& line)
      : line_(line),
        console_("update", line.quiet),
        channel_(parse_address(line.network.channel)),
        client_(https_client(line.network)),
        installation_(own_installation()),
        lock_(locked()),
        updater_(
            installation_,
            [this](const std::string& name, std::size_t limit) { return fetched(name, limit); },
            [] {
              if (const int signal = stop_signal(); signal != 0) throw TransferStopped(signal);
            },
            embedded_key_list(), client_version(), utc_seconds(), lock_ != nullptr) {}

  ~ProgramUpdate() {
    if (lock_) give_back();
  }
  ProgramUpdate(const ProgramUpdate&) = delete;
  ProgramUpdate& operator=(const ProgramUpdate&) = delete;

  ExitCode check() {
    const Manifest manifest = updater_.check();
    if (!updater_.newer(manifest)) return said("current", manifest);
    updater_.applicable(manifest);
    return said("available", manifest);
  }

  ExitCode apply() {
    const Manifest manifest = updater_.check();
    if (!updater_.newer(manifest)) return said("current", manifest);
    console_.note("updating to " + manifest.version_text + " ...");
    if (const auto doubt = updater_.apply(manifest)) {
      console_.warning(manifest.version_text +
                       " is in place, but the disk may not keep that: " + doubt->what());
    }
    return said("updated", manifest);
  }

 private:
  // What root has written, whatever came of it: the program's owner is to go on with it.
  void give_back() {
    try {
      give_to_owner(installation_.directory(), installation_.executable());
    } catch (const IoError& error) {
      console_.warning(error.what());
    }
  }

  std::unique_ptr<DirectoryLock> only_one_updates() const try {
    return std::make_unique<DirectoryLock>(installation_.directory());
  } catch (const DirectoryInUseError&) {
    throw IoError("another update of '" + installation_.executable() +
                  "' is under way, or its first start after one: try again in a minute");
  }

  // Looking is possible where nothing can be written: what is learned is forgotten then.
  std::unique_ptr<DirectoryLock> locked() {
    try {
      real_file_system().make_directories(installation_.directory());
      require_guarded(installation_.directory(), installation_.executable());  // made meanwhile?
      auto lock = only_one_updates();
      give_back();
      return lock;
    } catch (const IoError& error) {
      if (line_.network.update_apply) throw;
      console_.warning(std::string(error.what()) + "; what is seen is not remembered");
      return nullptr;
    }
  }

  Address resolved(const std::string& name) const {
    try {
      return resolve_address(channel_, name);
    } catch (const AddressError& error) {
      throw UpdateError(UpdateFailure::document_malformed,
                        std::string("axiom-client manifest: ") + error.what());
    }
  }

  // Object stores whose contents may not be listed answer 403 for what is not there. Of a key list
  // that is no worse than 404: whoever can withhold it can do so by either.
  std::optional<std::string> fetched(const std::string& name, std::size_t limit) try {
    const Address address = resolved(name);
    std::optional<std::string> bytes;
    retry(
        line_.network.retry, real_retry_world(stop_signal),
        [&] { bytes = client_->get(address, limit); },
        [&](const TransferError& error, double delay) {
          console_.note(std::string(error.what()) + "; next attempt in " +
                        readable_duration(delay));
        });
    return bytes;
  } catch (const TransferError& error) {
    if (error.status == 403 && name.starts_with("keys.")) return std::nullopt;
    throw;
  }

  ExitCode said(const std::string& status, const Manifest& manifest) {
    if (line_.json) {
      const nlohmann::json summary = {{"status", status},
                                      {"running", client_version()},
                                      {"version", manifest.version_text},
                                      {"manifest", manifest.number}};
      print(canonical_json(summary) + "\n");
      return ExitCode::ok;
    }
    std::string text = "axiom-client " + client_version();
    if (status == "current") text += " is up to date";
    if (status == "available") {
      text += ": version " + manifest.version_text + " of " + manifest.date +
              " is available: axiom-client update --apply --channel " + channel_.shown();
    }
    if (status == "updated") {
      text += " was replaced by " + manifest.version_text + "; the old one is kept as '" +
              installation_.previous() + "'";
    }
    if (!line_.quiet) print(text + "\n");
    return ExitCode::ok;
  }

  const CommandLine& line_;
  Console console_;
  const Address channel_;
  const std::unique_ptr<HttpsClient> client_;
  Installation installation_;
  const std::unique_ptr<DirectoryLock> lock_;
  Updater updater_;
};

}  // namespace

ExitCode update_program(const CommandLine& line) {
  install_stop_signals();
  require_not_under_boinc();
  let_nobody_else_write();  // into what will run
  ProgramUpdate update(line);
  return line.network.update_check ? update.check() : update.apply();
}

}  // namespace axiom
