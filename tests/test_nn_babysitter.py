"""The babysitter: every problem made on purpose is named with its numbers; a healthy run has no findings."""

import math
import re
from itertools import pairwise

import numpy as np
import pytest

import nn
from autograd import Tensor, log
from nn.babysitter import Babysitter, check_initial_loss, check_overfit
from nn.data import DataLoader, split
from nn.functional import cross_entropy, hinge_loss, mse_loss
from nn.train import Callback, evaluate, fit

X, Y = nn.data.load("digits").arrays()
TRAIN, HELD_OUT = split(X / 16, Y, (0.8, 0.2), rng=0)


def mlp(activation=nn.ReLU, *layers, seed=0, scale=1.0, hidden=64):
    """64-64-64-10 by default; ``scale`` multiplies all weights."""
    rng = np.random.default_rng(seed)
    layers = layers or (64, hidden, hidden, 10)
    parts = []
    for i, (n, m) in enumerate(pairwise(layers)):
        parts += [nn.Linear(n, m, rng=rng)] + ([activation()] if i < len(layers) - 2 else [])
    model = nn.Sequential(*parts)
    for parameter in model.parameters():
        parameter.data = parameter.data * scale
    return model


def watched(model, lr=0.1, data=TRAIN, epochs=4, loss=cross_entropy, validation=HELD_OUT, optimizer=None, callbacks=(), **options):
    sitter = Babysitter(**options)
    optimizer = optimizer or nn.optim.SGD(model.named_parameters(), lr=lr, momentum=0.9)
    fit(model, data, loss, optimizer, epochs=epochs, validation=validation, seed=0, callbacks=[*callbacks, sitter], progress=False,
        metrics="accuracy" if loss is cross_entropy else ())
    return sitter.report()


def shaped(data, *shape):
    return data[0].reshape(-1, *shape), data[1]


def finding(report, problem):
    assert problem in report.problems, report
    return next(finding for finding in report.findings if finding.problem == problem)


@pytest.mark.parametrize(("activation", "optimizer"), [(nn.ReLU, nn.optim.SGD), (nn.Tanh, nn.optim.SGD), (nn.ReLU, nn.optim.Adam)])
def test_a_healthy_run_is_called_healthy(activation, optimizer):
    model = mlp(activation)
    options = {"lr": 0.05, "momentum": 0.9} if optimizer is nn.optim.SGD else {"lr": 2e-3}
    report = watched(model, optimizer=optimizer(model.named_parameters(), **options), epochs=12)
    assert evaluate(model, HELD_OUT, cross_entropy, "accuracy")["accuracy"] > 0.95
    assert report.healthy, report
    assert repr(report).startswith("Babysitter: healthy")
    assert "✗" not in repr(report)
    first, guessing = re.match(r"([\d.]+), where guessing gives ([\d.]+)", report.signs["initial loss"]).groups()
    assert float(guessing) == pytest.approx(math.log(10), abs=5e-3)
    assert float(first) == pytest.approx(math.log(10), rel=0.05)


def test_a_convolutional_network_and_a_recurrent_one_can_be_healthy_too():
    rng = np.random.default_rng(0)
    conv = nn.Sequential(nn.Conv2d(1, 8, 3, rng=rng), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                         nn.Dropout(0.1, rng=rng), nn.Linear(72, 10, rng=rng))
    assert watched(conv, 0.02, shaped(TRAIN, 1, 8, 8), validation=shaped(HELD_OUT, 1, 8, 8)).healthy

    class Reader(nn.Module):  # reads a digit row by row
        def __init__(self):
            self.rnn, self.out = nn.LSTM(8, 32, batch_first=True, rng=rng), nn.Linear(32, 10, rng=rng)

        def forward(self, x):
            return self.out(self.rnn(x)[0][:, -1])

    assert watched(Reader(), 0.1, shaped(TRAIN, 8, 8), validation=shaped(HELD_OUT, 8, 8)).healthy


def test_a_wrong_initial_loss():
    found = finding(watched(mlp(scale=4.0), lr=0.001), "wrong initial loss")
    assert "where guessing gives 2.3" in found.evidence
    assert "smaller weights" in found.remedy
    found = finding(watched(mlp(scale=6.0), lr=1e-4, loss=hinge_loss), "wrong initial loss")
    assert found.evidence.endswith("gives 9")  # 9 margins of 1


