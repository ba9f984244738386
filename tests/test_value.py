"""Value: accepted data, the recorded graph, and the backward pass."""

from __future__ import annotations

import copy
import gc
import pickle
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from autograd import GradientError, Value, grad, gradient, jvp, no_grad, ops, scope

# ── data ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("number", [
    3, True, 3.0, np.float64(3), np.float32(3), np.int64(3), np.array(3.0), Fraction(3), Decimal(3),
])
def test_numbers_become_floats(number: Any) -> None:
    value = Value(number)
    assert type(value.data) is float
    assert value.data == float(number)
    assert type((Value(2.0) * number).data) is float
    assert (Value(2.0) * number).data == (number * Value(2.0)).data == 2.0 * float(number)


@pytest.mark.parametrize("thing, kind", [
    (1j, "complex 1j"), (np.complex64(1), "complex64"), (np.complex128(1), "complex128"), ("3", "str '3'"),
    (b"3", "bytes b'3'"),
    (None, "NoneType None"), ([1.0], "list [1.0]; use Tensor for arrays"), ((1.0,), "tuple (1.0,); use Tensor"),
    ({}, "dict {}"), (np.array([1.0]), "ndarray array([1.]); use Tensor"), (np.array([True]), "ndarray array([ True])"),
    (np.array(1j), "ndarray"), (object, "type <class 'object'>"), (len, "builtin_function"),
])
def test_what_is_no_real_number_is_refused(thing: Any, kind: str) -> None:
    with pytest.raises(TypeError) as refused:
        Value(thing)
    assert f"the data of a Value must be a real number, not {kind}" in str(refused.value)
    if not isinstance(thing, np.ndarray):
        for operate in (lambda: Value(2.0) * thing, lambda: thing * Value(2.0), lambda: Value(2.0) ** thing,
                        lambda: ops.add(thing, Value(1.0))):
            with pytest.raises(TypeError, match="an operand of Value must be a real number, not "):
                operate()


def test_a_value_of_a_value_would_cut_the_graph_and_is_refused() -> None:
    x = Value(3.0)
    message = r"Value\(Value\(6.0, op='mul', grad=None\)\): that is a node already, .* use it as it is, or .detach"
    with pytest.raises(TypeError, match=message):
        Value(x * 2)
    with pytest.raises(TypeError, match="that is a node already"):
        grad(lambda x: Value(x) * 2)(3.0)
    with pytest.raises(TypeError, match="that is a node already"):
        jvp(lambda x: Value(x) * 2, 3.0, 1.0)


@pytest.mark.parametrize("operate", [
    lambda x, a: x * a, lambda x, a: a * x, lambda x, a: a + x, lambda x, a: x / a, lambda x, a: a - x,
    lambda x, a: a**x, ops.maximum, lambda x, a: ops.maximum(a, x), lambda x, a: np.add(a, x),
])
def test_arrays_do_not_silently_become_arrays_of_values(operate: Any) -> None:
    with pytest.raises(TypeError):
        operate(Value(2.0), np.array([1.0, 2.0]))


def test_integers_too_large_for_a_float() -> None:
    with pytest.raises(ValueError, match="the data of a Value is an integer of 16610 bits, beyond a float's range"):
        Value(10**5000)
    with pytest.raises(ValueError, match="mul: an operand of Value is an integer of 1329 bits"):
        Value(1.0) * 10**400


def test_numpy_scalars_go_both_ways() -> None:
    x = Value(3.0)
    for two in (np.float64(2), np.float32(2), np.int32(2)):
        for y, number in (
                (two * x, 6.0), (x * two, 6.0), (two - x, -1.0), (two**x, 8.0), (two / x, 2 / 3), (x**two, 9.0)):
            assert type(y) is Value
            assert y.data == number
            assert y.inputs == (x,)


