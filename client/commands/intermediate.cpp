#include "client/commands/intermediate.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <utility>

#include "client/arithmetic/version.h"
#include "client/commands/network.h"
#include "client/commands/upload_source.h"
#include "client/commands/uploads.h"
#include "client/commands/version.h"
#include "client/run/floating_point_environment.h"
#include "client/run/summarize.h"
#include "client/system/clock.h"
#include "client/system/digest.h"
#include "client/system/signals.h"
#include "client/upload/sender.h"

namespace axiom {
namespace {

constexpr double after_trouble = 60;  // seconds: a full disk or outbox may have room then

}  // namespace

PartLayout::PartLayout(std::size_t seed_count)
    : seeds(seed_count),
      seeds_per_part(std::max<std::size_t>(1, (seed_count + maximum_parts - 1) / maximum_parts)),
      parts((seed_count + seeds_per_part - 1) / seeds_per_part) {}

std::size_t PartLayout::size(std::size_t part) const {
  return std::min(seeds_per_part, seeds - first(part));
}

IntermediateUploads::IntermediateUploads(const CommandLine& line, const WorkUnit& work,
                                         const Checkpoint& state, Console& console)
    : line_(line),
      work_(work),
      state_(state),
      console_(console),
      work_digest_(work_digest(work)),
      layout_(work.seeds.size()),
      devices_(state.devices) {
  // A single part would be the result.
  if (!line.network.intermediate_interval || layout_.parts < 2) return;
  seed_is_done_.resize(layout_.seeds);
  for (std::size_t part = 0; part < layout_.parts; ++part) {
    seeds_left_.push_back(layout_.size(part));
  }
  thread_ = std::thread([this] { this->work(); });
}

IntermediateUploads::~IntermediateUploads() { finish(); }

void IntermediateUploads::seed_done(std::size_t seed) {
  const std::lock_guard lock(mutex_);
  if (seeds_left_.empty() || seed_is_done_[seed]) return;
  seed_is_done_[seed] = true;
  const std::size_t part = layout_.part_of(seed);
  if (--seeds_left_[part] > 0) return;
  finished_parts_.push_back(part);
  wakes_.notify_one();
}

void IntermediateUploads::request_stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  wakes_.notify_one();
}

void IntermediateUploads::finish() {
  if (!thread_.joinable()) return;
  request_stop();
  thread_.join();
}

void IntermediateUploads::devices_are(std::vector<std::string> devices) {
  const std::lock_guard lock(mutex_);
  devices_ = std::move(devices);
}

void IntermediateUploads::distrust(const std::string& device, const std::string& reason) {
  finish();
  const std::string directory = outbox_directory(line_.out);
  // Perhaps an earlier session's, also if this one makes no parts.
  if (!real_file_system().exists(directory)) return;
  try {
    Outbox outbox(real_file_system(), directory);
    std::vector<std::string> notes;
    for (const QueuedObject& entry : waiting(outbox)) {
      if (entry.devices && !may_be_of(*entry.devices, device)) continue;
      outbox.set_aside(entry.name, reason, notes);
    }
    for (const std::string& note : notes) console_.warning(note);
  } catch (const IoError& error) {
    console_.warning(std::string("finished parts still wait: ") + error.what());
  }
}

bool IntermediateUploads::stopping() const {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

// As HttpsClient polls it: the end of the run gives a transfer up, too.
int IntermediateUploads::stop() const {
  if (const int signal = stop_signal(); signal != 0) return signal;
  return stopping() ? SIGTERM : 0;
}

void IntermediateUploads::work() try {
  set_floating_point_environment();
  Outbox outbox(real_file_system(), outbox_directory(line_.out));
  waiting_parts_ = waiting(outbox).size();
  RetryWorld world = real_retry_world([] { return 0; });
  const double interval = *line_.network.intermediate_interval;
  // Hosts that started together do not come together.
  double queue_due = monotonic_seconds() + interval * world.random();
  double send_due = queue_due;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      double left = longest_delay;
      if (!unqueued_.empty()) left = std::min(left, queue_due - monotonic_seconds());
      if (waiting_parts_ > 0) left = std::min(left, send_due - monotonic_seconds());
      wakes_.wait_for(lock, std::chrono::duration<double>(std::max(left, 0.0)),
                      [&] { return stopping_ || !finished_parts_.empty(); });
      if (stopping_) return;
      unqueued_.insert(unqueued_.end(), finished_parts_.begin(), finished_parts_.end());
      finished_parts_.clear();
    }
    // Not queued long before they are sent: the end may come first, and the result holds them.
    if (!unqueued_.empty() && monotonic_seconds() >= queue_due) {
      queue_finished_parts(outbox);
      queue_due =
          monotonic_seconds() + (unqueued_.empty() ? interval : std::max(interval, after_trouble));
    }
    if (waiting_parts_ > 0 && monotonic_seconds() >= send_due) {
      send_due = monotonic_seconds() + send(outbox);
      if (room_missing_) queue_due = monotonic_seconds();
    }
  }
} catch (const TransferStopped&) {
  // The run has ended; what waits is sent with its result, or later.
} catch (const std::exception& error) {
  console_.warning(std::string("no parts are uploaded from here on: ") + error.what() +
                   "; the run goes on");
}

