"""Stand-alone source of a program of arrays, forward and backward, written from the steps of ``expansion``: here with NumPy.

Both functions take the arrays of the arguments in a list, Tensors reached by closure behind them. ``forward`` gives the results in
a list, ``gradient`` the gradients by all arrays of floats, times seeds of the shapes of the results.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from keyword import iskeyword
from typing import Any

import numpy as np

from ..arrays.operation import ArrayOperation
from ..operation import Operation
from .calls import NamedCall, call_of, names_of
from .expansion import gradient_tape, live_steps, simple_tape
from .printer import PYTHON, sources
from .source import harmless
from .tensors import ArrayTape, Slot, TapeStep

HELPERS = {
    "scatter": """\
def scatter(g, shape, index):
    out = np.zeros(shape, np.result_type(g))
    np.add.at(out, index, g)
    return out
""",
    "sigmoid": """\
def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(np.asarray(x) >= 0, 1.0, e) / (1.0 + e)
""",
    "softplus": """\
def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))
""",
    "leaky_relu": """\
def leaky_relu(x, slope):
    return np.where(np.asarray(x) > 0, x, slope * x)
""",
    "elu": """\
def elu(x, alpha):
    return np.where(np.asarray(x) > 0, x, alpha * np.expm1(np.minimum(x, 0)))
