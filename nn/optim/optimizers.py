"""Optimisers, with PyTorch's names, arguments, defaults and update rules.

An update rule is one function of data, gradient and state, written with operators, so that it runs on the floats of
Values and the arrays of Tensors alike. It changes none of the three in place: a step is first computed for all parameters and then
applied to all, so that an exception leaves model and optimiser unchanged. (A rule may change its own new arrays in place, which
saves temporaries.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextvars import copy_context
from math import inf, isfinite, isnan, nan
from typing import TYPE_CHECKING, Any, TypeVar

from autograd import maximum
from autograd.graph import assign
from autograd.operation import number as real

if TYPE_CHECKING:
    from autograd.typing import Array

    from ..typing import State

    Numbers = TypeVar("Numbers", float, Array)  # one parameter's data: a Value's or a Tensor's

__all__ = ["Adadelta", "Adagrad", "Adam", "AdamW", "NAdam", "Optimizer", "RMSprop", "SGD", "clip_grad_norm_", "clip_grad_value_"]
__dir__ = __all__.copy

Params = Iterable[Any]
Options = dict[str, Any]  # of a group of parameters


class Optimizer:
    """Base class of optimisers: groups of parameters with their options, a state for each parameter, and ``step``.

    ``params`` are parameters, or pairs of a name and a parameter (``model.named_parameters()``), whose names then appear in
    messages; or groups, dicts of ``"params"`` and their own options. Raises ValueError for no parameters, or for the same parameter
    twice. ``param_groups`` is a list of such dicts, whose options (``"lr"``) may be changed. ``step`` raises ValueError where a
    gradient is None, nan or inf and then changes nothing; with ``strict=False`` it skips such a parameter and updates the others.
    Frozen parameters (``requires_grad_(False)``) are skipped.

    >>> x = Value(3.0, "x")
    >>> optimizer = SGD([x], lr=0.1)
    >>> optimizer.step()
    Traceback (most recent call last):
    ValueError: SGD.step: x was not updated, and no other parameter either: no backward pass has reached it: call \
