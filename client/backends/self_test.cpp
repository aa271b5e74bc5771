#include "client/backends/self_test.h"

#include <array>
#include <atomic>
#include <cstring>
#include <optional>
#include <ostream>
#include <span>
#include <sstream>
#include <stdexcept>

#include "client/arithmetic/functions64.h"
#include "client/arithmetic/streams.h"
#include "client/backends/known_answers.h"
#include "client/backends/registry.h"
#include "client/experiments/cka.h"
#include "client/experiments/classification.h"
#include "client/experiments/matrix_sums.h"
#include "client/experiments/ridge.h"
#include "client/experiments/spectrum.h"
#include "client/experiments/weight_measures.h"
#include "client/plan/device_error.h"
#include "client/plan/example_run.h"
#include "client/plan/initial_parameters.h"
#include "client/system/digest.h"

namespace axiom {

namespace {

using arithmetic::Purpose;
using arithmetic::Stream;

/// Every kind of layer, batch and loss that the experiments use.
struct TrainingCase {
  const char* name;
  ExampleNetwork network;
};

std::vector<TrainingCase> training_cases() {
  const auto softmax = Loss::softmax_cross_entropy;
  const auto sigmoid = Loss::sigmoid_cross_entropy;
  return {
      {"train 20-32-32-2, batch 32", {{20, 32, 32, 2}, softmax, 72, 32, 0, 0}},
      {"train 10-16-16-16-5, batch 64", {{10, 16, 16, 16, 5}, softmax, 122, 64, 0, 0}},
      {"train 20-64-64-64-1, full batch", {{20, 64, 64, 64, 1}, sigmoid, 150, 0, 0, 0}},
      {"train 20-96-64-2, batch 8", {{20, 96, 64, 2}, softmax, 30, 8, 0, 0}},
      {"train 20-128-136-2, batch 5", {{20, 128, 136, 2}, softmax, 12, 5, 0, 0}},
      {"train 20-40-2, dropout and decay", {{20, 40, 2}, softmax, 40, 16, 0.25f, 0.01f}},
  };
}

TrainingRun make_run(const ExampleNetwork& network) {
  TrainingRun run = example_run(network, 1);
  run.seed = 1;
  run.evaluation_sets = {{run.train, run.samples, {1}, true, true}};
  return run;
}

/// Collects bits to be digested.
class Bits {
 public:
  template <class T>
  void add(std::span<const T> values) {
    bytes_.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  }
  template <class T>
  void add(const std::vector<T>& values) {
    add(std::span<const T>(values));
  }
  std::string digest() const { return sha256_hex(bytes_); }

 private:
  std::string bytes_;
};

std::string train(const Backend& backend, const TrainingCase& c) {
  const TrainingRun run = make_run(c.network);
  RunState state;
  initial_parameters(run, state.parameters);
  const auto executor = backend.make_executor();
  const std::atomic<bool> pause{false};
  std::atomic<std::uint64_t> progress{0};
  executor->train(run, state, run.steps, pause, progress);
  Snapshot snapshot;
  executor->evaluate(run, state, snapshot);
  Bits bits;
  bits.add(state.parameters);
  for (const Evaluation& values : snapshot.evaluations) {
    bits.add(values.outputs);
    for (const auto& activations : values.activations) bits.add(activations);
    bits.add(values.input_gradients);
    bits.add(values.first_layer_gradient);
  }
  return bits.digest();
}

/// Two networks of one shape as initialized, whose activations go to one use.
struct MeasuredPair {
  MeasuredPair(const Backend& backend, int samples, int width, ActivationUse use) {
    const TrainingRun run =
        make_run({{20, width, 2}, Loss::softmax_cross_entropy, samples, 0, 0, 0});
    auto data = std::make_shared<Dataset>(*run.train);
    data->signs_per_sample = 2;
    for (std::size_t i = 0; i < 2 * data->labels.size(); ++i) {
      const float x = data->inputs[i / 2 * 20 + i % 2];
      data->signs.push_back(static_cast<std::int8_t>(x > 0 ? 1 : -1));
    }
    for (std::uint32_t network = 0; network < 2; ++network) {
      TrainingRun& own = runs[network] = run;
      own.network = network;
      own.evaluation_sets = {{data, samples, {1}, false, false, use}};
      if (use == ActivationUse::linear_probe_fit) {
        own.evaluation_sets.push_back(
            {data, samples, {1}, false, false, ActivationUse::linear_probe_test});
      }
      initial_parameters(own, states[network].parameters);
    }
    const EvaluationTask tasks[] = {{&runs[0], &states[0], &snapshots[0], this},
                                    {&runs[1], &states[1], &snapshots[1], this}};
    backend.make_executor()->evaluate_all(tasks);
  }

