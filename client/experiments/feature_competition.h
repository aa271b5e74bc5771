// What featcompv2 measures of one network at one epoch.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "client/experiments/datasets.h"
#include "client/plan/matrix_ops.h"
#include "client/plan/snapshot.h"
#include "client/plan/training_run.h"

namespace axiom {

inline constexpr int signal_features = 20;
inline constexpr std::array<SignalGroup, 3> signal_groups = {
    {{{0, 5}, 1.5f}, {{5, 5}, 0.5f}, {{10, 10}, 0.15f}}};
inline constexpr std::array<std::string_view, 3> signal_names = {"strong", "medium", "weak"};
inline constexpr std::size_t strong = 0;
inline constexpr std::size_t medium = 1;
inline constexpr std::size_t weak = 2;

/// Three ways to compare the gradients of strong and weak features; each is measured per group.
inline constexpr std::size_t ratio_kinds = 3;
inline constexpr std::array<std::string_view, ratio_kinds> ratio_names = {
    "ratio",           // sqrt(Σ_i Σ_{j∈g} δ_ij²), δ_ij = ∂L_i/∂x_ij on the training set
    "ratio_sizecorr",  // mean |δ_ij| over the group
    "ratio_w1grad"};   // mean |∂L/∂W1| over the group's rows, L the mean training loss

/// Values of one network at one measured epoch, in order.
inline constexpr std::array<std::string_view, 23> competition_values = {"train_loss",
                                                                        "train_acc",
                                                                        "test_loss",
                                                                        "test_acc",
                                                                        "gradient_strong",
                                                                        "gradient_medium",
                                                                        "gradient_weak",
                                                                        "mean_gradient_strong",
                                                                        "mean_gradient_medium",
                                                                        "mean_gradient_weak",
                                                                        "w1_gradient_strong",
                                                                        "w1_gradient_medium",
                                                                        "w1_gradient_weak",
                                                                        "probe_a_strong",
                                                                        "probe_a_medium",
                                                                        "probe_a_weak",
                                                                        "probe_b_strong",
                                                                        "probe_b_medium",
                                                                        "probe_b_weak",
                                                                        "norm_w1",
                                                                        "norm_w2",
                                                                        "norm_w3",
                                                                        "norm_w4"};
/// Position of the strong group's value for a kind of ratio; medium and weak follow.
inline constexpr std::size_t first_group_value(std::size_t kind) { return 4 + 3 * kind; }
inline constexpr std::size_t first_probe_a_value = 13;
inline constexpr std::size_t first_probe_b_value = 16;
inline constexpr std::size_t first_norm_value = 19;

/// 2y − 1 of each sample.
std::vector<std::int8_t> label_signs(const Dataset& data);
/// Per sample and group: +1 where the group's features sum to more than 0, else −1.
std::vector<std::int8_t> sum_signs(const Dataset& data);

/// Sums over gradients and weights of a network of that shape, on so many training samples.
std::vector<MatrixSum> competition_sums(const NetworkShape& shape, int samples);

/// Fills competition_values.size() values. REQUIRES: the run's evaluation sets are train (with
/// gradients and competition_sums()) and test, with sum_signs(), then train and test with only the
/// strong, medium, weak features left, with label_signs(); each with the activations of the last
/// hidden layer alone.
void measure_competition(const TrainingRun& run, const Snapshot& snapshot,
                         const MatrixOps& matrix_ops, std::span<double> values);
/// Bytes that measure_competition() holds at most.
std::size_t measure_competition_bytes(const TrainingRun& run);

}  // namespace axiom
