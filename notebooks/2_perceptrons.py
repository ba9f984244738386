# %% [markdown]
# # 2 · Perceptrons
#
# > **요약.** 퍼셉트론은 입력의 가중합이 0보다 크면 1, 아니면 0을 내는 뉴런이다. 가중치만 바꾸면 AND, NAND, OR 게이트가
# > 된다. 그러나 직선 하나로 나눌 수 없는 XOR는 한 층으로는 불가능하며, NAND와 OR의 출력을 AND에 넣은 두 층으로 해결된다.
# > 계단 함수는 미분값이 어디서나 0이라 역전파로 학습할 수 없다. 그래서 시그모이드 같은 매끄러운 함수로 바꾸고, 두 층
# > 신경망이 XOR를 스스로 학습하게 한다.
#
# The neuron of 1958: y = 1 if b + w1·x1 + w2·x2 > 0, else 0. Two weights and a bias decide everything it can do.

# %%
import random
import warnings

from exercise import check

import nn
import viz
from autograd import NoDerivativeWarning, Value, gradient, step
from nn.perceptron import Adaline, Madaline, Perceptron, gate, truth_table

CORNERS = [(0, 0), (0, 1), (1, 0), (1, 1)]

# %% [markdown]
# ## Gates with given weights
#
# The same neuron with other numbers is another gate. The course gives two sets of (w1, w2, b) for most of them.

# %%
GIVEN = {"AND": [(0.5, 0.5, -0.7), (1, 1, -1.1)], "NAND": [(-0.5, -0.5, 0.7), (-1, -1, 1.1)],
         "OR": [(0.5, 0.5, -0.3), (1, 1, -0.9)], "NOR": [(-1, -1, 0.5)]}
TRUTH = {"AND": [0, 0, 0, 1], "NAND": [1, 1, 1, 0], "OR": [0, 1, 1, 1], "NOR": [1, 0, 0, 0], "XOR": [0, 1, 1, 0]}

for name, settings in GIVEN.items():
    for w1, w2, b in settings:
        neuron = Perceptron(2, [w1, w2], b)
        table = [int(neuron(x).data) for x in CORNERS]
        assert table == TRUTH[name] == list(truth_table(gate(name)).values())
        print(f"{name:4} with w = ({w1}, {w2}), b = {b}:  {dict(zip(CORNERS, table))}")

negation = Perceptron(1, [-1.0], 0.5)
assert [int(negation([x]).data) for x in (0, 1)] == [1, 0]  # NOT

# %%
viz.draw(Perceptron(2, [0.5, 0.5], -0.7)([Value(1.0, "x1"), Value(1.0, "x2")]))

# %% [markdown]
# ## A neuron draws one line
#
# b + w1·x1 + w2·x2 = 0 is a line. On one side the neuron says 1, on the other 0.

# %%
viz.plots.decision_boundary(lambda points: points @ [0.5, 0.5] - 0.7, CORNERS, TRUTH["AND"])

# %% [markdown]
# ## Rosenblatt's rule: learning from mistakes
#
# Go through the examples; where the neuron is wrong, add or subtract the input to the weights. If a line separates the classes,
# this ends after finitely many mistakes.

# %%
learner = Perceptron(2)
learned = learner.fit(CORNERS, TRUTH["AND"])
print("AND:", learned, "mistakes in each epoch:", learned.mistakes)
assert learned.success and learned.epochs == 6

# %% [markdown]
# ## XOR: no line separates
#
# Look for a line with (0, 1) and (1, 0) on one side and (0, 0) and (1, 1) on the other. There is none: adding the four
# conditions gives 0 > 0. So the rule cycles for ever, and says so.

# %%
stuck = Perceptron(2).fit(CORNERS, TRUTH["XOR"])
print("XOR:", stuck)
assert not stuck.success and stuck.cycle is not None

grid = [i / 4 for i in range(-8, 9)]
best = max(sum((b + w1 * x1 + w2 * x2 > 0) == bool(t) for (x1, x2), t in zip(CORNERS, TRUTH["XOR"]))
           for w1 in grid for w2 in grid for b in grid)
print("of 4,913 lines the best gets", best, "of 4 corners right")
assert best == 3
viz.plots.decision_boundary(lambda points: points @ [0.5, 0.5] - 0.3, CORNERS, TRUTH["XOR"])

