"""Fields of the kernel's objects: each row against the running kernel's types, and what policies make of them."""

from __future__ import annotations

import pytest
from resolving import one_rule, problem, rule, saved_target, typed

from policyd.codegen.families import FAMILIES
from policyd.condition import leaves
from policyd.effect import EventOutput
from policyd.kernel.bpf.btf import Btf
from policyd.kernel.bpf.btf_format import Kind
from policyd.resolve.accessors import pointed, record
from policyd.value import Argument, Shift, Step, Through, Walk
from policyd.vocabulary.accessors import ACCESSORS, RECORDS, Accessor, accessors_of
from policyd.vocabulary.types import Shape
from policyd.walk import RAW

EXEC, SOCKET = "{raw_tracepoint: sched_process_exec}", "{raw_tracepoint: inet_sock_set_state}"


@pytest.fixture(scope="module")
def btf() -> Btf:
    return saved_target().btf


def named(row: Accessor) -> str:
    return f"{row.of}.{row.name}"


# ------------------------------------------------------------------------------------------------ the table


@pytest.mark.parametrize("of", sorted({row.of for row in ACCESSORS}))
def test_no_accessor_has_the_name_of_a_member(btf: Btf, of: str) -> None:
    """`args.file.NAME` means the same on every kernel; and no type hides its members behind a member `btf`."""
    type_ = btf.named(of)
    assert type_ is not None, "a row of a type that this kernel has not"
    members = {member.name for member in btf.all_members(type_)}

    assert {name.partition(".")[0] for name in accessors_of(of)} & members == set()
    assert RAW not in members


@pytest.mark.parametrize("row", ACCESSORS, ids=named)
def test_every_accessor_is_a_value_on_this_kernel(btf: Btf, row: Accessor) -> None:
    start = btf.named(row.of)
    assert start is not None
    value = pointed(saved_target(), Argument(0), start, row.name.split("."), f"args.x.{row.name}")

    assert (value.type.kind, value.type.shape, value.type.size) == (row.type.kind, row.type.shape, row.type.size)
    assert value.can_be_absent
    assert value.can_be_unread
    assert isinstance(value.access, Through if row.accessor else Walk)
    if row.constants or row.enum:
        assert value.type.symbols


@pytest.mark.parametrize("row", [row for row in ACCESSORS if not row.accessor], ids=named)
def test_a_member_that_stands_for_a_field_has_its_size(btf: Btf, row: Accessor) -> None:
    """A number is loaded in the size of the row's type, which must be the member's."""
    start = btf.named(row.of)
    assert start is not None
    walked = saved_target().walk(start, row.through.split("."))

    assert (walked.type.shape, walked.type.size) == (Shape.NUMBER, row.type.size)


def test_every_c_accessor_has_a_file() -> None:
    written = {name for family in FAMILIES for name in family.accessors}
    assert {row.accessor for row in ACCESSORS if row.accessor} <= written


@pytest.mark.parametrize(("of", "group"), RECORDS)
def test_every_record_can_be_shown(btf: Btf, of: str, group: str) -> None:
    start = btf.named(of)
    assert start is not None
    for path in RECORDS[of, group]:
        assert pointed(saved_target(), Argument(0), start, path.split("."), path).type


def test_operations_have_the_names_of_this_kernel(btf: Btf) -> None:
    start = btf.named("struct request")
    assert start is not None
    symbols = dict(pointed(saved_target(), Argument(0), start, ["operation"], "x").type.symbols)

    assert (symbols[0], symbols[1], symbols[3]) == ("read", "write", "discard")


# ------------------------------------------------------------------------------------------------ in policies


def access(path: str, hook: str = EXEC) -> object:
    """Return how the column `path` of an event is got."""
    (output,) = rule(hook, outputs=f"[{{event: {{fields: ['{path}']}}}}]").outputs
    assert isinstance(output, EventOutput)
    return output.values[0].access


def columns(path: str, hook: str = EXEC) -> list[str]:
    (output,) = rule(hook, outputs=f"[{{event: {{fields: ['{path}']}}}}]").outputs
    assert isinstance(output, EventOutput)
    return [value.path for value in output.values]


def test_an_accessor_follows_members_and_goes_into_them() -> None:
    steps = (Step("struct linux_binprm", "file"), Shift("struct file", "f_path"))

    assert access("args.bprm.file.path") == Through("path_path", Argument(2), steps)
    assert access("args.bprm.file.f_path.path") == Through("path_path", Argument(2), steps)


def test_a_socket_is_read_through_its_sock() -> None:
    found = access("args.sk.sk_socket.flow.dst.port", SOCKET)

    assert found == Through("sock_dst_port", Argument(0), (Step("struct sock", "sk_socket"), Step("struct socket", "sk")))


