"""Stand-alone sources of programs of arrays, run by the languages themselves, against the function on Tensors."""

from __future__ import annotations

import ctypes
import json
import re
import subprocess

import numpy as np
import pytest

import nn
import nn.functional as F
from autograd import (
    Tensor, abs, clip, compile, grad, gradient, leaky_relu, log, maximum, op, relu, sqrt, tanh, value_and_grad, where,
)
from autograd.arrays import functions as A
from autograd.operation import rows

from .test_compile_arrays import FUNCTIONS
from .test_compile_native_arrays import ROWS, arrays, random_program
from .test_compile_source import compiler, node

rng = np.random.default_rng(0)
MORE = {
    "vectors": (lambda x, y: (x @ y[0]) @ (y[1] @ x.T) + (y @ y.T).sum(), [(3, 4), (2, 4)]),
    "stacks": (lambda x, y: ((x @ y) ** 2).sum() + A.matmul(x, x.transpose((0, 2, 1))).sum(), [(2, 3, 4), (4, 2)]),
    "flipped": (lambda x, y: (A.roll(x, 1, 1) * A.flip(y, 0)[:, [0, 2, 2]]).sum(), [(3, 3), (3, 4)]),
    "cross entropy": (lambda x, y: F.cross_entropy(tanh(x) @ y, np.array([0, 2, 1])), [(3, 4), (4, 3)]),
    "smoothed": (lambda x, y: F.cross_entropy(x @ y, np.array([0, 2, 1]), label_smoothing=0.1, weight=np.array([1.0, 2.0, 0.5])),
                 [(3, 4), (4, 3)]),
    "normalised": (lambda x, y: (F.layer_norm(x, (4,)) * y).sum() + F.batch_norm(x, weight=y[0], bias=y[1], training=True)[0].sum(),
                   [(3, 4), (3, 4)]),
    "convolution": (lambda x, y: F.max_pool2d(relu(F.conv2d(x, y, padding=1, stride=2)), 2, 1).sum(), [(2, 4, 6, 5), (6, 4, 3, 3)]),
    "groups": (lambda x, y: F.avg_pool2d(F.conv2d(x, y, groups=2, dilation=2), 2).sum(), [(2, 4, 6, 5), (6, 2, 2, 2)]),
    "derivative within": (lambda x, y: (grad(lambda z: (tanh(z) ** 2 * y).sum())(x) ** 2).sum(), [(3, 4), (4,)]),
    "three": (lambda x, y: A.einsum("ii,ij,jk->k", x, x, y).sum() + A.einsum("ij->j", x).max(), [(3, 3), (3, 2)]),
}
ALL = {**FUNCTIONS, **MORE}


def agree(got, wanted, tolerance=1e-12):
    got, wanted = np.asarray(got, float).ravel(), np.asarray(wanted, float).ravel()
    scale = np.abs(wanted[np.isfinite(wanted)]).max(initial=1.0)
    np.testing.assert_allclose(got, wanted, rtol=tolerance, atol=tolerance * scale)


def run_python(text, xs, seeds=None):
    space = {}
    exec(text, space)
    return space["forward"](xs), space["gradient"](xs, *([] if seeds is None else [seeds]))


def pointers(xs):
    kept = [np.ascontiguousarray(x, float) for x in xs]
    return kept, (ctypes.POINTER(ctypes.c_double) * max(len(kept), 1))(
        *[x.ctypes.data_as(ctypes.POINTER(ctypes.c_double)) for x in kept])


def run_c(folder, texts, inputs, shapes):
    """The results of each source on its inputs; each source is compiled once."""
    found = []
    for text, xs, (results, slopes) in zip(texts, inputs, shapes):
        n = texts.index(text)
        if not (folder / f"p{n}.c").exists():
            (folder / f"p{n}.c").write_text(text)
            subprocess.run([compiler, "-O0", "-Wall", "-Wextra", "-Werror", "-Wno-unused-function", "-Wno-unused-const-variable",
                            "-Wno-unused-variable", "-Wno-unused-parameter", "-ffp-contract=off", "-shared", "-fPIC",
                            "-o", folder / f"p{n}.so", folder / f"p{n}.c", "-lm"], check=True)
        library = ctypes.CDLL(str(folder / f"p{n}.so"))
        _, x = held = pointers(xs)
        outputs, y = pointers([np.empty(shape) for shape in results])
        _, seeds = ones = pointers([np.ones(shape) for shape in results])
        down, g = pointers([np.empty(shape) for shape in slopes])
        assert library.forward(x, y) == 0 and library.gradient(x, seeds, g) == 0
        found.append((outputs, down))
        del held, ones  # which C read until here
    return found


