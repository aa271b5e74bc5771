// The device that runs PTX, on hand-written programs (programs.ptx): it computes what the PTX ISA
// says, and ends where memory is misused or threads race.
#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

#include "tests/cuda_emulation/emulator.h"
#include "tests/ptx_device/machine.h"

// The driver's part that is not in this program.
axiom::cuda::DeviceObserver* axiom::cuda::device_observer = nullptr;

extern "C" {
void semantics(std::uint64_t words);
void neighbours(std::uint64_t words, std::uint32_t barriers);
void message(std::uint64_t words, std::uint32_t fences);
void reads(std::uint64_t words, std::uint32_t global, std::uint32_t shared, std::uint32_t local);
}

namespace axiom::cuda {
namespace {

/// Device memory, as the driver would give it.
class DeviceWords {
 public:
  explicit DeviceWords(std::size_t count) : words_(count) {
    ptx::memory().allocated(address(), count * sizeof(std::uint64_t));
  }
  ~DeviceWords() { ptx::memory().freed(address()); }
  DeviceWords(const DeviceWords&) = delete;
  DeviceWords& operator=(const DeviceWords&) = delete;

  DevicePointer address() const { return reinterpret_cast<DevicePointer>(words_.data()); }
  void fill() { ptx::memory().written(address(), words_.size() * sizeof(std::uint64_t)); }
  std::uint64_t at(std::size_t i) const { return words_[i]; }
  std::uint32_t low(std::size_t i) const { return static_cast<std::uint32_t>(words_[i]); }
  std::uint32_t high(std::size_t i) const { return static_cast<std::uint32_t>(words_[i] >> 32); }
  double number(std::size_t i) const { return std::bit_cast<double>(words_[i]); }

 private:
  std::vector<std::uint64_t> words_;
};

void run(int blocks, int threads, const std::function<void()>& kernel) {
  constexpr std::size_t shared_bytes = 64;
  ptx::memory().launched(blocks, threads, shared_bytes);
  emulation::Launch launch;
  launch.blocks = blocks;
  launch.threads = threads;
  launch.shared_bytes = shared_bytes;
  launch.all_at_once = true;
  emulation::run(launch, kernel);
}

TEST(PtxDevice, ComputesAfterTheIsa) {
  DeviceWords words(32);
  run(1, 1, [&] { semantics(words.address()); });
  EXPECT_EQ(words.low(0), static_cast<std::uint32_t>(-3)) << "division truncates";
  EXPECT_EQ(words.low(1), static_cast<std::uint32_t>(-1)) << "remainder has the dividend's sign";
  EXPECT_EQ(words.low(2), 0xffffffffu) << "a long arithmetic shift leaves the sign";
  EXPECT_EQ(words.low(3), 0u);
  EXPECT_EQ(words.low(4), 0u) << "shifts are clamped, not taken modulo 32";
  EXPECT_EQ(words.at(5), static_cast<std::uint64_t>(-14));
  EXPECT_EQ(words.at(6), 0x1fffffff2u);
  EXPECT_EQ(words.low(7), 51u);
  EXPECT_EQ(words.at(8), static_cast<std::uint64_t>(-7));
  EXPECT_EQ(words.at(9), 0xfffffff9u);
  EXPECT_EQ(words.low(10), std::bit_cast<std::uint32_t>(16777220.0f)) << "to nearest, ties to even";
  EXPECT_EQ(words.low(11), 0u) << "unsigned comparison";
  EXPECT_EQ(words.high(11), 1u) << "signed comparison";
  EXPECT_EQ(words.low(12), 1u) << "unordered: true with a NaN";
  EXPECT_EQ(words.high(12), 0u) << "ordered: false with a NaN";
  EXPECT_EQ(words.low(13), std::bit_cast<std::uint32_t>(-1.0f));
  EXPECT_EQ(words.low(14), 0x7fffffffu) << "the only NaN that comes out";
  EXPECT_EQ(words.low(15), 0u) << "+0 is greater than -0";
  EXPECT_EQ(words.low(16), 0x28800000u) << "2^-46: one rounding";
  EXPECT_EQ(words.low(17), 0x00400000u) << "subnormal";
  EXPECT_EQ(words.number(18), 1.4142135623730951);
  EXPECT_EQ(words.low(19), 0xfffffff2u) << "funnel shift by 1 of (-7, 2)";
  EXPECT_EQ(words.at(20), 0u);
  EXPECT_EQ(words.number(21), -7.0);
  EXPECT_EQ(words.at(22), static_cast<std::uint64_t>(-2)) << "towards zero";
  EXPECT_EQ(words.at(23), 0x7fffffffffffffffu) << "clamped";
  EXPECT_EQ(words.at(24), 0x8000000000000000u) << "a NaN, 64 bits";
  EXPECT_EQ(words.low(25), 0u) << "a NaN, 32 bits";
}

TEST(PtxDevice, MissingBarrierIsARace) {
  DeviceWords words(1);
  run(1, 2, [&] { neighbours(words.address(), 1); });
  EXPECT_EQ(words.low(0), 0u);
  EXPECT_DEATH(run(1, 2, [&] { neighbours(words.address(), 0); }),
               "block 0 of 1, thread 1 of 2: a race with another thread's write");
}

TEST(PtxDevice, BlocksNeedFencesOnBothSides) {
  const auto send = [](std::uint32_t fences) {
    DeviceWords words(4);
    words.fill();
    run(2, 2, [&] { message(words.address(), fences); });
    EXPECT_EQ(words.high(1), 7u);
    EXPECT_EQ(words.low(2), 7u);
  };
  send(3);
  for (const std::uint32_t fences : {0u, 1u, 2u}) {
    EXPECT_DEATH(send(fences), "block 1 of 2, .*a race with another thread's write") << fences;
  }
}

TEST(PtxDevice, MemoryIsNotLeft) {
  DeviceWords words(2);
  const auto read = [&](int global, int shared, int local) {
    run(1, 1, [&] {
      reads(words.address(), static_cast<std::uint32_t>(global), static_cast<std::uint32_t>(shared),
            static_cast<std::uint32_t>(local));
    });
  };
  EXPECT_DEATH(read(0, 0, 0), "memory is read that was never written");
  words.fill();
  read(12, 0, 0);
  EXPECT_DEATH(read(16, 0, 0), "global memory is left");
  EXPECT_DEATH(read(-4, 0, 0), "global memory is left");
  EXPECT_DEATH(read(2, 0, 0), "an address is not aligned");
  EXPECT_DEATH(read(0, 64, 0), "shared memory is left");
  EXPECT_DEATH(read(0, -4, 0), "shared memory is left");
  EXPECT_DEATH(read(0, 0, 4), "local memory is read that was never written");
  EXPECT_DEATH(read(0, 0, 8), "local memory is left");
}

TEST(PtxDevice, RunsOnlyWhatWasTranslated) {
  EXPECT_FALSE(ptx::memory().accepts("// another text"));
}

}  // namespace
}  // namespace axiom::cuda
