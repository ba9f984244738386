"""The first nan, and all values that it makes nan: the square root of a negative sum."""

import viz
from autograd import Value, sqrt

x, y = Value(-2.0, "x"), Value(1.0, "y")
z = sqrt(x + y) * 3 + x
z.backward()
picture = viz.draw(z)
