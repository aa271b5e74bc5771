"""What the upload tests have in common: a result that is there, and a real nginx with an empty folder."""

import gzip
import hashlib
import os
import shutil

from support import NginxTest

RESULT = "neuronspec.result.json"


class UploadTest(NginxTest):
    def setUp(self):
        super().setUp()
        for folder in ("upload", "private"):
            shutil.rmtree(self.nginx.root / folder)
            (self.nginx.root / folder).mkdir()
            os.chmod(self.nginx.root / folder, 0o777)
        self.text = (self.out / RESULT).read_bytes()
        self.digest = hashlib.sha256(self.text).hexdigest()

    def arrived(self, folder="upload"):
        return {p.name: p.read_bytes() for p in (self.nginx.root / folder).rglob("*.gz")}

    def assert_all_arrived(self):
        arrived = self.arrived()
        self.assertEqual(len(arrived), 2)
        self.assertEqual(gzip.decompress(arrived[f"neuronspec-{self.digest}.result.json.gz"]), self.text)
        telemetry = (self.out / "neuronspec.telemetry.json").read_bytes()
        name = f"neuronspec-{self.digest}.{hashlib.sha256(telemetry).hexdigest()[:12]}.telemetry.json.gz"
        self.assertEqual(gzip.decompress(arrived[name]), telemetry)
