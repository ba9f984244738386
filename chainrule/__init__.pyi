"""``import chainrule as cr``, as type checkers see it: the public names of autograd, ``cr.nn`` and ``cr.viz``."""

import autograd as autograd
import nn as nn
import viz as viz
from autograd import *  # noqa: F403  (what autograd lists in __all__)

__version__: str
