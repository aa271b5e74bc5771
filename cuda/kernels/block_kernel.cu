// Trains networks that fit into a block's shared memory: parameters, mini-batch, activations and
// deltas stay there for as many steps as the launch may last. A block takes job after job.
#include "cuda/kernels/block_layout.h"
#include "cuda/kernels/direct_product.h"
#include "cuda/kernels/training.h"

namespace axiom::cuda {
namespace {

AXIOM_DEVICE BlockControl& control() { return *reinterpret_cast<BlockControl*>(shared_memory()); }

/// One block; operands in shared memory.
struct BlockEngine {
  template <Form form, class Start, class Sink>
  AXIOM_DEVICE void product(Matrix a, Matrix b, int rows, int columns, int sums, const Start& start,
                            const Sink& sink) const {
    direct_product<form>(a, b, rows, columns, sums, start, sink);
  }
  AXIOM_DEVICE void synchronize() const { synchronize_block(); }
  AXIOM_DEVICE int thread() const { return thread_index(); }
  AXIOM_DEVICE int threads() const { return thread_count(); }
};

/// Every address is an offset from shared_memory(), so that the compiler knows the kind of memory.
struct BlockView {
  AXIOM_DEVICE const Network& shape() const { return control().job.network; }
  AXIOM_DEVICE const BlockLayout& layout() const { return control().layout; }
  AXIOM_DEVICE float* at(int offset) const { return shared_memory() + offset; }
  AXIOM_DEVICE Matrix weights(int l) const {
    return {at(layout().weights[l]), banked(shape().fan_out(l))};
  }
  AXIOM_DEVICE float* biases(int l) const { return at(layout().biases[l]); }
  AXIOM_DEVICE Matrix input(int l) const {
    return {at(l == 0 ? layout().inputs : layout().activations[l - 1]), banked(shape().fan_in(l))};
  }
  AXIOM_DEVICE Matrix activations(int l) const {
    return {at(layout().activations[l]), banked(shape().fan_out(l))};
  }
  AXIOM_DEVICE Matrix outputs() const { return {at(layout().outputs), banked(shape().outputs())}; }
  AXIOM_DEVICE Matrix deltas(int l) const {
    return {at(layout().deltas[l % 2]), banked(shape().fan_out(l))};
  }
  AXIOM_DEVICE std::int32_t* labels() const {
    return reinterpret_cast<std::int32_t*>(at(layout().labels));
  }
  AXIOM_DEVICE std::int32_t label(int row) const { return labels()[row]; }
  AXIOM_DEVICE std::uint16_t* order() const {
    return reinterpret_cast<std::uint16_t*>(at(layout().order));
  }
  AXIOM_DEVICE std::uint32_t* draws() const {
    return reinterpret_cast<std::uint32_t*>(at(layout().draws));
  }
};

/// Parameters between global memory and shared memory.
template <bool to_shared>
AXIOM_DEVICE void move_parameters(const TrainingJob& job, const BlockView& net) {
  for (int l = 0; l < net.shape().layers; ++l) {
    const int quads = padded(net.shape().fan_out(l)) / 4;
    float* const global = job.parameters.get() + net.shape().weights_offset(l);
    const Matrix weights = net.weights(l);
    for (int at = thread_index(); at < net.shape().fan_in(l) * quads; at += thread_count()) {
      float* const there = global + 4 * static_cast<std::int64_t>(at);
      float* const here = &weights.at(at / quads, at % quads * 4);
      if constexpr (to_shared) {
        store_quad(here, load_quad(there));
      } else {
        store_quad(there, load_quad(here));
      }
    }
    float* const biases = job.parameters.get() + net.shape().biases_offset(l);
    for (int j = thread_index(); j < net.shape().fan_out(l); j += thread_count()) {
      if constexpr (to_shared) {
        net.biases(l)[j] = biases[j];
      } else {
        biases[j] = net.biases(l)[j];
      }
    }
  }
}

AXIOM_DEVICE void run_job(TrainingJob& original, LaunchState* launch,
                          std::uint64_t limit_nanoseconds) {
  if (thread_index() == 0) {
    control().job = original;
    control().layout = BlockLayout(original.network, original.batch, original.samples);
  }
  synchronize_block();
  const TrainingJob& job = control().job;
  const BlockView net;
  const BlockEngine engine;
  move_parameters<true>(job, net);
  std::uint64_t step = job.step;
  bool ordered = false;
  while (step < job.until) {
    const Batch batch(job, step);
    if (!ordered || batch.first == 0) {
      fill_permutation(stream_of(job, arithmetic::Purpose::permutation, batch.epoch), net.order(),
                       job.samples, net.draws());
      ordered = true;
    }
    gather(engine, job, batch, net.order(), net.input(0), net.labels());
    if (thread_index() == 0) {
      control().turn.stop = time_is_up(launch, limit_nanoseconds, control().turn.started) ? 1 : 0;
    }
    synchronize_block();
    // Read here: barriers follow before it is written again.
    const bool last = control().turn.stop != 0;
    train_batch(engine, job, net, batch);
    ++step;
    if (last) break;
  }
  move_parameters<false>(job, net);
  if (thread_index() == 0) original.step = step;
}

}  // namespace

/// Jobs are taken in order until the time is up. REQUIRES: every job has a step to do, shuffled
/// mini-batches, at most 65535 samples; BlockLayout's bytes of shared memory.
AXIOM_KERNEL(block_threads_limit, 2)
axiom_train_block(TrainingJob* jobs, std::uint32_t count, LaunchState* launch,
                  std::uint64_t limit_nanoseconds) {
  take_jobs(control().turn, count, launch, limit_nanoseconds,
            [=](std::uint32_t job) { run_job(jobs[job], launch, limit_nanoseconds); });
}

/// The most multiply-adds that the device can do: 16 independent chains a thread, `rounds` links
/// each. `sink`: one float a thread, so that nothing is optimised away.
AXIOM_KERNEL(block_threads_limit, 2)
axiom_fma_peak(float* sink, std::uint32_t rounds, float factor, float term) {
  constexpr int chains = 16;
  float value[chains];
#pragma unroll
  for (int c = 0; c < chains; ++c) value[c] = arithmetic::to_float(thread_index() + c);
#pragma unroll 4
  for (std::uint32_t i = 0; i < rounds; ++i) {
#pragma unroll
    for (int c = 0; c < chains; ++c) value[c] = arithmetic::fma(value[c], factor, term);
  }
  float sum = 0.0f;
#pragma unroll
  for (int c = 0; c < chains; ++c) sum = arithmetic::add(sum, value[c]);
  sink[block_index() * thread_count() + thread_index()] = sum;
}

}  // namespace axiom::cuda
