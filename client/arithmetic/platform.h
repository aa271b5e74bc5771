// Keywords that let one source serve host and device. Part of the arithmetic: depends on nothing.
#pragma once

#if defined(__CUDACC__)
#define AXIOM_HOST_DEVICE __host__ __device__
#else
#define AXIOM_HOST_DEVICE
#endif

// Always inlined, so that a translation unit built for a newer instruction set never emits a
// shared out-of-line copy that an older processor could then be handed by the linker.
#define AXIOM_INLINE AXIOM_HOST_DEVICE __attribute__((always_inline)) inline
