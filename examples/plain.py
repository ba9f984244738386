"""Output that no terminal refuses: what its encoding lacks (cp1252 on Windows, ASCII elsewhere) is spelled in ASCII."""

import codecs
import sys

SPELLED = str.maketrans({"−": "-", "×": "*", "·": "*", "²": "^2", "±": "+-", "µ": "u", "→": "->", "←": "<-", "…": "...",
                         "✓": "ok", "✗": "no"})


def spell(error: UnicodeError) -> tuple[str, int]:
    """Handle an encoding error for ``codecs``: the plain spelling, or the code point if there is none, and where to go on."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start:error.end].translate(SPELLED)
    return text.encode("ascii", "backslashreplace").decode("ascii"), error.end


def plain_output() -> None:
    """Let ``print`` spell what the encoding of the standard output or the standard error lacks."""
    codecs.register_error("plain", spell)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a notebook's stream takes every sign
            stream.reconfigure(errors="plain")
