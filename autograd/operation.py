"""Operations: how a row of the table is made, applied and found by name; and the operators that all operands share."""

from __future__ import annotations

from keyword import iskeyword
from math import nan

TYPE_CHECKING = False  # true for type checkers; importing typing would double the import time
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .typing import Rule

rows: dict[str, Operation] = {}
no_derivative = False


class Operation:
    """One operation: its name, sign, forward, partial derivatives and test domain; called, it is applied.

    A row equals its name (``y.op == "mul"``), and works on numbers, NumPy arrays and every kind of node.

    >>> sqrt(16.0)
    4.0
    >>> str(mul), mul.sign, mul.arity
    ('mul', '×', 2)
    """

    def __init__(self, name: str, sign: str, forward: Callable[..., float], partials: tuple[Any, ...],
                 shown: tuple[Any, ...], domain: tuple[Any, ...], defaults: dict[str, float],
                 array: Callable[..., Any] | None, is_selection: bool, javascript: str | None = None):
        self.name, self.sign, self.forward, self.partials = name, sign, forward, partials
        self.shown, self.domain, self.defaults, self.arity = shown, domain, defaults, len(partials)
        self.array, self.is_selection = array, is_selection
        self.definition, self.javascript = forward, javascript  # the given forward; JavaScript source, if it cannot be derived
        self.saves = any(map(callable, partials))  # True if a backward sweep over arrays needs the operands
        self.__name__ = self.__qualname__ = name
        self.__doc__ = f"The operation ``{name}`` of numbers, arrays, values, tensors; drawn as {sign}."

    def __call__(self, *args: Any, **named: float) -> Any:
        if len(args) != self.arity or named:
            args = self._bind(args, named)
        for x in args:
            if type(x) is not float:
                if self.arity == 1 and hasattr(x, "apply_operation"):
                    return type(x).apply_operation(self, args)
                kinds = [*map(type, args)]
                if list in kinds or tuple in kinds:
                    args = stack_lists(args)
                kind = interpreter(args)
                if kind is not None:
                    return kind.apply_operation(self, args)
                args = tuple(number(x, f"{self.name}: an operand") for x in args)
                break
        try:
            return self.forward(*args)
        except ArithmeticError:
            return ieee(self.forward, *args)

    def _bind(self, args: tuple[Any, ...], named: dict[str, float]) -> tuple[Any, ...]:
        given = len(args) + len(self.defaults) - self.arity  # number of defaults given as operands
        bound = [*args, *(named.pop(key, value) for key, value in list(self.defaults.items())[max(given, 0):])]
        if named or len(bound) != self.arity:
            extra = ", ".join(f"{key}={value}" for key, value in self.defaults.items())
            raise TypeError(f"{self.name} takes {self.arity - len(self.defaults)} operand(s)"
                            f"{' and ' + extra if extra else ''}; got {len(args)} and {sorted(named)}")
        return tuple(bound)

    def __repr__(self) -> str:
        return f"<operation {self.name}>"

    def __str__(self) -> str:
        return self.name

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, str) and self.name == other)

    def __hash__(self) -> int:
        return hash(self.name)

    def __reduce__(self) -> Any:
        return find, (self.name,)  # pickled and copied by name: a row is its entry in the table


def row(name: str, sign: str, forward: Callable[..., Any], *partials: Rule, shown: Any = None,
        domain: Any = (-10.0, 10.0), array: Callable[..., Any] | None = None, is_selection: bool = False,
        javascript: str | None = None, **defaults: float) -> Operation:
    domain = domain if isinstance(domain[0], tuple) else (domain,) * len(partials)
    shown = shown if isinstance(shown, tuple) else (shown,) * len(partials)
    shown = tuple(text or rule for text, rule in zip(shown, partials, strict=True))
    added = rows[name] = Operation(name, sign, forward, partials, shown, domain, defaults, array, is_selection, javascript)
    # a method of every operand, by setattr, because __getattr__ would double the time of attribute access (measured)
    setattr(Operators, name, lambda self, *args, **named: added(self, *args, **named))
    return added


