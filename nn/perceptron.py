"""Networks before backpropagation: step units, their learning rules, and logic gates.

Each unit is made of ``Value``, so it can be drawn and stepped through like any neuron. A step has derivative 0, so no gradient
reaches the weights; these learning rules need no gradient.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import reduce
from itertools import product
from operator import add
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd import no_grad, step
from autograd.languages import reader_language, spoken

from .module import Module
from .scalar import Neuron, source_of, subscript

if TYPE_CHECKING:
    from .typing import Seed

__all__ = ["GATES", "XOR", "Adaline", "Learned", "Madaline", "Perceptron", "gate", "truth_table"]

Numbers = Sequence[float]


class Learned(NamedTuple):
    """Result of a learning rule: ``success``, the mistakes in each epoch, and ``cycle``, the period in epochs after which the
    weights repeat (None if they do not). It is shown in the language ``lang``, "en" or "ko", by default the system's.
    """

    success: bool
    mistakes: list[int]
    cycle: int | None = None
    lang: str | None = None

    @property
    def epochs(self) -> int:
        """The number of epochs."""
        return len(self.mistakes)

    def __str__(self) -> str:
        return spoken(self.verdict, reader_language(self.lang), Path(__file__).parent)

    @property
    def verdict(self) -> str:
        """The result in a sentence, in English."""
        if self.success:
            return f"learned in {self.epochs} epochs"
        if self.cycle is not None:
            return (f"never learned: after epoch {self.epochs} the weights are the same as after epoch "
                    f"{self.epochs - self.cycle}, so the rule cycles for ever; no line separates the two classes")
        return f"not learned in {self.epochs} epochs: {self.mistakes[-1]} mistakes in the last one"

    def __repr__(self) -> str:
        return f"<Learned: {self}>"


class _Unit(Neuron):
    """Base of neurons with given weights: 0 by default, or drawn from ``rng``."""

    def __init__(self, nin: int, activation: str, weights: Numbers | None, bias: float, rng: Seed):
        super().__init__(nin, activation, random.Random(0) if rng is None else rng)
        for i, w in enumerate(self.w, 1):
            w.name = f"w{subscript(i)}"  # as in the course
        given = weights if weights is not None else [0.0] * nin if rng is None else None
        if given is not None:
            if len(given) != nin:
                raise ValueError(f"{type(self).__name__} with {nin} inputs needs as many weights; got {len(given)}")
            for w, number in zip(self.w, given):
                w.data = float(number)
            self.b.data = float(bias)

    def _move(self, x: Numbers, by: float) -> None:
        for w, number in zip(self.w, x):
            w.data += by * number
        self.b.data += by

    def _weights(self) -> tuple[float, ...]:
        return (*(w.data for w in self.w), self.b.data)


class Perceptron(_Unit):
    """Unit with output 1 if w·x + b > 0, else 0 (Rosenblatt, 1958).

    >>> perceptron = Perceptron(2)
    >>> print(perceptron.fit([(0, 0), (0, 1), (1, 0), (1, 1)], [0, 0, 0, 1]))
    learned in 6 epochs
    >>> print(Perceptron(2).fit([(0, 0), (0, 1), (1, 0), (1, 1)], [0, 1, 1, 0]).success)
    False
    """

    def __init__(self, nin: int, weights: Numbers | None = None, bias: float = 0.0, rng: Seed = None):
        super().__init__(nin, "step", weights, bias, rng)

    def learn(self, x: Numbers, target: float, lr: float = 1.0) -> float:
        """Apply Rosenblatt's rule to one example, w += lr · (target − output) · x; return target − output."""
        if target not in (0, 1):
            raise ValueError(f"the output of a perceptron is 0 or 1; it cannot learn the target {target!r}")
        with no_grad():
            error = target - self(x).data
        if error:
            self._move(x, lr * error)
        return error

    def fit(self, inputs: Sequence[Numbers], targets: Numbers, lr: float = 1.0, max_epochs: int = 1000) -> Learned:
        """Apply the rule to all examples in turn, until an epoch has no mistake, or the weights repeat."""
        met = {self._weights(): 0}
        mistakes: list[int] = []
        while len(mistakes) < max_epochs:
            mistakes.append(sum(self.learn(x, y, lr) != 0 for x, y in _examples(inputs, targets)))
            if not mistakes[-1]:
                return Learned(True, mistakes)
            if (before := met.setdefault(self._weights(), len(mistakes))) != len(mistakes):
                return Learned(False, mistakes, len(mistakes) - before)
        return Learned(False, mistakes)


