"""A program in a file: JSON of names and numbers, which is checked entry by entry before anything is made of it."""

from __future__ import annotations

import json
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from ..files import replaced
from ..functional import flatten
from ..operation import find, rows, where
from ..value import Value
from .forms import NUMBER, Form, put_together, size
from .record import Recording, comparisons, constant, detach, either, given, internal, leaf, select

FORMAT, VERSION = "chainrule program", 1
LARGEST = 1 << 29  # bytes of a file
DEEPEST = 64  # levels of nested arguments and results
KINDS = {"list": list, "tuple": tuple}


# ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────

def save(path: str | Path, recording: Recording, about: dict[str, Any]) -> None:
    """Write a recording, with the forms of its arguments and of its result, to a file that appears whole or not at all."""
    told = {
        **about, "forms": [*map(written_form, about["forms"])], "result": written_form(about["result"]),
        "ops": [op.name for op in recording.ops], "a": recording.a, "b": recording.b, "c": [*map(list, recording.c.items())],
        "values": [[place, float(x).hex()] for place, x in recording.values.items()], "inputs": recording.inputs,
        "leaves": [[place, node.name, float(node.data).hex()] for node, place in recording.leaves.items()],
        "outputs": recording.outputs, "names": [[place, name] for place, name in recording.names.items()],
    }
    write_program(path, told)


