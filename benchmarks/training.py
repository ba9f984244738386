"""Rows about training: the overhead of ``fit`` over a loop by hand, and a network that learns to read digits."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from statistics import mean
from typing import Any

from .measure import Row, Step

SIZES, BATCH, RATE = (64, 64, 10), 32, 3e-3
EPOCHS, SEEDS = 10, range(5)


def digits(seed: int) -> tuple[Any, Any, list[Any]]:
    """Training and test images (N, 64) with labels, and initial weights (out, in) and biases, equal for all engines."""
    import nn
    import numpy as np
    rng = np.random.default_rng(seed)
    images, labels = nn.data.load("digits").arrays()
    train, test = nn.data.split(images / np.float32(16), labels, (0.8, 0.2), rng)
    weights = [part.astype(np.float32) for inputs, outputs in pairwise(SIZES)
               for part in (rng.uniform(-1, 1, (outputs, inputs)) / inputs**0.5, np.zeros(outputs))]
    return train, test, weights


def network(weights: list[Any]) -> Any:
    """chainrule's, with these weights."""
    import nn
    model = nn.Sequential(nn.Linear(*SIZES[:2]), nn.ReLU(), nn.Linear(*SIZES[1:]))
    model.load_state_dict(dict(zip(model.state_dict(), weights)))
    return model


# ── overhead of fit ──────────────────────────────────────────────────────────────────────────────────────────────

FIT = Row("fit", f"fit  MLP {'-'.join(map(str, SIZES))} on digits, batches of {BATCH}, SGD: a training step", "µs",
          1e6 / (4 * 45), rounds=15, agree=1e-12)


@FIT.engine("fit")
def _() -> Step:
    import nn
    train, _, weights = digits(0)

    def step() -> tuple[float, object]:
        model = network(weights)
        optimizer = nn.optim.SGD(model.named_parameters(), lr=0.1)
        loader = nn.data.DataLoader(train, BATCH)
        return nn.train.fit(model, loader, nn.cross_entropy, optimizer, epochs=4, progress=False).batches[-1], None
    return step


@FIT.engine("loop over modules")
def _() -> Step:
    import nn
    from autograd import Tensor
    (images, labels), _, weights = digits(0)

    def step() -> tuple[float, object]:
        model = network(weights)
        optimizer = nn.optim.SGD(model.named_parameters(), lr=0.1)
        for _ in range(4):
            for start in range(0, len(images), BATCH):
                scores = model(Tensor(images[start:start + BATCH], requires_grad=False))
                loss = nn.cross_entropy(scores, labels[start:start + BATCH])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        return loss.item(), None
    return step


@FIT.engine("loop over functions")
def _() -> Step:
    import nn.functional as F
    from autograd import Tensor, relu
    (images, labels), _, weights = digits(0)

    def step() -> tuple[float, object]:
        w1, b1, w2, b2 = parameters = [Tensor(array) for array in weights]
        for _ in range(4):
            for start in range(0, len(images), BATCH):
                hidden = relu(F.linear(Tensor(images[start:start + BATCH], requires_grad=False), w1, b1))
                loss = F.cross_entropy(F.linear(hidden, w2, b2), labels[start:start + BATCH])
                for p in parameters:
                    p.grad = None
                loss.backward()
                for p in parameters:
                    p.data -= 0.1 * p.grad
        return loss.item(), None
    return step


# ── the same network in PyTorch ──────────────────────────────────────────────────────────────────────────────────

LEARNING = Row("digits", f"digits  MLP {'-'.join(map(str, SIZES))}, Adam, batches of {BATCH}: an epoch ({EPOCHS} epochs from each "
               f"of the seeds {SEEDS[0]} to {SEEDS[-1]}; the result is the mean accuracy on the 360 held out)", "ms",
               1e3 / EPOCHS / len(SEEDS), rounds=3, agree=0.01)


def seeds(train: Callable[[int], float]) -> Step:
    """A step that trains from every seed and returns the mean accuracy."""
    return lambda: (mean(map(train, SEEDS)), None)


@LEARNING.engine("chainrule")
def _() -> Step:
    import nn
    problems = list(map(digits, SEEDS))

    def learn(seed: int) -> float:
        train, test, weights = problems[seed]
        model = network(weights)
        nn.train.fit(model, train, nn.cross_entropy, nn.optim.Adam(model.named_parameters(), lr=RATE), epochs=EPOCHS,
                     batch_size=BATCH, seed=seed, progress=False)
        return nn.train.accuracy(nn.train.predict(model, test[0]), test[1])
    return seeds(learn)


@LEARNING.engine("PyTorch")
def _() -> Step:
    import numpy as np
    import torch as th
    th.set_num_threads(1)
    problems = list(map(digits, SEEDS))

    def learn(seed: int) -> float:
        (images, labels), test, weights = problems[seed]
        x, y = th.tensor(images), th.tensor(labels)
        model = th.nn.Sequential(th.nn.Linear(*SIZES[:2]), th.nn.ReLU(), th.nn.Linear(*SIZES[1:]))
        model.load_state_dict(dict(zip(model.state_dict(), map(th.tensor, weights))))
        optimizer = th.optim.Adam(model.parameters(), lr=RATE)
        rng = np.random.default_rng(seed)
        for _ in range(EPOCHS):
            order = th.tensor(rng.permutation(len(x)))
            for start in range(0, len(x), BATCH):
                chosen = order[start:start + BATCH]
                loss = th.nn.functional.cross_entropy(model(x[chosen]), y[chosen])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                loss.item()  # read, as in every training loop
        with th.no_grad():
            return float((model(th.tensor(test[0])).argmax(1) == th.tensor(test[1])).float().mean())
    return seeds(learn)
