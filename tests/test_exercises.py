"""The exercises: 40 wrong answers are called wrong, each with a reason; right ones are right in every form; both languages."""

from __future__ import annotations

import ast
import re
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from math import exp, log, sqrt
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Tensor, Value, gradient, relu, sigmoid, steps, tanh
from autograd.languages import catalogue, reader_language
from chainrule.exercises import check, circuit, code, find, hint, ids, solution
from chainrule.exercises.kinds import Bug, Circuit, Code, Free, Numbers

ROOT = Path(__file__).parents[1]
IDS = ids()
BIASES, UPSTREAM, SIGN = "forget the biases", "upstream gradient", "sign"

WRONG = [  # (id, answer, words of the reason)
    ("1.1", (-2, 3), "the sum too"), ("1.1", (1, 3), SIGN), ("1.1", (3, -1), "order"), ("1.1", (-1, -2), "other input"),
    ("1.1", (1, -3), SIGN), ("1.1", (-1, -3), SIGN), ("1.2", (0.5, 0.25), "local gradient of σ"),
    ("1.2", (0.5, 0.5), SIGN),
    ("1.2", (0, -0.5), "not 0"), ("1.2", (0.5, -2), "¼"), ("1.3", (2, 0), "add up"), ("1.3", (4, 2), "routes"),
    ("1.4", {"e": 2, "p": 2, "w": 2, "x": 4, "b": 2}, UPSTREAM), ("1.4", (1, 2, 6, 4, 2), "twice"),
    ("2.1", (1, 1, -1), "NOR says 1"),
    ("2.1", (-0.5, -0.5, 0.3), "others"), ("2.2", (-1, -2), "order"), ("2.2", (1, 2), "must be negative"),
    ("2.3", 16, "separate"), ("2.3", 15, "opposite"), ("3.1", (55, 34_848), BIASES), ("3.1", (54, 34_944), "first window"),
    ("3.2", 79_400, BIASES), ("3.2", 79_500, "output layer"), ("3.2", 79_510.4, "exact"), ("3.3", 4, "each side"),
    ("4.1", (1, 0.5), "value of σ"), ("4.2", 1.25, "added where you multiply"), ("4.2", 0.001, "two significant|2 significant"),
    ("4.3", 0.5, "p itself"), ("5.1", (4, Fraction(2, 3)), "SSE"), ("5.1", (Fraction(2, 3), Fraction(4, 3)), "order"),
    ("5.2", 3, "left out"), ("5.3", (1 / 3, 1 / 3, 1 / 3), "1 is taken away"), ("5.3", (2 / 3, -1 / 3, -1 / 3), SIGN),
    ("6.1", (4, 4), "factor"), ("6.3", 289, "whole number"), ("6.3", 280, "round up"), ("6.4", 0.34, "decimals"),
    ("7.1", 2.30, "ten classes"), ("7.2", 1 / 64, "variance"), ("7.3", (-1, 0, 1), "N − 1"), ("7.4", (6, -4, -12, -4), "penalty"),
    ("0.1", (0.61, 6), "divide it by the nudge"), ("0.1", (6, 6), "the limit"), ("0.2", (6, 6), "replaces"),
    ("0.3", 4, "zero_grad"),
    ("0.4", (-4, 1, -2), "leads here too"),
    ("8.1", 0.2, "four factors"), ("8.2", 12, "5 folds"), ("8.3", 0.02, "ratio itself"),
    ("8.4", (2, 4, 2, 2), "past the gate"), ("8.5", 1, "line 1 is right"),
    ("1.5", 4, "line 4 is right"), ("6.6", 4, "line 4 is right"),
]
RIGHT = [
    ("1.1", [-1, 3]), ("1.1", "(−1, 3)"), ("1.1", np.array([-1.0, 3.0])),
    ("1.1", {"y": 3, "x": -1}), ("1.1", (Value(-1.0), Value(3.0))),
    ("1.2", ("1/2", "-1/2")), ("1.2", (0.5, -0.5)), ("1.2", ("½", "−½")), ("6.3", "２９０"),
    ("0.1", (6.1, 6)), ("0.1", ("61/10", 6)), ("0.2", (5, 6)), ("0.3", 12), ("8.1", "1/4"), ("8.2", 60), ("8.3", "20"),
    ("1.3", "4, 0"), ("1.4", {"b": 2, "x": 4, "w": 6, "p": 2, "e": 2}),
    ("2.1", (-1, -1, 0.9)), ("2.3", "14"), ("3.1", ("55", "34,944")), ("3.1", (np.int64(55), np.int32(34_944))),
    ("3.2", "79,510"),
    ("3.2", 79_510.0), ("3.2", Decimal(79510)), ("4.2", "1/1024"), ("4.2", 0.00098), ("4.2", 9.77e-4), ("4.3", np.float32(0.25)),
    ("5.1", (1.33, 0.67)), ("5.1", "4/3, 2/3"), ("5.1", Tensor([4 / 3, 2 / 3])), ("5.2", 2.0),
    ("5.3", [Fraction(-2, 3), Fraction(1, 3), Fraction(1, 3)]), ("6.1", (12, 4)), ("6.3", np.int64(290)),
    ("6.4", 0.33), ("6.4", "1/3"),
    ("7.1", 4.61), ("7.1", 4.605), ("7.1", log(100)), ("7.2", "1/8"), ("7.3", (-1.22, 0, 1.22)), ("7.3", [-1.2247, 0, 1.2247]),
    ("1.5", 6), ("1.5", "grads[node] = upstream * local"),
]

