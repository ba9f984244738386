"""Lines of array programs as instructions of ``arrays.c``: rows fused over the same entries, small products, losses."""

from __future__ import annotations

import re
from math import prod
from typing import Any

import numpy as np

from .. import ops
from ..operation import Operation, partial
from . import native
from .layers import Extra, Instruction
from .lines import ALONE, FULL, HEAD, TAIL, Alias, Lines, Matrices, Other, EntryRows
from .printer import C, SourceCode, written
from .record import comparisons, select

TYPES = {"f": 0, "d": 1, "?": 2, "b": 2, "l": 3}
_NAMES = ("fused matmul loss loss_back softmax softmax_back shares labels finite watch lstm lstm_back batch_norm batch_norm_back "
          "max_pool max_pool_back")
KINDS = {name: code for code, name in enumerate(_NAMES.split())}
MOST_ROWS = 40  # of a group: values and gradients of so many stay in the first cache
ROUNDED, FINITELY = 8, 1024  # as in C
FIRST = 16, 32, 64  # flags of operands whose gradient is the first one
WIDE = 256  # entries of a block, as many as it may have
SMALL_PRODUCT = 20_000  # multiplications; larger products are BLAS's
NARROW, NARROW_PRODUCT = 256, 2**24  # but where registers are many, of floats and with so few columns, only those larger than this
FEW_ENTRIES = 512  # up to so many, functions of C's library are faster than a call of NumPy
LIGHT = {*native.LIGHT - {"sech"}, select.name, *(row.name for row in comparisons.values())}  # C's loops of these are vectors


def is_worth(meaning: Any, lines: Lines, library: native.Library) -> bool:
    """True for what C does at least as fast as NumPy."""
    if isinstance(meaning, list):
        return all(is_worth(x, lines, library) for x in meaning)
    if isinstance(meaning, Matrices):
        is_narrow = library.has_wide_tiles and lines.dtype(int(meaning.out[1:])).char == "f" and meaning.sizes[1] <= NARROW
        return prod(meaning.sizes) <= (NARROW_PRODUCT if is_narrow else SMALL_PRODUCT)
    if isinstance(meaning, EntryRows):
        known, entries = meaning.op.name in library.codes, prod(meaning.shape)
        return known and (entries <= FEW_ENTRIES or meaning.op.name in LIGHT)
    return isinstance(meaning, (Other, Alias, Instruction))


