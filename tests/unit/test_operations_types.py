"""Types of computed values: units, signs, names and capacities, and what does not fit together."""

from __future__ import annotations

import pytest

from policyd.resolve.computed import computed, number, text
from policyd.value import Computed, ContextLoad, Value
from policyd.vocabulary.kinds import kind_type
from policyd.vocabulary.operations import COMPARISONS, OPERATIONS, RESULTS, result_type
from policyd.vocabulary.types import Shape, ValueType

FLAGS = ValueType("flags", Shape.NUMBER, 4, symbols=((1, "A"), (2, "B")))


def of(kind: str) -> ValueType:
    sized = {"string16": ValueType("string", Shape.STRING, 16), "string64": ValueType("string", Shape.STRING, 64)}
    return sized.get(kind) or (FLAGS if kind == "flags" else kind_type(kind))


@pytest.mark.parametrize(
    ("operation", "operands", "kind", "signed"),
    [
        ("add", ("u8", "u8"), "u64", False),
        ("add", ("u64", "s8"), "s64", True),
        ("sub", ("time", "time"), "duration", True),
        ("sub", ("time", "duration"), "time", False),
        ("add", ("size", "u32"), "size", False),
        ("div", ("size", "u32"), "u64", False),
        ("neg", ("u64",), "s64", True),
        ("and", ("flags", "u64"), "flags", False),
        ("shl", ("u32", "s32"), "u64", False),
        ("shr", ("s32", "u32"), "s64", True),
        ("lt", ("u64", "s64"), "bool", False),
        ("choose", ("bool", "uid", "uid"), "uid", False),
        ("default", ("pid", "u32"), "s64", True),
        ("size", ("string16",), "u64", False),
    ],
)
def test_results_have_the_units_and_signs_that_the_table_says(
    operation: str, operands: tuple[str, ...], kind: str, signed: bool
) -> None:
    found = result_type(operation, [of(one) for one in operands])

    assert (found.kind, found.signed) == (kind, signed)


def test_names_of_bits_live_through_bit_operations() -> None:
    assert result_type("or", [FLAGS, FLAGS]).symbols == FLAGS.symbols


def test_a_text_that_is_chosen_has_room_for_the_longer_one() -> None:
    assert result_type("default", [of("string16"), of("string64")]).size == 64


@pytest.mark.parametrize(
    ("operation", "operands", "expected"),
    [
        ("add", ("string16", "u8"), r"\+ takes numbers, and this is a text"),
        ("eq", ("ip", "u32"), "an IP address and a number cannot be compared"),
        ("default", ("ip", "string16"), "one is an IP address, and the other a text"),
        ("starts_with", ("u8", "string16"), "startsWith takes texts, and this is a number"),
        ("neg", ("u8", "u8"), "- takes 1 values"),
    ],
)
def test_what_does_not_fit_says_what_would(operation: str, operands: tuple[str, ...], expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        result_type(operation, [of(one) for one in operands])


def test_every_row_has_a_way_to_its_type() -> None:
    assert {row.result for row in OPERATIONS.values()} == set(RESULTS)
    assert set(OPERATIONS) >= COMPARISONS


def value(kind: str, *, absent: bool = False, unread: bool = False) -> Value:
    return Value(kind, of(kind), ContextLoad(8, of(kind).size), absent, unread)


@pytest.mark.parametrize(
    ("operation", "operands", "absent"),
    [
        ("add", (value("u8"), value("u8")), False),
        ("add", (value("u8", absent=True), value("u8")), True),
        ("div", (value("u8"), value("u8")), True),
        ("div", (value("u8"), number("2", of("u64"), 2)), False),
        ("eq", (value("u8", absent=True), value("u8")), False),
        ("default", (value("u8", absent=True), value("u8")), False),
        ("default", (value("u8", absent=True), value("u8", absent=True)), True),
        ("present", (value("u8", absent=True),), False),
    ],
)
def test_what_can_be_absent_follows_from_the_operands(operation: str, operands: tuple[Value, ...], absent: bool) -> None:
    assert computed("it", operation, operands).can_be_absent is absent


def test_a_chain_of_defaults_is_one_choice() -> None:
    inner = computed("a ?? b", "default", [value("string16", absent=True), value("string64", absent=True)])

    found = computed("a ?? b ?? c", "default", [inner, text("none", b"none")])

    assert isinstance(found.access, Computed)
    assert len(found.access.operands) == 3


def test_a_search_in_a_long_text_is_refused() -> None:
    long = Value("args.path", ValueType("path", Shape.STRING, 4096), ContextLoad(8, 8))
    with pytest.raises(ValueError, match="contains looks through up to 1,023 bytes of a value, and this may have 4,095"):
        computed("it", "contains", [long, text("x", b"x")])
