"""The display of objects at the end of a cell: a short text, and a table or a picture where that is more informative."""

from __future__ import annotations

import inspect
import re
import xml.etree.ElementTree as ET
from base64 import b64decode
from html.parser import HTMLParser
from importlib import import_module
from struct import unpack
from types import ModuleType
from typing import Any
from zlib import decompress

import autograd
import chainrule
import nn
import nn.search
import numpy as np
import pytest
import viz
from autograd import Tensor, Value
from autograd.notebook import shortened, table
from hypothesis import given
from hypothesis import strategies as st
from nn.tables import grey_png

from .display import shown


def circuit() -> Value:
    x = Value(2.0, "x")
    y = x
    for i in range(15):
        y = (y * Value(0.5 + i, f"w{i}") + 1.0).tanh()
    y.backward()
    return y


def searched() -> Any:
    rows = [{"trial": i, "value": i / 7, "lr": 10.0**-i, "std": None, "budget": None, "seconds": 0.1, "state": "done"}
            for i in range(60)]
    return nn.search.Results({"lr": nn.search.log_uniform(1e-6, 1.0)}, "minimize", rows)


class Trained:
    """One training run, with many objects to display."""

    def __init__(self) -> None:
        self.model = nn.Sequential(nn.Linear(4, 16, rng=0), nn.Tanh(), nn.Linear(16, 3, rng=1))
        self.optimizer = nn.optim.Adam(self.model.named_parameters(), lr=0.01)
        self.sitter = nn.babysitter.Babysitter()
        self.history = nn.train.fit(self.model, nn.data.load("iris"), nn.functional.cross_entropy, self.optimizer, epochs=30,
                                    seed=0, progress=False, metrics="accuracy", callbacks=[self.sitter])


RUN = Trained()
Y = circuit()
A, B = Tensor(np.arange(12.0).reshape(3, 4), "a"), Tensor(np.ones((4, 2)), "b")
IRIS, DIGITS = nn.data.load("iris"), nn.data.load("digits")
PIXELS = np.asarray(DIGITS.inputs)
PICTURES = {
    "circuit": viz.draw(Y, collapse=True), "network": viz.network(nn.MLP(4, [3, 2], rng=0), [0.1] * 4),
    "opened": viz.zoom(A @ B), "plot": viz.plots.curves({"loss": [2.0, 1.0]}), "panels": viz.plots.activations(),
    "unrolled": viz.unrolled(nn.RNN(2, 3, rng=0), Tensor(np.ones((4, 1, 2)), requires_grad=False)),
}
TABLES = {
    "digits": DIGITS, "iris": IRIS, "steps": autograd.steps(Y), "history": RUN.history, "results": searched(),
    "summary": nn.Sequential(*(nn.Linear(3, 3, rng=0) for _ in range(60))).summary((3,)), "checkup": RUN.sitter.report(),
    "explanation": autograd.explain(Y, Y.inputs[0]), "graph": viz.graph(Y),
    "check": autograd.check_gradients(lambda x: (x * x).sum(), np.arange(1.0, 30.0)),
    "wrong": autograd.check_gradients(lambda x: x**3, 2.0, gradient=lambda x: -3 * x**2),
}
TEXTS = {
    "value": Y, "tensor": A, "large tensor": Tensor(np.ones((200, 300))),
    "images": Tensor(np.random.default_rng(0).random((8, 3, 9, 9))),
    "step": autograd.steps(Y)[-1], "edges": autograd.steps(Y)[-1].edges, "path": autograd.explain(Y, Y.inputs[0]).paths,
    "anomaly": autograd.find_anomaly((Value(0.0, "x") - 1.0).log()), "operation": autograd.exp, "context": autograd.no_grad(),
    "scope": autograd.scope("s"), "formula": autograd.formula, "model": RUN.model,
    "deep model": nn.Sequential(*(nn.Linear(3, 3, rng=0) for _ in range(60))), "neurons": nn.MLP(2, [16, 16, 1]),
    "parameters": RUN.model.parameters(), "optimizer": RUN.optimizer, "schedule": nn.schedule.StepLR(RUN.optimizer, 3),
    "loss": nn.losses.CrossEntropyLoss(), "babysitter": RUN.sitter, "loader": nn.data.DataLoader(DIGITS, shuffle=True),
    "columns": nn.data.TensorDataset(DIGITS.inputs, DIGITS.labels), "log": nn.train.Log("run.csv"),
    "scaler": nn.data.StandardScaler(PIXELS), "scaler of lists": nn.data.StandardScaler(IRIS.inputs), "pca": nn.data.PCA(PIXELS, 5),
    "augment": nn.data.Augment(shift=1.0), "range": nn.search.log_uniform(1e-3, 1.0),
    "folds": nn.search.CrossValidation(len, IRIS), "learned": nn.perceptron.Perceptron(2).fit([(0, 0), (1, 1)] * 50, [1, 0] * 50),
    "perceptron": nn.perceptron.Perceptron(2), "stepper": viz.stepper(Y),
    "diagnosis": nn.babysitter.Diagnosis.of("dead relus", "80%"),
    "run": nn.train.Run(RUN.model, RUN.optimizer, len, nn.data.DataLoader(IRIS), RUN.history),
    "report": viz.report("out/run.html"), "text": viz.text((Value(2.0, "x") * 3.0).exp()), "callback": nn.train.Callback(),
    "mismatch": nn.Linear(2, 2).load_state_dict(nn.Linear(2, 2).state_dict()), "finding": TABLES["check"].findings[0],
}
EVERYTHING = {**PICTURES, **TABLES, **TEXTS}


