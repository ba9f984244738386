"""A gradient that vanishes through time: the bars are on a logarithmic scale."""

import numpy as np

import nn
import viz

x = np.random.default_rng(1).normal(size=(30, 1, 2)).astype(np.float32)
picture = viz.unrolled(nn.RNN(2, 4, rng=0), x, loss=lambda result: (result[0][-1] ** 2).sum())
