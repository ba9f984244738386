"""The training loop: forward, loss, backward and update until a stop criterion, with metrics, callbacks and checkpoints.

A stopped and resumed run gives bit for bit the same numbers as an uninterrupted one: a checkpoint holds the
parameters, the state of the optimiser and the schedule, every generator of random numbers (the loader's, dropout's), the
position in the epoch, and the history.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from math import inf, isfinite
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.anomaly import find_anomaly

from . import persist
from .arguments import whole_number
from .callbacks import Callback, Callbacks, History, Log, LossFunction, Run, TensorBoard, short_number
from .compiled import CompiledStep
from .data import DataLoader, Stream
from .evaluation import (
    Metric, Metrics, accuracy, add_measurements, batch_function, batch_loss, evaluate, in_model_precision, metric_functions,
    model_arrays, predict, update,
)
from .module import Module
from .progress import progress_bar
from .optim import Optimizer, at_least_0
from .schedule import ReduceLROnPlateau, Schedule
from .sources import is_dask, is_stream

if TYPE_CHECKING:
    from distributed import Client

    from .distributed import Cluster
    from .typing import Column, Data, Seed

VALIDATION_BATCH = 4096  # rows of partitions that workers evaluate in one go
__all__ = ["Callback", "History", "Log", "Run", "TensorBoard", "accuracy", "evaluate", "fit", "predict"]
__dir__ = __all__.copy


def fit(model: Module, data: Data | DataLoader, loss: LossFunction, optimizer: Optimizer, *, epochs: int = 10,
        batch_size: int = 32, validation: Data | DataLoader | None = None, metrics: Metrics = (), schedule: Schedule | None = None,
        schedule_each: str = "epoch", callbacks: Sequence[object] = (), monitor: str | None = None, mode: str | None = None,
        patience: int | None = None, min_delta: float = 0.0, restore_best: bool = True,
        stop: Callable[[Run], object] | None = None, clip_norm: float | None = None, checkpoint: str | Path | None = None,
        checkpoint_every: int | None = None, resume: bool = False, seed: Seed = None, progress: bool = True,
        drop_last: bool = False, compile: bool = False, cluster: Client | None = None, local_steps: int = 1,
        steps_per_epoch: int | None = None, sample_weight: Column | None = None) -> History:
    """Train for ``epochs`` epochs or until a stop criterion; return the history, with the model in evaluation mode.

    ``data`` is anything that ``nn.data.arrays`` takes, shuffled into batches by ``seed``, or a ``DataLoader``; ``drop_last`` leaves
    out a smaller last batch, which batch norm may need. Or it is a stream of batches: PyTorch's ``DataLoader``, a generator, a
    function that returns one, with ``steps_per_epoch`` where it has no length. ``sample_weight`` (N,) weighs the examples,
    relative to its mean; batches may have it as a third column. ``loss`` is a function of (prediction, target) that returns one
    node; ``metrics`` are ``"accuracy"`` and functions of (prediction, target). ``validation``, data or a ``DataLoader``, is
    evaluated after each epoch, and the weights of the best epoch are restored at the end. ``monitor`` names the column that
    determines the best epoch ("validation loss" with validation data, else "loss"); ``mode`` is "min" or "max". Training stops
    after ``patience`` epochs without an improvement by more than ``min_delta``, when ``stop(run)`` is true after an epoch, when a
    callback calls ``run.stop``, and when the loss or a gradient is nan or inf: then the update is not made, and
    ``history.stopped`` names the operation that produced it.

    ``callbacks`` have some of the methods of ``Callback``, or are functions of the run, called after each epoch;
    ``viz.report(path)`` is one that keeps a page about the run. ``checkpoint`` is a file to save to after each epoch, or
    every ``checkpoint_every`` batches, and on Ctrl-C (which is raised once the batch is done and saved); ``resume=True`` continues
    from it if it exists.

    ``compile=True`` records the step at the first batch and runs it as a program (``autograd.compile``): a network of single
    numbers over the batch as lanes, one of tensors without a graph; with the same history to rounding. Steps that callbacks look at
    run as ever: all of them for ``on_backward`` and ``on_step``, the last of an epoch for ``on_epoch``. A warning tells where the
    step cannot be compiled.

    ``cluster``, a Dask ``Client``, trains on its workers: each computes the gradients of a share of the batch. ``data`` and
    ``validation`` may then be pairs of Dask arrays or DataFrames, which are read partition by partition. With ``local_steps=K`` the
    workers take K steps each before their models are averaged, with a rate from the schedule that is the same for all K. The loss
    must be a mean over examples.

    >>> import nn
    >>> model = nn.Sequential(nn.Linear(4, 16, rng=0), nn.Tanh(), nn.Linear(16, 3, rng=1))
    >>> optimizer = nn.optim.Adam(model.named_parameters(), lr=0.01)
    >>> history = fit(model, nn.data.load("iris"), nn.functional.cross_entropy, optimizer, metrics="accuracy", epochs=20,
    ...               seed=0, progress=False)
    >>> history.stopped, history["accuracy"][-1] > 0.9
    ('all 20 epochs are done', True)
    """
    if schedule_each not in ("epoch", "batch"):
        raise ValueError(f"fit: schedule_each={schedule_each!r}; it must be 'epoch' or 'batch'")
    if resume and checkpoint is None:
        raise ValueError("fit: resume=True needs checkpoint=, the file to resume from")
    epochs = whole_number(epochs, "fit: epochs", 0)
    _check_numbers(clip_norm, patience=patience, checkpoint_every=checkpoint_every)
    workers = _workers(cluster, local_steps, clip_norm, compile)
    loader = _loader(data, model, workers, batch_size, seed, drop_last, steps_per_epoch, sample_weight)
    held_out = None if validation is None else workers.loader(validation, VALIDATION_BATCH) if is_dask(validation) else \
        model_arrays(validation, model)
    measures = metric_functions(metrics)
    history = _history(monitor, mode, measures, held_out is not None)
    run = Run(model, optimizer, loss, loader, history, held_out, seed)
    watchers = Callbacks(callbacks)
    keeper = _Checkpointer(run, schedule, watchers, None if checkpoint is None else Path(checkpoint))
    if resume:
        keeper.load()
    judge = partial(keeper.judge, patience, min_delta, restore_best, stop)
    forward = batch_function(model)
    step = CompiledStep(model, loss, forward) if compile and not watchers.look_at_batches else None
    loop = _Loop(run, forward, step, measures, watchers, keeper, judge, restore_best, schedule, schedule_each, clip_norm,
                 checkpoint_every, workers, local_steps)
    try:
        loop.train(epochs, progress)
        watchers.call("on_end", run)
    except BaseException as error:
        watchers.call("on_interrupt", run, error)
        raise
    finally:
        model.eval()
        run.x = run.y = run.prediction = run.loss = None
    return history


def _workers(client: Client | None, local_steps: int, clip_norm: float | None, compile: bool) -> Any:
    """The workers of ``fit``, None for none."""
    if whole_number(local_steps, "fit: local_steps") > 1 and client is None or compile and client is not None:
        raise ValueError(f"fit: compile={compile}, local_steps={local_steps}, cluster={client!r:.40}; local_steps needs cluster=, "
                         "and compile=True works in one process")
    if client is None:
        return None
    from .distributed import Cluster
    return Cluster(client, local_steps, clip_norm)


def _loader(data: Any, model: Module, workers: Any, batch_size: int, seed: Seed, drop_last: bool, steps_per_epoch: int | None,
            sample_weight: Column | None) -> Any:
    """Mini-batches of the data of ``fit``, in the model's precision."""
    stream = is_stream(data) and not isinstance(data, DataLoader)
    drops = drop_last and not getattr(data, "drop_last", False)
    if (stream or isinstance(data, DataLoader)) and (drops or sample_weight is not None):
        wrong, remedy = ("drop_last=True", "drop_last=True") if drops else ("sample_weight=", "sample_weight=…")
        raise ValueError(f"fit: {wrong} works only where fit makes the batches; use DataLoader(…, {remedy})")
    if steps_per_epoch is not None and not stream:
        raise ValueError("fit: steps_per_epoch= is for streams; an epoch of data with a length is all of them")
    if stream:
        return Stream(data, steps_per_epoch, partial(in_model_precision, model=model))
    if isinstance(data, DataLoader):
        return data
    if is_dask(data) and workers is not None:
        weight: Any = sample_weight
        columns = data if weight is None else (*data, weight / weight.mean())
        return workers.loader(columns, batch_size, True, seed)
    return DataLoader(model_arrays(data, model), batch_size, True, seed, drop_last=drop_last, sample_weight=sample_weight)


