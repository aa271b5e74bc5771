#include "client/result/result_files.h"

#include <cstddef>

#include "client/system/digest.h"

namespace axiom {
namespace {

constexpr std::size_t kept_digits = 12;  // of the SHA-256, in the name of a result that was kept
constexpr std::size_t maximum_earlier_bytes = std::size_t{4} << 30;  // whatever it is

std::string file_name(const std::string& path) { return path.substr(path.find_last_of('/') + 1); }

void write_digest(FileSystem& files, const std::string& path, const std::string& sha256) {
  files.write_durably(path + ".sha256", sha256 + "  " + file_name(path) + "\n");
}

}  // namespace

ResultPaths::ResultPaths(const std::string& directory, std::string_view experiment) {
  const std::string stem = directory + "/" + std::string(experiment);
  result = stem + ".result.json";
  digest = result + ".sha256";
  telemetry = stem + ".telemetry.json";
}

bool is_result_name(std::string_view name) {
  const std::size_t at = name.find(".result.");
  if (at == std::string_view::npos || at == 0 || name.find('.') != at) return false;
  const std::string_view rest = name.substr(at + std::string_view(".result.").size());
  if (rest == "json") return true;
  return rest.size() == kept_digits + std::string_view(".json").size() && rest.ends_with(".json") &&
         rest.find_first_not_of("0123456789abcdef") == kept_digits;
}

void require_writable(FileSystem& files, const ResultPaths& paths) {
  for (const std::string& path : {paths.result, paths.digest, paths.telemetry}) {
    files.require_writable(path);
  }
  files.require_permission(paths.result, Permission::read);  // an earlier one, to be kept
}

WrittenResult write_result(FileSystem& files, const ResultPaths& paths, std::string_view text) {
  WrittenResult written;
  written.sha256 = sha256_hex(text);
  if (files.exists(paths.result)) {
    const std::string earlier = sha256_hex(files.read(paths.result, maximum_earlier_bytes));
    if (earlier != written.sha256) {
      const std::string stem = paths.result.substr(0, paths.result.size() - sizeof("json") + 1);
      written.kept = stem + earlier.substr(0, kept_digits) + ".json";
      write_digest(files, written.kept, earlier);  // first: a result is never there without
      files.rename(paths.result, written.kept);
    }
  }
  // An earlier digest beside a new result would call it damaged, should the program end between.
  if (files.exists(paths.digest) && !files.exists(paths.result)) files.remove(paths.digest);
  files.write_durably(paths.result, text);
  write_digest(files, paths.result, written.sha256);
  return written;
}

}  // namespace axiom
