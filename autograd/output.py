"""Output that never fails because an encoding lacks a sign: plain signs stand in for mathematical ones.

A terminal or a pipe may be limited to ASCII, or to cp1252 as redirected output on Windows is.
"""

from __future__ import annotations

import codecs
import sys
from typing import TextIO

ERRORS = "autograd.plain"
"""The name of the error handler, for ``str.encode`` and ``open(errors=…)``, once this module is imported."""

_PLAIN = str.maketrans({
    "−": "-", "×": "*", "·": "*", "÷": "/", "±": "+/-", "√": "sqrt", "²": "^2", "³": "^3", "½": "1/2", "Σ": "sum", "∂": "d",
    "∞": "inf", "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~", "→": "->", "←": "<-", "↔": "<->", "‖": "||", "…": "...", "–": "-",
    "—": "-", "✓": "+", "✗": "x", "α": "alpha", "β": "beta", "γ": "gamma", "ε": "epsilon", "θ": "theta", "λ": "lambda",
    "μ": "mu", "π": "pi", "σ": "sigma", "█": "#", "“": '"', "”": '"', "‘": "'", "’": "'", "\N{NO-BREAK SPACE}": " ",
})


def plain(text: str, encoding: str) -> str:
    """Return the text with plain signs in place of those that the encoding lacks; any other character is escaped.

    >>> plain("✓ 2 × π ≥ 6", "ascii"), plain("✓ 2 × π ≥ 6", "cp1252")
    ('+ 2 * pi >= 6', '+ 2 × pi >= 6')
    """
    return text.encode(encoding, ERRORS).decode(encoding)


def show(content: object, file: TextIO | None = None) -> None:
    """Print to ``file``, the standard output by default, with plain signs where its encoding needs them."""
    file = sys.stdout if file is None else file
    print(plain(str(content), getattr(file, "encoding", None) or "utf-8"), file=file)


def use_plain_signs() -> None:
    """Let every later ``print`` of this process write plain signs where the output's encoding needs them, and not fail."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors=ERRORS)


def _plainly(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start:error.end].translate(_PLAIN)
    return text.encode("ascii", "backslashreplace").decode(), error.end


codecs.register_error(ERRORS, _plainly)
