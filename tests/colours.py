"""Colour science for tests: contrast, colour vision deficiency, and the perceived difference of two colours."""

from __future__ import annotations

import math
from operator import mul

Triple = tuple[float, float, float]

# G. M. Machado, M. M. Oliveira, L. A. F. Fernandes, "A Physiologically-based Model for Simulation of Color Vision Deficiency",
# IEEE Transactions on Visualization and Computer Graphics 15 (2009), table for severity 1.0; of linear RGB.
DEUTERANOPIA = ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881))
# IEC 61966-2-1 (sRGB): linear RGB to XYZ under D65
TO_XYZ = ((0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.0721750), (0.0193339, 0.1191920, 0.9503041))
WHITE = (0.95047, 1.0, 1.08883)


def linear(colour: str) -> Triple:
    """Linear RGB of ``#rrggbb`` (IEC 61966-2-1)."""
    parts = (int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return red, green, blue


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2.2: from 1 to 21."""
    dark, light = sorted(0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in map(linear, (one, other)))
    return (light + 0.05) / (dark + 0.05)


def seen(colour: str, matrix: tuple[Triple, ...] | None = None) -> Triple:
    """CIE L*a*b* (CIE 15) of a colour, after the matrix of a colour vision deficiency."""
    rgb = linear(colour)
    if matrix is not None:
        red, green, blue = (min(1.0, max(0.0, part)) for part in _product(matrix, rgb))
        rgb = red, green, blue
    xyz = (part / white for part, white in zip(_product(TO_XYZ, rgb), WHITE))
    x, y, z = (t ** (1 / 3) if t > (6 / 29) ** 3 else t / (3 * (6 / 29) ** 2) + 4 / 29 for t in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def difference(one: Triple, other: Triple) -> float:
    """CIEDE2000, as in G. Sharma, W. Wu, E. N. Dalal, Color Research & Application 30 (2005), with its equations' numbers."""
    (l1, a1, b1), (l2, a2, b2) = one, other
    c = (math.hypot(a1, b1) + math.hypot(a2, b2)) / 2
    g = 0.5 * (1 - math.sqrt(c**7 / (c**7 + 25**7)))                                   # (4)
    a1, a2 = a1 * (1 + g), a2 * (1 + g)                                                # (5)
    c1, c2 = math.hypot(a1, b1), math.hypot(a2, b2)                                    # (6)
    h1, h2 = (math.degrees(math.atan2(b, a)) % 360 for a, b in ((a1, b1), (a2, b2)))    # (7)
    around = 0.0 if c1 * c2 == 0 else (h2 - h1 + 180) % 360 - 180                     # (10)
    d_l, d_c, d_h = l2 - l1, c2 - c1, 2 * math.sqrt(c1 * c2) * math.sin(math.radians(around / 2))
    mean, c = (l1 + l2) / 2, (c1 + c2) / 2                                            # (12, 13)
    h = h1 + h2 if c1 * c2 == 0 else h1 + around / 2                                   # (14)
    t = (1 - 0.17 * _cos(h - 30) + 0.24 * _cos(2 * h) + 0.32 * _cos(3 * h + 6) - 0.20 * _cos(4 * h - 63))
    turn = -2 * math.sqrt(c**7 / (c**7 + 25**7)) * math.sin(math.radians(60 * math.exp(-((h % 360 - 275) / 25) ** 2)))
    s_l, s_c, s_h = 1 + 0.015 * (mean - 50) ** 2 / math.sqrt(20 + (mean - 50) ** 2), 1 + 0.045 * c, 1 + 0.015 * c * t
    return math.sqrt((d_l / s_l) ** 2 + (d_c / s_c) ** 2 + (d_h / s_h) ** 2 + turn * d_c / s_c * d_h / s_h)


def _product(matrix: tuple[Triple, ...], rgb: Triple) -> list[float]:
    return [sum(map(mul, row, rgb)) for row in matrix]


def _cos(degrees: float) -> float:
    return math.cos(math.radians(degrees))
