#include "tests/cuda_emulation/emulator.h"

#include <dlfcn.h>

#include <algorithm>
#include <boost/context/fiber.hpp>
#include <boost/context/pooled_fixedsize_stack.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <numeric>
#include <random>
#include <set>
#include <vector>

#include "tests/cuda_emulation/include/device.h"

namespace axiom::cuda::emulation {

Thread current{};

namespace {

using boost::context::fiber;

constexpr std::size_t stack_bytes = 64 << 10;
constexpr std::uint32_t poison = 0x7fbadbad;  // a NaN
constexpr long patience = 20'000'000;         // turns without any thread getting further

struct Block {
  std::vector<Quad> shared;
  bool resting = false;  ///< has no turn in this round
  int waiting = 0;
  int alive = 0;
};

struct Fiber {
  Thread thread;
  Block* block;
  fiber context;
  fiber* scheduler = nullptr;  ///< where this one returns to
  bool at_barrier = false;
  bool done = false;
  std::exception_ptr error;
};

Fiber* running = nullptr;
bool progress = false;

void switch_to_scheduler() {
  fiber& scheduler = *running->scheduler;
  scheduler = std::move(scheduler).resume();
}

class Machine {
 public:
  Machine(const Launch& launch, const std::function<void()>& kernel)
      : launch_(launch), kernel_(kernel), random_(launch.shuffle) {}

  void run() {
    std::vector<int> order(static_cast<std::size_t>(launch_.blocks));
    std::iota(order.begin(), order.end(), 0);
    if (launch_.shuffle != 0) std::shuffle(order.begin(), order.end(), random_);
    if (launch_.all_at_once) return run_blocks(order);
    for (const int block : order) run_blocks({block});
  }

 private:
  void run_blocks(const std::vector<int>& numbers) {
    std::vector<Block> blocks(numbers.size());
    std::vector<Fiber> fibers(numbers.size() * static_cast<std::size_t>(launch_.threads));
    for (std::size_t b = 0; b < numbers.size(); ++b) {
      Block& block = blocks[b];
      block.alive = launch_.threads;
      Quad nothing;
      for (float& v : nothing.v) std::memcpy(&v, &poison, sizeof v);
      block.shared.assign(launch_.shared_bytes / sizeof(Quad) + 1, nothing);
      for (int t = 0; t < launch_.threads; ++t) {
        Fiber& f =
            fibers[b * static_cast<std::size_t>(launch_.threads) + static_cast<std::size_t>(t)];
        f.thread = {t, launch_.threads, numbers[b], launch_.blocks, block.shared.data()->v};
        f.block = &block;
        f.context = fiber(std::allocator_arg, stacks_, [this, &f](fiber&& back) {
          f.scheduler = &back;
          try {
            kernel_();
          } catch (const boost::context::detail::forced_unwind&) {
            throw;  // the launch was given up
          } catch (...) {
            f.error = std::current_exception();
          }
          f.done = true;
          return std::move(back);
        });
      }
    }
    schedule(fibers);
  }

  void schedule(std::vector<Fiber>& fibers) {
    std::vector<Fiber*> turn;
    for (Fiber& f : fibers) turn.push_back(&f);
    long idle = 0;
    while (!turn.empty()) {
      progress = false;
      if (launch_.shuffle != 0) {
        std::shuffle(turn.begin(), turn.end(), random_);
        // Blocks run at different speeds.
        for (const Fiber* f : turn) f->block->resting = launch_.all_at_once && random_() % 4 == 0;
      }
      for (Fiber* f : turn) {
        if (!f->at_barrier && !f->block->resting) resume(*f);
      }
      const auto done = [](const Fiber* f) { return f->done; };
      turn.erase(std::remove_if(turn.begin(), turn.end(), done), turn.end());
      idle = progress ? 0 : idle + 1;
      if (idle > patience) throw EmulationError("a launch waits for ever");
    }
  }

  void resume(Fiber& f) {
    running = &f;
    current = f.thread;
    f.context = std::move(f.context).resume();
    if (f.error) std::rethrow_exception(f.error);
    if (f.done) {
      --f.block->alive;
      progress = true;
      require_all_present(*f.block);
    } else if (f.at_barrier) {
      progress = true;
      require_all_present(*f.block);
      if (f.block->waiting == f.block->alive) release(*f.block, f);
    }
  }

  void require_all_present(const Block& block) const {
    if (block.waiting > 0 && block.alive < launch_.threads) {
      throw EmulationError("threads wait at a barrier that others of their block will not reach");
    }
  }

  // All threads of the block have arrived.
  static void release(Block& block, Fiber& last) {
    Fiber* const first = &last - last.thread.index;
    for (int t = 0; t < last.thread.count; ++t) first[t].at_barrier = false;
    block.waiting = 0;
  }

  const Launch& launch_;
  const std::function<void()>& kernel_;
  std::mt19937_64 random_;
  boost::context::pooled_fixedsize_stack stacks_{stack_bytes};
};

}  // namespace

// AXIOM_EMULATED_LIST_BARRIERS: every barrier in the kernels' code is listed at the end, by its
// offset in this library. AXIOM_EMULATED_SKIP_BARRIER=OFFSET: that one is left out.
class BarrierSites {
 public:
  BarrierSites() {
    Dl_info info{};
    if (dladdr(reinterpret_cast<void*>(&wait_at_barrier), &info) != 0) base_ = info.dli_fbase;
    if (const char* skipped = std::getenv("AXIOM_EMULATED_SKIP_BARRIER")) {
      skipped_ = std::strtoll(skipped, nullptr, 10);
    }
    listed_ = std::getenv("AXIOM_EMULATED_LIST_BARRIERS") != nullptr;
  }
  ~BarrierSites() {
    for (const long long site : seen_) std::fprintf(stderr, "barrier %lld\n", site);
  }

  bool is_skipped(void* return_address) {
    if (!listed_ && skipped_ < 0) return false;
    const long long site = static_cast<char*>(return_address) - static_cast<char*>(base_);
    if (listed_) seen_.insert(site);
    return site == skipped_;
  }

 private:
  void* base_ = nullptr;
  long long skipped_ = -1;
  bool listed_ = false;
  std::set<long long> seen_;
};

void wait_at_barrier() {
  static BarrierSites sites;
  if (sites.is_skipped(__builtin_return_address(0))) return;
  running->at_barrier = true;
  ++running->block->waiting;
  switch_to_scheduler();
}

void yield() { switch_to_scheduler(); }

void run(const Launch& launch, const std::function<void()>& kernel) {
  Machine(launch, kernel).run();
}

}  // namespace axiom::cuda::emulation
