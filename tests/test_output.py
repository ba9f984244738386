"""Output never raises for a character that its encoding lacks."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from autograd.output import plain, show, use_plain_signs
from hypothesis import given
from hypothesis import strategies as st

ROOT = Path(__file__).parent.parent
ENCODINGS = ["ascii", "cp1252", "cp949", "latin-1", "utf-8", "utf-16"]


@given(st.text(), st.sampled_from(ENCODINGS))
def test_any_text_can_be_written_in_any_encoding_and_stays_where_it_could_be(text: str, encoding: str) -> None:
    written = plain(text, encoding)
    written.encode(encoding)
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        assert written != text
    else:
        assert written == text


def test_signs_have_plain_ones_in_their_places() -> None:
    assert plain("x² · σ(w − 1) → √2 … ✓ ✗ ∂L ≤ ∞", "ascii") == "x^2 * sigma(w - 1) -> sqrt2 ... + x dL <= inf"
    assert plain("x² − é 한", "cp1252") == "x² - é \\ud55c"


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_what_is_shown_reaches_a_file_of_any_encoding(encoding: str) -> None:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    show("✓ − 한", file)
    file.seek(0)
    assert file.read() == plain("✓ − 한", encoding) + "\n"
    nowhere = io.StringIO()  # which has no encoding
    show("✓", nowhere)
    assert nowhere.getvalue() == "✓\n"


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_a_program_that_asks_for_plain_signs_prints_anything(encoding: str) -> None:
    program = "from autograd.output import use_plain_signs; use_plain_signs(); print('✓ 2 − 1 = 1')"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env={"PYTHONIOENCODING": encoding, "PYTHONPATH": str(ROOT)},
                          capture_output=True, timeout=60)
    assert (done.returncode, done.stdout.decode(encoding).strip()) == (0, "+ 2 - 1 = 1")


def test_an_output_that_cannot_be_changed_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    use_plain_signs()
    print("✓")
