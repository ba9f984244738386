"""The strategies and assert_gradients, as in tests of a user's own operations and layers."""

import os
import random
import re
import subprocess
import sys

import autograd as ag
import pytest
from autograd import testing
from autograd.testing import arrays, assert_gradients, programs, random_program, values
from hypothesis import given, settings
from hypothesis import strategies as st


@given(st.data())
@settings(max_examples=30)
def test_values_lie_in_the_domain_of_the_operation(data):
    row = data.draw(st.sampled_from([row for row in ag.ops.rows.values() if row.arity]))
    xs = data.draw(values(row))
    assert len(xs) == row.arity
    assert all(low <= x <= high for x, (low, high) in zip(xs, row.domain))


def test_values_takes_a_name_and_refuses_one_that_is_not_there():
    assert values("log").validate() is None
    with pytest.raises(LookupError, match="no operation 'lgo'"):
        values("lgo")


@given(programs(inputs=3, size=6, outputs=2))
@settings(max_examples=40)
def test_drawn_programs_are_finite_and_differentiable_and_print_as_what_they_compute(program):
    results = program(*program.point)
    scope = dict(ag.ops.rows) | {f"x{i}": x for i, x in enumerate(program.point)}
    *lines, last = str(program).splitlines()
    exec("\n".join(lines), scope)
    printed = eval(last.removeprefix("return ").split("#")[0], scope)
    assert printed == (tuple(results) if isinstance(results, list) else results)
    assert_gradients(program, *program.point)


@given(arrays((2, 3), low=-1, high=1), arrays((3,), dtype="float32"))
@settings(max_examples=20)
def test_arrays_have_the_shape_type_and_bounds_asked_for(a, b):
    assert a.shape == (2, 3)
    assert abs(a).max() <= 1
    assert b.dtype == "float32"


@given(arrays((2, 3), low=-2, high=2), arrays((3,), low=-2, high=2))
@settings(max_examples=10)
def test_a_layer_of_arrays_is_checked_by_every_parameter(w, b):
    assert_gradients(lambda w, b: ag.tanh(w * b + b).sum(), w, b)


def test_assert_gradients_passes_options_on_and_raises_the_table():
    assert_gradients(lambda x: x**3, 2.0, order=2, modes=("forward",))
    with pytest.raises(AssertionError, match="twice too large"):
        assert_gradients(lambda x: x**2, 2.0, gradient=lambda x: 4 * x)


def test_an_operation_of_ones_own_with_a_wrong_rule_fails_inside_programs():
    ag.op("slip", "s", lambda x: x * x * x, lambda out, x: 3 * x * x * (1 + 1e-6))
    try:
        failed = 0
        for seed in range(20):
            program = random_program(random.Random(seed), inputs=1, size=3, using=["slip", "add", "tanh"])
            names = [name for name, _ in program.lines]
            try:
                assert_gradients(program, *program.point)
            except AssertionError:
                failed += 1
                assert "slip" in names
        assert failed > 3
    finally:
        del ag.ops.rows["slip"]


def test_a_program_meets_a_kink_when_asked_to():
    verdicts = set()
    for seed in range(20):
        program = random_program(random.Random(seed), kink=True)
        verdicts.add(ag.check_gradients(program, *program.point).verdict)
    assert "KINK" in verdicts
    assert verdicts <= {"OK", "KINK", "OK_NOISY"}


def test_without_hypothesis_the_strategies_say_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(ImportError, match="pip install hypothesis"):
        testing.values("log")


FIXTURE = '''
from autograd import op
from autograd.testing import gradients

def test_first(gradients):
    gradients(op("cubed", "x³", lambda x: x * x * x, lambda out, x: 3 * x**2), 2.0)

def test_again_with_the_same_name_and_a_wrong_rule(gradients):
    gradients(op("cubed", "x³", lambda x: x * x * x, lambda out, x: 2 * x**2), 2.0)

def test_that_checks_nothing(gradients):
    op("cubed", "x³", lambda x: x * x * x, lambda out, x: 2 * x**2)
'''


def output_of_tests(folder, source):
    """Run a user's test file in its own process and configuration."""
    (folder / "test_mine.py").write_text(source, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--noconftest", "-c", os.devnull]
    return subprocess.run([*command, "--rootdir", folder, folder], capture_output=True, text=True,
                          env=os.environ | {"PYTHONPATH": os.getcwd()}).stdout


def test_the_fixture_forgets_operations_and_fails_where_nothing_was_checked(tmp_path):
    output = output_of_tests(tmp_path, FIXTURE)
    assert "1 failed, 2 passed, 1 error" in output
    assert "test_again_with_the_same_name_and_a_wrong_rule" in output and "WRONG" in output
    assert "checked none: call gradients(f, *xs)" in output
    assert "choose another" not in output


WRONG = '''
from autograd.testing import assert_gradients, arrays
from hypothesis import given

def test_a_wrong_gradient():
    assert_gradients(lambda x: x**2, 2.0, gradient=lambda x: x)

def test_an_error_of_the_function():
    assert_gradients(lambda x: x["key"], 2.0)

@given(arrays(shape=(2, 3)))
def test_with_the_usual_deadline(a):
    assert_gradients(lambda a: (a * a).sum(), a)
'''


def test_a_failure_shows_the_line_of_the_test_and_no_line_of_the_checker(tmp_path):
    output = output_of_tests(tmp_path, WRONG)
    assert "2 failed, 1 passed" in output
    assert re.search(r"^> +assert_gradients\(lambda x: x\*\*2, 2.0, gradient=lambda x: x\)$", output, re.MULTILINE)
    assert "half of what it should be" in output
    for file in ("check.py", "testing.py", "subject.py", "search.py"):
        assert os.path.join("autograd", file) not in output and os.path.join("proof", file) not in output


def test_a_long_check_is_not_held_against_the_deadline(monkeypatch):
    """Hypothesis subtracts the time of drawing, and reads it from this place."""
    from hypothesis.control import current_build_context
    counted = []

    def example():
        assert_gradients(lambda x: x**2, 2.0)
        counted.append(current_build_context().data.draw_times.get("assert_gradients", 0.0))

    one = lambda: settings(max_examples=1, database=None)(given(st.just(0))(lambda _: example()))()
    monkeypatch.setattr(testing, "LONG", 1e9)
    one()
    monkeypatch.setattr(testing, "LONG", -1.0)
    one()
    assert counted[0] == 0.0 < counted[-1]
    assert_gradients(lambda x: x**2, 2.0)  # outside Hypothesis there is no deadline
