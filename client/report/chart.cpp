#include "client/report/chart.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <set>
#include <vector>

namespace axiom {
namespace {

constexpr double width = 460, left = 62, right = 14, top = 30, plot_height = 220;
constexpr double bottom = top + plot_height;
constexpr double legend_top = bottom + 52, legend_row = 17;
// Distinguishable for the colour-blind (Okabe and Ito 2008).
constexpr std::array<const char*, 7> colours = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                "#e69f00", "#56b4e9", "#000000"};
constexpr const char* published_colour = "#555555";

std::string fixed(double value) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%.1f", value);
  return text.data();
}

std::string tick_label(double value) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%.5g", std::fabs(value) < 1e-12 ? 0 : value);
  return text.data();
}

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  void take(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

// Multiples of 1, 2 or 5 times a power of ten, some five of them.
std::vector<double> round_ticks(const Range& range) {
  const double step_wanted = (range.high - range.low) / 5;
  const double power = std::pow(10, std::floor(std::log10(step_wanted)));
  double step = 10 * power;
  for (const double factor : {5.0, 2.0, 1.0}) {
    if (factor * power >= step_wanted) step = factor * power;
  }
  std::vector<double> ticks;
  const auto first = static_cast<long long>(std::ceil(range.low / step));
  const auto last = static_cast<long long>(std::floor(range.high / step));
  for (long long k = first; k <= last; ++k) ticks.push_back(static_cast<double>(k) * step);
  return ticks;
}

// 1, 2 and 5 times the powers of ten within the range.
std::vector<double> logarithmic_ticks(const Range& range) {
  std::vector<double> ticks;
  const auto first = static_cast<int>(std::floor(std::log10(range.low)));
  const auto last = static_cast<int>(std::floor(std::log10(range.high)));
  for (int power = first; power <= last; ++power) {
    for (const double factor : {1.0, 2.0, 5.0}) {
      const double tick = factor * std::pow(10, power);
      if (tick >= range.low && tick <= range.high) ticks.push_back(tick);
    }
  }
  return ticks.size() < 2 ? round_ticks(range) : ticks;
}

// From a value to a place on the page.
class Scale {
 public:
  Scale(Range range, bool logarithmic, double from, double to)
      : logarithmic_(logarithmic), from_(from), to_(to) {
    low_ = on_scale(range.low);
    high_ = on_scale(range.high);
    if (!(high_ > low_)) {
      low_ -= .5;
      high_ += .5;
    }
  }
  double operator()(double value) const {
    return from_ + (to_ - from_) * (on_scale(value) - low_) / (high_ - low_);
  }

 private:
  double on_scale(double value) const { return logarithmic_ ? std::log10(value) : value; }
  bool logarithmic_;
  double from_, to_, low_ = 0, high_ = 1;
};

struct Axis {
  Scale scale;
  std::vector<double> ticks;
};

Axis x_axis(const Figure& figure) {
  Range range;
  std::set<double> values;
  for (const Series& series : figure.series) {
    for (const FigurePoint& point : series.points) {
      range.take(point.x);
      values.insert(point.x);
    }
  }
  std::vector<double> ticks(values.begin(), values.end());
  if (!figure.ticks_at_x && values.size() > 1) {
    ticks = figure.log_x ? logarithmic_ticks(range) : round_ticks(range);
  }
  return {Scale(range, figure.log_x, left + 14, width - right - 14), ticks};
}

Axis y_axis(const Figure& figure) {
  Range range;
  for (const Series& series : figure.series) {
    for (const FigurePoint& point : series.points) {
      if (figure.log_y && point.y <= 0) continue;
      range.take(point.y);
      for (const double end : {point.y - point.spread, point.y + point.spread}) {
        if (!figure.log_y || end > 0) range.take(end);
      }
    }
  }
  for (const ReferenceLine& line : figure.references) {
    if (!figure.log_y || line.y > 0) range.take(line.y);
  }
  if (range.low > range.high) range = {.1, 1};  // nothing to draw
  if (figure.log_y) {
    range = {range.low / 1.15, range.high * 1.15};
    return {Scale(range, true, bottom, top), logarithmic_ticks(range)};
  }
  const double size = std::max({std::fabs(range.low), std::fabs(range.high), 1e-3});
  const double extent = range.high - range.low;
  // Numbers that differ in their last digits only are drawn as one: ticks could not be told apart.
  const double margin = extent > 1e-6 * size ? .06 * extent : size / 10;
  range = {range.low - margin, range.high + margin};
  return {Scale(range, false, bottom, top), round_ticks(range)};
}

std::string line(double x1, double y1, double x2, double y2, const std::string& style) {
  return "<line x1=\"" + fixed(x1) + "\" y1=\"" + fixed(y1) + "\" x2=\"" + fixed(x2) + "\" y2=\"" +
         fixed(y2) + "\" " + style + "/>\n";
}

std::string text(double x, double y, std::string_view content, const std::string& style) {
  return "<text x=\"" + fixed(x) + "\" y=\"" + fixed(y) + "\" " + style + ">" +
         xml_escaped(content) + "</text>\n";
}

std::string frame(const Figure& figure, const Axis& x, const Axis& y) {
  std::string svg;
  for (const double tick : y.ticks) {
    svg += line(left, y.scale(tick), width - right, y.scale(tick), "stroke=\"#dddddd\"");
    svg += text(left - 6, y.scale(tick) + 4, tick_label(tick), "text-anchor=\"end\"");
  }
  for (const double tick : x.ticks) {
    svg += line(x.scale(tick), bottom, x.scale(tick), bottom + 4, "stroke=\"#333333\"");
    svg += text(x.scale(tick), bottom + 17, tick_label(tick), "text-anchor=\"middle\"");
  }
  svg += line(left, bottom, width - right, bottom, "stroke=\"#333333\"");
  svg += line(left, top, left, bottom, "stroke=\"#333333\"");
  svg += text(width / 2, 16, figure.title, "text-anchor=\"middle\" font-weight=\"bold\"");
  svg += text((left + width - right) / 2, bottom + 34, figure.x_label, "text-anchor=\"middle\"");
  const double middle = (top + bottom) / 2;
  svg += text(14, middle, figure.y_label,
              "text-anchor=\"middle\" transform=\"rotate(-90 14 " + fixed(middle) + ")\"");
  return svg;
}

struct Pen {
  std::string colour;
  bool hollow = false;  // another series has this colour
};

std::string mark(const Series& series, double x, double y, const Pen& pen) {
  const std::string outline = "stroke=\"" + pen.colour + "\" stroke-width=\"1.5\"/>\n";
  if (series.style == SeriesStyle::published) {
    const std::string path = "M" + fixed(x) + " " + fixed(y - 6) + "l5 6l-5 6l-5 -6z";
    return "<path d=\"" + path + "\" fill=\"none\" " + outline;
  }
  const std::string circle =
      "<circle cx=\"" + fixed(x) + "\" cy=\"" + fixed(y) + "\" r=\"3\" fill=\"";
  if (pen.hollow) return circle + "#ffffff\" " + outline;
  return circle + pen.colour + "\"/>\n";
}

std::string stroke(const Series& series, const std::string& colour) {
  const bool broken = series.style == SeriesStyle::dashed;
  return "stroke=\"" + colour + "\" stroke-width=\"1.8\" fill=\"none\"" +
         (broken ? " stroke-dasharray=\"5 4\"" : "");
}

std::string drawn(const Series& series, const Pen& pen, const Figure& figure, const Axis& x,
                  const Axis& y) {
  std::string marks;
  std::string path;
  for (const FigurePoint& point : series.points) {
    if (figure.log_y && point.y <= 0) continue;
    const double px = x.scale(point.x);
    const double py = y.scale(point.y);
    path += (path.empty() ? "M" : "L") + fixed(px) + " " + fixed(py);
    if (point.spread > 0) {
      const double low = point.y - point.spread;
      const double below = figure.log_y && low <= 0 ? bottom : y.scale(low);
      marks += line(px, below, px, y.scale(point.y + point.spread),
                    "stroke=\"" + pen.colour + "\" stroke-opacity=\"0.55\"");
    }
    marks += mark(series, px, py, pen);
  }
  if (series.style == SeriesStyle::published || path.empty()) return marks;
  return "<path d=\"" + path + "\" " + stroke(series, pen.colour) + "/>\n" + marks;
}

Pen pen_of(const Series& series, std::size_t& next) {
  if (series.style == SeriesStyle::published) return {published_colour};
  const std::size_t number = next++;
  return {colours[number % colours.size()], number >= colours.size()};
}

// In rows, from left to right; `height` grows with them.
class Legend {
 public:
  void add(const std::string& sample, std::string_view name) {
    constexpr double letter = 6.4;  // at 11 units of height, on average
    const double needed = 34 + letter * static_cast<double>(name.size());
    if (x_ > left && x_ + needed > width) {
      x_ = left;
      y_ += legend_row;
    }
    svg_ += "<g transform=\"translate(" + fixed(x_) + " " + fixed(y_) + ")\">\n" + sample +
            text(26, 4, name, "") + "</g>\n";
    x_ += needed + 6;
  }
  const std::string& svg() const { return svg_; }
  double height() const { return y_ + legend_row; }

 private:
  std::string svg_;
  double x_ = left, y_ = legend_top;
};

}  // namespace

