// The files that a finished work unit leaves in its directory.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "client/system/files.h"

namespace axiom {

/// Of a result that is read back; longer files are none, and work whose result could be longer is
/// refused before it is begun.
inline constexpr std::size_t maximum_result_bytes = std::size_t{4} << 30;

/// DIRECTORY/EXPERIMENT.result.json and its companions.
struct ResultPaths {
  ResultPaths(const std::string& directory, std::string_view experiment);

  std::string result;
  std::string digest;  ///< the result's SHA-256 in the format of sha256sum
  std::string telemetry;
};

struct WrittenResult {
  std::string sha256;  ///< hex
  std::string kept;    ///< path to which an earlier, different result was moved; empty if none
};

/// Whether write_result() may have named a file so: EXPERIMENT.result.json, or that of an earlier
/// result that was kept.
bool is_result_name(std::string_view name);

/// IoError if one of the files could not be written where it is to lie, or an earlier result could
/// not be read.
void require_writable(FileSystem& files, const ResultPaths& paths);

/// Writes the result and its digest durably. An earlier result with other bytes is kept as
/// EXPERIMENT.result.<first 12 digits of its SHA-256>.json. IoError on failure.
WrittenResult write_result(FileSystem& files, const ResultPaths& paths, std::string_view text);

}  // namespace axiom
