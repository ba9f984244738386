"""A convolutional network on one image of 8 × 8 pixels: blocks show their output shapes, units their weights."""

import nn
import viz

net = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1, rng=0), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64, 6, rng=0),
                    nn.Tanh(), nn.Linear(6, 3, rng=0))
images, labels = nn.data.load("digits").arrays(1, 8, 8)
picture = viz.network(net, images[:1], units=6)
