"""The training loop: equal to a loop by hand, and bit for bit equal when it is stopped at any batch and resumed."""

import copy
import json
import math
import random
import re
import signal
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
import viz
from autograd import Tensor, einsum, log
from nn.data import Augment, DataLoader
from nn.functional import cross_entropy, mse_loss
from nn.train import Callback, accuracy, evaluate, fit, predict

ROOT = Path(__file__).parent.parent
X, Y = nn.data.load("digits").arrays(1, 8, 8)
X = X / 16
TRAIN, HELD_OUT = (X[:150], Y[:150]), (X[150:220], Y[150:220])


def network(seed=0):
    """A network with all kinds of state: batch norm's averages, and dropout of two layers."""
    rng = np.random.default_rng(seed)
    return nn.Sequential(nn.Conv2d(1, 4, 3, rng=rng), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                         nn.Dropout(0.3, rng=rng), nn.Linear(36, 16, rng=rng), nn.Tanh(), nn.Dropout(0.2, rng=seed),
                         nn.Linear(16, 10, rng=rng))


def weights(model):
    return [array.tobytes() for array in model.state_dict().values()]


class Counter(Callback):
    """Counts batches, and is asked to interrupt after one of them."""

    def __init__(self, interrupt=None, how=lambda: signal.raise_signal(signal.SIGINT)):
        self.steps, self.interrupt, self.how = 0, interrupt, how

    def on_step(self, run):
        self.steps += 1
        if self.steps == self.interrupt:
            self.how()

    def state_dict(self):
        return {"steps": self.steps}

    def load_state_dict(self, state):
        self.steps = state["steps"]


def train(path=None, interrupt=None, schedule="cosine", epochs=3, counter=None, page=None, **options):
    model = network()
    optimizer = nn.optim.Adam(model.named_parameters(), lr=0.01)
    each = {"cosine": lambda: nn.schedule.CosineAnnealingLR(optimizer, 15),
            "plateau": lambda: nn.schedule.ReduceLROnPlateau(optimizer, patience=0, factor=0.5)}[schedule]()
    loader = DataLoader(TRAIN, 32, shuffle=True, generator=7, transform=Augment(shift=1, rotate=10))
    counter = counter or Counter(interrupt)
    history = fit(model, loader, cross_entropy, optimizer, epochs=epochs, validation=HELD_OUT, metrics="accuracy",
                  schedule=each, schedule_each="batch" if schedule == "cosine" else "epoch",
                  callbacks=[counter] if page is None else [counter, viz.report(page)],
                  checkpoint=path, progress=False, **options)
    return model, history, counter


@pytest.fixture(autouse=True)
def ctrl_c_is_python_s():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler  # fit gave it back
    signal.signal(signal.SIGINT, before)


WHOLE = {schedule: train(schedule=schedule) for schedule in ("cosine", "plateau")}


@settings(max_examples=15)
@given(st.lists(st.integers(1, 15), min_size=1, max_size=2, unique=True).map(sorted), st.sampled_from(["cosine", "plateau"]))
def test_stopped_by_ctrl_c_at_any_batch_and_resumed_a_run_ends_the_same_to_the_bit(tmp_path_factory, stops, schedule):
    path = tmp_path_factory.mktemp("run") / "run.npz"
    for stop in stops:
        with pytest.raises(KeyboardInterrupt, match=f"stopped after batch {stop}; .*resume=True"):
            train(path, interrupt=stop, schedule=schedule, resume=True)
    model, history, counter = train(path, schedule=schedule, resume=True)
    whole, expected, _ = WHOLE[schedule]
    assert weights(model) == weights(whole)
    assert history.rows == expected.rows
    assert history.batches == expected.batches
    assert counter.steps == 15
    assert history.stopped == "all 3 epochs are done"


