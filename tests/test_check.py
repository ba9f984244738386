"""check_gradients: right functions pass, wrong gradients do not, and every verdict is true."""

import math
import random
import subprocess
import sys
import warnings
import xml.etree.ElementTree as ET

import autograd as ag
import pytest
from autograd import check_gradients, grad
from autograd.check import RIGHT, WrongGradient
from autograd.proof.differences import measure_slopes
from autograd.functional import flatten
from autograd.testing import random_program


def verdict(f, *xs, **options):
    report = check_gradients(f, *xs, **options)
    assert bool(report) == (report.verdict in RIGHT)
    return report.verdict


# ── functions whose derivative is known ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("f", "derivative", "x"),
    [
        (math.sin, math.cos, 1.0),
        (math.exp, math.exp, -3.0),
        (math.log, lambda x: 1 / x, 1e-300),
        (math.erf, lambda x: 2 / math.sqrt(math.pi) * math.exp(-x * x), 0.5),
        (math.gamma, lambda x: math.gamma(x) * -0.5772156649015329, 1.0),  # −γ, Euler's constant
        (math.sin, math.cos, 1e8),
        (math.sin, math.cos, 1e-8),
        (lambda x: math.exp(1e3 * x), lambda x: 1e3 * math.exp(1e3 * x), 0.1),
        (lambda x: x * math.sin(1 / x), lambda x: math.sin(1 / x) - math.cos(1 / x) / x, 1e-4),
        (lambda x: x * x, lambda x: 2 * x, 1e-160),
        (lambda x: x**3, lambda x: 3 * x * x, 1e8),
        (lambda x: 1e-8 + x, lambda x: 1.0, 1e8),
        (lambda x: math.sqrt(x * x + 1e-16), lambda x: x / math.sqrt(x * x + 1e-16), 0.0),
        (lambda x: 1 / (1 + math.exp(-1e10 * x)), lambda x: 2.5e9, 0.0),
    ],
)
def test_exact_derivatives_pass_and_one_part_in_a_million_does_not(f, derivative, x):
    assert verdict(f, x, gradient=derivative) == "OK"
    for factor in (1 + 1e-6, 1 - 1e-6, -1, 2, 0.5, 0.0):
        if derivative(x):
            assert verdict(f, x, gradient=lambda x, k=factor: k * derivative(x)) == "WRONG"


@pytest.mark.parametrize(
    ("wrong", "note"),
    [
        (lambda x, y: (-2 * x * y, x * x), "the sign is wrong"),
        (lambda x, y: (x * y, x * x), "half of what it should be"),
        (lambda x, y: (4 * x * y, x * x), "twice too large"),
        (lambda x, y: (0.0, x * x), "no gradient arrives"),
        (lambda x, y: (2 * y, x * x), "a factor x = 1.7 is missing"),
        (lambda x, y: (2 * x, x * x), "a factor y = 3.1 is missing"),
        (lambda x, y: (2 * x * y * (1 + 1e-6), x * x), "off by a relative 1e-06"),
        (lambda x, y: (6 * x * y, x * x), "3 times too large"),
    ],
)
def test_a_wrong_gradient_is_recognised_with_both_numbers(wrong, note):
    report = check_gradients(lambda x, y: x * x * y, 1.7, 3.1, gradient=wrong)
    worst = report.worst
    assert (worst.verdict, worst.argument, worst.point) == ("WRONG", 0, 1.7)
    assert worst.analytic == wrong(1.7, 3.1)[0]
    assert worst.numeric == pytest.approx(2 * 1.7 * 3.1, rel=1e-11)
    assert worst.bar < 1e-9
    assert note in worst.note
    assert note in str(report)
    assert [x.verdict for x in report.findings] == ["WRONG", "OK"]


# ── kinks, jumps, edges ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("f", "x", "left", "right"),
    [
        (ag.relu, 0.0, 0, 1),
        (abs, 0.0, -1, 1),
        (lambda x: ag.clip(x, -1, 1), 1.0, 1, 0),
        (lambda x: ag.maximum(x, 2 * x), 0.0, 1, 2),
        (lambda x: ag.leaky_relu(x, 0.1), 0.0, 0.1, 1),
        (lambda x: 3 * x + abs(x - 2), 2.0, 2, 4),
        (lambda x: 1e6 + ag.relu(x), 0.0, 0, 1),
    ],
)
def test_at_a_kink_each_choice_between_the_slopes_is_right_and_none_beyond(f, x, left, right):
    report = check_gradients(f, x)
    assert (report.verdict, bool(report)) == ("KINK", True)
    assert (report.worst.left, report.worst.right) == (pytest.approx(left, abs=1e-6), pytest.approx(right, abs=1e-6))
    for value, expected in [
        (left, "KINK"),
        (right, "KINK"),
        ((left + right) / 2, "KINK"),
        (min(left, right) - 0.1, "WRONG_AT_KINK"),
        (max(left, right) + 0.1, "WRONG_AT_KINK"),
        (right + 1e-4 * (right - left), "WRONG_AT_KINK"),
    ]:
        assert verdict(f, x, gradient=lambda _, value=value: value) == expected


def test_the_slip_of_a_rule_at_a_kink_is_seen_inside_the_interval_too():
    assert verdict(ag.relu, 0.0, gradient=lambda x: 1 - 1e-6) == "WRONG_AT_KINK"


def test_away_from_the_kink_there_is_none():
    for x in (1e-9, -1e-9, 1e-5, 3.0):
        assert verdict(ag.relu, x) == verdict(abs, x) == "OK"


def test_a_bend_that_is_smooth_is_no_kink():
    assert verdict(lambda x: ag.sqrt(x * x + 1e-16), 0.0) == "OK"


