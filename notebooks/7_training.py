# %% [markdown]
# # 7 · Training in practice
#
# > **요약.** 좋은 학습은 준비에서 시작된다. 입력은 훈련 데이터만으로 구한 평균과 표준편차로 정규화하고, 가중치는 활성화
# > 함수에 맞게 초기화한다(tanh에는 Xavier, ReLU에는 He). 배치 정규화는 각 층의 분포를 고르게 하고, 드롭아웃과 데이터 증강,
# > 앙상블, 조기 종료는 과적합을 줄인다. 학습을 시작하기 전에는 초기 손실이 우연의 수준인지, 작은 데이터는 외울 수 있는지
# > 확인한다. 하이퍼파라미터는 로그 균등 분포에서 무작위로 찾고, 성긴 탐색에서 촘촘한 탐색으로 좁혀 간다. 손으로 쓴 기울기는
# > 반드시 수치 미분과 비교한다.
#
# What stands between a right gradient and a network that learns.

# %%
import warnings

import numpy as np
from exercise import check

import nn
import viz
from autograd import Tensor, check_gradients, gradient
from nn import functional as F
from nn.babysitter import Babysitter, check_initial_loss, check_overfit
from nn.search import log_uniform, optimize

digits, labels = nn.data.load("digits").arrays()
x_train, x_held, y_train, y_held = nn.data.train_test_split(digits / 16, labels, test_size=0.3, rng=0)

# %% [markdown]
# ## Preprocessing: fitted on the training data only
#
# Subtract the mean image (AlexNet), a mean for each channel (VGG), or standardise each channel. For data without structure: PCA
# turns the axes, whitening makes all equally long.

# %%
mean_image = nn.data.StandardScaler(x_train, with_std=False)
assert np.allclose(mean_image(x_train).mean(0), 0, atol=1e-6)
assert not np.allclose(mean_image(x_held).mean(0), 0, atol=1e-3)  # held-out data get the training mean, not their own

pictures = np.random.default_rng(0).uniform(size=(20, 3, 4, 4))
channels = nn.data.StandardScaler(pictures, axis=(0, 2, 3))
assert np.allclose(channels(pictures).mean((0, 2, 3)), 0) and np.allclose(channels(pictures).std((0, 2, 3)), 1)

cloud = np.random.default_rng(1).normal(size=(200, 2)) @ [[2.0, 1.2], [0.0, 0.4]] + [3.0, 1.0]
turned, white = nn.data.PCA(cloud), nn.data.PCA(cloud, whiten=True)
assert np.allclose(np.cov(white(cloud).T), np.eye(2))
assert abs(np.cov(turned(cloud).T)[0, 1]) < 1e-9  # uncorrelated
shown = cloud[:50]
viz.plots.decision_boundary(lambda p: np.zeros((len(p), 1)), np.concatenate([shown, turned(shown), white(shown)]),
                            np.repeat([0, 1, 2], 50))

# %% [markdown]
# (Blue: as given; orange: turned by PCA; green: whitened.)
#
# ## Initialisation: what comes through ten layers of 500
#
# On the left the activations of each layer, on the right the gradients that come back; below each its spread.

# %%
panels = viz.plots.initialisations(width=500)
forward = {scheme: spreads for scheme, (spreads, _) in panels.measured.items()}
backward = {scheme: spreads for scheme, (_, spreads) in panels.measured.items()}
assert set(forward["zeros"]) == {0.0}                                          # nothing comes through
assert forward["0.01·randn"][-1] < 1e-6 and backward["0.01·randn"][0] < 1e-5  # shrinks to 0, both ways
assert min(forward["1.0·randn"]) > 0.97                                       # all at −1 or 1: saturated
assert min(forward["Xavier"]) > 0.2 and min(backward["Xavier"]) > 0.3          # right for tanh
panels

# %% [markdown]
# With weights of spread 1 the neurons saturate: the local gradients 1 − out² are nearly all 0. (What little passes is
# multiplied by large weights again, so the gradients do not shrink but run wild.) Xavier, made for tanh, breaks under ReLU, which
# drops half of the spread in every layer; He's factor √2 gives it back.

