"""The colours of pictures: readable, distinguishable with colour vision deficiency, and the same in every file."""

import re
from itertools import combinations
from pathlib import Path

import pytest

from autograd import Value
from tests.colours import DEUTERANOPIA, contrast, difference, seen
from viz import draw
from viz.colours import DARK, LIGHT

MEANINGS = "value", "gradient", "formula", "positive", "negative", "bad"
TEXTS, GROUNDS = ("ink", "frame", *MEANINGS), ("paper", "gate", "mark", "now")
BOTH = pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])


@pytest.mark.parametrize("one, other, far", [  # published pairs: Sharma, Wu & Dalal (2005), table 1
    ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425), ((50.0, -1.0, 2.0), (50.0, 0.0, 0.0), 2.3669),
    ((50.0, 2.49, -0.001), (50.0, -2.49, 0.0011), 7.2195), ((50.0, 2.5, 0.0), (58.0, 24.0, 15.0), 19.4535),
    ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ((2.0776, 0.0795, -1.135), (0.9033, -0.0636, -0.5514), 0.9082)])
def test_differences_are_those_published(one, other, far):
    assert difference(one, other) == pytest.approx(far, abs=5e-5) == difference(other, one)


def test_contrast_is_that_of_wcag():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)  # the grey that just fails


@BOTH
def test_every_text_can_be_read_on_what_it_stands_on(palette):
    low = {(text, ground): contrast(palette[text], palette[ground]) for text in TEXTS for ground in GROUNDS}
    assert {pair: ratio for pair, ratio in low.items() if ratio < 4.5} == {}


@BOTH
@pytest.mark.parametrize("pair", [("value", "gradient"), ("positive", "negative")], ids=" and ".join)
def test_opposites_are_told_apart_without_a_receptor_for_green(palette, pair):
    for eyes in (None, DEUTERANOPIA):
        one, other = (seen(palette[name], eyes) for name in pair)
        assert difference(one, other) >= 15


@BOTH
def test_each_meaning_has_a_colour_of_its_own(palette):
    near = {pair: difference(*(seen(palette[name]) for name in pair)) for pair in combinations(MEANINGS, 2)}
    assert {pair: far for pair, far in near.items() if far < 15} == {}


def test_both_palettes_name_the_same_colours():
    assert LIGHT.keys() == DARK.keys()
    assert all(re.fullmatch("#[0-9a-f]{6}", colour) for palette in (LIGHT, DARK) for colour in palette.values())


def test_a_drawing_uses_no_other_colour():
    y = Value(2.0, "x") * 3
    y.backward()
    used = set(re.findall("#[0-9a-f]{6}", draw(y).svg))
    assert used <= {*LIGHT.values(), *DARK.values()}
    own = Path(__file__).parents[1] / "viz"
    for file in ("drawing.py", "svg.py", "dot.py", "labels.py"):
        assert not re.search("#[0-9a-fA-F]{6}", (own / file).read_text(encoding="utf-8")), file
