#include "tests/support/faulty_file_system.h"

#include <algorithm>

namespace axiom::testing {

void FaultyFileSystem::heal() {
  operations_ = fail_at_ = full_from_ = cut_at_ = 0;
  reached_ = false;
}

void FaultyFileSystem::fail_at(std::uint64_t operation, Fault fault) {
  heal();
  fail_at_ = operation;
  fault_ = fault;
}

void FaultyFileSystem::full_from(std::uint64_t operation) {
  heal();
  full_from_ = operation;
}

void FaultyFileSystem::cut_power_at(std::uint64_t operation, std::uint64_t random_seed) {
  heal();
  cut_at_ = operation;
  generator_.seed(random_seed);
}

std::uint64_t FaultyFileSystem::random(std::uint64_t bound) { return generator_() % bound; }

template <typename Effect>
void FaultyFileSystem::operate(const std::string& what, Kind kind, Effect effect) {
  if (dark_) throw PowerCut{};
  ++operations_;
  if (operations_ == cut_at_) {
    dark_ = reached_ = true;
    if (random(2) == 0) effect();
    throw PowerCut{};
  }
  if (full_from_ != 0 && operations_ >= full_from_ && kind == Kind::writing) {
    reached_ = true;
    throw IoError("cannot " + what + ": no space left (injected)");
  }
  if (operations_ == fail_at_) {
    reached_ = true;
    writes_half_ = fault_ == Fault::short_write;
    if (fault_ == Fault::late_error || (writes_half_ && kind == Kind::writing)) effect();
    writes_half_ = false;
    throw IoError("cannot " + what + " (injected)");
  }
  effect();
}

class FaultyFileSystem::File final : public OutputFile {
 public:
  File(FaultyFileSystem& disk, NodePointer node, std::string path)
      : disk_(disk), node_(std::move(node)), path_(std::move(path)) {}

  std::size_t write_some(std::string_view bytes) override {
    std::size_t length = bytes.size();
    if (disk_.largest_write_ != 0) length = std::min(length, disk_.largest_write_);
    disk_.operate("write '" + path_ + "'", Kind::writing, [&] {
      const bool half = disk_.writes_half_ || (disk_.dark_ && disk_.random(2) == 0);
      node_->bytes.append(bytes.substr(0, half ? length / 2 : length));
    });
    return length;
  }
  void sync() override {
    disk_.operate("sync '" + path_ + "'", Kind::other, [&] { node_->synced = node_->bytes; });
  }
  void close() override {
    disk_.operate("close '" + path_ + "'", Kind::other, [] {});
  }

