#include "cpu/aligned_buffer.h"

#include "cpu/workspace.h"

namespace axiom::cpu {

namespace {
thread_local AlignedBuffer buffer;
}

double* thread_workspace(std::size_t doubles) {
  // The analyser takes the old block, which is replaced, for the one that is returned.
  // NOLINTNEXTLINE(clang-analyzer-cplusplus.NewDelete)
  return static_cast<double*>(buffer.reserve(doubles * sizeof(double)));
}

void release_thread_workspace() { buffer.release(); }

}  // namespace axiom::cpu
