"""Ed25519 signatures of the files of an application version, by openssl (1.1.1 or later).

What is signed is not the file alone but where it belongs, so that no file can stand for another one, nor for that of
another version: three lines, `axiom application file 1`, `APP/VERSION/PLATFORM/NAME`, the SHA-256 in hex.
"""

import base64
import binascii
import hashlib
import pathlib
import tempfile

from code_signing import SigningError, openssl

SUFFIX = ".ed25519.sig"  # ends in .sig: update_versions passes over it
SIGNATURE_BYTES = 64


def generate_key():
    """Returns the texts of the private and the public key, PEM."""
    private = openssl("genpkey", "-algorithm", "ed25519")
    if private.returncode != 0:
        raise SigningError("this openssl knows no Ed25519: 1.1.1 or later is needed")
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory, "key")
        path.touch(0o600)
        path.write_bytes(private.stdout)
        public = openssl("pkey", "-in", path, "-pubout")
    return private.stdout.decode(), public.stdout.decode()


def require_key(path, public):
    """SigningError if it is none."""
    kind = "public" if public else "private"
    shown = openssl("pkey", *(["-pubin"] if public else []), "-in", path, "-noout", "-text")
    if shown.returncode != 0 or not shown.stdout.upper().startswith(b"ED25519"):
        raise SigningError(f"{path}: not an Ed25519 {kind} key in PEM" +
                           ("" if public else ", or its pass phrase was not given (at a terminal) or is another one"))


def _message(place, data):
    return f"axiom application file 1\n{place}\n{hashlib.sha256(data).hexdigest()}\n".encode()


def sign(place, data, private_key):
    """The text of FILE.ed25519.sig. `place`: APP/VERSION/PLATFORM/NAME; `private_key`: path.
    REQUIRES: require_key(private_key, public=False)."""
    with tempfile.TemporaryDirectory() as directory:
        message = pathlib.Path(directory, "message")
        message.write_bytes(_message(place, data))
        done = openssl("pkeyutl", "-sign", "-rawin", "-inkey", private_key, "-in", message)
    if done.returncode != 0 or len(done.stdout) != SIGNATURE_BYTES:
        raise SigningError(f"{private_key}: openssl does not sign with it: {done.stderr.decode(errors='replace').strip()}")
    return base64.b64encode(done.stdout).decode() + "\n"


def verify(place, data, signature, public_key):
    """Whether the text `signature` is that of these bytes at this place. SigningError: it is no signature at all.
    REQUIRES: require_key(public_key, public=True)."""
    try:
        raw = base64.b64decode(signature.strip(), validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != SIGNATURE_BYTES:
        raise SigningError("not an Ed25519 signature: expected one line of base64 for 64 bytes")
    with tempfile.TemporaryDirectory() as directory:
        message, signed = pathlib.Path(directory, "message"), pathlib.Path(directory, "signature")
        message.write_bytes(_message(place, data))
        signed.write_bytes(raw)
        done = openssl("pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", public_key, "-in", message, "-sigfile", signed)
    return done.returncode == 0
