"""A network as layers: units as circles in columns, weights as lines whose width and dashes tell size and sign."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from autograd import no_grad
from autograd.graph import Node, is_node
from autograd.operation import Operation

from .numbers import has_nonfinite, number
from .svg import MARGIN, Picture, clip, document, style, tag, width, written

if TYPE_CHECKING:
    from autograd.typing import Array, ArrayLike
    from nn import Module

    Weights: TypeAlias = list[list[float | None]] | Array  # of a layer; None: not known
    Biases: TypeAlias = list[float | None] | Array

RADIUS, ROW, LINE, SMALL = 20.0, 60.0, 12.0, 10.0  # of units; between them; sizes of letters
LABELLED = 3  # a layer of up to this many units has its weights written at the lines
ELEMENTWISE = ("Activation ReLU Sigmoid Tanh Step LeakyReLU PReLU ELU Softplus Softmax LogSoftmax Identity Dropout BatchNorm1d "
               "LayerNorm").split()  # modules that keep a layer's units, each its own


def network(model: Module, x: ArrayLike | None = None, *, show: str = "weight", units: int = 10, digits: int | None = 3,
            title: str | None = None) -> NetworkPicture:
    """Draw the layers of a network: its units as circles, its weights as lines, its other modules as blocks.

    A line is as wide as its weight is large, solid where it is positive, dashed where it is negative; ``show="gradient"``
    draws the weights' gradients so. Under a unit stands its bias. With ``x``, one example as the model takes it, the
    circles hold the outputs of the units (in evaluation), and blocks their shapes. Of a layer of more than ``units``, the
    first and last are drawn. Takes the networks of numbers (``MLP``, ``Layer``, ``Neuron`` and its kinds, ``Madaline``,
    ``XOR``), and modules of arrays in the order in which they are held or, with ``x``, called; ``viz.draw`` of a result shows
    everything else that a ``forward`` does. Nothing is changed by looking. Raises TypeError for a model that is no
    network, ValueError for more than one example.

    >>> import nn
    >>> picture = network(nn.MLP(2, [3, 1], rng=0), [1.0, -1.0])
    >>> picture
    <NetworkPicture of 2 → 3 → 1 units, 13 parameters>
    >>> picture.svg.count("<circle") >= 6
    True
    """
    if show not in ("weight", "gradient"):
        raise ValueError(f"show={show!r}: it is 'weight' or 'gradient'")
    if units < 2:
        raise ValueError(f"units={units}: at least 2 of each layer are drawn, its first and its last")
    stages, notes = _of_numbers(model, x, show) if _layers(model) else _of_arrays(model, x, show)
    return NetworkPicture(stages, notes, show, units, digits, title)


# ── the data to draw ─────────────────────────────────────────────────────────────────────────────────────────────

class DrawnLayer(NamedTuple):
    """Units side by side. ``weights`` are rows, one for each unit, of a number for each unit of the layer before.

    Weights and biases are lists or arrays. Unknown numbers are None: gradients before a backward pass, values without
    an example.
    """

    path: str
    kinds: tuple[str, ...]
    size: int
    values: list[float] | None = None
    weights: Weights | None = None
    biases: Biases | None = None
    names: tuple[str, ...] = ()
    parameters: int = 0


class DrawnModule(NamedTuple):
    """A module that is drawn as a block: its class, its settings, and the shape of its output."""

    path: str
    kind: str
    settings: str
    shape: str
    parameters: int


Stage = DrawnLayer | DrawnModule


def _layers(model: Module) -> list[tuple[str, list[Any]]]:
    """The neurons of a network of numbers, layer by layer, each with its path; nothing for other modules."""
    from nn import MLP, Layer, Madaline, Neuron
    from nn.perceptron import XOR
    if isinstance(model, Neuron):
        return [("", [model])]
    if isinstance(model, Layer):
        return [("", model.neurons)]
    if isinstance(model, MLP):
        return [(f"layers.{i}", layer.neurons) for i, layer in enumerate(model.layers)]
    if isinstance(model, Madaline):
        return [("units", model.units)]
    return [("nand, either", [model.nand, model.either]), ("both", [model.both])] if isinstance(model, XOR) else []


def _of_numbers(model: Module, x: Any, show: str) -> tuple[list[Stage], list[str]]:
    """The stages of a network of numbers, and notes for the reader."""
    from nn import Madaline
    layers, outputs = _layers(model), dict[int, Any]()
    if x is not None:
        x = list(x)
        with no_grad(), model.watch(lambda path, module, inputs, output: outputs.__setitem__(id(module), output)):
            result = model(x)
    inputs = [None] * len(layers[0][1][0].w) if x is None else x
    names = tuple(getattr(value, "name", None) or f"x{i}" for i, value in enumerate(inputs))
    given = None if x is None else [float(getattr(value, "data", value)) for value in x]
    stages: list[Stage] = [DrawnLayer("", ("input",), len(names), given, names=names)]
    for path, neurons in layers:
        kinds = dict.fromkeys(type(neuron).__name__ for neuron in neurons)
        kinds |= dict.fromkeys(getattr(neuron.activation, "__name__", str(neuron.activation)) for neuron in neurons)
        stages.append(DrawnLayer(
            path, tuple(kinds), len(neurons), [outputs[id(neuron)].data for neuron in neurons] if outputs else None,
            [[_shown(w, show) for w in neuron.w] for neuron in neurons], [_shown(neuron.b, show) for neuron in neurons],
            tuple(neuron.name or "" for neuron in neurons), sum(len(neuron.w) + 1 for neuron in neurons)))
    notes = []
    if isinstance(model, Madaline):
        fixed = None if show == "gradient" else 1.0
        stages.append(DrawnLayer("", ("fixed unit", model.logic), 1, [result.data] if outputs else None,
                            [[fixed] * len(model.units)], None))
        notes = ["The fixed unit combines the signs of the units' sums; its weights are not trained."]
    return stages, notes


def _shown(parameter: Node, show: str) -> float | None:
    number = parameter.data if show == "weight" else parameter.grad
    return None if number is None else float(number)


class _Call(NamedTuple):
    """One call of a module that has no modules: its input and output; None where it was only looked at."""

    path: str
    module: Module
    input: Node | None = None
    output: Any = None


def _of_arrays(model: Module, x: ArrayLike | None, show: str) -> tuple[list[Stage], list[str]]:
    """The stages of a network of arrays, and notes for the reader."""
    from nn import Linear, Module, Sequential
    if not isinstance(model, Module):
        raise TypeError(f"a network is drawn of an nn.Module; got {model!r:.60} ({type(model).__name__}). Results of a "
                        "computation are drawn by viz.draw")
    leaves = [_Call(path, module) for path, module in model.named_modules() if not any(module.children())]
    stages: list[Stage] = []
    before: Any = None  # the output of the module before
    for call in leaves if x is None else _calls(model, x):
        last = stages[-1] if stages else None
        if isinstance(call.module, Linear):
            _add_linear(stages, call, before, show)
        elif isinstance(last, DrawnLayer) and last.weights is not None and type(call.module).__name__ in ELEMENTWISE:
            stages[-1] = _followed(last, call)
        else:
            kind = type(call.module).__name__
            stages.append(DrawnModule(call.path, kind, call.module.extra_repr(), _shape(call.output), _size(call.module)))
        before = call.output
    if not stages:
        raise TypeError(f"{type(model).__name__} has no modules to draw: viz.draw(model(x)) draws what it computes")
    plainly = all(type(part) is Sequential for part in model.modules() if any(part.children()))
    order = "held" if x is None else "called"
    note = f"Modules in the order in which they are {order}; viz.draw shows everything else in forward."
    return stages, [] if plainly else [note]


def _add_linear(stages: list[Stage], call: _Call, before: Any, show: str) -> None:
    """Add the units of a linear layer, and before them those of its input where the last stage has other units."""
    module: Any = call.module
    last = stages[-1] if stages else None
    inputs, outputs = module.in_features, module.out_features
    if not isinstance(last, DrawnLayer) or last.size != inputs:
        names = () if last else tuple(f"x{i}" for i in range(inputs))
        stages.append(DrawnLayer("", ("input",) if last is None else (), inputs, _entries(call.input, inputs), names=names))
    elif call.input is not None:  # what the layer before ends as, whatever was done to it without a module
        done = (call.input.op.name,) if call.input is not before and isinstance(call.input.op, Operation) else ()
        stages[-1] = last._replace(values=_entries(call.input, last.size), kinds=last.kinds + done)
    rows = _array(module.weight, show, [[None] * inputs] * outputs)
    bias = None if module.bias is None else _array(module.bias, show, [None] * outputs)
    stages.append(DrawnLayer(call.path, ("Linear",), outputs, _entries(call.output, outputs), rows, bias, parameters=_size(module)))


def _followed(layer: DrawnLayer, call: _Call) -> DrawnLayer:
    """A layer with the activation, normalisation or dropout that follows it."""
    kind = type(call.module).__name__
    if kind in ("Activation", "Dropout"):
        kind = repr(call.module).removesuffix("()")
    return layer._replace(kinds=(*layer.kinds, kind), values=_entries(call.output, layer.size) or layer.values,
                          parameters=layer.parameters + _size(call.module))


def _calls(model: Module, x: ArrayLike) -> list[_Call]:
    """Every call of a module that has no modules, on one example."""
    import numpy as np

    from autograd import Tensor
    from nn.evaluation import evaluation_mode
    calls: list[_Call] = []

    def seen(path: str, module: Module, inputs: tuple[Any, ...], output: Any) -> None:
        if not any(module.children()):
            calls.append(_Call(path, module, inputs[0], output))

    if isinstance(x, (list, tuple)):
        x = np.asarray(x, next(model.parameters()).dtype)
    with evaluation_mode(model), model.watch(seen):
        model(x if is_node(x) else Tensor(x, requires_grad=False))
    return calls


def _entries(x: Any, count: int) -> list[float] | None:
    """The numbers of a tensor that holds one example; ValueError where it holds more."""
    if x is None:
        return None
    if x.size != count:
        raise ValueError(f"a picture of a network is of one example; a layer of {count} units has {tuple(x.shape)} numbers. "
                         "Give one: x[:1]")
    return [float(entry) for entry in x.plain_data().ravel()]


def _array(parameter: Node, show: str, unknown: Any) -> Any:
    array = parameter.data if show == "weight" else parameter.grad
    return unknown if array is None else array


class _Extent(NamedTuple):
    """Properties of numbers: is any known, the largest size of a finite one, and how many are nan or inf."""

    known: bool
    largest: float
    broken: int


def _extent(numbers: Any) -> _Extent:
    if hasattr(numbers, "ravel"):
        import numpy as np
        finite = np.isfinite(numbers)
        largest = np.abs(numbers, where=finite, out=np.zeros(numbers.shape)).max()
        return _Extent(True, float(largest), int(numbers.size - finite.sum()))
    flat = [n for row in numbers or () for n in (row if isinstance(row, list) else [row]) if n is not None]
    return _Extent(bool(flat), max((abs(n) for n in flat if math.isfinite(n)), default=0.0), sum(map(has_nonfinite, flat)))


def _shape(out: Any) -> str:
    """The shape of one example in a module's output."""
    out = out[0] if isinstance(out, tuple) else out
    return "" if out is None else "×".join(map(str, out.shape[1:] if len(out.shape) > 1 else out.shape))


