#!/bin/sh
# Makes minisign keys: NAME.pub and NAME.key in DIRECTORY, each with a password of its own that is asked for.
# Usage: make_keys.sh [--no-password] DIRECTORY NAME...   (--no-password: for keys that are thrown away)
set -eu
option=""
if [ "${1:-}" = "--no-password" ]; then
  option="-W"
  shift
fi
[ $# -ge 2 ] || { echo "usage: $0 [--no-password] DIRECTORY NAME..." >&2; exit 2; }
command -v minisign >/dev/null || { echo "minisign is missing: apt-get install minisign" >&2; exit 1; }
directory=$1
shift
umask 077
mkdir -p "$directory"
for name in "$@"; do
  [ ! -e "$directory/$name.key" ] || { echo "$directory/$name.key exists: not replaced" >&2; exit 1; }
  minisign -G $option -p "$directory/$name.pub" -s "$directory/$name.key" >/dev/null
  echo "$name: $(sed -n 2p "$directory/$name.pub")"
done