MORE_WRONG = [  # classic mistakes, written down before any of them was tried
    ("0.1", (61, 6), "nudge"), ("0.1", (0.6, 6), "divide"), ("0.1", (0.1, 6), "nudge itself"), ("0.1", (6.1, 6.1), "smaller"),
    ("0.1", (6.1, 2), "2·x"), ("0.2", (1, 6), "came first"), ("0.2", (5, 5), "add up"), ("0.3", 16, "three"), ("0.3", 7, "add"),
    ("0.4", (7, -7, 14), "value of h|is −2"), ("0.4", (-1, -1, 2), "sign"), ("0.4", (-1, 1, -1), "upstream"),
    ("0.4", (-1, -2, 1), "order"), ("1.1", (3, 3), "other input"), ("1.1", (-1, 4), "added"), ("1.1", (-1, 0), "arrives"),
    ("1.2", (0.5, -0.25), "x₁"), ("1.2", (0.73, -0.39), "lesson"), ("1.2", (1, -0.5), "e⁰"), ("1.2", (0.5, 0), "weight of 0"),
    ("1.3", (3, 2), "added"), ("1.3", (4, 1), "routes"), ("1.3", (2, 2), "add up"), ("1.4", (2, 2, 4, 6, 2), "order"),
    ("1.4", (2, -2, -6, -4, -2), "sign"), ("1.4", (2, 2, 6, 4, -1), "value"), ("1.4", (2, 2, 6, 4, 0), "arrives"),
    ("1.4", (1, 1, 3, 2, 1), "twice"), ("1.5", 5, "line 5 is right"), ("1.5", "grads = {result: 1.0}", "line 2 is right"),
    ("1.6", lambda x, y, z: (z + 1, z + 1, x + y), "y"), ("1.6", lambda x, y, z: (z + 1, z, z), "z"),
    ("2.1", (1, 1, -1.1), "NOR says 1"), ("2.1", (-1, -1, 0), "NOR says 1"), ("2.1", (-1, -1, 2), "NOR says 0"),
    ("2.2", (-3, -2), "two inputs"), ("2.2", (-2, 0), "one input"), ("2.2", (-1.5, -1.5), "between|low"), ("2.3", 12, "two"),
    ("2.3", 2, "impossible"), ("2.3", 6, "corners"), ("2.4", (-1, -3, 1, -1), "twice"), ("2.4", (2, 6, -2, 2), "sign"),
    ("2.4", (-2, -2, -4, -2), "input|upstream"), ("2.4", (-2, -6, -2, -2), "sign|upstream"), ("2.5", 6, "line 6 is right"),
    ("2.6", lambda w1, w2, b, x1, x2, t: (w1 * (s := w1 * x1 + w2 * x2 + b - t), w2 * s, s), "swaps its inputs"),
    ("3.1", (3025, 34944), "width is asked"), ("3.1", (56.75, 34944), "fit"), ("3.1", (55, 364), "one filter"),
    ("3.1", (217, 34944), "stride"), ("3.1", (55, 1056), "11·11 weights"), ("3.2", 79402, "node"), ("3.2", 78510, "weights"),
    ("3.2", 79410, "hidden"), ("3.3", 2.5, "whole"), ("3.3", 1, "filter of 3"), ("3.4", (6, -3, -1, -3, 0, -2), "closed"),
    ("3.4", (6, 0, -1, -3, 12, -2), "closed"), ("3.4", (6, 0, -1, -3, 0, -6), "closed"),
    ("3.4", (6, 0, -1, -2, 0, -3), "order"), ("3.5", 8, "line 8 is right"),
    ("3.6", lambda X, W, b, G: (G @ W.T, X.T @ G, G.sum()), "shape"),
    ("3.6", lambda X, W, b, G: (G @ W, X.T @ G, G.sum(0)), "ValueError"), ("4.1", (1, 1), "½"), ("4.1", (0.25, 1), "order"),
    ("4.1", (0.5, 0.25), "1 − 0²"), ("4.2", 0.0009, "significant"), ("4.2", 0.00097, "significant"), ("4.2", 0.0039, "four"),
    ("4.2", 0.03125, "slope is ¼"), ("4.3", 0, "one score moves"), ("4.3", -0.25, "other score"), ("4.3", 1, "sum"),
    ("4.4", (0, 3, 3, 0, 0), "other input"), ("4.4", (0, 3, 0, 6, 0), "order"), ("4.4", (0, 3, 6, 0, -1), "value|closed"),
    ("4.4", (0, 3, 6, 0, 1), "closed"), ("4.4", (0, 0, 6, 0, 0), "arrives|other input"),
    ("4.6", lambda x, u: u / (1 + x ** 2), "|x|"), ("5.1", (1.15, 0.67), "RMSE"), ("5.1", (4 / 9, 2 / 3), "square"),
    ("5.1", (1.3, 0.7), "decimals"), ("5.1", (1.33, 1), "N = 3"), ("5.1", (1.33, 2), "N = 3"), ("5.2", 1, "margin"),
    ("5.2", 0, "margin"), ("5.3", (-1, 0, 0), "p − y"), ("5.3", (0, 0, 0), "right one"),
    ("5.3", (1 / 3, 1 / 3, -2 / 3), "order"), ("5.4", (1, 7, 2, -1), "½"), ("5.4", (1, 3, 2, -1), "penalty"),
    ("5.4", (1, 5, 2, 1), "sign"), ("5.4", (0, 2, 0, 0), "arrives"), ("5.4", (3, 5, 2, -1), "value"), ("6.1", (6, 4), "2·x₁"),
    ("6.1", (4, 12), "order"), ("6.1", (12, 12), "value of the function"), ("6.2", 3.5, "gradient"), ("6.2", 2.25, "2x"),
    ("6.2", -4, "rate"), ("6.3", 280.78, "whole"), ("6.3", 28, "one epoch"), ("6.4", 0.17, "twice"),
    ("6.5", (4, 12, 5), "added"), ("6.5", (3, 6, 5), "twice"), ("6.5", (3, 12, 4), "sum too"),
    ("6.7", lambda x1, x2: (-2 * (1 - x1) - 20 * x1 * (x2 - x1 ** 2), 10 * (x2 - x1 ** 2)), "square|2"),
    ("7.1", 4.6, "decimals"), ("7.1", -4.61, "sign"), ("7.1", 2, "base 10"), ("7.2", 0.0884, "Xavier"),
    ("7.2", 0.12, "decimals"), ("7.2", 0.0156, "variance"), ("7.3", (-2, 0, 2), "spread"), ("7.3", (1.22, 0, -1.22), "sign"),
    ("7.3", (0, 0.5, 1), "mean"), ("7.3", (-0.75, 0, 0.75), "root"), ("7.4", (3, -4, -11, -4), "doubled"),
    ("7.4", (6, -2, -5, -2), "dropout"), ("7.4", (6, -4, -13, -4), "penalty"), ("7.4", (6, -4, -10, -4), "½"),
    ("7.5", 3, "line 3 is right"), ("7.6", lambda x1, x2, x3, g1, g2, g3: (g1, g2, g3), "mean too"),
    ("8.1", 25, "share|percent"), ("8.1", 0.09, "log"), ("8.2", 120, "folds|epochs"), ("8.2", 48, "held-out"),
    ("8.3", 400, "ratio|divide"), ("8.3", 8, "product"), ("8.3", 0.05, "turn"), ("8.4", (2, 6, 2, 8), "other input"),
    ("8.4", (2, 4, -4, 8), "value"), ("8.4", (2, 4, 2, 6), "multiplied"), ("8.5", 2, "comment"),
    ("8.6", lambda x, w, b: (0.0, (s := 1 / (1 + exp(-(w * x + b)))) * x * (1 - s) * x, x * (1 - s) * s),
     "gradient of x is not right"),
]
MORE_RIGHT = [  # the same for right answers in other forms
    ("0.1", (Decimal("6.1"), np.int64(6))), ("0.2", np.array([5, 6])), ("0.3", np.float32(12)), ("0.3", "12.0"),
    ("0.4", {"h": np.float64(-1), "a": Fraction(1), "b": Decimal(-2)}), ("1.1", Tensor([-1.0, 3.0])),
    ("1.2", (Value(0.5), Fraction(-1, 2))), ("1.3", [[4, 0]]), ("1.3", (np.array(4.0), np.array(0.0))), ("1.4", "2 2 6 4 2"),
    ("2.1", (np.float32(-2), -2, "1")), ("2.2", "-2 -1"), ("2.2", "(−2; −1)"), ("2.4", Tensor([-2.0, -6.0, 2.0, -2.0])),
    ("3.1", np.array([55, 34944])), ("3.1", "55 34944"), ("3.2", np.array(79510)), ("3.2", np.float32(79510)),
    ("3.2", "7.951e4"), ("3.3", Fraction(4, 2)), ("3.3", Value(2.0)), ("4.1", (1, "1/4")), ("4.1", "1; 0.25"),
    ("4.2", Decimal("0.00098")), ("4.2", "9.8e-4"), ("4.2", "9.8×10^-4"), ("4.2", "9.8·10⁻⁴"), ("4.2", Fraction(1, 1024)),
    ("4.3", "¼"), ("4.3", np.array([0.25])), ("4.3", Tensor(0.25)), ("4.3", "25%"), ("5.1", (1.333, 0.667)),
    ("5.1", np.array([4 / 3, 2 / 3], np.float32)), ("5.3", "-2/3, 1/3, 1/3"), ("5.3", np.array([-0.67, 0.33, 0.33])),
    ("5.3", (-0.667, 0.333, 0.333)), ("5.2", np.array(2)), ("5.2", "2."), ("6.4", Decimal("0.33")), ("6.4", np.float32(1 / 3)),
    ("6.2", np.float16(1)), ("6.5", {"q": 3, "x1": 12, "x2": 5}), ("6.3", "290 "), ("6.4", "1 / 3"), ("7.1", "4.61"),
    ("7.1", np.float32(4.60517)), ("7.2", Fraction(1, 8)), ("7.3", "-1.22 0 1.22"), ("7.3", np.round([-1.2247, 0, 1.2247], 2)),
    ("7.4", [6, -4, -11, -4]), ("8.1", ".25"), ("8.1", np.float16(0.25)), ("8.1", "25 %"), ("8.2", np.uint8(60)),
    ("8.3", 0.4 / 20 / 0.001), ("8.4", np.array([2, 4, 2, 8])), ("1.6", lambda x, y, z: np.array([z + 1, z, x + y])),
    ("2.6", lambda w1, w2, b, x1, x2, t: [(d := (w1 * x1 + w2 * x2 + b - t)) * x1, d * x2, d]),
    ("0.6", lambda x, u: gradient(tanh(v := Value(x)) * u, v)), ("7.6", lambda x1, x2, x3, *g: np.array(g) - np.mean(g)),
    ("5.6", lambda *s: np.exp(s) / np.exp(s).sum() - [0, 1, 0]),
    ("3.6", lambda X, W, b, G: (Tensor(G) @ Tensor(W.T), Tensor(X.T) @ Tensor(G), Tensor(G).sum(0))),
    ("4.6", lambda x, u: Fraction(u) / (1 + abs(Fraction(x))) ** 2),
    ("8.6", lambda x, w, b: [(s := (1 / (1 + exp(-(w * x + b))))) + x * s * (1 - s) * w, x * s * (1 - s) * x, x * s * (1 - s)]),
]


