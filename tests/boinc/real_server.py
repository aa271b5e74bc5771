"""A real BOINC project on loopback: MariaDB, feeder, scheduler, transitioner, validator, from a built source tree of BOINC.

Everything lies in one temporary directory and ends with close().
"""

import http.server
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

PACKAGING = pathlib.Path(__file__).resolve().parents[2] / "packaging" / "boinc"
sys.path.insert(0, str(PACKAGING))
import code_signing  # noqa: E402
from scheduler_request import AUTHENTICATOR  # noqa: E402

PROGRAMS = {"cgi": "sched/cgi", "feeder": "sched/feeder", "transitioner": "sched/transitioner",
            "sample_bitwise_validator": "sched/sample_bitwise_validator", "script_assimilator": "sched/script_assimilator", "file_upload_handler": "sched/file_upload_handler",
            "create_work": "tools/create_work", "update_versions": "tools/update_versions", "dir_hier_path": "tools/dir_hier_path",
            "xadd": "tools/xadd"}


CGI = ("cgi", "file_upload_handler")


def missing(source):
    """What is not there to run a server from `source`; empty if nothing."""
    programs = [path for path in PROGRAMS.values() if not (source / path).is_file()]
    tools = [tool for tool in ("mariadbd", "mariadb-install-db", "mariadb", "php") if not shutil.which(tool)]
    return programs + tools


PAGE = (PACKAGING.parents[1] / "docs" / "BOINC_SERVER.md").read_text()