def test_a_learning_rate_that_is_too_low():
    report = watched(mlp(), lr=1e-6)
    found = finding(report, "learning rate too low")
    assert re.search(r"from 2\.3\d+ to 2\.3\d+", found.evidence)
    assert "multiply the learning rate" in found.remedy
    assert "multiply" in finding(report, "update-to-weight ratio off").remedy


@pytest.mark.parametrize("lr", [3.0, 100.0])
def test_a_learning_rate_that_is_too_high(lr):
    report = watched(mlp(), lr=lr)
    assert "divide the learning rate by 10" in finding(report, "learning rate too high").remedy
    assert "learning rate too low" not in report.problems


def test_an_adam_step_of_the_weights_size_is_off_its_ratio():
    model = mlp()
    report = watched(model, optimizer=nn.optim.Adam(model.named_parameters(), lr=0.5))
    assert "about 0.001 is good" in finding(report, "update-to-weight ratio off").evidence


def test_nan_is_traced_to_the_operation_and_the_layer_that_made_it():
    class LogLayer(nn.Module):
        def forward(self, x):
            return log(x)

    model = nn.Sequential(nn.Linear(64, 10, rng=0), LogLayer())
    found = finding(watched(model), "nan or inf")
    assert "log, in Sequential/LogLayer 1 was the first to give nan" in found.evidence
    assert "log of a negative number" in found.evidence
    assert found.remedy


def test_a_gradient_of_nan_behind_a_finite_loss_is_traced_too():
    class Length(nn.Module):
        def forward(self, x):
            return (x * x).sum(1, keepdims=True) ** 0.5

    model = nn.Sequential(nn.Linear(4, 4, bias=False, rng=0), Length())
    data = np.zeros((64, 4), np.float32), np.ones((64, 1), np.float32)
    found = finding(watched(model, data=data, loss=mse_loss, validation=None), "nan or inf")
    assert "pow, in Sequential/Length 1 was the first" in found.evidence


def test_dead_relus_are_counted_by_layer():
    model = mlp()
    bias = model[2].bias.data.copy()
    bias[:40] = -100.0
    model[2].bias.data = bias
    found = finding(watched(model), "dead relus")
    assert re.match(r"4[0-4] of 64 units of Sequential/ReLU 3 gave 0 for all of \d+ examples", found.evidence)
    assert "leaky relu" in found.remedy


def test_saturated_units():
    report = watched(mlp(nn.Tanh, scale=30.0), lr=1e-3)
    found = finding(report, "saturated units")
    assert "  ✗ saturated units" in repr(report)
    assert "  ✓ labels " in repr(report)
    share = float(re.match(r"(\d+)% of the outputs of Sequential/Tanh \d \(tanh\)", found.evidence)[1])
    assert share > 50
    assert "Xavier" in found.remedy
    assert "saturated units" in watched(mlp(nn.Sigmoid, scale=100.0), lr=1e-3).problems


def test_an_output_may_saturate():
    model = nn.Sequential(nn.Linear(64, 1, rng=0), nn.Sigmoid())
    model[0].weight.data = 200 * model[0].weight.data
    zero_or_not = [(x, (y == 0).astype("float32")[:, None]) for x, y in (TRAIN, HELD_OUT)]
    report = watched(model, 1e-6, zero_or_not[0], loss=nn.functional.binary_cross_entropy, validation=zero_or_not[1])
    assert np.mean(np.abs(nn.train.predict(model, HELD_OUT[0]) - 0.5) > 0.49) > 0.5
    assert "saturated units" not in report.problems


def test_vanishing_gradients_of_ten_layers_of_sigmoids_and_exploding_ones_of_large_weights():
    layers = (64, *[64] * 9, 10)
    vanishing = watched(mlp(nn.Sigmoid, *layers), lr=0.01, epochs=1)
    assert "times that at the last" in finding(vanishing, "vanishing gradients").evidence
    exploding = watched(mlp(nn.ReLU, *layers, scale=8.0), lr=1e-12, epochs=1)
    assert "clip gradients" in finding(exploding, "exploding gradients").remedy
    assert "vanishing gradients" not in exploding.problems


def test_gradients_that_vanish_through_time():
    class Reader(nn.Module):
        def __init__(self):
            self.rnn, self.out = nn.RNN(1, 16, batch_first=True, rng=0), nn.Linear(16, 10, rng=1)

        def forward(self, x):
            return self.out(self.rnn(x)[0][:, -1])

    report = watched(Reader(), 0.01, shaped(TRAIN, 64, 1), epochs=1, validation=None)
    assert "LSTM" in finding(report, "vanishing gradients").remedy


