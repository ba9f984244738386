"""Measuring of rows: each engine runs in its own process, in alternating turns (A B C A B C …); a row gives a record for JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf, nan
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Protocol

# does the work once; returns a number on which all engines must agree, and objects to keep alive during the timing
Step = Callable[[], tuple[float, object]]
Record = dict[str, Any]  # of numbers, texts, lists and dicts: an entry of the JSON file
rows: dict[str, Table] = {}
ROOT = Path(__file__).parents[1]
OURS = ("chainrule", "compiled, native", "compiled step, native", "compiled, NumPy")
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "VECLIB_MAXIMUM_THREADS": "1",
              "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false"}
TURN = 0.1  # seconds: a shorter step is repeated in each turn
WARM = 1.0  # seconds: before a turn of a shorter step, a warm-up that does not count
FEW, PATIENCE, SLOW = 3, 5.0, 10.0  # an engine whose turns took over 5 s in all has 3; one over 10 s a turn has a single one
QUICK = 1.0  # seconds of a turn from which a trial run has a single one


class CannotRun(Exception):
    """Raised by an engine that cannot run here; its text is what the row says."""


@dataclass(frozen=True)
class Settings:
    """How a run measures: ``quick`` with few short turns; ``hips`` is the interpreter that has HIPS autograd."""

    quick: bool = False
    hips: str = ""

    @property
    def turn(self) -> float:
        """The seconds for which a short step is repeated."""
        return TURN / 10 if self.quick else TURN


class Table(Protocol):
    """Base of tables, each measured under a key."""

    title: str

    def measure(self, run: Settings) -> Record:
        """Measure, and return the record."""
        ...

    def work(self, part: str) -> None:
        """Run as the worker of an engine or of another part of the table."""
        ...


@dataclass
class Contender:
    """An engine of a row: ``build`` imports its library, builds the problem and returns the step to be timed.

    It does the ``share`` of the row's work, if it is slow and its time is proportional; ``elsewhere`` is true of HIPS autograd.
    """

    build: Callable[[], Step]
    share: float = 1.0
    elsewhere: bool = False


@dataclass
class Row:
    """One benchmark for several engines; a new row adds itself to ``rows``, under its key.

    ``scale`` is the number of ``unit`` in a second, divided by the repetitions in a step; ``rounds`` is the number of turns;
    ``agree`` is the relative tolerance between results, inf for none. With ``nodes``, times and memory are told per node too.
    """

    key: str
    title: str
    unit: str
    scale: float
    rounds: int
    nodes: int = 0
    agree: float = 1e-9
    engines: dict[str, Contender] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rows[self.key] = self

    def engine(self, name: str, **options: Any) -> Callable[[Callable[[], Step]], Callable[[], Step]]:
        """Return a decorator that adds an engine to the row; options as of ``Contender``."""
        def add(build: Callable[[], Step]) -> Callable[[], Step]:
            self.engines[name] = Contender(build, **options)
            return build
        return add

    def work(self, part: str) -> None:
        """Run as the worker of an engine."""
        serve(turns(self.engines[part].build))

    def measure(self, run: Settings, worker: Callable[..., Any] | None = None) -> Record:
        """Measure, and return the record; raises ArithmeticError where engines disagree about the result."""
        make = worker or Worker
        workers = {name: make(self.key, name, run.hips if engine.elsewhere else sys.executable)
                   for name, engine in self.engines.items()}
        try:
            found = {name: self.begun(name, worker.run(run.turn)) for name, worker in workers.items()}
            done = {name: engine for name, engine in found.items() if "failure" not in engine}
            self.compare({name: engine["result"] for name, engine in done.items()})
            for _ in range(min(self.rounds, FEW) if run.quick else self.rounds):
                for name, engine in done.items():
                    if wanted([time / self.unit_of(name) for time in engine["times"]], QUICK if run.quick else SLOW):
                        engine["times"].append(self.value(name, workers[name].run(run.turn)))
        finally:
            for worker in workers.values():
                worker.stop()
        return {"title": self.title, "unit": self.unit, "nodes": self.nodes, "engines": found}

    def unit_of(self, name: str) -> float:
        """The number of units that a second of a step of this engine is."""
        return self.scale / self.engines[name].share

    def value(self, name: str, turn: Record) -> float:
        """The sample of a turn, in the row's unit. Raises RuntimeError for a turn that fails after the first."""
        if "failure" in turn:
            raise RuntimeError(f"{self.key}: {name} {turn['failure']}, after turns that did not")
        return rounded(turn["seconds"] * self.unit_of(name))

    def begun(self, name: str, turn: Record) -> Record:
        """The record of an engine after its first turn: without times yet, as that one is cold."""
        if "failure" in turn:
            return {"failure": turn["failure"]}
        share = self.engines[name].share
        return {"times": [], "first": self.value(name, turn), "bytes": round(turn["bytes"] / share) if turn["bytes"] >= 0 else None,
                "result": turn["result"]} | ({"share": share} if share != 1 else {})

    def compare(self, results: dict[str, float]) -> None:
        """Hold the engines' results against each other."""
        if not results or self.agree == inf:
            return
        middle = median(results.values())
        for name, result in results.items():
            if not abs(result - middle) <= self.agree * abs(middle):
                raise ArithmeticError(f"{self.key}: {name} computes {result!r}, the others {middle!r}")


