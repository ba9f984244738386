"""The rules of training as data for a page, taken from ``nn``: losses as trees of rows, optimisers' updates as JavaScript."""

from __future__ import annotations

from typing import Any

import nn
from autograd import Value
from autograd.graph import is_node
from autograd.programs.javascript import code
from autograd.programs.printer import SourceCode
from nn import babysitter
from nn.functional import binary_cross_entropy_with_logits, hinge_loss, mse_loss

ACTIVATIONS = "tanh", "relu", "leaky_relu", "elu", "sigmoid", "softplus", "identity"
LOSSES: dict[str, tuple[Any, tuple[float, float]]] = {  # by name: the loss, and the targets of the two classes
    "cross-entropy": (binary_cross_entropy_with_logits, (0.0, 1.0)), "squares": (mse_loss, (-1.0, 1.0)),
    "hinge": (lambda s, t: hinge_loss([s], [t]), (-1.0, 1.0)),
}
OPTIMISERS: dict[str, Any] = {
    "SGD": nn.optim.SGD, "momentum": lambda params: nn.optim.SGD(params, momentum=0.9), "Adagrad": nn.optim.Adagrad,
    "RMSprop": nn.optim.RMSprop, "Adam": nn.optim.Adam,
}


def printed_rules() -> dict[str, Any]:
    """Return losses, optimisers, activations and the babysitter's thresholds as plain data.

    >>> rules = printed_rules()
    >>> rules["losses"]["squares"]["tree"], rules["optimisers"]["SGD"]["update"]
    (['pow', ['sub', 's', 't'], 2.0], '((g * neg(lr)) + x)')
    """
    return {"activations": ACTIVATIONS, "losses": {name: _loss(*given) for name, given in LOSSES.items()},
            "optimisers": {name: _optimiser(make) for name, make in OPTIMISERS.items()},
            "sitter": {name.lower(): getattr(babysitter, name) for name in ("RATIO", "DEAD", "SATURATED", "FLOW", "FLAT")}}


def _loss(loss: Any, targets: tuple[float, float]) -> dict[str, Any]:
    """The loss of one example, of a score s and a target t, as it is recorded."""
    return {"tree": _tree(loss(Value(0.5, "s"), Value(1.0, "t"))), "targets": targets}


def _tree(x: Any) -> Any:
    if not is_node(x):
        return float(x)
    return [x.op.name, *map(_tree, x.operands)] if x.operands else x.name or x.item()


def _optimiser(make: Any) -> dict[str, Any]:
    """The update of one parameter x with gradient g after t steps: the rule itself, run on pieces of source.

    ``slots`` are the numbers that it keeps, with their new ones; they begin at 0.
    """
    optimiser, used = make([Value(0.0, "x")]), set[str]()
    group = {**optimiser.param_groups[0], "lr": SourceCode("lr", used)}
    first: dict[str, Any] = {}
    optimiser.update(SourceCode("x", used), SourceCode("g", used), first, group)
    state: dict[str, Any] = {name: SourceCode("t" if name == "step" else name, used) for name in first}
    after = optimiser.update(SourceCode("x", used), SourceCode("g", used), state, group)
    state.pop("step", None)
    return {"update": code(after), "slots": {name: code(x) for name, x in state.items()}, "lr": optimiser.defaults["lr"]}
