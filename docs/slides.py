"""Write each chapter as slides, one self-contained page each, into ``build/slides/`` (``make slides``). Needs the extra [site].

Run it: python -m docs.slides. Steppers, quizzes and moving pictures are live; nothing is asked of other hosts. Keys: arrows, space,
Page Up and Down, Home, End; printed, every slide is a page.
"""

from __future__ import annotations

import json
import re
import sys
from html import escape
from pathlib import Path
from typing import Any

from autograd.notebook import PAGE_HEAD
from viz.colours import DARK, LIGHT, variables

from .build import LANGUAGES, ROOT, inline_pictures

WORDS = {"en": ("previous slide", "next slide", "slide", "slides"),
         "ko": ("이전 슬라이드", "다음 슬라이드", "슬라이드", "슬라이드")}


def build(target: Path = ROOT / "build" / "slides") -> list[Path]:
    """Write the slides of all chapters in both languages; return their paths."""
    found = []
    for lang in LANGUAGES:
        folder = target if lang == "en" else target / lang
        folder.mkdir(parents=True, exist_ok=True)
        for path in sorted((ROOT / "notebooks" / ("" if lang == "en" else lang)).glob("*.ipynb")):
            made = folder / f"{path.stem}.html"
            made.write_text(page(json.loads(path.read_text(encoding="utf-8")), lang), encoding="utf-8")
            found.append(made)
    return found


def page(notebook: dict[str, Any], lang: str = "en") -> str:
    """Return the page of a notebook's slides."""
    inline_pictures(notebook, "s")
    made = slides(notebook)
    title = re.sub(r"<[^>]+>", "", re.findall(r"<h1>(.*?)</h1>", made[0])[0])
    previous, following, one, many = WORDS[lang]
    parts = "\n".join(f'<section id="s{i}" aria-label="{one} {i}" tabindex="-1"{" hidden" if i > 1 else ""}>{slide}</section>'
                      for i, slide in enumerate(made, 1))
    return _PAGE.format(lang=lang, title=title, slides=parts, previous=previous, following=following, many=many,
                        light=variables(LIGHT), dark=variables(DARK), code=_highlight_styles(), script=_SCRIPT)


def slides(notebook: dict[str, Any]) -> list[str]:
    """Return the slides of a notebook as HTML: one for each heading with what follows it, and one for each cell with an output."""
    from markdown_it import MarkdownIt
    prose = MarkdownIt("commonmark").enable("table").render
    found: list[str] = []
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts = re.split(r"(?m)^(?=## )", source)
            if not source.startswith("#") and found and len(found[-1]) + len(source) < 900 and "<iframe" not in found[-1]:
                found[-1] += prose(parts.pop(0))
            found += [prose(part) for part in parts if part.strip()]
            continue
        shown = "".join(map(_output, cell.get("outputs", ())))
        written = _code(source)
        if "<iframe" in shown or len(source) > 900:
            found += [f"{written}", shown] if shown else [written]
        elif found and len(re.sub(r"<[^>]+>", "", found[-1])) < 500 and "<svg" not in found[-1] and "<pre" not in found[-1]:
            found[-1] += written + shown
        else:
            found.append(written + shown)
    return [re.sub(r'<iframe srcdoc=', '<iframe data-srcdoc=', slide) for slide in found]


def _code(source: str) -> str:
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer
    return highlight(source, PythonLexer(), HtmlFormatter(cssclass="code", wrapcode=True)).replace("<pre>", '<pre tabindex="0">')


def _highlight_styles() -> str:
    """The colours of code, light and dark."""
    from pygments.formatters import HtmlFormatter
    light, dark = (HtmlFormatter(style=f"a11y-high-contrast-{name}").get_style_defs(".code") for name in ("light", "dark"))
    dark = "\n".join(line for line in dark.split("\n") if "background" not in line)
    light = "\n".join(line for line in light.split("\n") if "background" not in line)
    return f"{light}\n@media (prefers-color-scheme: dark) {{ {dark} }}"


def _output(output: dict[str, Any]) -> str:
    """One output as HTML: a page, a picture or a table where there is one, else its text."""
    data = output.get("data", {})
    if "text/html" in data:
        return f'<div class="output" tabindex="0">{"".join(data["text/html"])}</div>'
    text = "".join(output.get("text", "") or data.get("text/plain", ""))
    return f'<pre class="output" tabindex="0">{escape(text.rstrip())}</pre>' if text.strip() else ""


