#include "client/system/files.h"

namespace axiom {
namespace {

constexpr std::string_view to_be_written =
    " where a file is to be written: move it away, or choose another directory";

}  // namespace

std::string temporary_of(const std::string& path) { return path + ".tmp"; }

std::string parent_directory(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  path = path.substr(0, slash);
  while (!path.empty() && path.back() == '/') path.remove_suffix(1);
  return path.empty() ? "/" : std::string(path);
}

void FileSystem::require_file_or_nothing(const std::string& path, std::string_view advice) {
  if (exists(path) && !is_file(path)) {
    throw IoError("'" + path + "' is a directory, pipe or device" + std::string(advice));
  }
}

std::string FileSystem::read_file(const std::string& path, std::size_t max_bytes) {
  require_file_or_nothing(path, ": move it");
  return read(path, max_bytes);
}

void FileSystem::write_durably(const std::string& path, std::string_view bytes, Readers readers) {
  const std::string temporary = temporary_of(path);
  try {
    const std::unique_ptr<OutputFile> file = create(temporary, readers);
    while (!bytes.empty()) {
      const std::size_t written = file->write_some(bytes);
      if (written == 0 || written > bytes.size()) {
        throw IoError("cannot write '" + temporary + "': the disk accepts no bytes");
      }
      bytes.remove_prefix(written);
    }
    file->sync();
    file->close();
    move(temporary, path);
  } catch (...) {
    try {
      unlink(temporary);
    } catch (const IoError&) {
      // The first failure is the one to report; the next write truncates what is left.
    }
    throw;
  }
  sync_directory(parent_directory(path));
}

void FileSystem::require_writable(const std::string& path) {
  require_file_or_nothing(path, to_be_written);
  require_writable_temporary(path);
}

void FileSystem::require_writable_temporary(const std::string& path) {
  const std::string temporary = temporary_of(path);
  // Links are not followed: who laid one there would choose what is written over.
  if (is_link(temporary)) {
    throw IoError("'" + temporary + "' is a link" + std::string(to_be_written));
  }
  require_file_or_nothing(temporary, to_be_written);
  require_permission(parent_directory(temporary), Permission::write);
  require_permission(temporary, Permission::write);
}

void FileSystem::rename(const std::string& from, const std::string& to) {
  move(from, to);
  sync_directory(parent_directory(to));
}

void FileSystem::remove(const std::string& path) {
  if (unlink(path)) sync_directory(parent_directory(path));
}

void FileSystem::make_directories(const std::string& path) {
  const std::string parent = parent_directory(path);
  if (parent != path && !exists(path)) make_directories(parent);
  if (create_directory(path)) sync_directory(parent);
}

}  // namespace axiom
