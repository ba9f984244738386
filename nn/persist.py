"""Checkpoints: one ``.npz`` file without pickle, written to a temporary file and renamed, and checked completely when read.

The file holds arrays, and the entry ``chainrule``: JSON with a format number and all other data, with arrays replaced by their
names. NumPy can open it (``np.load(path)["model/0.weight"]``); no file can run code or change only a part of a model.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from autograd.files import replaced

from .module import Module
from .optim import Optimizer
from .schedule import Schedule
from .sources import npy_header

if TYPE_CHECKING:
    from .typing import State

__all__ = ["CheckpointError", "Stateful", "load", "save"]
__dir__ = __all__.copy

FORMAT = 1


class Stateful(Protocol):
    """Protocol of the parts of a checkpoint: models, optimisers, schedules, loaders, callbacks."""

    def state_dict(self) -> State: ...  # numbers, text, arrays, in lists and dicts

    def load_state_dict(self, state: State) -> object:
        """Restore the state that ``state_dict`` returned; raise, with nothing changed, for another kind of state."""


class CheckpointError(ValueError):
    """Error for a file that is not a checkpoint, is damaged, or belongs to another network; nothing was changed."""


def save(path: str | Path, model: Module | State, optimizer: Optimizer | None = None,
         schedule: Schedule | None = None, extra: Any = None) -> None:
    """Write the state of a model (its random generators included), an optimiser, a schedule, and ``extra``.

    ``extra`` consists of dicts (with strings as keys), lists, tuples, numbers, strings, None and arrays; such a dict may also be
    given in place of the model, and only the dict is saved. The file appears complete or not at all, under exactly this name.
    Raises TypeError for an object that cannot be written without pickle.
    """
    tree = model if not isinstance(model, Module) else {
        "model": model.state_dict(), "generators": Generators(model).state_dict(), "extra": extra,
        "optimizer": None if optimizer is None else optimizer.state_dict(),
        "schedule": None if schedule is None else schedule.state_dict()}
    arrays: dict[str, Any] = {}
    text = json.dumps({"format": FORMAT, "content": _pack(tree, "", arrays)})
    with replaced(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
        for name, array in {"chainrule": np.frombuffer(text.encode(), np.uint8), **arrays}.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, array, allow_pickle=False)


def load(path: str | Path, model: Module | None = None, optimizer: Optimizer | None = None,
         schedule: Schedule | None = None, max_bytes: int = 2**31) -> Any:
    """Restore model, optimiser and schedule from a file, and return its ``extra``.

    Without a model, return the whole content as plain data. Raises CheckpointError, with model, optimiser and schedule unchanged,
    for a file that is not a checkpoint, is damaged, is larger than ``max_bytes``, or has other names or shapes; OSError where it
    cannot be read.
    """
    tree = _read(Path(path), max_bytes)
    if model is None:
        return tree
    found = tree if isinstance(tree, dict) else {}
    asked = {"model": model, "optimizer": optimizer, "schedule": schedule}
    parts = [(name, part) for name, part in asked.items() if part is not None]
    if missing := [name for name in ("generators", *(name for name, _ in parts)) if not isinstance(found.get(name), dict)]:
        raise CheckpointError(f"{path} holds no state of {' and '.join(missing)}; it holds "
                              f"{', '.join(name for name, part in found.items() if part is not None) or 'nothing'}")
    load_states(path, [*((part, found[name]) for name, part in parts), (Generators(model), found["generators"])])
    return found.get("extra")


def load_states(path: str | Path, parts: Sequence[tuple[Stateful, State]]) -> None:
    """Restore all parts from their states, or none: raise CheckpointError, with all parts unchanged, where one state does not fit.

    ``path`` is the file of the states, for messages.
    """
    before = [part.state_dict() for part, _ in parts]
    begun: list[tuple[Stateful, Any]] = []  # with their old states
    done = False
    try:
        for (part, state), old in zip(parts, before):
            begun.append((part, old))
            part.load_state_dict(state)
        done = True
    except Exception as error:  # damaged content may raise anything
        reason = error.args[0] if error.args else error  # a KeyError's text is in quotes
        raise CheckpointError(f"{path} does not fit: {reason!s:.500}") from error
    finally:
        if not done:
            for part, old in reversed(begun):  # a schedule before its optimiser, because it sets the optimiser's rates
                part.load_state_dict(old)


class Generators:
    """The random generators of a model as a part of a checkpoint."""

    def __init__(self, model: Module):
        self.generators = dict(model.named_generators())

    def state_dict(self) -> State:
        """Return the state of every generator, by the path of its module."""
        return {name: generator.bit_generator.state for name, generator in self.generators.items()}

    def load_state_dict(self, state: State) -> None:
        """Restore the state that ``state_dict`` returned."""
        if state.keys() != self.generators.keys():
            raise KeyError(f"the random generators saved are {list(state)}; the model has {list(self.generators)}")
        for name, generator in self.generators.items():
            generator.bit_generator.state = state[name]


def _pack(tree: Any, path: str, arrays: dict[str, Any]) -> Any:
    """Return the tree in JSON's types; arrays are stored in ``arrays`` and replaced by their path in the tree."""
    if isinstance(tree, np.ndarray):
        if tree.dtype.kind not in "biuf":
            raise TypeError(f"save: {path or 'the content'} is an array of {tree.dtype}; a checkpoint can hold arrays of numbers "
                            "only")
        name = path or "array"
        while name in arrays or name == "chainrule":
            name += "'"
        if tree.flags.forc:
            arrays[name] = tree
            return {"@array": name}
        axes = sorted(range(tree.ndim), key=lambda axis: -tree.strides[axis])  # the last bit of a product depends on the layout
        arrays[name] = tree.transpose(axes)
        return {"@array": name, "@axes": axes}
    if isinstance(tree, np.generic):
        tree = tree.item()
    if isinstance(tree, Mapping):
        for key in tree:
            if not isinstance(key, str) or key.startswith("@") or "\0" in key:  # a zip file ends names at \0
                raise TypeError(f"save: a key in {path or 'the content'} is {key!r}; keys must be strings without \\0 "
                                "that do not begin with @")
        return {key: _pack(part, f"{path}/{key}" if path else key, arrays) for key, part in tree.items()}
    if isinstance(tree, (list, tuple)):
        parts = [_pack(part, f"{path}/{i}" if path else str(i), arrays) for i, part in enumerate(tree)]
        return {"@tuple": parts} if isinstance(tree, tuple) else parts
    if tree is None or isinstance(tree, (bool, int, float, str)):
        return tree
    raise TypeError(f"save: {path or 'the content'} is a {type(tree).__name__}, {tree!r:.60}; a checkpoint can hold dicts, lists, "
                    "tuples, numbers, strings, None and arrays")


