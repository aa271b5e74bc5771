// The metrics' matrix kernels, with a rest before each.
#pragma once

#include <functional>

#include "client/plan/matrix_ops.h"

namespace axiom {

/// Metrics of large groups take seconds on a slow host; between two products a worker can stand
/// still. For one thread, and as long as this lives: the table's functions carry no state.
class RestingMatrixOps {
 public:
  RestingMatrixOps(const MatrixOps& ops, std::function<void()> rest);
  ~RestingMatrixOps();
  RestingMatrixOps(const RestingMatrixOps&) = delete;
  RestingMatrixOps& operator=(const RestingMatrixOps&) = delete;

  const MatrixOps& table() const { return table_; }

 private:
  MatrixOps table_;
};

}  // namespace axiom
