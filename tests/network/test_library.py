"""libcurl is loaded when the network is used, and only then; one that will not do is refused with the remedy."""

import os
import pathlib
import shutil
import subprocess
import unittest

import certificates
from servers import Server, answer
from support import CLIENT, QUICK, NetworkTest, client

OK = answer(204)
SHIM = pathlib.Path(os.environ.get("AXIOM_CHANGED_LIBCURL", ""))
REMEDY = "libcurl 7.76 or later, built with OpenSSL 1.1.1 or later"


class Library(NetworkTest):
    def setUp(self):
        super().setUp()
        self.libraries = self.directory / "libraries"
        self.libraries.mkdir()

    def install(self, library):
        target = self.libraries / "libcurl.so.4"
        target.unlink(missing_ok=True)
        target.symlink_to(library)

    def with_library(self, url, *arguments, ca=None, **changes):
        return self.upload(url, *arguments, ca=ca, env={"LD_LIBRARY_PATH": str(self.libraries), **changes})

    def refused(self, fragment, **changes):
        with Server(self.valid, OK) as server:
            done = self.with_library(server.url(), **changes)
            self.assertEqual(server.connections, 0)
        self.assert_error(done, 47, fragment)
        self.assertIn(REMEDY, done.stderr)
        self.assertFalse(self.outbox.exists())


class Refused(Library):
    def test_not_a_library(self):
        broken = self.directory / "broken"
        broken.touch()
        self.install(broken)
        self.refused("libcurl cannot be loaded (")
        broken.write_bytes(b"no ELF file at all, but long enough to be looked at" * 10)
        self.refused("libcurl cannot be loaded (")

    def test_another_library_of_that_name(self):
        self.install(pathlib.Path(shutil.which("nginx") or "/usr/sbin/nginx"))
        self.refused("libcurl")
        zlib = next(pathlib.Path("/usr/lib").rglob("libz.so.1"))
        self.install(zlib)
        self.refused("libcurl.so.4 lacks curl_version_info")

    def test_other_tls_libraries(self):
        """The real ones where they are installed, and what others call themselves."""
        for name in ("gnutls", "nss"):
            for path in list(pathlib.Path("/usr/lib").rglob(f"libcurl-{name}.so.4"))[:1]:
                self.install(path)
                self.refused("is built with ")
        self.install(SHIM)
        for tls in ("GnuTLS/3.7.9", "NSS/3.87.1", "LibreSSL/3.8.2", "BoringSSL", "wolfSSL/5.6", "mbedTLS/3.5",
                    "OpenSSL/1.0.2u", "OpenSSL/0.9.8", "OpenSSL/", "(OpenSSL/3.0.11) GnuTLS/3.7.9", "Schannel"):
            with self.subTest(tls=tls):
                self.refused(f"is built with {tls}", AXIOM_SHIM_TLS=tls)
        self.refused("is built with no TLS", AXIOM_SHIM_TLS="")

    def test_too_old(self):
        self.install(SHIM)
        for version in ("7.75.0", "7.58.0"):
            self.refused(f"libcurl {version} is too old", AXIOM_SHIM_VERSION=version)

    def test_all_that_uses_the_network_says_so(self):
        (self.directory / "empty").touch()
        self.install(self.directory / "empty")
        out = self.directory / "fresh"
        for arguments in (["upload", self.out, "--upload-url", "https://localhost:1/"],
                          ["update", "--check", "--channel", "https://localhost:1/"],
                          [*QUICK, "--out", out, "--upload-url", "https://localhost:1/"]):
            done = client(*arguments, env={"LD_LIBRARY_PATH": str(self.libraries)})
            self.assert_error(done, 47, "libcurl cannot be loaded")
            self.assertFalse(out.exists(), "before anything is computed")


class Accepted(Library):
    def test_old_but_sufficient(self):
        """As in RHEL 9 and Ubuntu 22.04: other options do the same."""
        self.install(SHIM)
        weak = self.authority.issue("weak", kind="rsa1024")
        for version in ("7.76.1", "7.81.0", "7.88.1"):
            with self.subTest(version=version):
                with Server(self.valid, OK) as server:
                    done = self.with_library(server.url(), AXIOM_SHIM_VERSION=version)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    self.assertEqual(len(server.requests), 2)
                shutil.rmtree(self.outbox)
                other = certificates.self_signed(self.directory)
                for certificate, setup, fragment in (
                        (other, None, "is self-signed"),
                        (weak, lambda context: context.set_ciphers("ALL:@SECLEVEL=0"), "too short")):
                    with Server(certificate, OK, setup) as server:
                        done = self.with_library(server.url(), AXIOM_SHIM_VERSION=version)
                        self.assert_error(done, 41, fragment)
                        self.assertEqual(server.application_bytes, 0)
                with Server(self.valid, answer(307, "Location: http://localhost:1/\r\n")) as server:
                    done = self.with_library(server.url(), AXIOM_SHIM_VERSION=version)
                    self.assert_error(done, 44, "does not begin with https://")
                shutil.rmtree(self.outbox)

    def test_several_tls_libraries_in_one(self):
        self.install(SHIM)
        with Server(self.valid, OK) as server:
            done = self.with_library(server.url(), AXIOM_SHIM_TLS="(GnuTLS/3.8.0) OpenSSL/3.1.4")
            self.assertEqual(done.returncode, 0, done.stderr)


