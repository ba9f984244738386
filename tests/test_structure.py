"""The structure: no circular imports, no imports upwards, no private names across files, no long functions."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("autograd", "nn", "viz", "chainrule")  # each may name those before it
FOLDERS = (*PACKAGES, "tests", "docs", "examples", "benchmarks", "notebooks")


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES = {module_of(path): path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))
           if ".venv" not in path.parts}
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in SOURCES.items()}


def for_type_checkers(node: ast.AST) -> bool:
    test = getattr(node, "test", None)
    return isinstance(node, ast.If) and (getattr(test, "id", None) or getattr(test, "attr", None)) == "TYPE_CHECKING"


def imports(name: str) -> set[str]:
    """The modules that a module imports, also lazily, but not those for type checkers only."""
    found, stack = set(), [TREES[name]]
    package = name if SOURCES[name].name == "__init__.py" else name.rpartition(".")[0]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package.rsplit(".", node.level - 1)[0] if node.level else ""
            target = ".".join(filter(None, (base, node.module)))
            found |= {full if (full := f"{target}.{alias.name}") in SOURCES else target for alias in node.names}
        stack += node.orelse if for_type_checkers(node) else ast.iter_child_nodes(node)
    return (found & SOURCES.keys()) - {name}


GRAPH = {name: imports(name) for name in SOURCES}


def test_no_circle_of_imports():
    inner = {name: {x for x in targets if x not in PACKAGES or x == name} for name, targets in GRAPH.items()
             if name.partition(".")[0] in PACKAGES}
    done: set[str] = set()
    while inner:
        free = [name for name, targets in inner.items() if targets <= done | {x for x in targets if x not in inner}]
        assert free, f"these import one another: {sorted(inner)}"
        done |= set(free)
        for name in free:
            del inner[name]


@pytest.mark.parametrize("package", PACKAGES)
def test_no_arrow_runs_up(package):
    above = PACKAGES[PACKAGES.index(package) + 1:] + FOLDERS[len(PACKAGES):]
    wrong = [f"{name} imports {target}" for name, targets in GRAPH.items() if name.partition(".")[0] == package
             for target in targets if target.partition(".")[0] in above]
    assert wrong == []


def private(name: str) -> bool:
    return name.startswith("_") and not (name.startswith("__") and name.endswith("__"))


def test_no_private_name_is_used_in_another_file():
    """A name with an underscore is used only in the file that defines it; namedtuples and libraries have public ones."""
    allowed = {"_replace", "_fields", "_asdict", "_make", "_field_defaults", "_getframe", "_exit", "_repr_html_",
               "_repr_mimebundle_",
               "_repr_svg_", "_repr_markdown_", "_repr_png_"}
    wrong = []
    for name, tree in TREES.items():
        own = {node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
        own |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)}
        own |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.level or (node.module or "").partition(".")[0] in FOLDERS):
                wrong += [f"{name} imports {alias.name}" for alias in node.names if private(alias.name)]
            elif isinstance(node, ast.Attribute) and private(node.attr) and node.attr not in own | allowed and \
                    getattr(node.value, "id", "") not in ("self", "cls"):
                wrong.append(f"{name}:{node.lineno} uses .{node.attr}")
    assert wrong == []


def test_no_function_is_called_as_its_module():
    wrong = [name for name, tree in TREES.items() for node in tree.body
             if name.partition(".")[0] in PACKAGES and isinstance(node, ast.FunctionDef) and node.name == name.rpartition(".")[2]]
    assert wrong == []
    import viz.records  # a function of that name would hide the module
    assert viz.records.__name__ == "viz.records"


def test_a_class_has_a_name_of_its_own():
    where: dict[str, list[str]] = {}
    for name, tree in TREES.items():
        if name.partition(".")[0] in (*PACKAGES, "docs", "benchmarks"):
            for node in ast.walk(tree):
                if isinstance(node, ast.ClassDef):
                    where.setdefault(node.name, []).append(name)
    assert {name for name, modules in where.items() if len(modules) > 1} <= {"Step"}  # of a walk; the perceptron's activation


def lengths():
    """The number of lines of every function of the packages, without docstrings."""
    for name, tree in TREES.items():
        for node in ast.walk(tree):
            if name.partition(".")[0] in PACKAGES and isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                lines = node.end_lineno - node.lineno + 1
                first = node.body[0]
                if ast.get_docstring(node) is not None:
                    lines -= first.end_lineno - first.lineno + 1
                yield lines, f"{name}.{node.name}"


def test_functions_are_short():
    found = sorted(lengths(), reverse=True)
    long = [entry for entry in found if entry[0] > 40]
    assert len(long) <= 0.01 * len(found), long
    assert found[0][0] <= 80, found[0]


def test_the_table_and_value_are_read_in_one_sitting():
    lines = [len(SOURCES[name].read_text(encoding="utf-8").splitlines()) for name in ("autograd.ops", "autograd.value")]
    assert sum(lines) < 400, lines


def test_docstrings_say_what_a_thing_is_in_plain_words():
    """No docstring begins with "What" or "Whether": it opens with a verb or says what the thing is."""
    wrong = [f"{name}:{node.name if hasattr(node, 'name') else ''}" for name, tree in TREES.items()
             if name.partition(".")[0] in PACKAGES for node in ast.walk(tree)
             if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Module))
             and re.match(r"(What|Whether)\b", ast.get_docstring(node) or "")]
    assert wrong == []
