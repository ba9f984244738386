"""Build the website into ``build/site/``: pages, notebooks and docstrings, by Sphinx (``make site``). Needs the extra [site].

Run it: python -m docs.build. The site opens from a file, and asks nothing of other hosts. With --pyodide FOLDER, the unpacked
package of npm, it carries Python along, and its first chapters can be edited and run.
"""

from __future__ import annotations

import argparse
import inspect
import json
import re
import shutil
import sys
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from typing import Any

import viz
from autograd.operation import Operation

from .editable import make_editable
from .steppers import operations_page, steppers_script

HERE = Path(__file__).parent
ROOT = HERE.parent
REPOSITORY = "https://github.com/chainrule-ad/chainrule/blob/main/"
MODULES = """autograd autograd.testing nn nn.functional nn.activations nn.babysitter nn.data nn.init nn.layers nn.losses nn.optim
nn.perceptron nn.persist nn.schedule nn.search nn.testing nn.train viz viz.plots chainrule.exercises""".split()
LANGUAGES = ("en", "ko")
BOTH = ("glossary.md", "operations.md", "syllabus.md")  # pages of both languages
KOREAN = {  # words of the theme that are not in its catalogue
    "Contents": "목차", "Menu": "메뉴", "Expand": "펼치기", "Light mode": "밝게", "Dark mode": "어둡게", "Copyright": "저작권",
    "Auto light/dark, in light mode": "자동, 지금은 밝게", "Auto light/dark, in dark mode": "자동, 지금은 어둡게",
    "Toggle site navigation sidebar": "사이트 메뉴 여닫기", "Toggle table of contents sidebar": "목차 여닫기",
    "Toggle Light / Dark / Auto color theme": "밝게, 어둡게, 자동 바꾸기", "Skip to content": "본문으로 건너뛰기",
    "Back to top": "맨 위로", "Hide navigation sidebar": "사이트 메뉴 닫기", "Hide table of contents sidebar": "목차 닫기",
    "Link to this heading": "이 제목의 링크", "Toggle navigation of": "하위 메뉴 여닫기:",
}
FURNITURE = re.compile(f"""([>"]\\s*)({'|'.join(map(re.escape, KOREAN))})(\\s*[<"]| )""")
DARK = "@media (prefers-color-scheme: dark) {"


def build(target: Path = ROOT / "build" / "site", source: Path = ROOT / "build" / "site-source",
          pyodide: Path | None = None) -> Path:
    """Build the site into a folder, by way of a folder of sources; return the site's folder. Both are emptied first.

    The Korean version stands in ``ko/``: the course with its figures, and the pages that a learner needs. ``pyodide`` is the folder
    of the unpacked npm package, for chapters that can be edited and run.
    """
    for folder in (source, target):
        shutil.rmtree(folder, ignore_errors=True)
    for lang in LANGUAGES:
        gather(source / lang, lang)
    for lang in LANGUAGES:
        _build_one(target if lang == "en" else target / lang, source / lang, lang)
    if pyodide is not None:
        make_editable(target, pyodide)
    return target


def _build_one(target: Path, source: Path, lang: str) -> None:
    from sphinx.cmd.build import build_main
    options = ["-q", "-b", "html", "-j", "2", "-D", f"language={lang}", "-d", str(source / "_build")]
    status = build_main([*options, str(source), str(target)])
    if status:
        raise RuntimeError(f"sphinx-build ended with {status}")
    for path in target.rglob("*.html"):  # furo's captions are headings without a level, and some of its words are no messages
        text = path.read_text(encoding="utf-8")
        text = text.replace('class="caption" role="heading"', 'class="caption" role="heading" aria-level="2"')
        if lang == "ko":
            text = FURNITURE.sub(lambda found: found[1] + KOREAN[found[2]] + found[3], text)
        path.write_text(text, encoding="utf-8")
    viz.playground(target / "play.html", None if lang == "en" else lang)
    shutil.rmtree(target / "_sources", ignore_errors=True)
    for name in (".buildinfo", "objects.inv", "searchindex.js", "_static/searchtools.js", "_static/language_data.js"):
        (target / name).unlink(missing_ok=True)
    for folder in (target / ".doctrees", target.parent / "jupyter_execute"):  # notebooks are copied there
        shutil.rmtree(folder, ignore_errors=True)
    index = [entry for path in sorted(target.rglob("*.html")) for entry in sections(path, target)]
    text = json.dumps(index, ensure_ascii=False, separators=(",", ":"))
    (target / "_static" / "search-index.js").write_text(f"const SEARCH = {text}", encoding="utf-8")


