# %% [markdown]
# # 3 · Layers and the forward pass
#
# > **Summary.** A layer is a product with a matrix and an activation function, again and again: A = XW + B, Z = h(A). Without an
# > activation function any number of layers is worth one matrix. A convolutional layer moves a small filter over the image and uses
# > the same weights everywhere; its output has the size (N − F + 2P)/S + 1. Pooling keeps the largest or the mean of each window. A
# > recurrent network is one layer unrolled over time, and when gradients go back through time they vanish or explode. LSTM and GRU
# > soften this with gates. An auto-encoder learns to restore its input through a narrow layer in the middle.
#
# What a network computes, layer by layer: dense, convolutional, recurrent.

# %%
import numpy as np
from matplotlib.figure import Figure

import nn
import viz
from autograd import Tensor, Value, gradient, sigmoid, steps, tanh
from chainrule.exercises import check, circuit, code, hint, solution
from chainrule.pictures import convolution, image_scores, zoo
from nn import functional as F

# %% [markdown]
# ## An image becomes scores: W·x + b
#
# An image of 2 × 2 pixels is four numbers. Put one below the other they are a column x. W has a row of weights for each class, b a
# bias for each, and W·x + b is a score for each: the largest one wins. (Here a cat is called a dog: W has not learned yet.)

# %%
PIXELS = [[56, 231], [24, 2]]
W = [[0.2, -0.5, 0.1, 2.0], [1.5, 1.3, 2.1, 0.0], [0.0, 0.25, 0.2, -0.3]]
image_scores(PIXELS, W, [1.1, 3.2, -1.2], ["cat", "dog", "ship"])

# %% tags=["proof"]
assert np.allclose(np.array(W) @ np.array(PIXELS).ravel() + [1.1, 3.2, -1.2], [-96.8, 437.9, 60.75])

# %% [markdown]
# ## Why layers need something between them
#
# The simplest network is f = Wx. Two layers are f = W₂·max(0, W₁·x), three are f = W₃·max(0, W₂·max(0, W₁·x)). Without the maximum
# they are W₂(W₁·x) = (W₂·W₁)x: one layer again.

# %%
rng = np.random.default_rng(0)
x, W1, W2 = rng.normal(size=4), rng.normal(size=(5, 4)), rng.normal(size=(3, 5))
print("two layers, nothing between:", (W2 @ (W1 @ x)).round(4))
print("one layer, W₂·W₁:           ", ((W2 @ W1) @ x).round(4))
print("two layers, a ReLU between: ", (W2 @ np.maximum(0, W1 @ x)).round(4))

# %% tags=["proof"]
assert np.allclose(W2 @ (W1 @ x), (W2 @ W1) @ x)
assert not np.allclose(W2 @ np.maximum(0, W1 @ x), (W2 @ W1) @ x)

# %% [markdown]
# ## The worked example: 2-3-2-2
#
# Two inputs, hidden layers of three and two, two outputs; sigmoid inside, the identity at the end. A = XW + B, Z = h(A).

# %%
X = Tensor([1.0, 0.5], "X")
W1, B1 = Tensor([[0.1, 0.3, 0.5], [0.2, 0.4, 0.6]], "W₁"), Tensor([0.1, 0.2, 0.3], "B₁")
W2, B2 = Tensor([[0.1, 0.4], [0.2, 0.5], [0.3, 0.6]], "W₂"), Tensor([0.1, 0.2], "B₂")
W3, B3 = Tensor([[0.1, 0.3], [0.2, 0.4]], "W₃"), Tensor([0.1, 0.2], "B₃")

A1 = X @ W1 + B1
Z1 = sigmoid(A1)
A2 = Z1 @ W2 + B2
Z2 = sigmoid(A2)
Y = Z2 @ W3 + B3  # the identity at the end
for name, array in (("A₁", A1), ("Z₁", Z1), ("A₂", A2), ("Z₂", Z2), ("Y", Y)):
    print(name, "=", array.data.round(4))

model = nn.Sequential(nn.Linear(2, 3, dtype=float), nn.Sigmoid(), nn.Linear(3, 2, dtype=float), nn.Sigmoid(),
                      nn.Linear(2, 2, dtype=float))
