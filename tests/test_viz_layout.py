"""The layout of circuits, checked by geometry: no overlaps in any graph."""

import math
import os
import subprocess
import sys
from itertools import combinations, pairwise
from pathlib import Path

import pytest

from viz.layout import LabelSize as Label
from viz.layout import LayoutBox as Box
from viz.layout import LayoutNode as Node
from viz.layout import LayoutWire as Wire
from viz.layout import lay_out, turned

WIDTH = 1034.0


class Dice:
    """Random numbers that depend only on the seed (a linear congruential generator)."""

    def __init__(self, seed):
        self.state = seed * 7919 + 17

    def below(self, n):
        self.state = (self.state * 1103515245 + 12345) % 2**31
        return self.state // 65536 % n


def label(dice):
    return Label(40 + dice.below(60), 18, 20 + 15 * (dice.below(8) == 0))


def circuit(seed, gates=20, scopes=4):
    """A random circuit: inputs, gates of one to four arguments in nested scopes, and results."""
    dice = Dice(seed)
    boxes = [Box("", "")]
    for i in range(dice.below(scopes + 1)):
        boxes.append(Box(f"s{i}", boxes[dice.below(len(boxes))].id, 30 + dice.below(60)))
    nodes = [Node(f"x{i}", "input", 10 + dice.below(60), 24) for i in range(1 + dice.below(8))]
    wires, made = [], [node.id for node in nodes]
    used = set()
    for i in range(gates):
        size = 34 + 2 * dice.below(6)
        wide = size if dice.below(3) else 70
        box = boxes[dice.below(len(boxes))].id
        node = Node(f"g{i}", "gate", wide, size if wide == size else 34, box, ordered=dice.below(2) == 0)
        for k in range(1 + dice.below(2) + (dice.below(6) == 0) * dice.below(5)):
            near = dice.below(3)
            source = made[max(len(made) - 1 - dice.below(4), 0)] if near else made[dice.below(len(made))]
            used.add(source)
            wires.append(Wire(f"w{i}-{k}", source, node.id, label(dice)))
        nodes.append(node)
        made.append(node.id)
    for i, source in enumerate(id for id in made if id not in used and id[0] == "g"):
        nodes.append(Node(f"out{i}", "output", 16, 16))
        wires.append(Wire(f"out-{i}", source, f"out{i}", label(dice)))
    leaving = {}
    for wire in wires:
        leaving.setdefault(wire.source, []).append(wire)
    nodes = [node._replace(stem=label(dice)) if len(leaving.get(node.id, ())) > 1 else node for node in nodes
             if node.id in leaving or node.kind == "output"]
    return nodes, wires, boxes[1:]


def network(sizes, inputs=2):
    """A multi-layer perceptron of single numbers: scopes in scopes, parameters of their own."""
    nodes, wires, boxes = [], [], [Box("net", "", 40)]
    room = Label(70, 18, 20)
    values = [f"x{i}" for i in range(inputs)]
    nodes += [Node(id, "input", 22, 24, "net/0", Label(60, 18, 20)) for id in values]
    for layer, size in enumerate(sizes):
        boxes.append(Box(f"net/{layer}", "net", 50))
        made = []
        for neuron in range(size):
            at = f"net/{layer}/{neuron}"
            boxes.append(Box(at, f"net/{layer}", 60))
            products = []
            for k, value in enumerate(values):
                nodes += [Node(f"{at}/w{k}", "input", 26, 24, at), Node(f"{at}/p{k}", "gate", 34, 34, at)]
                wires += [Wire(f"{at}/a{k}", f"{at}/w{k}", f"{at}/p{k}", room._replace(along=70 + 3 * neuron + k)),
                          Wire(f"{at}/b{k}", value, f"{at}/p{k}", room)]
                products.append(f"{at}/p{k}")
            nodes += [Node(f"{at}/sum", "gate", 34, 34, at), Node(f"{at}/tanh", "gate", 46, 46, at)]
            wires += [Wire(f"{at}/s{k}", id, f"{at}/sum", room) for k, id in enumerate(products)]
            wires.append(Wire(f"{at}/t", f"{at}/sum", f"{at}/tanh", room))
            made.append(f"{at}/tanh")
        values = made
    for i, id in enumerate(values):
        nodes.append(Node(f"out{i}", "output", 16, 16))
        wires.append(Wire(f"out-{i}", id, f"out{i}", room))
    return nodes, wires, boxes


