"""Learning rate schedules, which PyTorch keeps in ``optim.lr_scheduler``: the same names, here for short."""

from .optim.lr_scheduler import *  # noqa: F403  (the names in its __all__)
from .optim.lr_scheduler import __all__ as __all__

__dir__ = __all__.copy
