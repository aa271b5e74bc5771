// States that a test can tell apart, and where a store puts them.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>

#include "checkpoint/checkpoint.h"

namespace axiom::testing {

inline const std::string work = std::string(64, 'a');
inline const std::string other_work = std::string(64, 'b');
inline const std::string zero = "/out/w.checkpoint.0";
inline const std::string one = "/out/w.checkpoint.1";

/// A state that can be told from all others in every part; `id` stands in `checkpoints`.
inline Checkpoint state(std::uint64_t id, const std::string& digest = work) {
  Checkpoint checkpoint;
  checkpoint.work_digest = digest;
  checkpoint.checkpoints = id;
  checkpoint.seconds = static_cast<double>(id) / 8;
  checkpoint.seeds.resize(1);
  GroupState group;
  group.measured = 2;
  group.values = {static_cast<double>(id), 0.5};
  RunState member;
  member.step = 10 * id;
  member.parameters.assign(20 + id % 3, static_cast<float>(id));
  group.members = {member};
  checkpoint.seeds[0].groups = {group};
  return checkpoint;
}

/// The id of a loaded state, 0 for none; fails if it is not exactly a state that was saved.
inline std::uint64_t id_of(const std::optional<Checkpoint>& loaded) {
  if (!loaded) return 0;
  Checkpoint expected = state(loaded->checkpoints);
  expected.sequence = loaded->sequence;
  EXPECT_EQ(encode(*loaded), encode(expected));
  return loaded->checkpoints;
}

}  // namespace axiom::testing
