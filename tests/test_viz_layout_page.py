"""The layout in JavaScript against the one in Python: the same places for the same records, on about a hundred graphs."""

import base64
import random
import zlib
from pathlib import Path

import pytest

import viz
from viz.layout import lay_out

from .test_viz_layout import circuit, network

SCRIPT, UNPACK = ((Path(viz.__file__).parent / "web" / name).read_text(encoding="utf-8") for name in ("layout.js", "unpack.js"))


def plain(records):
    """Records as JavaScript takes them: objects."""
    nodes, wires, boxes = records
    return [[node._asdict() | {"stem": node.stem and node.stem._asdict()} for node in nodes],
            [wire._asdict() | {"label": wire.label._asdict()} for wire in wires], [box._asdict() for box in boxes]]


def numbers(done):
    """Every number of a layout in Python, in the order in which ``IN_PAGE`` gives them."""
    parts = [[done.wide, done.high, done.crossings], *([*place] for _, place in sorted(done.nodes.items())),
             *([*box] for _, box in sorted(done.boxes.items()))]
    for _, route in sorted(done.wires.items()):
        parts += [[x for point in route.points for x in point], [x for point in route.gaps for x in point]]
    for spots in (done.labels, done.stem_labels, done.names):
        parts += [[*spot] for _, spot in sorted(spots.items())]
    parts += [[x for point in route.points for x in point] for _, route in sorted(done.stems.items())]
    return [*parts, [x for fork in done.forks for x in fork[:2]]]


IN_PAGE = """given => {
    const done = layOut(...given), by = things => Object.keys(things).sort().map(id => things[id])
    const spots = list => by(list).map(({ x, y, ...more }) => [x, y, ...Object.values(more)])
    return [[done.wide, done.high, done.crossings], ...spots(done.nodes), ...by(done.boxes),
        ...by(done.wires).flatMap(({ points, gaps }) => [points.flat(), gaps.flat()]), ...spots(done.labels),
        ...spots(done.stemLabels), ...spots(done.names), ...by(done.stems).map(({ points }) => points.flat()),
        done.forks.flatMap(([x, y]) => [x, y])]
}"""


@pytest.fixture
def laid_out(visit):
    page = visit(markup="<!doctype html>")
    page.add_script_tag(content=SCRIPT.replace("const layOut", "window.layOut"))
    return lambda records, width: page.evaluate(IN_PAGE, [*plain(records), width])


def agree(there, here):
    assert [len(part) for part in there] == [len(part) for part in here]
    flat = [[x for part in parts for x in part] for parts in (there, here)]
    assert flat[0] == pytest.approx(flat[1], rel=1e-12, abs=1e-9)


def test_random_circuits_are_laid_out_as_in_python(laid_out):
    for seed in range(100):
        records, width = circuit(seed, 4 + seed * 7 % 24), 600.0 + 100 * (seed % 6)
        agree(laid_out(records, width), numbers(lay_out(*records, width)))


@pytest.mark.parametrize("sizes", [[1], [3, 1], [4, 4, 1], [8, 8, 2]])
def test_networks_are_laid_out_as_in_python(laid_out, sizes):
    records = network(sizes)
    agree(laid_out(records, 1034.0), numbers(lay_out(*records, 1034.0)))


# ── the page's script is packed ──────────────────────────────────────────────────────────────────────────────────

@pytest.mark.parametrize("level, strategy", [
    *((level, zlib.Z_DEFAULT_STRATEGY) for level in (0, 1, 9)), (9, zlib.Z_FIXED), (9, zlib.Z_HUFFMAN_ONLY), (9, zlib.Z_RLE)])
def test_a_page_unpacks_what_zlib_packed(visit, level, strategy):
    page = visit(markup="<!doctype html>")
    page.add_script_tag(content=UNPACK.replace("function unpack", "window.unpack = function", 1))
    draw = random.Random(level)
    texts = ["", "a", SCRIPT, "abc" * 20_000,
             *("".join(map(chr, draw.choices(range(1, 2 + 60 * k * k), k=500 * k))) for k in range(1, 8))]
    for text in texts:
        packer = zlib.compressobj(level, zlib.DEFLATED, -15, strategy=strategy)
        packed = packer.compress(text.encode()) + packer.flush()
        assert page.evaluate("packed => unpack(packed)", base64.b64encode(packed).decode()) == text
