"""no_grad and scope: their effect, and their end with the block in every case, in their own thread and task."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from autograd import GradientError, Value, gradient, no_grad, scope
from autograd.context import current


def apart(coroutine: Any) -> Any:
    """Run a coroutine in a thread of its own, where no other test's event loop runs."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


def recording() -> bool:
    return bool((Value(1.0) * 2).inputs)


def test_no_grad_records_nothing() -> None:
    x = Value(3.0, "x")
    with no_grad():
        y = x * 2 + 1
        assert (y.data, y.inputs, y.operands, y.op) == (7.0, (), (), "constant")
    assert recording()
    z = x * y
    assert gradient(z, [x, y]) == [7.0, 3.0]  # asked for, a constant has its gradient as any node
    z.backward()
    assert (x.grad, y.grad) == (7.0, None)  # but takes none


def test_no_grad_decorates() -> None:
    @no_grad()
    def evaluate(x: Any) -> Any:
        """What it says."""
        return x * 2
    for _ in range(2):
        assert evaluate(Value(3.0)).inputs == ()
        assert recording()
    assert (evaluate.__name__, evaluate.__doc__) == ("evaluate", "What it says.")


def test_no_grad_nests() -> None:
    with no_grad():
        with no_grad():
            assert not recording()
        assert not recording()
    assert recording()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, GeneratorExit])
def test_an_exception_ends_both(error: type[BaseException]) -> None:
    def interrupted() -> None:
        with scope("outer"), no_grad(), scope("inner"):
            raise error

    with pytest.raises(error):
        interrupted()
    assert recording()
    assert current() is None
    assert (Value(1.0) * 2).scope is None

    @no_grad()
    def fails() -> None:
        raise error
    with pytest.raises(error):
        fails()
    assert recording()


def test_threads_have_their_own() -> None:
    entered, checked = threading.Event(), threading.Event()

    def other() -> tuple[bool, Any]:
        entered.wait(10)
        answer = recording(), (Value(1.0) * 2).scope
        checked.set()
        return answer

    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(other)
        with no_grad(), scope("here"):
            entered.set()
            assert checked.wait(10)
            assert not recording()
        assert answer.result() == (True, None)


def test_asyncio_tasks_have_their_own() -> None:
    async def switched_off(inside: asyncio.Event, done: asyncio.Event) -> bool:
        with no_grad(), scope("task"):
            inside.set()
            await done.wait()
            return recording()

    async def main() -> tuple[bool, bool, Any]:
        inside, done = asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(switched_off(inside, done))
        await inside.wait()
        here = recording(), (Value(1.0) * 2).scope
        done.set()
        return await task, *here
    assert apart(main()) == (False, True, None)


def test_graphs_built_in_threads_do_not_meet() -> None:
    def work(seed: int) -> float:
        x = Value(seed)
        y = x
        for _ in range(2000):
            y = y * 0.999 + x
        y.backward()
        with no_grad():
            assert not recording()
        return x.grad

    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(work, range(8)))
    assert together == [work(seed) for seed in range(8)]


def test_scope_groups_and_nests() -> None:
    x = Value(2.0)
    with scope("layer") as layer:
        y = x * 3
        named = Value(1.0, "bias")
        with scope("neuron") as neuron:
            z = y + named
        last = z.relu()
    assert (y.scope, named.scope, z.scope, last.scope, x.scope) == (layer, layer, neuron, layer, None)
    assert (neuron.path, repr(neuron)) == ("layer/neuron", "Scope('layer/neuron')")
    assert (neuron.parent, layer.parent) == (layer, None)
    assert named.name == "bias"
    assert gradient(last, x) == 3.0


def test_each_entry_is_a_scope_of_its_own() -> None:
    with scope("neuron") as first:
        pass
    with scope("neuron") as second:
        pass
    assert first is not second


def test_scope_within_no_grad_and_no_grad_within_scope() -> None:
    with no_grad(), scope("s") as s:
        y = Value(1.0) * 2
        assert (y.scope, y.inputs) == (s, ())
    with scope("s") as s, no_grad():
        y = Value(1.0) * 2
        assert (y.scope, y.inputs) == (s, ())
    assert recording()


def test_scope_decorates() -> None:
    @scope("sigmoid")
    def sigmoid(x: Any) -> Any:
        return 1 / (1 + (-x).exp())
    assert sigmoid(Value(0.0)).scope.path == "sigmoid"
    assert (Value(1.0) * 2).scope is None


def test_naming_a_node_keeps_its_scope() -> None:
    with scope("s") as s:
        y = Value(1.0) * 2
    y.name = "y"
    assert (y.name, y.scope) == ("y", s)


def test_a_constant_result_cannot_be_trained() -> None:
    with no_grad():
        y = Value(3.0) * 2
    with pytest.raises(GradientError, match="none of its inputs takes a gradient"):
        y.backward()


def test_a_coroutine_function_is_decorated_through_all_its_awaits() -> None:
    @no_grad()
    async def inner() -> list[tuple]:
        before = (Value(1.0) * 2).inputs
        await asyncio.sleep(0)
        return [before, (Value(1.0) * 2).inputs]

    async def outer() -> list[tuple]:
        return [*await inner(), (Value(1.0) * 2).inputs]

    *within, after = apart(outer())
    assert within == [(), ()]
    assert len(after) == 1


def test_a_generator_is_refused_as_its_caller_would_be_inside() -> None:
    with pytest.raises(TypeError, match="between two yields"):
        @no_grad()
        def numbers():
            yield Value(1.0)


def test_a_decorated_function_may_call_itself() -> None:
    @scope("part")
    def nested(depth: int) -> Value:
        return nested(depth - 1) * 2 if depth else Value(1.0) * 3

    assert nested(2).scope.path == "part"
    assert nested(2).a.scope.path == "part/part"
    assert (Value(1.0) * 2).scope is None


def batches() -> Any:
    with no_grad():
        yield 1
        yield 2


def test_a_generator_closed_within_a_later_with_leaves_nothing_switched() -> None:
    going = batches()
    next(going)
    with scope("later") as later:
        going.close()
        assert current() is not None and (Value(1.0) * 2).scope is later
    assert recording()
    assert current() is None


def test_contexts_that_end_in_another_order_than_they_began_all_end() -> None:
    first, second, third = no_grad(), scope("second"), no_grad()
    first.__enter__(), second.__enter__(), third.__enter__()
    second.__exit__(), first.__exit__()
    assert not recording()
    third.__exit__()
    assert current() is None


def test_a_task_begun_within_a_context_stays_there_after_it_ended_outside() -> None:
    async def child() -> list[bool]:
        await asyncio.sleep(0)
        found = [recording()]
        with scope("child"):
            found.append(recording())
        return [*found, recording()]

    async def parent() -> tuple[list[bool], bool]:
        with no_grad():
            task = asyncio.create_task(child())
        return await task, recording()
    assert apart(parent()) == ([False, False, False], True)
