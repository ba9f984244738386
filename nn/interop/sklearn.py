"""Estimators for scikit-learn: networks with ``fit`` and ``predict``, for pipelines, grid searches and cross-validation.

The arguments are those that skorch's users know: ``module criterion optimizer lr max_epochs batch_size callbacks``, and
``module__…``, ``criterion__…``, ``optimizer__…`` for the arguments of each. Early stopping and ``warm_start`` have the names of
scikit-learn's own networks.
"""

from __future__ import annotations

import copy
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from inspect import signature
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from .. import losses, optim
from ..activations import ReLU
from ..containers import Sequential
from ..data import DataLoader
from ..evaluation import in_model_precision
from ..evaluation import predict as predictions
from ..layers import Embedding, Linear
from ..losses import Loss
from ..module import Module
from ..train import fit as train

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.model_selection import train_test_split
    from sklearn.utils import check_array, check_consistent_length, check_random_state
    from sklearn.utils.class_weight import compute_class_weight
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data
except ImportError as error:
    raise ImportError("nn.interop.sklearn needs scikit-learn 1.6 or newer: pip install 'chainrule[sklearn]'") from error

if TYPE_CHECKING:
    from autograd.typing import Array, DTypeLike

    from ..init import Rng
    from ..optim import Optimizer
    from ..typing import Column

    RandomState = int | np.random.RandomState | None

__all__ = ["NetworkClassifier", "NetworkRegressor", "small_network"]
__dir__ = __all__.copy
PREFIXES = ("module__", "criterion__", "optimizer__")


def small_network(in_features: int, out_features: int, hidden: Sequence[int] = (64,), activation: Callable[[], Module] = ReLU,
                  rng: Rng = None, dtype: DTypeLike = np.float64) -> Sequential:
    """Return a network of linear layers with an activation between them: the module of an estimator that was given none.

    >>> small_network(4, 3, hidden=(16,), rng=0)
    Sequential(
      (0): Linear(4, 16)
      (1): ReLU()
      (2): Linear(16, 3)
    )
    """
    rng, sizes, layers = np.random.default_rng(rng), [in_features, *hidden], []
    for before, after in pairwise(sizes):
        layers += [Linear(before, after, rng=rng, dtype=dtype), activation()]
    return Sequential(*layers, Linear(sizes[-1], out_features, rng=rng, dtype=dtype))


