"""Tables: what a policy declares as maps, look-ups as values, writes of rules, and the rules that policyd adds for them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from resolving import HOST, one_rule, policy_text, problem, problems, resolved, saved_target, typed

from policyd.effect import TableWrite
from policyd.kernel.bpf.btf import Btf
from policyd.layout import Layout
from policyd.parsing import parse_policies
from policyd.resolve import resolve
from policyd.target import Target
from policyd.tracefs import SavedFormats
from policyd.unit import Unit, gather
from policyd.value import ROW, Lookup, Walk
from policyd.vocabulary.syscalls import syscalls

BIRTHS = "births: {key: {sk: sock}, value: {born: time, pid: pid, comm: string16}}"
HELD = "held: {key: {who: thread, fd: u64}, value: {n: u64}}"
STATE = "{tracepoint: sock/inet_sock_set_state}"


def tables(*declared: str) -> str:
    return f"tables: {{{', '.join(declared)}}}"


def writing(*writes: str, hook: str = STATE, outputs: str = "") -> str:
    return one_rule(hook, outputs=outputs, more=f"tables: [{', '.join(writes)}]")


def reading(*expressions: str, hook: str = STATE) -> str:
    fields = ", ".join(f'c{number}: "{text}"' for number, text in enumerate(expressions))
    return one_rule(hook, outputs=f"[{{event: {{fields: {{{fields}}}}}}}]")


def columns(layout: Layout | None) -> list[tuple[str, str, int]]:
    assert layout is not None
    return [(column.name, column.type.kind, column.type.size) for column in layout.columns]


def test_a_table_is_a_map_of_the_policy_and_evicts_unless_it_is_told_not_to() -> None:
    rule = writing("{set: births, key: [args.skaddr], value: {born: time}}", "{set: few, key: [args.sport], value: [time]}")
    policy = typed(rule, tables(BIRTHS, "few: {key: {port: port}, value: {at: time}, maxEntries: 16, evict: false}"))
    births, few = policy.maps
    assert (births.purpose, births.map_class.type, births.max_entries) == ("table", "lru_hash", 10240)
    assert columns(births.key) == [("sk", "hex", 8)]
    assert columns(births.value) == [("born", "time", 8), ("pid", "pid", 4), ("comm", "string", 16)]
    assert (few.map_class.type, few.max_entries) == ("hash", 16)


def test_a_thread_is_kept_with_the_time_of_its_start() -> None:
    rule = writing("{set: held, key: [process.tid, args.fd], value: {n: args.count}}", hook="{syscall: read}")
    (spec,) = typed(rule, tables(HELD)).maps
    assert columns(spec.key) == [("who", "pid", 4), ("who_started", "time", 8), ("fd", "u64", 8)]


@pytest.mark.parametrize(
    ("kind", "key", "paths"),
    [
        ("thread", "process.tid", ["process.tid", "process.task.start_boottime"]),
        ("thread", "args.p", ["args.p.pid", "args.p.start_boottime"]),
        ("process", "process.pid", ["process.pid", "process.start_time"]),
        ("process", "process.parent.pid", ["process.parent.pid", "process.parent.start_time"]),
        ("process", "args.p.process.pid", ["args.p.process.pid", "args.p.process.start_time"]),
        ("process", "args.p", ["args.p.tgid", "args.p.group_leader.start_boottime"]),
        ("cgroup", "process.cgroup", ["process.cgroup"]),
    ],
)
def test_a_thing_is_found_behind_what_a_policy_names(kind: str, key: str, paths: list[str]) -> None:
    rule = writing(f"{{set: t, key: [{key}], value: [time]}}", hook="{raw_tracepoint: sched_process_exec}")
    (write,) = typed(rule, tables(f"t: {{key: {{k: {kind}}}, value: {{at: time}}}}")).rules[0].writes
    assert [value.path for value in write.keys] == paths


def test_a_file_is_its_device_number_and_generation() -> None:
    rule = writing("{set: t, key: [args.bprm.file], value: [time]}", hook="{raw_tracepoint: sched_process_exec}")
    policy = typed(rule, tables("t: {key: {file: inode}, value: {at: time}}"))
    (write,) = policy.rules[0].writes
    paths = [value.path.removeprefix("args.bprm.file.f_inode.") for value in write.keys]
    assert paths == ["i_ino", "i_sb.s_dev", "i_generation"]
    assert [name for name, _, _ in columns(policy.maps[0].key)] == ["file", "file_device", "file_generation"]


def test_a_lookup_is_a_value_that_can_be_absent_and_its_row_is_looked_up_once() -> None:
    rules = reading("births[args.skaddr].born", "births[args.skaddr].comm", "has(births[args.skaddr])")
    policy = typed(rules, tables(BIRTHS))
    (output,) = policy.rules[0].outputs
    born, comm, there = output.values  # type: ignore[union-attr]
    assert isinstance(born.access, Lookup)
    assert (born.path, born.type.kind, born.can_be_absent) == ("births[args.skaddr].born", "time", True)
    assert (born.access.column, comm.access.column) == (0, 2)
    assert born.access.row == comm.access.row == there.access.operands[0]
    assert born.access.row.access.column == ROW
    (unit,) = (unit for unit in gather([policy]).units if unit.rules)
    assert unit.map_keys == (("tried", "births"),)


def test_the_only_column_of_a_table_need_not_be_named() -> None:
    (output,) = typed(reading("held[process.tid, 3]", hook="{syscall: read}"), tables(HELD)).rules[0].outputs
    assert [value.path for value in output.values] == ["held[process.tid, 3].n"]  # type: ignore[union-attr]


def test_a_list_gives_values_in_the_order_of_the_columns_and_a_mapping_by_name() -> None:
    rule = writing(
        "{set: births, key: [args.skaddr], value: [time, process.pid, process.comm]}",
        "{set: births, key: {sk: args.skaddr}, value: {comm: process.comm}, ifAbsent: true}",
        "{unset: births, key: [args.skaddr]}",
    )
    every, some, gone = typed(rule, tables(BIRTHS)).rules[0].writes
    assert [(number, value.path) for number, value in every.columns] == [
        (0, "time"),
        (1, "process.pid"),
        (2, "process.comm"),
    ]
    assert [(number, value.path) for number, value in some.columns] == [(2, "process.comm")]
    assert (every.if_absent, some.if_absent) == (False, True)
    assert gone == TableWrite("births", "unset", every.keys)


def test_a_constant_is_read_by_the_type_of_its_column() -> None:
    declared = "t: {key: {p: protocol, s: signal, n: string16}, value: {d: duration, u: uid, e: errno}}"
    write = """{set: t, key: [tcp, SIGKILL, "'a'"], value: {d: 10ms, u: root, e: EPERM}}"""
    shown = "[{event: {fields: {u: \"t[tcp, SIGKILL, 'a'].u\"}}}]"
    made = typed(one_rule(STATE, outputs=shown, more=f"tables: [{write}]"), tables(declared)).rules[0]
    (row,) = made.writes
    assert [value.access.number for value in row.keys[:2]] == [6, 9]  # type: ignore[union-attr]
    assert [value.access.number for _, value in row.columns] == [10_000_000, 0, 1]  # type: ignore[union-attr]
    (output,) = made.outputs
    assert output.values[0].access.keys == row.keys  # type: ignore[union-attr]


def added(
    *declared: str, write: str, hook: str = "{raw_tracepoint: sched_process_exec}"
) -> list[tuple[str, str, list[str]]]:
    """Return the rules that policyd adds: their name, hook and tests."""
    _, *others = typed(writing(write, hook=hook), tables(*declared)).rules
    found = []
    for rule in others:
        assert [write.kind for write in rule.writes] == ["unset"]
        tests = [f"{part.value.path} {part.operator}" for part in rule.condition.parts]  # type: ignore[union-attr]
        found.append((rule.name, rule.attach_point.key, tests))
    return found


def test_rows_of_what_ends_are_dropped_by_a_rule_that_policyd_adds() -> None:
    exits = "raw_tracepoint:sched_process_exit"
    thread = added("t_1: {key: {k: thread}, value: {at: time}}", write="{set: t_1, key: [args.p], value: [time]}")
    assert thread == [("t-1-ends", exits, [])]
    process = added("t: {key: {k: process}, value: {at: time}}", write="{set: t, key: [args.p], value: [time]}")
    assert process == [("t-ends", exits, ["args[0].signal.live.counter LessOrEqual"])]
    closes = added(BIRTHS, write="{set: births, key: [args.skaddr], value: {born: time}}", hook=STATE)
    assert closes == [("births-ends", "tracepoint:sock/inet_sock_set_state", ["args.newstate Equal"])]


def test_a_socket_ends_where_it_is_freed_if_functions_are_known_to_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = replace(saved_target(), features={"fentry": True})
    monkeypatch.setattr("resolving.saved_target", lambda: seen)
    closes = added(BIRTHS, write="{set: births, key: [args.skaddr], value: {born: time}}", hook=STATE)
    assert [(name, point) for name, point, _ in closes] == [
        ("births-ends", "tracepoint:sock/inet_sock_set_state"),
        ("births-freed", "fentry:inet_sock_destruct"),
    ]


def test_a_row_about_several_things_or_about_none_is_left_to_the_policy() -> None:
    assert added(HELD, write="{set: held, key: [process.tid, 3], value: [1]}") == []
    assert added("t: {key: {n: u64}, value: {at: time}}", write="{set: t, key: [1], value: [time]}") == []


def test_a_kernel_without_the_hook_of_an_ending_says_so_and_keeps_the_table() -> None:
    write = "{set: t, key: [process.cgroup], value: [time]}"
    text = policy_text(writing(write, hook="{syscall: openat}"), tables("t: {key: {c: cgroup}, value: {at: time}}"))
    (written,) = parse_policies(text.encode(), "tried.yaml").require()
    others = {f"syscalls/sys_enter_{call.event}": "" for call in syscalls("x86_64").values() if call.event}
    policy = resolve(written, Target("x86_64", "6.18", "some formats", SavedFormats(others), Btf.load), HOST).policy
    assert [spec.name for spec in policy.maps] == ["t"]
    assert [rule for rule, _ in policy.not_applicable] == ["t-ends"]


def test_the_start_of_a_thread_is_walked_to_from_the_task_that_is_named() -> None:
    rule = writing("{set: t, key: [args.child], value: [time]}", hook="{raw_tracepoint: sched_process_fork}")
    (write,) = typed(rule, tables("t: {key: {k: thread}, value: {at: time}}")).rules[0].writes
    assert all(isinstance(value.access, Walk) and value.access.base.index == 1 for value in write.keys)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("rules", "code", "message", "hint"),
    [
        (reading("birth[args.skaddr].born"), "unknown-table", "there is no table `birth`", "did you mean `births`?"),
        (reading("births[args.skaddr].bron"), "unknown-column", "births has no column `bron`", "did you mean `born`?"),
        (reading("births[args.skaddr]"), "unknown-column", "has several columns: name one", "it has born, pid or comm"),
        (reading("held[process.tid]"), "key-columns", "has 2 columns (who, fd), not 1", "held[who, fd]"),
        (reading("held[process.pid, 1]"), "key-does-not-fit", "process.pid is none", "as process.tid"),
        (reading("births[args.sport].born"), "key-does-not-fit", "args.sport is none", "as args.sk"),
        (writing("{set: birth, key: [args.skaddr], value: {born: time}}"), "unknown-table", "no table `birth`", "births"),
        (writing("{set: births, key: [args.skaddr], value: {bron: time}}"), "unknown-column", "no column `bron`", "born"),
        (writing("{set: births, key: {sock: args.skaddr}, value: {born: time}}"), "unknown-column", "`sock`", "`sk`"),
        (writing("{set: births, key: [args.skaddr], value: [time]}"), "unknown-column", "in this order", "name those"),
        (writing("{unset: births, key: [args.skaddr, 1]}"), "key-columns", "one column (sk), not 2", "name each"),
        (
            writing("{set: births, key: [args.skaddr], value: {born: args.sport}}"),
            "value-does-not-fit",
            "born of births is time, and args.sport is port",
            "declare the column as port",
        ),
        (
            writing("{set: births, key: [args.skaddr], value: {pid: args.skaddr}}"),
            "value-does-not-fit",
            "is a number of 64 bits",
            "declare the column as u64",
        ),
        (
            writing("{set: births, key: [args.skaddr], value: {pid: process.comm}}"),
            "value-does-not-fit",
            "process.comm is string",
            "declare the column as string",
        ),
    ],
)
def test_what_is_wrong_with_a_lookup_or_a_write_is_told_with_what_to_do(
    rules: str, code: str, message: str, hint: str
) -> None:
    wrong = problem(rules, tables(BIRTHS, HELD))
    assert wrong.code == code
    assert message in wrong.message
    assert hint in wrong.hint


@pytest.mark.parametrize(
    ("table", "code", "message"),
    [
        ("t: {key: {k: thread}, value: {n: sock}}", "unknown-type", "only a key can be a sock"),
        ("t: {key: {k: treads}, value: {n: u64}}", "unknown-type", "there is no type `treads`"),
        ("t: {key: {k: u64}, value: {n: paths}}", "unknown-type", "a list of paths cannot be a column"),
        ("t: {key: {k: string512, l: string512, m: u8}, value: {n: u64}}", "row-too-long", "the key has 1,032 bytes"),
        ("t: {key: {k: u64}, value: {n: string1025}}", "row-too-long", "the value has 1,032 bytes"),
        ("t: {key: {k: thread}, value: {k_started: time}}", "duplicate-column", "two columns `k_started`"),
        ("t: {key: {k: u64}, value: {k: u64}}", "duplicate-column", "two columns `k`"),
    ],
)
def test_what_is_wrong_with_a_table_is_told_once(table: str, code: str, message: str) -> None:
    (wrong,) = problems(writing("{set: t, key: [process.tid], value: [1]}"), tables(table))
    assert wrong.code == code
    assert message in wrong.message


def test_a_table_and_a_metric_of_one_name_are_told_apart() -> None:
    rule = writing("{set: seen, key: [args.sport], value: [time]}", outputs="[{counter: {name: seen, help: Seen}}]")
    assert problem(rule, tables("seen: {key: {p: port}, value: {at: time}}")).code == "name-taken"


def test_a_table_that_only_half_of_what_it_is_for_is_done_with_is_a_warning() -> None:
    found = resolved(
        writing("{set: births, key: [args.skaddr], value: {born: time}}", outputs="[{event: {fields: {n: 'r[1]'}}}]"),
        tables(BIRTHS, "r: {key: {k: u64}, value: {n: u64}}", "idle: {key: {k: u64}, value: {n: u64}}"),
    )
    assert [(one.code, one.path[-1]) for one in found.warnings] == [
        ("never-read", "births"),
        ("never-written", "r"),
        ("unused-table", "idle"),
    ]
    assert [spec.name for spec in found.policy.maps] == ["births", "r"]


def test_a_table_at_a_hardware_event_that_another_hook_writes_to_must_not_evict() -> None:
    rules = (
        writing("{set: t, key: [process.tid], value: [time]}", hook="{perf: {event: cycles, frequency: 99}}")
        + "\n"
        + writing("{set: t, key: [process.tid], value: [time]}", hook="{raw_tracepoint: sched_process_exec}").replace(
            "name: it", "name: other"
        )
    )
    found = problems(rules, tables("t: {key: {k: thread}, value: {at: time}}"))
    assert {one.code for one in found} <= {"shared-eviction", "no-counter"}
    assert found


def test_the_maps_of_a_unit_are_those_that_its_rules_write_to_or_look_into() -> None:
    policy = typed(
        writing("{set: held, key: [process.tid, 'births[args.skaddr].born'], value: [1]}"),
        tables(BIRTHS, HELD.replace("fd: u64", "fd: time")),
    )
    (unit,) = gather([policy]).units
    assert isinstance(unit, Unit)
    assert unit.map_keys == (("tried", "births"), ("tried", "held"))
