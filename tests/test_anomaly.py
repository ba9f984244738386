"""The first nan or inf is found where it arises: its operation, operands, line, scope, cause and remedy."""

import math
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import AnomalyError, Tensor, Value, detect_anomaly, exp, find_anomaly, grad, log, no_grad, scope, softmax, sqrt

ROOT = str(Path(__file__).parent.parent)

CAUSES = [  # what is computed from x, at which x, and what is said of it
    (lambda x: log(x), 0.0, "log", "log of 0 is -inf"),
    (lambda x: log(x), -1.0, "log", "not real"),
    (lambda x: 1 / x, 0.0, "div", "a division by 0 is inf"),
    (lambda x: sqrt(x), -4.0, "sqrt", "not real"),
    (lambda x: exp(x), 1000.0, "exp", "exp overflows"),
    (lambda x: x**-1, 0.0, "pow", "0 to a negative power"),
    (lambda x: x**0.5, -2.0, "pow", "not real"),
    (lambda x: x**3, 1e200, "pow", "overflows"),
    (lambda x: x * x, 1e200, "mul", "beyond the largest number, 1.8e308"),
    (lambda x: ag.log2(x), 0.0, "log2", "a logarithm of 0 is -inf"),
    (lambda x: ag.log10(x), -1.0, "log10", "not real"),
    (lambda x: ag.log1p(x), -1.0, "log1p", "log of 0"),
    (lambda x: ag.arcsin(x), 2.0, "arcsin", "beyond ±1 is not real"),
    (lambda x: ag.arccosh(x), 0.5, "arccosh", "below 1 is not real"),
    (lambda x: ag.cosh(x), -1000.0, "cosh", "overflows"),
]


@pytest.mark.parametrize(("f", "at", "operation", "reason"), CAUSES)
@pytest.mark.parametrize("kind", [Value, lambda x, name: Tensor([1.0, x], name)])
def test_a_value_that_becomes_nan_or_inf_is_named_with_its_cause(f, at, operation, reason, kind):
    x = kind(at, "x")
    with pytest.raises(AnomalyError) as caught, detect_anomaly(), scope("layer 3"), np.errstate(over="ignore"):
        f(x * 1.0)
    found = caught.value.anomaly
    assert (found.phase, found.operation, found.scope) == ("forward", operation, "layer 3")
    assert reason in found.reason
    assert found.remedy
    assert found.file == __file__
    assert found.line == f.__code__.co_firstlineno
    assert found.code.startswith("(lambda x:")
    assert found.entry == (() if kind is Value else (1,))
    assert not math.isfinite(found.result)


def test_the_first_node_is_named_not_a_later_victim():
    p = Value(0.0, "p")
    with pytest.raises(AnomalyError, match=r"log\(p = 0\.0\)"), detect_anomaly():
        1 / (log(p) * 0 + 2)
    victim = (log(p) + 3) * 2 - 1
    assert find_anomaly(victim).operation == "log"


def test_an_input_that_is_bad_itself_is_named():
    found = find_anomaly(Value(math.nan, "pixel") * 2)
    assert (found.operation, found.inputs) == ("input", ("pixel",))
    assert "when it came in" in found.reason


def test_a_gradient_that_becomes_inf_is_named_with_the_local_gradient():
    x = Value(0.0, "x")
    with pytest.raises(AnomalyError, match="0.5/out is inf where x = 0.0") as caught, detect_anomaly():
        sqrt(x).backward()
    assert caught.value.anomaly.phase == "backward"
    assert x.grad is None  # nothing was half done


def test_zero_times_inf_is_told_as_such():
    with pytest.raises(AnomalyError, match=r"0 · inf is nan"), detect_anomaly():
        grad(lambda x: sqrt(x) * 0)(0.0)
    assert find_anomaly(sqrt(Tensor([4.0, 0.0], "t")).sum()).entry == (1,)


@pytest.mark.parametrize("kind", [Value, Tensor, lambda x, name: Tensor([x], name)])
def test_zero_times_a_slope_that_is_nan_is_told(kind):
    x, p = kind(-2.0, "x"), kind(0.0, "p")
    with pytest.raises(AnomalyError) as caught, detect_anomaly():
        ag.gradient(x**p * 0.0, p, 1.0 if kind is Value else np.ones(x.shape))
    assert (caught.value.anomaly.phase, caught.value.anomaly.operation) == ("backward", "pow")


def test_contributions_that_add_up_beyond_the_largest_number():
    x = Value(0.1, "x")
    found = find_anomaly(x * 1.5e308 + x * 1.5e308)
    assert (found.phase, found.result) == ("backward", math.inf)
    assert "add up" in found.reason


def test_a_branch_not_taken_is_no_anomaly():
    x = Value(-1.0)
    with detect_anomaly():
        (x.relu() ** 2).backward()
    assert x.grad == 0.0