def _unpack(tree: Any, arrays: dict[str, Any]) -> Any:
    if isinstance(tree, list):
        return [_unpack(part, arrays) for part in tree]
    if not isinstance(tree, dict):
        return tree
    if "@array" in tree:
        return arrays[tree["@array"]].transpose(np.argsort(tree["@axes"])) if "@axes" in tree else arrays[tree["@array"]]
    if "@tuple" in tree:
        return tuple(_unpack(part, arrays) for part in tree["@tuple"])
    return {key: _unpack(part, arrays) for key, part in tree.items()}


def _read(path: Path, max_bytes: int) -> Any:
    """Read and check the content of an untrusted file."""
    if (size := path.stat().st_size) > max_bytes:
        raise CheckpointError(f"{path} has {size:,} bytes, more than the limit of {max_bytes:,}; give max_bytes= to read it anyway")
    data = path.read_bytes()
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > len(data):  # no entry may unpack into more than the file
                raise ValueError("its entries are compressed or overlap, which a checkpoint's never do")
            arrays = {name.removesuffix(".npy"): _array(archive.read(name)) for name in archive.namelist()}
        content = json.loads(arrays.pop("chainrule").tobytes())
        if content["format"] == FORMAT:
            return _unpack(content["content"], arrays)
    except Exception as error:  # the readers of ZIP, NPY and JSON may raise anything for bytes at random
        raise CheckpointError(f"{path} is not a checkpoint, or is damaged ({type(error).__name__}: {error!s:.200}); use another "
                              "copy") from error
    raise CheckpointError(f"{path} has format {content['format']!r:.20}; this version reads format {FORMAT}. Update chainrule")


def _array(data: bytes) -> Any:
    """The array in the bytes of an ``.npy`` file; raises ValueError where the claimed shape does not match the bytes."""
    file, shape, in_columns, dtype = npy_header(data)
    if dtype.kind not in "biuf":
        raise ValueError(f"an entry holds {dtype}, not numbers")
    return np.frombuffer(data, dtype, offset=file.tell()).reshape(shape, order="F" if in_columns else "C").copy("K")
