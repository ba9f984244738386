"""The exercises of the course, with their answers outside the lessons: ``check("1.1", (−1, 3))``, ``hint``, ``solution``.

An exercise's id is its chapter and number. In every chapter there are a computation, a circuit to fill in, a bug to find and a
backward pass to write. All of it speaks English and Korean (``lang="en"`` or ``"ko"``; by default the system's language).
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from autograd.languages import message

from .chapters import activations, backpropagation, descent, layers, losses, perceptrons, practice, scratch, training
from .kinds import Bug, Circuit, Exercise
from .reading import Unreadable
from .words import Hint, Listing, Message, Solution, Verdict, language

if TYPE_CHECKING:
    from autograd import Value

__all__ = ["Exercise", "Hint", "Listing", "Solution", "Verdict", "check", "circuit", "code", "find", "hint", "ids",
           "solution"]
_CHAPTERS = (scratch, backpropagation, perceptrons, layers, activations, losses, descent, training, practice)
_ALL = {exercise.id: exercise for chapter in _CHAPTERS for exercise in chapter.EXERCISES}
_given: dict[str, int] = {}  # how many hints of each exercise have been shown


def ids(chapter: int | str | None = None) -> list[str]:
    """Return the ids of all exercises, or of one chapter's.

    >>> ids(1)
    ['1.1', '1.2', '1.3', '1.4', '1.5', '1.6']
    """
    return [id for id in _ALL if chapter is None or id.startswith(f"{chapter}.")]


def check(id: str, answer: Any = None, *, lang: str | None = None) -> Verdict:
    """Check an answer; the verdict has ``.right`` (None where there is no answer yet) and ``.reason``, a sentence.

    Numbers may be Python's, NumPy's, fractions, strings, lists, arrays or dicts by name. Whole numbers are exact; others are right
    to the digits that are asked for. For code the answer is the function itself, which is held against the gradient checker. Raises
    LookupError for an id that no exercise has.

    >>> check("3.2", 79400, lang="en")
    ✗ not yet: did you forget the biases? Each node has one: 100 and 10
    >>> check("1.1", "(−1, 3)", lang="en").right
    True
    """
    exercise, spoken = _found(id), language(lang)
    if _is_empty(answer):
        return Verdict(None, Message(message("not answered yet: put your answer in place of None")), spoken)
    try:
        right, reason = exercise.judge(answer)
    except Unreadable as error:
        right, reason = False, error.message
    return Verdict(right, reason, spoken)


def hint(id: str, number: int | None = None, *, lang: str | None = None) -> Hint:
    """Return the next hint of an exercise, or the one with this number; after the last one it stays.

    >>> hint("6.2", 1, lang="en")
    💡 hint 1 of 2: The derivative of x² is 2x.
    """
    exercise = _found(id)
    count = len(exercise.hints)
    if number is None:
        number = _given[id] = min(_given.get(id, 0) + 1, count)
    if not 1 <= number <= count:
        raise LookupError(f"hint({id!r}, {number}): this exercise has hints 1 to {count}")
    return Hint(Message(exercise.hints[number - 1]), number, count, language(lang))


def solution(id: str, *, lang: str | None = None) -> Solution:
    """Return the solution of an exercise, with the way to it.

    >>> solution("6.2", lang="en")
    x = 1
    Each step halves x: 4 → 2 → 1.
    """
    return _found(id).solution(language(lang))


def circuit(id: str) -> Value:
    """Return the circuit of an exercise, without gradients: for ``viz.draw``, ``viz.quiz`` and ``viz.worksheet``.

    >>> circuit("1.4").data
    1.0
    """
    exercise = _found(id)
    if not isinstance(exercise, Circuit):
        raise LookupError(f"exercise {id} has no circuit; those with one are {', '.join(_of(Circuit))}")
    return exercise.build()


def code(id: str) -> Listing:
    """Return the function of an exercise in which a bug is to be found: its text, shown with numbered lines.

    >>> code("5.5")
    1  def cross_entropy(probabilities, targets):
    2      total = 0.0
    3      for p, t in zip(probabilities, targets):
    4          total -= p * log(t)
    5      return total
    """
    exercise = _found(id)
    if not isinstance(exercise, Bug):
        raise LookupError(f"exercise {id} has no code with a bug; those with one are {', '.join(_of(Bug))}")
    return Listing(exercise.code)


def find(id: str) -> Exercise:
    """Return the exercise itself; raises LookupError for an id that no exercise has.

    >>> find("1.1").id
    '1.1'
    """
    return _found(id)


def _of(kind: type[Exercise]) -> list[str]:
    return [id for id, exercise in _ALL.items() if isinstance(exercise, kind)]


def _found(id: str) -> Exercise:
    if str(id) not in _ALL:
        near = get_close_matches(str(id), _ALL, 3)
        like = f"; near it are {', '.join(near)}" if near else ""
        raise LookupError(f"there is no exercise {id!r}{like}: ids() lists all ids")
    return _ALL[str(id)]


def _is_empty(answer: Any) -> bool:
    """True where nothing is answered: None, an empty text or list, or only Nones."""
    if answer is None or answer is ... or isinstance(answer, str) and not answer.strip():
        return True
    parts = list(answer.values()) if isinstance(answer, dict) else answer
    return isinstance(parts, (list, tuple)) and all(part is None for part in parts)


def __dir__() -> list[str]:
    return __all__