@pytest.mark.parametrize("x", [0.0, 1.0])
@pytest.mark.parametrize("power", [0.5, 0.9])
def test_at_a_cusp_the_slopes_are_infinite_and_any_number_lies_between(x, power):
    f = lambda t: abs(t - x) ** power
    for given in (0.0, 3.0):
        report = check_gradients(f, x, gradient=lambda t, given=given: given)
        assert (report.verdict, report.worst.left, report.worst.right) == ("KINK", -math.inf, math.inf)
    assert "-inf left, inf right" in str(report)
    ET.fromstring(report._repr_svg_())
    one_sided = lambda t: max(t, 0.0) ** power
    assert verdict(one_sided, 0.0, gradient=lambda t: 0.0) == "KINK"
    assert verdict(one_sided, 0.0, gradient=lambda t: -1.0) == "WRONG_AT_KINK"


@pytest.mark.parametrize("f", [ag.cbrt, ag.sqrt, lambda x: abs(x) ** 0.3 * (1 if x > 0 else -1)])
def test_no_number_is_the_slope_of_a_vertical_tangent(f):
    for given in (0.0, 1e3, 1e12):
        report = check_gradients(f, 0.0, gradient=lambda x, given=given: given)
        assert (report.verdict, report.worst.note) == ("WRONG", "the slope is infinite here")
    assert verdict(lambda x: ag.cbrt(x + 1e-30), 0.0) == "OK"  # which is steep, and not infinite


def test_two_kinks_at_one_point_whose_choices_do_not_add_up_are_named():
    report = check_gradients(lambda x: ag.relu(x) - ag.relu(-x), 0.0)  # it is x, whose slope is 1; the rules say 0 − 0
    assert not report
    assert report.worst.verdict == "WRONG_AT_KINK"
    assert "relu(0.0)" in report.worst.note


@pytest.mark.parametrize("f", [ag.floor, ag.step, ag.sign, lambda x: x + ag.sign(x)])
def test_at_a_jump_the_slope_of_the_branches_is_right_and_another_is_not(f):
    report = check_gradients(f, 0.0)
    assert report.verdict == "KINK"
    assert "jumps" in report.worst.note
    assert verdict(f, 0.0, gradient=lambda x: 5.0) == "WRONG_AT_KINK"


def test_at_the_edge_of_a_domain_the_slope_is_that_of_one_side():
    report = check_gradients(lambda x: x**1.5 + 2 * x, 0.0)
    assert report
    assert "one side" in report.worst.note
    assert not check_gradients(lambda x: x**1.5 + 2 * x, 0.0, gradient=lambda x: 2.1)


# ── what cannot be right ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("f", "x", "said"),
    [
        (lambda x: ag.log(x) * 0, 0.0, "log(0.0)"),
        (lambda x: ag.sqrt(x), 0.0, "sqrt(0.0)"),
        (lambda x: ag.log(x - 2) + 1, 1.0, "log(-1.0)"),
        (lambda x: 1 / x, 0.0, "div(1.0, 0.0)"),
        (lambda x: ag.exp(x) * 2, 1000.0, "exp(1000.0)"),
        (lambda x: ag.sqrt(x * x), 0.0, "sqrt(0.0)"),
    ],
)
def test_not_finite_names_the_first_node_that_made_it(f, x, said):
    report = check_gradients(f, x)
    assert (report.verdict, bool(report)) == ("NONFINITE", False)
    assert said in report.worst.note


def test_a_gradient_that_is_nan_is_not_right():
    assert verdict(math.sin, 1.0, gradient=lambda x: math.nan) == "NONFINITE"


def test_a_function_that_rolls_dice_is_told_so():
    rng = random.Random(0)
    assert verdict(lambda x: x * rng.random(), 1.0) == "NONDETERMINISTIC"


# ── numbers that leave the graph ─────────────────────────────────────────────────────────────────────────────────


def test_a_function_that_hides_part_of_itself_is_wrong_at_the_place_where_it_does():
    np = pytest.importorskip("numpy")

    def filled(x):
        out = np.zeros(2)
        for i in range(2):
            out[i] = x[i] * 2
        return out.sum()

    a = np.array([1.0, 2.0])
    for f, x, call in [
        (lambda w: w * math.tanh(w), 0.5, "float()"),
        (lambda w: w * int(w), 2.5, "int()"),
        (lambda x: np.r_[x, x].sum(), a, "np.asarray()"),
        (filled, a, "float()"),
    ]:
        for options in ({}, {"modes": ("reverse",)}, {"modes": ("forward",)}, {"order": 2}):
            report = check_gradients(f, x, **options)
            assert report.verdict == "WRONG"
            assert report.worst.note.startswith(f"part of the function is hidden from it: {call}")
            assert f"{__file__}:" in report.worst.note
    for f, x, said in [
        (lambda a: np.linalg.eigvals(a).sum(), np.eye(2), "np.linalg.eigvals is not differentiable here"),
        (lambda a: np.i0(a).sum(), a, "np.i0 is not differentiable here"),
    ]:
        report = check_gradients(f, x)
        assert report.verdict == "WRONG"
        assert report.worst.note.startswith("part of the function is hidden from it: ")
        assert said in report.worst.note and f"{__file__}:" in report.worst.note
    assert verdict(lambda w: w * math.tanh(w), 0.5, gradient=lambda w: math.tanh(w) + w / math.cosh(w) ** 2) == "OK"


def test_a_part_that_hides_in_the_second_derivative_alone_is_found_there():
    def slope(out, x):
        return 2 * float(x)

    square = ag.op("square_of_floats", "x²", lambda x: x * x, slope)
    try:
        report = check_gradients(square, 3.0, order=2, modes=("reverse",))
        assert [(x.verdict, x.order) for x in report.findings] == [("OK", 1), ("WRONG", 2)]
        assert "2 * float(x)" in report.worst.note
    finally:
        del ag.ops.rows["square_of_floats"]


def test_errors_of_the_function_itself_are_its_own():
    def broken(x):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        check_gradients(broken, 1.0)


def test_printing_is_no_way_out():
    lines = []

    def told(x):
        lines.append(f"{x} {x:.3f} {x!r} {x!s}")
        return x * x

    assert verdict(told, 3.0) == "OK"


