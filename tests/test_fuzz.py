"""10,000 expressions, 10,000 checkpoints and 10,000 calls of array functions, from seeds: each outcome is documented.

`make test` tries 1,000 of each, `make test-all` all. Each case has a time limit of one second, and nothing may be executed or
loaded.
"""

import ast
import contextlib
import io
import json
import math
import os
import pickle
import random
import re
import resource
import signal
import subprocess
import sys
import warnings
import zipfile
from collections import Counter
from pathlib import Path

import mpmath
import numpy as np
import pytest

import nn
from autograd import Tensor, Value, linalg  # noqa: F401  (here, because what a call imports would look like what it does)
from autograd.arrays import functions
from autograd.operation import rows
from chainrule.cli import main
from chainrule.expression import Expression, ExpressionError
from nn import optim, persist, schedule

COUNTS = [pytest.param(1_000, id="1,000"), pytest.param(10_000, marks=pytest.mark.slow, id="10,000")]
HARMLESS = ("compile", "object.__getattr__", "gc.", "sys._getframe", "builtins.id", "marshal.", "code.__new__", "signal.")
watched = []  # the one audit hook, which Python cannot take away again, looks here


@contextlib.contextmanager
def at_most_a_second(where, allowed=None):
    """Context manager that fails after a second, and for any audited action (open, import, exec …)."""
    def late(*_):
        raise AssertionError(f"more than a second: {where!r:.300}")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, 1.0)
    acts = []
    watched.append(acts)
    try:
        yield
    finally:
        watched.pop()
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    acts = [act for act in acts if allowed is None or act[0] != "open" or allowed not in act[1]]
    assert not acts, f"{acts} by {where!r:.300}"


def audited(event, args):
    if watched and not event.startswith(HARMLESS):
        watched[-1].append((event, str(args)[:300]))


sys.addaudithook(audited)


# ── expressions ──────────────────────────────────────────────────────────────────────────────────────────────────

NAMES = {"x": 1.5, "w0": -2.0, "b": 0.25, "z": 0.0, "h": 1e200, "θ": 3.0}


class IEEE:
    """A number for Python's own ``eval``: Python's arithmetic, with inf and nan where Python raises (IEEE 754)."""

    rng: random.Random | None = None  # where there is one, each result is off by some units in the last place

    def __init__(self, number):
        self.number = float(number)

    @classmethod
    def of(cls, number):
        if cls.rng and math.isfinite(number):
            number *= 1 + cls.rng.choice([-4, -1, 0, 1, 4]) * 2.0**-52
        return cls(number)

    def __add__(self, other): return self.of(self.number + other.number)
    def __sub__(self, other): return self.of(self.number - other.number)
    def __mul__(self, other): return self.of(self.number * other.number)
    def __neg__(self): return IEEE(-self.number)
    def __pos__(self): return self

    def __truediv__(self, other):
        with np.errstate(all="ignore"):
            return self.of(float(np.float64(self.number) / np.float64(other.number)))

    def __pow__(self, other):
        with np.errstate(all="ignore"):
            return self.of(float(np.float64(self.number) ** np.float64(other.number)))


def exactly(f):
    """A function by mpmath at 40 digits, rounded; at ±inf and beyond floats by its limit, which is the caller's."""
    def function(*xs, **named):
        with mpmath.workdps(40):
            result = f(*(mpmath.mpf(x.number) for x in [*xs, *named.values()]))
        return IEEE.of(math.nan if isinstance(result, mpmath.mpc) else float(result))
    return function


def extreme(larger):
    def function(x, y):
        a, b = x.number, y.number
        return IEEE(math.nan if a != a or b != b else a if (a > b) == larger else b)
    return function


def log(x):
    return mpmath.log(x) if x > 0 else -mpmath.inf if x == 0 else mpmath.nan


ORACLE = {
    "exp": exactly(lambda x: mpmath.inf if x > 710 else mpmath.exp(x)), "log": exactly(log),
    "sqrt": exactly(lambda x: mpmath.sqrt(x) if x >= 0 else mpmath.nan),
    "sin": exactly(lambda x: mpmath.sin(x) if mpmath.isfinite(x) else mpmath.nan),
    "cos": exactly(lambda x: mpmath.cos(x) if mpmath.isfinite(x) else mpmath.nan),
    "tanh": exactly(mpmath.tanh), "sigmoid": exactly(lambda x: 1 / (1 + mpmath.exp(-x)) if not x < -1e4 else mpmath.mpf(0)),
    "relu": exactly(lambda x: x if x > 0 or x != x else 0 * mpmath.mpf(1)), "abs": exactly(abs),
    "leaky_relu": exactly(lambda x, slope=mpmath.mpf("0.01"): x if x > 0 else slope * x),
    "softplus": exactly(lambda x: x + mpmath.log1p(mpmath.exp(-x)) if x > 0 else mpmath.log1p(mpmath.exp(x))),
    "pow": IEEE.__pow__, "max": extreme(True), "maximum": extreme(True), "min": extreme(False), "minimum": extreme(False),
}


class Wrapped(ast.NodeTransformer):
    def visit_Constant(self, node):
        return ast.Call(ast.Name("IEEE", ast.Load()), [node], [])


def python(text, rng=None):
    """The result of Python's ``eval`` of the text, with IEEE numbers."""
    tree = ast.fix_missing_locations(Wrapped().visit(ast.parse(" ".join(text.split()), mode="eval")))
    IEEE.rng = rng
    return eval(compile(tree, "", "eval"), {**ORACLE, "IEEE": IEEE, "__builtins__": {},
                                            **{name: IEEE(x) for name, x in NAMES.items()}}).number


