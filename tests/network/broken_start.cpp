// A new version that passes its self-test and then cannot start: main.cpp with a crash in it.
#include <cstdlib>
#include <string>

#include "client/commands/commands.h"
#include "client/commands/start_trial.h"
#include "client/system/process.h"

int main(int argc, char** argv) {
  axiom::reset_inherited_state();
  axiom::begin_start({argv, argv + argc});
  if (argc == 2 && std::string(argv[1]) == "--version") {
    return static_cast<int>(axiom::show_version());
  }
  if (argc == 2 && std::string(argv[1]) == "self-test") return static_cast<int>(axiom::test_self());
  std::abort();
}