def op(name: str, sign: str, forward: Callable[..., float], *partials: Rule, **options: Any) -> Operation:
    """Add your own operation of one or two numbers to the table, and return it as a function.

    ``forward`` takes floats and returns a float; each partial is a number or a function of ``(out, x)`` or
    ``(out, x, y)`` written with operators, comparisons, ``autograd.where`` and other operations. It is then
    a method of values and tensors too, is drawn, checked, and differentiated to any order.
    Options: ``domain``, ``shown`` (a textbook formula to print instead), ``array`` (``forward`` for NumPy arrays;
    without it they go entry by entry, slowly), ``javascript`` (``forward`` for live pages, where it is not composed of
    operators and rows), and defaults for a last argument.
    Raises ValueError if the name is taken or not an identifier, TypeError for a wrong kind of partial.

    >>> cube = op("cube", "x³", lambda x: x * x * x, lambda out, x: 3 * x**2)
    >>> cube(2.0)
    8.0
    >>> del rows["cube"]
    """
    taken = name in rows or iskeyword(name) or any(name in vars(kind) for kind in kinds(Operators))
    if taken or not name.isidentifier() or name.startswith("_"):
        raise ValueError(f"op({name!r}): the name must be a new public identifier"
                         f"{'; this one is in the table already' if name in rows else ''}; choose another")
    if len(partials) not in (1, 2) or not all(callable(p) or isinstance(p, (int, float)) for p in partials):
        raise TypeError(f"op({name!r}) needs one partial derivative per argument, one or two, each a number or "
                        f"a function of (out, x) or (out, x, y); got {partials!r}. Compose rows to take more")
    if not callable(forward):
        raise TypeError(f"op({name!r}): forward must be a function of floats; got {forward!r}")
    _check_arity(name, "forward", forward, len(partials))
    for i, rule in enumerate(partials):
        if callable(rule):
            _check_arity(name, f"partial {i}", rule, len(partials) + 1)
    what = f"{name}: the result of forward"
    checked = [checked_partial(name, i, rule) if callable(rule) else rule for i, rule in enumerate(partials)]
    added = row(name, sign, lambda *xs: number(forward(*xs), what), *checked, **options)
    added.definition = forward
    return added


def _check_arity(name: str, what: str, function: Callable[..., Any], count: int) -> None:
    """Raise TypeError for a forward without one argument per partial, and for a partial without one argument more."""
    from inspect import signature
    try:
        signature(function).bind(*range(count))
    except TypeError:
        raise TypeError(f"op({name!r}): its {what}{signature(function)} does not take {count} argument(s). A forward takes as many "
                        "as there are partials, and each partial the result before them: lambda out, x, y: …") from None
    except ValueError:  # a builtin without a signature
        pass


def checked_partial(name: str, argument: int, rule: Callable[..., Any]) -> Callable[..., Any]:
    """A user's partial that refuses, by name, a result that is no number and one of another shape than its operands."""
    def partial_of_user(out: Any, *xs: Any) -> Any:
        result = rule(out, *xs)
        complex_array = getattr(getattr(result, "dtype", None), "kind", "") == "c"
        if result is None or complex_array or isinstance(result, (str, bytes, list, tuple, dict, complex)):
            raise TypeError(f"partial {argument} of the operation {name!r} returned {result!s:.40}; it must return a real number "
                            "or an array of them, as a function of (out, x) or (out, x, y)")
        shape = getattr(result, "shape", None)
        shapes = [getattr(x, "shape", ()) for x in (out, *xs)]
        if shape is not None and shape not in shapes:
            raise ValueError(f"partial {argument} of the operation {name!r} has shape {shape} for operands of shapes {shapes[1:]} "
                             f"and a result of shape {shapes[0]}; it must be computed entry by entry, without sums")
        return result
    return partial_of_user


def kinds(kind: type) -> list[type]:
    """All classes made from this one: their attributes are no names for operations."""
    children: list[type] = kind.__subclasses__()
    return [below for child in children for below in (child, *kinds(child))]


def find(name: str) -> Operation:
    """The row of that name; raises LookupError where the table has none."""
    if name not in rows:
        raise LookupError(f"no operation {name!r} in the table; add it with autograd.op({name!r}, …) before loading")
    return rows[name]


array_kind: Any = None  # the interpreter of plain NumPy arrays, set on first use


def load_arrays() -> Any:
    """Give the interpreter of plain NumPy arrays; the front of the package replaces this, so that no arrow runs up."""