def _size(module: Module) -> int:
    return sum(math.prod(getattr(parameter, "shape", ())) for parameter in module.parameters())


# ── the picture ──────────────────────────────────────────────────────────────────────────────────────────────────

CSS = style(f"""\
.chainrule text {{ text-anchor: middle; font-size: {LINE:g}px; font-variant-numeric: tabular-nums }}
.chainrule .head, .chainrule .title {{ font-weight: bold }} .chainrule .title {{ font-size: 15px }}
.chainrule .small {{ font-size: {SMALL:g}px }} .chainrule .left {{ text-anchor: start }} .chainrule .right {{ text-anchor: end }}
.chainrule .halo {{ paint-order: stroke; stroke-width: 6px; stroke-linejoin: round }}
.chainrule line {{ stroke-linecap: butt }} .chainrule .minus line {{ stroke-dasharray: 7 4 }}
.chainrule .solid line {{ stroke-dasharray: none }}
.chainrule .bad line {{ stroke-dasharray: 2 2 }} .chainrule .flow {{ stroke-width: 1.4 }}
.chainrule .shape {{ stroke-width: 1.4 }} .chainrule g:hover > line {{ stroke-width: 6px }}
""", """\
.chainrule .paper { fill: $paper }
.chainrule text { fill: $ink } .chainrule .faint { fill: $frame }
.chainrule .shape { fill: $gate; stroke: $frame }
.chainrule .plus line { stroke: $formula } .chainrule text.plus { fill: $formula }
.chainrule .minus line { stroke: $bad } .chainrule text.minus { fill: $bad }
.chainrule .zero line, .chainrule .flow { stroke: $wire } .chainrule .tip { fill: $wire }
.chainrule .bad line { stroke: $gradient } .chainrule text.bad { fill: $gradient; font-weight: bold }
@supports (paint-order: stroke) { .chainrule .halo { stroke: $paper } }
.chainrule .level.plus { fill: $value } .chainrule .level.minus { fill: $bad }
""")


