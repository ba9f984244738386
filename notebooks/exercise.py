"""Answers to the exercises of the notebooks, checked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def check(answer: Any, solution: Callable[[], Any], within: float = 0.005) -> None:
    """Say whether an answer is right: numbers within a tolerance (two decimals do), anything else equal.

    ``answer`` is None where there is none yet; ``solution`` computes the right one, a number, or several in a tuple.

    >>> check(None, lambda: 2.0), check(2.001, lambda: 2.0), check((1, 3), lambda: (1, 2))
    ✎ not answered yet
    ✓ right
    ✗ not yet: number 2 is not right
    (None, None, None)
    """
    if answer is None:
        print("✎ not answered yet")
        return
    right = solution()
    given, wanted = (tuple(x) if isinstance(x, (tuple, list)) else (x,) for x in (answer, right))
    if len(given) != len(wanted):
        print(f"✗ not yet: {len(wanted)} are asked for, {len(given)} were given")
        return

    def same(x: Any, y: Any) -> bool:
        number = isinstance(y, (int, float)) and not isinstance(y, bool)
        return bool(abs(x - y) <= within * max(1.0, abs(y)) if number else x == y)

    wrong = [i for i, (x, y) in enumerate(zip(given, wanted), 1) if not same(x, y)]
    if not wrong:
        print("✓ right")
    else:
        print(f"✗ not yet: number {wrong[0]} is not right" if len(wanted) > 1 else "✗ not yet")
