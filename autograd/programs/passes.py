"""Passes: each takes a recording and returns a shorter or better arranged one, and can be read alone and left out.

``fold_constants``, ``merge_common`` and ``drop_dead`` keep every operation as it is. ``fuse_dots`` makes one instruction of a
tree of sums and products; ``schedule`` puts instructions that do the same side by side, and dots over the same numbers
into one product of matrices. Sums are then added in another order, so that results are equal to rounding, not to the bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np

from ..operation import Operation, ieee
from ..ops import add, identity, mul, sub
from .record import Recording, constant, detach, flat, given, leaf, masks, select

dot = Operation("dot", "Σ×", lambda *terms: sum(x * y for x, y in zip(terms[::2], terms[1::2])), (), (), (), {}, None, False)
sources = (given, leaf, constant)


class Lowered(Recording):
    """A recording after its passes: ``terms`` holds the factors of dots, a b a b …; ``lanes`` says which places vary by example."""

    def __init__(self) -> None:
        super().__init__()
        self.terms: dict[int, tuple[int, ...]] = {}  # tuples of numbers are nothing to the garbage collector
        self.varying: list[int] = []  # the numbers of the inputs that vary by example
        self.lanes: list[bool] = []

    def operands(self, place: int) -> tuple[int, ...]:
        return self.terms[place] if place in self.terms else super().operands(place)


Pass = Callable[[Lowered], Lowered]


def lower(recording: Recording, lanes: Iterable[int] = (), passes: Sequence[Pass] | None = None) -> Lowered:
    """Run the passes over a recording in which the inputs ``lanes`` vary by example.

    >>> from .record import record_function
    >>> tape, _ = record_function(lambda x, y: (x * y + x * y) * 1.0 + 2.0 * 3.0,
    ...                           lambda tape: (tape.argument("x"), tape.argument("y")), lambda x: ([x], None))
    >>> [str(op) for op in lower(tape).ops]
    ['number', 'input', 'input', 'mul', 'number', 'dot']
    """
    result = _copied(recording)
    result.varying = [*lanes]
    for run in PASSES if passes is None else passes:
        result = run(result)
    mark_lanes(result)
    return result


def _copied(recording: Recording) -> Lowered:
    copy = Lowered()
    for name, content in vars(recording).items():
        if name in vars(copy):
            setattr(copy, name, content.copy())
    return copy


def _renumbered(old: Recording, kept: list[int]) -> Lowered:
    """The places that are kept, in their order."""
    new = Lowered()
    at = [-1] * (len(old) + 1)  # from every old place to the new one; the last entry is of operands that are not there
    for n, i in enumerate(kept):
        at[i] = n
    taken, moved = itemgetter(*kept, 0, 0), at.__getitem__  # at least two, so that it gives a tuple
    new.ops = [*taken(old.ops)[:-2]] if kept else []
    new.a, new.b = ([*map(moved, taken(places)[:-2])] if kept else [] for places in (old.a, old.b))
    here = set(kept) if len(kept) < len(old) else range(len(old))
    new.values = {at[i]: x for i, x in old.values.items() if i in here}
    new.c = {at[i]: at[x] for i, x in old.c.items() if i in here}
    new.terms = {at[i]: itemgetter(*terms)(at) for i, terms in getattr(old, "terms", {}).items() if i in here}
    new.inputs = [at[i] for i in old.inputs]
    new.leaves = {x: at[i] for x, i in old.leaves.items() if at[i] >= 0}
    new.outputs = [at[i] for i in old.outputs]
    new.names = {at[i]: name for i, name in old.names.items() if at[i] >= 0}
    new.varying = getattr(old, "varying", [])
    new.constants = {_key(x): i for i, x in new.values.items()}
    return new


def _rewired(old: Lowered, to: list[int]) -> Lowered:
    """The same instructions with operands read from where ``to`` maps them; what nothing reads now is dead."""
    old.a = [to[i] for i in old.a]
    old.b = [to[i] for i in old.b]
    old.c = {i: to[x] for i, x in old.c.items()}
    old.terms = {i: itemgetter(*terms)(to) for i, terms in old.terms.items()}
    old.outputs = [to[i] for i in old.outputs]
    old.leaves = {x: to[i] for x, i in old.leaves.items()}
    return old


def _key(x: float) -> Any:
    return x if x and x == x else repr(x)


def fold_constants(old: Lowered) -> Lowered:
    """Compute what depends on constants alone, and leave out products with 1 and identities."""
    count = len(old)
    to = [*range(count), -1]
    values, ops, a, b, c = old.values, old.ops, old.a, old.b, old.c
    known = bytearray(count + 1)  # the places of constants
    for i in values:
        known[i] = 1
    for i, (op, x, y) in enumerate(zip(ops, a, b)):
        x, y = to[x], to[y]
        if op is identity:
            to[i] = x
            continue
        if known[x] or known[y]:
            if op is mul and (values.get(x) == 1.0 or values.get(y) == 1.0):
                to[i] = y if values.get(x) == 1.0 else x
                continue
            others = ([y] if y >= 0 else []) + ([to[c[i]]] if i in c else [])
            if known[x] and op is not detach and all(known[other] for other in others):
                values[i] = evaluated(op, [values[place] for place in (x, *others)])
                ops[i] = constant  # in place: the recording is a copy
                a[i] = b[i] = -1
                c.pop(i, None)
                known[i] = 1
    return _rewired(old, to)


def evaluated(op: Operation, operands: Sequence[float]) -> float:
    """The number that an operation makes of numbers, with NumPy's results at the edges."""
    try:
        return float(op.forward(*operands))
    except ArithmeticError:
        return ieee(op.forward, *operands)


