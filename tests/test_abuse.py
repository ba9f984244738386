"""Robustness of the engine: depth, fan-in, fan-out, threads, tasks, forks, interrupts and failed allocations."""

import asyncio
import copy
import functools
import gc
import math
import operator
import os
import pickle
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import nn
import viz
from autograd import (Tensor, Value, detect_anomaly, explain, find_anomaly, gradient, hessian, jvp, no_grad, relu, scope, steps,
                      tanh)
from autograd.context import current
from autograd.symbolic import formulas
from autograd.graph import Node, assign
from nn import optim

MILLION = 10**6


def neuron_loss(seed: int) -> list[float]:
    """The gradients of a small network from a seed, the job of a thread, task or process."""
    rng = random.Random(seed)
    w = [Value(rng.gauss(0, 1), f"w{i}") for i in range(30)]
    y = sum(tanh(a * rng.gauss(0, 1) + b) * relu(b) for a, b in pairwise(w))
    with scope(f"loss {seed}"):
        loss = y * y
    assert loss.scope.name == f"loss {seed}"
    loss.backward()
    return [x.grad for x in w]


SERIAL = [neuron_loss(seed) for seed in range(8)]


def test_8_threads_each_with_its_own_graph_give_the_serial_numbers():
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            assert [list(pool.map(neuron_loss, range(8))) for _ in range(20)] == [SERIAL] * 20
    finally:
        sys.setswitchinterval(interval)


def test_threads_take_gradients_of_one_shared_graph():
    w = [Value(float(i), f"w{i}") for i in range(50)]
    y = sum((a * b for a, b in pairwise(w)), Value(0.0)).tanh() + sum(w)
    expected = gradient(y, w)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda _: gradient(y, w), range(64))) == [expected] * 64


def test_asyncio_tasks_do_not_meet():
    async def task(seed: int) -> list[float]:
        if seed % 2:
            with no_grad():
                await asyncio.sleep(0)
                assert (Value(1.0) * 2).inputs == ()
        await asyncio.sleep(0)
        return neuron_loss(seed)

    async def together() -> list[list[float]]:
        return await asyncio.gather(*map(task, range(8)))

    with ThreadPoolExecutor(1) as thread:  # where no other test's event loop runs
        assert thread.submit(lambda: asyncio.run(together())).result() == SERIAL


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_computes_the_same():
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.write(write, pickle.dumps(neuron_loss(3)))
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        assert pickle.loads(pipe.read()) == SERIAL[3]
    assert os.waitpid(child, 0)[1] == 0


def test_diamonds_with_2_to_the_60_paths():
    x = y = Value(1.0, "x")
    for _ in range(60):
        y = y * 0.75 + y * 0.25
    y.backward()
    assert x.grad == gradient(y, x) == 1.0
    assert explain(y, x).ways == 2**60
    assert len(steps(y)) == 1 + 180 + 180
    t = u = Tensor([1.0, 2.0])
    for _ in range(60):
        u = u * 0.75 + u * 0.25
    u.sum().backward()
    assert t.grad.tolist() == [1.0, 1.0]
    told = explain(u.sum(), t)
    assert told.ways == 2**60 and len(told.paths) == 3 and told.gradient.tolist() == [1.0, 1.0]
    for top in (y, u.sum()):
        assert find_anomaly(top) is None and "<svg" in viz.draw(top).svg and repr(viz.text(top))
        pickle.loads(pickle.dumps(copy.deepcopy(top)))
    assert gradient(gradient(y * y, x, create_graph=True), x) == 2.0


@pytest.mark.parametrize("kind", [Value, lambda x: Tensor([x, x])], ids=["Value", "Tensor"])
def test_threads_tasks_and_forks_for_both_kinds(kind):
    def work(seed):
        w = [kind(math.sin(seed + i)) for i in range(20)]
        with no_grad():
            assert not (w[0] * 2).inputs
        with scope(f"work {seed}"):
            y = sum(tanh(a * b) for a, b in pairwise(w))
        assert y.scope.name == f"work {seed}"
        (y if kind is Value else y.sum()).backward()
        return [np.array(x.grad).tolist() for x in w]

    async def task(seed):
        with scope(f"task {seed}"):
            await asyncio.sleep(0)
            assert (kind(1.0) * 2).scope.name == f"task {seed}"
            return work(seed)

    async def together():
        return await asyncio.gather(*map(task, range(8)))

    serial = [work(seed) for seed in range(8)]
    with ThreadPoolExecutor(8) as pool:
        assert [list(pool.map(work, range(8))) for _ in range(5)] == [serial] * 5
        assert pool.submit(lambda: asyncio.run(together())).result() == serial


