"""Search: known minima are found, a stopped search or a killed worker loses no trial, edges give warnings."""

import math
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections import Counter
from concurrent.futures import BrokenExecutor, Executor, Future
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import nn
from autograd import Tensor, Value
from nn.search import CrossValidation, EdgeWarning, Range, Results, integers, log_uniform, optimize, uniform

pytest.importorskip("optuna")
ROOT = Path(__file__).parent.parent
SPACE = {"lr": log_uniform(1e-5, 1e-1), "width": integers(2, 64), "activation": ["relu", "tanh"]}


def bowl(params):
    """Its minimum, 0, is at lr = 0.001, width = 20, relu."""
    return (math.log10(params["lr"]) + 3) ** 2 + ((params["width"] - 20) / 20) ** 2 + (params["activation"] == "tanh")


def here(objective, space=SPACE, trials=20, **options):
    return optimize(objective, space, trials, workers=0, progress=False, **options)


def counted(folder, params):
    """One file for each call, so that calls in other processes can be counted."""
    (folder / f"{os.getpid()}-{len(list(folder.iterdir()))}-{os.urandom(4).hex()}").write_text(repr(params["x"]))
    return (params["x"] - 0.3) ** 2


def calls(folder):
    return Counter(path.read_text() for path in folder.iterdir())


def fatal(folder, marker, params):
    """As ``counted``, but the fifth call kills its own process, once."""
    if len(list(folder.iterdir())) >= 4:
        try:
            marker.touch(exist_ok=False)
        except FileExistsError:
            pass
        else:
            os.kill(os.getpid(), signal.SIGKILL)
    return counted(folder, params)


def always_fatal(params):
    if params["x"] == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return (params["x"] - 4) ** 2


# ── samplers ─────────────────────────────────────────────────────────────────────────────────────────────────────

def test_tpe_comes_closer_than_random_search_does():
    found = {sampler: np.mean([here(bowl, trials=60, sampler=sampler, seed=seed).best["value"] for seed in range(3)])
             for sampler in ("random", "tpe")}
    assert found["tpe"] < 0.5 * found["random"]


def test_a_logarithmic_range_gives_every_factor_of_ten_its_share():
    rows = here(lambda p: (math.log10(p["lr"]) + 4) ** 2, {"lr": log_uniform(1e-6, 1e-2)}, 400, sampler="random").rows
    decades = Counter(math.floor(math.log10(row["lr"])) for row in rows)
    assert set(decades) == {-6, -5, -4, -3}
    assert all(70 <= count <= 130 for count in decades.values())


def test_a_grid_tries_every_combination_once():
    space = {"lr": log_uniform(1e-4, 1e-1), "layers": integers(1, 3), "activation": ("relu", "tanh")}
    results = here(lambda p: abs(math.log10(p["lr"]) + 3) + abs(p["layers"] - 2), space, None, sampler="grid", points=4)
    tried = [(round(math.log10(row["lr"])), row["layers"], row["activation"]) for row in results.rows]
    assert sorted(tried) == sorted((lr, n, a) for lr in (-4, -3, -2, -1) for n in (1, 2, 3) for a in space["activation"])
    assert {row["lr"] for row in results.rows} >= {1e-4, 1e-1}  # the ends themselves
    assert results.best["value"] == pytest.approx(0, abs=1e-12)


def test_a_grid_goes_on_where_it_was_stopped(tmp_path):
    space = {"x": [3, 1, 2, 4]}
    assert len(here(lambda p: (p["x"] - 2) ** 2, space, 2, sampler="grid", journal=tmp_path / "log").rows) == 2
    results = here(lambda p: (p["x"] - 2) ** 2, space, None, sampler="grid", journal=tmp_path / "log")
    assert [row["x"] for row in sorted(results.rows, key=lambda row: row["trial"])] == [3, 1, 2, 4]


def test_a_seed_gives_the_same_parameters_however_many_workers_there_are():
    one = here(bowl, trials=6, sampler="random", seed=5)
    two = optimize(bowl, SPACE, 6, sampler="random", seed=5, workers=2, progress=False)
    other = here(bowl, trials=6, sampler="random", seed=6)

    def tried(results):
        return {row["trial"]: [row[name] for name in ("value", *SPACE)] for row in results.rows}

    assert tried(one) == tried(two) != tried(other)


def halving(params, budget):
    return params["x"] + 1 / budget