loss.backward() first, or leave the parameter out. strict=False skips such parameters
    """

    def __init__(self, params: Params, defaults: Options, maximize: bool = False, strict: bool = True):
        self.defaults = {**defaults, "maximize": maximize}
        self.strict = strict
        self.param_groups: list[dict[str, Any]] = []
        self._arrays = False  # True where a parameter is an array: NumPy's warnings are silenced for those
        self.state: list[dict[str, Any]] = []  # one dict for each parameter, in the order of all groups
        groups: list[Any] = list(getattr(params, "named", params))
        for group in groups if groups and isinstance(groups[0], dict) else [{"params": groups}]:
            self.add_param_group(group)

    def add_param_group(self, group: Options) -> None:
        """Train further parameters: ``{"params": …, "lr": …}``; other options get their defaults."""
        kind = type(self).__name__
        params: Any = group["params"]
        given: Iterable[Any] = [params] if hasattr(params, "op") else getattr(params, "named", params)
        named = [x if isinstance(x, tuple) else (getattr(x, "name", None) or f"parameter {i}", x)
                 for i, x in enumerate(given, len(self.state))]
        if not named:
            raise ValueError(f"{kind} was given no parameters; give model.parameters(); an iterator can be used once")
        if unknown := group.keys() - self.defaults - {"params"}:
            raise ValueError(f"{kind} has no option {', '.join(sorted(map(repr, unknown)))}; its options are "
                             f"{', '.join(self.defaults)}")
        seen = {id(x): name for known in self.param_groups for name, x in zip(known["names"], known["params"])}
        for name, x in named:
            if not hasattr(x, "grad") or getattr(x, "op", None) is not None:
                raise TypeError(f"{kind}: {name!r} is {x!r:.60}, not a parameter; give a Value or a Tensor "
                                "that is not the result of an operation")
            if id(x) in seen:
                raise ValueError(f"{kind} was given the same parameter twice, as {seen[id(x)]!r} and "
                                 f"{name!r}; it would be updated twice in each step. Give each parameter once")
            seen[id(x)] = name
        options = {**self.defaults, **{key: value for key, value in group.items() if key != "params"}}
        self._check_options(options)
        options = {key: value.item() if hasattr(value, "dtype") else value for key, value in options.items()}
        self.param_groups.append({"params": [x for _, x in named], "names": [name for name, _ in named], **options})
        self.state += [{} for _ in named]
        self._arrays = self._arrays or any(hasattr(x, "array") for _, x in named)

    def _check_options(self, options: Options) -> None:
        for name, option in options.items():
            if name == "betas" and (not isinstance(option, (tuple, list)) or len(option) != 2):
                raise TypeError(f"{type(self).__name__}: betas must be two numbers, for example (0.9, 0.999); got {option!r}")
            for given in option if name == "betas" else (option,):
                share, number = name in ("betas", "rho", "alpha"), real(given, f"{type(self).__name__}: {name}")
                if not (number >= 0 and isfinite(number)) or share and number >= 1:
                    rule = "in [0, 1)" if share else "a finite number, 0 or more"
                    raise ValueError(f"{type(self).__name__}: {name} must be {rule}; got {option!r}")

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Set every gradient to None, until a backward pass reaches its parameter; with ``set_to_none=False`` to zeros."""
        parameters = [x for group in self.param_groups for x in group["params"]]
        assign(parameters, "grad", [None if set_to_none or x.grad is None else x.grad * 0 for x in parameters])

    def step(self) -> None:
        """Update every parameter from its gradient, once."""
        taken = copy_context().run(list, self._computed())
        done = False
        try:
            for x, i, data, _, _, after in taken:
                x.data, self.state[i] = data, after
            done = True
        finally:
            if not done:
                for x, i, _, before, state, _ in taken:
                    x.data, self.state[i] = before, state

    def _computed(self) -> Iterator[tuple[Any, int, Any, Any, dict[str, Any], dict[str, Any]]]:
        """Yield each parameter to update, with its index, new data, old data, old state and new state."""
        if self._arrays:
            import numpy as np
            np.seterr(all="ignore")
        states = iter(enumerate(self.state))
        for group in self.param_groups:
            for name, x, (i, state) in zip(group["names"], group["params"], states):
                g = x.grad
                if getattr(x, "requires_grad", True) and self._check(name, g):
                    before = x.data if type(g) is float else x.array  # .data of a Tensor that a graph holds is a copy
                    after = dict(state)
                    yield x, i, self.update(before, -g if group["maximize"] else g, after, group), before, state, after

    def update(self, x: Numbers, g: Numbers, state: State, group: Options) -> Numbers:
        """Return the new data of one parameter, from its data and its gradient; ``state`` keeps data for the next step."""
        raise NotImplementedError(f"{type(self).__name__} has no update rule: define def update(self, x, g, state, group) in the "
                                  "class")

    def _check(self, name: str, grad: float | Array | None) -> bool:
        if grad is not None and (isfinite(grad) if isinstance(grad, float) else _finite(grad)):
            return True
        if self.strict:
            worst = grad if isinstance(grad, (float, int)) or grad is None else next(v for v in grad.flat if not isfinite(v))
            why = ("no backward pass has reached it: call loss.backward() first, or leave the parameter out"
                   if grad is None else f"its gradient is {worst}{'' if type(grad) is float else ' somewhere'}: lower the "
                   "learning rate, and look with autograd.steps(loss) at what made it")
            raise ValueError(f"{type(self).__name__}.step: {name} was not updated, and no other parameter either: {why}. "
                             "strict=False skips such parameters")
        return False

    def state_dict(self) -> State:
        """Return a copy of everything but the parameters: the options of each group, the state of each parameter in order."""
        return {"state": [{key: _copied(value) for key, value in state.items()} for state in self.state],
                "param_groups": [{**{key: value for key, value in group.items() if key not in ("params", "names")},
                                  "params": len(group["params"])} for group in self.param_groups]}

    def load_state_dict(self, state: State) -> None:
        """Restore the state that ``state_dict`` returned; raise ValueError, without changes, for other parameters' state."""
        kind = type(self).__name__
        try:
            groups, states = list(state["param_groups"]), list(state["state"])
            sizes = [int(group["params"]) for group in groups]
            options = [{key: value for key, value in group.items() if key != "params"} for group in groups]
            states = [dict(kept) for kept in states]
            known = all(set(found) == set(self.defaults) | ({"initial_lr"} & set(found)) for found in options)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            raise ValueError(f"{kind}.load_state_dict: {state!r:.60} is not what {kind}.state_dict gives") from None
        own = [len(group["params"]) for group in self.param_groups]
        if sizes != own or len(states) != len(self.state) or not known:
            raise ValueError(f"{kind}.load_state_dict: the state is of groups of {sizes} parameters; this optimiser has {own}, "
                             f"with the options {', '.join(self.defaults)}. Create it with the arguments of the saved one")
        parameters = [(name, x) for group in self.param_groups for name, x in zip(group["names"], group["params"])]
        for (name, x), kept in zip(parameters, states):
            for key, value in kept.items():
                shape = getattr(value, "shape", ())
                if shape not in ((), getattr(x, "shape", ())) or shape == () and not isinstance(value, (int, float)):
                    raise ValueError(f"{kind}.load_state_dict: {key} of {name} is {value!r:.60}, which does not fit a "
                                     f"parameter of shape {getattr(x, 'shape', ())}")
        for found in options:
            self._check_options(found)
        self.state = [{key: _copied(value) for key, value in kept.items()} for kept in states]
        for group, found in zip(self.param_groups, options):
            group.update(found)

    def __repr__(self) -> str:
        groups = ["; ".join(f"{key}={value!r}" for key, value in group.items() if key not in ("params", "names"))
                  + f": {len(group['params'])} parameters" for group in self.param_groups]
        return f"{type(self).__name__}({' | '.join(groups)})"


