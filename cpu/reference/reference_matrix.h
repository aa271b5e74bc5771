// MatrixOps in plain loops; the definition of their order of operations (client/plan/matrix_ops.h).
#pragma once

#include "client/plan/matrix_ops.h"

namespace axiom::cpu::reference {

extern const MatrixOps matrix_ops;

}  // namespace axiom::cpu::reference
