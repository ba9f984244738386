"""Derivatives of nodes and of functions: gradient; grad, jacobian, hessian, jvp, vjp, hvp, any of them nested.

Functions take and return numbers, arrays, nodes, and nested lists, tuples and dicts of them. Given plain numbers
they return plain numbers; given nodes (inside another derivative) they return nodes, so that derivatives nest.
"""

from __future__ import annotations

from contextvars import ContextVar, copy_context
from functools import partial as bind
from functools import reduce
from operator import add, index

from .context import current, differentiating
from .dual import Dual, unwrap, next_level, primal, shape, tangent_of
from .errors import ArrayNeededError, GraphError, warn_no_derivative
from .graph import check_recording, is_node, topological
from .operation import no_derivative, number
from .ops import identity
from .sweep import sweep_edges
from .value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    Function = Callable[..., Any]


def gradient(y: Any, xs: Any, seed: Any = None, create_graph: bool = False) -> Any:
    """The gradient of the node ``y`` with respect to the node or nodes ``xs``; pure: nothing is changed.

    ``xs`` is a node, or nested lists and tuples of them, and the result has the same form: numbers (arrays for
    tensors), or with ``create_graph=True`` nodes that can be differentiated and drawn again. ``seed`` is the
    gradient of ``y`` itself, 1 by default. A node that ``y`` does not depend on has gradient 0.

    >>> x = Value(3.0)
    >>> gradient(x**3, x)
    27.0
    >>> slope = gradient(x**3, x, create_graph=True)
    >>> gradient(slope, x)
    18.0
    """
    flat, rebuild = flatten(xs)
    for x in flat:
        if not is_node(x):
            raise TypeError(f"gradient: with respect to {x!r:.60}, which is a {type(x).__name__}; give the nodes "
                            "(Value or Tensor) that y was computed from")
    if create_graph:
        check_recording(y, "a recorded gradient")
    return rebuild(pull(y, flat, seed, create_graph))


def pull(y: Any, xs: list[Any], seed: Any, create_graph: bool) -> list[Any]:
    """Adjoints of ``xs``: the one reverse sweep behind every function here."""
    if isinstance(y, Dual) or isinstance(seed, Dual):  # the gradient of a dual number is the dual of the gradients
        level = max(x.level for x in (y, seed) if isinstance(x, Dual))
        primals = pull(primal(y, level), xs, primal(seed, level), create_graph)
        parts = []
        if (dy := tangent_of(y, level)) is not None:
            parts.append(pull(dy, xs, primal(seed, level), create_graph))
        if (dseed := tangent_of(seed, level)) is not None:
            parts.append(pull(primal(y, level), xs, dseed, create_graph))
        return [Dual(p, reduce(add, t), level) for p, t in zip(primals, zip(*parts))]
    if (context := current()) is not None and hasattr(context.watch, "twin"):  # a recording has nodes of its own
        y, *xs = map(context.watch.twin, (y, *xs))
    if not is_node(y):
        return [as_node(None, x) if create_graph else zero(x) for x in xs]
    order = topological(y)
    wanted = set(xs)
    needed = set(xs)  # nodes on a path from xs to y: partials are computed for these only
    for node in order:
        if not needed.isdisjoint(node.inputs):
            needed.add(node)
    start = y.seed_gradient(seed, create_graph)
    if hasattr(y, "adjoints") and not create_graph:
        adjoints = y.adjoints(order, start, needed, wanted)
    else:
        adjoints = {y: start} if y in needed else {}
        for _ in sweep_edges(reversed(order), adjoints, create_graph=create_graph, needed=needed):
            pass
        for node in order:
            for x, rule in zip(node.operands, getattr(node.op, "partials", ())):
                if rule is no_derivative and node in adjoints and is_node(x) and x in needed:
                    warn_no_derivative(node.op.name)
    if (context := current()) is not None and context.watch is not None and not create_graph:
        context.watch.swept(y, seed, adjoints)
    if create_graph:
        return [as_node(adjoints.get(x), x) for x in xs]
    return own([adjoints.get(x, zero(x)) for x in xs])


def own(arrays: list[Any]) -> list[Any]:
    """Arrays that share nothing with each other or with a graph, so that a caller may write into each; numbers pass."""
    seen: set[int] = set()
    owned = []
    for x in arrays:
        if hasattr(x, "flags") and (id(x) in seen or not (x.flags.owndata and x.flags.writeable)):
            x = x.copy()
        seen.add(id(x))
        owned.append(x)
    return owned


def zero(x: Any) -> Any:
    """The zero gradient with respect to a node ``x`` that the result does not depend on."""
    return x.zero_gradient()


