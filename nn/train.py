"""The loop: forward, loss, backward, update, until a stop criterion; with progress, metrics, callbacks, checkpoints.

A run that was stopped and resumed gives the same numbers, to the bit, as one that was not: a checkpoint holds the
parameters, the optimiser's and the schedule's state, every generator of random numbers (the loader's, dropout's), the
place in the epoch, and the history.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import inf, isfinite
from pathlib import Path
from typing import Any

import numpy as np

from autograd import Tensor, Value, no_grad
from autograd.anomaly import find_anomaly

from . import optim, persist
from .data import DataLoader, arrays
from .module import Module
from .schedule import ReduceLROnPlateau

Metric = Callable[[Any, Any], float]


# ── what is measured ─────────────────────────────────────────────────────────────────────────────────────────────

def accuracy(prediction: Any, target: Any) -> float:
    """The share of examples whose own class has the highest score: scores (N, C), labels (N,) or one-hot (N, C).

    >>> accuracy(np.array([[0.1, 0.9], [0.8, 0.2]]), np.array([1, 1]))
    0.5
    """
    prediction, target = np.asarray(prediction), np.asarray(target)
    if prediction.ndim != 2 or prediction.shape[1] < 2 or target.shape not in (prediction.shape, prediction.shape[:1]):
        raise ValueError(f"accuracy: scores of shape {prediction.shape} and labels of shape {target.shape}; give one score for "
                         "each of two or more classes, (N, C), and labels (N,). For other predictions write a function")
    if target.ndim == 2:
        target = target.argmax(1)
    return float(np.count_nonzero(prediction.argmax(1) == target) / len(target))


def predict(model: Module, inputs: Any, batch_size: int = 256) -> Any:
    """What the model says of all inputs, an array: in evaluation mode and without a graph; the modes stay as they were."""
    forward, inputs = _forward(model), _cast(inputs, model)
    with _evaluating(model):
        return np.concatenate([_numbers(forward(inputs[start:start + batch_size]))
                               for start in range(0, len(inputs), batch_size)])


def evaluate(model: Module, data: Any, loss: Callable[[Any, Any], Any], metrics: Any = (),
             batch_size: int = 256) -> dict[str, float]:
    """The mean loss and metrics over data, by name, in evaluation mode; ``data`` is what ``nn.data.arrays`` takes, or a
    ``DataLoader``.
    """
    measures, count = _measures(metrics), 0
    totals: dict[str, float] = {}
    x, y = _fitting(data, model)
    forward = _forward(model)
    with _evaluating(model):
        for start in range(0, len(x), batch_size):
            target = y[start:start + batch_size]
            prediction = forward(x[start:start + batch_size])
            _add(totals, loss(prediction, target).item(), measures, prediction, target)
            count += len(target)
    return {name: total / count for name, total in totals.items()}


def _measures(metrics: Any) -> dict[str, Metric]:
    named = {"accuracy": accuracy}
    if isinstance(metrics, str):
        metrics = (metrics,)
    if not isinstance(metrics, Mapping):
        for metric in metrics:
            if not callable(metric) and metric not in named:
                raise ValueError(f"no metric {metric!r}; there is 'accuracy', or give functions of (prediction, target)")
        metrics = {metric if isinstance(metric, str) else metric.__name__: metric for metric in metrics}
    return {name: named[metric] if isinstance(metric, str) else metric for name, metric in metrics.items()}


def _add(totals: dict[str, float], loss: float, measures: dict[str, Metric], prediction: Any, target: Any) -> None:
    count = len(target)
    totals["loss"] = totals.get("loss", 0.0) + loss * count
    for name, measure in measures.items():
        totals[name] = totals.get(name, 0.0) + measure(_numbers(prediction), target) * count


def _forward(model: Module) -> Callable[[Any], Any]:
    """How the model is applied to a batch: one of single numbers takes its examples one by one."""
    if isinstance(next(model.parameters(), None), Value):
        return lambda x: [model(example) for example in x]
    return lambda x: model(Tensor(x, requires_grad=False))


def _numbers(prediction: Any) -> Any:
    return prediction.array if isinstance(prediction, Tensor) else np.array(prediction, float)


@contextmanager
def _evaluating(model: Module) -> Iterator[None]:
    modes = [(module, module.training) for module in model.modules()]
    try:
        model.eval()
        with no_grad():
            yield
    finally:
        for module, mode in modes:
            module.training = mode


# ── what a run leaves ────────────────────────────────────────────────────────────────────────────────────────────

class History:
    """What happened in a run: ``rows``, one dict for each epoch, ``batches``, the loss of every batch, and ``stopped``, why
    it ended. Prints as a table; ``history["loss"]`` is a column; ``best`` is the row of the best epoch.
    """

    def __init__(self, monitor: str = "loss", mode: str = "min"):
        self.monitor, self.mode = monitor, mode
        self.rows: list[dict[str, float]] = []
        self.batches: list[float] = []
        self.stopped = ""

    def __getitem__(self, name: str) -> list[float]:
        if self.rows and name not in self.rows[0]:
            raise KeyError(f"no column {name!r}; there is {', '.join(self.rows[0])}")
        return [row[name] for row in self.rows]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def best(self) -> dict[str, float]:
        """The row of the best epoch; LookupError before the first one ended."""
        if not self.rows:
            raise LookupError(f"no epoch has ended, so there is no best one: {self.stopped or 'the run has not begun'}")
        return (min if self.mode == "min" else max)(self.rows, key=lambda row: row[self.monitor])

    def to_dict(self) -> dict[str, list[float]]:
        """Every column as a list."""
        return {name: self[name] for name in self.rows[0]} if self.rows else {}

    def to_frame(self) -> Any:
        """The rows as a pandas DataFrame, indexed by epoch; needs pandas."""
        import pandas as pd
        return pd.DataFrame(self.rows).set_index("epoch") if self.rows else pd.DataFrame()

    def plot(self, path: str | Path | None = None) -> Any:
        """Curves of all columns over the epochs, a panel for each quantity (``viz.plots.curves``); a matplotlib Figure,
        written to ``path``.
        """
        from matplotlib.figure import Figure

        from viz.plots import curves
        columns = self.to_dict()
        shown = [name for name in columns if name in ("loss", "lr") or "validation " + name in columns]
        figure = Figure(figsize=(4.2 * max(len(shown), 1), 3.2), layout="constrained")
        for axes, name in zip(figure.subplots(1, max(len(shown), 1), squeeze=False)[0], shown):
            curves(self, [column for column in (name, "validation " + name) if column in columns], ax=axes)
            axes.set(ylabel=name)
            axes.spines[["top", "right"]].set_visible(False)
        if path is not None:
            figure.savefig(path)
        return figure

    def __repr__(self) -> str:
        if not self.rows:
            return f"History(no epoch ended; {self.stopped or 'not begun'})"
        best = self.best["epoch"]
        table = [[" ", *self.rows[0]]]
        table += [["*" if row["epoch"] == best else " ", *(_figure(value) for value in row.values())] for row in self.rows]
        widths = [max(map(len, column)) for column in zip(*table)]
        lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths)) for row in table]
        return "\n".join([*lines, f"* best {self.monitor}. Ended: {self.stopped or 'still running'}"])


def _figure(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.4g}"


class Callback:
    """Looks on at a run, and may end it with ``run.stop(reason)``: subclasses write any of these methods."""

    def on_start(self, run: Run) -> None:
        """Before the first batch, and before the first one after a resume."""

    def on_backward(self, run: Run) -> None:
        """After each backward pass, before the update: ``run.x run.y run.prediction run.loss`` and gradients are there."""

    def on_step(self, run: Run) -> None:
        """After each update."""

    def on_epoch(self, run: Run) -> None:
        """After each epoch: ``run.history.rows[-1]`` has its figures."""

    def on_end(self, run: Run) -> None:
        """After the last epoch, or when the run was stopped."""

    def on_interrupt(self, run: Run, error: BaseException) -> None:
        """When an exception ends the run in the middle, Ctrl-C among them; it may be resumed."""

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint is to keep: numbers, text, arrays, in lists and dicts."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what ``state_dict`` gave."""


