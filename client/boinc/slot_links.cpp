#include "client/boinc/slot_links.h"

#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>

#include "client/system/files.h"

namespace axiom::boinc {
namespace {

constexpr std::string_view open_tag = "<soft_link>";
constexpr std::string_view close_tag = "</soft_link>";
constexpr std::size_t most_link_bytes = 8192;  // a path has 4096 at most

// Opening anything else may never end, and a result cannot take the place of a directory.
std::string file_or_nothing(const std::string& path) {
  std::error_code unknown;
  const std::filesystem::file_status status = std::filesystem::status(path, unknown);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    throw IoError("'" + path +
                  "' is a directory, pipe or device, where a file of the task belongs; " +
                  "reset the project");
  }
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
  if (!text.starts_with(open_tag)) return logical_name;
  const std::size_t end = text.find(close_tag);
  if (end == std::string::npos || end == open_tag.size()) {
    throw IoError("the link '" + logical_name +
                  "' in the slot leads nowhere: it is damaged; reset the project");
  }
  return file_or_nothing(text.substr(open_tag.size(), end - open_tag.size()));
}

}  // namespace axiom::boinc
