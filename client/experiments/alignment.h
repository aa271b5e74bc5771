// How far the networks of one configuration of repalignv2 agree, by measured epoch.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

#include "client/experiments/experiment.h"
#include "client/experiments/results.h"

namespace axiom {

/// A group is one configuration. Its values at a measured step: these of each network, then for
/// each hidden layer the CKA of all pairs of networks (0,1), (0,2), …, (1,2), ….
inline constexpr std::array<std::string_view, 2> alignment_values = {"test_acc", "weight_dist"};
inline constexpr std::size_t alignment_test_acc = 0;
inline constexpr std::size_t alignment_weight_dist = 1;

inline constexpr std::size_t pair_count(std::size_t networks) {
  return networks < 2 ? 0 : networks * (networks - 1) / 2;
}

/// The measured values of one group. Networks that diverged, and their pairs, are left out.
class Alignment {
 public:
  /// The group's networks are those from number `first_network` of `values` on. The arguments must
  /// outlive this.
  Alignment(const Group& group, const GroupValues& group_values, const NetworkValues& values,
            std::size_t first_network)
      : group_(group), group_values_(group_values), values_(values), first_(first_network) {}

  /// CKA of all pairs; NaN where a network of the pair diverged. Layers count from 0 here.
  std::vector<double> pairs(std::size_t measurement, std::size_t layer) const;
  double mean_of_pairs(std::size_t measurement, std::size_t layer) const;
  /// Mean over the hidden layers of the mean over the pairs.
  double overall(std::size_t measurement) const;
  /// Mean over the networks of one of alignment_values at the last measurement.
  double final_mean(std::size_t value) const;

  std::size_t layers() const { return group_.members[0].shape.sizes.size() - 2; }
  std::size_t measurements() const { return group_.measured_steps.size(); }
  std::size_t last() const { return measurements() - 1; }

  /// By measured epoch, layer and pair.
  Json detail() const;

 private:
  const Group& group_;
  const GroupValues& group_values_;
  const NetworkValues& values_;
  std::size_t first_;
};

}  // namespace axiom
