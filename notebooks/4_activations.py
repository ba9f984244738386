# %% [markdown]
# # 4 · Activation functions
#
# > **요약.** 활성화 함수는 층과 층 사이에 비선형성을 넣는다. 시그모이드와 tanh는 입력이 크거나 작으면 기울기가 거의 0이 되어
# > (포화) 앞쪽 층이 학습되지 않는다. 시그모이드의 출력은 항상 양수라서 가중치의 기울기가 모두 같은 부호를 갖고, 갱신이
# > 지그재그로 움직인다. ReLU는 양수에서 포화되지 않지만, 한번 모든 입력에 대해 0을 내면 다시 살아나지 못한다(죽은 ReLU).
# > Leaky ReLU, PReLU, ELU, Maxout은 이 문제를 줄인다. 소프트맥스는 점수를 합이 1인 확률로 바꾼다.
#
# Between two linear layers stands a function that bends. This chapter draws each one with its derivative, the very rule that
# runs in backpropagation, and shows in numbers what can go wrong.

# %%
import numpy as np
from exercise import check

import nn
import viz
from autograd import (
    Tensor, Value, elu, gradient, leaky_relu, maximum, no_grad, relu, sigmoid, softmax, softplus, tanh,
)

# %%
viz.plots.activations()

# %% [markdown]
# | function | range | zero-centred | saturates | can die |
# |---|---|---|---|---|
# | step | 0 or 1 | no | everywhere: no gradient at all | – |
# | sigmoid | (0, 1) | no | on both sides | no |
# | tanh | (−1, 1) | yes | on both sides | no |
# | ReLU | [0, ∞) | no | for x < 0 | yes |
# | Leaky ReLU, PReLU | (−∞, ∞) | nearly | no | no |
# | ELU | (−α, ∞) | nearly | for x ≪ 0 | no |
# | softplus | (0, ∞) | no | for x ≪ 0 | no |
# | Maxout | (−∞, ∞) | – | no | no |

# %%
x = Value(0.0)
assert (sigmoid(x).data, gradient(sigmoid(x), x)) == (0.5, 0.25)
assert gradient(tanh(x), x) == 1.0
assert gradient(relu(x), x) == 0.0 and gradient(relu(Value(2.0)), []) == []  # at the kink: the smaller slope
assert [leaky_relu(-10.0), leaky_relu(-10.0, 0.1)] == [-0.1, -1.0]
assert elu(-1.0) == np.expm1(-1.0) and elu(2.0) == 2.0
assert softplus(0.0) == np.log(2.0)
assert abs(tanh(0.7) - (2 * sigmoid(1.4) - 1)) < 1e-15  # tanh is a stretched sigmoid

# %% [markdown]
# ## Saturation kills gradients
#
# A sigmoid's slope is at most ¼, and where |x| is large it is nearly 0. Upstream × nearly 0 is nearly 0: nothing arrives
# below.

# %%
for at in (-10.0, 0.0, 10.0):
    score = Value(at, "x")
    print(f"x = {at:5}: sigmoid {sigmoid(at):.5f}, local gradient {gradient(sigmoid(score), score):.2e}")

slopes = []
deep = signal = Value(1.0, "x")
for _ in range(10):
    deep = sigmoid(deep)
    slopes.append(gradient(deep, signal))
print("through 1 … 10 sigmoids:", " ".join(f"{slope:.0e}" for slope in slopes))
assert abs(gradient(sigmoid(s := Value(10.0)), s) - 4.5e-5) < 1e-6
assert slopes[-1] < 1e-6  # at most ¼ of what came, each time

# %% [markdown]
# ## Not zero-centred: zig-zag
#
# If all inputs of a neuron are positive (the outputs of sigmoids are), then dL/dw_i = δ·x_i has the sign of δ for *every* weight:
# all go up or all go down. A goal that needs one weight up and the other down is reached only by zig-zag.

# %%
rng = np.random.default_rng(0)
goal = np.array([1.0, -1.0])


def path(centred, steps=60):
    """Stochastic descent towards weights (1, −1), from inputs that are all positive, or centred."""
    w = Tensor([0.0, 0.0], "w")
    points = [w.data.copy()]
    for _ in range(steps):
        inputs = rng.uniform(-1, 1, 2) if centred else rng.uniform(0, 1, 2)
        loss = ((w * inputs).sum() - goal @ inputs) ** 2
        slope = gradient(loss, w)
        assert centred or slope[0] * slope[1] >= 0  # never of two signs
        w.data = w.data - 0.3 * slope
        points.append(w.data.copy())
    return np.array(points)


