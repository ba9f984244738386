"""The colours of all pictures, plots and pages, light and dark; each colour has one meaning everywhere.

Values are green, gradients red, local gradients blue; the signs of weights are purple and ochre; trouble (nan, inf, a wrong number)
is magenta on its own background. Values and gradients differ by a ΔE of at least 15 under deuteranopia, and every text has a
contrast of at least 4.5 to its background. ``tests/test_viz_colours.py`` computes both.
"""

from __future__ import annotations

from string import Template

LIGHT = {
    "paper": "#ffffff", "gate": "#f6f8fa", "mark": "#fdeaf5", "now": "#fff8c5",  # backgrounds of texts
    "ink": "#1f2328", "frame": "#57606a",                                        # names and signs; frames, constants, notes
    "value": "#14735a", "gradient": "#b3121d", "formula": "#0969da",
    "positive": "#7a3fc4", "negative": "#8a5c00", "bad": "#b91c7b",              # weights by sign; trouble
    "wire": "#8c959f", "line": "#d0d7de", "ring": "#bf8700", "flow": "#f0b3b6",  # lines: wires, rules, a focus, gradients
}
DARK = {
    "paper": "#0d1117", "gate": "#21262d", "mark": "#3d1430", "now": "#3b2f00",
    "ink": "#e6edf3", "frame": "#9198a1",
    "value": "#7be8b8", "gradient": "#ff6b66", "formula": "#58a6ff",
    "positive": "#bc8cff", "negative": "#d4a72c", "bad": "#ff7ad1",
    "wire": "#6e7681", "line": "#3d444d", "ring": "#d29922", "flow": "#7d2a2e",
}

# Colours of several series in a plot, from Okabe and Ito's colour-blind-safe palette, each with its dark variant; series also
# differ in dashes and markers.
SERIES = {"#0072b2": "#5fb0ea", "#d55e00": "#ff9a57", "#009e73": "#3ccfa4", "#b85f91": "#f0a3cf", "#a87400": "#f0c24a",
          "#3a8fc0": "#9fd8f7", "#000000": "#e6edf3"}


def both(rules: str) -> str:
    r"""Return CSS rules with their colours (``$value`` …) filled in, for light mode and for dark mode.

    >>> both(".value { fill: $value }\n").count("#14735a"), both(".value { fill: $value }\n").count("#7be8b8")
    (1, 1)
    """
    light, dark = (Template(rules).substitute(palette) for palette in (LIGHT, DARK))
    return f"{light}@media (prefers-color-scheme: dark) {{\n{dark}}}\n"


def variables(palette: dict[str, str]) -> str:
    """Return a palette as CSS variables: ``--paper: #ffffff; --gate: …``.

    >>> variables({"paper": "#ffffff", "ink": "#1f2328"})
    '--paper: #ffffff; --ink: #1f2328'
    """
    return "; ".join(f"--{name}: {colour}" for name, colour in palette.items())
