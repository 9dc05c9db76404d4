"""Where members are, as BTF tells: what a builder without relocations is held to."""

from __future__ import annotations

from pathlib import Path

import pytest

from policyd.codegen.offsets import offsets
from policyd.errors import TargetError
from policyd.kernel.bpf.btf import Btf

TYPES = Path(__file__).resolve().parents[1] / "data" / "types.btf"


@pytest.fixture(scope="module")
def btf() -> Btf:
    return Btf.from_bytes(TYPES.read_bytes())


def test_each_member_that_the_text_goes_to_is_found_once_through_structs_arrays_and_anonymous_unions(btf: Btf) -> None:
    text = "#define PD_AT(type, pointer, member) x\nf(PD_AT(struct task, p, comm[3]), PD_AT(struct name, n, hash_len));\n"
    text += "g(PD_AT(struct name, p, len), PD_AT(struct task, leader, parent), PD_AT(struct task, p, parent));\n"
    assert offsets(text, btf) == (
        ("struct name", "hash_len", 0),
        ("struct name", "len", 4),
        ("struct task", "comm[3]", 27),
        ("struct task", "parent", 8),
    )


@pytest.mark.parametrize("use", ["struct task, p, nope", "struct missing, p, comm", "struct task, p, pid.nope"])
def test_a_member_that_the_target_has_not_is_named(btf: Btf, use: str) -> None:
    type_, _, member = use.split(", ")
    with pytest.raises(TargetError, match=f"no {type_} with a member {member}"):
        offsets(f"PD_AT({use})", btf)
