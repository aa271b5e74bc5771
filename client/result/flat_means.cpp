#include "client/result/flat_means.h"

#include <cmath>
#include <limits>

namespace axiom {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Cuts the leading run of digits off `text`, without leading zeros.
std::string_view take_digits(std::string_view& text) {
  std::size_t length = 0;
  while (length < text.size() && is_digit(text[length])) ++length;
  std::string_view digits = text.substr(0, length);
  text.remove_prefix(length);
  while (digits.size() > 1 && digits.front() == '0') digits.remove_prefix(1);
  return digits;
}

}  // namespace

bool NaturalOrder::operator()(std::string_view a, std::string_view b) const {
  const std::string_view whole_a = a;
  const std::string_view whole_b = b;
  while (!a.empty() && !b.empty()) {
    if (is_digit(a.front()) && is_digit(b.front())) {
      const std::string_view digits_a = take_digits(a);
      const std::string_view digits_b = take_digits(b);
      if (digits_a.size() != digits_b.size()) return digits_a.size() < digits_b.size();
      if (digits_a != digits_b) return digits_a < digits_b;
    } else {
      if (a.front() != b.front()) return a.front() < b.front();
      a.remove_prefix(1);
      b.remove_prefix(1);
    }
  }
  if (a.empty() != b.empty()) return a.empty();
  return whole_a < whole_b;  // "w01" and "w1" stay two keys
}

void FlatMeans::Entry::add(double value) {
  ++count;
  const double deviation = value - mean;
  mean += deviation / static_cast<double>(count);
  squares += deviation * (value - mean);
}

double FlatMeans::Entry::deviation() const {
  if (count < 2) return std::numeric_limits<double>::quiet_NaN();
  return std::sqrt(squares / static_cast<double>(count - 1));
}

void FlatMeans::add(const Json& summary) {
  ++seeds_;
  for (const auto& item : summary.items()) {
    if (!item.value().is_number() && !item.value().is_null()) continue;
    Entry& entry = entries_[item.key()];
    if (seeds_ > 1 && item.key().ends_with("_mask")) {  // sets of bits have no mean
      entry = {};
      continue;
    }
    if (item.value().is_null()) continue;
    entry.add(item.value().get<double>());
  }
}

}  // namespace axiom
