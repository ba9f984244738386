"""Module: the tree of parameters, its state, and its display."""

import numpy as np
import pytest

import nn
from autograd import Value, grad, no_grad, scope
from autograd.graph import topological
from autograd.tensor import Tensor
from nn import functional_call


class Block(nn.Module):
    """All kinds of content: parameters, buffers, modules, in attributes, lists and dicts."""

    def __init__(self):
        self.scale = Tensor([2.0])
        self.count = Tensor([0, 0], requires_grad=False)
        self.parts = [nn.Linear(2, 3, rng=0), {"norm": nn.BatchNorm1d(3)}]
        self.single = Value(1.0)
        self.shared = self.parts[0]
        self.number, self.text, self.nothing = 3.0, "text", None

    def forward(self, x):
        return self.parts[1]["norm"](self.parts[0](x)) * self.scale


PARAMETERS = ["scale", "parts.0.weight", "parts.0.bias", "parts.1.norm.weight", "parts.1.norm.bias", "single"]
BUFFERS = ["count", "parts.1.norm.running_mean", "parts.1.norm.running_var", "parts.1.norm.num_batches_tracked"]


def test_the_tree_has_every_parameter_buffer_and_module_once_in_order():
    block = Block()
    assert [name for name, _ in block.named_parameters()] == PARAMETERS
    assert [name for name, _ in block.named_buffers()] == BUFFERS
    assert [name for name, _ in block.named_modules()] == ["", "parts.0", "parts.1.norm"]
    assert [type(child).__name__ for child in block.children()] == ["Linear", "BatchNorm1d"]
    assert len(list(block.parameters())) == 6 and len(list(block.buffers())) == 4 and len(list(block.modules())) == 3


def test_state_is_a_copy_and_loads_back_into_another():
    first, second = Block(), Block()
    first(np.random.default_rng(0).normal(size=(4, 2)))
    state = first.state_dict()
    assert sorted(state) == sorted([*PARAMETERS, *BUFFERS, "shared.weight", "shared.bias"])  # what is shared, by both paths
    kept = state["parts.0.weight"].copy()
    first.parts[0].weight.data[:] = 9.0
    np.testing.assert_array_equal(state["parts.0.weight"], kept)
    second.single.data = 5.0
    assert second.load_state_dict(state) == ([], [])
    np.testing.assert_array_equal(second.parts[0].weight.data, kept)
    assert (second.single.data, second.parts[1]["norm"].num_batches_tracked.item()) == (1.0, 1)
    state["parts.0.weight"][:] = 7.0  # nor does the state stay tied to the module it was loaded into
    np.testing.assert_array_equal(second.parts[0].weight.data, kept)


@pytest.mark.parametrize("change, error, message", [
    (lambda s: s.pop("scale"), KeyError, "load_state_dict of Block: missing scale; unexpected nothing"),
    (lambda s: s.update(other=1.0), KeyError, "missing nothing; unexpected other"),
    (lambda s: s.update(scale=np.ones(3)), ValueError, r"scale has shape \(1,\); the state has an array of shape \(3,\)"),
    (lambda s: s.update(scale=["much"]), TypeError, "scale holds float64; <U4 in the state"),
    (lambda s: s.update(count=np.array([0.5, 1.0])), TypeError, "count holds int64; float64 in the state"),
    (lambda s: s.update(single=np.ones(2)), TypeError, "single is one number; got ndarray"),
    (lambda s: s.update(single="1"), TypeError, "single is one number; got str"),
])
def test_a_state_that_does_not_fit_is_refused_before_anything_changes(change, error, message):
    block = Block()
    before = repr(block.state_dict())
    state = {key: value + 1 for key, value in block.state_dict().items()}
    change(state)
    with pytest.raises(error, match=message):
        block.load_state_dict(state)
    assert repr(block.state_dict()) == before


def test_an_interruption_while_loading_undoes_what_was_loaded():
    class Interrupting(Value):
        __slots__ = ()
        armed = False

        @property
        def data(self):
            return Value.data.__get__(self)

        @data.setter
        def data(self, number):
            if self.armed:
                type(self).armed = False
                raise KeyboardInterrupt
            Value.data.__set__(self, number)

    module = nn.Module()
    module.first, module.second = Tensor([1.0]), Interrupting(2.0)
    Interrupting.armed = True
    with pytest.raises(KeyboardInterrupt):
        module.load_state_dict({"first": [5.0], "second": 6.0})
    assert (module.first.item(), module.second.data) == (1.0, 2.0)


