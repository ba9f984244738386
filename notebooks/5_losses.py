# %% [markdown]
# # 5 · Losses and regularisation
#
# > **요약.** 손실 함수는 예측이 얼마나 틀렸는지를 하나의 수로 나타낸다. 회귀에는 SSE·MSE·RMSE·MAE를, 분류에는 교차
# > 엔트로피와 힌지 손실(SVM)을 쓴다. 손실이 같아도 가중치는 여러 가지일 수 있으므로(손실이 0이면 2W도 0이다) 규제 항
# > λ·R(W)를 더해 더 단순한 모델을 고른다. L2는 가중치를 고르게 퍼뜨리고, L1은 불필요한 가중치를 0으로 만든다. 규제는 훈련
# > 데이터의 잡음까지 외우는 과적합을 막는다.
#
# One number that says how wrong a network is, and a second that says how complicated.

# %%
import numpy as np
from exercise import check

import nn
import viz
from autograd import Tensor, Value, gradient, softmax
from nn import functional as F

# %% [markdown]
# ## Regression: how far off?

# %%
said, truth = [3.0, 4.0, 5.0], [2.7, 4.2, 5.5]
assert abs(nn.losses.sse_loss([0.7], [0.5]) - 0.04) < 1e-12  # 0.2²
mse = nn.mse_loss(said, truth)
assert abs(mse - 0.38 / 3) < 1e-12  # 0.09 + 0.04 + 0.25 = 0.38
assert abs(nn.losses.rmse_loss(said, truth) - (0.38 / 3) ** 0.5) < 1e-12
assert abs(nn.losses.l1_loss(said, truth) - (0.3 + 0.2 + 0.5) / 3) < 1e-12
print(f"MSE {mse:.4f}  RMSE {mse**0.5:.4f}  MAE {1 / 3:.4f}")

prediction = Value(3.0, "said")
error = nn.mse_loss([prediction], [2.7])
error.backward()
assert abs(prediction.grad - 2 * 0.3) < 1e-12  # the further off, the stronger the pull
viz.draw(error)

# %% [markdown]
# The squared error pulls in proportion to the distance, the absolute one always equally: one outlier moves it less.

# %%
distance = np.linspace(-3, 3, 121)
shapes = {"squared": distance**2, "absolute": np.abs(distance),
          "smooth L1": np.where(np.abs(distance) < 1, distance**2 / 2, np.abs(distance) - 0.5)}
axes = viz.plots.curves({"epoch": distance.tolist(), **{k: v.tolist() for k, v in shapes.items()}}, list(shapes))
_ = axes.set(xlabel="prediction − target", ylabel="loss")
axes

# %% [markdown]
# ## Classification: cross-entropy
#
# −Σ y·log p. With one-hot targets only the probability of the right class counts: class 1 with p = [0.7, 0.3] costs −log 0.3.
# "Sparse" cross-entropy takes the index of the class instead of the one-hot row; it is the same number.

# %%
p = np.array([0.7, 0.3])
one_hot = np.array([0.0, 1.0])
assert abs(-(one_hot * np.log(p)).sum() - -np.log(0.3)) < 1e-12
scores = Tensor(np.log(p)[None], "s")  # scores whose softmax is p
sparse, dense = F.cross_entropy(scores, np.array([1])), F.cross_entropy(scores, one_hot[None])
assert abs(sparse.item() - -np.log(0.3)) < 1e-12 and abs(dense.item() - sparse.item()) < 1e-12
assert np.allclose(gradient(sparse, scores), softmax(scores).data - one_hot)  # the famous p − y
viz.draw(viz.zoom(sparse), title="cross-entropy of two scores, as single numbers")

# %%
for likely in (0.99, 0.5, 0.01):
    print(f"p of the right class {likely:4}: loss {-np.log(likely):.3f}")
