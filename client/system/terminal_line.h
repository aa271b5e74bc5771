// A terminal that is not waited for.
#pragma once

#include <string_view>

namespace axiom {

/// Writes to a terminal what it takes at once, and leaves out the rest: one that was stopped
/// (Ctrl-S), or lies at the end of a frozen connection, would hold up the writer for hours.
class TerminalLine {
 public:
  /// REQUIRES: `descriptor` is open. If it is no terminal, or may not be opened anew, it is written
  /// to as it is, and waited for.
  explicit TerminalLine(int descriptor);
  ~TerminalLine();
  TerminalLine(const TerminalLine&) = delete;
  TerminalLine& operator=(const TerminalLine&) = delete;

  void write(std::string_view text) const;

 private:
  int descriptor_;
  int own_ = -1;  // a descriptor of its own: the shell's must not become one that does not wait
};

}  // namespace axiom