 private:
  FaultyFileSystem& disk_;
  NodePointer node_;
  std::string path_;
};

FaultyFileSystem::NodePointer FaultyFileSystem::file_at(const std::string& path) const {
  const auto found = names_.find(path);
  if (found == names_.end()) throw IoError("'" + path + "': no such file");
  if (found->second->directory) throw IoError("'" + path + "' is a directory");
  return found->second;
}

void FaultyFileSystem::apply(const Change& change, Names& names) {
  if (!change.removed.empty()) names.erase(change.removed);
  if (!change.added.empty()) names[change.added] = change.node;
}

void FaultyFileSystem::change(Change change) {
  apply(change, names_);
  pending_.push_back(std::move(change));
}

std::string FaultyFileSystem::read(const std::string& path, std::size_t max_bytes) {
  std::string bytes;
  operate("read '" + path + "'", Kind::reading, [&] {
    if (path == unreadable_) throw IoError("cannot read '" + path + "' (injected)");
    bytes = file_at(path)->bytes;
    if (bytes.size() > max_bytes) throw IoError("'" + path + "' is too long");
  });
  return bytes;
}

bool FaultyFileSystem::exists(const std::string& path) {
  bool found = false;
  operate("examine '" + path + "'", Kind::reading, [&] { found = names_.count(path) != 0; });
  return found;
}

std::vector<std::string> FaultyFileSystem::list(const std::string& directory) {
  std::vector<std::string> found;
  operate("open the directory '" + directory + "'", Kind::reading, [&] {
    const auto entry = names_.find(directory);
    if (entry == names_.end() || !entry->second->directory) {
      throw IoError("cannot open the directory '" + directory + "': no such directory");
    }
    for (const auto& [path, node] : names_) {
      if (path != directory && parent_directory(path) == directory) {
        found.push_back(path.substr(path.rfind('/') + 1));
      }
    }
  });
  return found;
}

std::unique_ptr<FileSystem::OutputFile> FaultyFileSystem::create(const std::string& path,
                                                                 Readers /*readers*/) {
  NodePointer node;
  operate("create '" + path + "'", Kind::writing, [&] {
    const auto parent = names_.find(parent_directory(path));
    if (parent == names_.end() || !parent->second->directory) {
      throw IoError("cannot create '" + path + "': no such directory");
    }
    const auto found = names_.find(path);
    if (found != names_.end()) {
      node = file_at(path);
      node->bytes.clear();
    } else {
      node = std::make_shared<Node>();
      change({"", path, node});
    }
  });
  return std::make_unique<File>(*this, node, path);
}

void FaultyFileSystem::move(const std::string& from, const std::string& to) {
  operate("rename '" + from + "' to '" + to + "'", Kind::other, [&] {
    if (parent_directory(from) != parent_directory(to)) {
      throw IoError("this disk renames within a directory only");
    }
    if (to == running_) throw IoError("'" + to + "' runs");
    change({from, to, file_at(from)});
    if (from == running_) running_ = to;
  });
}

bool FaultyFileSystem::unlink(const std::string& path) {
  bool found = false;
  operate("remove '" + path + "'", Kind::other, [&] {
    found = names_.count(path) != 0;
    if (found && path == running_) throw IoError("'" + path + "' runs");
    if (found) change({path, "", file_at(path)});
  });
  return found;
}

bool FaultyFileSystem::create_directory(const std::string& path) {
  bool created = false;
  operate("create the directory '" + path + "'", Kind::writing, [&] {
    if (const auto found = names_.find(path); found != names_.end()) {
      if (!found->second->directory) throw IoError("'" + path + "' is not a directory");
      return;
    }
    const std::string parent = parent_directory(path);
    if (parent != "/" && names_.count(parent) == 0) throw IoError("'" + parent + "' is missing");
    auto node = std::make_shared<Node>();
    node->directory = true;
    change({"", path, node});
    created = true;
  });
  return created;
}

void FaultyFileSystem::sync_directory(const std::string& path) {
  operate("sync the directory '" + path + "'", Kind::other, [&] {
    std::vector<Change> others;
    for (Change& change : pending_) {
      const std::string& name = change.added.empty() ? change.removed : change.added;
      if (parent_directory(name) == path) {
        apply(change, durable_names_);
      } else {
        others.push_back(std::move(change));
      }
    }
    pending_ = std::move(others);
  });
}

void FaultyFileSystem::restart(std::uint64_t random_seed) {
  generator_.seed(random_seed);
  for (const Change& change : pending_) {
    if (random(2) == 0) apply(change, durable_names_);
  }
  pending_.clear();
  names_.clear();
  running_.clear();
  // In the order of names a directory comes before what it holds.
  for (const auto& [path, node] : durable_names_) {
    const std::string parent = parent_directory(path);
    if (parent != "/" && names_.count(parent) == 0) continue;
    if (!node->directory && node->bytes != node->synced) {
      std::string survived[] = {node->synced, node->bytes.substr(0, random(node->bytes.size() + 1)),
                                std::string(node->bytes.size(), '\0'), node->bytes};
      node->bytes = survived[random(4)];
    }
    node->synced = node->bytes;
    names_[path] = node;
  }
  durable_names_ = names_;
  dark_ = false;
  heal();
}

std::vector<std::string> FaultyFileSystem::names() const {
  std::vector<std::string> names;
  for (const auto& [path, node] : names_) {
    if (!node->directory) names.push_back(path);
  }
  return names;
}

std::string FaultyFileSystem::content(const std::string& path) const {
  return file_at(path)->bytes;
}

void FaultyFileSystem::put(const std::string& path, const std::string& bytes) {
  auto node = std::make_shared<Node>();
  node->bytes = node->synced = bytes;
  names_[path] = node;
  durable_names_[path] = node;
}

}  // namespace axiom::testing
