"""Pictures of recorded results, as SVG for light and dark pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from viz.plots.axes import FAINT, INK, MARKERS, SERIES, add_legend_below, axes_or_new, make_panels, save, series_style

from .figures import exponent, means, quartiles, ratio, short
from .measure import OURS
from .results import Results
from .tables import ENGINES, column_name, columns, label, pictured, present, samples

if TYPE_CHECKING:
    from matplotlib.axes import Axes

OF_JOBS = (*OURS, "NumPy by hand", "JAX, jit", "MyGrad", "HIPS autograd")
NAMED = 3  # operations with a label in each column


def save_all(results: Results, folder: Path) -> list[Path]:
    """Write every picture that these results have numbers for; remove the others."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    shown = pictured(results)
    for draw in (numbers, jobs, lanes, growth, operations):
        path = folder / f"{draw.__name__}.svg"
        path.unlink(missing_ok=True)
        if draw.__name__ in shown:
            written.append(save(draw(results, shown[draw.__name__]), path))
    return written


def look(name: str) -> dict[str, Any]:
    """The colour and the marker of an engine, the same in every picture."""
    i = ENGINES.index(name)
    return {"color": SERIES[i % len(SERIES)], "marker": MARKERS[i % len(MARKERS)]}


def plain_ticks(axis: Any) -> None:
    """Write 0.1, 1 and 10 on a logarithmic axis, and no powers."""
    from matplotlib.ticker import FuncFormatter, NullFormatter
    axis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.10g}"))
    axis.set_minor_formatter(NullFormatter())


def numbers(results: Results, names: list[str]) -> Axes:
    """S1: the time of every engine on a logarithmic axis, the fastest at the top."""
    found = sorted(((quartiles(samples(results, "s1", name)), name) for name in names), reverse=True)
    ax = axes_or_new(None, 6.6, 0.9 + 0.3 * len(found))
    for height, ((low, middle, high), name) in enumerate(found):
        ax.plot([low, high], [height, height], color=INK, linewidth=1)
        ax.plot([middle], [height], markersize=7, **look(name))
        ax.annotate(f"{short(middle)} ms", (high, height), (9, 0), textcoords="offset points", va="center", fontsize="small")
    ax.set(xscale="log", xlabel="ms for a training step of 65,612 nodes", ylim=(-0.6, len(found) - 0.4))
    ax.set_yticks(range(len(found)), [name for _, name in found])
    low, high = ax.get_xlim()
    ax.set_xlim(low, high * 4)  # room for the last label
    plain_ticks(ax.xaxis)
    return ax


def jobs(results: Results, keys: list[str]) -> Axes:
    """Training steps, layers and ADBench's objectives: each engine's time as a multiple of PyTorch's."""
    ax = axes_or_new(None, 7.6, 1.8 + 0.27 * len(keys))
    for name in present(results, keys, OF_JOBS):
        found = [(ratio(own, samples(results, key, "PyTorch")), -height) for height, key in enumerate(keys)
                 if (own := samples(results, key, name))]
        for (low, _, high), height in found:
            ax.plot([low, high], [height, height], color=FAINT, linewidth=1, zorder=1)
        ax.plot([middle for (_, middle, _), _ in found], [height for _, height in found], linestyle="", markersize=5, label=name,
                **look(name))
    ax.axvline(1, color=INK, linewidth=1, zorder=0)
    ax.set(xscale="log", xlabel="× PyTorch's time on one thread; left of the line is faster")
    ax.set_yticks([-height for height in range(len(keys))], [label(results["rows"][key]) for key in keys])
    plain_ticks(ax.xaxis)
    add_legend_below(ax, ncols=3)
    return ax


def lanes(results: Results, keys: list[str]) -> Axes:
    """S1's network over lanes: each engine's time as a multiple of NumPy by hand."""
    ax = axes_or_new(None, 5.6, 3.6)
    for i, name in enumerate(name for name in present(results, keys) if name != "NumPy by hand"):
        found = [(int(key[5:]), ratio(own, samples(results, key, "NumPy by hand"))) for key in keys
                 if (own := samples(results, key, name))]
        style = {**series_style(i), **look(name)}
        ax.plot([n for n, _ in found], [middle for _, (_, middle, _) in found], markersize=5, label=name, **style)
        ax.vlines([n for n, _ in found], [low for _, (low, _, _) in found], [high for _, (_, _, high) in found],
                  colors=style["color"], linewidth=1)
    ax.axhline(1, color=INK, linewidth=1, zorder=0)
    ax.set(xscale="log", yscale="log", xlabel="examples (lanes)", ylabel="× NumPy by hand")
    plain_ticks(ax.xaxis)
    plain_ticks(ax.yaxis)
    add_legend_below(ax, ncols=2)
    return ax


def growth(results: Results, names: list[str]) -> list[Axes]:
    """CPU time over size, with the exponents: what is proportional to nodes and lanes, and other sizes."""
    programs = [name for name in names if "chain" in name or "compiled" in name]
    panels = make_panels(2, 2, 5.4, 4.4)
    for ax, chosen in zip(panels, (programs, [name for name in names if name not in programs])):
        for i, name in enumerate(chosen):
            case = results["rows"]["growth"]["cases"][name]
            ax.plot(case["sizes"], case["seconds"], marker=MARKERS[i], markersize=4, **series_style(i),
                    label=f"{name}: {exponent(case['sizes'], case['seconds']):.2f}")
        ax.set(xscale="log", yscale="log", xlabel="nodes or lanes" if chosen is programs else "size", ylabel="seconds of CPU")
        add_legend_below(ax, title="exponents", title_fontsize="small", alignment="left")
    return panels


def operations(results: Results, names: list[str]) -> Axes:
    """Every operation as a dot: chainrule's time as a multiple of PyTorch's, in each column; a dash at the geometric mean."""
    ax = axes_or_new(None, 8.6, 4.8)
    for place, column in enumerate(map(columns(results).__getitem__, names)):
        for (_, middle), shift in beside(column):
            ax.plot([place + shift], [middle], linestyle="", markersize=3.5, alpha=0.8, **look("chainrule"))
        height = 0.0
        for (case, middle), _ in list(beside(column))[-NAMED:]:
            height = max(middle, 1.15 * height)  # a label is above the one before it
            ax.annotate(case.removeprefix("einsum "), (place + 0.13, height), fontsize="x-small", va="center")
        mean = means(column)
        ax.plot([place - 0.3, place + 0.3], [mean, mean], color=INK, linewidth=2)
        ax.annotate(short(mean), (place - 0.3, mean), (-3, 0), fontsize="small", textcoords="offset points",
                    va="center", ha="right")
    ax.axhline(1, color=FAINT, linewidth=1, zorder=0)
    ax.set(yscale="log", ylabel="× PyTorch's time on one thread", xlim=(-0.6, len(names) - 0.3))
    ax.set_xticks(range(len(names)), [column_name(name).replace(", ", "\n") for name in names])
    plain_ticks(ax.yaxis)
    return ax


def beside(column: dict[str, Any]) -> Iterator[tuple[tuple[str, float], float]]:
    """The operations of a column by their ratios, each a little to the left or to the right of its neighbours."""
    cases = sorted(((case, x["ratio"][1]) for case, x in column.items() if "ratio" in x), key=lambda x: x[1])
    for i, case in enumerate(cases):
        yield case, (i * 7 % 5 - 2) * 0.045
