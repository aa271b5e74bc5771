#include "tests/cuda_emulation/launches.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <limits>
#include <random>
#include <thread>

#include "cuda/kernels/jobs.h"
#include "cuda/kernels/measure_jobs.h"
#include "tests/cuda_emulation/device_state.h"
#include "tests/cuda_emulation/driver.h"
#include "tests/cuda_emulation/instant.h"
#include "tests/cuda_emulation/settings.h"

namespace axiom::cuda {
namespace {

constexpr Result out_of_resources = 701;
constexpr Result not_supported = 801;

void flip_a_bit(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  auto block = state.blocks.begin();
  std::advance(block, static_cast<long>(random() % state.blocks.size()));
  auto* bytes = reinterpret_cast<unsigned char*>(block->first);
  bytes[random() % block->second] ^= static_cast<unsigned char>(1u << (random() % 8));
}

bool guards_intact(DevicePointer pointer, std::size_t bytes) {
  const auto* p = reinterpret_cast<const unsigned char*>(pointer);
  const auto intact = [](unsigned char byte) { return byte == guard_byte; };
  return std::all_of(p - guard, p, intact) && std::all_of(p + bytes, p + bytes + guard, intact);
}

bool trains(const Entry& entry, void** parameters) {
  return &entry == &kernels().at("axiom_train_block") ||
         (&entry == &kernels().at("axiom_team") && parameter<std::uint32_t>(parameters, 6) == 0);
}

}  // namespace

void give_up(const char* what, const char* why) {
  std::fprintf(stderr, "emulated device: %s%s\n", what, why);
  std::abort();
}

int resident_blocks(int threads, std::size_t shared_bytes) {
  const std::size_t of_a_block = std::max<std::size_t>(shared_bytes + reserved_shared_bytes(), 1);
  const std::size_t by_memory = shared_bytes_of_a_multiprocessor() / of_a_block;
  const int by_threads = threads_of_a_multiprocessor() / threads;
  return std::min(static_cast<int>(by_memory), by_threads);
}

Result acceptable(FunctionHandle function, unsigned blocks, unsigned threads, unsigned shared,
                  bool all_at_once) {
  if (blocks == 0 || threads == 0) return invalid_value;
  const auto& entry = *reinterpret_cast<const Entry*>(function);
  if (threads > static_cast<unsigned>(entry.most_threads)) return out_of_resources;
  const auto asked = state.shared_bytes.find(function);
  const unsigned allowed =
      asked == state.shared_bytes.end() ? any_kernels_shared_bytes : asked->second;
  if (shared > allowed) return invalid_value;
  if (!all_at_once) return success;
  if (!has_teams()) return not_supported;
  const int together =
      resident_blocks(static_cast<int>(threads), shared) * (multiprocessors - held_by_others());
  return blocks > static_cast<unsigned>(together) ? cooperative_launch_too_large : success;
}

// What a kernel asks for; else the driver chooses, by what the launch has.
void require_one_carveout(FunctionHandle function, unsigned shared) {
  const auto asked = state.carveouts.find(function);
  const bool chosen = asked != state.carveouts.end() && asked->second >= 0;
  const long carveout = chosen ? asked->second : -1 - static_cast<long>(shared);
  if (state.streams.any_computes() && carveout != state.carveout) {
    give_up("a launch", " waits for those that divide a multiprocessor's memory otherwise");
  }
  state.carveout = carveout;
}

void run_launch(const Entry& entry, void** parameters, const emulation::Launch& launch, long number,
                const Fault& planned) {
  if (state.lost.contains(planned.device)) return;
  if (state.loaded.insert(&entry).second) {
    std::this_thread::sleep_for(std::chrono::milliseconds(setting("AXIOM_EMULATED_LOADING", 0)));
  }
  if (planned.action == "fail" && number >= planned.at) {
    state.lost.insert(planned.device);
    return;
  }
  if (planned.action == "idle" && number >= planned.at) return;
  if (is_instant(number)) return finish_at_once(entry, parameters);
  if (device_observer != nullptr) {
    device_observer->launched(launch.blocks, launch.threads, launch.shared_bytes);
  }
  try {
    emulation::run(launch, [&] { entry.run(parameters); });
  } catch (const emulation::EmulationError& error) {
    give_up(error.what(), "");
  }
  for (const auto& [pointer, bytes] : state.blocks) {
    if (!guards_intact(pointer, bytes)) give_up("a kernel wrote outside its memory", "");
  }
  const bool again = planned.action == "flips" && number >= planned.at;
  if (again || (planned.action == "flip" && number == planned.at)) {
    flip_a_bit(planned.seed + static_cast<std::uint64_t>(number));
  }
  if (planned.action == "skew" && number >= planned.at && trains(entry, parameters)) {
    const auto* jobs = parameter<const TrainingJob*>(parameters, 0);
    for (std::uint32_t j = 0; j < parameter<std::uint32_t>(parameters, 1); ++j) {
      *reinterpret_cast<std::uint32_t*>(jobs[j].parameters.value) ^= 1;
    }
  }
  const bool spoils = planned.action == "spoils" || (planned.action == "spoil" && !state.spoiled);
  if (spoils && number >= planned.at && &entry == &kernels().at("axiom_spectrum")) {
    const auto& job = *parameter<const SpectrumJob*>(parameters, 0);
    *job.diagonal.get() = std::numeric_limits<double>::quiet_NaN();
    state.spoiled = true;
  }
}

}  // namespace axiom::cuda
