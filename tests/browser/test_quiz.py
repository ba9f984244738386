"""The quiz in a real browser: every gradient filled in by keyboard, mistakes named, nothing told before, accessibility."""

import importlib.util
import re
from pathlib import Path

import pytest

from autograd import Value, steps
from viz import quiz, worksheet

from ..test_viz_quizzes import CIRCUITS, shared


@pytest.fixture
def opened(visit, tmp_path):
    def opened(y, lang="en", **options):
        page = visit(quiz(y, lang=lang).save(tmp_path / "quiz.html"), **options)
        page.emulate_media(reduced_motion="reduce")
        return page
    return opened


def right(y):
    """The right numbers in the order of the blanks: a gate's upstream (but the result's), a wire's local, downstream, and sum."""
    walk = [step for step in steps(y) if step.phase == "backward"]
    edges = [edge for step in walk for edge in step.edges]
    counts = {edge.target: sum(e.target == edge.target for e in edges) for edge in edges}
    seen = dict.fromkeys(counts, 0)
    gates = []
    for i, step in enumerate(walk):
        found = [] if i == 0 else [step.gradient]
        for edge in step.edges:
            seen[edge.target] += 1
            found += [edge.local, edge.downstream]
            if seen[edge.target] == counts[edge.target] > 1:
                found.append(edge.total)
        gates.append(found)
    return gates


def said(page):
    return page.locator("#said").inner_text()


@pytest.mark.parametrize("make", CIRCUITS)
def test_it_is_filled_in_by_keyboard_alone(opened, make):
    y = make()
    page, gates = opened(y), right(y)
    everything = sum(map(len, gates))
    for i, numbers in enumerate(gates):
        assert page.locator(".blank").count() == len(numbers)
        page.locator(".blank:not(.solved)").first.focus()
        for x in numbers:
            page.keyboard.type(repr(float(x)).replace("-", "−"))
            page.keyboard.press("Enter")
        assert ("All gradients are filled in" if i == len(gates) - 1 else "Right. Go on") in said(page)
        assert page.evaluate("document.activeElement.id") == "next"
        page.keyboard.press("Enter")
    assert f"{everything} of {everything} at the first try" in said(page)
    assert page.locator("#where").inner_text() == f"{everything} of {everything} at the first try · 0 left"
    shown = page.evaluate("[...document.querySelectorAll('#stage .gradient.on')].filter(t => t.checkVisibility()).length")
    assert shown >= sum(len(step.edges) for step in steps(y))


def test_no_gradient_is_seen_before_it_is_filled_in_and_no_step_leads_past(opened):
    page = opened(shared())
    for key in ("End", "ArrowRight", "ArrowRight", "End"):
        page.keyboard.press(key)
    page.evaluate("""const slider = document.querySelector('#slider')
        slider.value = 99
        slider.dispatchEvent(new Event('input'))""")
    visible = """kind => [...document.querySelectorAll(`#stage text.${kind}`)].filter(
        t => t.checkVisibility({visibilityProperty: true}) && t.textContent).map(t => t.textContent)"""
    assert page.evaluate(visible, "gradient") == ["1.00"]  # the result's own
    assert page.evaluate(visible, "formula") == []
    assert "gate 1 of" in page.locator("#panel").inner_text()
    page.locator("#stage .node.gate").first.focus()
    page.keyboard.press("Enter")  # would run to its step backward
    assert "gate 1 of" in page.locator("#panel").inner_text()
    page.keyboard.press("Home")
    assert page.locator(".blank").count() == 0 and page.evaluate(visible, "gradient") == []
    for part in ("#inputs", "#mistakes", "#all", "#play"):
        assert not page.locator(part).is_visible()


def test_mistakes_are_named_and_cost_the_first_try(opened):
    w, x, b = Value(2.0, "w"), Value(3.0, "x"), Value(-1.0, "b")
    p = w * x + b
    p.name = "p"
    page = opened(p * p)  # p is 5: local 5 and 5, in all 10; then the sum; then the product

    def enter(label, number):
        page.get_by_label(label, exact=True).first.fill(number)
        page.get_by_label(label, exact=True).first.press("Enter")
        return said(page)

    blanks = page.locator(".blank")

    def at(i, number):
        blanks.nth(i).fill(number)
        blanks.nth(i).press("Enter")
        return said(page)

    assert "sign" in at(0, "-5") and page.evaluate("document.activeElement.getAttribute('aria-invalid')") == "true"
    assert "value" in at(0, "25") and "no number" in at(0, "five")
    assert "next one" in at(0, "5") and "added where you multiply" in at(1, "6") and "upstream gradient" in at(1, "1")
    for i, number in ((1, "5"), (2, "5"), (3, "5.00")):
        at(i, number)
    assert "one path" in at(4, "5") and "multiplied where you add" in at(4, "25") and "Add up" in at(4, "7")
    assert "Go on" in at(4, "10")
    page.click("#next")
    assert "one path" in enter("upstream gradient, arrived at p", "5")
    for i, number in enumerate(("10", "1", "10", "1", "20/2")):
        at(i, number)
    page.click("#next")
    at(0, "10")
    assert "swaps" in at(1, "2") and "downstream gradient already" in at(1, "30")
    assert "next one" in at(1, "3") and "local gradient" in at(2, "3")
    page.get_by_role("button", name="Show this gate").click()
    assert said(page) == "All gradients are filled in: 7 of 15 at the first try."
    assert page.locator("#where").inner_text() == "7 of 15 at the first try · 0 left"


def test_it_speaks_korean(opened):
    page = opened(shared(), lang="ko")
    assert page.evaluate("document.documentElement.lang") == "ko"
    assert "역전파 · 게이트 1/" in page.locator("#panel").inner_text()
    page.locator(".blank").first.fill("99")
    page.locator(".blank").first.press("Enter")
    assert "조금 움직여" in said(page)
    for part in ("#next", "#panel", ".legend", "#where"):
        assert not re.findall("[A-Za-z]{3,}", page.locator(part).inner_text().replace("tanh", ""))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_and_a_narrow_screen_does_not_overflow(opened, visit, tmp_path, scheme):
    where = importlib.util.find_spec("axe_playwright_python").submodule_search_locations[0]
    axe = Path(where, "axe.min.js").read_text(encoding="utf-8")
    sheet = worksheet(shared(), lang="ko")
    pages = [opened(shared(), color_scheme=scheme, viewport={"width": 390, "height": 800}),
             *(visit(x.save(tmp_path / f"{i}.html"), color_scheme=scheme) for i, x in enumerate((sheet, sheet.key)))]
    for page in pages:
        page.evaluate(axe)
        page.wait_for_function("document.getAnimations().length === 0")
        assert page.evaluate("axe.run().then(r => r.violations.map(v => [v.impact, v.id, v.nodes.map(n => n.html)]))") == []
        assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    pages[0].locator(".blank").first.fill("77")
    pages[0].click("#check")
    assert pages[0].evaluate("axe.run().then(r => r.violations.map(v => [v.impact, v.id, v.nodes.map(n => n.html)]))") == []
