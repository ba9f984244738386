"""Pictures of unrolled recurrent networks: a cell for each time step, the states between them, and each state's gradient."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from autograd import gradient
from autograd.graph import Node, is_node

from .numbers import ArraySummary, Digits, Shown, number, show, subscript, summary, superscript
from .svg import MARGIN, Picture, clip, document, style, tag, width, written

if TYPE_CHECKING:
    from autograd.typing import ArrayLike, PlainArrayLike
    from nn import Module
    from nn.layers import Recurrent

    from .snapshots import Gradient

    Loss: TypeAlias = Callable[[Any], Node] | Node | None  # a function of the model's result, or the node itself

CELL, HIGH, BAR = 56.0, 48.0, 54.0  # a cell's width and height; length of the longest bar
WIDE = 1062.0  # at this width, numbers are large enough on a page of 900 px
FEW = 6  # time steps up to which there is room for vectors of two numbers
MUCH = 100.0  # ratio of the largest to the smallest gradient above which the scale is logarithmic


def unrolled(model: Module | Sequence[Node], x: ArrayLike, loss: Loss = None, *, moments: int | None = None,
             digits: Digits = "auto", title: str | None = None, log: bool | None = None) -> UnrolledPicture:
    """Draw a recurrent network on the sequence ``x``: a cell for each time step, and the gradient that reaches each state.

    ``model`` is an RNN, LSTM or GRU or contains them, and is called with ``x``; ``loss`` turns its result into a number. Red bars
    show the length |∂L/∂h| of each state's gradient, so that vanishing and exploding gradients are visible. Alternatively ``model``
    is the list of states that your own loop computed, h₀ first, ``x`` their inputs, and ``loss`` a node; without ``loss`` the bars
    are the lengths of the states' ``.grad``. Bars are on a logarithmic scale with ``log=True``, and also where the largest is over
    100 times the smallest, unless ``log=False``. Of more than ``moments`` time steps (None: as many as fit a page) the first and
    the last ones are drawn. The model is not changed. Raises TypeError for a model that is not recurrent, ValueError where the
    number of states is not one more than the number of inputs.

    >>> from autograd import Value, tanh
    >>> w, h = Value(0.5, "w"), [Value(0.0)]
    >>> for x in (1.0, 0.0, 0.0):
    ...     h.append(tanh(w * h[-1] + x))
    >>> picture = unrolled(h, [1.0, 0.0, 0.0], loss=h[-1])
    >>> picture
    <UnrolledPicture of 3 moments>
    >>> [round(state.slope, 2) for state in picture.rows[0].states]
    [0.04, 0.21, 0.48, 1.0]
    """
    if moments is not None and moments < 2:
        raise ValueError(f"moments={moments}: give 2 or more; the first and the last time step are always drawn")
    rows = _of_states(model, x, loss) if isinstance(model, (list, tuple)) else _of_model(model, x, loss)  # type: ignore[arg-type]
    return UnrolledPicture(rows, moments, digits, title, log)


# ── the data to draw ─────────────────────────────────────────────────────────────────────────────────────────────

class UnrolledState(NamedTuple):
    """A state between two time steps: the values of its parts (two for an LSTM, h and c) and the lengths of their gradients."""

    values: tuple[Shown, ...]
    slopes: tuple[float | None, ...]

    @property
    def slope(self) -> float | None:
        """The length of the gradient that reaches h; None where it is unknown."""
        return self.slopes[0]


class UnrolledLayer(NamedTuple):
    """One layer in one direction: the inputs in order of time, and the states around them.

    ``states[t]`` comes before step t of the walk; with ``backwards`` the walk goes from the last time step to the first.
    """

    title: str
    cell: str
    inputs: list[Shown]
    states: list[UnrolledState]
    backwards: bool = False


def _of_states(states: Sequence[Node], x: Sequence[PlainArrayLike | Node], loss: Node | None) -> list[UnrolledLayer]:
    if len(states) != len(x) + 1 or not len(x) or not all(map(is_node, states[1:])):
        raise ValueError(f"{len(states)} states and {len(x)} inputs: give the states as nodes, beginning with the initial state, "
                         "and one input for each further state")
    return [UnrolledLayer("", "cell", [_summary(value) for value in x], _states([(state,) for state in states], loss))]


def _summary(value: Any) -> Shown:
    """The summary of a number, array, node or list of numbers."""
    if is_node(value):
        return summary(value.plain_data())
    if isinstance(value, (list, tuple)):
        import numpy as np
        value = np.asarray(value, float)
    return summary(value)


class _Walk(NamedTuple):
    """One recorded walk of a layer through time: ``suffix`` belongs to the names of its weights, ``states`` are all its states."""

    path: str
    layer: Recurrent[Any]
    suffix: str
    backwards: bool
    x: Node
    states: list[tuple[Node, ...]]


def _of_model(model: Module, x: ArrayLike, loss: Loss) -> list[UnrolledLayer]:
    from nn.layers import Recurrent
    layers = [(path, part) for path, part in getattr(model, "named_modules", list)() if isinstance(part, Recurrent)]
    if not layers:
        raise TypeError(f"{model!r:.60} ({type(model).__name__}) is not recurrent and contains no RNN, LSTM or GRU; for a loop of "
                        "your "
                        "own, give the list of its states")
    walks: list[_Walk] = []
    with _observed(layers, walks):
        result = model(x)
    y = loss(result) if callable(loss) else loss
    return [_unrolled_layer(walk, y) for walk in reversed(walks)]  # the first layer is drawn at the bottom


def _unrolled_layer(walk: _Walk, loss: Node | None) -> UnrolledLayer:
    data = walk.x.plain_data()
    name = f"layer {walk.suffix.removesuffix('_reverse').removeprefix('_l')}" if walk.layer.num_layers > 1 else ""
    title = ", ".join(filter(None, (walk.path, name, "backwards in time" if walk.backwards else "")))
    inputs = [summary(data[t]) for t in range(len(data))]
    return UnrolledLayer(title, type(walk.layer).__name__, inputs, _states(walk.states, loss), walk.backwards)


@contextmanager
def _observed(layers: Sequence[tuple[str, Recurrent[Any]]], walks: list[_Walk]) -> Iterator[None]:
    """Context manager that records every walk of these layers through time, with its states."""
    before = [vars(layer).get("stepwise", type(layer).stepwise) for _, layer in layers]
    try:
        for path, layer in layers:
            vars(layer).update(walk=_observed_walk(path, layer, walks), stepwise=True)
        yield
    finally:
        for (_, layer), stepwise in zip(layers, before):
            vars(layer).pop("walk", None)
            layer.stepwise = stepwise


def _observed_walk(path: str, layer: Recurrent[Any], walks: list[_Walk]) -> Callable[..., Any]:
    walk, step = layer.walk, layer.step

    def observed_step(x: Any, state: Any, *weights: Any) -> Any:
        after = step(x, state, *weights)
        walks[-1].states.append(after)
        return after

    def observed_walk(x: Any, state: Any, suffix: str, backwards: bool) -> Any:
        walks.append(_Walk(path, layer, suffix, backwards, x, [state]))
        vars(layer)["step"] = observed_step
        try:
            return walk(x, state, suffix, backwards)
        finally:
            vars(layer).pop("step", None)
    return observed_walk


def _states(states: Sequence[tuple[Node, ...]], loss: Node | None) -> list[UnrolledState]:
    """The values of states, and the lengths of the loss's gradients with respect to them."""
    nodes = [part for state in states for part in state if is_node(part) and getattr(part, "requires_grad", True)]
    slopes = {id(node): node.grad for node in nodes}
    if loss is not None:
        slopes = dict(zip(map(id, nodes), gradient(loss, nodes)))
    return [UnrolledState(tuple(map(_summary, state)), tuple(_length(slopes.get(id(part))) for part in state)) for state in states]


