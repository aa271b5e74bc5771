// Stop requests from the terminal or the system.
#pragma once

#include <string>

namespace axiom {

/// From now on the first SIGINT, SIGTERM or SIGHUP (the terminal closed; not under nohup) is only
/// recorded, for stop_signal(); a second one ends the process at once with status 128 + signal.
/// Throws std::runtime_error if the system refuses.
void install_stop_signals();

/// "SIGINT", say.
std::string signal_name(int signal);

/// Number of the first stop signal, 0 if none came. For polling; safe in any thread.
int stop_signal();

}  // namespace axiom