def _finite(array: Any) -> bool:
    flat = array.ravel("K")
    return isfinite(flat.dot(flat)) or all(map(isfinite, flat.tolist()))  # the squares may overflow where the entries do not


def _copied(value: Any) -> Any:
    return value.copy("K") if hasattr(value, "strides") else value


def _decayed(x: Any, g: Any, rate: float) -> Any:
    """Gradient of the loss plus ``rate``/2 · x²."""
    return g + rate * x if rate else g


def _averaged(before: Any, new: Any, keep: float) -> Any:
    """Running average: ``keep`` times the old value plus 1 − ``keep`` times the new one."""
    after = new * (1 - keep)
    if before is not None:
        after += before * keep
    return after


class SGD(Optimizer):
    """Gradient descent: ``x −= lr · v``, where ``v = momentum · v + (1 − dampening) · g`` is the velocity.

    Nesterov's form is ``x −= lr · (g + momentum · v)``. Without momentum v is the gradient g; ``weight_decay · x`` is added to g.
    Raises ValueError for a rate, momentum or decay that is negative, nan or inf.

    >>> x = Value(3.0, "x")
    >>> optimizer = SGD([x], lr=0.1)
    >>> (x * x).backward()
    >>> optimizer.step()
    >>> round(x.data, 12)
    2.4
    """

    def __init__(self, params: Params, lr: float = 1e-3, momentum: float = 0.0, dampening: float = 0.0,
                 weight_decay: float = 0.0, nesterov: bool = False, *, maximize: bool = False, strict: bool = True):
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError(f"SGD: Nesterov's form needs momentum and no dampening; got momentum={momentum!r}, "
                             f"dampening={dampening!r}")
        super().__init__(params, {"lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay,
                                  "nesterov": nesterov}, maximize, strict)

    def update(self, x: Numbers, g: Numbers, state: State, group: Options) -> Numbers:
        """Return ``x − lr · v``; keep the velocity."""
        step = g = _decayed(x, g, group["weight_decay"])
        if momentum := group["momentum"]:
            if "momentum_buffer" in state:
                v = state["momentum_buffer"] * momentum
                v += g if group["dampening"] == 0 else g * (1 - group["dampening"])
            else:
                v = g * 1.0
            state["momentum_buffer"] = v
            step = g + v * momentum if group["nesterov"] else v
        after = step * -group["lr"]
        after += x
        return after


