"""PyTorch's results in float64, recorded in pytorch.npz beside this file: python -m tests.data.pytorch (needs torch 2.13)."""

from pathlib import Path

import numpy as np

FILE = Path(__file__).with_suffix(".npz")

# each layer: PyTorch's class, its arguments, the shape of its input
LAYERS = {
    "Linear": ("Linear", (3, 4), {}, (5, 3)),
    "Linear without bias": ("Linear", (3, 4), {"bias": False}, (2, 5, 3)),
    "Conv1d": ("Conv1d", (2, 4, 3), {"stride": 2, "padding": 1}, (2, 2, 9)),
    "Conv2d": ("Conv2d", (2, 4, (3, 2)), {"stride": 2, "padding": 1, "groups": 2}, (2, 2, 7, 6)),
    "Conv2d dilated": ("Conv2d", (2, 3, 3), {"padding": "same", "dilation": 2, "bias": False}, (2, 2, 5, 5)),
    "MaxPool1d": ("MaxPool1d", (3,), {"stride": 2, "padding": 1}, (2, 2, 7)),
    "MaxPool2d": ("MaxPool2d", (2,), {"stride": 1}, (2, 2, 4, 5)),
    "AvgPool2d": ("AvgPool2d", (3,), {"stride": 2, "padding": 1}, (2, 2, 5, 5)),
    "BatchNorm1d": ("BatchNorm1d", (4,), {}, (6, 4)),
    "BatchNorm1d of signals": ("BatchNorm1d", (3,), {"momentum": 0.3, "eps": 1e-3}, (4, 3, 5)),
    "BatchNorm2d": ("BatchNorm2d", (3,), {"momentum": None}, (4, 3, 2, 2)),
    "BatchNorm2d plain": ("BatchNorm2d", (3,), {"affine": False, "track_running_stats": False}, (4, 3, 2, 2)),
    "LayerNorm": ("LayerNorm", ((3, 4),), {}, (2, 3, 4)),
    "PReLU": ("PReLU", (3,), {"init": 0.1}, (2, 3, 4)),
    "RNN": ("RNN", (3, 4), {"num_layers": 2}, (5, 2, 3)),
    "RNN of relu": ("RNN", (3, 4), {"nonlinearity": "relu", "bias": False}, (5, 3)),
    "LSTM": ("LSTM", (3, 4), {"num_layers": 2, "bidirectional": True}, (5, 2, 3)),
    "LSTM alone": ("LSTM", (3, 2), {"bidirectional": True}, (4, 3)),
    "GRU": ("GRU", (3, 4), {"num_layers": 2, "batch_first": True}, (2, 5, 3)),
    "LeakyReLU": ("LeakyReLU", (0.2,), {}, (3, 4)),
    "ELU": ("ELU", (1.5,), {}, (3, 4)),
    "Softplus": ("Softplus", (2.0,), {}, (3, 4)),
    "Softmax": ("Softmax", (1,), {}, (3, 4, 2)),
    "LogSoftmax": ("LogSoftmax", (-1,), {}, (3, 4)),
    "Flatten": ("Flatten", (), {}, (2, 3, 4)),
    "Unflatten": ("Unflatten", (1, (2, 3)), {}, (2, 6, 4)),
    "Conv2d of one image": ("Conv2d", (2, 4, 3), {"padding": (0, 2), "padding_mode": "circular"}, (2, 5, 4)),
    "ConvTranspose2d": ("ConvTranspose2d", (4, 6, (3, 2)), {"stride": (2, 3), "padding": 1, "output_padding": (1, 2), "groups": 2},
                        (2, 4, 3, 4)),
    "ConvTranspose2d dilated": ("ConvTranspose2d", (2, 3, 3), {"dilation": 2, "bias": False}, (2, 4, 3)),
    "MaxPool2d cut": ("MaxPool2d", (3,), {"stride": 2, "padding": 1, "ceil_mode": True}, (2, 2, 6, 5)),
    "AvgPool2d cut": ("AvgPool2d", (3, 2, 1, True, False), {}, (2, 2, 6, 5)),
    "AdaptiveAvgPool2d": ("AdaptiveAvgPool2d", ((3, None),), {}, (2, 2, 7, 5)),
    "Upsample": ("Upsample", (), {"scale_factor": (2, 1.5), "mode": "bilinear"}, (2, 2, 3, 4)),
    "Upsample to nearest": ("Upsample", ((5, 3),), {}, (2, 2, 3, 4)),
    "GroupNorm": ("GroupNorm", (2, 6), {"eps": 1e-3}, (3, 6, 2, 2)),
    "GELU": ("GELU", (), {}, (3, 4)),
    "GELU of tanh": ("GELU", ("tanh",), {}, (3, 4)),
    "SiLU": ("SiLU", (), {}, (3, 4)),
    "Softplus above its threshold": ("Softplus", (1.5, 0.5), {}, (3, 4)),
    "RNNCell": ("RNNCell", (3, 4), {"nonlinearity": "relu"}, (5, 3)),
    "LSTMCell": ("LSTMCell", (3, 4), {"bias": False}, (5, 3)),
    "LSTMCell alone": ("LSTMCell", (3, 4), {}, (3,)),
    "GRUCell": ("GRUCell", (3, 4), {}, (5, 3)),
    "TransformerEncoderLayer": ("TransformerEncoderLayer", (4, 2, 6, 0.0), {"activation": "gelu"}, (5, 2, 4)),
    "TransformerEncoderLayer normalised first": ("TransformerEncoderLayer", (4, 1, 6, 0.0), {"norm_first": True}, (5, 4)),
}

