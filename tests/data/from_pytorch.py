"""The lines of docs/from_pytorch.md, and PyTorch's results of them in float64: python -m tests.data.from_pytorch (needs torch)."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

PAGE = Path(__file__).parents[2] / "docs" / "from_pytorch.md"
FILE = Path(__file__).with_suffix(".npz")


def wave(*shape: int, seed: int = 0) -> np.ndarray:
    """Numbers between −2 and 2 without ties or pattern, the same on every machine."""
    return 2 * np.sin((np.arange(np.prod(shape, dtype=int)) + 1.0) ** 1.3 * (1.7 + 0.31 * seed)).reshape(shape)


LEAVES = {"x": wave(3, 4), "y": wave(3, 4, seed=1), "w": wave(5, 4, seed=2), "img": wave(2, 4, 6, 5), "k": wave(6, 4, 3, 2, seed=1),
          "sig": wave(2, 4, 9), "seq": wave(3, 2, 4), "p": np.exp(wave(3, 4)) / np.exp(wave(3, 4)).sum(1, keepdims=True)}
CONSTANTS = {"idx": np.array([0, 2, 2]), "labels": np.array([1, 3, 0]), "where": np.array([[0, 1], [3, 3], [2, 0]]),
             "x0": wave(3, 4, seed=4), "w0": wave(4, seed=5) ** 2 + 0.5}


def lines() -> list[tuple[str, str, bool]]:
    """Each line of the page: PyTorch's expression, the one here, and True where they differ by a convention."""
    _, *sections = PAGE.read_text(encoding="utf-8").split("\n## ")
    found = []
    for section in sections:
        for row in re.findall(r"^\| (`.*) \|$", section, re.MULTILINE):
            theirs, ours, *_ = (cell.strip() for cell in row.split(" | "))
            found.append((theirs.strip("`"), theirs.strip("`") if ours == "the same" else ours.strip("`"),
                          section.startswith("The same meaning")))
    return found


class Library:
    """The names of an expression in one of the two libraries."""

    def __init__(self, leaf: Callable[[Any], Any], constant: Callable[[Any], Any], nn: Any, **names: Any):
        self.leaf, self.constant, self.real, self.names = leaf, constant, nn, names

    def __getattr__(self, name: str) -> Any:
        """A name of nn; a layer is made in float64, with parameters that are the same in both libraries."""
        found = getattr(self.real, name)
        if not (isinstance(found, type) and issubclass(found, self.real.Module)):
            return found

        def make(*args: Any, **options: Any) -> Any:
            module = found(*args, **options).double()
            fill(module, self.leaf)
            self.made = module
            return module
        return make

    def rates(self, make: Callable[[Any], Any]) -> list[float]:
        """The learning rate and the momentum in ten steps of a schedule."""
        parameter = self.leaf(np.zeros(1))
        parameter.sum().backward()
        optimizer = self.names["optim"].SGD([parameter], lr=0.1, momentum=0.9)
        schedule, found = make(optimizer), []
        for _ in range(10):
            found += [optimizer.param_groups[0]["lr"], optimizer.param_groups[0]["momentum"]]
            optimizer.step()
            schedule.step()
        return found

    def namespace(self, leaves: dict[str, Any]) -> dict[str, Any]:
        """All names that an expression may use."""
        return {**self.names, "nn": self, "rates": self.rates, **leaves,
                **{name: self.constant(array) for name, array in CONSTANTS.items()}}

    def run(self, code: str) -> dict[str, np.ndarray]:
        """The results of an expression, and the gradients of the leaves and parameters that it reaches."""
        leaves = {name: self.leaf(array) for name, array in LEAVES.items()}
        names = self.namespace(leaves)
        *statements, expression = code.split("; ")
        self.made = None
        for statement in statements:
            exec(statement, names)
        outputs = flat(eval(expression, names))
        found = {f"out {i}": plain(output) for i, output in enumerate(outputs)}
        reached = [y for y in outputs if getattr(y, "requires_grad", False) and not statements]
        if reached:
            seeds = [self.constant(wave(*y.shape, seed=9)) for y in reached]
            sum((y * seed).sum() for y, seed in zip(reached, seeds)).backward()
            parameters = dict(self.made.named_parameters()) if self.made is not None else {}
            found |= {f"gradient of {name}": plain(leaf.grad) for name, leaf in {**leaves, **parameters}.items()
                      if leaf.grad is not None}
        return found


def fill(module: Any, leaf: Callable[[Any], Any]) -> None:
    for i, (_, parameter) in enumerate(sorted(module.named_parameters())):
        parameter.data = leaf(wave(*parameter.shape, seed=i + 1) / 2).detach().data


def flat(output: Any) -> list[Any]:
    if isinstance(output, dict) or hasattr(output, "dtype") or not isinstance(output, (tuple, list)):
        return [output]
    return [part for item in output for part in flat(item)]


def plain(output: Any) -> np.ndarray:
    return np.array(output.detach().numpy() if hasattr(output, "requires_grad") else output)


def pytorch() -> Library:
    import torch
    import torch.nn.functional
    from torch.utils.data import DataLoader, TensorDataset
    return Library(lambda x: torch.tensor(x, requires_grad=True), torch.tensor, torch.nn, torch=torch, F=torch.nn.functional,
                   optim=torch.optim, DataLoader=DataLoader, TensorDataset=TensorDataset)


def main() -> None:
    library = pytorch()
    found = {f"{i} / {name}": array for i, (theirs, *_) in enumerate(lines()) for name, array in library.run(theirs).items()}
    np.savez_compressed(FILE, lines=np.array([theirs for theirs, *_ in lines()]), **found)
    print(f"{len(lines())} lines, {FILE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
