# %% [markdown]
# # 7 · Before and inside training
#
# > **Summary.** Good training begins with preparation. Inputs are standardised by the mean and the standard deviation of the
# > training data alone, and weights are initialised to fit the activation function (Xavier for tanh, He for ReLU). Batch
# > normalisation keeps the distribution in each layer even; dropout, augmented data, ensembles and early stopping reduce
# > overfitting. What to watch during training, and how to search for its numbers, is chapter 8.
#
# What stands between a right gradient and a network that learns.

# %%
import numpy as np
from matplotlib.figure import Figure

import nn
import viz
from autograd import Tensor, gradient
from chainrule.exercises import check, circuit, code, hint, solution
from nn import functional as F

digits, labels = nn.data.load("digits").arrays()
x_train, x_held, y_train, y_held = nn.data.train_test_split(digits / 16, labels, test_size=0.3, rng=0)

# %% [markdown]
# ## Preprocessing: fitted on the training data only
#
# For images: subtract the mean image (AlexNet), or one mean for each channel (VGG), or also divide by each channel's spread. What
# is held out gets the means of the *training* data, not its own.

# %%
mean_image = nn.data.StandardScaler(x_train, with_std=False)

colours = np.random.default_rng(0).uniform(size=(20, 3, 4, 4)) * [[[[1.0]], [[2.0]], [[3.0]]]]
vgg = nn.data.StandardScaler(colours, axis=(0, 2, 3), with_std=False)
standard = nn.data.StandardScaler(colours, axis=(0, 2, 3))
print("three channels: means", vgg.mean.ravel().round(2), "spreads", standard.std.ravel().round(2))

before_and_after = np.concatenate([x_train[:6], mean_image(x_train[:6])]).reshape(-1, 8, 8)
viz.plots.activation_maps(before_and_after, columns=6)

# %% tags=["proof"]
assert np.allclose(mean_image(x_train).mean(0), 0, atol=1e-6)
assert np.allclose(mean_image(x_held), x_held - x_train.mean(0), atol=1e-6)
assert not np.allclose(mean_image(x_held).mean(0), 0, atol=1e-3)
assert np.allclose(vgg(colours).mean((0, 2, 3)), 0)
assert np.allclose(standard(colours).std((0, 2, 3)), 1)

# %% [markdown]
# For data without structure: centre them, turn the axes so that nothing is correlated (PCA), and make all equally long
# (whitening).

# %%
cloud = np.random.default_rng(1).normal(size=(200, 2)) @ [[2.0, 1.2], [0.0, 0.4]] + [3.0, 1.0]
turned, white = nn.data.PCA(cloud), nn.data.PCA(cloud, whiten=True)
steps = {"as given": cloud, "centred": cloud - cloud.mean(0), "PCA": turned(cloud), "whitened": white(cloud)}
figure = Figure(figsize=(9.2, 2.7), layout="constrained")
panels = viz.plots.Panels(figure.subplots(1, 4, sharex=True, sharey=True))
for panel, (name, points) in zip(panels, steps.items()):
    panel.scatter(*points[:80].T, s=6, color=viz.plots.SERIES[0])
    panel.axhline(0, color=viz.plots.FAINT, linewidth=0.6)
    panel.axvline(0, color=viz.plots.FAINT, linewidth=0.6)
    panel.set(title=name, aspect="equal")
panels

# %% tags=["proof"]
assert abs(np.cov(turned(cloud).T)[0, 1]) < 1e-9       # uncorrelated
assert np.allclose(np.cov(white(cloud).T), np.eye(2))  # and of variance 1

# %% [markdown]
# ## Initialisation: what comes through ten layers of 500
#
# On the left the activations of each layer, on the right the gradients that come back; below each its spread.

# %%
panels = viz.plots.initialisations(width=500)
forward = {scheme: spreads for scheme, (spreads, _) in panels.measured.items()}
backward = {scheme: spreads for scheme, (_, spreads) in panels.measured.items()}
panels

# %% tags=["proof"]
assert set(forward["zeros"]) == {0.0}                    # nothing comes through
assert forward["0.01·randn"][-1] < 1e-6                  # shrinks to 0
assert backward["0.01·randn"][0] < 1e-5                  # both ways
assert min(forward["1.0·randn"]) > 0.97                  # all at −1 or 1: saturated
assert min(forward["Xavier"]) > 0.2 < min(backward["Xavier"])  # right for tanh

