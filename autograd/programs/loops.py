"""A program of arrays as loops over flat arrays of doubles, in C or JavaScript: no library, and all shapes are known.

Which entry an operation takes where is found out by running it on the numbers of the entries; where they lie evenly the index is
a sum of products, else a table. What is computed of entries is a row's own rule, in the printer's dialect.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any, NamedTuple

import numpy as np

from .. import ops
from ..arrays.axes import all_axes
from ..arrays.operation import ArrayOperation
from ..operation import Operation, rows
from .array_source import ArrayWriter
from .calls import NamedCall, call_of
from .expansion import live_steps
from .lines import filled, slots_of
from .printer import C, JAVASCRIPT, Dialect, SourceCode, sources, written
from .record import comparisons
from .source import declarations
from .tensors import Array, ArrayTape, Slot, TapeStep

UFUNCS: dict[str, Operation] = {
    **{f"np.{name}": row for name, row in rows.items()}, "np.subtract": ops.sub, "np.multiply": ops.mul, "np.divide": ops.div,
    "np.negative": ops.neg, "np.power": ops.pow, "np.absolute": ops.abs, "np.positive": ops.identity,
    "same": ops.identity, ".copy": ops.identity}
SIGNS = {f"np.{name}": op.sign for name, op in comparisons.items()}
LOGIC = {"np.logical_not": "({0} == 0)", "np.invert": "({0} == 0)", "np.logical_and": "({0} != 0 && {1} != 0)",
         "np.bitwise_and": "({0} != 0 && {1} != 0)", "np.logical_or": "({0} != 0 || {1} != 0)",
         "np.bitwise_or": "({0} != 0 || {1} != 0)", "np.isfinite": "({0} - {0} == 0)"}
GATHERS = {"reshape", "broadcast_to", "transpose", "getitem", "flip", "roll", "[ ]", ".reshape", ".transpose", ".ravel",
           "np.reshape", "np.transpose", "np.broadcast_to", "np.squeeze", "np.expand_dims"}
PUTS = {"concatenate", "stack", "pad", "scatter"}
REDUCTIONS = {"sum": ("add", 0.0), "max": ("maximum", -np.inf), "min": ("minimum", np.inf), "prod": ("mul", 1.0),
              "any": ("maximum", 0.0), "all": ("minimum", 1.0)}  # masks are 0 and 1


class Index(NamedTuple):
    """The entries of an array that loops walk over: the first, and how far the next is along each loop; or a table of them."""

    strides: tuple[int, ...]
    start: int = 0
    table: str = ""


def index_of(shape: tuple[int, ...], whole: tuple[int, ...]) -> Index:
    """The index of an array that is broadcast to loops of these lengths.

    >>> index_of((3, 1), (2, 3, 4)).strides
    (0, 1, 0)
    """
    padded = (1,) * (len(whole) - len(shape)) + shape
    return Index(tuple([0 if n == 1 else prod(padded[i + 1:]) for i, n in enumerate(padded)]))


def even_index(places: Array) -> Index | None:
    """The index of entries that lie evenly; None where they do not.

    >>> even_index(np.arange(12).reshape(3, 4)[::-1, 1:]), even_index(np.array([0, 1, 3]))
    (Index(strides=(-4, 1), start=9, table=''), None)
    """
    start = int(places.flat[0])
    first = [tuple([int(i == axis) for i in range(places.ndim)]) for axis in range(places.ndim)]
    strides = tuple([int(places[one]) - start if n > 1 else 0 for one, n in zip(first, places.shape)])
    made = start + sum(s * np.arange(n).reshape([-1 if i == axis else 1 for i in range(places.ndim)])
                       for axis, (s, n) in enumerate(zip(strides, places.shape)))
    return Index(strides, start) if np.array_equal(np.broadcast_to(made, places.shape), places) else None


def merged(lengths: tuple[int, ...], indices: list[Index]) -> tuple[list[int], list[list[int]]]:
    """Loops without those of one turn, and with two in one where every index allows it; and the strides of each index."""
    kept = [axis for axis, n in enumerate(lengths) if n != 1]
    loops, strides = [lengths[axis] for axis in kept], [[index.strides[axis] for axis in kept] for index in indices]
    for axis in range(len(loops) - 2, -1, -1):
        if all(steps[axis] == steps[axis + 1] * loops[axis + 1] for steps in strides):
            loops[axis:axis + 2] = [loops[axis] * loops[axis + 1]]
            for steps in strides:
                del steps[axis]
    return loops, strides


class LoopWriter(ArrayWriter):
    """The source in C or JavaScript."""

    comment = "// "

    def __init__(self, tape: ArrayTape, outputs: list[int], title: str, language: str):
        super().__init__(tape, outputs, title)
        self.dialect: Dialect = C if language == "C" else JAVASCRIPT
        self.is_c = language == "C"
        self.used: set[str] = set()
        self.constants: list[str] = []

    def source(self) -> str:
        """The whole source."""
        functions = self.functions(self._function)[::-1]  # C wants what is called first
        head = ["#include <math.h>", "#include <stdlib.h>", ""] if self.is_c else []
        return "\n".join([self.about(), *head, *declarations(sources(self.used, self.dialect), self.dialect), *self.constants, "",
                          *functions])

    def _function(self, part: str) -> str:
        tape, outputs = self.begin(part)
        steps = live_steps(tape, outputs, False)
        count = len(self.original.inputs) + len(self.original.leaves_read)
        given = {self.names[i]: f"x[{n}]" if n < count else f"seeds[{n - count}]" for n, i in enumerate(tape.inputs)}
        body = [line for step in steps for line in self._step(step)]
        made = {self.names[step.out]: max(1, self.size(step.out)) for step in steps}
        results = [(self.array(Slot(i)), self.size(i)) for i in outputs]
        sizes = [self.size(i) for i in tape.inputs[count:]]
        return (self._c if self.is_c else self._javascript)(part, given, made, body, results, sizes)

    def _c(self, part: str, given: dict[str, str], made: dict[str, int], body: list[str], results: list[tuple[str, int]],
           seeds: list[int]) -> str:
        inputs = "const double *const *x, " + "const double *const *seeds, " * (part != "forward")
        to = "y" if part == "forward" else "g"
        lines = [f"int {part}({inputs}double *const *{to})", "{",
                 f"    double *room = malloc({max(1, sum(made.values()))} * sizeof *room);", "    if (!room) return 1;"]
        lines += [f"    const double *{name} = {text};" for name, text in given.items()]
        at = 0
        for name, size in made.items():
            lines.append(f"    double *{name} = room + {at};")
            at += size
        lines += [f"    {line};" for line in body]
        lines += [f"    for (int i = 0; i < {size}; i++) {to}[{n}][i] = {name}[i];" for n, (name, size) in enumerate(results)]
        unused = " ".join(f"(void){name};" for name in given)
        last = ["    return 0;"]
        if self._is_checked(part):
            lines.append("    int is_finite = 1;")
            lines += [f"    for (int i = 0; i < {size}; i++) is_finite &= isfinite(g[{n}][i]) != 0;"
                      for n, (_, size) in enumerate(results)]
            last = ["    return is_finite ? 0 : exact_gradient(x, seeds, g);"]
        return "\n".join([*lines, f"    {unused}", "    free(room);", *last, "}", ""])

    def _is_checked(self, part: str) -> bool:
        """True for a gradient that is computed again, with masks, where it is not finite."""
        return part == "gradient" and "exact_gradient" in self.parts

    def _javascript(self, part: str, given: dict[str, str], made: dict[str, int], body: list[str], results: list[tuple[str, int]],
                    seeds: list[int]) -> str:
        default = ", ".join(f"Array({n}).fill(1)" for n in seeds)
        lines = [f"function {part}(x{f', seeds = [{default}]' if part != 'forward' else ''}) {{"]
        lines += [f"  const {name} = {text}" for name, text in given.items()]
        lines += [f"  const {name} = new Float64Array({size})" for name, size in made.items()]
        lines += [f"  {line}" for line in body]
        listed = f"[{', '.join(f'Array.from({name})' for name, _ in results)}]"
        if self._is_checked(part):
            lines += [f"  const found = {listed}",
                      "  if (!found.every(g => g.every(Number.isFinite))) return exact_gradient(x, seeds)"]
            listed = "found"
        return "\n".join([*lines, f"  return {listed}", "}", ""])

    # ── arrays and loops ──

    def shape(self, x: Slot | Array | float) -> tuple[int, ...]:
        return np.shape(self.tape.examples[x.number] if isinstance(x, Slot) else x)

    def size(self, slot: int) -> int:
        return prod(np.shape(self.tape.examples[slot]))

    def array(self, x: object) -> str:
        """The name of an array, which for a constant is declared."""
        if isinstance(x, Slot) and x.number not in self.tape.constants:
            return self.names[x.number]
        numbers = np.asarray(self.tape.constants[x.number] if isinstance(x, Slot) else x, float).ravel().tolist()
        return self._declared("double", [written(n, self.dialect) for n in numbers])

    def _declared(self, kind: str, texts: list[str]) -> str:
        name, listed = f"k{len(self.constants)}", ", ".join(texts)
        self.constants.append(f"static const {kind} {name}[] = {{{listed}}};" if self.is_c else f"const {name} = [{listed}]")
        return name

    def even(self, places: Array) -> Index:
        """The index of entries, by a table where they do not lie evenly."""
        found = even_index(places)
        if found is None:
            table = self._declared("int", [*map(str, places.ravel().tolist())])
            found = Index(index_of(places.shape, places.shape).strides, 0, table)
        return found

    def loop(self, lengths: tuple[int, ...], arrays: list[tuple[Any, Index]], body: Callable[..., str]) -> list[str]:
        """The statement ``body`` of one entry of each array, in loops of these lengths; a number stands for itself."""
        if 0 in lengths:
            return []
        loops, strides = merged(lengths, [index for _, index in arrays])
        letters = "ijklmnopqrstuvw"
        variable = "int" if self.is_c else "let"
        head = "".join(f"for ({variable} {c} = 0; {c} < {n}; {c}++) " for c, n in zip(letters, loops))
        entries = []
        for (x, index), steps in zip(arrays, strides):
            number = self.tape.constants.get(x.number) if isinstance(x, Slot) else x
            if isinstance(number, (float, int)):
                entries.append(written(number, self.dialect))
                continue
            name = x if isinstance(x, str) else self.array(x)
            terms = [c if s == 1 else f"{s} * {c}" for c, s in zip(letters, steps) if s] + [str(index.start)] * (index.start != 0)
            place = " + ".join(terms).replace("+ -1 *", "-").replace("+ -", "- ") or "0"
            entries.append(f"{name}[{f'{index.table}[{place}]' if index.table else place}]")
        return [head + body(*entries)]

    # ── steps ──

    def _step(self, step: TapeStep) -> list[str]:
        call = call_of(step)
        out, name = self.names[step.out], call.name.removeprefix(".").removeprefix("np.")
        row = step.what if isinstance(step.what, Operation) else UFUNCS.get(call.name)
        if row is not None and len(call.args) == row.arity:
            return self._entries(step, call.args, lambda *xs: self._rule(row, xs))
        if call.name in SIGNS or call.name in LOGIC or name in ("where", "astype"):
            return self._choices(step, call, name)
        if call.name in ("matmul", "einsum"):
            return self._contraction(step, call)
        if (reduction := self._reduction(call)) is not None:
            return self._reduced(step, call, reduction)
        static = not slots_of((call.options, call.args[1:] if call.name == "[ ]" else ()))
        if call.name in GATHERS and static and call.args and isinstance(call.args[0], Slot):
            return self._gathered(step, call.args[0])
        if call.name in PUTS and static:
            return self._put(step, call)
        if call.name in ("getitem", "scatter", "[ ]"):
            return self._indexed(step, call, out)
        raise LookupError(f"the operation {name!r} has no source in {self.dialect.name}")

    def _entries(self, step: TapeStep, args: Any, rule: Callable[..., str]) -> list[str]:
        whole = self.shape(Slot(step.out))
        arrays = [(self.names[step.out], index_of(whole, whole))] + [(x, index_of(self.shape(x), whole)) for x in args]
        return self.loop(whole, arrays, lambda out, *xs: f"{out} = {rule(*xs)}")

    def _rule(self, row: Operation, texts: tuple[str, ...]) -> str:
        return written(row(*[SourceCode(text, self.used, self.dialect) for text in texts]), self.dialect)

    def _choices(self, step: TapeStep, call: NamedCall, name: str) -> list[str]:
        choice = self.dialect.choice.format
        if name == "where":
            args = (call.options["condition"], *call.args) if "condition" in call.options else call.args
            return self._entries(step, args, lambda c, x, y: choice(f"({c} != 0)", x, y))
        if name == "astype":
            to = np.dtype(call.options["dtype"] if "dtype" in call.options else call.args[1]).kind
            cut = {"f": "{}", "b": choice("({} != 0)", "1.0", "0.0"), "i": "trunc({})", "u": "trunc({})"}[to]
            return self._entries(step, call.args[:1], (cut if self.is_c else cut.replace("trunc", "Math.trunc")).format)
        sign = SIGNS.get(call.name, "")
        form = f"({{0}} {self.dialect.signs.get(sign, sign)} {{1}})" if sign else LOGIC[call.name]
        return self._entries(step, call.args, lambda *xs: choice(form.format(*xs), "1.0", "0.0"))

    def _reduction(self, call: NamedCall) -> str | None:
        known = {"np.add.reduce": "sum", "np.maximum.reduce": "max", "np.minimum.reduce": "min", "np.multiply.reduce": "prod"}
        name = known.get(call.name) or call.name.removeprefix("np.").removeprefix(".")
        return name if name in REDUCTIONS else None

    def _reduced(self, step: TapeStep, call: NamedCall, name: str) -> list[str]:
        (row, start), x = REDUCTIONS[name], call.args[0]
        shape, first = self.shape(x), 0 if call.name.endswith(".reduce") else None
        axis = call.options.get("axis", call.args[1] if len(call.args) > 1 else first)
        kept = tuple([1 if i in all_axes(axis, len(shape)) else n for i, n in enumerate(shape)])
        arrays = [(self.names[step.out], index_of(kept, shape)), (x, index_of(shape, shape))]
        return self._filled(step, written(start, self.dialect)) + self.loop(
            shape, arrays, lambda out, x: f"{out} = {self._rule(rows[row], (out, x))}")

    def _gathered(self, step: TapeStep, x: Slot) -> list[str]:
        shape = self.shape(x)
        args = filled(step.args, {x.number: np.arange(prod(shape)).reshape(shape)})
        function = step.what.forward if isinstance(step.what, ArrayOperation) else step.what
        places = np.asarray(function(*args, **step.options))
        return self._copied(self.names[step.out], places.shape, index_of(places.shape, places.shape), x, places)

    def _copied(self, out: str, whole: tuple[int, ...], to: Index, x: Any, places: Any) -> list[str]:
        return self.loop(whole, [(out, to), (x, self.even(places))], lambda out, x: f"{out} = {x}") if places.size else []

    def _put(self, step: TapeStep, call: NamedCall) -> list[str]:
        shape = self.shape(Slot(step.out))
        places = np.arange(prod(shape)).reshape(shape)
        lines = self._filled(step, "0")
        operands = [np.empty(self.shape(x)) for x in call.args]
        for i, x in enumerate(call.args):
            to = np.broadcast_to(step.what.pullback(i, places, places, operands, step.options), self.shape(x))
            if to.size:
                lines += self.loop(to.shape, [(self.names[step.out], self.even(to)), (x, index_of(to.shape, to.shape))],
                                   lambda out, x: f"{out} += {x}")
        return lines

    def _filled(self, step: TapeStep, text: str) -> list[str]:
        return self.loop((self.size(step.out),), [(self.names[step.out], Index((1,)))], lambda out: f"{out} = {text}")

    def _contraction(self, step: TapeStep, call: NamedCall) -> list[str]:
        """The sum of products over the letters that the result lacks."""
        shapes = [self.shape(x) for x in call.args]
        spec = call.options["spec"] if call.name == "einsum" else _product_spec(*map(len, shapes))
        terms, result = spec.split("->")
        names = terms.split(",")
        lengths: dict[str, int] = {}
        for letters, shape in zip(names, shapes):
            for c, n in zip(letters, shape):
                lengths[c] = max(lengths.get(c, 1), n)
        order = [*result, *[c for c in lengths if c not in result]]
        whole = tuple([lengths[c] for c in order])

        def index(letters: str, shape: tuple[int, ...]) -> Index:
            strides = index_of(shape, shape).strides
            return Index(tuple([sum(s for c, s in zip(letters, strides) if c == one) for one in order]))
        arrays = [(self.names[step.out], index(result, self.shape(Slot(step.out))))]
        arrays += [(x, index(letters, shape)) for x, letters, shape in zip(call.args, names, shapes)]
        return self._filled(step, "0") + self.loop(whole, arrays, lambda out, *xs: f"{out} += {' * '.join(xs)}")

    def _indexed(self, step: TapeStep, call: NamedCall, out: str) -> list[str]:
        """Entries whose places are known only when it runs: the index is one array of integers for each of the first axes."""
        index = call.options["index"] if call.name != "[ ]" else call.args[1]
        parts = index if type(index) is tuple else (index,)
        outer, inner = (Slot(step.out), call.args[0]) if call.name == "scatter" else (call.args[0], Slot(step.out))
        shape, found = self.shape(outer), self.shape(inner)
        numbers = [np.asarray(self.tape.examples[x.number] if isinstance(x, Slot) else x) for x in parts]
        if any(x.dtype.kind not in "iu" for x in numbers):
            raise LookupError(f"the operation {call.name!r} has no source in {self.dialect.name} with this index: give integers "
                              "for the first axes")
        broad = np.broadcast_shapes(*map(self.shape, parts))
        arrays = [(self.array(inner), index_of(found, found))]
        arrays += [(x if isinstance(x, Slot) else self.array(x), index_of(self.shape(x) + (1,) * (len(found) - len(broad)), found))
                   for x in parts]
        rest = index_of(shape, shape).strides
        across = Index((0,) * len(broad) + rest[len(parts):])

        def body(value: str, *texts: str) -> str:
            places = [f"(int){x}" if self.is_c else x for x in texts[:-1]]
            wrapped = [f"{s} * ({x} < 0 ? {x} + {n} : {x})" for x, s, n in zip(places, rest, shape)]
            place = " + ".join([*wrapped, texts[-1].removeprefix("?[").removesuffix("]")])
            name = self.array(outer)
            return f"{name}[{place}] += {value}" if call.name == "scatter" else f"{value} = {name}[{place}]"
        return (self._filled(step, "0") if call.name == "scatter" else []) + self.loop(found, [*arrays, ("?", across)], body)


def _product_spec(x: int, y: int) -> str:
    """The product of matrices, vectors, or stacks of them, as Einstein's summation.

    >>> _product_spec(2, 2), _product_spec(1, 1), _product_spec(3, 2)
    ('xz,zy->xy', 'z,z->', 'axz,zy->axy')
    """
    stack = "abcdefgh"[:max(x, y, 2) - 2]
    left, right = stack[len(stack) - max(x - 2, 0):], stack[len(stack) - max(y - 2, 0):]
    return f"{left}{'xz' if x > 1 else 'z'},{right}{'zy' if y > 1 else 'z'}->{stack}{'x' if x > 1 else ''}{'y' if y > 1 else ''}"
