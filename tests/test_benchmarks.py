"""The benchmarks: figures, the page and README's comparison made of a recorded measurement, turns, the command line. No timing."""

from __future__ import annotations

import doctest
import json
import math
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar
from unittest.mock import MagicMock

import pytest
from hypothesis import given, strategies as st

import benchmarks.__main__ as command
from benchmarks import figures, hips, measure, page, plots, results, tables, terminal
from benchmarks.all_rows import rows
from benchmarks.measure import Row, Settings

ROOT = Path(__file__).parents[1]
RECORDED = Path(__file__).parent / "data" / "benchmarks.json"


@pytest.fixture
def recorded():
    return results.load(RECORDED)


def line(text, begin):
    """The cells of the line of a table that begins so, in the first table that has one."""
    found = next(found for found in text.splitlines() if found.startswith(f"| {begin}"))
    return [cell.strip() for cell in found.strip("|").split("|")]


# ── figures ──────────────────────────────────────────────────────────────────────────────────────────────────────

@given(st.floats(0.2, 3), st.floats(1e-6, 10), st.lists(st.integers(1, 10**7), min_size=3, max_size=7, unique=True))
def test_the_exponent_of_a_power_law_is_its_power(power, scale, sizes):
    sizes = sorted(sizes)
    assert figures.exponent(sizes, [scale * n**power for n in sizes]) == pytest.approx(power, abs=1e-6)


def test_the_exponent_is_that_of_the_largest_sizes():
    """A cost of 1 ms a call hides nothing: at large sizes the quadratic term is all."""
    sizes = [10**i for i in range(1, 7)]
    assert figures.exponent(sizes, [1e-3 + 1e-9 * n**2 for n in sizes]) == pytest.approx(2, abs=0.01)


@given(st.lists(st.floats(1e-3, 1e3), min_size=1), st.floats(0.1, 10))
def test_quartiles_are_in_order_within_the_samples_and_scale(samples, by):
    low, middle, high = figures.quartiles(samples)
    assert min(samples) * 0.999 <= low <= middle <= high <= max(samples) * 1.001
    assert figures.quartiles([by * x for x in samples])[1] == pytest.approx(by * middle, rel=2e-3)


def test_a_ratio_is_of_turns_side_by_side():
    """A machine that becomes ten times slower midway changes both turns of a round, and not their ratio."""
    own, other = [2.0, 2.0, 20.0, 20.0], [1.0, 1.0, 10.0, 10.0]
    assert figures.ratio(own, other) == [2.0, 2.0, 2.0]


# ── the page ─────────────────────────────────────────────────────────────────────────────────────────────────────

def test_the_page_states_the_recorded_figures(recorded):
    text = page.page(recorded)
    assert line(text, "processor") == ["processor", "A processor, 2 cores; Linux x86_64"]
    assert "PyTorch 2.13.0" in text
    _, ms, nanoseconds, size, ratio = line(text, "micrograd")
    assert ms == "1,200 (1,100–1,300)"
    assert float(nanoseconds.replace(",", "")) == pytest.approx(1200e6 / 65612, rel=1e-3)
    assert size == "1,000"
    assert ratio == "0.0500"
    assert line(text, "T1 MLP 784-128-10")[1:4] == ["200 µs", "0.500 (0.475–0.525)", "0.400"]
    assert line(text, "T4 LSTM 32-64")[2] == "2.50 (2.25–2.75)"  # 30 / 10, 30 / 12 and 30 / 15: 3, 2.5 and 2
    assert line(text, "S1's network over 100 lanes")[2] == "0.500"


def test_the_page_states_the_exponents_of_the_recorded_seconds(recorded):
    text = page.page(recorded)
    assert line(text, "nodes of a chain")[1] == "1.00"
    assert line(text, "viz.text, gates")[1] == "2.00"
    assert line(text, "compiled, a chain")[1] == "fails: MemoryError"


