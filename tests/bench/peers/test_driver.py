"""The whole comparison as a program: what it prints, writes and ends with; with NumPy as the peer."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
CLIENT = os.environ["AXIOM_CLIENT"]
WRONG = str(HERE / "wrong_peer.py")


def compare(*options, environment=None):
    command = [sys.executable, "-B", str(HERE / "compare_with_peers.py"), CLIENT, "--python", sys.executable, *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=1200,
                          env={**os.environ, **(environment or {})})


def tiny(*options, only="compgen-w32", peers="numpy", **more):
    return compare("--device", "cpu", "--size", "tiny", "--repeat", "2", "--only", only, "--peers", peers, *options,
                   **more)


def with_wrong_modules(test, **sources):
    """An environment in which modules of these names are found first."""
    folder = tempfile.TemporaryDirectory(prefix="axiom-peers-test-")
    test.addCleanup(folder.cleanup)
    for name, source in sources.items():
        (pathlib.Path(folder.name) / f"{name}.py").write_text(source)
    return {"PYTHONPATH": folder.name}


class Agreement(unittest.TestCase):
    def test_report(self):
        with tempfile.TemporaryDirectory() as folder:
            done = tiny("--json", f"{folder}/peers.json", only="compgen-w32,microscalev2-w64")
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            report = json.loads(pathlib.Path(folder, "peers.json").read_text())
        self.assertEqual([case["name"] for case in report["cases"]], ["compgen-w32", "microscalev2-w64"])
        self.assertEqual(report["not_run"], [])
        case = report["cases"][0]
        self.assertEqual((case["networks"], case["epochs"], case["steps"]), (6, 2, 64))
        self.assertEqual(case["client"]["training_seconds"]["runs"], 2)
        peer = case["peers"][0]
        self.assertEqual((peer["peer"], peer["variant"], peer["networks_at_once"]), ("numpy", "stacked", 6))
        self.assertEqual((peer["disagreements"], peer["failure"]), ([], None))
        self.assertGreater(peer["ratio"], 0)
        deviations = peer["variants"]["stacked"]["check"]["deviations"]
        self.assertEqual(len(deviations), 6)
        self.assertLess(max(deviations), 1e-4)
        self.assertGreater(min(deviations), 0)  # sums in another order

    def test_full_batch(self):
        done = tiny("--repeat", "1", only="featcompv2-w256")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"numpy +stacked .* yes\n")

    def test_batches_of_networks(self):
        done = tiny("--networks-at-once", "4")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("the 6 networks in batches of 3: as asked for", done.stdout)


class Faults(unittest.TestCase):
    def test_wrong_learning_rate_and_failures_of_a_peer(self):
        with tempfile.TemporaryDirectory() as folder:
            done = tiny("--json", f"{folder}/peers.json", only="compgen-w32,compgen-w64,microscalev2-w64",
                        peers=f"numpy,{WRONG}")
            self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
            cases = json.loads(pathlib.Path(folder, "peers.json").read_text())["cases"]
        right, wrong = zip(*(case["peers"] for case in cases))
        self.assertTrue(all(peer["disagreements"] == [] and peer["variant"] for peer in right))
        for peer in wrong[0], wrong[2]:  # each fault of the second case stays there
            self.assertIn(": median is off by", peer["disagreements"][0])
            self.assertIn("made up for a test", peer["variants"]["device-error"]["reason"])
        self.assertIn("ended at prepare with 3: ", wrong[1]["failure"])
        self.assertIn("the last words", wrong[1]["failure"])
        self.assertIsNone(wrong[1]["variant"])
        self.assertRegex(done.stdout, r"wrong_peer .* NO: .*: median is off by")

    def test_a_peer_that_does_not_answer(self):
        hung = "import time\ntime.sleep(600)\n"
        with tempfile.NamedTemporaryFile("w", suffix="_peer.py") as script:
            script.write(hung)
            script.flush()
            done = tiny("--answer-limit", "0.5", peers=script.name)
            self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
            self.assertIn("no answer to describe within 0.5 s", done.stdout)
            self.assertIn("no peer starts", done.stdout)

    def test_a_peer_that_does_not_start_spares_the_others(self):
        with tempfile.NamedTemporaryFile("w", suffix="_peer.py") as script:
            script.write("raise SystemExit('some words')")
            script.flush()
            done = tiny(peers=f"{script.name},numpy")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"FAILED .* ended at describe with 1: some words\n")
        self.assertRegex(done.stdout, r"numpy +stacked .* yes\n")

    def test_nothing_is_left_running(self):
        marker = f"axiom-peers-{os.getpid()}"
        tiny(peers=f"numpy,{WRONG}", environment={"AXIOM_PEERS_MARKER": marker})
        left = []
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if marker.encode() in (process / "environ").read_bytes():
                    left.append((process / "cmdline").read_bytes())
            except OSError:
                continue
        self.assertEqual(left, [])


class Skipping(unittest.TestCase):
    def test_no_package(self):
        environment = with_wrong_modules(self, torch="raise ImportError('not here')",
                                         jax="raise ImportError('nor here')")
        done = tiny(peers="torch,jax", environment=environment)
        self.assertEqual(done.returncode, 77, done.stdout + done.stderr)
        self.assertIn("SKIPPED torch: PyTorch is not installed (not here)\n", done.stdout)
        self.assertIn("SKIPPED jax: JAX is not installed (nor here)\n", done.stdout)
        self.assertIn("SKIPPED: no peer can run here\n", done.stdout)

    def test_one_package_of_two(self):
        environment = with_wrong_modules(self, jax="raise ImportError('not here')")
        done = tiny(peers="jax,numpy", environment=environment)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("SKIPPED jax: ", done.stdout)

    def test_no_device_for_the_client(self):
        done = tiny("--backend", "cuda:63")
        self.assertEqual(done.returncode, 77, done.stdout + done.stderr)
        self.assertIn("SKIPPED: axiom-client ended with 1", done.stdout)

    def test_no_device_for_the_peer(self):
        done = compare("--device", "cuda", "--peers", "numpy")
        self.assertEqual(done.returncode, 77, done.stdout + done.stderr)
        self.assertIn("NumPy computes on the processor only", done.stdout)

    def test_time_limit(self):
        with tempfile.TemporaryDirectory() as folder:
            done = tiny("--time-limit", "0", "--json", f"{folder}/peers.json")
            self.assertEqual(json.loads(pathlib.Path(folder, "peers.json").read_text())["not_run"], ["compgen-w32"])
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("not run: the time limit of 0 s is over", done.stdout)


class Options(unittest.TestCase):
    def test_refused(self):
        for options, message in (
                (["--only", "compgen-w7"], "unknown case 'compgen-w7' (known: compgen-w32"),
                (["--peers", "tensorflow"], "unknown peer 'tensorflow'"),
                (["--device", "cpu", "--tf32"], "only GPUs have TF32"),
                (["--repeat", "0"], "--repeat and --threads take at least 1"),
                (["--device", "cpu", "--threads", "99999"], "--threads 99999: this process may use "),
                (["--json", f"{HERE}/none/peers.json"], f"{HERE}/none/peers.json: its folder is not there"),
                (["--device", "tpu"], "invalid choice")):
            done = compare(*options)
            self.assertEqual(done.returncode, 2, options)
            self.assertIn(message, done.stderr)

    def test_no_executable(self):
        done = subprocess.run([sys.executable, "-B", str(HERE / "compare_with_peers.py"), f"{HERE}/none/client"],
                              capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 2)
        self.assertIn(f"{HERE}/none/client: no executable", done.stderr)

    def test_no_variant_of_that_name(self):
        done = tiny("--variants", "sideways")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("no variant ran: it has none of these", done.stdout)


if __name__ == "__main__":
    unittest.main()
