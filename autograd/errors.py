"""Exceptions and warnings of chainrule, beyond Python's own TypeError, ValueError and LookupError, and the line they name."""

from __future__ import annotations

import os
import sys

from .context import internal_packages

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

THROUGH = {"numpy", "pandas", "scipy"}  # packages that only pass calls on: the user's line is further up
LOOKING = ("matplotlib", "logging")  # packages that show numbers
STANDARD = os.path.dirname(os.__file__), "<frozen"  # folders of Python's own modules


class GradientError(RuntimeError):
    """Error for a derivative that cannot be computed; the message names the request, its arguments and the remedy."""


class GraphError(GradientError):
    """A number left its graph where a derivative was to follow it; the message names the place and the remedy."""


class ArrayNeededError(TypeError):
    """A Value met an array; a derivative by a number runs its function again with an array of shape ()."""


class GraphWarning(UserWarning):
    """A number left its graph outside a derivative, or an update makes a graph grow. Told once for each line."""


class NoDerivativeWarning(UserWarning):
    """Warning that a gradient is zero, because it passes an operation that is flat wherever it is smooth (step, sign, floor)."""


def users_frame() -> Any:
    """The frame of the user's line: the innermost outside this library, Python's modules and libraries that pass calls on."""
    frame: Any = sys._getframe(1)
    while frame.f_back is not None and is_passing(frame):
        frame = frame.f_back
    return frame


def is_passing(frame: Any) -> bool:
    """True for a frame of this library or of a package between it and the user, except packages that show numbers."""
    package = package_of(frame)
    return package in internal_packages or package in THROUGH or (
        package in sys.stdlib_module_names and package not in LOOKING and frame.f_code.co_filename.startswith(STANDARD))


def package_of(frame: Any) -> str:
    """The package in which a frame runs; empty where its code has no name."""
    name: str = frame.f_globals.get("__name__") or ""
    return name.partition(".")[0]


def place_text(file: str, line: int) -> str:
    """A place in messages: ``file:line, code``, without the code where the file cannot be read."""
    from linecache import getline
    code = getline(file, line).strip()
    return f"{file}:{line}" + (f", {code}" if code else "")


def warn_user(message: str, category: type[Warning]) -> None:
    """Warn at the user's line."""
    from warnings import warn_explicit
    frame = users_frame()
    warn_explicit(message, category, frame.f_code.co_filename, frame.f_lineno,
                  registry=frame.f_globals.setdefault("__warningregistry__", {}))


def warn_no_derivative(name: str) -> None:
    """Say, in the reader's language, that training through this operation changes nothing before it."""
    from pathlib import Path
    from .languages import message, reader_language, translated
    text = message("a gradient stops at {operation}, whose derivative is zero wherever it has one: everything before it is not "
                   "trained. Use a smooth operation (sigmoid for step, tanh for sign)")
    warn_user(translated(text, reader_language(), Path(__file__).parent).format(operation=name), NoDerivativeWarning)
