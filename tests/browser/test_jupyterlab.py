"""Notebooks in a real JupyterLab: the stored chapters while untrusted, a chapter that is run, and the display of objects."""

import shutil
from importlib.util import find_spec

import nbformat
import pytest
from notebooks.__main__ import CHAPTERS

from ..conftest import missing
from .laboratory import Lab, server

OUTPUTS = """notebook => [...notebook.querySelectorAll('.jp-OutputArea-output')].map(output => {
    const area = output.getBoundingClientRect()
    return {
        type: output.dataset.mimeType, text: output.innerText, tables: output.querySelectorAll('table').length,
        images: [...output.querySelectorAll('img')].map(image => ({
            loaded: image.complete && image.naturalWidth > 0, cut: image.getBoundingClientRect().right > area.right + 1,
            scheme: getComputedStyle(image).colorScheme })),
        frames: output.querySelectorAll('iframe').length }
})"""
THINGS = {  # the last line of a cell, and what must be seen
    "nn.data.load('digits')": "table", "autograd.steps(y)": "table", "history": "table", "model.summary((4,))": "table",
    "autograd.explain(y, x)": "table", "sitter.report()": "table", "viz.graph(y)": "table",
    "autograd.check_gradients(lambda x: x * x, 3.0)": "table",
    "viz.draw(y)": "picture", "viz.network(model, [0.1] * 4)": "picture", "viz.plots.curves(history.to_dict())": "picture",
    "viz.zoom(t * t)": "picture", "viz.text(y)": "text", "model": "text", "y": "text", "t": "text",
}
SETUP = """import autograd, nn, viz
from autograd import Tensor, Value
x = Value(2.0, "x")
y = (x * 3.0).tanh()
y.backward()
t = Tensor([1.0, 2.0], "t")
model = nn.Sequential(nn.Linear(4, 3, rng=0))
sitter = nn.babysitter.Babysitter()
history = nn.train.fit(model, nn.data.load("iris"), nn.functional.cross_entropy, nn.optim.SGD(model.parameters(), 0.1), epochs=40,
                       seed=0, callbacks=[sitter])"""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A JupyterLab on copies of the stored chapters, and a notebook whose cells end with objects of every kind."""
    if find_spec("jupyterlab") is None:
        missing("tests of notebooks in JupyterLab need it: pip install 'chainrule[notebook]'")
    folder = tmp_path_factory.mktemp("notebooks")
    for script in CHAPTERS:
        shutil.copy(script.with_suffix(".ipynb"), folder)
    cells = map(nbformat.v4.new_code_cell, (SETUP, *THINGS))
    kernel = nbformat.read(CHAPTERS[0].with_suffix(".ipynb"), as_version=4).metadata
    nbformat.write(nbformat.v4.new_notebook(cells=list(cells), metadata=kernel), folder / "things.ipynb")
    with server(folder, tmp_path_factory.mktemp("jupyter")) as running:
        yield running


@pytest.fixture
def lab(browser, address):
    opened = Lab(browser, *address)
    yield opened
    opened.page.close()
    assert opened.said == []


def test_an_untrusted_chapter_shows_a_picture_wherever_one_is_stored(lab):
    for script in CHAPTERS:
        stored = nbformat.read(script.with_suffix(".ipynb"), as_version=4)
        outputs = [output for cell in stored.cells for output in cell.get("outputs", ())]
        seen = lab.open(script.with_suffix(".ipynb").name).evaluate(OUTPUTS)
        assert len(seen) == len(outputs)
        for output, shown in zip(outputs, seen):
            forms = output.get("data", {})
            if "image/svg+xml" in forms or "<img" in forms.get("text/html", ""):
                assert [image for image in shown["images"] if not image["loaded"] or image["cut"]] == []
                assert len(shown["images"]) == 1 and shown["type"] == "text/html", forms["text/plain"]
            assert "text/html" not in forms or shown["type"] == "text/html"
            assert shown["frames"] == 0  # a frame is dropped until the cell is run
            if "<iframe" in forms.get("text/html", ""):
                assert "Run this cell to " in shown["text"]  # step through it, or fill it in


def idle(lab, notebook):
    """Wait until every cell has run."""
    lab.page.wait_for_function("""() => [...document.querySelectorAll('.jp-NotebookPanel:not(.lm-mod-hidden) .jp-CodeCell')].every(
        cell => /\\[\\d+\\]/.test(cell.querySelector('.jp-InputPrompt').textContent) || !cell.innerText.trim())""", timeout=60_000)
    return notebook.evaluate(OUTPUTS)


def test_a_chapter_that_is_run_has_its_pictures_and_a_live_stepper_in_the_theme_around(lab):
    notebook = lab.open(CHAPTERS[0].with_suffix(".ipynb").name, run=True)
    seen = idle(lab, notebook)
    assert not any("error" in shown["type"] or "stderr" in shown["type"] for shown in seen)
    stored = nbformat.read(CHAPTERS[0].with_suffix(".ipynb"), as_version=4)
    pages = [output.get("data", {}).get("text/html", "") for cell in stored.cells for output in cell.get("outputs", ())]
    assert sum(len(shown["images"]) for shown in seen) == sum("<img" in page for page in pages)
    assert {image["scheme"] for shown in seen for image in shown["images"]} == {"light"}
    assert sum(shown["frames"] for shown in seen) == sum("<iframe" in page for page in pages) > 0
    stepper = notebook.locator("iframe").first.content_frame
    stepper.locator("#stage .gate").first.wait_for()
    assert all(still.is_hidden() for still in notebook.locator(".chainrule-still").all())
    paper = stepper.locator("body").evaluate("body => getComputedStyle(body).backgroundColor")
    lab.page.evaluate("window.jupyterapp.commands.execute('apputils:change-theme', { theme: 'JupyterLab Dark' })")
    lab.page.wait_for_function("document.body.dataset.jpThemeLight === 'false'")
    notebook.locator("iframe").first.element_handle().content_frame().wait_for_function(
        f"getComputedStyle(document.body).backgroundColor !== '{paper}'")
    assert {image["scheme"] for shown in notebook.evaluate(OUTPUTS) for image in shown["images"]} == {"dark"}


def test_every_object_that_ends_a_cell_shows_itself_well(lab):
    notebook = lab.open("things.ipynb", run=True)
    training, *seen = idle(lab, notebook)
    assert training["text"].replace("\u2007", " ").startswith("epoch 40/40: 100%")
    assert notebook.locator(".jupyter-widgets .progress-bar-success").count() == 1  # the notebook's own
    assert len(seen) == len(THINGS)
    for (code, form), shown in zip(THINGS.items(), seen):
        assert shown["type"] == ("text/plain" if form == "text" else "text/html"), code
        assert (shown["tables"] > 0, len(shown["images"]) > 0) >= (form == "table", form == "picture"), code
        assert all(image["loaded"] and not image["cut"] for image in shown["images"]), code
        assert shown["text"].count("\n") < 45 and len(shown["text"]) < 2000, code
