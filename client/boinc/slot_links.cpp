#include "client/boinc/slot_links.h"

#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>

#include "client/boinc/trimmed.h"
#include "client/system/files.h"

namespace axiom::boinc {
namespace {

constexpr std::string_view open_tag = "<soft_link>";
constexpr std::string_view close_tag = "</soft_link>";
constexpr std::size_t most_link_bytes = 8192;  // a path has 4096 at most

// Opening anything else may never end, and a result cannot take the place of a directory, nor be
// where none is.
std::string file_or_nothing(const std::string& path) {
  std::error_code unknown;
  const std::string folder = parent_directory(path);
  if (!std::filesystem::is_directory(folder, unknown)) {
    throw IoError("'" + path + "' cannot be there: '" + folder +
                  "' is no directory, or closed to BOINC's user; reset the project");
  }
  real_file_system().require_file_or_nothing(
      path, " where a file of the task belongs; reset the project");
  return path;
}

}  // namespace

std::string follow_slot_link(const std::string& logical_name) {
  std::error_code no_link;
  const std::filesystem::path target = std::filesystem::read_symlink(logical_name, no_link);
  if (!no_link) return file_or_nothing(target.string());
  file_or_nothing(logical_name);
  std::string text(most_link_bytes, '\0');
  std::ifstream file(logical_name, std::ios::binary);
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  // As BOINC's library reads it, blanks around the tag or the path are no part of them.
  std::string_view link = trimmed(text);
  if (!link.starts_with(open_tag)) return logical_name;
  link.remove_prefix(open_tag.size());
  const std::size_t end = link.find(close_tag);
  const std::string_view path = trimmed(link.substr(0, end));
  if (end == std::string_view::npos || path.empty() || path.find('\0') != path.npos) {
    throw IoError("the link '" + logical_name +
                  "' in the slot leads nowhere: it is damaged; reset the project");
  }
  return file_or_nothing(std::string(path));
}

}  // namespace axiom::boinc
