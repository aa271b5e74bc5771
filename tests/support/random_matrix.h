// A matrix of standard normals.
#pragma once

#include <cstddef>
#include <random>
#include <vector>

namespace axiom::test {

inline std::vector<float> random_matrix(int rows, int columns, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  std::vector<float> a(static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns));
  for (float& value : a) value = normal(generator);
  return a;
}

}  // namespace axiom::test
