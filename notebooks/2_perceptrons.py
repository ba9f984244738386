# %% [markdown]
# # 2 · Perceptrons
#
# > **Summary.** A perceptron is a neuron that puts out 1 where the weighted sum of its inputs plus a bias is above 0, and 0
# > elsewhere. With other weights and another bias it is an AND, NAND or OR gate. But no single line separates XOR, so one layer
# > cannot compute it; two layers can, by passing the outputs of NAND and OR on to AND. The step function has a derivative of 0
# > everywhere, so backpropagation cannot train it. Replaced by a smooth function such as tanh, two layers learn XOR by themselves.
#
# The neuron of 1958: y = 1 if b + w₁·x₁ + w₂·x₂ > 0, else 0. Two weights and a bias decide everything that it can do.

# %%
import random
import warnings

from matplotlib.figure import Figure

import nn
import viz
from autograd import NoDerivativeWarning, Value, gradient, step
from chainrule.exercises import check, circuit, code, hint, solution
from chainrule.pictures import neurons
from nn.perceptron import Adaline, Madaline, Perceptron, gate, truth_table

CORNERS = [(0, 0), (0, 1), (1, 0), (1, 1)]

# %% [markdown]
# ## The biological neuron, and the artificial one
#
# A neuron of the brain gathers signals by its dendrites, and where their sum is large enough it sends a signal of its own along its
# axon. Where the axon meets the next neuron, a synapse makes the signal stronger or weaker. The artificial neuron has kept of this
# the sum, the weights and a threshold (the bias), and nothing else: no time, no chemistry.

# %%
neurons()

# %% [markdown]
# ## Gates with given weights
#
# The same neuron with other numbers is another gate. The course gives two sets of (w₁, w₂, b) for most of them.

# %%
GIVEN = [("AND", 0.5, 0.5, -0.7), ("AND", 1, 1, -1.1), ("NAND", -0.5, -0.5, 0.7), ("NAND", -1, -1, 1.1),
         ("OR", 0.5, 0.5, -0.3), ("OR", 1, 1, -0.9), ("NOR", -0.5, -0.5, 0.3), ("NOR", -1, -1, 0.5)]
TRUTH = {"AND": [0, 0, 0, 1], "NAND": [1, 1, 1, 0], "OR": [0, 1, 1, 1], "NOR": [1, 0, 0, 0], "XOR": [0, 1, 1, 0]}

print("gate    w₁    w₂     b  |  " + "  ".join(map(str, CORNERS)))
for name, w1, w2, b in GIVEN:
    neuron = Perceptron(2, [w1, w2], b)
    table = [int(neuron(x).data) for x in CORNERS]
    print(f"{name:4}  {w1:4}  {w2:4}  {b:4}  |" + "".join(f"{y:^8}" for y in table))

negation = Perceptron(1, [-1.0], 0.5)  # NOT has one input
print("NOT  ", truth_table(negation))

# %% tags=["proof"]
assert truth_table(negation) == {(0,): 1, (1,): 0}

# %% [markdown]
# `nn.perceptron.gate("AND")` makes such a neuron. AND of 1 and 1 as a circuit: 0.5 + 0.5 − 0.7 = 0.3 is above 0.

# %%
viz.draw(gate("AND")([Value(1.0, "x₁"), Value(1.0, "x₂")]))

# %% [markdown]
# ## A neuron draws one line
#
# b + w₁·x₁ + w₂·x₂ = 0 is a line. On one side the neuron says 1, on the other 0. The two sets of weights of a gate draw
# different lines (full and dashed) that part the corners alike.

# %%
figure = Figure(figsize=(9.2, 2.7), layout="constrained")
panels = viz.plots.Panels(figure.subplots(1, 4))
for panel, first, second in zip(panels, GIVEN[::2], GIVEN[1::2]):
    name, w1, w2, b = first
    viz.plots.decision_boundary(lambda points: points @ [w1, w2] + b, CORNERS, TRUTH[name], ax=panel,
                                bounds=((-0.6, 1.6), (-0.6, 1.6)), n=60)
    _, w1, w2, b = second
    panel.axline((0, -b / w2), slope=-w1 / w2, color="#57606a", linestyle="--", linewidth=1.2)
    panel.set_title(name)
panels

# %% [markdown]
# ## Rosenblatt's rule: learning from mistakes
#
# Go through the examples; where the neuron is wrong, add or subtract the input to the weights. If a line separates the classes,
# this ends after finitely many mistakes.

# %%
learner = Perceptron(2)
learned = learner.fit(CORNERS, TRUTH["AND"])
print("AND:", learned, "mistakes in each epoch:", learned.mistakes)

# %% tags=["proof"]
assert learned.success and learned.epochs == 6

