// Files as the program needs them: bounded reads, durable writes. One interface, so that tests can
// replace the disk with one that fails and forgets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace axiom {

/// An operation on a file or directory failed; the message names it, the path and the reason.
class IoError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The disk, or the user's share of it, is full.
class DiskFullError : public IoError {
 public:
  using IoError::IoError;
};

/// This user may not.
class AccessDeniedError : public IoError {
 public:
  using IoError::IoError;
};

/// A file is longer than it may be: reading it again does not help.
class FileTooLongError : public IoError {
 public:
  using IoError::IoError;
};

/// Who may read a file that is written: whom the umask allows, or its owner alone.
enum class Readers { as_usual, owner };

enum class Permission { read, write };

/// A disk. All functions throw IoError. The public functions are written once over the primitives
/// below; an implementation supplies the primitives.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  /// All bytes of a file. IoError if it is missing or unreadable, FileTooLongError
  /// if it is longer than max_bytes.
  virtual std::string read(const std::string& path, std::size_t max_bytes) = 0;
  virtual bool exists(const std::string& path) = 0;
  /// Whether that is a file, perhaps by a link: reading anything else may never end.
  virtual bool is_file(const std::string& path) { return exists(path); }
  /// Whether that is a symbolic link, wherever it leads.
  virtual bool is_link(const std::string&) { return false; }
  /// AccessDeniedError, or another IoError, if this user may not do that with a file or directory
  /// that is there. Nothing is opened.
  virtual void require_permission(const std::string&, Permission) {}
  /// The names in a directory, without "." and "..", sorted by bytes.
  virtual std::vector<std::string> list(const std::string& directory) = 0;

  /// Like read(), for what nobody has named: IoError if it is a directory, pipe or device. A pipe
  /// would be waited for without end.
  std::string read_file(const std::string& path, std::size_t max_bytes);

  /// Replaces `path` by `bytes`: write PATH.tmp, fsync, rename, fsync of the directory. When it
  /// returns, the bytes survive a power cut; when it throws, `path` holds either all of the old or
  /// all of the new bytes, and the temporary is removed if that is possible.
  void write_durably(const std::string& path, std::string_view bytes,
                     Readers readers = Readers::as_usual);
  /// IoError "'PATH' is a directory, pipe or device" and `advice`, if something lies there that is
  /// no file: opening it may never end.
  void require_file_or_nothing(const std::string& path, std::string_view advice);
  /// IoError if a directory, pipe or device lies where write_durably(path) puts the file or its
  /// temporary, a link where the temporary is to be, or what this user may not write: better before
  /// the work than after it.
  void require_writable(const std::string& path);
  void require_writable_temporary(const std::string& path);
  /// Renames and makes the new name durable. Replaces `to`.
  void rename(const std::string& from, const std::string& to);
  /// Removes a file and makes it durable. A missing file is no error.
  void remove(const std::string& path);
  /// Creates the directory and its missing parents, durably. An existing one is no error.
  void make_directories(const std::string& path);

 protected:
  /// A file being written. The destructor closes without a check.
  class OutputFile {
   public:
    virtual ~OutputFile() = default;
    /// Writes a prefix of `bytes` and returns its length, at least 1.
    virtual std::size_t write_some(std::string_view bytes) = 0;
    virtual void sync() = 0;
    virtual void close() = 0;
  };

  /// Creates or truncates a file.
  virtual std::unique_ptr<OutputFile> create(const std::string& path, Readers readers) = 0;
  virtual void move(const std::string& from, const std::string& to) = 0;
  /// False if there was no such file.
  virtual bool unlink(const std::string& path) = 0;
  /// False if it was there already. IoError if something else has that name.
  virtual bool create_directory(const std::string& path) = 0;
  virtual void sync_directory(const std::string& path) = 0;
};

/// The disk of this host. Thread-safe as far as no two threads write the same path.
FileSystem& real_file_system();

/// Where FileSystem::write_durably(path) writes before it renames.
std::string temporary_of(const std::string& path);

/// The directory that holds `path`; "." for a bare name.
std::string parent_directory(std::string_view path);

/// Another process holds the lock of a directory.
class DirectoryInUseError : public IoError {
 public:
  using IoError::IoError;
};

/// Keeps other processes out of a directory while it lives. The file DIRECTORY/.lock stays behind;
/// the lock itself ends with the process, however that dies.
class DirectoryLock {
 public:
  /// REQUIRES: the directory exists. DirectoryInUseError, IoError.
  explicit DirectoryLock(const std::string& directory);
  ~DirectoryLock();
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  std::intptr_t handle_;
};

}  // namespace axiom
