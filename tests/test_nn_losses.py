"""Losses and penalties: the course's numbers, and one name for lists of numbers and for arrays."""

import math
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
from autograd import Value, grad, gradient, jvp, log
from autograd.graph import topological
from autograd.tensor import Tensor

def number(loss):
    """A loss of any kind of node as a plain number."""
    return loss.item() if hasattr(loss, "item") else loss


def plain(losses):
    """The same of nested lists."""
    return [plain(loss) for loss in losses] if isinstance(losses, list) else number(losses)


# ── the course's numbers, in both worlds ─────────────────────────────────────────────────────────────────────────

@pytest.mark.parametrize("make", [
    lambda x: x, lambda x: Tensor(x) if np.asarray(x).dtype.kind == "f" else np.asarray(x),
], ids=["lists", "tensors"])
def test_numbers_of_the_course(make):
    assert number(nn.sse_loss(make(0.7), make(0.5))) == pytest.approx(0.04, rel=1e-14)
    prediction, truth = make([3.0, 4.0, 5.0]), make([2.7, 4.2, 5.5])
    assert number(nn.mse_loss(prediction, truth)) == pytest.approx(0.38 / 3, rel=1e-14)
    assert number(nn.rmse_loss(prediction, truth)) == pytest.approx(math.sqrt(0.38 / 3), rel=1e-14)
    assert number(nn.sse_loss(prediction, truth)) == pytest.approx(0.38, rel=1e-14)
    assert number(nn.l1_loss(prediction, truth)) == pytest.approx(1 / 3, rel=1e-14)
    probabilities = make([math.log(0.7), math.log(0.3)])
    assert number(nn.cross_entropy(probabilities, 1)) == pytest.approx(-math.log(0.3), rel=1e-14)
    assert number(nn.nll_loss(probabilities, 1)) == pytest.approx(-math.log(0.3), rel=1e-14)
    assert number(nn.binary_cross_entropy(make([0.3]), make([1.0]))) == pytest.approx(-math.log(0.3), rel=1e-14)
    scores = make([[3.2, 5.1, -1.7], [1.3, 4.9, 2.0], [2.2, 2.5, -3.1]])
    assert number(nn.hinge_loss(scores, make([0, 1, 2]))) == pytest.approx((2.9 + 0.0 + 12.9) / 3, rel=1e-14)
    # softmax loss of the same cat: −log(24.5 / (24.5 + 164.0 + 0.18)), in the natural logarithm
    assert number(nn.cross_entropy(scores[0], 0)) == pytest.approx(2.0404, abs=1e-4)


def test_cross_entropy_on_a_one_hot_target_is_that_on_its_index():
    scores = Tensor([[0.5, -1.0, 2.0], [1.0, 1.0, 0.0]])
    one_hot = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
    assert nn.cross_entropy(scores, one_hot).item() == pytest.approx(nn.cross_entropy(scores, [2, 0]).item(), rel=1e-14)


def test_the_first_loss_is_what_chance_gives_and_rises_with_regularisation():
    scores = Tensor(np.zeros((5, 10)))
    assert nn.cross_entropy(scores, np.arange(5)).item() == pytest.approx(2.302585, abs=1e-6)
    assert nn.hinge_loss(scores, np.arange(5)).item() == 9.0  # C − 1
    w = Tensor(np.full((10, 3), 0.1))
    assert (nn.cross_entropy(scores, np.arange(5)) + 1e3 * nn.l2_penalty([w])).item() > 300


def test_with_no_hinge_loss_twice_the_weights_are_as_good_so_regularise():
    w = np.array([[2.0, 0.0], [0.0, 2.0]])
    x, labels = np.array([[1.0, 0.0], [0.0, 3.0]]), np.array([0, 1])
    once, twice = (nn.hinge_loss(Tensor(x) @ (k * w), labels).item() for k in (1, 2))
    assert once == twice == 0.0
    small, large = (0.001 * nn.l2_penalty([Tensor(k * w)]).item() for k in (1, 2))
    assert once + small < twice + large