def run_javascript(folder, texts, inputs):
    bodies = []
    for text, xs in zip(texts, inputs):
        listed = json.dumps([np.asarray(x, float).ravel().tolist() for x in xs])
        bodies.append(f"(() => {{ {text}\nconst x = {listed}\nconst all = [forward(x), gradient(x)]\n"
                      "out.push(all.map(part => part.map(array => array.map(String)))) })();")
    (folder / "all.js").write_text("const out = [];\n" + "\n".join(bodies) + "\nconsole.log(JSON.stringify(out))")
    told = subprocess.run([node(), str(folder / "all.js")], capture_output=True, text=True, check=True).stdout
    numbers = lambda part: [[float(x.replace("Infinity", "inf").replace("NaN", "nan")) for x in array] for array in part]
    return [(numbers(forward), numbers(slopes)) for forward, slopes in json.loads(told)]


def cases():
    for name, (f, shapes) in ALL.items():
        xs = [np.random.default_rng(3).normal(size=shape) for shape in shapes]
        program = compile(f)
        program(*xs)
        yield name, program, xs, value_and_grad(f, (0, 1))(*xs)


def test_python_source_computes_the_same():
    for name, program, xs, (value, slopes) in cases():
        results, found = run_python(program.to_python(), xs)
        agree(results[0], value)
        for mine, wanted in zip(found, slopes, strict=True):
            assert mine.shape == wanted.shape and mine.dtype == wanted.dtype, name
            agree(mine, wanted)


@pytest.mark.skipif(compiler is None, reason="there is no C compiler")
def test_c_source_computes_the_same(tmp_path):
    known = [*cases()]
    texts = [program.to_c() for _, program, _, _ in known]
    shapes = [([()], [x.shape for x in xs]) for _, _, xs, _ in known]
    for (results, found), (_, _, _, (value, slopes)) in zip(run_c(tmp_path, texts, [xs for _, _, xs, _ in known], shapes), known,
                                                            strict=True):
        agree(results[0], value)
        for mine, wanted in zip(found, slopes, strict=True):
            agree(mine, wanted)


@pytest.mark.skipif(node() is None, reason="there is no JavaScript engine")
def test_javascript_source_computes_the_same(tmp_path):
    known = [*cases()]
    ran = run_javascript(tmp_path, [program.to_javascript() for _, program, _, _ in known], [xs for _, _, xs, _ in known])
    for (results, found), (_, _, _, (value, slopes)) in zip(ran, known, strict=True):
        agree(results[0], value)
        for mine, wanted in zip(found, slopes, strict=True):
            agree(mine, wanted)


def random_cases(count):
    """Random programs over all rows at points where everything is finite, in the gradient's products too."""
    for seed in range(count):
        f, xs = random_program(seed), arrays(seed, False)
        value, slopes = value_and_grad(f, (0, 1, 2, 3))(*xs)
        program = compile(f)
        program(*xs)
        found = run_python(program.to_python(), xs)
        if np.isfinite(value) and all(np.isfinite(g).all() for g in found[1]):
            yield program, xs, value, slopes, found


@pytest.mark.filterwarnings("ignore")
def test_random_programs_in_all_languages(tmp_path):
    known = [*random_cases(60)]
    assert len(known) > 20
    inputs = [xs for _, xs, _, _, _ in known]
    ran = [[found for _, _, _, _, found in known]]
    if node() is not None:
        ran.append(run_javascript(tmp_path, [program.to_javascript() for program, *_ in known], inputs))
    if compiler is not None:
        few = known[:8]
        ran.append(run_c(tmp_path, [program.to_c() for program, *_ in few], inputs,
                         [([()], [x.shape for x in xs]) for _, xs, *_ in few]))
    for language in ran:
        for (results, found), (_, _, value, slopes, _) in zip(language, known):
            agree(results[0], value, 1e-11)
            scale = max(np.abs(g).max(initial=1.0) for g in slopes)
            for mine, wanted in zip(found, slopes, strict=True):
                agree(np.asarray(mine, float) / scale, wanted / scale, 1e-11)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_row_has_a_source_in_python(row):
    xs = [np.array([max(low, -3.0) * 0.3 + min(high, 3.0) * 0.7, max(low, -3.0) * 0.6 + min(high, 3.0) * 0.4])
          for low, high in row.domain]
    f = lambda *xs: (row(*xs) ** 2).sum()
    program = compile(f)
    program(*xs)
    (value,), slopes = run_python(program.to_python(), xs)
    wanted = value_and_grad(f, tuple(range(row.arity)))(*xs)
    agree(value, wanted[0])
    for mine, theirs in zip(slopes, wanted[1], strict=True):
        agree(mine, theirs)


