// From plans to what the kernels work on, and back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "client/plan/training_run.h"
#include "cuda/kernels/jobs.h"

namespace axiom::cuda {

Network network_of(const NetworkShape& shape);

/// Whether one block can hold the run in so much shared memory.
bool fits_block(const TrainingRun& run, std::size_t shared_bytes);
/// Shared memory that a block needs for the run.
std::size_t block_shared_bytes(const TrainingRun& run);
/// Threads for it.
int block_threads(const TrainingRun& run);

/// Bytes of a network's parameters on the device, rounded up to 256.
std::size_t parameter_bytes(const NetworkShape& shape);
/// Bytes of device memory, each rounded up to 256, that a run takes: parameters, and what the team
/// kernel works on. REQUIRES: `in_block` as fits_block().
std::size_t training_bytes(const TrainingRun& run, bool in_block);
/// Likewise, for its evaluation: parameters, results and scratch of all evaluation sets.
std::size_t evaluation_bytes(const TrainingRun& run);
/// Bytes of the samples.
std::size_t dataset_bytes(const Dataset& data);

constexpr std::size_t rounded_up(std::size_t bytes) { return (bytes + 255) / 256 * 256; }

/// Rows of `columns` floats, padded to whole quads and back. Padding becomes zero.
void pad_rows(const float* from, int rows, int columns, float* to);
void unpad_rows(const float* from, int rows, int columns, float* to);

/// Canonical parameters (NetworkShape) to the device's layout (Network), and back.
void pack_parameters(const NetworkShape& shape, std::span<const float> parameters, float* to);
void unpack_parameters(const NetworkShape& shape, const float* from, std::span<float> parameters);

/// Everything but addresses.
TrainingJob training_job(const TrainingRun& run, std::uint64_t step, std::uint64_t until);
EvaluationJob evaluation_job(const TrainingRun& run, const EvaluationSet& set);

}  // namespace axiom::cuda