for layer, weight, bias in ((model[0], W1, B1), (model[2], W2, B2), (model[4], W3, B3)):
    layer.weight.data, layer.bias.data = weight.data.T, bias.data  # a layer keeps a row for each of its nodes
viz.network(model, X.data)

# %% tags=["proof"]
assert np.allclose(A1.data, [0.3, 0.7, 1.1])
assert np.allclose(Z1.data, [0.57444252, 0.66818777, 0.75026011])
assert np.allclose(A2.data, [0.51615984, 1.21402696])
assert np.allclose(Z2.data, [0.62624937, 0.7710107])
assert np.allclose(Y.data, [0.31682708, 0.69627909])
assert np.allclose(model(X).data, Y.data)

# %% [markdown]
# Circles are nodes with what they put out, lines are weights (the wider the larger; dashed where negative). `nn.Linear` is the
# layer that computes A, with the same numbers. The first layer as a circuit of array operations, with the gradient of the
# network's first output in red:

# %%
Y.backward([1.0, 0.0])
viz.draw(Z1, width=880)

# %% [markdown]
# Every array operation stands for a circuit of numbers. The first product, opened:

# %%
viz.draw(viz.zoom(X @ W1), title="X @ W₁ as single numbers")

# %% [markdown]
# And the whole network 2-3-2-2 as single numbers, from x₁ and x₂ to both outputs, added up. Each neuron is a scope: the box "scopes
# as one gate" closes and opens all of them.

# %%
whole = nn.MLP.from_tensors(model)
viz.stepper(whole([Value(1.0, "x₁"), Value(0.5, "x₂")]), title="The network 2-3-2-2", parameters=whole.parameters())

# %% [markdown]
# Counting: 3 + 2 + 2 = 7 nodes (inputs are not counted), 6 + 6 + 4 = 16 weights and 3 + 2 + 2 = 7 biases, one for each node:
# 23 parameters. The layers of 3 and of 2 nodes are *hidden*; a network with two or more hidden layers is *deep*.

# %%
named = dict(model.named_parameters())
biases = sum(p.size for name, p in named.items() if name.endswith("bias"))
weights = sum(p.size for name, p in named.items() if name.endswith("weight"))
summary = model.summary((1, 2))
summary

# %% tags=["proof"]
assert (weights, biases, summary.parameters) == (16, 7, 23)

# %% [markdown]
# **Fully connected** means that every input goes to every node. **Partially connected**: some weights are not there (0, and
# kept at 0: their gradient is masked too).

# %%
mask = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])
part = Tensor(W1.data, "W")
(X.detach() @ (part * mask)).sum().backward()
print(part.grad)

# %% tags=["proof"]
assert (part.grad[mask == 0] == 0).all() and (part.grad[mask == 1] != 0).all()

# %% [markdown]
# **The weight steepens, the bias shifts**: σ(w·x + b) crosses ½ where x = −b/w, with slope w/4 there.

# %%
at = np.linspace(-6, 6, 121)
figure = Figure(figsize=(8.4, 3), layout="constrained")
panels = viz.plots.Panels(figure.subplots(1, 2))
steeper = {f"w = {w}": sigmoid(w * at).tolist() for w in (0.5, 1, 3)}
shifted = {f"b = {b}": sigmoid(at + b).tolist() for b in (-3, 0, 3)}
for panel, lines in zip(panels, (steeper, shifted)):
    viz.plots.curves({"epoch": at.tolist(), **lines}, list(lines), ax=panel)
    panel.set(xlabel="x", ylabel="")
panels[0].set_title("σ(w·x): the weight steepens")
panels[1].set_title("σ(x + b): the bias shifts")

start = Value(0.0)
panels

# %% tags=["proof"]
assert sigmoid(3 * Value(-2.0) + 6).data == 0.5            # ½ at x = −b/w
assert gradient(sigmoid(3 * start), start) == 0.75         # a slope of w/4 there