# ── faults ────────────────────────────────────────────────────────────────────────────────────

def right_way(done, direction):
    """The layout as if it ran to the right."""
    return done if direction == "right" else turned(done)


def label_boxes(circuit, done):
    """The room of every label: (left, top, right, bottom)."""
    nodes, wires, _ = circuit
    rooms = [(wire.id, wire.label, done.labels[wire.id]) for wire in wires]
    rooms += [(f"{node.id}-stem", node.stem, done.stem_labels[node.id]) for node in nodes if node.id in done.stem_labels]
    return {id: (spot.x, spot.y - room.before, spot.x + max(room.along, spot.along), spot.y + room.after)
            for id, room, spot in rooms}


def node_boxes(done):
    return {id: (p.x - p.wide / 2, p.y - p.high / 2, p.x + p.wide / 2, p.y + p.high / 2) for id, p in done.nodes.items()}


def named_again(done):
    return {f"{id}-name": (p.x - p.wide / 2, p.y - p.high / 2, p.x + p.wide / 2, p.y + p.high / 2) for id, p in done.names.items()}


def core(box):
    """The middle of a gate: a wire to a circle may cross a corner of its bounding box."""
    x, y = (box[2] - box[0]) / 6, (box[3] - box[1]) / 6
    return box[0] + x, box[1] + y, box[2] - x, box[3] - y


def overlap(a, b, by=0.01):
    return min(a[2], b[2]) - max(a[0], b[0]) > by and min(a[3], b[3]) - max(a[1], b[1]) > by


def runs_through(segment, box):
    """True where a part of the segment lies inside the box (Liang–Barsky)."""
    (x, y), (x2, y2) = segment
    low, high = 0.0, 1.0
    for p, q in ((x - x2, x - box[0]), (x2 - x, box[2] - x), (y - y2, y - box[1]), (y2 - y, box[3] - y)):
        if abs(p) < 1e-12:
            if q <= 0.01:
                return False
        elif p < 0:
            low = max(low, (q - 0.01) / p)
        else:
            high = min(high, (q - 0.01) / p)
    return high - low > 1e-6


def segments(route):
    return list(pairwise((x, y) for x, y, _ in route.points))


def clashes(boxes):
    """Pairs of boxes that overlap, in one sweep."""
    found, open_ = [], []
    for id, box in sorted(boxes.items(), key=lambda item: item[1]):
        open_ = [(other, b) for other, b in open_ if b[2] > box[0]]
        found += [(other, id) for other, b in open_ if overlap(b, box)]
        open_.append((id, box))
    return found


def faults(circuit, done):
    """A description of every fault of a layout."""
    _, wires, _ = circuit
    labels, shapes = label_boxes(circuit, done), {**node_boxes(done), **named_again(done)}
    found = [f"{a} on {b}" for a, b in clashes({**labels, **shapes})]
    for wire in wires:
        for segment in segments(done.wires[wire.id]):
            found += [f"{wire.id} through {id}" for id, box in labels.items() if id != wire.id and runs_through(segment, box)]
            found += [f"{wire.id} through {id}" for id, box in shapes.items()
                      if runs_through(segment, core(box) if id == wire.target else box)]
    names = {box.id: done.boxes[box.id][:2] for box in circuit[2] if box.id in done.boxes}
    for id, (x, y) in names.items():
        name = (x, y + 4, x + next(box.along for box in circuit[2] if box.id == id), y + 20)
        found += [f"{other} on the name of {id}" for other, box in {**labels, **shapes}.items() if overlap(name, box)]
        found += [f"{wire.id} through the name of {id}" for wire in wires
                  for segment in segments(done.wires[wire.id]) if runs_through(segment, name)]
    found += frames(circuit, done) + lanes(circuit, done) + covered(circuit, done)
    everything = [*labels.values(), *shapes.values(), *((x, y, x + w, y + h) for x, y, w, h in done.boxes.values())]
    found += [f"outside: {box}" for box in everything
              if box[0] < -0.01 or box[1] < -0.01 or box[2] > done.wide + 0.01 or box[3] > done.high + 0.01]
    return found


