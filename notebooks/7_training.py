# %% [markdown]
# # 7 · Training in practice
#
# > **요약.** 좋은 학습은 준비에서 시작된다. 입력은 훈련 데이터만으로 구한 평균과 표준편차로 표준화하고, 가중치는 활성화
# > 함수에 맞게 초기화한다(tanh에는 Xavier, ReLU에는 He). 배치 정규화는 각 층의 분포를 고르게 하고, 드롭아웃과 데이터 증강,
# > 앙상블, 조기 종료는 과적합을 줄인다. 학습을 시작하기 전에는 초기 손실이 우연의 수준인지, 작은 데이터는 외울 수 있는지
# > 확인한다. 하이퍼파라미터는 로그 균등 분포에서 무작위로 찾고, 성긴 탐색에서 촘촘한 탐색으로 좁혀 간다. 손으로 쓴 기울기는
# > 반드시 수치 미분과 비교한다.
#
# What stands between a right gradient and a network that learns.

# %%
import re
import tempfile
import warnings
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import nn
import viz
from autograd import Tensor, check_gradients, gradient, sigmoid
from chainrule.exercises import check, circuit, code, hint, solution
from nn import functional as F
from nn.babysitter import Babysitter, check_initial_loss, check_overfit
from nn.search import CrossValidation, log_uniform, optimize
from nn.testing import assert_gradients, networks

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
figure = Figure(figsize=(11, 2.9), layout="constrained")
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
viz.draw(viz.zoom(F.batch_norm(pair, training=True), entry=(0, 0)), collapse=["mean", "deviation"],
         title="one number of batch norm, opened")

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

images = x_train[:6].reshape(6, 1, 8, 8)
shifted = nn.data.Augment(shift=1, rotate=15)(images, np.random.default_rng(0))  # the same digits, never quite
viz.plots.activation_maps(np.concatenate([images, shifted])[:, 0], columns=6)

# %% tags=["proof"]
assert set(np.round(dropped, 9)) == {0.0, round(1 / 0.7, 9)} and abs(dropped.mean() - 1) < 0.02
assert F.dropout(many, 0.3, training=False) is many

# %% [markdown]
# A network with room to overfit, on 150 examples: **early stopping** ends training when the held-out data have not improved for 8
# epochs, and goes back to the weights of the best one. The distance between the curves is the train/validation gap.

# %%


def network(seed, *extra):
    return nn.Sequential(nn.Linear(64, 64, rng=seed), nn.ReLU(), *extra, nn.Linear(64, 10, rng=seed + 100))


few = (x_train[:150], y_train[:150])
members, histories = [], []
for seed in range(5):
    member = network(seed)
    optimizer = nn.optim.Adam(member.named_parameters(), lr=0.01)
    histories.append(nn.train.fit(member, few, F.cross_entropy, optimizer, epochs=60, patience=8,
                                  validation=(x_held, y_held), metrics="accuracy", seed=seed, progress=False))
    members.append(member)
print(histories[0].stopped)
viz.plots.curves(histories[0])

# %% tags=["proof"]
assert len(histories[0]) < 60 and histories[0].best["validation loss"] == min(histories[0]["validation loss"])

# %% [markdown]
# An **ensemble**: the mean of the probabilities that five networks give, started from five seeds.

# %%
scores = [nn.train.predict(member, x_held) for member in members]
alone = [nn.train.accuracy(s, y_held) for s in scores]
probabilities = sum(np.exp(s) / np.exp(s).sum(1, keepdims=True) for s in scores) / 5
together = nn.train.accuracy(probabilities, y_held)
print("alone:", [f"{a:.1%}" for a in alone], " ensemble:", f"{together:.1%}")

# %% tags=["proof"]
assert together >= np.mean(alone)

# %% [markdown]
# ## Babysitting
#
# Before the long run. **1.** The first loss is what chance gives: log 10 = 2.30 for ten classes. **2.** It rises with
# regularisation. **3.** Twenty examples can be learned by heart.

# %%
model = network(0)
first = F.cross_entropy(model(x_train), y_train).item()
penalty = lambda m: 0.001 * nn.l2_penalty(m.parameters())
print(f"first loss {first:.2f}, with λ·R(W) {first + penalty(model).item():.2f}")
print(check_initial_loss(model, (x_train, y_train), F.cross_entropy, penalty=penalty))
small = check_overfit(model, (x_train, y_train), F.cross_entropy)
print(small)

