#!/usr/bin/env python3
"""What the real BOINC scheduler does with our plan classes, templates and bounds; and a whole life of work units under the
real server with real clients. By hand:

  BOINC_SERVER_SOURCE=DIR AXIOM_CLIENT=build/axiom-client python3 tests/boinc/prove_on_server.py [--only-scheduler]

DIR is a source tree of BOINC with the server built in place (docs/BOINC_SERVER.md says how). Needs MariaDB, php-cli with
php-mysql and php-xml, and boinc-client. Prints the table of docs/BOINC_SERVER.md. Exit code 77: SKIPPED; 1: something
was assigned, or refused, that should not be.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

from real_server import PACKAGING, PAGE, RealServer, documented_options, missing
from scheduler_request import assigned, messages, request
from support import LIBRARIES
from volunteer import Volunteer

CLIENT = os.environ.get("AXIOM_CLIENT", "")
SMALL = ("--set", "widths=[32,64]", "--set", "epochs=10", "--seeds-per-unit", "2")
GIB = 1 << 30
MIB = 1 << 20
AVX2 = "sse2 avx avx2 fma"
AVX512 = "sse2 avx avx2 fma avx512f avx512dq avx512bw avx512vl"


def card(cuda, driver, capability, memory):
    return {"cuda": cuda, "driver": driver, "capability": capability, "memory": memory}


NEW = card(13000, 58095, (8, 6), 12 * GIB)
# What is claimed, how it is asked, the plan class that must come ("" = nothing).
CASES = [
    ("3 GiB, 90 %", {"memory": 3 * GIB}, ""),
    ("3 GiB, 100 %", {"memory": 3 * GIB, "busy": 100, "idle": 100}, ""),
    ("4 GiB, 90 %", {"memory": 4 * GIB}, ""),
    ("4 GB as firmware leaves them (3.8 GiB), 100 %", {"memory": 3891 * MIB, "busy": 100, "idle": 100}, ""),
    ("4 GiB exactly, 100 %", {"memory": 4 * GIB, "busy": 100, "idle": 100}, ""),
    ("4 GiB exactly, preferences of 400 %", {"memory": 4 * GIB, "busy": 400, "idle": 400}, ""),
    ("4 GiB + 1 MiB, 100 %", {"memory": 4 * GIB + MIB, "busy": 100, "idle": 100}, "avx2"),
    ("no memory claimed", {"memory": 0}, ""),
    ("6 GiB, 50 % in use, 90 % idle", {"memory": 6 * GIB}, "avx2"),
    ("6 GiB, 50 % always", {"memory": 6 * GIB, "busy": 50, "idle": 50}, ""),
    ("8 GiB, 50 % in use, 90 % idle", {"memory": 8 * GIB}, "avx2"),
    ("8 GB as firmware leaves them (7.7 GiB), 90 %", {"memory": 7885 * MIB}, "avx2"),
    ("8 GiB, 50 % always", {"memory": 8 * GIB, "busy": 50, "idle": 50}, ""),
    ("16 GiB, 50 % always", {"memory": 16 * GIB, "busy": 50, "idle": 50}, "avx2"),
    ("8 GiB, AVX-512", {"memory": 8 * GIB, "features": AVX512}, "avx2"),
    ("8 GiB, AVX2 without FMA", {"memory": 8 * GIB, "features": "sse2 avx avx2"}, ""),
    ("8 GiB, no AVX2", {"memory": 8 * GIB, "features": "sse2 sse4_2 avx fma"}, ""),
    ("8 GiB, glibc 2.31", {"memory": 8 * GIB, "libc": "2.31"}, ""),
    ("CUDA 13.0, driver 580.95, cc 8.6, 12 GiB; 8 GiB of RAM", {"memory": 8 * GIB, "gpu": NEW}, "cuda130"),
    ("the same card; 4 GiB of RAM, 100 %", {"memory": 4 * GIB, "busy": 100, "idle": 100, "gpu": NEW}, ""),
    ("the same card; 3 GiB of RAM", {"memory": 3 * GIB, "gpu": NEW}, ""),
    ("the same card; processor without AVX2", {"memory": 8 * GIB, "features": "sse2 avx", "gpu": NEW}, ""),
    ("CUDA 13.0, cc 7.5, 4 GiB", {"memory": 8 * GIB, "gpu": card(13000, 58095, (7, 5), 4 * GIB)}, "cuda130"),
    ("CUDA 13.0, cc 7.0", {"memory": 8 * GIB, "gpu": card(13000, 58095, (7, 0), 16 * GIB)}, ""),
    ("CUDA 12.2, driver 535.54, cc 8.6", {"memory": 8 * GIB, "gpu": card(12020, 53554, (8, 6), 8 * GIB)}, ""),
    ("CUDA 13.0, cc 8.6, 1 GiB", {"memory": 8 * GIB, "gpu": card(13000, 58095, (8, 6), GIB)}, ""),
]
# With the other class of CUDA installed instead.
LEGACY_CASES = [
    ("CUDA 13.0, driver 580.95, cc 8.6, 12 GiB; 8 GiB of RAM", {"memory": 8 * GIB, "gpu": NEW}, "cuda118"),
    ("CUDA 12.2, driver 535.54, cc 6.1, 4 GiB", {"memory": 8 * GIB, "gpu": card(12020, 53554, (6, 1), 4 * GIB)}, "cuda118"),
    ("the same; 4 GiB of RAM, 100 %",
     {"memory": 4 * GIB, "busy": 100, "idle": 100, "gpu": card(12020, 53554, (6, 1), 4 * GIB)}, ""),
    ("CUDA 11.0, driver 450.80, cc 5.0, 2 GiB", {"memory": 8 * GIB, "gpu": card(11000, 45080, (5, 0), 2 * GIB)}, "cuda118"),
    ("CUDA 10.2, driver 440.33, cc 7.5", {"memory": 8 * GIB, "gpu": card(10020, 44033, (7, 5), 8 * GIB)}, ""),
    ("CUDA 11.4, driver 470.82, cc 3.5", {"memory": 8 * GIB, "gpu": card(11040, 47082, (3, 5), 2 * GIB)}, ""),
    ("CUDA 12.2, driver 535.54, cc 6.1, 1 GiB", {"memory": 8 * GIB, "gpu": card(12020, 53554, (6, 1), GIB)}, ""),
]
# An additional version for processors without AVX2, for who wants it.
GENERIC_CASES = [
    ("8 GiB, no AVX2, class generic installed", {"memory": 8 * GIB, "features": "sse2 sse4_2"}, "generic"),
    ("4 GiB exactly, 100 %, no AVX2, class generic installed",
     {"memory": 4 * GIB, "busy": 100, "idle": 100, "features": "sse2 sse4_2"}, ""),
]


def tool(server, name, *arguments):
    return server.run(PACKAGING / name, *arguments).strip()


def publish(server, versions):
    """Keys stay outside the project, as on a machine of their own."""
    keys = server.directory / "offline"
    if not keys.exists():
        tool(server, "make-app-version", "keys", keys)
        (server.project / "keys" / "code_sign_public").write_text((keys / "code_sign_public").read_text())
    for app, plan_class in versions:
        # Nothing is computed on a GPU here: any program will do, which layout would not have as one of CUDA.
        checked = "avx2" if plan_class.startswith("cuda") else plan_class
        folder = pathlib.Path(tool(server, "make-app-version", "layout", "--program", CLIENT, "--version", "1.00", "--app", app,
                                   "--plan-class", checked, "--out", server.project / "apps"))
        folder = folder.rename(folder.with_name(folder.name.replace(checked, plan_class)))
        tool(server, "make-app-version", "sign", folder, "--keys", keys)
        tool(server, "make-app-version", "verify", folder, "--keys", keys)
    said = server.update_versions()
    if said.count("added successfully") != len(versions):
        raise SystemExit(f"update_versions: {said}")


def give(server, size, seeds, *work):
    folder = server.directory / "work"
    server.run("bin/make-work", "make", "--experiment", "neuronspec", "--seeds", seeds, "--size", size, "--out", folder, "--program",
               CLIENT, "--templates", server.project / "templates", *work)
    return server.run("bin/make-work", "issue", "--out", folder, "--project", server.project)


def reason(reply, log):
    """Why nothing came: the scheduler's message for the volunteer, or else what it wrote to its log."""
    said = [text for text in messages(reply) if text != "No tasks sent"]
    logged = [re.sub("' *(.*?) *'", r"'\1'", re.split(r" \(got |[0-9]{4}-[0-9]{2}-", text)[0]) for text in re.findall("plan_class_spec: (.*)", log)]
    return "; ".join(said) or "; ".join(f"log: {text}" for text in dict.fromkeys(logged) if "GPU" not in text)


