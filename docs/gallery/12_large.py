"""Three thousand gates: layers and neurons are collapsed to fit the page, and the picture says so."""

import nn
import viz
from autograd.graph import topological

net = nn.MLP(8, [44, 26, 1], "tanh", rng=0)
y = net([0.1 * i for i in range(8)])[0]
y.backward()
assert sum(1 for node in topological(y) if node.operands) > 3000
picture = viz.draw(y)
