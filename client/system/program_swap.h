// A program takes the place of one that runs, where that cannot be replaced but renamed: Windows,
// and network file systems that do as Windows does.
#pragma once

#include <string>

#include "client/system/files.h"

namespace axiom {

/// What is kept about updates of a program, beside it: EXECUTABLE.update.
std::string update_directory(const std::string& executable);

/// Where the program before is meanwhile: EXECUTABLE.old.
std::string program_aside(const std::string& executable);

/// The name of the program that runs as `running`, be it put aside: EXECUTABLE of EXECUTABLE.old.
std::string name_without_aside(const std::string& running);

/// `executable` becomes EXECUTABLE.old, then `fresh` becomes `executable`. Both lie on one
/// file system. When it throws IoError, `executable` is whole, the one before or (if the failure
/// came late) the fresh one. A kill between the two steps leaves EXECUTABLE.old alone: see
/// tidy_program_swap(). An EXECUTABLE.old of someone else is an error. REQUIRES: the directory for
/// updates exists.
void swap_by_renaming(FileSystem& files, const std::string& fresh, const std::string& executable);

/// `running` is the file of this process. Does nothing unless there was a swap. If a kill has left
/// it as EXECUTABLE.old, and there is no EXECUTABLE, it gets its name back; beside an EXECUTABLE
/// that is there what the swap left is removed, unless it still runs. Returns where this process's
/// file is now. IoError if the name cannot be given back.
std::string tidy_program_swap(FileSystem& files, const std::string& running);

}  // namespace axiom