def test_successive_halving_gives_the_long_budget_to_the_best_only():
    spent = Counter()

    def objective(params, budget):
        spent[budget] += 1
        return halving(params, budget)

    results = here(objective, {"x": uniform(0, 1)}, 27, sampler="random", budgets=(1, 3, 9))
    assert spent[1] == 27  # a few epochs for all
    assert spent[9] < spent[3] < 15
    states = Counter(row["state"] for row in results.rows)
    assert states["done"] == spent[9]
    assert states["halted"] == 27 - spent[9]
    assert results.best["budget"] == 9
    assert results.best["x"] == min(row["x"] for row in results.rows)
    assert {row["budget"] for row in results.rows if row["state"] == "halted"} == {1, 3}


def test_from_coarse_to_fine():
    coarse = here(bowl, trials=40, sampler="random")
    fine = coarse.narrowed()
    assert isinstance(fine["lr"], Range)
    assert 1e-5 <= fine["lr"].low < 1e-3 < fine["lr"].high <= 1e-1
    assert fine["lr"].high / fine["lr"].low < 1e3
    assert fine["width"].low < 20 < fine["width"].high < 64
    assert type(fine["width"].low) is int
    assert fine["activation"] == ("relu",)
    assert here(bowl, fine, 40, sampler="random").best["value"] < coarse.best["value"]


def test_cross_validation_scores_every_fold_on_what_was_held_out():
    x = np.arange(20.0)[:, None]
    seen = []

    def objective(params, train, validation):
        seen.append(validation[0].ravel())
        assert not set(train[0].ravel()) & set(validation[0].ravel())
        return float(np.square(validation[0] - params["a"] * validation[0]).mean())

    folds = CrossValidation(objective, (x, np.repeat([0, 1], 10)), k=4)
    results = here(folds, {"a": [0.0, 1.0, 2.0]}, None, sampler="grid")
    assert results.params == {"a": 1.0}
    assert sorted(np.concatenate(seen[:4])) == list(range(20))
    errors = [float(np.square(fold).mean()) for fold in seen[:4]]
    row = next(row for row in results.rows if row["a"] == 0)
    assert row["value"] == pytest.approx(np.mean(errors))
    assert row["std"] == pytest.approx(np.std(errors, ddof=1))


def test_a_search_finds_a_learning_rate_that_trains():
    def objective(params, train, validation, epochs):
        model = nn.Sequential(nn.Linear(4, 3, rng=0))
        optimizer = nn.optim.SGD(model.parameters(), params["lr"])
        history = nn.train.fit(model, train, nn.functional.cross_entropy, optimizer, epochs=epochs, validation=validation, seed=0,
                               progress=False)
        return history.best["validation loss"]

    folds = CrossValidation(objective, nn.data.load("iris"), k=3)
    results = here(folds, {"lr": log_uniform(1e-7, 1e-1)}, 8, sampler="random", budgets=(3, 9))
    assert results.params["lr"] > 1e-3
    assert results.best["value"] < 0.8 * math.log(3)


# ── what is lost, and what is not ────────────────────────────────────────────────────────────────────────────────

@pytest.mark.parametrize("budgets", [(), (1, 3)])
def test_a_stopped_search_resumes_from_its_journal(tmp_path, budgets):
    (folder := tmp_path / "calls").mkdir()
    script = textwrap.dedent(f"""
        import os
        from pathlib import Path
        from nn.search import optimize, uniform
        from tests.test_nn_search import counted
        def objective(params, *budget):
            if len(list(Path({str(folder)!r}).iterdir())) == 5:
                os._exit(9)  # in the midst of the sixth call
            return counted(Path({str(folder)!r}), params)
        optimize(objective, {{"x": uniform(0, 1)}}, 12, sampler="random", workers=0, progress=False, budgets={budgets},
                 journal={str(tmp_path / "log")!r})
        """)
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert run.returncode == 9, run.stderr

    def objective(params, *budget):
        return counted(folder, params)

    options = {"sampler": "random", "budgets": budgets, "journal": tmp_path / "log"}
    results = here(objective, {"x": uniform(0, 1)}, 12, **options)
    assert sorted(row["trial"] for row in results.rows) == list(range(12))
    assert {row["state"] for row in results.rows} <= {"done", "halted"}
    assert calls(folder) == Counter({repr(row["x"]): 2 if row["budget"] == 3 else 1 for row in results.rows})  # each once
    assert len(calls(folder)) == 12
    before = calls(folder)
    again = here(objective, {"x": uniform(0, 1)}, 12, **options)
    assert again.rows == results.rows
    assert calls(folder) == before
    with pytest.raises(ValueError, match="Give it a journal of its own"):
        here(bowl, journal=tmp_path / "log")