class NetworkEstimator(BaseEstimator):
    """Base of both estimators: its parameters, the network that it builds, and the training."""

    default_criterion: Callable[..., Any]

    def __init__(self, module: Module | Callable[..., Module] | None = None, *, criterion: Callable[..., Any] | None = None,
                 optimizer: Callable[..., Optimizer] | None = None, lr: float = 0.01, max_epochs: int = 100,
                 batch_size: int = 128, callbacks: Sequence[object] | None = None, early_stopping: bool = False,
                 validation_fraction: float = 0.1, n_iter_no_change: int = 10, tol: float = 1e-4, warm_start: bool = False,
                 random_state: RandomState = None, verbose: int = 0, **options: Any):
        self.module, self.criterion, self.optimizer, self.lr = module, criterion, optimizer, lr
        self.max_epochs, self.batch_size, self.callbacks = max_epochs, batch_size, callbacks
        self.early_stopping, self.validation_fraction = early_stopping, validation_fraction
        self.n_iter_no_change, self.tol = n_iter_no_change, tol
        self.warm_start, self.random_state, self.verbose = warm_start, random_state, verbose
        self.__dict__.update(options)

    # ── parameters ──

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name, those of the module, criterion and optimiser (``module__…``) included."""
        further = {name: value for name, value in vars(self).items()
                   if name.startswith(PREFIXES) or not name.startswith("_") and not name.endswith("_")}
        return {**super().get_params(deep), **further}

    def set_params(self, **params: Any) -> Self:
        """Set parameters by name; ``module__…``, ``criterion__…`` and ``optimizer__…`` may be new ones."""
        self.__dict__.update({name: params.pop(name) for name in list(params) if name.startswith(PREFIXES)})
        super().set_params(**params)
        return self

    def _check_names(self) -> None:
        """Raise TypeError for unknown parameters: in ``fit``, because estimators check nothing before it."""
        usual = self._get_param_names()
        if unknown := [name for name in self.get_params(False) if name not in usual and not name.startswith(PREFIXES)]:
            raise TypeError(f"{type(self).__name__} has no parameter {', '.join(unknown)}; it has {', '.join(usual)}, and those "
                            f"that begin with {', '.join(PREFIXES)}")

    def _options(self, part: str) -> dict[str, Any]:
        prefix = f"{part}__"
        return {name.removeprefix(prefix): value for name, value in vars(self).items() if name.startswith(prefix)}

    # ── what is built from them ──

    def _begin(self, x: Array, outputs: int) -> None:
        """Build the network and its optimiser, and count epochs from 0."""
        self._check_names()
        seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
        self.generator_ = np.random.default_rng(seed)
        self.module_ = self._network(x, outputs)
        chosen = optim.Adam if self.optimizer is None else self.optimizer
        self.optimizer_ = chosen(self.module_.named_parameters(), lr=self.lr, **self._options("optimizer"))
        self.n_iter_ = 0

    def _network(self, x: Array, outputs: int) -> Module:
        options = self._options("module")
        if isinstance(self.module, Module):
            if options:
                raise ValueError(f"{type(self).__name__}: module is a network already, so {', '.join(options)} cannot be set; give "
                                 "its class instead of an instance")
            return copy.deepcopy(self.module)
        build = small_network if self.module is None else self.module
        known = signature(build).parameters
        usual = {"in_features": x.shape[1], "out_features": outputs, "rng": self.generator_}
        network: Module = build(**{name: value for name, value in usual.items() if name in known} | options)
        return network

    def _loss(self) -> Callable[[Any, Any], Any]:
        """The criterion with its options as a function of (prediction, target)."""
        chosen: Any = self.criterion or type(self).default_criterion
        options = self._options("criterion")
        if isinstance(chosen, Loss):
            chosen, options = type(chosen), {**chosen.options, **options}
        return chosen(**options) if isinstance(chosen, type) else partial(chosen, **options)

    # ── training ──

    def fit(self, X: Column, y: Column, sample_weight: Column | None = None) -> Self:
        """Train for ``max_epochs`` epochs: inputs X (N, features), labels or targets y, one weight for each example."""
        return self._fit(X, y, sample_weight, self.max_epochs, not (self.warm_start and hasattr(self, "module_")))

    def _fit(self, x: Any, y: Any, sample_weight: Any, epochs: int, fresh: bool) -> Self:
        raise NotImplementedError

    def _validated(self, x: Any, y: Any, first: bool) -> tuple[Array, Any]:
        checked: Any = validate_data(self, x, y, reset=first, allow_nd=self.module is not None, y_numeric=False, multi_output=True)
        return checked

    def _inputs(self, x: Any) -> Array:
        """Inputs of a fitted network in its precision; integers stay integers where it has an embedding."""
        x = np.asarray(x)
        if x.dtype.kind in "iu" and not any(isinstance(part, Embedding) for part in self.module_.modules()):
            x = x.astype(np.float64)
        return in_model_precision(x, self.module_)

    def _train(self, x: Array, target: Array, weight: Array | None, epochs: int, classes: Array | None = None) -> None:
        """Train for some epochs; ``weight`` has one number for each example, ``classes`` are the labels to split evenly."""
        taken = slice(None) if weight is None else weight > 0  # examples of weight 0 have no influence, not even on the batches
        columns = [column[taken] for column in (self._inputs(x), target, weight) if column is not None]
        held_out, patience = None, None
        if self.early_stopping:
            seed, patience = int(self.generator_.integers(2**31)), self.n_iter_no_change
            parts = train_test_split(*columns, test_size=self.validation_fraction, random_state=seed,
                                     stratify=None if classes is None else classes[taken])
            columns, held_out = parts[::2], self._batches(parts[1::2])
        for group in self.optimizer_.param_groups:
            group["lr"] = self.lr
        self.history_ = train(self.module_, self._batches(columns), self._loss(), self.optimizer_, epochs=epochs,
                              validation=held_out, patience=patience, min_delta=self.tol if self.early_stopping else 0.0,
                              callbacks=self.callbacks or (), progress=bool(self.verbose))
        self.n_iter_ += len(self.history_)
        if re.match(r"epoch \d+, batch \d+: ", self.history_.stopped):
            warnings.warn(f"{type(self).__name__}: training ended early. {self.history_.stopped}", ConvergenceWarning, stacklevel=4)

    def _batches(self, columns: Sequence[Any]) -> DataLoader:
        weight = columns[2] if len(columns) > 2 else None
        return DataLoader((columns[0], columns[1]), self.batch_size, shuffle=True, generator=self.generator_, sample_weight=weight)

    def _outputs(self, x: Any) -> Array:
        """The network's outputs for new inputs."""
        check_is_fitted(self)
        x = validate_data(self, x, reset=False, allow_nd=self.module is not None)
        return predictions(self.module_, self._inputs(x))

    def _weights(self, sample_weight: Any, y: Array) -> Array | None:
        """Check weights (N,) and return them as an array; None stays None."""
        if sample_weight is None:
            return None
        weight = check_array(sample_weight, ensure_2d=False, dtype="float64", input_name="sample_weight")
        if weight.ndim != 1:
            raise ValueError(f"{type(self).__name__}: sample_weight has shape {weight.shape}; give one number for each "
                             "example, (N,)")
        check_consistent_length(weight, y)
        if (weight < 0).any():
            raise ValueError(f"{type(self).__name__}: sample_weight has negative numbers; weights are 0 or more")
        if not weight.any():
            raise ValueError("Sample weights must contain at least one non-zero number.")
        return weight


