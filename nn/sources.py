"""Data sources: shipped data sets, files, arrays and frames; all data are checked when they are read.

Files are read with the standard library up to a maximum size; errors name the file and the line. Missing values are errors, because
a network would learn them as numbers.
"""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from collections.abc import Iterator, Sequence
from importlib.resources import files
from io import BytesIO, StringIO
from math import isfinite, isnan, prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, overload

from .tables import dataset_html, sizes

if TYPE_CHECKING:
    from autograd.typing import Array, DTypeLike

    from .typing import Column, Data

MAX_BYTES = 2**31  # size limit of a file, unpacked
_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_MISSING = {"", "nan", "+nan", "-nan", "na", "n/a", "#n/a", "<na>", "null", "?"}  # compared in lower case


class Dataset(NamedTuple):
    """Data set: inputs, one label each, and the names of features and classes.

    A label is the index of a class, or any number if there are no classes.
    """

    inputs: Any
    labels: Any
    feature_names: tuple[str, ...]
    class_names: tuple[str, ...]

    def arrays(self, *shape: int, dtype: DTypeLike = "float32") -> tuple[Array, Array]:
        """Return inputs of shape (N, *shape), their own by default, in the layers' dtype, and labels (N,), as NumPy arrays.

        >>> x, y = load("digits").arrays(1, 8, 8)
        >>> x.shape, y.shape
        ((1797, 1, 8, 8), (1797,))
        """
        x, y = arrays(self)
        return x.reshape(len(x), *(shape or x.shape[1:])).astype(dtype), y

    def __repr__(self) -> str:
        return f"<Dataset of {sizes(self.inputs, self.feature_names, self.class_names)}>"

    def _repr_html_(self) -> str:
        return dataset_html(*self)


@overload
def load(name: str, *, return_X_y: Literal[False] = False, as_frame: bool = False) -> Dataset: ...
@overload
def load(name: str, *, return_X_y: Literal[True], as_frame: bool = False) -> tuple[Any, Any]: ...
def load(name: str, *, return_X_y: bool = False, as_frame: bool = False) -> Dataset | tuple[Any, Any]:
    """Return a data set that ships with the package, as tuples of numbers and integer labels.

    ``"iris"``: 150 flowers, 4 lengths in cm, 3 species. ``"digits"``: 1,797 handwritten digits, 8×8 pixels of 0 to 16.
    With ``return_X_y`` it is the pair of inputs (N, features) and labels (N,) as arrays, with ``as_frame`` the inputs are a pandas
    DataFrame and the labels a Series "target", as from scikit-learn's loaders. ``nn/datasets/`` gives
    the source and the licence of each. Raises ValueError for another name.

    >>> iris = load("iris")
    >>> len(iris.inputs), iris.inputs[0], iris.class_names[iris.labels[0]]
    (150, (5.1, 3.5, 1.4, 0.2), 'setosa')
    >>> x, y = load("iris", return_X_y=True)
    >>> x.shape, y.shape
    ((150, 4), (150,))
    """
    shipped = {file.name.partition(".")[0]: file for file in files("nn.datasets").iterdir() if ".csv" in file.name}
    if name not in shipped:
        raise ValueError(f"no data set {name!r} ships with the package; choose from {', '.join(sorted(shipped))}")
    found = _CsvText(name, _text(name, _unpacked(name, shipped[name].read_bytes(), MAX_BYTES)), ",").dataset(-1)
    if as_frame:
        import pandas as pd
        inputs = pd.DataFrame(list(found.inputs), columns=list(found.feature_names))
        found = found._replace(inputs=inputs, labels=pd.Series(found.labels, name="target"))
        return (found.inputs, found.labels) if return_X_y else found
    return arrays(found) if return_X_y else found


# ── files ────────────────────────────────────────────────────────────────────────────────────────────────────────