def test_a_process_that_is_killed_costs_no_trial(tmp_path):
    (folder := tmp_path / "calls").mkdir()
    results = optimize(partial(fatal, folder, tmp_path / "killed"), {"x": uniform(0, 1)}, 12, sampler="random", workers=2,
                       progress=False)
    assert (tmp_path / "killed").exists()
    assert sorted(row["trial"] for row in results.rows) == list(range(12))
    assert all(row["state"] == "done" for row in results.rows)
    assert set(calls(folder)) == {repr(row["x"]) for row in results.rows}


def test_parameters_that_kill_every_worker_fail_alone():
    results = optimize(always_fatal, {"x": [5, 1, 2, 3, 4, 6]}, None, sampler="grid", workers=2, progress=False)
    states = {row["x"]: row["state"] for row in results.rows}
    assert states == dict.fromkeys((1, 3, 4, 5, 6), "done") | {2: "failed: its worker died twice"}


def test_a_dask_cluster_that_loses_a_worker_loses_no_trial_and_counts_none_twice(tmp_path):
    distributed = pytest.importorskip("distributed")
    (folder := tmp_path / "calls").mkdir()
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50) as cluster, \
            distributed.Client(cluster) as client:
        before = {worker["pid"] for worker in client.run(lambda: {"pid": os.getpid()}).values()}
        results = optimize(partial(fatal, folder, tmp_path / "killed"), {"x": uniform(0, 1)}, 20, sampler="random", workers=4,
                           progress=False, executor=client.get_executor(), journal=tmp_path / "log")
    assert (tmp_path / "killed").exists()
    assert len(before) == 2
    assert len({int(path.name.split("-")[0]) for path in folder.iterdir()} - before) <= 1  # the worker that took its place
    assert sorted(row["trial"] for row in results.rows) == list(range(20))
    assert all(row["state"] == "done" for row in results.rows)
    assert set(calls(folder)) == {repr(row["x"]) for row in results.rows}
    assert len(calls(folder)) == 20


class Broken(Executor):
    """A user's executor whose workers are gone after three jobs."""

    def __init__(self):
        self.left = 3

    def submit(self, function, /, *args, **options):
        self.left -= 1
        future = Future()
        if self.left >= 0:
            future.set_result(function(*args, **options))
        else:
            future.set_exception(BrokenExecutor("gone"))
        return future


def test_an_executor_that_breaks_is_reported_and_the_search_resumes_with_another(tmp_path):
    with pytest.raises(RuntimeError, match="the executor broke while it tried trial 3.*resumed with a new executor"):
        optimize(bowl, SPACE, 6, executor=Broken(), workers=2, journal=tmp_path / "log", progress=False)
    results = here(bowl, trials=6, journal=tmp_path / "log")
    assert sorted(row["trial"] for row in results.rows) == list(range(6))
    assert all(row["state"] == "done" for row in results.rows)


def test_a_dask_cluster_without_workers_ends_the_search_with_what_was_found(tmp_path):
    distributed = pytest.importorskip("distributed")
    (folder := tmp_path / "calls").mkdir()

    def objective(params):
        if len(list(folder.iterdir())) == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return counted(folder, params)

    with distributed.LocalCluster(n_workers=0, dashboard_address=":0", silence_logs=50) as cluster, \
            distributed.Client(cluster) as client:
        command = [sys.executable, "-m", "distributed.cli.dask_worker", cluster.scheduler_address, "--no-nanny", "--no-dashboard",
                   "--nthreads", "1"]
        worker = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            client.wait_for_workers(1, timeout=120)
            said = r"no worker for 1.5 seconds, while it tried trials \d, \d; \d trials had ended"
            with pytest.warns(RuntimeWarning, match=said):
                results = optimize(objective, {"x": uniform(0, 1)}, 9, sampler="random", workers=2, progress=False,
                                   executor=client, worker_timeout=1.5, journal=tmp_path / "log")
        finally:
            worker.kill()
            worker.wait()
        assert sorted(row["trial"] for row in results.rows) in ([0, 1], [0, 1, 2])  # the third may end as its worker dies
        with pytest.raises(RuntimeError, match="no worker for 0.1 seconds.*; 0 trials had ended by then. To go on, start workers"):
            optimize(bowl, SPACE, 2, progress=False, executor=client, worker_timeout=0.1)
    again = here(partial(counted, folder), {"x": uniform(0, 1)}, 9, sampler="random", journal=tmp_path / "log")
    assert sorted(row["trial"] for row in again.rows) == list(range(9))  # those that were lost are tried again
    assert len(calls(folder)) >= 9


