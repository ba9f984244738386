"""Plots of a hyper-parameter search: trials as points, and as lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from .axes import FAINT, FRAME, SERIES, add_legend_below, axes_or_new, figure_of, label_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from autograd.typing import Array

Trial = Mapping[str, Any]  # settings and scores by name: numbers, words, None


class HasRows(Protocol):
    """Protocol of results with a list of trials, as returned by ``nn.search.optimize``."""

    rows: Sequence[Trial]


class _Scored(NamedTuple):
    """The trials with a score, the score's name, and True if larger is better."""

    trials: list[Trial]
    score: str
    largest: bool


def _scored(results: HasRows | Iterable[Trial], score: str | None, best: str | None, columns: Iterable[str]) -> _Scored:
    rows: list[Trial] = list(results if isinstance(results, Iterable) else results.rows)
    score = score or ("value" if rows and "value" in rows[0] else "score")
    found = [row for row in rows if row.get(score) is not None]
    if not found:
        raise ValueError(f"a plot of search results needs a trial with a {score}; got {len(rows)} trials without one")
    if missing := sorted({name for name in columns for row in found if name not in row}):
        raise KeyError(f"a plot of search results needs {missing[0]!r} in every trial; the columns are "
                       f"{', '.join(map(str, found[0]))}")
    return _Scored(found, score, str(best or getattr(results, "direction", "max")).startswith("max"))


def _spans_much(numbers: Sequence[Any]) -> bool:
    """True for positive numbers whose largest is at least 50 times the smallest."""
    return all(isinstance(x, (int, float)) for x in numbers) and min(numbers) > 0 and max(numbers) / min(numbers) >= 50


def search_scatter(results: HasRows | Iterable[Trial], x: str, y: str, score: str | None = None, *, best: str | None = None,
                   ax: Axes | None = None) -> Axes:
    """Draw the trials of a search as points over two settings, coloured by score; the best one has a star.

    ``results`` is the result of ``nn.search.optimize``, or a sequence of mappings of names to numbers, one for each trial;
    ``score`` is the name of the number to maximise or minimise (``best="max"`` or "min"), by default "value" or "score". Axes of
    settings with a wide range are logarithmic.

    >>> trials = [{"lr": 1e-3, "width": 8, "score": 0.5}, {"lr": 1e-1, "width": 16, "score": 0.7}]
    >>> search_scatter(trials, "lr", "width").get_xscale()
    'log'
    """
    trials, score, largest = _scored(results, score, best, (x, y))
    columns = [[trial[name] for trial in trials] for name in (x, y, score)]
    ax = axes_or_new(ax, 4.8, 3.6)
    points = ax.scatter(columns[0], columns[1], c=columns[2], cmap="viridis", edgecolors=FRAME, linewidths=0.5)
    at = columns[2].index((max if largest else min)(columns[2]))
    ax.plot(columns[0][at], columns[1][at], "*", markersize=16, color="none", markeredgecolor=SERIES[1],
            label=f"best {label_text(score)}: {columns[2][at]:.3g}", linestyle="none")
    for axis, numbers in (("x", columns[0]), ("y", columns[1])):
        if _spans_much(numbers):
            ax.set(**{f"{axis}scale": "log"})
    ax.set(xlabel=label_text(x), ylabel=label_text(y))
    ax.figure.colorbar(points, ax=ax, label=label_text(score))
    add_legend_below(ax)
    return ax


def parallel_coordinates(results: HasRows | Iterable[Trial], columns: Sequence[str] | None = None, score: str | None = None, *,
                         best: str | None = None, ax: Axes | None = None) -> Axes:
    """Draw the trials of a search as lines across their settings, darker for better scores, with the score as last column.

    The best trial is coloured and thick. ``columns`` are the settings to show, by default all numeric settings of the search space
    or of the first trial. A column with a wide range is logarithmic; its ends are labelled. Other arguments are as in
    ``search_scatter``.

    >>> trials = [{"lr": 1e-3, "width": 8, "score": 0.5}, {"lr": 1e-1, "width": 16, "score": 0.7}]
    >>> [label.get_text() for label in parallel_coordinates(trials).get_xticklabels()]
    ['lr (log)', 'width', 'score']
    """
    import numpy as np
    trials, score, largest = _scored(results, score, best, columns or ())
    names = [*(columns or _numeric_settings(results, trials[0], score)), score]
    if words := [name for name in names for trial in trials if not isinstance(trial.get(name), (int, float))]:
        raise ValueError(f"parallel_coordinates: {words[0]!r} is not a number in every trial; give the columns= that are")
    table = np.array([[float(trial[name]) for name in names] for trial in trials])
    logs = [name != score and _spans_much(column) for name, column in zip(names, table.T.tolist())]
    places = _heights(table, logs)
    ax = axes_or_new(ax, 1.4 * len(names) + 1, 3.2)
    for rank, i in enumerate(order := np.argsort(table[:, -1])[::1 if largest else -1]):
        winner = rank == len(order) - 1
        ax.plot(range(len(names)), places[i], color=SERIES[1] if winner else FRAME, linewidth=2.6 if winner else 1.0,
                alpha=1.0 if winner else 0.2 + 0.7 * rank / max(len(order) - 1, 1),
                label=f"best {label_text(score)}: {table[i, -1]:.3g}" if winner else None)
    for k, column in enumerate(table.T):
        ax.axvline(k, color=FAINT, linewidth=0.8, zorder=0)
        ax.text(k, -0.04, f"{column.min():.3g}", ha="center", va="top", fontsize="small")
        ax.text(k, 1.04, f"{column.max():.3g}", ha="center", va="bottom", fontsize="small")
    ax.set(xticks=range(len(names)), yticks=[], ylim=(-0.16, 1.22))
    room = ax.get_position().width * figure_of(ax).get_figwidth() / len(names)  # inches, of which a letter takes 0.08, or 0.05
    small = max(map(len, map(label_text, names))) + 6 * any(logs) > room / 0.08
    ax.set_xticklabels([label_text(name, max(6, int(room / 0.05) - 6 * logarithmic) if small else 40) + " (log)" * logarithmic
                        for name, logarithmic in zip(names, logs)], fontsize="x-small" if small else None)
    ax.spines[:].set_visible(False)
    add_legend_below(ax)
    return ax


def _numeric_settings(results: HasRows | Iterable[Trial], first: Trial, score: str) -> list[str]:
    """The settings of the search space, or of the first trial, that are numbers."""
    asked: Iterable[str] = getattr(results, "space", first)
    return [name for name in asked if isinstance(first[name], (int, float)) and name != score]


def _heights(table: Array, logs: Sequence[bool]) -> Array:
    """The position of each number on its axis, from 0 for the smallest to 1 for the largest; 0.5 if all are equal."""
    import numpy as np
    places = np.where(logs, np.log(np.where(logs, table, 1.0)), table)
    low, span = places.min(0), np.ptp(places, axis=0)
    return np.where(span > 0, (places - low) / np.where(span > 0, span, 1.0), 0.5)
