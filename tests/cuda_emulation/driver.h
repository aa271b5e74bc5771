// What the emulated cuBLAS asks of the emulated driver.
#pragma once

#include <cstddef>

#include "cuda/driver_api.h"

extern "C" {
/// Whether the calling thread has made a device's context current.
bool axiom_emulated_context();
/// Whether these bytes lie within one block of device memory.
bool axiom_emulated_memory(axiom::cuda::DevicePointer pointer, std::size_t bytes);
}
