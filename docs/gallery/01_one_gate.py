"""One gate: the value above the wire, the gradient below it, the local gradient in blue."""

import viz
from autograd import Value

x, y = Value(3.0, "x"), Value(-4.0, "y")
z = x * y
z.backward()
picture = viz.draw(z)
