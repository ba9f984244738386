"""The job of ``make run``: train two networks on real data, evaluate them, and draw one of them.

A multi-layer perceptron of single numbers learns to distinguish three species of iris by four lengths, and a convolutional network
of arrays learns to read handwritten digits, from three seeds. Every run gives the same numbers, because all random numbers come
from seeds. Pictures are written to out/.
"""

import random
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

import numpy as np
from tqdm import tqdm

import nn
import viz
from autograd import Value, no_grad
from autograd.output import use_plain_signs
from nn.babysitter import Babysitter
from nn.train import History, evaluate, fit
from viz.plots import curves

from .sigmoid_neuron import sigmoid_neuron

SEED = 0
SEEDS = (0, 1, 2)
OUT = Path("out")


def accuracy(model: nn.Module, inputs: Sequence[Sequence[float]], labels: Sequence[int]) -> float:
    """The share of examples whose class has the highest score."""
    with no_grad():
        right = sum(max(enumerate(model(x)), key=lambda scored: scored[1].data)[0] == y for x, y in zip(inputs, labels))
    return right / len(labels)


def train_iris(seed: int = SEED, epochs: int = 60) -> tuple[nn.MLP, list[float]]:
    """Train on seven tenths of iris, report both accuracies; return the network and its loss by epoch."""
    rng = random.Random(seed)
    iris = nn.data.load("iris")
    x_train, x_test, y_train, y_test = nn.data.train_test_split(iris.inputs, iris.labels, test_size=0.3, rng=rng)
    scaler = nn.data.StandardScaler(x_train)
    x_train, x_test = scaler(x_train), scaler(x_test)
    model = nn.MLP(4, [8, 3], "tanh", rng=rng)
    optimizer = nn.optim.SGD(model.named_parameters(), lr=0.1, momentum=0.9)
    losses = []
    for _ in (progress := tqdm(range(epochs), desc="training on iris", unit="epoch")):
        total = 0.0
        for x, y in nn.data.batches(16, x_train, y_train, rng=rng):
            loss = nn.cross_entropy([model(example) for example in x], y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.data * len(x)
        losses.append(total / len(x_train))
        progress.set_postfix(loss=f"{losses[-1]:.3f}", refresh=False)
    for x, y, where in ((x_train, y_train, "trained on"), (x_test, y_test, "held out")):
        print(f"accuracy {accuracy(model, x, y):6.1%} on the {len(y)} flowers {where}")
    return model, losses


def time_compiled(seed: int = SEED, epochs: int = 10) -> tuple[float, float, float]:
    """Train on iris by ordinary and by compiled steps; return the seconds of both, and the largest difference of their losses."""
    iris, runs = nn.data.load("iris"), []
    for compile in (False, True):
        model, start = nn.MLP(4, [8, 3], "tanh", rng=seed), perf_counter()
        optimizer = nn.optim.SGD(model.named_parameters(), lr=0.01, momentum=0.9)
        history = fit(model, iris, nn.cross_entropy, optimizer, epochs=epochs, seed=seed, progress=False, compile=compile)
        runs.append((perf_counter() - start, history.batches))
    return runs[0][0], runs[1][0], max(abs(a - b) for a, b in zip(runs[0][1], runs[1][1]))


def digits_network(rng: np.random.Generator) -> nn.Module:
    """Two blocks of convolution, batch norm, relu and max pooling, then one linear layer: images (N, 1, 8, 8) to scores."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1, rng=rng), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1, rng=rng), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(32 * 2 * 2, 10, rng=rng))


def train_digits(seed: int = SEED, epochs: int = 25) -> tuple[float, History, Babysitter]:
    """Train on four fifths of the digits, augmented; return the accuracy on the others, the history and the babysitter."""
    rng = np.random.default_rng(seed)
    images, labels = nn.data.load("digits").arrays(1, 8, 8)
    train, held_out = nn.data.split(images / 16, labels, (0.8, 0.2), rng)
    loader = nn.data.DataLoader(train, batch_size=32, shuffle=True, generator=rng,
                                transform=nn.data.Augment(shift=0.5, rotate=10))
    model = digits_network(rng)
    optimizer = nn.optim.Adam(model.named_parameters(), lr=3e-3)
    sitter = Babysitter()
    history = fit(model, loader, nn.functional.cross_entropy, optimizer, epochs=epochs, metrics="accuracy", callbacks=[sitter],
                  schedule=nn.schedule.CosineAnnealingLR(optimizer, epochs * len(loader)), schedule_each="batch",
                  validation=held_out, restore_best=False)  # observed only: no choice depends on it
    return evaluate(model, held_out, nn.functional.cross_entropy, "accuracy")["accuracy"], history, sitter


def trained_neuron(model: nn.MLP) -> Value:
    """One hidden neuron of the network on an average flower with long petals, with its gradients."""
    model.zero_grad()
    features = ("sepal length", "sepal width", "petal length", "petal width")
    y = model.layers[0].neurons[0]([Value(number, name) for number, name in zip((0.0, 0.0, 1.0, 1.0), features)])
    y.backward()
    return y


def plot_losses(losses: Sequence[float], path: Path) -> None:
    """Draw the loss curve."""
    from matplotlib.figure import Figure

    axes = Figure(figsize=(6, 3.5), layout="constrained").subplots()
    axes.plot(range(1, len(losses) + 1), losses, color=viz.plots.SERIES[0])
    axes.set(xlabel="epoch", ylabel="cross-entropy", title="Training an MLP 4-8-3 on iris", ylim=(0, None))
    axes.spines[["top", "right"]].set_visible(False)
    viz.plots.save(axes, path)


def plot_history(history: History, path: Path) -> None:
    """Draw loss, accuracy and learning rate over the epochs, one panel each."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 3.2), layout="constrained")
    panels = (("loss", "validation loss"), ("accuracy", "validation accuracy"), ("lr",))
    for axes, columns in zip(figure.subplots(1, len(panels)), panels):
        curves(history, columns, ax=axes)
        axes.set(ylabel=columns[0])
    viz.plots.save(figure.axes, path)


def main() -> None:
    """Train, report, draw."""
    use_plain_signs()  # the output's encoding may not have ✓
    model, losses = train_iris()
    ordinary, compiled, difference = time_compiled()
    print(f"10 epochs of iris took {ordinary:.2f} s, compiled {compiled:.2f} s, with the same losses to {difference:.0e}")
    for seed in SEEDS:
        share, history, sitter = train_digits(seed)
        print(f"accuracy {share:6.1%} on the 360 digits held out (seed {seed})")
    print(sitter.report())
    OUT.mkdir(exist_ok=True)
    plot_history(history, OUT / "digits.svg")
    viz.draw(sigmoid_neuron()).save(OUT / "sigmoid-neuron.svg")
    viz.draw(trained_neuron(model)).save(OUT / "trained-neuron.svg")
    plot_losses(losses, OUT / "loss.svg")
    print("Written to", OUT.resolve(), "(open in any browser):")
    print("  sigmoid-neuron.svg   the course's neuron: values above the wires, gradients below, formulas at the gates")
    print("  trained-neuron.svg   a neuron of the trained network, drawn the same way")
    print("  loss.svg             how the loss on iris fell")
    print("  digits.svg           loss, accuracy and learning rate while the network learnt to read digits")


if __name__ == "__main__":
    main()