def test_sizes_and_plain_numbers_of_the_argument_are_no_way_out():
    np = pytest.importorskip("numpy")
    a = np.array([1.0, 2.0, 4.0])
    assert check_gradients(lambda x: x.sum() / x.size, a)
    assert check_gradients(lambda x: ag.sum(x * x) / len(x), a, order=2)
    assert verdict(lambda x: x * sum(x.tolist()), a) == "WRONG"  # a constant to every derivative, and none to differences
    assert verdict(lambda x: x * x.item() if hasattr(x, "item") else x * x, 3.0) == "WRONG"


# ── noise ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("digits", [4, 6, 8])
def test_a_rounded_function_is_right_to_fewer_digits_and_a_factor_two_is_still_wrong(digits):
    f = lambda x: round(math.sin(x), digits)
    report = check_gradients(f, 1.0, gradient=math.cos)
    assert report
    assert 1 <= report.worst.digits < digits + 1
    assert verdict(f, 1.0, gradient=lambda x: 2 * math.cos(x)) == "WRONG"


def test_catastrophic_cancellation_widens_the_bar_instead_of_raising_an_alarm():
    f = lambda x: (1e8 + ag.sin(x)) - 1e8
    report = check_gradients(f, 1.0)
    assert report
    assert 1e-10 < report.worst.bar < 1e-5  # the values are off by 1e-8
    assert abs(report.worst.numeric - math.cos(1.0)) <= report.worst.bar


def test_the_bar_covers_the_error_and_is_not_much_wider():
    rng = random.Random(5)
    for _ in range(300):
        k, x = 10 ** rng.uniform(-3, 3), rng.uniform(-3, 3)
        for f, exact in [
            (lambda t: math.sin(k * (x + t)), k * math.cos(k * x)),
            (lambda t: math.exp(-((x + t) ** 2)), -2 * x * math.exp(-x * x)),
        ]:
            found = measure_slopes(f, 2.0, math.ulp(x), hint=exact).slope
            rounding = 1e-15 * abs(k * k * x) + 1e-15  # of the exact value, computed in floats
            assert abs(found.value - exact) <= found.bar + rounding
            assert found.bar <= 1e-9 * max(abs(exact), 1) + 1e-13 * k * k


@pytest.mark.parametrize("x", [7.813968546829336e-4, 6.095830296837147e-4, 1e-5])
def test_a_gradient_that_rounding_spoils_is_noisy_and_not_wrong(x):
    """Its value is off by ε/x², its gradient by ε/x³: 0.3 % of it at 8e-4. By hand it is as bad."""
    assert verdict(lambda x: (1 - ag.cos(x)) / x**2, x) == "OK_NOISY"
    assert check_gradients(lambda x: (1 - ag.cos(x)) / x**2, x, order=2)
    f, by_hand = lambda x: (1 - math.cos(x)) / x**2, lambda x: math.sin(x) / x**2 - 2 * (1 - math.cos(x)) / x**3
    assert check_gradients(f, x, gradient=by_hand)
    assert check_gradients(lambda x: (ag.exp(x) - 1) / x, x, order=2)
    assert check_gradients(lambda x: (x * x - 1) / (x - 1), 1 + x, order=2)
    assert verdict(lambda x: (1 - ag.cos(x)) / x**2, 3.738740292038702e-06) == "OK_NOISY"
    for near in (1.2e-5, 3.7e-6, 3.738740292038702e-06):  # where rounding makes steps, between which all is smooth
        assert verdict(f, near, gradient=by_hand) == "OK_NOISY"
        assert not check_gradients(f, near, gradient=lambda x: by_hand(x) + 1 / x)


@pytest.mark.parametrize(
    ("f", "x", "verdicts"),
    [
        (lambda x: ag.sqrt(ag.elu(x) + 0.5**999), 0.0, "OK"),
        (lambda x: ag.log(x + 1e-300), 0.0, "OK"),
        (lambda x: 1 / (x + 1e-150), 0.0, "OK"),
        (lambda x: x * x, 1e154, "OK"),
        (ag.log, 1.7e308, "OK"),
        (ag.sqrt, 1e-320, "OK OK_NOISY"),
        (ag.sin, 1e15, "OK_NOISY"),  # floats are 1/8 apart
        (ag.sin, 1e17, "OK_NOISY"),  # and here 16
        (ag.sin, 1e300, "OK_NOISY"),  # of which 0.1 remains after whole turns: the values look smooth
        (lambda x: ag.cos(x) * x, 4.9499e73, "OK_NOISY"),
        (ag.tan, math.pi / 2, "OK_NOISY"),  # whose pole is nearer than the next float
        (lambda x: 2 * x, 1e308, "NONFINITE"),
    ],
)
def test_at_the_ends_of_the_range_of_floats(f, x, verdicts):
    assert verdict(f, x) in verdicts.split()


@pytest.mark.parametrize(("f", "x"), [(ag.floor, 1.0), (lambda x: x - 1, 1 + 2e-16), (lambda x: x, 1.0)])
def test_a_huge_gradient_is_not_excused_by_the_spacing_of_floats(f, x):
    assert not check_gradients(f, x, gradient=lambda x: 1e20)


@pytest.mark.parametrize("x", [5e-324, 2.2250738585e-313, 1e-310, 2.2250738585072014e-308, 1e-303, 1e-200])
def test_next_to_zero_nothing_raises_and_nothing_right_is_wrong(x):
    for f in (ag.relu, abs, ag.tanh, ag.cos, ag.elu, lambda x: x * x, lambda x: 5 + ag.relu(x), lambda x: x / (1 + x * x)):
        assert check_gradients(f, x)
        assert check_gradients(f, -x)
    assert check_gradients(ag.maximum, x, x)
    if x > 1e-320:  # below, √2 x and √x are rounded to a digit
        assert check_gradients(lambda x: ag.sqrt(abs(x)), x)
        assert check_gradients(ag.hypot, x, x)
    assert not check_gradients(ag.tanh, x, gradient=lambda x: 1 + 1e-6)


def test_digits_that_tiny_numbers_have_lost_are_no_error():
    """The partials of this product are of size 1e-316, where floats have nine digits left."""
    np = pytest.importorskip("numpy")
    a = np.array([[-9.398213119871614e-303, 8.978680155326806, 10.0], [10.0, -2.220446049250313e-16, 0.7324571671924502]])
    assert check_gradients(ag.prod, a)
    assert check_gradients(ag.relu, a)


