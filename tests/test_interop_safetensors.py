"""nn.interop.safetensors: the format byte by byte, the package's own reader and writer, and PyTorch where it is installed."""

from __future__ import annotations

import json
import struct
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from safetensors.numpy import load_file, save_file

import nn
from nn.interop import safetensors
from nn.persist import CheckpointError

DTYPES = [np.float64, np.float32, np.float16, np.int64, np.int32, np.int16, np.int8, np.uint8, np.bool_]


def network(rng, dtype=None):
    rng = np.random.default_rng(rng)
    return nn.Sequential(nn.Conv2d(1, 2, 3, rng=rng, dtype=dtype), nn.BatchNorm2d(2, dtype=dtype), nn.ReLU(), nn.Flatten(),
                         nn.Linear(72, 3, rng=rng, dtype=dtype))


def written(path, header, content):
    """A file as the format's description has it: the header's length in 8 bytes, the header in JSON, the entries."""
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + content)
    return path


@given(state=st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5).filter(lambda name: name != "__metadata__"),
                             arrays.arrays(st.sampled_from(DTYPES), arrays.array_shapes(min_dims=0, min_side=0)), max_size=3))
def test_every_array_comes_back_bit_for_bit_and_the_package_reads_the_same(state, tmp_path_factory):
    path = tmp_path_factory.mktemp("files") / "state.safetensors"
    safetensors.save(path, state)
    for found in (safetensors.load(path), load_file(path)):
        assert found.keys() == state.keys()
        for name, array in state.items():
            assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)
            assert found[name].tobytes() == array.tobytes()


@pytest.mark.parametrize("order", [(1, 0), (0, 1)])
def test_entries_are_in_the_order_of_c_whatever_the_layout_in_memory(tmp_path, order):
    array = np.arange(6.0).reshape(2, 3).transpose(order).copy("F")[::-1]
    safetensors.save(tmp_path / "a", {"x": array, "big": array.astype(">f8")})
    for found in (safetensors.load(tmp_path / "a"), load_file(tmp_path / "a")):
        np.testing.assert_array_equal(found["x"], array)
        np.testing.assert_array_equal(found["big"], array)


def test_a_file_by_the_books(tmp_path):
    header = {"__metadata__": {"format": "pt"}, "half": {"dtype": "BF16", "shape": [3], "data_offsets": [0, 6]},
              "x": {"dtype": "F32", "shape": [1, 2], "data_offsets": [6, 14]}}
    path = written(tmp_path / "a", header, struct.pack("<3H2f", 0x3F80, 0xC020, 0x7F80, 1.5, -2.0))
    found = safetensors.load(path)
    assert found["half"].dtype == np.float32
    assert found["half"].tolist() == [1.0, -2.5, np.inf]  # bfloat16 is the upper half of a float32
    assert found["x"].tolist() == [[1.5, -2.0]]
    found["x"][0] = 7  # an array of its own, which may be written into


def test_metadata_is_in_the_header(tmp_path):
    safetensors.save(tmp_path / "a", {"x": np.zeros(2)}, {"format": "pt", "epoch": "3"})
    data = (tmp_path / "a").read_bytes()
    assert json.loads(data[8:8 + struct.unpack("<Q", data[:8])[0]])["__metadata__"] == {"format": "pt", "epoch": "3"}


@pytest.mark.parametrize("build", [
    network, lambda rng: nn.LSTM(3, 4, num_layers=2, rng=rng), lambda rng: nn.MLP(2, [3, 1], rng=rng),
    lambda rng: nn.Embedding(5, 2, rng=rng)])
def test_a_network_comes_back(tmp_path, build):
    first, second = build(0), build(1)
    safetensors.save(tmp_path / "a", first)
    assert safetensors.load(tmp_path / "a", second) == ([], [])
    for (name, a), b in zip(first.state_dict().items(), second.state_dict().values()):
        np.testing.assert_array_equal(a, b, name)


