#!/usr/bin/env python3
"""Puts signatures at the end of an executable, where the program itself finds and checks them.

    minisign -S -s a.key -t "axiom-client executable 0.2.0" -x a.minisig -m axiom-client
    attach_signature.py axiom-client a.minisig b.minisig

Do this before make_manifest.py: the manifest's digest is that of the file with its record.
"""

import os
import pathlib
import shutil
import sys

MAGIC = b"AXIOMSIG"


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    path = pathlib.Path(sys.argv[1])
    try:
        program = path.read_bytes()
        signatures = [pathlib.Path(name).read_bytes() for name in sys.argv[2:]]
    except OSError as error:
        sys.exit(str(error))
    if program.endswith(MAGIC):
        sys.exit(f"{path} has a signature record already")
    for name, text in zip(sys.argv[2:], signatures):
        lines = text.splitlines()
        if len(lines) != 4 or not text.endswith(b"\n") or not lines[2].startswith(b"trusted comment: axiom-client executable "):
            sys.exit(f"{name} is no signature of an executable: four whole lines, with the trusted comment "
                     "\"axiom-client executable VERSION\"")
    signatures = b"".join(signatures)
    draft = path.with_name(path.name + ".tmp")
    try:
        shutil.copy2(path, draft)
        with draft.open("ab") as file:
            file.write(signatures + len(signatures).to_bytes(8, "little") + MAGIC)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        sys.exit(str(error))


if __name__ == "__main__":
    main()
