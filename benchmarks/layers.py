"""T4 to T8, layers with structure, and ADBench's objectives: value and gradient, in the same numbers for every engine."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

from .measure import Row, Step

SHAPES = {"lstm": (50, 16, 32), "gru": (50, 16, 32), "conv": (32, 3, 32, 32), "norm": (32, 3, 32, 32), "attention": (8, 64, 32)}


def model(kind: str, library: Any, flatten: Any) -> Any:
    """The layers of a row, of ``nn`` or of ``torch.nn``, which have the same names and the same parameters."""
    conv, relu, pool = partial(library.Conv2d, kernel_size=3, padding=1), library.ReLU, partial(library.MaxPool2d, 2)
    if kind == "conv":
        return library.Sequential(conv(3, 16), relu(), pool(), conv(16, 32), relu(), pool(), conv(32, 64), relu(), flatten,
                                  library.Linear(64 * 64, 10))
    if kind == "norm":
        return library.Sequential(conv(3, 16), library.BatchNorm2d(16), relu(), conv(16, 32), library.BatchNorm2d(32), relu(),
                                  pool(), flatten, library.Linear(32 * 256, 10))
    return {"lstm": library.LSTM, "gru": library.GRU}[kind](32, 64)


def weights(kind: str) -> tuple[Any, dict[str, Any]]:
    """The inputs of a row, and its parameters, drawn once for all engines."""
    import nn
    import numpy as np
    rng = np.random.default_rng(0)
    x = rng.normal(size=SHAPES[kind]).astype(np.float32)
    if kind == "attention":
        return x, {name: rng.normal(size=SHAPES[kind]).astype(np.float32) for name in ("keys", "values")}
    state = {name: np.asarray(p) for name, p in model(kind, nn, nn.Flatten()).state_dict().items()}
    return x, {name: (0.1 * rng.normal(size=p.shape)).astype(np.float32) if name.endswith(("weight", "bias")) or "_l0" in name
               else p for name, p in state.items()}


def of_chainrule(kind: str) -> tuple[Callable[..., Any], list[Any], tuple[Any, ...]]:
    """The loss of a row as a function of its inputs, the leaves, and the inputs."""
    import autograd as ag
    import nn
    from autograd import Tensor
    x, state = weights(kind)
    if kind == "attention":
        leaves = [Tensor(x), Tensor(state["keys"]), Tensor(state["values"])]

        def attention() -> Any:
            q, k, v = leaves
            return ((ag.softmax(q @ ag.swapaxes(k, 1, 2) * 32**-0.5, -1) @ v) ** 2).sum()
        return attention, leaves, ()
    layers = model(kind, nn, nn.Flatten())
    layers.load_state_dict(state)
    return partial(squared, layers), list(layers.parameters()), (x,)


def squared(layers: Any, x: Any) -> Any:
    """The sum of the squares of what layers return."""
    y = layers(x)
    return ((y[0] if isinstance(y, tuple) else y) ** 2).sum()


def chainrule(kind: str) -> Step:
    loss, leaves, x = of_chainrule(kind)
    return stepped(partial(loss, *x), leaves)


def stepped(loss: Callable[[], Any], leaves: list[Any]) -> Step:
    """Value and gradient of a loss."""
    def step() -> tuple[float, object]:
        for leaf in leaves:
            leaf.grad = None
        y = loss()
        y.backward()
        return y.item(), None
    return step


def torch(kind: str) -> Step:
    import torch as th
    th.set_num_threads(1)
    array, state = weights(kind)
    x = th.tensor(array)
    if kind == "attention":
        leaves = [th.tensor(part, requires_grad=True) for part in (array, state["keys"], state["values"])]

        def loss() -> Any:
            q, k, v = leaves
            return ((th.softmax(q @ k.transpose(1, 2) * 32**-0.5, -1) @ v) ** 2).sum()
    else:
        layers = model(kind, th.nn, th.nn.Flatten())
        layers.load_state_dict({name: th.tensor(p) for name, p in state.items()})
        leaves, loss = list(layers.parameters()), partial(squared, layers, x)
    return stepped(loss, leaves)


def jax_attention(compiled: bool) -> Step:
    import jax
    array, state = weights("attention")

    def loss(q: Any, k: Any, v: Any) -> Any:
        return ((jax.nn.softmax(q @ k.transpose(0, 2, 1) * 32**-0.5, -1) @ v) ** 2).sum()
    return by_jax(loss, [array, state["keys"], state["values"]], (), compiled)


def by_jax(loss: Callable[..., Any], leaves: list[Any], given: tuple[Any, ...], compiled: bool) -> Step:
    """Value and gradient of a loss in its leaves."""
    import jax
    gradient = jax.value_and_grad(loss, argnums=tuple(range(len(leaves))))
    gradient = jax.jit(gradient) if compiled else gradient
    arguments = [jax.numpy.asarray(x) for x in (*leaves, *given)]

    def step() -> tuple[float, object]:
        value, _slopes = jax.block_until_ready(gradient(*arguments))
        return float(value), None
    return step


JAX = {"JAX, jit": True, "JAX, eager": False}
LAYERS = {"t4": ("lstm", "T4  LSTM 32-64, 50 steps, batch 16"), "t5": ("gru", "T5  GRU 32-64, 50 steps, batch 16"),
          "t6": ("conv", "T6  three convolutions of 16, 32 and 64 filters on 32×32×3, batch 32"),
          "t7": ("norm", "T7  two convolutions with batch norm on 32×32×3, batch 32"),
          "t8": ("attention", "T8  attention, batch 8, 64 places, 32 features")}
ROWS: dict[str, Row] = {}
for _key, (_kind, _title) in LAYERS.items():
    _row = ROWS[_key] = Row(_key, f"{_title}: value and gradient", "ms", 1e3, rounds=9, agree=1e-3)
    _row.engine("chainrule")(partial(chainrule, _kind))
    _row.engine("PyTorch")(partial(torch, _kind))
for _name, _compiled in JAX.items():
    ROWS["t8"].engine(_name)(partial(jax_attention, _compiled))


# ── ADBench (Šrajer, Kukelova & Fitzgibbon, 2018): the log-likelihood of a mixture of Gaussians, less its constants ──

def mixture(d: int, k: int, n: int = 1000) -> list[Any]:
    """Weights α (k), means (k, d), logarithms of diagonals (k, d), lower triangles (k, d(d−1)/2), and n points."""
    import numpy as np
    rng = np.random.default_rng(0)
    return [rng.normal(size=k), rng.uniform(size=(k, d)), rng.normal(size=(k, d)) * 0.1,
            rng.normal(size=(k, d * (d - 1) // 2)) * 0.1, rng.normal(size=(n, d))]


def likelihood(alphas: Any, means: Any, logs: Any, lower: Any, x: Any, places: Any, einsum: Any, exp: Any, lse: Any) -> Any:
    """Σᵢ logsumexpₖ(αₖ + Σ log qₖ − ½ ‖Qₖ (xᵢ − μₖ)‖²) − n logsumexp(α) + ½ Σ (‖Qₖ‖² − 2 Σ log qₖ): a Wishart prior."""
    k, d = means.shape
    centred = x[:, None, :] - means[None]
    diagonals = exp(logs)
    scaled = diagonals[None] * centred
    if lower.shape[1]:
        scaled = scaled + einsum("kij,nkj->nki", (lower @ places).reshape(k, d, d), centred)
    inner = alphas + logs.sum(1) - 0.5 * (scaled**2).sum(2)
    prior = 0.5 * ((diagonals**2).sum() + (lower**2).sum()) - logs.sum()
    return lse(inner, 1).sum() - x.shape[0] * lse(alphas, 0) + prior


def strictly_lower(d: int) -> Any:
    """The matrix that puts d(d−1)/2 numbers into a flat d × d matrix below its diagonal, row by row."""
    import numpy as np
    rows, columns = np.tril_indices(d, -1)
    places = np.zeros((len(rows), d * d))
    places[np.arange(len(rows)), rows * d + columns] = 1.0
    return places


def mixture_of_chainrule(d: int, k: int) -> Step:
    import autograd as ag
    from autograd import Tensor
    *parameters, x = mixture(d, k)
    leaves, places = [Tensor(p) for p in parameters], strictly_lower(d)
    return stepped(lambda: likelihood(*leaves, x, places, ag.einsum, ag.exp, ag.logsumexp), leaves)


def mixture_of_torch(d: int, k: int) -> Step:
    import torch as th
    th.set_num_threads(1)
    *parameters, x = mixture(d, k)
    leaves, places, points = [th.tensor(p, requires_grad=True) for p in parameters], th.tensor(strictly_lower(d)), th.tensor(x)
    return stepped(lambda: likelihood(*leaves, points, places, th.einsum, th.exp, th.logsumexp), leaves)


def mixture_of_jax(d: int, k: int, compiled: bool) -> Step:
    import jax
    jax.config.update("jax_enable_x64", True)
    *parameters, x = mixture(d, k)

    def loss(*arguments: Any) -> Any:
        return likelihood(*arguments, jax.numpy.einsum, jax.numpy.exp, jax.scipy.special.logsumexp)
    return by_jax(loss, parameters, (x, strictly_lower(d)), compiled)


for _d in (2, 10, 20):
    for _k in (5, 25, 50):
        _row = Row(f"gmm{_d}_{_k}", f"ADBench, {_k} Gaussians in {_d} dimensions: value and gradient, 1,000 points", "ms", 1e3,
                   rounds=5, agree=1e-11)
        _row.engine("chainrule")(partial(mixture_of_chainrule, _d, _k))
        _row.engine("PyTorch")(partial(mixture_of_torch, _d, _k))
        for _name, _compiled in JAX.items():
            if _compiled or (_d, _k) in ((2, 5), (10, 25), (20, 50)):  # compiling is the rule, eager takes long
                _row.engine(_name)(partial(mixture_of_jax, _d, _k, _compiled))


# ── ADBench's LSTM, whose gates have a weight for each entry, and bundle adjustment ──────────────────────────────

def letters(layers: int = 2, length: int = 200, hidden: int = 14) -> list[Any]:
    """Weights (2 · layers, 4, hidden), those around the layers (3, hidden), the states (2 · layers, hidden), and a sequence."""
    import numpy as np
    rng = np.random.default_rng(0)
    return [*(rng.normal(size=shape) * 0.3 for shape in ((2 * layers, 4, hidden), (3, hidden), (2 * layers, hidden))),
            rng.uniform(size=(length, hidden))]


def predicted(functions: dict[str, Any], main: Any, extra: Any, state: Any, sequence: Any) -> Any:
    """Minus the mean of the sequence's entries × the logarithms of the predicted ones."""
    sigmoid, tanh, exp, log = (functions[name] for name in ("sigmoid", "tanh", "exp", "log"))
    states, total = [state[i] for i in range(len(state))], 0.0
    weights = [[main[i][j] for j in range(4)] for i in range(len(main))]
    first, scale, shift = extra[0], extra[1], extra[2]
    for now, after in pairwise(sequence):
        x = now * first
        for i in range(0, len(states), 2):
            w, b, (h, c) = weights[i], weights[i + 1], states[i:i + 2]
            c = c * sigmoid(x * w[0] + b[0]) + sigmoid(h * w[1] + b[1]) * tanh(h * w[3] + b[3])
            x = h = sigmoid(x * w[2] + b[2]) * tanh(c)
            states[i:i + 2] = h, c
        y = x * scale + shift
        total = total + (after * (y - log(exp(y).sum() + 2.0))).sum()
    return -total / (sequence.shape[0] - 1) / sequence.shape[1]


