// Float matrices of snapshots as double matrices for MatrixOps. All are row-major.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace axiom {

/// Storage of a matrix of doubles. Not initialised: write every entry before reading it.
class Buffer {
 public:
  explicit Buffer(std::size_t size)
      : data_(std::make_unique_for_overwrite<double[]>(size)), size_(size) {}
  Buffer(int rows, int columns)
      : Buffer(static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns)) {}

  double* data() { return data_.get(); }
  const double* data() const { return data_.get(); }
  std::size_t size() const { return size_; }
  double& operator[](std::size_t i) { return data_[i]; }
  double operator[](std::size_t i) const { return data_[i]; }
  std::span<double> span() { return {data_.get(), size_}; }
  std::span<const double> span() const { return {data_.get(), size_}; }

 private:
  std::unique_ptr<double[]> data_;
  std::size_t size_;
};

/// rows × columns.
Buffer to_double(std::span<const float> a, int rows, int columns);
/// columns × rows.
Buffer transposed_to_double(std::span<const float> a, int rows, int columns);
std::vector<float> transposed(std::span<const float> a, int rows, int columns);
/// Means of the columns, each summed from the first row down.
std::vector<double> column_means(std::span<const float> a, int rows, int columns);
/// Subtracts from every column of the rows × columns matrix its mean.
void centre_columns(Buffer& a, int rows, int columns);
/// Doubles of unspecified value, the calling thread's until its next request. It keeps them: pages
/// that are fresh each time cost as much as what is computed on them.
std::span<double> thread_scratch(std::size_t doubles);
/// Σ a², in index order.
double sum_of_squares(std::span<const double> a);

}  // namespace axiom
