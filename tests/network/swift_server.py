"""A real server of Amazon's protocol on loopback: OpenStack Swift with its S3 interface, as Debian's python3-swift has it."""

import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

from servers import free_port

PYTHON = "/usr/bin/python3"  # Debian's, with Debian's modules

LAUNCHER = """
import sys
from swift.common import utils
utils.SWIFT_CONF_FILE = sys.argv[1] + "/swift.conf"
from swift.common.wsgi import run_wsgi
sys.exit(run_wsgi(f"{sys.argv[1]}/{sys.argv[2]}.conf", sys.argv[2]))
"""

RINGS = """
import sys
from swift.common import utils
utils.SWIFT_CONF_FILE = sys.argv[1] + "/swift.conf"
from swift.common.ring import RingBuilder
for kind, port in zip(("account", "container", "object"), map(int, sys.argv[2:])):
    builder = RingBuilder(2, 1, 1)
    builder.add_dev({"region": 1, "zone": 1, "ip": "127.0.0.1", "port": port, "device": "disk", "weight": 1})
    builder.rebalance()
    builder.get_ring().save(f"{sys.argv[1]}/{kind}.ring.gz")
"""

COMMON = """[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
swift_dir = {directory}
devices = {directory}
recon_cache_path = {directory}
mount_check = false
workers = 0
user = {user}
"""

STORAGE = COMMON + """
[pipeline:main]
pipeline = {kind}-server
[app:{kind}-server]
use = egg:swift#{kind}
"""

PROXY = COMMON + """cert_file = {certificate}
key_file = {key}
[pipeline:main]
pipeline = catch_errors cache s3api tempauth proxy-server
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:cache]
use = egg:swift#memcache
[filter:s3api]
use = egg:swift#s3api
location = {region}
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = {secret} .admin
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
"""


def available():
    return subprocess.run([PYTHON, "-c", "import swift.common.middleware.s3api"], capture_output=True).returncode == 0


class Swift:
    """With one user, test:tester, whose key is `secret`."""

    def __init__(self, certificate, region, secret):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="axiom-swift-"))
        (self.directory / "disk").mkdir()
        (self.directory / "swift.conf").write_text("[swift-hash]\nswift_hash_path_suffix = axiom\n")
        self.processes = []
        ports = [free_port() for _ in range(4)]
        self.port = ports[-1]
        try:
            self.run(RINGS, *map(str, ports[:-1])).wait()
            for kind, port in zip(("account", "container", "object"), ports):
                self.configure(f"{kind}-server", STORAGE, port, kind=kind)
            self.configure("proxy-server", PROXY, self.port, certificate=certificate[0], key=certificate[1], region=region,
                           secret=secret)
            for kind, port in zip(("account", "container", "object", "proxy"), ports):
                self.processes.append(self.run(LAUNCHER, f"{kind}-server"))
                self.wait_for(port)
        except Exception:
            self.close()
            raise

    def base(self):
        return f"https://localhost:{self.port}"

    def configure(self, name, text, port, **values):
        (self.directory / f"{name}.conf").write_text(
            text.format(port=port, directory=self.directory, user="root" if os.getuid() == 0 else os.environ["USER"], **values))

    def run(self, program, *arguments):
        with open(self.directory / "log", "a") as log:
            return subprocess.Popen([PYTHON, "-c", program, str(self.directory), *arguments], stdout=log, stderr=log)

    def wait_for(self, port):
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and self.processes[-1].poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.1)
        raise RuntimeError("Swift did not start: " + (self.directory / "log").read_text()[-2000:])

    def close(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(60)
        shutil.rmtree(self.directory, ignore_errors=True)
