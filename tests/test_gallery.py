"""The gallery: its programs run and draw the stored pictures, every link has a target, and a browser shows every picture."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from docs import exhibits

FOLDER = exhibits.GALLERY
PROGRAMS = [*exhibits.programs(), FOLDER / "peers" / "ours.py"]


def texts(svg: str) -> list[str]:
    """The texts of a picture, also for screen readers: places may depend on the machine's arithmetic, texts may not."""
    return sorted("".join(e.itertext()) for e in ElementTree.fromstring(svg).iter() if e.tag.endswith(("text", "title", "desc")))


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_each_program_is_short_and_draws_the_picture_that_is_stored(program: Path) -> None:
    assert len(program.read_text(encoding="utf-8").splitlines()) <= 30
    stored = program.with_suffix(".svg").read_text(encoding="utf-8")
    assert texts(stored) == texts(exhibits.drawn(program)), "run: make docs"


def test_the_page_is_that_of_the_programs_and_its_links_lead_somewhere() -> None:
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert page == exhibits.page(), "run: make docs"
    links = re.findall(r"\]\(([^)]+)\)", page)
    assert len([link for link in links if link.endswith(".svg")]) == 12 + 1 + 4
    assert all((FOLDER / link).is_file() for link in links)
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(blocks) == 13
    for block in blocks:
        ast.parse(block)


def test_it_is_light_and_from_one_gate_to_three_thousand() -> None:
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file() and "__pycache__" not in path.parts) < 1_500_000
    first, last = (texts(path.with_suffix(".svg").read_text(encoding="utf-8")) for path in (PROGRAMS[0], exhibits.programs()[-1]))
    assert any(text.startswith(("1 gates.", "1 gate.")) for text in first)
    assert max(int(count.replace(",", "")) for text in last for count in re.findall(r"of ([\d,]+) gates", text)) >= 3000


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_browser_shows_every_picture_as_an_image(visit: Any, scheme: str) -> None:
    for path in sorted(FOLDER.rglob("*.svg")):
        page = visit(path, color_scheme=scheme)
        box = page.locator("svg").first.bounding_box()
        assert box["width"] > 50 and box["height"] > 50
        assert page.evaluate("document.querySelectorAll('parsererror').length") == 0
