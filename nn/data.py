"""Data for training: splits, mini-batches, preprocessing, augmentation; data sets and files come from ``nn.sources``.

Lists in, lists out, without NumPy (networks of single numbers need none); arrays in, arrays out. All random numbers come from
``rng``: a seed, a ``numpy.random.Generator``, a ``random.Random``, or the module ``random`` itself.
"""

from __future__ import annotations

import copy
import math
import random
from collections.abc import Callable, Iterator, Sequence
from statistics import fmean, pstdev
from typing import TYPE_CHECKING, Any

from .arguments import whole_number
from .sources import Dataset, arrays, column_array, load, one_hot, read_csv, read_idx, read_npz

if TYPE_CHECKING:
    from autograd import Tensor
    from autograd.typing import Array

    from .typing import Column, Data, Seed, State

__all__ = ["PCA", "Augment", "DataLoader", "Dataset", "StandardScaler", "TensorDataset", "arrays", "batches", "generator", "k_fold",
           "load", "moved", "one_hot", "read_csv", "read_idx", "read_npz", "split", "take", "train_test_split"]
__dir__ = __all__.copy
Transform = Callable[["Array", Any], "Array"]  # of a batch of inputs and the loader's generator


# ── splits ───────────────────────────────────────────────────────────────────────────────────────────────────────

def generator(rng: Seed) -> Any:
    """Return ``rng`` if it is a generator, else a ``numpy.random.Generator`` with that seed (None: a seed from the system)."""
    if rng is None or hasattr(rng, "__index__"):
        import numpy as np
        return np.random.default_rng(rng)  # type: ignore[arg-type]  # has __index__
    return rng


def split(inputs: Column, labels: Column, shares: Sequence[float] = (0.6, 0.2, 0.2), rng: Seed = random,
          stratify: bool = True) -> list[tuple[Any, Any]]:
    """Split the examples at random into parts of these shares, for example training, validation, test: pairs (inputs, labels).

    With ``stratify`` every class has the same share in each part. Raises ValueError where lengths differ, the shares do not sum to
    1, or a class (without ``stratify``, the whole set) is too small for every part.

    >>> [len(y) for x, y in split(range(10), [0] * 5 + [1] * 5, rng=random.Random(1))]
    [6, 2, 2]
    """
    if len(inputs) != len(labels):
        raise ValueError(f"split: {len(inputs)} inputs but {len(labels)} labels; give one label for each")
    if any(not 0 < share < 1 for share in shares) or not math.isclose(sum(shares), 1):
        raise ValueError(f"split: shares must lie between 0 and 1 and sum to 1; got {tuple(shares)!r}")
    stream = generator(rng)
    parts: list[list[int]] = [[] for _ in shares]
    for label, members in _members(labels, stratify):
        stream.shuffle(members)
        first = 0
        for part, i in zip(reversed(parts), range(len(shares) - 1, -1, -1)):
            last = round(len(members) * sum(shares[i:])) if i else len(members)
            if last <= first:
                raise ValueError(f"split: {label} has {len(members)} examples, too few for {shares[i]:.0%} in "
                                 f"part {i}; leave out the class, change the shares, or use stratify=False")
            part += members[first:last]
            first = last
    for part in parts:
        stream.shuffle(part)
    return [(take(inputs, part), take(labels, part)) for part in parts]


def train_test_split(inputs: Column, labels: Column, test_size: float = 0.2, rng: Seed = random,
                     stratify: bool = True) -> tuple[Any, Any, Any, Any]:
    """Split the examples at random in two: return inputs for training and for testing, then the labels of both.

    >>> parts = train_test_split(range(10), [0] * 5 + [1] * 5, rng=random.Random(1))
    >>> [len(part) for part in parts], sorted(parts[3])
    ([8, 2, 8, 2], [0, 1])
    """
    if not 0 < test_size < 1:
        raise ValueError(f"train_test_split: test_size must be a share between 0 and 1; got {test_size!r}")
    (x_train, y_train), (x_test, y_test) = split(inputs, labels, (1 - test_size, test_size), rng, stratify)
    return x_train, x_test, y_train, y_test