def test_without_strict_what_is_there_is_loaded_and_the_rest_told():
    block = Block()
    assert block.load_state_dict({"scale": [7.0], "other": 1.0}, strict=False) == (
        [name for name in block.state_dict() if name != "scale"], ["other"])
    assert block.scale.item() == 7.0


def test_loading_keeps_the_dtype():
    layer = nn.Linear(2, 1)
    layer.load_state_dict({"weight": np.ones((1, 2)), "bias": [0]})
    assert {p.dtype for p in layer.parameters()} == {np.dtype(np.float32)}


def test_train_and_eval_reach_every_module():
    block = Block()
    assert block.eval() is block and not any(module.training for module in block.modules())
    assert block.train() is block and all(module.training for module in block.modules())


def test_freezing_keeps_parameters_parameters_and_buffers_buffers():
    block = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    names = [name for name, _ in block.named_parameters()], [name for name, _ in block.named_buffers()]
    assert block.requires_grad_(False) is block
    assert not block(np.ones((2, 2))).requires_grad
    assert ([name for name, _ in block.named_parameters()], [name for name, _ in block.named_buffers()]) == names
    block.requires_grad_()
    assert all(p.requires_grad for p in block.parameters()) and not any(b.requires_grad for b in block.buffers())
    with pytest.raises(TypeError, match="requires_grad_: single is a Value, which cannot be frozen"):
        Block().requires_grad_(False)


def test_zero_grad_and_apply_reach_every_parameter_and_module():
    block = nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.Linear(3, 1)))
    block(np.ones((2, 2))).sum().backward()
    assert all(p.grad is not None for p in block.parameters())
    block.zero_grad()
    assert all(p.grad is None for p in block.parameters())
    seen = []
    assert block.apply(seen.append) is block
    assert seen == [block[1][0], block[1], block[0], block]  # those below first


def test_a_parameter_that_is_replaced_is_the_new_one_and_a_buffer_may_become_one():
    block = Block()
    block.count = Tensor([1.0])
    block.scale = None
    block.scale = Tensor([1.0], requires_grad=False)
    assert "count" in dict(block.named_parameters()) and "scale" in dict(block.named_buffers())


def test_a_module_is_named_by_the_attribute_that_holds_it_unless_it_has_a_name():
    class Net(nn.Module):
        def __init__(self):
            self.first = nn.Linear(2, 2, rng=0)
            self.rest = [nn.Tanh()]
            own = nn.Tanh()
            own.name = "squash"
            self.last = own

        def forward(self, x):
            return self.last(self.rest[0](self.first(x)))

    with scope("outside"):
        y = Net()(np.ones((1, 2)))
    paths = dict.fromkeys(node.scope.path for node in topological(y) if node.inputs)
    assert list(paths) == ["outside/Net/first", "outside/Net/rest.0", "outside/Net/squash"]


def test_a_call_leaves_the_surroundings_as_they_were_after_an_exception_too():
    class Broken(nn.Module):
        def forward(self):
            raise KeyboardInterrupt

    with scope("outside"), no_grad():
        with pytest.raises(KeyboardInterrupt):
            Broken()()
        inside = Value(1.0) * 2
    assert inside.scope.path == "outside" and inside.inputs == ()
    after = Value(1.0) * 2
    assert after.scope is None and after.inputs


def test_repr_shows_the_tree_with_numbers_and_arrays_alike():
    assert repr(nn.Sequential(nn.Linear(2, 3, bias=False), nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.LSTM(2, 3)))) == (
        "Sequential(\n  (0): Linear(2, 3, bias=False)\n  (1): Sequential(\n"
        "    (0): Conv2d(1, 2, kernel_size=(3, 3), padding=1)\n    (1): LSTM(2, 3)\n  )\n)")