def test_operators_both_ways_round() -> None:
    x = Value(3.0)
    assert [(2 + x).data, (x + 2).data, (2 - x).data, (x - 2).data, (2 * x).data, (x * 2).data, (2 / x).data,
            (x / 2).data,
            (2**x).data, (x**2).data, (-x).data, (+x).data, abs(-x).data] \
        == [5.0, 5.0, -1.0, 1.0, 6.0, 6.0, 2 / 3, 1.5, 8.0, 9.0, -3.0, 3.0, 3.0]
    assert [gradient(y, x) for y in (2 + x, 2 - x, x - 2, 2 * x, 6 / x, x / 2, 2**x, x**2, -x, +x, abs(-x))] \
        == pytest.approx([1.0, -1.0, 1.0, 2.0, -2 / 3, 0.5, 8 * 0.6931471805599453, 6.0, -1.0, 1.0, 1.0], rel=1e-15)


def test_every_row_is_a_method() -> None:
    for row in ops.rows.values():
        if row.arity - len(row.defaults) == 1:
            at = sum(row.domain[0]) / 2
            assert getattr(Value(at), row.name)().data == row(at), row.name
    assert Value(-2.0).leaky_relu(0.5).data == -1.0
    assert Value(2.0).maximum(3.0).data == 3.0


def test_augmented_assignment_makes_a_new_node() -> None:
    x = y = Value(3.0)
    y += 1
    y *= 2
    assert (x.data, y.data, x.op) == (3.0, 8.0, None)
    assert y is not x


def test_comparisons_are_of_the_data_and_nodes_are_keys() -> None:
    x, y = Value(3.0), Value(3.0)
    assert x == y and x == 3 and x != 4 and x < 4 and x <= 3 and x > 2 and x >= 3 and not x < y
    assert len({x, y, x}) == 2
    assert x and not Value(0.0)
    assert x.item() == 3.0


def test_what_a_node_records() -> None:
    x, y = Value(3.0, "x"), Value(4.0)
    product = x * y
    assert (product.op, str(product.op), product.op.sign, product.inputs) == ("mul", "mul", "×", (x, y))
    assert product.local_gradients == (4.0, 3.0)
    assert (x * x).inputs == (x, x)
    assert (x.name, y.name, x.inputs, x.op, x.operands, x.local_gradients) == ("x", None, (), None, (), ())
    power = x**2
    assert (power.inputs, power.operands, power.local_gradients) == ((x,), (x, 2.0), (6.0, None))
    assert (2**x).operands == (2.0, x)
    product.name = "area"
    assert product.name == "area"


def test_a_constant_is_asked_for_no_partial() -> None:
    x = Value(-3.0)
    assert (x**2).local_gradients == (-6.0, None)  # not log(−3)
    assert gradient(x**2, x) == -6.0


def test_repr_says_absent_zero_and_number() -> None:
    x, y = Value(3.0, "x"), Value(0.0)
    z = x * y
    assert [repr(x), repr(y)] == ["Value(3.0, name='x', grad=None)", "Value(0.0, grad=None)"]
    assert repr(z) == "Value(0.0, op='mul', grad=None)"
    z.backward()
    assert [repr(x), repr(y)] == ["Value(3.0, name='x', grad=0.0)", "Value(0.0, grad=3.0)"]
    assert repr(z) == "Value(0.0, op='mul', grad=1.0)"
    assert f"{x:.2f} {x}" == "3.00 Value(3.0, name='x', grad=0.0)"


# ── backward ─────────────────────────────────────────────────────────────────────────────────────────────────────

def test_leaves_accumulate_and_interior_nodes_show_the_pass() -> None:
    x = Value(3.0)
    square = x * x
    y = square * 2
    y.backward()
    assert (x.grad, square.grad, y.grad) == (12.0, 2.0, 1.0)
    y.backward()
    assert (x.grad, square.grad, y.grad) == (24.0, 2.0, 1.0)
    (square + x).backward()
    assert (x.grad, square.grad, y.grad) == (31.0, 1.0, 1.0)
    x.grad = None
    y.backward(seed=10)
    assert (x.grad, square.grad, y.grad) == (120.0, 20.0, 10.0)


