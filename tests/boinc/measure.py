#!/usr/bin/env python3
"""Figures of a task under the real BOINC client (docs/PERFORMANCE.md, "Under BOINC"). AXIOM_CLIENT is the executable.

Usage: measure.py [--kills N]
"""

import argparse
import gzip
import mmap
import os
import pathlib
import random
import re
import statistics
import sys
import time

from project import Project
from slot import CHANNEL, CONTROL, Slot
from support import app_files, unit
from test_kills import PERIOD, kill_again_and_again
from volunteer import Volunteer, wait_for


def show(figure, measured):
    print(f"| {figure} | {measured} |", flush=True)


def spread(seconds):
    return f"median {statistics.median(seconds):.2f} s, worst {max(seconds):.2f} s of {len(seconds)}"


def thread_seconds(pid):
    """Processor time of each thread: the main one, that of BOINC's library, the one that watches, then the workers."""
    seconds = []
    for thread in sorted(pathlib.Path(f"/proc/{pid}/task").iterdir(), key=lambda path: int(path.name)):
        try:
            seconds.append(int(thread.joinpath("schedstat").read_text().split()[0]) / 1e9)
        except OSError:
            seconds.append(0.0)
    return seconds


def worker_seconds(pid):
    return sum(thread_seconds(pid)[3:])


def start():
    """From the start of the process to the first training, and what a task takes besides training and measuring."""
    begun, outside = [], []
    for _ in range(10):
        slot = Slot(unit(100))
        started = time.monotonic()
        slot.start()
        while "starting at" not in slot.log():
            time.sleep(0.001)
        begun.append(time.monotonic() - started)
        while slot.finished() is None:
            time.sleep(0.001)
        whole = time.monotonic() - started
        slot.end()
        outside.append(whole - float(re.search(r"trained and measured in ([\d.]+) s", slot.log()).group(1)))
        slot.close()
    show("start of the process to the first training", spread(begun))
    show(f"of a task of {whole:.1f} s: outside training and measuring, 2 s of it in boinc_finish()", spread(outside))


def suspensions(volunteer, name):
    """When the client has been asked, when it has told the task, when the library has heard, when no worker computes."""
    pid, slot = volunteer.pid(name), volunteer.slot(name)
    told, heard, idle, whole = [], [], [], []
    with open(slot / "boinc_mmap_file", "r+b") as file:
        shared = mmap.mmap(file.fileno(), 8 * CHANNEL, prot=mmap.PROT_READ)
    for _ in range(20):
        time.sleep(random.uniform(0.5, 1.5))
        asked = time.monotonic()
        volunteer.task(name, "suspend")
        def message():
            return shared[CONTROL * CHANNEL] and b"<suspend/>" in shared[CONTROL * CHANNEL:(CONTROL + 1) * CHANNEL]
        while not message() and time.monotonic() - asked < 5:
            time.sleep(0.0005)
        if not message():  # taken before it was seen
            volunteer.task(name, "resume")
            continue
        posted = time.monotonic()
        while message():
            time.sleep(0.0005)
        taken = time.monotonic()
        last, changed = worker_seconds(pid), taken
        while time.monotonic() - taken < 2:
            time.sleep(0.002)
            now = worker_seconds(pid)
            if now != last:
                last, changed = now, time.monotonic()
        told.append(posted - asked)
        heard.append(taken - posted)
        idle.append(changed - taken)
        whole.append(changed - asked)
        volunteer.task(name, "resume")
    show("suspension: the client tells the task", spread(told))
    show("suspension: BOINC's library takes it up", spread(heard))
    show("suspension: then until no worker computes", spread(idle))
    show("suspension: from asking the client to idle", spread(whole))


def suspended(volunteer, name):
    pid = volunteer.pid(name)
    volunteer.task(name, "suspend")
    time.sleep(3)
    before = thread_seconds(pid)
    time.sleep(20)
    after = thread_seconds(pid)
    volunteer.task(name, "resume")
    spent = [1000 * (b - a) for a, b in zip(before, after)]
    show("processor time in 20 s of suspension", f"workers {sum(spent[3:]):.1f} ms, polling {spent[0]:.1f} ms, "
         f"watching {spent[2]:.1f} ms, BOINC's library {spent[1]:.1f} ms")


def written(volunteer, name):
    pid = volunteer.pid(name)
    def counted():
        return int(re.search(r"^write_bytes: (\d+)", pathlib.Path(f"/proc/{pid}/io").read_text(), re.M).group(1))
    slot = volunteer.slot(name)
    before, begun = counted(), time.monotonic()
    time.sleep(20 * PERIOD)
    periods = (time.monotonic() - begun) / PERIOD
    largest = max(path.stat().st_size for path in slot.glob("*.checkpoint.?"))
    show("written to the disk per checkpoint period, all files", f"{(counted() - before) / periods / 1e6:.2f} MB, "
         f"a checkpoint has {largest / 1e6:.2f} MB")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=100)
    options = parser.parse_args()
    files = app_files()
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors\n| figure | measured |\n| --- | --- |")
    start()
    project = Project(files)
    volunteer = Volunteer(project, period=PERIOD, ncpus=1)
    try:
        project.add_work("measured", unit(2000, width=256))
        volunteer.wait_running("measured")
        volunteer.wait_checkpoint("measured")
        suspensions(volunteer, "measured")
        suspended(volunteer, "measured")
        written(volunteer, "measured")
        show("stderr.txt so far", f"{len(volunteer.slot('measured').joinpath('stderr.txt').read_text())} bytes")
        volunteer.task("measured", "abort")
        lost, task = [], 0
        chance = random.Random()
        while len(lost) < options.kills:
            task += 1
            project.add_work(f"killed{task}", unit(1000))
            lost += kill_again_and_again(volunteer, f"killed{task}", chance, options.kills - len(lost))
            if len(lost) < options.kills:
                wait_for("the end", lambda: f"killed{task}_0" in project.reports or volunteer.update_now_and_then())
        if lost:
            show(f"work lost by each kill -9, checkpoints every {PERIOD} s", spread(lost))
        sizes = ", ".join(f"{len(f.content) / 1e6:.2f} MB {f.name} ({len(gzip.compress(f.content)) / 1e6:.2f} MB gzipped)"
                          for f in files)
        show("download", sizes)
    finally:
        volunteer.close()
        project.close()


if __name__ == "__main__":
    sys.exit(main())
