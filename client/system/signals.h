// Stop requests from the terminal or the system.
#pragma once

#include <string>

namespace axiom {

/// How a second SIGINT or SIGTERM, a tenth of a second after the first or later, ends the process,
/// at once.
enum class SecondSignal {
  exits,  ///< with status 128 + signal
  kills,  ///< as if it were not handled: for a BOINC client, which gives up a task that exits
};

/// From now on the first SIGINT, SIGTERM, SIGHUP (the terminal closed; not under nohup) or SIGXCPU
/// (the limit of processor time is used up; it comes early enough to save) is only recorded, for
/// stop_signal(). Throws std::runtime_error if the system refuses.
void install_stop_signals(SecondSignal second = SecondSignal::exits);

/// "SIGINT", say.
std::string signal_name(int signal);

/// Number of the first stop signal, 0 if none came. For polling; safe in any thread.
int stop_signal();

}  // namespace axiom
