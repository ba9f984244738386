"""One recording of a program of arrays, for one form of its arguments; and the function itself where it cannot be recorded."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from ..errors import GradientError
from ..functional import map_tree, plain, value_and_grad
from ..graph import assign
from ..operation import Operation, number
from ..tensor import Tensor
from .compiled import check_pair, library_for
from .forms import NUMBER, Form, named_parts, object_array, put_together, result_form
from .plan import Plan
from .record import Changed
from .tensors import ArrayTape, Unrecordable, record_arrays


class ArrayCall(NamedTuple):
    """The arguments of one call: their forms with shapes and dtypes, and their arrays and numbers in a row."""

    key: Any
    forms: list[Form]  # None for a static argument
    statics: dict[int, Any]
    entries: list[Any]
    args: tuple[Any, ...]


def arrange_arrays(args: tuple[Any, ...], static: tuple[int, ...], title: str) -> ArrayCall:
    """Take arguments apart; an array is one entry, and so is a number."""
    forms: list[Any] = []
    key: list[Any] = []
    statics: dict[int, Any] = {}
    entries: list[Any] = []
    for i, x in enumerate(args):
        if i in static:
            statics[i] = x
            forms.append(None)
            key.append((type(x), x))
            continue
        start = len(entries)
        forms.append(_form(x, entries, f"{title}: argument {i}"))
        key.append((forms[-1], tuple([(e.shape, e.dtype.char) if type(e) is np.ndarray else None for e in entries[start:]])))
    return ArrayCall(("arrays", *key), forms, statics, entries, args)


def _form(x: Any, entries: list[Any], what: str) -> Form:
    if isinstance(x, (list, tuple)):
        return type(x), tuple([_form(child, entries, what) for child in x])
    if isinstance(x, dict):
        return dict, tuple(x), tuple([_form(child, entries, what) for child in x.values()])
    x = x.array if type(x) is Tensor else x
    if isinstance(x, np.ndarray):
        if x.dtype.kind not in "fiub":
            raise TypeError(f"{what}: an array of {x.dtype}; compile takes real numbers and masks. Convert it, or name it in "
                            "static_argnums")
        entries.append(x.astype(np.float32) if x.dtype.char == "e" else x)
    else:
        entries.append(number(x, what))
    return NUMBER


def matcher(call: ArrayCall) -> Callable[[tuple[Any, ...]], ArrayCall | None]:
    """A function that takes arguments of this form apart as ``arrange_arrays`` does, and gives None for those of another."""
    space: dict[str, Any] = {"array": np.ndarray, "given": ArrayCall, "key": call.key, "forms": call.forms, "statics": call.statics}
    lines, entries = ["def match(args):", f"    if len(args) != {len(call.forms)}: return None"], iter(call.entries)
    taken: list[str] = []

    def take(form: Form, name: str) -> None:
        if form == NUMBER:
            entry = next(entries)
            kind = f"type({name}) is not float"
            if type(entry) is np.ndarray:
                space[f"t{name}"] = entry.dtype
                kind = f"type({name}) is not array or {name}.shape != {entry.shape!r} or {name}.dtype is not t{name}"
            lines.append(f"    if {kind}: return None")
            taken.append(name)
            return
        kind, *inside = form
        space[f"k{name}"] = kind
        count = len(inside[-1])
        names = [f"{name}_{i}" for i in range(count)]
        lines.append(f"    if type({name}) is not k{name} or len({name}) != {count}: return None")
        if kind is dict:
            space[f"n{name}"] = inside[0]
            lines.append(f"    if (*{name},) != n{name}: return None")
        if count:
            lines.append(f"    {', '.join(names)}, = {name}{'.values()' if kind is dict else ''}")
        for one, child in zip(names, inside[-1]):
            take(child, one)

    for i, form in enumerate(call.forms):
        lines.append(f"    a{i} = args[{i}]")
        if form is None:
            space[f"s{i}"] = call.statics[i]
            lines.append(f"    if type(a{i}) is not type(s{i}) or a{i} != s{i}: return None")
        else:
            take(form, f"a{i}")
    lines.append(f"    return given(key, forms, statics, [{', '.join(taken)}], args)")
    exec("\n".join(lines), space)
    found: Callable[[tuple[Any, ...]], ArrayCall | None] = space["match"]
    return found


class ArrayCompiled:
    """A recording of arrays, and its plans: one for each set of arguments that a gradient is taken by."""

    def __init__(self, function: Callable[..., Any], call: ArrayCall, names: list[str], has_aux: bool = False,
                 backend: str = "auto"):
        self.has_aux, self.names = has_aux, names
        self.forms, self.title = call.forms, getattr(function, "__name__", "the function")
        counts = [0 if form is None else len(_flat(form)) for form in call.forms]
        ends = np.cumsum([0, *counts]).tolist()
        self.spans = [*pairwise(ends)]

        def arguments(tape: ArrayTape) -> tuple[Any, ...]:
            entries = iter(call.entries)
            made = []
            for i, form in enumerate(call.forms):
                parts = (tape.input(next(entries), name) for name in (() if form is None else named_parts(form, names[i])))
                made.append(call.statics[i] if form is None else put_together(form, parts, _unused))
            return tuple(made)
        self.tape, self.outputs, self.result = record_arrays(function, arguments, result_form)
        leaves = {x: slot for x, slot in self.tape.leaves.items() if not x.inputs}
        self.leaves, self.tape.leaves_read = [*leaves], [*leaves.values()]
        rows = [step.what for step in self.tape.steps if isinstance(step.what, Operation)]
        self.library, self.backend = library_for(backend, rows)
        self.key, self.statics = call.key, call.statics
        self.matches = matcher(call)
        self.plans: dict[Any, Plan] = {}
        self.prepared: dict[Any, Any] = {}

    def _plan(self, key: Any, wanted: list[int], derive: bool = True) -> Plan:
        if key not in self.plans:
            self.plans[key] = Plan(self.tape, self.outputs, self.result, wanted, derive, self.library)
        return self.plans[key]

    def _sources(self, call: ArrayCall) -> list[Any]:
        return [*call.entries, *[x.array for x in self.leaves]] if self.leaves else call.entries

    def value(self, call: ArrayCall) -> Any:
        """The result."""
        result, _ = self._plan("value", [], False).run(self._sources(call))
        return result

    def value_and_grad(self, call: ArrayCall, argnums: int | tuple[int, ...]) -> tuple[Any, Any]:
        """The result and its gradient by one argument, or by several in a tuple."""
        if argnums not in self.prepared:
            self.prepared[argnums] = self._prepare(argnums)
        plan, builders = self.prepared[argnums]
        result, gradients = plan.run(self._sources(call))
        built = [build(gradients) for build in builders]
        return result, tuple(built) if isinstance(argnums, tuple) else built[0]

    def _prepare(self, argnums: int | tuple[int, ...]) -> tuple[Plan, list[Callable[[list[Any]], Any]]]:
        """The plan for these arguments, and the functions that build their gradients."""
        self._check_scalar("value_and_grad")
        count = len(self.forms)
        places = argnums if isinstance(argnums, tuple) else (argnums,)
        if any(not isinstance(n, int) or not -count <= n < count or self.forms[n] is None for n in places):
            raise TypeError(f"argnums={argnums} of {self.title} with {count} argument(s): give the places of arguments that are "
                            "not static, counted from 0")
        wanted = [self.tape.inputs[i] for n in places for i in range(*self.spans[n])]
        if not all(self.tape.takes[i] for i in wanted):
            raise TypeError(f"argnums={argnums} of {self.title}: an array of integers or a mask takes no gradient; make it float")
        at, builders = 0, []
        for n in places:
            start, stop = self.spans[n]
            numbers = [isinstance(self.tape.examples[i], float) for i in self.tape.inputs[start:stop]]
            builders.append(_builder(self.forms[n], at, numbers))
            at += stop - start
        return self._plan(argnums, wanted), builders

    def _check_scalar(self, asked: str) -> None:
        if self.has_aux:
            check_pair(self.result, self.title)
        if len(self.outputs) != 1 and not self.has_aux or np.size(self.tape.examples[self.outputs[0]]) != 1:
            raise TypeError(f"{asked} needs a function that returns one number; {self.title} returns "
                            f"{[np.shape(self.tape.examples[i]) for i in self.outputs]}. Use jacobian")

    def backward(self, call: ArrayCall) -> Any:
        """The result; its gradient is added to that of each Tensor reached by closure."""
        self._check_scalar("backward")
        plan = self._plan("leaves", [slot for slot in self.tape.leaves_read if self.tape.takes[slot]])
        nodes = [(x, slot) for x, slot in zip(self.leaves, self.tape.leaves_read) if self.tape.takes[slot]]
        reached = [slot in plan.reached for _, slot in nodes]
        if not any(reached):
            raise GradientError(f"backward of {self.title}: it reaches no Tensor by its closure that takes a gradient. Ask for the "
                                "gradient by its arguments: program.value_and_grad(…)")
        result, gradients = plan.run(self._sources(call))
        found = [(x, g) for (x, _), g, there in zip(nodes, gradients, reached) if there]
        assign([x for x, _ in found], "grad", [g if x.grad is None else np.asarray(x.grad + g) for x, g in found])
        return result

    def value_and_gradients(self, args: tuple[Any, ...], leaves: list[Tensor]) -> tuple[float, list[Any]]:
        """The result, one number, and its gradients by all arguments that take one and by these Tensors; 0 for one it lacks."""
        call = arrange_arrays(args, tuple(self.statics), self.title)
        own = dict(zip(self.leaves, self.tape.leaves_read))
        wanted = [i for i in self.tape.inputs if self.tape.takes[i]] + [own[x] for x in leaves if x in own]
        result, found = self._plan(("all", *wanted), wanted).run(self._sources(call))
        gradients = iter(found)
        here = [next(gradients) for i in self.tape.inputs if self.tape.takes[i]]
        return result, here + [next(gradients) if x in own else np.zeros_like(x.array) for x in leaves]

    # ── what there is to see ──

    def text(self, title: str) -> str:
        """The steps, one a line."""
        from .array_text import listing
        return listing(self.tape, self.outputs, title)

    def source(self, title: str, language: str) -> str:
        """Stand-alone source, forward and backward."""
        if language == "Python":
            from .array_source import NumPyWriter
            return NumPyWriter(self.tape, self.outputs, title).source()
        from .loops import LoopWriter
        return LoopWriter(self.tape, self.outputs, title, language).source()

    def graph(self, args: tuple[object, ...], static: tuple[int, ...], title: str) -> Any:
        """The result of the recorded steps on Tensors, those reached by closure among them; no state is moved."""
        from .calls import replay
        call = arrange_arrays(args, static, title)
        if call.key != self.key:
            raise ValueError(f"graph of {title}: the arguments are not of the form, shapes and types that it was last recorded for")
        entries = [Tensor(x, self.tape.names[i]) if self.tape.takes[i] else x for i, x in zip(self.tape.inputs, call.entries)]
        try:
            results = replay(self.tape, self.outputs, [*entries, *self.leaves])
        except Changed:
            raise ValueError(f"graph of {title}: a condition has another answer than when it was recorded; call it first") from None
        return put_together(self.result, iter(results), object_array)

    def save(self, path: Any, about: dict[str, Any]) -> None:
        """Write it to a file."""
        from .array_storage import save_arrays
        save_arrays(path, self, {**about, "forms": self.forms, "result": self.result, "arguments": self.names})

    def check(self, program: Any, n: int, seed: int) -> Any:
        """A report of values and gradients at random points."""
        from .verify import check_array_program
        return check_array_program(program, self, n, seed)


class Eager:
    """The function itself, where it cannot be recorded; ``backend`` says why."""

    matches = None

    def __init__(self, function: Callable[..., Any], why: str, has_aux: bool = False):
        self.function, self.backend, self.has_aux = function, f"eager ({why})", has_aux

    def value(self, call: ArrayCall) -> Any:
        """The result."""
        return self._plain(self.function(*call.args))

    def _plain(self, result: Any) -> Any:
        return map_tree(plain, result)

    def value_and_grad(self, call: ArrayCall, argnums: int | tuple[int, ...]) -> tuple[Any, Any]:
        """The result and its gradient."""
        return value_and_grad(self.function, argnums, self.has_aux)(*call.args)

    def backward(self, call: ArrayCall) -> Any:
        """The result, whose gradient is added to that of what it reaches."""
        result = self.function(*call.args)
        (result[0] if self.has_aux else result).backward()
        return self._plain(result)


def array_compiled(function: Callable[..., Any], call: ArrayCall, names: list[str], has_aux: bool, backend: str) -> Any:
    """The recording of a function of arrays, or the function itself where the library cannot record it."""
    try:
        return ArrayCompiled(function, call, names, has_aux, backend)
    except Unrecordable as why:
        return Eager(function, str(why), has_aux)


def _builder(form: Form, at: int, numbers: list[bool]) -> Callable[[list[Any]], Any]:
    """A function that builds a gradient of this form from those of all entries, from ``at`` on; floats where numbers were given."""
    if form == NUMBER:
        return (lambda found: float(found[at])) if numbers[0] else lambda found: found[at]
    stop = at + len(numbers)
    if form[0] is list and set(form[1]) == {NUMBER} and not any(numbers):
        return lambda found: found[at:stop]

    def build(found: list[Any]) -> Any:
        parts = iter([float(g) if number else g for g, number in zip(found[at:stop], numbers)])
        return put_together(form, parts, _unused)
    return build


def _flat(form: Form) -> list[Form]:
    if form == NUMBER:
        return [form]
    return [x for child in form[-1] for x in _flat(child)]


def _unused(parts: list[Any], shape: tuple[int, ...]) -> Any:
    return np.asarray(parts).reshape(shape)


