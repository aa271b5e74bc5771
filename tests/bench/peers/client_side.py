"""The client's side of the comparison: real runs of the program, and what their files say. Standard library only."""

import json
import math
import pathlib
import statistics
import subprocess
import tempfile
import time

import cases

NO_DEVICE = (10, 11, 12, 13)  # docs/ERRORS.md


class ClientFailed(Exception):
    def __init__(self, code, message):
        super().__init__(f"axiom-client ended with {code}: {message}")
        self.code = code


class Client:
    def __init__(self, executable, backend, threads):
        """threads: 0 = what the client takes by itself (with a device: two, one of which does metrics)."""
        self.executable, self.backend, self.threads = executable, backend, threads

    def run(self, case, size, epochs, seeds):
        """(result, telemetry, seconds of the whole process)"""
        with tempfile.TemporaryDirectory(prefix="axiom-peers-") as out:
            command = [self.executable, "--standalone", "--experiment", case.experiment, "--seed", str(cases.SEED),
                       "--seeds", str(seeds), "--backend", self.backend, "--priority", "normal", "--quiet",
                       "--out", out]
            if self.threads:
                command += ["--threads", str(self.threads)]
            for key, value in case.settings(size, epochs).items():
                command += ["--set", f"{key}={json.dumps(value)}"]
            start = time.monotonic()
            done = subprocess.run(command, capture_output=True, text=True)
            seconds = time.monotonic() - start
            if done.returncode != 0:
                raise ClientFailed(done.returncode, done.stderr.strip()[-500:] or "no message")
            read = lambda kind: json.loads((pathlib.Path(out) / f"{case.experiment}.{kind}.json").read_text())
            return read("result"), read("telemetry"), seconds

    def timed(self, case, size):
        """{"training": seconds, "whole": seconds, "telemetry": ...} of a case; raises if it was other work."""
        _, telemetry, seconds = self.run(case, size, size.epochs, size.seeds)
        expected = case.flops(case.networks(size), size.epochs)
        if telemetry["flops_session"] != expected:
            raise ClientFailed(0, f"{case.name}: it did {telemetry['flops_session']:.0f} operations of training, the "
                                  f"peers do {expected:.0f}: not the same work")
        # A device trains for all threads; processors' seconds are summed over the threads.
        parallel = 1 if telemetry["device"] else telemetry["threads"]
        return {"training": telemetry["thread_seconds_training"] / parallel, "whole": seconds, "telemetry": telemetry}

    def final_metrics(self, case, size):
        """Final metrics per network of the checked seeds after the check's epochs, in the order of the plan."""
        result, _, _ = self.run(case, size, size.check_epochs, case.check_seeds(size))
        metrics = {}
        for seed in result["seeds"]:
            for key, values in seed["detail"]["networks"].items():
                if key.endswith(("_acc", "_loss")):
                    metrics.setdefault(key, []).extend(points[-1] for points in values)
        return metrics


# What is taken for the same training: limits for the median over the networks, and for each network. Of parameters the
# largest deviation as a share of their largest change, of losses the share of the loss. Measured medians are below
# 1e-4. Single networks may differ more without a fault: where a unit's input is 0 but for rounding, a sample takes the
# other side of its ReLU, and the rate .1 enlarges that (0.06 seen). TF32 has 10 bits of mantissa.
LIMITS = {False: {"deviation": (1e-3, 0.3), "loss": (2e-3, 0.05), "acc": (0.004, 0.03)},
          True: {"deviation": (0.3, 2.0), "loss": (0.05, 0.5), "acc": (0.03, 0.2)}}


def disagreements(check, client_metrics, tf32):
    """What a peer's check (work.py) says otherwise than the client and the oracle: sentences, none if all agrees."""
    shares = {"deviation": check["deviations"]}
    for name, values in check["metrics"].items():
        scale = (lambda loss: loss) if name.endswith("_loss") else (lambda _: 1.0)
        shares[name] = [abs(own - client) / max(scale(client), 1e-10)
                        for own, client in zip(values, client_metrics[name][:check["networks"]], strict=True)]
    found = []
    for name, values in shares.items():
        usual, single = LIMITS[tf32][name.rpartition("_")[2]]
        of = {"deviation": "of the largest change of a parameter"}.get(name, "of the loss" if "loss" in name else "")
        for what, value, limit in (("median", statistics.median(values), usual),
                                   (f"network {values.index(max(values))}", max(values), single)):
            if not value <= limit or math.isnan(sum(values)):
                found.append(f"{name}: {what} is off by {value:.2g} {of} (limit {limit:g})".replace("  ", " "))
    return found
