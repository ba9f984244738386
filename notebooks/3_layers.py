# %% [markdown]
# # 3 · Layers and the forward pass
#
# > **요약.** 층은 행렬 곱과 활성화 함수의 반복이다: A = XW + B, Z = h(A). 활성화 함수가 없으면 층을 아무리 쌓아도 하나의
# > 행렬과 같다. 합성곱 층은 작은 필터를 이미지 위에서 움직이며 같은 가중치를 되풀이해 쓰고, 출력 크기는
# > (N − F + 2P)/S + 1로 정해진다. 풀링은 창 안의 최댓값이나 평균만 남긴다. 순환 신경망은 같은 층을 시간 순서대로 펼친
# > 것이며, 시간을 거슬러 역전파할 때 기울기가 사라지거나 폭발한다. LSTM은 셀 상태로 이 문제를 줄인다.
#
# What a network computes, layer by layer: dense, convolutional, recurrent.

# %%
import numpy as np
from exercise import check

import nn
import viz
from autograd import Tensor, Value, gradient, sigmoid, tanh
from nn import functional as F

# %% [markdown]
# ## Scores, and why layers need something between them
#
# The simplest network is f = Wx: a row of weights for each class. Two layers without an activation are W2(W1 x) = (W2 W1) x:
# one layer again. With one between them, they are not.

# %%
rng = np.random.default_rng(0)
x, W1, W2 = rng.normal(size=4), rng.normal(size=(5, 4)), rng.normal(size=(3, 5))
assert np.allclose(W2 @ (W1 @ x), (W2 @ W1) @ x)
assert not np.allclose(W2 @ np.maximum(0, W1 @ x), (W2 @ W1) @ x)
assert not np.allclose(np.maximum(0, W1 @ x) + np.maximum(0, W1 @ -x), 0)  # it bends: f(x) + f(−x) is not f(0)

# %% [markdown]
# ## The worked example: 2-3-2-2
#
# Two inputs, hidden layers of three and two, two outputs; sigmoid inside, the identity at the end. A = XW + B, Z = h(A).

# %%
X = Tensor([1.0, 0.5], "X")
W = [Tensor([[0.1, 0.3, 0.5], [0.2, 0.4, 0.6]], "W1"), Tensor([[0.1, 0.4], [0.2, 0.5], [0.3, 0.6]], "W2"),
     Tensor([[0.1, 0.3], [0.2, 0.4]], "W3")]
B = [Tensor([0.1, 0.2, 0.3], "B1"), Tensor([0.1, 0.2], "B2"), Tensor([0.1, 0.2], "B3")]

A1 = X @ W[0] + B[0]
Z1 = sigmoid(A1)
A2 = Z1 @ W[1] + B[1]
Z2 = sigmoid(A2)
Y = Z2 @ W[2] + B[2]  # identity
assert np.allclose(A1.data, [0.3, 0.7, 1.1])
assert np.allclose(Z1.data, [0.57444252, 0.66818777, 0.75026011])
assert np.allclose(A2.data, [0.51615984, 1.21402696])
assert np.allclose(Z2.data, [0.62624937, 0.7710107])
assert np.allclose(Y.data, [0.31682708, 0.69627909])
Y.backward([1.0, 0.0])
viz.draw(Y)

# %% [markdown]
# Every array operation stands for a circuit of numbers. The first product, opened:

# %%
viz.draw(viz.zoom(X @ W[0]), title="X @ W1 as single numbers")

# %% [markdown]
# Counting: the layers have 3, 2 and 2 nodes (inputs are not counted), 6 + 6 + 4 weights and 3 + 2 + 2 biases: 23 parameters.
# A network is *deep* with two or more hidden layers.

# %%
model = nn.Sequential(nn.Linear(2, 3), nn.Sigmoid(), nn.Linear(3, 2), nn.Sigmoid(), nn.Linear(2, 2))
summary = model.summary((1, 2))
assert summary.parameters == sum(w.size for w in W) + sum(b.size for b in B) == 23
summary

# %% [markdown]
# **Fully connected** means that every input goes to every node. **Partially connected**: some weights are not there (0, and
# kept at 0: their gradient is masked too).

# %%
mask = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])
part = Tensor(W[0].data, "W")
(X.detach() @ (part * mask)).sum().backward()
assert (part.grad[mask == 0] == 0).all() and (part.grad[mask == 1] != 0).all()

# %% [markdown]
# **The weight steepens, the bias shifts**: σ(w·x + b) crosses ½ where x = −b/w, with slope w/4 there.

# %%
at = np.linspace(-6, 6, 121)
lines = {f"w = {w}, b = {b}": sigmoid(w * at + b).tolist() for w, b in ((1, 0), (3, 0), (1, 2), (3, -6))}
crossing = Value(-2.0)
assert sigmoid(1 * crossing + 2).data == 0.5 and gradient(sigmoid(3 * (x0 := Value(0.0))), x0) == 0.75
axes = viz.plots.curves({"epoch": at.tolist(), **lines}, list(lines))
_ = axes.set(xlabel="x", ylabel="σ(w·x + b)")
axes

