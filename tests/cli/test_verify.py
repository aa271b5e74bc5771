"""The command verify: equal, different, damaged."""

import gzip
import json

from support import CliTest, client


class Verify(CliTest):
    def verify(self, *arguments):
        return client("verify", self.out + "/neuronspec.result.json", *arguments)

    def damage(self, change):
        path = self.directory / "out/neuronspec.result.json"
        path.write_bytes(change(path.read_bytes()))

    def test_equal(self):
        self.quick()
        done = self.verify("--backend", "reference", "--threads", "2")
        self.assertEqual((done.returncode, done.stdout), (0, "equal\n"), done.stderr)
        done = self.verify("--json")
        self.assertEqual(json.loads(done.stdout), {"status": "equal"})

    def test_packed_as_uploads_and_reports_have_it(self):
        """`report` sends there, of two files that contradict each other."""
        self.quick()
        self.damage(gzip.compress)
        self.assertEqual(self.verify().stdout, "equal\n")
        self.damage(lambda packed: gzip.compress(gzip.decompress(packed).replace(b"complete", b"Complete")))
        done = self.verify()
        self.assertEqual(done.returncode, 8, done.stderr)
        self.assertIn("differs at $.status", done.stdout)
        self.damage(lambda packed: packed[:-1])
        self.assert_error(self.verify(), 3, "not gzip, or cut off")

    def test_preset_with_fixed_parameters(self):
        done = client("--standalone", "--experiment", "compgen", "--preset", "regularized", "--seed",
                      "3", "--set", "widths=[4]", "--set", "epochs=1", "--set", "trials=1", "--out",
                      self.out)
        self.assertEqual(done.returncode, 0, done.stderr)
        done = client("verify", self.out + "/compgen.result.json")
        self.assertEqual((done.returncode, done.stdout), (0, "equal\n"), done.stderr)

    def test_differs(self):
        self.quick()
        value = json.loads(self.result())["seeds"][0]["alignment_w4"]
        self.damage(lambda text: text.replace(f'"alignment_w4":{value!r}'.encode(),
                                              b'"alignment_w4":0.5'))
        done = self.verify()
        self.assertEqual(done.returncode, 8, done.stderr)
        self.assertEqual(done.stdout, f"differs at $.seeds[0].alignment_w4: recomputed {value!r}, "
                                      "the file has 0.5\n")
        difference = json.loads(self.verify("--json").stdout)
        self.assertEqual(difference["path"], "$.seeds[0].alignment_w4")

    def test_a_difference_in_odd_text_is_one_line_and_exit_8(self):
        self.quick()
        self.damage(lambda text: text.replace(b'"complete"', '"{}"'.format("\u00e4" * 100).encode()))
        for option in ([], ["--json"]):
            done = self.verify(*option)
            self.assertEqual((done.returncode, done.stdout.count("\n")), (8, 1), done.stderr)
            self.assertIn("$.status", done.stdout)

    def test_not_canonical(self):
        self.quick()
        self.damage(lambda text: text.replace(b",", b", ", 1))
        done = self.verify()
        self.assertEqual(done.returncode, 8)
        self.assertIn("not in canonical form", done.stdout)

    def test_damaged_and_foreign_files(self):
        self.quick()
        good = self.result()
        for change, fragment in [
                (lambda text: b"", "empty"),
                (lambda text: text[:100], "not JSON"),
                (lambda text: b"{}", "not a result file"),
                (lambda text: b"[]", "not a result file"),
                (lambda text: text.replace(b'"schema":1', b'"schema":2'), '"schema"'),
                (lambda text: text.replace(b'"2.0"', b'"1.0"'), "experiment_version"),
                (lambda text: text.replace(b"neuronspec", b"nothing"), "unknown experiment"),
                (lambda text: text.replace(b'"epochs":2', b'"epochs":2000000'), "epochs"),
                (lambda text: text.replace(b'"seed":"7"', b'"seed":7'), '"seed"')]:
            with self.subTest(fragment=fragment):
                self.damage(lambda text, change=change: change(good))
                self.assert_error(self.verify(), 3, fragment)
        self.assert_error(client("verify", self.out + "/none.json"), 7, "none.json")
        self.assert_error(client("verify", self.out), 7, self.out)
