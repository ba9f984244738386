"""Containers of modules, and PyTorch's further methods of a module."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import GradientError, Tensor, Value


def linear(i=0):
    return nn.Linear(2, 2, rng=i, dtype=float)


@given(st.lists(st.tuples(st.sampled_from(["append", "insert", "delete", "set", "extend"]), st.integers(0, 9)), max_size=8),
       st.sampled_from([nn.Sequential, nn.ModuleList]))
def test_a_container_changes_as_a_list_does_and_numbers_its_modules(changes, kind):
    made, modules = kind(), []
    for i, (change, place) in enumerate(changes):
        new, at = linear(i), place % (len(modules) or 1)
        if change == "append":
            made.append(new)
            modules.append(new)
        elif change == "insert":
            made.insert(at, new)
            modules.insert(at, new)
        elif change == "extend":
            made.extend([new])
            modules.extend([new])
        elif modules and change == "delete":
            del made[at]
            del modules[at]
        elif modules:
            made[at] = modules[at] = new
    assert list(made) == modules and len(made) == len(modules)
    assert list(made.state_dict()) == [f"{i}.{name}" for i in range(len(modules)) for name in ("weight", "bias")]
    assert {module.name for module in modules} <= {f"Linear {i}" for i in range(10)}
    if modules:
        assert made[-1] is modules[-1] and list(made[1:]) == modules[1:] and list(made[::-1]) == modules[::-1]
        assert [module.name for module in modules] == [f"Linear {i}" for i in range(len(modules))]
    assert list(pickle.loads(pickle.dumps(made)).state_dict()) == list(made.state_dict())


def test_slices_of_a_sequence_share_parameters_and_give_what_lies_between():
    model = nn.Sequential(linear(0), nn.Tanh(), linear(1))
    x = np.ones((3, 2))
    assert np.array_equal(model[1:](model[:1](x)).data, model(x).data)
    assert model[:1][0] is model[0]


def test_a_dict_of_modules_is_a_dict():
    made = nn.ModuleDict({"first": linear(0)})
    made["second"] = linear(1)
    made.update([("third", nn.Tanh())])
    assert list(made) == list(made.keys()) == ["first", "second", "third"] and "second" in made and len(made) == 3
    assert list(made.state_dict()) == ["first.weight", "first.bias", "second.weight", "second.bias"]
    assert list(made.values()) == [part for _, part in made.items()]
    popped = made.pop("first")
    assert isinstance(popped, nn.Linear) and "first" not in made and len(list(made.parameters())) == 2


@pytest.mark.parametrize("wrong, error, message", [
    (lambda: nn.ModuleDict({"keys": nn.Tanh()}), ValueError, "ModuleDict cannot name a module 'keys'"),
    (lambda: nn.ModuleDict({"a.b": nn.Tanh()}), ValueError, "a name without a dot"),
    (lambda: nn.ModuleList([np.tanh]), TypeError, r"ModuleList takes modules; got ufunc .*Activation\(function\)"),
    (lambda: nn.ModuleList()(3.0), NotImplementedError, "ModuleList has no forward"),
    (lambda: linear().to("cuda"), ValueError, "device='cuda': .*leave the device out, or give 'cpu'"),
    (lambda: nn.Linear(2, 2, device="cuda:1"), ValueError, "device='cuda:1'"),
    (lambda: nn.Linear(2, 2, dtype=int), TypeError, "weights and gradients are float32 or float64"),
    (lambda: Tensor([1.0]).to("mps"), ValueError, "device='mps'"),
    (lambda: (Tensor([1.0]) * 2).requires_grad_(False), GradientError, r"use .detach\(\)"),
    (lambda: nn.Conv2d(1, 1, 1, padding_mode="mirror"), ValueError, "padding_mode='mirror'; it must be 'zeros', 'reflect'"),
    (lambda: nn.MultiheadAttention(5, 2), ValueError, "embed_dim=5 must be divisible by num_heads=2"),
    (lambda: nn.GroupNorm(2, 3), ValueError, "num_channels=3 must be divisible by num_groups=2"),
    (lambda: nn.LSTMCell(2, 3)(np.ones((4, 3))), ValueError,
     r"LSTMCell: the input has shape \(4, 3\); it must be \(N, 2\) or \(2,\)"),
    (lambda: nn.ConvTranspose2d(1, 1, 2, stride=2, output_padding=2)(np.ones((1, 2, 2))), ValueError, "must be below the stride"),
    (lambda: nn.functional.interpolate(np.ones((1, 1, 2, 2)), 3, mode="cubic"), ValueError, "mode='cubic' .*'nearest'"),
    (lambda: nn.functional.gelu(1.0, approximate="sin"), ValueError, "approximate='sin'; it must be 'none' or 'tanh'"),
    (lambda: nn.functional.huber_loss([1.0], [0.0], delta=0.0), ValueError, "delta=0.0; it must be a number above 0"),
    (lambda: nn.functional.pad(np.ones(3), (1,)), ValueError, r"give \(before, after\) for each axis"),
    (lambda: nn.functional.one_hot([3], 2), ValueError, "labels must be integers from 0 to 1"),
])
def test_what_does_not_fit_is_refused_with_the_remedy(wrong, error, message):
    with pytest.raises(error, match=message):
        wrong()


def test_to_changes_the_dtype_of_floats_only_and_keeps_the_parameters():
    model = nn.Sequential(nn.Linear(2, 3, rng=0), nn.BatchNorm1d(3))
    weight = model[0].weight
    assert model.double().cpu().to("cpu") is model and model[0].weight is weight and weight.dtype == np.float64
    assert model[1].running_mean.dtype == np.float64 and model[1].num_batches_tracked.dtype == np.int64
    assert model(np.ones((4, 2))).dtype == np.float64 and model.float()[0].bias.dtype == np.float32
    neuron = nn.Neuron(2)
    assert neuron.to("cpu") is neuron and isinstance(neuron.b, Value)


def test_buffers_are_state_and_are_not_trained():
    class Net(nn.Module):
        def __init__(self):
            self.register_parameter("scale", nn.Parameter([1.0, 2.0]))
            self.register_buffer("mean", Tensor([0.5, 0.5]))
            self.register_buffer("mask", np.array([True, False]), persistent=False)
            self.add_module("layer", linear())

    net = Net()
    assert list(net.state_dict()) == ["scale", "mean", "layer.weight", "layer.bias"]
    assert [name for name, _ in net.named_parameters()] == ["scale", "layer.weight", "layer.bias"]
    assert [name for name, _ in net.named_children()] == ["layer"] and net.mask.tolist() == [True, False]


def test_zero_grad_sets_gradients_to_none_or_to_zeros():
    model = linear()
    for to_none in (False, True):
        model(np.ones((1, 2))).sum().backward()
        model.zero_grad(set_to_none=to_none)
        assert model.weight.grad is None if to_none else not model.weight.grad.any()
    optimizer = nn.optim.SGD(model.parameters(), lr=1.0)
    model(np.ones((1, 2))).sum().backward()
    optimizer.zero_grad(set_to_none=False)
    assert not model.bias.grad.any()


# ── attention ────────────────────────────────────────────────────────────────────────────────────────────────────

def test_what_is_hidden_has_no_influence_and_a_causal_mask_hides_what_comes_later():
    x = np.random.default_rng(0).normal(size=(2, 5, 4))
    changed = x.copy()
    changed[:, 4] += 1.0
    layer = nn.MultiheadAttention(4, 2, batch_first=True, rng=0, dtype=float)
    hidden = np.zeros((2, 5), bool)
    hidden[:, 4] = True
    first, second = (layer(z, z, z, key_padding_mask=hidden)[0].data[:, :4] for z in (x, changed))
    np.testing.assert_array_equal(first, second)
    first, second = (layer(z, z, z, is_causal=True)[0].data[:, :4] for z in (x, changed))
    np.testing.assert_array_equal(first, second)
    masked = layer(x, x, x, attn_mask=np.triu(np.ones((5, 5), bool), 1))[0].data
    np.testing.assert_allclose(masked, layer(x, x, x, is_causal=True)[0].data, rtol=1e-14)


def test_weights_of_attention_sum_to_1_and_the_order_of_keys_does_not_matter():
    rng = np.random.default_rng(1)
    q, k, v = rng.normal(size=(3, 4)), rng.normal(size=(5, 4)), rng.normal(size=(5, 2))
    order = rng.permutation(5)
    attention = nn.functional.scaled_dot_product_attention
    np.testing.assert_allclose(attention(q, k[order], v[order]), attention(q, k, v), rtol=1e-13)
    np.testing.assert_allclose(attention(q, k, np.ones((5, 2))), 1.0, rtol=1e-14)


def test_copies_of_an_encoder_layer_draw_from_one_generator():
    encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8, rng=0), 2)
    assert encoder.layers[0].dropout.rng is encoder.layers[1].dropout.rng
    assert encoder.layers[0].linear1.weight is not encoder.layers[1].linear1.weight
    assert copy.deepcopy(encoder).layers[0].norm1.weight.shape == (4,)


def test_a_dict_of_modules_is_saved_as_a_module_and_is_equal_to_itself_alone(tmp_path):
    first, second = nn.ModuleDict({"a": nn.Linear(2, 1, rng=0)}), nn.ModuleDict({"a": nn.Linear(2, 1, rng=1)})
    nn.persist.save(tmp_path / "a.npz", first)
    nn.persist.load(tmp_path / "a.npz", second)
    np.testing.assert_array_equal(second["a"].weight.data, first["a"].weight.data)
    assert first != nn.ModuleDict(first.entries()) and len({first, second}) == 2
    assert list(nn.Sequential(first)) == [first]
