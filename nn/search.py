"""Hyper-parameter search: a thin layer over Optuna; the study is in this process, and the trials may run elsewhere.

Ask and tell: this process asks the study for parameters, hands them to a pool (processes on this machine by default, any
``concurrent.futures.Executor``, or the ``Client`` of a Dask cluster) and tells the study the results. Needs the extra
``chainrule[search]``.
"""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, wait
from contextlib import contextmanager
from itertools import pairwise, product
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from autograd.languages import reader_language, spoken
from autograd.notebook import aligned, shortened, table

from .arguments import whole_number
from .parallel import Objective, Outcome, Pool, WorkersLost, lost
from .progress import progress_bar

if TYPE_CHECKING:
    from distributed import Client

    from .typing import Data, Params

__all__ = ["CrossValidation", "EdgeWarning", "Range", "Results", "integers", "log_uniform", "optimize", "uniform"]

_STUDY = "search"  # name of the study in a journal


class EdgeWarning(UserWarning):
    """Warning that the best parameters lie at the edge of their range, so better ones may lie outside it."""


class Range(NamedTuple):
    """Range of numbers from ``low`` to ``high``, both included, sampled uniformly, or with ``log`` uniformly in the logarithm.

    With ``whole`` the numbers are integers.
    """

    low: float
    high: float
    log: bool = False
    whole: bool = False

    def place(self, x: float) -> float:
        """Return the position of x: 0 at the low end, 1 at the high end."""
        low, high, x = (math.log(n) if self.log else n for n in (self.low, self.high, x))
        return (x - low) / (high - low)

    def at(self, place: float) -> float:
        """Return the number at a position from 0 to 1; at the ends exactly ``low`` and ``high``."""
        if place <= 0 or place >= 1:
            return self.low if place <= 0 else self.high
        x = self.low * (self.high / self.low) ** place if self.log else self.low + (self.high - self.low) * place
        return round(x) if self.whole else x


def uniform(low: float, high: float) -> Range:
    """Return the range of all numbers from low to high."""
    return _range(Range(float(low), float(high)))


def log_uniform(low: float, high: float) -> Range:
    """Return the range from low to high in which every factor of ten is equally likely: for learning rates, weight decay.

    >>> [round(log_uniform(1e-4, 1e-1).at(place), 6) for place in (0, 1 / 3, 2 / 3, 1)]
    [0.0001, 0.001, 0.01, 0.1]
    """
    return _range(Range(float(low), float(high), log=True))


def integers(low: int, high: int, log: bool = False) -> Range:
    """Return the range of whole numbers from low to high, both included.

    >>> integers(2, 64).at(0.5)
    33
    """
    if int(low) != low or int(high) != high:
        raise ValueError(f"integers: {low!r} to {high!r}; both ends must be whole numbers")
    return _range(Range(int(low), int(high), log, whole=True))


Space = Mapping[str, Range | Sequence[Any]]