def merge_common(old: Lowered) -> Lowered:
    """Compute an operation on the same operands once."""
    if _all_differ(old):
        return old
    to = [*range(len(old)), -1]
    known: dict[Any, int] = {}
    setdefault, values, c, size = known.setdefault, old.values, old.c, len(old) + 1
    codes: dict[int, int] = {}
    number = codes.setdefault
    # keys are integers: a tuple for each operation would keep the garbage collector busy (measured: a third of the time)
    for i, (op, x, y) in enumerate(zip(old.ops, old.a, old.b)):
        x, y = to[x], to[y]
        if x < 0:
            first = setdefault((constant, _key(values[i])), i) if op is constant else i
        elif c and i in c:
            first = setdefault((id(op), x, y, to[c[i]]), i)
        elif x > y >= 0 and (op is add or op is mul):
            first = setdefault((number(id(op), len(codes)) * size + y) * size + x, i)
        else:
            first = setdefault((number(id(op), len(codes)) * size + x) * size + y, i)
        to[i] = first
    return _rewired(old, to)


def _all_differ(old: Lowered) -> bool:
    """True where no two places have the same operation and operands: asked of all at once, which takes a tenth of the time."""
    numbers: dict[int, int] = {}
    if old.c or len({_key(x) for x in old.values.values()}) < len(old.values):
        return False
    codes = np.fromiter([numbers.setdefault(op, len(numbers)) for op in map(id, old.ops)], np.int64, len(old))
    a, b = np.array(old.a, np.int64), np.array(old.b, np.int64)
    turned = np.isin(codes, [numbers.get(id(op), -1) for op in (add, mul)]) & (a > b) & (b >= 0)
    a, b = np.where(turned, b, a), np.where(turned, a, b)
    keys = np.sort(((codes * (len(old) + 1) + a) * (len(old) + 1) + b)[a >= 0])
    return not (keys[1:] == keys[:-1]).any()


def drop_dead(old: Lowered) -> Lowered:
    """Leave out what no result depends on; the inputs stay."""
    count, c, terms = len(old), old.c, old.terms
    further = [*old.outputs, *old.inputs, *c.values(), *chain.from_iterable(terms.values())]
    reads = np.concatenate([np.array(x, np.int64) for x in (old.a, old.b, further)])
    uses = np.bincount(reads + 1, minlength=count + 1)[1:]
    dead = np.flatnonzero(uses == 0).tolist()
    if not dead:
        return old
    live = np.ones(count, bool)
    for i in dead:  # which grows
        live[i] = False
        for x in old.operands(i):
            uses[x] -= 1
            if not uses[x]:
                dead.append(x)
    return _renumbered(old, np.flatnonzero(live).tolist())


