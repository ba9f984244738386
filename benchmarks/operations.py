"""All operations on arrays, forward and gradient, compared with PyTorch: one process, one thread, in turns."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from statistics import geometric_mean, median
from time import perf_counter
from typing import Any, NamedTuple

from .measure import rows

SIZES, KINDS = (10**3, 10**5, 10**7), ("float64", "float32")
SECONDS = 0.05  # of turns for each side
THEIRS = {"arccos": "acos", "arcsin": "asin", "arctan": "atan", "arccosh": "acosh", "arcsinh": "asinh", "arctanh": "atanh",
          "arctan2": "atan2", "mod": "remainder", "neg": "neg"}  # PyTorch's names where they differ
WITHIN = {"softplus", "leaky_relu", "elu"}  # of torch.nn.functional, with default options


class Case(NamedTuple):
    """One operation for both libraries, with a function that draws operands of a size."""

    name: str
    ours: Callable[..., Any]
    theirs: Callable[..., Any]
    shapes: Callable[[int], list[tuple[int, ...]]]
    domains: list[tuple[float, float]]


def cases() -> Iterator[Case]:
    """All rows that PyTorch also has, then the array operations."""
    import torch
    from autograd import ops
    for row in ops.rows.values():
        name = THEIRS.get(row.name, row.name)
        theirs = getattr(torch.nn.functional if name in WITHIN else torch, name, None)
        if row.arity and theirs and row.name not in ("constant", "step", "floor", "sign", "trunc", "rint", "floor_divide"):
            arity = row.arity - len(row.defaults)
            yield Case(row.name, row, theirs, lambda n, k=arity: [(n,)] * k, list(row.domain[:arity]))
    for power in (2.0, 3.0, 0.5, -1.0):
        yield Case(f"x ** {power:g}", lambda x, p=power: x**p, lambda x, p=power: x**p, lambda n: [(n,)], [(0.1, 2.0)])
    yield from mixing()


def mixing() -> Iterator[Case]:
    """The operations that mix entries."""
    import autograd as ag
    import torch

    def square(n: int) -> tuple[int, int]:
        return (math.isqrt(n),) * 2

    def add(name: str, ours: Any, theirs: Any, *shapes: Callable[[int], tuple[int, ...]]) -> Case:
        return Case(name, ours, theirs, lambda n: [shape(n) for shape in shapes], [(-2.0, 2.0)] * len(shapes))
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
    yield add("roll", lambda x: ag.roll(x, 3, 1), lambda x: x.roll(3, 1), square)
    yield add("sort", lambda x: ag.sort(x, 1), lambda x: x.sort(1)[0], square)
    yield add("pad", lambda x: ag.pad(x, 2), lambda x: torch.nn.functional.pad(x, (2, 2, 2, 2)), square)
    yield add("tile", lambda x: ag.tile(x, (2, 1)), lambda x: x.tile(2, 1), square)
    yield add("repeat", lambda x: ag.repeat(x, 2, 0), lambda x: x.repeat_interleave(2, 0), square)
    yield add("where", lambda x, y: ag.where(x.data > 0, x, y), lambda x, y: torch.where(x > 0, x, y), square, square)
    yield add("concatenate", lambda x, y: ag.concatenate([x, y]), lambda x, y: torch.cat([x, y]), square, square)
    yield add("stack", lambda x, y: ag.stack([x, y]), lambda x, y: torch.stack([x, y]), square, square)
    yield add("bias", lambda x, b: x + b, lambda x, b: x + b, square, lambda n: square(n)[:1])
    yield add("outer", ag.outer, torch.outer, lambda n: square(n)[:1], lambda n: square(n)[:1])

    def factor(n: int) -> tuple[int, int]:
        return (max(4, round(n ** (1 / 2.5))),) * 2

    def batch(n: int) -> tuple[int, int, int]:
        return (8, *(max(4, round((n / 8) ** (1 / 2.5))),) * 2)
    yield add("matmul", lambda x, y: x @ y, lambda x, y: x @ y, factor, factor)
    yield add("matmul, batched", lambda x, y: x @ y, lambda x, y: x @ y, batch, batch)
    for spec, shape in (("ij,kj->ik", factor), ("bij,bkj->bik", batch), ("ij,ij->", square)):
        yield add(f"einsum {spec}", lambda x, y, s=spec: ag.einsum(s, x, y), lambda x, y, s=spec: torch.einsum(s, x, y),
                  shape, shape)


class Operations:
    """The table of all operations, relative to PyTorch's time."""

    title = "Operations on arrays, forward and gradient: times that of PyTorch, on one thread"

    def measure(self) -> str:
        """Return the table by size and dtype, with geometric means and a list of the ratios above 2."""
        try:
            import torch
        except ImportError as error:
            return f"\n{self.title}\n  not installed ({error.name})"
        torch.set_num_threads(1)
        columns = [(kind, size) for kind in KINDS for size in SIZES]
        lines = ["", self.title, "  " + " " * 18 + "".join(f"{f'{kind[-2:]} bits, {size:.0e}':>16}" for kind, size in columns)]
        ratios: dict[tuple[str, int], dict[str, float]] = {column: {} for column in columns}
        for case in cases():
            for column in columns:
                ratios[column][case.name] = compared(case, *column)
            lines.append(f"  {case.name:<18}" + "".join(f"{ratios[column][case.name]:>16.2f}" for column in columns))
        means = [geometric_mean(ratios[column].values()) for column in columns]
        lines.append(f"  {'geometric mean':<18}" + "".join(f"{mean:>16.2f}" for mean in means))
        for column in columns:
            above = [f"{name} {ratio:.2f}" for name, ratio in ratios[column].items() if ratio > 2]
            lines.append(f"  above 2, {column[0]}, {column[1]:.0e}: {', '.join(above) or 'none'}")
        return "\n".join(lines)


def compared(case: Case, kind: str, size: int) -> float:
    """The ratio of chainrule's time to PyTorch's, the median over turns. Raises ArithmeticError where gradients differ."""
    import numpy as np
    import torch
    from autograd import Tensor
    rng = np.random.default_rng(size)
    arrays = [rng.uniform(low, high, shape).astype(kind) for shape, (low, high) in zip(case.shapes(size), case.domains)]
    own, peers = [Tensor(x) for x in arrays], [torch.tensor(x, requires_grad=True) for x in arrays]

    def run(f: Callable[..., Any], xs: list[Any]) -> None:
        for x in xs:
            x.grad = None
        f(*xs).sum().backward()
    times: list[float] = []
    run(case.ours, own)
    run(case.theirs, peers)
    bar = 1e-3 if kind == "float32" else 1e-8
    for x, peer in zip(own, peers):
        if not np.allclose(x.grad, peer.grad.numpy(), bar, bar):
            raise ArithmeticError(f"{case.name}, {kind}, {size:,} entries: the gradients differ")
    spent = 0.0
    while not times or spent < SECONDS and len(times) < 200:
        seconds = []
        for f, xs in ((case.ours, own), (case.theirs, peers)):
            start = perf_counter()
            run(f, xs)
            seconds.append(perf_counter() - start)
        times.append(seconds[0] / seconds[1])
        spent += seconds[0]
    return median(times)


rows["operations"] = Operations()
