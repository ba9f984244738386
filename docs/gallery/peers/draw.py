"""Draw the small network of this page with micrograd, torchviz, torchview and MyGrad, as far as they are installed.

``pip install micrograd torch torchviz torchview mygrad graphviz``, and Graphviz's own program dot; then
``python docs/gallery/peers/draw.py``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
X = (1.0, -2.0)
W1, B1 = ((0.5, -0.3), (0.8, 0.2)), (0.1, -0.4)  # two neurons on two inputs
W2, B2 = (0.7, -0.6), 0.05  # and one neuron on their outputs


def micrograd() -> str:
    """The graph with data and gradients, by the function draw_dot of micrograd's notebook trace_graph.ipynb."""
    from graphviz import Digraph
    from micrograd.engine import Value
    x = [Value(data) for data in X]
    hidden = [(sum((Value(w) * xi for w, xi in zip(row, x)), Value(b))).relu() for row, b in zip(W1, B1)]
    y = sum((Value(w) * h for w, h in zip(W2, hidden)), Value(B2))
    y.backward()
    nodes: list[Any] = []
    dot = Digraph(format="svg", graph_attr={"rankdir": "LR"})

    def trace(value: Any) -> None:
        if value in nodes:
            return
        nodes.append(value)
        name = str(nodes.index(value))
        dot.node(name, f"{{ data {value.data:.4f} | grad {value.grad:.4f} }}", shape="record")
        operation, operands = getattr(value, "_op"), getattr(value, "_prev")  # noqa: B009  (micrograd has no public names)
        if operation:
            dot.node(f"{name}op", operation)
            dot.edge(f"{name}op", name)
        for child in operands:
            trace(child)
            dot.edge(str(nodes.index(child)), f"{name}op")
    trace(y)
    return str(dot.pipe(encoding="utf-8"))


def network() -> Any:
    """The network as a module of PyTorch."""
    import torch
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU(), torch.nn.Linear(2, 1))
    with torch.no_grad():
        for parameter, data in zip(model.parameters(), (W1, B1, (W2,), (B2,))):
            parameter.copy_(torch.tensor(data))
    return model


def torchviz() -> str:
    """The nodes of PyTorch's backward pass, by make_dot."""
    import torch
    from torchviz import make_dot
    model = network()
    return str(make_dot(model(torch.tensor([X])), params=dict(model.named_parameters())).pipe("svg", encoding="utf-8"))


def torchview() -> str:
    """The modules and the shapes between them, by draw_graph."""
    import torch
    from torchview import draw_graph
    return str(draw_graph(network(), input_data=torch.tensor([X]), expand_nested=True).visual_graph.pipe("svg", encoding="utf-8"))


def mygrad() -> str:
    """The graph of tensors and operations, by build_graph."""
    import mygrad as mg
    from mygrad.computational_graph import build_graph
    x, w1, b1, w2, b2 = (mg.tensor(data) for data in (X, W1, B1, W2, B2))
    y = mg.matmul(w2, mg.maximum(mg.matmul(w1, x) + b1, 0)) + b2
    return str(build_graph(y, names={"x": x, "w1": w1, "b1": b1, "w2": w2, "b2": b2}, render=True).pipe("svg", encoding="utf-8"))


PEERS: dict[str, Callable[[], str]] = {"micrograd": micrograd, "torchviz": torchviz, "torchview": torchview, "mygrad": mygrad}


def clean(svg: str) -> str:
    """The picture without comments and without a size in points."""
    return re.sub(r"<!--.*?-->\s*", "", svg[svg.index("<svg"):], flags=re.DOTALL)


if __name__ == "__main__":
    for name, draw in PEERS.items():
        try:
            (HERE / f"{name}.svg").write_text(clean(draw()), encoding="utf-8")
            print(f"{name}: drawn")
        except ImportError as missing:
            print(f"{name}: not drawn, {missing.name} is not installed")
