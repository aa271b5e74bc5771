"""Servers on loopback: a real nginx, and one of ours that misbehaves as it is told."""

import contextlib
import dataclasses
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@dataclasses.dataclass
class Request:
    method: str
    path: str
    headers: dict
    body: bytes


class Server:
    """Speaks TLS and then does what `behaviour(connection, server)` does, once per connection.

    `requests` holds what behaviours read; `captured` all decrypted bytes from clients, which `application_bytes` counts.
    """

    def __init__(self, certificate, behaviour, tls_setup=None, raw=False):
        self.behaviour = behaviour
        self.requests = []
        self.application_bytes = 0
        self.captured = b""
        self.connections = 0
        self.stopping = False
        self.raw = raw
        if not raw:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            if tls_setup:
                tls_setup(self.context)
            if certificate:
                self.context.load_cert_chain(*map(str, certificate))
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen(16)
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def url(self, path="/", host="localhost"):
        return f"https://{host}:{self.port}{path}"

    def accept(self):
        while not self.stopping:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        connection.settimeout(60)
        with contextlib.suppress(OSError, ssl.SSLError, ValueError), connection:
            if self.raw:
                self.behaviour(connection, self)
                return
            with self.context.wrap_socket(connection, server_side=True) as secured:
                self.behaviour(secured, self)

    def receive(self, connection, size=65536):
        data = connection.recv(size)
        self.application_bytes += len(data)
        self.captured += data
        return data

    def read_head(self, connection):
        data = b""
        while b"\r\n\r\n" not in data:
            more = self.receive(connection)
            if not more:
                raise OSError("closed")
            data += more
        head, rest = data.split(b"\r\n\r\n", 1)
        lines = head.decode().split("\r\n")
        method, path, _ = lines[0].split(" ")
        headers = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
        return Request(method, path, headers, rest)

    def read_request(self, connection):
        request = self.read_head(connection)
        length = int(request.headers.get("Content-Length", 0))
        if request.headers.get("Expect"):
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        while len(request.body) < length:
            more = self.receive(connection)
            if not more:
                raise OSError("closed")
            request.body += more
        self.requests.append(request)
        return request

    def close(self):
        self.stopping = True
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def answer(status, headers="", body=b""):
    """A behaviour: reads the request, then answers, again and again on one connection."""
    def behave(connection, server):
        while True:
            server.read_request(connection)
            connection.sendall(f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
                               .encode() + body)
    return behave


def in_turn(*behaviours):
    """One behaviour per connection; the last one stays."""
    lock = threading.Lock()
    left = list(behaviours)

    def behave(connection, server):
        with lock:
            mine = left.pop(0) if len(left) > 1 else left[0]
        mine(connection, server)
    return behave


def closing(behaviour_bytes):
    """Reads the request, sends these bytes and closes."""
    def behave(connection, server):
        server.read_request(connection)
        connection.sendall(behaviour_bytes)
    return behave


def files_in(directory, deliver=None, missing=404):
    """Answers GET with the file of that name, `missing` if there is none; all but documents by `deliver(connection, server,
    bytes)`, if given."""
    def behave(connection, server):
        while True:
            name = server.read_request(connection).path.split("?")[0].rsplit("/", 1)[1]
            path = pathlib.Path(directory) / name
            if not path.exists():
                connection.sendall(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % missing)
            elif deliver is None or name.endswith((".json", ".minisig")):
                content = path.read_bytes()
                connection.sendall(b"HTTP/1.1 200 X\r\nContent-Length: %d\r\n\r\n" % len(content) + content)
            else:
                return deliver(connection, server, path.read_bytes())
    return behave


NGINX = """
worker_processes 1;
daemon off;
master_process off;
pid {directory}/nginx.pid;
error_log {directory}/error.log;
events {{ worker_connections 64; }}
http {{
  log_format axiom '$request_uri $status $http_axiom_client_version $http_axiom_plan_digest $http_axiom_result_digest';
  access_log {directory}/access.log;
  access_log {directory}/metadata.log axiom;
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  client_max_body_size 1m;
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    root {directory}/root;
    location /upload/ {{ dav_methods PUT; create_full_put_path on; }}
    location /moved/ {{ return 307 https://localhost:{port}/upload$uri; }}
    location /private/ {{
      auth_basic "results";
      auth_basic_user_file {directory}/users;
      dav_methods PUT; create_full_put_path on;
    }}
    location /tiny/ {{ client_max_body_size 100; dav_methods PUT; create_full_put_path on; }}
    location /files/ {{ }}
  }}
}}
"""


class Nginx:
    """A real nginx with TLS: PUT below /upload/ and /private/ (user:secret), GET below /files/."""

    def __init__(self, certificate):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="axiom-nginx-"))
        os.chmod(self.directory, 0o755)
        self.root = self.directory / "root"
        for name in ("upload", "private", "files", "tiny"):
            (self.root / name).mkdir(parents=True)
            os.chmod(self.root / name, 0o777)
        (self.directory / "users").write_text("user:{PLAIN}secret\n")
        self.certificate = certificate
        self.process = None
        self.port = None
        self.start()

    def start(self, port=None):
        for attempt in range(5):  # another process may take the port in between
            self.port = port or free_port()
            ready = self.directory / "nginx.pid"
            ready.unlink(missing_ok=True)
            (self.directory / "nginx.conf").write_text(NGINX.format(
                directory=self.directory, port=self.port, certificate=self.certificate[0],
                key=self.certificate[1]))
            self.process = subprocess.Popen(
                ["nginx", "-p", str(self.directory), "-c", str(self.directory / "nginx.conf")],
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                env={**os.environ, "PATH": os.environ.get("PATH", "") + ":/usr/sbin"})
            for _ in range(200):
                if self.process.poll() is not None:
                    break
                if ready.exists() and ready.read_text():  # written once the port is its own
                    return
                time.sleep(0.05)
            if self.process.poll() is None:
                break
        message = self.stop()
        raise RuntimeError(f"nginx did not start: {message}")

    def url(self, path="/upload/"):
        return f"https://localhost:{self.port}{path}"

    def stop(self):
        message = ""
        if self.process is not None:
            self.process.terminate()
            try:
                message = self.process.communicate(timeout=10)[1]
            except subprocess.TimeoutExpired:
                self.process.kill()
                message = self.process.communicate()[1]
            self.process = None
        return message

    def close(self):
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)
