// exp and log in binary64 for metrics on the host. The errors are bounds over a million inputs
// each, tested against MPFR.
#pragma once

namespace axiom::arithmetic {

/// e^x. Subnormal results are kept; overflow gives infinity; NaN gives NaN. Error: below 0.90 ulp.
double exp(double x);
/// Natural logarithm; log(0) = −infinity, negative or NaN gives NaN. Error: below 0.95 ulp.
double log(double x);

}  // namespace axiom::arithmetic
