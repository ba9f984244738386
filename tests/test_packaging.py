"""The installed package: light to import, complete, and never confused with HIPS autograd; its build and its commands."""

import email
import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from importlib.metadata import distributions, entry_points, version
from itertools import chain
from pathlib import Path

import pytest
import yaml
from markdown_it import MarkdownIt
from packaging.requirements import Requirement

import autograd
import chainrule as cr

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PACKAGES = ("autograd", "nn", "viz", "chainrule")
WEB = "https://github.com/chainrule-ad/chainrule"
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
    assert cr.__version__ == version("chainrule") == PROJECT["version"]
    command, = entry_points(group="console_scripts", name="chainrule")
    assert command.value == "chainrule.cli:main"


def test_every_package_says_that_it_is_typed():
    assert all((ROOT / package / "py.typed").exists() for package in PACKAGES)


def test_every_public_function_and_class_shows_what_it_does_in_a_doctest():
    import nn
    import viz
    public = [(name, getattr(module, name)) for module in (autograd, nn, viz) for name in module.__all__]
    shown = [(name, x) for name, x in public  # modules have pages of their own, operations docs/operations.md
             if not isinstance(x, (type(nn), autograd.operation.Operation))
             and not (isinstance(x, type) and issubclass(x, BaseException))]
    mute = [name for name, x in shown if ">>>" not in (x.__doc__ or "")]
    assert mute == []


# ── what is built ────────────────────────────────────────────────────────────────────────────────────────────────

