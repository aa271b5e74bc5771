"""Translates the compiler's PTX into C++ that runs on the emulated device, instruction by instruction.

    translate.py OUTPUT.cpp FILE.ptx[.xz] ...

Every memory access goes through machine.h, which checks it; every other instruction becomes one expression. What is not
known here is refused by name: in particular sums and products that the driver's assembler may contract (no rounding
named), flushing of subnormal numbers (.ftz) and approximations (.approx). The semantics are those of NVIDIA's "PTX ISA".
"""
import lzma
import re
import sys
import zlib
from pathlib import Path

UNSIGNED = {8: "std::uint8_t", 16: "std::uint16_t", 32: "std::uint32_t", 64: "std::uint64_t"}
SIGNED = {8: "std::int8_t", 16: "std::int16_t", 32: "std::int32_t", 64: "std::int64_t"}
COMPARISONS = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
UNORDERED = {"equ": "==", "neu": "!=", "ltu": "<", "leu": "<=", "gtu": ">", "geu": ">="}
SPECIAL = {"%tid.x": "ptx::thread()", "%ntid.x": "ptx::threads()", "%ctaid.x": "ptx::block()",
           "%nctaid.x": "ptx::blocks()", "%globaltimer": "ptx::nanoseconds()"}
MEMORY = re.compile(r"(ld|st)(?:\.(volatile))?(?:\.(param|shared|global|local))?(?:\.(v[24]))?\.([bsuf]\d+)$")
STATEMENT = re.compile(r"\s*(?:([\w$]+):|(\{)|([^\s;{}][^;{}]*(?:\{[^}]*\}[^;{}]*)*);|(\}))")


class Unknown(Exception):
    pass


def c_type(suffix):
    """`suffix`: of an instruction or a register, e.g. s32."""
    kind, bits = suffix[0], suffix[1:]
    if suffix == "pred":
        return "bool"
    if kind == "f":
        return {"32": "float", "64": "double"}[bits]
    return (SIGNED if kind == "s" else UNSIGNED)[int(bits)]


def split(operands):
    """At the commas that are not within brackets."""
    return [part.strip() for part in re.findall(r"(?:\[[^]]*\]|\{[^}]*\}|\([^)]*\)|[^,\[\]{}()])+", operands)]


def identifier(symbol):
    return re.sub(r"\W", "_", symbol.lstrip("%"))