# %% [markdown]
# With weights of spread 1 the neurons saturate: the local gradients 1 − out² are nearly all 0. (What little passes is
# multiplied by large weights again, so the gradients do not shrink but run wild.) Xavier, made for tanh, breaks under ReLU, which
# drops half of the spread in every layer; He's factor √2 gives it back.

# %%
rng = np.random.default_rng(0)
h = np.tanh(rng.normal(size=(200, 500)) @ rng.normal(size=(500, 500)))
print(f"with spread 1, {(1 - h**2 < 0.01).mean():.0%} of the local gradients 1 − out² are under 0.01")
relu_panels = viz.plots.initialisations(["Xavier", "He"], activation="relu")
relu_panels

# %% tags=["proof"]
assert (1 - h**2 < 0.01).mean() > 0.85
assert relu_panels.measured["Xavier"][0][-1] < 0.05 < 0.5 < relu_panels.measured["He"][0][-1]

# %% [markdown]
# With zeros (or any equal weights) all neurons of a layer are alike, get the same gradient, and stay alike for ever. Iris, after 50
# steps from weights that were all 0.1: every hidden node has the same weights as its neighbours, so the layer is worth one node.

# %%
flowers, species = nn.data.load("iris").arrays()
alike = nn.Sequential(nn.Linear(4, 4, rng=0), nn.Tanh(), nn.Linear(4, 3, rng=1))
for parameter in alike.parameters():
    nn.init.constant_(parameter, 0.1)
optimizer = nn.optim.SGD(alike.named_parameters(), lr=0.1)
for _ in range(50):
    loss = F.cross_entropy(alike(flowers), species)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
rows = alike[0].weight.data
viz.network(alike, flowers[0])

# %% tags=["proof"]
assert (rows == rows[0]).all() and not np.allclose(rows, 0.1)

# %% [markdown]
# ## Batch normalisation
#
# Each unit less its batch mean, over its batch spread (ε against 0), then times γ plus β, which are learned: it may undo itself.
# Running averages are kept for test mode.

# %%
batch = Tensor(np.array([[1.0, 10.0], [2.0, 30.0], [6.0, 20.0]]), "x")
normal = F.batch_norm(batch, training=True)
gamma, beta = Tensor(batch.data.std(0)), Tensor(batch.data.mean(0))
undone = F.batch_norm(batch, weight=gamma, bias=beta, training=True, eps=0.0)

layer = nn.BatchNorm1d(2)
numbers = batch.data.astype(np.float32)
in_training = layer(Tensor(numbers)).data
in_test = layer.eval()(Tensor(numbers)).data
print("in training:", *in_training.round(2), "in test mode, with the running averages:", *in_test.round(2), sep="\n")

pair = Tensor([[1.0], [3.0]], "x")
viz.stepper(viz.zoom(F.batch_norm(pair, training=True), entry=(0, 0)), title="One number of batch norm, opened")

# %% [markdown]
# Move the other number of the batch in the stepper: this one changes too. In batch norm the examples of a batch see one another,
# and a gradient goes back through the mean and the spread.
#
# **What it does for training.** Five tanh layers on the digits, with and without it, at a small rate and at a large one. Without it
# the small rate gets nowhere in 8 epochs, and the large one breaks the network; with it both learn.

# %%
def deep(normalised, lr):
    """The accuracy on held-out digits after each of 8 epochs."""
    parts = []
    for i in range(5):
        parts += [nn.Linear(64, 64, rng=i), *([nn.BatchNorm1d(64)] if normalised else []), nn.Tanh()]
    model = nn.Sequential(*parts, nn.Linear(64, 10, rng=99))
    told = nn.train.fit(model, (x_train, y_train), F.cross_entropy, nn.optim.SGD(model.named_parameters(), lr=lr), epochs=8,
                        batch_size=64, validation=(x_held, y_held), metrics="accuracy", seed=0, progress=False)
    return told["validation accuracy"]


compared = {f"{name}, rate {lr}": deep(normalised, lr)
            for lr in (0.02, 1.0) for name, normalised in (("plain", False), ("batch norm", True))}
axes = viz.plots.curves(compared, list(compared))
_ = axes.set(ylabel="accuracy on held-out digits")
axes