def prove_scheduler(server, cases):
    wrong = 0
    for claimed, claim, wanted in cases:
        reply, log = server.ask(request(**claim))
        count, classes = assigned(reply)
        right = (count, classes) == ((1, [wanted]) if wanted else (0, []))
        wrong += not right
        given = f"{count} × {', '.join(classes)}" if count else "nothing"
        print(f"| {claimed} | {given}{'' if right else ' **WRONG**'} | {'' if count else reason(reply, log)} |", flush=True)
        if count:
            bound = re.search("<rsc_memory_bound>([0-9]+)", reply).group(1)
            if ("--threads 2" in reply) != ("gpu" in claim):
                print("the command line is not what the template says")
                wrong += 1
            expected = 4 * GIB + MIB if "gpu" in claim else 128 * MIB
            if int(bound) != expected:
                print(f"the client is told rsc_memory_bound {bound}, not {expected}")
                wrong += 1
    return wrong


class BackendVolunteer(Volunteer):
    """One that wants a certain backend; `own_program`: by the anonymous platform, with app_info.xml as it is shipped."""

    def __init__(self, project, backend, own_program=False):
        self.backend, self.own_program = backend, own_program
        super().__init__(project)

    def start(self):
        host = self.project.url.removeprefix("http://").rstrip("/")
        folder = self.directory / "projects" / re.sub("[^A-Za-z0-9.]", "_", host)
        folder.mkdir(parents=True)
        if self.own_program:
            shutil.copy(PACKAGING / "app_info.xml", folder)
            shutil.copy(CLIENT, folder / "axiom-client")
            for name in ("libboinc_api.so.7", "libboinc.so.7"):
                shutil.copy(LIBRARIES / name, folder)
        (folder / "app_config.xml").write_text(
            "<app_config><app_version><app_name>axiom</app_name>"
            f"<plan_class>{'' if self.own_program else 'avx2'}</plan_class>"
            f"<cmdline>--backend {self.backend}</cmdline></app_version></app_config>\n")
        super().start()