@pytest.mark.parametrize("make", [lambda w: [Tensor(w)], lambda w: [Value(v) for v in w], lambda w: [("w", Tensor(w))]])
def test_l2_prefers_spread_weights_and_l1_does_not_mind(make):
    x, w1, w2 = np.ones(4), [1.0, 0.0, 0.0, 0.0], [0.25, 0.25, 0.25, 0.25]
    assert x @ w1 == x @ w2 == 1.0
    assert number(nn.l2_penalty(make(w1))) == 1.0 and number(nn.l2_penalty(make(w2))) == 0.25
    assert number(nn.l1_penalty(make(w1))) == number(nn.l1_penalty(make(w2))) == 1.0
    assert number(nn.elastic_penalty(make(w1), beta=0.5)) == 1.5 and number(nn.elastic_penalty(make(w2), beta=0.5)) == 1.125


def test_slopes_of_penalties():
    w = Tensor([[3.0, -2.0], [0.0, 0.5]])
    np.testing.assert_array_equal(gradient(nn.l2_penalty([w]), w), 2 * w.data)
    np.testing.assert_array_equal(gradient(nn.l1_penalty([w]), w), [[1.0, -1.0], [0.0, 1.0]])
    np.testing.assert_array_equal(gradient(nn.elastic_penalty([w], 0.5), w), w.data + np.sign(w.data))
    numbers = nn.MLP(2, [2, 1], rng=0)
    gradient(nn.l2_penalty(numbers.parameters()), list(numbers.parameters()))
    with pytest.raises(ValueError, match="l1_penalty of no parameters"):
        nn.l1_penalty([])


# ── numbers and arrays agree ─────────────────────────────────────────────────────────────────────────────────────

finite = st.floats(-30, 30, allow_subnormal=False)
reductions = st.sampled_from(["mean", "sum", "none"])


def agree(loss, numbers, target, **options):
    """The loss and its gradient, of lists of Values and of a Tensor."""
    leaves = [[Value(v) for v in row] for row in numbers]
    x = Tensor(numbers)
    ours, theirs = loss(leaves, target, **options), loss(x, np.asarray(target), **options)
    seeds = np.random.default_rng(0).normal(size=theirs.shape)

    def weighed(y, seed):
        return sum((weighed(a, b) for a, b in zip(y, seed, strict=True)), 0.0) if isinstance(y, list) else y * float(seed)

    np.testing.assert_allclose(plain(ours), theirs.data, rtol=1e-12, atol=1e-12)
    slopes = gradient(weighed(ours, seeds), [v for row in leaves for v in row])
    np.testing.assert_allclose(slopes, gradient((theirs * seeds).sum(), x).ravel(), rtol=1e-11, atol=1e-12)


@settings(max_examples=25)
@given(st.data(), st.integers(1, 4), st.integers(1, 4), reductions)
def test_losses_of_entries(data, n, m, reduction):
    x = data.draw(st.lists(st.lists(finite, min_size=m, max_size=m), min_size=n, max_size=n))
    y = data.draw(st.lists(st.lists(finite, min_size=m, max_size=m), min_size=n, max_size=n))
    agree(nn.mse_loss, x, y, reduction=reduction)
    agree(nn.l1_loss, x, y, reduction=reduction)
    agree(nn.smooth_l1_loss, x, y, reduction=reduction, beta=2.0)
    shares = [[abs(v) / 30 for v in row] for row in y]
    agree(nn.binary_cross_entropy_with_logits, x, shares, reduction=reduction)
    agree(nn.binary_cross_entropy, [[0.999 * abs(v) / 30 + 0.0005 for v in row] for row in x], shares, reduction=reduction)


@pytest.mark.filterwarnings("ignore:.*every row of the input is a distribution")  # a row of 0 and 1 may be drawn
@settings(max_examples=25)
@given(st.data(), st.integers(1, 4), st.integers(1, 5), reductions)
def test_losses_of_labels(data, n, classes, reduction):
    x = data.draw(st.lists(st.lists(finite, min_size=classes, max_size=classes), min_size=n, max_size=n))
    labels = data.draw(st.lists(st.integers(0, classes - 1), min_size=n, max_size=n))
    weight = data.draw(st.none() | st.lists(st.floats(0.1, 3), min_size=classes, max_size=classes))
    agree(nn.cross_entropy, x, labels, reduction=reduction, weight=weight)
    agree(nn.nll_loss, x, labels, reduction=reduction, weight=weight)
    agree(nn.hinge_loss, x, labels, reduction=reduction, margin=0.5)


