"""Where nan and inf come from: the first node whose value or gradient is one, how it came about, and what to do."""

from __future__ import annotations

import sys
from collections.abc import Callable
from linecache import getline
from math import inf, isfinite
from typing import Any, NamedTuple

from .context import inside
from .errors import GradientError
from .formula import formula, operand_names
from .graph import topological

OURS = ("autograd", "nn", "viz", "chainrule")  # packages whose frames are not the user's


class Anomaly(NamedTuple):
    """The first nan or inf: in the forward ``phase`` the value of ``node``, in the backward phase a gradient from it.

    ``inputs`` are the operands by name or number; ``entry`` is the place in an array (() for numbers); ``result`` is
    the nan or inf; ``reason`` says how it came about, ``remedy`` what to do. ``file``, ``line`` and ``code`` say
    where the node was made, known for nodes made within ``detect_anomaly()``.
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

    def __str__(self) -> str:
        what = "value" if self.phase == "forward" else "gradient"
        at = f"[{', '.join(map(str, self.entry))}]" if self.entry else ""
        made = f"input {self.inputs[0]}{at}"
        if self.operation != "input":
            made = f"{self.operation}({', '.join(self.inputs)}){at}"
        lines = [f"the first {what} that is {self.result}: {made}" + (f", in {self.scope}" if self.scope else ""),
                 f"  why: {self.reason}"]
        if self.file:
            lines.append(f"  made at {self.file}:{self.line}: {self.code}")
        return "\n".join([*lines, f"  remedy: {self.remedy}"])


class AnomalyError(GradientError):
    """Raised within ``detect_anomaly()``; ``anomaly`` is the record, the message its text."""

    def __init__(self, anomaly: Anomaly):
        super().__init__(str(anomaly))
        self.anomaly = anomaly

    def __reduce__(self) -> Any:
        return AnomalyError, (self.anomaly,)


def detect_anomaly() -> inside:
    """Within this, the first value or gradient that is nan or inf raises AnomalyError at the line that makes it.

    Nodes remember where in the user's source they were made. Per thread and task; outside it nothing is spent.

    >>> from autograd import Value, log
    >>> with detect_anomaly():
    ...     log(Value(0.0, "p"))
    Traceback (most recent call last):
    autograd.anomaly.AnomalyError: the first value that is -inf: log(p = 0.0)
    ...
    """
    return inside(watch=_Watch())


class _Files(dict[str, bool]):
    """Whether a frame's file is one of ours, by its name."""

    def learn(self, frame: Any) -> bool:
        ours = self[frame.f_code.co_filename] = frame.f_globals.get("__name__", "").partition(".")[0] in OURS
        return ours


_ours = _Files()


class _Watch:
    """What a context calls for every node that is made, and after every sweep before its gradients are shown."""

    def __call__(self, node: Any) -> None:
        frame: Any = sys._getframe(3)
        while (ours := _ours.get(frame.f_code.co_filename)) is not False:  # written out: this runs for every node
            if ours is None and not _ours.learn(frame) or frame.f_back is None:
                break
            frame = frame.f_back
        name, scope = node.about
        node.about = (name, scope, (frame.f_code.co_filename, frame.f_lineno))
        data = node.data if node._rank == 2 else node._data
        if data - data != 0 if type(data) is float else not _all_finite(data):
            found = find_anomaly(node)
            if found is not None and found.phase == "forward":
                raise AnomalyError(found)

    def swept(self, y: Any, seed: Any, gradients: Any) -> None:
        finite = all(map(_all_finite, gradients.values())) if isinstance(gradients, dict) else \
            all(map(isfinite, [node.grad for node in gradients]))
        if not finite and (found := find_anomaly(y, seed)) is not None:
            raise AnomalyError(found)


def find_anomaly(y: Any, seed: Any = None) -> Anomaly | None:
    """The first node in the graph of ``y`` whose value is nan or inf, else the first such gradient; or None.

    >>> from autograd import Value, sqrt
    >>> found = find_anomaly(sqrt(Value(0.0, "x")))
    >>> found.phase, found.reason
    ('backward', 'the local gradient 0.5/out is inf where x = 0.0')
    """
    order = topological(y)
    for node in order:
        if not _finite(node):
            return _forward(node)
    totals: dict[Any, Any] = {y: y._seed(seed, False)}
    with y._silence():
        for node in reversed(order):
            if not node.inputs or node not in totals:
                continue
            for argument, x, local, downstream in node._arrivals(totals[node]):
                total = totals[x] + downstream if x in totals else downstream
                if not _all_finite(total):
                    return _backward(node, argument, totals[node], local, downstream, total)
                totals[x] = total
    return None


# ── one number, or the first bad entry of an array ───────────────────────────────────────────────────────────────

def _all_finite(x: Any) -> bool:
    if isinstance(x, float):
        return x - x == 0
    import numpy as np
    return x is None or bool(np.isfinite(x).all())


def _finite(node: Any) -> bool:
    return _all_finite(_array(node))


def _array(node: Any) -> Any:
    return getattr(node, "_data", node.data)


