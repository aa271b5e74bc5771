"""How large a work unit is made, and the bounds that BOINC is told, all from `axiom-client plan`."""

import contextlib
import json
import math
import os
import re
import select
import stat
import subprocess
import tempfile
import xml.etree.ElementTree as xml

MOST_SEEDS = 10000  # of a work unit (docs/WORK_UNITS.md)
MEBIBYTE = 1 << 20
MOST_BYTES = 64 * MEBIBYTE  # of a file that is read; none that is right comes near

# Minutes and effective speed in GFLOP/s: training operations per second of the whole run, metrics included.
# docs/BOINC_SERVER.md says where they come from.
SIZES = {"cpu": (15, 40.0, "axiom"), "gpu": (30, 500.0, "axiom_gpu")}
LEAST_GFLOPS, MOST_GFLOPS = 0.01, 1e6  # beyond them a slip
# The limit of time, for hosts slower than the estimate: the task is ended beyond it. Before a host has statistics, its
# fastest GPU's peak is the estimate, and its slowest may do the work: a hundredth of that, and less of its peak.
BOUND_OVER_ESTIMATE = {"cpu": 100, "gpu": 1000}
CREDIT_PER_OPERATION = 200 / 86400e9  # BOINC's unit: 200 for a day at 1 GFLOP/s
# Networks that the largest device holds at once, two workers together (docs/GPU.md).
NETWORKS_ON_A_DEVICE = 6400
CHECKPOINTS_AT_ONCE = 5  # as axiom-client plan counts them
MOST_DISK = 8 * 10**9  # hosts that give BOINC less would be left out


class WorkError(Exception):
    """Input that is refused; one line."""


def _no_duplicates(pairs):
    keys = [key for key, _ in pairs]
    for key in keys:
        if keys.count(key) > 1:
            raise ValueError(f"the key {key!r} is given twice")
    return dict(pairs)


def _refuse_constant(name):
    raise ValueError(f"{name} is no number")


def _finite(text):
    if math.isinf(float(text)):  # would be handed on as Infinity, which is no JSON
        raise ValueError(f"{text} is beyond binary64")
    return float(text)


