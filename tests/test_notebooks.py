"""Every notebook runs, in a kernel of its own; the stored copy is of the same source, light, and readable unrun."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from notebooks.__main__ import CHAPTERS, execute, read
from notebooks.exercise import check

ANSWERS = {  # worked out by hand, in the order of the exercises
    "1": [(-1, 3), (0.5, -0.5), (4, 0)],
    "2": [(-2, -2, 1), (-2, -1), 14],
    "3": [(55, 34_944), 79_510, 2],
    "4": [(1, 0.25), 1 / 1024, 0.25],
    "5": [(4 / 3, 2 / 3), 2, (-2 / 3, 1 / 3, 1 / 3)],
    "6": [(12, 4), 1, 290, 1 / 3],
    "7": [4.605, 0.125, (-1.225, 0, 1.225)],
}
chapters = pytest.mark.parametrize("script", CHAPTERS, ids=lambda script: script.stem)


def test_there_is_one_for_each_section_of_the_course() -> None:
    assert [script.stem[0] for script in CHAPTERS] == list("1234567")


@chapters
def test_it_runs_its_own_assertions_hold_and_right_answers_are_called_right(script: Path) -> None:
    notebook, answers = read(script), ANSWERS[script.stem[0]]
    exercises = [cell for cell in notebook.cells if cell["source"].startswith("answer = None\n")]
    assert len(exercises) == len(answers) >= 3
    for cell, answer in zip(exercises, answers):
        cell["source"] = cell["source"].replace("answer = None", f"answer = {answer}", 1)
    execute(notebook)
    printed = [(output["name"], output["text"]) for cell in exercises for output in cell["outputs"]]
    assert printed == [("stdout", "✓ right\n")] * len(answers)
    assert not any(output.get("name") == "stderr" for cell in notebook.cells for output in cell.get("outputs", ()))


@chapters
def test_the_stored_copy_is_not_stale(script: Path) -> None:
    def sources(notebook: Any) -> list[tuple[str, str, str]]:
        return [(cell["id"], cell["cell_type"], cell["source"]) for cell in notebook.cells]
    stored = nbformat.read(script.with_suffix(".ipynb"), as_version=4)
    assert sources(stored) == sources(read(script)), f"run: python -m notebooks {script.stem[0]}"
    assert all(cell["execution_count"] for cell in stored.cells if cell["cell_type"] == "code" and cell["source"])


@chapters
def test_it_is_light_has_pictures_and_begins_with_a_summary_in_korean(script: Path) -> None:
    path = script.with_suffix(".ipynb")
    text = path.read_text(encoding="utf-8")
    assert path.stat().st_size < 450_000 and '"image/png":' not in text and text.count('"image/svg+xml"') >= 4
    assert not re.search(r"/(?:tmp|home|root|Users)/", text)  # nothing of the machine that ran it
    first = read(script).cells[0]["source"]
    assert "**요약.**" in first and len(re.findall("[가-힣]", first)) > 100


def test_answers_are_checked(capsys: pytest.CaptureFixture[str]) -> None:
    cases = [(None, 1.0, "✎"), (1.004, 1.0, "✓"), (1.01, 1.0, "✗"), ((1, 2.0), [1.0, 2.0], "✓"), ([1, 3], (1, 2), "number 2"),
             (1.0, (1.0, 2.0), "2 are asked for, 1 were given"), (True, True, "✓"), (False, True, "✗"), ("a", "b", "✗"),
             (float("nan"), 1.0, "✗"), (1004.0, 1000.0, "✓")]
    for answer, right, said in cases:
        check(answer, lambda right=right: right)
        assert said in capsys.readouterr().out
