"""The table of operations as data for a page: every row's rules, printed as JavaScript, and its formulas as trees.

The rules are run on pieces of source, as for ``autograd.programs.javascript``, so the page computes what Python computes. The
formulas that a page writes on wires are run on trees: the page simplifies them for the constants of each gate.
"""

from __future__ import annotations

from typing import Any

from autograd.operation import Operation, Operators, rows
from autograd.programs.javascript import code
from autograd.programs.printer import JAVASCRIPT, SourceCode, sources

NAMES = "x", "y"  # of operands; the result is called out


class Tree(Operators):
    """A formula as nested lists: an operation's name, a comparison's sign or "where", and its operands.

    >>> from autograd.ops import tanh
    >>> tanh.shown[0](Tree("out"), Tree("x")).parts
    ['sub', 1, ['pow', 'out', 2]]
    """

    __slots__ = ("parts",)
    priority = 5

    def __init__(self, parts: Any):
        self.parts = parts

    @staticmethod
    def apply_operation(row: Operation, args: tuple[Any, ...]) -> Tree:
        return Tree([row.name, *map(_parts, args)])

    @staticmethod
    def apply_where(condition: Any, x: Any, y: Any) -> Tree:
        return Tree(["where", *map(_parts, (condition, x, y))])

    def _compare(self, sign: str, other: Any) -> Tree:
        return Tree([sign, self.parts, _parts(other)])

    def __eq__(self, other: object) -> Any: return self._compare("==", other)
    def __ne__(self, other: object) -> Any: return self._compare("!=", other)
    def __lt__(self, other: Any) -> Tree: return self._compare("<", other)
    def __le__(self, other: Any) -> Tree: return self._compare("<=", other)
    def __gt__(self, other: Any) -> Tree: return self._compare(">", other)
    def __ge__(self, other: Any) -> Tree: return self._compare(">=", other)

    __hash__ = object.__hash__


def _parts(x: Any) -> Any:
    return x.parts if isinstance(x, Tree) else x if isinstance(x, str) else _plain(x)


def _plain(x: float) -> float | int:
    """A number, whole ones without a decimal point."""
    return int(x) if float(x).is_integer() else float(x)


def printed_table() -> dict[str, Any]:
    """Return the table as plain data: ``functions`` has the JavaScript of forwards, ``rows`` each row's rules as text.

    A row has its sign, its defaults, ``forward`` and ``partials`` in terms of ``x``, ``y`` and ``out``, ``taken`` (the condition
    under which a partial is not a branch not taken; null where it always is), and ``shown``, its formulas as trees. Raises
    LookupError for a row of the user's without JavaScript.

    >>> printed_table()["rows"]["mul"]
    {'sign': '×', 'defaults': {}, 'forward': '(x * y)', 'partials': ['y', 'x'], 'taken': [None, None], 'shown': ['y', 'x']}
    """
    used: set[str] = set()
    made = {name: _row(row, used) for name, row in rows.items() if row.arity}
    return {"functions": sources(used, JAVASCRIPT), "rows": made}


def _row(row: Operation, used: set[str]) -> dict[str, Any]:
    names = NAMES[:row.arity]
    given = [SourceCode(name, used) for name in names]
    partials = [rule(SourceCode("out", used), *given) if callable(rule) else rule for rule in row.partials]
    shown = [_parts(rule(Tree("out"), *map(Tree, names))) if callable(rule) else _parts(rule) for rule in row.shown]
    return {"sign": row.sign, "defaults": row.defaults, "forward": code(row(*given)), "partials": [*map(code, partials)],
            "taken": [getattr(partial, "taken", None) for partial in partials], "shown": shown}
