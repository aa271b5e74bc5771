#include "cuda/launch_group.h"

#include <algorithm>
#include <array>

namespace axiom::cuda {
namespace {

constexpr int largest_team = 16;

}  // namespace

// A team as large as fills the device, when there are fewer jobs than blocks.
int LaunchShape::blocks_per_team(std::size_t jobs, bool cooperative) const {
  if (!in_teams || !cooperative) return 1;
  const auto most = static_cast<std::size_t>(largest_team);
  return static_cast<int>(
      std::clamp<std::size_t>(static_cast<std::size_t>(resident) / jobs, 1, most));
}

int LaunchShape::blocks(std::size_t jobs, int blocks_per_team) const {
  const auto each = static_cast<std::size_t>(jobs_per_block);
  const auto wanted = (jobs + each - 1) / each * static_cast<std::size_t>(blocks_per_team);
  return static_cast<int>(std::min<std::size_t>(
      wanted, static_cast<std::size_t>(resident / blocks_per_team * blocks_per_team)));
}

std::size_t control_bytes(const LaunchShape& shape) {
  const auto teams = shape.in_teams ? static_cast<std::size_t>(shape.resident) : 0;
  return sizeof(LaunchState) + teams * sizeof(TeamState);
}

void launch(const Device& device, const LaunchShape& shape, DevicePointer jobs, std::size_t count,
            DevicePointer control, double seconds, Stream& stream) {
  stream.zero(control, control_bytes(shape));
  auto job_count = static_cast<std::uint32_t>(count);
  auto limit = static_cast<std::uint64_t>(seconds * 1e9);
  int team = shape.blocks_per_team(count, device.facts().cooperative);
  auto team_blocks = static_cast<std::uint32_t>(team);
  DevicePointer teams = control + sizeof(LaunchState);
  std::uint32_t evaluation = shape.evaluation ? 1 : 0;
  // Only the team kernel takes more than the first four.
  std::array<void*, 7> parameters = {&jobs,  &job_count,   &control,   &limit,
                                     &teams, &team_blocks, &evaluation};
  const auto blocks = static_cast<unsigned>(shape.blocks(count, team));
  const auto threads = static_cast<unsigned>(shape.threads);
  const auto shared = static_cast<unsigned>(shape.shared_bytes);
  const std::string what = "launching " + shape.kernel->name;
  if (team > 1) {
    driver().check(driver().launch_cooperative(shape.kernel->function, blocks, 1, 1, threads, 1, 1,
                                               shared, stream.handle(), parameters.data()),
                   what);
  } else {
    driver().check(driver().launch(shape.kernel->function, blocks, 1, 1, threads, 1, 1, shared,
                                   stream.handle(), parameters.data(), nullptr),
                   what);
  }
}

}  // namespace axiom::cuda
