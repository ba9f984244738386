"""Data: Fisher's iris and UCI's digits, files, splits, mini-batches, preprocessing, augmentation."""

import gzip
import math
import random
import re
import struct
import zipfile
from collections import Counter
from importlib.resources import files
from statistics import fmean, pstdev

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from nn.data import (
    PCA, Augment, DataLoader, StandardScaler, arrays, batches, k_fold, load, moved, one_hot, read_csv, read_idx,
    read_npz, split, train_test_split,
)

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
    sets = [file.name.partition(".")[0] for file in files("nn.datasets").iterdir() if ".csv" in file.name]
    assert sorted(sets) == ["digits", "iris"]
    for name in sets:
        text = files("nn.datasets").joinpath(f"{name}.md").read_text(encoding="utf-8")
        assert "Source:" in text
        assert "licence" in text


@pytest.mark.parametrize("name", ["mnist", "../data", ""])
def test_a_data_set_that_does_not_ship_is_refused(name):
    message = f"no data set {name!r} ships with the package; choose from digits, iris"
    with pytest.raises(ValueError, match=re.escape(message)):
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
    (([1, 2, 3], [0, 0, 1], 0.5), "class 1 has 1 examples, too few for 50% in part 1"),
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


def test_digits_are_uci_s():
    x, y = load("digits").arrays(dtype="float64")
    assert x.shape == (1797, 64)
    assert (x.min(), x.max()) == (0, 16)
    assert np.array_equal(x, x.astype(int))
    assert np.bincount(y).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]  # optdigits.names
    assert x.mean() == pytest.approx(4.884164579855314, rel=1e-12)
    assert load("digits").class_names == tuple("0123456789")
    assert load("digits").arrays(8, 8)[0][0, 0].tolist() == [0, 0, 5, 13, 9, 1, 0, 0]  # the top of a zero


def test_digits_and_iris_are_scikit_learn_s():
    datasets = pytest.importorskip("sklearn.datasets")
    for name, bunch in (("digits", datasets.load_digits()), ("iris", datasets.load_iris())):
        for ours, theirs in zip(load(name).arrays(dtype=float), arrays(bunch), strict=True):
            assert np.array_equal(ours, theirs)


def test_load_has_the_forms_of_scikit_learn_s_loaders():
    datasets, pandas = pytest.importorskip("sklearn.datasets"), pytest.importorskip("pandas")
    for name in ("iris", "digits"):
        theirs = getattr(datasets, f"load_{name}")
        (x, y), (their_x, their_y) = nn.data.load(name, return_X_y=True), theirs(return_X_y=True)
        assert x.shape == their_x.shape and x.dtype.kind == "f" and y.dtype.kind == "i" and np.array_equal(y, their_y)
        frame, target = nn.data.load(name, return_X_y=True, as_frame=True)
        assert isinstance(frame, pandas.DataFrame) and target.name == "target" and np.array_equal(frame.to_numpy(), x)
        whole = nn.data.load(name, as_frame=True)
        assert whole.inputs.equals(frame) and list(whole.inputs.columns) == list(whole.feature_names)
        assert [part.shape for part in nn.data.arrays(whole)] == [x.shape, y.shape]


def test_frames_and_bunches_are_data():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"a": [1, 2, 3, 4], "b": [0.5, 1.5, 2.5, 3.5], "kind": list("xyyx")}, index=list("pqrs"))
    x, y = arrays((frame[["a", "b"]], frame["kind"]))
    assert x.tolist() == [[1, 0.5], [2, 1.5], [3, 2.5], [4, 3.5]]
    assert y.tolist() == [0, 1, 1, 0]
    (x_train, y_train), (x_test, y_test) = split(frame[["a", "b"]], frame["kind"], (0.5, 0.5), rng=0)
    assert sorted([*x_train.index, *x_test.index]) == list("pqrs")
    assert list(x_train.index) == list(y_train.index)
    assert sorted(y_test) == ["x", "y"]


