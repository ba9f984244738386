"""The base class of every layer and network: a tree of parameters with a forward pass."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import copy_context
from itertools import groupby
from math import prod
from struct import pack
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, Protocol, Self, TypeVar

from autograd import no_grad
from autograd.arrays.pytorch import check_device, float_dtype, is_device
from autograd.context import Context, Scope, current, set_current
from autograd.graph import Node, assign
from autograd.notebook import aligned, shortened, table

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result", covariant=True)


class HasForward(Protocol[Parameters, Result]):
    """Protocol of objects with a ``forward``, from which type checkers read the types of a call."""

    @property
    def forward(self) -> Callable[Parameters, Result]:
        """The function that a call runs."""
        ...


class Module:
    """Base of layers and networks: a tree of the parameters and sub-modules in its attributes, in lists and dicts too.

    A parameter is a leaf of the graph (a ``Value`` or ``Tensor`` that no operation computed). A Tensor that takes no gradient when
    it is assigned is a buffer: part of the state (running statistics), but not trained. Subclasses define ``forward``; a call runs
    it in a ``scope`` named ``name`` (by default the attribute that holds the module, else its class), so that pictures can collapse
    modules and messages can name them.

    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope, self.offset = Value(2.0), Value(1.0)
    ...     def forward(self, x):
    ...         return self.slope * x + self.offset
    >>> line = Line()
    >>> line(3.0)
    Value(7.0, op='add', grad=None)
    >>> [name for name, _ in line.named_parameters()]
    ['slope', 'offset']
    """

    name: str | None = None
    training = True
    _buffers: frozenset[str] = frozenset()  # paths of buffers among the attributes; a frozen parameter is not one

    def __setattr__(self, attribute: str, content: Any) -> None:
        if attribute == "name" and not isinstance(content, (str, type(None))):
            raise TypeError(f"{type(self).__name__}.name must be a string, the module's name in pictures and messages; got "
                            f"{content!r:.60}")
        if vars(self).get(attribute) is not None:
            _check_replacement(self, attribute, content)
        vars(self)[attribute] = content
        if attribute in ("name", "training"):
            return
        buffers = set()
        for path, part in _children(attribute, content):
            if isinstance(part, Module):
                if part.name is None and part is not self:
                    part.name = path
            elif not getattr(part, "requires_grad", True):
                buffers.add(path)
        if buffers or self._buffers:
            kept = {path for path in self._buffers if path.partition(".")[0] != attribute}
            vars(self)["_buffers"] = frozenset(kept | buffers)

    # ── the forward pass ──

    def forward(self, *args: Any, **options: Any) -> Any:
        """Compute the output; each subclass defines its own."""
        raise NotImplementedError(f"{type(self).__name__} has no forward: define def forward(self, x): … in the class")

    def __call__(self: HasForward[Parameters, Result], *args: Parameters.args, **options: Parameters.kwargs) -> Result:
        return copy_context().run(self._within, args, options)  # type: ignore[attr-defined]  # where an interrupt can leave no scope behind

    def _within(self, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        outer = current()  # a scope without context managers, which take 3.5 µs (measured); a small layer takes ten
        here = Scope(self.name or type(self).__name__, None if outer is None else outer.scope)
        set_current(Context(True, here) if outer is None else Context(outer.recording, here, outer.watch))
        return self.forward(*args, **options)

    def train(self, mode: bool = True) -> Self:
        """Set every module to training mode (dropout drops, batch norm uses the batch's statistics); return the module."""
        for module in self.modules():
            module.training = bool(mode)
        return self

    def eval(self) -> Self:
        """Set every module to evaluation mode; return the module."""
        return self.train(False)

    # ── the tree ──

    def children(self) -> Iterator[Module]:
        """The modules directly below this one, once each."""
        return (part for _, part in self.named_children())

    def named_modules(self) -> Iterator[tuple[str, Module]]:
        """The module itself (its path is "") and all below it with their paths (``layers.0``), once each."""
        return ((path, part) for path, part, _ in _walk("", self, set()) if isinstance(part, Module))

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules directly below this one with their paths, once each."""
        seen: set[int] = set()
        for path, part in _children("", vars(self)):
            if isinstance(part, Module) and id(part) not in seen:
                seen.add(id(part))
                yield path, part

    def modules(self) -> Iterator[Module]:
        """The module itself and all below it, once each."""
        return (module for _, module in self.named_modules())

    def named_parameters(self) -> Iterator[tuple[str, Any]]:
        """Every parameter of the tree once, with its path (``layers.0.neurons.2.b``), in the order of definition."""
        return ((path, part) for path, part, kind in _walk("", self, set()) if kind == "parameter")

    def parameters(self) -> Unnamed:
        """Every parameter of the tree, once; optimisers can read the paths from the returned iterator."""
        return Unnamed(self.named_parameters())

    def named_buffers(self) -> Iterator[tuple[str, Any]]:
        """Every buffer of the tree once, with its path."""
        return ((path, part) for path, part, kind in _walk("", self, set()) if kind == "buffer")

    def buffers(self) -> Iterator[Any]:
        """Every buffer of the tree, once."""
        return (buffer for _, buffer in self.named_buffers())

    def named_generators(self) -> Iterator[tuple[str, Any]]:
        """Every random generator that a module of the tree uses (dropout), with its path."""
        for path, module in self.named_modules():
            for attribute, content in vars(module).items():
                if hasattr(content, "bit_generator"):
                    yield f"{path}.{attribute}" if path else attribute, content

    def apply(self, function: Callable[[Module], Any]) -> Self:
        """Call the function on every module, sub-modules first; return the module."""
        for module in reversed(list(self.modules())):
            function(module)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Set every parameter's gradient to None, until a backward pass reaches it again; else to zeros."""
        parameters = list(self.parameters())
        assign(parameters, "grad", [None if set_to_none or x.grad is None else x.grad * 0 for x in parameters])

    def add_module(self, name: str, module: Module) -> None:
        """Set a module as attribute, as ``setattr`` does: for names that are computed."""
        setattr(self, name, module)

    def register_parameter(self, name: str, param: Any) -> None:
        """Set a parameter as attribute, as ``setattr`` does; None is no parameter."""
        setattr(self, name, param)

    def register_buffer(self, name: str, tensor: Any, persistent: bool = True) -> None:
        """Set a buffer as attribute: part of the state, but not trained; if not ``persistent`` a plain array outside the state."""
        if tensor is not None and persistent:
            from autograd import Tensor
            tensor = Tensor(getattr(tensor, "array", tensor), requires_grad=False)
        setattr(self, name, getattr(tensor, "array", tensor) if not persistent else tensor)

    def to(self, *places: Any, dtype: DTypeLike | None = None, device: object = None) -> Self:
        """Change the dtype of all parameters and buffers of floats, and return the module; the device can only be "cpu"."""
        for place in places:
            if is_device(place):
                check_device(place)
            else:
                dtype = place
        check_device(device)
        if dtype is not None:
            parts = [part for part in self._state().values() if hasattr(part, "array") and part.dtype.kind == "f"]
            assign(parts, "array", [part.array.astype(float_dtype(dtype)) for part in parts])
            assign(parts, "grad", [None] * len(parts))
        return self

    def cpu(self) -> Self:
        """Return the module: all arrays are in this computer's memory."""
        return self

    def float(self) -> Self:
        """Change all parameters and buffers of floats to float32, and return the module."""
        return self.to("float32")

    def double(self) -> Self:
        """Change all parameters and buffers of floats to float64, and return the module."""
        return self.to("float64")

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Freeze (False) or unfreeze every parameter: a frozen one takes no gradient, and optimisers skip it.

        Returns the module. Raises TypeError for Values, which always take a gradient.
        """
        parameters = list(self.named_parameters())
        for path, parameter in parameters:
            if not hasattr(parameter, "requires_grad"):
                raise TypeError(f"requires_grad_: {path} is a {type(parameter).__name__}, which cannot be frozen; give the "
                                "optimiser only the parameters that it is to train")
        for _, parameter in parameters:
            parameter.requires_grad = bool(requires_grad)
            parameter.grad = parameter.grad if requires_grad else None
        return self

    # ── state ──

    def _state(self) -> dict[str, Any]:
        """Every parameter and buffer by path; a shared one under each of its paths."""
        return {path: part for path, part, kind in _walk("", self, set(), each_use=True) if kind != "module"}

    def state_dict(self) -> dict[str, Any]:
        """A copy of every parameter's and buffer's data by path: arrays of tensors, floats of Values.

        A shared parameter appears under each of its paths, so that the state also fits networks without sharing.
        """
        return {path: _snapshot(part) for path, part in self._state().items()}

    def load_state_dict(self, state: Mapping[str, Any], strict: bool = True) -> Mismatch:
        """Set parameters and buffers to the data of ``state_dict``; their dtypes do not change.

        Returns the missing and the unexpected names of the state; with ``strict`` any of them raises KeyError. A shared parameter
        needs one of its paths in the state. Raises ValueError where a shape differs, or (with ``strict``) where the state has
        different numbers for a shared parameter; without ``strict`` the first path counts. Raises TypeError where the numbers are
        of another kind. After an error nothing has changed.
        """
        own = self._state()
        given = {id(own[path]) for path in own if path in state}
        found = Mismatch([path for path, part in own.items() if id(part) not in given], [path for path in state if path not in own])
        if strict and any(found):
            raise KeyError(f"load_state_dict of {type(self).__name__}: missing {_listed(found.missing)}; unexpected "
                           f"{_listed(found.unexpected)}. Give the state of a network with the same structure, or strict=False")
        fitting = _one_for_each([(path, part, _fitting(path, state[path], part)) for path, part in own.items() if path in state],
                                strict)
        before = [_snapshot(part) for part, _ in fitting]
        done = False
        try:
            for part, data in fitting:
                part.data = data
            done = True
        finally:
            if not done:
                for (part, _), data in zip(fitting, before):
                    part.data = data
        return found

    # ── display ──

    def extra_repr(self) -> str:
        """Return the text between the parentheses of the module's ``repr``; subclasses give their sizes and options."""
        return ""

    def __repr__(self) -> str:
        return shortened(str(self))

    def __str__(self) -> str:
        if type(self).__repr__ is not Module.__repr__:
            return repr(self)
        lines = [f"({path}): {part}" for path, part in _children("", vars(self)) if isinstance(part, Module)]
        inner = "".join("\n  " + line.replace("\n", "\n  ") for line in lines)
        return f"{type(self).__name__}({self.extra_repr()}{inner}{chr(10) if lines else ''})"

    @contextmanager
    def watch(self, observer: Callable[[str, Module, tuple[Any, ...], Any], None]) -> Iterator[None]:
        """Context manager that calls ``observer(path, module, inputs, output)`` after each forward pass of each module.

        >>> import nn
        >>> model = nn.MLP(2, [2, 1])
        >>> with model.watch(lambda path, module, inputs, output: print(path, len(inputs[0]))):
        ...     _ = model.layers[0]([1.0, 2.0])
        layers.0.neurons.0 2
        layers.0.neurons.1 2
        layers.0 2
        """
        def observed(path: str, module: Module) -> Callable[..., Any]:
            forward = module.forward

            def method(*args: Any, **options: Any) -> Any:
                output = forward(*args, **options)
                observer(path, module, args, output)
                return output
            return method

        before = [(module, vars(module).get("forward")) for module in self.modules()]
        try:
            for path, module in self.named_modules():
                vars(module)["forward"] = observed(path, module)
            yield
        finally:
            for module, forward in before:
                if forward is None:
                    vars(module).pop("forward", None)
                else:
                    vars(module)["forward"] = forward

    def as_function(self, paths: Sequence[str]) -> Callable[..., Any]:
        """Return the module as a function of a sequence with the contents of these paths, and of its inputs.

        Meant for many calls: the tree is walked once, here, so the module must keep its layers and parameters. Raises KeyError for
        an unknown path, ValueError for two paths of one shared parameter.

        >>> import nn
        >>> nn.Neuron(1, "identity").as_function(["w.0", "b"])((2.0, 1.0), [3.0])
        7.0
        """
        own = self._state()
        if unknown := [path for path in paths if path not in own]:
            raise KeyError(f"functional_call: {type(self).__name__} has no {_listed(unknown)}; its paths are {_listed(list(own))}")
        leaves = [own[path] for path in paths]
        if len(set(map(id, leaves))) < len(leaves):
            raise ValueError(f"functional_call: {_listed(list(paths))} name one parameter twice, which {type(self).__name__} "
                             "shares; give it under one path")
        attributes = [vars(part) for part in self.modules()]
        held = [[name for name, content in part.items() if any(not isinstance(leaf, Module) for _, leaf in _children("", content))]
                for part in attributes]

        def call(contents: Sequence[Any], *args: Any, **options: Any) -> Any:
            instead = dict(zip(map(id, leaves), contents))
            before = [dict(own) for own in attributes]
            replaced = [{name: _replaced(own[name], instead) for name in names} for own, names in zip(before, held)]
            try:
                deque(map(dict.update, attributes, replaced), maxlen=0)  # in one call, which an interrupt cannot leave half done
                return self(*args, **options)
            finally:
                deque(map(dict.update, attributes, before), maxlen=0)
        return call

    def summary(self, input_shape: tuple[int, ...], dtype: DTypeLike | None = None) -> Summary:
        """Return a table of all modules with output shapes, own parameters and their bytes.

        ``input_shape`` is the shape of the input, batch included; zeros of ``dtype`` (by default the parameters') go through the
        model once, in evaluation mode and without a graph. A module of Values gets numbers in lists. A part that is used twice has
        a row for each use, and is counted once. The module is not changed.

        >>> import nn
        >>> shared = nn.Linear(2, 2)
        >>> print(nn.Sequential(shared, nn.Tanh(), shared).summary((1, 2)))
        module  class       output shape  parameters  bytes  shared
        ──────────────────────────────────────────────────────────────
        ·       Sequential  (1, 2)                 0      0
        0       Linear      (1, 2)                 6     24
        1       Tanh        (1, 2)                 0      0
        2       Linear      (1, 2)                 0      0  same as 0
        ──────────────────────────────────────────────────────────────
        total                                      6     24
        """
        shapes: dict[int, list[Any]] = {}
        note = lambda path, module, inputs, output: shapes.setdefault(id(module), []).append(_shape(output))
        with evaluation_mode(self), no_grad(), self.watch(note):
            self(_zeros(input_shape, dtype, next(self.parameters(), None)))
        return Summary(_summary_rows(self, shapes))


@contextmanager
def evaluation_mode(model: Module) -> Iterator[None]:
    """Context manager that puts the model in evaluation mode, and restores every module's mode at the end."""
    modes = [(module, module.training) for module in model.modules()]
    try:
        model.eval()
        yield
    finally:
        for module, mode in modes:
            module.training = mode


def functional_call(module: Module, parameters: Mapping[str, Any], *args: Any, **options: Any) -> Any:
    """Call the module with other contents for its parameters and buffers, given by path; the module itself keeps its own.

    It makes a network a function of its parameters, for ``jacobian``, ``hvp`` or ``check_gradients``. Parameters that are not given
    keep their data; a shared parameter is replaced in all places. Raises KeyError for an unknown path. Source: PyTorch,
    ``torch.func.functional_call``.

    >>> import nn
    >>> neuron = nn.Neuron(1, "identity")
    >>> grad(lambda w, b: functional_call(neuron, {"w.0": w, "b": b}, [3.0]), argnums=(0, 1))(2.0, 1.0)
    (3.0, 1.0)
    """
    return module.as_function(tuple(parameters))(tuple(parameters.values()), *args, **options)


class Unnamed(Iterator[Any]):
    """Iterator over the second of each pair; the pairs themselves are in ``named``."""

    def __init__(self, named: Iterator[tuple[str, Any]]):
        self.named = named

    def __next__(self) -> Any:
        return next(self.named)[1]

    def __repr__(self) -> str:
        return "<iterator: list(…) shows what it gives>"


class Mismatch(NamedTuple):
    """The result of loading a state: names that the state lacks, and names that the module lacks."""

    missing: list[str]
    unexpected: list[str]


class SummaryRow(NamedTuple):
    """Row of a summary: path, class, output shape (None if the module was not called), own parameters and their bytes."""

    path: str
    kind: str
    shape: Any
    parameters: int
    bytes: int
    shared: str = ""  # for a repeated use: the module or parameter that is used again


class Summary(list[SummaryRow]):
    """The rows of ``Module.summary``; prints as a table."""

    @property
    def parameters(self) -> int:
        """The total number of trained numbers."""
        return sum(row.parameters for row in self)

    @property
    def bytes(self) -> int:
        """The total bytes of the parameters."""
        return sum(row.bytes for row in self)

    def _cells(self) -> list[tuple[str, ...]]:
        """The table as text, with head and totals, and with a last column where anything is shared."""
        cells = [("module", "class", "output shape", "parameters", "bytes", "shared")]
        cells += [(row.path or "·", row.kind, "–" if row.shape is None else str(row.shape), f"{row.parameters:,}", f"{row.bytes:,}",
                   row.shared) for row in self]
        cells.append(("total", "", "", f"{self.parameters:,}", f"{self.bytes:,}", ""))
        return [row[:6 if any(row.shared for row in self) else 5] for row in cells]

    def __repr__(self) -> str:
        return shortened(str(self))

    def _repr_html_(self) -> str:
        head, *rows = self._cells()
        return table(head, rows, bold=[len(rows) - 1])

    def __str__(self) -> str:
        lines = aligned(self._cells(), left=(0, 1, 2, 5))
        rule = "─" * max(map(len, lines))
        return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1]])


