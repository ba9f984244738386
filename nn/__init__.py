"""Networks that train on autograd's nodes. Names and argument order are PyTorch's wherever PyTorch has the thing."""

from . import data, optim
from .losses import cross_entropy, hinge_loss, mse_loss
from .module import Module
from .scalar import MLP, Layer, Neuron

_modules = ["functional", "init", "layers", "persist", "schedule"]
_layers = """
    Activation AvgPool2d BatchNorm1d BatchNorm2d Conv1d Conv2d Dropout ELU Embedding Flatten GRU Identity LSTM LayerNorm
    LeakyReLU Linear LogSoftmax MaxPool1d MaxPool2d Maxout PReLU RNN ReLU Sequential Sigmoid Softmax Softplus Step Tanh
""".split()
_elsewhere = {**dict.fromkeys(_layers, "layers"), **{name: name for name in _modules}}  # load NumPy when first used


def __getattr__(name: str) -> object:
    from importlib import import_module
    if name not in _elsewhere:
        raise AttributeError(f"module 'nn' has no attribute {name!r}")
    module = import_module(f".{_elsewhere[name]}", __name__)
    found = globals()[name] = module if name in _modules else getattr(module, name)
    return found


__all__ = [
    "MLP", "Layer", "Module", "Neuron", "cross_entropy", "data", "hinge_loss", "mse_loss", "optim", *_layers, *_modules,
]
