# %% [markdown]
# # 4 · Activation functions
#
# > **Summary.** An activation function puts a bend between two layers. Sigmoid and tanh have gradients of nearly 0 where their
# > input is large or small (they saturate), and the layers before do not learn. The outputs of a sigmoid are all positive, so the
# > gradients of a neuron's weights have one sign, and the way down is a zig-zag. ReLU does not saturate for positive inputs, but a
# > ReLU that puts out 0 for every input never comes back (a dead ReLU). Leaky ReLU, PReLU, ELU and Maxout soften this. Softmax
# > turns scores into probabilities whose sum is 1. At the end you make an activation function of your own, and check its
# > derivative.
#
# Between two linear layers stands a function that bends. This chapter draws each one with its derivative, the very rule that
# runs in backpropagation, and shows in numbers what can go wrong.

# %%
import numpy as np
from matplotlib.figure import Figure

import nn
import viz
from autograd import (
    Tensor, Value, elu, explain, formulas, gradient, identity, leaky_relu, maximum, op, relu, sigmoid, softmax,
    softplus, tanh,
)
from autograd.operation import rows
from autograd.testing import assert_gradients, programs, values
from chainrule.exercises import check, circuit, code, hint, solution

# %% [markdown]
# ## The functions, their derivatives, their ranges


# %%


def maxout(x):
    return maximum(maximum(-0.5 * x - 1, 0.2 * x), 1.5 * x - 2)


functions = {name: (name, {}) for name in ("step", "identity", "sigmoid", "tanh", "relu", "elu", "softplus")}
functions |= {"leaky relu, 0.01": ("leaky_relu", {"slope": 0.01}), "leaky relu, 0.1": ("leaky_relu", {"slope": 0.1}),
              "elu, α = 2": ("elu", {"alpha": 2.0}), "maxout of three": (maxout, {})}
figure = Figure(figsize=(9.2, 6.6), layout="constrained")
panels = viz.plots.Panels(figure.subplots(3, 4).flat)
for panel, (name, (function, options)) in zip(panels, functions.items()):
    viz.plots.activation(function, ax=panel, **options)
    panel.set_title(name)
panels[-1].set_axis_off()
panels

# %% [markdown]
# | function | f(x) | derivative | range | zero-centred | saturates | can die |
# |---|---|---|---|---|---|---|
# | step | 1 if x > 0, else 0 | 0 | 0 or 1 | no | everywhere | – |
# | identity | x | 1 | (−∞, ∞) | yes | no | no |
# | sigmoid | 1 / (1 + e⁻ˣ) | (1 − f)·f | (0, 1) | no | both sides | no |
# | tanh | (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ) | 1 − f² | (−1, 1) | yes | both sides | no |
# | ReLU | max(0, x) | 1 if x > 0, else 0 | [0, ∞) | no | x < 0 | yes |
# | Leaky ReLU | x, or 0.01·x below 0 | 1, or 0.01 below 0 | (−∞, ∞) | nearly | no | no |
# | PReLU | x, or a·x below 0, a learned | 1, or a below 0 | (−∞, ∞) | nearly | no | no |
# | ELU | x, or α·(eˣ − 1) below 0 | 1, or f + α below 0 | (−α, ∞) | nearly | x ≪ 0 | no |
# | softplus | log(1 + eˣ) | sigmoid(x) | (0, ∞) | no | x ≪ 0 | no |
# | Maxout | max(w₁·x + b₁, w₂·x + b₂, …) | the weight of the largest | as the weights say | – | no | no |
# | softmax | e^(x_i) / Σ e^(x_j) | f_i·(1 − f_i), −f_i·f_j | (0, 1), sum 1 | no | one score far ahead | no |
#
# The table, held against the functions themselves: each derivative is what `gradient` gives, each range is measured between
# −50 and 50, a function saturates where its slope is below 10⁻⁶, and can die where it is exactly 0 at every negative input.

# %%


def slope(function, at, **options):
    x = Value(at)
    return gradient(function(x, **options), x)


