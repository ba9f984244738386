"""Callbacks of ``fit``, the run that they receive, and its history.

A callback is any object with some of the methods of ``Callback``, or a function of the run, which is called after each epoch.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from math import inf, isfinite, isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograd.files import replaced
from autograd.languages import reader_language, spoken
from autograd.notebook import aligned, shortened, table

from .data import DataLoader
from .module import Module

if TYPE_CHECKING:
    from autograd import Tensor, Value
    from .optim import Optimizer
    from .typing import Seed, State

LossFunction = Callable[[Any, Any], "Value | Tensor"]  # of (prediction, target)


class History:
    """Record of a run: ``rows``, one dict for each epoch, ``batches``, the loss of every batch, and ``stopped``, the reason for its
    end. Prints as a table; ``history["loss"]`` is a column; ``best`` is the row of the best epoch.

    It is shown in the language ``lang``, "en" or "ko", by default the system's; names of columns and ``stopped`` stay English.

    >>> history = History()
    >>> history.rows += [{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.25}]
    >>> history["loss"], history.best["epoch"]
    ([0.5, 0.25], 2)
    """

    def __init__(self, monitor: str = "loss", mode: str = "min", lang: str | None = None):
        self.monitor, self.mode, self.lang = monitor, mode, reader_language(lang)
        self.rows: list[dict[str, float]] = []
        self.batches: list[float] = []
        self.stopped = ""

    def __getitem__(self, name: str) -> list[float]:
        if self.rows and name not in self.rows[0]:
            raise KeyError(f"no column {name!r}; the columns are {', '.join(self.rows[0])}")
        return [row[name] for row in self.rows]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def best(self) -> dict[str, float]:
        """The row of the best epoch; raises LookupError before the first one ended."""
        if not self.rows:
            raise LookupError(f"no epoch has ended, so there is no best one: {self.stopped or 'the run has not begun'}")
        sign = 1 if self.mode == "min" else -1
        return min(self.rows, key=lambda row: inf if isnan(row[self.monitor]) else sign * row[self.monitor])

    def to_dict(self) -> dict[str, list[float]]:
        """Return every column as a list."""
        return {name: self[name] for name in self.rows[0]} if self.rows else {}

    def to_frame(self) -> Any:
        """Return the rows as a pandas DataFrame, indexed by epoch; needs pandas."""
        import pandas as pd
        return pd.DataFrame(self.rows).set_index("epoch") if self.rows else pd.DataFrame()

    def said(self, text: str) -> str:
        """Return one of its texts, such as ``stopped``, in its language."""
        return spoken(text, self.lang, Path(__file__).parent)

    def __str__(self) -> str:
        if not self.rows:
            return self.said(f"History(no epoch ended; {self.said(self.stopped or 'not begun')})")
        best = self.best["epoch"]
        cells = [[" ", *map(self.said, self.rows[0])]]
        cells += [["*" if row["epoch"] == best else " ", *map(short_number, row.values())] for row in self.rows]
        return "\n".join([*aligned(cells), self.said(f"* best {self.monitor}. Ended: {self._ended()}")])

    def _ended(self) -> str:
        return self.said(self.stopped or "still running")

    def __repr__(self) -> str:
        return shortened(str(self))

    def _repr_html_(self) -> str:
        rows = [[short_number(value) for value in row.values()] for row in self.rows]
        best = [self.rows.index(self.best)] if rows else []
        note = f"Best {self.monitor} in bold: epoch {self.best['epoch']}. " if rows else ""
        note += f"Ended: {self._ended()}"
        heads = map(self.said, self.rows[0] if rows else ["epoch"])
        return table(list(heads), rows, notes=[self.said(note)], bold=best)


def short_number(value: float) -> str:
    """Write a number for a table: four significant digits; integers in full.

    >>> short_number(0.123456), short_number(12345)
    ('0.1235', '12345')
    """
    return str(value) if isinstance(value, int) else f"{value:.4g}"


class Run:
    """A training run for callbacks: its parts and its progress.

    ``model optimizer loss_function loader validation seed`` are the arguments of ``fit``, ``history`` is its result.
    ``epoch`` counts finished epochs, ``step`` the batches trained on. ``x y prediction loss`` are the present batch, its prediction
    and the node of its loss; None outside a batch. On a cluster there are no ``prediction`` and ``loss``, and ``workers`` has the
    number of examples that each worker has trained on.
    """

    x: Any = None
    y: Any = None
    prediction: Any = None
    loss: Any = None

    def __init__(self, model: Module, optimizer: Optimizer, loss_function: LossFunction, loader: DataLoader, history: History,
                 validation: Any = None, seed: Seed = None):
        self.model, self.optimizer, self.loss_function, self.loader = model, optimizer, loss_function, loader
        self.history, self.validation, self.seed = history, validation, seed
        self.epoch = 0
        self.totals: dict[str, float] = {}  # sums over the examples of this epoch so far, by column
        self.examples = 0  # number of these examples
        self.workers: dict[str, int] = {}

    def __repr__(self) -> str:
        return f"<Run of {type(self.model).__name__}: {self.epoch:,} epochs, {self.step:,} batches>"

    @property
    def step(self) -> int:
        """The number of batches trained on."""
        return len(self.history.batches)

    def stop(self, reason: str) -> None:
        """End the run after this batch, or after this epoch's validation if the batch was its last."""
        self.history.stopped = self.history.stopped or reason