def test_forty_wrong_answers_and_twenty_right_ones() -> None:
    assert len(WRONG) >= 40 and len(RIGHT) >= 20 and len(MORE_WRONG) >= 40 and len(MORE_RIGHT) >= 20


@pytest.mark.parametrize(("id", "answer", "words"), WRONG + MORE_WRONG)
def test_a_wrong_answer_is_called_wrong_and_the_reason_names_the_mistake(id: str, answer: object, words: str) -> None:
    verdict = check(id, answer, lang="en")
    assert verdict.right is False and not verdict
    assert re.search(words, verdict.reason) and "another number" not in verdict.reason, verdict.reason
    korean = check(id, answer, lang="ko")
    assert korean.right is False and re.search("[가-힣]", korean.reason)


@pytest.mark.parametrize(("id", "answer"), RIGHT + MORE_RIGHT)
def test_a_right_answer_is_right_in_every_form(id: str, answer: object) -> None:
    assert check(id, answer, lang="en").right is True, check(id, answer, lang="en")


@pytest.mark.parametrize(("answer", "words"), [
    ("seven", "cannot be read"), (True, "no number"), (1j, "complex"), (float("nan"), "finite"), (float("inf"), "finite"),
    (len, "function"),
    ({79510}, "order"), (object(), "kind object"), ((1, 2), "2 numbers are given"), ({"x": 1}, "not filled in"),
    (b"79510", "kind bytes"),
    ("1/0", "cannot be read"), ("", None), (None, None), ([], None), ("79,51", "2 numbers")])
