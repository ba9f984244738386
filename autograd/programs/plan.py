"""The plan of an array program: its lines as straight-line Python, in which runs of native lines are one call of C.

The text is made of numbers alone; operations, functions and params are in the namespace that it runs in.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from math import isnan
from threading import Lock
from typing import Any

import numpy as np

from ..elementwise import silent_context, trapping_context
from ..functional import own, pull
from ..operation import Operation
from ..tensor import Tensor
from . import kernels
from .forms import NUMBER, Form, put_together
from .layers import Extra, Instruction
from .lines import Alias, Line, Lines, Matrices, Other, EntryRows, filled, slots_of
from .record import Changed
from .tensors import ArrayTape

SMALL = 16_384  # bytes of an array that is copied rather than looked up


def stacked(parts: list[Any], shape: tuple[int, ...]) -> Any:
    """An array of numbers that a function returned as an array of nodes."""
    return np.asarray(parts).reshape(shape)


class Plan:
    """The compiled steps of one recording; one run at a time, as buffers and caches belong to the plan.

    It is a generator: its first part gives the results, its second the gradients of what is wanted by the first result.
    """

    def __init__(self, tape: ArrayTape, outputs: list[int], form: Form, wanted: list[int], derive: bool, library: Any = None):
        self.tape, self.outputs, self.form, self.wanted, self.derive = tape, outputs, form, wanted, derive
        self.space: dict[str, Any] = {"Changed": Changed}
        self.lock = Lock()
        self.lines = Lines(tape, outputs, wanted, self.space)
        self.sources = [*tape.inputs, *tape.leaves_read]
        forward, backward = self.lines.forward(), self.lines.backward() if derive else []
        self.reached = self.lines.reached
        used = {i for step in tape.steps if step.kind == "node" for i in slots_of((step.args, step.options))}
        plain = [step.out for step in tape.steps if step.kind == "plain" and step.out in used]
        self.kept = [*self.sources, *tape.constants, *plain] if derive else []  # for gradients with masks
        in_python = {step.out for step in tape.steps if step.kind == "node" and isinstance(step.what, Operation)}
        self.own = {i for i in in_python if outputs.count(i) == 1 and np.ndim(tape.examples[i])}  # made anew at each call
        self.native: Runs | None = None
        if library is not None and library.arrays is not None:
            self.native = Runs(self, library, forward, backward)
            self.own -= {int(name[1:]) for name in self.native.made}
        self.is_native = self.native is not None and self.native.is_whole
        self.text = self._text(forward, backward)
        exec(self.text, self.space)

    def _text(self, forward: list[Line], backward: list[Line]) -> str:
        names = ", ".join(f"v{i}" for i in self.sources)
        lines = ["def program(sources):", *([f"    {names}, = sources"] if names else ["    pass"])]
        for i, x in self.tape.constants.items():
            self.space[f"v{i}"] = x
        first = self.outputs[0] if self.outputs else -1
        if self.derive:
            self.space["seed"] = np.ones_like(self.lines.example(first)).view()
        if self.native is None:
            bodies = tuple([[text for line in part for text in line.texts] for part in (forward, backward)])
        else:
            bodies = self.native.bodies
        kept = ", ".join(f"v{i}" for i in self.kept)
        lines += [f"    {text}" for text in bodies[0]]
        lines.append(f"    yield {self._structure(self.form, iter(self.outputs))}, [{kept}]")
        if self.derive:
            number = f"v{first}" if isinstance(self.tape.examples[first], float) else f"v{first}.item()"
            lines.append(f"    if isnan({number}): raise FloatingPointError")
            self.space["isnan"] = isnan
            found = []
            for i in self.wanted:
                self.space[f"t{i}"] = np.asarray(self.tape.examples[i]).dtype
                shape = np.shape(self.tape.examples[i])
                made = f"d{i}" if i != first and shape else f"np.array(d{i})"  # the seed and numbers are not arrays of the caller's
                found.append(made if i in self.reached else f"np.zeros({shape!r}, t{i})")
            lines.append(f"    d{first} = seed")
            lines += [f"    {text}" for text in bodies[1]]
            lines.append(f"    yield [{', '.join(found)}]")
        return "\n".join(lines)

    def _structure(self, form: Form, slots: Iterator[int]) -> str:
        """The results in their form, each an array of its own or a number."""
        if form == NUMBER:
            return self._result(next(slots))
        kind, *inside = form
        parts = [self._structure(child, slots) for child in inside[-1]] if kind is not np.ndarray else \
            [self._result(next(slots)) for _ in range(int(np.prod(inside[0])))]
        if kind in (list, tuple):
            return f"[{', '.join(parts)}]" if kind is list else f"({''.join(f'{part}, ' for part in parts)})"
        name = f"form{len(self.space)}"
        flat = form if kind is np.ndarray else (kind, *inside[:-1], (NUMBER,) * len(parts))
        self.space[name] = lambda *found: put_together(flat, iter(found), stacked)
        return f"{name}({', '.join(parts)})"

    def _result(self, slot: int) -> str:
        example = self.tape.examples[slot]
        if np.ndim(example) and self.native is not None and f"v{slot}" in self.native.large or slot in self.own:
            return f"v{slot}"
        if np.ndim(example):
            return f"v{slot}.copy()" if isinstance(example, np.ndarray) else f"np.array(v{slot})"
        if isinstance(example, float) or getattr(example, "dtype", None) == np.float64:
            return f"float(v{slot})"
        return f"v{slot}[()]" if isinstance(example, np.ndarray) else f"np.asarray(v{slot})[()]"

    # ── runs ──

    def run(self, sources: list[Any]) -> tuple[Any, list[Any]]:
        """The results, and the gradients of what is wanted by the first of them; all are the caller's own."""
        with self.lock:
            for cache in self.tape.caches:
                cache.clear()
            program = self.space["program"](sources)
            results, kept = next(program) if self.is_native else silent_context.copy().run(next, program)
            return results, self._gradients(program, kept) if self.derive else []

    def _gradients(self, program: Any, kept: list[Any]) -> list[Any]:
        try:
            if self.is_native:
                found: list[Any] = next(program)
                return found
            found = trapping_context.copy().run(next, program)
        except FloatingPointError:
            found = own([*map(np.asarray, silent_context.copy().run(self._exactly, dict(zip(self.kept, kept))))])
        return found

    def _exactly(self, values: dict[int, Any]) -> list[Any]:
        """The gradients by the sweep with masks, over a graph of Tensors with the same numbers."""
        tape = self.tape
        nodes: dict[int, Any] = {i: Tensor(values[i]) for i in self.sources if tape.takes[i]}
        for step in tape.steps:
            if step.kind == "node":
                operands = [nodes.get(x.number, values[x.number]) for x in step.args]
                options = {key: {} if any(x is cache for cache in tape.caches) else filled(x, values)
                           for key, x in step.options.items()}
                made = step.what(*operands) if isinstance(step.what, Operation) else step.what(*operands, **options)
                values[step.out] = getattr(made, "array", made)
                if tape.takes[step.out]:
                    nodes[step.out] = made if isinstance(made, Tensor) else Tensor(made)  # of plain arrays, it begins here
        target = nodes.get(self.outputs[0])
        if target is None:
            return [np.zeros_like(values[i]) for i in self.wanted]
        return pull(target, [nodes[i] for i in self.wanted], None, False)


