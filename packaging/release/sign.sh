#!/bin/sh
# Adds one key's signature to DOCUMENT.minisig. The trusted comment is the document's type and number.
# Usage: sign.sh DOCUMENT KEY.key
# Offline: carry DOCUMENT to each key holder; each runs this, or minisign itself with the line that it prints,
# and the signatures are joined with cat.
set -eu
[ $# -eq 2 ] || { echo "usage: $0 DOCUMENT KEY.key" >&2; exit 2; }
document=$1
key=$2
comment=$(python3 - "$document" <<'EOF'
import json, sys
try:
    document = json.load(open(sys.argv[1]))
    print(document["type"], document["number"])
except (OSError, ValueError, KeyError, TypeError) as error:
    sys.exit(f"{sys.argv[1]} is no document to be signed: {type(error).__name__}: {error}")
EOF
)
new=$(mktemp)
trap 'rm -f "$new"' EXIT
minisign -S -s "$key" -t "$comment" -c "$comment" -x "$new" -m "$document" >/dev/null
# The identifier of the key: the same in all that it signs.
id() { sed -n 2p "$1" | tr -d '\r' | base64 -d | head -c 10 | tail -c 8 | od -An -tx1; }
if [ -s "$document.minisig" ]; then
  # What was copied from a message may lack its last line's end, and the new one would be joined to it.
  [ -z "$(tail -c 1 "$document.minisig")" ] || echo >> "$document.minisig"
  lines=$(wc -l < "$document.minisig")
  first=1
  while [ "$first" -lt "$lines" ]; do
    old=$(mktemp)
    sed -n "$first,$((first + 3))p" "$document.minisig" > "$old"
    same=no
    [ "$(id "$old")" != "$(id "$new")" ] || same=yes
    rm -f "$old"
    [ $same = no ] || { echo "$document: this key has signed already" >&2; exit 1; }
    first=$((first + 4))
  done
fi
cat "$new" >> "$document.minisig"
echo "$document: signed as \"$comment\""