def write_program(path: str | Path, told: dict[str, Any]) -> None:
    """Write the entries of a program, with format and version, to a file that appears whole or not at all."""
    told = {"format": FORMAT, "version": VERSION, **told}
    text = json.dumps(told, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    with replaced(path) as temporary:
        Path(temporary).write_text(text, encoding="utf-8")


def written_form(form: Form) -> Any:
    """The form of an argument or result as JSON."""
    if form == NUMBER or form is None:
        return form
    kind, *inside = form
    if kind is np.ndarray:
        return ["array", list(inside[0])]
    if kind is dict:
        if not all(isinstance(key, str) for key in inside[0]):
            raise TypeError(f"save: a dict with the keys {inside[0]!r:.60}; a file keeps those that are text")
        return ["dict", list(inside[0]), [*map(written_form, inside[1])]]
    name = "tuple" if issubclass(kind, tuple) else "list"
    return [name, inside[0] if isinstance(inside[0], int) else [*map(written_form, inside[0])]]


# ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────

class Stored:
    """A program that was read from a file: a function of its arguments on operands of any kind, as ``compile`` takes one."""

    def __init__(self, recording: Recording, about: dict[str, Any]):
        self.recording, self.about = recording, about
        self.argument_names: list[str] = about["arguments"]
        self.__name__, self.parameters = about["title"], [*recording.leaves]

    def __call__(self, *args: object) -> Any:
        parts, _ = flatten(args)
        entries = [x for part in parts for x in (part.ravel().tolist() if isinstance(part, np.ndarray) else [part])]
        if len(entries) != len(self.recording.inputs) or len(args) != len(self.about["forms"]):
            raise ValueError(f"{self.__name__}: the file was saved for {len(self.about['forms'])} argument(s) of "
                             f"{len(self.recording.inputs)} numbers, and {len(args)} of {len(entries)} were given")
        results = replay(self.recording, entries)
        return put_together(self.about["result"], iter(results), _array)


def _array(parts: list[Any], shape: tuple[int, ...]) -> Any:
    array = np.empty(len(parts), object if any(hasattr(x, "priority") for x in parts) else float)
    array[:] = parts
    return array.reshape(shape)


def replay(recording: Recording, entries: list[Any]) -> list[Any]:
    """The results of a recording on operands of any kind: numbers, Values, or nodes of another recording."""
    results: list[Any] = [None] * len(recording)
    for place, x in (*zip(recording.inputs, entries), *recording.values.items(),
                     *((place, node) for node, place in recording.leaves.items())):
        results[place] = x
    for place, op in enumerate(recording.ops):
        if op is given or op is leaf or op is constant:
            continue
        operands = [results[x] for x in recording.operands(place)]
        if op is select:
            results[place] = where(operands[0] != 0, *operands[1:])
        elif op is detach:
            results[place] = operands[0].detach() if hasattr(operands[0], "detach") else operands[0]
        elif op is either:
            results[place] = where(operands[0] != 0, 1.0, where(operands[1] != 0, 1.0, 0.0))
        elif op.name in comparisons:
            results[place] = where(_COMPARE[op.name](*operands), 1.0, 0.0)
        else:
            results[place] = op(*operands)
    return [results[place] for place in recording.outputs]


_COMPARE: dict[str, Any] = {
    "less": lambda x, y: x < y, "less_equal": lambda x, y: x <= y, "greater": lambda x, y: x > y,
    "greater_equal": lambda x, y: x >= y, "equal": lambda x, y: x == y, "not_equal": lambda x, y: x != y}


class Reader:
    """The entries of a file, each checked for its kind and range; a ValueError names the file and the entry."""

    def __init__(self, path: str | Path):
        self.path = Path(path)
        if self.path.stat().st_size > LARGEST:
            raise self.wrong(f"it has more than {LARGEST:,} bytes")
        try:
            self.told = json.loads(self.path.read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as error:
            raise self.wrong(f"it is no JSON ({error!s:.60})") from None
        if not isinstance(self.told, dict) or self.told.get("format") != FORMAT:
            raise self.wrong("it is no program")
        if self.told.get("version") != VERSION:
            raise self.wrong(f"it is of version {self.told.get('version')!r:.20}, and this library reads {VERSION}")

    def wrong(self, why: str) -> ValueError:
        """An error that names the file."""
        return ValueError(f"{self.path}: {why}; a program is saved by program.save(path)")

    def check(self, condition: object, what: str) -> None:
        """Refuse the file where the condition does not hold."""
        if not condition:
            raise self.wrong(f"its {what} do not fit")

    def entries(self, name: str) -> list[Any]:
        """A list of that name."""
        found = self.told.get(name)
        if not isinstance(found, list):
            raise self.wrong(f"it has no list of {name}")
        return found

    def pairs(self, name: str, length: int = 2) -> list[list[Any]]:
        """A list of lists of that length."""
        found = self.entries(name)
        self.check(all(isinstance(x, list) and len(x) == length for x in found), name)
        return found

    def places(self, numbers: list[Any], count: int, what: str, lowest: int = 0) -> None:
        """Refuse what are no places below ``count``."""
        self.check(all(type(x) is int and lowest <= x < count for x in numbers), what)

    def number(self, text: Any) -> float:
        """A number that was written to its last bit."""
        self.check(isinstance(text, str) and len(text) < 40, "numbers")
        try:
            return float.fromhex(text)
        except (ValueError, OverflowError):
            raise self.wrong(f"{text!r} is no number") from None

    def form(self, told: Any, depth: int = 0) -> Form:
        """The form of an argument or result."""
        if told is None or told == NUMBER:
            return told
        self.check(isinstance(told, list) and len(told) in (2, 3) and depth < DEEPEST, "forms")
        kind, *inside = told
        if kind == "array":
            [shape] = inside
            self.check(isinstance(shape, list) and all(type(n) is int and 0 <= n < 1 << 31 for n in shape), "forms")
            self.check(prod(shape) <= LARGEST, "forms")
            return np.ndarray, tuple(shape)
        if kind == "dict":
            self.check(len(inside) == 2 and all(isinstance(x, list) for x in inside) and len(inside[0]) == len(inside[1]) and
                       all(isinstance(key, str) for key in inside[0]), "forms")
            return dict, tuple(inside[0]), tuple([self.form(x, depth + 1) for x in inside[1]])
        self.check(isinstance(kind, str) and kind in KINDS and len(inside) == 1, "forms")
        if type(inside[0]) is int:
            self.check(0 <= inside[0] <= LARGEST, "forms")
            return KINDS[kind], inside[0]
        self.check(isinstance(inside[0], list), "forms")
        return KINDS[kind], tuple([self.form(x, depth + 1) for x in inside[0]])

    def about(self, inputs: int, outputs: int) -> dict[str, Any]:
        """The forms of arguments and result, and how the program is called, all checked."""
        told = self.told
        forms = [self.form(x) for x in self.entries("forms")]
        self.check(None not in forms and sum(map(size, forms)) == inputs, "forms")
        result = self.form(told.get("result"))
        self.check(result is not None and size(result) == outputs, "forms")
        axes, reduce, title = told.get("in_axes"), told.get("reduce"), told.get("title")
        self.check(axes is None or type(axes) is int or isinstance(axes, list) and len(axes) == len(forms) and
                     all(x is None or type(x) is int and abs(x) < 64 for x in axes), "axes")
        self.check(reduce in (None, "mean", "sum") and isinstance(title, str) and len(title) < 1000, "options")
        names = self.entries("arguments")
        self.check(all(isinstance(name, str) for name in names) and len(names) == len(forms), "names")
        return {"forms": forms, "result": result, "in_axes": tuple(axes) if isinstance(axes, list) else axes, "reduce": reduce,
                "title": title, "arguments": names, "has_aux": told.get("has_aux") is True}


def load_numbers(reader: Reader) -> Stored:
    """Read a program of numbers; ValueError for a file that is none, LookupError for an operation that the table lacks."""
    recording = Recording()
    names = reader.entries("ops")
    count = len(names)
    reader.check(all(isinstance(name, str) for name in names), "operations")
    table = {name: internal.get(name) or (rows[name] if name in rows and rows[name].arity else find(f"{name!s:.60}"))
             for name in set(names)}
    recording.ops = [table[name] for name in names]
    recording.a, recording.b = reader.entries("a"), reader.entries("b")
    reader.check(len(recording.a) == len(recording.b) == count, "operands")
    reader.places([*recording.a, *recording.b], count, "operands", -1)
    third: Any = reader.pairs("c")
    reader.places([x for pair in third for x in pair], count, "operands")
    recording.c = dict(third)
    recording.values = {place: reader.number(x) for place, x in reader.pairs("values") if type(place) is int}
    recording.inputs, recording.outputs = reader.entries("inputs"), reader.entries("outputs")
    reader.places([*recording.inputs, *recording.outputs], count, "inputs and outputs")
    for place, name, text in reader.pairs("leaves", 3):
        reader.check(type(place) is int and (name is None or isinstance(name, str)), "leaves")
        recording.leaves[Value(reader.number(text), name)] = place
    for place, name in reader.pairs("names"):
        reader.check(type(place) is int and isinstance(name, str), "names")
        recording.names[place] = name
    _check_order(reader, recording)
    return Stored(recording, reader.about(len(recording.inputs), len(recording.outputs)))


def _check_order(reader: Reader, recording: Recording) -> None:
    """Every operation has as many operands as it takes, all of them before it; and sources are what they are said to be."""
    kinds: dict[Any, set[int]] = {given: set(), leaf: set(), constant: set()}
    for i, op in enumerate(recording.ops):
        operands = recording.operands(i)
        reader.check(len(operands) == op.arity and all(x < i for x in operands), "operands")
        if op in (given, leaf, constant):
            kinds[op].add(i)
    reader.check(kinds[given] == set(recording.inputs) and len(kinds[given]) == len(recording.inputs), "inputs")
    reader.check(kinds[constant] == set(recording.values), "numbers")
    reader.check(kinds[leaf] == set(recording.leaves.values()), "leaves")
    recording.constants = {x if x and x == x else repr(x): place for place, x in recording.values.items()}
