# %% [markdown]
# # 6 · Derivatives and gradient descent
#
# > **요약.** 미분은 입력을 아주 조금 바꿨을 때 출력이 얼마나 변하는지를 뜻하고, 여러 변수에 대한 편미분을 모은 벡터가
# > 기울기(gradient)다. 기울기의 반대 방향으로 조금씩 움직이면 함수값이 줄어든다(경사 하강법). 학습률이 너무 작으면 느리고,
# > 너무 크면 최솟값을 지나쳐 발산한다. 전체 데이터(배치), 하나씩(확률적), 작은 묶음(미니배치)으로 기울기를 구하는 방법을
# > 비교하고, 모멘텀·AdaGrad·RMSprop·Adam 같은 최적화 기법이 같은 곡면에서 어떤 길로 내려가는지 그려 본다.
#
# From the difference quotient to the optimisers, on surfaces that can be seen.

# %%
from math import ceil

import numpy as np
from exercise import check

import nn
import viz
from autograd import Tensor, Value, check_gradients, grad, gradient

# %% [markdown]
# ## The derivative
#
# (f(x + h) − f(x)) / h for smaller and smaller h: the slope of the chord becomes the slope of the tangent. On a computer h
# must not be too small, or the digits of f cancel; backpropagation needs no h at all.

# %%


def f(x):
    return x**2


for h in (1.0, 0.1, 1e-3, 1e-8, 1e-13):
    print(f"h = {h:g}: {(f(3 + h) - f(3)) / h:.9f}")
assert grad(f)(3.0) == 6.0
assert abs((f(3 + 1e-8) - f(3)) / 1e-8 - 6) < 1e-6 < abs((f(3 + 1e-13) - f(3)) / 1e-13 - 6)

# %% [markdown]
# `check_gradients` does this with care, with an error bar; its picture is a V. On the right the step is too long for the
# curve, on the left too short for the digits.

# %%
report = check_gradients(lambda x: x**3 - 2 * x, 1.5)
assert report.verdict == "OK" and abs(report.worst.analytic - (3 * 1.5**2 - 2)) < 1e-12
viz.plots.gradient_check(report)

# %% [markdown]
# At a minimum the derivative is 0: (x − 2)² + 1 has it at x = 2. (Where it is 0 there need be no minimum: x³ at 0.)

# %%
assert grad(lambda x: (x - 2) ** 2 + 1)(2.0) == 0.0 and grad(lambda x: x**3)(0.0) == 0.0

# %% [markdown]
# ## Several variables: the gradient
#
# One partial derivative for each variable, as if the others stood still. Of x1² + x2² at (3, 4) it is (6, 8); it points where
# the function grows fastest, so −gradient points downhill: at (1, −1) it is (−2, 2).

# %%


def bowl(x1, x2):
    return x1**2 + x2**2


x1, x2 = Value(3.0, "x1"), Value(4.0, "x2")
assert gradient(bowl(x1, x2), [x1, x2]) == [6.0, 8.0]
assert [-g for g in grad(bowl, (0, 1))(1.0, -1.0)] == [-2.0, 2.0]
viz.plots.gradient_field(bowl)

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
assert abs(end1) < 1e-6 and abs(end2) < 1e-6 and 60 < steps < 90

# %% [markdown]
# ## The learning rate
#
# On this valley (steep across, flat along) a rate can be too small (it hardly moves), good, or too large (it overshoots from
# side to side, and at last diverges). The limit is 2 ÷ the steepest curvature: here 2 ÷ 2 = 1.

# %%


def valley(x1, x2):
    return x1**2 / 20 + x2**2


def sgd(lr, **options):
    return lambda params: nn.optim.SGD(params, lr=lr, **options)


rates = {"0.02: too small": sgd(0.02), "0.5: good": sgd(0.5), "0.95: overshoots": sgd(0.95), "1.05: diverges": sgd(1.05)}
axes = viz.plots.descent(valley, (-7.0, 2.0), rates, 25, bounds=((-8.0, 1.0), (-4.0, 4.0)))
ends = {name: valley(*points[-1]) for name, points in axes.paths.items()}
print({name: float(f"{end:.3g}") for name, end in ends.items()})
assert ends["0.5: good"] < 0.3 < ends["0.02: too small"] and ends["1.05: diverges"] > valley(-7.0, 2.0)
axes

# %% [markdown]
# ## All examples, one, or some
#
# A line through 128 points. The **batch** gradient is the mean over all of them: a smooth path. One example at a time
# (**stochastic**) is noisy and cheap. A **mini-batch** (32 to 128 examples) lies between. An epoch is once through all data:
# ceil(N / batch size) iterations, the last batch perhaps smaller.

# %%
rng = np.random.default_rng(0)
inputs = rng.uniform(-1, 1, 128)
targets = 1.5 * inputs - 0.5 + 0.3 * rng.normal(size=128)
assert [ceil(128 / size) for size in (128, 32, 1)] == [1, 4, 128] and ceil(100 / 32) == 4
assert [len(y) for _, y in nn.data.DataLoader((inputs[:100], targets[:100]), 32)] == [32, 32, 32, 4]  # the last is kept


def line_path(batch, updates, lr=0.3):
    w = Tensor([-1.0, 1.0], "w")  # slope and intercept
    points, order = [w.data.copy()], np.random.default_rng(1)
    for _ in range(updates):
        chosen = order.choice(128, batch, replace=False)
        loss = ((w[0] * inputs[chosen] + w[1] - targets[chosen]) ** 2).mean()
        w.data = w.data - lr * gradient(loss, w)
        points.append(w.data.copy())
    return np.array(points)