class _Function(Callback):
    def __init__(self, function: Callable[[Run], Any]):
        self.function = function

    def on_epoch(self, run: Run) -> None:
        self.function(run)


class Run:
    """A training run as callbacks see it: what takes part, and where it is."""

    x: Any = None
    y: Any = None
    prediction: Any = None
    loss: Any = None

    def __init__(self, model: Module, optimizer: Any, loss_function: Callable[[Any, Any], Any], loader: DataLoader,
                 history: History, validation: Any = None):
        self.model, self.optimizer, self.loss_function, self.loader = model, optimizer, loss_function, loader
        self.history, self.validation = history, validation
        self.epoch = 0  # how many have ended
        self.totals: dict[str, float] = {}  # of the epoch so far: sums over examples
        self.examples = 0

    @property
    def step(self) -> int:
        """How many batches have been trained on."""
        return len(self.history.batches)

    def stop(self, reason: str) -> None:
        """End the run after this batch, or after this epoch's validation if the batch was its last."""
        self.history.stopped = self.history.stopped or reason


# ── the loop ─────────────────────────────────────────────────────────────────────────────────────────────────────

def fit(model: Module, data: Any, loss: Callable[[Any, Any], Any], optimizer: optim.Optimizer, *, epochs: int = 10,
        batch_size: int = 32, validation: Any = None, metrics: Any = (), schedule: Any = None, schedule_each: str = "epoch",
        callbacks: Sequence[Callback | Callable[[Run], Any]] = (), monitor: str | None = None, mode: str | None = None,
        patience: int | None = None, min_delta: float = 0.0, restore_best: bool = True,
        stop: Callable[[Run], Any] | None = None, clip_norm: float | None = None, checkpoint: str | Path | None = None,
        checkpoint_every: int | None = None, resume: bool = False, seed: Any = None, progress: bool = True,
        report: str | Path | None = None) -> History:
    """Train until ``epochs`` have passed or something says stop; returns the history, with the model in evaluation mode.

    ``data`` is what ``nn.data.arrays`` takes, shuffled into batches by ``seed``, or a ``DataLoader``; ``loss`` a function of
    (prediction, target) that gives one node; ``metrics`` are ``"accuracy"`` and functions of (prediction, target).
    ``validation``, data or a ``DataLoader``, is measured after each epoch, and the weights of the epoch that was best there are
    restored at the end. ``monitor`` says which column decides what is best ("validation loss" where there is one, else "loss");
    ``mode`` is "min" or "max". Training stops after ``patience`` epochs without an improvement by more than
    ``min_delta``, when ``stop(run)`` is true after an epoch, when a callback says so, and when loss or gradient is
    nan or inf: that update is not made, and ``history.stopped`` names the operation that made it.

    ``checkpoint`` is a file to save to after each epoch, or every ``checkpoint_every`` batches, and on Ctrl-C (which is
    raised once the batch is done and saved); ``resume=True`` goes on from it where it exists. ``report`` is a folder or
    .html file for a page about the run, kept up to date (``viz.report``).

    >>> import nn
    >>> model = nn.Sequential(nn.Linear(4, 16, rng=0), nn.Tanh(), nn.Linear(16, 3, rng=1))
    >>> optimizer = nn.optim.Adam(model.named_parameters(), lr=0.01)
    >>> history = fit(model, nn.data.load("iris"), nn.functional.cross_entropy, optimizer, metrics="accuracy", epochs=20,
    ...               seed=0, progress=False)
    >>> history.stopped, history["accuracy"][-1] > 0.9
    ('all 20 epochs are done', True)
    """
    if schedule_each not in ("epoch", "batch"):
        raise ValueError(f"fit: schedule_each={schedule_each!r}; it is 'epoch' or 'batch'")
    if not isinstance(epochs, int) or epochs < 0:
        raise ValueError(f"fit: epochs={epochs!r}; it is a whole number, 0 or more")
    loader = data if isinstance(data, DataLoader) else DataLoader(_fitting(data, model), batch_size, True, seed)
    validation = None if validation is None else _fitting(validation, model)
    measures = _measures(metrics)
    monitor = monitor or ("loss" if validation is None else "validation loss")
    kinds = [""] if validation is None else ["", "validation "]
    columns = [f"{kind}{name}" for kind in kinds for name in ("loss", *measures)]
    if monitor not in columns:
        raise ValueError(f"fit: there is no {monitor!r} to monitor; there is {', '.join(columns)}")
    mode = mode or ("max" if monitor.endswith("accuracy") else "min")
    if mode not in ("min", "max"):
        raise ValueError(f"fit: mode={mode!r}; it is 'min' or 'max'")
    run = Run(model, optimizer, loss, loader, History(monitor, mode), validation)
    watchers = [callback if isinstance(callback, Callback) else _Function(callback) for callback in callbacks]
    if report is not None:
        from viz.reports import report as page
        watchers.append(page(report, facts={"seed": seed}))
    saved = _Checkpoint(run, schedule, watchers, None if checkpoint is None else Path(checkpoint))
    if resume and saved.path is None:
        raise ValueError("fit: resume=True needs checkpoint=, the file to go on from")
    if resume and saved.path is not None and saved.path.exists():
        saved.load()
    forward = _forward(model)
    parameters = [x for group in optimizer.param_groups for x in group["params"]]
    on_backward, on_step = (_hooks(watchers, name) for name in ("on_backward", "on_step"))
    batches, last = run.history.batches, len(loader)
    try:
        with _interruption() as interrupted, _bar(progress, epochs, run) as bar:
            for watcher in watchers:
                watcher.on_start(run)
            while run.epoch < epochs and not run.history.stopped:
                model.train()
                for x, y in loader:
                    run.x, run.y = x, y
                    prediction = run.prediction = forward(x)
                    node = run.loss = loss(prediction, y)
                    value = node.item()
                    optimizer.zero_grad()
                    if isfinite(value):
                        node.backward()
                    for hook in on_backward:
                        hook(run)
                    if not (isfinite(value) and _updated(run, parameters, clip_norm)):
                        run.stop(_diverged(run))
                        break
                    batches.append(value)
                    for hook in on_step:
                        hook(run)
                    _add(run.totals, value, measures, prediction, y)
                    run.examples += len(y)
                    if schedule is not None and schedule_each == "batch":
                        schedule.step()
                    bar(value)
                    if loader.position < last:
                        if run.history.stopped:
                            break
                        if interrupted or checkpoint_every and run.step % checkpoint_every == 0:
                            saved.save()
                        if interrupted:
                            raise KeyboardInterrupt(saved.told())
                else:
                    _end_of_epoch(run, measures, schedule if schedule_each == "epoch" else None)
                    for watcher in watchers:
                        watcher.on_epoch(run)
                    saved.judge(min_delta, patience, restore_best)
                    if stop is not None and stop(run):
                        run.stop(f"the stop criterion held after epoch {run.epoch}")
                    if interrupted or checkpoint_every is None or run.step % checkpoint_every == 0:
                        saved.save()
                    if interrupted:
                        raise KeyboardInterrupt(saved.told())
            run.stop(f"all {epochs} epochs are done")
        if restore_best and saved.best is not None:
            model.load_state_dict(saved.best)
        for watcher in watchers:
            watcher.on_end(run)
    except BaseException as error:
        for watcher in watchers:
            watcher.on_interrupt(run, error)
        raise
    finally:
        model.eval()
        run.x = run.y = run.prediction = run.loss = None
    return run.history


