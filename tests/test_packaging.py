"""What an installed chainrule is: light to import, complete, and never mixed up with HIPS autograd."""

import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import entry_points, version
from pathlib import Path

import pytest

import autograd
import chainrule as cr

ROOT = Path(__file__).parent.parent
HEAVY = {"numpy", "nn", "viz", "matplotlib", "graphviz", "tqdm", "rich"}


def python(code, cwd=ROOT):
    command = [sys.executable, "-W", "error", "-c", code]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(("module", "may"), [("autograd", set()), ("chainrule", set()), ("nn", {"nn"})])
def test_importing_loads_nothing_heavy(module, may):
    run = python(f"import sys, {module}; print(*sys.modules)")
    assert run.returncode == 0, run.stderr
    assert not set(run.stdout.split()) & (HEAVY - may)


def test_numbers_and_their_training_need_no_numpy():
    run = python("import sys; sys.modules['numpy'] = None\n"
                 "import nn, chainrule as cr\n"
                 "x = cr.Value(2.0); (cr.exp(x) * x).backward(); cr.hessian(lambda v: v[0]**2 * v[1])([1.0, 2.0])\n"
                 "nn.cross_entropy(nn.MLP(4, [3])(nn.data.load('iris').inputs[0]), 0).backward()")
    assert run.returncode == 0, run.stderr


def test_hips_autograd_in_the_same_folder_is_refused_with_the_remedy(tmp_path):
    shutil.copytree(ROOT / "autograd", tmp_path / "autograd", ignore=shutil.ignore_patterns("__pycache__"))
    assert python("import autograd", tmp_path).returncode == 0
    (tmp_path / "autograd" / "tracer.py").touch()  # HIPS autograd has a file of this name
    run = python("import autograd", tmp_path)
    assert run.returncode != 0
    assert "ImportError: chainrule and HIPS autograd are both called 'autograd'" in run.stderr
    assert str(tmp_path / "autograd") in run.stderr
    assert "python -m venv" in run.stderr


def test_chainrule_has_every_public_name():
    assert set(cr.__all__) == set(autograd.__all__) | {"autograd", "nn", "viz"}
    assert all(getattr(cr, name) is getattr(autograd, name) for name in autograd.__all__)
    assert cr.nn.MLP.__module__ == "nn.scalar"
    assert callable(cr.viz.draw)
    assert cr.exp(cr.Value(0.0)).data == 1.0


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'chainrule' has no attribute 'gradiant'"):
        _ = cr.gradiant


def test_a_row_added_at_run_time_is_there_too():
    added = autograd.op("packaging_test", "p", lambda x: 2 * x, 2.0)
    try:
        assert cr.packaging_test is autograd.packaging_test is added
    finally:
        del autograd.ops.rows["packaging_test"]


def test_the_installed_distribution_is_this_one():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert cr.__version__ == version("chainrule") == project["version"]
    command, = entry_points(group="console_scripts", name="chainrule")
    assert command.value == "chainrule.cli:main"


def test_every_package_says_that_it_is_typed():
    assert all((ROOT / package / "py.typed").exists() for package in ("autograd", "nn", "viz", "chainrule"))


def test_every_public_function_and_class_shows_what_it_does_in_a_doctest():
    import nn
    import viz
    public = [(name, getattr(module, name)) for module in (autograd, nn, viz) for name in module.__all__]
    shown = [(name, x) for name, x in public if not isinstance(x, (type(nn), autograd.operation.Operation))  # modules; docs/operations.md
             and not (isinstance(x, type) and issubclass(x, BaseException))]
    mute = [name for name, x in shown if ">>>" not in (x.__doc__ or "")]
    assert mute == ["report"]  # which is shown by nn.train.fit
