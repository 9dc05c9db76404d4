"""Lists in maps: a look-up as the kernel does it finds exactly what is in the list."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policyd.layout import Layout
from policyd.resolve.lists import FORMS, LONGEST_PATTERN, VALUE, list_contents, list_spec, param_spec
from policyd.vocabulary.addresses import parse_network
from policyd.vocabulary.types import Shape, ValueType

if TYPE_CHECKING:
    from policyd.maps import MapSpec

U32 = ValueType("u32", Shape.NUMBER, 4)
S32 = ValueType("s32", Shape.NUMBER, 4, True)
IP = ValueType("ip", Shape.ADDRESS, 16)
MAC = ValueType("mac", Shape.BYTES, 6)
PATH = ValueType("path", Shape.STRING, 4096)


def elements(spec: MapSpec) -> dict[bytes, int]:
    """Return the map's contents: the first byte of each value by its key."""
    assert spec.values is not None
    size = spec.map_class.key_size
    assert all(len(element) == size + VALUE.size for element in spec.values)
    return {element[:size]: element[size] for element in spec.values}


def longest_match(spec: MapSpec, data: bytes) -> int:
    """Return what an LPM look-up of `data` finds: the value with the longest prefix of it, 0 if there is none."""
    best, found = -1, 0
    bits = int.from_bytes(data.ljust(spec.map_class.key_size - 4, b"\0"), "big")
    width = (spec.map_class.key_size - 4) * 8
    for key, value in elements(spec).items():
        length, prefix = int.from_bytes(key[:4], "little"), int.from_bytes(key[4:], "big")
        if length > best and (length == 0 or bits >> (width - length) == prefix >> (width - length)):
            best, found = length, value
    return found


def network(text: str) -> tuple[int, int]:
    return parse_network(text)[0]


def address(text: str) -> bytes:
    return network(text)[0].to_bytes(16, "big")


# ------------------------------------------------------------------------------------------------ keys


def test_keys_are_as_long_as_their_layouts_and_lpm_keys_end_with_their_data() -> None:
    for operator, type_ in (("In", U32), ("In", IP), ("In", MAC), ("In", PATH), ("InCIDR", IP), ("Under", PATH)):
        spec = param_spec("p", "x", operator, type_, ())
        assert spec.key is not None
        assert spec.map_class.key_size == (spec.key.size if operator == "In" else sum(c.size for c in spec.key.columns))
        assert spec.map_class.key_size <= 260
        assert spec.map_class.value_size == VALUE.size == 8


def test_numbers_are_eight_bytes_with_their_sign() -> None:
    assert set(elements(list_spec("p", "x", "In", S32, [-2, 5]))) == {b"\xfe" + b"\xff" * 7, b"\5" + b"\0" * 7}
    assert set(elements(list_spec("p", "x", "In", U32, [0xFFFFFFFE]))) == {b"\xfe\xff\xff\xff\0\0\0\0"}


def test_addresses_are_in_network_order() -> None:
    assert set(elements(list_spec("p", "x", "In", IP, [network("192.0.2.1")[0]]))) == {address("192.0.2.1")}


@pytest.mark.parametrize(("longest", "size"), [(1, 16), (15, 16), (16, 32), (127, 128), (128, 256), (255, 256)])
def test_a_literal_list_of_strings_is_as_wide_as_its_longest(longest: int, size: int) -> None:
    spec = list_spec("p", "x", "In", PATH, [b"/", b"x" * longest])
    assert spec.map_class.key_size == size
    assert all(key.endswith(b"\0") for key in elements(spec))


def test_a_param_of_strings_has_room_for_later_values() -> None:
    assert param_spec("p", "x", "In", PATH, [b"/"]).map_class.key_size == 256


def test_contents_have_no_order_and_no_doubles() -> None:
    one, other = list_spec("p", "x", "In", U32, [3, 1, 2, 1]), list_spec("p", "x", "In", U32, [1, 2, 3])
    assert one == other
    assert one.max_entries == 3


def test_contents_are_no_part_of_a_lists_identity() -> None:
    one, other = (param_spec("p", "x", "In", U32, values) for values in ([1], range(50)))
    assert one.fingerprint == other.fingerprint
    assert one.values != other.values


