"""Plot of a gradient check: errors of difference quotients over the step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .axes import GRADIENT, MARKERS, VALUE, add_legend_below, axes_or_new, label_text, series_style, short_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from autograd.proof.report import GradientReport
    from autograd.proof.verdict import EntryFinding


def gradient_check(found: GradientReport | EntryFinding, *, ax: Axes | None = None) -> Axes:
    """Draw the distance of difference quotients from a gradient over their step: V-shaped if the gradient is correct, flat if
    wrong.

    The verdict in the title is about the slope extrapolated from all quotients to a step of 0: a gradient is correct if that line
    is not above its error bar. Single quotients are less exact. ``found`` is the report of ``check_gradients`` (its worst finding
    is drawn) or one of its ``findings``.

    >>> from autograd import check_gradients
    >>> gradient_check(check_gradients(tanh, 0.5)).get_title().split(":")[0]
    'OK'
    """
    import numpy as np
    finding: Any = getattr(found, "worst", found)
    if not hasattr(finding, "samples"):
        raise TypeError(f"gradient_check: give the report of check_gradients, not {found!r:.60} ({type(found).__name__})")
    samples = np.array(finding.samples, float).reshape(-1, 4)
    if not len(samples):
        raise ValueError(f"gradient_check: {finding.what} ({finding.verdict}) was not measured by difference quotients, so there "
                         "is nothing to draw; draw another of the report's findings")
    samples = samples[samples[:, 0].argsort()]
    ax = axes_or_new(ax, 5.4, 3.9)
    sizes = np.abs([finding.analytic, finding.numeric, *(samples[:, 1:] - finding.analytic).ravel()])
    least = 1e-17 * float(sizes[np.isfinite(sizes)].max(initial=0.0)) or 1e-300  # the place of 0 on a logarithmic axis
    for i, name in enumerate(("central", "left", "right")):
        with np.errstate(all="ignore"):
            apart = np.abs(samples[:, i + 1] - finding.analytic)
        kept = np.isfinite(apart)
        ax.plot(samples[kept, 0], np.maximum(apart[kept], least), label=name, marker=MARKERS[i], markersize=3,
                **series_style(i))
    apart = abs(finding.numeric - finding.analytic)
    if np.isfinite(apart):
        ax.axhline(max(apart, least), color=VALUE, linewidth=2.2, label=f"all together: {short_number(apart)}")
    if 0 < finding.bar < np.inf:
        ax.axhline(finding.bar, color=GRADIENT, linewidth=1.2, linestyle=":", label=f"its error bar: {short_number(finding.bar)}")
    ax.set(xlabel="size of the step", ylabel="|quotient − gradient|", xscale="log", yscale="log",
           title=label_text(f"{finding.verdict}: {finding.what}"))
    add_legend_below(ax, ncols=2)
    return ax
