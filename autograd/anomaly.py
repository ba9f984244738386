"""Detection of nan and inf: the first node whose value or gradient is one, with its cause and a remedy."""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import islice
from linecache import getline
from math import inf, isfinite
from pathlib import Path
from types import CodeType
from typing import Any, NamedTuple

from .anomaly_words import WORDS
from .context import ScopedContext
from .errors import GradientError
from .symbolic import formula, operand_names
from .graph import check_node, topological
from .languages import reader_language, spoken
from .sweep import SweptEdge, sweep_edges

OURS = ("autograd", "nn", "viz", "chainrule")  # packages whose frames are not the user's


class Anomaly(NamedTuple):
    """The first nan or inf: in the forward ``phase`` the value of ``node``, in the backward phase a gradient from it.

    ``inputs`` are the operands by name or number; ``entry`` is the place in an array (() for numbers); ``result`` is the nan or
    inf; ``reason`` is the cause, ``remedy`` the advice. ``file``, ``line`` and ``code`` give the source line of the node,
    ``columns`` the part of that line; known for nodes made inside ``detect_anomaly()``. It is shown in the language ``lang``, "en"
    or "ko", by default the system's; ``reason`` and ``remedy`` stay English.
    """

    node: Any
    phase: str
    operation: str
    inputs: tuple[str, ...]
    entry: tuple[int, ...]
    result: float
    reason: str
    remedy: str
    scope: str
    file: str = ""
    line: int = 0
    code: str = ""
    columns: tuple[int, int] = (0, 0)
    lang: str | None = None

    def said(self, text: str) -> str:
        """Return one of its texts, such as ``reason``, in its language."""
        return spoken(text, reader_language(self.lang), Path(__file__).parent, WORDS)

    def __str__(self) -> str:
        what = "value" if self.phase == "forward" else "gradient"
        at = f"[{', '.join(map(str, self.entry))}]" if self.entry else ""
        made = f"input {self.inputs[0]}{at}"
        if self.operation != "input":
            made = f"{self.operation}({', '.join(self.inputs)}){at}"
        lines = [f"the first {what} that is {self.result}: {made}" + (f", in {self.scope}" if self.scope else ""),
                 f"  why: {self.reason}"]
        if self.file:
            made = f"  made at {self.file}:{self.line}: "
            lines.append(made + self.code)
            first, last = self.columns
            if 0 < last - first < len(self.code):  # only a part of the line
                lines.append(" " * (len(made) + first) + "^" * (last - first))
        return self.said("\n".join([*lines, f"  remedy: {self.remedy}"]))

    def __repr__(self) -> str:
        return str(self)


class AnomalyError(GradientError):
    """Error raised inside ``detect_anomaly()``; ``anomaly`` is the record, the message its text, in English."""

    def __init__(self, anomaly: Anomaly):
        super().__init__(str(anomaly._replace(lang="en")))
        self.anomaly = anomaly

    def __reduce__(self) -> Any:
        return AnomalyError, (self.anomaly,)


def detect_anomaly() -> ScopedContext:
    """Within this, the first value or gradient that becomes nan or inf raises AnomalyError at the line that makes it.

    An inf that was put in as a constant, as masks put −inf into scores, and entries that it alone makes infinite
    pass, as long as the result that is differentiated is finite; nan never does. Nodes remember where in the user's
    source they were made. Per thread and task; outside it nothing is spent. Forward mode (``jvp``) is not watched.

    >>> from autograd import Value, log
    >>> with detect_anomaly():
    ...     log(Value(0.0, "p"))
    Traceback (most recent call last):
    autograd.anomaly.AnomalyError: the first value that is -inf: log(p = 0.0)
    ...
    """
    return ScopedContext(watch=_Watch())


class _Files(dict[str, bool]):
    """Cache that says of each file name if it is one of ours."""

    def learn(self, frame: Any) -> bool:
        ours = self[frame.f_code.co_filename] = frame.f_globals.get("__name__", "").partition(".")[0] in OURS
        return ours


_ours = _Files()


