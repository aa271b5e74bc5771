#!/usr/bin/env python3
"""Figures of a task under the real BOINC client (docs/PERFORMANCE.md, "Under BOINC"). AXIOM_CLIENT is the executable."""

import re
import time

from project import Project
from support import app_files, unit
from volunteer import Volunteer, processor_ticks, wait_for


def read(path):
    try:
        return path.read_text()
    except OSError:
        return ""


def main():
    files = app_files()
    project = Project(files)
    volunteer = Volunteer(project)
    try:
        project.add_work("measured", unit(2000))
        volunteer.update()
        slot = wait_for("the slot", lambda: volunteer.slot("measured"))
        pid = wait_for("the process", lambda: volunteer.pid("measured"))
        volunteer.wait_checkpoint("measured")
        idles = []
        for _ in range(10):
            time.sleep(1)
            volunteer.task("measured", "suspend")
            asked = time.monotonic()
            last, changed = processor_ticks(pid), asked
            while time.monotonic() - asked < 2:
                time.sleep(0.005)
                ticks = processor_ticks(pid)
                if ticks != last:
                    last, changed = ticks, time.monotonic()
            idles.append(changed - asked)
            volunteer.task("measured", "resume")
        print(f"suspend to the last tick of processor time: median {sorted(idles)[5]:.2f} s, worst {max(idles):.2f} s")
        volunteer.task("measured", "suspend")
        time.sleep(2)
        before = processor_ticks(pid)
        time.sleep(20)
        print(f"processor ticks (10 ms) in 20 s of suspension: {processor_ticks(pid) - before}")
        sizes = [path.stat().st_size for path in slot.glob("*.checkpoint.?")]
        print(f"bytes of a checkpoint (one is written per period): {max(sizes)}")
        print(f"stderr.txt so far: {len(read(slot / 'stderr.txt'))} bytes")
        print("download, uncompressed: " + ", ".join(f"{len(f.content) / 1e6:.2f} MB {f.name}" for f in files))
        print(re.search("backend: .*", read(slot / "stderr.txt")).group())
    finally:
        volunteer.close()
        project.close()


if __name__ == "__main__":
    main()
