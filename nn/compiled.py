"""A training step as a compiled program: what ``fit(compile=True)`` runs in place of forward and backward pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import Value, compile
from autograd.errors import GraphError, warn_user

if TYPE_CHECKING:
    from autograd.typing import Array

    from .module import Module

CLOSE = 1e-6  # of the loss of the first batch, relative; float32 sums have such errors


class CompiledStep:
    """Loss, predictions and gradients of a batch, by a program that is recorded at the first batch.

    A network of single numbers is recorded for one example, and its loss must be the mean over examples; labels are static, so
    that there is one recording for each class. A network of tensors is recorded for a batch of a size. ``why`` tells, where the
    network and its loss cannot be compiled, the reason; then the step is the ordinary one.
    """

    def __init__(self, model: Module, loss: Callable[[Any, Any], Any], forward: Callable[[Any], Any]):
        self.model, self.loss, self.forward = model, loss, forward
        self.of_numbers = isinstance(next(model.parameters(), None), Value)
        self.why: str | None = None
        self.is_checked = False
        if self.of_numbers:
            def example(x: Any, y: Any) -> Any:
                prediction = model(list(x))
                return loss([prediction], [y]), prediction
            self.by_label = compile(example, in_axes=(0, None), reduce="sum", static_argnums=1, has_aux=True)
            self.by_target = compile(example, in_axes=(0, 0), reduce="sum", has_aux=True)
        else:
            def batch(x: Any, y: Any) -> Any:
                prediction = model(x)
                return loss(prediction, y), prediction
            self.whole = compile(batch, has_aux=True)

    def __call__(self, x: Array, y: Array) -> tuple[Any, Any] | None:
        """Add the gradients of a batch to those of the parameters; return (loss, prediction), None where it is not compiled."""
        if self.why is not None:
            return None
        try:
            loss, prediction = self._numbers(x, y) if self.of_numbers else self._tensors(x, y)
        except (GraphError, TypeError, ValueError, LookupError) as error:
            self._not_compiled(str(error))
            return None
        if not self.is_checked and self.of_numbers:
            self.is_checked = True
            wanted = self.loss(self.forward(x), y).item()
            if not abs(loss - wanted) <= CLOSE * max(abs(wanted), CLOSE) and loss == loss:
                self._not_compiled("the loss is not the mean of the losses of single examples")
                return None
        return loss, prediction

    def _not_compiled(self, why: str) -> None:
        for parameter in self.model.parameters():
            parameter.grad = None
        self.why = why
        warn_user(f"fit(compile=True): the step is not compiled, and runs as it is: {why}", UserWarning)

    def _numbers(self, x: Array, y: Array) -> tuple[float, Array]:
        prediction: Any
        if y.dtype.kind == "f":
            total, prediction = self.by_target.backward(x, y)
            prediction = np.stack(prediction, 1)
        else:
            total, prediction = 0.0, None
            for label in np.unique(y).tolist():
                rows = np.flatnonzero(y == label)
                part, predicted = self.by_label.backward(x[rows], label)
                predicted = np.stack(predicted, 1)
                prediction = np.empty((len(y), predicted.shape[1])) if prediction is None else prediction
                prediction[rows] = predicted
                total += part
        for parameter in self.model.parameters():
            if parameter.grad is not None:
                parameter.grad /= len(y)
        return total / len(y), prediction

    def _tensors(self, x: Array, y: Array) -> tuple[Any, Any]:
        loss, prediction = self.whole.backward(x, y)
        if self.whole.backend.startswith("eager"):
            warn_user(f"fit(compile=True): the step is not compiled, and runs as it is: {self.whole.backend}", UserWarning)
            self.why = self.whole.backend
        return loss, prediction
