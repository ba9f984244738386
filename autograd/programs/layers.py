"""Operations of layers that are one instruction of ``layers.c`` each way: LSTM, batch norm and max pooling, of floats."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any, NamedTuple

import numpy as np

from .tensors import TapeStep


class Extra(NamedTuple):
    """An array that an operation keeps from its forward pass for its gradient."""

    name: str
    size: int


class Instruction(NamedTuple):
    """An instruction: its words are numbers, variables and extra arrays; −1 stands for an array that is not wanted."""

    kind: str
    words: tuple[int | float | str | Extra, ...]
    reads: frozenset[str]
    writes: frozenset[str]
    room: int  # numbers that it works on
    after: tuple[str, Callable[..., Any]] | None = None  # a statement for after the run: a text, and the function ``after`` in it


def layer_forward(lines: Any, n: int, step: TapeStep) -> Instruction | None:
    """The instruction of a step, or None where there is none."""
    make = _forward.get(getattr(step.what, "name", ""))
    return make(lines, n, step) if make is not None and _fits(lines, step) else None


def layer_backward(lines: Any, n: int, step: TapeStep, before: set[int]) -> Instruction | None:
    """The instruction of a step's gradients; ``before`` has the slots that have one already."""
    make = _backward.get(getattr(step.what, "name", ""))
    return make(lines, n, step, before) if make is not None and _fits(lines, step) else None


def _fits(lines: Any, step: TapeStep) -> bool:
    """True where all arrays are floats, none is empty, no operand comes twice, and they lie as the instruction reads them."""
    slots = [x.number for x in step.args]
    alike = all(getattr(lines.dtype(slot), "char", "") == "f" and 0 not in lines.shape(slot) for slot in (*slots, step.out))
    return alike and len({*slots}) == len(slots) and _layouts[step.what.name](lines, step)


def _plainly(lines: Any, step: TapeStep) -> bool:
    """True where an LSTM's arrays lie row by row, its weight perhaps turned."""
    slots = [x.number for x in step.args]
    slots[1] = lines.turned.get(slots[1], slots[1])
    return all(lines.layout(slot) is None for slot in (*slots, step.out)) and len(lines.shape(step.out)) == 4


def _by_channels(lines: Any, step: TapeStep) -> bool:
    """True where images lie as channels × height × width × batch."""
    for slot in (step.args[0].number, step.out):
        if len(lines.shape(slot)) != 4 or not np.empty_like(lines.example(slot)).transpose(1, 2, 3, 0).flags.c_contiguous:
            return False
    return all(lines.layout(x.number) is None for x in step.args[1:])


def _covering(lines: Any, step: TapeStep) -> bool:
    """True where windows side by side cover images."""
    o, shape = step.options, lines.shape(step.args[0].number)
    return _by_channels(lines, step) and o["kernel"] == o["stride"] and tuple(o["dilation"]) == (1, 1) and \
        shape[2] % o["kernel"][0] == shape[3] % o["kernel"][1] == 0


def _names(step: TapeStep) -> list[str]:
    return [f"v{x.number}" for x in step.args]


def _targets(lines: Any, step: TapeStep, before: set[int]) -> tuple[list[Any], int]:
    """Where the gradients of the operands go, and a bit for each that is added to what is there."""
    wanted = [x.number if x.number in lines.needed else -1 for x in step.args]
    return [f"d{x}" if x >= 0 else -1 for x in wanted], sum(1 << i for i, x in enumerate(wanted) if x in before)


def _written(words: list[Any]) -> frozenset[str]:
    return frozenset(x for x in words if isinstance(x, str))


# ── LSTM ─────────────────────────────────────────────────────────────────────────────────────────────────────────

def _lstm(lines: Any, n: int, step: TapeStep) -> tuple[list[Any], list[str], list[Extra], int]:
    """The sizes with the weight's strides, the operands, what is kept, and the room that the weight takes."""
    x, weight, h, c = _names(step)
    steps, rows, units = lines.shape(step.out)[1:]
    slot = step.args[1].number
    is_turned = slot in lines.turned
    weight = f"v{lines.turned[slot]}" if is_turned else weight
    size = steps * rows * units
    kept = [Extra(f"gates{n}", 4 * size), Extra(f"slopes{n}", 4 * size), Extra(f"tanhs{n}", size), Extra(f"bends{n}", size)]
    strides = (1, units) if is_turned else (4 * units, 1)
    return [steps, rows, units, *strides], [x, weight, h, c], kept, 4 * units * (units + 16) + 64 * units


