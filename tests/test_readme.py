"""What README and the generated pages promise."""

import re
from functools import cache
from pathlib import Path

import pytest

from autograd import Value
from autograd.operation import rows
from docs.__main__ import curves, operations, pictures

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
drawn = cache(curves)


def test_the_example_prints_what_the_readme_says(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    example = README.partition("## Example")[2]
    (code, printed), = re.findall(r"^```python\n(.*?)^```\n\n```text\n(.*?)^```", example, re.MULTILINE | re.DOTALL)
    assert len(code.splitlines()) <= 12
    exec(compile(code, "README.md", "exec"), {})
    assert capsys.readouterr().out == printed
    assert "<svg" in (tmp_path / "neuron.svg").read_text(encoding="utf-8")


def test_the_row_that_the_readme_adds_is_an_operation():
    from autograd import grad, op
    from autograd.operation import rows

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


def test_the_curves_on_it_are_up_to_date_and_small():
    stored = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "operations").glob("*")}
    assert stored == drawn(), "run: make docs"
    assert sum(map(len, stored.values())) < 150_000


@pytest.mark.parametrize("name", [name for name, row in rows.items() if row.arity == 1])
def test_a_curve_goes_through_the_operation_s_own_values(name):
    svg = drawn()[f"{name}.svg"]
    for kind, function in (("function", rows[name]), ("slope", lambda x: rows[name](Value(x)).local_gradients[0])):
        for path in re.findall(f'class="{kind}" d="([^"]+)"', svg):
            points = [tuple(map(float, point.split())) for piece in path.split("M")[1:] for point in piece.split("L")]
            assert len(points) > 1
            for x, y in points:  # pixels from the upper left corner, 20 to the unit, in tenths
                assert 60 - y == pytest.approx(20 * float(function((x - 80) / 20)), abs=0.06)


def test_a_curve_is_lifted_where_the_function_jumps():
    def count(kind, name):
        return "".join(re.findall(f'class="{kind}" d="([^"]+)"', drawn()[f"{name}.svg"])).count("M")
    assert count("slope", "relu") == count("function", "step") == count("slope", "abs") == 2
    assert count("function", "relu") == count("function", "abs") == count("function", "cbrt") == 1
    assert count("slope", "step") == 0


def texts(svg):
    """What is written on a picture; not the tooltips, whose last digits are the platform's."""
    return sorted(re.findall(r">([^<>\n]+)</", re.sub("<title>.*?</title>", "", svg, flags=re.DOTALL)))


def test_the_pictures_are_what_the_tour_saves_when_it_is_typed(tmp_path):
    pictures(tmp_path)
    linked = set(re.findall(r"\]\(docs/([\w-]+\.svg)\)", README))
    assert linked == {path.name for path in tmp_path.iterdir()} == {path.name for path in (ROOT / "docs").glob("*.svg")}
    assert len(linked) == 4
    for name in linked:
        stored = (ROOT / "docs" / name).read_text(encoding="utf-8")
        assert texts(stored) == texts((tmp_path / name).read_text(encoding="utf-8")), "run: make docs"


def test_the_first_picture_shows_the_course_s_numbers():
    stored = texts((ROOT / "docs" / "sigmoid-neuron.svg").read_text(encoding="utf-8"))
    for number in ("1.00", "−1.00", "0.37", "1.37", "0.73", "−0.53", "−0.20", "0.20", "0.39", "−0.39", "−0.59"):
        assert number in stored


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.name)
def test_links_in_the_docs_lead_somewhere(page):
    links = [link for link in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")) if "://" not in link]
    assert all((page.parent / link).exists() for link in links)
