#!/bin/sh
# Everything that only a real GPU can show, in one run: equality, sanitizer, whole experiments, speed.
# Needs a build with tests (scripts/test.sh) and an NVIDIA driver. Exit code 77: SKIPPED, no device.
# Usage: prove_on_device.sh BUILD_DIR [REPORT_DIR]
set -eu
build=$1
report=${2:-gpu-report}
here=$(cd "$(dirname "$0")" && pwd)
client="$build/axiom-client"
mkdir -p "$report"
"$client" devices --json >"$report/devices.json"
"$client" devices | grep -q '^cuda:0 *available' || { "$client" devices | grep '^cuda'; echo "SKIPPED: no device"; exit 77; }
failed=0
check() {
  name=$1
  shift
  if "$@" >"$report/$name.log" 2>&1; then echo "passed: $name"; else echo "FAILED: $name (see $report/$name.log)"; failed=1; fi
}
check self-test "$client" self-test
check equality "$build/tests/cuda_emulation/cuda_equality_test"
check experiments python3 "$here/../equality/experiments_equal.py" "$client" cuda
for tool in memcheck racecheck initcheck synccheck; do
  check "sanitizer-$tool" sh "$here/sanitizer.sh" "$tool" "$build/tests/cuda_emulation/cuda_equality_test"
done
processor=$(python3 -c 'import json, sys
print(next(b["name"] for b in json.load(open(sys.argv[1]))["backends"]
           if b["available"] and not b["name"].startswith("cuda")))' "$report/devices.json")
# Many seeds on the device, one of them on one core: the times and speeds stand in the telemetry.
for experiment in compgen featrank neuronspec featcompv2 repalignv2 microscalev2; do
  seeds=64
  [ "$experiment" != microscalev2 ] || seeds=4
  check "speed-$experiment-cuda" "$client" --standalone --experiment "$experiment" --seed 42 --seeds "$seeds" --preset small \
    --backend cuda --priority normal --json --out "$report/cuda"
  check "speed-$experiment-processor" "$client" --standalone --experiment "$experiment" --seed 42 --preset small \
    --threads 1 --backend "$processor" --priority normal --json --out "$report/processor"
done
check bench "$client" bench --json
# The same work by PyTorch and JAX, where AXIOM_PEERS_PYTHON names an interpreter that has them: some ten minutes.
if [ -n "${AXIOM_PEERS_PYTHON:-}" ]; then
  code=0
  python3 -B "$here/../bench/peers/compare_with_peers.py" "$client" --json "$report/peers.json" \
    --logs "$report/peers" --time-limit 480 >"$report/peers.log" 2>&1 || code=$?
  case $code in
    0) echo "passed: peers" ;;
    77) echo "SKIPPED: peers ($(tail -n 1 "$report/peers.log"))" ;;
    *) echo "FAILED: peers (see $report/peers.log)"; failed=1 ;;
  esac
else
  echo "SKIPPED: peers (AXIOM_PEERS_PYTHON is not set)"
fi
exit "$failed"
