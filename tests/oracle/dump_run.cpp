// Prints one training run, computed by the reference backend: its data, its parameters at steps 0,
// 1, STEPS - 1 and STEPS, and all that its evaluation sets can give at STEPS. compare_runs.py reads
// it.
//
// Usage: axiom_dump_run EXPERIMENT SEED OVERRIDES-JSON GROUP MEMBER STEPS
//
// Output: one line of JSON that describes the run and lists the arrays, then the arrays' bytes one
// after the other, in this order and in this machine's byte order.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iostream>
#include <numeric>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "client/experiments/experiment.h"
#include "client/plan/initial_parameters.h"
#include "cpu/reference/reference_backend.h"

namespace axiom {

namespace {

/// Arrays to be printed. Their values must outlive this.
class Dump {
 public:
  void add(const std::string& name, std::span<const float> values) { add(name, "float32", values); }
  void add(const std::string& name, std::span<const std::int32_t> values) {
    add(name, "int32", values);
  }
  void print(Json header) const {
    header["arrays"] = list_;
    std::cout << header.dump() << '\n';
    for (const auto& bytes : contents_) {
      std::cout.write(reinterpret_cast<const char*>(bytes.data()),
                      static_cast<std::streamsize>(bytes.size()));
    }
    if (!std::cout.flush()) throw std::runtime_error("the output could not be written");
  }

 private:
  template <typename T>
  void add(const std::string& name, const char* type, std::span<const T> values) {
    list_.push_back({{"name", name}, {"type", type}, {"count", values.size()}});
    contents_.push_back(std::as_bytes(values));
  }

  Json list_ = Json::array();
  std::vector<std::span<const std::byte>> contents_;
};

Json description(const TrainingRun& run) {
  Json sets = Json::array();
  for (const EvaluationSet& set : run.evaluation_sets) {
    sets.push_back({{"samples", set.samples},
                    {"hidden_layers", set.hidden_layers},
                    {"input_gradients", set.input_gradients},
                    {"first_layer_gradient", set.first_layer_gradient}});
  }
  return {{"sizes", run.shape.sizes},
          {"loss", run.shape.loss == Loss::softmax_cross_entropy ? "softmax" : "sigmoid"},
          {"trial", run.trial},
          {"network", run.network},
          {"samples", run.samples},
          {"batch", run.batch},
          {"learning_rate", run.learning_rate},
          {"dropout", run.dropout},
          {"weight_decay", run.weight_decay},
          {"steps", run.steps},
          {"evaluation_sets", std::move(sets)}};
}

/// Requests of every evaluation set all that it can give, whatever the experiment needs of it.
void ask_for_everything(TrainingRun& run) {
  for (EvaluationSet& set : run.evaluation_sets) {
    set.hidden_layers.resize(static_cast<std::size_t>(run.shape.layers() - 1));
    std::iota(set.hidden_layers.begin(), set.hidden_layers.end(), 1);
    set.input_gradients = true;
    set.first_layer_gradient = true;
  }
}

/// Parameters at the given steps, ascending.
std::vector<RunState> states_at(Executor& executor, const TrainingRun& run,
                                std::span<const std::uint64_t> steps) {
  const std::atomic<bool> pause = false;
  std::atomic<std::uint64_t> progress = 0;
  RunState state;
  initial_parameters(run, state.parameters);
  std::vector<RunState> states;
  for (const std::uint64_t step : steps) {
    executor.train(run, state, step, pause, progress);
    states.push_back(state);
  }
  return states;
}

void dump(const Experiment& experiment, std::uint64_t seed, const Json& overrides,
          std::size_t group, std::size_t member, std::uint64_t steps) {
  const Parameters parameters = checked_parameters(experiment, "default", overrides);
  SeedPlan plan = experiment.plan(parameters, seed);
  experiment.generate(parameters, plan);
  TrainingRun& run = plan.groups.at(group).members.at(member);
  if (steps < 2 || steps > run.steps) {
    throw std::invalid_argument("STEPS is " + std::to_string(steps) + ", must be 2 to " +
                                std::to_string(run.steps));
  }
  const Json header = description(run);
  ask_for_everything(run);

  const auto executor = reference_backend().make_executor();
  const std::vector<std::uint64_t> wanted = {0, 1, steps - 1, steps};
  const std::vector<RunState> states = states_at(*executor, run, wanted);
  Snapshot snapshot;
  executor->evaluate(run, states.back(), snapshot);
  if (snapshot.diverged) throw std::runtime_error("the network diverged: choose fewer steps");

  Dump arrays;
  arrays.add("train inputs", run.train->inputs);
  arrays.add("train labels", run.train->labels);
  const std::vector<std::string> names = {"at 0", "at 1", "before", "after"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    arrays.add("parameters " + names[i], states[i].parameters);
  }
  for (std::size_t p = 0; p < run.evaluation_sets.size(); ++p) {
    const std::string prefix = "evaluation " + std::to_string(p) + " ";
    const Evaluation& values = snapshot.evaluations[p];
    arrays.add(prefix + "inputs", run.evaluation_sets[p].data->inputs);
    arrays.add(prefix + "labels", run.evaluation_sets[p].data->labels);
    arrays.add(prefix + "outputs", values.outputs);
    for (std::size_t layer = 0; layer < values.activations.size(); ++layer) {
      arrays.add(prefix + "activations " + std::to_string(layer + 1), values.activations[layer]);
    }
    arrays.add(prefix + "input gradients", values.input_gradients);
    arrays.add(prefix + "first-layer gradient", values.first_layer_gradient);
  }
  arrays.print(header);
}

int dump_as_told(std::span<char*> arguments) {
  if (arguments.size() != 7) {
    std::cerr << "usage: axiom_dump_run EXPERIMENT SEED OVERRIDES-JSON GROUP MEMBER STEPS\n";
    return 2;
  }
  const Experiment* experiment = find_experiment(arguments[1]);
  if (experiment == nullptr) {
    std::cerr << "no experiment " << arguments[1] << "\n";
    return 2;
  }
  dump(*experiment, std::stoull(arguments[2]), Json::parse(arguments[3]), std::stoul(arguments[4]),
       std::stoul(arguments[5]), std::stoull(arguments[6]));
  return 0;
}

}  // namespace

}  // namespace axiom

int main(int argc, char** argv) {
  try {
    return axiom::dump_as_told({argv, static_cast<std::size_t>(argc)});
  } catch (const std::exception& error) {
    std::cerr << "axiom_dump_run: " << error.what() << "\n";
    return 1;
  }
}