def parse_value(text, what):
    try:
        return json.loads(text, object_pairs_hook=_no_duplicates, parse_constant=_refuse_constant, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise WorkError(f"{what}: not JSON: {error}") from None


def parse_object(text, what):
    value = parse_value(text, what)
    if not isinstance(value, dict):
        raise WorkError(f"{what}: expected a JSON object")
    return value


def read_bytes(path):
    """Of a pipe, too; but one that nobody writes to is not waited for without end."""
    first = b""
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
        if stat.S_ISFIFO(os.fstat(file.fileno()).st_mode):
            select.select([file], [], [], 1)  # `writer >PIPE & make-work make --template PIPE`
            with contextlib.suppress(BlockingIOError):  # a writer who takes his time
                first = os.read(file.fileno(), 1 << 16)
                if not first:
                    raise WorkError(f"{path}: a pipe that nobody writes to")
        os.set_blocking(file.fileno(), True)
        data = first + file.read(MOST_BYTES)
    if len(data) >= MOST_BYTES:
        raise WorkError(f"{path}: {MOST_BYTES} bytes and more: is it the right file?")
    return data


def read_json(path):
    try:
        return parse_object(read_bytes(path).decode(), path)
    except UnicodeDecodeError:
        raise WorkError(f"{path}: not UTF-8") from None
    except OSError as error:
        raise WorkError(f"{path}: {error.strerror}") from None


def _run(program, *arguments):
    try:
        return subprocess.run([program, *arguments], capture_output=True, text=True)
    except OSError as error:
        raise WorkError(f"{program}: cannot be run: {error.strerror} (--program names axiom-client)") from None


def experiment_version(program):
    """The one that the program computes."""
    said = _run(program, "--version").stdout
    match = re.match(r"axiom-client \S+ \(experiments ([^,]+),", said)
    if not match:
        raise WorkError(f"{program}: --version does not answer like axiom-client (--program names it)")
    return match.group(1)


def run_plan(program, unit):
    """What `axiom-client plan --json` says about a work unit."""
    descriptor, path = tempfile.mkstemp(suffix=".json")
    try:
        with os.fdopen(descriptor, "w") as file:
            json.dump(unit, file)
        done = _run(program, "plan", "--work-unit", path, "--json")
    finally:
        os.unlink(path)
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        raise WorkError("the work is refused: " + said[0].removeprefix("error: ").replace(f"{path}: ", ""))
    plan = parse_object(done.stdout, f"{program} plan")
    if plan.get("schema") != 1:
        raise WorkError(f"{program} plan: schema {plan.get('schema')!r}, this tool reads 1")
    return plan


def operations(plan):
    return plan["training_flops"] + plan["evaluation_flops"]


def credit(plan):
    """The same for the same work, whatever computes it: what it takes is known."""
    return f"{operations(plan) * CREDIT_PER_OPERATION:.6g}"


def benchmarked_gflops(path, size, program, experiment):
    """Effective speed of `axiom-client bench --json`: one thread of a processor, or all of a device."""
    report = read_json(path)
    try:
        usable = [b for b in report["backends"] if b["status"] == "equal"]
        devices = [b for b in usable if b["name"].startswith("cuda")]
        # Most volunteers have AVX2.
        processors = sorted((b for b in usable if not b["name"].startswith("cuda")), key=lambda b: b["name"] != "avx2")
        chosen = devices if size == "gpu" else processors
        if not chosen:
            raise WorkError(f"{path}: no usable {'device' if size == 'gpu' else 'processor'} in this benchmark")
        entry = next(e for e in chosen[0]["experiments"] if e["experiment"] == experiment)
        per_hour = float(entry["seeds_per_hour_all_threads" if size == "gpu" else "seeds_per_hour"])
        if report["schema"] != 1 or not 0 < per_hour < math.inf:
            raise ValueError
    except (AttributeError, KeyError, TypeError, ValueError, StopIteration):
        raise WorkError(f"{path}: not what axiom-client bench --json writes (schema 1), or without {experiment}") from None
    default = run_plan(program, {"schema": 1, "experiment": experiment, "seed": 0,
                                 "experiment_version": experiment_version(program)})
    gflops = operations(default) * per_hour / 3600 / 1e9
    if not LEAST_GFLOPS <= gflops <= MOST_GFLOPS:
        raise WorkError(f"{path}: {gflops:.3g} GFLOP/s is the speed of no host")
    return gflops


def seeds_per_unit(one, two, seconds, flops_per_second, result_limit):
    """How many seeds fit. `one`, `two`: the plans of one and of two seeds."""
    fitting = int(seconds * flops_per_second / operations(one))
    if fitting < 1:
        minutes = operations(one) / flops_per_second / 60
        raise WorkError(f"one seed takes {minutes:.1f} min at {flops_per_second / 1e9:g} GFLOP/s, {seconds / 60:g} min are "
                        "allowed: raise --minutes, or give parameters that take less")
    each = two["result_bytes"] - one["result_bytes"]
    if one["result_bytes"] > result_limit:
        raise WorkError(f"the result of one seed takes up to {one['result_bytes']} bytes, the result template's max_nbytes "
                        f"is {result_limit}")
    return min(fitting, 1 + (result_limit - one["result_bytes"]) // each, MOST_SEEDS)


def _checkpoint_bytes(plan, size, app):
    if size == "cpu" and app == SIZES["cpu"][2]:
        return plan["checkpoint_bytes"]
    values = max(entry["values_bytes"] for entry in plan["memory"])
    on_device = min(plan["parameter_bytes"], NETWORKS_ON_A_DEVICE * plan["largest_parameter_bytes"])
    # 64 bytes for the rest of each network's state; plan's own figure holds for the processor that may take over.
    return max(plan["checkpoint_bytes"], values + on_device + 64 * plan["networks"] + MEBIBYTE)


def memory_told(path):
    """Bytes that clients are told of a task for processors: the least of plan_class_spec.xml's classes; None if they say nothing."""
    try:
        classes = xml.fromstring(read_bytes(path)).iter("plan_class")
        told = [sum(float(element.findtext(name) or 0) for name in ("mem_usage_base_mb", "mem_usage_per_cpu_mb"))
                for element in classes if element.find("mem_usage_base_mb") is not None]
    except OSError as error:
        raise WorkError(f"{path}: {error.strerror} (--plan-classes names plan_class_spec.xml)") from None
    except (xml.ParseError, LookupError, ValueError) as error:
        raise WorkError(f"{path}: no plan_class_spec.xml that can be read: {error}") from None
    return min(told) * MEBIBYTE if told else None


def single_thread_memory(plan):
    """Of the backend that takes most."""
    return max(entry["bytes"] for entry in plan["memory"] if entry["threads"] == 1)


def bounds(plan, size, app):
    """BOINC's rsc_* of a work unit. A device may take what is of its size, and any work but that of processors' application."""
    estimate = math.ceil(operations(plan))
    checkpoint = _checkpoint_bytes(plan, size, app)
    disk = plan["disk_bytes"] + CHECKPOINTS_AT_ONCE * (checkpoint - plan["checkpoint_bytes"])
    return {
        "rsc_fpops_est": estimate,
        "rsc_fpops_bound": BOUND_OVER_ESTIMATE[size] * estimate,
        # The gate: a host whose usable memory is less is not sent the work. One MiB more than the limit itself, so that
        # the scheduler's message, in MB, makes sense to whom it refuses.
        "rsc_memory_bound": max(plan["minimum_ram_bytes"] + MEBIBYTE, single_thread_memory(plan)),
        "rsc_disk_bound": math.ceil(disk / MEBIBYTE) * MEBIBYTE,
    }


def bounded(program, unit, seeds, size, app):
    """The plan of a work unit and its bounds; with fewer seeds where it would take too much disk."""
    while True:
        plan = run_plan(program, {**unit, "seeds": seeds})
        found = bounds(plan, size, app)
        if found["rsc_disk_bound"] <= MOST_DISK or seeds == 1:
            return plan, found
        seeds = max(1, min(seeds - 1, int(seeds * MOST_DISK / found["rsc_disk_bound"])))
