"""The printer: a row's rule run on pieces of source text, in a dialect: JavaScript, C or Python. What is printed is what ran."""

from __future__ import annotations

from collections.abc import Callable
from math import isinf
from typing import Any, NamedTuple

from ..operation import Operators, Operation, rows


class Dialect(NamedTuple):
    """How a language writes what rules are made of.

    ``functions`` has the source of each row that is no operator, and ``derived`` makes that of a row composed of others from its
    name, its arguments' names and its body. ``infix`` has the rows that are operators, ``signs`` the comparisons that are written
    in another way than Python's, ``choice`` the text of a choice with places for the condition and both sides.
    """

    name: str
    functions: dict[str, str]
    derived: Callable[[str, str, str], str]
    infix: dict[str, str]
    signs: dict[str, str]
    choice: str
    infinity: str
    nan: str
    true: str
    false: str
    prefix: str = ""


class SourceCode(Operators):
    """A piece of source, in brackets where it needs them; ``used`` gathers the rows whose functions it calls.

    ``taken`` is, of a local gradient, the source of the condition under which it is not the False of a branch that was not taken;
    None where it never is.
    """

    __slots__ = ("text", "used", "dialect", "taken")
    priority = 5

    def __init__(self, text: str, used: set[str], dialect: Dialect | None = None, taken: str | None = None):
        self.text, self.used, self.dialect, self.taken = text, used, dialect or JAVASCRIPT, taken

    def beside(self, text: str, taken: str | None = None) -> SourceCode:
        """Another piece of the same source."""
        return SourceCode(text, self.used, self.dialect, taken)

    @staticmethod
    def apply_operation(row: Operation, args: tuple[Any, ...]) -> SourceCode:
        one = next(x for x in args if isinstance(x, SourceCode))
        texts = [one.write(x) for x in args]
        if row.name in one.dialect.infix:
            return one.beside(f"({texts[0]} {one.dialect.infix[row.name]} {texts[1]})")
        one.used.add(row.name)
        return one.beside(f"{one.dialect.prefix}{row.name}({', '.join(texts)})")

    @staticmethod
    def apply_where(condition: Any, x: Any, y: Any) -> SourceCode:
        one = next(c for c in (condition, x, y) if isinstance(c, SourceCode))
        choice, taken = one.dialect.choice.format, None
        if any(isinstance(z, bool) or getattr(z, "taken", None) for z in (x, y)):
            sides = [one.write(z) if isinstance(z, bool) else getattr(z, "taken", None) or one.dialect.true for z in (x, y)]
            taken = choice(one.write(condition), *sides)
        return one.beside(choice(*map(one.write, (condition, x, y))), taken)

    def __bool__(self) -> bool:
        raise TypeError("an expression in source text is neither true nor false: choose with where(condition, x, y)")

    def write(self, x: Any) -> str:
        """A piece of source, or a number in its language; a bool stays one: false is a branch not taken."""
        return written(x, self.dialect)

    def _compare(self, sign: str, other: Any) -> SourceCode:
        text = f"({self.text} {self.dialect.signs.get(sign, sign)} {self.write(other)})"
        return self.beside(text, text)

    def __eq__(self, other: object) -> Any: return self._compare("==", other)
    def __ne__(self, other: object) -> Any: return self._compare("!=", other)
    def __lt__(self, other: Any) -> SourceCode: return self._compare("<", other)
    def __le__(self, other: Any) -> SourceCode: return self._compare("<=", other)
    def __gt__(self, other: Any) -> SourceCode: return self._compare(">", other)
    def __ge__(self, other: Any) -> SourceCode: return self._compare(">=", other)

    __hash__ = object.__hash__


def written(x: Any, dialect: Dialect) -> str:
    """A piece of source, or a number, as the dialect writes it."""
    if isinstance(x, SourceCode):
        return x.text
    if isinstance(x, bool):
        return dialect.true if x else dialect.false
    x = float(x)
    text = dialect.nan if x != x else ("-" * (x < 0) + dialect.infinity) if isinf(x) else repr(x)
    return f"({text})" if text.startswith("-") else text


def sources(used: set[str], dialect: Dialect) -> dict[str, str]:
    """The function of every row that is used, and of those that these are composed of.

    Raises LookupError for a row whose forward is neither known in the dialect nor composed of operators and rows.
    """
    found: dict[str, str] = {}
    while missing := used - found.keys():
        for name in sorted(missing):
            own = rows[name].javascript if dialect.name == "JavaScript" else None
            found[name] = dialect.functions.get(name) or own or _derived(rows[name], used, dialect)
    return found