@settings(max_examples=25)
@given(st.lists(st.tuples(finite, st.sampled_from([-1, 1])), min_size=1, max_size=6), reductions)
def test_hinge_loss_of_one_score_per_example(pairs, reduction):
    scores, signs = [s for s, _ in pairs], [y for _, y in pairs]
    ours = nn.hinge_loss(scores, signs, reduction=reduction)
    theirs = nn.hinge_loss(Tensor(scores), np.array(signs), reduction=reduction)
    np.testing.assert_allclose(ours, theirs.data, rtol=1e-13)


def test_a_root_of_nothing_has_gradient_0():
    for x, same in ((Value(2.0), 2.0), (Tensor([2.0, 3.0]), [2.0, 3.0])):
        assert np.all(np.asarray(gradient(nn.rmse_loss(x, same), x)) == 0.0)


def test_a_certain_probability_costs_nothing_or_a_hundred_as_in_pytorch():
    for make in (lambda x: x, Tensor):
        assert number(nn.binary_cross_entropy(make([1.0]), make([1.0]))) == 0.0
        assert number(nn.binary_cross_entropy(make([1.0]), make([0.0]))) == 100.0


# ── modules, scopes ──────────────────────────────────────────────────────────────────────────────────────────────

@pytest.mark.parametrize("module, function, target", [
    (nn.MSELoss("sum"), lambda x, y: nn.mse_loss(x, y, reduction="sum"), [[0.5, 0.1]]),
    (nn.L1Loss(), nn.l1_loss, [[0.5, 0.1]]),
    (nn.SmoothL1Loss(beta=0.1), lambda x, y: nn.smooth_l1_loss(x, y, beta=0.1), [[0.5, 0.1]]),
    (nn.BCELoss(), nn.binary_cross_entropy, [[0.0, 1.0]]),
    (nn.BCEWithLogitsLoss(), nn.binary_cross_entropy_with_logits, [[0.0, 1.0]]),
    (nn.CrossEntropyLoss(weight=[1.0, 3.0]), lambda x, y: nn.cross_entropy(x, y, [1.0, 3.0]), [1]),
    (nn.NLLLoss(), nn.nll_loss, [1]),
    (nn.HingeLoss(2.0), lambda x, y: nn.hinge_loss(x, y, margin=2.0), [1]),
])
def test_losses_as_modules(module, function, target):
    for x in ([[0.3, 0.8]], Tensor([[0.3, 0.8]])):
        y = np.asarray(target) if isinstance(x, Tensor) else target
        assert number(module(x, y)) == number(function(x, y))
    assert not list(module.parameters())


def test_a_loss_is_one_box_in_a_drawing():
    for x in ([Value(0.3), Value(0.8)], Tensor([0.3, 0.8])):
        for loss in (nn.mse_loss(x, [1.0, 0.0]), nn.MSELoss()(x, [1.0, 0.0])):
            assert {node.scope.path for node in topological(loss) if node.inputs} == {"mse_loss"}


# ── what is refused ──────────────────────────────────────────────────────────────────────────────────────────────

@pytest.mark.parametrize("loss", [nn.cross_entropy, nn.nll_loss, nn.hinge_loss])
@pytest.mark.parametrize("labels, message", [
    ([2], "out of range"), ([-1], "out of range"), ([0, 1], "one|as many|shape"), ([0.5], "integer"),
])
def test_labels_that_do_not_fit_are_refused_in_both_worlds(loss, labels, message):
    for scores in ([[1.0, 2.0]], Tensor([[1.0, 2.0]])):
        with pytest.raises((ValueError, TypeError), match=message) as refused:
            loss(scores, labels if isinstance(scores, list) else np.asarray(labels))
        assert loss.__name__ in str(refused.value)


@pytest.mark.parametrize("loss", [nn.mse_loss, nn.l1_loss, nn.smooth_l1_loss, nn.binary_cross_entropy,
                                  nn.binary_cross_entropy_with_logits])
def test_nothing_is_broadcast_and_an_empty_batch_has_no_loss(loss):
    for make in (lambda x: x, lambda x: Tensor(np.array(x))):
        with pytest.raises(ValueError, match=loss.__name__):
            loss(make([[0.5], [0.5]]), make([0.5, 0.5]))
        with pytest.raises(ValueError, match="empty batch"):
            loss(make([]), make([]))
        with pytest.raises(ValueError, match="reduction='avg'; it must be 'mean', 'sum' or 'none'"):
            loss(make([0.5]), make([0.5]), reduction="avg")


