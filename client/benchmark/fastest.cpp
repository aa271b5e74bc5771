#include "client/benchmark/report.h"

namespace axiom {

std::string fastest_backend(const std::vector<BackendReport>& backends) {
  constexpr double noise = 1.03;
  const BackendReport* best = nullptr;
  for (const BackendReport& backend : backends) {
    if (!backend.usable() || backend.speed <= 0) continue;
    if (best == nullptr || backend.speed > noise * best->speed) best = &backend;
  }
  return best == nullptr ? "" : best->name;
}

}  // namespace axiom
