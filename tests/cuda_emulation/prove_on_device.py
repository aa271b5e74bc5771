#!/usr/bin/env python3
"""Everything that only a real GPU can show, in one run: equality, interruptions, whole experiments, speed, sanitizer, peers.

    prove_on_device.py BUILD_DIR [--report DIR] [--time S] [--scale F] [--seeds N] [--only NAMES]

Needs a build with tests (scripts/test.sh) and an NVIDIA driver. What matters most comes first, each check within a limit of
its own: a kernel that hangs costs that one. Logs, `summary.json` and `figures.md` in the report's folder are complete after
each check, so that a run that is cut off has not been for nothing. Exit codes: 0 nothing failed; 1 a check failed; 77
SKIPPED, no device.
"""

import argparse
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

TESTS = pathlib.Path(__file__).resolve().parents[1]
SKIPPED = 77
EXPERIMENTS = ["compgen", "featrank", "neuronspec", "featcompv2", "repalignv2", "microscalev2"]


class Proof:
    def __init__(self, options):
        self.report = options.report
        self.scale = options.scale
        self.seeds = options.seeds
        self.only = options.only.split(",") if options.only else None
        self.end = time.monotonic() + options.time
        self.outcomes = []

    def check(self, name, limit, command):
        """True if it passed."""
        if self.only and not any(name.startswith(wanted) for wanted in self.only):
            return False
        start = time.monotonic()
        limit = min(limit * self.scale, self.end - start)
        if limit <= 0:
            return self.note(name, "SKIPPED", 0, "no time left")
        log = self.report / f"{name}.log"
        with open(log, "w") as output:
            process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
            try:
                code = process.wait(timeout=limit)
                why = f"exit code {code}"
            except subprocess.TimeoutExpired:
                code, why = None, f"did not end in {limit:.0f} s"
            try:
                os.killpg(process.pid, signal.SIGKILL)  # whatever it started, too
            except ProcessLookupError:
                pass
            process.wait()
        seconds = time.monotonic() - start
        last = (log.read_text(errors="replace").strip().splitlines() or [""])[-1]
        if code == SKIPPED:
            return self.note(name, "SKIPPED", seconds, last)
        return self.note(name, "passed" if code == 0 else "FAILED", seconds, "" if code == 0 else f"{why}: {last}")

    def note(self, name, outcome, seconds, why=""):
        self.outcomes.append({"check": name, "outcome": outcome, "seconds": round(seconds, 1), "why": why})
        (self.report / "summary.json").write_text(json.dumps(self.outcomes, indent=1) + "\n")
        print(f"{outcome}: {name} ({seconds:.1f} s){', ' + why if why else ''}", flush=True)
        return outcome == "passed"

    def failed(self):
        return any(outcome["outcome"] == "FAILED" for outcome in self.outcomes)


def run_of(folder, experiment):
    read = lambda name: json.loads((folder / f"{experiment}.{name}.json").read_text())
    return read("result"), read("telemetry")