def grammar(rng, depth=0):
    """A valid expression; deeper ones are rarer."""
    if depth > 5 or rng.random() < 0.25:
        return rng.choice([*NAMES, "2", "0.5", "1e-3", "7.", "0", "1e308", "3e-320", "10", "1_000", "0x1F", "1.5e3"])
    part = lambda: grammar(rng, depth + 1)
    kind = rng.randrange(7)
    if kind < 2:
        return f"{part()}{rng.choice(['+', ' - ', '*', '/', ' * '])}{part()}"
    if kind == 2:
        return f"({part()})**{rng.choice(['2', '3', '0', '-1', '0.5', '-2.5', '(1/3)', part()])}"
    if kind == 3:
        return rng.choice(["({})", "-{}", "+{}", "-({})"]).format(part())
    name = rng.choice([*ORACLE])
    if name in ("max", "min", "maximum", "minimum", "pow"):
        return f"{name}({part()}, {part()})"
    return f"{name}({part()}{rng.choice(['', '', ', 0.3', ', slope=0.2']) if name == 'leaky_relu' else ''})"


SOUP = [*"()+-*/.,=xbzeEjJ_ 0123456789[]{}'\"\\#;`$?!%&|^~<@\0\n", "**", "//", "exp(", "log(", "max(", " if ", " else ",
        " for x in ",
        "lambda ", "lambda:", ":=", "==", "not ", " and ", "yield ", "await ", "__import__", "__class__", ".__class__", ".real",
        "import os", "os.system", "print", "eval", "exec", "open", "f''", "True", "None", "...", "inf", "nan", "1e", "0x", "0b2",
        "1e999", "9" * 30, "(" * 20, "-" * 16, "*" * 10, "é", "\ud800", "\u202e", "\u0661", "ｘ", "ℯ", "²", "−", "×", "𝐱",
        "\U0001f600", "\x1b[2J"]
TRICKS = ["x.__class__.__mro__[-1].__subclasses__()", "().__class__", "(1).__class__.__base__", "x.real", "exp.__globals__",
          "__import__('os').system('true')", "eval('x')", "exp(x).__init__", "(lambda: x)()", "[x for x in (1, 2)]",
          "x if x else b", "exp(*x)", "exp(**b)", "exp(x=1)", "f'{x}'", "(x := 2)", "x; b", "print(x)", "open('a')", "globals()",
          "x['a']", "__builtins__", "__name__", "exp.forward", "rows", "self", "constant()", "getattr(x, b)", "x\nimport os",
          "IEEE(x)", "breakpoint()"]


def expression(rng):
    """A text to be read as an expression, and its kind."""
    kind = rng.choice(["valid"] * 5 + ["mutated"] * 4 + ["soup"] * 3 + ["unicode", "deep", "exponents", "trick"])
    if kind == "valid":
        return kind, grammar(rng)
    if kind == "mutated":
        text = grammar(rng)
        for _ in range(rng.randint(1, 4)):
            at = rng.randint(0, len(text))
            text = text[:at] + rng.choice([*SOUP, ""]) + text[at + rng.randint(0, 3):]
        return kind, text
    if kind == "soup":
        return kind, "".join(rng.choices(SOUP, k=rng.randint(1, 40)))
    if kind == "unicode":
        return kind, "".join(chr(rng.choice([rng.randrange(0x20, 0x7f), rng.randrange(0x2500), rng.randrange(0x110000)]))
                             for _ in range(rng.randint(1, 60)))
    if kind == "deep":
        piece = rng.choice(["(", "-", "+", "exp(", "((", "-(", "x+(", "x**", "1/(", "x*", "max(x,", "2**", "(x)(", "[", "lambda:"])
        n = rng.choice([5, 50, 150, 199, 200, 500, 1_000, 10_000, 1_000_000]) // len(piece) + 1
        text = piece * n
        return kind, text + "x" + ")" * (text.count("(") + rng.choice([0, 0, 0, 1, -1]))
    if kind == "exponents":
        digits = "".join(rng.choices("0123456789", k=rng.choice([3, 20, 300, 1500])))
        return kind, rng.choice(["x**{}", "{}**{}", "2**{}", "x**-{}", "9**9**{}", "(x**{})**{}", "pow(x, {})", "x**1e{}", "1e{}*x",
                                 "{}*x", "x**(1/{})", "exp({}*x)", "x**b**{}", "0.{}e-{}", "w0**{}", "1e{}**0"]).replace("{}",
                                                                                                                         digits)
    return kind, rng.choice(TRICKS).replace("x", rng.choice(["x", grammar(rng, 4)]))


def judged(text):
    """The outcome of reading a text: "refused", "right", or "undecided" where a last digit decides; fails otherwise."""
    try:
        with at_most_a_second(text):
            result = Expression(text)(**NAMES)
    except ExpressionError as error:
        refusal = str(error)
    else:
        refusal = ""
    if refusal:
        problem, *mark = refusal.split("\n")
        assert 10 < len(problem) < 700, refusal
        assert not mark or (len(mark) == 2 and set(mark[1].strip()) == {"^"}), refusal
        assert refusal.replace("\n", "").isprintable(), repr(refusal)
        return "refused"
    assert type(result) is float
    node = Expression(text)(**{name: Value(x, name) for name, x in NAMES.items()})
    assert repr(node.item() if isinstance(node, Value) else float(node)) == repr(result)
    expected = python(text)
    if result == expected or (math.isnan(result) and math.isnan(expected)):
        return "right"
    around = [expected, *(python(text, random.Random(seed)) for seed in range(8))]
    finite = [x for x in around if math.isfinite(x)]
    if not math.isfinite(result) or len(finite) < len(around):
        kinds = {"nan" if math.isnan(x) else x if math.isinf(x) else "finite" for x in around}
        assert len(kinds) > 1 or not math.isfinite(result) and abs(expected) > 1e308, (text, result, expected)
        return "undecided"
    spread = max(around) - min(around)
    assert abs(result - expected) <= 20 * spread + 1e-12 * abs(expected) + 1e-320, (text, result, expected, spread)
    return "right"