def test_killed_at_a_random_batch_a_run_resumes_from_its_last_checkpoint_the_same_to_the_bit(tmp_path):
    killed = textwrap.dedent(f"""
        import os
        from tests.test_nn_train import Counter, train
        train({str(tmp_path / "run.npz")!r}, counter=Counter({random.randint(5, 14)}, lambda: os._exit(9)), checkpoint_every=2)
        """)
    run = subprocess.run([sys.executable, "-c", killed], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert run.returncode == 9, run.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["run.npz"]
    model, history, counter = train(tmp_path / "run.npz", resume=True)
    assert weights(model) == weights(WHOLE["cosine"][0])
    assert history.rows == WHOLE["cosine"][1].rows
    assert counter.steps == 15


class Contracted(nn.Module):
    """A layer whose gradients have einsum's memory layout, neither C nor Fortran order."""

    def __init__(self):
        rng = np.random.default_rng(0)
        self.w, self.u = (Tensor(0.1 * rng.normal(size=shape).astype("float32")) for shape in ((7, 8, 9), (9, 6, 4, 10)))

    def forward(self, x):
        return einsum("nca,cdeo->nao", einsum("nb,abc->nca", x.reshape(-1, 8), self.w), self.u)[::8].sum(1)


def test_a_resumed_run_is_the_same_to_the_bit_however_its_arrays_lie_in_memory(tmp_path):
    models = []
    for epochs in ((3,), (2, 3)):
        for count in epochs:
            model = Contracted()
            fit(model, DataLoader(TRAIN, 32, True, 0), cross_entropy, nn.optim.Adam(model.parameters(), 0.01), epochs=count,
                progress=False, checkpoint=tmp_path / f"{len(epochs)}.npz", resume=True)
        models.append(model)
    assert not models[0].w.array.flags.forc
    assert weights(models[0]) == weights(models[1])


def test_without_a_checkpoint_ctrl_c_still_ends_between_batches():
    with pytest.raises(KeyboardInterrupt, match="stopped after batch 4$"):
        train(interrupt=4)


def test_a_run_that_ended_is_not_trained_on_but_can_be_prolonged(tmp_path):
    train(tmp_path / "run.npz", epochs=2)
    model, history, counter = train(tmp_path / "run.npz", epochs=2, resume=True)
    assert (len(history), counter.steps) == (2, 10)
    model, history, _ = train(tmp_path / "run.npz", epochs=3, resume=True)
    assert weights(model) == weights(WHOLE["cosine"][0])


def test_resuming_needs_what_was_saved(tmp_path):
    with pytest.raises(ValueError, match="needs checkpoint="):
        train(resume=True)
    train(tmp_path / "run.npz", epochs=1)
    model = network()
    before = weights(model)
    optimizer = nn.optim.Adam(model.named_parameters())
    for options, message in (({}, "saved with 1 callbacks"), ({"callbacks": [Counter()], "batch_size": 16}, "batch_size")):
        with pytest.raises(ValueError, match=message):
            fit(model, TRAIN, cross_entropy, optimizer, checkpoint=tmp_path / "run.npz", resume=True, progress=False, **options)
        assert weights(model) == before


def everything(model, optimizer, schedule, loader, counter):
    """All state that a resume may change, and the loader's further batches."""
    loader, generators = copy.deepcopy(loader), [generator.bit_generator.state for _, generator in model.named_generators()]
    return repr((weights(model), optimizer.state_dict(), schedule.state_dict(), counter.state_dict(), generators,
                 [y.tolist() for _ in range(2) for _, y in loader]))


class Refusing(Counter):
    def load_state_dict(self, state):
        super().load_state_dict(state)
        if state == {"steps": 3}:
            raise KeyError("a callback that refuses")


def broken(path, *places):
    """The checkpoint without one entry."""
    content = nn.persist.load(path)
    part = content
    for place in places[:-1]:
        part = part[place]
    del part[places[-1]]
    nn.persist.save(path, content)


@pytest.mark.parametrize(("how", "message"), [
    ("a foreign file", "is not a checkpoint, or is damaged"),
    ("a plain model", "holds no training run to resume, only model, generators. nn.persist.load"),
    ("plain data", "holds no training run to resume, only x"),
    (("extra", "totals"), "holds no training run to resume, only model, generators, extra, optimizer, schedule"),
    (("optimizer",), "holds no training run to resume"),
    (("model", "0.bias"), "missing 0.bias"),
    (("schedule", "last_epoch"), "is not what StepLR.state_dict gives"),
    (("extra", "loader", "order"), "not what DataLoader.state_dict gives"),
    (("generators", "5.rng"), "the random generators saved are"),
    ("a callback", "a callback that refuses"),
    ("batch_size", "batch_size=32, not 16"),
    ("other data", "Give the same data"),
])
@pytest.mark.parametrize("begun", [False, True, "within an epoch"])
def test_a_refused_resume_says_why_and_changes_nothing(tmp_path, how, message, begun):
    def trio(seed=0, size=32, data=TRAIN):
        model = network(seed)
        optimizer = nn.optim.Adam(model.named_parameters(), lr=0.01)
        return model, optimizer, nn.schedule.StepLR(optimizer, 1), DataLoader(data, size, True, seed)

    def run(model, optimizer, schedule, loader, counter, **options):
        return fit(model, loader, cross_entropy, optimizer, schedule=schedule, callbacks=[counter], progress=False, **options)

    path = tmp_path / "run.npz"
    with pytest.raises(KeyboardInterrupt):
        run(*trio(), Counter(3), checkpoint=path)
    if how == "a foreign file":
        path.write_bytes(b"something else")
    elif how == "a plain model":
        nn.persist.save(path, network())
    elif how == "plain data":
        nn.persist.save(path, {"x": 1})
    elif isinstance(how, tuple):
        broken(path, *how)
    parts = trio(1, 16 if how == "batch_size" else 32, (X[:100], Y[:100]) if how == "other data" else TRAIN)
    counter = Refusing()
    if begun:
        run(*parts, counter, epochs=1)
        parts[1].param_groups[0]["lr"] = 0.123  # set by hand, and in no schedule
    if begun == "within an epoch":
        next(iter(parts[3]))
    before = everything(*parts, counter)
    with pytest.raises(ValueError, match=message):
        run(*parts, counter, checkpoint=path, resume=True)
    assert everything(*parts, counter) == before


def test_a_checkpoint_of_a_run_without_a_schedule_says_so(tmp_path):
    model = network()
    optimizer = nn.optim.SGD(model.parameters(), 0.1)
    fit(model, TRAIN, cross_entropy, optimizer, epochs=1, progress=False, checkpoint=tmp_path / "run.npz")
    with pytest.raises(nn.persist.CheckpointError, match="was saved without a schedule"):
        fit(model, TRAIN, cross_entropy, optimizer, progress=False, checkpoint=tmp_path / "run.npz", resume=True,
            schedule=nn.schedule.StepLR(optimizer, 2))


# ── what the loop does ───────────────────────────────────────────────────────────────────────────────────────────

def by_hand(model, optimizer, loader, epochs):
    model.train()
    for _ in range(epochs):
        for x, y in loader:
            loss = cross_entropy(model(Tensor(x, requires_grad=False)), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return model


def test_fit_is_the_loop_that_one_would_write():
    models = []
    for way in range(2):
        model = network()
        optimizer = nn.optim.SGD(model.named_parameters(), lr=0.05, momentum=0.9)
        loader = DataLoader(TRAIN, 32, shuffle=True, generator=3)
        if way:
            fit(model, loader, cross_entropy, optimizer, epochs=2, progress=False)
        else:
            by_hand(model, optimizer, loader, 2)
        models.append(weights(model))
    assert models[0] == models[1]


def test_figures_are_means_over_examples_though_the_last_batch_is_smaller():
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10, rng=0))
    optimizer = nn.optim.SGD(model.named_parameters(), lr=0.0)  # nothing changes, so every epoch measures the same model
    history = fit(model, TRAIN, cross_entropy, optimizer, epochs=2, batch_size=64, metrics=["accuracy", largest], progress=False)
    scores = model(TRAIN[0])
    assert history["loss"] == pytest.approx([cross_entropy(scores, TRAIN[1]).item()] * 2, rel=1e-6)
    assert history["accuracy"] == pytest.approx([accuracy(scores, TRAIN[1])] * 2, abs=1e-12)
    assert list(history.rows[0]) == ["epoch", "loss", "accuracy", "largest", "lr"]
    assert len(history.batches) == 2 * 3  # ⌈150 / 64⌉ batches each
    measured = evaluate(model, TRAIN, cross_entropy, "accuracy", batch_size=7)
    assert measured == pytest.approx({"loss": history["loss"][0], "accuracy": history["accuracy"][0]}, rel=1e-6)
    assert predict(model, TRAIN[0], batch_size=7) == pytest.approx(scores.data, abs=1e-6)


