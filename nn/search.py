"""Hyper-parameter search: a thin layer over Optuna, whose study lives here while parameter sets are tried elsewhere.

Ask and tell: this process asks the study for parameters, hands them to any ``concurrent.futures.Executor`` (processes
on this machine by default; ``dask.distributed.Client(…).get_executor()`` for a cluster) and tells it what came back.
Needs the extra ``chainrule[search]``.
"""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from itertools import pairwise, product
from pathlib import Path
from time import perf_counter
from typing import Any, Literal, NamedTuple


class EdgeWarning(UserWarning):
    """The best parameters lie at the edge of where they were looked for: better ones may lie beyond."""


class Range(NamedTuple):
    """Numbers from ``low`` to ``high``, both included: evenly, or with ``log`` evenly in their logarithm."""

    low: float
    high: float
    log: bool = False
    whole: bool = False

    def place(self, x: float) -> float:
        """Where x lies, 0 at the low end and 1 at the high end."""
        low, high, x = (math.log(n) if self.log else n for n in (self.low, self.high, x))
        return (x - low) / (high - low)

    def at(self, place: float) -> float:
        """The number at a place from 0 to 1; the ends themselves, exactly."""
        if place <= 0 or place >= 1:
            return self.low if place <= 0 else self.high
        x = self.low * (self.high / self.low) ** place if self.log else self.low + (self.high - self.low) * place
        return round(x) if self.whole else x


def uniform(low: float, high: float) -> Range:
    """Any number from low to high."""
    return _range(Range(float(low), float(high)))


def log_uniform(low: float, high: float) -> Range:
    """Any number from low to high, with every factor of ten as likely as another: for learning rates, weight decay.

    >>> [round(log_uniform(1e-4, 1e-1).at(place), 6) for place in (0, 1 / 3, 2 / 3, 1)]
    [0.0001, 0.001, 0.01, 0.1]
    """
    return _range(Range(float(low), float(high), log=True))


def integers(low: int, high: int, log: bool = False) -> Range:
    """Any whole number from low to high, both included."""
    return _range(Range(int(low), int(high), log, whole=True))


Space = Mapping[str, Range | Sequence[Any]]


