"""A graph of numbers as JavaScript: the rows' own rules, run on pieces of code, so that a page computes the same program."""

from __future__ import annotations

from typing import Any

from ..graph import topological
from ..operation import IEEE, Operation, number
from .printer import JAVASCRIPT, SourceCode, sources, written

functions = JAVASCRIPT.functions


def code(x: Any) -> str:
    """A piece of code, or a number, as JavaScript; a bool stays one: false is a branch not taken."""
    return written(x, JAVASCRIPT)


def to_javascript(y: Any) -> str:
    """The graph of a Value as a JavaScript function, straight-line: every value, and every local gradient.

    It takes an array whose places hold the numbers of the leaves, by the numbers that ``steps`` gives to nodes; it
    puts every node's value in its place, and returns for each node the local gradient to each operand (null for a
    constant; false where a branch is not taken). Only operations were recorded: Python's ``if`` is not run again.
    Raises LookupError for a row without a JavaScript forward, TypeError for a Tensor.

    >>> from autograd import Value
    >>> w, x = Value(2.0, "w"), Value(3.0, "x")
    >>> print(to_javascript((w * x) ** 2))
    v => {
    const pow = (x, y) => x === 1 || x === -1 && Math.abs(y) === Infinity ? 1 : y === 2 ? x * x : x ** y
    const l = []
    v[2] = (v[0] * v[1]); l[2] = [v[1], v[0]]
    v[3] = pow(v[2], 2.0); l[3] = [(2.0 * pow(v[2], 1.0)), null]
    return l
    }
    """
    order = topological(y)
    place = {node: i for i, node in enumerate(order)}
    used: set[str] = set()
    lines = []
    for i, node in enumerate(order):
        if not node.operands:
            continue
        if not isinstance(node.op, Operation) or hasattr(node, "shape"):
            raise TypeError(f"to_javascript({y!r:.60}): only graphs of Values become JavaScript; this one has arrays")
        operands: list[Any] = [SourceCode(f"v[{place[x]}]", used) if x in place else IEEE(number(getattr(x, "data", x), "it"))
                               for x in node.operands]
        made = node.op(*operands)
        out = SourceCode(f"v[{i}]", used)
        inputs = {id(x) for x in node.inputs}
        locals = [(rule(out, *operands) if callable(rule) else rule) if id(x) in inputs else None
                  for x, rule in zip(node.operands, node.op.partials)]
        lines.append(f"v[{i}] = {code(made)}; "
                     f"l[{i}] = [{', '.join('null' if x is None else code(x) for x in locals)}]")
    known = sources(used, JAVASCRIPT)
    constants = [f"const {name} = {known[name]}" for name in sorted(known)]
    return "\n".join(["v => {", *constants, "const l = []", *lines, "return l", "}"])
