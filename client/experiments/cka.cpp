#include "client/experiments/cka.h"

#include <array>
#include <utility>
#include <vector>

#include "client/arithmetic/ops.h"
#include "client/experiments/matrices.h"
#include "client/plan/kernel_space.h"

namespace axiom {

namespace {

/// Inner products ‖AᵀB‖_F² of all pairs (i, j), i ≤ j, in a count × count table.
class InnerProducts {
 public:
  explicit InnerProducts(std::size_t count) : count_(count), table_(count * count) {}
  double& at(std::size_t i, std::size_t j) { return table_[i * count_ + j]; }

  /// CKA of all pairs: (0,1), (0,2), …, (1,2), ….
  void write_cka(std::span<double> pairs) {
    std::size_t pair = 0;
    for (std::size_t i = 0; i < count_; ++i) {
      for (std::size_t j = i + 1; j < count_; ++j) pairs[pair++] = cka(i, j);
    }
  }

 private:
  /// REQUIRES: i < j.
  double cka(std::size_t i, std::size_t j) {
    const double denominator = arithmetic::sqrt(at(i, i)) * arithmetic::sqrt(at(j, j));
    return denominator > 0 ? at(i, j) / denominator : 0.0;
  }

  std::size_t count_;
  std::vector<double> table_;
};

constexpr std::size_t batch = 4;

/// ⟨A_k, B_k⟩ of four pairs of symmetric n × n matrices at once, so that four sums are under way at
/// a time. Each is the sum over the upper triangle in index order, doubled, plus the diagonal's.
std::array<double, batch> symmetric_inner_products(
    const std::array<std::pair<const double*, const double*>, batch>& pairs, std::size_t n) {
  std::array<double, batch> diagonal{};
  std::array<double, batch> upper{};
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t row = i * n;
    for (std::size_t k = 0; k < batch; ++k) {
      diagonal[k] += pairs[k].first[row + i] * pairs[k].second[row + i];
    }
    for (std::size_t j = i + 1; j < n; ++j) {
      for (std::size_t k = 0; k < batch; ++k) {
        upper[k] += pairs[k].first[row + j] * pairs[k].second[row + j];
      }
    }
  }
  std::array<double, batch> sums{};
  for (std::size_t k = 0; k < batch; ++k) sums[k] = diagonal[k] + 2.0 * upper[k];
  return sums;
}

void sample_space_products(std::span<const float* const> activations, int samples, int width,
                           const MatrixOps& matrix_ops, InnerProducts& products) {
  const auto n = static_cast<std::size_t>(samples);
  const std::size_t size = n * static_cast<std::size_t>(width);
  const std::size_t count = activations.size();
  Buffer kernels(count * n * n);
  for (std::size_t i = 0; i < count; ++i) {
    const Buffer a = centred_transpose({activations[i], size}, samples, width);
    matrix_ops.gram(a.data(), kernels.data() + i * n * n, width, samples);
  }
  std::vector<std::pair<std::size_t, std::size_t>> wanted;
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t j = i; j < count; ++j) wanted.emplace_back(i, j);
  }
  for (std::size_t first = 0; first < wanted.size(); first += batch) {
    std::array<std::pair<const double*, const double*>, batch> pairs;
    for (std::size_t k = 0; k < batch; ++k) {  // the last batch is filled up with its last pair
      const auto& [i, j] = wanted[first + k < wanted.size() ? first + k : wanted.size() - 1];
      pairs[k] = {kernels.data() + i * n * n, kernels.data() + j * n * n};
    }
    const std::array<double, batch> sums = symmetric_inner_products(pairs, n);
    for (std::size_t k = 0; k < batch && first + k < wanted.size(); ++k) {
      products.at(wanted[first + k].first, wanted[first + k].second) = sums[k];
    }
  }
}

void feature_space_products(std::span<const float* const> activations, int samples, int width,
                            const MatrixOps& matrix_ops, InnerProducts& products) {
  const std::size_t size = static_cast<std::size_t>(samples) * static_cast<std::size_t>(width);
  std::vector<Buffer> centred;
  for (const float* a : activations) {
    centred.push_back(to_double({a, size}, samples, width));
    centre_columns(centred.back(), samples, width);
  }
  Buffer product(width, width);
  for (std::size_t i = 0; i < centred.size(); ++i) {
    matrix_ops.gram(centred[i].data(), product.data(), samples, width);
    products.at(i, i) = sum_of_squares(product.span());
    for (std::size_t j = i + 1; j < centred.size(); ++j) {
      matrix_ops.transposed_product(centred[i].data(), centred[j].data(), product.data(), samples,
                                    width, width);
      products.at(i, j) = sum_of_squares(product.span());
    }
  }
}

}  // namespace

void pairwise_cka(std::span<const float* const> activations, int samples, int width,
                  const MatrixOps& matrix_ops, std::span<double> pairs) {
  InnerProducts products(activations.size());
  if (in_sample_space(activations.size(), samples, width)) {
    sample_space_products(activations, samples, width, matrix_ops, products);
  } else {
    feature_space_products(activations, samples, width, matrix_ops, products);
  }
  products.write_cka(pairs);
}

void pairwise_cka(std::span<const ProbeValues* const> networks, std::size_t layer, int samples,
                  int width, const MatrixOps& matrix_ops, std::span<double> pairs) {
  if (networks.empty()) return;
  if (networks.front()->inner_products.empty()) {
    std::vector<const float*> activations;
    for (const ProbeValues* network : networks) {
      activations.push_back(network->activations[layer].data());
    }
    return pairwise_cka(activations, samples, width, matrix_ops, pairs);
  }
  InnerProducts products(networks.size());
  for (std::size_t i = 0; i < networks.size(); ++i) {
    const std::vector<double>& row = networks[i]->inner_products[layer];
    for (std::size_t j = i; j < networks.size(); ++j) products.at(i, j) = row[j - i];
  }
  products.write_cka(pairs);
}

std::size_t pairwise_cka_bytes(std::size_t count, int samples, int width) {
  const auto n = static_cast<std::size_t>(samples);
  const auto m = static_cast<std::size_t>(width);
  const std::size_t table = 2 * count * count;
  const std::size_t values =
      in_sample_space(count, samples, width) ? count * n * n + n * m : count * n * m + m * m;
  return sizeof(double) * (values + table);
}

}  // namespace axiom