def _many_sums(group: Group, kind: int) -> int:
    """The sums that a row of a group has while it runs."""
    if kind == TAIL:
        return max(group.width, WIDE)
    return {FULL: 0, ALONE: 1}.get(kind, group.entries // group.width)


def is_single(lines: Lines, x: EntryRows) -> bool:
    """True for rows that are computed in single precision: all their arrays are, or it is a conversion to it."""
    out, kinds = dtype_of(lines, x.out), {dtype_of(lines, slot) for slot in x.operands}
    narrow = kinds <= {"f", "?", "b", ""}
    return out == "f" and (narrow or x.op is ops.identity) or out == "?" and narrow and "f" in kinds


def dtype_of(lines: Lines, slot: int) -> str:
    """The letter of a slot's dtype, nothing for a Python number."""
    return getattr(lines.dtype(slot), "char", "")


class Group:
    """Rows of the table over the same entries, which run block by block."""

    def __init__(self, lines: Lines, first: EntryRows):
        self.lines, self.entries, self.width, self.single = lines, prod(first.shape), first.width, is_single(lines, first)
        self.rows: dict[int, int] = {}
        self.kinds: dict[int, int] = {}
        self.loads: dict[tuple[int, bool], bool] = {}  # (slot, its gradient) → rounded to single precision
        self.forward: list[EntryRows] = []
        self.backward: list[EntryRows] = []
        self.there: set[str] = set()  # variables that are in rows
        self.summed: set[str] = set()  # variables that are complete only at the end
        self.written: dict[str, bool] = {}  # → added to what is there
        self.firsts: dict[int, int] = {}  # of rows, flags of the operands whose gradient begins there
        self.checks: list[int] = []

    def takes(self, x: EntryRows) -> bool:
        """True where the rows can join the group."""
        places = {**dict(zip(x.operands, x.kinds)), x.out: x.out_kind}
        if prod(x.shape) != self.entries or is_single(self.lines, x) != self.single or self.backward and not x.needs:
            return False
        if len(self.rows.keys() | places.keys()) > MOST_ROWS:
            return False
        if x.width != self.width and all(not {TAIL, HEAD}.isdisjoint(kinds) for kinds in (self.kinds.values(), places.values())):
            return False
        if any(self.kinds.get(slot, kind) != kind for slot, kind in places.items()):
            return False
        return self.summed.isdisjoint(self._reads(x))

    def _reads(self, x: EntryRows) -> set[str]:
        values = {f"v{slot}" for slot in x.operands}
        down = {f"d{slot}" for slot, need in zip(x.operands, x.needs) if need}
        return {f"d{x.out}", f"v{x.out}", *values, *down} if x.needs else values

    def add(self, x: EntryRows) -> None:
        """Add rows to the group."""
        if not {TAIL, HEAD}.isdisjoint((*x.kinds, x.out_kind)):
            self.width = x.width
        for slot, kind in (*zip(x.operands, x.kinds), (x.out, x.out_kind)):
            self.kinds[slot] = kind
            self.rows.setdefault(slot, len(self.rows))
        single = self.lines.dtype(x.out).char == "f" and not self.single
        if not x.needs:
            for slot in x.operands:
                self._load(f"v{slot}", single and self.lines.dtype(slot) is None)
            self.forward.append(x)
            self._write(f"v{x.out}", x.out_kind, False)
            return
        for name in self._used(x):
            slot = {"out": x.out, "x": x.operands[0]}.get(name, x.operands[-1])
            self._load(f"v{slot}", single and self.lines.dtype(slot) is None)
        if x.op is select:  # a nan in a branch that is not taken
            for slot in x.operands:
                self._load(f"v{slot}", False)
            self.checks += [self.rows[slot] for slot in x.operands[1:]]
        self._load(f"d{x.out}", False)
        if x.op.is_selection or x.op is select or any(getattr(self._slope(x.op, i), "taken", None) for i in range(len(x.kinds))):
            self.checks.append(~self.rows[x.out])
        self.firsts[id(x)] = 0
        for slot, kind, need, first, flag in zip(x.operands, x.kinds, x.needs, x.is_first, FIRST):
            if need and f"d{slot}" not in self.there:
                if kind == FULL and not first:
                    self._load(f"d{slot}", False)
                else:
                    self.firsts[id(x)] |= flag
                self._write(f"d{slot}", kind, not first)
        self.backward.append(x)

    def _used(self, x: EntryRows) -> set[str]:
        """The names of what the local gradients of rows are made of."""
        if x.op is select:
            return set()
        slopes = [written(self._slope(x.op, i), C) for i, need in enumerate(x.needs) if need]
        return set(re.findall(r"\b(?:out|x|y)\b", " ".join(slopes)))

    def _slope(self, op: Operation, i: int) -> Any:
        used: set[str] = set()
        return partial(op.partials[i], *(SourceCode(name, used, C) for name in ("out", "x", "y")[:1 + op.arity]))

    def _load(self, name: str, rounded: bool) -> None:
        if name not in self.there:
            self.there.add(name)
            self.loads[int(name[1:]), name[0] == "d"] = rounded

    def _write(self, name: str, kind: int, adds: bool) -> None:
        self.there.add(name)
        self.written[name] = adds and kind != FULL
        if kind != FULL:
            self.summed.add(name)

    def guards(self, x: Other) -> bool:
        """True where it checks that an array is finite, which it reads anyway."""
        slot = int(x.variables[0][1:])
        fits = (slot, False) in self.loads and self.kinds[slot] == FULL and self.lines.dtype(slot).char == "df"[self.single]
        if fits:
            self.checks.append(FINITELY + self.rows[slot])
        return fits

    def reads(self) -> set[str]:
        """The variables that it takes from buffers."""
        loaded = {f"{'d' if down else 'v'}{slot}" for slot, down in self.loads}
        return loaded | {name for name, adds in self.written.items() if adds}

    def writes(self) -> set[str]:
        """The variables that it makes."""
        return {*self.written}


class Encoder:
    """One run of C: its code, and where its buffers are."""

    def __init__(self, buffers: Buffers, library: native.Library):
        self.buffers, self.codes = buffers, library.codes
        self.code: list[int] = []
        self.starts: list[int] = []
        self.room = 1
        self.rows = 1
        self.losses: dict[str, int] = {}  # of scores whose exponentials are there, the slot of their loss

    def instruction(self, kind: str, *words: int) -> None:
        """Write one instruction."""
        self.code += [KINDS[kind], len(words) + 2, *words]

    def group(self, group: Group, kept: set[str]) -> None:
        """Write a group; of what it makes only ``kept`` is stored."""
        at, rows, self.rows = self.buffers.place, group.rows, max(self.rows, len(group.rows))
        start = len(self.code)
        loads: list[int] = []
        for (slot, down), rounded in group.loads.items():
            name = f"{'d' if down else 'v'}{slot}"
            row = rows[slot]
            loads += [~row if down else row, at(name), self.buffers.type_of(name), group.kinds[slot], int(rounded)]
        stores: list[int] = []
        sums = 0
        for name, adds in group.written.items():
            if name in kept:
                slot = int(name[1:])
                kind = group.kinds[slot]
                stores += [rows[slot], int(name[0] == "d"), at(name), self.buffers.type_of(name), kind, int(adds), sums]
                sums += _many_sums(group, kind)
        self.room = max(self.room, sums)
        body: list[int] = []
        offset = start + 14 + len(loads) + len(group.checks) + len(stores)
        firsts = [len(self.starts)]
        for part in (group.forward, group.backward[::-1]):
            for x in part:
                self.starts.append(offset + len(body))
                body += self._row(group, x)
            firsts.append(len(self.starts))
        head = [int(not group.single), group.entries, group.width, len(loads) // 5, len(group.checks), len(stores) // 7, sums,
                firsts[0], firsts[1] - firsts[0], firsts[1], firsts[2] - firsts[1], len(rows)]
        self.instruction("fused", *head, *loads, *group.checks, *stores, *body)

    def _row(self, group: Group, x: EntryRows) -> list[int]:
        if x.needs:
            flags = sum(1 << i for i, need in enumerate(x.needs) if need) | group.firsts[id(x)]
        else:
            flags = ROUNDED if group.lines.dtype(x.out).char == "f" and not group.single else 0
        places = [group.rows[slot] for slot in (x.out, *x.operands)]
        return [self.codes[x.op.name] | flags << 16, *places, *[0] * (4 - len(places))]

    def matrices(self, x: Matrices) -> None:
        """Write a product of two matrices."""
        m, n, k = x.sizes
        wide = (n + 15) // 16 * 16
        self.room = max(self.room, k * wide)
        (a, turned), (b, also) = x.x, x.y
        self.instruction("matmul", self.buffers.type_of(x.out), m, n, k, self.buffers.place(a), *((1, m) if turned else (k, 1)),
                         self.buffers.place(b), *((1, k) if also else (n, 1)), self.buffers.place(x.out), int(x.adds))

    def other(self, x: Other) -> None:
        """Write an instruction of its own."""
        place, first = self.buffers.place, x.variables[0]
        kind = self.buffers.type_of(first)
        self.room = max(self.room, 2 * x.sizes[0], x.sizes[-1]) if len(x.sizes) == 2 and x.kind != "labels" else self.room
        if x.kind == "labels":
            self.instruction("labels", place(first), *x.sizes)
        elif x.kind == "finite":
            self.instruction("finite", kind, *x.sizes, place(first))
        elif x.kind == "softmax" and (key := self.losses.get(self.buffers.root(first))) is not None:
            parts = [self.buffers.places[f"{name}{key}"] for name in "ez"]
            self.instruction("shares", kind, *x.sizes, *parts, place(x.variables[4]))
        elif x.kind == "softmax":
            self.instruction("softmax", kind, *x.sizes, place(first), place(x.variables[4]))
        elif x.kind == "softmax_back":
            _, out, _, adds, to = x.variables
            self.instruction("softmax_back", kind, *x.sizes, place(first), place(to), int(adds is not None), place(out))
        else:
            self._loss(x)

    def layer(self, x: Instruction) -> None:
        """Write an instruction of a layer."""
        self.room = max(self.room, x.room)
        self.instruction(x.kind, 0, *map(self._word, x.words))

    def _word(self, x: int | float | str | Extra) -> int:
        if isinstance(x, str):
            return self.buffers.place(x)
        if isinstance(x, Extra):
            return self.buffers.extra(x.name, np.float32, x.size)
        return self.buffers.constant(x) if isinstance(x, float) else x

    def _loss(self, x: Other) -> None:
        place = self.buffers.place
        first, target, weights, divisor, to, key = x.variables
        single = self.buffers.type_of(first)
        if x.kind == "loss":
            self.losses[self.buffers.root(first)] = key
        scores = self.buffers.array(to if x.kind == "loss_back" else first)
        parts = [self.buffers.extra(f"{name}{key}", scores.dtype, size) for name, size in (("e", scores.size), ("z", x.sizes[0]))]
        if divisor is not None:
            divisor = place(divisor) if isinstance(divisor, str) else self.buffers.constant(float(divisor))
        self.instruction(x.kind, single, *x.sizes, place(first), place(target), -1 if weights is None else place(weights),
                         -1 if divisor is None else divisor, place(to), *parts)

    def watch(self, name: str) -> None:
        """From here on a nan that arises is told, and one that is in the result already."""
        self.instruction("watch", self.buffers.type_of(name), self.buffers.place(name))

    def finish(self) -> Any:
        """The arguments of the run, as a structure that owns what it points to."""
        code, starts = np.array(self.code, np.int32), np.array([*self.starts, 0], np.int64)
        scratch, sums = np.zeros(self.rows * 256), np.zeros(self.room)  # a row has 1,024 bytes for values and for gradients
        address = code.ctypes.data, starts.ctypes.data, self.buffers.at.ctypes.data, scratch.ctypes.data, sums.ctypes.data
        made = native.ArraysCall(address[0], len(code), *address[1:])
        made.owned = (code, starts, scratch, sums)
        return made


class Buffers:
    """The arrays that C reads and writes, one for each variable, and the table of their addresses."""

    def __init__(self, lines: Lines):
        self.lines = lines
        self.arrays: dict[str, Any] = {}
        self.places: dict[str, int] = {}
        self.roots: dict[str, str] = {}
        self.at = np.zeros(4 * len(lines.tape.examples) + 64, np.uintp)

    def root(self, name: str) -> str:
        """The variable whose array holds the numbers of this one."""
        while name in self.roots:
            name = self.roots[name]
        return name

    def array(self, name: str) -> Any:
        """The array of a variable."""
        slot, root = int(name[1:]), self.root(name)
        if root not in self.arrays:
            example = np.asarray(self.lines.tape.examples[int(root[1:])])
            found = self.lines.space.get(f"b_{root}")
            self._keep(root, np.empty_like(example) if found is None else found)
        return self.arrays[root] if root == name else self.arrays[root].reshape(self.lines.shape(slot))

    def place(self, name: str) -> int:
        """The place of a variable's address."""
        self.array(name)
        return self.places[self.root(name)]

    def type_of(self, name: str) -> int:
        """The number of its type in C."""
        return TYPES[self.array(name).dtype.char]

    def extra(self, name: str, dtype: Any, size: int) -> int:
        """The place of an array that no variable names."""
        if name not in self.arrays:
            self._keep(name, np.empty(size, dtype))
        return self.places[name]

    def constant(self, x: float) -> int:
        """The place of a number."""
        name = f"number {x!r}"
        if name not in self.arrays:
            self._keep(name, np.full(1, x))
        return self.places[name]

    def _keep(self, name: str, array: Any) -> None:
        self.places[name] = place = len(self.places)
        self.arrays[name] = array
        self.at[place] = array.ctypes.data

    def put(self, place: int, name: str, x: Any) -> None:
        """Let C read an array where it lies, or a copy where it does not lie as C reads it."""
        own = self.arrays[name]
        if type(x) is np.ndarray and x.dtype is own.dtype and (x.strides == own.strides or x.flags.c_contiguous and
                                                               own.flags.c_contiguous) and x.size == own.size:
            self.at[place] = native.address(x)
        else:
            own[...] = x if np.shape(x) == own.shape else np.reshape(x, own.shape)
            self.at[place] = own.ctypes.data

    def take(self, place: int, name: str, x: Any) -> None:
        """Let C write into a copy of an array."""
        own = self.arrays[name]
        own[...] = x if np.shape(x) == own.shape else np.reshape(x, own.shape)
        self.at[place] = own.ctypes.data

    def fresh(self, place: int, name: str) -> Any:
        """A new array, which the caller will own, for C to write into."""
        made = np.empty_like(self.arrays[name])
        self.at[place] = native.address(made)
        return made
