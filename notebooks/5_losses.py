# %% [markdown]
# # 5 · Losses and regularisation
#
# > **Summary.** A loss says in one number how wrong a prediction is. For regression it is SSE, MSE, RMSE or MAE, for classification
# > cross-entropy or the hinge loss (SVM). Different weights may have the same loss (where the loss of W is 0, that of 2W is 0 too),
# > so a penalty λ·R(W) is added, and a simpler model is chosen. L2 spreads the weights evenly, L1 makes useless weights exactly 0.
# > Regularisation keeps a model from overfitting, from learning even the noise of the training data by heart.
#
# One number that says how wrong a network is, and a second that says how complicated.

# %%
import numpy as np
from matplotlib.figure import Figure

import nn
import viz
from autograd import AnomalyError, Tensor, Value, detect_anomaly, gradient, log, scope, sigmoid, softmax
from chainrule.exercises import check, circuit, code, hint, solution
from nn import functional as F

# %% [markdown]
# ## Regression: how far off?
#
# | loss | formula | example |
# |---|---|---|
# | SSE | Σ (prediction − target)² | 0.5 where 0.7 is right: (−0.2)² = 0.04 |
# | MSE | SSE / N | [2.7, 4.2, 5.5] where [3, 4, 5] is right: (0.09 + 0.04 + 0.25) / 3 = 0.38 / 3 |
# | RMSE | √MSE, in the unit of the target | √(0.38 / 3) |
# | MAE | Σ abs(prediction − target) / N | (0.3 + 0.2 + 0.5) / 3 |

# %%
truth, said = [3.0, 4.0, 5.0], [2.7, 4.2, 5.5]
sse = nn.sse_loss(0.5, 0.7)  # the target is 0.7, the prediction 0.5
mse, rmse, mae = nn.mse_loss(said, truth), nn.rmse_loss(said, truth), nn.l1_loss(said, truth)
print(f"SSE {sse:.2f}   MSE {mse:.4f}   RMSE {rmse:.4f}   MAE {mae:.4f}")

prediction = Value(2.7, "said")
error = nn.mse_loss([prediction], [3.0])
error.backward()
viz.draw(error)

# %% tags=["proof"]
assert abs(sse - 0.04) < 1e-12 and abs(mse - 0.38 / 3) < 1e-12
assert abs(rmse - (0.38 / 3) ** 0.5) < 1e-12 and abs(mae - 1 / 3) < 1e-12
assert abs(prediction.grad + 2 * 0.3) < 1e-12  # the further off, the stronger the pull

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
# −Σ y·log p. With one-hot targets only the probability of the right class counts: class 1 with p = [0.7, 0.3] costs −log 0.3 =
# 1.204. "Sparse" cross-entropy takes the index of the class instead of the one-hot row; it is the same number. And its gradient
# towards the scores could not be simpler: p − y.

# %%
p = np.array([0.7, 0.3])
one_hot = np.array([0.0, 1.0])
by_hand = -(one_hot * np.log(p)).sum()
scores = Tensor(np.log(p)[None], "s")  # scores whose softmax is p
sparse, dense = F.cross_entropy(scores, np.array([1])), F.cross_entropy(scores, one_hot[None])
print(f"by hand {by_hand:.3f}   of the index {sparse.item():.3f}   of the one-hot row {dense.item():.3f}")
print("gradient:", gradient(sparse, scores).round(2)[0], "  p − y:", (p - one_hot).round(2))
viz.stepper(viz.zoom(sparse), title="Softmax with cross-entropy, two scores as single numbers")

# %% tags=["proof"]
assert abs(by_hand - -np.log(0.3)) < 1e-12
assert abs(sparse.item() - by_hand) < 1e-12 and abs(dense.item() - by_hand) < 1e-12
assert np.allclose(gradient(sparse, scores), p - one_hot)

# %% [markdown]
# **Binary cross-entropy** has one probability p, for "yes": −log p where the answer is yes, −log(1 − p) where it is no. To be
# sure and wrong is punished without limit:

# %%
at = np.linspace(0.01, 0.99, 99)
costs = {"the answer is yes": -np.log(at), "the answer is no": -np.log(1 - at)}
axes = viz.plots.curves({"epoch": at.tolist(), **{k: v.tolist() for k, v in costs.items()}}, list(costs))
_ = axes.set(xlabel="p, the probability given to yes", ylabel="loss")
axes

