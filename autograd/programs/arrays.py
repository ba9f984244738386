"""A graph of small Tensors as JavaScript: rows run entry by entry, linear operations as the tables of their terms.

What a row does to an entry is its own rule, run on pieces of code (``javascript``). An operation that is linear, or linear
in each of two operands, is found out by running it: which entry of the result takes which entries of the operands. What is
neither (the largest, softmax and its kin) is written out here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays.axes import all_axes
from ..graph import Node, topological
from ..operation import IEEE, Operation
from .javascript import code
from .printer import JAVASCRIPT, SourceCode, sources

FEW_ENTRIES = 64  # of an input: more cannot be shown one by one
MANY_ENTRIES = 2_000  # of all nodes together
MANY_TERMS = 20_000  # of one operation

# each returns the entries of the result and, for each operand, its edge or null; an edge
# maps (gradient, mask of arrival, True to undo broadcasting) to the downstream gradient and its mask of arrival
HELPERS = """\
const zeros = n => Array(n).fill(0)
const back = (n, add) => (g, arrived) => {
const down = zeros(n), reached = Array(n).fill(false)
g.forEach((x, k) => { if (arrived[k]) add(x, k, (i, y) => { down[i] += y; reached[i] = true }) })
return [down, reached]
}
const rowwise = (n, f, rules, operands, maps) => {
const at = k => operands.map((x, j) => typeof x === 'number' ? x : x[maps[j] ? maps[j][k] : k])
const value = zeros(n).map((_, k) => f(...at(k)))
return [value, rules.map((rule, j) => {
if (rule === null) return null
const local = value.map((out, k) => typeof rule === 'function' ? rule(out, ...at(k)) : rule), to = maps[j]
const edge = (m, to) => back(m, (g, k, add) => { if (local[k] !== false) add(to ? to[k] : k, g * local[k]) })
return { local: typeof rule === 'function' ? local.map(Number) : Number(rule), fit: edge(operands[j].length, to), unfit: edge(n) }
})]
}
const linear = (n, operands, terms) => {
const value = zeros(n), each = (table, f) => { for (let t = 0; t < table.length; t += 3) f(table[t], table[t + 1], table[t + 2]) }
operands.forEach((x, p) => each(terms[p], (k, i, c) => { value[k] += c === 1 ? x[i] : c * x[i] }))
return [value, operands.map((x, p) => {
const by = zeros(n).map(() => [])
each(terms[p], (k, i, c) => by[k].push([i, c]))
return { local: null, fit: back(x.length, (g, k, add) => by[k].forEach(([i, c]) => add(i, c === 1 ? g : c * g))) }
})]
}
const bilinear = (n, x, y, terms, more) => {
const value = zeros(n), by = zeros(n).map(() => [])
for (let t = 0; t < terms.length; t += 4) {
const [k, i, j, c] = terms.slice(t, t + 4)
value[k] += c * x[i] * y[j]
by[k].push([i, j, c])
}
const edges = [{ local: null, fit: back(x.length, (g, k, add) => by[k].forEach(([i, j, c]) => add(i, g * (c * y[j])))) },
{ local: null, fit: back(y.length, (g, k, add) => by[k].forEach(([i, j, c]) => add(j, g * (c * x[i])))) }]
if (more) { more[0].forEach((z, k) => { value[k] += z }); edges.push(more[1][0]) }
return [value, edges]
}
const extreme = (best, x, groups) => {
const value = groups.map(group => group.map(i => x[i]).reduce((a, b) => best(a, b)))
return [value, [{ local: null, fit: back(x.length, (g, k, add) => {
const hits = groups[k].filter(i => x[i] === value[k])
hits.forEach(i => add(i, g / hits.length))
}) }]]
}
const exponentials = (x, group) => {
const top = group.map(i => x[i]).reduce((a, b) => Math.max(a, b)), shift = Number.isFinite(top) ? top : 0
const e = group.map(i => Math.exp(x[i] - shift)), total = e.reduce((a, b) => a + b)
return { share: e.map(y => y / total), log: Math.log(total) + shift }
}
const grouped = (n, groups, pass) => (g, arrived) => {
const down = zeros(n), reached = Array(n).fill(false)
groups.forEach((group, k) => {
if (!group.some(i => arrived[i])) return
pass(group.map(i => arrived[i] ? g[i] : 0), k).forEach((y, m) => { down[group[m]] = y; reached[group[m]] = true })
})
return [down, reached]
}
const softmax = (x, groups) => {
const value = zeros(x.length), shares = groups.map(group => exponentials(x, group).share)
groups.forEach((group, k) => group.forEach((i, m) => { value[i] = shares[k][m] }))
return [value, [{ local: null, fit: grouped(x.length, groups, (g, k) => {
const mean = g.reduce((a, y, m) => a + y * shares[k][m], 0)
return g.map((y, m) => shares[k][m] * (y - mean))
}) }]]
}
const log_softmax = (x, groups) => {
const value = zeros(x.length), parts = groups.map(group => exponentials(x, group))
groups.forEach((group, k) => group.forEach(i => { value[i] = x[i] - parts[k].log }))
return [value, [{ local: null, fit: grouped(x.length, groups, (g, k) => {
const total = g.reduce((a, b) => a + b)
return g.map((y, m) => y - Math.exp(value[groups[k][m]]) * total)
}) }]]
}
const logsumexp = (x, groups) => {
const parts = groups.map(group => exponentials(x, group))
const edge = back(x.length, (g, k, add) => groups[k].forEach((i, m) => add(i, g * parts[k].share[m])))
return [parts.map(part => part.log), [{ local: null, fit: edge }]]
}
const cross_entropy = (x, groups, target, weights, divisor) => {
const parts = groups.map(group => exponentials(x, group))
const losses = groups.map((group, k) => (parts[k].log - x[group[target[k]]]) * weights[k])
const edge = back(x.length, (g, k, add) => groups[k].forEach((i, m) => add(i, g * (parts[k].share[m] - (m === target[k])))))
const all = (g, arrived) => edge(weights.map((w, k) => divisor ? g[0] * (w / divisor) : g[k] * w),
weights.map((_, k) => arrived[divisor ? 0 : k]))
return [divisor ? [losses.reduce((a, b) => a + b) / divisor] : losses, [{ local: null, fit: all }]]
}
return { rowwise, linear, bilinear, extreme, softmax, log_softmax, logsumexp, cross_entropy }
"""


def tensors_to_javascript(y: Any) -> str:
    """The graph of a small Tensor as a JavaScript function: every entry of every node, and the gradient on every edge.

    It takes an array whose places hold the entries of the leaves in row order, by the numbers that ``steps`` gives to nodes,
    puts every node's entries in its place, and returns for each node the edges to its operands (null for a constant).
    Choices that Python made (an ``if``, the order of a sort, the condition of ``where``) stay as they were recorded.
    Raises LookupError for more than 64 entries in an input or 2,000 in all, for float32, and for an operation that is neither
    a row nor linear nor one of the few that are written out.

    >>> from autograd import Tensor
    >>> x = Tensor([1.0, 2.0], "x")
    >>> print(tensors_to_javascript((x * x).sum()).splitlines()[-4])
    [v[1], l[1]] = $.rowwise(2, (x, y) => (x * y), [(out, x, y) => y, (out, x, y) => x], [v[0], v[0]], [null,null]);
    """
    order = topological(y)
    place = {node: i for i, node in enumerate(order)}
    _check_size(order)
    used: set[str] = set()
    lines = [f"[v[{i}], l[{i}]] = {_call(node, place, used)};" for i, node in enumerate(order) if node.operands]
    known = sources(used, JAVASCRIPT)
    constants = [f"const {name} = {known[name]}" for name in sorted(known)]
    return "\n".join(["v => {", f"const $ = (() => {{\n{HELPERS}}})()", *constants, "const l = [];", *lines, "return l", "}"])


def _check_size(order: list[Node]) -> None:
    arrays = [np.asarray(node.plain_data()) for node in order]
    large = next((node for node, array in zip(order, arrays) if not node.operands and array.size > FEW_ENTRIES), None)
    if large is not None:
        raise LookupError(f"{large.name or 'an input'} has {np.size(large.plain_data()):,} entries, and the page can change "
                          f"inputs of up to {FEW_ENTRIES}; viz.zoom opens a part of an operation")
    if (total := sum(array.size for array in arrays)) > MANY_ENTRIES:
        raise LookupError(f"the nodes have {total:,} entries in all, and the page computes up to {MANY_ENTRIES:,}")
    if any(array.dtype != np.float64 for array in arrays):
        raise LookupError("some nodes are float32, and the page computes in float64")


def _call(node: Any, place: dict[Any, int], used: set[str]) -> str:
    """The helper's call that computes a node."""
    texts = [f"v[{place[x]}]" if x in place else _listed(x) for x in node.operands]
    arrays = [np.asarray(getattr(x, "array", x), dtype=float) for x in node.operands]
    takes = [type(x) is type(node) and x.requires_grad for x in node.operands]
    if isinstance(node.op, Operation):
        return _row(node, texts, arrays, takes, used)
    if write := _written.get(node.op.name):
        return write(node, texts, arrays)
    run: Callable[..., Any] = lambda *xs: np.asarray(node.op.forward(*xs, **_fresh(node.params)), dtype=float).ravel()
    if node.op.is_linear:
        tables = [_terms(run, arrays, p, node.op.name) for p in range(len(arrays))]
        return f"$.linear({node.size}, [{', '.join(texts)}], {_numbers(tables)})"
    if not node.op.bilinear or len(arrays) > 3:
        raise LookupError(f"the operation {node.op.name!r} has no JavaScript: it is not linear in its operands, and "
                          "no JavaScript is written for it")
    if len(arrays) == 1:
        return f"$.linear({node.size}, [{texts[0]}], {_numbers([_terms(run, arrays, 0, node.op.name)])})"
    terms = _pairs(run, arrays, node.op.name)
    more = f", $.linear({node.size}, [{texts[2]}], {_numbers([_terms(run, arrays, 2, node.op.name)])})" if len(arrays) == 3 else ""
    return f"$.bilinear({node.size}, {texts[0]}, {texts[1]}, {_numbers(terms)}{more})"


