#include "client/update/failure.h"

namespace axiom {
namespace {

UpdateFailure update_failure(SignatureFailure failure) {
  switch (failure) {
    case SignatureFailure::malformed:
      return UpdateFailure::signature_malformed;
    case SignatureFailure::wrong:
      return UpdateFailure::signature_wrong;
    case SignatureFailure::comment_altered:
      return UpdateFailure::comment_altered;
    case SignatureFailure::too_few:
      return UpdateFailure::too_few_signatures;
    case SignatureFailure::same_key_twice:
      return UpdateFailure::same_key_twice;
    case SignatureFailure::mixed:
      return UpdateFailure::mixed;
  }
  return UpdateFailure::signature_malformed;
}

}  // namespace

UpdateError update_error(const std::string& name, const SignatureError& error) {
  return {update_failure(error.failure),
          name + ": " + error.what() +
              "; nothing of it is used. Try again later, and tell the "
              "project if it stays"};
}

}  // namespace axiom