@pytest.mark.parametrize("count", COUNTS)
def test_expressions_are_refused_in_words_or_give_the_number_that_python_gives(count):
    rng = random.Random(5)
    for warm in ("exq(x)", "x.real", "x^2", "log(x)"):  # what is loaded when first used is loaded here
        with contextlib.suppress(ExpressionError):
            Expression(warm)(**NAMES)
    outcomes = Counter((kind, judged(text)) for kind, text in (expression(rng) for _ in range(count)))
    assert outcomes["valid", "right"] > 0.25 * count
    assert outcomes["valid", "refused"] < 0.05 * count
    assert sum(n for (_, outcome), n in outcomes.items() if outcome == "undecided") < 0.02 * count
    assert outcomes["trick", "refused"] > 0.03 * count
    assert outcomes["deep", "refused"] > 0.02 * count


def told(status, out, err, command):
    """Check an exit status with its answer or its single message; a fault of the program fails."""
    assert status in (0, 2), (command, err)
    assert "fault of chainrule" not in err and "Traceback" not in err, (command, err)
    if status == 2:
        assert out == "", command
        said = next(line for line in err.splitlines() if not line.startswith("chainrule: note"))
        assert said.startswith("chainrule: "), err
    else:
        assert "gradient " in out


@pytest.mark.parametrize("count", [pytest.param(200, id="200"), pytest.param(2_000, marks=pytest.mark.slow, id="2,000")])
def test_the_command_answers_or_refuses_whatever_it_is_given(count):
    rng = random.Random(6)
    for _ in range(count):
        _, text = expression(rng)
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = main(["step", "--", text[:100_000], *(f"{name}={x}" for name, x in NAMES.items())])
        told(status, out.getvalue(), err.getvalue(), text)


@pytest.mark.parametrize("count", [pytest.param(12, id="12"), pytest.param(100, marks=pytest.mark.slow, id="100")])
def test_so_does_the_real_command(count, tmp_path):
    rng = random.Random(7)
    root = Path(__file__).parents[1]
    for _ in range(count):
        _, text = expression(rng)
        text = text[:100_000].replace("\0", "").encode("utf-8", "replace").decode()  # no system passes those on
        done = subprocess.run([sys.executable, "-m", "chainrule", "step", "--", text, *(f"{name}={x}" for name,
                                                                                        x in NAMES.items())],
                              capture_output=True, encoding="utf-8", cwd=tmp_path, timeout=60,
                              env={**os.environ, "PYTHONPATH": str(root), "PYTHONUTF8": "1"})
        told(done.returncode, done.stdout, done.stderr, text)
    assert list(tmp_path.iterdir()) == []


# ── checkpoints ──────────────────────────────────────────────────────────────────────────────────────────────────

def trainer(seed, width=4):
    rng = np.random.default_rng(seed)
    model = nn.Sequential(nn.Linear(3, width, rng=rng), nn.BatchNorm1d(width), nn.ReLU(), nn.Dropout(0.5, rng=rng),
                          nn.Linear(width, 2, rng=rng))
    optimizer = optim.Adam(model.named_parameters(), lr=0.05)
    return model, optimizer, schedule.StepLR(optimizer, 2)


def trained(seed, steps=2, width=4):
    model, optimizer, made = trio = trainer(seed, width)
    x = np.random.default_rng(1).normal(size=(8, 3)).astype(np.float32)
    for _ in range(steps):
        optimizer.zero_grad()
        nn.cross_entropy(model(x), np.arange(8) % 2).backward()
        optimizer.step()
        made.step()
    return trio


def fingerprint(model, optimizer, made):
    """Everything that a checkpoint restores, as bytes."""
    bits = lambda tree: {key: bits(x) for key, x in tree.items()} if isinstance(tree, dict) else \
        [bits(x) for x in tree] if isinstance(tree, list) else (x.shape, x.dtype, x.tobytes()) if hasattr(x := tree,
                                                                                                          "tobytes") else x
    return repr([bits(model.state_dict()), bits(optimizer.state_dict()), made.state_dict(),
                 [generator.bit_generator.state for _, generator in model.named_generators()]])


class Evil:
    def __reduce__(self):
        return print, ("a pickle was run",)


def npy(array, **changes):
    """The bytes of an ``.npy`` file, whose header describes the array correctly or not."""
    said = {"descr": np.lib.format.dtype_to_descr(array.dtype), "fortran_order": False, "shape": array.shape, **changes}
    text = repr(said).encode("latin1", "replace")
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + array.tobytes()


def pickled(array):
    file = io.BytesIO()
    np.lib.format.write_array(file, array, allow_pickle=True)
    return file.getvalue()


