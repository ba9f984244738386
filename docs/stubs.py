"""Stubs of the tables for type checkers and editors: signatures with overloads, written by ``make docs``.

Rows and array functions take numbers, arrays and nodes and return results of the same kind, and most of them are also methods,
created at run time. Type checkers cannot see this, so it is written out in the following files; only the last one is loaded at run
time:

- ``autograd/__init__.pyi``: every public name; array functions with an overload for each kind of operand
- ``autograd/methods.pyi``: the rows as methods of Value, rows and array functions as methods of Tensor
- ``autograd/arrays/names.py``: the names of the array functions, for ``__all__`` without loading NumPy
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from inspect import Parameter
from pathlib import Path
from textwrap import fill, indent

import autograd
from autograd import operation, typing
from autograd.arrays import functions
from autograd.arrays.names import array_functions
from autograd.arrays.pytorch import PyTorchMethods
from autograd.operation import Operation
from autograd.symbolic import formula
from autograd.tensor import Tensor
from viz.numbers import typeset

PACKAGE = Path(autograd.__file__).parent
GENERATED = "Generated from the tables by `make docs`: do not edit."
WIDTH = 128

# Python's operators by the row that they apply; binary ones also have reflected forms
OPERATORS = {"add": "add", "sub": "sub", "mul": "mul", "div": "truediv", "floor_divide": "floordiv", "mod": "mod",
             "pow": "pow"}
UNARY_OPERATORS = {"neg": "neg", "abs": "abs", "identity": "pos"}
NUMBER, ARRAY = "Number | Real", "PlainArrayLike | Tensor"  # types that can be combined with a Value, and with a Tensor
SIGNATURES = ["clip", "grad", "gradient", "hessian", "hvp", "jacobian", "jvp", "op", "value_and_grad", "vjp", "where"]
# further forms of array functions, with PyTorch's words and PyTorch's meaning
PYTORCH = {
    **dict.fromkeys(["sum", "mean", "prod", "logsumexp"], "dim: Axis = None, keepdim: bool = False"),
    **dict.fromkeys(["max", "min", "argmax", "argmin"], "dim: int, keepdim: bool = False"),
    **dict.fromkeys(["var", "std"], "dim: Axis = None, unbiased: bool = True, keepdim: bool = False, *, correction: int = 1"),
    **dict.fromkeys(["softmax", "log_softmax", "cumsum", "cumprod"], "dim: int"),
    **dict.fromkeys(["concatenate", "stack"], "dim: int = 0"),
    "norm": "p: float = 2.0, dim: Axis = None, keepdim: bool = False", "squeeze": "dim: Axis", "flip": "dims: Axis",
    "roll": "shifts: int | tuple[int, ...], dims: Axis = None", "sort": "dim: int = -1, descending: bool = False",
    "diff": "n: int = 1, dim: int = -1", "take_along_axis": "indices: PlainArrayLike | Tensor, dim: int",
    "cross": "y: PlainArrayLike | Tensor, dim: int", "diagonal": "offset: int = 0, dim1: int = 0, dim2: int = 1",
}
PICKED = dict.fromkeys(["max", "min", "sort"], "Picked") | dict.fromkeys(["argmax", "argmin"], "Array")  # their results
OPERAND = re.compile(r"\bArrayLike\b")  # annotation of parameters that may be tensors


def rows() -> list[Operation]:
    """The public rows, in the order of the table."""
    table = {**vars(autograd.ops), **vars(autograd.special)}
    return [row for row in operation.rows.values() if row.arity and row.name in table]


def files() -> dict[Path, str]:
    """The contents of all generated stubs, by path."""
    return {PACKAGE / "__init__.pyi": front(), PACKAGE / "methods.pyi": methods(), PACKAGE / "arrays" / "names.py": names()}


# ── autograd/__init__.pyi ────────────────────────────────────────────────────────────────────────────────────────

def front() -> str:
    """The stub of the package, with its importable names only."""
    plain = [name for name in public() if name not in SIGNATURES and name not in functions.__all__
             and name not in operation.rows]
    body = [*map(row_function, rows()), *(overloads(name) for name in functions.__all__ if name not in SIGNATURES)]
    parts = [
        SETTINGS,
        f'"""Automatic differentiation in a glass box, as type checkers see it. {GENERATED}"""',
        f"{HEAD}\n{aliases(body)}",
        "\n".join(f"from .{module_of(name)} import {name} as {name}" for name in sorted(plain, key=module_of)),
        "from .signatures import (\n" + "".join(f"    {name} as {name},\n" for name in SIGNATURES) + ")",
        *body,
        f"__all__ = [\n{filled(', '.join(repr(name) for name in public()))},\n]".replace("'", '"'),
    ]
    return "\n\n".join(parts) + "\n"


# overloads overlap where a plain array is a special case of another parameter type; a row is narrower than any operation
SETTINGS = """\
# ruff: noqa
# mypy: disable-error-code="overload-overlap"
# pyright: reportOverlappingOverload=false, reportIncompatibleMethodOverride=false"""
HEAD = """\
from collections.abc import Sequence
from typing import Any, Literal, overload

from . import linalg as linalg, ops as ops, special as special
from .arrays.functions import Picked
from .operation import Operation
from .signatures import Binary, Unary"""


