"""Tables in Markdown, from recorded results; a row or an engine that is not there says so in words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from .figures import exponent, means, quartiles, ratio, short, spread
from .measure import OURS, Record
from .results import Results

ENGINES = (*OURS, "NumPy by hand", "PyTorch", "JAX, jit", "JAX, eager", "CasADi", "MyGrad", "HIPS autograd", "micrograd")
STEPS = ("t1", "t2", "t3")
LAYERS = ("t4", "t5", "t6", "t7", "t8")
MIXTURES = tuple(f"gmm{d}_{k}" for d in (2, 10, 20) for k in (5, 25, 50))
OBJECTIVES = (*MIXTURES, "letters", "cameras")
LANES = ("lanes1", "lanes100", "lanes10000", "lanes100000")
ABSENT = "not measured in this run"


def markdown(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A table; all columns but the first are of numbers.

    >>> print(markdown(["engine", "ms"], [["NumPy", "0.06"]]))
    | engine | ms |
    |---|--:|
    | NumPy | 0.06 |
    """
    return "\n".join("| " + " | ".join(line) + " |" for line in [head]) + \
        "\n|---|" + "--:|" * (len(head) - 1) + "".join("\n| " + " | ".join(line) + " |" for line in lines)


def name_of(record: Record) -> str:
    """A row's name: its title up to the colon.

    >>> name_of({"title": "T2  MLP 4-16-3, batch 32: a training step"}), name_of({"title": "ADBench, bundle adjustment: value"})
    ('T2 MLP 4-16-3, batch 32', 'bundle adjustment')
    """
    return " ".join(record["title"].partition(":")[0].removeprefix("ADBench, ").split())


def label(record: Record) -> str:
    """A row's name without its sizes, for axes and lists.

    >>> label({"title": "T6  three convolutions of 16, 32 and 64 filters on 32×32×3, batch 32: value"})
    'T6 three convolutions'
    """
    return re.split(r",? (?:batch \d|on \d|of \d|\d+ steps|x ←|relu|2 layers|20 cameras)", name_of(record))[0]


def samples(results: Results, key: str, engine: str) -> list[float]:
    """The times of an engine; none if it was not measured."""
    found: list[float] = results["rows"].get(key, {}).get("engines", {}).get(engine, {}).get("times", [])
    return found


def absence(results: Results, key: str, engine: str) -> str:
    """The words for an engine without times: those of its failure, else none, because the row does not have it."""
    record = results["rows"].get(key)
    if record is None:
        return ABSENT
    found = record.get("engines", {}).get(engine, {})
    words: str = "failed" if "failure" in record else found.get("failure", "").partition(" (")[0]
    return words.replace("fails: ", "")


def time(results: Results, key: str, engine: str, scale: float = 1.0, wide: bool = False) -> str:
    """The cell of an engine's median time, with its quartiles if ``wide``."""
    if not (times := samples(results, key, engine)):
        return absence(results, key, engine)
    found = [scale * t for t in quartiles(times)]
    return spread(found) if wide else short(found[1])


def relative(results: Results, key: str, engine: str, base: str, wide: bool = False) -> str:
    """The cell of an engine's time as a multiple of the base's, with its quartiles if ``wide``."""
    own, other = samples(results, key, engine), samples(results, key, base)
    if not own or not other:
        return absence(results, key, engine if not own else base)
    found = ratio(own, other)
    return spread(found) if wide else short(found[1])


def present(results: Results, keys: Iterable[str], engines: Iterable[str] = ENGINES) -> list[str]:
    """The engines that any of these rows has, in the order of columns; a compiled one only where it ran."""
    rows = [results["rows"].get(key, {}).get("engines", {}) for key in keys]
    return [name for name in engines if any(name in row and (name not in OURS or "times" in row[name]) for row in rows)]


def grid(results: Results, keys: Sequence[str], base: str, engines: Iterable[str] = ENGINES, wide: bool = True) -> str:
    """A line for each row: the base's time, and each engine's as a multiple of it."""
    names = [name for name in present(results, keys, engines) if name != base]
    rows = {key: results["rows"][key] for key in keys if key in results["rows"]}
    if not rows:
        return f"*{ABSENT.capitalize()}.*"
    lines = [[name_of(row), f"{time(results, key, base)} {row.get('unit', '')}".rstrip(),
              *(relative(results, key, name, base, wide) for name in names)] for key, row in rows.items()]
    failed = [f"\n\n*Failed: {row['failure']}.*" for row in rows.values() if "failure" in row]
    return markdown(["program", f"{base} takes", *names], lines) + "".join(failed)


def engines(results: Results, key: str) -> str:
    """A line for each engine of a row: its time with quartiles, per node, its memory, and chainrule's time beside it."""
    if key not in results["rows"]:
        return f"*{ABSENT.capitalize()}.*"
    record = results["rows"][key]
    if "failure" in record:
        return f"*Failed: {record['failure']}.*"
    unit, nodes = record["unit"], record["nodes"]
    per = nodes and unit == "ms"
    own = next(iter(record["engines"]))
    head = ["engine", unit, *(["ns/node", "bytes/node"] if per else ["bytes/node"] if nodes else []),
            f"{own} takes, × as {'much' if unit == 'MB' else 'long'}"]
    lines = []
    for name in sorted(record["engines"], key=lambda name: ENGINES.index(name) if name in ENGINES else 0):
        engine = record["engines"][name]
        line = [name, time(results, key, name, wide=True)]
        if nodes:
            line += [time(results, key, name, 1e6 / nodes) if "times" in engine else ""] if per else []
            line += [short(engine["bytes"] / nodes) if engine.get("bytes") is not None else ""]
        lines.append([*line, "" if name == own or "times" not in engine else relative(results, key, own, name, wide=True)])
    return markdown(head, lines)


