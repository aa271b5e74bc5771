// A disk in memory that fails, writes short and forgets, at a chosen operation.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "client/system/files.h"

namespace axiom::testing {

/// Thrown at and after the moment when the power goes. Not an IoError: no program sees it coming.
struct PowerCut {};

/// What is not synced lives in a cache. Bytes become durable by sync(), names (of created, renamed
/// and removed files and of directories) by sync_directory(). A power cut keeps any subset of the
/// names that were not durable, and the old bytes, a part of the new or garbage of a file that was
/// not synced.
class FaultyFileSystem final : public FileSystem {
 public:
  /// Each primitive, reads included, counts as one operation, from 1.
  enum class Fault {
    error,        ///< the operation fails without effect
    late_error,   ///< the operation takes effect and fails all the same
    short_write,  ///< as error, but if it is a write, half of the bytes are written
  };

  /// The next operations are numbered from 1; number `operation` fails, once.
  void fail_at(std::uint64_t operation, Fault fault);
  /// As on a full disk: from operation number `operation` on, writes and creations fail (ENOSPC).
  void full_from(std::uint64_t operation);
  /// The power goes during operation number `operation`.
  void cut_power_at(std::uint64_t operation, std::uint64_t random_seed);
  /// Numbers operations from 1, without faults.
  void heal();
  /// Every write takes at most this many bytes; 0 = all.
  void set_largest_write(std::size_t bytes) { largest_write_ = bytes; }

  /// Power is back: the cache is gone. May be called without a cut, too.
  void restart(std::uint64_t random_seed);

  std::uint64_t operations() const { return operations_; }
  /// Whether the fault was reached.
  bool fault_reached() const { return reached_; }

  /// Direct access for tests, without counting.
  std::vector<std::string> names() const;
  std::string content(const std::string& path) const;
  void put(const std::string& path, const std::string& bytes);
  /// Reading this file fails until heal_file().
  void make_unreadable(const std::string& path) { unreadable_ = path; }
  void heal_file() { unreadable_.clear(); }
  /// As a program that runs under Windows: this file can be renamed, but neither replaced nor
  /// removed.
  void set_running(const std::string& path) { running_ = path; }

  std::string read(const std::string& path, std::size_t max_bytes) override;
  bool exists(const std::string& path) override;
  std::vector<std::string> list(const std::string& directory) override;

 protected:
  std::unique_ptr<OutputFile> create(const std::string& path, Readers readers) override;
  void move(const std::string& from, const std::string& to) override;
  bool unlink(const std::string& path) override;
  bool create_directory(const std::string& path) override;
  void sync_directory(const std::string& path) override;

 private:
  struct Node {
    bool directory = false;
    std::string bytes;
    std::string synced;
  };
  using NodePointer = std::shared_ptr<Node>;
  using Names = std::map<std::string, NodePointer>;
  /// One change of names: `removed` goes, `added` comes; either may be empty.
  struct Change {
    std::string removed;
    std::string added;
    NodePointer node;
  };
  class File;
  enum class Kind { reading, writing, other };

  /// Counts, then applies `effect` or the fault.
  template <typename Effect>
  void operate(const std::string& what, Kind kind, Effect effect);
  void change(Change change);
  static void apply(const Change& change, Names& names);
  std::uint64_t random(std::uint64_t bound);
  NodePointer file_at(const std::string& path) const;

  Names names_;
  Names durable_names_;
  std::vector<Change> pending_;
  std::uint64_t operations_ = 0;
  std::uint64_t fail_at_ = 0;
  std::uint64_t full_from_ = 0;
  std::uint64_t cut_at_ = 0;
  Fault fault_ = Fault::error;
  bool reached_ = false;
  bool dark_ = false;
  bool writes_half_ = false;
  std::size_t largest_write_ = 0;
  std::string unreadable_;
  std::string running_;
  std::mt19937_64 generator_;
};

}  // namespace axiom::testing
