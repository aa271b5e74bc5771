#include "client/commands/version.h"

#include "client/commands/commands.h"
#include "client/commands/identity.h"
#include "client/commands/standard_streams.h"
#include "client/experiments/experiment.h"

namespace axiom {

std::string client_version() { return AXIOM_VERSION; }

std::string build_identifier() { return AXIOM_BUILD_ID; }

ExitCode show_version() {
  const std::string signature = signature_line();  // throws before anything is said
  print("axiom-client " + client_version() + " (experiments " + std::string(experiment_version) +
        ", build " + build_identifier() + ")\n");
  if (!signature.empty()) print(signature + "\n");
  return ExitCode::ok;
}

}  // namespace axiom
