"""Measure benchmark rows and print their tables: all of them, or the named ones. ``python -m benchmarks [KEY ...]``."""

import argparse
import platform
import sys

from autograd.output import use_plain_signs

from . import compiled, growth, layers, operations, scalar, tensors, training  # noqa: F401  (each module adds its rows)
from .measure import Row, rows, work

use_plain_signs()
parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
parser.add_argument("keys", nargs="*", metavar="KEY", help=f"which rows: {', '.join(rows)} (else all)")
parser.add_argument("--worker", nargs=2, metavar=("KEY", "ENGINE"), help=argparse.SUPPRESS)
arguments = parser.parse_args()
if unknown := set(arguments.keys) - set(rows):
    parser.error(f"no row {', '.join(sorted(unknown))}; there is {', '.join(rows)}")

if arguments.worker:
    key, engine = arguments.worker
    row = rows[key]
    assert isinstance(row, Row)
    work(row.engines[engine])
    sys.exit()

print(f"Python {platform.python_version()} on {platform.machine()}, one thread. Medians; engines take turns, each in a "
      "process of its own")
for key in arguments.keys or rows:
    print(rows[key].measure(), flush=True)
