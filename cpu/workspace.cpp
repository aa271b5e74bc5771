#include "cpu/aligned_buffer.h"

#include "cpu/workspace.h"

namespace axiom::cpu {

double* thread_workspace(std::size_t doubles) {
  thread_local AlignedBuffer buffer;
  // The analyser takes the old block, which is replaced, for the one that is returned.
  // NOLINTNEXTLINE(clang-analyzer-cplusplus.NewDelete)
  return static_cast<double*>(buffer.reserve(doubles * sizeof(double)));
}

}  // namespace axiom::cpu
