#include "client/plan/step.h"

#include <algorithm>
#include <bit>

#include "client/arithmetic/ops.h"
#include "client/arithmetic/streams.h"

namespace axiom {

StepScalars step_scalars(const TrainingRun& run, int batch_samples) {
  const float negative_rate = -run.learning_rate;
  return {arithmetic::div(1.0f, static_cast<float>(batch_samples)), negative_rate,
          arithmetic::fma(negative_rate, run.weight_decay, 1.0f)};
}

StepRange step_range(const TrainingRun& run, std::uint64_t step) {
  const std::uint64_t per_epoch = run.steps_per_epoch();
  const int batch = run.batch_size();
  const int first = static_cast<int>(step % per_epoch) * batch;
  return {static_cast<std::uint32_t>(step / per_epoch), first,
          std::min(batch, run.samples - first)};
}

const std::int32_t* EpochOrder::of(const TrainingRun& run, std::uint32_t epoch) {
  if (run.batch == 0) return nullptr;
  if (!valid_ || epoch_ != epoch) {
    order_.resize(static_cast<std::size_t>(run.samples));
    const arithmetic::Stream stream{run.seed, run.trial, run.network,
                                    arithmetic::Purpose::permutation, epoch};
    arithmetic::fill_permutation(stream, order_.data(), run.samples);
    epoch_ = epoch;
    valid_ = true;
  }
  return order_.data();
}

std::size_t EpochOrder::bytes(const TrainingRun& run) {
  return run.batch == 0 ? 0 : static_cast<std::size_t>(run.samples) * sizeof(std::int32_t);
}

DropoutFactors::DropoutFactors(const TrainingRun& run)
    : threshold_(static_cast<std::uint64_t>(static_cast<double>(run.dropout) * 4294967296.0)),
      kept_(arithmetic::div(1.0f, arithmetic::sub(1.0f, run.dropout))) {}

void DropoutFactors::fill(const TrainingRun& run, std::uint32_t epoch, int position,
                          std::span<float> factors) const {
  const arithmetic::Stream stream{run.seed, run.trial, run.network, arithmetic::Purpose::dropout,
                                  epoch};
  const auto first =
      static_cast<std::uint32_t>(position) * static_cast<std::uint32_t>(factors.size());
  if (threshold_ >> 32 != 0) {
    std::fill(factors.begin(), factors.end(), 0.0f);
    return;
  }
  arithmetic::fill_factors(stream, first, static_cast<std::uint32_t>(threshold_), kept_,
                           factors.data(), factors.size());
}

bool all_finite(std::span<const float> values) {
  constexpr std::uint32_t exponent = 0x7f800000u;
  std::uint32_t found = 0;  // no early end: four at a time
  for (const float value : values) {
    found |= (std::bit_cast<std::uint32_t>(value) & exponent) == exponent ? 1u : 0u;
  }
  return found == 0;
}

}  // namespace axiom