# %%
h = np.tanh(np.random.default_rng(0).normal(size=(200, 500)) @ np.random.default_rng(1).normal(size=(500, 500)))
assert (1 - h**2 < 0.01).mean() > 0.85
relu_panels = viz.plots.initialisations(["Xavier", "He"], activation="relu")
assert relu_panels.measured["Xavier"][0][-1] < 0.05 < 0.5 < relu_panels.measured["He"][0][-1]
relu_panels

# %% [markdown]
# With zeros (or any equal weights) all neurons of a layer are alike, get the same gradient, and stay alike for ever:

# %%
alike = nn.Sequential(nn.Linear(64, 8, rng=0), nn.Tanh(), nn.Linear(8, 10, rng=1))
for parameter in alike.parameters():
    nn.init.constant_(parameter, 0.1)
optimizer = nn.optim.SGD(alike.named_parameters(), lr=0.5)
for _ in range(5):
    loss = F.cross_entropy(alike(Tensor(x_train[:200], requires_grad=False)), y_train[:200])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
assert np.allclose(alike[0].weight.data, alike[0].weight.data[0])

# %% [markdown]
# ## Batch normalisation
#
# Each unit less its batch mean, over its batch spread (ε against 0), then times γ plus β, which are learned: it may undo itself.
# Running averages are kept for test mode.

# %%
batch = Tensor(np.array([[1.0, 10.0], [2.0, 30.0], [6.0, 20.0]]), "x")
normal = F.batch_norm(batch, training=True)
assert np.allclose(normal.data.mean(0), 0) and np.allclose(normal.data.std(0), 1, atol=1e-5)
assert np.allclose(gradient(normal.sum(), batch), 0, atol=1e-12)  # a shift of all changes nothing, and the gradient knows
undone = F.batch_norm(batch, weight=Tensor(batch.data.std(0)), bias=Tensor(batch.data.mean(0)), training=True, eps=0.0)
assert np.allclose(undone.data, batch.data)

layer = nn.BatchNorm1d(2)
layer(Tensor(batch.data.astype(np.float32)))
assert np.allclose(layer.running_mean.data, 0.1 * batch.data.mean(0))
in_training = layer(Tensor(batch.data.astype(np.float32))).data
in_test = layer.eval()(Tensor(batch.data.astype(np.float32))).data
assert not np.allclose(in_training, in_test)

single = Tensor([[1.0], [2.0], [6.0]], "x")
viz.draw(viz.zoom(F.batch_norm(single, training=True), entry=(0, 0)), title="one number of batch norm, opened")

# %% [markdown]
# ## Dropout, augmentation, ensembles, early stopping
#
# Inverted dropout: in training each unit is 0 with probability p, the others are divided by 1 − p, so that the mean stays; in
# test nothing happens.

# %%
many = Tensor(np.ones(20_000))
dropped = F.dropout(many, 0.3, rng=0).data
assert set(np.round(dropped, 9)) == {0.0, round(1 / 0.7, 9)} and abs(dropped.mean() - 1) < 0.02
assert F.dropout(many, 0.3, training=False) is many

shifted = nn.data.Augment(shift=1, rotate=15)(x_train[:6].reshape(6, 1, 8, 8), np.random.default_rng(0))
viz.plots.activation_maps(np.concatenate([x_train[:6].reshape(6, 8, 8), shifted[:, 0]]), columns=6)

# %% [markdown]
# A network with room to overfit, on 150 examples: early stopping keeps the weights of the epoch that was best on held-out data.

# %%


def network(seed, *extra):
    return nn.Sequential(nn.Linear(64, 64, rng=seed), nn.ReLU(), *extra, nn.Linear(64, 10, rng=seed + 100))


few = (x_train[:150], y_train[:150])
members, histories = [], []
for seed in range(3):
    member = network(seed)
    histories.append(nn.train.fit(member, few, F.cross_entropy, nn.optim.Adam(member.named_parameters(), lr=0.01), epochs=60,
                                  patience=8, validation=(x_held, y_held), metrics="accuracy", seed=seed, progress=False))
    members.append(member)
