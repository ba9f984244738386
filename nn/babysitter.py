"""The babysitter: watches a training run and reports each problem in words, with evidence and a remedy.

It looks for the problems of the course, with the course's numbers as thresholds. In ``nn.train.fit`` it is a
callback; in a loop of your own, ``with sitter.watch(model, x, y, prediction, loss): optimizer.step()`` does the same.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import isfinite, log
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autograd import gradient
from autograd.anomaly import find_anomaly
from autograd.graph import topological
from autograd.languages import reader_language, spoken
from autograd.notebook import table
from autograd.output import show

from . import optim
from .callbacks import Callback, LossFunction, Run
from .data import DataLoader
from .evaluation import model_arrays
from .layers import BatchNorm, Dropout
from .module import Module
from .train import fit

if TYPE_CHECKING:
    from autograd import Tensor, Value
    from autograd.typing import Array

    from .typing import Data, Prediction, State

__all__ = ["Babysitter", "Checkup", "Diagnosis", "check_initial_loss", "check_overfit"]

# remedies that do not depend on the numbers
REMEDIES = {
    "learning rate too low": "multiply the learning rate by 10 until the loss falls",
    "learning rate too high": "divide the learning rate by 10, or warm it up; clip_norm=1 holds single bad batches in check",
    "dead relus": "lower the learning rate, start from He's initialisation with biases of 0, or use a leaky relu",
    "saturated units": "start from smaller weights (Xavier), scale the inputs, put batch norm before it, or use a relu",
    "vanishing gradients": "use relus, He's or Xavier's initialisation, batch norm; in a recurrent network an LSTM",
    "bad initialisation": "start from Xavier's weights (tanh, sigmoid) or He's (relu), or put batch norm between the layers",
    "exploding gradients": "start from smaller weights (He, Xavier), clip gradients (clip_norm=1), or use batch norm",
    "labels constant": "check how labels are read; shuffle sorted data before splitting them",
    "labels shuffled": "check that inputs and labels are shuffled in the same order, and belong to the same rows",
    "overfitting": "stop at the best epoch (patience=), give more data or augmentation, or regularise: weight decay, dropout, a "
                   "smaller network",
    "forgotten zero_grad": "call optimizer.zero_grad() before every backward pass; if gradients are accumulated on purpose, watch "
                           "only "
                           "the last batch",
    "evaluation mode in training": "call model.train() before training on, after each model.eval()",
    "train mode in evaluation": "call model.eval() before measuring, and model.train() before training on",
    "regularisation without effect": "check its strength and its sign",
    "cannot overfit": "look for an untrained layer, dead units, or a loss that does not fit the labels; check gradients with "
                      "autograd.check_gradients; then try a larger network",
}


class Diagnosis(NamedTuple):
    """One problem of a run: its name, the numbers that show it, and a remedy."""

    problem: str
    evidence: str
    remedy: str

    @classmethod
    def of(cls, problem: str, evidence: str, remedy: str = "") -> Diagnosis:
        """Make a diagnosis with the problem's usual remedy, unless another is given."""
        return cls(problem, evidence, remedy or REMEDIES[problem])

    def __str__(self) -> str:
        return f"✗ {self.problem}: {self.evidence}\n    remedy: {self.remedy}"


