#include "client/update/updater.h"

#include <utility>

#include "client/system/digest.h"
#include "client/system/executable.h"
#include "client/system/staged_executable.h"

namespace axiom {
namespace {

constexpr int maximum_rotations = 64;  // in one update
constexpr double self_test_seconds = 300;

VersionNumber own_version(const std::string& text) {
  const std::optional<VersionNumber> version = parse_version(text);
  if (!version) throw std::runtime_error("the program's own version is none: " + text);
  return *version;
}

}  // namespace

Updater::Updater(Installation installation, Fetch fetch, std::function<void()> require_going_on,
                 std::string_view embedded_keys, const std::string& running_version, double now,
                 bool remembers)
    : installation_(std::move(installation)),
      fetch_(std::move(fetch)),
      require_going_on_(std::move(require_going_on)),
      state_(installation_.load()),
      keys_(trusted_keys(embedded_keys, state_)),
      running_(own_version(running_version)),
      running_text_(running_version),
      now_(now),
      remembers_(remembers) {}

std::string Updater::required(const std::string& name) {
  std::optional<std::string> bytes = fetch_(name, maximum_document_bytes);
  if (!bytes) {
    throw UpdateError(UpdateFailure::document_malformed,
                      "the channel has no '" + name + "': is the address of --channel right?");
  }
  return *std::move(bytes);
}

void Updater::rotate_keys() {
  for (int i = 0; i < maximum_rotations; ++i) {
    const std::string name = "keys." + std::to_string(keys_.number + 1) + ".json";
    const std::optional<std::string> text = fetch_(name, maximum_document_bytes);
    if (!text) return;
    keys_ = rotated_keys(keys_, *text, required(name + ".minisig"));
    state_.key_list = keys_.text;
    // Numbers that stolen keys have driven up do not lock the new keys out.
    state_.manifest.reset();
    save();  // at once: whoever withholds the rest does not hold the old keys' power up
  }
}

Manifest Updater::check() {
  rotate_keys();
  const std::string text = required("manifest.json");
  const std::string signatures = required("manifest.json.minisig");
  Manifest manifest = verified_manifest(text, signatures, keys_, now_);
  const std::string sha256 = sha256_hex(text);
  if (state_.manifest) {
    const std::string numbered = "manifest " + std::to_string(manifest.number);
    if (manifest.number < state_.manifest->number) {
      throw UpdateError(UpdateFailure::older_than_seen,
                        numbered + " is older than number " +
                            std::to_string(state_.manifest->number) +
                            ", which was current before: someone keeps newer ones from you, or the "
                            "project's server was set back");
    }
    if (manifest.number == state_.manifest->number && sha256 != state_.manifest->sha256) {
      throw UpdateError(UpdateFailure::mixed, "there are two different manifests with number " +
                                                  std::to_string(manifest.number) +
                                                  ": tell the project");
    }
  }
  state_.manifest = {manifest.number, sha256};
  save();
  return manifest;
}

void Updater::save() {
  if (remembers_) installation_.save(state_);
}

bool Updater::newer(const Manifest& manifest) const {
  if (manifest.version < running_) {
    throw UpdateError(UpdateFailure::not_newer,
                      "the channel offers " + manifest.version_text + ", this is " + running_text_ +
                          ": the program does not go back to an older version");
  }
  return manifest.version > running_;
}

const ReleaseFile& Updater::applicable(const Manifest& manifest) const {
  const std::string& version = manifest.version_text;
  if (running_ < manifest.minimum_version) {
    throw UpdateError(UpdateFailure::version_too_old, version + " cannot follow " + running_text_ +
                                                          " in one step: get it from the project");
  }
  if (state_.failed.contains(version)) {
    throw UpdateError(UpdateFailure::failed_before,
                      version +
                          " failed here before and is not tried again: wait for the next, or "
                          "delete '" +
                          installation_.directory() + "' to try all the same");
  }
  return file_for(manifest, this_platform());
}

void Updater::require_passing(const StagedExecutable& staged, const std::string& command,
                              const std::string& version) {
  const std::vector<std::string> arguments = {"axiom-client", command};
  const ProgramOutcome tried = staged.run(arguments, self_test_seconds);
  require_going_on_();  // Ctrl-C ends the one that is tried, too: no fault of its own
  const std::string fails = version + " fails its " + command + " on this host";
  if (tried.status == 0 &&
      (command != "--version" || tried.output.starts_with("axiom-client " + version + " "))) {
    return;
  }
  // A broken device, or a limit of the system, is no fault of the new version's.
  const bool likewise =
      tried.status != 0 && run_program(own_executable(), arguments, self_test_seconds).status != 0;
  require_going_on_();
  if (likewise) {
    throw UpdateError(UpdateFailure::host_fails,
                      fails + ", and so does " + running_text_ +
                          ": the host is at fault, and nothing was changed; axiom-client " +
                          command +
                          " says what is wrong, and CUDA_VISIBLE_DEVICES= before the command "
                          "leaves GPUs out");
  }
  state_.failed.insert(version);
  save();
  throw UpdateError(UpdateFailure::new_version_failed,
                    fails + " and is not installed; " + running_text_ + " stays");
}

std::optional<IoError> Updater::apply(const Manifest& manifest) {
  const std::string& version = manifest.version_text;
  const ReleaseFile& file = applicable(manifest);
  const std::optional<std::string> bytes = fetch_(file.url, file.size);
  if (!bytes) {
    throw UpdateError(UpdateFailure::wrong_size, "the channel has no '" + file.url + "'");
  }
  require_release(file, *bytes);

  FileSystem& files = real_file_system();
  remove_staged_executables(installation_.directory());
  StagedExecutable staged(installation_.directory(), *bytes);
  require_release(file, staged.read_back());
  for (const std::string command : {"--version", "self-test"}) {
    require_passing(staged, command, version);
  }
  own_executable();  // throws if another one has taken its place meanwhile
  // One that is itself on trial is nothing to go back to.
  const bool proved = !state_.pending || state_.pending->version != running_text_;
  if (proved || !files.exists(installation_.previous())) {
    const std::string old = files.read(installation_.executable(), maximum_executable_bytes);
    files.write_durably(installation_.previous(), old);
  }
  state_.pending = {version, 0};
  save();
  return staged.replace(installation_.executable());
}

}  // namespace axiom