def test_half_precision_loads_into_a_network_of_float32_and_into_one_of_float64(tmp_path):
    state = {name: array.astype(np.float16 if array.dtype.kind == "f" else int) for name, array in network(0).state_dict().items()}
    save_file(state, tmp_path / "a")
    for dtype in (np.float32, np.float64):
        model = network(1, dtype)
        safetensors.load(tmp_path / "a", model)
        assert model[0].weight.dtype == dtype
        np.testing.assert_array_equal(model[0].weight.array, state["0.weight"].astype(dtype))


def test_names_that_do_not_fit(tmp_path):
    model = network(0)
    before = model.state_dict()
    safetensors.save(tmp_path / "a", {**before, "4.bias": np.ones(3, np.float32), "more": np.zeros(1)})
    with pytest.raises(KeyError, match="more"):
        safetensors.load(tmp_path / "a", model)
    assert all((model.state_dict()[name] == array).all() for name, array in before.items())
    assert safetensors.load(tmp_path / "a", model, strict=False).unexpected == ["more"]
    assert model[4].bias.array.tolist() == [1, 1, 1]


def test_a_damaged_file_changes_nothing(tmp_path):
    model, path = network(0), tmp_path / "a"
    safetensors.save(path, network(1))
    data, before = path.read_bytes(), model.state_dict()
    for damaged in (b"", data[:5], data[:200], data[:-1], data + b"0", b"PK" + data, data[:8] + b"\xff" + data[9:]):
        path.write_bytes(damaged)
        with pytest.raises(CheckpointError, match="damaged"):
            safetensors.load(path, model)
    assert all((model.state_dict()[name] == array).all() for name, array in before.items())


def test_what_numpy_has_no_array_for_is_refused_by_name(tmp_path):
    header = {"tiny": {"dtype": "F8_E4M3", "shape": [1], "data_offsets": [0, 1]}}
    with pytest.raises(CheckpointError, match="tiny is of the type F8_E4M3"):
        safetensors.load(written(tmp_path / "a", header, b"\0"))
    for wrong in (np.array(["text"]), np.array([1j]), None):
        with pytest.raises(TypeError, match="words"):
            safetensors.save(tmp_path / "b", {"words": wrong})
    assert not (tmp_path / "b").exists()


def test_a_missing_package_is_named_with_its_pip_line_and_torch_is_not_needed():
    code = ("import sys, nn; sys.modules['torch'] = None; nn.interop.safetensors\n"
            "del sys.modules['nn.interop.safetensors'], nn.interop.safetensors; sys.modules['safetensors'] = None\n"
            "try: nn.interop.safetensors\nexcept ImportError as error: print(error)")
    assert "pip install 'chainrule[files]'" in subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                                                               check=True).stdout


def test_pytorch_and_chainrule_read_one_another_and_agree(tmp_path):
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file as torch_load
    from safetensors.torch import save_file as torch_save
    theirs = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2), torch.nn.ReLU(), torch.nn.Flatten(),
                                 torch.nn.Linear(72, 3)).double()
    ours, x = network(0, np.float64), np.random.default_rng(0).normal(size=(4, 1, 8, 8))
    torch_save(theirs.state_dict(), tmp_path / "theirs")
    safetensors.load(tmp_path / "theirs", ours)
    np.testing.assert_allclose(ours(x).array, theirs(torch.tensor(x)).detach().numpy(), rtol=1e-12, atol=1e-12)
    for layer in ours:
        for parameter in layer.parameters():
            parameter.data = parameter.array * 0.5
    safetensors.save(tmp_path / "ours", ours)
    theirs.load_state_dict(torch_load(tmp_path / "ours"))
    np.testing.assert_allclose(ours.eval()(x).array, theirs.eval()(torch.tensor(x)).detach().numpy(), rtol=1e-12, atol=1e-12)
    torch.save(theirs.state_dict(), tmp_path / "pickled")
    assert ours.load_state_dict(torch.load(tmp_path / "pickled", weights_only=True)) == ([], [])
    shared = torch.from_dlpack(ours[0].weight)
    np.testing.assert_array_equal(shared.numpy(), ours[0].weight.array)
