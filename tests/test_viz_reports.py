"""The page about a training run: its content, its completeness at any time, and its display in a browser."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import nn
import numpy as np
import pytest
import viz
from autograd import Value
from chainrule.cli import main
from viz.reports import checkpoint_page, environment, page, report


def trained(path: Any, epochs: int = 3, lr: float = 0.01, **options: Any) -> tuple[nn.Module, nn.train.History]:
    iris = nn.data.load("iris")
    model = nn.Sequential(nn.Linear(4, 8, rng=0), nn.Tanh(), nn.Dropout(0.1, rng=5), nn.Linear(8, 3, rng=1))
    optimizer = nn.optim.Adam(model.named_parameters(), lr=lr)
    callbacks = [*options.pop("callbacks", ()), *([] if path is None else [viz.report(path, lang="en")])]
    history = nn.train.fit(model, iris, nn.functional.cross_entropy, optimizer, metrics="accuracy", validation=iris,
                           epochs=epochs, seed=7, progress=False, callbacks=callbacks, **options)
    return model, history


def test_a_browser_opens_the_page_with_curves_verdicts_layers_steps_and_seeds(tmp_path: Path, visit: Any) -> None:
    _, history = trained(tmp_path / "run", epochs=5)
    path = tmp_path / "run" / "report.html"
    assert list(path.parent.iterdir()) == [path]  # nothing half-written is left
    opened = visit(path)  # which also fails on a request or a console message
    assert opened.title() == opened.inner_text("h1") == "Training report: run"
    assert opened.locator("h2").all_inner_texts() == [
        "Curves", "Babysitter", "Layers", "Updates", "One example, step by step", "Run and environment"]
    text = opened.inner_text("main")
    assert "Ended: all 5 epochs are done. 5 epochs, 25 batches." in text
    for row in (["validation accuracy", f"{history['validation accuracy'][-1]:.4g}"], ["seed", "7"], ["parameters", "67"],
                ["loss", "cross_entropy"], ["python", environment()["python"]]):
        assert opened.locator("tr", has=opened.get_by_role("rowheader", name=row[0], exact=True)).last.inner_text().split(
            "\t")[1].startswith(row[1][:5])
    assert opened.locator("figure svg").count() == 6
    assert all(opened.locator("figure svg").nth(i).bounding_box()["width"] > 200 for i in range(6))
    assert "data-live" not in path.read_text(encoding="utf-8").partition("<body")[2].partition(">")[0]  # it is over
    ids = opened.eval_on_selector_all("figure [id]", "all => all.map(x => x.id)")
    assert len(ids) == len(set(ids))
    where = importlib.util.find_spec("axe_playwright_python")
    assert where is not None and where.submodule_search_locations
    opened.evaluate(Path(where.submodule_search_locations[0], "axe.min.js").read_text(encoding="utf-8"))
    assert opened.evaluate("axe.run(document, {iframes: false}).then(r => r.violations.map(v => [v.impact, v.id]))") == []
    inside = opened.frame_locator("iframe")
    inside.get_by_role("button", name="Next").click()
    assert "of" in inside.locator("body").inner_text()


def test_phones_and_the_dark_show_all_of_it(tmp_path: Path, visit: Any) -> None:
    trained(tmp_path / "small.html", epochs=2)
    opened = visit(tmp_path / "small.html", viewport={"width": 390, "height": 800}, color_scheme="dark")
    assert opened.evaluate("document.documentElement.scrollWidth") <= 390
    assert opened.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(13, 17, 23)"


def test_it_is_whole_at_every_epoch_and_loads_itself_anew_while_the_run_lasts(tmp_path: Path) -> None:
    seen: list[str] = []

    def look(run: Any) -> None:
        assert run.model.training  # the example was computed in evaluation mode, and no trace of that is left
        seen.append((tmp_path / "report.html").read_text(encoding="utf-8"))
    iris = nn.data.load("iris")
    model = nn.Sequential(nn.Linear(4, 3, rng=0))
    kept = viz.report(tmp_path, facts={"note": "<script>alert(1)</script>"})
    nn.train.fit(model, iris, nn.functional.cross_entropy, nn.optim.SGD(model.named_parameters()), epochs=3, seed=0,
                 progress=False, callbacks=[kept, look])
    seen.append((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert all(text.startswith("<!doctype html>") and text.rstrip().endswith("</html>") for text in seen)
    assert ["<body data-live" in text for text in seen] == [True, True, True, False]
    assert ["http-equiv=\"refresh\"" in text for text in seen] == [True, True, True, False]  # where there is no JavaScript
    assert "&lt;script&gt;alert(1)" in seen[-1] and "<script>alert(1)" not in re.sub("data-steps=\"[^\"]*\"", "", seen[-1])


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The page of one run after its first epoch, its second, and at its end."""
    path = tmp_path_factory.mktemp("run") / "report.html"
    seen: list[str] = []
    made = viz.report(path)
    trained(None, epochs=2, callbacks=[made, lambda run: (made.write(run), seen.append(path.read_text(encoding="utf-8")))])
    return [*seen, path.read_text(encoding="utf-8")]


