"""Learning rate schedules: PyTorch's numbers and the formulas of the course."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value
from nn import optim, schedule
from tests.data.pytorch import FILE, PLATEAUS, SCHEDULES, TIMES

recorded = np.load(FILE)


def sgd(lr=0.5, groups=1):
    return optim.SGD([{"params": [Value(0.0)], "lr": lr / (i + 1)} for i in range(groups)])


def rates(made, times=TIMES):
    found = []
    for _ in range(times):
        found.append(made.get_last_lr()[0])
        made.step()
    return found


@pytest.mark.parametrize("name", SCHEDULES)
def test_rates_are_pytorch_s(name):
    made = getattr(schedule, name)(sgd(), **SCHEDULES[name])
    # PyTorch multiplies from time to time, here every time is the formula: the cosine differs in the last digits
    np.testing.assert_allclose(rates(made), recorded[f"schedule/{name}"], rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("name", PLATEAUS)
def test_plateaus_are_pytorch_s(name):
    optimizer = sgd()
    made = schedule.ReduceLROnPlateau(optimizer, **PLATEAUS[name])
    found = []
    for metric in recorded["plateau/metric"]:
        made.step(metric)
        found.append(optimizer.param_groups[0]["lr"])
    np.testing.assert_allclose(found, recorded[f"plateau/{name}"], rtol=1e-14)
    assert len(set(found)) > 2  # the metric did reach plateaus


@pytest.mark.parametrize("make, formula", [
    (lambda o: schedule.InverseTimeLR(o, 0.2), lambda t: 0.5 / (1 + 0.2 * t)),
    (lambda o: schedule.ExponentialLR(o, 0.9), lambda t: 0.5 * 0.9**t),
    (lambda o: schedule.StepLR(o, 10, 0.5), lambda t: 0.5 * 0.5 ** (t // 10)),
    (lambda o: schedule.CosineAnnealingLR(o, 20), lambda t: 0.25 * (1 + math.cos(math.pi * t / 20))),
    (lambda o: schedule.LambdaLR(o, lambda t: 1.0), lambda t: 0.5),
    (lambda o: schedule.ConstantLR(o, 1.0), lambda t: 0.5),
    (lambda o: schedule.LinearWarmup(o, 5), lambda t: 0.5 * min((t + 1) / 5, 1)),
    (lambda o: schedule.LinearWarmup(o, 5, schedule.CosineAnnealingLR(o, 20)),
     lambda t: 0.5 * (t + 1) / 5 if t < 5 else 0.25 * (1 + math.cos(math.pi * (t - 5) / 20))),
])
def test_rates_are_the_course_s_formulas(make, formula):
    assert rates(make(sgd())) == pytest.approx([formula(t) for t in range(TIMES)], rel=1e-13, abs=1e-16)


def test_every_group_keeps_its_own_start():
    optimizer = sgd(groups=2)
    made = schedule.ExponentialLR(optimizer, 0.5)
    made.step()
    assert made.get_last_lr() == [0.25, 0.125] == [group["lr"] for group in optimizer.param_groups]


PAIR = [lambda o: schedule.LinearLR(o, 0.1, 1.0, 4), lambda o: schedule.ExponentialLR(o, 0.8), lambda o: schedule.StepLR(o, 2),
        lambda o: schedule.CosineAnnealingLR(o, 20), lambda o: schedule.LambdaLR(o, lambda t: 1 / (1 + t))]


@pytest.mark.parametrize(("first", "second"), list(itertools.combinations(PAIR, 2)))
def test_two_schedules_of_one_optimiser_multiply(first, second):
    """As PyTorch's do: the rate is the initial rate times the factors of both, in any order of steps."""
    alone = [rates(make(sgd(1.0)), 8) for make in (first, second)]
    for order in (1, -1):
        optimizer = sgd(0.5)
        made = [first(optimizer), second(optimizer)]
        found = []
        for _ in range(8):
            found.append(optimizer.param_groups[0]["lr"])
            for each in made[::order]:
                each.step()
        assert found == pytest.approx([0.5 * a * b for a, b in zip(*alone)], rel=1e-13)


@pytest.mark.parametrize("make", PAIR)
def test_a_rate_that_was_set_by_hand_stays_changed(make):
    plain, changed = make(sgd()), make(sgd())
    for made in (plain, changed):
        made.step()
    changed.optimizer.param_groups[0]["lr"] /= 10
    assert changed.get_last_lr()[0] == pytest.approx(plain.get_last_lr()[0] / 10, rel=1e-15)
    kept, other = changed.state_dict(), make(sgd())
    other.load_state_dict(kept)
    assert other.get_last_lr() == changed.get_last_lr()  # to the bit
    for _ in range(5):
        for made in (plain, changed, other):
            made.step()
        assert changed.get_last_lr()[0] == pytest.approx(plain.get_last_lr()[0] / 10, rel=1e-13)
        assert other.get_last_lr() == changed.get_last_lr()


def test_a_schedule_after_one_that_ended_at_0_asks_for_a_rate():
    optimizer = sgd()
    first = schedule.CosineAnnealingLR(optimizer, 2)
    for _ in range(2):
        first.step()
    with pytest.raises(ValueError, match="StepLR: another schedule left the learning rate at 0.*set it first"):
        schedule.StepLR(optimizer, 2)
    optimizer.param_groups[0]["lr"] = 0.25
    second = schedule.StepLR(optimizer, 2)
    assert rates(second, 4) == pytest.approx([0.25, 0.25, 0.025, 0.025])


def test_a_rate_set_by_hand_after_0_is_a_new_start():
    optimizer = sgd()
    made = schedule.StepLR(optimizer, 2)
    optimizer.param_groups[0]["lr"] = 0.0  # a pause
    made.step()
    assert made.get_last_lr() == [0.0]
    optimizer.param_groups[0]["lr"] = 0.3
    made.step()
    made.step()
    assert made.get_last_lr() == pytest.approx([0.03])


