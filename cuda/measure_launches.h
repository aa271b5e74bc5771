// Launches of the metrics' kernels: jobs that are done in parts, until none is open.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <vector>

#include "cuda/device.h"
#include "cuda/kernels/measure_jobs.h"
#include "cuda/launch_group.h"
#include "cuda/resources.h"

namespace axiom::cuda {

/// How launches are made.
struct Launches {
  const Device& device;
  Stream& stream;
  double seconds;              ///< that each may last
  std::function<void()> rest;  ///< called between them; may throw
};

/// Blocks of threads that work on one matrix after the other.
inline LaunchShape matrix_shape(const Device& device, const Kernel& kernel, int longest_row) {
  LaunchShape shape{&kernel, measure_threads,
                    static_cast<std::size_t>(measure_shared_bytes(longest_row))};
  shape.resident = device.resident_blocks(kernel, shape.threads, shape.shared_bytes);
  return shape;
}
inline constexpr int no_rows = 0;  ///< in shared memory: products of any order

/// Threads that have a job each.
inline LaunchShape chain_shape(const Device& device, const Kernel& kernel) {
  LaunchShape shape{&kernel, chain_threads};
  shape.jobs_per_block = chain_threads;
  shape.resident = device.resident_blocks(kernel, shape.threads, shape.shared_bytes);
  return shape;
}

template <class Job>
bool has_parts(const Job& job) {
  return job.done < job.parts();
}

/// How far a job has come. The device's word is not taken for more than it can be: the next launch
/// would leave its memory.
template <class Job>
std::int32_t plausible_done(const Job& job, const Job& from) {
  return std::clamp(from.done, job.done, job.parts());
}

/// What came back of a job. Nothing else is taken over from the device: not addresses in
/// particular. Jobs with more than `done` have their own.
template <class Job>
void take_over(Job& job, const Job& from) {
  job.done = plausible_done(job, from);
}

/// Launches until no job is open.
template <class Job>
void run_jobs(const Launches& launches, const LaunchShape& shape, std::vector<Job>& jobs,
              DevicePointer jobs_on_device, DevicePointer control, bool (*is_open)(const Job&)) {
  StallGuard guard;
  for (;;) {
    std::vector<Job> open;
    std::vector<std::size_t> places;
    for (std::size_t j = 0; j < jobs.size(); ++j) {
      if (!is_open(jobs[j])) continue;
      open.push_back(jobs[j]);
      places.push_back(j);
    }
    if (open.empty()) return;
    Stream& stream = launches.stream;
    stream.upload(jobs_on_device, open.data(), open.size() * sizeof(Job));
    launch(launches.device, shape, jobs_on_device, open.size(), control, launches.seconds, stream);
    stream.read_back(open.data(), jobs_on_device, open.size() * sizeof(Job));
    launches.rest();
    const std::vector<Job> before = jobs;
    for (std::size_t j = 0; j < open.size(); ++j) take_over(jobs[places[j]], open[j]);
    // What was taken over, not what came back: a device may change anything.
    guard.launched(std::memcmp(before.data(), jobs.data(), jobs.size() * sizeof(Job)) != 0);
  }
}

/// The results of all jobs, which lie together.
inline std::vector<double> download_results(Stream& stream, DevicePointer from, std::size_t count) {
  std::vector<double> results(count);
  stream.read_back(results.data(), from, count * sizeof(double));
  return results;
}

}  // namespace axiom::cuda
