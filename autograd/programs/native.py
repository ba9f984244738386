"""The native interpreter: its C text made from the table, built once by the system's compiler, kept in a private folder.

``load`` gives the library, or raises ``Unavailable`` with the reason, for which NumPy then serves. A library lies in a folder that
nobody else can write into, under a name made of its source, the compiler with its flags, and the processor; it is written to a
file beside it first and then renamed. Where the folder cannot be written into, it is built for this process alone.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import re
import shutil
import sys
import sysconfig
from collections.abc import Iterable
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from ..operation import Operation, partial, rows
from .passes import dot
from .printer import C, SourceCode, sources, written
from .record import internal, sources_of_numbers

WIDEST = ("-mprefer-vector-width=512",) if platform.machine() in ("x86_64", "AMD64") else ()  # as BLAS does
FLAGS = ("-O2", "-ftree-vectorize", "-fno-tree-slp-vectorize", *WIDEST, "-fPIC", "-shared", "-fno-math-errno", "-fno-trapping-math",
         "-ffp-contract=fast", "-lm")
SHORT = ("--param", "vect-epilogues-nomask=0", "-fno-gcse", "-fno-tree-pre", "-fno-ipa-ra", "-fno-thread-jumps", "-fno-tree-vrp",
         "-fno-ivopts")  # of GCC from 10 on: what costs a third of the build, and gains nothing in loops of vectors
OWN = ("-march=native",)  # for this processor alone
SUFFIX = {"darwin": ".dylib", "win32": ".dll"}.get(sys.platform, ".so")
BUILT_IN = Path(__file__).with_name("interpreter" + SUFFIX)  # in a wheel of this system


class Unavailable(RuntimeError):
    """There is no native interpreter here, or it has no code for an operation; the message says why."""


# ── the text ─────────────────────────────────────────────────────────────────────────────────────────────────────

def table() -> tuple[str, ...]:
    """The names of the rows that every library has: those of the table itself, without a user's."""
    from .. import ops
    return tuple(name for name, row in rows.items() if row.arity and vars(ops).get(name) is row)


def opcodes(names: Iterable[str]) -> dict[str, int]:
    """The number of each operation in programs for a library with these rows."""
    special = [name for name in internal if name not in sources_of_numbers]
    return {name: code for code, name in enumerate([*special, "dot", "matrix", *names])}


VECTORS = {"exp": "exponential", "tanh": "tangent", "sigmoid": "logistic", "sech": "secant"}  # functions of elementary.c
LIGHT = {"identity", "add", "sub", "mul", "div", "neg", "relu", "leaky_relu", "abs", "sqrt", "maximum", "minimum", "step", "sign",
         "clip_min", "clip_max", *VECTORS}  # functions and that the compiler makes loops of vectors of, and the rows made of them
FEW = {"add", "sub", "mul", "div", "neg", "relu", "exp"}  # rows that programs of numbers have as cases of their own


def text(names: Iterable[str], part: str = "") -> str:
    """The C text of an interpreter for these rows: the whole, or the part of it for "numbers" with lanes, or for "arrays".

    >>> "UNARY(F)" in text(["sin"]) and "r_sin(x), r_cos(x)" in text(["sin"])
    True
    """
    names = tuple(names)
    parts = [*HEAD, _file("elementary.c"), *_rows(names), _file("rows.c"), f"#define LANES {int(part != 'arrays')}"]
    if part != "arrays":
        parts += [_file("interpreter.c"), _file("matrices.c")]
    parts += _of_type("double", "blocks.c")
    if part != "arrays":
        parts += [_file("lanes.c"), "#undef LANES", "#define LANES 0"]
    if part != "numbers":
        parts += [*_of_type("float", "blocks.c"), _file("buffers.c")]
        for file in ("fused.c", "softmax.c", "products.c"):
            parts += [*_of_type("double", file), *_of_type("float", file)]
        parts += [*_of_type("float", "layers.c"), _file("arrays.c")]
    return "\n".join(parts)


def _rows(names: tuple[str, ...]) -> list[str]:
    """The functions of rows, the codes of what is no row, and the lists of entries."""
    used, vectors = {*names, "pow"}, {"pow"}
    light, others = _entries(names, used, vectors)
    codes = opcodes(names)
    frequent = {f"{code}" for name, code in codes.items() if name in FEW}
    functions = sources(used, C)
    functions.update({name: f"static inline double r_{name}(double x) {{ return {mine}_double(x); }}"
                      for name, mine in VECTORS.items() if name in functions})
    lines = [f"static inline double r_{name}({', '.join(['double'] * rows[name].arity)});" for name in sorted(functions)]
    lines += [functions[name] for name in sorted(functions)]
    lines += [single(functions[name]) for name in sorted(vectors)]
    lines += [f"#define {name.upper()} {code}" for name, code in codes.items() if name not in names]
    few = {k: [entry for entry in x if entry.partition(",")[0][2:] in frequent] for k, x in light.items()}
    floats = {k: [*map(single, x)] for k, x in light.items()}
    for prefix, entries in (("FEW_", few), ("", light), ("OTHER_", others), ("FLOAT_", floats)):
        lines += [f"#define {prefix}{kind}(F) " + " \\\n    ".join(entries[k]) for kind, k in (("UNARY", 1), ("BINARY", 2))]
    return lines


