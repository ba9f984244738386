"""Evaluation: predictions of a model, its loss and its metrics over data, in evaluation mode and without a graph."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import isfinite, nan
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import Tensor, Value, no_grad

from .arguments import whole_number
from .callbacks import LossFunction
from .data import DataLoader, arrays
from .losses import Loss
from .module import Module, evaluation_mode
from .optim import Optimizer, clip_grad_norm_
from .sources import column_array

if TYPE_CHECKING:
    from autograd.typing import Array

    from .typing import Column, Data, Prediction

Metric = Callable[[Any, Any], float]  # of (prediction, target)
Metrics = str | Iterable[str | Metric] | Mapping[str, str | Metric]


def accuracy(prediction: Prediction, target: Column) -> float:
    """Return the share of examples whose class has the highest score: scores (N, C), labels (N,) or one-hot (N, C).

    Raises ValueError for other shapes, and for nan among scores or labels, with its place.

    >>> accuracy(np.array([[0.1, 0.9], [0.8, 0.2]]), np.array([1, 1]))
    0.5
    """
    prediction, target = plain_prediction(prediction), plain_prediction(target)
    if prediction.ndim != 2 or prediction.shape[1] < 2 or target.shape not in (prediction.shape, prediction.shape[:1]):
        raise ValueError(f"accuracy: scores of shape {prediction.shape} and labels of shape {target.shape}; give one score for "
                         "each of two or more classes, (N, C), and labels (N,). For other predictions write a function")
    for what, array in (("scores", prediction), ("labels", target)):
        if (found := _nan(array)).any():
            raise ValueError(f"accuracy: the {what} of example {int(np.argwhere(found)[0][0])} are nan, which is not a class; "
                             "check with autograd.find_anomaly(loss) which operation made it, or check how the data are read")
    if target.ndim == 2:
        target = target.argmax(1)
    return float(np.count_nonzero(prediction.argmax(1) == target) / len(target))


def predict(model: Module, inputs: Column, batch_size: int = 256) -> Array:
    """Return the model's outputs for all inputs as an array, computed in evaluation mode without a graph; modes are restored."""
    forward, x, size = batch_function(model), in_model_precision(inputs, model), whole_number(batch_size, "predict: batch_size")
    with evaluation_mode(model), no_grad():
        return np.concatenate([plain_prediction(forward(x[start:start + size])) for start in range(0, len(x), size)])


def evaluate(model: Module, data: Data | DataLoader, loss: LossFunction, metrics: Metrics = (),
             batch_size: int = 256) -> dict[str, float]:
    """Return the mean loss and metrics over data, by name, in evaluation mode.

    ``data`` is anything that ``nn.data.arrays`` takes, or a ``DataLoader``.
    """
    measures, count, batch_size = metric_functions(metrics), 0, whole_number(batch_size, "evaluate: batch_size")
    totals: dict[str, float] = {}
    columns = model_arrays(data, model)
    forward = batch_function(model)
    with evaluation_mode(model), no_grad():
        for start in range(0, len(columns[0]), batch_size):
            x, target, *weight = (column[start:start + batch_size] for column in columns)
            prediction = forward(x)
            add_measurements(totals, batch_loss(loss, prediction, target, *weight).item(), measures, prediction, target)
            count += len(target)
    return {name: total / count for name, total in totals.items()}


def batch_loss(loss: LossFunction, prediction: Any, target: Any, weight: Any = None) -> Any:
    """Return the loss of a batch; with weights (N,) the mean of weight × loss over the examples.

    For that the loss must have the argument ``reduction``, as those of ``nn`` have; raises TypeError for others.

    >>> from .losses import mse_loss
    >>> float(batch_loss(mse_loss, np.array([1.0, 3.0]), np.array([0.0, 0.0]), np.array([1.0, 2.0])))  # (1·1 + 2·9) / 2
    9.5
    """
    if weight is None:
        return loss(prediction, target)
    from inspect import signature
    if isinstance(loss, Loss):
        terms = type(loss)(**{**loss.options, "reduction": "none"})(prediction, target)
    elif "reduction" in signature(loss).parameters:
        terms = loss(prediction, target, reduction="none")  # type: ignore[call-arg]
    else:
        raise TypeError("sample_weight needs a loss with the argument reduction, which gives one loss for each example where it is "
                        f"'none'; {loss!r:.60} has none")
    if isinstance(terms, list):
        rows = [sum(row) / len(row) if isinstance(row, list) else row for row in terms]
        return sum(row * float(w) for row, w in zip(rows, weight, strict=True)) / len(rows)
    return (terms * np.asarray(weight, terms.dtype).reshape(-1, *(1,) * (terms.ndim - 1))).mean()


