"""Neural networks on autograd's nodes, with PyTorch's names and argument order wherever PyTorch has the same thing.

Parts for single numbers load at once; layers of tensors, and modules that need NumPy, load on first use.
"""

from typing import TYPE_CHECKING

try:
    from autograd import Value as _  # fails where HIPS autograd is installed under that name
except ImportError:
    raise ImportError("nn needs chainrule's autograd, and Python finds another one here, HIPS autograd's. Each needs an "
                      "environment of its own: python -m venv .venv, then pip install chainrule there; or pip uninstall "
                      "autograd, then pip install --force-reinstall chainrule") from None

from autograd.context import internal_packages

from . import activations, containers, data, functional, losses, optim, perceptron, schedule, utils
from .activations import *
from .containers import ModuleDict, ModuleList, Sequential
from .losses import *
from .module import Module, functional_call
from .perceptron import Adaline, Madaline, Perceptron
from .scalar import MLP, Layer, Neuron

if TYPE_CHECKING:
    from . import attention, babysitter, init, interop, layers, persist, search, train
    from .attention import MultiheadAttention, TransformerEncoder, TransformerEncoderLayer
    from .functional import avg_pool2d, batch_norm, conv1d, conv2d, dropout, embedding, layer_norm, linear, max_pool2d
    from .layers import (
        GRU, LSTM, RNN, AdaptiveAvgPool2d, AvgPool2d, BatchNorm1d, BatchNorm2d, Conv1d, Conv2d, ConvTranspose2d, Dropout, Dropout2d,
        Embedding, Flatten, GroupNorm, GRUCell, LayerNorm, Linear, LSTMCell, Maxout, MaxPool1d, MaxPool2d, Parameter, RNNCell,
        Unflatten, Upsample,
    )

internal_packages.add("nn")  # warnings name the user's line, not one of this package

_modules = ("babysitter", "init", "interop", "persist", "search", "train", "layers", "attention")  # load on first use


if not TYPE_CHECKING:  # a type checker that sees this accepts any name
    def __getattr__(name: str) -> object:
        from importlib import import_module
        if name not in __all__:
            raise AttributeError(f"module 'nn' has no attribute {name!r}")
        rooms = (import_module(f".{room}", __name__) for room in ("layers", "attention", "functional"))
        found = import_module(f".{name}", __name__) if name in _modules else next(
            getattr(room, name) for room in rooms if hasattr(room, name))
        globals()[name] = found
        return found


# written out: type checkers and editors read which names are public from here
__all__ = [
    "Activation", "Adaline", "AdaptiveAvgPool2d", "AvgPool2d", "BCELoss", "BCEWithLogitsLoss", "BatchNorm1d", "BatchNorm2d",
    "Conv1d", "Conv2d", "ConvTranspose2d", "CrossEntropyLoss", "Dropout", "Dropout2d", "ELU", "Embedding", "Flatten", "GELU", "GRU",
    "GRUCell", "GroupNorm", "HingeLoss", "HuberLoss", "Identity", "KLDivLoss", "L1Loss", "LSTM", "LSTMCell", "Layer", "LayerNorm",
    "LeakyReLU", "Linear", "LogSoftmax", "MLP", "MSELoss", "Madaline", "MaxPool1d", "MaxPool2d", "Maxout", "Module", "ModuleDict",
    "ModuleList", "MultiheadAttention", "NLLLoss", "Neuron", "PReLU", "Parameter", "Perceptron", "RNN", "RNNCell", "ReLU",
    "Sequential", "SiLU", "Sigmoid", "SmoothL1Loss", "Softmax", "Softplus", "Step", "Tanh", "TransformerEncoder",
    "TransformerEncoderLayer", "Unflatten", "Upsample", "activations", "attention", "avg_pool2d", "babysitter", "batch_norm",
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "containers", "conv1d", "conv2d", "cross_entropy", "data",
    "dropout", "elastic_penalty", "embedding", "functional", "functional_call", "hinge_loss", "huber_loss", "init", "interop",
    "kl_div", "l1_loss", "l1_penalty", "l2_penalty", "layer_norm", "layers", "linear", "losses", "max_pool2d", "mse_loss",
    "nll_loss", "optim", "perceptron", "persist", "rmse_loss", "schedule", "search", "smooth_l1_loss", "sse_loss", "train", "utils",
]
__dir__ = __all__.copy
