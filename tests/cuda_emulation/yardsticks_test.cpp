// Copies within device memory and cuBLAS, on the emulated device with libraries that stand in for
// NVIDIA's. No test depends on how fast anything is.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "client/plan/device_error.h"
#include "cpu/reference/reference_backend.h"
#include "cuda/cublas.h"
#include "cuda/cuda_backend.h"
#include "cuda/yardsticks.h"

namespace axiom::cuda {
namespace {

constexpr std::size_t megabyte = std::size_t{1} << 20;
constexpr const char* good = AXIOM_EMULATED_CUBLAS_13;
constexpr const char* old = AXIOM_EMULATED_CUBLAS_12;  // lacks a function
constexpr const char* missing = "libcublas.so.of-no-version";

class Yardsticks : public testing::Test {
 protected:
  void SetUp() override {
    shared_device(0)->use();
    set_cuda_options({});
    unsetenv("AXIOM_EMULATED_CUBLAS_FAULT");
  }

  static std::unique_ptr<DeviceYardsticks> with_memory(std::size_t bytes) {
    set_cuda_options({0.05, 0.01, bytes});
    return cuda_backend(0, reference_backend()).yardsticks();
  }

  static std::string why_not(std::vector<const char*> files) {
    try {
      const Cublas library(files);
      return "found " + library.file();
    } catch (const CublasError& error) {
      return error.what();
    }
  }

