"""A program of arrays as a listing: one line a step, with names, formulas, shapes, and the formula of each local gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..operation import Operation, no_derivative
from ..symbolic import formula, operand_text
from .calls import call_of, names_of
from .record import comparisons
from .source import row_formula
from .tensors import ArrayTape, Slot, TapeStep

WIDE = 60  # characters of a formula, behind which the columns still begin at one place
_SIGNS = {f"np.{name}": op.sign for name, op in comparisons.items()}
_DEFAULTS = {"axis": None, "keepdims": False}


def listing(tape: ArrayTape, outputs: list[int], title: str) -> str:
    """The sources, the steps, and what is returned."""
    names = names_of(tape)
    rows = [(names[i], f"{told} {_shape(tape, i)}", "") for places, told in ((tape.inputs, "an argument"),
            (tape.leaves_read, "a Tensor, read anew")) for i in places]
    rows += [_row(tape, step, names) for step in tape.steps]
    wide = min(max((len(made) for made, _, _ in rows), default=0), WIDE)
    far = max((len(about) for _, about, _ in rows), default=0)
    lines = [f"{made:{wide}}  {about:{far}}  {slopes}".rstrip() for made, about, slopes in rows]
    return "\n".join([f"{title}, {len(tape.steps)} steps", *lines, f"return {', '.join(names[i] for i in outputs)}"])


def _row(tape: ArrayTape, step: TapeStep, names: dict[int, str]) -> tuple[str, str, str]:
    """The formula of a step, its shape, and its local gradients."""
    if step.kind == "guard":
        return f"as long as {told(step.args[0], names)} is {step.what}", "", ""
    if step.kind == "effect":
        return f"moves what is kept: {getattr(step.what, '__qualname__', step.what)}", "", ""
    out = names[step.out]
    if step.kind == "plain" and not step.args:
        how = "drawn" if step.out in tape.draws else "read"
        return f"{out} = {call_of(step).name[1:-1]}(), {how} anew", _shape(tape, step.out), ""
    return f"{out} = {_made(step, names)}", _shape(tape, step.out), _slopes(tape, step, names) if tape.takes[step.out] else ""


def _made(step: TapeStep, names: dict[int, str]) -> str:
    if isinstance(step.what, Operation):
        return row_formula(step.what, [told(x, names) for x in step.args])
    call = call_of(step)
    name, args = call.name, [told(x, names) for x in call.args]
    if name in _SIGNS:
        return f"{args[0]} {_SIGNS[name]} {args[1]}"
    if name == "matmul":
        return f"{args[0]} @ {args[1]}"
    if name in ("getitem", "[ ]"):
        return f"{args[0]}[{_index(call.options['index'] if name == 'getitem' else call.args[1], names)}]"
    if name == "same":
        return f"{args[0]}, detached"
    options = [f"{key}={told(x, names)}" for key, x in call.options.items() if key not in _DEFAULTS or x is not _DEFAULTS[key]]
    return f"{args.pop(0) if name[0] == '.' else ''}{name}({', '.join(args + options)})"


def _slopes(tape: ArrayTape, step: TapeStep, names: dict[int, str]) -> str:
    """The local gradients that are no plain numbers."""
    args = [told(x, names) for x in step.args]
    numbers = [tape.constants.get(x.number) for x in step.args]
    given = [x if type(x) is float else arg for x, arg in zip(numbers, args)]
    found = []
    for i, x in enumerate(step.args):
        rule = step.what.partials[i] if isinstance(step.what, Operation) else None
        if tape.takes[x.number] and rule is not no_derivative:
            text = formula(step.what, i, *given, out=names[step.out])
            found += [f"∂{args[i]}: {text}"] if text not in ("1", "-1") else []
    return "  ".join(found)


def _shape(tape: ArrayTape, slot: int) -> str:
    return f"{np.shape(tape.examples[slot])}"


def told(x: object, names: dict[int, str]) -> str:
    """An argument or option in words: a name, a number, the shape of a constant array."""
    if isinstance(x, Slot):
        return names[x.number]
    if isinstance(x, (tuple, list)):
        inside = ", ".join(told(part, names) for part in x)
        return f"[{inside}]" if type(x) is list else f"({inside}{',' * (len(x) == 1)})"
    if isinstance(x, (np.dtype, type)):
        return np.dtype(x).name
    return operand_text(x) if isinstance(x, (np.ndarray, float)) else f"{x}"


def _index(index: Any, names: dict[int, str]) -> str:
    if isinstance(index, slice):
        parts = index.start, index.stop, index.step
        return ":".join("" if part is None else str(part) for part in parts).removesuffix(":") or ":"
    if type(index) is tuple:
        return ", ".join(_index(part, names) for part in index) or "()"
    return "…" if index is ... else told(index, names)