void IntermediateUploads::queue_finished_parts(Outbox& outbox) {
  const std::uint64_t limit = line_.network.outbox_limit;
  try {
    while (!unqueued_.empty() && waiting_bytes_ < limit && !stopping()) {
      queue(outbox, unqueued_.front());
      unqueued_.erase(unqueued_.begin());
      room_missing_ = disk_failed_ = false;
    }
  } catch (const IoError& error) {
    if (!disk_failed_) {
      console_.warning(std::string("a finished part is not queued, the run goes on: ") +
                       error.what());
    }
    disk_failed_ = true;
    return;
  }
  if (!unqueued_.empty() && waiting_bytes_ >= limit && !room_missing_) {
    console_.warning("the outbox holds " + std::to_string(waiting_bytes_) +
                     " bytes: no further parts are queued before some are sent (--outbox-limit)");
    room_missing_ = true;
  }
}

// Nothing if it was queued or sent before: by this session or one that was killed.
void IntermediateUploads::queue(Outbox& outbox, std::size_t part) {
  const std::string text =
      summarize_seeds(work_, state_, layout_.first(part), layout_.size(part)).finish();
  UploadIdentity identity;
  identity.client_version = client_version();
  identity.build = build_identifier();
  identity.experiment = work_.experiment->name();
  identity.experiment_version = experiment_version;
  identity.arithmetic_version = arithmetic_version;
  identity.plan_digest = work_digest_;
  identity.result_digest = sha256_hex(text);
  identity.part = std::to_string(part + 1) + "/" + std::to_string(layout_.parts);
  if (outbox.knows(object_name(UploadKind::part, identity.experiment, identity.result_digest))) {
    return;
  }
  UploadObject object = upload_object(UploadKind::part, identity, text);
  {
    const std::lock_guard lock(mutex_);
    object.devices = devices_;
  }
  outbox.add(object, line_.network.upload_url);
  waiting_bytes_ += object.body.size();
  ++waiting_parts_;
}

// The parts of this work unit.
std::vector<QueuedObject> IntermediateUploads::waiting(Outbox& outbox) {
  std::vector<std::string> notes;
  std::vector<QueuedObject> entries = outbox.queued(notes);
  for (const std::string& note : notes) console_.warning(note);
  waiting_bytes_ = 0;
  for (const QueuedObject& entry : entries) waiting_bytes_ += entry.bytes;
  std::erase_if(entries, [&](const QueuedObject& entry) {
    return entry.kind != UploadKind::part || entry.identity.plan_digest != work_digest_;
  });
  return entries;
}

double IntermediateUploads::send(Outbox& outbox) {
  std::vector<QueuedObject> entries = waiting(outbox);
  const double interval = *line_.network.intermediate_interval;
  RetrySettings once = line_.network.retry;
  once.patience = 0;
  SendWorld world{real_retry_world([this] { return stop(); }), utc_seconds};
  double pause = interval;
  try {
    for (QueuedObject& entry : entries) outbox.redirect(entry, line_.network.upload_url);
    share_waits(entries, world.utc());
    const auto client = https_client(line_.network, [this] { return stop(); });
    const SendSettings settings{once, upload_authorization(line_.network),
                                upload_server(line_.network.upload_url), 0};
    send_all(outbox, entries, *client, settings, world,
             [&](const std::string& note) { console_.note(note); });
    if (failures_ > 0) console_.note("finished parts are uploaded again");
    failures_ = 0;
  } catch (const TransferStopped&) {
    throw;
  } catch (const std::runtime_error& error) {  // the network, the outbox, the files of options
    ++failures_;
    const auto* refused = dynamic_cast<const TransferError*>(&error);
    pause += retry_delay(once, failures_, refused ? refused->retry_after : std::nullopt,
                         world.retry.random());
    if (failures_ == 1) {  // until it works again, one warning is enough
      console_.warning(std::string("finished parts are not uploaded yet, the run goes on: ") +
                       error.what());
    }
  }
  waiting_parts_ = waiting(outbox).size();
  return pause;
}

}  // namespace axiom
