"""Data: Fisher's iris, the split, mini-batches, standardisation."""

import math
import random
import re
from collections import Counter
from importlib.resources import files
from statistics import fmean, pstdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn.data import StandardScaler, batches, load, train_test_split

IRIS = load("iris")


def test_iris_is_what_fisher_printed():
    assert len(IRIS.inputs) == 150
    assert IRIS.class_names == ("setosa", "versicolor", "virginica")
    assert Counter(IRIS.labels) == {0: 50, 1: 50, 2: 50}
    means = [[fmean(column) for column in zip(*(x for x, y in zip(IRIS.inputs, IRIS.labels, strict=True) if y == label),
                                              strict=True)] for label in range(3)]
    published = [[5.006, 3.428, 1.462, 0.246], [5.936, 2.770, 4.260, 1.326], [6.588, 2.974, 5.552, 2.026]]
    assert means == [pytest.approx(row, abs=1e-12) for row in published]


def test_iris_has_uci_s_summary():
    columns = list(zip(*IRIS.inputs, strict=True))
    assert [min(c) for c in columns] == [4.3, 2.0, 1.0, 0.1]
    assert [max(c) for c in columns] == [7.9, 4.4, 6.9, 2.5]
    assert [round(fmean(c), 2) for c in columns] == [5.84, 3.06, 3.76, 1.20]
    assert IRIS.feature_names == ("sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)")


def test_the_two_rows_that_uci_has_wrong_are_fisher_s():
    assert IRIS.inputs[34] == (4.9, 3.1, 1.5, 0.2)
    assert IRIS.inputs[37] == (4.9, 3.6, 1.4, 0.1)


def test_every_data_set_comes_with_its_source_and_licence():
    sets = [file.name.removesuffix(".csv") for file in files("nn.datasets").iterdir() if file.name.endswith(".csv")]
    assert sets == ["iris"]
    for name in sets:
        text = files("nn.datasets").joinpath(f"{name}.md").read_text(encoding="utf-8")
        assert "Source:" in text
        assert "licence" in text


@pytest.mark.parametrize("name", ["mnist", "../data", ""])
def test_a_data_set_that_does_not_ship_is_refused(name):
    with pytest.raises(ValueError, match=re.escape(f"no data set {name!r} ships with the package; there is iris")):
        load(name)


@given(st.lists(st.integers(2, 30), min_size=1, max_size=4), st.floats(0.05, 0.95), st.integers(0, 2**32))
def test_a_split_loses_nothing_and_gives_every_class_its_share(sizes, share, seed):
    labels = [label for label, size in enumerate(sizes) for _ in range(size)]
    names = list(range(len(labels)))
    if any(not 0 < round(size * share) < size for size in sizes):
        with pytest.raises(ValueError, match="too few"):
            train_test_split(names, labels, share, random.Random(seed))
        return
    x_train, x_test, y_train, y_test = train_test_split(names, labels, share, random.Random(seed))
    assert sorted(x_train + x_test) == names
    assert [labels[i] for i in x_train] == y_train
    assert [labels[i] for i in x_test] == y_test
    for label, size in enumerate(sizes):
        assert abs(y_test.count(label) - size * share) <= 0.5


def test_a_split_comes_from_its_seed():
    split = [train_test_split(IRIS.inputs, IRIS.labels, rng=random.Random(seed)) for seed in (1, 1, 2)]
    assert split[0] == split[1] != split[2]
    assert set(split[0][1]) != set(split[2][1])  # other flowers, not the same ones in another order
    assert Counter(split[0][3]) == {0: 10, 1: 10, 2: 10}
    assert split[0][3] != sorted(split[0][3])  # the classes are mixed


@pytest.mark.parametrize(("arguments", "message"), [
    (([1, 2], [0]), "2 inputs but 1 labels"),
    (([1, 2], [0, 0], 0.0), "a share between 0 and 1; got 0.0"),
    (([1, 2], [0, 0], 1.5), "got 1.5"),
    (([1, 2, 3], [0, 0, 1], 0.5), "class 1 has 1 examples, too few to give 50% to the test"),
])
def test_a_split_that_cannot_be_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        train_test_split(*arguments)


@given(st.integers(0, 200), st.integers(1, 64), st.none() | st.integers(0, 9))
def test_batches_keep_the_last_partial_one_and_every_example_once(count, size, seed):
    xs, ys = list(range(count)), [-x for x in range(count)]
    made = list(batches(size, xs, ys, rng=None if seed is None else random.Random(seed)))
    assert len(made) == math.ceil(count / size)
    assert all(len(x) == size for x, _ in made[:-1])
    together = [x for batch, _ in made for x in batch]
    assert (together if seed is None else sorted(together)) == xs
    assert all(x == -y for batch in made for x, y in zip(*batch, strict=True))


def test_batches_are_shuffled_anew_each_time_by_one_generator():
    rng = random.Random(0)
    first, second = ([x for x, in batches(1000, range(1000), rng=rng)] for _ in range(2))
    assert first != second


@pytest.mark.parametrize("arguments", [(0, [1]), (2, [1], [1, 2])])
def test_batches_that_cannot_be_are_refused(arguments):
    with pytest.raises(ValueError, match="a size of 1 or more and columns of one length"):
        list(batches(*arguments))


def test_standardised_training_data_has_mean_0_and_deviation_1_and_test_data_follows_the_training_data():
    train, test = IRIS.inputs[::2], IRIS.inputs[1::2]
    scaler = StandardScaler(train)
    for column in zip(*scaler(train), strict=True):
        assert fmean(column) == pytest.approx(0, abs=1e-14)
        assert pstdev(column) == pytest.approx(1, rel=1e-14)
    means, deviations = ([f(c) for c in zip(*train, strict=True)] for f in (fmean, pstdev))
    assert scaler(test)[3][2] == (test[3][2] - means[2]) / deviations[2]


def test_a_feature_that_never_varies_is_only_shifted():
    assert StandardScaler([(2.0,), (2.0,)])([(2.0,), (5.0,)]) == [(0.0,), (3.0,)]


def test_a_scaler_of_nothing_is_refused():
    with pytest.raises(ValueError, match="no training inputs"):
        StandardScaler([])
