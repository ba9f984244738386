"""The display of objects in notebooks, by IPython's own formatter."""

from typing import Any


def shown(thing: Any) -> dict[str, str]:
    """The forms in which a notebook may show an object, by MIME type."""
    from IPython.core.formatters import DisplayFormatter
    forms, _ = DisplayFormatter().format(thing)
    return forms
