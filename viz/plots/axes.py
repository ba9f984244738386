"""Figures and axes: creation, style, and their SVG text."""

from __future__ import annotations

import re
from functools import cache
from io import StringIO
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograd.files import replaced
from autograd.languages import reader_language
from autograd.notebook import bundle

from ..colours import DARK, LIGHT, SERIES as SERIES_BOTH
from ..figure_words import in_language
from ..svg import clip

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

VALUE, GRADIENT, FAINT, INK, FRAME, PAPER = (LIGHT[name] for name in ("value", "gradient", "wire", "ink", "frame", "paper"))
SERIES = tuple(SERIES_BOTH)
IN_THE_DARK = {**SERIES_BOTH, **{LIGHT[name]: DARK[name] for name in LIGHT}, "#000000": DARK["ink"], "#ffffff": DARK["paper"]}
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)), (0, (8, 2)))
MARKERS = "os^Dv<>PX*"
WIDEST = 9.3  # inches: at 96 pixels to the inch a page of 900 holds it


class Panels(list[Any]):
    """The axes of one figure, in reading order; shown in notebooks. ``measured`` holds the plotted statistics.

    >>> Panels(make_panels(2, columns=2, width=2.0, height=2.0))
    <2 panels>
    """

    measured: dict[str, Any]

    def __repr__(self) -> str:
        return f"<{len(self)} panels>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return bundle(_shown(self), repr(self), "Plots: " + ", ".join(filter(None, map(_title_text, self))))


@cache
def _class_of_shown_axes() -> type[Axes]:
    """The class of axes with a notebook display."""
    try:
        from matplotlib.axes import Axes
    except ImportError:
        raise ImportError("plots need matplotlib: pip install 'chainrule[plot]'") from None

    class ShownAxes(Axes):
        def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
            return bundle(_shown(self), repr(self), f"Plot: {_title_text(self)}")
    return ShownAxes


def _title_text(ax: Axes) -> str:
    """The title of a plot, else the labels of its axes."""
    return ax.get_title() or " against ".join(filter(None, (ax.get_ylabel(), ax.get_xlabel())))


@cache
def _class_of_saved_figures() -> type[Figure]:
    """The class of figures whose SVG files have light and dark colours."""
    from matplotlib.figure import Figure

    class SavedFigure(Figure):
        def savefig(self, fname: Any, **options: Any) -> None:
            if isinstance(fname, (str, Path)) and Path(fname).suffix.lower() == ".svg" and "format" not in options:
                Path(fname).write_text(_drawn(self, **options), encoding="utf-8")
            else:
                super().savefig(fname, **options)
    return SavedFigure


def svg(axes: Axes | list[Axes]) -> str:
    """Return the whole figure of some axes as SVG, with letters as text; the same plot gives the same SVG.

    >>> svg(axes_or_new(None))[:4]
    '<svg'
    """
    return _drawn(figure_of(axes[0] if isinstance(axes, list) else axes))


def _shown(axes: Axes | list[Axes]) -> str:
    """The figure for a notebook, its own texts in the reader's language; files stay English: other formats lack the letters."""
    return in_language(svg(axes), reader_language())


def save(axes: Axes | list[Axes], path: str | Path, **options: Any) -> Path:
    """Write the whole figure of the axes to a file, in the format of its suffix, and return the path; options as for ``savefig``.

    An SVG file has the dark colours too, for dark screens; so has one that ``axes.figure.savefig`` writes, of a new figure.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     "prefers-color-scheme: dark" in save(axes_or_new(None), Path(folder, "plot.svg")).read_text(encoding="utf-8")
    True
    """
    path, figure = Path(path), figure_of(axes[0] if isinstance(axes, list) else axes)
    with replaced(path) as temporary:
        if path.suffix.lower() == ".svg":
            temporary.write_text(_drawn(figure, **options), encoding="utf-8")
        else:
            figure.savefig(temporary, **options)
    return path


