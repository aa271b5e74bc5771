"""A small BOINC project on loopback: master page, scheduler, download and upload, for the real client."""

import hashlib
import http.server
import pathlib
import re
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "packaging" / "boinc"))
import code_signing  # noqa: E402

APP = "axiom"
PLATFORM = "x86_64-pc-linux-gnu"


class AppFile:
    def __init__(self, name, content, logical="", main=False):
        self.name, self.content, self.logical, self.main = name, content, logical, main


class Project:
    """`files`: the app version. Work is handed out in the order of add_work()."""

    def __init__(self, files):
        self.private_key, self.public_key = code_signing.generate_key()
        self.files = files
        self.signatures = {f.name: code_signing.sign(f.content, self.private_key) for f in files}
        self.downloads = {f.name: f.content for f in files}
        self.uploads = {}
        self.reports = {}
        self.queue = []
        self.requests = 0
        self.lock = threading.Lock()
        project = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                project.get(self)

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                project.post(self, body)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, *_):
                """Clients that are killed hang up."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/p/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def add_work(self, name, unit, command_line="", ncpus=1):
        """`unit`: the bytes of the work unit."""
        with self.lock:
            self.downloads[name + ".json"] = unit
            self.queue.append((name, unit, command_line, ncpus))

    def get(self, handler):
        path = handler.path.removeprefix("/p/")
        if path == "":
            page = f'<html><head><link rel="boinc_scheduler" href="{self.url}cgi"></head></html>\n'
            return self.answer(handler, page.encode(), "text/html")
        content = self.downloads.get(path.removeprefix("download/"))
        if content is None:
            return self.answer(handler, b"not found", "text/plain", 404)
        return self.answer(handler, content, "application/octet-stream")

    @staticmethod
    def answer(handler, content, kind="text/xml", status=200):
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    def post(self, handler, body):
        if handler.path.endswith("/cgi"):
            with self.lock:
                return self.answer(handler, self.schedule(body.decode(errors="replace")).encode())
        if b"<get_file_size>" in body:
            return self.answer(handler, b"<data_server_reply><status>0</status><file_size>0</file_size>"
                                        b"</data_server_reply>\n")
        head, _, data = body.partition(b"<data>\n")
        name = re.search(rb"<name>(.*?)</name>", head).group(1).decode()
        size = int(re.search(rb"<nbytes>(\d+)", head.rpartition(b"</file_info>")[2]).group(1))
        self.uploads[name] = data[:size]
        return self.answer(handler, b"<data_server_reply><status>0</status></data_server_reply>\n")

    def file_info(self, file):
        return (f"<file_info>\n<name>{file.name}</name>\n<url>{self.url}download/{file.name}</url>\n"
                f"<executable/>\n<file_signature>\n{self.signatures[file.name]}</file_signature>\n"
                f"<nbytes>{len(file.content)}</nbytes>\n</file_info>\n")

    def app_version(self, ncpus):
        references = ""
        for file in self.files:
            inside = f"<file_name>{file.name}</file_name>\n"
            inside += "<main_program/>\n" if file.main else ""
            inside += f"<open_name>{file.logical}</open_name>\n<copy_file/>\n" if file.logical else ""
            references += f"<file_ref>\n{inside}</file_ref>\n"
        return (f"<app_version>\n<app_name>{APP}</app_name>\n<version_num>100</version_num>\n"
                f"<platform>{PLATFORM}</platform>\n<avg_ncpus>{ncpus}</avg_ncpus>\n<flops>1e10</flops>\n"
                f"<api_version>7.20.5</api_version>\n{references}</app_version>\n")

    def work(self, name, unit, command_line):
        return (f"<file_info>\n<name>{name}.json</name>\n<url>{self.url}download/{name}.json</url>\n"
                f"<md5_cksum>{hashlib.md5(unit).hexdigest()}</md5_cksum>\n<nbytes>{len(unit)}</nbytes>\n"
                f"</file_info>\n<workunit>\n<rsc_fpops_est>1e12</rsc_fpops_est>\n"
                f"<rsc_fpops_bound>1e15</rsc_fpops_bound>\n<rsc_memory_bound>1e8</rsc_memory_bound>\n"
                f"<rsc_disk_bound>1e8</rsc_disk_bound>\n<name>{name}</name>\n<app_name>{APP}</app_name>\n"
                f"<command_line>\n{command_line}\n</command_line>\n<file_ref>\n"
                f"<file_name>{name}.json</file_name>\n<open_name>work_unit</open_name>\n</file_ref>\n"
                f"</workunit>\n<file_info>\n<name>{name}_0_0</name>\n<generated_locally/>\n"
                f"<upload_when_present/>\n<max_nbytes>1000000</max_nbytes>\n<url>{self.url}file_upload_handler</url>\n"
                f"</file_info>\n<result>\n<report_deadline>4000000000</report_deadline>\n"
                f"<wu_name>{name}</wu_name>\n<name>{name}_0</name>\n<platform>{PLATFORM}</platform>\n"
                f"<version_num>100</version_num>\n<plan_class></plan_class>\n<report_immediately/>\n"
                f"<file_ref>\n<file_name>{name}_0_0</file_name>\n<open_name>result</open_name>\n"
                f"</file_ref>\n</result>\n")

    def schedule(self, request):
        self.requests += 1
        acknowledged = ""
        for report in re.findall(r"<result>.*?</result>", request, re.S):
            name = re.search(r"<name>(.*?)</name>", report).group(1)
            if "<exit_status>" not in report:
                continue
            self.reports[name] = {
                "exit": int(re.search(r"<exit_status>(-?\d+)", report).group(1)),
                "stderr": (re.search(r"<stderr_txt>(.*?)</stderr_txt>", report, re.S) or
                           re.search(r"()", "")).group(1), "text": report}
            acknowledged += f"<result_ack>\n<name>{name}</name>\n</result_ack>\n"
        wanted = re.search(r"<work_req_seconds>([0-9.e+-]+)", request)
        work = ""
        if wanted and float(wanted.group(1)) > 0 and self.queue:
            name, unit, command_line, ncpus = self.queue.pop(0)
            work = (f"<app>\n<name>{APP}</name>\n<user_friendly_name>axiom</user_friendly_name>\n</app>\n" +
                    "".join(self.file_info(f) for f in self.files) + self.app_version(ncpus) +
                    self.work(name, unit, command_line))
        hostid = "" if re.search(r"<hostid>[1-9]", request) else "<hostid>1</hostid>\n"
        key = ("" if "<code_sign_key>" in request else
               f"<code_sign_key>\n{self.public_key}</code_sign_key>\n")
        return ("<scheduler_reply>\n<scheduler_version>720</scheduler_version>\n"
                f"<master_url>{self.url}</master_url>\n<request_delay>2</request_delay>\n"
                "<project_name>axiom test</project_name>\n<userid>1</userid>\n<user_name>v</user_name>\n"
                f"{hostid}{acknowledged}{work}{key}</scheduler_reply>\n")