# %% tags=["proof"]
ends = [curve[-1] for curve in compared.values()]  # plain and normalised at a small rate, then at a large one
assert max(ends[::2]) < 0.2 and min(ends[1::2]) > 0.9

# %% tags=["proof"]
assert np.allclose(normal.data.mean(0), 0) and np.allclose(normal.data.std(0), 1, atol=1e-5)
assert np.allclose(gradient(normal.sum(), batch), 0, atol=1e-12)  # a shift of all changes nothing, and the gradient knows
assert np.allclose(undone.data, batch.data)
assert np.allclose(layer.running_mean.data, 0.1 * numbers.mean(0))  # a tenth of the way from 0
assert not np.allclose(in_training, in_test)

# %% [markdown]
# ## Dropout, augmentation, ensembles, early stopping
#
# Inverted dropout: in training each unit is 0 with probability p, the others are divided by 1 − p, so that the mean stays; in
# test nothing happens.

# %%
many = Tensor(np.ones(20_000))
dropped = F.dropout(many, 0.3, rng=0).data
print("twelve of 20,000 units:", dropped[:12].round(2), f"  mean of all: {dropped.mean():.3f}")

# %% [markdown]
# Other units are silent in every step, so none can rely on its neighbours: it is as if many smaller networks were trained at once.
# On the left a layer of 16 × 16 units in three steps (black is silent). On the right what it is worth: 150 digits, 256 hidden
# units, the mean of three seeds. With dropout the loss on the held-out digits falls further, and rises less at the end.

# %%
masks = np.stack([F.dropout(Tensor(np.ones((16, 16))), 0.5, rng=step).data for step in range(3)])
few = (x_train[:150], y_train[:150])


def held_out_loss(p, seed):
    middle = [nn.Dropout(p, rng=seed)] if p else []
    model = nn.Sequential(nn.Linear(64, 256, rng=seed), nn.ReLU(), *middle, nn.Linear(256, 10, rng=seed + 100))
    told = nn.train.fit(model, few, F.cross_entropy, nn.optim.Adam(model.named_parameters(), lr=0.003), epochs=60, batch_size=32,
                        validation=(x_held, y_held), seed=seed, progress=False)
    return told["validation loss"]


without, with_half = (np.mean([held_out_loss(p, seed) for seed in range(3)], axis=0) for p in (0.0, 0.5))
figure = Figure(figsize=(9.2, 3), layout="constrained")
grid = figure.add_gridspec(1, 4, width_ratios=[1, 1, 1, 2.4])
panels = viz.plots.Panels([figure.add_subplot(grid[i]) for i in range(4)])
for step, (panel, mask) in enumerate(zip(panels, masks), 1):
    panel.imshow(mask, cmap="gray")
    panel.set(title=f"step {step}", xticks=[], yticks=[])
both = {"without dropout": without.tolist(), "dropout, p = ½": with_half.tolist()}
viz.plots.curves(both, list(both), ax=panels[3])
panels[3].set(ylabel="loss on held-out digits", ylim=(0.2, 0.8))
panels

# %% tags=["proof"]
assert min(with_half) < min(without) and with_half[-1] < without[-1]

# %% [markdown]
# **Augmentation**: the same digits, shifted and turned a little, never quite the same twice. The label stays.

# %%

images = x_train[:6].reshape(6, 1, 8, 8)
shifted = nn.data.Augment(shift=1, rotate=15)(images, np.random.default_rng(0))  # the same digits, never quite
viz.plots.activation_maps(np.concatenate([images, shifted])[:, 0], columns=6)

# %% tags=["proof"]
assert set(np.round(dropped, 9)) == {0.0, round(1 / 0.7, 9)} and abs(dropped.mean() - 1) < 0.02
assert F.dropout(many, 0.3, training=False) is many

# %% [markdown]
# **Early stopping** ends training when the held-out data have not improved for some epochs, and goes back to the weights of the
# best one. It matters where there is something wrong to learn: of these 150 labels one in seven is wrong. At first the network
# learns what the digits have in common; later it learns the wrong labels by heart, and gets worse on all others. The distance
# between the curves is the train/validation gap.

# %%
def network(seed):
    return nn.Sequential(nn.Linear(64, 64, rng=seed), nn.ReLU(), nn.Linear(64, 10, rng=seed + 100))


