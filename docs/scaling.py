"""Measure what training on a Dask cluster costs on this machine, and print the tables of docs/distributed.md.

``python -m docs.scaling`` takes about two minutes. Each figure is the fastest of repeated rounds, between processes of one machine.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import pairwise
from math import ceil, log, log2
from time import perf_counter
from typing import Any

import numpy as np

import nn
from nn.distributed import FAN_IN, Cluster
from nn.train import History, Run

WIDTHS, STEPS, WORKERS, ROWS = (64, 512, 1024), (1, 4, 16), (1, 2, 4), 256
MANY = (10, 100, 1000)  # workers to predict for


def network(width: int) -> nn.Module:
    """A network of three layers, for inputs of 64 numbers and 10 classes."""
    sizes = (64, width, width, 10)
    linear = [nn.Linear(m, n, rng=i) for i, (m, n) in enumerate(pairwise(sizes))]
    return nn.Sequential(linear[0], nn.ReLU(), linear[1], nn.ReLU(), linear[2])


def seconds(function: Callable[[], object], most: float = 0.5) -> float:
    """The shortest time of a call, after one to warm up: other programs of a busy machine only add to it."""
    function()
    times: list[float] = []
    while len(times) < 3 or sum(times) < most and len(times) < 10:
        begun = perf_counter()
        function()
        times.append(perf_counter() - begun)
    return min(times)


def batch(rows: int = ROWS) -> tuple[Any, Any]:
    """Inputs and labels."""
    source = np.random.default_rng(0)
    return source.normal(size=(rows, 64)).astype(np.float32), source.integers(0, 10, rows)


def one_process(width: int, rows: int = ROWS) -> float:
    """The time of a step in this process."""
    model, (x, y) = network(width), batch(rows)
    optimizer = nn.optim.SGD(model.parameters(), lr=1e-3)

    def step() -> None:
        optimizer.zero_grad()
        nn.cross_entropy(model(x), y).backward()
        optimizer.step()
    return seconds(step)


def on_workers(client: Any, width: int, local_steps: int) -> float:
    """The time of a step on the workers, a round divided by its local steps."""
    model, data = network(width), batch()
    optimizer = nn.optim.SGD(model.parameters(), lr=1e-3)
    run = Run(model, optimizer, nn.cross_entropy, nn.data.DataLoader(data, ROWS), History())
    cluster = Cluster(client, local_steps)
    run.history.batches.append(0.0)  # only the first round checks the loss

    def round() -> None:
        optimizer.zero_grad()
        cluster.train(run, [data] * local_steps, {})
        if local_steps == 1:
            optimizer.step()
    return seconds(round) / local_steps


def constants(client: Any) -> dict[str, float]:
    """Latency of a round without work, time for each task, and for each byte to a worker and back."""
    def tasks(count: int) -> float:
        return seconds(lambda: client.gather([client.submit(abs, 1, pure=False) for _ in range(count)]), 2.0)

    def there_and_back() -> None:
        client.gather(client.submit(bytes, client.scatter(content, hash=False), pure=False))

    content = np.random.default_rng(0).bytes(2**24)
    few, many = tasks(2), tasks(66)
    return {"latency": few, "task": (many - few) / 64, "byte": (seconds(there_and_back) - few) / 2 / len(content)}


def predicted(known: dict[str, float], step: float, size: int, workers: int, local_steps: int) -> float:
    """The time of a step by the model of cost, from the time of a step in one process and the bytes of the model."""
    levels = ceil(log(workers, FAN_IN)) if workers > 1 else 0
    copies = 1 + log2(workers) + levels * min(workers, FAN_IN)  # the model spreads from worker to worker; sums meet in a tree
    round = (1 + levels) * known["latency"] + workers * known["task"] + copies * size * known["byte"]
    return round / local_steps + step / workers


def main() -> None:
    """Print the tables."""
    import distributed
    alone = {width: one_process(width) for width in WIDTHS}
    sizes = {width: sum(x.array.nbytes for x in network(width).parameters()) for width in WIDTHS}
    known: dict[str, float] = {}
    print("| weights | K | one process |" + "".join(f" {n} worker{'s' * (n > 1)} |" for n in WORKERS))
    print("|" + "---|" * (3 + len(WORKERS)))
    found: dict[tuple[int, int, int], float] = {}
    for n in WORKERS:
        with distributed.LocalCluster(n_workers=n, threads_per_worker=1, dashboard_address=":0", silence_logs=50) as cluster, \
                distributed.Client(cluster) as client:
            known = known or constants(client)
            for width in WIDTHS:
                for local_steps in STEPS:
                    found[width, local_steps, n] = on_workers(client, width, local_steps)
    for width in WIDTHS:
        for local_steps in STEPS:
            cells = [f"{1e3 * found[width, local_steps, n]:.1f}" for n in WORKERS]
            print(f"| {sizes[width] // 4:,} | {local_steps} | {1e3 * alone[width]:.1f} | {' | '.join(cells)} |")
    print(f"\nlatency {1e3 * known['latency']:.1f} ms, task {1e3 * known['task']:.2f} ms, "
          f"{1e-6 / known['byte']:.0f} MB/s, compute {4e9 * alone[WIDTHS[-1]] / ROWS / sizes[WIDTHS[-1]]:.2f} ns for a weight and "
          "an example\n")
    print("| weights | K |" + "".join(f" {n} |" for n in (*WORKERS, *MANY)) + "\n|" + "---|" * (2 + len(WORKERS) + len(MANY)))
    for width in WIDTHS:
        for local_steps in STEPS:
            times = [predicted(known, alone[width], sizes[width], n, local_steps) for n in (*WORKERS, *MANY)]
            cells = [f"{alone[width] / time:.2g}" for time in times]
            print(f"| {sizes[width] // 4:,} | {local_steps} | {' | '.join(cells)} |")


if __name__ == "__main__":
    sys.exit(main())
