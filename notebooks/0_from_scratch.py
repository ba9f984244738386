# %% [markdown]
# # 0 · An engine from scratch
#
# > **Summary.** A gradient says how much the output changes when an input is nudged. This chapter begins with that, and then
# > builds in some sixty lines of Python what the rest of the course uses: numbers that remember how they were made, and a sweep
# > that runs back through them. Three mistakes that everyone makes once are made here on purpose: a gradient that overwrites
# > another, a sweep in the wrong order, and gradients that nobody clears. At the end the same lines are found in the library.
#
# Nothing is needed here but Python itself, and what you know of functions. All that is to come, networks of many layers
# included, runs on what you build in this chapter.

# %%
from math import exp

import autograd
import viz
from chainrule.exercises import check, circuit, code, hint, solution
from chainrule.pictures import side_by_side

# %% [markdown]
# ## What a gradient is: nudge the input, watch the output
#
# Take f = (x + y)·z at x = −2, y = 5, z = −4. The output is −12. Now make one input larger by a little, by 0.001, and leave the
# others as they are. How much does the output change, for each unit of the nudge?


# %%
def f(x, y, z):
    return (x + y) * z


nudge = 0.001
before = f(-2.0, 5.0, -4.0)
print(f"x: {(f(-2.0 + nudge, 5.0, -4.0) - before) / nudge:+.3f}")
print(f"y: {(f(-2.0, 5.0 + nudge, -4.0) - before) / nudge:+.3f}")
print(f"z: {(f(-2.0, 5.0, -4.0 + nudge) - before) / nudge:+.3f}")

# %% [markdown]
# These three numbers are the **gradient** of f: if x grows by 0.001, f falls by 0.004. A gradient of +3 says "up a little here
# is up three times as much there"; 0 says "it does not matter".
#
# The nudge costs one whole computation for each input. A network has a million weights, and a million computations are too many.
# Backpropagation finds all of these numbers in one sweep, and without a nudge that is too large or too small. To see how, open
# the computation into its gates, and ask of each gate alone: **if one of its inputs is nudged, what does its output do?**
#
# | gate | nudge an input by a little h | so the local gradient is |
# |---|---|---|
# | q = x + y | (x + h) + y is q + h | 1 for x, and 1 for y |
# | f = q · z | (q + h)·z is q·z + h·z: f grows by z for each unit | z for q, and q for z |
# | r = 1/x | 1/(x + h) − 1/x = −h / (x·(x + h)), nearly −h/x² | −1/x² |
# | p = eˣ | eˣ⁺ʰ = eˣ·eʰ, nearly eˣ·(1 + h) | eˣ, the output itself |
#
# And in a row of gates the factors multiply. If x goes up by h, q goes up by 1·h; if q goes up by that, f goes up by z times
# that: together z·1·h = −4·h. This is the chain rule, and there is no more to it.

# %% [markdown]
# ## Step 1: a number that remembers
#
# To go back through the gates one has to know them. So each number keeps what it was made from: for every input an **edge**,
# the input itself and the local gradient towards it.


# %%
class Number:
    """A number that remembers how it was made."""

    def __init__(self, data, edges=(), name=""):
        self.data = data    # the number itself
        self.edges = edges  # for each input: the input, and the local gradient towards it
        self.name = name
        self.grad = 0.0     # how the result answers to this number: nothing is known yet

    def __repr__(self):
        return f"{self.name or 'number'}: {self.data:g}, gradient {self.grad:g}"


# %% [markdown]
# ## Step 2: gates
#
# A gate computes its output, and writes down its local gradients from the table above. `Number.__add__` is what Python calls for
# `a + b`.


# %%
def number(x):
    return x if isinstance(x, Number) else Number(x)


def add(a, b):
    a, b = number(a), number(b)
    return Number(a.data + b.data, ((a, 1.0), (b, 1.0)))


def multiply(a, b):
    a, b = number(a), number(b)
    return Number(a.data * b.data, ((a, b.data), (b, a.data)))  # each gets the other


Number.__add__ = Number.__radd__ = add
Number.__mul__ = Number.__rmul__ = multiply

x, y, z = Number(-2.0, name="x"), Number(5.0, name="y"), Number(-4.0, name="z")
q = x + y
f = q * z
print(f.data, "was made from", [(source.data, local) for source, local in f.edges])

# %% [markdown]
# ## Step 3: the sweep back, first try
#
# The result changes exactly as it changes itself: its gradient is 1. Every gate hands on to each input **upstream × local**.


# %%
def backward_1(result):
    result.grad = 1.0
    waiting = [result]
    for node in waiting:
        for source, local in node.edges:
            source.grad = node.grad * local
            waiting.append(source)


backward_1(f)
print(x, y, z, sep="\n")

# %% tags=["proof"]
assert (x.grad, y.grad, z.grad) == (-4.0, -4.0, 3.0)

# %% [markdown]
# −4, −4 and 3: the numbers of the nudge, all in one sweep. Done? Try a·a at a = 3. If a is nudged by h, (a + h)² grows by about
# 6·h.