def _fitting(data: Any, model: Module) -> tuple[Any, Any]:
    """Inputs and labels as arrays, in the parameters' precision; those of a ``DataLoader`` as its transform makes them."""
    if isinstance(data, DataLoader):
        data = data.x if data.transform is None else data.transform(data.x, data.generator), data.y
    x, y = arrays(data)
    return _cast(x, model), _cast(y, model)


def _cast(x: Any, model: Module) -> Any:
    """Numbers in the parameters' precision: a float64 image would widen every layer of a float32 network."""
    x, dtype = np.asarray(x), getattr(next(model.parameters(), None), "dtype", np.dtype(np.float64))
    return x.astype(dtype) if x.dtype.kind in "fb" and x.dtype != dtype else x


def _hooks(watchers: Sequence[Callback], name: str) -> list[Callable[[Run], None]]:
    return [getattr(watcher, name) for watcher in watchers if getattr(type(watcher), name) is not getattr(Callback, name)]


def _updated(run: Run, parameters: list[Any], clip_norm: float | None) -> bool:
    """Clip and update; False where a gradient is not finite."""
    if clip_norm is not None and not isfinite(optim.clip_grad_norm_(parameters, clip_norm)):
        return False
    try:
        run.optimizer.step()
    except ValueError:
        if all(x.grad is None or np.isfinite(x.grad).all() for x in parameters):
            raise
        return False
    return True


