"""How time grows with size: chainrule's own, eager and compiled, from the smallest size to ten million nodes."""

from __future__ import annotations

from collections.abc import Callable
from time import process_time
from typing import Any

from .compiled import TIMES, over_lanes
from .measure import Record, Settings, Worker, rounded, rows, serve


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


def equation(n: int) -> Callable[..., Any]:
    """The function that the compiled chain is recorded of."""
    def run(a: Any, b: Any, x: Any) -> Any:
        for _ in range(n // 2):
            x = a * x + b
        return x
    return run


def recorded(n: int) -> Callable[[], Any]:
    """Recording and lowering a chain of n operations."""
    from autograd.programs.program import Program
    numbers = (0.999, 0.5, 1.0)

    def run() -> None:
        program = Program(equation(n))
        program.compiled(program.arrange(numbers), numbers).engine((0, 1, 2))
    return run


def replayed(n: int) -> Callable[[], Any]:
    """Value and gradient of the compiled chain."""
    from autograd import compile
    program = compile(equation(n))
    numbers = 0.9999999, 0.5, 1.0  # powers of 0.999 come to numbers that are not normal, each of which costs 100 times as much
    program.value_and_grad(*numbers, argnums=(0, 1, 2))  # records it, which is a case of its own
    return lambda: program.value_and_grad(*numbers, argnums=(0, 1, 2))


def laned(n: int) -> Callable[[], Any]:
    """Loss and gradient of S1's network over n lanes, as often as is usual for so few."""
    return over_lanes(n, "native")


CASES: dict[str, tuple[Callable[[int], Callable[[], Any]], tuple[int, ...]]] = {
    "nodes of a chain": (chain, (10**2, 10**3, 10**4, 10**5, 10**6, 10**7)),
    "compiled, recording a chain": (recorded, (10**2, 10**3, 10**4, 10**5, 10**6)),
    "compiled, a chain": (replayed, (10**2, 10**3, 10**4, 10**5, 10**6)),
    "compiled, lanes of S1's network": (laned, tuple(TIMES)),
    "entries": (entries, (10**3, 10**4, 10**5, 10**6, 10**7)),
    "x[i] in a loop": (selections, (10, 10**2, 10**3, 10**4)),
    "time steps of an LSTM": (moments, (10, 10**2, 10**3, 10**4)),
    "batch": (batch, (32, 256, 2048, 16384)),
    "viz.text, gates": (told, (10**2, 10**3, 10**4)),
    "steps, gates": (stepped, (10**2, 10**3, 10**4)),
}


class Growth:
    """The table of times over sizes; each case has a process of its own."""

    title = "Growth: seconds of CPU for each size, and the exponent fitted to the three largest"

    def measure(self, run: Settings) -> Record:
        """Return the sizes and the seconds of each case."""
        found: Record = {}
        for name, (_, sizes) in CASES.items():
            worker = Worker("growth", name)
            found[name] = worker.run(max(3, len(sizes) - 2) if run.quick else len(sizes))
            worker.stop()
        return {"title": self.title, "cases": found}

    def work(self, part: str) -> None:
        """Run as the worker of a case; it is asked for so many sizes."""
        build, sizes = CASES[part]

        def case(count: float) -> Record:
            chosen = sizes[:int(count)]
            times = [least(build(n)) / (TIMES[n] if build is laned else 1) for n in chosen]
            return {"sizes": chosen, "seconds": list(map(rounded, times))}
        serve(case)


def least(run: Callable[[], Any], enough: float = 0.3) -> float:
    """The least CPU time of a run, over turns of so many seconds; a run of over two seconds is not warmed up for."""
    times: list[float] = []
    while len(times) < 2 and sum(times) < 2 or sum(times) < enough and len(times) < 50:
        start = process_time()
        run()
        times.append(process_time() - start)
    return min(times)


rows["growth"] = Growth()