def largest(prediction, target):
    return float(prediction.max())


def test_accuracy_is_the_share_of_highest_scores():
    scores = np.array([[3.0, 1.0, 2.0], [0.0, 5.0, 1.0], [1.0, 0.0, 0.5], [0.0, 0.1, 0.2]])
    assert accuracy(scores, np.array([0, 1, 2, 2])) == 0.75
    assert accuracy(scores, np.eye(3)[[0, 1, 2, 0]]) == 0.5
    for wrong, target in ((scores[:, :1], np.zeros(4)), (scores, np.zeros(3)), (scores[0], np.zeros(3))):
        with pytest.raises(ValueError, match="accuracy: scores of shape"):
            accuracy(wrong, target)


@pytest.mark.parametrize("bad", ["scores", "labels"])
def test_accuracy_of_nan_is_an_error_with_its_place(bad):
    scores, labels = np.array([[0.0, 1.0], [1.0, 0.0]]), np.eye(2)[[1, 0]]
    (scores if bad == "scores" else labels)[1] = math.nan
    with pytest.raises(ValueError, match=f"accuracy: the {bad} of example 1 are nan, which is not a class"):
        accuracy(scores, labels)
    if bad == "scores":
        with pytest.raises(ValueError, match="the scores of example 1"):
            accuracy(Tensor(scores), [1, 0])
    with pytest.raises(ValueError, match="the labels of example 0"):
        accuracy(np.eye(2), np.array([math.nan, 1.0]))