def validate_and_keep(server):
    """One round of two daemons of a server; what they said."""
    said = ""
    for daemon in ("sample_bitwise_validator", "script_assimilator"):
        done = subprocess.run([f"./{daemon}", *documented_options(daemon), "--one_pass"], cwd=server.project / "bin",
                              capture_output=True, text=True)
        said += f"{daemon}: {done.returncode}\n{done.stdout}{done.stderr}"
    return said


def wait(server, volunteers, what, condition, patience=400):
    end = time.monotonic() + patience
    while not condition():
        if time.monotonic() > end:
            raise SystemExit("\n".join([v.log()[-2000:] for v in volunteers]) + f"\nwaited {patience} s for {what}: " +
                             server.sql("select name, server_state, outcome, exit_status, validate_state from result"))
        for volunteer in volunteers:
            volunteer.update_now_and_then()
        server.transition()
        time.sleep(1)


def outcome(server, unit):
    """Of the results of a work unit: {validate_state: [backend that computed it]}. 1 = valid, 2 = invalid."""
    found = {}
    for line in server.sql(f"select validate_state, replace(stderr_out, '\\n', ' ') from result where outcome=1 and name like "
                           f"'{unit}\\_%'").splitlines():
        backend = re.search(r"backend: (\S+)", line)
        found.setdefault(int(line.split()[0]), []).append(backend.group(1) if backend else "?")
    return {state: sorted(names) for state, names in found.items()}