def spoilt(rng, entries, header):
    """One change to a checkpoint's content, with correct checksums: its entries (names, and bytes of ``.npy`` files)."""
    name = rng.choice([*entries])
    array = np.lib.format.read_array(io.BytesIO(entries[name]))
    shape = tuple(rng.choice([0, 1, 2, 3, 4, 8, 20]) for _ in range(rng.randint(0, 4)))
    kind = rng.choice(["shape", "dtype", "name", "gone", "pickle", "header", "json", "tree", "format", "foreign", "axes"])
    if kind == "shape":
        entries[name] = npy(np.ones(shape, array.dtype))
    elif kind == "dtype":
        other = rng.choice(["f8", "f2", "i8", "u1", "?", "c16", "U3", "S2", "M8[s]", ">f4", "V4", "f4,i4"])
        entries[name] = npy(np.zeros(array.shape, other))
    elif kind == "name":
        entries[rng.choice(["", "a", "/", "../../a", "model/0.weight'", "é" * 50, name.upper(), "chainrule "])] = entries.pop(name)
    elif kind == "gone":
        del entries[name]
    elif kind == "pickle":
        entries[name] = rng.choice([pickled(np.array([Evil(), None])), pickle.dumps(Evil())])
    elif kind == "header":
        wrong = rng.choice([{"shape": (10**12,)}, {"shape": (-1,)}, {"shape": (-4, -3)}, {"shape": (2**62, 4)}, {"shape": 3},
                            {"descr": "O"}, {"descr": "|O8"}, {"descr": [("a", "f4")]}, {"descr": None}, {"shape": (10**30,)},
                            {"fortran_order": 3}, {"shape": "(1,)"}, {"more": 1}, {"descr": "f" * 60_000}, {"shape": ((((1,),),),)},
                            {"shape": (0,) * 70}, {"shape": (True,)}, {"shape": (4.0, 3)}])
        entries[name] = npy(array, **wrong)
    elif kind == "json":
        entries["chainrule"] = npy(np.frombuffer(rng.choice([b"", b"{", b"null", b"[" * 100_000, b"NaN", b'{"format": 1}',
                                                             b"\xff\xfe",
                                                             b'{"format": 1, "content": {"@array": "no"}}', b"1" * 10_000,
                                                             b'{"format": 1, "content": {"model": {"@tuple": 3}}}']), np.uint8))
        return kind
    elif kind == "tree":
        tree, key = header["content"], None
        for _ in range(rng.randint(1, 4)):  # somewhere in the tree, something else
            keys = list(tree) if isinstance(tree, dict) else list(range(len(tree))) if isinstance(tree, list) else []
            if not keys:
                break
            holder, key = tree, rng.choice(keys)
            tree = holder[key]
        holder[key] = rng.choice([None, True, -1, 0, 10**400, 1e308, math.nan, math.inf, "", "text", [], {}, [1] * 5,
                                  {"@array": name},
                                  {"@array": "none"}, {"@tuple": []}, {"@array": name, "@axes": [5, 1]}, {"@array": name,
                                                                                                          "@axes": "x"}])
    elif kind == "format":
        header["format"] = rng.choice([0, 2, "1", None, 1e9, [], {}])
    elif kind == "axes":
        header["content"]["model"]["0.weight"]["@axes"] = rng.choice([[1, 0], [0], [], [0, 0], [2, 3], [-1, 0], None, "ab", [0.5,
                                                                                                                             1]])
    else:
        entries.clear()
        entries["arr_0"] = npy(np.ones(shape))
        return kind
    entries["chainrule"] = npy(np.frombuffer(json.dumps(header).encode(), np.uint8))
    return kind


def checkpoint(rng, good):
    """The bytes of a file made from a good checkpoint, and a description of the change."""
    if rng.random() < 0.01:
        return "bomb", OTHER[1]
    kind = rng.choice(["bits", "bits", "bytes", "cut", "cut", "grown", "spliced", "spoilt", "spoilt", "spoilt", "spoilt", "bomb",
                       "twice", "sizes", "noise"])
    content = bytearray(good)
    if kind == "bits":
        for _ in range(rng.choice([1, 1, 2, 10])):
            content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    elif kind == "bytes":
        at = rng.randrange(len(content))
        content[at:at + rng.randint(0, 40)] = rng.randbytes(rng.randint(0, 40))
    elif kind == "cut":
        at = rng.randrange(len(content))
        del content[at:rng.choice([len(content), at + rng.randint(1, 2000)])]
    elif kind == "grown":
        content[rng.choice([0, len(content), rng.randrange(len(content))]):0] = rng.choice([b"\0", b"PK\5\6", good,
                                                                                            rng.randbytes(100)])
    elif kind == "noise":
        content = rng.choice([b"", b"PK\3\4", b"PK\5\6" + bytes(18), b"\x93NUMPY\1\0"]) + rng.randbytes(rng.randint(0, 500))
    elif kind == "sizes":  # of the index of the archive: entries' sizes and offsets, its own place and length
        at = rng.choice([found.start() for found in re.finditer(b"PK\x01\x02|PK\x05\x06|PK\x03\x04", good)])
        at += rng.choice([4, 8, 10, 12, 16, 18, 20, 22, 24, 26, 28, 30, 42])
        content[at:at + 4] = rng.choice([bytes(4), b"\xff" * 4, b"\0\0\0\x80", rng.randbytes(4)])
    else:
        with zipfile.ZipFile(io.BytesIO(good)) as archive:
            entries = {entry.removesuffix(".npy"): archive.read(entry) for entry in archive.namelist()}
        header = json.loads(np.lib.format.read_array(io.BytesIO(entries["chainrule"])).tobytes())
        compression, extra = zipfile.ZIP_STORED, []
        if kind == "spoilt":
            kind = f"spoilt {spoilt(rng, entries, header)}"
        elif kind == "bomb":
            compression = zipfile.ZIP_DEFLATED
            entries[rng.choice([*entries, "more"])] = npy(np.zeros(rng.choice([10_000, 100_000]), rng.choice(["f8", "u1"])))
        elif kind == "twice":
            extra = [(name := rng.choice([*entries])) and (name, rng.choice([entries[name], npy(np.zeros(3))]))] * rng.choice([1,
                                                                                                                               500])
        else:  # entries of another network's checkpoint among those of this one
            other = io.BytesIO(OTHER[0])
            with zipfile.ZipFile(other) as archive:
                for entry in rng.sample(archive.namelist(), 3):
                    entries[entry.removesuffix(".npy")] = archive.read(entry)
        file = io.BytesIO()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a name is there twice
            with zipfile.ZipFile(file, "w", compression) as archive:
                for name, data in [*entries.items(), *extra]:
                    archive.writestr(f"{name}.npy", data)
        content = file.getvalue()
    return kind, bytes(content)


