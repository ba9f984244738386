"""docs/from_pytorch.md, line by line: PyTorch's recorded results and gradients; and live ones where torch is installed."""

from __future__ import annotations

import importlib.util
import warnings
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
import nn.functional as F
from autograd import Tensor

from .data.from_pytorch import FILE, LEAVES, Library, flat, lines, pytorch, wave

recorded = np.load(FILE)
OURS = Library(Tensor, np.asarray, nn, ag=ag, np=np, F=F, optim=nn.optim, DataLoader=nn.data.DataLoader,
               TensorDataset=nn.data.TensorDataset)
LINES = lines()


def agree(found: dict[str, np.ndarray], wanted: dict[str, np.ndarray]) -> None:
    assert found.keys() == wanted.keys()
    for name, array in wanted.items():
        assert found[name].shape == array.shape, name
        if array.dtype.kind in "fiub":
            np.testing.assert_allclose(found[name], array, rtol=1e-12, atol=1e-12, err_msg=name)
        else:
            assert found[name].tolist() == array.tolist()


def test_the_page_has_the_recorded_lines() -> None:
    assert recorded["lines"].tolist() == [theirs for theirs, *_ in LINES], "run python -m tests.data.from_pytorch again"


@pytest.mark.parametrize("i", range(len(LINES)), ids=[theirs for theirs, *_ in LINES])
def test_a_line_means_the_same_in_both(i: int) -> None:
    prefix = f"{i} / "
    agree(OURS.run(LINES[i][1]), {key.removeprefix(prefix): recorded[key] for key in recorded.files if key.startswith(prefix)})


@pytest.mark.parametrize("i", [i for i in range(len(LINES)) if f"{i} / gradient of x" in recorded.files],
                         ids=lambda i: LINES[i][0])
def test_forward_mode_agrees_with_pytorchs_gradient(i: int) -> None:
    others = {name: Tensor(array, requires_grad=False) for name, array in LEAVES.items()}

    def seeded(x: Any) -> Any:
        outputs = flat(eval(LINES[i][1], OURS.namespace({**others, "x": x})))
        return sum((y * wave(*y.shape, seed=9)).sum() for y in outputs if hasattr(y, "priority"))

    direction = wave(3, 4, seed=7)
    slope = ag.jvp(seeded, [LEAVES["x"]], [direction])[1]
    tolerance = 1e-6 if "float()" in LINES[i][1] else 1e-11
    assert slope == pytest.approx((recorded[f"{i} / gradient of x"] * direction).sum(), rel=tolerance, abs=tolerance)


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="compares with torch: pip install torch")
def test_pytorch_still_gives_the_recorded_numbers() -> None:
    theirs = pytorch()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for i, (code, *_) in enumerate(LINES):
            prefix = f"{i} / "
            agree(theirs.run(code), {key.removeprefix(prefix): recorded[key] for key in recorded.files if key.startswith(prefix)})


def test_size_is_a_number_that_explains_itself() -> None:
    x = Tensor(np.ones((2, 3), np.float32))
    assert x.size == 6 and isinstance(x.size, int)
    for widened in (x / x.size, x.data / x.size, np.float32(1) / x.size, x.size * x.data):
        assert widened.dtype == np.float32
    with pytest.raises(TypeError, match=r"x.size\(1\) is PyTorch's.*Write x.shape\[1\]"):
        x.size(1)  # type: ignore[operator]
