#include "client/result/compare.h"

#include <algorithm>
#include <set>
#include <utility>

#include "client/result/canonical_json.h"
#include "client/system/text.h"

namespace axiom {
namespace {

using Json = nlohmann::json;

// The file may hold anything: what is shown is one line of ASCII, never long.
std::string shown_text(std::string text) {
  constexpr std::size_t longest = 80;
  if (text.size() > longest) text = text.substr(0, longest) + "...";
  return printable_ascii(std::move(text));
}

std::string text_of(const Json* value) {
  return value == nullptr ? "nothing" : shown_text(canonical_json(*value));
}

std::optional<Difference> compare(const Json* expected, const Json* found,
                                  const std::string& path) {
  if (expected != nullptr && found != nullptr) {
    if (expected->is_object() && found->is_object()) {
      std::set<std::string> keys;
      for (const auto& item : expected->items()) keys.insert(item.key());
      for (const auto& item : found->items()) keys.insert(item.key());
      const auto child = [](const Json& object, const std::string& key) {
        const auto entry = object.find(key);
        return entry == object.end() ? nullptr : &*entry;
      };
      for (const std::string& key : keys) {
        auto difference =
            compare(child(*expected, key), child(*found, key), path + "." + shown_text(key));
        if (difference) return difference;
      }
      return std::nullopt;
    }
    if (expected->is_array() && found->is_array()) {
      for (std::size_t i = 0; i < std::max(expected->size(), found->size()); ++i) {
        const Json* left = i < expected->size() ? &(*expected)[i] : nullptr;
        const Json* right = i < found->size() ? &(*found)[i] : nullptr;
        auto difference = compare(left, right, path + "[" + std::to_string(i) + "]");
        if (difference) return difference;
      }
      return std::nullopt;
    }
    // The texts, not the values: -0 and 0 differ, 1 and 1.0 do not.
    if (!expected->is_structured() && !found->is_structured() &&
        canonical_json(*expected) == canonical_json(*found)) {
      return std::nullopt;
    }
  }
  return Difference{path, text_of(expected), text_of(found)};
}

}  // namespace

std::optional<Difference> first_difference(const Json& expected, const Json& found) {
  return compare(&expected, &found, "$");
}

}  // namespace axiom