class Broken(nn.Module):
    """Scores of nan in evaluation mode, from the second epoch on."""

    def __init__(self):
        self.linear, self.epochs = nn.Linear(64, 10, rng=0), 0

    def forward(self, x):
        if self.training:
            return self.linear(x.reshape(-1, 64))
        self.epochs += 1
        return self.linear(x.reshape(-1, 64)) * (math.nan if self.epochs == 2 else 1.0)


def test_a_validation_of_nan_is_nan_in_the_history_and_never_the_best():
    for mode in ("min", "max"):
        model = Broken()
        history = fit(model, TRAIN, cross_entropy, nn.optim.SGD(model.parameters(), 0.1), epochs=3, validation=HELD_OUT,
                      metrics="accuracy", monitor=f"validation {'loss' if mode == 'min' else 'accuracy'}", seed=0, progress=False)
        assert [math.isnan(x) for x in history["validation accuracy"]] == [False, True, False]
        assert history.mode == mode
        assert history.best["epoch"] == 3
    history.rows = history.rows[1::-1]  # the nan first
    assert history.best["epoch"] == 1


def test_training_works_in_training_mode_and_leaves_a_model_that_is_ready_to_use():
    model, seen = network(), []

    class Modes(Callback):
        def on_backward(self, run):
            seen.append(all(module.training for module in run.model.modules()))

        def on_epoch(self, run):
            run.model.eval()  # to look at something, and not put back

    optimizer = nn.optim.SGD(model.named_parameters(), 0.01)
    fit(model, TRAIN, cross_entropy, optimizer, epochs=2, validation=HELD_OUT, callbacks=[Modes()], progress=False)
    assert seen == [True] * 10
    assert not any(module.training for module in model.modules())
    model[5].train()
    evaluate(model, HELD_OUT, cross_entropy)
    assert [module.training for module in model] == [i == 5 for i in range(10)]


