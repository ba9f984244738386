"""The babysitter and the gradient checker in Korean: every text has its entry; names and numbers stay."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import nn
import viz
from autograd import Tensor, check_gradients
from autograd.languages import catalogue, spoken
from autograd.programs.arrays import tensors_to_javascript
from autograd.proof.report_words import WORDS as REPORT_WORDS
from autograd.proof.verdict import ADVICE
from nn import babysitter
from nn.babysitter import Babysitter, Checkup, Diagnosis, check_initial_loss, check_overfit
from viz.web.step_words import reason

PACKAGE = Path(nn.__file__).parent
NAMES = set("""relu relus tanh Sequential Linear ReLU Tanh leaky Xavier LSTM zero_grad clip_norm patience model eval train optimizer
autograd check_gradients nan inf array shape""".split())


def templates() -> set[str]:
    """The texts of evidence and remedies in the source, with each value in them as a hole."""
    found = set()
    for node in ast.walk(ast.parse(Path(babysitter.__file__).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in ("of", "_fault", "Diagnosis"):
            for argument in node.args:
                if isinstance(argument, (ast.JoinedStr, ast.Constant)) and (text := filled(argument)):
                    found.add(text)
    return found


def filled(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    return "".join(part.value if isinstance(part, ast.Constant) else "7" for part in node.values)


@pytest.mark.parametrize("text", sorted(templates()))
def test_every_diagnosis_has_its_korean(text: str) -> None:
    if re.fullmatch("7+: .*", text):  # what it begins with was written into a name
        begins = "the gradient at the first activation is 1 times that at the last" if "layers before" in text else \
            "the loss stayed at 2 for 30 of 99 batches, and only then fell, to 1"
        text = text.replace("7", begins, 1)
    assert re.search("[가-힣]", spoken(text, "ko", PACKAGE)), text


def test_every_remedy_has_its_korean() -> None:
    assert {*babysitter.REMEDIES, *babysitter.REMEDIES.values()} <= set(catalogue(PACKAGE / "locale/ko/LC_MESSAGES/nn.po"))


def test_a_report_speaks_the_language_that_is_asked_for() -> None:
    model, sitter = nn.Sequential(nn.Linear(4, 16, rng=0), nn.Tanh(), nn.Linear(16, 3, rng=1)), Babysitter()
    optimizer = nn.optim.SGD(model.named_parameters(), lr=1e-6)
    nn.train.fit(model, nn.data.load("iris"), nn.functional.cross_entropy, optimizer, epochs=10, seed=0, callbacks=[sitter],
                 progress=False)
    english, korean = sitter.report("en"), sitter.report("ko")
    assert english.problems == korean.problems and "learning rate too low" in english.problems
    assert "학습률이 너무 낮음" in str(korean) and "해결: " in str(korean) and "learning rate" not in str(korean)
    assert "문제" in korean._repr_html_() and re.findall(r"\d+\.\d+", str(english)) == re.findall(r"\d+\.\d+", str(korean))
    assert set(re.findall("[A-Za-z_]{4,}", str(korean))) <= NAMES
    for told in (check_initial_loss(model, nn.data.load("iris"), nn.functional.cross_entropy),
                 check_overfit(model, nn.data.load("iris"), nn.functional.cross_entropy)):
        told.lang = "ko"
        assert set(re.findall("[A-Za-z_]{4,}", str(told))) <= NAMES, told


def test_english_is_as_it_was_and_other_languages_are_refused() -> None:
    told = Checkup([Diagnosis.of("dead relus", "3 of 8 units gave 0")], {"loss": "1 at first"}, ["loss"], "en")
    assert str(told).startswith("Babysitter: 1 finding\n✗ dead relus: 3 of 8 units gave 0\n    remedy: lower the learning")
    with pytest.raises(ValueError, match="'en' and 'ko'"):
        Checkup([], {}, lang="fr")
    assert np.array_equal([spoken("", "ko", PACKAGE)], [""])


def test_the_checkers_report_speaks_the_language_that_is_asked_for() -> None:
    mistakes = {"sign": -1.0, "double": 2.0, "half": 0.5, "third": 1 / 3, "much": 7.3}
    for name, factor in mistakes.items():
        told = [check_gradients(lambda x: x**3, 2.0, gradient=lambda x, k=factor: k * 3 * x**2, lang=lang) for lang in ("en", "ko")]
        assert told[0].verdict == told[1].verdict == "WRONG" and told[0].worst.note == told[1].worst.note
        assert "기울기가 틀림" in str(told[1]) and "gradient" not in str(told[1]), name
        assert set(re.findall("[a-z]{4,}", str(told[1]))) == set() and "판정" in told[1]._repr_html_()
    assert "맞음" in str(check_gradients(lambda x: x**3, 2.0, lang="ko"))
    assert {*filter(None, ADVICE.values())} <= set(REPORT_WORDS)


def test_pictures_of_networks_are_shown_in_the_readers_language(monkeypatch: pytest.MonkeyPatch) -> None:
    model = nn.Sequential(nn.Linear(3, 5, rng=0), nn.Tanh(), nn.Linear(5, 2, rng=1))
    model(np.ones((1, 3))).sum().backward()
    broken = nn.Sequential(nn.Linear(2, 2, rng=0))
    broken[0].weight.data[0, 0] = np.nan
    rnn = nn.RNN(2, 3, rng=0, bidirectional=True)
    outputs, _ = rnn(np.ones((30, 1, 2)))
    outputs.sum().backward()
    pictures = [viz.network(model), viz.network(model, np.ones(3), show="gradient", units=3), viz.network(broken),
                viz.network(nn.Sequential(nn.Linear(2, 2, rng=0)), show="gradient"), viz.unrolled(rnn, np.ones((30, 1, 2)))]
    for picture in pictures:
        monkeypatch.setenv("LANGUAGE", "ko")
        texts = re.findall(r"<text[^>]*>([^<]*)<", picture._repr_svg_())
        assert {x for text in texts for x in re.findall("[A-Za-z]{4,}", text)} <= NAMES | {"units", "moments", "backward"}, texts
        monkeypatch.setenv("LANGUAGE", "en")
        assert picture._repr_svg_() == picture.svg


@pytest.mark.parametrize("y", [
    lambda: Tensor(np.ones((9, 8)), "w").sum(), lambda: Tensor(np.ones(3, "float32"), "w").sum(),
    lambda: (Tensor(np.ones(50), "w") * np.ones((50, 50))).sum(),
    lambda: nn.functional.max_pool2d(Tensor(np.arange(16.0).reshape(1, 1, 4, 4), "x"), 2).sum()])
def test_a_page_says_in_korean_why_it_stays_still(y: Callable[[], Tensor]) -> None:
    with pytest.raises(LookupError) as why:
        tensors_to_javascript(y())
    assert re.search("[가-힣]", reason(str(why.value), "ko"))
    assert reason(str(why.value), "en") == str(why.value)


# ── pages ────────────────────────────────────────────────────────────────────────────────────────────────────────

ROOT = Path(__file__).parents[1]
TERMS = """순전파 역전파 상류 국소 하류 편미분 연쇄 가중치 편향 활성화 손실 학습률 경사 과적합 정규화(규제)
표준화 초기화 은닉층 합성곱 풀링 스트라이드
패딩""".split()


def test_the_korean_readme_has_the_programs_of_the_english_one_and_its_links_lead_somewhere() -> None:
    english, korean = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.ko.md"))
    programs = re.findall(r"```python\n(.*?)```", korean, re.DOTALL)
    assert len(programs) == 3 and all(program in english for program in programs)
    links = [link for link in re.findall(r"\]\(([^)#]+)", re.sub(r"`[^`]*`", "", korean)) if "://" not in link]
    assert len(links) >= 8 and all((ROOT / link).exists() for link in links)


def test_the_glossary_has_the_terms_of_the_lecture_and_the_chapters_use_them() -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([^|]*[가-힣][^|]*) \| ([^|]+) \|", glossary, re.MULTILINE)[1:]
    assert len(rows) >= 55 and len({english for _, english in rows}) == len(rows)
    chapters = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "notebooks" / "ko").glob("*.ipynb"))
    for term in TERMS:
        assert any(term in korean for korean, _ in rows), term
        assert term.partition("(")[0] in chapters, term
