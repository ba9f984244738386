"""Random programs for property tests: sequences of operations of the whole table, on earlier results.

A program is drawn together with its point, so that all operands are inside the operations' domains and away from kinks. Run in
mpmath, it is the exact function for comparison.
"""

from __future__ import annotations

import math
import random
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

from autograd import NoDerivativeWarning, ops
from hypothesis import strategies as st

from .test_ops import ROWS, mp, twin

# how far an operation is from where its derivative jumps
MARGIN: dict[str, Callable[..., float]] = {
    **dict.fromkeys(("relu", "abs", "step", "sign"), lambda x: abs(x)),
    **dict.fromkeys(("leaky_relu", "elu"), lambda x, parameter: abs(x)),
    **dict.fromkeys(("maximum", "minimum", "clip_min", "clip_max"), lambda x, y: abs(x - y)),
    **dict.fromkeys(("floor", "trunc"), lambda x: abs(x - round(x))),
    "rint": lambda x: abs(x - math.floor(x) - 0.5),
    **dict.fromkeys(("floor_divide", "mod", "fmod"), lambda x, y: abs(x / y - round(x / y)) * min(abs(y), 1.0)),
}


class Program(NamedTuple):
    """Lines of (operation, operands), an operand being the number of a line or of an input, or a constant."""

    point: tuple[float, ...]
    lines: tuple[tuple[str, tuple[int | float, ...]], ...]

    def run(self, apply: Callable[[str, list[Any]], Any], inputs: Any) -> Any:
        results = list(inputs)
        for name, operands in self.lines:
            results.append(apply(name, [results[x] if isinstance(x, int) else x for x in operands]))
        return results[-1]

    def __call__(self, *inputs: Any) -> Any:
        """The program on the engine's operands of any kind."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NoDerivativeWarning)  # flat rows are part of the table
            return self.run(lambda name, xs: ops.rows[name](*xs), inputs)

    def exactly(self, *inputs: Any) -> Any:
        """The program in mpmath's arithmetic."""
        return self.run(lambda name, xs: twin(ops.rows[name])(*map(mp.mpf, xs)), inputs)

    def disturbed(self, seed: int) -> Callable[..., Any]:
        """The exact program with every result off by half a unit in a float's last place, up or down at random."""
        def run(*inputs: Any) -> Any:
            draw = random.Random(seed)

            def off(name: str, xs: list[Any]) -> Any:
                return twin(ops.rows[name])(*map(mp.mpf, xs)) * (1 + draw.choice((-1, 1)) * mp.mpf(2) ** -53)
            return self.run(off, inputs)
        return run


@st.composite
def programs(draw: Any, inputs: int = 3, least: int = 10, most: int = 40) -> Program:
    """Programs of ``least`` to ``most`` operations of up to ``inputs`` numbers; the last line combines all unused results."""
    choose = random.Random(draw(st.integers(0, 2**32)))
    count = choose.randint(1, inputs)
    values = [round(choose.uniform(-3, 3), choose.choice((1, 3, 16))) for _ in range(count)]
    point = tuple(values)
    lines: list[tuple[str, tuple[int | float, ...]]] = []

    def emit(name: str, *operands: int | float) -> int:
        values.append(ops.rows[name](*(values[x] if isinstance(x, int) else x for x in operands)))
        lines.append((name, operands))
        return len(values) - 1

    def operand(low: float, high: float) -> int:
        fitting = [i for i, x in enumerate(values) if low <= x <= high]
        if fitting and choose.random() < 0.8:
            return choose.choice(fitting[-8:] if choose.random() < 0.7 else fitting)
        squashed = emit("sigmoid", choose.randrange(len(values)))
        scaled = emit("mul", squashed, 0.98 * (high - low))
        return emit("add", low + 0.01 * (high - low), scaled)

    length = choose.randint(least, most)
    while len(lines) < length:
        row = choose.choice(ROWS)
        domain = [(max(low, -5.0), min(high, 5.0)) for low, high in row.domain]
        operands: list[int | float] = [operand(low, high) for low, high in domain]
        if row.arity == 2 and choose.random() < 0.3:
            side = choose.randrange(2)
            operands[side] = round(choose.uniform(*domain[side]), 3)
        numbers = [values[x] if isinstance(x, int) else x for x in operands]
        if row.name in MARGIN and MARGIN[row.name](*numbers) < 1e-3:
            continue
        made = emit(row.name, *operands)
        if not abs(values[made]) < 50:
            emit("arctan", made)
    used = {x for _, operands in lines for x in operands if isinstance(x, int)}
    loose = set(range(len(values) - 1)) - used
    for end in sorted(loose, reverse=True):  # nothing that was computed is in vain
        emit("add", len(values) - 1, end)
    assert all(map(math.isfinite, values))
    return Program(point, tuple(lines))