def test_overfitting_is_seen_in_the_validation_loss():
    few = TRAIN[0][:60], TRAIN[1][:60]
    report = watched(mlp(), data=few, epochs=40)
    found = finding(report, "overfitting")
    assert "weight decay" in found.remedy
    assert report.problems == ["overfitting"]


@pytest.mark.parametrize(("training", "ill"), [((0.5, 0.1, 0.01, 0.001), True), ((0.5, 0.3, 0.2, 0.1), False)])
def test_a_validation_loss_that_rises_to_where_the_training_loss_is_is_no_overfitting(training, ill):
    sitter = Babysitter()
    for loss, validation in zip(training, (0.3, 0.07, 0.12, 0.15), strict=True):
        sitter.epoch(mlp(), loss=loss, validation_loss=validation)
    assert sitter.report().problems == ["overfitting"] * ill


@pytest.mark.parametrize("validation", [HELD_OUT, None])
def test_shuffled_labels(validation):
    rng = np.random.default_rng(1)
    if validation:
        validation = validation[0], rng.permutation(validation[1])
    found = finding(watched(mlp(), data=(TRAIN[0], rng.permutation(TRAIN[1])), validation=validation), "labels shuffled")
    assert re.search(r"\d+% share their label with their nearest neighbour; 10% would by chance", found.evidence)
    assert ("validation loss never fell under" in found.evidence) == (validation is not None)


def test_a_regression_learnt_by_heart_is_overfitting_though_its_validation_loss_does_not_rise():
    rng = np.random.default_rng(0)

    def noise(n):  # one input of twenty says anything, and as much again is noise
        x = rng.normal(size=(n, 20)).astype(np.float32)
        return x, x[:, :1] + rng.normal(size=(n, 1)).astype(np.float32)

    model = mlp(nn.ReLU, 20, 128, 1)
    optimizer = nn.optim.Adam(model.named_parameters(), lr=5e-3)
    report = watched(model, data=noise(60), validation=noise(200), loss=mse_loss, optimizer=optimizer, epochs=150)
    assert report.problems == ["overfitting"]
    assert "it overfits" in finding(report, "overfitting").evidence
    simple = mlp(nn.ReLU, 20, 16, 1)
    adam = nn.optim.Adam(simple.named_parameters(), lr=3e-3)
    assert watched(simple, data=noise(2000), validation=noise(200), loss=mse_loss, optimizer=adam, epochs=5).healthy


@pytest.mark.parametrize("form", ["columns", "one-hot", "targets"])
def test_constant_labels_of_every_form(form):
    model = mlp(nn.ReLU, 64, 16, 10 if form == "one-hot" else 1)
    labels = np.tile(np.eye(10, dtype=np.float32)[3], (len(TRAIN[0]), 1)) if form == "one-hot" else \
        np.full((len(TRAIN[0]), 1), 1.0 if form == "columns" else 4.25, np.float32)
    loss = {"columns": nn.functional.binary_cross_entropy_with_logits, "one-hot": cross_entropy, "targets": mse_loss}[form]
    assert "labels constant" in watched(model, 0.01, (TRAIN[0], labels), validation=None, loss=loss, epochs=1).problems


def test_constant_labels():
    found = finding(watched(mlp(), data=(TRAIN[0], np.full_like(TRAIN[1], 7)), validation=None), "labels constant")
    assert found.evidence.endswith("are 7")


def by_hand(sitter, forget=(), epochs=2):
    """A training loop by hand, with one step forgotten."""
    rng = np.random.default_rng(0)
    model = nn.Sequential(nn.Linear(64, 64, rng=rng), nn.ReLU(), nn.Dropout(0.2, rng=rng), nn.Linear(64, 10, rng=rng))
    optimizer = nn.optim.SGD(model.named_parameters(), lr=0.05)
    if "train" in forget:
        model.eval()
    for _ in range(epochs):
        if "train" not in forget:
            model.train()
        for x, y in DataLoader(TRAIN, 64, shuffle=True, generator=rng):
            prediction = model(Tensor(x, requires_grad=False))
            loss = cross_entropy(prediction, y)
            if "zero_grad" not in forget:
                optimizer.zero_grad()
            loss.backward()
            with sitter.watch(model, x, y, prediction, loss):
                optimizer.step()
        if "eval" not in forget:
            model.eval()
        sitter.epoch(model, validation_loss=cross_entropy(model(HELD_OUT[0]), HELD_OUT[1]).item())
    return sitter.report()