def test_the_page_states_operations_with_their_geometric_means(recorded):
    text = page.page(recorded)
    assert line(text, "`exp`") == ["`exp`", "1.00 (0.900–1.10)", "0.500 (0.400–0.600)"]
    assert line(text, "`sin`") == ["`sin`", "4.00 (3.90–4.10)", "the gradients differ"]
    assert line(text, "**geometric mean**")[1:] == ["**2.00**", "**0.500**"]  # √(1 · 4)
    assert "float64, 10³: `sin` 4.00" in text
    assert "float32, 10⁷: none" in text


def test_missing_peers_and_failures_are_told_in_words(recorded):
    text = page.page(recorded)
    assert line(text, "PyTorch")[1] == line(text, "HIPS autograd")[1] == "not installed"
    chain = text.partition("### A chain")[2]
    assert line(chain, "micrograd")[1] == "RecursionError"
    assert "*Not measured in this run.*" in text.partition("## ADBench")[2]
    assert "- **CasADi**: not measured in this run" in text
    assert "- **JAX, jit**: not installed" in text
    assert "fail" in tables.absence(recorded, "digits", "chainrule")


def test_the_rows_that_are_lost_are_named_the_worst_first(recorded):
    assert tables.lost(recorded, ["t1", "t4"], "PyTorch") == [("T4 LSTM 32-64", 2.5, "chainrule")]
    assert tables.lost(recorded, ["t1"], "NumPy by hand") == []  # the compiled step is faster
    assert tables.lost(recorded, ["t1"], "NumPy by hand", ["chainrule"]) == []  # as fast, at the median
    recorded["rows"]["t1"]["engines"]["chainrule"]["times"] = [900, 900, 900]
    recorded["rows"]["t1"]["engines"]["compiled, NumPy"]["times"] = [800, 800, 800]
    assert [name for name, *_ in tables.lost(recorded, ["t4", "t1"], "PyTorch", ["chainrule"])] == \
        ["T1 MLP 784-128-10", "T4 LSTM 32-64"]
    told = page.comparison(recorded).partition("**Where chainrule is slower**")[2]
    assert re.search(r"- \*\*PyTorch\*\*: in 2 of 2 rows: T1 MLP 784-128-10 \d\.\d\d, T4 LSTM 32-64 2\.50", told)
    assert "- **NumPy by hand**: in 2 of 3 rows: S1 600" in told  # 60 ms and 0.1 ms


def test_imports_are_told_without_the_start_of_python(recorded):
    assert "in ms more than starting Python: `autograd` 10.0, `numpy` 90.0." in page.comparison(recorded)


def test_no_results_at_all_give_a_page(recorded):
    recorded["rows"] = {}
    assert page.page(recorded).count("ot measured in this run") > 5
    assert page.comparison(recorded)


def test_a_trial_run_says_so(recorded):
    assert "trial" not in page.page(recorded) + page.comparison(recorded)
    recorded["quick"] = True
    assert "trial run" in page.page(recorded)
    assert "trial run" in page.comparison(recorded)


def test_tables_have_as_many_cells_in_each_line_as_in_the_head(recorded):
    for text in (page.page(recorded), page.comparison(recorded)):
        for table in re.findall(r"(?:^\|.*\n?)+", text, re.MULTILINE):
            assert len({found.count("|") for found in table.splitlines()}) == 1, table


