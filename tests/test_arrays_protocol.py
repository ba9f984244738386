"""NumPy's own functions, operators and methods on tensors: the same expression on plain arrays gives the expected result."""

from __future__ import annotations

import warnings
from typing import Any

import autograd
import numpy as np
import pytest
from autograd import NoDerivativeWarning, Tensor, jvp
from autograd.arrays import functions
from autograd.arrays.axes import plain_array
from autograd.arrays.protocol import plain_functions
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import special

from .test_arrays_functions import check_derivatives, quick, separated

# v, w are vectors, m and n matrices that fit, o a row, c of three axes, s of shape (), p between 0 and 1
OPERANDS = {"v": separated(5), "w": separated(5, seed=1), "m": separated(3, 4), "n": separated(4, 2),
    "o": separated(1, 4),
            "c": separated(2, 3, 4), "s": np.array(0.7), "p": (separated(3, 3) + 1.6) / 3.4}

EXPRESSIONS = """
np.exp(v)  np.exp2(v)  np.expm1(v)  np.log(p)  np.log2(p)  np.log10(p)  np.log1p(p)  np.sqrt(p)  np.cbrt(v)
np.square(m)
np.sin(c)  np.cos(v)  np.tan(p)  np.arcsin(p)  np.arccos(p)  np.arctan(v)  np.arctan2(v,w)  np.sinh(v)  np.cosh(v)
np.tanh(v)
np.arcsinh(v)  np.arccosh(p+2)  np.arctanh(p)  np.hypot(v,w)  np.logaddexp(v,w)  np.logaddexp2(m,o)  np.reciprocal(p)
np.positive(v)  np.negative(v)  np.absolute(v)  np.fabs(v)  np.deg2rad(v)  np.rad2deg(v)  np.radians(v)  np.degrees(v)
np.add(v,1)  np.add(1,v)  np.subtract(m,o)  np.multiply(c,m)  np.divide(m,2)  np.true_divide(v,w)  np.power(p,2)
np.power(2.0,v)
np.float_power(p,2)  np.maximum(m,o)  np.minimum(0.1,v)  np.fmax(v,w)  np.fmin(v,0.1)  np.remainder(v,0.4)
np.mod(v,-0.4)  v%0.4  0.4%p
np.float64(2)*v  np.float64(2)/v  np.float64(2)-v  np.float64(2)**v  np.ones(5)+v  np.ones((2,5))*v  np.ones((2,5))@v
v@np.ones((5,2))
np.arange(5)*v  np.arange(5.0)-v  np.ones(5)/p[0,0]  [1.0,2,3,4,5]*v  v+[1.0,2,3,4,5]  (1,2,3,4,5)@v  v@[1,2,3,4,5]
np.float32(2)*v
np.add.reduce(m)  np.add.reduce(m,axis=1)  np.add.reduce(m,axis=None)  np.multiply.reduce(m)  np.maximum.reduce(m,1)
np.minimum.reduce(m,-1)
np.matmul(m,n)  np.matmul(c,n)  np.dot(m,n)  np.dot(s,v)  np.dot(c,n)  np.vdot(v,w)  np.inner(m,o)  np.outer(m,v)
np.kron(m,n)
np.tensordot(c,m,axes=[[1,2],[0,1]])  np.tensordot(c,n,axes=(2,0))  np.tensordot(m,n,0)  np.einsum('ij,jk',m,n)
np.einsum('ii',p)
np.einsum('...j,jk->...k',c,n)  np.einsum('ij,kj,lj->ikl',m,m,o)  np.einsum(',i->i',s,v)
np.einsum('ij,jk->ik',m,n,optimize=True)  np.einsum(m,[0,1],n,[1,2])  np.einsum(m,[0,1],m,[2,1],[2,0])
np.einsum(c,[...,0],m,[1,0],[...,1])  np.einsum(p,[0,0])
np.sinc(m)  np.fmod(v,0.4)  np.fmod(0.4,p)  np.conj(m)  np.conjugate(v)  np.real(m)  np.real_if_close(m)
special.erf(m)  special.erfc(v)  special.expit(m)  special.logit(p)  special.xlogy(v,p[0,0])  special.xlog1py(v,p[0,0])
special.entr(p)  special.rel_entr(p,0.7)  special.ndtr(v)  special.log_expit(v)  np.vecdot(m,o)
np.linalg.inv(p+np.eye(3))  np.linalg.det(p)  np.linalg.slogdet(p)[1]  np.linalg.solve(p+np.eye(3),p[0])  np.linalg.outer(v,w)
np.linalg.qr(n)[1]  np.linalg.svd(n,full_matrices=False)[1]  np.linalg.cholesky(p@p.T+np.eye(3))  np.linalg.pinv(n)
np.linalg.norm(m,'nuc')  np.linalg.norm(m,2)  np.linalg.norm(c,-np.inf,(0,2))  np.linalg.matrix_power(p,3)
np.linalg.norm(v)  np.linalg.norm(m)  np.linalg.norm(m,axis=1,keepdims=True)  np.linalg.norm(v,1)
np.linalg.norm(v,np.inf)
np.linalg.norm(v,3)  np.linalg.norm(v,-np.inf)  np.linalg.norm(m,'fro')  np.linalg.norm(m,2,axis=0)
np.linalg.norm(m,1,axis=-1)
np.linalg.diagonal(c)  np.linalg.trace(c)  np.linalg.matmul(m,n)  np.linalg.matrix_transpose(c)
np.linalg.tensordot(m,n,axes=1)
np.sum(m)  np.sum(m,axis=(0,1),keepdims=True)  np.sum(m,())  np.mean(c,(0,-1))
np.average(m,axis=1,weights=np.arange(4.0)+1)  np.ptp(m,0)
np.var(m,0,ddof=1)  np.var(m,axis=0,dtype=None,out=None,ddof=2)  np.std(m,axis=1,ddof=1,keepdims=True)  np.prod(m,1)
np.cumprod(v)
np.cumsum(m)  np.cumsum(m,axis=-2)  np.max(m,axis=(0,1))  np.amax(m,0)  np.amin(m,-1)  np.concat([v,w])
np.permute_dims(c,(2,0,1))
np.reshape(m,(4,3))  np.reshape(m,shape=(2,-1))  np.ravel(m)  np.transpose(c,[1,0,-1])  np.swapaxes(c,0,-1)
np.moveaxis(c,[0,1],[-1,-2])
np.matrix_transpose(c)  np.broadcast_to(o,(3,4))  np.broadcast_arrays(m,o)  np.expand_dims(m,(0,2))  np.squeeze(o)
np.flip(m,axis=(0,1))
np.flipud(m)  np.fliplr(m)  np.rot90(c,3)  np.pad(m,((1,0),(0,2)))  np.pad(m,1,mode='constant',constant_values=3)
np.concatenate([v,np.ones(2)])  np.concatenate((m,o))  np.concatenate((m,o),axis=None)  np.concatenate(m)
np.append(m,o,axis=0)
np.stack([v,np.ones(5)],axis=1)  np.stack((s,s))  np.vstack([v,w])  np.hstack([m,m])  np.dstack([v,w])
np.column_stack([v,np.ones((5,2))])
np.split(m,2,1)  np.split(m,[1,5])  np.array_split(v,3)  np.atleast_1d(s)  np.atleast_2d(v)  np.atleast_3d(m)
np.atleast_1d(s,v)
np.take(m,[0,-1],axis=1)  np.take(m,1,0)  np.take_along_axis(m,np.array([[0],[1],[1]]),1)  np.repeat(m,[1,0,2],axis=0)
np.tile(m,(2,1,3))
np.roll(m,(1,2),(0,1))  np.roll(m,1)  np.sort(m,None)  np.diff(m,2,0)  np.diagonal(c,-1,-1,-2)  np.diag(v,1)
np.trace(c,0,1,2)
np.tril(m,1)  np.triu(m,-1)  np.where(m>0,m,0)  np.where(True,v,w)  np.where([True,False,True,True],m,o)
np.clip(m,-0.501,0.501)
np.gradient(m,0.5,axis=1)  np.gradient(m)  np.cross(m[:,:3],p)  np.linspace(s,v,4)  np.linspace(0.0,s,3,endpoint=False)
np.vsplit(n,[1,2])  np.hsplit(m,2)  np.dsplit(c,2)  np.partition(v,2)  np.median(m,axis=1)  np.rollaxis(c,2)
np.select([m>0.5,m>0],[m,m*m],0.25)  np.diff(m,prepend=0.5)  np.diff(v,append=v)
np.pad(m,1,mode='edge')  np.pad(m,((2,0),(0,3)),'wrap')  np.pad(m,2,'reflect',reflect_type='odd')  np.pad(v,3,'mean',stat_length=2)
np.clip(m,a_min=0.01,a_max=None)  np.clip(m,min=-0.501)  np.clip(m,o,2.0)  np.nan_to_num(v)
m.sum(0)  m.sum(axis=(0,1))  m.mean()  m.max(0)  m.min(axis=1)  m.std()  v.var(ddof=1)  v.prod()  v.cumsum()
v.cumprod()  v.dot(np.ones(5))
m.reshape(4,3)  m.reshape((2,-1))  m.reshape([4,3])  s.reshape(1,1)  m.ravel()  m.flatten()  c.transpose(1,0,2)
c.transpose((2,1,0))
c.transpose()  c.T  c.mT  m.swapaxes(0,1)  o.squeeze()  m.repeat(2,0)  m.take([0,1])  m.trace()  m.diagonal()
m.clip(-0.501,0.501)  m.clip(min=0.01)  m.copy()
m[0]  m[-1]  m[1:,::2]  m[...,None]  m[None]  m[[0,0,1]]  m[[0,1],[1,1]]  m[m>0]  m[:,[True,False,True,False]]
m[np.int64(1)]  m[()]  s[...]  s[None]  s[True]
m[[]]  m[...,1]  c[1,[0,1]]  c[[0,1],:,[0,1]]  c[np.ix_([0,1],[0,2],[1])]  c[0][1][2]  m[::-1]  v[v.argmax()]
v[np.argsort(v)]  v[[[0,1],[1,0]]]
abs(v)  -v  +v  v**2  2**v  p**p  v-w  m+o  m@n  m@n[:,0]  o[0]@n  c@n  v@v  sum([v,w])  sum(v)  max(v)  list(m)  [*v]
""".split("  ")
EXPRESSIONS = [expression for line in EXPRESSIONS for expression in line.split("\n") if expression]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_the_expression_on_tensors_is_that_on_arrays(expression: str) -> None:
    code = compile(expression, expression, "eval")
    names = [name for name in code.co_names if name in OPERANDS]

    def f(*xs: Any) -> Any:
        return eval(code, {"np": np, "special": special, **dict(zip(names, xs))})
    xs = [OPERANDS[name] for name in names]
    wanted, got = f(*xs), f(*map(Tensor, xs))
    several = isinstance(wanted, (list, tuple))
    for number, part in zip(wanted, got, strict=True) if several else [(wanted, got)]:
        assert type(part) is Tensor
        assert part.requires_grad
        assert part.shape == np.shape(number)
        assert part.dtype == number.dtype
        np.testing.assert_allclose(part.data, number, rtol=1e-13, atol=1e-14)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NoDerivativeWarning)
        check_derivatives(lambda *xs: f(*xs) if any(hasattr(x, "priority") for x in xs) else plain(f(*xs)), *xs,
            tolerance=1e-8)


