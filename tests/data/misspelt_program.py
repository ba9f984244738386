"""Lines that a type checker must refuse: each one would be an error at run time."""

import autograd
import chainrule as cr
import nn
import viz
from autograd import Tensor, Value, exp, grad, leaky_relu, norm, op, softmax, steps

v, t = Value(2.0), Tensor([1.0, 2.0])


def energy(v: Value, scale: float = 1.0) -> Value:
    return exp(v) * scale


v.sofplus()
t.summ(axis=0)
t.sum(axes=0)
autograd.exqp(v)
cr.exqp(v)
nn.Linaer(2, 3)
nn.data.btaches(3)
nn.Linear(2, 3)(t, training=True)
nn.Linear(2, 3)(t).sofplus()
exp("2")
exp(v, v)
v + t
leaky_relu(v, slop=0.1)
softmax(t, axes=-1)
grad(energy)(2.0, scael=3.0)
grad(energy)(v).softplsu()
grad(energy, (0, 1))(2.0, scael=3.0)
op("half", "½", lambda x: x / 2, 0.5, javscript="x => x / 2")
norm(t, "fr0")
steps(v)[0].edgse
viz.drwa(v)
nn.data.DataLoader(([[1.0]], [0]), shufle=True)
(v > 1).relu()
