"""A slot without a client: the few files and the shared memory by which the BOINC client and a task speak. What only the
real client can judge is tested with it (volunteer.py); this is for exact times, claims and failures, and takes no 15 s to start."""

import mmap
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import threading
import time

from support import CLIENT
from volunteer import processor_ticks, wait_for

CHANNEL = 1024
CONTROL, HEARTBEAT, STATUS = 0, 4, 5  # of eight channels
PERIOD = 2                            # seconds between checkpoints

INIT_DATA = """<app_init_data>
<major_version>7</major_version>
<minor_version>20</minor_version>
<release>5</release>
<app_version>100</app_version>
<app_name>axiom</app_name>
<project_dir>{directory}</project_dir>
<boinc_dir>{directory}</boinc_dir>
<wu_name>unit</wu_name>
<result_name>unit_0</result_name>
<shm_key>-1</shm_key>
<slot>0</slot>
<client_pid>{pid}</client_pid>
<wu_cpu_time>0</wu_cpu_time>
<starting_elapsed_time>0</starting_elapsed_time>
<checkpoint_period>{period}</checkpoint_period>
<gpu_type>{gpu_type}</gpu_type>
<gpu_device_num>{gpu}</gpu_device_num>
<ncpus>{ncpus}</ncpus>
<rsc_fpops_est>1e12</rsc_fpops_est>
<rsc_fpops_bound>1e15</rsc_fpops_bound>
<rsc_memory_bound>1e8</rsc_memory_bound>
<rsc_disk_bound>1e8</rsc_disk_bound>
<host_info>
<p_ncpus>2</p_ncpus>
<m_nbytes>{memory}</m_nbytes>
</host_info>
<global_preferences>
<ram_max_used_busy_pct>{share}</ram_max_used_busy_pct>
<ram_max_used_idle_pct>{share}</ram_max_used_idle_pct>
</global_preferences>
</app_init_data>
"""


