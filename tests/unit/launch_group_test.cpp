// How many blocks share a network, and when a launch stops to begin more.
// links: axiom_cuda
#include "cuda/launch_group.h"

#include <gtest/gtest.h>

#include "client/plan/training_run.h"

namespace axiom::cuda {
namespace {

DeviceFacts device(int multiprocessors, int clock_khz) {
  DeviceFacts facts;
  facts.multiprocessors = multiprocessors;
  facts.clock_khz = clock_khz;
  facts.cooperative = true;
  return facts;
}
const DeviceFacts h200 = device(132, 1980000);
const DeviceFacts gtx_1050 = device(5, 1455000);

LaunchShape teams(const DeviceFacts& facts, double piece_flops) {
  LaunchShape shape;
  shape.in_teams = true;
  shape.resident = 3 * facts.multiprocessors;
  shape.piece_flops = piece_flops;
  return shape;
}

constexpr double launch = 0.05;
constexpr double desktop = 0.008;
constexpr double small_step = 1e7;           // W64, batch 128
constexpr double large_step = 2.04e8;        // W512, three layers, batch 64
constexpr double large_evaluation = 5.3e9;   // the same network on 5000 samples
constexpr double largest_step = 1.3e10;      // W1024, three layers, batch 1000
constexpr double half_of_what_it_can = 0.5;  // docs/PERFORMANCE_GPU.md

TEST(BlocksPerTeam, FillTheDeviceWhereThereAreFewNetworks) {
  EXPECT_EQ(teams(h200, small_step).blocks_per_team(1, h200, launch), 16);
  EXPECT_EQ(teams(h200, small_step).blocks_per_team(100, h200, launch), 3);
  EXPECT_EQ(teams(h200, small_step).blocks_per_team(1000, h200, launch), 1);
  EXPECT_EQ(teams(gtx_1050, small_step).blocks_per_team(1, gtx_1050, launch), 15);
  EXPECT_EQ(teams(gtx_1050, small_step).blocks_per_team(1000, gtx_1050, launch), 1);
}

struct Case {
  const DeviceFacts& facts;
  double piece;
  double seconds;
};
const Case cases[] = {{h200, small_step, launch},       {h200, small_step, desktop},
                      {h200, large_step, launch},       {h200, large_step, desktop},
                      {h200, large_evaluation, launch}, {gtx_1050, large_step, launch},
                      {gtx_1050, large_step, desktop},  {gtx_1050, large_evaluation, launch},
                      {gtx_1050, small_step, desktop}};

TEST(BlocksPerTeam, DoAPieceInAPartOfALaunchWhichEndsInTime) {
  for (const Case& c : cases) {
    const LaunchShape shape = teams(c.facts, c.piece);
    const int team = shape.blocks_per_team(1000, c.facts, c.seconds);
    const double block = half_of_what_it_can * 2 * 128 * c.facts.clock_khz * 1e3 / 3;
    const double piece_seconds = c.piece / (team * block);
    EXPECT_LE(piece_seconds, 0.25 * c.seconds) << c.piece << " in " << c.seconds;
    const double begun = shape.time_to_begin(team, c.facts, c.seconds);
    EXPECT_LE(begun + 2 * piece_seconds, c.seconds) << c.piece << " in " << c.seconds;
    EXPECT_GE(begun, c.seconds / 2);
  }
  EXPECT_EQ(teams(h200, large_step).blocks_per_team(1000, h200, launch), 1);
  EXPECT_EQ(teams(h200, 0.0).time_to_begin(1, h200, launch), launch);
  EXPECT_EQ(teams(h200, largest_step).time_to_begin(1, h200, desktop), desktop / 2);
}

TEST(BlocksPerTeam, AreAtMostThoseOfTheDevice) {
  EXPECT_EQ(teams(h200, largest_step).blocks_per_team(1000, h200, desktop), 16);
  EXPECT_EQ(teams(gtx_1050, largest_step).blocks_per_team(1000, gtx_1050, desktop), 15);
}

TEST(BlocksPerTeam, IsOneWhereBlocksCannotWaitForEachOther) {
  DeviceFacts maxwell = gtx_1050;
  maxwell.cooperative = false;
  EXPECT_EQ(teams(maxwell, largest_step).blocks_per_team(1, maxwell, launch), 1);
  LaunchShape alone = teams(h200, largest_step);
  alone.in_teams = false;
  EXPECT_EQ(alone.blocks_per_team(1, h200, launch), 1);
}

// A training step has no pass back through the first layer's weights; an evaluation has every pass.
TEST(EvaluationFlops, CountTheFirstLayerWhole) {
  const NetworkShape shape{{1000, 8, 2}};
  EvaluationSet set;
  set.samples = 3;
  const double forward = 3 * 2 * (1000 * 8 + 8 * 2);
  EXPECT_EQ(evaluation_flops(shape, set), forward);
  set.input_gradients = true;
  EXPECT_EQ(evaluation_flops(shape, set), 2 * forward);
  set.first_layer_gradient = true;
  EXPECT_EQ(evaluation_flops(shape, set), 3 * forward);
  set = {};
  set.samples = 5000;
  const double deep = evaluation_flops({{20, 512, 512, 512, 2}}, set);
  EXPECT_NEAR(deep, large_evaluation, 0.02 * large_evaluation);
}

// LaunchesOfOneStep: no time at all.
TEST(BlocksPerTeam, IsAsLargeAsCanBeWithoutTime) {
  EXPECT_EQ(teams(h200, small_step).blocks_per_team(1000, h200, 0.0), 16);
  EXPECT_EQ(teams(h200, 0.0).blocks_per_team(1000, h200, 0.0), 1);
}

}  // namespace
}  // namespace axiom::cuda
