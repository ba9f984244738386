"""A program of arrays in a file: steps by name, shapes and types, constants to the last bit, and Tensors by value with their names.

Whoever reads a file trusts nothing in it. Only operations of the tables and functions of a list are known; before a step runs, it
is computed how many entries it may give; then all steps run once on zeros, and must give the shapes and types that the file says.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Callable
from math import isfinite, prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays.operation import array_operations
from ..elementwise import array_function, silent_context
from ..functional import flatten
from ..operation import Operation, rows
from ..tensor import Tensor
from .calls import FUNCTIONS, METHODS, call_of, replay
from .forms import object_array, put_together
from .lines import filled
from .record import Changed
from .storage import DEEPEST, Reader, write_program, written_form
from .tensors import ArrayTape, Slot, TapeStep, method_of

if TYPE_CHECKING:
    from .array_program import ArrayCompiled

MANY = 1 << 27  # entries of all arrays of a program together
TYPES = {"bool", *[f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)], "float32", "float64"}
SHRINKING = {  # never more entries than their operands have
    "sum", "max", "min", "prod", "reshape", "transpose", "flip", "roll", "cumsum", "astype", "concatenate", "stack", "softmax",
    "log_softmax", "logsumexp", "cross_entropy", "normalise", "batch_norm", "max_pool2d", "window_sum", "inv", "det", "logabsdet",
    "cholesky", "[ ]", "same", "is_finite"}


def _pairs(x: Any, y: Any) -> int:
    """The most entries of a product of matrices."""
    return prod(np.broadcast_shapes(x[:-2], y[:-2])) * prod(x[-2:-1]) * (y[-1] if len(y) > 1 else 1)


def _einsum(*shapes: Any, spec: str) -> int:
    lengths: dict[str, int] = {}
    terms = spec.partition("->")[0].split(",")
    for letters, shape in zip(terms, shapes, strict=True):
        lengths.update({c: max(n, lengths.get(c, 1)) for c, n in zip(letters, shape, strict=True)})
    all_of_them = prod(lengths.values())
    return prod(lengths[c] for c in spec.partition("->")[2]) if len(shapes) < 3 and all_of_them < MANY * 64 else all_of_them


def _getitem(shape: Any, index: Any) -> int:
    parts = index if type(index) is tuple else (index,)
    arrays = [np.shape(part) for part in parts if isinstance(part, (np.ndarray, list))]
    leads = all(isinstance(part, (np.ndarray, list)) for part in parts)
    return prod(np.broadcast_shapes(*arrays)) * prod(shape[len(arrays):] if leads else shape)


GROWING: dict[str, Callable[..., int]] = {  # the most entries of the result, from the shapes of the operands and the options
    "broadcast_to": lambda x, shape: prod(shape), "scatter": lambda x, shape, index: prod(shape), "matmul": _pairs,
    "einsum": _einsum, "getitem": _getitem, "[ ]": _getitem, "window_spread": lambda x, shape, **o: prod(shape),
    "linear": lambda x, w, *b: prod(x[:-1] or (1,)) * w[0], "solve": lambda x, y: prod(x) * prod(y[-1:]),
    "pad": lambda x, width: prod(n + abs(a) + abs(b) for n, (a, b) in zip(x, width, strict=True)),
    "where": lambda *xs, condition: prod(np.broadcast_shapes(np.shape(condition), *xs)),
    "conv2d": lambda x, w, *b, sides, **o: x[0] * w[0] * prod(n + sum(map(abs, s)) for n, s in zip(x[2:], sides, strict=True)),
}


# ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────

def save_arrays(path: str | Path, compiled: ArrayCompiled, about: dict[str, Any]) -> None:
    """Write a recording of arrays; TypeError for one that draws, moves state, or has an operation that no file keeps."""
    tape, title = compiled.tape, about["title"]
    if tape.draws or any(step.kind == "effect" for step in tape.steps):
        raise TypeError(f"save of {title}: it draws at random or moves running statistics. Save it as it predicts: model.eval()")
    constants, steps = {**tape.constants}, []
    for step in tape.steps:
        if step.kind == "plain" and not step.args:  # running statistics, as they are now
            constants[step.out] = np.asarray(step.what())
        else:
            steps.append(_written_step(step, title))
    leaves = zip(compiled.leaves, tape.leaves_read)
    told = {"kind": "arrays", **about, "forms": [*map(written_form, about["forms"])], "result": written_form(about["result"]),
            "slots": [_written_slot(x) for x in tape.examples], "inputs": tape.inputs, "outputs": compiled.outputs,
            "constants": [[i, written(x)] for i, x in constants.items()], "steps": steps,
            "leaves": [[i, x.name, x.requires_grad, written(x.array)] for x, i in leaves],
            "names": [[i, tape.names[i]] for i in tape.inputs], "cut": _cut(tape)}
    write_program(path, told)


def _cut(tape: ArrayTape) -> list[int]:
    """The results of operations within ``no_grad``, through which no gradient flows though an operand takes one."""
    return [step.out for step in tape.steps if step.kind == "node" and not tape.takes[step.out] and
            any(tape.takes[x.number] for x in step.args)]


def _written_slot(x: Any) -> Any:
    return "number" if type(x) is float else [list(np.shape(x)), np.asarray(x).dtype.name]


def _written_step(step: TapeStep, title: str) -> list[Any]:
    if step.kind == "guard":
        return ["guard", [written(step.args[0])], {"is": step.what}, -1]
    call = call_of(step)
    if not isinstance(step.what, Operation) and call.name not in FUNCTIONS.keys() | METHODS | SHRINKING | GROWING.keys():
        raise TypeError(f"save of {title}: the operation {call.name!r} is not kept in files")
    options = {key: written(x) for key, x in step.options.items() if key != "cache"}
    return [call.name, [*map(written, call.args)], {**options, **({"cache": True} if "cache" in step.options else {})}, step.out]


def written(x: object) -> Any:
    """An argument, option or constant as JSON, exactly."""
    if isinstance(x, Slot):
        return {"slot": x.number}
    if type(x) is float:
        return {"number": x.hex()}
    if isinstance(x, (np.ndarray, np.generic)):
        x = np.asarray(x)
        little = np.ascontiguousarray(x).astype(x.dtype.newbyteorder("<"), copy=False)
        return {"array": [x.dtype.name, list(x.shape), b64encode(little.tobytes()).decode()]}
    if isinstance(x, slice):
        return {"slice": [written(part) for part in (x.start, x.stop, x.step)]}
    if isinstance(x, (tuple, list)):
        return {"tuple": [*map(written, x)]} if isinstance(x, tuple) else [*map(written, x)]
    if isinstance(x, (np.dtype, type)):
        return {"dtype": np.dtype(x).name}
    if x is None or isinstance(x, (bool, int, str)):
        return x
    if x is ...:
        return {"dots": 3}
    raise TypeError(f"save: a file keeps no {type(x).__name__}, as in {x!r:.60}")


# ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────

class StoredArrays:
    """A program of arrays from a file: a function of its arguments on operands of any kind, as ``compile`` takes one."""

    def __init__(self, tape: ArrayTape, outputs: list[int], about: dict[str, Any], parameters: list[Tensor]):
        self.tape, self.outputs, self.about, self.parameters = tape, outputs, about, parameters
        self.argument_names: list[str] = about["arguments"]
        self.__name__ = about["title"]

    def __call__(self, *args: object) -> Any:
        entries, _ = flatten(args)
        wanted = [self.tape.examples[i] for i in self.tape.inputs]
        kinds = [(np.shape(x), np.asarray(x).dtype.kind) for x in wanted]
        given = [(tuple(getattr(x, "shape", ())), getattr(getattr(x, "dtype", None), "kind", "f")) for x in entries]
        if given != kinds or len(args) != len(self.about["forms"]):
            raise ValueError(f"{self.__name__}: the file was saved for arguments of shapes {[shape for shape, _ in kinds]}, and "
                             f"{[shape for shape, _ in given]} were given, or of other types")
        try:
            results = replay(self.tape, self.outputs, [*entries, *self.parameters])
        except Changed:
            raise ValueError(f"{self.__name__}: the file was saved for arguments of which a condition is another one, such as that "
                             "all labels are in range") from None
        return put_together(self.about["result"], iter(results), object_array)


class ArrayReader:
    """The entries of a file about arrays, each checked."""

    def __init__(self, reader: Reader):
        self.reader, self.check = reader, reader.check
        self.tape = ArrayTape()
        self.shapes = [self._slot(x) for x in reader.entries("slots")]
        self.check(sum(prod(shape) for shape, _ in self.shapes) <= MANY, "shapes")
        self.count = len(self.shapes)

    def _slot(self, told: Any) -> tuple[tuple[int, ...], str]:
        if told == "number":
            return (), "number"
        self.check(isinstance(told, list) and len(told) == 2, "shapes")
        return self._shape(told[0]), self._type(told[1])

    def _shape(self, told: Any) -> tuple[int, ...]:
        self.check(isinstance(told, list) and len(told) <= 32 and all(type(n) is int and 0 <= n <= MANY for n in told), "shapes")
        self.check(prod(told) <= MANY, "shapes")
        return tuple(told)

    def _type(self, told: Any) -> str:
        self.check(isinstance(told, str) and told in TYPES, "types")
        return str(told)

    def array(self, told: Any) -> Any:
        """An array or a number, exactly."""
        self.check(isinstance(told, list) and len(told) == 3 and isinstance(told[2], str), "arrays")
        dtype, shape = np.dtype(self._type(told[0])), self._shape(told[1])
        try:
            data = b64decode(told[2], validate=True)
        except (Base64Error, ValueError):
            data = b""
        self.check(len(data) == prod(shape) * dtype.itemsize, "arrays")
        made = np.frombuffer(data, dtype.newbyteorder("<")).reshape(shape).astype(dtype)
        self.check(dtype.kind != "b" or {*data} <= {0, 1}, "arrays")
        return made

    def value(self, told: Any, before: set[int], finite: bool = False, depth: int = 0) -> Any:
        """An argument or option; slots are those that are known already."""
        self.check(depth < DEEPEST, "depth")
        if told is None or isinstance(told, bool) or type(told) is int and abs(told) <= MANY:
            return told
        if isinstance(told, list):
            return [self.value(x, before, finite, depth + 1) for x in told]
        pairs = [*told.items()] if isinstance(told, dict) else []
        self.check(len(pairs) == 1, "arguments")
        kind, inside = pairs[0]
        if kind == "slot":
            self.check(type(inside) is int and inside in before, "references")
            return Slot(inside)
        if kind == "number":
            number = self.reader.number(inside)
            self.check(isfinite(number) or not finite, "numbers")
            return number
        if kind in ("array", "dtype"):
            return self.array(inside) if kind == "array" else np.dtype(self._type(inside))
        self.check(kind in ("tuple", "slice", "dots") and (kind == "dots" or isinstance(inside, list)), "arguments")
        if kind == "dots":
            return ...
        parts = tuple([self.value(x, before, finite, depth + 1) for x in inside])
        self.check(kind == "tuple" or len(parts) == 3 and all(x is None or type(x) is int for x in parts), "arguments")
        return parts if kind == "tuple" else slice(*parts)

    def sources(self) -> tuple[set[int], list[Tensor]]:
        """Read inputs, constants and leaves into the recording; return their slots, and the Tensors."""
        tape, read, parameters = self.tape, self.reader, []
        tape.takes, self.cut = [False] * self.count, {*map(str, read.entries("cut"))}
        tape.examples = [np.zeros(shape, kind) if kind != "number" else 0.0 for shape, kind in self.shapes]
        tape.inputs = read.entries("inputs")
        read.places(tape.inputs, self.count, "inputs")
        for i in tape.inputs:
            tape.takes[i] = self.shapes[i][1] in ("number", "float32", "float64")
        for i, told in read.pairs("constants"):
            read.places([i], self.count, "constants")
            tape.constants[i] = tape.examples[i] = self.value(told, set())
            self.check(self._is(i, tape.constants[i]), "constants")
        for i, name, takes, told in read.pairs("leaves", 4):
            read.places([i], self.count, "leaves")
            self.check((name is None or isinstance(name, str)) and isinstance(takes, bool), "leaves")
            array = self.value(told, set())
            self.check(isinstance(array, np.ndarray) and self._is(i, array) and (array.dtype.kind == "f" or not takes), "leaves")
            parameters.append(Tensor(array, name, requires_grad=takes))
            tape.leaves_read.append(i)
            tape.takes[i], tape.examples[i] = takes, array
        sources = [*tape.inputs, *tape.constants, *tape.leaves_read]
        self.check(len({*sources}) == len(sources), "inputs")
        return {*sources}, parameters

    def _is(self, slot: int, x: Any) -> bool:
        """True for a value of the shape and type that the file says of a slot."""
        shape, kind = self.shapes[slot]
        return type(x) is float if kind == "number" else np.shape(x) == shape and getattr(x, "dtype", None) == kind

    def steps(self, known: set[int]) -> None:
        """Read the steps, and run each on zeros."""
        for name, args, options, out in self.reader.pairs("steps", 4):
            self.check(isinstance(name, str) and isinstance(args, list) and isinstance(options, dict) and type(out) is int, "steps")
            read = tuple([self.value(x, known) for x in args])
            if name == "guard":
                self.check(out == -1 and len(read) == 1 and isinstance(read[0], Slot) and type(options.get("is")) is bool, "guards")
                self.tape.steps.append(TapeStep("guard", options["is"], read, {}, -1))
                continue
            has_cache = options.pop("cache", None) is True
            spec = options.pop("spec", None)
            self.check(spec is None or isinstance(spec, str) and len(spec) < 1000, "options")
            given = {key: self.value(x, known, finite=True) for key, x in options.items()}
            given.update({} if spec is None else {"spec": spec})
            self.check(0 <= out < self.count and out not in known, "references")
            step = self._step(name, read, given, out)
            if has_cache:
                step.options["cache"] = {}
                self.tape.caches.append(step.options["cache"])
            self._run(name, step)
            self.tape.steps.append(step)
            known.add(out)

    def _step(self, name: str, args: tuple[Any, ...], options: dict[str, Any], out: int) -> TapeStep:
        self.check(args, "operands")
        if name in FUNCTIONS or name in METHODS:
            self._check_function(name, args, options)
            known = FUNCTIONS.get(name, method_of)
            return TapeStep("plain", known, args if name in FUNCTIONS else (name[1:], *args), options, out)
        what: Any = rows.get(name) or array_operations.get(name)
        if what is None or isinstance(what, Operation) and not what.arity:
            raise LookupError(f"{self.reader.path}: no operation {name!r:.60}; import the module that defines it, such as "
                              "nn.functional")
        self.check(all(isinstance(x, Slot) for x in args), "operands")
        if isinstance(what, Operation):
            self.check(len(args) == what.arity and not options, "operands")
        else:
            self.check(name in SHRINKING | GROWING.keys(), "operations")
        self.tape.takes[out] = f"{out}" not in self.cut and any(self.tape.takes[x.number] for x in args)
        return TapeStep("node", what, args, options, out)

    def _check_function(self, name: str, args: tuple[Any, ...], options: dict[str, Any]) -> None:
        """No argument of a function of arrays may be one that it writes into."""
        what = getattr(FUNCTIONS.get(name), "__self__", None)
        most = {"np.where": 3, "[ ]": 2, ".reshape": 33, ".transpose": 33}.get(name, 2)
        if isinstance(what, np.ufunc) and not name.endswith(".reduce"):
            most = what.nin
        self.check(len(args) <= most and options.keys() <= {"axis", "keepdims", "dtype"}, "operands")

    def _run(self, name: str, step: TapeStep) -> None:
        """Run a step on zeros: the result must be of the shape and type that the file says."""
        examples = dict(enumerate(self.tape.examples))
        args, options = [filled(x, examples) for x in step.args], filled(step.options, examples)
        function: Any = array_function(step.what) if isinstance(step.what, Operation) else getattr(step.what, "forward", step.what)
        try:
            self.check(self._most(name, args, options) <= MANY, "shapes")
            made = silent_context.copy().run(function, *args, **options)
        except np.linalg.LinAlgError:  # of a matrix of zeros
            return
        except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, MemoryError) as error:
            raise self.reader.wrong(f"its step {name!r:.40} does not fit ({error!s:.100})") from None
        shape, kind = self.shapes[step.out]
        self.check(np.shape(made) == shape and (kind == "number" or np.asarray(made).dtype == kind), "shapes")

    def _most(self, name: str, args: list[Any], options: dict[str, Any]) -> int:
        """The most entries that a step may give."""
        shapes = [x.shape for x in args if isinstance(x, np.ndarray)]
        if name in GROWING:
            told = {key: x for key, x in options.items() if key != "cache"}
            return GROWING[name](args[0].shape, args[1]) if name == "[ ]" else GROWING[name](*map(np.shape, args), **told)
        return sum(map(prod, shapes)) if name in SHRINKING | METHODS else prod(np.broadcast_shapes(*shapes))


def load_arrays(reader: Reader) -> StoredArrays:
    """Read a program of arrays; ValueError, in words, for a file that is none, LookupError for an unknown operation."""
    here = ArrayReader(reader)
    known, parameters = here.sources()
    here.steps(known)
    outputs = reader.entries("outputs")
    reader.check(all(type(i) is int and i in known for i in outputs), "outputs")
    for i, name in reader.pairs("names"):
        reader.check(type(i) is int and i in known and isinstance(name, str), "names")
        here.tape.names[i] = name
    about = reader.about(len(here.tape.inputs), len(outputs))
    return StoredArrays(here.tape, outputs, about, parameters)
