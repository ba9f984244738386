"""Attention, one head on three tokens: gates of arrays, labelled by their shapes."""

import numpy as np

import viz
from autograd import Tensor, softmax

rng = np.random.default_rng(0)
x = Tensor(rng.normal(size=(3, 4)), "x")
wq, wk, wv = (Tensor(rng.normal(size=(4, 2)) / 2, name) for name in ("wq", "wk", "wv"))
scores = (x @ wq) @ (x @ wk).T / 2**0.5
y = (softmax(scores, axis=-1) @ (x @ wv)).sum()
y.backward()
picture = viz.draw(y)