def _drawn(figure: Figure, **options: Any) -> str:
    """The text of a figure."""
    import warnings

    from matplotlib import rc_context
    from matplotlib.figure import Figure
    text = StringIO()
    settings: Any = {"svg.fonttype": "none", "svg.hashsalt": "chainrule", "font.sans-serif": ["DejaVu Sans"]}
    with rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # the reader's fonts have the glyph
        Figure.savefig(figure, text, format="svg", **{"metadata": {"Date": None, "Creator": None}, **options})
    drawn = text.getvalue()[text.getvalue().index("<svg"):]
    # a marker's colours are set where it is used, because rules for dark pages do not reach its definition
    drawn = re.sub(r'(<path id="[^"]*"[^>]*?) style="stroke: [^"]*"', r"\1", drawn)
    return _for_both(_shortened(drawn))


LONG = 3000  # letters of a path
TEXT = "font-family: 'DejaVu Sans', sans-serif; font-size: 10px"  # of most texts, set once for the whole picture


def _shortened(drawn: str) -> str:
    """Return a shorter text of the same picture, because notebooks store it twice.

    Metadata, empty groups and repeated styles are left out; coordinates keep two decimals.
    """
    drawn = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", drawn, flags=re.DOTALL)
    drawn = re.sub(r">\s+<", "><", re.sub(r'(?<=<g) id="[^"]*"| transform="rotate\(-0 [^"]*"', "", drawn))
    drawn = re.sub(r' (?:d|x|y|transform)="[^"]*"', lambda place: re.sub(r"(\.\d\d)\d+", r"\1", place[0]), drawn)
    drawn = re.sub(r' d="[^"]*"', _short_way, drawn)
    drawn = re.sub(r"font-family: 'DejaVu Sans'(?:, sans-serif)?;? ?|font-size: 10px;? ?|stroke-dashoffset: 0;? ?", "", drawn)
    drawn = _without_groups(drawn.replace(' style=""', ""))
    drawn = re.sub(r'<use [^>]* style="([^"]*)"/>(?:<use [^>]* style="\1"/>)+',
                   _as_group, drawn)
    return drawn.replace("<svg", f'<svg style="{TEXT}"', 1)


def _short_way(way: re.Match[str]) -> str:
    """A path without needless spaces; long ones, such as contours, keep one decimal."""
    text = re.sub(r"(?<!^)\s*([A-Za-z])\s+", r"\1", way[0])
    return re.sub(r"\d+\.\d\d", lambda place: f"{float(place[0]):.1f}", text) if len(text) > LONG else text


def _as_group(marks: re.Match[str]) -> str:
    """Consecutive markers of one style as a group with that style."""
    style = f' style="{marks[1]}"'
    if "join" in style or "cap" in style:  # the style sheet has rules for these, which beat a group's
        return marks[0]
    return f"<g{style}>{marks[0].replace(style, '')}</g>"


def _without_groups(drawn: str) -> str:
    """Remove groups without attributes, except the outermost."""
    pieces, open_ = re.split(r"(<g>|<g [^>]*[^/]>|</g>)", drawn), list[bool]()
    for i in range(1, len(pieces), 2):  # the tags of groups; texts are between
        if pieces[i] != "</g>":
            open_.append(pieces[i] != "<g>" or not open_)
        if not (open_.pop() if pieces[i] == "</g>" else open_[-1]):
            pieces[i] = ""
    return "".join(pieces)


def _for_both(drawn: str) -> str:
    """A plot in light colours, with rules that replace them in dark mode.

    The colours stay on the elements, for programs without style sheets; the rules apply to this plot only.
    """
    rules = f".plot text {{ fill: {DARK['ink']} }}"
    for colour, dark in IN_THE_DARK.items():
        for what in ("fill", "stroke"):
            if f"{what}: {colour}" in drawn:
                rules += f'.plot [style*="{what}: {colour}"] {{ {what}: {dark} !important }}'
    sheet = (".plot * { stroke-linejoin: round; stroke-linecap: butt }@media all { svg.plot { max-width: 100%; height: auto } }"
             f"@media (prefers-color-scheme: dark) {{ {rules} }}")
    drawn = re.sub(r"<style[^>]*>.*?</style>", lambda _: f"<style>{sheet}</style>", drawn, count=1, flags=re.DOTALL)
    return drawn.replace("<svg", '<svg class="plot"', 1)