# ── where an objective may come from ─────────────────────────────────────────────────────────────────────────────

SCRIPT = """
from nn.search import optimize
print("the script runs")
centre = {"x": 3}
def objective(params):
    return (params["x"] - centre["x"]) ** 2
named = optimize(objective, {"x": range(6)}, None, sampler="grid", workers=2, progress=False)
unnamed = optimize(lambda params: objective(params) - 1, {"x": range(6)}, None, sampler="grid", workers=2, progress=False)
print(named.best["value"], unnamed.best["value"])
"""


@pytest.mark.parametrize("way", ["a script", "-c", "standard input"])
def test_functions_of_a_script_without_a_main_guard_run_in_workers(tmp_path, way):
    (tmp_path / "script.py").write_text(SCRIPT)
    arguments = {"a script": [tmp_path / "script.py"], "-c": ["-c", SCRIPT], "standard input": ["-"]}[way]
    run = subprocess.run([sys.executable, *arguments], input=SCRIPT, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
                         capture_output=True, text=True, timeout=120)
    assert run.stdout.splitlines() == ["the script runs", "0.0 -1.0"], run.stderr


def test_functions_of_a_notebook_run_in_workers(tmp_path):
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    cell = nbformat.v4.new_code_cell(f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{SCRIPT}")
    notebook = nbformat.v4.new_notebook(cells=[cell])
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": tmp_path}}).execute()
    printed = "".join(output["text"] for output in notebook.cells[0].outputs if output["name"] == "stdout")
    assert printed.splitlines() == ["the script runs", "0.0 -1.0"]


def test_an_objective_that_cannot_travel_is_refused_with_the_remedy():
    lock = threading.Lock()
    with pytest.raises(TypeError, match="cannot be sent to worker processes.*workers=0 runs it in this process"):
        optimize(lambda params: lock.locked(), {"x": [1, 2]}, None, sampler="grid", workers=2, progress=False)
    assert here(lambda params: lock.locked(), {"x": [1, 2]}, None, sampler="grid").best["value"] == 0


class Unsendable(Exception):
    """An object that pickle can write but not read."""

    def __init__(self, one, two):
        super().__init__(one)


@pytest.mark.parametrize("workers", [0, 2])
def test_an_objective_that_returns_nonsense_fails_its_own_trial_only(workers):
    def objective(params):
        if params["x"] == "raise":
            raise Unsendable("a", "b")
        return {"nothing": [], "none": None, "text": "abc", "table": np.ones((2, 2)), "array": np.array(0.5), "value": Value(0.25),
                "numbers": (1, 2), "tensor": Tensor([3.0, 4.0]), "one": np.float32(0.75)}[params["x"]]

    names = ["nothing", "none", "text", "table", "raise", "array", "value", "numbers", "tensor", "one"]
    results = optimize(objective, {"x": names}, None, sampler="grid", workers=workers, progress=False)
    states = {row["x"]: row["state"] for row in results.rows}
    assert [name for name in names if states[name] == "done"] == ["array", "value", "numbers", "tensor", "one"]
    assert {row["x"]: row["value"] for row in results.rows if row["state"] == "done"} == {
        "array": 0.5, "value": 0.25, "numbers": 1.5, "tensor": 3.5, "one": 0.75}
    assert states["nothing"].startswith("failed: ValueError: the objective returned [], without a number")
    assert states["raise"] == "failed: Unsendable: a"


def test_numpy_s_integers_are_integers():
    two = np.int64(2)
    space = {"x": integers(np.int64(1), np.int64(4))}
    results = optimize(lambda params, budget: abs(params["x"] - 2) + 1 / budget, space, two, sampler="grid", seed=np.uint8(1),
                       points=np.int64(4), budgets=np.array([1, 2]), workers=np.int32(0), progress=False)
    assert len(results.rows) == 2
    with pytest.warns(EdgeWarning, match="the best batch, 16, is at the low edge"):
        chosen = here(lambda params: params["batch"], {"batch": np.array([16, 32, 64])}, None, sampler="grid")
    assert type(chosen.params["batch"]) is int
    assert len(list(CrossValidation(bowl, nn.data.load("iris"), k=two).folds)) == 2
    for options in ({"trials": 2.5}, {"workers": -1}, {"budgets": (1.5, 3)}, {"seed": "one"}):
        with pytest.raises(ValueError, match="whole number"):
            optimize(bowl, SPACE, progress=False, **options)


# ── results ──────────────────────────────────────────────────────────────────────────────────────────────────────

def test_the_best_at_the_edge_of_its_range_is_a_warning():
    with pytest.warns(EdgeWarning, match=r"the best lr, 0\.1, is at the high edge of where it was looked for, from 0\.001 to 0\.1"):
        results = here(lambda p: -p["lr"], {"lr": log_uniform(1e-3, 1e-1)}, None, sampler="grid")
    assert "warning: the best lr" in repr(results)
    with pytest.warns(EdgeWarning, match="the best width, 2, is at the low edge .* from 2 to 9"):
        here(lambda p: p["width"], {"width": integers(2, 9)}, None, sampler="grid", points=8)
    with pytest.warns(EdgeWarning, match="the best batch, 16, is at the low edge .* among 128, 16, 64"):
        here(lambda p: p["batch"], {"batch": [128, 16, 64]}, None, sampler="grid")
    assert not here(bowl, trials=40).at_edge
    assert not here(lambda p: p["a"] == "x", {"a": ["x", "y", "z"]}, None, sampler="grid").at_edge  # no order, no edge


def test_what_fails_is_in_the_table_and_the_search_goes_on():
    def objective(params):
        if params["x"] == 1:
            raise ZeroDivisionError("of all things")
        return math.nan if params["x"] == 2 else -abs(params["x"])

    results = here(objective, {"x": [0, 1, 2, -1, 3]}, None, sampler="grid", direction="maximize")
    assert [(row["x"], row["state"]) for row in results.rows] == [
        (0, "done"), (-1, "done"), (3, "done"), (1, "failed: ZeroDivisionError: of all things"),
        (2, "failed: the objective gave nan")]
    with pytest.raises(RuntimeError, match="none of 2 trials succeeded; the last one: failed: KeyError: 'y'"):
        here(lambda p: p["y"], {"x": [1, 2]}, None, sampler="grid")


def test_results_are_a_table_a_frame_and_a_scatter_plot(tmp_path):
    results = here(bowl, trials=15)
    lines = repr(results).splitlines()
    assert lines[0].split() == ["trial", "value", "lr", "width", "activation", "seconds", "state"]
    assert len(lines) == 16
    values = [row["value"] for row in results.rows]
    assert values == sorted(values)
    assert results.params == {name: results.rows[0][name] for name in SPACE}
    assert bowl(results.params) == results.best["value"]
    figure = results.plot(tmp_path / "search.svg")
    assert [axes.get_xlabel() for axes in figure.axes] == list(SPACE)
    assert figure.axes[0].get_xscale() == "log"
    assert len(figure.axes[1].collections[1].get_offsets()) == 15
    assert (tmp_path / "search.svg").exists()
    frame = pytest.importorskip("pandas") and results.to_frame()
    assert frame.loc[results.best["trial"], "value"] == min(values)
    with pytest.raises(LookupError, match="no trial has ended"):
        _ = Results(SPACE, "minimize", []).best


@pytest.mark.parametrize(("options", "message"), [
    ({"sampler": "magic"}, "sampler='magic' must be 'grid', 'random' or 'tpe'"),
    ({"direction": "up"}, "direction='up'"),
    ({"trials": None}, "trials=None is for sampler='grid'"),
    ({"space": {}}, "is empty; give each name a range or choices"),
    ({"space": {"x": []}}, "is empty; give each name a range or choices"),
    ({"budgets": (1, 3, 8)}, "the same whole multiple"),
    ({"budgets": (4,)}, "two or more"),
])
def test_a_search_that_cannot_be_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        here(bowl, **options)


@pytest.mark.parametrize(("make", "low", "high"), [(uniform, 1, 1), (log_uniform, 0, 1), (uniform, 0, math.inf), (integers, 5, 2)])
def test_a_range_that_is_none_is_refused(make, low, high):
    with pytest.raises(ValueError, match="a range must go from a finite low to a higher high"):
        make(low, high)