# ── one operation by itself ──


def test_a_wrong_rule_is_seen_where_its_effect_cancels_or_fades():
    slip = ag.op("slip", "s", lambda x: x * x, lambda out, x: 2 * x * (1 + 1e-6), domain=(-3.0, 3.0))
    try:
        for f in (lambda x: x + (slip(x) - slip(x)), lambda x: ag.sin(x) + 1e-12 * slip(x), lambda x: 5 + slip(x) * 0.0):
            report = check_gradients(f, 1.3)
            assert report.verdict == "WRONG"
            assert report.worst.what == "dslip/doperand 0"
            assert "off by a relative 1e-06" in report.worst.note
            assert report.worst.mode == "reverse, forward"
            assert max(map(len, str(report).splitlines())) <= 120
        assert check_gradients(lambda x: x + 0.0 * slip(x), 1.3, gradient=lambda x: 1.0)  # whose rules are not asked
    finally:
        del ag.ops.rows["slip"]


def test_operations_by_themselves_at_and_near_their_kinks_raise_no_alarm():
    for x in (1.0, 1 + 7.5e-12, 1 - 1e-9, 1 + 1e-5):
        assert check_gradients(lambda a: ag.maximum(a, 2 * a - 1) * ag.sin(a), x)
        assert check_gradients(lambda a: ag.relu(a - 1) ** 2 + abs(a - 1) * a, x)


def test_a_kink_at_any_distance_from_the_point_is_told_from_one_at_it():
    r = random.Random(0)
    for _ in range(100):
        gap, at, k = 10 ** r.uniform(-18, -1) * r.choice((1, -1)), r.choice((0.0, 1.0, 3.7)), r.uniform(0.2, 3)
        assert check_gradients(lambda x: ag.maximum(x, gap * k + at), at)
        assert check_gradients(lambda x: ag.relu(x - at - gap) * k, at)
        assert check_gradients(lambda x: abs(x - at - gap) + x, at)
    a = [[1e-12, 0.0, 0.0], [0.0, 0.0, 0.0]]
    assert check_gradients(lambda rows: [ag.maximum(ag.maximum(x, y), z) for x, y, z in rows], a)


def test_arguments_go_by_the_names_that_the_function_gives_them():
    names = lambda f, *xs: [x.what for x in check_gradients(f, *xs).findings]
    assert names(lambda weight, bias: weight * 2 + bias, 1.0, 2.0) == ["df/dweight", "df/dbias"]
    assert names(lambda v: v[0] * v[1], [1.0, 2.0]) == ["df/dv[0]", "df/dv[1]"]
    assert names(lambda *xs: xs[0] * xs[1], 1.0, 2.0) == ["df/dx0", "df/dx1"]
    assert names(ag.exp, 1.0) == ["df/dx0"]


def test_kinks_all_around_do_not_excuse_an_error_between_them():
    ties = sorted([-0.71782669, 1.06704431, -1.21753825, 0.79044609, -0.82366288, -1.52320293])
    f = lambda x: math.fsum(i * y for i, y in enumerate(sorted([*ties, x])))  # its slope is the place of x
    assert verdict(f, -0.73744008, gradient=lambda x: 3.0) == "OK"
    assert verdict(f, -0.73744008, gradient=lambda x: 3 * (1 + 1e-6)) == "WRONG"


def test_a_kink_beside_rounding_that_one_side_alone_shows():
    """The kink is in a number of size 9, whose rounding is far larger than the result's."""
    f = lambda x: ag.relu(18 * ag.sigmoid(ag.sigmoid(x)) - 9 - 2.2021527994620165) + x
    assert verdict(f, -0.002) == "KINK"
    assert not check_gradients(f, -0.002, gradient=lambda x: 0.99)
    inner = lambda x: 18 * ag.sigmoid(ag.sqrt(ag.sigmoid(x) * 89.991 + 5.0095)) - 9
    assert verdict(lambda x: abs(inner(x) - 8.997985379537006) + x, 1.849326087) == "KINK"


def test_a_side_that_rounding_levels_says_nothing():
    others = [0.4107004482687314, -0.2877477498523163, 2.138537741590006, -20.39740087421139]
    assert check_gradients(lambda x: ag.log(sum(ag.exp(y) for y in (x, *others))), -34.1639712625245)  # whose slope is 1e-16


def test_next_to_a_kink_the_side_that_is_free_tells_the_slope():
    x = 1 - 6.5e-10
    f = lambda a: max(a, 2 * a - 1) * math.sin(a)
    slope = math.sin(x) + x * math.cos(x)
    assert verdict(f, x, gradient=lambda a: slope) == "OK"
    assert not check_gradients(f, x, gradient=lambda a: slope * (1 + 1e-6))


# ── forms, modes, orders ─────────────────────────────────────────────────────────────────────────────────────────


def test_nested_arguments_and_results_and_the_path_to_the_entry():
    def f(weights, options):
        return [weights[0] * options["k"], {"s": ag.sin(weights[1][0])}]

    report = check_gradients(f, [2.0, (0.5,)], {"k": 3.0})
    assert report
    assert {(x.output, f"{x.argument}{x.entry}") for x in report.findings} == {
        (o, e) for o in ("[0]", "[1]['s']") for e in ("0[0]", "0[1][0]", "1['k']")
    }


def test_many_entries_are_checked_along_directions_and_the_wrong_one_is_found():
    n = 300
    xs = [math.sin(i) for i in range(n)]
    f = lambda v: math.fsum(x**3 for x in v)
    right = lambda v: [3 * x * x for x in v]
    assert len(check_gradients(f, xs, gradient=right).findings) < 10
    assert all(row[2] == "" for row in check_gradients(f, xs, gradient=right).rows())  # a direction is at no single number
    for culprit in (1, 123, 299):
        report = check_gradients(
            f, xs, gradient=lambda v, i=culprit: [g * (1.001 if j == i else 1) for j, g in enumerate(right(v))]
        )
        assert not report
        assert {x.entry for x in report.findings if x.verdict == "WRONG"} == {f"[{culprit}]"}
    swapped = lambda v: [right(v)[{5: 6, 6: 5}.get(i, i)] for i in range(n)]
    report = check_gradients(f, xs, gradient=swapped)
    assert not report
    assert {x.entry for x in report.findings if x.verdict == "WRONG"} == {"[5]", "[6]"}


