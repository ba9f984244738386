"""Arithmetic expressions typed by a user, read through an allow-list on Python's syntax tree.

Numbers, names, ``+ - * / **``, brackets and calls of the table's operations; everything else is refused, and nothing is executed.
Reading and evaluating are loops over a list, so that deep nesting cannot exhaust the stack.
"""

from __future__ import annotations

import ast
import difflib
import keyword
import re
import unicodedata
import warnings
from collections.abc import Iterable
from math import isfinite
from typing import Any, NamedTuple

from autograd.context import Scope
from autograd.graph import Node
from autograd.operation import Operation, rows

LONGEST, DEEPEST, LARGEST, HIGHEST = 2_000, 200, 1_000, 1_000.0  # limits: characters, nesting, tree's nodes, exponent

_OPERATORS: dict[type[ast.AST], str] = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div",
                                        ast.Pow: "pow", ast.USub: "neg"}
_ALIASES = {"max": "maximum", "min": "minimum"}
_ALLOWED = "an expression holds real numbers, names, + - * / **, brackets and calls of operations, nothing else"
_FOREIGN = {"^": "for a power write **", "×": "to multiply write *", "·": "to multiply write *",
            "⋅": "to multiply write *", "÷": "to divide write /", "−": "for minus write -",
            "²": "for a square write **2", "³": "for a cube write **3", "√": "for a square root write sqrt(…)",
            "[": "use round brackets", "{": "use round brackets"}  # notation of books, and its form in an expression


class ExpressionError(ValueError):
    """Error in an expression: the message names the problem, marks its place and gives the remedy."""

    def __init__(self, problem: str, text: str = "", start: int = 0, end: int = 0):
        super().__init__(problem + (f"\n{pointed(text, start, end)}" if text else ""))


def pointed(text: str, start: int, end: int) -> str:
    """The text with a line of carets under a part of it; a long text is cut around that part.

    >>> print(pointed("2*exq(x)", 2, 5))
      2*exq(x)
        ^^^
    """
    first = max(0, start - 40)
    before, after = "…" * (first > 0), "…" * (len(text) > first + 90)
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[first:first + 90])
    room = sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in before + shown[:start - first])
    return f"  {before}{shown}{after}\n  {' ' * room}{'^' * max(1, min(end, first + 90) - start)}"


class _Operation(NamedTuple):
    row: Operation
    operands: int  # the number of operands, named ones last
    named: tuple[str, ...]
    span: tuple[int, int]
    capped: bool  # a power with a constant exponent
    sigmoid: int | None  # number of the written-out sigmoid that this gate belongs to


