"""Networks, intervals, and quantities as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policyd.vocabulary.addresses import parse_address, parse_network, show_address, show_network
from policyd.vocabulary.quantities import parse_duration, parse_interval, parse_size, show_duration, show_size

V4 = 0xFFFF << 32


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("10.0.0.0/8", (V4 | 10 << 24, 104)),
        ("0.0.0.0/0", (V4, 96)),
        ("192.0.2.7", (V4 | 0xC0000207, 128)),
        ("192.0.2.7/32", (V4 | 0xC0000207, 128)),
        ("::/0", (0, 0)),
        ("2001:db8::/32", (0x20010DB8 << 96, 32)),
        ("::1", (1, 128)),
        ("::ffff:10.0.0.0/104", (V4 | 10 << 24, 104)),
    ],
)
def test_networks_are_of_128_bits(text: str, network: tuple[int, int]) -> None:
    assert parse_network(text) == (network, "")


def test_host_bits_are_cleared_with_a_warning_that_shows_the_network() -> None:
    network, warning = parse_network("10.1.2.3/8")

    assert network == (V4 | 10 << 24, 104)
    assert warning == "10.1.2.3/8 has host bits set: the network is 10.0.0.0/8"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10.0.0.0/33",
        "10.0.0.0/",
        "10.0.0.0/255.0.0.0",
        "10.0.0/8",
        "::/129",
        "fe80::1%eth0/64",
        "x",
        "1/8",
        "10.0.0.0/-1",
    ],
)
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a network"):
        parse_network(text)


@given(st.integers(0, (1 << 128) - 1), st.integers(0, 128))
def test_networks_that_were_shown_are_read_back(number: int, length: int) -> None:
    number = number >> (128 - length) << (128 - length)

    assert parse_network(show_network((number, length)))[0] == (number, length)


@given(st.integers(0, (1 << 32) - 1))
def test_an_ipv4_address_and_its_mapped_form_are_one(number: int) -> None:
    text = show_address(number.to_bytes(4, "big"))

    assert parse_address(text) == parse_address("::ffff:" + text) == V4 | number
    assert show_address(V4 | number) == text


@pytest.mark.parametrize(("text", "interval"), [("1..5", (1, 5)), ("0x10 .. 020", (16, 16)), ("-5..-1", (-5, -1))])
def test_intervals_have_both_ends(text: str, interval: tuple[int, int]) -> None:
    assert parse_interval(text) == interval


def test_the_ends_of_an_interval_are_read_by_their_kind() -> None:
    assert parse_interval("1ms..1s", parse_duration) == (10**6, 10**9)


@pytest.mark.parametrize("text", ["", "..", "1..", "..5", "1-5", "1", "1..2..3", "a..b"])
def test_what_is_no_interval_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"an interval|a number"):
        parse_interval(text)


def test_an_interval_the_wrong_way_round_shows_the_right_one() -> None:
    with pytest.raises(ValueError, match=r"as 1\.\.5"):
        parse_interval("5..1")


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "0ns"),
        (999, "999ns"),
        (1000, "1us"),
        (1_234_567, "1.235ms"),
        (10**9, "1s"),
        (86_400 * 10**9, "1d"),
        (-1500, "-1.5us"),
    ],
)
def test_durations_are_shown_in_their_largest_unit(nanoseconds: int, text: str) -> None:
    assert show_duration(nanoseconds) == text


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0"), (1023, "1023"), (1024, "1Ki"), (1536, "1.5Ki"), (1 << 40, "1Ti"), (-2048, "-2Ki")]
)
def test_sizes_are_shown_in_their_largest_unit(size: int, text: str) -> None:
    assert show_size(size) == text


@given(st.integers(0, 1 << 50))
def test_whole_units_are_read_back(number: int) -> None:
    assert parse_duration(f"{number}ns") == number
    assert parse_size(str(number)) == number
    assert parse_size(f"{number}Ki") == number << 10
