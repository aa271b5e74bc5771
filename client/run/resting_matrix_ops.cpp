#include "client/run/resting_matrix_ops.h"

#include <utility>

namespace axiom {
namespace {

struct Wrapped {
  const MatrixOps* ops = nullptr;
  std::function<void()> rest;
};
thread_local Wrapped wrapped;

}  // namespace

RestingMatrixOps::RestingMatrixOps(const MatrixOps& ops, std::function<void()> rest) : table_(ops) {
  wrapped = {&ops, std::move(rest)};
  table_.transposed_product = [](const double* a, const double* b, double* c, int rows, int m,
                                 int n) {
    wrapped.rest();
    wrapped.ops->transposed_product(a, b, c, rows, m, n);
  };
  table_.gram = [](const double* a, double* c, int rows, int m) {
    wrapped.rest();
    wrapped.ops->gram(a, c, rows, m);
  };
  table_.tridiagonalize = [](const double* a, int n, double* diagonal, double* off_diagonal) {
    wrapped.rest();
    wrapped.ops->tridiagonalize(a, n, diagonal, off_diagonal);
  };
  table_.cholesky = [](double* a, int n) {
    wrapped.rest();
    return wrapped.ops->cholesky(a, n);
  };
  table_.gram_of_activations = [](const float* a, double* c, int rows, int m) {
    wrapped.rest();
    wrapped.ops->gram_of_activations(a, c, rows, m);
  };
  table_.reduced_gram = [](const float* a, int rows, int m, double* diagonal,
                           double* off_diagonal) {
    wrapped.rest();
    wrapped.ops->reduced_gram(a, rows, m, diagonal, off_diagonal);
  };
  table_.centred_kernel = [](const float* a, int samples, int units, double* c) {
    wrapped.rest();
    wrapped.ops->centred_kernel(a, samples, units, c);
  };
}

RestingMatrixOps::~RestingMatrixOps() { wrapped = {}; }

}  // namespace axiom
