"""The plan of an array program: its steps as straight-line Python, forward and backward, with buffers that are used again.

The text is made of numbers alone; operations, functions and params are in the namespace that it runs in.
"""

from __future__ import annotations

from threading import Lock
from typing import Any

import numpy as np

from .. import ops
from ..arrays.pullback import match_operand, refuse_nan, row_pullback, unbroadcast
from ..elementwise import array_function, silent_context, trapping_context
from ..functional import own, pull
from ..operation import Operation, no_derivative
from ..tensor import Tensor
from .tensors import ArrayTape, Slot, Step


class Changed(Exception):
    """A guard has another answer than when the function was recorded: it must be recorded anew."""


class Plan:
    """The compiled steps of one recording; one run at a time, as buffers and caches belong to the plan."""

    def __init__(self, tape: ArrayTape, outputs: list[int], wanted: list[int]):
        self.tape, self.outputs, self.wanted = tape, outputs, wanted
        self.space: dict[str, Any] = {"Changed": Changed, "row": row_pullback, "refuse_nan": refuse_nan, "np": np,
                                      "match": match_operand, "unbroadcast": unbroadcast}
        self.needed = self._needed()
        self.lock = Lock()
        size = len(tape.examples)
        sources = [*tape.inputs, *tape.leaves_read]
        names = ", ".join(f"v{i}" for i in range(size)) or "_"
        forward = [f"    {', '.join(f'v{i}' for i in sources)}, = sources"] if sources else []
        forward += [f"    v{i} = k{i}" for i in tape.constants]
        forward += [f"    {self._forward(n, step)}" for n, step in enumerate(tape.steps)]
        backward = [f"    {names}, = values", f"    d{outputs[0]} = seed"] if outputs else []
        self.reached = {outputs[0]} if outputs else set()
        for n in range(len(tape.steps) - 1, -1, -1):
            backward += [f"    {line}" for line in self._backward(n, tape.steps[n])]
        found = ", ".join(f"d{i}" if i in self.reached else f"np.zeros({np.shape(tape.examples[i])!r}, t{i})" for i in wanted)
        for i in wanted:
            self.space[f"t{i}"] = np.asarray(tape.examples[i]).dtype
        for i, x in tape.constants.items():
            self.space[f"k{i}"] = x
        text = "\n".join(["def forward(sources):", *forward, f"    return {names},", "",
                          "def backward(values, seed):", *(backward or ["    pass"]), f"    return [{found}]"])
        exec(text, self.space)
        self.text = text
        self.ones = np.ones((), np.asarray(tape.examples[outputs[0]]).dtype) if outputs else None

    def _needed(self) -> set[int]:
        """The slots that lie on a way from what is wanted."""
        needed = set(self.wanted)
        for step in self.tape.steps:
            if step.kind == "node" and self.tape.takes[step.out] and any(x.number in needed for x in step.args):
                needed.add(step.out)
        return needed

    def _written(self, tree: Any, key: str) -> str:
        """An argument as text: slots as variables, everything else by a name in the namespace."""
        if isinstance(tree, Slot):
            return f"v{tree.number}"
        if type(tree) in (tuple, list) and _has_slots(tree):
            inside = "".join(f"{self._written(x, f'{key}_{i}')}, " for i, x in enumerate(tree))
            return f"({inside})" if type(tree) is tuple else f"[{inside}]"
        if type(tree) is dict and _has_slots(tree):
            return "{" + "".join(f"{name!r}: {self._written(x, f'{key}_{name}')}, " for name, x in tree.items()) + "}"
        self.space[key] = tree
        return key

    def _options(self, n: int, step: Step) -> str:
        return "".join(f", {name}={self._written(x, f'p{n}_{name}')}" for name, x in step.options.items())

    def _forward(self, n: int, step: Step) -> str:
        args = ", ".join(self._written(x, f"a{n}_{i}") for i, x in enumerate(step.args))
        if step.kind == "guard":
            return f"if bool({args}) is not {step.what}: raise Changed"
        self.space[f"f{n}"] = step.what
        if step.kind == "effect":
            return f"f{n}()"
        if step.kind == "plain":
            return f"v{step.out} = f{n}({args}{self._options(n, step)})" if args else f"v{step.out} = f{n}()"
        if isinstance(step.what, Operation):
            function = self.space[f"f{n}"] = array_function(step.what)
            example = self.tape.examples[step.out]
            if isinstance(function, np.ufunc) and example.ndim and step.out not in self.outputs:
                self.space[f"b{n}"] = np.empty_like(example)
                return f"v{step.out} = f{n}({args}, out=b{n})"
            return f"v{step.out} = np.asarray(f{n}({args}))"
        self.space[f"f{n}"] = step.what.forward
        made = f"f{n}({args}{self._options(n, step)})"
        return f"v{step.out} = {made}" if self.tape.examples[step.out].ndim else f"v{step.out} = np.asarray({made})"

    def _backward(self, n: int, step: Step) -> list[str]:
        """The statements that pass the gradient of a step's result on to its operands."""
        if step.kind != "node" or step.out not in self.needed or step.out not in self.reached:
            return []
        is_row, g = isinstance(step.what, Operation), f"d{step.out}"
        lines, op = [], step.what
        if not is_row and op.is_selection:
            lines.append(f"refuse_nan({g})")
            examples = tuple(self.tape.examples)
            if not op.shows_nan(examples[step.args[0].number], **_filled(step.options, examples)):
                lines += [f"refuse_nan(v{x.number})" for x in step.args]
        for i, x in enumerate(step.args):
            if x.number not in self.needed:
                continue
            down = self._row(n, step, i, g) if is_row else self._pullback(n, step, i, g)
            if down is None:
                continue
            example = self.tape.examples[x.number]
            lines.append(f"t = {down}")
            if not is_row:
                self.space[f"t{x.number}"] = np.asarray(example).dtype
                unfit = f"t.shape != {np.shape(example)!r} or t.dtype is not t{x.number}"
                lines.append(f"if {unfit}: t = match(t, np.asarray(v{x.number}))")
            elif np.shape(example) != self.tape.examples[step.out].shape:
                lines.append(f"t = unbroadcast(t, {np.shape(example)!r})")
            if is_row and np.asarray(example).dtype != self.tape.examples[step.out].dtype and isinstance(example, np.ndarray):
                self.space[f"t{x.number}"] = example.dtype
                lines.append(f"t = t.astype(t{x.number})")
            first = x.number not in self.reached
            self.reached.add(x.number)
            lines.append(f"d{x.number} = t" if first else f"d{x.number} = d{x.number} + t")
        return lines

    def _row(self, n: int, step: Step, i: int, g: str) -> str | None:
        """The product of the upstream and the local gradient of a row."""
        rule = step.what.partials[i]
        if rule is no_derivative:
            return None
        if not callable(rule):
            return g if rule == 1.0 else f"{g} * {float(rule)!r}"
        dtype = self.tape.examples[step.out].dtype
        operands = []
        for x in step.args:
            example = self.tape.examples[x.number]
            wider = isinstance(example, np.ndarray) and example.dtype != dtype and len(step.args) == 2
            operands.append(f"v{x.number}.astype(w{n})" if wider else f"v{x.number}")
        self.space[f"w{n}"] = dtype
        if step.what is ops.mul:
            return f"{g} * {operands[1 - i]}"
        self.space[f"o{n}"] = step.what
        return f"row(o{n}, {i}, {g}, v{step.out}, ({', '.join(operands)},))"

    def _pullback(self, n: int, step: Step, i: int, g: str) -> str:
        op = step.what
        self.space[f"q{n}_{i}"] = op.pullbacks[0] if op.variadic else op.pullbacks[i]
        args = ", ".join(f"v{x.number}" for x in step.args)
        which = f", i={i}" if op.variadic else ""
        return f"q{n}_{i}({g}, v{step.out}, {args}{which}{self._options(n, step)})"

    # ── runs ──

    def run(self, sources: list[Any], derive: bool) -> tuple[list[Any], list[Any]]:
        """The results, and with ``derive`` the gradients of what is wanted by the first of them; all are the caller's own."""
        with self.lock:
            for cache in self.tape.caches:
                cache.clear()
            values = silent_context.copy().run(self.space["forward"], sources)
            gradients = self._gradients(values) if derive else []
            results = [np.array(values[i]) if np.ndim(values[i]) else np.asarray(values[i])[()] for i in self.outputs]
            return results, gradients

    def _gradients(self, values: tuple[Any, ...]) -> list[Any]:
        try:
            found = trapping_context.copy().run(self._products, values)
        except FloatingPointError:
            found = silent_context.copy().run(self._exactly, values)
        return own([np.asarray(x) for x in found])

    def _products(self, values: tuple[Any, ...]) -> list[Any]:
        target = values[self.outputs[0]]
        refuse_nan(target)
        return self.space["backward"](values, self.ones if not np.ndim(target) else np.ones(np.shape(target), target.dtype))

    def _exactly(self, values: tuple[Any, ...]) -> list[Any]:
        """The gradients by the sweep with masks, over a graph of Tensors with the same numbers."""
        tape, nodes = self.tape, {}
        for i in (*tape.inputs, *tape.leaves_read):
            if tape.takes[i]:
                nodes[i] = Tensor(values[i])
        for step in tape.steps:
            if step.kind == "node" and any(x.number in nodes for x in step.args):
                operands = [nodes.get(x.number, values[x.number]) for x in step.args]
                options = {key: {} if any(x is cache for cache in tape.caches) else _filled(x, values)
                           for key, x in step.options.items()}
                made = step.what(*operands) if isinstance(step.what, Operation) else step.what(*operands, **options)
                if tape.takes[step.out]:
                    nodes[step.out] = made
        if self.outputs[0] not in nodes:
            return [np.zeros_like(values[i]) for i in self.wanted]
        return pull(nodes[self.outputs[0]], [nodes[i] for i in self.wanted], None, False)


def _has_slots(tree: Any) -> bool:
    if isinstance(tree, Slot):
        return True
    if type(tree) is dict:
        return any(map(_has_slots, tree.values()))
    return type(tree) in (tuple, list) and any(map(_has_slots, tree))


def _filled(tree: Any, values: tuple[Any, ...]) -> Any:
    """The values in place of slots."""
    if isinstance(tree, Slot):
        return values[tree.number]
    if type(tree) is dict and tree:
        return {key: _filled(x, values) for key, x in tree.items()}
    return type(tree)(_filled(x, values) for x in tree) if type(tree) in (tuple, list) else tree
