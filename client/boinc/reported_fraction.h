// The progress that the BOINC client has been told, kept over restarts of the task.
#pragma once

#include <cstdio>
#include <memory>
#include <string>

namespace axiom::boinc {

/// A task that was killed resumes from a checkpoint before what the client has shown. So that its
/// progress never steps back, the highest fraction is noted in a file before it is reported.
/// Rewritten in place and not synced: it only has to outlive the process, and costs no more than
/// the shared memory file beside it that BOINC's library writes every second. Without it (a full
/// disk, a power cut) progress may step back, nothing else.
class ReportedFraction {
 public:
  explicit ReportedFraction(const std::string& path);

  /// The fraction to report at `now` (monotonic seconds) when `fraction` is done: never less than
  /// before, and something new at most once a second. 1 is noted and given out at once: the result
  /// is on the disk. Where a start must compute all the same, it is given out no more before then.
  double next(double fraction, double now);
  double highest() const { return highest_; }

 private:
  void note(double fraction);

  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
  double highest_ = 0;
  double noted_at_ = 0;
};

}  // namespace axiom::boinc