def test_answers_of_another_kind_are_refused_in_words(answer: object, words: str | None) -> None:
    verdict = check("3.2", answer, lang="en")
    assert verdict.right is (None if words is None else False)
    assert re.search(words or "not answered yet", verdict.reason), verdict.reason


def test_an_answer_that_is_half_filled_in_says_so() -> None:
    assert "still None" in check("1.1", (None, 3), lang="en").reason
    assert check("1.1", (None, None), lang="en").right is None
    assert "w, x" in check("1.4", {"e": 2, "p": 2, "b": 2}, lang="en").reason


@given(st.integers(-200_000, 200_000))
def test_a_count_is_exact(n: int) -> None:
    assert check("3.2", n).right is (n == 79_510)
    assert check("3.2", n + 1e-3).right is False


@given(st.floats(-1, 8))
def test_a_measured_number_is_right_to_the_digits_asked(x: float) -> None:
    away = abs(Fraction(x) - Fraction(log(100)))
    if abs(away - Fraction(1, 200)) > Fraction(1, 10**4):
        assert check("7.1", x).right is (away < Fraction(1, 200))


@given(st.one_of(st.text(max_size=30), st.binary(max_size=5), st.lists(st.floats() | st.none() | st.text(max_size=3), max_size=5),
                 st.dictionaries(st.text(max_size=3), st.floats()), st.complex_numbers(),
                 st.booleans(), st.decimals(), st.fractions()),
       st.sampled_from(IDS), st.sampled_from(["en", "ko"]))