def loss_surface(w0, w1):
    total = 0.0
    for x, t in zip(inputs[::4], targets[::4]):
        total = total + (w0 * x + w1 - t) ** 2
    return total


ways = {"batch of all 128": line_path(128, 30), "mini-batches of 32": line_path(32, 30), "one example": line_path(1, 30)}
for points in (ways["batch of all 128"], ways["mini-batches of 32"]):
    assert np.allclose(points[-1], [1.5, -0.5], atol=0.25)
viz.plots.descent(loss_surface, (-1.0, 1.0), ways)

# %% [markdown]
# ## The optimisers on one surface
#
# Momentum remembers its direction; AdaGrad divides by what each weight has seen so far; RMSprop and AdaDelta forget the past;
# Adam does both; NAdam looks ahead; AdamW lets the weights decay beside.

# %%
O = nn.optim
family = {
    "SGD": sgd(0.5), "momentum": sgd(0.1, momentum=0.9), "Nesterov": sgd(0.1, momentum=0.9, nesterov=True),
    "AdaGrad": lambda p: O.Adagrad(p, lr=1.0), "RMSprop": lambda p: O.RMSprop(p, lr=0.2), "Adam": lambda p: O.Adam(p, lr=0.4),
}
viz.plots.descent(valley, (-7.0, 2.0), family, 40)

# %%
every = {**family, "AdaDelta": lambda p: O.Adadelta(p, lr=20.0), "AdamW": lambda p: O.AdamW(p, lr=0.4, weight_decay=0.01),
         "NAdam": lambda p: O.NAdam(p, lr=0.4)}
paths = viz.plots.descent(valley, (-7.0, 2.0), every, 150).paths
for name, points in paths.items():
    print(f"{name:9} f = {valley(*points[-1]):.2e} after 150 steps")
    assert valley(*points[-1]) < 0.1

# %% [markdown]
# One step of each rule by hand. Momentum after two steps with gradient 1 has moved lr·1 + lr·(0.9 + 1); Adam's first step is
# lr whatever the size of the gradient.

# %%


def moved(make, slopes):
    x = Tensor([0.0], "x")
    optimizer = make([x])
    for slope in slopes:
        x.grad = np.array([slope])
        optimizer.step()
    return float(x.data[0])


assert abs(moved(sgd(0.1, momentum=0.9), [1.0, 1.0]) + 0.1 * 1 + 0.1 * 1.9) < 1e-12
assert abs(moved(lambda p: O.Adam(p, lr=0.1), [1000.0]) + 0.1) < 1e-6
assert abs(moved(lambda p: O.Adagrad(p, lr=0.1), [2.0, 2.0]) + 0.1 + 0.1 / 2**0.5) < 1e-6

# %% [markdown]
# ## The rate over time
#
# Constant, in steps, exponential, cosine, 1/t, with a warm-up, or down when the loss no longer falls.

# %%


def rates_of(make, epochs=50):
    optimizer = O.SGD([Tensor([0.0])], lr=0.1)
    schedule = make(optimizer)
    rates = []
    for _ in range(epochs):
        rates.append(optimizer.param_groups[0]["lr"])
        schedule.step()
    return rates


S = nn.schedule
policies = {
    "constant": [0.1] * 50,
    "step": rates_of(lambda o: S.StepLR(o, step_size=15, gamma=0.3)),
    "exponential": rates_of(lambda o: S.ExponentialLR(o, gamma=0.93)),
    "cosine": rates_of(lambda o: S.CosineAnnealingLR(o, T_max=50)),
    "1/t": rates_of(lambda o: S.LambdaLR(o, lambda t: 1 / (1 + 0.2 * t))),
    "warm-up": [0.1 * min(1.0, (epoch + 1) / 10) for epoch in range(50)],
}
assert abs(policies["step"][15] - 0.03) < 1e-12 and abs(policies["cosine"][25] - 0.05) < 1e-12
plot = viz.plots.curves(policies, list(policies))
_ = plot.set(ylabel="learning rate")
plot

# %% [markdown]
# ## The loop, and its progress
#
# Forward, loss, backward, update, until the stop criterion; a bar shows how far it is. `nn.train.fit` is this loop with all
# that belongs to it.

# %%
model = nn.Sequential(nn.Linear(4, 16, rng=0), nn.Tanh(), nn.Linear(16, 3, rng=1))
history = nn.train.fit(model, nn.data.load("iris"), nn.functional.cross_entropy, O.Adam(model.named_parameters(), lr=0.02),
                       epochs=15, batch_size=32, metrics="accuracy", seed=0, progress=False)
assert len(history.batches) == 15 * ceil(150 / 32) and history["accuracy"][-1] > 0.9
viz.plots.curves(history)

# %% [markdown]
# ## Exercises
#
# **1.** The gradient of x1²·x2 at (2, 3)?

# %%
answer = None
check(answer, lambda: tuple(grad(lambda a, b: a**2 * b, (0, 1))(2.0, 3.0)))

# %% [markdown]
# **2.** From x = 4 down f(x) = x² with rate 0.25: where is x after two steps?

# %%
answer = None
check(answer, lambda: 4.0 * 0.5 * 0.5)

# %% [markdown]
# **3.** 1,797 examples, batches of 64, 10 epochs: how many updates?

# %%
answer = None
check(answer, lambda: 10 * ceil(1797 / 64))

# %% [markdown]
# **4.** From which rate on does gradient descent diverge on f(x) = 3x²?

# %%
answer = None
check(answer, lambda: 2 / 6)

# %% [markdown]
# <details><summary>Hints</summary>
#
# 1. (2·x1·x2, x1²). 2. x ← x − 0.25·2x halves x. 3. Round up. 4. 2 ÷ f''.
# </details>
