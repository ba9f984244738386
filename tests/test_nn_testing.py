"""Strategies that draw networks, and the gradient check of modules, as in tests of a user's own layers."""

import autograd as ag
import nn
import numpy as np
import pytest
from autograd import Tensor
from hypothesis import HealthCheck, given, settings
from nn.testing import assert_gradients, networks


@given(networks(layers=2))
@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
def test_drawn_networks_are_their_modules_as_functions_of_input_and_parameters(network):
    x, *parameters = network.point
    before = [p.data.copy() for p in network.module.parameters()]
    assert len(parameters) == len(before)
    first = lambda result: result[0] if isinstance(result, tuple) else result
    got = first(network(*network.point))
    expected = first(network.module(x))
    assert np.allclose(got, expected.data, rtol=1e-12, atol=1e-14)  # sums may be in another order
    halved = first(network(x, *(p / 2 for p in parameters)))
    for p in network.module.parameters():
        p.data /= 2
    assert np.allclose(halved, first(network.module(x)).data, rtol=1e-12, atol=1e-14)
    assert all(np.array_equal(p.data, then / 2) for p, then in zip(network.module.parameters(), before))


@given(networks(layers=1, width=2, kinds=["vector", "sequence"]))
@settings(max_examples=4, suppress_health_check=[HealthCheck.too_slow])
def test_gradients_of_drawn_networks_are_right(network):
    assert_gradients(network, *network.point)


def test_networks_refuses_a_kind_that_it_cannot_draw():
    with pytest.raises(ValueError, match="'vector', 'image', 'sequence'"):
        networks(kinds=["video"])


class Hidden(nn.Module):
    """A layer with an error: one of its parameters is used after detach."""

    def __init__(self, detached):
        self.inner = nn.Linear(2, 2, rng=0, dtype=float)
        self.scale = Tensor([1.5, -0.5], "scale")
        self.detached = detached

    def forward(self, x):
        scale = self.scale.detach() if self.detached and hasattr(self.scale, "detach") else self.scale
        return ag.tanh(self.inner(x)) * scale


def test_a_layer_of_ones_own_is_checked_by_every_parameter():
    x = [[0.3, -0.7], [1.0, 0.2]]
    assert_gradients(Hidden(detached=False), x)
    with pytest.raises(AssertionError) as caught:
        assert_gradients(Hidden(detached=True), x)
    wrong = {finding.argument for finding in caught.value.report.findings if finding.verdict == "WRONG"}
    assert wrong == {3}  # of x, inner.weight, inner.bias, scale