class NetworkClassifier(ClassifierMixin, NetworkEstimator):
    """Network as a classifier of scikit-learn; labels may be integers or text.

    ``module`` is a class or function that builds a network with one score for each class, or a network, which is copied; where it
    has arguments ``in_features``, ``out_features`` and ``rng`` they are filled in, unless ``module__…`` sets them. Without a module
    it is ``small_network``. ``criterion`` is a loss of ``nn``, as class or function (cross-entropy), ``optimizer`` a class (Adam).
    ``class_weight`` is "balanced" or a dict of weights by label. ``early_stopping`` holds out a share ``validation_fraction``, ends
    after ``n_iter_no_change`` epochs without an improvement of its loss by more than ``tol``, and restores the best weights.
    ``warm_start`` lets ``fit`` train the same network further. Equal ``random_state`` gives equal results.

    After ``fit``: ``module_ optimizer_ history_ classes_ n_iter_ n_features_in_``, and ``feature_names_in_`` after a DataFrame.

    >>> from sklearn.datasets import load_iris
    >>> x, y = load_iris(return_X_y=True, as_frame=True)
    >>> model = NetworkClassifier(module__hidden=(16,), random_state=0).fit(x, y)
    >>> bool(model.score(x, y) > 0.95), model.predict_proba(x).shape
    (True, (150, 3))
    """

    default_criterion = staticmethod(losses.cross_entropy)

    def __init__(self, module: Module | Callable[..., Module] | None = None, *, criterion: Callable[..., Any] | None = None,
                 optimizer: Callable[..., Optimizer] | None = None, lr: float = 0.01, max_epochs: int = 100,
                 batch_size: int = 128, callbacks: Sequence[object] | None = None,
                 class_weight: Mapping[Any, float] | str | None = None, early_stopping: bool = False,
                 validation_fraction: float = 0.1, n_iter_no_change: int = 10, tol: float = 1e-4, warm_start: bool = False,
                 random_state: RandomState = None, verbose: int = 0, **options: Any):
        super().__init__(module, criterion=criterion, optimizer=optimizer, lr=lr, max_epochs=max_epochs, batch_size=batch_size,
                         callbacks=callbacks, early_stopping=early_stopping, validation_fraction=validation_fraction,
                         n_iter_no_change=n_iter_no_change, tol=tol, warm_start=warm_start, random_state=random_state,
                         verbose=verbose, **options)
        self.class_weight = class_weight

    def partial_fit(self, X: Column, y: Column, classes: Any = None, sample_weight: Column | None = None) -> Self:
        """Train for one epoch on these examples; the first call needs ``classes``, all labels that will come."""
        fresh = not hasattr(self, "module_")
        if fresh and classes is None:
            raise ValueError("NetworkClassifier.partial_fit: classes must be passed on the first call, because a "
                             "batch may lack some")
        if not fresh and classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            raise ValueError(f"NetworkClassifier.partial_fit: classes={classes!r:.100} differ from those of the first call, "
                             f"{self.classes_!r:.100}")
        return self._fit(X, y, sample_weight, 1, fresh, classes)

    def _fit(self, x: Any, y: Any, sample_weight: Any, epochs: int, fresh: bool, classes: Any = None) -> Self:
        x, y = self._validated(x, y, fresh)
        check_classification_targets(y)
        y = column_or_1d(y, warn=True)
        weight = self._weights(sample_weight, y)
        if fresh:
            self.classes_ = np.unique(y if classes is None else classes)
            self._begin(x, len(self.classes_))
        if unknown := sorted(set(np.unique(y).tolist()) - set(self.classes_.tolist())):
            raise ValueError(f"NetworkClassifier: the labels {unknown} are not among the classes of the network, "
                             f"{self.classes_.tolist()}; fit a new one with warm_start=False")
        labels = np.searchsorted(self.classes_, y)
        if self.class_weight is not None:
            present = np.unique(y)
            factors = compute_class_weight(self.class_weight, classes=present, y=y)[np.searchsorted(present, y)]
            weight = factors if weight is None else weight * factors
        self._train(x, labels, weight, epochs, labels)
        return self

    def predict_log_proba(self, X: Column) -> Array:
        """Return the logarithms of the probabilities, (N, classes)."""
        scores = self._outputs(X)
        if scores.shape[1:] != (len(self.classes_),):
            raise ValueError(f"NetworkClassifier: the module gives {scores.shape} for {len(scores)} examples; it must give one "
                             f"score for each of {len(self.classes_)} classes, (N, {len(self.classes_)})")
        scores = scores - scores.max(axis=1, keepdims=True)
        return scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))

    def predict_proba(self, X: Column) -> Array:
        """Return the probability of each class, (N, classes), in the order of ``classes_``: the softmax of the module's scores."""
        return np.exp(self.predict_log_proba(X))

    def predict(self, X: Column) -> Array:
        """Return the label of the most probable class, (N,)."""
        best = self.predict_log_proba(X).argmax(axis=1)  # which checks first that there are classes
        return self.classes_[best]


