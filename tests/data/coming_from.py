"""The lines of docs/from_numpy.md, from_micrograd.md and from_sklearn.md, and what HIPS autograd and micrograd give for theirs.

``python tests/data/coming_from.py``, in an environment with HIPS autograd and micrograd (and without this project), records these.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np

DOCS = Path(__file__).parents[2] / "docs"
FILE = Path(__file__).with_suffix(".json")
WAVE = 2 * np.sin((np.arange(12) + 1.0) ** 1.3 * 1.7).reshape(3, 4)
ARRAYS = {"a": WAVE, "b": WAVE[::-1] * 0.7 + 0.1, "m": WAVE[:, :3] + 3 * np.eye(3), "v": WAVE[:, 3]}


def lines(page: str, section: str) -> list[tuple[str, str]]:
    """The lines of code in a section of a page: theirs, and ours."""
    text = (DOCS / f"from_{page}.md").read_text(encoding="utf-8").split(f"\n## {section}\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(.*)` \| (`.*`|the same) \|$", text.split("\n\n|")[1], re.MULTILINE)
    return [(theirs, theirs if ours == "the same" else ours.strip("`")) for theirs, ours in rows]


def run(code: str, names: dict[str, Any]) -> list[float]:
    """The numbers in the result of statements that end in an expression."""
    *statements, expression = code.split("; ")
    for statement in statements:
        exec(statement, names)
    return numbers(eval(expression, names))


def numbers(result: Any) -> list[float]:
    """All numbers of nested lists, arrays and tensors, in order."""
    result = result.data if hasattr(result, "data") and not isinstance(result, (np.ndarray, np.generic)) else result
    result = list(result.values()) if isinstance(result, dict) else result
    if isinstance(result, (list, tuple)):
        return [number for part in result for number in numbers(part)]
    return np.asarray(result, float).ravel().tolist()


def functions(np: Any) -> dict[str, Any]:
    """The functions that the page about HIPS autograd names."""
    return {"np": np, **ARRAYS, "f": lambda x: np.sum(np.tanh(x) * x), "h": lambda x, y: x**2 * y + np.exp(y),
            "g": lambda x: np.sin(x) * np.sum(x)}


def main() -> None:
    import autograd
    import autograd.numpy as anp
    from autograd.differential_operators import make_hvp, make_jvp
    from micrograd.engine import Value
    from micrograd.nn import MLP, Layer, Neuron
    hips = {**vars(autograd), **functions(anp), "make_hvp": make_hvp, "make_jvp": make_jvp}
    found = {f"numpy / {theirs}": run(theirs, hips) for theirs, _ in lines("numpy", "HIPS autograd")}
    for section in "Values", "Networks":
        for theirs, _ in lines("micrograd", section):
            names = {"a": Value(2.0), "b": Value(-3.0), "MLP": MLP, "Layer": Layer, "Neuron": Neuron}
            found[f"micrograd / {theirs}"] = run(theirs, names)
    FILE.write_text(json.dumps(found, indent=0), encoding="utf-8")
    print(f"{len(found)} lines")


if __name__ == "__main__":
    main()
