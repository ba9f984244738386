"""Real signals, thousands of them, at random times in a backward pass, which happens completely or not at all."""

from __future__ import annotations

import random
import signal

import numpy as np
import pytest
from autograd import Tensor, Value, gradient

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no interval timer")


def numbers():
    x, y, z = Value(3.0), Value(0.5), Value(-1.0)
    result = x
    for _ in range(60):
        result = (result * y + z).tanh() + x.relu() * y
    return result, [x, y, z]


def arrays():
    x, w = Tensor(np.linspace(-1.0, 1.0, 12).reshape(3, 4)), Tensor(np.linspace(0.5, 2.0, 16).reshape(4, 4))
    result = x
    for _ in range(20):
        result = (result @ w).tanh() + x.relu()
    return result.sum(), [x, w]


def copied(gradients):
    return [None if g is None else np.array(g, float) for g in gradients]


def same(a, b):
    return all((x is None) == (y is None) and (x is None or np.allclose(x, y, rtol=1e-12, atol=0)) for x, y in zip(a, b))


def strike(make, hits, seed):
    """Send this many signals during passes; after each, all leaves have their gradient or none."""
    draw = random.Random(seed)
    result, leaves = make()
    whole = copied(gradient(result, leaves))
    within = 0

    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        while within < hits:
            for leaf in leaves:
                leaf.grad = None
            leaves[0].grad = 10.0 if isinstance(leaves[0], Value) else np.full(leaves[0].shape, 10.0)
            start = copied(leaf.grad for leaf in leaves)
            end = [whole[0] + 10.0, *whole[1:]]
            try:
                signal.setitimer(signal.ITIMER_REAL, draw.uniform(1e-6, 6e-4))
                result.backward()
                signal.setitimer(signal.ITIMER_REAL, 0)
            except KeyboardInterrupt:
                within += 1
            signal.setitimer(signal.ITIMER_REAL, 0)
            now = copied(leaf.grad for leaf in leaves)
            assert same(now, start) or same(now, end), (now, start, end)
            leaves[0].grad = None
            result.backward()  # and the graph is as good as before
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("make", [numbers, arrays])
def test_a_signal_leaves_the_whole_pass_or_nothing_of_it(make):
    strike(make, 100, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("make", [numbers, arrays])
def test_thousands_of_signals_leave_no_half_done_state(make):
    strike(make, 3000, seed=2)