def stack_lists(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Operands with lists and tuples that hold nodes stacked to one node, so that their graphs are kept."""
    if any(isinstance(x, (list, tuple)) and holds_node(x) for x in args):
        args = tuple(load_arrays().stack_nodes(x) if isinstance(x, (list, tuple)) and holds_node(x) else x for x in args)
    return args


def holds_node(x: Any) -> bool:
    """True for a node, and for nested lists and tuples that hold one."""
    return any(map(holds_node, x)) if isinstance(x, (list, tuple)) else getattr(x, "priority", 0) > 1


def interpreter(args: tuple[Any, ...]) -> Any:
    """The class that carries out an operation on these operands: the outermost kind; None for numbers."""
    best, rank = None, 0
    for x in args:
        if type(x) is not float and (level := getattr(x, "priority", 0)) > rank:
            best, rank = type(x), level
    if best is None and any(hasattr(x, "__array_ufunc__") and not isinstance(x, float) for x in args):
        global array_kind
        if array_kind is None:
            array_kind = load_arrays()
        best = array_kind
    return best


def number(x: Any, what: str) -> float:
    """Return ``x`` as a float; raise TypeError if it is not one real number, ValueError for an int beyond the range of floats."""
    if isinstance(x, (float, int)):
        try:
            return float(x)
        except OverflowError:
            raise ValueError(f"{what} is an integer of {int(x).bit_length()} bits, beyond a float's range") from None
    kind = getattr(getattr(x, "dtype", None), "kind", "f")
    if isinstance(x, (str, bytes, complex)) or kind not in "biuf" or not hasattr(x, "__float__") or getattr(x, "shape", ()) != ():
        array = hasattr(x, "__len__") and not isinstance(x, (str, bytes))
        remedy = "use Tensor for arrays" if array else "convert it first"
        from .errors import ArrayNeededError
        error = ArrayNeededError if array else TypeError
        raise error(f"{what} must be a real number, not {type(x).__name__} {x!r:.60}; {remedy}")
    return float(x)


def where(condition: Any, x: Any, y: Any) -> Any:
    """``x`` where the condition holds, else ``y``; a branch not taken passes no gradient, not even 0·inf.

    >>> where(True, 1.0, 2.0)
    1.0
    """
    kind = interpreter((condition, x, y))
    if hasattr(kind, "apply_where"):
        return kind.apply_where(condition, x, y)
    return x if condition else y


def both(a: Any, b: Any) -> Any:
    """``a`` and ``b``, elementwise; False without evaluating ``b`` where ``a`` is a number's False.

    >>> both(False, True), both(True, True)
    (False, True)
    """
    return False if a is False else b if a is True else a * b


def corner(slope: Any, at: Any) -> Any:
    """The slope that is chosen where ``at`` is 0; its own derivative, which does not exist there, is nan.

    >>> corner(0.0, 0.0)
    0.0
    """
    return where(at == 0, slope + 0.0 * rows["sqrt"](at * (at == 0)), slope) if hasattr(at, "priority") else slope


def rounded(x: Any, decimals: int = 0) -> Any:
    """``x`` to that many decimals, halves to the even digit, as NumPy rounds; no gradient passes.

    >>> rounded(2.5), rounded(1234.5, -2)
    (2.0, 1200.0)
    """
    if decimals < 0:
        return rows["rint"](x / 10.0**-decimals) * 10.0**-decimals
    return rows["rint"](x * 10.0**decimals) / 10.0**decimals if decimals else rows["rint"](x)


class Operators:
    """Python's operators and the table's names as methods, for every class with an ``apply_operation(row, args)``."""

    __slots__ = ()
    apply_operation: Callable[[Operation, tuple[Any, ...]], Any]

    def __add__(self, other: Any, /) -> Any: return rows["add"](self, other)
    def __radd__(self, other: Any, /) -> Any: return rows["add"](other, self)
    def __sub__(self, other: Any, /) -> Any: return rows["sub"](self, other)
    def __rsub__(self, other: Any, /) -> Any: return rows["sub"](other, self)
    def __mul__(self, other: Any, /) -> Any: return rows["mul"](self, other)
    def __rmul__(self, other: Any, /) -> Any: return rows["mul"](other, self)
    def __truediv__(self, other: Any, /) -> Any: return rows["div"](self, other)
    def __rtruediv__(self, other: Any, /) -> Any: return rows["div"](other, self)
    def __mod__(self, other: Any, /) -> Any: return rows["mod"](self, other)
    def __rmod__(self, other: Any, /) -> Any: return rows["mod"](other, self)
    def __floordiv__(self, other: Any, /) -> Any: return rows["floor_divide"](self, other)
    def __rfloordiv__(self, other: Any, /) -> Any: return rows["floor_divide"](other, self)
    def __divmod__(self, other: Any, /) -> Any: return self // other, self % other
    def __rdivmod__(self, other: Any, /) -> Any: return other // self, other % self
    def __round__(self, digits: int | None = None, /) -> Any: return rounded(self, digits or 0)
    def __pow__(self, other: Any, /) -> Any: return rows["pow"](self, other)
    def __rpow__(self, other: Any, /) -> Any: return rows["pow"](other, self)
    def __neg__(self) -> Any: return rows["neg"](self)
    def __pos__(self) -> Any: return self
    def __abs__(self) -> Any: return rows["abs"](self)


class IEEE(Operators, float):
    """A float whose / and ** give inf and nan where Python raises: an edge of a rule's domain is met here."""

    priority = 1

    @staticmethod
    def apply_operation(row: Operation, args: tuple[Any, ...]) -> IEEE:
        return IEEE(row(*map(float, args)))


def ieee(function: Callable[..., Any], *args: float) -> float:
    """``function(*args)`` with NumPy's results at the edges; nan if the function itself refuses."""
    try:
        return float(function(*map(IEEE, args)))
    except ArithmeticError:
        return nan


def partial(rule: Rule, out: Any, *args: Any) -> Any:
    """A rule of the table on any kind of operands, with NumPy's results where floats among them would raise."""
    if not callable(rule):
        return rule
    try:
        return rule(out, *args)
    except (ZeroDivisionError, OverflowError):  # FloatingPointError is NumPy's, and is handled by its sweep
        arrays = [x for x in (out, *args) if hasattr(x, "reshape") and not hasattr(x, "priority")]
        if arrays:  # a row treats an array without axes as a float; with an axis it stays an array
            from numpy import atleast_1d
            result = rule(*(x if hasattr(x, "priority") else atleast_1d(x) for x in (out, *args)))
            return result if any(x.shape for x in arrays) else result.reshape(())
        result = rule(*(IEEE(x) if type(x) is float else x for x in (out, *args)))
        return float(result) if type(result) is IEEE else result