@pytest.mark.parametrize("wrong, error, message", [
    (lambda: nn.binary_cross_entropy([1.5], [1.0]), ValueError, r"probabilities must lie in \[0, 1\]; input\[0\] is 1.5"),
    (lambda: nn.binary_cross_entropy(Tensor([1.5]), Tensor([1.0])), ValueError, r"probabilities must lie in \[0, 1\]"),
    (lambda: nn.hinge_loss(Tensor([0.5]), np.array([0])), ValueError, r"targets of -1 and 1; target\[0\] is 0"),
])
def test_what_does_not_fit_is_refused(wrong, error, message):
    with pytest.raises(error, match=message):
        wrong()


# ── one door ─────────────────────────────────────────────────────────────────────────────────────────────────────

DOORS = ["binary_cross_entropy", "binary_cross_entropy_with_logits", "cross_entropy", "hinge_loss", "l1_loss", "mse_loss",
         "nll_loss", "smooth_l1_loss"]


@pytest.mark.parametrize("name", DOORS)
def test_each_loss_is_one_function_whichever_way_it_is_reached(name):
    assert getattr(nn, name) is getattr(nn.functional, name) is getattr(nn.losses, name)
    assert getattr(nn, name).__name__ == name


LABELLED = ["cross_entropy", "nll_loss", "hinge_loss"]


@pytest.mark.parametrize("name", DOORS)
def test_lists_arrays_values_and_tensors_give_one_number(name):
    """For every container of numbers and of targets."""
    loss = getattr(nn.functional, name)
    rows = [[0.25, 0.5, 0.125], [0.75, 0.25, 0.5]]
    target = [2, 0] if name in LABELLED else [[0.0, 1.0, 0.5], [1.0, 0.25, 0.0]]
    expected = number(loss(rows, target))
    for scores in (rows, tuple(map(tuple, rows)), np.array(rows), Tensor(rows), [[Value(v) for v in row] for row in rows],
                   [Tensor(row) for row in rows]):
        for y in (target, np.array(target), Tensor(target, requires_grad=False)):
            assert number(loss(scores, y)) == pytest.approx(expected, rel=1e-14)


def test_hinge_loss_of_a_list_of_scores_and_a_label():
    assert nn.functional.hinge_loss([3.0, -1.0, 2.5], 0) == 0.5


@pytest.mark.parametrize("name", LABELLED)
def test_a_lone_example_is_a_batch_of_one(name):
    loss = getattr(nn, name)
    for make in (lambda x: x, np.array, Tensor):
        for reduction in ("mean", "sum", "none"):
            assert number(loss(make([0.3, 2.0, -1.0]), 1, reduction=reduction)) == number(loss(make([[0.3, 2.0, -1.0]]), [1]))


@pytest.mark.filterwarnings("ignore:.*every row of the input is a distribution")
@settings(max_examples=25)
@given(st.data(), st.integers(1, 4), st.integers(2, 5), reductions, st.sampled_from([0.0, 0.1, 1.0]))
def test_options_of_losses_of_labels_agree_in_both_worlds(data, n, classes, reduction, smoothing):
    x = data.draw(st.lists(st.lists(finite, min_size=classes, max_size=classes), min_size=n, max_size=n))
    labels = data.draw(st.lists(st.integers(0, classes - 1), min_size=n, max_size=n)) + [1]
    x.append([0.5] * classes)
    weight = data.draw(st.none() | st.lists(st.floats(0.1, 3), min_size=classes, max_size=classes))
    agree(nn.cross_entropy, x, labels, reduction=reduction, weight=weight, ignore_index=0, label_smoothing=smoothing)
    agree(nn.nll_loss, x, labels, reduction=reduction, weight=weight, ignore_index=0)
    shares = np.random.default_rng(n).dirichlet(np.ones(classes), n + 1).tolist()
    agree(nn.cross_entropy, x, shares, reduction=reduction, weight=weight, label_smoothing=smoothing)


