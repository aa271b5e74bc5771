// Memory for kernels, so that translation units with vector flags need no library code.
#pragma once

#include <cstddef>

namespace axiom::cpu {

/// Doubles of unspecified value, 64-byte aligned, the calling thread's until its next request.
double* thread_workspace(std::size_t doubles);
/// Gives back what the calling thread had.
void release_thread_workspace();

}  // namespace axiom::cpu
