"""One recording of a program for one form of its arguments, and what runs it: lowered once for each way in which it is used."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np

from ..errors import GradientError
from ..graph import assign
from ..ops import constant as cut
from ..value import Value
from . import native
from .engine import NativeLanes, NativeNumbers
from .forms import (
    NUMBER, Batched, Form, builder, float_array, joined, named_parts, object_array, put_together, result_form, size, take_apart,
)
from .passes import CAREFUL, Lowered, Pass, lower, mark_needed, mark_reached
from .plain import Array, Gradients, PlainNumbers
from .record import Tape, record_function
from .vectors import VectorLanes

_data = attrgetter("data")


class Call(NamedTuple):
    """The arguments of one call: what they are by form, and their numbers."""

    key: Any
    forms: list[Any]  # a Form, a Batched, or None for a static argument
    statics: dict[int, Any]
    numbers: Any  # an array
    blocks: list[Any]  # arrays (examples, numbers)
    lanes: int  # 0 where no argument has a batch axis


def library_for(asked: str, ops: Any) -> tuple[native.Library | None, str]:
    """The native library for a program with these operations, if it is wanted and there; and what ``backend`` says."""
    if asked == "numpy":
        return None, "numpy"
    try:
        return native.load(native.needed_rows(ops)), "native"
    except native.Unavailable as why:
        if asked == "native":
            raise
        return None, f"numpy ({why})"


class Compiled:
    """A recording, the forms of its arguments and of its result, and the engines that run it."""

    matches = None  # a recording of arrays has a fast way to tell arguments of its form

    def __init__(self, function: Callable[..., Any], call: Call, names: list[str], reduce: str | None, backend: str,
                 passes: Sequence[Pass], has_aux: bool = False):
        self.reduce, self.passes, self.title = reduce, passes, getattr(function, "__name__", "the function")
        self.forms: list[Form] = [x.form if isinstance(x, Batched) else x for x in call.forms]
        self.is_batched = [isinstance(x, Batched) for x in call.forms]
        self.names, self.statics, self.has_aux = names, call.statics, has_aux
        # some of the numbers that it was recorded with, to be checked around
        self.example = call.numbers.tolist(), [column.tolist() for block in call.blocks for column in block[:8].T]
        self.recording, self.result = record_function(function, lambda tape: self._arguments(tape, call.statics), result_form)
        self.library, self.backend = library_for(backend, self.recording.ops)
        self.leaves = [*self.recording.leaves]
        ends = np.cumsum([0, *(0 if form is None else size(form) for form in self.forms)]).tolist()
        self.spans = [*pairwise(ends)]  # of each argument among the inputs
        self.engines: dict[Any, Engine] = {}
        self.places: dict[Any, Any] = {}  # of arguments, and what builds their gradients, by argnums

    def _arguments(self, tape: Tape, statics: dict[int, Any]) -> tuple[Any, ...]:
        arguments = []
        for i, form in enumerate(self.forms):
            if form is None:
                arguments.append(statics[i])
            else:
                parts = (tape.argument(name) for name in named_parts(form, self.names[i]))
                arguments.append(put_together(form, parts, object_array))
        return tuple(arguments)

    def batched_inputs(self) -> list[int]:
        """The numbers of the inputs that have a batch axis."""
        return [i for (start, stop), batched in zip(self.spans, self.is_batched) if batched for i in range(start, stop)]

    def lowered(self, each: bool = False, passes: Sequence[Pass] | None = None) -> Lowered:
        """The recording after its passes, or others; with ``each`` as if every argument had a batch axis."""
        lanes = range(len(self.recording.inputs)) if each else self.batched_inputs()
        return lower(self.recording, lanes, self.passes if passes is None else passes)

    def engine(self, argnums: tuple[int, ...], leaves: bool = False, each: bool = False) -> Engine:
        """The engine that runs it forward, and backward to the arguments of ``argnums`` or to the leaves."""
        key = argnums, leaves, each
        if key not in self.engines:
            inputs = [i for n in argnums for i in range(*self.spans[n])]

            def careful() -> Engine:
                return Engine(self.lowered(each, CAREFUL), inputs, self.leaves, leaves, None, None)
            self.engines[key] = Engine(self.lowered(each), inputs, self.leaves, leaves, self.library, careful)
        return self.engines[key]

    # ── what a program asks for ──

    def value(self, call: Call) -> Any:
        """The result."""
        engine = self.engine(())
        outputs, _ = engine.run(call.numbers, call.blocks, call.lanes)
        return self._result(outputs, call.lanes)

    def _result(self, outputs: Any, lanes: int) -> Any:
        if lanes and self.reduce is not None:
            count = 1 if self.has_aux else len(outputs)
            outputs = [self._reduced(x, lanes) for x in outputs[:count]] + [_each(x, lanes) for x in outputs[count:]]
        elif lanes:
            outputs = [_each(x, lanes) for x in outputs]
        else:
            outputs = outputs.tolist() if hasattr(outputs, "tolist") else outputs
        return put_together(self.result, iter(outputs), _stacked)

    def _reduced(self, x: Any, lanes: int) -> float:
        total = float(x.sum()) if hasattr(x, "shape") else x * lanes
        return total / lanes if self.reduce == "mean" else total

    def value_and_grad(self, call: Call, argnums: int | tuple[int, ...]) -> tuple[Any, Any]:
        """The result and its gradient by one argument, or by several in a tuple."""
        if argnums not in self.places:
            self._check_scalar("value_and_grad")
            self.places[argnums] = self._places(argnums)
        places, builders = self.places[argnums]
        each = bool(call.lanes) and self.reduce is None
        numbers, blocks = call.numbers, call.blocks
        if each:  # a gradient for each example, also by what is the same for all
            numbers, blocks = numbers[:0], self._all_blocks(call)
        outputs, gradients = self.engine(places, each=each).run(numbers, blocks, call.lanes, self._seed(call.lanes))
        varying, built = iter(gradients.varying), []
        for n, build in zip(places, builders):
            form = call.forms[n]
            if isinstance(form, Batched):
                built.append(form.gradient(varying))
            else:
                built.append(put_together(form, varying, _stacked) if each else build(gradients.fixed))
        return self._result(outputs, call.lanes), tuple(built) if isinstance(argnums, tuple) else built[0]

    def _seed(self, lanes: int) -> float:
        return 1.0 / lanes if lanes and self.reduce == "mean" else 1.0

    def _all_blocks(self, call: Call) -> list[Any]:
        """All arguments as blocks: what is the same for all examples is repeated without a copy."""
        at, blocks, found = 0, iter(call.blocks), []
        for (start, stop), form in zip(self.spans, call.forms):
            if isinstance(form, Batched):
                found += [next(blocks) for _ in form.blocks]
            elif stop > start:
                found.append(np.broadcast_to(call.numbers[at:at + stop - start], (call.lanes, stop - start)))
                at += stop - start
        return found

    def text(self, title: str) -> str:
        """The instructions, one a line."""
        from .source import listing
        return listing(self.lowered(), title)

    def source(self, title: str, language: str) -> str:
        """Stand-alone source of one example."""
        from .source import Writer
        names = [name for form, name in zip(self.forms, self.names) if form is not None for name in named_parts(form, name)]
        names += [node.name or "a Value" for node in self.leaves]
        return Writer(self.lowered(), names, title, language).source()

    def graph(self, args: tuple[object, ...], static: tuple[int, ...], title: str) -> Any:
        """The result of the recorded operations on Values with the numbers of one example."""
        from .storage import replay
        chunks: list[Any] = []
        forms = [take_apart(x, chunks, "graph") for i, x in enumerate(args) if i not in static]
        if forms != [form for form in self.forms if form is not None]:
            raise ValueError(f"graph of {title}: the arguments are not of the form that it was last recorded for")
        names = (part for form, name in zip(self.forms, self.names) if form is not None for part in named_parts(form, name))
        entries = list(map(Value, joined(chunks).tolist(), names))
        return put_together(self.result, iter(replay(self.recording, entries)), object_array)

    def save(self, path: Any, about: dict[str, Any]) -> None:
        """Write it to a file."""
        from .storage import save
        save(path, self.recording, {**about, "forms": self.forms, "result": self.result, "arguments": self.names})

    def check(self, program: Any, n: int, seed: int) -> Any:
        """A report of values and gradients at random points."""
        from .verify import check_program
        weights = [1.0 + 0.25 * k for k in range(len(self.recording.outputs))]

        def weighted(*args: Any) -> Any:
            return sum(weight * x for weight, x in zip(weights, result_form(program.function(*args))[0]))
        checked = type(program)(weighted, program.in_axes, "sum" if any(self.is_batched) else None, program.backend_asked,
                                program.static, program.passes)
        return check_program(checked.value_and_grad, weighted, self, n, seed)

    def _places(self, argnums: int | tuple[int, ...]) -> tuple[tuple[int, ...], list[Any]]:
        count = len(self.forms)
        places = argnums if isinstance(argnums, tuple) else (argnums,)
        if any(not isinstance(n, int) or not -count <= n < count or self.forms[n] is None for n in places):
            raise TypeError(f"argnums={argnums} of {self.title} with {count} argument(s): give the places of arguments that are "
                            "not static, counted from 0")
        builders, at = [], 0
        for n in places:
            build, end = builder(self.forms[n], at)
            at = at if self.is_batched[n] else end
            builders.append(build)
        return tuple([n % count for n in places]), builders

    def _check_scalar(self, asked: str) -> None:
        if self.has_aux:
            check_pair(self.result, self.title)
        elif len(self.recording.outputs) != 1:
            raise TypeError(f"{asked} needs a function that returns one number; {self.title} returns "
                            f"{len(self.recording.outputs)}. Use jacobian")

    def backward(self, call: Call) -> Any:
        """The result; its gradient is added to that of each leaf."""
        self._check_scalar("backward")
        if call.lanes and self.reduce is None:
            raise TypeError(f"backward of {self.title}, which has one result for each example: compile it with reduce='mean' "
                            "or 'sum'")
        engine = self.engine((), leaves=True)
        nodes = engine.nodes
        if not nodes:
            raise GradientError(f"backward of {self.title}: it reaches no Value by its closure that takes a gradient. Ask for the "
                                "gradient by its arguments: program.value_and_grad(…)")
        outputs, gradients = engine.run(call.numbers, call.blocks, call.lanes, self._seed(call.lanes))
        assign(nodes, "grad", [g if node.grad is None else node.grad + g for node, g in zip(nodes, gradients.fixed.tolist())])
        return self._result(outputs, call.lanes)


def check_pair(result: Form, title: str) -> None:
    """Refuse a result that is no pair of a number and anything."""
    if result == NUMBER or not issubclass(result[0], tuple) or len(result[-1]) != 2 or result[-1][0] != NUMBER:
        raise TypeError(f"{title} with has_aux=True must return a pair of a number and anything else")


def _each(x: Any, lanes: int) -> Any:
    """One entry for each example."""
    return x if hasattr(x, "shape") else np.full(lanes, x)


def _stacked(parts: list[Any], shape: tuple[int, ...]) -> Any:
    """Numbers as an array; arrays of one entry an example as one whose first axis is the examples'."""
    if parts and hasattr(parts[0], "shape"):
        return np.stack(parts, 1).reshape(len(parts[0]), *shape)
    return float_array(parts, shape)


