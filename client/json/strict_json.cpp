#include "client/json/strict_json.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace axiom {
namespace {

using Json = nlohmann::json;

// Line and column (both from 1) of a byte, as an editor shows them.
std::string place(std::string_view text, std::size_t byte) {
  const std::string_view before = text.substr(0, std::min(byte, text.size()));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 = 0
  const std::size_t column = std::max<std::size_t>(before.size() - line_start, 1);
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

// Builds the value from the parser's events, which is where keys and depth can be watched.
class StrictBuilder : public nlohmann::json_sax<Json> {
 public:
  StrictBuilder(std::string_view text, int maximum_depth)
      : text_(text), maximum_depth_(maximum_depth) {}

  Json take() { return std::move(root_); }

  bool null() override { return add(nullptr) != nullptr; }
  bool boolean(bool value) override { return add(value) != nullptr; }
  // -0 comes here, too, and is the integer 0.
  bool number_integer(number_integer_t value) override {
    return add(value == 0 ? Json(number_unsigned_t{0}) : Json(value)) != nullptr;
  }
  bool number_unsigned(number_unsigned_t value) override { return add(value) != nullptr; }
  bool number_float(number_float_t value, const string_t&) override {
    return add(value) != nullptr;
  }
  bool string(string_t& value) override { return add(std::move(value)) != nullptr; }
  bool binary(binary_t&) override { throw JsonError("binary values are not JSON"); }
  bool start_object(std::size_t) override { return open(Json::object()); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    if (open_.back()->contains(name)) throw JsonError("duplicate key " + shown(name));
    key_ = std::move(name);
    return true;
  }

  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception& error) override {
    constexpr int number_overflow = 406;
    const std::string where = place(text_, position);
    if (error.id == number_overflow) throw JsonError("number out of range at " + where);
    if (position > text_.size()) throw JsonError("not JSON: ends too early at " + where);
    throw JsonError("not JSON: unexpected text at " + where);
  }

 private:
  Json* add(Json value) {
    if (open_.empty()) return &(root_ = std::move(value));
    Json& parent = *open_.back();
    if (parent.is_object()) return &(parent[key_] = std::move(value));
    parent.push_back(std::move(value));
    return &parent.back();
  }

  bool open(Json container) {
    if (static_cast<int>(open_.size()) == maximum_depth_) {
      throw JsonError("nested deeper than " + std::to_string(maximum_depth_) + " levels");
    }
    open_.push_back(add(std::move(container)));
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  std::string_view text_;
  int maximum_depth_;
  Json root_;
  std::vector<Json*> open_;  // a container does not move while one inside it is open
  std::string key_;
};

}  // namespace

Json parse_strict_json(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.bytes) {
    throw JsonError("longer than " + std::to_string(limits.bytes) + " bytes");
  }
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) throw JsonError("empty");
  // The parser takes a NUL byte for the end of the text and would ignore what follows.
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
    throw JsonError("not JSON: NUL byte at " + place(text, nul + 1));
  }
  StrictBuilder builder(text, limits.depth);
  Json::sax_parse(text.begin(), text.end(), &builder);
  return builder.take();
}

std::string shown(const Json& value) {
  constexpr std::size_t longest = 60;
  std::string text = value.dump(-1, ' ', true, Json::error_handler_t::replace);
  std::replace(text.begin(), text.end(), '\x7f', '?');
  if (text.size() > longest) text = text.substr(0, longest) + "...";
  return text;
}

}  // namespace axiom
