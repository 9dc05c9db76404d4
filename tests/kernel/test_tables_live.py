"""Tables on this kernel: what rules write, what the next event reads, and what stays of it.

The values are chosen by the test: the count argument of reads from a descriptor that there is not.
"""

from __future__ import annotations

import ctypes
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from conftest import Host, both_builders
from load import OF_ANYBODY, Load, compile_loop

from policyd.reading import open_policy

pytestmark = pytest.mark.kernel

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.syscall.restype = ctypes.c_long
READ = 0
FD = 987_654

HEAD = """
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {name: kept}
spec:
"""
MINE = f"{{field: process.pid, operator: Equal, value: {os.getpid()}}}, {{field: args.fd, operator: Equal, value: {FD}}}"


def policy(tables: str, *rules: str) -> str:
    """Return a policy about reads of this test; a rule begins with its name."""
    text = f"{HEAD}  tables: {{{tables}}}\n  rules:\n"
    for rule in rules:
        name, _, rest = rule.partition(" ")
        filters, _, rest = rest.partition(" -> ")
        more = f", {filters}" if filters else ""
        text += f"    - {{name: {name}, hook: {{syscall: read}}, filters: [{MINE}{more}], {rest}}}\n"
    return text


def read(*counts: int) -> None:
    for count in counts:
        LIBC.syscall(READ, FD, None, ctypes.c_ulong(count))


def rows(host: Host, table: str = "t") -> list[dict[str, Any]]:
    return open_policy(host.kernel, "kept").rows(table)


def shown(host: Host) -> list[tuple[str, Any]]:
    return [(event.origin.rule, event.fields["was"]) for event in open_policy(host.kernel, "kept").events()]


@both_builders
def test_all_rules_see_the_table_as_it_was_and_write_in_the_order_of_the_file(host: Host) -> None:
    host.apply(
        policy(
            "t: {key: {pid: pid, name: string16}, value: {n: u64, comm: string16}}",
            "one  -> outputs: [{event: {fields: {was: 't[process.pid, process.comm].n'}}}], "
            "tables: [{set: t, key: [process.pid, process.comm], value: [args.count, process.comm]}]",
            "two {expr: 't[process.pid, process.comm].n == 7'} -> "
            "outputs: [{event: {fields: {was: 't[process.pid, process.comm].comm'}}}], "
            "tables: [{set: t, key: {name: process.comm, pid: process.pid}, "
            "value: {n: 't[process.pid, process.comm].n * 100 + args.count'}}]",
        )
    )
    comm = Path("/proc/self/comm").read_text().strip()

    read(7, 9, 3)

    assert shown(host) == [("one", None), ("one", 7), ("two", comm), ("one", 709)]
    assert rows(host) == [{"pid": os.getpid(), "name": comm, "n": 3, "comm": comm}]


@both_builders
def test_columns_that_are_not_named_stay_and_a_row_that_is_unset_is_gone(host: Host) -> None:
    host.apply(
        policy(
            "t: {key: {n: u64}, value: {first: u64, last: u64, name: string32}}",
            "new {field: args.count, operator: Less, value: 100} -> "
            "tables: [{set: t, key: [args.count], value: {first: args.count, name: process.comm}, ifAbsent: true}]",
            "late {field: args.count, operator: InRange, value: 100..199} -> "
            "tables: [{set: t, key: ['args.count - 100'], value: {last: args.count}}]",
            "gone {field: args.count, operator: GreaterOrEqual, value: 200} -> "
            "tables: [{unset: t, key: ['args.count - 200']}]",
        )
    )
    comm = Path("/proc/self/comm").read_text().strip()

    read(1, 2, 101, 1, 103, 202)

    assert rows(host) == [
        {"n": 1, "first": 1, "last": 101, "name": comm},
        {"n": 3, "first": 0, "last": 103, "name": ""},
    ]


