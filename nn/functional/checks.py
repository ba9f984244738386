"""Checks and messages shared by losses of numbers and of arrays; loads no NumPy."""

from __future__ import annotations

from collections.abc import Sequence

from autograd.errors import warn_user

SUM_TOLERANCE = 1e-3  # rows of float32 probabilities, mixed or smoothed, sum to 1 within a few 1e-7; percentages do not


def check_reduction(name: str, reduction: str) -> None:
    """Raise ValueError for an unknown ``reduction``."""
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{name}: reduction={reduction!r}; it must be 'mean', 'sum' or 'none'")


def place(what: str, index: Sequence[int]) -> str:
    """An entry in index notation: ``target[2, 0]``.

    >>> place("target", (2, 0)), place("target", ())
    ('target[2, 0]', 'target')
    """
    return f"{what}[{', '.join(map(str, index))}]" if index else what


def is_missing(value: object) -> bool:
    """True for None and nan, and for pandas' NA, which has no truth value.

    >>> is_missing(None), is_missing(float("nan")), is_missing(0)
    (True, True, False)
    """
    if getattr(value, "is_recorded", False):  # a number that is not known yet
        return False
    try:
        return value is None or bool(value != value)
    except TypeError:
        return True


def missing_entry(name: str, value: object, index: Sequence[int]) -> ValueError:
    """The error for a target that is None or nan."""
    return ValueError(f"{name}: {place('target', index)} is {value}, a missing value; drop that example or fill the value in")


def wrong_probability(name: str, value: object, index: Sequence[int]) -> ValueError:
    """The error for an input outside [0, 1]."""
    return ValueError(f"{name}: probabilities must lie in [0, 1]; {place('input', index)} is {value!s:.40}. Use {name}_with_logits "
                      "for logits")


def wrong_share(name: str, value: object, index: Sequence[int]) -> ValueError:
    """The error for a target outside [0, 1]."""
    return ValueError(f"{name}: targets must lie in [0, 1]; {place('target', index)} is {value!s:.40}. Labels of -1 and 1 become "
                      "(y + 1) / 2, pixels of 0 to 255 y / 255; indices of several classes go to cross_entropy")


def negative_share(name: str, value: object, index: Sequence[int]) -> ValueError:
    """The error for a target below 0."""
    return ValueError(f"{name}: targets are probabilities, 0 or more; {place('target', index)} is {value!s:.40}. For logarithms "
                      "give log_target=True")


def wrong_sum(name: str, total: object, index: Sequence[int]) -> ValueError:
    """The error for class probabilities that do not sum to 1."""
    return ValueError(f"{name}: targets of the input's shape are probabilities, 0 or more and 1 in sum; those of "
                      f"{place('target', index)} sum to {total!s:.40}. Divide them by their sum, or give the index of a class "
                      "for each example")


def wrong_label(name: str, label: object, index: Sequence[int], classes: int) -> ValueError:
    """The error for a label out of range."""
    return ValueError(f"{name}: label {label!s:.40} at {place('target', index)} is out of range for {classes} classes; labels go "
                      f"from 0 to {classes - 1}")


def wrong_sign(name: str, value: object, index: Sequence[int]) -> ValueError:
    """The error for a target of the two-class hinge loss that is neither −1 nor 1."""
    return ValueError(f"{name} of one score per example needs targets of -1 and 1; {place('target', index)} is {value!s:.40}. "
                      "Labels of 0 and 1 become 2 * y - 1")


def warn_of_probabilities(name: str) -> None:
    """Warn, at the caller's line, that every row of the input is a distribution."""
    if name == "cross_entropy":
        text = ("every row of the input is a distribution, but cross_entropy takes scores and computes their softmax itself. "
                "Drop the Softmax before it; for probabilities p use nll_loss(log(p), target)")
    else:
        text = "every row of the input is a distribution, but nll_loss takes logarithms: nll_loss(log(p), target)"
    warn_user(f"{name}: {text}", UserWarning)
