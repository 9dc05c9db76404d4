"""Every page that can be asked for is there, says what it must, and has tables whose rows fit."""

from __future__ import annotations

import pytest
from resolving import saved_target

from policyd.errors import NotFoundError
from policyd.explain import EXAMPLES, LISTS, THINGS, explain
from policyd.page import Page
from policyd.vocabulary.actions import ACTIONS
from policyd.vocabulary.fields import FIELDS, GROUPS
from policyd.vocabulary.hooks import HOOK_KINDS
from policyd.vocabulary.kinds import KINDS
from policyd.vocabulary.operators import OPERATORS
from policyd.vocabulary.outputs import OUTPUTS

NAMES = {
    "hook": [row.key for row in HOOK_KINDS],
    "field": [*(row.path for row in FIELDS), *GROUPS],
    "type": list(KINDS),
    "operator": list(OPERATORS),
    "output": list(OUTPUTS),
    "action": list(ACTIONS),
}
EVERY = [(topic, "") for topic in LISTS] + [(topic, name) for topic, names in NAMES.items() for name in names]


def text(page: Page) -> str:
    cells = [cell for table in page.tables for row in table.rows for cell in row]
    return "\n".join([page.title, *page.paragraphs, *cells])


@pytest.mark.parametrize(("topic", "name"), EVERY)
def test_every_name_has_a_page_whose_tables_are_whole(topic: str, name: str) -> None:
    page = explain(topic, name, saved_target())
    assert page.title
    assert page.tables
    for table in page.tables:
        assert table.rows
        assert all(len(row) == len(table.headings) for row in table.rows)


@pytest.mark.parametrize("topic", THINGS)
def test_the_example_of_a_topic_works_and_is_given_where_a_name_is_missing(topic: str) -> None:
    assert explain(topic, EXAMPLES[topic], saved_target()).title
    with pytest.raises(NotFoundError, match=EXAMPLES[topic]):
        explain(topic, "", saved_target())


def test_a_system_call_shows_its_arguments_and_the_ways_round_it() -> None:
    shown = text(explain("hook", "syscall:openat", saved_target()))
    for word in ("args.filename", "path", "O_CREAT", "32-bit", "io_uring", "ret", "signal"):
        assert word in shown


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "function:vfs_read",
            ("Here, at enter: fentry:vfs_read", "Here, at exit: fexit:vfs_read", "args.count", "ret.errno"),
        ),
        ("function:vfs_read", ("nobody can decide what vfs_read returns", "{lsm: file_permission} can deny it")),
        ("function:security_file_open", ("Verdicts are taken at fmod_ret:security_file_open", "struct file *")),
        ("kprobe:vfs_read+0x10", ("args.file", "by a breakpoint")),
        ("lsm:file_open", ("Here: lsm:file_open", "args.file", "members: args.file.NAME")),
        ("fexit:tcp_v4_rcv", ("or in an interrupt, as it happens", "args.skb")),
    ],
)
def test_a_function_shows_what_sees_it_who_decides_and_its_arguments(name: str, words: tuple[str, ...]) -> None:
    shown = text(explain("hook", name, saved_target()))
    assert [word for word in words if word not in shown] == []


def test_a_system_call_shows_how_32_bit_callers_make_it() -> None:
    shown = text(explain("hook", "syscall:connect", saved_target()))
    assert "socketcall (number 102), call 3" in shown
    assert "__ia32_sys_connect" in shown
    tables = {table.title: table.rows for table in explain("hook", "syscall:pread64", saved_target()).tables}
    assert tables["32-bit callers"] == (("number 180", "__ia32_sys_ia32_pread64", "args.pos"),)
    assert "32-bit callers" not in {table.title for table in explain("hook", "syscall:uretprobe", saved_target()).tables}


def test_a_tracepoint_shows_its_fields_and_symbols() -> None:
    shown = text(explain("hook", "tracepoint:sock/inet_sock_set_state", saved_target()))
    assert "args.newstate" in shown
    assert "TCP_ESTABLISHED" in shown
    assert "common_pid" not in shown


def test_a_raw_tracepoint_shows_its_prototype() -> None:
    shown = text(explain("hook", "raw_tracepoint:sched_switch", saved_target()))
    assert "args.next.NAME" in shown
    assert "struct task_struct *" in shown


def test_an_interrupt_event_says_that_process_is_refused() -> None:
    assert "refused here" in text(explain("hook", "tracepoint:tcp/tcp_retransmit_skb", saved_target()))


def test_a_hook_lists_only_fields_that_can_be_read_there() -> None:
    shown = text(explain("hook", "xdp", saved_target()))
    assert "tcp.flags" in shown
    assert "process.pid" not in shown


def test_a_cgroup_hook_is_found_by_its_name() -> None:
    assert explain("hook", "connect4", saved_target()).title == "Hook cgroup:connect4"


def test_types_of_the_kernel_show_their_fields_and_members() -> None:
    shown = text(explain("type", "struct sock", saved_target()))
    assert "flow.dst.port" in shown
    assert "sk_protocol" in shown
    assert explain("type", "sock", saved_target()) == explain("type", "struct sock", saved_target())
    assert [table.title for table in explain("type", "struct mm_struct", saved_target()).tables] == ["Members"]


def test_a_field_behind_a_pointer_is_found_by_the_end_of_its_path() -> None:
    page = explain("field", "args.sk.flow.dst.port", saved_target())
    assert "struct sock, struct socket" in text(page)
    assert "port" in text(page)


def test_the_list_of_fields_has_those_of_types() -> None:
    assert "struct linux_binprm" in text(explain("fields", "", saved_target()))


@pytest.mark.parametrize(
    ("topic", "name", "hint"),
    [
        ("hok", "", "`hook`"),
        ("hook", "syscal:openat", "syscall"),
        ("hook", "syscall:opnat", "`openat`"),
        ("hook", "tracepoint:signal/signal_generat", "`signal/signal_generate`"),
        ("hook", "raw_tracepoint:sched_swich", "`sched_switch`"),
        ("hook", "netkti:eth0", "`netkit`"),
        ("hook", "function:vfs_raed", "`vfs_read`"),
        ("hook", "lsm:file_opn", "`file_open`"),
        ("field", "process.exee", "`process.exe`"),
        ("operator", "InCidr", "`InCIDR`"),
        ("output", "topK", "not supported yet"),
        ("action", "dney", "`deny`"),
        ("type", "u23", "`u32`"),
    ],
)
def test_an_unknown_name_has_near_misses(topic: str, name: str, hint: str) -> None:
    with pytest.raises(NotFoundError) as caught:
        explain(topic, name, saved_target())
    assert hint in str(caught.value)
