// The text of upload --help and update --help: at most 24 lines of 80 columns (tests/network).
#include "client/commands/commands.h"
#include "client/commands/standard_streams.h"

namespace axiom {

ExitCode show_network_help() {
  print(
      "usage: axiom-client upload DIR [--upload-url URL] [--print-upload] [options]\n"
      "       axiom-client update --check | --apply --channel URL [options]\n"
      "       axiom-client --standalone ... [--upload-url URL] [--policy-url URL]\n"
      "\n"
      "  --upload-url URL    send results to: a folder (https://HOST/PATH/), an address\n"
      "                      with {name} in it, or that of one object; DIR = --out\n"
      "  --upload-intermediate [MINUTES]   send finished parts during the run (10)\n"
      "  --outbox-limit MB   what may wait for parts to be added (100)\n"
      "  --print-upload      print all that would leave this machine; send nothing\n"
      "  --upload-credentials FILE   one line: USER:PASSWORD or Bearer TOKEN\n"
      "  --policy-url URL    ask first which versions the project accepts\n"
      "  --check             is there a newer program, signed by the project?\n"
      "  --apply             put it in place, if it passes its self-test\n"
      "  --channel URL       folder of the project's releases\n"
      "  --ca-file FILE      CA certificates instead of the system's; embedded: those\n"
      "                      within this program\n"
      "  --pin sha256//BASE64   public key of the server; repeatable: any will do\n"
      "  --connect-timeout S (30)  --stall-timeout S (60)  --total-timeout S (300 and\n"
      "                      one per KiB)\n"
      "  --retry-for S       how long to try (21600; update: 60); 0: once\n"
      "  --retry-delay S     bound of the first delay, doubled each time (10)\n"
      "  --json, --quiet     update: JSON on standard output; no log\n"
      "More: docs/UPLOADS.md, docs/UPDATES.md. Exit codes: docs/ERRORS.md\n");
  return ExitCode::ok;
}

}  // namespace axiom
