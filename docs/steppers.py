"""The site's page of operations: each with its curve, its formula, and a stepper of one gate. The steppers share one script."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from autograd import Value, ops, special
from autograd.languages import catalogue
from autograd.operation import Operation
from autograd.symbolic import formula
from viz import stepper
from viz.numbers import typeset
from viz.web.step_page import page_around
from viz.web.step_words import words

from .__main__ import conventions

HERE = Path(__file__).parent
FIRST, SECOND = (1.5, 0.5, 2.0), (2.0, 0.5)  # values of the operands; the first of them inside the domain is taken
TITLE, PROGRAM = "⟨title⟩", "⟨program⟩"  # places in the page that all steppers share
TEXTS = {
    "en": {"title": "Operations", "intro": "Every operation of the table, with its curve, its local gradients, and its stepper. A "
           "curve shows the operation over x (green, solid) and its derivative with respect to x (red, dashed), for x from −4 to 4 "
           "and values from −3 to 3; a second operand y is constant. In a formula the operands are x and y, and the result is out.",
           "curve": "{name} and its derivative", "sign": "on pictures {sign}", "one": "Local gradient: {first}.",
           "two": "Local gradients: {first} for x, {second} for {y}.", "none": "no derivative",
           "domain": "Tests take {operands}.", "in": "{name} from {low} to {high}", "convention": "Convention: {text}.",
           "step": "Step through {name}", "noscript": "Stepping needs JavaScript."},
    "ko": {"title": "연산", "intro": "표의 모든 연산을 곡선, 국소 기울기, 스테퍼와 함께 보입니다. "
           "곡선은 x에 대한 연산의 값(초록 실선)과 x에 대한 도함수(빨간 점선)이고, "
           "x는 −4에서 4까지, 값은 −3에서 3까지 그립니다. 둘째 피연산자 y는 상수입니다. "
           "식에서 피연산자는 x와 y, 결과는 out입니다.",
           "curve": "{name}의 곡선과 도함수", "sign": "그림에서는 {sign}", "one": "국소 기울기: {first}.",
           "two": "국소 기울기: x에 대하여 {first}, {y}에 대하여 {second}.", "none": "도함수 없음",
           "domain": "테스트의 범위: {operands}.", "in": "{name}는 {low}에서 {high}까지", "convention": "규약: {text}.",
           "step": "{name} 스테퍼 열기", "noscript": "스테퍼에는 자바스크립트가 필요합니다."},
}


def documented() -> Iterator[tuple[Operation, str]]:
    """The rows that have operands, in the order of the table, with their conventions."""
    for page in (ops, special):
        for name, comment in conventions(Path(page.__file__).read_text(encoding="utf-8")):
            if ops.rows[name].arity:
                yield ops.rows[name], comment


def operations_page(lang: str = "en") -> str:
    """Return the page of operations for the site in a language, as Markdown with a place for each stepper.

    >>> "## sigmoid" in operations_page(), "## sigmoid" in operations_page("ko")
    (True, True)
    """
    texts, told = TEXTS[lang], korean_conventions() if lang == "ko" else {}
    parts = [f"# {texts['title']}", texts["intro"]]
    for row, comment in documented():
        parts += _section(row, told.get(comment, comment), texts)
    return "\n\n".join([*parts, '<script src="_static/operations.js"></script>', ""])


def korean_conventions() -> dict[str, str]:
    """Return the conventions of the table with their Korean."""
    return catalogue(HERE / "website" / "locale" / "ko" / "LC_MESSAGES" / "conventions.po")


def _section(row: Operation, convention: str, texts: dict[str, str]) -> Iterator[str]:
    plain = ["x", "y"][:row.arity - len(row.defaults)]
    operands = [*plain, *row.defaults]
    call = ", ".join([*plain, *(f"{name}={value}" for name, value in row.defaults.items())])
    local = [texts["none"] if rule is False else f"`{typeset(formula(row, argument, *operands))}`"
             for argument, rule in enumerate(row.partials)]
    second = {"second": local[1], "y": operands[1]} if len(local) > 1 else {}
    spans = (texts["in"].format(name=name, low=f"{low:g}".replace("-", "−"), high=f"{high:g}")
             for name, (low, high) in zip(operands, row.domain))
    yield f"## {row.name}"
    yield f"![{texts['curve'].format(name=row.name)}](operations/{row.name}.svg)"
    yield " ".join([f"`{row.name}({call})`, {texts['sign'].format(sign=row.sign)}.".replace("|", "\\|"),
                    texts["two" if second else "one"].format(first=local[0], **second),
                    texts["domain"].format(operands=", ".join(spans)),
                    *([texts["convention"].format(text=convention.replace("*", "\\*"))] if convention else [])])
    yield (f'<details class="live" data-stepper="{row.name}"><summary>{texts["step"].format(name=row.name)}</summary>'
           f'<noscript>{texts["noscript"]}</noscript></details>')


def steppers_script(lang: str = "en") -> str:
    """Return the script of that page: the page that all steppers share, the program of each, and what opens them."""
    translations = f"DATA.words = {json.dumps(words(lang), ensure_ascii=False)};\n" if lang != "en" else ""
    data = {"title": TITLE, "program": PROGRAM, "page": page_around(f"{PROGRAM}{translations}", TITLE, lang),
            "programs": {row.name: one_gate(row) for row, _ in documented()}}
    opener = (HERE / "website" / "steppers.js").read_text(encoding="utf-8")
    return f"const STEPPERS = {json.dumps(data, ensure_ascii=False, separators=(',', ':'))};\n{opener}"


def one_gate(row: Operation) -> str:
    """Return the program of the stepper through one operation.

    >>> "COMPUTE" in one_gate(ops.rows["tanh"])
    True
    """
    operands = [Value(next(x for x in wanted if low <= x <= high), name)
                for name, wanted, (low, high) in zip("xy", (FIRST, SECOND), row.domain)][:row.arity - len(row.defaults)]
    y = row(*operands)
    y.name = "out"
    return stepper(y, lang="en").program
