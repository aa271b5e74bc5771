// What this program's updates have left beside it.
#pragma once

#include "client/update/installation.h"

namespace axiom {

/// Of this program. IoError if it cannot be told where it lies, or if others could have put there
/// what it would do as it is told.
Installation own_installation();

}  // namespace axiom
