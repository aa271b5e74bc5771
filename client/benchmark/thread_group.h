// Threads that wait for one another at a barrier.
#pragma once

#include <cstddef>
#include <exception>
#include <thread>
#include <vector>

namespace axiom {

/// Runs work(0), …, work(count − 1) on a thread each, to the end of the last. One that throws, or
/// that the system does not start, leaves the barrier, so that no other waits for it for ever; the
/// first such error is thrown when all have ended. REQUIRES: `barrier` expects `count` threads.
template <class Barrier, class Work>
void run_on_threads(std::size_t count, Barrier& barrier, const Work& work) {
  std::vector<std::exception_ptr> errors(count);
  {
    std::vector<std::jthread> pool;
    pool.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      const auto leave = [&barrier, &error = errors[i]] {
        error = std::current_exception();
        barrier.arrive_and_drop();
      };
      try {
        pool.emplace_back([&work, i, leave] {
          try {
            work(i);
          } catch (...) {
            leave();
          }
        });
      } catch (...) {
        leave();
      }
    }
  }
  for (const std::exception_ptr& error : errors) {
    if (error) std::rethrow_exception(error);
  }
}

}  // namespace axiom
