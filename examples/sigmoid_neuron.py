"""The course's sigmoid neuron, 1 / (1 + exp(−(w0·x0 + w1·x1 + w2))): built, differentiated, printed and drawn.

Run it: python -m examples.sigmoid_neuron
"""

from autograd import Value, exp, scope


def sigmoid_neuron() -> Value:
    """The neuron's output with every gradient computed; the leaves have names, and the four gates of the sigmoid are a scope."""
    w0, x0 = Value(2.0, "w0"), Value(-1.0, "x0")
    w1, x1 = Value(-3.0, "w1"), Value(-2.0, "x1")
    w2 = Value(-3.0, "w2")
    score = w0 * x0 + w1 * x1 + w2
    with scope("sigmoid"):
        y = 1 / (1 + exp(-score))
    y.backward()
    return y


if __name__ == "__main__":
    import viz
    from autograd.output import use_plain_signs

    use_plain_signs()
    y = sigmoid_neuron()
    print(viz.text(y))
    viz.draw(y).save("sigmoid-neuron.svg")
    print("sigmoid-neuron.svg is the same as a picture: open it in a browser")