def deep(x, depth):
    for _ in range(depth // 2):
        x = x * (1 - 2**-20) + 2**-40
    return x


@pytest.mark.parametrize("depth", [20_000, pytest.param(MILLION, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", [Value, lambda x, name: Tensor(x, name)], ids=["Value", "Tensor"])
def test_a_chain_of_any_depth_goes_through_all_that_walks_graphs(kind, depth):
    gc.collect()
    before = alive()
    x = kind(0.5, "x")
    y = deep(x, depth)
    slope = pytest.approx((1 - 2**-20) ** (depth // 2), rel=1e-9)
    y.backward()
    assert float(x.grad) == slope
    assert float(gradient(y, x)) == slope
    gc.disable()  # copies of a million nodes: the collector would look through them again and again
    try:
        for z in (copy.deepcopy(y), pickle.loads(pickle.dumps(y))):
            z.backward()
            assert z.item() == y.item() and z is not y
        del z
        assert len(repr(y)) < 200
        assert f"{depth:,}" in (svg := viz.draw(y).svg) and len(svg) < 100_000  # a summary, which says of how much
        assert f"{depth:,}" in repr(viz.text(y)) + str(viz.text(y))
        assert find_anomaly(y) is None
        told = explain(y, x, most=1)
        assert told.ways == 1 and len(told.paths[0].links) == depth and len(str(told)) < 2000
        assert len(steps(y)) == 1 + 2 * depth
        with pytest.raises(ValueError, match="too many to step through"):
            viz.stepper(y)
        first = gradient(y * y, x, create_graph=True)
        assert float(gradient(first, x)) == pytest.approx(2 * float(x.grad) ** 2, rel=1e-9)
        assert float(jvp(lambda x: deep(x, depth), [x.data], [x.data * 0 + 1.0])[1]) == slope
        within = []
        for node in (y, first):
            while node.inputs:  # each has its formulas, whatever lies below it
                within.append(formulas(node))
                node = node.inputs[-1]
                if len(within) > 10:
                    break
        del node, first, y, told
        assert all(within)
        assert alive() - before <= 5 + 10 * (kind is not Value)
    finally:
        gc.enable()


@pytest.mark.parametrize("width", [20_000, pytest.param(MILLION, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", [Value, lambda x, name=None: Tensor(x, name)], ids=["Value", "Tensor"])
def test_fan_in_and_fan_out_of_any_width_go_through_all_that_walks_graphs(kind, width):
    gc.disable()
    try:
        x = kind(2.0, "x")
        y = functools.reduce(operator.add, [x] * width)  # one used often
        zs = [kind(1.0) for _ in range(width)]
        z = functools.reduce(operator.add, zs)  # many used once
        for top, leaf, slope in ((y, x, width), (z, zs[0], 1)):
            top.backward()
            assert leaf.grad == gradient(top, leaf) == slope
            assert copy.deepcopy(top).item() == pickle.loads(pickle.dumps(top)).item() == top.item()
            assert find_anomaly(top) is None
            assert explain(top, leaf, most=1).ways == slope
        if width < MILLION:  # a million takes minutes
            assert "<svg" in viz.draw(y).svg and "<svg" in viz.draw(z).svg
            assert len(steps(z)) == width + 2 * (width - 1)
        assert all(float(leaf.grad) == 1.0 for leaf in zs)
    finally:
        gc.enable()


@pytest.mark.parametrize("kind", [Value, lambda x, name: Tensor([x, x], name)])
def test_an_interrupt_at_every_bytecode_of_backward_leaves_the_leaves_all_before_or_all_after(monkeypatch, kind):
    monkeypatch.setattr(sys, "unraisablehook", lambda told: None)  # where an interrupted finaliser tells of it

    def build():
        w = [kind(0.3 * i - 0.2, f"w{i}") for i in range(3)]
        y = (w[0] * 2 + w[1]).tanh() ** 2 + relu(w[2] * w[0])
        return w, y if kind is Value else y.sum()

    def grads(w):
        return [None if x.grad is None else np.array(x.grad).tolist() for x in w]

    w, y = build()
    y.backward()
    after = grads(w)
    place, where = 0, ""
    outcomes, switches = set(), np.geterr()
    while where is not None:
        w, y = build()
        place += 1
        where = interrupted(y.backward, place)
        state = grads(w)
        assert state in ([None] * 3, after), f"half a pass after {place} bytecodes: {state}"
        outcomes.add(str(state))
        assert np.geterr() == switches, f"a switch stays set after {place} bytecodes"
        for x in w:  # and the next pass is right, whatever came before
            x.grad = None
        y.backward()
        assert grads(w) == after
    assert outcomes == {str([None] * 3), str(after)}


# ── a whole training step: forward, backward, clipping, the optimiser's step, zero_grad ──────────────────────────────

class Training:
    """A small network at its second step: the first has given it gradients, and the optimiser a state."""

    def __init__(self, kind, optimizer, batch=3):
        if kind is Value:
            self.model = nn.MLP(2, [2, 1], rng=0)
        else:
            self.model = nn.Sequential(nn.Linear(2, 3, rng=0, dtype="float64"), nn.BatchNorm1d(3, dtype="float64"),
                                       nn.Tanh(), nn.Linear(3, 2, rng=1, dtype="float64"))
            self.inputs = Tensor(np.random.default_rng(0).normal(size=(batch, 2)), requires_grad=False)
        options = {"momentum": 0.9} if optimizer == "SGD" else {}
        self.optimizer = getattr(optim, optimizer)(self.model.named_parameters(), lr=0.1, **options)
        self.step()

    def loss(self):
        if isinstance(self.model, nn.MLP):
            return nn.mse_loss([self.model([0.5, -1.0]), self.model([-0.25, 2.0])], [[1.0], [-1.0]])
        return nn.cross_entropy(self.model(self.inputs), np.arange(len(self.inputs)) % 2)

    def step(self):
        self.optimizer.zero_grad()
        self.loss().backward()
        optim.clip_grad_norm_(self.model.parameters(), 0.1)
        self.optimizer.step()

    def gradients(self):
        return [None if x.grad is None else np.array(x.grad).tobytes() for x in self.model.parameters()]

    def parameters(self):
        """The parameters and the optimiser's states as bytes: a step changes all of them or none."""
        return ([np.array(getattr(x, "array", x.data)).tobytes() for x in self.model.parameters()],
                [{key: np.array(kept).tobytes() for key, kept in state.items()} for state in self.optimizer.state])

    def statistics(self):
        return [np.array(x.array).tobytes() for x in self.model.buffers()]


def switches():
    return current(), np.geterr()


class Milestones:
    """The allowed states after an interrupted second step: those at its stages, and nothing in between."""

    def __init__(self, *what):
        self.what, run = what, Training(*what)
        self.before, self.switches = run.parameters(), switches()
        self.statistics = [run.statistics()]
        stages = [run.gradients()]
        run.optimizer.zero_grad()
        stages.append(run.gradients())
        loss = run.loss()
        self.statistics.append(run.statistics())
        loss.backward()
        stages.append(run.gradients())
        optim.clip_grad_norm_(run.model.parameters(), 0.1)
        stages.append(run.gradients())
        self.gradients = stages
        run.optimizer.step()
        self.after = run.parameters()
        again = Training(*what)
        again.step()
        assert again.parameters() == self.after
        again.step()
        self.next = again.parameters()

    def check(self, run, place):
        """Return the stage at which the step of ``run`` ended; assert that a repeat gives the right numbers."""
        gradients, parameters = run.gradients(), run.parameters()
        assert switches() == self.switches, f"a switch stays set: {place}"
        assert gradients in self.gradients, f"half of the gradients: {place}"
        assert parameters in (self.before, self.after), f"half a step: {place}"
        assert run.statistics() in self.statistics, f"half of the running statistics: {place}"
        done = parameters == self.after
        assert not done or gradients == self.gradients[-1]
        run.step()
        assert run.parameters() == (self.next if done else self.after), f"another step is wrong: {place}"
        return self.gradients.index(gradients) + done


def interrupted(step, place):
    """Run the step, and raise KeyboardInterrupt at its ``place``-th bytecode, chainrule's or NumPy's; return its place, or None at
    the end."""
    where, left = [], [place]

    def trace(frame, event, arg):
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        if event in ("call", "opcode"):
            left[0] -= 1
            if not left[0]:
                sys.settrace(None)
                where.append(f"{frame.f_code.co_filename}:{frame.f_lineno}, bytecode {place} of the step")
                raise KeyboardInterrupt
        return trace

    tracer, collecting = sys.gettrace(), gc.isenabled()
    gc.disable()  # what others have it call is no part of the step
    sys.settrace(trace)
    try:
        step()
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(tracer)
        if collecting:
            gc.enable()
    return where[0] if where else None


def alive():
    return sum(isinstance(x, Node) for x in gc.get_objects())


@pytest.mark.parametrize("stride", [pytest.param(31, id="every 31st"), pytest.param(1, marks=pytest.mark.slow, id="every")])
@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
@pytest.mark.parametrize("kind", [Value, Tensor])
def test_an_interrupt_at_every_bytecode_of_a_training_step_leaves_it_undone_or_done(kind, optimizer, stride, monkeypatch):
    monkeypatch.setattr(sys, "unraisablehook", lambda told: None)  # what interrupts a finaliser is told there, and goes no further
    expected = Milestones(kind, optimizer)
    stages, place, where = set(), 1, ""
    gc.collect()
    gc.disable()
    before = alive()
    try:
        while where is not None:
            run = Training(kind, optimizer)
            where = interrupted(run.step, place)
            stages.add(expected.check(run, where))
            place += stride
        del run
        assert alive() - before <= 5, "garbage stays"
    finally:
        gc.enable()
    assert place > 6000
    assert stages == {0, 1, 2, 3, 4}


@pytest.mark.parametrize("switch", [no_grad, lambda: scope("here"), detect_anomaly], ids=["no_grad", "scope", "detect_anomaly"])
def test_an_interrupt_at_every_bytecode_of_a_with_leaves_no_switch_set(switch, monkeypatch):
    monkeypatch.setattr(sys, "unraisablehook", lambda told: None)

    def within():
        with switch():
            Value(1.0) * 2

    @switch()
    def decorated():
        Value(1.0) * 2

    for step in (within, decorated):
        place, where = 0, ""
        while where is not None:
            place += 1
            where = interrupted(step, place)
            assert current() is None, where
        assert place > 50


@pytest.mark.parametrize("walk", [lambda y, x: gradient(y, x, create_graph=True), lambda y, x: explain(y, x), lambda y, x: steps(y),
                                  lambda y, x: find_anomaly(y)], ids=["gradient", "explain", "steps", "find_anomaly"])
def test_an_interrupt_at_every_bytecode_of_a_walk_over_arrays_leaves_no_switch_set(walk, monkeypatch):
    monkeypatch.setattr(sys, "unraisablehook", lambda told: None)
    x, before = Tensor([1.0, 2.0], "x"), switches()
    y = (x * x).sum()
    place, where = 0, ""
    while where is not None:
        place += 1
        where = interrupted(lambda: walk(y, x), place)
        assert switches() == before, where
    assert place > 300


@pytest.mark.parametrize("do", [
    lambda run: run.optimizer.zero_grad(), lambda run: run.model.zero_grad(),
    lambda run: optim.clip_grad_norm_(run.model.parameters(), 0.01), lambda run: optim.clip_grad_value_(run.model.parameters(),
                                                                                                        0.01),
], ids=["optimizer.zero_grad", "module.zero_grad", "clip_grad_norm_", "clip_grad_value_"])
@pytest.mark.parametrize("kind", [Value, Tensor])
def test_an_interrupt_at_every_bytecode_changes_all_gradients_or_none(kind, do):
    run = Training(kind, "SGD")
    before = [x.grad for x in run.model.parameters()]
    do(run)
    stages = [run.gradients()]
    assign(run.model.parameters(), "grad", before)
    stages.append(run.gradients())
    place, where, seen = 0, "", set()
    while where is not None:
        assign(run.model.parameters(), "grad", before)
        place += 1
        where = interrupted(lambda: do(run), place)
        assert run.gradients() in stages, where
        seen.add(stages.index(run.gradients()))
    assert seen == {0, 1} and place > 100


# run in a process of its own: where memory is refused, Python itself may crash, and not only fail
REFUSED = """
import _testcapi
from tests.test_abuse import *

for kind in (Value, Tensor):
    for optimizer in ("SGD", "Adam"):
        expected, place, stages, refused = Milestones(kind, optimizer), 1, set(), True
        while refused:
            run = Training(kind, optimizer)
            refused = False
            _testcapi.set_nomemory(place, place + 1)
            try:
                run.step()
            except (MemoryError, SystemError):  # the latter where NumPy or Python forget to say what is missing
                refused = True
            finally:
                _testcapi.remove_mem_hooks()
            stages.add(expected.check(run, f"allocation {place}"))
            place += 1
        assert {1, 4} <= stages
        print(place - 2)
"""


def in_a_process(script, **environment):
    return subprocess.run([sys.executable, "-c", script], cwd=Path(__file__).parents[1], capture_output=True, text=True,
                          timeout=300, env={**os.environ, **environment})


def test_memory_refused_at_every_allocation_of_a_training_step_leaves_it_undone_or_done():
    pytest.importorskip("_testcapi", reason="this Python cannot refuse memory on demand")
    done = in_a_process(REFUSED)
    assert done.returncode == 0, done.stderr[-3000:]
    assert sum(map(int, done.stdout.split())) > 1500


LIMITED = """
import random, resource
from tests.test_abuse import *

expected, rng, stages = Milestones(Tensor, "Adam", 100_000), random.Random(0), []
hard = resource.getrlimit(resource.RLIMIT_AS)[1]
for _ in range(100):
    run = Training(Tensor, "Adam", 100_000)
    held = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + rng.randrange(60_000_000), hard))
    try:
        run.step()
    except MemoryError:
        stages.append(0)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
    expected.check(run, "a limit of the process")
print(len(stages))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="needs the limit on a process's memory, and to know what it holds")
def test_a_training_step_under_a_limit_of_memory_that_moves_is_undone_or_done():
    # arrays are what is refused: of NumPy's own buffers, refused, some make it crash
    done = in_a_process(LIMITED, MALLOC_MMAP_THRESHOLD_="1000000", MALLOC_TOP_PAD_="2000000", OPENBLAS_NUM_THREADS="1")
    assert done.returncode == 0, done.stderr[-3000:]
    assert 30 < int(done.stdout) < 100


def test_memory_refused_in_the_middle_of_a_pass_leaves_the_leaves_as_they_were():
    x = Value(2.0, "x")
    x.grad = 5.0
    y = x * x
    refusing = Value(1.0) * y

    class Refusing(float):
        def __rmul__(self, other):
            raise MemoryError

    refusing.db = Refusing(1.0)
    with pytest.raises(MemoryError):
        refusing.backward()
    assert x.grad == 5.0
    assert y.grad is None
    y.backward()
    assert x.grad == 9.0


def test_hessians_in_threads_of_functions_that_close_over_each_others_values():
    def second(a: float) -> float:
        return hessian(lambda x: tanh(x * a) * x)(0.5)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(second, range(1, 40))) == [second(a) for a in range(1, 40)]


def test_garbage_of_a_failed_computation_is_freed_with_the_collector_off():
    gc.collect()
    gc.disable()
    try:
        before = alive()
        for _ in range(10):
            x = Value(1.0)
            with pytest.raises(TypeError):
                (x * 2 + 1) * "text"
        del x
        assert alive() - before <= 12  # what the last traceback may still hold, not what grows
    finally:
        gc.enable()
    assert math.isfinite(before)
