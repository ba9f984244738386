# %% [markdown]
# # 6 · Derivatives and gradient descent
#
# > **Summary.** A derivative says how much the output changes when the input changes by a little, and the vector of the partial
# > derivatives towards several variables is the gradient. Small steps against the gradient make the function smaller (gradient
# > descent). With a learning rate that is too small this is slow, with one that is too large it runs past the minimum and diverges.
# > The gradient may be taken of all examples (batch), of one (stochastic) or of some (mini-batch). At the end the optimisers,
# > momentum, AdaGrad, RMSprop, Adam and others, draw their ways down the same surface.
#
# From the difference quotient to the optimisers, on surfaces that can be seen.

# %%
from math import ceil

import numpy as np
from matplotlib.figure import Figure

import nn
import viz
from autograd import Tensor, Value, check_gradients, exp, grad, gradient, sin
from chainrule.exercises import check, circuit, code, hint, solution

# %% [markdown]
# ## The derivative
#
# The difference quotient (f(x + h) − f(x)) / h is the slope of a chord. For smaller and smaller h it becomes the slope of the
# **tangent**, the derivative. For f(x) = x² at 3 the quotient is 6 + h, and the derivative 6.

# %%


def f(x):
    return x**2


for h in (1.0, 0.1, 1e-3, 1e-8, 1e-13):
    print(f"h = {h:g}: {(f(3 + h) - f(3)) / h:.9f}")

at = np.linspace(1, 6, 51)
slopes = {"chord, h = 2": 8, "chord, h = 1": 7, "tangent": grad(f)(3.0)}
lines = {"f(x) = x²": at**2, **{f"{name}: slope {k:g}": 9 + k * (at - 3) for name, k in slopes.items()}}
axes = viz.plots.curves({"epoch": at.tolist(), **{k: v.tolist() for k, v in lines.items()}}, list(lines))
axes.plot([3, 4, 5], [9, 16, 25], "ko", markersize=4)
_ = axes.set(xlabel="x", ylabel="")
axes

# %% tags=["proof"]
assert grad(f)(3.0) == 6.0
assert abs((f(3 + 0.1) - f(3)) / 0.1 - 6.1) < 1e-9
assert abs((f(3 + 1e-8) - f(3)) / 1e-8 - 6) < 1e-6 < abs((f(3 + 1e-13) - f(3)) / 1e-13 - 6)

# %% [markdown]
# On a computer h must not be too small, or the digits of f cancel: see the last line printed. Backpropagation needs no h.
#
# `check_gradients` takes the quotients with care, and gives them an error bar; its picture is a V. On the right the step is too
# long for the curve, on the left too short for the digits.

# %%
report = check_gradients(lambda x: exp(sin(x)), 1.3)
viz.plots.gradient_check(report)

# %% tags=["proof"]
assert report.verdict == "OK" and abs(report.worst.analytic - np.cos(1.3) * np.exp(np.sin(1.3))) < 1e-15

# %% [markdown]
# At a minimum the derivative is 0: (x − 2)² + 1 has it at x = 2, and the tangent there is flat. Where it is 0 there need be no
# minimum: x³ at 0 goes on rising.

# %%
figure = Figure(figsize=(8.6, 3), layout="constrained")
panels = viz.plots.Panels(figure.subplots(1, 2))
for panel, curve, x0, title in ((panels[0], lambda x: (x - 2) ** 2 + 1, 2.0, "(x − 2)² + 1: the minimum"),
                                (panels[1], lambda x: x**3, 0.0, "x³: no minimum")):
    around = np.linspace(x0 - 1.5, x0 + 1.5, 61)
    panel.plot(around, curve(around), color=viz.plots.SERIES[0])
    for place in (x0 - 1, x0, x0 + 1):
        slope = grad(curve)(place)
        ends = [curve(place) - 0.4 * slope, curve(place) + 0.4 * slope]
        panel.plot([place - 0.4, place + 0.4], ends, color=viz.plots.SERIES[1])
        panel.annotate(f"slope {slope:g}".replace("-", "−"), (place, curve(place)), (8, 6 if slope <= 0 else -14),
                       textcoords="offset points", fontsize=9)
    panel.set_title(title)