def cameras(n: int = 20, m: int = 500, p: int = 5000) -> tuple[list[Any], list[Any]]:
    """Cameras (n, 11), points (m, 3), weights (p); for each of p observations its camera, its point, and where it was seen."""
    import numpy as np
    rng = np.random.default_rng(0)
    return ([rng.normal(size=(n, 11)) * 0.1 + np.eye(11)[6],  # a focal length of about 1
             rng.normal(size=(m, 3)) + [0.0, 0.0, 5.0], rng.uniform(0.5, 1.0, p)],
            [rng.integers(0, n, p), rng.integers(0, m, p), rng.normal(size=(p, 2)) * 0.1])


def adjusted(cross: Any, cos: Any, sin: Any, camera: Any, point: Any, weight: Any, which: Any, where: Any, seen: Any) -> Any:
    """Half the squares of the weighted errors of reprojection, and of 1 − w² (Rodrigues' rotation, radial distortion)."""
    c, x = camera[which], point[where]
    axis, from_camera = c[:, :3], x - c[:, 3:6]
    angle = ((axis**2).sum(1) ** 0.5)[:, None]
    unit = axis / angle
    turned = (from_camera * cos(angle) + cross(unit, from_camera) * sin(angle)
              + unit * ((unit * from_camera).sum(1)[:, None] * (1 - cos(angle))))
    flat = turned[:, :2] / turned[:, 2:]
    square = (flat**2).sum(1)[:, None]
    distorted = flat * (1 + c[:, 9:10] * square + c[:, 10:11] * square**2)
    error = weight[:, None] * (distorted * c[:, 6:7] + c[:, 7:9] - seen)
    return 0.5 * ((error**2).sum() + ((1 - weight**2) ** 2).sum())


