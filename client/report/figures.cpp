#include "client/report/figures.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <span>
#include <string_view>

#include "client/experiments/published.h"

namespace axiom {
namespace {

// Flat keys that differ in a size: KEY with # in its place.
struct FlatSeries {
  std::string_view key;
  std::string_view name;
  SeriesStyle style = SeriesStyle::solid;
  bool has_published = false;
};

struct FlatFigure {
  std::string_view title, y_label;
  std::vector<FlatSeries> series;
  std::string_view reference_key = {};  // flat key of a horizontal line
  std::string_view reference_name = {};
};

struct DetailFigure {
  std::string_view id;  // PointName::figure
  std::string_view title, x_label, y_label;
  bool log_x = false, log_y = false;
  std::string_view reference_key = {};
  std::string_view reference_name = {};
};

struct Figures {
  std::string_view experiment;
  std::string_view size_label;
  std::vector<FlatFigure> flat;
  std::vector<DetailFigure> detail;
};

constexpr SeriesStyle dashed = SeriesStyle::dashed;
constexpr SeriesStyle solid = SeriesStyle::solid;

const std::vector<Figures>& all_figures() {
  static const std::vector<Figures> figures = {
      {"compgen",
       "width",
       {{"Gap between seen and held-out combinations",
         "ID − OOD accuracy",
         {{"gap_w#", "trained", solid, true}, {"gap_w#_init", "untrained", dashed}}},
        {"Accuracy",
         "accuracy",
         {{"train_acc_w#", "training"}, {"id_acc_w#", "ID"}, {"ood_acc_w#", "OOD"}},
         "chance",
         "chance"}},
       {}},
      {"featrank",
       "width",
       {{"Effective rank over width",
         "rank / width",
         {{"rank_ratio_w#", "trained", solid, true},
          {"rank_ratio_init_w#", "untrained", dashed},
          {"rank_ratio_l2_w#", "trained, layer 2"}}},
        {"Effective rank", "rank", {{"eff_rank_w#", "trained", solid, true}}}},
       {{"rank_over_epochs", "Effective rank during training", "epoch", "rank / width"}}},
      {"neuronspec",
       "width",
       {{"Selectivity",
         "selectivity",
         {{"selectivity_w#", "trained", solid, true},
          {"selectivity_w#_init", "untrained", dashed}}},
        {"Alignment with a group of inputs",
         "alignment",
         {{"alignment_w#", "trained", solid, true}, {"alignment_w#_init", "untrained", dashed}}},
        {"Redundancy",
         "mean |cos|",
         {{"redundancy_w#", "trained", solid, true}, {"redundancy_w#_init", "untrained", dashed}}},
        {"Effective dimensionality over width",
         "dimensionality / width",
         {{"eff_dim_ratio_w#", "trained", solid, true},
          {"eff_dim_ratio_w#_init", "untrained", dashed},
          {"bound_20_over_w#", "bound 20/W", dashed}}},
        {"Activation selectivity",
         "max |corr|",
         {{"act_sel_w#", "trained"}, {"act_sel_w#_init", "untrained", dashed}}}},
       {}},
      {"featcompv2",
       "width",
       {{"Gradient of strong over weak inputs",
         "ratio",
         {{"ratio_w#", "root of sums of squares", solid, true},
          {"ratio_sizecorr_w#", "means (size-corrected)"},
          {"ratio_w1grad_w#", "first layer's weights"}}}},
       {{"ratio_over_epochs", "Gradient ratio during training", "epoch", "strong / weak"},
        {"probe_over_epochs", "What probe A reads out", "epoch", "accuracy"}}},
      {"repalignv2",
       "width",
       {{"Alignment of networks",
         "linear CKA",
         {{"cka_w#", "trained", solid, true}, {"cka_init_w#", "untrained", dashed}}},
        {"Distance from the initial weights", "relative", {{"weight_dist_w#", "trained"}}}},
       {{"cka_over_epochs", "Alignment during training", "epoch", "linear CKA"}}},
      {"microscalev2",
       "depth",
       {{"Scaling exponents",
         "exponent",
         {{"data_exponent_d#", "data", solid, true},
          {"param_exponent_d#", "parameters", solid, true}}},
        {"How well a power law fits",
         "R²",
         {{"data_r2_d#", "data"}, {"param_r2_d#", "parameters"}}}},
       {{"loss_over_samples", "Test loss over data", "training samples", "test loss", true, true,
         "bayes_loss", "Bayes"},
        {"loss_over_parameters", "Test loss over parameters", "parameters", "test loss", true, true,
         "bayes_loss", "Bayes"}}},
  };
  return figures;
}

// The number in the place of the # of `pattern`, if `key` is like it.
std::optional<double> size_in(std::string_view pattern, std::string_view key) {
  const std::size_t place = pattern.find('#');
  const std::string_view before = pattern.substr(0, place);
  const std::string_view after = pattern.substr(place + 1);
  if (!key.starts_with(before)) return std::nullopt;
  key.remove_prefix(before.size());
  double size = 0;
  std::size_t digits = 0;
  for (; digits < key.size() && key[digits] >= '0' && key[digits] <= '9'; ++digits) {
    size = 10 * size + (key[digits] - '0');
  }
  if (digits == 0 || key.substr(digits) != after) return std::nullopt;
  return size;
}

double spread_of(const FlatMeans::Entry& entry) { return entry.count < 2 ? 0 : entry.deviation(); }

std::vector<FigurePoint> measured(std::string_view pattern, const FlatMeans& means) {
  std::vector<FigurePoint> points;
  for (const auto& [key, entry] : means.entries()) {
    const std::optional<double> size = size_in(pattern, key);
    if (size && entry.count > 0) points.push_back({*size, entry.mean, spread_of(entry)});
  }
  return points;
}

std::vector<FigurePoint> published(std::string_view pattern, std::string_view experiment,
                                   const FlatMeans& means) {
  std::vector<FigurePoint> points;
  for (const PublishedValue& value : published_values(experiment)) {
    const std::optional<double> size = size_in(pattern, value.key);
    if (!size || !means.entries().contains(std::string(value.key))) continue;
    if (std::optional<FigurePoint> point = published_point(value.text)) {
      point->x = *size;
      points.push_back(*point);
    }
  }
  return points;
}

void add_reference(Figure& figure, std::string_view key, std::string_view name,
                   const FlatMeans& means) {
  if (key.empty()) return;
  const auto found = means.entries().find(std::string(key));
  if (found == means.entries().end() || found->second.count == 0) return;
  figure.references.push_back({std::string(name), found->second.mean});
}

Figure flat_figure(const FlatFigure& wanted, std::string_view size_label,
                   std::string_view experiment, const FlatMeans& means) {
  Figure figure;
  figure.title = wanted.title;
  figure.x_label = size_label;
  figure.y_label = wanted.y_label;
  figure.log_x = size_label == "width";
  figure.ticks_at_x = true;
  const bool single = std::count_if(wanted.series.begin(), wanted.series.end(),
                                    [](const FlatSeries& s) { return s.has_published; }) == 1;
  for (const FlatSeries& series : wanted.series) {
    std::vector<FigurePoint> points = measured(series.key, means);
    if (points.empty()) continue;
    figure.series.push_back({std::string(series.name), series.style, std::move(points)});
    if (!series.has_published) continue;
    points = published(series.key, experiment, means);
    if (points.empty()) continue;
    figure.series.push_back({single ? "published" : "published, " + std::string(series.name),
                             SeriesStyle::published, std::move(points)});
  }
  add_reference(figure, wanted.reference_key, wanted.reference_name, means);
  return figure;
}

Figure detail_figure(const DetailFigure& wanted, const Study& study,
                     std::span<const FlatMeans::Entry> point_means, const FlatMeans& means) {
  Figure figure;
  figure.title = wanted.title;
  figure.x_label = wanted.x_label;
  figure.y_label = wanted.y_label;
  figure.log_x = wanted.log_x;
  figure.log_y = wanted.log_y;
  for (std::size_t i = 0; i < point_means.size(); ++i) {
    const PointName& name = study.point_names()[i];
    if (name.figure != wanted.id || point_means[i].count == 0) continue;
    if (figure.series.empty() || figure.series.back().name != name.series) {
      figure.series.push_back({name.series, SeriesStyle::solid, {}});
    }
    figure.series.back().points.push_back({name.x, point_means[i].mean, spread_of(point_means[i])});
  }
  add_reference(figure, wanted.reference_key, wanted.reference_name, means);
  return figure;
}

// Takes a decimal number, with U+2212 or '-' as its sign, off the front of `text`.
std::optional<double> take_number(std::string_view& text) {
  constexpr std::string_view minus = "−";
  double sign = 1;
  std::string_view rest = text;
  if (rest.starts_with(minus)) {
    sign = -1;
    rest.remove_prefix(minus.size());
  }
  std::size_t length = 0;
  while (length < rest.size() &&
         ((rest[length] >= '0' && rest[length] <= '9') || rest[length] == '.')) {
    ++length;
  }
  if (length == 0) return std::nullopt;
  const double value = std::stod(std::string(rest.substr(0, length)));
  text = rest.substr(length);
  return sign * value;
}

bool take(std::string_view& text, std::string_view word) {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  return true;
}

}  // namespace

std::optional<FigurePoint> published_point(std::string_view text) {
  take(text, "≈ ");
  const std::optional<double> first = take_number(text);
  if (!first || text.starts_with(" in ")) return std::nullopt;
  if (take(text, " ± ")) {
    return FigurePoint{0, *first, take_number(text).value_or(0)};
  }
  if (take(text, "–") || take(text, "…")) {
    const double second = take_number(text).value_or(*first);
    return FigurePoint{0, (*first + second) / 2, std::fabs(second - *first) / 2};
  }
  return FigurePoint{0, *first, 0};
}

std::vector<Figure> figures_of(const Study& study, const FlatMeans& means) {
  const std::string_view experiment = study.experiment().name();
  const std::vector<FlatMeans::Entry> point_means = study.point_means();
  std::vector<Figure> figures;
  for (const Figures& wanted : all_figures()) {
    if (wanted.experiment != experiment) continue;
    for (const FlatFigure& flat : wanted.flat) {
      figures.push_back(flat_figure(flat, wanted.size_label, experiment, means));
    }
    for (const DetailFigure& detail : wanted.detail) {
      figures.push_back(detail_figure(detail, study, point_means, means));
    }
  }
  std::erase_if(figures, [](const Figure& figure) { return figure.series.empty(); });
  return figures;
}

}  // namespace axiom
