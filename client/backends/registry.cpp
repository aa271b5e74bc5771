#include "client/backends/registry.h"

#include <array>

#include "cpu/avx2/avx2_backend.h"
#include "cpu/avx512/avx512_backend.h"
#include "cpu/reference/reference_backend.h"

namespace axiom {
namespace {

std::string known_names() {
  std::string names = "auto";
  for (const Backend* backend : backends()) names += ", " + backend->name();
  return names;
}

BackendChoice fastest_backend() {
  std::string passed_over;
  for (const Backend* backend : backends()) {
    const std::string why_not = backend->unavailable_reason();
    if (why_not.empty()) return {backend, "the fastest that this host can run" + passed_over};
    passed_over += "; not " + backend->name() + ": " + why_not;
  }
  throw BackendError("no backend can run on this host" + passed_over);
}

}  // namespace

std::span<const Backend* const> backends() {
  static const std::array<const Backend*, 3> all = {&avx512_backend(), &avx2_backend(),
                                                    &reference_backend()};
  return all;
}

BackendChoice choose_backend(std::string_view name) {
  if (name == "auto") return fastest_backend();
  for (const Backend* backend : backends()) {
    if (backend->name() != name) continue;
    const std::string why_not = backend->unavailable_reason();
    if (why_not.empty()) return {backend, "asked for with --backend"};
    throw BackendError("backend " + backend->name() + " cannot run on this host: " + why_not +
                       " (--backend auto takes the fastest that can)");
  }
  throw BackendError("unknown backend \"" + std::string(name) + "\" (known: " + known_names() +
                     ")");
}

}  // namespace axiom
