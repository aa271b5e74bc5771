// The state of a work unit and its canonical bytes (docs/CHECKPOINT.md).
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "client/plan/training_run.h"

namespace axiom {

/// Networks that are trained and measured together.
struct GroupState {
  std::uint32_t measured = 0;     ///< measurements done
  std::vector<double> values;     ///< measured × values per measurement; NaN = undefined
  std::vector<RunState> members;  ///< empty if the group has not started or is finished
};

struct SeedState {
  std::vector<GroupState> groups;  ///< empty = not opened yet
};

struct Checkpoint {
  std::string work_digest;     ///< SHA-256 of the canonical work unit and versions, 64 hex digits
  std::uint64_t sequence = 0;  ///< raised by each save
  std::uint64_t resumes = 0;
  std::uint64_t checkpoints = 0;
  double seconds = 0;  ///< computing time so far, all sessions
  std::vector<SeedState> seeds;
  /// Those that computed a part of it (Backend::device_uuid()), ascending. No part of the science.
  std::vector<std::string> devices;
};

/// In Checkpoint::devices: perhaps any, since format version 1 did not say.
inline constexpr const char* unknown_device = "?";

/// From now on `device` computes a part; empty: a processor, which goes unmentioned.
void note_device(Checkpoint& checkpoint, const std::string& device);
/// Whether `device` may be among `devices`.
bool may_be_of(const std::vector<std::string>& devices, const std::string& device);

/// Bytes that are no checkpoint, or a checkpoint that has no bytes; the message says why.
class CheckpointError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// An intact checkpoint of a format version that this program does not know.
class CheckpointVersionError : public CheckpointError {
 public:
  using CheckpointError::CheckpointError;
};

inline constexpr std::uint32_t checkpoint_format_version = 2;
inline constexpr std::uint64_t maximum_checkpoint_bytes = std::uint64_t{4} << 30;

/// Canonical bytes: equal states give equal bytes, all NaN being stored as one. CheckpointError if
/// the digest is not 64 lower-case hex digits, the seconds are not a finite number ≥ 0, values do
/// not divide by measured, a device's name is none, or a size is beyond the format.
std::string encode(const Checkpoint& checkpoint);

/// Inverse of encode(): accepts exactly the bytes that encode() writes, and those of version 1.
Checkpoint decode(std::string_view bytes);

}  // namespace axiom