def test_backward_of_a_leaf() -> None:
    x = Value(3.0)
    x.backward()
    x.backward(2.5)
    assert x.grad == 3.5


def test_unreached_zero_and_number_are_three_states() -> None:
    x, y, z = Value(1.0), Value(-1.0), Value(5.0)
    (x + y.relu()).backward()
    assert (x.grad, y.grad, z.grad) == (1.0, 0.0, None)


def test_shared_nodes_are_walked_once_and_summed() -> None:
    x = Value(2.0)
    h = x * x
    y = h * h + h  # x⁴ + x²
    y.backward()
    assert (x.grad, h.grad) == (4 * 8.0 + 4.0, 9.0)
    z = x
    for _ in range(60):  # 2⁶⁰ paths
        z = z + z
    assert gradient(z, x) == 2.0**60


@pytest.mark.parametrize("seed", ["1", 1j, [1.0], np.array([1.0])])
def test_a_seed_is_one_number(seed: Any) -> None:
    x = Value(3.0)
    with pytest.raises(TypeError, match="the seed of backward must be a real number, not "):
        (x * 2).backward(seed)
    with pytest.raises(TypeError, match="the seed must be a real number, not "):
        gradient(x * 2, x, seed)
    assert x.grad is None


def test_backward_inside_no_grad_is_refused() -> None:
    x = Value(3.0)
    y = x * 2
    message = r"backward of Value\(6.0, op='mul', grad=None\) inside no_grad\(\): .* call it outside"
    with no_grad(), pytest.raises(GradientError, match=message):
        y.backward()
    y.backward()
    assert x.grad == 2.0


def test_backward_of_what_depends_on_nothing_is_refused() -> None:
    x = Value(3.0)
    with no_grad():
        y = x * 2
    for constant in (y, y * 3, x.detach() + y):
        with pytest.raises(GradientError, match="none of its inputs takes a gradient; .* Compute it outside"):
            constant.backward()
    assert x.grad is None


def test_detach_is_a_constant() -> None:
    x = Value(3.0, "x")
    constant = x.detach()
    y = x * constant
    y.backward()
    assert (x.grad, constant.grad, constant.data) == (3.0, None, 3.0)


def test_changing_a_leaf_after_forward_does_not_corrupt_backward() -> None:
    x, y = Value(3.0), Value(4.0)
    z = x * y + x.tanh() + x**3
    expected = gradient(z, [x, y])
    x.data, y.data = 100.0, -100.0
    z.backward()
    assert [x.grad, y.grad] == expected == gradient(z, [x, y])


def test_recording_gradients_after_a_leaf_changed_is_refused() -> None:
    x, y = Value(3.0), Value(4.0)
    z = x * y
    x.data = 5.0
    with pytest.raises(GradientError, match=r"with a local gradient of 3, which would now be 5: .* changed in between"):
        gradient(z, y, create_graph=True)


# ── exceptions in the middle ─────────────────────────────────────────────────────────────────────────────────────

class Interruption:
    """Raises KeyboardInterrupt at the nth line that ``backward`` executes, as Ctrl-C would."""

    def __init__(self, at: int):
        self.left, self.struck = at, False

    def __call__(self, frame: Any, event: str, argument: Any) -> Any:
        if frame.f_code.co_name not in ("backward", "_propagate"):
            return None
        if event == "line" and not self.struck:
            self.left -= 1
            if self.left < 0:
                self.struck = True
                raise KeyboardInterrupt
        return self

    def __enter__(self) -> Interruption:
        self.outer = sys.gettrace()
        sys.settrace(self)
        return self

    def __exit__(self, *_: Any) -> None:
        sys.settrace(self.outer)


