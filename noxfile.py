"""The Makefile's commands without make, for Windows and other systems: ``nox -s run``, ``nox -s test``, ``nox --list``.

They share one environment, ``.venv/``, with make. Only ``versions`` and ``minimums`` build environments of their own.
"""

import os
import re
import shutil
import sys
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

import nox
from nox.command import CommandFailed

ROOT = Path(__file__).parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
PROJECT = nox.project.load_toml(ROOT / "pyproject.toml")
VERSIONS = nox.project.python_versions(PROJECT)  # from the classifiers
BROWSERS = ("chromium-headless-shell", "chromium", "google-chrome")  # as in the Makefile

NATIVE = [["autograd.programs.native"]]
RUN = [*NATIVE, ["examples.main_job"]]
LINT = [["ruff", "check", "."], ["mypy"]]
PYRIGHT = [["basedpyright", "--level", "error"]]  # half a minute: not part of every test run
TEST = [*LINT, ["pytest", "-n", "2", "-m", "not slow"]]
SLOW = [["pytest", "-n", "2", "-m", "slow", "--hypothesis-profile=thorough"]]
COVERAGE = [["pytest", "-n", "2", "-m", "not slow", "--cov", "--cov-report=term-missing:skip-covered", "--cov-fail-under=95"]]
BENCH = [["benchmarks", "hips"], ["benchmarks", "--page"]]
DOCS = [["docs"]]
SITE = [["docs.build"]]
SLIDES = [["docs.slides"]]

nox.options.sessions = ["test"]
nox.options.error_on_missing_interpreters = False  # a version that is not installed is skipped, also in CI
if pyenv := sorted(Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob("versions/3.*")):
    os.environ.setdefault("PYENV_VERSION", ":".join(folder.name for folder in pyenv))  # or its python3.x may refuse to start


def install(session: nox.Session, extra: str, stamp: str) -> None:
    """Install chainrule with an extra into .venv/, once for each state of pyproject.toml."""
    done = VENV / f".{stamp}"
    if done.exists() and done.stat().st_mtime >= (ROOT / "pyproject.toml").stat().st_mtime:
        return
    if not PYTHON.exists():
        session.run(sys.executable, "-m", "venv", str(VENV), external=True)
    session.run(str(PYTHON), "-m", "pip", "install", "--quiet", "--editable", f".[{extra}]", external=True)
    done.touch()


def modules(session: nox.Session, commands: list[list[str]]) -> None:
    """Run modules of .venv/, all of them even if one fails. The last takes the arguments after --."""
    failed = []
    for command in [*commands[:-1], [*commands[-1], *session.posargs]]:
        try:
            session.run(str(PYTHON), "-m", *command, external=True)
        except CommandFailed:
            failed.append(" ".join(command))
    if failed:
        session.error(f"failed: {'; '.join(failed)}")


def browser(session: nox.Session) -> None:
    """Fetch the browser that tests pages, unless one is installed."""
    if not any(map(shutil.which, BROWSERS)):
        session.run(str(PYTHON), "-m", "playwright", "install", "chromium", external=True,
                    success_codes=range(256))  # without a browser the tests of pages are skipped, with a reason


@nox.session(python=False)
def run(session: nox.Session) -> None:
    """Install, train a network on iris, write pictures to out/."""
    install(session, "plot", "run")
    modules(session, RUN)


@nox.session(python=False)
def native(session: nox.Session) -> None:
    """Build the interpreter of compiled programs, where there is a C compiler."""
    install(session, "plot", "run")
    modules(session, NATIVE)


@nox.session(python=False)
def test(session: nox.Session) -> None:
    """Install the test dependencies, then check style and types, run tests and doctests: all of them, even if one fails."""
    install(session, "test", "test")
    browser(session)
    modules(session, TEST)


@nox.session(python=False, name="test-all")
def test_all(session: nox.Session) -> None:
    """The tests, then the long ones."""
    install(session, "test", "test")
    browser(session)
    modules(session, TEST + SLOW)


@nox.session(python=False)
def lint(session: nox.Session) -> None:
    """Style and types."""
    install(session, "test", "test")
    modules(session, LINT + PYRIGHT)


@nox.session(python=False)
def coverage(session: nox.Session) -> None:
    """The tests with coverage of lines and branches, which must be at least 95 %."""
    install(session, "test", "test")
    browser(session)
    modules(session, COVERAGE)


@nox.session(python=False)
def bench(session: nox.Session) -> None:
    """Measure against every installed peer, in turns; make docs/benchmarks.md and README's comparison."""
    install(session, "bench", "bench")
    modules(session, BENCH)


@nox.session(python=False)
def docs(session: nox.Session) -> None:
    """Generate the pages and pictures of docs/."""
    install(session, "plot", "run")
    modules(session, DOCS)


@nox.session(python=False)
def site(session: nox.Session) -> None:
    """Build the website into build/site/: the course, the pages, the reference."""
    install(session, "site", "site")
    modules(session, SITE)


@nox.session(python=False)
def slides(session: nox.Session) -> None:
    """Write each chapter as slides into build/slides/, in English and Korean."""
    install(session, "site", "site")
    modules(session, SLIDES)


@nox.session(python=VERSIONS, reuse_venv=True)
def versions(session: nox.Session) -> None:
    """The tests on each supported Python; after -- come arguments for pytest."""
    session.install("--quiet", "--editable", ".[test]")
    session.run("python", "-m", *TEST[-1], *session.posargs)


@nox.session(python=VERSIONS[0], reuse_venv=True)
def minimums(session: nox.Session) -> None:
    """The tests on the lowest Python with the lowest stated version of every dependency."""
    constraints = Path(session.create_tmp()) / "minimums.txt"
    pyparsing = "pyparsing<3.3"  # Matplotlib 3.9 calls functions that later releases of its parser deprecate
    constraints.write_text("\n".join([*lowest(PROJECT["project"]), pyparsing]), encoding="utf-8")
    session.install("--quiet", "--editable", ".[test]", "--constraint", str(constraints))
    session.run("python", "-m", *TEST[-1], *session.posargs)


def lowest(project: dict[str, dict[str, list[str]]]) -> list[str]:
    """Turn each requirement with a lowest version into one for exactly that version."""
    requirements: Iterable[str] = chain(project["dependencies"], *project["optional-dependencies"].values())
    found = (re.fullmatch(r"([\w.-]+)(?:\[.*\])?>=([\w.]+)", requirement) for requirement in requirements)
    return [f"{match[1]}=={match[2]}" for match in found if match]
