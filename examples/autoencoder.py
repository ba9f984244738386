"""An auto-encoder 64-32-2-32-64 compresses handwritten digits to two numbers, and is compared with PCA of two components.

PCA is the best linear compression; the network is nonlinear. A second network learns to remove noise, from noisy digits as inputs
and clean ones as targets. Run it: python -m examples.autoencoder (a few seconds; pictures go to out/).
"""

from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import nn
import numpy as np
from autograd.output import use_plain_signs
from nn.train import fit, predict
from viz.plots import activation_maps, save

OUT = Path("out")
NOISE = 0.3  # standard deviation, for pixels from 0 to 1


class Coder(nn.Module):
    """Auto-encoder with layers of ``sizes``, the last one the code, and the same layers in reverse order."""

    def __init__(self, sizes: tuple[int, ...], rng: np.random.Generator):
        self.encoder, self.decoder = (nn.Sequential(*self.layers(order, rng)) for order in (sizes, sizes[::-1]))

    @staticmethod
    def layers(sizes: tuple[int, ...], rng: np.random.Generator) -> list[nn.Module]:
        """Linear layers with a tanh between any two."""
        steps = [nn.Linear(*pair, rng=rng) for pair in pairwise(sizes)]
        return [module for step in steps for module in (step, nn.Tanh())][:-1]

    def forward(self, x: Any) -> Any:
        """The reconstruction of x, of the same shape."""
        return self.decoder(self.encoder(x))


class Found(NamedTuple):
    """Mean squared errors on held-out digits, and data for the pictures: digits, reconstructions, codes and labels."""

    error: float
    pca: float
    denoised: float
    noisy_pca: float
    pictures: list[Any]
    codes: Any
    labels: Any


def train(seed: int = 0, epochs: int = 60, progress: bool = True) -> Found:
    """Train both networks on four fifths of the digits, and measure on the rest."""
    rng = np.random.default_rng(seed)
    images, labels = nn.data.load("digits").arrays()
    (x, _), (held_out, classes) = nn.data.split(images / np.float32(16), labels, (0.8, 0.2), rng)

    def noisy(batch: Any, generator: Any) -> Any:
        return batch + generator.normal(0, NOISE, batch.shape).astype(batch.dtype)

    def trained(sizes: tuple[int, ...], transform: Any) -> Coder:
        model = Coder(sizes, rng)
        optimizer = nn.optim.Adam(model.named_parameters(), lr=5e-3)
        loader = nn.data.DataLoader((x, x), 32, True, rng, transform)  # the inputs are also the targets
        fit(model, loader, nn.mse_loss, optimizer, epochs=epochs, progress=progress, schedule_each="batch",
            schedule=nn.schedule.CosineAnnealingLR(optimizer, epochs * len(loader)))
        return model

    def error(outputs: Any) -> float:
        return float(np.square(outputs - held_out).mean())

    plain, denoising = trained((64, 32, 2), None), trained((64, 48, 16), noisy)
    blurred = noisy(held_out, rng)
    pca, wider = nn.data.PCA(x, 2), nn.data.PCA(x, 16)
    outputs, cleaned, lines = predict(plain, held_out), predict(denoising, blurred), pca.inverse(pca(held_out))
    pictures = [held_out, lines, outputs, blurred, cleaned]
    return Found(error(outputs), error(lines), error(cleaned), error(wider.inverse(wider(blurred))), pictures,
                 predict(plain.encoder, held_out), classes)


def draw(found: Found, folder: Path) -> None:
    """Draw the reconstructions, and each digit's two numbers as a point."""
    from matplotlib.figure import Figure

    folder.mkdir(exist_ok=True)
    rows = np.concatenate([part[:12] for part in found.pictures]).reshape(-1, 8, 8).clip(0, 1)
    save(activation_maps(rows, columns=12), folder / "autoencoder.svg")
    axes = Figure(figsize=(5, 4.6), layout="constrained").subplots()
    for digit in range(10):  # each point is its digit, so no colours are needed
        for a, b in found.codes[found.labels == digit]:
            axes.text(a, b, str(digit), color=f"C{digit}", fontsize=8, ha="center", va="center")
    low, high = found.codes.min(0), found.codes.max(0)
    axes.set(xlabel="first number of the code", ylabel="second", title="Digits that it never saw, as two numbers",
             xlim=(low[0] - 1, high[0] + 1), ylim=(low[1] - 1, high[1] + 1))
    axes.spines[["top", "right"]].set_visible(False)
    save(axes, folder / "autoencoder-code.svg")


def main() -> None:
    """Train, report, draw."""
    use_plain_signs()  # the pictures' path may contain any character
    found = train()
    print(f"2 numbers for 64 pixels, mean squared error on digits held out: auto-encoder {found.error:.4f}, PCA {found.pca:.4f}")
    print(f"noise of {NOISE} on each pixel taken away: denoising auto-encoder {found.denoised:.4f}, PCA of 16 "
          f"{found.noisy_pca:.4f}, nothing done {NOISE**2:.4f}")
    draw(found, OUT)
    print("Written to", OUT.resolve(), "(open in any browser):")
    print("  autoencoder.svg        rows: digits; by PCA; by the auto-encoder; with noise; what the denoising one makes of it")
    print("  autoencoder-code.svg   the two numbers that stand for each digit")


if __name__ == "__main__":
    main()
