"""Zoom: a small operation on tensors, or a gate such as sigmoid, expanded into its circuit of single numbers.

The forward of an array operation, applied to arrays of Values, builds that circuit of sums, products and selections. Only decisions
that NumPy makes without a gate (the largest entry, for example) are written out here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import reduce
from typing import TYPE_CHECKING, Any

from autograd import Value, exp, gradient, log, maximum, minimum, scope, sigmoid, softplus, tanh
from autograd.graph import topological
from autograd.notebook import bundle, shortened

from .drawing import Drawing, draw

if TYPE_CHECKING:
    from autograd import Tensor
    from autograd.typing import Array, PlainArrayLike

LIMIT = 600  # entries, of all tensors that are opened together


class Zoom(list[Value]):
    """The results of a tensor's circuit as a list of Values in row order, for ``viz.draw``.

    ``shape`` is the shape of the results together, ``inputs`` maps each input's name to an array of its Values, ``gates`` counts
    the operations. ``gradients`` maps each input's name to two arrays, the gradient from the tensors' rules and the gradient from
    the single numbers; ``difference`` is their largest difference, relative to the largest gradient. ``seed`` is the upstream
    gradient.
    """

    shape: tuple[int, ...]
    seed: Any
    inputs: dict[str, Any]
    gradients: dict[str, tuple[Any, Any]]
    title: str

    @property
    def gates(self) -> int:
        """The number of operations on single numbers."""
        return sum(1 for node in topological(*self) if node.operands)

    @property
    def difference(self) -> float:
        """The largest difference between the two gradients, relative to the largest finite one; equal nan or inf count as 0."""
        import numpy as np
        pairs = [(tensor[unlike], numbers[unlike]) for tensor, numbers in self.gradients.values()
                 if (unlike := (tensor != numbers) & ~(np.isnan(tensor) & np.isnan(numbers))).any()]
        finite = [numbers[np.isfinite(numbers)] for _, numbers in self.gradients.values()]
        largest = max((float(np.abs(numbers).max(initial=0.0)) for numbers in finite), default=0.0)
        return max((float(np.abs(tensor - numbers).max()) for tensor, numbers in pairs), default=0.0) / (largest or 1.0)

    def __repr__(self) -> str:
        lines = [f"{self.title}: {self.gates} gates of single numbers; both gradients agree to {self.difference:.0e}"]
        if (self.seed != 1).any():
            lines.append(f"  gradient from above: {_written(self.seed)}")
        for name, pair in self.gradients.items():
            for kind, array in zip(("of tensors", "of numbers"), pair):
                lines.append(f"  gradient {name} {kind}: {_written(array)}")
        return shortened("\n".join(lines))

    def drawing(self) -> Drawing:
        """Return the picture of the circuit, as shown in notebooks."""
        return draw(self, title=self.title)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return bundle(self.drawing().svg, repr(self))


def _written(array: Array) -> str:
    import numpy as np
    return np.array2string(array, precision=4, separator=", ", suppress_small=True, threshold=24).replace("\n", "")


def zoom(y: Tensor | Value, inputs: Iterable[Tensor | Value] | None = None, *, entry: int | tuple[int, ...] | None = None,
         seed: PlainArrayLike | None = None) -> Zoom:
    """Expand the tensor ``y`` into its circuit of Values, with the gradients of both side by side.

    It expands the operation that computed ``y``; with ``inputs``, tensors that ``y`` depends on, everything between them and ``y``,
    each operation in a scope of its name (``viz.draw(…, collapse=True)`` collapses them). A Value is expanded if its gate stands
    for several (sigmoid, tanh, softplus). ``entry`` is the index of one entry of ``y``, to expand only its circuit (one window of a
    convolution). ``seed`` is the upstream gradient, of the shape of the expanded entries: ``y.grad`` after a backward pass, else
    ones; if ones would make every gradient 0, as for a softmax, 1 for the first entry and 0 for the others. Raises TypeError for an
    argument that is not a computed node, ValueError where ``y`` does not depend on the inputs or they are too large, and for linear
    algebra, which has no circuit of numbers.

    >>> from autograd import Tensor
    >>> x, w = Tensor([[1.0, 2.0]], "x"), Tensor([[3.0], [4.0]], "w")
    >>> zoom(x @ w)
    matmul: 3 gates of single numbers; both gradients agree to 0e+00
      gradient x of tensors: [[3., 4.]]
      gradient x of numbers: [[3., 4.]]
      gradient w of tensors: [[1.], [2.]]
      gradient w of numbers: [[1.], [2.]]
    """
    import numpy as np
    if not getattr(y, "operands", ()) or getattr(y, "op", None) is None:
        raise TypeError(f"zoom opens the operation that computed a node; got {y!r:.60} ({type(y).__name__}), which "
                        "no operation computed. Give it a result: y = x @ w; zoom(y)")
    leaves = list(dict.fromkeys(y.inputs if inputs is None else inputs))
    order = _between(leaves, y)
    if (size := sum(_size(node) for node in [*leaves, *order])) > LIMIT:
        raise ValueError(f"zoom of {y.op.name}, shape {_shape(y)}: {size:,} entries are too many to draw (the limit is "
                         f"{LIMIT}); select smaller tensors first: zoom(x[:2] @ w[:, :2])")
    called = _names(leaves)
    opened: dict[Any, Any] = {x: _leaf(x, name) for x, name in called.items()}
    for node in order:
        with scope(node.op.name):
            opened[node] = _open(node, [opened.get(x, getattr(x, "array", x)) for x in node.operands])
    if isinstance(y, Value) and not any(node.op.name in _gates for node in order):
        raise ValueError(f"zoom of {y.op.name}: it is one gate already; the operations on numbers that can be opened are "
                         f"{', '.join(_gates)}")
    index = () if entry is None else entry
    picked = np.asarray(opened[y][index], dtype=object)
    circuit = Zoom(x for x in picked.ravel() if isinstance(x, Value))
    if not circuit:
        raise ValueError(f"zoom of {y.op.name}, shape {_shape(y)}: no number in it takes a gradient")
    circuit.seed = _seed(y, leaves, index, picked.shape) if seed is None else np.broadcast_to(np.asarray(seed, float), picked.shape)
    _total([s * x for s, x in zip(circuit.seed.ravel().tolist(), picked.ravel()) if isinstance(x, Value)]).backward()
    circuit.shape, circuit.title = picked.shape, " → ".join(node.op.name for node in order)
    circuit.inputs = {name: opened[x] for x, name in called.items()}
    circuit.gradients = {name: (np.asarray(tensor, dtype=float), _numbers(opened[x]))
                         for (x, name), tensor in zip(called.items(), _gradients(y, leaves, index, circuit.seed))}
    return circuit


def _seed(y: Any, leaves: list[Any], index: Any, shape: tuple[int, ...]) -> Array:
    """The default upstream gradient, chosen so that not all gradients are 0."""
    import numpy as np
    if y.grad is not None:
        return np.array(np.asarray(y.grad)[index], dtype=float)
    ones = np.ones(shape)
    first = np.zeros(shape)
    first.flat[:1] = 1.0
    most, alone = (max((float(np.abs(g).max(initial=0.0)) for g in _gradients(y, leaves, index, seed)), default=0.0)
                   for seed in (ones, first))
    return first if most < 1e-9 * alone else ones


def _gradients(y: Any, leaves: list[Any], index: Any, seed: Array) -> list[Any]:
    """The gradients by the nodes' own rules, for selected entries of the result times the seed."""
    import numpy as np
    whole = np.zeros(_shape(y))
    whole[index] = seed
    found: list[Any] = gradient(y, leaves, seed=float(whole) if isinstance(y, Value) else whole)
    return found


