"""docs/from_numpy.md, from_micrograd.md and from_sklearn.md, line by line: the left side and the right side give the same."""

from __future__ import annotations

import json

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import Tensor, Value

from .data.coming_from import ARRAYS, FILE, functions, lines, numbers, run

RECORDED = json.loads(FILE.read_text(encoding="utf-8"))


def cases(page, *sections):
    return [pytest.param(*line, id=line[0]) for section in sections for line in lines(page, section)]


@pytest.mark.parametrize(("theirs", "ours"), cases("numpy", "NumPy"))
def test_a_line_of_numpy_means_the_same_of_tensors(theirs, ours):
    tensors = {name: Tensor(array) for name, array in ARRAYS.items()}
    found, wanted = run(ours, {"ag": ag, "np": np, **tensors}), run(theirs, {"np": np, **ARRAYS})
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("theirs", "ours"), cases("numpy", "HIPS autograd"))
def test_a_line_of_hips_autograd_gives_its_recorded_numbers(theirs, ours):
    np.testing.assert_allclose(run(ours, {"ag": ag, **functions(np)}), RECORDED[f"numpy / {theirs}"], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("theirs", "ours"), cases("micrograd", "Values", "Networks"))
def test_a_line_of_micrograd_gives_its_recorded_numbers(theirs, ours):
    names = {"a": Value(2.0), "b": Value(-3.0), "MLP": nn.MLP, "Layer": nn.Layer, "Neuron": nn.Neuron}
    np.testing.assert_allclose(run(ours, names), RECORDED[f"micrograd / {theirs}"], rtol=1e-12, atol=1e-12)


def scikit_learns():
    from importlib import import_module
    pytest.importorskip("sklearn")
    rooms = {"sklearn.datasets": "load_iris", "sklearn.preprocessing": "StandardScaler LabelBinarizer",
             "sklearn.decomposition": "PCA",
             "sklearn.model_selection": "train_test_split StratifiedKFold cross_val_score", "sklearn.pipeline": "make_pipeline",
             "sklearn.metrics": "log_loss accuracy_score mean_squared_error root_mean_squared_error mean_absolute_error hinge_loss",
             "sklearn.linear_model": "LogisticRegression", "sklearn.neural_network": "MLPClassifier MLPRegressor",
             "scipy.special": "softmax", "nn.interop.sklearn": "NetworkClassifier NetworkRegressor"}
    found = {name: getattr(import_module(room), name) for room, names in rooms.items() for name in names.split()}
    x, y = found["load_iris"](return_X_y=True)
    scores = x[:, :3] - x[:, 1:]
    return {**found, "nn": nn, "np": np, "x": x, "y": y, "scores": scores, "p": found["softmax"](scores, axis=1),
            "t": x[:, 0] - 5.1234, "u": x[:, 1] - 3.0321}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(("theirs", "ours"), cases("sklearn", "Data and numbers", "Estimators"))
def test_a_line_of_scikit_learn_means_the_same(theirs, ours):
    names = scikit_learns()
    np.testing.assert_allclose(numbers(run(ours, names)), run(theirs, names), rtol=1e-9, atol=1e-9)
