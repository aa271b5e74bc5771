#include "cuda/images.h"

#include <zlib.h>

#include <array>
#include <new>
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

}  // namespace

std::string unpacked(const Image& image) {
  constexpr int gzip_format = 16 + MAX_WBITS;
  z_stream stream{};
  stream.next_in = const_cast<unsigned char*>(image.data);
  stream.avail_in = static_cast<unsigned>(image.bytes);
  if (inflateInit2(&stream, gzip_format) != Z_OK) throw std::bad_alloc();
  std::string text;
  std::array<char, 65536> part{};
  int status = Z_OK;
  while (status == Z_OK) {
    stream.next_out = reinterpret_cast<unsigned char*>(part.data());
    stream.avail_out = static_cast<unsigned>(part.size());
    status = inflate(&stream, Z_NO_FLUSH);
    text.append(part.data(), part.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  if (status != Z_STREAM_END) {
    throw std::runtime_error(std::string("the embedded kernels are damaged (") + image.kernel +
                             "): install the program anew");
  }
  return text;
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
