#include "cuda/launch_group.h"

#include <algorithm>
#include <array>
#include <string>

#include "client/plan/device_error.h"

namespace axiom::cuda {
namespace {

constexpr int largest_team = 16;

}  // namespace

// A multiprocessor does 64 to 128 multiply-adds a cycle; half of the smaller number is what a
// kernel should come to. All its blocks share them.
double LaunchShape::piece_seconds(const DeviceFacts& facts) const {
  constexpr double flops_per_cycle = 2.0 * 32;
  const double clock = facts.clock_khz > 0 ? facts.clock_khz * 1e3 : 1e9;
  return piece_flops * resident / (flops_per_cycle * clock * facts.multiprocessors);
}

// Two pieces may follow the last look that finds time left. However long they are, half of a launch
// is there to begin some.
double LaunchShape::time_to_begin(int blocks_per_team, const DeviceFacts& facts,
                                  double seconds) const {
  return std::max(seconds / 2, seconds - 2 * piece_seconds(facts) / blocks_per_team);
}

// A team as large as fills the device, when there are fewer jobs than blocks; and one that does a
// piece in a small part of a launch.
int LaunchShape::blocks_per_team(std::size_t jobs, const DeviceFacts& facts, double seconds) const {
  if (!in_teams || !facts.cooperative) return 1;
  constexpr double piece_share = 0.25;
  const double alone = piece_seconds(facts);
  const double for_time =
      alone > 0 ? std::min<double>(alone / (piece_share * seconds), largest_team) : 0;
  const std::size_t for_jobs = static_cast<std::size_t>(resident) / jobs;
  const std::size_t wanted = std::max(for_jobs, static_cast<std::size_t>(for_time));
  return static_cast<int>(std::clamp<std::size_t>(
      wanted, 1, static_cast<std::size_t>(std::min(largest_team, resident))));
}

int LaunchShape::blocks(std::size_t jobs, int blocks_per_team) const {
  const auto each = static_cast<std::size_t>(jobs_per_block);
  const auto wanted = (jobs + each - 1) / each * static_cast<std::size_t>(blocks_per_team);
  return static_cast<int>(std::min<std::size_t>(
      wanted, static_cast<std::size_t>(resident / blocks_per_team * blocks_per_team)));
}

void StallGuard::launched(bool advanced) {
  constexpr int most = 100;
  idle_in_a_row_ = advanced ? 0 : idle_in_a_row_ + 1;
  if (idle_in_a_row_ < most) return;
  throw DeviceError(DeviceStatus::lost, "the device ended " + std::to_string(most) +
                                            " launches in a row without an error and without "
                                            "having done anything: restart the machine, update "
                                            "the driver");
}

std::size_t control_bytes(const LaunchShape& shape) {
  const auto teams = shape.in_teams ? static_cast<std::size_t>(shape.resident) : 0;
  return sizeof(LaunchState) + teams * sizeof(TeamState);
}

void launch(const Device& device, const LaunchShape& shape, DevicePointer jobs, std::size_t count,
            DevicePointer control, double seconds, Stream& stream) {
  stream.zero(control, control_bytes(shape));
  auto job_count = static_cast<std::uint32_t>(count);
  DevicePointer teams = control + sizeof(LaunchState);
  std::uint32_t evaluation = shape.evaluation ? 1 : 0;
  const auto start = [&](int team, int blocks) {
    auto team_blocks = static_cast<std::uint32_t>(team);
    auto limit =
        static_cast<std::uint64_t>(shape.time_to_begin(team, device.facts(), seconds) * 1e9);
    // Only the team kernel takes more than the first four.
    std::array<void*, 7> parameters = {&jobs,  &job_count,   &control,   &limit,
                                       &teams, &team_blocks, &evaluation};
    const auto grid = static_cast<unsigned>(blocks);
    const auto threads = static_cast<unsigned>(shape.threads);
    const auto shared = static_cast<unsigned>(shape.shared_bytes);
    return team > 1 ? driver().launch_cooperative(shape.kernel->function, grid, 1, 1, threads, 1, 1,
                                                  shared, stream.handle(), parameters.data())
                    : driver().launch(shape.kernel->function, grid, 1, 1, threads, 1, 1, shared,
                                      stream.handle(), parameters.data(), nullptr);
  };
  int team = shape.blocks_per_team(count, device.facts(), seconds);
  int blocks = shape.blocks(count, team);
  Result result = start(team, blocks);
  // What the driver says of occupancy is the whole device's, of which others may hold a part for
  // themselves. A block alone needs to be promised nothing.
  while (result == cooperative_launch_too_large && team > 1) {
    const int fewer_teams = blocks / team / 2;
    if (fewer_teams == 0) team /= 2;
    blocks = team > 1 ? std::max(fewer_teams, 1) * team : shape.blocks(count, 1);
    result = start(team, blocks);
  }
  driver().check(result, "launching " + shape.kernel->name);
}

}  // namespace axiom::cuda