def _length(x: Gradient) -> float | None:
    if x is None:
        return None
    return abs(x) if isinstance(x, (float, int)) else math.hypot(*x.ravel().tolist())


# ── the picture ──────────────────────────────────────────────────────────────────────────────────────────────────

CSS = style("""\
.chainrule text { text-anchor: middle; font-size: 12px; font-variant-numeric: tabular-nums }
.chainrule .letter, .chainrule .title { font-weight: bold; font-size: 14px } .chainrule .left { text-anchor: start }
.chainrule .small { font-size: 10.5px } .chainrule .shape, .chainrule .wire { stroke-width: 1.4 }
.chainrule .decade { stroke-width: 0.7 }
.chainrule .second { stroke-width: 1.4; stroke-dasharray: 3 2 } .chainrule .cut { stroke-dasharray: 2 5 }
""", """\
.chainrule .paper { fill: $paper } .chainrule text { fill: $ink } .chainrule text.faint { fill: $frame }
.chainrule .shape { fill: $gate; stroke: $frame } .chainrule .wire { stroke: $wire } .chainrule .tip { fill: $wire }
.chainrule text.value { fill: $value } .chainrule text.gradient, .chainrule .bar { fill: $gradient }
.chainrule .second { fill: $paper; stroke: $gradient } .chainrule .base { stroke: $frame } .chainrule .decade { stroke: $line }
""")


