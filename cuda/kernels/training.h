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
AXIOM_DEVICE bool time_is_up(LaunchState* launch, std::uint64_t limit_nanoseconds,
                             std::uint64_t& started) {
  const std::uint64_t now = nanoseconds();
  if (started == 0) {
    const std::uint64_t earlier = compare_and_swap(&launch->started, 0, now);
    started = earlier != 0 ? earlier : now;
  }
  return now > started && now - started > limit_nanoseconds;
}

/// The same for who asks seldom. Otherwise `started` is the asker's to keep: 0 at first, then when
/// the launch began, so that not every block waits for the same word of global memory each time.
AXIOM_DEVICE bool time_is_up(LaunchState* launch, std::uint64_t limit_nanoseconds) {
  std::uint64_t started = 0;
  return time_is_up(launch, limit_nanoseconds, started);
}

/// A block takes jobs in order, one after the other, until the time is up. `turn`: in shared
/// memory; `run(number of a job)` holds a barrier.
template <class Run>
AXIOM_DEVICE void take_jobs(Turn& turn, std::uint32_t count, LaunchState* launch,
                            std::uint64_t limit_nanoseconds, const Run& run) {
  if (thread_index() == 0) turn.started = 0;
  for (;;) {
    if (thread_index() == 0) {
      turn.next = time_is_up(launch, limit_nanoseconds, turn.started)
                      ? count
                      : fetch_add(&launch->next_job, 1);
    }
    synchronize_block();
    const std::uint32_t job = turn.next;
    if (job >= count) return;
    run(job);
  }
}

}  // namespace axiom::cuda
