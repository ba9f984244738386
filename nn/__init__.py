"""Networks that train on autograd's nodes. Names and argument order are PyTorch's wherever PyTorch has the thing."""

from . import data, optim
from .losses import cross_entropy, hinge_loss, mse_loss
from .module import Module
from .scalar import MLP, Layer, Neuron

__all__ = ["MLP", "Layer", "Module", "Neuron", "cross_entropy", "data", "hinge_loss", "mse_loss", "optim"]
