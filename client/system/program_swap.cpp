#include "client/system/program_swap.h"

namespace axiom {
namespace {

constexpr std::string_view suffix = ".old";

}  // namespace

std::string program_aside(const std::string& executable) {
  return executable + std::string(suffix);
}

void swap_by_renaming(FileSystem& files, const std::string& fresh, const std::string& executable) {
  const std::string aside = program_aside(executable);
  files.remove(aside);  // of the swap before
  try {
    files.rename(executable, aside);
    files.rename(fresh, executable);
  } catch (const IoError&) {
    if (!files.exists(executable)) files.rename(aside, executable);
    throw;
  }
}

std::string tidy_program_swap(FileSystem& files, const std::string& running) {
  if (running.ends_with(suffix)) {
    std::string executable = running.substr(0, running.size() - suffix.size());
    if (files.exists(executable)) return running;
    files.rename(running, executable);
    return executable;
  }
  if (files.exists(program_aside(running))) {
    try {
      files.remove(program_aside(running));
    } catch (const IoError&) {
      // It still runs, or may not be removed: the next start tries again.
    }
  }
  return running;
}

}  // namespace axiom