  std::array<TrainingRun, 2> runs;
  std::array<RunState, 2> states;
  std::array<Snapshot, 2> snapshots;
};

/// Loss, accuracy and sums over gradients and weights, of a softmax and of a sigmoid.
void add_scores(const Backend& backend, Bits& bits) {
  using Matrix = MatrixSum::Matrix;
  using Term = MatrixSum::Term;
  for (const int outputs : {3, 1}) {
    const Loss loss = outputs == 1 ? Loss::sigmoid_cross_entropy : Loss::softmax_cross_entropy;
    TrainingRun run = make_run({{20, 37, outputs}, loss, 50, 0, 0, 0});
    EvaluationSet& set = run.evaluation_sets[0];
    set.input_gradients = set.first_layer_gradient = set.score_only = true;
    set.sums = {{Matrix::input_gradients, Term::squares, 0, 50, 5, 9},
                {Matrix::first_layer_gradient, Term::magnitudes, 3, 4, 0, 37},
                {Matrix::weights, Term::squares, 0, 20, 0, 37, 0}};
    RunState state;
    initial_parameters(run, state.parameters);
    Snapshot snapshot;
    backend.make_executor()->evaluate(run, state, snapshot);
    const Predictions predictions = predictions_of(run, 0, snapshot);
    bits.add(std::vector<double>{cross_entropy(predictions), accuracy(predictions)});
    bits.add(matrix_sums(run, 0, snapshot));
  }
}

/// Metrics, by the backend where it has the means: 50 samples; two tiles, and kernels of both
/// kinds.
std::string metrics(const Backend& backend) {
  constexpr int samples = 50;
  const MatrixOps& ops = backend.matrix_ops();
  Bits bits;
  const MeasuredPair spectra(backend, samples, 37, ActivationUse::spectra);
  bits.add(squared_singular_values(spectra.snapshots[0].evaluations[0], samples, 37, ops).front());
  for (const int width : {70, 21}) {
    const MeasuredPair pair(backend, samples, width, ActivationUse::inner_products);
    const Evaluation* networks[] = {&pair.snapshots[0].evaluations[0],
                                    &pair.snapshots[1].evaluations[0]};
    std::vector<double> cka(1);
    pairwise_cka(networks, 0, samples, width, ops, cka);
    bits.add(cka);
  }
  const MeasuredPair fitted(backend, samples, 23, ActivationUse::linear_probe_fit);
  RidgeProbe probe(ops);
  bits.add(linear_probe_accuracies(fitted.runs[0], fitted.snapshots[0], 0, probe));
  const MeasuredPair correlated(backend, samples, 70, ActivationUse::correlations);
  const ActivationSelectivity selectivity =
      activation_selectivity(correlated.snapshots[0].evaluations[0],
                             correlated.runs[0].train->inputs, samples, 70, 20, ops);
  bits.add(std::vector<double>{selectivity.best, selectivity.mean});
  add_scores(backend, bits);
  return bits.digest();
}

std::vector<double> random_doubles(std::size_t count, std::uint32_t network) {
  std::vector<float> normals(count);
  fill_normal(Stream{2, 0, network, Purpose::features, 0}, normals.data(), count);
  std::vector<double> values;
  for (const float normal : normals) values.push_back(static_cast<double>(normal) / 3.0);
  return values;
}

/// The matrix kernels of the metrics, one after the other.
std::string matrices(const Backend& backend) {
  constexpr int rows = 50;
  constexpr int m = 37;
  constexpr int n = 21;
  const auto a = random_doubles(rows * m, 0);
  const auto b = random_doubles(rows * n, 1);
  std::vector<double> product(m * n);
  std::vector<double> gram(m * m);
  std::vector<double> diagonal(m);
  std::vector<double> off_diagonal(m);
  const MatrixOps& ops = backend.matrix_ops();
  ops.transposed_product(a.data(), b.data(), product.data(), rows, m, n);
  ops.gram(a.data(), gram.data(), rows, m);
  ops.tridiagonalize(gram.data(), m, diagonal.data(), off_diagonal.data());
  Bits bits;
  bits.add(product);
  bits.add(gram);
  bits.add(diagonal);
  bits.add(off_diagonal);
  for (std::size_t i = 0; i < m; ++i) gram[i * m + i] += 1.0;
  ops.cholesky(gram.data(), m);
  bits.add(gram);
  constexpr int samples = 70;  // more than a word of them, and a panel of units that is not full
  constexpr int units = 75;
  std::vector<float> activations(samples * units);
  fill_normal(Stream{2, 0, 2, Purpose::features, 0}, activations.data(), activations.size());
  for (float& activation : activations) activation = activation > 0.0f ? activation : 0.0f;
  gram.resize(units * units);
  ops.gram_of_activations(activations.data(), gram.data(), samples, units);
  bits.add(gram);
  return bits.digest();
}

/// Nothing if the device fails, which is reported. Memory that other programs have, or the device
/// itself, says nothing against this host or build.
std::optional<std::vector<KnownAnswer>> tried_answers(const Backend& backend, std::ostream& report,
                                                      bool& passed) {
  try {
    return compute_answers(backend);
  } catch (const DeviceError& error) {
    const bool skipped =
        error.status() == DeviceStatus::out_of_memory || error.status() == DeviceStatus::no_device;
    report << backend.name() << (skipped ? ": SKIPPED, " : ": FAILED, ") << error.what() << '\n';
    passed = passed && skipped;
    return std::nullopt;
  }
}

/// The scalar functions of the arithmetic on random arguments.
std::string functions() {
  std::vector<float> x(4096);
  fill_normal(Stream{3, 0, 0, Purpose::features, 0}, x.data(), x.size());
  Bits bits;
  for (const float value : x) {
    float sine;
    float cosine;
    arithmetic::sincos_turns(value, sine, cosine);
    const float f[] = {arithmetic::exp(value), arithmetic::log(arithmetic::absolute(value)),
                       arithmetic::sigmoid(value), sine, cosine};
    const double d[] = {arithmetic::exp(static_cast<double>(value)),
                        arithmetic::log(static_cast<double>(arithmetic::absolute(value)))};
    bits.add(std::span<const float>(f));
    bits.add(std::span<const double>(d));
  }
  return bits.digest();
}

}  // namespace

std::vector<KnownAnswer> known_answers() {
  std::vector<KnownAnswer> answers;
  std::istringstream lines{std::string(known_answers_text)};
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.front() == '#') continue;
    const auto space = line.find(' ');
    if (space == std::string::npos) throw std::logic_error("known answers: bad line: " + line);
    answers.push_back({line.substr(space + 1), line.substr(0, space)});
  }
  return answers;
}

