"""Functions of networks with PyTorch's names, arguments and results: losses, layers' computations, activations.

Shapes are PyTorch's: images are (batch, channels, height, width), a linear weight is (out, in), logits are (batch,
classes). Losses of numbers in lists load at once; functions of arrays load NumPy on first use.
"""

from typing import TYPE_CHECKING

from .activations import elu, gelu, leaky_relu, log_softmax, logsigmoid, relu, sigmoid, silu, softmax, softplus, tanh
from .losses import (
    binary_cross_entropy, binary_cross_entropy_with_logits, cross_entropy, hinge_loss, huber_loss, kl_div, l1_loss, mse_loss,
    nll_loss, smooth_l1_loss,
)

if TYPE_CHECKING:
    from .attention import scaled_dot_product_attention
    from .convolution import conv1d, conv2d, conv_transpose2d, output_size
    from .dense import cosine_similarity, dropout, dropout2d, embedding, linear, normalize, one_hot
    from .normalisation import batch_norm, group_norm, layer_norm
    from .pooling import avg_pool2d, max_pool1d, max_pool2d
    from .resizing import adaptive_avg_pool2d, interpolate, pad

_rooms = {
    "nn.functional.attention": "scaled_dot_product_attention",
    "nn.functional.convolution": "conv1d conv2d conv_transpose2d output_size",
    "nn.functional.dense": "cosine_similarity dropout dropout2d embedding linear normalize one_hot",
    "nn.functional.normalisation": "batch_norm group_norm layer_norm",
    "nn.functional.pooling": "avg_pool2d max_pool1d max_pool2d",
    "nn.functional.resizing": "adaptive_avg_pool2d interpolate pad",
}
_room_of = {name: room for room, names in _rooms.items() for name in names.split()}


if not TYPE_CHECKING:  # a type checker that sees this accepts any name
    def __getattr__(name: str) -> object:
        from importlib import import_module
        if name not in _room_of:
            raise AttributeError(f"module 'nn.functional' has no attribute {name!r}")
        found = globals()[name] = getattr(import_module(_room_of[name]), name)
        return found


# written out: type checkers and editors read which names are public from here
__all__ = [
    "adaptive_avg_pool2d", "avg_pool2d", "batch_norm", "binary_cross_entropy", "binary_cross_entropy_with_logits", "conv1d",
    "conv2d", "conv_transpose2d", "cosine_similarity", "cross_entropy", "dropout", "dropout2d", "elu", "embedding", "gelu",
    "group_norm", "hinge_loss", "huber_loss", "interpolate", "kl_div", "l1_loss", "layer_norm", "leaky_relu", "linear",
    "log_softmax", "logsigmoid", "max_pool1d", "max_pool2d", "mse_loss", "nll_loss", "normalize", "one_hot", "output_size", "pad",
    "relu", "scaled_dot_product_attention", "sigmoid", "silu", "smooth_l1_loss", "softmax", "softplus", "tanh",
]
__dir__ = __all__.copy