# %% [markdown]
# ## Convolution
#
# A filter looks at a small window (local connectivity), moves by a stride, and uses the same weights everywhere. The output is
# (N − F + 2P)/S + 1 wide; a window that does not fit evenly is refused with that formula in most courses.

# %%


def places(n, f, stride=1, padding=0):
    """(N − F + 2P)/S + 1, which must be a whole number."""
    if (n - f + 2 * padding) % stride:
        raise ValueError(f"({n} − {f} + 2·{padding})/{stride} + 1 = {(n - f + 2 * padding) / stride + 1:.2f} is not a whole number")
    return (n - f + 2 * padding) // stride + 1


assert [places(7, 3, 1), places(7, 3, 2)] == [5, 3]
try:
    places(7, 3, 3)
except ValueError as error:
    print(error)
assert places(32, 5) == 28 == F.output_size(32, 5) and places(32, 5, padding=2) == 32 and places(7, 3, padding=1) == 7

layer = nn.Conv2d(3, 10, 5, padding=2, rng=0)  # ten 5×5×3 filters on a 32×32×3 image
assert layer(Tensor(np.zeros((1, 3, 32, 32), np.float32))).shape == (1, 10, 32, 32)
assert sum(p.size for p in layer.parameters()) == 10 * (5 * 5 * 3 + 1) == 760

# %% [markdown]
# One number of an activation map is one window times the filter: 4 products here, and the same 4 weights in every window. So
# each weight collects a gradient from every place.

# %%
image = Tensor(np.arange(16.0).reshape(1, 1, 4, 4), "x")
weights = Tensor(np.array([[[[1.0, 0.0], [-1.0, 2.0]]]]), "w")
maps = F.conv2d(image, weights)
window = viz.zoom(maps, entry=(0, 0, 1, 2))
assert window[0].data == 6 * 1 + 7 * 0 + 10 * -1 + 11 * 2 == 18
viz.draw(window, title="one window")

# %% [markdown]
# **Receptive field**: two layers of 3×3 see 5×5 of the image, three see 7×7. The gradient says which pixels matter:

# %%
picture = Tensor(np.random.default_rng(1).normal(size=(1, 1, 9, 9)))
for depth, seen in ((1, 3), (2, 5), (3, 7)):
    out = picture
    for _ in range(depth):
        out = F.conv2d(out, np.ones((1, 1, 3, 3)), padding=1)
    touched = gradient(out[0, 0, 4, 4], picture)[0, 0] != 0
    assert touched.sum() == seen**2 and touched.any(0).sum() == seen

# %% [markdown]
# **Pooling** has no weights. Max keeps the largest of each window (and routes the gradient to it), the average shares.

# %%
grid = Tensor(np.array([[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4.0]]).reshape(1, 1, 4, 4), "x")
assert F.max_pool2d(grid, 2).data.tolist() == [[[[6, 8], [3, 4]]]]
assert F.avg_pool2d(grid, 2).data.tolist() == [[[[3.25, 5.25], [2.0, 2.0]]]]
assert gradient(F.max_pool2d(grid, 2).sum(), grid)[0, 0].tolist() == [[0, 0, 0, 0], [0, 1, 0, 1], [1, 0, 0, 0], [0, 0, 0, 1]]

# %% [markdown]
# ## A small convolutional network
#
# conv – relu – pool – fully connected, on UCI's handwritten digits (8×8 pixels).

# %%
inputs, labels = nn.data.load("digits").arrays(1, 8, 8)
inputs = inputs / 16
x_train, x_held, y_train, y_held = nn.data.train_test_split(inputs, labels, rng=0)
train, held = (x_train, y_train), (x_held, y_held)
net = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1, rng=0), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8 * 4 * 4, 10, rng=1))
history = nn.train.fit(net, train, F.cross_entropy, nn.optim.Adam(net.named_parameters(), lr=5e-3), validation=held,
                       metrics="accuracy", epochs=8, batch_size=64, seed=0, progress=False)
print(history)
assert history["validation accuracy"][-1] > 0.9
viz.plots.confusion(held[1], nn.train.predict(net, held[0]))

# %%
viz.plots.filters(net[0].weight)

# %%
viz.plots.activation_maps(net[1](net[0](Tensor(inputs[:1])))[0])

# %% [markdown]
# ## Recurrent networks
#
# h(t) = tanh(Wx·x(t) + Wh·h(t−1)): the same weights at every time. Unrolled, it is a deep network whose layers share their
# weights, and backpropagation through time adds up what each step sends back.