def test_writing_makes_the_page_its_pictures_and_the_comparison_and_nothing_else_of_the_readme(recorded, tmp_path):
    before = f"# name\n\ntext\n\n{page.BEGIN}\nold\n{page.END}\n\nmore\n"
    (tmp_path / "README.md").write_text(before, encoding="utf-8")
    written = page.write(recorded, tmp_path)
    assert all(path.is_file() for path in written)
    readme = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert readme == before.replace("old", page.comparison(recorded))
    text = (tmp_path / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    pictures = {path.stem: path.read_text(encoding="utf-8") for path in written if path.suffix == ".svg"}
    assert set(re.findall(r"\]\(benchmarks/(\w+)\.svg\)", text)) == set(pictures) == set(page.PICTURES)
    assert all("prefers-color-scheme: dark" in svg for svg in pictures.values())
    assert "viz.text, gates: 2.00" in pictures["growth"]
    again = results.load(tmp_path / "docs" / "benchmarks" / "results.json")
    assert again == recorded
    assert page.page(again) == text


def test_a_picture_without_numbers_is_not_linked_to(recorded, tmp_path):
    (tmp_path / "README.md").write_text(f"{page.BEGIN}\n{page.END}", encoding="utf-8")
    recorded["rows"] = {key: recorded["rows"][key] for key in ("growth", "digits")}
    page.write(recorded, tmp_path)
    assert (tmp_path / "docs" / "benchmarks" / "growth.svg").exists()
    del recorded["rows"]["growth"]
    page.write(recorded, tmp_path)
    assert not (tmp_path / "docs" / "benchmarks" / "growth.svg").exists()
    assert "growth.svg" not in (tmp_path / "docs" / "benchmarks.md").read_text(encoding="utf-8")


def test_a_readme_without_marks_is_refused(recorded):
    with pytest.raises(ValueError, match="between <!-- benchmarks.* once each"):
        page.with_comparison("# name", recorded)


def test_the_page_and_the_comparison_of_this_tree_are_those_of_its_results():
    stored = results.load(ROOT / "docs" / "benchmarks" / "results.json")
    again = "run: python -m benchmarks page docs/benchmarks/results.json"
    assert (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8") == page.page(stored), again
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert page.with_comparison(readme, stored) == readme, again
    assert all((ROOT / "docs" / link).is_file() for link in re.findall(r"\]\((benchmarks/[\w.]+)\)", page.page(stored)))


@pytest.mark.parametrize("module", [figures, results, tables])
def test_the_doctests_pass(module):
    found = doctest.testmod(module)
    assert found.attempted > 0
    assert found.failed == 0


def test_every_line_of_the_plots_is_at_its_figure(recorded):
    ax = plots.jobs(recorded, tables.pictured(recorded)["jobs"])
    dots = {found.get_label(): found.get_xdata().tolist() for found in ax.lines if not found.get_label().startswith("_")}
    assert dots == {"chainrule": [0.5, 2.5], "compiled, NumPy": [0.4], "NumPy by hand": [0.5]}


# ── the terminal ─────────────────────────────────────────────────────────────────────────────────────────────────

def test_the_terminal_has_the_same_figures(recorded):
    found = recorded["rows"]
    assert "chainrule takes 0.0500 × as long" in terminal.text(found["s1"])
    assert "not installed (torch)" in terminal.text(found["s1"])
    assert "geometric mean 2.00; above 2: sin 4.00" in terminal.text(found["operations"])
    assert re.search(r"viz\.text, gates +2\.00", terminal.text(found["growth"]))
    assert "PyTorch computes 0.5, the others 0.9" in terminal.text(found["digits"])


def test_failures_of_ours_count_and_those_of_peers_do_not(recorded):
    found = {key: terminal.failures(key, record) for key, record in recorded["rows"].items()}
    assert {key for key, wrong in found.items() if wrong} == {"operations", "growth", "digits"}
    assert found["operations"] == ["operations: sin, float32 10000000 the gradients differ"]


# ── turns ────────────────────────────────────────────────────────────────────────────────────────────────────────

class Fake:
    """A worker that notes its turns; ``said`` gives the answers by engine."""

    log: ClassVar[list[str]] = []
    said: ClassVar[dict[str, dict]] = {}

    def __init__(self, key, part, interpreter):
        self.part = part

    def run(self, turn):
        self.log.append(self.part)
        return self.said[self.part]

    def stop(self):
        self.log.append(f"{self.part} stops")


@pytest.fixture
def fake(monkeypatch):
    """A row of three engines, with the log of turns and the answers."""
    monkeypatch.setattr(Fake, "log", [])
    monkeypatch.setattr(Fake, "said", {name: {"seconds": 0.01, "result": 1.0, "bytes": 1000} for name in "abc"})
    monkeypatch.setattr(measure, "rows", {})
    row = Row("x", "X: title", "ms", 1e3, rounds=4)
    for name in "abc":
        row.engine(name)(lambda: None)
    return row


def test_engines_take_turns(fake):
    record = fake.measure(Settings(), Fake)
    assert Fake.log == [*"abc" * 5, "a stops", "b stops", "c stops"]
    assert record["engines"]["b"] == {"times": [10.0] * 4, "first": 10.0, "bytes": 1000, "result": 1.0}
    Fake.log.clear()
    fake.measure(Settings(quick=True), Fake)
    assert Fake.log[:12] == [*"abc" * 4]


def test_a_missing_engine_has_no_turns_and_the_others_have_theirs(fake):
    Fake.said["b"] = {"failure": "not installed (b)"}
    record = fake.measure(Settings(), Fake)
    assert Fake.log[:11] == [*"abc", *"ac" * 4]
    assert record["engines"]["b"] == {"failure": "not installed (b)"}


def test_a_slow_engine_has_fewer_turns_and_a_very_slow_one_a_single_one(fake):
    Fake.said["b"] |= {"seconds": 4.0}
    Fake.said["c"] |= {"seconds": 60.0}
    record = fake.measure(Settings(), Fake)
    assert [len(engine["times"]) for engine in record["engines"].values()] == [4, 3, 1]


def test_engines_that_disagree_are_refused_and_stopped(fake):
    Fake.said["c"] |= {"result": 1.1}
    with pytest.raises(ArithmeticError, match=r"x: c computes 1\.1, the others 1\.0"):
        fake.measure(Settings(), Fake)
    assert Fake.log[-3:] == ["a stops", "b stops", "c stops"]


def test_an_engine_that_does_a_tenth_of_the_work_counts_for_the_whole(fake):
    fake.engine("c", share=0.1)(lambda: None)
    engine = fake.measure(Settings(), Fake)["engines"]["c"]
    assert (engine["times"], engine["bytes"], engine["share"]) == ([100.0] * 4, 10_000, 0.1)


def test_the_first_turn_is_cold_and_alone_and_later_ones_are_warm_and_repeated(monkeypatch):
    clock = iter(float(i) for i in range(1000))  # each look at the clock is a tenth of a second later
    monkeypatch.setattr(measure, "perf_counter", lambda: next(clock) / 10)
    done = []
    turn = measure.turns(lambda: lambda: (done.append(1) or len(done), None))
    assert turn(0.5)["result"] == 1
    assert turn(0.5)["result"] == 1 + 1 + 5  # the cold step, a warm-up, and as many as fill half a second


def answers(monkeypatch, capsys, answer, lines):
    monkeypatch.setattr(sys, "stdin", lines)
    measure.serve(answer)
    return [json.loads(found) for found in capsys.readouterr().out.splitlines()]


def test_a_worker_answers_failures_in_words(monkeypatch, capsys):
    def answer(turn):
        if turn == 1:
            raise ModuleNotFoundError(name="torch")
        if turn == 2:
            raise RecursionError
        if turn == 3:
            raise measure.CannotRun("its backend is numpy")
        return {"seconds": turn}
    assert answers(monkeypatch, capsys, answer, ["1\n", "2\n", "3\n", "4\n"]) == [
        {"failure": "not installed (torch)"}, {"failure": "fails: RecursionError"},
        {"failure": "not available (its backend is numpy)"}, {"seconds": 4.0}]


def test_without_an_interpreter_hips_autograd_is_said_to_be_missing():
    worker = measure.Worker("s1", hips.NAME, "")
    assert worker.run(0.1)["failure"].startswith("not installed (make bench")
    worker.stop()


def test_an_interpreter_without_hips_autograd_says_so_and_does_not_take_ours(tmp_path):
    """The package here has the import name of HIPS autograd, and must not be measured in its place."""
    other = tmp_path / "python"
    other.symlink_to(sys.executable)
    worker = measure.Worker("t2", hips.NAME, str(other))
    assert re.fullmatch(r"not installed \(autograd\.numpy\)|not installed \(numpy\)", worker.run(0.01)["failure"])
    worker.stop()


def test_rows_are_loaded_where_autograd_is_another_package(tmp_path):
    """The worker of HIPS autograd loads the rows beside a package that has our import name."""
    for name in ("__init__", "numpy"):
        (tmp_path / "autograd").mkdir(exist_ok=True)
        (tmp_path / "autograd" / f"{name}.py").touch()
    program = f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(ROOT)!r}]; import benchmarks.all_rows as r; print(len(r.rows))"
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, encoding="utf-8", check=True, cwd=tmp_path)
    assert int(done.stdout) == len(rows)


