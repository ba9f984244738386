"""The report of a training run: one page with curves, verdicts, histograms and a stepped example, kept up to date.

Everything is in the page and it asks nobody for anything. While the run lasts the page loads itself anew every few
seconds; it is written beside its place and renamed, so that what is there is always whole.
"""

from __future__ import annotations

import os
import platform
import re
import warnings
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from html import escape
from itertools import count
from pathlib import Path
from time import monotonic
from typing import Any

from autograd.files import replaced

from . import plots
from .records import MANY, number
from .svg import clean

SHARE = 0.1  # of the run's time that pages may take
SHOWN = 20_000  # entries of an array that a histogram is made of


def report(path: str | Path | Report, *, title: str | None = None, facts: Mapping[str, Any] | None = None, every: int = 10) -> Any:
    """A callback of ``nn.train.fit`` that keeps a page about the run at ``path``: ``fit(…, callbacks=[report(path)])``.

    ``path`` is a file ending in .html, or a folder, which gets a ``report.html``; folders are made. What ``report``
    returned is taken as it is. ``facts`` are further lines about the run (seeds, say); every so many batches the
    babysitter looks closely. Pages are written after epochs, at most so often that they take a tenth of the run's
    time, and at the end.
    Needs matplotlib, the extra ``[plot]``.
    """
    if isinstance(path, Report):
        return path
    return _callback()(path, title, facts, every)


@cache
def _callback() -> Any:
    from nn.train import Callback  # loads NumPy, which viz does not
    return type("Report", (Report, Callback), {})


class Report:
    """What is kept of a run for its page; ``path`` is where the page is, ``html()`` its text."""

    def __init__(self, path: str | Path, title: str | None, facts: Mapping[str, Any] | None, every: int):
        from nn.babysitter import Babysitter
        path = Path(path)
        self.path = path if path.suffix.lower() in (".html", ".htm") else path / "report.html"
        self.title = title or f"Training report: {self.path.stem if path == self.path else path.name}"
        self.facts = dict(facts or {})
        self.sitter = Babysitter(every=every)
        self.layers: dict[str, tuple[Any, Any]] = {}
        self.sample: tuple[Any, Any] | None = None
        self.example = ""
        self.over, self.interrupted = False, ""
        self._next = 0.0

    # ── as a callback of fit ──

    def on_start(self, run: Any) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        streams = {"order of examples": run.loader.generator, **dict(run.model.named_generators())}
        self.facts |= {"seed": run.seed} | {f"random generator: {name}": _state(stream) for name, stream in streams.items()}
        self.write(run)

    def on_backward(self, run: Any) -> None:
        self.sitter.on_backward(run)
        if self.sample is None:
            self.sample = run.x[:1], run.y[:1]
        if len(run.history.batches) % self.sitter.every == 0:
            self.layers = {name: (_thinned(value), _thinned(slope)) for name, (value, slope) in plots.layers(run.loss).items()}

    def on_step(self, run: Any) -> None:
        self.sitter.on_step(run)

    def on_epoch(self, run: Any) -> None:
        self.sitter.on_epoch(run)
        self.example = self.example or self._stepped(run)
        if monotonic() >= self._next:
            self.write(run)

    def on_end(self, run: Any) -> None:
        self.sitter.on_end(run)
        self.over, self.example = True, self._stepped(run)
        self.write(run)

    def on_interrupt(self, run: Any, error: BaseException) -> None:
        self.over, self.interrupted = True, f"Interrupted: {str(error) or type(error).__name__}."
        self.write(run)

    # ── the page ──

    def write(self, run: Any) -> None:
        """Write the page of now; a disk that refuses it is a warning, and no reason to end the run."""
        began = monotonic()
        try:
            save(self.path, self.html(run))
        except OSError as error:
            warnings.warn(f"report: cannot write {self.path}: {error.strerror or error}; the run goes on", stacklevel=2)
        self._next = monotonic() + (monotonic() - began) / SHARE

    def html(self, run: Any) -> str:
        """The page's text."""
        history = run.history
        ended = self.interrupted or (f"Ended: {history.stopped}." if self.over else "Running; this page loads itself anew.")
        head = f"<p class='state'>{escape(ended)} {len(history)} epochs, {len(history.batches)} batches.</p>"
        facts = {"model": repr(run.model), "parameters": f"{sum(getattr(x, 'size', 1) for x in run.model.parameters()):,}",
                 "optimiser": repr(run.optimizer), "loss": getattr(run.loss_function, "__name__", repr(run.loss_function)),
                 "examples": f"{len(run.loader.x):,} in batches of {run.loader.batch_size}", **environment(), **self.facts}
        return page(self.title, [("", head), *curves(history), ("Babysitter", self._verdicts()), *self._inside(),
                                 ("One example, step by step", self.example), ("Run and environment", table(facts))],
                    live=not self.over)

    def _verdicts(self) -> str:
        found = self.sitter.report()
        items = "".join(f"<li><b>✗ {escape(problem)}</b>: {escape(evidence)}<br>Remedy: {escape(remedy)}</li>"
                        for problem, evidence, remedy in found.findings)
        head = f"<ul class='ill'>{items}</ul>" if items else "<p class='well'>✓ healthy: none of the problems looked for.</p>"
        return head + table(found.signs)

    def _inside(self) -> list[tuple[str, str]]:
        parts = []
        if self.layers:
            panels = plots._panels(2, 1, max(4.5, 0.8 * len(self.layers)), 2.3)
            for ax, side, color in zip(panels, (0, 1), (plots.VALUE, plots.GRADIENT)):
                arrays = {name: pair[side] for name, pair in self.layers.items() if pair[side] is not None}
                plots.histograms(arrays, color=color, ax=ax)
                ax.set_title(("activations", "gradients")[side], fontsize="small")
            parts.append(("Layers", figure(panels, "activations and gradients of each layer in the latest batch looked at; below "
                                                   "each its standard deviation")))
        if self.sitter.ratios:
            ax = plots.update_ratios(self.sitter.ratios)
            caption = f"length of an update over that of the weights, every {self.sitter.every} batches"
            parts.append(("Updates", figure(ax, caption)))
        return parts

    def _stepped(self, run: Any) -> str:
        """The first example's way through the network and back, as the stepper's page."""
        from autograd.graph import topological
        from nn.evaluation import batch_function

        from .web.step_page import stepper
        if self.sample is None:
            return "<p>No batch was trained on.</p>"
        x, y = self.sample
        modes = [(module, module.training) for module in run.model.modules()]
        try:
            run.model.eval()
            loss = run.loss_function(batch_function(run.model)(x), y)
        finally:
            for module, mode in modes:
                module.training = mode
        if (gates := sum(1 for node in topological(loss) if node.operands)) > MANY:
            return f"<p>The network has {gates:,} gates for one example, too many to step through (the limit is {MANY}).</p>"
        said = f"<p>The first example that was trained on, with label {escape(str(y[0]))}.</p>"
        return said + stepper(loss, names=run.model)._repr_html_()


