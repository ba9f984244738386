"""The walk through backpropagation in the terminal: all steps at once, or one for each key press."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable
from math import isfinite
from typing import TextIO

from autograd.stepping import Edge, Step
from viz.numbers import Digits, applied, bracketed, places_that_add_up, multiplied, number, typeset

ColouredLine = list[tuple[str, str]]  # pieces of text, each with its colour
VALUE, GRADIENT, FORMULA, FAINT = "green", "red", "blue", "dim"


def step_lines(walk: Iterable[Step], digits: Digits = "auto") -> list[list[ColouredLine]]:
    """Return the lines of each step: the computation of a value forward, the gradient of each input backward.

    >>> from autograd import Value, steps
    >>> w, x = Value(2.0, "w"), Value(-1.0, "x")
    >>> for lines in step_lines(steps(w * x)):
    ...     for line in lines:
    ...         print("".join(text for text, _ in line))
    forward
    w = 2.00 (given)
    x = −1.00 (given)
    v2 = w × x = 2.00 × (−1.00) = −2.00
    backward
    v2 = w × x; its gradient is 1.00
      w: local gradient x = −1.00
        downstream = upstream × local: 1.00 × (−1.00) = −1.00
        w collects −1.00
      x: local gradient w = 2.00
        downstream = upstream × local: 1.00 × 2.00 = 2.00
        x collects 2.00
    """
    values: dict[str, float] = {}
    collected: dict[int, float] = {}
    pages: list[list[ColouredLine]] = []
    phase = ""
    for step in walk:
        lines: list[ColouredLine] = [] if step.phase == phase else [[(step.phase, FAINT)]]
        phase = step.phase
        pages.append(lines)
        names = [x if isinstance(x, str) else f"{x:g}".replace("-", "−") for x in step.inputs]
        if step.phase == "forward":
            lines.append(_forward_line(step, names, values, digits))
            values[step.label] = step.value
            continue
        lines.append([(f"{step.label} = {applied(step.operation, names)}; its gradient is ", ""),
                      (number(step.gradient, digits), GRADIENT), *correction(step.right, digits)])
        for edge in step.edges:
            lines += _edge_lines(step, edge, collected.get(edge.target), digits)
            collected[edge.target] = edge.total
    return pages


def _forward_line(step: Step, names: list[str], values: dict[str, float], digits: Digits) -> ColouredLine:
    """The computation of a value: ``v2 = w × x = 2.00 × (−1.00) = −2.00``."""
    result = (number(step.value, digits), VALUE)
    if not step.inputs:
        return [(f"{step.label} = ", ""), result, (" (given)", FAINT)]
    numbers = [number(values[x], digits) if isinstance(x, str) else name for x, name in zip(step.inputs, names)]
    return [(f"{step.label} = {applied(step.operation, names)} = {applied(step.operation, numbers)} = ", ""), result]


def _edge_lines(step: Step, edge: Edge, before: float | None, digits: Digits) -> list[ColouredLine]:
    """The product on one edge, and the sum at its input; ``before`` is the gradient there before, or None."""
    parts = [edge.downstream] if before is None else [before, edge.downstream]
    places = places_that_add_up(parts, edge.total, digits)
    upstream, local, downstream = multiplied(edge.upstream, edge.local, edge.downstream, digits, places)
    text = edge.formula
    is_number = re.fullmatch(r"-?(\d[\d.e+-]*|inf)|nan", text)
    collects: ColouredLine = [(f"    {edge.target_label} collects ", FAINT), (downstream, GRADIENT)]
    if before is not None:
        total = number(edge.total, digits)
        summed = abs(edge.total - before - edge.downstream) <= 1e-9 * abs(edge.total)
        sum = f"{number(before, digits, places)} + {bracketed(downstream)} = {total}" if summed else (
            f"{total} in place of {number(before, digits)}")
        collects += [(", in all ", FAINT), (sum, GRADIENT)]
    return [[(f"  {edge.target_label}: local gradient ", ""),
             *([] if is_number else [(typeset(text), FORMULA), (" = ", "")]), (local, FORMULA)],
            [("    downstream = upstream × local: ", FAINT),
             (f"{upstream} × {bracketed(local)} = {downstream}", GRADIENT)],
            [*collects, *correction(edge.right, digits)]]


def correction(right: float | None, digits: Digits) -> ColouredLine:
    """Return a text with the correct number beside a wrong one; empty if nothing is wrong."""
    return [] if right is None else [(f"  wrong: {number(right, digits)} is right", "bold red")]


def stops(walk: Iterable[Step], nan: bool, names: Iterable[str]) -> list[int]:
    """Return the steps to stop at: the first nan or inf, the computation of a name, and gradients that reach it.

    >>> from autograd import Value, log, steps
    >>> x = Value(-1.0, "x")
    >>> stops(steps(log(x) * 2), True, []), stops(steps(log(x) * 2), False, ["x"])
    ([1], [0, 4])
    """
    found, sound = [], True
    for i, step in enumerate(walk):
        numbers = [step.value, *(x for e in step.edges for x in (e.local, e.downstream))]
        broken = nan and sound and not all(map(isfinite, numbers))
        sound = sound and not broken
        if broken or step.label in names or any(edge.target_label in names for edge in step.edges):
            found.append(i)
    return found


def printer(stream: TextIO) -> Callable[[ColouredLine], None]:
    """Return a function that prints a line: in colour on a terminal where rich is installed, else plain."""
    if stream.isatty():
        try:
            from rich.console import Console
            from rich.text import Text
        except ImportError:
            pass
        else:
            console = Console(file=stream, highlight=False, soft_wrap=True)
            return lambda line: console.print(Text.assemble(*line))
    return lambda line: print("".join(text for text, _ in line), file=stream)


def show_pages(pages: list[list[ColouredLine]], show: Callable[[ColouredLine], None], stops: list[int]) -> None:
    """Show one page for each key press: any key goes forward, ← or b back, c to the next stop, q quits."""
    at, shown = stops[0] if stops else 0, -1
    while at < len(pages):
        if at != shown:
            for line in pages[at]:
                show(line)
            shown = at
        on = "c: to the next stop   " if stops else ""
        key = read_key(f"[step {at + 1} of {len(pages)}]  any key: next   ← or b: back   {on}q: quit")
        if key in ("q", "Q", "\x1b", "\x04", ""):
            return
        if key in ("c", "C") and stops:
            at = next((i for i in stops if i > at), len(pages) - 1)
            continue
        at = max(0, at - 1) if key in ("b", "B", "p", "\x7f", "\x1b[D", "\x1b[A", "\x1bOD", "\x1bOA") else at + 1


def read_key(prompt: str) -> str:
    """Return the next pressed key, an arrow key as its escape sequence; "" if the terminal was closed."""
    try:
        import termios
        import tty
    except ImportError:  # Windows: reads a line instead of a key
        return input(f"{prompt}, then Enter ")[:1] or " "
    from select import select
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    try:
        tty.setcbreak(terminal)
        sys.stdout.write(prompt)
        sys.stdout.flush()
        key = os.read(terminal, 1)
        if key == b"\x1b" and select([terminal], [], [], 0.05)[0]:  # the rest of an arrow key's sequence arrives immediately
            key += os.read(terminal, 2)
        return key.decode(errors="replace")
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
        sys.stdout.write(f"\r{' ' * len(prompt)}\r")
        sys.stdout.flush()
