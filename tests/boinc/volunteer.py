"""The real BOINC client with a data directory of its own, on loopback."""

import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

PATIENCE = 300

CONFIG = """<cc_config><log_flags><task>1</task><cpu_sched>1</cpu_sched></log_flags><options>
<allow_multiple_clients>1</allow_multiple_clients><skip_cpu_benchmarks>1</skip_cpu_benchmarks>
<no_info_fetch>1</no_info_fetch><dont_contact_ref_site>1</dont_contact_ref_site>
<suppress_net_info>1</suppress_net_info><report_results_immediately>1</report_results_immediately>
<ncpus>{ncpus}</ncpus><no_gpus>1</no_gpus></options></cc_config>
"""
PREFERENCES = """<global_preferences><run_on_batteries>1</run_on_batteries><run_if_user_active>1</run_if_user_active>
<suspend_cpu_usage>0</suspend_cpu_usage><leave_apps_in_memory>{in_memory}</leave_apps_in_memory>
<work_buf_min_days>0.001</work_buf_min_days><work_buf_additional_days>0.001</work_buf_additional_days>
<max_ncpus_pct>100</max_ncpus_pct><disk_interval>{period}</disk_interval><disk_max_used_gb>10</disk_max_used_gb>
<disk_max_used_pct>100</disk_max_used_pct><disk_min_free_gb>0</disk_min_free_gb>
<ram_max_used_busy_pct>90</ram_max_used_busy_pct><ram_max_used_idle_pct>90</ram_max_used_idle_pct>
<cpu_usage_limit>{usage}</cpu_usage_limit></global_preferences>
"""


class TimeOut(AssertionError):
    """What was waited for did not happen."""


def wait_for(what, condition, patience=PATIENCE):
    end = time.monotonic() + patience
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.1)
    raise TimeOut(f"waited {patience} s for: {what}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Volunteer:
    def __init__(self, project, ncpus=2, period=2, in_memory=1, usage=100):
        self.project = project
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="axiom-boinc-"))
        self.process = None
        self.next_update = 0
        self.port = free_port()
        (self.directory / "cc_config.xml").write_text(CONFIG.format(ncpus=ncpus))
        (self.directory / "gui_rpc_auth.cfg").write_text("password")
        self.prefer(period=period, in_memory=in_memory, usage=usage)
        name = "account_" + re.sub(r"[^A-Za-z0-9]", lambda m: m.group() if m.group() == "." else "_",
                                   project.url.removeprefix("http://").rstrip("/")) + ".xml"
        (self.directory / name).write_text(
            f"<account><master_url>{project.url}</master_url><authenticator>{'ab' * 16}</authenticator></account>\n")
        self.start()

    def prefer(self, **preferences):
        (self.directory / "global_prefs_override.xml").write_text(PREFERENCES.format(**preferences))

    def start(self):
        log = open(self.directory / "client.log", "ab")
        self.process = subprocess.Popen(
            ["boinc", "--dir", str(self.directory), "--gui_rpc_port", str(self.port),
             "--allow_multiple_clients", "--insecure"], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        log.close()
        wait_for("the client to answer", lambda: self.command("--get_cc_status").returncode == 0)

    def command(self, *arguments):
        return subprocess.run(["boinccmd", "--host", f"127.0.0.1:{self.port}", "--passwd", "password",
                               *arguments], capture_output=True, text=True, timeout=60, cwd=self.directory)

    def task(self, name, operation):
        done = self.command("--task", self.project.url, f"{name}_0", operation)
        assert done.returncode == 0, done.stdout + done.stderr

    def update(self):
        self.command("--project", self.project.url, "update")

    def update_now_and_then(self):
        """The client's own requests back off for minutes."""
        if time.monotonic() > self.next_update:
            self.next_update = time.monotonic() + 5
            self.update()

    def log(self):
        return (self.directory / "client.log").read_text(errors="replace")

    def slot(self, name):
        for data in (self.directory / "slots").glob("*/init_data.xml"):
            try:
                if f"<wu_name>{name}</wu_name>" in data.read_text():
                    return data.parent
            except FileNotFoundError:
                pass
        return None

    def pid(self, name):
        """Of the running application of a work unit; None if there is none."""
        slot = self.slot(name)
        if slot is None:
            return None
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if os.readlink(process / "cwd") == str(slot) and \
                        process.joinpath("stat").read_text().rpartition(")")[2].split()[0] not in "ZX":
                    return int(process.name)
            except OSError:
                pass
        return None

    def fraction(self, name):
        """The progress that the client shows; None if it does not know the task."""
        listed = self.command("--get_tasks").stdout
        found = re.search(rf"^   name: {re.escape(name)}_0$.*?^   fraction done: (\S+)$", listed, re.M | re.S)
        return float(found.group(1)) if found else None

    def wait_running(self, name):
        """Until the training has begun; the process."""
        def training():
            self.update_now_and_then()
            if f"{name}_0" in self.project.reports:
                raise AssertionError(f"{name} has ended: {self.project.reports[f'{name}_0']['stderr']}")
            slot = self.slot(name)
            log = slot / "stderr.txt" if slot else None
            return log and log.exists() and re.search("^(starting|resuming) at", log.read_text(), re.M) and self.pid(name)
        return wait_for(f"{name} to run", training)

    def wait_checkpoint(self, name):
        wait_for(f"a checkpoint of {name}", lambda: self.slot(name) and list(self.slot(name).glob("*.checkpoint.?")))

    def wait_report(self, name):
        def reported():
            if f"{name}_0" in self.project.reports:
                return self.project.reports[f"{name}_0"]
            if self.process.poll() is not None:
                raise AssertionError("the client has ended:\n" + self.log())
            self.update_now_and_then()
            return None
        return wait_for(f"the report of {name}", reported, 5 * PATIENCE)  # computing may take long on a busy host

    def quit(self):
        self.command("--quit")
        self.process.wait(PATIENCE)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def close(self):
        if self.process.poll() is None:
            try:
                self.quit()
            except (subprocess.TimeoutExpired, OSError):
                self.kill()
        slots = str(self.directory / "slots")
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if os.readlink(process / "cwd").startswith(slots):
                    os.kill(int(process.name), signal.SIGKILL)
            except OSError:
                pass
        shutil.rmtree(self.directory, ignore_errors=True)


def processor_ticks(pid):
    """Of all threads, user and system, in clock ticks."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
