"""A check that cannot fail is worthless: every rule of the table is broken in every small way, and must be found out."""

import ast
import inspect
import random
import warnings

import pytest
from autograd import NoDerivativeWarning, check_gradients, ops
from autograd.row import Row
from autograd.value import _methods

FLIPPED = {ast.Gt: ast.Lt, ast.Lt: ast.Gt, ast.GtE: ast.LtE, ast.LtE: ast.GtE, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq}
STRICT = {ast.Gt: ast.GtE, ast.Lt: ast.LtE, ast.GtE: ast.Gt, ast.LtE: ast.Lt}
CHECKED = [row for row in ops.rows.values() if row.arity]
KINKS = {  # points at which a rule takes a decision, beside those from its domain
    **dict.fromkeys(("relu", "abs", "step", "sign", "floor"), [(0.0,)]), "pow": [(0.0, 2.0), (0.0, 0.0), (0.0, 1.0)],
    **dict.fromkeys(("leaky_relu", "elu"), [(0.0, 0.3), (2.0, 0.3), (-1.0, 0.3), (-1.0, -0.3)]), **dict.fromkeys(("maximum", "minimum"), [(1.5, 1.5), (1.0, 2.0), (2.0, 1.0)]),
    **dict.fromkeys(("clip_min", "clip_max"), [(1.5, 1.5), (1.0, 2.0), (2.0, 1.0)]), "sqrt": [(4.0,)], "tanh": [(20.0,)],
}
EQUIVALENT = {
    "strict": "decides only what holds at the kink itself, where either side's slope is a valid gradient (the convention is test_ops's)",
    "by one": "a factor or divisor that is 1",
    "same comparison": "out is the larger (smaller) of x and the bound: x reaches out exactly where it reaches the bound",
    "same sign": "relu(x) > 0 exactly where x > 0",
    "where infinite": "differs only where the value itself is infinite, and there is no slope to be right about",
}


def partials_in_source():
    """The text of every partial in the table, as syntax trees: {row: [tree, …]}."""
    found = {}
    for node in ast.walk(ast.parse(inspect.getsource(ops))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "row":
            found[node.args[0].value] = node.args[3:]
    return found


def broken(tree):
    """Every small break of one partial: (what was done, the syntax tree)."""
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
            yield f"swapped {names[j]} and {names[i]}", ast.Lambda(ast.arguments([], [ast.arg(n) for n in swapped], None, [], [], None, []), tree.body)
    places = [node for node in ast.walk(tree.body)]
    for place in places:
        for what, new in replacements(place):
            yield f"{what}: {ast.unparse(place)} → {ast.unparse(new)}", ast.Lambda(tree.args, Replace(place, new).visit(tree.body))


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
    return type(node)(**{field: value[:] if isinstance(value, list) else value for field, value in ast.iter_fields(node)})


def mutants(row, trees):
    """Every broken copy of a row: (what was done, the row)."""
    for i, tree in enumerate(trees):
        if row.partials[i] is False:
            yield f"∂{i}: a slope of 1 instead of none", with_partial(row, i, 1.0)
            continue
        for what, body in broken(tree):
            source = ast.unparse(ast.fix_missing_locations(ast.Expression(body)))
            yield f"∂{i}: {what}", with_partial(row, i, eval(source, vars(ops)))
    if row.arity == 2 and row.partials[0] != row.partials[1]:
        yield "swapped partials", altered(row, *row.partials[::-1])


def with_partial(row, i, partial):
    return altered(row, *(partial if j == i else p for j, p in enumerate(row.partials)))


def altered(row, *partials):
    """A row that is not in the table: a copy under another name, since methods are kept by name."""
    other = object.__new__(Row)
    vars(other).update(vars(row), name=f"{row.name}_", partials=partials)
    return other


def points(row):
    """Where a rule is tried, and to which order: its domain, and where it takes decisions."""
    name = row.name.removesuffix("_")
    rng = random.Random(name)
    drawn = [tuple(rng.uniform(low + 0.01 * (high - low), high - 0.01 * (high - low)) for low, high in row.domain) for _ in range(3)]
    small = [tuple(max(low + 0.01 * (high - low), min(x, high)) for x, (low, high) in zip((0.6, 0.7), row.domain))]
    smooth = small + drawn + ([(2.0, 0.0)] if name == "pow" else [])
    return [(point, 2) for point in smooth] + [(point, 1) for point in KINKS.get(name, [])]


def passes(row, point, order):
    try:
        return bool(check_gradients(lambda *xs: row(*xs), *point, order=order))
    finally:
        _methods.pop(row, None) if row.name.endswith("_") else None


def survives(row):
    return all(passes(row, *place) for place in points(row))


def reason(row, what):
    """Why a surviving mutant computes nothing that could be told from right; "" where it should have been caught."""
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
    return ""


@pytest.mark.parametrize("row", CHECKED, ids=str)
def test_every_rule_of_the_table_is_right(row):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NoDerivativeWarning)
        for point, order in points(row):
            report = check_gradients(row, *point, order=order)
            assert report, report


def test_every_broken_rule_is_found_out(capsys):
    trees = partials_in_source()
    assert set(trees) >= {row.name for row in CHECKED}
    before = {name: row.partials for name, row in ops.rows.items()}
    caught, equivalent, survived = 0, {}, []
    for row in CHECKED:
        for what, mutant in mutants(row, trees[row.name]):
            if not survives(mutant):
                caught += 1
            elif why := reason(row, what):
                equivalent[f"{row.name} {what}"] = why
            else:
                survived.append(f"{row.name} {what}")
    score = caught / (caught + len(survived))
    with capsys.disabled():
        print(f"\nmutants of the table's rules: {caught} of {caught + len(survived)} caught ({score:.1%}), {len(equivalent)} equivalent")
        for name, why in equivalent.items():
            print(f"  equivalent: {name}: {why}")
        for name in survived:
            print(f"  survived: {name}")
    assert before == {name: row.partials for name, row in ops.rows.items()}
    assert not any(row.name.endswith("_") for row in _methods)
    assert caught > 300
    assert score >= 0.99
