"""Examples print on any terminal: Windows redirects output as cp1252, a bare locale as ASCII."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from examples import plain

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize(("encoding", "printed"), [
    ("utf-8", "−1 × 2² → ✓ 역"), ("cp1252", "-1 × 2² -> ok \\uc5ed"), ("ascii", "-1 * 2^2 -> ok \\uc5ed"),
])
def test_only_signs_that_the_encoding_lacks_are_spelled(monkeypatch, encoding, printed):
    stream = io.TextIOWrapper(io.BytesIO(), encoding)
    monkeypatch.setattr(sys, "stdout", stream)
    plain.plain_output()
    print("−1 × 2² → ✓ 역", end="", flush=True)
    assert stream.buffer.getvalue().decode(encoding) == printed


def test_a_stream_of_a_notebook_stays_as_it_is(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    plain.plain_output()
    print("−1 ✓")
    assert stream.getvalue() == "−1 ✓\n"


def test_text_that_cannot_be_read_is_still_an_error():
    plain.plain_output()
    with pytest.raises(UnicodeDecodeError):
        b"\xff".decode("utf-8", "plain")


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "ascii"])
def test_the_neuron_prints_the_same_numbers_everywhere(tmp_path, encoding):
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-m", "examples.sigmoid_neuron"], cwd=tmp_path, env=environment, capture_output=True,
                          check=True)
    lines = done.stdout.decode(encoding).replace("−", "-").splitlines()
    assert lines[0].split() == ["w0", "2.00", "gradient", "-0.20"]
    assert (tmp_path / "sigmoid-neuron.svg").is_file()
