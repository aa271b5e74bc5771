#!/usr/bin/python3
"""What the host does beside a GPU: processor time and copied bytes a seed, on a device that takes no time
(tests/cuda_emulation/instant.h).

    host_beside_device.py BUILD_DIR [--rounds N] [EXPERIMENT ...]

Copies through pinned memory cost nothing, as on a real device; others cost what a driver's own copy would. Start and
self-test drop out: the time is the difference of a run of many seeds and one of few, the median of the rounds. Beside it
the time that the fastest processor backend takes for a seed with one thread, and what follows: no device can be faster
than so many cores while one core of the host feeds it. Last, the share of the time that the copies take at 25 GB/s (PCIe
4.0, 16 lanes, pinned memory) where the device is as fast as 200 such cores.
"""
import argparse
import json
import os
import resource
import statistics
import subprocess
import tempfile
from pathlib import Path

# Seeds of the two runs beside the device, and of that on the processor.
SEEDS = {"compgen": (2, 12, 1), "featrank": (20, 220, 3), "neuronspec": (20, 620, 20), "featcompv2": (2, 22, 1),
         "repalignv2": (20, 320, 5), "microscalev2": (1, 4, 0)}


FASTER = 200  # than one core: the aim
BANDWIDTH = 25e9  # bytes a second


def processor_seconds(command, environment):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))} ended with {done.returncode}: {done.stderr[-500:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=Path)
    parser.add_argument("experiments", nargs="*", metavar="EXPERIMENT", help="default: all")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_intermixed_args()
    if unknown := set(arguments.experiments) - set(SEEDS):
        parser.error(f"unknown experiments: {', '.join(sorted(unknown))}; known: {', '.join(SEEDS)}")
    emulation = arguments.build.resolve() / "tests/cuda_emulation"
    client = emulation / "axiom-client-emulated"
    if not client.exists():
        parser.error(f"{client} is not there: build the tests first (sh scripts/test.sh)")
    device = {**os.environ, "LD_LIBRARY_PATH": str(emulation / "lib"), "AXIOM_EMULATED_MEMORY": "8000000000"}
    device["AXIOM_EMULATED_INSTANT"] = str(1 << 40)
    trace = subprocess.run([client, "self-test"], env={**device, "AXIOM_EMULATED_TRACE": "1"}, capture_output=True,
                           text=True, check=True).stderr
    # Those of the self-test compute, or the device would be refused.
    device["AXIOM_EMULATED_INSTANT"] = str(trace.count(": launch ") + 1)

    with tempfile.TemporaryDirectory() as folder:
        def run(experiment, seeds, options, environment):
            out = tempfile.mkdtemp(dir=folder)
            seconds = processor_seconds([client, "--standalone", "--experiment", experiment, "--seed", "1", "--seeds",
                                         str(seeds), "--priority", "normal", "--out", out, *options], environment)
            telemetry = json.loads(Path(out, f"{experiment}.telemetry.json").read_text())
            return seconds, telemetry["device_copied_bytes"]

        gpu = ["--backend", "cuda", "--threads", "2", "--replay", "0"]
        print("| | host, a seed | copied, a seed | one core, a seed | bound, one host core | copies |\n"
              "| --- | --- | --- | --- | --- | --- |")
        for experiment in arguments.experiments or SEEDS:
            few, many, processor = SEEDS[experiment]
            rounds = [[after - before for before, after in
                       zip(run(experiment, few, gpu, device), run(experiment, many, gpu, device))]
                      for _ in range(arguments.rounds)]
            host, copied = (statistics.median(figures) / (many - few) for figures in zip(*rounds))
            row = f"| {experiment} | {host * 1e3:.3g} ms | {copied / 1e6:.3g} MB |"
            if processor == 0:  # minutes
                print(f"{row} – | – | – |", flush=True)
                continue
            core = run(experiment, processor, ["--threads", "1"], dict(os.environ))[0] / processor
            share = copied / BANDWIDTH / (core / FASTER)
            print(f"{row} {core:.3g} s | {core / host:.0f} | {100 * share:.2g} % |", flush=True)


if __name__ == "__main__":
    main()
