"""Data-parallel training on a Dask cluster: ``fit(model, data, …, cluster=client)``.

A round sends the model to tasks, each with a share of the rows; their gradients (or, with ``local_steps``, their trained models)
are summed. A task depends only on what it is sent, so that Dask repeats the tasks of a worker that died, and each result counts
once. docs/distributed.md tells when it is worth while.
"""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import nullcontext
from functools import reduce
from itertools import pairwise, zip_longest
from math import isfinite, nan
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import no_grad
from autograd.functional import map_tree
from autograd.graph import assign

from .arguments import whole_number
from .data import DataLoader
from .evaluation import Metric, add_measurements, batch_function, batch_loss, in_model_precision, plain_prediction, update
from .module import evaluation_mode
from .parallel import POLL, WorkersLost, has_workers, pickled
from .sources import column_array

if TYPE_CHECKING:
    from autograd.typing import Array

    from .callbacks import LossFunction, Run
    from .module import Module
    from .typing import Seed, State

Share = tuple[Any, int, int]  # columns (inputs, labels, …) or the future of them, and the first and the last row to take
LARGE = 2**18  # bytes from which data go to the workers apart from the task, because each task would hold them again
CLOSE = 1e-4  # of a loss and the mean of its parts, relative; float32 sums have such errors
RETRIES = 9  # of a round in which workers died
FAN_IN = 8  # sums that one task adds


# ── partitions ───────────────────────────────────────────────────────────────────────────────────────────────────

class RemoteColumn:
    """One column of a batch that lies in partitions on the workers; ``np.asarray`` gathers it."""

    def __init__(self, client: Any, shares: Sequence[Share], column: int):
        self.client, self.shares, self.column = client, shares, column

    def __len__(self) -> int:
        return sum(last - first for _, first, last in self.shares)

    def __getitem__(self, rows: slice) -> Array:
        return np.asarray(self)[rows]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        found: Any = self.client.gather([self.client.submit(_rows, share, self.column, pure=False) for share in self.shares])
        array: Any = np.concatenate(found)
        return array if dtype is None else array.astype(dtype)


def _rows(share: Share, column: int) -> Any:
    columns, first, last = share
    return columns[column][first:last]