HEAD = ("#if defined __GNUC__ && !defined __clang__", '#pragma GCC optimize ("vect-cost-model=dynamic")', "#endif")


def _entries(names: tuple[str, ...], used: set[str], vectors: set[str]) -> tuple[dict[int, list[str]], dict[int, list[str]]]:
    """The entries F(code, forward, slope …) of rows by arity, those for loops of vectors and the others, and what they call."""
    light: dict[int, list[str]] = {1: [], 2: []}
    others: dict[int, list[str]] = {1: [], 2: []}
    codes, own = opcodes(names), {*names} - {*table()}
    for name in names:
        row, calls = rows[name], set[str]()
        operands = [SourceCode(x, calls, C) for x in "xy"[:row.arity]]
        out = SourceCode("out", calls, C)
        slopes = [written(partial(rule, out, *operands), C) for rule in row.partials]
        entry = f"F({codes[name]}, {written(row(*operands), C)}, {', '.join(slopes)})"
        used |= calls
        called = sources({*calls}, C).keys()
        is_light = name != "sech" and called <= LIGHT | own | ({"pow"} if name == "tanh" else set())
        vectors.update(called if is_light else ())
        (light if is_light else others)[row.arity].append(entry)
    return light, others


def single(text: str) -> str:
    """The same C text for single precision.

    >>> single("static inline double r_sqrt(double x) { return 0.5 * sqrt(x); }")
    'static inline float f_sqrt(float x) { return 0.5f * sqrtf(x); }'
    """
    text = re.sub(r"\bdouble\b", "float", text)
    text = re.sub(r"\bpow\(", "powf(", text)
    text = re.sub(r"(?<![\w.])(\d+\.\d*(?:e[+-]?\d+)?)", r"\1f", text)
    text = re.sub(r"\b(fabs|sqrt)\(", r"\1f(", text)
    for name in VECTORS.values():
        text = text.replace(f"{name}_double(", f"{name}_float(")
    return re.sub(r"\br_(\w+)\(", r"f_\1(", text)


def _of_type(name: str, file: str) -> list[str]:
    """The text of a file for one type of numbers."""
    prefix = "FLOAT_" if name == "float" else ""
    told = {"T": name, "OF(name)": f"name##_{name}", "ROWS_OF_ONE(F)": f"{prefix}UNARY(F)", "ROWS_OF_TWO(F)": f"{prefix}BINARY(F)",
            "IS_DOUBLE": int(name == "double")}
    return [*(f"#define {key} {x}" for key, x in told.items()), _file(file), *(f"#undef {key.partition('(')[0]}" for key in told)]


