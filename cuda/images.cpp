#include "cuda/images.h"

#include <lzma.h>

#include <array>
#include <cstdint>
#include <new>
#include <sstream>
#include <stdexcept>

#include "cuda/driver.h"

namespace axiom::cuda {
namespace {

bool runs_on(const Image& image, int capability) {
  if (image.portable) return image.capability <= capability;
  return image.capability / 10 == capability / 10 && image.capability <= capability;
}

bool better(const Image& a, const Image& b) {
  if (a.portable != b.portable) return b.portable;
  return a.capability > b.capability;
}

std::string readable_capability(int capability) {
  return std::to_string(capability / 10) + "." + std::to_string(capability % 10);
}

std::runtime_error damaged(const Image& image) {
  return std::runtime_error(std::string("the embedded kernels are damaged (") + image.kernel +
                            "): install the program anew");
}

std::string unpacked_archive(const Image& image) {
  constexpr std::uint64_t most_memory = std::uint64_t{16} << 20;
  lzma_stream stream = LZMA_STREAM_INIT;
  if (lzma_stream_decoder(&stream, most_memory, 0) != LZMA_OK) throw std::bad_alloc();
  stream.next_in = image.archive;
  stream.avail_in = image.archive_bytes;
  std::string text;
  std::array<char, 65536> part{};
  lzma_ret status = LZMA_OK;
  while (status == LZMA_OK) {
    stream.next_out = reinterpret_cast<unsigned char*>(part.data());
    stream.avail_out = part.size();
    status = lzma_code(&stream, LZMA_FINISH);
    text.append(part.data(), part.size() - stream.avail_out);
  }
  lzma_end(&stream);
  if (status != LZMA_STREAM_END) throw damaged(image);
  return text;
}

}  // namespace

std::string unpacked(const Image& image) {
  const std::string archive = unpacked_archive(image);
  std::istringstream sizes(archive.substr(0, archive.find('\n')));
  std::size_t begin = sizes.str().size() + 1;
  std::size_t size = 0;
  for (std::size_t i = 0; i <= image.number; ++i) {
    begin += size;
    if (!(sizes >> size)) throw damaged(image);
  }
  if (begin > archive.size() || archive.size() - begin < size) throw damaged(image);
  return archive.substr(begin, size);
}

const Image& choose_image(std::span<const Image> images, const std::string& kernel, int capability,
                          int driver_version) {
  const Image* best = nullptr;
  const Image* too_new = nullptr;
  for (const Image& image : images) {
    if (image.kernel != kernel || !runs_on(image, capability)) continue;
    const Image*& place = image.driver_version <= driver_version ? best : too_new;
    if (place == nullptr || better(image, *place)) place = &image;
  }
  if (best != nullptr) return *best;
  if (too_new != nullptr) {
    throw DeviceError(DeviceStatus::driver_too_old,
                      "the NVIDIA driver is too old: it supports CUDA " +
                          readable_version(driver_version) + ", the kernels need " +
                          readable_version(too_new->driver_version) + "; install a newer one");
  }
  if (images.empty()) {
    throw DeviceError(DeviceStatus::unsupported, "this build has no CUDA kernels");
  }
  throw DeviceError(DeviceStatus::unsupported,
                    "this build has no CUDA kernels for devices of compute capability " +
                        readable_capability(capability));
}

}  // namespace axiom::cuda
