#include "client/boinc/task.h"

#include <array>
#include <cstdio>
#include <cstdlib>

#include "client/boinc/api_library.h"
#include "client/system/files.h"

namespace axiom::boinc {
namespace {

constexpr std::size_t maximum_init_data_bytes = std::size_t{1} << 20;
constexpr int aborted_by_client = 194;  // BOINC's own number

// Not exit(): destructors of static objects would race with the library's thread and the workers.
[[noreturn]] void end_process(int code) {
  std::fflush(nullptr);
  std::_Exit(code);
}

}  // namespace

struct Task::State {
  ApiLibrary api = load_api_library();
  InitData data = parse_init_data(real_file_system().read(init_data_file, maximum_init_data_bytes));
};

bool in_slot() { return real_file_system().exists(init_data_file); }

Task::Task() : state_(std::make_unique<State>()) {
  BOINC_OPTIONS options{};
  boinc_options_defaults(options);
  options.direct_process_action = 0;
  const int refused = state_->api.init_options(&options);
  if (refused != 0) {
    throw LibraryError("BOINC's library does not start: error " + std::to_string(refused));
  }
}

Task::~Task() = default;

const InitData& Task::data() const { return state_->data; }

Requests Task::requests() const {
  BOINC_STATUS status{};
  state_->api.get_status(&status);
  return {status.suspended != 0, status.quit_request != 0, status.abort_request != 0,
          status.no_heartbeat != 0};
}

std::string Task::resolve(const std::string& logical_name) const {
  std::array<char, 4096> path{};
  const int failed = state_->api.resolve_filename(logical_name.c_str(), path.data(),
                                                  static_cast<int>(path.size()));
  if (failed != 0) {
    throw IoError("cannot find the file '" + logical_name + "' of the task: BOINC error " +
                  std::to_string(failed));
  }
  return path.data();
}

void Task::report_fraction(double fraction) { state_->api.fraction_done(fraction); }

bool Task::time_to_checkpoint() { return state_->api.time_to_checkpoint() != 0; }

void Task::begin_checkpoint() { state_->api.begin_critical_section(); }

void Task::checkpoint_done() { state_->api.checkpoint_completed(); }

void Task::begin_critical_section() { state_->api.begin_critical_section(); }

void Task::finish(int exit_code) {
  std::fflush(nullptr);
  state_->api.finish_message(exit_code, nullptr, false);
  end_process(exit_code);
}

void Task::temporary_exit(int seconds, const std::string& reason) {
  std::fflush(nullptr);
  state_->api.temporary_exit(seconds, reason.c_str(), false);
  end_process(0);
}

void Task::leave() { end_process(0); }

void Task::leave_aborted() { end_process(aborted_by_client); }

}  // namespace axiom::boinc