assert abs(F.binary_cross_entropy(Tensor([0.3]), np.array([1.0])).item() - -np.log(0.3)) < 1e-12
assert abs(F.binary_cross_entropy(Tensor([0.3]), np.array([0.0])).item() - -np.log(0.7)) < 1e-12
huge = Tensor([[1000.0, 0.0]], "s")  # from scores, it stays finite where log(softmax) would be log 0
assert F.cross_entropy(huge, np.array([1])).item() == 1000.0

# %% [markdown]
# ## Hinge loss (multiclass SVM) and softmax loss, side by side
#
# Σ max(0, s_j − s_y + 1) over the wrong classes: a margin of 1 is wanted, and more is worth nothing. The softmax loss always
# wants more. Three pictures, with the scores of cat, car and frog:

# %%
S = np.array([[3.2, 5.1, -1.7], [1.3, 4.9, 2.0], [2.2, 2.5, -3.1]])
y = np.array([0, 1, 2])  # a cat, a car, a frog
each = [nn.hinge_loss([row], [label]) for row, label in zip(S.tolist(), y.tolist())]
assert np.allclose(each, [2.9, 0.0, 12.9])
assert abs(F.hinge_loss(Tensor(S), y).item() - 15.8 / 3) < 1e-12
assert np.allclose(softmax(Tensor(S[0])).data, [0.13, 0.87, 0.00], atol=0.005)
assert abs(F.cross_entropy(Tensor(S[:1]), y[:1]).item() - -np.log(softmax(Tensor(S[0])).data[0])) < 1e-12
print("hinge:", np.round(each, 2), " softmax loss of the cat:", round(F.cross_entropy(Tensor(S[:1]), y[:1]).item(), 2))

better = S.copy()
better[1, 1] += 1.0  # the car is right already, by more than the margin
assert nn.hinge_loss(better.tolist(), y.tolist()) == nn.hinge_loss(S.tolist(), y.tolist())
assert F.cross_entropy(Tensor(better), y).item() < F.cross_entropy(Tensor(S), y).item()

# %% [markdown]
# At the start, when all scores are about 0, the loss must be what chance gives: C − 1 for the hinge, log C for softmax. (First
# thing to look at in a new network: 2.3 for ten classes.)

# %%
assert F.hinge_loss(Tensor(np.zeros((4, 10))), np.arange(4)).item() == 9.0
assert abs(F.cross_entropy(Tensor(np.zeros((4, 10))), np.arange(4)).item() - np.log(10)) < 1e-12
print(f"log 10 = {np.log(10):.4f}")

# %% [markdown]
# ## Why regularise
#
# Where the hinge loss is 0 with W, it is 0 with 2W too. Something else must choose.

# %%
W, x = np.array([[0.0, 0.0], [3.0, 0.0]]), np.array([[1.0, 0.5]])
assert [F.hinge_loss(Tensor(x @ (k * W).T), np.array([1])).item() for k in (1, 2)] == [0.0, 0.0]

# %% [markdown]
# Data loss + λ·R(W), with λ about 0.001. On x = [1, 1, 1, 1] the weights [1, 0, 0, 0] and [¼, ¼, ¼, ¼] give the same score. L2
# prefers the second, which uses all inputs; L1 does not mind.

# %%
ones, w1, w2 = np.ones(4), Tensor([1.0, 0.0, 0.0, 0.0]), Tensor([0.25] * 4)
assert w1.data @ ones == w2.data @ ones == 1.0
l2 = [nn.losses.l2_penalty([w]).item() for w in (w1, w2)]
l1 = [nn.losses.l1_penalty([w]).item() for w in (w1, w2)]
print("L2:", l2, " L1:", l1)
assert l2[1] < l2[0] and l2[0] / l2[1] == 4.0 and l1[0] == l1[1]
elastic = [nn.losses.elastic_penalty([w]).item() for w in (w1, w2)]
assert elastic[1] < elastic[0]

# %% [markdown]
# L2 pulls on each weight in proportion to it: all become small. L1 pulls equally on all: those that do little become exactly 0.
# Ten inputs, of which two matter:

