"""Networks that everybody knows: PyTorch's states load unconverted, and all outputs and gradients agree."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import Tensor

from .data.known_networks import FILE, NETWORKS, run, weights

recorded = np.load(FILE)


def of(name: str) -> dict[str, np.ndarray]:
    prefix = f"{name} / "
    return {key.removeprefix(prefix): recorded[key] for key in recorded.files if key.startswith(prefix)}


def ours(name: str) -> tuple[Any, Any]:
    make, x = NETWORKS[name]
    return make(nn, ag.concatenate).double(), Tensor(x) if x.dtype == np.float64 else x


def close(found: np.ndarray, wanted: np.ndarray, name: str) -> None:
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12 * max(1.0, np.abs(wanted).max()), err_msg=name)


@pytest.mark.parametrize("name", NETWORKS)
def test_pytorchs_outputs_and_gradients(name: str) -> None:
    wanted = of(name)
    module, x = ours(name)
    state = module.state_dict()
    assert sorted(state) == sorted(wanted.pop("names").tolist())
    module.load_state_dict(state | weights({key: part.shape for key, part in state.items() if part.dtype.kind == "f"}))
    found = run(module, x, np.asarray)
    assert found.keys() == wanted.keys()
    for key, numbers in wanted.items():
        close(found[key], numbers, key)


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="compares with torch: pip install torch")
@pytest.mark.parametrize("name", NETWORKS)
def test_a_state_of_pytorch_loads_unconverted_and_every_number_agrees(name: str) -> None:
    import torch
    make, numbers = NETWORKS[name]
    torch.manual_seed(0)
    theirs = make(torch.nn, torch.cat).double()
    module, x = ours(name)
    module.load_state_dict({key: part.numpy() for key, part in theirs.state_dict().items()})
    y = torch.tensor(numbers, requires_grad=numbers.dtype == np.float64)
    for output in (theirs(y), module(x)):
        (output**2).sum().backward()
    close(module(x).data, theirs(y).detach().numpy(), "output")
    if y.requires_grad:
        close(x.grad, y.grad.numpy(), "gradient of the input")
    for (key, own), parameter in zip(sorted(module.named_parameters()), (part for _, part in sorted(theirs.named_parameters()))):
        close(own.grad, parameter.grad.numpy(), key)
