// An empty directory that goes with its object.
#pragma once

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>

namespace axiom::testing {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::error_code error;
    std::filesystem::path parent = std::filesystem::temp_directory_path(error);
    // TMPDIR may be relative, and tests change the working directory.
    if (!error) parent = std::filesystem::absolute(parent, error);
    // mkdtemp() puts its own letters in the place of the X.
    std::string pattern = (parent / "axiom-test-XXXXXX").string();
    if (!error && ::mkdtemp(pattern.data()) == nullptr) {
      error.assign(errno, std::generic_category());
    }
    if (error) {
      throw std::runtime_error("cannot create a directory for a test: " + error.message() +
                               "; TMPDIR (else /tmp) must be a directory that can be written");
    }
    path_ = pattern;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace axiom::testing