def _fresh(params: dict[str, Any]) -> dict[str, Any]:
    return {key: dict(x) if key == "cache" else x for key, x in params.items()}


def _listed(x: Any) -> str:
    """A constant operand: a number, or the list of its entries."""
    array = np.asarray(getattr(x, "array", x), dtype=float)
    return f"[{','.join(code(float(entry)) for entry in array.ravel())}]"


def _numbers(x: Any) -> str:
    """Nested lists of numbers, whole ones without a point."""
    if isinstance(x, (list, tuple)):
        return f"[{','.join(map(_numbers, x))}]"
    return "null" if x is None else f"{x:g}" if float(f"{x:g}") == x else repr(float(x))


def _row(node: Any, texts: list[str], arrays: list[Any], takes: list[bool], used: set[str]) -> str:
    """A row, its rules run once on the names of an entry of each operand."""
    names, mine = "xyz"[:len(arrays)], set[str]()
    given: list[Any] = [SourceCode(name, mine) if np.ndim(array) or take else IEEE(float(array))
                        for name, array, take in zip(names, arrays, takes)]
    if not any(isinstance(x, SourceCode) for x in given):
        given = [SourceCode(name, mine) for name in names]
    out, arguments = SourceCode("out", mine), ", ".join(names)
    rules = [(rule(out, *given) if callable(rule) else rule) if take else None for rule, take in zip(node.op.partials, takes)]
    listed = [f"(out, {arguments}) => {code(rule)}" if isinstance(rule, SourceCode) else "null" if rule is None else code(rule)
              for rule in rules]
    maps = [None if array.shape == node.shape else
            np.broadcast_to(np.arange(array.size).reshape(array.shape), node.shape).ravel().tolist() for array in arrays]
    body = code(node.op(*given))
    text = f"$.rowwise({node.size}, ({arguments}) => {body}, [{', '.join(listed)}], [{', '.join(texts)}], {_numbers(maps)})"
    used |= mine
    return text


