# %% [markdown]
# # 1 · Backpropagation as a circuit
#
# > **Summary.** What a neural network computes is a circuit of small gates, additions and multiplications. In the forward pass
# > values flow from left to right, in the backward pass gradients flow from right to left, and each gate does one thing only:
# > **upstream gradient × local gradient = downstream gradient**. Where a value is used in several places, the gradients that come
# > back are added up. This chapter follows the lecture's numbers, draws the circuits, steps through them, makes the usual mistakes
# > on purpose, and at the end trains one neuron by gradient descent.
#
# A computation is a circuit of small gates. Values flow forward through it, gradients flow back, and every gate does one
# thing on the way back: **upstream gradient × local gradient = downstream gradient**. That is the chain rule, and it is all
# there is to backpropagation.
#
# Read the nine chapters as they are, or run and change them: `pip install 'chainrule[course]'`, then `chainrule notebooks
# course` copies them into a folder, and `jupyter lab course` opens them.

# %%
import viz
from autograd import Value, exp, gradient, maximum, scope, sigmoid, steps
from chainrule.exercises import check, circuit, code, hint, solution

# %% [markdown]
# ## What a gradient is
#
# Nudge the input, watch the output. The product f = q·z at q = 3 and z = −4 is −12. Make q a little larger, by h, and leave z
# alone:

# %%
q, z = 3.0, -4.0
for h in (1.0, 0.1, 0.01):
    change = (q + h) * z - q * z
    print(f"q + {h:<4}: f changes by {change:+.4f}, which is {change / h:+.2f} for each unit of the nudge")

# %% [markdown]
# (q + h)·z = q·z + h·z: the change is z for each unit of the nudge. This is why **∂(q·z)/∂q = z**, the other factor. A sum needs no
# computation: (x + h) + y is larger by h, so its gradient is 1 for each input.
#
# And 1/x? It falls when x grows: 1/(x + h) − 1/x = (x − (x + h)) / (x·(x + h)) = −h / (x·(x + h)). For a small h that is −h/x², so
# **(1/x)′ = −1/x²**.

# %%
x = 1.37  # as in the neuron below
for h in (0.1, 0.01, 0.001):
    print(f"h = {h:<5}: (1/(x + h) − 1/x) / h = {(1 / (x + h) - 1 / x) / h:.4f}")
print(f"            −1/x² = {-1 / x**2:.4f}")

# %% [markdown]
# The gradient is this number: how many times the nudge arrives at the output. Press Next in the stepper below: at every input it
# says what would happen "if x grew by 0.01". Then move an input yourself, and see whether it told the truth.

# %%
q, z = Value(3.0, "q"), Value(-4.0, "z")
viz.stepper(q * z, title="One gate: nudge q or z, and watch the output")

# %% [markdown]
# ## The first circuit: f = (x + y) · z
#
# With x = −2, y = 5 and z = −4 the sum is 3 and f is −12. `backward()` starts with a gradient of 1 at f (df/df) and
# walks back.

# %%
x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
q = x + y
q.name = "q"  # what is computed may have a name too
f = q * z
f.backward()

viz.draw(f, products=True)

# %% tags=["proof"]
assert (q.data, f.data) == (3.0, -12.0)
assert (x.grad, y.grad, z.grad) == (-4.0, -4.0, 3.0)

# %% [markdown]
# Values stand in green above each wire, gradients in red below it, and the local gradient in blue where the wire enters a
# gate. Read the product gate from the right: upstream is 1; the local gradient towards z is the *other* input, q = 3, so z
# gets 1 × 3 = 3; the local gradient towards q is z = −4, so q gets −4. The downstream gradient of the product is the upstream
# gradient of the sum, which passes −4 on to both x and y.
#
# The same as a list of steps, each with its arithmetic:

# %%
for step in steps(f):
    for edge in step.edges:
        print(f"{step.sign} gate: {edge.target_label} gets upstream × local = "
              f"{edge.upstream:g} × {edge.local:g} = {edge.downstream:g}   (local: {edge.formula})")

