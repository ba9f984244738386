# %% [markdown]
# # 1 · Backpropagation as a circuit
#
# > **요약.** 신경망의 계산은 덧셈·곱셈 같은 작은 게이트로 이루어진 회로로 볼 수 있다. 순전파(forward)에서는 값이 왼쪽에서
# > 오른쪽으로 흐르고, 역전파(backward)에서는 기울기가 오른쪽에서 왼쪽으로 흐른다. 각 게이트가 하는 일은 하나뿐이다.
# > **상류 기울기 × 국소 기울기 = 하류 기울기.** 한 값이 여러 곳에 쓰이면 돌아온 기울기를 모두 더한다. 이 장에서는
# > 강의의 숫자를 그대로 따라가며 회로를 그리고, 한 단계씩 밟아 보고, 경사 하강법으로 뉴런 하나를 직접 학습시킨다.
#
# A computation is a circuit of small gates. Values flow forward through it, gradients flow back, and every gate does one
# thing on the way back: **upstream gradient × local gradient = downstream gradient**. That is the chain rule, and it is all
# there is to backpropagation.

# %%
from exercise import check

import viz
from autograd import Value, exp, gradient, maximum, scope, sigmoid, steps

# %% [markdown]
# ## The first circuit: f = (x + y) · z
#
# With x = −2, y = 5 and z = −4 the sum is 3 and f is −12. `backward()` starts with a gradient of 1 at f (df/df) and
# walks back.

# %%
x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
f = (x + y) * z
f.backward()

assert f.data == -12.0
assert (x.grad, y.grad, z.grad) == (-4.0, -4.0, 3.0)
viz.draw(f, products=True)

# %% [markdown]
# Values stand in green above each wire, gradients in red below it, and the local gradient in blue where the wire enters a
# gate. Read the product gate from the right: upstream is 1; the local gradient towards z is the *other* input, 3, so z gets
# 1 × 3 = 3; the local gradient towards the sum is z = −4, so the sum gets −4. The downstream of the product is the upstream of
# the sum, which passes −4 on to both x and y.
#
# The same as a list of steps, each with its arithmetic:

# %%
for step in steps(f):
    for edge in step.edges:
        print(f"{step.operation}: upstream {edge.upstream:g} × local {edge.formula} = {edge.local:g}"
              f"  →  {edge.target_label} gets {edge.downstream:g}")

# %% [markdown]
# ## The sigmoid neuron
#
# 1 / (1 + exp(−(w0·x0 + w1·x1 + w2))) is a neuron with two inputs, and its sigmoid is four gates: ×(−1), exp, +1, 1/x.

# %%
w0, x0, w1, x1, w2 = (Value(data, name) for data, name in
                      ((2.0, "w0"), (-1.0, "x0"), (-3.0, "w1"), (-2.0, "x1"), (-3.0, "w2")))
dot = w0 * x0 + w1 * x1 + w2
with scope("sigmoid"):
    negative = -dot
    power = exp(negative)
    plus = power + 1
    out = 1 / plus
out.backward()

assert [f"{v.data:.2f}" for v in (dot, negative, power, plus, out)] == ["1.00", "-1.00", "0.37", "1.37", "0.73"]
assert [f"{v.grad:.2f}" for v in (out, plus, power, negative, dot)] == ["1.00", "-0.53", "-0.53", "-0.20", "0.20"]
assert [f"{v.grad:.2f}" for v in (w0, x0, w1, x1, w2)] == ["-0.20", "0.39", "-0.39", "-0.59", "0.20"]
viz.draw(out)

# %% [markdown]
# The four gates are one function, and its derivative is known: σ' = σ·(1 − σ) = 0.73 × 0.27 = 0.20. Collapsed to one
# gate, the circuit gives the same gradient.

# %%
assert abs(dot.grad - out.data * (1 - out.data)) < 1e-15
score = Value(1.0)
assert abs(gradient(sigmoid(score), score) - dot.grad) < 1e-15
viz.draw(out, collapse=True)

# %% [markdown]
# The stepper is the same circuit as a page: forward and back, one step at a time, with inputs that can be changed. It lives in
# the notebook while it runs, and `viz.stepper(out).save("neuron.html")` writes a file that any browser opens.

# %%
viz.stepper(out)

# %% [markdown]
# ## Patterns in the backward flow
#
# | gate | what it does to the gradient |
# |---|---|
# | add | **distributes** it: every input gets all of it |
# | multiply | **swaps**: each input gets upstream × the other input |
# | max | **routes**: the larger input gets all, the other nothing |
# | a value used twice | **adds up** what comes back |

# %%
a, b = Value(3.0, "a"), Value(-4.0, "b")
assert gradient((a + b) * 2.0, [a, b]) == [2.0, 2.0]              # distributes
assert gradient((a * b) * 2.0, [a, b]) == [-8.0, 6.0]             # swaps
assert gradient(maximum(a, b) * 2.0, [a, b]) == [2.0, 0.0]        # routes
assert gradient(a * b + a, [a]) == [-4.0 + 1.0]                   # adds up
fan_out = a * a
fan_out.backward()
assert a.grad == 6.0  # two contributions of 3
viz.draw(fan_out, products=True)

# %% [markdown]
# ## Gradient descent
#
# The gradient says how the result answers to each weight. To make a loss smaller, move every weight a little *against* its
# gradient, compute again, and repeat. Here the neuron is to say 0 for this input, where it said 0.73.

# %%
weights = [w0, w1, w2]
history = []
for _ in range(30):
    loss = sigmoid(w0 * x0 + w1 * x1 + w2) ** 2
    history.append(loss.data)
    for w, slope in zip(weights, gradient(loss, weights)):
        w.data -= 0.5 * slope

assert all(after < before for before, after in zip(history, history[1:]))
assert history[0] > 0.53 and history[-1] < 0.02
viz.plots.curves({"loss": history})

# %% [markdown]
# ## Exercises
#
# Work them out by hand first. Write a number (or several, in brackets) in place of `None` and run the cell.
#
# **1.** f = x·y + x at x = 3, y = −2. What are the gradients of x and y?

# %%
answer = None


def solution():
    x, y = Value(3.0), Value(-2.0)
    return gradient(x * y + x, [x, y])


check(answer, solution)

# %% [markdown]
# **2.** The neuron above with all weights 0: what is its output, and what gradient does w1 get (x1 = −2)?

# %%
answer = None


def solution():
    w1 = Value(0.0)
    out = sigmoid(w1 * -2.0)
    return out.data, gradient(out, w1)


check(answer, solution)

# %% [markdown]
# **3.** f = max(a, b) · a at a = 2, b = 1. Both paths lead to a: what is its gradient? And b's?

# %%
answer = None


def solution():
    a, b = Value(2.0), Value(1.0)
    return gradient(maximum(a, b) * a, [a, b])


check(answer, solution)

# %% [markdown]
# <details><summary>Hints</summary>
#
# 1. x goes into two gates: y + 1 arrives. 2. σ(0) = ½ and σ' = ¼. 3. max routes all of its upstream, a, to a; the product gives
# max(a, b) besides.
# </details>
