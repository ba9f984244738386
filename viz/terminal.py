"""Text tables of graphs for the terminal: readable without colour, coloured by rich on request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from .collapsing import Collapse
from .columns import Row, in_columns, room
from .graphs import graph
from .numbers import Digits, bracketed, show
from .records import DrawnNode, Graph, Wire
from .svg import clip
from .wording import Wording

if TYPE_CHECKING:
    from autograd.graph import Node

    from .snapshots import Names

_BETWEEN = {"add": "+", "sub": "−", "mul": "×", "div": "/"}  # infix signs


def text(y: Node | Sequence[Node], *, collapse: Collapse = None, digits: Digits = "auto", names: Names | None = None,
         color: bool = False, width: int | None = None) -> Text:
    """Write every operation of ``y`` in order, with its value, its gradient, and below them the product on each wire.

    Nodes without a name are called ``v`` and their number, as in ``autograd.steps``. A gradient that has not been computed is
    absent. ``collapse``, ``digits`` and ``names`` are as for ``draw``; ``color`` adds colours and needs the package rich
    (ImportError without it). Lines longer than ``width`` characters (None: the terminal's width) are folded, with columns kept.

    >>> from autograd import Value
    >>> x, y = Value(3.0, "x"), Value(4.0, "y")
    >>> z = x * y
    >>> z.backward()
    >>> text(z)
    x            3.00    gradient 4.00
    y            4.00    gradient 3.00
    v2 = x × y   12.00   gradient 1.00
      → x                1.00 × (y = 4.00) = 4.00
      → y                1.00 × (x = 3.00) = 3.00
    """
    rows = in_columns(list(_rows(graph(y, collapse, names=names), digits)), room() if width is None else width)
    return Text(_coloured(rows) if color else "\n".join("".join(row).rstrip() for row in rows))


class Text(str):
    """String whose ``repr`` is the text itself, so that a prompt and a notebook show its lines.

    >>> Text("one line" + chr(10) + "another")
    one line
    another
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _coloured(rows: Sequence[Row]) -> str:
    """The rows with terminal colour codes: values green, gradients red, formulas blue."""
    try:
        from rich.console import Console
        from rich.text import Text as Coloured
    except ImportError:
        raise ImportError("text(color=True) needs the package rich: pip install rich, or leave out color") from None
    console = Console(force_terminal=True, force_jupyter=False, color_system="standard", no_color=False, width=10_000,
                      highlight=False)
    with console.capture() as capture:
        for row in rows:
            colours = ("", "green", "red", "blue", "red") if len(row) > 1 else ("dim",)
            console.print(Coloured.assemble(*zip(row, colours)))
    return capture.get().rstrip("\n")


def _rows(g: Graph, digits: Digits) -> Iterator[Row]:
    """The rows of the table: a note alone, or an operation, its value, and its gradient in one to three pieces."""
    entering: dict[str, list[Wire]] = {}
    for wire in g.wires:
        entering.setdefault(wire.target, []).append(wire)
    names = {node.id: clip(node.called, 60) for node in g.nodes}
    words = Wording(g, digits)
    for note in g.notes:
        yield (note,)
    for node in g.nodes:
        if node.kind == "output":
            continue
        wires = entering.get(node.id, [])
        operation = f" = {_operation(node, [names[wire.source] for wire in wires])}" if node.kind == "gate" else ""
        scope = f"  [{clip(node.scope)}]" if node.scope and not node.hidden else ""
        gradient = show(node.gradient, digits)
        yield names[node.id] + operation + scope, show(node.value, digits), gradient and f"gradient {gradient}"
        for wire in wires:
            yield f"  → {names[wire.source]}", "", *_product(wire, words)


def _operation(node: DrawnNode, operands: list[str]) -> str:
    """The operation written with these operands; constants are in the gate's sign."""
    constants = [text.strip() for text, constant in node.parts if constant]
    [first, *rest] = operands or [""]
    if constants and (node.operation == "pow" or node.parts[0][1]):  # x², 2ˣ, 3−x, 1/x
        return node.sign.replace("x", first).replace("ˣ", f"^{first}")
    if constants and constants[0].endswith(", x)"):
        return node.sign.replace(", x)", f", {first})")
    if node.operation in _BETWEEN:
        return f" {_BETWEEN[node.operation]} ".join([first, *rest, *constants])
    if node.operation in ("neg", "abs"):
        return f"−{first}" if node.operation == "neg" else f"|{first}|"
    return f"{''.join(text for text, constant in node.parts if not constant)}({', '.join([*operands, *constants])})"


def _product(wire: Wire, words: Wording) -> tuple[str, ...]:
    """Upstream × local = downstream, as far as these are known."""
    local, product = clip(wire.formula or "", 60), words.product(wire)
    value = product[1] if product else show(wire.local, words.digits) if isinstance(wire.local, float) else ""
    if value and local != value.removesuffix(".00"):
        local = " = ".join(filter(None, (local, value)))
    if wire.contribution is None:
        return (f"local {local}" if local else "",)
    if wire.upstream is None or not local:
        return (_gradient(wire, words),)
    local = f"({local})" if " " in local else bracketed(local)
    upstream, downstream = (product[0], product[2]) if product else (show(wire.upstream, words.digits), _gradient(wire, words))
    return f"{upstream} × ", local, f" = {downstream}"


def _gradient(wire: Wire, words: Wording) -> str:
    """The gradient on a wire, with more of an array than a picture shows."""
    return words.gradient(wire) if isinstance(wire.contribution, float) else show(wire.contribution, words.digits)
