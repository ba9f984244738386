"""Programs of arrays in files: the same bits after saving and loading, and hostile files, which are refused."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest

import nn
import nn.functional as F
from autograd import Tensor, compile, grad, no_grad, tanh, where
from autograd.arrays import functions as A
from autograd.programs.program import Program

from .test_compile_array_source import ALL
from .backends import BACKENDS
from .test_compile_native_arrays import arrays, random_program

rng = np.random.default_rng(0)


def same_bits(got, wanted):
    got, wanted = np.asarray(got), np.asarray(wanted)
    assert got.dtype == wanted.dtype and got.shape == wanted.shape and got.tobytes() == wanted.tobytes()


def through_a_file(program, path, backend="auto"):
    program.save(path)
    return Program.load(path, backend)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("edges", [False, True])
def test_random_programs_give_the_same_bits(tmp_path, backend, edges):
    for seed in range(25):
        xs = arrays(seed, edges)
        program = compile(random_program(seed), backend=backend)
        value, slopes = program.value_and_grad(*xs, argnums=(0, 1, 2, 3))
        loaded = through_a_file(program, tmp_path / "p.json", backend)
        got, own = loaded.value_and_grad(*xs, argnums=(0, 1, 2, 3))
        same_bits(got, value)
        for mine, wanted in zip(own, slopes, strict=True):
            same_bits(mine, wanted)
        assert loaded.recordings == 1 and loaded.backend == backend


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", [name for name in ALL if name != "normalised"])  # which moves statistics
def test_operations_of_the_second_table_give_the_same_bits(tmp_path, name, dtype):
    f, shapes = ALL[name]
    xs = [np.random.default_rng(3).normal(size=shape).astype(dtype) for shape in shapes]
    program = compile(f)
    value, slopes = program.value_and_grad(*xs, argnums=(0, 1))
    got, own = through_a_file(program, tmp_path / "p.json").value_and_grad(*xs, argnums=(0, 1))
    same_bits(got, value)
    for mine, wanted in zip(own, slopes, strict=True):
        same_bits(mine, wanted)


def test_tensors_by_closure_are_kept_by_value_with_their_names_and_can_be_trained_on(tmp_path):
    model = nn.Sequential(nn.Linear(4, 6, rng=0), nn.BatchNorm1d(6), nn.Linear(6, 3, rng=1)).eval()
    frozen = Tensor(np.float32(0.5), "scale", requires_grad=False)
    program = compile(lambda x, labels: F.cross_entropy(model(x) * frozen, labels))
    x, labels = rng.normal(size=(5, 4)).astype(np.float32), np.array([0, 1, 2, 1, 0])
    value = program.backward(x, labels)
    loaded = through_a_file(program, tmp_path / "p.json")
    assert [p.name for p in loaded.parameters] == ["weight", "bias"] * 3 + ["scale"]
    assert [p.requires_grad for p in loaded.parameters] == [True] * 6 + [False]
    same_bits(loaded.backward(x, labels), value)
    for mine, other in zip(loaded.parameters, model.parameters(), strict=False):
        same_bits(mine.grad, other.grad)
        mine.data -= 0.1 * mine.grad
    assert loaded(x, labels) < value and program(x, labels) == value
    assert "labels" in loaded.text() and loaded.check(n=1)


def test_guards_are_kept(tmp_path):
    program = compile(lambda x, labels: F.cross_entropy(x, labels))
    x, labels = rng.normal(size=(5, 4)), np.array([0, 1, 2, 1, 0])
    program(x, labels)
    loaded = through_a_file(program, tmp_path / "p.json")
    assert loaded(x, labels[::-1].copy()) == pytest.approx(program(x, labels[::-1].copy()))
    with pytest.raises(ValueError, match="a condition is another one"):
        loaded(x, labels + 4)
    assert loaded(x, labels) == program(x, labels)


def test_no_grad_and_detach_stay_so(tmp_path):
    def f(x):
        with no_grad():
            still = tanh(x) * 2.0
        return (still * x).sum() + (x.detach() * x).sum() + where(x > 0.0, x, 0.0).sum()
    program = compile(f)
    x = rng.normal(size=4)
    program(x)
    loaded = through_a_file(program, tmp_path / "p.json")
    same_bits(loaded.grad(x), program.grad(x))
    np.testing.assert_allclose(loaded.grad(x), 2.0 * np.tanh(x) + x + (x > 0))


def test_forms_pairs_and_derivatives(tmp_path):
    program = compile(lambda w, c: ((w["a"] @ w["b"][0] * c).sum(), [w["a"] > 0, c]), has_aux=True)
    w = {"a": rng.normal(size=(2, 3)), "b": (rng.normal(size=3),)}
    (value, (mask, c)), slopes = program.value_and_grad(w, 2.0)
    loaded = through_a_file(program, tmp_path / "p.json")
    (got, (other, d)), own = loaded.value_and_grad(w, 2.0)
    assert got == value and (mask == other).all() and c == d and type(own["b"]) is tuple
    same_bits(own["b"][0], slopes["b"][0])
    power = compile(lambda x: (x ** 3).sum())
    power(w["a"][0])
    again = through_a_file(power, tmp_path / "q.json")
    np.testing.assert_allclose(again.hessian(w["a"][0]), np.diag(6 * w["a"][0]))
    np.testing.assert_allclose(grad(again)(w["a"][0]), 3 * w["a"][0] ** 2)
    with pytest.raises(ValueError, match=r"saved for arguments of shapes \[\(3,\)\]"):
        again(np.ones(4))


def test_what_a_file_cannot_keep_is_refused(tmp_path):
    path = tmp_path / "p.json"
    for f, why in ((nn.Dropout(0.5, rng=0), r"model\.eval"), (nn.BatchNorm1d(2), r"model\.eval"),
                   (nn.LSTM(2, 3, rng=0), "'lstm' is not kept")):
        program = compile(lambda x, f=f: (f(x)[0] if isinstance(f, nn.LSTM) else f(x)).sum())
        program(np.ones((1, 3, 2)) if isinstance(f, nn.LSTM) else np.ones((3, 2)))
        with pytest.raises(TypeError, match=why):
            program.save(path)
    static = compile(lambda x, n: A.sum(x, n), static_argnums=1)
    static(np.ones((2, 2)), 0)
    with pytest.raises(TypeError, match="static"):
        static.save(path)
    assert not path.exists()


# ── hostile files ────────────────────────────────────────────────────────────────────────────────────────────────

def saved(path):
    w = Tensor(rng.normal(size=(4, 3)), "w")
    program = compile(lambda x, labels: F.cross_entropy(tanh(x @ w)[:, ::-1] * np.array([1.0, 2.0, 3.0]), labels) +
                      A.einsum("ij,kj->", x, x) + A.pad(x, 1).sum() + (x.reshape(-1)[:, None] * x[0]).sum())
    args = rng.normal(size=(5, 4)), np.array([0, 1, 2, 1, 0])
    program(*args)
    program.save(path)
    return args, json.loads(path.read_text())


def step(told, name):
    return next(entry for entry in told["steps"] if entry[0] == name)


def spoil(told, name, place, value):
    step(told, name)[place] = value


def option(told, name, key, value):
    step(told, name)[2][key] = value


def deep(levels):
    tree = 0
    for _ in range(levels):
        tree = [tree]
    return tree


GIANT = {"tuple": [1 << 26, 1 << 26]}
HOSTILE = {
    "version": lambda t: t.update(version=2),
    "kind of operation": lambda t: spoil(t, "tanh", 0, "__import__"),
    "operation that is no text": lambda t: spoil(t, "tanh", 0, ["tanh"]),
    "function of NumPy that is not known": lambda t: spoil(t, "np.greater_equal", 0, "np.save"),
    "method that is not known": lambda t: spoil(t, ".view", 0, ".tofile"),
    "dunder method": lambda t: spoil(t, ".view", 0, ".__reduce__"),
    "array that is written into": lambda t: step(t, "np.greater_equal")[1].append({"slot": 0}),
    "out": lambda t: option(t, "np.greater_equal", "out", {"slot": 0}),
    "type that is no number": lambda t: spoil(t, ".view", 1, [*step(t, ".view")[1][:1], {"dtype": "object"}]),
    "type as text": lambda t: spoil(t, ".view", 1, [*step(t, ".view")[1][:1], "O"]),
    "giant shape of a slot": lambda t: t["slots"].__setitem__(0, [[1 << 40, 1 << 40], "float64"]),
    "many large slots": lambda t: t["slots"].extend([[[1 << 26], "float64"]] * 100),
    "giant padding": lambda t: option(t, "pad", "width", {"tuple": [{"tuple": [1 << 26, 1 << 26]}] * 2}),
    "giant reshape": lambda t: option(t, "reshape", "shape", GIANT),
    "giant sum": lambda t: option(t, "einsum", "spec", "ij,kl->ijkl"),
    "negative shape": lambda t: t["slots"].__setitem__(0, [[-5, -4], "float64"]),
    "another shape": lambda t: t["slots"].__setitem__(t["outputs"][0], [[2], "float64"]),
    "another type": lambda t: t["slots"].__setitem__(t["outputs"][0], [[], "float32"]),
    "another shape of an input": lambda t: t["slots"].__setitem__(0, [[4, 5], "float64"]),
    "a step of its own result": lambda t: spoil(t, "tanh", 1, [{"slot": step(t, "tanh")[3]}]),
    "a circle": lambda t: spoil(t, "matmul", 1, [{"slot": step(t, "tanh")[3]}, {"slot": 1}]),
    "a slot that is not there": lambda t: spoil(t, "tanh", 1, [{"slot": 10**6}]),
    "a negative slot": lambda t: spoil(t, "tanh", 1, [{"slot": -1}]),
    "a result twice": lambda t: spoil(t, "tanh", 3, step(t, "matmul")[3]),
    "a result in place of an input": lambda t: spoil(t, "tanh", 3, 0),
    "operands that are no slots": lambda t: spoil(t, "tanh", 1, [1.5]),
    "too many operands": lambda t: spoil(t, "tanh", 1, [{"slot": 0}] * 3),
    "an option of a row": lambda t: option(t, "tanh", "out", {"slot": 0}),
    "an unknown option": lambda t: option(t, "sum", "where", True),
    "an infinite option": lambda t: option(t, "cross_entropy", "divisor", {"number": "inf"}),
    "a nan option": lambda t: option(t, "cross_entropy", "divisor", {"number": "nan"}),
    "a number that is none": lambda t: option(t, "cross_entropy", "divisor", {"number": "1; import os"}),
    "deep nesting": lambda t: option(t, "getitem", "index", deep(200)),
    "an argument that is code": lambda t: option(t, "getitem", "index", {"eval": "1"}),
    "a slice of slices": lambda t: option(t, "getitem", "index", {"slice": [{"slice": [0, 1, 1]}, 1, 1]}),
    "an index with text": lambda t: option(t, "getitem", "index", "x"),
    "a specification that is no text": lambda t: option(t, "einsum", "spec", 3),
    "a long specification": lambda t: option(t, "einsum", "spec", "a" * 5000 + "->"),
    "an array too short": lambda t: t["leaves"][0].__setitem__(3, {"array": ["float64", [4, 3], "AAAA"]}),
    "an array that is no base64": lambda t: t["leaves"][0].__setitem__(3, {"array": ["float64", [4, 3], "!" * 128]}),
    "a Tensor of integers that takes a gradient": lambda t: t["leaves"][0].__setitem__(3, {"array": ["int64", [4, 3], "A" * 128]}),
    "a name that is no text": lambda t: t["leaves"][0].__setitem__(1, 7),
    "a leaf twice": lambda t: t["leaves"].append(t["leaves"][0]),
    "an input twice": lambda t: t["inputs"].append(0),
    "no inputs": lambda t: t.update(inputs=[]),
    "no steps": lambda t: t.update(steps={}),
    "an output that is not there": lambda t: t.update(outputs=[10**6]),
    "forms": lambda t: t.update(forms=[["array", [1 << 30, 1 << 30]]]),
    "a guard without answer": lambda t: spoil(t, "guard", 2, {"is": "no"}),
    "a guard of a number": lambda t: spoil(t, "guard", 1, [1]),
    "constants of another shape": lambda t: t["constants"][0].__setitem__(1, {"array": ["float64", [1], "A" * 11 + "="]}),
    "axes": lambda t: t.update(in_axes=[0]),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused(tmp_path, name):
    _, told = saved(tmp_path / "p.json")
    HOSTILE[name](told)
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(told))
    with pytest.raises((ValueError, LookupError), match=r"bad\.json"):
        Program.load(path)


def test_a_deep_file_is_refused(tmp_path):
    _, told = saved(tmp_path / "p.json")
    text = json.dumps(told).replace('"steps":', '"steps": ' + "[" * 100_000 + "]" * 100_000 + ', "more":')
    (tmp_path / "bad.json").write_text(text)
    with pytest.raises(ValueError, match=r"bad\.json"):
        Program.load(tmp_path / "bad.json")


@pytest.mark.filterwarnings("ignore")
def test_files_of_random_entries_are_refused_or_run(tmp_path):
    """Entries replaced at random: an error in words, or a program that runs."""
    args, told = saved(tmp_path / "p.json")
    draw, path, loaded = random.Random(0), tmp_path / "q.json", 0
    pieces = [0, -1, 2, 10**9, None, True, "mul", "getitem", [], [0, 1], 0.5, {"slot": 1}, {"slot": 4}, {"tuple": [1, 2]},
              {"dtype": "bool"}, {"number": "0x1p3"}, {"slice": [None, 2, None]}, {"dots": 3}]

    def places(tree, found):
        for key in tree.keys() if isinstance(tree, dict) else range(len(tree)):
            found.append((tree, key))
            if isinstance(tree[key], (dict, list)):
                places(tree[key], found)
        return found
    for _ in range(400):
        spoiled = json.loads(json.dumps(told))
        for _ in range(draw.randint(1, 2)):
            tree, key = draw.choice(places(spoiled, []))
            tree[key] = draw.choice(pieces)
        path.write_text(json.dumps(spoiled))
        try:
            program = Program.load(path, backend="numpy")
        except (ValueError, LookupError):
            continue
        loaded += 1
        try:
            program.value_and_grad(*args)
        except (ValueError, TypeError, IndexError, RuntimeError):
            continue
    assert loaded > 5