# ── sources ──────────────────────────────────────────────────────────────────────────────────────────────────────

def gather(folder: Path, lang: str = "en") -> None:
    """Write the sources of the site in a language into a folder: settings, pages, notebooks, and a page of each module.

    The Korean site has the course and its pages; the reference is in English, and linked.
    """
    shutil.copytree(HERE / "website", folder, ignore=shutil.ignore_patterns("__pycache__", "index*.md", "steppers.js",
                                                                                     "pyodide"))
    pages = [*sorted(HERE.glob("*.md")), *sorted((HERE / "gallery").glob("*.md"))]
    pages = [path for path in pages if lang == "en" or path.name in BOTH]
    for path in pages:
        copy = folder / path.relative_to(HERE)
        copy.parent.mkdir(exist_ok=True)
        copy.write_text(operations_page(lang) if path.name == "operations.md" else page_text(path), encoding="utf-8")
    shutil.copytree(HERE / "operations", folder / "operations")
    (folder / "_static" / "operations.js").write_text(steppers_script(lang), encoding="utf-8")
    for path in sorted((ROOT / "notebooks" / ("" if lang == "en" else lang)).glob("*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        inline_pictures(notebook, path.stem[0])
        (folder / path.name).write_text(json.dumps(notebook, ensure_ascii=False), encoding="utf-8")
    own = [path.relative_to(HERE).as_posix() for path in pages]
    if lang == "en":
        _gather_reference(folder)
        own.append("changelog.md")
    text = (HERE / "website" / f"index{'' if lang == 'en' else '.ko'}.md").read_text(encoding="utf-8")
    text = text.replace("{chapters}", "\n".join(sorted(path.name for path in folder.glob("*.ipynb"))))
    text = text.replace("{pages}", "\n".join(own)).replace("{api}", "\n".join(f"api/{name}.rst" for name in MODULES))
    (folder / "index.md").write_text(text, encoding="utf-8")


def _gather_reference(folder: Path) -> None:
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    (folder / "changelog.md").write_text(changes.replace("](docs/", "]("), encoding="utf-8")
    for picture in HERE.rglob("*.svg"):
        copy = folder / picture.relative_to(HERE)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(picture, copy)
    (folder / "api").mkdir()
    for name in MODULES:
        (folder / "api" / f"{name}.rst").write_text(module_page(name), encoding="utf-8")


def page_text(path: Path) -> str:
    """Return a page with links to files outside the site led to the repository."""
    def link(found: re.Match[str]) -> str:
        place, _, anchor = found[2].partition("#")
        target = (path.parent / place).resolve()
        if target.suffix == ".ipynb" and target.parent == ROOT / "notebooks" and path.parent == HERE:
            return f"{found[1]}({target.name})"  # a chapter is a page beside this one
        inside = target.suffix in (".md", ".svg") and target.is_relative_to(HERE)
        if not place or inside or not target.exists():
            return found[0]
        return f"{found[1]}({REPOSITORY}{target.relative_to(ROOT).as_posix()}{'#' + anchor if anchor else ''})"

    return re.sub(r"(\])\((?!https?:|#)([^)\s]+)\)", link, path.read_text(encoding="utf-8"))


def module_page(name: str) -> str:
    """Return the reference page of a module: its docstring, and every name of its ``__all__`` with its own.

    >>> module_page("nn.init").splitlines()[0]
    'nn.init'
    """
    module = import_module(name)
    parts = [name, "=" * len(name), "", f".. automodule:: {name}", "   :no-members:", ""]
    for public in sorted(getattr(module, "__all__", []), key=str.lower):
        thing = getattr(module, public)
        if inspect.ismodule(thing) or isinstance(thing, Operation) or not inspect.getdoc(thing):
            continue  # modules have pages of their own, operations the page of the table
        if inspect.isclass(thing):
            parts.append(f".. autoclass:: {name}.{public}\n   :members:\n")
        elif callable(thing):
            parts.append(f".. autofunction:: {name}.{public}\n")
    return "\n".join(parts) + "\n"


# ── pictures in the page itself ──────────────────────────────────────────────────────────────────────────────────

def inline_pictures(notebook: dict[str, Any], prefix: str) -> None:
    """Put the notebook's SVG pictures into the page itself, where tooltips work and colours follow the page's theme."""
    count, styles = 0, set[str]()
    for cell in notebook["cells"]:
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            if "image/svg+xml" in data and "<iframe" not in "".join(data.get("text/html", "")):
                count += 1
                data["text/html"] = themed("".join(data.pop("image/svg+xml")), f"p{prefix}-{count}-", styles)
                data.pop("image/png", None)


def themed(svg: str, prefix: str, styles: set[str]) -> str:
    """Return a picture for a page: its own ids, its dark colours where the page is dark, each style sheet once a page.

    >>> themed('<svg><style>*{a:b}</style><path id="x"/><use href="#x"/></svg>', "p-", set())
    '<svg id="p-"><style>#p- *{a:b}</style><path id="p-x"/><use href="#p-x"/></svg>'
    """
    svg = re.sub(r"^.*?(?=<svg)", "", svg, count=1, flags=re.DOTALL)
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{prefix}\1"', svg)
    svg = re.sub(r'href="#([^"]+)"', rf'href="#{prefix}\1"', svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{prefix}\1)", svg)
    svg = re.sub(r'(aria-(?:labelledby|describedby)=")([^"]+)', rf"\1{prefix}\2", svg)
    opening = svg[:svg.index(">")]
    svg = svg if " id=" in opening else svg.replace("<svg", f'<svg id="{prefix}"', 1)
    own = re.search(r'<svg[^>]* id="([^"]+)"', svg)
    assert own is not None

    def style(found: re.Match[str]) -> str:
        text = re.sub(r"(^|\})\s*\*\s*\{", rf"\1#{own[1]} *{{", found[2])
        before, dark, rest = text.partition(DARK)
        if dark:
            inside, after = _block(rest)
            text = (f"{before}body[data-theme=dark] {{{inside}}}"
                    f"@media (prefers-color-scheme: dark) {{body:not([data-theme=light]) {{{inside}}}}}{after}")
        if text in styles:
            return ""
        styles.add(text)
        return f"{found[1]}{text}</style>"

    return re.sub(r"(<style[^>]*>)(.*?)</style>", style, svg, flags=re.DOTALL)


def _block(text: str) -> tuple[str, str]:
    """The text up to the brace that closes the block it is in, and the text after that brace."""
    depth = 1
    for i, c in enumerate(text):
        depth += (c == "{") - (c == "}")
        if not depth:
            return text[:i], text[i + 1:]
    return text, ""


# ── search ───────────────────────────────────────────────────────────────────────────────────────────────────────

class _Sections(HTMLParser):
    """Reader of a page: the text of its article, section by section."""

    SKIP = ("script", "style", "svg", "iframe", "title")

    def __init__(self) -> None:
        super().__init__()
        self.found: list[list[str]] = []  # anchor, title, text
        self.anchors: list[str] = []
        self.article = self.skipped = 0
        self.heading = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        if tag == "article":
            self.article += 1
        if tag in self.SKIP:
            self.skipped += 1
        if tag == "section" and self.article:
            self.anchors.append(given.get("id") or "")
        if tag in ("h1", "h2", "h3") and self.article:
            self.heading = tag
            self.found.append([self.anchors[-1] if self.anchors else "", "", ""])
        if tag == "dt" and self.article and given.get("id"):
            self.found.append([given["id"] or "", (given["id"] or "").rpartition(".")[2], ""])

    def handle_endtag(self, tag: str) -> None:
        if tag == "article":
            self.article -= 1
        if tag in self.SKIP:
            self.skipped -= 1
        if tag == "section" and self.article and self.anchors:
            self.anchors.pop()
        if tag == self.heading:
            self.heading = ""

    def handle_data(self, data: str) -> None:
        if self.article and not self.skipped and self.found:
            self.found[-1][1 if self.heading else 2] += data


def sections(path: Path, root: Path) -> list[list[str]]:
    """Return the sections of a page for the search: page, anchor, title, text."""
    reader = _Sections()
    reader.feed(path.read_text(encoding="utf-8"))
    page = path.relative_to(root).as_posix()
    clean = ([" ".join(part.replace("¶", "").split()) for part in entry] for entry in reader.found)
    return [[page, anchor, title, text] for anchor, title, text in clean if title and page != "search.html"]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m docs.build", description="Build the website into build/site/.")
    parser.add_argument("--pyodide", metavar="FOLDER", type=Path, help="the unpacked npm package pyodide, to be carried along: the "
                        "first chapters can then be edited and run on the site")
    made = build(pyodide=parser.parse_args().pyodide)
    size = sum(path.stat().st_size for path in made.rglob("*") if path.is_file())
    sys.stdout.write(f"built {made.relative_to(ROOT)}: {size / 1e6:.1f} MB, {len(list(made.rglob('*.html')))} pages; "
                     f"open {made.relative_to(ROOT)}/index.html\n")