# %% tags=["proof"]
assert abs(first - np.log(10)) < 0.1
assert small.healthy

# %% [markdown]
# **4.** The babysitter watches the run: a rate too low (the loss hardly moves), two good ones, one too high (the loss shoots up).
# At NaN or inf the loop is left, and the operation that made it is named. One update should move the weights by about a thousandth
# of their length, a hundredth at most.

# %%
runs, sitters = {}, {}
for name, lr in (("1e-5", 1e-5), ("0.01", 0.01), ("0.1", 0.1), ("1e6", 1e6)):
    model, sitters[name] = network(1), Babysitter(every=5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of the numbers that run away
        runs[name] = nn.train.fit(model, (x_train, y_train), F.cross_entropy,
                                  nn.optim.SGD(model.named_parameters(), lr=lr), epochs=4, seed=0,
                                  callbacks=[sitters[name]], progress=False)
    problems = sitters[name].report().problems
    print(f"rate {name:4}  update/weight {np.median(sitters[name].ratios):.0e}  {', '.join(problems) or 'healthy'}")
print("\nrate 1e6 ended:", runs["1e6"].stopped)
viz.plots.update_ratios({f"rate {name}": sitter.ratios for name, sitter in sitters.items() if name != "1e6"})

# %% tags=["proof"]
assert "learning rate too low" in sitters["1e-5"].report().problems
assert sitters["0.01"].report().healthy and sitters["0.1"].report().healthy
assert "learning rate too high" in sitters["1e6"].report().problems

# %%
sitters["0.1"].report()

# %% [markdown]
# **5.** The gap. The same network on 60 examples learns them by heart, and is much worse on all others:

# %%
model, sitter = network(0), Babysitter(every=5)
few = (x_train[:60], y_train[:60])
told = nn.train.fit(model, few, F.cross_entropy, nn.optim.Adam(model.named_parameters(), lr=0.01), epochs=60, seed=0,
                    validation=(x_held, y_held), metrics="accuracy", callbacks=[sitter], progress=False)
print(f"accuracy {told['accuracy'][-1]:.0%} on what it was trained on, {told['validation accuracy'][-1]:.0%} on the rest")
print(*(line for line in str(sitter.report()).splitlines() if "overfit" in line), sep="\n")

# %% tags=["proof"]
assert "overfitting" in sitter.report().problems

# %% [markdown]
# What is inside the layers, after a backward pass, in one call:

# %%
inside = nn.Sequential(nn.Linear(64, 64, rng=0), nn.Tanh(), nn.Linear(64, 64, rng=1), nn.Tanh(),
                       nn.Linear(64, 10, rng=2))
loss = F.cross_entropy(inside(x_train[:200]), y_train[:200])
loss.backward()
viz.plots.layer_histograms(loss)

# %% [markdown]
# `fit(…, callbacks=[viz.report("out/run")])` writes all of this to one page, kept up to date while the run lasts. It shows:

# %%
with tempfile.TemporaryDirectory() as folder:
    model = network(1)
    nn.train.fit(model, (x_train, y_train), F.cross_entropy, nn.optim.SGD(model.named_parameters(), lr=0.1), epochs=3,
                 validation=(x_held, y_held), metrics="accuracy", seed=0, progress=False,
                 callbacks=[viz.report(f"{folder}/digits.html")])
    page = (Path(folder) / "digits.html").read_text(encoding="utf-8")
print(*re.findall(r"<h[12][^>]*>(.*?)</h[12]>", page), sep=" · ")

# %% tags=["proof"]
assert page.count("<svg") >= 4 and "http-equiv" not in page  # it has pictures, and waits for no more

# %% [markdown]
# ## The learning-rate finder
#
# Let the rate grow with every batch, and take one from where the loss falls most steeply.

# %%
probe = network(2)
optimizer = nn.optim.SGD(probe.named_parameters(), lr=1e-4)
rates, losses = [], []
loader = nn.data.DataLoader((x_train, y_train), 64, shuffle=True, generator=0)
for _ in range(4):
    for x, y in loader:
        loss = F.cross_entropy(probe(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        rates.append(optimizer.param_groups[0]["lr"])
        losses.append(loss.item())
        optimizer.param_groups[0]["lr"] *= 1.14
axes = viz.plots.learning_rates(rates, losses)
axes

# %% tags=["proof"]
assert 1e-2 < axes.suggested < 5

# %% [markdown]
# ## Hyper-parameters: random, log-uniform, coarse to fine
#
# Of nine trials a 3 × 3 grid tries three learning rates, random search nine. Where one parameter matters much and the other
# little, nine is better. Rates are drawn log-uniformly: every factor of ten as likely as another.

# %%
rng = np.random.default_rng(0)
exponents = {"grid": np.array([(i, j) for i in (-3.5, -2.0, -0.5) for j in (-5.5, -3.5, -1.5)]),
             "random": rng.uniform([-4, -6], [0, -1], (9, 2))}
figure = Figure(figsize=(7.4, 3), layout="constrained")
panels = viz.plots.Panels(figure.subplots(1, 2, sharex=True, sharey=True))
for panel, (name, points) in zip(panels, exponents.items()):
    different = len(np.unique(points[:, 0]))
    panel.scatter(10 ** points[:, 0], 10 ** points[:, 1], color=viz.plots.SERIES[0])
    panel.scatter(10 ** points[:, 0], np.full(9, 3e-7), marker="|", s=80, color=viz.plots.SERIES[1])
    panel.set(title=f"{name}: {different} learning rates", xscale="log", yscale="log", xlabel="lr", ylabel="decay")
panels

# %% [markdown]
# **Coarse to fine.** First a few epochs over a wide range, then longer over a narrow one around the best.

# %%
sub_x, sub_y = x_train[:500], y_train[:500]


def trained(params, train, rest, epochs):
    """The accuracy on the rest after so many epochs."""
    model = network(3)
    optimizer = nn.optim.SGD(model.named_parameters(), lr=params["lr"], momentum=0.9, weight_decay=params["decay"])
    nn.train.fit(model, train, F.cross_entropy, optimizer, epochs=epochs, seed=0, progress=False)
    return nn.train.evaluate(model, rest, F.cross_entropy, "accuracy")["accuracy"]


def objective(params, epochs=3):
    return trained(params, (sub_x, sub_y), (x_held, y_held), epochs)


how = {"direction": "maximize", "seed": 1, "workers": 0, "progress": False}
space = {"lr": log_uniform(1e-4, 1.0), "decay": log_uniform(1e-6, 1e-1)}
coarse = optimize(objective, space, 14, sampler="random", **how)
fine = optimize(lambda params: objective(params, 6), coarse.narrowed(), 6, sampler="random", **how)
print("fine:", {name: f"{value:.2g}" for name, value in fine.params.items()}, f"accuracy {fine.best['value']:.1%}")
coarse

# %% tags=["proof"]
assert fine.best["value"] >= coarse.best["value"] > 0.7

# %%
viz.plots.search_scatter(coarse, "lr", "decay")

# %%
viz.plots.parallel_coordinates(coarse)

# %% [markdown]
# A best value **at the edge** of the range is a warning: the range was too narrow.

# %%
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    narrow = optimize(lambda params: objective({**params, "decay": 0.0}), {"lr": log_uniform(1e-5, 1e-2)}, None,
                      sampler="grid", points=4, **how)
print(*(warning.message for warning in caught), sep="\n")

# %% tags=["proof"]
assert narrow.at_edge and caught

# %% [markdown]
# **Cross-validation**: the data are cut into k folds, and each is the held-out one once. So a score has a mean and a spread, and no
# test data are used up in the search. (`optimize(CrossValidation(…), …)` searches so.)

# %%
folds = CrossValidation(trained, (sub_x, sub_y), k=5)
accuracies = folds(fine.params, 6)
print("folds:", [f"{a:.1%}" for a in accuracies], f" mean {np.mean(accuracies):.1%} ± {np.std(accuracies):.1%}")

# %% tags=["proof"]
assert len(accuracies) == 5 and np.mean(accuracies) > 0.75

# %% [markdown]
# ## The gradient check
#
# A gradient written by hand is compared with differences of the function before it is used. Here that of the softmax loss; and
# the same with a classic mistake, the division by N forgotten.

# %%
rng = np.random.default_rng(0)
points, classes = rng.normal(size=(4, 3)), np.array([0, 2, 1, 0])


def softmax_loss(weights):
    return F.cross_entropy(Tensor(points) @ weights, classes)


def by_hand(weights, forgotten=1.0):
    s = points @ weights
    p = np.exp(s) / np.exp(s).sum(1, keepdims=True)
    p[np.arange(4), classes] -= 1
    return points.T @ p / 4 * forgotten


W = rng.normal(size=(3, 3))
right = check_gradients(softmax_loss, W, gradient=by_hand)
wrong = check_gradients(softmax_loss, W, gradient=lambda w: by_hand(w, 4.0))
print("right:", right.verdict, "  wrong:", wrong.verdict, "–", wrong.worst.note)
viz.plots.gradient_check(wrong)

# %% tags=["proof"]
assert right and not wrong

# %% [markdown]
# A right gradient makes a V here (chapter 6): the quotients fall towards it as the step gets smaller. From a wrong one they stay
# as far as they are, whatever the step.
#
# **A layer of your own** is checked towards its input and all its parameters. Hypothesis (`pip install hypothesis`) draws whole
# networks to try. (In a test file of yours these are tests; `from autograd.testing import gradients` gives pytest a fixture.)

# %%
from hypothesis import given, settings


class Gated(nn.Module):
    """x · σ(w·x + b), entry by entry."""

    def __init__(self, size, rng):
        self.w, self.b = Tensor(rng.normal(size=size), "w"), Tensor(np.zeros(size), "b")

    def forward(self, x):
        return x * sigmoid(self.w * x + self.b)


assert_gradients(Gated(3, rng), rng.normal(size=(4, 3)), order=2)


@given(networks(layers=1, width=2, kinds=["vector"]))
@settings(max_examples=4, derandomize=True, database=None, deadline=None)
def any_network(network):
    assert_gradients(network, *network.point)


any_network()
print("all right")

# %% [markdown]
# ## Exercises
#
# `hint("7.1")` gives one hint at a time, `solution("7.1")` the solution; both, and `check`, take `lang="ko"`.
#
# **7.1** What should the first loss of a softmax classifier for 100 classes be? Two decimals.
#
# > 클래스가 100개인 소프트맥스 분류기의 첫 손실은 얼마여야 합니까? 소수 둘째 자리까지.

# %%
answer = None
check("7.1", answer)

# %% [markdown]
# **7.2** He's standard deviation for a layer with 128 inputs?
#
# > 입력이 128개인 층에서 He 초기화의 표준편차는?

# %%
answer = None
check("7.2", answer)

# %% [markdown]
# **7.3** Batch norm (γ = 1, β = 0, ε = 0) of the batch (2, 4, 6): the three results? Two decimals.
#
# > 배치 (2, 4, 6)의 배치 정규화(γ = 1, β = 0, ε = 0) 결과 셋은? 소수 둘째 자리까지.

# %%
answer = None
check("7.3", answer)

# %% [markdown]
# **7.4** Fill in the circuit: h = relu(w·x) goes through inverted dropout (p = ½; this unit is kept, so ×2) to v, plus the
# penalty ½·w².
#
# > 회로를 채우세요. h = relu(w·x)가 역드롭아웃(p = ½, 이 노드는 남아 ×2)을 거쳐 v에
# > 곱해지고, 규제 항 ½·w²가 더해집니다.

# %%
viz.draw(circuit("7.4"))

# %%
answer = None  # {"v": …, "h": …, "w": …, "x": …}
check("7.4", answer)

# %% [markdown]
# **7.5** Find the bug in this preprocessing.
#
# > 이 전처리에서 버그를 찾으세요.

# %%
code("7.5")

# %%
answer = None  # the number of the line
check("7.5", answer)

# %% [markdown]
# **7.6** Batch norm takes the mean away first: y_i = x_i − mean. Write the backward pass for a batch of three by hand: a
# function of x₁, x₂, x₃ and the upstream gradients g₁, g₂, g₃ that returns the gradients of the x.
#
# > 배치 정규화는 먼저 평균을 뺍니다: y_i = x_i − 평균. 세 개짜리 배치의 역전파를 직접 쓰세요. x₁,
# > x₂, x₃과 상류 기울기 g₁, g₂, g₃를 받아 x의 기울기를 돌려줍니다.

# %%
answer = None  # def answer(x1, x2, x3, g1, g2, g3): … return d1, d2, d3
check("7.6", answer)
