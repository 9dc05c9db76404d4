"""Walks through kernel structures.  The types are those of tests/data/types.c."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from policyd.errors import TargetError
from policyd.kernel.bpf.btf import Btf
from policyd.parsing.columns import column_name
from policyd.value import Step
from policyd.vocabulary.types import Shape, ValueType
from policyd.walk import Walked, split_path, walk
from policyd.words import is_field_path

if TYPE_CHECKING:
    from policyd.kernel.bpf.btf_format import BtfType

DATA = Path(__file__).parent.parent / "data"


@pytest.fixture(scope="module")
def btf() -> Btf:
    return Btf.from_bytes((DATA / "types.btf").read_bytes())


def task(btf: Btf) -> BtfType:
    """The type `struct task *`, as an argument has it."""
    found = btf.named("struct task")
    assert found is not None
    member = btf.member(found, "parent")
    assert member is not None
    return btf.type(member.type_id)


def follow(btf: Btf, path: str) -> Walked:
    return walk(btf, task(btf), path.split("."), "x86_64")


def test_each_pointer_is_a_step(btf: Btf) -> None:
    assert follow(btf, "parent.parent.tgid").steps == (
        Step("struct task", "parent"),
        Step("struct task", "parent"),
        Step("struct task", "tgid"),
    )


def test_members_by_value_are_one_step(btf: Btf) -> None:
    assert follow(btf, "name.hash").steps == (Step("struct task", "name.hash"),)
    assert follow(btf, "names[1].len").steps == (Step("struct task", "names[1].len"),)


def test_a_pointer_to_an_anonymous_struct_is_named_by_its_typedef(btf: Btf) -> None:
    assert follow(btf, "pair.high").steps == (Step("struct task", "pair"), Step("pair_t", "high"))


def test_a_bit_field_tells_where_its_bits_are(btf: Btf) -> None:
    (step,) = follow(btf, "second").steps

    assert step.bits is not None
    assert step.bits[1] == 3


@pytest.mark.parametrize(
    ("path", "kind", "size", "signed"),
    [
        ("flags", "s64", 8, True),
        ("pid", "s32", 4, True),
        ("tgid", "pid", 4, True),
        ("first", "u32", 4, False),
        ("busy", "bool", 1, False),
        ("uid", "uid", 4, False),
        ("uid.val", "u32", 4, False),
        ("usage", "s32", 4, True),
        ("name.hash_len", "u64", 8, False),
        ("slots[3]", "u64", 8, False),
        ("port", "u16", 2, False),
        ("hardware[0]", "u8", 1, False),
        ("parent", "hex", 8, False),
        ("callback", "symbol", 8, False),
        ("wait", "s64", 8, True),
    ],
)
def test_numbers_are_typed_by_their_c_type(btf: Btf, path: str, kind: str, size: int, signed: bool) -> None:
    assert follow(btf, path).type == ValueType(kind, Shape.NUMBER, size, signed)


def test_an_enum_has_its_symbols(btf: Btf) -> None:
    assert follow(btf, "state").type == ValueType("enum", Shape.NUMBER, 4, False, ((0, "RUNNING"), (4, "SLEEPING")))


def test_characters_are_strings_in_place_or_behind_a_pointer(btf: Btf) -> None:
    comm, label, text = (follow(btf, path) for path in ("comm", "label", "name.text"))

    assert (comm.type.shape, comm.type.size, comm.string) == (Shape.STRING, 16, False)
    assert (label.type.shape, label.string) == (Shape.STRING, True)
    assert text.string


def test_an_ipv6_address_is_an_address(btf: Btf) -> None:
    assert follow(btf, "address").type == ValueType("ip", Shape.ADDRESS, 16)


def test_network_order_is_told(btf: Btf) -> None:
    assert follow(btf, "port").big_endian
    assert not follow(btf, "pid").big_endian


def test_a_wrapper_of_one_number_is_that_number(btf: Btf) -> None:
    assert follow(btf, "uid").steps == (Step("struct task", "uid.val"),)
    assert follow(btf, "usage").steps == (Step("struct task", "usage.refs.counter"),)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("nope", "struct task has no member nope"),
        ("parent.nope", "struct task has no member nope"),
        ("name", "name is struct name: name one of its members"),
        ("pid.x", "pid is int, which has no members"),
        ("comm.x", "comm is char[16], which has no members"),
        ("opaque.x", "opaque is struct opaque *, which has no members"),
        ("unnamed.inner", "a struct with no name"),
        ("slots", "slots is u64[4]: name one of its elements, as in slots[0]"),
        ("slots[4]", "slots has 4 elements"),
        ("pid[0]", "pid is int, not an array"),
        ("hardware", "name one of its elements"),
        ("parent-1", "not a member's name"),
        ("", "not a member's name"),
    ],
)
def test_what_cannot_be_followed_says_why(btf: Btf, path: str, message: str) -> None:
    with pytest.raises(TargetError) as error:
        follow(btf, path)

    assert message in str(error.value)


def test_a_wrong_member_lists_those_that_are_there(btf: Btf) -> None:
    with pytest.raises(TargetError) as error:
        follow(btf, "name.hsh")

    assert error.value.candidates == ("hash", "len", "hash_len", "text")


def test_the_dots_of_a_cast_do_not_part_a_path() -> None:
    path = "args.x.container_of(outer.inner.part).list[2].next"

    assert split_path(path) == ["args", "x", "container_of(outer.inner.part)", "list[2]", "next"]
    assert is_field_path(path)
    assert column_name(path) == "args_x_container_of_outer_inner_part_list_2_next"
    assert not is_field_path("args.x.container_of(outer)")
    assert not is_field_path("args.x.container_of(outer.inner).")
