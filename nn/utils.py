"""PyTorch's ``nn.utils``: clipping of gradients, as in ``nn.optim``."""

from .optim import clip_grad_norm_, clip_grad_value_

__all__ = ["clip_grad_norm_", "clip_grad_value_"]
__dir__ = __all__.copy