# %%
rng = np.random.default_rng(0)
inputs = rng.normal(size=(80, 10))
targets = inputs[:, 0] - 2 * inputs[:, 1] + 0.1 * rng.normal(size=80)


def fitted(penalty, strength, steps=400, lr=0.05):
    w = Tensor(np.zeros(10), "w")
    for _ in range(steps):
        slope = gradient(F.mse_loss(Tensor(inputs) @ w, targets), w)
        if penalty == "L2":
            slope = slope + strength * 2 * w.data
        w.data = w.data - lr * slope
        if penalty == "L1":  # what pulls equally stops at 0
            w.data = np.sign(w.data) * np.maximum(np.abs(w.data) - lr * strength, 0)
    return w.data


weights = {kind: fitted(kind, 0.3) for kind in ("none", "L2", "L1")}
print({kind: f"{(w == 0).sum()} weights are 0, the largest is {np.abs(w).max():.2f}" for kind, w in weights.items()})
assert (weights["L1"] == 0).sum() >= 6 and (weights["L2"] == 0).sum() == 0
assert np.abs(weights["L2"]).max() < np.abs(weights["none"]).max()

# %% [markdown]
# ## f1 and f2: wiggly or simple
#
# A polynomial of degree 11 through 12 noisy points of a sine. Without a penalty (f1) it meets every point and swings between
# them; with a small one (f2) it misses them a little, and is nearer to the truth where there are none.

# %%
at = np.linspace(-1, 1, 12)
noisy = np.sin(3 * at) + 0.25 * rng.normal(size=12)
fine = np.linspace(-1, 1, 201)


def polynomial(strength, degree=11):
    powers = lambda t: np.stack([t**k for k in range(degree + 1)], 1)
    w = np.linalg.solve(powers(at).T @ powers(at) + strength * np.eye(degree + 1), powers(at).T @ noisy)
    return powers(fine) @ w, powers(at) @ w


(f1, f1_there), (f2, f2_there) = polynomial(1e-12), polynomial(1e-2)
to_truth = [float(np.mean((f - np.sin(3 * fine)) ** 2)) for f in (f1, f2)]
on_points = [float(np.mean((f - noisy) ** 2)) for f in (f1_there, f2_there)]
print(f"on the points: f1 {on_points[0]:.4f}, f2 {on_points[1]:.4f};  off the truth: f1 {to_truth[0]:.3f}, f2 {to_truth[1]:.3f}")
assert on_points[0] < 0.001 < on_points[1] and to_truth[1] < to_truth[0]
drawn = {"f1": f1.tolist(), "f2": f2.tolist(), "truth": np.sin(3 * fine).tolist()}
axes = viz.plots.curves({"epoch": fine.tolist(), **drawn}, list(drawn))
axes.plot(at, noisy, "ko", markersize=4)
_ = axes.set(xlabel="x", ylabel="y")
axes

# %% [markdown]
# ## Exercises
#
# **1.** MSE and MAE of [1, 2, 3] against [1, 4, 3]? Give both.

# %%
answer = None
check(answer, lambda: (nn.mse_loss([1.0, 2.0, 3.0], [1.0, 4.0, 3.0]), nn.losses.l1_loss([1.0, 2.0, 3.0], [1.0, 4.0, 3.0])))

# %% [markdown]
# **2.** The hinge loss of scores (2, 4, 3) where the last class is right?

# %%
answer = None
check(answer, lambda: nn.hinge_loss([[2.0, 4.0, 3.0]], [2]))

# %% [markdown]
# **3.** The gradient of cross-entropy with respect to three scores (0, 0, 0), class 0 being right? Give three numbers.

# %%
answer = None


def solution():
    s = Tensor([[0.0, 0.0, 0.0]])
    return tuple(gradient(F.cross_entropy(s, np.array([0])), s)[0].tolist())


check(answer, solution)

# %% [markdown]
# <details><summary>Hints</summary>
#
# 1. 4/3 and 2/3. 2. max(0, 2 − 3 + 1) + max(0, 4 − 3 + 1). 3. p − y.
# </details>
