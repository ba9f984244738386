"""The table for the terminal: the course's numbers, absent gradients, colour only on request, harmless names."""

import re
import sys

import pytest

import viz.graphs
import viz.records
from autograd import Tensor, Value, relu
from viz import text
from viz.columns import cells

from .test_viz_records import neuron


def test_every_gate_has_its_value_gradient_and_products():
    lines = text(neuron()).splitlines()
    assert len(lines) == 5 + 8 + 12  # inputs, gates, wires
    said = [" ".join(line.split()) for line in lines]
    for line in ("w0 2.00 gradient −0.20", "x0 −1.00 gradient 0.39", "v2 = w0 × x0 −2.00 gradient 0.20",
                 "→ x0 0.197 × (w0 = 2.00) = 0.39", "v9 = −v8 [sigmoid] −1.00 gradient −0.20",
                 "→ v8 −0.20 × (−1) = 0.20", "v10 = exp(v9) [sigmoid] 0.37 gradient −0.53",
                 "→ v9 −0.53 × (v10 = 0.37) = −0.20", "v11 = v10 + 1 [sigmoid] 1.37 gradient −0.53",
                 "y = 1/v11 [sigmoid] 0.73 gradient 1.00", "→ v11 1.00 × (−1/v11² = −0.53) = −0.53"):
        assert line in said


def test_a_collapsed_scope_is_one_line():
    said = [" ".join(line.split()) for line in text(neuron(), collapse=True).splitlines()]
    assert said[-2:] == ["y = sigmoid(v8) 0.73 gradient 1.00", "→ v8 1.00 × 0.20 = 0.20"]


def test_what_is_not_computed_is_absent():
    said = text(neuron(backward=False))
    assert "gradient" not in said
    assert "local x0 = −1.00" in said
    assert all(line == line.rstrip() for line in said.splitlines())
    z = relu(Value(-1.0, "x"))
    z.backward()
    assert "gradient 0.00" in text(z)


@pytest.mark.parametrize(("made", "written"), [
    (lambda x: x + 1, "x + 1"), (lambda x: x * -2, "x × (−2)"), (lambda x: x / 4, "x / 4"), (lambda x: 1 / x, "1/x"),
    (lambda x: 3 - x, "3−x"), (lambda x: x**2, "x²"), (lambda x: -x, "−x"), (lambda x: x - 5, "x − 5"),
    (lambda x: x.maximum(0), "max(x, 0)"), (lambda x: x.exp(), "exp(x)"), (lambda x: abs(x), "|x|")])
def test_operations_read_as_they_are_written(made, written):
    y = made(Value(2.0, "x"))
    assert f"v1 = {written}  " in text(y) + "  "


def test_colour_is_added_on_request_and_changes_no_text():
    rich = pytest.importorskip("rich.text", reason="colour needs rich: pip install rich")
    y = neuron()
    coloured = text(y, color=True)
    assert "\x1b[32m" in coloured  # values green
    assert "\x1b[31m" in coloured  # gradients red
    assert "\x1b" not in text(y)
    plain = rich.Text.from_ansi(coloured).plain
    assert [line.rstrip() for line in plain.splitlines()] == text(y).splitlines()


def test_names_cannot_steer_the_terminal():
    x = Value(1.0, "\x1b[2Jevil\r\n\x07")
    said = text(x * x)
    assert not any(ord(c) < 32 and c != "\n" for c in said)
    assert len(said.splitlines()) == 4


def test_a_big_graph_is_a_summary_that_says_so():
    x = Value(1.0, "x")
    y = x
    for _ in range(6000):
        y = y * 1.0
    said = text(y)
    assert said.startswith("A summary, because there are over 5,000 gates: 6,000 mul")
    assert len(text(y, width=120).splitlines()) == 5


def long_chain(length):
    x = Value(0.5, "x")
    y = x
    for _ in range(length):
        y = y * 0.999 + x
    y.backward()
    return y


def test_the_work_grows_with_the_graph_and_no_faster(monkeypatch):
    def work(length):
        """The number of function calls, and of edges passed to wires: a wire rebuilt for each edge would get n² / 2 edges."""
        calls, handed, y = 0, 0, long_chain(length)

        class CountingWire(viz.records.Wire):
            def __new__(cls, *args, **options):
                nonlocal handed
                handed += len(options.get("edges", args[11] if len(args) > 11 else ()))
                return super().__new__(cls, *args, **options)

        def profile(frame, event, argument):
            nonlocal calls
            calls += event in ("call", "c_call")

        with monkeypatch.context() as patch:
            patch.setattr(viz.graphs, "Wire", CountingWire)
            before = sys.getprofile()
            sys.setprofile(profile)
            try:
                text(y)
            finally:
                sys.setprofile(before)
        return calls, handed

    (calls, handed), (more_calls, more_handed) = work(3_000), work(6_000)
    assert (handed, more_handed) == (3_001, 6_001)  # x enters each sum, and the first product
    assert more_calls < 2.1 * calls


def lengths(said):
    return [cells(line) for line in said.splitlines()]


@pytest.mark.parametrize("width", [30, 44, 60])
@pytest.mark.parametrize("make", [neuron, lambda: arrays(), lambda: long_chain(5), lambda: relu(Value(2.0, "가중치" * 4) * 3)])
def test_in_a_narrow_terminal_no_line_is_longer_and_every_number_is_there(make, width):
    y = make()
    wide, narrow = text(y, width=0), text(y, width=width)
    assert max(lengths(narrow)) <= width
    assert "".join(narrow.split()) == "".join(wide.split())  # the same signs in the same order


def arrays():
    y = (Tensor([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]], "x") @ Tensor([[1.0], [2.0], [3.0]], "w")).sum()
    y.backward()
    return y


def test_columns_stay_columns_at_44_characters():
    said = text(neuron(), width=44).splitlines()
    gradients = [line.index("gradient") for line in said if "gradient" in line]
    assert len(gradients) == 13 and len(set(gradients)) == 1
    behind = {re.match(r"  → \S+ +", line).end() for line in said if line.startswith("  →") and "×" in line}
    assert len(behind) == 1  # so are products
    assert text(neuron(), width=200) == text(neuron(), width=0)


def test_the_terminal_s_own_width_counts(monkeypatch):
    monkeypatch.setenv("COLUMNS", "44")
    assert text(neuron()) == text(neuron(), width=44)
    monkeypatch.delenv("COLUMNS")
    assert text(neuron(), width=44) != text(neuron(), width=0)


def test_colours_stay_with_their_words_where_lines_are_folded():
    rich = pytest.importorskip("rich.text", reason="colour needs rich: pip install rich")
    plain = rich.Text.from_ansi(text(neuron(), color=True, width=36)).plain
    assert [line.rstrip() for line in plain.splitlines()] == text(neuron(), width=36).splitlines()


def test_letters_that_take_two_places_are_counted_so():
    y = Value(2.0, "가중치") * Value(3.0, "입력")
    said = text(y, width=0).splitlines()
    assert len({cells(line[:line.index(number)]) for line, number in zip(said, ("2.00", "3.00", "6.00"))}) == 1


def test_a_notebook_gets_the_colours_and_nothing_else():
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    cell = nbformat.v4.new_code_cell("import autograd, viz; print(viz.text(autograd.Value(2.0, 'x') * 3, color=True))")
    nbclient.NotebookClient(nbformat.v4.new_notebook(cells=[cell]), kernel_name="python3", timeout=60).execute()
    assert [output.output_type for output in cell.outputs] == ["stream"]
    assert "\x1b[32m6.00" in cell.outputs[0].text