class Adagrad(Optimizer):
    """Step divided by the root of all squared gradients so far (Duchi et al., 2011): ``x −= lr · g / (√Σg² + eps)``."""

    def __init__(self, params: Params, lr: float = 1e-2, lr_decay: float = 0.0, weight_decay: float = 0.0,
                 initial_accumulator_value: float = 0.0, eps: float = 1e-10, *, maximize: bool = False, strict: bool = True):
        super().__init__(params, {"lr": lr, "lr_decay": lr_decay, "weight_decay": weight_decay,
                                  "initial_accumulator_value": initial_accumulator_value, "eps": eps}, maximize, strict)

    def update(self, x: Numbers, g: Numbers, state: State, group: Options) -> Numbers:
        """Return ``x − lr · g / (√Σg² + eps)``; keep the sum."""
        g = _decayed(x, g, group["weight_decay"])
        state["step"] = t = state.get("step", 0) + 1
        total = g * g
        total += state["sum"] if "sum" in state else group["initial_accumulator_value"]
        state["sum"] = total
        return _moved(x, g, -group["lr"] / (1 + (t - 1) * group["lr_decay"]), total, group["eps"])


class Adadelta(Optimizer):
    """Step scaled by the ratio of running averages of squared steps and squared gradients (Zeiler, 2012)."""

    def __init__(self, params: Params, lr: float = 1.0, rho: float = 0.9, eps: float = 1e-6, weight_decay: float = 0.0, *,
                 maximize: bool = False, strict: bool = True):
        super().__init__(params, {"lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay}, maximize, strict)

    def update(self, x: Numbers, g: Numbers, state: State, group: Options) -> Numbers:
        """Return ``x − lr · √(avg Δ² + eps) / √(avg g² + eps) · g``; keep both averages."""
        g, eps = _decayed(x, g, group["weight_decay"]), group["eps"]
        state["square_avg"] = square = _averaged(state.get("square_avg"), g * g, group["rho"])
        delta = (state.get("acc_delta", 0.0) + eps) ** 0.5 / (square + eps) ** 0.5 * g
        state["acc_delta"] = _averaged(state.get("acc_delta"), delta * delta, group["rho"])
        return x - group["lr"] * delta


class RMSprop(Optimizer):
    """Gradient divided by a running average of its size (Hinton, 2012): ``x −= lr · g / (√avg g² + eps)``.

    ``centered`` subtracts the squared average gradient, so that the divisor is a standard deviation; ``momentum`` as in SGD.
    """

    def __init__(self, params: Params, lr: float = 1e-2, alpha: float = 0.99, eps: float = 1e-8, weight_decay: float = 0.0,
                 momentum: float = 0.0, centered: bool = False, *, maximize: bool = False, strict: bool = True):
        super().__init__(params, {"lr": lr, "alpha": alpha, "eps": eps, "weight_decay": weight_decay, "momentum": momentum,
                                  "centered": centered}, maximize, strict)

    def update(self, x: Numbers, g: Numbers, state: State, group: Options) -> Numbers:
        """Return ``x − lr · g / (√avg g² + eps)``; keep the averages and the velocity."""
        g = _decayed(x, g, group["weight_decay"])
        state["square_avg"] = size = _averaged(state.get("square_avg"), g * g, group["alpha"])
        if group["centered"]:
            state["grad_avg"] = mean = _averaged(state.get("grad_avg"), g, group["alpha"])
            size = size - mean * mean
        if not group["momentum"]:
            return _moved(x, g, -group["lr"], size, group["eps"])
        v = _moved(0.0, g, 1.0, size, group["eps"])
        if "momentum_buffer" in state:
            v += state["momentum_buffer"] * group["momentum"]
        state["momentum_buffer"] = v
        return x - group["lr"] * v


class Adam(Optimizer):
    """Running average of the gradient over its running root mean square, both bias-corrected (Kingma & Ba, 2015).

    ``x −= lr · m̂ / (√v̂ + eps)``; ``amsgrad`` divides by the largest v so far (Reddi et al., 2018).
    """

    decoupled = False  # True for AdamW, which shrinks the weights directly and not through the gradient

    def __init__(self, params: Params, lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
                 weight_decay: float = 0.0, amsgrad: bool = False, *, maximize: bool = False, strict: bool = True):
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad},
                         maximize, strict)

    def update(self, x: Numbers, g: Numbers, state: State, group: Options) -> Numbers:
        """Return ``x − lr · m̂ / (√v̂ + eps)``; keep both averages."""
        beta1, beta2 = group["betas"]
        if self.decoupled:
            x = x * (1 - group["lr"] * group["weight_decay"])
        else:
            g = _decayed(x, g, group["weight_decay"])
        state["step"] = t = state.get("step", 0) + 1
        state["exp_avg"] = m = _averaged(state.get("exp_avg"), g, beta1)
        state["exp_avg_sq"] = v = _averaged(state.get("exp_avg_sq"), g * g, beta2)
        if group["amsgrad"]:
            state["max_exp_avg_sq"] = v = maximum(state["max_exp_avg_sq"], v) if "max_exp_avg_sq" in state else v
        scale = (1 - beta2**t) ** 0.5  # m̂ / (√v̂ + eps) = m · scale / (1 − beta1ᵗ) / (√v + eps · scale)
        return _moved(x, m, -group["lr"] * scale / (1 - beta1**t), v, group["eps"] * scale)


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov & Hutter, 2019): ``x −= lr · decay · x`` before Adam's step."""

    decoupled = True

    def __init__(self, params: Params, lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
                 weight_decay: float = 1e-2, amsgrad: bool = False, *, maximize: bool = False, strict: bool = True):
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize, strict=strict)