def run(*command, cwd):
    """Run a command of this Python in a folder, without other paths, and return its output."""
    clean = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "MYPYPATH")}
    done = subprocess.run([sys.executable, "-m", *command], cwd=cwd, env=clean, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A folder with the wheel, the sdist, and their contents in ``wheel/`` and ``sdist/``; built without a network."""
    folder = tmp_path_factory.mktemp("built")
    run("hatchling", "build", "-d", str(folder), cwd=ROOT)
    wheel, = folder.glob("*.whl")
    sdist, = folder.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "wheel")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    (folder / sdist.name.removesuffix(".tar.gz")).rename(folder / "sdist")
    return folder


def files(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts}


def test_the_wheel_holds_every_file_of_the_four_packages_and_nothing_else(built):
    held = {path for path in files(built / "wheel") if ".dist-info/" not in path}
    course = {f"chainrule/course/{path.relative_to(ROOT / 'notebooks').as_posix()}"
              for path in (ROOT / "notebooks").rglob("*.ipynb")}
    assert held == {f"{package}/{path}" for package in PACKAGES for path in files(ROOT / package)} | course
    assert {path.rpartition(".")[2] for path in held} >= {"py", "typed", "js", "css", "csv", "gz", "md"}


def test_the_sdist_holds_every_tracked_file_and_builds_the_same_wheel(built):
    if not (ROOT / ".git").exists():
        pytest.skip("this tree is no checkout of git, which would tell what is tracked")
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    assert {path for path in tracked if (ROOT / path).is_file()} <= files(built / "sdist")
    run("hatchling", "build", "-t", "wheel", "-d", str(built / "again"), cwd=built / "sdist")
    wheels = [zipfile.ZipFile(path) for path in (*built.glob("*.whl"), *built.glob("again/*.whl"))]
    first, second = ({entry.filename: entry.CRC for entry in wheel.infolist()} for wheel in wheels)
    assert first == second


def pytest_in(folder, *arguments):
    return run("pytest", "-q", "-p", "no:cacheprovider", "-n", "0", *arguments, cwd=folder)


def test_the_installed_course_is_copied_and_each_chapter_begins_alone(built, tmp_path):
    """The first cell imports nothing that is not in the wheel; the folder is far from the checkout."""
    clean = {**os.environ, "PYTHONPATH": str(built / "wheel"), "LANG": "C.UTF-8"}
    done = subprocess.run([sys.executable, "-m", "chainrule", "notebooks", "my course", "--key"], cwd=tmp_path, env=clean,
                          capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    copies = sorted((tmp_path / "my course").glob("*.ipynb"))
    assert [path.name for path in copies] == sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))
    assert "79510" in (tmp_path / "my course" / "key.html").read_text(encoding="utf-8")
    for path in copies:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        source = "".join(next(cell["source"] for cell in cells if cell["cell_type"] == "code"))
        told = source + "\nimport chainrule; assert 'wheel' in chainrule.__file__; print(check('1.1', (-1, 3)).right)"
        done = subprocess.run([sys.executable, "-c", told], cwd=path.parent, env=clean, capture_output=True, text=True)
        assert done.stdout.endswith("True\n"), (path.name, done.stderr)


def test_the_sdist_runs_its_own_tests(built):
    assert " passed" in pytest_in(built / "sdist", "tests/test_readme.py", "-k", "prints or every or docs or tour")


@pytest.mark.slow
def test_the_sdist_has_what_all_its_tests_need(built):
    collect = ("pytest", "-q", "--collect-only", "-p", "no:cacheprovider")
    collected, here = (run(*collect, cwd=root) for root in (built / "sdist", ROOT))
    assert collected.rpartition("in ")[0] == here.rpartition("in ")[0]
    data = ("test_notebooks.py", "test_nn_data.py", "test_nn_functional.py", "test_main_job.py")  # they read files of other folders
    assert " passed" in pytest_in(built / "sdist", "-m", "not slow", *(f"tests/{name}" for name in data))


@pytest.mark.slow
def test_the_wheel_runs_its_own_doctests(built):
    shutil.copy(ROOT / "conftest.py", built / "wheel")
    (built / "wheel" / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n", encoding="utf-8")
    printed = pytest_in(built / "wheel", "--doctest-modules", *PACKAGES)
    assert int(re.search(r"(\d+) passed", printed)[1]) > 200


def test_an_editable_install_is_a_plain_path(tmp_path):
    code = f"from hatchling.build import build_editable; print(build_editable({str(tmp_path)!r}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    with zipfile.ZipFile(tmp_path / done.stdout.split()[-1]) as wheel:
        path, = (name for name in wheel.namelist() if ".dist-info/" not in name)
        assert path.endswith(".pth")
        assert Path(wheel.read(path).decode().strip()) == ROOT


def test_type_checkers_find_the_editable_install_from_anywhere(tmp_path):
    origins = ((found, found.read_text("direct_url.json")) for found in distributions(name="chainrule"))
    installed = next((found for found, origin in origins if origin and json.loads(origin)["dir_info"].get("editable")), None)
    if installed is None:
        pytest.skip("chainrule is not installed editably here: pip install --editable .")
    pth, = (path for path in installed.files if path.suffix == ".pth")
    assert Path(pth.read_text().strip()).is_dir()  # where a finder would be code
    (tmp_path / "right.py").write_text("from autograd import Value\nx = Value(2.0)\nx.backward(1.0)\n", encoding="utf-8")
    (tmp_path / "wrong.py").write_text("from autograd import Value\nx = Value(2.0)\nx.backwards()\n", encoding="utf-8")
    mypy = ("mypy", "--cache-dir", str(tmp_path / "cache"))
    assert run(*mypy, "right.py", cwd=tmp_path).startswith("Success")
    with pytest.raises(AssertionError, match=r'wrong.py:3: error: "Value" has no attribute "backwards"'):
        run(*mypy, "wrong.py", cwd=tmp_path)


# ── what a package index shows ───────────────────────────────────────────────────────────────────────────────────

@pytest.mark.parametrize("order", ["chainrule first", "HIPS first"])
def test_hips_autograd_in_the_same_folder_is_noticed_in_either_order(built, tmp_path, order):
    hips = tmp_path / "hips" / "autograd"  # its files, as of 1.8, as far as the names go
    hips.mkdir(parents=True)
    (hips / "__init__.py").write_text("def grad(f): return f\n", encoding="utf-8")
    for name in ("core", "tracer", "util", "differential_operators"):
        (hips / f"{name}.py").touch()
    site = tmp_path / "site"
    wheels = [built / "wheel", hips.parent]
    for wheel in wheels if order == "chainrule first" else reversed(wheels):
        shutil.copytree(wheel, site, dirs_exist_ok=True)
    environment = {**os.environ, "PYTHONPATH": str(site)}
    for package in ("nn", "viz", "chainrule"):
        done = subprocess.run([sys.executable, "-c", f"import {package}"], capture_output=True, encoding="utf-8", cwd=tmp_path,
                              env=environment)
        assert done.returncode
        assert "HIPS autograd" in done.stderr and "pip install --force-reinstall chainrule" in done.stderr, done.stderr
    for file in ("__init__.py", "core.py", "tracer.py", "util.py", "differential_operators.py"):
        (site / "autograd" / file).unlink()  # pip uninstall autograd, which takes our __init__ along
    done = subprocess.run([sys.executable, "-S", "-c", "import chainrule"], capture_output=True, encoding="utf-8", cwd=tmp_path,
                          env=environment)
    assert "--force-reinstall" in done.stderr


@pytest.fixture(scope="module")
def metadata(built):
    path, = (built / "wheel").glob("*.dist-info/METADATA")
    return email.message_from_string(path.read_text(encoding="utf-8"))


def test_pictures_and_links_of_the_readme_lead_somewhere_on_a_package_index(metadata):
    shown, source = (MarkdownIt().enable("table").render(text) for text in
                     (metadata.get_payload(), (ROOT / "README.md").read_text(encoding="utf-8")))
    links, sources = (re.findall(r'(src|href)="([^"]+)"', html) for html in (shown, source))
    assert len(links) == len(sources)
    for (kind, link), (_, written) in zip(links, sources):
        raw = WEB.replace("github.com", "raw.githubusercontent.com")
        tagged = f"{raw}/v{PROJECT['version']}/" if kind == "src" else f"{WEB}/blob/v{PROJECT['version']}/"
        assert link == written if "://" in written or written.startswith("#") else link == tagged + written
    code = re.compile(r"<(pre|code)\b.*?</\1>", re.DOTALL)
    assert code.sub("", shown) != code.sub("", source)
    assert [match[0] for match in code.finditer(shown)] == [match[0] for match in code.finditer(source)]


def test_the_metadata_says_where_the_project_lives_and_what_it_runs_on(metadata):
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert metadata["License-Expression"] == "MIT"
    urls = dict(entry.split(", ") for entry in metadata.get_all("Project-URL"))
    assert set(urls) == {"Homepage", "Documentation", "Issues", "Changelog"}
    assert all(url.startswith(WEB) for url in urls.values())
    for url in urls.values():  # a page of the repository is one of its files
        page = re.fullmatch(WEB + r"/(?:blob|tree)/main/(.+)", url)
        assert page is None or (ROOT / page[1]).exists()
    assert set(metadata.get_all("Provides-Extra")) >= {"plot", "png", "pdf", "search", "dask", "notebook", "all", "test", "bench",
                                                       "proof"}


def supported():
    return [found[1] for found in (re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", line)
                                   for line in PROJECT["classifiers"]) if found]


def test_the_lowest_python_is_the_first_one_named():
    assert PROJECT["requires-python"] == f">={supported()[0]}"
    assert supported() == sorted(supported(), key=lambda named: int(named.partition(".")[2]))


def test_every_package_that_a_feature_needs_has_a_lowest_version(metadata):
    needed = [requirement for text in metadata.get_all("Requires-Dist")
              if not (requirement := Requirement(text)).marker or requirement.marker.evaluate({"extra": "all"})]
    assert {"numpy", "matplotlib", "optuna", "dask"} <= {requirement.name for requirement in needed}
    for requirement in needed:
        assert {bound.operator for bound in requirement.specifier} & {">=", "=="}, str(requirement)


# ── how it is run: make, nox, continuous integration ─────────────────────────────────────────────────────────────

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def noxfile():
    spec = importlib.util.spec_from_file_location("noxfile", ROOT / "noxfile.py")
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYENV_VERSION", "")  # which it may set
        spec.loader.exec_module(module)
    return module


def recipe(target):
    """The commands of a target in the Makefile, after those of its prerequisites."""
    needs, own = re.search(rf"^{re.escape(target)}:([^\n#|]*)[^\n]*\n((?:\t.*\n)*)", MAKEFILE, re.MULTILINE).groups()
    return "".join(recipe(need) for need in needs.split() if need != "pyproject.toml") + own.replace('"', "").replace("'", "")


class Session:
    """Stand-in for nox's session that records the commands."""

    posargs = ()

    def __init__(self):
        self.commands = []

    def run(self, *command, **options):
        self.commands.append(command)


TARGETS = sorted(set(re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE)) - {"help", "clean", "test-versions"})