class UnrolledPicture(Picture):
    """A picture of an unrolled recurrent network, shown in notebooks: ``svg`` is its text, ``save`` writes a file."""

    def __init__(self, rows: list[UnrolledLayer], moments: int | None, digits: Digits, title: str | None,
                 log: bool | None = None):
        self.rows, self.title = rows, title
        self.digits: Digits = digits
        slopes = [slope for row in rows for state in row.states for slope in state.slopes if slope is not None]
        self.known, self.scale = bool(slopes), _scale(slopes, log)
        self.between = 28 + max(width(text, 10.5) for row in rows for i, state in enumerate(row.states)
                                for text in self._texts(state, i))  # distance of cells: the longest text at a state
        self.pitch = CELL + self.between
        count = len(rows[0].inputs)
        moments = moments or max(2, int((WIDE - 2 * MARGIN - self.between - 40) / self.pitch))
        head = (moments + 1) // 2
        self.kept = list(range(count)) if count <= moments else [*range(head), *range(count - moments + head, count)]

    @property
    def _base(self) -> float:
        """The distance of a row's bars below it: under the inputs where grid lines run behind the bars."""
        return HIGH / 2 + (66.0 if not self.scale.log else 66.0 + BAR)

    def _texts(self, state: UnrolledState, moment: int) -> Iterator[str]:
        """The texts at a state; the longest one determines the distance of cells."""
        for letter, value, slope in zip("hc", state.values, state.slopes):
            yield f"{letter}{subscript(moment)} {self._short(value)}"
            yield f"{letter}{subscript(moment)}: "[:4 * (len(state.values) > 1)] + number(slope, self.digits)

    def __repr__(self) -> str:
        layers = f", {len(self.rows)} layers" if len(self.rows) > 1 else ""
        return f"<UnrolledPicture of {len(self.rows[0].inputs)} moments{layers}>"

    @cached_property
    def svg(self) -> str:
        """The picture as a self-contained SVG document, light and dark."""
        top = MARGIN + (28 if self.title else 0)
        gap = 40.0 if len(self.kept) < len(self.rows[0].inputs) else 0.0
        two = 14.0 * any(len(row.states[0].values) > 1 for row in self.rows)
        above = 26.0 if gap or two else 10.0
        parts = [tag("text", written(self.title), kind="title left", x=MARGIN, y=MARGIN + 13)] if self.title else []
        for i, row in enumerate(self.rows):
            if row.title:
                parts.append(tag("text", written(clip(row.title, 60)), kind="faint left", x=MARGIN, y=top + 12))
                top += 20
            parts.append(tag("g", *self._row(row, f"r{i}", top + above + HIGH / 2, gap), id=f"r{i}"))
            top += (two + 58.0 + self._base if self.known else 116.0) + above
        notes = self._notes()
        parts += (tag("text", written(note), kind="faint left", x=MARGIN, y=top + 10 + 17 * i) for i, note in enumerate(notes))
        wide = 2 * MARGIN + max([self.pitch * len(self.kept) + gap + self.between, *(width(note, 12) for note in notes),
                                 width(self.title or "", 14, bold=True)])
        return document(parts, (wide, top + 17 * len(notes) + MARGIN), *self._describe(), CSS)

    def _row(self, row: UnrolledLayer, id: str, y: float, gap: float) -> Iterator[str]:
        """Cells from left to right in time; a state stands between the cell that made it and the one that takes it."""
        if self.known:
            yield from self._decades(y + self._base, MARGIN + self.between + self.pitch * len(self.kept) + gap)
        last = len(row.inputs)
        places = {t: MARGIN + self.pitch - CELL + self.pitch * at + gap * (t > at) for at, t in enumerate(self.kept)}  # left edges
        ends = [0, *(t + 1 for t in self.kept)]  # borders between the drawn time steps
        for border in ends:
            made = last - border if row.backwards else border
            left = places[border - 1] + CELL if border else MARGIN
            right = places.get(border, left + self.between + gap * (border > 0 and border < last))
            called = 0 if not made else border + 1 if row.backwards else border  # the step that made it
            cut = 0 < border < last and border not in places
            ends_at = (right, left) if row.backwards else (left, right)
            yield self._state(row.states[made], called, ends_at, y, f"{id}-h{called}", cut)
            if cut:
                yield tag("text", f"… {last - len(self.kept):,} more", kind="faint small", x=(left + right) / 2, y=y - 36)
        for t, left in places.items():
            middle = left + CELL / 2
            value, name = row.inputs[t], f"x{subscript(t + 1)}"
            said = tag("title", written(f"{name} = {show(value, None)}"))
            yield tag("g", said, *_arrow((middle, y + HIGH / 2 + 22), (middle, y + HIGH / 2)),
                      tag("text", name, kind="letter", x=middle, y=y + HIGH / 2 + 37),
                      tag("text", written(self._short(value)), kind="value small", x=middle, y=y + HIGH / 2 + 52),
                      id=f"{id}-x{t + 1}")
            yield tag("g", tag("title", written(f"{row.cell}, moment {t + 1}")),
                      tag("rect", kind="shape", x=left, y=y - HIGH / 2, width=CELL, height=HIGH, rx=10),
                      tag("text", written(row.cell), x=middle, y=y + 4), kind="cell", id=f"{id}-c{t + 1}")

    def _state(self, state: UnrolledState, moment: int, ends: tuple[float, float], y: float, id: str, cut: bool) -> str:
        """A state on its wire: its value above, its gradient below, as a number and as a bar."""
        middle, names = sum(ends) / 2, [f"{letter}{subscript(moment)}" for letter in "hc"]
        lines = [f"{name} = {show(value, None)}" for name, value in zip(names, state.values)]
        lines += [f"|∂L/∂{name}| = {number(slope, None) or 'not computed'}" for name, slope in zip(names, state.slopes)]
        inside = [tag("title", written("\n".join(lines)))]
        for i, (name, value) in enumerate(zip(names, state.values)):
            at = y + (0 if len(state.values) == 1 else 13 - 26 * i)
            inside += _arrow((ends[0], at), (ends[1], at), "wire cut" if cut else "wire")
            inside.append(tag("text", written(f"{name} {self._short(value)}"), kind="value small", x=middle, y=at - 6))
        base = y + self._base
        known = [(name, slope, i) for i, (name, slope) in enumerate(zip(names, state.slopes)) if slope is not None]
        for name, slope, i in known:
            wide = 22.0 if len(known) == 1 else 16.0
            x = middle + (i - (len(known) - 1) / 2) * 22
            long = BAR * self.scale.share(slope)
            called = f"{name}: " if len(known) > 1 else ""
            inside += [tag("rect", kind="second" if i else "bar", x=x - wide / 2, y=base - long, width=wide, height=long),
                       tag("text", called + number(slope, self.digits), kind="gradient small", x=middle, y=base + 14 + 14 * i)]
        if known:
            inside.append(tag("line", kind="base", x1=middle - 26, x2=middle + 26, y1=base, y2=base))
        return tag("g", *inside, id=id)

    def _decades(self, base: float, end: float) -> Iterator[str]:
        """The grid lines of a logarithmic scale, one for each power of ten, or for some of them."""
        for power in self.scale.powers:
            y = base - BAR * self.scale.share(10.0**power)
            yield tag("line", kind="decade", x1=MARGIN + 30, x2=end, y1=y, y2=y)
            yield tag("text", f"10{superscript(str(power))}" if power else "1", kind="faint small left", x=MARGIN, y=y + 3.5)

    def _short(self, value: Shown) -> str:
        """A number, or two numbers in a short sequence, written out; of larger arrays the shape."""
        if not isinstance(value, ArraySummary):
            return number(value, self.digits)
        if value.entries is not None and len(value.entries) <= 2 and len(self.rows[0].inputs) <= FEW:
            return f"[{' '.join(number(x, self.digits) for x in value.entries)}]"
        return "×".join(map(str, value.shape))

    def _notes(self) -> list[str]:
        notes = []
        if self.known:
            two = any(len(state.values) > 1 for row in self.rows for state in row.states)
            notes.append("Red bars: |∂L/∂h|, the length of the gradient that reaches each state"
                         + (" (dashed: |∂L/∂c|)" if two else "") + (", on a logarithmic scale." if self.scale.log else "."))
        if left := len(self.rows[0].inputs) - len(self.kept):
            notes.append(f"{left:,} moment{'s are' if left > 1 else ' is'} left out. To see more: moments=…")
        return notes

    def _describe(self) -> tuple[str, str]:
        """The title and the description for screen readers."""
        row = self.rows[-1]
        said = []
        for t in self.kept:
            state = row.states[len(row.inputs) - t if row.backwards else t + 1]
            slope = f", gradient {number(state.slope, self.digits)}" if state.slope is not None else ""
            said.append(f"h{t + 1} {show(state.values[0], self.digits)}{slope}")
        return (self.title or f"{row.cell} unrolled over {len(row.inputs)} moments",
                " ".join([f"{'; '.join(said)}.", *self._notes()]))


