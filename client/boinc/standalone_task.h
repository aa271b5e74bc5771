// A task without a BOINC client: started by hand, stopped by signals, ended by an exit code.
#pragma once

#include "client/boinc/task.h"

namespace axiom::boinc {

class StandaloneTask final : public Task {
 public:
  /// Checkpoints are due every `checkpoint_interval` seconds, from the first question on.
  StandaloneTask(Assignment assignment, double checkpoint_interval);

  Assignment assignment() const override { return assignment_; }
  /// The signals that install_stop_signals() has recorded.
  Requests requests() const override;
  void report_fraction(double) override {}  // the console shows it
  bool time_to_checkpoint() override;
  void checkpoint_done() override {}
  void begin_critical_section() override {}  // signals wait anyway, until they are asked for
  int finish(int exit_code) override { return exit_code; }
  int temporary_exit(int exit_code, const Retry&, const std::string&) override {
    return finish(exit_code);
  }

 private:
  Assignment assignment_;
  double interval_;
  std::optional<double> due_;  // monotonic seconds
};

}  // namespace axiom::boinc
