"""What plain numbers of functions, LSM hooks and tracepoints mean; numbers of the same name elsewhere mean nothing more."""

from __future__ import annotations

import pytest

from policyd.vocabulary.arguments import FUNCTION_ARGUMENTS, function_argument_type
from policyd.vocabulary.c_types import number_type
from policyd.vocabulary.constants import ARCHITECTURES, constant_sets
from policyd.vocabulary.kinds import KINDS
from policyd.vocabulary.symbols import show_symbol
from policyd.vocabulary.types import ValueType

S32 = number_type(4, signed=True)


def meaning(function: str, argument: str, plain: ValueType = S32) -> ValueType:
    return function_argument_type(function, argument, plain, "x86_64")


@pytest.mark.parametrize(
    ("function", "argument", "kind"),
    [
        ("security_file_permission", "mask", "flags"),
        ("bpf_lsm_file_permission", "mask", "flags"),
        ("cap_capable", "cap", "capability"),
        ("do_send_sig_info", "sig", "signal"),
        ("tcp_set_state", "state", "enum"),
        ("softirq_entry", "vec_nr", "enum"),
        ("sys_enter", "id", "syscall"),
    ],
)
def test_an_argument_has_the_meaning_of_its_row(function: str, argument: str, kind: str) -> None:
    assert meaning(function, argument).kind == kind


@pytest.mark.parametrize(("function", "argument"), [("pci_find_capability", "cap"), ("vfs_read", "state"), ("kfree", "id")])
def test_the_same_name_elsewhere_is_a_plain_number(function: str, argument: str) -> None:
    assert meaning(function, argument) == S32


def test_a_type_that_says_more_than_a_number_stays() -> None:
    uid = number_type(4, False, "uid")

    assert meaning("do_send_sig_info", "sig", uid) == uid


def test_numbers_have_the_names_of_their_set() -> None:
    type_ = meaning("raise_softirq", "nr")

    assert show_symbol(3, type_.symbols) == "NET_RX"


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_every_meaning_is_a_kind_or_a_set_of_constants(arch: str) -> None:
    known = set(KINDS) | set(constant_sets(arch))

    assert {row.meaning for row in FUNCTION_ARGUMENTS} <= known
