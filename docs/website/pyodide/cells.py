"""Runs the cells of a chapter in the browser: each gives a list of outputs, (kind, text), for the page to show."""

import ast
import linecache
import sys
import traceback
import warnings
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from types import ModuleType

NO_PLOTS = "plots need matplotlib, which this page does not carry"


class Refused:
    """A class that says that it is not there, when it is called or made a base."""

    def __init__(self, *args, **options):
        raise ImportError(NO_PLOTS)

    __init_subclass__ = classmethod(__init__)


class Missing(ModuleType):
    """A module that can be imported, and whose names say that it is not there when they are used."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Refused


class Cells:
    """The names of a chapter, and the number of cells that have run."""

    def __init__(self):
        self.names = {"__name__": "__main__"}
        self.count = 0
        for name in ("matplotlib", "matplotlib.axes", "matplotlib.figure"):
            sys.modules.setdefault(name, Missing(name))

    def run(self, code):
        """Run a cell, and return its outputs: texts as they were printed, the last expression as HTML or text, an error."""
        self.count += 1
        name, written, found = f"<cell {self.count}>", StringIO(), []
        linecache.cache[name] = len(code), None, code.splitlines(keepends=True), name
        with redirect_stdout(written), redirect_stderr(written), warnings.catch_warnings():
            warnings.simplefilter("default")
            try:
                last = self._ran(code, name)
            except ImportError as error:
                found = [("stored", "")] if "plots need matplotlib" in str(error) else [("error", told(error, name))]
            except BaseException as error:
                found = [("error", told(error, name))]
            else:
                found = shown(last)
        text = written.getvalue()
        return [*([("text", text)] if text else []), *found]

    def _ran(self, code, name):
        tree = ast.parse(code, name)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, name, "exec"), self.names)
        return None if last is None else eval(compile(ast.Expression(last.value), name, "eval"), self.names)


def told(error, name):
    """Return the report of an error, from the cell on."""
    if not isinstance(error, SyntaxError):
        while error.__traceback__ and error.__traceback__.tb_frame.f_code.co_filename != name:
            error.__traceback__ = error.__traceback__.tb_next
    return "".join(traceback.format_exception(error if not isinstance(error, SyntaxError) else error.with_traceback(None)))


def shown(thing):
    """Return the outputs of the last expression: as a notebook shows it."""
    if thing is None:
        return []
    if hasattr(thing, "_repr_mimebundle_"):
        forms = thing._repr_mimebundle_()
        if "text/html" in forms:
            return [("html", forms["text/html"])]
    if hasattr(thing, "_repr_html_") and (html := thing._repr_html_()):
        return [("html", html)]
    return [("text", repr(thing))]