def as_node(adjoint: Any, x: Any) -> Any:
    """An adjoint as a node, when it came out as a plain number: constant, with no graph."""
    if is_node(adjoint):
        return adjoint
    node = type(x)(zero(x) if adjoint is None else adjoint)
    node.make_constant()
    return node


def plain(x: Any) -> Any:
    """The number or array in a node; duals keep their tangents."""
    if isinstance(x, Dual):
        return Dual(plain(x.primal), plain(x.tangent), x.level)
    return x.plain_data() if is_node(x) else x


# ── nested lists, tuples and dicts of numbers ────────────────────────────────────────────────────────────────────

def flatten(tree: Any) -> tuple[list[Any], Callable[[list[Any]], Any]]:
    """The leaves of nested lists, tuples and dicts, and a function that builds the same form from other leaves."""
    leaves: list[Any] = []
    _build(tree, leaves.append)
    return leaves, lambda new: _build(tree, lambda _, left=iter(new): next(left))


def _build(tree: Any, leaf: Callable[[Any], Any]) -> Any:
    if isinstance(tree, dict):
        return {key: _build(child, leaf) for key, child in tree.items()}
    if isinstance(tree, (list, tuple)):
        children = [_build(child, leaf) for child in tree]
        return type(tree)(*children) if hasattr(tree, "_fields") else type(tree)(children)
    return leaf(tree)


def map_tree(function: Function, tree: Any) -> Any:
    leaves, rebuild = flatten(tree)
    return rebuild([function(x) for x in leaves])


# ── functions to functions ───────────────────────────────────────────────────────────────────────────────────────

_inside: ContextVar[bool] = ContextVar("inside a reverse-mode derivative", default=False)


class Reverse:
    """One run of ``f`` on fresh variables, ready to be differentiated with respect to them.

    A variable is a new node even where the argument is one (an identity of it), so that an inner derivative
    sees only its own dependence: the reverse-mode counterpart of the duals' levels.
    """

    def __init__(self, f: Function, args: tuple[Any, ...], named: dict[str, Any], argnums: int | tuple[int, ...]):
        check_recording(_name(f), "a derivative")
        argnums = argnums if isinstance(argnums, (tuple, list)) else index(argnums)
        places = [argnums] if isinstance(argnums, int) else [index(i) for i in argnums]
        if len({i % len(args) for i in places if -len(args) <= i < len(args)}) < len(places):
            raise TypeError(f"argnums={argnums} of a call with {len(args)} positional argument(s) to {_name(f)}: give "
                            "each argument's place once, counted from 0")
        chosen = args[argnums] if isinstance(argnums, int) else tuple(args[i] for i in places)
        given, self._form = flatten(chosen)
        self.numbers = [isinstance(x, (float, int)) for x in given]
        self.nested = _inside.get() or any(is_node(unwrap(x)) for x in given)
        try:
            self._record(f, args, named, argnums, places, fresh(given, (args, named)))
        except ArrayNeededError:  # the function has arrays of its own: numbers are arrays of shape () then
            if not any(isinstance(unwrap(x), (float, int)) for x in given):
                raise
            self._record(f, args, named, argnums, places, [variable(x, True) for x in given])

    def _record(self, f: Function, args: tuple[Any, ...], named: dict[str, Any], argnums: int | tuple[int, ...],
                places: list[int], variables: list[Any]) -> None:
        self.nodes = [unwrap(x) for x in variables]
        chosen = self.rebuild(variables)
        operands = list(args)
        for i, x in zip(places, [chosen] if isinstance(argnums, int) else chosen):
            operands[i] = x
        self.y = map_tree(opened, followed(f, operands, named, reverse=True))

    def rebuild(self, parts: Sequence[Any]) -> Any:
        """Return one part for each argument in the arguments' structure: a float where the argument was a number beside arrays."""
        return self._form([float(x) if one and getattr(x, "shape", None) == () and not hasattr(x, "priority") else x
                           for x, one in zip(parts, self.numbers)])

    @property
    def value(self) -> Any:
        return self.outward(self.y)

    def outward(self, result: Any) -> Any:
        """A result as the caller gets it: plain, unless an outer derivative goes on with it."""
        return result if self.nested else map_tree(plain, result)

    def gradient(self, y: Any, seed: Any = None) -> Any:
        return self.rebuild(self.adjoints(y, seed))

    def adjoints(self, y: Any, seed: Any = None) -> list[Any]:
        return pull(y, self.nodes, seed, self.nested)


def opened(y: Any) -> Any:
    """A result; where it is NumPy's array of nodes, the nodes themselves in nested lists, or the only one."""
    if getattr(getattr(y, "dtype", None), "char", "") != "O" or hasattr(y, "priority"):
        return y
    return y.item() if y.size == 1 else y.tolist()