@pytest.mark.parametrize("name", EVERYTHING)
def test_the_text_that_an_object_shows_is_short(name: str) -> None:
    text = shown(EVERYTHING[name])["text/plain"]
    assert len(text) < 400 or text.count("\n") < 20 and max(map(len, text.splitlines())) < 200
    assert " object at 0x" not in text or name == "callback"


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_also_one_that_an_untrusted_notebook_keeps(name: str) -> None:
    forms = shown(PICTURES[name])
    found = re.fullmatch(r'<img alt="([^"]+)" style="max-width:100%;height:auto" src="data:image/svg\+xml;base64,([^"]+)"/>',
                         forms["text/html"])
    first, *others = re.split("<title>[^<]*</title>", forms["image/svg+xml"])
    assert found and re.sub("<title>[^<]*</title>", "", b64decode(found[2]).decode()) == "".join([first, *others])
    assert b64decode(found[2]).count(b"<title>") <= 1  # a pointer reaches nothing in an image, so its texts are left out
    assert found[1] != "picture"  # for screen readers
    ET.fromstring(forms["image/svg+xml"])


class Cells(HTMLParser):
    """The texts of the cells of a table, by row; and every tag that an untrusted notebook would drop."""

    def __init__(self, text: str):
        super().__init__()
        self.rows: list[list[str]] = []
        self.dropped: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
        if tag in ("svg", "style", "script", "iframe", "link"):
            self.dropped.append(tag)

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


@pytest.mark.parametrize("name", TABLES)
def test_a_table_has_a_cell_for_each_column_and_nothing_that_an_untrusted_notebook_drops(name: str) -> None:
    cells = Cells(shown(TABLES[name])["text/html"])
    assert cells.dropped == [] and len(cells.rows) > 1
    assert len(shown(TABLES[name])["text/html"]) < 40_000


@given(st.lists(st.lists(st.text("ab<>&\"'1.", max_size=4), min_size=2, max_size=2), max_size=80),
       st.sets(st.integers(0, 79), max_size=3))
def test_a_table_shows_its_rows_as_they_are_and_counts_those_that_it_leaves_out(rows: list[list[str]], bold: set[int]) -> None:
    head, *found = Cells(table(["one", "two"], rows, bold=bold)).rows
    assert head == ["one", "two"]
    at = 0
    for cells in found:
        if len(cells) == 1:  # so many rows are left out
            hidden = int(cells[0].split()[1])
            assert not bold & set(range(at, at + hidden)) and at >= 12 and at + hidden <= len(rows) - 12
            at += hidden
        else:
            assert cells == rows[at]
            at += 1
    assert at == len(rows) and (len(rows) > 24 or found == rows)


