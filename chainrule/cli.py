"""The command line ``chainrule``: draw the circuit of an expression, step through it, check its gradient."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
import warnings
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograd.files import write_whole
from autograd.languages import LANGUAGES
from autograd.output import use_plain_signs

from .expression import Expression, ExpressionError, values

if TYPE_CHECKING:
    from autograd import Value

    from viz.numbers import Digits
    from viz.playgrounds import Playground
    from viz.svg import Picture
    from viz.web.step_page import Stepper

    from .stepping import ColouredLine

Command = Callable[[argparse.Namespace], int]
Commands = Any  # argparse has no public name for its sub-parsers

_NEURON = '"1/(1+exp(-(w0*x0+w1*x1+w2)))" w0=2 x0=-1 w1=-3 x1=-2 w2=-3'
_EXAMPLES = {  # by the command that each begins with
    "draw": (f"{_NEURON} -o neuron.svg",),
    "step": ('"(x + y)*z" x=-2 y=5 z=-4', '"(x + y)*z" x=-2 y=5 z=-4 --html steps.html'),
    "check": ('"tanh(w*x)**2" w=0.5 x=3',),
    "report": ("run.npz -o report.html",),
    "notebooks": ("course", "course --key"),
    "play": ("-o play.html", "-o play.html --lang ko"),
}
_CODES = "exit status: 0 all right, 1 the gradient is wrong (check), 2 the command or the expression is at fault"


class Refusal(Exception):
    """Error for a request that the command cannot carry out, with the remedy."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with the given arguments, by default the process's, and return the exit status.

    >>> main(["step", "x*x", "x=3", "--digits=2"])
    forward
    x = 3.0 (given)
    v1 = x × x = 3.0 × 3.0 = 9.0
    backward
    v1 = x × x; its gradient is 1.0
      x: local gradient x = 3.0
        downstream = upstream × local: 1.0 × 3.0 = 3.0
        x collects 3.0
      x: local gradient x = 3.0
        downstream = upstream × local: 1.0 × 3.0 = 3.0
        x collects 3.0, in all 3.0 + 3.0 = 6.0
    gradient x 6.0
    0
    """
    if sys.stdout is None or sys.stderr is None:  # closed by the caller: >&-
        with open(os.devnull, "w", encoding="utf-8") as nowhere, redirect_stdout(sys.stdout or nowhere), \
                redirect_stderr(sys.stderr or nowhere):
            return main(argv)
    use_plain_signs()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("default")  # show warnings as notes, with any settings of the interpreter
            warnings.showwarning = lambda message, *_: say(f"note: {message}")
            try:
                status = run(sys.argv[1:] if argv is None else argv)
            except SystemExit as leaving:  # from argparse, after its own message
                status = int(leaving.code or 0)
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # the reader of the output has closed it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt:
        return 130
    except (ExpressionError, Refusal, ImportError) as error:
        say(str(error))
    except OSError as error:
        say(f"cannot write to the standard output: {error.strerror or error}")
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python would write again at exit
    except Exception as error:
        say(f"{type(error).__name__}: {error}; this is a fault of chainrule, please report it with the command")
    return 2


def say(message: str) -> None:
    print(f"chainrule: {message}", file=sys.stderr)


# ── arguments ────────────────────────────────────────────────────────────────────────────────────────────────────

class _Version(argparse.Action):
    """Action that looks up the version only on request."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        try:
            from . import __version__
        except ImportError:  # run from source, without installation
            __version__ = "(not installed)"
        print(f"chainrule {__version__}")
        parser.exit()


def run(argv: Sequence[str]) -> int:
    parser = argument_parser()
    # an expression may begin with a minus: with a blank before it, argparse does not read it as an option
    options = re.compile(r"-|-h|-o|-o-|-o.+\.\w+|--|--[a-z][a-z-]*(=.*)?", re.DOTALL)
    args, late = parser.parse_known_args(
        [f" {x}" if x.startswith("-") and not options.fullmatch(x) else x for x in argv])
    if unknown := [x for x in late if x.startswith("-")]:
        parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    if "command" not in args or args.command is None:
        parser.print_help(sys.stderr)
        return 2
    args.values += late  # name=value after an option
    return args.command(args)