def test_interrupted_at_any_line_leaves_have_the_whole_pass_or_nothing_of_it() -> None:
    x, y, z = Value(3.0), Value(4.0), Value(5.0)
    x.grad, y.grad = 10.0, None
    result = (x * y + z).tanh() * x + x.relu() * y
    interior = [result, *result.inputs]
    done = tuple(gradient(result, [x, y, z]))
    outcomes = []
    for line in range(10_000):
        try:
            with Interruption(line) as interruption:
                result.backward()
        except KeyboardInterrupt:
            outcomes.append((x.grad, y.grad, z.grad) != (10.0, None, None))
            expected = (10.0 + done[0], done[1], done[2]) if outcomes[-1] else (10.0, None, None)
            assert (x.grad, y.grad, z.grad) == expected, line
            assert all((node.grad is not None) is outcomes[-1] for node in interior), line
            x.grad, y.grad, z.grad = 10.0, None, None
        else:
            assert not interruption.struck
            break
    assert len(outcomes) > 100
    assert sum(outcomes) <= 3  # struck when the pass was already complete
    assert (x.grad, y.grad, z.grad) == (10.0 + done[0], done[1], done[2])


def test_a_rule_that_raises_leaves_everything_as_before() -> None:
    x = Value(3.0)
    h = x * 2
    y = h.exp()
    y.backward()
    before = x.grad
    h.da = "broken"
    with pytest.raises(TypeError):
        y.backward()
    assert x.grad == before
    h.da = 2.0
    y.backward()
    assert x.grad == 2 * before


# ── memory ───────────────────────────────────────────────────────────────────────────────────────────────────────

def alive() -> int:
    return sum(type(thing) is Value for thing in gc.get_objects())


def use(x: Value) -> None:
    y = x
    for _ in range(30):
        y = (y * x + 1).tanh() + y.relu() * 0.5 - y / 3
    y.backward()
    gradient(y, x)
    slope = gradient(y, x, create_graph=True)
    gradient(slope, x)
    repr(y), copy.deepcopy(y), pickle.loads(pickle.dumps(y))
    try:
        y.backward("no number")
    except TypeError:
        pass
    with no_grad(), scope("s"):
        y * 2


def test_no_reference_cycles() -> None:
    x = Value(0.3)
    gc.collect()
    gc.disable()
    try:
        before = alive()
        use(x)
        assert alive() == before  # reference counts alone have freed it all
        assert gc.collect() == 0 or alive() == before
    finally:
        gc.enable()


def test_a_node_has_no_dict_and_few_slots() -> None:
    assert not hasattr(Value(1.0), "__dict__")
    assert sys.getsizeof(Value(1.0)) <= 96  # eight slots, and what the collector needs
    with pytest.raises(AttributeError):
        Value(1.0).gradient = 2


def test_a_chain_of_a_million_nodes() -> None:
    a, b, x = Value(0.999999), Value(1e-6), Value(0.5)
    y = x
    for _ in range(500_000):
        y = a * y + b
    y.backward()
    # y = aⁿ x + b (aⁿ − 1) / (a − 1)
    power = 0.999999**500_000
    assert x.grad == pytest.approx(power, rel=1e-9)
    assert b.grad == pytest.approx((power - 1) / (0.999999 - 1), rel=1e-9)
    assert repr(y).startswith("Value(0.")


def test_a_chain_of_a_hundred_thousand_nodes_is_copied_and_pickled() -> None:
    a, x = Value(0.999999), Value(0.5)
    y = x
    for _ in range(50_000):
        y = a * y + 1e-6
    y.backward()
    assert gradient(y, x) == x.grad == pytest.approx(0.999999**50_000, rel=1e-9)
    copied = copy.deepcopy(y)
    assert (copied.data, copied.grad, copied is y) == (y.data, y.grad, False)
    del copied
    loaded = pickle.loads(pickle.dumps(y))
    assert loaded.data == y.data
    del y
    loaded.backward()
    del loaded


def test_importing_loads_no_numpy_and_nothing_heavy() -> None:
    code = ("import sys; from autograd import Value, grad, jvp, steps, op; Value(2.0).exp().backward(); "
            "grad(lambda x: x * x)(2.0); "
            "print(sorted({'numpy', 'nn', 'viz', 'matplotlib', 'autograd.tensor'} & set(sys.modules)))")
    ran = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