# %%
a = Number(3.0, name="a")
backward_1(a * a)
print(a)

# %% tags=["proof"]
assert a.grad == 3.0

# %% [markdown]
# **The first bug: = in place of +=.** a goes into the product twice, and gets 3 from each side. The second 3 has overwritten the
# first. What comes back along several paths must be **added up**: both of them move the output.


# %%
def backward_2(result):
    result.grad = 1.0
    waiting = [result]
    for node in waiting:
        for source, local in node.edges:
            source.grad += node.grad * local  # += and not =
            waiting.append(source)


a = Number(3.0, name="a")
backward_2(a * a)
print(a)

# %% tags=["proof"]
assert a.grad == 6.0

# %% [markdown]
# ## Step 4: the right order
#
# Now a number in the middle that is used twice: h = a + 1, and h·h + 5·h at a = 3. There h = 4, and the derivative is
# 2·h + 5 = 13.

# %%
a = Number(3.0, name="a")
h = a + 1
h.name = "h"
backward_2(h * h + 5 * h)
print(h, a, sep="\n")

# %% tags=["proof"]
assert h.grad == 13.0 and a.grad != 13.0

# %% [markdown]
# **The second bug: the wrong order.** h is right, but a has three times too much. h stands in the list once for every use, and each
# time it handed on all that it had: 3 · 13 = 39. A gate may pass its gradient on only **once, when all of it has arrived**: after
# every gate that uses it. So list the numbers first, inputs before what is made from them (a *topological order*), and
# sweep that list from its end.


# %%
def in_order(result):
    """Every number that the result was made from, each after its inputs."""
    order, seen = [], set()

    def visit(node):
        if node not in seen:
            seen.add(node)
            for source, _ in node.edges:
                visit(source)
            order.append(node)

    visit(result)
    return order


def backward_3(result):
    result.grad = 1.0
    for node in reversed(in_order(result)):
        for source, local in node.edges:
            source.grad += node.grad * local


a = Number(3.0, name="a")
h = a + 1
h.name = "h"
backward_3(h * h + 5 * h)
print(h, a, sep="\n")

# %% tags=["proof"]
assert h.grad == a.grad == 13.0

# %% [markdown]
# ## Step 5: clear before the next sweep
#
# Training computes and sweeps again and again, on the same weights. Here a weight is to make w·3 equal to 6, so it should go to
# 2: the error is w·3 − 6, the loss its square, and each step goes against the gradient. (Try it on paper: from w = 0 the first
# gradient is −36.)


# %%
def train(clear, steps=8, rate=0.04):
    """The weight after each step."""
    w, seen = Number(0.0, name="w"), []
    for _ in range(steps):
        if clear:
            w.grad = 0.0
        error = w * 3 + -6
        backward_3(error * error)
        w.data -= rate * w.grad
        seen.append(round(w.data, 2))
    return seen


print("cleared:  ", train(clear=True))
print("forgotten:", train(clear=False))

# %% tags=["proof"]
assert abs(train(True)[-1] - 2) < 0.01 < 0.5 < max(abs(w - 2) for w in train(False)[-3:])

# %% [markdown]
# **The third bug: zero_grad forgotten.** += adds to what the last sweep has left. With old gradients in the sum, the weight runs
# past its goal, and back, and past it again. So before each sweep the gradients of the weights are set to 0. (The numbers in the
# middle are new in each computation; only weights stay.)

# %% [markdown]
# ## The whole engine
#
# That is all. With a few more gates these are the sixty lines:


# %%
class Engine:
    """A number that remembers how it was made, and can send gradients back."""

    def __init__(self, data, edges=(), name=""):
        self.data, self.edges, self.name, self.grad = data, edges, name, 0.0

    @staticmethod
    def of(x):
        return x if isinstance(x, Engine) else Engine(x)

    def __add__(self, other):
        other = Engine.of(other)
        return Engine(self.data + other.data, ((self, 1.0), (other, 1.0)))

    def __mul__(self, other):
        other = Engine.of(other)
        return Engine(self.data * other.data, ((self, other.data), (other, self.data)))

    def __rtruediv__(self, other):
        return other * self.reciprocal()

    def reciprocal(self):
        return Engine(1 / self.data, ((self, -1 / self.data**2),))

    def exp(self):
        out = exp(self.data)
        return Engine(out, ((self, out),))

    def relu(self):
        return Engine(max(0.0, self.data), ((self, float(self.data > 0)),))

    def __neg__(self):
        return self * -1.0

    def __sub__(self, other):
        return self + -Engine.of(other)

    __radd__, __rmul__ = __add__, __mul__

    def order(self):
        """Every number that this one was made from, each after its inputs."""
        order, seen, stack = [], set(), [(self, False)]
        while stack:  # a stack of our own: Python's ends after a thousand calls
            node, done = stack.pop()
            if done:
                order.append(node)
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                stack += [(source, False) for source, _ in node.edges]
        return order

    def backward(self):
        order = self.order()
        for node in order:
            if node.edges:
                node.grad = 0.0
        self.grad = 1.0
        for node in reversed(order):
            for source, local in node.edges:
                source.grad += node.grad * local

    def __repr__(self):
        return f"{self.name or 'number'}: {self.data:.2f}, gradient {self.grad:.2f}"