class _Watch:
    """Watcher that a context calls for every new node, and after every sweep before its gradients are shown."""

    def __init__(self) -> None:
        self.sites: dict[tuple[int, int], Any] = {}  # by id of code and instruction; the code is kept, so that its id is not reused

    def __call__(self, node: Any) -> None:
        frame: Any = sys._getframe(3)
        while (ours := _ours.get(frame.f_code.co_filename)) is not False:  # not a function, because this runs for every node
            if ours is None and not _ours.learn(frame) or frame.f_back is None:
                break
            frame = frame.f_back
        name, scope = node.metadata
        code = frame.f_code
        site = self.sites.get((id(code), frame.f_lasti)) or self.learn(code, frame.f_lasti, frame.f_lineno)
        node.metadata = (name, scope, site[0])
        data = node.data if node.priority == 2 else node.array
        if (data - data != 0 if type(data) is float else not _all_finite(data)) and not _passed_on(node):
            found = find_anomaly(node)
            if found is not None and found.phase == "forward":
                raise AnomalyError(found)

    def learn(self, code: CodeType, instruction: int, line: int) -> Any:
        start, end, first, last = next(islice(code.co_positions(), instruction // 2, None), (None,) * 4)
        if start != line or first is None or last is None:
            first = last = 0
        elif end != start:  # to the end of the line
            last = sys.maxsize
        site = self.sites[id(code), instruction] = (code.co_filename, line, first, last), code
        return site

    def swept(self, y: Any, seed: Any, gradients: Any) -> None:
        finite = all(map(_all_finite, gradients.values())) if isinstance(gradients, dict) else \
            all(map(isfinite, [node.grad for node in gradients]))
        if not (finite and _finite(y)) and (found := find_anomaly(y, seed)) is not None:
            raise AnomalyError(found)


def find_anomaly(y: Any, seed: Any = None) -> Anomaly | None:
    """The first node in the graph of ``y`` whose value became nan or inf, else the first such gradient; or None.

    >>> from autograd import Value, sqrt
    >>> found = find_anomaly(sqrt(Value(0.0, "x")))
    >>> found.phase, found.reason
    ('backward', 'the local gradient 0.5/out is inf where x = 0.0')
    """
    check_node(y, "find_anomaly")
    order = topological(y)
    infinite = [node for node in order if not _finite(node)]
    for node in infinite:
        if not _passed_on(node):
            return _forward(node)
    if infinite and not _finite(y):  # an intended inf that reached the result
        return _forward(infinite[0])
    adjoints: dict[Any, Any] = {y: y.seed_gradient(seed)}
    if not _all_finite(adjoints[y]):
        entry, result = _first_bad(adjoints[y]), _worst(adjoints[y])
        return _narrate(y, "backward", result, entry, f"the seed, its own gradient, was given as {result}", "give a finite seed")
    for edge in sweep_edges(reversed(order), adjoints):
        if not _all_finite(edge.total):
            return _backward(edge)
    return None


_MASKS = ("add", "sub", "maximum", "minimum", "clip_min", "clip_max", "where", "concatenate", "stack")  # they may introduce inf
_MOVES = (*_MASKS, "getitem", "scatter", "reshape", "transpose", "broadcast_to", "pad", "flip", "astype", "max", "min",
          "log_softmax")  # array operations that keep infinite entries


def _passed_on(node: Any) -> bool:
    """True if every infinite entry of a node came in so: with a constant that may be a mask, or from a node judged before."""
    data = _array(node)
    is_array_operation = getattr(node, "params", None) is not None
    if not node.operands or is_array_operation and node.op not in _MOVES or _any_nan(data):
        return False
    passed: Any = abs(data) != inf
    for x, array in zip(node.operands, _operands(node)):
        if _all_finite(array):
            continue
        constant = not hasattr(x, "inputs") or x.op is None and not getattr(x, "requires_grad", True)
        if constant and node.inputs and node.op not in _MASKS or not constant and x.op is None:
            return False
        passed = passed | (is_array_operation or abs(array) == inf)
    return bool(passed.all() if hasattr(passed, "all") else passed)


# ── one number, or the first bad entry of an array ───────────────────────────────────────────────────────────────

def _all_finite(x: Any) -> bool:
    if isinstance(x, float):
        return x - x == 0
    import numpy as np
    return x is None or bool(np.isfinite(x).all())


def _any_nan(x: Any) -> bool:
    return x != x if isinstance(x, float) else bool((x != x).any())


def _finite(node: Any) -> bool:
    return _all_finite(_array(node))


def _array(node: Any) -> Any:
    return getattr(node, "array", node.data)


def _first_bad(x: Any) -> tuple[int, ...]:
    """The place of the first nan or inf in an array; () in a number."""
    if isinstance(x, float):
        return ()
    import numpy as np
    return tuple(int(i) for i in np.argwhere(~np.isfinite(x))[0]) if np.ndim(x) else ()


def _worst(x: Any) -> float:
    """The first nan or inf in a number or array."""
    return float(x[_first_bad(x)]) if hasattr(x, "shape") else float(x)


def _at(x: Any, entry: tuple[int, ...]) -> float | None:
    """The number in ``x`` that broadcasting lays at an entry; None where the shapes do not tell."""
    if x is None or isinstance(x, (float, int)):
        return x
    shape = x.shape
    place = entry[len(entry) - len(shape):] if len(shape) <= len(entry) else None
    if place is None or any(i >= n and n != 1 for i, n in zip(place, shape)):
        return None
    return float(x[tuple(0 if n == 1 else i for i, n in zip(place, shape))])


def _operands(node: Any) -> list[Any]:
    """The operands' numbers or arrays, as they were when the node was made."""
    residuals = list(getattr(node, "residuals", None) or [None] * len(node.operands))
    return [then if then is not None else _array(x) if hasattr(x, "inputs") else x
            for x, then in zip(node.operands, residuals)]


def _narrate(node: Any, phase: str, result: float, entry: tuple[int, ...], reason: str, remedy: str) -> Anomaly:
    is_array_operation = getattr(node, "params", None) is not None
    inputs = []
    for name, array in zip(operand_names(node.operands), _operands(node)):
        number = None if is_array_operation and hasattr(array, "shape") else _at(array, entry)
        shown = f"array of shape {array.shape}{_extent(array)}" if number is None else repr(number)
        inputs.append(f"{name} = {shown}" if isinstance(name, str) else shown)
    site = (*(node.metadata or ()), None, None, None)[2]
    file, line, first, last = site or ("", 0, 0, 0)
    operation = node.op.name if node.operands else "input"
    scope = node.scope.path if node.scope else ""
    told = tuple(inputs) or (node.name or "without a name",)
    text = getline(file, line).rstrip()
    code = text.lstrip()
    first, last = (len(text.encode()[:n].decode(errors="ignore")) - (len(text) - len(code)) for n in (first, last))
    return Anomaly(node, phase, operation, told, entry, result, reason, remedy, scope, file, line, code,
                   (max(first, 0), max(last, 0)))


def _extent(array: Any) -> str:
    """The size of an array that is not shown: a nan or inf in it, or its largest entry."""
    if not array.size:
        return ""
    if not _all_finite(array):
        return f" with {_worst(array)} at {list(_first_bad(array))}"
    return f" up to ±{abs(array).max():.2g}"


# ── how it came about ────────────────────────────────────────────────────────────────────────────────────────────

_SHIFT = "subtract the largest before exp, as logsumexp, softmax, log_softmax, sigmoid and softplus do"
_TRUE_WHERE = "choose the operand with where before the operation, so that the bad branch is never computed"
# by operation: a test of its operands, a cause and a remedy
_CAUSES: dict[str, tuple[tuple[Callable[..., bool], str, str], ...]] = {
    "log": ((lambda x: x == 0, "log of 0",
             "keep it above 0: log(x + 1e-12), or log_softmax of scores for probabilities"),
            (lambda x: x < 0, "log of a negative number is not real", "keep it above 0, with exp, softplus or a clip")),
    **dict.fromkeys(("log2", "log10"), (
        (lambda x: x == 0, "a logarithm of 0", "keep it above 0, by a small number added inside"),
        (lambda x: x < 0, "the logarithm of a negative number is not real", "keep it above 0, with exp, softplus or a clip"))),
    "log1p": ((lambda x: x == -1, "log1p of −1, the log of 0,", "keep it above −1"),
              (lambda x: x < -1, "log1p below −1 is not real", "keep it above −1")),
    "div": ((lambda x, y: y == 0, "a division by 0", "keep the divisor from 0: x/(y + 1e-12), or " + _TRUE_WHERE),),
    "sqrt": ((lambda x: x < 0, "the root of a negative number is not real",
              "keep it at 0 or above, or find out why it is negative"),),
    "exp": ((lambda x: x > 0, "exp overflows", _SHIFT),),
    "expm1": ((lambda x: x > 0, "expm1 overflows", _SHIFT),),
    "sinh": ((lambda x: True, "sinh overflows", "keep it within ±710, or work with logarithms"),),
    "cosh": ((lambda x: True, "cosh overflows", "keep it within ±710, or work with logarithms"),),
    "arcsin": ((lambda x: True, "arcsin beyond ±1 is not real", "keep it within ±1, with clip or tanh"),),
    "arccos": ((lambda x: True, "arccos beyond ±1 is not real", "keep it within ±1, with clip or tanh"),),
    "arccosh": ((lambda x: True, "arccosh below 1 is not real", "keep it at 1 or above"),),
    "arctanh": ((lambda x: abs(x) == 1, "arctanh at ±1", "keep it within ±1, with a clip a little inside"),
                (lambda x: True, "arctanh beyond ±1 is not real", "keep it within ±1, with clip or tanh")),
    "pow": ((lambda x, y: x == 0 and y < 0, "0 to a negative power", "keep the base from 0: (x + 1e-12)**y"),
            (lambda x, y: x < 0 and y != int(y), "a negative base to a fractional power is not real",
             "use abs(x)**y, or a whole exponent"),
            (lambda x, y: True, "the power overflows", "scale the base down, or work with logarithms")),
}
_SCALE = "scale down the inputs (the data, the learning rate, the initial weights), or clip them"


_DATA = "find the source of this number: the data (missing entries?), or an update with a gradient of nan or inf"


def _forward(node: Any) -> Anomaly:
    data = _array(node)
    entry = _first_bad(data)
    result = data if isinstance(data, float) else float(data[entry])
    if not node.operands:
        return _narrate(node, "forward", result, entry, f"it was {result} when it came in", _DATA)
    is_array_operation = getattr(node, "params", None) is not None
    for name, array in zip(operand_names(node.operands), _operands(node)):
        number = _at(array, entry)
        if is_array_operation or number is None:
            number = None if _all_finite(array) else _worst(array)
        if number is None or isfinite(number):
            continue
        what = f"{number} went in {f'with {name}' if isinstance(name, str) else 'as a constant'}"
        if number == -inf and node.op in ("softmax", "log_softmax", "logsumexp", "cross_entropy"):
            reason = f"{what}: a mask that hides all entries, or the requested one"
            return _narrate(node, "forward", result, entry, reason, "leave that entry, and one in each row, unmasked")
        if result != result and number == number:
            what += ", and ∞ − ∞, 0 · ∞ and ∞/∞ have no result"
        return _narrate(node, "forward", result, entry, what, _DATA)
    xs = [_at(x, entry) for x in _operands(node)]
    if not is_array_operation and None not in xs:
        for applies, reason, remedy in _CAUSES.get(node.op.name, ()):
            if applies(*xs):
                complete = "not real" in reason or "overflows" in reason
                return _narrate(node, "forward", result, entry, reason if complete else f"{reason} is {result}", remedy)
    beyond = f"beyond the largest number, {_largest(data)}"
    reason = f"the result is {beyond}" if abs(result) == inf else f"these operands have no result, or a step on the way is {beyond}"
    return _narrate(node, "forward", result, entry, reason, _SCALE)


def _largest(data: Any) -> str:
    return "3.4e38 in float32" if getattr(data, "itemsize", 8) == 4 else "1.8e308"


def _backward(edge: SweptEdge) -> Anomaly:
    node, argument, _, upstream, local, downstream, total, _ = edge
    entry = _first_bad(total)
    result = _worst(total)
    here = _first_bad(downstream) if not _all_finite(downstream) else None
    slope = _at(1.0 * local, here) if local is not None and here is not None else None
    names = operand_names(node.operands)
    largest = _largest(total)
    if here is None:
        reason, remedy = f"the contributions that meet here add up beyond the largest number, {largest}", _SCALE
    elif slope is not None and not isfinite(slope):
        x = _at(_operands(node)[argument], here)
        reason = f"the local gradient {formula(node.op, argument, *names)} is {slope}"
        reason += f" where {names[argument]} = {x}" if x is not None else ""
        above = _at(upstream, here)
        reason += ", and 0 · inf is nan" if above == 0 else ""
        remedy = (f"keep {node.op.name} away from there: add a small number inside, or {_TRUE_WHERE}")
    elif result != result:
        reason = f"{node.op.name} has no gradient towards {names[argument]} at these operands (0/0, ∞ − ∞ or 0 · ∞ within it)"
        remedy = f"keep {node.op.name} away from there, or {_TRUE_WHERE}"
    else:
        reason = f"the product upstream × local is beyond the largest number, {largest}"
        remedy = _SCALE + "; clip gradients by their norm"
    return _narrate(node, "backward", result, here or entry, reason, remedy)
