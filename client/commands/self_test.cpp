#include "client/backends/self_test.h"

#include <sstream>

#include "client/commands/commands.h"
#include "client/commands/standard_streams.h"

namespace axiom {

ExitCode test_self() {
  std::ostringstream report;
  const bool passed = run_self_test(report);
  print(report.str());
  return passed ? ExitCode::ok : ExitCode::self_test_failed;
}

}  // namespace axiom
