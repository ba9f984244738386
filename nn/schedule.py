"""Learning rate schedules, which PyTorch keeps in ``optim.lr_scheduler``: the same names, here for short."""

from .optim.lr_scheduler import (
    ConstantLR, CosineAnnealingLR, CosineAnnealingWarmRestarts, ExponentialLR, InverseTimeLR, LambdaLR, LinearLR, LinearWarmup,
    MultiStepLR, OneCycleLR, PolynomialLR, ReduceLROnPlateau, Schedule, SequentialLR, StepLR,
)

__all__ = ["ConstantLR", "CosineAnnealingLR", "CosineAnnealingWarmRestarts", "ExponentialLR", "InverseTimeLR", "LambdaLR",
           "LinearLR", "LinearWarmup", "MultiStepLR", "OneCycleLR", "PolynomialLR", "ReduceLROnPlateau", "Schedule",
           "SequentialLR", "StepLR"]
__dir__ = __all__.copy