class Slot:
    """`memory`: bytes that the client says the host has; `share`: percent of them that it may use."""

    def __init__(self, work, directory=None, ncpus=1, memory=64e9, share=90, period=PERIOD, gpu=-1, gpu_type="NVIDIA"):
        self.directory = pathlib.Path(directory or tempfile.mkdtemp(prefix="axiom-slot-"))
        self.owned = directory is None
        self.directory.joinpath("init_data.xml").write_text(INIT_DATA.format(
            directory=self.directory, pid=os.getpid(), period=period, ncpus=ncpus, memory=memory, share=share,
            gpu=gpu, gpu_type=gpu_type if gpu >= 0 else ""))
        self.directory.joinpath("work_unit").write_bytes(work)
        self.process = None
        memory = self.directory / "boinc_mmap_file"
        memory.write_bytes(bytes(8 * CHANNEL))
        with open(memory, "r+b") as file:
            self.shared = mmap.mmap(file.fileno(), 8 * CHANNEL)
        self.fractions = []  # as the task reports them
        self.early_one = False  # 1 was reported without a result
        self.open = True
        self.listener = threading.Thread(target=self.listen, daemon=True)
        self.listener.start()

    def link(self, name, target, symbolic=False):
        """In the place of a file of the task, as clients do: a text, or a symbolic link."""
        path = self.directory / name
        path.unlink(missing_ok=True)
        if symbolic:
            path.symlink_to(target)
        else:
            path.write_text(f"<soft_link>{target}</soft_link>\n")

    def start(self, *arguments, env=None, limits=None, program=CLIENT):
        """As the client does: empty shared memory, stderr appended. `limits`: a function that sets the system's for the task."""
        self.shared[:] = bytes(8 * CHANNEL)
        self.directory.joinpath("boinc_temporary_exit").unlink(missing_ok=True)
        with open(self.directory / "stderr.txt", "ab") as log:
            self.process = subprocess.Popen([program, *arguments], cwd=self.directory, stdin=subprocess.DEVNULL,
                                            stdout=subprocess.DEVNULL, stderr=log, env={**os.environ, **(env or {})},
                                            preexec_fn=limits)
        return self.process

    def listen(self):
        """Beats the heart, and takes what the task reports."""
        beat = 0
        while self.open:
            if time.monotonic() > beat and not self.shared[HEARTBEAT * CHANNEL]:
                beat = time.monotonic() + 1
                self.post(HEARTBEAT, "<heartbeat/>\n<wss>0</wss>\n<max_wss>0</max_wss>\n")
            if self.shared[STATUS * CHANNEL]:
                text = self.shared[STATUS * CHANNEL + 1:(STATUS + 1) * CHANNEL].partition(b"\0")[0].decode()
                self.shared[STATUS * CHANNEL] = 0
                if found := re.search(r"<fraction_done>([^<]+)", text):
                    self.fractions.append(float(found.group(1)))
                    self.early_one |= self.fractions[-1] >= 1 and self.result() is None
            time.sleep(0.02)

    def post(self, channel, text):
        content = text.encode() + b"\0"
        self.shared[channel * CHANNEL + 1:channel * CHANNEL + 1 + len(content)] = content
        self.shared[channel * CHANNEL] = 1

    def send(self, request):
        """Returns when the library has taken it: the moment at which the task can know."""
        self.post(CONTROL, f"<{request}/>\n")
        while self.shared[CONTROL * CHANNEL]:
            if self.process.poll() is not None:
                raise AssertionError(f"the task has ended with {self.process.returncode}, it hears of no {request}:\n{self.log()}")
            time.sleep(0.001)
        return time.monotonic()

    def suspend(self):
        """Until no thread computes any more: the processor time, in clock ticks, that it took from when the task could know.
        Not the time by the clock, which a busy host stretches."""
        self.send("suspend")
        asked = processor_ticks(self.process.pid)
        self.wait_idle("the suspended task to stand still")
        return processor_ticks(self.process.pid) - asked

    def wait_idle(self, what):
        """Until no thread computes for two seconds."""
        def idle():
            before = processor_ticks(self.process.pid)
            time.sleep(2)
            return processor_ticks(self.process.pid) - before <= 2  # of the library's thread
        wait_for(what, idle)

    def quit(self):
        """The exit status, and the processor time, in seconds, that it took from when it was asked."""
        def of_ended():
            usage = resource.getrusage(resource.RUSAGE_CHILDREN)
            return usage.ru_utime + usage.ru_stime
        before = of_ended() + processor_ticks(self.process.pid) / os.sysconf("SC_CLK_TCK")
        self.send("quit")
        status = self.end(300)
        return status, of_ended() - before

    def log(self):
        path = self.directory / "stderr.txt"
        return path.read_text() if path.exists() else ""

    def wait_training(self, count=1):
        """Until that many starts have begun to train."""
        def begun():
            if self.process.poll() is not None:
                raise AssertionError(f"the task has ended with {self.process.returncode}:\n{self.log()}")
            return len(re.findall("^(?:starting|resuming) at", self.log(), re.M)) >= count
        wait_for("the training to begin", begun)

    def checkpoints(self):
        return sorted(self.directory.glob("*.checkpoint.?"))

    def wait_checkpoint(self):
        wait_for("a checkpoint", self.checkpoints)

    def end(self, patience=1500):
        """The exit status of the process."""
        return self.process.wait(patience)

    def finished(self):
        """The code given to boinc_finish(); None if it was not called."""
        path = self.directory / "boinc_finish_called"
        text = path.read_text() if path.exists() else ""
        return int(text.split()[0]) if text else None

    def temporary_exit(self):
        """Seconds and reason of a temporary exit; None if there was none."""
        path = self.directory / "boinc_temporary_exit"
        if not path.exists():
            return None
        seconds, reason, *_ = path.read_text().split("\n")
        return int(seconds), reason

    def result(self):
        path = self.directory / "result"
        return path.read_bytes() if path.exists() else None

    def run(self, *arguments, **options):
        """From start to end: the exit status."""
        self.start(*arguments, **options)
        return self.end()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.kill()
        self.open = False
        self.listener.join()
        self.shared.close()
        if self.owned:
            shutil.rmtree(self.directory, ignore_errors=True)
