"""What goes wrong in a slot: each failure has its exit code (docs/ERRORS.md) or a temporary exit with a reason, and none costs
a host its queue."""

import json
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from slot_case import FAKETIME, SMALL, SlotTest
from support import CLIENT, LIBRARIES, lasting, undisturbed, unit
from volunteer import processor_ticks

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from small_disk import SmallDisk  # noqa: E402

GIB = 2**30
NOBODY = 65534


def become_nobody():
    os.umask(0)
    if os.getuid() == 0:
        os.setgid(NOBODY)
        os.setuid(NOBODY)


class ForNobody(SlotTest):
    def slot_for_nobody(self):
        """A slot that another user may write, and a program that he may run."""
        slot = self.slot()
        slot.directory.joinpath("stderr.txt").touch()
        for path in (slot.directory, *slot.directory.iterdir()):
            path.chmod(0o777)
        place = tempfile.TemporaryDirectory()  # the build may lie where only its owner may look
        self.addCleanup(place.cleanup)
        os.chmod(place.name, 0o755)
        return slot, shutil.copy(CLIENT, place.name)


class Memory(ForNobody):
    def test_hosts_of_four_gibibytes_and_less_are_refused(self):
        for claim in (3e9, 4e9, 4 * GIB):
            with self.subTest(claim=claim):
                self.assert_given_up(self.slot(memory=claim), 4, r"more than 4\.0 GiB, this one has [234]\.\d GiB")

    def test_hosts_of_more_work(self):
        for claim in (6e9, 8e9):
            with self.subTest(claim=claim):
                slot = self.slot(memory=claim)
                self.assertEqual(slot.run(), 0, slot.log())
                self.assertEqual(slot.result(), undisturbed(SMALL))
                self.assertIn(f"memory: host {claim / GIB:.1f} GiB, free ", slot.log())

    def test_what_the_volunteer_allows(self):
        """May pass: the task waits as often as it takes."""
        slot = self.slot(share=0.01)
        for _ in range(4):
            self.assert_postponed(slot, r"not enough free memory: the plan needs .* are available; .*; BOINC's memory preferences allow [0-9.]+ MB")
        self.assertLess(len(slot.log()), 2500)

    def test_the_plan_is_what_is_taken(self):
        """BOINC's libraries and a long result included."""
        for seeds in (1, 800):
            slot = self.slot(json.dumps({"schema": 1, "experiment": "neuronspec", "experiment_version": "2.0", "seed": 5,
                                         "seeds": seeds, "parameters": {"epochs": 1}}).encode(), period=1)
            self.assertEqual(slot.run(), 0, slot.log())
            planned, taken = (float(re.search(rf"{what} ([\d.]+) MB", slot.log()).group(1))
                              for what in ("memory plan:", "most memory"))
            self.assertLess(abs(taken / planned - 1), 0.3, slot.log())

    def test_threads_that_the_system_does_not_start(self):
        """As memory: it may pass. A thread's stack is as large as the limit of the first one's."""
        def no_threads():
            resource.setrlimit(resource.RLIMIT_STACK, (GIB, GIB))
            resource.setrlimit(resource.RLIMIT_AS, (GIB, GIB))
        slot = self.slot()
        for _ in range(4):
            self.assert_postponed(slot, "the system starts no more threads: .* raise the limits", limits=no_threads)
        self.assertEqual(slot.run(), 0, slot.log())
        self.assertEqual(slot.result(), undisturbed(SMALL))

    def test_not_even_the_thread_of_boincs_library(self):
        def one_process():
            become_nobody()  # the limit does not concern root
            resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))
        slot, program = self.slot_for_nobody()
        for _ in range(4):
            self.assert_postponed(slot, "the system starts no more threads: .* raise the limits", limits=one_process, program=program)
        self.assertEqual(slot.run(), 0, slot.log())
        self.assertEqual(slot.result(), undisturbed(SMALL))