def read_csv(path: str | Path, target: int | str = -1, delimiter: str = ",", max_bytes: int = MAX_BYTES) -> Dataset:
    r"""Return the table of numbers in a CSV file (``.gz`` too): one column is the target, all others are inputs.

    The first line may name the columns; ``target`` is a name or a position. A target that is text or whole numbers
    gives classes, in order of appearance (text) or of size (numbers); any other gives numbers. Blanks around an entry are ignored.
    A number is written as 12, -1.5 or 2e-3. Raises ValueError, with the file and the line, for a row of another length, an entry
    that is not a number, or a missing value; also for a file of more than ``max_bytes``, unpacked, or not in UTF-8.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "flowers.csv")
    ...     _ = path.write_text("size,kind\n1.5,rose\n2.5,lily\n", encoding="utf-8")
    ...     read_csv(path)
    <Dataset of 2 examples of 1 feature: size; 2 classes: rose, lily>
    """
    content = _unpacked(path, Path(path).read_bytes(), max_bytes)
    return _CsvText(str(path), _text(path, content), delimiter).dataset(target)


def read_npz(path: str | Path, max_bytes: int = MAX_BYTES) -> dict[str, Array]:
    """Return the arrays of an NPZ file by name.

    Raises ValueError for other files, damaged files, more than ``max_bytes`` (unpacked), and for an array that needs pickle,
    because pickles may run any code.
    """
    import zipfile

    import numpy as np
    with open(path, "rb") as file:
        if not zipfile.is_zipfile(file):
            raise ValueError(f"{path} is not an NPZ file, or is incomplete; np.savez(path, x=x, y=y) writes one")
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
            if size > max_bytes:
                raise _TooLarge(path, size, max_bytes)
            found = {}
            for name in archive.namelist():
                if not name.endswith(".npy"):
                    continue  # not an array
                content = archive.read(name)
                npy_header(content)
                found[name.removesuffix(".npy")] = np.lib.format.read_array(BytesIO(content), allow_pickle=False)
            return found
    except _TooLarge:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ValueError(f"{path} is damaged: {error}. Use another copy") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}. Save plain numbers, not objects: np.savez(path, x=x, y=y)") from None


def read_idx(path: str | Path, max_bytes: int = MAX_BYTES) -> Array:
    """Return the array in an IDX file (MNIST's format; ``.gz`` too).

    Raises ValueError where the file is not an IDX file, is incomplete, or has more than ``max_bytes``, unpacked.
    """
    import numpy as np
    content = _unpacked(path, Path(path).read_bytes(), max_bytes)
    kinds = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in kinds or len(content) < 4 + 4 * content[3]:
        raise ValueError(f"{path} is not an IDX file: it begins with {content[:4]!r}, not with 0, 0, a type, a rank")
    kind, rank = np.dtype(kinds[content[2]]), content[3]
    shape = tuple(int(n) for n in np.frombuffer(content, ">u4", rank, 4))
    due = 4 + 4 * rank + prod(shape) * kind.itemsize
    if len(content) != due:
        raise ValueError(f"{path} holds {len(content)} bytes, but an IDX file of shape {shape} and type {kind} has "
                         f"{due}; it is incomplete, or has another format. Download it again")
    return np.frombuffer(content, kind, offset=4 + 4 * rank).reshape(shape).astype(kind.newbyteorder("="))


class _TooLarge(ValueError):
    def __init__(self, path: str | Path, size: int | str, limit: int):
        counted = f"{size:,}" if isinstance(size, int) else size
        super().__init__(f"{path} has {counted} bytes, unpacked; the limit is {limit:,}. Give max_bytes= to read it anyway")


def _unpacked(path: str | Path, content: bytes, max_bytes: int) -> bytes:
    """The content of a file, unpacked if it is a gzip file, up to the limit."""
    if content[:2] == b"\x1f\x8b":
        try:
            with gzip.GzipFile(fileobj=BytesIO(content)) as file:
                content = file.read(max_bytes + 1)
        except (EOFError, OSError, zlib.error) as error:
            raise ValueError(f"{path} is damaged: {error}. Use another copy") from None
        if len(content) > max_bytes:
            raise _TooLarge(path, f"more than {max_bytes:,}", max_bytes)
    if len(content) > max_bytes:
        raise _TooLarge(path, len(content), max_bytes)
    return content


