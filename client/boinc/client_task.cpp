#include "client/boinc/client_task.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <system_error>
#include <thread>

#include "client/boinc/api_library.h"
#include "client/boinc/clock_watch.h"
#include "client/boinc/leaving.h"
#include "client/boinc/reported_fraction.h"
#include "client/boinc/slot_links.h"
#include "client/system/clock.h"
#include "client/system/files.h"
#include "client/system/process.h"
#include "client/system/signals.h"

namespace axiom::boinc {
namespace {

constexpr std::size_t maximum_init_data_bytes = std::size_t{1} << 20;
constexpr int aborted_by_client = 194;  // BOINC's own number
constexpr const char* fraction_file = "reported_fraction";
constexpr const char* reserve_file = "reserve";
// BOINC's own names, of files that its library opens for writing.
constexpr std::array<const char*, 2> boincs_files = {"boinc_lockfile", "boinc_finish_called"};
constexpr std::chrono::seconds look_for_room{1};
constexpr std::chrono::milliseconds look_at_clock{100};
constexpr const char* clock_set_back_at_the_end =
    "the system's clock was set back while the task finished; starting again";

InitData read_init_data() {
  return parse_init_data(real_file_system().read(init_data_file, maximum_init_data_bytes));
}

bool is_client_of(const InitData& data) {
  return data.client_process == static_cast<double>(parent_process());
}

// Seconds that a task waits to tell its client: as long as its attempts would have taken.
int patience(const Retry& retry) { return retry.seconds * std::max(retry.attempts, 1); }

// Not exit(): destructors of static objects would race with the library's thread and the workers.
[[noreturn]] void end_process(int code) {
  std::fflush(nullptr);
  std::_Exit(code);
}

// Else the library closes standard error in vain, and nobody hears why the task cannot start.
void require_writable_log() {
  std::FILE* log = std::fopen(log_file, "a");
  if (log == nullptr) {
    throw IoError("cannot write '" + std::string(log_file) +
                  "' in the slot: " + std::generic_category().message(errno) +
                  "; check the owner and permissions of BOINC's data directory");
  }
  std::fclose(log);
}

// One block of the disk for the file by which the library tells the client how the task has left.
// Were there no room for it, the client would see a crash, and give up after a hundred of them.
// A slot that cannot be written at all is noticed so before the work is done.
void reserve_room() try {
  real_file_system().write_durably(reserve_file, std::string(4096, '\0'));
} catch (const DiskFullError&) {
  // There may be room when it is needed.
}

}  // namespace

struct ClientTask::State {
  ApiLibrary api = load_api_library();
  InitData data = read_init_data();
  std::optional<ReportedFraction> reported;  // after the library has locked the slot
  Attempts attempts;
  bool started_before = false;
  std::mutex clock_mutex;
  ClockWatch clock;
};

bool in_slot() try { return real_file_system().exists(init_data_file); } catch (const IoError&) {
  return false;  // a client's slot can be looked into; another user's directory need not be
}

bool started_by_client() try {
  return in_slot() && is_client_of(read_init_data());
} catch (const std::runtime_error&) {
  return false;  // a slot that cannot be read is no reason to refuse a command
}

void leave_without_library(int exit_code, const Retry& retry, const std::string& reason) {
  if (Attempts().exhausted(retry)) end_process(exit_code);
  for (int second = 0; second <= patience(retry); ++second) {
    if (write_temporary_exit(retry.seconds, reason) == Told::yes) end_process(0);
    std::this_thread::sleep_for(look_for_room);
  }
  end_process(exit_code);
}

ClientTask::ClientTask() : state_(std::make_unique<State>()) {
  require_writable_log();
  // The library would wait for whoever reads a pipe.
  for (const char* name : boincs_files) {
    real_file_system().require_file_or_nothing(
        name, " where BOINC's library needs a file; reset the project");
  }
  reserve_room();
  clock_set_back();  // from before the library looks at it
  BOINC_OPTIONS options{};
  boinc_options_defaults(options);
  options.direct_process_action = 0;
  const int refused = state_->api.init_options(&options);
  if (refused != 0) {
    std::fputc('\n', stderr);  // its own message has no line's end
    if (refused == EAGAIN) throw std::system_error(EAGAIN, std::generic_category());
    throw LibraryError("BOINC's library does not start: error " + std::to_string(refused));
  }
  // By hand it may; but a client's task would compute on while it counts as suspended.
  if (state_->api.is_standalone() != 0 && is_client_of(state_->data)) {
    throw LibraryError(
        "BOINC's library does not reach the client, so the task would hear of no suspension: "
        "init_data.xml or boinc_mmap_file in the slot is damaged, or closed to BOINC's user; "
        "restart the client");
  }
  state_->started_before = real_file_system().exists(fraction_file);
  state_->reported.emplace(fraction_file);
}

ClientTask::~ClientTask() = default;

const InitData& ClientTask::data() const { return state_->data; }

bool ClientTask::started_before() const { return state_->started_before; }

double ClientTask::reported_fraction() const { return state_->reported->highest(); }

std::string ClientTask::resolve(const std::string& logical_name) const {
  return follow_slot_link(logical_name);
}

Assignment ClientTask::assignment() const {
  Assignment assignment;
  assignment.device = assigned_device(state_->data);
  assignment.threads = task_threads(state_->data);
  return assignment;
}

Requests ClientTask::requests() const {
  BOINC_STATUS status{};
  state_->api.get_status(&status);
  Requests requests;
  requests.suspended = status.suspended != 0;
  requests.quit = status.quit_request != 0;
  requests.abort = status.abort_request != 0;
  requests.no_heartbeat = status.no_heartbeat != 0;
  requests.restart = clock_set_back();
  requests.signal = stop_signal();
  return requests;
}

bool ClientTask::clock_set_back() const {
  const std::lock_guard lock(state_->clock_mutex);
  return state_->clock.set_back(utc_seconds(), monotonic_seconds());
}

// The library sleeps for two seconds by the system's clock before it tells the client: if that is
// set back meanwhile, for as long again.
void ClientTask::watch_clock_at_the_end() try {
  std::thread([this] {
    while (!clock_set_back()) std::this_thread::sleep_for(look_at_clock);
    if (write_temporary_exit(1, clock_set_back_at_the_end) != Told::yes) std::raise(SIGKILL);
    end_process(0);
  }).detach();
} catch (const std::system_error&) {
  // The want of threads may be why the task ends.
}

void ClientTask::report_fraction(double fraction) {
  const double before = state_->reported->highest();
  const double reported = state_->reported->next(fraction, monotonic_seconds());
  state_->api.fraction_done(reported);
  if (reported > before) state_->attempts.forget();
}

bool ClientTask::time_to_checkpoint() { return state_->api.time_to_checkpoint() != 0; }

void ClientTask::checkpoint_done() { state_->api.checkpoint_completed(); }

void ClientTask::begin_critical_section() { state_->api.begin_critical_section(); }

int ClientTask::finish(int exit_code) {
  std::fflush(nullptr);
  std::remove(reserve_file);
  watch_clock_at_the_end();
  state_->api.finish_message(exit_code, nullptr, false);
  end_process(exit_code);
}

int ClientTask::temporary_exit(int exit_code, const Retry& retry, const std::string& reason) {
  std::remove(reserve_file);
  begin_critical_section();
  if (state_->attempts.exhausted(retry)) finish(exit_code);
  std::fflush(nullptr);
  // The library does not look whether it could write the file. A full disk is waited for; what else
  // there may be does not pass, but a host must not empty its queue by that.
  const int heard = requests().signal;  // of want of time, the task leaves for that
  for (int second = 0;; ++second) {
    const Told told = write_temporary_exit(retry.seconds, reason);
    if (told == Told::yes) break;
    if (told == Told::refused && second >= patience(retry)) {
      if (exit_code == 0) leave();
      finish(exit_code);
    }
    std::this_thread::sleep_for(look_for_room);
    const Requests wanted = requests();
    if (wanted.abort) leave_aborted();
    if (wanted.quit || wanted.no_heartbeat || wanted.restart || wanted.signal != heard) leave();
  }
  state_->api.temporary_exit(retry.seconds, reason.c_str(), false);
  end_process(0);
}

void ClientTask::leave() { end_process(0); }

void ClientTask::leave_aborted() { end_process(aborted_by_client); }

}  // namespace axiom::boinc