def test_no_answer_is_an_error(answer: object, id: str, lang: str) -> None:
    verdict = check(id, answer, lang=lang)
    assert verdict.reason and verdict.right in (True, False, None) and str(verdict)


# ── the exercises themselves ─────────────────────────────────────────────────────────────────────────────────────

@pytest.mark.parametrize("chapter", range(9))
def test_every_chapter_has_a_computation_a_circuit_a_bug_and_code(chapter: int) -> None:
    kinds = Counter(type(find(id)) for id in ids(chapter))
    bases = [kind for kind in kinds if issubclass(kind, Code)]
    assert len(bases) == kinds[Bug] == 1 and kinds[Circuit] >= 1 and kinds[Numbers] + kinds[Free] + kinds[Circuit] >= 3


@pytest.mark.parametrize("id", IDS)
def test_its_solution_is_right_and_its_hints_do_not_run_out(id: str) -> None:
    found = solution(id, lang="en")
    assert check(id, found.answer, lang="en").right, check(id, found.answer, lang="en")
    assert str(found) and found.way
    assert len(find(id).hints) >= 2
    said = [hint(id, lang="en").number for _ in range(len(find(id).hints) + 2)]
    assert said[0] == 1 and said[-1] == len(find(id).hints) == said[-3]


@pytest.mark.parametrize("id", IDS)
def test_no_likely_mistake_is_right(id: str) -> None:
    exercise = find(id)
    if isinstance(exercise, (Numbers, Circuit)):
        asked = exercise.asked
        for i, one in enumerate(asked):
            for wrong in one.wrong:
                answer = [x.value for x in asked]
                answer[i] = wrong
                assert check(id, answer, lang="en").right is False, (one.name, wrong)
    elif isinstance(exercise, Code):
        for wrong, said in exercise.wrong:
            verdict = check(id, wrong, lang="en")
            assert verdict.right is False and verdict.reason == said
    elif isinstance(exercise, Bug):
        lines = exercise.code.split("\n")
        assert lines[exercise.line - 1].strip() != exercise.remedy
        assert all(check(id, i, lang="en").right is (i == exercise.line) for i in range(1, len(lines) + 1))