def test_nullable_boolean_and_category_columns_are_numbers():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({
        "count": pd.array([1, 2, 3], "Int64"), "size": pd.array([0.5, 1.5, 2.5], "Float64"), "red": [True, False, True],
        "tall": pd.array([True, True, False], "boolean"),
        "grade": pd.Categorical(["low", "high", "low"], ["low", "high"], ordered=True),
        "room": pd.Categorical([7, 5, 7]), "plain": [4, 5, 6], "number": np.array([1, 2.5, True], object)})
    x, y = arrays((frame, frame["grade"]))
    assert x.dtype.kind == "f"
    assert x.tolist() == [[1, 0.5, 1, 1, 0, 7, 4, 1], [2, 1.5, 0, 1, 1, 5, 5, 2.5], [3, 2.5, 1, 0, 0, 7, 6, 1]]
    assert y.tolist() == [0, 1, 0]  # in the order of the categories, which is not that of the alphabet
    for column, labels in (("count", [1, 2, 3]), ("red", [True, False, True]), ("tall", [True, True, False]), ("room", [7, 5, 7])):
        assert arrays((frame, frame[column]))[1].tolist() == labels
    assert arrays((frame[["count", "plain"]], [0, 1, 0]))[0].dtype.kind == "i"
    model = nn.Sequential(nn.Linear(8, 2, rng=0))
    history = nn.train.fit(model, (frame, frame["tall"].astype("Int64")), nn.functional.cross_entropy,
                           nn.optim.SGD(model.parameters()), epochs=1, progress=False)
    assert len(history) == 1
    assert np.array_equal(nn.train.predict(model, frame), nn.train.predict(model, x))


MISSING = [None, float("nan"), "NA", "NaT"]


@pytest.mark.parametrize("missing", MISSING, ids=str)
@pytest.mark.parametrize("kind", ["list", "array", "series", "nullable", "category"])
def test_a_missing_label_is_an_error_that_names_its_row(kind, missing):
    pd = pytest.importorskip("pandas")
    missing = {"NA": pd.NA, "NaT": pd.NaT}.get(missing, missing)
    for labels in (["cat", "dog", missing, "cat"], [1.5, 2.5, missing, 0.5]):
        if kind in ("nullable", "category"):
            if missing is pd.NaT:
                continue
            column = pd.Series(labels, dtype="category" if kind == "category" else "string" if labels[0] == "cat" else "Float64")
        else:
            column = {"list": list, "array": lambda x: np.array(x, object), "series": pd.Series}[kind](labels)
        with pytest.raises(ValueError, match="data: the labels, row 2.* has no value.*; fill it in, or leave out the row"):
            arrays((np.zeros((4, 1)), column))


def test_labels_of_numbers_and_text_are_no_classes():
    with pytest.raises(ValueError, match="the labels hold text and, in row 1, 2; convert them to one kind"):
        arrays((np.zeros((3, 1)), ["a", 2, "b"]))
    assert arrays((np.zeros((3, 1)), np.array([2, 1, 10], object)))[1].tolist() == [2, 1, 10]  # numbers, whatever holds them
    assert arrays((np.zeros((2, 1)), [b"b", b"a"]))[1].tolist() == [1, 0]


def test_a_missing_input_that_is_no_number_names_its_row_and_column():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"a": [1, 2], "b": pd.array([1, None], "Int64")}, index=["p", "q"])
    with pytest.raises(ValueError, match=r"data: column 'b' of the inputs, row 1 \(index 'q'\) has no value"):
        arrays((frame, [0, 1]))
    with pytest.raises(ValueError, match="data: the inputs, row 1 has no value, None"):
        arrays(([[1.0, 2.0], [3.0, None]], [0, 1]))
    with pytest.raises(TypeError, match="column 'kind' of the inputs holds .*, not numbers; leave out such columns"):
        arrays((pd.DataFrame({"a": [1, 2], "kind": ["x", "y"]}), [0, 1]))