def _shape(node: Any) -> tuple[int, ...]:
    return getattr(node, "shape", ())


def _size(node: Any) -> int:
    return getattr(node, "size", 1)


def _between(leaves: list[Any], y: Any) -> list[Any]:
    """The nodes between the leaves and ``y``, inputs first."""
    above = dict.fromkeys(topological(y))
    if missing := [x for x in leaves if x not in above or x is y]:
        raise ValueError(f"zoom: {missing[0]!r:.60} is not an ancestor of {y.op.name}, shape {_shape(y)}; give nodes that "
                         "it was computed from")
    reached = set(leaves)
    between = []
    for node in above:
        if node not in reached and not reached.isdisjoint(node.inputs):
            reached.add(node)
            between.append(node)
    return between


def _names(leaves: list[Any]) -> dict[Any, str]:
    """The name of each input: its own, else x, y, u, v, …, each once."""
    taken = {x.name for x in leaves if x.name}
    free = (name for name in [*"xyuvpqrs", *(f"x{i}" for i in range(len(leaves)))] if name not in taken)
    names: dict[Any, str] = {}
    for x in leaves:
        name = x.name if x.name and x.name not in names.values() else next(free)
        names[x] = name
    return names


def _leaf(x: Any, name: str) -> Array:
    """The entries of a tensor, or a number, as an array of named Values."""
    import numpy as np
    values = np.empty(_shape(x), dtype=object)
    for index in np.ndindex(*values.shape):
        number = x.plain_data()[index] if index else x.data
        values[index] = Value(float(number), f"{name}[{','.join(map(str, index))}]" if index else name)
    return values


