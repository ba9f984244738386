"""Functions of networks with PyTorch's names, arguments and results: losses, layers' computations, activations.

Shapes are PyTorch's: images are (batch, channels, height, width), a linear weight is (out, in), logits are (batch,
classes). Losses of numbers in lists load at once; functions of arrays load NumPy on first use.
"""

from typing import TYPE_CHECKING

from autograd import elu, leaky_relu, relu, sigmoid, softplus, tanh

from .losses import (
    binary_cross_entropy, binary_cross_entropy_with_logits, cross_entropy, hinge_loss, l1_loss, mse_loss, nll_loss, smooth_l1_loss,
)

if TYPE_CHECKING:
    from autograd import log_softmax, softmax

    from .convolution import conv1d, conv2d, output_size
    from .dense import dropout, embedding, linear
    from .normalisation import batch_norm, layer_norm
    from .pooling import avg_pool2d, max_pool1d, max_pool2d

_rooms = {
    "nn.functional.convolution": "conv1d conv2d output_size",
    "nn.functional.dense": "dropout embedding linear",
    "nn.functional.normalisation": "batch_norm layer_norm",
    "nn.functional.pooling": "avg_pool2d max_pool1d max_pool2d",
    "autograd": "log_softmax softmax",
}
_room_of = {name: room for room, names in _rooms.items() for name in names.split()}


if not TYPE_CHECKING:  # a type checker that sees this accepts any name
    def __getattr__(name: str) -> object:
        from importlib import import_module
        if name not in _room_of:
            raise AttributeError(f"module 'nn.functional' has no attribute {name!r}")
        found = globals()[name] = getattr(import_module(_room_of[name]), name)
        return found


def __dir__() -> list[str]:
    return __all__


# written out: type checkers and editors read which names are public from here
__all__ = [
    "avg_pool2d", "batch_norm", "binary_cross_entropy", "binary_cross_entropy_with_logits", "conv1d", "conv2d",
    "cross_entropy", "dropout", "elu", "embedding", "hinge_loss", "l1_loss", "layer_norm", "leaky_relu", "linear",
    "log_softmax", "max_pool1d", "max_pool2d", "mse_loss", "nll_loss", "output_size", "relu", "sigmoid", "smooth_l1_loss",
    "softmax", "softplus", "tanh",
]