class Expression:
    """An expression, to be evaluated on numbers, Values or any other operands of the table.

    ``names`` maps its names, in order of first use, to their places. Raises ExpressionError for anything that is not on the
    allow-list, and above 2,000 characters, 200 levels, 1,000 parts, and exponents of 1,000.

    >>> f = Expression("1/(1 + exp(-(w*x)))")
    >>> list(f.names), f(w=0.0, x=3.0)
    (['w', 'x'], 0.5)
    """

    def __init__(self, text: str):
        self.text = re.sub(r"\s", " ", text).strip()
        self.names: dict[str, tuple[int, int]] = {}
        order = self._postorder(self._parse())
        self._sigmoids = {id(gate): id(node) for node in order for gate in _sigmoid(node)}
        self._varying: set[int] = set()  # parts that contain a name
        self._program = [item for node in order if (item := self._read(node)) is not None]

    def __repr__(self) -> str:
        return f"Expression({self.text[:200]!r}{' …' * (len(self.text) > 200)})"

    def __call__(self, /, **values: Any) -> Any:
        """Evaluate the expression; raises ExpressionError for a name without a value."""
        self.check(values)
        stack: list[Any] = []
        scopes: dict[int, Scope] = {}
        for item in self._program:
            if isinstance(item, (float, int)):
                stack.append(item)
            elif isinstance(item, str):
                stack.append(values[item])
            else:
                operands = stack[len(stack) - item.operands:]
                del stack[len(stack) - item.operands:]
                plain = item.operands - len(item.named)
                if item.capped and not abs(operands[1]) <= HIGHEST:
                    raise self._error(f"an exponent of {operands[1]:g}: the limit is {HIGHEST:g}; "
                                      "give a smaller one, or take the exp of a product with a log", item.span)
                result = item.row(*operands[:plain], **dict(zip(item.named, operands[plain:])))
                if item.sigmoid is not None and isinstance(result, Node):
                    result.metadata = (None, scopes.setdefault(item.sigmoid, Scope("sigmoid")))
                stack.append(result)
        return stack.pop()

    def check(self, given: Iterable[str]) -> None:
        """Raise ExpressionError for a name in the expression that is not given."""
        given = list(given)
        for name, span in self.names.items():
            if name not in given:
                close = difflib.get_close_matches(name, [other for other in given if other not in self.names],
                                                  cutoff=0.5)  # suggests w1 for w0
                known = f" (given: {', '.join(given) or 'none'})"
                raise self._error(f"'{name}' is an operation: write {name}(…)" if name in rows or name in _ALIASES else
                                  f"'{name}' has no value: give {name}=…" +
                                  (f", or did you mean {' or '.join(close)}?" if close else "") + known, span)

    def _error(self, problem: str, span: tuple[int, int]) -> ExpressionError:
        return ExpressionError(problem, self.text, *span)

    # ── from text to tree ────────────────────────────────────────────────────────────────────────────────────────

    def _parse(self) -> ast.expr:
        text = self.text
        if not text:
            raise ExpressionError("the expression is empty; give one, as in 'w*x + b'")
        if len(text) > LONGEST:
            raise self._error(f"the expression has {len(text):,} characters; the limit is {LONGEST:,}: "
                              "write it in Python", (LONGEST, LONGEST))
        if odd := re.search(r"[^\w .,+\-*/()=]|[²³]", text):
            raise self._error(f"{odd[0]!r} is not allowed here: {_FOREIGN.get(odd[0], _ALLOWED)}", odd.span())
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # for "1if" and the like, which are refused below
                return ast.parse(text, mode="eval").body
        except SyntaxError as error:
            raise self._misread(error) from None
        except (RecursionError, MemoryError, ValueError, OverflowError):
            raise self._error(f"nested too deeply: the limit is {DEEPEST} levels; "
                              "give a part of it a name and a value", (0, len(text))) from None

    def _misread(self, error: SyntaxError) -> ExpressionError:
        ended = re.search(r"[-+*/(,]$", self.text)
        at = ended.end() if ended else min(max((error.offset or 1) - 1, 0), len(self.text))
        here = self.text[at:]
        word = re.split(r"[^\w.]", here, maxsplit=1)[0]
        if error.msg.startswith("too many nested"):
            problem = f"brackets are nested too deeply: the limit is {DEEPEST} levels"
        elif error.msg.startswith(("'(' was never", "unmatched ')'")):
            problem, at = f"{error.msg}: balance the brackets", (error.offset or 1) - 1
        elif here.startswith("="):
            problem = "'=' is not allowed in an expression: leave out 'y =', and give values after the expression, as in x=2"
        elif re.match(r"\d+[.\d]*[^\W\d]", here):
            problem = "a name follows a number directly: to multiply write *, as in 2*x"
        elif not here.strip(" )"):
            problem = "the expression ends too early: an operand is missing"
        elif keyword.iskeyword(word):
            problem = f"'{word}' is a Python keyword: give the value another name"
        else:
            problem = "this cannot be read: an operator or an operand is missing here (to multiply write *)"
        return self._error(problem, (at, at + max(1, len(word))))

    def _postorder(self, tree: ast.expr) -> list[ast.expr]:
        """All parts in postorder; raises for too many parts or too deep nesting."""
        order: list[ast.expr] = []
        stack = [(tree, 1)]
        while stack:
            node, depth = stack.pop()
            order.append(node)
            if len(order) > LARGEST or depth > DEEPEST:
                limit = f"more than {LARGEST:,} parts" if len(order) > LARGEST else f"nested more than {DEEPEST} deep"
                raise self._error(f"the expression has {limit}: give a part of it a name and a value".replace(
                    "has nested", "is nested"), self._span(node))
            stack += ((part, depth + 1) for part in _parts(node))
        return order[::-1]

    def _span(self, node: ast.expr) -> tuple[int, int]:
        text = self.text.encode()  # the tree counts bytes
        return len(text[:node.col_offset].decode()), len(text[:node.end_col_offset].decode())

    # ── from tree to program: the allow-list ─────────────────────────────────────────────────────────────────────

    def _read(self, node: ast.expr) -> float | str | _Operation | None:
        """One part as an item of the program; None for parts without an item."""
        span = self._span(node)
        if isinstance(node, ast.Name) or any(id(part) in self._varying for part in _parts(node)):
            self._varying.add(id(node))
        match node:
            case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
                return self._constant(number, span)
            case ast.Name(id=name):
                self.names.setdefault(name, span)
                return name
            case ast.UnaryOp(op=ast.UAdd()):
                return None
            case ast.UnaryOp(op=sign) | ast.BinOp(op=sign) if type(sign) in _OPERATORS:
                return self._operation(node, rows[_OPERATORS[type(sign)]], ())
            case ast.Call(func=ast.Name(id=name)):
                return self._call(node, name, span)
            case ast.Call():
                raise self._error("only operations can be called, by name; to multiply write *, as in 2*(x + 1)", span)
        raise self._error(f"this is not allowed here: {_ALLOWED}", span)

    def _constant(self, number: float, span: tuple[int, int]) -> float:
        try:
            if isfinite(result := float(number)):
                return result
        except OverflowError:
            pass
        raise self._error("this number is too large for a float; the largest is 1.8e308", span)

    def _call(self, node: ast.Call, name: str, span: tuple[int, int]) -> _Operation:
        at = (span[0], span[0] + len(name))
        row = rows.get(_ALIASES.get(name, name))
        if row is None or row.arity == 0:
            known = sorted([*(key for key, row in rows.items() if row.arity), *_ALIASES])
            close = difflib.get_close_matches(name, known)
            remedy = f"did you mean {' or '.join(close)}" if close else f"there are {', '.join(known)}"
            raise self._error(f"no operation is called '{name}'; {remedy}; to multiply write {name}*(…)", at)
        named = tuple(key.arg or "**" for key in node.keywords)
        least, most = row.arity - len(row.defaults), row.arity - len(named)
        if not least <= len(node.args) <= most or len({*named, *row.defaults}) > len(row.defaults):
            extra = "".join(f", {key}={value:g}" for key, value in row.defaults.items())
            raise self._error(f"{name} takes {', '.join('xyuv'[:least])}{extra}; here it is given "
                              f"{len(node.args)} operand{'s' * (len(node.args) != 1)}"
                              f"{''.join(f' and {key}' for key in named)}", span)
        return self._operation(node, row, named)

    def _operation(self, node: ast.expr, row: Operation, named: tuple[str, ...]) -> _Operation:
        parts = _parts(node)
        capped = row == "pow" and id(parts[1]) not in self._varying
        return _Operation(row, len(parts), named, self._span(node), capped, self._sigmoids.get(id(node)))