def _text(path: str | Path, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(f"{path}, line {line}: the byte {content[error.start]:#04x} is not UTF-8 text; save the file as "
                         "UTF-8") from None


def npy_header(content: bytes) -> tuple[BytesIO, Any, bool, Any]:
    """Return an NPY file read up to its entries, and its shape, order and dtype.

    Raises ValueError where it claims a size other than its own, because reading would allocate the claimed size.
    """
    import numpy as np
    file = BytesIO(content)
    version = np.lib.format.read_magic(file)
    header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, in_columns, dtype = header(file)
    if not dtype.hasobject and prod(shape) * dtype.itemsize != len(content) - file.tell():
        raise ValueError(f"an array claims the shape {shape} of {dtype}; it has {len(content) - file.tell()} bytes")
    return file, shape, in_columns, dtype


class _CsvText:
    """The rows of a CSV file as text, with their lines, and the names of the columns."""

    def __init__(self, source: str, text: str, delimiter: str):
        self.source = source
        self.rows: list[tuple[int, list[str]]] = list(self._read(text, delimiter))
        if not self.rows:
            raise ValueError(f"{source} holds no rows")
        first = self.rows[0][1]
        if len(first) < 2:
            raise ValueError(f"{source}: separated by {delimiter!r} there is only one column, {first[0]!r:.60}, and no input "
                             "besides the target; give the separator, for example delimiter=';'")
        self.named = not any(map(_like_a_number, first))
        if len(self.rows) == self.named:
            raise ValueError(f"{source} holds no rows below the names of its columns")
        self.names = first if self.named else [f"column {i}" for i in range(len(first))]

    def _read(self, text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
        """Each row that is not blank, stripped, with its first line's number."""
        reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=not delimiter.isspace())
        line = 1
        try:
            for row in reader:
                entries = [entry.strip() for entry in row]
                if entries not in ([], [""]):
                    yield line, entries
                line = reader.line_num + 1
        except csv.Error as error:
            raise ValueError(f"{self.source}, line {line}: {error}") from None

    def dataset(self, target: int | str) -> Dataset:
        """The table with one column as its target."""
        names = self.names
        if target not in (names if isinstance(target, str) else range(-len(names), len(names))):
            raise ValueError(f"{self.source} has no column {target!r}; the columns are {', '.join(names)}")
        if isinstance(target, str) and names.count(target) > 1:
            raise ValueError(f"{self.source} has {names.count(target)} columns {target!r}; give the position of the one to use")
        place = names.index(target) if isinstance(target, str) else target % len(names)
        inputs = []
        for number, (line, row) in enumerate(self.rows[self.named:], 1 + self.named):
            where = f"{self.source}, line {line}: row {number}"
            if len(row) != len(names):
                raise ValueError(f"{where} has {len(row)} entries, not {len(names)}; correct it, or leave out the row")
            inputs.append(tuple(self._input(where, name, entry) for i, (name, entry) in enumerate(zip(names, row)) if i != place))
            if row[place].lower() in _MISSING:
                raise ValueError(f"{where} has no target, in column {names[place]!r}; correct it, or leave out the row")
        labels, classes = self._labels([(line, row[place]) for line, row in self.rows[self.named:]], names[place])
        return Dataset(inputs, labels, (*names[:place], *names[place + 1:]), classes)

    def _input(self, where: str, name: str, entry: str) -> float:
        if (number := _number(entry)) is None:
            wrong = f"no value in column {name!r}" if entry.lower() in _MISSING - {"?"} else f"{entry!r}, which is not a number"
            raise ValueError(f"{where} has {wrong}; correct it, or leave out the row")
        return number

    def _labels(self, entries: list[tuple[int, str]], name: str) -> tuple[list[Any], tuple[str, ...]]:
        """The target column as numbers, or as indices of classes, and the classes."""
        numbers = [_number(entry) for _, entry in entries]
        text = [entry for entry, number in zip(entries, numbers) if number is None]
        if not text and not all(number.is_integer() for number in numbers):  # type: ignore[union-attr]
            return numbers, ()
        if text and 2 * len(text) <= len(entries):
            line, entry = text[0]
            raise ValueError(f"{self.source}, line {line}: {entry!r} in column {name!r} is not a number, but most of that column "
                             "are; correct it, or leave out the row")
        keys = [entry for _, entry in entries] if text else numbers
        names = {key: entry for key, (_, entry) in reversed(list(zip(keys, entries)))}  # 1 and 1.0 are the same class
        classes = list(dict.fromkeys(keys)) if text else sorted(names)  # type: ignore[type-var]
        index = {key: i for i, key in enumerate(classes)}
        return [index[key] for key in keys], tuple(names[key] for key in classes)


def _number(entry: str) -> float | None:
    """A finite number in decimal digits; None for any other entry, also for some that ``float`` accepts."""
    number = float(entry) if _DECIMAL.fullmatch(entry) else None
    return number if number is not None and isfinite(number) else None


def _like_a_number(entry: str) -> bool:
    try:
        float(entry)
    except ValueError:
        return False
    return True


# ── arrays and frames ────────────────────────────────────────────────────────────────────────────────────────────

def arrays(data: Data) -> tuple[Array, Array]:
    """Return inputs and labels as NumPy arrays: from a pair of arrays, lists, pandas frames or series, a ``Dataset``, a
    scikit-learn bunch.

    PyTorch's data sets and loaders are read from beginning to end. Text labels become integers, the index among the sorted classes;
    a pandas category becomes its index among the categories. Nullable and boolean columns become numbers. Raises TypeError for
    other data; ValueError for different lengths, no examples, and a missing value (None, a nan among labels), with its place.

    >>> x, y = arrays(([[1.0], [2.0], [3.0]], ["no", "yes", "no"]))
    >>> x.shape, y.tolist()
    ((3, 1), [0, 1, 0])
    """
    for inputs, labels in (("inputs", "labels"), ("data", "target")):
        if hasattr(data, inputs) and hasattr(data, labels):
            data = getattr(data, inputs), getattr(data, labels)
    data = _read(getattr(data, "tensors", data))  # a TensorDataset's, PyTorch's too
    if not isinstance(data, (tuple, list)) or len(data) != 2:
        raise TypeError(f"data must be a pair (inputs, labels), a Dataset or a bunch; got {type(data).__name__} {data!r:.60}")
    x, y = column_array(data[0], "inputs"), column_array(data[1], "labels")
    if x.ndim == 0 or y.ndim == 0 or len(x) != len(y) or not len(x):
        raise ValueError(f"data: inputs of shape {x.shape} and labels of shape {y.shape}; give one label for each "
                         "example, and at least one example")
    if x.dtype.kind not in "fiub":
        raise TypeError(f"data: the inputs are {x.dtype}, not numbers; leave out such columns, or encode them with one_hot")
    return x, _label_array(y)


def _read(data: Any) -> Any:
    """The columns of a stream that ends, and of PyTorch's data sets, as arrays; other data as they are."""
    import numpy as np
    if is_stream(data) and hasattr(data, "__len__"):
        return tuple(np.concatenate(column) for column in zip(*([np.asarray(part) for part in batch[:2]] for batch in data)))
    if hasattr(data, "__getitem__") and not any(hasattr(data, name) for name in ("__array__", "keys", "encode", "index")):
        return tuple(np.stack(column) for column in zip(*([np.asarray(part) for part in data[i]] for i in range(len(data)))))
    return data


def is_dask(data: Any) -> bool:
    """Return True for inputs and labels that are Dask collections.

    >>> is_dask(([[1.0]], [0]))
    False
    """
    return isinstance(data, (tuple, list)) and any(hasattr(part, "__dask_graph__") for part in data)


def is_stream(data: Any) -> bool:
    """Return True for batches that come one after the other: an iterator, an iterable without places, a function that returns one.

    >>> is_stream(iter([([[1.0]], [0])])), is_stream(([[1.0]], [0]))
    (True, False)
    """
    return hasattr(data, "__next__") or callable(data) or hasattr(data, "__iter__") and not any(
        hasattr(data, name) for name in ("__getitem__", "inputs", "data", "tensors"))


def one_hot(labels: Sequence[int] | Array, classes: int | None = None) -> Array:
    """Return an array (N, classes) with 1 at each label and 0 elsewhere; raise ValueError for a label out of range.

    >>> one_hot([1, 0, 2]).tolist()
    [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    import numpy as np
    labels = np.asarray(labels)
    if labels.ndim != 1 or labels.dtype.kind not in "iu" or not labels.size:
        raise ValueError(f"one_hot: labels must be integers of shape (N,), one or more; got {labels.dtype} of shape {labels.shape}")
    classes = int(labels.max()) + 1 if classes is None else classes
    if labels.min() < 0 or labels.max() >= classes:
        raise ValueError(f"one_hot: labels run from {labels.min()} to {labels.max()}; {classes} classes have 0 to {classes - 1}")
    return np.eye(classes)[labels]


def column_array(column: Column, what: str) -> Array:
    """Return inputs or labels as an array, of dtype object only if they are neither numbers nor text.

    ``what`` names them in messages. Raises as ``arrays`` does.

    >>> column_array([[1, 2], [3, 4]], "inputs").shape
    (2, 2)
    """
    import numpy as np
    if hasattr(column, "__dask_graph__"):
        raise TypeError(f"data: the {what} are a Dask collection, which fit(…, cluster=distributed.Client()) reads partition by "
                        "partition")
    if hasattr(column, "to_numpy"):
        if hasattr(column, "columns") and hasattr(column, "dtypes"):
            return _frame(column, what)
        return _series(column, f"the {what}")
    array = np.asarray(column)
    if array.dtype.kind == "U" and not hasattr(column, "__array__"):  # NumPy turns numbers beside text into text
        array = np.asarray(column, object)
    return _objects(array, f"the {what}") if array.dtype == object else array


def _frame(frame: Any, what: str) -> Any:
    """A pandas frame as an array (N, columns)."""
    import numpy as np
    columns = [(name, frame.iloc[:, i]) for i, name in enumerate(frame.columns)]
    if all(getattr(column.dtype, "kind", "O") in "fiub" and isinstance(column.dtype, np.dtype) for _, column in columns):
        plain = frame.to_numpy()
        return plain if plain.dtype != object else np.column_stack([column.to_numpy() for _, column in columns])
    arrays = [_series(column, f"column {name!r} of the {what}") for name, column in columns]
    for (name, column), array in zip(columns, arrays):
        if array.dtype.kind not in "fiub" and (what == "inputs" or len(arrays) > 1):
            raise TypeError(f"data: column {name!r} of the {what} holds {column.dtype}, not numbers; leave out such columns, or "
                            "encode them with one_hot")
    return np.stack(arrays, axis=1)


def _series(series: Any, what: str) -> Any:
    """A pandas series as an array: a category as its index, nullable numbers as numbers."""
    import numpy as np
    if hasattr(series, "isna") and not isinstance(series.dtype, np.dtype) and (missing := series.isna().to_numpy()).any():
        raise ValueError(f"data: {what}, row {int(missing.argmax())} (index {series.index[missing.argmax()]!r}) has no value; fill "
                         "it in, or leave out the row")
    if hasattr(series, "cat"):
        numbers = getattr(series.cat.categories.dtype, "kind", "O") in "fiu"
        return series.to_numpy(series.cat.categories.dtype) if numbers else series.cat.codes.to_numpy(int)
    array = series.to_numpy()
    return _objects(array, what) if array.dtype == object else array


def _objects(array: Any, what: str) -> Any:
    """An array of objects as an array of numbers or text, where possible; raises ValueError for a missing value."""
    import numpy as np
    entries = array.ravel().tolist()
    text = any(isinstance(entry, str) for entry in entries)
    for place, entry in enumerate(entries):
        row = place // (array.size // len(array))
        if entry is None or type(entry).__name__ in ("NAType", "NaTType") or text and isinstance(entry, float) and isnan(entry):
            raise ValueError(f"data: {what}, row {row} has no value, {entry!r}; fill it in, or leave out the row")
        if text and not isinstance(entry, str):
            raise ValueError(f"data: {what} hold text and, in row {row}, {entry!r:.40}; convert them to one kind")
    if not text and any(type(entry).__module__ not in ("builtins", "numpy") for entry in entries):
        return array
    plain = np.array(array.tolist())
    return plain if plain.dtype.kind in "fiubU" and plain.shape == array.shape else array


def _label_array(y: Any) -> Any:
    """Labels as numbers: text as the index among the sorted classes."""
    import numpy as np
    if y.dtype.kind == "f" and (missing := np.isnan(y)).any() or y.dtype.kind in "mM" and (missing := np.isnat(y)).any():
        row = int(np.argwhere(missing)[0][0])
        raise ValueError(f"data: the labels, row {row} has no value, {y[row]}; fill it in, or leave out the row")
    return y if y.dtype.kind in "fiub" else np.unique(y.astype(str), return_inverse=True)[1]