def prove_life(server):
    """Three real clients with a backend each, the stock validator and script_assimilator. A result that was altered on its way
    is out-voted; what is kept is what a run by hand gives."""
    work = server.directory / "work"
    listed = json.loads(subprocess.run([CLIENT, "devices", "--json"], capture_output=True, check=True, text=True).stdout)
    names = [b["name"] for b in listed["backends"] if b["available"] and not b["name"].startswith("cuda")]
    chosen = (3 * names)[:3]
    volunteers = []
    wrong = 0
    try:
        volunteers += [BackendVolunteer(server, backend, own_program=backend is chosen[-1]) for backend in chosen]
        for seed, altered in ((1, False), (2, True)):
            tasks = 2 if altered else 3
            if altered:  # not issued before the first is through
                give(server, "cpu", seed, *SMALL)
            unit = next(work.glob(f"*_{seed}.job")).stem
            reported = f"select count(*) from result where outcome=1 and name like '{unit}\\_%'"
            wait(server, volunteers, f"{tasks} results of {unit}", lambda: int(server.sql(reported)) >= tasks)
            if altered:
                with open(next(iter(server.uploads(unit).values())), "r+b") as file:
                    first = file.read(1)
                    file.seek(0)
                    file.write(bytes([first[0] ^ 1]))
            kept = server.project / "results" / f"{unit}.result.json"
            said = []
            wait(server, volunteers, f"{unit} to be kept", lambda: said.append(validate_and_keep(server)) or kept.exists())
            by_hand = server.directory / "by-hand" / unit
            server.run(CLIENT, "--standalone", "--work-unit", work / f"{unit}.json", "--out", by_hand, "--quiet")
            same = kept.read_bytes() == (by_hand / "neuronspec.result.json").read_bytes()
            states = outcome(server, unit)
            granted = server.sql(f"select granted_credit from result where validate_state=1 and name like '{unit}\\_%'").split()
            promised = float(re.search("--credit (\\S+)", (work / f"{unit}.job").read_text()).group(1))
            if len(granted) < 2 or any(abs(float(credit) / promised - 1) > 1e-9 for credit in granted):
                print(f"credit: {granted}, not {promised}")
                wrong += 1
            valid, invalid = states.get(1, []), states.get(2, [])
            print(f"\n{unit}{', one result altered on the server' if altered else ''}: valid {', '.join(valid)}; invalid "
                  f"{', '.join(invalid) or 'none'}; kept: {'byte for byte' if same else 'OTHER than'} a run by hand", flush=True)
            wrong += not same or (len(valid), len(invalid)) != ((2, 1) if altered else (3, 0))
        speeds = server.sql(measured_speeds()).split("\n")
        print(f"measured speeds: {speeds}")
        wrong += len(speeds) != 1 or not re.fullmatch(r"neuronspec\t[0-9.]+\t[1-9][0-9]*", speeds[0])
    finally:
        for volunteer in volunteers:
            volunteer.close()
    return wrong


def measured_speeds():
    """The query of docs/BOINC_SERVER.md."""
    return re.search(r"^    (select .*);$", PAGE, re.M).group(1)


def prove_daemons(server, source):
    """bin/start takes a second daemon of the same files for running, and bin/status shows the first one's process for it."""
    daemons = server.start_and_stop(source)
    running = {process for process, status, _ in daemons if status == "running"}
    print("\ndaemons: " + "; ".join(f"{command}: {status}" for _, status, command in daemons), flush=True)
    return len(running) != len(daemons) or len(daemons) != PAGE.count("<daemon><cmd>")


def main():
    source = pathlib.Path(os.environ.get("BOINC_SERVER_SOURCE", ""))
    if not os.environ.get("BOINC_SERVER_SOURCE"):
        print("SKIPPED: BOINC_SERVER_SOURCE names no source tree of BOINC with the server built")
        return 77
    if lacking := missing(source):
        print(f"SKIPPED: {source} lacks {', '.join(lacking)}")
        return 77
    wrong = 0
    print("| claimed | assigned | the scheduler's message, or its log |\n| --- | --- | --- |")
    for versions, cases in (([("axiom", "avx2"), ("axiom_gpu", "cuda130")], CASES),
                            ([("axiom", "generic"), ("axiom_gpu", "cuda118")], LEGACY_CASES + GENERIC_CASES)):
        with RealServer(source) as server:
            publish(server, versions)
            # More of one application in front than the feeder holds: the others' hosts must not wait for it.
            give(server, "gpu", "101-160", "--seeds-per-unit", "20")
            give(server, "cpu", "1-30", "--seeds-per-unit", "20")
            if not give(server, "cpu", "1-30").startswith("0 work units issued"):
                raise SystemExit("the same seeds were issued twice")
            server.create_results()
            server.start_feeder()
            wrong += prove_scheduler(server, cases)
    if "--only-scheduler" not in sys.argv[1:]:
        with RealServer(source) as server:  # one of its own: bin/stop stops its scheduler, too
            wrong += prove_daemons(server, source)
        with RealServer(source) as server:
            publish(server, [("axiom", "avx2")])
            # A result from each client for the first work unit.
            template = server.project / "templates" / "axiom_in"
            quorum_of_two = template.read_text()
            template.write_text(re.sub("<(min_quorum|target_nresults)>2<", r"<\1>3<", quorum_of_two))
            give(server, "cpu", "1", *SMALL)
            template.write_text(quorum_of_two)
            server.create_results()
            server.start_feeder()
            wrong += prove_life(server)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