def _diverged(run: Run) -> str:
    where = f"epoch {run.epoch + 1}, batch {run.loader.position}: "
    found = find_anomaly(run.loss)
    return where + (str(found) if found is not None else f"the loss is {run.loss.item()}, or a gradient of it is not finite")


def _end_of_epoch(run: Run, measures: dict[str, Metric], schedule: Any) -> None:
    row: dict[str, float] = {"epoch": run.epoch + 1, **{name: total / run.examples for name, total in run.totals.items()}}
    if run.validation is not None:
        found = evaluate(run.model, run.validation, run.loss_function, measures)
        row |= {f"validation {name}": value for name, value in found.items()}
    row["lr"] = run.optimizer.param_groups[0]["lr"]
    run.history.rows.append(row)
    run.epoch, run.totals, run.examples = run.epoch + 1, {}, 0
    if schedule is not None:
        if isinstance(schedule, ReduceLROnPlateau):
            schedule.step(row[run.history.monitor])
        else:
            schedule.step()


@contextmanager
def _bar(progress: bool, epochs: int, run: Run) -> Iterator[Callable[[float], None]]:
    """A progress bar over all batches; gives the function that moves it on by one."""
    if not progress:
        yield lambda loss: None
        return
    import warnings
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of notebooks without widgets, where the plain bar does as well
        from tqdm.auto import tqdm
    shown = -1

    def measured() -> dict[str, str]:
        last = run.history.rows[-1] if run.history.rows else {}
        return {name: _figure(value) for name, value in last.items() if name not in ("epoch", "lr")}

    with tqdm(total=epochs * len(run.loader), initial=run.step, unit="batch", desc=f"epoch {run.epoch + 1}/{epochs}") as bar:
        def move(loss: float) -> None:
            nonlocal shown
            if shown != run.epoch:
                shown = run.epoch
                bar.set_description(f"epoch {run.epoch + 1}/{epochs}", refresh=False)
                bar.set_postfix(measured(), refresh=False)
            bar.update()
        yield move
        bar.set_postfix(measured())


