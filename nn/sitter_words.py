"""Texts of the babysitter for translation: each is looked up as it is shown, with its ``{holes}`` filled in."""

from __future__ import annotations

from pathlib import Path

from autograd.languages import message, spoken

WORDS = (
    message("Babysitter"),
    message("healthy: no problems found"),
    message("healthy"),
    message("{n} finding"),
    message("{n} findings"),
    message("remedy: {remedy}"),
    message("problem"),
    message("evidence"),
    message("remedy"),
    message("sign"),
    message("measured"),
    message("learning rate too low"),
    message("learning rate too high"),
    message("dead relus"),
    message("saturated units"),
    message("vanishing gradients"),
    message("exploding gradients"),
    message("bad initialisation"),
    message("labels constant"),
    message("labels shuffled"),
    message("overfitting"),
    message("forgotten zero_grad"),
    message("evaluation mode in training"),
    message("train mode in evaluation"),
    message("regularisation without effect"),
    message("cannot overfit"),
    message("wrong initial loss"),
    message("update-to-weight ratio off"),
    message("nan or inf"),
    message("initial loss"),
    message("loss"),
    message("update-to-weight"),
    message("gradient flow"),
    message("labels"),
    message("validation"),
    message("regularisation"),
    message("overfit {n} examples"),
    message("multiply the learning rate by 10 until the loss falls"),
    message("divide the learning rate by 10, or warm it up; clip_norm=1 holds single bad batches in check"),
    message("lower the learning rate, start from He's initialisation with biases of 0, or use a leaky relu"),
    message("start from smaller weights (Xavier), scale the inputs, put batch norm before it, or use a relu"),
    message("use relus, He's or Xavier's initialisation, batch norm; in a recurrent network an LSTM"),
    message("start from Xavier's weights (tanh, sigmoid) or He's (relu), or put batch norm between the layers"),
    message("start from smaller weights (He, Xavier), clip gradients (clip_norm=1), or use batch norm"),
    message("check how labels are read; shuffle sorted data before splitting them"),
    message("check that inputs and labels are shuffled in the same order, and belong to the same rows"),
    message("stop at the best epoch (patience=), give more data or augmentation, or regularise: weight decay, dropout, a "
            "smaller network"),
    message("call optimizer.zero_grad() before every backward pass; if gradients are accumulated on purpose, watch only the "
            "last batch"),
    message("call model.train() before training on, after each model.eval()"),
    message("call model.eval() before measuring, and model.train() before training on"),
    message("check its strength and its sign"),
    message("look for an untrained layer, dead units, or a loss that does not fit the labels; check gradients with "
            "autograd.check_gradients; then try a larger network"),
    message("divide the learning rate by about {factor}"),
    message("multiply the learning rate by about {factor}"),
    message("scale the inputs, or start from smaller weights, in the last layer above all"),
    message("if the weights are not trained ones, look for the labels among the inputs, or for a class that is nearly all "
            "examples"),
    message("the loss went from {first} up to {peak}, and then nan or inf came up"),
    message("the loss shot up from {first} to {peak}, and is {now} now"),
    message("after {n} batches the loss has only come from {first} to {now}, and an update changes the weights by {ratio} of "
            "them"),
    message("the loss stayed at {first} for {flat} of {n} batches, and only then fell, to {now}: at first the gradients "
            "hardly reached the weights"),
    message("{silent} of {units} units of {layer} gave 0 for all of {seen} examples: no gradient reaches their weights, and "
            "they stay dead"),
    message("{share} of the outputs of {layer} ({kind}) lie where its slope is under a twentieth of its largest: they pass no"
            " gradient"),
    message("the gradient at the first activation is {flow} times that at the last: the layers before it hardly learn"),
    message("the gradient at the first activation is {flow} times that at the last"),
    message("all {n} labels looked at are {label}"),
    message("of {n} examples {share} share their label with their nearest neighbour; {chance} would by chance, and the "
            "validation loss never fell under {least} (guessing: {guess})"),
    message("of {n} examples {share} share their label with their nearest neighbour; {chance} would by chance"),
    message("the validation loss rose from {best} to {now} while the training loss fell to {trained}"),
    message("the training loss fell from {first} to {trained}, the validation loss to no less than {best}: it overfits"),
    message("the accuracy is {gap} higher on the training data"),
    message("{layers} worked in training mode while validation was measured"),
    message("{layers} worked in evaluation mode at step {step}, so it neither drops nor measures anything"),
    message("at step {step} the gradients hold {excess} times as much again as this batch's own: gradients of earlier steps "
            "are still in them"),
    message("an update changes the weights by {ratio} of their length (median); about {good} is good"),
    message("the first loss is {loss}, where guessing gives {chance}"),
    message("it adds {extra} to the loss"),
    message("at step {step} {operation} was the first to give {result}: {reason} ({inputs})"),
    message("after {n} steps on {count} examples the loss is {loss}, not about 0; {why}"),
    message("{loss}, where guessing gives {chance}"),
    message("{first} at first, {now} now, after {n} batches"),
    message("{ratio} (about {good} is good)"),
    message("{share} of a layer at most, in {layer}"),
    message("{share} of a layer"),
    message("{flow} at the first activation, where the last has 1"),
    message("{share} of nearest neighbours share one, {chance} would by chance"),
    message("loss {loss}, best {best}; training {trained}"),
    message("adds {extra}"),
    message("loss {loss} after {n} steps"),
)


def said(text: str, lang: str) -> str:
    """Return a text of the babysitter in a language.

    >>> said("adds 0.1", "ko")
    '0.1 더함'
    """
    return spoken(text, lang, Path(__file__).parent)
