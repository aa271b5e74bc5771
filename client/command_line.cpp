#include "client/command_line.h"

#include <CLI/CLI.hpp>
#include <limits>
#include <string_view>

#include "client/option_values.h"
#include "client/work_unit/work_unit.h"

namespace axiom {
namespace {

// As text until it is checked: the library's own conversions take octal numbers and the like.
struct RawOptions {
  std::string seed, seeds, threads, interval, step_limit, priority, device_memory, replay, seconds;
  bool standalone = false, version = false, help = false;
};

// The options that say what to compute,
const std::vector<std::string> work_options = {"--work-unit", "--experiment", "--seed",
                                               "--seeds",     "--preset",     "--set"};
// and how to run it and where to leave it.
const std::vector<std::string> run_options = {"--out", "--checkpoint-interval", "--standalone",
                                              "--step-limit", "--priority"};
// Without a meaning where nothing is computed, or by all backends.
const std::vector<std::string> backend_options = {"--backend",       "--threads", "--desktop",
                                                  "--device-memory", "--replay",  "--data-dir"};

// `command` is what the work is for: "--standalone" or "plan".
void check_work(const CLI::App& app, const std::string& command) {
  const auto given = [&](const char* option) { return app.count(option) > 0; };
  if (given("--work-unit")) {
    for (const char* option : {"--experiment", "--seed", "--seeds", "--preset", "--set"}) {
      if (given(option)) {
        throw UsageError(std::string(option) + " and --work-unit do not go together");
      }
    }
    return;
  }
  if (!given("--experiment")) {
    throw UsageError(command + " needs --work-unit FILE or --experiment NAME --seed N");
  }
  if (!given("--seed")) throw UsageError("--experiment needs --seed N: there is no default seed");
}

void check_standalone(const CLI::App& app, const RawOptions& raw) {
  if (raw.standalone) return check_work(app, "--standalone");
  for (const auto* options : {&work_options, &run_options}) {
    for (const std::string& option : *options) {
      if (app.count(option) > 0) throw UsageError(option + " needs --standalone");
    }
  }
  throw UsageError("nothing to do: see axiom-client --help");
}

void check_subcommand(const CLI::App& app, const std::string& subcommand) {
  const auto refuse = [&](const std::vector<std::string>& options) {
    for (const std::string& option : options) {
      if (app.count(option) > 0)
        throw UsageError(option + " and " + subcommand + " do not go together");
    }
  };
  refuse(run_options);
  if (subcommand == "plan") return check_work(app, subcommand);
  refuse(work_options);
  const bool transfers = subcommand == "upload" || subcommand == "update";
  if (transfers || subcommand == "self-test" || subcommand == "report") refuse(backend_options);
  if (subcommand == "upload" || subcommand == "self-test") refuse({"--json"});  // they use words
}

void declare_options(CLI::App& app, CommandLine& line, RawOptions& raw,
                     NetworkOptionParser& network) {
  app.set_help_flag();  // help is an option like others, with a text of its own
  app.add_flag("-h,--help", raw.help);
  app.add_flag("--version", raw.version);
  app.add_flag("--standalone", raw.standalone);
  app.add_option("--work-unit", line.work_unit);
  app.add_option("--experiment", line.experiment);
  app.add_option("--seed", raw.seed);
  app.add_option("--seeds", raw.seeds);
  app.add_option("--preset", line.preset);
  app.add_option("--set", line.overrides)->allow_extra_args(false);
  app.add_option("--out", line.out);
  app.add_option("--data-dir", line.data_directory);
  app.add_option("--checkpoint-interval", raw.interval);
  app.add_option("--step-limit", raw.step_limit);
  app.add_option("--priority", raw.priority);
  app.add_option("--backend", line.backend);
  app.add_option("--threads", raw.threads);
  app.add_flag("--desktop", line.desktop);
  app.add_option("--device-memory", raw.device_memory);
  app.add_option("--replay", raw.replay);
  app.add_flag("--json", line.json);
  app.add_flag("--quiet", line.quiet);
  CLI::App* bench = app.add_subcommand("bench")->fallthrough();
  bench->set_help_flag();
  bench->add_option("--seconds", raw.seconds);
  app.add_subcommand("devices")->fallthrough()->set_help_flag();
  app.add_subcommand("plan")->fallthrough()->set_help_flag();
  CLI::App* verify = app.add_subcommand("verify")->fallthrough();
  verify->set_help_flag();
  verify->add_option("result", line.result);
  CLI::App* report = app.add_subcommand("report")->fallthrough();
  report->set_help_flag();
  report->add_option("paths", line.report.paths);
  report->add_option("--csv", line.report.csv);
  report->add_option("--html", line.report.html);
  report->add_flag("--skip-damaged", line.report.skip_damaged);
  app.add_subcommand("self-test")->fallthrough()->set_help_flag();
  network.declare(app);
  app.require_subcommand(0, 1);
}

// The library's own sentence names no remedy.
[[noreturn]] void refuse_count(const CLI::App& app, const CLI::ParseError& error) {
  std::vector<const CLI::App*> parsed = {&app};
  for (const CLI::App* subcommand : app.get_subcommands()) parsed.push_back(subcommand);
  for (const CLI::App* part : parsed) {
    for (const CLI::Option* option : part->get_options()) {
      if (option->get_items_expected_max() != 1 || option->count() < 2) continue;
      throw UsageError(option->get_name() + " is given " + std::to_string(option->count()) +
                       " times: give it once");
    }
  }
  throw UsageError(std::string(error.what()) + " (see axiom-client --help)");
}

void convert(const CLI::App& app, const RawOptions& raw, CommandLine& line) {
  constexpr auto any = std::numeric_limits<std::uint64_t>::max();
  const auto given = [&](const char* option) { return app.count(option) > 0; };
  if (given("--seed")) line.seed = parse_integer("--seed", raw.seed, 0, any);
  if (given("--seeds")) line.seeds = parse_integer("--seeds", raw.seeds, 1, maximum_seeds);
  if (given("--threads")) {
    line.threads = static_cast<int>(parse_integer("--threads", raw.threads, 1, 1024));
  }
  if (!raw.seconds.empty()) line.bench_seconds = parse_seconds("--seconds", raw.seconds, 5, 600);
  if (given("--replay")) {
    line.replay_share = static_cast<double>(parse_integer("--replay", raw.replay, 0, 100)) / 100;
  }
  if (given("--device-memory")) {
    line.device_memory = 1000000 * parse_integer("--device-memory", raw.device_memory, 1, 10000000);
  }
  if (given("--checkpoint-interval")) {
    line.checkpoint_interval = parse_seconds("--checkpoint-interval", raw.interval);
  }
  if (given("--step-limit")) line.step_limit = parse_seconds("--step-limit", raw.step_limit);
  if (given("--priority")) {
    if (raw.priority != "idle" && raw.priority != "normal") {
      throw UsageError("--priority: expected idle or normal, got \"" + raw.priority + "\"");
    }
    line.idle_priority = raw.priority == "idle";
  }
  for (const auto& [option, value] :
       {std::pair{"--out", &line.out}, std::pair{"--data-dir", &line.data_directory},
        std::pair{"--work-unit", &line.work_unit}}) {
    if (given(option) && value->empty()) throw UsageError(std::string(option) + ": empty path");
  }
}

Action chosen_action(const CLI::App& app, const RawOptions& raw, const CommandLine& line) {
  const std::vector<CLI::App*> subcommands = app.get_subcommands();
  if (raw.help) {
    const std::string name = subcommands.empty() ? "" : subcommands.front()->get_name();
    if (name == "upload" || name == "update") return Action::network_help;
    return Action::help;
  }
  if (raw.version) return Action::version;
  if (subcommands.empty()) {
    check_standalone(app, raw);
    return Action::standalone;
  }
  const std::string name = subcommands.front()->get_name();
  check_subcommand(app, name);
  if (name == "bench") {
    if (app.count("--backend") > 0) throw UsageError("--backend and bench do not go together");
    return Action::bench;
  }
  if (name == "devices") return Action::devices;
  if (name == "plan") return Action::plan;
  if (name == "self-test") return Action::self_test;
  if (name == "report") {
    if (line.report.paths.empty()) throw UsageError("report needs result files or directories");
    for (const auto& [option, path] :
         {std::pair{"--csv", &line.report.csv}, std::pair{"--html", &line.report.html}}) {
      if (subcommands.front()->count(option) > 0 && path->empty()) {
        throw UsageError(std::string(option) + ": empty path");
      }
    }
    return Action::report;
  }
  if (name == "upload") return Action::upload;
  if (name == "update") return Action::update;
  if (line.result.empty()) throw UsageError("verify needs the path of a result file");
  return Action::verify;
}

}  // namespace

CommandLine parse_command_line(int argc, const char* const* argv) {
  CommandLine line;
  RawOptions raw;
  CLI::App app;
  NetworkOptionParser network;
  declare_options(app, line, raw, network);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ArgumentMismatch& error) {
    refuse_count(app, error);
  } catch (const CLI::ParseError& error) {
    throw UsageError(std::string(error.what()) + " (see axiom-client --help)");
  }
  line.action = chosen_action(app, raw, line);
  if (line.action != Action::help && line.action != Action::network_help &&
      line.action != Action::version) {
    convert(app, raw, line);
    const std::vector<CLI::App*> subcommands = app.get_subcommands();
    line.network = network.checked(app, subcommands.empty() ? "" : subcommands.front()->get_name());
  }
  return line;
}

}  // namespace axiom
