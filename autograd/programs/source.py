"""A program as text: a listing to read, and stand-alone source in Python, C or JavaScript, forward and backward.

The source needs no library. It has two functions of the numbers of the arguments in a row: ``forward`` gives the results, and
``gradient`` their derivatives, times a seed for each result, with the same policy for branches that are not taken as the engine.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ..operation import IEEE, partial, rows
from ..symbolic import Symbol, formula, operand_text
from .passes import Lowered, dot, mark_needed, mark_reached
from .printer import C, JAVASCRIPT, PYTHON, SourceCode, Dialect, sources, written
from .record import constant, detach, either, flat, given, leaf, masks, select


class SourceForm(NamedTuple):
    """How a language writes the two functions; places in braces are filled in."""

    dialect: Dialect
    comment: str
    head: str
    forward: str
    gradient: str
    indent: str
    end: str
    condition: str
    true: str


LAYOUTS = {layout.dialect.name: layout for layout in (
    SourceForm(PYTHON, "# ", "import math\nfrom math import inf, nan\n", """\
def forward(x):
    v = [0.0] * {size}
{values}
    return [{results}]
""", """\
def gradient(x, seeds={ones}):
    v, d, a = [0.0] * {size}, [0.0] * {size}, [False] * {size}
{values}
{seeds}
{edges}
    return [{slopes}]
""", "    ", "", "if {}: {}; {}", "True"),
    SourceForm(JAVASCRIPT, "// ", "", """\
function forward(x) {{
  const v = Array({size}).fill(0)
{values}
  return [{results}]
}}
""", """\
function gradient(x, seeds = {ones}) {{
  const v = Array({size}).fill(0), d = Array({size}).fill(0), a = Array({size}).fill(false)
{values}
{seeds}
{edges}
  return [{slopes}]
}}
""", "  ", "", "if ({}) {{ {}; {} }}", "true"),
    SourceForm(C, "// ", "#include <math.h>\n", """\