def test_what_is_absent_is_not_written_and_a_full_table_turns_rows_away_and_both_are_counted(host: Host) -> None:
    host.apply(
        policy(
            "t: {key: {n: u64}, value: {m: u64}, maxEntries: 4, evict: false}",
            "divided  -> tables: [{set: t, key: [args.count], value: {m: '100 / args.count'}}]",
        )
    )

    read(0, *range(1, 7), 2, 0)

    assert rows(host) == [{"n": n, "m": 100 // n} for n in range(1, 5)]
    account = host.account("kept")
    assert (account["table_absent"], account["table_full"]) == (2, 2)


def test_a_table_that_evicts_has_room_for_ever_new_rows(host: Host) -> None:
    host.apply(
        policy(
            "t: {key: {n: u64}, value: {m: u64}, maxEntries: 1000}",
            "all  -> tables: [{set: t, key: [args.count], value: [args.count]}]",
        )
    )

    read(*range(5000))

    found = rows(host)
    assert 0 < len(found) <= 1000
    assert found[-1] == {"n": 4999, "m": 4999}
    assert host.account("kept")["table_full"] == 0


def test_rules_in_a_later_program_of_a_chain_see_the_table_as_it_was(host: Host) -> None:
    rules = [
        f"rule-{n}  -> outputs: [{{event: {{fields: {{was: 't[process.pid].n'}}}}}}], "
        f"tables: [{{set: t, key: [process.pid], value: ['args.count + {n}']}}]"
        for n in (0, 99)
    ]
    idle = [
        f"idle-{n} {{field: args.count, operator: Equal, value: {n + 9999}}} -> outputs: [{{event: {{fields: [args.fd]}}}}]"
        for n in range(98)
    ]
    host.apply(policy("t: {key: {pid: pid}, value: {n: u64}}", rules[0], *idle, rules[1]))

    read(1, 5)

    assert shown(host) == [("rule-0", None), ("rule-99", None), ("rule-0", 100), ("rule-99", 100)]
    assert rows(host) == [{"pid": os.getpid(), "n": 104}]


def test_rows_outlive_another_rule_and_not_another_layout(host: Host) -> None:
    table = "t: {key: {n: u64}, value: {m: u64}}"
    rule = "all  -> tables: [{set: t, key: [args.count], value: [args.fd]}]"
    host.apply(policy(table, rule))
    read(1, 2)
    counted = "more  -> outputs: [{counter: {name: reads_total}}]"

    host.apply(policy(table, rule, counted))
    read(3)

    assert [row["n"] for row in rows(host)] == [1, 2, 3]
    other = policy(table.replace("m: u64", "m: u64, k: u64"), rule.replace("[args.fd]", "{m: args.fd}"))
    assert any("its rows are lost" in step for step in host.pending_steps(other))
    host.apply(other)
    assert rows(host) == []


def test_rows_of_threads_that_ended_are_gone_after_ten_thousand_of_them(host: Host) -> None:
    host.apply(
        policy(
            "t: {key: {thread: thread}, value: {n: u64}, maxEntries: 20000}",
            "all  -> outputs: [{event: {fields: {was: 't[process.tid].n'}}}], "
            "tables: [{set: t, key: [process.tid], value: [args.count]}]",
        )
    )

    def many() -> None:
        for n in range(2500):
            thread = threading.Thread(target=read, args=(n,))
            thread.start()
            thread.join()

    makers = [threading.Thread(target=many) for _ in range(4)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    read(1)

    assert [row["thread"] for row in rows(host)] == [threading.get_native_id()]
    assert {was for _, was in shown(host)} == {None}, "a thread read the row of one that had ended"


def test_the_row_of_a_process_goes_with_its_last_thread(host: Host) -> None:
    host.apply(
        f"{HEAD}  tables: {{t: {{key: {{who: process}}, value: {{n: u64}}}}}}\n"
        "  rules:\n"
        "    - name: all\n"
        "      hook: {syscall: read}\n"
        f"      filters: [{{field: args.fd, operator: Equal, value: {FD}}}]\n"
        "      tables: [{set: t, key: [process.pid], value: [args.count]}]\n"
    )
    thread = threading.Thread(target=read, args=(5,))

    thread.start()
    thread.join()
    for number in range(20):
        child_reads(number)

    assert [(row["who"], row["n"]) for row in rows(host)] == [(os.getpid(), 5)]


def test_a_process_does_not_read_the_row_of_one_that_had_its_number(host: Host) -> None:
    host.apply(
        f"{HEAD}  tables: {{t: {{key: {{fd: u64, who: process}}, value: {{n: u64}}}}}}\n"
        "  rules:\n"
        "    - name: all\n"
        "      hook: {syscall: read}\n"
        f"      filters: [{{field: args.fd, operator: Equal, value: {FD}}}]\n"
        "      outputs: [{event: {fields: {was: 't[args.fd, process.pid].n'}}}]\n"
        "      tables: [{set: t, key: [args.fd, process.pid], value: [args.count]}]\n"
    )

    first = child_reads(1, 2)
    while child_reads(3, last_pid=first - 1) != first:
        pass  # somebody else was given the number

    assert [was for _, was in shown(host)][:3] == [None, 1, None]
    assert [row["n"] for row in rows(host) if row["who"] == first] == [2, 3]


def child_reads(*counts: int, last_pid: int = 0) -> int:
    """Return the number of a process that has read and ended; `last_pid`: the kernel is to give the number behind it."""
    if last_pid:
        Path("/proc/sys/kernel/ns_last_pid").write_text(str(last_pid))
    child = os.fork()
    if not child:
        read(*counts)
        os._exit(0)
    os.waitpid(child, 0)
    return child


def test_a_row_counts_every_event_while_its_policy_is_replaced(host: Host, tmp_path: Path) -> None:
    count = "(t[process.comm].n ?? 0) + 1"
    versions = [
        f"{HEAD}  tables: {{t: {{key: {{comm: string16}}, value: {{n: u64}}}}}}\n"
        "  rules:\n"
        "    - name: all\n"
        "      hook: {syscall: getppid}\n"
        f"      filters: [{{field: process.comm, operator: Equal, value: pd-loop}}, {{field: {second}}}]\n"
        f"      tables: [{{set: t, key: [process.comm], value: {{n: '{count}'}}}}]\n"
        for second in OF_ANYBODY
    ]
    host.apply(versions[0])
    load = Load(compile_loop(tmp_path), "calls")

    load.start()
    for number in range(1, 31):
        host.apply(versions[number % 2])
    made = load.finish()

    assert made > 10_000
    assert rows(host) == [{"comm": "pd-loop", "n": made}]