rng = np.random.default_rng(0)
spoiled = y_train[:150].copy()
wrong = rng.random(150) < 0.15
spoiled[wrong] = rng.integers(0, 10, wrong.sum())
runs = {}
for name, options in (("to the end", {}), ("stopped", {"patience": 8})):
    model = network(0)
    optimizer = nn.optim.Adam(model.named_parameters(), lr=0.01)
    told = nn.train.fit(model, (x_train[:150], spoiled), F.cross_entropy, optimizer, epochs=60, batch_size=32,
                        validation=(x_held, y_held), metrics="accuracy", seed=0, progress=False, **options)
    last, best = told["validation accuracy"][-1], told.best["validation accuracy"]
    print(f"{name:10}  {len(told):2} epochs; of the held-out digits {last:.1%} are right in the last, {best:.1%} in the best")
    runs[name] = told
print(runs["stopped"].said(runs["stopped"].stopped))
viz.plots.curves(runs["to the end"])

# %% tags=["proof"]
ended, stopped = runs["to the end"], runs["stopped"]
assert len(stopped) < 60 and stopped.best["validation loss"] == min(stopped["validation loss"])
assert ended["validation loss"][-1] > 1.2 * min(ended["validation loss"])
assert stopped.best["validation accuracy"] > ended["validation accuracy"][-1] + 0.02

# %% [markdown]
# An **ensemble**: five networks, each on its own 100 examples, and the mean of the probabilities that they give. Where they err
# they err differently, and the mean is better than the best of them.

# %%
alone, probabilities = [], 0.0
for seed in range(5):
    own = np.random.default_rng(seed).permutation(len(x_train))[:100]
    member = network(seed)
    optimizer = nn.optim.Adam(member.named_parameters(), lr=0.01)
    nn.train.fit(member, (x_train[own], y_train[own]), F.cross_entropy, optimizer, epochs=40, seed=seed, progress=False)
    scores = nn.train.predict(member, x_held)
    alone.append(nn.train.accuracy(scores, y_held))
    probabilities = probabilities + np.exp(scores) / np.exp(scores).sum(1, keepdims=True) / 5
together = nn.train.accuracy(probabilities, y_held)
figure = Figure(figsize=(6.4, 2.4), layout="constrained")
panel = figure.subplots()
panel.barh([*(f"network {i}" for i in range(1, 6)), "all five"], [*alone, together],
           color=[viz.plots.SERIES[0]] * 5 + [viz.plots.SERIES[1]])
for i, value in enumerate([*alone, together]):
    panel.annotate(f"{value:.1%}", (value, i), (4, -4), textcoords="offset points")
panel.set(xlim=(0.7, 1), xlabel="accuracy on held-out digits")
viz.plots.Panels([panel])

# %% tags=["proof"]
assert together > max(alone) + 0.02

# %% [markdown]
# ## Exercises
#
# `hint("7.1")` gives one hint at a time, `solution("7.1")` the solution; both, and `check`, take `lang="ko"`.
#
# **7.1** What should the first loss of a softmax classifier for 100 classes be? Two decimals.

# %%
answer = None
check("7.1", answer)

# %% [markdown]
# **7.2** He's standard deviation for a layer with 128 inputs?

# %%
answer = None
check("7.2", answer)

# %% [markdown]
# **7.3** Batch norm (γ = 1, β = 0, ε = 0) of the batch (2, 4, 6): the three results? Two decimals.

# %%
answer = None
check("7.3", answer)

# %% [markdown]
# **7.4** Fill in the circuit: h = relu(w·x) goes through inverted dropout (p = ½; this unit is kept, so ×2) to v, plus the
# penalty ½·w².

# %%
viz.quiz(circuit("7.4"))

# %%
answer = None  # {"v": …, "h": …, "w": …, "x": …}
check("7.4", answer)

# %% [markdown]
# **7.5** Find the bug in this preprocessing.

# %%
code("7.5")

# %%
answer = None  # the number of the line
check("7.5", answer)

# %% [markdown]
# **7.6** Batch norm takes the mean away first: y_i = x_i − mean. Write the backward pass for a batch of three by hand: a
# function of x₁, x₂, x₃ and the upstream gradients g₁, g₂, g₃ that returns the gradients of the x.

# %%
answer = None  # def answer(x1, x2, x3, g1, g2, g3): … return d1, d2, d3
check("7.6", answer)
