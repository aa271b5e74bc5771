#!/bin/sh
# Installs the Debian packages that building and testing need, if any is missing.
# Usage: install-packages.sh build|test|long
set -eu
build="g++ cmake ninja-build git nlohmann-json3-dev libcli11-dev libssl-dev libcurl4-openssl-dev zlib1g-dev liblzma-dev xz-utils ca-certificates libboinc-app-dev"
test="$build libgtest-dev libbenchmark-dev libmpfr-dev libgmp-dev libboost-context-dev clang-format python3 python3-numpy binutils openssl nginx-light minisign strace boinc-client libfaketime"
long="$test python3-swift clang clang-tidy valgrind chromium fonts-dejavu-core"
case "${1:-}" in
  build) packages=$build ;;
  test) packages=$test ;;
  long) packages=$long ;;
  *) echo "usage: $0 build|test|long" >&2; exit 2 ;;
esac
missing=""
for package in $packages; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
command -v apt-get >/dev/null || { echo "needs the packages$missing (apt-get not found)" >&2; exit 1; }
run=""
if [ "$(id -u)" != 0 ]; then
  run="sudo"
  command -v sudo >/dev/null || { echo "needs the packages$missing, and there is no sudo: as root, sh $0 $1" >&2; exit 1; }
fi
echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
$run apt-get update -qq
# shellcheck disable=SC2086
$run apt-get install -y -qq --no-install-recommends $missing >/dev/null