class OnlyWhenUsed(Library):
    def marked(self, *arguments, **options):
        mark = self.directory / "mark"
        mark.unlink(missing_ok=True)
        done = client(*arguments, env={"LD_LIBRARY_PATH": str(self.libraries), "AXIOM_SHIM_MARK": str(mark)}, **options)
        return mark.exists(), done

    def test_a_run_without_an_address_does_not_load_it(self):
        self.install(SHIM)
        out = self.directory / "fresh"
        for arguments in (["--version"], ["self-test"], ["devices"], [*QUICK, "--out", out],
                          ["verify", out / "neuronspec.result.json"]):
            loaded, done = self.marked(*arguments)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertFalse(loaded, arguments)
        self.assertTrue(self.marked("upload", out, "--upload-url", "https://localhost:1/", "--retry-for", "0")[0])

    def test_never_in_a_boinc_slot(self):
        """A client's LD_LIBRARY_PATH begins with the slot: whatever lies there by that name is left alone."""
        slot = self.directory / "slot"
        slot.mkdir()
        (slot / "init_data.xml").write_text("<app_init_data>\n<wu_name>w</wu_name>\n<result_name>r</result_name>\n"
                                            "<ncpus>1</ncpus>\n</app_init_data>\n")
        (slot / "work_unit").write_text('{"schema": 1, "experiment": "neuronspec", "experiment_version": "2.0", '
                                        '"seed": 7, "parameters": {"widths": [4, 8], "epochs": 2, "trials": 1}}\n')
        self.libraries = slot
        self.install(SHIM)
        loaded, done = self.marked("--upload-url", "https://localhost:1/", "--policy-url", "https://localhost:1/", cwd=slot)
        log = done.stderr + "".join(p.read_text() for p in slot.glob("stderr.txt"))
        self.assertIn("argument ignored: --upload-url", log)
        self.assertEqual((slot / "result").read_bytes(), (self.finished / "neuronspec.result.json").read_bytes(), log)
        self.assertFalse(loaded)


class NothingButGlibc(NetworkTest):
    """The host as the program needs it, and no more: glibc's libraries in a directory that is all there is."""

    def test_a_host_with_nothing_but_glibc(self):
        if os.geteuid() != 0:
            self.skipTest("only root may change the root directory")
        listed = subprocess.run(["ldd", CLIENT], capture_output=True, text=True, check=True).stdout
        if "libcrypto" in listed:
            self.skipTest("a build with -DAXIOM_STATIC_LIBRARIES=OFF")
        root = self.directory / "root"
        for word in listed.split():
            if word.startswith("/"):
                target = root / word.lstrip("/")
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(word, target)
        for folder in ("proc/self", "tmp"):
            (root / folder).mkdir(parents=True)
        for name in ("meminfo", "self/status"):  # in place of the kernel's, which not every root may mount
            (root / "proc" / name).write_text(pathlib.Path("/proc", name).read_text())
        (root / "proc" / "self" / "exe").symlink_to("/axiom-client")
        shutil.copy2(CLIENT, root / "axiom-client")

        def run(*arguments):
            return subprocess.run(["/axiom-client", *map(str, arguments)], capture_output=True, text=True, timeout=300,
                                  env={"HOME": "/tmp"}, cwd="/", preexec_fn=lambda: (os.chroot(root), os.chdir("/tmp")))
        self.assertEqual(run("--version").returncode, 0)
        self.assertEqual(run("self-test").returncode, 0)
        done = run(*QUICK, "--out", "/tmp/out")
        self.assertEqual(done.returncode, 0, done.stderr)
        same = "neuronspec.result.json"
        self.assertEqual((root / "tmp" / "out" / same).read_bytes(), (self.finished / same).read_bytes())
        done = run("upload", "/tmp/out", "--upload-url", "https://localhost:1/")
        self.assert_error(done, 47, "No such file or directory): sending results")
        self.assertIn("Debian, Ubuntu: libcurl4", done.stderr)


if __name__ == "__main__":
    unittest.main()