# %% [markdown]
# ## XOR: no line separates
#
# Look for a line with (0, 1) and (1, 0) on one side and (0, 0) and (1, 1) on the other. There is none: adding the four
# conditions gives 0 > 0. So the rule cycles for ever, and says so.

# %%
stuck = Perceptron(2).fit(CORNERS, TRUTH["XOR"])
print("XOR:", stuck)

grid = [i / 4 for i in range(-8, 9)]
best = max(sum((b + w1 * x1 + w2 * x2 > 0) == bool(t) for (x1, x2), t in zip(CORNERS, TRUTH["XOR"]))
           for w1 in grid for w2 in grid for b in grid)
print("of 4,913 lines the best gets", best, "of 4 corners right")

lines = {"OR's line": (0.5, 0.5, -0.3), "NAND's line": (-0.5, -0.5, 0.7), "x₁ alone": (1.0, 0.0, -0.5)}
figure = Figure(figsize=(9, 3.1), layout="constrained")
panels = viz.plots.Panels(figure.subplots(1, 3))
for panel, (name, (w1, w2, b)) in zip(panels, lines.items()):
    right = sum((w1 * x1 + w2 * x2 + b > 0) == t for (x1, x2), t in zip(CORNERS, TRUTH["XOR"]))
    viz.plots.decision_boundary(lambda points: points @ [w1, w2] + b, CORNERS, TRUTH["XOR"], ax=panel,
                                bounds=((-0.6, 1.6), (-0.6, 1.6)), n=60)
    panel.set_title(f"{name}: {right} of 4 right")
panels

# %% tags=["proof"]
assert not stuck.success and stuck.cycle is not None
assert best == 3

# %% [markdown]
# ## Two layers can
#
# NAND and OR into AND: the first layer draws two lines, and the second says 1 between them.

# %%


def xor(x1, x2):
    return gate("AND")([gate("NAND")([x1, x2]), gate("OR")([x1, x2])])


viz.draw(gate("XOR")([Value(1.0, "x₁"), Value(0.0, "x₂")]), collapse=["NAND", "OR", "AND"])

# %% tags=["proof"]
assert list(truth_table(gate("XOR")).values()) == TRUTH["XOR"]
assert [int(xor(*corner).data) for corner in CORNERS] == TRUTH["XOR"]

# %% [markdown]
# ## Why backpropagation gets nothing from a step
#
# The step function is flat: its derivative is 0 everywhere, and at the jump there is none. The gradient that reaches the
# weights is 0 whatever the mistake, so there is nothing to follow; the library
# warns when that happens. The sigmoid is a step with its corners rounded off, and has a slope everywhere.

# %%
w = Value(0.5, "w")
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    slope = gradient((step(w * 1.0 - 0.3) - 0.0) ** 2, w)
print("gradient:", slope)
print("warning:", caught[0].message)
figure = Figure(figsize=(7.4, 2.8), layout="constrained")
panels = viz.plots.Panels(figure.subplots(1, 2))
for panel, name in zip(panels, ("step", "sigmoid")):
    viz.plots.activation(name, ax=panel)
panels

# %% tags=["proof"]
assert slope == 0.0 and caught[0].category is NoDerivativeWarning

# %% [markdown]
# ## Adaline and Madaline: learning before backpropagation
#
# | year | who | what |
# |---|---|---|
# | 1943 | McCulloch, Pitts | the neuron as a threshold, with weights set by hand |
# | 1957, 1958 | Rosenblatt | the perceptron, built and published, and a rule that learns the weights |
# | 1960 | Widrow, Hoff | Adaline: the error *before* the step; the delta rule |
# | 1962 | Widrow | Madaline: several Adalines, the first network of more than one layer that learned |
# | 1969 | Minsky, Papert | one layer cannot do XOR: the first winter |
# | 1986 | Rumelhart, Hinton, Williams | smooth neurons and backpropagation: any number of layers learn |
# | 1990s | – | deep networks do not train (vanishing gradients), other methods do as well with less: the second winter |
# | 1998 | LeCun and others | a convolutional network reads handwritten digits on cheques |
# | 2006 | Hinton, Salakhutdinov | deep networks train, when they start from layers trained one by one |
# | 2012 | Krizhevsky, Sutskever, Hinton | AlexNet wins at ImageNet: convolution, ReLU, dropout, graphics cards |
# | since | – | convolutional networks find and outline objects, tell faces, read X-ray pictures, steer cars |
#
# What changed between the winters was little of the mathematics of this course. It was the activation (chapter 4), the
# initialisation (chapter 7), more data, and faster computers.
#
# Adaline compares the *sum* with the target, before the step: so the error has a slope, and the delta rule
# w += η·(t − sum)·x is gradient descent on ½(t − sum)².

