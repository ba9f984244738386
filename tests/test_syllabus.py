"""The table of docs/syllabus.md: each clause of the lecture names a chapter and a piece of a cell that is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from notebooks.__main__ import CHAPTERS, read

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "syllabus.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (?!clause)(.+) \| \[(\d)\]\(\.\./notebooks/(\w+)\.ipynb\) \| `(.+)` \|$", PAGE, re.MULTILINE)


@pytest.fixture(scope="module")
def cells() -> dict[str, list[str]]:
    return {script.stem: [cell["source"] for cell in read(script).cells] for script in CHAPTERS}


def test_every_row_of_the_table_is_read_and_every_chapter_has_some() -> None:
    assert len(ROWS) == len(re.findall(r"^\| (?!clause|-)", PAGE, re.MULTILINE)) >= 90
    assert {chapter for _, chapter, *_ in ROWS} == {script.stem[0] for script in CHAPTERS}
    assert len({clause for clause, *_ in ROWS}) == len(ROWS)


@pytest.mark.parametrize(("clause", "chapter", "stem", "piece"), ROWS, ids=[row[0][:50] for row in ROWS])
def test_the_cell_of_a_clause_is_in_its_chapter(clause: str, chapter: str, stem: str, piece: str,
                                                cells: dict[str, list[str]]) -> None:
    assert stem.startswith(f"{chapter}_")
    wanted = piece.replace(r"\|", "|")
    assert any(wanted in source for source in cells[stem]), f"{clause}: no cell of chapter {chapter} has {wanted!r}"
