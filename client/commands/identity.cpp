#include "client/commands/identity.h"

#include "client/anchors/anchors.h"
#include "client/system/executable.h"
#include "client/system/files.h"
#include "client/update/executable_signature.h"
#include "client/update/installation.h"
#include "client/update/manifest.h"

namespace axiom {

std::string signature_line() {
  std::string path;
  try {
    path = own_executable();
    if (!has_signature_record(end_of_file(path, longest_signature_record))) return "";
  } catch (const IoError&) {
    return "";  // replaced while it ran, or no /proc: nothing can be said
  }
  const KeyList keys = trusted_keys(embedded_key_list(), {});
  return "signed: " +
         verified_executable(real_file_system().read(path, maximum_executable_bytes), keys);
}

}  // namespace axiom
