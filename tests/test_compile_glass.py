"""Programs of arrays are glass: they are checked against their function, drawn, stepped through, and listed."""

from __future__ import annotations

import re

import numpy as np
import pytest

import nn
import nn.functional as F
import viz
from autograd import Tensor, compile, gradient, relu, steps, tanh, where
from autograd.arrays import functions as A

rng = np.random.default_rng(0)
X, LABELS = rng.normal(size=(5, 4)), np.array([0, 1, 2, 1, 0])


def network():
    return nn.Sequential(nn.Linear(4, 6, rng=0), nn.Tanh(), nn.Linear(6, 3, rng=1))


def recorded_network():
    model = network()
    program = compile(lambda x, labels: F.cross_entropy(model(x), labels))
    program(X.astype(np.float32), LABELS)
    return model, program


# ── check ────────────────────────────────────────────────────────────────────────────────────────────────────────

def test_a_program_is_held_against_its_function_at_random_points():
    program = compile(lambda x, y, c: [relu(x["a"] @ y) * c, where(x["b"] > y, x["b"], y).sum(), x["b"] > 0])
    program({"a": X, "b": np.eye(4)}, np.ones((4, 4)) * 0.7, 2.0)
    report = program.check(n=2)
    assert report and {finding.mode for finding in report.findings} == {"gradient"}


def test_a_finding_names_the_array_and_its_entry():
    w = Tensor(np.ones(2), "w")
    program = compile(lambda x: (x * w).sum())
    program(np.ones(2))
    assert "of['w'][1]" in str(program.check(n=1)) and "of['x'][0]" in str(program.check(n=1))


def test_tensors_by_closure_are_moved_for_the_check_and_put_back():
    model, program = recorded_network()
    before = [(x.array, x.array.copy(), x.grad) for x in model.parameters()]
    assert program.check(n=2)
    for x, (array, numbers, slope) in zip(model.parameters(), before, strict=True):
        assert x.array is array and (array == numbers).all() and x.grad is slope and x.dtype == np.float32


def test_a_program_that_is_wrong_is_found(monkeypatch):
    from autograd.programs.plan import Plan
    run = Plan.run
    program = compile(lambda x: (x * x).sum())
    program(X)
    for wrong in (lambda value, slopes: (value * 1.001, slopes), lambda value, slopes: (value, [1.01 * g for g in slopes])):
        monkeypatch.setattr(Plan, "run", lambda self, sources, wrong=wrong: wrong(*run(self, sources)))
        assert not program.check(n=1)
    monkeypatch.setattr(Plan, "run", run)
    assert program.check(n=1)


def test_what_draws_or_moves_statistics_is_not_checked_and_its_prediction_is():
    model = nn.Sequential(nn.Linear(4, 3, rng=0), nn.BatchNorm1d(3), nn.Dropout(0.5, rng=1))
    program = compile(lambda x: model(x).sum())
    program(X)
    with pytest.raises(TypeError, match=r"model\.eval\(\)"):
        program.check()
    model.eval()
    predicts = compile(lambda x: model(x).sum())
    predicts(X)
    assert predicts.check(n=1)


# ── graph ────────────────────────────────────────────────────────────────────────────────────────────────────────

def test_the_graph_is_of_tensors_and_can_be_stepped_through_and_drawn():
    w = Tensor(rng.normal(size=(4, 3)), "w")
    f = lambda x, labels: F.cross_entropy(tanh(x["in"] @ w) * 2.0, labels)
    program = compile(f)
    value = program({"in": X}, LABELS)
    y = program.graph({"in": X}, LABELS)
    assert y.item() == pytest.approx(value, rel=1e-12) and {step.label for step in steps(y)} >= {"w", "x['in']"}
    np.testing.assert_allclose(gradient(y, w), gradient(f({"in": X}, LABELS), w), rtol=1e-12)
    assert "x[&#x27;in&#x27;]" in viz.draw(y).svg or "x['in']" in viz.draw(y).svg
    assert viz.stepper(y) is not None
    with pytest.raises(ValueError, match="form, shapes and types"):
        program.graph({"in": X[:2]}, LABELS)


def test_a_graph_for_which_a_guard_has_another_answer_is_refused():
    program = compile(lambda x, labels: F.cross_entropy(x, labels))
    program(X, LABELS)
    with pytest.raises(ValueError, match="another answer"):
        program.graph(X, np.full(5, 7))


def test_running_statistics_stay_as_they_are():
    model = nn.Sequential(nn.Linear(4, 3, rng=0), nn.BatchNorm1d(3))
    program = compile(lambda x: (model(x) ** 2).sum())
    program(X)
    before = {name: x.copy() for name, x in model.state_dict().items()}
    program.graph(X)
    for name, x in model.state_dict().items():
        assert (x == before[name]).all()


def test_no_gradient_flows_through_what_was_detached():
    program = compile(lambda x: (x.detach() * x).sum())
    program(X)
    y = program.graph(X)
    np.testing.assert_allclose(gradient(y, next(x for x in y.leaves() if x.name == "x")), X)


# ── text ─────────────────────────────────────────────────────────────────────────────────────────────────────────

def test_a_line_has_a_name_a_formula_a_shape_and_local_gradients():
    w = Tensor(rng.normal(size=(4, 3)), "w")
    program = compile(lambda x, labels: F.cross_entropy(tanh(x @ w)[:, ::-1] * 2.0, labels) + A.sum(w, 0).max())
    lines = program.text(X, LABELS).splitlines()
    assert re.fullmatch(r"<lambda>, \d+ steps", lines[0]) and lines[-1].startswith("return v")
    for wanted in (r"x +an argument \(5, 4\)", r"w +a Tensor, read anew \(4, 3\)", r"v\d+ = x @ w +\(5, 3\) +∂x: · wᵀ  ∂w: xᵀ ·",
                   r"(v\d+) = tanh\((v\d+)\) +\(5, 3\) +∂\2: 1 - \1\*\*2", r"v\d+ = v\d+\[:, ::-1\] +\(5, 3\) .*",
                   r"v\d+ = (v\d+)\*2 +\(5, 3\) +∂\1: 2", r"v\d+ = sum\(w, axis=0\) +\(3,\)", r"as long as v\d+ is False",
                   r"v\d+ = cross_entropy\(v\d+, target=labels, weights=1, divisor=5\) +\(\) .*"):
        assert any(re.fullmatch(wanted, line) for line in lines), wanted


def test_tensors_of_one_name_have_names_of_their_own():
    _, program = recorded_network()
    assert {"weight", "weight#2", "bias", "bias#2"} <= {line.split()[0] for line in program.text().splitlines()}