@settings(max_examples=25)
@given(st.data(), st.integers(1, 3), st.integers(1, 3), reductions)
def test_weights_of_binary_losses_agree_in_both_worlds(data, n, m, reduction):
    x = data.draw(st.lists(st.lists(st.floats(0.01, 0.99), min_size=m, max_size=m), min_size=n, max_size=n))
    y = data.draw(st.lists(st.lists(st.floats(0, 1), min_size=m, max_size=m), min_size=n, max_size=n))
    for weight in (2.0, [0.5, 1.0, 2.0][:m], [[0.5, 1.0, 2.0][:m]] * n):
        wide = weight if isinstance(weight, float) else np.array(weight)
        for loss in (nn.binary_cross_entropy, nn.binary_cross_entropy_with_logits):
            lists = loss(x, y, weight, reduction=reduction)
            np.testing.assert_allclose(lists, loss(np.array(x), np.array(y), wide, reduction=reduction), rtol=1e-12)
        lists = nn.binary_cross_entropy_with_logits(x, y, pos_weight=weight, reduction=reduction)
        np.testing.assert_allclose(lists, nn.binary_cross_entropy_with_logits(np.array(x), np.array(y), pos_weight=wide,
                                                                              reduction=reduction), rtol=1e-12)


# ── data at the door ─────────────────────────────────────────────────────────────────────────────────────────────

KINDS = pytest.mark.parametrize("make", [lambda x: x, np.array, lambda x: Tensor(np.array(x), requires_grad=False)],
                                ids=["lists", "arrays", "tensors"])


def scores(make, x):
    """The input of a loss, made by ``make``; a Tensor takes a gradient."""
    return Tensor(x) if isinstance(make([0.0]), Tensor) else make(x)


@KINDS
@pytest.mark.parametrize("loss", [nn.binary_cross_entropy, nn.binary_cross_entropy_with_logits])
@pytest.mark.parametrize("target, place, value", [
    ([[1.0, -1.0], [1.0, 1.0]], r"\[0, 1\]", "-1"), ([[0, 1], [2, 0]], r"\[1, 0\]", "2"),
    ([[255.0, 0.0], [0.0, 0.0]], r"\[0, 0\]", "255"),
    ([[0.0, 1.0], [0.0, math.nan]], r"\[1, 1\]", "nan"), ([[0.0, 1.0], [math.inf, 0.0]], r"\[1, 0\]", "inf"),
])
def test_binary_losses_refuse_targets_outside_0_and_1_with_value_and_place(make, loss, target, place, value):
    with pytest.raises(ValueError, match=rf"{loss.__name__}: .*target{place} is {value}"):
        loss(scores(make, [[0.2, 0.3], [0.4, 0.6]]), make(target))


@KINDS
@pytest.mark.parametrize("loss", [nn.mse_loss, nn.l1_loss, nn.smooth_l1_loss])
def test_a_missing_target_is_refused_with_its_place(make, loss):
    with pytest.raises(ValueError, match=rf"{loss.__name__}: target\[2\] is nan, a missing value"):
        loss(scores(make, [1.0, 2.0, 3.0]), make([1.0, 2.0, math.nan]))
    with pytest.raises(ValueError, match=rf"{loss.__name__}: target\[0\] is None, a missing value"):
        loss(scores(make, [1.0, 2.0]), [None, 1.0])


@KINDS
@pytest.mark.parametrize("loss", [nn.cross_entropy, nn.nll_loss, nn.hinge_loss])
@pytest.mark.parametrize("missing", [None, math.nan])
def test_a_missing_label_is_refused_with_its_row(make, loss, missing):
    labels = [0, 1, missing]
    with pytest.raises(ValueError, match=rf"{loss.__name__}: target\[2\] is {missing!r}, a missing value"):
        loss(scores(make, [[1.0, 2.0]] * 3), labels if missing is None else make(labels))


def test_a_lone_missing_target_has_no_place():
    for x in (1.0, Value(1.0), Tensor(1.0)):
        with pytest.raises(ValueError, match="mse_loss: target is None, a missing value"):
            nn.mse_loss(x, None)


def test_pandas_missing_values_are_missing():
    pandas = pytest.importorskip("pandas")
    labels = pandas.Series([0, 1, None], dtype="Int64")
    for x in ([[1.0, 2.0]] * 3, Tensor([[1.0, 2.0]] * 3)):
        with pytest.raises(ValueError, match=r"cross_entropy: target\[2\] is .*, a missing value"):
            nn.cross_entropy(x, labels)


