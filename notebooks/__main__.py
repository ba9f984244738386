"""Execute the chapters: every ``[0-9]_*.py`` here becomes an ``.ipynb`` with its pictures, and one in Korean in ``ko/``.

Run it: python -m notebooks, or python -m notebooks 4 6 for some chapters; with --lang en or ko for one language. Needs the extra
[test]. Cells with the tag "proof" hold what the tests assert of a chapter; its readers do not see them.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from .translation import korean, translate

HERE = Path(__file__).parent
CHAPTERS = sorted(HERE.glob("[0-9]_*.py"))
LANGUAGES = ("en", "ko")
WIDGET = "application/vnd.jupyter.widget-view+json"


def read(script: Path, lang: str = "en", proofs: bool = False) -> Any:
    """The notebook that a script is, not yet executed; with its proofs for tests."""
    import jupytext
    notebook = jupytext.reads(script.read_text(encoding="utf-8"), fmt="py:percent")
    notebook.metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
                         "language_info": {"name": "python"}}
    proof = [cell for cell in notebook.cells if "proof" in cell["metadata"].get("tags", ())]
    notebook.cells = [cell for cell in notebook.cells if proofs or cell not in proof]
    for i, cell in enumerate(notebook.cells):  # ids that stay, where jupytext's are drawn
        cell["id"], cell["metadata"] = f"{script.stem.replace('_', '-')}-{i}", {}
    return notebook if lang == "en" else translate(notebook, korean())


def execute(notebook: Any, lang: str = "en") -> Any:
    """Run every cell in a kernel of its own; returns the notebook with what came out. Raises where a cell does."""
    from nbclient import NotebookClient
    client = NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(HERE)}},
                            record_timing=False, coalesce_streams=True, extra_arguments=["--log-level=ERROR"])
    source = os.pathsep.join(filter(None, [str(HERE.parent), os.environ.get("PYTHONPATH")]))
    quiet = {"OPENBLAS_NUM_THREADS": "1",  # the arrays are small: threads would only wait for one another
             "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    client.execute(env={**quiet, **os.environ, "PYTHONPATH": source, "LANGUAGE": lang})
    for cell in notebook.cells:  # bars are to be seen while they run; stored, they would stand still
        if any(WIDGET in output.get("data", ()) for output in cell.get("outputs", ())):
            cell["outputs"] = [output for output in cell["outputs"]
                               if WIDGET not in output.get("data", ()) and output.get("text", "-").strip()]
    return notebook


def stored(script: Path, lang: str = "en") -> Path:
    """Where the executed notebook of a script is kept."""
    return script.parent / ("" if lang == "en" else lang) / f"{script.stem}.ipynb"


def main(arguments: list[str]) -> None:
    """Write the executed notebooks: the English ones beside their scripts, the Korean ones in ``ko/``."""
    import nbformat
    langs = [x for x in arguments if x in LANGUAGES] or LANGUAGES
    chapters = [x for x in arguments if x.isdecimal()]
    for script in CHAPTERS:
        for lang in langs:
            if not chapters or script.stem[0] in chapters:
                path = stored(script, lang)
                path.parent.mkdir(exist_ok=True)
                path.write_text(nbformat.writes(execute(read(script, lang), lang)) + "\n", encoding="utf-8")
                print(f"{path.relative_to(HERE)}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main(sys.argv[1:])
