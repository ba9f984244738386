"""The stepper in Korean, in a real browser: every step, table, button and label of it; English where English is asked for."""

import re

import pytest

from autograd import Tensor, Value, exp, scope
from autograd.stepping import MISTAKES
from viz import stepper
from viz.web.step_words import WORDS

SHOWN = """[document.title, document.body.innerText, ...[...document.querySelectorAll('*')].flatMap(x => [x.ariaLabel, x.title])]
    .filter(x => typeof x === 'string').join('\\n')"""
NAMES = {"add", "div", "exp", "mul", "neg", "pow", "sum", "relu", "sigmoid", "grad", "zero", "End", "Home"}  # of gates and keys


def neuron():
    w0, x0, w2 = Value(2.0, "w0"), Value(-1.0, "x0"), Value(-3.0, "w2")
    with scope("sigmoid"):
        return 1 / (exp(-(w0 * x0 + w2)) + 1)


def squares():
    x = Tensor([1.0, 2.0], "x")
    return (x * x).sum()


@pytest.mark.parametrize("make", [neuron, squares])
def test_no_english_word_is_left(visit, tmp_path, make):
    page = visit(stepper(make(), lang="ko").save(tmp_path / "stepper.html"))
    assert page.locator("html").get_attribute("lang") == "ko"
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    seen = set()

    def look():
        seen.update(re.findall(r"[A-Za-z]{3,}", page.evaluate(SHOWN)))

    page.locator("#first").click()
    look()
    for _ in range(page.locator("#slider").evaluate("x => Number(x.max)")):
        page.locator("#next").click()
        look()
    for button in page.locator("#inputs button").all():
        button.click()
        look()
    for choice in page.locator("#mistakes input").all():
        choice.check()
        look()
    assert seen <= NAMES, seen - NAMES
    assert "갱신" in page.inner_text("main") and "다음" in page.inner_text("main")


def test_every_mistake_is_among_the_words_and_english_pages_carry_none():
    assert set(MISTAKES.values()) <= set(WORDS)
    assert '"words"' not in stepper(neuron(), lang="en").html and '"words"' in stepper(neuron(), lang="ko").html
    assert "파이썬" not in stepper(neuron(), lang="en").html
    with pytest.raises(ValueError, match="'en' and 'ko'"):
        stepper(neuron(), lang="fr")
