"""Learning rate schedules with PyTorch's names and arguments; call ``step()`` after every epoch, or after every batch.

A schedule is a formula: the learning rate at time t = 0, 1, 2, … of a group that starts with rate ``base``.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import chain
from math import cos, inf, isinf, pi
from typing import TYPE_CHECKING, Any

from ..arguments import whole_number
from .optimizers import Optimizer

if TYPE_CHECKING:
    from autograd import Tensor, Value

    from ..typing import State

__all__ = ["ConstantLR", "CosineAnnealingLR", "CosineAnnealingWarmRestarts", "ExponentialLR", "InverseTimeLR", "LambdaLR",
           "LinearLR", "LinearWarmup", "MultiStepLR", "OneCycleLR", "PolynomialLR", "ReduceLROnPlateau", "Schedule",
           "SequentialLR", "StepLR"]
__dir__ = __all__.copy


class Schedule:
    """Base class of schedules: an optimiser, its groups' initial rates, and the time; subclasses define ``rate(base, t)``.

    A new schedule sets the rates of time 0; ``step()`` goes to the next time. ``last_epoch`` is the present time. If a rate was
    changed elsewhere since the last step, by hand or by another schedule, that factor is kept: so several schedules of one
    optimiser multiply, as in PyTorch. A group that was added later is scheduled from the next step on. Raises ValueError where the
    initial rate is 0 (left by another schedule), or where a formula gives an invalid rate.

    >>> from nn.optim import SGD
    >>> optimizer = SGD([Value(0.0)], lr=1.0)
    >>> halved, decayed = StepLR(optimizer, 1, gamma=0.5), ExponentialLR(optimizer, 0.9)
    >>> halved.step()
    >>> decayed.step()
    >>> decayed.get_last_lr()
    [0.45]
    """

    def __init__(self, optimizer: Optimizer):
        self.optimizer, self.last_epoch = optimizer, 0
        self.base_lrs: list[float] = []
        self.factors: list[float] = []  # factors by which the groups' rates were changed elsewhere
        self._rates: list[float] = []  # each group's rate as last set by this schedule
        self._take_up_groups()
        self._set()

    def rate(self, base: float, t: int) -> float:
        """Return the learning rate at time t of a group with initial rate ``base``."""
        raise NotImplementedError(f"{type(self).__name__} has no formula: define def rate(self, base, t) in the class")

    def step(self) -> None:
        """Go to the next time, and set the optimiser's learning rates."""
        self._take_up_groups()
        self._take_up_changes()
        self.last_epoch += 1
        self._set()

    def get_last_lr(self) -> list[float]:
        """Return the present learning rate of every group."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def _take_up_groups(self) -> None:
        """Register new groups."""
        for group in self.optimizer.param_groups[len(self.base_lrs):]:
            base = group.setdefault("initial_lr", group["lr"])
            if base > 0 and group["lr"] == 0:
                raise ValueError(f"{type(self).__name__}: another schedule left the learning rate at 0, and no factor "
                                 "changes that; set it first: optimizer.param_groups[…]['lr'] = …")
            self.base_lrs.append(base)
            self.factors.append(group["lr"] / base if base else 1.0)
            self._rates.append(group["lr"])

    def _take_up_changes(self) -> None:
        """Register rates that were changed elsewhere since the last step."""
        for i, (group, last) in enumerate(zip(self.optimizer.param_groups, self._rates)):
            if group["lr"] != last:
                if last:
                    self.factors[i] *= group["lr"] / last
                else:  # no factor leads from 0 to another rate: the new rate becomes the base
                    self.base_lrs[i], self.factors[i] = group["lr"], 1.0

    def _set(self) -> None:
        rates = [self.rate(base, self.last_epoch) * factor for base, factor in zip(self.base_lrs, self.factors)]
        for rate in rates:
            if not 0 <= rate < inf:
                raise ValueError(f"{type(self).__name__}: the formula gives a rate of {rate} at time {self.last_epoch}; rates are "
                                 "finite numbers, 0 or more")
        self._rates = [float(rate) for rate in rates]
        for group, rate in zip(self.optimizer.param_groups, self._rates):
            group["lr"] = rate

    def state_dict(self) -> State:
        """Return the state that changes with time."""
        return {"last_epoch": self.last_epoch, "base_lrs": list(self.base_lrs), "factors": list(self.factors),
                "rates": self.get_last_lr()[:len(self.base_lrs)]}

    def load_state_dict(self, state: State) -> None:
        """Restore the state that ``state_dict`` returned; raise ValueError, with nothing changed, for another kind of state."""
        self._take_up_groups()
        state = self._checked(state)
        rates = state.pop("rates", None)
        vars(self).update(state)
        self._set()
        for group, rate in zip(self.optimizer.param_groups, rates or ()):  # rates may have been changed by hand since the last step
            group["lr"] = rate

    def _checked(self, state: Any) -> dict[str, Any]:
        """A copy of the state; raises ValueError for another kind of state."""
        where, own = f"{type(self).__name__}.load_state_dict", self.state_dict()
        if not isinstance(state, dict) or state.keys() != own.keys():
            raise ValueError(f"{where}: {state!r:.60} is not what {type(self).__name__}.state_dict gives, a dict of "
                             f"{', '.join(own)}")
        lists = {name: part for name, part in state.items() if isinstance(own[name], list)}
        numbers = [value for name, value in state.items() if name not in lists]
        if not all(isinstance(part, list) for part in lists.values()) or \
                not all(type(number) in (int, float) for number in chain(numbers, *lists.values())):
            raise ValueError(f"{where}: {state!r:.60} holds something other than numbers")
        if not all(0 <= rate < inf for part in lists.values() for rate in part) or \
                not all(abs(x) in (inf, min(abs(x), 2**53)) for x in numbers):
            raise ValueError(f"{where}: {state!r:.60} holds impossible rates or times; rates must be finite numbers, 0 or more")
        if any(len(part) != len(self.base_lrs) for part in lists.values()):
            raise ValueError(f"{where}: the state is of {len(state['base_lrs'])} groups of parameters; the optimiser has "
                             f"{len(self.base_lrs)}")
        return {**state}

    def __repr__(self) -> str:
        hidden = ("optimizer", "base_lrs", "factors", "_rates")
        shown = ", ".join(f"{name}={value!r}" for name, value in vars(self).items() if name not in hidden)
        return f"{type(self).__name__}({shown}, lr={self.get_last_lr()})"


class LambdaLR(Schedule):
    """base · ``lr_lambda(t)``, with your own factor."""

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
        self.step_size, self.gamma = whole_number(step_size, "StepLR: step_size"), gamma
        super().__init__(optimizer)

    def rate(self, base: float, t: int) -> float: return base * self.gamma ** (t // self.step_size)


class MultiStepLR(Schedule):
    """base · gammaᵏ, k = the number of ``milestones`` reached so far."""

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
        self.T_max, self.eta_min = whole_number(T_max, "CosineAnnealingLR: T_max"), eta_min
        super().__init__(optimizer)

    def rate(self, base: float, t: int) -> float:
        return self.eta_min + (base - self.eta_min) * (1 + cos(pi * t / self.T_max)) / 2


class LinearLR(Schedule):
    """base times a factor that goes linearly from ``start_factor`` to ``end_factor`` in ``total_iters`` steps, and then stays."""

    def __init__(self, optimizer: Optimizer, start_factor: float = 1 / 3, end_factor: float = 1.0, total_iters: int = 5):
        self.start_factor, self.end_factor = start_factor, end_factor
        self.total_iters = whole_number(total_iters, "LinearLR: total_iters")
        super().__init__(optimizer)

    def rate(self, base: float, t: int) -> float:
        return base * (self.start_factor + (self.end_factor - self.start_factor) * min(t / self.total_iters, 1.0))


class PolynomialLR(Schedule):
    """base · (1 − t / total_iters)^power, and 0 afterwards."""

    def __init__(self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0):
        self.total_iters, self.power = whole_number(total_iters, "PolynomialLR: total_iters"), power
        super().__init__(optimizer)

    def rate(self, base: float, t: int) -> float:
        return base * (1 - min(t / self.total_iters, 1.0)) ** self.power


class CosineAnnealingWarmRestarts(Schedule):
    """Half a cosine from base to ``eta_min``, restarted after ``T_0`` steps, then each time ``T_mult`` times as long."""

    def __init__(self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0):
        self.T_0, self.eta_min = whole_number(T_0, "CosineAnnealingWarmRestarts: T_0"), eta_min
        self.T_mult = whole_number(T_mult, "CosineAnnealingWarmRestarts: T_mult")
        super().__init__(optimizer)

    def rate(self, base: float, t: int) -> float:
        length = self.T_0
        while t >= length:
            t, length = t - length, length * self.T_mult
        return self.eta_min + (base - self.eta_min) * (1 + cos(pi * t / length)) / 2


class OneCycleLR(Schedule):
    """One rise to ``max_lr`` and a fall far below the start, with the momentum in the opposite direction (Smith & Topin, 2017).

    The rate goes from max_lr / div_factor up in the share ``pct_start`` of all steps, then down to
    max_lr / (div_factor · final_div_factor), along a cosine or a line. ``total_steps`` is the number of steps, or ``epochs`` times
    ``steps_per_epoch``; ``step()`` is called after each batch. With ``cycle_momentum`` the momentum (Adam's first beta) goes from
    ``max_momentum`` to ``base_momentum`` and back.
    """

    def __init__(self, optimizer: Optimizer, max_lr: float, total_steps: int | None = None, epochs: int | None = None,
                 steps_per_epoch: int | None = None, pct_start: float = 0.3, anneal_strategy: str = "cos",
                 cycle_momentum: bool = True, base_momentum: float = 0.85, max_momentum: float = 0.95,
                 div_factor: float = 25.0, final_div_factor: float = 1e4):
        if total_steps is None and (epochs is None or steps_per_epoch is None):
            raise ValueError("OneCycleLR: give total_steps, or epochs and steps_per_epoch")
        if anneal_strategy not in ("cos", "linear") or not 0 <= pct_start <= 1:
            raise ValueError(f"OneCycleLR: anneal_strategy={anneal_strategy!r} must be 'cos' or 'linear', and "
                             f"pct_start={pct_start!r} a share from 0 to 1")
        usable = all("betas" in group or group.get("momentum") for group in optimizer.param_groups)
        if cycle_momentum and not usable:
            raise ValueError("OneCycleLR: the optimiser has no momentum to cycle; give it one, or cycle_momentum=False")
        self.total_steps = whole_number(total_steps or (epochs or 0) * (steps_per_epoch or 0), "OneCycleLR: total_steps")
        self.max_lr, self.div_factor, self.final_div_factor = max_lr, div_factor, final_div_factor
        self.pct_start, self.anneal_strategy = pct_start, anneal_strategy
        self.momenta = (max_momentum, base_momentum) if cycle_momentum else None
        for group in optimizer.param_groups:
            group["lr"] = group["initial_lr"] = max_lr / div_factor
        super().__init__(optimizer)

    def _between(self, t: int, start: float, top: float, end: float) -> float:
        """From ``start`` to ``top`` in the first part, then to ``end``."""
        if t > self.total_steps:
            raise ValueError(f"OneCycleLR: step {t + 1} of {self.total_steps}; give it as many steps as there are batches")
        turn = self.pct_start * self.total_steps - 1
        rest = self.total_steps - 1 - turn
        low, high, share = (start, top, t / (turn or 1)) if t <= turn else (top, end, (t - turn) / (rest or 1))
        if self.anneal_strategy == "linear":
            return low + (high - low) * share
        return high + (low - high) / 2 * (1 + cos(pi * share))

    def rate(self, base: float, t: int) -> float:
        return self._between(t, base, base * self.div_factor, base / self.final_div_factor)

    def _set(self) -> None:
        super()._set()
        if self.momenta is None:
            return
        high, low = self.momenta
        momentum = self._between(self.last_epoch, high, low, high)
        for group in self.optimizer.param_groups:
            group.update({"betas": (momentum, group["betas"][1])} if "betas" in group else {"momentum": momentum})


class SequentialLR(Schedule):
    """Schedules one after the other, each from its time 0: the next begins at each of the ``milestones``.

    >>> from nn.optim import SGD
    >>> optimizer = SGD([Value(0.0)], lr=1.0)
    >>> warm, down = ConstantLR(optimizer, 0.5, 2), ExponentialLR(optimizer, 0.9)
    >>> schedule, rates = SequentialLR(optimizer, [warm, down], milestones=[2]), []
    >>> for _ in range(4):
    ...     rates += schedule.get_last_lr()
    ...     schedule.step()
    >>> rates
    [0.5, 0.5, 1.0, 0.9]
    """

    def __init__(self, optimizer: Optimizer, schedulers: Sequence[Schedule], milestones: Sequence[int]):
        if len(schedulers) != len(milestones) + 1 or list(milestones) != sorted(milestones):
            raise ValueError(f"SequentialLR: {len(schedulers)} schedules need {len(schedulers) - 1} milestones in order; got "
                             f"{list(milestones)}")
        for schedule in schedulers:
            if schedule.optimizer is not optimizer or isinstance(schedule, (ReduceLROnPlateau, OneCycleLR)):
                raise ValueError(f"SequentialLR: {schedule!r:.60} must be a schedule of the same optimiser whose rate is a formula "
                                 "of time")
        self.schedulers, self.milestones = list(schedulers), list(milestones)
        for group in optimizer.param_groups:  # without the factors that the schedules set when they were made
            group["lr"] = group["initial_lr"]
        super().__init__(optimizer)

    def rate(self, base: float, t: int) -> float:
        i = bisect_right(self.milestones, t)
        return self.schedulers[i].rate(base, t - self.milestones[i - 1] if i else t)


class LinearWarmup(Schedule):
    """Linear rise from base / total_iters to base in ``total_iters`` steps, followed by the schedule ``after`` from its time 0.

    >>> from nn.optim import SGD
    >>> optimizer = SGD([Value(0.0)], lr=1.0)
    >>> schedule = LinearWarmup(optimizer, 4, after=CosineAnnealingLR(optimizer, 10))
    >>> schedule.get_last_lr()
    [0.25]
    """

    def __init__(self, optimizer: Optimizer, total_iters: int, after: Schedule | None = None):
        if after is not None and (after.optimizer is not optimizer or isinstance(after, ReduceLROnPlateau)):
            raise ValueError(f"LinearWarmup: after={after!r:.60} must be a schedule of the same optimiser whose rate is a formula "
                             "of time")
        self.total_iters, self.after = whole_number(total_iters, "LinearWarmup: total_iters"), after
        super().__init__(optimizer)

    def rate(self, base: float, t: int) -> float:
        if t < self.total_iters:
            return base * (t + 1) / self.total_iters
        return base if self.after is None else self.after.rate(base, t - self.total_iters)


class ReduceLROnPlateau(Schedule):
    """Schedule that multiplies the rate by ``factor`` when ``step(metric)`` has not improved for more than ``patience`` steps.

    An improvement is better than the best by more than ``threshold`` (in mode "rel" as a share of the best, in mode "abs" in
    the metric's own unit); ``mode`` is "min" or "max", the better direction. ``cooldown`` steps after a reduction do not count. In
    mode "rel", metrics below 0 are handled like those above 0, which PyTorch does wrong.
    """

    def __init__(self, optimizer: Optimizer, mode: str = "min", factor: float = 0.1, patience: int = 10,
                 threshold: float = 1e-4, threshold_mode: str = "rel", cooldown: int = 0,
                 min_lr: float | Sequence[float] = 0.0, eps: float = 1e-8):
        if mode not in ("min", "max") or threshold_mode not in ("rel", "abs"):
            raise ValueError(f"ReduceLROnPlateau: mode={mode!r} must be 'min' or 'max', threshold_mode={threshold_mode!r} "
                             "must be 'rel' or 'abs'")
        if not 0 < factor < 1:
            raise ValueError(f"ReduceLROnPlateau: factor={factor!r} must lie between 0 and 1, so that the rate falls")
        self.mode, self.factor, self.patience, self.threshold = mode, factor, patience, threshold
        self.threshold_mode, self.cooldown, self.eps = threshold_mode, cooldown, eps
        self.best, self.num_bad_epochs, self.cooldown_counter = inf if mode == "min" else -inf, 0, 0
        groups = optimizer.param_groups
        self.min_lrs = list(min_lr) if isinstance(min_lr, Sequence) else [float(min_lr)] * len(groups)
        if len(self.min_lrs) != len(groups):
            raise ValueError(f"ReduceLROnPlateau: {len(self.min_lrs)} values of min_lr for {len(groups)} groups of parameters")
        self._least = 0.0 if isinstance(min_lr, Sequence) else float(min_lr)  # for groups that are added later
        super().__init__(optimizer)

    def _take_up_groups(self) -> None:
        super()._take_up_groups()
        self.min_lrs += [self._least] * (len(self.base_lrs) - len(self.min_lrs))

    def _set(self) -> None:
        """Change nothing: the rates change at a plateau only."""

    def step(self, metric: float | Value | Tensor | None = None) -> None:
        """Record the metric, a number; lower the rates where it has stopped improving."""
        if metric is None:
            raise TypeError("ReduceLROnPlateau.step(metric) needs the monitored number, such as the validation loss")
        metric = float(metric if isinstance(metric, (float, int)) else metric.item())
        self._take_up_groups()
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
        if isinf(self.best) or self.threshold_mode == "abs":
            return sign * metric < sign * self.best - self.threshold
        # PyTorch compares with best · (1 − threshold), which is above a negative best, so that it never lowers the rate there
        better = 1 - sign * self.threshold if self.best >= 0 else 1 + sign * self.threshold
        return sign * metric < sign * self.best * better

    def state_dict(self) -> State:
        """Return the state that changes with time, except the rates, which the optimiser stores."""
        return {"last_epoch": self.last_epoch, "base_lrs": list(self.base_lrs), "best": self.best,
                "num_bad_epochs": self.num_bad_epochs, "cooldown_counter": self.cooldown_counter}
