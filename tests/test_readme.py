"""What README and the generated pages promise."""

import re
from pathlib import Path

import pytest

import viz
from docs.__main__ import operations
from examples.sigmoid_neuron import sigmoid_neuron

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_example_prints_what_the_readme_says(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (code, printed), = re.findall(r"^```python\n(.*?)^```\n\n```text\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    assert len(code.splitlines()) <= 12
    exec(compile(code, "README.md", "exec"), {})
    assert capsys.readouterr().out == printed
    assert "<svg" in (tmp_path / "neuron.svg").read_text(encoding="utf-8")


def test_the_row_that_the_readme_adds_is_an_operation():
    from autograd import grad, op
    from autograd.row import rows

    arguments, = re.findall(r"cube = row(\(.*\))\n", README)
    cube = eval("op" + arguments, {"op": op})
    try:
        assert (cube(2.0), grad(cube)(2.0), grad(grad(cube))(2.0)) == (8.0, 12.0, 12.0)
    finally:
        del rows["cube"]


def test_every_folder_named_and_every_page_linked_exists():
    folders = re.findall(r"^\| `(\w+)/` \|", README, re.MULTILINE)
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    assert len(folders) == 9
    assert all((ROOT / folder).is_dir() for folder in folders)
    assert all((ROOT / link).is_file() for link in links)


def test_every_make_target_named_exists():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"`make (\w+)`", README)) | {"run", "test"}
    assert named <= set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))


def test_the_operations_page_is_up_to_date():
    assert (ROOT / "docs" / "operations.md").read_text(encoding="utf-8") == operations(), "run: make docs"


def texts(svg):
    return sorted(re.findall(r">([^<>\n]+)</", svg))


def test_the_picture_is_up_to_date_and_shows_the_course_s_numbers():
    stored = (ROOT / "docs" / "sigmoid-neuron.svg").read_text(encoding="utf-8")
    assert texts(stored) == texts(viz.draw(sigmoid_neuron()).svg), "run: make docs"
    for number in ("1.00", "−1.00", "0.37", "1.37", "0.73", "−0.53", "−0.20", "0.20", "0.39", "−0.39", "−0.59"):
        assert number in texts(stored)


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.name)
def test_links_in_the_docs_lead_somewhere(page):
    links = [link for link in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")) if "://" not in link]
    assert all((page.parent / link).exists() for link in links)
