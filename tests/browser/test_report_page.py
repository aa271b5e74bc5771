#!/usr/bin/env python3
"""The page of `report` in a real browser (Debian's chromium): nothing is cut off, no two labels lie on each other, the
curves are there. AXIOM_CLIENT is the executable. Without chromium the test counts as skipped (77)."""

import html
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

CLIENT = os.environ["AXIOM_CLIENT"]
BROWSER = shutil.which("chromium")
# Wide and narrow; long names of series; many widths.
WORK = {
    "compgen": ["--preset", "small", "--set", "epochs=1", "--set", "trials=1"],
    "featrank": ["--set", "epochs=5", "--set", "trials=1", "--set", "widths=[4,8,12,16,24,32,48,64]"],
    "neuronspec": ["--set", "epochs=1", "--set", "trials=1"],
    "featcompv2": ["--set", "epochs=4", "--set", "measure_every=1", "--set", "widths=[4,1024]"],
    "repalignv2": ["--set", "epochs=3", "--set", "measure_every=1"],
    "microscalev2": ["--set", "epochs=1", "--set", "widths=[8,16,32,64]"],
}
# Looks at what the browser has laid out, and says so in the page.
EYES = """<script>
const verdict = {charts: 0, labels: 0, outside: [], overlapping: [], curves: 0};
for (const svg of document.querySelectorAll("svg")) {
  ++verdict.charts;
  const frame = svg.getBoundingClientRect();
  const texts = [...svg.querySelectorAll("text")].map(t => ({name: svg.getAttribute("aria-label") + ": " + t.textContent, box: t.getBoundingClientRect()}));
  verdict.labels += texts.length;
  for (const t of texts) {
    if (t.box.left < frame.left - 1 || t.box.right > frame.right + 1 || t.box.top < frame.top - 1 || t.box.bottom > frame.bottom + 1) verdict.outside.push(t.name);
  }
  for (let i = 0; i < texts.length; ++i) for (let j = i + 1; j < texts.length; ++j) {
    const a = texts[i].box, b = texts[j].box;
    const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left), high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (wide > 1 && high > 3) verdict.overlapping.push(texts[i].name + " / " + texts[j].name);
  }
  for (const path of svg.querySelectorAll("path")) if (path.getTotalLength() > 50) ++verdict.curves;
}
const place = document.createElement("pre");
place.id = "verdict";
place.textContent = JSON.stringify(verdict);
document.body.appendChild(place);
</script></body>"""


def laid_out(page):
    """The page's DOM when its script has run."""
    with tempfile.TemporaryDirectory() as profile:
        return subprocess.run([BROWSER, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}",
                               "--window-size=1400,1000", "--dump-dom", page.as_uri()], capture_output=True, text=True, timeout=300)


class Page(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.directory = pathlib.Path(folder.name)
        for experiment, options in WORK.items():
            subprocess.run([CLIENT, "--standalone", "--experiment", experiment, "--seed", "3", "--seeds", "3", "--quiet", *options,
                            "--out", str(self.directory)], check=True, capture_output=True)
        self.page = self.directory / "report.html"
        subprocess.run([CLIENT, "report", str(self.directory), "--html", str(self.page), "--quiet"], check=True)

    def test_every_label_can_be_read(self):
        watched = self.directory / "watched.html"
        watched.write_text(self.page.read_text().replace("</body>", EYES))
        done = laid_out(watched)
        found = re.search(r'<pre id="verdict">(.*?)</pre>', done.stdout)
        self.assertTrue(found, done.stderr[-2000:])
        verdict = json.loads(html.unescape(found.group(1)))
        self.assertEqual(verdict["charts"], 20)
        self.assertGreater(verdict["labels"], 200)
        self.assertGreater(verdict["curves"], 40)
        self.assertEqual(verdict["outside"], [])
        self.assertEqual(verdict["overlapping"], [])


if __name__ == "__main__":
    if BROWSER is None:
        print("SKIPPED: no chromium here")
        sys.exit(77)
    unittest.main()
