"""The chapters of the course as files: where they are, copies of them, and the instructor's key."""

from __future__ import annotations

import shutil
from html import escape
from pathlib import Path

from autograd.files import replaced, write_whole
from autograd.languages import message, reader_language
from autograd.notebook import PAGE_HEAD

from .exercises import find, ids, solution
from .exercises.kinds import Circuit
from .exercises.words import Message

HERE = Path(__file__).parent
KEY = "key.html"


def chapters(lang: str | None = None) -> list[Path]:
    """Return the chapters in order and in a language: those of the installed package, or of the checkout around it.

    >>> [path.name[0] for path in chapters("ko")][:2]
    ['0', '1']
    """
    folder = HERE / "course" if (HERE / "course").is_dir() else HERE.parent / "notebooks"
    speaks = reader_language(lang)
    return sorted((folder if speaks == "en" else folder / speaks).glob("[0-9]_*.ipynb"))


def copy_course(folder: Path, key: bool = False, lang: str | None = None) -> list[Path]:
    """Copy the chapters in a language into a folder, which is made if need be, and with ``key`` the instructor's key; return the
    new files.

    Nothing is replaced: raises FileExistsError if one of the files is there, before any is written.
    """
    sources = chapters(lang)
    if not sources:
        raise FileNotFoundError("the chapters are not installed with this package")
    wanted = [folder / source.name for source in sources] + ([folder / KEY] if key else [])
    if there := [path.name for path in wanted if path.exists()]:
        raise FileExistsError(f"{', '.join(there[:3])}{' …' if there[3:] else ''} would be replaced")
    folder.mkdir(parents=True, exist_ok=True)
    for source, target in zip(sources, wanted):
        with replaced(target) as temporary:
            shutil.copyfile(source, temporary)
    if key:
        write_whole(folder / KEY, key_page(lang))
    return wanted


def key_page(lang: str | None = None) -> str:
    """Return the instructor's key as a page: every exercise's solution, the way to it, its hints, and its circuit filled in.

    >>> "79510" in key_page("en")
    True
    """
    speaks = reader_language(lang)
    parts = []
    for id in ids():
        found = solution(id, lang=speaks)
        shown, way = str(found).rsplit("\n", 1)
        hints = "".join(f"<li>{escape(Message(text).said(speaks))}</li>" for text in find(id).hints)
        parts.append(f'<section id="e{id}"><h2>{id}</h2><pre tabindex="0">{escape(shown)}</pre><p>{escape(way)}</p>{_circuit(id)}'
                     f"<details><summary>{escape(Message(_HINTS).said(speaks))}</summary><ol>{hints}</ol></details></section>")
    title = escape(Message(_TITLE).said(speaks))
    return _PAGE.format(lang=speaks, title=title, parts="\n".join(parts))


def _circuit(id: str) -> str:
    """The circuit of an exercise with its gradients, or nothing."""
    exercise = find(id)
    if not isinstance(exercise, Circuit):
        return ""
    import viz
    y = exercise.build()
    y.backward()
    return f'<figure tabindex="0">{viz.draw(y).svg}</figure>'


_TITLE, _HINTS = message("The course's exercises: key for the instructor"), message("hints")
_PAGE = PAGE_HEAD + """<style>
:root {{ color-scheme: light dark }}
body {{ margin: 24px auto; max-width: 980px; padding: 0 16px; font: 16px/1.5 "Helvetica Neue", Helvetica, Arial, sans-serif }}
pre, figure {{ overflow-x: auto; margin: 8px 0 }} section {{ border-top: 1px solid #8c959f; break-inside: avoid }}
h1 {{ font-size: 22px }} h2 {{ font-size: 17px; margin: 10px 0 4px }}
</style>
<main>
<h1>{title}</h1>
{parts}
</main>
</html>
"""