def _summary_rows(module: Module, shapes: Mapping[int, Sequence[Any]]) -> list[SummaryRow]:
    """Yield a row for each place of a module, and one for each further call; calls are matched to places in order."""
    uses = list(_walk("", module, set(), each_use=True))
    modules = [(path, part) for path, part, kind in uses if kind == "module"]
    first: dict[int, str] = {}
    for path, part, _ in uses:
        first.setdefault(id(part), path)
    own: dict[str, list[Any]] = {path: [] for path, _ in modules}
    shared: dict[str, list[str]] = {path: [] for path, _ in modules}
    for path, part, kind in uses:
        holder = path
        while holder not in own:
            holder = holder.rpartition(".")[0]
        if kind == "parameter" and first[id(part)] == path:
            own[holder].append(part)
        elif kind == "parameter":
            shared[holder].append(f"{path[len(holder):].lstrip('.')} is {first[id(part)]}")
    rows: list[SummaryRow] = []
    calls = {key: list(shapes) for key, shapes in shapes.items()}
    left = Counter(id(part) for _, part in modules)
    for path, part in modules:
        left[id(part)] -= 1
        seen = calls.get(id(part), [])
        same = f"same as {first[id(part)] or '·'}" if first[id(part)] != path else ", ".join(shared[path])
        rows.append(SummaryRow(path, type(part).__name__, seen.pop(0) if seen else None, sum(map(_size, own[path])),
                               sum(map(_bytes, own[path])), same))
        if not left[id(part)]:
            rows += [SummaryRow(path, type(part).__name__, shape, 0, 0, "again" if n == 1 else f"again, {n} times")
                     for shape, n in ((shape, len(list(equal))) for shape, equal in groupby(seen))]
    return rows


