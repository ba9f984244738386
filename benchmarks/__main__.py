"""Measure rows and print their tables: all of them, or those named. ``python -m benchmarks [KEY ...]``."""

import argparse
import platform
import sys

from . import scalar  # noqa: F401  (each module adds its rows)
from .measure import peak_growth, rows

parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
parser.add_argument("keys", nargs="*", metavar="KEY", help=f"which rows: {', '.join(rows)} (else all)")
parser.add_argument("--memory", nargs=2, metavar=("KEY", "ENGINE"), help=argparse.SUPPRESS)
arguments = parser.parse_args()
if unknown := set(arguments.keys) - set(rows):
    parser.error(f"no row {', '.join(sorted(unknown))}; there is {', '.join(rows)}")

if arguments.memory:
    key, engine = arguments.memory
    print(peak_growth(rows[key].engines[engine]))
    sys.exit()

print(f"Python {platform.python_version()} on {platform.machine()}; one thread; medians, engines taking turns")
for key in arguments.keys or rows:
    print(rows[key].measure(), flush=True)
