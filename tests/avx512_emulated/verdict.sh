# shellcheck shell=bash disable=SC2154
# Part of run.sh: what serial.log must show. Reads the variables of run.sh.

failures=0
excused=none  # the unit test whose failures are the emulator's

# expect WHAT PATTERN: a fixed string that some line of the log contains.
expect() {
  if grep -aqF -- "$2" answers.log; then
    echo "ok: $1"
  else
    echo "FAILED: $1: no \"$2\" in $work/answers.log"
    failures=$((failures + 1))
  fi
}

# Every test of the list must have run: a missing or skipped one has no OK.
judge_unit_test() {
  local unit_test=$1 name names
  names=$("$unit_test" --gtest_list_tests '--gtest_filter=*avx512*' |
          awk '/^[^ ].*\.$/ { suite = $1 } /^  / { print suite $1 }')
  [[ -n $names ]] || { echo "FAILED: $unit_test has no avx512 tests"; exit 1; }
  for name in $names; do
    if [[ $emulated == yes ]] && grep -aqF "[  FAILED  ] ${name/avx512/avx2}," answers.log; then
      echo "NOT JUDGED: $name: the emulator's AVX2 fails, too, which processors compute rightly"
      excused=/tests/$(basename "$unit_test")
    else
      expect "$name" "[       OK ] $name ("
    fi
  done
}

# The log must hold the digest that the reference backend computes on this host.
judge_work_unit() {
  local name=$1 summary digest
  rm -rf "expected/$name"
  summary=$("$client" --standalone --work-unit "$here/work_units/$name.json" \
            --out "$work/expected/$name" --backend reference --priority normal --json --quiet)
  digest=$(grep -o '"sha256":"[0-9a-f]*"' <<< "$summary")
  expect "$name: AVX-512 computes the reference's result" "$digest"
}

judge() {
  touch serial.log
  tr -d '\r' < serial.log > answers.log
  grep -a '^### processor' answers.log || true
  for unit_test in "${unit_tests[@]}"; do judge_unit_test "$unit_test"; done
  if [[ $with_client == yes ]]; then
    local unit answers
    answers=$("$client" self-test | sed -n 's/^reference: \(.* known answers right\)$/\1/p') || true
    expect "self-test" "avx512: ${answers:-known answers right}"
    for unit in "$here"/work_units/*.json; do
      judge_work_unit "$(basename "$unit" .json)"
    done
  fi
  local commands_run good
  commands_run=$(grep -cvF "$excused" commands || true)
  good=$(grep -a '^### exit 0' answers.log | grep -cvF "$excused" || true)
  if [[ $good -ne $commands_run ]]; then
    echo "FAILED: $good of $commands_run commands ended well:"
    grep -a '^### exit' answers.log | grep -avF "$excused" | grep -av '^### exit 0' || true
    failures=$((failures + 1))
  fi
  if [[ $failures -gt 0 ]]; then
    echo "FAILED: the AVX-512 backend is not proved; all output: $work/answers.log"
    exit 1
  fi
  grep -a '^### exit' answers.log
  echo "PASSED: the AVX-512 backend computes the reference's bits"
}
