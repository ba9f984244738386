"""Execution of a search's trials: in worker processes, in this process, or on the user's executor.

Worker processes come from loky, which sends functions by value: lambdas and functions of a notebook work, and workers do not run
the user's script again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from distributed import Client

    from .typing import Params

Objective = Callable[..., Any]  # of the parameters, and of a budget if there are budgets
POLL = 1.0  # seconds between two checks of a cluster's workers


class Outcome(NamedTuple):
    """Result of one evaluation of the objective: its values, its time in seconds, and the reason of a failure (else empty)."""

    values: list[float]
    seconds: float
    failure: str = ""


class WorkersLost(RuntimeError):
    """Error for a cluster without workers, which cannot run any further job."""


def evaluate_objective(objective: Objective, params: Params, budget: Sequence[int], number: int) -> Outcome:
    """Call the objective in a worker; return an exception as text, because some exceptions cannot be sent between processes.

    ``number`` is the trial's number; it makes two trials with equal parameters different tasks for a cluster.

    >>> evaluate_objective(lambda params: params["x"] ** 2, {"x": 3}, (), 0).values
    [9.0]
    """
    begun = perf_counter()
    try:
        return Outcome(_values(objective(params, *budget)), perf_counter() - begun)
    except Exception as error:
        return Outcome([], perf_counter() - begun, f"{type(error).__name__}: {error}")


def evaluate_pickled(pickled: bytes, params: Params, budget: Sequence[int], number: int) -> Outcome:
    """Call ``evaluate_objective`` with an objective that cloudpickle wrote."""
    from pickle import loads
    return evaluate_objective(loads(pickled), params, budget, number)


def _values(returned: Any) -> list[float]:
    """The numbers that an objective returned, as floats: from plain numbers, NumPy's, or nodes."""
    single = not hasattr(returned, "__iter__") or getattr(returned, "ndim", 1) == 0
    if not (values := [float(x.item() if hasattr(x, "item") else x) for x in ([returned] if single else returned)]):
        raise ValueError(f"the objective returned {returned!r:.40}, without a number; return one number, or one for each fold")
    return values


class Pool:
    """Pool that runs one objective for many parameters: on ``executor``, or in ``workers`` own processes (0: in this process).

    A pool with own processes can be renewed after one of them died. The executor is one of ``concurrent.futures`` or a Dask
    ``Client``; a Dask cluster without workers for ``worker_timeout`` seconds raises WorkersLost. Raises TypeError for an objective
    that cannot be sent to a process.

    >>> pool = Pool(lambda params: params["x"] + 1, None, 0)
    >>> pool.submit({"x": 1}, (), 0).result().values
    [2.0]
    """

    def __init__(self, objective: Objective, executor: Executor | Client | None, workers: int, worker_timeout: float = 60.0):
        self.width, self.own, self.worker_timeout = max(workers, 1), executor is None, worker_timeout
        self._client, given = _dask(executor)
        self._job: tuple[Callable[..., Outcome], Any] = (evaluate_objective, objective)
        if self.own and workers:
            self._job = evaluate_pickled, pickled(objective, f"optimize: the objective {objective!r:.80}",
                                                 "workers=0 runs it in this process")
        self.executor: Executor = given or (_processes(self.width) if workers else _ThisProcess())
        self._alive = monotonic()  # time when the cluster last had a worker

    def submit(self, params: Params, budget: Sequence[int], number: int) -> Future[Outcome]:
        """Start one evaluation."""
        function, objective = self._job
        try:
            return self.executor.submit(function, objective, params, budget, number)
        except BrokenExecutor as error:  # a process died in the meantime; this evaluation is lost like the running ones
            future: Future[Outcome] = Future()
            future.set_exception(error)
            return future

    def wait(self, futures: Iterable[Future[Outcome]]) -> set[Future[Outcome]]:
        """Wait until one or more evaluations are done and return them; raise WorkersLost where the cluster has no worker left."""
        futures = set(futures)
        while True:
            done, _ = wait(futures, None if self._client is None else POLL, FIRST_COMPLETED)
            if any(future.cancelled() for future in done):
                raise WorkersLost("the cluster has cancelled the jobs: its scheduler is gone")
            if done or self._client is None:
                self._alive = monotonic()
                return done
            if has_workers(self._client):
                self._alive = monotonic()
            elif monotonic() - self._alive >= self.worker_timeout:
                raise WorkersLost(f"the cluster has had no worker for {self.worker_timeout:g} seconds")

    def renew(self) -> None:
        """Replace the processes after one of them died."""
        self._stop()
        self.executor = _processes(self.width)

    def close(self, at_once: bool = False) -> None:
        """End the pool's own processes; ``at_once`` discards running evaluations."""
        if self.own and at_once:
            self._stop()
        elif self.own:
            self.executor.shutdown(wait=True)

    def _stop(self) -> None:
        if isinstance(self.executor, _ThisProcess):
            return
        self.executor.shutdown(wait=False, kill_workers=True)  # type: ignore[call-arg]  # loky's


def lost(future: Future[Outcome]) -> bool:
    """True where the process died before the evaluation was done."""
    try:
        return isinstance(future.exception(), BrokenExecutor)
    except CancelledError:
        return True


class _ThisProcess(Executor):
    """Executor that runs each job immediately in this process."""

    def submit(self, function: Callable[..., Any], /, *args: Any, **options: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(function(*args, **options))
        return future


def _processes(width: int) -> Executor:
    """Worker processes with one thread each, because more threads would wait for one another."""
    from loky import ProcessPoolExecutor
    threads = {name: os.environ.get(name, "1") for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    pool: Executor = ProcessPoolExecutor(width, timeout=None, env=threads)
    return pool


def pickled(content: Any, what: str, remedy: str) -> bytes:
    """Return what cloudpickle writes of functions and objects; ``what`` names them in messages, ``remedy`` ends these."""
    try:
        from cloudpickle import dumps
    except ImportError as error:
        raise ImportError("optimize: worker processes need loky and cloudpickle: pip install 'chainrule[search]'; workers=0 "
                          "needs neither, and runs everything in this process") from error
    try:
        pickled: bytes = dumps(content)
    except Exception as error:  # an object's __reduce__ or __getstate__ may raise anything
        raise TypeError(f"{what} cannot be sent to worker processes ({type(error).__name__}: {error!s:.200}); {remedy}") from error
    return pickled


def _dask(executor: Executor | Client | None) -> tuple[Client | None, Executor | None]:
    """The Dask client behind an executor, or None, and the executor."""
    if executor is not None and not isinstance(executor, Executor):
        return executor, executor.get_executor(pure=False)  # type: ignore[no-untyped-call]
    kept = getattr(executor, "__dict__", {}).values()  # an executor from a client stores the client in an attribute
    return next((part for part in kept if hasattr(part, "scheduler_info")), None), executor


def has_workers(client: Client) -> bool:
    """True where the client's cluster has a worker."""
    try:
        return bool(client.scheduler_info()["workers"])
    except (OSError, TimeoutError, ValueError):  # its scheduler is gone, or cannot be reached
        return False