# ── linear operations: which entry of the result takes which entries of the operands ─────────────────────────────

def _terms(run: Callable[..., Any], arrays: list[Any], p: int, name: str) -> list[float]:
    """The terms of the result that operand ``p`` brings: (entry of the result, entry of the operand, factor), in a row."""
    others, shape = [np.zeros_like(array) for array in arrays], arrays[p].shape

    def found(entries: Any) -> list[float]:
        made: list[float] = run(*others[:p], entries.reshape(shape), *others[p + 1:]).tolist()
        return made

    marks = np.random.default_rng(7).uniform(1.0, 2.0, arrays[p].size)  # random, to identify entries and their sums
    known = {mark: i for i, mark in enumerate(marks.tolist())}
    marked = found(marks)
    if all(x == 0 or x in known for x in marked):
        return [n for k, x in enumerate(marked) if x for n in (k, known[x], 1)]
    units = enumerate(np.eye(arrays[p].size))
    return _few([n for i, unit in units for k, c in enumerate(found(unit)) if c for n in (k, i, c)], 3, name)


def _pairs(run: Callable[..., Any], arrays: list[Any], name: str) -> list[float]:
    """The terms of a product: (entry of the result, of the first operand, of the second, factor), in a row."""
    x, y, *rest = arrays
    none = [np.zeros_like(array) for array in rest]
    terms: list[float] = []
    for i, unit in enumerate(np.eye(x.size)):
        one = unit.reshape(x.shape)
        found = _terms(lambda y, one=one: run(one, y, *none), [y], 0, name)
        terms += [n for t in range(0, len(found), 3) for n in (found[t], i, found[t + 1], found[t + 2])]
        _few(terms, 4, name)
    return terms