print(histories[0].stopped)
assert len(histories[0]) < 60 and histories[0].best["validation loss"] == min(histories[0]["validation loss"])
viz.plots.curves(histories[0])

# %%
scores = [nn.train.predict(member, x_held) for member in members]
alone = [nn.train.accuracy(s, y_held) for s in scores]
together = nn.train.accuracy(sum(np.exp(s) / np.exp(s).sum(1, keepdims=True) for s in scores), y_held)  # mean probabilities
print("alone:", [f"{a:.1%}" for a in alone], " ensemble:", f"{together:.1%}")
assert together >= np.mean(alone)

# %% [markdown]
# ## Babysitting
#
# Before the long run. **1.** The first loss is what chance gives: log 10 = 2.30 for ten classes. **2.** It rises with
# regularisation. **3.** Twenty examples can be learned by heart.

# %%
model = network(0)
first = F.cross_entropy(model(Tensor(x_train, requires_grad=False)), y_train).item()
assert abs(first - np.log(10)) < 0.1
penalty = lambda m: 0.001 * nn.losses.l2_penalty(m.parameters())
print(check_initial_loss(model, (x_train, y_train), F.cross_entropy, penalty=penalty))
small = check_overfit(model, (x_train, y_train), F.cross_entropy)
print(small)
assert small.healthy

# %% [markdown]
# **4.** The babysitter watches the run: a rate too low, a good one, one too high. NaN ends the loop, and the operation that made
# it is named. The update-to-weight ratio is about 1e−3 where all is well.