def followed(f: Function, args: Any, named: dict[str, Any], reverse: bool = False) -> Any:
    """Call the user's function in a context of its own, in which a number that leaves the graph is an error."""
    def call() -> Any:
        differentiating.set(True)
        _inside.set(_inside.get() or reverse)
        return f(*args, **named)
    try:
        return copy_context().run(call)
    except ValueError as error:  # NumPy's "setting an array element with a sequence"
        if isinstance(error.__cause__, GraphError):
            raise error.__cause__ from None
        raise


def fresh(leaves: list[Any], beside: Any = ()) -> list[Any]:
    """A fresh node for each argument: a Value for a number; a Tensor of shape () where arrays are among them or beside."""
    arrays = any(_is_array(unwrap(x)) for x in (*leaves, *flatten(beside)[0]))
    return [variable(x, arrays) for x in leaves]


def variable(x: Any, array: bool = False) -> Any:
    """A fresh node for an argument, under the duals that it carries."""
    if isinstance(x, Dual):
        return Dual(variable(x.primal, array), x.tangent, x.level)
    if is_node(x):
        return identity(x)
    if array or _is_array(x):
        from .tensor import Tensor
        return Tensor(x if _is_array(x) else number(x, "an argument to differentiate by"))
    return Value(number(x, "an argument to differentiate by"))


def _is_array(x: Any) -> bool:
    """True for an array, also of shape (); False for NumPy's numbers, which have that shape too."""
    return getattr(x, "shape", ()) != () or hasattr(x, "__dlpack__")


def value_and_grad(f: Function, argnums: int | tuple[int, ...] = 0, has_aux: bool = False) -> Function:
    """A function that returns ``(f(x, ...), gradient)``, the gradient in the form of its argument ``x``.

    ``argnums`` says by which argument, or tuple of arguments. ``f`` must return one number; else TypeError. With
    ``has_aux`` it returns a pair of it and anything else, and the result is ``((f(x, ...), anything), gradient)``.

    >>> value_and_grad(lambda x: x[0] * x[1])([3.0, 4.0])
    (12.0, [4.0, 3.0])
    """
    return bind(_value_and_gradient_at, f, argnums, has_aux)


def grad(f: Function, argnums: int | tuple[int, ...] = 0, has_aux: bool = False) -> Function:
    """The gradient of a function that returns one number, as a function, by its first argument or ``argnums``.

    With ``has_aux`` the function returns a pair of that number and anything else, and the result is
    ``(gradient, anything)``. The function can be pickled where ``f`` can.

    >>> grad(lambda x: x**2)(3.0)
    6.0
    >>> grad(grad(lambda x: x**3))(2.0)
    12.0
    >>> grad(lambda v: v[0]**2 + v[1]**2)([3.0, 4.0])
    [6.0, 8.0]
    """
    return bind(_gradient_at, f, argnums, has_aux)


def _value_and_gradient_at(f: Function, argnums: Any, has_aux: bool, /, *args: Any, **named: Any) -> tuple[Any, Any]:
    run = Reverse(f, args, named, argnums)
    result, aux = run.y, None
    if has_aux:
        if not isinstance(result, tuple) or len(result) != 2:
            raise TypeError(f"grad with has_aux=True needs a function that returns (number, anything); {_name(f)} returned "
                            f"{result!r:.80}")
        result, aux = result
    if not hasattr(y := unwrap(result), "__float__") or set(getattr(y, "shape", ())) - {1}:
        raise TypeError(f"grad needs a function that returns one number; {_name(f)} returned {result!r:.80}. "
                        "Use jacobian, or vjp with a cotangent; has_aux=True for a function that returns further results")
    value = run.outward(result)
    return (value, run.outward(aux)) if has_aux else value, run.gradient(result)


def _gradient_at(f: Function, argnums: Any, has_aux: bool, /, *args: Any, **named: Any) -> Any:
    value, gradient = _value_and_gradient_at(f, argnums, has_aux, *args, **named)
    return (gradient, value[1]) if has_aux else gradient


def jacobian(f: Function, argnums: int | tuple[int, ...] = 0) -> Function:
    """All first derivatives of ``f``: in the form of its result, each entry in the form of its argument.

    An array result of shape s by an array argument of shape t gives an array of shape s + t.

    >>> jacobian(lambda v: [v[0] * v[1], v[0] - v[1]])([3.0, 4.0])
    [[4.0, 3.0], [1.0, -1.0]]
    """
    return bind(_jacobian_at, f, argnums)