std::vector<KnownAnswer> compute_answers(const Backend& backend) {
  std::vector<KnownAnswer> answers;
  for (const TrainingCase& c : training_cases()) answers.push_back({c.name, train(backend, c)});
  answers.push_back({"matrix kernels", matrices(backend)});
  answers.push_back(
      {"spectra, alignments, linear probes, correlations, scores, sums", metrics(backend)});
  answers.push_back({"functions and random numbers", functions()});
  return answers;
}

void require_known_answers(const Backend& backend) {
  const std::vector<KnownAnswer> expected = known_answers();
  const std::vector<KnownAnswer> actual = compute_answers(backend);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (i < actual.size() && actual[i].digest == expected[i].digest) continue;
    throw DeviceError(DeviceStatus::wrong_results,
                      backend.name() + " gives a wrong answer to a known case (" +
                          expected[i].name +
                          "): undo any overclocking, check cooling and power supply, update the "
                          "driver; until then compute with another --backend");
  }
}

bool run_self_test(std::ostream& report) {
  const std::vector<KnownAnswer> expected = known_answers();
  bool passed = true;
  for (const Backend* backend : backends()) {
    if (const std::string reason = backend->unavailable_reason(); !reason.empty()) {
      report << backend->name() << ": SKIPPED, " << reason << '\n';
      continue;
    }
    const auto actual = tried_answers(*backend, report, passed);
    if (!actual) continue;
    std::size_t right = 0;
    for (std::size_t i = 0; i < actual->size(); ++i) {
      const KnownAnswer& answer = (*actual)[i];
      const bool same = i < expected.size() && answer.name == expected[i].name &&
                        answer.digest == expected[i].digest;
      right += same ? 1 : 0;
      if (!same) {
        report << backend->name() << ": " << answer.name << ": WRONG, digest " << answer.digest
               << "; this host or this build computes wrong numbers\n";
      }
    }
    passed = passed && right == expected.size() && right == actual->size();
    report << backend->name() << ": " << right << " of " << expected.size()
           << " known answers right\n";
  }
  report << "self-test: " << (passed ? "passed" : "FAILED") << '\n';
  return passed;
}

}  // namespace axiom