@KINDS
@pytest.mark.parametrize("label, place", [(2, 1), (-1, 1)])
def test_a_label_out_of_range_is_named_with_its_place(make, label, place):
    for loss in (nn.cross_entropy, nn.nll_loss, nn.hinge_loss):
        with pytest.raises(ValueError, match=rf"{loss.__name__}: label {label} at target\[{place}\] is out of range for 2 classes"):
            loss(scores(make, [[1.0, 2.0]] * 3), make([0, label, 1]))


def test_the_place_of_a_label_of_an_image():
    labels = np.zeros((2, 3, 4), int)
    labels[1, 2, 0] = 9
    with pytest.raises(ValueError, match=r"label 9 at target\[1, 2, 0\] is out of range for 5 classes"):
        nn.cross_entropy(Tensor(np.ones((2, 5, 3, 4))), labels)


@KINDS
@pytest.mark.parametrize("sign", [0, 2, 0.5, math.nan])
def test_signs_of_the_hinge_loss_are_minus_1_and_1(make, sign):
    with pytest.raises(ValueError, match=r"target\[1\] is"):
        nn.hinge_loss(scores(make, [0.5, 0.5, 0.5]), make([1, sign, -1]))


ONE_HOT = [[0, 0, 1], [1, 0, 0]]


@pytest.mark.parametrize("target", [
    *([list(map(kind, row)) for row in ONE_HOT] for kind in (int, bool, float)), Tensor(ONE_HOT, requires_grad=False),
    *(np.array(ONE_HOT, kind) for kind in (np.int64, np.uint8, np.bool_, np.float32)),
], ids=repr)
def test_one_hot_rows_of_any_kind_are_targets(target):
    x = [[0.5, -1.0, 2.0], [1.0, 1.0, 0.0]]
    expected = nn.cross_entropy(x, [2, 0])
    for rows in (x, np.array(x), Tensor(x), [[Value(v) for v in row] for row in x]):
        assert number(nn.cross_entropy(rows, target)) == pytest.approx(expected, rel=1e-14)
        assert number(nn.cross_entropy(rows[0], target[0])) == pytest.approx(number(nn.cross_entropy(rows[0], 2)), rel=1e-14)


@KINDS
@pytest.mark.parametrize("target, message", [
    ([[1, 1], [1, 0]], r"those of target\[0\] sum to 2"), ([[0, 0], [1, 0]], r"those of target\[0\] sum to 0"),
    ([[1.0, 0.0], [0.4, 0.4]], r"those of target\[1\] sum to 0\.8"), ([[70, 30], [50, 50]], r"target\[0, 0\] is 70"),
    ([[1.5, -0.5], [0.5, 0.5]], r"target\[0, 0\] is 1\.5"), ([[1.0, 0.0], [math.nan, 1.0]], r"target\[1, 0\] is nan"),
])
def test_probabilities_as_targets_are_distributions(make, target, message):
    with pytest.raises(ValueError, match=f"cross_entropy: .*{message}"):
        nn.cross_entropy(scores(make, [[0.5, 2.0], [1.0, 0.3]]), make(target))


@KINDS
def test_probabilities_given_as_scores_are_told_with_the_remedy(make):
    """The lecture's −log 0.3 = 1.204; as scores 0.7 and 0.3 give 0.913."""
    p = scores(make, [[0.7, 0.3]])
    with pytest.warns(UserWarning, match=r"every row of the input is a distribution.*use nll_loss\(log\(p\), target\)") as told:
        assert number(nn.cross_entropy(p, [1])) == pytest.approx(0.913, abs=5e-4)
    assert told[0].filename == __file__  # the line that called it
    logs = [[math.log(q) for q in row] for row in p] if isinstance(p, list) else log(p)
    assert number(nn.nll_loss(logs, [1])) == pytest.approx(1.204, abs=5e-4)
    with pytest.warns(UserWarning, match=r"nll_loss: every row of the input is a distribution.*nll_loss\(log\(p\), target\)"):
        nn.nll_loss(p, [1])


@KINDS
@pytest.mark.parametrize("x", [[[0.7, 0.4]], [[0.7, 0.3], [0.5, 0.6]], [[1.2, -0.2]], [[1.0], [1.0]], [[0.0, 0.0]]])
def test_scores_that_are_no_distributions_say_nothing(make, x):
    nn.cross_entropy(scores(make, x), [0] * len(x))