# ------------------------------------------------------------------------------------------------ longest prefixes

_WORDS = st.text("ab/", min_size=1, max_size=6)


@given(st.lists(_WORDS, max_size=5), _WORDS)
def test_a_prefix_list_finds_what_begins_so(prefixes: list[str], text: str) -> None:
    spec = list_spec("p", "x", "Prefix", PATH, [word.encode() for word in prefixes])
    assert longest_match(spec, text.encode()) == any(text.startswith(word) for word in prefixes)


@given(st.lists(_WORDS, max_size=5), _WORDS)
def test_a_suffix_list_finds_what_ends_so(suffixes: list[str], text: str) -> None:
    spec = list_spec("p", "x", "Suffix", PATH, [word.encode() for word in suffixes])
    assert longest_match(spec, text[::-1].encode()) == any(text.endswith(word) for word in suffixes)


@given(st.lists(_WORDS, max_size=5), _WORDS)
def test_a_list_of_folders_finds_them_and_what_is_below(folders: list[str], path: str) -> None:
    folders = [folder.rstrip("/") for folder in folders]
    spec = list_spec("p", "x", "Under", PATH, [folder.encode() for folder in folders])
    expected = any(path == folder or path.startswith(folder + "/") for folder in folders)
    assert longest_match(spec, path.encode() + b"/") == expected


_V4 = st.builds(
    lambda bits, length: f"{ipaddress.IPv4Address(bits)}/{length}", st.integers(0, 2**32 - 1), st.integers(0, 32)
)
_V6 = st.builds(
    lambda bits, length: f"{ipaddress.IPv6Address(bits)}/{length}",
    st.sampled_from([0, 0xFFFF << 32, 0x20010DB8 << 96]).flatmap(lambda base: st.integers(base, base + 2**40)),
    st.sampled_from([0, 1, 16, 48, 64, 80, 95, 96, 100, 128]),
)
_ADDRESSES = st.one_of(
    st.integers(0, 2**32 - 1).map(lambda bits: str(ipaddress.IPv4Address(bits))),
    st.sampled_from(["::", "::1", "2001:db8::1", "::fffe:0:0"]),
)


@given(st.lists(st.one_of(_V4, _V6), max_size=6), _ADDRESSES)
def test_a_list_of_networks_finds_what_lies_in_one_of_its_family(networks: list[str], text: str) -> None:
    """The model: an IPv4 address is in IPv4 networks alone, and ::ffff:0:0/96 and longer are IPv4 networks."""
    spec = list_spec("p", "x", "InCIDR", IP, [network(one) for one in networks])
    asked = network(text)[0]
    mapped = asked >> 32 == 0xFFFF

    def holds(one: str) -> bool:
        base, length = network(one)
        if mapped and length < 96:
            return False
        return asked >> (128 - length) == base >> (128 - length)

    assert longest_match(spec, asked.to_bytes(16, "big")) == any(map(holds, networks))


def test_a_wide_ipv6_network_leaves_ipv4_out_unless_it_is_listed_too() -> None:
    wide = list_spec("p", "x", "InCIDR", IP, [network("::/0")])
    assert longest_match(wide, address("192.0.2.1")) == 0
    assert longest_match(wide, address("2001:db8::1")) == 1
    both = list_spec("p", "x", "InCIDR", IP, [network("::/0"), network("0.0.0.0/0")])
    assert longest_match(both, address("192.0.2.1")) == 1


def test_every_pattern_that_fits_the_form_fits_the_key() -> None:
    for operator in ("Prefix", "Under", "Suffix"):
        form = FORMS[operator]
        longest = b"x" * (LONGEST_PATTERN - len(form.encode(b"")))
        key = form.key(PATH, len(longest))
        (element,) = list_contents(form.purpose, key, [longest])
        assert int.from_bytes(element[:4], "little") == LONGEST_PATTERN * 8


def test_keys_decode_to_what_went_in() -> None:
    spec = list_spec("p", "x", "Under", PATH, [b"/etc"])
    assert spec.values is not None
    assert isinstance(spec.key, Layout)
    assert spec.key.decode(spec.values[0][:260].ljust(spec.key.size, b"\0")) == (5 * 8, b"/etc/")
