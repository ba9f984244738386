"""Files of weights in the format safetensors, which PyTorch's users exchange; neither PyTorch nor pickle is needed.

A file holds the arrays of a state dict under their names. Layers of ``nn`` have the names and layouts of PyTorch's, so that a file
of either library loads into the same network of the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.files import replaced

from ..module import Mismatch, Module
from ..persist import CheckpointError

try:
    from safetensors import SafetensorError, deserialize
    from safetensors.numpy import save_file
except ImportError as error:
    raise ImportError("nn.interop.safetensors needs the package safetensors: pip install 'chainrule[files]'") from error

if TYPE_CHECKING:
    from ..typing import State

__all__ = ["load", "save"]
__dir__ = __all__.copy
DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1",
          "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1", "BOOL": "?"}


def save(path: str | Path, model: Module | State, metadata: Mapping[str, str] | None = None) -> None:
    """Write a model's state, or a dict of arrays by name, with ``metadata``, text by name, in the file's header.

    The file appears complete or not at all, under exactly this name. A number is saved as an array without axes. Raises TypeError
    for an entry that is no array of numbers.

    >>> import nn
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     save(f"{folder}/line.safetensors", nn.Linear(2, 1, rng=0))
    ...     load(f"{folder}/line.safetensors")["weight"].shape
    (1, 2)
    """
    state: Mapping[str, Any] = model.state_dict() if isinstance(model, Module) else model
    arrays = {name: _savable(name, getattr(part, "array", part)) for name, part in state.items()}
    with replaced(path) as temporary:
        save_file(arrays, temporary, None if metadata is None else dict(metadata))


def load(path: str | Path, model: Module | None = None, strict: bool = True) -> Any:
    """Return the arrays of a file by name; or load them into a model, and return the missing and the unexpected names.

    ``strict`` and the errors for names and shapes that do not fit are those of ``Module.load_state_dict``. bfloat16 becomes
    float32. Raises CheckpointError for a file that is damaged or of another format, OSError where it cannot be read.
    """
    data = Path(path).read_bytes()
    try:
        entries = deserialize(data)  # type: ignore[no-untyped-call]
    except SafetensorError as error:
        raise CheckpointError(f"{path} is no file of safetensors, or is damaged ({error!s:.200}); use another copy") from error
    state = {name: _array(path, name, **entry) for name, entry in entries}
    if model is None:
        return state
    found: Mismatch = model.load_state_dict(state, strict)
    return found


def _savable(name: str, part: Any) -> Any:
    array = np.asarray(part)
    if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
        raise TypeError(f"save: {name} is {array.dtype}; safetensors holds arrays of integers, bool, and floats of 16 to 64 bits")
    return np.ascontiguousarray(array).reshape(array.shape)  # the file has entries in C's order; a number has no axes


def _array(path: str | Path, name: str, dtype: str, shape: list[int], data: bytes) -> Any:
    """The array of an entry, in memory of its own and in this machine's byte order."""
    if dtype == "BF16":  # the upper half of a float32, which NumPy lacks
        wide = np.frombuffer(data, "<u2").astype(np.uint32) << np.uint32(16)
        return wide.view(np.float32).reshape(shape)
    if dtype not in DTYPES:
        raise CheckpointError(f"{path}: {name} is of the type {dtype}, which NumPy has no array for; convert it to F32 where the "
                              "file was made")
    array = np.frombuffer(data, DTYPES[dtype]).reshape(shape)
    return array.astype(array.dtype.newbyteorder("="))