# %% [markdown]
# ## Convolution
#
# A filter looks at a small window (local connectivity), moves by a stride S, and uses the same weights everywhere. With zero
# padding P at each side, a filter of width F fits (N − F + 2P)/S + 1 times into a width of N. Where that is no whole number, the
# last window is not wholly there and is left out, as in every library: `output_size` gives the number of windows, the exact
# number, and the entries that are not seen. With N = 7, F = 3 and S = 3 the last entry never counts; in ResNet's first layer
# (N = 224, F = 7, S = 2, P = 3) only a zero of the padding is lost.

# %%
edges = convolution([[1, 2, 0, 1, 3], [0, 1, 3, 2, 1], [2, 2, 1, 0, 0], [1, 0, 2, 3, 1], [0, 1, 1, 2, 2]],
                    [[1, 0, -1], [2, 0, -2], [1, 0, -1]], stride=2, padding=1)
edges

# %% [markdown]
# The arrow keys move the window: blue are the filter's weights, dashed cells are the padding, and below stands the sum that makes
# the entry. With S = 3 and no padding there is one window only, and two rows and columns are never seen:

# %%
convolution(edges.image, edges.weights, stride=3)

# %%
for n, f, stride, padding in ((7, 3, 1, 0), (7, 3, 2, 0), (7, 3, 1, 1), (32, 5, 1, 0), (32, 5, 1, 2)):
    print(f"N = {n:2}  F = {f}  S = {stride}  P = {padding}:  output {F.output_size(n, f, stride, padding)}")
for n, f, stride, padding in ((7, 3, 3, 0), (224, 7, 2, 3)):
    size = F.output_size(n, f, stride, padding)
    print(f"N = {n:2}  F = {f}  S = {stride}  P = {padding}:  output {size}; {size.said(size.note)}")

layer = nn.Conv2d(3, 10, 5, padding=2, rng=0)  # ten 5×5×3 filters on a 32×32×3 image
print("ten 5×5×3 filters:", layer.summary((1, 3, 32, 32)).parameters, "parameters: 10 · (5·5·3 + 1)")

# %% tags=["proof"]
assert F.output_size(7, 3, 3).exact == 7 / 3 and F.output_size(7, 3, 3).unseen == (6,)
assert nn.Conv2d(1, 1, 3, stride=3, rng=0)(np.zeros((1, 1, 7, 7), np.float32)).shape == (1, 1, 2, 2)
assert F.output_size(224, 7, 2, 3) == 112 and F.output_size(224, 7, 2, 3).unseen == ()
assert [F.output_size(7, 3, stride) for stride in (1, 2)] == [5, 3] and F.output_size(7, 3, padding=1) == 7
assert F.output_size(32, 5) == 28 and F.output_size(32, 5, padding=2) == 32
assert layer(np.zeros((1, 3, 32, 32), np.float32)).shape == (1, 10, 32, 32)
assert layer.weight.shape == (10, 3, 5, 5)
assert layer.summary((1, 3, 32, 32)).parameters == 10 * (5 * 5 * 3 + 1) == 760

# %% [markdown]
# One number of an activation map is one window times the filter: 4 products here, and the same 4 weights in every window. So
# each weight collects a gradient from every place.

# %%
image = Tensor(np.arange(16.0).reshape(1, 1, 4, 4), "x")
weights = Tensor(np.array([[[[1.0, 0.0], [-1.0, 2.0]]]]), "w")
maps = F.conv2d(image, weights)
window = viz.zoom(maps, entry=(0, 0, 1, 2))
viz.stepper(window, title="One window of a convolution")

# %% tags=["proof"]
assert window[0].data == 6 * 1 + 7 * 0 + 10 * -1 + 11 * 2 == 18

# %% [markdown]
# **Receptive field**: two layers of 3×3 filters see 5×5 pixels of the image, three see 7×7. The gradient of one output tells
# which pixels matter, and how much: those in the middle reach the output on the most paths.

# %%
picture = Tensor(np.zeros((1, 1, 9, 9)))
fields = []
for depth, seen in ((1, 3), (2, 5), (3, 7)):
    out = picture
    for _ in range(depth):
        out = F.conv2d(out, np.full((1, 1, 3, 3), 1 / 9), padding=1)
    field = gradient(out[0, 0, 4, 4], picture)[0, 0]
    fields.append(field / field.max())