def optimize(objective: Callable[..., Any], space: Space, trials: int | None = 20, *, sampler: str = "tpe",
             direction: Literal["minimize", "maximize"] = "minimize", seed: int = 0, budgets: Sequence[int] = (), points: int = 5,
             executor: Executor | None = None, workers: int | None = None, journal: str | Path | None = None,
             progress: bool = True) -> Results:
    """Try ``trials`` sets of parameters and return the results, best first.

    ``objective(params)`` returns a number, or several (one for each fold), whose mean counts; it must be importable by
    the workers. ``space`` has for each name a ``Range``, or a sequence to choose from. ``sampler`` is "random", "tpe", or
    "grid" (every combination, of ``points`` numbers from each range; ``trials=None`` for all).

    With ``budgets`` (say epochs: (2, 6, 18), each the same multiple of the one before) ``objective(params, budget)`` is
    called with the smallest first, and only the best go on to the next: successive halving.

    ``workers`` parameter sets are tried at once (default: one per processor; 0: one after another in this process).
    ``journal`` is a file that a stopped search resumes from, in which case ``trials`` counts those in it. A worker that
    dies costs nothing but time: what it was trying is tried again. An objective that raises, or gives nan, is a
    failed trial in the table; RuntimeError if all fail. Warns with ``EdgeWarning`` where the best is at an edge.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tqdm's, of notebooks without widgets, where the plain bar does as well
        import optuna
        from optuna.storages.journal import JournalFileBackend, JournalStorage
    space = {name: part if isinstance(part, Range) else tuple(part) for name, part in space.items()}
    if sampler not in ("grid", "random", "tpe") or direction not in ("minimize", "maximize"):
        raise ValueError(f"optimize: sampler={sampler!r} is 'grid', 'random' or 'tpe'; direction={direction!r} 'minimize' or "
                         "'maximize'")
    if not space or not all(space.values()):
        raise ValueError(f"optimize: the space {space!r:.80} has nothing to choose from; give each name a range or choices")
    if trials is None and sampler != "grid":
        raise ValueError(f"optimize: trials=None is for sampler='grid', which has an end; say how many for {sampler!r}")
    factor = _factor(budgets)
    with _quiet(optuna):
        storage = None if journal is None else JournalStorage(JournalFileBackend(str(journal)))
        study = optuna.create_study(storage=storage, study_name="search", direction=direction, load_if_exists=True,
                                    pruner=optuna.pruners.SuccessiveHalvingPruner(budgets[0], factor) if budgets else
                                    optuna.pruners.NopPruner())
        told = repr((sorted(space.items()), tuple(budgets), direction))
        if study.user_attrs.setdefault("space", told) != told:
            raise ValueError(f"optimize: {journal} holds a search of {study.user_attrs['space']}; this one is of {told}. Give it a "
                             "journal of its own")
        study.set_user_attr("space", told)
        begun = len(study.trials)
        study.sampler = (optuna.samplers.TPESampler if sampler == "tpe" else optuna.samplers.RandomSampler)(seed=seed + begun)
        if sampler == "grid":
            for values in product(*(_grid(part, points) for part in space.values())):
                study.enqueue_trial(dict(zip(space, values)), skip_if_exists=True)
            trials = min(trials or len(study.trials), len(study.trials))
        distributions = {name: _distribution(optuna, part) for name, part in space.items()}
        pool = _Pool(executor, os.cpu_count() or 1 if workers is None else workers)
        try:
            _Search(optuna, study, objective, distributions, tuple(budgets), pool).run(trials or 0, progress)
        finally:
            pool.close()
        results = Results(space, direction, [_row(trial) for trial in study.trials if trial.state.is_finished()])
    if results.rows and not any(row["state"] == "done" for row in results.rows):
        raise RuntimeError(f"optimize: none of {len(results.rows)} trials succeeded; the last one: {results.rows[-1]['state']}")
    for sentence in results.at_edge:
        warnings.warn(sentence, EdgeWarning, stacklevel=2)
    return results


class CrossValidation:
    """An objective for ``optimize`` from one for a single split: the scores of ``objective(params, train, validation)``,
    pairs of arrays, on k folds that are the same for all parameters (Kohavi, 1995).
    """

    def __init__(self, objective: Callable[..., float], data: Any, k: int = 5, seed: int = 0, stratify: bool = True):
        from .data import arrays, k_fold
        self.objective, (self.x, self.y) = objective, arrays(data)
        self.folds = list(k_fold(self.y, k, seed, stratify))

    def __call__(self, params: dict[str, Any], *budget: int) -> list[float]:
        return [self.objective(params, (self.x[train], self.y[train]), (self.x[rest], self.y[rest]), *budget)
                for train, rest in self.folds]


class Results:
    """What was tried: ``rows``, a dict for each trial, best first; ``best`` is the first, ``params`` its parameters."""

    def __init__(self, space: Space, direction: str, rows: list[dict[str, Any]]):
        self.space, self.direction = dict(space), direction
        sign = 1 if direction == "minimize" else -1
        order = {"done": 0, "halted": 1}
        self.rows = sorted(rows, key=lambda row: (order.get(row["state"], 2), -(row["budget"] or 0),
                                                  sign * row["value"] if row["value"] is not None else math.inf))

    @property
    def best(self) -> dict[str, Any]:
        """The row of the best trial; LookupError where there is none."""
        if not self.rows:
            raise LookupError("no trial has ended yet, so there is no best one")
        return self.rows[0]

    @property
    def params(self) -> dict[str, Any]:
        """The best parameters."""
        return {name: self.best[name] for name in self.space}

    @property
    def at_edge(self) -> list[str]:
        """A sentence for each parameter whose best value is at the edge of where it was looked for."""
        sentences = []
        for name, part in self.space.items() if self.rows else ():
            x = self.best[name]
            if isinstance(part, Range):
                near = 0.0 if part.whole else 0.02
                side = "low" if part.place(x) <= near else "high" if part.place(x) >= 1 - near else ""
                looked = f"from {part.low:g} to {part.high:g}"
            else:
                numbers = sorted(n for n in part if isinstance(n, (int, float)))
                ordered = len(numbers) == len(part) > 2
                side = ("low" if x == numbers[0] else "high" if x == numbers[-1] else "") if ordered else ""
                looked = f"among {', '.join(map(str, part))}"
            if side:
                sentences.append(f"the best {name}, {x:.3g}, is at the {side} edge of where it was looked for, {looked}: look "
                                 "beyond it")
        return sentences

    def narrowed(self, share: float = 0.2) -> dict[str, Range | Sequence[Any]]:
        """From coarse to fine: a space around the best ``share`` of the trials (three at least), to search again."""
        done = [row for row in self.rows if row["state"] == "done"]
        top = done[:max(3, round(share * len(done)))]
        space: dict[str, Range | Sequence[Any]] = {}
        for name, part in self.space.items():
            values = [row[name] for row in top]
            if isinstance(part, Range):
                places = [part.place(x) for x in values]
                margin = max((max(places) - min(places)) / 4, 0.02)
                low, high = part.at(min(places) - margin), part.at(max(places) + margin)
                space[name] = part._replace(low=low, high=high) if low < high else part
            else:
                space[name] = tuple(x for x in part if x in values)
        return space

    def to_frame(self) -> Any:
        """The rows as a pandas DataFrame, indexed by trial; needs pandas."""
        import pandas as pd
        return pd.DataFrame(self.rows).set_index("trial")

    def plot(self, path: str | Path | None = None) -> Any:
        """A scatter plot of the value against each parameter; a matplotlib Figure, written to ``path``."""
        from matplotlib.figure import Figure
        figure = Figure(figsize=(3.2 * len(self.space), 3.0), layout="constrained")
        for axes, (name, part) in zip(figure.subplots(1, len(self.space), squeeze=False, sharey=True)[0], self.space.items()):
            for state, marker in (("halted", "x"), ("done", "o")):
                rows = [row for row in self.rows if row["state"] == state]
                values = [row[name] if isinstance(part, Range) else str(row[name]) for row in rows]
                axes.scatter(values, [row["value"] for row in rows], marker=marker, s=16, label=state)
            axes.set(xlabel=name, xscale="log" if isinstance(part, Range) and part.log else axes.get_xscale())
            axes.spines[["top", "right"]].set_visible(False)
        figure.axes[0].set_ylabel(f"value ({self.direction})")
        if path is not None:
            figure.savefig(path)
        return figure

    def __repr__(self) -> str:
        optional = [name for name in ("std", "budget") if any(row[name] is not None for row in self.rows)]
        names = ["trial", "value", *self.space, *optional, "seconds", "state"]
        table = [names] + [[_shown(row[name]) for name in names] for row in self.rows]
        widths = [max(map(len, column)) for column in zip(*table)]
        lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths)) for row in table]
        return "\n".join([*lines, *(f"warning: {sentence}" for sentence in self.at_edge)])


def _shown(value: Any) -> str:
    return "" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)


# ── the search itself ────────────────────────────────────────────────────────────────────────────────────────────

class _Job:
    """A trial on its way: its parameters, which budget is next, and how often a worker died while it was tried."""

    def __init__(self, trial: Any, params: dict[str, Any]):
        self.trial, self.params, self.rung, self.deaths = trial, params, 0, 0


class _Search:
    """Keeps the pool busy with trials of the study until all are finished."""

    def __init__(self, optuna: Any, study: Any, objective: Callable[..., Any], distributions: dict[str, Any],
                 budgets: tuple[int, ...], pool: _Pool):
        self.optuna, self.study, self.objective, self.distributions = optuna, study, objective, distributions
        self.budgets, self.pool = budgets, pool
        self.again: list[_Job] = []
        self.running: dict[Future[Any], _Job] = {}

    def run(self, trials: int, progress: bool) -> None:
        from tqdm.auto import tqdm
        states = self.optuna.trial.TrialState
        for left in self.study.get_trials(states=(states.RUNNING,)):  # by a search that was stopped
            trial = self.optuna.trial.Trial(self.study, left._trial_id)
            reported = len(left.intermediate_values)
            if left.params.keys() != self.distributions.keys():
                self.study.tell(trial, state=states.FAIL)
            elif reported and reported == len(self.budgets):
                self.study.tell(trial, left.intermediate_values[left.last_step])
            else:
                job = _Job(trial, left.params)
                job.rung = reported
                self.again.append(job)
        with tqdm(total=trials, unit="trial", desc="search", disable=not progress) as bar:
            while True:
                finished = sum(trial.state.is_finished() for trial in self.study.get_trials(deepcopy=False))
                bar.update(finished - bar.n)
                self._submit(trials - finished)
                if not self.running:
                    return
                done, _ = wait(self.running, return_when=FIRST_COMPLETED)
                self._collect(done)

    def _submit(self, due: int) -> None:
        alone = any(job.deaths for job in (*self.again, *self.running.values()))
        while len(self.running) < (1 if alone else self.pool.width):
            if self.again:
                job = self.again.pop(0)
            elif len(self.running) < due:
                trial = self.study.ask(self.distributions)
                job = _Job(trial, trial.params)
            else:
                return
            budget = self.budgets[job.rung:job.rung + 1]
            self.running[self.pool.submit(_evaluate, self.objective, job.params, budget, job.trial.number)] = job

    def _collect(self, done: set[Future[Any]]) -> None:
        broken = [future for future in done if isinstance(future.exception(), BrokenExecutor)]
        if broken:  # a worker died, and took with it whatever was running: each is tried again, alone
            wait(self.running)
            lost = [self.running.pop(future) for future in list(self.running) if isinstance(future.exception(), BrokenExecutor)]
            self.pool.renew(lost[0].trial.number, len(lost))
            for job in lost:
                job.deaths += 1
                if job.deaths < 2:
                    self.again.append(job)
                else:
                    self._fail(job, "its worker died twice")
            done = {future for future in self.running if future.done()}
        for future in done:
            job = self.running.pop(future)
            error = future.exception()
            if error is not None:
                self._fail(job, f"{type(error).__name__}: {error}")
            else:
                self._told(job, *future.result())

    def _fail(self, job: _Job, why: str) -> None:
        job.trial.set_user_attr("why", f"failed: {why}")
        self.study.tell(job.trial, state=self.optuna.trial.TrialState.FAIL)

    def _told(self, job: _Job, values: list[float], seconds: float) -> None:
        value = sum(values) / len(values)
        job.deaths = 0
        job.trial.set_user_attr("seconds", job.trial.user_attrs.get("seconds", 0.0) + seconds)
        job.trial.set_user_attr("values", values)
        if not math.isfinite(value):
            self._fail(job, f"the objective gave {value}")
            return
        if self.budgets:
            job.trial.report(value, self.budgets[job.rung])
            job.rung += 1
            if job.rung < len(self.budgets):
                if job.trial.should_prune():
                    self.study.tell(job.trial, state=self.optuna.trial.TrialState.PRUNED)
                else:
                    self.again.append(job)
                return
        self.study.tell(job.trial, value)


class _Here(Executor):
    """Runs everything at once in this process."""

    def submit(self, function: Callable[..., Any], /, *args: Any, **options: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(function(*args, **options))
        except Exception as error:
            future.set_exception(error)
        return future


class _Pool:
    """The executor: the one that was given, or processes of our own, which can be renewed when one has died."""

    def __init__(self, given: Executor | None, width: int):
        self.given, self.width = given, max(width, 1)
        self.executor = given or (self._processes() if width else _Here())
        self.own = given is None

    def _processes(self) -> Executor:
        from multiprocessing import get_context
        return ProcessPoolExecutor(self.width, get_context("spawn"), initializer=_one_thread)

    def submit(self, *job: Any) -> Future[Any]:
        return self.executor.submit(*job)

    def renew(self, trial: int, lost: int) -> None:
        if not self.own:
            raise RuntimeError(f"optimize: the executor broke while it tried trial {trial} and {lost - 1} others; with a journal= "
                               "they are tried again when the search is resumed with a new executor")
        self.executor.shutdown(wait=False)
        self.executor = self._processes()

    def close(self) -> None:
        if self.own:
            self.executor.shutdown(wait=True, cancel_futures=True)


def _one_thread() -> None:
    """A worker for each processor: more threads in each would only wait for one another."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")


