// A figure as SVG 1.1, without script and without anything loaded from elsewhere.
#pragma once

#include <string>
#include <string_view>

#include "client/report/figure.h"

namespace axiom {

/// One <svg> element of 460 × 320 units and more for a long legend.
std::string svg_chart(const Figure& figure);

/// Text as content of an XML element or attribute.
std::string xml_escaped(std::string_view text);

}  // namespace axiom
