// Takes the place of the compiler's images in programs for tests where there is no CUDA compiler:
// PTX whose kernels do nothing. The emulated driver runs its own kernels of the same names; on a
// real device the self-test would refuse these.
#include <lzma.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "cuda/images.h"
#include "stand_in_modules.h"

namespace axiom::cuda {
namespace {

std::string module_with(const std::vector<std::string>& kernels) {
  std::string text = "//\n.version 7.0\n.target sm_50\n.address_size 64\n";
  for (const std::string& kernel : kernels) {
    text += ".visible .entry " + kernel + "()\n{\n  ret;\n}\n";
  }
  return text;
}

std::string pack(const std::string& text) {
  std::string packed(lzma_stream_buffer_bound(text.size()), '\0');
  std::size_t size = 0;
  const lzma_ret status = lzma_easy_buffer_encode(
      0, LZMA_CHECK_CRC64, nullptr, reinterpret_cast<const unsigned char*>(text.data()),
      text.size(), reinterpret_cast<unsigned char*>(packed.data()), &size, packed.size());
  if (status != LZMA_OK) throw std::runtime_error("liblzma does not pack");
  packed.resize(size);
  return packed;
}

struct Table {
  std::vector<std::string> packed;
  std::vector<Image> images;
};

Table make_table() {
  Table table;
  for (const StandInModule& module : stand_in_modules()) {
    const std::string text = module_with(module.kernels);
    table.packed.push_back(pack(std::to_string(text.size()) + "\n" + text));
  }
  for (std::size_t i = 0; i < table.packed.size(); ++i) {
    const std::string& packed = table.packed[i];
    table.images.push_back({stand_in_modules()[i].name, 50, true, 11000,
                            reinterpret_cast<const unsigned char*>(packed.data()), packed.size(),
                            0});
  }
  return table;
}

}  // namespace

std::span<const Image> images() {
  static const Table table = make_table();
  return table.images;
}

}  // namespace axiom::cuda