def documented_options(daemon):
    """As docs/BOINC_SERVER.md says that it is to be started."""
    return re.search(f"<daemon><cmd>{daemon} (.*)</cmd>", PAGE).group(1).split()


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class RealServer:
    def __init__(self, source):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="axiom-boinc-server-"))
        self.project = self.directory / "project"
        self.processes = []
        self.port = free_port()
        self.shared_memory = 0x41580000 | (os.getpid() & 0xFFFF)
        try:
            self._serve()
            self._start_database()
            self._lay_out(source)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _serve(self):
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                path = (server.project / self.path.removeprefix("/project/")).resolve()
                if self.path == "/project/":
                    return self.answer(200, f'<html><link rel="boinc_scheduler" href="{server.url}cgi"></html>\n'.encode())
                if (server.project / "download").resolve() in path.parents and path.is_file():
                    return self.answer(200, path.read_bytes())
                return self.answer(404, b"not found")

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                name = self.path.rpartition("/")[2]
                if name not in CGI:
                    return self.answer(404, b"not found")
                said = server.run_cgi(name, body)
                return self.answer(200, said.partition(b"\n\n")[2])

            def answer(self, status, body):
                self.send_response(status)
                self.send_header("Content-Type", "text/xml")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/project/"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def run_cgi(self, name, body):
        environment = {**os.environ, "REQUEST_METHOD": "POST", "REMOTE_ADDR": "127.0.0.1", "CONTENT_LENGTH": str(len(body))}
        done = subprocess.run([str(self.project / "cgi-bin" / name)], input=body, cwd=self.project / "cgi-bin",
                              capture_output=True, env=environment)
        return done.stdout

    def _start_database(self):
        data, log = self.directory / "db", open(self.directory / "mariadb.log", "w")
        subprocess.run(["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--user=root", "--skip-test-db",
                        "--auth-root-authentication-method=normal"], check=True, stdout=log, stderr=log)
        self._spawn(["mariadbd", "--no-defaults", f"--datadir={data}", "--user=root", "--bind-address=127.0.0.1",
                     "--sql-mode=", f"--port={self.port}", f"--socket={self.directory}/sock", f"--pid-file={self.directory}/pid"], log)
        for _ in range(600):
            if self.sql("select 1", database="", check=False) == "1":
                break
            time.sleep(0.1)
        self.sql("create database project; create user boinc@'127.0.0.1' identified by 'boinc'; "
                 "grant all on project.* to boinc@'127.0.0.1'", database="")

    def sql(self, statement, database="project", check=True):
        done = subprocess.run(["mariadb", "--no-defaults", f"--socket={self.directory}/sock", "-uroot", "-N", "-B", "-e", statement,
                               *([database] if database else [])], capture_output=True, text=True)
        if check and done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout.strip()

    def _lay_out(self, source):
        project = self.project
        for folder in ("bin", "cgi-bin", "apps", "download", "upload", "keys", "templates", "log", "html"):
            (project / folder).mkdir(parents=True)
        for name, path in PROGRAMS.items():
            shutil.copy(source / path, project / ("cgi-bin" if name in CGI else "bin") / name)
        for name in ("make-work", "work_plan.py", "work_files.py", "keep-result"):
            shutil.copy(PACKAGING / name, project / "bin")
        shutil.copytree(source / "html" / "inc", project / "html" / "inc")
        for template in (PACKAGING / "templates").iterdir():
            shutil.copy(template, project / "templates")
        shutil.copy(PACKAGING / "plan_class_spec.xml", project)
        for half, text in zip(("private", "public"), code_signing.generate_key()):
            (project / "keys" / f"upload_{half}").write_text(text)
        url = self.url
        (project / "config.xml").write_text(f"""<boinc><config>
<project_dir>{project}</project_dir><long_name>Axiom</long_name><master_url>{url}</master_url>
<db_name>project</db_name><db_host>127.0.0.1:{self.port}</db_host><db_user>boinc</db_user><db_passwd>boinc</db_passwd>
<shmem_key>{self.shared_memory:#x}</shmem_key><key_dir>{project}/keys</key_dir><log_dir>{project}/log</log_dir>
<download_url>{url}download</download_url><download_dir>{project}/download</download_dir>
<upload_url>{url}file_upload_handler</upload_url><upload_dir>{project}/upload</upload_dir><uldl_dir_fanout>1024</uldl_dir_fanout>
<cache_md5_info>1</cache_md5_info><min_sendwork_interval>0</min_sendwork_interval><daily_result_quota>500</daily_result_quota>
<one_result_per_user_per_wu>0</one_result_per_user_per_wu><one_result_per_host_per_wu>1</one_result_per_host_per_wu><ignore_upload_certificates>1</ignore_upload_certificates>
<debug_send_job>1</debug_send_job><debug_version_select>1</debug_version_select>
</config></boinc>
""")
        for script in ("schema.sql", "constraints.sql"):
            self.sql((source / "db" / script).read_text())
        now = int(time.time())
        shutil.copy(PACKAGING / "project.xml", project)
        self.run("php", "bin/xadd")
        self.sql(f"insert into user set create_time={now}, email_addr='v', name='v', authenticator='{AUTHENTICATOR}', country='', "
                 "postal_code='', global_prefs='', project_prefs='', url='', cross_project_id='', passwd_hash='', signature=''")

    def _spawn(self, command, log=None):
        log = log or open(self.directory / f"{pathlib.Path(command[0]).name}.log", "w")
        process = subprocess.Popen([str(part) for part in command], cwd=self.directory if "mariadbd" in command[0] else self.project,
                                   stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        self.processes.append(process)
        return process

    def run(self, *command, **options):
        """A program of the project, to its end."""
        done = subprocess.run([str(part) for part in command], cwd=self.project, capture_output=True, text=True, **options)
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def update_versions(self):
        return self.run("php", "bin/update_versions", "--noconfirm")

    def transition(self):
        return self.run("bin/transitioner", "-d", "3", "--one_pass")

    def uploads(self, unit):
        """The files that came for a work unit, by result."""
        found = {re.sub("(_r[0-9]+)?_0$", "", path.name): path for path in (self.project / "upload").rglob(f"{unit}_*")}
        return dict(sorted(found.items()))

    def create_results(self):
        """Until there are as many as the work units ask for; a second must pass after they were made."""
        for _ in range(60):
            self.transition()
            if self.sql("select count(*) from result") == self.sql("select coalesce(sum(target_nresults), 0) from workunit"):
                return
            time.sleep(0.5)
        raise RuntimeError("the transitioner makes no results")

    def start_feeder(self):
        """Returns when the scheduler sees its shared memory filled."""
        self._spawn(["bin/feeder", *documented_options("feeder")])
        for _ in range(300):
            text = (self.directory / "feeder.log").read_text()
            if text.count("adding result") >= min(100, int(self.sql("select count(*) from result"))):
                return
            time.sleep(0.1)
        raise RuntimeError(f"the feeder gives no work: {text}")

    def start_and_stop(self, source):
        """All daemons of docs/BOINC_SERVER.md, by BOINC's own bin/start. Returns what its bin/status says of them meanwhile:
        [(process, status, command)]."""
        project = self.project
        shutil.copytree(source / "py" / "Boinc", project / "py" / "Boinc")
        (project / "bin" / "boinc_path_config.py").write_text(f"import sys\nsys.path.insert(0, '{project}/py')\n")
        for name in ("start", "stop", "status"):
            shutil.copy(source / "sched" / "start", project / "bin" / name)
        config = (project / "config.xml").read_text()
        daemons = "\n".join(re.findall("^    (<daemon>.*)$", PAGE, re.M))
        host = socket.gethostname().partition(".")[0]
        (project / "config.xml").write_text(config.replace(
            "</config></boinc>", f"<host>{host}</host></config><tasks/>\n<daemons>\n{daemons}\n</daemons></boinc>"))
        try:
            self.run("/usr/bin/python3", "bin/start")
            said = self.run("/usr/bin/python3", "bin/status", "-v")
        finally:
            self.run("/usr/bin/python3", "bin/stop")
            (project / "config.xml").write_text(config)
        return re.findall(r"^ +[0-9]+ +([0-9]+) +(.+?) +(?:un)?locked +no +(.*)$", said, re.M)

    def ask(self, request):
        """A scheduler request as the client sends it; returns the reply and what the scheduler logged about it."""
        before = {path: path.stat().st_size for path in self.project.glob("log*/scheduler.log")}
        reply = self.run_cgi("cgi", request.encode()).decode(errors="replace")
        log = ""
        for path in self.project.glob("log*/scheduler.log"):
            with open(path, errors="replace") as file:
                file.seek(before.get(path, 0))
                log += file.read()
        return reply, log

    def close(self):
        for process in reversed(self.processes):
            process.terminate()
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.http.shutdown()
        self.http.server_close()
        subprocess.run(["ipcrm", "-M", f"{self.shared_memory:#x}"], capture_output=True)
        shutil.rmtree(self.directory, ignore_errors=True)