@contextmanager
def _interruption() -> Iterator[list[int]]:
    """Within this, a first Ctrl-C only fills the list, so that the batch can be finished; a second one interrupts at once."""
    pressed: list[int] = []
    ours = threading.current_thread() is threading.main_thread()
    if not ours or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield pressed  # somebody else decides what Ctrl-C does
        return

    def handler(number: int, frame: Any) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        pressed.append(number)

    signal.signal(signal.SIGINT, handler)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


class _Checkpoint:
    """All that decides how a run goes on, the best weights so far among it, and the file that keeps it."""

    def __init__(self, run: Run, schedule: Any, watchers: Sequence[Callback], path: Path | None):
        self.run, self.schedule, self.watchers, self.path = run, schedule, watchers, path
        self.best: dict[str, Any] | None = None
        self.record, self.waited = inf, 0

    def judge(self, min_delta: float, patience: int | None, keep: bool) -> None:
        """Keep the weights if this epoch was the best, and stop if none has been for too long."""
        history = self.run.history
        figure = history.rows[-1][history.monitor] * (1 if history.mode == "min" else -1)
        if figure < self.record - (min_delta if isfinite(self.record) else 0):
            self.record, self.waited = figure, 0
            if keep and self.run.validation is not None:
                self.best = self.run.model.state_dict()
        else:
            self.waited += 1
        if patience is not None and self.waited >= patience:
            best = history.best
            self.run.stop(f"{history.monitor} has not improved for {self.waited} epochs; it was best, "
                          f"{_figure(best[history.monitor])}, in epoch {best['epoch']}")

    def told(self) -> str:
        """Where it is, and how to go on."""
        resume = f"; fit(…, checkpoint={str(self.path)!r}, resume=True) goes on from here" if self.path else ""
        return f"stopped after batch {self.run.step}{resume}"

    def save(self) -> None:
        """Write everything to the file, if there is one."""
        run = self.run
        if self.path is not None:
            persist.save(self.path, run.model, run.optimizer, self.schedule, {
                "loader": run.loader.state_dict(), "epoch": run.epoch, "totals": run.totals, "examples": run.examples,
                "rows": run.history.rows, "batches": np.array(run.history.batches), "stopped": run.history.stopped,
                "best": self.best, "record": self.record, "waited": self.waited,
                "callbacks": [watcher.state_dict() for watcher in self.watchers]})

    def load(self) -> None:
        """Bring everything to what the file says."""
        run = self.run
        extra = persist.load(self.path)["extra"]  # type: ignore[arg-type]
        if len(extra["callbacks"]) != len(self.watchers):
            raise ValueError(f"fit: {self.path} was saved with {len(extra['callbacks'])} callbacks, and there are "
                             f"{len(self.watchers)} now; resume with the same")
        run.loader.load_state_dict(extra["loader"])
        persist.load(self.path, run.model, run.optimizer, self.schedule)  # type: ignore[arg-type]
        for watcher, kept in zip(self.watchers, extra["callbacks"]):
            watcher.load_state_dict(kept)
        run.epoch, run.totals, run.examples = extra["epoch"], extra["totals"], extra["examples"]
        run.history.rows, run.history.batches, run.history.stopped = extra["rows"], extra["batches"].tolist(), extra["stopped"]
        self.best, self.record, self.waited = extra["best"], extra["record"], extra["waited"]
        if not run.examples:  # its epoch had ended: the next one begins anew
            next(iter(run.loader), None)