# %% tags=["proof"]
assert abs(F.binary_cross_entropy(Tensor([0.3]), np.array([1.0])).item() - -np.log(0.3)) < 1e-12
assert abs(F.binary_cross_entropy(Tensor([0.3]), np.array([0.0])).item() - -np.log(0.7)) < 1e-12

# %% [markdown]
# ## Which output, and which loss?
#
# | task | target | output activation | loss |
# |---|---|---|---|
# | regression | a number | identity | MSE, or MAE where there are outliers |
# | two classes | 0 or 1 | sigmoid | binary cross-entropy |
# | many classes | a one-hot row | softmax | categorical cross-entropy |
# | many classes | an index | softmax | sparse categorical cross-entropy: the same number |
#
# The pairs are no accident. With each of them the gradient that arrives at the last sum is **what was said − what is right**:

# %%
a = Tensor([0.8], "a")  # the last sum of a network with one output
target = np.array([1.0])
print("identity and ½·squared error:", gradient(((a - target) ** 2 / 2).sum(), a).round(4), "  said − right:", a.data - target)
said_yes = sigmoid(a)
print("sigmoid and binary cross-entropy:", gradient(F.binary_cross_entropy(said_yes, target), a).round(4),
      "  said − right:", (said_yes.data - target).round(4))
three = Tensor([[0.8, -0.5, 0.1]], "a")
print("softmax and cross-entropy:", gradient(F.cross_entropy(three, np.array([0])), three)[0].round(4),
      "  said − right:", (softmax(three).data[0] - [1, 0, 0]).round(4))
print("sigmoid and ½·squared error:", gradient(((sigmoid(a) - target) ** 2 / 2).sum(), a).round(4), "  (1 − σ)·σ times as large")

# %% tags=["proof"]
assert np.allclose(gradient(F.binary_cross_entropy(sigmoid(a), target), a), sigmoid(a).data - target)
assert np.allclose(gradient(F.cross_entropy(three, np.array([0])), three)[0], softmax(three).data[0] - [1, 0, 0])

# %% [markdown]
# The last line is a pair that does not fit: where the sigmoid saturates, (1 − σ)·σ is nearly 0, and a wrong answer is not
# corrected.

# %% [markdown]
# ## From scores, not from probabilities
#
# A probability of exactly 0 has the logarithm −∞. Softmax gives one easily: e^(−1000) is 0 on a computer. `detect_anomaly()` stops
# where the first inf or nan arises, and says why. Cross-entropy *from scores* does both in one and stays finite.

# %%
huge = Tensor([1000.0, 0.0], "s")
try:
    with detect_anomaly():
        naive = -log(softmax(huge))[1]
except AnomalyError as error:
    found = error.anomaly
    print(f"{found.operation} gave {found.result} in the line: {found.code}")
    print("why:", found.said(found.reason))
    print("remedy:", found.said(found.remedy))

print("from scores:", F.cross_entropy(huge.reshape(1, 2), np.array([1])).item())

# %% tags=["proof"]
assert F.cross_entropy(huge.reshape(1, 2), np.array([1])).item() == 1000.0

# %% [markdown]
# ## Hinge loss (multiclass SVM) and softmax loss, side by side
#
# Σ max(0, s_j − s_y + 1) over the wrong classes: a margin of 1 is wanted, and more is worth nothing. The softmax loss always
# wants more. Three pictures, with the scores of cat, car and frog:

# %%
S = np.array([[3.2, 5.1, -1.7], [1.3, 4.9, 2.0], [2.2, 2.5, -3.1]])
y = np.array([0, 1, 2])  # a cat, a car, a frog
each = [nn.hinge_loss([row], [label]) for row, label in zip(S.tolist(), y.tolist())]
softmax_loss = [F.cross_entropy(Tensor([row]), np.array([label])).item() for row, label in zip(S, y)]
for name, a, b in zip(("cat", "car", "frog"), each, softmax_loss):
    print(f"{name:4}  hinge {a:5.2f}   softmax {b:5.2f}")

better = S.copy()
better[1, 1] += 1.0  # the car is right already, by more than the margin
print(f"the car's score 1 higher: hinge {nn.hinge_loss(better[1:2].tolist(), [1]):.2f}, "
      f"softmax {F.cross_entropy(Tensor(better[1:2]), y[1:2]).item():.2f}")