def fuse_dots(old: Lowered) -> Lowered:
    """Make one dot of a tree of sums whose terms, sums and products, are used in it alone.

    A term that is no product has the factor 1, or −1 where it is subtracted. What varies by example and what does not are
    kept apart, so that the latter is computed once.
    """
    mark_lanes(old)
    count, ops, a, b, lanes = len(old), old.ops, old.a, old.b, old.lanes
    absorbed, roots = _absorbed(old)
    one, minus = (old.constant(1.0), old.constant(-1.0)) if roots else (-1, -1)
    lanes = old.lanes = [*lanes[:count], *[False] * (len(old) - count + 1)]
    before: dict[int, int] = {}  # a dot of weights, to which the products of what varies are added, by the place of these
    for i in roots:
        terms = _terms(i, ops, a, b, absorbed, one, minus)
        ops[i], a[i], b[i] = dot, -1, -1
        weights, xs, pairs = oriented(terms, lanes) if lanes[i] else ([], [], terms)
        if pairs and weights and weights != [one]:
            part = before[i] = old.add(dot)
            old.terms[part] = tuple([x for pair in zip(weights, xs) for x in pair])
            lanes.insert(-1, any(lanes[x] for x in xs))
            terms = [*pairs, one, part]
        old.terms[i] = tuple(terms)
    kept = [place for place in (one, minus) if place >= count]
    for i in range(count):
        if not absorbed[i]:
            if i in before:
                kept.append(before[i])
            kept.append(i)
    return drop_dead(_renumbered(old, kept))


def _absorbed(old: Lowered) -> tuple[bytearray, list[int]]:
    """For each place 1 where it is a term of one sum and of nothing else; and the sums of such terms that are no such term."""
    count, kinds = len(old), {id(add): 1, id(sub): 3, id(mul): 2}
    kind = np.fromiter([*map(kinds.get, map(id, old.ops), [0] * count), 0], np.uint8, count + 1)  # odd for sums and differences
    a, b, lanes = np.array(old.a, np.int64), np.array(old.b, np.int64), np.array(old.lanes)
    uses = np.bincount(np.concatenate([a, b]) + 1, minlength=count + 1)[1:]
    for i in (*old.outputs, *old.c.values()):
        uses[i] += 2
    user = np.full(count + 1, -1)
    user[a] = user[b] = np.arange(count)
    by, here = user[:-1], np.arange(count)
    fits = (kind[by] & 1 == 1) & (lanes[:-1] == lanes[by]) & ((kind[by] == 1) | (a[by] == here))
    absorbed = np.append((uses == 1) & (kind[:-1] > 0) & fits, False)
    roots = (kind[:-1] & 1 == 1) & ~absorbed[:-1] & (absorbed[a] | absorbed[b])
    return bytearray(absorbed.view(np.uint8)), np.flatnonzero(roots).tolist()


def _terms(root: int, ops: list[Operation], a: list[int], b: list[int], absorbed: bytearray, one: int, minus: int) -> list[int]:
    terms: list[int] = []
    stack = [root]
    while stack:
        i = stack.pop()
        if i < 0:  # subtracted
            terms += (-i - 1, minus)
        elif i != root and not absorbed[i]:
            terms += (i, one)
        elif ops[i] is mul:
            terms += (a[i], b[i])
        else:
            stack += (b[i] if ops[i] is add else -b[i] - 1, a[i])
    return terms


PASSES: tuple[Pass, ...] = (fold_constants, merge_common, drop_dead, fuse_dots)
CAREFUL: tuple[Pass, ...] = (drop_dead,)  # where 0 · inf is to be what it is in the function itself


def mark_lanes(lowered: Lowered) -> None:
    """Set ``lanes``: the inputs named by ``varying`` vary by example, and so does what depends on them."""
    if not lowered.varying:
        lowered.lanes = [False] * (len(lowered) + 1)
        return
    lanes = bytearray(len(lowered) + 1)
    for n in lowered.varying:
        lanes[lowered.inputs[n]] = 1
    c, terms = lowered.c, lowered.terms
    for i, (op, x, y) in enumerate(zip(lowered.ops, lowered.a, lowered.b)):
        if lanes[x] or lanes[y] or i in c and lanes[c[i]] or op is dot and any(lanes[t] for t in terms[i]):
            lanes[i] = 1
        lanes[-1] = 0
    lowered.lanes = [*map(bool, lanes)]


def mark_needed(lowered: Lowered, wanted: Iterable[int]) -> bytearray:
    """For each place 1 if a gradient flows from it to one of the ``wanted`` places; the last entry is 0."""
    needed = bytearray(len(lowered) + 1)
    for i in wanted:
        needed[i] = 1
    c, terms = lowered.c, lowered.terms
    for i, (op, x, y) in enumerate(zip(lowered.ops, lowered.a, lowered.b)):
        if op is dot:
            needed[i] = any(needed[t] for t in terms[i])
        elif needed[x] or needed[y] or i in c:
            rules = op.partials
            operands = (x, y, c[i]) if i in c else (x, y)
            needed[i] = needed[i] or any(needed[p] and rule is not flat for p, rule in zip(operands, rules) if p >= 0)
        needed[-1] = 0
    return needed


