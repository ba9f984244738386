"""The report of a training run: one page with curves, verdicts, histograms and a stepped example, kept up to date.

The page is self-contained. During the run it reloads its file every two seconds and takes over the changes; the reader's scroll
position, folded sections and step stay. The file is written under another name and renamed, so that a reader always finds a
complete page.
"""

from __future__ import annotations

import os
import platform
import re
import warnings
from collections.abc import Iterable, Mapping
from datetime import datetime
from html import escape
from itertools import count
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd.files import write_whole
from autograd.graph import topological
from autograd.languages import reader_language
from autograd.notebook import PAGE_HEAD

from . import plots
from .collapsing import MANY
from .colours import DARK, LIGHT, variables
from .figure_words import in_language, said
from .numbers import number
from .plots.axes import axes_or_new, count_on_x
from .svg import clean

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes

    from autograd.typing import Array
    from nn.callbacks import History, Run

SHARE = 0.1  # share of the run's time that writing pages may take
SIDE_BY_SIDE = 14  # layers in one figure
SHOWN = 20_000  # entries of an array used for a histogram

Section = tuple[str, str]  # a heading and the HTML under it


def report(path: str | Path, history: History | None = None, *, title: str | None = None,
           facts: Mapping[str, object] | None = None, every: int = 10, lang: str | None = None) -> TrainingPage:
    """Return a callback of ``nn.train.fit`` that keeps a page about the run at ``path``.

    ``path`` is a file ending in .html, or a folder, which gets a ``report.html``; missing folders are created. With the ``history``
    of a finished run, the page of its curves is written at once. ``facts`` are further lines about the run; the babysitter inspects
    one batch in ``every``. Pages are written after epochs, using at most a tenth of the run's time, and at the end. The page is in
    English or Korean: ``lang``, "en" or "ko", by default the system's language. Needs matplotlib, the extra ``[plot]``. Raises
    ValueError for another language.

    >>> import nn, tempfile
    >>> model = nn.Sequential(nn.Linear(4, 3, rng=0))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     history = nn.train.fit(model, nn.data.load("iris"), nn.functional.cross_entropy, nn.optim.SGD(model.named_parameters()),
    ...                            epochs=1, seed=0, progress=False, callbacks=[page := report(folder, lang="en")])
    ...     "Ended: its one epoch is done" in page.path.read_text(encoding="utf-8")
    True
    """
    made = TrainingPage(path, title, facts, every, lang)
    if history is not None:
        made.write_history(history)
    return made