def _lstm_forward(lines: Any, n: int, step: TapeStep) -> Instruction:
    sizes, operands, kept, room = _lstm(lines, n, step)
    out = f"v{step.out}"
    return Instruction("lstm", (*sizes, *operands, out, *kept), frozenset(operands), frozenset((out,)), room)


def _lstm_backward(lines: Any, n: int, step: TapeStep, before: set[int]) -> Instruction:
    sizes, (_, weight, h, c), kept, room = _lstm(lines, n, step)
    steps, rows, units = sizes[:3]
    targets, adds = _targets(lines, step, before)
    g, out, size = f"d{step.out}", f"v{step.out}", rows * units
    own = targets[0] if targets[0] != -1 and not adds & 1 else Extra(f"downs{n}", 4 * steps * size)
    words = (*sizes, g, weight, h, c, out, *kept, own, Extra(f"dh{n}", size), Extra(f"dc{n}", size), *targets,
             int(lines.layout(step.args[1].number) is not None), adds)
    added = [x for i, x in enumerate(targets) if adds >> i & 1]
    packed = steps * rows * (units + 16 if lines.layout(step.args[1].number) is not None else 4 * units + 16)
    return Instruction("lstm_back", words, frozenset((g, weight, h, c, out, *added)), _written(targets), max(room, packed))


# ── batch norm ───────────────────────────────────────────────────────────────────────────────────────────────────

def _norm(lines: Any, step: TapeStep) -> tuple[int, int]:
    shape = lines.shape(step.out)
    return shape[1], prod(shape) // shape[1]


def _statistics(n: int, channels: int) -> list[Extra]:
    return [Extra(f"{name}{n}", channels) for name in ("mean", "variance", "deviation")]


def _norm_forward(lines: Any, n: int, step: TapeStep) -> Instruction:
    channels, each = _norm(lines, step)
    operands, out, kept = _names(step), f"v{step.out}", _statistics(n, channels)

    def after(mean: Any, variance: Any, deviation: Any) -> None:
        step.options["cache"].update(mean=mean.copy(), variance=variance.copy(), deviation=deviation.copy()[:, None])
    words: list[Any] = [channels, each, *operands, float(step.options["eps"]), out, *kept]
    return Instruction("batch_norm", tuple(words), frozenset(operands), frozenset((out,)), 0, ("mean variance deviation", after))


def _norm_backward(lines: Any, n: int, step: TapeStep, before: set[int]) -> Instruction:
    channels, each = _norm(lines, step)
    (x, w, _), g, (mean, _, deviation) = _names(step), f"d{step.out}", _statistics(n, channels)
    targets, adds = _targets(lines, step, before)
    added = [x for i, x in enumerate(targets) if adds >> i & 1]
    return Instruction("batch_norm_back", (channels, each, g, x, w, mean, deviation, *targets, adds), frozenset((g, x, w, *added)),
                 _written(targets), 0)


# ── max pooling ──────────────────────────────────────────────────────────────────────────────────────────────────

def _pool_sizes(lines: Any, step: TapeStep) -> tuple[int, ...]:
    batch, channels, height, width = lines.shape(step.args[0].number)
    return (channels, height, width, batch, *step.options["kernel"])


def _pool_forward(lines: Any, n: int, step: TapeStep) -> Instruction:
    [x], out = _names(step), f"v{step.out}"
    return Instruction("max_pool", (*_pool_sizes(lines, step), x, out), frozenset((x,)), frozenset((out,)), 0)


def _pool_backward(lines: Any, n: int, step: TapeStep, before: set[int]) -> Instruction:
    [x], g, out = _names(step), f"d{step.out}", f"v{step.out}"
    targets, adds = _targets(lines, step, before)
    return Instruction("max_pool_back", (*_pool_sizes(lines, step), g, x, out, *targets, adds),
                 frozenset((g, x, out, *(targets if adds else ()))), _written(targets), 0)


_layouts = {"lstm": _plainly, "batch_norm": _by_channels, "max_pool2d": _covering}
_forward = {"lstm": _lstm_forward, "batch_norm": _norm_forward, "max_pool2d": _pool_forward}
_backward = {"lstm": _lstm_backward, "batch_norm": _norm_backward, "max_pool2d": _pool_backward}