def test_the_best_weights_are_those_at_the_end(tmp_path):
    model = network()
    optimizer = nn.optim.Adam(model.named_parameters(), lr=0.1)  # jumps about
    history = fit(model, TRAIN, cross_entropy, optimizer, epochs=6, validation=HELD_OUT, metrics="accuracy", seed=0, progress=False)
    assert history.best["validation loss"] == min(history["validation loss"]) < history["validation loss"][-1]
    assert evaluate(model, HELD_OUT, cross_entropy)["loss"] == history.best["validation loss"]
    weights_at_end = weights(model)
    assert history.best["epoch"] < 5
    for epochs in (5, 6):  # the best ones are in the checkpoint too
        model = network()
        fit(model, TRAIN, cross_entropy, nn.optim.Adam(model.named_parameters(), lr=0.1), epochs=epochs, validation=HELD_OUT,
            metrics="accuracy", seed=0, progress=False, checkpoint=tmp_path / "run.npz", resume=True)
    assert weights(model) == weights_at_end
    optimizer = nn.optim.SGD(model.parameters(), 0.01)
    by_accuracy = fit(model, TRAIN, cross_entropy, optimizer, epochs=1, validation=HELD_OUT, metrics="accuracy",
                      monitor="validation accuracy", progress=False)
    assert by_accuracy.mode == "max"


@pytest.mark.parametrize(("options", "epochs", "reason"), [
    ({"patience": 2, "min_delta": 0.1, "optimizer": 1e-5}, 3, "loss has not improved for 2 epochs; it was best, .* in epoch 3"),
    ({"patience": 2, "optimizer": 1e-5}, 9, "all 9 epochs are done"),
    ({"patience": 3}, 4, "loss has not improved for 3 epochs; it was best, .* in epoch 1"),
    ({"stop": lambda run: run.epoch == 2}, 2, "the stop criterion held after epoch 2"),
    ({"callbacks": [lambda run: run.stop("enough")]}, 1, "enough"),
    ({}, 9, "all 9 epochs are done"),
])
def test_what_ends_a_run(options, epochs, reason):
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10, rng=0))
    optimizer = nn.optim.SGD(model.parameters(), lr=options.pop("optimizer", 0.0))
    history = fit(model, DataLoader(TRAIN, 50), cross_entropy, optimizer, epochs=9, progress=False, **options)
    assert len(history) == epochs
    assert re.fullmatch(reason, history.stopped)


def test_a_schedule_waits_for_a_plateau_of_what_is_monitored():
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10, rng=0))
    optimizer = nn.optim.SGD(model.parameters(), lr=0.1)
    wrong = TRAIN[0], (TRAIN[1] + 1) % 10  # the better the training labels are learnt, the worse these are met
    history = fit(model, TRAIN, cross_entropy, optimizer, epochs=4, validation=wrong, progress=False, seed=0,
                  schedule=nn.schedule.ReduceLROnPlateau(optimizer, factor=0.5, patience=0))
    assert history["loss"] == sorted(history["loss"], reverse=True)
    assert history["lr"] == [0.1, 0.1, 0.05, 0.025]


def test_a_callback_may_end_a_run_within_an_epoch():
    class Enough(Callback):
        def on_step(self, run):
            if run.step == 3:
                run.stop("three are enough")

    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10, rng=0))
    history = fit(model, TRAIN, cross_entropy, nn.optim.SGD(model.parameters(), 0.1), callbacks=[Enough()], progress=False)
    assert (len(history), len(history.batches), history.stopped) == (0, 3, "three are enough")
    assert "three are enough" in repr(history)
    with pytest.raises(LookupError, match="three are enough"):
        _ = history.best


def logarithm_loss(prediction, target):
    return -log(prediction[np.arange(len(target)), target]).mean()  # of scores that were never made probabilities


def test_nan_ends_the_run_with_its_origin_and_the_update_is_not_made():
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10, rng=0))
    before = weights(model)
    history = fit(model, TRAIN, logarithm_loss, nn.optim.SGD(model.parameters(), 0.1), seed=0, progress=False)
    assert history.stopped.startswith("epoch 1, batch 1: the first value that is nan: log(")
    assert "log of a negative number" in history.stopped
    assert (len(history), history.batches) == (0, [])
    assert weights(model) == before


