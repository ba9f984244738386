"""The website: built once, every link leads somewhere, nothing is asked of other hosts, axe, narrow screens, search in Korean."""

import importlib.util
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from autograd import Value, gradient, ops
from docs import build as builder
from docs.steppers import documented, korean_conventions, operations_page

pytestmark = [pytest.mark.slow,
              pytest.mark.skipif(importlib.util.find_spec("myst_nb") is None,
                                 reason="the website needs pip install 'chainrule[site]'")]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, built by a process of its own: warnings of Sphinx's libraries are not ours."""
    folder = tmp_path_factory.mktemp("site")
    folders = [str(folder / name) for name in ("site", "source")]
    code = f"from pathlib import Path; from docs.build import build; build(*map(Path, {folders}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=builder.ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return folder / "site"


class Links(HTMLParser):
    """The ids of a page, its links, and what it loads."""

    def __init__(self, path):
        super().__init__()
        self.ids, self.links, self.loads = set(), [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if given.get("id"):
            self.ids.add(given["id"])
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        self.loads += [given[key] for key in ("src", "data") if given.get(key)]
        if tag == "link" and given.get("rel") not in ("canonical",):
            self.loads.append(given.get("href", ""))


def test_every_link_and_every_file_is_there(site):
    pages = {path.resolve(): Links(path) for path in site.rglob("*.html")}
    assert len(pages) > 30
    lost = []
    for path, page in pages.items():
        for link in (*page.links, *page.loads):
            if re.match(r"https?:|mailto:|data:", link):
                continue
            place, _, anchor = unquote(link).partition("#")
            target = (path.parent / place.partition("?")[0]).resolve() if place else path
            if not target.is_file() or anchor and target in pages and anchor not in pages[target].ids:
                lost.append((path.name, link))
    assert lost == []
    assert [(path.name, x) for path, page in pages.items() for x in page.loads if re.match("https?:|//", x)] == []


def test_it_is_light_and_has_its_chapters_and_reference(site):
    sizes = {path.relative_to(site).as_posix(): path.stat().st_size for path in site.rglob("*") if path.is_file()}
    korean = sum(size for name, size in sizes.items() if name.startswith("ko/"))
    assert korean < 10_000_000 and sum(sizes.values()) - korean < 10_000_000
    names = {path.relative_to(site).as_posix() for path in site.rglob("*.html")}
    assert {path.stem + ".html" for path in (builder.ROOT / "notebooks").glob("*.ipynb")} <= names
    assert {f"ko/{path.stem}.html" for path in (builder.ROOT / "notebooks" / "ko").glob("*.ipynb")} <= names
    assert {"ko/index.html", "ko/glossary.html", "ko/syllabus.html", "ko/search.html", "glossary.html", "syllabus.html"} <= names
    assert {f"api/{name}.html" for name in builder.MODULES} | {"gallery/README.html", "operations.html", "search.html"} <= names
    text = (site / "1_backpropagation.html").read_text(encoding="utf-8")
    assert text.count("srcdoc") >= 1 and "<svg" in text
    assert "check_gradients" in (site / "api" / "autograd.html").read_text(encoding="utf-8")


def test_pages_are_usable_on_any_screen_and_ask_nothing_of_other_hosts(site, browser):
    where = importlib.util.find_spec("axe_playwright_python").submodule_search_locations[0]
    axe = Path(where, "axe.min.js").read_text(encoding="utf-8")
    faults = []
    for width, scheme in ((390, "light"), (1280, "dark")):
        page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
        own = ("file:", "data:", "blob:", "about:")
        page.on("request", lambda request: request.url.startswith(own) or faults.append(request.url))
        page.on("pageerror", lambda error: faults.append(f"{page.url}: {error}"))
        for path in sorted(site.rglob("*.html")):
            page.goto(path.as_uri())
            for frame in page.frames[:1] if width > 390 else page.frames:  # steppers and quizzes on the narrow screen only
                frame.evaluate(axe)
                wide, room = frame.evaluate("[document.documentElement.scrollWidth, innerWidth]")
                if wide > room:
                    faults.append((path.name, width, wide, room))
            faults += [(path.name, width, *v) for v in page.evaluate(
                """frames => axe.run({ iframes: frames }).then(r => r.violations.filter(
                   v => ['serious', 'critical'].includes(v.impact)).map(
                   v => [v.impact, v.id, v.nodes.length, v.nodes.slice(0, 2).map(n => n.html.slice(0, 150))]))""", width == 390)]
            faults += [(path.name, width, "no key reaches this scroll box", box) for box in page.evaluate(UNREACHED)]
        page.close()
    assert faults == []


UNREACHED = """[...document.querySelectorAll('body *')].filter(box => {
    const style = getComputedStyle(box)
    const scrolls = /auto|scroll/.test(style.overflowX) && box.scrollWidth > box.clientWidth + 1
        || /auto|scroll/.test(style.overflowY) && box.scrollHeight > box.clientHeight + 1
    return scrolls && box.clientWidth && style.visibility !== 'hidden' && box.tabIndex < 0
        && !box.querySelector('a[href], button, input, select, summary, [tabindex="0"]')
}).map(box => box.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize("folder", ["", "ko"])
def test_every_operation_has_its_curve_its_formula_and_a_live_stepper(site, browser, folder):
    page = browser.new_page(viewport={"width": 390, "height": 800})
    said = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto((site / folder / "operations.html").as_uri())
    rows = [row for row, _ in documented()]
    assert len(rows) == sum(row.arity > 0 for row in ops.rows.values())
    for row in rows:
        section = page.locator(f"section#{row.name.replace('_', '-')}")
        assert section.locator(f"img[src$='{row.name}.svg']").evaluate("x => x.naturalWidth") > 0
        section.locator("summary").click()
        frame = section.frame_locator("iframe")
        frame.locator("#last").wait_for()
        x = Value(next(x for x in (0.75, 1.25) if row.domain[0][0] <= x <= row.domain[0][1]))
        frame.locator("tbody input[type=number]").first.fill(str(x.data))
        y = row(x, *[2.0][:row.arity - len(row.defaults) - 1])
        slope = 0.0 if row.partials[0] is False else gradient(y, x)
        told = frame.locator("#inputs td.g").first.inner_text()
        assert float(told.replace("−", "-")) == pytest.approx(slope, rel=0.01, abs=0.006), row.name
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert said == []
    page.close()


def test_every_convention_has_its_korean():
    assert {comment for _, comment in documented() if comment} == set(korean_conventions())
    assert "Convention" not in operations_page("ko") and "PyTorch와 같음" in operations_page("ko")


def test_the_search_finds_parts_of_korean_words_and_opens_from_a_file(site, browser):
    page = browser.new_page()
    for query, title in (("ko/역전파", "역전파"), ("ko/가중치", ""), ("ko/전파", "역전파"), ("check_gradients", ""),
                         ("ko/기울기 상류", ""), ("backprop", "Backpropagation")):
        folder, _, query = query.rpartition("/")
        page.goto((site / folder / "search.html").as_uri() + f"?q={query}")
        hits = page.locator("#found li").all_inner_texts()
        assert hits and title.lower() in " ".join(hits).lower(), query
        assert page.locator("#found mark").first.inner_text() != ""
    page.goto((site / "search.html").as_uri() + "?q=zzzz<b>")
    assert page.locator("#count").inner_text() == "0 sections" and page.locator("#found li").count() == 0
    page.goto((site / "ko" / "index.html").as_uri())
    page.locator("input[name=q]").first.fill("소프트맥스")
    page.keyboard.press("Enter")
    page.wait_for_selector("#found li")
    page.locator("#found a").first.click()
    page.wait_for_selector("article")
    page.close()


def test_every_page_leads_to_the_other_language_and_the_korean_ones_are_korean(site, browser):
    page = browser.new_page()
    for path in sorted(site.rglob("*.html")):
        korean = path.is_relative_to(site / "ko")
        text = path.read_text(encoding="utf-8")
        if path.name == "play.html":  # speaks both languages itself
            assert f'<html lang="{"ko" if korean else "en"}"' in text
            continue
        assert f'<html class="no-js" lang="{"ko" if korean else "en"}"' in text
        place = re.search(r'<p class="language">.*?href="([^"]+)"', text, re.DOTALL)[1]
        there = (path.parent / place).resolve()
        assert there.is_file() and there.is_relative_to(site.resolve() / "ko") is not korean, path
    for name in ("index", "1_backpropagation", "7_training", "glossary", "search"):
        page.goto((site / "ko" / f"{name}.html").as_uri())
        furniture = page.evaluate("""[...document.querySelectorAll(
            '.sidebar-container, .related-pages, footer, .toc-sticky, header')].map(x => x.innerText).join(' ')""")
        english = {"Next", "Previous", "Search", "Contents", "Home", "Menu", "Back"}
        assert not set(re.findall("[A-Za-z]{4,}", furniture)) & english
        labels = page.evaluate("[...document.querySelectorAll('[aria-label]')].map(x => x.ariaLabel)")
        assert all(re.search("[가-힣]", label) or not re.search("[a-z]{4}", label) for label in labels), labels
    page.goto((site / "ko" / "search.html").as_uri() + "?q=전파")
    assert page.locator("#count").inner_text().endswith("곳") and "역전파" in page.locator("#found").inner_text()
    page.close()


def test_steppers_work_in_the_site_and_follow_its_theme(site, browser):
    page = browser.new_page(viewport={"width": 1280, "height": 900}, color_scheme="light")
    page.goto((site / "1_backpropagation.html").as_uri())
    frame = page.frame_locator("iframe").first
    frame.locator("#next").wait_for()
    frame.locator("#first").click()
    frame.locator("#next").click()
    assert frame.locator("#where").inner_text().startswith("1 /")
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(x => x.id)")
    assert len(ids) == len(set(ids))
    page.evaluate("document.body.dataset.theme = 'dark'")
    ink = page.evaluate("getComputedStyle(document.querySelector('svg.chainrule .value')).fill")
    page.evaluate("document.body.dataset.theme = 'light'")
    assert page.evaluate("getComputedStyle(document.querySelector('svg.chainrule .value')).fill") != ink
    page.close()
