"""The chapters of numbers, edited and run on the site itself: with Pyodide, Python in WebAssembly, carried along.

An option of ``python -m docs.build``: the folder of the unpacked package (``npm pack pyodide``). Nothing is asked of other hosts.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

HERE = Path(__file__).parent
ROOT = HERE.parent
NEEDED = ("pyodide.mjs", "pyodide.asm.*", "python_stdlib.zip", "pyodide-lock.json")
PACKAGES = ("autograd", "nn", "viz", "chainrule")
LEFT_OUT = (".pyi", ".pyc", ".c", ".so", ".csv", ".npz", ".gz")  # stubs, and what numbers do not need
CHAPTERS = "[0-2]_*.html"  # they need no NumPy, but for their plots


def make_editable(site: Path, pyodide: Path) -> list[Path]:
    """Copy Pyodide and the library into a built site, and let its first chapters load them; return the pages of these chapters.

    Raises FileNotFoundError for a folder without Pyodide.
    """
    folder = site / "_static" / "pyodide"
    folder.mkdir(parents=True, exist_ok=True)
    for pattern in NEEDED:
        found = sorted(pyodide.glob(pattern))
        if not found:
            raise FileNotFoundError(f"{pyodide} has no {pattern}: give the folder of the unpacked package (npm pack pyodide)")
        for path in found:
            shutil.copyfile(path, folder / path.name)
    for path in (HERE / "website" / "pyodide").glob("*.*"):
        shutil.copyfile(path, folder / path.name)
    write_library(folder / "chainrule.zip")
    pages = [*sorted(site.glob(CHAPTERS)), *sorted((site / "ko").glob(CHAPTERS))]
    for page in pages:
        up = "../" if page.parent.name == "ko" else ""
        text = page.read_text(encoding="utf-8")
        page.write_text(text.replace("</body>", f'<script type="module" src="{up}_static/pyodide/chapter.js"></script></body>'),
                        encoding="utf-8")
    return pages


def write_library(path: Path) -> None:
    """Write the packages as an archive: the same bytes from the same sources."""
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for package in PACKAGES:
            for file in sorted((ROOT / package).rglob("*.*")):
                if file.is_file() and file.suffix not in LEFT_OUT:
                    archive.writestr(ZipInfo(file.relative_to(ROOT).as_posix()), file.read_bytes(), ZIP_DEFLATED)
