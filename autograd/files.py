"""Files that appear whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from time import time
from uuid import uuid4

OLD = 3600.0  # seconds without a write after which the writer of a temporary file counts as dead


@contextmanager
def replaced(path: str | Path) -> Iterator[Path]:
    """Give a temporary path to write to, and at the end rename that file to ``path``: readers see the old one or the new one.

    The temporary file lies beside ``path`` and has its suffix. It is removed where anything goes wrong; one that a killed
    process left behind is removed by a later call for the same ``path``, an hour after its last write. A link stays a
    link, the permissions stay, and a device is written to directly. Raises OSError where the file cannot be written.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     with replaced(Path(folder, "a.txt")) as temporary:
    ...         _ = temporary.write_text("all of it", encoding="utf-8")
    ...     [(file.name, file.read_text(encoding="utf-8")) for file in Path(folder).iterdir()]
    [('a.txt', 'all of it')]
    """
    path = Path(os.path.realpath(path))
    if path.exists() and not path.is_file():
        yield path
        return
    stem = f".{path.name[:60]}."  # file names have a maximum length
    _remove_old(path.parent, stem)
    temporary = path.with_name(f"{stem}{uuid4().hex}.tmp{path.suffix[:20]}")
    try:
        yield temporary
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        with suppress(OSError):  # there was no file, or the file system has no permissions
            temporary.chmod(path.stat().st_mode)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_whole(path: str | Path, text: str) -> Path:
    """Write a text to a file, whole or not at all, and return the path.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write_whole(f"{folder}/a.txt", "all of it").read_text(encoding="utf-8")
    'all of it'
    """
    with replaced(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return Path(path)


def _remove_old(folder: Path, stem: str) -> None:
    """Remove the temporary files of writers that were killed."""
    for left in folder.glob(f"{escape(stem)}*.tmp*"):
        with suppress(OSError):  # another process may have removed it already
            if time() - left.stat().st_mtime > OLD:
                left.unlink()