def _first_bad(x: Any) -> tuple[int, ...]:
    """The place of the first nan or inf in an array; () in a number."""
    if isinstance(x, float):
        return ()
    import numpy as np
    return tuple(int(i) for i in np.argwhere(~np.isfinite(x))[0]) if np.ndim(x) else ()


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
    saved = list(getattr(node, "saved", None) or [None] * len(node.operands))
    return [then if then is not None else _array(x) if hasattr(x, "inputs") else x
            for x, then in zip(node.operands, saved)]


def _told(node: Any, phase: str, result: float, entry: tuple[int, ...], reason: str, remedy: str) -> Anomaly:
    mixes = getattr(node, "static", None) is not None
    inputs = []
    for name, array in zip(operand_names(node.operands), _operands(node)):
        number = None if mixes and hasattr(array, "shape") else _at(array, entry)
        shown = f"array of shape {array.shape}" if number is None else repr(number)
        inputs.append(f"{name} = {shown}" if isinstance(name, str) else shown)
    site = (node.about or ())[2:]
    file, line = site[0] if site else ("", 0)
    operation = node.op.name if node.operands else "input"
    scope = node.scope.path if node.scope else ""
    told = tuple(inputs) or (node.name or "without a name",)
    return Anomaly(node, phase, operation, told, entry, result, reason, remedy, scope, file, line,
                   getline(file, line).strip())


# ── how it came about ────────────────────────────────────────────────────────────────────────────────────────────

_SHIFT = "take the largest out before exp: logsumexp, softmax, log_softmax, sigmoid and softplus do"
_TRUE_WHERE = "choose the operand with where before the operation, so that the bad branch is never computed"
# by operation: which operands, and what they say
_CAUSES: dict[str, tuple[tuple[Callable[..., bool], str, str], ...]] = {
    "log": ((lambda x: x == 0, "log of 0",
             "keep it above 0: log(x + 1e-12), or log_softmax of scores for probabilities"),
            (lambda x: x < 0, "log of a negative number is not real", "keep it above 0, with exp, softplus or a clip")),
    "log1p": ((lambda x: x == -1, "log1p of −1 is log of 0", "keep it above −1"),
              (lambda x: x < -1, "log1p below −1 is not real", "keep it above −1")),
    "div": ((lambda x, y: y == 0, "a division by 0", "keep the divisor from 0: x/(y + 1e-12), or " + _TRUE_WHERE),),
    "sqrt": ((lambda x: x < 0, "the root of a negative number is not real",
              "keep it at 0 or above, or look at why it is not"),),
    "exp": ((lambda x: x > 0, "exp overflows", _SHIFT),),
    "expm1": ((lambda x: x > 0, "expm1 overflows", _SHIFT),),
    "pow": ((lambda x, y: x == 0 and y < 0, "0 to a negative power", "keep the base from 0: (x + 1e-12)**y"),
            (lambda x, y: x < 0 and y != int(y), "a negative base to a fractional power is not real",
             "use abs(x)**y, or a whole exponent"),
            (lambda x, y: True, "the power overflows", "scale the base down, or work with logarithms")),
}
_SCALE = "scale down what goes in (the data, the learning rate, the initial weights), or clip it"


def _forward(node: Any) -> Anomaly:
    data = _array(node)
    entry = _first_bad(data)
    result = data if isinstance(data, float) else float(data[entry])
    if not node.inputs and not node.operands:
        return _told(node, "forward", result, entry, f"it was {result} when it came in", "look at where this number "
                     "comes from: the data (missing entries?), or an update with a gradient that was nan or inf")
    xs = [_at(x, entry) for x in _operands(node)]
    if getattr(node, "static", None) is None and None not in xs:
        for applies, reason, remedy in _CAUSES.get(node.op.name, ()):
            if applies(*xs):
                complete = "not real" in reason or "overflows" in reason
                return _told(node, "forward", result, entry, reason if complete else f"{reason} is {result}", remedy)
    reason = "the result is beyond the largest number" if abs(result) == inf else "these numbers have no result"
    return _told(node, "forward", result, entry, reason, _SCALE)


def _backward(node: Any, argument: int, upstream: Any, local: Any, downstream: Any, total: Any) -> Anomaly:
    entry = _first_bad(total)
    result = total if isinstance(total, float) else float(total[entry])
    here = _first_bad(downstream) if not _all_finite(downstream) else None
    slope = _at(1.0 * local, here) if local is not None and here is not None else None
    names = operand_names(node.operands)
    if here is None:
        reason, remedy = "the contributions that meet here add up beyond the largest number", _SCALE
    elif slope is not None and not _all_finite(float(slope)):
        x = _at(_operands(node)[argument], here)
        reason = f"the local gradient {formula(node.op, argument, *names)} is {slope}"
        reason += f" where {names[argument]} = {x}" if x is not None else ""
        above = _at(upstream, here)
        reason += ", and 0 · inf is nan" if above == 0 else ""
        remedy = (f"keep {node.op.name} away from there: add a small number inside, or {_TRUE_WHERE}")
    else:
        reason = "the product upstream × local is beyond the largest number"
        remedy = _SCALE + "; clip gradients by their norm"
    return _told(node, "backward", result, here or entry, reason, remedy)