# %% [markdown]
# ## The sigmoid neuron
#
# 1 / (1 + exp(−(w0·x0 + w1·x1 + w2))) is a neuron with two inputs, and its sigmoid is four gates: ×(−1), exp, +1, 1/x.

# %%
w0, x0 = Value(2.0, "w0"), Value(-1.0, "x0")
w1, x1 = Value(-3.0, "w1"), Value(-2.0, "x1")
w2 = Value(-3.0, "w2")

dot = w0 * x0 + w1 * x1 + w2
with scope("sigmoid"):
    negative = -dot
    power = exp(negative)
    plus = power + 1
    y = 1 / plus
y.backward()
viz.draw(y)

# %% tags=["proof"]
def rounded(*numbers):
    return [round(x, 2) for x in numbers]


gates = (dot, negative, power, plus, y)
assert rounded(*(v.data for v in gates)) == [1.00, -1.00, 0.37, 1.37, 0.73]
assert rounded(*(v.grad for v in gates)) == [0.20, -0.20, -0.53, -0.53, 1.00]
assert rounded(*(v.grad for v in (w0, x0, w1, x1, w2))) == [-0.20, 0.39, -0.39, -0.59, 0.20]

# %% [markdown]
# Gate by gate, from the right: 1/x gives −1/1.37² = −0.53 (the number from above); +1 passes it on; exp multiplies by its own
# output, 0.37, and so −0.53 × 0.37 = −0.20 goes down; ×(−1) turns it around. And w0 gets 0.20 × x0 = 0.20 × (−1) = −0.20.
#
# The four gates are one function, σ, and its derivative is known: **σ′ = (1 − σ)·σ** = (1 − 0.73)·0.73 = 0.20. Collapsed to one
# gate (`collapse=True`; `collapse=False` expands it again), the circuit gives the same gradient.

# %%
viz.draw(y, collapse=True)

# %% [markdown]
# `sigmoid` is that gate, ready made; its local gradient stands on the wire as the lecture writes it:

# %%
score = Value(1.0, "score")
p = sigmoid(score)
p.backward()
viz.draw(p)

# %% tags=["proof"]
assert abs(dot.grad - (1 - y.data) * y.data) < 1e-15
score = Value(1.0)
assert abs(gradient(sigmoid(score), score) - dot.grad) < 1e-15

# %% [markdown]
# The stepper is the same circuit as a page: forward and back, one step at a time. Move an input, and every number follows;
# press Update, and the weights take a step of gradient descent: so you can train this neuron by hand. (A code host shows no
# live pages: open the notebook in Jupyter, or write `viz.stepper(y).save("neuron.html")` and open that file in a browser.)

# %%
viz.stepper(y, title="A sigmoid neuron, step by step", parameters=["w0", "w1", "w2"], names={"dot": dot, "y": y})

# %% [markdown]
# ★ Now **compute the gradients yourself**: the same neuron with empty boxes. Fill in upstream × local, gate by gate; it says what
# is right, and what went wrong. (`viz.worksheet(y)` prints it for paper, with its key.)

# %%
viz.quiz(y, title="Compute the gradients yourself")

# %% [markdown]
# ## Patterns in the backward flow
#
# | gate | what it does to the gradient |
# |---|---|
# | add | **distributes** it: every input gets all of it |
# | multiply | **swaps**: each input gets upstream × the other input |
# | max | **routes**: the larger input gets all, the other nothing |
# | a value used twice | **adds up** what comes back |
#
# In the picture every pattern stands once: read the red numbers from the right.

# %%
a, b, c, d = Value(3.0, "a"), Value(-4.0, "b"), Value(2.0, "c"), Value(-1.0, "d")
g = (a * b + maximum(c, d)) * 2.0
g.backward()

viz.draw(g)

# %% tags=["proof"]
assert g.data == -20.0
assert (a.grad, b.grad) == (-8.0, 6.0)  # swapped: 2 × b, 2 × a
assert (c.grad, d.grad) == (2.0, 0.0)   # routed: c is the larger one

