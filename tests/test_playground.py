"""The playground without a browser: its size, its languages, what it takes from Python, and the command that writes it."""

from __future__ import annotations

import re
import zlib
from pathlib import Path

import pytest

import viz
from autograd import op, ops
from autograd.operation import rows
from chainrule.cli import main
import nn
from autograd.languages import catalogue
from viz.web import play_words
from viz.web.play_table import printed_table


def test_it_is_one_small_page_that_asks_nothing_of_others_and_stores_nothing() -> None:
    html = viz.playground().html
    assert len(zlib.compress(html.encode(), 9)) < 150_000
    assert not re.search(r"(src|href)=|@import|url\(", html)
    scripts = "".join(path.read_text(encoding="utf-8") for path in Path(play_words.PACKAGE / "web").glob("play*.js"))
    assert not re.search(r"fetch\(|XMLHttp|WebSocket|sendBeacon|localStorage|sessionStorage|indexedDB|cookie|https?://", scripts)


def test_it_shows_itself_and_is_saved(tmp_path: Path) -> None:
    page = viz.playground(tmp_path / "play.html", lang="ko")
    assert (tmp_path / "play.html").read_text(encoding="utf-8") == page.html
    assert '<html lang="ko">' in page.html and "<iframe srcdoc=" in page._repr_html_()
    still = page._repr_html_().partition("<iframe")[0]  # an untrusted notebook drops the frame, and keeps this
    assert "놀이터가 열립니다" in still and "data:image/svg+xml;base64," in still
    with pytest.raises(ValueError, match="'en' and 'ko'"):
        viz.playground(lang="fr")


def test_the_table_is_printed_whole_and_with_rows_of_the_users() -> None:
    cube = op("cube", "x³", lambda x: x * x * x, lambda out, x: 3 * x**2)
    gamma = op("gamma", "Γ", lambda x: float(int(x)), lambda out, x: out)
    try:
        with pytest.raises(LookupError, match="operation 'gamma' has no JavaScript"):
            printed_table()
        del rows["gamma"]
        made = printed_table()
        assert made["rows"].keys() == {row.name for row in ops.rows.values() if row.arity}
        assert made["functions"]["cube"] == "(x) => ((x * x) * x)"
        assert made["rows"]["cube"]["shown"] == [["mul", 3, ["pow", "x", 2]]]
    finally:
        for row in (cube, gamma):
            rows.pop(row.name, None)


def test_every_forward_and_partial_is_printed_in_terms_of_its_operands() -> None:
    made = printed_table()
    known = {*made["functions"], "x", "y", "out", "Infinity", "NaN", "true", "false", "e"}
    for name, row in made["rows"].items():
        for text in (row["forward"], *row["partials"]):
            assert set(re.findall(r"[A-Za-z_]\w*", re.sub(r"\b\d[\d.]*(e[-+]?\d+)?", "", text))) <= known, name


def test_the_babysitters_words_are_pythons() -> None:
    own, said = {"why broken", "do nan or inf"}, catalogue(Path(nn.__file__).parent / "locale/ko/LC_MESSAGES/nn.po")
    assert {text for key, text in play_words.SITTER.items() if key not in own} <= {*said}
    korean = play_words.all_words(sitter=play_words.SITTER)["ko"]["sitter"]
    assert [key for key, text in korean.items() if not re.search("[가-힣]", text or "")] == []


def test_the_command_writes_it_and_refuses_what_it_cannot(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "play.html"
    assert main(["play", "-o", str(path)]) == 0
    assert capsys.readouterr().out == f"wrote {path}\n"
    assert "<!doctype html>" in path.read_text(encoding="utf-8")
    for wrong, said in ((["-o", "play.pdf"], "must end in .html"), (["-o", str(tmp_path / "no" / "play.html")], "make the folder"),
                        (["x=2"], "")):
        assert main(["play", *wrong]) == 2
        assert said in capsys.readouterr().err