def test_a_worker_that_ends_is_a_failure():
    worker = measure.Worker("s1", "no such engine")
    assert "its process ended" in worker.run(0.1)["failure"]
    worker.stop()


# ── rows ─────────────────────────────────────────────────────────────────────────────────────────────────────────

def test_every_row_of_the_tables_of_the_page_exists():
    assert set(rows) == set(measure.rows)
    named = set(re.findall(r'"(\w+)"', (ROOT / "benchmarks" / "page.py").read_text(encoding="utf-8")))
    assert set(rows) - {*page.JOBS, *tables.LANES} <= named


def test_every_engine_has_a_place_in_the_tables():
    named = {name for key in (*page.JOBS, *tables.LANES, "s1", "chain") for name in rows[key].engines}
    assert named == set(tables.ENGINES)


def test_every_operation_of_both_tables_is_measured():
    """A stand-in for PyTorch that has every name shows what the list of cases leaves out."""
    from autograd import ops
    from autograd.arrays import table
    from autograd.arrays.operation import ArrayOperation
    from benchmarks.operations import FLAT, cases
    names = {case.name.partition(",")[0].partition(" ")[0] for case in cases(MagicMock())}
    assert {name for name, row in ops.rows.items() if row.arity} - names == FLAT
    arrays = {name for name, found in vars(table).items() if isinstance(found, ArrayOperation)}
    assert arrays - names == {"scatter"}  # the pullback of getitem


