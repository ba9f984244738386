"""The quiz and the worksheet without a browser: what they hide, what the key says, and what they refuse."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from autograd import Tensor, Value, log, steps
from viz import quiz, worksheet, zoom
from viz.numbers import number

from .test_viz_records import mlp, neuron


def shared() -> Value:
    a, b = Value(2.0, "a"), Value(-1.5, "b")
    c = a * b
    c.name = "c"
    return c.tanh() * c + a


CIRCUITS = [shared, lambda: neuron(backward=False), lambda: mlp([2, 2, 1])]


@pytest.mark.parametrize("make", CIRCUITS)
def test_a_blank_sheet_tells_no_gradient_and_its_key_tells_all(make: object) -> None:
    y = make()  # type: ignore[operator]
    sheet = worksheet(y, lang="en")
    blank, key = (ElementTree.fromstring(x.svg) for x in (sheet, sheet.key))

    def texts(tree: ElementTree.Element, kind: str) -> list[str]:
        return ["".join(e.itertext()) for e in tree.iter() if kind in e.get("class", "").split()]

    assert len(texts(blank, "gradient")) == 1  # the result's own, 1
    assert texts(blank, "formula") == texts(blank, "product") == texts(blank, "flow") == []
    told = "".join("".join(e.itertext()) for e in blank.iter() if e.tag.endswith(("title", "desc")))
    assert "gradient" not in told.replace("Fill in the gradients", "")
    assert len(texts(blank, "hole")) == len(texts(key, "gradient")) - 1
    assert texts(blank, "value") == texts(key, "value")
    assert sheet.key.html.count("<tr>") == sheet.html.count("<tr>") == 1 + sum(len(step.edges) for step in steps(y))
    cells = re.findall(r"<td>(.*?)</td>", sheet.html)
    assert all(cells[i] == "" for i in range(len(cells)) if i % 5 >= 2)
    assert "https:" not in sheet.html.replace("http://www.w3.org", "") and y.grad is None


def test_the_key_has_the_walks_numbers() -> None:
    y = shared()
    rows = worksheet(y, lang="en").key.edges
    edges = [edge for step in steps(y) for edge in step.edges]
    assert [row[1] for row in rows] == [edge.target_label for edge in edges]
    assert [row[4] for row in rows] == [number(edge.downstream) for edge in edges]


def test_sheets_are_saved_for_paper(tmp_path: object) -> None:
    sheet = worksheet(shared(), lang="ko", title="연습")
    for name in ("a.html", "a.svg"):
        path = sheet.save(tmp_path / name)  # type: ignore[operator]
        assert "연습" in path.read_text(encoding="utf-8")
    assert 'lang="ko"' in sheet.html and "상류" in sheet.html and "강사용" in sheet.key.html
    assert "prefers-color-scheme" not in sheet.svg
    assert repr(sheet) == "<Worksheet with 7 gradients to fill in>"


@pytest.mark.parametrize("make", CIRCUITS)
def test_a_quiz_shows_no_gradient_in_its_still_picture(make: object) -> None:
    y = make()  # type: ignore[operator]
    page = quiz(y, lang="en")
    still = page._repr_html_().partition("<iframe")[0]
    assert "Run this cell" in still and "chainrule-still" in still
    assert "Fill in the gradients" in page.html and 'class="quiz"' in page.html and y.grad is None
    assert page.gates == sum(step.phase == "backward" for step in steps(y))


def test_what_has_no_single_finite_numbers_is_refused_with_the_remedy() -> None:
    t = Tensor([1.0, 2.0], "t")
    for make in (quiz, worksheet):
        with pytest.raises(TypeError, match=r"viz\.zoom"):
            make((t * t).sum())
        assert make(zoom((t * t).sum()))
        with pytest.raises(ValueError, match="'en' and 'ko'"):
            make(shared(), lang="fr")
        with pytest.raises(TypeError):
            make(3.0)  # type: ignore[call-overload]
    with pytest.raises(ValueError, match="nan or inf"):
        quiz(log(Value(0.0, "x")) * 2.0)