class NetworkRegressor(RegressorMixin, NetworkEstimator):
    """Network as a regressor of scikit-learn, for one target (N,) or several (N, K).

    The arguments are those of ``NetworkClassifier`` without ``class_weight``; the criterion is the mean squared error. Scale
    targets that are far from 1 with scikit-learn's ``TransformedTargetRegressor``.

    >>> from sklearn.datasets import make_regression
    >>> x, y = make_regression(100, 3, random_state=0)
    >>> model = NetworkRegressor(module__hidden=(32,), random_state=0).fit(x, y / y.std())
    >>> bool(model.score(x, y / y.std()) > 0.95)
    True
    """

    default_criterion = staticmethod(losses.mse_loss)

    def partial_fit(self, X: Column, y: Column, sample_weight: Column | None = None) -> Self:
        """Train for one epoch on these examples."""
        return self._fit(X, y, sample_weight, 1, not hasattr(self, "module_"))

    def _fit(self, x: Any, y: Any, sample_weight: Any, epochs: int, fresh: bool) -> Self:
        x, y = self._validated(x, y, fresh)
        y = np.asarray(y, np.float64)
        weight = self._weights(sample_weight, y)
        if fresh:
            self.target_shape_ = y.shape[1:]
            self._begin(x, y[0].size)
        if y.shape[1:] != self.target_shape_:
            raise ValueError(f"NetworkRegressor: the targets have shape {y.shape}; the network was built for "
                             f"{('N', *self.target_shape_)}. Fit a new one with warm_start=False")
        self._train(x, in_model_precision(y, self.module_).reshape(len(y), -1), weight, epochs)
        return self

    def predict(self, X: Column) -> Array:
        """Return the predicted targets, (N,) or (N, K) as those in ``fit``."""
        found = self._outputs(X)
        return found.reshape(len(found), *self.target_shape_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