class Checkup:
    """Result of a check: ``findings``, a ``Diagnosis`` for each problem, and ``signs``, the measurements by name.

    A healthy run has no findings. Signs in ``bad`` are marked in the printed table. It is shown in English or Korean: ``lang``, by
    default the system's language; names and numbers in it stay as they are.
    """

    def __init__(self, findings: Sequence[Diagnosis], signs: Mapping[str, str], bad: Sequence[str] = (), lang: str | None = None):
        self.findings, self.signs, self.bad = list(findings), dict(signs), set(bad)
        self.lang = reader_language(lang)

    @property
    def healthy(self) -> bool:
        """True where no problem was found."""
        return not self.findings

    @property
    def problems(self) -> list[str]:
        """The names of the problems that were found."""
        return [finding.problem for finding in self.findings]

    def __repr__(self) -> str:
        head = "healthy: no problems found" if self.healthy else \
            f"{len(self.findings)} finding{'s' if len(self.findings) > 1 else ''}"
        told = {name: self.said(name) for name in self.signs}
        width = max(map(len, told.values()), default=0)
        signs = [f"  {'✗' if name in self.bad else '✓'} {told[name].ljust(width)}  {self.said(text)}"
                 for name, text in self.signs.items()]
        remedy = self.said("remedy")
        found = [str(Diagnosis(*map(self.said, finding))).replace("remedy:", f"{remedy}:", 1) for finding in self.findings]
        return "\n".join([f"{self.said('Babysitter')}: {self.said(head)}", *found, *signs])

    def said(self, text: str) -> str:
        """Return a text of the report in its language, by the entry of nn.po whose holes the numbers fill."""
        return spoken(text, self.lang, Path(__file__).parent)

    def _repr_html_(self) -> str:
        rows = [["✗" if name in self.bad else "✓", self.said(name), self.said(text)] for name, text in self.signs.items()]
        title = self.said("Babysitter") + (f": {self.said('healthy')}" if self.healthy else "")
        signs = table(["", self.said("sign"), self.said("measured")], rows, title)
        heads = [self.said(head) for head in ("problem", "evidence", "remedy")]
        return table(heads, [list(map(self.said, finding)) for finding in self.findings]) + signs if self.findings else signs


# Thresholds: the course's numbers, and the distance from them that is still healthy.
RATIO = 1e-3  # an update's length over the weights' length; a factor of 100 either way still counts as healthy
DEAD = 0.25  # share of a layer's relus that never fire
SATURATED = 0.5  # share of a layer's sigmoids or tanhs whose slope is under a twentieth of its largest
FLOW = 1e-4, 1e3  # gradient at the first activation over that at the last
FLAT = 30  # batches for which a loss must be flat to be called so
MEMORY = 400  # examples kept to compare labels with inputs
_KEPT = ("losses", "rows", "ratios", "first_epoch", "flows", "examples", "chance", "_ended")  # saved unchanged in a checkpoint


