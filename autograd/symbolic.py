"""The text of a local gradient: a row's rule, run on symbols, or its textbook form."""

from __future__ import annotations

from .operation import IEEE, Operators, Operation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Sequence
    from typing import Any

_INFIX = {"add": ("+", 2), "sub": ("-", 2), "mul": ("*", 3), "div": ("/", 3), "pow": ("**", 5)}


class Symbol(Operators):
    """A piece of formula: Python text, and how tightly its outermost operator binds.

    >>> x = Symbol("x")
    >>> 1 - 2 * (x + 1) ** 2
    1 - 2*(x + 1)**2
    """

    __slots__ = ("text", "binds")
    priority = 5

    def __init__(self, text: str, binds: int = 9):
        self.text, self.binds = text, binds

    @staticmethod
    def apply_operation(row: Operation, args: tuple[Any, ...]) -> Any:
        if row.name == "neg":
            return Symbol(f"-{_within(args[0], 4)}", 3)
        if row.name in _INFIX:
            return _simpler(row.name, *args) or _infix(row.name, *args)
        return Symbol(f"{row.name}({', '.join(_text(x) for x in args)})")

    @staticmethod
    def apply_where(condition: Any, x: Any, y: Any) -> Symbol:
        return Symbol(f"{_within(x, 1)} if {_within(condition, 1)} else {_text(y)}", 0)

    def _compare(self, sign: str, other: Any) -> Symbol:
        return Symbol(f"{_within(self, 2)} {sign} {_within(other, 2)}", 1)

    def __eq__(self, other: object) -> Any:
        return self._compare("==", other)

    def __ne__(self, other: object) -> Any:
        return self._compare("!=", other)

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


class Place(Symbol):
    """The place of an operand in a formula: ``{0}``, or ``{0b}`` where a negative number needs brackets.

    >>> x, y = Place(0), Place(1)
    >>> x - y * x**2
    {0} - {1}*{0b}**2
    """

    __slots__ = ()

    def __init__(self, place: int | str):
        super().__init__(f"{{{place}}}")


class Constant(IEEE):
    """A constant operand: arithmetic with it is done, functions of it are written, ``log(2)``."""

    @staticmethod
    def apply_operation(row: Operation, args: tuple[Any, ...]) -> Any:
        if row.arity == 1 and row.name != "neg":
            return Symbol(f"{row.name}({_text(args[0])})")
        return Constant(row(*map(float, args)))


def _simpler(name: str, x: Any, y: Any) -> Any:
    """The simplified result of an operation with a neutral number; None without simplification."""
    if name == "mul" and (_is(x, 1) or _is(y, 1)):
        return y if _is(x, 1) else x
    if name == "mul" and _is(x, -1):
        return -y
    if name in ("div", "pow") and _is(y, 1):
        return x
    if name == "pow" and _is(y, 0):
        return 1.0
    if name in ("add", "sub") and _is(y, 0):
        return x
    return y if name == "add" and _is(x, 0) else None


def _infix(name: str, x: Any, y: Any) -> Symbol:
    sign, binds = _INFIX[name]
    if name == "pow":
        return Symbol(f"{_within(x, binds + 1)}**{_within(y, binds)}", binds)
    right = _within(y, 3 if isinstance(y, Place) else binds + (name in ("sub", "div")))
    gap = " " if binds == 2 else ""
    bare = isinstance(x, Place) or not isinstance(x, Symbol)  # a leading negative number needs no brackets
    left = _text(x) if bare else _within(x, binds)
    return Symbol(f"{left}{gap}{sign}{gap}{right}", binds)


def _is(x: Any, n: float) -> bool:
    return not isinstance(x, Symbol) and x == n


def _text(x: Any) -> str:
    if isinstance(x, Symbol):
        return x.text
    x = float(x)
    return str(int(x)) if x.is_integer() and abs(x) <= 1e15 else repr(x)


def _within(x: Any, binds: int) -> str:
    text = _text(x)
    if isinstance(x, Place):
        return f"{text[:-1]}b}}" if binds > 2 else text
    loose = x.binds < binds if isinstance(x, Symbol) else text.startswith("-") and binds > 2
    return f"({text})" if loose else text