class Callback:
    """Interface of callbacks: all methods that ``fit`` calls; define those you need, in a subclass or in any class.

    Each may read the run, and end it with ``run.stop(reason)``.

    >>> class Patience(Callback):
    ...     def on_epoch(self, run):
    ...         if run.history["loss"][-1] < 0.1:
    ...             run.stop("the loss is small enough")
    """

    def on_start(self, run: Run) -> None:
        """Called before the first batch, and before the first batch after a resume."""

    def on_backward(self, run: Run) -> None:
        """Called after each backward pass, before the update: ``run.x run.y run.prediction run.loss`` and gradients are set."""

    def on_step(self, run: Run) -> None:
        """Called after each update."""

    def on_epoch(self, run: Run) -> None:
        """Called after each epoch and its validation: ``run.history.rows[-1]`` has its numbers."""

    def on_end(self, run: Run) -> None:
        """Called after the last epoch, or when the run was stopped; the best weights have been restored."""

    def on_interrupt(self, run: Run, error: BaseException) -> None:
        """Called when an exception, Ctrl-C included, ends the run in the middle; it may be resumed."""

    def state_dict(self) -> State:
        """Return the callback's state for a checkpoint: numbers, text and arrays, in lists and dicts."""
        return {}

    def load_state_dict(self, state: State) -> None:
        """Restore the state that ``state_dict`` returned."""


class Log:
    """Callback that writes the history to a file after each epoch: a table for ``.csv``, a list of rows for ``.json``.

    Readers see whole rows only, and a resumed run writes the earlier rows too. Raises ValueError for another ending. A nan, which
    JSON does not have, is null there.

    >>> from tempfile import TemporaryDirectory
    >>> import nn
    >>> model = nn.Neuron(1)
    >>> run = Run(model, nn.optim.SGD(model.parameters()), None, nn.data.DataLoader(([[1.0]], [0])), History())
    >>> run.history.rows.append({"epoch": 1, "loss": 0.5})
    >>> with TemporaryDirectory() as folder:
    ...     Log(Path(folder, "run.csv")).on_epoch(run)
    ...     print(Path(folder, "run.csv").read_text(encoding="utf-8"), end="")
    epoch,loss
    1,0.5
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        if self.path.suffix not in (".csv", ".json"):
            raise ValueError(f"Log: {str(path)!r}; the name must end in .csv or .json")

    def __repr__(self) -> str:
        return f"Log({str(self.path)!r})"

    def on_epoch(self, run: Run) -> None:
        """Write all rows so far."""
        rows = run.history.rows
        with replaced(self.path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
            if self.path.suffix == ".json":
                finite = [{name: value if isfinite(value) else None for name, value in row.items()} for row in rows]
                json.dump(finite, file, indent=1)
            else:
                table = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
                table.writeheader()
                table.writerows(rows)


class TensorBoard:
    """Callback that writes scalars of epochs and batches, and histograms of parameters, to a folder for ``tensorboard --logdir``.

    Raises ImportError without tensorboardX: ``pip install 'chainrule[tensorboard]'``.
    """

    def __init__(self, logdir: str | Path):
        try:
            from tensorboardX import SummaryWriter
        except ImportError as error:
            raise ImportError("TensorBoard needs tensorboardX: pip install 'chainrule[tensorboard]'") from error
        self.logdir = str(logdir)
        self._open: Callable[[str], Any] = SummaryWriter

    def on_start(self, run: Run) -> None:
        """Begin a file of events."""
        self._writer, self._batches = self._open(self.logdir), run.step

    def on_epoch(self, run: Run) -> None:
        """Write the epoch's numbers, the loss of its batches, and the parameters."""
        row = run.history.rows[-1]
        for name, value in row.items():
            if name != "epoch":
                kind = "" if name == "lr" else "/validation" if name.startswith("validation ") else "/training"
                self._writer.add_scalar(name.removeprefix("validation ") + kind, value, row["epoch"])
        for step in range(self._batches, run.step):
            self._writer.add_scalar("loss/batch", run.history.batches[step], step + 1)
        self._batches = run.step
        for path, parameter in run.model.named_parameters():
            self._writer.add_histogram(path, getattr(parameter, "array", parameter.data), row["epoch"])
        self._writer.flush()

    def on_end(self, run: Run) -> None:
        """Close the file."""
        self._writer.close()

    def on_interrupt(self, run: Run, error: BaseException) -> None:
        """Close the file."""
        self._writer.close()