# %% [markdown]
# ## Two layers can
#
# NAND and OR into AND: the second layer sees the plane bent by the first.

# %%
assert list(truth_table(gate("XOR")).values()) == TRUTH["XOR"]


def xor(x1, x2):
    hidden = [gate("NAND")((x1, x2)), gate("OR")((x1, x2))]
    return gate("AND")(hidden)


assert [int(xor(*corner).data) for corner in CORNERS] == TRUTH["XOR"]
viz.draw(gate("XOR")([Value(1.0, "x1"), Value(0.0, "x2")]), collapse=True)

# %% [markdown]
# ## Why backpropagation gets nothing from a step
#
# The step function is flat: its derivative is 0 everywhere, and at the jump there is none. The gradient that reaches the
# weights is 0 whatever the mistake, so there is nothing to follow. (The library warns when that happens.)

# %%
w = Value(0.5, "w")
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    slope = gradient((step(w * 1.0 - 0.3) - 0.0) ** 2, w)
assert slope == 0.0 and caught[0].category is NoDerivativeWarning
print("gradient:", slope, "|", caught[0].message)
viz.plots.activation("step")

# %% [markdown]
# ## Adaline and Madaline
#
# Widrow and Hoff (1960) compared the *sum* with the target, before the step: now the error has a slope, and the delta rule
# w += η·(t − y)·x is gradient descent on the squared error. Madaline puts several Adalines together, and learns XOR by
# trying which unit to flip.

# %%
adaline = Adaline(2)
errors = adaline.fit(CORNERS, [-1, -1, -1, 1])
assert errors[-1] < errors[0]
assert [adaline.classify(x) > 0 for x in CORNERS] == [False, False, False, True]
viz.plots.curves({"mean squared error": errors}, ["mean squared error"])

# %%
SIGNS = [(2 * x1 - 1, 2 * x2 - 1) for x1, x2 in CORNERS]  # −1 and 1, as Widrow had them
madaline = Madaline(2, 2, "or", random.Random(0))
found = madaline.fit(SIGNS, [-1, 1, 1, -1])
print(found)
assert found.success and [madaline(x).data for x in SIGNS] == [-1, 1, 1, -1]

# %% [markdown]
# ## A network that learns XOR by backpropagation
#
# Replace the step by tanh, and the whole network has a gradient. Two layers of such neurons learn XOR from the four examples.

# %%
model = nn.MLP(2, [3, 1], "tanh", rng=random.Random(3))
optimizer = nn.optim.SGD(model.named_parameters(), lr=0.3, momentum=0.9)
losses = []
for _ in range(150):
    loss = sum(((model(x)[0] - (2 * t - 1)) ** 2 for x, t in zip(CORNERS, TRUTH["XOR"])), Value(0.0)) / 4
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.data)

said = [int(model(x)[0].data > 0) for x in CORNERS]
print("loss", round(losses[0], 3), "→", round(losses[-1], 5), "| says", said)
assert said == TRUTH["XOR"] and losses[-1] < 0.01
viz.plots.decision_boundary(model, CORNERS, TRUTH["XOR"], n=40, bounds=((-0.5, 1.5), (-0.5, 1.5)))

# %% [markdown]
# ## Exercises
#
# **1.** Give weights (w1, w2, b) that make a NOR gate, other than (−1, −1, 0.5).

# %%
answer = None


def right(w1, w2, b):
    return [int(Perceptron(2, [w1, w2], b)(x).data) for x in CORNERS] == TRUTH["NOR"]


check(None if answer is None else right(*answer), lambda: True)

# %% [markdown]
# **2.** A neuron of three inputs is to say 1 if at least two of them are 1 (a majority). With all weights 1, between which two
# numbers must b lie? Give (low, high).

# %%
answer = None
check(answer, lambda: (-2, -1))

# %% [markdown]
# **3.** How many of the 16 functions of two bits can one neuron compute?

# %%
answer = None


def solution():
    grid = (-1.5, -1.0, -0.5, 0.5, 1.0, 1.5)
    return len({tuple(b + w1 * x1 + w2 * x2 > 0 for x1, x2 in CORNERS) for w1 in grid for w2 in grid for b in grid})


check(answer, solution)

# %% [markdown]
# <details><summary>Hints</summary>
#
# 1. Any negative weights, with a bias smaller than either. 2. 2 + b must be positive, 1 + b must not. 3. All but two.
# </details>
