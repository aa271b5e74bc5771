// A device that takes no time: what a program does beside it is what the host costs.
#pragma once

#include <cstddef>

#include "tests/cuda_emulation/kernel_table.h"

namespace axiom::cuda {

/// AXIOM_EMULATED_INSTANT: the first launch that takes no time; 0: there is none. Those before it,
/// the self-test's, are as ever.
bool has_instant_launches();
bool is_instant(long launch);

/// Marks the jobs of a launch as done, with numbers that are finite and mean nothing.
void finish_at_once(const Entry& entry, void** parameters);

/// What copies to such memory of the host would bring: they cost the processor nothing, and are
/// left out.
void fill_with_numbers(void* memory, std::size_t bytes);

/// A copy from ordinary memory to the device costs what copying into a driver's own memory does;
/// what it holds is lost.
void copy_to_staging(const void* from, std::size_t bytes);

}  // namespace axiom::cuda
