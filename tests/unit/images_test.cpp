// links: axiom_cuda
// The embedded kernels are what a CUDA driver loads, for every architecture; and the choice among
// them.
#include "cuda/images.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <set>
#include <string>

#include "client/plan/device_error.h"

namespace axiom::cuda {
namespace {

/// Of each source.
const std::map<std::string, std::set<std::string>> entry_points = {
    {"block_kernel", {"axiom_train_block", "axiom_fma_peak"}},
    {"measure_kernel",
     {"axiom_spectrum", "axiom_eigenvalues", "axiom_kernels", "axiom_inner_products",
      "axiom_linear_probes", "axiom_correlations", "axiom_scores", "axiom_sums"}},
    {"team_kernel", {"axiom_team"}}};

std::string word_at(const std::string& text, std::size_t at) { return text.substr(at, 2); }

TEST(Images, EveryKernelForEveryArchitecture) {
  if (images().empty()) GTEST_SKIP() << "SKIPPED: built without a CUDA compiler";
  std::map<std::string, std::set<int>> binaries;
  std::map<std::string, std::set<int>> portable;
  for (const Image& image : images()) {
    (image.portable ? portable : binaries)[image.kernel].insert(image.capability);
  }
  ASSERT_EQ(binaries.size(), entry_points.size());
  for (const auto& [kernel, names] : entry_points) {
    EXPECT_EQ(binaries["block_kernel"], binaries[kernel]) << kernel;
    EXPECT_EQ(portable["block_kernel"], portable[kernel]) << kernel;
  }
  EXPECT_FALSE(portable["block_kernel"].empty());
  for (const int capability : {75, 80, 86, 89, 90}) {
    if (capability < AXIOM_CUDA_OLDEST) continue;
    EXPECT_TRUE(binaries["block_kernel"].contains(capability)) << capability;
  }
}

TEST(Images, AreWhatADriverLoads) {
  for (const Image& image : images()) {
    SCOPED_TRACE(std::string(image.kernel) + " " + std::to_string(image.capability));
    const std::string text = unpacked(image);
    for (const std::string& kernel : entry_points.at(image.kernel)) {
      EXPECT_NE(text.find(kernel), std::string::npos) << kernel;
    }
    if (image.portable) {
      EXPECT_NE(text.find(".target sm_" + std::to_string(image.capability)), std::string::npos);
      continue;
    }
    ASSERT_GT(text.size(), 64u);
    EXPECT_EQ(text.substr(0, 4),
              "\x7f"
              "ELF");
    const std::string machine{'\xbe', '\x00'};  // EM_CUDA = 190
    EXPECT_EQ(word_at(text, 18), machine);
    // The architecture stands in e_flags: bits 0-7, in newer files bits 8-15.
    const int low = static_cast<unsigned char>(text[48]);
    const int high = static_cast<unsigned char>(text[49]);
    EXPECT_TRUE(low == image.capability || high == image.capability) << low << ' ' << high;
  }
}

TEST(Images, DamageIsNoticed) {
  if (images().empty()) GTEST_SKIP() << "SKIPPED: built without a CUDA compiler";
  Image image = images().front();
  std::string bytes(reinterpret_cast<const char*>(image.archive), image.archive_bytes);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  image.archive = reinterpret_cast<const unsigned char*>(bytes.data());
  EXPECT_THROW(unpacked(image), std::runtime_error);
  image = images().front();
  image.archive_bytes /= 2;
  EXPECT_THROW(unpacked(image), std::runtime_error);
  image = images().front();
  image.number = images().size();
  EXPECT_THROW(unpacked(image), std::runtime_error);
}

std::vector<Image> example() {
  const auto image = [](int capability, bool portable, int driver) {
    return Image{"k", capability, portable, driver, nullptr, 0, 0};
  };
  return {image(75, false, 13000), image(80, false, 13000), image(86, false, 13000),
          image(90, false, 13000), image(75, true, 13000),  image(61, false, 11000),
          image(80, false, 11000), image(50, true, 11080)};
}

TEST(Images, TheClosestIsChosen) {
  const std::vector<Image> all = example();
  const auto chosen = [&](int capability, int driver) -> const Image& {
    return choose_image(all, "k", capability, driver);
  };
  EXPECT_EQ(chosen(86, 13000).capability, 86);
  EXPECT_EQ(chosen(89, 13000).capability, 86);  // same major, highest minor below
  EXPECT_EQ(chosen(80, 13000).capability, 80);
  EXPECT_TRUE(chosen(120, 13000).portable);
  EXPECT_EQ(chosen(120, 13000).capability, 75);
  EXPECT_EQ(chosen(61, 13000).capability, 61);
  EXPECT_EQ(chosen(61, 11000).capability, 61);
  EXPECT_EQ(chosen(52, 11080).capability, 50);
  EXPECT_EQ(chosen(86, 12020).driver_version, 11000);  // an older driver: the older compiler's
}

TEST(Images, WhyNoneFits) {
  const std::vector<Image> all = example();
  const auto status = [&](std::span<const Image> list, int capability, int driver) {
    try {
      choose_image(list, "k", capability, driver);
    } catch (const DeviceError& error) {
      return error.status();
    }
    return DeviceStatus::lost;
  };
  EXPECT_EQ(status(all, 35, 13000), DeviceStatus::unsupported);
  EXPECT_EQ(status(all, 90, 10020), DeviceStatus::driver_too_old);
  EXPECT_EQ(status({}, 90, 13000), DeviceStatus::unsupported);
}

}  // namespace
}  // namespace axiom::cuda
