# ruff: noqa: ANN001, ANN202
# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False, check-untyped-defs=False
"""What a reference answers and how long it takes, as setup code after `evalplus_comparison`."""

import sys as _sys
import time as _time

_LONG_BITS, _LONG_TEXT = 10_000, 20_000

_sys.set_int_max_str_digits(0)


def _observed(_function, _arguments, _only_not_none):
    """Return the text of what is answered, whether it is a digest, whether it is floats, and the seconds."""
    _started = _time.process_time()
    _answer = _function(*_arguments)
    _seconds = _time.process_time() - _started
    if _only_not_none:
        _answer = _answer is not None
    _is_long = len(hex(_answer) if type(_answer) is int else repr(_answer)) > _LONG_TEXT
    _said = repr(_digest_of(_answer)) if _is_long else _text(_answer)  # noqa: F821
    return _said, _is_long, _are_floats(_answer), _seconds


def _text(_value):
    """Write a value as Python text; a number too long for decimals as hexadecimals."""
    if type(_value) is int and _value.bit_length() > _LONG_BITS:
        return hex(_value)
    if type(_value) is list:
        return f"[{', '.join(map(_text, _value))}]"
    if type(_value) is tuple:
        return f"({''.join(f'{_text(_item)}, ' for _item in _value)})"
    # A counter equals the dict with the same items.
    return repr(dict(_value)) if isinstance(_value, dict) else repr(_value)


def _are_floats(_value):
    if isinstance(_value, (list, tuple)) and _value:
        return all(isinstance(_item, float) for _item in _value)
    return isinstance(_value, float)