def test_a_softmax_before_cross_entropy_is_told():
    model = nn.Sequential(nn.Linear(3, 4, rng=0), nn.Softmax())
    with pytest.warns(UserWarning, match="Drop the Softmax before it"):
        nn.CrossEntropyLoss()(model(np.ones((5, 3), np.float32)), np.zeros(5, int))


@pytest.mark.parametrize("loss, x, y", [
    (nn.mse_loss, [200, 10], [100, 250]), (nn.l1_loss, [100, 10], [200, 250]), (nn.smooth_l1_loss, [100, 10], [200, 250]),
    (nn.cross_entropy, [[200, 10, 250]], [1]), (nn.hinge_loss, [[200, 10, 250]], [1]), (nn.nll_loss, [[200, 10, 250]], [1]),
])
def test_losses_of_small_integers_do_not_wrap_around(loss, x, y):
    for kind in (np.uint8, np.int16, np.int64):
        for make in (np.asarray, lambda x: Tensor(x, requires_grad=False)):
            assert number(loss(make(np.array(x, kind)), np.array(y, kind))) == pytest.approx(number(loss(x, y)), rel=1e-15)


def test_targets_of_integers_take_the_dtype_of_the_prediction():
    assert nn.mse_loss(Tensor(np.zeros(2, np.float32)), Tensor([1, 2], requires_grad=False)).dtype == np.float32
    assert nn.binary_cross_entropy(Tensor(np.full(2, 0.5, np.float32)), np.array([True, False])).dtype == np.float32


def test_losses_of_lists_load_no_numpy():
    program = """
        import sys
        sys.modules["numpy"] = None
        import nn
        from autograd import Value
        x = Value(0.5)
        loss = (nn.mse_loss([x, 1.0], [1, 2]) + nn.cross_entropy([[x, 0.0]], [[0, 1]], label_smoothing=0.1) + nn.ReLU()(x)
                + nn.BCELoss()([x], [1]) + nn.functional.hinge_loss([x, 2.0], 0))
        loss.backward()
        print(loss.data, x.grad)
        """
    run = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_gradients_through_lists_of_duals_and_values_agree():
    def f(x):
        return nn.cross_entropy([[x, x * 2, 1.0]], [0]) + nn.hinge_loss([x, 2 * x], 1) + nn.smooth_l1_loss([x], [3.0])
    slope = grad(f)(0.3)
    assert jvp(f, (0.3,), (1.0,))[1] == pytest.approx(slope, rel=1e-14)


def test_kl_div_refuses_a_negative_target_of_arrays_and_of_numbers() -> None:
    for kind in (list, np.array):
        with pytest.raises(ValueError, match=r"kl_div: targets are probabilities.*target\[1\] is -0.5.*log_target"):
            nn.functional.kl_div(kind([-0.1, -0.2]), kind([0.5, -0.5]))
    assert nn.functional.kl_div([-0.1], [-0.5], log_target=True) == pytest.approx(np.exp(-0.5) * -0.4)


def test_the_weight_of_a_loss_is_in_its_state_as_in_pytorch() -> None:
    weight = Tensor([1.0, 3.0], requires_grad=False)
    losses = [nn.CrossEntropyLoss(weight=weight), nn.NLLLoss(weight), nn.BCELoss(weight), nn.BCEWithLogitsLoss(weight)]
    assert [list(loss.state_dict()) for loss in losses] == [["weight"]] * 4
    losses[0].load_state_dict({"weight": np.array([1.0, 0.0])})
    assert losses[0]([[0.0, 0.0], [0.0, 5.0]], [0, 1]).item() == pytest.approx(np.log(2))
    assert repr(nn.CrossEntropyLoss(label_smoothing=0.1)) == "CrossEntropyLoss(label_smoothing=0.1)"


@pytest.mark.parametrize("scores", [[math.inf, 0.0], [0.0, math.inf], [math.inf, math.inf], [-math.inf, -math.inf]])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_loss_of_an_infinite_score_is_nan_without_numpys_warning(scores: list[float], smoothing: float) -> None:
    x = Tensor([scores])
    loss = nn.functional.cross_entropy(x, [0], label_smoothing=smoothing)
    loss.backward()
    assert math.isnan(loss.item()) and np.isnan(x.grad).any()
