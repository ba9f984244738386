"""Random programs against PyTorch, JAX and SymPy, where they are installed (extra [proof]): values and gradients.

Hypothesis shrinks a disagreement to the smallest example.
"""

from __future__ import annotations

import math
from importlib import import_module
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd as ag
from autograd import Tensor, Value

pytestmark = pytest.mark.slow
THOUSANDS = settings(max_examples=1500, deadline=None)


class Ours:
    """The operations of a program by chainrule's names."""

    array = staticmethod(lambda x: Tensor(x))
    call = staticmethod(lambda name, *args: getattr(ag, name)(*args))
    reduce = staticmethod(lambda name, x, axis: getattr(ag, name)(x, axis=axis, keepdims=True))
    softmax = staticmethod(lambda x: ag.softmax(x, axis=-1))
    pick = staticmethod(lambda x, index: x[index])

    @staticmethod
    def gradients(f: Any, arrays: list[Any]) -> tuple[Any, list[Any]]:
        tensors = [Tensor(x) for x in arrays]
        y = f(Ours, tensors)
        y.backward()
        return y.item(), [np.zeros_like(x) if t.grad is None else t.grad for x, t in zip(arrays, tensors)]


def theirs_torch() -> Any:
    torch = pytest.importorskip("torch")
    renamed = {"mul": torch.mul, "arctan": torch.atan, "softplus": torch.nn.functional.softplus}

    class Torch:
        call = staticmethod(lambda name, *args: renamed.get(name, getattr(torch, name, None))(*args))
        reduce = staticmethod(lambda name, x, axis: {
            "sum": torch.sum, "mean": torch.mean, "logsumexp": torch.logsumexp, "max": torch.amax, "min": torch.amin,
        }[name](x, axis, keepdim=True))
        softmax = staticmethod(lambda x: torch.softmax(x, -1))
        pick = staticmethod(lambda x, index: x[index])

        @staticmethod
        def gradients(f: Any, arrays: list[Any]) -> tuple[Any, list[Any]]:
            tensors = [torch.tensor(x, requires_grad=True) for x in arrays]
            y = f(Torch, tensors)
            y.backward()
            return y.item(), [np.zeros_like(x) if t.grad is None else t.grad.numpy() for x, t in zip(arrays, tensors)]
    return Torch


def theirs_jax() -> Any:
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    jnp, special = jax.numpy, import_module("jax.nn")

    class Jax:
        call = staticmethod(lambda name, *args: getattr(special, name, None) and getattr(special, name)(*args)
                            if name in ("sigmoid", "softplus", "relu") else
                            {"mul": jnp.multiply, "add": jnp.add, "sub": jnp.subtract}.get(name, getattr(jnp, name, None))(*args))
        reduce = staticmethod(lambda name, x, axis: (special.logsumexp if name == "logsumexp" else getattr(jnp, name))(
            x, axis=axis, keepdims=True))
        softmax = staticmethod(lambda x: special.softmax(x, axis=-1))
        pick = staticmethod(lambda x, index: x[index])

        @staticmethod
        def gradients(f: Any, arrays: list[Any]) -> tuple[Any, list[Any]]:
            y, grads = jax.value_and_grad(lambda xs: f(Jax, xs))([jnp.asarray(x) for x in arrays])
            return float(y), [np.asarray(g) for g in grads]
    return Jax


