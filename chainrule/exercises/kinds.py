"""The four kinds of exercises: numbers, a circuit to fill in, a bug to find, a function to write; each judges its answers."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from inspect import cleandoc
from typing import TYPE_CHECKING, Any

from autograd.languages import message

from .reading import Unreadable, number, numbers
from .words import Message, Solution

if TYPE_CHECKING:
    from autograd import Value

RIGHT = Message(message("well done"))
Judgement = tuple[bool, Message]


@dataclass(frozen=True, kw_only=True)
class Exercise(ABC):
    """One exercise: its ``id`` (chapter and number), its hints from vague to plain, and the way to the solution."""

    id: str
    hints: Sequence[str]
    way: str

    @abstractmethod
    def judge(self, answer: Any) -> Judgement:
        """Return True or False, with the reason; raises Unreadable for answers of another kind."""

    @abstractmethod
    def solve(self) -> tuple[Any, str]:
        """Return the solution, and the same as text."""

    def solution(self, lang: str) -> Solution:
        answer, shown = self.solve()
        return Solution(answer, shown, Message(self.way), lang)


# ── numbers ──────────────────────────────────────────────────────────────────────────────────────────────────────

@dataclass(frozen=True)
class Asked:
    """One number that is asked for: exact, or to ``decimals`` or to ``significant`` digits; ``wrong`` are its likely mistakes.

    >>> third = Asked("x", Fraction(1, 3), decimals=2)
    >>> third.accepts(Fraction("0.33")), third.accepts(Fraction("0.34")), third.accepts(Fraction(1, 3))
    (True, False, True)
    """

    name: str
    value: float | Fraction
    decimals: int | None = None
    significant: int | None = None
    wrong: Mapping[float | Fraction, str] = field(default_factory=dict)

    @property
    def unit(self) -> Fraction:
        """The value of the last digit that is asked for; 0 where the number is exact."""
        return self._last_digit(self.value)

    def _last_digit(self, of: float | Fraction) -> Fraction:
        if self.significant is not None and of:
            return Fraction(10) ** (math.floor(math.log10(abs(float(of)))) - self.significant + 1)
        return Fraction(0) if self.decimals is None else Fraction(1, 10**self.decimals)

    def accepts(self, x: Fraction, of: float | Fraction | None = None) -> bool:
        """True where ``x`` is the number, rounded at most to the digits asked; ``of`` is another number in its place."""
        wanted = self.value if of is None else of
        slack = max(self._last_digit(wanted) / 2 * Fraction(1001, 1000), Fraction(1, 10**9))  # a float's last digits do not count
        return abs(x - Fraction(wanted)) <= slack

    def reason(self, x: Fraction) -> Message:
        """The reason why a number is not right."""
        about = {"name": Message(self.name)}
        for value, said in self.wrong.items():
            if self.accepts(x, value):
                return Message("{said}", {"said": Message(said)})
        if x and self.accepts(-x):
            return Message(message("look at the sign of {name}"), about)
        if self.unit and self.decimals is not None and abs(x - Fraction(self.value)) < 10 * self.unit:
            return Message(message("{name} is nearly right: give {n} decimals, rounded"), {**about, "n": self.decimals})
        if self.significant is not None and abs(x - Fraction(self.value)) < 10 * self.unit:
            return Message(message("{name} is nearly right: give {n} significant digits, rounded"),
                           {**about, "n": self.significant})
        if not self.unit and x.denominator > 1 and float(self.value).is_integer():
            return Message(message("{name} is a whole number, and must be exact"), about)
        return Message(message("{name} is another number: hint('{id}') gives a hint"), about)


@dataclass(frozen=True, kw_only=True)
class Numbers(Exercise):
    """An exercise that asks for one or several numbers, in order or by name."""

    asked: Sequence[Asked]

    def judge(self, answer: Any) -> Judgement:
        found = numbers(answer, [x.name for x in self.asked])
        return judged(self, found)

    def solve(self) -> tuple[Any, str]:
        values = tuple(x.value for x in self.asked)
        return values[0] if len(values) == 1 else values, ", ".join(f"{x.name} = {_written(x)}" for x in self.asked)


def judged(exercise: Numbers | Circuit, found: list[Fraction]) -> Judgement:
    """The judgement on numbers that were read: the first that is not right, and why."""
    asked = exercise.asked
    wrong = [(one, x) for one, x in zip(asked, found) if not one.accepts(x)]
    if not wrong:
        return True, RIGHT
    if len(asked) > 1 and len(wrong) > 1 and len({one.value for one in asked}) > 1:
        if all(one.accepts(-x) for one, x in zip(asked, found)):
            return False, Message(message("look at the sign: all of them are turned around"))
        if all(any(one.accepts(x) for x in found) for one in asked):
            return False, Message(message("these are the right numbers in another order: {names} is asked"),
                                  {"names": [one.name for one in asked]})
    one, x = wrong[0]
    reason = one.reason(x)
    return False, Message(reason.text, {**reason.values, "id": exercise.id})


def _written(one: Asked) -> str:
    exact = Fraction(one.value).limit_denominator(2000)
    if not one.unit or abs(exact - Fraction(one.value)) < 1e-15:
        return f"{exact}" if exact.denominator > 1 and one.unit else f"{float(one.value):g}"
    return f"{float(one.value):.{one.decimals if one.decimals is not None else one.significant}f}"


@dataclass(frozen=True, kw_only=True)
class Free(Exercise):
    """An exercise with many right answers: ``fault`` returns the reason why numbers are not right, or None."""

    names: Sequence[str]
    fault: Callable[..., Message | None]
    example: tuple[float, ...]

    def judge(self, answer: Any) -> Judgement:
        said = self.fault(*map(float, numbers(answer, self.names)))
        return said is None, said or RIGHT

    def solve(self) -> tuple[Any, str]:
        return self.example, ", ".join(f"{name} = {x:g}" for name, x in zip(self.names, self.example))


# ── a circuit to fill in ─────────────────────────────────────────────────────────────────────────────────────────

@dataclass(frozen=True, kw_only=True)
class Circuit(Exercise):
    """A circuit whose gradients are asked: likely mistakes follow from its edges (upstream alone, local alone, one path …)."""

    build: Callable[[], Value]
    names: Sequence[str]
    wrong: Mapping[str, Mapping[float | Fraction, str]] = field(default_factory=dict)

    @property
    def asked(self) -> list[Asked]:
        return asked_of(self.build(), self.names, self.wrong)

    def judge(self, answer: Any) -> Judgement:
        return judged(self, numbers(answer, self.names))

    def solve(self) -> tuple[Any, str]:
        found = {x.name: float(x.value) for x in self.asked}
        return found, ", ".join(f"{name}: {x:.4g}" for name, x in found.items())


def asked_of(y: Value, names: Sequence[str], wrong: Mapping[str, Mapping[float | Fraction, str]] | None = None) -> list[Asked]:
    """The gradients of a circuit as numbers that are asked for, each with the mistakes that its edges suggest."""
    from autograd import steps
    walk = steps(y)
    values = {step.label: step.value for step in walk if step.phase == "forward"}
    arriving: dict[str, list[Any]] = {}
    products = {step.node for step in walk if step.operation == "mul"}
    for step in walk:
        for edge in step.edges:
            arriving.setdefault(edge.target_label, []).append(edge)
    gradients = {name: sum(edge.downstream for edge in edges) for name, edges in arriving.items()}
    found = []
    for name in names:
        likely, own = _likely(arriving[name], values[name], gradients[name], products), (wrong or {}).get(name, {})
        known = {**own, **{x: said for x, said in likely.items() if x not in own}}
        whole = all(float(x).is_integer() for x in gradients.values())
        found.append(Asked(name, gradients[name], None if whole else 2, wrong=known))
    return found


def _likely(edges: list[Any], value: float, right: float, products: set[int]) -> dict[float | Fraction, str]:
    """Likely mistakes for the gradient of one node, the most telling first; ``products`` are the nodes that multiply."""
    found: dict[float | Fraction, str] = {}

    def add(x: float, text: str) -> None:
        if abs(x - right) > 0.01 and abs(x + right) > 0.01:
            found.setdefault(x, text)

    if len(edges) > 1:
        for edge in edges:
            add(edge.downstream, message("that is what one path brings: several lead here, and their gradients add up"))
        add(math.prod(edge.downstream for edge in edges), message("you multiplied where you add: contributions of paths add up"))
    for edge in edges:
        add(edge.local, message("that is the local gradient: multiply it by the upstream gradient"))
        add(edge.upstream, message("that is the upstream gradient: multiply it by the local gradient"))
        add(edge.upstream + edge.local, message("you added where you multiply: downstream = upstream × local"))
        if edge.source in products:
            add(edge.upstream * value, message("a product swaps its inputs: the local gradient is the other input"))
        add(2 * edge.downstream, message("that is twice what arrives: is one path counted two times?"))
    add(value, message("that is the value of the node: its gradient is asked"))
    add(0.0, message("something arrives here: follow the path from the result back, gate by gate"))
    return found


# ── a bug to find ────────────────────────────────────────────────────────────────────────────────────────────────

@dataclass(frozen=True, kw_only=True)
class Bug(Exercise):
    """A function with one faulty line, whose number is asked; ``lines`` says of right ones why they are right."""

    source: str
    line: int
    remedy: str
    lines: Mapping[int, str] = field(default_factory=dict)

    @property
    def code(self) -> str:
        """The function, without indentation around it."""
        return cleandoc(self.source)

    @property
    def repaired(self) -> str:
        """The function with the faulty line set right."""
        lines = self.code.split("\n")
        old = lines[self.line - 1]
        lines[self.line - 1] = old[:len(old) - len(old.lstrip())] + self.remedy
        return "\n".join(lines)

    def judge(self, answer: Any) -> Judgement:
        if isinstance(answer, str) and len(answer.strip()) > 4:
            if answer.strip() == self.code.split("\n")[self.line - 1].strip():
                return True, RIGHT
            answer = next((i for i, line in enumerate(self.code.split("\n"), 1) if line.strip() == answer.strip()), answer)
        x, = numbers(answer, [message("the number of the line")])
        count = self.code.count("\n") + 1
        if x == self.line:
            return True, RIGHT
        if x.denominator > 1 or not 1 <= x <= count:
            raise Unreadable(message("the lines are numbered from 1 to {n}: give one of these numbers"), n=count)
        if said := self.lines.get(int(x)):
            return False, Message(message("line {line} is right: {why}"), {"line": int(x), "why": Message(said)})
        return False, Message(message("line {line} does what it should: run the function, and compare"), {"line": int(x)})

    def solve(self) -> tuple[Any, str]:
        return self.line, f"{self.line}: {self.remedy}"


# ── a function to write ──────────────────────────────────────────────────────────────────────────────────────────

@dataclass(frozen=True, kw_only=True)
class Code(Exercise):
    """A backward pass to write: held against the gradient checker at several points.

    ``f`` takes all arguments and returns one number; the answer takes the same and returns the gradients of those in ``wanted``.
    ``wrong`` are classic mistakes: functions like the answer, and what to say to each.
    """

    f: Callable[..., Any]
    points: Sequence[tuple[Any, ...]]
    wanted: Sequence[str]
    at: Sequence[int]
    source: str
    wrong: Sequence[tuple[Callable[..., Any], str]] = ()

    def judge(self, answer: Any) -> Judgement:
        if not callable(answer):
            raise Unreadable(message("a function is asked for, and {given} is given: write its name without brackets"),
                             given=f"{answer!r:.40}")
        for point in self.points:
            if (said := self._fault(answer, point)) is not None:
                return False, said
        return True, Message(message("the gradient checker finds no difference at any of its points"))

    def solve(self) -> tuple[Any, str]:
        space: dict[str, Any] = {}
        code = cleandoc(self.source)
        exec(code, space)
        return next(x for x in reversed(space.values()) if callable(x)), code

    def _fault(self, answer: Callable[..., Any], point: tuple[Any, ...]) -> Message | None:
        """The reason why a function is wrong at a point, or None."""
        from autograd import check_gradients
        given = self._called(answer, point)

        def f(*xs: Any) -> Any:
            return self.f(*(dict(zip(self.at, xs)).get(i, x) for i, x in enumerate(point)))

        report = check_gradients(f, *(point[i] for i in self.at), gradient=lambda *_: given[0] if len(given) == 1 else tuple(given))
        if report:
            return None
        for wrong, said in self.wrong:
            if _same(given, _listed(wrong(*point), len(self.at))):
                return Message(said)
        found = report.worst
        place = self.wanted[found.argument]
        if found.numeric and math.isclose(found.analytic, -found.numeric, rel_tol=1e-4):
            return Message(message("look at the sign of the gradient of {name}"), {"name": place})
        return Message(message("the gradient of {name} is not right: yours is {given:.4g}, measured is {right:.4g}, at {point}"),
                       {"name": place, "given": found.analytic, "right": found.numeric, "point": _short(point)})

    def _called(self, answer: Callable[..., Any], point: tuple[Any, ...]) -> list[Any]:
        """The gradients that a function returns, of the right count and shapes."""
        try:
            given = answer(*point)
        except Exception as error:
            raise Unreadable(message("your function raised {kind}: {text}"), kind=type(error).__name__,
                             text=f"{error!s:.120}") from None
        if given is None:
            raise Unreadable(message("your function returns None: does it end with return?"))
        found = _listed(given, len(self.at))
        if len(found) != len(self.at):
            raise Unreadable(message("your function returns {given} where {asked} asked for: the gradients of {names}"),
                             given=len(found), asked=_plural(len(self.at)), names=list(self.wanted))
        for name, x, i in zip(self.wanted, found, self.at):
            shape, own = getattr(point[i], "shape", ()), getattr(x, "shape", ())
            if shape != own:
                text = message("the gradient of {name} has the shape {given}, and {name} the shape {asked}: they are alike")
                raise Unreadable(text, name=name, given=own, asked=shape)
        return [x if getattr(x, "shape", ()) else float(number(x)) for x in found]


def _plural(n: int) -> Message:
    return Message(message("one is")) if n == 1 else Message(message("{n} are"), {"n": n})


def _listed(given: Any, count: int) -> list[Any]:
    return list(given) if isinstance(given, (tuple, list)) else [given] if count == 1 else \
        list(given) if getattr(given, "shape", ()) == (count,) else [given]


def _same(given: list[Any], wrong: list[Any]) -> bool:
    """True where two lists of gradients are equal up to rounding."""
    def flat(x: Any) -> list[float]:
        return x.ravel().tolist() if hasattr(x, "ravel") else [float(x)]
    return all(len(flat(x)) == len(flat(y)) and all(math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-9)
                                                    for a, b in zip(flat(x), flat(y))) for x, y in zip(given, wrong))


def _short(point: tuple[Any, ...]) -> str:
    return "(" + ", ".join(f"{x:g}" if not getattr(x, "shape", ()) else f"array {x.shape}" for x in point) + ")"
