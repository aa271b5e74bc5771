#!/usr/bin/env python3
"""axiom-client against PyTorch and JAX: the same batches of networks, the same arithmetic work, in turns, in one run.

README.md says what is measured and how to read it. Exit codes: 0 done; 1 a program failed, or a peer does not learn
what the client learns; 2 options; 77 SKIPPED: no peer, or no device, is here.
"""

import argparse
import contextlib
import os
import pathlib
import shutil
import signal
import sys
import tempfile
import time

import cases
import report
from client_side import NO_DEVICE, Client, ClientFailed, disagreements
from peer_process import SCRIPTS, PeerFailed, PeerProcess, PeerUnavailable

SKIPPED = 77
CONTENDERS, MARGIN = 2, 1.25  # at most so many variants of a peer are timed, if not slower than the first by more


def arguments():
    names = [case.name for case in cases.CASES]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("client", help="the executable")
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--size", choices=["gpu", "cpu", "tiny"], help="of the work (default: as the device)")
    parser.add_argument("--only", default=",".join(names), metavar="CASES", help=f"some of {','.join(names)}")
    parser.add_argument("--peers", default="torch,jax", help=f"some of {','.join(SCRIPTS)}, or files")
    parser.add_argument("--python", default=os.environ.get("AXIOM_PEERS_PYTHON", sys.executable),
                        help="the interpreter that has the peers (default: $AXIOM_PEERS_PYTHON, else this one)")
    parser.add_argument("--repeat", type=int, default=5, help="rounds (default 5)")
    parser.add_argument("--backend", help="the client's (default: cuda, or auto on a processor)")
    parser.add_argument("--threads", type=int, default=1, help="processors for all, with --device cpu (default 1)")
    parser.add_argument("--tf32", action="store_true", help="also rows for the peers with TF32 allowed")
    parser.add_argument("--variants", metavar="NAMES", help="only these of the peers' variants; all: also those that "
                        "take minutes to compile (default: all but those)")
    parser.add_argument("--networks-at-once", type=int, default=0, metavar="N", help="the most a peer trains at once")
    parser.add_argument("--json", metavar="FILE", help="written anew after each case")
    parser.add_argument("--logs", metavar="DIR", help="keep the peers' logs")
    parser.add_argument("--time-limit", type=float, default=float("inf"), metavar="S", help="begin no case after that")
    parser.add_argument("--answer-limit", type=float, default=900, metavar="S", help="for one request to a peer")
    options = parser.parse_args()
    options.size = options.size or {"cuda": "gpu", "cpu": "cpu"}[options.device]
    options.backend = options.backend or {"cuda": "cuda", "cpu": "auto"}[options.device]
    try:
        options.cases = [cases.by_name(name) for name in options.only.split(",")]
    except ValueError as error:
        parser.error(str(error))
    options.peers = options.peers.split(",")
    options.variants = options.variants.split(",") if options.variants else []
    for name in options.peers:
        if name not in SCRIPTS and not os.path.isfile(name):
            parser.error(f"unknown peer {name!r} (known: {', '.join(SCRIPTS)}; or a file)")
    if options.tf32 and options.device != "cuda":
        parser.error("--tf32: only GPUs have TF32")
    if options.repeat < 1 or options.threads < 1 or options.networks_at_once < 0:
        parser.error("--repeat and --threads take at least 1, --networks-at-once at least 0")
    if options.device == "cpu" and options.threads > len(os.sched_getaffinity(0)):
        parser.error(f"--threads {options.threads}: this process may use {len(os.sched_getaffinity(0))} processors")
    for name in filter(None, (options.json, options.logs)):
        if not os.access(pathlib.Path(name).absolute().parent, os.W_OK):
            parser.error(f"{name}: its folder is not there or not writable")
    for executable in options.client, options.python:
        if not shutil.which(executable):
            parser.error(f"{executable}: no executable")
    return options


def start_peers(options, directory, stack):
    """(processes that can run here, what is said of each)"""
    running, described = [], {}
    threads = options.threads if options.device == "cpu" else 0
    for name in options.peers:
        for tf32 in (False, True) if options.tf32 else (False,):
            process = PeerProcess(name, options.python, options.device, threads, tf32, directory,
                                  pathlib.Path(options.logs or directory), options.answer_limit)
            stack.callback(process.close)
            try:
                described[process.name] = process.ask(do="describe")
                running.append(process)
                print(f"{process.name}: {described[process.name]['version']} on {described[process.name]['device']}, "
                      + ("TF32 allowed" if tf32 else "float32, no TF32"))
            except PeerUnavailable as error:
                described[process.name] = {"unavailable": str(error)}
                print(f"SKIPPED {process.name}: {error}")
            except PeerFailed as error:
                described[process.name] = {"failed": str(error)}
                print(f"FAILED {error}")
    return running, described


def build_variants(process, case, options):
    """What became of each variant. A CUDA error stays in its process, so the other variants get a new one."""
    lost = {}
    while True:
        built = process.ask(do="prepare", case=case.name, size=options.size, variants=options.variants,
                            networks_at_once=options.networks_at_once, without=list(lost))["variants"]
        culprit = next((name for name, v in built.items() if "CUDA error" in v.get("reason", "")), None)
        if culprit is None:
            return {**lost, **built}
        lost[culprit] = built[culprit]
        process.restart()


