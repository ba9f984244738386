"""The first nan or inf is found where it arises: its operation, operands, line, scope, cause and remedy."""

import math
import pickle

import numpy as np
import pytest

from autograd import AnomalyError, Tensor, Value, detect_anomaly, exp, find_anomaly, grad, log, no_grad, scope, sqrt

CAUSES = [  # what is computed from x, at which x, and what is said of it
    (lambda x: log(x), 0.0, "log", "log of 0 is -inf"),
    (lambda x: log(x), -1.0, "log", "not real"),
    (lambda x: 1 / x, 0.0, "div", "a division by 0 is inf"),
    (lambda x: sqrt(x), -4.0, "sqrt", "not real"),
    (lambda x: exp(x), 1000.0, "exp", "exp overflows"),
    (lambda x: x**-1, 0.0, "pow", "0 to a negative power"),
    (lambda x: x**0.5, -2.0, "pow", "not real"),
    (lambda x: x**3, 1e200, "pow", "overflows"),
    (lambda x: x * x, 1e200, "mul", "beyond the largest number"),
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
    assert y.about is None
    with pytest.raises(AnomalyError), detect_anomaly():
        log(Value(0.0))
    assert log(Value(0.0)).about is None  # the context ended with the exception


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
    assert y.about[2][0] == __file__


def test_array_operations_tell_shapes():
    with np.errstate(over="ignore"):
        found = find_anomaly(Tensor(np.array([[1e308, 1e308]]), "w").sum())
    assert found.operation == "sum"
    assert "array of shape (1, 2)" in found.inputs[0]
