#include "tests/ptx_device/memory.h"

#include <zlib.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/ptx_device/machine.h"

namespace axiom::cuda::ptx {
namespace {

void join(Clock& to, const Clock& from) {
  if (to.size() < from.size()) to.resize(from.size());
  for (std::size_t i = 0; i < from.size(); ++i) to[i] = std::max(to[i], from[i]);
}

std::uint32_t at(const Clock& clock, std::size_t block) {
  return block < clock.size() ? clock[block] : 0;
}

}  // namespace

void fail(const char* what, int line) {
  std::fprintf(stderr, "ptx device: image %d, line %d, block %d of %d, thread %d of %d: %s\n",
               line / 1'000'000, line % 1'000'000, block(), blocks(), thread(), threads(), what);
  std::abort();
}

Memory& memory() {
  static Memory& memory = *new Memory;  // for as long as anything may be freed
  return memory;
}

// Before the driver's first call.
[[maybe_unused]] const bool observing = (device_observer = &memory()) != nullptr;

void Memory::allocated(DevicePointer pointer, std::size_t bytes) {
  regions_[pointer] = std::make_unique<Region>(bytes, global_granule);
  regions_[pointer]->set.resize(bytes);
  last_ = nullptr;
}

void Memory::freed(DevicePointer pointer) {
  regions_.erase(pointer);
  last_ = nullptr;
}

void Memory::written(DevicePointer pointer, std::size_t bytes) {
  const auto region = std::prev(regions_.upper_bound(pointer));
  const auto from = region->second->set.begin() + static_cast<long>(pointer - region->first);
  std::fill_n(from, bytes, true);
}

void Memory::copied(DevicePointer to, DevicePointer from, std::size_t bytes) {
  const auto source = std::prev(regions_.upper_bound(from));
  const auto target = std::prev(regions_.upper_bound(to));
  std::copy_n(source->second->set.begin() + static_cast<long>(from - source->first), bytes,
              target->second->set.begin() + static_cast<long>(to - target->first));
}

void Memory::launched(int blocks, int threads, std::size_t shared_bytes) {
  first_epoch_ = last_epoch_ = last_epoch_ + 1;
  threads_ = threads;
  shared_bytes_ = shared_bytes;
  released_.clear();
  blocks_.clear();
  blocks_.resize(static_cast<std::size_t>(blocks));
  for (BlockState& block : blocks_) block.epoch = first_epoch_;
  ThreadState state;
  state.epoch = first_epoch_;
  thread_states_.assign(blocks_.size() * static_cast<std::size_t>(threads), state);
}

bool Memory::accepts(const char* image) const {
  const std::size_t length = std::strlen(image);
  const auto crc = crc32(0, reinterpret_cast<const Bytef*>(image), static_cast<uInt>(length));
  return std::any_of(translated_images.begin(), translated_images.end(),
                     [&](const ImageSum& sum) { return sum.length == length && sum.crc == crc; });
}

Memory::BlockState& Memory::own_block() { return blocks_[static_cast<std::size_t>(block())]; }

std::size_t Memory::thread_number() const {
  return static_cast<std::size_t>(block() * threads_ + thread());
}

Memory::ThreadState& Memory::own_thread() { return thread_states_[thread_number()]; }

// Whether what `mark` stands for happened before what the running thread, at `now`, does.
bool Memory::precedes(const Mark& mark, const Mark& now) const {
  if (mark.epoch < first_epoch_) return true;
  if (mark.block == now.block) return mark.epoch < now.epoch || mark.thread == now.thread;
  const Clock& thread = thread_states_[thread_number()].acquired;
  return mark.epoch <= std::max(at(blocks_[now.block].known, mark.block), at(thread, mark.block));
}

void Memory::check(Region& region, std::size_t granule, std::uint64_t offset, std::size_t bytes,
                   Access access, int line) {
  if (offset % bytes != 0) fail("an address is not aligned", line);
  const Mark now{own_thread().epoch, static_cast<std::uint16_t>(block()),
                 static_cast<std::uint16_t>(thread())};
  for (std::size_t i = offset / granule; i <= (offset + bytes - 1) / granule; ++i) {
    Marks& marks = region.marks[i];
    if (!precedes(marks.write, now)) fail("a race with another thread's write", line);
    if (access == Access::write) {
      if (!precedes(marks.read, now)) fail("a race with another thread's read", line);
      marks.write = now;
    } else if (access == Access::read) {
      const Mark& last = marks.read;
      const bool another =
          last.epoch == now.epoch && last.block == now.block && last.thread != now.thread;
      marks.read = {now.epoch, now.block, another ? several : now.thread};
    }
  }
}

unsigned char* Memory::shared(std::uint64_t address, std::size_t bytes, Access access, int line) {
  if (address > shared_bytes_ || shared_bytes_ - address < bytes) {
    fail("shared memory is left", line);
  }
  auto& region = own_block().shared;
  if (!region) region = std::make_unique<Region>(shared_bytes_, shared_granule);
  check(*region, shared_granule, address, bytes, access, line);
  return reinterpret_cast<unsigned char*>(emulation::current.shared) + address;
}

unsigned char* Memory::global(std::uint64_t address, std::size_t bytes, Access access, int line) {
  const auto holds = [&](const auto& region) {
    return address >= region.first && address - region.first <= region.second->bytes - bytes &&
           region.second->bytes >= bytes;
  };
  if (last_ == nullptr || !holds(*last_)) {
    const auto next = regions_.upper_bound(address);
    if (next == regions_.begin() || !holds(*std::prev(next))) fail("global memory is left", line);
    last_ = &*std::prev(next);
  }
  Region& region = *last_->second;
  const std::uint64_t offset = address - last_->first;
  check(region, global_granule, offset, bytes, access, line);
  const auto begin = region.set.begin() + static_cast<long>(offset);
  const auto end = begin + static_cast<long>(bytes);
  if (access == Access::write) {
    std::fill(begin, end, true);
  } else if (std::find(begin, end, false) != end) {
    fail("memory is read that was never written", line);
  }
  return reinterpret_cast<unsigned char*>(address);
}

void Memory::fence() {
  ThreadState& thread = own_thread();
  if (blocks_.size() == 1) return;
  join(thread.acquired, thread.seen);
  join(own_block().acquired, thread.seen);
  thread.fenced = own_block().known;
  join(thread.fenced, thread.acquired);
  thread.fenced.resize(blocks_.size());
  thread.fenced[static_cast<std::size_t>(block())] = thread.epoch - 1;
}

void Memory::acquire(std::uint64_t address) {
  const auto found = released_.find(address);
  if (found != released_.end()) join(own_thread().seen, found->second);
}

void Memory::release(std::uint64_t address) {
  if (!own_thread().fenced.empty()) join(released_[address], own_thread().fenced);
}

void Memory::after_barrier() {
  ThreadState& thread = own_thread();
  BlockState& block = own_block();
  ++thread.epoch;
  last_epoch_ = std::max(last_epoch_, thread.epoch);
  if (thread.epoch > block.epoch) {
    block.epoch = thread.epoch;
    join(block.known, block.acquired);
    block.acquired.clear();
  }
}

}  // namespace axiom::cuda::ptx
