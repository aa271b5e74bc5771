#!/bin/sh
# The CUDA equality test on a real device under compute-sanitizer. Exit code 77: SKIPPED.
# Usage: sanitizer.sh TOOL CUDA_EQUALITY_TEST
set -eu
sanitizer=$(command -v compute-sanitizer || echo /usr/local/cuda/bin/compute-sanitizer)
[ -x "$sanitizer" ] || { echo "SKIPPED: compute-sanitizer is missing (it comes with the CUDA toolkit)"; exit 77; }
report=$("$2" --gtest_filter='*DivergenceIsSeen' 2>&1) || { echo "$report"; exit 1; }
case "$report" in
  *"SKIPPED cuda"*) echo "$report" | grep "SKIPPED cuda"; exit 77 ;;
esac
exec "$sanitizer" --tool "$1" --error-exitcode 1 "$2" --gtest_filter='-*LaunchesOfOneStep'
