#!/bin/bash
# Proves the AVX-512 backend on any x86-64 host: natively where the processor has AVX-512, else in
# the emulator Bochs (README.md).
# Usage: run.sh BUILD_DIR [--unit-only] [--limit SECONDS]
# Exit code: 0 proved; 1 a test failed, was skipped or did not run; 2 usage; 77 SKIPPED.
set -euo pipefail

usage() {
  echo "usage: $0 BUILD_DIR [--unit-only] [--limit SECONDS]" >&2
  exit 2
}

here=$(cd "$(dirname "$0")" && pwd)
[[ $# -ge 1 && -d $1 ]] || usage
build=$(cd "$1" && pwd)
shift
with_client=yes
limit=3000
while [[ $# -gt 0 ]]; do
  case $1 in
    --unit-only) with_client=no ;;
    --limit) [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || usage; limit=$2; shift ;;
    *) usage ;;
  esac
  shift
done

unit_tests=("$build/tests/backend_equality_test" "$build/tests/matrix_equality_test")
init=$build/tests/avx512_emulated/emulated_init
client=$build/axiom-client
work=$build/avx512_emulated
programs=("${unit_tests[@]}" "$init")
[[ $with_client == no ]] || programs+=("$client")
for program in "${programs[@]}"; do
  [[ -x $program ]] || {
    echo "FAILED: no $program: build the targets backend_equality_test, matrix_equality_test," \
         "emulated_init and axiom-client first"
    exit 1
  }
done
mkdir -p "$work"
cd "$work"

# The machine runs the lines of `commands`, the host's own answers to the same work are in
# expected/. Work units run on AVX-512 only: the reference runs here.
for unit_test in "${unit_tests[@]}"; do
  echo "/tests/$(basename "$unit_test") --gtest_color=no --gtest_filter=*avx512*"
done > commands
# What the emulator's AVX2 gets wrong, too, is the emulator's fault (verdict.sh).
echo "/tests/matrix_equality_test --gtest_color=no --gtest_filter=*avx2*" >> commands
if [[ $with_client == yes ]]; then
  echo "/tests/axiom-client self-test" >> commands
  for unit in "$here"/work_units/*.json; do
    name=$(basename "$unit" .json)
    echo "/tests/axiom-client --standalone --work-unit /tests/work_units/$name.json --out /$name" \
         "--backend avx512 --threads 1 --priority normal --json --quiet" >> commands
  done
fi

run_natively() {
  local line unit_test
  rm -rf native && mkdir native
  while read -r line; do
    echo "### run $line"
    for unit_test in "${unit_tests[@]}"; do
      line=${line//\/tests\/$(basename "$unit_test")/$unit_test}
    done
    line=${line//\/tests\/axiom-client/$client}
    line=${line//\/tests\/work_units/$here/work_units}
    line=${line//--out \//--out $work/native/}
    local status=0
    $line || status=$?
    echo "### exit $status"
  done < commands > serial.log 2>&1
}

source "$here/emulator.sh"
source "$here/verdict.sh"

emulated=yes
if grep -qw avx512f /proc/cpuinfo; then
  emulated=no
  echo "this processor has AVX-512: the tests run on it"
  run_natively
else
  require_packages
  fetch_kernel
  make_boot_image
  emulate
fi
judge