@pytest.fixture(params=["file", "http"])
def address(request: Any, tmp_path: Path) -> Iterator[str]:
    """The address of a report: as a file, or on a server on this machine."""
    if request.param == "file":
        yield (tmp_path / "report.html").as_uri()
        return
    handler = type("Quiet", (SimpleHTTPRequestHandler,), {"log_message": lambda *args: None})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(tmp_path))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/report.html"
        server.shutdown()


def test_the_reader_keeps_what_is_folded_scrolled_and_stepped_to(browser: Any, states: list[str], address: str,
                                                                 tmp_path: Path) -> None:
    def write(text: str) -> None:
        (tmp_path / "next").write_text(text, encoding="utf-8")
        (tmp_path / "next").replace(tmp_path / "report.html")

    write(states[0])
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    asked, said = set(), []
    page.on("request", lambda request: asked.add(request.url.partition("?")[0]))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(address)
    assert "1 epoch, 5 batches" in page.inner_text(".state")
    steps = page.frame_locator("#steps iframe")
    for _ in range(3):
        steps.locator("#previous").click()
    there = steps.locator("#where").inner_text()
    page.locator("summary", has_text="Babysitter").click()
    page.evaluate("scrollTo(0, 300)")
    drawn = page.locator("figure svg").first.inner_html()

    write(states[1])
    page.wait_for_function("document.querySelector('.state').textContent.includes('2 epochs, 10 batches')")
    assert steps.locator("#where").inner_text() == there
    assert page.locator("details[open]").count() == page.locator("details").count() - 1
    assert page.evaluate("scrollY") == 300
    assert page.locator("figure svg").first.inner_html() != drawn

    write(states[2])
    page.wait_for_function("document.querySelector('.state').textContent.includes('Ended')")
    assert steps.locator("#where").inner_text() == there
    button = page.get_by_role("button", name="Show it as it is now")
    button.click()
    assert button.is_hidden()
    steps.locator("h1").filter(has_text="After 2 epochs").wait_for()
    assert page.locator("iframe.next").count() == 0  # it is over, and nobody looks any more
    assert said == []
    assert asked - {"about:srcdoc"} == {address}
    page.close()