def frames(circuit, done):
    """Faults of frames: content outside its frame, or overlapping frames."""
    nodes, _, boxes = circuit
    parent = {box.id: box.parent for box in boxes}
    around = {id: (x, y, x + w, y + h) for id, (x, y, w, h) in done.boxes.items()}
    found = []

    def open_box(id):  # those that would make a circle are dissolved
        while id and id not in around:
            id = parent[id]
        return id

    inside = {**{box.id: open_box(box.parent) for box in boxes if box.id in around}}
    for id, outer in inside.items():
        if outer:
            a, b = around[id], around[outer]
            found += [f"{id} leaves {outer}"] * (not (b[0] < a[0] and b[1] < a[1] and a[2] < b[2] and a[3] < b[3]))
    found += [f"frames {a} and {b}" for a, b in combinations(around, 2) if inside[a] == inside[b] and overlap(around[a], around[b])]
    for id, box in node_boxes(done).items():
        node = next(node for node in nodes if node.id == id)
        outer = open_box(node.box)
        if outer and node.kind == "gate":
            b = around[outer]
            found += [f"{id} leaves {outer}"] * (not (b[0] < box[0] and b[1] < box[1] and box[2] < b[2] and box[3] < b[3]))
    return found


def lanes(circuit, done):
    """Faults of lanes: a piece that does not begin on the lane of its value, or does not end at its gate."""
    wires = circuit[1]
    source = {wire.id: wire.source for wire in wires}
    shapes = node_boxes(done)
    found = []

    def touches(point, box, by=1.5):
        return box[0] - by < point[0] < box[2] + by and box[1] - by < point[1] < box[3] + by

    for wire in wires:
        route = done.wires[wire.id]
        (x, y, _), end = route.points[0], route.points[-1]
        if not touches(end, shapes[wire.target]):
            found.append(f"{wire.id} ends at {end}, not at {wire.target}")
        if route.after:
            if source[route.after] != wire.source:
                found.append(f"{wire.id} leaves the lane of another value")
            on = [(a, b) for a, b in segments(done.wires[route.after])
                  if min(a[0], b[0]) - 1 < x < max(a[0], b[0]) + 1 and min(a[1], b[1]) - 1 < y < max(a[1], b[1]) + 1]
            found += [f"{wire.id} begins beside its lane"] * (not on)
        elif wire.id in done.names:
            found += [f"{wire.id} begins not at its name"] * (not touches((x, y), named_again(done)[f"{wire.id}-name"]))
        elif wire.source in done.stems:
            found += [f"{wire.id} begins not at the stem"] * ((x, y) != done.stems[wire.source].points[-1][:2])
        else:
            box = shapes[wire.source]
            found += [f"{wire.id} begins not at its source"] * (not touches((x, y), box, 8))
    return found


def covered(circuit, done):
    """Overlapping wires of different values: less than 3 px apart for more than 3 px."""
    source = {wire.id: wire.source for wire in circuit[1]}
    found = []
    for across in (False, True):
        lines = sorted((a[across], *sorted((a[1 - across], b[1 - across])), id) for id, route in done.wires.items()
                       for a, b in segments(route) if a[across] == b[across])
        for i, (at, low, high, id) in enumerate(lines):
            for other, low2, high2, id2 in lines[i + 1:]:
                if other - at >= 3:
                    break
                if source[id] != source[id2] and min(high, high2) - max(low, low2) > 3:
                    found.append(f"{id} on {id2} at {at}")
    return found


