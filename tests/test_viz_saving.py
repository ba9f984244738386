"""Saved pictures outside the browser: other programs draw the same colours at the same places as Chromium."""

import io
import math
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import nn
import viz
from autograd import Value, tanh
from examples.sigmoid_neuron import sigmoid_neuron
from viz.saving import light, size_of

BLOCK = 6  # pixels: letters of other fonts lie a little elsewhere


def unrolled():
    w, states = Value(0.5, "w"), [Value(0.0)]
    for x in (1.0, -2.0, 3.0):
        states.append(tanh(w * states[-1] + x))
    return viz.unrolled(states, [1.0, -2.0, 3.0], loss=states[-1])


PICTURES = {"circuit": lambda: viz.draw(sigmoid_neuron(), title="σ(w·x), ∂L/∂w₁"),
            "network": lambda: viz.network(nn.MLP(3, [4, 2], rng=0), [1.0, -2.0, 0.5]), "recurrent": unrolled}


def by_cairosvg(svg):
    cairosvg = pytest.importorskip("cairosvg", reason="pip install cairosvg")
    return Image.open(io.BytesIO(cairosvg.svg2png(bytestring=svg.encode(), background_color="white")))


def by_svglib(svg):
    svglib = pytest.importorskip("svglib.svglib", reason="pip install svglib")
    from reportlab.graphics.renderPDF import drawToString
    return of_pdf(drawToString(svglib.svg2rlg(io.BytesIO(svg.encode()))))


def by_rsvg(svg):
    if not shutil.which("rsvg-convert"):
        pytest.skip("no rsvg-convert: apt-get install librsvg2-bin")
    made = subprocess.run(["rsvg-convert", "--background-color", "white"], input=svg.encode(), capture_output=True, check=True)
    return Image.open(io.BytesIO(made.stdout))


def of_pdf(content):
    pdfium = pytest.importorskip("pypdfium2", reason="pip install pypdfium2")
    return pdfium.PdfDocument(content)[0].render(scale=96 / 72).to_pil()


def pixels(image, size):
    """A picture on white in its expected size, as whole numbers from 0 to 255, (height, width, 3)."""
    paper = Image.new("RGBA", image.size, "white")
    paper.alpha_composite(image.convert("RGBA"))
    assert all(abs(a - b) <= 2 for a, b in zip(image.size, size)), (image.size, size)
    return np.asarray(paper.convert("RGB").resize(size, Image.Resampling.BILINEAR)).astype(int)


def inked(image, colour):
    """The blocks with pixels of a colour: green, red, or any."""
    red, green, blue = np.moveaxis(image, 2, 0)
    ink = {"any": image.min(2) < 160, "green": green - red > 50, "red": (red - green > 60) & (red - blue > 40)}[colour]
    high, wide = (n // BLOCK * BLOCK for n in ink.shape)
    return ink[:high, :wide].reshape(high // BLOCK, BLOCK, wide // BLOCK, BLOCK).any((1, 3))


def near(blocks):
    """The same blocks with their neighbours."""
    padded = np.pad(blocks, 1)
    return np.any([padded[1 + dy:padded.shape[0] - 1 + dy, 1 + dx:padded.shape[1] - 1 + dx]
                   for dy in (-1, 0, 1) for dx in (-1, 0, 1)], axis=0)


@pytest.fixture(scope="module")
def seen(browser):
    """Each picture with its rendering in Chromium, opened as a file."""
    def shot(svg):
        size = tuple(math.ceil(side) for side in size_of(svg))
        page = browser.new_page(viewport={"width": size[0], "height": size[1]}, color_scheme="light")
        page.set_content(f"<body style='margin:0'>{svg}</body>")
        content = page.screenshot()
        page.close()
        return svg, size, pixels(Image.open(io.BytesIO(content)), size)
    return {name: shot(make().svg) for name, make in PICTURES.items()}


@pytest.mark.parametrize("program", [by_cairosvg, by_svglib, by_rsvg])
@pytest.mark.parametrize("name", PICTURES)
def test_other_programs_draw_the_same_picture(seen, name, program):
    svg, size, expected = seen[name]
    drawn = pixels(program(svg), size)
    for colour, share in (("any", 0.95), ("green", 0.9), ("red", 0.9)):
        there, here = inked(expected, colour), inked(drawn, colour)
        assert there.any() or colour != "any"
        assert (near(here)[there]).sum() >= share * there.sum(), f"{colour} ink is missing"
        assert (near(there)[here]).sum() >= share * here.sum(), f"{colour} ink where there should be none"


@pytest.mark.parametrize("name", PICTURES)
def test_a_pdf_shows_what_the_browser_shows_and_its_letters_are_text(seen, name, tmp_path):
    pdfium, _ = pytest.importorskip("pypdfium2"), pytest.importorskip("typst", reason="pip install 'chainrule[pdf]'")
    _, size, expected = seen[name]
    picture = PICTURES[name]()
    content = picture.save(tmp_path / "x.pdf").read_bytes()
    assert content == picture.pdf  # the same picture is the same file
    drawn = pixels(of_pdf(content), size)
    for colour in ("any", "green", "red"):
        there, here = inked(expected, colour), inked(drawn, colour)
        assert (near(here)[there]).sum() >= 0.97 * there.sum()
    page = pdfium.PdfDocument(content)[0]
    text = page.get_textpage().get_text_bounded()
    assert {"circuit": "σ(w·x),∂L/∂w₁", "network": "−2.00", "recurrent": "x₃"}[name] in "".join(text.split())
    assert [round(side / 0.75) for side in page.get_size()] == [round(side) for side in size_of(picture.svg)]


def test_a_png_has_the_ink_of_the_browser(seen, tmp_path):
    pytest.importorskip("resvg_py", reason="pip install 'chainrule[png]'")
    _, size, expected = seen["circuit"]
    image = Image.open(PICTURES["circuit"]().save(tmp_path / "x.png"))
    drawn = pixels(image.resize([round(side / 2) for side in image.size]), size)
    assert (near(inked(drawn, "any"))[inked(expected, "any")]).mean() > 0.97


def test_without_its_package_pdf_says_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(ImportError, match=r"pip install 'chainrule\[pdf\]'"):
        PICTURES["circuit"]().save(tmp_path / "x.pdf")
    assert list(tmp_path.iterdir()) == []


def test_the_root_of_a_picture_has_lengths_that_every_program_reads():
    for make in PICTURES.values():
        svg = make().svg
        assert "style=" not in svg[:svg.index(">")]
        assert "auto" not in light(svg).partition("@media all")[0]
        assert light(svg).count("{") == light(svg).count("}")


def test_a_picture_still_shrinks_with_its_page(visit):
    page = visit(markup=f"<body style='margin:0'>{PICTURES['circuit']().svg}</body>", viewport={"width": 300, "height": 600})
    box = page.locator("svg").bounding_box()
    wide, high = size_of(PICTURES["circuit"]().svg)
    assert box["width"] == pytest.approx(300, abs=1)
    assert box["height"] == pytest.approx(300 * high / wide, abs=2)
