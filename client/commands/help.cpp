// The text of --help: at most 24 lines of 80 columns (tests/cli/test_options.py holds it to that).
#include <string>

#include "client/commands/commands.h"
#include "client/commands/standard_streams.h"
#include "client/experiments/experiment.h"

namespace axiom {

ExitCode show_help() {
  const std::string indent(22, ' ');
  std::string names = "one of:";
  for (const Experiment* experiment : experiments()) {
    const std::size_t column = names.size() - (names.rfind('\n') + 1);  // npos + 1 is 0
    const bool fits = indent.size() + column + 1 + experiment->name().size() <= 80;
    names += fits ? " " : "\n" + indent;
    names += experiment->name();
  }
  print(
      "usage: axiom-client --standalone --experiment NAME --seed N [options]\n"
      "       axiom-client --standalone --work-unit FILE [options]\n"
      "       axiom-client bench | devices | plan | verify RESULT | self-test [options]\n"
      "       axiom-client report PATH... | upload DIR | update (see upload --help)\n"
      "\n"
      "  --experiment NAME   " +
      names +
      "\n"
      "  --seed N            0 to 18446744073709551615; there is no default\n"
      "  --seeds COUNT       seeds derived from N, 1 to 10000 (default 1)\n"
      "  --preset NAME       a set of parameters: small is short (default: default)\n"
      "  --set KEY=JSON      one parameter, as in --set widths=[32,64]; repeatable\n"
      "  --work-unit FILE    all of the above as JSON\n"
      "  --out DIR           results and checkpoints (default ./axiom-results)\n"
      "  --checkpoint-interval S   seconds (default 60); Ctrl-C also saves\n"
      "  --priority P        idle (default) or normal\n"
      "  --backend NAME      auto (default), cuda:N, avx512, avx2 or reference\n"
      "  --threads N         default: all processors; with a GPU 2\n"
      "  --desktop, --device-memory MB, --replay PERCENT, --step-limit S: docs/USAGE.md\n"
      "  --data-dir DIR      where this host's identifier and benchmark are kept\n"
      "  --json, --quiet     summary for scripts; no log. Also --version, --help\n"
      "bench [--seconds N]: measure, for auto. devices: list what this host can run.\n"
      "verify: compute a result again. self-test: known answers. plan: what it takes.\n"
      "report: results together; --html FILE, --csv FILE, --skip-damaged: docs/USAGE.md\n"
      "The same command resumes a stopped run. See docs/USAGE.md and docs/ERRORS.md.\n");
  return ExitCode::ok;
}

}  // namespace axiom
