#include "client/work_unit/host_identifier.h"

#include <chrono>
#include <thread>

#include "client/system/process.h"

namespace axiom {
namespace {

constexpr std::size_t identifier_digits = 32;

std::string read_identifier(FileSystem& files, const std::string& path) {
  const std::string text = files.read(path, 4096);
  const bool well_formed = text.size() == identifier_digits + 1 && text.back() == '\n' &&
                           text.find_first_not_of("0123456789abcdef") == identifier_digits;
  if (!well_formed) {
    throw IoError(path + ": expected 32 hex digits; delete the file to draw a new identifier");
  }
  return text.substr(0, identifier_digits);
}

void draw_identifier(FileSystem& files, const std::string& path, const std::string& directory) {
  const DirectoryLock only_one_draws(directory);
  if (!files.exists(path)) files.write_durably(path, random_hex(identifier_digits / 2) + "\n");
}

}  // namespace

std::string host_identifier(FileSystem& files, const std::string& directory) {
  const std::string path = directory + "/host_id";
  if (files.exists(path)) return read_identifier(files, path);
  files.make_directories(directory);
  // Several may start at once for the first time, and a slow disk takes a while.
  for (int left = 100; !files.exists(path); --left) {
    try {
      draw_identifier(files, path, directory);
    } catch (const DirectoryInUseError&) {
      if (left == 0) throw;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }
  return read_identifier(files, path);
}

}  // namespace axiom
