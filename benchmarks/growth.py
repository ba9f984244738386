"""How time grows with size: chainrule's own, fitted as size to a power; 1 is linear."""

from __future__ import annotations

from collections.abc import Callable
from math import log
from time import process_time
from typing import Any

from .measure import rows

SECONDS = 0.3  # of turns for each size


def chain(n: int) -> Callable[[], Any]:
    """Forward and backward through a chain of n nodes."""
    from autograd import Value

    def run() -> None:
        x = start = Value(0.5)
        for _ in range(n // 2):
            x = x * 0.999 + 0.001
        x.backward()
        start.grad = None
    return run


def entries(n: int) -> Callable[[], Any]:
    """tanh(x) · x, summed, over n entries."""
    from autograd import Tensor, tanh
    x = Tensor([0.5] * n)
    return lambda: (tanh(x) * x).sum().backward()


def selections(n: int) -> Callable[[], Any]:
    """A loop over the n entries of an array, each used on its own."""
    from autograd import Tensor
    x = Tensor([0.5] * n)
    return lambda: sum(x[i] * 2.0 for i in range(n)).backward()  # type: ignore[union-attr]


def moments(n: int) -> Callable[[], Any]:
    """An LSTM over n time steps."""
    import nn
    import numpy as np
    layer, x = nn.LSTM(8, 8, rng=0), np.ones((n, 4, 8), np.float32)
    return lambda: layer(x)[0].sum().backward()


def batch(n: int) -> Callable[[], Any]:
    """A training step of a network 16-32-4 on a batch of n."""
    import nn
    import nn.functional as F
    import numpy as np
    model = nn.Sequential(nn.Linear(16, 32, rng=0), nn.ReLU(), nn.Linear(32, 4, rng=1))
    x, labels = np.ones((n, 16), np.float32), np.zeros(n, int)
    return lambda: F.cross_entropy(model(x), labels).backward()


def told(n: int) -> Callable[[], Any]:
    """The text of a chain of n gates."""
    import viz
    from autograd import Value
    x: Any = Value(0.5, "x")
    for _ in range(n):
        x = x * 0.999
    x.backward()
    return lambda: viz.text(x)


def stepped(n: int) -> Callable[[], Any]:
    """The records of all steps through a chain of n gates."""
    from autograd import Value, steps
    x: Any = Value(0.5, "x")
    for _ in range(n):
        x = x * 0.999
    return lambda: list(steps(x))


CASES: dict[str, tuple[Callable[[int], Callable[[], Any]], tuple[int, ...]]] = {
    "nodes of a chain": (chain, (10**2, 10**3, 10**4, 10**5, 10**6)), "entries": (entries, (10**3, 10**4, 10**5, 10**6, 10**7)),
    "x[i] in a loop": (selections, (10, 10**2, 10**3, 10**4)), "time steps of an LSTM": (moments, (10, 10**2, 10**3, 10**4)),
    "batch": (batch, (32, 256, 2048, 16384)), "viz.text, gates": (told, (10**2, 10**3, 10**4)),
    "steps, gates": (stepped, (10**2, 10**3, 10**4)),
}


class Growth:
    """The table of times over sizes, with the exponent between the two largest ones."""

    title = "Growth: the exponent between the two largest sizes, and seconds of CPU for each size"

    def __init__(self) -> None:
        self.figures: dict[str, Any] = {}

    def measure(self) -> str:
        """Measure, and return the table as text."""
        lines = ["", self.title]
        for name, (build, sizes) in CASES.items():
            times = [least(build(n)) for n in sizes]
            exponent = log(times[-1] / times[-2]) / log(sizes[-1] / sizes[-2])
            self.figures[name] = {"sizes": sizes, "seconds": times, "exponent": exponent}
            lines.append(f"  {name:<24}{exponent:>5.2f}   " + "  ".join(f"{n:.0e}: {t:.2g}" for n, t in zip(sizes, times)))
        return "\n".join(lines)


def least(run: Callable[[], Any]) -> float:
    """The least time of a run, over turns."""
    run()
    times: list[float] = []
    while not times or sum(times) < SECONDS and len(times) < 50:
        start = process_time()
        run()
        times.append(process_time() - start)
    return min(times)


rows["growth"] = Growth()
