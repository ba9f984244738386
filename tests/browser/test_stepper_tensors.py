"""Pages of small Tensors in a real browser: after a change of any entry, all numbers are those of Python."""

import importlib.util
import random
import re
from pathlib import Path

import numpy as np
import pytest

import nn
from autograd import Tensor, gradient, ops, steps
from autograd.arrays import functions as F
from viz import stepper

from .test_stepper import typed

SHAPES = [(), (3,), (2, 3), (3, 2), (4, 1), (2, 2, 2)]
UNARY = [ops.tanh, ops.sigmoid, ops.sin, ops.softplus, ops.relu, ops.abs, lambda x: ops.exp(x * 0.3), lambda x: -x,
         lambda x: ops.log(x * x + 1.0), lambda x: ops.sqrt(x * x + 0.5), lambda x: x**3 * 0.1, lambda x: ops.elu(x, 0.7),
         lambda x: 1.0 / (x * x + 1.0)]
ALONG = [F.sum, F.mean, F.max, F.min, F.logsumexp, F.softmax, F.log_softmax, F.cumsum, F.var]


class Program:
    """A random program of small Tensors, with the same steps for any inputs."""

    def __init__(self, seed):
        self.seed = seed
        draw = random.Random(seed)
        self.shapes = [draw.choice(SHAPES) for _ in range(draw.randint(1, 3))]

    def numbers(self, draw):
        return [np.array([draw.choice((-1, 1)) * draw.uniform(0.2, 2.0) for _ in range(int(np.prod(shape)))]).reshape(shape)
                for shape in self.shapes]

    def __call__(self, xs):
        draw, made = random.Random(self.seed), list(xs)
        for _ in range(draw.randint(3, 8)):
            made.append(self.step(draw, made))
        return sum((F.sum(ops.tanh(x)) for x in made[len(xs):]), Tensor(0.5, "shift"))

    def step(self, draw, made):
        x, y = made[-1] if draw.random() < 0.6 else draw.choice(made), draw.choice(made)
        kind = draw.randrange(9)
        if kind < 2:
            return draw.choice(UNARY)(x)
        if kind == 2 and x.ndim:
            return draw.choice(ALONG)(x, draw.randrange(x.ndim))
        if kind == 3:
            return F.reshape(F.transpose(x), -1)
        if kind == 4 and x.ndim and y.ndim:
            return F.reshape(x, (-1, 1)) @ F.reshape(y, (1, -1)) if x.shape[-1] != y.shape[0] or y.ndim > 2 else x @ y
        if kind == 5 and x.ndim:
            return draw.choice([lambda: x[-1], lambda: x[..., ::2], lambda: x[[0, 0, 1]] if len(x) > 1 else x[0],
                                lambda: F.flip(x), lambda: F.pad(x, 1)])()
        if kind == 6 and x.ndim:
            return F.concatenate([x, x * 2.0], draw.randrange(x.ndim))
        try:
            return draw.choice([ops.add, ops.sub, ops.mul, ops.maximum])(x, y)
        except ValueError:  # shapes that do not broadcast
            return x * F.sum(y) * 0.5


def tensors(arrays):
    return [Tensor(array, f"x{i}") for i, array in enumerate(arrays)]


CHANGED = """given => {
    for (const [name, value] of given) {
        const box = document.querySelector(`#inputs tbody input[aria-label="${name}"]`)
        if (!box) continue
        box.value = value
        box.dispatchEvent(new Event('input'))
    }
    const slope = box => box.parentElement.querySelector('div.g') ?? box.closest('tr').querySelector('td.g')
    return [...document.querySelectorAll('#inputs tbody input[type=number]')].map(box =>
        [box.getAttribute('aria-label'), slope(box).textContent])
}"""


def entries(name, array):
    """The names of the entries of an input as the page has them, each with its number."""
    return [(f"{name}[{','.join(map(str, index))}]" if index else name, float(x)) for index, x in np.ndenumerate(array)]


def checked(page, build, arrays):
    """The page's gradient of every entry and its result, after these numbers were typed in, against Python's."""
    given = [(name, repr(x)) for i, array in enumerate(arrays) for name, x in entries(f"x{i}", array)]
    there = {name: typed(text) for name, text in page.evaluate(CHANGED, given) if text != "–"}
    xs = tensors(arrays)
    y = build(xs)
    slopes = gradient(y, xs)
    here = {name: slope for i, array in enumerate(slopes) for name, slope in entries(f"x{i}", array)}
    size = max([1.0, *map(abs, here.values())])
    assert {name: there[name] for name in here if name in there} == pytest.approx(
        {name: x for name, x in here.items() if name in there}, rel=1e-12, abs=1e-13 * size)
    page.evaluate("document.querySelector('#all').open = true")
    result = typed(page.locator("#all tbody tr").last.locator("td").nth(2).inner_text())
    assert result == pytest.approx(y.item(), rel=1e-12, abs=1e-13 * size)
    return len(here)


@pytest.fixture
def opened(visit, tmp_path):
    def opened(y, **options):
        page = visit(stepper(y, digits=17).save(tmp_path / "page.html"), **options)
        page.emulate_media(reduced_motion="reduce")
        return page
    return opened


def test_the_pages_numbers_are_pythons_for_changed_entries_of_30_random_programs(opened):
    compared = 0
    for seed in range(30):
        program, draw = Program(seed), random.Random(seed)
        y = program(tensors(program.numbers(draw)))
        assert y.size == 1
        page = opened(y)
        for _ in range(2):
            compared += checked(page, program, program.numbers(draw))
        page.close()
    assert compared > 300