def _derived(row: Operation, used: set[str], dialect: Dialect) -> str:
    """The source of a forward that is composed of operators and rows: the forward, run on pieces of source."""
    names = "xyz"[:row.arity]
    try:
        body: Any = row.definition(*(SourceCode(name, used, dialect) for name in names))
    except Exception as error:  # whatever a forward for floats does with something else
        body = error
    if not isinstance(body, (SourceCode, float, int)):
        raise LookupError(f"the operation {row.name!r} has no {dialect.name}, as its forward is not composed of operators and rows "
                          f"alone: compose it of them" + (f", or give its source, autograd.op({row.name!r}, …, javascript='x => …')"
                                                          if dialect.name == "JavaScript" else ""))
    return dialect.derived(row.name, ", ".join(names), written(body, dialect))


_INFIX = {"add": "+", "sub": "-", "mul": "*", "div": "/"}

# the forward of every other row, equal to Python's at the edges of its domain too
JAVASCRIPT = Dialect("JavaScript", {
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
    "sign": "x => Math.sign(x) + 0",
    "rint": "x => { const low = Math.floor(x), d = x - low; "
            "return (d < 0.5 || d === 0.5 && low % 2 === 0 ? low : low + 1) || x * 0 }",
    "floor_divide": "(x, y) => { const r = x % y, q = (x - r) / y - (r !== 0 && (r < 0) !== (y < 0)), whole = Math.floor(q); "
                    "return y === 0 ? x / y : q - whole > 0.5 ? whole + 1 : whole }",
    "mod": "(x, y) => { const r = x % y; return r !== 0 && (r < 0) !== (y < 0) ? r + y : r === 0 ? 0 * Math.sign(y) : r }",
    "step": "x => x > 0 ? 1 : x !== x ? x : 0",
}, lambda name, arguments, body: f"({arguments}) => {body}",
    _INFIX, {"==": "===", "!=": "!=="}, "({} ? {} : {})", "Infinity", "NaN", "true", "false")


def _c(name: str, arguments: str, body: str) -> str:
    return f"static inline double r_{name}(double {arguments.replace(', ', ', double ')}) {{ return {body}; }}"


_C_BODIES = {
    **{name: f"{name}(x)"
       for name in "cbrt cos cosh erf erfc exp expm1 log log10 log1p log2 sin sinh sqrt tan tanh".split()},
    **{name: f"{name}(x)" for name in ("floor", "trunc", "rint")},
    **{f"arc{name}": f"a{name}(x)" for name in "cos cosh sin sinh tan tanh".split()},
    "identity": "x", "neg": "-x", "abs": "fabs(x)", "sech": "1 / cosh(x)",
    "sigmoid": "x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x))",
    "softplus": "(x > 0 ? x : 0) + log1p(exp(-fabs(x)))",
    "relu": "x <= 0 ? 0 : x", "step": "x > 0 ? 1 : x != x ? x : 0", "sign": "x > 0 ? 1 : x < 0 ? -1 : x * 0 + 0.0",
    "constant": "NAN", "sinc": "x == 0 ? 1 : sin(3.141592653589793 * x) / (3.141592653589793 * x)",
    "logit": "fabs(x - 0.5) < 0.25 ? 2 * atanh(2 * x - 1) : log(x / (1 - x))",
}
_C_PAIRS = {
    "arctan2": "atan2(x, y)", "hypot": "hypot(x, y)", "fmod": "fmod(x, y)",
    "pow": "y == 2 ? x * x : y == 1 ? x : y == 0 ? 1 : pow(x, y)",
    "logaddexp": "x == y ? x + 0.6931471805599453 : (x > y ? x : y) + log1p(exp(-fabs(x - y)))",
    "leaky_relu": "x > 0 ? x : y * x", "elu": "x > 0 ? x : y * expm1(x)",
    "maximum": "x > y || x != x ? x : y", "minimum": "x < y || x != x ? x : y",
    "clip_min": "x < y || y != y ? y : x", "clip_max": "x > y || y != y ? y : x",
}
_C_LONG = {
    "floor_divide": "static inline double r_floor_divide(double x, double y) { double r = fmod(x, y), "
                    "q = (x - r) / y - (r != 0 && (r < 0) != (y < 0)), w = floor(q); "
                    "return y == 0 ? x / y : q == 0 ? copysign(0.0, x / y) : q - w > 0.5 ? w + 1 : w; }",
    "mod": "static inline double r_mod(double x, double y) { double r = fmod(x, y); "
           "return r != 0 && (r < 0) != (y < 0) ? r + y : r == 0 ? copysign(0.0, y) : r; }",
}
C = Dialect("C", {**{name: _c(name, "x", body) for name, body in _C_BODIES.items()},
                  **{name: _c(name, "x, y", body) for name, body in _C_PAIRS.items()}, **_C_LONG},
            _c, _INFIX, {}, "({} ? {} : {})", "INFINITY", "NAN", "1.0", "0.0", "r_")


def _python(name: str, arguments: str, body: str) -> str:
    return f"def r_{name}({arguments}):\n    return {body}"