def test_every_layer_has_a_repr_that_says_what_it_is_made_of():
    made = [nn.Maxout(2, 3), nn.Embedding(4, 2), nn.MaxPool2d(2), nn.AvgPool2d(2), nn.BatchNorm1d(3, affine=False), nn.LayerNorm(4),
            nn.Dropout(0.3), nn.GRU(2, 3, num_layers=2), nn.LeakyReLU(0.2), nn.PReLU(), nn.ELU(), nn.Softplus(), nn.Softmax(1),
            nn.CrossEntropyLoss(), nn.HingeLoss(2.0)]
    assert [repr(module) for module in made] == [
        "Maxout(2, 3, pieces=2\n  (linear): Linear(2, 6)\n)", "Embedding(4, 2)",
        "MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1)",
        "AvgPool2d(kernel_size=2, stride=2, padding=0, count_include_pad=True)",
        "BatchNorm1d(3, eps=1e-05, momentum=0.1, affine=False)",
        "LayerNorm((4,), eps=1e-05)", "Dropout(p=0.3)", "GRU(2, 3, num_layers=2)", "LeakyReLU(negative_slope=0.2)",
        "PReLU(num_parameters=1)", "ELU(alpha=1.0)", "Softplus(beta=1.0)", "Softmax(dim=1)", "CrossEntropyLoss()",
        "HingeLoss(margin=2.0)"]


def test_watch_sees_every_call_and_is_over_afterwards():
    model = nn.Sequential(nn.Linear(2, 3, rng=0), nn.Tanh())
    seen = []
    with model.watch(lambda path, module, inputs, output: seen.append((path, module, inputs[0].shape, output.shape))):
        model(np.ones((4, 2)))
    model(np.ones((4, 2)))
    assert seen == [("0", model[0], (4, 2), (4, 3)), ("1", model[1], (4, 3), (4, 3)), ("", model, (4, 2), (4, 3))]
    with pytest.raises(ZeroDivisionError), model.watch(lambda *call: 1 / 0):
        model(np.ones((4, 2)))
    model(np.ones((4, 2)))
    assert "forward" not in vars(model) and "forward" not in vars(model[0])


# ── the summary ──────────────────────────────────────────────────────────────────────────────────────────────────

def test_summary_of_the_course_s_small_conv_net():
    model = nn.Sequential(nn.Conv2d(3, 10, 5, padding=2, rng=0), nn.ReLU(), nn.MaxPool2d(2), nn.BatchNorm2d(10), nn.Dropout(rng=0),
                          nn.Flatten(), nn.Linear(2560, 10, rng=0))
    state = repr(model.state_dict()), repr([g.bit_generator.state for _, g in model.named_generators()])
    table = model.summary((2, 3, 32, 32))
    assert [(row.path, row.kind, row.shape, row.parameters, row.bytes) for row in table] == [
        ("", "Sequential", (2, 10), 0, 0), ("0", "Conv2d", (2, 10, 32, 32), 760, 3040), ("1", "ReLU", (2, 10, 32, 32), 0, 0),
        ("2", "MaxPool2d", (2, 10, 16, 16), 0, 0), ("3", "BatchNorm2d", (2, 10, 16, 16), 20, 80),
        ("4", "Dropout", (2, 10, 16, 16), 0, 0), ("5", "Flatten", (2, 2560), 0, 0), ("6", "Linear", (2, 10), 25610, 102440)]
    assert (table.parameters, table.bytes) == (26390, 105560)
    assert (repr(model.state_dict()), repr([g.bit_generator.state for _, g in model.named_generators()])) == state
    assert all(module.training for module in model.modules())
    lines = str(table).splitlines()
    assert lines[0].split() == ["module", "class", "output", "shape", "parameters", "bytes"]
    assert lines[3] == "0       Conv2d       (2, 10, 32, 32)         760    3,040"
    assert lines[-1].split() == ["total", "26,390", "105,560"]


def test_summary_counts_what_is_shared_once_and_shows_what_is_not_called():
    class Tied(nn.Module):
        def __init__(self):
            self.one = nn.Linear(2, 2, rng=0)
            self.other = nn.Linear(2, 2, rng=0)
            self.other.weight = self.one.weight
            self.idle = nn.Linear(5, 5, rng=0)

        def forward(self, x):
            return self.other(self.one(x))

    table = Tied().summary((1, 2))
    assert [(row.path, row.shape, row.parameters) for row in table] == [
        ("", (1, 2), 0), ("one", (1, 2), 6), ("other", (1, 2), 2), ("idle", None, 30)]
    assert "–" in str(table)