class Engine:
    """Runs one lowered program: by the native interpreter where it is there, else by NumPy or Python.

    Where a gradient is not finite it is computed again with masks, of the operations as they were recorded: ``careful`` gives
    these. Merged, 1 · inf would hide a 0 · inf, which is nan.
    """

    def __init__(self, lowered: Lowered, wanted: Sequence[int], leaves: list[Any], by_leaves: bool, library: native.Library | None,
                 careful: Callable[[], Engine] | None):
        self.leaves = [x for x in leaves if x in lowered.leaves]
        reached = mark_reached(lowered) if by_leaves else b""
        self.nodes = [x for x in self.leaves if by_leaves and x.op is not cut and reached[lowered.leaves[x]]]  # to be filled
        targets = [lowered.leaves[x] for x in self.nodes] if by_leaves else [lowered.inputs[i] for i in wanted]
        needed = mark_needed(lowered, targets)
        columns = [i for i in lowered.inputs if lowered.lanes[i]]
        numbers = [i for i in lowered.inputs if not lowered.lanes[i]] + [lowered.leaves[x] for x in self.leaves]
        self.fast: Any
        if library is None:
            self.fast = (VectorLanes if columns else PlainNumbers)(lowered, numbers, columns, targets, needed)
        else:
            self.fast = (NativeLanes if columns else NativeNumbers)(lowered, numbers, columns, targets, needed, library)
        self.careful = careful
        self.exact: Engine | None = None

    def run(self, numbers: Array, blocks: list[Array], lanes: int, seed: float | None = None) -> tuple[Any, Gradients]:
        """The outputs, and with a seed the gradients of what is wanted."""
        if self.leaves:
            values = np.concatenate([numbers, [*map(_data, self.leaves)]])
        else:
            values = numbers
        if self.careful is None:
            return self.fast.run(values, blocks, lanes, seed, exact=True)
        outputs, gradients = self.fast.run(values, blocks, lanes, seed)
        if seed is not None and not gradients.is_finite():
            self.exact = self.exact or self.careful()
            _, gradients = self.exact.run(numbers, blocks, lanes, seed)
        return outputs, gradients