def _check_numbers(clip_norm: float | None, **counts: int | None) -> None:
    for name, count in counts.items():
        if count is not None:
            whole_number(count, f"fit: {name}")
    if clip_norm is not None and not at_least_0(clip_norm, "fit: clip_norm"):
        raise ValueError("fit: clip_norm=0 would set every gradient to 0; use clip_norm=None for no clipping")


def _history(monitor: str | None, mode: str | None, measures: Mapping[str, Metric], validated: bool) -> History:
    """An empty history with its monitored column; raises ValueError for a column that the run will not have."""
    monitor = monitor or ("validation loss" if validated else "loss")
    columns = [f"{kind}{name}" for kind in ("", "validation ")[:1 + validated] for name in ("loss", *measures)]
    if monitor not in columns:
        raise ValueError(f"fit: there is no {monitor!r} to monitor; choose from {', '.join(columns)}")
    mode = mode or ("max" if monitor.endswith("accuracy") else "min")
    if mode not in ("min", "max"):
        raise ValueError(f"fit: mode={mode!r}; it must be 'min' or 'max'")
    return History(monitor, mode)


# ── the loop ─────────────────────────────────────────────────────────────────────────────────────────────────────

@dataclass
class _Loop:
    """The training loop over epochs and batches, with all its parts."""

    run: Run
    forward: Callable[[Any], Any]
    step: CompiledStep | None
    measures: Mapping[str, Metric]
    callbacks: Callbacks
    keeper: _Checkpointer
    judge: Callable[[], None]
    restore_best: bool
    schedule: Schedule | None
    schedule_each: str
    clip_norm: float | None
    checkpoint_every: int | None
    workers: Cluster | None
    local_steps: int

    def train(self, epochs: int, progress: bool) -> None:
        """Train epoch after epoch, then restore the best weights."""
        run = self.run
        with _delayed_interrupt() as self.interrupted, _progress_bar(progress, epochs, run) as self.advance:
            self.callbacks.call("on_start", run)
            while run.epoch < epochs and not run.history.stopped:
                self._epoch()
            run.stop(f"all {epochs} epochs are done" if epochs > 1 else "its one epoch is done")
        if self.restore_best and self.keeper.best is not None:
            run.model.load_state_dict(self.keeper.best)

    def _epoch(self) -> None:
        run, last = self.run, len(self.run.loader)
        run.model.train()
        batches = iter(run.loader)
        while group := list(islice(batches, self.local_steps)):
            if not self._batch(group):
                run.stop(_divergence(run))
                return
            if run.loader.position < last:
                if run.history.stopped:
                    return
                self._save(self.checkpoint_every is not None and run.step % self.checkpoint_every < len(group))
        self._end_epoch()

    def _batch(self, group: list[Any]) -> bool:
        """Train on one batch, or a few by local steps; False, with nothing updated, where the loss or a gradient is not finite."""
        run = self.run
        run.x, run.y, *_ = x, y, *weight = group[-1]
        run.optimizer.zero_grad()
        values = self._passes(x, y, *weight) if self.workers is None else self.workers.train(run, group, self.measures)
        prediction = run.prediction
        self.callbacks.call("on_backward", run)
        if not (all(map(isfinite, values)) and (self.local_steps > 1 or update(run.optimizer, self.clip_norm))):
            if run.loss is None:  # who asks what went wrong looks at its graph
                run.loss = batch_loss(run.loss_function, self.forward(np.asarray(x)), *map(np.asarray, (y, *weight)))
            return False
        run.history.batches += values
        self.callbacks.call("on_step", run)
        if self.workers is None:
            add_measurements(run.totals, values[0], self.measures, prediction, y)
        for _, y, *_ in group:
            run.examples += len(y)
            if self.schedule is not None and self.schedule_each == "batch":
                self.schedule.step()
            self.advance()
        return True

    def _passes(self, x: Any, y: Any, *weight: Any) -> list[float]:
        """Run the forward and the backward pass, and return the loss in a list; a compiled step leaves no graph in ``run.loss``."""
        run, at_end = self.run, self.run.loader.position == len(self.run.loader)
        if self.step is not None and not weight and not (at_end and self.callbacks.look_at_epochs):
            found = self.step(x, y)
            if found is not None:
                run.loss, run.prediction = None, found[1]
                return [float(found[0])]
        run.prediction = self.forward(x)
        run.loss = batch_loss(run.loss_function, run.prediction, y, *weight)
        value: float = run.loss.item()
        if isfinite(value):
            run.loss.backward()
        return [value]

    def _end_epoch(self) -> None:
        run = self.run
        row: dict[str, float] = {"epoch": run.epoch + 1, **{name: total / run.examples for name, total in run.totals.items()}}
        if run.validation is not None:
            measure: Any = evaluate if isinstance(run.validation, tuple) or self.workers is None else self.workers.evaluate
            found = measure(run.model, run.validation, run.loss_function, self.measures)
            row |= {f"validation {name}": value for name, value in found.items()}
        row["lr"] = run.optimizer.param_groups[0]["lr"]
        run.history.rows.append(row)
        run.epoch, run.totals, run.examples = run.epoch + 1, {}, 0
        if self.schedule_each == "epoch":
            if isinstance(self.schedule, ReduceLROnPlateau):
                self.schedule.step(row[run.history.monitor])
            elif self.schedule is not None:
                self.schedule.step()
        self.callbacks.call("on_epoch", run)
        self.judge()
        self._save(self.checkpoint_every is None or run.step % self.checkpoint_every == 0)

    def _save(self, due: bool) -> None:
        """Save if it is due or Ctrl-C was pressed; after Ctrl-C, end the run."""
        if due or self.interrupted:
            self.keeper.save()
        if self.interrupted:
            raise KeyboardInterrupt(self.keeper.how_to_resume())


