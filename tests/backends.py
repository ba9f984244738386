"""The backends of compiled programs that there are here: C needs a compiler."""

from __future__ import annotations

from autograd.programs import native


def available() -> list[str]:
    """The names that ``compile(backend=…)`` can take."""
    try:
        native.load(native.table())
    except native.Unavailable:
        return ["numpy"]
    return ["numpy", "native"]


BACKENDS = available()
