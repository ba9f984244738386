"""nn.interop.sklearn: scikit-learn's own checks, its own linear models as the truth, and its tools around a network."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_diabetes, load_digits, load_iris
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import make_scorer
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

import nn
from nn.interop.sklearn import NetworkClassifier, NetworkRegressor, small_network

IRIS = load_iris()
SCALED = StandardScaler().fit_transform(IRIS.data)
NAMES = IRIS.target_names[IRIS.target]
RNG = np.random.default_rng(0)


def quick(estimator=NetworkClassifier, **options):
    return estimator(**{"max_epochs": 5, "random_state": 0, "module__hidden": (8,), **options})


def linear(estimator, **options):
    """One linear layer trained to convergence by full batches."""
    return estimator(**{"module__hidden": (), "batch_size": 10**6, "max_epochs": 800, "random_state": 0,
                        "optimizer": nn.optim.SGD, "lr": 0.3, "optimizer__momentum": 0.9, **options})


# ── scikit-learn's own checks ────────────────────────────────────────────────────────────────────────────────────

CHECKS = [(estimator, check) for estimator in (NetworkClassifier(), NetworkRegressor())
          for _, check in estimator_checks_generator(estimator)]


@pytest.mark.filterwarnings("default")  # scikit-learn asks for warnings here
@pytest.mark.parametrize("estimator, check", CHECKS, ids=[f"{type(e).__name__}-{c.func.__name__}" for e, c in CHECKS])
def test_scikit_learns_check(estimator, check):
    check(clone(estimator))


# ── linear models of scikit-learn are networks without a hidden layer ────────────────────────────────────────────

X = RNG.normal(size=(60, 3))
NOISY = (X @ [1.0, -2.0, 0.5] + RNG.normal(size=60) > 0).astype(int) + (X[:, 0] + RNG.normal(size=60) > 1)
WEIGHT = RNG.integers(0, 4, 60).astype(float)


@pytest.mark.parametrize("options, theirs, weight", [
    ({}, {}, None), ({}, {}, WEIGHT), ({"class_weight": "balanced"}, {"class_weight": "balanced"}, None),
    ({"class_weight": {0: 1.0, 1: 3.0, 2: 0.5}}, {"class_weight": {0: 1.0, 1: 3.0, 2: 0.5}}, WEIGHT)])
def test_a_linear_network_is_logistic_regression(options, theirs, weight):
    truth = LogisticRegression(C=np.inf, tol=1e-10, max_iter=10_000, **theirs).fit(X, NOISY, weight)
    ours = linear(NetworkClassifier, **options).fit(X, NOISY, weight)
    np.testing.assert_allclose(ours.predict_proba(X), truth.predict_proba(X), atol=1e-6)
    np.testing.assert_allclose(ours.predict_log_proba(X), truth.predict_log_proba(X), atol=1e-4)
    assert (ours.predict(X) == truth.predict(X)).all()


@pytest.mark.parametrize("weight", [None, WEIGHT])
@pytest.mark.parametrize("outputs", [(), (2,)])
def test_a_linear_network_is_least_squares(weight, outputs):
    y = RNG.normal(size=(60, *outputs))
    truth = LinearRegression().fit(X, y, weight)
    ours = linear(NetworkRegressor).fit(X, y, weight)
    np.testing.assert_allclose(ours.predict(X), truth.predict(X), atol=1e-6)
    assert ours.score(X, y) == pytest.approx(truth.score(X, y), abs=1e-6)


def test_an_example_of_weight_2_counts_as_two_examples_in_every_batch_size():
    weight = np.array([2.0] * 30 + [1.0] * 30)
    repeated = np.concatenate([X, X[:30]]), np.concatenate([NOISY, NOISY[:30]])
    once, twice = quick(batch_size=1000).fit(X, NOISY, weight), quick(batch_size=1000).fit(*repeated)
    np.testing.assert_allclose(once.predict_proba(X), twice.predict_proba(X), rtol=1e-9)
    equal = quick(batch_size=7).fit(X, NOISY, np.full(60, 3.0))  # weights all alike change nothing, in small batches too
    np.testing.assert_allclose(equal.predict_proba(X), quick(batch_size=7).fit(X, NOISY).predict_proba(X), rtol=1e-9)


# ── scikit-learn's tools ─────────────────────────────────────────────────────────────────────────────────────────

def test_cross_validation_in_a_pipeline_with_string_labels():
    model = make_pipeline(StandardScaler(), NetworkClassifier(random_state=0, max_epochs=60))
    assert cross_val_score(model, IRIS.data, NAMES, cv=5).mean() > 0.94
    found = cross_val_predict(model, IRIS.data, NAMES, cv=3)
    assert set(found) == {"setosa", "versicolor", "virginica"}
    roc = cross_val_score(model, IRIS.data, NAMES, cv=3, scoring="roc_auc_ovr")
    assert (roc > 0.98).all()


def test_grid_search_over_module_optimizer_and_criterion():
    search = GridSearchCV(make_pipeline(StandardScaler(), quick(max_epochs=20)), {
        "networkclassifier__module__hidden": [(), (16,)], "networkclassifier__lr": [1e-6, 0.05],
        "networkclassifier__optimizer": [nn.optim.Adam, nn.optim.SGD],
        "networkclassifier__criterion": [nn.CrossEntropyLoss], "networkclassifier__criterion__label_smoothing": [0.0, 0.1],
    }, cv=2).fit(IRIS.data, NAMES)
    assert search.best_params_["networkclassifier__lr"] == 0.05
    assert search.best_score_ > 0.9
    assert search.predict(IRIS.data[:1]).tolist() == ["setosa"]


def test_sample_weight_is_routed_to_fit():
    import sklearn
    with sklearn.config_context(enable_metadata_routing=True):
        model = quick(max_epochs=40).set_fit_request(sample_weight=True)
        score = cross_val_score(model, SCALED, NAMES, params={"sample_weight": (IRIS.target == 1).astype(float)}, cv=3,
                                scoring=make_scorer(lambda y, found: (found == "versicolor").mean()))
    assert (score == 1).all()  # where one class alone has weight, it alone is predicted


def test_mixed_columns_of_a_frame():
    x, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
    columns = ColumnTransformer([("category", OneHotEncoder(sparse_output=False), ["sex"])], remainder=StandardScaler())
    model = make_pipeline(columns, quick(NetworkRegressor, max_epochs=60)).set_output(transform="pandas")
    model.fit(x, (y - y.mean()) / y.std())
    assert model[-1].feature_names_in_.tolist()[:2] == ["category__sex_1.0", "category__sex_2.0"]
    assert 0.5 < model.score(x, (y - y.mean()) / y.std()) < 0.9
    with pytest.raises(ValueError, match="feature names"):
        model[-1].predict(columns.transform(x).rename(columns={"remainder__age": "years"}))


def test_labels_of_a_frame_and_of_a_category():
    x, y = pd.DataFrame(SCALED, columns=IRIS.feature_names), pd.Series(NAMES, index=range(1000, 1150))
    plain = quick().fit(SCALED, NAMES).predict_proba(SCALED)
    for labels in (y, y.astype("category"), y.tolist()):
        np.testing.assert_array_equal(quick().fit(x, labels).predict_proba(x), plain)
    several = pd.DataFrame({"a": IRIS.target, "b": -IRIS.target})
    assert quick(NetworkRegressor).fit(x, several).predict(x).shape == (150, 2)


# ── training goes on ─────────────────────────────────────────────────────────────────────────────────────────────

@pytest.mark.parametrize("estimator, target", [(NetworkClassifier, NAMES), (NetworkRegressor, IRIS.target / 2)])
@pytest.mark.parametrize("optimizer", [nn.optim.Adam, nn.optim.SGD])
def test_partial_fit_warm_start_and_a_pickle_in_between_are_one_long_fit(estimator, target, optimizer):
    options = {"optimizer": optimizer, "batch_size": 32}
    whole = quick(estimator, max_epochs=6, **options).fit(SCALED, target).predict(SCALED)
    steps = quick(estimator, **options)
    for _ in range(6):
        steps.partial_fit(SCALED, target, *([np.unique(target)] if estimator is NetworkClassifier else []))
    warm = quick(estimator, max_epochs=3, warm_start=True, **options).fit(SCALED, target)
    warm = pickle.loads(pickle.dumps(warm)).fit(SCALED, target)
    for model in (steps, warm):
        np.testing.assert_array_equal(model.predict(SCALED), whole)
        assert model.n_iter_ == 6


def test_fit_without_warm_start_begins_anew():
    model = quick().fit(SCALED, NAMES)
    np.testing.assert_array_equal(model.predict_proba(SCALED), model.fit(SCALED, NAMES).predict_proba(SCALED))


def test_partial_fit_sees_classes_in_any_batch():
    model = quick(max_epochs=1, lr=0.05)
    batches = [(SCALED[i:i + 50], NAMES[i:i + 50]) for i in (100, 0, 50)]  # one class each
    for _ in range(30):
        for x, y in batches:
            model.partial_fit(x, y, classes=IRIS.target_names)
    assert model.classes_.tolist() == ["setosa", "versicolor", "virginica"]
    with pytest.raises(ValueError, match="not among the classes"):
        model.partial_fit(SCALED[:2], ["setosa", "rose"])
    with pytest.raises(ValueError, match="differ from those of the first call"):
        model.partial_fit(SCALED, NAMES, classes=["setosa"])
    with pytest.raises(ValueError, match="first call"):
        quick().partial_fit(SCALED, NAMES)


def test_early_stopping_ends_and_keeps_the_best_weights():
    y = RNG.permutation(NAMES)  # nothing can be learnt, so the loss on other examples soon grows
    model = quick(early_stopping=True, n_iter_no_change=4, validation_fraction=0.2, max_epochs=500, lr=0.05).fit(SCALED, y)
    losses = model.history_["validation loss"]
    assert model.n_iter_ == len(losses) < 500
    assert "has not improved" in model.history_.stopped
    best = int(np.argmin(losses))
    again = quick(early_stopping=True, n_iter_no_change=10**6, validation_fraction=0.2, max_epochs=best + 1, lr=0.05).fit(SCALED, y)
    np.testing.assert_array_equal(model.predict_proba(SCALED), again.predict_proba(SCALED))


def test_early_stopping_with_weights():
    weight = np.where(IRIS.target == 0, 0.0, 1.0)
    model = quick(early_stopping=True, max_epochs=100).fit(SCALED, NAMES, sample_weight=weight)
    assert model.classes_.tolist() == ["setosa", "versicolor", "virginica"]
    assert "setosa" not in model.predict(SCALED[50:])


@pytest.mark.filterwarnings("ignore:overflow")
def test_divergence_warns():
    with pytest.warns(ConvergenceWarning, match="training ended early"):
        model = quick(NetworkRegressor, optimizer=nn.optim.SGD, lr=1e12, max_epochs=50).fit(SCALED, IRIS.target)
    assert model.n_iter_ < 50


# ── modules, criteria, callbacks ─────────────────────────────────────────────────────────────────────────────────

class Images(nn.Sequential):
    """A small convolutional network in float32."""

    def __init__(self, channels=4, rng=None):
        rng = np.random.default_rng(rng)
        super().__init__(nn.Conv2d(1, channels, 3, rng=rng), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                         nn.Linear(channels * 9, 10, rng=rng))


def test_images_as_skorch_takes_them():
    digits = load_digits()
    model = NetworkClassifier(Images, criterion=nn.CrossEntropyLoss, optimizer=nn.optim.SGD, optimizer__momentum=0.9, lr=0.1,
                              max_epochs=4, batch_size=64, module__channels=6, random_state=0)
    model.fit(digits.images[:1000, None] / 16, digits.target[:1000])
    assert model.score(digits.images[1000:, None] / 16, digits.target[1000:]) > 0.85
    assert model.module_[0].weight.shape == (6, 1, 3, 3)
    assert model.module_[0].weight.dtype == model.predict_proba(digits.images[:2, None]).dtype == np.float32


def test_words_stay_integers_for_an_embedding():
    words = RNG.integers(0, 20, (200, 3))
    y = (words[:, 0] > 9).astype(int)
    build = lambda rng: nn.Sequential(nn.Embedding(20, 4, rng=rng), nn.Flatten(), nn.Linear(12, 2, rng=rng))
    assert NetworkClassifier(build, random_state=0, lr=0.05).fit(words, y).score(words, y) > 0.97


def test_a_network_is_copied_and_never_changed():
    network = nn.Sequential(nn.Linear(4, 3, rng=0))
    before = network.state_dict()
    model = NetworkClassifier(network, max_epochs=3, random_state=0).fit(SCALED, NAMES)
    assert clone(model).module is not network
    for name, array in before.items():
        np.testing.assert_array_equal(network.state_dict()[name], array)
        assert (model.module_.state_dict()[name] != array).any()
    with pytest.raises(ValueError, match="module is a network already"):
        NetworkClassifier(network, module__hidden=(3,)).fit(SCALED, NAMES)


@pytest.mark.parametrize("criterion", [nn.huber_loss, nn.HuberLoss, nn.HuberLoss()])
def test_a_criterion_as_function_class_or_instance(criterion):
    same = quick(NetworkRegressor, criterion=criterion, criterion__delta=0.1).fit(SCALED, IRIS.target)
    truth = quick(NetworkRegressor, criterion=lambda x, y: nn.huber_loss(x, y, delta=0.1)).fit(SCALED, IRIS.target)
    np.testing.assert_array_equal(same.predict(SCALED), truth.predict(SCALED))


def test_weights_need_a_loss_for_each_example():
    with pytest.raises(TypeError, match="reduction"):
        quick(NetworkRegressor, criterion=lambda x, y: ((x - y) ** 2).mean()).fit(SCALED, IRIS.target, np.ones(150))


def test_callbacks_see_every_epoch():
    seen = []
    quick(callbacks=[lambda run: seen.append((run.epoch, run.y is None or run.y.shape))]).fit(SCALED, NAMES)
    assert [epoch for epoch, _ in seen] == [1, 2, 3, 4, 5]


def test_parameters():
    model = NetworkClassifier(module__hidden=(3,), optimizer__weight_decay=0.1, lr=0.5)
    assert clone(model).get_params() == model.get_params()
    assert "module__hidden=(3,)" in repr(model) and "optimizer__weight_decay=0.1" in repr(model)
    assert model.set_params(module__hidden=(5,), criterion__label_smoothing=0.1).module__hidden == (5,)
    with pytest.raises(ValueError, match="learning_rate"):
        model.set_params(learning_rate=0.1)
    with pytest.raises(TypeError, match="no parameter learning_rate"):
        NetworkClassifier(learning_rate=0.1).fit(SCALED, NAMES)
    with pytest.raises(NotFittedError):
        NetworkClassifier().predict(SCALED)
    with pytest.raises(ValueError, match="one score"):
        NetworkClassifier(nn.Linear, module__out_features=4, max_epochs=1).fit(SCALED, NAMES).predict(SCALED)


@pytest.mark.parametrize("weight, message", [
    (np.ones((150, 1)), "shape"), (-np.ones(150), "negative"), (np.zeros(150), "non-zero"), (np.ones(3), "inconsistent")])
def test_wrong_weights_are_refused(weight, message):
    with pytest.raises(ValueError, match=message):
        quick().fit(SCALED, NAMES, sample_weight=weight)


def test_small_network_draws_from_its_generator():
    assert str(small_network(3, 2, (4, 5), nn.Tanh, rng=0)).count("Tanh()") == 2
    np.testing.assert_array_equal(small_network(3, 2, rng=1)[0].weight.array, small_network(3, 2, rng=1)[0].weight.array)


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_scikit_learn_loads_on_first_use_and_is_named_where_it_is_missing():
    code = "import sys, nn, nn.interop; print('sklearn' in sys.modules); nn.interop.sklearn; print('sklearn' in sys.modules)"
    assert run(code).split() == ["False", "True"]
    assert "pip install 'chainrule[sklearn]'" in run(
        "import sys, nn\nsys.modules['sklearn.base'] = None\ntry: nn.interop.sklearn\nexcept ImportError as error: print(error)")