def prepare(process, case, options, entry, client_metrics):
    """Builds and calibrates a peer's variants; those that are to be timed are checked and put into .contenders."""
    variants = entry["variants"] = build_variants(process, case, options)
    ready = sorted((v["calibration_seconds"], name) for name, v in variants.items() if v["status"] == "ready")
    if not ready:
        entry["failure"] = "; ".join(f"{name}: {v['reason']}" for name, v in variants.items()) or "it has none of these"
        return
    names = [name for seconds, name in ready if seconds <= ready[0][0] * MARGIN][:CONTENDERS]
    process.ask(do="keep", variants=names)
    for name in names:
        variants[name]["check"] = check = process.ask(do="check", variant=name)
        variants[name]["disagreements"] = disagreements(check, client_metrics, process.tf32)
    entry["contenders"] = {name: [] for name in names}


def time_contenders(process, entry):
    for name, seconds in entry["contenders"].items():
        seconds.append(process.ask(do="time", variant=name)["seconds"])


def attempt(action, process, entry):
    """A peer that fails is out of this case, and starts anew for the next."""
    try:
        action()
    except PeerFailed as error:
        entry.update(failure=str(error), contenders={})
        process.restart()


def compare(case, client, processes, options):
    """The report of one case."""
    size = case.sizes[options.size]
    client_metrics = client.final_metrics(case, size)
    contestants = [(process, {"peer": process.name, "variant": None, "failure": None, "disagreements": [],
                              "variants": {}, "contenders": {}}) for process in processes]
    for process, entry in contestants:
        attempt(lambda: prepare(process, case, options, entry, client_metrics), process, entry)
    runs = []
    for turn in range(options.repeat):
        runs.append(client.timed(case, size))
        for process, entry in contestants if turn % 2 == 0 else contestants[::-1]:
            attempt(lambda: time_contenders(process, entry), process, entry)
    for process, entry in contestants:
        attempt(lambda: process.ask(do="keep", variants=[]), process, entry)
        finish(entry, runs)
    last = runs[-1]["telemetry"]
    return {"name": case.name, "experiment": case.experiment, "layers": case.layers, "batch": case.rows,
            "samples": case.samples, "networks": case.networks(size), "epochs": size.epochs,
            "steps": case.steps(size.epochs), "flops": case.flops(case.networks(size), size.epochs),
            "limited": bool(options.networks_at_once),
            "client": {key: last[key] for key in ("client_version", "build", "backend", "device", "processor",
                                                  "threads", "networks_at_once", "replayed_steps")}
            | {"training_seconds": report.statistic([run["training"] for run in runs]),
               "whole_seconds": report.statistic([run["whole"] for run in runs])},
            "peers": [entry for _, entry in contestants]}


def finish(entry, runs):
    """Chooses the fastest of the timed variants and adds its figures."""
    contenders = entry.pop("contenders")
    if not contenders:
        return
    entry["variant"] = fastest = min(contenders, key=lambda name: report.statistic(contenders[name])["median"])
    variant = entry["variants"][fastest]
    for name, seconds in contenders.items():
        entry["variants"][name]["seconds"] = report.statistic(seconds)
    entry.update(seconds=report.statistic(contenders[fastest]), networks_at_once=variant["networks_at_once"],
                 disagreements=variant["disagreements"],
                 ratio=report.ratio(contenders[fastest], [run["training"] for run in runs]),
                 ratio_of_least=min(contenders[fastest]) / min(run["training"] for run in runs),
                 ratio_to_whole_client=report.ratio(contenders[fastest], [run["whole"] for run in runs]))


def run(options, directory, stack):
    started = time.monotonic()
    client = Client(options.client, options.backend, options.threads if options.device == "cpu" else 0)
    processes, described = start_peers(options, directory, stack)
    broken = any("failed" in entry for entry in described.values())
    if not processes:
        print("no peer starts" if broken else "SKIPPED: no peer can run here")
        return 1 if broken else SKIPPED
    result = {"schema": 1, "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "device": options.device,
              "size": options.size, "repeat": options.repeat, "peers": described, "cases": [], "not_run": []}
    print(report.HEAD, flush=True)
    for case in options.cases:
        if time.monotonic() - started > options.time_limit:
            result["not_run"].append(case.name)
            print(f"{case.name:18} not run: the time limit of {options.time_limit:g} s is over")
        else:
            result["cases"].append(compare(case, client, processes, options))
            print(*report.rows(result["cases"][-1]), sep="\n", flush=True)
        if options.json:
            report.write(options.json, result)
    print(*report.summary(result["cases"], options.device, options.size), sep="\n")
    bad = any(peer["variant"] is None or peer["disagreements"] for case in result["cases"] for peer in case["peers"])
    return 1 if bad or broken else 0


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if options.device == "cpu":
        # For the client and the peers alike.
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-options.threads:])
    with contextlib.ExitStack() as stack:
        directory = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="axiom-peers-")))
        if options.logs:
            pathlib.Path(options.logs).mkdir(parents=True, exist_ok=True)
        try:
            return run(options, directory, stack)
        except (ClientFailed, PeerFailed) as error:
            if isinstance(error, ClientFailed) and error.code in NO_DEVICE:
                print(f"SKIPPED: {error}")
                return SKIPPED
            print(f"error: {error}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print("stopped", file=sys.stderr)
            return 130


if __name__ == "__main__":
    sys.exit(main())