def k_fold(labels: Column, k: int = 5, rng: Seed = random, stratify: bool = True) -> Iterator[tuple[list[int], list[int]]]:
    """Yield for each of k folds the indices of its training examples and of its validation examples.

    Every example is used for validation once. With ``stratify`` every class is spread evenly over the folds. Raises ValueError for
    k below 2, or more folds than examples.

    >>> [sorted(validation) for _, validation in k_fold([0, 0, 1, 1], 2, random.Random(0))]
    [[0, 2], [1, 3]]
    """
    if not 2 <= k <= len(labels):
        raise ValueError(f"k_fold: {len(labels)} examples in {k} folds; k must be between 2 and the number of examples")
    stream = generator(rng)
    folds: list[list[int]] = [[] for _ in range(k)]
    dealt = 0
    for _, members in _members(labels, stratify):
        stream.shuffle(members)
        for i in members:  # dealt out in turn, continuing where the last class ended, so that sizes differ by at most one
            folds[dealt % k].append(i)
            dealt += 1
    for i, fold in enumerate(folds):
        yield sorted(j for other in folds[:i] + folds[i + 1:] for j in other), fold


def take(column: Column, places: Sequence[int]) -> Any:
    """Return the entries at these indices: an array for an array, rows of a frame, a list for any other column.

    >>> take("abc", [2, 0])
    ['c', 'a']
    """
    rows: Any = column
    if hasattr(rows, "iloc"):
        return rows.iloc[list(places)]
    return rows[list(places)] if hasattr(rows, "__array__") else [rows[i] for i in places]


def _members(labels: Any, stratify: bool) -> list[tuple[str, list[int]]]:
    if not stratify:
        return [("the data set", list(range(len(labels))))]
    members: dict[Any, list[int]] = {}
    for i, label in enumerate(labels.tolist() if hasattr(labels, "tolist") else labels):
        members.setdefault(label, []).append(i)
    return [(f"class {label!r}", places) for label, places in members.items()]


# ── mini-batches ─────────────────────────────────────────────────────────────────────────────────────────────────

def batches(size: int, *columns: Column, rng: Seed = None) -> Iterator[tuple[Any, ...]]:
    """Yield mini-batches of ``size`` examples from columns of one length, ⌈N / size⌉ of them: the last may be smaller.

    They are in order, or shuffled by ``rng``. Raises ValueError for a size below 1 or columns of different lengths.

    >>> [x for x, in batches(2, [1, 2, 3, 4, 5])]
    [[1, 2], [3, 4], [5]]
    """
    if size < 1 or len({len(column) for column in columns}) != 1:
        raise ValueError(f"batches: needs a size of 1 or more and columns of one length; got size {size} and lengths "
                         f"{[len(column) for column in columns]}")
    order = list(range(len(columns[0])))
    if rng is not None:
        generator(rng).shuffle(order)
    for start in range(0, len(order), size):
        yield tuple(take(column, order[start:start + size]) for column in columns)


class TensorDataset:
    """Columns of one length, PyTorch's form of a pair (inputs, labels).

    >>> dataset = TensorDataset([[1.0], [2.0]], [0, 1])
    >>> len(dataset), dataset[1]
    (2, ([2.0], 1))
    """

    def __init__(self, *tensors: Column | Tensor):
        self.tensors: tuple[Any, ...] = tuple(getattr(x, "array", x) for x in tensors)
        if len({len(x) for x in self.tensors}) != 1:
            raise ValueError(f"TensorDataset: columns of lengths {[len(x) for x in self.tensors]}; give one entry for each example")

    def __repr__(self) -> str:
        return f"<TensorDataset of {len(self):,} examples in {len(self.tensors)} columns>"

    def __len__(self) -> int:
        return len(self.tensors[0])

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        return tuple(x[index] for x in self.tensors)