viz.plots.activation_maps(np.array(fields), columns=3)

# %% [markdown]
# **Pooling** has no weights and no padding. Max keeps the largest number of each window and routes the gradient to it; the
# average shares it.

# %%
grid = Tensor(np.array([[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4.0]]).reshape(1, 1, 4, 4), "x")
largest, average = F.max_pool2d(grid, 2), F.avg_pool2d(grid, 2)
print("max:", largest.data[0, 0].tolist(), " average:", average.data[0, 0].tolist())
print("where max sends its gradient:", *gradient(largest.sum(), grid)[0, 0], sep="\n")

# %% tags=["proof"]
assert largest.data.tolist() == [[[[6, 8], [3, 4]]]]
assert average.data.tolist() == [[[[3.25, 5.25], [2.0, 2.0]]]]
assert (gradient(average.sum(), grid) == 0.25).all()

# %% [markdown]
# ## A small convolutional network
#
# conv – relu – pool – fully connected, on UCI's handwritten digits (8×8 pixels).

# %%
inputs, labels = nn.data.load("digits").arrays(1, 8, 8)
inputs = inputs / 16
x_train, x_held, y_train, y_held = nn.data.train_test_split(inputs, labels, rng=0)
net = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1, rng=0), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                    nn.Linear(8 * 4 * 4, 10, rng=1))
optimizer = nn.optim.Adam(net.named_parameters(), lr=5e-3)
history = nn.train.fit(net, (x_train, y_train), F.cross_entropy, optimizer, validation=(x_held, y_held),
                       metrics="accuracy", epochs=8, batch_size=64, seed=0, progress=False)
history

# %% tags=["proof"]
assert history["validation accuracy"][-1] > 0.9

# %%
viz.plots.confusion(y_held, nn.train.predict(net, x_held))

# %% [markdown]
# What the eight filters have become, and the activation maps that they make of a 0 (after the ReLU): some answer to edges on
# the left, some to the right.

# %%
viz.plots.filters(net[0].weight, columns=8)

# %%
viz.plots.activation_maps(net[1](net[0](Tensor(inputs[:1])))[0], columns=8)

# %% [markdown]
# ## Recurrent networks
#
# h(t) = tanh(Wx·x(t) + Wh·h(t−1)): the same weights at every time. Unrolled, it is a deep network whose layers share their
# weights, and backpropagation through time adds up what each step sends back.

# %%
sequence = [1.0, -0.5, 2.0]
wx, wh, h = Value(0.5, "wx"), Value(0.8, "wh"), [Value(0.0, "h0")]
for x in sequence:
    h.append(tanh(wx * x + wh * h[-1]))
h[-1].backward()
viz.unrolled(h, sequence)

# %% [markdown]
# The three steps as a circuit. Step back through it and watch wh: it collects three times.

# %%
viz.stepper(h[-1], title="A recurrent network over three steps, backpropagation through time", parameters=["wx", "wh"],
            names={f"h{t}": state for t, state in enumerate(h) if t})

# %% [markdown]
# The red bars are the gradients that reach each state. The weight wh is used at every step, so it collects from every step, the
# last one first:

# %%
for step in steps(h[-1]):
    for edge in step.edges:
        if edge.target_label == "wh":
            print(f"wh collects {edge.upstream:.3f} × {edge.local:.3f} = {edge.downstream:.3f}, in all {edge.total:.3f}")
layer = nn.RNN(1, 1, bias=False, dtype=float, rng=0)  # the same network as a layer
layer.weight_ih_l0.data, layer.weight_hh_l0.data = np.array([[0.5]]), np.array([[0.8]])
out, _ = layer(np.array(sequence)[:, None])

# %% tags=["proof"]
assert abs(out.data[-1, 0] - h[-1].data) < 1e-12
assert abs(gradient(out[-1, 0], layer.weight_hh_l0)[0, 0] - wh.grad) < 1e-12

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


back = list(range(1, 31))
reached = {f"wh = {wh}": [reach(wh, n) for n in back] for wh in (0.5, 1.0, 1.5)}
axes = viz.plots.curves({"epoch": back, **reached}, list(reached), log=True)
_ = axes.set(xlabel="steps back in time", ylabel="gradient")
axes