def public() -> list[str]:
    """The public names of the package, with the present array functions, not those of the last generated file."""
    others = [name for name in autograd.__all__ if name not in array_functions or name in functions.__all__]
    return list(dict.fromkeys([*others, *functions.__all__]))


def aliases(body: Iterable[str]) -> str:
    """The import of the type aliases used in a stub."""
    words = set(re.findall(r"\w+", " ".join(body)))
    return f"from .typing import {', '.join(name for name in typing.__all__ if name in words)}"


def module_of(name: str) -> str:
    """The module in which a public name is defined, relative to the package."""
    return getattr(autograd, name).__module__.removeprefix("autograd.")


def row_function(row: Operation) -> str:
    """A row as a function, with its sign and local gradients as an editor's tooltip."""
    if row.defaults:
        return parametric(row)
    return f'{row.name}: {"Unary" if row.arity == 1 else "Binary"}\n"""{row_summary(row)}"""'


def row_summary(row: Operation) -> str:
    """One line of documentation: the sign, and each local gradient as in pictures."""
    operands = ["x", "y"][:row.arity - len(row.defaults)] + list(row.defaults)
    slopes = [f"∂/∂{x} = {typeset(formula(row, i, *operands))}" for i, x in enumerate(operands) if row.partials[i] is not False]
    return f"Drawn as {row.sign}. {'; '.join(slopes) or 'It passes no gradient on'}."


def parametric(row: Operation) -> str:
    """A row with defaults as a callable object, because a parameter may be a node too."""
    kinds = [("float", "float"), ("Value", NUMBER), ("Tensor", ARRAY), ("Array", "Array | Real")]
    lines = [f"class _{row.name}(Operation):"]
    for i, (x, parameter) in enumerate(kinds):
        lines += ["    @overload" + "  # type: ignore[override]" * (i == 0),
                  f"    def __call__(self, x: {x}, {settings(row, parameter)}) -> {x}: ..."]
    return "\n".join([*lines, "", f'{row.name}: _{row.name}\n"""{row_summary(row)}"""'])


def settings(row: Operation, kind: str) -> str:
    return ", ".join(f"{name}: {kind} = {value}" for name, value in row.defaults.items())


def overloads(name: str) -> str:
    """An array function, once for plain arrays and once for each operand that may be a tensor."""
    signature = described(getattr(functions, name))
    versions = [signature.of("PlainArrayLike", "Array"), *signature.with_tensors()] if "Any" in signature.returns else [signature]
    return overloaded(name, versions, summary(getattr(functions, name)), of_pytorch(name))


def of_pytorch(name: str) -> list[str]:
    """The forms of an array function with PyTorch's words: of plain arrays, and of tensors."""
    if name not in PYTORCH:
        return []
    several = name in ("concatenate", "stack")
    kinds = [("Sequence[PlainArrayLike]" if several else "PlainArrayLike", "Array"),
             ("Sequence[PlainArrayLike | Tensor]" if several else "Tensor", "Tensor")]
    return [f"def {name}({'xs' if several else 'x'}: {kind}, {PYTORCH[name]}) -> {PICKED.get(name, result)}: ..."
            for kind, result in kinds]


def overloaded(name: str, versions: Iterable[Signature], documentation: str, further: Sequence[str] = ()) -> str:
    """A function's definition once for each signature, the first with its documentation."""
    forms = [version.definition(name, documentation * (i == 0)) for i, version in enumerate(versions)] + list(further)
    return "\n".join("@overload\n" + form for form in forms) if len(forms) > 1 else forms[0]


def summary(function: Callable[..., object]) -> str:
    """The first paragraph of a function's documentation."""
    return " ".join((inspect.getdoc(function) or "").partition("\n\n")[0].split())


# ── signatures ───────────────────────────────────────────────────────────────────────────────────────────────────

