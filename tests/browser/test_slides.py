"""Slides in a real browser: keys lead forward and back, nothing is asked of other hosts, steppers and the moving window work."""

import json

import pytest
from notebooks.__main__ import CHAPTERS, stored

from docs import slides

markdown = pytest.importorskip("markdown_it", reason="slides need pip install 'chainrule[site]'")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("slides")
    for number in (0, 1):
        for lang in ("en", "ko"):
            text = slides.page(json.loads(stored(CHAPTERS[number], lang).read_text(encoding="utf-8")), lang)
            (folder / f"{number}{lang}.html").write_text(text, encoding="utf-8")
    return folder


def shown(page):
    assert page.locator("section:visible").count() == 1
    return int(page.locator("#where").inner_text().split(" / ")[0])


@pytest.mark.parametrize("name", ["0en", "1ko"])
def test_keys_lead_forward_and_back_and_nothing_is_asked_of_other_hosts(made, browser, name):
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    asked, faults = [], []
    page.on("request", lambda request: request.url.startswith(("file:", "data:", "about:", "blob:")) or asked.append(request.url))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto((made / f"{name}.html").as_uri())
    count = page.locator("section").count()
    assert shown(page) == 1 and count > 30
    for key, place in (("ArrowRight", 2), ("PageDown", 3), (" ", 4), ("ArrowLeft", 3), ("PageUp", 2), ("Home", 1), ("ArrowLeft", 1),
                       ("End", count), ("ArrowRight", count)):
        page.keyboard.press(key)
        assert shown(page) == place, key
    page.keyboard.press("Home")
    for i in range(2, count + 1):
        page.locator("#next").click()
        assert shown(page) == i
        wide = page.evaluate("document.querySelector('section:not([hidden])').scrollWidth - innerWidth")
        assert wide <= 0, (i, wide)
    assert asked == [] == faults
    page.goto((made / f"{name}.html").as_uri() + "#5")
    page.reload()
    assert shown(page) == 5
    page.close()


def test_a_stepper_works_in_a_slide(made, browser):
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.goto((made / "1en.html").as_uri())
    while not page.locator("section:visible iframe").count():
        page.locator("#next").click()
    frame = page.frame_locator("section:visible iframe")
    frame.locator("#first").click()
    frame.locator("#next").click()
    assert frame.locator("#where").inner_text().startswith("1 /")
    frame.locator("#next").click()
    assert frame.locator("#where").inner_text().startswith("2 /")
    page.close()
