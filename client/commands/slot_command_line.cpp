#include "client/commands/slot_command_line.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <utility>

namespace axiom {
namespace {

constexpr std::array<std::string_view, 12> commands = {
    "--standalone", "--help", "-h",        "--version", "bench",  "devices",
    "plan",         "verify", "self-test", "upload",    "update", "report"};
// What servers and old clients add, each with a value: init_data.xml and the plan say the same.
constexpr std::array<std::string_view, 3> superseded = {"--nthreads", "--device",
                                                        "--memory_size_mb"};

bool is_superseded(std::string_view name) {
  return std::find(superseded.begin(), superseded.end(), name) != superseded.end();
}

bool is_device(std::string_view backend) { return backend.starts_with("cuda"); }

bool may_be_used(std::string_view backend, const std::optional<std::string>& assigned) {
  if (!is_device(backend)) return true;
  return assigned && is_device(*assigned) && (backend == "cuda" || backend == *assigned);
}

template <class Number>
std::optional<Number> number_in(const std::string& text, Number minimum, Number maximum) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (!(value >= minimum && value <= maximum)) return std::nullopt;
  return value;
}

}  // namespace

bool asks_for_a_command(int argc, const char* const* argv) {
  return std::any_of(argv + 1, argv + argc, [](const char* argument) {
    return std::find(commands.begin(), commands.end(), argument) != commands.end();
  });
}

// By hand, not by the library of the other command line: that one gives up at the first error.
SlotOptions parse_slot_options(int argc, const char* const* argv,
                               const std::optional<std::string>& assigned) {
  SlotOptions options;
  for (int i = 1; i < argc; ++i) {
    std::string name = argv[i];
    std::string shown = name;
    if (name == "--desktop") {
      options.desktop = true;
      continue;
    }
    std::string value;
    if (const std::size_t equals = name.find('='); equals != std::string::npos) {
      value = name.substr(equals + 1);
      name.resize(equals);
    } else if (i + 1 < argc && (name == "--backend" || name == "--threads" ||
                                name == "--step-limit" || is_superseded(name))) {
      value = argv[++i];
      shown += " " + value;
    }
    if (is_superseded(name)) continue;
    bool understood = false;
    if (name == "--backend") {
      understood = !value.empty() && may_be_used(value, assigned);
      // The device that is assigned is taken without being asked for.
      if (understood) options.backend = is_device(value) ? "auto" : value;
    } else if (name == "--threads") {
      const auto threads = number_in(value, 1, 1024);
      understood = threads.has_value();
      options.threads = threads.value_or(options.threads);
    } else if (name == "--step-limit") {
      const auto limit = number_in(value, 0.001, 1e6);
      understood = limit.has_value();
      options.step_limit = limit.value_or(options.step_limit);
    }
    if (!understood) options.ignored.push_back(std::move(shown));
  }
  return options;
}

}  // namespace axiom
