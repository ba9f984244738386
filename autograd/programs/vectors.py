"""A program over lanes in NumPy: one row of a matrix for each place that varies by example, one call for instructions side by side.

Examples are taken in blocks, so that the rows stay in the cache. Gradients are ordinary products first; where a result is not
finite they are computed anew with a mask of the entries at which something arrived, as ``sweep`` does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from ..elementwise import array_function, local_and_taken, silent_context
from ..operation import partial
from .passes import Lowered, Matrix, Products, SameRows, VectorStep, schedule
from .plain import Array, Gradients, Plain, indices
from .record import comparisons, detach, either, flat, select

BLOCK = 4096  # examples at a time
_FUNCTIONS: dict[int, Callable[..., Any]] = {
    **{id(op): getattr(np, name) for name, op in comparisons.items()},
    id(either): np.logical_or, id(detach): np.positive, id(select): lambda c, x, y: np.where(np.asarray(c) != 0, x, y),
}


class Operands:
    """How a step finds its operands: a slice or a list of rows of what varies by example, or places of what does not."""

    def __init__(self, places: Sequence[int], row_of: dict[int, int]):
        self.varies = places[0] in row_of
        found = [row_of[i] for i in places] if self.varies else list(places)
        run = found == list(range(found[0], found[0] + len(found)))
        self.index: Any = slice(found[0], found[0] + len(found)) if run else np.array(found)
        self.is_unique = run or len(set(found)) == len(found)
        self.found, self.is_first = found, False

    @classmethod
    def of_rows(cls, rows: list[int]) -> Operands:
        """The place of rows that vary by example."""
        return cls(rows, {row: row for row in rows})

    def write_first(self, touched: set[int]) -> None:
        """Find out, walking backward, if its gradients are the first to come to its rows, and may be written there."""
        if self.varies:
            self.is_first = isinstance(self.index, slice) and touched.isdisjoint(self.found)
            touched.update(self.found)

    def get(self, rows: Any, numbers: Array) -> Any:
        """The values: (places, lanes), or a column where they do not vary."""
        return rows[self.index] if self.varies else numbers[self.index] if rows is None else numbers[self.index][:, None]

    def add(self, rows: Any, numbers: Array, g: Array) -> None:
        """Add a gradient, summed over the lanes where the operand does not vary."""
        if self.is_first:
            rows[self.index] = g
            return
        target, g = (rows, g) if self.varies else (numbers, g if rows is None else g.sum(1))
        if self.is_unique:
            target[self.index] += g
        else:
            np.add.at(target, self.index, g)


class VectorLanes:
    """A program with lanes: ``numbers`` are the sources that do not vary by example, ``columns`` those that do."""

    def __init__(self, lowered: Lowered, numbers: list[int], columns: list[int], wanted: list[int], needed: bytearray):
        self.numbers, self.lowered, self.needed = indices(numbers), lowered, needed
        steps = schedule(lowered, lanes=True)
        order = [*columns, *(place for step in steps for place in _outs(step))]
        self.row_of = {place: row for row, place in enumerate(order)}
        self.steps = [_STEPS[type(step)](step, self.row_of, needed) for step in steps]
        self.weights = np.concatenate([np.zeros(0, int), *(step.places() for step in self.steps if isinstance(step, _Matrix))])
        at = 0
        for step in self.steps:
            at = step.begin(at) if isinstance(step, _Matrix) else at
        self.are_unique = len(set(self.weights.tolist())) == len(self.weights)
        touched = {self.row_of[i] for i in lowered.outputs if i in self.row_of}
        for step in reversed(self.steps):
            for place in step.inputs() if step.passes else ():
                place.write_first(touched)
        firsts = {row for step in self.steps if step.passes for x in step.inputs() if x.is_first for row in x.found}
        self.unwritten = indices([row for row in range(len(order)) if row not in firsts])  # gradients that begin as zeros
        self.wanted_rows = [self.row_of[i] for i in wanted if i in self.row_of]
        self.wants = indices([i for i in wanted if i not in self.row_of])
        self.fixed = FixedSteps(lowered, needed)
        self.template = np.zeros(len(lowered))
        for i, x in lowered.values.items():
            self.template[i] = x

    def run(self, numbers: Array, blocks: list[Array], lanes: int, seed: float | None = None,
            exact: bool = False) -> tuple[list[Any], Gradients]:
        """The outputs, arrays of one entry an example where they vary; with a seed the gradients of the wanted places."""
        return silent_context.copy().run(self._run, numbers, blocks, lanes, seed, exact)

    def _run(self, numbers: Array, blocks: list[Array], lanes: int, seed: float | None, exact: bool) -> tuple[list[Any], Gradients]:
        u = self.template.copy()
        u[self.numbers] = numbers
        self.fixed.forward(u)
        outputs: list[Any] = [np.empty(lanes) if i in self.row_of else float(u[i]) for i in self.lowered.outputs]
        varying = [np.zeros(lanes) for _ in self.wanted_rows]
        w, dw = u[self.weights], np.zeros(len(self.weights))
        du, reached = np.zeros(len(u)), np.zeros(len(u), bool)
        target = self.lowered.outputs[0]
        for first in range(0, lanes, BLOCK):
            part = slice(first, min(first + BLOCK, lanes))
            rows = np.empty((len(self.row_of), part.stop - first))
            at = 0
            for block in blocks:
                rows[at:at + block.shape[1]] = block[part].T
                at += block.shape[1]
            for step in self.steps:
                step.forward(rows, u, w)
            for i, out in zip(self.lowered.outputs, outputs):
                if i in self.row_of:
                    out[part] = rows[self.row_of[i]]
            if seed is not None and target in self.row_of:
                down = self._exactly(rows, u, du, reached, seed) if exact else self._products(rows, u, du, seed, w, dw)
                for row, gradient in zip(self.wanted_rows, varying):
                    gradient[part] = down[row]
        if seed is None:
            return outputs, Gradients(du[:0], [])
        if not exact and dw.size:
            self.weights_add(du, dw)
        if target not in self.row_of:
            du[target], reached[target] = seed * lanes, True
        self.fixed.backward(u, du, reached if exact else None)
        return outputs, Gradients(du[self.wants].copy(), varying)

    def weights_add(self, du: Array, dw: Array) -> None:
        """Add the gradients of the weights of all matrices to those by place."""
        if self.are_unique:
            du[self.weights] += dw
        else:
            np.add.at(du, self.weights, dw)

    def _products(self, rows: Array, u: Array, du: Array, seed: float, w: Array, dw: Array) -> Array:
        down = np.empty_like(rows)
        down[self.unwritten] = 0.0
        down[self.row_of[self.lowered.outputs[0]]] = seed
        for step in reversed(self.steps):
            step.backward(rows, u, down, du, w, dw)
        return down

    def _exactly(self, rows: Any, u: Any, du: Any, reached: Any, seed: Any) -> Any:
        down, arrived = np.zeros_like(rows), np.zeros(rows.shape, bool)
        out = self.row_of[self.lowered.outputs[0]]
        down[out], arrived[out] = seed, True

        def passes(place: int, i: int, factor: Any, taken: Any = True) -> None:
            """Pass the gradient of row ``i`` on to one place, where something arrived and the branch was taken."""
            there = arrived[i] & taken
            part = np.where(there, down[i] * factor, 0.0)
            if place in self.row_of:
                down[self.row_of[place]] += part
                arrived[self.row_of[place]] |= there
            elif self.needed[place]:
                du[place] += part.sum()
                reached[place] |= there.any()

        def value(place: int) -> Any:
            return rows[self.row_of[place]] if place in self.row_of else u[place]

        lowered = self.lowered
        for place in sorted(self.row_of, reverse=True):
            operands, i = lowered.operands(place), self.row_of[place]
            if not self.needed[place] or not operands:
                continue
            if place in lowered.terms:
                for x, y in zip(operands[::2], operands[1::2]):
                    passes(x, i, value(y))
                    passes(y, i, value(x))
                continue
            numbers = [np.broadcast_to(value(x), rows[i].shape) for x in operands]
            for x, rule in zip(operands, lowered.ops[place].partials):
                if rule is not flat and self.needed[x]:
                    passes(x, i, *local_and_taken(rule, rows[i], *numbers))
        return down


class FixedSteps:
    """The steps of places that do not vary by example, in NumPy; by Python where they are many or gradients are to be exact."""

    def __init__(self, lowered: Lowered, needed: bytearray):
        self.plain, steps = Plain(lowered, needed), schedule(lowered, lanes=False)
        width = len(self.plain.code) / max(len(steps), 1)
        terms = max([len(step.a) for step in steps if isinstance(step, Products)], default=0)
        self.steps = [_STEPS[type(step)](step, {}, needed) for step in steps] if width > 8 or terms > 8 * len(steps) else None

    def forward(self, u: Array) -> None:
        """Fill in the values, by place."""
        if self.steps is None:
            v = u.tolist()
            self.plain.forward(v)
            u[:] = v
            return
        for step in self.steps:
            step.forward(None, u)

    def backward(self, u: Array, du: Array, reached: Array | None) -> None:
        """Fill in the gradients, by place; ``reached`` says, for exact ones, at which places something arrived."""
        if self.steps is not None and reached is None:
            for step in reversed(self.steps):
                step.backward(None, u, None, du)
            return
        d = [x if there else None for x, there in zip(du.tolist(), du != 0 if reached is None else reached)]
        self.plain.backward(u.tolist(), d)
        du[:] = [x or 0.0 for x in d]


def _outs(step: VectorStep) -> list[int]:
    return [step.out] if isinstance(step, Products) else step.outs


class _Rows:
    def __init__(self, step: SameRows, row_of: dict[int, int], needed: bytearray):
        self.op, self.out = step.op, Operands(step.outs, row_of)
        self.operands = [Operands(places, row_of) for places in step.operands]
        self.function = _FUNCTIONS.get(id(step.op)) or array_function(step.op)
        self.rules = [rule if any(needed[i] for i in places) else flat for rule, places in zip(step.op.partials, step.operands)]
        self.edges = [(x, rule, callable(rule)) for x, rule in zip(self.operands, self.rules) if rule is not flat]
        self.reads = any(is_called for _, _, is_called in self.edges)  # its gradients depend on its operands
        self.passes = any(needed[i] for i in step.outs)

    def inputs(self) -> list[Operands]:
        """The operands that take gradients, in the order in which these come."""
        return [x for x, _, _ in self.edges]

    def forward(self, rows: Any, u: Array, w: Any = None) -> None:
        operands = [x.get(rows, u) for x in self.operands]
        target = u if rows is None else rows
        if isinstance(self.function, np.ufunc) and isinstance(self.out.index, slice):
            self.function(*operands, out=target[self.out.index], casting="unsafe")
        else:
            target[self.out.index] = self.function(*operands)

    def backward(self, rows: Any, u: Array, down: Any, du: Array, w: Any = None, dw: Any = None) -> None:
        if not self.passes:
            return
        g = (du if rows is None else down)[self.out.index]
        if self.reads:
            out = (u if rows is None else rows)[self.out.index]
            operands = [x.get(rows, u) for x in self.operands]
        for x, rule, is_called in self.edges:
            if not is_called and rule == 1.0:
                x.add(down, du, g)
                continue
            local = partial(rule, out, *operands) if is_called else rule
            if x.is_first:
                np.multiply(g, local, out=down[x.index])
            else:
                x.add(down, du, g * local)


class _Matrix:
    """Its weights lie side by side in those of all matrices: first the ones of what varies, then a column for what does not."""

    def __init__(self, step: Matrix, row_of: dict[int, int], needed: bytearray):
        self.out = Operands(step.outs, row_of)
        varies = [k for k, x in enumerate(step.xs) if x in row_of]
        fixed = [k for k, x in enumerate(step.xs) if x not in row_of]
        weights = np.array(step.weights)
        self.x, self.w, self.b = Operands([step.xs[k] for k in varies], row_of), weights[:, varies], weights[:, fixed]
        self.ones = np.array([step.xs[k] for k in fixed], int)
        self.passes = any(needed[i] for i in step.outs)
        self.to_x, self.to_w = any(needed[x] for x in step.xs), any(needed[i] for i in weights.ravel())
        self.to_ones = any(needed[x] for x in self.ones)

    def inputs(self) -> list[Operands]:
        """The operands that take gradients."""
        return [self.x] * self.to_x

    def places(self) -> Array:
        """The places of its weights in a row."""
        return np.concatenate([self.w.ravel(), self.b.ravel()])

    def begin(self, at: int) -> int:
        """Remember where its weights begin; return where they end."""
        self.part_w = slice(at, at + self.w.size)
        self.part_b = slice(self.part_w.stop, self.part_w.stop + self.b.size)
        return self.part_b.stop

    def forward(self, rows: Any, u: Array, w: Any = None) -> None:
        out = rows[self.out.index]
        np.matmul(w[self.part_w].reshape(self.w.shape), rows[self.x.index], out=out)
        if self.b.size:
            out += (w[self.part_b].reshape(self.b.shape) @ u[self.ones])[:, None]

    def backward(self, rows: Any, u: Array, down: Any, du: Array, w: Any = None, dw: Any = None) -> None:
        if not self.passes:
            return
        g = down[self.out.index]
        if self.to_x and self.x.is_first:
            np.matmul(w[self.part_w].reshape(self.w.shape).T, g, out=down[self.x.index])
        elif self.to_x:
            self.x.add(down, du, w[self.part_w].reshape(self.w.shape).T @ g)
        total = g @ ones(g.shape[1]) if self.b.size else None  # a third of the time of g.sum(1)
        if self.to_ones:
            np.add.at(du, self.ones, w[self.part_b].reshape(self.b.shape).T @ total)
        if self.to_w:
            dw[self.part_w].reshape(self.w.shape)[...] += g @ rows[self.x.index].T
            if total is not None:
                dw[self.part_b].reshape(self.b.shape)[...] += total[:, None] * u[self.ones]


class _Products:
    def __init__(self, step: Products, row_of: dict[int, int], needed: bytearray):
        self.varies = step.out in row_of
        self.out, self.base = row_of.get(step.out, step.out), Operands([step.base], row_of) if step.base >= 0 else None
        self.pairs = [(row_of.get(x, x), row_of.get(y, y)) for x, y in zip(step.a, step.b)]
        self.a, self.b = np.array(step.a), np.array(step.b)
        self.unique_a, self.unique_b = len(set(step.a)) == len(step.a), len(set(step.b)) == len(step.b)
        self.passes, self.to_base = needed[step.out], step.base >= 0 and needed[step.base]

    def inputs(self) -> list[Operands]:
        """The operands that take gradients, in the order in which these come; pairs are added to."""
        pairs = [Operands.of_rows([row]) for pair in self.pairs for row in pair]
        return pairs if self.base is None or not self.to_base else [*pairs, self.base]

    def forward(self, rows: Any, u: Array, w: Any = None) -> None:
        if not self.varies:
            u[self.out] = u[self.a] @ u[self.b]
            return
        out = rows[self.out]
        out[:] = 0.0 if self.base is None else self.base.get(rows, u)[0]
        for x, y in self.pairs:
            out += rows[x] * rows[y]

    def backward(self, rows: Any, u: Array, down: Any, du: Array, w: Any = None, dw: Any = None) -> None:
        if not self.passes:
            return
        if not self.varies:
            for places, others, unique in ((self.a, self.b, self.unique_a), (self.b, self.a, self.unique_b)):
                if unique:
                    du[places] += du[self.out] * u[others]
                else:
                    np.add.at(du, places, du[self.out] * u[others])
            return
        g = down[self.out]
        for x, y in self.pairs:
            down[x] += g * rows[y]
            down[y] += g * rows[x]
        if self.base is not None and self.to_base:
            self.base.add(down, du, g[None, :])


@lru_cache(maxsize=8)
def ones(count: int) -> Array:
    """So many ones, which nobody writes to."""
    made = np.ones(count)
    made.flags.writeable = False
    return made


_STEPS: dict[Any, Any] = {SameRows: _Rows, Matrix: _Matrix, Products: _Products}