@pytest.mark.parametrize(("data", "error", "message"), [
    (np.zeros((3, 2)), TypeError, "must be a pair"),
    (([[1.0]], [0, 1]), ValueError, r"inputs of shape \(1, 1\) and labels of shape \(2,\)"),
    (([], []), ValueError, "at least one example"),
    (([["a"], ["b"]], [0, 1]), TypeError, "not numbers"),
])
def test_what_is_no_data_is_refused(data, error, message):
    with pytest.raises(error, match=message):
        arrays(data)


def test_a_csv_file_gives_what_is_in_it(tmp_path):
    plain = tmp_path / "flowers.csv"
    plain.write_text("size,kind,weight\n1,rose,2.5\n3,lily,-1e3\n\n5,rose,0\n", encoding="utf-8-sig")
    data = read_csv(plain, "kind")
    assert data == ([(1, 2.5), (3, -1000), (5, 0)], [0, 1, 0], ("size", "weight"), ("rose", "lily"))
    assert read_csv(plain, 1) == data
    packed = tmp_path / "numbers.csv.gz"
    packed.write_bytes(gzip.compress(b"1,10\n2,9\n3,10\n"))
    assert read_csv(packed) == ([(1,), (2,), (3,)], [1, 0, 1], ("column 0",), ("9", "10"))
    packed.write_bytes(b"1,0.5\n2,9")
    assert read_csv(packed).labels == [0.5, 9]  # to be predicted as a number


@pytest.mark.parametrize(("text", "target", "message"), [
    ("a,b\n1,2\n3\n", -1, "row 3 has 1 entries, not 2"),
    ("a,b,c\n1,2,3\n1,?,3\n", 0, "row 3 has '\\?', which is not a number"),
    ("a,b\n1,2\n", "d", "no column 'd'; the columns are a, b"),
    ("a,b\n1,2\n", 2, "no column 2"),
    ("", 0, "holds no rows"),
])
def test_a_csv_file_that_is_wrong_says_where(tmp_path, text, target, message):
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_csv(tmp_path / "x.csv", target)


@pytest.mark.parametrize(("content", "message"), [
    ('a,b\n1,2\n"1\n2",3\n', "x.csv, line 3: row 3 has '1.n2', which is not a number"),
    ('a,"two\nlines"\n1,2\n\n1_000,3\n', "x.csv, line 5: row 3 has '1_000', which is not a number"),
    ("1,2\nnan,3\n", "x.csv, line 2: row 2 has no value in column 'column 0'"),
    ("1,2\ninf,3\n", "x.csv, line 2: row 2 has 'inf', which is not a number"),
    ("1,2\n1e999,3\n", "x.csv, line 2: row 2 has '1e999', which is not a number"),
    ("1,2\n\u0661,3\n", "x.csv, line 2: row 2 has '\u0661', which is not a number"),
    ("1,2\n3,NaN\n", "x.csv, line 2: row 2 has no target, in column 'column 1'"),
    ("nan,2\n3,4\n", "x.csv, line 1: row 1 has no value"),  # and no name of a column
    ("1_000,cat\n2,dog\n", "x.csv, line 1: row 1 has '1_000', which is not a number"),
    ("x,y\n1,0.5\n2,1_000\n3,2\n", "x.csv, line 3: '1_000' in column 'y' is not a number, but most of that column are"),
    ("x,y\n1,0.5\n2,2\n3,low\n", "x.csv, line 4: 'low' in column 'y' is not a number"),
    ("x,y\n", "x.csv holds no rows below the names of its columns"),
    ("x,y,y\n1,2,3\n", "x.csv has 2 columns 'y'; give the position of the one to use"),
    (b"x,y\n1,2\n1,\xe9t\xe9\n", "x.csv, line 3: the byte 0xe9 is not UTF-8 text; save the file as UTF-8"),
    (b"\xff\xfex\0,\0y\0", "x.csv, line 1: the byte 0xff is not UTF-8 text"),
    ("x,y\n1," + "9" * 200_000, "x.csv, line 2: field larger than field limit"),
])
def test_an_entry_that_would_be_a_wrong_number_names_file_and_line(tmp_path, content, message):
    path = tmp_path / "x.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ValueError, match=message):
        read_csv(path, "y" if "y," in str(content) else -1)