def plain(y: Any) -> Any:
    return [plain_array(part) for part in y] if isinstance(y, (list, tuple)) else plain_array(y)


@pytest.mark.parametrize("expression", [
    "np.shape(m)", "np.ndim(m)", "np.size(m)", "np.isnan(m)", "np.isfinite(m)", "np.allclose(m,m)",
        "np.array_equal(m,m)", "np.any(m)", "np.all(m>0)",
    "np.argmax(m,1)", "np.argsort(v)", "np.count_nonzero(m)", "np.zeros_like(m)", "np.ones_like(m)",
        "np.full_like(m,2)", "np.greater(m,0)", "m>o",
    "np.ones((3,4))>m", "np.equal(m,m)", "np.signbit(m)", "np.where(v>0)",
        "np.searchsorted([0.0,1.0],v)", "len(m)", "m.argmin(0)",
    "np.result_type(m,np.float32)", "np.imag(m)", "np.angle(m)", "np.iscomplex(m)", "np.isreal(m)", "np.argpartition(v,2)",
])
def test_what_has_no_gradient_is_plain(expression: str) -> None:
    wanted = eval(expression, {"np": np, **OPERANDS})
    got = eval(expression, {"np": np, **{name: Tensor(x) for name, x in OPERANDS.items()}})
    assert type(got) is type(wanted)
    assert np.array_equal(got, wanted)
    jvp(lambda *xs: (eval(expression, {"np": np, **dict(zip(OPERANDS, xs))}), xs[0])[1],  # and under forward mode
        tuple(OPERANDS.values()), tuple(OPERANDS.values()))


