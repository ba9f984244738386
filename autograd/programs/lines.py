"""The lines of an array program: each step of a recording, and of its gradient, as text for NumPy and as what C would do.

A line reads and writes variables: ``v3`` is the value of slot 3, ``d3`` its gradient. Its texts run anywhere; ``native`` says
what it is in terms of ``arrays.c``, or is None where only Python can run it.
"""

from __future__ import annotations

import re
from math import prod
from typing import Any, NamedTuple

import numpy as np

from .. import ops
from ..arrays import table
from ..arrays.pullback import match_operand, refuse_nan, row_pullback, unbroadcast
from ..elementwise import array_function, masked
from ..operation import Operation, no_derivative
from .layers import layer_backward, layer_forward
from .masks import may_repeat
from .record import comparisons, select
from .tensors import ArrayTape, Slot, TapeStep, is_finite, item_of, method_of

FULL, ALONE, TAIL, HEAD = range(4)  # how an operand of R × C entries is broadcast, as in arrays.c
MANY = 2_048  # entries from which a mask is cast first
SQUARE = Operation("square", "²", lambda x: x * x, (lambda out, x: 2 * x,), (), ((-1.0, 1.0),), {}, None, False)  # x ** 2
_KNOWN = {ops.relu: "np.maximum({0}, 0{1})", SQUARE: "np.square({0}{1})"}
_ROUNDED = {ops.floor, ops.trunc, ops.rint}  # of −0.3 NumPy makes −0, and the row as it is in C 0
_SLOPES = {ops.exp: ("{g} * {out}",), ops.div: ("{g} / {1}", "{g} * ({0} / {1}) / -{1}"), ops.mul: ("{g} * {1}", "{g} * {0}"),
           SQUARE: ("{g} * (2 * {0})",), ops.sqrt: ("{g} * (0.5 / {out})",), ops.log: ("{g} / {0}",)}


class EntryRows(NamedTuple):
    """Entry by entry, over R × C entries: a row forward, or its gradients to the operands that need one."""

    op: Operation
    out: int
    operands: tuple[int, ...]
    kinds: tuple[int, ...]  # of the operands
    out_kind: int  # not FULL for a sum, whose result has fewer entries
    shape: tuple[int, ...]
    width: int  # C
    needs: tuple[bool, ...] = ()  # backward: which operands
    is_first: tuple[bool, ...] = ()


class Matrices(NamedTuple):
    """A product of two matrices; each is (variable, transposed)."""

    x: tuple[str, bool]
    y: tuple[str, bool]
    out: str
    sizes: tuple[int, int, int]  # m, n, k
    adds: bool = False


class Other(NamedTuple):
    """An instruction of its own: the cross-entropy of labels, or a guard of labels."""

    kind: str
    variables: tuple[Any, ...]
    sizes: tuple[int, ...]


class Line(NamedTuple):
    """A statement of a program, or a few: texts for NumPy, the variables that it reads and writes, and its meaning in C."""

    texts: list[str]
    reads: frozenset[str]
    writes: frozenset[str]
    native: Any = None
    is_removable: bool = False  # where nothing reads what it writes


class Alias(NamedTuple):
    """The same numbers in another shape."""

    source: str
    target: str


def broadcast_kind(shape: tuple[int, ...], whole: tuple[int, ...], width: int) -> int | None:
    """How an operand of this shape takes part in entries of shape ``whole`` with rows of ``width``; None where it cannot.

    >>> [broadcast_kind(shape, (2, 3), 3) for shape in ((2, 3), (), (3,), (2, 1))]
    [0, 1, 2, 3]
    """
    padded = (1,) * (len(whole) - len(shape)) + shape
    if prod(shape) == prod(whole):
        return FULL
    if prod(shape) == 1:
        return ALONE
    if prod(shape) == width and _is_tail(padded, whole):
        return TAIL
    return HEAD if prod(shape) * width == prod(whole) and _is_tail(padded[::-1], whole[::-1]) else None


def _is_tail(padded: tuple[int, ...], whole: tuple[int, ...]) -> bool:
    """True for an operand that has length 1 along its first axes and all entries along the others."""
    first = next((i for i, n in enumerate(padded) if n != 1), len(padded))
    return padded[first:] == whole[first:]