def _numbers(values: Array) -> Array:
    """The gradients of an array of Values, 0 where there is none."""
    import numpy as np
    return np.array([value.grad or 0.0 for value in values.ravel()], dtype=float).reshape(values.shape)


def _open(node: Any, operands: list[Any]) -> Array:
    """The result of a tensor's operation as an array of Values, computed from arrays of Values and of numbers."""
    import numpy as np

    from autograd.elementwise import silent
    if isinstance(node, Value):
        numbers = [x.item() if isinstance(x, np.ndarray) else x for x in operands]
        made = np.empty((), dtype=object)
        made[()] = _gates.get(node.op.name, node.op)(*numbers)
        return made
    if node.params is None:
        arrays = [np.asarray(x, dtype=object) for x in operands]
        return np.asarray(silent(np.frompyfunc(node.op, node.op.arity, 1))(*arrays), dtype=object)  # it warns of nan
    if node.op.module == "autograd.linalg":
        raise ValueError(f"zoom of {node.op.name}: LAPACK computes it, and no circuit of numbers has its steps; open the "
                         "operations before and after it, zoom(y, [the matrix it gave])")
    options = {key: dict(x) if key == "cache" else x for key, x in node.params.items()}
    forward = _spelled.get(node.op.name, node.op.forward)
    return np.asarray(forward(*[np.asarray(x, dtype=object) for x in operands], **options), dtype=object)


# ── decisions that NumPy makes without a gate ────────────────────────────────────────────────────────────────────

def _along(x: Array, axis: Any, f: Callable[[list[Any]], Any], keepdims: bool) -> Array:
    """``f`` of the list of entries along axes, for every place in the others."""
    import numpy as np
    axes = tuple(range(x.ndim)) if axis is None else tuple(a % x.ndim for a in np.atleast_1d(axis))
    kept = [n for i, n in enumerate(x.shape) if i not in axes]
    rows = np.moveaxis(x, axes, range(x.ndim - len(axes), x.ndim)).reshape(*kept, -1)
    out = np.empty(kept, dtype=object)
    for index in np.ndindex(*kept):
        out[index] = f(list(rows[index]))
    return out.reshape([1 if i in axes else n for i, n in enumerate(x.shape)]) if keepdims else out


def _extreme(gate: Any, pick: Any) -> Any:
    """The maximum or minimum as a chain of gates; k equal entries, which share the gradient equally, as their mean."""
    def f(entries: list[Any]) -> Any:
        top = pick(map(_data, entries))
        equal = [x for x in entries if _data(x) == top]
        shared = equal[0] if len(equal) == 1 else _total(equal) * (1.0 / len(equal))
        return reduce(gate, [x for x in entries if _data(x) != top], shared)
    return lambda x, axis, keepdims: _along(x, axis, f, keepdims)


def _data(x: Value | float) -> float:
    """The number of an entry (a Value or a plain number), for decisions outside the graph."""
    return x.data if isinstance(x, Value) else float(x)


def _total(entries: list[Any]) -> Any:
    return reduce(lambda a, b: a + b, entries)


