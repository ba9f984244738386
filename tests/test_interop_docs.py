"""docs/interop.md: its lines run and give what it shows."""

from __future__ import annotations

import doctest
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "interop.md"


def test_every_line_of_the_page_runs():
    found = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8", optionflags=doctest.NORMALIZE_WHITESPACE)
    assert found.attempted > 20
    assert found.failed == 0
