"""Which exit code with which message the tests of this folder assert, read from their source: from calls of
assert_error(DONE, CODE, FRAGMENT), of helpers that pass on to it what they are given, and from the tables that loops go
through."""

import ast
import pathlib

HERE = pathlib.Path(__file__).parent
ANYTHING = "\0"  # of a text: what is known at run time only


def text_of(node):
    """Of an expression that is a text."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else ANYTHING for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        parts = [text_of(node.left), text_of(node.right)]
        return None if parts == [None, None] else "".join(part or ANYTHING for part in parts)
    return None


def value_of(node):
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, int) else text_of(node)


def called(node):
    return getattr(node.func, "attr", getattr(node.func, "id", None))


class Module:
    def __init__(self, path):
        self.tree = ast.parse(path.read_text())
        self.outer = {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}
        self.name = path.stem
        self.imports = {node.module for node in ast.walk(self.tree) if isinstance(node, ast.ImportFrom)}
        self.functions = {node.name: node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef)}

    def function_around(self, node):
        while node in self.outer and not isinstance(node, ast.FunctionDef):
            node = self.outer[node]
        return node if isinstance(node, ast.FunctionDef) else None

    def rows(self, node):
        """Elements of a table: a literal, or a name that stands for one."""
        if isinstance(node, (ast.List, ast.Tuple)):
            return node.elts
        if isinstance(node, ast.Call) and called(node) == "items" and isinstance(node.func.value, ast.Dict):
            return [ast.Tuple([key, value]) for key, value in zip(node.func.value.keys, node.func.value.values)]
        if isinstance(node, ast.Name):
            return [row for value in self.assigned(node.id) for row in self.rows(value)]
        return []

    def assigned(self, name):
        return [node.value for node in ast.walk(self.tree) if isinstance(node, ast.Assign)
                for target in node.targets if isinstance(target, ast.Name) and target.id == name]

    def bindings(self, names, node):
        """Each way in which the loops around `node`, or assignments, give those names their values."""
        ways = [{}]
        while node in self.outer:
            node = self.outer[node]
            if isinstance(node, ast.For):
                targets = node.target.elts if isinstance(node.target, ast.Tuple) else [node.target]
                places = {getattr(t, "id", None): at for at, t in enumerate(targets)}
                wanted = [name for name in names if name in places]
                if wanted:
                    rows = [row.elts if isinstance(node.target, ast.Tuple) else [row] for row in self.rows(node.iter)
                            if not isinstance(node.target, ast.Tuple) or isinstance(row, (ast.Tuple, ast.List))]
                    ways = [{**way, **{name: row[places[name]] for name in wanted}} for way in ways for row in rows]
        for name in names:
            values = [value for value in self.assigned(name) if value_of(value) is not None]
            if values and not any(name in way for way in ways):
                ways = [{**way, name: value} for way in ways for value in values]
        return ways


def parameters(function):
    return [argument.arg for argument in function.args.args if argument.arg != "self"]


def argument(call, signature, name):
    """What a call gives for a parameter."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    at = signature.index(name)
    return call.args[at] if at < len(call.args) and not any(isinstance(a, ast.Starred) for a in call.args[:at]) else None


def helpers(modules):
    """{(module, name): (signature, code, fragment)} of all functions that pass a fragment on; `code` is a parameter or a
    number."""
    base = (["done", "code", "fragment"], "code", "fragment")
    found = {(module, "assert_error"): base for module in modules}
    while True:
        before = len(found)
        for module in modules:
            for node in ast.walk(module.tree):
                if not isinstance(node, ast.Call) or (module, called(node)) not in found:
                    continue
                signature, code, fragment = found[module, called(node)]
                function = module.function_around(node)
                passed = argument(node, signature, fragment)
                if function is None or not isinstance(passed, ast.Name) or passed.id not in parameters(function):
                    continue
                given = argument(node, signature, code) if isinstance(code, str) else ast.Constant(code)
                own = given.id if isinstance(given, ast.Name) and given.id in parameters(function) else value_of(given)
                if own is not None:
                    found.setdefault((module, function.name), (parameters(function), own, passed.id))
        for (module, name), entry in list(found.items()):  # of a module that others take from
            for other in modules:
                if module.name in other.imports and name not in other.functions:
                    found.setdefault((other, name), entry)
        if len(found) == before:
            return found


def pairs():
    """{(exit code, text)}."""
    modules = [Module(path) for path in sorted(HERE.glob("*.py"))]
    known = helpers(modules)
    asserted = set()
    for module in modules:
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.Call) or (module, called(node)) not in known:
                continue
            signature, code, fragment = known[module, called(node)]
            given = [argument(node, signature, code) if isinstance(code, str) else ast.Constant(code),
                     argument(node, signature, fragment)]
            if None in given:
                continue
            names = [part.id for part in given if isinstance(part, ast.Name)]
            for way in module.bindings(names, node):
                values = [value_of(way.get(part.id) if isinstance(part, ast.Name) else part) for part in given]
                if isinstance(values[0], int) and isinstance(values[1], str):
                    asserted.add(tuple(values))
    return asserted