panels

# %%

# %% tags=["proof"]
assert grad(lambda x: (x - 2) ** 2 + 1)(2.0) == 0.0 and grad(lambda x: x**3)(0.0) == 0.0

# %% [markdown]
# ## Several variables: the gradient
#
# One partial derivative for each variable, as if the others stood still. Of x₁² + x₂² at (3, 4) it is (6, 8): the large red arrow,
# at a quarter of its length. It points where the function grows fastest, so −gradient points downhill, as the small arrows do
# everywhere: at (1, −1) it is (−2, 2), the green arrow.

# %%


def bowl(x1, x2):
    return x1**2 + x2**2


x1, x2 = Value(3.0, "x₁"), Value(4.0, "x₂")
print("gradient at (3, 4):", gradient(bowl(x1, x2), [x1, x2]))
print("−gradient at (1, −1):", [-g for g in grad(bowl, (0, 1))(1.0, -1.0)])
axes = viz.plots.gradient_field(bowl, -4, 6, 11)
for place, arrow, colour in (((3, 4), (6, 8), viz.plots.GRADIENT), ((1, -1), (-2, 2), viz.plots.VALUE)):
    end = (place[0] + arrow[0] / 4, place[1] + arrow[1] / 4)
    axes.annotate("", end, place, arrowprops={"color": colour, "width": 2, "headwidth": 8})
    axes.annotate(f"({arrow[0]}, {arrow[1]})".replace("-", "−"), place, (6, -10), textcoords="offset points", color=colour,
                  weight="bold", bbox={"facecolor": "white", "edgecolor": "none", "pad": 1})
_ = axes.set(xlabel="x₁", ylabel="x₂")
axes

# %% [markdown]
# The same point as a circuit. Update moves x₁ and x₂ against their gradients: see how quickly the bowl's bottom is reached, and
# what a rate of 1 does.

# %%
viz.stepper(bowl(x1, x2), title="x₁² + x₂² at (3, 4): press Update")

# %% tags=["proof"]
assert gradient(bowl(x1, x2), [x1, x2]) == [6.0, 8.0]
assert [-g for g in grad(bowl, (0, 1))(1.0, -1.0)] == [-2.0, 2.0]

# %% [markdown]
# ## Gradient descent in four steps
#
# 1. Start somewhere.
# 2. Compute the gradient.
# 3. Move against it, by the learning rate times the gradient.
# 4. Repeat until the gradient is small enough, or the patience is at an end.

# %%


def descend(f, start, lr, tolerance=1e-6, most=1000):
    """Where gradient descent ends, and after how many steps."""
    point = list(start)
    for steps in range(most):
        slope = grad(f, (0, 1))(*point)
        if max(abs(g) for g in slope) < tolerance:  # the stop condition
            break
        point = [x - lr * g for x, g in zip(point, slope)]
    return point, steps


(end1, end2), steps = descend(bowl, (3.0, 4.0), 0.1)
print(f"from (3, 4) to ({end1:.1e}, {end2:.1e}) in {steps} steps")

# %% tags=["proof"]
assert abs(end1) < 1e-6 and abs(end2) < 1e-6 and 60 < steps < 90

# %% [markdown]
# ## The learning rate
#
# On this valley (steep across, flat along) a rate can be too small (it hardly moves), good, or too large (it overshoots from
# side to side, and at last diverges). The limit is 2 ÷ the steepest curvature: here 2 ÷ 2 = 1.

# %%


def valley(x1, x2):
    return x1**2 / 4 + x2**2


def sgd(lr, **options):
    return lambda params: nn.optim.SGD(params, lr=lr, **options)


