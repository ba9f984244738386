"""A trained network as layers: widths and dashes are weights, dashed rings negative outputs."""

import nn
import viz

net = nn.MLP(2, [4, 1], "tanh", rng=3)
data = [([0.0, 0.0], -1.0), ([0.0, 1.0], 1.0), ([1.0, 0.0], 1.0), ([1.0, 1.0], -1.0)]  # exclusive or
optimizer = nn.optim.SGD(net.named_parameters(), lr=0.05)
for _ in range(200):
    loss = sum((net(x)[0] - target) ** 2 for x, target in data)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
picture = viz.network(net, [1.0, 0.0])
