// Who can have written what a program does as it is told.
#pragma once

#include <string>

namespace axiom {

/// IoError if another user than root, this one and the owner of `executable` could have put
/// something into `directory`: a program that does as it is told there would obey him. A missing
/// one is no error.
void require_guarded(const std::string& directory, const std::string& executable);

/// For root, of an executable that belongs to another user: `directory` and what is in it becomes
/// that one's, too. IoError.
void give_to_owner(const std::string& directory, const std::string& executable);

}  // namespace axiom
