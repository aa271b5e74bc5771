#include "tests/cuda_emulation/module_image.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <regex>

namespace axiom::cuda::emulation {
namespace {

constexpr int machine_cuda = 190;  // EM_CUDA

template <class T>
T at(const char* bytes, std::size_t offset) {
  T value;
  std::memcpy(&value, bytes + offset, sizeof value);
  return value;
}

// Older compilers keep the architecture in bits 0-7 of the flags, newer ones in bits 8-15.
int capability_of(const Elf64_Ehdr& header) {
  const int low = static_cast<int>(header.e_flags & 0xff);
  const int high = static_cast<int>(header.e_flags >> 8 & 0xff);
  return header.e_ident[EI_ABIVERSION] >= 8 && high != 0 ? high : low;
}

std::optional<ModuleImage> read_binary(const char* bytes) {
  const auto header = at<Elf64_Ehdr>(bytes, 0);
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != machine_cuda) return {};
  ModuleImage image;
  image.capability = capability_of(header);
  const auto section = [&](std::size_t i) {
    return at<Elf64_Shdr>(bytes, header.e_shoff + i * header.e_shentsize);
  };
  for (std::size_t i = 0; i < header.e_shnum; ++i) {
    const Elf64_Shdr symbols = section(i);
    if (symbols.sh_type != SHT_SYMTAB) continue;
    const char* names = bytes + section(symbols.sh_link).sh_offset;
    for (std::size_t at_byte = 0; at_byte < symbols.sh_size; at_byte += sizeof(Elf64_Sym)) {
      const auto symbol = at<Elf64_Sym>(bytes, symbols.sh_offset + at_byte);
      const bool function = ELF64_ST_TYPE(symbol.st_info) == STT_FUNC;
      const bool global = ELF64_ST_BIND(symbol.st_info) == STB_GLOBAL;
      if (function && global) image.kernels.insert(names + symbol.st_name);
    }
  }
  return image;
}

std::optional<ModuleImage> read_text(const std::string& text) {
  // Line by line: the library's regular expressions recurse over what they match.
  static const std::regex target(R"(^\.target\s+sm_(\d+))");
  static const std::regex entry(R"(\.entry\s+(\w+)\()");
  ModuleImage image;
  image.portable = true;
  std::smatch found;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    const std::string line = text.substr(start, std::min<std::size_t>(end - start, 200));
    if (std::regex_search(line, found, target)) image.capability = std::stoi(found[1]);
    if (std::regex_search(line, found, entry)) image.kernels.insert(found[1]);
    start = end + 1;
  }
  if (image.capability == 0) return {};
  return image;
}

}  // namespace

std::optional<ModuleImage> read_image(const void* image) {
  const char* bytes = static_cast<const char*>(image);
  if (std::strncmp(bytes, ELFMAG, SELFMAG) == 0) return read_binary(bytes);
  if (std::strncmp(bytes, "//", 2) == 0 || std::strncmp(bytes, ".version", 8) == 0) {
    return read_text(bytes);
  }
  return {};
}

}  // namespace axiom::cuda::emulation
