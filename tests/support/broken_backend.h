// A backend that computes as another does, until it flips a bit.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "client/plan/backend.h"

namespace axiom::test {

/// What is wrong with it.
struct Fault {
  int width = 0;                 ///< of the first hidden layer of the networks concerned; 0 = all
  int calls_before = 0;          ///< so many calls of train() on such networks go well
  bool throws = false;           ///< fail instead of computing something wrong
  std::string unavailable = {};  ///< Backend::unavailable_reason()
};

class BrokenExecutor final : public Executor {
 public:
  BrokenExecutor(std::unique_ptr<Executor> right, const Fault& fault)
      : right_(std::move(right)), fault_(fault) {}

  void train(const TrainingRun& run, RunState& state, std::uint64_t until,
             const std::atomic<bool>& pause, std::atomic<std::uint64_t>& progress) override {
    right_->train(run, state, until, pause, progress);
    if (fault_.width != 0 && run.shape.sizes[1] != fault_.width) return;
    if (calls_++ < fault_.calls_before) return;
    if (fault_.throws) throw std::runtime_error("device lost");
    state.parameters.back() += 0.5f;
  }
  void evaluate(const TrainingRun& run, const RunState& state, Snapshot& snapshot) override {
    right_->evaluate(run, state, snapshot);
  }

 private:
  std::unique_ptr<Executor> right_;
  const Fault& fault_;
  int calls_ = 0;
};

class BrokenBackend : public Backend {
 public:
  BrokenBackend(std::string name, const Backend& right, Fault fault)
      : name_(std::move(name)), right_(right), fault_(std::move(fault)) {}

  std::string name() const override { return name_; }
  std::string unavailable_reason() const override { return fault_.unavailable; }
  std::unique_ptr<Executor> make_executor() const override {
    return std::make_unique<BrokenExecutor>(right_.make_executor(), fault_);
  }
  std::size_t executor_bytes(const TrainingRun& run) const override {
    return right_.executor_bytes(run);
  }
  const MatrixOps& matrix_ops() const override { return right_.matrix_ops(); }

 private:
  std::string name_;
  const Backend& right_;
  Fault fault_;
};

}  // namespace axiom::test