def test_a_gradient_that_is_not_finite_ends_the_run_too():
    x, y = np.zeros((40, 2), np.float32), np.zeros((40, 1), np.float32)  # sqrt at 0: 0, and its slope inf
    model = nn.Sequential(nn.Linear(2, 1, bias=False, rng=0))
    before = weights(model)
    for options in ({}, {"clip_norm": 1.0}):
        history = fit(model, (x, y), lambda p, t: (p * p).sum() ** 0.5 + mse_loss(p, t), nn.optim.SGD(model.parameters(), 0.1),
                      progress=False, **options)
        assert "the first gradient that is " in history.stopped
        assert weights(model) == before


def test_a_clipped_update_is_at_most_as_long_as_the_rate():
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10, rng=0))
    before = model.state_dict()
    optimizer = nn.optim.SGD(model.parameters(), lr=0.5)
    fit(model, DataLoader(TRAIN, 150), lambda p, t: 1e6 * cross_entropy(p, t), optimizer, epochs=1, clip_norm=1.0, progress=False)
    moved = np.sqrt(sum(np.square(after - before[name], dtype=float).sum() for name, after in model.state_dict().items()))
    assert moved == pytest.approx(0.5, rel=1e-4)


def test_wider_data_do_not_widen_the_network():
    seen = []
    model = nn.Sequential(nn.Linear(4, 3, rng=0))
    iris = nn.data.load("iris")  # floats of Python
    fit(model, iris, cross_entropy, nn.optim.SGD(model.parameters(), 0.1), epochs=1, progress=False, validation=iris,
        callbacks=[Watch(lambda run: seen.append((run.x.dtype, run.prediction.dtype)))])
    assert set(seen) == {(np.dtype("float32"), np.dtype("float32"))}


class Watch(Callback):
    def __init__(self, function):
        self.function = function

    def on_backward(self, run):
        self.function(run)


def test_a_network_of_single_numbers_trains_in_the_same_loop(tmp_path):
    iris = nn.data.load("iris")
    scaled = nn.data.StandardScaler(iris.inputs)(iris.inputs)
    model = nn.MLP(4, [4, 3], rng=random.Random(0))
    history = fit(model, (scaled, iris.labels), nn.cross_entropy, nn.optim.SGD(model.parameters(), lr=0.1, momentum=0.9), epochs=10,
                  metrics="accuracy", seed=0, progress=False, checkpoint=tmp_path / "scalars.npz")
    assert history["accuracy"][-1] > 0.9
    assert evaluate(model, (scaled, iris.labels), nn.cross_entropy, "accuracy")["accuracy"] > 0.9


def test_the_bar_shows_where_the_run_is_and_what_it_measured(capsys):
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10, rng=0))
    fit(model, TRAIN, cross_entropy, nn.optim.SGD(model.parameters(), 0.1), epochs=2, metrics="accuracy")
    shown = capsys.readouterr().err
    assert "10/10" in shown
    assert "epoch 2/2" in shown
    assert re.search(r"loss=\d\.\d+, accuracy=0\.\d+", shown)


def test_a_history_is_a_table_a_dict_and_a_frame():
    _, history, _ = WHOLE["plateau"]
    table = repr(history).splitlines()
    assert table[0].split() == ["epoch", "loss", "accuracy", "validation", "loss", "validation", "accuracy", "lr"]
    assert len(table) == 5
    assert sum(line.startswith("*") for line in table[1:4]) == 1
    assert table[4] == "* best validation loss. Ended: all 3 epochs are done"
    assert history.to_dict()["loss"] == history["loss"] == [row["loss"] for row in history.rows]
    with pytest.raises(KeyError, match="no column 'los'; the columns are epoch, loss"):
        history["los"]
    frame = pytest.importorskip("pandas") and history.to_frame()
    assert frame.loc[2, "loss"] == history["loss"][1]


