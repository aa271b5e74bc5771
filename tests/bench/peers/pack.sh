#!/bin/sh
# Puts what a comparison needs into one folder, for a machine with a GPU on which nothing can be installed: the
# program, the libraries that it loads (not glibc's, nor the driver's), and the scripts. No PyTorch, no JAX.
# Usage: pack.sh BUILD_DIR FOLDER; there: sh FOLDER/compare.sh [options of compare_with_peers.py]
set -eu
build=$1
folder=$2
here=$(cd "$(dirname "$0")" && pwd)
[ -x "$build/axiom-client" ] || { echo "error: $build/axiom-client: no executable" >&2; exit 1; }
[ ! -e "$folder" ] || { echo "error: $folder exists: name a new folder" >&2; exit 1; }
mkdir -p "$folder/lib" "$folder/tests/bench/peers" "$folder/tests/oracle"
cp "$build/axiom-client" "$folder/axiom-client.bin"
ldd "$build/axiom-client" | awk '$2 == "=>" && $3 ~ /^\// {print $3}' |
  grep -Ev '/(libc|libm|libdl|librt|libpthread|libresolv)\.so' | while read -r library; do cp -L "$library" "$folder/lib/"; done
cp "$here"/*.py "$folder/tests/bench/peers/"
cp "$here"/../../oracle/*.py "$folder/tests/oracle/"
cat >"$folder/axiom-client" <<'END'
#!/bin/sh
here=$(cd "$(dirname "$0")" && pwd)
LD_LIBRARY_PATH="$here/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" exec "$here/axiom-client.bin" "$@"
END
cat >"$folder/compare.sh" <<'END'
#!/bin/sh
# The libraries are the program's alone: PyTorch and JAX bring their own.
here=$(cd "$(dirname "$0")" && pwd)
exec python3 -B "$here/tests/bench/peers/compare_with_peers.py" "$here/axiom-client" "$@"
END
chmod +x "$folder/axiom-client" "$folder/compare.sh"
du -sh "$folder" | cut -f1
