"""The graph of a result as a table for the terminal: readable without colour, coloured by rich when asked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .draw import clip, show
from .graph import Graph, Node, Wire, graph

_BETWEEN = {"add", "sub", "mul", "div", "pow"}  # signs that stand between their operands
_COLOURS = {"value": "green", "gradient": "red", "formula": "blue", "note": "dim"}


def text(y: Any, *, collapse: bool | str | Iterable[str] | None = None, digits: int | None = 3, color: bool = False) -> str:
    """Every operation of ``y`` in order, with its value and gradient, and under it what goes back on each wire.

    Nodes without a name are called ``v`` and their number, as in ``autograd.steps``. A gradient that has not been
    computed is absent. ``collapse`` and ``digits`` are those of ``draw``; ``color`` adds the terminal's colours and
    needs the package rich (ImportError without it).

    >>> from autograd import Value
    >>> x, y = Value(3.0, "x"), Value(4.0, "y")
    >>> z = x * y
    >>> z.backward()
    >>> print(text(z))
    x            3.00   gradient 4.00
    y            4.00   gradient 3.00
    v2 = x × y   12.0   gradient 1.00
      → x               1.00 × (y = 4.00) = 4.00
      → y               1.00 × (x = 3.00) = 3.00
    """
    rows = list(_rows(graph(y, collapse), digits))
    wide = max(len(row[0]) for row in rows if len(row) > 1)
    number = max(len(row[1]) for row in rows if len(row) > 1)
    if not color:
        return "\n".join("   ".join((row[0].ljust(wide), row[1].ljust(number), "".join(row[2:]))).rstrip() if len(row) > 1 else row[0]
                         for row in rows)
    try:
        from rich.console import Console
        from rich.text import Text
    except ImportError:
        raise ImportError("text(color=True) needs the package rich: pip install rich, or leave color out") from None
    console = Console(force_terminal=True, color_system="standard", width=10_000, highlight=False)
    with console.capture() as capture:
        for row in rows:
            if len(row) == 1:
                console.print(Text(row[0], _COLOURS["note"]))
            else:
                console.print(Text.assemble(row[0].ljust(wide) + "   ", (row[1].ljust(number) + "   ", _COLOURS["value"]),
                                            *((piece, _COLOURS[kind]) for piece, kind in zip(
                                                row[2:], ("gradient", "formula", "gradient")))))
    return capture.get().rstrip("\n")


def _rows(g: Graph, digits: int | None) -> Any:
    """Lines of the table: a note alone, or what, value, and the gradient in up to three pieces."""
    entering: dict[str, list[Wire]] = {}
    for wire in g.wires:
        entering.setdefault(wire.target, []).append(wire)
    names = {node.id: clip(node.label) or (node.id.replace("n", "v", 1) if node.id.startswith("n") else node.sign or node.id)
             for node in g.nodes}
    for note in g.notes:
        yield (note,)
    for node in g.nodes:
        if node.kind == "output":
            continue
        wires = entering.get(node.id, [])
        name = names[node.id]
        what = name + (f" = {_operation(node, [names[wire.source] for wire in wires])}" if node.kind == "gate" else "")
        if node.scope and node.operation != "scope":
            what += f"  [{clip(node.scope)}]"
        yield what, show(node.value, digits), f"gradient {show(node.gradient, digits)}" if node.gradient is not None else ""
        for wire in wires:
            yield f"  → {names[wire.source]}", "", *_product(wire, digits)


def _operation(node: Node, operands: list[str]) -> str:
    folded = any(constant for _, constant in node.parts)
    if node.operation in _BETWEEN and not folded:
        return f" {node.sign} ".join(operands)
    if folded and node.operation in ("sub", "div", "pow") and "x" in node.sign:
        return node.sign.replace("x", operands[0])
    if folded and node.operation in _BETWEEN:
        return f"{operands[0]} {node.sign}"
    return f"{node.sign}({', '.join(operands)})"


def _product(wire: Wire, digits: int | None) -> tuple[str, ...]:
    written = wire.formula or ""
    if isinstance(wire.local, float) and written != show(wire.local, digits).removesuffix(".00"):
        written = " = ".join(filter(None, (written, show(wire.local, digits))))
    written = f"({written})" if " " in written else written
    if wire.contribution is None:
        return (f"local {written}",) if written else ("",)
    if wire.upstream is None or not written:
        return (show(wire.contribution, digits),)
    return f"{show(wire.upstream, digits)} × ", written, f" = {show(wire.contribution, digits)}"
