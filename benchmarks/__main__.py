"""Measure benchmark rows: all of them, or the named ones; write them to a JSON file, row by row, and print their tables.

``python -m benchmarks page results.json`` makes the page, its pictures and README's comparison of such a file; ``python -m
benchmarks hips`` makes the environment of HIPS autograd.
"""

from __future__ import annotations

import argparse
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from autograd.output import use_plain_signs

from . import hips, page, results
from .all_rows import rows
from .machine import describe
from .measure import ROOT, Settings
from .terminal import failures, text

DEFAULT = ROOT / "build" / "benchmarks.json"


def parser() -> argparse.ArgumentParser:
    """The reader of the command line."""
    made = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__,
                                   formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("keys", nargs="*", metavar="KEY", help=f"which rows: {', '.join(rows)} (else all); or page FILE; or hips")
    made.add_argument("--quick", action="store_true", help="a trial: few short turns, no arrays of ten million entries")
    made.add_argument("--json", type=Path, default=DEFAULT, metavar="FILE", help="where results go (build/benchmarks.json)")
    made.add_argument("--resume", action="store_true", help="keep the rows that the file has, and measure the others")
    made.add_argument("--page", action="store_true", help="then make the page, its pictures and README's comparison")
    made.add_argument("--hips", default=hips.interpreter(), metavar="PYTHON",
                      help="the interpreter that has HIPS autograd (.venv/hips, made by: python -m benchmarks hips)")
    return made


def main(given: list[str] | None = None) -> int:
    """Do what the command line says; return 1 if an engine of ours failed, or a row."""
    reader = parser()
    arguments = reader.parse_args(given)
    keys = arguments.keys
    try:
        if keys[:1] == ["page"]:
            if len(keys) != 2:
                raise ValueError("page takes one file of results: python -m benchmarks page build/benchmarks.json")
            print("\n".join(f"wrote {path}" for path in page.write(results.load(keys[1]))))
            return 0
        if keys == ["hips"]:
            print(hips.install())
            return 0
        check(arguments)
        found = begun(arguments)
    except (ValueError, OSError) as error:
        reader.error(str(error))
    return measured(arguments, found)


def check(arguments: argparse.Namespace) -> None:
    """Raise ValueError for arguments that cannot be followed, before anything is measured."""
    if unknown := sorted(set(arguments.keys) - set(rows)):
        raise ValueError(f"no row {', '.join(unknown)}; there is {', '.join(rows)}")
    if arguments.hips and not Path(arguments.hips).is_file():
        raise ValueError(f"--hips {arguments.hips}: there is no such interpreter; python -m benchmarks hips makes one")
    if arguments.page and find_spec("matplotlib") is None:
        raise ValueError("--page: its pictures need matplotlib: pip install 'chainrule[plot]'")


def begun(arguments: argparse.Namespace) -> results.Results:
    """The results to add to: new ones, or with ``--resume`` those of the file. Raises ValueError for those of another machine."""
    fresh: results.Results = {"format": results.FORMAT, "quick": arguments.quick, "machine": describe(arguments.hips), "rows": {}}
    if not arguments.resume or not arguments.json.exists():
        return fresh
    found = results.load(arguments.json)
    for name in ("processor", "python", "versions"):
        if found["machine"][name] != fresh["machine"][name]:
            raise ValueError(f"--resume: {arguments.json} was measured with {name} {found['machine'][name]}, which is "
                             f"{fresh['machine'][name]} here; measure anew, without --resume")
    if found["quick"] != arguments.quick:
        raise ValueError(f"--resume: {arguments.json} was measured {'with' if found['quick'] else 'without'} --quick; do so again")
    return found


def measured(arguments: argparse.Namespace, found: results.Results) -> int:
    """Measure, print and write row by row; then make the page, if asked for."""
    machine = found["machine"]
    print(f"Python {machine['python']} on {machine['processor']}, {machine['cores']} cores, one thread an engine. Medians and "
          f"quartiles; engines take turns, each in a process of its own. Results: {arguments.json}", flush=True)
    run, wrong = Settings(arguments.quick, arguments.hips), []
    for key in arguments.keys or rows:
        if key in found["rows"]:
            continue
        start = time.perf_counter()
        try:
            record: dict[str, Any] = rows[key].measure(run)
        except (ArithmeticError, RuntimeError) as error:
            record = {"title": rows[key].title, "failure": str(error)}
        except KeyboardInterrupt:
            print(f"\nInterrupted in {key}; {arguments.json} has the {len(found['rows'])} rows before it; --resume measures the "
                  "others")
            return 130
        found["rows"][key] = record | {"spent": round(time.perf_counter() - start, 1)}
        results.save(found, arguments.json)
        wrong += failures(key, record)
        print(f"\n{text(record)}", flush=True)
    print("\n".join(["", *wrong]) if wrong else "", end="\n")
    if arguments.page:
        print("\n".join(f"wrote {path}" for path in page.write(found)))
    return 1 if wrong else 0


if __name__ == "__main__":
    use_plain_signs()
    sys.exit(main())