def _jacobian_at(f: Function, argnums: Any, /, *args: Any, **named: Any) -> Any:
    run = Reverse(f, args, named, argnums)
    return map_tree(lambda y: run.rebuild(rows_of(y, run)), run.y)


def rows_of(y: Any, run: Reverse) -> list[Any]:
    """The derivatives of every entry of ``y``, one sweep an entry, stacked for arrays."""
    if shape(y) == ():
        return run.adjoints(y)
    from .tensor import jacobian_rows
    return jacobian_rows(y, run.adjoints)


def hessian(f: Function, argnums: int | tuple[int, ...] = 0) -> Function:
    """All second derivatives of a function that returns one number: the jacobian of its gradient.

    >>> hessian(lambda v: v[0]**2 * v[1])([3.0, 4.0])
    [[8.0, 6.0], [6.0, 0.0]]
    """
    return jacobian(grad(f, argnums), argnums)


def vjp(f: Function, *xs: Any) -> tuple[Any, Function]:
    """``f(*xs)`` and its pullback: from a cotangent in the form of the result to a tuple, one for each of ``xs``.

    >>> y, pullback = vjp(lambda a, b: [a * b, a + b], 3.0, 4.0)
    >>> y, pullback([1.0, 10.0])
    ([12.0, 7.0], (14.0, 13.0))
    """
    run = Reverse(f, xs, {}, tuple(range(len(xs))))
    ys, _ = flatten(run.y)

    def pullback(cotangent: Any) -> Any:
        seeds, _ = flatten(cotangent)
        if len(seeds) != len(ys):  # an array of numbers is the form of NumPy's arrays of nodes
            seeds, _ = flatten(map_tree(lambda x: x.tolist() if hasattr(x, "tolist") else x, cotangent))
        if len(seeds) != len(ys):
            raise ValueError(f"vjp: the cotangent {cotangent!r:.60} must have the structure of the result {run.value!r:.60}")
        sums = [run.adjoints(y, seed) for y, seed in zip(ys, seeds)]
        return run.rebuild([reduce(add, parts) for parts in zip(*sums)])
    return run.value, pullback


def jvp(f: Function, xs: Any, vs: Any) -> tuple[Any, Any]:
    """``f(*xs)`` and its derivative along the tangents ``vs``, in forward mode, in one pass.

    ``xs`` is the tuple (or list) of arguments and ``vs`` has the same form; a lone number or array stands for
    one argument. Raises ValueError where the forms differ.

    >>> jvp(lambda a, b: a * b, (3.0, 4.0), (1.0, 0.5))
    (12.0, 5.5)
    """
    xs, vs = (xs, vs) if isinstance(xs, (tuple, list)) else ((xs,), (vs,))
    flat, rebuild = flatten(xs)
    tangents, _ = flatten(vs)
    shapes = [shape(x) for x in flat]
    if len(flat) != len(tangents) or shapes != [shape(v) for v in tangents]:
        raise ValueError(f"jvp: the tangents {vs!r:.80} must have the structure of the arguments {xs!r:.80}")
    check_recording(_name(f), "a derivative")
    level = next_level()
    duals = rebuild([Dual(_operand(x), _operand(v), level) for x, v in zip(flat, tangents)])
    y = followed(f, duals, {})
    tangent = map_tree(lambda y: zero_tangent(y) if (t := tangent_of(y, level)) is None else t, y)
    return map_tree(lambda y: primal(y, level), y), tangent


def _operand(x: Any) -> Any:
    if hasattr(x, "priority") or _is_array(x):
        return x * 1.0 if getattr(x, "dtype", None) and x.dtype.kind in "iu" else x
    return number(x, "jvp: an argument")


def zero_tangent(y: Any) -> Any:
    """The tangent of a result that does not depend on the arguments."""
    return 0.0 * plain(unwrap(y)) if shape(y) != () else 0.0


def hvp(f: Function, xs: Any, vs: Any) -> Any:
    """The Hessian of ``f`` at ``xs`` times ``vs``, without forming it: forward mode over reverse mode.

    ``xs`` is the tuple (or list) of arguments, ``vs`` and the result have the same form; a lone number or array
    stands for one argument. It takes the time of two gradients for any dimension (Pearlmutter, "Fast exact multiplication
    by the Hessian", 1994).

    >>> hvp(lambda x, y: x**2 * y, (3.0, 4.0), (1.0, 0.0))
    (8.0, 6.0)
    """
    if not isinstance(xs, (tuple, list)):
        return hvp(f, (xs,), (vs,))[0]
    products = jvp(grad(f, tuple(range(len(xs)))), tuple(xs), tuple(vs))[1]
    return type(xs)(products)


def _name(f: Function) -> str:
    return getattr(f, "__name__", repr(f))