  static DeviceStatus status_of(const std::function<void()>& action) {
    try {
      action();
    } catch (const DeviceError& error) {
      return error.status();
    }
    return DeviceStatus::lost;
  }
};

TEST_F(Yardsticks, ArraysFarBeyondTheCacheWhereThereIsRoom) {
  EXPECT_EQ(CudaYardsticks(shared_device(0), std::size_t{1} << 30).array_bytes(), 256 * megabyte);
  EXPECT_EQ(with_memory(9 * megabyte)->array_bytes(), 4 * megabyte);
  EXPECT_EQ(with_memory(2 * megabyte)->array_bytes(), megabyte);
}

TEST_F(Yardsticks, CopiesWithinTheMemory) {
  const auto yardsticks = with_memory(8 * megabyte);
  const std::size_t before = shared_device(0)->free_bytes();
  setenv("AXIOM_EMULATED_TRACE", "1", 1);
  testing::internal::CaptureStderr();
  EXPECT_GT(yardsticks->copy_rate(), 0);
  const std::string trace = testing::internal::GetCapturedStderr();
  unsetenv("AXIOM_EMULATED_TRACE");
  EXPECT_NE(trace.find("copy of 4194304 bytes"), std::string::npos);
  EXPECT_EQ(before - shared_device(0)->free_bytes(), 8 * megabyte);
  yardsticks->open_library();  // gives the arrays back
  EXPECT_EQ(shared_device(0)->free_bytes(), before);
}

TEST_F(Yardsticks, TooLittleMemoryForCopies) {
  const auto yardsticks = with_memory(2 * megabyte - 1);
  EXPECT_EQ(yardsticks->array_bytes(), 0u);
  EXPECT_EQ(status_of([&] { yardsticks->copy_rate(); }), DeviceStatus::out_of_memory);
}

TEST_F(Yardsticks, ProductsThatFit) {
  const MatrixProduct square{4096, 4096, 4096};
  EXPECT_EQ(CudaYardsticks(shared_device(0), 3 * 4096 * 4096 * 4).fitting(square).m, 4096);
  EXPECT_EQ(with_memory(3 * 4096 * 4096 * 4 - 1)->fitting(square).k, 2048);
  const MatrixProduct many = with_memory(4 * megabyte)->fitting({32, 64, 64, 1000});
  EXPECT_EQ(many.m, 32);
  EXPECT_EQ(many.n, 64);
  EXPECT_EQ(many.count, 125);  // 32 KiB each
  EXPECT_EQ(status_of([] {
              with_memory(megabyte / 2)->fitting({4096, 4096, 4096});
            }),
            DeviceStatus::out_of_memory);
  EXPECT_EQ(status_of([] {
              with_memory(megabyte / 2)->fitting({512, 256, 256, 9});
            }),
            DeviceStatus::out_of_memory);
}

TEST_F(Yardsticks, TheFirstLibraryThatWorksIsTaken) {
  EXPECT_EQ(why_not({good}), std::string("found ") + good);
  EXPECT_EQ(why_not({missing, old, good}), std::string("found ") + good);
  const Cublas library(std::vector<const char*>{good});
  EXPECT_EQ(library.version(), "13.1.2");
}

TEST_F(Yardsticks, WhyNoLibraryWorks) {
  EXPECT_EQ(why_not({missing}), std::string("no ") + missing);
  EXPECT_EQ(why_not({missing, old}),
            std::string("no ") + missing + "; " + old + " lacks cublasSgemmStridedBatched");
  setenv("AXIOM_EMULATED_CUBLAS_FAULT", "create", 1);
  EXPECT_EQ(why_not({good}), std::string(good) + " does not start: status 1 (not initialized)");
  EXPECT_EQ(why_not({AXIOM_EMULATED_NO_LIBRARY}).find(AXIOM_EMULATED_NO_LIBRARY), 0u);
}

TEST_F(Yardsticks, MultipliesInDeviceMemory) {
  Buffer memory;
  memory.reserve(3 * 64 * 64 * 5 * 4);
  Stream stream;
  const DevicePointer a = memory.address();
  const DevicePointer b = a + 64 * 64 * 5 * 4;
  const DevicePointer c = b + 64 * 64 * 5 * 4;
  Cublas library(std::vector<const char*>{good});
  EXPECT_NO_THROW(library.multiply({64, 64, 64}, a, b, c, stream));
  EXPECT_NO_THROW(library.multiply({64, 64, 64, 5}, a, b, c, stream));
  EXPECT_NO_THROW(library.multiply({32, 16, 64, 5}, a, b, c, stream));
  EXPECT_THROW(library.multiply({64, 64, 64, 6}, a, b, c, stream), CublasError);  // beyond the end
  EXPECT_THROW(library.multiply({256, 256, 256}, a, b, c, stream), CublasError);
}

TEST_F(Yardsticks, RatesOfProducts) {
  setenv("AXIOM_EMULATED_TRACE", "1", 1);
  testing::internal::CaptureStderr();
  {
    const auto yardsticks = with_memory(6 * megabyte);
    const DeviceYardsticks::Library library = yardsticks->open_library();
    EXPECT_EQ(library.unavailable, "");
    EXPECT_EQ(library.file, "libcublas.so.13");
    // Growing and shrinking within the memory that may be used.
    for (const MatrixProduct& p : std::vector<MatrixProduct>{
             {256, 256, 256}, {32, 64, 64, 32}, {2, 64, 512, 32}, {512, 64, 2, 32}}) {
      EXPECT_GT(yardsticks->product_rate(yardsticks->fitting(p)), 0);
      EXPECT_GE(shared_device(0)->free_bytes() + 6 * megabyte, std::size_t{1} << 30);
    }
  }
  const std::string trace = testing::internal::GetCapturedStderr();
  unsetenv("AXIOM_EMULATED_TRACE");
  EXPECT_NE(trace.find(", 0 handles left"), std::string::npos);
}

TEST_F(Yardsticks, ARefusedProductNamesItsSizes) {
  const auto yardsticks = with_memory(6 * megabyte);
  ASSERT_EQ(yardsticks->open_library().unavailable, "");
  setenv("AXIOM_EMULATED_CUBLAS_FAULT", "product", 1);
  try {
    yardsticks->product_rate({32, 16, 64, 2});
    FAIL() << "not refused";
  } catch (const CublasError& error) {
    EXPECT_STREQ(error.what(),
                 "a product of 32 x 64 by 64 x 16 failed: status 13 (execution failed)");
  }
}

/// On a device that takes no time, but for each kernel's first launch.
TEST(Peak, IsThatOfAKernelOnceLoaded) {
  constexpr double no_real_device_can = 1e15;  // FLOP/s
  EXPECT_GT(cuda_backend(0, reference_backend()).measured_peak(), no_real_device_can);
}

}  // namespace
}  // namespace axiom::cuda
