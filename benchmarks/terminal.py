"""The text of a record for the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .figures import exponent, means, quartiles, ratio, short, spread
from .measure import OURS, Record

ABOVE = 2.0  # the ratio from which operations are listed


def text(record: Record) -> str:
    """A record as a table."""
    lines = (line for part, lines in (("failure", failed), ("engines", engines), ("columns", columns), ("cases", cases))
             if part in record for line in lines(record))
    return "\n".join([record["title"], *(f"  {line}" for line in lines)])


def failed(record: Record) -> Iterator[str]:
    """The line of a row that failed as a whole."""
    yield f"failed: {record['failure']}"


def engines(record: Record) -> Iterator[str]:
    """A line for each engine: its median and quartiles, its memory, and the first engine's ratio to it."""
    timed = {name: engine["times"] for name, engine in record["engines"].items() if engine.get("times")}
    for name, engine in record["engines"].items():
        if name not in timed:
            yield f"{name:<20}{engine.get('failure', 'no turn')}"
            continue
        own = next(iter(timed))
        found = quartiles(timed[name])
        line = f"{name:<20}{spread(found):>26} {record['unit']}"
        if record["nodes"]:
            line += f"{engine['bytes'] / record['nodes']:>8.0f} bytes/node" if engine.get("bytes") is not None else ""
        yield line if name == own else f"{line}   {own} takes {spread(ratio(timed[own], timed[name]))} × as long"


def columns(record: Record) -> Iterator[str]:
    """A line for each column of operations: the geometric mean, and what is above 2."""
    for name, column in record["columns"].items():
        if "failure" in column:
            yield f"{name:<20}{column['failure']}"
            continue
        above = sorted(((x["ratio"][1], case) for case, x in column.items() if x.get("ratio", [0, 0])[1] > ABOVE), reverse=True)
        told = ", ".join(f"{case} {short(found)}" for found, case in above) or "none"
        yield f"{name:<20}geometric mean {short(means(column))}; above {ABOVE:g}: {told}"
        yield from (f"{name:<20}{case}: {x['failure']}" for case, x in column.items() if "failure" in x)


def cases(record: Record) -> Iterator[str]:
    """A line for each case of growth."""
    for name, case in record["cases"].items():
        if "failure" in case:
            yield f"{name:<34}{case['failure']}"
        else:
            sizes = "  ".join(f"{n:.0e}: {t:.2g}" for n, t in zip(case["sizes"], case["seconds"]))
            yield f"{name:<34}{exponent(case['sizes'], case['seconds']):>5.2f}   {sizes}"


def failures(key: str, record: Record) -> list[str]:
    """The failures of a record that are ours: not those of peers, and not engines that are not there."""
    found: list[tuple[str, Any]] = [("", record)] if "failure" in record else []
    found += [(name, x) for name, x in record.get("engines", {}).items() if name in OURS]
    for name, column in record.get("columns", {}).items():
        found += [(name, column)] if "failure" in column else [(f"{case}, {name}", x) for case, x in column.items()]
    found += list(record.get("cases", {}).items())
    return [f"{key}: {name} {x['failure']}" for name, x in found if "failure" in x and not x["failure"].startswith("not ")]
