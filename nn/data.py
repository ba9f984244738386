"""Data for training, as plain lists: real sets by name, a stratified split, mini-batches, standardisation."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator, Sequence
from importlib.resources import files
from statistics import fmean, pstdev
from typing import Any, NamedTuple


class Dataset(NamedTuple):
    """Examples and what they are: a tuple of numbers and an integer label each, and the names of both."""

    inputs: list[tuple[float, ...]]
    labels: list[int]
    feature_names: tuple[str, ...]
    class_names: tuple[str, ...]


def load(name: str) -> Dataset:
    """A real data set that ships with the package: ``"iris"`` (150 flowers, 4 lengths in cm, 3 species).

    ``nn/datasets/`` says where each comes from and under which licence. Raises ValueError for another name.

    >>> iris = load("iris")
    >>> len(iris.inputs), iris.inputs[0], iris.class_names[iris.labels[0]]
    (150, (5.1, 3.5, 1.4, 0.2), 'setosa')
    """
    shipped = {file.name.removesuffix(".csv"): file for file in files("nn.datasets").iterdir() if ".csv" in file.name}
    if name not in shipped:
        raise ValueError(f"no data set {name!r} ships with the package; there is {', '.join(sorted(shipped))}")
    (*features, _), *rows = csv.reader(shipped[name].read_text(encoding="utf-8").splitlines())
    classes = tuple(dict.fromkeys(row[-1] for row in rows))
    return Dataset([tuple(map(float, row[:-1])) for row in rows], [classes.index(row[-1]) for row in rows],
                   tuple(features), classes)


def train_test_split(inputs: Sequence[Any], labels: Sequence[Any], test_size: float = 0.2,
                     rng: Any = random) -> tuple[list[Any], list[Any], list[Any], list[Any]]:
    """Inputs for training and for testing, then labels for both; every class gives the same share to each.

    ``rng`` (``random``, a ``random.Random``, or NumPy's ``Generator``) shuffles. Raises ValueError where lengths
    differ, ``test_size`` is not between 0 and 1, or a class is too small to be on both sides.

    >>> parts = train_test_split(range(10), [0] * 5 + [1] * 5, rng=random.Random(1))
    >>> [len(part) for part in parts], sorted(parts[3])
    ([8, 2, 8, 2], [0, 1])
    """
    if len(inputs) != len(labels):
        raise ValueError(f"train_test_split: {len(inputs)} inputs but {len(labels)} labels; give one label for each")
    if not 0 < test_size < 1:
        raise ValueError(f"train_test_split: test_size is a share between 0 and 1; got {test_size!r}")
    train: list[int] = []
    test: list[int] = []
    for label in dict.fromkeys(labels):
        members = [i for i, other in enumerate(labels) if other == label]
        rng.shuffle(members)
        count = round(len(members) * test_size)
        if not 0 < count < len(members):
            raise ValueError(f"train_test_split: class {label!r} has {len(members)} examples, too few to give "
                             f"{test_size:.0%} to the test; leave the class out, or change test_size")
        test += members[:count]
        train += members[count:]
    rng.shuffle(train)
    rng.shuffle(test)
    return [inputs[i] for i in train], [inputs[i] for i in test], [labels[i] for i in train], [labels[i] for i in test]


def batches(size: int, *columns: Sequence[Any], rng: Any = None) -> Iterator[tuple[list[Any], ...]]:
    """Mini-batches of ``size`` examples from columns of one length, ⌈N / size⌉ of them: the last may be smaller.

    In order, or shuffled by ``rng`` (as in ``train_test_split``). Raises ValueError for a size under 1 or columns
    of different lengths.

    >>> [x for x, in batches(2, [1, 2, 3, 4, 5])]
    [[1, 2], [3, 4], [5]]
    """
    if size < 1 or len({len(column) for column in columns}) != 1:
        raise ValueError(f"batches: needs a size of 1 or more and columns of one length; got size {size} and lengths "
                         f"{[len(column) for column in columns]}")
    order = list(range(len(columns[0])))
    if rng is not None:
        rng.shuffle(order)
    for start in range(0, len(order), size):
        yield tuple([column[i] for i in order[start:start + size]] for column in columns)


class StandardScaler:
    """Shifts and scales each feature to mean 0 and standard deviation 1, as measured on the training inputs alone.

    A feature that never varies is only shifted.

    >>> scaler = StandardScaler([(1.0, 7.0), (3.0, 7.0)])
    >>> scaler([(1.0, 7.0), (5.0, 8.0)])
    [(-1.0, 0.0), (3.0, 1.0)]
    """

    def __init__(self, inputs: Sequence[Sequence[float]]):
        columns = list(zip(*inputs, strict=True))
        if not columns:
            raise ValueError("StandardScaler: no training inputs to measure mean and standard deviation on")
        self.mean = tuple(map(fmean, columns))
        self.std = tuple(pstdev(column) or 1.0 for column in columns)

    def __call__(self, inputs: Sequence[Sequence[float]]) -> list[tuple[float, ...]]:
        return [tuple((x - mean) / std for x, mean, std in zip(row, self.mean, self.std, strict=True))
                for row in inputs]