def wanted(seconds: list[float], slow: float) -> bool:
    """True while an engine that took these times is to take part in the next round; a slow one takes part in one."""
    return not seconds or seconds[0] <= slow and (len(seconds) < FEW or sum(max(s, TURN) for s in seconds) < PATIENCE)


def rounded(x: float) -> float:
    """A number to five digits, which is more than any measurement has."""
    return float(f"{x:.5g}")


# ── processes ────────────────────────────────────────────────────────────────────────────────────────────────────

class Worker:
    """Process of one engine, which waits for its turns; each process pays only for its own garbage collection."""

    def __init__(self, key: str, part: str, interpreter: str = sys.executable):
        self.process: subprocess.Popen[str] | None = None
        if not interpreter:
            return
        program = f"from benchmarks.all_rows import rows; rows[{key!r}].work({part!r})"
        command, settings = [interpreter, "-c", program], {**os.environ, **ONE_THREAD}
        if interpreter != sys.executable:  # its own packages come first, also one that is called autograd
            settings = alone() | ONE_THREAD
            command = [interpreter, "-P", "-c", f"import sys; sys.path.append({str(ROOT)!r}); {program}"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=settings, cwd=ROOT)

    def run(self, turn: float) -> Record:
        """Run one turn; return what the worker says: seconds, result and memory, or the failure."""
        if self.process is None:
            return {"failure": "not installed (make bench makes an environment for it; --hips names one)"}
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.write(f"{turn}\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        line = self.process.stdout.readline()
        if not line:
            return {"failure": f"fails: its process ended with {self.process.wait()}"}
        said: Record = json.loads(line)
        return said

    def stop(self) -> None:
        """End the process."""
        if self.process is not None:
            self.process.kill()
            self.process.communicate()


def alone() -> dict[str, str]:
    """The environment of another interpreter, whose packages are its own."""
    return {name: text for name, text in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}


def serve(answer: Callable[[float], Record]) -> None:
    """Answer every line of input, the seconds of a turn, by a line of JSON."""
    out, sys.stdout = sys.stdout, sys.stderr  # a library that prints does not answer
    for line in sys.stdin:
        try:
            said = answer(float(line))
        except ImportError as error:
            said = {"failure": f"not installed ({error.name})"}
        except CannotRun as error:
            said = {"failure": f"not available ({error})"}
        except Exception as error:
            reason = "" if isinstance(error, RecursionError) else f" ({error})"[:200]
            said = {"failure": f"fails: {type(error).__name__}{reason}"}
        print(json.dumps(said), flush=True, file=out)


def turns(build: Callable[[], Step]) -> Callable[[float], Record]:
    """The turns of an engine, which is built in the first one.

    The first turn is one cold step; later turns warm up first and repeat a short step, so that neither compiling nor other engines'
    effects on the caches count.
    """
    step: Step | None = None
    seconds = SLOW

    def turn(length: float) -> Record:
        nonlocal step, seconds
        cold, step = step is None, step or build()
        if seconds < WARM and not cold:
            step()
        before, start, count = peak(anew=cold), perf_counter(), 1 if cold else max(1, min(1000, int(length / seconds)))
        for _ in range(count):
            result, _kept = step()
        seconds = (perf_counter() - start) / count
        grown = peak() - before
        return {"seconds": seconds, "result": result, "bytes": grown if grown == grown else -1}
    return turn


def peak(anew: bool = False) -> float:
    """The peak memory of this process in bytes, from now on if ``anew``; nan on systems without Linux's /proc."""
    status = Path("/proc/self/status")  # getrusage would count the parent's peak too
    if not status.exists():
        return nan
    if anew:
        try:
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        except OSError:
            pass  # the growth above the peak until now, then
    return 1024.0 * int(status.read_text(encoding="ascii").split("VmHWM:")[1].split()[0])
