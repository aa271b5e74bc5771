"""The client's side of the comparison: real runs of the program, and what their files say. Standard library only."""

import json
import pathlib
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
        """Final metrics per network of the first seed after the check's epochs, in the order of the plan."""
        result, _, _ = self.run(case, size, size.check_epochs, 1)
        return {key: [points[-1] for points in values]
                for key, values in result["seeds"][0]["detail"]["networks"].items() if key.endswith(("_acc", "_loss"))}


# Largest deviations that are taken for the same training: of parameters as a share of their largest change; of losses
# as a share of the loss; of accuracies. Measured: 4e-6, 1e-5, 0. TF32 has 10 bits of mantissa.
TOLERANCES = {False: {"parameters": 1e-3, "loss": 1e-3, "acc": 0.006},
              True: {"parameters": 0.3, "loss": 0.05, "acc": 0.05}}


def disagreements(check, client_metrics, tf32):
    """What a peer's check (peer.py) says otherwise than the client: a list of sentences, empty if all agrees."""
    limits, found = TOLERANCES[tf32], []
    if not check["deviation"] <= limits["parameters"]:  # NaN fails
        found.append(f"parameters are off by {check['deviation']:.2g} of their largest change (NumPy oracle; limit "
                     f"{limits['parameters']:g})")
    for name, values in check["metrics"].items():
        kind = name.rpartition("_")[2]
        for network, (own, client) in enumerate(zip(values, client_metrics[name])):
            allowed = limits[kind] * (client if kind == "loss" else 1)
            if not abs(own - client) <= allowed:
                found.append(f"{name} of network {network} is {own:.6g}, the client's {client:.6g}")
    return found
