#include "client/commands/start_trial.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "client/command_line.h"
#include "client/commands/errors.h"
#include "client/commands/own_installation.h"
#include "client/commands/version.h"
#include "client/system/executable.h"
#include "client/system/files.h"
#include "client/system/guarded_directory.h"
#include "client/system/program_swap.h"
#include "client/system/staged_executable.h"
#include "client/update/installation.h"
#include "client/update/manifest.h"

namespace axiom {
namespace {

constexpr double version_seconds = 60;

// While a start counts as failed.
struct Trial {
  explicit Trial(const Installation& of) : installation(of), only_one_counts(of.directory()) {}

  Installation installation;
  DirectoryLock only_one_counts;
  bool told = false;  // that it could not be confirmed
};
std::unique_ptr<Trial> trial;

// Commands that prove nothing, and that an updater calls to try a program before it is in place.
bool counts(const std::vector<std::string>& arguments) {
  const std::vector<std::string> idle = {"self-test", "--version", "--help",
                                         "-h",        "devices",   "update"};
  // Without any of these words the start counts before anything else of the program is relied on:
  // reading an address loads libcurl, say.
  const bool may_be_idle = std::any_of(arguments.begin(), arguments.end(), [&](const auto& word) {
    return std::find(idle.begin(), idle.end(), word) != idle.end();
  });
  if (!may_be_idle) return true;
  std::vector<const char*> words;
  for (const std::string& argument : arguments) words.push_back(argument.c_str());
  try {
    switch (parse_command_line(static_cast<int>(words.size()), words.data()).action) {
      case Action::self_test:
      case Action::devices:
      case Action::update:
      case Action::network_help:
      case Action::version:
      case Action::help:
        return false;
      default:
        return true;
    }
  } catch (const std::exception&) {
    return false;  // it ends at once
  }
}

void roll_back(Installation& installation, const std::vector<std::string>& arguments) {
  std::string old;
  try {
    old = real_file_system().read_file(installation.previous(), maximum_executable_bytes);
  } catch (const IoError& error) {
    throw IoError("axiom-client " + client_version() +
                  " did not start properly twice, and the program before cannot be put back: " +
                  error.what() + "; get one from the project");
  }
  StagedExecutable staged(installation.directory(), old);
  if (staged.run({"axiom-client", "--version"}, version_seconds).status != 0) {
    throw IoError("'" + installation.previous() +
                  "' does not run and is not put back; get a program from the project");
  }
  const auto doubt = staged.replace(installation.executable());
  print_diagnostic(
      "warning",
      "axiom-client " + client_version() +
          " did not start properly twice: the program before is back" +
          (doubt ? std::string(", but the disk may not keep that: ") + doubt->what() : ""));
  become(installation.executable(), arguments);
}

}  // namespace

void begin_start(const std::vector<std::string>& arguments) {
  try {
    if (arguments.empty() || !counts(arguments)) return;
    const std::string running = own_executable();
    require_guarded(update_directory(name_without_aside(running)), running);
    tidy_program_swap(real_file_system(), running);
    Installation installation = own_installation();
    if (!real_file_system().exists(installation.directory() + "/state.json")) return;
    if (!installation.load().pending) return;
    auto started = std::make_unique<Trial>(installation);
    InstallationState state = installation.load();
    switch (begin_start(state, client_version())) {
      case StartVerdict::nothing:
        return;
      case StartVerdict::tidy:
        installation.save(state);
        return;
      case StartVerdict::count:
        installation.save(state);
        trial = std::move(started);
        return;
      case StartVerdict::roll_back:
        roll_back(installation, arguments);
        return;
    }
  } catch (const AccessDeniedError&) {
    // Of another user's program, which this one could not replace, either: its owner's starts
    // count.
  } catch (const DirectoryInUseError&) {
    // Started at the same time: that one counts.
  } catch (const std::exception& error) {
    print_diagnostic("warning", std::string("the update on trial: ") + error.what());
  }
}

void confirm_start() {
  if (!trial) return;
  try {
    InstallationState state = trial->installation.load();
    state.pending.reset();
    trial->installation.save(state);
    trial.reset();
  } catch (const IoError& error) {
    // Tried again as the run goes on, and at its end: a good start is not to count as failed
    // because the disk was full for a while.
    if (!trial->told) {
      print_diagnostic("warning", std::string("the update on trial: ") + error.what());
    }
    trial->told = true;
  }
}

void end_start(ExitCode code) {
  if (code != ExitCode::internal_error && code != ExitCode::self_test_failed) confirm_start();
}

}  // namespace axiom
