"""The emulated driver loads kernels for its device and refuses all else; and the program whose images stand in for a
compiler's runs on it, so that it needs no CUDA compiler to be tested.

AXIOM_CLIENT (that program) and AXIOM_EMULATED_LIBRARY (the folder of libcuda.so.1) name what is tested.
"""

import ctypes
import os
import pathlib
import struct
import subprocess
import threading
import unittest

LIBRARY = os.environ["AXIOM_EMULATED_LIBRARY"]
PTX = b"//\n.version 7.0\n.target sm_%d\n.address_size 64\n.visible .entry axiom_team()\n{\n  ret;\n}\n\0"
SUCCESS, INVALID_VALUE, INVALID_IMAGE, INVALID_CONTEXT, NO_BINARY, NOT_FOUND = 0, 1, 200, 201, 209, 500
OUT_OF_RESOURCES, TOO_LARGE = 701, 720
SHARED_MEMORY_ATTRIBUTE, NON_BLOCKING = 8, 1


def elf(machine, kernels=(), flags=0x5A04):
    """An ELF file with a symbol table: header, symbols, names, three section headers."""
    names, symbols = b"\0", b"\0" * 24
    for kernel in kernels:
        symbols += struct.pack("<IBBHQQ", len(names), 0x12, 0, 1, 0, 0)  # a global function
        names += kernel + b"\0"
    sections = 64 + len(symbols) + len(names)
    header = b"\x7fELF\x02\x01\x01\x41\x08" + b"\0" * 7
    header += struct.pack("<HHIQQQIHHHHHH", 2, machine, 1, 0, 0, sections, flags, 64, 0, 0, 64, 3, 2)
    table = b"\0" * 64
    table += struct.pack("<IIQQQQIIQQ", 0, 2, 0, 0, 64, len(symbols), 2, 0, 8, 24)
    table += struct.pack("<IIQQQQIIQQ", 0, 3, 0, 0, 64 + len(symbols), len(names), 0, 0, 1, 0)
    return header + symbols + names + table


class Images(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.driver = ctypes.CDLL(str(pathlib.Path(LIBRARY) / "libcuda.so.1"))
        context = ctypes.c_void_p()
        cls.driver.cuDevicePrimaryCtxRetain(ctypes.byref(context), 0)
        cls.driver.cuCtxSetCurrent(context)

    def load(self, image):
        module = ctypes.c_void_p()
        return self.driver.cuModuleLoadData(ctypes.byref(module), ctypes.c_char_p(image)), module

    def function(self, module, name):
        function = ctypes.c_void_p()
        result = self.driver.cuModuleGetFunction(ctypes.byref(function), module, ctypes.c_char_p(name))
        self.driver.cuModuleUnload(module)
        return result

    def test_garbage_is_refused(self):
        this_program = pathlib.Path("/proc/self/exe").read_bytes()
        for image in (b"", b"\0" * 64, b"garbage", b"//", b"// no target\n.entry axiom_team()\n", b"\x7fELF" + b"\0" * 64,
                      elf(machine=62, kernels=[b"axiom_team"]), this_program):
            with self.subTest(image[:16]):
                self.assertEqual(self.load(image)[0], INVALID_IMAGE)

    def test_code_for_other_devices_is_refused(self):
        self.assertEqual(self.load(PTX % 91)[0], NO_BINARY)
        for flags in (0x5004, 0x5604, 0x6404, 0x7804):  # 8.0, 8.6, 10.0, 12.0 on 9.0
            self.assertEqual(self.load(elf(190, [b"axiom_team"], flags))[0], NO_BINARY)

    def test_kernels_must_be_in_the_image(self):
        for image in (PTX % 90, PTX % 50, elf(190, [b"other", b"axiom_team"])):
            with self.subTest(image[:4]):
                result, module = self.load(image)
                self.assertEqual(result, SUCCESS)
                self.assertEqual(self.function(module, b"axiom_team"), SUCCESS)
                _, module = self.load(image)
                self.assertEqual(self.function(module, b"axiom_train_block"), NOT_FOUND)
        # One that the image has, but of which there is no emulation.
        self.assertEqual(self.function(self.load(elf(190, [b"other"]))[1], b"other"), NOT_FOUND)


    def test_launches_that_a_device_would_not_take_are_refused(self):
        _, module = self.load(PTX % 90)
        function, stream = ctypes.c_void_p(), ctypes.c_void_p()
        self.driver.cuModuleGetFunction(ctypes.byref(function), module, b"axiom_team")
        self.driver.cuStreamCreate(ctypes.byref(stream), NON_BLOCKING)

        def launch(blocks=1, threads=128, shared=20480, queue=stream, start=self.driver.cuLaunchKernel):
            return start(function, blocks, 1, 1, threads, 1, 1, shared, queue, None, None)

        together = self.driver.cuLaunchCooperativeKernel
        for refused, result in (({"blocks": 0}, INVALID_VALUE), ({"threads": 129}, OUT_OF_RESOURCES),
                                ({"shared": (48 << 10) + 1}, INVALID_VALUE), ({"blocks": 100, "start": together}, TOO_LARGE),
                                ({"queue": ctypes.c_void_p(12345)}, INVALID_VALUE)):
            with self.subTest(refused):
                self.assertEqual(launch(**refused), result)
        for value, result in ((-1, INVALID_VALUE), ((99 << 10) + 1, INVALID_VALUE), (99 << 10, SUCCESS)):
            self.assertEqual(self.driver.cuFuncSetAttribute(function, SHARED_MEMORY_ATTRIBUTE, value), result)
        self.assertEqual(launch(shared=(99 << 10) + 1), INVALID_VALUE)

    def test_a_thread_without_a_context_can_do_nothing(self):
        results = []

        def ask():
            place = ctypes.c_void_p()
            results.append(self.driver.cuMemAlloc_v2(ctypes.byref(place), ctypes.c_size_t(16)))
            results.append(self.driver.cuStreamCreate(ctypes.byref(place), NON_BLOCKING))
            results.append(self.driver.cuStreamSynchronize(None))
            results.append(self.load(PTX % 90)[0])

        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
        self.assertEqual(results, [INVALID_CONTEXT] * 4)


class Program(unittest.TestCase):
    def run_client(self, *arguments, **settings):
        environment = dict(os.environ, LD_LIBRARY_PATH=LIBRARY,
                           **{"AXIOM_EMULATED_" + name.upper(): str(value) for name, value in settings.items()})
        return subprocess.run([os.environ["AXIOM_CLIENT"], *arguments], capture_output=True, text=True, timeout=600,
                              env=environment)

    def test_gives_the_known_answers(self):
        done = self.run_client("self-test")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"cuda:0: (\d+) of \1 known answers right")

    def test_chooses_images_as_ever(self):
        for fragment, settings in (("no CUDA kernels for devices of compute capability 3.0", {"capability": 30}),
                                   ("too old: it supports CUDA 9.0", {"driver": 9000})):
            self.assertIn(fragment, self.run_client("devices", **settings).stdout)
        self.assertIn("cuda:0     available", self.run_client("devices", capability=120).stdout)


if __name__ == "__main__":
    unittest.main()
