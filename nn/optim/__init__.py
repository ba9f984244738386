"""Optimisers and learning rate schedules, with PyTorch's names: ``nn.optim.Adam``, ``nn.optim.lr_scheduler.StepLR``."""

from . import lr_scheduler
from .optimizers import SGD, Adadelta, Adagrad, Adam, AdamW, NAdam, Optimizer, RMSprop, clip_grad_norm_, clip_grad_value_
from .optimizers import at_least_0 as at_least_0

__all__ = ["Adadelta", "Adagrad", "Adam", "AdamW", "NAdam", "Optimizer", "RMSprop", "SGD", "clip_grad_norm_", "clip_grad_value_",
           "lr_scheduler"]
__dir__ = __all__.copy