OTHER: list = []  # the bytes of another network's checkpoint, and of one that would unfold into 100 MB


@pytest.mark.parametrize("count", COUNTS)
def test_checkpoints_are_loaded_as_saved_or_refused_and_nothing_changed(count, tmp_path):
    rng, path = random.Random(8), tmp_path / "run.npz"
    persist.save(path, *trained(5, width=5))
    OTHER[:] = [path.read_bytes(), io.BytesIO()]
    with zipfile.ZipFile(OTHER[1], "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("chainrule.npy", npy(np.zeros(100_000_000, "u1")))
    OTHER[1] = OTHER[1].getvalue()
    persist.save(path, *trained(0))
    good = path.read_bytes()
    model, optimizer, _ = trio = trained(3, 1)
    start = tmp_path / "start.npz"
    persist.save(start, *trio)
    before = fingerprint(*trio)
    persist.load(path, *trio)
    saved = fingerprint(*trio)
    persist.load(start, *trio)
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outcomes = Counter()
    for number in range(count):
        kind, content = checkpoint(rng, good)
        path.write_bytes(content)
        try:
            with at_most_a_second(f"checkpoint {number}, {kind}", allowed=str(path)):
                persist.load(path, *trio)
        except persist.CheckpointError as error:
            message = str(error)
            outcomes[kind, "refused"] += 1
            assert fingerprint(*trio) == before, f"checkpoint {number}, {kind}, changed something"
            assert 20 < len(message) < 1500 and str(path) in message
            continue
        if fingerprint(*trio) == saved:
            outcomes[kind, "as saved"] += 1
        else:  # it was written anew with other content, checksums and all: then it has come in as it stands there
            assert kind.startswith(("spoilt", "spliced", "twice", "bomb")), f"checkpoint {number}, {kind}"
            content = persist.load(path)
            for mine, its in ((model.state_dict(), content["model"]),):
                assert all(np.array_equal(mine[name], np.asarray(its[name], mine[name].dtype), equal_nan=True) for name in mine)
            assert all(0 <= group["lr"] < math.inf for group in optimizer.param_groups), (number, kind, optimizer)
            outcomes[kind, "as it stands there"] += 1
        persist.load(start, *trio)
        assert fingerprint(*trio) == before
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - held < 50_000  # kilobytes
    kinds = Counter(outcome for _, outcome in outcomes.elements())
    assert kinds["refused"] > 0.7 * count
    assert kinds["as saved"] > 0.02 * count


# ── array functions ──────────────────────────────────────────────────────────────────────────────────────────────

SHAPES = [(), (0,), (1,), (3,), (3,), (4,), (1, 3), (2, 3), (2, 3), (3, 2), (3, 3), (0, 3), (2, 0), (2, 3, 4), (1, 3, 1), (2, 1,
                                                                                                                           2, 1, 2)]
DTYPES = ["f8"] * 6 + ["f4"] * 3 + ["i8", "i4", "u1", "f2", "?", "c16", "O", "U2"]
AXES = [None, None, 0, 0, 1, -1, -1, -2, 2, 7, -8, (0, 1), (0, 0), (1,), (), (-1, 0), 1.0, "0", True, [0], np.int64(0),
        np.array([0, 1])]
NUMBERS = [0, 1, 2, -1, 3, 5, 100, 0.5, -2.5, math.inf, math.nan, None, "1", (), (1,), True, 1j]


class Array:
    """An array argument of a call: passed to NumPy unchanged, and to the library as a Tensor."""

    def __init__(self, array, node=True):
        self.array, self.node = array, node


def array(rng, shape=None, dtype=None):
    shape = rng.choice(SHAPES) if shape is None else shape
    dtype = rng.choice(DTYPES) if dtype is None else dtype
    seeded = np.random.default_rng(rng.randrange(2**32))
    if dtype in ("O", "U2"):
        return np.full(shape, "a" if dtype == "U2" else None, dtype)
    entries = seeded.choice([-2.0, -1.0, -0.5, 0.0, 0.25, 1.0, 1.5, 3.0], shape)
    if rng.random() < 0.05 and dtype in ("f8", "f4") and entries.size:
        entries.flat[0] = rng.choice([math.inf, -math.inf, math.nan, 1e300 if dtype == "f8" else 1e30])
    return np.asarray(np.abs(entries) if dtype == "u1" else entries).astype(dtype)


def given(rng, shape=None):
    """An operand, in most cases a fitting tensor of numbers."""
    return Array(array(rng, shape, None if rng.random() < 0.3 else rng.choice(["f8", "f8", "f4"])), rng.random() < 0.8)


def some(rng, low=1, high=4):
    one = rng.choice(SHAPES)
    return [given(rng, one if rng.random() < 0.8 else None) for _ in range(rng.randint(low, high))]


def reduced(rng):
    return [given(rng)], {"axis": rng.choice(AXES), **({"keepdims": rng.choice([True, False, 1,
                                                                                "no"])} if rng.random() < 0.4 else {})}


def along(rng):
    return [given(rng)], {"axis": rng.choice(AXES)} if rng.random() < 0.8 else {}


def alone(rng):
    return [given(rng)], {}


def pair(rng):
    shape = rng.choice(SHAPES)
    other = rng.choice([shape, shape[::-1], shape[-1:], (), rng.choice(SHAPES)])
    return [given(rng, shape), given(rng, other)], {}


def listed(rng):
    xs = some(rng, 0 if rng.random() < 0.05 else 1)
    return [xs if rng.random() < 0.9 else xs[0] if xs else 3], {}


def with_axis(build):
    def built(rng):
        args, options = build(rng)
        return args, {**options, **({"axis": rng.choice(AXES)} if rng.random() < 0.7 else {})}
    return built


def also(build, *choices):
    """Further arguments, each one of its choices."""
    def built(rng):
        args, options = build(rng)
        return [*args, *(rng.choice(choice) for choice in choices)], options
    return built


def named(build, **choices):
    def built(rng):
        args, options = build(rng)
        return args, {**options, **{key: rng.choice(choice) for key, choice in choices.items() if rng.random() < 0.6}}
    return built


def einsums(rng):
    spec = rng.choice(["ij->ji", "ij,jk->ik", "ij,jk", "ii", "ii->i", "i,i", "i,j->ij", "...i,...i->...", "ij->", "...", "ij,j",
                       "i",
                       "ab->abc", "ij,", "i-j", "i->ii", "", "iij->j", "ijk,jil->kl", ",", "i j -> j i", "iJ->J", 3, None])
    count = spec.count(",") + 1 if isinstance(spec, str) else 1
    square = rng.choice([(3, 3), (2, 3), (3,), (2, 3, 4)])
    return [spec, *(given(rng, square if rng.random() < 0.8 else None) for _ in range(count + rng.choice([0, 0, 0, 0, 1])))], {}


def indexed(rng):
    mask = lambda x: np.random.default_rng(rng.randrange(9)).random(x.shape) > 0.5
    x = given(rng)
    part = lambda: rng.choice([0, 1, -1, 2, 9, -9, slice(None), slice(1, None), slice(None, None, -1), slice(0, 0), slice(None,
                                                                                                                          None, 0),
                               None, ..., [0, 1], [0, 0], [], [5], np.array([1, 0]), np.array([[0], [1]]), True, False, 1.0, "a",
                               np.array(0), np.array([True, False]), np.array([0.5]), np.int64(1), (0, 1), (0,), [[0, 1], [1, 0]]])
    return [x, rng.choice([part(), (part(), part()), (part(), part(), part()), mask(x.array)])], {}


def chosen(rng):
    x, y = pair(rng)[0]
    condition = rng.choice([x.array > 0 if x.array.dtype.kind in "fiu" else True, array(rng, dtype="?"), True, 0, 2.5, None, "yes"])
    return [condition, x, y], {}


def picked(rng):
    x = given(rng)
    axis = rng.choice([0, -1, 1, 5])
    shape = list(x.array.shape)
    indices = np.random.default_rng(rng.randrange(9)).integers(-1, 2, rng.choice([tuple(shape), (2,), (2, 3)]))
    return [x, rng.choice([indices, indices, indices, indices + 7, indices * 0.5]), axis], {}


LENGTHS = [0, 1, 2, 3, -1, 2.0, None, (), (1,), (2, 3), (-1,), (3, -1), (-1, -1), 6, (6,), (3, 2), (1, 1, 1), "3", (2, 3, 4),
           (-2,), (2.5,)]
CALLS = {
    **dict.fromkeys(("sum", "mean", "max", "min", "prod", "ptp", "logsumexp"), reduced),
    **dict.fromkeys(("var", "std"), named(reduced, ddof=[0, 1, 2, 5, -1, 0.5, "1", None])),
    **dict.fromkeys(("cumsum", "cumprod", "softmax", "log_softmax", "argmax", "argmin", "sort", "flip"), along),
    **dict.fromkeys(("ravel", "matrix_transpose", "flipud", "fliplr", "atleast_1d", "atleast_2d", "atleast_3d", "nan_to_num"),
                    alone),
    **dict.fromkeys(("exp", "log", "sqrt", "sin", "cos", "tanh", "abs", "sign", "floor", "log1p", "expm1", "sinh", "cosh"), alone),
    **dict.fromkeys(("matmul", "dot", "inner", "outer", "vdot", "kron", "add", "subtract", "multiply", "divide", "power", "maximum",
                     "minimum", "broadcast_arrays"), pair),
    **dict.fromkeys(("vstack", "hstack", "dstack", "column_stack"), listed),
    **dict.fromkeys(("concatenate", "stack"), with_axis(listed)),
    **dict.fromkeys(("tril", "triu", "diag"), also(alone, [0, 0, 1, -1, 5, -7, 0.5, None])),
    **dict.fromkeys(("split", "array_split"), with_axis(also(alone, [1, 2, 3, 0, -1, [1], [1, 2], [0, 9], [], 1.5, "a", [2, 1],
                                                                     None]))),
    "average": named(reduced, weights=[None, np.ones(3), np.ones((2, 3)), np.zeros(3), np.ones(2), "w", 2.0]),
    "norm": named(reduced, ord=[None, 1, 2, 3, -1, 0, math.inf, -math.inf, "fro", "nuc", 0.5, math.nan, "x", 1j]),
    "tensordot": named(pair, axes=[0, 1, 2, 3, -1, ((0,), (0,)), ((1,), (0,)), ((0, 1), (1, 0)), (0, 0), 1.5, None, ((0,), (5,)),
                                   "a"]),
    "einsum": einsums, "getitem": indexed, "where": chosen, "take_along_axis": picked,
    "append": with_axis(pair),
    "reshape": also(alone, LENGTHS), "broadcast_to": also(alone, LENGTHS),
    "transpose": also(alone, [None, (), (0,), (1, 0), (0, 1), (-1, 0), (0, 0), (2, 0, 1), (5, 0), 1, "ab", (1.0, 0), [1, 0]]),
    "swapaxes": also(alone, AXES, AXES), "moveaxis": also(alone, AXES, AXES),
    "expand_dims": also(alone, AXES), "squeeze": along,
    "rot90": named(alone, k=[0, 1, 2, 3, 4, -1, 7, 1.5, None, "1"], axes=[(0, 1), (1, 0), (0, 0), (1, 2), (0,), 5, (0, 9)]),
    "pad": named(also(alone, [0, 1, 2, -1, (1,), (1, 2), ((1, 2),), ((1, 0), (0, 1)), ((0, 0), (1, 1), (2, 2)), 1.5, "a", None,
                              (1, 2, 3)]),
                 mode=["constant", "edge", "reflect", 3], constant_values=[0, 1.5, -1, (1, 2), "a", None]),
    "take": with_axis(also(alone, [0, 1, -1, 9, [0, 1], [0, 0, 1], [], [[0, 1], [1, 0]], np.array([1, 0]), 0.5, [0.5], "a", None,
                                   [9], True,
                                   np.array([True, False])])),
    "repeat": with_axis(also(alone, [0, 1, 2, 3, -1, [1, 2], [1, 2, 3], [], 1.5, "a", None, [2], [-1]])),
    "tile": also(alone, [0, 1, 2, (2,), (1, 2), (2, 1, 2), (), -1, 1.5, "a", None, (0, 1)]),
    "roll": with_axis(also(alone, [0, 1, -1, 5, (1, 1), (1, 2), 1.5, "a", None])),
    "diff": with_axis(also(alone, [1, 0, 2, 5, -1, 1.5, None, "1"])),
    "diagonal": named(alone, offset=[0, 1, -1, 9, 0.5, None], axis1=[0, 1, -1, 5], axis2=[0, 1, 2, -1, "a"]),
    "trace": named(alone, offset=[0, 1, -1, 9, 0.5, None], axis1=[0, 1, -1, 5], axis2=[0, 1, 2, -1, "a"]),
    "clip": also(alone, [*NUMBERS, np.zeros(3)], [*NUMBERS, np.ones((2, 3))]),
    "astype": also(alone, ["f4", "f8", np.float32, np.float64, "f2", int, bool, complex, str, object, "x", None, 3]),
}
OTHER_NAMES = {"subtract": "sub", "multiply": "mul", "divide": "div", "power": "pow"}


def numpys(name):
    """The function in NumPy (or SciPy) of that name."""
    if name in ("logsumexp", "softmax", "log_softmax"):
        import scipy.special
        return getattr(scipy.special, name)
    return {"norm": np.linalg.norm, "getitem": lambda x, index: x[index], "astype": lambda x, kind: x.astype(kind),
            "matrix_transpose": np.matrix_transpose}.get(name) or getattr(np, name)


def ours(name, rng, first):
    """The library's function: by its own name, as NumPy's function on tensors, or as a method."""
    own = getattr(functions, name, None) or rows.get(OTHER_NAMES.get(name, name))
    forms = [own] * 2
    if name not in ("logsumexp", "softmax", "log_softmax"):
        forms.append(numpys(name))
    # methods that NumPy's arrays lack are PyTorch's (split, norm), as is sort, which NumPy does in place
    if hasattr(Tensor, name) and first.node and (name in rows or hasattr(np.ndarray, name)) and name != "sort":
        forms.append(lambda x, *args, **options: getattr(x, name)(*args, **options))
    return rng.choice(forms)


def replaced(value, kind):
    if isinstance(value, Array):
        return kind(value)
    return [replaced(part, kind) for part in value] if any(isinstance(x, Array) for x in flat(value)) else value


def flat(value):
    return [x for part in value for x in flat(part)] if isinstance(value, (list, tuple)) else [value]


def called(name, rng):
    """Check one call, and return its outcome."""
    args, options = CALLS[name](rng)
    if name in ("softmax", "log_softmax"):
        options.setdefault("axis", -1)
    arrays = [x for x in flat(args) if isinstance(x, Array)]
    if arrays:
        rng.choice(arrays).node = True
    try:
        tensors = {id(x): Tensor(x.array, f"t{i}") for i, x in enumerate(arrays) if x.node}
    except TypeError:
        assert any(x.array.dtype.kind not in "fiu" for x in arrays)
        return "no numbers"
    if not tensors:
        return "nothing to join"
    shown = f"{name}({args}, {options}) of " + ", ".join(f"{x.array.dtype}{x.array.shape}" for x in arrays)
    plain = lambda x: tensors[id(x)].numpy() if id(x) in tensors else x.array
    function = ours(name, rng, arrays[0])
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = numpys(name)(*replaced(args, plain), **options)
    except Exception as error:
        expected = error
    try:
        with at_most_a_second(shown), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = function(*replaced(args, lambda x: tensors.get(id(x), x.array)), **options)
    except (ValueError, TypeError, IndexError) as error:
        told = str(error)
        assert 15 < len(told) < 1500, (shown, told)
        names = rf"\b({name}|{OTHER_NAMES.get(name, name)}|clip_min|clip_max|t\d)\b"
        theirs = function is numpys(name) and told == str(expected)  # NumPy's own, which saw no tensor
        assert theirs or re.search(names, told), (shown, told)
        return "refused, as by NumPy" if isinstance(expected, Exception) else "refused"
    if name in ("logsumexp", "softmax", "log_softmax") and (not arrays[0].array.size or not arrays[0].array.ndim):
        return "as defined"  # SciPy has none for nothing: the logarithm of 0, and no shares
    if name in ("dot", "inner", "vdot", "matmul", "tensordot", "einsum") and not all(np.isfinite(x.array).all() for x in arrays):
        return "as defined"  # NumPy leaves some 0·inf out, as BLAS does
    if isinstance(expected, ZeroDivisionError):
        return "as defined"  # weights that sum to 0: nan
    if isinstance(expected, np.exceptions.AxisError) and arrays[0].array.ndim == 0 and options["axis"] in (0, -1):
        return "as defined"  # NumPy takes these axes of a number in sum and max, and not in mean and var
    assert not isinstance(expected, Exception), (shown, result, expected)
    mine, its = flat(result), flat(expected)
    assert len(mine) == len(its), (shown, result, expected)
    for x, y in zip(mine, its):
        raw = x.numpy() if isinstance(x, Tensor) else x
        assert np.shape(raw) == np.shape(y), (shown, result, expected)
        if not isinstance(x, Tensor) and np.asarray(x).dtype.kind not in "biuf":
            continue  # a plain array of text or complex numbers that passed through
        single = any(part.array.dtype.itemsize < 8 for part in arrays)
        np.testing.assert_allclose(np.asarray(raw, float), np.asarray(y, float), rtol=2e-5 if single else 1e-11,
                                   atol=1e-5 if single else 1e-12,
                                   err_msg=shown)
    through = [x for x in mine if isinstance(x, Tensor) and x.requires_grad]
    if through:
        with at_most_a_second(shown), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            through[0].backward(np.ones(through[0].shape))
        for x in tensors.values():
            assert x.grad is None or (x.grad.shape, x.grad.dtype) == (x.shape, x.dtype), shown
    return "as NumPy"


@pytest.mark.parametrize("count", COUNTS)
def test_array_functions_give_numpys_numbers_or_say_what_is_wrong(count):
    pytest.importorskip("scipy")
    for name in CALLS:  # what is loaded when first used is loaded here
        numpys(name)
    rng = random.Random(9)
    outcomes = Counter(called(rng.choice([*CALLS]), rng) for _ in range(count))
    assert outcomes["as NumPy"] > 0.3 * count
    assert outcomes["refused, as by NumPy"] > 0.15 * count
    assert outcomes["refused"] < 0.1 * count


@pytest.mark.parametrize("call", [  # what the calls above found: each gave a number, or an error of another kind, until it did
    lambda t: functions.dot(t[:, :1][None], np.ones((1, 3, 1))),  # lengths of 1 were stretched
    lambda t: functions.inner(t[:, :1], np.ones((2, 3))),
    lambda t: functions.take_along_axis(t, np.zeros((1, 2, 2), int), 1),
    lambda t: functions.split(t, 0),
    lambda t: functions.einsum("ii->i", t[:0, :2]),  # NumPy returns what its memory held
    lambda t: functions.pad(t, 1, "edge", constant_values=1.0),
    lambda t: t.split(None),
    lambda t: t.split(0),
    lambda t: t[None].norm(ord=0, axis=(0, 1)),
    lambda t: functions.array_split(t, -1),
    lambda t: functions.split(t, 1.5, 1),
    lambda t: functions.diff(t, -1),
    lambda t: functions.pad(t, 1.5),
    lambda t: functions.sum(t, keepdims="no"),
    lambda t: functions.where(None, t, t),
    lambda t: functions.average(t, weights=np.ones(3)),
    lambda t: functions.moveaxis(t, 0, (0, 1)),
    lambda t: functions.prod(t, axis=[0]),
    lambda t: functions.mean(t, axis=True),
    lambda t: functions.expand_dims(t, None),
    lambda t: functions.norm(t, axis=()),
    lambda t: functions.take(t, None),
])
def test_what_numpy_refuses_is_refused(call):
    with pytest.raises((ValueError, TypeError, IndexError)):
        call(Tensor(np.ones((2, 3))))


def test_indices_along_an_axis_are_broadcast_against_the_array():
    x = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(functions.take_along_axis(Tensor(x), np.array([[2, 0]]), 1).data, [[2, 0], [5, 3]])
    np.testing.assert_array_equal(functions.take(Tensor(x), [True, False]).data, np.take(x, [True, False]))


def test_a_reduction_of_a_number_over_its_axis_has_a_gradient():
    t = Tensor(2.0)
    functions.sum(t, axis=0).backward()
    assert t.grad == 1.0