rates = {"too small": 0.02, "good": 0.6, "overshoots": 0.95, "diverges": 1.05}
figure = Figure(figsize=(9.2, 2.8), layout="constrained")
panels = viz.plots.Panels(figure.subplots(1, 4, sharey=True))
for panel, (name, lr) in zip(panels, rates.items()):
    viz.plots.descent(valley, (-5.0, 1.5), {name: sgd(lr)}, 12, bounds=((-6, 2), (-4, 4)), ax=panel)
    panel.set_title(f"{lr}: {name}")
    panel.get_legend().remove()
    path = panel.paths[name]
    print(f"{lr:<4}  {name:10}  f from {valley(*path[0]):.2f} to {valley(*path[-1]):.2g} in 12 steps")
panels

# %% [markdown]
# ## All examples, one, or some
#
# A line through 128 points. The **batch** gradient is the mean over all of them: a smooth path. One example at a time
# (**stochastic**) is noisy and cheap. A **mini-batch** (usually of 32 to 128 examples) lies between. An **epoch** is once through
# all data: ceil(N / batch size) iterations, the last batch perhaps smaller. Each path below is of 4 epochs.

# %%
rng = np.random.default_rng(0)
inputs = rng.uniform(-1, 1, 128)
targets = 1.5 * inputs - 0.5 + 0.3 * rng.normal(size=128)


def mean_loss(w1, w2, x, t):
    return ((w1 * x + w2 - t) ** 2).mean()


def line_path(size, lr, epochs):
    """The way of slope w₁ and intercept w₂, from (−1, 1)."""
    w = Tensor([-1.0, 1.0], "w")
    points = [w.data.copy()]
    loader = nn.data.DataLoader((inputs, targets), size, shuffle=True, generator=1)
    for _ in range(epochs):
        for x, t in loader:
            w.data = w.data - lr * gradient(mean_loss(w[0], w[1], x, t), w)
            points.append(w.data.copy())
    return np.array(points)


def surface(w1, w2):
    return sum((w1 * x + w2 - t) ** 2 for x, t in zip(inputs, targets)) / 128


ways = {"batch: all 128": line_path(128, 0.3, 4), "mini-batches of 32": line_path(32, 0.3, 4),
        "stochastic: 1": line_path(1, 0.05, 4)}
figure = Figure(figsize=(9.2, 3.2), layout="constrained")
panels = viz.plots.Panels(figure.subplots(1, 3, sharey=True))
for panel, (name, points) in zip(panels, ways.items()):
    viz.plots.descent(surface, (-1.0, 1.0), {name: points}, bounds=((-1.4, 2.2), (-1.6, 1.2)), ax=panel)
    panel.set(title=f"{name}, {len(points) - 1} updates", xlabel="w₁: slope", ylabel="w₂: intercept")
    panel.get_legend().remove()
    print(f"{name:18}  {len(points) - 1:3} updates, loss {surface(*points[-1]):.3f}")
panels

# %% tags=["proof"]
assert [ceil(128 / size) for size in (128, 32, 1)] == [1, 4, 128] and ceil(100 / 32) == 4
assert [len(y) for _, y in nn.data.DataLoader((inputs[:100], targets[:100]), 32)] == [32, 32, 32, 4]  # the last is kept
assert [len(points) - 1 for points in ways.values()] == [4, 16, 512]
assert surface(*ways["batch: all 128"][-1]) > surface(*ways["mini-batches of 32"][-1])

# %% [markdown]
# In the same 4 epochs the batch way makes 4 updates and is far off; mini-batches make 16 and have nearly arrived; one example at a
# time makes 512, and dances around the minimum.
#
# The last batch of an epoch is smaller where the batches do not come out even, but it counts: the iterations are rounded up.