def _evaluate(objective: Callable[..., Any], params: dict[str, Any], budget: tuple[int, ...],
              number: int) -> tuple[list[float], float]:
    """What a worker does; ``number`` tells equal parameter sets of two trials apart."""
    begun = perf_counter()
    value = objective(params, *budget)
    values = [float(x) for x in value] if hasattr(value, "__iter__") else [float(value)]
    return values, perf_counter() - begun


def _row(trial: Any) -> dict[str, Any]:
    values = trial.user_attrs.get("values", [])
    state = {"COMPLETE": "done", "PRUNED": "halted"}.get(trial.state.name) or trial.user_attrs.get("why", "failed: lost")
    mean = sum(values) / len(values) if values else None
    std = (sum((x - mean) ** 2 for x in values) / (len(values) - 1)) ** 0.5 if mean is not None and len(values) > 1 else None
    return {"trial": trial.number, "value": mean, **trial.params, "std": std, "budget": trial.last_step,
            "seconds": trial.user_attrs.get("seconds"), "state": state}


def _range(part: Range) -> Range:
    if not (math.isfinite(part.low) and math.isfinite(part.high) and part.low < part.high) or part.log and part.low <= 0:
        above = ", above 0 where it is logarithmic" if part.log else ""
        raise ValueError(f"a range goes from a finite low to a higher high{above}; got {part.low!r} to {part.high!r}")
    return part


def _factor(budgets: Sequence[int]) -> int:
    if not budgets:
        return 0
    factors = {b / a for a, b in pairwise(budgets)}
    if len(factors) != 1 or min(factors) < 2 or min(factors) % 1:
        raise ValueError(f"optimize: budgets={tuple(budgets)!r} must be two or more, each the same whole multiple of the one "
                         "before, such as (2, 6, 18)")
    return int(factors.pop())


def _grid(part: Range | Sequence[Any], points: int) -> Sequence[Any]:
    if not isinstance(part, Range):
        return part
    if points < 2:
        raise ValueError(f"optimize: points={points}; a grid has two or more in each range, its ends")
    return list(dict.fromkeys(part.at(i / (points - 1)) for i in range(points)))


def _distribution(optuna: Any, part: Range | Sequence[Any]) -> Any:
    if not isinstance(part, Range):
        return optuna.distributions.CategoricalDistribution(part)
    kind = optuna.distributions.IntDistribution if part.whole else optuna.distributions.FloatDistribution
    return kind(part.low, part.high, log=part.log)


@contextmanager
def _quiet(optuna: Any) -> Iterator[None]:
    """Without Optuna's line for every trial."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