def test_summary_of_recurrent_layers_embeddings_and_numbers():
    assert nn.LSTM(3, 4).summary((5, 2, 3))[0][2:4] == (((5, 2, 4), ((1, 2, 4), (1, 2, 4))), 4 * 4 * (3 + 4 + 2))
    assert nn.Embedding(7, 2).summary((5,), dtype=int)[0].shape == (5, 2)
    table = nn.MLP(2, [3, 1], rng=0).summary((2,))
    assert (table[0].shape, table.parameters, table.bytes) == ((1,), 13, 104)
    assert table[2].shape == () and table[2].path == "layers.0.neurons.0"


def test_functional_call_is_the_module_with_other_parameters_and_leaves_it_its_own():
    model = nn.Sequential(nn.Linear(3, 2, rng=0, dtype=float), nn.Tanh(), nn.Linear(2, 1, rng=1, dtype=float))
    x = np.random.default_rng(2).normal(size=(4, 3))
    own = model.state_dict()
    other = {path: array + 0.5 for path, array in own.items()}
    got = functional_call(model, other, x)
    for path, array in model.state_dict().items():
        assert np.array_equal(array, own[path])
    model.load_state_dict(other)
    assert np.array_equal(got, model(x).data)


def test_gradients_through_functional_call_are_those_of_backward():
    model = nn.MLP(2, [3, 1], rng=0)
    paths = [path for path, _ in model.named_parameters()]
    f = lambda *numbers: functional_call(model, dict(zip(paths, numbers)), [0.5, -1.0])[0]
    got = grad(f, argnums=tuple(range(len(paths))))(*(p.data for p in model.parameters()))
    model([0.5, -1.0])[0].backward()
    assert list(got) == [p.grad for p in model.parameters()]


def test_functional_call_replaces_a_shared_parameter_everywhere_and_restores_after_an_error():
    model = nn.Sequential(nn.Linear(2, 2, rng=0, dtype=float), nn.Linear(2, 2, rng=1, dtype=float))
    model[1].weight = model[0].weight
    weight = np.array([[2.0, 0.0], [0.0, 3.0]])
    parameters = {"0.weight": weight, "0.bias": np.zeros(2), "1.bias": np.zeros(2)}
    assert functional_call(model, parameters, np.ones((1, 2))).tolist() == [[4.0, 9.0]]
    before = model[0].weight
    with pytest.raises(ValueError, match="mismatch"):
        functional_call(model, parameters, np.ones((1, 5)))
    assert model[0].weight is before is model[1].weight
    with pytest.raises(KeyError, match=r"no 2\.weight; its paths are 0\.weight, 0\.bias, 1\.weight, 1\.bias"):
        functional_call(model, {"2.weight": weight}, np.ones((1, 2)))


# ── parameters that would vanish ─────────────────────────────────────────────────────────────────────────────────

def replaced(do):
    net = nn.Linear(2, 3, rng=0)
    with pytest.raises(TypeError) as refused:
        do(net)
    assert [name for name, _ in net.named_parameters()] == ["weight", "bias"]
    return str(refused.value)


def test_a_parameter_overwritten_by_a_result_is_refused_with_the_remedy():
    said = replaced(lambda net: setattr(net, "weight", net.weight * 1.0))
    assert "Linear.weight is a parameter and would be replaced by the result of mul" in said and "write .weight.data = " in said


@pytest.mark.parametrize("instead", [
    lambda w: no_grad()(lambda: w - 0.1)(), lambda w: Tensor(w.data, requires_grad=False), lambda w: w.data * 2, lambda w: 0.0,
    lambda w: w.detach(), lambda w: [w * 1.0],
])
def test_whatever_would_not_be_trained_in_its_place_is_refused(instead):
    replaced(lambda net: setattr(net, "weight", instead(net.weight)))


def test_parameters_in_lists_are_kept_too():
    neuron = nn.Neuron(2, rng=0)
    with pytest.raises(TypeError, match=r"Neuron\.w\.0 is a parameter and would be replaced by the result of mul"):
        neuron.w = [w * 0.9 for w in neuron.w]
    with pytest.raises(TypeError, match=r"Neuron\.b is a parameter and would be replaced by float 0\.5"):
        neuron.b = 0.5
    assert len(list(neuron.parameters())) == 3