class ExitCodes(ForNobody):
    def test_refused_work_units(self):
        for work in (b'{"schema": 1, ', SMALL.replace(b'"2.0"', b'"9.0"'), b"", b"\0" * 100,
                     unit(3, width=16, seed={"from": "host"}, name="n"), "{\"schéma\n\": 1}".encode(),
                     SMALL.replace(b"compgen", b"x" * 5000)):
            slot = self.slot(work)
            self.assert_ended(slot, 3, *["--öption\n" * 20] * 30)
            self.assertIn("\nerror: the work unit is refused: ", slot.log())
            self.assertLessEqual(len(slot.log()), 4096)

    def test_a_work_unit_that_is_too_long(self):
        """At once: no other attempt makes it shorter."""
        slot = self.slot(SMALL + b" " * (1 << 20))
        self.assert_ended(slot, 7)
        self.assertIn("is longer than the 1048576 bytes", slot.log())

    def test_a_checkpoint_of_other_work(self):
        slot = self.slot(lasting(4), period=1)
        slot.start()
        slot.wait_checkpoint()
        slot.kill()
        slot.directory.joinpath("work_unit").write_bytes(lasting(4, seed=12))
        self.assert_ended(slot, 6)

    def test_a_work_unit_that_cannot_be_read(self):
        slot = self.slot()
        slot.directory.joinpath("work_unit").unlink()
        self.assert_given_up(slot, 7, "work_unit")

    def test_a_backend_that_cannot_be_used(self):
        self.assert_given_up(self.slot(), 5, "unknown backend", "--backend", "no-such")

    def test_a_device_that_cannot_be_used(self):
        """Assigned by the client, but there is no driver, no device, or no kernels for it."""
        slot = self.slot(gpu=63)
        for _ in range(2):
            self.assert_postponed(slot, "(NVIDIA|CUDA).*; look after the driver, or take no GPU work")
        self.assertNotIn("--backend", slot.log(), "advice that a task cannot follow")
        self.assertIn(slot.run(), (10, 11, 12, 13), slot.log())
        self.assertIsNone(slot.result())

    def test_a_device_that_is_not_assigned_is_never_used(self):
        """Whoever asks for it: the task goes on with what it has, and says so."""
        for asked in (["--backend", "cuda"], ["--backend=cuda:0"], ["--backend", "reference", "--backend", "cuda:x"]):
            with self.subTest(asked):
                slot = self.slot()
                self.assertEqual(slot.run(*asked), 0, slot.log())
                self.assertEqual(slot.result(), undisturbed(SMALL))
                self.assertIn(f"warning: argument ignored: {' '.join(asked[-2:])}\n", slot.log())
        slot = self.slot(gpu=1)
        self.assert_postponed(slot, "backend cuda:1 cannot run on this host", "--backend", "cuda:0")
        self.assertIn("warning: argument ignored: --backend cuda:0\n", slot.log())
        self.assert_postponed(slot, "backend cuda:1 cannot run on this host", "--backend", "cuda")

    def test_a_device_of_another_maker(self):
        self.assert_given_up(self.slot(gpu=0, gpu_type="ATI"), 5, 'unknown backend "ati:0"')

    def test_without_boincs_library(self):
        for content in (b"", (LIBRARIES / "libz.so.1").read_bytes()):
            with self.subTest(size=len(content)):
                slot = self.slot()
                for name in ("libboinc_api.so.7", "libboinc.so.7"):
                    slot.directory.joinpath(name).write_bytes(content)
                # Nor may the system's library come in.
                self.assert_given_up(slot, 20, "BOINC's library cannot be loaded|lacks boinc_init_options",
                                     env={"LD_LIBRARY_PATH": str(slot.directory)})

    def test_init_data_that_is_none(self):
        for content in (b"", b"<app_init_data>", b"\xff" * 5000):
            slot = self.slot()
            slot.directory.joinpath("init_data.xml").write_bytes(content)
            self.assert_given_up(slot, 20, "init_data.xml is not what a BOINC client writes")

    def test_a_library_that_does_not_reach_the_client(self):
        """It would let the task run by itself, deaf to suspensions. Whoever has made a slot by hand suspends nothing."""
        def without_memory(slot):
            slot.directory.joinpath("boinc_mmap_file").unlink()

        def unlike_facts(slot):
            path = slot.directory / "init_data.xml"
            path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
        for damage in (without_memory, unlike_facts):
            slot = self.slot()
            damage(slot)
            self.assert_given_up(slot, 20, "BOINC's library does not reach the client, so the task would hear of no suspension")
        facts = slot.directory / "init_data.xml"
        facts.write_text(facts.read_text().replace("<client_pid>", "<client_pid>1"))
        self.assertEqual(slot.run(), 0, slot.log())
        self.assertEqual(slot.result(), undisturbed(SMALL))

    def test_a_client_that_cannot_be_told(self):
        """Not for want of room: the task waits no longer than its attempts would have taken, then it ends."""
        slot = self.slot(unit(2000, width=512))
        slot.directory.joinpath("boinc_temporary_exit.tmp").mkdir()
        slot.start("--backend", "reference", limits=lambda: resource.setrlimit(resource.RLIMIT_CPU, (2, 2)))
        self.assertEqual(slot.end(120), 152, slot.log())
        self.assertEqual(slot.finished(), 152)
        self.assertIsNone(slot.temporary_exit())

    @unittest.skipUnless(FAKETIME.exists(), "libfaketime is not installed")
    def test_a_slot_that_cannot_be_written(self):
        """Said before the work, not after it; but ended at once, such tasks would empty the host's queue."""
        slot, program = self.slot_for_nobody()
        slot.directory.chmod(0o555)
        start = time.monotonic()
        slot.start(program=program, limits=become_nobody, env={
            "LD_PRELOAD": str(FAKETIME), "FAKETIME": "+0 x200", "FAKETIME_DONT_FAKE_MONOTONIC": "1"})
        self.assertEqual(slot.end(120), 20, slot.log())
        self.assertGreater(time.monotonic() - start, 8, "half an hour, 200 times as fast")
        self.assert_error(slot, "cannot create 'reserve.tmp': Permission denied")
        self.assertNotIn("starting at", slot.log())

    def test_a_log_that_cannot_be_written(self):
        """The reason is said where BOINC's client looks for it."""
        slot = self.slot()
        slot.directory.joinpath("stderr.txt").mkdir()
        done = subprocess.run([CLIENT], cwd=slot.directory, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(slot.temporary_exit()[1], "^cannot write 'stderr.txt' in the slot: .*; check the owner")
        self.assertIn("error: cannot write 'stderr.txt' in the slot: ", done.stderr)
        self.assertIn("exit code: 20", done.stderr)

    def test_a_limit_of_processor_time(self):
        """Of the signal itself the client would take the task for crashed. As long as it gets on, it is not given up."""
        def seconds(count):
            return lambda: resource.setrlimit(resource.RLIMIT_CPU, (count, count))
        work = lasting(14)
        slot = self.slot(work, period=1)
        for _ in range(4):
            slot.start(limits=seconds(3))
            self.assertEqual(slot.end(), 0, slot.log())
            self.assertIsNone(slot.finished(), "the task is too short for this test: " + slot.log())
            self.assertIn("the processor time that the system allows a process is used up", slot.temporary_exit()[1])
            self.assert_error(slot, "raise LimitCPU")
        self.assertIn("checkpoint saved", slot.log())
        self.assertEqual(slot.run(), 0, slot.log())
        self.assertEqual(slot.result(), undisturbed(work))
        slot = self.slot(unit(2000, width=512), period=60)
        for status in (0, 0, 152):
            slot.start("--backend", "reference", limits=seconds(2))
            self.assertEqual(slot.end(), status, slot.log())
            for checkpoint in slot.checkpoints():  # so that it gets nowhere
                checkpoint.unlink()

    def test_stuck(self):
        """The watchdog's limit is ten minutes unless it is set, as here."""
        self.assert_ended(self.slot(unit(2000, width=256)), 21, "--step-limit", "0.001", "--backend", "reference")

    def test_a_long_evaluation_is_not_stuck(self):
        """On a slow host those of one seed take longer than any limit that is of use, without a step in between."""
        work = json.dumps({"schema": 1, "experiment": "compgen", "experiment_version": "2.0", "seed": 11, "parameters": {
            "widths": [256], "depths": [3], "learning_rates": [0.1], "trials": 1, "batch": 8, "epochs": 1}}).encode()
        slot = self.slot(work)
        self.assertEqual(slot.run("--step-limit", "1", "--backend", "reference"), 0, slot.log())
        self.assertEqual(slot.result(), undisturbed(work))

    def test_a_process_that_was_stopped_is_not_stuck(self):
        slot = self.slot(unit(2000, width=512))
        slot.start("--step-limit", "8", "--backend", "reference")  # whose steps take longer than it takes to look
        slot.wait_training()
        slot.process.send_signal(signal.SIGSTOP)
        time.sleep(12)
        slot.process.send_signal(signal.SIGCONT)
        time.sleep(3)
        self.assertIsNone(slot.process.poll(), slot.log())

    def test_a_suspended_task_is_not_stuck(self):
        slot = self.slot(lasting(1))
        slot.start("--step-limit", "3")
        slot.wait_training()
        slot.send("suspend")
        time.sleep(5)
        self.assertIsNone(slot.process.poll(), slot.log())
        slot.send("resume")
        self.assertEqual(slot.end(), 0, slot.log())

    def test_attempts_are_forgotten_when_the_task_gets_on(self):
        work = lasting(5)
        slot = self.slot(work, period=1)
        for _ in range(2):
            self.assert_postponed(slot, "unknown backend", "--backend", "no-such")
        slot.start()
        slot.wait_training()
        slot.wait_checkpoint()
        slot.kill()
        for _ in range(2):
            self.assert_postponed(slot, "unknown backend", "--backend", "no-such")
        self.assertEqual(slot.run(), 0, slot.log())
        self.assertEqual(slot.result(), undisturbed(work))


class FullDisk(SlotTest):
    """A slot on a file system of its own, which is full when it matters."""

    def setUp(self):
        self.disk = SmallDisk()
        self.addCleanup(self.disk.close)
        self.directory = self.disk.path

    def test_no_room_for_checkpoints(self):
        """The run goes on; if the task is to leave then, it leaves, and goes on from the checkpoint before."""
        work = lasting(9)
        slot = self.slot(work, directory=self.directory, period=1)
        slot.start()
        slot.wait_training()
        slot.wait_checkpoint()
        self.disk.fill()
        time.sleep(4)
        self.assertIsNone(slot.process.poll())
        slot.send("quit")
        self.assertEqual(slot.end(60), 0)
        self.assertIsNone(slot.finished())
        slot.start()  # with the disk still full
        time.sleep(3)
        self.assertIsNone(slot.process.poll())
        self.disk.free()
        self.assertEqual(slot.end(), 0, slot.log())
        self.assertEqual(slot.finished(), 0)
        self.assertEqual(slot.result(), undisturbed(work))
        self.assertIn("resume 1", slot.log())

    def test_no_room_for_the_result(self):
        """What is computed is kept; the client hears why the task waits, and the task ends when there is room."""
        work = lasting(3)
        slot = self.slot(work, directory=self.directory, period=1)
        slot.start()
        slot.wait_training()
        slot.wait_checkpoint()
        for _ in range(4):
            self.disk.fill()
            if slot.process.poll() is not None:
                slot.start()
            self.assertEqual(slot.end(), 0)
            self.assertIsNone(slot.finished(), slot.log())
            self.assertIsNone(slot.result())
            seconds, reason = slot.temporary_exit()
            self.assertEqual(seconds, 600)
            self.assertIn("No space left on device", reason)
        self.disk.free()
        self.assertEqual(slot.run(), 0, slot.log())
        self.assertEqual(slot.result(), undisturbed(work))

    def test_no_room_at_all(self):
        """From the first moment: without room to say why it leaves, the task waits for some, idle; and leaves when it is told to."""
        slot = self.slot(directory=self.directory)
        self.disk.fill()
        slot.start()
        time.sleep(3)
        self.assertIsNone(slot.process.poll(), slot.temporary_exit())
        before = processor_ticks(slot.process.pid)
        time.sleep(2)
        self.assertLessEqual(processor_ticks(slot.process.pid) - before, 2)
        slot.send("quit")
        self.assertEqual(slot.end(30), 0)
        self.assertIsNone(slot.finished())
        slot.start()
        time.sleep(2)
        self.disk.free()
        self.assertEqual(slot.end(60), 0)
        self.assertIn("No space left on device", slot.temporary_exit()[1])
        self.assertEqual(slot.run(), 0, slot.log())
        self.assertEqual(slot.result(), undisturbed(SMALL))


if __name__ == "__main__":
    unittest.main()