# %% [markdown]
# It can do the lecture's neuron, 1 / (1 + exp(−(w0·x0 + w1·x1 + w2))). Every number is that of the lecture:

# %%
given = {"w0": 2.0, "x0": -1.0, "w1": -3.0, "x1": -2.0, "w2": -3.0}
w0, x0, w1, x1, w2 = (Engine(data, name=name) for name, data in given.items())
y = 1 / ((-(w0 * x0 + w1 * x1 + w2)).exp() + 1)
y.backward()
print("output", round(y.data, 2))
print(w0, x0, w1, x1, w2, sep="\n")

# %% tags=["proof"]
assert [round(v.grad, 2) for v in (w0, x0, w1, x1, w2)] == [-0.20, 0.39, -0.39, -0.59, 0.20] and round(y.data, 2) == 0.73

# %% [markdown]
# And it learns. Three hidden neurons and an output learn XOR, which one neuron cannot (chapter 2):

# %%
import random

source = random.Random(1)
CORNERS = [((0, 0), 0), ((0, 1), 1), ((1, 0), 1), ((1, 1), 0)]
hidden = [[Engine(source.uniform(-1, 1)) for _ in range(3)] for _ in range(3)]  # w₁, w₂ and b of each hidden neuron
last = [Engine(source.uniform(-1, 1)) for _ in range(4)]
weights = [w for neuron in hidden for w in neuron] + last


def sigmoid(x):
    return 1 / ((-x).exp() + 1)


def network(x1, x2):
    h1, h2, h3 = (sigmoid(w1 * x1 + w2 * x2 + b) for w1, w2, b in hidden)
    v1, v2, v3, b = last
    return sigmoid(v1 * h1 + v2 * h2 + v3 * h3 + b)


losses = []
for _ in range(600):
    loss = Engine(0.0)
    for (x1, x2), target in CORNERS:
        error = network(x1, x2) - target
        loss = loss + error * error       # forward
    for w in weights:
        w.grad = 0.0                      # clear
    loss.backward()                       # backward
    for w in weights:
        w.data -= 2.0 * w.grad            # update
    losses.append(loss.data)
print("XOR:", [round(network(*corner).data, 2) for corner, _ in CORNERS])
axes = viz.plots.curves({"loss": losses})
_ = axes.set(xlabel="update")
axes

# %% tags=["proof"]
assert [round(network(*corner).data) for corner, _ in CORNERS] == [0, 1, 1, 0] and losses[-1] < 0.02

# %% [markdown]
# ## The same in the library, side by side
#
# `autograd.Value` is this engine. What is more in it is speed, refusals in plain words, and a table of some sixty gates in place of
# our six. The lines on the right are read from `autograd/value.py` as it is installed.

# %%
side_by_side(Engine)

# %% [markdown]
# The same neuron by the library gives the same gradients, and what the engine cannot do: it draws itself, and steps.

# %%
w0, x0, w1, x1, w2 = (autograd.Value(data, name) for name, data in given.items())
y = 1 / (autograd.exp(-(w0 * x0 + w1 * x1 + w2)) + 1)
y.backward()
viz.stepper(y, title="The neuron of this chapter, by the library")

# %% [markdown]
# ## Exercises
#
# Work them out by hand first. Put your answer in place of `None`, a number or several in brackets, and run the cell:
# it says what is right, and why not. `hint("0.1")` gives one hint at a time, `solution("0.1")` the solution and the way to it.
#
# **0.1** f = x²: x is 3, and is nudged by 0.1. By how much does f change for each unit of the nudge, exactly? And what is the
# gradient?

# %%
answer = None  # (…, …)
check("0.1", answer)

# %% [markdown]
# **0.2** f = a·b + a at a = 2, b = 5, swept by `backward_1`, with = in place of +=. (The product is handed on before the sum's
# own a.) Which gradient has a at the end, and which would be right?
#
# Follow the list `waiting`: the sum first puts the product on it, then a; the product comes next.

# %%
answer = None  # (…, …)
check("0.2", answer)

# %% [markdown]
# **0.3** The gradient of w is 4 in every computation, and nobody clears it. Which gradient stands at w after three sweeps?

# %%
answer = None
check("0.3", answer)

# %% [markdown]
# **0.4** Fill in the circuit: h = a·b is used twice, in h·h and in 3·h. What are the gradients of h, a and b?

# %%
viz.quiz(circuit("0.4"))

# %%
answer = None  # {"h": …, "a": …, "b": …}
check("0.4", answer)

# %% [markdown]
# **0.5** Find the bug: one line of this sweep is wrong. Which? (`order` has the inputs first.)

# %%
code("0.5")

# %%
answer = None  # the number of the line
check("0.5", answer)

# %% [markdown]
# **0.6** Write a gate by hand: tanh. A function of x and the upstream gradient that returns the downstream gradient. (`math` is
# allowed.)

# %%
answer = None  # def answer(x, upstream): … return downstream
check("0.6", answer)