# %% tags=["proof"]
assert abs(reach(0.5, 20) - 0.5**20) < 1e-12 and abs(reach(1.5, 20) - 1.5**20) < 1e-6

# %% [markdown]
# An **LSTM** has a cell that is *added* to, and a forget gate f that decides how much of it to keep: c(t) = f·c(t−1) + i·g. A
# **GRU** mixes old and new by one update gate z: h(t) = (1 − z)·n + z·h(t−1). Where f (or z) is near 1, the gradient passes
# unchanged. How much of the gradient at the last of 30 steps arrives at each earlier one:

# %%
sequence = np.random.default_rng(2).normal(size=(1, 30, 1)).astype(np.float32)


def arriving(layer, open_gate):
    """The size of the gradient at each step, 29 … 0 back in time, as a share of that at the last."""
    if open_gate:  # the second of PyTorch's gates is LSTM's forget gate, and GRU's update gate
        bias = layer.bias_ih_l0.data.copy()
        bias[8:16] = 6.0
        layer.bias_ih_l0.data = bias
    x = Tensor(sequence)
    out, _ = layer(x)
    sizes = np.abs(gradient(out[0, -1].sum(), x)[0, ::-1, 0])
    return (sizes / sizes[0]).tolist()


shares = {kind.__name__: arriving(kind(1, 8, batch_first=True, rng=0), kind is not nn.RNN)
          for kind in (nn.RNN, nn.LSTM, nn.GRU)}
axes = viz.plots.curves({"epoch": list(range(30)), **shares}, list(shares), log=True)
_ = axes.set(xlabel="steps back in time", ylabel="share of the gradient that arrives")
axes

# %% tags=["proof"]
assert shares["RNN"][-1] < 1e-4 and shares["LSTM"][-1] > 0.1 and shares["GRU"][-1] > 0.1

# %% [markdown]
# What that is worth: was the first number of a sequence +1 or −1, after 59 more steps of noise? The answer needs a memory of the
# first. Each network is trained from three seeds, and the mean is drawn, as one run may be lucky. The LSTM and the GRU begin with
# open gates, which is usual. The plain network guesses; the GRU learns it from every seed, the LSTM from most.

# %%
rng = np.random.default_rng(0)
noisy = (0.5 * rng.normal(size=(300, 60, 1))).astype(np.float32)
noisy[:, 0, 0] = rng.choice([-1.0, 1.0], size=300)
positive = (noisy[:, 0, 0] > 0).astype(int)


class Last(nn.Module):
    """Two scores from the state after the last step."""

    def __init__(self, layer, seed):
        self.layer, self.scores = layer, nn.Linear(8, 2, rng=seed)

    def forward(self, x):
        out, _ = self.layer(x)
        return self.scores(out[:, -1])


def learned(kind, seed, epochs=30):
    """The accuracy on sequences not trained on, after each epoch."""
    layer = kind(1, 8, batch_first=True, rng=seed)
    if kind is not nn.RNN:  # gates that begin open, as above
        bias = layer.bias_ih_l0.data.copy()
        bias[8:16] = 4.0
        layer.bias_ih_l0.data = bias
    model = Last(layer, seed + 1)
    optimizer = nn.optim.Adam(model.named_parameters(), lr=0.02)
    told = nn.train.fit(model, (noisy[:200], positive[:200]), F.cross_entropy, optimizer, epochs=epochs, batch_size=50,
                        validation=(noisy[200:], positive[200:]), metrics="accuracy", seed=seed, clip_norm=1.0, progress=False)
    return told["validation accuracy"]


accuracy = {kind.__name__: np.mean([learned(kind, seed) for seed in range(3)], axis=0).tolist()
            for kind in (nn.RNN, nn.LSTM, nn.GRU)}
last = {name: np.mean(values[-3:]) for name, values in accuracy.items()}
print("accuracy at the end, mean of three seeds:", {name: f"{value:.0%}" for name, value in last.items()})
axes = viz.plots.curves(accuracy, list(accuracy))
_ = axes.set(ylabel="accuracy on sequences not trained on")
axes

