// This process and its surroundings.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>

namespace axiom {

/// What a process should not take over from whoever started it: children whose ends are ignored, so
/// that nobody hears how they ended; signals that are held back; files that their own owner may not
/// use. Call first.
void reset_inherited_state();

/// Lets every other process go first (SCHED_IDLE and nice 19). Call before threads are started:
/// they inherit it. False if refused; `reason`, if given, then says why.
bool set_idle_priority(std::string* reason = nullptr);

/// Processors that this process may keep busy: the affinity mask, or the control groups' CPU quota
/// rounded up if that is less. At least 1.
int usable_processors();
/// The quota part, read from the files below `root` (as in a test); 0 = no quota.
int processor_quota_below(const std::string& root);

/// What this process writes from here on, nobody but its owner can change, whatever the umask was.
void let_nobody_else_write();

/// Time that processors have spent on this process so far, the system's share included: seconds.
double processor_seconds();

/// Number of the process that has started this one.
long parent_process();

/// Whether a file descriptor is a terminal.
bool is_terminal(int descriptor);
/// Columns of the terminal; 0 if it is none, or does not tell.
std::size_t terminal_columns(int descriptor);

/// `bytes` bytes of the system's randomness as 2·bytes lower-case hex digits.
std::string random_hex(std::size_t bytes);

/// There is no directory to keep data in; one line.
class NoHomeDirectory : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// $XDG_DATA_HOME/axiom-client, or ~/.local/share/axiom-client. NoHomeDirectory if the user has
/// none.
std::string default_data_directory();

}  // namespace axiom
