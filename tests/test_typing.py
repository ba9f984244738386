"""Types for editors: the types of a user's program, completion, and errors for unknown names."""

import ast
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

import autograd
import chainrule
import nn
import viz
from autograd.arrays.functions import WITH_DIM
from docs.stubs import PYTORCH

ROOT = Path(__file__).parent.parent
DATA = Path(__file__).parent / "data"
PROGRAM, MISSPELT = DATA / "typed_program.py", DATA / "misspelt_program.py"
PACKAGES = ("autograd", "nn", "viz", "chainrule")
PYRIGHT = shutil.which("basedpyright", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))


@pytest.fixture(scope="module")
def from_mypy(tmp_path_factory):
    """mypy's messages about both programs in strict mode: file, line, kind and message."""
    tmp = tmp_path_factory.mktemp("mypy")
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--follow-imports=silent", f"--cache-dir={tmp}",
               "--ignore-missing-imports", "--no-error-summary", "--no-pretty", str(PROGRAM), str(MISSPELT)]
    done = subprocess.run(command, cwd=tmp, env={**os.environ, "MYPYPATH": str(ROOT)}, capture_output=True, encoding="utf-8",
                          timeout=300)
    assert not done.stderr, done.stderr
    return [(Path(file).name, int(line), kind, message)
            for file, line, kind, message in re.findall(r"^(.*?\.py):(\d+): (\w+): (.*)$", done.stdout, re.MULTILINE)]


@pytest.fixture(scope="module")
def from_pyright(tmp_path_factory):
    """pyright's messages about both programs."""
    settings = {"include": [str(PROGRAM), str(MISSPELT)], "extraPaths": [str(ROOT)], "pythonVersion": "3.11",
                "typeCheckingMode": "standard", "reportPossiblyUnboundVariable": "warning"}
    project = tmp_path_factory.mktemp("pyright") / "pyrightconfig.json"
    project.write_text(json.dumps(settings), encoding="utf-8")
    return [(file.name, *rest) for file, *rest in pyright(project)]


def pyright(project):
    """pyright's messages about the files of a project's settings: file, line, kind and message."""
    if PYRIGHT is None:
        pytest.skip("pyright is not installed: pip install basedpyright")
    done = subprocess.run([PYRIGHT, "--outputjson", "--pythonpath", sys.executable, "-p", str(project)], capture_output=True,
                          encoding="utf-8", timeout=300)
    return [(Path(said["file"]), said["range"]["start"]["line"] + 1, said["severity"], said["message"])
            for said in json.loads(done.stdout)["generalDiagnostics"]]


# ── a program of forty lines ─────────────────────────────────────────────────────────────────────────────────────

EXPECTED = {number: line.rpartition("# ")[2] for number, line in enumerate(PROGRAM.read_text(encoding="utf-8").splitlines(), 1)
            if line.startswith("reveal_type")}


def plain(revealed):
    """A type in the form of the comments: without modules and type arguments."""
    return re.sub(r"\[.*", "", revealed).rpartition(".")[2]


def test_the_program_runs_and_its_values_are_of_the_types_that_it_says():
    done = subprocess.run([sys.executable, "-W", "error", str(PROGRAM)], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
                          capture_output=True, encoding="utf-8", timeout=60)
    assert done.returncode == 0, done.stderr
    assert re.findall(r"Runtime type is '(\w+)'", done.stderr) == list(EXPECTED.values())


def test_mypy_in_strict_mode_finds_these_types_and_no_error(from_mypy):
    said = [entry for entry in from_mypy if entry[0] == PROGRAM.name]
    revealed = {line: re.search(r'"(.*)"', message)[1] for _, line, kind, message in said if kind == "note"}
    assert [entry for entry in said if entry[2] == "error"] == []
    assert {line: plain(text) for line, text in revealed.items()} == EXPECTED


def test_pyright_finds_these_types_and_no_error(from_pyright):
    said = [entry for entry in from_pyright if entry[0] == PROGRAM.name]
    revealed = {line: message.rpartition(" is ")[2].strip('"') for _, line, kind, message in said if kind == "information"}
    assert [entry for entry in said if entry[2] == "error"] == []
    assert {line: plain(text) for line, text in revealed.items()} == EXPECTED


# ── slips ────────────────────────────────────────────────────────────────────────────────────────────────────────

WRITTEN = MISSPELT.read_text(encoding="utf-8").splitlines()
SLIPS = set(range(WRITTEN.index("v.sofplus()") + 1, len(WRITTEN) + 1))


def test_mypy_refuses_each_slip(from_mypy):
    assert {line for file, line, kind, _ in from_mypy if file == MISSPELT.name and kind == "error"} == SLIPS


def test_pyright_refuses_each_slip(from_pyright):
    assert {line for file, line, kind, _ in from_pyright if file == MISSPELT.name and kind == "error"} == SLIPS


# ── the stubs and what runs ──────────────────────────────────────────────────────────────────────────────────────

