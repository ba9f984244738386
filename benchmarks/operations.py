"""All operations on arrays, forward and gradient, compared with PyTorch: one process, one thread, in turns."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any, NamedTuple

from .figures import quartiles
from .measure import Record, Settings, Worker, rounded, rows, serve

SIZES, KINDS = (10**3, 10**5, 10**7), ("float64", "float32")
LEAST, MOST = 3, 200  # turns of each side; fewer where they take over a few seconds
SLOW = 3.0
THEIRS = {"arccos": "acos", "arcsin": "asin", "arctan": "atan", "arccosh": "acosh", "arcsinh": "asinh", "arctanh": "atanh",
          "arctan2": "atan2", "mod": "remainder"}  # PyTorch's names where they differ
WITHIN = {"softplus", "leaky_relu", "elu"}  # of torch.nn.functional, with default options
FLAT = {"step", "sign", "trunc", "rint", "floor", "floor_divide"}  # no gradient
CLIPS = {"clip_min": "min", "clip_max": "max"}  # torch.clamp's arguments


class Case(NamedTuple):
    """One operation for both libraries, with a function that draws operands of a size."""

    name: str
    ours: Callable[..., Any]
    theirs: Callable[..., Any]
    shapes: Callable[[int], list[tuple[int, ...]]]
    domains: list[tuple[float, float]]


def cases(torch: Any) -> Iterator[Case]:
    """All rows that PyTorch also has, then the array operations."""
    from autograd import ops
    for row in ops.rows.values():
        theirs = getattr(torch.nn.functional if row.name in WITHIN else torch, THEIRS.get(row.name, row.name), None)
        arity = row.arity - len(row.defaults)
        if row.name in CLIPS:
            yield Case(row.name, lambda x, f=row: f(x, 0.5), lambda x, end=CLIPS[row.name]: torch.clamp(x, **{end: 0.5}),
                       lambda n: [(n,)], [(-2.0, 2.0)])
        elif row.arity and theirs and row.name not in FLAT:
            yield Case(row.name, row, theirs, lambda n, k=arity: [(n,)] * k, list(row.domain[:arity]))
    for power in (2.0, 3.0, 0.5, -1.0):
        yield Case(f"x ** {power:g}", lambda x, p=power: x**p, lambda x, p=power: x**p, lambda n: [(n,)], [(0.1, 2.0)])
    yield from mixing(torch)
    yield from matrices(torch)


def square(n: int) -> tuple[int, int]:
    """The shape of a square array of about n entries."""
    return (math.isqrt(n),) * 2


def factor(n: int) -> tuple[int, int]:
    """The shape of a factor of a matrix product, smaller because the product takes more than n steps."""
    return (max(4, round(n ** (1 / 2.5))),) * 2


def batch(n: int) -> tuple[int, int, int]:
    """The shape of eight such factors."""
    return (8, *factor(n // 8))


def add(name: str, ours: Any, theirs: Any, *shapes: Callable[[int], tuple[int, ...]]) -> Case:
    """A case of arrays of these shapes with entries from −2 to 2."""
    return Case(name, ours, theirs, lambda n: [shape(n) for shape in shapes], [(-2.0, 2.0)] * len(shapes))


def mixing(torch: Any) -> Iterator[Case]:
    """The operations that mix or move entries."""
    import autograd as ag
    both = {"sum": (), "mean": (), "softmax": (1,), "log_softmax": (1,), "logsumexp": (1,), "cumsum": (1,), "flip": (1,),
            "prod": (1,), "trace": (), "triu": ()}
    for name, options in both.items():
        yield add(name, lambda x, f=getattr(ag, name), o=options: f(x, *o),
                  lambda x, f=getattr(torch, name), o=((1,),) if name == "flip" else options: f(x, *o), square)
    yield add("sum over rows", lambda x: x.sum(0), lambda x: x.sum(0), square)
    yield add("var", lambda x: x.var(), lambda x: x.var(unbiased=False), square)
    yield add("std", lambda x: ag.std(x, 1), lambda x: x.std(1, unbiased=False), square)
    yield add("norm", ag.norm, lambda x: x.norm(), square)
    yield add("max", lambda x: ag.max(x, 1), lambda x: x.amax(1), square)
    yield add("min", lambda x: ag.min(x, 1), lambda x: x.amin(1), square)
    yield add("getitem", lambda x: x[1:, ::2], lambda x: x[1:, ::2], square)
    yield add("reshape", lambda x: ag.reshape(x, (-1,)), lambda x: x.reshape(-1), square)
    yield add("transpose", lambda x: ag.transpose(x), lambda x: x.t(), square)
    yield add("broadcast_to", lambda x: ag.broadcast_to(x, (2, *x.shape)), lambda x: x.expand(2, *x.shape), square)
    yield add("astype", lambda x: x.astype("float64"), lambda x: x.double(), square)
    yield add("roll", lambda x: ag.roll(x, 3, 1), lambda x: x.roll(3, 1), square)
    yield add("sort", lambda x: ag.sort(x, 1), lambda x: x.sort(1)[0], square)
    yield add("pad", lambda x: ag.pad(x, 2), lambda x: torch.nn.functional.pad(x, (2, 2, 2, 2)), square)
    yield add("tile", lambda x: ag.tile(x, (2, 1)), lambda x: x.tile(2, 1), square)
    yield add("repeat", lambda x: ag.repeat(x, 2, 0), lambda x: x.repeat_interleave(2, 0), square)
    yield add("where", lambda x, y: ag.where(x.data > 0, x, y), lambda x, y: torch.where(x > 0, x, y), square, square)
    yield add("concatenate", lambda x, y: ag.concatenate([x, y]), lambda x, y: torch.cat([x, y]), square, square)
    yield add("stack", lambda x, y: ag.stack([x, y]), lambda x, y: torch.stack([x, y]), square, square)
    yield add("bias", lambda x, b: x + b, lambda x, b: x + b, square, lambda n: square(n)[:1])


def matrices(torch: Any) -> Iterator[Case]:
    """Products of matrices, and what is computed of a symmetric matrix with eigenvalues of 1 and more."""
    import autograd as ag
    import numpy as np
    yield add("outer", ag.outer, torch.outer, lambda n: square(n)[:1], lambda n: square(n)[:1])
    yield add("matmul", lambda x, y: x @ y, lambda x, y: x @ y, factor, factor)
    yield add("matmul, batched", lambda x, y: x @ y, lambda x, y: x @ y, batch, batch)
    for spec, shape in (("ij,kj->ik", factor), ("bij,bkj->bik", batch), ("ij,ij->", square)):
        yield add(f"einsum {spec}", lambda x, y, s=spec: ag.einsum(s, x, y), lambda x, y, s=spec: torch.einsum(s, x, y),
                  shape, shape)
    for name in ("inv", "det", "cholesky", "eigvalsh"):
        def ours(x: Any, f: Any = getattr(ag.linalg, name if name != "det" else "slogdet")) -> Any:
            y = f(x @ x.T / len(x) + np.eye(len(x), dtype=x.dtype))
            return y[1] if isinstance(y, tuple) else y

        def theirs(x: Any, f: Any = getattr(torch.linalg, name if name != "det" else "slogdet")) -> Any:
            y = f(x @ x.T / len(x) + torch.eye(len(x), dtype=x.dtype))
            return y[1] if isinstance(y, tuple) else y
        yield add(name if name != "det" else "slogdet", ours, theirs, factor)


class Operations:
    """The table of all operations, relative to PyTorch's time; each column has a process of its own."""

    title = "Operations on arrays, forward and gradient: times that of PyTorch, on one thread"

    def measure(self, run: Settings) -> Record:
        """Return for each column, a dtype and a size, each operation's quartiles of the ratio, and PyTorch's microseconds."""
        columns: Record = {}
        for kind in KINDS:
            for size in SIZES[:-1] if run.quick else SIZES:
                worker = Worker("operations", f"{kind} {size}")
                columns[f"{kind} {size}"] = worker.run(run.turn)
                worker.stop()
        return {"title": self.title, "columns": columns}

    def work(self, part: str) -> None:
        """Run as the worker of a column."""
        kind, size = part.split()

        def column(seconds: float) -> Record:
            import torch
            torch.set_num_threads(1)
            return {case.name: compared(torch, case, kind, int(size), seconds) for case in cases(torch)}
        serve(column)


