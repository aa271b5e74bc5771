"""Who a server is: everything but a valid certificate is refused before a byte of the upload is sent."""

import ssl
import subprocess
import unittest
import warnings

import certificates
from servers import Server, answer, free_port
from support import NetworkTest, client

OK = answer(204)


def old_protocol(context):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("ALL:@SECLEVEL=0")


def weak(context):
    context.set_ciphers("ALL:@SECLEVEL=0")


class Tls(NetworkTest):
    def refused(self, code, fragment, certificate=None, setup=None, host="localhost", arguments=(),
                ca=None):
        with Server(certificate or self.valid, OK, setup) as server:
            done = self.upload(server.url("/", host), *arguments, ca=ca)
            self.assert_error(done, code, fragment)
            self.assertGreater(server.connections, 0)
            self.assertEqual(server.application_bytes, 0, "bytes left before the server was trusted")
        self.assertEqual(len(self.waiting()), 2)
        self.assertEqual(self.receipts(), [])

    def test_valid(self):
        with Server(self.valid, OK) as server:
            done = self.upload(server.url())
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(len(server.requests), 2)
        self.assertEqual(self.waiting(), [])
        self.assertEqual(len(self.receipts()), 2)

    def test_valid_by_address(self):
        with Server(self.valid, OK) as server:
            self.assertEqual(self.upload(server.url("/", "127.0.0.1")).returncode, 0)

    def test_expired(self):
        certificate = self.authority.issue("expired", end="20210101000000Z")
        self.refused(41, "has expired (this host's clock says 20", certificate)

    def test_not_yet_valid(self):
        certificate = self.authority.issue("future", start="20980101000000Z")
        self.refused(41, "is not yet valid (this host's clock", certificate)

    def test_wrong_host(self):
        certificate = self.authority.issue("other", hosts=["DNS:example.org"])
        self.refused(41, "for another host name than 'localhost'", certificate)

    def test_wrong_address(self):
        certificate = self.authority.issue("name-only", hosts=["DNS:localhost"])
        self.refused(41, "for another host name than '127.0.0.1'", certificate, host="127.0.0.1")

    def test_wildcard_is_no_match_for_a_bare_name(self):
        certificate = self.authority.issue("wildcard", hosts=["DNS:*.localhost"])
        self.refused(41, "for another host name", certificate)

    def test_a_common_name_alone(self):
        """Authorities that are limited to some names are free in it. Seen on a new connection; a kept one was new once."""
        for name, hosts in (("bare", ()), ("mail", ["email:a@localhost"]), ("site", ["URI:https://localhost/"])):
            certificate = self.authority.issue(name, hosts=hosts, common_name="localhost")
            self.refused(41, "its certificate has no subjectAltName, which says for which host it is", certificate)

    def test_self_signed(self):
        self.refused(41, "is self-signed", certificates.self_signed(self.directory))

    def test_self_signed_as_ca_file(self):
        certificate = certificates.self_signed(self.directory)
        with Server(certificate, OK) as server:
            done = self.upload(server.url(), ca=certificate[0])
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_unknown_authority(self):
        other = certificates.Authority(self.directory / "other", "Other Authority")
        self.refused(41, "its certificate was issued by an authority that is not in '", other.issue("server"))

    def test_unknown_authority_with_the_embedded_bundle(self):
        self.refused(41, "not in the bundle within this program", ca="embedded")

    def test_authority_of_the_same_name(self):
        impostor = certificates.Authority(self.directory / "impostor")
        self.refused(41, "its certificate was issued by an authority that is not in", impostor.issue("server"))

    def test_what_is_not_for_servers(self):
        for name, extension in (("clients", "extendedKeyUsage=clientAuth"), ("code", "extendedKeyUsage=codeSigning"),
                                ("issuing", "keyUsage=critical,keyCertSign"), ("odd", "1.2.3.4=critical,ASN1:UTF8String:x")):
            self.refused(41, "its certificate is refused: ", self.authority.issue(name, extension=extension))

    def test_an_issuer_that_is_no_authority(self):
        server = self.authority.issue("issuer")
        under = certificates.Authority(self.directory / "under", signer=server).issue("under")
        chain = self.directory / "chain.pem"
        chain.write_text(under[0].read_text() + server[0].read_text())
        self.refused(41, "its certificate is refused: ", (chain, under[1]))

    def test_sha_1(self):
        self.refused(41, "its certificate chain is signed with a broken digest",
                     self.authority.issue("sha1", digest="sha1"), weak)

    def test_keys_of_all_kinds(self):
        for kind in ("p384", "p521", "ed25519", "rsa2048"):
            with Server(self.authority.issue(kind, kind=kind), OK) as server:
                self.assertEqual(self.upload(server.url()).returncode, 0, kind)
                self.assertEqual(len(server.requests), 2)
            for receipt in self.outbox.glob("*.sent.json"):
                receipt.unlink()

    def test_later_versions_of_http_only(self):
        port = free_port()
        with subprocess.Popen(["openssl", "s_server", "-accept", str(port), "-cert", self.valid[0], "-key", self.valid[1],
                               "-alpn", "h2", "-quiet"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as server:
            done = self.upload(f"https://localhost:{port}/", "--retry-for", "30", "--retry-delay", "0.1")  # once it listens
            server.kill()
        self.assert_error(done, 41, "it speaks no HTTP/1.1")

    def test_removed_pin(self):
        certificates.new_key(self.directory / "removed.key")
        self.refused(41, "none of the pinned ones",
                     arguments=["--pin", certificates.pin(self.directory / "removed.key")])

    def test_current_and_backup_pin(self):
        certificates.new_key(self.directory / "backup.key")
        backup = certificates.pin(self.directory / "backup.key")
        current = certificates.pin(self.valid[1])
        renewed = self.authority.issue("renewed", key=self.directory / "backup.key")
        for certificate in (self.valid, renewed):
            with Server(certificate, OK) as server:
                done = self.upload(server.url(), "--pin", current, "--pin", backup)
                self.assertEqual(done.returncode, 0, done.stderr)

    def test_pin_does_not_replace_the_chain(self):
        certificate = certificates.self_signed(self.directory)
        self.refused(41, "is self-signed", certificate,
                     arguments=["--pin", certificates.pin(certificate[1])])

    def test_tls_1_1_only(self):
        self.refused(41, "no TLS 1.2 or later", setup=old_protocol)

    def test_tls_1_2_is_enough(self):
        def only(context):
            context.maximum_version = ssl.TLSVersion.TLSv1_2
        with Server(self.valid, OK, only) as server:
            self.assertEqual(self.upload(server.url()).returncode, 0)

    def test_rsa_1024(self):
        certificate = self.authority.issue("weak", kind="rsa1024")
        self.refused(41, "too short: RSA needs 2048 bits", certificate, weak)

    def test_rsa_1024_whatever_the_system_allows(self):
        # OpenSSL's configuration file of the host does not lower the level.
        configuration = self.directory / "openssl.cnf"
        configuration.write_text(
            "openssl_conf=x\n[x]\nssl_conf=y\n[y]\nsystem_default=z\n[z]\n"
            "CipherString=ALL:@SECLEVEL=0\nMinProtocol=TLSv1\n")
        certificate = self.authority.issue("weak2", kind="rsa1024")
        for chosen, setup, fragment in [(certificate, weak, "too short"),
                                        (self.valid, old_protocol, "no TLS 1.2")]:
            with Server(chosen, OK, setup) as server:
                done = self.upload(server.url(), env={"OPENSSL_CONF": str(configuration)})
                self.assert_error(done, 41, fragment)
                self.assertEqual(server.application_bytes, 0)

    def test_no_common_cipher(self):
        def obsolete(context):
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            context.set_ciphers("NULL-SHA256:@SECLEVEL=0")
        rsa = self.authority.issue("rsa", kind="rsa2048")
        self.refused(41, "no common way to encrypt: ", rsa, obsolete)

    def test_no_tls_at_all(self):
        def plain(connection, server):
            server.receive(connection)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        with Server(None, plain, raw=True) as server:
            self.assert_error(self.upload(server.url()), 41, "does not speak TLS on this port")

    def test_handshake_cut_off(self):
        def cut(connection, server):
            server.receive(connection)  # the client's hello
            connection.sendall(b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03")
        with Server(None, cut, raw=True) as server:
            self.assert_error(self.upload(server.url()), 40, "broke during the TLS handshake")

    def answered_by_alert(self, number, code, fragment):
        def alert(connection, server):
            server.receive(connection)
            connection.sendall(b"\x15\x03\x03\x00\x02\x02" + bytes([number]))
            while server.receive(connection):
                pass
        with Server(None, alert, raw=True) as server:
            self.assert_error(self.upload(server.url()), code, fragment)

    def test_a_name_that_the_server_does_not_know(self):
        self.answered_by_alert(112, 41, "it knows no host of that name: check the address")

    def test_a_server_in_trouble(self):
        self.answered_by_alert(80, 40, "broke during the TLS handshake")

    def test_a_server_that_demands_a_certificate(self):
        """With TLS 1.3, which tells only after the client has begun to speak."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(*map(str, self.valid))
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(str(self.authority.certificate))

        def demand(connection, server):
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            secured = context.wrap_bio(incoming, outgoing, server_side=True)
            while True:
                try:
                    secured.do_handshake()
                except ssl.SSLWantReadError:
                    connection.sendall(outgoing.read())
                    incoming.write(server.receive(connection))
                except ssl.SSLError:
                    break
            connection.sendall(outgoing.read())
            while server.receive(connection):  # a close at once would be a reset
                pass
        with Server(None, demand, raw=True) as server:
            self.assert_error(self.upload(server.url()), 41, "it demands a certificate of its clients, and this program has none")

    def test_handshake_that_never_comes(self):
        def silent(connection, server):
            while server.receive(connection):
                pass
        with Server(None, silent, raw=True) as server:
            done = self.upload(server.url(), "--connect-timeout", "1")
            self.assert_error(done, 42, "no connection within 1 s (--connect-timeout)")

    def test_chain_without_its_intermediate(self):
        key = self.directory / "middle.key"
        certificates.new_key(key)
        middle = certificates.Authority(self.directory / "middle", "Middle")
        self.refused(41, "not in '", middle.issue("below"))

    def test_ca_file_that_is_none(self):
        empty = self.directory / "empty.pem"
        empty.write_text("no certificate\n")
        done = self.upload("https://localhost:1/", ca=empty)
        self.assert_error(done, 7, "holds no certificate in PEM format")
        done = self.upload("https://localhost:1/", ca=self.directory / "missing.pem")
        self.assert_error(done, 7, "missing.pem")
        empty.write_text(self.authority.certificate.read_text() + "x\n" * 4_000_000)
        done = self.upload("https://localhost:1/", ca=empty)
        self.assert_error(done, 7, "is longer than the 8000000 bytes that it may have")

    def test_ca_file_that_is_damaged(self):
        damaged = self.directory / "damaged.pem"
        damaged.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        with Server(self.valid, OK) as server:
            self.assert_error(self.upload(server.url(), ca=damaged), 41,
                              f"the CA certificates of '{damaged}' are not readable as PEM: mend that file, or take the bundle")

    def test_an_authority_that_has_expired(self):
        """In a store that is old, say: it is not the server's operator who must act."""
        old = certificates.Authority(self.directory / "old", "Old Authority")
        certificate = old.issue("server")
        old.expire()
        self.refused(41, f"if it is the authority in '{old.certificate}' that has, update that", certificate,
                     ca=old.certificate)


class SystemStore(NetworkTest):
    """$SSL_CERT_FILE stands for the system's store here."""

    def trusting(self, store, program=None):
        from support import CLIENT
        with Server(self.valid, OK) as server:
            return client("upload", self.out, "--upload-url", server.url(), "--retry-for", "0",
                          env={"SSL_CERT_FILE": str(store)}, program=program or CLIENT)

    def test_the_system_store_is_used(self):
        self.assertEqual(self.trusting(self.authority.certificate).returncode, 0)

    def test_a_host_without_a_store_falls_back_to_the_embedded_bundle(self):
        empty = self.directory / "empty"
        empty.touch()
        for store in (self.directory / "missing", empty, self.directory):
            done = self.trusting(store)
            self.assert_error(done, 41, f"not in the bundle within this program ('{store}' holds no certificate that can be read)")
            self.assertNotIn("--ca-file embedded", done.stderr)  # that did not serve, either

    def test_an_empty_variable_is_none(self):
        self.assertNotIn("within this program (", self.trusting("").stderr)

    def test_a_store_without_the_authority_is_named(self):
        other = certificates.Authority(self.directory / "other", "Other Authority")
        self.assert_error(self.trusting(other.certificate), 41, str(other.certificate))


if __name__ == "__main__":
    unittest.main()