def test_validation_is_data_or_a_loader_of_it():
    """The loader's transform is applied; its order and batch size make no difference."""
    def run(validation):
        model = network()
        optimizer = nn.optim.SGD(model.named_parameters(), lr=0.1)
        history = fit(model, TRAIN, cross_entropy, optimizer, epochs=2, validation=validation, seed=0, progress=False)
        return history["validation loss"]

    x, y = HELD_OUT
    assert run(HELD_OUT) == run(DataLoader(HELD_OUT, 7, shuffle=True, generator=1))
    assert run((x + 1.0, y)) == run(DataLoader(HELD_OUT, 7, transform=lambda batch, rng: batch + 1.0)) != run(HELD_OUT)


class Told(Counter):
    """Callback that records the events at the end of a run."""

    told = ""

    def on_end(self, run):
        self.told += "end"

    def on_interrupt(self, run, error):
        self.told += f"{type(error).__name__} after {run.step}"


@pytest.mark.parametrize("how", ["Ctrl-C", "an error"])
def test_callbacks_and_the_page_are_told_of_what_ends_a_run_in_the_middle(tmp_path, how):
    counter = Told(6) if how == "Ctrl-C" else Told(6, lambda: [][0])
    with pytest.raises((KeyboardInterrupt, IndexError)):
        train(counter=counter, page=tmp_path)
    assert counter.told == ("KeyboardInterrupt after 6" if how == "Ctrl-C" else "IndexError after 6")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert ("Interrupted: stopped after batch 6" if how == "Ctrl-C" else "Interrupted: list index out of range") in page
    assert "Running" not in page and 'http-equiv="refresh"' not in page
    train(counter=(ended := Told()), page=tmp_path)
    assert ended.told == "end"
    assert "Ended: all 3 epochs are done" in (tmp_path / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(("options", "message"), [
    ({"monitor": "validation loss"}, "no 'validation loss' to monitor; choose from loss"),
    ({"metrics": "f1"}, "no metric 'f1'; use 'accuracy'"),
    ({"epochs": -1}, "epochs=-1; it must be a whole number, 0 or more"),
    ({"epochs": 2.5}, "epochs=2.5; it must be a whole number"),
    ({"mode": "up"}, "mode='up'; it must be 'min' or 'max'"),
    ({"schedule_each": "step"}, "it must be 'epoch' or 'batch'"),
    ({"clip_norm": -1.0}, "clip_norm=-1.0; it must be a number, 0 or more"),
    ({"clip_norm": float("nan")}, "clip_norm=nan"),
    ({"clip_norm": 0}, "use clip_norm=None for no clipping"),
    ({"checkpoint_every": 0}, "checkpoint_every=0; it must be a whole number, 1 or more"),
    ({"patience": 1.5}, "patience=1.5; it must be a whole number, 1 or more"),
    ({"batch_size": 0}, "batch_size=0; it must be a whole number, 1 or more"),
])
def test_what_fit_cannot_do_is_refused_before_anything_is_trained(options, message):
    model = network()
    before = weights(model)
    with pytest.raises(ValueError, match=message):
        fit(model, TRAIN, cross_entropy, nn.optim.SGD(model.parameters(), 0.1), progress=False, **options)
    assert weights(model) == before


class Plain:
    """Callback with some of the hooks, without a base class."""

    def __init__(self):
        self.seen = []

    def on_start(self, run):
        self.seen.append("start")

    def on_epoch(self, run):
        self.seen.append(run.epoch)

    def on_end(self, run):
        self.seen.append(run.history.stopped)


def test_any_object_with_some_of_the_hooks_is_a_callback(tmp_path):
    model, plain, epochs = nn.Sequential(nn.Flatten(), nn.Linear(64, 10, rng=0)), Plain(), []
    optimizer = nn.optim.SGD(model.parameters(), 0.1)
    for count in (2, 3):  # the second run resumes the first: a callback without a state keeps none
        fit(model, TRAIN, cross_entropy, optimizer, epochs=count, callbacks=[plain, lambda run: epochs.append(run.epoch)], seed=0,
            checkpoint=tmp_path / "run.npz", resume=True, progress=False)
    assert plain.seen == ["start", 1, 2, "all 2 epochs are done", "start", 3, "all 3 epochs are done"]
    assert epochs == [1, 2, 3]


class Misspelt(Callback):
    def on_epoch_end(self, run):
        pass


@pytest.mark.parametrize(("callback", "message"), [
    (Misspelt(), "has a method on_epoch_end; give an object with some of on_start, on_backward, on_step, on_epoch"),
    (Counter, r"the callback Counter is a class; give an instance: Counter\(\)"),
    (3, "the callback 3 has none of the methods of a callback"),
])
def test_what_would_never_be_called_is_refused_as_a_callback(callback, message):
    model = network()
    with pytest.raises(TypeError, match=message):
        fit(model, TRAIN, cross_entropy, nn.optim.SGD(model.parameters(), 0.1), callbacks=[callback], progress=False)


def test_a_last_batch_of_one_is_dropped_on_request():
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10, rng=0), nn.BatchNorm1d(10))
    data = X[:65], Y[:65]  # 32 + 32 + 1
    optimizer = nn.optim.SGD(model.parameters(), 0.1)
    history = fit(model, data, cross_entropy, optimizer, epochs=np.int64(2), batch_size=np.int32(32), seed=np.int64(0),
                  drop_last=True, progress=False)
    assert len(history.batches) == 4
    with pytest.raises(ValueError, match="one value per channel.*drop_last=True of DataLoader or fit"):
        fit(model, data, cross_entropy, optimizer, epochs=1, batch_size=32, progress=False)
    loader = DataLoader(data, 32, drop_last=True)
    assert len(fit(model, loader, cross_entropy, optimizer, epochs=1, drop_last=True, progress=False).batches) == 2
    with pytest.raises(ValueError, match=r"use DataLoader\(…, drop_last=True\)"):
        fit(model, DataLoader(data, 32), cross_entropy, optimizer, drop_last=True, progress=False)


