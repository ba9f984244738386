"""Learning rates over time: PyTorch's numbers and the formulas of the course."""

import math

import numpy as np
import pytest

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
    (lambda o: schedule.StepLR(o, 0), ValueError, "step_size must be a whole number, 1 or more; got 0"),
    (lambda o: schedule.CosineAnnealingLR(o, 2.5), ValueError, "T_max must be a whole number"),
    (lambda o: schedule.ReduceLROnPlateau(o, factor=1.0), ValueError, "factor=1.0 must lie between 0 and 1"),
    (lambda o: schedule.ReduceLROnPlateau(o, mode="least"), ValueError, "mode='least' is 'min' or 'max'"),
    (lambda o: schedule.ReduceLROnPlateau(o, min_lr=[0.1, 0.2]), ValueError, "2 values of min_lr for 1 groups"),
    (lambda o: schedule.ReduceLROnPlateau(o).step(), TypeError, "needs the number that is watched"),
    (lambda o: schedule.LinearWarmup(o, 3, schedule.StepLR(sgd(), 2)), ValueError, "a schedule of the same optimiser"),
    (lambda o: schedule.Schedule(o), NotImplementedError, "Schedule has no formula: write def rate"),
])
def test_a_schedule_that_cannot_be_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make(sgd())
