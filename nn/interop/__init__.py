"""Ways to and from other libraries; each loads its library when it is first used, and names the pip line of a missing one.

``nn.interop.sklearn`` has estimators for scikit-learn, ``nn.interop.safetensors`` reads and writes files of weights as PyTorch's
users exchange them, and ``nn.interop.onnx`` writes networks that onnxruntime runs.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import onnx, safetensors, sklearn

__all__ = ["onnx", "safetensors", "sklearn"]
__dir__ = __all__.copy


if not TYPE_CHECKING:  # a type checker that sees this accepts any name
    def __getattr__(name: str) -> object:
        from importlib import import_module
        if name not in __all__:
            raise AttributeError(f"module 'nn.interop' has no attribute {name!r}")
        return import_module(f".{name}", __name__)