# %%
sizes = [len(y) for _, y in nn.data.DataLoader((inputs[:100], targets[:100]), 32)]
print("100 examples in batches of 32:", sizes, "so an epoch has ceil(100 / 32) =", len(sizes), "iterations")

# %% [markdown]
# ## The optimisers on one surface
#
# | optimiser | update of w, from its gradient g |
# |---|---|
# | SGD | −lr·g |
# | momentum | v ← μ·v + g; −lr·v: it remembers its direction, like a ball that rolls |
# | Nesterov | −lr·(g + μ·v): looks ahead to where the ball will be |
# | AdaGrad | −lr·g/√(Σ g²): weights that have seen much move little; the sum only grows |
# | RMSprop | −lr·g/√(running mean of g²): forgets the past |
# | AdaDelta | the same, and the rate from the running mean of its own updates |
# | Adam | −lr·m̂/√v̂: momentum and RMSprop, both corrected for their start at 0 |
# | AdamW | Adam, and the weights decay beside, not through the gradient |
# | NAdam | Adam with Nesterov's look ahead |

# %%


def narrow(x1, x2):
    return x1**2 / 20 + x2**2


O = nn.optim
family = {
    "SGD": sgd(0.5), "momentum": sgd(0.1, momentum=0.9), "Nesterov": sgd(0.1, momentum=0.9, nesterov=True),
    "AdaGrad": lambda p: O.Adagrad(p, lr=1.0), "RMSprop": lambda p: O.RMSprop(p, lr=0.2),
    "AdaDelta": lambda p: O.Adadelta(p, lr=20.0),
    "Adam": lambda p: O.Adam(p, lr=0.4), "AdamW": lambda p: O.AdamW(p, lr=0.4, weight_decay=0.1),
    "NAdam": lambda p: O.NAdam(p, lr=0.4),
}
names = list(family)
figure = Figure(figsize=(9.2, 3.8), layout="constrained")
panels = viz.plots.Panels(figure.subplots(1, 3, sharey=True))
for panel, some in zip(panels, (names[:3], names[3:6], names[6:])):
    ways = {name: family[name] for name in some}
    viz.plots.descent(narrow, (-7.0, 2.0), ways, 40, bounds=((-8.0, 2.5), (-2.5, 2.5)), ax=panel)
panels

# %%
paths = viz.plots.descent(narrow, (-7.0, 2.0), family, 150).paths
for name, points in paths.items():
    print(f"{name:9} f = {narrow(*points[40]):.1e} after 40 steps, {narrow(*points[-1]):.1e} after 150")

# %% [markdown]
# **The rules, written out.** Each is a few lines of Python: from the gradient g and what it remembers to the next w. Held against
# `nn.optim` over ten steps with the gradients 1, −0.5, 2, 1, …

# %%
LR, MU, RHO, EPS = 0.1, 0.9, 0.999, 1e-8


def by_sgd(w, g, memory, t):
    return w - LR * g


def by_momentum(w, g, memory, t):
    memory["v"] = MU * memory.get("v", 0.0) + g         # the velocity: old direction and new gradient
    return w - LR * memory["v"]


def by_nesterov(w, g, memory, t):
    memory["v"] = MU * memory.get("v", 0.0) + g
    return w - LR * (g + MU * memory["v"])              # from where the ball will be


def by_adagrad(w, g, memory, t):
    memory["s"] = memory.get("s", 0.0) + g**2           # a sum that only grows
    return w - LR * g / (memory["s"] ** 0.5 + EPS)


def by_rmsprop(w, g, memory, t):
    memory["s"] = MU * memory.get("s", 0.0) + (1 - MU) * g**2  # a mean that forgets
    return w - LR * g / (memory["s"] ** 0.5 + EPS)


def by_adam(w, g, memory, t):
    memory["m"] = MU * memory.get("m", 0.0) + (1 - MU) * g
    memory["s"] = RHO * memory.get("s", 0.0) + (1 - RHO) * g**2
    m, s = memory["m"] / (1 - MU**t), memory["s"] / (1 - RHO**t)  # corrected: both began at 0
    return w - LR * m / (s**0.5 + EPS)


