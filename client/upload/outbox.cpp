#include "client/upload/outbox.h"

#include <algorithm>
#include <utility>

#include "client/system/digest.h"

namespace axiom {
namespace {

constexpr std::size_t maximum_body_bytes = std::size_t{4} << 30;
constexpr std::string_view queued_suffix = ".queued.json";
constexpr std::string_view sent_suffix = ".sent.json";

std::string with(const std::string& name, std::string_view suffix) {
  return name + std::string(suffix);
}

// Unlike a disk that cannot be read at the moment.
class NotAsItWas : public IoError {
 public:
  using IoError::IoError;
};

// Of "NAME.tmp", "NAME.queued.json" and the like: whether NAME is an object's. Others lie here by
// someone else's will.
bool is_own(std::string_view file) {
  if (file.ends_with(".tmp")) file.remove_suffix(4);
  for (const std::string_view suffix : {queued_suffix, sent_suffix}) {
    if (file.ends_with(suffix)) file.remove_suffix(suffix.size());
  }
  return is_object_name(file);
}

}  // namespace

Outbox::Outbox(FileSystem& files, std::string directory, Use use)
    : files_(files), directory_(std::move(directory)), use_(use) {
  if (use_ == Use::change) files_.make_directories(directory_);
}

bool Outbox::knows(const std::string& name) {
  if (damaged_.contains(name)) return false;
  return files_.exists(path(with(name, queued_suffix))) || may_have_receipt(name);
}

// One that says nothing acknowledges nothing: to send once more is harmless.
bool Outbox::has_receipt(const std::string& name) {
  const std::string receipt = path(with(name, sent_suffix));
  if (!files_.exists(receipt) || !files_.is_file(receipt)) return false;
  try {
    return is_receipt(files_.read(receipt, maximum_entry_bytes));
  } catch (const FileTooLongError&) {
    return false;
  }
}

bool Outbox::may_have_receipt(const std::string& name) try {
  return has_receipt(name);
} catch (const IoError&) {
  return true;
}

void Outbox::add(const UploadObject& object, const std::string& target) {
  QueuedObject entry;
  entry.kind = object.kind;
  entry.name = object.name;
  entry.identity = object.identity;
  entry.target = target;
  entry.bytes = object.body.size();
  entry.sha256 = sha256_hex(object.body);
  entry.devices = object.devices;
  try {
    files_.write_durably(path(object.name), object.body);
    write_entry(entry);  // from here on it is one
    set_aside_.erase(object.name);
  } catch (const IoError&) {
    try {
      // The entry may be there in spite of the error; without its body it would count as damaged.
      files_.remove(path(with(object.name, queued_suffix)));
      files_.remove(path(object.name));
    } catch (const IoError&) {
      // The first failure is the one to report; queued() removes what is left.
    }
    throw;
  }
}

void Outbox::write_entry(const QueuedObject& entry) {
  // A target may be signed in advance: whoever reads it can write there.
  files_.write_durably(path(with(entry.name, queued_suffix)), entry_text(entry), Readers::owner);
}

std::optional<std::string> Outbox::damage_of(const std::string& name, QueuedObject& entry) {
  try {
    entry =
        parse_entry(name, files_.read_file(path(with(name, queued_suffix)), maximum_entry_bytes));
    body(entry);
    return std::nullopt;
  } catch (const EntryError& error) {
    return error.what();
  } catch (const FileTooLongError& error) {
    return error.what();
  } catch (const NotAsItWas& error) {
    return error.what();
  }
}

bool Outbox::holds(const std::string& name) {
  if (!knows(name)) return false;
  if (may_have_receipt(name)) return true;
  try {
    QueuedObject entry;
    return !damage_of(name, entry);
  } catch (const LaterSchema&) {
  } catch (const IoError&) {  // it may be whole
  }
  return true;
}

std::vector<QueuedObject> Outbox::queued(std::vector<std::string>& notes) {
  std::vector<QueuedObject> entries;
  left_out_.clear();
  if (use_ == Use::look && !files_.exists(directory_)) return entries;
  const std::vector<std::string> names = files_.list(directory_);
  const auto present = [&](const std::string& name) {
    return std::binary_search(names.begin(), names.end(), name);
  };
  const auto tidy_up = [&](const std::string& file) {
    if (use_ == Use::look) return;
    try {
      // A directory of such a name is not ours.
      if (!files_.exists(path(file)) || files_.is_file(path(file))) files_.remove(path(file));
    } catch (const AccessDeniedError&) {
      throw;
    } catch (const IoError&) {  // it stays for the next time
    }
  };
  const auto is_gone = [&](const std::string& file) {
    try {
      return !files_.exists(path(file));
    } catch (const IoError&) {
      return false;
    }
  };
  for (const std::string& file : names) {
    if (!is_own(file)) continue;
    if (file.ends_with(".gz") && !present(with(file, queued_suffix))) {
      tidy_up(file);  // its add() did not come to its end, or its removal
    }
    if (file.ends_with(".tmp")) tidy_up(file);
    if (!file.ends_with(queued_suffix)) continue;
    const std::string name = file.substr(0, file.size() - queued_suffix.size());
    try {
      if (present(with(name, sent_suffix)) && has_receipt(name)) {
        tidy_up(file);
        if (present(name)) tidy_up(name);
        continue;
      }
      QueuedObject entry;
      if (const auto damage = damage_of(name, entry)) {
        tell_damaged(name, *damage, notes);
      } else {
        entries.push_back(entry);
      }
    } catch (const LaterSchema& error) {
      notes.push_back("'" + path(file) + "' is " + error.what() + ": it stays there, for that one");
    } catch (const AccessDeniedError&) {
      throw;  // another user's: not damaged
    } catch (const IoError& error) {
      if (is_gone(file)) continue;  // sent by another process while this one looks
      left_out_.emplace(name, IoError(std::string(error.what()) +
                                      "; it stays in the outbox: axiom-client upload tries again"));
      notes.push_back("an entry of the outbox stays there for later: " + std::string(error.what()));
    }
  }
  std::stable_sort(entries.begin(), entries.end(),
                   [](const auto& a, const auto& b) { return a.kind < b.kind; });
  return entries;
}

std::optional<IoError> Outbox::left_out(const std::string& digest) const {
  for (const auto* names : {&left_out_, &set_aside_}) {
    for (const auto& [name, error] : *names) {
      if (name.find(digest) != std::string::npos) return error;
    }
  }
  return std::nullopt;
}

void Outbox::tell_damaged(const std::string& name, const std::string& reason,
                          std::vector<std::string>& notes) {
  if (use_ == Use::change) {
    set_aside(name, reason, notes);
    set_aside_.emplace(name, IoError("what waited as '" + name + "' is damaged and not sent: " +
                                     reason + "; upload it again by --upload-url, or compute it"));
    return;
  }
  // Another process may have sent or set it aside meanwhile.
  if (!files_.exists(path(with(name, queued_suffix)))) return;
  damaged_.insert(name);
  notes.push_back("an entry of the outbox is damaged, '" + path(with(name, queued_suffix)) + "': " +
                  reason + "; its result is queued again by --upload-url, if it is still there");
}

void Outbox::set_aside(const std::string& name, const std::string& reason,
                       std::vector<std::string>& notes) {
  const std::string entry = path(with(name, queued_suffix));
  // First, as it may be the only copy: without its entry it would be tidied up.
  if (files_.exists(path(name))) files_.rename(path(name), path(name) + ".bad");
  files_.rename(entry, entry + ".bad");
  notes.push_back("an entry of the outbox was set aside as '" + entry + ".bad': " + reason +
                  "; its result is queued again by --upload-url, if it is still there");
}

std::string Outbox::body(const QueuedObject& entry) {
  if (!files_.exists(path(entry.name))) {
    throw NotAsItWas("'" + path(entry.name) + "' is not there any more");
  }
  std::string bytes = files_.read_file(path(entry.name), maximum_body_bytes);
  if (bytes.size() != entry.bytes || sha256_hex(bytes) != entry.sha256) {
    throw NotAsItWas("'" + path(entry.name) + "' is not what was put there");
  }
  return bytes;
}

void Outbox::redirect(QueuedObject& entry, const std::string& target) {
  if (entry.target == target) return;
  entry.target = target;
  entry.failures = 0;
  entry.not_before = 0;
  write_entry(entry);
}

void Outbox::postpone(QueuedObject& entry, int failures, double not_before) {
  entry.failures = std::min(failures, most_counted_failures);
  entry.not_before = not_before;
  if (!files_.exists(path(with(entry.name, queued_suffix)))) return;  // removed meanwhile
  write_entry(entry);
}

void Outbox::acknowledge(const QueuedObject& entry, const std::string& address,
                         const std::string& when) {
  files_.write_durably(path(with(entry.name, sent_suffix)), receipt_text(entry, address, when));
  files_.remove(path(with(entry.name, queued_suffix)));
  files_.remove(path(entry.name));
}

}  // namespace axiom
