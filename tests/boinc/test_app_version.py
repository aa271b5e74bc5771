"""packaging/boinc/make-app-version: what it lays out and signs is taken by the real client, and each tampered file refused."""

import errno
import json
import os
import pathlib
import shutil
import subprocess
import sys
import unittest
import xml.etree.ElementTree as xml
from unittest import mock

from app_version_case import TOOL, Folder, tool
from project import AppFile, Project
from support import CLIENT, LIBRARIES, unit
from volunteer import Volunteer

import app_layout  # project.py has named its folder
import platform_check

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from small_disk import SmallDisk  # noqa: E402

LOGICAL = {"axiom_libboinc_api": "libboinc_api.so.7", "axiom_libboinc": "libboinc.so.7"}


class AppVersion(Folder):
    def refused(self, done, *fragments):
        """One line that says why, nothing on standard output."""
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertRegex(done.stderr, r"\Aerror: [^\n]+\n\Z")
        for fragment in fragments:
            self.assertIn(str(fragment), done.stderr)

    def layout(self, *more, version="1.01", out="apps", program=CLIENT):
        return tool("layout", "--program", program, "--version", version, "--out", self.directory / out, *more)

    def test_verify_finds_what_is_changed(self):
        self.assertEqual(self.folder.relative_to(self.directory).as_posix(), "apps/axiom/1.00/x86_64-pc-linux-gnu__avx2")
        self.assertEqual(self.verify().returncode, 0, self.verify().stderr)
        for path in self.files():
            good = path.read_bytes()
            for bad in (good + b"\0", good[:-1], bytes([good[0] ^ 1]) + good[1:]):
                path.write_bytes(bad)
                self.refused(self.verify(), f"{path}: the signature is not of these bytes")
            path.write_bytes(good)
        # version.xml says what the files are: only Ed25519 covers it.
        version = self.folder / "version.xml"
        good = version.read_text()
        version.write_text(good.replace("7.20.5", "7.20.6"))
        self.refused(self.verify(), f"{version}: the signature is not of these bytes", "Ed25519")
        version.write_text(good)
        self.assertEqual(self.verify().returncode, 0)

    def test_what_is_no_file_is_refused_not_waited_for(self):
        for path in sorted(self.folder.iterdir()):
            kept = path.with_name(f".{path.name}.sig")
            path.rename(kept)
            for make in (os.mkfifo, pathlib.Path.mkdir, lambda path: path.symlink_to("nowhere")):
                make(path)
                self.refused(self.verify(), path.name)
                path.rmdir() if path.is_dir() else path.unlink()
            kept.rename(path)
        self.assertEqual(self.verify().returncode, 0, self.verify().stderr)

    def test_a_plan_class_that_nobody_has(self):
        """A project may have classes of its own; a slip is a version that no host gets."""
        done = self.layout("--plan-class", "avx")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stderr, r"\Awarning: plan_class_spec.xml has no plan class avx: [^\n]+\n\Z")

    def test_each_kind_of_signature_is_looked_at(self):
        program = self.files()[0]
        for suffix in (".sig", ".ed25519.sig"):
            with self.subTest(suffix):
                signature = pathlib.Path(f"{program}{suffix}")
                other = pathlib.Path(f"{self.files()[1]}{suffix}")
                good = signature.read_text()
                signature.unlink()
                self.refused(self.verify(), "not signed", signature.name)
                signature.write_text(other.read_text())  # swapped
                self.refused(self.verify(), f"{program}: the signature is not of these bytes", signature.name)
                for text in ("", "nonsense\n", good[:-20], good + good, "\0"):
                    signature.write_text(text)
                    self.refused(self.verify(), signature.name)
                signature.write_bytes(b"\xff\xfe")
                self.refused(self.verify(), signature.name, "not a text file")
                signature.write_text(good)
        self.assertEqual(self.verify().returncode, 0)

    def test_a_signed_file_does_not_pass_in_another_place(self):
        """An older, properly signed version cannot be put forward as a newer one."""
        newer = self.folder.parents[1] / "1.02" / self.folder.name
        newer.parent.mkdir()
        self.folder.rename(newer)
        self.refused(tool("verify", newer, "--keys", self.keys), "the signature is not of these bytes", "Ed25519",
                     f", at axiom/1.02/{self.folder.name}/")

    def test_nor_by_a_link(self):
        """update_versions follows it, and takes the version from its name."""
        newer = self.folder.parents[1] / "1.02"
        newer.symlink_to(self.folder.parent)
        self.refused(tool("verify", newer / self.folder.name, "--keys", self.keys), "Ed25519")
        newer.unlink()
        newer.mkdir()
        (newer / self.folder.name).symlink_to(self.folder)
        self.refused(tool("verify", newer / self.folder.name, "--keys", self.keys), "Ed25519")

    def test_nothing_is_signed_out_of_its_place(self):
        """The signatures would be of no use where the folder belongs."""
        for place in ("medium", "axiom/new", "Axiom/1.00"):
            folder = self.directory / place / self.folder.name
            shutil.copytree(self.folder, folder, ignore=shutil.ignore_patterns("*.sig"))
            self.refused(tool("sign", folder, "--keys", self.keys), "not a folder APP/VERSION/PLATFORM")
            self.assertEqual(list(folder.glob("*.sig")), [])
        done = subprocess.run(["/usr/bin/python3", TOOL, "verify", ".", "--keys", self.keys], capture_output=True, text=True,
                              cwd=self.folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(done.stdout.splitlines()), len(self.files()))
        self.assertTrue(done.stdout.startswith(f"axiom/1.00/{self.folder.name}/axiom"), done.stdout)

    def test_other_keys_are_refused(self):
        other = self.directory / "other"
        self.assertEqual(tool("keys", other).returncode, 0)
        self.refused(tool("verify", self.folder, "--keys", other), "BOINC's")
        shutil.copy(self.keys / "code_sign_public", other)
        self.refused(tool("verify", self.folder, "--keys", other), "Ed25519")
        (other / "ed25519_public.pem").write_text((self.keys / "code_sign_public").read_text())
        self.refused(tool("verify", self.folder, "--keys", other), "not an Ed25519 public key")
        (other / "code_sign_public").write_text("1024\nxyz\n.\n")
        self.refused(tool("verify", self.folder, "--keys", other), other / "code_sign_public")
        self.refused(tool("verify", self.folder, "--keys", self.directory / "none"), "no such key file")

    def test_signing_again_changes_nothing_and_another_key_is_refused(self):
        before = {path.name: path.read_bytes() for path in self.folder.iterdir()}
        self.assertEqual(tool("sign", self.folder, "--keys", self.keys).returncode, 0)
        other = self.directory / "other"
        tool("keys", other)
        self.refused(tool("sign", self.folder, "--keys", other), "is another signature")
        self.assertEqual({path.name: path.read_bytes() for path in self.folder.iterdir()}, before)

    def test_an_encrypted_key_without_a_terminal(self):
        """Where openssl cannot ask for the pass phrase, the key is not called none."""
        path = self.keys / "ed25519_private.pem"
        encrypted = subprocess.run(["openssl", "pkey", "-in", path, "-aes256", "-passout", "pass:word"], check=True,
                                   capture_output=True).stdout
        path.write_bytes(encrypted)
        done = subprocess.run(["/usr/bin/python3", TOOL, "sign", self.folder, "--keys", self.keys], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, start_new_session=True)
        self.refused(done, f"{path}: not an Ed25519 private key in PEM, or its pass phrase was not given")

    def test_an_incomplete_layout_is_not_signed(self):
        folder = pathlib.Path(self.layout().stdout.strip())

        def refused(fragment):
            self.refused(tool("sign", folder, "--keys", self.keys), fragment)
            self.assertEqual(list(folder.glob("*.sig")), [])
        library = next(folder.glob("*libboinc_api*"))
        kept = library.read_bytes()
        library.unlink()
        refused(f"{library.name} of version.xml is missing")
        library.write_bytes(b"")
        refused("empty")
        library.write_bytes(kept)
        (folder / "notes.txt").write_text("x")
        refused("notes.txt is not in version.xml")
        (folder / "notes.txt").unlink()
        version = folder / "version.xml"
        text = version.read_text()
        for bad, fragment in ((text.replace("<main_program/>", ""), "one main program"), (text[:-12], "not XML"), ("", "not XML")):
            version.write_text(bad)
            refused(fragment)
        version.unlink()
        refused("no version.xml")
        self.refused(tool("sign", folder / "none", "--keys", self.keys), "no such folder")

    def test_a_full_disk_leaves_nothing_half_done(self):
        """And the line names the file that found no room."""
        disk = SmallDisk()
        self.addCleanup(disk.close)
        folder = disk.path / "axiom" / "1.00" / self.folder.name
        folder.mkdir(parents=True)
        shutil.copy(self.folder / "version.xml", folder)
        for path in self.files():
            (folder / path.name).symlink_to(path)
        before = sorted(folder.iterdir())
        full = os.strerror(errno.ENOSPC)
        disk.fill(pages=3)
        self.refused(tool("sign", folder, "--keys", self.keys), f"{folder}/", full)
        self.assertEqual(sorted(folder.iterdir()), before)
        disk.fill(pages=1)
        self.refused(tool("keys", disk.path / "keys"), f"{disk.path}/keys/", full)
        self.assertEqual(list((disk.path / "keys").iterdir()), [])
        self.refused(self.layout(out=disk.path), f"{disk.path}/axiom/1.01/", full)
        self.assertEqual(list((disk.path / "axiom" / "1.01").iterdir()), [])
        disk.free()
        self.assertEqual(tool("sign", folder, "--keys", self.keys).returncode, 0)

    def test_a_version_is_never_laid_out_twice(self):
        self.refused(self.layout("--plan-class", "avx2", version="1.00"), "exists", "take the next number")

    def test_a_version_is_on_the_disk_before_it_has_its_name(self):
        written = []
        fsync, rename = os.fsync, pathlib.Path.rename

        def noted(descriptor):
            written.append(pathlib.Path(os.readlink(f"/proc/self/fd/{descriptor}")))
            fsync(descriptor)

        def named(draft, folder):
            self.assertEqual(set(written), {draft, *draft.iterdir()})
            return rename(draft, folder)
        with mock.patch.object(os, "fsync", noted), mock.patch.object(pathlib.Path, "rename", named):
            folder = app_layout.create(pathlib.Path(CLIENT), LIBRARIES, "axiom", "1.02", "", self.directory / "apps")
        self.assertEqual(written[-1], folder.parent)

    def test_what_cannot_be_laid_out_leaves_nothing(self):
        for arguments, fragment in (
                ({"version": "1.5"}, "two digits"), ({"version": "1"}, "two digits"), ({"version": "v1.05"}, "two digits"),
                ({"version": "../1.05"}, "two digits"),
                ({"version": "0.00"}, "from 0.01"), ({"version": "99999999.00"}, "from 0.01"), ({"program": "/etc/passwd"}, "not an ELF file"),
                ({"program": "/none"}, "/none: no such file"), ({"program": "/tmp"}, "/tmp: not a file")):
            self.refused(self.layout(out="new", **arguments), fragment)
        self.refused(self.layout("--plan-class", "a__b", out="new"), "--plan-class")
        self.refused(self.layout("--app", "../axiom", out="new"), "--app")
        self.refused(self.layout("--libraries", self.directory, out="new"), "libboinc_api.so.7: no such file")
        self.assertFalse((self.directory / "new").exists())

    def test_files_for_other_hosts_are_refused(self):
        """Each would fail on every host, or on some, that the scheduler sends it to."""
        def altered(offset, byte):
            content = bytearray(pathlib.Path(CLIENT).read_bytes())
            content[offset] = byte
            return bytes(content)
        libraries = pathlib.Path("/usr/lib/x86_64-linux-gnu")
        library = (libraries / "libboinc.so.7").read_bytes()
        program = self.directory / "program"
        newest = b"GLIBC_2.34\0"
        for content, fragment in (
                (altered(18, 0xb7), "not an ELF file for x86_64-pc-linux-gnu"),  # AArch64
                (altered(4, 1), "not an ELF file for x86_64-pc-linux-gnu"),      # of 32 bits
                (pathlib.Path(CLIENT).read_bytes()[:40], "not an ELF file for x86_64-pc-linux-gnu"),
                (b"\x7fELF", "not an ELF file for x86_64-pc-linux-gnu"),
                (pathlib.Path(CLIENT).read_bytes()[:-1], "damaged or cut off"),
                (pathlib.Path(CLIENT).read_bytes()[:1 << 20], "damaged or cut off"),
                (library, "not a program for x86_64-pc-linux-gnu"),
                (pathlib.Path("/usr/bin/boinc").resolve().read_bytes(), "needs lib"),
                (pathlib.Path(CLIENT).read_bytes().replace(newest, b"GLIBC_2.99\0"), "needs glibc 2.99")):
            program.write_bytes(content)
            self.refused(self.layout(program=program, out="new"), f"{program}: {fragment}")
        (self.directory / "lib").mkdir()
        for name in ("libboinc_api.so.7", "libboinc.so.7"):
            shutil.copy(libraries / name, self.directory / "lib")
        (self.directory / "lib" / "libboinc_api.so.7").write_bytes(library)
        self.refused(self.layout("--libraries", self.directory / "lib", out="new"), "not the library libboinc_api.so.7")
        (self.directory / "lib" / "libboinc_api.so.7").write_bytes((libraries / "libboinc_api.so.7").read_bytes()[:-1])
        self.refused(self.layout("--libraries", self.directory / "lib", out="new"), "libboinc_api.so.7: damaged or cut off")
        self.assertFalse((self.directory / "new").exists())
        # What the check promises is what the plan classes ask for.
        classes = xml.parse(TOOL.with_name("plan_class_spec.xml")).getroot()
        self.assertEqual({element.text for element in classes.iter("min_libc_version")}, {"234"})

    def test_the_example_for_volunteers_is_for_what_is_installed(self):
        """The client passes over an entry for another application or plan class."""
        classes = xml.parse(TOOL.with_name("plan_class_spec.xml")).getroot()
        project = xml.parse(TOOL.with_name("project.xml")).getroot()
        for entry in xml.parse(TOOL.with_name("app_config.xml")).getroot().iter("app_version"):
            self.assertIn(entry.findtext("plan_class"), [name.text for name in classes.iter("name")])
            self.assertIn(entry.findtext("app_name"), [app.findtext("name") for app in project.iter("app")])

    def test_without_readelf(self):
        done = subprocess.run(["/usr/bin/python3", TOOL, "layout", "--program", CLIENT, "--version", "1.01", "--out",
                               self.directory / "new"], capture_output=True, text=True, env={"PATH": str(self.directory)})
        self.refused(done, "apt-get install binutils")

    def test_a_gpus_plan_class_needs_kernels(self):
        """For the oldest device and driver that it admits: else its hosts would fail, task by task."""
        def entry(capability, cuda_version, portable=False):
            return {"capability": capability, "portable": portable, "cuda_version": cuda_version}
        for plan_class, kernels, enough in (
                ("cuda130", [], False), ("cuda130", [entry(75, 13000)], True), ("cuda130", [entry(80, 13000)], False),
                ("cuda130", [entry(75, 13010)], False), ("cuda130", [entry(70, 13000)], True),
                ("cuda130", [entry(61, 13000)], False), ("cuda130", [entry(61, 11080, True)], True),
                ("cuda118", [entry(75, 13000)], False), ("cuda118", [entry(50, 11000)], True),
                ("avx2", [], True), ("", [], True), ("cuda999", [], True)):
            with self.subTest(plan_class=plan_class, kernels=kernels), \
                    mock.patch.object(platform_check, "_kernels", return_value=kernels):
                if enough:
                    platform_check.require_kernels(pathlib.Path(CLIENT), plan_class)
                else:
                    self.assertRaisesRegex(platform_check.PlatformError, "has no kernels for compute capability",
                                           platform_check.require_kernels, pathlib.Path(CLIENT), plan_class)

        program = self.directory / "program"
        shutil.copyfile(CLIENT, program)  # not executable
        self.refused(self.layout("--plan-class", "cuda130", program=program, out="new"), "cannot be asked which GPUs")
        self.assertFalse((self.directory / "new").exists())

    def test_plain_and_cuda_layouts(self):
        for more, path in (((), "axiom/1.01/x86_64-pc-linux-gnu"),
                           (("--app", "axiom_gpu", "--plan-class", "cuda130"), "axiom_gpu/1.01/x86_64-pc-linux-gnu__cuda130")):
            done = self.layout(*more)
            kernels = json.loads(subprocess.run([CLIENT, "devices", "--json"], capture_output=True).stdout)["kernels"]
            if more and not kernels:
                self.refused(done, "has no kernels for compute capability 7.5 and CUDA 13.0", "build it where nvcc is")
                continue
            folder = pathlib.Path(done.stdout.strip())
            self.assertEqual(folder, self.directory / "apps" / path)
            self.assertEqual(tool("sign", folder, "--keys", self.keys).returncode, 0)
            self.assertEqual(tool("verify", folder, "--keys", self.keys).returncode, 0)
        names = [path.name for path in (self.directory / "apps").rglob("*") if path.is_file() and path.name != "version.xml"
                 and path.suffix != ".sig"]
        self.assertEqual(len(names), len(set(names)))  # one flat directory on the server holds them all

    def test_openssl_alone_can_check(self):
        program = self.files()[0]
        place = f"axiom/1.00/x86_64-pc-linux-gnu__avx2/{program.name}"
        digest = subprocess.run(["sha256sum", program], capture_output=True, text=True, check=True).stdout.split()[0]
        (self.directory / "message").write_text(f"axiom application file 1\n{place}\n{digest}\n")
        with open(self.directory / "signature", "wb") as file:
            subprocess.run(["openssl", "base64", "-d", "-A", "-in", f"{program}.ed25519.sig"], stdout=file, check=True)
        done = subprocess.run(["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", self.keys / "ed25519_public.pem",
                               "-in", self.directory / "message", "-sigfile", self.directory / "signature"], capture_output=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


class Tampered(Folder):
    """Under the real client."""

    def outcome(self, tampered=None):
        files = []
        for path in self.files():
            content = path.read_bytes()
            if path == tampered:
                content = content[:-1] + bytes([content[-1] ^ 1])
            logical = LOGICAL.get(path.name.partition("_1.00")[0], "")
            files.append(AppFile(path.name, content, logical, main=not logical))
        project = Project(files)
        self.addCleanup(project.close)
        project.public_key = (self.keys / "code_sign_public").read_text()
        project.signatures = {path.name: pathlib.Path(f"{path}.sig").read_text() for path in self.files()}
        project.add_work("task", unit(60))
        volunteer = Volunteer(project)
        self.addCleanup(volunteer.close)
        return volunteer.wait_report("task")

    def test_untouched_files_are_taken(self):
        self.assertEqual(self.outcome()["exit"], 0)

    def test_each_tampered_file_is_refused(self):
        for path in self.files():
            with self.subTest(path.name):
                report = self.outcome(path)
                self.assertEqual(report["exit"], -186, report["text"])
                self.assertIn("-120", report["text"])  # RSA key check failed


if __name__ == "__main__":
    unittest.main()