class Function:
    """The body of one .entry or .func."""

    def __init__(self, name, is_entry, parameters, module):
        self.name, self.is_entry, self.parameters, self.module = name, is_entry, parameters, module
        self.registers, self.used, self.lines = {}, set(), []
        self.arguments = set(name for name, _ in parameters)
        self.depot, self.line = 0, 0

    def value(self, operand, type_name):
        """A C++ expression of that type."""
        if operand in SPECIAL:
            return f"static_cast<{type_name}>({SPECIAL[operand]})"
        if operand.startswith("!"):
            return f"!{self.value(operand[1:], type_name)}"
        if operand.startswith("%"):
            if operand not in self.registers:
                raise Unknown(f"register {operand}")
            self.used.add(operand)
            return f"ptx::as<{type_name}>({identifier(operand)})"
        if match := re.fullmatch(r"0f([0-9A-Fa-f]{8})", operand):
            return f"ptx::as<{type_name}>(ptx::float_of(0x{match[1]}u))"
        if match := re.fullmatch(r"0d([0-9A-Fa-f]{16})", operand):
            return f"ptx::as<{type_name}>(ptx::double_of(0x{match[1]}ull))"
        if re.fullmatch(r"-?\d+", operand):
            if type_name == "bool":
                return "true" if int(operand) else "false"
            return f"static_cast<{type_name}>({int(operand) % 2 ** 64}ull)"
        if operand == "__local_depot0":
            return "reinterpret_cast<std::uint64_t>(depot.bytes)"
        if operand in self.module.shared:
            return f"static_cast<{type_name}>(0)"
        raise Unknown(f"operand {operand}")

    def assign(self, register, expression):
        if register not in self.registers:
            raise Unknown(f"register {register}")
        self.used.add(register)
        return f"{identifier(register)} = ptx::as<{c_type(self.registers[register])}>({expression});"

    def address(self, operand):
        base, _, offset = operand.strip("[]").partition("+")
        if base in self.arguments:
            return f"{identifier(base)} + {int(offset or 0)}"
        return f"{self.value(base, 'std::uint64_t')} + static_cast<std::uint64_t>({int(offset or 0)}ll)"

    def memory(self, match, operands):
        kind, volatile, space, vector, suffix = match.groups()
        count, type_name = int(vector[1]) if vector else 1, c_type(suffix)
        place = operands[0 if kind == "st" else 1]
        values = split(operands[1 if kind == "st" else 0].strip("{}"))
        if len(values) != count:
            raise Unknown(f"{count} values {values}")
        strong = "strong_" if volatile else ""
        if volatile and space != "global":
            raise Unknown("volatile access outside global memory")
        where = f"{self.address(place)}{'' if space == 'param' else f', {self.line}'}"
        what = f"ptx::{strong}{'load' if kind == 'ld' else 'store'}_{space or 'global'}<{type_name}, {count}>"
        if space == "local":
            where = f"depot, {where}"
        if kind == "st":
            return f"{what}({where}, {{{', '.join(self.value(v, type_name) for v in values)}}});"
        assignments = " ".join(self.assign(v, f"loaded[{i}]") for i, v in enumerate(values))
        return f"{{ const auto loaded = {what}({where}); {assignments} }}"

    def compute(self, opcode, suffix, modifiers, operands):
        """The value of an instruction without side effects."""
        if suffix[0] == "f":
            return self.compute_float(opcode, suffix, modifiers, operands)
        bits = 1 if suffix == "pred" else int(suffix[1:])
        natural = c_type(suffix)
        unsigned = natural if suffix == "pred" else UNSIGNED[bits]
        natural_values = [self.value(v, natural) for v in operands]
        wrapped = [self.value(v, unsigned) for v in operands]
        simple = {"add": "+", "sub": "-", "and": "&", "or": "|", "xor": "^"}
        if opcode in simple and not modifiers:
            return f"static_cast<{unsigned}>({wrapped[0]} {simple[opcode]} {wrapped[1]})"
        if opcode in ("min", "max", "div", "rem", "shl", "shr") and not modifiers:
            if opcode in ("shl", "shr"):
                natural_values[1] = self.value(operands[1], "std::uint32_t")
            return f"ptx::{opcode}<{natural}>({', '.join(natural_values)})"
        if opcode == "mul" and modifiers == ["lo"]:
            return f"static_cast<{unsigned}>({wrapped[0]} * {wrapped[1]})"
        if opcode == "mul" and modifiers == ["wide"]:
            wide = c_type(suffix[0] + str(2 * bits))
            return " * ".join(f"static_cast<{wide}>({v})" for v in natural_values)
        if opcode == "mad" and modifiers == ["lo"]:
            return f"static_cast<{unsigned}>({wrapped[0]} * {wrapped[1]} + {wrapped[2]})"
        if opcode == "shf" and modifiers == ["l", "wrap"]:
            return f"ptx::funnel_left({', '.join(wrapped)})"
        if opcode == "not" and not modifiers:
            return f"!{wrapped[0]}" if suffix == "pred" else f"static_cast<{unsigned}>(~{wrapped[0]})"
        if opcode == "neg" and not modifiers:
            return f"static_cast<{unsigned}>(0 - {wrapped[0]})"
        raise Unknown("instruction")

    def compute_float(self, opcode, suffix, modifiers, operands):
        natural = c_type(suffix)
        values = ", ".join(self.value(v, natural) for v in operands)
        rounded = {"add", "sub", "mul", "div", "fma", "sqrt", "rcp"}
        exact = {"min", "max", "neg", "abs"}
        if (opcode in rounded and modifiers == ["rn"]) or (opcode in exact and not modifiers):
            return f"ptx::{opcode}<{natural}>({values})"
        raise Unknown("instruction")

    def convert(self, modifiers, to, source, operand):
        if modifiers == ["rzi"] and to[0] == "s" and source[0] == "f":
            return f"ptx::truncate<{c_type(to)}>({self.value(operand, c_type(source))})"
        inexact = to[0] == "f" and source[0] != "f" or (to, source) == ("f32", "f64")
        if modifiers != (["rn"] if inexact else []) or (to[0] != "f" and source[0] == "f"):
            raise Unknown("conversion")
        return f"ptx::convert<{c_type(to)}>({self.value(operand, c_type(source))})"

    def instruction(self, name, operands):
        if match := MEMORY.match(name):
            return self.memory(match, operands)
        opcode, *modifiers = name.split(".")
        if name in ("bra", "bra.uni"):
            return f"goto {identifier(operands[0])};"
        if name == "ret":
            return "return;"
        if name == "call.uni":
            function, arguments = operands[0], split(operands[1].strip("()"))
            return f"{identifier(function)}({', '.join(identifier(a) for a in arguments)});"
        if name == "bar.sync" and operands == ["0"]:
            return "ptx::barrier();"
        if name == "membar.gl":
            return "ptx::fence();"
        if name == "nanosleep.u32":
            return "ptx::pause();"
        if opcode == "atom":
            return self.atomic([m for m in modifiers if m != "relaxed"], operands)
        suffix = modifiers.pop()
        if opcode == "setp" and len(modifiers) == 1:
            a, b = (self.value(v, c_type(suffix)) for v in operands[1:])
            compare = modifiers[0]
            if compare in UNORDERED:
                return self.assign(operands[0], f"ptx::unordered({a}, {b}) || {a} {UNORDERED[compare]} {b}")
            if suffix[0] == "f" and compare == "ne":
                return self.assign(operands[0], f"!ptx::unordered({a}, {b}) && {a} != {b}")
            return self.assign(operands[0], f"{a} {COMPARISONS[compare]} {b}")
        if opcode == "selp" and not modifiers:
            a, b = (self.value(v, c_type(suffix)) for v in operands[1:3])
            return self.assign(operands[0], f"{self.value(operands[3], 'bool')} ? {a} : {b}")
        if opcode == "mov" and not modifiers:
            if operands[1].startswith("{"):
                parts = [self.value(v, "std::uint32_t") for v in split(operands[1].strip("{}"))]
                if suffix != "b64" or len(parts) != 2:
                    raise Unknown("vector")
                return self.assign(operands[0], f"ptx::pack({', '.join(parts)})")
            if operands[0].startswith("{"):
                low, high = split(operands[0].strip("{}"))
                if suffix != "b64":
                    raise Unknown("vector")
                whole = self.value(operands[1], "std::uint64_t")
                return " ".join([self.assign(low, f"static_cast<std::uint32_t>({whole})"),
                                 self.assign(high, f"static_cast<std::uint32_t>({whole} >> 32)")])
            return self.assign(operands[0], self.value(operands[1], c_type(suffix)))
        if opcode == "cvta" and modifiers == ["to", "global"]:
            return self.assign(operands[0], self.value(operands[1], "std::uint64_t"))
        if opcode == "cvt":
            to = modifiers.pop()
            return self.assign(operands[0], self.convert(modifiers, to, suffix, operands[1]))
        return self.assign(operands[0], self.compute(opcode, suffix, modifiers, operands[1:]))

    def atomic(self, modifiers, operands):
        space, operation, suffix = modifiers
        type_name = c_type(suffix)
        if space not in ("global", "shared") or operation not in ("add", "cas"):
            raise Unknown("atomic operation")
        values = [self.value(v, type_name) for v in operands[2:]]
        call = f"ptx::{operation}_{space}<{type_name}>({self.address(operands[1])}, {self.line}, {', '.join(values)})"
        return self.assign(operands[0], call)

    def statement(self, text, line):
        self.line = self.module.number * 1000000 + line
        if match := re.fullmatch(r"\.reg\s+\.(\w+)\s+(%\w+)<(\d+)>", text):
            kind, prefix, count = match.groups()
            self.registers.update({f"{prefix}{i}": kind for i in range(int(count))})
        elif match := re.fullmatch(r"\.reg\s+\.(\w+)\s+(%?\w+)", text):
            self.registers[match[2]] = match[1]
        elif match := re.fullmatch(r"\.local\s+\.align\s+\d+\s+\.b8\s+__local_depot\d+\[(\d+)\]", text):
            self.depot = int(match[1])
        elif match := re.fullmatch(r"\.param\s+(?:\.align\s+\d+\s+)?\.([bsuf]\d+)\s+(\w+)(?:\[(\d+)\])?", text):
            size = int(match[3] or 1) * int(match[1][1:]) // 8
            self.arguments.add(match[2])
            self.lines.append(f"  alignas(16) unsigned char {identifier(match[2])}[{size}] = {{}};")
        elif text.startswith("."):
            if not text.startswith((".pragma", ".loc")):
                raise Unknown("directive")
        else:
            match = re.fullmatch(r"(?:@(!?%p\d+)\s+)?([a-z][\w.]*)\s*(.*)", text, re.DOTALL)
            if not match:
                raise Unknown("statement")
            guard, name, operands = match.groups()
            operands = re.sub(r"__local_depot\d+", "__local_depot0", operands)
            code = self.instruction(name, split(operands))
            self.lines.append(f"  if ({self.value(guard, 'bool')}) {{ {code} }}" if guard else f"  {code}")

    def signature(self):
        if self.is_entry:
            arguments = ", ".join(f"{c_type(kind)} {identifier(name)}_value" for name, kind in self.parameters)
            return f'extern "C" void {self.name}({arguments})'
        arguments = ", ".join(f"const unsigned char* {identifier(name)}" for name, _ in self.parameters)
        return f"static void {identifier(self.name)}({arguments})"

    def source(self):
        yield self.signature() + " {"
        if self.is_entry:
            for name, kind in self.parameters:
                name = identifier(name)
                yield f"  alignas(16) unsigned char {name}[sizeof({c_type(kind)})];"
                yield f"  std::memcpy({name}, &{name}_value, sizeof {name}_value);"
        if self.depot:
            yield f"  ptx::Depot<{self.depot}> depot;"
        for register in sorted(self.used):
            kind = c_type(self.registers[register])
            yield f"  {kind} {identifier(register)} = ptx::never_set<{kind}>();"
        yield from self.lines
        yield "  return;\n}\n"


