"""A value used more than once: the gradient on each wire, and their sum (Σ) where the wires part."""

import viz
from autograd import Value

x = Value(3.0, "x")
y = x * x + 2 * x
y.backward()
picture = viz.draw(y)