# %% tags=["proof"]
assert np.allclose(each, [2.9, 0.0, 12.9])
assert abs(F.hinge_loss(Tensor(S), y).item() - 15.8 / 3) < 1e-12
assert np.allclose(softmax(Tensor(S[0])).data, [0.13, 0.87, 0.00], atol=0.005)
assert abs(F.cross_entropy(Tensor(S[:1]), y[:1]).item() - -np.log(softmax(Tensor(S[0])).data[0])) < 1e-12
assert nn.hinge_loss(better.tolist(), y.tolist()) == nn.hinge_loss(S.tolist(), y.tolist())
assert F.cross_entropy(Tensor(better), y).item() < F.cross_entropy(Tensor(S), y).item()

# %% [markdown]
# At the start, when all scores are about 0, the loss must be what chance gives: C − 1 for the hinge, log C for softmax. (First
# thing to look at in a new network: 2.3 for ten classes.)

# %%
zeros = Tensor(np.zeros((1, 10)))
hinge, softmax_first = F.hinge_loss(zeros, [3]).item(), F.cross_entropy(zeros, [3]).item()
print(f"ten scores of 0: hinge {hinge:g} = 10 − 1, softmax {softmax_first:.4f} = log 10")

# %% tags=["proof"]
assert F.hinge_loss(Tensor(np.zeros((4, 10))), np.arange(4)).item() == 9.0
assert abs(F.cross_entropy(Tensor(np.zeros((4, 10))), np.arange(4)).item() - np.log(10)) < 1e-12

# %% [markdown]
# ## Why regularise
#
# Where the hinge loss is 0 with W, it is 0 with 2W too: the data cannot tell them apart. Something else must choose: a
# **penalty** R(W), so that loss = data loss + λ·R(W), with λ about 0.001.

# %%
W, x = np.array([[0.0, 0.0], [3.0, 0.0]]), np.array([[1.0, 0.5]])
lam = 0.001
for k in (1, 2):
    data_loss = F.hinge_loss(Tensor(x @ (k * W).T), np.array([1])).item()
    total = data_loss + lam * nn.l2_penalty([Tensor(k * W)]).item()
    print(f"{k}W: data loss {data_loss:g}, with λ·R(W) {total:g}")

# %% [markdown]
# **The whole circuit**, from an image and the weights to the loss that is minimised: x and W make scores, the scores and the right
# class make the hinge loss, W alone makes R(W), and both are added. So two gradients come back to each weight: one from the data,
# one from the penalty. (Two pixels and three classes, the first one right; λ = 0.1, so that the penalty can be seen.)

# %%
START = [[0.5, -0.5], [1.0, 0.5], [-1.0, 1.0]]
rows = [[Value(w, f"w{'₁₂₃'[i]}{'₁₂'[j]}") for j, w in enumerate(row)] for i, row in enumerate(START)]
pixels = [Value(1.0, "x₁"), Value(2.0, "x₂")]
with scope("scores"):
    scores = [row[0] * pixels[0] + row[1] * pixels[1] for row in rows]
for i, score in enumerate(scores):
    score.name = f"s{'₁₂₃'[i]}"
data_loss = nn.hinge_loss([scores], [0])
penalty = nn.l2_penalty(w for row in rows for w in row)
total = data_loss + 0.1 * penalty
total.backward()
print(f"scores {[s.data for s in scores]}, hinge {data_loss.data:g}, R(W) {penalty.data:g}, total {total.data:g}")
viz.stepper(total, title="x, W → scores → hinge loss, and λ·R(W)", parameters=[w for row in rows for w in row])

# %% tags=["proof"]
assert abs(total.data - (data_loss.data + 0.1 * penalty.data)) < 1e-12 and [s.data for s in scores] == [-0.5, 2.0, 1.0]
assert data_loss.data == 3.5 + 2.5 and abs(rows[0][0].grad - (-2 * 1.0 + 0.1 * 2 * 0.5)) < 1e-12

# %% [markdown]
# L2 is Σ w², L1 is Σ abs(w), elastic both. On x = [1, 1, 1, 1] the weights w₁ = [1, 0, 0, 0] and w₂ = [¼, ¼, ¼, ¼] give the same
# score. L2 prefers the second, which listens to all inputs; L1 does not mind.