# %%
runs, sitters = {}, {}
for name, lr in (("1e-5: too low", 1e-5), ("0.1: good", 0.1), ("1e6: too high", 1e6)):
    model, sitters[name] = network(1), Babysitter(every=5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of the numbers that run away
        runs[name] = nn.train.fit(model, (x_train, y_train), F.cross_entropy, nn.optim.SGD(model.named_parameters(), lr=lr),
                                  epochs=4, seed=0, callbacks=[sitters[name]], progress=False)
    print(name, "→", sitters[name].report().illnesses or "healthy", "|", runs[name].stopped[:90])
assert "learning rate too low" in sitters["1e-5: too low"].report().illnesses
assert not {"learning rate too low", "learning rate too high"} & set(sitters["0.1: good"].report().illnesses)
assert "learning rate too high" in sitters["1e6: too high"].report().illnesses
viz.plots.update_ratios({name: sitter.ratios for name, sitter in sitters.items() if "high" not in name})

# %%
ratio = np.median(sitters["0.1: good"].ratios)
assert 1e-4 < ratio < 1e-1
print(sitters["0.1: good"].report())

# %% [markdown]
# What is inside the layers, after a backward pass, in one call:

# %%
inside = nn.Sequential(nn.Linear(64, 64, rng=0), nn.Tanh(), nn.Linear(64, 64, rng=1), nn.Tanh(), nn.Linear(64, 10, rng=2))
loss = F.cross_entropy(inside(Tensor(x_train[:200], requires_grad=False)), y_train[:200])
loss.backward()
viz.plots.layer_histograms(loss)

# %% [markdown]
# `nn.train.fit(…, report="out/run")` writes all of this to one page while the run lasts.
#
# ## The learning-rate finder
#
# Let the rate grow with every batch, and take one from where the loss falls most steeply.

# %%
probe = network(2)
optimizer = nn.optim.SGD(probe.named_parameters(), lr=1e-4)
rates, losses = [], []
for x, y in (pair for _ in range(4) for pair in nn.data.DataLoader((x_train, y_train), 64, shuffle=True, generator=0)):
    loss = F.cross_entropy(probe(Tensor(x, requires_grad=False)), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    rates.append(optimizer.param_groups[0]["lr"])
    losses.append(loss.item())
    optimizer.param_groups[0]["lr"] *= 1.14
axes = viz.plots.learning_rates(rates, losses)
assert 1e-2 < axes.suggested < 5
axes

# %% [markdown]
# ## Hyper-parameters: random, log-uniform, coarse to fine
#
# Random points beat a grid: of nine trials a 3 × 3 grid tries three values of what matters, random search nine. Rates are drawn
# log-uniformly. First a few epochs over a wide range, then longer over a narrow one. A best value at the edge is a warning.

# %%
grid_values = {lr for lr in (1e-4, 1e-3, 1e-2) for _ in range(3)}
assert len(grid_values) == 3

sub_x, sub_y = x_train[:500], y_train[:500]


def objective(params, epochs=3):
    model = network(3)
    optimizer = nn.optim.SGD(model.named_parameters(), lr=params["lr"], momentum=0.9, weight_decay=params["decay"])
    nn.train.fit(model, (sub_x, sub_y), F.cross_entropy, optimizer, epochs=epochs, seed=0, progress=False)
    return nn.train.evaluate(model, (x_held, y_held), F.cross_entropy, "accuracy")["accuracy"]


coarse = optimize(objective, {"lr": log_uniform(1e-4, 1.0), "decay": log_uniform(1e-6, 1e-1)}, 14, sampler="random",
                  direction="maximize", seed=1, workers=0, progress=False)
fine = optimize(lambda params: objective(params, 6), coarse.narrowed(), 6, sampler="random", direction="maximize", seed=1,
                workers=0, progress=False)
print(coarse)
print("fine:", {name: f"{value:.2g}" for name, value in fine.params.items()}, f"accuracy {fine.best['value']:.1%}")
assert fine.best["value"] >= coarse.best["value"] > 0.7
viz.plots.search_scatter(coarse, "lr", "decay")

# %%
viz.plots.parallel_coordinates(coarse)

# %% [markdown]
# **Cross-validation**: k folds, each the held-out one once.

# %%
accuracies = []
for fold, (train, rest) in enumerate(nn.data.k_fold(sub_y, 5, 0)):
    assert not set(train) & set(rest) and len(train) + len(rest) == 500
    model = network(fold)
    nn.train.fit(model, (sub_x[train], sub_y[train]), F.cross_entropy, nn.optim.Adam(model.named_parameters(), lr=0.01), epochs=6,
                 seed=0, progress=False)
    accuracies.append(nn.train.accuracy(nn.train.predict(model, sub_x[rest]), sub_y[rest]))
print(f"{np.mean(accuracies):.1%} ± {np.std(accuracies):.1%} over 5 folds")
assert np.mean(accuracies) > 0.8

# %% [markdown]
# ## The gradient check
#
# A gradient written by hand is compared with differences of the function before it is used. Here softmax loss; and the same with
# a classic mistake, the division by N forgotten.

# %%
points, classes = np.random.default_rng(0).normal(size=(4, 3)), np.array([0, 2, 1, 0])


def softmax_loss(weights):
    return F.cross_entropy(Tensor(points) @ weights, classes)


def by_hand(weights, forgotten=1.0):
    s = points @ weights
    p = np.exp(s) / np.exp(s).sum(1, keepdims=True)
    p[np.arange(4), classes] -= 1
    return points.T @ p / 4 * forgotten


W = np.random.default_rng(1).normal(size=(3, 3))
right = check_gradients(softmax_loss, W, gradient=by_hand)
wrong = check_gradients(softmax_loss, W, gradient=lambda w: by_hand(w, 4.0))
assert right and not wrong
print(wrong.worst.note)
viz.plots.gradient_check(wrong)

# %% [markdown]
# ## Exercises
#
# **1.** What should the first loss of a softmax classifier for 100 classes be?

# %%
answer = None
check(answer, lambda: np.log(100))

# %% [markdown]
# **2.** He's standard deviation for a layer with 128 inputs?

# %%
answer = None
check(answer, lambda: (2 / 128) ** 0.5)

# %% [markdown]
# **3.** Batch norm (γ = 1, β = 0, ε = 0) of the batch (2, 4, 6): the three results?

# %%
answer = None
check(answer, lambda: tuple(F.batch_norm(Tensor([[2.0], [4.0], [6.0]]), training=True, eps=0.0).data[:, 0].tolist()))

# %% [markdown]
# <details><summary>Hints</summary>
#
# 1. log C. 2. √(2/n). 3. Mean 4, variance 8/3.
# </details>