def test_the_bugs_are_bugs_and_their_remedies_right() -> None:
    """Each function gives a wrong number as it is, and the right one with the faulty line replaced."""
    space = {"exp": exp, "log": log, "gradient_x": lambda x, y: 2 * x + y, "gradient_y": lambda x, y: x + 2 * y}
    edges = {"f": [("a", 3.0), ("a", 3.0)]}
    train, held = np.array([[0.0], [2.0]]), np.array([[5.0], [7.0]])
    runs = {"1.5": lambda f: f(["f"], edges, "f")["a"] == gradient((a := Value(3.0)) * a, a),
            "0.5": lambda f: f(["a", "h", "f"], {"a": [], "h": [("a", 1.0)], "f": [("h", 4.0), ("h", 9.0)]}, "f")["a"] == 13,
            "8.5": lambda f: abs(f(lambda x: x * x, 3.0) - 6) < 1e-6,
            "2.5": lambda f: f([0.0, 0.0], 0.0, (1, 1), 1) == ([1.0, 1.0], 1.0),
            "3.5": lambda f: f([1, 2, 3], [1, 1, 1], 1, 1) == [3, 6, 5],
            "4.5": lambda f: f(0.0)[1](1.0) == gradient(sigmoid(x := Value(0.0)), x),
            "5.5": lambda f: abs(f([0.7, 0.3], [1e-300, 1.0]) + log(0.3)) < 1e-9,
            "6.6": lambda f: f(1.0, 0.0, 0.1, 1) == (0.8, -0.1),
            "7.5": lambda f: (f(train, held)[1] == [[4.0], [6.0]]).all()}
    assert set(runs) == {id for id in IDS if isinstance(find(id), Bug)}
    for id, right in runs.items():
        results = []
        for source in (str(code(id)), find(id).repaired):
            names = dict(space)
            exec(source, names)
            results.append(bool(right(next(x for name, x in names.items() if callable(x) and name not in space))))
        assert results == [False, True], id


def test_a_circuits_gradients_are_the_engines() -> None:
    for id in IDS:
        if isinstance(find(id), Circuit):
            y = circuit(id)
            assert y.grad is None
            totals = {edge.target_label: edge.total for step in steps(y) for edge in step.edges}
            assert {one.name: one.value for one in find(id).asked} == {name: totals[name] for name in find(id).names}


def test_code_is_held_against_the_checker_and_its_faults_are_named() -> None:
    assert check("1.6", lambda x, y, z: (z + 1, z, x + y)).right
    assert "second path" in check("1.6", lambda x, y, z: (z, z, x + y), lang="en").reason
    assert "sign of the gradient of x" in check("1.6", lambda x, y, z: (-z - 1, z, x + y), lang="en").reason
    assert "gradient of z is not right" in check("1.6", lambda x, y, z: (z + 1, z, x * y), lang="en").reason
    assert "returns None" in check("1.6", lambda x, y, z: None, lang="en").reason
    assert "returns 2 where 3 are asked for" in check("1.6", lambda x, y, z: (z, z), lang="en").reason
    assert "ZeroDivisionError" in check("1.6", lambda x, y, z: 1 / 0, lang="en").reason
    assert "TypeError" in check("1.6", lambda x: x, lang="en").reason
    assert "without brackets" in check("1.6", 5, lang="en").reason
    assert check("1.6", [lambda x, y, z: 1], lang="en").right is False
    assert "shape (2, 3)" in check("3.6", lambda X, W, b, G: (G @ W.T, G.T @ X, G.sum(0)), lang="en").reason
    assert check("5.6", lambda *s: [exp(x) / sum(map(exp, s)) - (i == 1) for i, x in enumerate(s)]).right
    assert check("4.6", lambda x, up: np.float64(up / (1 + abs(x)) ** 2)).right