def test_runs_in_several_threads_do_not_meet():
    with ThreadPoolExecutor(3) as pool:  # where no Ctrl-C arrives
        runs = list(pool.map(lambda _: train(), range(3)))
    assert all(weights(model) == weights(WHOLE["cosine"][0]) for model, _, _ in runs)


def test_an_error_in_the_users_code_is_passed_on():
    model = network()
    with pytest.raises(ZeroDivisionError):
        fit(model, TRAIN, lambda p, t: 1 / 0, nn.optim.SGD(model.parameters(), 0.1), progress=False)
    with pytest.raises(ValueError, match="no backward pass has reached it"):  # not mistaken for a run that diverged
        fit(model, TRAIN, cross_entropy, nn.optim.SGD([*model.parameters(), Tensor(1.0, "alone")], 0.1), progress=False)
    assert not any(module.training for module in model.modules())


# ── logs ─────────────────────────────────────────────────────────────────────────────────────────────────────────

def test_a_log_holds_the_rows_of_the_history_also_of_a_resumed_run(tmp_path):
    paths = tmp_path / "run.csv", tmp_path / "run.json"

    def run(epochs):
        model = nn.Sequential(nn.Linear(4, 3, rng=0))
        optimizer = nn.optim.SGD(model.parameters(), 0.1)
        return nn.train.fit(model, nn.data.load("iris"), nn.cross_entropy, optimizer, epochs=epochs, seed=0, progress=False,
                            callbacks=[nn.train.Log(path) for path in paths], checkpoint=tmp_path / "state",
                            resume=True)

    run(2)
    history = run(3)
    lines = paths[0].read_text(encoding="utf-8").splitlines()[1:]
    rows = [dict(zip(history.rows[0], map(float, line.split(",")))) for line in lines]
    assert rows == history.rows == json.loads(paths[1].read_text(encoding="utf-8"))
    with pytest.raises(ValueError, match="must end in .csv or .json"):
        nn.train.Log("run.txt")