def optimize(objective: Objective, space: Space, trials: int | None = 20, *, sampler: str = "tpe",
             direction: Literal["minimize", "maximize"] = "minimize", seed: int = 0, budgets: Sequence[int] = (), points: int = 5,
             executor: Executor | Client | None = None, workers: int | None = None, worker_timeout: float = 60.0,
             journal: str | Path | None = None, progress: bool = True) -> Results:
    """Try ``trials`` sets of parameters and return the results, best first.

    ``objective(params)`` returns a number, or several (one for each fold), which are averaged. ``space`` maps each name to a
    ``Range``, or to a sequence of choices. ``sampler`` is "random", "tpe", or "grid" (every combination, of ``points`` numbers from
    each range; ``trials=None`` for all).

    With ``budgets`` (for example epochs: (2, 6, 18), each the same multiple of the one before) ``objective(params, budget)`` is
    called with the smallest budget first, and only the best trials continue with the next one: successive halving.

    ``workers`` parameter sets are tried at once, each in a process of its own (default: one per processor; 0: one after
    another in this process). The objective may be any function that cloudpickle can send, also a lambda or a function of a
    notebook. ``executor`` runs the trials elsewhere: a ``concurrent.futures.Executor``, or a Dask ``Client``. ``journal`` is a file
    from which a stopped search continues; ``trials`` includes those in it.

    If a worker dies, its trial is repeated. An objective that raises, or returns no finite number, is a failed trial in the table;
    if all trials fail, RuntimeError is raised. A Dask cluster without workers for ``worker_timeout`` seconds ends the search with
    the results so far, and a warning. Warns with ``EdgeWarning`` where the best parameters are at an edge.

    >>> results = optimize(lambda params: (params["x"] - 3) ** 2, {"x": range(7)}, None, sampler="grid", workers=0, progress=False)
    >>> results.params
    {'x': 3}
    """
    space = {name: part if isinstance(part, Range) else tuple(map(_plain, part)) for name, part in space.items()}
    budgets = tuple(whole_number(budget, "optimize: a budget") for budget in budgets)
    _check(space, trials, sampler, direction, budgets)
    optuna = _optuna()
    with _quiet(optuna):
        study, storage = _study(optuna, journal, space, budgets, direction)
        seed = whole_number(seed, "optimize: seed", 0) + len(study.trials)
        study.sampler = optuna.samplers.TPESampler(seed=seed) if sampler == "tpe" else optuna.samplers.RandomSampler(seed=seed)
        if sampler == "grid":
            for values in product(*(_grid(part, points) for part in space.values())):
                study.enqueue_trial(dict(zip(space, values)), skip_if_exists=True)
            trials = min(trials or len(study.trials), len(study.trials))
        width = os.cpu_count() or 1 if workers is None else whole_number(workers, "optimize: workers", 0)
        search = _Search(optuna, study, {name: _distribution(optuna, part) for name, part in space.items()}, budgets,
                         Pool(objective, executor, width, worker_timeout))
        gave_up = search.run(whole_number(trials or 0, "optimize: trials", 0), storage, progress)
        results = Results(space, direction, [_row(trial) for trial in study.trials if trial.state.is_finished()])
    _tell(results, gave_up, journal)
    return results


def _check(space: dict[str, Any], trials: int | None, sampler: str, direction: str, budgets: tuple[int, ...]) -> None:
    """Raise ValueError for invalid arguments of a search."""
    if sampler not in ("grid", "random", "tpe") or direction not in ("minimize", "maximize"):
        raise ValueError(f"optimize: sampler={sampler!r} must be 'grid', 'random' or 'tpe'; direction={direction!r} must be "
                         "'minimize' or 'maximize'")
    if not space or not all(space.values()):
        raise ValueError(f"optimize: the space {space!r:.80} is empty; give each name a range or choices")
    if trials is None and sampler != "grid":
        raise ValueError(f"optimize: trials=None is for sampler='grid' only; give a number of trials for {sampler!r}")
    _factor(budgets)


def _tell(results: Results, gave_up: str, journal: str | Path | None) -> None:
    """Raise where no trial succeeded; warn where the search gave up, or the best parameters are at an edge."""
    if gave_up:
        remedy = "start workers and call optimize again" + (": the journal keeps the results" if journal is not None else
                                                             "; with a journal= the results are kept")
        gave_up = f"optimize: {gave_up}; {len(results.rows)} trials had ended by then. To go on, {remedy}"
        if not results.rows:
            raise RuntimeError(gave_up)
        warnings.warn(gave_up, RuntimeWarning, stacklevel=3)
    if results.rows and not any(row["state"] == "done" for row in results.rows):
        raise RuntimeError(f"optimize: none of {len(results.rows)} trials succeeded; the last one: {results.rows[-1]['state']}")
    for sentence in results.at_edge:
        warnings.warn(results.said(sentence), EdgeWarning, stacklevel=3)


