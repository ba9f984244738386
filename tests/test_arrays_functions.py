"""The second table and NumPy's functions on it: values against NumPy, first and second derivatives in all modes.

The tests loop over all operations and public functions. A new operation needs an example of its operands and options in
``EXAMPLES``, a new public function a program in ``PROGRAMS``; a test checks both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autograd.linalg  # noqa: F401  (as nn.layers adds its operations to the table)
import nn.layers  # noqa: F401
import numpy as np
import pytest
from autograd import Tensor, grad, hvp, jvp, vjp
from autograd.arrays import functions
from autograd.graph import topological
from autograd.arrays.axes import plain_array
from autograd.arrays.operation import ArrayOperation, array_operations
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

quick = settings(max_examples=30, deadline=None, derandomize=True, database=None,
                 suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much])
long = settings(quick, max_examples=300, derandomize=False)

# ── the checks ───────────────────────────────────────────────────────────────────────────────────────────────────


def separated(*shape: int, seed: int = 0) -> np.ndarray:
    """Numbers from −1.5 to 1.5 in random order, far enough apart, and from 0, that no difference crosses a kink."""
    count = int(np.prod(shape))
    order = np.random.default_rng((seed, count)).permutation(count)
    return ((order + 0.3 - count // 2) * (3 / max(count, 4))).reshape(shape)


def joined(f: Callable[..., Any]) -> Callable[..., Any]:
    """``f`` with a list of results as one vector, and otherwise as it is."""
    def one(*xs: Any) -> Any:
        y = f(*xs)
        return functions.concatenate([functions.ravel(part) for part in y]) if isinstance(y, (list, tuple)) else y
    return one


def difference(f: Callable[..., Any], xs: Any, vs: Any, h: float = 1e-3) -> Any:
    """The derivative of ``f`` along ``vs`` by central differences of sixth order: good to about 1e-11."""
    def at(t: float) -> Any:
        return np.asarray(f(*(np.asarray(x + t * v) for x, v in zip(xs, vs))))
    return sum(c * (at(k * h) - at(-k * h)) for k, c in ((1, 45), (2, -9), (3, 1))) / (60 * h)


def close(got: Any, wanted: Any, tolerance: float) -> bool:
    got, wanted = plain_array(got), plain_array(wanted)
    return got.shape == wanted.shape and np.allclose(got, wanted, rtol=tolerance, atol=tolerance)


def directions(xs: Any, seed: int) -> list[np.ndarray]:
    draw = np.random.default_rng(seed)
    return [draw.uniform(-1, 1, x.shape) for x in xs]


def check_derivatives(f: Callable[..., Any], *xs: np.ndarray, tolerance: float = 1e-9) -> None:
    """Forward mode against differences, reverse against forward (⟨u, Jv⟩ = ⟨Jᵀu, v⟩); then the same of second order."""
    f = joined(f)
    vs = directions(xs, 1)
    y, dy = jvp(f, xs, vs)
    assert close(dy, difference(f, xs, vs), tolerance), "forward mode against differences"
    u = directions([plain_array(y)], 2)[0]
    back = vjp(f, *xs)[1](u)
    assert [g.shape for g in back] == [x.shape for x in xs]
    assert np.sum(u * dy) == pytest.approx(sum(np.sum(g * v) for g, v in zip(back, vs)), rel=1e-11, abs=1e-11)
    for x, g in zip(nodes := [Tensor(x) for x in xs], back):
        f(*nodes).backward(u)
        assert x.grad.shape == x.shape
        assert close(x.grad, g, 1e-12), "backward() against vjp"
        for node in nodes:
            node.grad = None

    places = tuple(range(len(xs)))

    def square(*xs: Any) -> Any:  # so that there is something to differentiate twice, even if f is linear
        y = f(*xs)
        return functions.sum(y * y * u)

    def slope(*xs: Any) -> Any:
        return sum(functions.sum(g * v) for g, v in zip(grad(square, places)(*xs), vs))

    forward_over_reverse = hvp(square, xs, tuple(vs))
    reverse_over_reverse = grad(slope, places)(*xs)
    reverse_over_forward = grad(lambda *xs: jvp(square, xs, tuple(vs))[1], places)(*xs)
    for i, x in enumerate(xs):
        assert close(forward_over_reverse[i], difference(lambda *xs: grad(square, i)(*xs), xs, vs), 10 * tolerance), \
            "second order against differences"
        assert close(reverse_over_reverse[i], forward_over_reverse[i], 1e-11), "reverse over reverse"
        assert close(reverse_over_forward[i], forward_over_reverse[i], 1e-11), "reverse over forward"
        assert reverse_over_reverse[i].shape == x.shape
    forward_over_forward = jvp(lambda *xs: jvp(square, xs, tuple(vs))[1], xs, tuple(vs))[1]
    assert forward_over_forward == pytest.approx(sum(np.sum(h * v) for h, v in zip(forward_over_reverse, vs)),
        rel=1e-11,
                                                 abs=1e-11), "forward over forward"


def check_float32(f: Callable[..., Any], *xs: np.ndarray) -> None:
    """float32 stays float32 in the value, in every node and gradient of the graph, and in a graph of the gradient."""
    f = joined(f)
    leaves = [Tensor(x.astype(np.float32)) for x in xs]
    y = f(*leaves)
    assert close(y, f(*xs), 1e-5)
    y.backward(np.ones(y.shape))
    for node in topological(y):
        assert node.dtype == np.float32, node
        assert node.grad is None or node.grad.dtype == np.float32, node
    for g in vjp(f, *(x.astype(np.float32) for x in xs))[1](np.ones(y.shape, np.float32)):
        assert g.dtype == np.float32


# ── the table ────────────────────────────────────────────────────────────────────────────────────────────────────


def case(*operands: np.ndarray, **options: Any) -> tuple[tuple[np.ndarray, ...], dict[str, Any]]:
    return operands, options


A = separated
POOL = {"kernel": (2, 2), "stride": (1, 2), "dilation": (1, 1)}
TILES = {"kernel": (2, 2), "stride": (2, 2), "dilation": (1, 1)}
PICTURE = separated(2, 2, 4, 5)


def pooled(**windows: Any) -> dict[str, Any]:
    return {"x": PICTURE, "out": array_operations["max_pool2d"](PICTURE, **windows), **windows}


def convolution(x: tuple[int, ...], w: tuple[int, ...], stride: Any = (1, 1), dilation: Any = (1, 1),
    sides: Any = ((0, 0), (0, 0)), groups: int = 1) -> Any:
    return {"stride": stride, "dilation": dilation, "sides": sides, "groups": groups, "shapes": (x, w), "cache": {}}


PLAIN, SPREAD = ((2, 2, 5, 4), (3, 2, 3, 2)), ((1, 4, 7, 6), (2, 2, 3, 2))
PADDED = (*PLAIN, (2, 2), (1, 1), ((1, 1), (0, 2)))
WIDE: dict[str, Any] = {"stride": (2, 1), "dilation": (1, 2), "groups": 2}
REGULAR = A(3, 3) + 2 * np.eye(3)
POSITIVE = REGULAR @ REGULAR.T
LABELS: dict[str, Any] = {"target": np.array([2, 0, 2]), "cache": {}}

EXAMPLES: dict[str, list[tuple[tuple[np.ndarray, ...], dict[str, Any]]]] = {
    "sum": [case(A(2, 3), axis=None, keepdims=False), case(A(2, 1, 3), axis=(0, -1), keepdims=True),
            case(A(0, 3), axis=0, keepdims=False), case(A(), axis=None, keepdims=False),
                case(A(2, 3), axis=(), keepdims=False)],
    "broadcast_to": [case(A(3), shape=(2, 3)), case(A(2, 1, 3), shape=(2, 2, 4, 3)), case(A(), shape=(0, 3)),
        case(A(1), shape=(1,))],
    "reshape": [case(A(2, 3), shape=(3, -1)), case(A(), shape=(1, 1)), case(A(0, 3), shape=(3, 0)),
        case(A(1), shape=())],
    "transpose": [case(A(2, 3), axes=None), case(A(2, 1, 3), axes=(1, -1, 0)), case(A(), axes=None)],
    "getitem": [case(A(2, 3), index=(slice(None), [0, 0, 2])), case(A(4), index=np.array([True, False, True, True])),
                case(A(2, 1, 3), index=(None, ..., slice(None, None, -1))), case(A(3), index=1),
                    case(A(2, 3), index=([0, 1], [2, 2])),
                case(A(3), index=np.zeros(0, int)), case(A(), index=())],
    "scatter": [case(A(3), shape=(5,), index=np.array([1, 1, 4])), case(A(2), shape=(2, 3), index=(slice(None), 1)),
                case(A(2, 2), shape=(3,), index=np.array([[0, 1], [1, 2]]))],
    "concatenate": [case(A(2, 3), A(1, 3), axis=0), case(A(2, 1), A(2, 0), A(2, 2), axis=-1),
        case(A(2, 2), A(3), axis=None),
                    case(A(2), axis=0)],
    "stack": [case(A(2, 3), A(2, 3, seed=1), axis=0), case(A(2), A(2, seed=1), A(2, seed=2), axis=-1),
        case(A(), axis=0)],
    "pad": [case(A(2, 3), width=((1, 0), (0, 2))), case(A(0), width=((2, 1),))],
    "prod": [case(A(2, 3), axis=(1,), keepdims=False), case(A(2, 1, 3), axis=(0, 2), keepdims=True)],
    "roll": [case(A(2, 3), shift=(1,), axis=(1,)), case(A(2, 1, 3), shift=(1, 2), axis=(0, -1)), case(A(3), shift=(2,), axis=(0,))],
    "flip": [case(A(2, 3), axis=None), case(A(2, 1, 3), axis=(0, -1)), case(A(3), axis=0)],
    "cumsum": [case(A(2, 3), axis=0), case(A(2, 1, 3), axis=-1), case(A(0), axis=0)],
    "astype": [case(A(2, 3), dtype=np.dtype(np.float64))],
    "where": [case(A(2, 3), A(2, 3, seed=1), condition=A(2, 3, seed=2) > 0), case(A(3), A(), condition=A(2, 1) > 0),
              case(A(2, 1), A(1, 3), condition=np.True_)],
    "matmul": [case(A(2, 3), A(3, 4)), case(A(3), A(3, seed=1)), case(A(3), A(3, 2)), case(A(2, 3), A(3)),
        case(A(2, 2, 3), A(3, 2)),
               case(A(2, 1, 2, 3), A(4, 3, 2)), case(A(3), A(2, 3, 2)), case(A(2, 2, 3), A(3)), case(A(2, 0), A(0, 3)),
                   case(A(1, 2, 3), A(2, 3, 1))],
    "einsum": [case(A(2, 3), A(3, 4), spec="ij,jk->ik"), case(A(3, 3), spec="ii->"), case(A(3, 3), spec="ii->i"),
               case(A(2, 3), spec="ij->"), case(A(2, 1), A(2, 3), spec="ij,ij->j"),
                   case(A(2), A(3), A(4), spec="i,j,k->kji"),
               case(A(3, 3, 2), A(3), spec="iij,i->j"), case(A(), A(2), spec=",i->i"), case(A(2, 2, 2), spec="iii->")],
    "max": [case(A(2, 3), axis=None, keepdims=False), case(A(2, 1, 3), axis=(0, -1), keepdims=True),
        case(A(3), axis=0, keepdims=False)],
    "min": [case(A(2, 3), axis=1, keepdims=False), case(A(2, 1, 3), axis=(0, 2), keepdims=True),
        case(A(), axis=None, keepdims=False)],
    "logsumexp": [case(A(2, 3), axis=None, keepdims=False), case(A(2, 1, 3), axis=(0, -1), keepdims=True),
        case(A(3), axis=0, keepdims=False)],
    "softmax": [case(A(2, 3), axis=-1), case(A(2, 1, 3), axis=(0, 2)), case(A(2, 3), axis=None), case(A(0, 3), axis=1)],
    "log_softmax": [case(A(2, 3), axis=-1), case(A(2, 1, 3), axis=(0, 2)), case(A(2, 3), axis=None),
        case(A(0, 3), axis=1)],
    "cross_entropy": [case(A(3, 4), weights=1.0, divisor=3.0, **LABELS),
                      case(A(3, 4), weights=np.array([1.0, 0.0, 2.0]), divisor=1.0, **LABELS),
                      case(A(3, 4), weights=np.array([1.0, 0.0, 2.0]), divisor=None, **LABELS)],
    "linear": [case(A(2, 3), A(4, 3), A(4)), case(A(3), A(2, 3)), case(A(2, 2, 3), A(1, 3), A(1)), case(A(0, 3), A(2, 3), A(2)),
               case(A(3), A(2, 3), A(2)), case(A(2, 2, 3), A(4, 3))],
    "conv2d": [case(A(*PLAIN[0]), A(*PLAIN[1]), A(3), **convolution(*PLAIN)),
        case(A(*SPREAD[0]), A(*SPREAD[1]), **convolution(*SPREAD, **WIDE)),
        case(A(*PLAIN[0]), A(*PLAIN[1]), A(3), **convolution(*PADDED))],
    "conv2d_input": [case(A(2, 3, 3, 3), A(*PLAIN[1]), **convolution(*PLAIN)),
        case(A(2, 3, 3, 3), A(*PLAIN[1]), **convolution(*PADDED)),
        case(A(1, 2, 3, 4), A(*SPREAD[1]), **convolution(*SPREAD, **WIDE))],
    "conv2d_weight": [case(A(*PLAIN[0]), A(2, 3, 3, 3), **convolution(*PLAIN)),
        case(A(*PLAIN[0]), A(2, 3, 3, 3), **convolution(*PADDED)),
        case(A(*SPREAD[0]), A(1, 2, 3, 4), **convolution(*SPREAD, **WIDE))],
    "max_pool2d": [case(PICTURE, **POOL), case(PICTURE, **TILES),
        case(PICTURE, kernel=(2, 2), stride=(1, 1), dilation=(3, 2))],
    "max_unpool2d": [case(A(2, 2, 3, 2, seed=1), **pooled(**POOL)), case(A(2, 2, 2, 2, seed=1), **pooled(**TILES))],
    "max_pick2d": [case(A(2, 2, 4, 5, seed=1), **pooled(**POOL)), case(A(2, 2, 4, 5, seed=1), **pooled(**TILES))],
    "window_sum": [case(PICTURE, kernel=(2, 3), stride=(1, 2), shape=(2, 2, 4, 5))],
    "window_spread": [case(A(2, 2, 3, 2), kernel=(2, 3), stride=(1, 2), shape=(2, 2, 4, 5))],
    "inv": [case(REGULAR), case(A(2, 3, 3) + 2 * np.eye(3)), case(A(0, 0))],
    "solve": [case(REGULAR, A(3, 2)), case(A(2, 3, 3) + 2 * np.eye(3), A(3, 1)), case(REGULAR, A(2, 3, 2))],
    "det": [case(REGULAR), case(A(2, 3, 3) + 2 * np.eye(3)), case(A(1, 1))],
    "logabsdet": [case(REGULAR), case(A(2, 2, 3, 3) + 2 * np.eye(3))],
    "cholesky": [case(POSITIVE, lower=True), case(np.stack([POSITIVE, 3 * np.eye(3)]), lower=False),
                 case(np.array([[4.0]]), lower=True), case(np.tril(POSITIVE), lower=True), case(np.triu(POSITIVE), lower=False)],
    "qr": [case(REGULAR), case(A(2, 4, 3)), case(A(3, 1))],
    "eigh": [case(POSITIVE, lower=True), case(np.stack([POSITIVE, np.diag([1.0, -2.0, 3.0])]), lower=False),
             case(A(3, 3), lower=True), case(A(2, 3, 3), lower=False)],
    "svd": [case(REGULAR), case(A(2, 4, 3)), case(A(2, 3))],
    "pinv": [case(A(4, 2), rcond=None), case(A(2, 2, 3), rcond=None), case(REGULAR, rcond=1e-10)],
    "batch_norm": [case(A(4, 3), A(3), A(3, seed=1), eps=1e-5, cache={}),
                   case(A(2, 3, 2, 2), A(3), A(3, seed=1), eps=0.1, cache={})],
    "lstm": [case(A(3, 2, 12), A(3, 12, seed=1), A(2, 3), A(2, 3, seed=2), cache={}),
             case(A(1, 8), A(2, 8), A(2), A(2, seed=1), cache={})],
    "gru_cell": [case(A(2, 9), A(2, 9, seed=1), A(2, 3), cache={}), case(A(9), A(9, seed=1), A(3), cache={})],
    "normalise": [case(A(4, 3), axes=(0,), eps=1e-5), case(A(2, 3, 2), axes=(-2, -1), eps=0.1)],
}


def applied(op: ArrayOperation, options: dict[str, Any]) -> Callable[..., Any]:
    """The operation with these options, with a new cache in every call."""
    return lambda *xs: op(*xs, **{key: dict(x) if key == "cache" else x for key, x in options.items()})


def examples() -> list[Any]:
    return [pytest.param(op, operands, options, id=f"{name}-{i}") for name, op in array_operations.items()
            for i, (operands, options) in enumerate(EXAMPLES.get(name, []))]


def without_example(operations: Any) -> list[str]:
    return [f"add \"{name}\": [case(<operands>, <option>=…)] to EXAMPLES" for name in operations if not EXAMPLES.get(name)]


def test_every_operation_has_examples() -> None:
    assert without_example(array_operations) == []
    assert without_example(["new"]) == ['add "new": [case(<operands>, <option>=…)] to EXAMPLES']


@pytest.mark.parametrize("op, operands, options", examples())
def test_operation(op: ArrayOperation, operands: Any, options: dict[str, Any]) -> None:
    f = applied(op, options)
    check_derivatives(f, *operands)
    if op.name != "astype":  # whose subject is the dtype
        narrow = {key: x.astype(np.float32) if getattr(x, "dtype", None) == np.float64 else x for key,
            x in options.items()}
        check_float32(applied(op, narrow), *operands)


@pytest.mark.parametrize("op, operands, options", [e for e in examples() if len(e.values[1]) > 1])
def test_operation_with_one_operand_that_takes_no_gradient(op: ArrayOperation, operands: Any, options: dict[str, Any]) -> None:
    f = applied(op, options)
    u = directions([f(*operands)], 3)[0]
    together = vjp(f, *operands)[1](u)
    for i, x in enumerate(operands):
        leaf = Tensor(x)
        y = f(*operands[:i], leaf, *operands[i + 1:])
        assert y.inputs == (leaf,)
        y.backward(u)
        assert np.array_equal(leaf.grad, together[i])
        check_derivatives(lambda x: f(*operands[:i], x, *operands[i + 1:]), x)


def wrong(op: ArrayOperation, factor: float, i: int) -> ArrayOperation:
    """A copy of the operation with a slightly wrong pullback, outside the table."""
    def pullback(g: Any, *args: Any, **options: Any) -> Any:
        return op.pullbacks[i](g, *args, **options) * factor
    copied = object.__new__(ArrayOperation)
    vars(copied).update(vars(op), pullbacks=(*op.pullbacks[:i], pullback, *op.pullbacks[i + 1:]))
    return copied


@pytest.mark.parametrize("op", array_operations.values(), ids=str)
def test_the_checks_catch_wrong_pullbacks(op: ArrayOperation) -> None:
    operands, options = EXAMPLES[op.name][0]
    for i in range(len(op.pullbacks)):
        with pytest.raises(AssertionError):
            check_derivatives(applied(wrong(op, 1 + 1e-6, i), options), *operands)


# ── every public function, against NumPy ─────────────────────────────────────────────────────────────────────────

Draw = Callable[..., Any]
PROGRAMS: dict[str, Callable[[Draw], tuple[Callable[..., Any], tuple[np.ndarray, ...]]]] = {}


def program(*names: str) -> Callable[[Any], Any]:
    """A strategy for calls of these functions: ``(call, operands)``, where ``call(module, name, *operands)``."""
    def add(make: Any) -> Any:
        for name in names:
            PROGRAMS[name] = (lambda name: lambda draw: make(draw, name))(name)
        return make
    return add


def drawn(draw: Draw, min_dims: int = 0, max_dims: int = 3, min_side: int = 0, max_side: int = 4) -> np.ndarray:
    return separated(*draw(hnp.array_shapes(min_dims=min_dims, max_dims=max_dims, min_side=min_side,
        max_side=max_side)),
                     seed=draw(st.integers(0, 99)))


def axes_of(x: np.ndarray) -> Any:
    return st.none() | hnp.valid_tuple_axes(x.ndim) | axis_of(x)


def axis_of(x: np.ndarray) -> Any:
    return st.integers(-x.ndim, x.ndim - 1) if x.ndim else st.none()


@program("sum", "mean", "prod", "var", "std", "max", "min")
def reduction(draw: Draw, name: str) -> Any:
    x = drawn(draw, min_side=1 if name in ("max", "min", "std", "var", "mean") else 0)
    options: dict[str, Any] = {"axis": draw(axes_of(x)), "keepdims": draw(st.booleans())}
    if name in ("var", "std"):
        count = x.size // max(np.sum(x, **options).size, 1)
        options["ddof"] = draw(st.sampled_from([0, 1] if count > 2 else [0]))
        if name == "std" and count == 1:
            name = "var"  # its root is at 0
    return lambda m, x: getattr(m, name)(x, **options), (x,)


@program("cumsum", "cumprod")
def accumulation(draw: Draw, name: str) -> Any:
    x = drawn(draw)
    axis = draw(st.none() | axis_of(x))
    return lambda m, x: getattr(m, name)(x, axis), (x,)


@program("matmul")
def product_of_matrices(draw: Draw, name: str) -> Any:
    shapes = draw(hnp.mutually_broadcastable_shapes(signature=np.matmul.signature, max_dims=2, min_side=0,
        max_side=3)).input_shapes
    return lambda m, x, y: getattr(m, name)(x, y), tuple(separated(*s, seed=i) for i, s in enumerate(shapes))


@program("dot")
def dot(draw: Draw, name: str) -> Any:
    x = drawn(draw, max_side=3)
    k = x.shape[-1] if x.ndim else 2
    shape = draw(st.sampled_from([(), (k,), (k, 2), (2, k, 3), (1, k, 0)]))
    return lambda m, x, y: m.dot(x, y), (x, separated(*shape, seed=1))


@program("inner", "vdot")
def inner(draw: Draw, name: str) -> Any:
    x = drawn(draw, max_side=3)
    shape = draw(st.sampled_from([(), x.shape[-1:], (2, *x.shape[-1:])])) if name == "inner" else x.shape
    return lambda m, x, y: getattr(m, name)(x, y), (x, separated(*shape, seed=1))


@program("outer")
def outer(draw: Draw, name: str) -> Any:
    return lambda m, x, y: m.outer(x, y), (drawn(draw, max_dims=2), drawn(draw, max_dims=2))


@program("kron")
def kron(draw: Draw, name: str) -> Any:
    return lambda m, x, y: m.kron(x, y), (drawn(draw, max_side=3), drawn(draw, max_side=2))


@program("tensordot")
def tensordot(draw: Draw, name: str) -> Any:
    x, y, axes = draw(st.sampled_from([((2, 3), (3, 2), 1), ((2, 3), (2, 3), 2), ((2, 3), (4,), 0),
        ((2, 3, 4), (4, 3), ([1, 2], [1, 0])),
                                       ((2, 3), (3, 4), (1, 0)), ((2, 3, 2), (2, 5, 2), ((-1, 0), (0, -1))),
                                        ((0, 2), (2, 3), 1)]))
    return lambda m, x, y: m.tensordot(x, y, axes), (separated(*x), separated(*y, seed=1))


@program("einsum")
def einsum(draw: Draw, name: str) -> Any:
    sizes = draw(st.fixed_dictionaries({letter: st.integers(0 if letter == "d" else 1, 3) for letter in "abcd"}))
    terms = draw(st.lists(st.text("abcd", min_size=0, max_size=3), min_size=1, max_size=3))
    dots = draw(st.booleans())
    before = [(2, 3)[i % 3:] if dots else () for i in range(len(terms))]  # broadcast under the dots
    letters = sorted(set("".join(terms)))
    spec = ",".join(("..." if dots else "") + t for t in terms)
    if draw(st.booleans()):
        result = "".join(draw(st.permutations(letters)))[:draw(st.integers(0, len(letters)))]
        spec += f"->{'...' if dots else ''}{result}"
    operands = tuple(separated(*b, *(sizes[c] for c in t), seed=i) for i, (b, t) in enumerate(zip(before, terms)))
    return lambda m, *xs: m.einsum(spec, *xs), operands


@program("reshape")
def reshape(draw: Draw, name: str) -> Any:
    x = drawn(draw)
    shape = draw(st.sampled_from([-1, (-1,), x.shape, x.shape[::-1], (1, *x.shape, 1), x.size,
        (x.size, 1)] if x.size else [x.size, x.shape[::-1], x.shape]))
    return lambda m, x: m.reshape(x, shape), (x,)


@program("ravel", "flipud", "fliplr", "matrix_transpose")
def unary(draw: Draw, name: str) -> Any:
    return lambda m, x: getattr(m, name)(x), (drawn(draw, min_dims=2 if name != "ravel" else 0),)


@program("transpose")
def transpose(draw: Draw, name: str) -> Any:
    x = drawn(draw)
    axes = draw(st.none() | st.permutations(range(x.ndim)).map(lambda p: [a - x.ndim * (i % 2) for i,
        a in enumerate(p)]))
    return lambda m, x: m.transpose(x, axes), (x,)


@program("swapaxes")
def swapaxes(draw: Draw, name: str) -> Any:
    x = drawn(draw, min_dims=1)
    a, b = draw(axis_of(x)), draw(axis_of(x))
    return lambda m, x: m.swapaxes(x, a, b), (x,)


@program("moveaxis")
def moveaxis(draw: Draw, name: str) -> Any:
    x = drawn(draw, min_dims=1)
    a, b = (draw(hnp.valid_tuple_axes(x.ndim, min_size=1, max_size=1)) for _ in "ab")
    if x.ndim > 1 and draw(st.booleans()):
        a, b = draw(hnp.valid_tuple_axes(x.ndim, min_size=2, max_size=2)), draw(hnp.valid_tuple_axes(x.ndim, min_size=2,
            max_size=2))
    return lambda m, x: m.moveaxis(x, a, b), (x,)


@program("broadcast_to")
def broadcast_to(draw: Draw, name: str) -> Any:
    x = drawn(draw, max_dims=2, max_side=3)
    shape = draw(hnp.broadcastable_shapes(x.shape, min_dims=x.ndim, max_dims=3, min_side=0, max_side=3))
    shape = np.broadcast_shapes(shape, x.shape)
    return lambda m, x: m.broadcast_to(x, shape), (x,)


@program("expand_dims")
def expand_dims(draw: Draw, name: str) -> Any:
    x = drawn(draw)
    axis = draw(st.integers(-x.ndim - 1, x.ndim) | hnp.valid_tuple_axes(x.ndim + 2, min_size=2, max_size=2))
    return lambda m, x: m.expand_dims(x, axis), (x,)


@program("squeeze")
def squeeze(draw: Draw, name: str) -> Any:
    shape = draw(st.sampled_from([(), (1,), (1, 3, 1), (2, 1), (0, 1)]))
    ones = [i for i, n in enumerate(shape) if n == 1]
    axis = draw(st.none() | st.sampled_from([None, *ones, tuple(ones), *(i - len(shape) for i in ones)]))
    return lambda m, x: m.squeeze(x, axis), (separated(*shape),)


@program("flip")
def flip(draw: Draw, name: str) -> Any:
    x = drawn(draw)
    axis = draw(axes_of(x))
    return lambda m, x: m.flip(x, axis), (x,)


@program("rot90")
def rot90(draw: Draw, name: str) -> Any:
    x, k = drawn(draw, min_dims=2), draw(st.integers(-5, 5))
    axes = draw(hnp.valid_tuple_axes(x.ndim, min_size=2, max_size=2))
    return lambda m, x: m.rot90(x, k, axes), (x,)


@program("pad")
def pad(draw: Draw, name: str) -> Any:
    x = drawn(draw, min_dims=1, max_side=3)
    width = draw(st.integers(0, 2) | st.tuples(st.integers(0, 2), st.integers(0, 2))
                 | st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=x.ndim, max_size=x.ndim))
    fill = draw(st.sampled_from([{}, {"mode": "constant"}, {"constant_values": 2.5}, {"constant_values": (1.5, -2.5)},
                                 {"mode": "edge"}, {"mode": "wrap"}, {"mode": "linear_ramp"},
                                 {"mode": "linear_ramp", "end_values": (1.5, 2)},
                                 *({"mode": mode, "reflect_type": kind} for mode in ("reflect", "symmetric")
                                   for kind in ("even", "odd")),
                                 *({"mode": mode, "stat_length": length} for mode in ("maximum", "minimum", "mean", "median")
                                   for length in (None, 2, (1, 3)))]))
    assume(x.size or fill.get("mode", "constant") == "constant")
    return lambda m, x: m.pad(x, width, **fill), (x,)


@program("concatenate")
def concatenate(draw: Draw, name: str) -> Any:
    x = drawn(draw, min_dims=1)
    axis = draw(st.none() | axis_of(x))
    lengths = draw(st.lists(st.integers(0, 3), max_size=2))
    others = [separated(*(n if axis is not None and i == axis % x.ndim else side for i, side in enumerate(x.shape)),
        seed=n) for n in lengths]
    return lambda m, *xs: m.concatenate(xs if draw else list(xs), axis), (x, *others)


@program("stack")
def stack(draw: Draw, name: str) -> Any:
    x = drawn(draw)
    axis = draw(st.integers(-x.ndim - 1, x.ndim))
    others = [separated(*x.shape, seed=i) for i in range(1, draw(st.integers(1, 3)))]
    return lambda m, *xs: m.stack(list(xs), axis), (x, *others)


@program("vstack", "hstack", "dstack", "column_stack")
def stacks(draw: Draw, name: str) -> Any:
    shapes = draw(st.sampled_from([[(3,), (3,)], [(2, 3), (2, 3)], [(), ()], [(2, 1, 3)], [(0,), (0,)]]))
    if name == "column_stack":
        shapes = draw(st.sampled_from([[(3,), (3,)], [(3, 2), (3,)], [(2, 3), (2, 1)]]))
    return lambda m, *xs: getattr(m, name)(list(xs)), tuple(separated(*s, seed=i) for i, s in enumerate(shapes))


@program("append")
def append(draw: Draw, name: str) -> Any:
    x = drawn(draw)
    axis = draw(st.none() | axis_of(x))
    return lambda m, x, y: m.append(x, y, axis), (x, np.asarray(x * 2.0))


@program("atleast_1d", "atleast_2d", "atleast_3d")
def atleast(draw: Draw, name: str) -> Any:
    xs = tuple(drawn(draw) for _ in range(draw(st.integers(1, 2))))
    return lambda m, *xs: getattr(m, name)(*xs), xs


@program("split", "array_split")
def split(draw: Draw, name: str) -> Any:
    x = drawn(draw, min_dims=1)
    axis = draw(axis_of(x))
    n = x.shape[axis]
    equal = [k for k in range(1, n + 1) if n % k == 0 or name == "array_split"] or [1]
    sections = draw(st.sampled_from(equal) | st.lists(st.integers(0, 5), max_size=3).map(sorted))
    return lambda m, x: getattr(m, name)(x, sections, axis), (x,)


@program("take")
def take(draw: Draw, name: str) -> Any:
    x = drawn(draw, min_dims=1, min_side=1)
    axis = draw(st.none() | axis_of(x))
    n = x.size if axis is None else x.shape[axis]
    indices = draw(hnp.arrays(int, hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=3),
        elements=st.integers(-n, n - 1)))
    return lambda m, x: m.take(x, indices, axis), (x,)


@program("take_along_axis")
def take_along_axis(draw: Draw, name: str) -> Any:
    x = drawn(draw, min_dims=1, min_side=1)
    axis = draw(axis_of(x))
    shape = tuple(draw(st.integers(0, 4)) if i == axis % x.ndim else n for i, n in enumerate(x.shape))
    indices = draw(hnp.arrays(int, shape, elements=st.integers(-x.shape[axis], x.shape[axis] - 1)))
    return lambda m, x: m.take_along_axis(x, indices, axis), (x,)


@program("repeat")
def repeat(draw: Draw, name: str) -> Any:
    x = drawn(draw)
    axis = draw(st.none() | axis_of(x))
    n = x.size if axis is None else x.shape[axis]
    counts = draw(st.integers(0, 3) | st.lists(st.integers(0, 2), min_size=n, max_size=n).filter(lambda c: len(c) != 0))
    return lambda m, x: m.repeat(x, counts, axis), (x,)


@program("tile")
def tile(draw: Draw, name: str) -> Any:
    x = drawn(draw, max_dims=2, max_side=3)
    reps = draw(st.integers(0, 3) | st.integers(1, 2).map(np.int64) | st.lists(st.integers(0, 2), max_size=3))
    return lambda m, x: m.tile(x, reps), (x,)


@program("roll")
def roll(draw: Draw, name: str) -> Any:
    x = drawn(draw, min_dims=1)
    axis = draw(st.none() | axis_of(x) | hnp.valid_tuple_axes(x.ndim, min_size=1))
    several = isinstance(axis, tuple) and draw(st.booleans())
    shift = draw(st.tuples(*(st.integers(-5, 5) for _ in axis)) if several else st.integers(-5, 5))
    return lambda m, x: m.roll(x, shift, axis), (x,)


@program("sort")
def sort(draw: Draw, name: str) -> Any:
    x = drawn(draw, min_dims=1)
    axis = draw(st.none() | axis_of(x))
    return lambda m, x: m.sort(x, axis), (x,)


@program("diff")
def diff(draw: Draw, name: str) -> Any:
    x = drawn(draw, min_dims=1)
    n, axis = draw(st.integers(0, 3)), draw(axis_of(x))
    ends = draw(st.sampled_from([{}, {"prepend": 0.5}, {"append": 1.5}, {"prepend": 2.0, "append": x}]))
    return lambda m, x: m.diff(x, n, axis, **{key: x if y is not None and np.ndim(y) else y for key, y in ends.items()}), (x,)


@program("numerical_gradient")
def numerical_gradient(draw: Draw, name: str) -> Any:
    edge_order = draw(st.sampled_from([1, 2]))
    x = drawn(draw, min_dims=1, max_dims=2, min_side=edge_order + 1)
    axis = draw(st.none() | axis_of(x))
    along = range(x.ndim) if axis is None else [axis]
    spacing = draw(st.sampled_from([(), (0.7,), (0.5, 2.0)[:len(along)],
                                    [np.cumsum(np.arange(1.0, x.shape[i] + 1)) for i in along]]))
    options = {"axis": axis, "edge_order": edge_order}
    return lambda m, x: (m.gradient if m is np else m.numerical_gradient)(x, *spacing, **options), (x,)


@program("partition")
def partition(draw: Draw, name: str) -> Any:
    x = drawn(draw, min_dims=1, min_side=1)
    axis = draw(st.none() | axis_of(x))
    kth = draw(st.integers(0, (x.size if axis is None else x.shape[axis]) - 1))
    return lambda m, x: m.partition(x, kth, axis), (x,)


@program("median")
def median(draw: Draw, name: str) -> Any:
    x = drawn(draw, min_side=1)
    axis, keepdims = draw(axes_of(x)), draw(st.booleans())
    return lambda m, x: m.median(x, axis=axis, keepdims=keepdims), (x,)


@program("linspace")
def linspace(draw: Draw, name: str) -> Any:
    shapes = draw(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=2, min_side=1, max_side=3)).input_shapes
    options = {"num": draw(st.integers(0, 5)), "endpoint": draw(st.booleans()), "axis": draw(st.sampled_from([0, -1]))}
    return lambda m, x, y: m.linspace(x, y, **options), tuple(separated(*s, seed=i) for i, s in enumerate(shapes))


@program("cross")
def cross(draw: Draw, name: str) -> Any:
    shapes = draw(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=2, min_side=1, max_side=3)).input_shapes
    axis = draw(st.sampled_from([-1, 0])) if len(shapes[0]) == len(shapes[1]) else -1
    operands = [np.moveaxis(separated(*s, 3, seed=i), -1, axis) for i, s in enumerate(shapes)]
    return lambda m, x, y: m.cross(x, y, axis=axis), tuple(operands)


@program("select")
def select(draw: Draw, name: str) -> Any:
    x = drawn(draw, min_dims=1)
    first, second = separated(*x.shape, seed=7) > 0.3, separated(*x.shape, seed=8) > 0
    return lambda m, x, y: m.select([first, second], [x, y], 0.5), (x, separated(*x.shape, seed=9))


@program("vsplit", "hsplit", "dsplit")
def split_by_name(draw: Draw, name: str) -> Any:
    x = drawn(draw, min_dims={"vsplit": 2, "hsplit": 1, "dsplit": 3}[name])
    places = draw(st.just(1) | st.lists(st.integers(0, 4), min_size=1, max_size=2).map(sorted))
    return lambda m, x: getattr(m, name)(x, places), (x,)


@program("rollaxis")
def rollaxis(draw: Draw, name: str) -> Any:
    x = drawn(draw, min_dims=1)
    axis, start = draw(st.integers(-x.ndim, x.ndim - 1)), draw(st.integers(-x.ndim, x.ndim))
    return lambda m, x: m.rollaxis(x, axis, start), (x,)


@program("diagonal", "trace")
def diagonal(draw: Draw, name: str) -> Any:
    x = drawn(draw, min_dims=2)
    offset, axes = draw(st.integers(-4, 4)), draw(hnp.valid_tuple_axes(x.ndim, min_size=2, max_size=2))
    return lambda m, x: getattr(m, name)(x, offset, *axes), (x,)


@program("diag")
def diag(draw: Draw, name: str) -> Any:
    x, k = drawn(draw, min_dims=1, max_dims=2), draw(st.integers(-3, 3))
    return lambda m, x: m.diag(x, k), (x,)


@program("tril", "triu")
def triangle(draw: Draw, name: str) -> Any:
    x, k = drawn(draw, min_dims=1), draw(st.integers(-3, 3))
    return lambda m, x: getattr(m, name)(x, k), (x,)


@program("where")
def where(draw: Draw, name: str) -> Any:
    shapes = draw(hnp.mutually_broadcastable_shapes(num_shapes=3, max_dims=3, min_side=0, max_side=3)).input_shapes
    condition = separated(*shapes[0], seed=7) > 0
    return lambda m, x, y: m.where(condition, x, y), tuple(separated(*s, seed=i) for i, s in enumerate(shapes[1:]))


@program("clip")
def clip(draw: Draw, name: str) -> Any:
    x = drawn(draw)
    gap = 3 / max(x.size, 4)
    low, high = (-x.size // 6 - 0.2) * gap, (x.size // 6 + 0.8) * gap  # halfway between two entries, as ``separated`` has them
    bounds = draw(st.sampled_from([{"a_min": low, "a_max": high}, {"a_min": None, "a_max": high}, {"a_min": low, "a_max": None},
                                   {"min": low, "max": high}, {"min": low}, {"a_min": -9, "a_max": 9}]))
    return lambda m, x: m.clip(x, **bounds), (x,)


@program("average")
def average(draw: Draw, name: str) -> Any:
    x = drawn(draw, min_dims=1, min_side=1)
    axis = draw(axis_of(x))
    weights = draw(st.sampled_from([None, np.arange(1, x.shape[axis] + 1, dtype=np.float32)]))
    return lambda m, x: m.average(x, axis=axis, weights=weights), (x,)


@program("ptp")
def ptp(draw: Draw, name: str) -> Any:
    x = drawn(draw, min_side=1)
    axis = draw(axis_of(x))
    return lambda m, x: m.ptp(x, axis), (x,)


@program("nan_to_num")
def nan_to_num(draw: Draw, name: str) -> Any:
    return lambda m, x: m.nan_to_num(x), (drawn(draw),)


@program("broadcast_arrays")
def broadcast_arrays(draw: Draw, name: str) -> Any:
    shapes = draw(hnp.mutually_broadcastable_shapes(num_shapes=3, max_dims=3, min_side=0, max_side=3)).input_shapes
    return lambda m, *xs: m.broadcast_arrays(*xs), tuple(separated(*s, seed=i) for i, s in enumerate(shapes))


OTHERWISE = {"norm", "logsumexp", "softmax", "log_softmax", "astype", "argmax",
    "argmin"}  # tested below, each on its own


def agree(call: Callable[..., Any], *operands: np.ndarray, orders: bool = True) -> None:
    """A function of this module on tensors, on arrays, and NumPy's own on tensors give what NumPy gives on arrays."""
    wanted = call(np, *operands)
    several = isinstance(wanted, (list, tuple))
    for got, kind in ((call(functions, *map(Tensor, operands)), Tensor), (call(np, *map(Tensor, operands)), Tensor),
                      (call(functions, *operands), (np.ndarray, np.generic, float))):
        assert not several or (isinstance(got, (list, tuple)) and len(got) == len(wanted))
        for part, number in zip(got, wanted) if several else [(got, wanted)]:
            assert isinstance(part, kind)
            assert np.shape(part) == np.shape(number)
            assert plain_array(part).dtype == number.dtype
            assert np.allclose(part, number, rtol=1e-13, atol=1e-14, equal_nan=True)
    if orders:
        check_derivatives(lambda *xs: call(functions, *xs), *operands)
        check_float32(lambda *xs: call(functions, *xs), *operands)


@pytest.mark.parametrize("name", [name for name in functions.__all__ if name not in OTHERWISE])
@given(data=st.data())
@quick
def test_function(name: str, data: st.DataObject) -> None:
    if name not in PROGRAMS:
        pytest.fail(f"functions.{name} is public and untested: add @program({name!r}) to {__file__}")
    call, operands = PROGRAMS[name](data.draw)
    agree(call, *operands)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in functions.__all__ if name not in OTHERWISE])
@given(data=st.data())
@long
def test_function_at_length(name: str, data: st.DataObject) -> None:
    call, operands = PROGRAMS[name](data.draw)
    agree(call, *operands)