class _Scale(NamedTuple):
    """Scale of the bars: proportional to the numbers, or to their logarithms above ``low``."""

    log: bool
    low: float  # logarithms at the bottom and at the top
    high: float

    def share(self, x: float) -> float:
        """The length of a number's bar, from 0 to 1."""
        if not math.isfinite(x):
            return 1.0
        if not self.log:
            return min(x / 10.0**self.high, 1.0)
        return max(0.0, min(1.0, (math.log10(x) - self.low) / (self.high - self.low))) if x else 0.0

    @property
    def powers(self) -> list[int]:
        """The marked powers of ten, at most five."""
        if not self.log:
            return []
        first, last = math.ceil(self.low), math.floor(self.high)
        step = max(1, math.ceil((last - first) / 4))
        return list(range(last, first - 1, -step))[::-1]


def _scale(slopes: Sequence[float], log: bool | None) -> _Scale:
    """The scale for these lengths: logarithmic on request, and by default where they differ by a factor over 100."""
    found = [slope for slope in slopes if math.isfinite(slope) and slope > 0] or [1.0]
    most, least = max(found), min(found)
    much = most > MUCH * least if log is None else log
    return _Scale(much, math.floor(math.log10(least)) - 0.5, math.log10(most)) if much else _Scale(False, 0.0, math.log10(most))


def _arrow(start: tuple[float, float], end: tuple[float, float], kind: str = "wire") -> list[str]:
    along = math.dist(start, end)
    dx, dy = (end[0] - start[0]) / along, (end[1] - start[1]) / along
    x0, y0, x, y = start[0] + 2 * dx, start[1] + 2 * dy, end[0] - 2 * dx, end[1] - 2 * dy
    points = (x, y), (x - 7 * dx - 3.5 * dy, y - 7 * dy + 3.5 * dx), (x - 7 * dx + 3.5 * dy, y - 7 * dy - 3.5 * dx)
    return [tag("line", kind=kind, x1=x0, y1=y0, x2=x - 6 * dx, y2=y - 6 * dy),
            tag("polygon", kind="tip", points=" ".join(f"{x:.1f} {y:.1f}" for x, y in points))]