table = {  # the derivative, flat on the left, flat on the right, dies
    identity: (lambda x, f: 1.0, False, False, False),
    sigmoid: (lambda x, f: (1 - f) * f, True, True, False),
    tanh: (lambda x, f: 1 - f**2, True, True, False),
    relu: (lambda x, f: float(x > 0), True, False, True),
    leaky_relu: (lambda x, f: 1.0 if x > 0 else 0.01, False, False, False),
    elu: (lambda x, f: 1.0 if x > 0 else f + 1.0, True, False, False),
    softplus: (lambda x, f: sigmoid(x), True, False, False),
}
print("            lowest  highest  flat: left  right  dies   derivative as in the table")
for function, (derivative, *properties) in table.items():
    agrees = all(abs(slope(function, at) - derivative(at, function(at))) < 1e-15 for at in (-2.0, -0.5, 0.5, 2.0))
    low, high = float(function(-50.0)), float(function(50.0))
    left, right = (max(abs(slope(function, at)) for at in (end, end / 2)) < 1e-6 for end in (-50.0, 50.0))
    dies = all(slope(function, at) == 0 for at in (-50.0, -10.0, -1.0, -0.1))
    print(f"{function.name:10} {low:7.2f} {high:8.2f}  {left!s:>10}  {right!s:5}  {dies!s:5}  {agrees}")

# %% tags=["proof"]
for function, (derivative, *properties) in table.items():
    assert all(abs(slope(function, at) - derivative(at, function(at))) < 1e-15 for at in (-2.0, -0.5, 0.5, 2.0))
    flat = [max(abs(slope(function, at)) for at in (end, end / 2)) < 1e-6 for end in (-50.0, 50.0)]
    assert [*flat, all(slope(function, at) == 0 for at in (-50.0, -10.0, -1.0, -0.1))] == properties
assert (sigmoid(0.0), slope(sigmoid, 0.0), slope(tanh, 0.0)) == (0.5, 0.25, 1.0)
assert slope(relu, 0.0) == 0.0                                   # at the kink: the smaller slope
assert (leaky_relu(-10.0), leaky_relu(-10.0, 0.1)) == (-0.1, -1.0)
assert abs(tanh(0.7) - (2 * sigmoid(1.4) - 1)) < 1e-15          # tanh is a stretched sigmoid

# %% [markdown]
# ## Saturation kills gradients
#
# A sigmoid's slope is at most ¼, and where |x| is large it is nearly 0. Upstream × nearly 0 is nearly 0: nothing arrives
# below.

# %%
for at in (-10.0, 0.0, 10.0):
    print(f"x = {at:5}: sigmoid {sigmoid(at):.5f}, local gradient {slope(sigmoid, at):.1e}")

reaching = {}
for function in (sigmoid, tanh, relu):
    deep = signal = Value(1.0, "x")
    reaching[function.name] = []
    for _ in range(10):
        deep = function(deep)
        reaching[function.name].append(gradient(deep, signal))
axes = viz.plots.curves({"epoch": list(range(1, 11)), **reaching}, list(reaching), log=True)
_ = axes.set(xlabel="functions in a row", ylabel="gradient that reaches x = 1")
axes

# %% tags=["proof"]
assert abs(slope(sigmoid, 10.0) - 4.5e-5) < 1e-6
assert reaching["sigmoid"][-1] < 1e-6 and reaching["relu"][-1] == 1.0  # at most ¼ of what came, each time

# %% [markdown]
# `explain` says why a gradient is what it is: the paths from the result to the input, and the gate that decides.

# %%
x, w = Value(-2.0, "x"), Value(8.0, "w")
print(explain(sigmoid(w * x) + relu(w * x), w))

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
        downhill = -gradient(loss, w)
        w.data = w.data + 0.3 * downhill
        points.append(w.data.copy())
    return np.array(points)


paths = {"inputs all positive": path(False), "inputs centred": path(True)}
left = {name: float(np.linalg.norm(points[-1] - goal)) for name, points in paths.items()}
print("distance left after 60 steps:", {name: f"{distance:.0e}" for name, distance in left.items()})
axes = viz.plots.descent(lambda w1, w2: (w1 - 1) ** 2 + (w2 + 1) ** 2, (0, 0), paths,
                         bounds=((-0.8, 1.4), (-1.4, 0.8)))
_ = axes.set(xlabel="w₁", ylabel="w₂")
axes

# %% tags=["proof"]
assert left["inputs centred"] < left["inputs all positive"]

# %% [markdown]
# ## Dead ReLUs, counted in a running network
#
# A ReLU whose input is negative for every example passes no gradient: its weights never change again. One step that is much
# too large is enough to kill some. Here the same network trains with a good rate, and with one fifty times larger, and after
# every step the units are counted that pass no gradient for any of the 150 examples.

# %%
iris = nn.data.load("iris")
inputs, labels = iris.arrays()
inputs = (inputs - inputs.mean(0)) / inputs.std(0)