def test_many_kinks_at_once_are_right_as_they_are_one_by_one():
    assert check_gradients(lambda v: sum(abs(x) for x in v[:60]) - sum(ag.clip(x, 0, 1) for x in v[60:]), [0.0] * 120)


def test_softmax_is_seen_although_its_entries_add_up_to_one():
    def softmax(v, slip=1.0):
        e = [ag.exp(x) for x in v]
        return [x / sum(e) for x in e]

    assert check_gradients(softmax, [0.1, -1.0, 2.0])
    assert check_gradients(lambda v: softmax(v) * 4, [0.1, -1.0, 2.0])  # more results than are taken one by one


def test_each_mode_is_checked_and_they_are_held_against_each_other():
    table = ag.ops.rows
    half = ag.op("half_rule", "½", lambda x: x * x, lambda out, x: 2 * x)
    try:
        for modes in (("reverse",), ("forward",), ("reverse", "forward")):
            report = check_gradients(half, 3.0, modes=modes)
            assert report
            assert report.worst.mode == ", ".join(modes)
        half.partials = (lambda out, x: x,)  # forward mode reads the row; reverse mode keeps the method made of it
        assert not check_gradients(half, 3.0, modes=("forward",))
        assert not check_gradients(half, 3.0)
    finally:
        del table["half_rule"]


def test_the_second_order_finds_what_the_first_cannot():
    """A rule that computes the right number from a detached copy: its own derivative is lost."""
    lossy = ag.op("lossy", "x²", lambda x: x * x, lambda out, x: 2 * getattr(x, "data", x))
    try:
        assert verdict(lossy, 3.0, modes=("reverse",)) == "OK"
        report = check_gradients(lossy, 3.0, modes=("reverse",), order=2)
        assert report.verdict == "WRONG"
        assert report.worst.order == 2
        assert "no gradient arrives" in report.worst.note
    finally:
        del ag.ops.rows["lossy"]


def test_third_order():
    assert max(x.order for x in check_gradients(lambda x: ag.exp(ag.sin(x)), 0.7, order=3).findings) == 3
    assert check_gradients(lambda x: ag.exp(ag.sin(x)), 0.7, order=3)


def test_the_numbers_of_higher_orders_are_the_derivatives_themselves():
    found = check_gradients(lambda x: x**3, 1.3, order=3).findings
    assert [x.what for x in found] == ["df/dx", "d2 f/dx/dx", "d3 f/dx/dx/dx"]
    assert [x.analytic for x in found] == pytest.approx([3 * 1.3**2, 6 * 1.3, 6], rel=1e-14)
    assert [x.numeric for x in found] == pytest.approx([3 * 1.3**2, 6 * 1.3, 6], rel=1e-9)
    mixed = {x.what: x.analytic for x in check_gradients(lambda x, v: x**2 * v[1], 3.0, [5.0, 4.0], order=2).findings}
    assert mixed["d2 f/dx/dx"] == 8.0
    assert mixed["d2 f/dx/dv[1]"] == mixed["d2 f/dv[1]/dx"] == 6.0
    assert mixed["d2 f/dv[0]/dx"] == 0.0
    several = {x.what: x.analytic for x in check_gradients(lambda x: [x**2, x**3], 3.0, order=2).findings}
    assert (several["d2 f[0]/dx/dx"], several["d2 f[1]/dx/dx"]) == (2.0, 18.0)


def test_at_a_kink_nan_is_right_for_a_second_derivative_that_does_not_exist():
    for f in (abs, ag.relu, lambda x: abs(x) * 3 + x, lambda x: ag.maximum(x, -2 * x)):
        report = check_gradients(f, 0.0, order=2)
        assert report.verdict == "KINK", report
    report = check_gradients(lambda x, y: abs(x) * y * y, 0.0, 2.0, order=2)
    assert report
    assert {x.what: x.verdict for x in report.findings}["d2 f/dy/dy"] == "OK"
    assert not check_gradients(lambda x: ag.sqrt(x) * x * x, 0.0, order=3)  # whose nan is none of a kink


def test_methods_of_values_work_too():
    assert verdict(lambda x: x.tanh().exp(), 0.3) == "OK"
    assert check_gradients(lambda x: x.sin(), ag.Value(0.3))


# ── the report ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_raise_on_error_raises_an_assertion_error_with_the_table():
    with pytest.raises(AssertionError, match="WRONG") as caught:
        check_gradients(lambda x: x**2, 3.0, gradient=lambda x: x, raise_on_error=True)
    assert isinstance(caught.value, WrongGradient)
    assert str(caught.value) == str(caught.value.report)
    assert check_gradients(lambda x: x**2, 3.0, raise_on_error=True)


def test_the_picture_is_a_self_contained_svg_and_text_is_escaped():
    for f, x, options in [
        (ag.sin, 1.0, {}),
        (abs, 0.0, {}),
        (math.sin, 1.0, {"gradient": lambda x: 2.0}),
        (ag.floor, 1.0, {}),
    ]:
        report = check_gradients(f, x, **options)
        svg = ET.fromstring(report._repr_svg_())
        assert svg.tag.endswith("svg")
        assert len(svg.findall(".//{*}polyline")) == 3
        assert "http" not in report._repr_svg_().replace("http://www.w3.org/2000/svg", "")
    report = check_gradients(lambda d: d["<b>"], {"<b>": 1.0})
    assert "<b>']" not in report._repr_html_()
    ET.fromstring(f"<div>{report._repr_html_()}</div>")


def test_a_long_table_is_cut_and_says_so():
    text = str(check_gradients(lambda v: sum(v), [float(i) for i in range(40)]))
    assert "and 20 more" in text
    assert max(map(len, text.splitlines())) <= 120


