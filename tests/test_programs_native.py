"""The native interpreter: its text, its building and keeping; and a missing compiler or folder as normal cases."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from autograd import compile, ops, tanh
from autograd.programs import native

ROOT = Path(__file__).parents[1]
COMPILER = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
compiled = pytest.mark.skipif(COMPILER is None, reason="there is no C compiler")
FEW = ("add", "mul", "tanh", "sech", "cosh")  # rows of a library that is built in a moment


@pytest.fixture
def fresh(tmp_path, monkeypatch):
    """A cache folder of the test's own, and libraries that are loaded anew."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    native.load.cache_clear()
    yield tmp_path / "cache" / "chainrule"
    native.load.cache_clear()


def test_every_row_of_the_table_is_in_the_text():
    text = native.text(native.table())
    assert set(native.table()) == {row.name for row in ops.rows.values() if row.arity and vars(ops).get(row.name) is row}
    for name, code in native.opcodes(native.table()).items():
        assert f"F({code}, " in text or f"#define {name.upper()} {code}" in text


@compiled
def test_a_library_is_built_once_and_kept_in_a_private_folder(fresh, monkeypatch):
    native.load(FEW)
    [kept] = fresh.iterdir()
    assert stat.S_IMODE(fresh.stat().st_mode) == 0o700 and kept.suffix == native.SUFFIX
    native.load.cache_clear()
    monkeypatch.setattr(native, "build", lambda *_: pytest.fail("it is built again"))
    native.load(FEW)
    assert [*fresh.iterdir()] == [kept]


@compiled
def test_the_key_names_table_compiler_flags_and_processor(monkeypatch):
    text, flags = native.text(FEW), native.FLAGS
    key = native.key(text, COMPILER, flags)
    assert key == native.key(text, COMPILER, flags)
    other = native.text((*FEW, "sin"))
    others = native.key(other, COMPILER, flags), native.key(text, sys.executable, flags), native.key(text, COMPILER, ("-O1",))
    assert len({key, *others}) == 4
    monkeypatch.setattr(native, "processor", lambda: "another")
    assert native.key(text, COMPILER, flags) != key


def test_without_a_compiler_numpy_serves_and_says_why(fresh, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    program = compile(lambda w, x: tanh(w * x), in_axes=(None, 0), reduce="sum")
    assert program.value_and_grad(0.0, [1.0, 2.0]) == (0.0, 3.0)
    assert program.backend.startswith("numpy (no C compiler was found")
    with pytest.raises(native.Unavailable, match="no C compiler"):
        compile(lambda x: x, backend="native")(1.0)
    assert compile(lambda x: x, backend="numpy").backend == "numpy"
    native.main()


def test_a_compiler_that_fails_is_told(fresh, tmp_path, monkeypatch):
    broken = tmp_path / "cc"
    broken.write_text("#!/bin/sh\necho 'fatal error: no space' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("CC", str(broken))
    program = compile(lambda x: x * x)
    assert program.grad(3.0) == 6.0 and "no space" in program.backend
    assert not [*fresh.iterdir()]


@compiled
@pytest.mark.parametrize("spoil", [
    lambda folder: folder.parent.parent.joinpath("cache").write_text("a file in its place"),
    lambda folder: (folder.parent.mkdir(), folder.write_text("a file in its place")),
])
def test_where_nothing_can_be_kept_it_is_built_for_this_process(fresh, spoil):
    spoil(fresh)
    library = native.load(FEW)
    assert library.forward and not fresh.is_dir()


@compiled
@pytest.mark.skipif(os.name != "posix" or os.getuid() == 0, reason="root may write anywhere")
def test_a_home_that_is_read_only(tmp_path, monkeypatch):
    tmp_path.chmod(0o500)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    native.load.cache_clear()
    assert native.load(FEW)
    native.load.cache_clear()


@compiled
def test_a_folder_that_others_may_write_into_is_not_used(fresh):
    fresh.mkdir(parents=True)
    fresh.chmod(0o777)
    with pytest.raises(native.Unavailable, match="chmod 700"):
        native.load(FEW)
    fresh.rmdir()
    fresh.parent.joinpath("elsewhere").mkdir(mode=0o700)
    fresh.symlink_to(fresh.parent / "elsewhere")
    with pytest.raises(native.Unavailable, match="alone can write"):
        native.load(FEW)


@compiled
def test_a_build_that_is_stopped_leaves_nothing(fresh, monkeypatch):
    def stopped(*_, **__):
        raise KeyboardInterrupt
    monkeypatch.setattr(subprocess, "run", stopped)
    with pytest.raises(KeyboardInterrupt):
        native.load(FEW)
    assert not [*fresh.iterdir()]


@compiled
@pytest.mark.slow
def test_a_wheel_carries_the_library_where_it_is_asked_for(tmp_path):
    source = tmp_path / "source"
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(".git", ".venv", "__pycache__", "*.so", "out", "notebooks"))
    for asked, there in (("1", True), ("", False)):
        command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / f"dist{asked}"]
        environment = {**os.environ, "CHAINRULE_NATIVE": asked}
        run = subprocess.run(command, cwd=source, env=environment, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr
        [wheel] = (tmp_path / f"dist{asked}").iterdir()
        names = zipfile.ZipFile(wheel).namelist()
        assert any(name.endswith("interpreter.so") for name in names) == there
        assert wheel.name.endswith("py3-none-any.whl") != there
        assert "autograd/programs/interpreter.c" in names
        assert not [*(source / "autograd" / "programs").glob("*.so")]
        if there:
            zipfile.ZipFile(wheel).extractall(tmp_path / "installed")
            code = ("import shutil; shutil.which = lambda name: None\nimport autograd\n"
                    "program = autograd.compile(lambda x: x * x); print(program(3.0), program.backend)")
            environment = {**os.environ, "PYTHONPATH": str(tmp_path / "installed"), "HOME": str(tmp_path)}
            told = subprocess.run([sys.executable, "-c", code], cwd=tmp_path / "installed", capture_output=True, text=True,
                                  check=True, env=environment).stdout
            assert told.split() == ["9.0", "native"]


@compiled
def test_a_library_beside_the_source_is_used_if_it_was_made_from_this_text(fresh, tmp_path, monkeypatch):
    monkeypatch.setattr(native, "BUILT_IN", tmp_path / "interpreter.so")
    for names, used in ((FEW, True), ((*FEW, "sin"), False)):
        source = native.text(FEW)
        native.build(f'{source}\nconst char *source_digest(void) {{ return "{native.digest(source)}"; }}\n', native.BUILT_IN,
                     native.FLAGS)
        native.load.cache_clear()
        native.load(names)
        assert fresh.exists() != used
    native.BUILT_IN.write_bytes(b"no library")
    native.load.cache_clear()
    assert native.load(FEW)


def test_the_text_is_the_same_in_every_process():
    code = "from autograd.programs import native; print(native.digest(native.text(native.table())))"
    told = {subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, cwd=ROOT, capture_output=True,
                           text=True, check=True).stdout for seed in ("0", "1", "2")}
    assert len(told) == 1