def _few(terms: list[float], length: int, name: str) -> list[float]:
    if len(terms) > length * MANY_TERMS:
        raise LookupError(f"the operation {name!r} has over {MANY_TERMS:,} terms, too many for a page")
    return terms


# ── operations that are written out ──────────────────────────────────────────────────────────────────────────────

def _groups(shape: tuple[int, ...], axis: Any) -> str:
    """The entries that an operation along axes takes together, one list for each place in the others."""
    axes = all_axes(axis, len(shape))
    entries = np.moveaxis(np.arange(int(np.prod(shape))).reshape(shape), axes, range(len(shape) - len(axes), len(shape)))
    return _numbers(entries.reshape(-1, int(np.prod([shape[a] for a in axes]))).tolist())


def _along(helper: str) -> Callable[..., str]:
    def write(node: Any, texts: list[str], arrays: list[Any]) -> str:
        return f"$.{helper}{texts[0]}, {_groups(arrays[0].shape, node.params['axis'])})"
    return write


def _cross_entropy(node: Any, texts: list[str], arrays: list[Any]) -> str:
    o, rows = node.params, len(arrays[0])
    weights = np.broadcast_to(np.asarray(o["weights"], dtype=float), rows).tolist()
    divisor = "null" if o["divisor"] is None else code(float(o["divisor"]))
    return (f"$.cross_entropy({texts[0]}, {_groups(arrays[0].shape, 1)}, {_numbers(np.asarray(o['target']).tolist())}, "
            f"{_numbers(weights)}, {divisor})")


_written: dict[str, Callable[..., str]] = {
    "max": _along("extreme(Math.max, "), "min": _along("extreme(Math.min, "), "logsumexp": _along("logsumexp("),
    "softmax": _along("softmax("), "log_softmax": _along("log_softmax("), "cross_entropy": _cross_entropy,
}
