"""The gallery: twelve programs with their pictures, and one network drawn by five libraries."""

from __future__ import annotations

import ast
import runpy
from pathlib import Path

GALLERY = Path(__file__).parent / "gallery"
HEAD = """\
# Gallery
Twelve programs with their pictures, generated from the files of this folder by `make docs`. Each program can be run as it is, and
`picture.save("name.svg")` writes its picture (`.png` and `.pdf` too).

"""
PEERS = {
    "micrograd": "data and gradient in every box; the drawing function is in its notebook, and each addition of a sum is a box",
    "torchviz": "the nodes of the backward pass and the shapes of parameters; no numbers",
    "torchview": "the modules with the shapes between them; no numbers",
    "mygrad": "tensors and operations; numbers on request, no gradients",
}
BESIDE = """\
## The same network, five times
Two neurons with a relu on two inputs, and one neuron on their outputs. chainrule shows every value, every gradient and every local
gradient, and a neuron is a box that can be collapsed:

![drawn by chainrule](peers/ours.svg)

```python
{code}```

The other pictures were made with [peers/draw.py](peers/draw.py), which needs the other libraries, and are stored here.

"""


def programs() -> list[Path]:
    """Return the files of the gallery in order.

    >>> len(programs())
    12
    """
    return sorted(GALLERY.glob("[0-9]*.py"))


def drawn(program: Path) -> str:
    """Run a program of the gallery; return its picture as SVG."""
    return str(runpy.run_path(str(program))["picture"].svg)


def docstring_and_code(program: Path) -> tuple[str, str]:
    """Return a program's docstring, and its code without the docstring."""
    source = program.read_text(encoding="utf-8")
    tree = ast.parse(source)
    body = source.splitlines(keepends=True)[tree.body[0].end_lineno or 0:]
    return ast.get_docstring(tree) or "", "".join(body).lstrip("\n")


def page() -> str:
    """Return the page of the gallery."""
    text = HEAD
    for program in programs():
        said, code = docstring_and_code(program)
        title = program.stem.partition("_")[2].replace("_", " ")
        text += f"## {title.capitalize()}\n{said}\n\n![{title}]({program.stem}.svg)\n\n```python\n{code}```\n\n"
    text += BESIDE.format(code=docstring_and_code(GALLERY / "peers" / "ours.py")[1])
    for name, said in PEERS.items():
        text += f"**{name}**: {said}\n\n![drawn by {name}](peers/{name}.svg)\n\n"
    return text.rstrip() + "\n"


def write(folder: Path = GALLERY) -> None:
    """Write the pictures of the programs and the page into a folder."""
    (folder / "peers").mkdir(parents=True, exist_ok=True)
    for program in [*programs(), GALLERY / "peers" / "ours.py"]:
        place = folder / program.relative_to(GALLERY).with_suffix(".svg")
        place.write_text(drawn(program), encoding="utf-8")
    (folder / "README.md").write_text(page(), encoding="utf-8")
