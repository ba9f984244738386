"""Networks that everybody knows, written once for PyTorch and for chainrule, with torchvision's names of parameters.

``python -m tests.data.known_networks`` (needs torch) records PyTorch's outputs and gradients in float64. Widths are small. Weights
are not stored: ``fill`` gives both libraries the same.
"""

from __future__ import annotations

from math import prod, sqrt
from pathlib import Path
from typing import Any

import numpy as np

from .from_pytorch import wave

FILE = Path(__file__).with_suffix(".npz")


def resnet18(nn: Any, concatenate: Any, width: int = 4) -> Any:
    class BasicBlock(nn.Module):
        def __init__(self, inside, outside, stride):
            super().__init__()
            self.conv1 = nn.Conv2d(inside, outside, kernel_size=3, stride=stride, padding=1, bias=False)
            self.bn1 = nn.BatchNorm2d(outside)
            self.relu = nn.ReLU(inplace=True)
            self.conv2 = nn.Conv2d(outside, outside, kernel_size=3, stride=1, padding=1, bias=False)
            self.bn2 = nn.BatchNorm2d(outside)
            self.downsample = None
            if stride != 1 or inside != outside:
                self.downsample = nn.Sequential(nn.Conv2d(inside, outside, kernel_size=1, stride=stride, bias=False),
                                                nn.BatchNorm2d(outside))

        def forward(self, x):
            identity = x if self.downsample is None else self.downsample(x)
            out = self.relu(self.bn1(self.conv1(x)))
            return self.relu(self.bn2(self.conv2(out)) + identity)

    class ResNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(3, width, kernel_size=7, stride=2, padding=3, bias=False)
            self.bn1 = nn.BatchNorm2d(width)
            self.relu = nn.ReLU(inplace=True)
            self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
            sizes = [width, width, 2 * width, 4 * width, 8 * width]
            for i in range(1, 5):
                stride = 1 if i == 1 else 2
                blocks = BasicBlock(sizes[i - 1], sizes[i], stride), BasicBlock(sizes[i], sizes[i], 1)
                setattr(self, f"layer{i}", nn.Sequential(*blocks))
            self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
            self.fc = nn.Linear(8 * width, 10)

        def forward(self, x):
            x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
            x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
            return self.fc(self.avgpool(x).flatten(1))

    return ResNet()


