#include "cuda/scores.h"

#include <algorithm>
#include <utility>

#include "cuda/packing.h"

namespace axiom::cuda {
namespace {

std::size_t doubles(int count) {
  return rounded_up(static_cast<std::size_t>(count) * sizeof(double));
}

SumJob sum_job(const PendingEvaluation& evaluation, const MatrixSum& part) {
  const Network& net = evaluation.job().network;
  SumJob job{};
  std::uint64_t matrix = 0;
  switch (part.matrix) {
    case MatrixSum::Matrix::input_gradients:
      matrix = evaluation.job().input_gradients.value;
      job.stride = padded(net.fan_in(0));
      break;
    case MatrixSum::Matrix::first_layer_gradient:
      matrix = evaluation.job().first_layer_gradient.value;
      job.stride = padded(net.fan_out(0));
      break;
    case MatrixSum::Matrix::weights:
      matrix = evaluation.job().parameters.value +
               static_cast<std::size_t>(net.weights_offset(part.layer)) * sizeof(float);
      job.stride = padded(net.fan_out(part.layer));
      break;
  }
  const std::int64_t first =
      static_cast<std::int64_t>(part.first_row) * job.stride + part.first_column;
  job.first = {matrix + static_cast<std::size_t>(first) * sizeof(float)};
  job.rows = part.rows;
  job.columns = part.columns;
  job.magnitudes = part.term == MatrixSum::Term::magnitudes ? 1 : 0;
  return job;
}

}  // namespace

std::size_t score_bytes(const TrainingRun& run) {
  std::size_t bytes = 0;
  for (const EvaluationSet& set : run.evaluation_sets) {
    if (set.score_only) {
      bytes += sizeof(ScoreJob) + score_results * sizeof(double) + doubles(set.samples);
    }
    bytes += set.sums.size() * (sizeof(SumJob) + sizeof(double));
  }
  return bytes;
}

void Scores::add(const PendingEvaluation& evaluation) {
  if (evaluation.set().score_only) {
    const EvaluationJob& evaluated = evaluation.job();
    ScoreJob job{};
    job.outputs = {evaluated.outputs.value};
    job.labels = evaluated.labels;
    job.samples = evaluated.samples;
    job.classes = evaluated.network.outputs();
    job.sigmoid = evaluated.network.sigmoid;
    score_jobs_.push_back(job);
    scored_.push_back(&evaluation);
  }
  if (evaluation.set().sums.empty()) return;
  summed_.push_back(&evaluation);
  for (const MatrixSum& part : evaluation.set().sums) {
    sum_jobs_.push_back(sum_job(evaluation, part));
  }
}

// Addresses of everything, from `base` on; the bytes in all.
std::size_t Scores::lay_out(DevicePointer base) {
  DevicePointer at = base;
  const auto take = [&](std::size_t bytes) { return std::exchange(at, at + rounded_up(bytes)); };
  control_ = take(sizeof(LaunchState));
  jobs_ = take(std::max(score_jobs_.size() * sizeof(ScoreJob), sum_jobs_.size() * sizeof(SumJob)));
  result_doubles_ = score_jobs_.size() * score_results + sum_jobs_.size();
  DevicePointer result = results_ = take(result_doubles_ * sizeof(double));
  for (ScoreJob& job : score_jobs_) {
    job.results = {std::exchange(result, result + score_results * sizeof(double))};
    job.losses = {take(doubles(job.samples))};
  }
  for (SumJob& job : sum_jobs_) job.result = {std::exchange(result, result + sizeof(double))};
  return static_cast<std::size_t>(at - base);
}

void Scores::hand_over(const std::vector<double>& results) {
  const double* from = results.data();
  for (const PendingEvaluation* evaluation : scored_) {
    evaluation->values().score = Score{from[0], from[1]};
    if (from[2] != 0.0) evaluation->task().snapshot->diverged = true;
    from += score_results;
  }
  for (const PendingEvaluation* evaluation : summed_) {
    const auto count = static_cast<std::ptrdiff_t>(evaluation->set().sums.size());
    evaluation->values().sums.assign(from, from + count);
    from += count;
  }
}

void Scores::run(const Launches& launches, Buffer& memory) {
  const std::size_t bytes = lay_out(0);
  if (result_doubles_ == 0) return;
  memory.reserve(bytes);
  lay_out(memory.address());
  if (!score_jobs_.empty()) {
    run_jobs(launches, matrix_shape(launches.device, launches.device.scores(), no_rows),
             score_jobs_, jobs_, control_, &has_parts<ScoreJob>);
  }
  if (!sum_jobs_.empty()) {
    run_jobs(launches, chain_shape(launches.device, launches.device.sums()), sum_jobs_, jobs_,
             control_, &has_parts<SumJob>);
  }
  hand_over(download_results(launches.stream, results_, result_doubles_));
}

}  // namespace axiom::cuda