def compared(torch: Any, case: Case, kind: str, size: int, seconds: float) -> Record:
    """The quartiles of chainrule's time over PyTorch's, and PyTorch's in microseconds; a failure where gradients differ."""
    import numpy as np
    from autograd import Tensor
    rng = np.random.default_rng(size)
    arrays = [rng.uniform(low, high, shape).astype(kind) for shape, (low, high) in zip(case.shapes(size), case.domains)]
    own, peers = [Tensor(x) for x in arrays], [torch.tensor(x, requires_grad=True) for x in arrays]

    def run(f: Callable[..., Any], xs: list[Any]) -> None:
        for x in xs:
            x.grad = None
        f(*xs).sum().backward()
    run(case.ours, own)
    run(case.theirs, peers)
    bar = 1e-3 if kind == "float32" else 1e-8
    if not all(np.allclose(x.grad, peer.grad.numpy(), bar, bar) for x, peer in zip(own, peers)):
        return {"failure": "the gradients differ"}
    times: list[tuple[float, float]] = []
    while not times or sum(map(sum, times)) < (SLOW if len(times) < LEAST else seconds) and len(times) < MOST:
        pair = []
        for f, xs in ((case.ours, own), (case.theirs, peers)):
            start = perf_counter()
            run(f, xs)
            pair.append(perf_counter() - start)
        times.append((pair[0], pair[1]))
    return {"ratio": quartiles([a / b for a, b in times]), "microseconds": rounded(1e6 * quartiles([b for _, b in times])[1])}


rows["operations"] = Operations()
