#include "client/anchors/anchors.h"

#ifdef _WIN32
#define READ_ONLY_SECTION ".section .rdata,\"dr\"\n"
#else
#define READ_ONLY_SECTION ".section .rodata\n"
#endif
// The bytes of a file between two symbols.
#define EMBED(symbol, path)                                                            \
  asm(READ_ONLY_SECTION ".global " symbol "_begin\n" symbol "_begin:\n.incbin \"" path \
                        "\"\n.global " symbol "_end\n" symbol "_end:\n.byte 0\n.text\n")

EMBED("axiom_ca_bundle", AXIOM_CA_BUNDLE);
#ifdef AXIOM_UPDATE_KEYS
EMBED("axiom_update_keys", AXIOM_UPDATE_KEYS);
#endif

extern "C" {
extern const char axiom_ca_bundle_begin[];
extern const char axiom_ca_bundle_end[];
#ifdef AXIOM_UPDATE_KEYS
extern const char axiom_update_keys_begin[];
extern const char axiom_update_keys_end[];
#endif
}

namespace axiom {

std::string_view embedded_ca_bundle() { return {axiom_ca_bundle_begin, axiom_ca_bundle_end}; }

std::string_view embedded_key_list() {
#ifdef AXIOM_UPDATE_KEYS
  return {axiom_update_keys_begin, axiom_update_keys_end};
#else
  return {};
#endif
}

}  // namespace axiom
