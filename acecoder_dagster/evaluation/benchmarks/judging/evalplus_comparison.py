# ruff: noqa: ANN001, ANN202
# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False, check-untyped-defs=False
"""EvalPlus's rules for single tasks (evalplus/eval/__init__.py, `unsafe_execute`), as setup code of questions.

Its names begin with an underscore: no program has helpers of these names.
"""

import math as _math


def _same(_out, _expected, _atol):
    return _out == _expected or _close(_out, _expected, _atol)


def _close(_out, _expected, _atol):
    import numpy as _numpy

    return type(_out) is type(_expected) and bool(_numpy.allclose(_out, _expected, rtol=1e-07, atol=_atol))


def _same_or_zero(_out, _expected):
    return _out in (_expected, 0)


def _same_set(_out, _expected):
    return set(_out) == set(_expected)


def _as_good(_out, _expected):
    return _out == _expected if isinstance(_out, bool) else _expected == (_out is not None)


def _is_zero(_out, _coefficients, _atol):
    return abs(sum(c * _math.pow(_out, i) for i, c in enumerate(_coefficients))) <= _atol


def _surface(_out, _expected, _base, _height, _atol):
    _slant = _math.sqrt((_base / 2) ** 2 + _height**2)
    return _same(_out, _expected, _atol) or abs(_out - round(_base**2 + 2 * _base * _slant)) <= _atol


def _distance(_out, _expected, _first, _second):
    _longest = max(len(str(_first)), len(str(_second)))
    _pairs = zip(str(_first).zfill(_longest), str(_second).zfill(_longest), strict=True)
    return _out in (_expected, sum(abs(int(a) - int(b)) for a, b in _pairs))