def layer(xs):
    x, w, b = xs
    return nn.functional.cross_entropy(nn.functional.linear(x, w, b), np.array([1, 0, 2]))


def convolution(xs):
    x, w = xs
    return F.sum(ops.tanh(nn.functional.conv2d(x, w)) * F.logsumexp(w, None))


@pytest.mark.parametrize(("build", "shapes"), [(layer, [(3, 4), (3, 4), (3,)]), (convolution, [(1, 2, 4, 4), (2, 2, 2, 2)]),
                                               (lambda xs: F.einsum("ij,kj->", xs[0], xs[1] * xs[1]), [(2, 3), (4, 3)])])
def test_layers_and_losses_are_pythons(opened, build, shapes):
    draw = np.random.default_rng(3)
    arrays = [draw.normal(size=shape) for shape in shapes]
    page = opened(build(tensors(arrays)))
    for _ in range(2):
        checked(page, build, [draw.normal(size=shape) for shape in shapes])


def test_an_entry_is_dragged_and_slid(opened):
    page = opened((Tensor([[1.0, 2.0], [3.0, 4.0]], "x") * Tensor([1.0, -1.0], "w")).sum())
    box = page.locator("input[aria-label='w[1]']")
    place = box.bounding_box()
    x, y = place["x"] + place["width"] / 2, place["y"] + place["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 50, y, steps=4)
    page.mouse.up()
    assert float(box.input_value()) == -1.0 + 50 * 5 / 250
    slide = page.locator("input[aria-label='w[1], by sliding']")  # the entry that was touched last
    slide.fill("2")
    assert float(box.input_value()) == 2.0
    gradients = page.locator("#inputs tbody tr").first.locator("div.g").all_inner_texts()
    assert [float(text) for text in gradients] == [1.0, 2.0, 1.0, 2.0]  # those of x are w


def test_an_update_moves_every_entry(opened):
    w = Tensor([1.0, 2.0], "w")
    page = opened((w * w).sum())
    page.get_by_role("button", name="Update").click()
    boxes = [float(page.locator(f"input[aria-label='w[{i}]']").input_value()) for i in (0, 1)]
    assert boxes == [0.8, 1.6]  # w − 0.1 · 2w
    page.get_by_role("button", name="Reset").click()
    assert page.locator("input[aria-label='w[0]']").input_value() == "1"


def edge(xs):
    """A branch not taken with an infinite slope at 0, and a product of 0 with an infinite slope."""
    return (ops.relu(ops.log(xs[0]) * 2.0) + ops.relu(-ops.sqrt(xs[0])) + F.max(xs[0]) * xs[0]).sum()


def test_a_branch_not_taken_passes_0_entry_by_entry(opened):
    page = opened(edge(tensors([np.array([1.0, 4.0])])))
    checked(page, edge, [np.array([0.0, 2.0])])


@pytest.mark.parametrize("mistake", ["overwrite", "order", "zero_grad", "unbroadcast"])
def test_mistakes_are_those_of_python(opened, mistake):
    x, w = Tensor([[1.0, 2.0], [3.0, 4.0]], "x"), Tensor([1.0, -1.0], "w")
    h = x * w
    y = (h.tanh() * h + w).sum()
    page = opened(y)
    page.evaluate("document.querySelector('#mistakes').open = true")
    page.check(f"input[value={mistake}]")
    page.click("#last")
    walk = steps(y, mistake=mistake)
    wrong = next(i for i, step in enumerate(walk) if step.right is not None or any(e.right is not None for e in step.edges))
    said = page.locator("#mistakes p").inner_text()
    assert said.startswith(f"The first wrong number comes at step {wrong + 1} of ")
    totals = {edge.target_label: edge.total for step in walk for edge in step.edges}
    if mistake != "unbroadcast":  # whose walk ends where shapes no longer go together
        cells = page.locator("#all tbody tr").all()
        page.evaluate("document.querySelector('#all').open = true")
        there = {row.locator("td").first.inner_text(): row.locator("td").nth(3).inner_text() for row in cells}
        for name in ("x", "w"):
            listed = re.findall(r"[−\d.]+(?:·10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?", there[name].partition("[")[2])
            assert [typed(text) for text in listed] == pytest.approx(totals[name].ravel().tolist())


@pytest.mark.parametrize(("y", "why"), [
    (lambda: Tensor(np.ones((9, 8)), "w").sum(), "w has 72 entries"),
    (lambda: Tensor(np.ones(3, "float32"), "w").sum(), "some nodes are float32"),
    (lambda: (Tensor(np.ones(50), "w") * np.ones((50, 50))).sum(), "2,551 entries in all"),
    (lambda: nn.functional.max_pool2d(Tensor(np.arange(16.0).reshape(1, 1, 4, 4), "x"), 2).sum(), "'max_pool2d' has no")])
def test_what_cannot_be_computed_in_a_page_stays_still_and_says_why(opened, y, why):
    page = opened(y())
    assert why in page.locator("#inputs").inner_text()
    assert page.locator("#inputs input").count() == 0


@pytest.mark.parametrize("wide", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation(opened, scheme, wide):
    y = layer(tensors([np.ones((3, 4)), np.eye(3, 4), np.zeros(3)]))
    page = opened(y, color_scheme=scheme, viewport={"width": wide, "height": 800})
    where = importlib.util.find_spec("axe_playwright_python").submodule_search_locations[0]
    page.evaluate(Path(where, "axe.min.js").read_text(encoding="utf-8"))
    assert page.evaluate("axe.run().then(r => r.violations.map(v => [v.impact, v.id, v.nodes.map(n => n.html)]))") == []
    assert page.evaluate("document.documentElement.scrollWidth") <= wide