def update(optimizer: Optimizer, clip_norm: float | None) -> bool:
    """Clip the gradients and update the parameters; return False, with nothing updated, where a gradient is not finite."""
    parameters = [x for group in optimizer.param_groups for x in group["params"]]
    if clip_norm is not None and not isfinite(clip_grad_norm_(parameters, clip_norm)):
        return False
    try:
        optimizer.step()
    except ValueError:
        if all(x.grad is None or np.isfinite(x.grad).all() for x in parameters):
            raise
        return False
    return True


# ── metrics ──────────────────────────────────────────────────────────────────────────────────────────────────────

def metric_functions(metrics: Metrics) -> dict[str, Metric]:
    """Return metrics as functions by name; raise ValueError for an unknown name.

    >>> metric_functions("accuracy")["accuracy"] is accuracy
    True
    """
    known: dict[str, Metric] = {"accuracy": accuracy}
    if isinstance(metrics, str):
        metrics = (metrics,)
    named = {str(name): metric for name, metric in metrics.items()} if isinstance(metrics, Mapping) else {
        metric if isinstance(metric, str) else getattr(metric, "__name__", type(metric).__name__): metric for metric in metrics}
    for metric in named.values():
        if not callable(metric) and metric not in known:
            raise ValueError(f"no metric {metric!r}; use 'accuracy', or give functions of (prediction, target)")
    return {name: known[metric] if isinstance(metric, str) else metric for name, metric in named.items()}


def add_measurements(totals: dict[str, float], loss: float, measures: Mapping[str, Metric], prediction: Prediction,
                     target: Array) -> None:
    """Add a batch's loss and metrics, times its number of examples, to the totals; a nan prediction gives nan metrics."""
    count = len(target)
    totals["loss"] = totals.get("loss", 0.0) + loss * count
    if not measures:
        return
    prediction = plain_prediction(prediction)
    known = not _nan(prediction).any()
    for name, measure in measures.items():
        totals[name] = totals.get(name, 0.0) + (measure(prediction, target) * count if known else nan)


def _nan(array: Any) -> Any:
    return np.isnan(array) if array.dtype.kind == "f" else np.zeros((), bool)


# ── a model and its arrays ───────────────────────────────────────────────────────────────────────────────────────

def batch_function(model: Module) -> Callable[[Any], Any]:
    """Return a function that applies the model to a batch; a network of single numbers gets its examples one by one."""
    if isinstance(next(model.parameters(), None), Value):
        return lambda x: [model(example) for example in x]
    return lambda x: model(Tensor(x, requires_grad=False))


def plain_prediction(prediction: Prediction | Column) -> Array:
    """Return a prediction, a Tensor or rows of Values, as an array without a graph."""
    if isinstance(prediction, Tensor):
        return prediction.array
    with no_grad():  # numbers leave their graph on purpose
        array = np.asarray(prediction)
        return array.astype(float) if array.dtype == object else array


def model_arrays(data: Data | DataLoader, model: Module) -> tuple[Array, ...]:
    """Return inputs, labels and weights, if any, as arrays in the parameters' precision; a ``DataLoader``'s after its transform."""
    weight: Any = None
    if isinstance(data, tuple) and len(data) == 3:
        *data, weight = data
    elif isinstance(data, DataLoader):
        weight, data = data.sample_weight, (data.x if data.transform is None else data.transform(data.x, data.generator), data.y)
    columns = arrays(data)
    return tuple(in_model_precision(column, model) for column in (columns if weight is None else (*columns, weight)))


def in_model_precision(x: Column, model: Module) -> Array:
    """Return numbers in the parameters' precision, because a float64 image would make a float32 network compute in float64."""
    array = x.array if isinstance(x, Tensor) else column_array(x, "inputs")
    dtype = getattr(next(model.parameters(), None), "dtype", np.dtype(np.float64))
    return array.astype(dtype) if array.dtype.kind in "fb" and array.dtype != dtype else array
