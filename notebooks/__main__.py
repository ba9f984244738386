"""Execute the chapters: every ``[1-7]_*.py`` here becomes an ``.ipynb`` with its pictures. Needs the extra [test].

Run it: python -m notebooks, or python -m notebooks 4 6 for some chapters.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CHAPTERS = sorted(HERE.glob("[0-9]_*.py"))


def read(script: Path) -> Any:
    """The notebook that a script is, not yet executed."""
    import jupytext
    notebook = jupytext.reads(script.read_text(encoding="utf-8"), fmt="py:percent")
    notebook.metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
                         "language_info": {"name": "python"}}
    for i, cell in enumerate(notebook.cells):  # ids that stay, where jupytext's are drawn
        cell["id"], cell["metadata"] = f"{script.stem.replace('_', '-')}-{i}", {}
    return notebook


def execute(notebook: Any) -> Any:
    """Run every cell in a kernel of its own; returns the notebook with what came out. Raises where a cell does."""
    from nbclient import NotebookClient
    client = NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(HERE)}},
                            record_timing=False, coalesce_streams=True, extra_arguments=["--log-level=ERROR"])
    source = os.pathsep.join(filter(None, [str(HERE.parent), os.environ.get("PYTHONPATH")]))
    quiet = {"OPENBLAS_NUM_THREADS": "1",  # the arrays are small: threads would only wait for one another
             "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    return client.execute(env={**quiet, **os.environ, "PYTHONPATH": source})


def main(chapters: list[str]) -> None:
    """Write the executed notebooks beside their scripts."""
    import nbformat
    for script in CHAPTERS:
        if not chapters or script.stem[0] in chapters:
            path = script.with_suffix(".ipynb")
            path.write_text(nbformat.writes(execute(read(script))) + "\n", encoding="utf-8")
            print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main(sys.argv[1:])