class DataLoader:
    """Mini-batches (inputs, labels) as arrays, epoch after epoch: ⌈N / batch_size⌉ of them, the last may be smaller.

    ``data`` is anything that ``arrays`` takes. With ``shuffle`` each epoch has a new order, drawn from ``generator`` (a seed or a
    ``numpy.random.Generator``); ``transform`` (for example ``Augment``) is applied to each batch of inputs and the generator. With
    ``drop_last`` a smaller last batch is left out. ``sample_weight`` (N,), divided by its mean, is a third column of the batches.
    ``num_workers`` and ``pin_memory`` are accepted, and do nothing, because a batch is a part of an array. ``state_dict`` holds
    everything that determines the further batches, even within an epoch.

    >>> loader = DataLoader(([[1.0], [2.0], [3.0]], [0, 1, 0]), batch_size=2)
    >>> len(loader), [y.tolist() for x, y in loader]
    (2, [[0, 1], [0]])
    """

    def __init__(self, data: Data, batch_size: int = 32, shuffle: bool = False, generator: Seed = None,
                 transform: Transform | None = None, drop_last: bool = False, *, num_workers: int = 0, pin_memory: bool = False,
                 sample_weight: Column | None = None):
        self.x, self.y = arrays(data)
        self.sample_weight = None if sample_weight is None else _relative_weights(sample_weight, len(self.x))
        self.batch_size = whole_number(batch_size, "DataLoader: batch_size")
        self.shuffle, self.transform, self.drop_last = bool(shuffle), transform, bool(drop_last)
        if not len(self):
            raise ValueError(f"DataLoader: drop_last=True leaves no batch of {batch_size} of {len(self.x)} examples; take a "
                             "smaller batch_size")
        self.generator = _numpy_generator(generator)
        self.position, self._order, self._resumed = 0, None, False

    def __repr__(self) -> str:
        shuffled = ", shuffled" if self.shuffle else ""
        return f"<DataLoader of {len(self.x):,} examples {self.x.shape[1:]}: {len(self):,} batches of {self.batch_size}{shuffled}>"

    def __len__(self) -> int:
        return len(self.x) // self.batch_size if self.drop_last else -(-len(self.x) // self.batch_size)

    def _units(self) -> int:
        """The number of things that are shuffled."""
        return len(self.x)

    def __iter__(self) -> Iterator[tuple[Array, ...]]:
        if not self._resumed:
            self.position = 0
            self._order = self.generator.permutation(len(self.x)) if self.shuffle else None
        self._resumed = False
        batches, size = len(self), self.batch_size
        while (position := self.position) < batches:
            chosen: Any = slice(position * size, (position + 1) * size)
            if self._order is not None:
                chosen = self._order[chosen]
            self.position = position + 1
            x = self.x[chosen]
            x = x if self.transform is None else self.transform(x, self.generator)
            yield (x, self.y[chosen]) if self.sample_weight is None else (x, self.y[chosen], self.sample_weight[chosen])

    def state_dict(self) -> State:
        """Return the position in this epoch, the kind of batches, the order of the epoch, and the generator's state."""
        return {"position": self.position, "batch_size": self.batch_size, "drop_last": self.drop_last,
                "order": None if self._order is None else self._order.copy(), "generator": self.generator.bit_generator.state}

    def check_state(self, state: State) -> None:
        """Raise ValueError for the state of a loader with other data, batches or kind of generator."""
        where = "DataLoader.load_state_dict: the state"
        if not isinstance(state, dict) or not {"position", "batch_size", "order", "generator"} <= state.keys():
            raise ValueError(f"{where} is {state!r:.60}, not what DataLoader.state_dict gives")
        order, position = state["order"], state["position"]
        for name, own in (("batch_size", self.batch_size), ("drop_last", self.drop_last)):
            if (saved := state.get(name, False)) != own:
                raise ValueError(f"{where} is of {name}={saved!r}, not {own!r}")
        begun = order is not None or position != 0
        if begun and (order is not None) != self.shuffle or order is not None and len(order) != self._units():
            raise ValueError(f"{where} has {0 if order is None else len(order)} shuffled parts; this loader has {self._units()}, "
                             f"and shuffle={self.shuffle}. Give the same data")
        if not isinstance(position, int) or not 0 <= position <= len(self):
            raise ValueError(f"{where} is at batch {position!r} of {len(self)}")
        try:
            copy.deepcopy(self.generator).bit_generator.state = state["generator"]
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{where} has a different kind of generator from {self.generator!r}: {error!s:.80}") from None

    def load_state_dict(self, state: State) -> None:
        """Continue from the state of a loader with the same data: the next iteration gives the rest of its epoch.

        Raises ValueError, with nothing changed, for a state of other data.
        """
        self.check_state(state)
        self.generator.bit_generator.state = state["generator"]
        self.position, self._order = state["position"], state["order"]
        self._resumed = self._order is not None or not self.shuffle


