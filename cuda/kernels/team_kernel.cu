// Trains and evaluates networks of any size: parameters and activations lie in global memory (as
// far as possible in its cache), and one or several blocks, a team, share the work on one network.
#include "cuda/kernels/staged_product.h"
#include "cuda/kernels/team.h"
#include "cuda/kernels/team_layout.h"
#include "cuda/kernels/training.h"

namespace axiom::cuda {
namespace {

/// What follows the slabs in shared memory.
struct TeamControl {
  union Job {
    TrainingJob training;
    EvaluationJob evaluation;
  } job;
  TeamLayout layout;
  std::uint32_t draws[permutation_draws];
};
static_assert(staged_floats * sizeof(float) % 16 == 0);
static_assert(staged_floats * sizeof(float) + sizeof(TeamControl) <= team_shared_bytes);

AXIOM_DEVICE TeamControl& control() {
  return *reinterpret_cast<TeamControl*>(shared_memory() + staged_floats);
}

struct TeamEngine {
  Team team;

  template <Form form, class Start, class Sink>
  AXIOM_DEVICE void product(Matrix a, Matrix b, int rows, int columns, int sums, const Start& start,
                            const Sink& sink) const {
    staged_product<form>(team.rank, team.blocks, a, b, rows, columns, sums, start, sink);
  }
  AXIOM_DEVICE void synchronize() { team.synchronize(); }
  AXIOM_DEVICE int thread() const { return team.thread(); }
  AXIOM_DEVICE int threads() const { return team.threads(); }
};

struct TrainingView {
  AXIOM_DEVICE const TrainingJob& job() const { return control().job.training; }
  AXIOM_DEVICE const Network& shape() const { return job().network; }
  AXIOM_DEVICE const TeamLayout& layout() const { return control().layout; }
  AXIOM_DEVICE float* at(std::int64_t offset) const { return job().workspace.get() + offset; }
  AXIOM_DEVICE Matrix weights(int l) const {
    return {job().parameters.get() + shape().weights_offset(l), padded(shape().fan_out(l))};
  }
  AXIOM_DEVICE float* biases(int l) const {
    return job().parameters.get() + shape().biases_offset(l);
  }
  /// Full batches are read where they lie.
  AXIOM_DEVICE Matrix batch_inputs() const {
    float* const from =
        job().shuffled != 0 ? at(layout().inputs) : const_cast<float*>(job().inputs.get());
    return {from, padded(shape().fan_in(0))};
  }
  AXIOM_DEVICE Matrix activations(int l) const {
    return {at(layout().activations[l]), padded(shape().fan_out(l))};
  }
  AXIOM_DEVICE Matrix outputs() const { return {at(layout().outputs), padded(shape().outputs())}; }
  AXIOM_DEVICE Matrix deltas(int l) const {
    return {at(layout().deltas[l % 2]), padded(shape().fan_out(l))};
  }
  AXIOM_DEVICE Matrix input(int l) const { return l == 0 ? batch_inputs() : activations(l - 1); }
  AXIOM_DEVICE std::int32_t* labels() const {
    return reinterpret_cast<std::int32_t*>(at(layout().labels));
  }
  AXIOM_DEVICE std::int32_t label(int row) const {
    return job().shuffled != 0 ? labels()[row] : job().labels.get()[row];
  }
};

struct EvaluationView {
  AXIOM_DEVICE const EvaluationJob& job() const { return control().job.evaluation; }
  AXIOM_DEVICE const Network& shape() const { return job().network; }
  AXIOM_DEVICE Matrix weights(int l) const {
    return {const_cast<float*>(job().parameters.get()) + shape().weights_offset(l),
            padded(shape().fan_out(l))};
  }
  AXIOM_DEVICE const float* biases(int l) const {
    return job().parameters.get() + shape().biases_offset(l);
  }
  AXIOM_DEVICE Matrix batch_inputs() const {
    return {const_cast<float*>(job().inputs.get()), padded(shape().fan_in(0))};
  }
  AXIOM_DEVICE Matrix activations(int l) const {
    return {job().activations[l].get(), padded(shape().fan_out(l))};
  }
  AXIOM_DEVICE Matrix input(int l) const { return l == 0 ? batch_inputs() : activations(l - 1); }
  AXIOM_DEVICE Matrix outputs() const { return {job().outputs.get(), padded(shape().outputs())}; }
  AXIOM_DEVICE Matrix output_deltas() const {
    return {job().output_deltas.get(), padded(shape().outputs())};
  }
  AXIOM_DEVICE Matrix deltas(int l) const {
    return {job().deltas[l % 2].get(), padded(shape().fan_out(l))};
  }
  AXIOM_DEVICE std::int32_t label(int row) const { return job().labels.get()[row]; }
};

AXIOM_DEVICE void run_training(TeamEngine& engine, TrainingJob& original, LaunchState* launch,
                               std::uint64_t limit_nanoseconds) {
  if (thread_index() == 0) {
    control().job.training = original;
    control().layout = TeamLayout(original.network, original.batch, original.shuffled != 0);
  }
  synchronize_block();
  const TrainingJob& job = control().job.training;
  const TrainingView net;
  Team& team = engine.team;
  std::uint64_t step = job.step;
  bool ordered = false;
  while (step < job.until) {
    const Batch batch(job, step);
    if (job.shuffled != 0) {
      if (!ordered || batch.first == 0) {
        if (team.rank == 0) {
          fill_permutation(stream_of(job, arithmetic::Purpose::permutation, batch.epoch),
                           job.order.get(), job.samples, control().draws);
        }
        ordered = true;
        team.synchronize();
      }
      gather(engine, job, batch, job.order.get(), net.input(0), net.labels());
    }
    if (team.leads()) team.state->stop = time_is_up(launch, limit_nanoseconds) ? 1 : 0;
    team.synchronize();
    // Read here: barriers follow before it is written again.
    const bool last = load_shared_word(&team.state->stop) != 0;
    train_batch(engine, job, net, batch);
    ++step;
    if (last) break;
  }
  if (team.leads()) original.step = step;
}

/// ∂L/∂z of the hidden layers, down to the first, for outputs' deltas times `scale`.
AXIOM_DEVICE void all_deltas(TeamEngine& engine, const EvaluationView& net, int rows, float scale) {
  const Dropout none{};
  output_deltas(engine, net, rows, scale, net.output_deltas());
  last_hidden_deltas(engine, net, rows, net.output_deltas(), none);
  engine.synchronize();
  for (int l = net.shape().hidden_layers() - 2; l >= 0; --l) {
    hidden_deltas(engine, net, l, rows, none);
    engine.synchronize();
  }
}

AXIOM_DEVICE void run_evaluation(TeamEngine& engine, const EvaluationJob& original) {
  if (thread_index() == 0) control().job.evaluation = original;
  synchronize_block();
  const EvaluationJob& job = control().job.evaluation;
  const EvaluationView net;
  const int rows = job.samples;
  forward(engine, net, rows, Dropout{});
  if (job.input_gradients.value != 0) {
    all_deltas(engine, net, rows, 1.0f);
    const Matrix to{job.input_gradients.get(), padded(net.shape().fan_in(0))};
    engine.product<Form::delta>(net.deltas(0), net.weights(0), rows, net.shape().fan_in(0),
                                net.shape().fan_out(0), FromZero{}, StoreSink{to});
  }
  if (job.first_layer_gradient.value != 0) {
    all_deltas(engine, net, rows, job.mean);
    const Matrix to{job.first_layer_gradient.get(), padded(net.shape().fan_out(0))};
    engine.product<Form::gradient>(net.input(0), net.deltas(0), net.shape().fan_in(0),
                                   net.shape().fan_out(0), rows, FromZero{}, StoreSink{to});
  }
}

AXIOM_DEVICE Team my_team(TeamState* teams, std::uint32_t blocks_per_team) {
  const auto blocks = static_cast<int>(blocks_per_team);
  return {teams + block_index() / blocks, block_index() % blocks, blocks};
}

/// The next job of the team, or `count`.
AXIOM_DEVICE std::uint32_t next_job(Team& team, LaunchState* launch, std::uint32_t count,
                                    std::uint64_t limit_nanoseconds) {
  if (team.leads()) {
    team.state->job =
        time_is_up(launch, limit_nanoseconds) ? count : fetch_add(&launch->next_job, 1);
  }
  team.synchronize();
  return load_shared_word(&team.state->job);  // barriers follow before it is written again
}

}  // namespace

/// Teams take jobs in order until the time is up; an evaluation that has been started is finished.
/// `jobs`: TrainingJob or, if `evaluation` is not 0, EvaluationJob. One kernel for both, so that
/// the code of the products is there once. REQUIRES: every job has a step to do; team_threads
/// threads a block, team_shared_bytes of shared memory, all blocks on the device at once if a team
/// has several.
AXIOM_KERNEL(team_threads, 3)
axiom_team(void* jobs, std::uint32_t count, LaunchState* launch, std::uint64_t limit_nanoseconds,
           TeamState* teams, std::uint32_t blocks_per_team, std::uint32_t evaluation) {
  TeamEngine engine{my_team(teams, blocks_per_team)};
  for (;;) {
    const std::uint32_t next = next_job(engine.team, launch, count, limit_nanoseconds);
    if (next >= count) return;
    if (evaluation != 0) {
      run_evaluation(engine, static_cast<const EvaluationJob*>(jobs)[next]);
    } else {
      run_training(engine, static_cast<TrainingJob*>(jobs)[next], launch, limit_nanoseconds);
    }
  }
}

}  // namespace axiom::cuda