@pytest.mark.parametrize("kind", [lambda: Value(0.0, "x"), lambda: Tensor(0.0, "x"), lambda: Tensor([0.0, 4.0], "x")])
def test_behind_a_branch_not_taken_an_infinite_slope_is_no_anomaly_afterwards_either(kind):
    x = kind()
    y = (-sqrt(x)).relu() + x * 2
    y = y.sum() if np.ndim(x.data) else y
    assert find_anomaly(y) is None
    assert np.all(ag.gradient(y, x) == 2.0)
    told = ag.explain(y, x)
    assert np.all(told.gradient == 2.0)
    assert [path.product for path in told.paths][1] == 0.0
    assert told.paths[1].decisive.operation == "relu"


def test_healthy_graphs_and_plain_contexts_pass():
    with detect_anomaly():
        x = Value(2.0)
        y = exp(x) * log(x)
        y.backward()
        with no_grad():
            exp(x)
        t = Tensor([[1.0, 2.0]])
        (t @ t.T).sum().backward()
    assert find_anomaly(y) is None
    assert find_anomaly(t.sum()) is None


def test_outside_the_context_nothing_is_recorded_or_raised():
    y = log(Value(0.0))
    assert y.metadata is None
    with pytest.raises(AnomalyError), detect_anomaly():
        log(Value(0.0))
    assert log(Value(0.0)).metadata is None  # the context ended with the exception


def test_the_error_and_watched_graphs_are_pickled():
    with detect_anomaly():
        y = exp(Value(1.0))
    assert pickle.loads(pickle.dumps(y)).data == math.e
    with pytest.raises(AnomalyError) as caught, detect_anomaly():
        log(Value(0.0, "p"))
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_a_name_given_later_keeps_the_line():
    with detect_anomaly():
        y = Value(0.0) * 2
    y.name = "y"
    assert y.metadata[2][0] == __file__


def test_array_operations_tell_shapes():
    with np.errstate(over="ignore"):
        found = find_anomaly(Tensor(np.array([[1e308, 1e308]]), "w").sum())
    assert found.operation == "sum"
    assert "array of shape (1, 2)" in found.inputs[0]


def test_what_is_no_node_is_refused():
    with pytest.raises(TypeError, match=r"find_anomaly\(3\.0\): that is a float; give Values or Tensors"):
        find_anomaly(3.0)


# ── masks: an inf that was meant ─────────────────────────────────────────────────────────────────────────────────

HIDDEN = np.array([[0.0, -np.inf], [0.0, 0.0]])
MASKED = [
    lambda x: softmax(x + HIDDEN, 1),
    lambda x: softmax(ag.where(HIDDEN == 0, x, -np.inf) * 0.5, 1),
    lambda x: ag.log_softmax((x + Tensor(HIDDEN, requires_grad=False)).T, 0)[0],
    lambda x: ag.logsumexp(ag.concatenate([x, HIDDEN[:1]]), 1),
    lambda x: ag.max(ag.maximum(x, -np.inf) + HIDDEN, 1),
    lambda x: nn.functional.cross_entropy(x + HIDDEN, np.array([0, 1])),
    lambda x: exp(x.reshape(4)[0] - np.inf),
]


@pytest.mark.parametrize("f", MASKED)
def test_a_mask_of_minus_infinity_that_ends_in_finite_numbers_is_no_anomaly(f):
    x = Tensor([[1.0, 2.0], [3.0, 4.0]], "scores")
    with detect_anomaly():
        y = f(x).sum()
        y.backward()
    assert np.isfinite(x.grad).all()
    assert find_anomaly(y) is None


def test_a_value_takes_an_infinite_constant_to_compare_with():
    x = Value(3.0)
    with detect_anomaly():
        ag.minimum(x, math.inf).backward()
        exp(x - math.inf).backward()
    assert x.grad == 1.0


def test_a_mask_that_hides_all_or_the_label_is_told():
    x = Tensor([[1.0, 2.0], [3.0, 4.0]], "scores")
    with pytest.raises(AnomalyError, match=r"softmax\(.*with -inf at \[0, 0\].*\n.*hides all entries"), detect_anomaly():
        softmax(x + np.array([-np.inf, -np.inf]), 1)
    with pytest.raises(AnomalyError, match=r"cross_entropy\(.*\n.*hides all entries, or the requested one"), detect_anomaly():
        nn.functional.cross_entropy(x + HIDDEN, np.array([1, 1]))