@pytest.mark.parametrize("make", PAIR)
def test_a_group_that_is_added_later_is_scheduled_too(make):
    made, whole = make(sgd()), make(sgd(groups=2))
    made.step()
    whole.step()
    made.optimizer.add_param_group({"params": [Value(0.0)], "lr": 0.25})
    for _ in range(5):
        made.step()
        whole.step()
        assert made.get_last_lr() == pytest.approx(whole.get_last_lr(), rel=1e-15)


def test_a_plateau_lowers_a_group_that_was_added_later():
    made = schedule.ReduceLROnPlateau(sgd(), patience=0, min_lr=0.2)
    made.optimizer.add_param_group({"params": [Value(0.0)], "lr": 0.3})
    for _ in range(2):
        made.step(1.0)
    assert made.get_last_lr() == [0.2, 0.2]


@given(st.lists(st.floats(0.1, 100), min_size=3, max_size=12), st.sampled_from(["min", "max"]), st.sampled_from(["rel", "abs"]))
def test_a_plateau_of_negative_metrics_is_one_of_the_positive_ones_seen_from_the_other_side(metrics, mode, threshold_mode):
    """Minimising −x is maximising x: the same steps are improvements."""
    def run(sign, mode):
        made = schedule.ReduceLROnPlateau(sgd(), mode, patience=1, threshold=0.125, threshold_mode=threshold_mode)
        for metric in metrics:
            made.step(sign * metric)
            yield made.get_last_lr()

    assert list(run(1, mode)) == list(run(-1, {"min": "max", "max": "min"}[mode]))


def test_a_constant_metric_below_0_is_a_plateau():
    for mode in ("min", "max"):
        made = schedule.ReduceLROnPlateau(sgd(), mode, patience=2)
        for _ in range(4):
            made.step(Value(-2.0))
        assert made.get_last_lr() == [0.05]


def test_numpy_s_integers_are_integers():
    two = np.int64(2)
    assert rates(schedule.StepLR(sgd(), two), 3) == [0.5, 0.5, 0.05]
    assert rates(schedule.MultiStepLR(sgd(), np.array([1, 2])), 2) == [0.5, 0.05]
    for make in (lambda o: schedule.CosineAnnealingLR(o, two), lambda o: schedule.LinearLR(o, total_iters=two),
                 lambda o: schedule.LinearWarmup(o, two), lambda o: schedule.ConstantLR(o, total_iters=two)):
        made = make(sgd())
        made.step()
        assert all(type(rate) is float for rate in made.get_last_lr())


def test_a_formula_that_gives_no_rate_is_refused_and_the_rate_stays():
    made = schedule.LambdaLR(sgd(), lambda t: 1.0 - t)
    made.step()
    with pytest.raises(ValueError, match=r"LambdaLR: the formula gives a rate of -0.5 at time 2"):
        made.step()
    assert made.get_last_lr() == [0.0]


@pytest.mark.parametrize("make", [
    lambda o: schedule.CosineAnnealingLR(o, 7), lambda o: schedule.LinearWarmup(o, 3, schedule.StepLR(o, 2)),
    lambda o: schedule.ReduceLROnPlateau(o, patience=0, cooldown=1),
])
def test_a_saved_and_loaded_schedule_goes_on(make):
    first, second = sgd(), sgd()
    one, two = make(first), make(second)
    watched = [1.0, 2.0, 3.0, 0.5, 0.6, 0.7, 0.8]

    def run(made, optimizer, metrics):
        found = []
        for metric in metrics:
            made.step(metric) if hasattr(made, "patience") else made.step()
            found.append(optimizer.param_groups[0]["lr"])
        return found
    run(one, first, watched[:3])
    second.load_state_dict(first.state_dict())
    two.load_state_dict(one.state_dict())
    assert run(one, first, watched[3:]) == run(two, second, watched[3:])


def test_a_state_of_another_kind_is_refused_and_nothing_changes():
    made = schedule.StepLR(sgd(), 2)
    made.step()
    before = made.state_dict()
    plateau = schedule.ReduceLROnPlateau(sgd()).state_dict()
    for wrong in ({}, None, plateau, {**before, "base_lrs": [1.0, 2.0]}, {**before, "last_epoch": "ten"},
                  {**before, "base_lrs": 3}):
        with pytest.raises(ValueError, match="StepLR.load_state_dict"):
            made.load_state_dict(wrong)
        assert made.state_dict() == before


@pytest.mark.parametrize("make, error, message", [
    (lambda o: schedule.StepLR(o, 0), ValueError, "step_size=0; it must be a whole number, 1 or more"),
    (lambda o: schedule.CosineAnnealingLR(o, 2.5), ValueError, "T_max=2.5; it must be a whole number"),
    (lambda o: schedule.ReduceLROnPlateau(o, factor=1.0), ValueError, "factor=1.0 must lie between 0 and 1"),
    (lambda o: schedule.ReduceLROnPlateau(o, mode="least"), ValueError, "mode='least' must be 'min' or 'max'"),
    (lambda o: schedule.ReduceLROnPlateau(o, min_lr=[0.1, 0.2]), ValueError, "2 values of min_lr for 1 groups"),
    (lambda o: schedule.ReduceLROnPlateau(o).step(), TypeError, "needs the monitored number"),
    (lambda o: schedule.LinearWarmup(o, 3, schedule.StepLR(sgd(), 2)), ValueError, "a schedule of the same optimiser"),
    (lambda o: schedule.Schedule(o), NotImplementedError, "Schedule has no formula: define def rate"),
])
def test_a_schedule_that_cannot_be_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make(sgd())