def test_published_numbers() -> None:
    """AlexNet's first layer, He's and Xavier's deviations, the loss of chance: as their papers have them."""
    assert check("3.1", (55, 96 * (11 * 11 * 3 + 1))).right
    assert check("7.2", sqrt(2 / 128)).right and check("7.1", -log(1 / 100)).right
    x = Value(2.0)
    assert check("6.2", 4 * (1 - 0.5) ** 2).right and gradient(relu(x) * x, x) == 4


def test_an_unknown_id_is_refused_with_what_is_near() -> None:
    for call in (check, hint, solution, circuit, code):
        with pytest.raises(LookupError, match=r"no exercise '1\.9'.*1\.\d"):
            call("1.9")
    with pytest.raises(LookupError, match="has no circuit"):
        circuit("1.2")
    with pytest.raises(LookupError, match="no code"):
        code("1.1")
    with pytest.raises(LookupError, match="hints 1 to"):
        hint("1.1", 9)
    with pytest.raises(ValueError, match="'en' and 'ko'"):
        check("1.1", 3, lang="fr")


def test_what_is_shown_is_a_sentence_in_a_notebook_too() -> None:
    wrong = check("3.2", 79_400, lang="en")
    assert repr(wrong) == "✗ not yet: did you forget the biases? Each node has one: 100 and 10"
    assert "did you forget" in wrong._repr_html_()
    assert repr(check("3.2", 79_400, lang="ko")) == "✗ 아직 아닙니다: 편향을 잊었습니까? 노드마다 하나씩, 100개와 10개입니다"
    assert "<" not in check("3.2", "<script>", lang="en")._repr_html_().replace("<p", "").replace("</p", "")
    assert repr(code("5.5")).startswith("1  def") and "<pre" in code("5.5")._repr_html_()
    assert "<pre>" in solution("1.6")._repr_html_()


# ── languages ────────────────────────────────────────────────────────────────────────────────────────────────────

def messages(package: str) -> set[str]:
    """The texts that a package marks for translation."""
    return {node.args[0].value for path in (ROOT / package).rglob("*.py")  # type: ignore[attr-defined]
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "message" and isinstance(node.args[0], ast.Constant)}


@pytest.mark.parametrize("package", ["chainrule", "viz", "autograd"])
def test_the_korean_catalogue_has_what_is_marked_and_no_more(package: str) -> None:
    found = catalogue(ROOT / package / "locale" / "ko" / "LC_MESSAGES" / f"{package}.po")
    assert sorted(messages(package) - found.keys()) == [] == sorted(found.keys() - messages(package))


@pytest.mark.parametrize("package", ["chainrule", "viz", "nn", "autograd"])  # nn's texts are held in tests/test_locale.py
def test_a_translation_is_korean_and_keeps_the_holes(package: str) -> None:
    found = catalogue(ROOT / package / "locale" / "ko" / "LC_MESSAGES" / f"{package}.po")
    assert found
    for text, korean in found.items():
        holes = re.findall(r"\{[^}]*\}", text)
        assert Counter(holes) == Counter(re.findall(r"\{[^}]*\}", korean)), text
        words = set(re.findall(r"[A-Za-z]{4,}", text)) - {"tanh"}
        assert re.search("[가-힣]", korean) or not words, text


def test_babel_reads_the_catalogues_alike() -> None:
    babel = pytest.importorskip("babel.messages.pofile")
    for path in ROOT.glob("*/locale/ko/LC_MESSAGES/*.po"):
        with path.open("rb") as file:
            theirs = {entry.id: entry.string for entry in babel.read_po(file) if entry.id}
        assert catalogue(path) == theirs


def test_the_language_is_the_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    for said, lang in (("ko_KR.UTF-8", "ko"), ("C", "en"), ("de_DE.UTF-8", "en"), ("en_GB", "en")):
        monkeypatch.setenv("LANG", said)
        assert reader_language() == lang
    monkeypatch.setenv("LC_ALL", "ko_KR.UTF-8")
    assert check("3.2", 1).lang == "ko" and "편향" in check("3.2", 79_400).reason
