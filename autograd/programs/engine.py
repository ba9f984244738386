"""Programs for the native interpreter: the numbers of their instructions, and their runs on buffers of their own."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .native import LanesCall, Library, address
from .passes import Lowered, Matrix, Products, dot, schedule
from .plain import Array, Gradients, indices
from .record import constant, given, leaf

# ── a program of numbers ─────────────────────────────────────────────────────────────────────────────────────────

def instructions(lowered: Lowered, needed: bytearray, codes: dict[str, int],
                 places: Iterable[int]) -> tuple[list[int], list[int], list[int]]:
    """The code of these places, where each instruction begins, and where those begin that pass a gradient on."""
    code: list[int] = []
    starts: list[int] = []
    back: list[int] = []
    ops, a, b, c = lowered.ops, lowered.a, lowered.b, lowered.c
    number = {id(row): codes[row.name] for row in {id(row): row for row in ops}.values() if row.name in codes}
    for i in places:
        op = ops[i]
        starts.append(len(code))
        if needed[i]:
            back.append(len(code))
        if op is dot:
            code += dot_code(lowered.terms[i], needed, number[id(op)], i)
        else:
            x, y = a[i], b[i]
            flags = needed[x] | needed[y] << 1  # the last entry, of a place that is not there, is 0
            code += (number[id(op)] | flags << 16, i, x, y, c.get(i, -1))
    return code, starts, back


def dot_code(terms: Sequence[int], needed: bytearray, number: int, place: int) -> list[int]:
    """The instruction of a dot: pairs of which both take a gradient, then those of which one at most does, that one first."""
    both: list[int] = []
    one: list[int] = []
    for x, y in zip(terms[::2], terms[1::2]):
        if needed[x] and needed[y]:
            both += (x, y)
        else:
            one += (y, x) if needed[y] else (x, y)
    return [number, place, len(both) // 2, len(one) // 2, *both, *one]


class NativeNumbers:
    """A program without lanes; as ``PlainNumbers``, with results that may have 0 · inf where a branch was not taken."""

    def __init__(self, lowered: Lowered, numbers: list[int], columns: list[int], wanted: list[int], needed: bytearray,
                 library: Library):
        places = [i for i, op in enumerate(lowered.ops) if op is not given and op is not leaf and op is not constant]
        self.fixed = Fixed(lowered, needed, library, places)
        self.outputs, self.numbers, self.wanted = np.array(lowered.outputs, int), indices(numbers), indices(wanted)
        self.pool: list[Any] = []

    def run(self, numbers: Array, blocks: Sequence[Array] = (), lanes: int = 0, seed: float | None = None) -> tuple[Any, Gradients]:
        """The outputs, and with a seed the gradients of the wanted places."""
        buffers = self.pool.pop() if self.pool else self.fixed.buffers()  # threads do not share one
        v, d, v_address, d_address = buffers
        v[self.numbers] = numbers
        self.fixed.forward(v_address)
        outputs, gradients = v[self.outputs], nothing
        if seed is not None:
            d.fill(0.0)
            d[self.outputs[0]] = seed
            self.fixed.backward(v_address, d_address)
            gradients = Gradients(d[self.wanted].copy(), [])
        self.pool.append(buffers)
        return outputs, gradients


nothing = Gradients(np.empty(0), [])


class Fixed:
    """The instructions of places that do not vary by example, and the addresses of their code."""

    def __init__(self, lowered: Lowered, needed: bytearray, library: Library, places: list[int]):
        code, starts, back = instructions(lowered, needed, library.codes, places)
        self.code, self.count, self.back = np.array(code, np.int32), len(starts), np.array(back, np.int64)
        self.run_forward, self.run_backward = library.forward, library.backward
        self.addresses = self.code.ctypes.data, self.back.ctypes.data, len(back)
        self.template = np.zeros(len(lowered) + 1)
        for i, x in lowered.values.items():
            self.template[i] = x

    def buffers(self) -> tuple[Any, Any, int, int]:
        """The arrays of one run, values and gradients by place, and their addresses."""
        v, d = self.template.copy(), np.empty_like(self.template)
        return v, d, v.ctypes.data, d.ctypes.data

    def forward(self, v: int) -> None:
        """Compute the values at an address."""
        self.run_forward(self.addresses[0], self.count, v)

    def backward(self, v: int, d: int) -> None:
        """Compute the gradients at an address, from those that are there."""
        self.run_backward(*self.addresses, v, d)


class NativeLanes:
    """A program with lanes; as ``VectorLanes``, without its exact gradients."""

    def __init__(self, lowered: Lowered, numbers: list[int], columns: list[int], wanted: list[int], needed: bytearray,
                 library: Library):
        self.library, self.needed, self.outputs = library, needed, lowered.outputs
        self.fixed = Fixed(lowered, needed, library, [i for i, op in enumerate(lowered.ops) if not lowered.lanes[i] and
                                                      op is not given and op is not leaf and op is not constant])
        self.row_of = {place: row for row, place in enumerate(columns)}
        self.spread: dict[int, int] = {}
        self.rows, self.weights = len(columns), list[int]()
        self.columns, self.numbers = columns, indices(numbers)
        self._write(lowered)
        self.wants = indices([i for i in wanted if i not in self.row_of])
        self.wanted_rows = [self.row_of[i] for i in wanted if i in self.row_of]
        self.pool: list[Any] = []

    def _row(self, place: int) -> int:
        """The row of a place; a number that does not vary is spread over one."""
        if place in self.row_of:
            return self.row_of[place]
        if place not in self.spread:
            self.spread[place] = self._new_row()
        return self.spread[place]

    def _new_row(self) -> int:
        self.rows += 1
        return self.rows - 1

    def _write(self, lowered: Lowered) -> None:
        code: list[int] = []
        starts: list[int] = []
        back: list[int] = []
        needed, codes = self.needed, self.library.codes
        for step in schedule(lowered, lanes=True):
            outs = [step.out] if isinstance(step, Products) else step.outs
            for place in outs:
                self.row_of[place] = self._new_row()
            if isinstance(step, Matrix):
                starts.append(len(code))
                to_x = any(needed[x] for x in step.xs)
                to_w = any(needed[x] for weights in step.weights for x in weights)
                if any(needed[i] for i in outs):
                    back.append(len(code))
                code += [codes["matrix"] | (to_x | to_w << 1) << 16, len(self.weights), len(outs), len(step.xs)]
                code += [*map(self._row, outs), *map(self._row, step.xs)]
                self.weights += [x for weights in step.weights for x in weights]
                continue
            for n, place in enumerate(outs):
                starts.append(len(code))
                if needed[place]:
                    back.append(len(code))
                if isinstance(step, Products):
                    base = self._row(step.base) if step.base >= 0 else -1
                    code += [codes["dot"], self._row(place), len(step.a), base]
                    code += [self._row(x) for pair in zip(step.a, step.b) for x in pair]
                else:
                    operands = [places[n] for places in step.operands]
                    flags = sum(needed[x] << k for k, x in enumerate(operands))
                    rows = [*map(self._row, operands), -1, -1][:3]
                    code += [codes[step.op.name] | flags << 16, self._row(place), *rows]
        self.code, self.starts, self.back = np.array(code, np.int32), np.array(starts, np.int64), np.array(back, np.int64)

    def _buffers(self) -> LaneBuffers:
        width = self.library.width
        v, d, *addresses = self.fixed.buffers()
        weights, spread = np.array(self.weights, np.int32), np.array([(row, i) for i, row in self.spread.items()], np.int32)
        varying = [i for i in self.outputs if i in self.row_of]
        inside, out = np.zeros((4, max(len(self.columns), 1)), np.int64), np.zeros(max(len(varying), 1), np.int64)
        values, gradients = np.empty((2, self.rows, width))
        places = [x.ctypes.data + np.arange(self.rows) * (8 * width) for x in (values, gradients)]
        arrays = {"code": self.code, "starts": self.starts, "back": self.back, "v": v, "d": d,
                  "values": values, "gradients": gradients, "value_rows": places[0], "gradient_rows": places[1], "weights": weights,
                  "w": np.empty(len(weights)), "dw": np.empty(len(weights)), "spread": spread,
                  "in_rows": np.arange(len(self.columns), dtype=np.int32), "in_": inside[0], "in_strides": inside[1],
                  "din": inside[2], "din_strides": inside[3], "out": out,
                  "out_rows": np.array([self.row_of[i] for i in varying], np.int32)}
        told = LanesCall(count=len(self.starts), back_count=len(self.back), rows=self.rows, weight_count=len(weights),
                     spread_count=len(spread), in_count=len(self.columns), out_count=len(varying),
                     **{name: array.ctypes.data for name, array in arrays.items()})
        return LaneBuffers(v, d, addresses[0], addresses[1], inside, out, told, ctypes.byref(told), arrays)

    def run(self, numbers: Array, blocks: list[Array], lanes: int, seed: float | None = None) -> tuple[list[Any], Gradients]:
        """The outputs, arrays of one entry an example where they vary; with a seed the gradients of the wanted places."""
        buffers = self.pool.pop() if self.pool else self._buffers()  # threads do not share one
        told = buffers.told
        buffers.v[self.numbers] = numbers
        self.fixed.forward(buffers.v_address)
        outputs: list[Any] = [np.empty(lanes) if i in self.row_of else float(buffers.v[i]) for i in self.outputs]
        buffers.out[:] = [address(x) for x in outputs if type(x) is not float] or 0
        k = 0
        for block in blocks:
            begin, (down, across), wide = address(block), block.strides, block.shape[1]
            buffers.inside[0, k:k + wide] = begin if wide == 1 else begin + across * np.arange(wide)
            buffers.inside[1, k:k + wide] = down >> 3
            k += wide
        told.lanes, told.seed_row, gradients = lanes, -1, nothing
        if seed is None:
            self.library.lanes(buffers.reference)
        else:
            gradients = self._gradients(buffers, lanes, seed)
        self.pool.append(buffers)
        return outputs, gradients

    def _gradients(self, buffers: LaneBuffers, lanes: int, seed: float) -> Gradients:
        told, target = buffers.told, self.outputs[0]
        buffers.d.fill(0.0)
        varying = [np.zeros(lanes) for _ in self.wanted_rows]
        if target in self.row_of:
            told.seed_row, told.seed = self.row_of[target], seed
            if varying:
                buffers.inside[2, self.wanted_rows], buffers.inside[3, self.wanted_rows] = [address(x) for x in varying], 1
        else:
            buffers.d[target] = seed * lanes
        self.library.lanes(buffers.reference)
        self.fixed.backward(buffers.v_address, buffers.d_address)
        return Gradients(buffers.d[self.wants].copy(), varying)


class LaneBuffers(NamedTuple):
    """The arrays that one run over lanes works on; ``inside`` has the addresses and strides of columns and of their gradients."""

    v: Any
    d: Any
    v_address: int
    d_address: int
    inside: Any
    out: Any
    told: LanesCall
    reference: Any
    arrays: dict[str, Any]
