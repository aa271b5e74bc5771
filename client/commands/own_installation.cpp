#include "client/commands/own_installation.h"

#include "client/system/executable.h"
#include "client/system/guarded_directory.h"
#include "client/system/program_swap.h"

namespace axiom {

Installation own_installation() {
  const std::string executable = own_executable();
  require_guarded(update_directory(executable), executable);
  return Installation(real_file_system(), executable);
}

}  // namespace axiom