def _file(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


# ── building and keeping it ──────────────────────────────────────────────────────────────────────────────────────

def compiler() -> str:
    """The path of the system's C compiler; raises Unavailable where there is none."""
    names = [(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc").split()[0], "cc", "gcc", "clang"]
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None or sys.platform == "win32":
        raise Unavailable("no C compiler was found (cc, gcc or clang; the environment variable CC names another)")
    return found


@cache
def processor() -> str:
    """The kind of processor with what it can do."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        told = {line.partition(":")[0].strip(): line for line in reversed(lines)}
        return "\n".join(told.get(key, "") for key in ("model name", "flags", "Features", "CPU part"))
    except OSError:
        return platform.processor()


def folder() -> Path:
    """The private folder for libraries: ``chainrule`` within the user's cache, made if it is missing.

    Raises Unavailable where it belongs to somebody else or others may write into it, OSError where it cannot be made.
    """
    base = os.environ.get("XDG_CACHE_HOME")
    path = (Path(base) if base and os.path.isabs(base) else Path.home() / ".cache") / "chainrule"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    about = path.lstat()
    if path.is_symlink() or about.st_uid != os.getuid() or about.st_mode & 0o022:
        raise Unavailable(f"{path} is not a folder that you alone can write into; correct it with chmod 700, or remove it")
    return path


def build(source: str, target: Path, flags: Iterable[str]) -> None:
    """Compile the text into a library at ``target``, which appears there whole or not at all."""
    import subprocess
    import tempfile
    with tempfile.TemporaryDirectory(dir=target.parent) as inside:
        place = Path(inside)
        (place / "interpreter.c").write_text(source, encoding="utf-8")
        command = [compiler(), *flags, "-o", str(place / "made"), str(place / "interpreter.c"), "-lm"]
        for more in (SHORT, ()):
            try:
                done = subprocess.run([*command, *more], capture_output=True, text=True, timeout=120, check=False,
                                      stdin=subprocess.DEVNULL)
            except (OSError, subprocess.TimeoutExpired) as error:
                raise Unavailable(f"the C compiler {command[0]} could not be run: {error}") from None
            if not done.returncode:
                break
        else:
            told = next((line for line in done.stderr.splitlines() if "error" in line), done.stderr[:200])
            raise Unavailable(f"the C compiler {command[0]} failed: {told[:300]}")
        os.replace(place / "made", target)


def key(source: str, command: str, flags: Iterable[str]) -> str:
    """The name of a library: a digest of its source, the compiler with its version and flags, and the processor."""
    about = os.stat(command)
    parts = (source, os.path.realpath(command), about.st_size, about.st_mtime_ns, *flags, processor(), platform.machine())
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:40]


def digest(source: str) -> str:
    """A digest of the text alone, which a library built beside this file must name."""
    return hashlib.sha256(source.encode()).hexdigest()


@cache
def load(names: tuple[str, ...]) -> Library:
    """The library with these rows: that of the package, the one kept from before, or one that is built now."""
    try:
        source = text(names, "numbers")
    except LookupError as error:
        raise Unavailable(str(error)) from None
    whole = _ours(names) if BUILT_IN.exists() else None
    return Library(whole or _loaded(source), names, whole)


def _loaded(source: str) -> Any:
    """The library of this text: the one kept from before, or one that is built now."""
    command, flags = compiler(), (*FLAGS, *OWN)
    name = key(source, command, (*flags, *SHORT))
    try:
        path = folder() / f"{name}{SUFFIX}"
        if not path.exists():
            build(source, path, flags)
        return ctypes.CDLL(str(path))
    except OSError:  # nothing can be kept: it is built for this process, and gone from the disk once it is loaded
        import tempfile
        with tempfile.TemporaryDirectory() as place:
            path = Path(place) / f"{name}{SUFFIX}"
            build(source, path, flags)
            return ctypes.CDLL(str(path))


def _ours(names: tuple[str, ...]) -> Any:
    """The library beside this file, if it was made from the text of these rows."""
    try:
        library = ctypes.CDLL(str(BUILT_IN))
        library.source_digest.restype = ctypes.c_char_p
        return library if library.source_digest() == digest(text(names)).encode() else None
    except (OSError, AttributeError):
        return None


def build_in() -> Path:
    """Build the library beside this file, for any processor of this kind: a wheel that is built with it carries it."""
    source = text(table())
    told = f'\nconst char *source_digest(void) {{ return "{digest(source)}"; }}\n'
    build(source + told, BUILT_IN, (*FLAGS, "-DPORTABLE"))
    return BUILT_IN


class LanesCall(ctypes.Structure):
    """The arguments of a run over lanes, as ``interpreter.c`` declares them."""

    _fields_ = [(name, ctypes.c_double if name == "seed" else ctypes.c_int64) for name in (
        "code starts count back back_count v d values gradients value_rows gradient_rows rows weights weight_count w dw spread "
        "spread_count in_rows in_ "
        "in_strides in_count din din_strides out_rows out out_count seed_row seed lanes").split()]


class ArraysCall(ctypes.Structure):
    """The arguments of a run over arrays, as ``arrays.c`` declares them."""

    _fields_ = [(name, ctypes.c_int64) for name in "code length starts at scratch sums".split()]


class Library:
    """A loaded interpreter: its functions, and the number of each operation in a program for it."""

    width, has_wide_tiles = 64, False

    def __init__(self, library: Any, names: tuple[str, ...], whole: Any = None):
        self.names, self.codes, self._whole = names, opcodes(names), whole
        self.forward, self.backward, self.lanes = library.forward, library.backward, library.lanes
        address, count = ctypes.c_void_p, ctypes.c_int64
        self.forward.argtypes, self.forward.restype = [address, count, address], None
        self.backward.argtypes, self.backward.restype = [address, address, count, address, address], None
        self.lanes.argtypes, self.lanes.restype = [ctypes.POINTER(LanesCall)], None

    @cached_property
    def arrays(self) -> Any:
        """The function that runs programs of arrays, of a library of its own; None where it cannot be built."""
        try:
            library = self._whole or _loaded(text(self.names, "arrays"))
        except Unavailable:
            return None
        library.wide_tiles.restype = ctypes.c_int64
        self.has_wide_tiles = bool(library.wide_tiles())
        found = library.arrays
        found.argtypes, found.restype = [ctypes.c_void_p], ctypes.c_int64
        return found


def address(x: Any) -> int:
    """Where an array begins."""
    try:
        return ctypes.addressof(ctypes.c_char.from_buffer(x))  # a third of the time of the other way
    except (TypeError, ValueError, BufferError):  # not to be written, not row by row, or empty
        return int(x.ctypes.data)


def needed_rows(ops: Iterable[Operation]) -> tuple[str, ...]:
    """The rows that a library must have for a program: the whole table, and what the program uses of a user's."""
    standard = table()
    return (*standard, *sorted({op.name for op in ops if op.name not in internal and op is not dot} - set(standard)))


def main() -> None:
    """Build the interpreter for this machine, or say why there is none; `make native` calls this."""
    try:
        if load(table()).arrays is None:
            raise Unavailable("the part for arrays could not be built")
        print("The native interpreter is built.")
    except Unavailable as why:
        print(f"There is no native interpreter: {why}. NumPy serves in its place.")


if __name__ == "__main__":
    main()
