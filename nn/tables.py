"""Display of data sets in notebooks: a table of the first examples, and pictures of images."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from typing import Any

from autograd.notebook import table

EXAMPLES, FEATURES, IMAGES = 5, 6, 12  # numbers of rows, columns and pictures shown
SCALE = 5  # screen pixels per image pixel


def sizes(inputs: Any, feature_names: Sequence[str], class_names: Sequence[str]) -> str:
    """Return a text with the numbers of examples, features and classes of a data set.

    >>> sizes([(1.5,), (2.5,)], ("size",), ("rose", "lily"))
    '2 examples of 1 feature: size; 2 classes: rose, lily'
    """
    shape = getattr(inputs, "shape", None)
    count = len(feature_names) or (len(inputs[0]) if len(inputs) and hasattr(inputs[0], "__len__") else 1)
    each = f"shape {tuple(shape[1:])}" if shape is not None and len(shape) > 2 else _counted(count, "feature", feature_names)
    classes = f"; {_counted(len(class_names), 'class', class_names)}" if class_names else ""
    return f"{_counted(len(inputs), 'example')} of {each}{classes}"


def _counted(count: int, thing: str, names: Sequence[str] = ()) -> str:
    """A count with its noun, and the first names."""
    ending = "" if count == 1 else "es" if thing.endswith("s") else "s"
    few = [name if len(name) < 20 else f"{name[:18]}…" for name in map(str, names[:4])] + ["…"] * (len(names) > 4)
    return f"{count:,} {thing}{ending}" + (f": {', '.join(few)}" if few else "")


def dataset_html(inputs: Any, labels: Any, feature_names: Sequence[str], class_names: Sequence[str]) -> str:
    """Return a data set as HTML: its sizes, its first examples, and the first pictures if its features are named as pixels.

    >>> dataset_html([(1.5,), (2.5,)], [0, 1], ("size",), ("rose", "lily")).count("<tr>")
    3
    """
    wide = len(feature_names) > FEATURES
    names = [*feature_names[:FEATURES], *["…"] * wide, "class" if class_names else "label"]
    rows = []
    for x, y in zip(inputs[:EXAMPLES], labels[:EXAMPLES]):
        label = class_names[int(y)] if class_names else f"{y:g}" if isinstance(y, (int, float)) else y
        entries = list(x)[:max(FEATURES, 1)] if feature_names else []
        rows.append([*(f"{entry:g}" for entry in entries), *["…"] * wide, label])
    pictures = _pictures(inputs, feature_names)
    more = [f"… {len(inputs) - len(rows):,} more examples"] if len(inputs) > len(rows) else []
    return pictures + table(names, rows, "" if pictures else sizes(inputs, feature_names, class_names),
                            [sizes(inputs, feature_names, class_names)] if pictures else more)


def _pictures(inputs: Any, feature_names: Sequence[str]) -> str:
    """The first examples side by side as one picture, if each feature is a pixel named by its row and column."""
    places = [re.fullmatch(r"pixel\D*(\d+)\D+(\d+)", name) for name in feature_names]
    if not places or not all(places):
        return ""
    at = [(int(place[1]), int(place[2])) for place in places if place]
    high, wide = (max(axis) + 1 for axis in zip(*at))
    some = [list(map(float, x)) for x in inputs[:IMAGES]]
    top = max(map(max, some)) or 1.0
    lines = [bytearray(b"\xff" * (len(some) * (wide + 1) - 1)) for _ in range(high)]
    for i, x in enumerate(some):
        for (row, column), entry in zip(at, x):
            lines[row][i * (wide + 1) + column] = 255 - round(255 * min(max(entry / top, 0.0), 1.0))
    large = [bytes(entry for entry in line for _ in range(SCALE)) for line in lines for _ in range(SCALE)]
    return f'<img alt="The first {len(some)} examples" src="data:image/png;base64,{b64encode(grey_png(large)).decode()}"/>'


def grey_png(lines: Sequence[bytes]) -> bytes:
    r"""Return a greyscale picture as PNG, from its rows of one byte per pixel.

    >>> grey_png([b"\x00\xff"])[1:4]
    b'PNG'
    """
    from struct import pack
    from zlib import compress, crc32

    def chunk(kind: bytes, content: bytes) -> bytes:
        return pack(">I", len(content)) + kind + content + pack(">I", crc32(kind + content))

    header = pack(">IIBBBBB", len(lines[0]), len(lines), 8, 0, 0, 0, 0)
    content = compress(b"".join(b"\x00" + line for line in lines), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", content) + chunk(b"IEND", b"")