STEPS = 100
SEEN = (1, 2, 10, 30, 100)  # after so many steps
OPTIMIZERS = {
    "SGD": ("SGD", {"lr": 0.1}),
    "SGD with momentum": ("SGD", {"lr": 0.05, "momentum": 0.9, "dampening": 0.2, "weight_decay": 0.1}),
    "SGD of Nesterov": ("SGD", {"lr": 0.05, "momentum": 0.9, "nesterov": True}),
    "SGD upwards": ("SGD", {"lr": 0.01, "momentum": 0.5, "maximize": True}),
    "Adagrad": ("Adagrad", {"lr": 0.1, "lr_decay": 0.01, "weight_decay": 0.05, "initial_accumulator_value": 0.1}),
    "Adagrad by default": ("Adagrad", {}),
    "Adadelta": ("Adadelta", {}),
    "Adadelta slow": ("Adadelta", {"lr": 0.5, "rho": 0.8, "weight_decay": 0.1}),
    "RMSprop": ("RMSprop", {}),
    "RMSprop centred": ("RMSprop", {"lr": 0.02, "alpha": 0.9, "momentum": 0.8, "centered": True, "weight_decay": 0.01}),
    "Adam": ("Adam", {}),
    "Adam of AMSGrad": ("Adam", {"lr": 0.05, "betas": (0.8, 0.95), "weight_decay": 0.1, "amsgrad": True}),
    "AdamW": ("AdamW", {"lr": 0.05}),
    "AdamW of AMSGrad": ("AdamW", {"lr": 0.02, "weight_decay": 0.5, "amsgrad": True, "maximize": True}),
    "NAdam": ("NAdam", {}),
    "NAdam decayed": ("NAdam", {"lr": 0.05, "weight_decay": 0.1, "momentum_decay": 0.01, "decoupled_weight_decay": True}),
}

SCHEDULES = {
    "ConstantLR": {"factor": 0.25, "total_iters": 4},
    "StepLR": {"step_size": 3, "gamma": 0.5},
    "MultiStepLR": {"milestones": [2, 5, 11], "gamma": 0.1},
    "ExponentialLR": {"gamma": 0.9},
    "CosineAnnealingLR": {"T_max": 12, "eta_min": 0.01},
    "LinearLR": {"start_factor": 0.1, "total_iters": 7},
    "PolynomialLR": {"total_iters": 9, "power": 2.0},
    "CosineAnnealingWarmRestarts": {"T_0": 3, "T_mult": 2, "eta_min": 0.05},
    "OneCycleLR": {"max_lr": 0.5, "total_steps": 25, "div_factor": 5.0, "cycle_momentum": False},
}
PLATEAUS = {
    "by default": {"patience": 1},
    "highest": {"mode": "max", "factor": 0.5, "patience": 0, "threshold": 0.05, "threshold_mode": "abs",
                "cooldown": 2, "min_lr": 0.06},
}
TIMES = 25


def slope(x, noise):
    """The gradient for optimisers: of Σ x²/2 − 2·log(1 + x²), with two minima, and noise."""
    return x - 4 * x / (1 + x * x) + noise


def main() -> None:
    """Run PyTorch, write the file."""
    import torch

    torch.manual_seed(0)
    torch.set_default_dtype(torch.float64)
    rng = np.random.default_rng(0)
    found = {}

    def flat(output):
        return [part for item in output for part in flat(item)] if isinstance(output, tuple) else [output]

    for name, (kind, args, options, shape) in LAYERS.items():
        layer = getattr(torch.nn, kind)(*args, **options)
        found |= {f"{name}/before/{key}": value.numpy().copy() for key, value in layer.state_dict().items()}
        x = torch.tensor(rng.normal(size=shape), requires_grad=True)
        outputs = flat(layer(x))
        seeds = [torch.tensor(rng.normal(size=tuple(y.shape))) for y in outputs]
        sum((y * seed).sum() for y, seed in zip(outputs, seeds, strict=True)).backward()
        found |= {f"{name}/x": x.detach().numpy(), f"{name}/slope/x": x.grad.numpy()}
        found |= {f"{name}/out/{i}": y.detach().numpy() for i, y in enumerate(outputs)}
        found |= {f"{name}/seed/{i}": seed.numpy() for i, seed in enumerate(seeds)}
        found |= {f"{name}/slope/{key}": p.grad.numpy() for key, p in layer.named_parameters()}
        found |= {f"{name}/after/{key}": b.numpy() for key, b in layer.named_buffers()}
        if kind.startswith("BatchNorm"):
            found[f"{name}/evaluated"] = layer.eval()(x).detach().numpy()

    found["optim/start"] = rng.normal(size=4)
    found["optim/noise"] = rng.normal(size=(STEPS, 4))
    for name, (kind, options) in OPTIMIZERS.items():
        x = torch.tensor(found["optim/start"], requires_grad=True)
        optimizer = getattr(torch.optim, kind)([x], **options)
        path = []
        for taken, noise in enumerate(found["optim/noise"], 1):
            x.grad = slope(x.detach(), torch.tensor(noise))
            optimizer.step()
            if taken in SEEN:
                path.append(x.detach().numpy().copy())
        found[f"optim/{name}"] = np.array(path)

    for name, options in SCHEDULES.items():
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.5)
        schedule = getattr(torch.optim.lr_scheduler, name)(optimizer, **options)
        rates = []
        for _ in range(TIMES):
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            schedule.step()
        found[f"schedule/{name}"] = np.array(rates)
    found["plateau/metric"] = np.round(np.cumsum(rng.normal(size=TIMES)), 2)
    for name, options in PLATEAUS.items():
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.5)
        schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **options)
        rates = []
        for metric in found["plateau/metric"]:
            schedule.step(metric)
            rates.append(optimizer.param_groups[0]["lr"])
        found[f"plateau/{name}"] = np.array(rates)
    np.savez_compressed(FILE, **found)


if __name__ == "__main__":
    main()
