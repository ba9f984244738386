"""How a row is measured: engines one after another, again and again (A B A B …), and the median of each."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from math import nan
from pathlib import Path
from statistics import median
from time import perf_counter

# does the work once; returns a number on which all engines must agree, and what is not to be freed within the time
Step = Callable[[], tuple[float, object]]
rows: dict[str, Row] = {}
SLOW = 10.0  # seconds: an engine that takes longer is measured once


@dataclass
class Row:
    """One thing to measure, engine by engine; making it adds it to ``rows``, under its key.

    ``scale`` is how many ``unit`` there are in a second (of work per node, where the unit is). An engine is a
    function that imports its library, builds the problem and returns the step to be timed; the first one added is
    the project's own, the others are its peers. With ``nodes``, the memory that a step needs is measured too: the
    growth of the peak of a fresh process, in bytes per node.
    """

    key: str
    title: str
    unit: str
    scale: float
    rounds: int
    nodes: int = 0
    engines: dict[str, Callable[[], Step]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rows[self.key] = self

    def engine(self, name: str) -> Callable[[Callable[[], Step]], Callable[[], Step]]:
        """A decorator that adds an engine to the row."""
        def add(build: Callable[[], Step]) -> Callable[[], Step]:
            self.engines[name] = build
            return build
        return add

    def measure(self) -> str:
        """The table of this row. Raises ArithmeticError where engines disagree about the result."""
        steps: dict[str, Step] = {}
        times: dict[str, list[float]] = {}
        failures: dict[str, str] = {}
        answer: float | None = None
        for name, build in self.engines.items():
            try:
                step = build()
                seconds, result = timed(step)
            except ImportError as error:
                failures[name] = f"not installed ({error.name})"
            except RecursionError:
                failures[name] = "fails: RecursionError"
            else:
                answer = result if answer is None else answer
                if not abs(result - answer) <= 1e-9 * abs(answer):
                    raise ArithmeticError(f"{self.key}: {name} computes {result!r}, the others {answer!r}")
                times[name] = [seconds]
                if seconds < SLOW:  # the first run was only the warm-up
                    steps[name], times[name] = step, []
        for _ in range(self.rounds):
            for name, step in steps.items():
                times[name].append(timed(step)[0])
        return self.table({name: self.scale * median(samples) for name, samples in times.items()}, failures)

    def table(self, medians: dict[str, float], failures: dict[str, str]) -> str:
        """One line an engine: its median, its memory, and how the project's time compares."""
        own = next(iter(medians))
        lines = [f"\n{self.title}"]
        for name in self.engines:
            if name in failures:
                lines.append(f"  {name:<24}{failures[name]}")
                continue
            memory = f"{self.memory(name):>8.0f} bytes/node" if self.nodes else ""
            ratio = "" if name == own else f"   {own} takes {medians[own] / medians[name]:.3g} × as long"
            lines.append(f"  {name:<24}{medians[name]:>9.4g} {self.unit}{memory}{ratio}")
        return "\n".join(lines)

    def memory(self, name: str) -> float:
        """Bytes per node that a step of an engine adds to the peak of a process of its own."""
        run = subprocess.run([sys.executable, "-m", "benchmarks", "--memory", self.key, name], capture_output=True,
                             text=True, check=True)
        return float(run.stdout) / self.nodes


def timed(step: Step) -> tuple[float, float]:
    """How many seconds a step takes, and its result."""
    gc.collect()  # nobody pays for another's garbage
    start = perf_counter()
    result, _kept = step()
    return perf_counter() - start, result


def peak_growth(build: Callable[[], Step]) -> float:
    """How many bytes a step adds to the peak of this process; nan on systems without Linux's /proc."""
    step = build()
    before = peak()
    step()
    return peak() - before


def peak() -> float:
    status = Path("/proc/self/status")  # getrusage would count the parent's peak too
    return 1024.0 * int(status.read_text(encoding="ascii").split("VmHWM:")[1].split()[0]) if status.exists() else nan