@st.composite
def programs(draw: Any) -> tuple[Any, list[Any]]:
    """A function of arrays, written for any of the libraries, that returns one number; and its arguments."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    shapes = draw(st.lists(st.sampled_from([(3,), (2, 3), (1, 3), (2, 1), ()]), min_size=1, max_size=3))
    arrays = [rng.normal(size=shape) for shape in shapes]
    lines: list[tuple[Any, ...]] = []
    for _ in range(draw(st.integers(1, 12))):
        known = len(arrays) + len(lines)
        i, j = draw(st.integers(0, known - 1)), draw(st.integers(0, known - 1))
        kind = draw(st.sampled_from(["unary", "binary", "binary", "reduce", "softmax", "pick", "square"]))
        name = draw(st.sampled_from({"unary": ["sin", "cos", "tanh", "sigmoid", "softplus", "relu", "arctan", "abs"],
                                     "binary": ["add", "sub", "mul", "maximum", "minimum"],
                                     "reduce": ["sum", "mean", "logsumexp", "max", "min"]}.get(kind, [kind])))
        lines.append((kind, name, i, j))

    def f(library: Any, arguments: list[Any]) -> Any:
        xs = list(arguments)
        for kind, name, i, j in lines:
            x, y = xs[i], xs[j]
            if kind == "unary":
                xs.append(library.call(name, x))
            elif kind == "binary":
                xs.append(library.call(name, x, y))
            elif kind == "reduce" and len(x.shape):
                xs.append(library.reduce(name, x, -1))
            elif kind == "softmax" and len(x.shape):
                xs.append(library.softmax(x) * 3.0)
            elif kind == "pick" and len(x.shape):
                xs.append(library.pick(x, (..., [0, -1, 0])))
            else:
                xs.append(x * x * 0.3 + 0.1)
        last = sum_of(library, xs[-1])
        return last + 0.1 * sum_of(library, xs[len(arguments) // 2])
    return f, arrays


def sum_of(library: Any, x: Any) -> Any:
    while len(x.shape):
        x = library.reduce("sum", x, -1)[..., 0]
    return x


@pytest.mark.parametrize("theirs", [theirs_torch, theirs_jax])
def test_arrays_agree(theirs: Any) -> None:
    library = theirs()

    @THOUSANDS
    @given(programs())
    def agree(program: Any) -> None:
        f, arrays = program
        y, grads = Ours.gradients(f, arrays)
        expected, theirs_grads = library.gradients(f, arrays)
        assert y == pytest.approx(expected, rel=1e-10, abs=1e-10)
        for ours, other in zip(grads, theirs_grads):
            np.testing.assert_allclose(ours, other, rtol=1e-9, atol=1e-9 * (1 + np.abs(other).max(initial=0.0)))
    agree()


@st.composite
def expressions(draw: Any) -> list[tuple[str, int, int]]:
    """Lines of a program of one number."""
    return [(draw(st.sampled_from(["add", "sub", "mul", "exp", "sin", "cos", "tanh", "arctan", "square", "half"])),
             draw(st.integers(0, n)), draw(st.integers(0, n))) for n in range(draw(st.integers(1, 7)))]


@settings(max_examples=300, deadline=None)
@given(expressions(), st.floats(-1.5, 1.5).filter(lambda x: abs(x) > 1e-3))
def test_numbers_agree_with_sympy_to_second_order(lines: list[tuple[str, int, int]], at: float) -> None:
    sympy = pytest.importorskip("sympy")

    def run(x: Any, call: Any) -> Any:
        xs = [x]
        for name, i, j in lines:
            a, b = xs[i], xs[j]
            plain = {"add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b,
                       "square": lambda a, b: a * a, "half": lambda a, b: a / 2}
            xs.append(plain[name](a, b) if name in plain else call(name, a))
        return xs[-1]
    x = sympy.Symbol("x")
    whole = run(x, lambda name, a: {"arctan": sympy.atan}.get(name, getattr(sympy, name, None))(a))
    exact = [(sympy.diff(whole, x, n) if n else whole).evalf(50, subs={x: sympy.Float(at, 50)}) for n in range(3)]
    if not all(e.is_real and abs(e) < 1e100 for e in exact):
        return

    def ours(x: Any) -> Any:
        return run(x, lambda name, a: getattr(ag, name)(a))
    y = ours(Value(at))
    for got, e in zip((float(y), ag.grad(ours)(at), ag.grad(ag.grad(ours))(at)), exact):
        assert math.isclose(got, float(e), rel_tol=1e-9, abs_tol=1e-9 * (1 + abs(float(exact[0]))))