GRADIENTS = [1.0, -0.5, 2.0, 1.0, 0.3, -1.0, 0.5, 0.5, 2.0, -0.1]
rules = {by_sgd: sgd(LR), by_momentum: sgd(LR, momentum=MU), by_nesterov: sgd(LR, momentum=MU, nesterov=True),
         by_adagrad: lambda p: O.Adagrad(p, lr=LR, eps=EPS), by_rmsprop: lambda p: O.RMSprop(p, lr=LR, alpha=MU, eps=EPS),
         by_adam: lambda p: O.Adam(p, lr=LR, betas=(MU, RHO), eps=EPS)}
for rule, make in rules.items():
    w, memory, ours, x = 0.0, {}, [], Tensor([0.0], "x")
    optimizer = make([x])
    for t, g in enumerate(GRADIENTS, 1):
        w = rule(w, g, memory, t)
        x.grad = np.array([g])
        optimizer.step()
    print(f"{rule.__name__:12} by hand {w:.6f}   by nn.optim {x.data[0]:.6f}")

# %% [markdown]
# Two of them in numbers. Momentum after two steps with gradient 1 has moved lr·1 + lr·(0.9 + 1); Adam's first step is lr whatever
# the size of the gradient.

# %%


def moved(make, slopes):
    x = Tensor([0.0], "x")
    optimizer = make([x])
    for slope in slopes:
        x.grad = np.array([slope])
        optimizer.step()
    return float(x.data[0])


print(f"momentum, gradients 1 and 1: {moved(sgd(0.1, momentum=0.9), [1.0, 1.0]):.3f}")
print(f"Adam, gradient 1000: {moved(lambda p: O.Adam(p, lr=0.1), [1000.0]):.3f}")

# %% tags=["proof"]
assert abs(moved(sgd(0.1, momentum=0.9), [1.0, 1.0]) + 0.1 * 1 + 0.1 * 1.9) < 1e-12
assert abs(moved(lambda p: O.Adam(p, lr=0.1), [1000.0]) + 0.1) < 1e-6
assert abs(moved(lambda p: O.Adagrad(p, lr=0.1), [2.0, 2.0]) + 0.1 + 0.1 / 2**0.5) < 1e-6

# %% [markdown]
# ## The rate over time
#
# Constant, in steps, exponential, cosine, 1/t, with a warm-up (here before a cosine), or down when the loss has stopped falling (a
# plateau: here after epoch 20).

# %%


def rates_of(make, epochs=50):
    optimizer = O.SGD([Tensor([0.0])], lr=0.1)
    schedule = make(optimizer)
    rates = []
    for epoch in range(epochs):
        rates.append(optimizer.param_groups[0]["lr"])
        loss = max(1.0 - epoch / 20, 0.0)
        schedule.step(loss) if isinstance(schedule, S.ReduceLROnPlateau) else schedule.step()
    return rates


S = nn.schedule
policies = {
    "constant": rates_of(lambda o: S.ConstantLR(o, factor=1.0)),
    "step": rates_of(lambda o: S.StepLR(o, step_size=15, gamma=0.3)),
    "exponential": rates_of(lambda o: S.ExponentialLR(o, gamma=0.93)),
    "cosine": rates_of(lambda o: S.CosineAnnealingLR(o, T_max=50)),
    "1/t": rates_of(lambda o: S.InverseTimeLR(o, gamma=0.2)),
    "warm-up, then cosine": rates_of(lambda o: S.LinearWarmup(o, 10, after=S.CosineAnnealingLR(o, T_max=40))),
    "on plateau": rates_of(lambda o: S.ReduceLROnPlateau(o, factor=0.5, patience=4)),
}
axes = viz.plots.curves(policies, list(policies))
_ = axes.set(ylabel="learning rate")
axes.legend(frameon=False, fontsize="small", loc="upper left", bbox_to_anchor=(1, 1))
axes