std::string xml_escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string svg_chart(const Figure& figure) {
  const Axis x = x_axis(figure);
  const Axis y = y_axis(figure);
  std::string body = frame(figure, x, y);
  Legend legend;
  for (const ReferenceLine& reference : figure.references) {
    if (figure.log_y && reference.y <= 0) continue;
    const std::string style = "stroke=\"#888888\" stroke-dasharray=\"2 3\"";
    body += line(left, y.scale(reference.y), width - right, y.scale(reference.y), style);
    legend.add(line(0, 0, 20, 0, style), reference.name);
  }
  std::size_t next = 0;
  for (const Series& series : figure.series) {
    const Pen pen = pen_of(series, next);
    body += drawn(series, pen, figure, x, y);
    const bool lined = series.style != SeriesStyle::published;
    legend.add((lined ? line(0, 0, 20, 0, stroke(series, pen.colour)) : std::string()) +
                   mark(series, 10, 0, pen),
               series.name);
  }
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + fixed(width) + " " +
         fixed(legend.height()) + "\" width=\"" + fixed(width) + "\" height=\"" +
         fixed(legend.height()) +
         "\" font-family=\"sans-serif\" font-size=\"11\" role=\"img\" aria-label=\"" +
         xml_escaped(figure.title) + "\">\n" + body + legend.svg() + "</svg>\n";
}

}  // namespace axiom
