"""A graph of numbers as JavaScript: the rows' own rules, run on pieces of code, so that a page computes the same program."""

from __future__ import annotations

from typing import Any

from ..graph import topological
from ..operation import IEEE, Operators, Operation, number, rows

_INFIX = {"add": "+", "sub": "-", "mul": "*", "div": "/"}

# the forwards of further rows, equal to Python's also at the edges of their domains
functions = {
    **{name: f"Math.{name}" for name in """
        abs cbrt cos cosh exp expm1 floor hypot log log10 log1p log2 sign sin sinh sqrt tan tanh trunc""".split()},
    **{f"arc{name}": f"Math.a{name}" for name in "cos cosh sin sinh tan tan2 tanh".split()},
    "identity": "x => x", "neg": "x => -x",
    "pow": "(x, y) => x === 1 || x === -1 && Math.abs(y) === Infinity ? 1 : y === 2 ? x * x : x ** y",
    "sigmoid": "x => { const e = Math.exp(-Math.abs(x)); return (x >= 0 ? 1 : e) / (1 + e) }",
    "softplus": "x => (x > 0 ? x : 0) + Math.log1p(Math.exp(-Math.abs(x)))",
    "logaddexp": "(x, y) => x === y ? x + Math.LN2 : (x > y ? x : y) + Math.log1p(Math.exp(-Math.abs(x - y)))",
    "relu": "x => x <= 0 ? 0 : x",
    "leaky_relu": "(x, slope) => x > 0 ? x : slope * x",
    "elu": "(x, alpha) => x > 0 ? x : alpha * Math.expm1(x)",
    "maximum": "(x, y) => x > y || x !== x ? x : y", "minimum": "(x, y) => x < y || x !== x ? x : y",
    "clip_min": "(x, low) => x < low || low !== low ? low : x",
    "clip_max": "(x, high) => x > high || high !== high ? high : x",
    "rint": "x => { const low = Math.floor(x), d = x - low; return d < 0.5 || d === 0.5 && low % 2 === 0 ? low : low + 1 }",
    "floor_divide": "(x, y) => { const r = x % y, q = (x - r) / y - (r !== 0 && (r < 0) !== (y < 0)), whole = Math.floor(q); "
                    "return y === 0 ? x / y : q - whole > 0.5 ? whole + 1 : whole }",
    "mod": "(x, y) => { const r = x % y; return r !== 0 && (r < 0) !== (y < 0) ? r + y : r === 0 ? 0 * Math.sign(y) : r }",
    "step": "x => x > 0 ? 1 : x !== x ? x : 0",
}


class Code(Operators):
    """A piece of JavaScript, in brackets where it needs them; ``used`` gathers the rows whose functions it calls."""

    __slots__ = ("text", "used")
    priority = 5

    def __init__(self, text: str, used: set[str]):
        self.text, self.used = text, used

    @staticmethod
    def apply_operation(row: Operation, args: tuple[Any, ...]) -> Code:
        used = next(x.used for x in args if isinstance(x, Code))
        texts = [code(x) for x in args]
        if row.name in _INFIX:
            return Code(f"({texts[0]} {_INFIX[row.name]} {texts[1]})", used)
        used.add(row.name)
        return Code(f"{row.name}({', '.join(texts)})", used)

    @staticmethod
    def apply_where(condition: Any, x: Any, y: Any) -> Code:
        used = next(c.used for c in (condition, x, y) if isinstance(c, Code))
        return Code(f"({code(condition)} ? {code(x)} : {code(y)})", used)

    def __bool__(self) -> bool:
        raise TypeError("a JavaScript expression is neither true nor false: choose with where(condition, x, y)")

    def _compare(self, sign: str, other: Any) -> Code:
        return Code(f"({self.text} {sign} {code(other)})", self.used)

    def __eq__(self, other: object) -> Any:
        return self._compare("===", other)

    def __ne__(self, other: object) -> Any:
        return self._compare("!==", other)

    def __lt__(self, other: Any) -> Code:
        return self._compare("<", other)

    def __le__(self, other: Any) -> Code:
        return self._compare("<=", other)

    def __gt__(self, other: Any) -> Code:
        return self._compare(">", other)

    def __ge__(self, other: Any) -> Code:
        return self._compare(">=", other)

    __hash__ = object.__hash__


def code(x: Any) -> str:
    """A piece of code, or a number, as JavaScript; a bool stays one: false is a branch not taken."""
    if isinstance(x, Code):
        return x.text
    if isinstance(x, bool):
        return str(x).lower()
    text = repr(float(x)).replace("inf", "Infinity").replace("nan", "NaN")
    return f"({text})" if text.startswith("-") else text


def sources(used: set[str]) -> dict[str, str]:
    """The JavaScript function of every row that is used, and of those that these are composed of."""
    found: dict[str, str] = {}
    while missing := used - found.keys():
        for name in missing:
            found[name] = functions.get(name) or rows[name].javascript or _derived(rows[name], used)
    return found


def _derived(row: Operation, used: set[str]) -> str:
    """The JavaScript of a forward that is composed of operators and rows: the forward, run on pieces of code."""
    names = "xyz"[:row.arity]
    try:
        body: Any = row.definition(*(Code(name, used) for name in names))
    except Exception as error:  # a forward for floats may raise anything for symbols
        body = error
    if not isinstance(body, (Code, float, int)):
        raise LookupError(f"the operation {row.name!r} has no JavaScript, as its forward is not composed of operators and rows "
                          f"alone: give its source, autograd.op({row.name!r}, …, javascript='x => …')")
    return f"({', '.join(names)}) => {code(body)}"


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
        operands: list[Any] = [Code(f"v[{place[x]}]", used) if x in place else IEEE(number(getattr(x, "data", x), "it"))
                               for x in node.operands]
        made = node.op(*operands)
        out = Code(f"v[{i}]", used)
        inputs = {id(x) for x in node.inputs}
        locals = [(rule(out, *operands) if callable(rule) else rule) if id(x) in inputs else None
                  for x, rule in zip(node.operands, node.op.partials)]
        lines.append(f"v[{i}] = {code(made)}; "
                     f"l[{i}] = [{', '.join('null' if x is None else code(x) for x in locals)}]")
    known = sources(used)
    constants = [f"const {name} = {known[name]}" for name in sorted(known)]
    return "\n".join(["v => {", *constants, "const l = []", *lines, "return l", "}"])