def test_btf_is_the_member_itself() -> None:
    assert access("args.bprm.file.btf.f_flags") == access("args.bprm.file.f_flags")
    assert "no member path" in problem(one_rule(EXEC, "[{field: args.bprm.file.btf.path, operator: Exists}]")).message


def test_an_object_stands_for_its_record() -> None:
    flow = [f"args.sk.flow.{name}" for name in ("family", "protocol", "src.ip", "src.port", "dst.ip", "dst.port")]

    assert columns("args.sk", SOCKET) == columns("args.sk.flow", SOCKET) == flow
    assert columns("args.bprm") == ["args.bprm.file.path", "args.bprm.argv"]
    assert columns("args.bprm.file") == ["args.bprm.file.path"]
    assert columns("args.p.cred.capabilities")[0] == "args.p.cred.capabilities.effective"


def test_all_arguments_stand_for_the_records_of_those_that_have_one() -> None:
    task = columns("args.p")
    assert task[0] == "args.p.process.pid"
    assert columns("args") == [*task, "args.old_pid", "args.bprm.file.path", "args.bprm.argv"]


def test_a_pointer_without_a_record_stays_a_number() -> None:
    assert columns("args.p.mm") == ["args.p.mm"]
    assert columns("args.sk.sk_prot_creator", SOCKET) == ["args.sk.sk_prot_creator"]


def test_capabilities_are_bits_and_never_the_number_as_a_mask() -> None:
    found = rule(EXEC, "[{field: args.p.cred.capabilities.effective, operator: AnyBits, values: [CAP_SYS_ADMIN, net_raw]}]")
    (test,) = leaves(found.condition)

    assert test.operands == (1 << 21 | 1 << 13,)


def test_a_raw_set_of_capabilities_is_typed_as_the_accessor() -> None:
    found = typed(
        one_rule(EXEC, outputs="[{event: {fields: [args.p.cred.cap_effective, args.p.cred.capabilities.effective]}}]")
    )
    (output,) = found.rules[0].outputs
    assert isinstance(output, EventOutput)

    assert len({value.type for value in output.values}) == 1
    assert len({value.access for value in output.values}) == 1


def test_container_of_leads_to_the_struct_around() -> None:
    assert access("args.sk.container_of(inet_sock.sk).inet_sport", SOCKET) == Walk(
        Argument(0), (Shift("struct inet_sock", "sk", back=True), Step("struct inet_sock", "inet_sport"))
    )


def test_container_of_an_embedded_struct_begins_with_its_address() -> None:
    found = access("args.bprm.file.f_path.container_of(file.f_path).f_flags")
    assert isinstance(found, Walk)

    assert found.steps == (
        Step("struct linux_binprm", "file"),
        Shift("struct file", "f_path"),
        Shift("struct file", "f_path", back=True),
        Step("struct file", "f_flags"),
    )


@pytest.mark.parametrize(
    ("path", "hook", "message", "hint"),
    [
        ("args.sk.flow.dst.prt", SOCKET, "struct sock has no field flow.dst.prt", "args.sk.flow.dst.port"),
        ("args.sk.flow", SOCKET, "flow of struct sock stands for several fields", "flow.dst.port"),
        ("args.sk.flow.dst", SOCKET, "flow.dst of struct sock stands for several fields", "flow.dst.ip"),
        ("args.bprm.file.pth", EXEC, "struct file has no member pth", "path"),
        ("args.sk.container_of(inet_sok.sk).x", SOCKET, "no type inet_sok (types of modules are not known)", ""),
        ("args.sk.container_of(file.f_path).x", SOCKET, "f_path of struct file is struct path, and not the struct sock", ""),
        ("args.sk.__sk_common", SOCKET, "name one of its members", "args.sk.__sk_common.skc_"),
        ("args.sk.container_of(inet_sock.sk)", SOCKET, "it is struct inet_sock: name one of its members", "args.sk."),
        ("args.bprm.file.btf.pth", EXEC, "no member pth", "args.bprm.file.btf.f_"),
        ("args.bprm.btf", EXEC, "a walk needs a member's name", ""),
    ],
)
def test_what_is_not_there_is_told_with_what_is(path: str, hook: str, message: str, hint: str) -> None:
    found = problem(one_rule(hook, f"[{{field: '{path}', operator: Exists}}]"))

    assert message in found.message
    assert hint in found.hint


def test_a_record_is_found_by_the_end_of_the_path(btf: Btf) -> None:
    start = btf.find("linux_binprm", Kind.STRUCT)
    assert start is not None

    assert record(saved_target(), start, ["file", "f_path"]) == ("file.f_path.path",)
    assert record(saved_target(), start, ["mm"]) is None
    assert record(saved_target(), start, ["nothing"]) is None
