// links: axiom_report
// Figures: what published texts say, and axes for data of any kind.
#include <gtest/gtest.h>

#include <cmath>
#include <regex>
#include <set>
#include <string>

#include "client/experiments/published.h"
#include "client/report/chart.h"
#include "client/report/figures.h"

namespace axiom {
namespace {

void expect_point(std::string_view text, double y, double spread) {
  const std::optional<FigurePoint> point = published_point(text);
  ASSERT_TRUE(point) << text;
  EXPECT_DOUBLE_EQ(point->y, y) << text;
  EXPECT_NEAR(point->spread, spread, 1e-12) << text;
}

TEST(PublishedPoint, ReadsNumbersRangesAndDeviations) {
  expect_point(".654", .654, 0);
  expect_point(".645–.652", .6485, .0035);
  expect_point("≈ 1.45 (18 seeds)", 1.45, 0);
  expect_point(".672 ± .027", .672, .027);
  expect_point("−.67…−.80 (seed 42, all depths)", -.735, .065);
  expect_point(".205 (one seed)", .205, 0);
}

TEST(PublishedPoint, LeavesSharesAndWordsAlone) {
  EXPECT_FALSE(published_point("1 in 89 % of 18 seeds"));
  EXPECT_FALSE(published_point("all (216 of 216 over 18 seeds)"));
  EXPECT_FALSE(published_point(""));
}

TEST(PublishedPoint, ReadsAllThatFiguresAreGiven) {
  for (const Experiment* experiment : experiments()) {
    for (const PublishedValue& value : published_values(experiment->name())) {
      const bool of_a_size = std::regex_search(std::string(value.key), std::regex("_[wd][0-9]+$"));
      EXPECT_TRUE(!of_a_size || published_point(value.text)) << value.key << ": " << value.text;
    }
  }
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++found;
  }
  return found;
}

Figure figure_of(std::vector<FigurePoint> points) {
  Figure figure;
  figure.title = "T";
  figure.series.push_back({"s", SeriesStyle::solid, std::move(points)});
  return figure;
}

void expect_sane(const std::string& svg) {
  EXPECT_EQ(svg.find("nan"), std::string::npos) << svg;
  EXPECT_EQ(svg.find("inf"), std::string::npos) << svg;
  EXPECT_LT(svg.size(), 20000U);
}

TEST(Chart, DrawsEveryPointAndItsDeviation) {
  const std::string svg = svg_chart(figure_of({{1, 2, .5}, {2, 3, 0}, {4, 1, .25}}));
  expect_sane(svg);
  EXPECT_EQ(count(svg, "<circle"), 4U);  // one in the legend
  EXPECT_EQ(count(svg, "stroke-opacity"), 2U);
}

// As many as a network in two layers beside eight widths: W4 and W11 were both blue.
TEST(Chart, TellsTenSeriesApart) {
  Figure figure;
  for (int i = 0; i < 10; ++i) {
    figure.series.push_back({"s" + std::to_string(i), SeriesStyle::solid, {{1.0, 1.0 * i}}});
  }
  const std::string svg = svg_chart(figure);
  const std::regex circle("<circle [^>]*r=\"3\"([^>]*)/>");
  std::set<std::string> looks;
  for (std::sregex_iterator at(svg.begin(), svg.end(), circle), end; at != end; ++at) {
    looks.insert((*at)[1]);
  }
  EXPECT_EQ(looks.size(), 10U) << svg;
}

TEST(Chart, AxesForAnyNumbers) {
  for (const auto& [a, b] : {std::pair{1.0, 1.0},
                             {0.0, 0.0},
                             {1.0, std::nextafter(1.0, 2.0)},
                             {-3e-9, 4e-9},
                             {1e12, 1e12 + 1},
                             {-5.0, 1e6}}) {
    expect_sane(svg_chart(figure_of({{32, a, 0}, {64, b, 0}})));
    expect_sane(svg_chart(figure_of({{a == b ? a : 7, b, 1}})));
  }
}

TEST(Chart, LeavesOutWhatALogarithmDoesNotHave) {
  Figure figure = figure_of({{10, .5, 1}, {100, 0, 0}, {1000, .1, 0}});
  figure.log_x = figure.log_y = true;
  figure.references.push_back({"Bayes", 0});
  const std::string svg = svg_chart(figure);
  expect_sane(svg);
  EXPECT_EQ(count(svg, "<circle"), 3U);
  EXPECT_EQ(svg.find("Bayes"), std::string::npos);
}

TEST(Chart, PutsTicksWhereItIsTold) {
  Figure figure = figure_of({{32, 1, 0}, {64, 2, 0}, {256, 3, 0}});
  figure.log_x = figure.ticks_at_x = true;
  const std::string svg = svg_chart(figure);
  for (const char* tick : {">32<", ">64<", ">256<"}) {
    EXPECT_NE(svg.find(tick), std::string::npos) << tick;
  }
  EXPECT_EQ(svg.find(">128<"), std::string::npos);
}

TEST(Chart, EscapesWhatItIsGiven) {
  Figure figure = figure_of({{1, 1, 0}, {2, 2, 0}});
  figure.title = "a<b & \"c\"";
  const std::string svg = svg_chart(figure);
  EXPECT_NE(svg.find("a&lt;b &amp; &quot;c&quot;"), std::string::npos);
  EXPECT_EQ(svg.find("a<b"), std::string::npos);
}

}  // namespace
}  // namespace axiom
