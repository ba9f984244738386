"""``compile``: a function of numbers is recorded once, and runs from then on without Python in its loops."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import update_wrapper
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import GradientError, GraphWarning, warn_user
from ..functional import hessian, jacobian, jvp
from ..operation import holds_node
from .compiled import Call, Compiled, library_for
from .forms import Batched, has_arrays, joined, take_apart
from .passes import PASSES, Pass
from .record import ArraysMet, Changed

if TYPE_CHECKING:
    from .array_program import ArrayCall
    from ..proof.report import GradientReport
    from ..typing import Tree

RECORDINGS = 16  # of one program that are kept, the latest ones
REDUCTIONS = (None, "mean", "sum")


def compile(f: Callable[..., Any] | None = None, in_axes: Any = None, reduce: str | None = None, backend: str = "auto",
            static_argnums: int | Sequence[int] = (), has_aux: bool = False) -> Any:
    """Record a function of numbers once, and run it from then on at machine speed; also as a decorator.

    ``f`` takes and returns numbers in nested lists, tuples, dicts and arrays, and may reach Values by its closure, whose numbers
    are read anew at each call. ``in_axes=(None, 0, 0)`` says of each argument along which axis its examples lie (None: it is the
    same for all): ``f`` is written for one example, and computed for all of them. ``reduce="mean"`` or ``"sum"`` makes one number
    of the results, whose gradient is then taken. ``backend`` is "native", "numpy", or "auto", the first that is there.
    Arguments of ``static_argnums`` are constants, for each of which the function is recorded anew.

    With ``has_aux`` it returns a pair of the number that is reduced and differentiated, and anything else, one for each example.

    The result is a ``Program``. A truth value, ``float()``, ``.item()`` or ``.data`` of a recorded number raises GraphError.

    >>> program = compile(lambda w, x: tanh(w * x), in_axes=(None, 0), reduce="sum")
    >>> program.value_and_grad(0.0, [1.0, 2.0, 3.0])
    (0.0, 6.0)
    """
    if f is None:
        return lambda function: Program(function, in_axes, reduce, backend, static_argnums, has_aux=has_aux)
    return Program(f, in_axes, reduce, backend, static_argnums, has_aux=has_aux)


class Program:
    """A function as a program: call it, or ask for its derivatives; each has the arguments of the function.

    ``backend`` says what runs it, ``recordings`` how often it was recorded: once for each form of its arguments.
    """

    def __init__(self, f: Callable[..., Any], in_axes: Any = None, reduce: str | None = None, backend: str = "auto",
                 static_argnums: int | Sequence[int] = (), passes: Sequence[Pass] | None = None, has_aux: bool = False):
        if not callable(f):
            raise TypeError(f"compile({f!r:.60}): give a function, or write @compile above one")
        if reduce not in REDUCTIONS or backend not in ("auto", "native", "numpy"):
            raise ValueError(f"compile: reduce={reduce!r}, backend={backend!r}; reduce is 'mean', 'sum' or None, and backend "
                             "'auto', 'native' or 'numpy'")
        axes = in_axes if isinstance(in_axes, (tuple, list)) else (in_axes,)
        if not all(axis is None or isinstance(axis, int) and not isinstance(axis, bool) for axis in axes):
            raise TypeError(f"compile: in_axes={in_axes!r}; give None or an axis for each argument, as in (None, 0, 0)")
        if reduce is not None and all(axis is None for axis in axes):
            raise ValueError(f"compile: reduce={reduce!r} needs in_axes, which say which arguments have a batch axis")
        self.function, self.in_axes, self.reduce, self.backend_asked = f, in_axes, reduce, backend
        self.axes = tuple(axes) if isinstance(in_axes, (tuple, list)) else None
        self._titles: list[str] = []  # of the arguments, in messages
        self.static = (static_argnums,) if isinstance(static_argnums, int) else tuple(static_argnums)
        self.passes, self.has_aux = PASSES if passes is None else passes, has_aux
        self._compiled: dict[Any, Any] = {}
        self.of_arrays = False  # numbers were found to meet arrays
        self._derived: dict[Any, Program] = {}
        self.recordings = 0
        self.latest: Any = None
        self.parameters: list[Any] = []  # of a program from a file
        update_wrapper(self, f, updated=())

    # ── calls ──

    def __call__(self, *args: object, **named: object) -> Any:
        args = self._positional(args, named) if named else args
        if self.latest is not None and self.latest.matches is not None and (given := self.latest.matches(args)) is not None:
            return self._run_given(given, _value)
        if any(_holds_node(x) for x in args):  # within another derivative: the function itself, on its nodes
            return self.function(*args)
        return self._run(args, _value)

    def _run(self, args: tuple[object, ...], run: Callable[[Any, Any], Any]) -> Any:
        """Run the recording for these arguments: of arrays where there are any, or where numbers were found to meet them."""
        latest = self.latest
        if latest is not None and latest.matches is not None and (given := latest.matches(args)) is not None:
            return self._run_given(given, run)
        if not self.of_arrays and (self.in_axes is not None or not any(map(has_arrays, args))):
            call = self.arrange(args)
            try:
                return run(self.compiled(call, args), call)
            except ArraysMet as error:
                if self.in_axes is not None:
                    raise TypeError(f"{self.name}: {error}. With in_axes it is a function of numbers; leave them out for arrays") \
                        from None
                self.of_arrays = True
        from . import array_program as arrays  # which loads Tensor and its functions
        found = arrays.arrange_arrays(args, self.static, self.name)
        try:
            return self._run_arrays(found, run)
        except Changed:
            return self._record_again(found, run)

    def _run_given(self, given: ArrayCall, run: Callable[[Any, Any], Any]) -> Any:
        """Run the latest recording, which is one for these arguments."""
        try:
            return run(self.latest, given)
        except Changed:
            return self._record_again(given, run)

    def _record_again(self, given: ArrayCall, run: Callable[[Any, Any], Any]) -> Any:
        """Record anew where a guard has another answer, or run the function as it is this once."""
        from .array_program import Eager
        self._compiled.pop(given.key, None)
        try:
            return self._run_arrays(given, run)
        finally:
            if isinstance(self._compiled.get(given.key), Eager):
                del self._compiled[given.key]
                self.latest = None

    def _run_arrays(self, given: ArrayCall, run: Callable[[Any, Any], Any]) -> Any:
        compiled = self._array_compiled(given)
        try:
            return run(compiled, given)
        except Exception:
            if compiled.backend.startswith("eager"):  # arguments that the function refuses say nothing of others
                self._compiled.pop(given.key, None)
            raise

    def _array_compiled(self, call: ArrayCall) -> Any:
        from .array_program import array_compiled
        found = self._compiled.get(call.key)
        if found is None:
            found = self._keep(call.key, array_compiled(self.function, call, self.parameter_names(len(call.args)), self.has_aux,
                                                         self.backend_asked))
        self.latest = found
        return found

    def value_and_grad(self, *args: object, argnums: int | tuple[int, ...] = 0, **named: object) -> tuple[Any, Any]:
        """The result, one number (one for each example without ``reduce``), and its gradient in the form of the argument."""
        return self._run(self._positional(args, named), lambda compiled, call: compiled.value_and_grad(call, argnums))

    def grad(self, *args: object, argnums: int | tuple[int, ...] = 0, **named: object) -> Any:
        """The gradient alone."""
        return self.value_and_grad(*args, argnums=argnums, **named)[1]

    def backward(self, *args: object, **named: object) -> Any:
        """Run the program, and add the gradient of its result to ``.grad`` of each Value that it reaches by closure."""
        return self._run(self._positional(args, named), lambda compiled, call: compiled.backward(call))

    def jvp(self, xs: Tree, vs: Tree) -> tuple[Any, Any]:
        """The result and its derivative along the tangents ``vs``, as ``autograd.jvp``."""
        points: Any = xs if isinstance(xs, (tuple, list)) else (xs,)
        tangents: Any = vs if isinstance(xs, (tuple, list)) else (vs,)
        count = len(points)
        return self._derive(("jvp", count), lambda *args: jvp(self.function, args[:count], args[count:]), 2)(*points, *tangents)

    def jacobian(self, *args: object, argnums: int | tuple[int, ...] = 0) -> Any:
        """All first derivatives, as ``autograd.jacobian``."""
        return self._derive(("jacobian", argnums), jacobian(self.function, argnums))(*args)

    def hessian(self, *args: object, argnums: int | tuple[int, ...] = 0) -> Any:
        """All second derivatives, as ``autograd.hessian``; with ``reduce`` those of the reduced result."""
        return self._derive(("hessian", argnums), hessian(self.function, argnums))(*args)

    def _derive(self, key: Any, function: Callable[..., Any], times: int = 1) -> Program:
        """A program of a derivative of the function, made when it is first asked for."""
        if key not in self._derived:
            axes = tuple(self.in_axes) * times if isinstance(self.in_axes, (tuple, list)) else self.in_axes
            self._derived[key] = Program(function, axes, self.reduce, self.backend_asked, self.static, self.passes)
        return self._derived[key]

    # ── what there is to see ──

    @property
    def backend(self) -> str:
        """The backend that runs it: "native", or "numpy" with the reason where native was wanted."""
        if self.latest is not None:
            return str(self.latest.backend)
        return library_for(self.backend_asked, ())[1]

    def recorded(self, *args: object) -> Any:
        """The recording for these arguments, ``Compiled`` or ``ArrayCompiled``; without any the latest one."""
        compiled = self._run(args, lambda compiled, _: compiled) if args else self.latest
        if compiled is None:
            raise GradientError(f"{self.name} was not recorded yet: call it once, or give arguments as it is called with")
        if compiled.backend.startswith("eager"):
            raise TypeError(f"{self.name} runs as it is, {compiled.backend.partition(' ')[2]}: there is no program to be seen")
        return compiled

    def text(self, *args: object) -> str:
        """The instructions after all passes, one a line: names, formulas, lanes, and the formula of each local gradient.

        Those of arrays with their shapes. Without arguments of the latest recording, as for all that follows.

        >>> print(compile(lambda x, y: tanh(x * y)).text(1.0, 2.0))
        <lambda>, 4 instructions
        x  an argument
        y  an argument
        v2 = x*y                          ∂x: y  ∂y: x
        v3 = tanh(v2)                     ∂v2: 1 - v3**2
        return v3
        """
        return str(self.recorded(*args).text(self.name))

    def to_python(self, *args: object) -> str:
        """Stand-alone source in Python: ``forward`` and ``gradient``, of one example's numbers in a row, or of a list of arrays.

        A program of arrays needs NumPy. Tensors and Values reached by closure come behind the arguments.
        """
        return str(self.recorded(*args).source(self.name, "Python"))

    def to_c(self, *args: object) -> str:
        """The same in C, ``forward(x, y)`` and ``gradient(x, seeds, g)`` on doubles, or on lists of arrays of doubles."""
        return str(self.recorded(*args).source(self.name, "C"))

    def to_javascript(self, *args: object) -> str:
        """The same in JavaScript, on lists of numbers."""
        return str(self.recorded(*args).source(self.name, "JavaScript"))

    def graph(self, *args: object) -> Any:
        """The result as a graph of Values or Tensors, to step through and to draw; of a batch give one example."""
        return self.recorded().graph(args, self.static, self.name)

    def check(self, n: int = 10, seed: int = 0) -> GradientReport:
        """Hold value and gradient against the function itself at ``n`` random points, with the checker's error bars.

        The points lie around the numbers of the latest recording. Of arrays, the Tensors reached by closure are moved as well, and
        get their own arrays back. The report is true where all is right; print it.

        >>> program = compile(lambda x, y: tanh(x * y))
        >>> _ = program(0.5, 2.0)
        >>> bool(program.check())
        True
        """
        return self.recorded().check(self, n, seed)

    def save(self, path: str | Path) -> None:
        """Write the latest recording to a file, with Values and Tensors reached by closure; ``Program.load`` reads it."""
        compiled = self.recorded()
        if self.static:
            raise TypeError(f"save of {self.name}: static arguments are not saved. Compile a function without them")
        compiled.save(path, {"in_axes": self.in_axes, "reduce": self.reduce, "title": self.name, "has_aux": self.has_aux})

    @classmethod
    def load(cls, path: str | Path, backend: str = "auto") -> Program:
        """Read a program from a file, which may come from anybody: it is numbers and names of operations, checked one by one.

        Its ``parameters`` are the Values or Tensors that it reached by closure. Raises ValueError for a file that is no program,
        LookupError for an operation that the tables lack.
        """
        from .storage import Reader, load_numbers
        reader = Reader(path)
        if reader.told.get("kind") == "arrays":
            from .array_storage import load_arrays
            stored: Any = load_arrays(reader)
        else:
            stored = load_numbers(reader)
        program = cls(stored, stored.about["in_axes"], stored.about["reduce"], backend, has_aux=stored.about["has_aux"])
        program.parameters, program.of_arrays = stored.parameters, reader.told.get("kind") == "arrays"
        return program

    # ── arguments and recordings ──

    def _positional(self, args: tuple[object, ...], named: dict[str, object]) -> tuple[Any, ...]:
        if not named:
            return args
        bound = signature(self.function).bind(*args, **named)
        bound.apply_defaults()
        if bound.kwargs:
            raise TypeError(f"{self.name}: arguments by name alone, {sorted(bound.kwargs)}, are not compiled; give them a place")
        return bound.args

    @property
    def name(self) -> str:
        """The function's name in messages."""
        return getattr(self.function, "__name__", "the function")

    def parameter_names(self, count: int) -> list[str]:
        """The names of the arguments, as the function declares them."""
        if (known := getattr(self.function, "argument_names", None)) is not None:  # it comes from a file
            return [*known]
        try:
            names = [*signature(self.function).parameters.values()]
        except (TypeError, ValueError):
            names = []
        plain = [x.name for x in names if x.kind in (x.POSITIONAL_ONLY, x.POSITIONAL_OR_KEYWORD)]
        rest = next((x.name for x in names if x.kind is x.VAR_POSITIONAL), "x")
        return [plain[i] if i < len(plain) else f"{rest}{i - len(plain)}" for i in range(count)]

    def arrange(self, args: tuple[object, ...]) -> Call:
        """Take the arguments apart into their forms and numbers."""
        axes = self.axes or (self.in_axes,) * len(args)
        if len(axes) != len(args):
            raise TypeError(f"{self.name}: in_axes={self.in_axes} is for {len(axes)} argument(s), and {len(args)} were given")
        while len(self._titles) < len(args):
            self._titles.append(f"{self.name}: argument {len(self._titles)}")
        forms: list[Any] = []
        key: list[Any] = []
        chunks: list[Any] = []
        blocks: list[Any] = []
        statics: dict[int, Any] = {}
        lengths: dict[int, int] = {}
        for i, (x, axis) in enumerate(zip(args, axes)):
            if i in self.static:
                statics[i] = x
                forms.append(None)
                key.append((type(x), x))
            elif axis is None:
                forms.append(take_apart(x, chunks, self._titles[i]))
                key.append(forms[-1])
            else:
                batched = Batched(x, axis, self._titles[i])
                lengths[i] = batched.length
                blocks += batched.blocks
                forms.append(batched)
                key.append(("batch", batched.form))
        if len(lengths) > 1 and len({*lengths.values()}) > 1:
            raise ValueError(f"{self.name}: the arguments have different numbers of examples, {lengths} by place")
        lanes = next(iter(lengths.values()), 0)
        return Call(tuple(key), forms, statics, joined(chunks), blocks, lanes)

    def compiled(self, call: Call, args: tuple[object, ...]) -> Compiled:
        """The recording for arguments of these forms; it is made where there is none."""
        try:
            found = self._compiled.get(call.key)
        except TypeError:
            raise TypeError(f"{self.name}: a static argument must be hashable; got {call.statics!r:.80}") from None
        if found is None:
            found = self._keep(call.key, Compiled(self.function, call, self.parameter_names(len(args)), self.reduce,
                                                  self.backend_asked, self.passes, self.has_aux))
        self.latest = found
        return found

    def _keep(self, key: Any, made: Any) -> Any:
        """Keep one more recording; the oldest goes where there are too many."""
        self.recordings += 1
        if len(self._compiled) >= RECORDINGS:
            del self._compiled[next(iter(self._compiled))]
            warn_user(f"{self.name} was recorded {self.recordings} times, as the forms of its arguments or its static "
                      f"arguments change; the latest {RECORDINGS} recordings are kept. Give arguments of few forms, or make "
                      "fewer static", GraphWarning)
        self._compiled[key] = made
        return made


def _value(compiled: Any, call: Any) -> Any:
    return compiled.value(call)


def _holds_node(x: Any) -> bool:
    if isinstance(x, (list, tuple)):
        return {*map(type, x)} != {float} and any(map(_holds_node, x))
    return any(map(_holds_node, x.values())) if isinstance(x, dict) else holds_node(x)