def test_the_first_line_says_what_is_the_case_and_the_last_what_to_do():
    rng = random.Random(0)
    for f, options, first, last in [
        (ag.sin, {}, "sin: gradient right (1 OK)", "both"),
        (ag.sin, {"gradient": lambda x: 2.0}, "sin: gradient WRONG (1 WRONG)", "WRONG: the rule is wrong"),
        (lambda x: ag.log(x - 9), {}, "f: value or gradient not finite (1 NONFINITE)", "NONFINITE: move the point"),
        (lambda x: x * rng.random(), {}, "f: not the same value each time (1 NONDETERMINISTIC)", "fix the seed"),
    ]:
        lines = str(check_gradients(f, 1.0, **options)).splitlines()
        assert lines[0] == first
        assert last in lines[-1]


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: check_gradients(math.sin), TypeError, "at least one argument"),
        (lambda: check_gradients(math.sin, 1.0, modes=("backward",)), ValueError, "reverse"),
        (lambda: check_gradients(math.sin, 1.0, modes=()), ValueError, "at least one"),
        (lambda: check_gradients(math.sin, 1.0, order=0), ValueError, "order"),
        (lambda: check_gradients(math.sin, 1.0, order=2, gradient=math.cos), ValueError, "gradient="),
        (lambda: check_gradients(lambda x: [x, x], 1.0, gradient=math.cos), TypeError, "returns one number"),
        (
            lambda: check_gradients(lambda v: v[0], [1.0, 2.0], gradient=lambda v: [1.0]),
            ValueError,
            "the structure of the arguments",
        ),
        (lambda: check_gradients(ag.sin, "x"), TypeError, "number"),
    ],
)
def test_what_cannot_be_checked_is_refused_with_the_remedy(call, error, said):
    with pytest.raises(error, match=said):
        call()


def test_numbers_are_checked_without_numpy_and_the_core_does_not_import_the_checker():
    code = (
        "import sys, autograd; assert 'autograd.check' not in sys.modules; "
        "from autograd import check_gradients; assert check_gradients(lambda v: v[0] * v[1], [1.0, 2.0]); "
        "assert 'numpy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


# ── how often it is wrong itself ─────────────────────────────────────────────────────────────────────────────────


def families(r):
    """Functions of many kinds with parameters over many decades, never used to tune the checker."""

    def wide(low, high):
        return 10 ** r.uniform(low, high) * r.choice((-1, 1))

    k, c, x, y, z, n = wide(-3, 3), wide(-4, 4), wide(-8, 8), r.uniform(-3, 3), r.uniform(0.1, 3), r.randint(2, 6)
    w, v = [[r.uniform(-1, 1) for _ in range(3)] for _ in range(4)], [r.uniform(-1, 1) for _ in range(4)]
    xs, near = [r.uniform(-2, 2) for _ in range(3)], wide(-6, -1)

    def layer(activation):
        return lambda xs: sum(vi * activation(sum(a * b for a, b in zip(row, xs))) for row, vi in zip(w, v))

    def horner(t):
        total = 0.0
        for coefficient in v:
            total = total * t + coefficient
        return total

    def heron(t):
        root = t
        for _ in range(6):
            root = 0.5 * (root + t / root)
        return root

    def logistic(t):
        s = 0.3
        for _ in range(n):
            s = t * s * (1 - s)
        return s

    def pendulum(t):
        angle, speed = 1.0, 0.0
        for _ in range(20):
            angle, speed = angle + 0.05 * speed, speed - 0.05 * t * ag.sin(angle)
        return angle

    def kepler(e, mean):
        anomaly = mean
        for _ in range(8):
            anomaly = mean + e * ag.sin(anomaly)
        return anomaly

    def softmax(v):
        e = [ag.exp(q) for q in v]
        return [q / sum(e) for q in e]

    return {
        "tanh layer": (layer(ag.tanh), xs),
        "relu layer": (layer(ag.relu), xs),
        "relu layer, inputs of 0": (layer(ag.relu), [0.0, xs[1], 0.0]),
        "Horner": (horner, x),
        "Heron": (heron, abs(x)),
        "logistic map": (logistic, r.uniform(2, 4)),
        "pendulum": (pendulum, y),
        "Kepler": (kepler, r.uniform(0, 0.8), r.uniform(0, 3)),
        "softmax": (softmax, [4 * q for q in xs]),
        "logsumexp": (lambda v: ag.log(sum(ag.exp(q) for q in v)), [10 * q for q in xs]),
        "sin(kx)": (lambda t: ag.sin(k * t), y),
        "Gauss": (lambda s, t: ag.exp(-((s - t) ** 2) / (2 * z * z)) / z, y, y + 2 * z * r.uniform(-1, 1)),
        "1/x": (lambda t: k / t, x),
        "Rosenbrock": (lambda s, t: (1 - s) ** 2 + 100 * (t - s * s) ** 2, y, r.uniform(-3, 3)),
        "power": (lambda t: t**n, x),
        "log": (ag.log, abs(x)),
        "hypot": (lambda s, t: ag.sqrt(s * s + t * t), x, x * r.uniform(-2, 2)),
        "offset": (lambda t: c + t * t, y),
        "arctan": (lambda t: ag.arctan(k * t) * c, y),
        "pole": (lambda t: 1 / (t - 1), 1 + near),
        "log pole": (lambda t: ag.log(t * t - 1), 1 + abs(near)),
        "x sin(1/x)": (lambda t: t * ag.sin(1 / t), wide(-4, -1)),
        "hinge at its kink": (lambda s, t: ag.relu(1 - s * t), y, 1 / y),
        "lasso": (lambda v: sum(abs(q) for q in v) + v[0] ** 2, [0.0, y, 0.0]),
        "ties": (lambda v: ag.maximum(ag.maximum(v[0], v[1]), v[2]), [1.0, 1.0, y]),
        "cancels": (lambda t: (1 + t) * (1 + t) - 1 - 2 * t, r.uniform(-1, 1)),
        "floor": (lambda t: t * ag.floor(t), y),
        "clip": (lambda t: ag.clip(t, -1, 1) * t, r.choice((1.0, -1.0, y))),
        "softplus": (lambda t: ag.softplus(k * t) / k, y),
        "sums of unlike": (lambda s, t: s + t, x, wide(-8, 8)),
        "products of unlike": (lambda s, t: s * t + k, x, wide(-8, 8)),
        "cross-entropy": (lambda t: -(0.3 * ag.log(ag.sigmoid(t)) + 0.7 * ag.log(1 - ag.sigmoid(t))), 3 * y),
        "chain": (lambda t: ag.sin(ag.exp(ag.tanh(t))) * t, y),
    }


def programs(r):
    """Random programs over the whole table; seeds 1 to 3 of these were used to tune the checker."""
    for kind, options in {
        "plain": {},
        "decades": {"decades": 8},
        "vector": {"outputs": 3},
        "kink": {"kink": True},
        "long": {"size": 25},
    }.items():
        program = random_program(r, **({"inputs": r.randint(1, 3), "size": r.randint(2, 12)} | options))
        yield kind, (program, *program.point)


def score(cases, rounds):
    """Count false alarms of correct functions, and caught relative errors of 1e-6 in one entry.

    An error counts where floats can resolve the gradient to 1e-6: f changes by 1e-6 of itself, or more, when x doubles.
    """
    right = injected = caught = faint = 0
    alarms, missed = [], []
    for n in range(rounds):
        r = random.Random(f"measured {n}")
        for name, (f, *xs) in cases(r):
            report = check_gradients(f, *xs)
            right += 1
            if not report:
                alarms.append((name, xs, str(report)))
            value = f(*xs)
            if isinstance(value, list) or any(x.verdict == "KINK" for x in report.findings):
                continue
            gradient, form = flatten(grad(f, tuple(range(len(xs))))(*xs))
            point = flatten(xs)[0]
            visible = [i for i, g in enumerate(gradient) if abs(g * point[i]) > 1e-6 * abs(value)]
            faint += sum(g != 0 for g in gradient) - len(visible)
            if visible:
                slip = r.choice(visible)
                wrong = form([g * (1 + r.choice((-1e-6, 1e-6))) if i == slip else g for i, g in enumerate(gradient)])
                injected += 1
                found = check_gradients(f, *xs, gradient=lambda *_, wrong=wrong: wrong)
                caught += not found
                if found:
                    missed.append((name, xs, f(*xs), str(found)[-900:]))
    return right, alarms, injected, caught, missed, faint


@pytest.mark.parametrize("cases", [lambda r: families(r).items(), programs], ids=["families", "programs"])
@pytest.mark.parametrize("size", [1, pytest.param(15, marks=pytest.mark.slow)])
def test_no_false_alarm_and_nearly_no_error_missed(cases, size, capsys, request):
    rounds = size * (12 if "families" in request.node.name else 100)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ag.NoDerivativeWarning)
        right, alarms, injected, caught, missed, faint = score(cases, rounds)
    with capsys.disabled():
        print(
            f"\ncheck_gradients on {request.node.callspec.id}: {len(alarms)} false alarms in {right} right functions; "
            f"{caught} of {injected} relative errors of 1e-6 caught ({caught / injected:.2%}); "
            f"{faint} gradients too faint for any"
        )
    assert not alarms, "\n".join(map(str, alarms))
    assert caught >= 0.995 * injected, "\n".join(map(str, missed))


