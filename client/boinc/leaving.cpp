#include "client/boinc/leaving.h"

#include "client/system/files.h"

namespace axiom::boinc {
namespace {

constexpr const char* attempts_file = "attempts";                    // one character for each
constexpr const char* temporary_exit_file = "boinc_temporary_exit";  // BOINC's own name and format
constexpr std::size_t most_attempts = 1000;

}  // namespace

bool Attempts::exhausted(const Retry& retry) {
  if (retry.attempts == 0) return false;
  FileSystem& files = real_file_system();
  try {
    std::string made;
    if (files.exists(attempts_file)) made = files.read(attempts_file, most_attempts);
    made += '.';
    if (made.size() >= static_cast<std::size_t>(retry.attempts)) return true;
    files.write_durably(attempts_file, made);
  } catch (const IoError&) {
    // The client's deadline ends a task that never gets anywhere.
  }
  return false;
}

void Attempts::forget() {
  if (forgotten_) return;
  try {
    real_file_system().remove(attempts_file);
    forgotten_ = true;
  } catch (const IoError&) {
    // Asked again at the next progress.
  }
}

Told write_temporary_exit(int seconds, const std::string& reason) try {
  real_file_system().write_durably(temporary_exit_file,
                                   std::to_string(seconds) + "\n" + reason + "\n");
  return Told::yes;
} catch (const DiskFullError&) {
  return Told::disk_full;
} catch (const IoError&) {
  return Told::refused;
}

}  // namespace axiom::boinc
