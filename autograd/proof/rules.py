"""Operations of the graph by themselves, each held against differences of its own values.

An error that becomes small on its way to the gradient, or is cancelled by another, is seen here. Only certain errors are reported:
none at a kink, at a pole, or within rounding.
"""

from __future__ import annotations

import random
from collections import defaultdict
from functools import cache, reduce
from math import isfinite, nan, ulp
from operator import add
from typing import TYPE_CHECKING, Any

from ..functional import jvp, plain
from .differences import confirms_slope, measure_slopes
from .graphs import describe_call, sweep_back
from .lines import EACH, draw_signed, power_of_two
from .noise import Curve, noise_at_any_grid
from .subject import CheckedFunction
from .trees import make_array
from .verdict import EntryFinding, judge, name_mistake

if TYPE_CHECKING:
    from ..graph import Node

__tracebackhide__ = True

EACH_OPERATION = 8  # uses of one operation that are checked separately


def wrong_operations(subject: CheckedFunction, rng: random.Random) -> list[EntryFinding]:
    """The findings on operations whose rule is wrong: one use of each, checked at up to eight."""
    uses: dict[Any, list[Node]] = defaultdict(list)
    for edge, *_ in sweep_back(subject, [1.0] * len(subject.values)):
        if edge.node.op is not None:
            uses[edge.node.op].append(edge.node)
    found: list[EntryFinding] = []
    for nodes in uses.values():
        samples = rng.sample(nodes, min(len(nodes), EACH_OPERATION))
        found += next(filter(None, (OperationCheck(subject, node, rng).findings() for node in samples)), [])
    return found


class OperationCheck:
    """One use of an operation, with its operands as plain numbers and arrays."""

    def __init__(self, subject: CheckedFunction, node: Node, rng: random.Random):
        self.subject, self.node, self.rng = subject, node, rng
        self.options: dict[str, Any] = getattr(node, "params", None) or {}
        self.operands = [_data_of(x) for x in node.operands]
        self.seed = self._random_like(_data_of(node))
        with node.sweep_context():
            self.sent = [(x, downstream) for _, x, _, downstream, arrived in node.contributions(self.seed) if arrived is not False]

    def findings(self) -> list[EntryFinding]:
        """Find the errors towards its inputs, backward and forward."""
        return [finding for x in dict.fromkeys(self.node.inputs) for finding in self.towards(x)]

    def towards(self, x: Node) -> list[EntryFinding]:
        """The findings on the rule towards one input: one for both modes where they say the same."""
        backward = [downstream for to, downstream in self.sent if to is x]
        if not backward:
            return []  # no derivative, or a branch that was not taken
        data = _data_of(x)
        move, size = self._random_like(data), abs(data)
        given = {"reverse": _dot(reduce(add, backward), move)}
        if "forward" in self.subject.modes:
            given["forward"] = self.forward_slope(x, move)
        largest = float(size.max(initial=0.0) if hasattr(size, "max") else size)
        scale = power_of_two(largest) if largest and isfinite(largest) else 1.0
        g = self.curve(x, move)
        wrong: dict[float, EntryFinding] = {}
        for mode, analytic in given.items():
            if analytic in wrong:
                wrong[analytic].mode += f", {mode}"
            elif isfinite(analytic) and not confirms_slope(g, scale, analytic):
                blank = EntryFinding("WRONG", 0, "", largest, analytic, mode=mode)
                if (finding := self.certain_error(g, scale, blank)) is not None:
                    wrong[analytic] = self.signed(finding, x)
        return list(wrong.values())

    def forward_slope(self, x: Node, move: Any) -> float:
        """⟨seed, J · move⟩ of the operation in forward mode."""
        tangents = tuple(move if to is x else value * 0.0 for to, value in zip(self.node.operands, self.operands))
        with self.node.sweep_context():
            return _dot(jvp(lambda *xs: self.node.op(*xs, **self.options), tuple(self.operands), tangents)[1], self.seed)

    def curve(self, x: Node, move: Any) -> Curve:
        """⟨seed, operation⟩ while one input moves."""
        node = self.node

        @cache
        def g(t: float) -> float:
            moved = [value + t * move if to is x else value for to, value in zip(node.operands, self.operands)]
            try:
                with node.sweep_context():
                    return _dot(node.op(*moved, **self.options), self.seed)
            except (ArithmeticError, ValueError):
                return nan
        return g

    def certain_error(self, g: Curve, scale: float, blank: EntryFinding) -> EntryFinding | None:
        """The finding WRONG, if two measurements with other steps and more noise both say so beyond doubt."""
        noise = 0.0
        for stretch, patience in ((1.0, 3), (1.0, 10), (1.375, 10)):
            measured = measure_slopes(g, scale * stretch, ulp(blank.point), hint=blank.analytic, floor=noise, patience=patience)
            finding = judge(measured, blank.analytic, blank)
            if patience == 3 and finding.verdict == "WRONG":
                continue
            sides = [abs(x.value - finding.numeric) + x.bar for x in (measured.left, measured.right)]
            if finding.verdict != "WRONG" or not finding.bar + max(sides) <= 1e-7 * abs(finding.numeric):
                return None
            noise = noise_at_any_grid(g, scale)
        return finding

    def signed(self, finding: EntryFinding, x: Node) -> EntryFinding:
        """The finding with the operation, the operand and the kind of mistake in its words."""
        mistake = name_mistake(finding, self.subject.factors(None, EACH))
        finding.of, finding.name = self.node.op.name, f"operand {[to is x for to in self.node.operands].index(True)}"
        finding.note = f"the rule at {describe_call(self.node)}" + (f": {mistake}" if mistake else "")
        return finding

    def _random_like(self, x: Any) -> Any:
        """Random signed numbers in the form of ``x``; 1 for a number."""
        if not hasattr(x, "shape"):
            return 1.0
        return make_array([draw_signed(self.rng) for _ in range(x.size)], x.shape, x.dtype)


def _data_of(x: Any) -> Any:
    """The number or array in a node, arrays of shape () included; a constant operand unchanged."""
    return make_array(x.numpy(), x.shape, x.dtype) if hasattr(x, "numpy") else plain(x)


def _dot(x: Any, y: Any) -> float:
    return float((x * y).sum() if getattr(x, "shape", ()) else x * y)
