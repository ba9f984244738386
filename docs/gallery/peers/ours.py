"""The same network by chainrule: two neurons with relu on two inputs, and one neuron on their outputs."""

import nn
import viz

net = nn.MLP(2, [2, 1], "relu")
for parameter, number in zip(net.parameters(), (0.5, -0.3, 0.1, 0.8, 0.2, -0.4, 0.7, -0.6, 0.05)):
    parameter.data = number
y = net([1.0, -2.0])[0]
y.backward()
picture = viz.draw(y, collapse=False)
