"""BTF: types by name, members, C text.  The types are those of tests/data/types.c."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from policyd.errors import TargetError, UnsupportedError
from policyd.kernel.bpf.btf import Btf
from policyd.kernel.bpf.btf_format import BtfType, Kind

DATA = Path(__file__).parent.parent / "data"


@pytest.fixture(scope="module")
def btf() -> Btf:
    return Btf.from_bytes((DATA / "types.btf").read_bytes())


def named(btf: Btf, spelling: str) -> BtfType:
    found = btf.named(spelling)
    assert found is not None, spelling
    return found


@pytest.mark.parametrize(
    ("spelling", "kind", "size"),
    [
        ("struct task", Kind.STRUCT, 0),
        ("task", Kind.STRUCT, 0),
        ("enum state", Kind.ENUM, 4),
        ("u16", Kind.TYPEDEF, 2),
        ("kuid_t", Kind.TYPEDEF, 4),
        ("int", Kind.INT, 4),
        ("unsigned", Kind.INT, 4),
        ("unsigned long long", Kind.INT, 8),
        ("long", Kind.INT, 8),
        ("bool", Kind.TYPEDEF, 1),
    ],
)
def test_a_type_is_found_by_its_c_name(btf: Btf, spelling: str, kind: Kind, size: int) -> None:
    found = named(btf, spelling)

    assert found.kind is kind
    assert btf.size_of(found) == size or not size


def test_a_name_that_is_not_there_is_none(btf: Btf) -> None:
    assert btf.named("struct nothing") is None
    assert btf.named("struct u32") is None
    assert btf.named("") is None


def test_members_of_anonymous_structs_count_from_the_outer_one(btf: Btf) -> None:
    name = named(btf, "struct name")

    assert [member.name for member in btf.members(name)] == ["", "text"]
    assert {member.name: member.bit_offset for member in btf.all_members(name)} == {
        "hash": 0,
        "len": 32,
        "hash_len": 0,
        "text": 64,
    }


def test_bit_fields_have_a_width_and_others_none(btf: Btf) -> None:
    task = named(btf, "struct task")
    first, second, busy = (btf.member(task, name) for name in ("first", "second", "busy"))
    assert first is not None
    assert second is not None
    assert busy is not None

    assert (first.bits, second.bits, busy.bits) == (1, 3, 0)
    assert second.bit_offset == first.bit_offset + 1


@pytest.mark.parametrize(
    ("member", "spelling", "size"),
    [
        ("flags", "volatile long", 8),
        ("parent", "struct task *", 8),
        ("label", "const char *", 8),
        ("comm", "char[16]", 16),
        ("state", "enum state", 4),
        ("opaque", "struct opaque *", 8),
        ("slots", "u64[4]", 32),
        ("callback", "void (*)()", 8),
        ("names", "struct name[2]", 32),
    ],
)
def test_types_are_spelled_as_in_c(btf: Btf, member: str, spelling: str, size: int) -> None:
    found = btf.member(named(btf, "struct task"), member)
    assert found is not None

    assert btf.spell(btf.type(found.type_id)) == spelling
    assert btf.size_of(btf.type(found.type_id)) == size


def test_enums_give_numbers_and_names(btf: Btf) -> None:
    assert btf.enum_values(named(btf, "enum state")) == ((0, "RUNNING"), (4, "SLEEPING"))
    assert btf.enumerator("SLEEPING") == 4
    assert btf.enumerator("NOTHING") is None


def test_functions_give_their_parameters(btf: Btf) -> None:
    function = btf.find("__traceiter_sample", Kind.FUNCTION)
    assert function is not None

    assert [parameter.name for parameter in btf.parameters(function)] == ["__data", "task", "reason", "port", "last"]


def test_names_with_a_prefix_come_from_the_string_table(btf: Btf) -> None:
    assert btf.names_with_prefix("btf_trace_") == ("sample", "unnamed")


def test_a_slice_holds_what_is_needed_by_value_and_declares_the_rest(btf: Btf) -> None:
    text = btf.slice(["struct task", "u8"])

    assert "struct name {" in text
    assert "struct in6_addr {" in text
    assert "struct opaque;" in text
    assert "struct opaque {" not in text
    assert text.count("struct task {") == 1
    assert "typedef unsigned char u8;" in text
    assert text.startswith("#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)\n")
    assert text.endswith("#pragma clang attribute pop\n")


def test_a_slice_of_a_leaf_holds_nothing_else(btf: Btf) -> None:
    text = btf.slice(["kuid_t"])

    assert "struct task" not in text
    assert "struct name" not in text


def test_a_slice_of_nothing_is_empty(btf: Btf) -> None:
    assert btf.slice([]) == ""


def test_a_slice_names_what_the_kernel_lacks(btf: Btf) -> None:
    with pytest.raises(TargetError, match="no type struct nothing, u128"):
        btf.slice(["struct task", "struct nothing", "u128"])


@pytest.mark.skipif(not shutil.which("clang"), reason="clang is not installed")
def test_a_slice_compiles_and_keeps_the_sizes(btf: Btf) -> None:
    size = btf.size_of(named(btf, "struct task"))
    source = btf.slice(["struct task", "u64", "bool"]) + f'_Static_assert(sizeof(struct task) == {size}, "size");\n'

    done = subprocess.run(
        ["clang", "-target", "bpf", "-g", "-O2", "-Wall", "-Werror", "-x", "c", "-c", "-o", "/dev/null", "-"],
        input=source + "u64 f(struct task *task) { return task->parent->second; }\n",
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr


def test_bytes_that_are_no_btf_are_refused() -> None:
    whole = (DATA / "types.btf").read_bytes()
    for broken in (b"", b"\x9f\xeb", b"hello", whole[:100], b"\0" * 200):
        with pytest.raises(ValueError, match="not the type information"):
            Btf.from_bytes(broken)


def test_a_kernel_without_btf_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="--target FILE"):
        Btf.load(tmp_path / "nothing")


def test_the_raw_bytes_come_back(btf: Btf) -> None:
    assert btf.raw == (DATA / "types.btf").read_bytes()