class NAdam(Optimizer):
    """Adam with Nesterov's momentum (Dozat, 2016); its share grows with time by ``momentum_decay``.

    PyTorch keeps the product of all shares in its default dtype; where that is float32, the two agree to 1e-9.
    """

    def __init__(self, params: Params, lr: float = 2e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
                 weight_decay: float = 0.0, momentum_decay: float = 4e-3, decoupled_weight_decay: bool = False, *,
                 maximize: bool = False, strict: bool = True):
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay,
                                  "momentum_decay": momentum_decay, "decoupled_weight_decay": decoupled_weight_decay},
                         maximize, strict)

    def update(self, x: Numbers, g: Numbers, state: State, group: Options) -> Numbers:
        """Return ``x − lr · (share of g + share of m) / (√v̂ + eps)``; keep both averages."""
        beta1, beta2 = group["betas"]
        lr, decay = group["lr"], group["weight_decay"]
        if group["decoupled_weight_decay"]:
            x = x * (1 - lr * decay)
        else:
            g = _decayed(x, g, decay)
        state["step"] = t = state.get("step", 0) + 1
        mu, mu_next = (beta1 * (1 - 0.5 * 0.96 ** (s * group["momentum_decay"])) for s in (t, t + 1))
        state["mu_product"] = product = state.get("mu_product", 1.0) * mu
        state["exp_avg"] = m = _averaged(state.get("exp_avg"), g, beta1)
        state["exp_avg_sq"] = v = _averaged(state.get("exp_avg_sq"), g * g, beta2)
        ahead = g * ((1 - mu) / (1 - product))
        ahead += m * (mu_next / (1 - product * mu_next))
        return _moved(x, ahead, -lr, v / (1 - beta2**t), group["eps"])


def _moved(x: Any, direction: Any, rate: float, square: Any, eps: float) -> Any:
    """``x + rate · direction / (√square + eps)``."""
    size = square ** 0.5
    size += eps
    after = direction * rate
    after /= size
    after += x
    return after


# ── gradient clipping ────────────────────────────────────────────────────────────────────────────────────────────