class TrainingPage:
    """The page about a run, with the data recorded for it; ``path`` is the page's file.

    It is a callback of ``nn.train.fit``, which calls its ``on_…`` methods.

    >>> TrainingPage("out/run.html", lang="ko").title
    '학습 보고서: run'
    """

    def __init__(self, path: str | Path, title: str | None = None, facts: Mapping[str, object] | None = None, every: int = 10,
                 lang: str | None = None):
        from nn.babysitter import Babysitter
        path = Path(path)
        self.path = path if path.suffix.lower() in (".html", ".htm") else path / "report.html"
        self.lang = reader_language(lang)
        self.title = title or self._said(f"Training report: {self.path.stem if path == self.path else path.name}")
        self.facts = dict(facts or {})
        self.sitter = Babysitter(every=every)
        self.layers: dict[str, tuple[Array, Array | None]] = {}
        self.sample: tuple[Any, Any] | None = None
        self.example = Example("", lang=self.lang)
        self.over, self.interrupted = False, ""
        self._next = 0.0

    def __repr__(self) -> str:
        return f"<TrainingPage {self.path}>"

    def _said(self, text: str) -> str:
        return said(text, self.lang)

    # ── as a callback of fit ──

    def on_start(self, run: Run) -> None:
        """Record the seeds, and write the first page."""
        streams = {"order of examples": run.loader.generator, **dict(run.model.named_generators())}
        self.facts = {"seed": run.seed, **self.facts,
                      **{self._said(f"random generator: {name}"): self._said(_state(stream)) for name, stream in streams.items()}}
        self.write(run)

    def on_backward(self, run: Run) -> None:
        """Inspect the gradients, and keep activations for the histograms."""
        self.sitter.on_backward(run)
        if self.sample is None:
            self.sample = run.x[:1], run.y[:1]
        if run.loss is not None and len(run.history.batches) % self.sitter.every == 0:
            self.layers = {name: (_thinned(value), None if slope is None else _thinned(slope))
                           for name, (value, slope) in plots.layers(run.loss).items()}

    def on_step(self, run: Run) -> None:
        """Inspect the update."""
        self.sitter.on_step(run)

    def on_epoch(self, run: Run) -> None:
        """Write the page, unless the last one was written very recently."""
        self.sitter.on_epoch(run)
        if not self.example.about:
            self.example = self._stepped(run)
        if monotonic() >= self._next:
            self.write(run)

    def on_end(self, run: Run) -> None:
        """Write the last page."""
        self.sitter.on_end(run)
        self.over, self.example = True, self._stepped(run)
        self.write(run)

    def on_interrupt(self, run: Run, error: BaseException) -> None:
        """Write a last page that names the cause of the interruption."""
        self.over, self.interrupted = True, f"Interrupted: {str(error) or type(error).__name__}."
        self.write(run)

    # ── the page ──

    def write(self, run: Run) -> None:
        """Write the present page; a file that cannot be written gives a warning, and the run goes on."""
        began = monotonic()
        try:
            self._save(self.html(run))
        except OSError as error:
            warnings.warn(f"report: cannot write {self.path}: {error.strerror or error}; the run goes on", stacklevel=2)
        self._next = monotonic() + (monotonic() - began) / SHARE

    def write_history(self, history: History) -> None:
        """Write the page of a finished run from its history."""
        facts = {**self.facts, **environment(self.lang)}
        self._save(page(self.title, [("", _state_line(f"Ended: {history.stopped}.", history, self.lang)),
                                     *curve_sections(history, self.lang), ("Run and environment", table(facts, self.lang))],
                        lang=self.lang))

    def _save(self, text: str) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self.path, text)

    def html(self, run: Run) -> str:
        """Return the page as text."""
        ended = f"Ended: {run.history.stopped}." if self.over else "Running; this page follows."
        facts = {"model": repr(run.model), "parameters": f"{sum(getattr(x, 'size', 1) for x in run.model.parameters()):,}",
                 "optimiser": repr(run.optimizer), "loss": getattr(run.loss_function, "__name__", repr(run.loss_function)),
                 "data": repr(run.loader),
                 **{f"worker {address}": self._said(f"{count:,} examples") for address, count in run.workers.items()},
                 **environment(self.lang), **self.facts}
        return page(self.title, [("", _state_line(self.interrupted or ended, run.history, self.lang)),
                                 *curve_sections(run.history, self.lang), ("Babysitter", self._verdicts()), *self._inside(),
                                 ("One example, step by step", self.example), ("Run and environment", table(facts, self.lang))],
                    live=not self.over, lang=self.lang)

    def _verdicts(self) -> str:
        found = self.sitter.report(self.lang)
        items = ""
        for finding in found.findings:
            problem, evidence, remedy = (escape(found.said(text)) for text in finding)
            items += f"<li><b>✗ {problem}</b>: {evidence}<br>{self._said(f'Remedy: {remedy}')}</li>"
        head = f"<ul class='ill'>{items}</ul>" if items else f"<p class='well'>✓ {self._said('healthy: no problems found.')}</p>"
        return head + table({found.said(name): found.said(text) for name, text in found.signs.items()})

    def _inside(self) -> list[Section]:
        shown, names = [], list(self.layers)
        for first in range(0, len(names), SIDE_BY_SIDE):
            some = {name: self.layers[name] for name in names[first:first + SIDE_BY_SIDE]}
            for side, title in enumerate(("activations", "gradients")):
                kept = {name: numbers for name, pair in some.items() if (numbers := pair[side]) is not None}
                if kept:
                    ax = plots.histograms(kept, color=(plots.VALUE, plots.GRADIENT)[side])
                    ax.set_title(title, fontsize="small")
                    caption = f"{title} of each layer in the latest batch looked at; below each its standard deviation"
                    shown.append(figure(ax, caption, wide=len(kept) > 6, lang=self.lang))
        updates = ""
        if self.sitter.ratios:
            caption = f"length of an update over that of the weights, every {self.sitter.every} batches"
            updates = figure(plots.update_ratios(self.sitter.ratios), caption, lang=self.lang)
        return [("Layers", figures(shown) or f"<p>{self._said('No batch has been looked at yet.')}</p>"),
                ("Updates", figures([updates]) if updates else f"<p>{self._said('No update has been measured yet.')}</p>")]

    def _stepped(self, run: Run) -> Example:
        """The stepper's page for the first example."""
        from nn.evaluation import batch_function
        from nn.module import evaluation_mode

        from .web.step_page import stepper
        if self.sample is None:
            return Example("No batch was trained on.", lang=self.lang)
        x, y = self.sample
        with evaluation_mode(run.model):
            loss = run.loss_function(batch_function(run.model)(x), y)
        if (gates := sum(1 for node in topological(loss) if node.operands)) > MANY:
            return Example(f"The network has {gates:,} gates for one example, too many to step through (the limit is {MANY}).",
                           lang=self.lang)
        shown = stepper(loss, names=run.model, title=self._said(f"After {_counted(run.epoch, 'epoch')}"), lang=self.lang)
        return Example(f"The first example that was trained on, with label {y[0]}.", shown.html, self.lang)