def row_width(shapes: list[tuple[int, ...]], whole: tuple[int, ...]) -> int | None:
    """The length of rows in which every operand is whole, one number, a row or a column; None where there is none."""
    width = prod(whole)
    for shape in shapes:
        if 1 < prod(shape) < prod(whole):
            width = prod(shape) if _is_tail((1,) * (len(whole) - len(shape)) + shape, whole) else prod(whole) // prod(shape)
            break
    return width if all(broadcast_kind(shape, whole, width) is not None for shape in shapes) else None


class Lines:
    """Makes the lines of a recording: ``forward``, and with ``backward`` those of its gradient by what is wanted."""

    def __init__(self, tape: ArrayTape, outputs: list[int], wanted: list[int], space: dict[str, Any]):
        self.tape, self.outputs, self.wanted, self.space = tape, outputs, wanted, space
        space.update(row=row_pullback, refuse_nan=refuse_nan, np=np, match=match_operand, unbroadcast=unbroadcast,
                     total=np.add.reduce, mine=mine, masked=masked)
        self.needed = self._needed()
        self.reached = {outputs[0]} if outputs else set()
        self.finals = {*wanted}
        self.guards = known_guards(tape)
        self._layouts: dict[int, Any] = {}
        self.searched: set[int] = set()  # slots that were found free of nan, for operations that leave entries out
        self.owned: set[int] = set()  # slots whose gradient is an array of its own, which can be added to

    def _needed(self) -> set[int]:
        """The slots that lie on a way from what is wanted."""
        needed = set(self.wanted)
        for step in self.tape.steps:
            if step.kind == "node" and self.tape.takes[step.out] and any(x.number in needed for x in step.args):
                needed.add(step.out)
        return needed

    def shape(self, slot: int) -> tuple[int, ...]:
        """The shape of a slot."""
        return np.shape(self.tape.examples[slot])

    def example(self, slot: int) -> Any:
        """The array of the first call."""
        return np.asarray(self.tape.examples[slot])

    def layout(self, slot: int) -> Any:
        """The order of its entries in memory: None for that of C, else its strides."""
        if slot not in self._layouts:
            example = np.empty_like(self.example(slot))
            strides = tuple([n // example.itemsize for n in example.strides])
            self._layouts[slot] = None if example.flags.c_contiguous else strides
        return self._layouts[slot]

    def dtype(self, slot: int) -> Any:
        """The dtype of a slot, None for a Python number, which widens nothing."""
        return getattr(self.tape.examples[slot], "dtype", None)

    # ── forward ──

    def forward(self) -> list[Line]:
        """The lines of all steps."""
        lines, dropped = [], {n for before, _ in self.guards.values() for n in before}
        self.turned = {step.out: step.args[0].number for step in self.tape.steps if step.what is table.transpose and
                       len(self.shape(step.out)) == 2 and step.options["axes"] in (None, (1, 0), [1, 0])}
        for n, step in enumerate(self.tape.steps):
            if n in self.guards:
                lines.append(self._guard(n, step))
            elif n not in dropped:
                lines.append(self._forward(n, step))
        return lines

    def _guard(self, n: int, step: TapeStep) -> Line:
        """A guard that is one instruction in C, and several steps in NumPy."""
        before, native = self.guards[n]
        parts = [self._forward(k, self.tape.steps[k]) for k in before] + [self._forward(n, step)]
        return Line([text for part in parts for text in part.texts], frozenset(native.variables), frozenset(), native)

    def written(self, tree: Any, key: str, reads: set[str]) -> str:
        """An argument as text: slots as variables, everything else by a name in the namespace."""
        if isinstance(tree, Slot):
            reads.add(f"v{tree.number}")
            return f"v{tree.number}"
        if type(tree) in (tuple, list) and slots_of(tree):
            inside = "".join(f"{self.written(x, f'{key}_{i}', reads)}, " for i, x in enumerate(tree))
            return f"({inside})" if type(tree) is tuple else f"[{inside}]"
        if type(tree) is dict and slots_of(tree):
            return "{" + "".join(f"{name!r}: {self.written(x, f'{key}_{name}', reads)}, " for name, x in tree.items()) + "}"
        self.space[key] = tree
        return key

    def _options(self, n: int, step: TapeStep, reads: set[str]) -> str:
        return "".join(f", {name}={self.written(x, f'p{n}_{name}', reads)}" for name, x in step.options.items())

    def buffer(self, variable: str, slot: int) -> str:
        """The text ``, out=…`` with a buffer for a variable, which is used at each call."""
        if f"b_{variable}" not in self.space:
            self.space[f"b_{variable}"] = np.empty_like(self.example(slot)).view()  # a view is never given away as it is
        return f", out=b_{variable}"

    def _forward(self, n: int, step: TapeStep) -> Line:
        reads: set[str] = set()
        args = [self.written(x, f"a{n}_{i}", reads) for i, x in enumerate(step.args)]
        given, out = ", ".join(args), f"v{step.out}"
        writes = frozenset({out} if step.out >= 0 else ())
        native = None
        if step.kind == "guard":
            text = f"if bool({given}) is not {step.what}: raise Changed"
        elif step.kind == "effect":
            self.space[f"f{n}"], text = step.what, f"f{n}()"
        elif step.kind == "plain":
            text, native = self._plain(n, step, args, reads), self._plain_rows(step)
        elif isinstance(step.what, Operation):
            text, native = self._row_forward(n, step, args), self.rows(step)
            if step.what is ops.identity and native is not None and step.out not in self.outputs and \
                    self.dtype(step.out) == self.dtype(step.args[0].number):
                native = Alias(args[0], out)
        else:
            text, native = self._array_forward(n, step, args, reads)
        return Line([text], frozenset(reads), writes, native, step.kind == "node" or step.kind == "plain" and bool(args))

    def _plain(self, n: int, step: TapeStep, args: list[str], reads: set[str]) -> str:
        self.space[f"f{n}"] = step.what
        out = f"v{step.out}"
        if step.what is item_of and isinstance(step.args[0], Slot):
            return f"{out} = {args[0]}[{args[1]}]"
        if step.what is method_of and not step.options and isinstance(step.args[0], str) and isinstance(step.args[1], Slot):
            return f"{out} = {args[1]}.{step.args[0]}({', '.join(args[2:])})"
        sign = getattr(comparisons.get(getattr(getattr(step.what, "__self__", None), "__name__", "")), "sign", None)
        if sign and step.what.__name__ == "__call__" and not step.options and isinstance(step.args[0], Slot):
            return f"{out} = {args[0]} {sign} {args[1]}"
        return f"{out} = f{n}({', '.join(args)}{self._options(n, step, reads)})" if args else f"{out} = f{n}()"

    def _plain_rows(self, step: TapeStep) -> Any:
        """The meaning in C of a function of plain arrays: a comparison, another type, or another shape."""
        name, args = getattr(getattr(step.what, "__self__", None), "__name__", ""), step.args
        if step.options or not args:
            return None
        if name in comparisons and step.what.__name__ == "__call__" and len(args) == 2:
            slots = tuple([x.number if isinstance(x, Slot) else self.tape.operand(x) for x in args])
            return self._rows(comparisons[name], step.out, slots, self.shape(step.out), self.shape(step.out))
        if step.what is method_of and args[0] == "astype" and len(args) == 3 and isinstance(args[1], Slot):
            return self._rows(ops.identity, step.out, (args[1].number,), self.shape(step.out), self.shape(step.out))
        if step.what is item_of and isinstance(args[0], Slot) and type(args[1]) is tuple and \
                all(part is None or part == slice(None) for part in args[1]):
            fits = self.layout(args[0].number) is self.layout(step.out) is None and step.out not in self.outputs
            return Alias(f"v{args[0].number}", f"v{step.out}") if fits else None
        return None

    def _row_forward(self, n: int, step: TapeStep, args: list[str]) -> str:
        out, example = f"v{step.out}", np.asarray(self.tape.examples[step.out])
        op = SQUARE if self.is_square(step) else step.what
        if op is ops.identity and step.out not in self.outputs and self.dtype(step.out) == self.dtype(step.args[0].number):
            return f"{out} = {args[0]}"
        function = self.space[f"f{n}"] = array_function(step.what)
        room = self.buffer(out, step.out) if example.ndim and step.out not in self.outputs else ""
        if op in _KNOWN and (room or op is ops.relu and example.ndim):
            return f"{out} = {_KNOWN[op].format(args[0], room)}"
        if isinstance(function, np.ufunc):
            made = f"f{n}({', '.join(args)}{room})"
            return f"{out} = {made}" if example.ndim else f"{out} = np.asarray({made})"
        return f"{out} = np.asarray(f{n}({', '.join(args)}))"

    def _array_forward(self, n: int, step: TapeStep, args: list[str], reads: set[str]) -> tuple[str, Any]:
        op, out = step.what, f"v{step.out}"
        self.space[f"f{n}"] = op.forward
        example = self.tape.examples[step.out]
        native: Any = None
        given = ", ".join(args)
        if op is table.matmul and (sizes := self._matrices(step)) is not None:
            native = Matrices(self._matrix(step.args[0]), self._matrix(step.args[1]), out, sizes)
            return f"{out} = np.matmul({given}{self.buffer(out, step.out) if step.out not in self.outputs else ''})", native
        if op is table.sum:
            native = self._sum(step)
        elif op is table.where:
            native = self._where(step)
        elif op is table.reshape and step.out not in self.outputs:
            native = Alias(args[0], out) if self.layout(step.args[0].number) is self.layout(step.out) is None else None
            return f"{out} = {given}.reshape({example.shape!r})", native
        elif op is table.transpose:
            self.space[f"f{n}"] = np.transpose
        elif op is table.getitem:
            return f"{out} = np.asarray({given}[{self.written(step.options['index'], f'p{n}_index', reads)}])", None
        elif op.name == "cross_entropy":
            native = self._loss(step, backward=False)
            if native is not None and (text := self._loss_text(n, step, args[0])):
                return text, native
        elif op is table.softmax and (sizes := self._shares(step)) is not None:
            native = Other("softmax", (args[0], None, None, None, out), sizes)
        elif op is table.astype:
            native = self._rows(ops.identity, step.out, (step.args[0].number,), self.shape(step.out), self.shape(step.out))
        else:
            native = layer_forward(self, n, step)
        made = f"f{n}({given}{self._options(n, step, reads)})"
        return f"{out} = {made}" if example.ndim else f"{out} = np.asarray({made})", native

    def is_square(self, step: TapeStep) -> bool:
        """True for x ** 2."""
        return step.what is ops.pow and self.tape.constants.get(step.args[1].number) is not None and \
            type(self.tape.constants[step.args[1].number]) is float and self.tape.constants[step.args[1].number] == 2.0

    # ── what they are in C ──

    def rows(self, step: TapeStep, backward: bool = False) -> Any:
        """A row of the table over entries, where its arrays can be walked row by row."""
        op, operands = step.what, tuple([x.number for x in step.args])
        if self.is_square(step):
            op, operands = ops.mul, (operands[0], operands[0])
        return self._rows(op, step.out, operands, self.shape(step.out), self.shape(step.out))

    def _rows(self, op: Operation, out: int, operands: tuple[int, ...], whole: tuple[int, ...],
              out_shape: tuple[int, ...], shapes: list[tuple[int, ...]] | None = None) -> Any:
        shapes = [*map(self.shape, operands)] if shapes is None else shapes
        if op in _ROUNDED or 0 in whole or not all(map(self._is_native, (out, *operands))) or self.dtype(out).char not in "fd?":
            return None
        width = row_width([*shapes, out_shape], whole)
        if width is None:
            return None
        kinds = tuple([broadcast_kind(shape, whole, width) for shape in shapes])
        kind = broadcast_kind(out_shape, whole, width)
        layouts = {self.layout(slot) for slot, one in zip((out, *operands), (kind, *kinds)) if one != ALONE}
        if len(layouts) > 1 or layouts != {None} and any(one in (TAIL, HEAD) for one in (kind, *kinds)):
            return None
        return EntryRows(op, out, operands, kinds, kind, whole, width)  # type: ignore[arg-type]

    def _is_native(self, slot: int) -> bool:
        example = self.tape.examples[slot]
        return type(example) is float or getattr(getattr(example, "dtype", None), "char", "") in "fd?bl" and example.dtype.isnative

    def _matrices(self, step: TapeStep) -> tuple[int, int, int] | None:
        x, y = [self.tape.examples[a.number] for a in step.args]
        if np.ndim(x) != 2 or np.ndim(y) != 2 or x.dtype != y.dtype or x.dtype.char not in "fd" or 0 in (*x.shape, *y.shape) \
                or any(self.layout(self.turned.get(i, i)) is not None for i in (step.out, *(a.number for a in step.args))):
            return None
        return x.shape[0], y.shape[1], x.shape[1]

    def _matrix(self, x: Slot) -> tuple[str, bool]:
        """A factor of a product of matrices, and True where it is the other matrix transposed."""
        return (f"v{self.turned[x.number]}", True) if x.number in self.turned else (f"v{x.number}", False)

    def _sum(self, step: TapeStep) -> Any:
        whole = self.shape(step.args[0].number)
        axes = step.options["axis"]
        axes = range(len(whole)) if axes is None else axes if isinstance(axes, tuple) else (axes,)
        axes = [axis % len(whole) for axis in axes] if whole else []
        kept = tuple([1 if i in axes else n for i, n in enumerate(whole)])
        if kept == whole or self.dtype(step.out) != self.dtype(step.args[0].number):
            return None
        return self._rows(ops.identity, step.out, (step.args[0].number,), whole, kept, [whole])

    def _shares(self, step: TapeStep) -> Any:
        """The rows and columns of softmax along the last axis."""
        x = step.args[0].number
        shape = self.shape(x)
        if step.options["axis"] not in (-1, len(shape) - 1) or not self.layout(x) is self.layout(step.out) is None or 0 in shape:
            return None
        return prod(shape[:-1]), shape[-1]

    def _where(self, step: TapeStep) -> Any:
        condition = step.options["condition"]
        if isinstance(condition, Slot) and self.dtype(condition.number) == np.bool_:
            x, y = step.args
            return self._rows(select, step.out, (condition.number, x.number, y.number), self.shape(step.out), self.shape(step.out))
        return None

    def _loss(self, step: TapeStep, backward: bool) -> Any:
        """The cross-entropy of labels, of which the exponentials and their sums are kept for the gradient."""
        x, o = step.args[0].number, step.options
        target, weights, divisor = o["target"], o["weights"], o["divisor"]
        if not isinstance(target, Slot) or self.dtype(target.number).char != "l" or self.dtype(x).char not in "fd":
            return None
        fits = self.dtype(weights.number) == self.dtype(x) if isinstance(weights, Slot) else weights == 1.0
        if self.layout(x) is not None or not fits:
            return None
        w, n = [f"v{one.number}" if isinstance(one, Slot) else one for one in (weights, divisor)]
        first, last = (f"d{step.out}", f"d{x}") if backward else (f"v{x}", f"v{step.out}")
        return Other("loss_back" if backward else "loss",
                     (first, f"v{target.number}", w if isinstance(w, str) else None, n, last, step.out), self.shape(x))

    def _loss_text(self, n: int, step: TapeStep, x: str) -> str:
        """The mean cross-entropy of labels with equal weights, in buffers, as the operation computes it."""
        o, scores = step.options, self.example(step.args[0].number)
        if not isinstance(o["divisor"], float) or o["weights"] != 1.0:
            return ""
        rows, classes = scores.shape
        z, m, logs = np.empty((3, rows, 1), scores.dtype)
        self.space.update({f"e{n}": np.empty_like(scores), f"z{n}": z, f"m{n}": m, f"l{n}": logs, f"k{n}": logs.reshape(-1),
                           f"y{n}": np.empty(rows, np.int64), f"s{n}": np.arange(0, rows * classes, classes),
                           f"g{n}": scores.dtype.type(o["divisor"]), "top": np.maximum.reduce})
        return (f"top({x}, 1, None, m{n}, True); np.subtract({x}, m{n}, e{n}); np.add(s{n}, v{o['target'].number}, y{n}); "
                f"t = e{n}.take(y{n}); np.exp(e{n}, e{n}); total(e{n}, 1, None, z{n}, True); np.log(z{n}, l{n}); "
                f"np.subtract(k{n}, t, t); v{step.out} = np.asarray(total(t) / g{n})")

    # ── backward ──

    def backward(self) -> list[Line]:
        """The lines that pass gradients on, from the last step to the first."""
        lines = []
        for n in range(len(self.tape.steps) - 1, -1, -1):
            step = self.tape.steps[n]
            if step.kind == "node" and step.out in self.needed and step.out in self.reached:
                lines.append(self._backward(n, step))
        return lines

    def _backward(self, n: int, step: TapeStep) -> Line:
        """The line that passes the gradient of a step's result on to its operands."""
        is_row, g, op = isinstance(step.what, Operation), f"d{step.out}", step.what
        texts, reads, writes = [], {g}, set()
        if not is_row and op.is_selection:
            texts.append(f"refuse_nan({g})")
            examples = tuple(self.tape.examples)
            if not op.shows_nan(examples[step.args[0].number], **filled(step.options, examples)):
                texts += [f"refuse_nan(v{x.number})" for x in step.args if x.number not in self.searched]
                self.searched |= {x.number for x in step.args}
        before = {*self.reached}
        for i, x in enumerate(step.args):
            if x.number not in self.needed or is_row and op.partials[i] is no_derivative:
                continue
            part = self._row_backward(n, step, i, g) if is_row else self._pullback(n, step, i, g, reads)
            first, name = x.number not in self.reached, f"d{x.number}"
            self.reached.add(x.number)
            if not first:
                reads.add(name)
            writes.add(name)
            texts += [*part[:-1], *self._accumulated(step, x.number, part[-1], first)]
        reads |= {word for text in texts for word in re.findall(r"\bv\d+\b", text)}
        return Line(texts, frozenset(reads), frozenset(writes), self._native_backward(n, step, before))

    def _accumulated(self, step: TapeStep, slot: int, text: str, first: bool) -> list[str]:
        """The statement that adds to a gradient: in place where the array is no other gradient's."""
        name, is_owned, example = f"d{slot}", slot in self.owned, self.tape.examples[slot]
        if step.what is table.getitem and text.startswith("getitem "):
            index, self.owned = text.partition(" ")[2], self.owned | {slot}
            if first:
                self.space[f"t{slot}"] = example.dtype
            if first:
                return [f"{name} = np.zeros({np.shape(example)!r}, t{slot})", f"{name}[{index}] = d{step.out}"]
            return [*([] if is_owned else [f"{name} = np.array({name})"]), f"{name}[{index}] += d{step.out}"]
        if first:
            self.owned |= {slot} if "out=b_" in text else set()
            shared = slot in self.finals and not text.startswith(("np.matmul(", "np.multiply(", "total("))
            return [f"{name} = mine({text}, d{step.out})" if shared else f"{name} = {text}"]
        self.owned.add(slot)
        return [f"{name} += {text}" if is_owned and np.ndim(example) else f"{name} = {name} + {text}"]

    def _native_backward(self, n: int, step: TapeStep, before: set[int]) -> Any:
        op, operands = step.what, tuple([x.number for x in step.args])
        if isinstance(op, Operation):
            native = self.rows(step)
        elif op is table.sum:
            native = self._sum(step)
        elif op is table.where:
            native = self._where(step)
        elif op is table.matmul:
            return self._product_backward(step, before)
        elif op is table.reshape:
            [x] = operands
            fits = x not in before and x not in self.finals and self.layout(x) is self.layout(step.out) is None
            return Alias(f"d{step.out}", f"d{x}") if fits else None
        elif op is table.astype:
            native = self._rows(ops.identity, step.out, operands, self.shape(step.out), self.shape(step.out))
        elif op is table.softmax:
            sizes, x = self._shares(step), operands[0]
            adds = f"d{x}" if x in before else None
            return sizes and Other("softmax_back", (f"d{step.out}", f"v{step.out}", None, adds, f"d{x}"), sizes)
        else:
            if op.name != "cross_entropy":
                return layer_backward(self, n, step, before)
            return self._loss(step, True) if operands[0] not in before else None
        if native is None or op is not ops.mul and len(set(operands)) < len(operands):
            return None
        needs = [x in self.needed and rule is not no_derivative for x, rule in zip(native.operands, native.op.partials)]
        if any(need and getattr(self.dtype(x), "char", "d") not in "fd" for x, need in zip(native.operands, needs)):
            return None
        return native._replace(needs=tuple(needs), is_first=tuple([x not in before for x in native.operands]))

    def _product_backward(self, step: TapeStep, before: set[int]) -> Any:
        sizes, (x, y), g = self._matrices(step), [a.number for a in step.args], f"d{step.out}"
        if sizes is None or x == y:
            return None
        m, n, k = sizes
        made = []
        (left, turned), (right, also) = map(self._matrix, step.args)
        if x in self.needed:
            factors, shape = [(g, False), (right, not also)], (m, k, n)
            made.append(self._gradient_product(factors, f"d{x}", shape, x in before, turned))
        if y in self.needed:
            factors, shape = [(left, not turned), (g, False)], (k, n, m)
            made.append(self._gradient_product(factors, f"d{y}", shape, y in before, also))
        return made

    @staticmethod
    def _gradient_product(factors: list[tuple[str, bool]], out: str, sizes: tuple[int, int, int], adds: bool,
                          is_turned: bool) -> Matrices:
        """A product of two matrices; its transpose for a matrix that lies transposed in memory, row by row."""
        x, y = factors
        if is_turned:
            x, y, sizes = (y[0], not y[1]), (x[0], not x[1]), (sizes[1], sizes[0], sizes[2])
        return Matrices(x, y, out, sizes, adds)

    def _room(self, slot: int) -> str:
        """A buffer for the first gradient of a slot, where the caller is not given it."""
        return "" if slot in self.finals or slot in self.reached else self.buffer(f"d{slot}", slot)

    def _row_backward(self, n: int, step: TapeStep, i: int, g: str) -> list[str]:
        """The texts of the product of the upstream and the local gradient of a row; the last one is an expression."""
        op, slot = SQUARE if self.is_square(step) else step.what, step.args[i].number
        rule, dtype, example = step.what.partials[i], self.dtype(step.out), self.tape.examples[slot]
        operands = []
        for x in step.args:
            other = self.tape.examples[x.number]
            wider = isinstance(other, np.ndarray) and other.dtype != dtype and len(step.args) == 2
            operands.append(f"v{x.number}.astype(w{n})" if wider else f"v{x.number}")
        self.space[f"w{n}"] = dtype
        fits = self.shape(slot) == self.shape(step.out) and (self.dtype(slot) in (None, dtype))
        if not callable(rule):
            product = g if rule == 1.0 else f"{g} * {float(rule)!r}"
            made = [product]
        elif op is ops.relu:
            room = self._room(slot) if fits and self.shape(slot) else ""
            made = [f"np.multiply({g}, v{step.out} != 0{room})"]  # a nan in it would be one in the result
            if np.size(example) > MANY:
                made = [f"masked({g}, v{step.out} != 0{room.replace('out=', '')})"]
        elif op in _SLOPES:
            made = [_SLOPES[op][i].format(*operands, g=g, out=f"v{step.out}")]
            if op is ops.mul and fits and self.shape(slot):
                made = [f"np.multiply({g}, {operands[1 - i]}{self._room(slot)})"]
        else:
            self.space[f"o{n}"] = step.what
            made = [f"row(o{n}, {i}, {g}, v{step.out}, ({', '.join(operands)},))"]
        if self.shape(slot) != self.shape(step.out):
            bias = self.shape(step.out)[1:] == self.shape(slot)
            made[-1] = f"total({made[-1]}, 0)" if bias else f"unbroadcast({made[-1]}, {self.shape(slot)!r})"
        if isinstance(example, np.ndarray) and example.dtype != dtype:
            self.space[f"t{slot}"] = example.dtype
            made[-1] = f"{made[-1]}.astype(t{slot})"
        return made

    def _pullback(self, n: int, step: TapeStep, i: int, g: str, reads: set[str]) -> list[str]:
        op, slot = step.what, step.args[i].number
        if op is table.matmul and self._matrices(step) is not None:
            x, y = [f"v{a.number}" for a in step.args]
            return [f"np.matmul({f'{g}, {y}.T' if i == 0 else f'{x}.T, {g}'}{self._room(slot)})"]
        if op is table.getitem and self.dtype(slot) == self.dtype(step.out) and not may_repeat(step.options["index"]):
            return [f"getitem {self.written(step.options['index'], f'p{n}_index', reads)}"]
        if f"e{n}" in self.space:  # its exponentials are in buffers
            self.space[f"r{n}"] = self.example(slot).dtype.type(1.0 / step.options["divisor"])
            room = self._room(slot)
            return [f"s = {g} * r{n}", f"t = np.multiply(e{n}, s / z{n}{room}); t.reshape(-1)[y{n}] -= s", "t"]
        self.space[f"q{n}_{i}"] = op.pullbacks[0] if op.variadic else op.pullbacks[i]
        args = ", ".join(f"v{x.number}" for x in step.args)
        which = f", i={i}" if op.variadic else ""
        example = self.tape.examples[slot]
        self.space[f"t{slot}"] = np.asarray(example).dtype
        return [f"t = q{n}_{i}({g}, v{step.out}, {args}{which}{self._options(n, step, reads)})",
                f"if t.shape != {np.shape(example)!r} or t.dtype is not t{slot}: t = match(t, np.asarray(v{slot}))", "t"]


def known_guards(tape: ArrayTape) -> dict[int, tuple[list[int], Other]]:
    """Guards that C knows (labels are below the number of classes, an array is finite), by step, with the steps before them."""
    made = {step.out: n for n, step in enumerate(tape.steps)}
    found = {}
    for n, step in enumerate(tape.steps):
        if step.kind == "guard":
            last = made.get(step.args[0].number)
            if last is not None and tape.steps[last].what is is_finite and step.what is True:
                x = tape.steps[last].args[0].number
                if x not in tape.constants:
                    found[n] = [last], Other("finite", (f"v{x}",), (np.size(tape.examples[x]),))
            elif last is not None and step.what is False and (labels := _label_guard(tape, made, last)) is not None:
                found[n] = labels
    return found


def _label_guard(tape: ArrayTape, made: dict[int, int], last: int) -> tuple[list[int], Other] | None:
    chain: list[int] = []
    slot = tape.steps[last].out
    for function, place in ((np.greater_equal.__call__, 0), (np.maximum.reduce, 0), (method_of, 1)):
        step = tape.steps[made[slot]] if slot in made else None
        if step is None or step.what != function or not isinstance(step.args[place], Slot):
            return None
        chain.insert(0, made[slot])
        slot = step.args[place].number
    labels, classes = tape.examples[slot], tape.steps[last].args[1]
    if tape.steps[chain[0]].args != ("view", Slot(slot), np.uint64) or labels.dtype.char != "l" or not isinstance(classes, int):
        return None
    return chain, Other("labels", (f"v{slot}",), (labels.size, classes))


def mine(x: Any, g: Any) -> Any:
    """A gradient as an array of its own: a copy of what is the upstream gradient or a view."""
    return x if type(x) is np.ndarray and x.base is None and x is not g and x.flags.writeable else np.array(x)


def slots_of(tree: Any) -> list[int]:
    """The slots within an argument."""
    if isinstance(tree, Slot):
        return [tree.number]
    inside = tree.values() if type(tree) is dict else tree if type(tree) in (tuple, list) else ()
    return [i for x in inside for i in slots_of(x)]


def filled(tree: Any, values: Any) -> Any:
    """The values in place of slots."""
    if isinstance(tree, Slot):
        return values[tree.number]
    if type(tree) is dict and tree:
        return {key: filled(x, values) for key, x in tree.items()}
    return type(tree)(filled(x, values) for x in tree) if type(tree) in (tuple, list) else tree