@pytest.mark.parametrize("loss", [lambda x: -ag.log_softmax(x + HIDDEN, 1)[0, 1], lambda x: (x + HIDDEN)[0, 1] * 2.0])
def test_a_result_that_the_mask_reached_is_told_before_its_gradients_are_shown(loss):
    x = Tensor([[1.0, 2.0], [3.0, 4.0]], "scores")
    with pytest.raises(AnomalyError, match=r"add\(scores = 2\.0, x = -inf\)\[0, 1\]"), detect_anomaly():
        loss(x).backward()
    assert x.grad is None
    assert find_anomaly(loss(x)).operation == "add"


def test_inf_and_nan_among_the_data_are_told_at_the_layer_that_meets_them():
    layer = nn.Linear(2, 2, rng=0)
    for bad in (np.nan, np.inf, -np.inf):
        with pytest.raises(AnomalyError) as caught, detect_anomaly(), np.errstate(invalid="ignore"):
            layer(np.array([[1.0, 2.0], [3.0, bad]]))
        assert f"x = array of shape (2, 2) with {bad} at [1, 1]" in str(caught.value)
        assert caught.value.anomaly.reason.startswith(f"{bad} went in with x")
    with pytest.raises(AnomalyError, match="inf went in as a constant, and ∞ − ∞, 0 · ∞"), detect_anomaly():
        Value(0.0) * math.inf
    with pytest.raises(AnomalyError, match="nan went in as a constant"), detect_anomaly():
        Value(0.0) + math.nan


# ── what the message says ────────────────────────────────────────────────────────────────────────────────────────

def test_of_several_operations_on_a_line_the_one_is_pointed_at():
    p, q = Value(0.0, "p"), Value(4.0, "q")
    with pytest.raises(AnomalyError) as caught, detect_anomaly():
        "ärger", [log(x) for x in (q * 2, q)], sqrt(q) + log(p) * exp(q)
    found = caught.value.anomaly
    assert found.code[slice(*found.columns)] == "log(p)"
    line, carets = str(caught.value).split("\n")[2:4]
    assert line[carets.index("^"):carets.rindex("^") + 1] == "log(p)"


@pytest.mark.parametrize("options", [[], ["-X", "no_debug_ranges"]])
def test_an_expression_over_several_lines_and_code_without_columns(options, tmp_path):
    program = tmp_path / "program.py"
    program.write_text("from autograd import Value, detect_anomaly, log\n"
                       "with detect_anomaly():\n    y = (1 +\n         log(Value(0.0)))\n")
    told = subprocess.run([sys.executable, *options, program], capture_output=True, text=True, env={"PYTHONPATH": ROOT})
    assert f"made at {program}:4: log(Value(0.0)))\n" in told.stderr
    assert ("^^^^^^^^^^^^^^^\n  remedy" in told.stderr) == (not options)


def test_constants_and_no_grad_name_the_operation_too():
    for make in (lambda: log(Tensor([0.0], "c", requires_grad=False)), no_grad()(lambda: log(Value(0.0, "c"))),
                 no_grad()(lambda: log(Tensor([0.0], "c")))):
        with pytest.raises(AnomalyError, match=r"log\(c = 0\.0\)"), detect_anomaly():
            make()
    with detect_anomaly():
        assert exp(Tensor([0.0], requires_grad=False)).op == "constant"  # watched, it is a constant all the same
        with no_grad():
            assert (exp(Tensor([0.0])).operands, exp(Value(0.0)).inputs) == ((), ())


@pytest.mark.parametrize(("y", "seed"), [(lambda: Value(1.0) * 2, math.nan), (lambda: Tensor([1.0, 2.0]) * 2, [1.0, math.inf])])
def test_a_seed_that_is_not_finite_is_told_as_such(y, seed):
    with pytest.raises(AnomalyError, match="the seed, its own gradient, was given as"), detect_anomaly():
        y().backward(seed)


def test_overflow_tells_the_dtype():
    with pytest.raises(AnomalyError, match=r"3\.4e38 in float32"), detect_anomaly(), np.errstate(over="ignore"):
        Tensor(np.float32([1e30])) * 1e30


def test_within_an_operation_on_arrays_without_a_gradient_nothing_false_is_said():
    norm = nn.BatchNorm1d(2, eps=0.0)
    x = Tensor(np.ones((3, 2)), "x")
    with pytest.raises(AnomalyError, match="a step on the way") as caught, detect_anomaly(), np.errstate(invalid="ignore"):
        norm(x)
    assert caught.value.anomaly.scope == "BatchNorm1d"
    with detect_anomaly():
        assert ag.gradient(ag.norm(x * 0.0), x).tolist() == [[0.0, 0.0]] * 3


@pytest.mark.parametrize(("x", "reason"), [(1.0, "at ±1 is inf"), (-1.0, "at ±1 is -inf"), (1.5, "beyond ±1 is not real")])
def test_arctanh_tells_its_poles_from_what_lies_beyond(x, reason):
    assert reason in find_anomaly(ag.arctanh(Value(x))).reason
