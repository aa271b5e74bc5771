#!/bin/sh
# clang-tidy finds nothing in the product's sources. Exit code 77: SKIPPED.
# Usage: static_analysis.sh SOURCE_DIR BUILD_DIR
set -eu
cd "$1"
command -v clang-tidy >/dev/null || { echo "SKIPPED: clang-tidy is missing (apt-get install clang-tidy)"; exit 77; }
find client cpu cuda checkpoint -name '*.cpp' | sort | xargs -P "$(nproc)" -n 4 clang-tidy -p "$2" --quiet --extra-arg=-Wno-unknown-warning-option
