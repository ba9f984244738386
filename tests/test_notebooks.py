"""Every notebook runs, in a kernel of its own; the stored copy is of the same source, light, and readable unrun."""

from __future__ import annotations

import os
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import nbformat
import pytest
from notebooks.__main__ import CHAPTERS, execute, read, stored
from notebooks.translation import code, korean, messages, prose

from chainrule.exercises import ids

ANSWERS = {  # worked out by hand; of circuits, bugs and code the stored solution is taken
    "0": [(6.1, 6), (5, 6), 12],
    "1": [(-1, 3), (0.5, -0.5), (4, 0)],
    "2": [(-2, -2, 1), (-2, -1), 14],
    "3": [(55, 34_944), 79_510, 2],
    "4": [(1, 0.25), 1 / 1024, 0.25],
    "5": [(4 / 3, 2 / 3), 2, (-2 / 3, 1 / 3, 1 / 3)],
    "6": [(12, 4), 1, 290, 1 / 3],
    "7": [4.605, 0.125, (-1.225, 0, 1.225)],
    "8": [0.25, 60, 20],
}
ROOT = Path(__file__).parent.parent
chapters = pytest.mark.parametrize("script", CHAPTERS, ids=lambda script: script.stem)
languages = pytest.mark.parametrize("lang", ["en", "ko"])


def test_there_is_one_for_each_section_of_the_course() -> None:
    assert [script.stem[0] for script in CHAPTERS] == list("012345678")


@pytest.mark.parametrize("lang", ["en", pytest.param("ko", marks=pytest.mark.slow)])
@chapters
def test_it_runs_its_proofs_hold_and_right_answers_are_called_right(script: Path, lang: str) -> None:
    chapter = script.stem[0]
    notebook, asked = read(script, lang, proofs=True), ids(chapter)
    cells = [cell for cell in notebook.cells if cell["source"].startswith("answer = None")]
    found = [re.search(r'check\("([\d.]+)", answer\)$', cell["source"]) for cell in cells]
    assert [match and match[1] for match in found] == asked and len(asked) >= 6
    for i, (cell, id) in enumerate(zip(cells, asked)):
        answer = ANSWERS[chapter][i] if i < len(ANSWERS[chapter]) else f'solution("{id}").answer'
        cell["source"] = cell["source"].replace("answer = None", f"answer = {answer}", 1)
    execute(notebook, lang)
    shown = [output["data"]["text/plain"] for cell in cells for output in cell["outputs"]]
    assert len(shown) == len(asked) and all(text.startswith("✓") for text in shown), shown
    assert not any(output.get("name") == "stderr" for cell in notebook.cells for output in cell.get("outputs", ()))


def test_no_answer_stands_in_a_chapter() -> None:
    """What an exercise asks for is in the package, not in the cell that asks."""
    for script in CHAPTERS:
        for cell in read(script).cells:
            if "check(" in cell["source"] and cell["cell_type"] == "code" and "answer" in cell["source"]:
                assert re.fullmatch(r'answer = None(  # .*)?\ncheck\("\d\.\d", answer\)', cell["source"]), cell["source"]


@languages
@chapters
def test_the_stored_copy_is_not_stale(script: Path, lang: str) -> None:
    def sources(notebook: Any) -> list[tuple[str, str, str]]:
        return [(cell["id"], cell["cell_type"], cell["source"]) for cell in notebook.cells]
    kept = nbformat.read(stored(script, lang), as_version=4)
    assert sources(kept) == sources(read(script, lang)), f"run: python -m notebooks {script.stem[0]}"
    assert all(cell["execution_count"] for cell in kept.cells if cell["cell_type"] == "code" and cell["source"])


@chapters
def test_its_proofs_are_out_of_the_learners_sight(script: Path) -> None:
    shown = [cell["source"] for cell in read(script).cells if cell["cell_type"] == "code"]
    assert not any(re.search(r"(?m)^ *assert ", source) for source in shown)
    assert any("assert " in cell["source"] for cell in read(script, proofs=True).cells)


@languages
@chapters
def test_no_output_is_wider_than_a_page_of_900_pixels(script: Path, lang: str) -> None:
    text = stored(script, lang).read_text(encoding="utf-8")
    widths = [float(found[1]) * (4 / 3 if found[2] == "pt" else 1)
              for found in re.finditer(r'<svg[^>]*? width=\\"([\d.]+)(pt)?\\"', text)]
    assert widths and max(widths) <= 900


@chapters
def test_it_has_a_live_stepper(script: Path) -> None:
    assert any("viz.stepper(" in cell["source"] for cell in read(script).cells if cell["cell_type"] == "code")


def test_every_message_of_the_chapters_is_translated_and_no_other() -> None:
    found = [item for script in CHAPTERS for item in messages(read(script)).items()]
    words = korean()
    assert sorted({text for text, needed in found if needed} - words.keys()) == [] == sorted(words.keys() - dict(found).keys())
    for text, said in words.items():
        assert set(re.findall(r"`[^`]*`", text)) - {'`lang="ko"`'} <= set(re.findall(r"`[^`]*`", said)), text
        assert text.count("|") == said.count("|") or not text.startswith("|"), text
        number = re.match(r"\*\*\d\.\d\*\* ", text)  # an exercise keeps its number
        assert number is None or said.startswith(number[0]), text