@pytest.mark.parametrize(("forgotten", "problem", "remedy"), [
    ("zero_grad", "forgotten zero_grad", "optimizer.zero_grad()"),
    ("train", "evaluation mode in training", "model.train()"),
    ("eval", "train mode in evaluation", "model.eval()"),
])
def test_what_is_forgotten_in_a_loop_of_ones_own(forgotten, problem, remedy):
    report = by_hand(Babysitter(), [forgotten])
    assert report.problems == [problem]
    assert remedy in report.findings[0].remedy


def test_a_loop_of_ones_own_with_nothing_forgotten_is_healthy():
    report = by_hand(Babysitter(every=1))
    assert report.healthy, report
    assert "best" in report.signs["validation"]


def test_a_callback_that_leaves_the_model_in_evaluation_mode_is_noticed():
    class Peek(Callback):
        def on_step(self, run):
            run.model.eval()

    model = nn.Sequential(nn.Linear(64, 10, rng=0), nn.BatchNorm1d(10))
    report = watched(model, callbacks=[Peek()])
    assert "BatchNorm1d 1 worked in evaluation mode at step 2" in finding(report, "evaluation mode in training").evidence


def test_a_resumed_run_is_judged_as_the_whole_one(tmp_path):
    class Stop(Callback):
        def __init__(self, at):
            self.at = at

        def on_epoch(self, run):
            if run.epoch == self.at:
                raise OSError("the disk is gone")

    reports = []
    for resume in (False, True):
        for at in (3, None) if resume else (None,):
            model, sitter = mlp(), Babysitter()
            bias = model[2].bias.data.copy()
            bias[:40] = -100.0
            model[2].bias.data = bias
            try:
                fit(model, TRAIN, cross_entropy, nn.optim.SGD(model.parameters(), 0.05), epochs=4, validation=HELD_OUT, seed=0,
                    callbacks=[sitter, Stop(at)], checkpoint=tmp_path / "run.npz", resume=resume and at is None, progress=False)
            except OSError:
                continue
            reports.append(repr(sitter.report()))
    assert reports[0] == reports[1]
    assert "dead relus: 4" in reports[0]


def test_the_initial_loss_is_what_chance_gives_and_rises_with_regularisation():
    model = mlp()
    report = check_initial_loss(model, TRAIN, cross_entropy, penalty=lambda m: 0.001 * sum((p * p).sum() for p in m.parameters()))
    assert report.healthy
    assert re.fullmatch(r"2\.3\d?, where guessing gives 2\.3", report.signs["initial loss"])
    assert float(report.signs["regularisation"].split()[-1]) > 0
    wrong = check_initial_loss(mlp(scale=5.0), TRAIN, cross_entropy, penalty=lambda m: -sum((p * p).sum() for p in m.parameters()))
    assert wrong.problems == ["wrong initial loss", "regularisation without effect"]
    assert check_initial_loss(model, TRAIN, hinge_loss).signs["initial loss"].endswith("guessing gives 9")
    with pytest.raises(ValueError, match="give it as expected="):
        check_initial_loss(model, TRAIN, lambda p, t: mse_loss(p, np.eye(10, dtype=np.float32)[t]))
    assert check_initial_loss(model, TRAIN, lambda p, t: mse_loss(p, np.eye(10, dtype=np.float32)[t]), expected=0.1).healthy


def test_twenty_examples_are_learnt_by_heart_unless_something_is_broken():
    model = mlp()
    before = {name: array.copy() for name, array in model.state_dict().items()}
    report = check_overfit(model, TRAIN, cross_entropy)
    assert report.healthy
    assert float(re.match(r"loss ([\d.e-]+)", report.signs["overfit 20 examples"])[1]) < 0.01
    assert all(np.array_equal(array, before[name]) for name, array in model.state_dict().items())
    broken = nn.Sequential(nn.Linear(64, 10, rng=0), nn.ReLU(), nn.Activation(lambda x: x * 0.0), nn.Linear(10, 10, rng=0))
    assert check_overfit(broken, TRAIN, cross_entropy, epochs=50).problems == ["cannot overfit"]


def test_what_is_no_interval_is_refused():
    with pytest.raises(ValueError, match="every=0"):
        Babysitter(every=0)
