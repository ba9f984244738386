"""The page docs/benchmarks.md and README's comparison, both made of recorded results and of nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from textwrap import fill
from typing import Any

from . import plots, results as store, tables
from .figures import means, quartiles, short
from .measure import OURS, ROOT
from .results import Results
from .tables import LANES, LAYERS, MIXTURES, OBJECTIVES, STEPS, absence, engines, grid, lost, markdown, relative, samples, time

BEGIN, END = "<!-- benchmarks: python -m benchmarks page -->", "<!-- /benchmarks -->"
JOBS = (*STEPS, *LAYERS, *OBJECTIVES)
CHOSEN = (*STEPS, *LAYERS, "gmm2_5", "gmm10_25", "gmm20_50", "letters", "cameras")  # of README, with these columns
COLUMNS = (*OURS, "NumPy by hand", "JAX, jit", "MyGrad")
PEERS = {"PyTorch": ("s1", "chain", *JOBS), "NumPy by hand": ("s1", *STEPS, *LANES), "JAX, jit": ("s1", "chain", *JOBS, *LANES),
         "CasADi": ("s1", *LANES)}  # the fast ones, with the rows that they have
TABLES = ("s1", "chain", "import", "recording", "native_start", "memory", "digits", "fit", "anomaly", "anomaly_t1")
ABOVE = 2.0  # operations with such a ratio are listed

PAGE = """\
# Benchmarks
Made of [one recorded measurement](benchmarks/results.json) by `make bench`; your machine gives other times and similar ratios.
`python -m benchmarks page docs/benchmarks/results.json` makes this page again, without measuring.

{trial}

{machine}

Each engine has a process of its own and one thread, and builds its problem there. Engines take turns, A B C A B C …; the first
step, which imports, compiles and allocates, does not count, and a short step is warmed up and repeated within each turn. All
engines of a row must agree about the result. A figure is a median over turns, with the lower and the upper quartile in
parentheses; a ratio is a median of ratios, each of two turns of the same round. Where an engine is missing, the row says so:
`make bench` installs all of them but PyTorch, and measures that too where `.venv/` has it. "JAX, jit" and "NumPy by hand" run
programs that were rewritten for arrays, and NumPy's gradients were derived by hand. A cell is empty where a program was not
written for that engine.

## Where chainrule is slower
Rows in which a peer is faster, with the time of the best of eager and compiled as a multiple of the peer's. Operations that take
more than twice as long as PyTorch's are listed under [Operations](#operations).

{slower}

## Single numbers
S1 is a training step of micrograd's demo, number by number, forward and backward; the chain is x ← a·x + b (that of PyTorch and
MyGrad has 100,000 nodes). The memory is the growth of the process's peak in its first step.

{picture_numbers}

### S1, 65,612 nodes
{s1}

### A chain of a million nodes
{chain}

### Start Python and import
{import}

## Training steps and layers
T1 to T3 are training steps in float32, update included; T4 to T8 value and gradient of layers. Each engine's time as a multiple
of PyTorch's, eager, on one thread:

{picture_jobs}

{jobs}

The training steps as multiples of NumPy written by hand:

{steps}

