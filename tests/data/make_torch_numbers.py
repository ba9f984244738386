"""Records PyTorch's values and gradients of losses, convolution, pooling and normalisation in ``torch_numbers.npz``.

Run it with PyTorch installed (recorded with 2.13.0): ``python tests/data/make_torch_numbers.py``. The tests read the
numbers, and run the same calls on ``nn.functional``: names and arguments are PyTorch's. In a call ``F`` is the module,
``T`` makes a constant of an array, and the rest are operands that take a gradient.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

NUMBERS = Path(__file__).with_name("torch_numbers.npz")


def wave(*shape: int, seed: int = 0) -> np.ndarray:
    """Numbers between −2 and 2 without ties or pattern, the same on every machine."""
    return 2 * np.sin((np.arange(np.prod(shape, dtype=int)) + 1.0) ** 1.3 * (1.7 + 0.31 * seed)).reshape(shape)


def chances(*shape: int, seed: int = 0) -> np.ndarray:
    """Probabilities that sum to 1 over axis 1."""
    x = np.exp(wave(*shape, seed=seed))
    return x / x.sum(1, keepdims=True)


X, W, B = wave(2, 4, 7, 6), wave(6, 4, 3, 2, seed=1), wave(6, seed=2)
W_GROUPS, W_DEPTH = wave(6, 2, 3, 2, seed=1), wave(8, 1, 2, 2, seed=1)
SIGNAL, W1 = wave(2, 4, 9), wave(6, 4, 3, seed=1)
LOGITS, LABELS = wave(5, 4), np.array([0, 3, 1, 1, 2])
SOFT = chances(5, 4, seed=3)
PICTURES, PIXELS = wave(2, 3, 2, 4), np.arange(16).reshape(2, 2, 4) % 3
TIES = np.round(wave(2, 2, 6, 6, seed=5))
P = chances(5, 4, seed=4)

CASES: dict[str, tuple[Callable[..., Any], tuple[np.ndarray, ...]]] = {
    "conv2d": (lambda F, T, x, w, b: F.conv2d(x, w, b), (X, W, B)),
    "conv2d without bias": (lambda F, T, x, w: F.conv2d(x, w), (X, W)),
    "conv2d stride padding": (lambda F, T, x, w, b: F.conv2d(x, w, b, 2, 1), (X, W, B)),
    "conv2d pairs": (lambda F, T, x, w, b: F.conv2d(x, w, b, stride=(1, 2), padding=(2, 0), dilation=(2, 1)),
        (X, W, B)),
    "conv2d dilation": (lambda F, T, x, w, b: F.conv2d(x, w, b, dilation=2), (X, W, B)),
    "conv2d groups": (lambda F, T, x, w, b: F.conv2d(x, w, b, 1, 1, 1, 2), (X, W_GROUPS, B)),
    "conv2d depthwise": (lambda F, T, x, w: F.conv2d(x[:, :, :6], w, stride=2, groups=4), (X, W_DEPTH)),
    "conv2d same": (lambda F, T, x, w: F.conv2d(x, w, padding="same"), (X, W)),
    "conv2d same dilated": (lambda F, T, x, w: F.conv2d(x, w, padding="same", dilation=(1, 3)), (X, W)),
    "conv2d valid": (lambda F, T, x, w: F.conv2d(x, w, padding="valid"), (X, W)),
    "conv2d whole image": (lambda F, T, x, w: F.conv2d(x, w), (X, wave(2, 4, 7, 6, seed=1))),
    "conv2d cropped": (lambda F, T, x, w: F.conv2d(x[:, :, :6, :5], w, stride=3), (X, W)),
    "conv1d": (lambda F, T, x, w, b: F.conv1d(x, w, b), (SIGNAL, W1, B)),
    "conv1d all": (lambda F, T, x, w, b: F.conv1d(x, w, b, 2, 1, 2), (SIGNAL, W1, B)),
    "conv1d groups same": (lambda F, T, x, w: F.conv1d(x, w, padding="same", groups=2),
        (SIGNAL, wave(6, 2, 3, seed=1))),
    "conv2d of one image": (lambda F, T, x, w, b: F.conv2d(x, w, b, padding=1), (X[0], W, B)),
    "conv_transpose2d": (lambda F, T, x, w, b: F.conv_transpose2d(x, w, b, 2, 1, 1, 2), (X, wave(4, 3, 3, 2, seed=1), B)),
    "conv_transpose2d dilated": (lambda F, T, x, w: F.conv_transpose2d(x, w, dilation=(1, 2)), (X[0], wave(4, 3, 2, 2, seed=1))),
    "max_pool2d cut": (lambda F, T, x: F.max_pool2d(x, 3, 2, 1, ceil_mode=True), (X,)),
    "max_pool1d cut": (lambda F, T, x: F.max_pool1d(x, 2, ceil_mode=True), (SIGNAL[0],)),
    "avg_pool2d cut": (lambda F, T, x: F.avg_pool2d(x, 3, 2, 1, True), (X,)),
    "avg_pool2d cut without padding": (lambda F, T, x: F.avg_pool2d(x, (2, 3), (3, 2), 1, ceil_mode=True, count_include_pad=False),
                                       (X,)),
    "avg_pool2d divisor": (lambda F, T, x: F.avg_pool2d(x, 2, divisor_override=3), (X[0],)),
    "adaptive_avg_pool2d": (lambda F, T, x: F.adaptive_avg_pool2d(x, (4, 9)), (X,)),
    "interpolate bilinear": (lambda F, T, x: F.interpolate(x, (5, 9), mode="bilinear"), (X,)),
    "interpolate aligned": (lambda F, T, x: F.interpolate(x, scale_factor=1.7, mode="linear", align_corners=True), (SIGNAL,)),
    "interpolate nearest": (lambda F, T, x: F.interpolate(x, scale_factor=0.6), (X,)),
    "interpolate area": (lambda F, T, x: F.interpolate(x, 4, mode="area"), (X,)),
    "pad": (lambda F, T, x: F.pad(x, (1, -2, 0, 3), value=2.0), (X,)),
    "pad replicate": (lambda F, T, x: F.pad(x, (2, 1), mode="replicate"), (SIGNAL,)),
    "group_norm": (lambda F, T, x, w: F.group_norm(x, 2, w), (X, wave(4, seed=3))),
    "attention": (lambda F, T, q, k, v: F.scaled_dot_product_attention(q, k, v, T(np.tri(5, 3) > 0), scale=0.3),
        (LOGITS, wave(3, 4, seed=1), wave(3, 2, seed=2))),
    "attention causal": (lambda F, T, q: F.scaled_dot_product_attention(q, q * 2, q, is_causal=True), (SIGNAL,)),
    "huber_loss": (lambda F, T, x, y: F.huber_loss(x, y, reduction="none", delta=0.7), (LOGITS, wave(5, 4, seed=1))),
    "kl_div": (lambda F, T, x, y: F.kl_div(x, y), (LOGITS, chances(5, 4, seed=1))),
    "kl_div of logarithms": (lambda F, T, x, y: F.kl_div(x, y, reduction="batchmean", log_target=True),
        (LOGITS, wave(5, 4, seed=1))),
    "gelu": (lambda F, T, x: F.gelu(x) + F.gelu(x, approximate="tanh") * F.silu(x) + F.logsigmoid(x), (LOGITS,)),
    "softplus": (lambda F, T, x: F.softplus(x, beta=3, threshold=1.5), (LOGITS,)),
    "normalize": (lambda F, T, x, y: F.normalize(x, p=3, dim=0) * F.cosine_similarity(x, y, dim=0), (LOGITS, wave(5, 4, seed=1))),
    "max_pool2d": (lambda F, T, x: F.max_pool2d(x, 2), (X,)),
    "max_pool2d overlap": (lambda F, T, x: F.max_pool2d(x, 3, 1), (X,)),
    "max_pool2d overlap padding": (lambda F, T, x: F.max_pool2d(x, 3, 2, 1), (X,)),
    "max_pool2d dilation": (lambda F, T, x: F.max_pool2d(x, (2, 3), (2, 1), 0, (2, 1)), (X,)),
    "max_pool2d padding of negatives": (lambda F, T, x: F.max_pool2d(x, 2, 2, 1), (X - 5.0,)),
    "max_pool2d ties": (lambda F, T, x: F.max_pool2d(x, 2), (TIES,)),
    "max_pool2d ties overlap": (lambda F, T, x: F.max_pool2d(x, 3, 1, 1), (TIES,)),
    "max_pool2d all equal": (lambda F, T, x: F.max_pool2d(x, 3, 2), (np.zeros((1, 1, 5, 5)),)),
    "max_pool1d": (lambda F, T, x: F.max_pool1d(x, 3, 2, 1), (SIGNAL,)),
    "avg_pool2d": (lambda F, T, x: F.avg_pool2d(x, 2), (X,)),
    "avg_pool2d overlap padding": (lambda F, T, x: F.avg_pool2d(x, 3, 2, 1), (X,)),
    "avg_pool2d without padding": (lambda F, T, x: F.avg_pool2d(x, (3, 2), 2, 1, count_include_pad=False), (X,)),
    "batch_norm training": (lambda F, T, x, w, b: F.batch_norm(x, None, None, w, b, True), (X, B[:4], wave(4, seed=3))),
    "batch_norm two axes": (lambda F, T, x, w, b: F.batch_norm(x, None, None, w, b, training=True, eps=0.1),
        (LOGITS, B[:4], wave(4, seed=3))),
    "batch_norm signals": (lambda F, T, x: F.batch_norm(x, None, None, training=True), (SIGNAL,)),
    "batch_norm evaluation": (lambda F, T, x, w, b: F.batch_norm(x, T(B[:4]), T(B[:4] ** 2 + 0.5), w, b),
        (X, B[:4], wave(4, seed=3))),
    "layer_norm": (lambda F, T, x, w, b: F.layer_norm(x, (6,), w, b), (X, wave(6, seed=3), B)),
    "layer_norm two axes": (lambda F, T, x, w: F.layer_norm(x, (7, 6), w, eps=1e-3), (X, wave(7, 6, seed=3))),
    "linear": (lambda F, T, x, w, b: F.linear(x, w, b), (LOGITS, wave(3, 4, seed=1), B[:3])),
    "embedding": (lambda F, T, w: F.embedding(T(np.array([[0, 1], [1, 4]])), w), (LOGITS,)),
    "cross_entropy label_smoothing": (lambda F, T, x: F.cross_entropy(x, T(LABELS), label_smoothing=0.1), (LOGITS,)),
    "cross_entropy smoothing ignoring": (lambda F, T,
        x: F.cross_entropy(x, T(LABELS), ignore_index=1, label_smoothing=0.1), (LOGITS,)),
    "cross_entropy far out": (lambda F, T, x: F.cross_entropy(x, T(LABELS)), (LOGITS * 400,)),
    "cross_entropy soft smoothed": (lambda F, T, x: F.cross_entropy(x, T(SOFT), label_smoothing=0.2), (LOGITS,)),
    "cross_entropy soft weighted": (lambda F, T, x: F.cross_entropy(x, T(SOFT), T(np.arange(1.0, 5.0))), (LOGITS,)),
    "cross_entropy soft images": (lambda F, T, x: F.cross_entropy(x, T(chances(2, 3, 2, 4, seed=2))), (PICTURES,)),
    "bce held logs": (lambda F, T, x: F.binary_cross_entropy(x, T(np.array([1.0, 0.0, 1.0, 0.0]))),
        (np.array([1e-50, 1 - 1e-16, 0.3, 0.6]),)),
    "bce logits far out": (lambda F, T, x: F.binary_cross_entropy_with_logits(x, T(SOFT)), (LOGITS * 400,)),
    "smooth_l1 beta": (lambda F, T, x: F.smooth_l1_loss(x, T(P), beta=0.5), (LOGITS,)),
    "softmax": (lambda F, T, x: F.softmax(x, 1), (PICTURES,)),
    "log_softmax": (lambda F, T, x: F.log_softmax(x, 1), (PICTURES * 300,)),
    "activations": (lambda F, T, x: F.relu(x) + F.leaky_relu(x, 0.2) * F.elu(x, 1.5) + F.softplus(x), (LOGITS,)),
}
for how in ("mean", "sum", "none"):
    for name, call, xs in (
            ("cross_entropy", lambda F, T, x, how: F.cross_entropy(x, T(LABELS), reduction=how), (LOGITS,)),
            ("cross_entropy weight", lambda F, T, x,
             how: F.cross_entropy(x, T(LABELS), T(np.arange(1.0, 5.0)), reduction=how), (LOGITS,)),
            ("cross_entropy ignore_index", lambda F, T, x,
             how: F.cross_entropy(x, T(LABELS), ignore_index=1, reduction=how), (LOGITS,)),
            ("cross_entropy ignored −100", lambda F, T, x,
             how: F.cross_entropy(x, T(np.array([0, -100, 1, 1, -100])), T(np.arange(1.0, 5.0)),
                                                                                 reduction=how), (LOGITS,)),
            ("cross_entropy images", lambda F, T, x, how: F.cross_entropy(x, T(PIXELS), reduction=how), (PICTURES,)),
            ("cross_entropy soft", lambda F, T, x, how: F.cross_entropy(x, T(SOFT), reduction=how), (LOGITS,)),
            ("nll_loss", lambda F, T, x,
             how: F.nll_loss(x, T(LABELS), T(np.arange(1.0, 5.0)), ignore_index=2, reduction=how), (LOGITS,)),
            ("nll_loss images", lambda F, T, x,
             how: F.nll_loss(x, T(PIXELS), T(np.arange(1.0, 4.0)), ignore_index=1, reduction=how), (PICTURES,)),
            ("cross_entropy smoothing weighted", lambda F, T, x,
             how: F.cross_entropy(x, T(PIXELS), T(np.arange(1.0, 4.0)), ignore_index=0, label_smoothing=0.1, reduction=how),
             (PICTURES,)),
            ("cross_entropy of one example", lambda F, T, x,
             how: F.cross_entropy(x, T(np.array(2)), T(np.arange(1.0, 5.0)), reduction=how), (wave(4),)),
            ("nll_loss of one example", lambda F, T, x, how: F.nll_loss(x, T(np.array(2)), reduction=how), (wave(4),)),
            ("mse_loss", lambda F, T, x, y, how: F.mse_loss(x, y, reduction=how), (LOGITS, P)),
            ("l1_loss", lambda F, T, x, y, how: F.l1_loss(x, y, reduction=how), (LOGITS, P)),
            ("smooth_l1_loss", lambda F, T, x, y, how: F.smooth_l1_loss(x, y, reduction=how), (LOGITS, P)),
            ("binary_cross_entropy", lambda F, T, x, how: F.binary_cross_entropy(x, T(SOFT), reduction=how), (P,)),
            ("binary_cross_entropy weight", lambda F, T, x,
             how: F.binary_cross_entropy(x, T(SOFT), T(P), reduction=how), (P,)),
            ("bce_with_logits", lambda F, T, x, how: F.binary_cross_entropy_with_logits(x, T(SOFT), reduction=how),
             (LOGITS,)),
            ("bce_with_logits weights", lambda F, T, x, how: F.binary_cross_entropy_with_logits(
                x, T(SOFT), T(P), pos_weight=T(np.arange(1.0, 5.0)), reduction=how), (LOGITS,))):
        CASES[f"{name}, {how}"] = (lambda F, T, *xs, call=call, how=how: call(F, T, *xs, how=how)), xs


def record() -> None:
    import torch
    import torch.nn.functional as F

    numbers: dict[str, np.ndarray] = {}
    for name, (call, xs) in CASES.items():
        leaves = [torch.tensor(x, requires_grad=True) for x in xs]
        y = call(F, torch.tensor, *leaves)
        y.backward(torch.tensor(wave(*y.shape, seed=9)))
        numbers[name] = y.detach().numpy()
        for i, leaf in enumerate(leaves):
            numbers[f"{name} / gradient {i}"] = leaf.grad.numpy()
    mean, variance = torch.zeros(4, dtype=torch.float64), torch.ones(4, dtype=torch.float64)
    for x in (X, 2 * X + 1):
        F.batch_norm(torch.tensor(x), mean, variance, training=True, momentum=0.3)
    numbers["running mean"], numbers["running variance"] = mean.numpy(), variance.numpy()
    np.savez_compressed(NUMBERS, **numbers)
    print(f"{len(CASES)} calls, PyTorch {torch.__version__}: {NUMBERS.stat().st_size} bytes in {NUMBERS}")


if __name__ == "__main__":
    record()
