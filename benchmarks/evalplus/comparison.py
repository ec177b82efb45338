# ruff: noqa: ANN001, ANN202
# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False, check-untyped-defs=False
"""EvalPlus's comparison (evalplus/eval/__init__.py, `unsafe_execute`), as setup code of questions.

Its names begin with an underscore: no program has helpers of these names.
"""

import hashlib as _hashlib
import math as _math

import numpy as _numpy

inf, nan = _math.inf, _math.nan


def _same(_out, _expected, _atol=0):
    if _out == _expected:
        return True
    return _atol != 0 and _close(_out, _expected, _atol)


def _same_or_zero(_out, _expected):
    return _out in (_expected, 0)


def _close(_out, _expected, _atol):
    if type(_out) is not type(_expected):
        return False
    if isinstance(_expected, (list, tuple)) and len(_out) != len(_expected):
        return False
    return bool(_numpy.allclose(_out, _expected, rtol=1e-07, atol=_atol))


def _same_long(_out, _digest):
    return _digest_of(_out) == _digest


def _digest_of(_value):
    return _hashlib.sha256(_written(_value).encode("utf-8", "surrogatepass")).hexdigest()


def _written(_value):
    if isinstance(_value, dict):
        return f"dict {sorted(_written(_item) for _item in _value.items())}"
    if isinstance(_value, (set, frozenset)):
        return f"set {sorted(map(_written, _value))}"
    if isinstance(_value, (list, tuple)):
        return f"{type(_value).__name__} [{','.join(map(_written, _value))}]"
    if isinstance(_value, int) or (isinstance(_value, float) and _value.is_integer()):
        return hex(int(_value))  # equal numbers of different types are equal
    return repr(_value)


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
