"""Chapters that are edited and run on the site, in a real browser, served from this machine; needs Pyodide's files.

Run it: npm pack pyodide, unpack it, and CHAINRULE_PYODIDE=…/package pytest tests/browser/test_editable.py -m slow
"""

import importlib.util
import os
import subprocess
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from zipfile import ZipFile

import pytest

from docs import build as builder
from docs.editable import make_editable, write_library

PYODIDE = os.environ.get("CHAINRULE_PYODIDE", "")
carried = pytest.mark.skipif(not PYODIDE or importlib.util.find_spec("myst_nb") is None,
                             reason="needs CHAINRULE_PYODIDE=… and pip install 'chainrule[site]'")


def test_the_archive_has_the_library_and_no_data(tmp_path):
    write_library(tmp_path / "one.zip")
    write_library(tmp_path / "two.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    names = ZipFile(tmp_path / "one.zip").namelist()
    assert {"autograd/value.py", "viz/web/step_page.js", "chainrule/locale/ko/LC_MESSAGES/chainrule.po"} <= set(names)
    assert not [name for name in names if name.endswith((".pyi", ".csv", ".pyc")) or "__pycache__" in name]
    assert (tmp_path / "one.zip").stat().st_size < 1_500_000


def test_a_folder_without_it_is_refused_with_the_remedy(tmp_path):
    with pytest.raises(FileNotFoundError, match="npm pack pyodide"):
        make_editable(tmp_path / "site", tmp_path)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The address of a site that was built with it."""
    folder = tmp_path_factory.mktemp("site")
    folders = [str(folder / "a"), str(folder / "b"), PYODIDE]
    code = f"from pathlib import Path; from docs.build import build; build(*map(Path, {folders}))"
    subprocess.run([sys.executable, "-c", code], cwd=builder.ROOT, check=True)
    handler = type("Quiet", (SimpleHTTPRequestHandler,), {"log_message": lambda *args: None})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder / "a"))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture
def started(site, browser):
    """Open a chapter and start Python on it; afterwards check that there was no error, and no request to another host."""
    pages, said = [], []

    def started(name, **options):
        page = browser.new_page(**options)
        pages.append(page)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("console", lambda message: said.append(message.text))
        page.on("request", lambda request: request.url.startswith((site, "data:", "blob:", "about:")) or said.append(request.url))
        page.goto(f"{site}{name}.html")
        page.locator(".python button").click()
        wait(page, "Ready", "준비")
        return page

    yield started
    for page in pages:
        page.close()
    assert said == []


def wait(page, *words):
    page.wait_for_function("""words => words.some(
        word => document.querySelector('.python [role=status]').textContent.includes(word))""", arg=words, timeout=240_000)


@carried
@pytest.mark.slow
@pytest.mark.parametrize("name", ["0_from_scratch", "1_backpropagation", "2_perceptrons", "ko/0_from_scratch",
                                  "ko/1_backpropagation", "ko/2_perceptrons"])
def test_every_cell_runs_and_only_plots_are_kept_as_they_were(started, name):
    page = started(name)
    page.get_by_role("button", name="모두 실행" if name.startswith("ko") else "Run all").click()
    wait(page, "Done", "끝났습니다")
    assert page.locator("article .error").all_inner_texts() == []
    kept = page.locator("article .stored")
    assert 1 <= kept.count() <= 7 and all("matplotlib" in said for said in kept.all_inner_texts())
    assert page.locator("article .cell:has(.stored) .cell_output:not(.fresh) svg").count() >= kept.count()
    assert page.locator("article .fresh iframe").count() >= 1


@carried
@pytest.mark.slow
def test_a_cell_is_edited_run_by_keyboard_and_stopped(started):
    page = started("1_backpropagation", viewport={"width": 390, "height": 800})
    cell = page.locator("article .cell").first
    text = cell.locator("textarea")
    text.fill("from chainrule.exercises import check\ncheck('1.1', (-1, 3))")
    text.press("Shift+Enter")
    cell.locator(".fresh").wait_for()
    assert "well done" in cell.locator(".fresh").inner_text()
    text.fill("def f(x):\n    return x / 0\n\nprint('before')\nf(1.0)")
    text.press("Shift+Enter")
    cell.locator(".error").wait_for()
    assert "before" in cell.locator(".text").inner_text()
    report = cell.locator(".error").inner_text()
    assert "ZeroDivisionError" in report and "return x / 0" in report and "cells.py" not in report
    text.fill("while True: pass")
    text.press("Shift+Enter")
    page.get_by_role("button", name="Stop").click()
    wait(page, "Ready")
    text.fill("1 + 1")
    text.press("Shift+Enter")
    page.wait_for_function("document.querySelector('article .cell .fresh')?.innerText.trim() === '2'")
    where = importlib.util.find_spec("axe_playwright_python").submodule_search_locations[0]
    page.evaluate(Path(where, "axe.min.js").read_text(encoding="utf-8"))
    assert page.evaluate("""axe.run({ iframes: false }).then(r => r.violations.filter(
        v => ['serious', 'critical'].includes(v.impact)).map(v => [v.id, v.nodes[0].html]))""") == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