def dead(activation, lr, steps=20):
    """How many of 32 hidden units give no gradient for any example, after each step."""
    hidden = nn.Linear(4, 32, rng=0)
    model = nn.Sequential(hidden, activation, nn.Linear(32, 3, rng=1))
    optimizer = nn.optim.SGD(model.named_parameters(), lr=lr)
    counts = []
    for _ in range(steps):
        z = Tensor(hidden(inputs).data)
        counts.append(int((gradient(activation(z).sum(), z) == 0).all(0).sum()))
        loss = nn.functional.cross_entropy(model(inputs), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return counts


counts = {"ReLU, rate 0.1": dead(nn.ReLU(), 0.1), "ReLU, rate 5": dead(nn.ReLU(), 5.0),
          "Leaky ReLU, rate 5": dead(nn.LeakyReLU(0.01), 5.0)}
axes = viz.plots.curves(counts, list(counts))
_ = axes.set(xlabel="step", ylabel="dead units of 32")
axes

# %% tags=["proof"]
assert counts["ReLU, rate 0.1"][-1] == 0 < counts["ReLU, rate 5"][-1]
assert counts["Leaky ReLU, rate 5"][-1] == 0

# %% [markdown]
# ## Deep sigmoids do not learn; tanh and ReLU do
#
# Four hidden layers of 64 on the handwritten digits, once with each function; everything else is the same (weights started as
# chapter 7 advises: He's for ReLU, Xavier's for the others). After how many epochs is a network right for nine of ten digits that
# it has not seen?

# %%
digits, names = nn.data.load("digits").arrays()
x_train, x_held, y_train, y_held = nn.data.train_test_split(digits / 16, names, rng=0)


def learned(activation, start, epochs=12):
    """The accuracy on held-out digits after each epoch."""
    layers = [nn.Linear(64, 64, rng=i) for i in range(4)]
    for i, layer in enumerate(layers):
        start(layer.weight, rng=i)
    model = nn.Sequential(*(part for layer in layers for part in (layer, activation())), nn.Linear(64, 10, rng=9))
    optimizer = nn.optim.SGD(model.named_parameters(), lr=0.02, momentum=0.9)
    told = nn.train.fit(model, (x_train, y_train), nn.functional.cross_entropy, optimizer, validation=(x_held, y_held),
                        metrics="accuracy", epochs=epochs, batch_size=64, seed=0, progress=False)
    return told["validation accuracy"]


accuracies = {"sigmoid": learned(nn.Sigmoid, nn.init.xavier_normal_), "tanh": learned(nn.Tanh, nn.init.xavier_normal_),
              "ReLU": learned(nn.ReLU, nn.init.kaiming_normal_)}
for name, curve in accuracies.items():
    first = next((epoch for epoch, value in enumerate(curve, 1) if value > 0.9), None)
    print(f"{name:8} after 12 epochs {curve[-1]:.2f}; over 0.90 after", f"epoch {first}" if first else "more than 12 epochs")
axes = viz.plots.curves(accuracies, list(accuracies))
_ = axes.set(ylabel="accuracy on digits not trained on")
axes

# %% tags=["proof"]
assert accuracies["sigmoid"][-1] < 0.2 and min(accuracies["tanh"][-1], accuracies["ReLU"][-1]) > 0.9

# %% [markdown]
# When tanh and ReLU are right for more than nine of ten, the sigmoids still guess, one of ten: four times ¼ or less is nearly
# nothing for the first layer. These small images are easy for tanh as well. On larger ones ReLU learns several times faster than
# both (AlexNet's authors measured six times on colour images). And exp costs: the same million numbers through each function, as
# multiples of the ReLU's time (on your computer it will be others):

# %%
from timeit import timeit

million = np.random.default_rng(0).normal(size=1_000_000)
took = {function.name: min(timeit(lambda: function(million), number=1) for _ in range(5))
        for function in (relu, leaky_relu, elu, tanh, sigmoid)}
print({name: f"{seconds / took['relu']:.0f}×" for name, seconds in took.items()})

# %% [markdown]
# ## Learned, the largest of several, your own
#
# **PReLU** learns its slope: the slope is a parameter with a gradient like any other.

# %%
a, x = Value(0.25, "a"), Value(-2.0, "x")
out = relu(x) - a * relu(-x)
out.backward()

prelu = nn.PReLU()
prelu(Tensor(np.array([-2.0, 3.0], dtype=np.float32))).sum().backward()
viz.draw(out)

# %% tags=["proof"]
assert (out.data, a.grad, x.grad) == (-0.5, -2.0, 0.25)  # a collects the negative inputs, x gets a
assert prelu.weight.grad.tolist() == [-2.0]

# %% [markdown]
# **Maxout** takes the largest of several linear functions; ReLU is the case max(0, x). It bends as its weights say (the last
# panel above is three pieces), neither saturates nor dies, and costs as many weights again.

# %%
layer = nn.Maxout(1, 1, pieces=3, rng=0)
print("Maxout(1, 1, pieces=3) has", sum(p.size for p in layer.parameters()), "parameters; Linear(1, 1) has 2")

# %% tags=["proof"]
assert [maxout(at) for at in (-4.0, 0.0, 4.0)] == [1.0, 0.0, 4.0]

# %% [markdown]
# **Your own.** An operation is one row: its name, its sign, its value, its derivative. Swish is x·σ(x), and its derivative is
# out + σ(x)·(1 − out). From then on it is drawn, explained, differentiated to any order, and works on arrays and in layers.

# %%
rows.pop("swish", None)  # so that this cell can be run again
swish = op("swish", "swish", lambda x: x * sigmoid(x), lambda out, x: out + sigmoid(x) * (1 - out),
           domain=(-8.0, 8.0))
x = Value(-1.0, "x")
y = swish(x)
print("on the wire:", formulas(y)[0], " derivative at −1:", round(gradient(y, x), 4))
viz.plots.activation(swish)

# %% [markdown]
# Is the derivative right? `autograd.testing` tries it: at values from its domain, to the second order, and in random programs
# among other operations (with Hypothesis: `pip install hypothesis`), which finds the smallest example where something fails.
# A wrong one is found.

# %%
from hypothesis import given, settings


@given(values(swish))
@settings(max_examples=30, derandomize=True, database=None, deadline=None)
def at_every_value(operands):
    assert_gradients(swish, *operands, order=2)


@given(programs(using=["swish", "add", "mul", "sin"]))
@settings(max_examples=20, derandomize=True, database=None, deadline=None)
def among_others(program):
    assert_gradients(program, *program.point)


at_every_value()
among_others()

rows.pop("hasty", None)
hasty = op("hasty", "hasty", lambda x: x * sigmoid(x), lambda out, x: out + sigmoid(x))  # a factor is missing
try:
    assert_gradients(hasty, 1.0)
except AssertionError as error:
    found = error.report.worst
    print(f"hasty is {error.report.verdict}: it says {found.analytic:.4f}, measured is {found.numeric:.4f};",
          error.report.said(found.note))

# %% [markdown]
# ## Softmax: scores become probabilities
#
# exp makes every score positive, dividing by the sum makes them add up to 1. A constant added to all scores changes nothing,
# which is how the computation is kept from overflowing. Move a score in the stepper: one probability cannot rise without the others
# falling.

# %%
scores = Tensor([2.0, 1.0, 0.1], "s")
p = softmax(scores)
print("scores", scores.data, "→ probabilities", p.data.round(3))
viz.stepper(viz.zoom(p, entry=0), title="One output of softmax, opened into numbers")

# %% tags=["proof"]
assert abs(p.data.sum() - 1) < 1e-15 and (p.data > 0).all()
assert np.allclose(p.data, [0.659, 0.242, 0.099], atol=5e-4)
assert np.allclose(softmax(scores + 1000.0).data, p.data)

# %% [markdown]
# ## Exercises
#
# `hint("4.1")` gives one hint at a time, `solution("4.1")` the solution; both, and `check`, take `lang="ko"`.
#
# **4.1** What is the largest slope of tanh, and of the sigmoid? Give both.

# %%
answer = None
check("4.1", answer)

# %% [markdown]
# **4.2** A gradient of 1 goes back through five sigmoids that all stand at x = 0. What arrives? A fraction, or two
# significant digits.

# %%
answer = None
check("4.2", answer)

# %% [markdown]
# **4.3** The gradient of softmax's first output with respect to its own score, at scores (0, 0)?

# %%
answer = None
check("4.3", answer)

# %% [markdown]
# **4.4** Fill in the circuit v·tanh(w·x) + relu(u). Three gradients are 0, each for another reason.

# %%
viz.quiz(circuit("4.4"))

# %%
answer = None  # {"v": …, "h": …, "w": …, "x": …, "u": …}
check("4.4", answer)

# %% [markdown]
# **4.5** Find the bug in this gate.

# %%
code("4.5")

# %%
answer = None  # the number of the line
check("4.5", answer)

# %% [markdown]
# **4.6** Softsign is x / (1 + |x|). Write its backward pass: a function of x and the upstream gradient that returns the
# downstream gradient.

# %%
answer = None  # def answer(x, upstream): … return downstream
check("4.6", answer)