_PAGE = PAGE_HEAD + """<style>
:root {{ color-scheme: light dark; {light} }}
@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}
* {{ box-sizing: border-box }}
body {{ margin: 0; background: var(--paper); color: var(--ink);
  font: clamp(16px, 1.55vw, 24px)/1.5 "Helvetica Neue", Helvetica, Arial, "Apple SD Gothic Neo", "Malgun Gothic",
    "Noto Sans CJK KR", sans-serif }}
section {{ height: calc(100vh - 52px); overflow: auto; padding: 3vh max(4vw, calc(50vw - 620px)) }}
section[hidden] {{ display: none }} section:focus {{ outline: none }}
h1 {{ font-size: 1.9em; margin-top: 18vh }} h2 {{ font-size: 1.45em; margin: .2em 0 .5em }}
blockquote {{ margin: 0; padding-left: 1em; border-left: 4px solid var(--wire) }}
pre {{ overflow-x: auto; padding: .7em 1em; background: var(--gate); border-radius: 6px; font-size: .74em; line-height: 1.45;
  margin: .5em 0 }}
.output {{ overflow-x: auto }} pre.output {{ background: none; border-left: 4px solid var(--value) }}
table {{ border-collapse: collapse; font-size: .85em; display: block; overflow-x: auto }}
td, th {{ padding: .25em .7em; border-bottom: 1px solid var(--line); text-align: left }}
svg {{ max-width: 100%; height: auto }} iframe {{ width: 100%; min-height: calc(100vh - 130px) }}
.chainrule-still[hidden] {{ display: none }}
nav {{ position: fixed; inset: auto 0 0; height: 52px; display: flex; gap: 12px; align-items: center; padding: 0 16px;
  background: var(--gate); border-top: 1px solid var(--line); font-size: 16px }}
nav button {{ font: inherit; min-width: 56px; min-height: 36px }} nav progress {{ flex: 1; min-width: 60px }}
{code}
@media print {{ nav {{ display: none }} section, section[hidden] {{ display: block; height: auto; break-after: page }} }}
</style>
<main>
{slides}
</main>
<nav aria-label="{many}">
<button id="previous" aria-label="{previous}">←</button><button id="next" aria-label="{following}">→</button>
<progress id="progress" value="1" aria-label="{many}"></progress><output id="where"></output>
</nav>
<script>{script}</script>
</html>
"""
_SCRIPT = """(() => {
  'use strict'
  const all = [...document.querySelectorAll('section')], byId = id => document.getElementById(id)
  let at = 0
  function show(to, focus = true) {
    all[at].hidden = true
    at = Math.min(Math.max(to, 0), all.length - 1)
    const slide = all[at]
    slide.hidden = false
    for (const frame of slide.querySelectorAll('iframe[data-srcdoc]')) {
      frame.srcdoc = frame.dataset.srcdoc
      frame.removeAttribute('data-srcdoc')
    }
    byId('where').textContent = `${at + 1} / ${all.length}`
    byId('progress').max = all.length
    byId('progress').value = at + 1
    byId('previous').disabled = at === 0
    byId('next').disabled = at === all.length - 1
    history.replaceState(null, '', `#${at + 1}`)
    if (focus) slide.focus({ preventScroll: true })
  }
  const keys = { ArrowRight: 1, PageDown: 1, ' ': 1, ArrowLeft: -1, PageUp: -1, Home: -Infinity, End: Infinity }
  addEventListener('keydown', event => {
    if (!(event.key in keys) || event.altKey || event.ctrlKey || event.metaKey) return
    if (event.target.closest('button, input, textarea')) return
    if (event.target.closest('pre, .output, table') && event.key.startsWith('Arrow')) return
    event.preventDefault()
    show(at + keys[event.key])
  })
  byId('previous').onclick = () => show(at - 1, false)
  byId('next').onclick = () => show(at + 1, false)
  addEventListener('hashchange', () => show(Number(location.hash.slice(1)) - 1 || 0))
  show(Number(location.hash.slice(1)) - 1 || 0)
})()
"""

if __name__ == "__main__":
    made = build()
    size = sum(path.stat().st_size for path in made) / 1e6
    sys.stdout.write(f"wrote {len(made)} files of slides, {size:.1f} MB, into build/slides/\n")