def _thinned(array: Any) -> Any:
    """A copy of an array, of some of its entries where there are very many."""
    return None if array is None else array.ravel()[::array.size // SHOWN + 1].copy()


def _state(generator: Any) -> str:
    """Which random numbers come next: the kind of generator, and a mark of its state."""
    import hashlib
    state = generator.bit_generator.state
    return f"{state['bit_generator']}, state {hashlib.sha256(repr(state).encode()).hexdigest()[:12]}"


# ── parts of pages ───────────────────────────────────────────────────────────────────────────────────────────────

def environment() -> dict[str, str]:
    """What the run's numbers may depend on: versions, machine, time."""
    from importlib.metadata import PackageNotFoundError, version
    found = {"written": datetime.now().astimezone().isoformat(sep=" ", timespec="seconds"),
             "python": platform.python_version(),
             "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors"}
    for name in ("chainrule", "numpy", "matplotlib"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "run from its source"
    return found


def curves(history: Any) -> list[tuple[str, str]]:
    """Sections with the curves of a history: losses, metrics with their validation, the loss of every batch."""
    columns = history.to_dict()
    kinds = [name for name in columns if name != "epoch" and not name.startswith("validation ")]
    shown = []
    for name in kinds:
        series = [column for column in (name, f"validation {name}") if column in columns]
        if name != "lr" or len(set(columns["lr"])) > 1:
            shown.append(figure(plots.curves(history, series), " and ".join(series) + " over the epochs"))
    if history.batches:
        ax = plots._axes(None)
        ax.plot(range(1, len(history.batches) + 1), history.batches, color=plots.SERIES[0], linewidth=0.8)
        ax.set(xlabel="batch", ylabel="loss")
        shown.append(figure(ax, "loss of every batch"))
    last = "".join(f"<tr><th scope='row'>{escape(name)}</th><td>{_cell(series[-1])}</td><td>{_cell(history.best[name])}</td></tr>"
                   for name, series in columns.items())
    numbers = f"<table><tr><td></td><th scope='col'>last epoch</th><th scope='col'>best epoch</th></tr>{last}</table>"
    return [("Curves", "".join(shown) + (numbers if columns else "<p>No epoch has ended yet.</p>"))]


def _cell(value: Any) -> str:
    return str(value) if isinstance(value, int) else number(float(value), 4)


_figures = count(1)


def figure(axes: Any, caption: str) -> str:
    """A plot as a part of the page, with what it shows in words."""
    drawn = re.sub(r'( id="|url\(#|href="#)', rf"\1f{next(_figures)}-", plots.svg(axes))  # ids are once in a page
    drawn = drawn.replace("<svg", f'<svg role="img" aria-label="{escape(caption)}"', 1)
    return f"<figure>{drawn}<figcaption>{escape(caption)}</figcaption></figure>"


def table(rows: Mapping[str, Any]) -> str:
    """Names and what they are, as a table."""
    cells = "".join(f"<tr><th scope='row'>{escape(clean(str(name)))}</th><td>{escape(clean(str(value)))}</td></tr>"
                    for name, value in rows.items())
    return f"<table>{cells}</table>" if cells else ""


def page(title: str, sections: list[tuple[str, str]], live: bool = False) -> str:
    """Sections of HTML under headings as one page; a live one loads itself anew."""
    body = "".join(f"<section>{f'<h2>{escape(heading)}</h2>' if heading else ''}{content}</section>"
                   for heading, content in sections if content)
    again = '<meta http-equiv="refresh" content="5">' if live else ""
    return _PAGE.format(title=escape(clean(title)), again=again, body=body)


def save(path: Path, text: str) -> None:
    """Write a page: a reader sees the old one or the new one."""
    with replaced(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def of_checkpoint(path: str | Path) -> str:
    """The page of a run that left a checkpoint: its curves, its weights by layer, its settings.

    Raises nn.persist.CheckpointError for a file that is none, ValueError for one that ``fit`` did not write.
    """
    from nn.persist import load
    from nn.train import History
    found = load(path)
    kept = found.get("extra") if isinstance(found, dict) else None
    if not isinstance(kept, dict) or "rows" not in kept:
        raise ValueError(f"{path} holds no history; a report is of a checkpoint that fit(…, checkpoint=) wrote")
    history = History()
    history.rows, history.batches, history.stopped = kept["rows"], list(kept["batches"]), kept["stopped"]
    weights = {name: array for name, array in found["model"].items() if getattr(array, "ndim", 0) > 1}
    inside = []
    if weights:
        inside = [("Weights", figure(plots.histograms(weights), "weights of each layer; below each its standard deviation"))]
    size = sum(getattr(array, "size", 1) for array in found["model"].values())
    settings = [item for group in (found.get("optimizer") or {}).get("param_groups", [])[:1] for item in group.items()]
    facts = {"checkpoint": path, "parameters": f"{size:,}", **{key: x for key, x in settings if key != "params"}, **environment()}
    ended = f"Ended: {history.stopped}." if history.stopped else "Stopped before its end; fit(…, resume=True) goes on."
    return page(f"Training report: {Path(path).stem}", [("", f"<p class='state'>{escape(ended)}</p>"), *curves(history), *inside,
                                                        ("Run and environment", table(facts))])


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">{again}
<title>{title}</title><style>
:root {{ color-scheme: light dark; --ink: #1f2328; --paper: #fff; --line: #d0d7de; --good: #1a7f37; --bad: #cf222e }}
@media (prefers-color-scheme: dark) {{
  :root {{ --ink: #e6edf3; --paper: #0d1117; --line: #30363d; --good: #3fb950; --bad: #ff7b72 }}
}}
body {{ font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper) }}
main {{ max-width: 70rem; margin: 0 auto; padding: 0 .5rem }}
h2 {{ border-bottom: 1px solid var(--line); margin-top: 2rem }}
figure {{ display: inline-block; margin: .5rem 1rem .5rem 0; vertical-align: top; max-width: 100% }}
figure svg {{ background: #fff; border-radius: 6px; max-width: 100%; height: auto }}
figcaption {{ font-size: .85rem; max-width: 28rem }}
table {{ border-collapse: collapse; margin: .5rem 0 }}
th, td {{ text-align: left; vertical-align: top; padding: .15rem .8rem .15rem 0; font-variant-numeric: tabular-nums }}
td {{ white-space: pre-wrap; overflow-wrap: anywhere }} th {{ font-weight: 600 }}
.well {{ color: var(--good) }} .ill b {{ color: var(--bad) }} iframe {{ background: #fff }}
</style></head><body><main><h1>{title}</h1>{body}</main></body></html>
"""