@pytest.mark.slow
def test_the_stubs_say_what_is_there_when_it_runs(tmp_path):
    """mypy's own comparison, name by name and parameter by parameter; a type checker sees the class of a row.

    PyTorch's words for arguments are found when a call fails, and so stand in no signature that runs.
    """
    known = tmp_path / "known"
    known.write_text("\n".join([*(rf"autograd\.{name}" for name in (*autograd.ops.rows, *PYTORCH)),
                                r"autograd\.(methods|signatures)", r"autograd\..*@base1",
                                r"autograd\.functional\.Function", r"autograd\.naming\.Path",
                                r"autograd\.languages\.(catalogue|_patterns)",  # cached
                                r"autograd\.programs\.(native\.(load|processor)|vectors\.ones)",  # cached
                                r"autograd\.(proof\.differences\.ladder_factors|forwards\._tan_is_fast)",  # cached
                                r"autograd\.programs\.tensors\.(Deferred|TracedTensor)\.\w+"]),  # an array's, but read only
                     encoding="utf-8")
    command = [sys.executable, "-m", "mypy.stubtest", "--ignore-missing-stub", "--concise", "--ignore-unused-allowlist",
               "--ignore-disjoint-bases", "--mypy-config-file", str(ROOT / "pyproject.toml"), "--allowlist", str(known), "autograd"]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT), "MYPYPATH": str(ROOT)},
                          capture_output=True, encoding="utf-8", timeout=300)
    assert [line for line in done.stdout.splitlines() if line.startswith(("autograd ", "autograd."))] == []
    assert "mypy build errors" not in done.stdout, done.stdout


def test_the_stubs_know_which_functions_take_pytorchs_words():
    assert set(PYTORCH) == WITH_DIM - {"vector_norm", "matrix_norm"}  # those of autograd.linalg, which has no stub


def test_importing_autograd_loads_neither_numpy_nor_typing():
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import autograd; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, encoding="utf-8", timeout=60)
    assert done.returncode == 0, done.stderr
    assert not {"numpy", "typing", "inspect", "dataclasses", "autograd.typing"} & set(done.stdout.split())


# ── what completion offers ───────────────────────────────────────────────────────────────────────────────────────

@pytest.mark.parametrize("package", [autograd, chainrule, nn, viz], ids=lambda package: package.__name__)
def test_completion_offers_the_public_names_of_a_package_and_no_others(package):
    extra = {"__version__"} if package is chainrule else set()
    assert set(dir(package)) == set(package.__all__) | extra
    assert all(hasattr(package, name) for name in package.__all__)


PUBLIC_MODULES = [f"{package.__name__}.{name}" for package in (nn, viz) for name in package.__all__
                  if isinstance(getattr(package, name), ModuleType)]
PUBLIC_MODULES += ["autograd.testing", "autograd.typing", "nn.testing", "nn.typing"]


@pytest.mark.parametrize("name", PUBLIC_MODULES)
def test_completion_offers_the_public_names_of_a_module_and_no_others(name):
    module = importlib.import_module(name)
    assert set(dir(module)) == set(getattr(module, "__all__", ())), "give it __all__, and __dir__ that returns it"
    assert all(hasattr(module, name) for name in module.__all__)


# ── how much of the public surface is typed ──────────────────────────────────────────────────────────────────────

def annotations(body, public=True):
    """The annotations of parameters of public functions and methods, special ones included, as they are written."""
    for node in body:
        match node:
            case ast.ClassDef(name=name):
                yield from annotations(node.body, public and not name.startswith("_"))
            case ast.If() | ast.Try():
                yield from annotations(node.body, public)
            case ast.FunctionDef(name=name, args=a) | ast.AsyncFunctionDef(name=name, args=a):
                if public and (not name.startswith("_") or name.startswith("__")):
                    yield from (ast.unparse(p.annotation) for p in (*a.posonlyargs, *a.args, *a.kwonlyargs, a.vararg, a.kwarg)
                                if p is not None and p.annotation is not None)


@cache
def measured():
    """The numbers of annotated parameters, and of those annotated with Any only, for each file of the packages."""
    found = {}
    for path in sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        written = list(annotations(ast.parse(path.read_text(encoding="utf-8")).body))
        found[path.relative_to(ROOT).as_posix()] = written.count("Any"), len(written)
    return found


ANY = 0.11


def test_few_parameters_of_public_functions_are_any():
    total, all_ = (sum(column) for column in zip(*measured().values()))
    worst = sorted(measured().items(), key=lambda entry: -entry[1][0])[:15]
    assert total / all_ <= ANY, f"{total} of {all_}; the most: " + ", ".join(f"{name} {a}/{n}" for name, (a, n) in worst)


@pytest.mark.slow
def test_pyright_finds_no_error_in_the_packages():
    """With the settings of pyproject.toml, as ``make lint`` runs it."""
    assert [f"{file}:{line} {message}" for file, line, kind, message in pyright(ROOT) if kind == "error"] == []


if __name__ == "__main__":  # python -m tests.test_typing: where Any is
    for name, (count, among) in sorted(measured().items(), key=lambda entry: -entry[1][0]):
        print(f"{count:4} of {among:4}  {name}")
