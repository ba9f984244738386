"""Perceptrons, Adaline, Madaline, logic gates: the course's weights and tables, and the theorems about the rules."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import NoDerivativeWarning, Value, gradient
from nn.perceptron import GATES, Adaline, Madaline, Perceptron, gate, truth_table

CORNERS = list(product((0, 1), repeat=2))
TABLES = {"AND": [0, 0, 0, 1], "NAND": [1, 1, 1, 0], "OR": [0, 1, 1, 1], "NOR": [1, 0, 0, 0], "XOR": [0, 1, 1, 0]}


# ── gates ────────────────────────────────────────────────────────────────────────────────────────────────────────

@pytest.mark.parametrize("name", TABLES)
def test_truth_tables(name):
    assert truth_table(gate(name)) == dict(zip(CORNERS, TABLES[name], strict=True))


def test_not():
    assert truth_table(gate("NOT")) == {(0,): 1, (1,): 0}


@pytest.mark.parametrize("name, weights", [
    ("AND", (0.5, 0.5, -0.7)), ("AND", (1, 1, -1.1)), ("NAND", (-0.5, -0.5, 0.7)), ("NAND", (-1, -1, 1.1)),
    ("OR", (0.5, 0.5, -0.3)), ("OR", (1, 1, -0.9)),
])
def test_the_course_s_weights_make_its_gates(name, weights):
    *w, b = weights
    assert truth_table(Perceptron(2, w, b)) == dict(zip(CORNERS, TABLES[name], strict=True))
    if w[0] in (0.5, -0.5):
        assert GATES[name] == (tuple(w), b)


@given(st.floats(-5, 5), st.floats(-5, 5), st.floats(-5, 5))
def test_no_weights_make_a_perceptron_xor(w1, w2, b):
    assert list(truth_table(Perceptron(2, (w1, w2), b)).values()) != TABLES["XOR"]


def test_xor_is_drawn_as_three_gates():
    from autograd.graph import topological
    y = gate("XOR")([Value(0.0), Value(1.0)])
    assert {node.scope.path for node in topological(y) if node.inputs} == {"XOR/NAND", "XOR/OR", "XOR/AND"}


def test_an_unknown_gate_is_refused():
    with pytest.raises(ValueError, match="no gate 'XNOR'; choose from AND, NAND, OR, NOR, NOT and XOR"):
        gate("XNOR")


# ── Rosenblatt's rule ────────────────────────────────────────────────────────────────────────────────────────────

@pytest.mark.parametrize("name", ["AND", "NAND", "OR", "NOR"])
def test_the_perceptron_learns_every_gate_that_a_line_separates(name):
    perceptron = Perceptron(2)
    learned = perceptron.fit(CORNERS, TABLES[name])
    assert learned.success and learned.mistakes[-1] == 0 and str(learned) == f"learned in {learned.epochs} epochs"
    assert list(truth_table(perceptron).values()) == TABLES[name]


def test_one_step_of_the_rule():
    perceptron = Perceptron(2, (0.5, -0.5), 0.25)
    assert perceptron.learn((2.0, 1.0), 0, lr=0.1) == -1.0  # it said 1
    assert [w.data for w in perceptron.w] == pytest.approx([0.3, -0.6]) and perceptron.b.data == pytest.approx(0.15)
    assert perceptron.learn((-2.0, 1.0), 0) == 0.0  # right: nothing moves
    assert [w.data for w in perceptron.w] == pytest.approx([0.3, -0.6])


def test_on_xor_the_rule_cycles_for_ever_and_says_so():
    perceptron = Perceptron(2)
    learned = perceptron.fit(CORNERS, TABLES["XOR"])
    assert not learned.success and learned.cycle is not None
    assert "the rule cycles for ever; no line separates the two classes" in str(learned)
    weights = [p.data for p in perceptron.parameters()]
    for _ in range(learned.cycle):
        for x, y in zip(CORNERS, TABLES["XOR"], strict=True):
            perceptron.learn(x, y)
    assert [p.data for p in perceptron.parameters()] == weights  # round it goes


@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=1, max_size=12, unique=True),
       st.integers(-5, 5), st.integers(-5, 5))
def test_what_a_line_separates_is_learned_within_novikoff_s_bound(points, a, b):
    points = [p for p in points if a * p[0] + b * p[1] + 0.5 != 0]
    labels = [int(a * x + b * y + 0.5 > 0) for x, y in points]
    learned = Perceptron(2).fit(points, labels, max_epochs=20_000)
    assert learned.success
    # Novikoff (1962): no more mistakes than (R/γ)², counting the bias as an input of 1
    radius = max(x * x + y * y + 1 for x, y in points)
    margin = min((a * x + b * y + 0.5) ** 2 for x, y in points) / (a * a + b * b + 0.25)
    assert sum(learned.mistakes) <= radius / margin


def test_a_limit_of_epochs_is_told():
    assert str(Perceptron(2).fit(CORNERS, TABLES["AND"], max_epochs=2)) == "not learned in 2 epochs: 3 mistakes in the last one"


def test_a_step_gives_backpropagation_nothing():
    perceptron = gate("AND")
    with pytest.warns(NoDerivativeWarning, match="a gradient stops at step"):
        slopes = gradient(perceptron([1.0, 1.0]), list(perceptron.parameters()))
    assert slopes == [0.0, 0.0, 0.0]


def test_two_trained_layers_learn_xor():
    model = nn.MLP(2, [4, 1], "tanh", rng=1)
    optimizer = nn.optim.Adam(model.parameters(), lr=0.1)
    for _ in range(150):
        optimizer.zero_grad()
        loss = nn.binary_cross_entropy_with_logits([model(x)[0] for x in CORNERS], [float(y) for y in TABLES["XOR"]])
        loss.backward()
        optimizer.step()
    assert [int(model(x)[0].data > 0) for x in CORNERS] == TABLES["XOR"] and loss.data < 0.05


# ── Adaline, Madaline ────────────────────────────────────────────────────────────────────────────────────────────

@given(st.lists(st.floats(-2, 2), min_size=2, max_size=2), st.floats(-1, 1), st.floats(0.01, 0.5))
def test_the_delta_rule_is_gradient_descent_on_half_the_squared_error(x, target, lr):
    ruled, descended = Adaline(2, (0.3, -0.4), 0.1), Adaline(2, (0.3, -0.4), 0.1)
    error = ruled.learn(x, target, lr)
    optimizer = nn.optim.SGD(descended.parameters(), lr=lr)
    loss = 0.5 * nn.sse_loss(descended(x), target)
    loss.backward()
    optimizer.step()
    assert loss.data == pytest.approx(error**2 / 2, rel=1e-12, abs=1e-300)
    assert [p.data for p in ruled.parameters()] == pytest.approx([p.data for p in descended.parameters()], rel=1e-12, abs=1e-15)


def test_adaline_finds_the_least_squares_solution_of_or():
    adaline = Adaline(2)
    corners, targets = [(-1, -1), (-1, 1), (1, -1), (1, 1)], [-1, 1, 1, 1]
    errors = adaline.fit(corners, targets, lr=0.01, epochs=800)
    # the best line for OR in −1 and 1 is ½x₁ + ½x₂ + ½, with error ½² at each corner
    assert [p.data for p in adaline.parameters()] == pytest.approx([0.5, 0.5, 0.5], abs=0.01)
    assert errors[-1] == pytest.approx(0.25, abs=0.01) and errors[-1] < errors[0]
    assert [adaline.classify(x) for x in corners] == targets


def test_the_first_epoch_of_madaline_on_xor_by_hand():
    madaline = Madaline(2, 2)
    for unit, (w1, w2, b) in zip(madaline.units, [(0.05, 0.2, 0.3), (0.1, 0.2, 0.15)], strict=True):
        unit.w[0].data, unit.w[1].data, unit.b.data = w1, w2, b

    def weights():
        return [v for unit in madaline.units for v in (unit.w[0].data, unit.w[1].data, unit.b.data)]
    # (1, 1) → −1: sums .55 and .45, both wrong, both moved by ½(−1 − sum)
    assert not madaline.learn((1, 1), -1)
    assert weights() == pytest.approx([-0.725, -0.575, -0.475, -0.625, -0.525, -0.575])
    # (1, −1) → 1: sums −.625 and −.675; only the nearer to 0 is moved
    assert not madaline.learn((1, -1), 1)
    assert weights() == pytest.approx([0.0875, -1.3875, 0.3375, -0.625, -0.525, -0.575])
    assert not madaline.learn((-1, 1), 1)
    assert not madaline.learn((-1, -1), -1)
    assert weights() == pytest.approx([1.40625, -0.06875, -0.98125, -0.20625, 1.36875, -0.99375])


def test_madaline_leaves_alone_what_is_right_already():
    madaline = Madaline(1, 2)
    for unit, b in zip(madaline.units, (-0.1, 0.6), strict=True):
        unit.b.data = b
    assert not madaline.learn((0.0,), -1)  # the second says 1, so the answer is 1; the first is nearer to 0, and right
    assert [unit.b.data for unit in madaline.units] == pytest.approx([-0.1, 0.6 + 0.5 * (-1 - 0.6)])


def test_the_units_of_a_madaline_start_apart_and_the_same_for_a_seed():
    weights = [[w.data for w in unit.w] for unit in Madaline(2, 3, rng=0).units]
    assert len(set(map(tuple, weights))) == 3
    assert weights == [[w.data for w in unit.w] for unit in Madaline(2, 3, rng=0).units]


@pytest.mark.parametrize("seed", range(3))
def test_madaline_learns_xor_which_no_adaline_can(seed):
    corners, targets = [(1, 1), (1, -1), (-1, 1), (-1, -1)], [-1, 1, 1, -1]
    madaline = Madaline(2, 2, rng=seed)
    assert madaline.fit(corners, targets).success
    assert [madaline(x).data for x in corners] == targets
    adaline = Adaline(2, rng=seed)
    adaline.fit(corners, targets, epochs=200)
    assert [adaline.classify(x) for x in corners] != targets


def test_madaline_s_logic_combines_the_signs():
    for logic, answers in (("or", [-1, 1, 1, 1]), ("and", [-1, -1, -1, 1]), ("majority", [-1, -1, 1, 1])):
        madaline = Madaline(1, 3, logic)
        assert [madaline.combine([1.0] * n + [-1.0] * (3 - n)) for n in range(4)] == answers


@pytest.mark.parametrize("wrong, message", [
    (lambda: Perceptron(2, (1.0,)), "with 2 inputs needs as many weights; got 1"),
    (lambda: Perceptron(2).fit(CORNERS, [0, 1]), "4 examples and 2 targets"),
    (lambda: Perceptron(2).fit([], []), "at least one"),
    (lambda: Perceptron(2).learn((0, 0), -1), "the output of a perceptron is 0 or 1; it cannot learn the target -1"),
    (lambda: Madaline(2, 2).learn((0, 0), 0), "the output of a Madaline is -1 or 1; it cannot learn the target 0"),
    (lambda: Madaline(2, 2, "xor"), "logic='xor'; it must be 'or', 'and' or 'majority'"),
])
def test_what_cannot_be_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()
