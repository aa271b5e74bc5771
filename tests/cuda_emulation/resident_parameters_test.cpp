// Parameters that rest on the device between training and evaluation, on the emulated device.
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

#include "client/plan/initial_parameters.h"
#include "cpu/reference/reference_backend.h"
#include "cuda/cuda_backend.h"
#include "cuda/dataset_cache.h"
#include "cuda/device.h"
#include "cuda/measure_launches.h"
#include "cuda/measures.h"
#include "cuda/packing.h"
#include "cuda/parameter_pool.h"
#include "cuda/transfers.h"
#include "tests/support/equality_cases.h"

namespace axiom::cuda {
namespace {

constexpr std::size_t megabyte = std::size_t{1} << 20;

class ResidentParametersTest : public testing::Test {
 protected:
  void SetUp() override {
    shared_device(0)->use();
    set_cuda_options({});
  }
};

TEST_F(ResidentParametersTest, PlacesLieSideBySide) {
  const auto pool = std::make_shared<ParameterPool>(megabyte);
  const auto first = pool->take(512);
  const auto second = pool->take(512);
  const auto other = pool->take(1024);
  ASSERT_TRUE(first && second && other);
  EXPECT_EQ(second->place().address, first->place().address + 512);
  EXPECT_EQ(second->place().block, first->place().block);
  EXPECT_NE(other->place().block, first->place().block);
}

TEST_F(ResidentParametersTest, NoMoreThanAgreed) {
  const auto pool = std::make_shared<ParameterPool>(megabyte);
  std::vector<std::shared_ptr<ResidentParameters>> taken;
  for (int i = 0; i < 4; ++i) taken.push_back(pool->take(megabyte / 4));
  for (const auto& place : taken) EXPECT_NE(place, nullptr);
  EXPECT_EQ(pool->take(megabyte / 4), nullptr);
  EXPECT_EQ(pool->take(256), nullptr);
  const DevicePointer freed = taken[2]->place().address;
  taken[2] = nullptr;
  EXPECT_EQ(pool->take(megabyte / 4)->place().address, freed);
}

TEST_F(ResidentParametersTest, NoneWhereTheDeviceHasNoMoreMemory) {
  const std::size_t free = shared_device(0)->free_bytes();
  const auto pool = std::make_shared<ParameterPool>(2 * free);
  EXPECT_EQ(pool->take(free + 256), nullptr);
  // What is free now is left to others.
  EXPECT_EQ(pool->take(256), nullptr);
}

TEST_F(ResidentParametersTest, FoundByItsStateAtItsStepOnly) {
  const auto pool = std::make_shared<ParameterPool>(megabyte);
  const auto other = std::make_shared<ParameterPool>(megabyte);
  RunState state;
  EXPECT_EQ(pool->find(state), nullptr);
  const auto place = pool->take(256);
  state.device_copy = place;
  EXPECT_EQ(pool->find(state), nullptr);  // nothing is there yet
  place->hold(5, true, pool->memory());
  EXPECT_EQ(pool->find(state), nullptr);
  state.step = 5;
  EXPECT_EQ(pool->find(state), place);
  EXPECT_EQ(other->find(state), nullptr);
  pool->forget();
  EXPECT_EQ(pool->find(state), nullptr);
}

struct Trained {
  std::unique_ptr<Executor> executor;
  TrainingRun run;
  RunState state;
};

Trained trained(const test::Case& c) {
  Trained result{cuda_backend(0, reference_backend()).make_executor(), test::make_run(c), {}};
  initial_parameters(result.run, result.state.parameters);
  const std::atomic<bool> pause{false};
  std::atomic<std::uint64_t> progress{0};
  result.executor->train(result.run, result.state, 2, pause, progress);
  return result;
}

std::vector<float> outputs(Executor& executor, const TrainingRun& run, const RunState& state) {
  Snapshot snapshot;
  executor.evaluate(run, state, snapshot);
  return snapshot.evaluations[0].outputs;
}

// The host's parameters are altered behind the executor's back: they are read only where there is
// no copy of the state's step.
TEST_F(ResidentParametersTest, EvaluationTakesWhatTrainingLeft) {
  set_cuda_options({0.05, 0, 0});  // nothing is done twice
  Trained t = trained(test::equality_cases()[0]);
  const std::vector<float> expected = outputs(*t.executor, t.run, t.state);
  t.state.parameters[0] += 1;
  EXPECT_EQ(outputs(*t.executor, t.run, t.state), expected);
  t.state.device_copy = nullptr;
  EXPECT_NE(outputs(*t.executor, t.run, t.state), expected);
}

TEST_F(ResidentParametersTest, TrainingGoesOnFromThem) {
  set_cuda_options({0.05, 0, 0});
  const auto c = test::equality_cases()[0];
  const auto go_on = [](Trained& t) {
    const std::atomic<bool> pause{false};
    std::atomic<std::uint64_t> progress{0};
    t.executor->train(t.run, t.state, 4, pause, progress);
    return t.state.parameters;
  };
  Trained undisturbed = trained(c);
  Trained disturbed = trained(c);
  disturbed.state.parameters[0] += 1;
  EXPECT_EQ(go_on(disturbed), go_on(undisturbed));
}

// As if a bit had flipped in the device's memory while they rested there.
TEST_F(ResidentParametersTest, WhatWentBadAtRestIsFoundByDoingItTwice) {
  for (const bool in_training : {true, false}) {
    set_cuda_options({0.05, 1, 0});  // everything is done twice
    Trained t = trained(test::equality_cases()[0]);
    const Backend& backend = cuda_backend(0, reference_backend());
    const std::vector<float> expected = outputs(*t.executor, t.run, t.state);
    const std::uint64_t mismatches = backend.health().mismatches;
    const auto& copy = dynamic_cast<ResidentParameters&>(*t.state.device_copy);
    *reinterpret_cast<float*>(copy.place().address) += 1;
    if (in_training) {
      Trained undisturbed = trained(test::equality_cases()[0]);
      const std::atomic<bool> pause{false};
      std::atomic<std::uint64_t> progress{0};
      t.executor->train(t.run, t.state, 3, pause, progress);
      undisturbed.executor->train(undisturbed.run, undisturbed.state, 3, pause, progress);
      EXPECT_EQ(t.state.parameters, undisturbed.state.parameters);
    } else {
      EXPECT_EQ(outputs(*t.executor, t.run, t.state), expected);
    }
    EXPECT_EQ(backend.health().mismatches, mismatches + 1);
  }
}

/// Questions for how long the computer was suspended until it is once more; < 0: it is not.
int questions_until_suspended = -1;
double seconds_suspended_here() {
  static double seconds = 3.0;
  if (questions_until_suspended-- == 0) seconds += 60.0;
  return seconds;
}

// What the device's memory holds is another's then. Nothing is done twice that would show it.
TEST_F(ResidentParametersTest, NothingIsTakenFromBeforeTheComputerWasSuspended) {
  const auto c = test::equality_cases()[0];
  const std::atomic<bool> pause{false};
  const auto spoil = [](const RunState& state) {
    const auto& copy = dynamic_cast<ResidentParameters&>(*state.device_copy);
    *reinterpret_cast<float*>(copy.place().address) += 1;
  };
  for (const int questions : {0, 1}) {  // between two calls, and within one
    SCOPED_TRACE(questions);
    set_cuda_options({0.05, 0, 0, &seconds_suspended_here});
    Trained undisturbed = trained(c);
    Trained disturbed = trained(c);
    const std::uint64_t mismatches = cuda_backend(0, reference_backend()).health().mismatches;
    const std::vector<float> expected =
        outputs(*undisturbed.executor, undisturbed.run, disturbed.state);
    spoil(disturbed.state);
    questions_until_suspended = questions;
    EXPECT_EQ(outputs(*disturbed.executor, disturbed.run, disturbed.state), expected);
    std::atomic<std::uint64_t> progress{0};
    disturbed.executor->train(disturbed.run, disturbed.state, 3, pause, progress);
    spoil(disturbed.state);
    questions_until_suspended = questions;
    disturbed.executor->train(disturbed.run, disturbed.state, 4, pause, progress);
    undisturbed.executor->train(undisturbed.run, undisturbed.state, 4, pause, progress);
    EXPECT_EQ(progress.load(), 4u);
    EXPECT_EQ(disturbed.state.parameters, undisturbed.state.parameters);
    EXPECT_EQ(cuda_backend(0, reference_backend()).health().mismatches, mismatches);
  }
}

TEST(Suspension, IsNotSeenWhereThereIsNone) {
  const double before = seconds_suspended();
  EXPECT_GE(before, 0.0);
  EXPECT_NEAR(seconds_suspended(), before, 0.005);
}

TEST_F(ResidentParametersTest, ForgottenSamplesAreCopiedAgain) {
  const auto data = std::make_shared<Dataset>(Dataset{1, 4, {0, 1, 2, 3}, {0}});
  DatasetCache cache;
  Stream stream;
  *reinterpret_cast<float*>(cache.find_or_upload(data, stream).inputs.value) = 7.0f;
  cache.forget();
  cache.find_or_upload(data, stream);
  EXPECT_TRUE(cache.intact(data, stream));
}

// As if the sign of a zero had flipped in the device's memory.
TEST_F(ResidentParametersTest, SamplesAreComparedAsBits) {
  const auto data = std::make_shared<Dataset>(Dataset{1, 4, {0, 1, 2, 3}, {0}});
  DatasetCache cache;
  Stream stream;
  const auto there = cache.find_or_upload(data, stream);
  EXPECT_TRUE(cache.intact(data, stream));
  *reinterpret_cast<float*>(there.inputs.value) = -0.0f;
  EXPECT_FALSE(cache.intact(data, stream));
}

std::shared_ptr<const Dataset> samples(int count) {
  const auto size = static_cast<std::size_t>(count);
  return std::make_shared<Dataset>(
      Dataset{count, 4, std::vector<float>(4 * size), std::vector<std::int32_t>(size)});
}

// A real driver may let who frees wait for all other threads' launches.
TEST_F(ResidentParametersTest, SamplesTakeTheMemoryOfOthers) {
  const auto free_bytes = [] { return shared_device(0)->free_bytes(); };
  const std::size_t before = free_bytes();
  {
    DatasetCache cache;
    Stream stream;
    auto first = samples(1000);
    auto second = samples(300);
    const DevicePointer first_place = cache.find_or_upload(first, stream).inputs.value;
    const DevicePointer second_place = cache.find_or_upload(second, stream).inputs.value;
    const std::size_t most = before - free_bytes();
    first = nullptr;
    second = nullptr;
    cache.drop_unused();
    EXPECT_EQ(before - free_bytes(), most);
    first = samples(980);
    second = samples(300);
    EXPECT_EQ(cache.find_or_upload(second, stream).inputs.value, second_place);
    EXPECT_EQ(cache.find_or_upload(first, stream).inputs.value, first_place);
    EXPECT_TRUE(cache.intact(first, stream));
    // Of a size that is not there: never more in all than what was in use at once.
    second = nullptr;
    cache.drop_unused();
    const auto third = samples(100);
    cache.find_or_upload(third, stream);
    EXPECT_LE(before - free_bytes(), most);
    first = nullptr;
    cache.drop_unused();
    const auto all = samples(1300);
    cache.find_or_upload(all, stream);
    EXPECT_EQ(before - free_bytes(), dataset_bytes(*third) + dataset_bytes(*all));
  }
  EXPECT_EQ(free_bytes(), before);
}

// Beside another program that has taken what was free.
TEST_F(ResidentParametersTest, SpareMemoryIsGivenUpWhereThereIsNoOther) {
  DatasetCache cache;
  Stream stream;
  const auto use_for_a_while = [&](std::vector<int> sizes) {
    std::vector<std::shared_ptr<const Dataset>> all;
    for (const int size : sizes) all.push_back(samples(size));
    for (const auto& data : all) cache.find_or_upload(data, stream);
    all.clear();
    cache.drop_unused();
  };
  use_for_a_while({1000, 100});
  use_for_a_while({800});
  Buffer others;
  others.reserve(shared_device(0)->free_bytes());
  EXPECT_NO_THROW(use_for_a_while({50}));
}

/// Two that have nothing to do with each other are not the same mismatch twice.
TEST(DatasetCache, MismatchesOfTwoSeedsAreTwo) {
  TrainingRun run = test::make_run(test::equality_cases()[0]);
  const std::string first = DatasetCache::changed(run);
  run.seed += 1;
  EXPECT_NE(DatasetCache::changed(run), first);
}

// Thousands of networks may share a call.
TEST(Occupancy, IsAskedForOnce) {
  const auto device = shared_device(0);
  device->use();
  setenv("AXIOM_EMULATED_TRACE", "1", 1);
  testing::internal::CaptureStderr();
  const int alone = device->resident_blocks(device->team(), 96, 1024);
  const int asked_again = device->resident_blocks(device->team(), 96, 1024);
  const std::string trace = testing::internal::GetCapturedStderr();
  unsetenv("AXIOM_EMULATED_TRACE");
  EXPECT_EQ(asked_again, alone);
  EXPECT_EQ(trace, "emulated device: occupancy of 96 threads\n");
}

/// What a device that errs says of its progress: the next launch must stay within its memory.
TEST(MeasureLaunches, ProgressIsNeitherTakenBackNorBeyondTheEnd) {
  SumJob job{};
  job.rows = 10;
  job.done = 3;
  for (const auto& [said, taken] :
       std::vector<std::pair<int, int>>{{-5, 3}, {2, 3}, {7, 7}, {10, 10}, {1 << 30, 10}}) {
    SumJob from = job;
    from.done = said;
    EXPECT_EQ(plausible_done(job, from), taken) << said;
  }
}

TEST(MeasureLaunches, NorIsThatOfLinearProbes) {
  LinearProbeJob job{};
  job.fit.width = 20;
  job.done = 3;
  for (const int said : {-5, 1 << 30}) {
    LinearProbeJob taken = job;
    LinearProbeJob from = job;
    from.done = said;
    take_over(taken, from);
    EXPECT_EQ(taken.done, said < 0 ? 3 : job.parts());
  }
}

TEST(Transfers, NeighboursGoTogether) {
  std::vector<Piece> pieces = {{4096, 1024, 256},
                               {1024, 1024, 256},
                               {1280, 1024, 256},
                               {1792, 1024, 256},
                               {8192, 8192, 512}};
  const std::vector<Transfer> transfers = merge_transfers(pieces);
  ASSERT_EQ(transfers.size(), 3u);
  EXPECT_EQ(transfers[0].address, 1024u);
  EXPECT_EQ(transfers[0].bytes, 1024u);  // with the one between, which is no larger
  EXPECT_EQ(transfers[1].address, 4096u);
  EXPECT_EQ(transfers[1].bytes, 256u);
  EXPECT_EQ(transfers[2].address, 8192u);
  EXPECT_EQ(transfers[2].bytes, 512u);
  for (const Piece& piece : pieces) {
    for (const Transfer& t : transfers) {
      if (piece.address < t.address || piece.address >= t.address + t.bytes) continue;
      EXPECT_EQ(piece.place - t.place, piece.address - t.address);
    }
  }
}

TEST(Transfers, NotFromOneAllocationToTheNext) {
  std::vector<Piece> pieces = {{1024, 1024, 256}, {1280, 1280, 256}};
  EXPECT_EQ(merge_transfers(pieces).size(), 2u);
  EXPECT_EQ(pieces[1].place, 256u);
  EXPECT_TRUE(merge_transfers({}).empty());
}

}  // namespace
}  // namespace axiom::cuda