class Adaline(_Unit):
    """Linear unit w·x + b with its sign, −1 or 1, as the class (Widrow & Hoff, 1960).

    >>> unit = Adaline(1)
    >>> for _ in range(50):
    ...     for x, target in ((-1.0, -1.0), (2.0, 1.0)):
    ...         _ = unit.learn([x], target)
    >>> unit.classify([-1.0]), unit.classify([2.0])
    (-1.0, 1.0)
    """

    def __init__(self, nin: int, weights: Numbers | None = None, bias: float = 0.0, rng: Seed = None):
        super().__init__(nin, "identity", weights, bias, rng)

    def classify(self, x: Numbers) -> float:
        """Return 1 if w·x + b > 0, else −1."""
        with no_grad():
            return 1.0 if self(x).data > 0 else -1.0

    def learn(self, x: Numbers, target: float, lr: float = 0.1) -> float:
        """Apply the delta rule to one example, a gradient step on ½·error² with error = target − w·x − b; return the error."""
        with no_grad():
            error = target - self(x).data
        self._move(x, lr * error)
        return error

    def fit(self, inputs: Sequence[Numbers], targets: Numbers, lr: float = 0.1, epochs: int = 100) -> list[float]:
        """Apply the rule to all examples in turn, ``epochs`` times; return the mean squared error of each epoch."""
        return [sum(self.learn(x, y, lr) ** 2 for x, y in _examples(inputs, targets)) / len(inputs) for _ in range(epochs)]


class Madaline(Module):
    """Layer of Adalines whose signs a fixed unit combines by ``logic``, "or", "and" or "majority"; the output is −1 or 1.

    It was the first network of more than one layer that learned (Widrow, 1962). Only the Adalines learn, by rule MRI: where the
    output is wrong, as few of them as necessary change their sign, those with sums nearest to 0 first.

    >>> Madaline(2, 3, rng=0)([1.0, -1.0]) in (-1.0, 1.0)
    True
    """

    def __init__(self, nin: int, units: int, logic: str = "or", rng: Seed = None):
        if logic not in ("or", "and", "majority"):
            raise ValueError(f"Madaline: logic={logic!r}; it must be 'or', 'and' or 'majority'")
        rng = None if rng is None else source_of(rng)  # one for all units: they start apart
        self.units, self.logic = [Adaline(nin, rng=rng) for _ in range(units)], logic

    def forward(self, x: Numbers) -> Any:
        return self.combine([2 * step(unit(x)) - 1 for unit in self.units])

    def combine(self, signs: Sequence[Any]) -> Any:
        offset = {"or": len(signs) - 1, "and": 1 - len(signs), "majority": 0}[self.logic]
        return 2 * step(reduce(add, signs) + offset) - 1

    def learn(self, x: Numbers, target: float, lr: float = 0.5) -> bool:
        """Apply rule MRI to one example; return True where the output was correct before."""
        if target not in (-1, 1):
            raise ValueError(f"the output of a Madaline is -1 or 1; it cannot learn the target {target!r}")
        with no_grad():
            sums = [unit(x).data for unit in self.units]
            signs = [2 * step(total) - 1 for total in sums]
            right = self.combine(signs) == target
            for i in sorted(range(len(sums)), key=lambda i: abs(sums[i])):
                if self.combine(signs) == target:
                    break
                if signs[i] != target:
                    signs[i] = target
                    self.units[i].learn(x, target, lr)
        return right

    def fit(self, inputs: Sequence[Numbers], targets: Numbers, lr: float = 0.5, max_epochs: int = 1000) -> Learned:
        """Apply the rule to all examples in turn, until an epoch has no mistake."""
        mistakes: list[int] = []
        while len(mistakes) < max_epochs:
            mistakes.append(sum(not self.learn(x, y, lr) for x, y in _examples(inputs, targets)))
            if not mistakes[-1]:
                return Learned(True, mistakes)
        return Learned(False, mistakes)


GATES: dict[str, tuple[tuple[float, ...], float]] = {  # weights and bias
    "AND": ((0.5, 0.5), -0.7), "NAND": ((-0.5, -0.5), 0.7), "OR": ((0.5, 0.5), -0.3), "NOR": ((-0.5, -0.5), 0.3),
    "NOT": ((-1.0,), 0.5),
}


def gate(name: str) -> Module:
    """Return a logic gate: a perceptron with the weights of ``GATES``, or three perceptrons for XOR.

    >>> truth_table(gate("XOR"))
    {(0, 0): 0, (0, 1): 1, (1, 0): 1, (1, 1): 0}
    """
    if name == "XOR":
        return XOR()
    if name not in GATES:
        raise ValueError(f"no gate {name!r}; choose from {', '.join(GATES)} and XOR")
    weights, bias = GATES[name]
    made = Perceptron(len(weights), weights, bias)
    made.name = name
    return made


class XOR(Module):
    """XOR as the AND of the NAND and the OR of the inputs: it needs two layers."""

    def __init__(self) -> None:
        self.nand, self.either, self.both = gate("NAND"), gate("OR"), gate("AND")

    def forward(self, x: Numbers) -> Any:
        return self.both([self.nand(x), self.either(x)])


def truth_table(module: Module) -> dict[tuple[int, ...], int]:
    """Return the output of a gate, 0 or 1, for every combination of its inputs."""
    nin = len(getattr(module, "w", (0, 0)))
    with no_grad():
        return {x: int(module(x).data) for x in product((0, 1), repeat=nin)}


def _examples(inputs: Sequence[Numbers], targets: Numbers) -> list[tuple[Numbers, float]]:
    if len(inputs) != len(targets) or not len(inputs):
        raise ValueError(f"{len(inputs)} examples and {len(targets)} targets; give one target for each example, and at least one")
    return list(zip(inputs, targets))


def __dir__() -> list[str]:
    return __all__
