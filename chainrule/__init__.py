"""``import chainrule as cr``: the public names of autograd, ``cr.nn`` and ``cr.viz``; each loads when used."""

from __future__ import annotations

from importlib import import_module

try:
    from autograd import Value as _  # fails where HIPS autograd is installed under that name
except ImportError:
    raise ImportError("chainrule needs chainrule's autograd, and Python finds another one here, HIPS autograd's. Each needs an "
                      "environment of its own: python -m venv .venv, then pip install chainrule there; or pip uninstall "
                      "autograd, then pip install --force-reinstall chainrule") from None

import autograd
from autograd.context import internal_packages

internal_packages.add("chainrule")  # warnings name the user's line, not one of this package
# type checkers and editors read __init__.pyi
_packages = ("autograd", "nn", "viz")
__all__ = [*autograd.__all__, *_packages]


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version
        return version("chainrule")
    if name in _packages:
        return import_module(name)
    try:
        return getattr(autograd, name)
    except AttributeError:
        raise AttributeError(f"module 'chainrule' has no attribute {name!r}") from None


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
