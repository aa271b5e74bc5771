// The real disk, by POSIX calls; each return value is checked.
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "client/system/files.h"
#include "client/system/posix_calls.h"

namespace axiom {
namespace {

/// Owns a file descriptor.
class Descriptor {
 public:
  Descriptor(const std::string& path, int flags, const std::string& what)
      : path_(path), value_(open(flags)) {
    // Another process has a lease on the file (a Samba server, say), and is asked to give it back.
    if (value_ == -1 && errno == EAGAIN) value_ = open(flags & ~O_NONBLOCK);
    if (value_ == -1) throw_io_error(what, path, errno);
  }
  ~Descriptor() {
    if (value_ != -1) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int value() const { return value_; }
  const std::string& path() const { return path_; }
  /// Not repeated on EINTR: Linux has closed the descriptor by then.
  void close() {
    const int closed = ::close(value_);
    value_ = -1;
    if (closed == -1 && errno != EINTR) throw_io_error("close", path_, errno);
  }

 private:
  int open(int flags) const {
    return retried([&] { return ::open(path_.c_str(), flags | O_CLOEXEC, 0666); });
  }

  std::string path_;
  int value_;
};

struct stat status_of(const Descriptor& file) {
  struct stat status {};
  if (::fstat(file.value(), &status) == -1) throw_io_error("examine", file.path(), errno);
  return status;
}

// The first bytes of a pipe or terminal that was opened without waiting. Whoever writes is waited
// for as long as it takes, but not for somebody who might begin to.
ssize_t first_read(const Descriptor& file, bool pipe, char* bytes, std::size_t size) {
  constexpr int patience = 1000;  // milliseconds: `writer >PIPE & reader PIPE`
  const auto read = [&] { return retried([&] { return ::read(file.value(), bytes, size); }); };
  ssize_t got = read();
  if (got == 0 && pipe) {
    pollfd readable{file.value(), POLLIN, 0};
    ::poll(&readable, 1, patience);
    got = read();
    if (got == 0) {
      throw IoError("'" + file.path() + "' is a pipe that nobody writes to: give a file");
    }
  }
  const int error = got == -1 ? errno : 0;
  if (::fcntl(file.value(), F_SETFL, 0) == -1) throw_io_error("read", file.path(), errno);
  if (error == EAGAIN) return read();
  errno = error;
  return got;
}

class RealFileSystem final : public FileSystem {
 public:
  std::string read(const std::string& path, std::size_t max_bytes) override {
    const Descriptor file(path, O_RDONLY | O_NONBLOCK, "open");
    const struct stat status = status_of(file);
    const auto too_large = [&] {
      return FileTooLongError("'" + path + "' is longer than the " + std::to_string(max_bytes) +
                              " bytes that it may have: is it the right file?");
    };
    const std::size_t size = static_cast<std::size_t>(std::max<off_t>(status.st_size, 0));
    const bool regular = S_ISREG(status.st_mode);
    if (regular && size > max_bytes) throw too_large();
    // The size is a guess only: files of /proc say 0, and a file may grow meanwhile. One byte more
    // than that shows the end.
    std::string bytes(regular ? size + 1 : 4096, '\0');
    std::size_t length = 0;
    while (true) {
      if (length == bytes.size()) bytes.resize(2 * bytes.size());
      char* const end = bytes.data() + length;
      const std::size_t room = bytes.size() - length;
      const ssize_t got = length == 0 && !regular
                              ? first_read(file, S_ISFIFO(status.st_mode), end, room)
                              : retried([&] { return ::read(file.value(), end, room); });
      if (got == -1) throw_io_error("read", path, errno);
      if (got == 0) break;
      length += static_cast<std::size_t>(got);
      if (length > max_bytes) throw too_large();
    }
    bytes.resize(length);
    return bytes;
  }

  bool exists(const std::string& path) override {
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0) return true;
    if (errno == ENOENT || errno == ENOTDIR || errno == ENAMETOOLONG) return false;
    throw_io_error("examine", path, errno);
  }

  bool is_file(const std::string& path) override {
    struct stat status {};
    if (::stat(path.c_str(), &status) == -1) throw_io_error("examine", path, errno);
    return S_ISREG(status.st_mode);
  }

  bool is_link(const std::string& path) override {
    struct stat status {};
    if (::lstat(path.c_str(), &status) == 0) return S_ISLNK(status.st_mode);
    if (errno == ENOENT || errno == ENOTDIR || errno == ENAMETOOLONG) return false;
    throw_io_error("examine", path, errno);
  }

  void require_permission(const std::string& path, Permission permission) override {
    const bool reads = permission == Permission::read;
    if (::faccessat(AT_FDCWD, path.c_str(), reads ? R_OK : W_OK, AT_EACCESS) == 0) return;
    if (errno != ENOENT && errno != ENOTDIR && errno != ENAMETOOLONG) {
      throw_io_error(reads ? "read" : "write to", path, errno);
    }
  }

  std::vector<std::string> list(const std::string& directory) override {
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(directory.c_str()), ::closedir);
    if (!stream) throw_io_error("open the directory", directory, errno);
    std::vector<std::string> names;
    while (true) {
      errno = 0;
      const dirent* entry = ::readdir(stream.get());
      if (entry == nullptr && errno != 0) throw_io_error("read the directory", directory, errno);
      if (entry == nullptr) break;
      const std::string name = entry->d_name;
      if (name != "." && name != "..") names.push_back(name);
    }
    std::sort(names.begin(), names.end());
    return names;
  }

 protected:
  class File final : public OutputFile {
   public:
    File(const std::string& path, Readers readers)
        : descriptor_(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK, "create") {
      // Empty as yet.
      if (readers == Readers::owner && ::fchmod(descriptor_.value(), 0600) == -1) {
        throw_io_error("set the permissions of", path, errno);
      }
    }
    std::size_t write_some(std::string_view bytes) override {
      const ssize_t written =
          retried([&] { return ::write(descriptor_.value(), bytes.data(), bytes.size()); });
      if (written == -1) throw_io_error("write", descriptor_.path(), errno);
      return static_cast<std::size_t>(written);
    }
    void sync() override {
      if (retried([&] { return ::fsync(descriptor_.value()); }) == -1) {
        throw_io_error("write to the disk", descriptor_.path(), errno);
      }
    }
    void close() override { descriptor_.close(); }

   private:
    Descriptor descriptor_;
  };

  std::unique_ptr<OutputFile> create(const std::string& path, Readers readers) override {
    return std::make_unique<File>(path, readers);
  }

  void move(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) == -1) {
      const int error = errno;
      throw_io_error("rename '" + from + "' to", to, error);
    }
  }

  bool unlink(const std::string& path) override {
    if (::unlink(path.c_str()) == 0) return true;
    if (errno == ENOENT) return false;
    throw_io_error("remove", path, errno);
  }

  bool create_directory(const std::string& path) override {
    if (::mkdir(path.c_str(), 0777) == 0) return true;
    const int error = errno;
    // Not only EEXIST: a parent that may not be written gives EACCES or EROFS, be it there or not.
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return false;
    throw_io_error("create the directory", path, error);
  }

  void sync_directory(const std::string& path) override { axiom::sync_directory(path); }
};

}  // namespace

FileSystem& real_file_system() {
  static RealFileSystem files;
  return files;
}

}  // namespace axiom
