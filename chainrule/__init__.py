"""``import chainrule as cr``: the public names of autograd, ``cr.nn`` and ``cr.viz``; each loads when used."""

from __future__ import annotations

from importlib import import_module

import autograd

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