def test_closures_come_behind_the_arguments_and_labels_are_inputs():
    model = nn.Sequential(nn.Linear(4, 6, rng=0, dtype=np.float64), nn.Tanh(), nn.Linear(6, 3, rng=1, dtype=np.float64))
    f = lambda x, labels: F.cross_entropy(model(x), labels)
    program = compile(f)
    program(np.ones((5, 4)), np.zeros(5, int))
    text = program.to_python()
    assert text.startswith("# <lambda>: x holds x (5, 4), labels (5,), weight (6, 4), bias (6,), weight#2 (3, 6), bias#2 (3,);")
    assert "chainrule" not in text.partition("\n")[2] and not re.search(r"import (autograd|nn)", text)
    x, labels = rng.normal(size=(5, 4)), np.array([2, 0, 1, 1, 0])
    loss = f(Tensor(x, requires_grad=False), labels)
    parameters = [*model.parameters()]
    results, slopes = run_python(text, [x, labels, *[p.array for p in parameters]])
    agree(results[0], loss.item())
    for mine, wanted in zip(slopes[1:], gradient(loss, parameters), strict=True):
        agree(mine, wanted)
    with pytest.raises(ValueError, match="another answer"):
        run_python(text, [x, labels + 3, *[p.array for p in parameters]])


def test_a_convolutional_network_as_it_predicts(tmp_path):
    double = {"dtype": np.float64}
    model = nn.Sequential(nn.Conv2d(2, 4, 3, padding=1, rng=0, **double), nn.BatchNorm2d(4, **double), nn.ReLU(), nn.MaxPool2d(2),
                          nn.Flatten(), nn.Linear(36, 3, rng=1, **double)).eval()
    model(rng.normal(size=(4, 2, 6, 6)))
    f = lambda x, labels: F.cross_entropy(model(x), labels)
    program = compile(f)
    x, labels = rng.normal(size=(4, 2, 6, 6)), np.array([0, 1, 2, 1])
    value = program.backward(x, labels)
    leaves = program.recorded().leaves
    xs, shapes = [x, labels, *[p.array for p in leaves]], [([()], [x.shape, *[p.shape for p in leaves]])]
    ran = [run_python(program.to_python(), xs)]
    ran += run_c(tmp_path, [program.to_c()], [xs], shapes) if compiler else []
    ran += run_javascript(tmp_path, [program.to_javascript()], [xs]) if node() else []
    for results, slopes in ran:
        agree(results[0], value)
        agree(slopes[0], program.grad(x, labels))
        for mine, leaf in zip(slopes[1:], leaves, strict=True):
            agree(mine, leaf.grad)


def test_seeds_of_several_results():
    program = compile(lambda x, y: [x * y, (x.sum(0), x > 0)])
    x, y = rng.normal(size=(2, 2, 3))
    program(x, y)
    seed = rng.normal(size=(2, 3))
    results, slopes = run_python(program.to_python(), [x, y], [seed, np.ones(3)])
    assert len(results) == 3 and results[2].dtype == bool
    agree(slopes[0], seed * y + 1)
    agree(slopes[1], seed * x)


def test_an_index_that_is_an_argument(tmp_path):
    f = lambda x, index: (x[index] ** 2).sum() + (x[index, 1] * 3.0).sum()
    program = compile(f)
    x, index = rng.normal(size=(5, 3)), np.array([[0, 4], [4, -2]])
    value, slope = program.value_and_grad(x, index)
    ran = [run_python(program.to_python(), [x, index])]
    ran += run_c(tmp_path, [program.to_c()], [[x, index]], [([()], [x.shape])]) if compiler else []
    ran += run_javascript(tmp_path, [program.to_javascript()], [[x, index]]) if node() else []
    for results, slopes in ran:
        agree(results[0], value)
        agree(slopes[0], slope)


def test_single_precision_stays_so_in_python():
    program = compile(lambda x, y: F.cross_entropy(x @ y * 2.0, np.array([0, 1])))
    x, y = rng.normal(size=(2, 2, 2)).astype(np.float32)
    program(x, y)
    results, slopes = run_python(program.to_python(), [x, y])
    assert results[0].dtype == slopes[0].dtype == np.float32


def test_names_stay_in_their_comment():
    w = Tensor(np.ones(2), 'evil\nraise SystemExit("run") \\')
    program = compile(lambda x: (w * x).sum())
    program(np.ones(2))
    assert program.to_python().splitlines()[1] == "import numpy as np" and not program.to_c().splitlines()[0].endswith("\\")
    agree(run_python(program.to_python(), [np.ones(2), np.ones(2)])[0], 2.0)