def _children(path: str, content: Any) -> Iterator[tuple[str, Any]]:
    """The modules and leaves directly in an attribute's content, also inside lists, tuples and dicts."""
    if isinstance(content, Module) or isinstance(content, Node) and getattr(content, "op", None) is None:
        yield path, content
    elif isinstance(content, (dict, list, tuple)):
        for key, part in content.items() if isinstance(content, dict) else enumerate(content):
            yield from _children(f"{path}.{key}" if path else str(key), part)


def _replaced(content: Any, instead: Mapping[int, Any]) -> Any:
    """An attribute's content with its leaves replaced by identity; lists, tuples and dicts are new ones."""
    if isinstance(content, dict):
        return {key: _replaced(part, instead) for key, part in content.items()}
    if type(content) in (list, tuple):
        return type(content)(_replaced(part, instead) for part in content)
    return instead.get(id(content), content)


def _walk(path: str, part: Any, seen: set[int], kind: str = "module", each_use: bool = False) -> Iterator[tuple[str, Any, str]]:
    """A module or leaf and all below it with its path and kind: each once, or once for each path, except a module within itself."""
    if id(part) in seen:
        return
    if not each_use:
        seen.add(id(part))
    yield path, part, kind
    if isinstance(part, Module):
        seen = seen | {id(part)} if each_use else seen
        for name, child in _children("", vars(part)):
            below = "module" if isinstance(child, Module) else "buffer" if name in part._buffers else "parameter"
            yield from _walk(f"{path}.{name}" if path else name, child, seen, below, each_use)


