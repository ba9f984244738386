"""Tools for tests of layers and networks: Hypothesis strategies for whole networks, and the gradient check of modules.

A layer or network, also your own ``nn.Module``, is checked with respect to its input and every parameter:

>>> import nn
>>> from nn.testing import assert_gradients, Network, networks
>>> assert_gradients(nn.Sequential(nn.Linear(3, 2, dtype=float), nn.Tanh()), [[0.5, -1.0, 2.0]])
>>> class Gate(nn.Module):
...     def __init__(self):
...         self.steepness = Value(2.0)
...     def forward(self, x):
...         return x * sigmoid(self.steepness * x.detach())
>>> try:
...     assert_gradients(Gate(), 0.5)
... except AssertionError as error:
...     print(error.report.verdict)
WRONG

A network as a function of its inputs and parameters, with the point to check it at:

>>> network = Network(nn.Neuron(2, "sigmoid", rng=0), ([1.0, -1.0],))
>>> network
Network(Neuron(2, sigmoid); x, w_0, w_1, b)
>>> network(*network.point) == network.module([1.0, -1.0])
True
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import nn
from autograd.testing import Network, assert_gradients, hypothesis_strategies

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from .module import Module

__all__ = ["Network", "assert_gradients", "networks"]
__dir__ = __all__.copy

KINDS = ("vector", "image", "sequence")


def networks(layers: int = 2, width: int = 3, kinds: Sequence[str] = KINDS) -> SearchStrategy[Network]:
    """Return a strategy for small networks in float64, each a ``Network`` with its input and parameters.

    A network has up to ``layers`` layers of up to ``width`` units or channels, each followed by an activation or normalisation, and
    takes a batch of vectors, images or sequences, as given by ``kinds``. Raises ValueError for other kinds.

    >>> networks(layers=1, kinds=["vector"]).example()  # doctest: +SKIP
    Network(Sequential(
      (0): Linear(3, 2)
      (1): Tanh()
    ); x, _0_weight, _0_bias)
    """
    st = hypothesis_strategies()
    if set(kinds) - set(KINDS) or not kinds:
        raise ValueError(f"networks: kinds={kinds!r}; choose from 'vector', 'image', 'sequence'")
    return st.composite(lambda draw: _NetworkDraw(draw, width).network(layers, kinds))()


class _NetworkDraw:
    """Builder of one network: ``draw`` draws from a strategy, ``options`` go to every layer with weights."""

    def __init__(self, draw: Callable[[Any], Any], width: int):
        import numpy
        self.st, self.draw, self.width = hypothesis_strategies(), draw, width
        self.rng = numpy.random.default_rng(draw(self.st.integers(0, 2**32 - 1)))
        self.options: dict[str, Any] = {"rng": self.rng, "dtype": float}

    def pick(self, *choices: Any) -> Any:
        """One of the choices."""
        return self.draw(self.st.sampled_from(choices))

    def size(self) -> int:
        """A number of units or channels."""
        return self.draw(self.st.integers(1, self.width))

    def activation(self) -> Module:
        """An activation of some kind, or none."""
        return self.pick(nn.Tanh, nn.Sigmoid, nn.Softplus, nn.ELU, nn.LeakyReLU, nn.ReLU, nn.GELU, nn.SiLU, nn.Identity)()

    def network(self, layers: int, kinds: Sequence[str]) -> Network:
        """A network of one of the kinds, with an input that fits it."""
        kind, channels = self.pick(*kinds), self.size()
        if kind == "sequence":
            shape: tuple[int, ...] = (self.draw(self.st.integers(1, 3)), self.draw(self.st.integers(1, 2)), channels)
            module = self.pick(self.recurrent, self.attentive)(channels)
        else:
            shape = (3, channels, 4, 4) if kind == "image" else (3, channels)
            depth = self.draw(self.st.integers(1, layers))
            module = self.convolutional(channels, depth) if kind == "image" else self.dense(channels, depth)
        return Network(module, (self.rng.normal(size=shape),))

    def recurrent(self, channels: int) -> Module:
        """A recurrent network of one or two layers."""
        return self.pick(nn.RNN, nn.LSTM, nn.GRU)(channels, self.size(), self.draw(self.st.integers(1, 2)), **self.options)

    def attentive(self, channels: int) -> Module:
        """An encoder layer of attention."""
        return nn.TransformerEncoderLayer(channels, 1, self.size(), 0.0, norm_first=self.pick(True, False), **self.options)

    def dense(self, channels: int, depth: int) -> Module:
        """Fully connected layers, each followed by a normalisation, PReLU or activation."""
        made: list[Module] = []
        for _ in range(depth):
            after = self.size()
            norms = nn.LayerNorm(after, dtype=float), nn.BatchNorm1d(after, dtype=float)
            made += [self.pick(nn.Linear, nn.Maxout)(channels, after, **self.options),
                     self.pick(*norms, nn.PReLU(dtype=float), self.activation())]
            channels = after
        return nn.Sequential(*made)

    def convolutional(self, channels: int, depth: int) -> Module:
        """Convolutions on images of 4 × 4, then pooling and a fully connected layer."""
        made: list[Module] = []
        for _ in range(depth):
            after = self.size()
            made += [nn.Conv2d(channels, after, 3, padding=1, **self.options),
                     self.pick(nn.BatchNorm2d(after, dtype=float), nn.GroupNorm(1, after, dtype=float), self.activation())]
            channels = after
        made += [self.pick(nn.MaxPool2d, nn.AvgPool2d)(2), nn.Flatten(), nn.Linear(4 * channels, self.size(), **self.options)]
        return nn.Sequential(*made)