def crossings(circuit, done):
    """The points where wires of two values cross, counted anew from the routes alone."""
    source = {wire.id: wire.source for wire in circuit[1]}
    every = [(id, segment) for id, route in done.wires.items() for segment in segments(route)]
    level = [(id, a[1], min(a[0], b[0]), max(a[0], b[0])) for id, (a, b) in every if a[1] == b[1]]
    steep = [(id, a[0], min(a[1], b[1]), max(a[1], b[1])) for id, (a, b) in every if a[0] == b[0]]
    return {(x, y) for id, x, top, bottom in steep for other, y, left, right in level
            if source[id] != source[other] and top < y < bottom and left < x < right}


# ── facts ────────────────────────────────────────────────────────────────────────────────────────────────────────

@pytest.mark.parametrize("direction", ["right", "down"])
@pytest.mark.parametrize("seed", range(40))
def test_nothing_lies_on_anything_else_in_random_circuits(seed, direction):
    drawn = circuit(seed, gates=4 + 3 * (seed % 9), scopes=seed % 7)
    done = right_way(lay_out(*drawn, direction=direction), direction)
    assert faults(drawn, done) == []
    assert len(crossings(drawn, done)) == done.crossings


@pytest.mark.parametrize("repeat", [None, True])
@pytest.mark.parametrize("seed", range(30))
def test_long_names_have_room_in_a_picture_that_runs_down(seed, repeat):
    nodes, wires, boxes = circuit(seed, gates=4 + 3 * (seed % 9), scopes=seed % 5)
    dice = Dice(seed)
    nodes = [node._replace(along=24, across=20 + dice.below(200)) if node.kind == "input" else node for node in nodes]
    done = turned(lay_out(nodes, wires, boxes, direction="down", repeat=repeat))
    assert faults((nodes, wires, boxes), done) == []


@pytest.mark.parametrize("repeat", [True, False])
@pytest.mark.parametrize("seed", range(40, 52))
def test_nothing_lies_on_anything_else_where_inputs_are_written_again(seed, repeat):
    drawn = circuit(seed, gates=25)
    done = lay_out(*drawn, repeat=repeat)
    assert faults(drawn, done) == []
    targets = {}
    for wire in drawn[1]:
        targets.setdefault(wire.source, set()).add(wire.target)
    shared = {node.id for node in drawn[0] if node.kind == "input" and len(targets.get(node.id, ())) > 1}
    assert {wire.source for wire in drawn[1] if wire.id in done.names} == (shared if repeat else set())


def test_a_wire_for_every_wire_and_a_place_for_every_node():
    drawn = nodes, wires, boxes = network([3, 2])
    done = lay_out(*drawn)
    assert list(done.wires) == [wire.id for wire in wires]
    assert set(done.labels) == set(done.wires)
    assert set(done.nodes) == {node.id for node in nodes}
    assert set(done.boxes) == {box.id for box in boxes}
    assert set(done.stems) == set(done.stem_labels) == {node.id for node in nodes if node.stem}


def test_the_same_records_give_the_same_bits_in_every_process():
    code = ("from tests.test_viz_layout import circuit, lay_out\n"
            "print(lay_out(*circuit(7, 30)), lay_out(*circuit(8, 30), direction='down'))")
    said = {subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1],
                           env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(filter(None, sys.path))}).stdout
            for seed in ("1", "2")}
    assert said == {f"{lay_out(*circuit(7, 30))} {lay_out(*circuit(8, 30), direction='down')}\n"}


def test_names_of_nodes_mean_nothing():
    nodes, wires, boxes = circuit(3, 20)
    done = lay_out(nodes, wires, boxes)
    new = {node.id: f"n{i * 7 % 101}" for i, node in enumerate(nodes)}
    again = lay_out([node._replace(id=new[node.id]) for node in nodes],
                   [wire._replace(source=new[wire.source], target=new[wire.target]) for wire in wires], boxes)
    assert again.nodes == {new[id]: place for id, place in done.nodes.items()}
    assert again.wires == done.wires


