"""The JavaScript of small Tensors as text; that it computes the same numbers is tested in a browser."""

import re

import numpy as np
import pytest

from autograd import Tensor, exp, relu, tanh
from autograd.arrays import functions as F
from autograd.programs.arrays import HELPERS, tensors_to_javascript


def calls(y):
    return re.findall(r"= \$\.(\w+)\(", tensors_to_javascript(y))


def test_rows_are_rules_linear_operations_tables_and_few_are_written_out():
    x = Tensor([[1.0, 2.0], [3.0, 4.0]], "x")
    y = F.softmax(tanh(F.concatenate([x, F.flip(x)]) @ x.T), 1).max()
    assert calls(y) == ["linear", "linear", "linear", "bilinear", "rowwise", "softmax", "extreme"]


def test_a_table_has_a_term_for_each_entry_that_is_taken():
    x = Tensor([1.0, 2.0, 3.0], "x")
    assert "$.linear(3, [v[0]], [[0,2,1,1,1,1,2,0,1]])" in tensors_to_javascript(F.sum(F.flip(x)))  # (result, operand, factor)
    assert "$.linear(1, [v[0]], [[0,0,1,0,1,1,0,2,1]])" in tensors_to_javascript(F.sum(x))
    product = tensors_to_javascript(x @ Tensor([4.0, 5.0, 6.0], "y"))
    assert "$.bilinear(1, v[0], v[1], [0,0,0,1,0,1,1,1,0,2,2,1])" in product  # (result, of x, of y, factor)


def test_a_constant_takes_no_edge_and_a_branch_not_taken_is_false():
    text = tensors_to_javascript(F.sum(relu(Tensor([1.0, -1.0], "x") * np.array([2.0, 3.0]))))
    assert "$.rowwise(2, (x, y) => (x * y), [(out, x, y) => y, null], [v[0], [2.0,3.0]], [null,null])" in text
    assert "(out, x) => (out !== 0.0)" in text


def test_an_operand_that_is_broadcast_says_which_entry_goes_where():
    text = tensors_to_javascript(F.sum(Tensor([[1.0], [2.0]], "x") + Tensor([1.0, 2.0, 3.0], "y")))
    assert "[[0,0,0,1,1,1],[0,1,2,0,1,2]]" in text


@pytest.mark.parametrize(("y", "why"), [
    (lambda: Tensor(np.ones(65), "w").sum(), "w has 65 entries, and the page can change inputs of up to 64"),
    (lambda: Tensor(np.ones(2, "float32")).sum(), "float32"),
    (lambda: F.sum(Tensor(np.ones((40, 1)), "x") + np.ones((1, 60))), "2,441 entries in all"),
    (lambda: F.einsum("i,i,i,i->", *(Tensor(np.ones(2), name) for name in "abcd")), "'einsum' has no JavaScript"),
])
def test_what_a_page_cannot_compute_says_why(y, why):
    with pytest.raises(LookupError, match=re.escape(why)):
        tensors_to_javascript(y())


def test_names_of_helpers_are_not_in_the_way_of_rows():
    text = tensors_to_javascript(F.sum(exp(Tensor([1.0], "x"))))
    assert text.index("const $ =") < text.index("const exp = Math.exp")
    assert re.search(r"^return \{ rowwise, linear,", HELPERS, re.MULTILINE)
