"""Learning rates over time: PyTorch's names and arguments; call ``step()`` after every epoch, or after every batch.

A schedule is a formula: the learning rate at time t = 0, 1, 2, … of a group that starts with rate ``base``.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from math import cos, inf, pi
from typing import Any

from .optim import Optimizer


class Schedule:
    """Base class of schedules: the optimiser, its groups' starting rates, and the time; subclasses write ``rate(base, t)``.

    Making one sets the rates of time 0; ``step()`` goes to the next time. ``last_epoch`` is the time now.
    """

    def __init__(self, optimizer: Optimizer):
        self.optimizer, self.last_epoch = optimizer, 0
        for group in optimizer.param_groups:
            group.setdefault("initial_lr", group["lr"])
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self._set()

    def rate(self, base: float, t: int) -> float:
        """Return the learning rate at time t of a group that starts with ``base``."""
        raise NotImplementedError(f"{type(self).__name__} has no formula: write def rate(self, base, t)")

    def step(self) -> None:
        """Go to the next time, and set the optimiser's learning rates."""
        self.last_epoch += 1
        self._set()

    def get_last_lr(self) -> list[float]:
        """Return the learning rate of every group now."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def _set(self) -> None:
        for group, base in zip(self.optimizer.param_groups, self.base_lrs):
            group["lr"] = self.rate(base, self.last_epoch)

    def state_dict(self) -> dict[str, Any]:
        """Return everything that changes with time."""
        return {"last_epoch": self.last_epoch, "base_lrs": list(self.base_lrs)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what ``state_dict`` returned; raise ValueError, with nothing changed, for a state of another kind."""
        own = self.state_dict()
        if not isinstance(state, dict) or state.keys() != own.keys():
            raise ValueError(f"{type(self).__name__}.load_state_dict: {state!r:.60} is not what {type(self).__name__}.state_dict "
                             f"gives, a dict of {', '.join(own)}")
        rates, *numbers = state["base_lrs"], *(value for name, value in state.items() if name != "base_lrs")
        if not isinstance(rates, list) or not all(type(number) in (int, float) for number in (*rates, *numbers)):
            raise ValueError(f"{type(self).__name__}.load_state_dict: {state!r:.60} holds something else than numbers")
        if not all(0 <= rate < inf for rate in rates) or not all(abs(x) in (inf, min(abs(x), 2**53)) for x in numbers):
            raise ValueError(f"{type(self).__name__}.load_state_dict: {state!r:.60} holds rates or times that cannot be: rates are "
                             "finite numbers, 0 or more")
        if len(state["base_lrs"]) != len(self.base_lrs):
            raise ValueError(f"{type(self).__name__}.load_state_dict: the state is of {len(state['base_lrs'])} groups of "
                             f"parameters; the optimiser has {len(self.base_lrs)}")
        vars(self).update(state)
        self._set()

    def __repr__(self) -> str:
        said = ", ".join(f"{name}={value!r}" for name, value in vars(self).items() if name not in ("optimizer", "base_lrs"))
        return f"{type(self).__name__}({said}, lr={self.get_last_lr()})"


class LambdaLR(Schedule):
    """base · ``lr_lambda(t)``, a factor of your own; a lambda that always returns 1 is the constant schedule."""

    def __init__(self, optimizer: Optimizer, lr_lambda: Callable[[int], float]):
        self.lr_lambda = lr_lambda
        super().__init__(optimizer)

    def rate(self, base: float, t: int) -> float: return base * self.lr_lambda(t)


class ConstantLR(Schedule):
    """base · ``factor`` until ``total_iters``, then base; with ``factor=1`` it never changes."""

    def __init__(self, optimizer: Optimizer, factor: float = 1 / 3, total_iters: int = 5):
        self.factor, self.total_iters = factor, total_iters
        super().__init__(optimizer)

    def rate(self, base: float, t: int) -> float: return base * (self.factor if t < self.total_iters else 1.0)


