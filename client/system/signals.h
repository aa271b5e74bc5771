// Stop requests from the terminal or the system.
#pragma once

namespace axiom {

/// From now on the first SIGINT or SIGTERM is only recorded, for stop_signal(); a second one ends
/// the process at once with status 128 + signal. Throws std::runtime_error if the system refuses.
void install_stop_signals();

/// Number of the first stop signal, 0 if none came. For polling; safe in any thread.
int stop_signal();

}  // namespace axiom