# %% [markdown]
# The sum hands its 2 to both of its inputs. The product swaps: a gets 2 × (−4), b gets 2 × 3. The maximum sends its 2 to c,
# and nothing to d: a small change of d changes nothing.
#
# A value that is used twice gets a gradient from each use, and they **add up** (Σ):

# %%
a = Value(3.0, "a")
squared = a * a
squared.backward()
viz.draw(squared, products=True)

# %% tags=["proof"]
assert a.grad == 3.0 + 3.0

# %% [markdown]
# ## Wrong on purpose
#
# What breaks when backpropagation is written carelessly? With `=` in place of `+=` the second contribution replaces the first.
# `steps(y, mistake=…)` makes the classic mistakes and tells the first number that differs; the stepper has a switch for each
# of them.

# %%
a = Value(3.0, "a")
h = a + 1.0
h.name = "h"
y = h * h + 5.0 * h
for mistake in ("overwrite", "order", "zero_grad"):
    edges = [edge for step in steps(y, mistake=mistake) for edge in step.edges]
    wrong = next(edge for edge in edges if edge.right is not None)
    print(f"{mistake:9} {wrong.target_label} has {wrong.total:g}, where {wrong.right:g} is right;"
          f" a ends with {edges[-1].total:g}")

# %% tags=["proof"]
assert gradient(y, a) == 2 * 4.0 + 5.0

# %% [markdown]
# "overwrite" is = for +=; "order" passes a gradient on before all of it has arrived; "zero_grad" is a second pass on top of
# the gradients that the first one left at the inputs.
#
# ## Gradient descent
#
# The gradient says how the result answers to each weight. To make a loss smaller, move every weight a little *against* its
# gradient, compute again, and repeat. Here the neuron is to say 0 for this input, where it said 0.73.

# %%
weights = [w0, w1, w2]
history = []
for _ in range(30):
    loss = sigmoid(w0 * x0 + w1 * x1 + w2) ** 2  # compute again
    history.append(loss.data)
    for w, slope in zip(weights, gradient(loss, weights)):
        w.data -= 0.5 * slope                    # against the gradient

axes = viz.plots.curves({"loss": history})
_ = axes.set(xlabel="update")
axes

# %% tags=["proof"]
assert all(after < before for before, after in zip(history, history[1:]))
assert history[0] > 0.53 and history[-1] < 0.02

# %% [markdown]
# ## Exercises
#
# Work them out by hand first. Put your answer in place of `None`, a number or several in brackets, and run the cell:
# it says what is right, and why not. `hint("1.1")` gives one hint at a time, `solution("1.1")` the solution and the way to it.
#
# **1.1** f = x·y + x at x = 3, y = −2. What are the gradients of x and y?

# %%
answer = None  # (…, …)
check("1.1", answer)

# %% [markdown]
# **1.2** The neuron above with all weights 0: what is its output, and what gradient does w1 get (x1 = −2)? Two decimals.

# %%
answer = None
check("1.2", answer)

# %% [markdown]
# **1.3** f = max(a, b) · a at a = 2, b = 1. Both paths lead to a: what is its gradient? And b's?

# %%
answer = None
check("1.3", answer)

# %% [markdown]
# **1.4** Fill in the circuit: a neuron p = w·x + b, its error e = p − t, and e·e. What are the gradients of e, p, w, x and b?

# %%
viz.quiz(circuit("1.4"))

# %%
answer = None  # {"e": …, "p": …, "w": …, "x": …, "b": …}
check("1.4", answer)

# %% [markdown]
# **1.5** Find the bug: one line of this backward pass is wrong. Which?

# %%
code("1.5")

# %%
answer = None  # the number of the line
check("1.5", answer)

# %% [markdown]
# **1.6** Write the backward pass of f = (x + y)·z + x by hand: a function of x, y, z that returns their three gradients.

# %%
answer = None  # def answer(x, y, z): … return dx, dy, dz
check("1.6", answer)
