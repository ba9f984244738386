"""The statements of README and the generated pages."""

import json
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from autograd import Value
from autograd.operation import rows
from docs.__main__ import curves, operations, pictures
from docs.stubs import files

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


# ── the four steps to a new operation, carried out literally in a copy of the checkout ──────────────────────────

GENERATED = {"autograd/__init__.pyi", "autograd/methods.pyi", "docs/operations.md", "docs/operations/cube.svg"}


def run(copy, *command):
    """Run Python in the copy, which it imports from, and return what it prints."""
    done = subprocess.run([sys.executable, *command], cwd=copy, env={**os.environ, "PYTHONPATH": str(copy)}, capture_output=True,
                          encoding="utf-8", timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def with_cube(tmp_path_factory):
    """A copy of the checkout with README's row added at the end of the table, and all generated files renewed."""
    copy = tmp_path_factory.mktemp("checkout")
    for folder in ("autograd", "nn", "viz", "chainrule", "docs", "examples", "tests"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("README.md", "pyproject.toml", "conftest.py"):
        shutil.copy(ROOT / file, copy)
    row, = re.findall(r"^   (cube = row\(.*\))$", README, re.MULTILINE)
    table = copy / "autograd" / "ops.py"
    before, head, after = table.read_text(encoding="utf-8").partition("\n\n\ndef clip(")
    assert head
    table.write_text(f"{before}\n{row}{head}{after}", encoding="utf-8")
    run(copy, "-m", "docs")
    return copy


def test_a_row_is_all_that_is_written_by_hand(with_cube):
    paths = [path for path in with_cube.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    copies = {path.relative_to(with_cube).as_posix(): path for path in paths}
    changed = {name for name, path in copies.items()
               if not (ROOT / name).exists() or (ROOT / name).read_bytes() != path.read_bytes()}
    assert changed == GENERATED | {"autograd/ops.py"}


def test_the_new_row_is_function_and_method_of_numbers_and_arrays_with_all_that_operations_have(with_cube):
    run(with_cube, "-c", """if True:
        import numpy as np, viz, autograd
        from autograd import Tensor, Value, check_gradients, cube, formulas, grad, jvp, steps
        assert autograd.cube is cube and "cube" in autograd.__all__ and "cube" in dir(autograd)
        assert cube(2.0) == 8.0 and cube(np.array([1.0, 2.0])).tolist() == [1.0, 8.0]
        x, t = Value(2.0, "x"), Tensor([1.0, 2.0], "t")
        y, z = x.cube(), t.cube()
        assert (y.data, z.tolist()) == (8.0, [1.0, 8.0]) == (cube(x).data, cube(t).tolist())
        y.backward(); z.sum().backward()
        assert (x.grad, t.grad.tolist()) == (12.0, [3.0, 12.0])
        assert grad(grad(cube))(2.0) == 12.0 and grad(grad(grad(cube)))(2.0) == 6.0
        assert grad(lambda a: (grad(lambda b: cube(b).sum())(a)).sum())(np.array([1.0, 2.0])).tolist() == [6.0, 12.0]
        assert jvp(cube, 2.0, 0.5) == (8.0, 6.0)
        assert check_gradients(cube, 2.0, order=2) and check_gradients(cube, np.array([1.0, 2.0]), order=2)
        assert formulas(y) == ("3*x**2",)
        drawn = viz.draw(y).svg
        assert all(f">{text}</text>" in drawn for text in ("x³", "3·x²", "8.00", "12.00"))
        assert [(s.phase, s.sign) for s in steps(y) if s.operation == "cube"] == [("forward", "x³"), ("backward", "x³")]
    """)


def test_the_live_page_computes_the_new_row(with_cube):
    printed = run(with_cube, "-c", """if True:
        import viz
        from autograd import Value
        from autograd.programs.javascript import to_javascript
        y = Value(2.0, "x").cube()
        source = to_javascript(y)
        assert f"const COMPUTE = {source}" in viz.stepper(y).html
        print(source)
    """)
    if node := shutil.which("node"):
        program = f"const v = [2], l = ({printed})(v); console.log(JSON.stringify([v[1], l[1]]))"
        assert json.loads(subprocess.check_output([node, "-e", program], encoding="utf-8")) == [8, [12]]


def test_the_tests_and_the_pages_and_the_type_checkers_have_it(with_cube):
    passed = run(with_cube, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_ops.py", "tests/test_readme.py", "-k",
                 "cube and not with_cube or up_to_date")
    assert re.search(r"\b(1\d|[2-9]\d) passed", passed), passed
    assert "| `cube(x)` | x³ |" in (with_cube / "docs" / "operations.md").read_text(encoding="utf-8")
    assert "\ncube: Unary\n" in (with_cube / "autograd" / "__init__.pyi").read_text(encoding="utf-8")
    assert [line.strip() for line in (with_cube / "autograd" / "methods.pyi").read_text(encoding="utf-8").splitlines()
            if "def cube" in line] == ["def cube(self, /) -> Value:", "def cube(self, /) -> Tensor:"]


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


@pytest.mark.parametrize(("path", "text"), files().items(), ids=lambda x: x.name if isinstance(x, Path) else "")
def test_what_type_checkers_read_of_the_tables_is_up_to_date(path, text):
    assert path.read_text(encoding="utf-8") == text, "run: make docs"


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
    """The texts of a picture, without tooltips, whose last digits depend on the platform."""
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
    prose = re.sub(r"`[^`]*`", "", page.read_text(encoding="utf-8"))  # in code, ](x) is a call
    links = [link for link in re.findall(r"\]\(([^)#]+)", prose) if "://" not in link]
    assert all((page.parent / link).exists() for link in links)