HOOKS = ("on_start", "on_backward", "on_step", "on_epoch", "on_end", "on_interrupt")


class Callbacks:
    """The callbacks of one run, called in order.

    Raises TypeError for an object without any hook, and for a misspelt hook in a subclass of ``Callback``.

    >>> seen = []
    >>> callbacks = Callbacks([lambda run: seen.append("an epoch ended")])
    >>> callbacks.call("on_epoch", None)
    >>> seen
    ['an epoch ended']
    """

    def __init__(self, callbacks: Sequence[object]):
        self.members = list(callbacks)
        self._hooks: dict[str, list[Callable[..., Any]]] = {name: [] for name in HOOKS}
        for callback in self.members:
            found = _hooks_of(callback)
            for name, method in found.items():
                self._hooks[name].append(method)

    @property
    def look_at_batches(self) -> bool:
        """True where a callback is called in each batch, and may look at its prediction and the node of its loss."""
        return bool(self._hooks["on_backward"] or self._hooks["on_step"])

    @property
    def look_at_epochs(self) -> bool:
        """True where a callback is called after each epoch, and may look at the last batch of it."""
        return bool(self._hooks["on_epoch"])

    def call(self, hook: str, *arguments: Any) -> None:
        """Call this hook on every callback that has it."""
        for method in self._hooks[hook]:
            method(*arguments)

    def state_dict(self) -> list[State]:
        """Return the state of each callback, empty for callbacks without state."""
        return [getattr(callback, "state_dict", dict)() for callback in self.members]

    def with_states(self, states: Sequence[State]) -> list[tuple[Any, State]]:
        """Return pairs of a callback and its state, for callbacks with state, from the list that ``state_dict`` returned."""
        return [(callback, state) for callback, state in zip(self.members, states, strict=True)
                if hasattr(callback, "state_dict") and hasattr(callback, "load_state_dict")]


def _hooks_of(callback: Any) -> dict[str, Callable[..., Any]]:
    """The hooks of a callback, without those inherited from ``Callback``, which do nothing."""
    if isinstance(callback, type):
        raise TypeError(f"fit: the callback {callback.__name__} is a class; give an instance: {callback.__name__}()")
    found = {name: getattr(callback, name) for name in HOOKS if hasattr(callback, name)}
    misspelt = [name for name in dir(type(callback)) if name.startswith("on_") and name not in HOOKS]
    if misspelt and isinstance(callback, Callback) or not found and not callable(callback):
        wrong = f"has a method {misspelt[0]}" if misspelt else "has none of the methods of a callback"
        raise TypeError(f"fit: the callback {callback!r:.60} {wrong}; give an object with some of {', '.join(HOOKS)}, or a "
                        "function of the run, which fit calls after each epoch")
    if not found:
        return {"on_epoch": callback}
    return {name: method for name, method in found.items() if getattr(method, "__func__", None) is not getattr(Callback, name)}