def test_the_prose_of_the_korean_chapters_is_korean() -> None:
    for script in CHAPTERS:
        for cell in read(script, "ko").cells:
            if cell["cell_type"] == "markdown":
                assert re.search("[가-힣]", cell["source"]), cell["source"]


def test_translation_changes_texts_and_nothing_else() -> None:
    source = 'print(f"loss {x:.2f}", "that is")  # said\ny = {"a b": 1}["a b"]  # noqa: E501'
    assert code(source, str.upper).replace("LOSS {X:.2F}", "loss {x:.2f}") == \
        'print(f"loss {x:.2f}", "THAT IS")  # SAID\ny = {"a b": 1}["a b"]  # noqa: E501'
    assert code(source, lambda text: text) == source
    table = "| a | b |\n|---|---|\n| c | d |"
    assert prose(table, str.upper) == "| A | B |\n|---|---|\n| C | D |"
    assert prose("> one\n> two\n\n1. a\n   b\n2. c", str.upper) == "> ONE TWO\n\n1. A B\n2. C"


@languages
@chapters
def test_it_is_light_has_pictures_and_begins_with_a_summary(script: Path, lang: str) -> None:
    path = stored(script, lang)
    text = path.read_text(encoding="utf-8")
    assert path.stat().st_size < 1_000_000 and '"image/png":' not in text and text.count("<svg") + text.count("srcdoc") >= 3
    assert not re.search(r"/(?:tmp|home|root|Users)/", text)  # nothing of the machine that ran it
    first = read(script, lang).cells[0]["source"]
    assert ("**Summary.**" if lang == "en" else "**요약.**") in first and len(first) > 200


# ── a kernel ─────────────────────────────────────────────────────────────────────────────────────────────────────

@pytest.fixture(scope="module")
def kernel() -> Any:
    """A running kernel: a function that executes code and returns its outputs; ``client`` is the client."""
    from jupyter_client.manager import start_new_kernel
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(ROOT), extra_arguments=["--log-level=ERROR"],
                                       env={**os.environ, "PYTHONPATH": str(ROOT), "PYDEVD_DISABLE_FILE_VALIDATION": "1"})

    def run(code: str) -> list[Any]:
        outputs: list[Any] = []
        reply = client.execute_interactive(code, timeout=60, output_hook=outputs.append)
        assert reply["content"]["status"] == "ok", reply["content"]
        return [message for message in outputs if message["msg_type"] not in ("status", "execute_input")]

    run.client = client  # type: ignore[attr-defined]
    yield run
    client.stop_channels()
    manager.shutdown_kernel(now=True)


MODULES = """autograd autograd.testing chainrule chainrule.exercises nn nn.activations nn.babysitter nn.data nn.functional nn.init
nn.layers nn.losses nn.optim nn.perceptron nn.persist nn.schedule nn.search nn.testing nn.train viz viz.plots""".split()


@pytest.mark.parametrize("jedi", [False, True])
def test_completion_offers_public_names_only_and_all_of_them(kernel: Any, jedi: bool) -> None:
    kernel(f"%config IPCompleter.use_jedi = {jedi}\nimport {', '.join(MODULES)}")
    for name in MODULES:
        reply = kernel.client.complete(f"{name}.", reply=True, timeout=60)["content"]
        offered = {match.rpartition(".")[2] for match in reply["matches"]}
        module = import_module(name)
        public = set(dir(module))
        assert {x for x in offered if not x.startswith("_")} == {x for x in public if not x.startswith("_")}, name
        assert set(module.__all__) <= public
        assert not {"Any", "csv", "gzip", "fmean", "TYPE_CHECKING", "annotations", "Callable", "np"} & offered, name


TRAINING = """
import nn
model = nn.Sequential(nn.Linear(4, 3, rng=0))
optimizer = nn.optim.SGD(model.parameters(), 0.1)
nn.train.fit(model, nn.data.load("iris"), nn.functional.cross_entropy, optimizer, epochs=3, seed=0);
"""


@pytest.mark.parametrize("widgets", [False, True])
def test_a_progress_bar_is_the_notebooks_own_or_plain_and_never_on_the_standard_error(kernel: Any, widgets: bool) -> None:
    hidden = "" if widgets else "import sys; sys.modules['ipywidgets'] = None\n"
    kernel("import sys\n"
           "for name in [x for x in sys.modules if x.partition('.')[0] in ('tqdm', 'ipywidgets')]: del sys.modules[name]")
    outputs = kernel(hidden + TRAINING)
    streams = [output["content"] for output in outputs if output["msg_type"] == "stream"]
    assert all(stream["name"] == "stdout" for stream in streams)
    written = "".join(stream["text"] for stream in streams)
    shown = [output["content"]["data"] for output in outputs if output["msg_type"] == "display_data"]
    if widgets:
        assert written == "" and any("application/vnd.jupyter.widget-view+json" in forms for forms in shown)
    else:
        assert shown == [] and "epoch 3/3: 100%" in written and "Warning" not in written
