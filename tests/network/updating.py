"""What the update tests have in common: an installed program of its own and a channel on a real nginx for each test."""

import shutil

from support import QUICK, TEST_CLIENT, NginxTest, client


class UpdateTest(NginxTest):
    def setUp(self):
        super().setUp()
        self.home = self.directory / "installed"
        self.home.mkdir()
        self.program = self.home / "axiom-client"
        shutil.copy2(TEST_CLIENT, self.program)
        self.original = self.program.read_bytes()
        self.state = self.home / "axiom-client.update"
        self.channel = self.nginx.root / "files" / self.directory.name
        self.channel.mkdir()
        self.addCleanup(shutil.rmtree, self.channel, ignore_errors=True)

    def update(self, action="--apply", *arguments, channel=None, **options):
        options.setdefault("cwd", self.directory)
        return client("update", action, "--channel", channel or self.nginx.url(f"/files/{self.channel.name}/"),
                      "--ca-file", self.authority.certificate, "--retry-for", "0", *arguments,
                      program=str(self.program), **options)

    def version(self):
        return client("--version", program=str(self.program)).stdout.split()[1]

    def run_science(self, **options):
        out = self.directory / "science"
        shutil.rmtree(out, ignore_errors=True)
        return client(*QUICK, "--out", out, program=str(self.program), **options)

    def assert_unchanged(self):
        self.assertEqual(self.program.read_bytes(), self.original)
        self.assertEqual(self.version(), "0.1.0")
        if self.state.exists():
            self.assertEqual([p.name for p in self.state.iterdir() if p.name.startswith("new-")], [])

    def refused(self, code, fragment, *arguments, **options):
        done = self.update("--apply", *arguments, **options)
        self.assert_error(done, code, fragment)
        self.assertEqual(done.stdout, "")
        self.assert_unchanged()
        return done
