import collections
import contextlib
import datetime
import decimal
import fractions
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acecoder_dagster.judge.guest.arrays import Opaque, ValueTooLargeError
from acecoder_dagster.judge.guest.encoding import MAX_INT_BITS, MAX_NODES, decode_values, encode_values

hashable = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3),
    max_leaves=8,
)
plain = st.recursive(
    hashable
    | st.complex_numbers(allow_nan=False)
    | st.decimals(allow_nan=False, min_value=-(10**20), max_value=10**20)
    | st.fractions()
    | st.dates()
    | st.datetimes()
    | st.timedeltas(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(hashable, inner, max_size=3) | st.sets(hashable),
    max_leaves=12,
)


def types_within(value: object) -> object:
    """The type of a value and of all its parts, in order."""
    if isinstance(value, dict):
        return dict, [(types_within(k), types_within(v)) for k, v in value.items()]
    if isinstance(value, (list, tuple)):
        return type(value), [types_within(part) for part in value]
    return type(value)


@given(plain)
def test_plain_values_arrive_equal_and_of_the_same_types(value):
    line = encode_values([value])
    (arrived,) = decode_values(line)
    assert b"\n" not in line
    assert arrived == value
    assert types_within(arrived) == types_within(value)


@pytest.mark.parametrize(
    "value",
    [
        collections.Counter("aab"),
        collections.OrderedDict([("b", 1), ("a", 2)]),
        collections.deque([1, 2]),
        {1: 2}.keys(),
        {1: 2}.items(),
        range(0, 10, 3),
        bytearray(b"ab"),
        decimal.Decimal("1.10"),
        fractions.Fraction(1, 3),
        datetime.datetime(2024, 2, 29, tzinfo=datetime.UTC),
        float("inf"),
        1 << 5000,
        "\ud800\x00",
        ...,
    ],
)
def test_values_of_the_standard_library_arrive_equal(value):
    (arrived,) = decode_values(encode_values([value]))
    assert arrived == value
    assert type(arrived) is type(value)


@pytest.mark.parametrize(
    "kinds",
    [(1,), (1, 1 << 63), (0.5,), (0.5, math.inf), (-math.inf, math.inf), ("a", None), (True, 1, 1.0), (2, (3,))],
)
def test_long_lists_arrive_with_the_kinds_of_their_items(kinds):
    (arrived,) = decode_values(encode_values([[*kinds] * 20]))
    assert arrived == [*kinds] * 20
    assert [*map(type, arrived)] == [*map(type, kinds)] * 20


def test_a_long_list_keeps_what_is_not_a_number():
    (arrived,) = decode_values(encode_values([[1.0] * 30 + [math.nan]]))
    assert arrived == [1.0] * 30 + [math.nan]  # the usual one is itself again, and so equal


def test_not_a_number_and_negative_zero_arrive_as_they_are():
    nan, zero = decode_values(encode_values([float("nan"), -0.0]))
    assert math.isnan(nan)
    assert math.copysign(1, zero) == -1


@pytest.mark.parametrize("base", [int, float, str, bytes, list, tuple, dict, set, frozenset, complex])
def test_a_subclass_arrives_as_what_it_holds_not_as_what_it_says(base):
    def lie(*_):
        raise AssertionError("asked")

    names = ("__eq__", "__hash__", "__iter__", "__len__", "__repr__", "__str__", "__getitem__", "items")
    liar = type("Liar", (base,), dict.fromkeys(names, lie))
    (arrived,) = decode_values(encode_values([liar()]))
    assert type(arrived) is base
    assert arrived == base()


def test_iterators_arrive_with_their_items():
    (arrived,) = decode_values(encode_values([(x * x for x in range(4))]))
    assert list(arrived) == [0, 1, 4, 9]


def test_what_is_not_plain_data_is_equal_to_nothing():
    arrived = decode_values(encode_values([object(), [object()], {object()}, int, len, 1]))
    for value in arrived[:-1]:
        assert value != 1
    assert isinstance(arrived[0], Opaque)
    assert not arrived[0] == arrived[0]  # noqa: SIM201 - not even to itself
    assert [arrived[0]] != [Opaque("object")]


def test_values_beyond_all_measure_are_refused():
    endless: list[object] = []
    endless += [endless, endless]
    for value in (1 << (MAX_INT_BITS + 1), [0] * MAX_NODES, endless):
        with pytest.raises(ValueTooLargeError):
            encode_values([value])


def test_a_value_nested_beyond_all_measure_is_opaque():
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    assert b"opaque" in encode_values([deep])


@given(st.binary() | st.text().map(str.encode))
def test_any_bytes_are_decoded_or_refused(line):
    with contextlib.suppress(ValueError):
        assert isinstance(decode_values(line), list)


@pytest.mark.parametrize(
    "line",
    [
        b"[" * 100_000,
        b'[{"int": "0x' + b"f" * (MAX_INT_BITS // 2) + b'"}]',
        b'[{"Decimal": "1e999999999"}]',
        b'[{"Fraction": ["0x1", "0x0"]}]',
        b'[{"range": [1, 2, 0]}]',
        b'[{"dict": [[1]]}]',
        b'[{"nothing": 1}]',
        b'[{"tuple": 1}]',
        b'[{"date": 5}]',
        b"[" + b"9" * 5000 + b"]",
        b"{}",
        b"",
    ],
)
def test_hostile_bytes_are_refused_as_a_value_error(line):
    with pytest.raises(ValueError):  # noqa: PT011 - that it is this one is the promise
        decode_values(line)


@pytest.mark.parametrize(
    "value",
    [np.int64(3), np.float32(0.5), np.bool_(True), np.array([[1, 2], [3, 4]]), np.array([]), np.array(["a", "bc"])],
)
def test_arrays_and_numbers_of_numpy_arrive_as_such(value):
    (arrived,) = decode_values(encode_values([value]))
    assert type(arrived) is type(value)
    assert arrived.dtype == value.dtype
    assert np.array_equal(arrived, value)


def test_what_numpy_cannot_give_as_plain_parts_is_opaque():
    assert isinstance(decode_values(encode_values([np.dtype("int8")]))[0], Opaque)
    (arrived,) = decode_values(encode_values([np.array([object(), 1, [2]], dtype=object)]))
    assert isinstance(arrived[0], Opaque)
    assert arrived[1:].tolist() == [1, [2]]


def test_masked_arrays_arrive_as_such():
    value = np.ma.masked_array([1.0, 2.0], mask=[False, True])
    (arrived,) = decode_values(encode_values([value]))
    assert type(arrived) is type(value)
    assert arrived.tolist() == [1.0, None]
    assert decode_values(encode_values([np.ma.masked]))[0] is np.ma.masked


@pytest.mark.parametrize("nan", [math.nan, np.nan])
def test_the_usual_nans_stay_what_they_are_and_others_equal_nothing(nan):
    assert decode_values(encode_values([[nan]]))[0] == [nan]
    assert decode_values(encode_values([[float("nan")]]))[0] != [nan]


@pytest.mark.parametrize(
    "content", ['["O", [1], "00"]', '["i8", [9], "00"]', '["i8", "x", "00"]', "[1, 2, 3]", '["S0", [1], ""]']
)
def test_an_array_that_cannot_be_is_refused(content):
    with pytest.raises(ValueError, match=r"\w"):
        decode_values(b'[{"numpy": %b}]' % content.encode())
