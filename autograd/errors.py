"""Exceptions and warnings of chainrule, beyond Python's own TypeError, ValueError and LookupError."""


class GradientError(RuntimeError):
    """A derivative was asked for that cannot be given; the message says what was asked, with what, and the remedy."""


class GraphError(GradientError):
    """A number left its graph where a derivative was to follow it; the message names the place and the remedy."""


class GraphWarning(UserWarning):
    """A number left its graph as a plain number, outside a derivative: no gradient follows it. Told once for each line."""


class NoDerivativeWarning(UserWarning):
    """A gradient was sent through an operation that is flat wherever it is smooth (step, sign, floor): it is zero."""


def warn_no_derivative(name: str) -> None:
    """Say that training through this operation changes nothing before it."""
    import warnings
    warnings.warn(f"a gradient stops at {name}, whose derivative is zero wherever it has one: what lies before it is "
                  "not trained. Use a smooth operation (sigmoid for step, tanh for sign)", NoDerivativeWarning,
                  stacklevel=3)