paths = {"inputs all positive": path(False), "inputs centred": path(True)}
left = {name: float(np.linalg.norm(points[-1] - goal)) for name, points in paths.items()}
print("distance left:", {name: round(distance, 3) for name, distance in left.items()})
assert left["inputs centred"] < left["inputs all positive"]
viz.plots.descent(lambda w1, w2: (w1 - 1) ** 2 + (w2 + 1) ** 2, (0, 0), paths, bounds=((-0.8, 1.4), (-1.4, 0.8)))

# %% [markdown]
# ## Dead ReLUs, counted
#
# A ReLU whose input is negative for every example passes no gradient: its weights never change again. One step that is much
# too large is enough to kill some. Here the same network takes 20 steps with a good rate, and with one fifty times larger.

# %%
iris = nn.data.load("iris")
inputs, labels = iris.arrays()
inputs = (inputs - inputs.mean(0)) / inputs.std(0)


def dead(activation, lr):
    """How many of 32 hidden units give no gradient for any example, after 20 steps."""
    hidden = nn.Linear(4, 32, rng=0)
    model = nn.Sequential(hidden, activation, nn.Linear(32, 3, rng=1))
    optimizer = nn.optim.SGD(model.named_parameters(), lr=lr)
    for _ in range(20):
        loss = nn.functional.cross_entropy(model(Tensor(inputs, requires_grad=False)), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with no_grad():
        scores = hidden(Tensor(inputs, requires_grad=False))
    out = activation(z := Tensor(scores.data))
    return int((np.abs(gradient(out.sum(), z)).max(0) == 0).sum())


counts = {(kind, lr): dead(layer, lr) for lr in (0.1, 5.0)
          for kind, layer in (("ReLU", nn.ReLU()), ("Leaky ReLU", nn.LeakyReLU(0.01)))}
print({f"{kind}, rate {lr:g}": f"{n} of 32 dead" for (kind, lr), n in counts.items()})
assert counts["ReLU", 0.1] == 0 < counts["ReLU", 5.0]
assert counts["Leaky ReLU", 5.0] == 0

# %% [markdown]
# ## Leaky, learned, exponential, the larger of two

# %%
axes = viz.plots.activation("leaky_relu", slope=0.1)
viz.plots.activation("elu", alpha=2.0)

# %% [markdown]
# **PReLU** learns its slope: the slope is a parameter with a gradient like any other.

# %%
slope = Value(0.25, "slope")
out = maximum(Value(-2.0), 0.0) + slope * -2.0
assert gradient(out, slope) == -2.0

prelu = nn.PReLU()
prelu(Tensor(np.array([-2.0, 3.0], dtype=np.float32))).sum().backward()
assert prelu.weight.grad.tolist() == [-2.0]

# %% [markdown]
# **Maxout** takes the largest of several linear functions; ReLU is the case max(0, x). It bends as its weights say, at the
# price of as many weights again.

# %%
pieces = [lambda x: -0.5 * x - 1, lambda x: 0.2 * x, lambda x: 1.5 * x - 2]


def maxout(x):
    return maximum(maximum(pieces[0](x), pieces[1](x)), pieces[2](x))


assert [maxout(at) for at in (-4.0, 0.0, 4.0)] == [1.0, 0.0, 4.0]
viz.plots.activation(maxout)

# %% [markdown]
# ## Softmax: scores become probabilities
#
# exp makes every score positive, dividing by the sum makes them add up to 1. A constant added to all scores changes nothing,
# which is how the computation is kept from overflowing.

# %%
scores = Tensor([2.0, 1.0, 0.1], "s")
p = softmax(scores)
assert abs(p.data.sum() - 1) < 1e-15 and (p.data > 0).all()
assert np.allclose(p.data, [0.659, 0.242, 0.099], atol=5e-4)
assert np.allclose(softmax(scores + 1000.0).data, p.data)
print(p.data.round(3))
viz.draw(viz.zoom(p, entry=0), title="one output of softmax, opened into numbers")

# %% [markdown]
# ## Exercises
#
# **1.** What is the largest slope of tanh, and of the sigmoid? Give both.

# %%
answer = None
check(answer, lambda: tuple(gradient(f(x := Value(0.0)), x) for f in (tanh, sigmoid)))

# %% [markdown]
# **2.** A gradient of 1 goes back through five sigmoids that all stand at x = 0. What arrives?

# %%
answer = None
check(answer, lambda: 0.25**5, within=1e-5)

# %% [markdown]
# **3.** The gradient of softmax's first output with respect to its own score, at scores (0, 0)?

# %%
answer = None


def solution():
    s = Tensor([0.0, 0.0])
    return float(gradient(softmax(s)[0], s)[0])


check(answer, solution)

# %% [markdown]
# <details><summary>Hints</summary>
#
# 1. At 0. 2. ¼ each time. 3. p·(1 − p) with p = ½.
# </details>
