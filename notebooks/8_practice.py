# %% [markdown]
# # 8 · Training, watched and searched
#
# > **Summary.** Before a long run one looks whether the first loss is what chance gives, and whether a few examples can be learned
# > by heart. During the run one watches the loss, the size of the updates, and the gap between training and validation: a rate that
# > is too low, one that is too high, a bad start and overfitting each have their own picture. Hyper-parameters are drawn at random
# > from log-uniform ranges, first coarsely, then finely, and judged by cross-validation. And a gradient written by hand is compared
# > with numeric differences before it is used.
#
# How to look after a run, how to choose its numbers, and how to check a gradient.

# %%
import re
import tempfile
import warnings
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import nn
import viz
from autograd import Tensor, Value, check_gradients, sigmoid
from chainrule.exercises import check, circuit, code, hint, solution
from nn import functional as F
from nn.babysitter import Babysitter, check_initial_loss, check_overfit
from nn.search import CrossValidation, log_uniform, optimize
from nn.testing import assert_gradients, networks

digits, labels = nn.data.load("digits").arrays()
x_train, x_held, y_train, y_held = nn.data.train_test_split(digits / 16, labels, test_size=0.3, rng=0)


def network(seed):
    return nn.Sequential(nn.Linear(64, 64, rng=seed), nn.ReLU(), nn.Linear(64, 10, rng=seed + 100))


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
    report = sitters[name].report()
    problems = map(report.said, report.problems)
    print(f"rate {name:4}  update/weight {np.median(sitters[name].ratios):.0e}  {', '.join(problems) or 'healthy'}")
print("\nrate 1e6 ended:", runs["1e6"].said(runs["1e6"].stopped))
viz.plots.update_ratios({f"rate {name}": sitter.ratios for name, sitter in sitters.items() if name != "1e6"})

# %% tags=["proof"]
assert "learning rate too low" in sitters["1e-5"].report().problems
assert sitters["0.01"].report().healthy and sitters["0.1"].report().healthy
assert "learning rate too high" in sitters["1e6"].report().problems

# %%
sitters["0.1"].report()

# %% [markdown]
# **5.** A loss that is flat for long, and then falls, began at bad weights. Four tanh layers, started from 0.05·randn: at first
# hardly any gradient comes through, and the weights must grow before anything is learned.

# %%
hidden = [part for i in range(4) for part in (nn.Linear(64, 64, rng=i), nn.Tanh())]
slow, slow_sitter = nn.Sequential(*hidden, nn.Linear(64, 10, rng=9)), Babysitter()
for i, layer in enumerate(slow):
    if isinstance(layer, nn.Linear):
        nn.init.normal_(layer.weight, std=0.05, rng=i)
optimizer = nn.optim.SGD(slow.named_parameters(), lr=0.2)
flat = nn.train.fit(slow, (x_train, y_train), F.cross_entropy, optimizer, epochs=12, batch_size=64, seed=0, callbacks=[slow_sitter],
                    progress=False)
print(*str(slow_sitter.report()).splitlines()[:3], sep="\n")
axes = viz.plots.curves({"loss": flat.batches})
_ = axes.set(xlabel="batch")
axes

# %% tags=["proof"]
assert "bad initialisation" in slow_sitter.report().problems

# %% [markdown]
# **6.** The gap. The same network on 60 examples learns them by heart, and is much worse on all others:

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
print("right:", right.verdict, "  wrong:", wrong.verdict, "–", wrong.said(wrong.worst.note))
viz.plots.gradient_check(wrong)

# %% tags=["proof"]
assert right and not wrong

# %% [markdown]
# A right gradient makes a V here (chapter 6): the quotients fall towards it as the step gets smaller. From a wrong one they stay
# as far as they are, whatever the step.
#
# The gated layer of the next cell, on single numbers, to look into before it is checked. x has two paths: straight on, and through
# the gate.

# %%
x, w, b = Value(0.8, "x"), Value(-1.5, "w"), Value(0.5, "b")
viz.stepper(x * sigmoid(w * x + b), title="A gated layer: x·σ(w·x + b)", parameters=["w", "b"])

# %% [markdown]
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
# `hint("8.1")` gives one hint at a time, `solution("8.1")` the solution; both, and `check`, take `lang="ko"`.
#
# **8.1** A learning rate is drawn log-uniformly between 1e-5 and 1e-1. How likely is one between 1e-3 and 1e-2?

# %%
answer = None
check("8.1", answer)

# %% [markdown]
# **8.2** Twelve settings are judged by cross-validation with 5 folds, each for 10 epochs. How many trainings are that?

# %%
answer = None
check("8.2", answer)

# %% [markdown]
# **8.3** The weights of a layer have the length 20, and one update the length 0.4. How many times as large as the rule of thumb of
# 0.001 is this ratio?

# %%
answer = None
check("8.3", answer)

# %% [markdown]
# **8.4** Fill in the circuit: the gated layer of above with a ReLU in place of the sigmoid, x·relu(w·x + b), with g = relu(w·x +
# b).

# %%
viz.quiz(circuit("8.4"))

# %%
answer = None  # {"g": …, "w": …, "b": …, "x": …}
check("8.4", answer)

# %% [markdown]
# **8.5** Find the bug in this numeric derivative.

# %%
code("8.5")

# %%
answer = None  # the number of the line
check("8.5", answer)

# %% [markdown]
# **8.6** Write the backward pass of the gated layer x·σ(w·x + b) for single numbers by hand: a function of x, w and b that returns
# their gradients.

# %%
answer = None  # def answer(x, w, b): … return dx, dw, db
check("8.6", answer)
