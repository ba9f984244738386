"""A real browser for the tests: found on the PATH, or Playwright's own. Without one, tests fail in CI and are skipped elsewhere."""

import os
import shutil
from pathlib import Path

import pytest

NAMES = ("chromium-headless-shell", "chromium", "google-chrome")
REMEDY = ("on Debian as root: apt-get update && apt-get install -y --no-install-recommends chromium-headless-shell; "
          "elsewhere: playwright install chromium")


def missing(what):
    """Fail where browsers are required, else skip, with a message on how to install one."""
    if os.environ.get("CI", "").lower() in ("true", "1"):
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="session")
def browser():
    """A running Chromium, driven by Playwright."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("browser tests need the package playwright: pip install playwright")
    with sync_playwright() as playwright:
        found = next(filter(None, map(shutil.which, NAMES)), playwright.chromium.executable_path)
        if not Path(found).exists():
            missing(f"browser tests need a browser ({', '.join(NAMES)}). {REMEDY}")
        running = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def visit(browser):
    """Open a file or markup in a new page; afterwards check that there was no console message, error or request."""
    pages, said = [], []

    def visit(path=None, markup=None, **options):
        page = browser.new_page(**options)
        pages.append(page)
        page.on("console", lambda message: said.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: said.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (said.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        address = Path(path).as_uri() if path else None
        page.on("request", lambda request: request.url == address or said.append(f"request: {request.url}"))
        if path:
            page.goto(address)
        else:
            page.set_content(markup)
        return page

    yield visit
    for page in pages:
        page.close()
    assert said == []