class CrossValidation:
    """Objective for ``optimize`` that scores each of k folds, with the same folds for all parameters (Kohavi, 1995).

    It returns ``objective(params, train, validation)`` for every fold; both are pairs of arrays, inputs and labels.
    """

    def __init__(self, objective: Callable[..., float], data: Data, k: int = 5, seed: int = 0, stratify: bool = True):
        from .data import arrays, k_fold
        self.objective, (self.x, self.y) = objective, arrays(data)
        self.folds = list(k_fold(self.y, k, seed, stratify))

    def __repr__(self) -> str:
        name = getattr(self.objective, "__name__", "an objective")
        return f"<CrossValidation of {name}: {len(self.folds)} folds of {len(self.y):,} examples>"

    def __call__(self, params: Params, *budget: int) -> list[float]:
        return [self.objective(params, (self.x[train], self.y[train]), (self.x[rest], self.y[rest]), *budget)
                for train, rest in self.folds]


class Results:
    """Results of a search: ``rows`` has a dict for each trial, best first; ``best`` is the first, ``params`` its parameters.

    They are shown in the language ``lang``, "en" or "ko", by default the system's; ``rows`` and ``at_edge`` stay English.
    """

    def __init__(self, space: Space, direction: str, rows: list[Params], lang: str | None = None):
        self.space, self.direction, self.lang = dict(space), direction, reader_language(lang)
        sign = 1 if direction == "minimize" else -1
        order = {"done": 0, "halted": 1}
        self.rows = sorted(rows, key=lambda row: (order.get(row["state"], 2), -(row["budget"] or 0),
                                                  sign * row["value"] if row["value"] is not None else math.inf))

    @property
    def best(self) -> dict[str, Any]:
        """The row of the best trial; raises LookupError before a trial has ended."""
        if not self.rows:
            raise LookupError("no trial has ended yet, so there is no best one")
        return self.rows[0]

    @property
    def params(self) -> dict[str, Any]:
        """The best parameters."""
        return {name: self.best[name] for name in self.space}

    @property
    def at_edge(self) -> list[str]:
        """A sentence for each parameter whose best value lies at the edge of its range."""
        sentences = []
        for name, part in self.space.items() if self.rows else ():
            x = self.best[name]
            if isinstance(part, Range):
                near = 0.0 if part.whole else 0.02
                side = "low" if part.place(x) <= near else "high" if part.place(x) >= 1 - near else ""
                looked = f"from {part.low:g} to {part.high:g}"
            else:
                numbers = sorted(n for n in part if isinstance(n, Real))
                ordered = len(numbers) == len(part) > 2
                side = ("low" if x == numbers[0] else "high" if x == numbers[-1] else "") if ordered else ""
                looked = f"among {', '.join(map(str, part))}"
            if side:
                sentences.append(f"the best {name}, {x:.3g}, is at the {side} edge of where it was looked for, {looked}: look "
                                 "beyond it")
        return sentences

    def narrowed(self, share: float = 0.2) -> dict[str, Range | Sequence[Any]]:
        """Return a smaller space around the best ``share`` of the trials (at least three), for a finer search."""
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
        """Return the rows as a pandas DataFrame, indexed by trial; needs pandas."""
        import pandas as pd
        return pd.DataFrame(self.rows).set_index("trial")

    def plot(self, path: str | Path | None = None) -> Any:
        """Plot the value against each parameter; return a matplotlib Figure, and write it to ``path`` if given."""
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

    def said(self, text: str) -> str:
        """Return one of its texts, such as a sentence of ``at_edge``, in its language."""
        return spoken(text, self.lang, Path(__file__).parent)

    def _cells(self) -> list[list[str]]:
        """The table as text, with its head."""
        optional = [name for name in ("std", "budget") if any(row[name] is not None for row in self.rows)]
        names = ["trial", "value", *self.space, *optional, "seconds", "state"]
        heads = [name if name in self.space else self.said(name) for name in names]
        return [heads] + [[*(_shown(row[name]) for name in names[:-1]), self.said(row["state"])] for row in self.rows]

    def __repr__(self) -> str:
        return shortened(str(self))

    def _repr_html_(self) -> str:
        head, *rows = self._cells()
        return table(head, rows, self.said(f"{len(rows):,} trials, best first"), map(self.said, self.at_edge), bold=[0])

    def __str__(self) -> str:
        return "\n".join([*aligned(self._cells()), *(self.said(f"warning: {sentence}") for sentence in self.at_edge)])


