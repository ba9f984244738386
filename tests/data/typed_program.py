"""A typical user's program. Comments give the types of expressions, for type checkers and at run time."""

from typing import reveal_type

import numpy as np

import chainrule as cr
import nn
import viz
from autograd import (
    Tensor, Value, argmax, check_gradients, exp, grad, gradient, hessian, hvp, jacobian, jvp, leaky_relu, maximum, op, softmax,
    steps, value_and_grad, where,
)
from autograd import sum as array_sum
from autograd.typing import Number

x, y = Value(2.0, "x"), Value(3.0, "y")
t = Tensor([[1.0, 2.0], [3.0, 4.0]], "t")
a = np.array([[1.0, 2.0], [3.0, 4.0]])
model = nn.Sequential(nn.Linear(2, 8, rng=0), nn.ReLU(), nn.Linear(8, 1, rng=1))


def energy(v: Value, scale: float = 1.0) -> Value:
    return exp(v) * scale + v.softplus()


def parabola(x: Number, power: int) -> Number:
    return x**power


def area(width: Value, height: Value) -> Value:
    return width * height


def lengths(points: Tensor, scale: Tensor) -> Tensor:
    return (points * points * scale).sum(axis=1)


triple = op("triple", "×3", lambda u: 3 * u, 3.0, array=lambda u: 3 * u, javascript="u => 3 * u")
scaled = op("scaled", "×c", lambda u, c: u * c, lambda out, u, c: c, lambda out, u, c: u, is_selection=False, c=2.0)


class Net(nn.Module):
    def __init__(self) -> None:
        self.layer = nn.Linear(2, 3, rng=0)

    def forward(self, images: Tensor, *, scale: float = 1.0) -> Tensor:
        return self.layer(images).tanh() * scale


loss = nn.mse_loss(model(t), [[1.0], [0.0]])
loss.backward()
reveal_type(loss)  # Tensor
reveal_type(nn.mse_loss([x, y], [0.0, 1.0]))  # Value
reveal_type(nn.MSELoss()(t, t))  # Tensor
reveal_type(x + exp(y))  # Value
reveal_type(2.0 * x - y / 3 + x**2)  # Value
reveal_type(v := x.softplus())  # Value
reveal_type(maximum(x, 0.0).leaky_relu(slope=0.2))  # Value
reveal_type(exp(2.0))  # float
reveal_type(leaky_relu(a, slope=0.1))  # ndarray
reveal_type(t @ t.T)  # Tensor
reveal_type(1.0 - t * 2 + t.relu())  # Tensor
reveal_type(t.sum(axis=0))  # Tensor
reveal_type(softmax(t, axis=-1)[0, :])  # Tensor
reveal_type(array_sum(a, axis=0))  # ndarray
reveal_type(model(t))  # Tensor
reveal_type(Net()(t, scale=2.0))  # Tensor
reveal_type(nn.Linear(2, 3, rng=0)(t))  # Tensor
reveal_type(x.data)  # float
reveal_type(t.data)  # ndarray
reveal_type(grad(energy)(3.0, scale=2.0))  # float
reveal_type(grad(energy)(x))  # Value
reveal_type(grad(grad(parabola))(3.0, 4))  # float
reveal_type(grad(lambda u: u**3)(2.0))  # float
reveal_type(grad(lambda u: array_sum(u * u))(a))  # ndarray
reveal_type(value_and_grad(energy)(1.0))  # tuple
reveal_type(hessian(parabola)(1.0, 3))  # float
reveal_type(gradient(x * y, x))  # float
reveal_type(gradient(x * y, [x, y]))  # list
reveal_type(gradient(x**3, x, create_graph=True))  # Value
reveal_type(cr.exp(x).sin())  # Value
reveal_type(check_gradients(energy, 0.5))  # GradientReport
reveal_type(grad(area)(2.0, 3.0))  # float
reveal_type(grad(area)(x, 3.0))  # Value
reveal_type(grad(area, argnums=(0, 1))(2.0, 3.0))  # tuple
reveal_type(value_and_grad(area)(2.0, 3.0)[1])  # float
reveal_type(jacobian(lengths)(a, a))  # ndarray
reveal_type(grad(lambda u: lengths(u, u).sum())(t))  # Tensor
reveal_type(jvp(area, (1.0, 2.0), (1.0, 0.0))[1])  # float
reveal_type(hvp(area, (1.0, 2.0), (1.0, 0.0)))  # tuple
reveal_type(triple(x))  # Value
reveal_type(triple(t))  # Tensor
reveal_type(scaled(2.0, c=3.0))  # float
reveal_type(scaled(x))  # Value
reveal_type(x > y)  # bool
reveal_type(t > 0)  # ndarray
reveal_type(where(x > y, x, y))  # Value
reveal_type(argmax(t, axis=1))  # ndarray
reveal_type(nn.cross_entropy(nn.Linear(2, 3, rng=0)(t), np.array([0, 1])))  # Tensor
reveal_type(nn.LSTM(2, 3, rng=0)(t)[1][0])  # Tensor
reveal_type(next(iter(nn.data.DataLoader((a, [0, 1]))))[0])  # ndarray
reveal_type(next(nn.data.batches(2, a, [0, 1])))  # tuple
reveal_type(nn.optim.clip_grad_norm_(model.parameters(), 1.0))  # float
reveal_type(steps(v)[-1].edges)  # tuple
reveal_type(steps(v)[-1].label)  # str
reveal_type(viz.graph(v).wires)  # tuple