def test_what_has_no_source_is_told_by_name():
    opaque = op("opaque", "?", lambda x: float(x) if isinstance(x, float) else x.copy(), lambda out, x: out)
    try:
        program = compile(lambda x: opaque(x).sum())
        program(np.ones(3))
        for write in (program.to_c, program.to_python, program.to_javascript):
            with pytest.raises(LookupError, match="'opaque' has no"):
                write()
    finally:
        del rows["opaque"]
    cell = nn.LSTM(2, 3, rng=0)
    program = compile(lambda x: cell(x)[0].sum())
    program(np.ones((1, 2, 2)))
    for write in (program.to_c, program.to_python, program.to_javascript):
        with pytest.raises(LookupError, match="the operation 'lstm' has no source"):
            write()
    drops = nn.Dropout(0.5, rng=0)
    program = compile(lambda x: drops(x).sum())
    program(np.ones((2, 2)))
    with pytest.raises(LookupError, match=r"draws at random.*model\.eval"):
        program.to_python()


BRANCHES = {
    "relu": lambda x: relu(sqrt(x)).sum(), "where": lambda x: where(x > 0, sqrt(x), 0.0).sum(), "part": lambda x: sqrt(x)[1:].sum(),
    "product": lambda x: (sqrt(x) * 0.0).sum(), "max": lambda x: A.max(log(x)), "inverse": lambda x: (1.0 / x).sum(),
    "maximum": lambda x: (maximum(sqrt(x), 0.5) * x).sum(), "leaky": lambda x: (leaky_relu(log(x)) ** 2).sum(),
    "matrix": lambda x: (relu(sqrt(x).reshape(2, 2)) @ np.array([[1.0, 2.0], [3.0, -4.0]])).sum(),
    "broadcast": lambda x: (where(x > 1.0, 1.0, sqrt(x)) * relu(x[:, None])).sum(),
    "clipped": lambda x: clip(sqrt(x) + log(x), -0.5, 1.5).sum() + abs(sqrt(x)).sum(),
    "concatenated": lambda x: A.concatenate([relu(sqrt(x)), x])[::2].sum(),
}
POINTS = [np.array([0.0, 1.0, 4.0, 9.0]), np.array([1.0, 0.0, -1.0, np.inf]), np.array([1.0, 2.0, 3.0, np.nan]),
          np.array([0.25, 1.0, 1.0, 0.0])]


@pytest.mark.filterwarnings("ignore")
def test_branches_that_are_not_taken_pass_no_infinity(tmp_path):
    """As in programs: ordinary products first, and where one is not finite again with masks of what arrived."""
    programs = [(f, compile(f)) for f in BRANCHES.values()]
    for _, program in programs:
        program(POINTS[0] + 0.5)
    inputs = [[x] for _ in programs for x in POINTS]
    wanted = []
    for f, _ in programs:
        for x in POINTS:
            with np.errstate(all="ignore"):
                wanted.append(value_and_grad(f)(x))
    languages = [[run_python(program.to_python(), [x]) for _, program in programs for x in POINTS]]
    if node():
        languages.append(run_javascript(tmp_path, [program.to_javascript() for _, program in programs for _ in POINTS], inputs))
    if compiler:
        texts = [program.to_c() for _, program in programs for _ in POINTS]
        languages.append(run_c(tmp_path, texts, inputs, [([()], [x.shape]) for [x] in inputs]))
    for language in languages:
        for (results, slopes), (value, slope), [x] in zip(language, wanted, inputs, strict=True):
            np.testing.assert_allclose(np.ravel(results[0]), np.ravel(value), rtol=1e-12, err_msg=f"{x}")
            np.testing.assert_allclose(np.ravel(slopes[0]), np.ravel(slope), rtol=1e-12, err_msg=f"{x}")


@pytest.mark.filterwarnings("ignore")
def test_random_programs_at_the_edges():
    for seed in range(40):
        f, xs = random_program(seed), arrays(seed, True)
        with np.errstate(all="ignore"):
            value, slopes = value_and_grad(f, (0, 1, 2, 3))(*xs)
        program = compile(f)
        program(*xs)
        results, found = run_python(program.to_python(), xs)
        agree(results[0], value, 1e-11)
        scale = max(np.abs(g[np.isfinite(g)]).max(initial=1.0) for g in slopes)
        for mine, wanted in zip(found, slopes, strict=True):
            agree(np.asarray(mine, float) / scale, wanted / scale, 1e-11)


def test_a_program_without_branches_has_no_masks():
    program = compile(lambda x: (tanh(x) @ x).sum())
    program(np.ones((2, 2)))
    assert "exact_gradient" not in program.to_python() + program.to_c() + program.to_javascript()
