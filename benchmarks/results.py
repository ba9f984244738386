"""The JSON file of a measurement: the machine, and a record for each row."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FORMAT = 1
Results = dict[str, Any]


def save(results: Results, path: Path) -> None:
    """Write results, a line for each engine or other part of a row; an interrupt leaves the file as it was."""
    from autograd.files import write_whole  # not above, because workers whose autograd is another one import this module
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, text(results) + "\n")


def text(found: Any, depth: int = 4, indent: str = "\n") -> str:
    """JSON with a line for each entry of the outer dicts.

    >>> print(text({"a": {"b": [1, 2]}}))
    {
     "a": {
      "b": [1, 2]}}
    """
    if not depth or not isinstance(found, dict):
        return json.dumps(found, ensure_ascii=False)
    inner = indent + " "
    entries = (f"{inner}{json.dumps(key, ensure_ascii=False)}: {text(x, depth - 1, inner)}" for key, x in found.items())
    return "{" + ",".join(entries) + "}"


def load(path: str | Path) -> Results:
    """Read results. Raises ValueError for a file that is not one of results, OSError for one that cannot be read."""
    try:
        found: Any = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(f"there is no file {path}; python -m benchmarks --json {path} writes one") from None
    except ValueError as error:
        raise ValueError(f"{path} is not JSON ({error}); python -m benchmarks --json {path} writes such a file") from None
    if not isinstance(found, dict) or found.get("format") != FORMAT or not {"machine", "rows", "quick"} <= set(found):
        raise ValueError(f"{path} does not hold results of benchmarks of format {FORMAT}; python -m benchmarks writes such a file")
    return found