def _divergence(run: Run) -> str:
    where = f"epoch {run.epoch + 1}, batch {run.loader.position}: "
    found = find_anomaly(run.loss)
    if found is not None:
        return where + str(found._replace(lang="en"))
    return where + (f"the loss is {run.loss.item()}, or a gradient of it is not finite")


@contextmanager
def _progress_bar(progress: bool, epochs: int, run: Run) -> Iterator[Callable[[], None]]:
    """Context manager that shows a progress bar over all batches; gives a function that advances it by one."""
    if not progress:
        yield lambda: None
        return
    shown = -1

    def measured() -> dict[str, str]:
        last = run.history.rows[-1] if run.history.rows else {}
        some = {"workers": str(len(run.workers))} if run.workers else {}
        return some | {name: short_number(value) for name, value in last.items() if name not in ("epoch", "lr")}

    with progress_bar(total=epochs * len(run.loader), initial=run.step, unit="batch",
                      desc=f"epoch {run.epoch + 1}/{epochs}") as bar:
        def advance() -> None:
            nonlocal shown
            if shown != run.epoch:
                shown = run.epoch
                bar.set_description(f"epoch {run.epoch + 1}/{epochs}", refresh=False)
                bar.set_postfix(measured(), refresh=False)
            bar.update()
        yield advance
        bar.set_postfix(measured())


