// What a person sees while a work unit runs, on standard error.
#pragma once

#include <mutex>
#include <string>
#include <string_view>

#include "client/run/runner.h"
#include "client/system/terminal_line.h"

namespace axiom {

/// One line that is rewritten on a terminal, which is not waited for: checkpoints would wait, too.
/// Elsewhere a plain line per tenth of the work.
/// warning() and note() may be called from any thread.
class Console : public RunObserver {
 public:
  /// `label` leads the progress lines. `quiet`: warnings only.
  Console(std::string label, bool quiet);

  void progress(const RunProgress& progress) override;
  /// Up to here progress was shown in an earlier session: no plain lines before the next tenth.
  void resume_at(double fraction) { shown_tenths_ = static_cast<int>(fraction * 10); }
  void warning(const std::string& line) override;
  void note(std::string_view line);
  /// The last progress line, if there was one before.
  void finish(const RunProgress& progress);

 private:
  std::size_t longest_line() const;
  void rewrite(const std::string& line);
  std::string cleared();

  std::recursive_mutex mutex_;
  std::string label_;
  bool quiet_;
  bool terminal_;
  TerminalLine line_{2};
  std::size_t shown_length_ = 0;  // of the line to be rewritten
  double shown_at_ = 0;           // seconds of the session
  int shown_tenths_ = 0;
};

/// "42.3 %", rounded down: 100 % is not shown before the end.
std::string readable_percent(double fraction);
/// "42.3 %  54.1 GFLOP/s  3 min 20 s left".
std::string progress_text(const RunProgress& progress);
/// "0.3 s", "45 s", "3 min 20 s", "2 h 05 min", "3 d 04 h".
std::string readable_duration(double seconds);

}  // namespace axiom
