"""Measuring of rows: each engine runs in its own process, in alternating turns (A B A B …)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from math import nan
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Protocol

# does the work once; returns a number on which all engines must agree, and objects to keep alive during the timing
Step = Callable[[], tuple[float, object]]
rows: dict[str, Table] = {}
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false"}
SLOW = 10.0  # seconds: an engine that takes longer is measured once
TURN = 0.1  # seconds: a shorter step is repeated in each turn
WARM = 1.0  # seconds: before a turn of a shorter step, a warm-up that does not count


class Table(Protocol):
    """Base of tables, each measured under a key."""

    def measure(self) -> str:
        """Measure, and return the table as text."""
        ...


@dataclass
class Row:
    """One benchmark for several engines; a new row adds itself to ``rows``, under its key.

    ``scale`` is the number of ``unit`` in a second (divided by the nodes, for units per node). An engine is a function that imports
    its library, builds the problem and returns the step to be timed; the first one added is chainrule, the others are its peers.
    With ``nodes``, the memory of a step is printed too: the growth of its process's peak, in bytes per node. ``agree`` is the
    relative tolerance between results.
    """

    key: str
    title: str
    unit: str
    scale: float
    rounds: int
    nodes: int = 0
    agree: float = 1e-9
    engines: dict[str, Callable[[], Step]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rows[self.key] = self

    def engine(self, name: str) -> Callable[[Callable[[], Step]], Callable[[], Step]]:
        """Return a decorator that adds an engine to the row."""
        def add(build: Callable[[], Step]) -> Callable[[], Step]:
            self.engines[name] = build
            return build
        return add

    def measure(self) -> str:
        """Measure, and return the table as text; raises ArithmeticError where engines disagree about the result."""
        workers = {name: Worker(self.key, name) for name in self.engines}
        first = {name: worker.run() for name, worker in workers.items()}
        done = {name: run for name, run in first.items() if "failure" not in run}
        answer = next(iter(done.values()))["result"]
        for name, run in done.items():
            if not abs(run["result"] - answer) <= self.agree * abs(answer):
                raise ArithmeticError(f"{self.key}: {name} computes {run['result']!r}, the others {answer!r}")
        times = {name: [run["seconds"]] if run["seconds"] > SLOW else [] for name, run in done.items()}
        for _ in range(self.rounds):
            for name in [name for name, run in done.items() if run["seconds"] <= SLOW]:
                times[name].append(workers[name].run()["seconds"])
        for worker in workers.values():
            worker.stop()
        medians = {name: self.scale * median(samples) for name, samples in times.items()}
        return "\n".join([f"\n{self.title}", *(self.line(name, first[name], medians) for name in self.engines)])

    def line(self, name: str, run: dict[str, Any], medians: dict[str, float]) -> str:
        """An engine's line of the table: its median, its memory, and the ratio to chainrule's time."""
        if "failure" in run:
            return f"  {name:<24}{run['failure']}"
        own = next(iter(medians))
        memory = f"{run['bytes'] / self.nodes:>8.0f} bytes/node" if self.nodes else ""
        ratio = "" if name == own else f"   {own} takes {medians[own] / medians[name]:.3g} × as long"
        return f"  {name:<24}{medians[name]:>9.4g} {self.unit}{memory}{ratio}"


class Worker:
    """Process of one engine, which waits for its turns; each process pays only for its own garbage collection."""

    def __init__(self, key: str, engine: str):
        command = [sys.executable, "-m", "benchmarks", "--worker", key, engine]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, **ONE_THREAD})

    def run(self) -> dict[str, Any]:
        """Run one turn; return its seconds, its result and its growth of the memory peak, or the failure."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("run\n")
        self.process.stdin.flush()
        turn: dict[str, Any] = json.loads(self.process.stdout.readline())
        return turn

    def stop(self) -> None:
        """End the process."""
        self.process.communicate()


def work(build: Callable[[], Step]) -> None:
    """Run as a worker: build the engine, then run a turn and print a line for every line of input.

    The first turn is one cold step; later turns warm up first and repeat a short step, so that other engines' effects on the caches
    do not count.
    """
    step: Step | None = None
    seconds = SLOW
    for _ in sys.stdin:
        try:
            cold, step = step is None, step or build()
            if seconds < WARM and not cold:
                step()
            before, start, count = peak(), perf_counter(), 1 if cold else max(1, min(100, int(TURN / seconds)))
            for _ in range(count):
                result, _kept = step()
            seconds = (perf_counter() - start) / count
            turn = {"seconds": seconds, "result": result, "bytes": peak() - before}
            del _kept
        except ImportError as error:
            turn = {"failure": f"not installed ({error.name})"}
        except RecursionError:
            turn = {"failure": "fails: RecursionError"}
        print(json.dumps(turn), flush=True)


def peak() -> float:
    """The peak memory of this process in bytes; nan on systems without Linux's /proc."""
    status = Path("/proc/self/status")  # getrusage would count the parent's peak too
    return 1024.0 * int(status.read_text(encoding="ascii").split("VmHWM:")[1].split()[0]) if status.exists() else nan
