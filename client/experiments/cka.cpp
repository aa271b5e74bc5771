#include "client/experiments/cka.h"

#include <algorithm>
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

using Pair = std::pair<std::size_t, std::size_t>;

/// All (i, j), i ≤ j < count.
std::vector<Pair> pairs_of(std::size_t count) {
  std::vector<Pair> list;
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t j = i; j < count; ++j) list.emplace_back(i, j);
  }
  return list;
}

/// Networks, or pairs of them, whose inner products are summed at a time.
constexpr std::size_t block = 4;
using Kernels = std::array<const double*, block>;
using Sums = std::array<std::array<double, block>, block>;

/// ⟨A_k, B_l⟩ of the blocks' symmetric n × n matrices (if they are one block, only of k ≤ l). Each
/// is the sum over the upper triangle in index order, doubled, plus the diagonal's; all proceed
/// together, entry by entry, since each waits for its last addition.
template <bool one_block>
Sums inner_products(const Kernels& a, const Kernels& b, std::size_t n) {
  Sums diagonal{};
  Sums upper{};
  const auto add = [&](Sums & sums, std::size_t entry) __attribute__((always_inline)) {
#pragma GCC unroll 4
    for (std::size_t k = 0; k < block; ++k) {
#pragma GCC unroll 4
      for (std::size_t l = one_block ? k : 0; l < block; ++l) {
        sums[k][l] += a[k][entry] * b[l][entry];
      }
    }
  };
  for (std::size_t i = 0; i < n; ++i) {
    add(diagonal, i * n + i);
    for (std::size_t j = i + 1; j < n; ++j) add(upper, i * n + j);
  }
  for (std::size_t k = 0; k < block; ++k) {
    for (std::size_t l = 0; l < block; ++l) upper[k][l] = diagonal[k][l] + 2.0 * upper[k][l];
  }
  return upper;
}

void sample_space_products(std::span<const float* const> activations, int samples, int width,
                           const MatrixOps& matrix_ops, InnerProducts& products) {
  const auto n = static_cast<std::size_t>(samples);
  const std::size_t count = activations.size();
  double* const kernels = thread_scratch(count * n * n).data();
  for (std::size_t i = 0; i < count; ++i) {
    matrix_ops.centred_kernel(activations[i], samples, width, kernels + i * n * n);
  }
  // The last block is filled up with the last network.
  const auto block_from = [&](std::size_t first) {
    Kernels list;
    for (std::size_t k = 0; k < block; ++k) {
      list[k] = kernels + std::min(first + k, count - 1) * n * n;
    }
    return list;
  };
  for (std::size_t i = 0; i < count; i += block) {
    for (std::size_t j = i; j < count; j += block) {
      const auto sums = i == j ? inner_products<true>(block_from(i), block_from(j), n)
                               : inner_products<false>(block_from(i), block_from(j), n);
      for (std::size_t k = i; k < std::min(i + block, count); ++k) {
        for (std::size_t l = std::max(j, k); l < std::min(j + block, count); ++l) {
          products.at(k, l) = sums[k - i][l - j];
        }
      }
    }
  }
}

/// Σ c² over each of some width × width blocks of c, in index order; the sums proceed together.
std::array<double, block> sums_of_squares(const Kernels& blocks, std::size_t stride,
                                          std::size_t width) {
  std::array<double, block> sums{};
  for (std::size_t i = 0; i < width; ++i) {
    for (std::size_t j = 0; j < width; ++j) {
#pragma GCC unroll 4
      for (std::size_t k = 0; k < block; ++k) {
        const double entry = blocks[k][i * stride + j];
        sums[k] += entry * entry;
      }
    }
  }
  return sums;
}

/// All products AᵀB are blocks of one Gram matrix, that of the networks side by side.
void feature_space_products(std::span<const float* const> activations, int samples, int width,
                            const MatrixOps& matrix_ops, InnerProducts& products) {
  const auto n = static_cast<std::size_t>(samples);
  const auto m = static_cast<std::size_t>(width);
  const std::size_t count = activations.size();
  const std::size_t columns = count * m;
  double* const centred = thread_scratch(n * columns + columns * columns).data();
  double* const gram = centred + n * columns;
  for (std::size_t network = 0; network < count; ++network) {
    const std::span<const float> a(activations[network], n * m);
    const std::vector<double> means = column_means(a, samples, width);
    for (std::size_t i = 0; i < n; ++i) {
      double* const row = centred + i * columns + network * m;
      for (std::size_t j = 0; j < m; ++j) row[j] = a[i * m + j] - means[j];
    }
  }
  matrix_ops.gram(centred, gram, samples, static_cast<int>(columns));
  const std::vector<Pair> wanted = pairs_of(count);
  for (std::size_t first = 0; first < wanted.size(); first += block) {
    Kernels blocks;  // the last ones are filled up with the last pair
    for (std::size_t k = 0; k < block; ++k) {
      const auto& [i, j] = wanted[std::min(first + k, wanted.size() - 1)];
      blocks[k] = gram + (i * columns + j) * m;
    }
    const std::array<double, block> sums = sums_of_squares(blocks, columns, m);
    for (std::size_t k = 0; k < block && first + k < wanted.size(); ++k) {
      products.at(wanted[first + k].first, wanted[first + k].second) = sums[k];
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

void pairwise_cka(std::span<const Evaluation* const> networks, std::size_t layer, int samples,
                  int width, const MatrixOps& matrix_ops, std::span<double> pairs) {
  if (networks.empty()) return;
  if (networks.front()->inner_products.empty()) {
    std::vector<const float*> activations;
    for (const Evaluation* network : networks) {
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
  const std::size_t packed = std::min<std::size_t>(m, 128);  // by a backend, at a time
  const std::size_t table = 2 * count * count;
  const std::size_t values = in_sample_space(count, samples, width)
                                 ? count * n * n + n * packed
                                 : count * m * (n + count * m + 128);
  return sizeof(double) * (values + table);
}

}  // namespace axiom