def test_growth_goes_up_to_ten_million_nodes_and_a_hundred_thousand_lanes():
    from benchmarks.growth import CASES
    assert CASES["nodes of a chain"][1][-1] == 10**7
    assert CASES["compiled, lanes of S1's network"][1][-1] == 10**5
    assert all(a < b for _, sizes in CASES.values() for a, b in pairwise(sizes))


@pytest.mark.parametrize("key", ["s1", "t2", "t8", "lanes100"])
def test_the_steps_of_our_engines_agree(key):
    row = rows[key]
    found = {}
    for name in (*measure.OURS, "NumPy by hand"):
        if name in row.engines:
            try:
                found[name] = row.engines[name].build()()[0]
            except measure.CannotRun:
                continue
    assert len(found) > 1
    row.compare(found)


# ── the command line ─────────────────────────────────────────────────────────────────────────────────────────────

@pytest.mark.parametrize(("given_", "words"), [
    (["no_such_row"], r"no row no_such_row; there is s1, "),
    (["page"], "page takes one file of results"),
    (["page", "{missing}"], r"there is no file .*missing\.json; python -m benchmarks --json"),
    (["page", "{broken}"], r"broken\.json is not JSON"),
    (["page", "{other}"], r"other\.json does not hold results of benchmarks of format 1"),
    (["--hips", "{missing}"], "there is no such interpreter; python -m benchmarks hips makes one"),
    (["--resume", "--json", "{recorded}"], "was measured with processor A processor, which is .* here; measure anew"),
])
def test_errors_are_told_in_words(given_, words, tmp_path, capsys):
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    (tmp_path / "other.json").write_text("[1]", encoding="utf-8")
    files = {name: tmp_path / f"{name}.json" for name in ("missing", "broken", "other")} | {"recorded": RECORDED}
    with pytest.raises(SystemExit) as ended:
        command.main([text.format(**files) for text in given_])
    assert ended.value.code == 2
    assert re.search(words, capsys.readouterr().err)