def _relative_weights(weights: Column, count: int) -> Array:
    """Weights divided by their mean; raises ValueError where they are not (N,), negative, or all 0."""
    import numpy as np
    array = np.asarray(weights, np.float64)
    if array.shape != (count,) or not np.isfinite(array).all() or (array < 0).any() or not array.any():
        raise ValueError(f"sample_weight of shape {array.shape} for {count} examples; give one number of 0 or more for each, not "
                         "all of them 0")
    return array / array.mean()


class Stream(DataLoader):
    """Mini-batches from an iterator, an iterable (PyTorch's ``DataLoader``), or a function that returns one: ``steps`` in an epoch.

    An iterable that ends begins again. A resumed run reads over the batches that were trained on, and is the same to the bit if
    they come again in the same order. Raises ValueError without ``steps`` where the source has no length.

    >>> stream = Stream(lambda: iter([([[1.0]], [0]), ([[2.0]], [1])]), steps=3)
    >>> [y.tolist() for x, y in stream]
    [[0], [1], [0]]
    """

    def __init__(self, source: Any, steps: int | None = None, convert: Callable[[Any], Any] | None = None):
        super().__init__(([[1.0]], [0]))  # a stand-in, to set the options
        if steps is None and not hasattr(source, "__len__"):
            raise ValueError("fit: this stream has no length; give steps_per_epoch=, the number of batches in an epoch")
        self.source, self.steps = source, whole_number(len(source) if steps is None else steps, "fit: steps_per_epoch")
        self.convert, self.read = convert, 0
        self._running: Iterator[Any] = iter(())

    def __repr__(self) -> str:
        return f"<Stream of {self.steps:,} batches in an epoch>"

    def __len__(self) -> int:
        return self.steps if hasattr(self, "steps") else 1

    def __iter__(self) -> Iterator[tuple[Array, ...]]:
        self.position = self.position if self._resumed else 0
        self._resumed = False
        while self.position < self.steps:
            self.position += 1
            batch = self._next()
            if not isinstance(batch, (tuple, list)) or len(batch) not in (2, 3):
                raise TypeError(f"fit: a batch of the stream is {type(batch).__name__} {batch!r:.60}; give pairs (inputs, labels)")
            columns = [column_array(column, f"column {i} of a batch") for i, column in enumerate(batch)]
            yield tuple(columns if self.convert is None else map(self.convert, columns))

    def _next(self) -> Any:
        for _ in range(2):
            for batch in self._running:
                self.read += 1
                return batch
            source: Any = self.source
            again: Any = source() if callable(source) else source
            self._running = iter(again)
        raise ValueError(f"fit: the stream ended after {self.read} batches; give fewer epochs or steps_per_epoch, or a function "
                         "that returns a new iterator")

    def state_dict(self) -> State:
        """Return the position in this epoch, and the number of batches read."""
        return {**super().state_dict(), "read": self.read}

    def load_state_dict(self, state: State) -> None:
        """Read over the batches that were read before."""
        super().load_state_dict(state)
        for _ in range(state["read"] % len(self.source) if hasattr(self.source, "__len__") else state["read"]):
            self._next()
        self.read = state["read"]