# ── arrays ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_arrays_entry_by_entry_and_along_directions_down_to_the_wrong_entry():
    np = pytest.importorskip("numpy")
    small, large = (np.random.default_rng(1).normal(size=shape) for shape in ((3, 4), (30, 40)))
    for a in (small, large):
        slip = lambda a: np.exp(a) * (1 + 1e-5 * (a == a[1, 2]))
        assert check_gradients(lambda a: ag.sum(ag.exp(a)), a, order=2)
        wrong = check_gradients(lambda a: ag.sum(ag.exp(a)), a, gradient=slip)
        assert {x.entry for x in wrong.findings if x.verdict == "WRONG"} == {"[1, 2]"}
        assert wrong.worst.numeric == pytest.approx(math.exp(a[1, 2]), rel=1e-7)


def test_an_entry_that_is_off_among_many_kinks_is_found():
    np = pytest.importorskip("numpy")
    a = np.random.default_rng(3).normal(size=300)
    a[::3] = 0.0
    assert check_gradients(lambda a: ag.sum(abs(a)), a).verdict == "KINK"
    slip = lambda a: np.sign(a) * (1 + 1e-6 * (np.arange(300) == 100))
    report = check_gradients(lambda a: ag.sum(abs(a)), a, gradient=slip)
    assert {x.entry for x in report.findings if x.verdict == "WRONG"} == {"[100]"}
    constant = slip(a)  # and as a gradient that was computed beforehand
    assert check_gradients(lambda a: ag.sum(abs(a)), a, gradient=lambda _: np.sign(a)).verdict == "KINK"
    report = check_gradients(lambda a: ag.sum(abs(a)), a, gradient=lambda _: constant)
    assert {x.entry for x in report.findings if x.verdict == "WRONG"} == {"[100]"}


def test_rounding_within_arrays_is_no_error():
    np = pytest.importorskip("numpy")
    a = np.random.default_rng(4).normal(size=(6, 5))
    normal = lambda a: (a - ag.mean(a, axis=0)) / ag.sqrt(ag.mean((a - ag.mean(a, axis=0)) ** 2, axis=0))
    assert check_gradients(lambda a: ag.sum(normal(a)), a)  # it is 0, and so is its gradient
    gelu = lambda a: 0.5 * a * (1 + ag.tanh(0.79788 * (a + 0.044715 * a**3)))
    assert check_gradients(gelu, np.array([-6.04009, -5.52714, 1.0]))  # of which 1 + tanh leaves two digits


