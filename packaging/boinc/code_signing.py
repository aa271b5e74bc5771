"""BOINC's code signatures: RSA-1024 over the hex digits of MD5, with PKCS#1 v1.5 type 1 and no DigestInfo.

The key files are those of BOINC's own crypt_prog. Only Python's standard library; keys are drawn by openssl.
"""

import hashlib
import re
import subprocess

KEY_BYTES = 128
PRIVATE_FIELDS = (KEY_BYTES, KEY_BYTES, KEY_BYTES, 64, 64, 64, 64, 64)  # n e d p q dmp1 dmq1 iqmp


class SigningError(Exception):
    """A key or signature file that is not one."""


def _lines(data):
    digits = data.hex()
    return "".join(digits[i:i + 64] + "\n" for i in range(0, len(digits), 64)) + ".\n"


def _bytes(text):
    body, dot, rest = text.partition("\n.")
    digits = "".join(body.split())
    if not dot or rest.strip() or len(digits) % 2 or re.search("[^0-9a-f]", digits):
        raise SigningError("expected lines of hex digits that end with a line '.'")
    return bytes.fromhex(digits)


def _numbers(text, fields):
    size, _, rest = text.lstrip().partition("\n")
    if size.strip() != "1024":
        raise SigningError(f"expected a key of 1024 bits, got {size.strip()!r}")
    data = _bytes(rest)
    if len(data) != sum(fields):
        raise SigningError(f"expected a key of {sum(fields)} bytes, got {len(data)}")
    numbers, start = [], 0
    for length in fields:
        numbers.append(int.from_bytes(data[start:start + length], "big"))
        start += length
    return numbers


def openssl(*arguments, **options):
    """What it answers; SigningError if it is not there."""
    try:
        return subprocess.run(["openssl", *map(str, arguments)], capture_output=True, **options)
    except FileNotFoundError:
        raise SigningError("openssl is not there: apt-get install openssl") from None


def generate_key():
    """Returns the texts of code_sign_private and code_sign_public."""
    drawn = openssl("genrsa", "-traditional", "1024")
    listing = openssl("asn1parse", input=drawn.stdout).stdout.decode(errors="replace")
    version_and_numbers = re.findall(r"INTEGER\s*:([0-9A-F]+)", listing)
    if drawn.returncode != 0 or len(version_and_numbers) != 1 + len(PRIVATE_FIELDS):
        said = drawn.stderr.decode(errors="replace").strip().replace("\n", "; ")
        raise SigningError("openssl draws no RSA key of 1024 bits, which this system may forbid: draw BOINC's pair elsewhere"
                           + (f" ({said})" if said else ""))
    n, e, d, p, q, dmp1, dmq1, iqmp = (int(number, 16) for number in version_and_numbers[1:9])
    private = b"".join(number.to_bytes(length, "big") for number, length in
                       zip((n, e, d, p, q, dmp1, dmq1, iqmp), PRIVATE_FIELDS))
    public = n.to_bytes(KEY_BYTES, "big") + e.to_bytes(KEY_BYTES, "big")
    return "1024\n" + _lines(private), "1024\n" + _lines(public)


def require_public_key(text):
    """SigningError if it is none."""
    _numbers(text, (KEY_BYTES, KEY_BYTES))


def _padded(data):
    message = hashlib.md5(data).hexdigest().encode()
    return b"\0\1" + b"\xff" * (KEY_BYTES - 3 - len(message)) + b"\0" + message


def sign(data, private_key):
    """The text of FILE.sig for the bytes of FILE."""
    n, e, d, *_ = _numbers(private_key, PRIVATE_FIELDS)
    number = int.from_bytes(_padded(data), "big")
    signature = pow(number, d, n) if n else 0
    if not n or pow(signature, e, n) != number:
        raise SigningError("the key is damaged: its public half does not confirm what its private half signs; take your copy of it")
    return _lines(signature.to_bytes(KEY_BYTES, "big"))


def verify(data, signature, public_key):
    """Whether the BOINC client would take FILE with this signature."""
    n, e = _numbers(public_key, (KEY_BYTES, KEY_BYTES))
    number = int.from_bytes(_bytes(signature), "big")
    return number < n and pow(number, e, n).to_bytes(KEY_BYTES, "big") == _padded(data)
