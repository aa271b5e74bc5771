#include "cuda/measures.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <string>
#include <utility>

#include "client/arithmetic/tridiagonal_ql.h"
#include "client/plan/correlation.h"
#include "client/plan/kernel_space.h"
#include "cuda/packing.h"

namespace axiom::cuda {
namespace {

std::size_t doubles(std::size_t count) { return rounded_up(count * sizeof(double)); }
std::size_t square(int order) {
  return static_cast<std::size_t>(order) * static_cast<std::size_t>(order);
}

template <class Job>
LaunchShape matrix_shape(const Device& device, const Kernel& kernel, const std::vector<Job>& jobs) {
  int largest = 0;
  for (const Job& job : jobs) largest = std::max(largest, job.order());
  return matrix_shape(device, kernel, largest);
}
bool is_unsolved(const SpectrumJob& job) { return job.status == spectrum_open; }

}  // namespace

// Found by run_jobs(), where they are declared, by their arguments.
void take_over(SpectrumJob& job, const SpectrumJob& from) {
  const int sweep_limit = arithmetic::TridiagonalQl{nullptr, nullptr, job.order()}.sweep_limit();
  job.done = plausible_done(job, from);
  job.first = std::clamp(from.first, job.first, job.order());
  job.sweeps = std::clamp(from.sweeps, job.sweeps, sweep_limit + 1);
  job.status = from.status;
  job.norm = from.norm;
}
void take_over(LinearProbeJob& job, const LinearProbeJob& from) {
  job.done = plausible_done(job, from);
  job.unsolved = from.unsolved;
}

bool is_measured(const TrainingRun& run, const EvaluationSet& set) {
  const auto width = [&](int layer) { return run.shape.fan_out(layer - 1); };
  switch (set.use) {
    case ActivationUse::any:
      return false;
    case ActivationUse::spectra:
      return std::all_of(set.hidden_layers.begin(), set.hidden_layers.end(), [&](int layer) {
        return std::min(set.samples, width(layer)) <= largest_order;
      });
    case ActivationUse::inner_products:
    case ActivationUse::correlations:
      return true;
    case ActivationUse::linear_probe_fit:
    case ActivationUse::linear_probe_test:
      return width(set.hidden_layers.front()) < largest_order &&
             set.data->signs_per_sample <= largest_linear_probes;
  }
  return false;
}

std::size_t measure_bytes(const TrainingRun& run) {
  std::size_t bytes = 0;
  for (const EvaluationSet& set : run.evaluation_sets) {
    if (!is_measured(run, set)) continue;
    for (const int layer : set.hidden_layers) {
      const int width = run.shape.fan_out(layer - 1);
      const auto order = static_cast<std::size_t>(std::min(set.samples, width));
      switch (set.use) {
        case ActivationUse::spectra:
          bytes += doubles(order * order) + 3 * doubles(2 * order) + sizeof(SpectrumJob);
          break;
        case ActivationUse::inner_products:
          // Per network of a group of c: samples² in the space of samples, and else (c + 1)/2
          // products of width², where c · width is at most `samples`.
          bytes +=
              doubles(square(set.samples)) +
              2 * doubles(2 * (static_cast<std::size_t>(set.samples) +
                               static_cast<std::size_t>(width))) +
              static_cast<std::size_t>(set.samples) * (sizeof(KernelJob) + sizeof(InnerProductJob));
          break;
        case ActivationUse::correlations: {
          const auto inputs = static_cast<std::size_t>(set.data->features);
          const auto units = static_cast<std::size_t>(width);
          bytes += doubles(inputs * units) + 2 * doubles(inputs + units) + doubles(2 * units) +
                   doubles(correlation_results) + sizeof(CorrelationJob);
          break;
        }
        case ActivationUse::linear_probe_fit:
          bytes += doubles(square(width + 1)) +
                   2 * doubles(largest_linear_probes * (static_cast<std::size_t>(width) + 1)) +
                   sizeof(LinearProbeJob);
          break;
        case ActivationUse::any:
        case ActivationUse::linear_probe_test:
          break;
      }
    }
  }
  return bytes;
}

void Measures::add_spectrum(const Activations& h, std::vector<double>& squared) {
  SpectrumJob job{};
  job.h = h;
  spectra_.push_back(job);
  squared_.push_back(&squared);
}

void Measures::add_inner_products(std::span<const Activations> networks,
                                  std::span<std::vector<double>* const> products) {
  products_.emplace_back(products.begin(), products.end());
  const bool kernels =
      in_sample_space(networks.size(), networks.front().samples, networks.front().width);
  const std::size_t first_kernel = kernels_.size();
  KernelJob job{};
  InnerProductJob inner{};
  if (kernels) {
    for (const Activations& network : networks) {
      job.a = network;
      kernels_.push_back(job);
    }
  }
  // Until there are addresses, x and y hold the numbers of their kernels, from 1 on.
  for (std::size_t i = 0; i < networks.size(); ++i) {
    for (std::size_t j = i; j < networks.size(); ++j) {
      if (kernels) {
        inner.x = {first_kernel + i + 1};
        inner.y = {first_kernel + j + 1};
        inner.order = networks[i].samples;
      } else {
        job.a = networks[i];
        job.b = networks[j];
        kernels_.push_back(job);
        inner.x = {kernels_.size()};
        inner.order = networks[i].width;
      }
      inner_products_.push_back(inner);
    }
  }
}

void Measures::add_linear_probes(const Activations& fit, Address<const std::int8_t> fit_signs,
                                 const Activations& test, Address<const std::int8_t> test_signs,
                                 int targets, std::vector<double>& accuracies) {
  LinearProbeJob job{};
  job.fit = fit;
  job.test = test;
  job.fit_signs = fit_signs;
  job.test_signs = test_signs;
  job.targets = targets;
  linear_probes_.push_back(job);
  accuracies_.push_back(&accuracies);
}

void Measures::add_correlations(const Activations& x, const Activations& h,
                                std::vector<double>& correlations) {
  CorrelationJob job{};
  job.least_deviation = least_standard_deviation;
  job.x = x;
  job.h = h;
  correlations_.push_back(job);
  correlation_results_.push_back(&correlations);
}

// Addresses of everything, from `base` on; the bytes in all.
std::size_t Measures::lay_out(DevicePointer base) {
  DevicePointer at = base;
  const auto take = [&](std::size_t bytes) { return std::exchange(at, at + rounded_up(bytes)); };
  control_ = take(sizeof(LaunchState));
  jobs_ = take(std::max({spectra_.size() * sizeof(SpectrumJob), kernels_.size() * sizeof(KernelJob),
                         inner_products_.size() * sizeof(InnerProductJob),
                         linear_probes_.size() * sizeof(LinearProbeJob),
                         correlations_.size() * sizeof(CorrelationJob)}));
  // Results together: one copy brings them back.
  results_ = at;
  for (SpectrumJob& job : spectra_) {
    job.diagonal = {at};
    at += static_cast<std::size_t>(job.order()) * sizeof(double);
  }
  for (InnerProductJob& job : inner_products_) {
    job.result = {at};
    at += sizeof(double);
  }
  for (LinearProbeJob& job : linear_probes_) {
    job.accuracies = {at};
    at += static_cast<std::size_t>(job.targets) * sizeof(double);
  }
  for (CorrelationJob& job : correlations_) {
    job.results = {at};
    at += correlation_results * sizeof(double);
  }
  result_doubles_ = static_cast<std::size_t>(at - results_) / sizeof(double);
  at = base + rounded_up(static_cast<std::size_t>(at - base));
  for (SpectrumJob& job : spectra_) {
    const auto order = static_cast<std::size_t>(job.order());
    job.matrix = {take(square(job.order()) * sizeof(double))};
    job.update = {take(2 * order * sizeof(double))};
    job.off_diagonal = {take(order * sizeof(double))};
  }
  for (KernelJob& job : kernels_) {
    job.means = {take(2 * static_cast<std::size_t>(job.a.width) * sizeof(double))};
    job.product = {take(square(job.order()) * sizeof(double))};
  }
  for (LinearProbeJob& job : linear_probes_) {
    job.system = {take(square(job.order()) * sizeof(double))};
    job.coefficients = {take(static_cast<std::size_t>(job.targets) *
                             static_cast<std::size_t>(job.order()) * sizeof(double))};
  }
  for (CorrelationJob& job : correlations_) {
    const auto inputs = static_cast<std::size_t>(job.x.width);
    const auto units = static_cast<std::size_t>(job.h.width);
    job.means = {take((inputs + units) * sizeof(double))};
    job.inverse_sds = {take((inputs + units) * sizeof(double))};
    job.products = {take(inputs * units * sizeof(double))};
    job.of_units = {take(2 * units * sizeof(double))};
  }
  return static_cast<std::size_t>(at - base);
}

// Small ones fill up the end, and threads of a warp have matrices of one size.
std::vector<SpectrumJob> Measures::largest_first() const {
  std::vector<SpectrumJob> jobs = spectra_;
  std::stable_sort(jobs.begin(), jobs.end(), [](const SpectrumJob& a, const SpectrumJob& b) {
    return a.order() > b.order();
  });
  return jobs;
}

void Measures::reduce(const Launches& launches) {
  std::vector<SpectrumJob> jobs = largest_first();
  run_jobs(launches, matrix_shape(launches.device, launches.device.spectrum(), jobs), jobs, jobs_,
           control_, &has_parts<SpectrumJob>);
}

void Measures::find_eigenvalues(const Launches& launches) {
  std::vector<SpectrumJob> jobs = largest_first();
  run_jobs(launches, chain_shape(launches.device, launches.device.eigenvalues()), jobs, jobs_,
           control_, &is_unsolved);
  for (const SpectrumJob& job : jobs) {
    if (job.status == spectrum_done) continue;
    throw ImpossibleMeasure(
        "the matrix of a layer of " + std::to_string(job.h.width) +
        (job.status == not_finite ? " units is not finite" : " units has no eigenvalues"));
  }
}

void Measures::multiply(const Launches& launches) {
  run_jobs(launches, matrix_shape(launches.device, launches.device.kernels(), no_rows), kernels_,
           jobs_, control_, &has_parts<KernelJob>);
  for (InnerProductJob& job : inner_products_) {
    const auto address = [&](Address<const double>& product) {
      if (product.value != 0) product = {kernels_[product.value - 1].product.value};
    };
    address(job.x);
    address(job.y);
  }
  launches.stream.upload(jobs_, inner_products_.data(),
                         inner_products_.size() * sizeof(InnerProductJob));
  launch(launches.device, chain_shape(launches.device, launches.device.inner_products()), jobs_,
         inner_products_.size(), control_, launches.seconds, launches.stream);
  launches.stream.wait();
}

void Measures::fit(const Launches& launches) {
  run_jobs(launches, matrix_shape(launches.device, launches.device.linear_probes(), linear_probes_),
           linear_probes_, jobs_, control_, &has_parts<LinearProbeJob>);
}

void Measures::correlate(const Launches& launches) {
  run_jobs(launches, matrix_shape(launches.device, launches.device.correlations(), no_rows),
           correlations_, jobs_, control_, &has_parts<CorrelationJob>);
}

void Measures::hand_over(const std::vector<double>& results) {
  const double* from = results.data();
  for (std::size_t s = 0; s < spectra_.size(); ++s) {
    squared_[s]->assign(from, from + spectra_[s].order());
    from += spectra_[s].order();
    for (double& value : *squared_[s]) value = value > 0 ? value : 0.0;
    std::sort(squared_[s]->begin(), squared_[s]->end(), std::greater<>());
  }
  for (const std::vector<std::vector<double>*>& group : products_) {
    for (std::size_t i = 0; i < group.size(); ++i) {
      const std::size_t count = group.size() - i;
      group[i]->assign(from, from + count);
      from += count;
    }
  }
  for (std::size_t r = 0; r < linear_probes_.size(); ++r) {
    accuracies_[r]->assign(from, from + linear_probes_[r].targets);
    from += linear_probes_[r].targets;
    if (linear_probes_[r].unsolved == 0) continue;
    std::fill(accuracies_[r]->begin(), accuracies_[r]->end(),
              std::numeric_limits<double>::quiet_NaN());
  }
  for (std::vector<double>* correlations : correlation_results_) {
    correlations->assign(from, from + correlation_results);
    from += correlation_results;
  }
}

void Measures::run(const Launches& launches, Buffer& memory) {
  const std::size_t bytes = lay_out(0);
  if (result_doubles_ == 0) return;
  memory.reserve(bytes);
  lay_out(memory.address());
  if (!spectra_.empty()) {
    reduce(launches);
    find_eigenvalues(launches);
  }
  if (!inner_products_.empty()) multiply(launches);
  if (!linear_probes_.empty()) fit(launches);
  if (!correlations_.empty()) correlate(launches);
  hand_over(download_results(launches.stream, results_, result_doubles_));
}

}  // namespace axiom::cuda
