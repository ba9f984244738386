"""Reading an answer: numbers in every form in which a learner may write them, or a sentence that says what is in the way."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from autograd.languages import message

from .words import Message

_MINUS = str.maketrans({"−": "-", "–": "-", "﹣": "-", "－": "-"})
_NUMBER = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)?(\.\d*)?([eE][+-]?\d+)?")
_POWER = re.compile(r"\s*[×x·*]\s*10(?:(?:\^|\*\*)\(?([+-]?\d+)\)?|([⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+))")  # as in 9.8×10⁻⁴
_SUPER = re.compile(r"[+-]?\d+\s*/\s*[+-]?\d+")


class Unreadable(Exception):
    """Error for an answer that is no number, with the message that says so."""

    def __init__(self, text: str, /, **values: Any):
        self.message = Message(text, values)
        super().__init__(self.message.said("en"))


def numbers(answer: Any, names: Sequence[str]) -> list[Fraction]:
    """Return the numbers of an answer, in the order of their names and as they are, without rounding.

    Python's and NumPy's numbers, fractions, decimals, Values, lists, tuples, arrays, dicts by name, and strings ("1/3", "−4",
    "79,510", "25 %", "9.8×10⁻⁴", "(−1, 3)") are read. Raises Unreadable for other kinds and for too many or too few.

    >>> numbers("(−1, 3)", ["x", "y"])
    [Fraction(-1, 1), Fraction(3, 1)]
    >>> numbers({"y": 3, "x": 0.5}, ["x", "y"])
    [Fraction(1, 2), Fraction(3, 1)]
    """
    if isinstance(answer, Mapping):
        return _by_name(answer, names)
    if isinstance(answer, (set, frozenset)):
        raise Unreadable(message("a set has no order: write the numbers in round brackets"))
    found = _flat(answer, len(names))
    if len(found) != len(names):
        raise Unreadable(message("{asked} asked for ({names}), and {given} given: write one number for each"),
                         asked=_count(len(names)), names=list(names), given=_count(len(found)))
    return found


def _count(n: int) -> Message:
    return Message(message("one number is")) if n == 1 else Message(message("{n} numbers are"), {"n": n})


def _by_name(answer: Mapping[Any, Any], names: Sequence[str]) -> list[Fraction]:
    given = {getattr(key, "name", key): x for key, x in answer.items()}
    if missing := [name for name in names if given.get(name) is None]:
        raise Unreadable(message("not filled in yet: {names}"), names=missing)
    if unknown := [str(key) for key in given if key not in names]:
        raise Unreadable(message("not asked for: {names}; the names are {asked}"), names=unknown, asked=list(names))
    return [number(given[name]) for name in names]


def _flat(answer: Any, most: int) -> list[Fraction]:
    """The numbers of nested lists, arrays and strings in order."""
    if isinstance(answer, str):
        text = _plainer(answer).strip("()[]{}").strip()
        if _NUMBER.fullmatch(text) and (most == 1 or "," not in text):
            return [number(text)]
        parts = [part for part in re.split(r"[,;]\s*|\s+(?![/\d]*/)", text) if part] if not _SUPER.fullmatch(text) else [text]
        return [number(part) for part in parts] if parts else [number(answer)]
    data = answer.data if hasattr(answer, "inputs") and hasattr(answer, "data") else answer  # a Value or a Tensor
    if hasattr(data, "tolist"):
        data = data.tolist()
    if isinstance(data, (list, tuple, range)):
        return [x for part in data for x in _flat(part, 1)]
    return [number(data)]


def _plainer(text: str) -> str:
    """A text with plain signs: minus, powers of ten as e-4, no space before a percent sign."""
    def power(found: re.Match[str]) -> str:
        return "e" + unicodedata.normalize("NFKC", found[1] or found[2]).translate(_MINUS)

    return re.sub(r"\s*[%％]", "%", _POWER.sub(power, text.translate(_MINUS))).strip()


def number(x: Any) -> Fraction:
    """Return one number exactly; raises Unreadable for anything else.

    >>> number("1/3"), number(0.5)
    (Fraction(1, 3), Fraction(1, 2))
    """
    if isinstance(x, str):
        return _read(x)
    if x is None:
        raise Unreadable(message("one of the numbers is still None: fill it in"))
    if isinstance(x, bool):
        raise Unreadable(message("{given} is no number: a number is asked for"), given=x)
    if isinstance(x, complex) or type(x).__name__.startswith("complex"):
        raise Unreadable(message("{given} is a complex number: the answer is a real one"), given=x)
    if callable(x):
        raise Unreadable(message("a function is given where a number is asked for: call it, and write what it returns"))
    x = x.data if hasattr(x, "inputs") else x  # a Value
    x = x.tolist() if hasattr(x, "tolist") else x
    try:
        if not math.isfinite(x):
            raise Unreadable(message("{given} is no finite number: look for a division by 0"), given=float(x))
        return Fraction(x) if isinstance(x, (int, float, Fraction, Decimal)) else Fraction(float(x))
    except (TypeError, ValueError, OverflowError):
        raise Unreadable(message("{given} is of the kind {kind}: a number is asked for"), given=f"{x!r:.40}",
                         kind=type(x).__name__) from None


def _read(text: str) -> Fraction:
    """A number written as a string."""
    plain = _plainer(text).removesuffix(".")
    if len(plain) > 1 and plain.endswith("%"):
        return _read(plain[:-1]) / 100
    if len(plain.lstrip("+-")) == 1 or not any(c in "½⅓⅔¼¾⅛" for c in plain):  # −½, and full-width digits; 1½ is ambiguous
        plain = unicodedata.normalize("NFKC", plain).replace("⁄", "/")
    if _SUPER.fullmatch(plain):
        over, under = (int(part) for part in plain.split("/"))
        if under:
            return Fraction(over, under)
    elif plain and _NUMBER.fullmatch(plain) and any(c.isdigit() for c in plain):
        return Fraction(plain.replace(",", ""))
    raise Unreadable(message("'{given}' cannot be read as a number: write it in digits, as in -1.5 or 1/3"), given=f"{text:.40}")