@given(st.lists(st.text("ab ", max_size=5), max_size=60), st.integers(3, 30))
def test_a_shortened_text_keeps_both_ends_and_counts_what_is_between(lines: list[str], most: int) -> None:
    text = "\n".join(lines)
    found = shortened(text, most).split("\n")
    assert len(found) <= most
    if len(lines) > most:
        kept = [line for line in found if not line.startswith("…")]
        hidden = int(re.search(r"\d+", found[most // 2])[0])  # type: ignore[index]
        assert len(kept) + hidden == len(lines) and kept == lines[:most // 2] + lines[len(lines) - (most - 1) // 2:]
    else:
        assert found == text.split("\n")


def test_print_shows_all_of_what_is_shortened() -> None:
    for name in ("history", "results", "summary", "steps"):
        assert "more lines" in repr(TABLES[name]) and "more lines" not in str(TABLES[name])
    assert str(TEXTS["deep model"]).count("Linear(3, 3)") == 60


def test_what_a_table_says_is_in_it() -> None:
    history = Cells(shown(RUN.history)["text/html"]).rows
    assert history[0] == ["epoch", "loss", "accuracy", "lr"]
    losses = {int(row[0]): float(row[1]) for row in history[1:] if len(row) > 1}
    assert losses.items() <= {i: float(f"{loss:.4g}") for i, loss in enumerate(RUN.history["loss"], 1)}.items()
    assert {1, 30, RUN.history.best["epoch"]} <= losses.keys()
    steps = Cells(shown(autograd.steps(Value(3.0, "x") * 2.0))["text/html"]).rows
    assert steps[1:] == [["forward", "x", "3", ""], ["forward", "v1 = mul(x, 2)", "6", ""],
                         ["backward", "v1 = mul(x, 2)", "6", "1"], ["", "  → x", "", "1 × 2 = 2"]]
    assert Cells(shown(IRIS)["text/html"]).rows[1] == ["5.1", "3.5", "1.4", "0.2", "setosa"]


def test_a_set_of_images_shows_the_first_of_them() -> None:
    content = b64decode(re.search('src="data:image/png;base64,([^"]+)"', shown(DIGITS)["text/html"])[1])  # type: ignore[index]
    lines = pixels(content)
    digit = np.asarray(DIGITS.inputs[0]).reshape(8, 8)
    np.testing.assert_array_equal(lines[2::5, 2::5][:8, :8], 255 - np.round(255 * digit / 16))


def pixels(content: bytes) -> Any:
    """The pixels of a grey PNG without filters, by the standard alone."""
    at, chunks = 8, {}
    while at < len(content):
        size, kind = unpack(">I4s", content[at:at + 8])
        chunks[kind] = content[at + 8:at + 8 + size]
        at += 12 + size
    wide, high = unpack(">II", chunks[b"IHDR"][:8])
    return np.frombuffer(decompress(chunks[b"IDAT"]), np.uint8).reshape(high, wide + 1)[:, 1:]


@given(st.integers(1, 9).flatmap(lambda wide: st.lists(st.binary(min_size=wide, max_size=wide), min_size=1, max_size=9)))
def test_png_is_read_as_it_was_written(lines: list[bytes]) -> None:
    image = pytest.importorskip("PIL.Image")
    from io import BytesIO
    read = image.open(BytesIO(grey_png(lines)))
    assert read.mode == "L" and np.asarray(read).tolist() == [list(line) for line in lines] == pixels(grey_png(lines)).tolist()


def public_modules() -> list[ModuleType]:
    found = [autograd, chainrule, nn, viz, viz.plots]
    names = """activations babysitter data functional init layers losses optim perceptron persist schedule search testing train"""
    return found + [import_module(f"nn.{name}") for name in names.split()]


def test_every_public_class_is_among_what_is_shown_here_or_an_error_or_a_module_or_abstract() -> None:
    made = {kind for thing in EVERYTHING.values() for kind in type(thing).__mro__}
    kinds = {kind for module in public_modules() for name in module.__all__
             if inspect.isclass(kind := getattr(module, name)) and kind.__module__.partition(".")[0] in ("autograd", "nn", "viz")}
    shorter = (BaseException, Warning, nn.Module, nn.optim.Optimizer, nn.schedule.Schedule)
    left = {kind.__name__ for kind in kinds - made if not issubclass(kind, shorter)}
    assert left == {"Stateful", "Network", "Quiz", "Worksheet", "Playground", "TensorBoard"}  # which have tests of their own
