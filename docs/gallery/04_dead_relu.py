"""A dead relu: behind it every gradient is 0, and the picture shows where the gradient ends."""

import viz
from autograd import Value, relu

w, x, b = Value(-1.5, "w"), Value(2.0, "x"), Value(0.5, "b")
y = relu(w * x + b) * Value(3.0, "v")
y.backward()
picture = viz.draw(y)