""",
}
_ROWS = {"add": "{} + {}", "sub": "{} - {}", "mul": "{} * {}", "neg": "-{}", "identity": "{}", "div": "np.divide({}, {})",
         "pow": "np.power({}, {})", "relu": "np.maximum({}, 0)", "clip_min": "np.maximum({}, {})", "clip_max": "np.minimum({}, {})",
         "abs": "np.abs({})"}
NUMBERS = re.compile(r"\b(inf|nan)\b")
_POSITIONAL = {"reshape", "broadcast_to", "transpose", "pad"}  # whose options NumPy calls by other names


class ArrayWriter:
    """The names and the head that sources in all languages share."""

    comment = "# "

    def __init__(self, tape: ArrayTape, outputs: list[int], title: str):
        if tape.draws:
            raise LookupError(f"{title} draws at random, and a source would draw other numbers; write it as it predicts: "
                              "model.eval()")
        self.parts = {"forward": simple_tape(tape, outputs)}
        self.original, self.results, self.title = tape, outputs, title

    def functions(self, write: Callable[[str], str]) -> list[str]:
        """The texts of all functions: first of the forward pass, whose operations are told where one is written in no language."""
        texts = [write("forward")]
        self.parts["gradient"] = gradient_tape(self.original, self.results, "products")
        exact, slopes = gradient_tape(self.original, self.results, "masks")
        if exact.has_masks:  # a branch may not be taken
            self.parts["exact_gradient"] = exact, slopes
        return texts + [write(part) for part in [*self.parts][1:]]

    def about(self) -> str:
        """The first line: what the list of arrays holds."""
        tape = self.original
        names = names_of(tape)
        held = [f"{names[i]} {np.shape(tape.examples[i])}" for i in [*tape.inputs, *tape.leaves_read]]
        return self.comment + harmless(f"{self.title}: x holds {', '.join(held) or 'nothing'}; made by chainrule.")

    def begin(self, part: str) -> tuple[ArrayTape, list[int]]:
        """Turn to one of the two functions."""
        self.tape, outputs = self.parts[part]
        self.names = identifiers(self.tape)
        return self.tape, outputs


def identifiers(tape: ArrayTape) -> dict[int, str]:
    """A name that any language takes for each slot: that of an input, if it is one, else its place."""
    names = {i: f"v{i}" for i in range(len(tape.examples))}
    for i in tape.inputs:
        clean = re.sub(r"\W+", "_", tape.names.get(i, "")).strip("_")
        if re.fullmatch(r"[A-Za-z]\w{0,30}", clean) and clean.isascii() and not iskeyword(clean):
            names[i] = f"{clean}_{i}"  # the place keeps it from all other names
    return names


class NumPyWriter(ArrayWriter):
    """The source in Python with NumPy."""

    def source(self) -> str:
        """The whole source."""
        self.used: set[str] = set()
        functions = self.functions(self._function)
        helpers = [HELPERS[name] for name in sorted(self.used & HELPERS.keys())]
        single = sources(self.used - HELPERS.keys(), PYTHON) if self.used - HELPERS.keys() else {}
        helpers += [f"{single[name]}\n\n{name} = np.vectorize(r_{name}, otypes=[float])\n" for name in sorted(single)]
        text = "\n\n".join([*helpers, *functions])
        head = ["import math", ""] * ("math." in text) + ["import numpy as np"]
        head += ["from numpy import inf, nan"] if NUMBERS.search(text) else []
        return "\n".join([self.about(), *head, "", "", text])

    def _function(self, part: str) -> str:
        tape, outputs = self.begin(part)
        parameters = "x" if part == "forward" else f"x, seeds=(1.0,) * {len(self.results)}"
        lines = [f"def {part}({parameters}):", '    with np.errstate(all="ignore"):']
        count = len(self.original.inputs) + len(self.original.leaves_read)
        for n, i in enumerate(tape.inputs):
            given = f"x[{n}]" if n < count else f"seeds[{n - count}]"
            example = tape.examples[i]
            made = f"float({given})" if isinstance(example, float) else f"np.asarray({given}, {self.text(example.dtype)})"
            lines.append(f"        {self.names[i]} = " + (made if n < count else f"np.broadcast_to({made}, {np.shape(example)})"))
        for step in live_steps(tape, outputs, part == "forward"):
            lines.append("        " + self._line(step))
        listed = f"[{', '.join(self.text(Slot(i)) for i in outputs)}]"
        if part == "gradient" and "exact_gradient" in self.parts:
            lines += [f"        found = {listed}", "    if all(np.isfinite(g).all() for g in found):", "        return found",
                      "    return exact_gradient(x, seeds)  # 0 may have met an infinity at a branch that was not taken"]
        else:
            lines.append(f"        return {listed}")
        return "\n".join(lines) + "\n"

    def _line(self, step: TapeStep) -> str:
        if step.kind == "guard":
            told = f"if bool({self.text(step.args[0])}) is not {step.what}: "
            return told + 'raise ValueError("a condition has another answer than when the program was recorded")'
        return f"{self.names[step.out]} = {self._made(step)}"

    def _made(self, step: TapeStep) -> str:
        call = call_of(step)
        texts = [self.text(x) for x in call.args]
        if isinstance(step.what, Operation):
            return self._row(step.what, texts)
        if isinstance(step.what, ArrayOperation):
            return self._operation(call, texts)
        if call.name == "[ ]":
            return f"{texts[0]}[{self.index(call.args[1])}]"
        if call.name in ("same", "is_finite"):
            return texts[0] if call.name == "same" else f"np.isfinite({texts[0]}).all()"
        if call.name[0] == "<":
            raise LookupError(f"{call.name[1:-1]} has no source")
        options = [f"{key}={self.text(x)}" for key, x in call.options.items()]
        return f"{texts.pop(0) if call.name[0] == '.' else ''}{call.name}({', '.join(texts + options)})"

    def _row(self, row: Operation, texts: list[str]) -> str:
        if row.name in _ROWS:
            return _ROWS[row.name].format(*texts)
        is_numpys = row.array is None and hasattr(np, row.name)
        if not is_numpys:
            self.used.add(row.name)
        return f"{'np.' * is_numpys}{row.name}({', '.join(texts)})"

    def _operation(self, call: NamedCall, texts: list[str]) -> str:
        options = {key: self.text(x) for key, x in call.options.items()}
        if call.name == "matmul":
            return f"{texts[0]} @ {texts[1]}"
        if call.name == "getitem":
            return f"{texts[0]}[{self.index(call.options['index'])}]"
        if call.name == "astype":
            return f"np.asarray({texts[0]}, {options['dtype']})"
        if call.name == "where":
            return f"np.where({options['condition']}, {texts[0]}, {texts[1]})"
        if call.name == "einsum":
            return f"np.einsum({options['spec']}, {', '.join(texts)})"
        if call.name == "scatter":
            self.used.add("scatter")
            return f"scatter({texts[0]}, {options['shape']}, np.s_[{self.index(call.options['index'])}])"
        if not hasattr(np, call.name):
            raise LookupError(f"the operation {call.name!r} has no source in Python: it is written as no other operations")
        given = [f"[{', '.join(texts)}]"] if call.name in ("concatenate", "stack") else texts
        told = [*options.values()] if call.name in _POSITIONAL else [f"{key}={x}" for key, x in options.items()]
        return f"np.{call.name}({', '.join(given + told)})"

    def index(self, x: object) -> str:
        """An index as it is written in brackets."""
        if isinstance(x, slice):
            parts = ["" if part is None else str(part) for part in (x.start, x.stop, x.step)]
            return ":".join(parts if parts[2] else parts[:2])
        return ", ".join(map(self.index, x)) + "," * (len(x) == 1) if type(x) is tuple and x else self.text(x)

    def text(self, x: object) -> str:
        """An argument or option in Python."""
        if isinstance(x, Slot):
            return self.text(self.tape.constants[x.number]) if x.number in self.tape.constants else self.names[x.number]
        if isinstance(x, np.ndarray):
            kind = self.text(x.dtype)
            return f"np.array({_listed(x)}, {kind})" if x.size else f"np.zeros({x.shape}, {kind})"
        if isinstance(x, (tuple, list)):
            inside = ", ".join(map(self.text, x))
            return f"[{inside}]" if isinstance(x, list) else f"({inside}{',' * (len(x) == 1)})"
        if isinstance(x, (np.dtype, type)):
            return repr(np.dtype(x).name)
        if isinstance(x, float):
            return f"({float(x)!r})" if x < 0 else repr(float(x))
        return "..." if x is ... else repr(x.item() if isinstance(x, np.generic) else x)


def _listed(x: Any) -> str:
    """The entries of an array, each to its last bit."""
    text = np.array2string(x, threshold=x.size + 1, separator=", ", floatmode="unique", max_line_width=100)
    return re.sub(r"\s+", " ", text)
