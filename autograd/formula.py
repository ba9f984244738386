"""The text of a local gradient: a row's rule, run on symbols. What is shown is what ran, or its textbook form."""

from __future__ import annotations

from typing import Any

from .row import IEEE, Operators, Row

_INFIX = {"add": ("+", 2), "sub": ("-", 2), "mul": ("*", 3), "div": ("/", 3), "pow": ("**", 5)}


class Symbol(Operators):
    """A piece of formula: Python text, and how tightly its outermost operator binds.

    >>> x = Symbol("x")
    >>> 1 - 2 * (x + 1) ** 2
    1 - 2*(x + 1)**2
    """

    __slots__ = ("text", "binds")
    _rank = 5

    def __init__(self, text: str, binds: int = 9):
        self.text, self.binds = text, binds

    @staticmethod
    def _apply(row: Row, args: tuple[Any, ...]) -> Any:
        if row.name == "neg":
            return Symbol(f"-{_within(args[0], 4)}", 3)
        if row.name in _INFIX:
            return _simpler(row.name, *args) or _infix(row.name, *args)
        return Symbol(f"{row.name}({', '.join(_text(x) for x in args)})")

    @staticmethod
    def _where(condition: Any, x: Any, y: Any) -> Symbol:
        return Symbol(f"where({_text(condition)}, {_text(x)}, {_text(y)})")

    def _compare(self, sign: str, other: Any) -> Symbol:
        return Symbol(f"{_within(self, 2)} {sign} {_within(other, 2)}", 1)

    def __eq__(self, other: object) -> Any:
        return self._compare("==", other)

    def __lt__(self, other: Any) -> Symbol:
        return self._compare("<", other)

    def __le__(self, other: Any) -> Symbol:
        return self._compare("<=", other)

    def __gt__(self, other: Any) -> Symbol:
        return self._compare(">", other)

    def __ge__(self, other: Any) -> Symbol:
        return self._compare(">=", other)

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return self.text


def _simpler(name: str, x: Any, y: Any) -> Any:
    """The result of an operation with a neutral number, which needs no text of its own; None where there is none."""
    if name == "mul" and (_is(x, 1) or _is(y, 1)):
        return y if _is(x, 1) else x
    if name == "mul" and _is(x, -1):
        return -y
    if name in ("div", "pow") and _is(y, 1):
        return x
    if name in ("add", "sub") and _is(y, 0):
        return x
    return y if name == "add" and _is(x, 0) else None


def _infix(name: str, x: Any, y: Any) -> Symbol:
    sign, binds = _INFIX[name]
    if name == "pow":
        return Symbol(f"{_within(x, binds + 1)}**{_within(y, binds)}", binds)
    right = _within(y, binds + (name in ("sub", "div")))
    gap = " " if binds == 2 else ""
    left = _within(x, binds) if isinstance(x, Symbol) else _text(x)  # a number in front needs no brackets for its minus
    return Symbol(f"{left}{gap}{sign}{gap}{right}", binds)


def _is(x: Any, n: float) -> bool:
    return not isinstance(x, Symbol) and x == n


def _text(x: Any) -> str:
    if isinstance(x, Symbol):
        return x.text
    return repr(x) if isinstance(x, bool) or not float(x).is_integer() or abs(x) > 1e15 else str(int(x))


def _within(x: Any, binds: int) -> str:
    text = _text(x)
    loose = x.binds < binds if isinstance(x, Symbol) else text.startswith("-") and binds > 2
    return f"({text})" if loose else text


def formula(row: Row, argument: int, *names: Any) -> str:
    """The partial derivative of a row with respect to one argument, as Python text, in terms of names or numbers.

    >>> from autograd.ops import div, mul, tanh
    >>> formula(tanh, 0, "x"), formula(mul, 0, "w0", "x0"), formula(div, 1, 1.0, "x")
    ('1 - out**2', 'x0', '-1/x**2')
    """
    rule = row.shown[argument]
    operands = [Symbol(x) if isinstance(x, str) else IEEE(x) for x in names]  # 1/y with a constant y = 0 is inf
    result = rule(Symbol("out"), *operands) if callable(rule) else float(rule)
    return _text(result)


def formulas(node: Any) -> tuple[str | None, ...]:
    """The formula of the local gradient on each operand's edge of a node; None for a constant operand.

    Operands go by their names; those without one are x and y.

    >>> from autograd.value import Value
    >>> formulas(Value(2.0, "w") * Value(3.0))
    ('x', 'w')
    """
    operands = node.operands
    names = operand_names(operands)
    return tuple(formula(node.op, i, *names) if hasattr(x, "inputs") else None for i, x in enumerate(operands))


def operand_names(operands: tuple[Any, ...]) -> list[Any]:
    """How formulas call the operands: by name, else x and y; a constant is its number."""
    taken = {x.name for x in operands if hasattr(x, "inputs")}
    free = [letter for letter in "xyuv" if letter not in taken]
    called: dict[int, str] = {}
    names: list[Any] = []
    for x in operands:
        if not hasattr(x, "inputs"):
            names.append(x)
        else:
            names.append(called.setdefault(id(x), x.name or free.pop(0) if id(x) not in called else ""))
    return names
