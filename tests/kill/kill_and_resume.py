#!/usr/bin/env python3
"""Ends axiom-client at random moments and demands the bytes of an undisturbed run.

Usage: kill_and_resume.py CLIENT [--kills N] [--seed S]

Each trial runs one experiment to its end, killing the process (SIGKILL mostly, now and then SIGTERM or SIGINT)
after random delays and starting it again on another backend and thread count. Checked: the result file equals
the undisturbed one; every restart really resumed where a checkpoint could exist; no more work was lost than
one checkpoint interval (plus the time of a step and of writing).
"""

import argparse
import hashlib
import json
import pathlib
import random
import re
import signal
import subprocess
import sys
import tempfile
import time

INTERVAL = 0.2  # seconds between checkpoints
SLACK = 1.0     # seconds: a step, a measurement, a write and a busy machine

# Small enough for a second or two, large enough to be interrupted everywhere.
PLANS = {
    "compgen": ["--set", "epochs=20", "--set", "trials=1", "--set", "widths=[32,64]"],
    "featrank": ["--set", "epochs=20", "--set", "trials=2"],
    "neuronspec": ["--set", "epochs=150", "--seeds", "3"],
    "featcompv2": ["--set", "epochs=40", "--set", "learning_rates=[0.05]"],
    "repalignv2": ["--seeds", "3"],
    "microscalev2": ["--set", "widths=[8,16,32]", "--set", "epochs=40"],
}


def command(client, experiment, out, backend, threads, plan=None):
    return [client, "--standalone", "--experiment", experiment, "--seed", "7",
            *(PLANS[experiment] if plan is None else plan),
            "--out", out, "--backend", backend, "--threads", str(threads), "--priority", "normal",
            "--checkpoint-interval", str(INTERVAL)]


def available_backends(client):
    report = json.loads(subprocess.run([client, "devices", "--json"], check=True,
                                       capture_output=True, text=True).stdout)
    # The reference takes part in the equality tests; here it would only be slow.
    return [b["name"] for b in report["backends"] if b["available"] and b["name"] != "reference"] \
        or ["reference"]


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def fail(message):
    sys.exit(f"FAILED: {message}")


def undisturbed(client, experiment, directory, backend):
    out = pathlib.Path(directory) / f"whole-{experiment}"
    start = time.monotonic()
    done = subprocess.run(command(client, experiment, str(out), backend, 2), capture_output=True,
                          text=True)
    if done.returncode != 0:
        fail(f"{experiment}: undisturbed run ended with {done.returncode}: {done.stderr}")
    return digest(out / f"{experiment}.result.json"), time.monotonic() - start


def trial(client, experiment, directory, backends, expected, seconds, rng, number):
    """One experiment to its end under fire. Returns (kills, resumes)."""
    out = pathlib.Path(directory) / f"trial-{number}"
    kills = resumes = 0
    while True:
        backend, threads = rng.choice(backends), rng.choice([1, 2, 3])
        before = sorted(p.name for p in out.glob("*.checkpoint.?")) if out.exists() else []
        process = subprocess.Popen(command(client, experiment, str(out), backend, threads),
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        # Half of the delays fall into the first moments, where files come to be.
        delay = rng.uniform(0, 0.3) if rng.random() < 0.3 else rng.uniform(0.2, 0.9 * seconds + 0.4)
        try:
            _, errors = process.communicate(timeout=delay)
        except subprocess.TimeoutExpired:
            how = rng.choices([signal.SIGKILL, signal.SIGTERM, signal.SIGINT], [8, 1, 1])[0]
            process.send_signal(how)
            _, errors = process.communicate()
            kills += 1
            allowed = (-signal.SIGKILL, 0) if how == signal.SIGKILL else (128 + how, -how, 0)
            if process.returncode not in allowed:
                fail(f"{experiment}: ended with {process.returncode} after {how.name}: {errors}")
        else:
            if process.returncode != 0:
                fail(f"{experiment}: ended with {process.returncode}: {errors}")
        if before:
            # The line comes before any of progress; a run that was killed earlier shows neither.
            computed = re.search(r"(?m)^result: |GFLOP/s", errors)
            if computed and not re.search(r"resum", errors):
                fail(f"{experiment}: did not resume from {before}: {errors}")
            resumes += 1 if re.search(r"resum", errors) else 0
        if process.returncode == 0:
            break
    if digest(out / f"{experiment}.result.json") != expected:
        fail(f"{experiment}, trial {number}: other bytes after {kills} kills")
    left = [p.name for p in out.iterdir() if "checkpoint" in p.name or p.name.endswith(".tmp")]
    if left:
        fail(f"{experiment}: left behind after finishing: {left}")
    return kills, resumes


def lost_work(client, directory, backend):
    """Kills once well after a checkpoint; the work counted as resumed shows what was lost."""
    experiment = "microscalev2"
    out = pathlib.Path(directory) / "lost"
    plan = ["--set", "widths=[64]", "--set", "depths=[2]", "--set", "epochs=2000"]
    args = command(client, experiment, str(out), backend, 1, plan)
    process = subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    alive = 1.7
    time.sleep(alive)
    if process.poll() is not None:
        fail(f"the run ended with {process.returncode} before the kill after {alive} s: give it more epochs")
    process.kill()
    process.communicate()
    done = subprocess.run(args, capture_output=True, text=True)
    telemetry = json.loads((out / f"{experiment}.telemetry.json").read_text())
    if done.returncode != 0 or telemetry["resumes"] != 1:
        fail(f"lost work: {telemetry} {done.stderr}")
    carried = telemetry["seconds_total"] - telemetry["seconds_session"]
    lost = alive - carried
    print(f"killed after {alive} s, {carried:.2f} s carried over, lost at most {lost:.2f} s")
    if lost > INTERVAL + SLACK:
        fail(f"lost {lost:.2f} s with a checkpoint interval of {INTERVAL} s")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("client")
    parser.add_argument("--kills", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    backends = available_backends(options.client)
    kills = resumes = trials = 0
    with tempfile.TemporaryDirectory() as directory:
        whole = {e: undisturbed(options.client, e, directory, backends[0]) for e in PLANS}
        while kills < options.kills or trials < len(PLANS):
            experiment = list(PLANS)[trials % len(PLANS)]
            expected, seconds = whole[experiment]
            k, r = trial(options.client, experiment, directory, backends, expected, seconds, rng,
                         trials)
            kills, resumes, trials = kills + k, resumes + r, trials + 1
        lost_work(options.client, directory, backends[0])
    print(f"{trials} runs, {kills} ended early, {resumes} resumed, all results equal")
    if resumes == 0:
        fail("no run ever resumed: the test tests nothing")


if __name__ == "__main__":
    main()