@pytest.mark.parametrize("target", TARGETS)
def test_nox_runs_what_make_runs(noxfile, target, monkeypatch, tmp_path):
    session, again = Session(), Session()
    monkeypatch.setattr(noxfile, "VENV", tmp_path)
    monkeypatch.setattr(noxfile, "PYTHON", tmp_path / "python")
    monkeypatch.setattr(noxfile.shutil, "which", lambda name: name)  # there is a browser
    sessions = {function.name or name: function for name, function in vars(noxfile).items()
                if type(function).__name__ == "Func"}
    sessions[target](session)
    (create, install), commands = session.commands[:2], session.commands[2:]
    assert create == (sys.executable, "-m", "venv", str(tmp_path))
    assert install[:4] == (str(tmp_path / "python"), "-m", "pip", "install")
    made = recipe(target)
    assert " ".join(install[-2:]) in made
    for command in commands:  # Python runs them all: no shell, so Windows does too
        assert command[:2] == (str(tmp_path / "python"), "-m")
        assert " ".join(command[2:]) in made
    known = r"ruff check \.|\b(?:mypy|basedpyright)\b|-m (?:pytest|examples|benchmarks|docs|autograd)\b"
    assert len(commands) == len(re.findall(known, made))
    (tmp_path / "python").touch()
    sessions[target](again)
    assert again.commands == commands  # nothing is installed twice


