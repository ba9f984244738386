"""Mutation tests of the checker: every rule of the tables is changed in many small ways, and each error is found."""

import ast
import inspect
import math
import random
import warnings
from itertools import islice

import autograd as ag
import numpy as np
import pytest
from autograd import NoDerivativeWarning, Value, check_gradients, grad, gradient, ops, special
from autograd.arrays import pullback, table
from autograd.arrays.operation import array_operations
from autograd.operation import Operation

FLIPPED = {ast.Gt: ast.Lt, ast.Lt: ast.Gt, ast.GtE: ast.LtE, ast.LtE: ast.GtE, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq}
STRICT = {ast.Gt: ast.GtE, ast.Lt: ast.LtE, ast.GtE: ast.Gt, ast.LtE: ast.Lt}
CHECKED = [row for row in ops.rows.values() if row.arity]
KINKS = {  # points at which a rule takes a decision, beside those from its domain
    "relu abs step sign floor": [(0.0,)],
    "pow": [(0.0, 2.0), (0.0, 0.0), (0.0, 1.0)],
    "leaky_relu elu": [(0.0, 0.3), (2.0, 0.3), (-1.0, 0.3), (-1.0, -0.3)],
    "maximum minimum clip_min clip_max": [(1.5, 1.5), (1.0, 2.0), (2.0, 1.0)],
    "sqrt": [(4.0,)],
    "hypot": [(0.0, 0.0), (3.0, 4.0)],
    "tanh": [(20.0,)],
    "arctan2": [(0.0, 1.0), (1.0, 0.0)],
}
CORNERS = {"abs": (0.0,), "hypot": (0.0, 0.0), "arctan2": (0.0, 0.0)}
KINKS = {name: points for names, points in KINKS.items() for name in names.split()}
EQUIVALENT = {
    "strict": "decides only the kink itself, where either slope is valid (which is test_ops's)",
    "by one": "a factor or divisor that is 1",
    "same comparison": "out is the bound or beyond: x reaches it where x reaches the bound",
    "same sign": "relu(x) > 0 exactly where x > 0",
    "numerator 0": "differs only where the numerator is 0",
    "corner": "differs in the branch not taken, or at the corner, where 0 and its derivative nan stay what they are",
    "where infinite": "differs only where the value itself is infinite, and there is no slope",
}