def _sigmoid(node: ast.expr) -> list[ast.expr]:
    """The four gates of ``1/(1 + exp(-z))``, which are drawn in a box named sigmoid; [] for any other node."""
    match node:
        case ast.BinOp(left=ast.Constant(value=1), op=ast.Div(), right=ast.BinOp(op=ast.Add()) as total):
            for pair in ((total.left, total.right), (total.right, total.left)):
                match pair:
                    case ast.Constant(value=1), ast.Call(func=ast.Name(id="exp"), args=[ast.UnaryOp(op=ast.USub())]):
                        return [node, total, pair[1], *_parts(pair[1])]
    return []


def _parts(node: ast.expr) -> list[ast.expr]:
    """The operands of a part, in order."""
    match node:
        case ast.BinOp(left=left, right=right):
            return [left, right]
        case ast.UnaryOp(operand=operand):
            return [operand]
        case ast.Call(args=operands, keywords=named):
            return [*operands, *(key.value for key in named)]
    return []


def values(pairs: Iterable[str]) -> dict[str, float]:
    """Return the numbers of ``name=value`` arguments, in order; raise ExpressionError for other text, and for a repeated name.

    >>> values(["w0=2", "x0=-1"])
    {'w0': 2.0, 'x0': -1.0}
    """
    found: dict[str, float] = {}
    for pair in pairs:
        name, equals, value = (part.strip() for part in unicodedata.normalize("NFKC", pair).partition("="))
        shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in pair)[:60]
        if not equals:
            raise ExpressionError(f"'{shown}' is not a value: give name=value, as in w0=2; "
                                  "put an expression that has spaces in quotes")
        if not name.isidentifier() or keyword.iskeyword(name):
            raise ExpressionError(f"'{shown}': a name begins with a letter, goes on with letters and digits, "
                                  "and is not a Python keyword; as in w0=2")
        if name in found:
            raise ExpressionError(f"'{shown}': {name} is given already, as {found[name]:g}; give each name once")
        try:
            found[name] = float(value.replace("−", "-"))
        except ValueError:
            raise ExpressionError(f"'{shown}': what follows = must be a number, as in {name}=2.5") from None
        if not isfinite(found[name]):
            raise ExpressionError(f"'{shown}': the value must be finite; only the result of an expression can be inf or nan")
    return found