def clip_grad_norm_(parameters: Params, max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False) -> float:
    """Scale all gradients together so that their norm is at most ``max_norm``; return the norm before.

    Parameters without a gradient are left out. A gradient of nan or inf stays unchanged, so that the optimiser can report it, and
    the others are scaled by their own norm; ``error_if_nonfinite`` raises ValueError instead. Raises ValueError for no parameters
    (an iterator can be used once), for a ``max_norm`` below 0, and for a ``norm_type`` that is not above 0.

    >>> x, y = Value(0.0), Value(0.0)
    >>> x.grad, y.grad = 3.0, 4.0
    >>> clip_grad_norm_([x, y], 1.0), round(x.grad, 5), round(y.grad, 5)
    (5.0, 0.6, 0.8)
    """
    max_norm = at_least_0(max_norm, "clip_grad_norm_: max_norm")
    if not real(norm_type, "clip_grad_norm_: norm_type") > 0:
        raise ValueError(f"clip_grad_norm_: norm_type={norm_type!r}; it must be a number above 0, or inf for the largest entry")
    found = _with_gradients("clip_grad_norm_", parameters)
    total = _norm([x.grad for x in found], norm_type)
    if not isfinite(total):
        if error_if_nonfinite:
            raise ValueError(f"clip_grad_norm_: the gradients' norm is {total}, so no scale makes it {max_norm}; "
                             "autograd.steps(loss) shows the operation that made it")
        found = [x for x in found if (isfinite(x.grad) if type(x.grad) is float else _finite(x.grad))]
    scale = max_norm / ((total if isfinite(total) else _norm([x.grad for x in found], norm_type)) + 1e-6)
    if scale < 1:
        assign(found, "grad", [x.grad * scale for x in found])
    return total


def clip_grad_value_(parameters: Params, clip_value: float) -> None:
    """Clip every entry of every gradient to ±``clip_value``; raise ValueError as ``clip_grad_norm_`` does.

    >>> x = Value(0.0)
    >>> x.grad = -3.0
    >>> clip_grad_value_([x], 0.5)
    >>> x.grad
    -0.5
    """
    clip_value = at_least_0(clip_value, "clip_grad_value_: clip_value")
    found = _with_gradients("clip_grad_value_", parameters)
    assign(found, "grad", [min(max(x.grad, -clip_value), clip_value) if type(x.grad) is float
                           else x.grad.clip(-clip_value, clip_value) for x in found])


def at_least_0(number: float, name: str) -> float:
    """Return a number that is 0 or more, inf included; raise TypeError for other types, ValueError for other numbers."""
    if not (real(number, name) >= 0):
        raise ValueError(f"{name}={number!r}; it must be a number, 0 or more")
    return float(number)


def _with_gradients(function: str, parameters: Params) -> list[Any]:
    given: list[Any] = [parameters] if hasattr(parameters, "op") else [x[1] if isinstance(x, tuple) else x for x in parameters]
    if not given:
        raise ValueError(f"{function} was given no parameters; give model.parameters(); an iterator can be used once")
    return [x for x in given if x.grad is not None]


def _norm(gradients: list[Any], norm_type: float) -> float:
    """The norm of all entries together."""
    if {*map(type, gradients)} <= {float}:  # not with a generator, in which an interrupt could be lost
        return _norm_of_sizes([abs(g) for g in gradients], norm_type)
    from autograd.elementwise import silent
    return silent(_norm_of_sizes)([abs(g) for g in gradients], norm_type)  # after an overflow: relative to the largest


def _norm_of_sizes(sizes: list[Any], norm_type: float) -> float:
    maxima = [size if type(size) is float else float(size.max(initial=0.0)) for size in sizes]
    if any(map(isnan, maxima)):
        return nan
    largest = max(maxima, default=0.0)
    if norm_type == inf or largest in (0.0, inf):
        return largest
    total = _power_sum(sizes, norm_type)
    if 1e-30 < total < inf:
        return float(total ** (1 / norm_type))
    shares = [size / largest if type(size) is float else size.astype("float64") / largest for size in sizes]
    return float(largest * _power_sum(shares, norm_type) ** (1 / norm_type))


def _power_sum(sizes: list[Any], norm_type: float) -> float:
    try:
        return float(sum(size**norm_type if type(size) is float else (size**norm_type).sum() for size in sizes))
    except OverflowError:  # of Python's floats
        return inf
