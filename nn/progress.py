"""Progress bars: widgets in notebooks that have them, text elsewhere, and never in a notebook's red error output."""

from __future__ import annotations

import sys
import warnings
from typing import Any


def progress_bar(**options: Any) -> Any:
    """Return a bar of tqdm with tqdm's options (``total``, ``unit``, ``desc`` …).

    It writes to the standard error, as tqdm does, and in a notebook to the standard output.

    >>> with progress_bar(total=2, disable=True) as bar:
    ...     bar.total
    2
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # in a notebook without widgets tqdm warns, but its text bar works
        from tqdm.auto import tqdm
    return tqdm(file=sys.stdout if _in_notebook() else None, **options)


def _in_notebook() -> bool:
    """True in a notebook's kernel, where the standard error is shown as an error."""
    return "IPython" in sys.modules and hasattr(sys.modules["IPython"].get_ipython(), "kernel")
