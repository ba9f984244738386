"""Data-parallel training on real worker processes: it equals one process, also where a worker is killed on the way."""

from __future__ import annotations

import os
import signal
from functools import partial

import numpy as np
import pytest

import nn
from nn.train import Callback, fit

distributed = pytest.importorskip("distributed")
da = pytest.importorskip("dask.array")
from nn.distributed import Cluster, PartitionLoader, contribution  # noqa: E402  (needs the extra)
from nn.parallel import pickled  # noqa: E402

SOURCE = np.random.default_rng(0)
X, Y = SOURCE.normal(size=(103, 5)), SOURCE.integers(0, 3, 103)


@pytest.fixture(scope="module")
def client():
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50) as cluster, \
            distributed.Client(cluster) as client:
        yield client


def network(*layers):
    return nn.Sequential(nn.Linear(5, 7, rng=0), nn.Tanh(), *layers, nn.Linear(7, 3, rng=1)).double()


def run(model=None, data=(X, Y), optimizer=nn.optim.Adam, **options):
    model = model or network()
    optimizer = optimizer(model.named_parameters(), lr=0.05)
    options = {"epochs": 2, "batch_size": 20, "seed": 3, "progress": False, "metrics": "accuracy"} | options
    return fit(model, data, nn.cross_entropy, optimizer, **options), model.state_dict()


def agree(one, other, tolerance=1e-10):
    np.testing.assert_allclose(one[0].batches, other[0].batches, rtol=tolerance)
    for row, wanted in zip(one[0].rows, other[0].rows, strict=True):
        assert row == pytest.approx(wanted, rel=tolerance)
    for name, array in one[1].items():
        np.testing.assert_allclose(array, other[1][name], rtol=tolerance, atol=tolerance, err_msg=name)


class Kill(Callback):
    """Kills a worker's process by a signal in the middle of an epoch."""

    def __init__(self, client, at):
        self.client, self.at, self.killed, self.examples = client, at, None, 0

    def on_step(self, run):
        self.examples += len(run.y)
        if run.step == self.at:
            self.killed = min(self.client.run(os.getpid).values())
            os.kill(self.killed, signal.SIGKILL)


def test_a_round_of_gradients_equals_one_process(client):
    options = {"clip_norm": 0.5, "validation": (X[:10], Y[:10])}
    agree(run(cluster=client, **options), run(**options))


def test_a_killed_worker_loses_nothing_and_counts_nothing_twice(client):
    kill = Kill(client, at=3)
    agree(run(cluster=client, callbacks=[kill]), run())
    assert kill.killed not in client.run(os.getpid).values()
    assert kill.examples == 2 * len(X)


def test_large_models_survive_a_killed_worker_that_held_what_was_sent(client):
    def wide():
        return nn.Sequential(nn.Linear(5, 9000, rng=0), nn.ReLU(), nn.Linear(9000, 3, rng=1)).double()
    assert sum(x.array.nbytes for x in wide().parameters()) > 2**19
    agree(run(wide(), cluster=client, callbacks=[Kill(client, at=2)], epochs=1), run(wide(), epochs=1))


def dask_data(x=X, y=Y, chunks=(30, 20, 53)):
    return da.from_array(x, chunks=(chunks, (2, 3))), da.from_array(y, chunks=(chunks,))


def by_hand(loader, epochs):
    """A run in one process on the batches of a loader, gathered."""
    model = network()
    optimizer = nn.optim.Adam(model.named_parameters(), lr=0.05)
    losses, seen = [], []
    for _ in range(epochs):
        for x, y in loader:
            optimizer.zero_grad()
            loss = nn.cross_entropy(model(np.asarray(x)), np.asarray(y))
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            seen.append(np.asarray(x))
    return losses, model.state_dict(), seen


def test_partitions_on_the_workers_equal_one_process_with_a_worker_killed_on_the_way(client):
    losses, weights, seen = by_hand(PartitionLoader(client, dask_data(), 20, True, 3, width=2), 2)
    assert len(losses) == 2 * (3 + 3)  # windows of 50 and 53 rows
    for epoch in seen[:6], seen[6:]:
        rows = np.concatenate(epoch)
        np.testing.assert_array_equal(rows[np.lexsort(rows.T)], X[np.lexsort(X.T)])
    assert not np.array_equal(seen[0], seen[6])
    history, found = run(data=dask_data(), cluster=client, callbacks=[Kill(client, at=4)])
    np.testing.assert_allclose(history.batches, losses, rtol=1e-10)
    for name, array in found.items():
        np.testing.assert_allclose(array, weights[name], rtol=1e-10, atol=1e-10)