def _shown(value: Any) -> str:
    return "" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)


# ── the search itself ────────────────────────────────────────────────────────────────────────────────────────────

class _Job:
    """A running trial: its parameters, the index of its next budget, and the number of workers that died during it."""

    def __init__(self, trial: Any, params: Params):
        self.trial, self.params, self.rung, self.deaths = trial, params, 0, 0


class _Search:
    """Scheduler that keeps the pool busy with trials of the study until all have ended."""

    def __init__(self, optuna: Any, study: Any, distributions: dict[str, Any], budgets: tuple[int, ...], pool: Pool):
        self.optuna, self.study, self.distributions = optuna, study, distributions
        self.budgets, self.pool = budgets, pool
        self.again: list[_Job] = []
        self.running: dict[Future[Outcome], _Job] = {}

    def run(self, trials: int, storage: Any, progress: bool) -> str:
        """Run until this many trials have ended; return the reason for giving up earlier, or ""."""
        finished = False
        try:
            self._resume(storage)
            self._run(trials, progress)
            finished = True
        except WorkersLost as error:
            for future in self.running:
                future.cancel()
            numbers = ", ".join(str(job.trial.number) for job in (*self.running.values(), *self.again))
            return f"{error}, while it tried trials {numbers}"
        finally:
            self.pool.close(at_once=not finished)
        return ""

    def _resume(self, storage: Any) -> None:
        """Resume the trials that a stopped search left unfinished in its journal."""
        states = self.optuna.trial.TrialState
        for left in self.study.get_trials(states=(states.RUNNING,)):
            place = storage.get_trial_id_from_study_id_trial_number(storage.get_study_id_from_name(_STUDY), left.number)
            trial = self.optuna.trial.Trial(self.study, place)
            reported = len(left.intermediate_values)
            if left.params.keys() != self.distributions.keys():
                self.study.tell(trial, state=states.FAIL)
            elif reported and reported == len(self.budgets):
                self.study.tell(trial, left.intermediate_values[left.last_step])
            else:
                job = _Job(trial, left.params)
                job.rung = reported
                self.again.append(job)

    def _run(self, trials: int, progress: bool) -> None:
        with progress_bar(total=trials, unit="trial", desc="search", disable=not progress) as bar:
            while True:
                finished = sum(trial.state.is_finished() for trial in self.study.get_trials(deepcopy=False))
                bar.update(finished - bar.n)
                self._submit(trials - finished)
                if not self.running:
                    return
                self._collect(self.pool.wait(self.running))

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
            self.running[self.pool.submit(job.params, self.budgets[job.rung:job.rung + 1], job.trial.number)] = job

    def _collect(self, done: set[Future[Outcome]]) -> None:
        if any(map(lost, done)):  # a worker died, and the pool's other trials are lost too: each is repeated, alone
            wait(self.running)
            jobs = [self.running.pop(future) for future in list(self.running) if lost(future)]
            if not self.pool.own:
                raise RuntimeError(f"optimize: the executor broke while it tried trial {jobs[0].trial.number} and {len(jobs) - 1} "
                                   "others; with a journal= they are tried again when the search is resumed with a new executor")
            self.pool.renew()
            for job in jobs:
                self._retry(job)
            done = set(self.running)
        for future in done:
            job = self.running.pop(future)
            if error := future.exception():  # an error of the executor; the objective's own errors are part of the outcome
                self._fail(job, f"{type(error).__name__}: {error}")
            else:
                self._tell(job, future.result())

    def _retry(self, job: _Job) -> None:
        job.deaths += 1
        if job.deaths < 2:
            self.again.append(job)
        else:
            self._fail(job, "its worker died twice")

    def _fail(self, job: _Job, why: str) -> None:
        job.trial.set_user_attr("why", f"failed: {why}")
        self.study.tell(job.trial, state=self.optuna.trial.TrialState.FAIL)

    def _tell(self, job: _Job, outcome: Outcome) -> None:
        """Tell the study the outcome of a job, and queue the trial again if it continues with a larger budget."""
        job.deaths = 0
        job.trial.set_user_attr("seconds", job.trial.user_attrs.get("seconds", 0.0) + outcome.seconds)
        if outcome.failure:
            return self._fail(job, outcome.failure)
        value = sum(outcome.values) / len(outcome.values)
        job.trial.set_user_attr("values", outcome.values)
        if not math.isfinite(value):
            return self._fail(job, f"the objective gave {value}")
        if not self.budgets:
            return self.study.tell(job.trial, value)
        job.trial.report(value, self.budgets[job.rung])
        job.rung += 1
        if job.rung == len(self.budgets):
            self.study.tell(job.trial, value)
        elif job.trial.should_prune():
            self.study.tell(job.trial, state=self.optuna.trial.TrialState.PRUNED)
        else:
            self.again.append(job)
        return None