def _numpy_generator(rng: Seed) -> Any:
    rng = generator(rng)
    if not hasattr(rng, "bit_generator"):
        raise TypeError("DataLoader: generator must be a seed or a numpy.random.Generator, whose state can be saved; got "
                        f"{rng!r:.60}")
    return rng


# ── preprocessing: fitted on the training inputs only, then applied to any inputs ────────────────────────────────

class StandardScaler:
    """Shift and scale each feature to mean 0 and standard deviation 1, as measured on the training inputs.

    ``axis`` are the axes to measure over: 0 for each feature, (0, 2, 3) for each channel of images (N, C, H, W).
    ``with_std=False`` only subtracts the mean: the mean image (as AlexNet did), the channels' mean (as VGG did). A constant feature
    is only shifted. Lists give lists of tuples, arrays give arrays.

    >>> scaler = StandardScaler([(1.0, 7.0), (3.0, 7.0)])
    >>> scaler([(1.0, 7.0), (5.0, 8.0)])
    [(-1.0, 0.0), (3.0, 1.0)]
    """

    mean: Any
    std: Any

    def __init__(self, inputs: Column, axis: int | tuple[int, ...] = 0, with_std: bool = True):
        if not len(inputs):
            raise ValueError("StandardScaler: no training inputs to measure mean and standard deviation on")
        if hasattr(inputs, "__array__"):
            import numpy as np
            x = _floats(inputs)
            self.mean = x.mean(axis=axis, keepdims=True, dtype=np.float64)
            self.std = x.std(axis=axis, keepdims=True, dtype=np.float64) if with_std else np.ones_like(self.mean)
            self.std[self.std == 0] = 1.0
        elif axis != 0:
            raise TypeError(f"StandardScaler: axis={axis} needs an array; convert the lists with np.asarray")
        else:
            columns = list(zip(*inputs, strict=True))
            self.mean = tuple(map(fmean, columns))
            self.std = tuple(pstdev(column) or 1.0 if with_std else 1.0 for column in columns)

    def __repr__(self) -> str:
        return f"<StandardScaler of {self.mean.size if hasattr(self.mean, 'size') else len(self.mean):,} features>"

    def __call__(self, inputs: Column) -> Any:
        if hasattr(self.mean, "shape"):
            x = _floats(inputs)
            return ((x - self.mean) / self.std).astype(x.dtype)
        rows: Any = inputs
        return [tuple((x - mean) / std for x, mean, std in zip(row, self.mean, self.std, strict=True)) for row in rows]


class PCA:
    """Principal component analysis: project inputs (N, D) on the directions in which the training inputs vary most.

    ``n_components`` is the number of directions, or the share of the variance to keep (a number under 1); all by default.
    With ``whiten`` each projection has variance 1 on the training inputs, and directions without variance are left out.
    ``components`` (K, D) are the directions, ``variance`` (K,) is the variance of the training inputs along each (over N − 1).

    >>> import numpy as np
    >>> pca = PCA(np.array([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0]]), n_components=1)
    >>> round(float(pca.variance[0]), 9), np.abs(pca(np.array([[3.0, 4.0], [6.0, 8.0]]))).round(9).tolist()
    (25.0, [[0.0], [5.0]])
    """

    def __init__(self, inputs: Column, n_components: float | None = None, whiten: bool = False):
        import numpy as np
        x = np.asarray(inputs, np.float64)
        if x.ndim != 2 or len(x) < 2:
            raise ValueError(f"PCA: inputs have shape {x.shape}; give (N, D) with two examples or more, images as "
                             "x.reshape(len(x), -1)")
        self.mean = x.mean(axis=0)
        _, singular, directions = np.linalg.svd(x - self.mean, full_matrices=False)
        variance = singular**2 / (len(x) - 1)
        count = len(variance)
        if n_components is not None and 0 < n_components < 1:
            count = int(np.searchsorted(np.cumsum(variance) / variance.sum(), float(n_components))) + 1
        elif n_components is not None:
            count = int(n_components)
        if not 0 < count <= len(variance):
            raise ValueError(f"PCA: n_components={n_components}; {x.shape} inputs allow 1 to {len(variance)}")
        if whiten:
            count = min(count, int((variance > variance[0] * 1e-12).sum()))
        self.whiten, self.components, self.variance = whiten, directions[:count], variance[:count]
        self._scale = np.sqrt(self.variance) if whiten else np.ones(count)

    def __repr__(self) -> str:
        count, features = self.components.shape
        return f"<PCA of {features:,} features to {count:,} components{', whitened' if self.whiten else ''}>"

    def __call__(self, inputs: Column) -> Any:
        x = _floats(inputs)
        return ((x - self.mean) @ self.components.T / self._scale).astype(x.dtype)

    def inverse(self, parts: Array) -> Array:
        """Return inputs reconstructed from their projections on the kept components."""
        return parts * self._scale @ self.components + self.mean