def table(title, *records):
    """A table that gives one record after the other; an exception is raised."""
    left = iter(records)

    def measured(run):
        record = next(left)
        if isinstance(record, BaseException):
            raise record
        return record
    return SimpleNamespace(title=title, measure=measured)


def good(value):
    engine = {"times": [value], "first": 1, "bytes": None, "result": 1}
    return {"title": "T", "unit": "ms", "nodes": 0, "engines": {"chainrule": engine}}


def test_an_interrupted_run_keeps_what_it_has_and_goes_on_where_it_stopped(tmp_path, monkeypatch, capsys):
    file = tmp_path / "new" / "b.json"
    monkeypatch.setattr(command, "rows", {"a": table("A", good(1.0)), "b": table("B", KeyboardInterrupt(), good(2.0))})
    assert command.main(["--json", str(file), "--hips", ""]) == 130
    assert "Interrupted in b" in capsys.readouterr().out
    assert set(results.load(file)["rows"]) == {"a"}
    assert command.main(["--json", str(file), "--hips", "", "--resume"]) == 0
    assert [row["engines"]["chainrule"]["times"] for row in results.load(file)["rows"].values()] == [[1.0], [2.0]]


def test_a_row_that_fails_is_recorded_and_the_next_ones_are_measured(tmp_path, monkeypatch, capsys):
    file = tmp_path / "b.json"
    wrong = ArithmeticError("a: x computes 1, the others 2")
    monkeypatch.setattr(command, "rows", {"a": table("A", wrong), "b": table("B", good(2.0))})
    assert command.main(["--json", str(file), "--hips", ""]) == 1
    found = results.load(file)["rows"]
    assert found["a"]["failure"] == "a: x computes 1, the others 2"
    assert found["b"]["engines"]
    assert "a:  a: x computes 1" in capsys.readouterr().out


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)))
def test_the_text_of_results_is_the_json_of_them(found):
    assert json.loads(results.text(found)) == found


def test_the_machine_is_described():
    from benchmarks.machine import describe
    found = describe()
    assert found["processor"]
    assert found["versions"]["NumPy"].count(".") == 2
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", found["date"])
    assert math.isfinite(found["cores"])


# ── the environment of HIPS autograd ─────────────────────────────────────────────────────────────────────────────

def test_an_environment_that_is_there_is_not_made_again(tmp_path, monkeypatch):
    commands = []
    monkeypatch.setattr(hips, "interpreter", lambda folder: str(folder / "python"))
    monkeypatch.setattr(hips.subprocess, "run", lambda command, **options: commands.append(command))
    assert hips.install(tmp_path) == f"HIPS autograd is in {tmp_path}"
    assert commands == [(str(tmp_path / "python"), "-P", "-c", "import autograd.numpy")]


def test_without_a_network_the_reason_is_told(tmp_path, monkeypatch):
    def run(command, **options):
        if "venv" not in command:
            raise subprocess.CalledProcessError(1, command, stderr="more\nERROR: No matching distribution found for autograd\n")
    monkeypatch.setattr(hips.subprocess, "run", run)
    told = hips.install(tmp_path)
    assert told.endswith("(ERROR: No matching distribution found for autograd): its rows say so")