def argument_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line.

    >>> argument_parser().parse_args(["check", "x*x", "x=3"]).expression
    'x*x'
    """
    parser = argparse.ArgumentParser("chainrule", **_form(*_EXAMPLES),
                                     description="See backpropagation: every value, gradient and local derivative.")
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    commands = parser.add_subparsers(metavar="COMMAND")
    _add_draw(commands)
    _add_step(commands)
    _add_expression_command(commands, check, "Check the gradient of an expression against differences of its values.")
    _add_report(commands)
    _add_notebooks(commands)
    _add_play(commands)
    return parser


def _form(*names: str) -> dict[str, Any]:
    """The formatting of these commands' help, with their examples."""
    examples = "\n".join(f"  chainrule {name} {example}" for name in names for example in _EXAMPLES[name])
    return {"formatter_class": argparse.RawDescriptionHelpFormatter, "allow_abbrev": False,
            "epilog": f"examples:\n{examples}\n\n{_CODES}"}


def _add_command(commands: Commands, function: Command, summary: str) -> argparse.ArgumentParser:
    sub: argparse.ArgumentParser = commands.add_parser(function.__name__, help=summary, description=summary,
                                                       **_form(function.__name__))
    sub.set_defaults(command=function)
    return sub


def _add_expression_command(commands: Commands, function: Command, summary: str) -> argparse.ArgumentParser:
    """Add a command that takes an expression and the values of its names."""
    sub = _add_command(commands, function, summary)
    sub.add_argument("expression", metavar="EXPR", help="as in Python: numbers, names, + - * / ** ( ), exp(x) …; "
                                                            "put -- before one that begins with --")
    sub.add_argument("values", metavar="name=value", nargs="*", help="a number for each name in EXPR")
    return sub


def _add_digits(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--digits", type=digits, default="auto", metavar="N",
                     help="significant digits of every number shown (as many as it takes)")


def _add_draw(commands: Commands) -> None:
    sub = _add_expression_command(commands, draw, "Draw the circuit of an expression, with its values and gradients.")
    sub.add_argument("-o", "--output", default="circuit.svg", metavar="FILE",
                     help="where to write: .svg, .dot, .png or .pdf; - writes SVG to the standard output (circuit.svg)")
    sub.add_argument("--title", metavar="TEXT", help="title of the picture (the expression)")
    sub.add_argument("--collapse", action="store_const", const=True, help="draw each scope as one gate (sigmoid)")
    sub.add_argument("--products", action="store_true", help="write upstream × local = downstream on the wires")
    sub.add_argument("--no-backward", action="store_true", help="values only: no gradient is computed")
    _add_digits(sub)


def _add_step(commands: Commands) -> None:
    sub = _add_expression_command(commands, step, "Print every step of an expression, forward and then backward.")
    sub.add_argument("--interactive", action="store_true", help="wait for a key after each step, and go back too")
    sub.add_argument("--html", metavar="FILE", help="write a page to step through in a browser, with inputs to change")
    sub.add_argument("--stop", choices=["nan"], help="stop at the first nan or inf")
    sub.add_argument("--stop-at", metavar="NAME", action="append", default=[], help="stop where NAME is computed, and "
                     "where its gradient arrives; may be given several times")
    sub.add_argument("--mistake", choices=["overwrite", "order", "zero_grad"],
                     help="step through a classic mistake: = for +=, no topological order, zero_grad forgotten")
    _add_digits(sub)


def _add_report(commands: Commands) -> None:
    sub = _add_command(commands, report, "Make a page about a training run, from the checkpoint that nn.train.fit wrote: "
                                         "curves, weights, settings.")
    sub.set_defaults(values=[])
    sub.add_argument("checkpoint", metavar="RUN.npz", help="the file that fit(…, checkpoint=) wrote")
    sub.add_argument("-o", "--output", default="report.html", metavar="FILE", help="where to write (report.html)")
    sub.add_argument("--lang", choices=LANGUAGES, help="language of the page (the system's)")


