"""The command ``chainrule``: real processes for the main paths, a real pseudo-terminal for the keys."""

import contextlib
import io
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import op
from autograd.operation import rows
from chainrule.cli import main

ROOT = Path(__file__).parents[1]
NEURON = ["1/(1+exp(-(w0*x0+w1*x1+w2)))", "w0=2", "x0=-1", "w1=-3", "x1=-2", "w2=-3"]
COURSE = {"w0": "−0.20", "x0": "0.39", "w1": "−0.39", "x1": "−0.59", "w2": "0.20"}  # the lecture's gradients


def environment(**more: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "COLUMNS", "NO_COLOR"))}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "TERM": "xterm", **more}


def chainrule(*args: str, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "chainrule", *args], cwd=cwd, env=environment(**more), timeout=60,
                          capture_output=True, encoding="utf-8")


def texts(svg: str) -> list[str]:
    """The texts of a picture; fails if it is not well-formed XML."""
    return [text.strip() for text in ElementTree.fromstring(svg).itertext() if text.strip()]


# ── step ─────────────────────────────────────────────────────────────────────────────────────────────────────────

def test_step_tells_every_number_of_the_course_s_sigmoid_neuron(tmp_path: Path) -> None:
    done = chainrule("step", *NEURON, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    forward, backward = done.stdout.split("backward\n")
    assert re.findall(r"= (\S+)(?: \(given\))?$", forward, re.MULTILINE) == [
        "2.00", "−1.00", "−2.00", "−3.00", "−2.00", "6.00", "4.00", "−3.00", "1.00", "−1.00", "0.37", "1.37", "0.73"]
    assert re.findall(r"its gradient is (\S+)", backward) == [
        "1.00", "−0.53", "−0.53", "−0.20", "0.20", "0.20", "0.20", "0.20"]
    assert "downstream = upstream × local: −0.53 × 0.37 = −0.20" in backward
    for name, gradient in COURSE.items():
        assert f"\n    {name} collects {gradient}\n" in backward
    assert backward.endswith("gradient w0 −0.20 x0 0.39 w1 −0.39 x1 −0.59 w2 0.20\n")


def test_one_sigmoid_gate_gives_the_same_gradients_as_four(tmp_path: Path) -> None:
    done = chainrule("step", "sigmoid(w0*x0+w1*x1+w2)", *NEURON[1:], cwd=tmp_path)
    assert "sigmoid(v8) = sigmoid(1.00) = 0.73" in done.stdout
    assert "downstream = upstream × local: 1.00 × 0.20 = 0.20" in done.stdout
    assert done.stdout.endswith("gradient w0 −0.20 x0 0.39 w1 −0.39 x1 −0.59 w2 0.20\n")


def test_the_first_circuit_of_the_course(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["step", "(x + y)*z", "x=-2", "y=5", "z=-4"]) == 0
    told = capsys.readouterr().out
    assert "v4 = v2 × z = 3.00 × (−4.00) = −12.00\n" in told
    assert told.endswith("gradient x −4.00 y −4.00 z 3.00\n")


def test_where_paths_meet_the_running_sum_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    main(["step", "x*x + x", "x=3"])
    told = re.findall("x collects (.*)", capsys.readouterr().out)
    assert told == ["1.00", "3.00, in all 1.00 + 3.00 = 4.00", "3.00, in all 4.00 + 3.00 = 7.00"]


def test_formulas_speak_of_the_steps_own_names(capsys: pytest.CaptureFixture[str]) -> None:
    main(["step", "3/(w + x)**2", "w=1", "x=2"])
    told = capsys.readouterr().out
    assert "v2: local gradient 2·v2 = 6.00" in told
    assert "v3: local gradient −3/v3² = " in told


def test_a_name_like_those_of_unnamed_steps_is_not_confused_with_one(capsys: pytest.CaptureFixture[str]) -> None:
    main(["step", "x*y + v2", "x=2", "y=3", "v2=10"])
    assert "vv4 = vv2 + v2 = 6.00 + 10.00 = 16.00\n" in capsys.readouterr().out


def test_digits_are_those_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    main(["step", "exp(x)", "x=1", "--digits", "6"])
    assert "v1 = exp(x) = exp(1.00000) = 2.71828\n" in capsys.readouterr().out


def test_a_step_at_the_edge_of_a_domain_is_told_not_raised(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["step", "log(x) + x/0", "x=0"]) == 0
    assert "log(x) = log(0.00) = −inf" in capsys.readouterr().out


def test_a_name_alone_and_a_sign_in_front(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["step", "x", "x=2"]) == 0
    assert capsys.readouterr().out == "forward\nx = 2.00 (given)\ngradient x 1.00\n"
    assert main(["step", "-x*x", "x=3"]) == 0
    assert "gradient x −6.00\n" in capsys.readouterr().out
    assert main(["step", "--", "--x", "x=3"]) == 0
    assert "gradient x 1.00\n" in capsys.readouterr().out


# ── check ────────────────────────────────────────────────────────────────────────────────────────────────────────

def test_check_succeeds_on_a_right_gradient(tmp_path: Path) -> None:
    done = chainrule("check", *NEURON, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert all(name in done.stdout for name in COURSE)
    assert "-0.1966119332" in done.stdout  # the derivative by w0, to ten digits: −s(1)·s(−1)


@pytest.fixture
def wrong() -> Iterator[None]:
    op("cube_but_wrong", "x³", lambda x: x**3, lambda out, x: 2 * x**2)
    yield
    del rows["cube_but_wrong"]


@pytest.mark.parametrize("width", [30, 44, 60])
@pytest.mark.parametrize(("expression", "given"), [("tanh(w*x)**2", ["w=0.5", "x=3"]), ("relu(x)*sqrt(w)", ["w=0", "x=0"])])
def test_a_check_keeps_its_columns_in_a_narrow_terminal(expression: str, given: list[str], width: int,
                                                       monkeypatch: pytest.MonkeyPatch,
                                                       capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    main(["check", expression, *given])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= width
    numbers = [line for line in lines if re.match("  (gradient|measured|±|digits|mode) ", line)]
    assert {re.match(r"  \S+ +", line).end() for line in numbers} == {11}  # type: ignore[union-attr]
    monkeypatch.setenv("COLUMNS", "200")
    main(["check", expression, *given])
    wide = capsys.readouterr().out.split()
    assert {word for line in numbers for word in line.split()} <= set(wide)


@pytest.mark.usefixtures("wrong")
def test_check_fails_on_a_wrong_gradient_with_status_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "cube_but_wrong(x)*w", "x=2", "w=1"]) == 1
    assert "WRONG" in capsys.readouterr().out


# ── draw ─────────────────────────────────────────────────────────────────────────────────────────────────────────

def test_draw_writes_a_picture_with_the_course_s_numbers(tmp_path: Path) -> None:
    done = chainrule("draw", *NEURON, "-o", "neuron.svg", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "wrote neuron.svg\n", "")
    shown = texts((tmp_path / "neuron.svg").read_text(encoding="utf-8"))
    assert {"w0", "x0", "w1", "x1", "w2", "−2.00", "6.00", "4.00", "1.00", "−1.00", "0.37", "1.37", "0.73",
            "−0.53", "−0.20", "0.20", "0.39", "−0.39", "−0.59"} <= set(shown)
    assert os.listdir(tmp_path) == ["neuron.svg"]


def test_without_a_name_it_is_circuit_svg_and_options_may_stand_anywhere(tmp_path: Path) -> None:
    assert chainrule("draw", "w*x", "--digits", "4", "w=1", "--title", "-T-", "x=2", cwd=tmp_path).returncode == 0
    svg = (tmp_path / "circuit.svg").read_text(encoding="utf-8")
    assert "1.000" in texts(svg)
    assert "-T-" in svg


def test_a_minus_writes_the_picture_to_the_standard_output_and_no_file(tmp_path: Path) -> None:
    done = chainrule("draw", "-w*x", "w=1", "x=2", "-o", "-", cwd=tmp_path, PYTHONIOENCODING="ascii")
    assert "−2.00" in texts(done.stdout)
    assert os.listdir(tmp_path) == []


def test_no_backward_draws_values_alone(tmp_path: Path) -> None:
    assert chainrule("draw", *NEURON, "--no-backward", "-oneuron.svg", cwd=tmp_path).returncode == 0
    shown = texts((tmp_path / "neuron.svg").read_text(encoding="utf-8"))
    assert "0.73" in shown
    assert "0.39" not in shown


def test_a_sigmoid_written_out_collapses_to_one_gate(tmp_path: Path) -> None:
    assert main(["draw", *NEURON, "-o", str(tmp_path / "four.svg")]) == 0
    assert main(["draw", *NEURON, "--collapse", "-o", str(tmp_path / "one.svg")]) == 0
    four, one = (texts((tmp_path / name).read_text(encoding="utf-8")) for name in ("four.svg", "one.svg"))
    assert "1.37" in four
    assert "1.37" not in one
    assert {"0.73", "0.20", "sigmoid"} <= set(one)


def test_products_are_written_on_the_wires_when_asked_for(tmp_path: Path) -> None:
    assert main(["draw", *NEURON, "--products", "-o", str(tmp_path / "a.svg")]) == 0
    assert "−0.53 × 0.37 = −0.20" in texts((tmp_path / "a.svg").read_text(encoding="utf-8"))


def test_dot_is_dot_and_an_older_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "circuit.dot"
    path.write_text("older" * 10**5)
    assert main(["draw", "w*x", "w=1", "x=2", "-o", str(path)]) == 0
    text = path.read_text(encoding="utf-8")
    assert text.lstrip().startswith("digraph")
    assert text.rstrip().endswith("}")
    assert os.listdir(tmp_path) == ["circuit.dot"]


@pytest.mark.parametrize("title", ["<script>alert(1)</script>", "</svg>", '"&\\', "<b>"])
def test_a_title_is_text_whatever_it_says(tmp_path: Path, title: str) -> None:
    assert main(["draw", "w*x", "w=1", "x=2", "--title", title, "-o", str(tmp_path / "a.svg")]) == 0
    assert title in texts((tmp_path / "a.svg").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("output", "problem"), [
    ("missing/a.svg", "No such file or directory; make the folder first: mkdir -p"),
    ("file.txt/a.svg", "Not a directory"),
    ("folder.svg", "Is a directory"),
    ("a.jpg", "the name must end in .svg, .dot, .png or .pdf"),
    ("", "the name must end in .svg, .dot, .png or .pdf"),
])
def test_what_cannot_be_written_is_told_and_leaves_nothing_behind(tmp_path: Path, output: str, problem: str) -> None:
    (tmp_path / "file.txt").write_text("kept")
    (tmp_path / "folder.svg").mkdir()
    done = chainrule("draw", "w*x", "w=1", "x=2", "-o", output, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"cannot write '{output}': " in done.stderr
    assert problem in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(os.listdir(tmp_path)) == ["file.txt", "folder.svg"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_to_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tmp_path.chmod(0o500)
    assert main(["draw", "w*x", "w=1", "x=2", "-o", str(tmp_path / "a.svg")]) == 2
    assert "Permission denied" in capsys.readouterr().err


# ── usage ────────────────────────────────────────────────────────────────────────────────────────────────────────

def test_help_has_examples_that_run_and_loads_no_numpy(tmp_path: Path) -> None:
    script = "import sys; from chainrule.cli import main; main(['--help']); sys.exit('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=environment(), timeout=60,
                          capture_output=True, encoding="utf-8")
    assert (done.returncode, done.stderr) == (0, "")
    examples = re.findall(r"^  chainrule (\w+) \"(.*?)\" (.*)$", done.stdout, re.MULTILINE)
    assert [command for command, *_ in examples] == ["draw", "step", "step", "check"]
    for command, expression, rest in examples:
        assert chainrule(command, expression, *rest.split(), cwd=tmp_path).returncode == 0


@pytest.mark.parametrize("args", [
    [], ["paint"], ["draw"], ["step", "x", "x=1", "--colour"], ["step", "x", "x=1", "--digits=0"],
    ["step", "x", "x=1", "--digits", "many"], ["check", "x", "x=1", "-o", "a.svg"]])
def test_wrong_usage_has_status_2_and_says_how(args: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(args) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "usage: chainrule" in err


def test_an_error_of_the_expression_is_marked_on_stderr_with_status_2(tmp_path: Path) -> None:
    done = chainrule("draw", "w*x^2", "w=1", "x=2", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "chainrule: '^' is not allowed here: for a power write **\n  w*x^2\n     ^\n"
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(("args", "problem"), [
    (["w*x", "w=1"], "'x' has no value: give x=…"),
    (["w*x", "w=1", "x=1", "x=2"], "give each name once"),
    (["w*x", "w=one", "x=1"], "must be a number"),
    (["2 + 2"], "the expression has no names, so it has no gradient"),
    (["w", "*", "x", "w=1", "x=2"], "put an expression that has spaces in quotes"),
    (["x**1e9", "x=2"], "an exponent of 1e+09"),
])
@pytest.mark.parametrize("command", ["draw", "step", "check"])
def test_every_command_refuses_with_the_remedy(command: str, args: list[str], problem: str,
                                               capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, *args]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert problem in err


def test_a_name_that_is_not_used_and_a_gradient_that_stops_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["step", "step(x)*w", "x=1", "w=2", "b=3", "c=4"]) == 0
    notes = capsys.readouterr().err
    assert "note: b, c are given but not in the expression\n" in notes
    assert "note: a gradient stops at step" in notes


def test_a_terminal_without_mathematical_signs_gets_others(tmp_path: Path) -> None:
    done = chainrule("step", *NEURON, cwd=tmp_path, PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert "downstream = upstream * local: -0.53 * 0.37 = -0.20" in done.stdout


def test_a_reader_who_leaves_early_is_no_error(tmp_path: Path) -> None:
    for args in (["step", *NEURON], ["--help"]):
        process = subprocess.Popen([sys.executable, "-m", "chainrule", *args], cwd=tmp_path, env=environment(),
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")
        assert process.stdout is not None
        process.stdout.close()  # before anything is written
        assert process.stderr is not None
        assert process.stderr.read() == ""
        process.stderr.close()
        assert process.wait(60) == 141


# ── on a terminal ────────────────────────────────────────────────────────────────────────────────────────────────

class Terminal:
    """A process on its own pseudo-terminal: waits for texts, presses keys."""

    def __init__(self, *command: str, **more: str):
        pty = pytest.importorskip("pty", reason="no pseudo-terminals on this system")
        fcntl, termios = pytest.importorskip("fcntl"), pytest.importorskip("termios")
        self.end, terminal = pty.openpty()
        def prepare():
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # ^C reaches it
            signal.signal(signal.SIGINT, signal.default_int_handler)  # and is not ignored, as in the background

        self.process = subprocess.Popen([sys.executable, *command], stdin=terminal, stdout=terminal, stderr=terminal,
                                        env=environment(**more), start_new_session=True, cwd=ROOT,
                                        preexec_fn=prepare)
        os.close(terminal)

    def until(self, text: str | None) -> str:
        """Return the output up to the text, or, for None, to the end."""
        import select
        shown = b""
        while text is None or not shown.endswith(text.encode()):
            assert select.select([self.end], [], [], 60)[0], f"never came to {text!r}: {shown.decode()}"
            try:
                piece = os.read(self.end, 1)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            shown += piece
        return shown.decode().replace("\r\n", "\n")

    def press(self, keys: str) -> None:
        os.write(self.end, keys.encode())

    def close(self) -> int:
        status = self.process.wait(60)
        os.close(self.end)
        return status


def plain(shown: str) -> str:
    return re.sub(r"\x1b\[[\d;]*m", "", shown)


PROMPT = "any key: next   ← or b: back   q: quit"


def test_keys_walk_forward_and_back_and_out_at_the_end() -> None:
    terminal = Terminal("-m", "chainrule", "step", "w*x", "w=2", "x=3", "--interactive", NO_COLOR="1")
    pages = [plain(terminal.until(PROMPT))]
    for key in (" ", "\x1b[C", "b", "\x1b[D", "\x1b[D", "\n", "n", "n"):
        terminal.press(key)
        pages.append(plain(terminal.until(PROMPT)))
    terminal.press("x")
    last = plain(terminal.until(PROMPT))
    terminal.press("x")
    assert terminal.until(None).strip() == ""
    assert terminal.close() == 0
    at = [re.findall(r"\[step (\d) of 5\]", page)[-1] for page in pages]
    assert at == ["1", "2", "3", "2", "1", "1", "2", "3", "4"]
    assert "w = 2.00 (given)" in pages[0]
    assert "v2 = w × x = 2.00 × 3.00 = 6.00" in pages[2]
    assert "x = 3.00 (given)" in pages[3]
    assert "v2" not in pages[3]
    assert "w collects 3.00" in pages[8]
    assert last.split("gradient ")[-1].startswith("w 3.00 x 2.00\n[step 5 of 5]")


@pytest.mark.parametrize("keys", ["q", "\x1b", "\x04"])
def test_q_escape_and_end_of_input_leave_quietly(keys: str) -> None:
    terminal = Terminal("-m", "chainrule", "step", "w*x", "w=2", "x=3", "--interactive", NO_COLOR="1")
    terminal.until(PROMPT)
    terminal.press(keys)
    assert terminal.until(None).strip() == ""
    assert terminal.close() == 0


def test_ctrl_c_is_quiet_and_the_terminal_is_as_before() -> None:
    import termios
    terminal = Terminal("-m", "chainrule", "step", "w*x", "w=2", "x=3", "--interactive", NO_COLOR="1")
    terminal.until(PROMPT)
    terminal.press("\x03")
    assert "Traceback" not in terminal.until(None)
    assert terminal.process.wait(60) == 130
    assert termios.tcgetattr(terminal.end)[3] & termios.ICANON
    assert terminal.close() == 130


def test_interactive_without_a_terminal_prints_all(tmp_path: Path) -> None:
    printed, asked = (chainrule("step", *NEURON, *more, cwd=tmp_path) for more in ([], ["--interactive"]))
    assert printed.stdout == asked.stdout
    assert "\x1b" not in printed.stdout


def test_a_terminal_has_colours_where_rich_is_installed() -> None:
    pytest.importorskip("rich")
    terminal = Terminal("-m", "chainrule", "step", "w*x", "w=2", "x=3")
    shown = terminal.until(None)
    assert terminal.close() == 0
    assert "\x1b[32m6.00" in shown  # values are green
    assert "\x1b[31m2.00" in shown  # gradients are red


def test_and_is_plain_where_it_is_not() -> None:
    script = "import sys; sys.modules['rich'] = None; from chainrule.cli import main; sys.exit(main())"
    terminal = Terminal("-c", script, "step", "w*x", "w=2", "x=3")
    shown = terminal.until(None)
    assert terminal.close() == 0
    assert "\x1b" not in shown
    assert "gradient w 3.00 x 2.00\n" in shown


# ── abuse ────────────────────────────────────────────────────────────────────────────────────────────────────────

@given(st.sampled_from(["step", "check"]), st.text(max_size=40) | st.text("x+-*/()., 0123456789ew=^", max_size=40),
       st.floats(-1e300, 1e300))
def test_whatever_is_asked_the_answer_is_a_status_and_never_a_fault(command: str, expression: str, x: float) -> None:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main([command, "--", expression, f"x={x}"])
    assert status in ((0, 2) if command == "step" else (0, 1, 2))
    assert "fault of chainrule" not in err.getvalue()
    assert bool(out.getvalue()) == (status != 2)


# ── conditions, mistakes and the page ────────────────────────────────────────────────────────────────────────────

def test_it_stops_at_the_first_nan(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["step", "log(x)*x + x", "x=-2", "--stop", "nan"]) == 0
    assert capsys.readouterr().out.splitlines()[-2:] == ["v1 = log(x) = log(−2.00) = nan", "stopped at step 2 of 7"]
    assert main(["step", "sqrt(x)", "x=0", "--stop", "nan"]) == 0  # of the gradient, too
    assert capsys.readouterr().out.splitlines()[-1] == "stopped at step 3 of 3"
    assert main(["step", "x*x", "x=2", "--stop", "nan"]) == 0
    assert "note: no nan or inf on this walk" in capsys.readouterr().err


def test_it_stops_at_a_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["step", "x*y*2", "x=3", "y=4", "--stop-at", "y"]) == 0
    assert capsys.readouterr().out.splitlines()[-2:] == ["y = 4.00 (given)", "stopped at step 2 of 6"]
    assert main(["step", "x*y", "x=3", "y=4", "--stop-at", "z"]) == 2
    assert "--stop-at z: no step has that name; the steps are x, y, v2" in capsys.readouterr().err


def test_a_mistake_is_told_with_what_is_right(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["step", "x*x", "x=3", "--mistake", "overwrite"]) == 0
    out = capsys.readouterr().out
    assert "x collects 3.00, in all 3.00 in place of 3.00  wrong: 6.00 is right" in out
    assert out.endswith("right gradient x 6.00\n")
    assert main(["step", "x*y", "x=3", "y=2", "--mistake", "overwrite"]) == 0
    assert "makes no difference here" in capsys.readouterr().err


def test_a_page_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.html"
    assert main(["step", "x*x", "x=3", "--html", str(page)]) == 0
    assert capsys.readouterr().out == f"wrote {page}\n"
    assert "<title>x*x</title>" in page.read_text(encoding="utf-8")
    assert main(["step", "x*x", "x=3", "--html", str(tmp_path / "page.pdf")]) == 2
    assert "the name must end in .html" in capsys.readouterr().err
    assert main(["step", "x*x", "x=3", "--html", str(tmp_path / "no" / "page.html")]) == 2
    assert "make the folder first" in capsys.readouterr().err


def test_check_names_what_it_derives_by(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "tanh(w*αβ)**2", "w=0.5", "αβ=3"]) == 0
    assert re.findall(r"df/d\S+", capsys.readouterr().out) == ["df/dw", "df/dαβ"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full is Linux's")
@pytest.mark.parametrize("args", [["step", "x*x", "x=2"], ["draw", "x*x", "x=2", "-o", "-"], ["--version"]])
def test_an_output_that_takes_no_more_is_told_and_is_no_fault(args: list[str]) -> None:
    with open("/dev/full", "w") as full:
        told = subprocess.run([sys.executable, "-m", "chainrule", *args], stdout=full, stderr=subprocess.PIPE, text=True,
                              env=environment(), timeout=60)
    assert (told.returncode, told.stderr) == (2, "chainrule: cannot write to the standard output: No space left on device\n")


@pytest.mark.skipif(os.name != "posix", reason="closing an output is the shell's")
@pytest.mark.parametrize(("closed", "status"), [(">&-", 0), ("2>&-", 0), (">&- 2>&-", 0)])
def test_closed_outputs_are_nowhere_to_write_and_no_fault(closed: str, status: int) -> None:
    told = subprocess.run(f'"{sys.executable}" -m chainrule step "x*x" x=2 y=3 {closed}', shell=True, capture_output=True,
                          text=True, env=environment(), timeout=60)
    assert told.returncode == status
    assert "fault" not in told.stderr
    assert told.stdout.endswith("gradient x 4.0\n") or ">&-" in closed.split()[0]


@pytest.mark.parametrize("command", ["draw", "step", "check", "report", "notebooks"])
def test_the_help_of_a_command_shows_its_own_examples(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    examples = re.findall(r"^  chainrule (\w+)", capsys.readouterr().out, re.MULTILINE)
    assert set(examples) == {command}


def test_notebooks_copies_the_course_and_replaces_nothing(tmp_path: Path) -> None:
    done = chainrule("notebooks", "a b/course", cwd=tmp_path)
    assert done.returncode == 0 and "jupyter lab" in done.stdout, done.stderr
    copies = sorted(path.name for path in (tmp_path / "a b" / "course").iterdir())
    assert copies == sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))
    again = chainrule("notebooks", "a b/course", "--key", cwd=tmp_path)
    assert again.returncode == 2 and "would be replaced" in again.stderr and not (tmp_path / "a b/course/key.html").exists()
    key = chainrule("notebooks", "k", "--key", "--lang=ko", cwd=tmp_path)
    page = (tmp_path / "k" / "key.html").read_text(encoding="utf-8")
    assert key.returncode == 0 and 'lang="ko"' in page and "34944" in page and page.count("<svg") == 11
    (tmp_path / "file").touch()
    for arguments in (("file",), ("file/x",), ("k2", "more")):
        refused = chainrule("notebooks", *arguments, cwd=tmp_path)
        assert refused.returncode == 2 and refused.stderr.startswith("chainrule: ") and "fault of chainrule" not in refused.stderr