def _contents(path: str, content: Any) -> Iterator[tuple[str, Any]]:
    """The items of nested lists, tuples and dicts, with their paths."""
    if isinstance(content, (dict, list, tuple)):
        for key, part in content.items() if isinstance(content, dict) else enumerate(content):
            yield from _contents(f"{path}.{key}", part)
    else:
        yield path, content


def _check_replacement(module: Module, attribute: str, content: Any) -> None:
    """Raise TypeError where a number, an array or a result would replace a parameter, which would then not be trained."""
    lost = [path for path, part in _children(attribute, vars(module)[attribute])
            if not isinstance(part, Module) and path not in module._buffers]
    for path, part in _contents(attribute, content) if lost else ():
        is_parameter = isinstance(part, Node) and getattr(part, "op", None) is None and getattr(part, "requires_grad", True)
        if is_parameter or part is None or isinstance(part, Module):
            continue
        if any(f"{old}.".startswith(f"{path}.") or path.startswith(f"{old}.") for old in lost):
            op = getattr(part, "op", None)
            found = f"the result of {op}" if isinstance(part, Node) and op is not None else f"{type(part).__name__} {part!r:.40}"
            owner = type(module).__name__
            raise TypeError(f"{owner}.{path} is a parameter and would be replaced by {found}, which is not trained. "
                            f"To change its data write .{path}.data = …; to freeze it, .{path}.requires_grad = False; to store a "
                            "result use another attribute; to remove the parameter assign None first")