def partials_in_source():
    """The text of every partial in the table, as syntax trees: {row: [tree, …]}."""
    found = {}
    for node in (node for page in (ops, special) for node in ast.walk(ast.parse(inspect.getsource(page)))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "row":
            found[node.args[0].value] = node.args[3:]
    return found


def broken(tree):
    """All mutations of one partial: (description, syntax tree)."""

    def wrapped(change):
        if isinstance(tree, ast.Lambda):
            return ast.Lambda(tree.args, change(tree.body))
        return change(tree)

    def times(k):
        return lambda body: ast.BinOp(body, ast.Mult(), ast.Constant(k))

    yield "sign", wrapped(times(-1.0))
    yield "factor 1 + 1e-6", wrapped(times(1 + 1e-6))
    yield "factor 1 - 1e-6", wrapped(times(1 - 1e-6))
    yield "factor 2", wrapped(times(2.0))
    if not isinstance(tree, ast.Lambda):
        return
    names = [a.arg for a in tree.args.args]
    for i in range(len(names)):
        for j in range(i):
            if not {names[i], names[j]} & {node.id for node in ast.walk(tree.body) if isinstance(node, ast.Name)}:
                continue  # the rule uses neither
            swapped = names.copy()
            swapped[i], swapped[j] = names[j], names[i]
            yield (
                f"swapped {names[j]} and {names[i]}",
                ast.Lambda(ast.arguments([], [ast.arg(n) for n in swapped], None, [], [], None, []), tree.body),
            )
    for place in list(ast.walk(tree.body)):
        for what, new in replacements(place):
            yield (
                f"{what}: {ast.unparse(place)} → {ast.unparse(new)}",
                ast.Lambda(tree.args, Replace(place, new).visit(tree.body)),
            )


def replacements(place):
    if isinstance(place, ast.BinOp):
        yield "dropped term", place.left
        yield "dropped term", ast.UnaryOp(ast.USub(), place.right) if isinstance(place.op, ast.Sub) else place.right
    if isinstance(place, ast.UnaryOp):
        yield "dropped sign", place.operand
    if isinstance(place, ast.Compare):
        yield "wrong side", ast.Compare(place.left, [FLIPPED[type(place.ops[0])]()], place.comparators)
        if type(place.ops[0]) in STRICT:
            yield "strict", ast.Compare(place.left, [STRICT[type(place.ops[0])]()], place.comparators)
    if isinstance(place, ast.Call) and getattr(place.func, "id", "") == "where":
        condition, yes, no = place.args
        yield "swapped branches", ast.Call(place.func, [condition, no, yes], [])
        yield "one branch", yes
        yield "one branch", no
    elif isinstance(place, ast.Call) and len(place.args) == 1:
        yield "dropped function", place.args[0]


class Replace(ast.NodeTransformer):
    def __init__(self, old, new):
        self.old, self.new = old, new

    def visit(self, node):
        return self.new if node is self.old else super().generic_visit(copied(node))


def copied(node):
    return type(node)(
        **{field: value[:] if isinstance(value, list) else value for field, value in ast.iter_fields(node)}
    )


def mutants(row, trees):
    """All mutated copies of a row: (description, row)."""
    for i, tree in enumerate(trees):
        if row.partials[i] is False:
            yield f"∂{i}: a slope of 1 instead of none", with_partial(row, i, 1.0)
            continue
        for what, body in broken(tree):
            source = ast.unparse(ast.fix_missing_locations(ast.Expression(body)))
            yield f"∂{i}: {what}", with_partial(row, i, eval(source, vars(ops) | vars(special)))
    if row.arity == 2 and row.partials[0] != row.partials[1]:
        yield "swapped partials", altered(row, *row.partials[::-1])


def with_partial(row, i, partial):
    return altered(row, *(partial if j == i else p for j, p in enumerate(row.partials)))


def altered(row, *partials):
    """A row that is not in the table: a copy under another name, since methods are kept by name."""
    other = object.__new__(Operation)
    vars(other).update(vars(row), name=f"{row.name}_", partials=partials)
    return other


def points(row):
    """The points and orders at which a rule is checked: in its domain, and at its decisions."""
    name = row.name.removesuffix("_")
    rng = random.Random(name)
    drawn = [
        tuple(rng.uniform(low + 0.01 * (high - low), high - 0.01 * (high - low)) for low, high in row.domain)
        for _ in range(3)
    ]
    small = [tuple(max(low + 0.01 * (high - low), min(x, high)) for x, (low, high) in zip((0.6, 0.7), row.domain))]
    smooth = small + drawn + ([(2.0, 0.0)] if name == "pow" else [])
    return [(point, 2) for point in smooth] + [(point, 1) for point in KINKS.get(name, [])]


def passes(row, point, order):
    return bool(check_gradients(lambda *xs: row(*xs), *point, order=order))


def keeps_corner(row):
    """At a corner whose slope is a choice the slope is 0, and it has no derivative: nan, not a wrong number."""
    corner = CORNERS.get(row.name.removesuffix("_"))
    if corner is None:
        return True
    nodes = [Value(x) for x in corner]
    slopes = gradient(row(*nodes), nodes, create_graph=True)
    flat = all(slope.data == 0 for slope in slopes)
    return flat and (row.name.startswith("arctan2") or all(math.isnan(gradient(slope, x)) for slope, x in zip(slopes, nodes)))


def survives(row):
    return all(passes(row, *place) for place in points(row)) and keeps_corner(row)


def reason(row, what):
    """The reason why a surviving mutant is equivalent; "" if it should have been caught."""
    if "strict" in what and row.name != "pow":
        return EQUIVALENT["strict"]
    if row.name == "relu" and "swapped out and x" in what:
        return EQUIVALENT["same sign"]
    if row.name in ("clip_min", "clip_max") and ("swapped out and low" in what or "swapped out and high" in what):
        return EQUIVALENT["same comparison"]
    if row.name == "pow" and "y >= 0" in what:
        return EQUIVALENT["where infinite"]
    if "1.0 * (x < 0) → x < 0" in what:
        return EQUIVALENT["by one"]
    if row.name == "arctan2" and ("→ x == 0" in what or "→ y == 0" in what):
        return EQUIVALENT["numerator 0"]
    if row.name in ("hypot", "abs") and what.partition(": ")[2].endswith(("→ sqrt(out)", "→ out", "(x == 0) → x", "→ x != 0")):
        return EQUIVALENT["corner"]
    return ""


@pytest.mark.parametrize("row", CHECKED, ids=str)
def test_every_rule_of_the_table_is_right(row):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NoDerivativeWarning)
        for point, order in points(row):
            report = check_gradients(row, *point, order=order)
            assert report, report