void forward(const double *x, double *y)
{{
    double v[{size}];
{values}
{results}
}}
""", """\
void gradient(const double *x, const double *seeds, double *g)
{{
    double v[{size}], d[{size}] = {{0}};
    char a[{size}] = {{0}};
{values}
{seeds}
{edges}
    (void)a;
{slopes}
}}
""", "    ", ";", "if ({}) {{ {}; {}; }}", "1"),
)}


class Writer:
    """The source of one program in one language."""

    def __init__(self, lowered: Lowered, names: list[str], title: str, language: str):
        self.layout, self.lowered, self.names, self.title = LAYOUTS[language], lowered, names, title
        self.dialect, self.used = self.layout.dialect, set[str]()
        self.inputs = [*lowered.inputs, *lowered.leaves.values()]
        self.at = {place: f"x[{n}]" for n, place in enumerate(self.inputs)}

    def operand(self, place: int) -> Any:
        """The source of an operand; a constant is a number."""
        if place in self.lowered.values:
            return IEEE(self.lowered.values[place])
        return SourceCode(self.at.get(place, f"v[{place}]"), self.used, self.dialect)

    def text(self, place: int) -> str:
        return written(self.operand(place), self.dialect)

    def line(self, statement: str) -> str:
        return f"{self.layout.indent}{statement}{self.layout.end}"

    def value(self, place: int) -> str:
        """The statement that computes a place."""
        lowered, op = self.lowered, self.lowered.ops[place]
        operands = lowered.operands(place)
        if op is dot:
            made = " + ".join(self._term(x, y) for x, y in zip(operands[::2], operands[1::2]))
        elif op in masks or op is detach or op is select:
            made = self._choice(op, [self.text(x) for x in operands])
        else:
            made = written(op(*map(self.operand, operands)), self.dialect)
        return self.line(f"v[{place}] = {made}")

    def _term(self, x: int, y: int) -> str:
        values = self.lowered.values
        if 1.0 in (values.get(x), values.get(y)):
            return self.text(y if values.get(x) == 1.0 else x)
        return f"{self.text(x)} * {self.text(y)}"

    def _choice(self, op: Any, texts: list[str]) -> str:
        choice, signs = self.dialect.choice.format, self.dialect.signs
        if op is detach:
            return texts[0]
        if op is select:
            return choice(f"({texts[0]} {signs.get('!=', '!=')} 0)", *texts[1:])
        if op is either:
            return choice(f"({texts[0]} {signs.get('!=', '!=')} 0)", "1.0", texts[1])
        return choice(f"({texts[0]} {signs.get(op.sign, op.sign)} {texts[1]})", "1.0", "0.0")

    def edges(self, wanted: list[int]) -> list[str]:
        """The statements of the backward pass; a flag says whether something arrived, where that depends on a branch."""
        lowered, needed = self.lowered, mark_needed(self.lowered, wanted)
        sure = bytearray(len(lowered))  # something arrives whatever branches are taken
        for i in lowered.outputs:
            sure[i] = 1
        statements = []
        for i in range(len(lowered) - 1, -1, -1):
            if not needed[i]:
                continue
            for x, local, taken in self._locals(i, needed):
                product = f"d[{x}] += d[{i}]" if local == "1.0" else f"d[{x}] += d[{i}] * {local}"
                conditions = [f"a[{i}]"] * (not sure[i]) + ([] if taken is None else [taken])
                if not conditions:
                    sure[x] = 1
                    statements.append(self.line(product))
                else:
                    sign = " and " if self.dialect is PYTHON else " && "
                    done = self.layout.condition.format(sign.join(conditions), product, f"a[{x}] = {self.layout.true}")
                    statements.append(self.layout.indent + done)
        return statements

    def _locals(self, i: int, needed: bytearray) -> list[tuple[int, str, str | None]]:
        """For each operand that takes a gradient: its place, the source of the local gradient, and its condition."""
        lowered, op = self.lowered, self.lowered.ops[i]
        operands = lowered.operands(i)
        if op is dot:
            pairs = [*zip(operands[::2], operands[1::2])]
            return [(x, self.text(y), None) for a, b in pairs for x, y in ((a, b), (b, a)) if needed[x]]
        found = []
        for x, rule in zip(operands, op.partials):
            if rule is not flat and needed[x]:
                numbers = [self.operand(y) for y in operands]
                local = partial(rule, SourceCode(f"v[{i}]", self.used, self.dialect), *numbers)
                found.append((x, written(local, self.dialect), getattr(local, "taken", None)))
        return found

    def source(self) -> str:
        """The whole source."""
        layout, lowered, line = self.layout, self.lowered, self.line
        places = [i for i, op in enumerate(lowered.ops) if op is not given and op is not leaf and op is not constant]
        values = [self.value(i) for i in places]
        seeds = []
        for n, i in enumerate(lowered.outputs):
            seeds += [line(f"d[{i}] += seeds[{n}]"), line(f"a[{i}] = {layout.true}")]
        edges = self.edges(self.inputs)
        results, slopes = [self.text(i) for i in lowered.outputs], [f"d[{i}]" for i in self.inputs]
        if self.dialect is C:
            results = [line(f"y[{n}] = {text}") for n, text in enumerate(results)]
            slopes = [line(f"g[{n}] = {text}") for n, text in enumerate(slopes)]
        join = "\n".join if self.dialect is C else ", ".join
        told = {"size": max(len(lowered), 1), "values": "\n".join(values), "results": join(results), "slopes": join(slopes),
                "seeds": "\n".join(seeds), "edges": "\n".join(edges), "ones": f"[{', '.join(['1.0'] * len(results))}]"}
        functions = declarations(sources(self.used, self.dialect), self.dialect)
        about = [layout.comment + harmless(f"{self.title}: x holds {', '.join(self.names) or 'nothing'}; made by chainrule.")]
        return "\n".join([*about, layout.head, *functions, "",
                          layout.forward.format(**told), layout.gradient.format(**told)])


def declarations(functions: dict[str, str], dialect: Dialect) -> list[str]:
    """The functions of rows as a source begins with them."""
    texts = [functions[name] for name in sorted(functions)]
    if dialect is JAVASCRIPT:
        return [f"const {name} = {text}" for name, text in zip(sorted(functions), texts)]
    declared = [f"static inline double r_{name}({', '.join(['double'] * rows[name].arity)});" for name in sorted(functions)]
    return [*(declared if dialect is C else []), *texts]


def harmless(text: str) -> str:
    """A text that stays within its comment, whoever wrote the names in it."""
    return "".join(c if c.isprintable() and c not in "\\?" else " " for c in text)


# ── a listing ────────────────────────────────────────────────────────────────────────────────────────────────────

def listing(lowered: Lowered, title: str) -> str:
    """One line an instruction: what it computes, where it varies by example, and the formula of each local gradient."""
    names = [lowered.names.get(i) or (operand_text(lowered.values[i]) if i in lowered.values else f"v{i}")
             for i in range(len(lowered))]
    rows = []
    reached = mark_reached(lowered)
    for i, op in enumerate(lowered.ops):
        if op is constant:
            continue
        operands = [names[x] for x in lowered.operands(i)]
        if op is given or op is leaf:
            rows.append((names[i], "an argument" if op is given else "a Value, read anew", "", lowered.lanes[i]))
            continue
        rows.append((f"{names[i]} = {row_formula(op, operands)}", "", _slopes(op, operands, names[i]) if reached[i] else "",
                     lowered.lanes[i]))
    texts = [f"{made}  {about}".rstrip() for made, about, _, _ in rows]
    wide = min(max(map(len, texts), default=0), 60)
    lines = [f"{text:{wide}}  {'for each example' if lane else '':16}  {slopes}".rstrip()
             for text, (_, _, slopes, lane) in zip(texts, rows)]
    return "\n".join([f"{title}, {len(rows)} instructions", *lines, f"return {', '.join(names[i] for i in lowered.outputs)}"])


def row_formula(op: Any, operands: list[str]) -> str:
    """The formula of an instruction, in terms of the names of its operands."""
    if op is dot:
        terms = [(x, y) for x, y in zip(operands[::2], operands[1::2])]
        return " + ".join(x if y == "1" else y if x == "1" else f"{x}·{y}" for x, y in terms)
    if op is select:
        return f"{operands[1]} if {operands[0]} else {operands[2]}"
    if op in masks:
        return f"{operands[0]} {op.sign} {operands[1]}"
    if op is detach:
        return f"{operands[0]}, detached"
    return str(op(*map(Symbol, operands)))


def _slopes(op: Any, operands: list[str], out: str) -> str:
    """The local gradients that are no plain numbers, as formulas."""
    if op is dot or op is select or op in masks or op is detach:
        return ""
    told = [(x, formula(op, i, *operands, out=out)) for i, (x, rule) in enumerate(zip(operands, op.partials)) if rule is not flat]
    return "  ".join(f"∂{x}: {text}" for x, text in told if text not in ("1", "-1") and not x.replace(".", "").isdigit())
