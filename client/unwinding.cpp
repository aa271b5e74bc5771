// For hosts with glibc 2.34: the unwinder that is linked into the program asks for a function that
// came with 2.35. A program without this file does not start there.
#include <dlfcn.h>
#include <features.h>
#include <link.h>

#include <bit>
#include <cstddef>
#include <cstdint>

#if __GLIBC_PREREQ(2, 35)

namespace {

struct Search {
  std::uintptr_t address;
  dl_find_object* result;
};

// 1 ends the search.
int look(dl_phdr_info* object, std::size_t, void* data) {
  const auto* search = static_cast<Search*>(data);
  const ElfW(Phdr)* holder = nullptr;
  const ElfW(Phdr)* frames = nullptr;
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const ElfW(Phdr)& part = object->dlpi_phdr[i];
    if (part.p_type == PT_GNU_EH_FRAME) frames = &part;
    if (part.p_type == PT_LOAD && search->address - object->dlpi_addr - part.p_vaddr < part.p_memsz)
      holder = &part;
  }
  if (holder == nullptr) return 0;
  if (frames == nullptr) return 1;
  dl_find_object& result = *search->result;
  result = {};
  result.dlfo_map_start = std::bit_cast<void*>(object->dlpi_addr + holder->p_vaddr);
  result.dlfo_map_end = std::bit_cast<void*>(object->dlpi_addr + holder->p_vaddr + holder->p_memsz);
  result.dlfo_eh_frame = std::bit_cast<void*>(object->dlpi_addr + frames->p_vaddr);
  return 1;
}

}  // namespace

// Hidden: libraries that are loaded keep glibc's own.
extern "C" __attribute__((visibility("hidden"))) int _dl_find_object(
    void* address, dl_find_object* result) noexcept {
  Search search{reinterpret_cast<std::uintptr_t>(address), result};
  result->dlfo_eh_frame = nullptr;
  ::dl_iterate_phdr(look, &search);
  return result->dlfo_eh_frame == nullptr ? -1 : 0;
}

#endif