def alexnet(nn: Any, concatenate: Any, width: int = 4) -> Any:
    class AlexNet(nn.Module):
        def __init__(self):
            super().__init__()
            a, b, c = width, 3 * width, 6 * width
            self.features = nn.Sequential(
                nn.Conv2d(3, a, kernel_size=11, stride=4, padding=2), nn.ReLU(inplace=True), nn.MaxPool2d(kernel_size=3, stride=2),
                nn.Conv2d(a, b, kernel_size=5, padding=2), nn.ReLU(inplace=True), nn.MaxPool2d(kernel_size=3, stride=2),
                nn.Conv2d(b, c, kernel_size=3, padding=1), nn.ReLU(inplace=True),
                nn.Conv2d(c, 2 * a, kernel_size=3, padding=1), nn.ReLU(inplace=True),
                nn.Conv2d(2 * a, 2 * a, kernel_size=3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(kernel_size=3, stride=2))
            self.avgpool = nn.AdaptiveAvgPool2d((6, 6))
            self.classifier = nn.Sequential(
                nn.Dropout(p=0.0), nn.Linear(2 * a * 6 * 6, 16), nn.ReLU(inplace=True),
                nn.Dropout(p=0.0), nn.Linear(16, 16), nn.ReLU(inplace=True), nn.Linear(16, 10))

        def forward(self, x):
            return self.classifier(self.avgpool(self.features(x)).flatten(1))

    return AlexNet()


def vgg16(nn: Any, concatenate: Any, width: int = 2) -> Any:
    class VGG(nn.Module):
        def __init__(self):
            super().__init__()
            layers, inside = [], 3
            for size in (1, 1, 0, 2, 2, 0, 4, 4, 4, 0, 8, 8, 8, 0, 8, 8, 8, 0):
                if size:
                    layers += [nn.Conv2d(inside, size * width, kernel_size=3, padding=1), nn.ReLU(inplace=True)]
                    inside = size * width
                else:
                    layers.append(nn.MaxPool2d(kernel_size=2, stride=2))
            self.features = nn.Sequential(*layers)
            self.avgpool = nn.AdaptiveAvgPool2d((7, 7))
            self.classifier = nn.Sequential(nn.Linear(inside * 7 * 7, 16), nn.ReLU(True), nn.Dropout(p=0.0), nn.Linear(16, 16),
                                            nn.ReLU(True), nn.Dropout(p=0.0), nn.Linear(16, 10))

        def forward(self, x):
            return self.classifier(self.avgpool(self.features(x)).flatten(1))

    return VGG()


def unet(nn: Any, concatenate: Any, width: int = 3) -> Any:
    def double(inside, outside):
        return nn.Sequential(nn.Conv2d(inside, outside, 3, padding=1, bias=False), nn.BatchNorm2d(outside), nn.ReLU(inplace=True),
                             nn.Conv2d(outside, outside, 3, padding=1, bias=False), nn.GroupNorm(1, outside), nn.ReLU(inplace=True))

    class UNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.inc, self.down1, self.down2 = double(3, width), double(width, 2 * width), double(2 * width, 4 * width)
            self.pool = nn.MaxPool2d(2)
            self.up1, self.conv1 = nn.ConvTranspose2d(4 * width, 2 * width, kernel_size=2, stride=2), double(4 * width, 2 * width)
            self.up2 = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
            self.conv2, self.outc = double(3 * width, width), nn.Conv2d(width, 2, kernel_size=1)

        def forward(self, x):
            first = self.inc(x)
            second = self.down1(self.pool(first))
            x = self.up1(self.down2(self.pool(second)))
            x = self.conv1(concatenate([second, x], dim=1))
            return self.outc(self.conv2(concatenate([first, self.up2(x)], dim=1)))

    return UNet()


def tagger(nn: Any, concatenate: Any) -> Any:
    class LSTMTagger(nn.Module):
        def __init__(self):
            super().__init__()
            self.word_embeddings = nn.Embedding(11, 6, padding_idx=0)
            self.lstm = nn.LSTM(6, 5, num_layers=2, batch_first=True, bidirectional=True)
            self.hidden2tag = nn.Linear(10, 4)

        def forward(self, sentence):
            found, _ = self.lstm(self.word_embeddings(sentence))
            return self.hidden2tag(found)

    return LSTMTagger()


def transformer(nn: Any, concatenate: Any) -> Any:
    class Classifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.tokens, self.places = nn.Embedding(11, 8), nn.Embedding(7, 8)
            layer = nn.TransformerEncoderLayer(8, nhead=2, dim_feedforward=12, dropout=0.0, batch_first=True)
            before = nn.TransformerEncoderLayer(8, nhead=4, dim_feedforward=12, dropout=0.0, activation="gelu", batch_first=True,
                                                norm_first=True)
            self.encoder = nn.TransformerEncoder(layer, num_layers=2)
            self.last = before
            self.norm, self.head = nn.LayerNorm(8), nn.Linear(8, 3)

        def forward(self, words):
            x = self.tokens(words) + self.places.weight
            return self.head(self.norm(self.last(self.encoder(x))).mean(dim=1))

    return Classifier()


WORDS = (np.arange(14).reshape(2, 7) * 5 + 1) % 11
NETWORKS = {"ResNet-18": (resnet18, wave(2, 3, 64, 64)), "AlexNet": (alexnet, wave(2, 3, 127, 127)),
            "VGG16": (vgg16, wave(2, 3, 64, 64)), "U-Net": (unet, wave(2, 3, 16, 16)), "LSTM tagger": (tagger, WORDS),
            "transformer": (transformer, WORDS)}


def weights(shapes: dict[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """A state of the right size for each parameter and buffer of floats by name, the same in both libraries."""
    found = {}
    for i, (name, shape) in enumerate(sorted(shapes.items())):
        numbers = wave(*shape, seed=i % 40)
        if name.endswith("running_var") or len(shape) == 1 and name.endswith("weight"):
            numbers = 1 + numbers / 8
        found[name] = numbers / sqrt(prod(shape[1:])) if len(shape) > 1 else numbers / (8 if "bias" in name else 1)
    return found


def run(module: Any, x: Any, tensor: Any) -> dict[str, np.ndarray]:
    """The output of a module with a state, the input's gradient, and of each parameter's the size and a projection."""
    output = module(x)
    (output * tensor(wave(*output.shape, seed=9))).sum().backward()
    found = {"output": output.detach().numpy()}
    if getattr(x, "requires_grad", False):
        found["gradient"] = np.array(x.grad).ravel()[::61]
    for name, parameter in module.named_parameters():
        gradient = np.array(parameter.grad)
        found[f"gradient of {name}"] = np.array([np.abs(gradient).max(), (gradient * wave(*gradient.shape, seed=3)).sum()])
    return found


def main() -> None:
    import torch
    recorded = {}
    for name, (make, x) in NETWORKS.items():
        module = make(torch.nn, torch.cat).double()
        state = module.state_dict()
        for key, numbers in weights({key: tuple(part.shape) for key, part in state.items() if part.is_floating_point()}).items():
            state[key].copy_(torch.tensor(numbers))
        x = torch.tensor(x, requires_grad=x.dtype == np.float64)
        found = run(module, x, torch.tensor)
        recorded |= {f"{name} / {key}": np.asarray(part) for key, part in found.items()}
        recorded[f"{name} / names"] = np.array(list(state))
    np.savez_compressed(FILE, **recorded)
    print(f"{FILE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