# %% tags=["proof"]
assert abs(policies["step"][15] - 0.03) < 1e-12 and abs(policies["cosine"][25] - 0.05) < 1e-12
assert abs(policies["1/t"][5] - 0.05) < 1e-12 and abs(policies["warm-up, then cosine"][4] - 0.05) < 1e-12
assert policies["on plateau"][20] == 0.1 > policies["on plateau"][27] == 0.05

# %% [markdown]
# ## The loop, and its progress
#
# **Forward, loss, backward, update**, until the stop criterion. Written out:

# %%
flowers = nn.data.load("iris")
inputs, labels = flowers.arrays()
model = nn.Sequential(nn.Linear(4, 16, rng=0), nn.Tanh(), nn.Linear(16, 3, rng=1))
optimizer = O.Adam(model.named_parameters(), lr=0.02)
for epoch in range(100):
    for x, y in nn.data.DataLoader((inputs, labels), 32, shuffle=True, generator=epoch):
        scores = model(x)                                     # forward
        loss = nn.functional.cross_entropy(scores, y)         # the loss
        optimizer.zero_grad()
        loss.backward()                                       # backward
        optimizer.step()                                      # update
    accuracy = nn.train.accuracy(nn.train.predict(model, inputs), labels)
    if accuracy >= 0.97:                                      # the stop criterion
        break
print(f"{accuracy:.1%} right after {epoch + 1} epochs of {ceil(150 / 32)} iterations")

# %% tags=["proof"]
assert accuracy >= 0.97

# %% [markdown]
# `nn.train.fit` is this loop with all that belongs to it. While it runs, a bar shows how far it is, how fast, and what it has
# measured: run the cell to see it.

# %%
model = nn.Sequential(nn.Linear(4, 16, rng=0), nn.Tanh(), nn.Linear(16, 3, rng=1))
history = nn.train.fit(model, flowers, nn.functional.cross_entropy, O.Adam(model.named_parameters(), lr=0.02),
                       epochs=15, batch_size=32, metrics="accuracy", seed=0)
viz.plots.curves(history)

# %% tags=["proof"]
assert len(history.batches) == 15 * ceil(150 / 32) and history["accuracy"][-1] > 0.9

# %% [markdown]
# ## Exercises
#
# `hint("6.1")` gives one hint at a time, `solution("6.1")` the solution; both, and `check`, take `lang="ko"`.
#
# **6.1** The gradient of x₁²·x₂ at (2, 3)?

# %%
answer = None
check("6.1", answer)

# %% [markdown]
# **6.2** From x = 4 down f(x) = x² with rate 0.25: where is x after two steps?

# %%
answer = None
check("6.2", answer)

# %% [markdown]
# **6.3** 1,797 examples, batches of 64, 10 epochs: how many updates?

# %%
answer = None
check("6.3", answer)

# %% [markdown]
# **6.4** From which rate on does gradient descent diverge on f(x) = 3x²? A fraction, or two decimals.

# %%
answer = None
check("6.4", answer)

# %% [markdown]
# **6.5** Fill in the circuit x₁²·x₂ + x₂, with q = x₁·x₁.

# %%
viz.quiz(circuit("6.5"))

# %%
answer = None  # {"q": …, "x1": …, "x2": …}
check("6.5", answer)

# %% [markdown]
# **6.6** Find the bug in this descent.

# %%
code("6.6")

# %%
answer = None  # the number of the line
check("6.6", answer)

# %% [markdown]
# **6.7** Rosenbrock's valley is (1 − x₁)² + 10·(x₂ − x₁²)². Write its backward pass by hand: a function of x₁ and x₂ that
# returns both gradients.

# %%
answer = None  # def answer(x1, x2): … return d1, d2
check("6.7", answer)
