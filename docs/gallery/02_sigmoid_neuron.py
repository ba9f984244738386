"""The lecture's neuron: a sigmoid of a weighted sum, with every product that the chain rule makes."""

import viz
from autograd import Value, exp

w0, x0, w1, x1, w2 = (Value(data, name) for data, name in ((2.0, "w0"), (-1.0, "x0"), (-3.0, "w1"), (-2.0, "x1"), (-3.0, "w2")))
y = 1 / (1 + exp(-(w0 * x0 + w1 * x1 + w2)))
y.backward()
picture = viz.draw(y, products=True)
