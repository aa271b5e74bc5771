"""The comparison's table and its JSON."""

import json
import math
import os
import statistics

AIMS = {"torch": 10, "jax": 4}  # on a GPU


def statistic(values):
    median = statistics.median(values)
    return {"median": median, "least": min(values), "runs": len(values),
            "spread": (max(values) - min(values)) / median if median else 0.0}


def ratio(peer, client):
    """Of runs that were made in turn: the median of the rounds' ratios."""
    return statistics.median(a / b for a, b in zip(peer, client))


HEAD = (f"{'case':18} {'':10} {'variant':18} {'at once':>7} {'prepare':>7} {'seconds':>9} {'spread':>6} {'GFLOP/s':>8} "
        f"{'networks/s':>10} {'ratio':>6} {'of least':>8} {'to whole':>8}  agrees")


def _row(name, who, variant, at_once, prepare, seconds, flops, networks, ratios="", agrees=""):
    return (f"{name:18} {who:10} {variant:18} {at_once:7d} {prepare:>7} {seconds['median']:9.4f} "
            f"{seconds['spread']:6.0%} {flops / seconds['median'] / 1e9:8.0f} {networks / seconds['median']:10.1f} "
            f"{ratios:24}  {agrees}").rstrip()


def rows(case):
    """The lines of one case: the client, then each peer's fastest variant."""
    work = case["flops"], case["networks"]
    lines = [_row(case["name"], "client", case["client"]["backend"], case["client"]["networks_at_once"], "",
                  case["client"]["training_seconds"], *work)]
    for peer in case["peers"]:
        if peer["variant"] is None:
            lines.append(f"{'':18} {peer['peer']:10} no variant ran: {peer['failure']}")
            continue
        ratios = f"{peer['ratio']:6.2f} {peer['ratio_of_least']:8.2f} {peer['ratio_to_whole_client']:8.2f}"
        prepare = f"{peer['variants'][peer['variant']]['preparation_seconds']:.1f}"
        lines.append(_row("", peer["peer"], peer["variant"], peer["networks_at_once"], prepare, peer["seconds"], *work,
                          ratios, "yes" if not peer["disagreements"] else "NO: " + peer["disagreements"][0]))
        if peer["networks_at_once"] < case["networks"]:
            lines.append(f"{'':29} the {case['networks']} networks in batches of {peer['networks_at_once']}: "
                         + ("as asked for" if case["limited"] else "more do not fit into the device's memory"))
        lines += [f"{'':29} {name}: {v['reason'] if v['status'] == 'failed' else v['note']}"
                  for name, v in peer["variants"].items() if v["status"] == "failed" or v["note"]]
    return lines


def summary(cases, device, size):
    lines = ["these sizes show agreement, not speed"] if size == "tiny" else []
    for name in dict.fromkeys(p["peer"] for case in cases for p in case["peers"]):
        found = [p["ratio"] for case in cases for p in case["peers"] if p["peer"] == name and p["variant"]]
        if found:
            mean = math.exp(sum(map(math.log, found)) / len(found))
            aim = f"; aim on a GPU: {AIMS[name]}" if device == "cuda" and name in AIMS else ""
            lines.append(f"against {name}: geometric mean {mean:.2f}, lowest {min(found):.2f}, highest "
                         f"{max(found):.2f} ({len(found)} of {len(cases)} cases){aim}")
    return lines


def write(path, report):
    """The whole file, or the one before: a run that is cut off keeps what it measured."""
    with open(f"{path}.new", "w", encoding="utf-8") as file:
        json.dump(report, file, indent=1)
        file.write("\n")
    os.replace(f"{path}.new", path)
