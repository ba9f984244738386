"""PyTorch's own samples of its operations and layers, called here by name: a call may be refused in words, but none differs.

Where docs/from_pytorch.md gives PyTorch's meaning another spelling, the sample is called so.
"""

from __future__ import annotations

import importlib.util
import warnings
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
import nn.functional as F
from autograd import Tensor

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore"), pytest.mark.skipif(
    not all(map(importlib.util.find_spec, ("torch", "expecttest"))), reason="compares with torch: pip install torch expecttest")]

SPELLED: dict[str, Any] = {
    "max": lambda x, dim, keepdim=False: x.max(dim=dim, keepdim=keepdim), "var": lambda x: x.var(unbiased=True),
    "min": lambda x, dim, keepdim=False: x.min(dim=dim, keepdim=keepdim), "std": lambda x: x.std(unbiased=True),
    "cumsum": lambda x, dim: x.cumsum(dim=dim), "cumprod": lambda x, dim: x.cumprod(dim=dim),
    "transpose": lambda x, a, b: x.swapaxes(a, b), "repeat": lambda x, *sizes: x.tile(*sizes),
    "median": lambda x: x.flatten().sort().values[(x.numel() - 1) // 2],
    "T": lambda x: x.T, "mT": lambda x: x.mT, "linalg.solve": lambda a, b: ag.linalg.solve(a, ag.expand_dims(b, -1))[..., 0],
}
UP_TO_SIGNS = {"linalg.eigh", "linalg.svd", "svd"}


def converted(x: Any, leaves: dict[int, tuple[Tensor, Any]]) -> Any:
    """The arguments of a call as ours; a tensor that occurs twice stays one."""
    if isinstance(x, (tuple, list)):
        return tuple(x) if hasattr(x, "numel") else type(x)(converted(part, leaves) for part in x)
    if isinstance(x, dict):
        return {key: converted(part, leaves) for key, part in x.items()}
    if not hasattr(x, "detach"):
        is_name = type(x).__name__ in ("dtype", "device")
        return str(x).removeprefix("torch.") if is_name else getattr(F, getattr(x, "__name__", "-"), x)
    if x.is_complex():
        raise NotImplementedError("complex numbers")
    array = x.detach().numpy().copy()
    return leaves.setdefault(id(x), (Tensor(array, requires_grad=x.requires_grad) if x.is_floating_point() else array, x))[0]


def flat(x: Any) -> list[Any]:
    return [part for item in x for part in flat(item)] if isinstance(x, (tuple, list)) else [] if x is None else [x]


def check(theirs: Any, ours: Any, leaves: list[tuple[Any, Any]], signs: bool = True) -> None:
    """Assert the same numbers, and the same gradients of a weighted sum of all outputs."""
    import torch
    pairs = [(t, o) if signs else (t.abs(), abs(o)) for t, o in zip(map(torch.as_tensor, flat(theirs)), flat(ours), strict=True)]
    for t, o in pairs:
        assert np.shape(getattr(o, "array", o)) == tuple(t.shape)
        np.testing.assert_allclose(getattr(o, "array", o), t.detach().numpy(), 1e-7, 1e-9)
    weights = [np.cos(np.arange(t.numel()) * 1.7 + k).reshape(t.shape) for k, (t, _) in enumerate(pairs)]
    moved = [(t, o, w) for (t, o), w in zip(pairs, weights) if t.requires_grad]
    if leaves := [(x, t) for x, t in leaves if moved and t.requires_grad]:
        wanted = torch.autograd.grad(sum((t * torch.as_tensor(w).to(t)).sum() for t, _, w in moved), [t for _, t in leaves],
                                     allow_unused=True)
        loss: Any = sum((o * w).sum() for _, o, w in moved)
        if getattr(loss, "requires_grad", False):
            loss.backward()
        for (x, _), g in zip(leaves, wanted):
            zeros = np.zeros(x.shape)
            np.testing.assert_allclose(zeros if x.grad is None else x.grad, zeros if g is None else g, 1e-6, 1e-8)


def outcome(functions: list[Any], theirs: Any, args: Any, options: Any, signs: bool = True) -> str:
    """"agree" if one of the functions does, else the difference of one that differs, else how one refuses."""
    found = []
    for function in functions:
        leaves: dict[int, tuple[Any, Any]] = {}
        try:
            check(theirs, function(*converted(args, leaves), **converted(options, leaves)), list(leaves.values()), signs)
            return "agree"
        except AssertionError as error:
            found.append(f"differ: {error}")
        except Exception as error:
            found.append(f"refused: {error}")
    return min(found)


def operations() -> Iterator[tuple[str, str]]:
    import torch
    from torch.testing._internal.common_methods_invocations import op_db
    for op in op_db:
        *room, last = op.name.split(".")
        home = {"nn.functional": F, "linalg": ag.linalg, "": ag, "special": ag}.get(".".join(room))
        is_method = not room and callable(getattr(Tensor, last, None))
        method = [lambda x, *a, last=last, **o: getattr(x, last)(*a, **o)]
        ours: list[Any] = [*(method if is_method else ()), *filter(None, [getattr(home, last, None), SPELLED.get(op.name)])]
        for s in op.sample_inputs("cpu", torch.float64, requires_grad=op.supports_autograd) if ours else ():
            is_random = s.kwargs.get("dropout_p") or "dropout" in op.name and s.kwargs.get("training", True)
            if is_random or op.variant_test_name == "singular":  # of two factors, multiplied within PyTorch's function
                continue
            if op.name in ("linalg.eigh", "linalg.eigvalsh") or op.variant_test_name == "hermitian":
                s.input = (s.input + s.input.mT).detach().requires_grad_()
            args = [s.input, *s.args]
            if op.name in ("where", "nn.functional.embedding", "einsum"):  # whose first operand is not the first argument
                args = [s.args[0], *s.input] if op.name == "einsum" else [s.args[0], s.input, *s.args[1:]]
            try:
                theirs = op.op(s.input, *s.args, **s.kwargs)
            except Exception:
                continue
            yield op.name, outcome(ours, theirs, args, s.kwargs, op.name not in UP_TO_SIGNS)


def layers() -> Iterator[tuple[str, str]]:
    import torch
    from torch.testing._internal.common_modules import module_db
    for info, training in ((info, training) for info in module_db for training in (True, False)):
        kind = getattr(nn, info.module_cls.__name__, None)
        if kind in (None, nn.TransformerEncoder):  # the second is built of a layer
            continue
        for s in info.module_inputs_func(info, device="cpu", dtype=torch.float64, requires_grad=True, training=training):
            made, given = s.constructor_input, s.forward_input
            theirs = info.module_cls(*made.args, **made.kwargs).double().train(training)

            def ours(*args: Any, **options: Any) -> Any:
                layer = kind(*converted(made.args, {}), **converted(made.kwargs, {})).double().train(training)
                layer.load_state_dict({name: x.numpy() for name, x in theirs.state_dict().items()})
                return layer(*args, **options)
            yield info.name, outcome([ours], theirs(*given.args, **given.kwargs), given.args, given.kwargs)


@pytest.mark.parametrize(("samples", "least"), [(operations, 5200), (layers, 800)])
def test_no_sample_of_pytorch_gives_other_numbers(samples: Any, least: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = list(samples())
    assert [(name, result) for name, result in results if result.startswith("differ")] == []
    assert Counter(result for _, result in results)["agree"] >= least