# ── operations and growth ────────────────────────────────────────────────────────────────────────────────────────

def columns(results: Results) -> dict[str, dict[str, Any]]:
    """The columns of operations that were measured."""
    found = results["rows"].get("operations", {}).get("columns", {})
    return {name: column for name, column in found.items() if "failure" not in column}


def column_name(name: str) -> str:
    """The head of a column.

    >>> column_name("float64 100000")
    'float64, 10⁵'
    """
    kind, size = name.split()
    return f"{kind}, 10{str(len(size) - 1).translate(str.maketrans('0123456789', '⁰¹²³⁴⁵⁶⁷⁸⁹'))}"


def operations(results: Results) -> str:
    """A line for each operation: chainrule's time as a multiple of PyTorch's, in every column; last the geometric means."""
    found = columns(results)
    if not found:
        return f"*{ABSENT.capitalize()}{reason(results, 'operations')}.*"

    def cell(column: dict[str, Any], case: str) -> str:
        x = column.get(case, {})
        return spread(x["ratio"]) if "ratio" in x else x.get("failure", "")
    names = list(dict.fromkeys(case for column in found.values() for case in column))
    lines = [[f"`{case}`", *(cell(column, case) for column in found.values())] for case in names]
    lines.append(["**geometric mean**", *(f"**{short(means(column))}**" for column in found.values())])
    return markdown(["operation", *map(column_name, found)], lines)


def reason(results: Results, key: str) -> str:
    """The words for a table whose parts all failed."""
    parts = results["rows"].get(key, {}).get("columns", {})
    words = {part["failure"] for part in parts.values() if "failure" in part}
    return f": PyTorch {', '.join(sorted(words))}" if words else ""


def growth(results: Results) -> str:
    """A line for each case: its exponent, and the seconds for each size."""
    cases = results["rows"].get("growth", {}).get("cases", {})
    if not cases:
        return f"*{ABSENT.capitalize()}.*"
    lines = []
    for name, case in cases.items():
        if "failure" in case:
            lines.append([name, case["failure"], ""])
        else:
            told = ", ".join(f"{n:,}: {duration(t)}" for n, t in zip(case["sizes"], case["seconds"]))
            lines.append([name, f"{exponent(case['sizes'], case['seconds']):.2f}", told])
    return markdown(["size", "exponent", "CPU time for each size"], lines)


def duration(seconds: float) -> str:
    """Seconds in the unit in which they are at least one.

    >>> duration(0.00012), duration(0.5), duration(14.2)
    ('120 µs', '500 ms', '14.2 s')
    """
    for unit, scale in (("s", 1.0), ("ms", 1e3)):
        if seconds * scale >= 1:
            return f"{short(seconds * scale)} {unit}"
    return f"{short(seconds * 1e6)} µs"


def pictured(results: Results) -> dict[str, list[str]]:
    """The pictures that results have numbers for, with the rows, cases or columns in each."""
    cases = results["rows"].get("growth", {}).get("cases", {})
    found = {"numbers": [name for name in ENGINES if samples(results, "s1", name)],
             "jobs": [key for key in (*STEPS, *LAYERS, *OBJECTIVES) if samples(results, key, "PyTorch")],
             "lanes": [key for key in LANES if samples(results, key, "NumPy by hand")],
             "growth": [name for name, case in cases.items() if "failure" not in case], "operations": list(columns(results))}
    return {name: shown for name, shown in found.items() if shown}


# ── memory, and rows that are lost ───────────────────────────────────────────────────────────────────────────────

def memory(results: Results, keys: Sequence[str]) -> str:
    """A line for each row: by how much the first step raises each engine's peak, in MB."""
    keys = [key for key in keys if key in results["rows"]]
    names = [name for name in present(results, keys) if any(results["rows"][key].get("engines", {}).get(name, {}).get("bytes")
                                                            is not None for key in keys)]
    if not names:
        return f"*{ABSENT.capitalize()}.*"

    def cell(key: str, name: str) -> str:
        size = results["rows"][key].get("engines", {}).get(name, {}).get("bytes")
        return short(size / 1e6) if size is not None else absence(results, key, name)
    lines = [[name_of(results["rows"][key]), *(cell(key, name) for name in names)] for key in keys]
    return markdown(["program, MB", *names], lines)


def lost(results: Results, keys: Iterable[str], peer: str, ours: Sequence[str] = OURS) -> list[tuple[str, float, str]]:
    """The rows in which a peer is faster than the best of our engines: label, ratio and that engine, the worst first."""
    found = []
    for key in keys:
        there = [(ratio(own, other)[1], name) for name in ours
                 if (own := samples(results, key, name)) and (other := samples(results, key, peer))]
        if there and min(there)[0] > 1:
            found.append((label(results["rows"][key]), *min(there)))
    return sorted(found, key=lambda row: -row[1])