class Augment:
    """Augment images (N, C, H, W) at random, each one by itself: shift it by up to ``shift`` pixels, rotate it by up to ``rotate``
    degrees, and with ``flip`` mirror it left to right half of the time. Pixels from outside are 0.

    >>> import numpy as np
    >>> Augment(shift=1)(np.ones((2, 1, 8, 8)), np.random.default_rng(0)).shape
    (2, 1, 8, 8)
    """

    def __init__(self, shift: float = 0.0, rotate: float = 0.0, flip: bool = False):
        self.shift, self.rotate, self.flip = shift, rotate, flip

    def __repr__(self) -> str:
        return f"Augment(shift={self.shift!r}, rotate={self.rotate!r}, flip={self.flip!r})"

    def __call__(self, images: Array, rng: Seed = None) -> Any:
        stream, n = generator(rng), len(images)
        angle = stream.uniform(-self.rotate, self.rotate, n)
        down, right = stream.uniform(-self.shift, self.shift, (2, n))
        return moved(images, angle, down, right, stream.random(n) < 0.5 if self.flip else False)


def moved(images: Array, degrees: float | Array = 0.0, down: float | Array = 0.0, right: float | Array = 0.0,
          mirror: bool | Array = False) -> Array:
    """Return images (N, C, H, W) mirrored left to right, rotated anticlockwise about the centre, then shifted by pixels.

    Each movement is one number for all images or one for each, (N,). Values between pixels are interpolated bilinearly; outside
    they are 0.

    >>> import numpy as np
    >>> moved(np.array([[[[1.0, 2.0]]]]), mirror=True).tolist()
    [[[[2.0, 1.0]]]]
    """
    import numpy as np
    images = _floats(images)
    if images.ndim != 4:
        raise ValueError(f"images must be (N, C, H, W), not {images.shape}; reshape them first")
    n, _, height, width = images.shape
    angle, down, right, mirror = (np.broadcast_to(each, n)[:, None, None] for each in (np.deg2rad(degrees), down, right, mirror))
    y, x = np.mgrid[:height, :width] - np.array([height - 1, width - 1])[:, None, None] / 2
    y, x = y - down, x - right  # the source position of each pixel
    y, x = np.cos(angle) * y + np.sin(angle) * x, np.cos(angle) * x - np.sin(angle) * y
    row = (y + (height - 1) / 2).round(9)  # so that a zero movement gives the same image
    column = (np.where(mirror, -x, x) + (width - 1) / 2).round(9)
    top, left = np.floor(row).astype(int), np.floor(column).astype(int)
    framed = np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)))  # a border of zeros
    out = np.zeros_like(images)
    for r, row_share in ((top, top + 1 - row), (top + 1, row - top)):
        for c, share in ((left, left + 1 - column), (left + 1, column - left)):
            pixels = framed[np.arange(n)[:, None, None], :, np.clip(r + 1, 0, height + 1), np.clip(c + 1, 0, width + 1)]
            out += (pixels * (row_share * share)[..., None]).transpose(0, 3, 1, 2).astype(images.dtype)
    return out


def _floats(x: Any) -> Any:
    import numpy as np
    x = np.asarray(x)
    return x if x.dtype in (np.float32, np.float64) else x.astype(np.float64)