class NetworkPicture(Picture):
    """A picture of a network's layers: ``svg`` is its text, ``save`` writes SVG or PNG, a notebook shows it."""

    def __init__(self, stages: Sequence[Stage], notes: list[str], show: str, units: int, digits: int | None,
                 title: str | None):
        self.stages, self.notes, self.show, self.units, self.digits, self.title = stages, notes, show, units, digits, title
        extents = [_extent(part) for layer in stages if isinstance(layer, DrawnLayer) for part in (layer.weights, layer.biases)]
        self.known = any(extent.known for extent in extents)
        self.widest = max((extent.largest for extent in extents), default=0.0) or 1.0
        self.broken = sum(extent.broken for extent in extents)

    def __repr__(self) -> str:
        sizes = " → ".join(str(stage.size) if isinstance(stage, DrawnLayer) else stage.kind for stage in self.stages)
        return f"<NetworkPicture of {sizes} units, {sum(stage.parameters for stage in self.stages):,} parameters>"

    @cached_property
    def svg(self) -> str:
        """The picture as an SVG document: light and dark, without any reference to the outside."""
        heads = [self._head(stage) for stage in self.stages]
        top = MARGIN + (26 if self.title else 0)
        begin = top + 16 * max(map(len, heads)) + 6
        high = max(self._tall(stage) for stage in self.stages)
        middle = begin + high / 2
        centres, right = self._columns(heads)
        parts = [tag("text", written(self.title), kind="title left", x=MARGIN, y=MARGIN + 13)] if self.title else []
        parts += (self._flow(k, centres, middle) for k in range(1, len(self.stages)) if not self._dense(k))
        parts += (line for k in range(1, len(self.stages)) if self._dense(k) for line in self._lines(k, centres, middle))
        for k, (stage, head, x) in enumerate(zip(self.stages, heads, centres)):
            first = middle - self._tall(stage) / 2 - 16 * len(head)
            parts += (tag("text", written(line), kind="faint" if i else "head", x=x, y=first + 8 + 16 * i)
                      for i, line in enumerate(head))
            parts += self._units(k, stage, x, middle) if isinstance(stage, DrawnLayer) else (self._block(k, stage, x, middle),)
        keys, wide = self._key(begin + high + 18)
        notes = [line for note in self._notes() for line in textwrap.wrap(note, 110)]
        parts += keys + [tag("text", written(note), kind="faint left", x=MARGIN, y=begin + high + 26 + 17 * (i + bool(keys)))
                         for i, note in enumerate(notes)]
        wide = max([right, wide, width(self.title or "", 15, bold=True) + MARGIN, *(width(note, LINE) + MARGIN for note in notes)])
        return document(parts, (wide + MARGIN, begin + high + 16 + 17 * (len(notes) + bool(keys)) + MARGIN), *self._words(), CSS)

    # ── where things are ──

    def _columns(self, heads: list[list[str]]) -> tuple[list[float], float]:
        """The middle of each column, and where the last one ends: headings stay apart, and lines have room."""
        centres: list[float] = []
        right = over = 0.0  # of the column before, and of its heading
        for k, (stage, head) in enumerate(zip(self.stages, heads)):
            body, reach = self._wide(stage) / 2, max([width(line, LINE, bold=True) / 2 + 7 for line in head], default=0.0)
            names = max((width(name, LINE) for name in self._labels(stage)), default=-8.0) + 8
            centre = max(right + self._gap(k) + body, over + reach) if k else MARGIN + max(body + names, reach)
            centres.append(centre)
            right, over = centre + body, centre + reach
        return centres, max(right, over)

    def _gap(self, k: int) -> float:
        if not self._dense(k):
            return 46.0
        return 190.0 if self._labelled(k) else 130.0 + 0.13 * max(self._tall(self.stages[k]), self._tall(self.stages[k - 1]))

    def _dense(self, k: int) -> bool:
        """True where every unit of a stage has a weight for every unit of the one before."""
        return isinstance(stage := self.stages[k], DrawnLayer) and stage.weights is not None

    def _labelled(self, k: int) -> bool:
        stage, before = self.stages[k], self.stages[k - 1]
        few = isinstance(stage, DrawnLayer) and stage.size <= LABELLED
        return few and isinstance(before, DrawnLayer) and before.size <= 2 * LABELLED

    def _places(self, layer: DrawnLayer, middle: float) -> list[tuple[int, float]]:
        """The units that are drawn, and their heights; where some are left out is a place of its own."""
        count = layer.size
        if count <= self.units:
            kept = list(range(count))
            return [(i, middle + ROW * (i - (count - 1) / 2)) for i in kept]
        head = (self.units + 1) // 2
        kept = [*range(head), *range(count - self.units + head, count)]
        return [(i, middle + ROW * (at + (at >= head) - self.units / 2)) for at, i in enumerate(kept)]

    def _tall(self, stage: Stage) -> float:
        return ROW * (min(stage.size, self.units) + (stage.size > self.units)) if isinstance(stage, DrawnLayer) else 64.0

    def _wide(self, stage: Stage) -> float:
        if isinstance(stage, DrawnLayer):
            return 2 * RADIUS
        return max(width(stage.kind, LINE, bold=True), *(width(line, SMALL) for line in _about(stage))) + 20

    def _head(self, stage: Stage) -> list[str]:
        if isinstance(stage, DrawnModule):
            return [clip(stage.path)] if stage.path else []
        units = f"{stage.size:,} unit{'s' * (stage.size != 1)}"
        return [clip(stage.path) or clip(" · ".join(stage.kinds)) or "flat",
                *(textwrap.wrap(" · ".join(map(clip, stage.kinds)), 24) if stage.path else ()), units]

    def _labels(self, stage: Stage) -> list[str]:
        """The names beside the circles of the inputs; they stand within where there are no numbers."""
        named = isinstance(stage, DrawnLayer) and stage.weights is None and stage.values
        return [clip(name, 16) for name in stage.names] if isinstance(stage, DrawnLayer) and named else []

    # ── what is drawn ──

    def _lines(self, k: int, centres: list[float], middle: float) -> Iterator[str]:
        stage, before = self.stages[k], self.stages[k - 1]
        assert isinstance(stage, DrawnLayer)
        assert isinstance(before, DrawnLayer)
        assert stage.weights is not None  # _dense says so
        start, end = centres[k - 1] + RADIUS, centres[k] - RADIUS
        at = 1 / (stage.size + 1)  # how far along the line its number stands: there they are evenly spaced
        labels, rows = [], stage.weights
        for i, y in self._places(stage, middle):
            for j, y0 in self._places(before, middle):
                n = rows[i][j]
                kind, thick = self._look(n)
                where = f"{stage.path}.weight[{i}, {j}]" if "Linear" in stage.kinds else f"{self._name(k, i)}: w{j}"
                yield tag("g", tag("title", written(f"{where.lstrip('.')}, {self._said(n)}")),
                          tag("line", x1=start, y1=y0, x2=end, y2=y, stroke_width=thick), kind=kind, id=f"w{k}-{i}-{j}")
                if self._labelled(k) and n is not None:
                    text, x, middle_y = number(float(n), self.digits), start + at * (end - start), y0 + at * (y - y0)
                    room = width(text, SMALL) - 2
                    labels.append(tag("rect", kind="paper", x=x - room / 2, y=middle_y - 6, width=room, height=12.0)
                                  + tag("text", text, kind=f"{kind} small", x=x, y=middle_y + 3.5))
        yield from labels

    def _look(self, n: float | None) -> tuple[str, float]:
        """The class of a line, and how thick it is."""
        if n is None or has_nonfinite(n):
            return "zero" if n is None else "bad", 0.6 if n is None else 3.0
        return "plus" if n > 0 else "minus" if n < 0 else "zero", 0.6 + 3.9 * float(abs(n)) / self.widest

    def _said(self, n: float | None) -> str:
        return f"{self.show} {number(n if n is None else float(n), None) or 'not computed'}"

    def _name(self, k: int, i: int) -> str:
        stage = self.stages[k]
        assert isinstance(stage, DrawnLayer)
        return (stage.names[i] if i < len(stage.names) else "") or f"{stage.path or 'unit'} {i}".strip()

    def _units(self, k: int, layer: DrawnLayer, x: float, middle: float) -> Iterator[str]:
        most = max((abs(value) for value in layer.values or () if math.isfinite(value)), default=0.0) or 1.0
        for (i, y), above in zip(places := self._places(layer, middle), [None, *places]):
            if above and i > above[0] + 1:
                yield tag("text", _more(i - above[0] - 1), kind="faint halo", x=x, y=(y + above[1]) / 2 + 4)
            bias = layer.biases[i] if layer.biases is not None else None
            value = layer.values[i] if layer.values else None
            lines = [self._name(k, i), *([f"value {number(value, None)}"] if value is not None else [])]
            lines += [f"bias: {self._said(bias)}"] if layer.biases is not None else []
            inside = [tag("title", written("\n".join(lines))), tag("circle", kind="shape", cx=x, cy=y, r=RADIUS)]
            label = clip(layer.names[i], 16) if layer.weights is None and i < len(layer.names) else ""
            if value is not None:
                if math.isfinite(value):
                    inside.append(tag("circle", kind=f"level {'minus' if value < 0 else 'plus'}", cx=x, cy=y, r=RADIUS - 1,
                                      fill_opacity=f"{0.4 * abs(value) / most:.2f}"))
                text, size = self._fitted(value)
                inside.append(tag("text", written(text), kind="" if math.isfinite(value) else "bad", x=x, y=y + 4,
                                  style=f"font-size:{size:.1f}px"))
                inside += [tag("text", written(label), kind="right", x=x - RADIUS - 6, y=y + 4)] if label else []
            elif label:
                size = min(LINE, LINE * (2 * RADIUS - 4) / width(label, LINE))
                inside.append(tag("text", written(label), x=x, y=y + 4, style=f"font-size:{size:.1f}px"))
            if bias is not None:
                kind, thick = self._look(bias)
                inside.append(tag("g", tag("line", x1=x, x2=x, y1=y + RADIUS, y2=y + RADIUS + 7, stroke_width=thick),
                                  tag("text", written(f"b {number(float(bias), self.digits)}"), kind=f"{kind} small halo", x=x,
                                      y=y + RADIUS + 16), kind=kind.replace("minus", "minus solid"), id=f"b{k}-{i}"))
            yield tag("g", *inside, kind="unit", id=f"u{k}-{i}")

    def _fitted(self, value: float) -> tuple[str, float]:
        """A number that has room in a circle, with fewer digits where it must, and the size of its letters."""
        for digits in range(self.digits or 17, 0, -1):
            text = number(value, digits)
            if width(text, 11.0) <= 2 * RADIUS - 4:
                return text, 11.0
        return text, 11.0 * (2 * RADIUS - 4) / width(text, 11.0)

    def _block(self, k: int, part: DrawnModule, x: float, y: float) -> str:
        wide, lines = self._wide(part), _about(part)
        at = y - 7.0 * len(lines)
        texts = [tag("text", written(part.kind), kind="head", x=x, y=at + 4)]
        texts += (tag("text", written(line), kind="small faint", x=x, y=at + 4 + 14 * (i + 1)) for i, line in enumerate(lines))
        said = f"{part.path} {part.kind}({part.settings})\n{part.parameters:,} parameters"
        shape = tag("rect", kind="shape", x=x - wide / 2, y=y - 32, width=wide, height=64.0, rx=8)
        return tag("g", tag("title", written(said.strip())), shape, *texts, kind="block", id=f"m{k}")

    def _flow(self, k: int, centres: list[float], y: float) -> str:
        """An arrow from one stage to the next, where it is not drawn weight by weight."""
        start = centres[k - 1] + self._wide(self.stages[k - 1]) / 2 + 3
        stage = self.stages[k]
        half = self._wide(stage) / 2
        if isinstance(stage, DrawnLayer) and stage.size > self.units:  # it ends before the words in the middle
            half = max(half, width(_more(stage.size - self.units), LINE) / 2)
        end = centres[k] - half - 3
        return tag("g", tag("line", kind="flow", x1=start, y1=y, x2=end - 6, y2=y),
                   tag("polygon", kind="tip", points=f"{end:.1f} {y:.1f} {end - 7:.1f} {y - 3.5:.1f} {end - 7:.1f} {y + 3.5:.1f}"))

    def _key(self, y: float) -> tuple[list[str], float]:
        """The legend of the lines, in one row, and where it ends."""
        if not self.known:
            return [], 0.0
        parts, x = [], MARGIN
        for kind, text in (("plus", f"positive {self.show}"), ("minus", f"negative {self.show}")):
            parts += [tag("g", tag("line", x1=x, x2=x + 34, y1=y + 4, y2=y + 4, stroke_width=2.5), kind=kind),
                      tag("text", text, kind="faint left", x=x + 40, y=y + 8)]
            x += 40 + width(text, LINE) + 16
        text = f"width: its size, up to {number(self.widest, self.digits)}"
        biased = any(isinstance(stage, DrawnLayer) and stage.biases is not None for stage in self.stages)
        text += (" · b: bias" if self.show == "weight" else " · b: that of the bias") if biased else ""
        return [*parts, tag("text", text, kind="faint left", x=x, y=y + 8)], x + width(text, LINE)

    def _notes(self) -> list[str]:
        notes = list(self.notes)
        if self.show == "gradient" and not self.known:
            notes.append("Gradients are not computed yet: call backward() on a loss first.")
        if self.broken:
            notes.append(f"Dotted in red: what is nan or inf ({self.broken:,}).")
        large = [stage for stage in self.stages if isinstance(stage, DrawnLayer) and stage.size > self.units]
        if large:
            left = sum(stage.size - self.units for stage in large)
            notes.append(f"Left out, with their weights: {left:,} of the units. Of each layer {self.units} are drawn; to see more: "
                         "units=…")
        return notes

    def _words(self) -> tuple[str, str]:
        """The title and the description for screen readers."""
        sizes = [f"{stage.size:,} {' '.join(stage.kinds)}".strip() if isinstance(stage, DrawnLayer) else stage.kind
                 for stage in self.stages]
        said = f"{sum(stage.parameters for stage in self.stages):,} parameters."
        for what, stage in (("Input", self.stages[0]), ("Output", self.stages[-1])):
            if isinstance(stage, DrawnLayer) and stage.values:
                shown = " ".join(number(value, self.digits) for value in stage.values[:self.units])
                said += f" {what}: {shown}{' …' if len(stage.values) > self.units else ''}."
        return self.title or f"Network: {' → '.join(sizes)}", " ".join([said, *self._notes()])


def _more(count: int) -> str:
    return f"… {count:,} more"


def _about(part: DrawnModule) -> list[str]:
    """The small lines in a block: the settings of the module, and the shape of its output."""
    return [*textwrap.wrap(clip(part.settings, 48), 24), *([f"→ {part.shape}"] if part.shape else [])] or [""]