def _one_for_each(found: list[tuple[str, Any, Any]], strict: bool) -> list[tuple[Any, Any]]:
    """Each leaf once with its data; ValueError where a shared one is given different numbers."""
    first: dict[int, tuple[str, Any, Any]] = {}
    for path, leaf, data in found:
        before, _, kept = first.setdefault(id(leaf), (path, leaf, data))
        if strict and before != path and _bits(kept) != _bits(data):
            raise ValueError(f"load_state_dict: {before} and {path} are one parameter of this network, and the state has different "
                             "numbers for them. Load it into a network that does not share them, or use strict=False, which takes "
                             "the first")
    return [(leaf, data) for _, leaf, data in first.values()]


def _bits(data: Any) -> bytes:
    return data.tobytes() if hasattr(data, "tobytes") else pack("d", data)


def _snapshot(leaf: Any) -> Any:
    return leaf.array.copy("K") if hasattr(leaf, "array") else leaf.data  # K: the last bit of a product depends on the layout


def _fitting(path: str, data: Any, leaf: Any) -> Any:
    """A copy of the data as array or float for this leaf; raises where it does not fit."""
    if not hasattr(leaf, "array"):
        if not isinstance(data, (int, float)) and getattr(data, "shape", None) != ():
            raise TypeError(f"load_state_dict: {path} is one number; got {type(data).__name__} {data!r:.60}")
        return float(data)
    import numpy as np
    array = np.asarray(data)
    if array.shape != leaf.shape:
        raise ValueError(f"load_state_dict: {path} has shape {leaf.shape}; the state has an array of shape {array.shape} for "
                         "it. Build the network with the sizes of the saved one")
    if array.dtype.kind not in "fiu" or not np.can_cast(array.dtype, leaf.dtype, "same_kind"):
        raise TypeError(f"load_state_dict: {path} holds {leaf.dtype}; {array.dtype} in the state cannot replace it")
    return array.astype(leaf.dtype)


def _listed(names: list[str]) -> str:
    return (", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")) or "nothing"


def _zeros(shape: tuple[int, ...], dtype: Any, parameter: Any) -> Any:
    if parameter is None or hasattr(parameter, "array"):
        import numpy as np

        from autograd import Tensor
        return Tensor(np.zeros(shape, dtype or (np.float32 if parameter is None else parameter.dtype)), requires_grad=False)
    return [_zeros(shape[1:], dtype, parameter) for _ in range(shape[0])] if shape else 0.0


def _shape(output: Any) -> Any:
    """The shape of a module's output; for a tuple or list of nodes, one shape for each."""
    if hasattr(output, "shape"):
        return tuple(output.shape)
    if isinstance(output, (list, tuple)):
        parts = [_shape(part) for part in output]
        same = isinstance(output, list) and parts and all(part == parts[0] for part in parts)
        return (len(parts), *parts[0]) if same else tuple(parts)
    return ()


def _size(parameter: Any) -> int:
    return prod(getattr(parameter, "shape", ()))


def _bytes(parameter: Any) -> int:
    return parameter.array.nbytes if hasattr(parameter, "array") else 8
