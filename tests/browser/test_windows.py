"""The moving window of a convolution in a real browser: keys, buttons, the sum, and less motion where it is asked for."""

import pytest

from chainrule.pictures import convolution


@pytest.fixture
def opened(browser, tmp_path):
    pages = []

    def opened(motion="reduce", lang="en", **options):
        page = browser.new_page(reduced_motion=motion, viewport={"width": 390, "height": 700})
        page.goto(convolution([[1, 2, 0], [0, 1, 3], [2, 2, -1]], [[1, 0], [0, -1]], lang=lang, **options)
                  .save(tmp_path / "window.html").as_uri())
        pages.append(page)
        return page
    yield opened
    for page in pages:
        page.close()


def test_keys_and_buttons_move_the_window_and_the_sum_is_that_of_the_entry(opened):
    page = opened()
    assert page.locator("#where").inner_text() == "entry 1 of 4"
    assert page.locator("#sum").inner_text() == "1·1 + 2·0 + 0·0 + 1·(−1) = 0"
    page.keyboard.press("ArrowRight")
    assert page.locator("#sum").inner_text() == "2·1 + 0·0 + 1·0 + 3·(−1) = −1"
    page.keyboard.press("End")
    assert page.locator("#where").inner_text() == "entry 4 of 4" and page.locator("#t3").text_content() == "2"
    page.keyboard.press("ArrowLeft")
    page.locator("#next").click()
    page.keyboard.press("ArrowRight")
    assert page.locator("#where").inner_text() == "entry 4 of 4"
    page.keyboard.press("Home")
    assert page.locator("#where").inner_text() == "entry 1 of 4" and page.locator("#t3").text_content() == ""
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_it_moves_by_itself_only_where_motion_is_welcome(opened):
    still, moving = opened("reduce"), opened("no-preference")
    assert still.locator("#play").inner_text() == "Play" and moving.locator("#play").inner_text() == "Pause"
    assert still.evaluate("getComputedStyle(document.querySelector('#window')).transitionDuration") == "0s"
    moving.wait_for_function("document.querySelector('#where').textContent === 'entry 4 of 4'")
    moving.wait_for_function("document.querySelector('#play').textContent === 'Play'")


def test_it_speaks_korean_and_names_what_is_not_seen(opened):
    page = opened(lang="ko", stride=2)
    assert page.locator("#where").inner_text() == "원소 1/1" and page.locator("html").get_attribute("lang") == "ko"
    assert "보이지 않는다" in page.inner_text("main")


@pytest.mark.parametrize(("stride", "padding"), [(0, 0), (1, -1)])
def test_a_filter_that_does_not_fit_is_refused(stride, padding):
    with pytest.raises(ValueError, match="does not fit"):
        convolution([[1.0]], [[1.0]], stride, padding)