def _exponentials(entries: list[Any]) -> list[Any]:
    """exp of each entry; the largest is subtracted only where exp would overflow, because the picture is simpler without."""
    top = max(map(_data, entries))
    return [exp(x - top) if abs(top) > 600 else exp(x) for x in entries]


def _logsumexp(entries: list[Any]) -> Any:
    top = max(map(_data, entries))
    return log(_total(_exponentials(entries))) + (top if abs(top) > 600 else 0.0)


def _softmax(x: Any, axis: Any) -> Any:
    import numpy as np
    e = np.empty(x.shape, dtype=object)
    tops = _along(x, axis, lambda entries: max(map(_data, entries)), True)
    for index, top in np.ndenumerate(np.broadcast_to(tops, x.shape)):
        e[index] = exp(x[index] - top) if abs(top) > 600 else exp(x[index])
    return e / _along(e, axis, _total, True)


def _cross_entropy(x: Any, target: Any, weights: Any, divisor: float | None, cache: Any) -> Any:
    import numpy as np

    from autograd.elementwise import silent
    losses = -silent(np.frompyfunc(log, 1, 1))(_softmax(x, 1)[np.arange(len(x)), target]) * weights
    return losses if divisor is None else np.sum(losses) if divisor == 1 else np.sum(losses) / divisor


def _batch_norm(x: Any, w: Any, b: Any, eps: float, cache: Any) -> Any:
    """Batch norm with mean and deviation in their own scopes, so that the picture fits a page when they are collapsed."""
    axes, shape = tuple(i for i in range(x.ndim) if i != 1), [-1 if i == 1 else 1 for i in range(x.ndim)]

    def mean(x: Any) -> Any:
        return _along(x, axes, _total, True) / (x.size // x.shape[1])

    with scope("mean"):
        middle = mean(x)
    centred = x - middle
    with scope("deviation"):
        deviation = (mean(centred * centred) + eps) ** 0.5
    out = centred / deviation
    if all(type(x) is not Value and x == none for weights, none in ((w, 1), (b, 0)) for x in weights):  # no weight and bias
        return out
    return out * w.reshape(shape) + b.reshape(shape)


def _max_pool(x: Any, kernel: Any, stride: Any, dilation: Any) -> Any:
    """Max pooling; the first of equal maxima takes the gradient, so only that one enters the gates."""
    import numpy as np
    rows, columns = ((n - d * (k - 1) - 1) // s + 1 for n, k, s, d in zip(x.shape[2:], kernel, stride, dilation))
    out = np.empty((*x.shape[:2], rows, columns), dtype=object)
    for n, c, i, j in np.ndindex(*out.shape):
        window = x[n, c][i * stride[0]:, j * stride[1]:][:dilation[0] * (kernel[0] - 1) + 1:dilation[0],
                                                         :dilation[1] * (kernel[1] - 1) + 1:dilation[1]].ravel()
        first = max(window, key=_data)
        out[n, c, i, j] = reduce(maximum, [entry for entry in window if _data(entry) != _data(first)], first)
    return out


_spelled: dict[str, Any] = {
    "batch_norm": _batch_norm,
    "astype": lambda x, dtype: x.copy(),
    "max": _extreme(maximum, max), "min": _extreme(minimum, min),
    "logsumexp": lambda x, axis, keepdims: _along(x, axis, _logsumexp, keepdims),
    "softmax": _softmax,
    "log_softmax": lambda x, axis: x - _along(x, axis, _logsumexp, True),
    "cross_entropy": _cross_entropy,
    "max_pool2d": _max_pool,
}


# ── gates of numbers that stand for several ──────────────────────────────────────────────────────────────────────

def _sigmoid(x: Value) -> Any:
    return sigmoid(x) if x.data < -700 else 1.0 / (exp(x * -1.0) + 1.0)  # exp(−x) would be infinite


def _tanh(x: Value) -> Any:
    if abs(x.data) > 350:
        return tanh(x)
    up, down = exp(x), exp(x * -1.0)
    return (up - down) / (up + down)


_gates: dict[str, Any] = {"sigmoid": _sigmoid, "tanh": _tanh,
                          "softplus": lambda x: softplus(x) if x.data > 700 else log(exp(x) + 1.0)}
