// Why something that the project should have signed is refused.
#pragma once

#include <stdexcept>
#include <string>

#include "client/signature/minisign.h"

namespace axiom {

enum class UpdateFailure {
  no_keys,  ///< the build has none
  signature_malformed,
  signature_wrong,
  comment_altered,
  too_few_signatures,
  same_key_twice,
  mixed,  ///< signatures or documents that do not belong together
  document_malformed,
  expired,
  from_the_future,
  not_newer,        ///< the version is lower than this one
  older_than_seen,  ///< a document that was current once
  wrong_platform,
  wrong_size,
  wrong_hash,
  version_too_old,     ///< this one, to be updated in one step
  new_version_failed,  ///< its self-test
  host_fails,          ///< the self-test of this version, too
  failed_before,
  rotation_refused,
  policy_refuses,      ///< this program or work unit is not accepted any more
  executable_damaged,  ///< the program's own signature does not fit
  not_here,            ///< not under BOINC
};

/// One line: what, with which value, what to do.
class UpdateError : public std::runtime_error {
 public:
  UpdateError(UpdateFailure kind, const std::string& message)
      : std::runtime_error(message), failure(kind) {}

  UpdateFailure failure;
};

/// The same as an UpdateError about the document `name`.
UpdateError update_error(const std::string& name, const SignatureError& error);

}  // namespace axiom
