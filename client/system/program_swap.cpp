#include "client/system/program_swap.h"

namespace axiom {
namespace {

constexpr std::string_view suffix = ".old";

// Says that EXECUTABLE.old is ours: people keep programs under such names, too.
std::string marker(const std::string& executable) {
  return update_directory(executable) + "/aside";
}

}  // namespace

std::string update_directory(const std::string& executable) { return executable + ".update"; }

std::string program_aside(const std::string& executable) {
  return executable + std::string(suffix);
}

std::string name_without_aside(const std::string& running) {
  if (!running.ends_with(suffix)) return running;
  return running.substr(0, running.size() - suffix.size());
}

void swap_by_renaming(FileSystem& files, const std::string& fresh, const std::string& executable) {
  const std::string aside = program_aside(executable);
  if (files.exists(aside) && !files.exists(marker(executable))) {
    throw IoError("'" + aside + "' is in the way, and not of an update: give it another name");
  }
  try {
    files.write_durably(marker(executable), "");
    files.remove(aside);  // of the swap before
    files.rename(executable, aside);
    files.rename(fresh, executable);
  } catch (const IoError&) {
    if (!files.exists(executable)) files.rename(aside, executable);
    // What gets that name from here on is not ours.
    if (!files.exists(aside)) files.remove(marker(executable));
    throw;
  }
}

std::string tidy_program_swap(FileSystem& files, const std::string& running) {
  if (std::string executable = name_without_aside(running); executable != running) {
    if (files.exists(executable) || !files.exists(marker(executable))) return running;
    files.rename(running, executable);
    return executable;
  }
  if (files.exists(marker(running))) {
    try {
      files.remove(program_aside(running));
      files.remove(marker(running));
    } catch (const IoError&) {
      // It still runs, or may not be removed: the next start tries again.
    }
  }
  return running;
}

}  // namespace axiom
