"""Checkpoints: restored states, refused files, and unchanged objects after an error."""

import json
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nn
from nn import optim, persist, schedule


def network(seed=0, width=4):
    rng = np.random.default_rng(seed)
    return nn.Sequential(nn.Linear(3, width, rng=rng), nn.BatchNorm1d(width), nn.ReLU(), nn.Dropout(0.5, rng=rng),
                         nn.Linear(width, 2, rng=rng))


def trainer(seed=0, width=4):
    model = network(seed, width)
    optimizer = optim.Adam(model.named_parameters(), lr=0.05)
    return model, optimizer, schedule.StepLR(optimizer, 2)


def train(model, optimizer, made, steps):
    x = np.random.default_rng(1).normal(size=(8, 3)).astype(np.float32)
    for _ in range(steps):
        optimizer.zero_grad()
        nn.cross_entropy(model(x), np.arange(8) % 2).backward()
        optimizer.step()
        made.step()


def fingerprint(model, optimizer, made):
    return repr((
        {key: (value.shape, value.tobytes()) for key, value in model.state_dict().items()}, optimizer.state_dict(),
        made.state_dict(), [generator.bit_generator.state for _, generator in model.named_generators()]))


def test_an_interrupted_training_goes_on_to_the_bit(tmp_path):
    whole = trainer()
    train(*whole, 7)
    first = trainer()
    train(*first, 4)
    persist.save(tmp_path / "run.npz", *first, extra={"epoch": 4, "losses": [0.5, np.float64(0.25)], "place": (1, None, "x")})
    second = trainer(seed=9)
    train(*second, 2)
    extra = persist.load(tmp_path / "run.npz", *second)
    assert extra == {"epoch": 4, "losses": [0.5, 0.25], "place": (1, None, "x")}
    train(*second, 3)
    assert fingerprint(*second) == fingerprint(*whole)


def test_a_network_of_numbers_is_saved_too(tmp_path):
    first, second = nn.MLP(2, [3, 1], rng=1), nn.MLP(2, [3, 1], rng=2)
    persist.save(tmp_path / "mlp.npz", first)
    persist.load(tmp_path / "mlp.npz", second)
    assert [p.data for p in first.parameters()] == [p.data for p in second.parameters()]


def test_numpy_opens_it_without_pickle_and_it_holds_the_names(tmp_path):
    model = network()
    persist.save(tmp_path / "model.npz", model)
    with np.load(tmp_path / "model.npz", allow_pickle=False) as file:
        np.testing.assert_array_equal(file["model/0.weight"], model[0].weight.data)
        assert json.loads(file["chainrule"].tobytes())["format"] == 1
    assert [path.name for path in tmp_path.iterdir()] == ["model.npz"]  # and no temporary file stays


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
    | st.lists(st.floats(-1e9, 1e9), max_size=4).map(np.array),
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner)
    | st.dictionaries(st.text(max_size=4).filter(lambda key: not key.startswith("@") and "\0" not in key), inner, max_size=3),
    max_leaves=8)


