"""Pictures of computations and their gradients: circuits as SVG, tables for the terminal, plots and pages."""

try:
    from autograd import Value as _  # fails where HIPS autograd is installed under that name
except ImportError:
    raise ImportError("viz needs chainrule's autograd, and Python finds another one here, HIPS autograd's. Each needs an "
                      "environment of its own: python -m venv .venv, then pip install chainrule there; or pip uninstall "
                      "autograd, then pip install --force-reinstall chainrule") from None

from autograd.context import internal_packages

from . import plots
from .drawing import Drawing, draw
from .graphs import graph
from .records import Graph
from .networks import network
from .playgrounds import Playground, playground
from .quizzes import Quiz, quiz
from .reports import report
from .web.step_page import Stepper, stepper
from .terminal import text
from .recurrent import unrolled
from .worksheets import Worksheet, worksheet
from .zooming import zoom

internal_packages.add("viz")  # warnings name the user's line, not one of this package
__all__ = ["Drawing", "Graph", "Playground", "Quiz", "Stepper", "Worksheet", "draw", "graph", "network", "playground", "plots",
           "quiz", "report", "stepper", "text", "unrolled", "worksheet", "zoom"]


def __dir__() -> list[str]:
    return __all__
