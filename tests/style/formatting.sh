#!/bin/sh
# All C++ sources are as clang-format writes them. Exit code 77: SKIPPED.
# Usage: formatting.sh SOURCE_DIR
set -eu
cd "$1"
command -v clang-format >/dev/null || { echo "SKIPPED: clang-format is missing (apt-get install clang-format)"; exit 77; }
find client cpu cuda checkpoint tests -name '*.cpp' -o -name '*.h' -o -name '*.inl' -o -name '*.cu' | sort |
  xargs clang-format --dry-run --Werror
