"""Parts of the circuit layout: shapes, scopes, layers, order, heights, channels, tiles and lanes. Use ``viz.layout``."""