def test_a_chain_runs_straight_and_goes_on_in_the_next_row():
    nodes = [Node("x", "input", 20, 24), *(Node(f"g{i}", "gate", 34, 34) for i in range(30)), Node("y", "output", 16, 16)]
    wires = [Wire(f"w{i}", a.id, b.id, Label(70, 18, 20)) for i, (a, b) in enumerate(pairwise(nodes))]
    for width in (400.0, WIDTH, math.inf):
        done = lay_out(nodes, wires, width=width)
        assert done.wide <= width
        assert done.crossings == 0
        rows = sorted({done.nodes[node.id].y for node in nodes})
        places = [(rows.index(done.nodes[node.id].y), done.nodes[node.id].x) for node in nodes]
        assert places == sorted(places)  # row by row, from left to right
        assert len(rows) == 1 or width < math.inf


@pytest.mark.parametrize("seed", range(20))
def test_what_is_used_stands_before_what_uses_it_where_there_is_one_row(seed):
    drawn = circuit(seed, gates=15)
    done = lay_out(*drawn, width=math.inf, repeat=False)
    assert all(done.nodes[wire.source].x < done.nodes[wire.target].x for wire in drawn[1])
    done = lay_out(*drawn, direction="down", repeat=False)
    assert all(done.nodes[wire.source].y < done.nodes[wire.target].y for wire in drawn[1])


def inside(done, box, ids):
    """The size of a box, and the places of things in it, from its corner."""
    x, y, wide, high = done.boxes[box]
    return (wide, high), [(done.nodes[id].x - x, done.nodes[id].y - y) for id in ids]


def test_scopes_of_one_form_are_identical_tiles_in_their_declared_order():
    nodes, wires, boxes = network([4, 3, 1])
    done = lay_out(nodes, wires, boxes)
    for layer, size in enumerate((4, 3)):
        at = [f"net/{layer}/{neuron}" for neuron in range(size)]
        tiles = [inside(done, box, [node.id for node in nodes if node.box == box and node.kind == "gate"]) for box in at]
        assert all(tile == tiles[0] for tile in tiles)
        heights = [done.boxes[box][1] for box in at]
        assert heights == sorted(heights)
        assert len({done.boxes[box][0] for box in at}) == 1


def test_the_classic_network_of_4_4_1_neurons_fits_a_page():
    drawn = network([4, 4, 1])
    done = lay_out(*drawn)
    assert faults(drawn, done) == []
    assert done.wide <= WIDTH
    assert done.high <= 3600 - 28
    assert done.crossings == 3 + 18  # (neurons − 1) × pairs of inputs, for each layer: fewer there cannot be with equal tiles


def test_an_operand_of_its_own_enters_from_above_or_below_and_the_other_runs_straight():
    label = Label(60, 18, 20)
    nodes = [Node("x", "input", 20, 24), Node("f", "gate", 40, 40), Node("w", "input", 20, 24), Node("g", "gate", 34, 34),
             Node("y", "output", 16, 16)]
    wires = [Wire("xf", "x", "f", label), Wire("fg", "f", "g", label), Wire("wg", "w", "g", label), Wire("gy", "g", "y", label)]
    for order, side in ((wires, 1), ([wires[0], wires[2], wires[1], wires[3]], -1)):
        done = lay_out(nodes, order)
        assert done.nodes["f"].y == done.nodes["g"].y == done.nodes["y"].y
        assert (done.nodes["w"].y - done.nodes["g"].y) * side > 0
        assert done.wires["wg"].points[-1][0] == done.nodes["g"].x  # it comes in at the top or at the bottom