def objective_of_chainrule(name: str) -> Step:
    import autograd as ag
    from autograd import Tensor
    if name == "letters":
        *parameters, sequence = letters()
        leaves = [Tensor(p) for p in parameters]
        return stepped(lambda: predicted(vars(ag) | {"log": ag.log}, *leaves, sequence), leaves)
    parameters, given = cameras()
    leaves = [Tensor(p) for p in parameters]
    return stepped(lambda: adjusted(ag.cross, ag.cos, ag.sin, *leaves, *given), leaves)


def objective_of_torch(name: str) -> Step:
    import torch as th
    th.set_num_threads(1)
    if name == "letters":
        *parameters, sequence = letters()
        leaves = [th.tensor(p, requires_grad=True) for p in parameters]
        return stepped(lambda: predicted(vars(th), *leaves, th.tensor(sequence)), leaves)
    parameters, given = cameras()
    leaves, data = [th.tensor(p, requires_grad=True) for p in parameters], [th.tensor(part) for part in given]
    return stepped(lambda: adjusted(th.linalg.cross, th.cos, th.sin, *leaves, *data), leaves)


def cameras_of_jax(compiled: bool) -> Step:
    import jax
    jax.config.update("jax_enable_x64", True)
    parameters, given = cameras()
    return by_jax(partial(adjusted, jax.numpy.cross, jax.numpy.cos, jax.numpy.sin), parameters, tuple(given), compiled)


for _key, _title in (("letters", "ADBench, LSTM with elementwise gates, 2 layers, 200 letters"),
                     ("cameras", "ADBench, bundle adjustment, 20 cameras, 500 points, 5,000 observations")):
    _row = Row(_key, f"{_title}: value and gradient", "ms", 1e3, rounds=5, agree=1e-9)
    _row.engine("chainrule")(partial(objective_of_chainrule, _key))
    _row.engine("PyTorch")(partial(objective_of_torch, _key))
    if _key == "cameras":
        for _name, _compiled in JAX.items():
            _row.engine(_name)(partial(cameras_of_jax, _compiled))