def make_panels(count: int, columns: int, width: float, height: float) -> Panels:
    """Return axes in rows of ``columns``, each of this size in inches, in a new figure that is at most as wide as a page.

    >>> len(make_panels(3, columns=2, width=2.0, height=2.0))
    3
    """
    kind = _class_of_shown_axes()
    lines = ceil(count / columns)
    figure = _class_of_saved_figures()(figsize=(min(width * columns, WIDEST), height * lines), layout="constrained")
    panels = Panels(figure.add_subplot(lines, columns, i + 1, axes_class=kind) for i in range(count))
    for ax in panels:
        ax.spines[["top", "right"]].set_visible(False)
    return panels


def axes_or_new(ax: Axes | None, width: float = 5.0, height: float = 3.4) -> Axes:
    """Return the given axes, or new ones of this size in inches."""
    return make_panels(1, 1, width, height)[0] if ax is None else ax


def figure_of(ax: Axes) -> Figure:
    """Return the figure that axes are in."""
    figure: Any = ax.figure
    return figure


def series_style(i: int) -> dict[str, Any]:
    """Return the colour and the dashes of series number ``i``.

    >>> series_style(0)["color"] == series_style(len(SERIES))["color"] == SERIES[0]
    True
    """
    return {"color": SERIES[i % len(SERIES)], "linestyle": DASHES[i % len(DASHES)], "linewidth": 1.6}


def count_on_x(ax: Axes) -> None:
    """Put the ticks of the horizontal axis at whole numbers."""
    from matplotlib.ticker import MaxNLocator
    ax.xaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 2.5, 5, 10]))


def show_from_zero(ax: Axes) -> None:
    """Start the vertical axis at 0, if no number is below 0 and no series has more than one.

    A single number has no scale, and an axis around it would magnify its last digits.
    """
    shown = [float(y) for line in ax.lines for y in line.get_ydata() if len(line.get_ydata()) == 1]  # type: ignore[arg-type,union-attr]
    if shown and min(shown) >= 0:
        ax.set(xlim=(0, 2), ylim=(0, 1.15 * max(shown) or 1.0))


def add_legend(ax: Axes, **options: Any) -> None:
    """Add a legend without a frame, if anything has a label."""
    if ax.get_legend_handles_labels()[0]:
        ax.legend(frameon=False, fontsize="small", **options)


def add_legend_below(ax: Axes, **options: Any) -> None:
    """Add a legend below the axes, where it covers nothing; inside them, if the figure does not make room for it."""
    figure = figure_of(ax)
    if figure.get_layout_engine() is None:
        add_legend(ax, **options)
        return
    from matplotlib.transforms import ScaledTranslation
    below = ax.transAxes + ScaledTranslation(0, -38 / 72, figure.dpi_scale_trans)  # points, below tick labels and an axis label
    add_legend(ax, loc="upper left", bbox_to_anchor=(0, 0), bbox_transform=below, borderaxespad=0, **options)


def label_text(name: object, letters: int = 40) -> str:
    r"""Escape a name for matplotlib, which would read a formula between dollars and hide a leading underscore.

    >>> label_text("cost in $"), label_text("_x")
    ('cost in \\$', '\u200b_x')
    """
    text = clip(str(name), letters).replace("$", r"\$")
    return f"\u200b{text}" if text.startswith("_") else text


def short_number(x: float) -> str:
    """Write a number with two digits, for small texts at an axis.

    >>> short_number(0.000123), short_number(-0.33)
    ('0.00012', '−0.33')
    """
    return f"{x:.2g}".replace("e-0", "e-").replace("e+0", "e").replace("-", "−")