def test_blanks_around_entries_do_not_count_and_quoted_lines_stay_whole(tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes(b'size , "kind"\r\n 1 ,cat\r\n2, cat\r\n3,"cat "\r\n  \r\n4,"hot\r\ndog"\r\n')
    assert read_csv(path, "kind") == ([(1,), (2,), (3,), (4,)], [0, 0, 0, 1], ("size",), ("cat", "hot\r\ndog"))
    path.write_bytes(b"1,2\r2,1.0\r3,1\r")  # as old systems ended lines
    assert read_csv(path) == ([(1,), (2,), (3,)], [1, 0, 0], ("column 0",), ("1.0", "2"))  # 1 and 1.0 are one class


@given(st.lists(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=2), min_size=1, max_size=5))
def test_any_finite_numbers_come_back_to_the_bit(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("csv") / "x.csv"
    path.write_text("".join(f"{a!r},{b!r},0.5\n" for a, b in rows))
    assert read_csv(path).inputs == [tuple(row) for row in rows]


def test_files_are_read_up_to_a_size(tmp_path):
    bomb = gzip.compress(b"1,2\n" * 500_000)
    assert len(bomb) < 10_000
    (tmp_path / "x.csv.gz").write_bytes(bomb)
    with pytest.raises(ValueError, match=r"x.csv.gz has more than 1,000,000 bytes, unpacked; the limit is 1,000,000. Give max_b"):
        read_csv(tmp_path / "x.csv.gz", max_bytes=1_000_000)
    assert len(read_csv(tmp_path / "x.csv.gz").inputs) == 500_000
    np.savez_compressed(tmp_path / "x.npz", x=np.zeros(1_000_000), y=np.zeros(3))
    with pytest.raises(ValueError, match=r"x.npz has 8,000,\d+ bytes, unpacked; the limit is 8,000,000"):
        read_npz(tmp_path / "x.npz", max_bytes=8_000_000)
    (tmp_path / "x.idx.gz").write_bytes(gzip.compress(struct.pack(">ii", 2049, 1_000_000) + bytes(1_000_000)))
    with pytest.raises(ValueError, match="the limit is 10,000"):
        read_idx(tmp_path / "x.idx.gz", max_bytes=10_000)
    assert len(read_idx(tmp_path / "x.idx.gz")) == 1_000_000
    for cut in ("x.csv.gz", "x.idx.gz"):
        (tmp_path / cut).write_bytes((tmp_path / cut).read_bytes()[:-20])
        with pytest.raises(ValueError, match=f"{cut} is damaged: .*Use another copy"):
            (read_csv if "csv" in cut else read_idx)(tmp_path / cut)


def test_an_array_that_claims_more_than_it_has_is_refused_before_memory_is_taken(tmp_path):
    header = np.lib.format.magic(1, 0) + b"\x76\x00{'descr': '<f8', 'fortran_order': False, 'shape': (100000000000000,), }"
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("x.npy", header.ljust(127) + b"\n")
        archive.writestr("notes.txt", "no array")
    with pytest.raises(ValueError, match=r"an array claims the shape \(100000000000000,\) of float64; it has 0 bytes"):
        read_npz(tmp_path / "x.npz")


def test_npz_files_are_read_without_pickle(tmp_path):
    np.savez(tmp_path / "good.npz", x=np.arange(3), y=np.eye(2))
    found = read_npz(tmp_path / "good.npz")
    assert sorted(found) == ["x", "y"]
    assert found["x"].tolist() == [0, 1, 2]
    np.savez(tmp_path / "bad.npz", x=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="Save plain numbers, not objects"):
        read_npz(tmp_path / "bad.npz")


def test_idx_files_are_read_as_mnist_s_page_describes_them(tmp_path):
    path = tmp_path / "images-idx3-ubyte"
    pixels = bytes(range(12))
    path.write_bytes(struct.pack(">iiii", 2051, 2, 2, 3) + pixels)  # the magic number of MNIST's images
    assert read_idx(path).tolist() == [[[0, 1, 2], [3, 4, 5]], [[6, 7, 8], [9, 10, 11]]]
    path.write_bytes(gzip.compress(struct.pack(">ii", 2049, 3) + bytes([7, 2, 1])))  # and of its labels
    assert read_idx(path).tolist() == [7, 2, 1]
    path.write_bytes(struct.pack(">BBBBi2d", 0, 0, 14, 1, 2, 0.5, -2.0))
    assert read_idx(path).tolist() == [0.5, -2.0]
    path.write_bytes(struct.pack(">iiii", 2051, 2, 2, 3) + pixels[:-1])
    with pytest.raises(ValueError, match="holds 27 bytes, but an IDX file of shape .* has 28"):
        read_idx(path)
    path.write_bytes(b"PK\x03\x04")
    with pytest.raises(ValueError, match="not an IDX file"):
        read_idx(path)


def test_one_hot_labels():
    assert one_hot([2, 0], 4).tolist() == [[0, 0, 1, 0], [1, 0, 0, 0]]
    for labels, message in (([0, 4], "4 classes have 0 to 3"), ([-1], "run from -1"), ([0.5], "must be integers"),
                            ([], "one or more")):
        with pytest.raises(ValueError, match=message):
            one_hot(labels, 4)


@pytest.mark.parametrize("kind", [list, np.asarray])
def test_three_parts_of_the_digits_share_every_class(kind):
    x, y = load("digits").arrays()
    parts = split(kind(x), kind(y), (0.6, 0.2, 0.2), rng=3)
    assert [len(labels) for _, labels in parts] == [1078, 360, 359]
    for share, (_, labels) in zip((0.6, 0.2, 0.2), parts, strict=True):
        assert np.abs(np.bincount(labels) - share * np.bincount(y)).max() <= 1
    rows = np.concatenate([np.column_stack([inputs, labels]) for inputs, labels in parts])
    everything = np.column_stack([x, y])
    assert np.array_equal(np.unique(rows, axis=0), np.unique(everything, axis=0))


def test_numbers_to_predict_are_split_without_classes():
    (x, y), (x_test, y_test) = split(range(10), [i / 10 for i in range(10)], (0.7, 0.3), rng=0, stratify=False)
    assert sorted(x + x_test) == list(range(10))
    assert y_test == [i / 10 for i in x_test]
    assert len(y) == 7
    with pytest.raises(ValueError, match="sum to 1"):
        split([1, 2], [0, 0], (0.7, 0.7))


@given(st.lists(st.integers(0, 3), min_size=2, max_size=60), st.integers(2, 10), st.booleans(), st.integers(0, 99))
def test_every_example_validates_once_and_every_fold_has_its_share_of_every_class(labels, k, stratify, seed):
    if k > len(labels):
        with pytest.raises(ValueError, match="k must be between 2"):
            next(k_fold(labels, k, seed))
        return
    folds = list(k_fold(labels, k, seed, stratify))
    assert len(folds) == k
    assert sorted(i for _, validation in folds for i in validation) == list(range(len(labels)))
    sizes = [len(validation) for _, validation in folds]
    assert max(sizes) - min(sizes) <= 1
    for train, validation in folds:
        assert sorted(train + validation) == list(range(len(labels)))
    if stratify:
        for label in set(labels):
            counts = [sum(labels[i] == label for i in validation) for _, validation in folds]
            assert max(counts) - min(counts) <= 1


@given(st.integers(1, 70), st.integers(1, 40), st.booleans())
def test_a_loader_that_drops_its_last_batch_gives_whole_batches_only(count, size, shuffle):
    data = np.arange(count)[:, None], np.arange(count)
    if count < size:
        with pytest.raises(ValueError, match=f"drop_last=True leaves no batch of {size} of {count} examples"):
            DataLoader(data, size, drop_last=True)
        return
    loader, whole = (DataLoader(data, size, shuffle, 0, drop_last=drop) for drop in (True, False))
    assert len(loader) == count // size
    given = [y.tolist() for _, y in loader]
    assert given == [y.tolist() for _, y in whole][:len(loader)]  # the same order, but for the rest
    assert all(len(batch) == size for batch in given)
    with pytest.raises(ValueError, match="drop_last=True, not False"):
        whole.load_state_dict(loader.state_dict())


def test_numpy_s_integers_are_integers():
    data = ([[1.0], [2.0], [3.0], [4.0]], [0, 1, 0, 1])
    two = np.int64(2)
    assert len(DataLoader(data, two, True, np.uint8(0))) == 2
    assert [len(x) for x, in batches(np.int32(3), data[0], rng=np.int64(0))] == [3, 1]
    assert len(split(*data, (0.5, 0.5), rng=np.int64(1))) == len(list(k_fold(data[1], two, np.int64(0)))) == 2
    assert one_hot([0, 1], np.int8(3)).shape == (2, 3)
    assert PCA(np.eye(4), two)(np.eye(4)).shape == (4, 2)
    assert Augment(shift=1)(np.ones((1, 1, 4, 4)), np.int64(0)).shape == (1, 1, 4, 4)
    for size in (2.0, 0, "2", None):
        with pytest.raises(ValueError, match=re.escape(f"DataLoader: batch_size={size!r}; it must be a whole number, 1 or more")):
            DataLoader(data, size)


@given(st.integers(1, 70), st.integers(1, 40), st.booleans(), st.integers(0, 2**32), st.data())
def test_a_loader_goes_on_where_another_was_stopped(count, size, shuffle, seed, draw):
    def loader(seed):
        data = np.arange(count)[:, None], np.arange(count)
        return DataLoader(data, size, shuffle, seed, lambda x, rng: x + rng.random(x.shape))

    whole = loader(seed)
    assert len(whole) == math.ceil(count / size)
    epochs = [list(whole) for _ in range(3)]
    for epoch in epochs:
        assert sorted(np.concatenate([y for _, y in epoch])) == list(range(count))
    stopped = loader(seed)
    list(stopped)
    at = draw.draw(st.integers(1, len(stopped)))
    for _, _ in zip(range(at), stopped):
        pass
    resumed = loader(seed + 1)
    resumed.load_state_dict(stopped.state_dict())
    rest = [*resumed, *resumed]
    expected = [*epochs[1][at:], *epochs[2]]
    assert len(rest) == len(expected)
    for (x, y), (x_due, y_due) in zip(rest, expected, strict=True):
        assert np.array_equal(x, x_due)
        assert np.array_equal(y, y_due)


def test_every_epoch_has_an_order_of_its_own():
    data = np.arange(50)[:, None], np.arange(50)
    shuffled, plain = DataLoader(data, 50, shuffle=True, generator=0), DataLoader(data, 50)
    first, second = (next(iter(shuffled))[1].tolist() for _ in range(2))
    assert first != second
    assert next(iter(plain))[1].tolist() == list(range(50))


def test_a_loader_that_has_not_begun_has_a_state_too():
    data = np.arange(20)[:, None], np.arange(20)
    fresh, other = (DataLoader(data, 6, shuffle=True, generator=seed) for seed in (1, 2))
    list(other)
    other.load_state_dict(fresh.state_dict())
    assert [y.tolist() for _, y in other] == [y.tolist() for _, y in fresh]


@pytest.mark.parametrize("wrong", [
    None, {}, {"generator": {}}, {"generator": {"bit_generator": "MT19937"}}, {"position": -1}, {"position": 5}, {"position": "1"},
    {"order": None}, {"order": np.arange(3)}, {"batch_size": 5},
])
def test_a_loader_that_refuses_a_state_stays_as_it_was(wrong):
    data = np.arange(20)[:, None], np.arange(20)
    loader, same = (DataLoader(data, 6, shuffle=True, generator=1) for _ in range(2))
    for each in (loader, same):
        next(iter(each))
    state = DataLoader(data, 6, shuffle=True, generator=2)
    next(iter(state))
    with pytest.raises(ValueError, match=r"DataLoader\.load_state_dict: the state"):
        loader.load_state_dict(wrong and {**state.state_dict(), **wrong})
    assert [y.tolist() for _ in range(2) for _, y in loader] == [y.tolist() for _ in range(2) for _, y in same]


def test_a_loader_refuses_the_state_of_other_data():
    state = DataLoader(([[1], [2]], [0, 1]), shuffle=True, generator=0)
    list(state)
    with pytest.raises(ValueError, match="Give the same data"):
        DataLoader(([[1], [2], [3]], [0, 1, 1]), shuffle=True).load_state_dict(state.state_dict())
    with pytest.raises(ValueError, match="batch_size=0"):
        DataLoader(([[1]], [0]), 0)
    with pytest.raises(TypeError, match="a seed or a numpy.random.Generator"):
        DataLoader(([[1]], [0]), generator=random.Random(0))


def test_the_mean_image_the_channels_means_and_their_deviations():
    images = np.random.default_rng(0).normal(3.0, [[[2.0]], [[0.1]]], (50, 2, 4, 4)).astype("float32")
    assert np.allclose(StandardScaler(images, with_std=False)(images).mean(axis=0), 0, atol=1e-6)  # AlexNet
    by_channel = StandardScaler(images, (0, 2, 3), with_std=False)  # VGG
    assert by_channel.mean.shape == (1, 2, 1, 1)
    assert by_channel(images).std(axis=(0, 2, 3)) == pytest.approx(images.std(axis=(0, 2, 3)), rel=1e-5)
    scaled = StandardScaler(images, (0, 2, 3))(images)
    assert scaled.dtype == np.float32
    assert scaled.mean(axis=(0, 2, 3)) == pytest.approx(0, abs=1e-5)
    assert scaled.std(axis=(0, 2, 3)) == pytest.approx(1, rel=1e-5)
    with pytest.raises(TypeError, match="needs an array"):
        StandardScaler([[1.0]], axis=1)


def test_lists_and_arrays_are_scaled_alike():
    x, _ = IRIS.arrays(dtype=float)
    assert np.allclose(StandardScaler(IRIS.inputs)(IRIS.inputs), StandardScaler(x)(x), rtol=0, atol=1e-13)
    assert StandardScaler(np.array([[2.0], [2.0]]))(np.array([[5.0]])).tolist() == [[3.0]]


def test_principal_components_of_iris_are_the_textbooks():
    x, _ = IRIS.arrays(dtype=float)
    pca = PCA(x)
    assert pca.variance == pytest.approx([4.22824171, 0.24267075, 0.0782095, 0.02383509], abs=1e-8)
    assert abs(pca.components[0]) == pytest.approx([0.36138659, 0.08452251, 0.85667061, 0.3582892], abs=1e-8)
    assert pca.components @ pca.components.T == pytest.approx(np.eye(4), abs=1e-12)
    assert pca.inverse(pca(x)) == pytest.approx(x, abs=1e-12)
    assert PCA(x, 0.95).components.shape == (2, 4)  # the first direction alone holds 92.5 % of the variance
    assert PCA(x, 0.92).components.shape == (1, 4)


def test_whitened_digits_have_unit_covariance_and_what_never_varies_is_left_out():
    x, _ = load("digits").arrays(dtype=float)
    white = PCA(x[:1000], whiten=True)
    assert white.components.shape == (np.linalg.matrix_rank(x[:1000] - x[:1000].mean(0)), 64)
    assert np.cov(white(x[:1000]).T) == pytest.approx(np.eye(len(white.components)), abs=1e-9)
    assert white(x[1000:]).std() != pytest.approx(1, rel=1e-3)  # the rest was not looked at
    for wrong in (0, 65):
        with pytest.raises(ValueError, match="allow 1 to 64"):
            PCA(x, wrong)
    with pytest.raises(ValueError, match="give \\(N, D\\)"):
        PCA(x.reshape(-1, 8, 8))


def test_images_move_as_told():
    images = np.random.default_rng(0).random((3, 2, 5, 4))
    assert np.array_equal(moved(images), images)
    assert np.array_equal(moved(images, mirror=True), images[..., ::-1])
    down = moved(images, down=2, right=[0, -1, 1])
    assert np.array_equal(down[:, :, :2], np.zeros((3, 2, 2, 4)))
    assert np.array_equal(down[0, :, 2:], images[0, :, :3])
    assert np.array_equal(down[1, :, 2:, :3], images[1, :, :3, 1:])
    assert np.array_equal(down[2, :, 2:, 1:], images[2, :, :3, :3])
    square = images[..., :4, :]
    turned = [np.rot90(image, k, (1, 2)) for image, k in zip(square, (1, 2, -1), strict=True)]
    assert np.allclose(moved(square, degrees=[90, 180, -90]), turned)
    assert np.allclose(moved(images, right=0.5)[..., 1:], (images[..., 1:] + images[..., :-1]) / 2)
    with pytest.raises(ValueError, match="must be"):
        moved(images[0])


def test_augmentation_stays_within_its_bounds_and_comes_from_its_seed():
    dot = np.zeros((400, 1, 9, 9))
    dot[:, :, 4, 7] = 1.0  # 3 pixels to the right of the centre
    augment = Augment(shift=1, rotate=15, flip=True)
    made = augment(dot, np.random.default_rng(5))
    assert np.array_equal(made, augment(dot, 5))
    assert not np.array_equal(made, augment(dot, 6))
    assert made.sum(axis=(1, 2, 3)) == pytest.approx(1, abs=0.05)  # spread, not lost: nothing leaves the image
    row, column = (np.einsum("nchw,hw->n", made, axis) for axis in np.mgrid[:9, :9])
    reach = 1 + 3 * math.sin(math.radians(15))
    assert np.abs(row - 4).max() < reach + 1e-6
    assert (np.abs(np.abs(column - 4) - 3) < 1.2).all()
    assert 150 < (column < 4).sum() < 250  # every second one is mirrored
    assert len({*np.round(row, 6)}) > 390


def test_a_table_with_another_separator_or_without_a_target_is_no_data(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("1;2;0\n3;4;1\n")
    with pytest.raises(ValueError, match="there is only one column, '1;2;0', and no input besides the target; .* delimiter=';'"):
        read_csv(path)
    assert read_csv(path, delimiter=";")[:2] == ([(1.0, 2.0), (3.0, 4.0)], [0, 1])
    path.write_text("a,b\n1,x\n2,\n")
    with pytest.raises(ValueError, match="row 3 has no target, in column 'b'; correct it, or leave out the row"):
        read_csv(path)


def test_what_is_no_npz_file_is_said_to_be_none(tmp_path):
    path = tmp_path / "a.npz"
    np.save(tmp_path / "a.npy", np.eye(2))
    for content in (b"hello", b"", (tmp_path / "a.npy").read_bytes()):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"a.npz is not an NPZ file, or is incomplete; np.savez"):
            read_npz(path)
    np.savez(path, x=np.arange(1000))
    whole = path.read_bytes()
    path.write_bytes(whole[:100] + bytes([whole[100] ^ 255]) + whole[101:])
    with pytest.raises(ValueError, match="a.npz"):
        read_npz(path)
    with pytest.raises(FileNotFoundError):
        read_npz(tmp_path / "none.npz")
