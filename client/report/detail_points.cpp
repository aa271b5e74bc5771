#include "client/report/detail_points.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <map>
#include <utility>

namespace axiom {
namespace {

class Mean {
 public:
  void add(const Json& value) {
    if (value.is_null()) return;
    sum_ += value.get<double>();
    ++count_;
  }
  double value() const {
    return count_ == 0 ? std::numeric_limits<double>::quiet_NaN()
                       : sum_ / static_cast<double>(count_);
  }

 private:
  double sum_ = 0;
  std::size_t count_ = 0;
};

using Points = std::vector<DetailPoint>;

void add_curve(Points& points, const std::string& figure, const std::string& series,
               const Json& epochs, const std::vector<Mean>& means) {
  for (std::size_t t = 0; t < means.size(); ++t) {
    points.push_back({{figure, series, epochs.at(t).get<double>()}, means[t].value()});
  }
}

// Of one column of the networks, over all of them or over those of each width.
void add_over_epochs(Points& points, const std::string& figure, const Json& detail,
                     const std::string& column, const std::string& all_as) {
  const Json& epochs = detail.at("epochs");
  const Json& networks = detail.at("networks");
  std::map<int, std::vector<Mean>> curves;  // by width, or 0
  for (std::size_t n = 0; n < networks.at(column).size(); ++n) {
    const int group = all_as.empty() ? networks.at("width").at(n).get<int>() : 0;
    std::vector<Mean>& curve = curves[group];
    curve.resize(epochs.size());
    for (std::size_t t = 0; t < epochs.size(); ++t) {
      curve[t].add(networks.at(column).at(n).at(t));
    }
  }
  for (const auto& [group, curve] : curves) {
    add_curve(points, figure, all_as.empty() ? "W" + std::to_string(group) : all_as, epochs, curve);
  }
}

void add_featrank(Points& points, const Json& detail) {
  const Json& networks = detail.at("networks");
  std::map<int, bool> widths;
  for (const Json& width : networks.at("width")) widths[width.get<int>()] = true;
  for (const auto& [width, there] : widths) {
    const Json& curve = detail.at("rank_ratio_w" + std::to_string(width));
    std::vector<Mean> means(curve.size());
    for (std::size_t t = 0; t < curve.size(); ++t) means[t].add(curve.at(t));
    add_curve(points, "rank_over_epochs", "W" + std::to_string(width), detail.at("epochs"), means);
  }
}

void add_repalignv2(Points& points, const Json& detail) {
  for (const Json& configuration : detail.at("configurations")) {
    const Json& hidden = configuration.at("hidden");
    for (std::size_t layer = 1; layer <= hidden.size(); ++layer) {
      const Json& curve = configuration.at("cka_l" + std::to_string(layer));
      std::string series;
      for (const Json& width : hidden) {
        series += (series.empty() ? "" : ",") + std::to_string(width.get<int>());
      }
      series = "[" + series + "]";
      if (hidden.size() > 1) series += " layer " + std::to_string(layer);
      std::vector<Mean> means(curve.size());
      for (std::size_t t = 0; t < curve.size(); ++t) means[t].add(curve.at(t));
      add_curve(points, "cka_over_epochs", series, detail.at("epochs"), means);
    }
  }
}

void add_microscalev2(Points& points, const Json& detail) {
  const Json& networks = detail.at("networks");
  const std::size_t count = networks.at("samples").size();
  int most_samples = 0;
  for (const Json& samples : networks.at("samples")) {
    most_samples = std::max(most_samples, samples.get<int>());
  }
  std::map<std::pair<int, double>, Mean> by_parameters;  // depth and size
  std::map<std::pair<int, double>, Mean> by_samples;
  for (std::size_t n = 0; n < count; ++n) {
    const int depth = networks.at("depth").at(n).get<int>();
    const int samples = networks.at("samples").at(n).get<int>();
    const Json& loss = networks.at("test_loss").at(n).back();
    by_samples[{depth, samples}].add(loss);
    if (samples == most_samples) {
      by_parameters[{depth, networks.at("parameters").at(n).get<double>()}].add(loss);
    }
  }
  const auto add = [&](const char* figure, const auto& means) {
    for (const auto& [key, mean] : means) {
      points.push_back({{figure, "depth " + std::to_string(key.first), key.second}, mean.value()});
    }
  };
  add("loss_over_parameters", by_parameters);
  add("loss_over_samples", by_samples);
}

}  // namespace

std::vector<DetailPoint> detail_points(std::string_view experiment, const Json& detail) {
  Points points;
  if (experiment == "featrank") add_featrank(points, detail);
  if (experiment == "featcompv2") {
    add_over_epochs(points, "ratio_over_epochs", detail, "ratio", "");
    for (const char* group : {"strong", "medium", "weak"}) {
      add_over_epochs(points, "probe_over_epochs", detail, std::string("probe_a_") + group, group);
    }
  }
  if (experiment == "repalignv2") add_repalignv2(points, detail);
  if (experiment == "microscalev2") add_microscalev2(points, detail);
  return points;
}

}  // namespace axiom