def test_what_is_trained_or_asked_for_may_take_a_parameters_place():
    net = nn.Linear(2, 3, rng=0)
    net.weight = net.weight
    net.weight = Tensor(np.ones((3, 2)))
    net.bias = None
    net.kept = net.weight * 2  # a result under a name of its own is none of the parameters
    net.kept = net.weight * 3
    assert [name for name, _ in net.named_parameters()] == ["weight"]
    net.weight = nn.Identity()
    assert not list(net.parameters())


def test_a_name_is_a_string():
    net = nn.Linear(2, 3)
    with pytest.raises(TypeError, match="Linear.name must be a string, the module's name in pictures and messages; got 3"):
        net.name = 3
    net.name = None


# ── what is shared ───────────────────────────────────────────────────────────────────────────────────────────────

class Tied(nn.Module):
    """Two layers, the second with the weight of the first where ``tied``."""

    def __init__(self, tied, rng=0):
        rng = np.random.default_rng(rng)
        self.first, self.second = nn.Linear(3, 3, rng=rng), nn.Linear(3, 3, rng=rng)
        if tied:
            self.second.weight = self.first.weight

    def forward(self, x):
        return self.second(self.first(x))


def test_states_load_from_tied_into_untied_networks_and_back():
    x = np.random.default_rng(1).normal(size=(4, 3)).astype(np.float32)
    tied, untied, again = Tied(True, rng=1), Tied(False, rng=2), Tied(True, rng=3)
    assert untied.load_state_dict(tied.state_dict()) == ([], [])
    assert np.array_equal(untied(x).data, tied(x).data) and untied.second.weight is not untied.first.weight
    assert again.load_state_dict(untied.state_dict()) == ([], [])
    assert np.array_equal(again(x).data, tied(x).data) and again.second.weight is again.first.weight


def test_a_state_with_two_different_weights_for_one_is_refused_and_changes_nothing():
    tied, untied = Tied(True, rng=1), Tied(False, rng=2)
    before = repr(tied.state_dict())
    with pytest.raises(ValueError, match="first.weight and second.weight are one parameter of this network"):
        tied.load_state_dict(untied.state_dict())
    assert repr(tied.state_dict()) == before
    tied.load_state_dict(untied.state_dict(), strict=False)
    assert np.array_equal(tied.second.weight.data, untied.first.weight.data)


def test_a_state_that_names_what_is_shared_once_loads():
    """States of older versions name a shared parameter only once."""
    tied, other = Tied(True, rng=1), Tied(True, rng=2)
    state = tied.state_dict()
    del state["second.weight"]
    assert other.load_state_dict(state) == ([], [])
    assert np.array_equal(other.second.weight.data, tied.first.weight.data)
    del state["first.weight"]
    with pytest.raises(KeyError, match=r"missing first\.weight, second\.weight; unexpected nothing"):
        other.load_state_dict(state)


def test_summary_has_a_row_for_each_use_and_counts_once():
    layer = nn.Linear(2, 2, rng=0)

    class Twice(nn.Module):
        def __init__(self):
            self.layer = layer

        def forward(self, x):
            return self.layer(self.layer(x))

    rows = [(row.path, row.shape, row.parameters, row.shared) for row in nn.Sequential(layer, nn.Tanh(), layer).summary((5, 2))]
    assert rows == [("", (5, 2), 0, ""), ("0", (5, 2), 6, ""), ("1", (5, 2), 0, ""), ("2", (5, 2), 0, "same as 0")]
    rows = [(row.path, row.shape, row.parameters, row.shared) for row in Twice().summary((5, 2))]
    assert rows == [("", (5, 2), 0, ""), ("layer", (5, 2), 6, ""), ("layer", (5, 2), 0, "again")]
    rows = [(row.path, row.parameters, row.shared) for row in Tied(True).summary((1, 3))]
    assert rows == [("", 0, ""), ("first", 12, ""), ("second", 3, "weight is first.weight")]
    assert Tied(True).summary((1, 3)).parameters == 15


def test_functional_call_takes_a_shared_parameter_by_either_path_and_refuses_both():
    tied = Tied(True)
    x, weight = np.ones((1, 3)), 2 * np.eye(3)
    by_first, by_second = (functional_call(tied, {path: weight}, x).data for path in ("first.weight", "second.weight"))
    assert np.array_equal(by_first, by_second)
    with pytest.raises(ValueError, match="name one parameter twice"):
        functional_call(tied, {"first.weight": weight, "second.weight": weight}, x)