# %% tags=["proof"]
assert last["RNN"] < 0.7 < last["LSTM"] and last["GRU"] > 0.85

# %% [markdown]
# ## The network zoo
#
# The relatives in one picture: what goes in on the left, what comes out on the right.

# %%
zoo()

# %% [markdown]
# | network | idea | here |
# |---|---|---|
# | perceptron (P) | one neuron, a step | chapter 2 |
# | feed-forward (FF), deep feed-forward (DFF) | layers in a row; two or more hidden ones | `nn.Sequential`, `nn.MLP` |
# | radial basis (RBF) | the hidden layer measures distances to centres: exp(−‖x − c‖²) | made of operations |
# | convolutional (CNN) | the same small filters everywhere | above |
# | recurrent (RNN), LSTM, GRU | a state over time; gates that keep it | above |
# | auto-encoder (AE) | a narrow middle must hold all that matters | below |
# | denoising auto-encoder (DAE) | noise in, the clean picture out | below |
# | sparse auto-encoder (SAE) | a wide middle, of which few nodes may be active: an L1 penalty on them | chapter 5 |
# | variational auto-encoder (VAE) | the middle is a distribution, from which one can draw | overview only |
# | Hopfield network, Boltzmann machines (BM, RBM) | an energy that falls to a memory | overview only |
# | deep belief network (DBN) | Boltzmann machines stacked | overview only |
#
# An **auto-encoder** learns its input as its target through a bottleneck, here of 12 numbers for 64 pixels. A **denoising** one
# is given pictures with noise, and learns the clean ones.

# %%
flat = inputs[:600].reshape(600, 64)
noisy = flat + np.random.default_rng(3).normal(0, 0.25, flat.shape).astype(np.float32)
rows = [flat[:8], noisy[:8]]
for given in (flat, noisy):
    coder = nn.Sequential(nn.Linear(64, 12, rng=0), nn.Tanh(), nn.Linear(12, 64, rng=1))
    optimizer = nn.optim.Adam(coder.named_parameters(), lr=0.01)
    told = nn.train.fit(coder, (given, flat), F.mse_loss, optimizer, epochs=25, seed=0, progress=False)
    rows.append(nn.train.predict(coder, given[:8]))
viz.plots.activation_maps(np.concatenate(rows).reshape(-1, 8, 8).clip(0, 1), columns=8)

# %% [markdown]
# From above: the pictures; the same with noise; what the auto-encoder makes of the first row; what the denoising one makes of
# the second. (`python -m examples.autoencoder` goes further: digits through two numbers, drawn on a plane, and held against PCA.)

# %% [markdown]
# ## Exercises
#
# `hint("3.1")` gives one hint at a time, `solution("3.1")` the solution; both, and `check`, take `lang="ko"`.
#
# **3.1** A 227×227×3 image, 96 filters of 11×11 with stride 4 and no padding (AlexNet's first layer): how wide is the output,
# and how many parameters are there? Give both.

# %%
answer = None
check("3.1", answer)

# %% [markdown]
# **3.2** How many parameters does a fully connected network 784-100-10 have?

# %%
answer = None
check("3.2", answer)

# %% [markdown]
# **3.3** With which padding does a 5×5 filter with stride 1 keep the size of its input?

# %%
answer = None
check("3.3", answer)

# %% [markdown]
# **3.4** Fill in the circuit: two hidden ReLU neurons h₁ = relu(w₁·x), h₂ = relu(w₂·x) and the output v₁·h₁ + v₂·h₂.

# %%
viz.quiz(circuit("3.4"))

# %%
answer = None  # {"v1": …, "v2": …, "h1": …, "w1": …, "w2": …, "x": …}
check("3.4", answer)

# %% [markdown]
# **3.5** Find the bug in this convolution.

# %%
code("3.5")

# %%
answer = None  # the number of the line
check("3.5", answer)

# %% [markdown]
# **3.6** Write the backward pass of a fully connected layer A = XW + b by hand: a function of the arrays X, W, b and the
# upstream gradient G (of the shape of A) that returns dX, dW and db.

# %%
answer = None  # def answer(X, W, b, G): … return dX, dW, db
check("3.6", answer)