def test_every_plain_function_is_numpys() -> None:
    assert [name for name in plain_functions if not hasattr(np, name)] == []


@pytest.mark.parametrize("expression, message", [
    ("np.i0(v)",
     r"np.i0 is not differentiable here; .*ompose it of other functions, or np.i0\(x.data\) for numbers without a gradient"),
    ("np.linalg.eig(p)", r"np.linalg.eig is not differentiable here; did you mean eigh.*np.linalg.eig\(x.data\)"),
    ("np.linalg.lstsq(m,v)", "np.linalg.lstsq is not differentiable here"),
     ("np.fft.fft(v)", "np.fft.fft is not differentiable here"),
    ("np.heaviside(v,0.0)",
     r"np.heaviside has no derivative in the table of operations; .* or add it with autograd.op\('heaviside'"),
    ("np.add.outer(v,w)", r"np.add.outer with \[\] is not differentiable here; use the plain call np.add\(x\)"),
    ("np.add(v,w,out=np.zeros(5))", r"np.add with \['out'\] is not differentiable here; .* without out= or where="),
    ("np.ones(5).__iadd__(v)", r"np.add with \['out'\]"),
     ("np.sum(m,where=m>0)", "np.sum with where: not supported where a gradient is recorded; give axis, keepdims"),
    ("np.sum(m,0,None,None,True)", "np.sum with more than one positional argument: .* give axis, keepdims by name"),
     ("np.mean(m,dtype=np.float32)", "np.mean with dtype"),
    ("np.reshape(m,(4,3),order='F')", "np.reshape with order: not supported"),
     ("np.take(m,[9],axis=1,mode='clip')", "np.take with mode"),
    ("np.std(m,correction=1)", "np.std with correction"),
     ("np.einsum(m,n)", "einsum: the notation comes first, as a string like 'ij,jk->ik', or a list of integers follows each"),
])
def test_what_is_refused_names_what_to_use(expression: str, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        eval(expression, {"np": np, **{name: Tensor(x) for name, x in OPERANDS.items()}})


def test_flat_functions_of_numpy_warn_in_training() -> None:
    for flat in (np.floor, np.ceil, np.sign):
        x = Tensor(OPERANDS["v"])
        assert np.array_equal(flat(x).data, flat(OPERANDS["v"]))
        with pytest.warns(NoDerivativeWarning):
            flat(x).sum().backward()
        assert not x.grad.any()


# ── indexing ─────────────────────────────────────────────────────────────────────────────────────────────────────


@given(data=st.data())
@quick
def test_basic_indexing(data: st.DataObject) -> None:
    x = separated(*data.draw(hnp.array_shapes(min_dims=0, max_dims=3, max_side=4)))
    check_index(x, data.draw(hnp.basic_indices(x.shape, allow_newaxis=True)))


@given(data=st.data())
@quick
def test_advanced_indexing(data: st.DataObject) -> None:
    x = separated(*data.draw(hnp.array_shapes(min_dims=1, max_dims=3, max_side=4)))
    check_index(x, data.draw(hnp.integer_array_indices(x.shape)))
    check_index(x, data.draw(hnp.arrays(bool, x.shape[:data.draw(st.integers(1, x.ndim))])))
    check_index(x, (data.draw(hnp.integer_array_indices(x.shape[:1]))[0], ..., None))


def check_index(x: np.ndarray, index: Any) -> None:
    y = Tensor(x)[index]
    assert y.shape == np.shape(x[index])
    assert np.array_equal(y.data, x[index])
    assert np.array_equal(functions.getitem(x, index), x[index])
    check_derivatives(lambda x: functions.getitem(x, index), x)


def test_an_index_written_into_later_changes_nothing() -> None:
    x, index, mask = Tensor([1.0, 2.0, 3.0]), np.array([0, 1]), np.array([True, False, False])
    y = x[index].sum() + 10 * x[mask].sum()
    index[:], mask[:] = 2, True
    y.backward()
    assert x.grad.tolist() == [11.0, 1.0, 0.0]


# ── functions that NumPy does not have, lists, and the package's root ────────────────────────────────────────────


@given(data=st.data())
@quick
def test_softmax_and_logsumexp(data: st.DataObject) -> None:
    x = separated(*data.draw(hnp.array_shapes(min_dims=1, max_dims=3, max_side=4)))
    axis, keep = data.draw(st.integers(-x.ndim, x.ndim - 1) | hnp.valid_tuple_axes(x.ndim,
        min_size=1) | st.none()), data.draw(st.booleans())
    e = np.exp(x)
    for scale in (0.0, 5e3):
        np.testing.assert_allclose(functions.logsumexp(Tensor(x + scale), axis, keep).data,
            np.log(e.sum(axis, keepdims=keep)) + scale, rtol=1e-13, atol=1e-13)
        np.testing.assert_allclose(functions.softmax(Tensor(x + scale), axis).data, e / e.sum(axis, keepdims=True),
            rtol=1e-11)
        np.testing.assert_allclose(functions.log_softmax(Tensor(x + scale), axis).data,
            x - np.log(e.sum(axis, keepdims=True)), rtol=1e-11, atol=1e-11)
    for f in (lambda x: functions.logsumexp(x, axis, keep), lambda x: functions.softmax(x, axis),
        lambda x: functions.log_softmax(x, axis)):
        check_derivatives(f, x)


def test_argmax_and_argmin_are_integers() -> None:
    x = Tensor(OPERANDS["m"])
    for f, same in ((functions.argmax, np.argmax), (functions.argmin, np.argmin)):
        for axis in (None, 0, -1):
            assert np.array_equal(f(x, axis), same(OPERANDS["m"], axis))
            assert f(x, axis).dtype.kind == "i"


def test_lists_of_numbers_and_of_tensors() -> None:
    assert functions.sum([[1.0, 2.0], [3.0, 4.0]], axis=0).tolist() == [4.0, 6.0]
    assert functions.mean([1, 2, 3]) == 2.0
    a, b = Tensor([1.0, 2.0]), Tensor([3.0, 4.0])
    y = functions.sum([a, [b[0], 2.0]], axis=1)
    assert y.tolist() == [3.0, 5.0]
    (functions.stack(part * part for part in (a, b))[1] @ functions.max([a, b], axis=0)).backward()
    assert a.grad.tolist() == [0.0, 0.0]
    assert b.grad.tolist() == [27.0, 48.0]


def test_astype_passes_gradients() -> None:
    x = Tensor([1.0, 2.0])
    y = x.astype("float32")
    assert y.dtype == np.float32
    y.sum().backward()
    assert x.grad.dtype == np.float64


def test_the_root_offers_every_array_function() -> None:
    for name in functions.__all__:
        assert name in autograd.__all__, f"add {name!r} to autograd/__init__.py"
        if name not in ("where", "clip"):  # which work on numbers too
            assert getattr(autograd, name) is getattr(functions, name)
