"""Which CUDA compilers a build takes, and for what, with scripts that answer like them. Nothing is compiled.

AXIOM_SOURCE names the project's folder.
"""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

NEW = ("13.0", "75 80 86 90 110 103 120")  # in the order of nvcc 13.0
OLD = ("11.8", "35 50 61 75 90")


class Compilers(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="axiom-compilers-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)

    def compiler(self, name, version, architectures):
        path = self.directory / name
        listed = " ".join("sm_" + number for number in architectures.split())
        path.write_text("#!/bin/sh\ncase $1 in\n"
                        f"--version) echo 'Cuda compilation tools, release {version}, V{version}.1' ;;\n"
                        f"--list-gpu-code) printf '%s\\n' {listed} ;;\n*) exit 1 ;;\nesac\n")
        path.chmod(0o755)
        return str(path)

    def configure(self, **options):
        options = {"AXIOM_TESTS": "OFF", "axiom_second_nvcc": "", **options}
        build = self.directory / "build"
        shutil.rmtree(build, ignore_errors=True)
        return build, subprocess.run(
            ["cmake", "-G", "Ninja", "-S", os.environ["AXIOM_SOURCE"], "-B", str(build),
             *(f"-D{name}={value}" for name, value in options.items())], capture_output=True, text=True)

    def images(self, **options):
        """Of one kernel: compiler, standard and target of what is made from the source; compiler, PTX and target of the rest."""
        build, done = self.configure(**options)
        self.assertEqual(done.returncode, 0, done.stderr)
        rules = (build / "build.ninja").read_text()
        compiled = re.findall(r"/(\w+) -std=(\S+) -O3 -arch=(\w+) --ptx .*block_kernel.cu", rules)
        assembled = re.findall(r"/(\w+) -O3 -gencode arch=\w+,code=(\w+) --cubin .*block_kernel\.(\w+)\.\d+\.ptx", rules)
        return sorted(set(compiled) | {(name, base, target) for name, target, base in assembled})

    def of(self, name, standard, bases):
        """`bases`: the architectures that are made from each PTX."""
        return [image for base, targets in bases.items()
                for image in [(name, standard, base), *((name, base, target) for target in targets.split())]]

    def test_which_serve_what(self):
        new, old = self.compiler("new", *NEW), self.compiler("old", *OLD)
        of_new = self.of("new", "c++20", {"compute_75": "sm_75 sm_80 sm_86 sm_90 sm_103 sm_110 sm_120"})
        of_old = self.of("old", "c++17", {"compute_50": "sm_50 sm_61", "compute_70": "sm_75 sm_90"})
        cases = {"one": (of_new, {}),
                 "a second that is asked for": (of_new + of_old, {"AXIOM_CUDA_LEGACY": old}),
                 "a second that is there": (of_new + of_old, {"axiom_second_nvcc": old}),
                 "not wanted": (of_new, {"axiom_second_nvcc": old, "AXIOM_CUDA_LEGACY": "off"}),
                 "a second that is not older": (of_new, {"axiom_second_nvcc": new}),
                 "a second that is none": (of_new, {"axiom_second_nvcc": "/bin/false"}),
                 "only later ones": (self.of("new", "c++20", {"compute_103": "sm_103 sm_110 sm_120"}), {"AXIOM_CUDA_OLDEST": "101"}),
                 "the older one alone": (of_old, {"AXIOM_CUDA_COMPILER": old}),
                 "none at all": ([], {"AXIOM_CUDA": "off"})}
        for name, (expected, options) in cases.items():
            with self.subTest(name):
                self.assertEqual(self.images(**{"AXIOM_CUDA_COMPILER": new, **options}), sorted(expected))

    def test_refusals(self):
        new, ancient = self.compiler("new", *NEW), self.compiler("ancient", "10.2", "")
        for fragment, options in (
                ("'/no/nvcc --version' does not answer like nvcc", {"AXIOM_CUDA_LEGACY": "/no/nvcc"}),
                ("'/bin/false --version' does not answer like nvcc", {"AXIOM_CUDA_COMPILER": "/bin/false"}),
                (f"'{ancient} --list-gpu-code' names no architecture", {"AXIOM_CUDA_COMPILER": ancient}),
                (f"'{ancient} --list-gpu-code' names no architecture", {"AXIOM_CUDA_LEGACY": ancient}),
                ('AXIOM_CUDA_OLDEST is "7.5": expected a number', {"AXIOM_CUDA_OLDEST": "7.5"}),
                ("which serves no older devices", {"AXIOM_CUDA_LEGACY": new}),
                ('AXIOM_CUDA_OLDEST is "999"', {"AXIOM_CUDA_OLDEST": "999"})):
            with self.subTest(fragment):
                _, done = self.configure(**{"AXIOM_CUDA_COMPILER": new, **options})
                self.assertNotEqual(done.returncode, 0)
                self.assertEqual(done.stderr.count("CMake Error"), 1, done.stderr)
                self.assertIn(fragment, " ".join(done.stderr.split()))


if __name__ == "__main__":
    unittest.main()