@contextmanager
def _delayed_interrupt() -> Iterator[list[int]]:
    """Context manager that records a first Ctrl-C in a list, so that the batch can be finished; a second one interrupts at once."""
    pressed: list[int] = []
    ours = threading.current_thread() is threading.main_thread()
    if not ours or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield pressed  # another handler of Ctrl-C is installed
        return

    def handler(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        pressed.append(number)

    signal.signal(signal.SIGINT, handler)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


# ── the best weights, and the file ───────────────────────────────────────────────────────────────────────────────

class _Checkpointer:
    """The complete state of a run, with the best epoch's weights so far, and its checkpoint file."""

    def __init__(self, run: Run, schedule: Schedule | None, callbacks: Callbacks, path: Path | None):
        self.run, self.schedule, self.callbacks, self.path = run, schedule, callbacks, path
        self.best: dict[str, Any] | None = None
        self.record, self.waited = inf, 0

    def judge(self, patience: int | None, min_delta: float, restore_best: bool, stop: Callable[[Run], object] | None) -> None:
        """Compare the epoch that has just ended with the best one; stop the run after too many epochs without improvement."""
        run, history = self.run, self.run.history
        figure = history.rows[-1][history.monitor] * (1 if history.mode == "min" else -1)
        if figure < self.record - (min_delta if isfinite(self.record) else 0):
            self.record, self.waited = figure, 0
            if restore_best and run.validation is not None:
                self.best = run.model.state_dict()
        else:
            self.waited += 1
        if patience is not None and self.waited >= patience:
            best = history.best
            run.stop(f"{history.monitor} has not improved for {self.waited} epochs; it was best, "
                     f"{short_number(best[history.monitor])}, in epoch {best['epoch']}")
        if stop is not None and stop(run):
            run.stop(f"the stop criterion held after epoch {run.epoch}")

    def how_to_resume(self) -> str:
        """Describe the position of the run, and how to resume it."""
        resume = f"; fit(…, checkpoint={str(self.path)!r}, resume=True) goes on from here" if self.path else ""
        return f"stopped after batch {self.run.step}{resume}"

    def save(self) -> None:
        """Write the state to the file, if one was given."""
        run = self.run
        if self.path is not None:
            persist.save(self.path, run.model, run.optimizer, self.schedule, {
                "loader": run.loader.state_dict(), "epoch": run.epoch, "totals": run.totals, "examples": run.examples,
                "rows": run.history.rows, "batches": np.array(run.history.batches), "stopped": run.history.stopped,
                "best": self.best, "record": self.record, "waited": self.waited, "callbacks": self.callbacks.state_dict()})

    def load(self) -> None:
        """Restore the state from the file, if it exists."""
        run, path = self.run, self.path
        if path is None or not path.exists():
            return
        found = persist.load(path)
        kept = _progress(path, found)
        if len(kept["callbacks"]) != len(self.callbacks.members):
            raise ValueError(f"fit: {path} was saved with {len(kept['callbacks'])} callbacks, and there are "
                             f"{len(self.callbacks.members)} now; resume with the same")
        if self.schedule is not None and found["schedule"] is None:
            raise persist.CheckpointError(f"fit: {path} was saved without a schedule; resume without one")
        run.loader.check_state(kept["loader"])
        parts = [(run.model, found["model"]), (persist.Generators(run.model), found["generators"]),
                 (run.optimizer, found["optimizer"]), *([] if self.schedule is None else [(self.schedule, found["schedule"])]),
                 *self.callbacks.with_states(kept["callbacks"])]
        persist.load_states(path, parts)
        run.loader.load_state_dict(kept["loader"])  # checked before: from here on nothing can fail
        run.epoch, run.totals, run.examples = kept["epoch"], kept["totals"], kept["examples"]
        run.history.rows, run.history.batches, run.history.stopped = kept["rows"], kept["batches"].tolist(), kept["stopped"]
        self.best, self.record, self.waited = kept["best"], kept["record"], kept["waited"]
        if not run.examples:  # the epoch had ended: a new one begins
            next(iter(run.loader), None)


def _progress(path: Path, found: Any) -> dict[str, Any]:
    """The state of ``fit`` itself in a checkpoint; raises CheckpointError for a file that ``fit`` did not write."""
    kept = found.get("extra") if isinstance(found, dict) else None
    kinds: dict[str, Any] = {
        "loader": dict, "epoch": int, "totals": dict, "examples": int, "rows": list, "batches": np.ndarray, "stopped": str,
        "best": (dict, type(None)), "record": (int, float), "waited": int, "callbacks": list}
    if not isinstance(kept, dict) or any(not isinstance(kept.get(name), kind) for name, kind in kinds.items()) or \
            any(not isinstance(found.get(name), dict) for name in ("model", "generators", "optimizer")):
        holds = ", ".join(name for name, part in found.items() if part is not None) if isinstance(found, dict) else "no dict"
        raise persist.CheckpointError(
            f"fit: {path} holds no training run to resume, only {holds or 'nothing'}. nn.persist.load(path, model) "
            "loads a model that nn.persist.save wrote; give checkpoint= another name to begin a new run")
    return kept
