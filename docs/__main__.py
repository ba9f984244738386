"""Write the pages and pictures that are generated: ``make docs``."""

from __future__ import annotations

import ast
import tokenize
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

from autograd import ops
from autograd.formula import formula
from autograd.row import Row

HERE = Path(__file__).parent
HEAD = """\
# Operations
Generated from the table in [autograd/ops.py](../autograd/ops.py) by `make docs`. The operands are x and y, the result
is out; the formulas are what the pictures show at the wires. "Where tests sample" is each operand's interval.

| operation | sign | local gradients | where tests sample | convention |
|---|---|---|---|---|
"""


def operations() -> str:
    """The page about the operations, a line for each row of the table."""
    source = Path(ops.__file__).read_text(encoding="utf-8")
    return HEAD + "".join(line(ops.rows[name], comment) for name, comment in conventions(source))


def line(row: Row, comment: str) -> str:
    """A row of the table as a line of the page."""
    plain = ["x", "y"][:row.arity - len(row.defaults)]
    operands = [*plain, *row.defaults]
    call = ", ".join([*plain, *(f"{name}={value}" for name, value in row.defaults.items())])
    texts = ["no derivative" if rule is False else f"`{formula(row, argument, *operands)}`"
             for argument, rule in enumerate(row.partials)]
    domain = ", ".join(f"[{low:g}, {high:g}]" for low, high in row.domain)
    cells = (f"`{row.name}({call})`", row.sign, ", ".join(texts), domain, comment)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def conventions(source: str) -> Iterator[tuple[str, str]]:
    """Each row's name with the comments on its lines, or that stand alone on the line above it."""
    tokens = tokenize.generate_tokens(StringIO(source).readline)
    comments = {token.start: token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT}
    for statement in ast.parse(source).body:
        match statement:
            case ast.Assign([ast.Name(name)], ast.Call(ast.Name("row")), lineno=first, end_lineno=last):
                yield name, "; ".join(comment for (number, column), comment in comments.items()
                                      if first <= number <= last or (number, column) == (first - 1, 0))


if __name__ == "__main__":
    import viz
    from examples.sigmoid_neuron import sigmoid_neuron

    (HERE / "operations.md").write_text(operations(), encoding="utf-8")
    viz.draw(sigmoid_neuron()).save(HERE / "sigmoid-neuron.svg")