def _optuna() -> Any:
    """Import Optuna when a search begins, because it is optional and takes a second to import."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # in a notebook without widgets tqdm warns, but its text bar works
        import optuna
    return optuna


def _study(optuna: Any, journal: str | Path | None, space: dict[str, Any], budgets: tuple[int, ...],
           direction: str) -> tuple[Any, Any]:
    """The study, from the journal if there is one, and its storage; raises ValueError for another search's journal."""
    from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock, JournalStorage
    storage = None
    if journal is not None:  # Optuna's default lock is a symbolic link, which on Windows only administrators may create
        storage = JournalStorage(JournalFileBackend(str(journal), JournalFileOpenLock(str(journal))))
    pruner = optuna.pruners.SuccessiveHalvingPruner(budgets[0], _factor(budgets)) if budgets else optuna.pruners.NopPruner()
    study = optuna.create_study(storage=storage, study_name=_STUDY, direction=direction, load_if_exists=True, pruner=pruner)
    searched = repr((sorted(space.items()), budgets, direction))
    if study.user_attrs.setdefault("space", searched) != searched:
        raise ValueError(f"optimize: {journal} holds a search of {study.user_attrs['space']}; this one is of {searched}. Give it a "
                         "journal of its own")
    study.set_user_attr("space", searched)
    return study, storage


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
        raise ValueError(f"a range must go from a finite low to a higher high{above}; got {part.low!r} to {part.high!r}")
    return part


def _factor(budgets: Sequence[int]) -> int:
    if not budgets:
        return 0
    factors = {b / a for a, b in pairwise(budgets)}
    if len(factors) != 1 or min(factors) < 2 or min(factors) % 1:
        raise ValueError(f"optimize: budgets={tuple(budgets)!r} must be two or more, each the same whole multiple of the one "
                         "before, such as (2, 6, 18)")
    return int(factors.pop())


def _plain(choice: Any) -> Any:
    """A choice of a NumPy type as Python's type, which a journal can store."""
    return choice.item() if hasattr(choice, "dtype") and hasattr(choice, "item") else choice


def _grid(part: Range | Sequence[Any], points: int) -> Sequence[Any]:
    if not isinstance(part, Range):
        return part
    if points < 2:
        raise ValueError(f"optimize: points={points}; a grid needs two or more in each range, to include both ends")
    return list(dict.fromkeys(part.at(i / (points - 1)) for i in range(points)))


def _distribution(optuna: Any, part: Range | Sequence[Any]) -> Any:
    if not isinstance(part, Range):
        return optuna.distributions.CategoricalDistribution(part)
    kind = optuna.distributions.IntDistribution if part.whole else optuna.distributions.FloatDistribution
    return kind(part.low, part.high, log=part.log)


@contextmanager
def _quiet(optuna: Any) -> Iterator[None]:
    """Context that silences Optuna's line for every trial."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)


def __dir__() -> list[str]:
    return __all__