def template(op: Any, argument: int, operands: Sequence[Any]) -> str:
    """The partial derivative as Python text with placeholders: ``{0}``, ``{1b}`` …, and ``{out}`` for the result.

    ``operands`` are numbers where they are constant, anything else where they vary. Of an array operation it is the text in its
    table.

    >>> from autograd.ops import div, tanh
    >>> template(tanh, 0, ["x"]), template(div, 1, [1.0, "x"])
    ('1 - {outb}**2', '-1/{1b}**2')
    """
    if not isinstance(op, Operation):
        import re
        shown = op.shown[min(argument, len(op.shown) - 1)]
        places = {"x": "{0}", "y": "{1}", "out": "{out}"}
        return re.sub(r"(?<![A-Za-z])(x|y|out)(?![A-Za-z])", lambda m: places[m[1]], shown) if len(operands) < 3 else str(shown)
    rule = op.shown[argument]
    args = [Constant(x) if isinstance(x, (int, float)) else Place(i) for i, x in enumerate(operands)]  # 1/y with y = 0 is inf
    return _text(rule(Place("out"), *args) if callable(rule) else float(rule))


def filled(template: str, operands: Sequence[str], out: str) -> str:
    """Put the texts of the operands and of the result into a template; negative numbers get brackets where they need them.

    >>> filled("1 - {outb}**2", ["0.5"], "-0.46"), filled("-1/{1b}**2", ["", "v3"], "y")
    ('1 - (-0.46)**2', '-1/v3**2')
    """
    if "{" not in template:
        return template
    said = []
    for piece in template.split("{"):
        place, closed, rest = piece.partition("}")
        if not closed:
            said.append(piece)
            continue
        name = place.removesuffix("b")
        text = out if name == "out" else operands[int(name)]
        said.append(f"({text})" if name != place and text.startswith(("-", "−")) else text)
        said.append(rest)
    return "".join(said)


def operand_text(x: Any) -> str:
    """Write an operand for a formula: its name or number, and of a constant array its shape.

    >>> operand_text("w"), operand_text(2.0)
    ('w', '2')
    """
    if isinstance(x, (str, int, float)):
        return x if isinstance(x, str) else _text(x)
    return f"[{'×'.join(map(str, getattr(x, 'shape', ())))}]"


def formula(op: Any, argument: int, *names: Any, out: str = "out") -> str:
    """The partial derivative of a row with respect to one argument, as Python text, in terms of names or numbers.

    ``out`` is the name of the result. Of an array operation it is the text in its table.

    >>> from autograd.ops import div, mul, tanh
    >>> formula(tanh, 0, "x"), formula(mul, 0, "w0", "x0"), formula(div, 1, 1.0, "x"), formula(tanh, 0, "x", out="h")
    ('1 - out**2', 'x0', '-1/x**2', '1 - h**2')
    """
    return filled(template(op, argument, names), [str(name) for name in names], out)


def formulas(node: Any, taken: Container[str | None] = ()) -> tuple[str | None, ...]:
    """The formula of the local gradient on each operand's edge of a node; None for a constant operand.

    Operands, and the node itself, go by their names; numbers without one are written as such. Arrays without a name are x and
    y, or other letters where these are ``taken``.

    >>> from autograd.value import Value
    >>> formulas(Value(2.0, "w") * Value(3.0)), formulas(Value(0.0, "x").exp())
    (('3', 'w'), ('1',))
    """
    said = [x.name or _text(x.item()) if isinstance(getattr(x, "data", None), float) else None for x in (*node.operands, node)]
    letters = operand_names(node.operands, taken=taken)
    names = [name or letter for name, letter in zip(said, letters)]
    edges = {id(x) for x in node.inputs}
    return tuple(formula(node.op, i, *names, out=said[-1] or node.name or "out") if id(x) in edges else None
                 for i, x in enumerate(node.operands))


def operand_names(operands: tuple[Any, ...], given: list[str | None] | None = None,
                  taken: Container[str | None] = ()) -> list[Any]:
    """How formulas call the operands: as given, or by name, else x and y (if not ``taken``); a constant is its number."""
    labels = given or [getattr(x, "name", None) for x in operands]
    free = [letter for letter in "xyuvstpq" if letter not in labels and letter not in taken]
    called: dict[int, str] = {}
    names: list[Any] = []
    for x, label in zip(operands, labels):
        if not hasattr(x, "inputs"):
            names.append(x)
        elif not label and isinstance(known := constant(x), float):
            names.append(known)
        else:
            if id(x) not in called:
                called[id(x)] = label or (free.pop(0) if free else "x")
            names.append(called[id(x)])
    return names


def constant(x: Any) -> Any:
    """The text or number for an operand that is not an input: its name, else its number, else its array."""
    if not hasattr(x, "inputs"):
        return x
    if x.name:
        return x.name
    plain = not x.inputs and x.op is None and getattr(x, "requires_grad", True) is False
    return x.item() if plain and not x.shape else x
