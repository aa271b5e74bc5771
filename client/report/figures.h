// Which figures an experiment's results are shown in.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "client/report/figure.h"
#include "client/report/study.h"

namespace axiom {

/// Means over the seeds of a study with their standard deviations, beside untrained networks,
/// bounds and what was published (client/experiments/published.h). Only figures with something to
/// draw.
/// `means`: study.means().
std::vector<Figure> figures_of(const Study& study, const FlatMeans& means);

/// The number, or the two ends of the range, that a published text begins with: ".645–.652",
/// "≈ 1.45 (18 seeds)", ".672 ± .027". Nothing if it begins otherwise or speaks of a share
/// ("1 in 89 % of 18 seeds").
std::optional<FigurePoint> published_point(std::string_view text);

}  // namespace axiom