class PartitionLoader(DataLoader):
    """Mini-batches of Dask arrays or DataFrames (inputs, labels), read partition by partition on the workers.

    ``width`` partitions are open at a time, with the next ones on their way, and each batch takes rows of all that are open. With
    ``shuffle`` these windows come in a new order each epoch, and so do the rows in them. Lengths that Dask does not know are
    counted first, which reads the data once. Raises ValueError where inputs and labels are divided differently; TypeError for text.
    """

    def __init__(self, client: Any, data: Any, batch_size: int = 32, shuffle: bool = False, generator: Seed = None, width: int = 1):
        from dask.delayed import delayed
        self.client, self.width, self._seed = client, width, 0
        super().__init__((np.ones((1, 1), int), np.ones(1, int)), batch_size, shuffle, generator)  # a stand-in, to set the options
        columns = [_partitions(column) for column in data]
        if len({len(parts) for parts, _ in columns}) != 1:
            raise ValueError(f"fit: inputs and labels have {[len(parts) for parts, _ in columns]} partitions; divide them in the "
                             "same way, for example labels.rechunk or .repartition")
        lengths = next((known for _, known in columns if known), None) or client.gather(
            client.compute([delayed(len)(part) for part in columns[0][0]]))
        filled = [(parts, length) for parts, length in zip(zip(*(parts for parts, _ in columns)), lengths) if length]
        self.x: Any = [parts for parts, _ in filled]
        self.y: Any = [length for _, length in filled]
        if not self.x:
            raise ValueError("fit: the Dask collection has no rows; give at least one example")

    def __repr__(self) -> str:
        return f"<PartitionLoader of {self.examples:,} examples in {len(self.x):,} partitions: {len(self):,} batches>"

    @property
    def examples(self) -> int:
        """The number of examples."""
        return sum(self.y)

    def _windows(self) -> list[tuple[range, int]]:
        """The partitions that are open together, and their number of batches."""
        groups = [range(first, min(first + self.width, len(self.x))) for first in range(0, len(self.x), self.width)]
        return [(group, -(-sum(self.y[i] for i in group) // self.batch_size)) for group in groups]

    def __len__(self) -> int:
        return sum(count for _, count in self._windows())

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        windows = self._windows()
        if not self._resumed:
            self.position = 0
            self._order = self.generator.permutation(len(windows)) if self.shuffle else None
            self._seed = int(self.generator.integers(2**62)) if self.shuffle else 0
        self._resumed = False
        windows = windows if self._order is None else [windows[i] for i in self._order]
        opened: dict[int, Any] = {}
        ended = 0
        for place, (group, count) in enumerate(windows):
            ended += count
            for i in (i for other, _ in windows[place:place + 2] for i in other):
                if self.position < ended and i not in opened:
                    opened[i] = self._open(i)
            while self.position < ended:
                k = self.position - ended + count
                self.position += 1
                shares = [(opened[i], k * self.y[i] // count, (k + 1) * self.y[i] // count) for i in group]
                shares = [s for s in shares if s[1] < s[2]]
                yield tuple(RemoteColumn(self.client, shares, column) for column in range(len(self.x[0])))
            for i in group:
                opened.pop(i, None)

    def _open(self, i: int) -> Any:
        """The future of a partition's arrays, shuffled; Dask computes it again if its worker dies."""
        from dask.delayed import delayed
        return self.client.compute(delayed(_arrays, pure=False)(list(self.x[i]), [self._seed, i] if self.shuffle else None))

    def state_dict(self) -> State:
        """Return the state of a ``DataLoader``, the seed of the rows' order, and the width of windows."""
        return {**super().state_dict(), "seed": self._seed, "width": self.width}

    def check_state(self, state: State) -> None:
        """Raise ValueError for the state of a loader with other partitions, batches or kind of generator."""
        saved = copy.copy(self)
        saved.width = whole_number(state.get("width", 0), "DataLoader.load_state_dict: the width of windows")
        whole_number(state.get("seed", -1), "DataLoader.load_state_dict: the seed of the rows", 0)
        super(PartitionLoader, saved).check_state(state)

    def load_state_dict(self, state: State) -> None:
        """Continue from the state of a loader with the same data."""
        super().load_state_dict(state)
        self._seed, self.width = state["seed"], state["width"]

    def _units(self) -> int:
        return len(self._windows())


def _partitions(column: Any) -> tuple[list[Any], list[int]]:
    """The partitions of a collection along its first axis, as delayed objects, and their lengths where Dask knows them."""
    if not hasattr(column, "to_delayed"):
        raise TypeError(f"fit: with Dask collections every column must be one; got {type(column).__name__}. Convert it with "
                        "dask.array.from_array(column, chunks=…)")
    lengths: list[int] = []
    if hasattr(column, "chunks"):
        column = column.rechunk(dict.fromkeys(range(1, column.ndim), -1))
        lengths = [] if any(n != n for n in column.chunks[0]) else [int(n) for n in column.chunks[0]]
    return list(np.ravel(column.to_delayed())), lengths


def _arrays(columns: Sequence[Any], seed: Sequence[int] | None) -> tuple[Array, ...]:
    """The columns of a partition as arrays of numbers, shuffled by a seed."""
    arrays = tuple(column_array(column, f"column {i} of the data") for i, column in enumerate(columns))
    for array in arrays:
        if array.dtype.kind not in "fiub" or len(array) != len(arrays[0]):
            raise TypeError(f"fit: a partition has {array.dtype} of shape {array.shape} beside inputs of shape {arrays[0].shape}; "
                            "give numbers in equal lengths, and text as codes of one category type")
    if seed is None:
        return arrays
    order = np.random.default_rng(seed).permutation(len(arrays[0]))
    return tuple(array[order] for array in arrays)


# ── rounds ───────────────────────────────────────────────────────────────────────────────────────────────────────

class Cluster:
    """Trainer and evaluator of a model on the workers of a Dask client.

    Each batch is divided into one share for each worker there was at the start. ``local_steps`` above 1 lets each train on its
    shares of that many batches, with its own optimiser; then models, buffers and states of the optimiser are averaged. A cluster
    without workers for ``worker_timeout`` seconds raises WorkersLost.
    """

    def __init__(self, client: Any, local_steps: int = 1, clip_norm: float | None = None, worker_timeout: float = 60.0):
        if not hasattr(client, "scatter") or not hasattr(client, "nthreads"):
            raise TypeError(f"fit: cluster={client!r:.60}; give a distributed.Client: pip install 'chainrule[dask]'")
        self.client, self.local_steps, self.clip_norm, self.worker_timeout = client, local_steps, clip_norm, worker_timeout
        self.width = max(1, len(client.nthreads()))

    def loader(self, data: Any, batch_size: int, shuffle: bool = False, generator: Seed = None) -> PartitionLoader:
        """Return mini-batches of Dask collections."""
        return PartitionLoader(self.client, data, batch_size, shuffle, generator, self.width)

    def train(self, run: Run, batches: Sequence[Sequence[Any]], measures: Mapping[str, Metric]) -> list[float]:
        """Set the gradients of a batch, or take a local step for each batch; return the losses, and add to the run's totals."""
        optimizer = run.optimizer if self.local_steps > 1 else None
        sums = self._round(batches, (run.model, run.loss_function, measures, optimizer, self.clip_norm, not run.step))
        losses = [loss / count for loss, count in zip(sums["losses"], sums["counts"])]
        if all(map(isfinite, losses)):
            rows = sum(sums["counts"])
            if optimizer is None:
                assign(list(run.model.parameters()), "grad", _mean(sums["gradients"], rows))
            else:
                optimizer.state = _mean(sums["optimizer"], rows)
            if sums["model"]:
                run.model.load_state_dict({**run.model.state_dict(), **_mean(sums["model"], rows)})
        for totals, found in ((run.totals, sums["totals"]), (run.workers, sums["workers"])):
            totals.update(_sum(totals, found))
        return losses

    def evaluate(self, model: Module, loader: PartitionLoader, loss: LossFunction,
                 measures: Mapping[str, Metric]) -> dict[str, float]:
        """Return the mean loss and metrics over partitions, in evaluation mode."""
        totals: dict[str, float] = {}
        with evaluation_mode(model):
            for batch in loader:
                totals = _sum(totals, self._round([batch], (model, loss, measures, None, None, False))["totals"])
        return {name: total / loader.examples for name, total in totals.items()}

    def _round(self, batches: Sequence[Sequence[Any]], job: tuple[Any, ...]) -> dict[str, Any]:
        """Run the job on all shares of all batches, and return the sums; again where the cluster lost what it was sent."""
        from distributed.comm.core import CommClosedError
        content = pickled((*job, {name: int(g.integers(2**62)) for name, g in job[0].named_generators() if job[0].training}),
                      "fit: the model, the loss or a metric", "leave out cluster=")
        for lost in range(RETRIES + 1):
            try:
                shares = zip_longest(*(self._shares(*batch) for batch in batches))
                sent = self._sent(content)
                futures = [self.client.submit(contribution, sent, list(some), i, pure=False) for i, some in enumerate(shares)]
                while len(futures) > FAN_IN:
                    futures = [self.client.submit(_sums, futures[i:i + FAN_IN], pure=False) for i in range(0, len(futures), FAN_IN)]
                self._wait(futures)
                return _sums(self.client.gather(futures))
            except (CancelledError, CommClosedError):  # the worker died that held what was sent; nothing has been updated yet
                if lost == RETRIES:
                    raise
        raise AssertionError

    def _shares(self, x: Any, *others: Any) -> list[Share]:
        """Divide a batch: rows in partitions as they lie, arrays in equal parts."""
        if isinstance(x, RemoteColumn):
            return list(x.shares)
        width = min(self.width, max(1, len(x) // 2))  # batch norm needs two rows
        edges = [len(x) * i // width for i in range(width + 1)]
        return [(self._sent(tuple(column[first:last] for column in (x, *others))), 0, last - first)
                for first, last in pairwise(edges) if first < last]

    def _sent(self, content: Any) -> Any:
        size = len(content) if isinstance(content, bytes) else sum(array.nbytes for array in content)
        return content if size < LARGE else self.client.scatter(content, hash=False)

    def _wait(self, futures: list[Any]) -> None:
        from distributed.client import wait
        alive = monotonic()
        while True:
            try:
                wait(futures, timeout=POLL)  # type: ignore[no-untyped-call]
                return
            except TimeoutError:
                if has_workers(self.client):
                    alive = monotonic()
                elif monotonic() - alive >= self.worker_timeout:
                    raise WorkersLost(f"the cluster has had no worker for {self.worker_timeout:g} seconds; fit(checkpoint=…) "
                                      "keeps a file to resume from") from None


def contribution(job: bytes, shares: Sequence[Share | None], number: int) -> dict[str, Any]:
    """Run a job in a worker on its share of each batch, one after the other; return sums over the rows.

    ``number`` is that of the share; it makes generators differ between shares, and not between a first and a second try.
    """
    from distributed import get_worker
    model, loss, measures, optimizer, clip_norm, check, seeds = pickle.loads(job)
    for name, generator in model.named_generators():
        if model.training:
            generator.bit_generator.state = type(generator.bit_generator)([seeds[name], number]).state
    sums: dict[str, Any] = {"losses": [], "counts": [], "totals": {}, "model": {}}
    for share in shares:
        columns, first, last = share or ((), 0, 0)
        count = last - first
        value = _step(model, loss, measures, optimizer, clip_norm, check, [c[first:last] for c in columns], sums["totals"]) \
            if count else 0.0
        sums["losses"].append(value * count)
        sums["counts"].append(count)
    rows = sum(sums["counts"])
    sums["workers"] = {get_worker().address: rows}
    if model.training:
        state, buffers = model.state_dict(), {name for name, _ in model.named_buffers()}
        sums["model"] = _times({name: part for name, part in state.items() if optimizer is not None or name in buffers}, rows)
        if optimizer is None:
            sums["gradients"] = _times([x.grad for x in model.parameters()], rows)
        else:
            sums["optimizer"] = _times(optimizer.state, rows)
    return sums


def _step(model: Module, loss: LossFunction, measures: Mapping[str, Metric], optimizer: Any, clip_norm: float | None, check: bool,
          columns: list[Any], totals: dict[str, float]) -> float:
    """Compute loss, metrics and gradients of some rows, and let the optimiser take its step, if there is one."""
    x, y, *weight = columns[0], *(in_model_precision(column, model) for column in columns[1:])
    model.zero_grad()
    with nullcontext() if model.training else no_grad():
        prediction = batch_function(model)(in_model_precision(x, model))
        node = batch_loss(loss, prediction, y, *weight)
        value: float = node.item()
    if check and len(y) > 1:
        _check_mean(loss, plain_prediction(prediction), [y, *weight], value)
    add_measurements(totals, value, measures, prediction, y)
    if model.training and isfinite(value):
        node.backward()
        if optimizer is not None and not update(optimizer, clip_norm):
            return nan
    return value


def _check_mean(loss: LossFunction, prediction: Array, columns: Sequence[Any], value: float) -> None:
    """Raise ValueError for a loss that is not the mean over examples, whose gradients would not add up to those of a batch."""
    count, half = len(prediction), len(prediction) // 2
    mean = sum(float(batch_loss(loss, prediction[s], *(c[s] for c in columns))) * len(prediction[s])
               for s in (slice(half), slice(half, None))) / count
    if isfinite(value) and abs(mean - value) > CLOSE * max(abs(value), CLOSE):
        raise ValueError(f"fit(cluster=): the loss of {count} examples is {value:g}, and the mean over its two halves {mean:g}; "
                         "shares of a batch add up only for a loss that is the mean over examples, reduction='mean'")


# ── sums of numbers and arrays in dicts and lists ────────────────────────────────────────────────────────────────

def _sums(parts: Iterable[dict[str, Any]]) -> dict[str, Any]:
    return reduce(_sum, parts)


def _sum(a: Any, b: Any) -> Any:
    if a is None or b is None:
        return b if a is None else a
    if isinstance(a, dict):
        return {name: _sum(a.get(name), b.get(name)) for name in {**a, **b}}
    return [_sum(x, y) for x, y in zip(a, b, strict=True)] if isinstance(a, list) else a + b


def _times(tree: Any, count: int) -> Any:
    return map_tree(lambda part: None if part is None else part * count, tree)


def _mean(tree: Any, count: int) -> Any:
    """Sums over rows divided by their number; integers, such as a count of steps, stay integers."""
    def divided(total: Any) -> Any:
        whole = isinstance(total, int) or getattr(total, "dtype", np.dtype(float)).kind in "iu"
        return None if total is None else total // count if whole else total / count
    return map_tree(divided, tree)
