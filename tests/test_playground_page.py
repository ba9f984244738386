"""The playground in a real browser, as a reader uses it: typing, training, neurons, the quiz, links, keyboard, small screens."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest

import viz


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return viz.playground().save(tmp_path_factory.mktemp("play") / "play.html")


@pytest.fixture
def opened(browser: Any, path: Any) -> Any:
    """Open the page with a state in its address; afterwards check that it asked for nothing and made no message."""
    pages, said = [], []

    def opened(state: str = "", **options: Any) -> Any:
        page = browser.new_page(**{"locale": "en-GB", "reduced_motion": "reduce", **options})
        pages.append(page)
        page.on("console", lambda message: said.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: said.append(f"error: {error}"))
        page.on("request", lambda request: request.url.startswith(path.as_uri()) or said.append(f"request: {request.url}"))
        page.goto(f"{path.as_uri()}{state}")
        return page

    yield opened
    for page in pages:
        page.close()
    assert said == []


def shown(page: Any, name: str) -> str:
    """The value of a node in the table of every number."""
    row = page.locator("#all tbody tr").filter(has=page.locator("button", has_text=re.compile(f"^{name}$")))
    return row.locator("td").nth(2).text_content() or ""


def test_a_formula_is_drawn_as_it_is_typed_and_follows_its_inputs(opened: Any) -> None:
    page = opened()
    page.get_by_label("Formula").fill("(x + y)*z")
    page.wait_for_function("document.querySelectorAll('#stage .shape').length === 2")
    for name, value in (("x", "-2"), ("y", "5"), ("z", "-4")):
        page.get_by_label(name, exact=True).fill(value)
    assert shown(page, "v4") == "−12.00"
    page.get_by_label("Formula").fill("(x + y)*z + x")
    page.wait_for_function("document.querySelectorAll('#stage .shape').length === 3")
    assert shown(page, "v5") == "−14.00"  # values stay with their names
    page.get_by_role("button", name="Update").click()
    assert shown(page, "x") == "−1.70"  # x − 0.1·(z + 1)


def test_what_cannot_be_read_is_marked_and_the_last_circuit_stays(opened: Any) -> None:
    page = opened()
    page.get_by_label("Formula").fill("2*exq(x)")
    page.get_by_role("alert").wait_for()
    said = "no operation is called 'exq'; did you mean exp; to multiply write exq*(…)\n  2*exq(x)\n    ^^^"
    assert page.get_by_role("alert").text_content() == said
    assert page.get_by_label("Formula").get_attribute("aria-invalid") == "true"
    assert page.locator("#stage .shape").count() == 8 and page.locator("#stale").is_visible()
    page.get_by_label("Formula").fill("2*exp(x)")
    page.wait_for_function("document.querySelectorAll('#stage .shape').length === 2")
    assert page.get_by_role("alert").count() == 0 and page.locator("#stale").is_hidden()


def test_a_link_brings_the_state_back_in_every_tab(opened: Any) -> None:
    page = opened("#e=a*b&v=a:3,b:-0.5")
    assert shown(page, "v2") == "−1.50"
    page.get_by_label("a", exact=True).fill("7")
    page.wait_for_function("location.hash.includes('7')")
    again = opened(page.evaluate("location.hash"))
    assert shown(again, "v2") == "−3.50"

    again.get_by_role("tab", name="Network").click()
    again.locator("#preset-linear").click()
    for _ in range(3):
        again.locator("#once").click()
    again.get_by_role("button", name="Copy link").click()
    state = again.evaluate("location.hash")
    assert len(state) < 700
    third = opened(state)
    assert third.get_by_role("tab", selected=True).inner_text() == "Network"
    assert third.locator("#set-activation").input_value() == "identity"
    told = [page.locator("#figures").inner_text().partition(" · loss")[0] for page in (again, third)]
    assert told[0] == told[1] == "step 3 · epoch 3" or told == ["step 3 · epoch 3", "step 3 · epoch 0"]
    right = [page.locator("#figures").inner_text().rpartition("right ")[2] for page in (again, third)]
    assert right[0] == right[1]


@pytest.mark.parametrize("state", [
    "#e=%00&v=x", "#tab=none&lang=xx&theme=pink", "#e=x&v=x:abc,:,y", "#tab=network&n=a~b~c~d&l=99-0&rate=x&w=!!&own=%%",
    "#tab=network&n=own~~~&own=AAAA&l=-", "#tab=quiz&quiz=zzz", "#tab=network&n=xor~0~-1~1.5&batch=-3&activation=exp"])
def test_a_broken_address_opens_the_page_all_the_same(opened: Any, state: str) -> None:
    page = opened(state)
    assert page.get_by_role("tab", selected=True).count() == 1
    assert page.locator("[role=tabpanel]:visible").inner_text()


def test_a_network_trains_and_a_neuron_opens_into_its_gates(opened: Any) -> None:
    page = opened("#tab=network&n=xor~200~0~1&l=3")
    page.locator("#run").click()
    page.wait_for_function("parseInt(document.getElementById('figures').textContent.match(/\\d+/)[0]) > 20")
    page.locator("#run").click()
    assert "healthy: no problems found" in page.locator("#sitter").inner_text()
    page.get_by_role("button", name="neuron 2 of hidden layer 1: open it into its gates").click()
    box = page.get_by_role("region", name="neuron 2 of hidden layer 1")
    assert box.locator(".shape").count() == 5  # two products, two sums, tanh
    assert "its gradient at h₂⁽¹⁾ is" in box.locator("#about").inner_text()
    assert page.evaluate("document.activeElement.id") == "opened"
    for _ in range(2):
        page.keyboard.press("ArrowLeft")
    assert box.locator("#where").inner_text().startswith("13 / 15")
    page.locator("#point").fill("5")
    assert "Point 5 at" in box.locator("#about").inner_text()
    box.get_by_role("button", name="Close").click()
    assert box.count() == 0


def test_weights_are_shown_where_the_pointer_or_the_focus_is(opened: Any) -> None:
    page = opened("#tab=network&n=xor~200~0~1&l=3")
    hint = page.locator("#weights").inner_text()
    neuron = page.get_by_role("button", name="neuron 2 of hidden layer 1: open it into its gates")
    before = page.evaluate("document.getElementById('wires').toDataURL()")
    neuron.focus()
    said = dict(part.split(" = ") for part in page.locator("#weights").inner_text().split(", "))
    assert list(said) == ["w₂₁⁽¹⁾", "w₂₂⁽¹⁾", "b₂⁽¹⁾"]
    assert neuron.get_attribute("aria-describedby") == "weights"
    assert page.evaluate("document.getElementById('wires').toDataURL()") != before  # they stand at the wires too
    page.keyboard.press("Enter")
    table = page.locator("#all tbody tr")
    for name, number in said.items():  # the same numbers as on the opened neuron
        row = table.filter(has=page.locator("button", has_text=re.compile(f"^{re.escape(name)}$")))
        assert row.locator("td").nth(2).text_content() == number
    page.locator("#run").focus()
    assert page.locator("#weights").inner_text() == hint
    box = page.locator("#wires").bounding_box()
    first, last = (page.locator(place).first.bounding_box() for place in ("#net .input", ".unit"))
    x, y = (first["x"] + 8 + last["x"] + last["width"] / 2) / 2, last["y"] + last["height"] / 2
    for k in range(int(box["height"])):  # down the middle between two layers: a wire is met, and named
        page.mouse.move(x, box["y"] + k)
        if (found := page.locator("#weights").inner_text()) != hint:
            break
    assert re.fullmatch(r"w[₁₂₃]{2}⁽¹⁾ = −?[\d.]+", found) and y > 0
    page.mouse.move(1, 1)
    assert page.locator("#weights").inner_text() == hint


def test_in_a_notebook_the_page_takes_the_place_of_its_still_picture(browser: Any) -> None:
    page = browser.new_page()
    page.set_content(viz.playground(lang="en")._repr_html_())
    page.frame_locator("iframe").locator("#formula").wait_for()
    assert page.locator(".chainrule-still").is_hidden()
    page.close()


def test_failures_are_named_where_they_are_made_on_purpose(opened: Any) -> None:
    page = opened("#tab=network")
    for preset, problem, steps in (("fast", "learning rate too high", 6), ("zeros", "learning rate too low", 31)):
        page.locator(f"#preset-{preset}").click()
        page.evaluate("n => { for (let k = 0; k < n; k++) document.getElementById('once').click() }", steps)
        assert problem in page.locator("#sitter").inner_text()
        assert "Remedy" in page.locator("#preset-said").inner_text()


def test_ones_own_points_are_clicked_or_typed_and_layers_grow(opened: Any) -> None:
    page = opened("#tab=network")
    page.locator("#set-data").select_option("own")
    page.get_by_role("button", name="Clear").click()
    page.locator("#run").click()
    assert "no points yet" in page.locator("#announced").inner_text()
    page.locator("#plane").click(position={"x": 40, "y": 40})
    page.get_by_label("▲ second class").check()
    page.locator("#plane").click(position={"x": 200, "y": 200})
    page.get_by_label("x₁").fill("0.5")
    page.get_by_role("button", name="Add", exact=True).click()
    assert page.locator("#point").get_attribute("max") == "3"
    page.get_by_role("button", name="add a layer").click()
    page.get_by_role("button", name="one neuron more in hidden layer 2").click()
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "one neuron more in hidden layer 2"
    assert page.locator(".unit").count() == 4 + 5 + 1
    page.locator("#once").click()
    assert page.locator("#figures").inner_text().startswith("step 1")


def test_the_quiz_asks_for_the_expression_that_was_typed(opened: Any) -> None:
    page = opened("#tab=quiz&quiz=mine&e=x*y&v=x:3,y:2")
    for number in ("2", "2", "3", "3"):
        page.keyboard.press("Tab") if page.evaluate("document.activeElement === document.body") else None
        page.locator(".blank:not(.solved)").first.fill(number)
        page.locator(".blank:not(.solved)").first.press("Enter")
    assert "All gradients are filled in: 4 of 4 at the first try." in page.locator("#said").inner_text()
    page.get_by_role("button", name="Start again").click()
    assert page.locator(".blank:not(.solved)").count() == 4
    assert "nothing to fill in" in opened("#tab=quiz&quiz=mine&e=log(x)&v=x:0").get_by_role("alert").inner_text()
    assert "cannot be read" in opened("#tab=quiz&quiz=mine&e=2x").get_by_role("alert").inner_text()


def test_tabs_by_keyboard_and_the_readers_own_language(opened: Any) -> None:
    page = opened(locale="ko-KR")
    assert page.get_by_role("tab", selected=True).inner_text() == "식"
    assert page.evaluate("document.documentElement.lang") == "ko"
    assert page.locator("#panel").inner_text().startswith("역전파 · 단계 21/21")
    english = page.evaluate("document.body.innerText.match(/[A-Za-z]{4,}/g)")
    assert {*english} <= {"Next", "English", "relu", "sigmoid"}
    page.get_by_role("tab", selected=True).focus()
    page.keyboard.press("ArrowRight")
    assert page.get_by_role("tab", selected=True).inner_text() == "신경망"
    page.get_by_label("언어").select_option("en")
    assert page.get_by_role("tab", selected=True).inner_text() == "Network"
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Language"
    page.get_by_label("Colours").select_option("dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(13, 17, 23)"


AXE = "axe.run().then(r => r.violations.map(v => [v.impact, v.id, v.nodes.map(n => n.html.slice(0, 200))]))"


@pytest.mark.parametrize(("scheme", "width", "lang"), [("dark", 390, "ko"), ("light", 640, "en")])  # 640: 1280 at 200 %
@pytest.mark.parametrize("state", ["e=2*exq(x)%2B1%2F(1%2Bexp(-x))", "tab=network&l=8-8-8-8-8-8", "tab=quiz"])
def test_axe_finds_no_violation_and_no_screen_overflows(opened: Any, scheme: str, width: int, lang: str, state: str) -> None:
    where = importlib.util.find_spec("axe_playwright_python").submodule_search_locations[0]  # type: ignore[union-attr, index]
    page = opened(f"#{state}&lang={lang}", viewport={"width": width, "height": 800}, color_scheme=scheme)
    if "network" in state:
        page.evaluate("""() => { document.getElementById('preset-fast').click()
            for (let k = 0; k < 4; k++) document.getElementById('once').click()
            document.querySelector('.unit').click() }""")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate(Path(where, "axe.min.js").read_text(encoding="utf-8"))
    assert page.evaluate(AXE) == []