@dataclass(frozen=True)
class Signature:
    """A function's parameters, the names of array parameters, and its return type, all as text."""

    parameters: tuple[Parameter, ...]
    returns: str

    def written(self) -> str:
        """The parameters as written in a definition."""
        return str(inspect.Signature(self.parameters))[1:-1]

    def definition(self, name: str, documentation: str = "") -> str:
        """The definition of a function with its documentation as body, if any."""
        body = f'\n    """{documentation}"""' if documentation else " ..."
        return f"def {name}({self.written()}) -> {self.returns}:{body}"

    def operands(self) -> list[int]:
        return [i for i, p in enumerate(self.parameters) if OPERAND.search(p.annotation)]

    def of(self, kind: str, result: str, only: int | None = None) -> Signature:
        """The same signature with another type for all operands, or for one, and another result."""
        chosen = self.operands() if only is None else [only]
        parameters = tuple(p.replace(annotation=Raw(OPERAND.sub(kind, p.annotation))) if i in chosen else p
                           for i, p in enumerate(self.parameters))
        return Signature(parameters, self.returns.replace("Any", result))

    def with_tensors(self) -> Iterator[Signature]:
        """One version for each leading operand: it is a tensor, those before it are plain, and the others may be either."""
        either, leading = self.of(ARRAY, "Tensor"), [i for i in self.operands() if self.parameters[i].default is Parameter.empty]
        for i in leading:
            several = "Sequence" in self.parameters[i].annotation or self.parameters[i].kind is Parameter.VAR_POSITIONAL
            parameters = [self.of("PlainArrayLike", "").parameters[k] if k < i and k in leading else p
                          for k, p in enumerate(either.parameters)]
            if not several:
                parameters[i] = parameters[i].replace(annotation=Raw("Tensor"))
            yield replace(either, parameters=tuple(parameters))


class Raw(str):
    """An annotation that is written unchanged."""

    def __repr__(self) -> str:
        return str(self)


def described(function: Callable[..., object]) -> Signature:
    """The signature of an array function, as in its source."""
    signature = inspect.signature(function)
    return Signature(tuple(p.replace(annotation=Raw(p.annotation)) for p in signature.parameters.values()),
                     str(signature.return_annotation))


# ── autograd/methods.pyi ─────────────────────────────────────────────────────────────────────────────────────────

def methods() -> str:
    """The stub of the methods created at run time."""
    value = [*operators("Value", NUMBER), *(row_method(row, "Value", NUMBER) for row in rows())]
    tensor = [*operators("Tensor", ARRAY), *(row_method(row, "Tensor", ARRAY) for row in rows() if row.name not in HAND),
              *(array_method(name) for name in functions.__all__ if hasattr(Tensor, name) and name not in HAND)]
    return "\n\n".join([
        "# ruff: noqa",
        f'"""The operators, rows and array functions as methods, as type checkers see them. {GENERATED}"""',
        IMPORTED.replace("ALIASES", aliases(value + tensor)),
        'class ValueMethods(Node):\n    """The base of Value."""\n\n' + indent("\n".join(value), "    "),
        'class TensorMethods(ArrayMethods):\n    """The base of Tensor."""\n\n' + indent("\n".join(tensor), "    "),
    ]) + "\n"


IMPORTED = """\
from collections.abc import Sequence
from typing import Any, Literal, overload

ALIASES
from .arrays.functions import Picked
from .arrays.protocol import ArrayMethods
from .graph import Node
from .tensor import Tensor
from .value import Value"""
HAND = {"reshape", "transpose", *vars(PyTorchMethods)}  # methods whose arguments differ from the function's, written by hand


def operators(kind: str, other: str) -> Iterator[str]:
    """Python's operators between a node and its possible operands."""
    there = {row.name for row in rows()}
    for name in [name for row, name in OPERATORS.items() if row in there]:
        for reflected in ("", "r"):
            yield f"def __{reflected}{name}__(self, other: {other}, /) -> {kind}: ..."
    for name in UNARY_OPERATORS.values():
        yield f"def __{name}__(self, /) -> {kind}: ..."
    for name in ("lt", "le", "gt", "ge"):  # comparisons of data, with plain results
        yield f"def __{name}__(self, other: {other}) -> {'bool' if kind == 'Value' else 'Array'}: ..."


def row_method(row: Operation, kind: str, other: str) -> str:
    """A row as a method: the node is its first operand."""
    rest = [f"y: {other}", "/"] if row.arity == 2 and not row.defaults else ["/", settings(row, other)] if row.defaults else ["/"]
    return f'def {row.name}({", ".join(["self", *rest])}) -> {kind}:\n    """{row_summary(row)}"""'


def array_method(name: str) -> str:
    """An array function as a method of Tensor, with the tensor as first operand."""
    signature = described(getattr(functions, name)).of(ARRAY, "Tensor")
    me = Parameter("self", Parameter.POSITIONAL_OR_KEYWORD)
    own = replace(signature, parameters=(me, *signature.parameters[1:]))
    further = [f"def {name}(self, {PYTORCH[name]}) -> {PICKED.get(name, 'Tensor')}: ..."] if name in PYTORCH else []
    return overloaded(name, [own], summary(getattr(functions, name)), further)


# ── autograd/arrays/names.py ─────────────────────────────────────────────────────────────────────────────────────

def names() -> str:
    """The module with the names of the array functions, for use without loading them."""
    return (f'"""The names of the array functions, known without loading NumPy. {GENERATED}"""\n\n'
            f'array_functions = """\n{filled(" ".join(functions.__all__))}\n""".split()\n')


def filled(text: str) -> str:
    """Words in indented lines of limited length."""
    return fill(text, WIDTH, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False)