@pytest.mark.parametrize("share", [3, pytest.param(1, marks=pytest.mark.slow)])
def test_every_broken_rule_is_found_out(capsys, share):  # every third in the short run
    trees = partials_in_source()
    assert set(trees) >= {row.name for row in CHECKED}
    before = {name: row.partials for name, row in ops.rows.items()}
    caught, equivalent, survived = 0, {}, []
    for row in CHECKED:
        for what, mutant in islice(mutants(row, trees[row.name]), len(row.name) % share, None, share):
            if not survives(mutant):
                caught += 1
            elif why := reason(row, what):
                equivalent[f"{row.name} {what}"] = why
            else:
                survived.append(f"{row.name} {what}")
    score = caught / (caught + len(survived))
    with capsys.disabled():
        print(
            f"\nmutants of the table's rules: {caught} of {caught + len(survived)} caught ({score:.1%}), "
            f"{len(equivalent)} equivalent"
        )
        for name, why in equivalent.items():
            print(f"  equivalent: {name}: {why}")
        for name in survived:
            print(f"  survived: {name}")
    assert before == {name: row.partials for name, row in ops.rows.items()}
    assert caught > 300 / share
    assert score >= 0.99


# ── arrays: the pullbacks of the second table ────────────────────────────────────────────────────────────────────

A, B, C = (np.random.default_rng(7).normal(size=shape) for shape in ((3, 4), (4, 2), (4,)))
ARRAY_FUNCTIONS = {
    "sum": lambda a: ag.sum(a * a, axis=0),
    "broadcast_to": lambda a: ag.broadcast_to(a * a, (2, 3, 4)),
    "reshape": lambda a: ag.reshape(a, (2, 6)) ** 2,
    "transpose": lambda a: ag.transpose(a) * B[:, :1],
    "getitem": lambda a: (a * a)[1:, ::2],
    "scatter": lambda a: grad(lambda a: ag.sum(a[1:] ** 3))(a),
    "concatenate": lambda a: ag.concatenate([a, a * a], axis=1),
    "stack": lambda a: ag.stack([a * a, a], axis=1),
    "pad": lambda a: ag.pad(a * a, 1),
    "flip": lambda a: ag.flip(a, 0) * a,
    "roll": lambda a: ag.roll(a, 1, 0) * a,
    "prod": lambda a: ag.prod(a + 4.0, axis=1),
    "cumsum": lambda a: ag.cumsum(a * a, axis=1),
    "astype": lambda a: ag.astype(a * a, float),
    "where": lambda a: ag.where(a > 0, a * a, -3 * a),
    "matmul": lambda a: ag.matmul(a, a.T if hasattr(a, "T") else a),
    "einsum": lambda a: ag.einsum("ij,ik->jk", a, a),
    "max": lambda a: ag.max(a, axis=1),
    "min": lambda a: ag.min(a, axis=0),
    "logsumexp": lambda a: ag.logsumexp(a, axis=1),
    "softmax": lambda a: ag.softmax(a, axis=1),
    "log_softmax": lambda a: ag.log_softmax(a, axis=0),
}


def own_mixes():
    """The array table's operations, without those that nn.functional adds."""
    return [mix for mix in array_operations.values() if mix.module == table.__name__]


def test_every_pullback_of_the_array_table_is_tried():
    assert {mix.name for mix in own_mixes()} <= set(ARRAY_FUNCTIONS)
    for f in ARRAY_FUNCTIONS.values():
        report = check_gradients(f, A)
        assert report, report


def test_every_broken_pullback_is_found_out(monkeypatch, capsys):
    breaks = {
        "sign": lambda rule: lambda *xs, **o: -rule(*xs, **o),
        "factor 1 + 1e-6": lambda rule: lambda *xs, **o: rule(*xs, **o) * (1 + 1e-6),
        "lost": lambda rule: lambda *xs, **o: rule(*xs, **o) * 0.0,
    }
    caught, survived = 0, []
    for mix in own_mixes():
        name = mix.name
        for i, rule in enumerate(mix.pullbacks):
            for what, broken_rule in breaks.items():
                with monkeypatch.context() as patch:
                    patch.setattr(mix, "pullbacks", (*mix.pullbacks[:i], broken_rule(rule), *mix.pullbacks[i + 1 :]))
                    found = not check_gradients(ARRAY_FUNCTIONS[name], A)
                caught += found
                survived += [] if found else [f"{name} pullback {i}: {what}"]
    with monkeypatch.context() as patch:  # the entries that were broadcast get one share instead of the sum of all
        patch.setattr(
            pullback, "unbroadcast", lambda g, shape: g[(0,) * (g.ndim - len(shape))] if g.ndim > len(shape) else g
        )
        found = not check_gradients(lambda a, c: a * c, A, C)
        caught += found
        survived += [] if found else ["dropped broadcast sum"]
    with capsys.disabled():
        print(f"\nmutants of the array table: {caught} of {caught + len(survived)} caught; survived: {survived}")
    assert caught >= 0.99 * (caught + len(survived))