def mark_reached(lowered: Lowered) -> bytearray:
    """For each place 1 if a backward pass from the result comes to it, be it with a gradient of 0; a detached one stops it."""
    reached = bytearray(len(lowered) + 1)
    for i in lowered.outputs:
        reached[i] = 1
    for i in range(len(lowered) - 1, -1, -1):
        op = lowered.ops[i]
        if reached[i] and op is not detach and op not in masks:
            for x in lowered.operands(i)[op is select:]:
                reached[x] = 1
    return reached


# ── the schedule ─────────────────────────────────────────────────────────────────────────────────────────────────

class SameRows(NamedTuple):
    """The same operation for several places: ``operands`` has a list of places for each operand."""

    op: Operation
    outs: list[int]
    operands: list[list[int]]


class Matrix(NamedTuple):
    """Dots over the same numbers: out[j] = Σ weights[j][k] · xs[k]; weights do not vary by example, xs do."""

    outs: list[int]
    weights: list[list[int]]
    xs: list[int]


class Products(NamedTuple):
    """One dot of any factors: out = base + Σ a[k] · b[k] (without a base: −1)."""

    out: int
    base: int
    a: list[int]
    b: list[int]


VectorStep = SameRows | Matrix | Products


def schedule(lowered: Lowered, lanes: bool) -> list[VectorStep]:
    """The steps that compute the places that vary by example, or those that do not, in an order in which each may follow.

    Instructions of one level, which do not depend on each other, stand side by side.
    """
    level = [0] * (len(lowered) + 1)
    rows: dict[Any, list[int]] = {}
    dots: dict[Any, list[int]] = {}
    ops, a, b, c, varies = lowered.ops, lowered.a, lowered.b, lowered.c, lowered.lanes
    weighing: dict[int, list[int]] = {}
    for i, op in enumerate(ops):
        x, y = a[i], b[i]
        if op is dot:
            depth = level[i] = 1 + max(level[t] for t in lowered.terms[i])
            if varies[i] != lanes:
                continue
            weights, xs, pairs = oriented(lowered.terms[i], varies)
            if lanes and not pairs:
                weighing[i] = weights
                dots.setdefault((depth, tuple(xs)), []).append(i)
            else:
                dots[depth, i] = [i]
        elif x >= 0:
            depth = max(level[x], level[y])
            depth = level[i] = 1 + (max(depth, level[c[i]]) if i in c else depth)
            if varies[i] == lanes:
                rows.setdefault((depth, id(op), varies[x], varies[y], i in c and (varies[c[i]], varies[y])), []).append(i)
        level[-1] = 0
    steps: list[tuple[int, VectorStep]] = []
    for key, places in rows.items():
        operands = [[lowered.operands(i)[k] for i in places] for k in range(len(lowered.operands(places[0])))]
        steps.append((key[0], SameRows(ops[places[0]], places, operands)))
    for (depth, xs), places in dots.items():
        if isinstance(xs, tuple):
            steps.append((depth, Matrix(places, [weighing[i] for i in places], [*xs])))
        else:
            steps.append((depth, _products(lowered, places[0])))
    return [step for _, step in sorted(steps, key=lambda entry: entry[0])]


def oriented(terms: Sequence[int], varies: Sequence[bool]) -> tuple[list[int], list[int], list[int]]:
    """The terms of a dot in two parts: weights that do not vary by example with what does, and pairs that both do."""
    weights: list[int] = []
    xs: list[int] = []
    pairs: list[int] = []
    for x, y in zip(terms[::2], terms[1::2]):
        if varies[x] and varies[y]:
            pairs += (x, y)
        else:
            weights.append(y if varies[x] else x)
            xs.append(x if varies[x] else y)
    return weights, xs, pairs


def _products(lowered: Lowered, place: int) -> Products:
    terms: Sequence[int] = lowered.terms[place]
    if lowered.lanes[place]:
        weights, xs, terms = oriented(terms, lowered.lanes)
        return Products(place, xs[0] if weights else -1, [*terms[::2]], [*terms[1::2]])
    return Products(place, -1, [*terms[::2]], [*terms[1::2]])
