"""A certificate authority for a test, by the openssl tool."""

import hashlib
import base64
import pathlib
import subprocess

CONFIG = """
[ca]
default_ca = ca
[ca]
database = {directory}/index.txt
new_certs_dir = {directory}
default_md = sha256
policy = any
unique_subject = no
rand_serial = yes
email_in_dn = no
[any]
commonName = supplied
"""


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, text=True)


class Authority:
    """Issues certificates for localhost in a directory of its own."""

    def __init__(self, directory, name="Test Authority", signer=None):
        """`signer`: issues with this (certificate, key)."""
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.key = self.directory / "ca.key"
        self.certificate = self.directory / "ca.pem"
        if self.certificate.exists():
            return
        (self.directory / "index.txt").touch()
        (self.directory / "ca.cnf").write_text(CONFIG.format(directory=self.directory))
        if signer:
            self.certificate, self.key = signer
            return
        new_key(self.key)
        openssl("req", "-x509", "-new", "-key", self.key, "-subj", f"/CN={name}", "-days", "3650",
                "-addext", "keyUsage=critical,keyCertSign", "-out", self.certificate)

    def expire(self):
        """Its certificate becomes one of the same name and key that is no longer valid."""
        request = self.directory / "ca.csr"
        extensions = self.directory / "ca.ext"
        extensions.write_text("basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n")
        openssl("x509", "-x509toreq", "-in", self.certificate, "-signkey", self.key, "-out", request)
        openssl("ca", "-selfsign", "-batch", "-notext", "-config", self.directory / "ca.cnf", "-keyfile", self.key,
                "-in", request, "-out", self.certificate, "-extfile", extensions, "-startdate", "20100101000000Z",
                "-enddate", "20210101000000Z")

    def issue(self, name, hosts=("DNS:localhost", "IP:127.0.0.1"), start=None, end=None, key=None,
              kind="ec", common_name="test server", extension="", digest="sha256"):
        """(certificate, key) as paths. `start` and `end` as YYYYMMDDHHMMSSZ; `extension`: one more, as openssl writes it."""
        stem = self.directory / name
        certificate = stem.with_suffix(".pem")
        if key is None:
            key = stem.with_suffix(".key")
            new_key(key, kind)
        extensions = stem.with_suffix(".ext")
        names = f"subjectAltName={','.join(hosts)}\n" if hosts else ""
        extensions.write_text(f"{names}basicConstraints=CA:FALSE\n{extension}\n")
        request = stem.with_suffix(".csr")
        openssl("req", "-new", "-key", key, "-subj", f"/CN={common_name}", "-out", request)
        dates = ["-startdate", start or "20200101000000Z", "-enddate", end or "20991231000000Z"]
        openssl("ca", "-batch", "-notext", "-config", self.directory / "ca.cnf", "-cert",
                self.certificate, "-keyfile", self.key, "-in", request, "-out", certificate,
                "-extfile", extensions, "-md", digest, *dates)
        return certificate, key


def new_key(path, kind="ec"):
    options = {"ec": ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
               "rsa2048": ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
               "p384": ["EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
               "p521": ["EC", "-pkeyopt", "ec_paramgen_curve:P-521"],
               "ed25519": ["ED25519"],
               "rsa1024": ["RSA", "-pkeyopt", "rsa_keygen_bits:1024"]}[kind]
    openssl("genpkey", "-algorithm", *options, "-out", path)


def self_signed(directory):
    key = pathlib.Path(directory) / "self.key"
    certificate = pathlib.Path(directory) / "self.pem"
    new_key(key)
    openssl("req", "-x509", "-new", "-key", key, "-subj", "/CN=localhost", "-days", "30", "-addext",
            "subjectAltName=DNS:localhost", "-out", certificate)
    return certificate, key


def pin(key):
    """The public key of a private one, as --pin takes it."""
    der = subprocess.run(["openssl", "pkey", "-in", str(key), "-pubout", "-outform", "DER"],
                         check=True, capture_output=True).stdout
    return "sha256//" + base64.b64encode(hashlib.sha256(der).digest()).decode()