def _real(function: str, inside: str, otherwise: str = "nan") -> str:
    return f"math.{function}(x) if {inside} else {otherwise}"


_log = "-inf if x == 0 else nan"
_PYTHON_BODIES = {
    "identity": "x", "neg": "-x", "abs": "math.fabs(x)", "arctan": "math.atan(x)", "arcsinh": "math.asinh(x)",
    "cbrt": "math.cbrt(x)",
    "tanh": "math.tanh(x)", "exp": "inf if x > 709.782712893384 else math.exp(x)",
    "expm1": "inf if x > 709.782712893384 else math.expm1(x)",
    **{name: _real(name, "x > 0", _log) for name in ("log", "log2", "log10")},
    "log1p": "math.log1p(x) if x > -1 else -inf if x == -1 else nan", "sqrt": _real("sqrt", "x >= 0"),
    **{name: _real(name, "math.isfinite(x)") for name in ("sin", "cos", "tan")},
    "arcsin": _real("asin", "-1 <= x <= 1"), "arccos": _real("acos", "-1 <= x <= 1"), "arccosh": _real("acosh", "x >= 1"),
    "arctanh": "math.atanh(x) if -1 < x < 1 else x * inf if -1 <= x <= 1 else nan",
    "sinh": "math.sinh(x) if math.fabs(x) < 710.475860073943 else x * inf",
    "cosh": "math.cosh(x) if math.fabs(x) < 710.475860073943 else x * x * inf",
    "sech": "1 / math.cosh(x) if math.fabs(x) < 710.475860073943 else nan if x != x else 0.0",
    "sigmoid": "1.0 / (1.0 + math.exp(-x)) if x >= 0 else math.exp(x) / (1.0 + math.exp(x))",
    "softplus": "(x if x > 0 else 0.0) + math.log1p(math.exp(-math.fabs(x)))",
    "relu": "0.0 if x <= 0 else x", "step": "1.0 if x > 0 else x if x != x else 0.0",
    "sign": "1.0 if x > 0 else -1.0 if x < 0 else x * 0.0 + 0.0",
    "trunc": "math.copysign(math.trunc(x), x) if math.isfinite(x) else x",
    "rint": "math.copysign(round(x), x) if math.isfinite(x) else x",
    "floor": "math.copysign(math.floor(x), x) if math.isfinite(x) else x",
    "erf": "math.erf(x)", "erfc": "math.erfc(x)",
    "logit": "2.0 * math.atanh(2.0 * x - 1.0) if math.fabs(x - 0.5) < 0.25 else math.log(x / (1.0 - x)) if 0 < x < 1 "
             "else -inf if x == 0 else inf if x == 1 else nan",
    "sinc": "1.0 if x == 0 else math.sin(math.pi * x) / (math.pi * x) if math.isfinite(math.pi * x) else nan",
}
_PYTHON_PAIRS = {
    "arctan2": "math.atan2(x, y)", "hypot": "math.hypot(x, y)",
    "logaddexp": "x + 0.6931471805599453 if x == y else (x if x > y else y) + math.log1p(math.exp(-math.fabs(x - y)))",
    "leaky_relu": "x if x > 0 else y * x", "elu": "x if x > 0 else y * math.expm1(x)",
    "maximum": "x if x > y or x != x else y", "minimum": "x if x < y or x != x else y",
    "clip_min": "y if x < y or y != y else x", "clip_max": "y if x > y or y != y else x",
    "mod": "nan if y == 0 or not math.isfinite(x) else x % y",
    "fmod": "nan if y == 0 or not math.isfinite(x) else math.fmod(x, y)",
}
_PYTHON_LONG = {
    "div": """\
def r_div(x, y):
    if y != 0:
        return x / y
    return nan if x == 0 or x != x or y != y else math.copysign(inf, x) * math.copysign(1.0, y)""",
    "pow": """\
def r_pow(x, y):
    if y == 2:
        return x * x
    try:
        return math.pow(x, y)
    except OverflowError:
        return -inf if x < 0 and y % 2 == 1 else inf
    except ValueError:
        return (math.copysign(inf, x) if y % 2 == 1 else inf) if x == 0 else nan""",
    "floor_divide": """\
def r_floor_divide(x, y):
    if y == 0:
        return nan if x == 0 or x != x else math.copysign(inf, x) * math.copysign(1.0, y)
    return x // y if math.isfinite(x) else nan""",
}
PYTHON = Dialect("Python", {**{name: _python(name, "x", body) for name, body in _PYTHON_BODIES.items()},
                            **{name: _python(name, "x, y", body) for name, body in _PYTHON_PAIRS.items()}, **_PYTHON_LONG},
                 _python, {"add": "+", "sub": "-", "mul": "*"}, {}, "({1} if {0} else {2})", "inf", "nan", "True", "False", "r_")
