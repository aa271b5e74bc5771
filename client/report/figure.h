// A figure as data: what is drawn, not how.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace axiom {

struct FigurePoint {
  double x = 0;
  double y = 0;
  double spread = 0;  ///< half the length of the error bar, drawn if > 0
};

enum class SeriesStyle {
  solid,
  dashed,    ///< a control: the untrained network, a bound
  published  ///< marks without a line
};

struct Series {
  std::string name;
  SeriesStyle style = SeriesStyle::solid;
  std::vector<FigurePoint> points;  ///< ascending in x, all finite
};

/// A horizontal line: chance, an optimum.
struct ReferenceLine {
  std::string name;
  double y = 0;
};

struct Figure {
  std::string title, x_label, y_label;
  bool log_x = false;       ///< all x are positive then
  bool ticks_at_x = false;  ///< at the points' own x, which are few: widths, depths
  bool log_y = false;       ///< points with y <= 0 are left out
  std::vector<Series> series;
  std::vector<ReferenceLine> references;
};

}  // namespace axiom
