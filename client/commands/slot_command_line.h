// The options of a task in a slot.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace axiom {

/// Whether the arguments ask for something else than the task of the slot: a command such as
/// `devices`, --standalone, --help or --version.
bool asks_for_a_command(int argc, const char* const* argv);

/// A volunteer's app_config.xml and old clients add arguments: what is not known or wrong must not
/// cost the task. It is left out and listed in `ignored`.
struct SlotOptions {
  std::string backend = "auto";
  int threads = 0;  ///< 0 = as many as the client has set aside
  bool desktop = false;
  double step_limit = 600;  ///< seconds without a finished step until the run counts as stuck
  std::vector<std::string> ignored;
};
/// `assigned`: the device that the client has assigned, if any; another one is never used.
SlotOptions parse_slot_options(int argc, const char* const* argv,
                               const std::optional<std::string>& assigned);

}  // namespace axiom
