"""The names of the array functions, known without loading NumPy. Generated from the tables by `make docs`: do not edit."""

array_functions = """
    sum mean average median max min ptp var std norm prod cumsum cumprod logsumexp softmax log_softmax matmul dot vdot inner
    outer cross kron tensordot einsum reshape ravel transpose matrix_transpose swapaxes moveaxis rollaxis broadcast_to
    broadcast_arrays expand_dims squeeze atleast_1d atleast_2d atleast_3d flip flipud fliplr rot90 pad concatenate append stack
    vstack hstack dstack column_stack split array_split vsplit hsplit dsplit take take_along_axis repeat tile roll sort
    partition linspace diff numerical_gradient diagonal diag trace tril triu where select clip nan_to_num astype argmax argmin
""".split()