# %%
ones, w1, w2 = np.ones(4), Tensor([1.0, 0.0, 0.0, 0.0]), Tensor([0.25] * 4)
for name, penalty in (("L2", nn.l2_penalty), ("L1", nn.l1_penalty), ("elastic", nn.elastic_penalty)):
    print(f"{name:7}  w₁: {penalty([w1]).item():.2f}   w₂: {penalty([w2]).item():.2f}")

# %% tags=["proof"]
assert w1.data @ ones == w2.data @ ones == 1.0
assert [nn.l2_penalty([w]).item() for w in (w1, w2)] == [1.0, 0.25]
assert [nn.l1_penalty([w]).item() for w in (w1, w2)] == [1.0, 1.0]
assert [nn.elastic_penalty([w]).item() for w in (w1, w2)] == [2.0, 1.25]

# %% [markdown]
# L2 pulls on each weight in proportion to it: all become smaller. L1 pulls equally on all: those that do little become exactly
# zero. A line is fitted to ten inputs, of which two matter (w = 1 and −2):

# %%
rng = np.random.default_rng(0)
inputs = rng.normal(size=(80, 10))
targets = inputs[:, 0] - 2 * inputs[:, 1] + 0.5 * rng.normal(size=80)


def fitted(penalty, strength=0.3, steps=400, lr=0.05):
    w = Tensor(np.zeros(10), "w")
    for _ in range(steps):
        loss = F.mse_loss(Tensor(inputs) @ w, targets)
        if penalty == "L2":
            loss = loss + strength * nn.l2_penalty([w])
        w.data = w.data - lr * gradient(loss, w)
        if penalty == "L1":  # a pull that is equal everywhere, and stops at 0
            w.data = np.sign(w.data) * np.maximum(np.abs(w.data) - lr * strength, 0)
    return w.data


weights = {kind: fitted(kind) for kind in ("none", "L2", "L1")}
figure = Figure(figsize=(9.2, 2.6), layout="constrained")
panels = viz.plots.Panels(figure.subplots(1, 3, sharey=True))
for panel, (kind, w) in zip(panels, weights.items()):
    panel.bar(range(10), w, color=viz.plots.SERIES[0])
    panel.set_title(f"{kind}: {(w == 0).sum()} weights are 0")
    panel.set_xlabel("weight")
panels

# %% tags=["proof"]
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
for name, near, far in zip(("f1", "f2"), on_points, to_truth):
    print(f"{name}: mean squared distance {near:.4f} from the points, {far:.4f} from the sine")
drawn = {"f1": f1.tolist(), "f2": f2.tolist(), "truth": np.sin(3 * fine).tolist()}
axes = viz.plots.curves({"epoch": fine.tolist(), **drawn}, list(drawn))
axes.plot(at, noisy, "ko", markersize=4)
_ = axes.set(xlabel="x", ylabel="y")
axes

# %% tags=["proof"]
assert on_points[0] < 0.001 < on_points[1] and to_truth[1] < to_truth[0]

# %% [markdown]
# ## Exercises
#
# `hint("5.1")` gives one hint at a time, `solution("5.1")` the solution; both, and `check`, take `lang="ko"`.
#
# **5.1** MSE and MAE of [1, 2, 3] against [1, 4, 3]? Give both: fractions, or two decimals.

# %%
answer = None
check("5.1", answer)

# %% [markdown]
# **5.2** The hinge loss of scores (2, 4, 3) where the last class is right?

# %%
answer = None
check("5.2", answer)

# %% [markdown]
# **5.3** The gradient of cross-entropy with respect to three scores (0, 0, 0), class 0 being right? Give three numbers.

# %%
answer = None
check("5.3", answer)

# %% [markdown]
# **5.4** Fill in the circuit: the hinge max(0, m) of m = w·x − s + 1, plus the penalty ½·w².

# %%
viz.quiz(circuit("5.4"))

# %%
answer = None  # {"m": …, "w": …, "x": …, "s": …}
check("5.4", answer)

# %% [markdown]
# **5.5** Find the bug in this loss.

# %%
code("5.5")

# %%
answer = None  # the number of the line
check("5.5", answer)

# %% [markdown]
# **5.6** Write the backward pass of softmax with cross-entropy by hand: a function of three scores, of which the second is
# that of the right class, that returns their three gradients.

# %%
answer = None  # def answer(s1, s2, s3): … return d1, d2, d3
check("5.6", answer)