class Runs:
    """The same lines with runs of C in place of those that it can do: the statements of forward and backward pass."""

    def __init__(self, plan: Plan, library: Any, forward: list[Line], backward: list[Line]):
        self.plan, self.library, self.space = plan, library, plan.space
        self.buffers = kernels.Buffers(plan.lines)
        self.results, self.finals = {f"v{i}" for i in (*plan.outputs, *plan.kept)}, {f"d{i}" for i in plan.wanted}
        self.seed = f"d{plan.outputs[0]}" if plan.derive else ""
        parts = [self._items(forward), self._items(backward)]
        parts = [without_guards(part) for part in self._without_aliases(self._without_unread(parts))]
        self.is_whole = not any(isinstance(item, Line) for part in parts for item in part) and any(parts)
        in_lines = [x for part in parts for x in part if isinstance(x, Line)]
        self.by_python = self.results.union(*(x.reads for x in in_lines))
        self.large, self.small = self._handed(plan, [*parts[0], *parts[1]], set().union(*(x.writes for x in in_lines)))
        self.made = {name for part in parts for x in part if not isinstance(x, Line) for name in item_writes(x)}
        self.reads = [(item, item_reads(item)) for part in parts for item in part]
        self.in_python = {f"v{i}" for i in (*plan.sources, *plan.tape.constants)}  # where the latest numbers of a variable are
        self.given: set[str] = set()  # what C has been given, and Python has not written since
        self.at_home: set[str] = set()  # what Python wrote into the buffer that C reads
        self.count = 0
        if plan.derive:
            self.space[f"b_{self.seed}"] = np.ones_like(plan.lines.example(plan.outputs[0])).view()
        if self.is_whole:
            before = self._fresh()
            lines = before + self._run([*parts[0], *([f"v{plan.outputs[0]}"] if plan.derive else []), *parts[1]], "status = {}")
            checked = ["if status & 1: raise Changed"]
            self.bodies = lines + checked, ["if status & 2: raise FloatingPointError", *self._handed_out()]
        else:
            self.bodies = (self._fresh() + self._statements(parts[0], "if {} & 1: raise Changed"),
                           self._statements(parts[1], "if {}: raise FloatingPointError") + self._handed_out())

    def _items(self, lines: list[Line]) -> list[Any]:
        """Groups of rows and other instructions, aliases with their lines, and lines of Python."""
        items: list[Any] = []
        for line in lines:
            meaning = line.native
            if meaning is None or not kernels.is_worth(meaning, self.plan.lines, self.library):
                items.append(line)
            elif isinstance(meaning, EntryRows):
                if not (items and isinstance(items[-1], kernels.Group) and items[-1].takes(meaning)):
                    items.append(kernels.Group(self.plan.lines, meaning))
                items[-1].add(meaning)
            elif isinstance(meaning, Alias):
                items.append((meaning, line))
            else:
                items += meaning if isinstance(meaning, list) else [meaning]
        return items

    def _without_unread(self, parts: list[list[Any]]) -> list[list[Any]]:
        """The items without lines of Python that nothing reads."""
        read = {*self.results, *self.finals}
        kept: list[list[Any]] = []
        for part in reversed(parts):
            left = []
            for item in reversed(part):
                alias = item[0] if type(item) is tuple else None
                if isinstance(item, Line) and item.is_removable and item.writes.isdisjoint(read):
                    continue
                read |= {alias.source} if alias is not None else item_reads(item)
                left.append(item)
            kept.insert(0, left[::-1])
        return kept

    def _without_aliases(self, parts: list[list[Any]]) -> list[list[Any]]:
        """Aliases name the same buffer; only those that Python reads are lines."""
        read = {*self.results, *self.finals}.union(*(x.reads for part in parts for x in part if isinstance(x, Line)))
        kept: list[list[Any]] = []
        for part in reversed(parts):
            left = []
            for item in reversed(part):
                if type(item) is tuple:
                    alias, item = item
                    self.buffers.roots[alias.target] = alias.source
                    if alias.target not in read:
                        continue
                    read |= item.reads
                left.append(item)
            kept.insert(0, left[::-1])
        return kept

    def _statements(self, items: list[Any], checked: str) -> list[str]:
        """The statements of one pass: runs of C between lines of Python."""
        lines: list[str] = []
        run: list[Any] = []
        for item in [*items, None]:
            if item is not None and not isinstance(item, Line):
                run.append(item)
                continue
            if run:
                lines += self._run(run, checked)
                run = []
            if item is not None:
                lines += item.texts
                written = {self.buffers.root(name) for name in item.writes}
                self.at_home -= written
                self.at_home |= {name for name in written & item.writes for text in item.texts
                                 if text.startswith(f"{name} = ") and text.endswith(f", out=b_{name})")}
                self.in_python |= written
                self.given -= written
        return lines

    def _run(self, items: list[Any], checked: str) -> list[str]:
        """One call of C, what it is given before, and what Python takes from it after."""
        encoder = kernels.Encoder(self.buffers, self.library)
        reads: dict[str, None] = {}
        writes: dict[str, None] = {}
        root = self.buffers.root
        for item in items:
            if isinstance(item, str):
                encoder.watch(item)
                continue
            reads.update({root(name): None for name in sorted(item_reads(item)) if root(name) not in writes})
            writes.update({root(name): None for name in sorted(item_writes(item))})
            if isinstance(item, kernels.Group):
                encoder.group(item, self._kept(item))
            elif isinstance(item, Matrices):
                encoder.matrices(item)
            elif isinstance(item, Instruction):
                encoder.layer(item)
            else:
                encoder.other(item)
        lines = [text for name in reads if name in self.in_python for text in self._given(name, name in writes)]
        self.in_python -= writes.keys()
        self.given -= writes.keys()
        made = encoder.finish()
        self.space[f"c{self.count}"], self.space[f"n{self.count}"] = ctypes.addressof(made), made
        self.space["run"] = self.library.arrays
        lines.append(checked.format(f"run(c{self.count})"))
        lines += [self._after(item) for item in items if isinstance(item, Instruction) and item.after is not None]
        self.count += 1
        for item in items:
            for name in sorted(item_writes(item) if not isinstance(item, str) else ()):
                if name in self.by_python and name not in self.large:
                    self.space[f"b_{name}"] = self.buffers.array(name)
                    lines.append(f"{name} = b_{name}")
        return lines

    def _after(self, item: Instruction) -> str:
        """The statement that hands what a layer keeps to Python."""
        names, function = item.after or ("", print)
        kept = {x.name: x for x in item.words if isinstance(x, Extra)}
        arrays = [self.buffers.arrays[next(key for key in kept if key.startswith(name))] for name in names.split()]
        name = f"after{len(self.space)}"
        self.space[name] = lambda: function(*arrays)
        return f"{name}()"

    def _kept(self, group: kernels.Group) -> set[str]:
        """The variables of a group that others read."""
        root = self.buffers.root
        others = {root(name) for item, reads in self.reads if item is not group for name in reads}
        return {name for name in group.writes() if root(name) in others or name in self.by_python or name in self.finals}

    def _given(self, name: str, is_written: bool) -> list[str]:
        """The statements that let C read a variable of Python."""
        array, place = self.buffers.array(name), self.buffers.place(name)
        self.space.update(put=self.buffers.put, take=self.buffers.take)
        if not is_written and name[0] == "v" and int(name[1:]) in self.plan.tape.constants:
            array[...] = self.plan.tape.constants[int(name[1:])]
            return []
        if name in self.given:
            return []
        self.given.add(name)
        if not is_written and name in self.at_home:
            return []
        if array.nbytes <= SMALL and not is_written:
            self.space[f"h_{name}"] = array
            return [f"h_{name}[...] = {name}"]
        return [f"{'take' if is_written else 'put'}({place}, {name!r}, {name})"]

    def _handed(self, plan: Plan, items: list[Any], in_lines: set[str]) -> tuple[set[str], set[str]]:
        """The results and gradients that C makes: large ones, in new arrays of the caller's, and gradients to be copied for him."""
        given = self.finals | {f"v{i}" for i in plan.outputs if plan.outputs.count(i) == 1 and np.ndim(plan.tape.examples[i])}
        made = {name for item in items if not isinstance(item, Line) for name in item_writes(item)} & given
        large = {name for name in made - in_lines if self.buffers.array(name).nbytes > SMALL and self.buffers.root(name) == name}
        return large, {name for name in made - large if name[0] == "d"}

    def _fresh(self) -> list[str]:
        self.space["fresh"] = self.buffers.fresh
        return [f"{name} = fresh({self.buffers.place(name)}, {name!r})" for name in sorted(self.large)]

    def _handed_out(self) -> list[str]:
        """Copies of small gradients that C made."""
        lines = []
        for name in sorted(self.small - self.in_python):
            self.space[f"h_{name}"] = self.buffers.array(name)
            lines.append(f"{name} = h_{name}.copy()")
        return lines


def without_guards(items: list[Any]) -> list[Any]:
    """The items without guards that a group after them takes over, with no line of Python in between."""
    kept: list[Any] = []
    for n, item in enumerate(items):
        if isinstance(item, Other) and item.kind == "finite":
            end = next((k for k in range(n, len(items)) if isinstance(items[k], Line)), len(items))
            if any(isinstance(later, kernels.Group) and later.guards(item) for later in items[n:end]):
                continue
        kept.append(item)
    return kept


def item_reads(item: Any) -> set[str]:
    """The variables that an item reads."""
    if isinstance(item, kernels.Group):
        return item.reads()
    if isinstance(item, Matrices):
        return {item.x[0], item.y[0], *([item.out] if item.adds else ())}
    if isinstance(item, Other):
        return {x for x in item.variables[:4] if isinstance(x, str)}
    return set(item.reads)  # of a line, or a layer


def item_writes(item: Any) -> set[str]:
    """The variables that an item makes."""
    if isinstance(item, kernels.Group):
        return item.writes()
    if isinstance(item, Matrices):
        return {item.out}
    if isinstance(item, Other):
        return {item.variables[4]} if len(item.variables) > 1 else set()
    return set(item.writes)
