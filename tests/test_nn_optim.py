"""Optimisers: PyTorch's steps, errors, and no half-made steps after exceptions."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import Value
from autograd.tensor import Tensor
from nn import optim
from tests.data.pytorch import FILE, OPTIMIZERS, SEEN, slope

recorded = np.load(FILE)
start, noise = recorded["optim/start"], recorded["optim/noise"]
KINDS = ["SGD", "Adagrad", "Adadelta", "RMSprop", "Adam", "AdamW", "NAdam"]


# ── 100 steps of PyTorch 2.13 in float64 ─────────────────────────────────────────────────────────────────────────

@pytest.mark.parametrize("name", OPTIMIZERS)
def test_tensors_go_where_pytorch_s_go(name):
    kind, options = OPTIMIZERS[name]
    x = Tensor(start)
    optimizer = getattr(optim, kind)([x], **options)
    path = []
    for taken, each in enumerate(noise, 1):
        x.grad = slope(x.data, each)
        optimizer.step()
        if taken in SEEN:
            path.append(x.data.copy())
    np.testing.assert_allclose(path, recorded[f"optim/{name}"], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_numbers_go_where_pytorch_s_go(name):
    kind, options = OPTIMIZERS[name]
    xs = [Value(number) for number in start]
    optimizer = getattr(optim, kind)(xs, **options)
    for each in noise:
        for x, number in zip(xs, each.tolist(), strict=True):
            x.grad = slope(x.data, number)
        optimizer.step()
    assert all(type(x.data) is float for x in xs)
    np.testing.assert_allclose([x.data for x in xs], recorded[f"optim/{name}"][-1], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_defaults_are_pytorch_s(kind):
    expected = {
        "SGD": {"lr": 1e-3, "momentum": 0, "dampening": 0, "weight_decay": 0, "nesterov": False},
        "Adagrad": {"lr": 1e-2, "lr_decay": 0, "weight_decay": 0, "initial_accumulator_value": 0, "eps": 1e-10},
        "Adadelta": {"lr": 1.0, "rho": 0.9, "eps": 1e-6, "weight_decay": 0},
        "RMSprop": {"lr": 1e-2, "alpha": 0.99, "eps": 1e-8, "weight_decay": 0, "momentum": 0, "centered": False},
        "Adam": {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0, "amsgrad": False},
        "AdamW": {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 1e-2, "amsgrad": False},
        "NAdam": {"lr": 2e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0, "momentum_decay": 4e-3,
                  "decoupled_weight_decay": False},
    }[kind]
    x = Value(1.0)
    (group,) = getattr(optim, kind)([x]).param_groups
    assert {key: group[key] for key in expected} == expected
    assert set(group) == {*expected, "maximize", "params", "names"}


@pytest.mark.parametrize("kind", KINDS)
def test_float32_stays_float32(kind):
    x = Tensor(np.ones(3, np.float32))
    optimizer = getattr(optim, kind)([x])
    for _ in range(3):
        x.grad = np.full(3, 0.5, np.float32)
        optimizer.step()
    assert x.dtype == np.float32
    assert all(kept.dtype == np.float32 for kept in optimizer.state[0].values() if hasattr(kept, "dtype"))


# ── facts ────────────────────────────────────────────────────────────────────────────────────────────────────────

def test_the_first_step_of_adam_is_of_length_lr_whatever_the_gradient():
    x = [Value(0.0), Value(0.0), Value(0.0)]
    optimizer = optim.Adam(x, lr=0.01)
    for v, g in zip(x, (1e-3, 5.0, -1e6), strict=True):
        v.grad = g
    optimizer.step()
    assert [v.data for v in x] == pytest.approx([-0.01, -0.01, 0.01], rel=1e-4)


def test_weight_decay_is_the_gradient_of_half_an_l2_penalty():
    decayed, penalised = Tensor([1.0, -2.0]), Tensor([1.0, -2.0])
    first = optim.SGD([decayed], lr=0.1, momentum=0.9, weight_decay=0.3)
    second = optim.SGD([penalised], lr=0.1, momentum=0.9)
    for _ in range(5):
        for x, optimizer, penalty in ((decayed, first, 0.0), (penalised, second, 0.15)):
            optimizer.zero_grad()
            ((x - 1.0) ** 4).sum().__add__(penalty * nn.l2_penalty([x])).backward()
            optimizer.step()
    np.testing.assert_allclose(decayed.data, penalised.data, rtol=1e-13)


@given(st.floats(0.05, 0.95), st.floats(0.01, 0.5))
def test_constant_gradients_with_momentum_reach_one_over_one_minus_momentum_times_the_speed(momentum, lr):
    x = Value(0.0)
    optimizer = optim.SGD([x], lr=lr, momentum=momentum)
    for _ in range(math.ceil(math.log(1e-12) / math.log(momentum))):
        before, x.grad = x.data, 1.0
        optimizer.step()
    assert before - x.data == pytest.approx(lr / (1 - momentum), rel=1e-6)


@pytest.mark.parametrize("kind, options", [
    ("SGD", {"lr": 0.1}), ("SGD", {"lr": 0.02, "momentum": 0.9}), ("SGD", {"lr": 0.02, "momentum": 0.9, "nesterov": True}),
    ("Adagrad", {"lr": 1.0}), ("Adadelta", {"lr": 10.0}), ("RMSprop", {"lr": 0.02}), ("Adam", {"lr": 0.1}),
    ("AdamW", {"lr": 0.1, "weight_decay": 0.0}), ("NAdam", {"lr": 0.1}),
])
def test_the_whole_family_descends_the_same_bowl(kind, options):
    x = Tensor([3.0, 4.0])
    optimizer = getattr(optim, kind)([x], **options)
    for _ in range(300):
        optimizer.zero_grad()
        loss = (x * x * [1.0, 3.0]).sum()
        loss.backward()
        optimizer.step()
    assert loss.item() < 1e-2


def test_groups_have_options_of_their_own():
    slow, fast = Tensor([1.0]), Value(1.0)
    optimizer = optim.SGD([{"params": [("slow", slow)], "lr": 0.01}, {"params": fast}], lr=0.1, momentum=0.5)
    for _ in range(2):
        slow.grad, fast.grad = np.array([1.0]), 1.0
        optimizer.step()
    assert slow.item() == pytest.approx(1 - 0.01 * (1 + 1.5))
    assert fast.data == pytest.approx(1 - 0.1 * (1 + 1.5))
    optimizer.param_groups[1]["lr"] = 0.0
    slow.grad, fast.grad, before = np.array([1.0]), 1.0, fast.data
    optimizer.step()
    assert fast.data == before


def test_frozen_parameters_are_passed_over():
    model = nn.Sequential(nn.Linear(2, 2, rng=0), nn.Linear(2, 1, rng=0))
    model[0].requires_grad_(False)
    optimizer = optim.Adam(model.named_parameters())
    before = model.state_dict()
    model(np.ones((1, 2), np.float32)).sum().backward()
    optimizer.step()
    changed = [key for key, value in model.state_dict().items() if not np.array_equal(value, before[key])]
    assert changed == ["1.weight", "1.bias"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_graph_from_before_the_step_keeps_its_gradient(kind):
    x = Tensor([2.0, 3.0])
    y = (x * x).sum()
    z = (x * x * x).sum()
    y.backward()
    getattr(optim, kind)([x]).step()
    x.grad = None
    z.backward()
    np.testing.assert_array_equal(x.grad, [12.0, 27.0])


# ── what is refused ──────────────────────────────────────────────────────────────────────────────────────────────

@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wrong", [-0.1, math.nan, math.inf])
def test_rates_that_cannot_be_are_refused(kind, wrong):
    with pytest.raises(ValueError, match=f"{kind}: lr must be a finite number, 0 or more; got {wrong}"):
        getattr(optim, kind)([Value(1.0)], lr=wrong)


@pytest.mark.parametrize("make, error, message", [
    (lambda x: optim.Adam([]), ValueError, "Adam was given no parameters; give model.parameters()"),
    (lambda x: optim.Adam(nn.Module().parameters()), ValueError, "given no parameters"),
    (lambda x: optim.Adam([x, x]), ValueError, "the same parameter twice, as 'x' and 'x'"),
    (lambda x: optim.Adam([{"params": [("a", x)]}, {"params": [("b", x)]}]), ValueError, "twice, as 'a' and 'b'"),
    (lambda x: optim.Adam([x], lr="fast"), TypeError, "Adam: lr must be a real number, not str 'fast'"),
    (lambda x: optim.Adam([x], lr=[0.1]), TypeError, r"Adam: lr must be a real number, not list \[0.1\]"),
    (lambda x: optim.Adam([x], betas=0.9), TypeError, r"betas must be two numbers, for example \(0.9, 0.999\); got 0.9"),
    (lambda x: optim.Adam([x], betas=(0.9, 1.0)), ValueError, r"betas must be in \[0, 1\); got \(0.9, 1.0\)"),
    (lambda x: optim.RMSprop([x], alpha=-0.1), ValueError, r"alpha must be in \[0, 1\)"),
    (lambda x: optim.SGD([x], nesterov=True), ValueError, "Nesterov's form needs momentum and no dampening"),
    (lambda x: optim.SGD([{"params": x, "rate": 0.1}]), ValueError, "SGD has no option 'rate'; its options are lr, momentum"),
    (lambda x: optim.SGD([x * 2]), TypeError, "is Tensor.*, not a parameter; .* not the result of an operation"),
    (lambda x: optim.SGD([np.ones(2)]), TypeError, "is array.*, not a parameter"),
])
def test_an_optimiser_that_cannot_be_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make(Tensor([1.0], "x"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("grad, message", [
    (None, "no backward pass has reached it"), (np.array([1.0, np.nan]), "its gradient is nan somewhere"),
    (np.array([-np.inf, 1.0]), "its gradient is -inf somewhere"),
])
def test_a_bad_gradient_is_named_and_nothing_changes(kind, grad, message):
    good, bad = Tensor([1.0]), Tensor([1.0, 2.0])
    optimizer = getattr(optim, kind)([("layer.bias", good), ("layer.weight", bad)])
    good.grad, bad.grad = np.array([1.0]), np.array([1.0, 1.0])
    optimizer.step()
    before = [good.data.copy(), bad.data.copy()], repr(optimizer.state_dict())
    bad.grad = grad
    with pytest.raises(ValueError, match=f"{kind}.step: layer.weight was not updated, and no other parameter either: {message}"):
        optimizer.step()
    assert np.array_equal(good.data, before[0][0]) and np.array_equal(bad.data, before[0][1])
    assert repr(optimizer.state_dict()) == before[1]
    optimizer.strict = False
    optimizer.step()
    assert not np.array_equal(good.data, before[0][0]) and np.array_equal(bad.data, before[0][1])


def test_an_exception_in_a_step_leaves_model_and_optimiser_as_they_were():
    class Interrupted(optim.Adam):
        calls = 0

        def update(self, x, g, state, group):
            self.calls += 1
            after = super().update(x, g, state, group)
            if self.calls == 4:
                raise KeyboardInterrupt
            return after

    xs = [Tensor([1.0, 2.0]), Value(3.0)]
    optimizer = Interrupted(xs)
    xs[0].grad, xs[1].grad = np.array([1.0, -1.0]), 2.0
    optimizer.step()
    data, state = [xs[0].data.copy(), xs[1].data], repr(optimizer.state_dict())
    with pytest.raises(KeyboardInterrupt):
        optimizer.step()
    assert np.array_equal(xs[0].data, data[0]) and xs[1].data == data[1] and repr(optimizer.state_dict()) == state
    optimizer.step()  # and the next goes on as if nothing had been
    twins = [Tensor([1.0, 2.0]), Value(3.0)]
    plain = optim.Adam(twins)
    for _ in range(2):
        twins[0].grad, twins[1].grad = np.array([1.0, -1.0]), 2.0
        plain.step()
    assert np.array_equal(xs[0].data, twins[0].data) and xs[1].data == twins[1].data


def test_an_update_of_another_shape_is_refused_and_what_went_before_it_undone():
    class Odd(optim.SGD):
        def update(self, x, g, state, group):
            return np.zeros(3) if x.size == 2 else super().update(x, g, state, group)

    first, second = Tensor([1.0]), Tensor([1.0, 2.0])
    first.grad, second.grad = np.array([1.0]), np.array([1.0, 1.0])
    with pytest.raises(ValueError, match="shape"):
        Odd([first, second], lr=0.1).step()
    assert (first.tolist(), second.tolist()) == ([1.0], [1.0, 2.0])


def test_a_base_optimiser_without_a_rule_says_so():
    x = Value(1.0)
    x.grad = 1.0
    with pytest.raises(NotImplementedError, match="Optimizer has no update rule: define def update"):
        optim.Optimizer([x], {}).step()


# ── state ────────────────────────────────────────────────────────────────────────────────────────────────────────

@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_saved_and_loaded_optimiser_goes_on_to_the_bit(name):
    kind, options = OPTIMIZERS[name]
    x, twin = Tensor(start), Tensor(start)
    optimizer = getattr(optim, kind)([x], **options)
    for each in noise[:5]:
        x.grad = slope(x.data, each)
        optimizer.step()
    twin.data = x.data.copy()
    other = getattr(optim, kind)([twin])
    other.load_state_dict(optimizer.state_dict())
    for each in noise[5:10]:
        for y, of in ((x, optimizer), (twin, other)):
            y.grad = slope(y.data, each)
            of.step()
    assert x.data.tobytes() == twin.data.tobytes()


def test_a_state_of_another_optimiser_is_refused_and_nothing_changes():
    x = Tensor([1.0, 2.0])
    optimizer = optim.Adam([x])
    x.grad = np.ones(2)
    optimizer.step()
    good, before = optimizer.state_dict(), repr(optimizer.state_dict())
    grown = {"state": [{**good["state"][0], "exp_avg": np.ones(3)}], "param_groups": good["param_groups"]}
    for wrong in (optim.SGD([x]).state_dict(), optim.Adam([x, Tensor([1.0])]).state_dict(), {}, {"state": 1}, None, grown,
                  {"state": [{"step": "many"}], "param_groups": good["param_groups"]},
                  {"state": [3], "param_groups": good["param_groups"]},
                  {"state": good["state"], "param_groups": [{**good["param_groups"][0], "lr": -1.0}]}):
        with pytest.raises(ValueError, match="Adam"):
            optimizer.load_state_dict(wrong)
        assert repr(optimizer.state_dict()) == before


# ── clipping ─────────────────────────────────────────────────────────────────────────────────────────────────────

def mixed():
    a, b, none = Tensor([0.0, 0.0]), Value(0.0), Tensor([1.0])
    a.grad, b.grad = np.array([3.0, -4.0]), 12.0
    return [a, b, none]


@pytest.mark.parametrize("norm_type, norm", [(2.0, 13.0), (1.0, 19.0), (math.inf, 12.0), (3.0, (27 + 64 + 1728) ** (1 / 3))])
def test_clipping_scales_all_gradients_together_to_the_norm(norm_type, norm):
    a, b, none = mixed()
    assert optim.clip_grad_norm_([a, ("b", b), none], 1.0, norm_type) == pytest.approx(norm, rel=1e-15)
    np.testing.assert_allclose([*a.grad, b.grad], np.array([3.0, -4.0, 12.0]) / (norm + 1e-6), rtol=1e-15)
    assert none.grad is None
    again = [*a.grad, b.grad]
    optim.clip_grad_norm_([a, b], 1.01, norm_type)
    assert [*a.grad, b.grad] == again  # short enough


@pytest.mark.parametrize("clip", [lambda xs: optim.clip_grad_norm_(xs, 1.0), lambda xs: optim.clip_grad_value_(xs, 1.0)])
def test_clipping_without_parameters_is_refused(clip):
    a, b, _ = mixed()
    used = iter([a, b])
    list(used)
    for nothing in (used, [], nn.Module().parameters()):
        with pytest.raises(ValueError, match="was given no parameters; .*an iterator can be used once"):
            clip(nothing)
    clip(iter([a, b]))
    assert abs(a.grad).max() <= 1


@pytest.mark.parametrize(("call", "error", "message"), [
    (lambda xs: optim.clip_grad_norm_(xs, -1.0), ValueError, "max_norm=-1.0; it must be a number, 0 or more"),
    (lambda xs: optim.clip_grad_norm_(xs, math.nan), ValueError, "max_norm=nan"),
    (lambda xs: optim.clip_grad_norm_(xs, "1"), TypeError, "max_norm must be a real number"),
    (lambda xs: optim.clip_grad_norm_(xs, 1.0, 0), ValueError, "norm_type=0; it must be a number above 0, or inf"),
    (lambda xs: optim.clip_grad_norm_(xs, 1.0, -math.inf), ValueError, "norm_type=-inf"),
    (lambda xs: optim.clip_grad_norm_(xs, 1.0, math.nan), ValueError, "norm_type=nan"),
    (lambda xs: optim.clip_grad_value_(xs, -1.0), ValueError, "clip_value=-1.0; it must be a number, 0 or more"),
    (lambda xs: optim.clip_grad_value_(xs, math.nan), ValueError, "clip_value=nan"),
])
def test_clipping_to_what_is_no_length_is_refused_and_changes_nothing(call, error, message):
    a, b, none = mixed()
    with pytest.raises(error, match=message):
        call([a, b, none])
    assert (a.grad.tolist(), b.grad) == ([3.0, -4.0], 12.0)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_gradient_that_is_not_finite_spreads_to_no_other(bad):
    """The optimiser names it; if it is skipped, the others have the requested norm."""
    a, b = Tensor([0.0, 0.0], "a"), Value(0.0, "b")
    a.grad, b.grad = np.array([3.0, -4.0]), bad
    total = optim.clip_grad_norm_([a, b], 1.0)
    assert math.isnan(total) if math.isnan(bad) else total == math.inf
    assert b.grad is bad or b.grad == bad
    np.testing.assert_allclose(a.grad, [0.6, -0.8], rtol=1e-6)
    with pytest.raises(ValueError, match="SGD.step: b was not updated"):
        optim.SGD([a, b], 1.0).step()


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=5).filter(lambda xs: max(map(abs, xs)) > 1e-3),
       st.sampled_from([1e-300, 1e-170, 1.0, 1e170, 1e300]),
       st.sampled_from([1.0, 2.0, 3.5, math.inf]), st.booleans())
def test_a_norm_neither_overflows_nor_vanishes(entries, size, norm_type, array):
    largest = max(map(abs, entries))
    xs = [Tensor(np.zeros(len(entries)))] if array else [Value(0.0) for _ in entries]
    grads = [np.array(entries) * size] if array else [x * size for x in entries]
    for x, g in zip(xs, grads):
        x.grad = g
    exact = largest if norm_type == math.inf else largest * sum((abs(x) / largest) ** norm_type for x in entries) ** (1 / norm_type)
    assert optim.clip_grad_norm_(xs, math.inf, norm_type) == pytest.approx(exact * size, rel=1e-12)


def test_float32_gradients_have_a_norm_too_where_their_squares_overflow():
    x = Tensor(np.zeros(2, np.float32))
    for size in (1e-30, 1e30):
        x.grad = np.array([3.0, 4.0], np.float32) * np.float32(size)
        assert optim.clip_grad_norm_([x], 1e40) == pytest.approx(5 * size, rel=1e-6)


def test_options_of_numpy_s_types_do_not_narrow_python_s_floats():
    x, y = Value(1.0), Value(1.0)
    for each, optimizer in ((x, optim.SGD([x], lr=np.float32(0.1))), (y, optim.SGD([y], lr=float(np.float32(0.1))))):
        each.grad = 1 / 3
        optimizer.step()
    assert x.data == y.data


def test_clipping_by_value_holds_every_entry():
    a, b, none = mixed()
    optim.clip_grad_value_([a, b, none], 3.5)
    assert (a.grad.tolist(), b.grad, none.grad) == ([3.0, -3.5], 3.5, None)


def test_a_norm_that_is_no_number_is_refused_where_asked():
    a, b, _ = mixed()
    b.grad = math.nan
    with pytest.raises(ValueError, match="norm is nan, so no scale makes it 1"):
        optim.clip_grad_norm_([a, b], 1.0, error_if_nonfinite=True)
    assert a.grad.tolist() == [3.0, -4.0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert math.isnan(optim.clip_grad_norm_([a, b], 1.0))


def test_parameters_are_called_by_their_paths():
    model = nn.Sequential(nn.Linear(2, 3, rng=0), nn.Tanh(), nn.Linear(3, 1, rng=1))
    names = [name for name, _ in model.named_parameters()]
    assert nn.optim.SGD(model.parameters(), lr=0.1).param_groups[0]["names"] == names
    groups = [{"params": model.parameters(), "lr": 0.1}]
    assert nn.optim.SGD(groups).param_groups[0]["names"] == names
    assert nn.optim.SGD(list(model.parameters())).param_groups[0]["names"] == ["weight", "bias"] * 2  # a list knows no more
    with pytest.raises(ValueError, match="SGD.step: 0.weight was not updated"):
        nn.optim.SGD(model.parameters(), lr=0.1).step()
    assert list(model.parameters()) == [x for _, x in model.named_parameters()]