def test_a_failing_command_does_not_hide_the_next_one(noxfile, monkeypatch):
    from nox.command import CommandFailed

    class Failing(Session):
        posargs = ("-x",)

        def run(self, *command, **options):
            super().run(*command)
            raise CommandFailed

        def error(self, message):
            self.message = message

    session = Failing()
    noxfile.modules(session, noxfile.TEST)
    assert len(session.commands) == 3
    assert session.message == "failed: ruff check .; mypy; pytest -n 2 -m not slow -x"


def test_every_supported_python_is_tested_by_nox_and_on_three_systems(noxfile):
    assert supported() == noxfile.VERSIONS
    assert "nox --session versions minimums" in recipe("test-versions")
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8"))
    matrix = workflow["jobs"]["test"]["strategy"]["matrix"]
    assert matrix == {"os": ["ubuntu-latest", "macos-latest", "windows-latest"], "python": supported()}
    commands = [step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step]
    targets = set(re.findall(r"make ([a-z-]+)", " ".join(commands)))
    assert targets == {"run", "test", "test-versions"}
    assert all(re.search(rf"^{target}:", MAKEFILE, re.MULTILINE) for target in targets)
    assert any("nox -s run test" in command for command in commands)


def test_the_lowest_stated_versions_become_constraints(noxfile):
    exact = noxfile.lowest({"dependencies": ["numpy>=2.1", "graphviz==0.21", "tqdm"],
                            "optional-dependencies": {"dask": ["dask[distributed]>=2024.8"], "all": ["chainrule[dask]"]}})
    assert exact == ["numpy==2.1", "dask==2024.8"]
    bounded = [text for text in chain(PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()) if ">=" in text]
    assert len(noxfile.lowest(PROJECT)) == len(bounded) > 10


def test_ci_runs_make_test():
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


# ── what those who carry on read ─────────────────────────────────────────────────────────────────────────────────

def test_contributing_is_short_and_names_commands_that_exist():
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert len(page.splitlines()) < 60
    assert set(re.findall(r"`make ([a-z-]+)`", page)) <= {*TARGETS, "help", "test-versions"}
    paths = [ROOT / path for path in re.findall(r"`(\w+/[\w/.]+)`", page) if "_name" not in path]
    assert len(paths) > 10
    assert all(path.exists() for path in paths)
    for step in ("operation", "layer", "picture", "chapter"):
        assert re.search(rf"^\*\*An? {step}\*\*", page, re.MULTILINE)


def test_the_citation_is_of_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors", "license"} <= set(citation)
    assert citation["version"] == PROJECT["version"]
    assert citation["license"] == PROJECT["license"]
    assert citation["repository-code"] == PROJECT["urls"]["Homepage"] == WEB
    assert citation["keywords"] == PROJECT["keywords"]


def test_the_changelog_has_the_form_that_tools_read():
    headings = re.findall(r"^##+ (.*)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0] == "[Unreleased]"
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert all(heading in kinds or re.fullmatch(r"\[Unreleased]|\[\d+\.\d+\.\d+] - \d{4}-\d\d-\d\d", heading)
               for heading in headings)


def test_hooks_and_templates_can_be_read():
    hooks = [hook for repository in yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
             for hook in repository["hooks"]]
    local = next(hook for hook in hooks if hook["id"] == "ruff-and-mypy")
    assert shlex.split(local["entry"]) == ["python", "-m", "nox", "-s", "lint"]
    assert {"end-of-file-fixer", "trailing-whitespace", "mixed-line-ending"} <= {hook["id"] for hook in hooks}
    for form in ("bug.yml", "proposal.yml"):
        fields = yaml.safe_load((ROOT / ".github" / "ISSUE_TEMPLATE" / form).read_text(encoding="utf-8"))
        assert {"name", "description", "body"} <= set(fields)
        assert len({field["id"] for field in fields["body"]}) == len(fields["body"])
    assert (ROOT / ".github" / "pull_request_template.md").is_file()
    assert (ROOT / "SECURITY.md").is_file()
