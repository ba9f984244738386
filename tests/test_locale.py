"""The library's verdicts in Korean: every text has its entry; names and numbers stay."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd.anomaly
import autograd.paths
import nn
import viz
from autograd import (
    AnomalyError,
    NoDerivativeWarning,
    Tensor,
    Value,
    check_gradients,
    detect_anomaly,
    exp,
    explain,
    find_anomaly,
    log,
    relu,
    scope,
    sigmoid,
    softmax,
    sqrt,
    step,
)
from autograd.arrays.windows import OutputSize, output_size
from autograd.errors import warn_no_derivative
from autograd.languages import catalogue, spoken
from autograd.programs.arrays import tensors_to_javascript
from autograd.proof.report_words import WORDS as REPORT_WORDS
from autograd.proof.verdict import ADVICE
from nn import babysitter, search, train
from nn.babysitter import Babysitter, Checkup, Diagnosis, check_initial_loss, check_overfit
from nn.callbacks import History
from nn.perceptron import Learned, Perceptron
from viz.web.step_words import reason

PACKAGE = Path(nn.__file__).parent
ENGINE = Path(autograd.__file__).parent
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


# ── what explains itself: paths, anomalies, lost entries, learning rules, histories, searches ────────────────────────

SPEAKERS = [autograd.paths, autograd.anomaly, OutputSize, warn_no_derivative, Learned, History, search.Results]


def phrases(node: ast.AST) -> set[str]:
    """The phrases of two words or more in a source, without its docstrings, annotations and errors."""
    if isinstance(node, ast.Raise) or isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return set()
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        pieces = re.split(r"\n|: |[0-9][0-9.e]*", node.value)
        return {piece.strip() for piece in pieces if re.search("^[^<]*[A-Za-z]{2,} +[A-Za-z]{2,}", piece)}
    parts = [part for name, part in ast.iter_fields(node) if name not in ("annotation", "returns")]
    return {text for part in parts for x in (part if isinstance(part, list) else [part]) if isinstance(x, ast.AST)
            for text in phrases(x)}


@pytest.mark.parametrize("speaker", SPEAKERS, ids=lambda speaker: speaker.__name__)
def test_every_phrase_that_the_library_says_has_its_korean(speaker: object) -> None:
    known = [text for package in (ENGINE, PACKAGE) for text in catalogue(package / f"locale/ko/LC_MESSAGES/{package.name}.po")]
    said = phrases(ast.parse(textwrap.dedent(inspect.getsource(speaker))))  # type: ignore[arg-type]  # a module, class or function
    assert said and not {phrase for phrase in said if not any(phrase in text for text in known)}


def test_every_reason_for_the_end_of_a_run_has_its_korean() -> None:
    calls = [node for node in ast.walk(ast.parse(inspect.getsource(train))) if isinstance(node, ast.Call)
             and isinstance(node.func, ast.Attribute) and node.func.attr == "stop"]
    said = {filled(text) for call in calls for text in ast.walk(call) if isinstance(text, (ast.JoinedStr, ast.Constant))
            if " " in filled(text) and not (isinstance(text, ast.Constant) and filled(text) != filled(text).strip(" ,;"))}
    assert len(said) >= 4
    for text in said:
        assert re.search("[가-힣]", History(lang="ko").said(text)), text


def anomaly(y: object) -> autograd.anomaly.Anomaly:
    found = find_anomaly(y)
    assert found is not None
    return found


def halved(x: Value) -> Value:
    for _ in range(400):
        x = x * 0.5
    return x


X, T, P = Value(-2.0, "x"), Tensor([[1.0, -2.0], [-3.0, -4.0]], "t"), Value(0.0, "p")
SHOWN = {
    "closed": explain(relu(3 * X), X), "saturated": explain(sigmoid(20 * X) + relu(X), X), "steep": explain(exp(-10 * X), X),
    "cancelled": explain(X * 2 - X * 2, X), "cut": explain(X.detach() * Value(3.0, "w"), X), "beside": explain(X.detach() * X, X),
    "unused": explain(Value(2.0) * 3, X), "infinite": explain(sqrt(P) * 0, P), "itself": explain(X, X),
    "small": explain(halved(X), X),
    "array": explain(relu(T).sum(), T), "flat array": explain(softmax(T).sum(), T), "left out": explain((T.detach() * T).sum(), T),
    "log": anomaly(log(P)), "root": anomaly(sqrt(P)), "input": anomaly(Value(float("nan")) * 2), "exp": anomaly(exp(Value(1e3))),
    "division": anomaly(Tensor([1.0, 0.0]) / Tensor([0.0, 0.0], "z")), "entry": output_size(7, 3, 3),
    "zero": output_size(224, 7, 2, 3), "entries": output_size(10, 3, 4, 1), "learned": Learned(True, [1, 0]),
    "unlearned": Learned(False, [1, 2]), "cycle": Perceptron(2).fit([(0, 0), (0, 1), (1, 0), (1, 1)], [0, 1, 1, 0]),
}


@pytest.mark.parametrize("name", SHOWN)
def test_what_explains_itself_does_it_in_the_readers_language(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    thing: Any = SHOWN[name]
    if not isinstance(thing, OutputSize | Learned | autograd.anomaly.Anomaly):
        thing = thing._replace(lang=None)
    english = repr(thing)
    monkeypatch.setenv("LANGUAGE", "ko")
    korean = repr(thing)
    assert re.search("[가-힣]", korean) and not re.search("[가-힣]", english)
    told = re.sub(r"\S*[=_/(→·]\S*", "·", korean)  # formulas and calls stay
    assert not re.search("[A-Za-z]{2,} +[A-Za-z]{2,}", told), korean
    assert Counter(re.findall(r"\d+", english)) <= Counter(re.findall(r"\d+", korean))


def width(text: str) -> int:
    """The columns that a text takes in a terminal, where Korean letters take two."""
    return sum(1 + ("가" <= letter <= "힣") for letter in text)


def test_the_message_of_an_error_stays_english_and_its_record_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "ko")
    with detect_anomaly(), scope("unit"), pytest.raises(AnomalyError, match="^the first value that is -inf: log.*, in") as error:
        2 * log(Value(0.0, "p"))
    found = error.value.anomaly
    assert str(error.value) == str(found._replace(lang="en")) and found.reason == "log of 0 is -inf"
    first, why, place, caret, remedy = str(found).split("\n")
    assert first.startswith("값이 처음으로 -inf인 곳: log(p = 0.0), 묶음 unit") and why == "  이유: 0의 로그는 -inf입니다"
    assert "test_locale.py" in place and width(place.partition("log(")[0]) == caret.index("^") and "해결: 0보다 크게" in remedy
    with pytest.warns(NoDerivativeWarning, match="step에서 기울기가 멈춥니다"):
        step(Value(1.0)).backward()
    with pytest.raises(ValueError, match="lang='fr'"):
        explain(X, X, lang="fr")


def test_a_history_speaks_its_readers_language_and_keeps_its_names() -> None:
    model, iris = nn.Sequential(nn.Linear(4, 3, rng=0)), nn.data.load("iris")
    optimizer = nn.optim.SGD(model.named_parameters(), lr=0.0)
    history = train.fit(model, iris, nn.functional.cross_entropy, optimizer, epochs=9, validation=iris, patience=2, seed=0,
                        metrics="accuracy", progress=False)
    english, history.lang = str(history), "ko"
    assert not re.search("[A-Za-z]{2}", str(history)) and not re.search("[가-힣]", english)
    assert "검증 손실" in history._repr_html_() and len(set(map(width, str(history).split("\n")[:-1]))) == 1
    assert history.stopped.startswith("validation loss has not improved for 2 epochs") and history["validation loss"]
    model[0].weight.data[0, 0] = np.nan
    history = train.fit(model, iris, nn.functional.cross_entropy, optimizer, epochs=2, seed=0, progress=False)
    assert "에포크 1, 배치 1: 값이 처음으로 nan인 곳: 입력 weight" in History(lang="ko").said(history.stopped)
    assert history.stopped.startswith("epoch 1, batch 1: the first value that is nan: input weight")


def test_a_searchs_warning_and_table_speak_the_readers_language(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("optuna")
    monkeypatch.setenv("LANGUAGE", "ko")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        results = search.optimize(lambda params: params["x"], {"x": [1, 2, 3], "rate": search.uniform(0, 1)}, None, sampler="grid",
                                  points=2, workers=0, progress=False)
    assert len(caught) == 2 and all("끝" in str(told.message) for told in caught)
    assert all(told.startswith("the best ") for told in results.at_edge) and results.best["state"] == "done"
    assert set(re.findall("[A-Za-z]{2,}", str(results))) == {"rate"} and "시도 6개" in results._repr_html_()


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