class Example(NamedTuple):
    """An example to step through: a line about it, and the stepper's page, which is not replaced while the reader uses it."""

    about: str
    page: str = ""
    lang: str = "en"

    @property
    def html(self) -> str:
        """The example as a part of the page."""
        texts = (self.about or "Shown once the first epoch has ended.", "The network has learned more since.",
                 "Show it as it is now", "Stepper: one example", "Stepping needs JavaScript.")
        about, more, show, title, needs = (escape(said(text, self.lang)) for text in texts)
        return (f'<p data-part="example">{about}</p><div class="stale" hidden><span>{more}</span>'
                f'<button type="button">{show}</button></div><div id="steps" data-title="{title}" '
                f'data-steps="{escape(self.page)}"></div><noscript>{needs}</noscript>')


def _counted(n: int, what: str, more: str = "s") -> str:
    return f"{n:,} {what}{more * (n != 1)}"


def _state_line(text: str, history: History, lang: str) -> str:
    counts = _counted(len(history), "epoch"), _counted(len(history.batches), "batch", "es")
    return f"<p class='state'>{escape(said(text, lang))} {', '.join(said(count, lang) for count in counts)}.</p>"


def _thinned(array: Array) -> Array:
    """A copy of an array, or of a sample of its entries where there are very many."""
    return array.ravel()[::array.size // SHOWN + 1].copy()


def _state(generator: np.random.Generator) -> str:
    """The kind of a random generator and a checksum of its state."""
    import hashlib
    state = generator.bit_generator.state
    return f"{state['bit_generator']}, state {hashlib.sha256(repr(state).encode()).hexdigest()[:12]}"


# ── parts of pages ───────────────────────────────────────────────────────────────────────────────────────────────

def environment(lang: str = "en") -> dict[str, str]:
    """Return facts that a run's numbers may depend on: versions, machine, time; their values in a language.

    >>> environment()["python"] == platform.python_version()
    True
    """
    from importlib.metadata import PackageNotFoundError, version
    found = {"written": datetime.now().astimezone().isoformat(sep=" ", timespec="seconds"),
             "python": platform.python_version(),
             "machine": said(f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors", lang)}
    for name in ("chainrule", "numpy", "matplotlib"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = said("run from its source", lang)
    return found


def curve_sections(history: History, lang: str = "en") -> list[Section]:
    """Return the section with the curves of a history: losses, metrics with their validation, the loss of every batch."""
    columns = history.to_dict()
    kinds = [name for name in columns if name != "epoch" and not name.startswith("validation ")]
    shown = []
    for name in kinds:
        series = [column for column in (name, f"validation {name}") if column in columns]
        if name != "lr" or len(set(columns["lr"])) > 1:
            shown.append(figure(plots.curves(history, series), " and ".join(series) + " over the epochs", lang=lang))
    if history.batches:
        ax = axes_or_new(None)
        ax.plot(range(1, len(history.batches) + 1), history.batches, color=plots.SERIES[0], linewidth=0.8)
        ax.set(xlabel="batch", ylabel="loss")
        count_on_x(ax)
        shown.append(figure(ax, "loss of every batch", lang=lang))
    last = "".join(f"<tr><th scope='row'>{escape(said(name, lang))}</th><td>{_cell(series[-1])}</td>"
                   f"<td>{_cell(history.best[name])}</td></tr>" for name, series in columns.items())
    heads = "".join(f"<th scope='col'>{said(head, lang)}</th>" for head in ("last epoch", "best epoch"))
    numbers = f"<table><tr><td></td>{heads}</tr>{last}</table>" if columns else f"<p>{said('No epoch has ended yet.', lang)}</p>"
    return [("Curves", figures(shown) + numbers)]


def _cell(value: float) -> str:
    return str(value) if isinstance(value, int) else number(float(value), 4)


_figures = count(1)


def figure(axes: Axes | list[Axes], caption: str, wide: bool = False, lang: str = "en") -> str:
    """Return a plot as a part of the page, with a caption, also for screen readers; a wide one takes the whole width."""
    caption = said(caption, lang)
    drawn = in_language(plots.svg(axes), lang)
    drawn = re.sub(r'( id="|url\(#|href="#)', rf"\1f{next(_figures)}-", drawn)  # ids must be unique in a page
    drawn = drawn.replace("<svg", f'<svg role="img" aria-label="{escape(caption)}"', 1)
    return f"<figure{' class=wide' if wide else ''}>{drawn}<figcaption>{escape(caption)}</figcaption></figure>"


def figures(shown: Iterable[str]) -> str:
    """Return figures side by side, as many as fit the page's width; "" for no figures.

    >>> figures(["<figure></figure>"]), figures([])
    ("<div class='figures'><figure></figure></div>", '')
    """
    inside = "".join(shown)
    return f"<div class='figures'>{inside}</div>" if inside else ""


def table(rows: Mapping[str, object], lang: str = "en") -> str:
    """Return names and their values as an HTML table, the names in a language.

    >>> table({"a<b": 1})
    "<table><tr><th scope='row'>a&lt;b</th><td>1</td></tr></table>"
    """
    cells = "".join(f"<tr><th scope='row'>{escape(clean(said(str(name), lang)))}</th><td>{escape(clean(str(value)))}</td></tr>"
                    for name, value in rows.items())
    return f"<table>{cells}</table>" if cells else ""


def page(title: str, sections: Iterable[tuple[str, str | Example]], live: bool = False, lang: str = "en") -> str:
    """Return a page of foldable sections of HTML under headings, in a language; a live page follows the changes of its file.

    >>> "<h2>Curves</h2></summary><div data-part='curves'><p>none</p></div>" in page("Run", [("Curves", "<p>none</p>")])
    True
    """
    body = "".join(_section(said(heading, lang), content) for heading, content in sections if content)
    here = Path(__file__).parent / "web" / "report_page"
    style, script = (here.with_suffix(kind).read_text(encoding="utf-8") for kind in (".css", ".js"))
    style = (f":root {{ color-scheme: light dark; {variables(LIGHT)} }}\n@media (prefers-color-scheme: dark) "
             f"{{ :root {{ {variables(DARK)} }} }}\n{style}")
    again = '<noscript><meta http-equiv="refresh" content="5"></noscript>' if live else ""
    return (f'{PAGE_HEAD.format(lang=lang, title=escape(clean(title)))}{again}<style>{style}</style><script>{script}</script>'
            f'<body{" data-live=yes" * live} data-next="{said("the next state of this report", lang)}"><main>'
            f'<h1>{escape(clean(title))}</h1>{body}</main></body></html>\n')


def _section(heading: str, content: str | Example) -> str:
    """A foldable section; parts that later pages replace are marked."""
    name = re.sub(r"\W+", "-", heading.lower()).strip("-") or "state"
    inside = content.html if isinstance(content, Example) else f"<div data-part='{name}'>{content}</div>"
    if not heading:
        return f"<section>{inside}</section>"
    return f"<section><details open><summary><h2>{escape(heading)}</h2></summary>{inside}</details></section>"


def checkpoint_page(path: str | Path, lang: str | None = None) -> str:
    """Return the page of a run from its checkpoint: its curves, its weights by layer, its settings.

    ``lang`` is "en" or "ko", by default the system's language. Raises nn.persist.CheckpointError for a file that is not a
    checkpoint, ValueError for another language, or a checkpoint that ``fit`` did not write.
    """
    from nn.callbacks import History
    from nn.persist import load
    found, lang = load(path), reader_language(lang)
    kept = found.get("extra") if isinstance(found, dict) else None
    if not isinstance(kept, dict) or "rows" not in kept:
        raise ValueError(f"{path} holds no history; give a checkpoint that fit(…, checkpoint=) wrote")
    history = History()
    history.rows, history.batches, history.stopped = kept["rows"], list(kept["batches"]), kept["stopped"]
    weights = {name: array for name, array in found["model"].items() if getattr(array, "ndim", 0) > 1}
    inside = []
    if weights:
        inside = [("Weights", figures([figure(plots.histograms(weights), "weights of each layer; below each its standard deviation",
                                              wide=len(weights) > 5, lang=lang)]))]
    size = sum(getattr(array, "size", 1) for array in found["model"].values())
    settings = [item for group in (found.get("optimizer") or {}).get("param_groups", [])[:1] for item in group.items()]
    facts = {"checkpoint": path, "parameters": f"{size:,}", **{key: x for key, x in settings if key != "params"},
             **environment(lang)}
    ended = f"Ended: {history.stopped}." if history.stopped else "Stopped before its end; fit(…, resume=True) goes on."
    return page(said(f"Training report: {Path(path).stem}", lang),
                [("", _state_line(ended, history, lang)), *curve_sections(history, lang), *inside,
                 ("Run and environment", table(facts, lang))], lang=lang)
