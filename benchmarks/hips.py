"""Engines of HIPS autograd, whose import name is ours too: they run in an environment of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from . import layers
from .measure import ROOT, Step, alone, rows
from .scalar import PARAMETERS, S1, whole
from .tensors import RATE, T1, T2, data, dense_loss, repeated

FOLDER = ROOT / ".venv" / "hips"
NAME = "HIPS autograd"


def interpreter(folder: Path = FOLDER) -> str:
    """The Python of that environment; an empty text where there is none."""
    found = [folder / place for place in ("bin/python", "Scripts/python.exe") if (folder / place).exists()]
    return str(found[0]) if found else ""


def install(folder: Path = FOLDER) -> str:
    """Make the environment, if there is none; return in words what was done."""
    def run(*command: str) -> None:
        subprocess.run(command, check=True, capture_output=True, encoding="utf-8", errors="replace", env=alone(), timeout=300)
    try:
        run(interpreter(folder), "-P", "-c", "import autograd.numpy")
        return f"{NAME} is in {folder}"
    except (subprocess.SubprocessError, OSError):
        pass  # there is no such environment yet, or it is not complete
    try:
        run(sys.executable, "-m", "venv", str(folder))
        run(interpreter(folder), "-m", "pip", "install", "--disable-pip-version-check", "autograd")
    except (subprocess.SubprocessError, OSError) as error:
        reason = (getattr(error, "stderr", None) or str(error)).strip().splitlines()[-1]
        return f"{NAME} could not be installed into {folder} ({reason}): its rows say so"
    return f"{NAME} was installed into {folder}"


@S1.engine(NAME, elsewhere=True)
def _() -> Step:
    """The number-by-number program; in 337 arguments, because the gradient of indexing a list makes a list of 337."""
    import autograd.numpy as anp
    from autograd import grad
    gradient = grad(lambda *parameters: whole(parameters, lambda x: anp.maximum(x, 0.0)), argnum=tuple(range(len(PARAMETERS))))
    return lambda: (float(sum(gradient(*PARAMETERS))), None)


def dense(row: Any) -> Step:
    """The training step of T1 or T2."""
    import autograd.numpy as anp
    from autograd import value_and_grad
    x, labels, params = data(row)
    gradient = value_and_grad(lambda params: dense_loss(anp, params, x, labels))

    def train() -> Any:
        loss, slopes = gradient(params)
        for p, slope in zip(params, slopes):
            p -= RATE * slope
        return loss
    return repeated(row, train)


def stepped(loss: Callable[..., Any], leaves: list[Any]) -> Step:
    """Value and gradient of a loss in its leaves."""
    from autograd import value_and_grad
    gradient = value_and_grad(loss, argnum=tuple(range(len(leaves))))

    def step() -> tuple[float, object]:
        value, _slopes = gradient(*leaves)
        return float(value), None
    return step


def mixture(d: int, k: int) -> Step:
    import autograd.numpy as anp

    def lse(x: Any, axis: int) -> Any:
        largest = anp.max(x, axis=axis, keepdims=True)
        return anp.log(anp.sum(anp.exp(x - largest), axis=axis)) + anp.sum(largest, axis=axis)
    *parameters, x = layers.mixture(d, k)
    places = layers.strictly_lower(d)
    return stepped(lambda *leaves: layers.likelihood(*leaves, x, places, anp.einsum, anp.exp, lse), parameters)


def cameras() -> Step:
    import autograd.numpy as anp
    parameters, given = layers.cameras()
    return stepped(lambda *leaves: layers.adjusted(anp.cross, anp.cos, anp.sin, *leaves, *given), parameters)


for _row in (T1, T2):
    _row.engine(NAME, elsewhere=True)(partial(dense, _row))
for _d in (2, 10, 20):
    for _k in (5, 25, 50):
        rows[f"gmm{_d}_{_k}"].engine(NAME, elsewhere=True)(partial(mixture, _d, _k))
rows["cameras"].engine(NAME, elsewhere=True)(cameras)
