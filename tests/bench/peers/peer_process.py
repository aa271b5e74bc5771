"""A peer's process as the driver sees it: requests and answers, time limits, an end that leaves nothing behind."""

import json
import os
import pathlib
import queue
import signal
import subprocess
import threading

HERE = pathlib.Path(__file__).resolve().parent
SCRIPTS = {"torch": "pytorch_peer.py", "jax": "jax_peer.py", "numpy": "numpy_peer.py"}


class PeerFailed(Exception):
    pass


class PeerUnavailable(Exception):
    pass


class PeerProcess:
    def __init__(self, name, python, device, threads, tf32, caches, logs, limit):
        """name: one of SCRIPTS, or a file. caches: a folder for the peers' compilers. limit: seconds per request."""
        script = HERE / SCRIPTS[name] if name in SCRIPTS else pathlib.Path(name)
        self.name = (name if name in SCRIPTS else script.stem) + (" TF32" if tf32 else "")
        self.tf32, self._limit = tf32, limit
        self.log = logs / f"{script.stem}{'-tf32' if tf32 else ''}.log"
        self._environment = dict(os.environ, TORCHINDUCTOR_CACHE_DIR=str(caches / "inductor"),
                                 TRITON_CACHE_DIR=str(caches / "triton"), PYTHONDONTWRITEBYTECODE="1")
        if threads:
            self._environment.update({f"{library}_NUM_THREADS": str(threads) for library in ("OMP", "MKL", "OPENBLAS")})
        self._command = [python, str(script), "--device", device, "--threads", str(threads),
                         *(["--tf32"] if tf32 else [])]
        self.log.unlink(missing_ok=True)
        self._start()

    def _start(self):
        with open(self.log, "a", encoding="utf-8") as log:
            self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                                             text=True, env=self._environment, start_new_session=True)
        self._answers = queue.Queue()
        threading.Thread(target=self._read, args=(self._process.stdout, self._answers), daemon=True).start()

    @staticmethod
    def _read(stream, answers):
        for line in stream:
            answers.put(line)
        answers.put(None)

    def restart(self):
        """A fresh process after a failure: what failed may have taken the device's context with it."""
        self.close()
        self._start()

    def ask(self, **request):
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            line = self._answers.get(timeout=self._limit)
        except queue.Empty:
            raise PeerFailed(f"{self.name}: no answer to {request['do']} within {self._limit:g} s") from None
        except BrokenPipeError:
            line = None
        if line is None:
            raise PeerFailed(f"{self.name}: ended at {request['do']} with {self._process.wait()}: {self.last_words()}")
        answer = json.loads(line)
        if "unavailable" in answer:
            raise PeerUnavailable(answer["unavailable"])
        if "error" in answer:
            raise PeerFailed(f"{self.name}: {request['do']}: {answer['error']}")
        return answer

    def last_words(self):
        lines = self.log.read_text(encoding="utf-8", errors="replace").split("\n")
        return " | ".join([line.strip() for line in lines if line.strip()][-3:])[-400:] or "no message"

    def close(self):
        """Ends the process and the compilers' helpers that it started."""
        try:
            self._process.stdin.close()
            self._process.wait(timeout=5)
        except (subprocess.TimeoutExpired, OSError):
            pass
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()
        self._process.stdout.close()