def compare_speed(proof, client, processor, experiment, rows):
    """Many seeds on the device, one of them on one core: the same numbers, and how long each took."""
    device, core = proof.report / "cuda", proof.report / "processor"
    work = [client, "--standalone", "--experiment", experiment, "--seed", "42", "--preset", "small", "--priority", "normal"]
    seeds = str(max(1, proof.seeds // 16) if experiment == "microscalev2" else proof.seeds)
    passed = [proof.check(f"speed-{experiment}-cuda", 60, [*work, "--seeds", seeds, "--backend", "cuda", "--out", device]),
              proof.check(f"speed-{experiment}-processor", 60, [*work, "--threads", "1", "--backend", processor, "--out", core])]
    if not all(passed):
        return
    (many, fast), (one, slow) = run_of(device, experiment), run_of(core, experiment)
    if many["seeds"][0] != one["seeds"][0]:
        proof.note(f"speed-{experiment}-same-numbers", "FAILED", 0, "the device's first seed is not the processor's")
        return
    ratio = (fast["seeds"] / fast["seconds_session"]) / (slow["seeds"] / slow["seconds_session"])
    rows.append(f"| {experiment} | {fast['seeds']} | {fast['seconds_session']:.3g} s | {slow['seconds_session']:.3g} s | "
                f"{ratio:.3g} | {fast['gflops_per_second']:.4g} | "
                f"{100 * fast['processor_seconds_session'] / fast['seconds_session']:.3g} % | "
                f"{fast['device_copied_bytes'] / fast['seeds'] / 1e6:.3g} MB |")
    (proof.report / "figures.md").write_text(
        f"{fast['device']}, client {fast['client_version']}, build {fast['build']}; one core: {slow['backend']}, {slow['processor']}\n\n"
        "| | seeds | on the device | one of them on one core | seeds an hour, ratio | GFLOP/s | host, of a core | copied, a seed |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- |\n" + "\n".join(rows) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--report", type=pathlib.Path, default=pathlib.Path("gpu-report"))
    parser.add_argument("--time", type=float, default=float("inf"), help="seconds for all checks together")
    parser.add_argument("--scale", type=float, default=1, help="of every check's own limit (a slow device: 3)")
    parser.add_argument("--seeds", type=int, default=64, help="on the device, for speed; microscalev2: a sixteenth")
    parser.add_argument("--only", metavar="NAMES", help="checks whose names begin so, separated by commas")
    options = parser.parse_args()
    client = str(options.build / "axiom-client")
    equality = str(options.build / "tests/cuda_emulation/cuda_equality_test")
    options.report.mkdir(parents=True, exist_ok=True)
    # Of an earlier run: a checkpoint there would be resumed, and the time measured be that of the rest.
    for folder in ("cuda", "processor"):
        shutil.rmtree(options.report / folder, ignore_errors=True)
    for name in ("summary.json", "figures.md"):
        (options.report / name).unlink(missing_ok=True)
    listed = subprocess.run([client, "devices", "--json"], check=True, capture_output=True, text=True).stdout
    (options.report / "devices.json").write_text(listed)
    backends = json.loads(listed)["backends"]
    device = next(backend for backend in backends if backend["name"].startswith("cuda"))
    if not device["available"]:
        print(f"SKIPPED: {device['name']}: {device['reason']}")
        return SKIPPED
    print(device["device"], flush=True)
    processor = next(backend["name"] for backend in backends
                     if backend["available"] and not backend["name"].startswith("cuda"))

    proof = Proof(options)
    proof.check("self-test", 30, [client, "self-test"])
    proof.check("equality", 180, [equality])
    proof.check("experiments", 180, [sys.executable, TESTS / "equality/experiments_equal.py", client, "cuda"])
    rows = []
    for experiment in EXPERIMENTS:
        compare_speed(proof, client, processor, experiment, rows)
    proof.check("bench", 100, [client, "bench", "--json"])
    proof.check("interruptions", 120, [sys.executable, TESTS / "kill/kill_and_resume.py", client, "--kills", "20"])
    for tool in ("memcheck", "racecheck", "initcheck", "synccheck"):
        proof.check(f"sanitizer-{tool}", 240, ["sh", TESTS / "cuda_emulation/sanitizer.sh", tool, equality])
    if os.environ.get("AXIOM_PEERS_PYTHON"):  # an interpreter that has PyTorch and JAX: some ten minutes
        proof.check("peers", 600, [sys.executable, "-B", TESTS / "bench/peers/compare_with_peers.py", client, "--json",
                                   options.report / "peers.json", "--logs", options.report / "peers", "--time-limit", "480"])
    if (options.report / "figures.md").exists():
        print((options.report / "figures.md").read_text(), end="")
    return 1 if proof.failed() else 0


if __name__ == "__main__":
    sys.exit(main())
