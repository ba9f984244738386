"""Files that appear complete or not at all, even if a writer is killed."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from autograd.files import replaced

ROOT = Path(__file__).parent.parent


def write(path: Path, text: str) -> None:
    with replaced(path) as temporary:
        assert temporary.suffix == (path.suffix or ".tmp")  # who writes by suffix is not misled
        temporary.write_text(text, encoding="utf-8")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_the_old_one_until_it_is_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    write(path, "old")
    with replaced(path) as temporary:
        temporary.write_text("half", encoding="utf-8")
        assert path.read_text(encoding="utf-8") == "old"
    assert path.read_text(encoding="utf-8") == "half"
    assert names(tmp_path) == ["a.svg"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError, MemoryError])
def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path: Path, error: type[BaseException]) -> None:
    write(tmp_path / "a", "old")
    def fail(text: str | None) -> None:
        with replaced(tmp_path / "a") as temporary:
            if text is not None:
                temporary.write_text(text, encoding="utf-8")
            raise error

    for text in ("half", None):  # None: before anything was written
        with pytest.raises(error):
            fail(text)
    assert names(tmp_path) == ["a"]
    assert (tmp_path / "a").read_text(encoding="utf-8") == "old"


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL on this system")
def test_what_a_killed_writer_left_is_removed_once_it_is_old(tmp_path: Path) -> None:
    path = tmp_path / "run[1].npz"  # brackets mean something in patterns
    program = ("import os, signal, sys\n"
               "from autograd.files import replaced\n"
               "with replaced(sys.argv[1]) as temporary:\n"
               "    temporary.write_text('half')\n"
               "    os.kill(os.getpid(), signal.SIGKILL)\n")
    done = subprocess.run([sys.executable, "-c", program, path], cwd=ROOT, timeout=60)
    assert done.returncode == -signal.SIGKILL
    left, = tmp_path.iterdir()
    write(path, "young")
    assert names(tmp_path) == sorted([left.name, path.name])  # its writer may still be at work
    os.utime(left, (0, 0))
    (tmp_path / "other.tmp").touch()
    os.utime(tmp_path / "other.tmp", (0, 0))
    write(path, "old")
    assert names(tmp_path) == ["other.tmp", path.name]


def test_links_permissions_and_long_names_stay(tmp_path: Path) -> None:
    real, link, long = tmp_path / "real", tmp_path / "link", tmp_path / ("n" * 250)
    write(real, "old")
    real.chmod(0o600)
    link.symlink_to(real)
    write(link, "new")
    assert link.is_symlink() and real.read_text(encoding="utf-8") == "new"
    assert os.name == "nt" or stat.S_IMODE(real.stat().st_mode) == 0o600
    write(long, "text")
    assert names(tmp_path) == ["link", long.name, "real"]


@pytest.mark.skipif(not Path("/dev/null").exists(), reason="no devices on this system")
def test_a_device_is_written_to_and_not_replaced() -> None:
    with replaced("/dev/null") as path:
        path.write_text("gone", encoding="utf-8")
    assert Path("/dev/null").is_char_device()


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), replaced(tmp_path / "none" / "a") as temporary:
        temporary.write_text("text", encoding="utf-8")