def alike(a, b):
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and a.dtype == b.dtype and np.array_equal(a, b)
    if isinstance(a, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(map(alike, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(alike(a[key], b[key]) for key in a)
    return type(a) is type(b) and a == b


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(tree=json_like)
def test_whatever_was_saved_comes_back(tmp_path, tree):
    persist.save(tmp_path / "tree.npz", {"tree": tree})
    assert alike(persist.load(tmp_path / "tree.npz"), {"tree": tree})


@pytest.mark.parametrize("array", [
    np.zeros((0, 3)), np.array(2.5, np.float32), np.asfortranarray(np.arange(6.0).reshape(2, 3)), np.arange(3, dtype=np.int8),
    np.array([True, False]), np.array([np.nan, np.inf, -0.0]),
])
def test_arrays_come_back_to_the_bit_and_in_their_layout(tmp_path, array):
    persist.save(tmp_path / "a.npz", {"a": array})
    found = persist.load(tmp_path / "a.npz")["a"]
    assert (found.shape, found.dtype, found.strides) == (array.shape, array.dtype, array.strides)
    assert found.tobytes("A") == array.tobytes("A")
    assert found.flags.writeable


@pytest.mark.parametrize("extra, message", [
    ({1: 2}, "a key in extra is 1; keys must be strings"), ({"@array": 1}, "a key in extra is '@array'"),
    ({"a\0b": np.ones(2)}, r"a key in extra is 'a\\x00b'; keys must be strings without \\0"),
    ({"f": print}, "extra/f is a builtin_function_or_method"), ([np.array(["text"])], "extra/0 is an array of <U4"),
    ([np.array([object()])], "an array of object"),
])
def test_what_needs_pickle_is_refused_and_the_old_file_stays(tmp_path, extra, message):
    path = tmp_path / "model.npz"
    persist.save(path, network(1))
    before = path.read_bytes()
    with pytest.raises(TypeError, match=message):
        persist.save(path, network(2), extra=extra)
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


def test_an_interruption_while_writing_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "model.npz"
    persist.save(path, network(1))
    before = path.read_bytes()

    def full(*args, **options):
        raise OSError("no space left on device")
    monkeypatch.setattr(persist.np.lib.format, "write_array", full)
    with pytest.raises(OSError, match="no space left"):
        persist.save(path, network(2))
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


# ── files that nobody vouches for ────────────────────────────────────────────────────────────────────────────────

@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzz")
    first = trainer()
    train(*first, 2)
    persist.save(folder / "good.npz", *first)
    return folder, (folder / "good.npz").read_bytes()


def refused(path, content, trio, **options):
    path.write_bytes(content)
    before = fingerprint(*trio)
    with pytest.raises(persist.CheckpointError):
        persist.load(path, *trio, **options)
    assert fingerprint(*trio) == before


@settings(max_examples=60)
@given(share=st.floats(0, 0.999))
def test_a_truncated_file_is_refused_and_nothing_changes(saved, share):
    folder, good = saved
    refused(folder / "short.npz", good[:int(len(good) * share)], trainer(3))


@settings(max_examples=60)
@given(content=st.binary(max_size=300) | st.binary(max_size=300).map(lambda tail: b"PK\x03\x04" + tail)
       | st.binary(max_size=100).map(lambda tail: b"\x93NUMPY\x01\x00" + tail))
def test_a_foreign_file_is_refused_and_nothing_changes(saved, content):
    refused(saved[0] / "foreign.npz", content, trainer(3))


@settings(max_examples=200)
@given(data=st.data())
def test_a_file_with_bytes_changed_is_read_as_it_was_or_refused(saved, data):
    folder, good = saved
    content = bytearray(good)
    changes = st.dictionaries(st.integers(0, len(good) - 1), st.integers(0, 255), min_size=1, max_size=4)
    for place, byte in data.draw(changes).items():
        content[place] = byte
    (folder / "changed.npz").write_bytes(content)
    trio = trainer(3)
    before = fingerprint(*trio)
    try:
        persist.load(folder / "changed.npz", *trio)
    except persist.CheckpointError:
        assert fingerprint(*trio) == before
    else:  # the change was where nothing is read: every entry carries a checksum
        good_trio = trainer(3)
        persist.load(folder / "good.npz", *good_trio)
        assert fingerprint(*trio) == fingerprint(*good_trio)


def rewritten(good, folder, change=lambda header: header, compress=zipfile.ZIP_STORED, **arrays):
    """The good file with its JSON and arrays changed, and right checksums."""
    with np.load(folder / "good.npz") as file:
        entries = {name: file[name] for name in file.files}
    header = change(json.loads(entries.pop("chainrule").tobytes()))
    path = folder / "rewritten.npz"
    with zipfile.ZipFile(path, "w", compress) as archive:
        for name, array in {"chainrule": np.frombuffer(json.dumps(header).encode(), np.uint8), **entries, **arrays}.items():
            with archive.open(f"{name}.npy", "w") as entry:
                entry.write(array) if isinstance(array, bytes) else np.lib.format.write_array(entry, array)
    return path.read_bytes()


def without(header, *path):
    part = header["content"]
    for key in path[:-1]:
        part = part[key]
    del part[path[-1]]
    return header


@pytest.mark.parametrize("change, arrays, message", [
    (lambda h: {**h, "format": 2}, {}, "has format 2; this version reads format 1"),
    (lambda h: [], {}, "is not a checkpoint"),
    (lambda h: {**h, "content": 3}, {}, "holds no state of generators and model and optimizer and schedule"),
    (lambda h: without(h, "optimizer"), {}, "holds no state of optimizer; it holds model, generators"),
    (lambda h: without(h, "model", "0.bias"), {}, "missing 0.bias"),
    (lambda h: without(h, "optimizer", "param_groups"), {}, "is not what Adam.state_dict gives"),
    (lambda h: without(h, "schedule", "last_epoch"), {}, "is not what StepLR.state_dict gives"),
    (lambda h: without(h, "generators", "3.rng"), {}, r"the random generators saved are \[\]; the model has \['3.rng'\]"),
    (lambda h: h, {"model/0.weight": np.zeros((2, 3), np.float32)}, r"0.weight has shape \(4, 3\); the state has .* \(2, 3\)"),
    (lambda h: h, {"model/1.num_batches_tracked": np.zeros(())}, "holds int64; float64 in the state"),
    (lambda h: h, {"optimizer/state/0/exp_avg": np.zeros((1, 1))}, "exp_avg of 0.weight"),
    (lambda h: h, {"model/0.weight": np.lib.format.magic(1, 0) + b"\x76\x00{'descr': '<f8', 'fortran_order': False, "
                   b"'shape': (1000000000000,), }" + b" " * 53 + b"\n"}, r"the shape \(1000000000000,\) of float64; it has"),
])
def test_a_well_formed_file_of_something_else_is_refused_in_words(saved, change, arrays, message):
    folder, good = saved
    path = folder / "other.npz"
    path.write_bytes(rewritten(good, folder, change, **arrays))
    trio = trainer(3)
    train(*trio, 1)
    before = fingerprint(*trio)
    with pytest.raises(persist.CheckpointError, match=message):
        persist.load(path, *trio)
    assert fingerprint(*trio) == before


def test_a_small_file_that_would_unfold_into_a_large_one_is_refused(saved):
    folder, good = saved
    bomb = rewritten(good, folder, compress=zipfile.ZIP_DEFLATED, **{"model/0.weight": np.zeros(10_000_000)})
    assert len(bomb) < 100_000
    refused(folder / "bomb.npz", bomb, trainer(3))


def test_a_file_whose_index_names_one_entry_a_thousand_times_is_refused(saved):
    folder, good = saved
    path = folder / "again.npz"
    path.write_bytes(good)
    with zipfile.ZipFile(path, "a") as archive:
        archive.filelist += archive.filelist[-1:] * 1000
        archive._didModify = True  # so that the index is written anew
    refused(path, path.read_bytes(), trainer(3))


def test_an_oversized_file_is_refused_by_its_size(saved):
    folder, good = saved
    with pytest.raises(persist.CheckpointError, match=f"has {len(good):,} bytes, more than the limit of 1,000"):
        persist.load(folder / "good.npz", max_bytes=1000)


ran = []


class Evil:
    def __reduce__(self):
        return ran.append, ("here",)


def test_a_file_with_a_pickle_in_it_is_refused_and_runs_nothing(saved):
    folder, _ = saved
    with open(folder / "evil.npz", "wb") as file:
        np.savez(file, chainrule=np.zeros(2, np.uint8), **{"model/0.weight": np.array([Evil(), None])})
    refused(folder / "evil.npz", (folder / "evil.npz").read_bytes(), trainer(3))
    assert not ran


def test_a_file_that_is_not_there_says_so(tmp_path):
    with pytest.raises(FileNotFoundError):
        persist.load(tmp_path / "none.npz", network())
