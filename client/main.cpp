// axiom-client: runs machine-learning experiments on volunteers' machines.
#include "client/boinc/client_task.h"
#include "client/command_line.h"
#include "client/commands/commands.h"
#include "client/commands/errors.h"
#include "client/commands/slot_command_line.h"
#include "client/commands/standard_streams.h"
#include "client/commands/start_trial.h"
#include "client/system/memory.h"
#include "client/system/process.h"

namespace {

axiom::ExitCode run_command(const axiom::CommandLine& line) {
  switch (line.action) {
    case axiom::Action::standalone:
      return axiom::run_standalone(line);
    case axiom::Action::bench:
      return axiom::run_bench(line);
    case axiom::Action::devices:
      return axiom::show_devices(line);
    case axiom::Action::plan:
      return axiom::show_plan(line);
    case axiom::Action::verify:
      return axiom::verify_result(line);
    case axiom::Action::report:
      return axiom::report_results(line);
    case axiom::Action::self_test:
      return axiom::test_self();
    case axiom::Action::upload:
      return axiom::upload_waiting(line);
    case axiom::Action::update:
      return axiom::update_program(line);
    case axiom::Action::network_help:
      return axiom::show_network_help();
    case axiom::Action::version:
      return axiom::show_version();
    case axiom::Action::help:
      return axiom::show_help();
  }
  return axiom::ExitCode::internal_error;
}

}  // namespace

int main(int argc, char** argv) {
  axiom::reset_inherited_state();
  axiom::secure_standard_streams();
  axiom::keep_memory_compact();
  // What a client starts is a task, whatever a volunteer's app_config.xml has among the arguments:
  // a command would leave no result, be started again and again, and cost the host its queue.
  const bool command = axiom::asks_for_a_command(argc, argv);
  if (command ? axiom::boinc::started_by_client() : axiom::boinc::in_slot()) {
    return static_cast<int>(axiom::run_slot_task(argc, argv));
  }
  axiom::begin_start({argv, argv + argc});
  const axiom::ExitCode code =
      axiom::reporting_errors([&] { return run_command(axiom::parse_command_line(argc, argv)); });
  axiom::end_start(code);
  return static_cast<int>(code);
}
