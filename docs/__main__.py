"""Generate pages, pictures, and the stubs of the tables for type checkers (``make docs``)."""

from __future__ import annotations

import ast
import re
import shutil
import tokenize
from collections.abc import Iterator
from contextlib import chdir
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

from autograd import ops, special
from autograd.symbolic import formula
from autograd.operation import Operation
from viz.numbers import typeset

from . import exhibits, stubs
from .curves import curve

HERE = Path(__file__).parent
HEAD = """\
# Operations
Generated from the table in [autograd/ops.py](../autograd/ops.py) and its second page,
[autograd/special.py](../autograd/special.py), by `make docs`. The operands are x and y, the result is out; the formulas are
those on the wires of pictures. A curve shows the operation over x (green, solid) and its derivative with respect to x (red,
dashed), for x from −4 to 4 and values from −3 to 3; a second operand y is constant. "Where tests sample" gives each operand's
interval.

| operation | sign | curve | local gradients | where tests sample | convention |
|---|---|---|---|---|---|
"""


def operations() -> str:
    """The page of operations, with a line for each row of the table."""
    sources = [Path(page.__file__).read_text(encoding="utf-8") for page in (ops, special)]
    return HEAD + "".join(line(ops.rows[name], comment) for source in sources for name, comment in conventions(source))


def line(row: Operation, comment: str) -> str:
    """A row of the table as a line of the page."""
    plain = ["x", "y"][:row.arity - len(row.defaults)]
    operands = [*plain, *row.defaults]
    call = ", ".join([*plain, *(f"{name}={value}" for name, value in row.defaults.items())])
    texts = ["no derivative" if rule is False else f"`{typeset(formula(row, argument, *operands))}`"
             for argument, rule in enumerate(row.partials)]
    domain = ", ".join(f"[{low:g}, {high:g}]" for low, high in row.domain)
    drawn = f"![{row.name} and its derivative](operations/{row.name}.svg)" if row.arity else ""
    cells = (f"`{row.name}({call})`", row.sign, drawn, "<br>".join(texts), domain, comment)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def conventions(source: str) -> Iterator[tuple[str, str]]:
    """The comments of each row by its name: those on its lines, or alone on the line above it."""
    tokens = tokenize.generate_tokens(StringIO(source).readline)
    comments = {token.start: token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT}
    for statement in ast.parse(source).body:
        match statement:
            case ast.Assign([ast.Name(name)], ast.Call(ast.Name("row")), lineno=first, end_lineno=last):
                yield name, "; ".join(comment for (number, column), comment in comments.items()
                                      if first <= number <= last or (number, column) == (first - 1, 0))


def curves() -> dict[str, str]:
    """The pictures of that page, by file name."""
    return {f"{name}.svg": curve(row) for name, row in ops.rows.items() if row.arity}


def pictures(folder: Path) -> None:
    """Write the pictures of the README into a folder: its neuron, and the pictures that its tour saves."""
    import viz
    from examples.sigmoid_neuron import sigmoid_neuron
    viz.draw(sigmoid_neuron()).save(folder / "sigmoid-neuron.svg")
    page = (HERE.parent / "README.md").read_text(encoding="utf-8")
    tour = page.partition("## A tour")[2].partition("\n## ")[0]
    with TemporaryDirectory() as elsewhere, chdir(elsewhere):
        exec("\n".join(re.findall(r"^```python\n(.*?)^```", tour, re.MULTILINE | re.DOTALL)), {})
        for picture in Path(elsewhere).glob("*.svg"):
            shutil.move(picture, folder / picture.name)


def write() -> None:
    """Write all generated files: stubs, the page of operations, its curves, and the pictures."""
    for path, text in stubs.files().items():
        path.write_text(text, encoding="utf-8")
    (HERE / "operations.md").write_text(operations(), encoding="utf-8")
    folder = HERE / "operations"
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.svg"):
        old.unlink()
    for name, text in curves().items():
        (folder / name).write_text(text, encoding="utf-8")
    pictures(HERE)
    exhibits.write()


if __name__ == "__main__":
    write()