def test_the_width_is_used_and_plots_are_dark_on_a_dark_page(states: list[str], visit: Any, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text(states[2], encoding="utf-8")
    page = visit(tmp_path / "report.html", viewport={"width": 1280, "height": 800}, color_scheme="dark")
    boxes = [figure.bounding_box() for figure in page.locator(".figures").first.locator("figure").all()]
    assert len({round(box["y"]) for box in boxes}) == 1 and sum(box["width"] for box in boxes) > 1100  # all in one row
    papers = page.eval_on_selector_all("figure svg > g path:first-of-type", "all => all.map(x => getComputedStyle(x).fill)")
    assert "rgb(13, 17, 23)" in papers and "rgb(255, 255, 255)" not in papers
    columns = page.locator("figure", has_text="activations of each layer").inner_text()
    assert all(name in columns for name in ("Linear 0", "Tanh 1", "Linear 3"))


def test_it_says_what_was_wrong_and_why_the_run_ended(tmp_path: Path) -> None:
    trained(tmp_path, epochs=2, lr=1e-7)
    assert "update-to-weight ratio off" in (tmp_path / "report.html").read_text(encoding="utf-8")
    x = np.array([[1.0], [np.nan]], np.float32)
    model = nn.Sequential(nn.Linear(1, 2, rng=0))
    nn.train.fit(model, (x, np.array([0, 1])), nn.functional.cross_entropy, nn.optim.SGD(model.named_parameters()), epochs=2,
                 seed=0, progress=False, callbacks=[viz.report(tmp_path / "broken.html")])
    text = (tmp_path / "broken.html").read_text(encoding="utf-8")
    assert "nan or inf" in text and "Ended: epoch 1, batch 1" in text


def test_a_run_that_was_interrupted_says_by_what(tmp_path: Path) -> None:
    def stop(run: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path, callbacks=[stop])
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Interrupted: KeyboardInterrupt." in text and "http-equiv=\"refresh\"" not in text


def test_title_and_facts_are_those_given(tmp_path: Path) -> None:
    made = report(tmp_path / "mine.html", title="Mine", facts={"\u202ewho": "me"})
    trained(None, callbacks=[made])
    text = made.path.read_text(encoding="utf-8")
    assert "<title>Mine</title>" in text and "\ufffdwho" in text and "\u202e" not in text and "Ended:" in text


def test_the_history_of_a_run_that_is_over_has_a_page_at_once(tmp_path: Path) -> None:
    _, history = trained(None, epochs=1)
    text = report(tmp_path / "over", history, facts={"who": "me"}).path.read_text(encoding="utf-8")
    assert "Ended: its one epoch is done. 1 epoch, 5 batches." in text and ">me<" in text and text.count("<svg") >= 2
    assert "http-equiv" not in text


def test_watching_changes_no_number_of_the_run(tmp_path: Path) -> None:
    watched, plain = trained(tmp_path)[0], trained(None)[0]
    for name, parameter in watched.state_dict().items():
        assert np.array_equal(parameter, plain.state_dict()[name])


def test_a_network_of_single_values_is_reported_too(tmp_path: Path) -> None:
    model = nn.MLP(2, [2, 2])
    data = ([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 1, 1])
    nn.train.fit(model, data, nn.cross_entropy, nn.optim.SGD(model.named_parameters()), epochs=2, progress=False,
                 callbacks=[viz.report(tmp_path)])
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "2 epochs" in text and 'data-steps="&lt;!doctype html' in text
    assert isinstance(next(model.parameters()), Value)


def test_a_disk_that_refuses_does_not_end_the_run(tmp_path: Path) -> None:
    (tmp_path / "report.html").mkdir()  # a folder cannot be replaced by a file
    with pytest.warns(UserWarning, match="cannot write .*; the run goes on"):
        _, history = trained(tmp_path, epochs=1)
    assert len(history) == 1


def test_the_command_makes_a_page_of_a_checkpoint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, history = trained(None, checkpoint=tmp_path / "run.npz")
    assert main(["report", str(tmp_path / "run.npz"), "-o", str(tmp_path / "page.html")]) == 0
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert f"{history.best['validation loss']:.4g}"[:4] in text and "<h2>Weights</h2>" in text and "0.01" in text
    (tmp_path / "foreign.npz").write_bytes(b"no")
    for arguments, said in ((["report", str(tmp_path / "none.npz")], "cannot report on"),
                            (["report", str(tmp_path / "foreign.npz")], "cannot report on"),
                            (["report", "a.npz", "b.npz"], "report takes one checkpoint only")):
        assert main(arguments) == 2
        assert said in capsys.readouterr().err


def test_a_page_escapes_what_people_wrote() -> None:
    written = page("</title>&", [("<b>", "x")])
    assert "<title>&lt;/title&gt;&amp;</title>" in written and "<h2>&lt;b&gt;</h2>" in written


# ── in Korean ────────────────────────────────────────────────────────────────────────────────────────────────────

NAMES = set("""Adam Dropout Linear Sequential Tanh DataLoader array shape betas eps weight_decay amsgrad maximize False True
examples batches shuffled parameters MLP Layer Neuron None identity layer layers SGD dampening momentum nesterov fit resume
npz weight ReLU Xavier tanh rng lr ill well over run page large cross_entropy numpy chainrule matplotlib PCG64 Linux batch
exp scale logsumexp""".split())
SAID = """[document.title, document.querySelector('main').innerText, ...[...document.querySelectorAll(
    'figure text, [aria-label], [data-next], [data-title], .stale, main noscript')].flatMap(
    x => [x.ariaLabel, x.dataset.next, x.dataset.title, x.matches('text, .stale, noscript') ? x.textContent : ''])].filter(
    x => typeof x === 'string').join('\\n')"""


def koreans(folder: Path) -> Iterator[tuple[str, str]]:
    """Korean pages of all kinds by what they are: well, ill, too large to step through, interrupted, over, a checkpoint."""
    well = viz.report(folder / "well.html", lang="ko")
    _, history = trained(None, callbacks=[well], checkpoint=folder / "run.npz")
    yield "well", well.path.read_text(encoding="utf-8")
    page = viz.report(folder / "ill.html", lang="ko")
    seen: list[str] = []
    trained(None, lr=1e-7, patience=1, callbacks=[page, lambda run: seen.append(page.html(run))])
    yield "running", seen[0]
    yield "ill", page.path.read_text(encoding="utf-8")
    viz.report(folder / "over.html", history, lang="ko")
    yield "over", (folder / "over.html").read_text(encoding="utf-8")
    yield "checkpoint", checkpoint_page(folder / "run.npz", "ko").replace(str(folder), "")
    large = viz.report(folder / "large.html", lang="ko")
    model = nn.MLP(2, [30, 20, 2], rng=0)
    data = ([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 1, 1])
    nn.train.fit(model, data, nn.cross_entropy, nn.optim.SGD(model.named_parameters()), epochs=1, progress=False, callbacks=[large])
    yield "large", large.path.read_text(encoding="utf-8")


def test_a_korean_page_has_no_english_word_but_names(tmp_path: Path, browser: Any) -> None:
    page = browser.new_page()
    for kind, text in koreans(tmp_path):
        (tmp_path / "page.html").write_text(text, encoding="utf-8")
        page.goto((tmp_path / "page.html").as_uri())
        assert page.locator("html").get_attribute("lang") == "ko", kind
        found = set(re.findall(r"(?<!\w)[A-Za-z_]{3,}(?!\w)", page.evaluate(SAID))) - NAMES
        assert sorted(found) == [], kind
        assert ("너무 많습니다" in text) == (kind == "large")
        if page.locator("#steps iframe").count():
            assert "다음" in page.frame_locator("#steps iframe").locator("#next").inner_text()
    page.close()


def test_the_report_speaks_the_readers_language_by_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "ko")
    assert viz.report(tmp_path / "run.html").title == "학습 보고서: run"
    monkeypatch.setenv("LANGUAGE", "en")
    assert viz.report(tmp_path / "run.html").title == "Training report: run"
    with pytest.raises(ValueError, match="'en' and 'ko'"):
        viz.report(tmp_path / "run.html", lang="fr")
