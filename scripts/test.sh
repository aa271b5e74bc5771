#!/bin/sh
# Installs what is needed, builds everything and runs the tests. Exits with 0 only if all pass.
# Usage: test.sh [long]   short and medium tests; with "long" the long ones (ten minutes and more) instead.
set -eu
cd "$(dirname "$0")/.."
case "${1:-}" in
  "" | long) ;;
  *) echo "usage: $0 [long]" >&2; exit 2 ;;
esac
sh scripts/install-packages.sh "${1:-test}"
cmake -S . -B build-test -G Ninja -DAXIOM_TESTS=ON -DAXIOM_BENCHMARKS=ON -DAXIOM_WARNINGS_ARE_ERRORS=ON >/dev/null
cmake --build build-test
cd build-test
case "${1:-}" in
  "") ctest --output-on-failure -LE long -j "$(($(nproc) * 2))" ;;  # half cores: tests/CMakeLists.txt
  long) ctest --output-on-failure -L long --verbose ;;
esac