def test_a_gradient_that_is_rounding_alone_is_no_error_at_any_scale():
    """A term that a normalisation removes has the gradient 0; the computed gradient is the rounding of cancelling terms."""
    np = pytest.importorskip("numpy")
    normal = lambda y: (y - ag.mean(y, axis=0)) / ag.sqrt(ag.var(y, axis=0) + 1e-5)
    g = np.random.default_rng(1)
    for _ in range(40):
        x, w, b = g.normal(size=(3, 1)), g.normal(size=1) * 10 ** g.uniform(-3, 0), g.normal(size=1) * 10 ** g.uniform(-1, 1)
        assert check_gradients(lambda x, w, b: normal(x * w + b), x, w, b)
    for shift in (0.3, 35.8, 195.6, -118.5):
        a = g.normal(size=4)
        assert check_gradients(lambda a, s: ag.log_softmax(a + s)[1], a, shift)
        assert check_gradients(lambda a, s: a * s / ag.sum(a * s), a, shift)
    slip = lambda b: check_gradients(lambda b: ag.sum(normal(x * w + b) ** 3), b, gradient=lambda b: np.full(1, 1e-3))
    assert not slip(b)


def test_float32_is_held_against_the_same_function_in_float64():
    np = pytest.importorskip("numpy")
    a = np.random.default_rng(2).normal(size=(2, 3)).astype("float32")
    report = check_gradients(lambda a: ag.sum(ag.tanh(a) ** 2), a)
    assert report.verdict == "OK"
    assert report.worst.digits > 8  # which differences in float32 could not tell
    sure = np.array([2.1124837, 1.0, 0.5], "float32")  # softmax's 1 − p has three digits in float32
    assert check_gradients(lambda a: ag.logsumexp(a * 10), sure, order=2)
    unstable = lambda a: ag.sum(ag.log(ag.exp(a * 100))) if a.dtype == "float64" else ag.sum(a * 100.5)
    report = check_gradients(unstable, a)
    assert report.verdict == "WRONG"
    assert "float32" in report.worst.note


def beside_numbers(np, seed):
    """Functions of arrays and numbers together, with the point."""
    g = np.random.default_rng(seed)
    a, w, x, z = g.normal(size=5), g.normal(size=(3, 4)), g.uniform(-3, 3), g.uniform(0.1, 3)
    size = 10.0 ** g.integers(-6, 7)
    return [
        (lambda a, k: ag.sum(a * a) * k, a * size, x),
        (lambda a, t: ag.softmax(a / t), a, z),
        (lambda k, a, b: [ag.sum(a) * k, k * b, ag.exp(-a * a * b)], x, a, z),
        (lambda d: ag.sum(d["w"] @ a[:4] * d["s"]) + d["s"] ** 2, {"w": w, "s": x}),
        (lambda a, p: ag.sum(abs(a) ** p), a, z),
        (lambda a, k: k * k, a, x),
        (lambda a, k: ag.sum(ag.maximum(a, k)), np.array([1.0, x, -1.0]), x),
        (lambda a, k: ag.sum(ag.sin(a) * k), a.astype("float32"), x),
        (lambda a, e: a / ag.sqrt(ag.sum(a * a) + e * e), a * size, z * size),
        (lambda a, k: ag.sum(ag.tanh(a * k)), g.normal(size=300), x),
        (lambda a, k: a * k, np.array(x), z),
        (lambda a, m, s: ag.sum((a - m) ** 2 / (2 * s * s) + ag.log(s)), a, x, z),
        (lambda a, k: k * 3 if k > 0 else ag.sum(a), a, x),
    ]


def test_numbers_beside_arrays_raise_no_alarm_and_their_errors_are_seen():
    np = pytest.importorskip("numpy")
    for seed in range(3):
        for n, (f, *xs) in enumerate(beside_numbers(np, seed)):
            report = check_gradients(f, *xs, order=1 + (seed == 0))
            assert report, (seed, n, str(report))
    a = np.arange(1.0, 6.0)
    f, right = (lambda a, k: ag.sum(ag.sin(a) * k)), lambda a, k: (np.cos(a) * k, float(np.sin(a).sum()))
    assert check_gradients(f, a, 2.0, gradient=right)
    wrong = check_gradients(f, a, 2.0, gradient=lambda a, k: (right(a, k)[0], right(a, k)[1] * (1 + 1e-6)))
    assert [x.what for x in wrong.findings if x.verdict == "WRONG"] == ["df/dk"]


def test_a_network_is_checked_with_few_evaluations():
    """48 inputs, 24 parameters and 6 results, all of which share each evaluation."""
    np, nn, testing = pytest.importorskip("numpy"), pytest.importorskip("nn"), pytest.importorskip("autograd.testing")
    own = {"rng": np.random.default_rng(0), "dtype": float}
    layers = nn.Conv2d(1, 1, 3, padding=1, **own), nn.Softplus(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(4, 2, **own)
    network = testing.Network(nn.Sequential(*layers), (own["rng"].normal(size=(3, 1, 4, 4)),))
    calls = []
    report = check_gradients(lambda *point: calls.append(1) or network(*point), *network.point)
    assert report
    assert sum(map(np.size, network.point)) == 48 + 20
    assert len(calls) <= 2000


FAVOURITES = [  # what Hypothesis likes to draw: zeros, ties, bounds, the tiniest numbers
    [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]],
    [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]],
    [[10.0, 10.0, -10.0], [0.0, 1.0, -1.0]],
    [[0.0, -9.29842519868157e-260, 0.0], [0.0, 0.0, 0.0]],
    [[5e-324, 1.1125369292536007e-308, -8.059062367846662], [-5.469378750946582, -6.003512360263573, 2.5]],
    [[1e-13, 0.0, -5.509570518728148], [-5.509570518728148, 0.0, -5.906588380967505]],
]


@pytest.mark.parametrize("a", FAVOURITES, ids=str)
def test_small_functions_are_checked_with_few_evaluations_at_awkward_points(a):
    np = pytest.importorskip("numpy")
    for f in (ag.sum, ag.prod, ag.tanh, ag.relu, abs, ag.std, lambda a: ag.softmax(a, axis=-1), lambda a: ag.max(a, axis=1),
              lambda a: a / (1 + a * a), lambda a: ag.where(a > 0, a * a, -3 * a)):
        calls = []
        assert check_gradients(lambda a: calls.append(1) or f(a), np.array(a))
        assert len(calls) <= 800
