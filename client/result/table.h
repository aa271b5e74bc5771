// The table that a person reads at the end.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "client/result/flat_means.h"

namespace axiom {

/// What was published, by key of the result, as text.
using PublishedTexts = std::map<std::string, std::string>;

/// Of an experiment.
PublishedTexts published_texts(std::string_view experiment);

/// About five significant digits; whole numbers as such; "-" for what is not finite.
std::string readable_number(double value);

/// Numbers by name: the mean over the seeds, their standard deviation if there are several, and the
/// published value. `preset`: as preset_and_changes() gives it. LF after each line.
std::string result_table(std::string_view experiment, std::string_view preset,
                         const FlatMeans& means, const PublishedTexts& published);

}  // namespace axiom