def _add_notebooks(commands: Commands) -> None:
    sub = _add_command(commands, notebooks, "Copy the course, one notebook for each chapter, into a folder.")
    sub.set_defaults(values=[])
    sub.add_argument("folder", metavar="DIR", help="where to; it is made if need be")
    sub.add_argument("--key", action="store_true", help="add the instructor's key, key.html: every exercise's solution")
    sub.add_argument("--lang", choices=LANGUAGES, help="language of the course and the key (the system's)")


def _add_play(commands: Commands) -> None:
    sub = _add_command(commands, play, "Write the playground: a page for a browser, to try formulas and networks without Python.")
    sub.set_defaults(values=[])
    sub.add_argument("-o", "--output", default="play.html", metavar="FILE", help="where to write (play.html)")
    sub.add_argument("--lang", choices=LANGUAGES, help="language that the page opens in (the reader's own)")


def digits(text: str) -> Digits:
    if text == "auto":
        return "auto"
    if not text.strip().isdecimal() or not 1 <= int(text) <= 17:
        raise argparse.ArgumentTypeError(f"{text.strip()!r:.40} is not a number of digits; give a number from 1 to 17")
    return int(text)


def read(args: argparse.Namespace) -> tuple[Expression, dict[str, float]]:
    """Return the expression and the numbers for its names; print a note about numbers for other names."""
    expression, given = Expression(args.expression), values(args.values)
    if not expression.names:
        raise ExpressionError("the expression has no names, so it has no gradient; use one, as in 'w*2' w=3")
    expression.check(given)
    if unused := [name for name in given if name not in expression.names]:
        say(f"note: {', '.join(unused)} {'is' if len(unused) == 1 else 'are'} given but not in the expression")
    return expression, {name: x for name, x in given.items() if name in expression.names}


def evaluate(args: argparse.Namespace) -> tuple[Value, dict[str, Value]]:
    """Return the node of the result, and the nodes of the names."""
    from autograd import Value
    expression, given = read(args)
    leaves = {name: Value(x, name) for name, x in given.items()}
    return expression(**leaves), leaves


# ── commands ─────────────────────────────────────────────────────────────────────────────────────────────────────

def draw(args: argparse.Namespace) -> int:
    path = Path(args.output)
    if args.output != "-" and path.suffix.lower() not in (".svg", ".dot", ".png", ".pdf"):
        raise Refusal(f"cannot write '{args.output}': the name must end in .svg, .dot, .png or .pdf")
    y, _ = evaluate(args)
    if not args.no_backward:
        y.backward()
    import viz
    title = (args.title or args.expression).strip()
    drawing = viz.draw(y, collapse=args.collapse, digits=args.digits, products=args.products, title=title)
    if args.output == "-":
        sys.stdout.buffer.write(drawing.svg.encode())
        return 0
    written(drawing, args.output)
    return 0


def written(picture: Picture | Stepper | Playground | str, output: str) -> None:
    """Save a picture, a page or a text; an existing file is replaced only when the new one is complete."""
    path = Path(output).resolve()
    try:
        if isinstance(picture, str):
            write_whole(path, picture)
        else:
            picture.save(path)
    except OSError as error:
        remedy = f"; make the folder first: mkdir -p '{path.parent}'" if not path.parent.exists() else ""
        raise Refusal(f"cannot write '{output}': {error.strerror or error}{remedy}") from None
    print(f"wrote {output}")


