"""What the translator refuses: PTX that would give other bits than the law of arithmetic, and what it does not know."""
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TRANSLATE = Path(__file__).parent / "translate.py"
KERNEL = """.version 6.4
.target sm_75
.address_size 64
.visible .entry kernel(
\t.param .u64 kernel_param_0
)
{{
\t.reg .pred %p<4>;
\t.reg .f32 %f<4>;
\t.reg .f64 %fd<4>;
\t.reg .b32 %r<4>;
\t.reg .b64 %rd<4>;
\t{}
\tret;
}}
"""


class Translate(unittest.TestCase):
    def translate(self, instruction):
        with tempfile.TemporaryDirectory() as folder:
            source, output = Path(folder) / "kernel.ptx", Path(folder) / "kernel.cpp"
            source.write_text(KERNEL.format(instruction))
            done = subprocess.run([sys.executable, TRANSLATE, output, source], capture_output=True, text=True)
            return done, output.read_text() if output.exists() else ""

    def test_known(self):
        done, source = self.translate("fma.rn.f32 %f1, %f2, %f3, %f1;")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("ptx::fma<float>", source)
        self.assertIn('extern "C" void kernel(std::uint64_t', source)

    def test_refused(self):
        for instruction in (
                "add.f32 %f1, %f2, %f3;",  # may be contracted with a product
                "mul.f32 %f1, %f2, %f3;",
                "mul.f64 %fd1, %fd2, %fd3;",
                "fma.rn.ftz.f32 %f1, %f2, %f3, %f1;",  # subnormal numbers
                "add.rz.f32 %f1, %f2, %f3;",
                "div.approx.f32 %f1, %f2, %f3;",
                "div.full.f32 %f1, %f2, %f3;",
                "sqrt.approx.f32 %f1, %f2;",
                "ex2.approx.f32 %f1, %f2;",
                "cvt.rni.s32.f32 %r1, %f1;",
                "setp.lt.ftz.f32 %p1, %f1, %f2;",
                "atom.global.exch.b32 %r1, [%rd1], %r2;",
                "ld.volatile.shared.u32 %r1, [%rd1];",
                "bar.sync 1;",
                "bar.warp.sync -1;",
                "shfl.sync.down.b32 %r1, %r2, 1, 31, -1;",
                "mov.u32 %r1, %laneid;",
                "mov.u32 %r1, elsewhere;",
                "mov.u32 %r9, 0;",
        ):
            done, source = self.translate(instruction)
            self.assertNotEqual(done.returncode, 0, instruction)
            self.assertEqual(source, "", instruction)
            self.assertIn("kernel, line 13: ", done.stderr)
            self.assertIn("not known here", done.stderr)
            self.assertNotIn("Traceback", done.stderr)


if __name__ == "__main__":
    unittest.main()
