"""fit(compile=True): the history, the parameters and the files of an ordinary run, to rounding."""

import warnings

import numpy as np
import pytest

import nn
import nn.functional as F

IRIS = nn.data.load("iris")


def numbers():
    return nn.MLP(4, [5, 3], "tanh", rng=0)


def layers():
    # a bias before batch norm has a gradient of rounding errors alone, of which Adam makes steps of the usual size
    return nn.Sequential(nn.Linear(4, 8, bias=False, rng=0), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.2, rng=2),
                         nn.Linear(8, 3, rng=1))


def run(build, compile, loss=nn.cross_entropy, data=IRIS, epochs=3, **options):
    model = build()
    optimizer = nn.optim.Adam(model.named_parameters(), lr=0.02)
    return nn.train.fit(model, data, loss, optimizer, epochs=epochs, seed=0, progress=False, compile=compile, **options), model


def alike(one, two, tolerance=1e-9):
    (history, model), (other, twin) = one, two
    np.testing.assert_allclose(history.batches, other.batches, rtol=tolerance)
    for name, state in model.state_dict().items():
        np.testing.assert_allclose(state, twin.state_dict()[name], rtol=1e3 * tolerance, atol=tolerance, err_msg=name)
    assert [row.keys() for row in history.rows] == [row.keys() for row in other.rows]
    for row, wanted in zip(history.rows, other.rows):
        assert row == pytest.approx(wanted, rel=max(1e-6, tolerance))


@pytest.mark.parametrize(("build", "tolerance"), [(numbers, 1e-9), (layers, 1e-5)])
def test_the_history_is_that_of_an_ordinary_run(build, tolerance):
    options = {"metrics": "accuracy", "validation": IRIS, "clip_norm": 1.0}
    alike(run(build, True, **options), run(build, False, **options), tolerance)


@pytest.mark.parametrize("loss", [nn.mse_loss, nn.l1_loss])
def test_targets_that_are_numbers(loss):
    rng = np.random.default_rng(0)
    data = rng.normal(size=(40, 4)), rng.normal(size=(40, 1))
    build = lambda: nn.MLP(4, [3, 1], rng=0)
    alike(run(build, True, loss, data), run(build, False, loss, data))


def test_a_checkpoint_of_one_is_gone_on_with_by_the_other(tmp_path):
    for first, second in ((True, False), (False, True)):
        path = tmp_path / f"{first}.npz"
        run(layers, first, F.cross_entropy, epochs=2, checkpoint=path)
        resumed = run(layers, second, F.cross_entropy, epochs=4, checkpoint=path, resume=True)
        alike(resumed, run(layers, False, F.cross_entropy, epochs=4), 1e-5)


def test_callbacks_see_what_they_see_in_an_ordinary_run():
    seen = {}

    class Watch(nn.train.Callback):
        def __init__(self, key):
            self.key = key

        def on_backward(self, run):
            seen.setdefault(self.key, []).append((run.loss.item(), run.loss.op.name, len(run.prediction)))
    ran = [run(numbers, compile, callbacks=[Watch(compile)], epochs=1) for compile in (True, False)]
    assert seen[True] == seen[False]
    alike(*ran)
    ended = []
    alike(run(numbers, True, callbacks=[lambda run: ended.append(run.loss.op.name)]), run(numbers, False))
    assert len(ended) == 3


def test_the_babysitter_and_the_report_go_with_it(tmp_path):
    import viz
    watchers = [nn.babysitter.Babysitter(), viz.report(tmp_path / "run.html")]
    history, _ = run(layers, True, F.cross_entropy, callbacks=watchers, epochs=2)
    assert len(history.rows) == 2 and (tmp_path / "run.html").exists()


def test_a_loss_that_is_no_mean_over_examples_is_not_compiled():
    def spread(prediction, target):
        return nn.cross_entropy(prediction, target) * len(target)
    with pytest.warns(UserWarning, match="not the mean"):
        ran = run(numbers, True, spread)
    alike(ran, run(numbers, False, spread))


def test_a_network_that_chooses_by_its_numbers_is_not_compiled():
    class Choosing(nn.Module):
        def __init__(self):
            self.inner = nn.MLP(4, [3], rng=0)

        def forward(self, x):
            scores = self.inner(x)
            return scores if scores[0] > 0 else [score * 2 for score in scores]
    with pytest.warns(UserWarning, match="truth value"):
        ran = run(Choosing, True)
    alike(ran, run(Choosing, False))


@pytest.mark.parametrize("build", [numbers, layers])
def test_a_run_that_diverges_says_where(build):
    def fit(compile):
        model = build()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            optimizer = nn.optim.SGD(model.named_parameters(), lr=1e200)
            data = np.array(IRIS.inputs) * 1e200, np.array(IRIS.labels)
            return nn.train.fit(model, data, nn.cross_entropy, optimizer, epochs=2, seed=0, progress=False, compile=compile)
    assert fit(True).stopped.partition(":")[0] == fit(False).stopped.partition(":")[0]