class Module:
    def __init__(self, text, number):
        self.functions, self.shared, self.number = [], set(), number
        text = re.sub(r"//[^\n]*", "", text)
        position = 0
        header = re.compile(r"(?:\.visible\s+)?(?:\.weak\s+)?\.(entry|func)\s+([\w$]+)\s*\(([^)]*)\)([^{;]*)([{;])")
        for match in header.finditer(text):
            self.declarations(text[position:match.start()])
            kind, name, parameters, _, ending = match.groups()
            position = match.end()
            if ending == "{":
                position = self.body(text, position, Function(name, kind == "entry", self.parse(parameters), self))
        self.declarations(text[position:])

    def declarations(self, text):
        """What stands between functions."""
        self.shared.update(re.findall(r"\.extern\s+\.shared\s+\.align\s+16\s+\.b8\s+([\w$]+)\[\]", text))

    @staticmethod
    def parse(parameters):
        found = re.findall(r"\.param\s+(?:\.align\s+\d+\s+)?\.(\w+)\s+(?:\.ptr\s+\.align\s+\d+\s+)?([\w$]+)", parameters)
        return [(name, kind) for kind, name in found]

    def body(self, text, position, function):
        self.functions.append(function)
        line, seen, depth = text.count("\n", 0, position) + 1, position, 1
        for match in STATEMENT.finditer(text, position):
            label, opening, statement, closing = match.groups()
            line += text.count("\n", seen, match.start(match.lastindex))
            seen = match.start(match.lastindex)
            try:
                if label:
                    function.lines.append(f"{identifier(label)}:;")
                elif opening:
                    depth += 1
                    function.lines.append("  {")
                elif closing:
                    depth -= 1
                    if depth == 0:
                        return match.end()
                    function.lines.append("  }")
                else:
                    function.statement(statement.strip(), line)
            except (Unknown, KeyError, ValueError) as error:
                raise SystemExit(f"{function.name}, line {line}: {statement!r}: not known here: {error}")
        raise SystemExit(f"{function.name}: the body does not end")


def read(path):
    content = path.read_bytes()
    return lzma.decompress(content) if path.suffix == ".xz" else content


def main(output, *inputs):
    images = [read(Path(name)) for name in inputs]
    modules = [Module(image.decode(), i) for i, image in enumerate(images)]
    lines = ['#include "tests/ptx_device/machine.h"', "namespace ptx = axiom::cuda::ptx;"]
    for module in modules:
        lines += [function.signature() + ";" for function in module.functions]
        for function in module.functions:
            lines += function.source()
    sums = ", ".join(f"{{{len(image)}, {zlib.crc32(image)}u}}" for image in images)
    lines.append(f"const std::vector<ptx::ImageSum> ptx::translated_images = {{{sums}}};")
    Path(output).write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
