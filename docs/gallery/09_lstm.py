"""An LSTM cell of numbers: its forget, input and output gates are scopes; the state c passes straight through."""

import viz
from autograd import Value, scope, sigmoid, tanh

x, h, c = Value(1.0, "x"), Value(0.5, "h"), Value(-0.3, "c")


def gate(name, f, w, u, b):
    with scope(name):
        return f(Value(w, f"w_{name}") * x + Value(u, f"u_{name}") * h + Value(b, f"b_{name}"))


forget, take = gate("forget", sigmoid, 0.4, -0.2, 1.0), gate("input", sigmoid, 0.7, 0.1, 0.0)
new, out = gate("cell", tanh, -0.6, 0.9, 0.1), gate("output", sigmoid, 0.3, 0.5, 0.0)
c_next = forget * c + take * new
h_next = out * tanh(c_next)
h_next.backward()
picture = viz.draw(h_next, names=locals())