# %%
adaline = Adaline(2)
errors = adaline.fit(CORNERS, [-1, -1, -1, 1])
axes = viz.plots.curves({"mean squared error": errors}, ["mean squared error"])
_ = axes.set(ylim=(0, None))
axes

# %% tags=["proof"]
assert errors[-1] < errors[0]
assert [adaline.classify(x) for x in CORNERS] == [-1, -1, -1, 1]  # AND, with −1 for 0

# %% [markdown]
# The error does not fall to 0: a straight line cannot give −1, −1, −1 and 1. But its sign is right everywhere.
#
# **Madaline** combines the signs of several Adalines by a fixed gate. Where its answer is wrong, the Adaline whose sum is
# nearest to 0 is moved to the other side. So it learns XOR, with no gradient through the step.

# %%
SIGNS = [(2 * x1 - 1, 2 * x2 - 1) for x1, x2 in CORNERS]  # −1 and 1, as Widrow had them
madaline = Madaline(2, 2, "or", random.Random(0))
found = madaline.fit(SIGNS, [-1, 1, 1, -1])
print("Madaline on XOR:", found)

# %% tags=["proof"]
assert found.success and [madaline(x).data for x in SIGNS] == [-1, 1, 1, -1]

# %% [markdown]
# ## A network that learns XOR by backpropagation
#
# Replace the step by tanh, and the whole network has a gradient. Two layers of such neurons learn XOR from the four
# examples. Both networks cut the plane in three; backpropagation's cuts follow from the gradient alone.

# %%
model = nn.MLP(2, [3, 1], "tanh", rng=random.Random(3))
optimizer = nn.optim.SGD(model.named_parameters(), lr=0.3, momentum=0.9)
losses = []
for _ in range(150):
    errors = [(model(x)[0] - (2 * t - 1)) ** 2 for x, t in zip(CORNERS, TRUTH["XOR"])]
    loss = sum(errors, Value(0.0)) / 4
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.data)

said = [int(model(x)[0].data > 0) for x in CORNERS]
print(f"loss {losses[0]:.2f} → {losses[-1]:.0e}; says {said}")
viz.network(model, [1.0, 0.0])

# %% tags=["proof"]
assert said == TRUTH["XOR"] and losses[-1] < 0.01

# %% [markdown]
# The same network as a circuit of gates, with the loss of one example: (1, 0), whose target is 1. Each scope is a neuron. Untrained
# weights are more to look at, so these are fresh; Update moves the weights alone.

# %%
fresh = nn.MLP(2, [2, 1], "tanh", rng=random.Random(3))
x = [Value(1.0, "x₁"), Value(0.0, "x₂")]
viz.stepper((fresh(x)[0] - 1.0) ** 2, title="A network 2-2-1 and its squared error", parameters=fresh.parameters())

# %%
figure = Figure(figsize=(7.4, 3.6), layout="constrained")
panels = viz.plots.Panels(figure.subplots(1, 2))
both = {"Madaline": lambda points: [madaline(2 * x - 1).data for x in points], "backpropagation": model}
for panel, (name, network) in zip(panels, both.items()):
    viz.plots.decision_boundary(network, CORNERS, TRUTH["XOR"], n=41, bounds=((-0.5, 1.5), (-0.5, 1.5)), ax=panel)
    panel.set_title(name)
panels

# %% [markdown]
# ## Exercises
#
# `hint("2.1")` gives one hint at a time, `solution("2.1")` the solution; both, and `check`, take `lang="ko"`.
#
# **2.1** Give weights (w₁, w₂, b) that make a NOR gate, other than the two above.

# %%
answer = None
check("2.1", answer)

# %% [markdown]
# **2.2** A neuron of three inputs is to say 1 if at least two of them are 1 (a majority). With all weights 1, between which
# two numbers must b lie? Give (low, high).

# %%
answer = None
check("2.2", answer)

# %% [markdown]
# **2.3** How many of the 16 functions of two bits can one neuron compute?

# %%
answer = None
check("2.3", answer)

# %% [markdown]
# **2.4** Fill in the circuit: Adaline's sum s = w₁·3 + w₂·(−1) + b and the squared error (s − 1)². What are the gradients of
# s, w₁, w₂ and b?

# %%
viz.quiz(circuit("2.4"))

# %%
answer = None  # {"s": …, "w1": …, "w2": …, "b": …}
check("2.4", answer)

# %% [markdown]
# **2.5** Find the bug in this learning rule.

# %%
code("2.5")

# %%
answer = None  # the number of the line
check("2.5", answer)

# %% [markdown]
# **2.6** Write the gradients of ½(t − s)² with s = w₁·x₁ + w₂·x₂ + b by hand: a function of w₁, w₂, b, x₁, x₂, t that returns
# those of w₁, w₂ and b.

# %%
answer = None  # def answer(w1, w2, b, x1, x2, t): … return dw1, dw2, db
check("2.6", answer)