def step(args: argparse.Namespace) -> int:
    from autograd import steps

    y, leaves = evaluate(args)
    if args.html is not None:
        return _step_page(y, args)
    try:
        walk = steps(y, mistake=args.mistake)
    except ValueError as error:
        raise Refusal(str(error)) from None
    if unknown := set(args.stop_at) - {step.label for step in walk}:
        raise Refusal(f"--stop-at {', '.join(sorted(unknown))}: no step has that name; the steps are "
                      f"{', '.join(dict.fromkeys(step.label for step in walk))}")
    from .stepping import FAINT, printer, show_pages, step_lines, stops
    found = stops(walk, args.stop == "nan", args.stop_at)
    pages = [*step_lines(walk, args.digits), [_gradients(y, leaves, args)]]
    show = printer(sys.stdout)
    if args.interactive and sys.stdin.isatty() and sys.stdout.isatty():
        show_pages(pages, show, found)
        return 0
    for line in (line for page in (pages[:found[0] + 1] if found else pages) for line in page):
        show(line)
    if found:
        show([(f"stopped at step {found[0] + 1} of {len(walk)}", FAINT)])
    elif args.stop:
        say("note: no nan or inf on this walk")
    if args.mistake and all(step.right is None and all(edge.right is None for edge in step.edges) for step in walk):
        say(f"note: --mistake {args.mistake} makes no difference here: it does where a value is used more than once")
    return 0


def _step_page(y: Value, args: argparse.Namespace) -> int:
    """Write the stepper's page."""
    if Path(args.html).suffix.lower() not in (".html", ".htm"):
        raise Refusal(f"cannot write '{args.html}': the name must end in .html")
    import viz
    written(viz.stepper(y, digits=args.digits, title=args.expression.strip()), args.html)
    return 0


def _gradients(y: Value, leaves: dict[str, Value], args: argparse.Namespace) -> ColouredLine:
    """The line with the gradient of each name."""
    from autograd import gradient
    from viz.numbers import number

    from .stepping import FAINT, GRADIENT
    line: ColouredLine = [("right gradient" if args.mistake else "gradient", FAINT)]
    for name, g in zip(leaves, gradient(y, list(leaves.values()))):
        line += [(f" {name} ", ""), (number(g, args.digits), GRADIENT)]
    return line


def check(args: argparse.Namespace) -> int:
    from inspect import Parameter, Signature

    from autograd import check_gradients
    expression, given = read(args)

    def f(*xs: Any) -> Any:
        return expression(**dict(zip(given, xs)))
    f.__name__ = expression.text
    f.__signature__ = Signature([Parameter(name, Parameter.POSITIONAL_ONLY) for name in given])  # type: ignore[attr-defined]
    report = check_gradients(f, *given.values())
    columns = shutil.get_terminal_size((0, 0)).columns  # 0 where the output is a pipe or a file
    print(report.table(columns) if columns else report)
    return 0 if report else 1


def report(args: argparse.Namespace) -> int:
    if args.values:
        raise Refusal(f"report takes one checkpoint only; leave out {args.values[0]!r}")
    from viz.reports import checkpoint_page
    try:
        text = checkpoint_page(args.checkpoint, args.lang)
    except (OSError, ValueError) as error:
        raise Refusal(f"cannot report on '{args.checkpoint}': {getattr(error, 'strerror', None) or error}") from None
    written(text, args.output)
    return 0


def notebooks(args: argparse.Namespace) -> int:
    if args.values:
        raise Refusal(f"notebooks takes one folder only; leave out {args.values[0]!r}")
    from .lessons import copy_course
    try:
        files = copy_course(Path(args.folder), args.key, args.lang)
    except FileExistsError as error:
        raise Refusal(f"cannot copy into '{args.folder}': {error}; choose another folder, or move those files away") from None
    except OSError as error:
        raise Refusal(f"cannot copy into '{args.folder}': {error.strerror or error}") from None
    print(f"copied {len(files)} files into {args.folder}; to open them: pip install 'chainrule[course]', then\n"
          f"jupyter lab '{args.folder}'")
    return 0


def play(args: argparse.Namespace) -> int:
    if args.values:
        raise Refusal(f"play takes no values; leave out {args.values[0]!r}, and type formulas on the page")
    if Path(args.output).suffix.lower() not in (".html", ".htm"):
        raise Refusal(f"cannot write '{args.output}': the name must end in .html")
    import viz
    written(viz.playground(lang=args.lang), args.output)
    return 0