# %%
wx, wh, h = Value(0.5, "wx"), Value(0.8, "wh"), Value(0.0, "h0")
for t, value in enumerate((1.0, -0.5, 2.0)):
    h = tanh(wx * Value(value, f"x{t + 1}") + wh * h)
h.backward()
assert wh.grad != 0 and wx.grad != 0
viz.draw(h)

# %% [markdown]
# Through T steps the gradient is multiplied T times by wh·tanh': below 1 it **vanishes**, above it **explodes**. (Here without
# tanh, to see the weight's part alone.)

# %%


def reach(wh, steps):
    """The gradient of the state after so many steps with respect to the first."""
    start = h = Value(1.0)
    for _ in range(steps):
        h = h * wh
    return gradient(h, start)


assert abs(reach(0.5, 20) - 0.5**20) < 1e-12 and abs(reach(1.5, 20) - 1.5**20) < 1e-6
steps = list(range(1, 31))
reached = {f"wh = {wh}": [reach(wh, n) for n in steps] for wh in (0.5, 1.0, 1.5)}
axes = viz.plots.curves({"epoch": steps, **reached}, list(reached), log=True)
_ = axes.set(xlabel="steps back in time", ylabel="gradient")
axes

# %% [markdown]
# An **LSTM** keeps a cell state that is *added* to, and a gate that decides how much to forget. With the gate open the gradient
# passes unchanged; a plain RNN forgets. The task: the first of 30 numbers decides the class.

# %%
sequences = np.random.default_rng(2).normal(size=(1, 30, 1)).astype(np.float32)


def first_step_share(layer, bias=None):
    """The gradient at the first step as a share of that at the last."""
    if bias is not None:  # PyTorch's order of gates: input, forget, cell, output
        parameters = dict(layer.named_parameters())
        for name, parameter in parameters.items():
            if name.startswith("bias_ih"):
                parameter.data[8:16] = bias
    x = Tensor(sequences)
    out, _ = layer(x)
    out[0, -1].sum().backward()
    sizes = np.abs(x.grad[0, :, 0])
    return float(sizes[0] / sizes[-1])


shares = {"RNN": first_step_share(nn.RNN(1, 8, batch_first=True, rng=0)),
          "LSTM, forget gate open": first_step_share(nn.LSTM(1, 8, batch_first=True, rng=0), bias=6.0)}
print({name: f"{share:.1e}" for name, share in shares.items()})
assert shares["RNN"] < 1e-3 < 0.01 < shares["LSTM, forget gate open"]

# %% [markdown]
# ## The zoo
#
# | network | idea | here |
# |---|---|---|
# | perceptron, feed-forward, deep feed-forward | layers in a row | chapter 2, above |
# | RBF | distances to centres in place of sums | `exp(-((x - c)**2).sum())` |
# | RNN, LSTM, GRU | a state over time | `nn.RNN`, `nn.LSTM`, `nn.GRU` |
# | auto-encoder; denoising, variational | a narrow middle that must hold all that matters | below |
# | Hopfield network, Boltzmann machine | an energy that falls to a memory | overview only |
#
# An **auto-encoder** learns its input as target through a bottleneck, here of 12 numbers for 64 pixels.

# %%
flat = inputs[:600].reshape(600, 64)
coder = nn.Sequential(nn.Linear(64, 12, rng=0), nn.Tanh(), nn.Linear(12, 64, rng=1))
told = nn.train.fit(coder, (flat, flat), F.mse_loss, nn.optim.Adam(coder.named_parameters(), lr=0.01), epochs=25,
                    seed=0, progress=False)
assert told["loss"][-1] < 0.5 * flat.var(0).mean()  # the mean picture alone would leave the variance
again = nn.train.predict(coder, flat[:6]).reshape(6, 8, 8)
viz.plots.activation_maps(np.concatenate([flat[:6].reshape(6, 8, 8), again.clip(0, 1)]), columns=6)

# %% [markdown]
# ## Exercises
#
# **1.** A 227×227×3 image, 96 filters of 11×11 with stride 4 and no padding (AlexNet's first layer): how wide is the output, and
# how many parameters are there? Give both.

# %%
answer = None
check(answer, lambda: (places(227, 11, 4), 96 * (11 * 11 * 3 + 1)))

# %% [markdown]
# **2.** How many parameters does a fully connected network 784-100-10 have?

# %%
answer = None
check(answer, lambda: nn.Sequential(nn.Linear(784, 100), nn.Linear(100, 10)).summary((1, 784)).parameters)

# %% [markdown]
# **3.** With which padding does a 5×5 filter with stride 1 keep the size of its input?

# %%
answer = None
check(answer, lambda: next(p for p in range(9) if places(32, 5, padding=p) == 32))

# %% [markdown]
# <details><summary>Hints</summary>
#
# 1. (227 − 11)/4 + 1; each filter has 11·11·3 weights and a bias. 2. 784·100 + 100 + 100·10 + 10. 3. (F − 1)/2.
# </details>
