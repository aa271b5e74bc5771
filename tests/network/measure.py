#!/usr/bin/env python3
"""The figures of docs/PERFORMANCE.md, "Uploads and updates". Medians on loopback, with a real nginx.

Usage: AXIOM_CLIENT=... AXIOM_TEST_CLIENT=... AXIOM_ANCHORS=... measure.py
"""

import gzip
import pathlib
import shutil
import statistics
import subprocess
import tempfile

from certificates import Authority
from releases import release
from servers import Nginx
from support import CLIENT, QUICK, TEST_CLIENT, client, environment

RUNS = 15


def seconds(command, before=lambda: None):
    """Median wall time of whole processes, and their largest resident memory in MiB."""
    times, peak = [], 0.0
    for _ in range(RUNS):
        before()
        done = subprocess.run(["/usr/bin/env", "python3", "-c", MEMORY, *map(str, command)], capture_output=True,
                              text=True, env=environment())
        if done.returncode != 0:
            raise SystemExit(done.stderr)
        elapsed, kilobytes = done.stdout.split()[-2:]
        times.append(float(elapsed))
        peak = max(peak, int(kilobytes) / 1024)
    return statistics.median(times), peak


MEMORY = """
import resource, subprocess, sys, time
start = time.perf_counter()
code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""


def show(what, value):
    print(f"{what}: {value[0] * 1e3:.1f} ms, {value[1]:.1f} MiB")


def main():
    directory = pathlib.Path(tempfile.mkdtemp(prefix="axiom-measure-"))
    directory.chmod(0o755)
    authority = Authority(directory / "authority")
    nginx = Nginx(authority.issue("server"))
    try:
        options = ["--ca-file", authority.certificate, "--quiet"]
        show("--version", seconds([CLIENT, "--version"]))
        out = directory / "out"
        assert client(*QUICK, "--out", out).returncode == 0
        upload = [CLIENT, "upload", out, "--upload-url", nginx.url(), *options]
        forget = lambda: shutil.rmtree(out / "outbox", ignore_errors=True)
        show("upload of a small result and its telemetry, outbox and receipts synced", seconds(upload, forget))
        show("likewise, nothing to send", seconds(upload))
        large = directory / "large"
        assert client("--standalone", "--experiment", "compgen", "--seed", "7", "--preset", "small", "--seeds", "40",
                      "--set", "epochs=2", "--out", large).returncode == 0
        text = (large / "compgen.result.json").read_bytes()
        packed = next(p for p in queued(large, nginx, options) if ".result." in p.name).stat().st_size
        print(f"a result of {len(text)} bytes is sent as {packed} ({len(text) / packed:.1f} : 1; gzip -9: "
              f"{len(gzip.compress(text, 9))})")
        channel = nginx.root / "files"
        release(channel)
        home = directory / "home"
        home.mkdir()
        program = home / "axiom-client"
        shutil.copy2(TEST_CLIENT, program)

        def fresh():
            shutil.rmtree(home / "axiom-client.update", ignore_errors=True)
            shutil.copy2(TEST_CLIENT, program)
        update = [program, "update", "--channel", nginx.url("/files/"), *options]
        show("update --check", seconds([*update, "--check"], fresh))
        show("update --apply: download, checks, self-test, swap", seconds([*update, "--apply"], fresh))
        fresh()
        show("self-test alone", seconds([program, "self-test"]))
        print(f"executable: {program.stat().st_size} bytes")
    finally:
        nginx.close()
        shutil.rmtree(directory, ignore_errors=True)


def queued(directory, nginx, options):
    """What waits in an outbox after an attempt that cannot succeed."""
    client("upload", directory, "--upload-url", "https://localhost:1/", "--retry-for", "0", *options)
    return sorted((directory / "outbox").glob("*.gz"))


if __name__ == "__main__":
    main()