def test_a_value_has_one_lane_with_a_fork_for_every_further_use():
    label = Label(60, 18, 20)
    nodes = [Node("x", "input", 20, 24, stem=label), *(Node(f"g{i}", "gate", 34, 34) for i in range(5)), Node("s", "gate", 34, 34),
             Node("y", "output", 16, 16)]
    wires = [Wire(f"w{i}", "x", f"g{i}", label) for i in range(5)] + [Wire(f"s{i}", f"g{i}", "s", label) for i in range(5)]
    done = lay_out(nodes, [*wires, Wire("y", "s", "y", label)])
    assert len(done.forks) == 4
    assert sum(not done.wires[f"w{i}"].after for i in range(5)) == 1
    assert done.crossings == 0


def test_a_scope_that_is_left_and_entered_again_is_dissolved():
    label = Label(60, 18, 20)
    nodes = [Node("x", "input", 20, 24), Node("a", "gate", 34, 34, "s"), Node("b", "gate", 34, 34), Node("c", "gate", 34, 34, "s"),
             Node("y", "output", 16, 16)]
    wires = [Wire(f"{a.id}{b.id}", a.id, b.id, label) for a, b in pairwise(nodes)]
    assert lay_out(nodes, wires, [Box("s", "", 30)]).boxes == {}


def test_a_scope_too_long_for_the_page_goes_on_in_rows_of_its_own():
    nodes = [Node("x", "input", 20, 24), *(Node(f"g{i}", "gate", 34, 34, "s") for i in range(20)), Node("y", "output", 16, 16)]
    wires = [Wire(f"w{i}", a.id, b.id, Label(70, 18, 20)) for i, (a, b) in enumerate(pairwise(nodes))]
    done = lay_out(nodes, wires, [Box("s", "", 30)], width=700)
    assert faults((nodes, wires, [Box("s", "", 30)]), done) == []
    assert done.wide <= 700


def test_inputs_are_written_again_where_they_would_cross_too_often():
    label = Label(50, 18, 20)
    nodes = [Node(f"{k}{i}", "input", 20, 24, stem=label) for k in "ab" for i in range(6)]
    wires = []
    for i in range(6):
        for j in range(6):
            nodes.append(Node(f"g{i}{j}", "gate", 34, 34))
            wires += [Wire(f"a{i}{j}", f"a{i}", f"g{i}{j}", label), Wire(f"b{i}{j}", f"b{j}", f"g{i}{j}", label)]
    nodes += [Node("s", "gate", 34, 34), Node("y", "output", 16, 16)]
    wires += [Wire(f"s{i}{j}", f"g{i}{j}", "s", label) for i in range(6) for j in range(6)] + [Wire("y", "s", "y", label)]
    done, crossed = lay_out(nodes, wires), lay_out(nodes, wires, repeat=False)
    assert faults((nodes, wires, []), done) == faults((nodes, wires, []), crossed) == []
    assert len(done.names) == 72
    assert done.crossings == 0 < 100 < crossed.crossings


def test_other_directions_are_refused():
    with pytest.raises(ValueError, match="direction='up'"):
        lay_out([], [], direction="up")


def test_nothing_and_lonely_nodes_are_laid_out():
    assert lay_out([], []).nodes == {}
    assert faults(([Node("x", "input", 20, 24)], [], []), lay_out([Node("x", "input", 20, 24)], [])) == []


def test_a_page_however_narrow_holds_a_layout_as_wide_as_it_must_be():
    label = Label(50, 18, 20)
    nodes = [Node("x", "input", 22, 24, stem=label), *(Node(f"g{i}", "gate", 34, 34) for i in range(4)),
             Node("y", "output", 16, 16)]
    wires = [Wire(f"x{i}", "x", f"g{i}", label) for i in range(4)]
    wires += [Wire(f"g{i}", f"g{i}", f"g{i + 1}", label) for i in range(3)] + [Wire("y", "g3", "y", label)]
    for width in range(60, 160):  # at one of them shared inputs take exactly all of it
        done = lay_out(nodes, wires, width=float(width), repeat=False)
        assert width % 20 or faults((nodes, wires, []), done) == []
