# %% [markdown]
# # 1 · Backpropagation as a circuit
#
# > **요약.** 신경망의 계산은 덧셈·곱셈 같은 작은 게이트로 이루어진 회로로 볼 수 있다. 순전파(forward)에서는 값이 왼쪽에서
# > 오른쪽으로 흐르고, 역전파(backward)에서는 기울기가 오른쪽에서 왼쪽으로 흐른다. 각 게이트가 하는 일은 하나뿐이다.
# > **상류 기울기 × 국소 기울기 = 하류 기울기.** 한 값이 여러 곳에 쓰이면 돌아온 기울기를 모두 더한다. 이 장에서는
# > 강의의 숫자를 그대로 따라가며 회로를 그리고, 한 단계씩 밟아 보고, 흔한 실수를 일부러 저질러 본 뒤, 경사 하강법으로 뉴런
# > 하나를 직접 학습시킨다.
#
# A computation is a circuit of small gates. Values flow forward through it, gradients flow back, and every gate does one
# thing on the way back: **upstream gradient × local gradient = downstream gradient**. That is the chain rule, and it is all
# there is to backpropagation.
#
# Read the seven chapters as they are, or run and change them: `pip install 'chainrule[course]'`, then `chainrule notebooks
# course` copies them into a folder, and `jupyter lab course` opens them.

# %%
import viz
from autograd import Value, exp, gradient, maximum, scope, sigmoid, steps
from chainrule.exercises import check, circuit, code, hint, solution

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
    out = 1 / plus
out.backward()


def rounded(*numbers):
    return [round(x, 2) for x in numbers]


gates = (dot, negative, power, plus, out)
viz.draw(out)

# %% tags=["proof"]
assert rounded(*(v.data for v in gates)) == [1.00, -1.00, 0.37, 1.37, 0.73]
assert rounded(*(v.grad for v in gates)) == [0.20, -0.20, -0.53, -0.53, 1.00]
assert rounded(*(v.grad for v in (w0, x0, w1, x1, w2))) == [-0.20, 0.39, -0.39, -0.59, 0.20]

# %% [markdown]
# For example the gate exp: its upstream gradient is −0.53, its local gradient is its own output, 0.37, and so −0.53 × 0.37 =
# −0.20 goes down. And w0 gets 0.20 × x0 = 0.20 × (−1) = −0.20.
#
# The four gates are one function, and its derivative is known: σ' = (1 − σ)·σ = 0.27 × 0.73 = 0.20. Collapsed to one
# gate (`collapse=True`; `collapse=False` expands it again), the circuit gives the same gradient.

# %%
score = Value(1.0)
viz.draw(out, collapse=True)

# %% tags=["proof"]
assert abs(dot.grad - (1 - out.data) * out.data) < 1e-15
assert abs(gradient(sigmoid(score), score) - dot.grad) < 1e-15

# %% [markdown]
# The stepper is the same circuit as a page: forward and back, one step at a time. Move an input, and every number follows;
# press Update, and the weights take a step of gradient descent: so you can train this neuron by hand. (A code host shows no
# live pages: open the notebook in Jupyter, or write `viz.stepper(out).save("neuron.html")` and open that file in a browser.)

# %%
viz.stepper(out, title="A sigmoid neuron, step by step", parameters=["w0", "w1", "w2"],
            names={"dot": dot, "out": out})

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
# > 먼저 손으로 풀어 보세요. `None` 자리에 답을 쓰고 셀을 실행하면 맞았는지, 아니면 왜 틀렸는지 알려 줍니다.
# > `hint("1.1")`은 힌트를 하나씩, `solution("1.1")`은 풀이를 보여 줍니다. `lang="ko"`를 더하면 한국어로 말합니다.
#
# **1.1** f = x·y + x at x = 3, y = −2. What are the gradients of x and y?
#
# > x = 3, y = −2일 때 f = x·y + x에서 x와 y의 기울기는 얼마입니까?

# %%
answer = None  # (…, …)
check("1.1", answer)

# %% [markdown]
# **1.2** The neuron above with all weights 0: what is its output, and what gradient does w₁ get (x₁ = −2)? Two decimals.
#
# > 위 뉴런의 가중치가 모두 0이면 출력은 얼마이고, w₁은 어떤 기울기를 받습니까 (x₁ = −2)? 소수 둘째
# > 자리까지.

# %%
answer = None
check("1.2", answer)

# %% [markdown]
# **1.3** f = max(a, b) · a at a = 2, b = 1. Both paths lead to a: what is its gradient? And b's?
#
# > a = 2, b = 1일 때 f = max(a, b)·a에서 두 길이 모두 a로 갑니다. a와 b의 기울기는
# > 얼마입니까?

# %%
answer = None
check("1.3", answer)

# %% [markdown]
# **1.4** Fill in the circuit: a neuron p = w·x + b, its error e = p − t, and e·e. What are the gradients of e, p, w, x and b?
#
# > 회로를 채우세요. 뉴런 p = w·x + b, 오차 e = p − t, 그리고 e·e입니다. e, p, w,
# > x, b의 기울기는 얼마입니까?

# %%
viz.quiz(circuit("1.4"))

# %%
answer = None  # {"e": …, "p": …, "w": …, "x": …, "b": …}
check("1.4", answer)

# %% [markdown]
# **1.5** Find the bug: one line of this backward pass is wrong. Which?
#
# > 버그를 찾으세요. 이 역전파에서 한 줄이 틀렸습니다. 몇 번 줄입니까?

# %%
code("1.5")

# %%
answer = None  # the number of the line
check("1.5", answer)

# %% [markdown]
# **1.6** Write the backward pass of f = (x + y)·z + x by hand: a function of x, y, z that returns their three gradients.
#
# > f = (x + y)·z + x의 역전파를 직접 쓰세요. x, y, z를 받아 기울기 셋을 돌려주는 함수입니다.

# %%
answer = None  # def answer(x, y, z): … return dx, dy, dz
check("1.6", answer)
