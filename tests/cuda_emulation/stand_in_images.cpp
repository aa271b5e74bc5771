// Takes the place of the compiler's images in programs for tests where there is no CUDA compiler:
// PTX whose kernels do nothing. The emulated driver runs its own kernels of the same names; on a
// real device the self-test would refuse these.
#include <zlib.h>

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

std::string gzip(const std::string& text) {
  constexpr int gzip_format = 16 + MAX_WBITS;
  z_stream stream{};
  if (deflateInit2(&stream, 9, Z_DEFLATED, gzip_format, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::runtime_error("zlib does not start");
  }
  std::string packed(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<unsigned char*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<unsigned>(text.size());
  stream.next_out = reinterpret_cast<unsigned char*>(packed.data());
  stream.avail_out = static_cast<unsigned>(packed.size());
  const int status = deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  if (status != Z_STREAM_END) throw std::runtime_error("zlib does not pack");
  return packed;
}

struct Table {
  std::vector<std::string> packed;
  std::vector<Image> images;
};

Table make_table() {
  Table table;
  for (const StandInModule& module : stand_in_modules()) {
    table.packed.push_back(gzip(module_with(module.kernels)));
  }
  for (std::size_t i = 0; i < table.packed.size(); ++i) {
    const std::string& packed = table.packed[i];
    table.images.push_back({stand_in_modules()[i].name, 50, true, 11000,
                            reinterpret_cast<const unsigned char*>(packed.data()), packed.size()});
  }
  return table;
}

}  // namespace

std::span<const Image> images() {
  static const Table table = make_table();
  return table.images;
}

}  // namespace axiom::cuda
