// The steps of one job, whichever way its products are computed.
#pragma once

#include "cuda/kernels/passes.h"
#include "cuda/kernels/permutation.h"

namespace axiom::cuda {

AXIOM_DEVICE arithmetic::Stream stream_of(const TrainingJob& job, arithmetic::Purpose purpose,
                                          std::uint64_t epoch) {
  return {job.seed, job.trial, job.network_index, purpose, static_cast<std::uint32_t>(epoch)};
}

/// The rows of a mini-batch.
struct Batch {
  std::uint64_t epoch;
  int first;  ///< position in the epoch's order
  int rows;

  AXIOM_DEVICE Batch(const TrainingJob& job, std::uint64_t step)
      : epoch(step / job.steps_per_epoch),
        first(static_cast<int>(step % job.steps_per_epoch) * job.batch),
        rows(job.samples - first < job.batch ? job.samples - first : job.batch) {}
};

/// Copies the batch's samples and labels. No barrier.
template <class Engine, class Index>
AXIOM_DEVICE void gather(const Engine& engine, const TrainingJob& job, const Batch& batch,
                         const Index* order, Matrix inputs, std::int32_t* labels) {
  const int stride = padded(job.network.fan_in(0));
  const int quads = stride / 4;
  for (int at = engine.thread(); at < batch.rows * quads; at += engine.threads()) {
    const int i = at / quads;
    const auto sample = static_cast<std::int64_t>(order[batch.first + i]);
    store_quad(inputs.p + inputs.offset(i, at % quads * 4),
               load_quad(job.inputs.get() + sample * stride + at % quads * 4));
  }
  for (int i = engine.thread(); i < batch.rows; i += engine.threads()) {
    labels[i] = job.labels.get()[order[batch.first + i]];
  }
}

/// One step on the batch that lies in `net`. Ends with a barrier.
template <class Engine, class View>
AXIOM_DEVICE void train_batch(Engine& engine, const TrainingJob& job, const View& net,
                              const Batch& batch) {
  const Dropout dropout{stream_of(job, arithmetic::Purpose::dropout, batch.epoch),
                        job.dropout_threshold, job.kept_factor,
                        static_cast<std::uint32_t>(job.network.hidden_units()),
                        static_cast<std::uint32_t>(batch.first)};
  const float scale = arithmetic::div(1.0f, arithmetic::to_float(batch.rows));
  forward(engine, net, batch.rows, dropout);
  backward(engine, net, batch.rows, scale, {job.negative_learning_rate, job.keep}, dropout);
}

/// Whether the launch has run for as long as it may. For one thread to ask.
AXIOM_DEVICE bool time_is_up(LaunchState* launch, std::uint64_t limit_nanoseconds) {
  const std::uint64_t now = nanoseconds();
  const std::uint64_t earlier = compare_and_swap(&launch->started, 0, now);
  return earlier != 0 && now > earlier && now - earlier > limit_nanoseconds;
}

/// A block takes jobs in order, one after the other, until the time is up. `next`: in shared
/// memory; `run(number of a job)` holds a barrier.
template <class Run>
AXIOM_DEVICE void take_jobs(std::uint32_t& next, std::uint32_t count, LaunchState* launch,
                            std::uint64_t limit_nanoseconds, const Run& run) {
  for (;;) {
    if (thread_index() == 0) {
      next = time_is_up(launch, limit_nanoseconds) ? count : fetch_add(&launch->next_job, 1);
    }
    synchronize_block();
    const std::uint32_t job = next;
    if (job >= count) return;
    run(job);
  }
}

}  // namespace axiom::cuda