## ADBench
Value and gradient of the objectives of [ADBench](https://github.com/microsoft/ADBench) in float64, as multiples of PyTorch's time:
mixtures of Gaussians, whose likelihood is that of 1,000 points, an LSTM, and bundle adjustment.

{mixtures}

{objectives}

## Compiled programs
S1's network, written for one example, with its loss and its gradient, over examples as lanes
([compiled programs](compile.md)). Each engine's time as a multiple of NumPy by hand:

{picture_lanes}

{lanes}

S1 as a whole, compiled, is a line of its table above; the compiled training steps and layers are columns of theirs. Recording S1,
beside an eager forward pass:

{recording}

A cold start builds the interpreter in C; a cached one finds it:

{native_start}

## Growth with size
The exponent is fitted to the three largest sizes, by least squares of logarithms: 1 is linear.

{picture_growth}

{growth}

## Operations
Forward and gradient of every operation that PyTorch has too: chainrule's time as a multiple of PyTorch's. Products and
decompositions of matrices have fewer entries, n to the power 0.8. More than twice PyTorch's time take:

{above}

{picture_operations}

{operations}

## Memory
Arrays of T1 at the peak of a step, parameters and inputs included, as each library counts them:

{memory}

The growth of the process's peak in the first step of each engine, in MB; it contains what a library loads when it is first used:

{growth_of_memory}

## Training and checks
An epoch of a network that learns to read digits (64-64-10), over five seeds{accuracy}:

{digits}

A training step by `fit`, beside loops by hand:

{fit}

S1 and T1 within `detect_anomaly()`, which looks at every value and gradient:

{anomaly}

{anomaly_t1}
"""

COMPARISON = """\
{measured}

**Number by number**: S1 is a training step of micrograd's own demo, 65,612 nodes; the chain is x ← a·x + b, a million nodes
long. JAX and NumPy run S1 rewritten for arrays, NumPy with gradients derived by hand.

{numbers}

**Arrays**: training steps, layers, and [ADBench](https://github.com/microsoft/ADBench)'s objectives, as multiples of PyTorch's
time on one thread.

{jobs}

**Compiled programs** ([autograd.compile](docs/compile.md)): S1's network with its loss and gradient, over so many examples, as
multiples of NumPy by hand.

{lanes}

{operations}

{imports}

**Where chainrule is slower**: rows in which a peer is faster, with the time of the best of eager and compiled as a multiple of
the peer's.

{slower}
"""


def write(results: Results, root: Path = ROOT) -> list[Path]:
    """Write the page, its pictures, the results beside them, and README's comparison; return what was written."""
    folder = root / "docs" / "benchmarks"
    pictures = plots.save_all(results, folder)
    store.save(results, folder / "results.json")
    (root / "docs" / "benchmarks.md").write_text(page(results), encoding="utf-8")
    readme = root / "README.md"
    readme.write_text(with_comparison(readme.read_text(encoding="utf-8"), results), encoding="utf-8")
    return [root / "docs" / "benchmarks.md", folder / "results.json", *pictures, readme]


def filled(template: str, results: Results, parts: dict[str, Callable[[Results], str]]) -> str:
    """The template with every part computed of the results; a part that is empty leaves no gap."""
    text = re.sub(r"\{(\w+)\}", lambda name: parts[name[1]](results), template)
    return re.sub(r"\n{3,}", "\n\n", text)


def page(results: Results) -> str:
    """The whole page, in Markdown."""
    parts: dict[str, Callable[[Results], str]] = {
        "trial": lambda r: "**A trial run with `--quick`: few short turns, whose figures are rough.**" if r["quick"] else "",
        "machine": machine, "slower": slower, "above": above, "accuracy": accuracy,
        "jobs": lambda r: grid(r, (*STEPS, *LAYERS), "PyTorch"), "steps": lambda r: grid(r, STEPS, "NumPy by hand"),
        "mixtures": lambda r: grid(r, MIXTURES, "PyTorch"), "objectives": lambda r: grid(r, ("letters", "cameras"), "PyTorch"),
        "lanes": lambda r: grid(r, LANES, "NumPy by hand"), "growth": tables.growth, "operations": tables.operations,
        "growth_of_memory": lambda r: tables.memory(r, (*STEPS, *LAYERS, "gmm20_50", "cameras")),
        **{key: partial(engines, key=key) for key in TABLES},
        **{f"picture_{name}": partial(picture, name=name) for name in PICTURES}}
    return filled(PAGE, results, parts)


def comparison(results: Results) -> str:
    """README's comparison: the same figures without spreads, and the rows where peers are faster."""
    return filled(COMPARISON, results, {
        "measured": measured, "numbers": of_numbers, "jobs": lambda r: grid(r, CHOSEN, "PyTorch", COLUMNS, wide=False),
        "lanes": of_lanes, "operations": of_operations, "imports": of_imports, "slower": slower}).rstrip()


def with_comparison(readme: str, results: Results) -> str:
    """README with its comparison made anew. Raises ValueError if it has not the two marks."""
    if readme.count(BEGIN) != 1 or readme.count(END) != 1:
        raise ValueError(f"README.md: the comparison goes between {BEGIN} and {END}, which it needs once each")
    before, rest = readme.split(BEGIN)
    return f"{before}{BEGIN}\n{comparison(results)}\n{END}{rest.partition(END)[2]}"


# ── parts of the page ────────────────────────────────────────────────────────────────────────────────────────────

PICTURES = {
    "numbers": "S1: the time of every engine, on a logarithmic axis",
    "jobs": "Training steps, layers and ADBench's objectives: the time of every engine as a multiple of PyTorch's",
    "lanes": "S1's network over 1 to 100,000 examples: the time of programs as a multiple of NumPy by hand",
    "growth": "Time over size on logarithmic axes: straight lines whose slope is the exponent",
    "operations": "Every operation as a dot at its ratio to PyTorch's time, for each size and dtype"}


def picture(results: Results, name: str) -> str:
    """The link to a picture, with its text, if results have numbers for it."""
    return f"![{PICTURES[name]}](benchmarks/{name}.svg)" if name in tables.pictured(results) else ""


def machine(results: Results) -> str:
    """The table of the machine and the versions."""
    found = results["machine"]
    peers = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    lines = [["date", found["date"]], ["processor", f"{found['processor']}, {found['cores']} cores; {found['system']}"],
             ["Python", found["python"]], ["peers", peers], ["BLAS of NumPy", found["blas"]],
             ["threads", f"{found['threads']} for each engine"]]
    return "\n".join(["| measured | with |", "|---|---|", *(f"| {name} | {text} |" for name, text in lines)])


def item(text: str) -> str:
    """An item of a list, in lines of 128 letters."""
    return fill(f"- {text}", 128, subsequent_indent="  ", break_on_hyphens=False, break_long_words=False)


def slower(results: Results) -> str:
    """A line for each fast peer: the rows in which it is faster than the best engine of ours, as multiples of its time."""
    lines = []
    for peer, keys in PEERS.items():
        there = [key for key in keys if samples(results, key, peer)]
        words = [absence(results, key, peer) for key in keys if key in results["rows"]]
        found = [f"{name} {short(ratio)}" for name, ratio, _ in lost(results, there, peer)]
        told = f"in {len(found)} of {len(there)} rows" + (": " if found else "") + ", ".join(found)
        lines.append(item(f"**{peer}**: {told if there else next(filter(None, words), tables.ABSENT)}"))
    return "\n".join(lines)


def slow_ones(column: dict[str, Any]) -> list[tuple[float, str]]:
    """The operations of a column with a ratio above the bar, the slowest first."""
    return sorted(((x["ratio"][1], case) for case, x in column.items() if "ratio" in x and x["ratio"][1] > ABOVE), reverse=True)


def above(results: Results) -> str:
    """A line for each column of operations: those above the bar."""
    lines = []
    for name, column in tables.columns(results).items():
        told = ", ".join(f"`{case}` {short(x)}" for x, case in slow_ones(column))
        lines.append(item(f"{tables.column_name(name)}: {told or 'none'}"))
    return "\n".join(lines)


def accuracy(results: Results) -> str:
    """The mean accuracies of the networks that read digits."""
    found = results["rows"].get("digits", {}).get("engines", {})
    told = ", ".join(f"{engine['result']:.2%} by {name}" for name, engine in found.items() if "result" in engine)
    return f"; mean accuracy {told}" if told else ""


# ── parts of README's comparison ─────────────────────────────────────────────────────────────────────────────────

def measured(results: Results) -> str:
    """The sentence on the measurement."""
    found = results["machine"]
    return fill(f"Measured by `make bench` on {found['date'][:10]} ({found['processor']}, Python {found['python']}, one thread, "
                "medians, engines in turns; your machine gives other times and similar ratios). "
                "[All tables, spreads and plots](docs/benchmarks.md)."
                + (" This was a trial run: the figures are rough." if results["quick"] else ""), 128)


def of_numbers(results: Results) -> str:
    """The table of S1 and of the chain."""
    record = results["rows"].get("chain", {})

    def size(name: str) -> str:
        grown = record.get("engines", {}).get(name, {}).get("bytes")
        return short(grown / record["nodes"]) if grown is not None else ""
    return markdown(["engine", "S1, ms", "chain, µs/node", "chain, bytes/node"],
                    [[f"**{name}**" if name in OURS else name, time(results, "s1", name), time(results, "chain", name),
                      size(name)] for name in tables.present(results, ("s1", "chain"))])


def of_lanes(results: Results) -> str:
    """The table of lanes: an engine a line."""
    names = [name for name in tables.present(results, LANES) if name != "NumPy by hand"]
    return markdown(["engine", *(f"{int(key[5:]):,}" for key in LANES)],
                    [[name, *(relative(results, key, name, "NumPy by hand") for key in LANES)] for name in names])


def of_operations(results: Results) -> str:
    """The sentence on single operations."""
    found = tables.columns(results)
    if not found:
        return f"**Single operations**: {tables.ABSENT}{tables.reason(results, 'operations')}."
    told = ", ".join(f"{short(means(column))} ({tables.column_name(name)})" for name, column in found.items())
    worst = sorted(((x, case, name) for name, column in found.items() for x, case in slow_ones(column)), reverse=True)[:3]
    slowest = ", ".join(f"{case} {short(x)} ({tables.column_name(name)})" for x, case, name in worst)
    return fill(f"**Single operations**, forward and gradient, take these multiples of PyTorch's time, as geometric means of "
                f"{max(map(len, found.values()))}: {told}." + (f" The slowest: {slowest}." if slowest else ""), 128)


def of_imports(results: Results) -> str:
    """The sentence on the time of imports."""
    names = results["rows"].get("import", {}).get("engines", {})
    taken = {name: quartiles(times)[1] for name in names if (times := samples(results, "import", name))}
    bare = taken.pop("nothing (sys)", 0.0)
    told = ", ".join(f"`{name}` {short(whole - bare)}" for name, whole in taken.items())
    return fill(f"**Import**, in ms more than starting Python: {told or tables.ABSENT}.", 128)
