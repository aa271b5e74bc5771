#include "client/system/cgroup.h"

#include <charconv>
#include <sstream>

#include "client/system/files.h"

namespace axiom {
namespace {

constexpr std::size_t maximum_system_file = 8u << 20;

bool contains(const std::string& comma_list, std::string_view item) {
  std::istringstream items(comma_list);
  for (std::string entry; std::getline(items, entry, ',');) {
    if (entry == item) return true;
  }
  return false;
}

/// A place where a hierarchy is mounted: `group` of it is seen at `point`.
struct Mount {
  int version = 0;
  std::string group;
  std::string point;
};

/// Blanks, tabs, line ends and backslashes are written as \ooo.
std::string without_escapes(const std::string& text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto is_octal = [&](std::size_t at) { return text[at] >= '0' && text[at] <= '7'; };
    if (text[i] == '\\' && i + 3 < text.size() && is_octal(i + 1) && is_octal(i + 2) &&
        is_octal(i + 3)) {
      plain += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                                 (text[i + 3] - '0'));
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

/// mountinfo, see proc(5): id parent device root mount-point options… - type source super-options.
std::vector<Mount> mounts(const std::string& root, std::string_view controller) {
  std::vector<Mount> found;
  std::istringstream lines(read_system_file(root + "/proc/self/mountinfo").value_or(""));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string skipped, type, source, super_options;
    Mount mount;
    words >> skipped >> skipped >> skipped >> mount.group >> mount.point;
    while (words >> skipped && skipped != "-") {
    }
    words >> type >> source >> super_options;
    if (type == "cgroup2") mount.version = 2;
    if (type == "cgroup" && contains(super_options, controller)) mount.version = 1;
    mount.group = without_escapes(mount.group);
    mount.point = without_escapes(mount.point);
    if (mount.version != 0) found.push_back(mount);
  }
  return found;
}

/// The process's path in a hierarchy of this version; cgroup(7): id:controllers:path.
std::optional<std::string> own_path(const std::string& cgroup_file, int version,
                                    std::string_view controller) {
  std::istringstream lines(cgroup_file);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const bool is_version_2 = line.substr(0, first) == "0" && controllers.empty();
    if (version == 2 ? is_version_2 : contains(controllers, controller)) {
      return line.substr(second + 1);
    }
  }
  return std::nullopt;
}

/// `path` as seen below a mount that shows `group`; "" if it lies outside of it.
std::string path_below(const std::string& path, const std::string& group) {
  if (path == "/.." || path.compare(0, 4, "/../") == 0) return "";
  const std::string prefix = group == "/" ? "" : group;
  if (path.compare(0, prefix.size(), prefix) != 0) return "";
  const std::string rest = path.substr(prefix.size());
  return rest.empty() || rest == "/" || rest.front() != '/' ? "" : rest;
}

}  // namespace

std::vector<ControlGroup> control_groups(const std::string& root, std::string_view controller) {
  std::vector<ControlGroup> groups;
  const std::optional<std::string> own = read_system_file(root + "/proc/self/cgroup");
  if (!own) return groups;
  for (const Mount& mount : mounts(root, controller)) {
    const std::optional<std::string> path = own_path(*own, mount.version, controller);
    if (!path) continue;
    std::string below = path_below(*path, mount.group);
    while (true) {
      groups.push_back({mount.version, root + mount.point + below});
      if (below.empty()) break;
      below.resize(below.rfind('/'));
    }
  }
  return groups;
}

std::optional<std::string> read_system_file(const std::string& path) {
  try {
    return real_file_system().read(path, maximum_system_file);
  } catch (const IoError&) {
    return std::nullopt;
  }
}

std::optional<std::uint64_t> number_after(const std::string& text, std::string_view key) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.compare(0, key.size(), key) != 0) continue;
    const std::size_t digit = line.find_first_not_of(" \t", key.size());
    if (digit == std::string::npos) continue;
    std::uint64_t number = 0;
    const auto [end, error] =
        std::from_chars(line.data() + digit, line.data() + line.size(), number);
    if (error == std::errc()) return number;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> number_in_file(const std::string& path) {
  const std::optional<std::string> text = read_system_file(path);
  return text ? number_after(*text, "") : std::nullopt;
}

}  // namespace axiom