class Babysitter(Callback):
    """Watches a run: the loss of every batch; gradients, updates and activations of one batch in ``every``.

    ``expected`` is the loss of a random guess, needed where it does not follow from the loss function and the number of classes.
    ``report()`` judges the run so far; with ``verbose`` it is printed at the end of ``fit``.

    >>> import nn
    >>> model = nn.Sequential(nn.Linear(4, 16, rng=0), nn.Tanh(), nn.Linear(16, 3, rng=1))
    >>> sitter = Babysitter()
    >>> optimizer = nn.optim.SGD(model.named_parameters(), lr=1e-6)
    >>> _ = nn.train.fit(model, nn.data.load("iris"), nn.functional.cross_entropy, optimizer, epochs=10, seed=0,
    ...                  callbacks=[sitter], progress=False)
    >>> sitter.report().problems
    ['learning rate too low', 'update-to-weight ratio off']
    """

    def __init__(self, every: int = 10, expected: float | None = None, verbose: bool = False):
        if every < 1:
            raise ValueError(f"Babysitter: every={every!r}; it must be a number of batches, 1 or more")
        self.every, self.expected, self.verbose = every, expected, verbose
        self.losses: list[float] = []
        self.rows: list[dict[str, float]] = []  # the numbers of each epoch
        self.ratios: list[float] = []  # update over weight, the median over all weights, at each inspection
        self.first_epoch = 0  # number of ratios from the first epoch
        self.flows: list[float] = []  # gradient at the first activation over that at the last
        self.layers: dict[str, _Activations] = {}
        self.examples: list[tuple[Any, Any]] = []
        self.chance: float | None = expected
        self.faults: dict[str, Diagnosis] = {}  # problems that a single batch shows
        self._before: list[tuple[Any, Any]] = []
        self._ended = 0  # number of batches in finished epochs

    def __repr__(self) -> str:
        return f"<Babysitter after {len(self.losses):,} batches>"

    # ── as a callback of fit ──

    def on_backward(self, run: Run) -> None:
        """Inspect a batch and its gradients, before the update; on a cluster there is no graph to inspect."""
        if run.loss is not None:
            self._inspect(run.model, run.x, run.y, run.prediction, run.loss, getattr(run.loss_function, "__name__", ""))

    def on_step(self, run: Run) -> None:
        """Measure the update."""
        self._updated()

    def on_epoch(self, run: Run) -> None:
        """Record the epoch's numbers."""
        self._epoch(run.history.rows[-1])

    def on_end(self, run: Run) -> None:
        """Find the operation that ended the run with a gradient of nan or inf; print the report if ``verbose``."""
        if run.loss is not None and any(x.grad is not None and not np.isfinite(x.grad).all() for x in run.model.parameters()):
            self._anomaly(run.loss)
        if self.verbose:
            show(self.report())

    def state_dict(self) -> State:
        """Return everything seen so far."""
        return {**{name: getattr(self, name) for name in _KEPT}, "faults": [tuple(fault) for fault in self.faults.values()],
                "layers": [(path, layer.kind, layer.fired, layer.seen, layer.shares, layer.last)
                           for path, layer in self.layers.items()]}

    def load_state_dict(self, state: State) -> None:
        """Restore the state that ``state_dict`` returned."""
        for name in _KEPT:
            setattr(self, name, state[name])
        self.faults = {fault[0]: Diagnosis(*fault) for fault in state["faults"]}
        for path, kind, *seen in state["layers"]:
            layer = self.layers[path] = _Activations(kind)
            layer.fired, layer.seen, layer.shares, layer.last = seen

    # ── in a loop of your own ──

    @contextmanager
    def watch(self, model: Module, x: Array, y: Array, prediction: Prediction, loss: Value | Tensor) -> Iterator[None]:
        """Watch one update, after the backward pass: ``with sitter.watch(model, x, y, prediction, loss): optimizer.step()``."""
        self._inspect(model, x, y, prediction, loss, "")
        yield
        self._updated()

    def epoch(self, model: Module, **figures: float) -> None:
        """Record an epoch, in the mode in which it was measured: ``loss= accuracy= validation_loss= validation_accuracy=``."""
        wrong = [module for module in _with_modes(model) if module.training]
        if wrong and any(name.startswith("validation") for name in figures):
            self._fault("train mode in evaluation", f"{_names(wrong)} worked in training mode while validation was measured")
        own = {"loss": float(np.mean(self.losses[self._ended:]))} if self.losses[self._ended:] else {}
        self._epoch({**own, **{name.replace("_", " "): value for name, value in figures.items()}})

    # ── inspection ──

    def _inspect(self, model: Module, x: Any, y: Any, prediction: Any, loss: Any, name: str) -> None:
        step, value = len(self.losses), loss.item()
        if not isfinite(value):
            self._anomaly(loss)
            return
        self.losses.append(value)
        if wrong := [module for module in _with_modes(model) if not module.training]:
            self._fault("evaluation mode in training", f"{_names(wrong)} worked in evaluation mode at step {step + 1}, so it "
                        "neither drops nor measures anything")
        if sum(len(labels) for _, labels in self.examples) < MEMORY:
            self.examples.append((np.array(x), np.array(y)))
        if step == 0 and self.chance is None:
            self.chance = _chance(name, loss, prediction, y)
        if step % self.every and step > 2:
            return
        parameters = [(path, x) for path, x in model.named_parameters() if x.grad is not None]
        if step:
            self._left_over([x for _, x in parameters], loss, step)
        self._before = [(x, x.array) for _, x in parameters if getattr(x, "ndim", 0) > 1]
        self._activations(loss, prediction, len(y))

    def _updated(self) -> None:
        ratios = [float(np.linalg.norm(x.array - before) / (np.linalg.norm(before) or 1.0)) for x, before in self._before]
        if ratios:
            self.ratios.append(float(np.median(ratios)))
            self.first_epoch += not self.rows
        self._before = []

    def _epoch(self, row: dict[str, float]) -> None:
        self.rows.append({**row})
        self._ended = len(self.losses)
        for layer in self.layers.values():
            layer.turn()

    def _left_over(self, parameters: list[Any], loss: Any, step: int) -> None:
        """Find gradients that hold more than this batch's gradient."""
        own = [np.asarray(g, float) for g in gradient(loss, parameters)]
        length = float(np.sqrt(sum(float(np.square(g).sum()) for g in own)))
        excess = float(np.sqrt(sum(float(np.square(x.grad - g).sum()) for x, g in zip(parameters, own))))
        if excess > 0.01 * length > 0:
            self._fault("forgotten zero_grad", f"at step {step + 1} the gradients hold {excess / length:.2g} times as much again "
                        "as this batch's own: gradients of earlier steps are still in them")

    def _activations(self, loss: Any, prediction: Any, count: int) -> None:
        slopes: list[float] = []
        for node in topological(loss):
            kind = node.op.name if node.op is not None else ""
            if kind not in ("relu", "tanh", "sigmoid") or getattr(node, "ndim", 0) < 2 or node is prediction:
                continue
            path = node.scope.path if node.scope else kind
            self.layers.setdefault(path, _Activations(kind)).see(node.array, count)
            if node.grad is not None:
                slopes.append(float(np.sqrt(np.square(node.grad, dtype=np.float64).mean())))
        if len(slopes) > 1 and slopes[-1] > 0:
            self.flows.append(slopes[0] / slopes[-1])

    def _anomaly(self, loss: Any) -> None:
        found = find_anomaly(loss)
        if found is not None:
            where = f", in {found.scope}" if found.scope else ""
            self._fault("nan or inf", f"at step {len(self.losses) + 1} {found.operation}{where} was the first to give "
                        f"{found.result}: {found.reason} ({', '.join(found.inputs)})", found.remedy)

    def _fault(self, problem: str, evidence: str, remedy: str = "") -> None:
        self.faults.setdefault(problem, Diagnosis.of(problem, evidence, remedy))

    # ── judgement ──

    def report(self, lang: str | None = None) -> Checkup:
        """Judge the run so far: its problems, and its vital signs; shown in ``lang``, by default the system's language."""
        parts = [self._initial_loss(), self._start(), self._rate(), self._ratio(), self._dead_or_saturated(), self._flow(),
                 self._labels(), self._overfitting()]
        findings = [*self.faults.values(), *(finding for found, _ in parts for finding in found)]
        problems = {finding.problem for finding in findings}
        bad = [name for found, signs in parts for name in signs if name in problems or found and name not in REMEDIES]
        return Checkup(findings, {name: text for _, signs in parts for name, text in signs.items()}, bad, lang)

    def _initial_loss(self) -> _Judged:
        if not self.losses or self.chance is None:
            return [], {}
        return _initial(self.losses[0], self.chance)

    def _start(self) -> _Judged:
        """Judge the start: a loss that is flat for much of the run, and falls then, began at bad weights."""
        count = len(self.losses)
        if count < 4 * FLAT:
            return [], {}
        smooth = np.convolve(self.losses, np.full(9, 1 / 9), "valid")
        flat = int(np.argmax(smooth < 0.95 * smooth[0])) if (smooth < 0.95 * smooth[0]).any() else 0
        if flat >= max(FLAT, 0.4 * count) and smooth[-1] < 0.5 * smooth[0]:
            told = f"the loss stayed at {smooth[0]:.3g} for {flat} of {count} batches, and only then fell, to {smooth[-1]:.3g}"
            return [Diagnosis.of("bad initialisation", f"{told}: at first the gradients hardly reached the weights")], {}
        return [], {}

    def _rate(self) -> _Judged:
        """Judge the learning rate, too low or too high, by the loss over time."""
        if not self.losses:
            return [], {}
        first, peak = self.losses[0], max(self.losses)
        tenth = max(len(self.losses) // 10, 1)
        now = float(np.mean(self.losses[-tenth:]))
        signs = {"loss": f"{first:.3g} at first, {now:.3g} now, after {len(self.losses)} batches"}
        ratio = float(np.median(self.ratios)) if self.ratios else RATIO
        findings = []
        if "nan or inf" in self.faults and (peak > 1.5 * first or ratio > RATIO * 10):
            findings.append(Diagnosis.of("learning rate too high", f"the loss went from {first:.3g} up to {peak:.3g}, and then "
                                         "nan or inf came up"))
        elif peak > 3 * max(first, self.chance or 0) or now > 1.2 * first and ratio > RATIO:
            findings.append(Diagnosis.of("learning rate too high", f"the loss shot up from {first:.3g} to {peak:.3g}, and is "
                                         f"{now:.3g} now"))
        elif len(self.losses) >= 30 and now > 0.9 * first and ratio < RATIO / 5:
            findings.append(Diagnosis.of("learning rate too low", f"after {len(self.losses)} batches the loss has only come from "
                                         f"{first:.4g} to {now:.4g}, and an update changes the weights by {ratio:.1g} of them"))
        return findings, signs

    def _ratio(self) -> _Judged:
        if not self.ratios:
            return [], {}
        ratio, first, epoch = (float(np.median(part)) for part in
                               (self.ratios, self.ratios[:5], self.ratios[:self.first_epoch or None]))
        signs = {"update-to-weight": f"{ratio:.1e} (about {RATIO:g} is good)"}
        if (high := max(ratio, first)) > RATIO * 100:
            return [_off_ratio(high, f"divide the learning rate by about {high / RATIO:.0g}")], signs
        if epoch < RATIO / 100:  # judged in the first epoch: later the network may have learned everything
            return [_off_ratio(epoch, f"multiply the learning rate by about {RATIO / max(epoch, 1e-12):.0g}")], signs
        return [], signs

    def _dead_or_saturated(self) -> _Judged:
        findings, signs = [], {}
        dead, saturated = (0.0, ""), (0.0, "")  # the worst layer of each kind
        for path, layer in self.layers.items():
            if layer.kind == "relu":
                silent, units, seen = layer.dead()
                if seen < 50:
                    continue
                dead = max(dead, (silent / units, path))
                at = f" at most, in {dead[1]}" if dead[0] else ""
                signs["dead relus"] = f"{dead[0]:.0%} of a layer{at}"
                if silent > DEAD * units:
                    findings.append(Diagnosis.of(
                        "dead relus", f"{silent} of {units} units of {path} gave 0 for all of {seen} examples: no gradient reaches "
                        "their weights, and they stay dead"))
            else:
                share = layer.saturated()
                saturated = max(saturated, (share, path))
                at = f" at most, in {saturated[1]}" if saturated[0] else ""
                signs["saturated units"] = f"{saturated[0]:.0%} of a layer{at}"
                if share > SATURATED:
                    findings.append(Diagnosis.of(
                        "saturated units", f"{share:.0%} of the outputs of {path} ({layer.kind}) lie where its slope is under a "
                        "twentieth of its largest: they pass no gradient"))
        return findings, signs

    def _flow(self) -> _Judged:
        if not self.flows:
            return [], {}
        flow = float(np.median(self.flows))
        signs = {"gradient flow": f"{flow:.1e} at the first activation, where the last has 1"}
        told = f"the gradient at the first activation is {flow:.1g} times that at the last"
        if flow < FLOW[0]:
            return [Diagnosis.of("vanishing gradients", told + ": the layers before it hardly learn")], signs
        return [Diagnosis.of("exploding gradients", told)] if flow > FLOW[1] else [], signs

    def _labels(self) -> _Judged:
        """Find labels that are constant, or that nearest neighbours share no more often than by chance."""
        if not self.examples:
            return [], {}
        y = np.concatenate([labels for _, labels in self.examples])
        if y.ndim == 2 and (y.shape[1] == 1 or ((y == 0) | (y == 1)).all() and (y.sum(1) == 1).all()):
            y = y[:, 0] if y.shape[1] == 1 else y.argmax(1)  # one-hot
        if y.ndim != 1 or len(y) < 50:
            return [], {}
        if (y == y[0]).all():
            return [Diagnosis.of("labels constant", f"all {len(y)} labels looked at are {y[0]}")], {}
        if self.chance is None or (y % 1).any():
            return [], {}
        x = np.concatenate([inputs.reshape(len(inputs), -1) for inputs, _ in self.examples]).astype(np.float64)
        square = np.square(x).sum(1)
        distance = square[:, None] + square - 2 * x @ x.T
        np.fill_diagonal(distance, np.inf)
        agreement = float((y[distance.argmin(1)] == y).mean())
        _, counts = np.unique(y, return_counts=True)
        chance = float(np.square(counts / len(y)).sum())
        noise = 3 * (chance * (1 - chance) / len(y)) ** 0.5
        signs = {"labels": f"{agreement:.0%} of nearest neighbours share one, {chance:.0%} would by chance"}
        held_out = [row["validation loss"] for row in self.rows if "validation loss" in row]
        if abs(agreement - chance) < noise and not (held_out and min(held_out) < 0.9 * self.chance):
            evidence = (f"of {len(y)} examples {agreement:.0%} share their label with their nearest neighbour; "
                        f"{chance:.0%} would by chance")
            if held_out:
                evidence += f", and the validation loss never fell under {min(held_out):.3g} (guessing: {self.chance:.3g})"
            return [Diagnosis.of("labels shuffled", evidence)], signs
        return [], signs

    def _overfitting(self) -> _Judged:
        rows = [row for row in self.rows if "validation loss" in row]
        if not rows:
            return [], {}
        best, last = min(rows, key=lambda row: row["validation loss"]), rows[-1]
        trained = last.get("loss", 0.0)
        lately = float(np.mean([row["validation loss"] for row in rows[-3:]]))  # mean of three: a single epoch may be an outlier
        signs = {"validation": f"loss {last['validation loss']:.3g}, best {best['validation loss']:.3g}; training {trained:.3g}"}
        if len(rows) > 2 and lately > 1.5 * best["validation loss"] and lately > 1.5 * trained and trained < best.get("loss", 0.0):
            return [Diagnosis.of("overfitting", f"the validation loss rose from {best['validation loss']:.3g} to {lately:.3g} "
                                 f"while the training loss fell to {trained:.3g}")], signs
        first = self.losses[0] if self.losses else 0.0
        if len(rows) > 2 and lately > 0.5 * first and trained < 0.05 * first:
            return [Diagnosis.of("overfitting", f"the training loss fell from {first:.3g} to {trained:.3g}, the validation "
                                 f"loss to no less than {best['validation loss']:.3g}: it overfits")], signs
        gap = last.get("accuracy", 0.0) - last.get("validation accuracy", last.get("accuracy", 0.0))
        if len(rows) > 2 and gap > 0.1:
            return [Diagnosis.of("overfitting", f"the accuracy is {gap:.0%} higher on the training data")], signs
        return [], signs


_Judged = tuple[list[Diagnosis], dict[str, str]]


class _Activations:
    """Activations of one layer in this epoch, and in the last epoch with enough examples."""

    def __init__(self, kind: str):
        self.kind = kind
        self.fired: Any = False  # for each unit: True if it was above 0 for any example
        self.seen = 0
        self.shares: list[float] = []
        self.last: tuple[Any, int, list[float]] | None = None

    def see(self, out: Array, count: int) -> None:
        if self.kind == "relu":
            self.fired = self.fired | (out > 0).any(axis=(0, *range(2, out.ndim)))
        else:
            low, high = (-0.975, 0.975) if self.kind == "tanh" else (0.0127, 0.9873)
            self.shares.append(float(((out < low) | (out > high)).mean()))
        self.seen += count

    def turn(self) -> None:
        """End an epoch; its activations are judged until the next one has enough examples."""
        if self.seen >= 50 or self.last is None:
            self.last = self.fired, self.seen, self.shares
            self.fired, self.seen, self.shares = False, 0, []

    def _latest(self) -> tuple[Any, int, list[float]]:
        return self.last or (self.fired, self.seen, self.shares)

    def dead(self) -> tuple[int, int, int]:
        fired, seen, _ = self._latest()
        return int(np.size(fired) - np.count_nonzero(fired)), int(np.size(fired)), seen

    def saturated(self) -> float:
        return float(np.mean(self._latest()[2] or [0.0]))


def _off_ratio(ratio: float, remedy: str) -> Diagnosis:
    return Diagnosis("update-to-weight ratio off", f"an update changes the weights by {ratio:.1g} of their length (median); "
                     f"about {RATIO:g} is good", remedy)


def _with_modes(model: Module) -> list[Module]:
    """Modules that behave differently in training and in evaluation."""
    return [module for module in model.modules() if isinstance(module, (Dropout, BatchNorm))]


def _names(modules: Sequence[Module]) -> str:
    return ", ".join(dict.fromkeys(module.name or type(module).__name__ for module in modules))


# ── the first loss ─────────────────────────────────────────────────────────────────────────────────────────────

def _chance(name: str, loss: Any, prediction: Any, y: Any) -> float | None:
    """The loss of a random guess, for known loss functions; else None."""
    scores = getattr(prediction, "shape", None) or np.shape(prediction)
    classes = scores[1] if len(scores) > 1 else 2
    if name in ("", "<lambda>") and any(str(node.op) == "cross_entropy" for node in topological(loss)):
        name = "cross_entropy"
    return {"cross_entropy": log(classes), "nll_loss": log(classes), "hinge_loss": classes - 1.0, "binary_cross_entropy": log(2),
            "binary_cross_entropy_with_logits": log(2)}.get(name)


def _initial(loss: float, chance: float) -> _Judged:
    signs = {"initial loss": f"{loss:.3g}, where guessing gives {chance:.3g}"}
    if 0.7 * chance <= loss <= 1.5 * chance:
        return [], signs
    remedy = "scale the inputs, or start from smaller weights, in the last layer above all" if loss > chance else \
        "if the weights are not trained ones, look for the labels among the inputs, or for a class that is nearly all examples"
    return [Diagnosis("wrong initial loss", f"the first loss is {loss:.3g}, where guessing gives {chance:.3g}", remedy)], signs


def check_initial_loss(model: Module, data: Data | DataLoader, loss: LossFunction, expected: float | None = None,
                       penalty: Callable[[Module], float | Value | Tensor] | None = None) -> Checkup:
    """Check that an untrained model has the loss of a random guess, log C for C classes, and that ``penalty(model)`` raises it.

    The model is not changed. Raises ValueError where neither the loss function nor ``expected`` gives the loss of a guess.

    >>> import nn
    >>> model = nn.Sequential(nn.Linear(4, 3, rng=0))
    >>> check_initial_loss(model, nn.data.load("iris"), nn.functional.cross_entropy).problems
    ['wrong initial loss']
    """
    x, y = model_arrays(data, model)
    trial = copy.deepcopy(model)
    prediction = trial(x[:1000])
    found = loss(prediction, y[:1000])
    chance = expected if expected is not None else _chance(getattr(loss, "__name__", ""), found, prediction, y)
    if chance is None:
        raise ValueError("check_initial_loss: the expected loss of a guess is not known for this loss function; give it as "
                         "expected=")
    findings, signs = _initial(found.item(), chance)
    if penalty is not None:
        added = penalty(trial)
        extra = added if isinstance(added, (float, int)) else added.item()
        signs["regularisation"] = f"adds {extra:.3g}"
        if not extra > 0:
            findings.append(Diagnosis.of("regularisation without effect", f"it adds {extra:.3g} to the loss"))
    return Checkup(findings, signs, list(signs) if findings else [])


def check_overfit(model: Module, data: Data | DataLoader, loss: LossFunction, examples: int = 20, epochs: int = 300,
                  lr: float = 0.01, target: float = 0.01) -> Checkup:
    """Check that a copy of the model can overfit ``examples`` examples; where it cannot, something is broken.

    It trains on the first examples with Adam at rate ``lr`` for ``epochs`` epochs, or until the loss is below ``target``. The model
    is not changed.

    >>> import nn
    >>> model = nn.Sequential(nn.Linear(4, 16, rng=0), nn.Tanh(), nn.Linear(16, 3, rng=1))
    >>> check_overfit(model, nn.data.load("iris"), nn.functional.cross_entropy).healthy
    True
    """
    x, y = model_arrays(data, model)
    trial = copy.deepcopy(model)
    optimizer = optim.Adam(trial.named_parameters(), lr=lr)
    history = fit(trial, DataLoader((x[:examples], y[:examples]), examples), loss, optimizer, epochs=epochs,
                  progress=False, stop=lambda run: run.history.batches[-1] < target)
    reached = history.batches[-1] if history.batches else float("nan")
    signs = {f"overfit {len(x[:examples])} examples": f"loss {reached:.2g} after {len(history)} steps"}
    if reached < target:
        return Checkup([], signs)
    return Checkup([Diagnosis.of("cannot overfit", f"after {len(history)} steps on {len(x[:examples])} examples the loss is "
                                 f"{reached:.3g}, not about 0; {history.stopped}")], signs, list(signs))


def __dir__() -> list[str]:
    return __all__