def read(folder, i):
    (folder / f"{i}-{len(list(folder.iterdir()))}").touch()
    return np.full((10, 5), float(i))


def test_partitions_are_read_once_each_epoch_and_only_two_windows_are_open(client, tmp_path):
    from dask import delayed
    parts = [da.from_delayed(delayed(read)(tmp_path, i), (10, 5), float) for i in range(8)]
    data = da.concatenate(parts), da.from_array(np.tile(Y[:10], 8), chunks=10)
    opened = []

    def count(run):
        opened.append(sum(len(array) for array in client.run(held).values()))

    run(data=data, cluster=client, callbacks=[type("Each", (), {"on_step": staticmethod(count)})()], batch_size=40)
    assert sorted(int(path.name.split("-")[0]) for path in tmp_path.iterdir()) == sorted(2 * list(range(8)))
    assert 1 <= max(opened) <= 6  # two windows of two, and one that is about to be forgotten


def held(dask_worker):
    return [key for key, content in dask_worker.data.items() if isinstance(content, tuple) and len(content) == 2]


def test_frames_with_partitions_of_unknown_length(client):
    dd, pd = pytest.importorskip("dask.dataframe"), pytest.importorskip("pandas")
    frame = dd.from_pandas(pd.DataFrame(X, columns=list("abcde")).assign(y=Y), npartitions=4)
    frame = frame[frame.a > -0.5]
    history, _ = run(data=(frame[list("abcde")], frame.y), cluster=client, validation=dask_data(), epochs=1)
    assert len(history.batches) == -(-len(frame.partitions[:2]) // 20) + -(-len(frame.partitions[2:]) // 20)
    model = network()
    model.load_state_dict(_)
    assert history["validation loss"][0] == pytest.approx(nn.train.evaluate(model, (X, Y), nn.cross_entropy)["loss"], rel=1e-10)


def test_local_steps_are_the_mean_of_models_that_were_trained_apart(client):
    data, options = (X[:100], Y[:100]), {"epochs": 1, "batch_size": 20, "optimizer": partial(nn.optim.SGD, momentum=0.9)}
    history, found = run(data=data, cluster=client, local_steps=2, **options)
    batches = list(nn.data.DataLoader(data, 20, True, 3))
    model, velocity = network().state_dict(), None
    for first in range(0, 5, 2):
        ends = []
        for share in slice(10), slice(10, 20):
            own = network()
            own.load_state_dict(model)
            optimizer = nn.optim.SGD(own.named_parameters(), lr=0.05, momentum=0.9)
            optimizer.state = list(velocity or optimizer.state)
            for x, y in batches[first:first + 2]:
                optimizer.zero_grad()
                nn.cross_entropy(own(x[share]), y[share]).backward()
                optimizer.step()
            ends.append((own.state_dict(), optimizer.state))
        model = {name: (ends[0][0][name] + ends[1][0][name]) / 2 for name in model}
        velocity = [{name: (a[name] + b[name]) / 2 for name in a} for a, b in zip(ends[0][1], ends[1][1])]
    assert len(history.batches) == 5
    for name, array in found.items():
        np.testing.assert_allclose(array, model[name], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("data", "options"), [((X, Y), {}), ("dask", {}), ("dask", {"local_steps": 2})], ids=str)
def test_a_stopped_run_resumes_the_same_to_the_bit(client, tmp_path, data, options):
    def begin(**more):
        layers = nn.BatchNorm1d(7), nn.Dropout(0.3, rng=5)
        return run(network(*layers), dask_data() if data == "dask" else data, cluster=client, epochs=3, **options, **more)

    class Stop(Callback):
        def on_step(self, run):
            if run.step == 8:
                signal.raise_signal(signal.SIGINT)

    whole = begin(callbacks=[Callback()])
    with pytest.raises(KeyboardInterrupt):
        begin(checkpoint=tmp_path / "run", callbacks=[Stop()])
    rest = begin(checkpoint=tmp_path / "run", resume=True, callbacks=[Callback()])
    assert rest[0].batches == whole[0].batches
    for name, array in rest[1].items():
        np.testing.assert_array_equal(array, whole[1][name])


def test_weights_of_examples_are_those_of_one_process(client):
    weight = np.random.default_rng(1).random(103)
    agree(run(cluster=client, sample_weight=weight), run(sample_weight=weight))
    once = run(data=dask_data(chunks=(103,)), cluster=client, sample_weight=da.from_array(weight, chunks=103), batch_size=103)
    agree(once, run(sample_weight=weight, batch_size=103))


def test_many_shares_are_added_by_workers(client):
    wide = Cluster(client)
    wide.width = 20
    model = network()
    optimizer = nn.optim.SGD(model.named_parameters(), lr=1.0)
    loader = nn.data.DataLoader((X, Y), 103)
    state = nn.train.Run(model, optimizer, nn.cross_entropy, loader, nn.train.History())
    model.train()
    losses = wide.train(state, [(X, Y)], {})
    found = [x.grad for x in model.parameters()]
    model.zero_grad()
    loss = nn.cross_entropy(model(X), Y)
    loss.backward()
    assert losses == pytest.approx([loss.item()])
    for parameter, gradient in zip(model.parameters(), found):
        np.testing.assert_allclose(gradient, parameter.grad, rtol=1e-12, atol=1e-14)


def test_masks_of_dropout_differ_between_shares_and_not_between_tries(client):
    model = nn.Sequential(nn.Dropout(0.5, rng=0), nn.Linear(5, 3, rng=0)).double()
    seeds = {name: 7 for name, _ in model.named_generators()}
    job = pickled((model, nn.cross_entropy, {}, None, None, True, seeds), "the job", "")
    losses = [client.submit(contribution, job, [((X, Y), 0, 103)], number, pure=False).result()["losses"] for number in (0, 1, 0)]
    assert losses[0] == losses[2] != losses[1]


def test_networks_of_single_numbers_train_on_a_cluster(client):
    agree(run(nn.MLP(5, [4, 3], rng=0), cluster=client, epochs=1, optimizer=nn.optim.SGD),
          run(nn.MLP(5, [4, 3], rng=0), epochs=1, optimizer=nn.optim.SGD))


def test_progress_and_report_show_the_workers(client, tmp_path, capsys):
    import viz
    run(cluster=client, epochs=1, progress=True, callbacks=[viz.report(tmp_path / "run.html")])
    assert "workers=2" in capsys.readouterr().err
    page = (tmp_path / "run.html").read_text(encoding="utf-8")
    assert all(address in page for address in client.nthreads())


def summed(prediction, target):
    return nn.cross_entropy(prediction, target, reduction="sum")


@pytest.mark.parametrize(("options", "message"), [
    ({"local_steps": 2}, "local_steps needs cluster="),
    ({"cluster": "here"}, "give a distributed.Client: pip install 'chainrule.dask.'"),
    ({"data": "dask"}, "cluster=distributed.Client.*partition by partition"),
])
def test_what_needs_a_cluster_says_so(options, message):
    data = dask_data() if options.pop("data", None) else (X, Y)
    with pytest.raises((TypeError, ValueError), match=message):
        run(data=data, **options)


@pytest.mark.parametrize(("data", "options", "message"), [
    ((X, Y), {"compile": True}, "compile=True works in one process"),
    ((dask_data()[0], Y), {}, "every column must be one; got ndarray"),
    ((dask_data()[0], dask_data(chunks=(50, 53))[1]), {}, r"have \[3, 2\] partitions"),
    (dask_data(y=Y.astype(str)), {}, "text as codes of one category type"),
    ((da.zeros((0, 5)), da.zeros(0)), {}, "has no rows"),
])
def test_what_a_cluster_cannot_do_is_refused_in_words(client, data, options, message):
    with pytest.raises((TypeError, ValueError), match=message):
        run(data=data, cluster=client, **options)


def test_a_loss_that_is_no_mean_is_refused(client):
    model = network()
    with pytest.raises(ValueError, match="reduction='mean'"):
        fit(model, (X, Y), summed, nn.optim.SGD(model.named_parameters()), cluster=client, progress=False)


def test_a_loss_of_nan_ends_the_run_with_its_origin(client):
    model = network()
    model[2].bias.data = [float("nan")] * 3
    for data in (X, Y), dask_data():
        history = fit(model, data, nn.cross_entropy, nn.optim.SGD(model.named_parameters()), cluster=client, progress=False)
        assert "epoch 1, batch 1" in history.stopped
        assert "nan" in history.stopped
