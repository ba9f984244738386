"""Optimisers: how parameters follow their gradients. Names and update rules as in PyTorch."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite
from typing import Any


class Optimizer:
    """What optimisers share: the parameters, checked once; and ``step``, which checks every gradient first.

    ``params`` are parameters, or pairs of a name and a parameter (``model.named_parameters()``), whose names then
    stand in messages. Raises ValueError for none, or for the same one twice.
    ``step`` raises ValueError where a gradient is None, nan or inf and changes nothing then;
    with ``strict=False`` it leaves such a parameter as it is and updates the others.
    """

    def __init__(self, params: Iterable[Any], strict: bool = True):
        self.params = [x if isinstance(x, tuple) else (x.name or f"parameter {i}", x) for i, x in enumerate(params)]
        self.strict = strict
        if not self.params:
            raise ValueError(f"{type(self).__name__} was given no parameters; give model.parameters(), and mind that "
                             "an iterator can be used up only once")
        first: dict[int, str] = {}
        for name, x in self.params:
            if id(x) in first:
                raise ValueError(f"{type(self).__name__} was given the same parameter twice, as {first[id(x)]!r} and "
                                 f"{name!r}; it would be updated twice a step. Give each once")
            first[id(x)] = name
        self.state: list[dict[str, Any]] = [{} for _ in self.params]

    def zero_grad(self) -> None:
        """Forget every gradient: each is None again until a backward pass reaches it."""
        for _, x in self.params:
            x.grad = None

    def step(self) -> None:
        """Update every parameter from its gradient, once."""
        good = [(x, state) for (name, x), state in zip(self.params, self.state) if self._check(name, x.grad)]
        for x, data in [(x, self.update(x.data, x.grad, state)) for x, state in good]:
            x.data = data

    def update(self, data: Any, grad: Any, state: dict[str, Any]) -> Any:
        """One parameter's new data; ``state`` is what is kept of it from step to step."""
        raise NotImplementedError(f"{type(self).__name__} has no update rule")

    def _check(self, name: str, grad: Any) -> bool:
        if grad is not None and isfinite(grad):
            return True
        if self.strict:
            why = ("no backward pass has reached it: call loss.backward() first, or leave the parameter out"
                   if grad is None else f"its gradient is {grad}: lower the learning rate, and look with "
                   "autograd.steps(loss) at what made it")
            raise ValueError(f"{type(self).__name__}.step: {name} was not updated, nor was any other: {why}. "
                             "strict=False passes over such parameters")
        return False


class SGD(Optimizer):
    """Gradient descent: ``data -= lr · v``, where ``v = momentum · v + grad + weight_decay · data`` is the velocity.

    Raises ValueError for a rate, momentum or decay that is negative, nan or inf.

    >>> x = Value(3.0, "x")
    >>> optimizer = SGD([x], lr=0.1)
    >>> (x * x).backward()
    >>> optimizer.step()
    >>> round(x.data, 12)
    2.4
    """

    def __init__(self, params: Iterable[Any], lr: float = 1e-3, momentum: float = 0.0, weight_decay: float = 0.0,
                 strict: bool = True):
        super().__init__(params, strict)
        for name, number in (("lr", lr), ("momentum", momentum), ("weight_decay", weight_decay)):
            if not (number >= 0 and isfinite(number)):
                raise ValueError(f"SGD: {name} must be a finite number, 0 or more; got {number!r}")
        self.lr, self.momentum, self.weight_decay = lr, momentum, weight_decay

    def update(self, data: Any, grad: Any, state: dict[str, Any]) -> Any:
        """The parameter's data one step on; the velocity is what ``state`` keeps."""
        if self.weight_decay:
            grad = grad + self.weight_decay * data
        if self.momentum:
            grad = state["velocity"] = self.momentum * state["velocity"] + grad if state else grad
        return data - self.lr * grad