class StepLR(Schedule):
    """base · gammaᵏ, k = ⌊t / step_size⌋: a drop every ``step_size``.

    >>> from nn.optim import SGD
    >>> optimizer = SGD([Value(0.0)], lr=1.0)
    >>> schedule = StepLR(optimizer, step_size=2)
    >>> rates = []
    >>> for _ in range(5):
    ...     rates += schedule.get_last_lr()
    ...     schedule.step()
    >>> [round(rate, 9) for rate in rates]
    [1.0, 1.0, 0.1, 0.1, 0.01]
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1):
        _check("StepLR", step_size=step_size)
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer)

    def rate(self, base: float, t: int) -> float: return base * self.gamma ** (t // self.step_size)


class MultiStepLR(Schedule):
    """base · gammaᵏ, k = the number of ``milestones`` that have been reached."""

    def __init__(self, optimizer: Optimizer, milestones: Sequence[int], gamma: float = 0.1):
        self.milestones, self.gamma = sorted(milestones), gamma
        super().__init__(optimizer)

    def rate(self, base: float, t: int) -> float: return base * self.gamma ** bisect_right(self.milestones, t)


class ExponentialLR(Schedule):
    """base · gammaᵗ."""

    def __init__(self, optimizer: Optimizer, gamma: float):
        self.gamma = gamma
        super().__init__(optimizer)

    def rate(self, base: float, t: int) -> float: return base * self.gamma**t


class InverseTimeLR(Schedule):
    """base / (1 + gamma · t): the 1/t decay of stochastic approximation (Robbins & Monro, 1951)."""

    def __init__(self, optimizer: Optimizer, gamma: float = 1.0):
        self.gamma = gamma
        super().__init__(optimizer)

    def rate(self, base: float, t: int) -> float: return base / (1 + self.gamma * t)


class CosineAnnealingLR(Schedule):
    """Half a cosine from base at time 0 to ``eta_min`` at ``T_max`` (Loshchilov & Hutter, 2017), and up again afterwards."""

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0):
        _check("CosineAnnealingLR", T_max=T_max)
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer)

    def rate(self, base: float, t: int) -> float:
        return self.eta_min + (base - self.eta_min) * (1 + cos(pi * t / self.T_max)) / 2


class LinearLR(Schedule):
    """base times a factor that goes from ``start_factor`` to ``end_factor`` in ``total_iters`` equal steps, and stays there."""

    def __init__(self, optimizer: Optimizer, start_factor: float = 1 / 3, end_factor: float = 1.0, total_iters: int = 5):
        _check("LinearLR", total_iters=total_iters)
        self.start_factor, self.end_factor, self.total_iters = start_factor, end_factor, total_iters
        super().__init__(optimizer)

    def rate(self, base: float, t: int) -> float:
        return base * (self.start_factor + (self.end_factor - self.start_factor) * min(t / self.total_iters, 1.0))


class LinearWarmup(Schedule):
    """Rise from base / total_iters to base in ``total_iters`` steps, and from then on the schedule ``after`` from its time 0.

    >>> from nn.optim import SGD
    >>> optimizer = SGD([Value(0.0)], lr=1.0)
    >>> schedule = LinearWarmup(optimizer, 4, after=CosineAnnealingLR(optimizer, 10))
    >>> schedule.get_last_lr()
    [0.25]
    """

    def __init__(self, optimizer: Optimizer, total_iters: int, after: Schedule | None = None):
        _check("LinearWarmup", total_iters=total_iters)
        if after is not None and (after.optimizer is not optimizer or isinstance(after, ReduceLROnPlateau)):
            raise ValueError(f"LinearWarmup: after={after!r:.60} must be a schedule of the same optimiser that is a formula of "
                             "time")
        self.total_iters, self.after = total_iters, after
        super().__init__(optimizer)

    def rate(self, base: float, t: int) -> float:
        if t < self.total_iters:
            return base * (t + 1) / self.total_iters
        return base if self.after is None else self.after.rate(base, t - self.total_iters)


class ReduceLROnPlateau(Schedule):
    """Schedule that multiplies the rate by ``factor`` when ``step(metric)`` has not improved for more than ``patience`` steps.

    An improvement is better than the best by more than ``threshold`` (in mode "rel" as a share of the best, in mode "abs" in
    the metric's own unit); ``mode`` "min" or "max" is the direction that is better. ``cooldown`` steps after a drop do not
    count.
    """

    def __init__(self, optimizer: Optimizer, mode: str = "min", factor: float = 0.1, patience: int = 10,
                 threshold: float = 1e-4, threshold_mode: str = "rel", cooldown: int = 0,
                 min_lr: float | Sequence[float] = 0.0, eps: float = 1e-8):
        if mode not in ("min", "max") or threshold_mode not in ("rel", "abs"):
            raise ValueError(f"ReduceLROnPlateau: mode={mode!r} is 'min' or 'max', threshold_mode={threshold_mode!r} 'rel' or "
                             "'abs'")
        if not 0 < factor < 1:
            raise ValueError(f"ReduceLROnPlateau: factor={factor!r} must lie between 0 and 1, so that the rate falls")
        self.mode, self.factor, self.patience, self.threshold = mode, factor, patience, threshold
        self.threshold_mode, self.cooldown, self.eps = threshold_mode, cooldown, eps
        self.best, self.num_bad_epochs, self.cooldown_counter = inf if mode == "min" else -inf, 0, 0
        groups = optimizer.param_groups
        self.min_lrs = [float(min_lr)] * len(groups) if isinstance(min_lr, (int, float)) else list(min_lr)
        if len(self.min_lrs) != len(groups):
            raise ValueError(f"ReduceLROnPlateau: {len(self.min_lrs)} values of min_lr for {len(groups)} groups of parameters")
        super().__init__(optimizer)

    def _set(self) -> None:
        pass  # the rates change at a plateau only

    def step(self, metric: Any = None) -> None:
        """Record the metric, a number; lower the rates where it has stopped improving."""
        if metric is None:
            raise TypeError("ReduceLROnPlateau.step(metric) needs the number that is watched, such as the validation loss")
        metric = float(metric)
        self.last_epoch += 1
        if self._better(metric):
            self.best, self.num_bad_epochs = metric, 0
        else:
            self.num_bad_epochs += 1
        if self.cooldown_counter > 0:
            self.cooldown_counter, self.num_bad_epochs = self.cooldown_counter - 1, 0
        if self.num_bad_epochs > self.patience:
            for group, least in zip(self.optimizer.param_groups, self.min_lrs):
                lower = max(group["lr"] * self.factor, least)
                group["lr"] = lower if group["lr"] - lower > self.eps else group["lr"]
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0

    def _better(self, metric: float) -> bool:
        sign = 1 if self.mode == "min" else -1
        if self.threshold_mode == "abs":
            return sign * metric < sign * self.best - self.threshold
        return sign * metric < sign * self.best * (1 - sign * self.threshold)  # PyTorch's, also where the best is below 0

    def state_dict(self) -> dict[str, Any]:
        """Return everything that changes with time except the rates, which the optimiser keeps."""
        return {**super().state_dict(), "best": self.best, "num_bad_epochs": self.num_bad_epochs,
                "cooldown_counter": self.cooldown_counter}


def _check(schedule: str, **counts: int) -> None:
    for name, count in counts.items():
        if not isinstance(count, int) or count < 1:
            raise ValueError(f"{schedule}: {name} must be a whole number, 1 or more; got {count!r}")
