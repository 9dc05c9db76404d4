"""Spans: what a policy may write, the rules that they become, what is kept of a start, and what is wrong with others."""

from __future__ import annotations

import pytest
from resolving import one_rule, policy_text, problem, problems, resolved, typed

from policyd.condition import leaves
from policyd.effect import EventOutput
from policyd.layout import Column, Layout
from policyd.parsing import parse_policies
from policyd.policy import SpanHook
from policyd.reading.tables import _there
from policyd.unit import TypedPolicy, TypedRule
from policyd.value import Kept, Lookup, every_value

START = "start: {syscall: read, key: process.tid}"
END = "end: {syscall: lseek, key: process.tid}"
BOTH = f"{START}, {END}"


def paired(span: str, fields: str = "[span.duration]", filters: str = "", more: str = "") -> str:
    """Return a rule with this span."""
    return one_rule(f"{{span: {{{span}}}}}", filters, f"[{{event: {{fields: {fields}}}}}]", more)


def written(rule: str) -> list[tuple[str, str, str]]:
    """Return code, path and hint of what is wrong with a rule as it is written."""
    found = parse_policies(policy_text(rule).encode(), "tried.yaml").problems
    return [(one.code, ".".join(map(str, one.path[4:])), one.hint) for one in found]


def rules(policy: TypedPolicy) -> list[tuple[int, str, str, tuple[str, ...]]]:
    return [(rule.row, rule.name, rule.attach_point.target, tuple(one.kind for one in rule.writes)) for rule in policy.rules]


def asked(rule: TypedRule) -> list[str]:
    return [test.value.path for test in leaves(rule.condition)]


def columns(layout: Layout) -> list[tuple[str, str, int]]:
    return [(column.name, column.type.kind, column.type.size) for column in layout.columns]


# ------------------------------------------------------------------------------------------------ as it is written


def test_one_hook_is_a_list_of_one_and_what_is_not_said_has_a_default() -> None:
    (policy,) = parse_policies(policy_text(paired(BOTH)).encode(), "f").require()
    hook = policy.rules[0].hook
    assert isinstance(hook, SpanHook)
    assert (len(hook.starts), len(hook.ends), hook.cancels) == (1, 1, ())
    assert (hook.keep, hook.max_entries, hook.evict) == ("last", 10240, True)
    (again,) = parse_policies(policy.document.encode(), "f").require()
    assert again == policy


@pytest.mark.parametrize(
    ("span", "code", "path", "hint"),
    [
        (START, "missing-key", "span", "as {span:"),
        (f"{START}, end: []", "missing-key", "span.end", "as {span:"),
        (f"{START}, end: {{syscall: lseek}}", "missing-key", "span.end", "key: process.tid"),
        (f"{START}, end: {{key: process.tid}}", "missing-key", "span.end", "as {syscall:"),
        (f"{START}, end: {{syscall: lseek, key: []}}", "missing-key", "span.end.key", "key: process.tid"),
        (f"{START}, end: {{syscall: lseek, kye: cpu}}", "unknown-key", "span.end", "did you mean `key`?"),
        (f"{START}, end: {{sycall: lseek, key: cpu}}", "unknown-key", "span.end", "did you mean `syscall`?"),
        (f"{BOTH}, cancle: {{}}", "unknown-key", "span", "did you mean `cancel`?"),
        (f"{BOTH}, keep: frist", "unknown-value", "span.keep", "did you mean `first`?"),
        (f"{BOTH}, maxEntries: many", "bad-count", "span.maxEntries", ""),
        (f"{START}, end: {{span: {{{BOTH}}}, key: cpu}}", "conflicting-keys", "span.end", "write two rules"),
    ],
)
def test_what_is_no_span_is_told_where_it_stands(span: str, code: str, path: str, hint: str) -> None:
    ((found, place, said),) = written(paired(span))
    assert (found, place) == (code, path)
    assert hint in said


def test_first_of_holds_no_span_and_a_span_holds_first_of() -> None:
    ((code, path, hint),) = written(one_rule(f"{{firstOf: [{{span: {{{BOTH}}}}}]}}"))
    assert (code, path) == ("conflicting-keys", "firstOf.0")
    assert "can be `firstOf`" in hint
    policy = typed(paired(f"start: {{firstOf: [{{syscall: no_such}}, {{syscall: read}}], key: process.tid}}, {END}"))
    assert {rule.attach_point.target for rule in policy.rules} == {"syscalls/sys_enter_read", "syscalls/sys_enter_lseek"}


# ------------------------------------------------------------------------------------------------ as rules


def test_a_span_is_the_rule_at_its_end_and_hidden_rules_that_keep_and_drop_its_start() -> None:
    policy = typed(paired(f"{BOTH}, cancel: {{syscall: close, key: process.tid}}"))
    assert rules(policy) == [
        (0, "it", "syscalls/sys_enter_lseek", ()),
        (1, "it-span-end", "syscalls/sys_enter_lseek", ("end",)),
        (2, "it-span-cancel", "syscalls/sys_enter_close", ("unset",)),
        (3, "it-span-start", "syscalls/sys_enter_read", ("start",)),
    ]
    (table,) = policy.maps
    assert (table.name, table.purpose, table.map_class.type, table.max_entries) == ("it-span", "table", "lru_hash", 10240)
    assert asked(policy.rules[0]) == ["span.duration"]


def test_where_one_event_ends_and_starts_a_span_the_end_comes_first() -> None:
    hook = "{raw_tracepoint: sched_switch, key: "
    policy = typed(paired(f"start: {hook}args.prev.pid}}, end: {hook}args.next.pid}}, cancel: {hook}args.prev.tgid}}"))
    assert [kind for *_, kinds in rules(policy) for kind in kinds] == ["end", "unset", "start"]


def test_rules_with_one_span_share_its_rows_and_others_do_not() -> None:
    first = paired(BOTH, "[start.args.count]").replace("name: it", "name: one")
    same = paired(BOTH, "[start.args.fd]").replace("name: it", "name: two")
    other = paired(f"{BOTH}, keep: first").replace("name: it", "name: three")
    policy = typed(f"{first}\n{same}\n{other}")
    assert [spec.name for spec in policy.maps] == ["one-span", "three-span"]
    shared = next(spec for spec in policy.maps if spec.name == "one-span")
    assert columns(shared.value)[2:] == [("args_count", "size", 8), ("args_fd", "u32", 4)]
    assert sum(rule.name == "one-span-start" for rule in policy.rules) == 1


def test_several_ends_are_the_same_rule_at_each_of_them() -> None:
    policy = typed(paired(f"{START}, end: [{{syscall: lseek, key: process.tid}}, {{syscall: close, key: process.tid}}]"))
    assert [(row, name) for row, name, *_ in rules(policy)[:2]] == [(0, "it"), (0, "it")]
    assert [name for _, name, *_ in rules(policy)[2:]] == ["it-span-end", "it-span-end", "it-span-start"]


def test_a_filter_of_the_start_alone_is_tested_there_and_all_others_at_the_end() -> None:
    large = "{field: start.args.count, operator: Greater, value: 64}"
    by_name = "{expr: 'much && start.process.uid == 0'}"
    mixed = "{expr: 'start.args.count > args.offset'}"
    policy = typed(paired(BOTH, filters=f"[{large}, {by_name}, {mixed}]", more="let: {much: start.args.fd > 2}"))
    at = {rule.name: asked(rule) for rule in policy.rules}
    assert at["it-span-start"] == ["args.count", "args.fd", "process.uid"]
    assert at["it-span-end"] == []
    assert at["it"][-1] == "span.duration"
    assert not {"args.fd", "process.uid"} & set(at["it"])
    (spec,) = policy.maps
    assert [name for name, *_ in columns(spec.value)] == ["started", "there", "args_count"]


def test_the_scope_of_a_rule_is_asked_at_the_end_and_never_hides_a_start() -> None:
    policy = typed(paired(BOTH, more="scope: {host: true}"))
    assert [bool(rule.scopes) for rule in policy.rules] == [True, False, False]


def test_an_event_that_nobody_described_shows_how_long_it_took() -> None:
    rule = one_rule(f"{{span: {{{BOTH}}}}}", outputs="", more="action: {signal: SIGTERM}")
    (output,) = typed(rule).rules[0].outputs
    assert isinstance(output, EventOutput)
    assert "span_duration" in [column.name for column in output.layout.columns]


# ------------------------------------------------------------------------------------------------ what is kept


def test_a_row_has_the_time_what_was_there_and_what_rules_use() -> None:
    fields = "[start.args.count, start.process, start.time, span.duration]"
    (spec,) = typed(paired(f"{BOTH}, maxEntries: 64, evict: false", fields)).maps
    assert (spec.map_class.type, spec.max_entries) == ("hash", 64)
    assert columns(spec.value) == [
        ("started", "time", 8),
        ("there", "u64", 8),
        ("args_count", "size", 8),
        ("process_pid", "pid", 4),
        ("process_ppid", "pid", 4),
        ("process_uid", "uid", 4),
        ("process_comm", "string", 16),
        ("process_exe", "path", 256),
    ]


def test_what_may_have_been_absent_asks_its_bit_and_what_was_not_is_just_looked_up() -> None:
    (output,) = typed(paired(BOTH, "[start.args.count, start.process.exe]")).rules[0].outputs
    assert isinstance(output, EventOutput)
    count, exe = (next(one.access for one in every_value([value]) if one is value) for value in output.values)
    assert isinstance(count, Lookup)
    assert isinstance(exe, Kept)


def test_long_texts_of_the_start_are_cut_so_that_a_row_has_room() -> None:
    fields = "[start.args.oldname, start.args.newname, start.process.exe, start.process.args, start.process.parent.exe]"
    (spec,) = typed(paired(f"start: {{syscall: rename, key: process.tid}}, {END}", fields)).maps
    assert spec.value.size <= 1024
    assert {size for _, kind, size in columns(spec.value) if kind in {"path", "string"}} == {128}


def test_what_was_absent_at_the_start_is_shown_as_nothing() -> None:
    assert _there((7, 0b101, 9, 11), 1) == (7, 9, None)


def test_the_key_of_a_thread_is_kept_with_its_start_and_dropped_when_it_ends() -> None:
    policy = typed(paired(f"start: {{syscall: read, key: process.tid.as(thread)}}, {END}"))
    (spec,) = policy.maps
    assert spec.key is not None
    assert columns(spec.key) == [("process_tid_as_thread", "pid", 4), ("process_tid_as_thread_started", "time", 8)]
    assert rules(policy)[-1] == (3, "it-span-key-ends", "sched_process_exit", ("unset",))


def test_a_thread_may_be_named_at_the_end_alone() -> None:
    policy = typed(paired(f"{START}, end: {{syscall: lseek, key: process.tid.as(thread)}}"))
    (spec,) = policy.maps
    assert spec.key is not None
    assert [kind for _, kind, _ in columns(spec.key)] == ["pid", "time"]
    assert policy.rules[-1].name == "it-span-key-ends"


def test_rules_of_long_names_have_rows_of_their_own() -> None:
    first, second = (
        paired(f"{BOTH}, keep: {keep}").replace("name: it", f"name: {keep}-{'x' * 56}") for keep in ("first", "last")
    )
    assert len({spec.name for spec in typed(f"{first}\n{second}").maps}) == 2


def test_numbers_of_several_sizes_are_one_key_that_holds_all() -> None:
    start = "start: {syscall: read, key: {fd: args.fd, who: process.tid}}"
    (spec,) = typed(paired(f"{start}, end: {{syscall: mmap, key: {{who: process.tid, fd: args.fd}}}}")).maps
    assert spec.key is not None
    assert [(name, size) for name, _, size in columns(spec.key)] == [("fd", 8), ("who", 4)]


def test_fields_of_the_start_and_the_end_have_names_of_their_own() -> None:
    (output,) = typed(paired(BOTH, "[start.process.comm, end.process.comm, process.comm]")).rules[0].outputs
    assert isinstance(output, EventOutput)
    assert [column.name for column in output.layout.columns] == ["start_process_comm", "end_process_comm", "process_comm"]


def test_a_policy_that_only_shows_more_keeps_the_rows_of_starts() -> None:
    less, more = (typed(paired(BOTH, fields)).maps[0] for fields in ("[span.duration]", "[span.duration, args.offset]"))
    assert less.fingerprint == more.fingerprint
    assert typed(paired(BOTH, "[start.args.fd]")).maps[0].fingerprint != less.fingerprint


# ------------------------------------------------------------------------------------------------ what is wrong

BAD = {
    "[span.duraton]": ("unknown-field", "did you mean `span.duration`?"),
    "[span]": ("group", "as span.duration"),
    "[start.args.cuont]": ("unknown-field", "did you mean `args.count`"),
    "{b: start.args.buf.bytes(9)}": ("value-does-not-fit", "bytes16"),
    "[args.count]": ("unknown-field", "start.FIELD"),
}


@pytest.mark.parametrize("fields", BAD)
def test_a_field_that_is_not_there_is_told_with_what_is(fields: str) -> None:
    found = problem(paired(BOTH, fields))
    assert found.code == BAD[fields][0]
    assert BAD[fields][1] in found.hint


@pytest.mark.parametrize(
    ("end", "code", "said"),
    [
        ("key: [process.tid, cpu]", "key-columns", "has one column (process_tid), not 2"),
        ("key: process.comm", "key-does-not-fit", "is pid at the start, and string at syscall:lseek"),
        ("key: process.uid", "key-does-not-fit", "is pid at the start, and uid at syscall:lseek"),
        ("key: {tdi: process.tid}", "unknown-column", "has no column `tdi`"),
        ("key: start.process.tid", "field-not-here", "the event's own fields"),
        ("key: process.tdi", "unknown-field", "there is no field"),
    ],
)
def test_a_key_that_is_another_at_the_end_is_told_there(end: str, code: str, said: str) -> None:
    found = problem(paired(f"{START}, end: {{syscall: lseek, {end}}}"))
    assert (found.code, said in found.message) == (code, True), found.message
    assert found.path[:6] == ("spec", "rules", 0, "hook", "span", "end")


def test_what_is_wrong_with_a_field_of_the_start_is_told_at_its_column() -> None:
    rule = paired(BOTH, filters="[{expr: 'start.args.count > 3 && start.args.fdd == args.fd'}]")
    found = problem(rule)
    text = policy_text(rule).splitlines()
    assert found.position is not None
    assert text[found.position.line - 1][found.position.column - 1 :].startswith("start.args.fdd")


def test_in_a_message_too() -> None:
    rule = paired(BOTH, more='message: "{span.duration} for {start.args.nope}"')
    found = problem(rule)
    text = policy_text(rule).splitlines()
    assert found.position is not None
    assert text[found.position.line - 1][found.position.column - 1 :].startswith("start.args.nope")


@pytest.mark.parametrize("field", ["span.duration", "start.args.fd", "end.args.fd"])
def test_only_rules_of_spans_have_fields_of_spans(field: str) -> None:
    found = problem(one_rule("{syscall: read}", outputs=f"[{{event: {{fields: [{field}]}}}}]"))
    assert (found.code, found.hint) == ("field-not-here", "as hook: {span: {start: …, end: …}}")


@pytest.mark.parametrize("field", ["span.duration", "end.args.fd"])
def test_what_only_the_end_knows_is_not_asked_at_the_start(field: str) -> None:
    start = f"start: {{syscall: read, key: process.tid, filters: [{{field: {field}, operator: Exists}}]}}"
    assert problem(paired(f"{start}, {END}")).code == "field-not-here"


def test_a_start_without_a_field_that_another_start_has_is_an_error() -> None:
    both = "start: [{syscall: read, key: process.tid}, {syscall: openat, key: process.tid}]"
    found = problem(paired(f"{both}, {END}", "[start.args.filename]"))
    assert (found.code, "the system call read" in found.message) == ("unknown-field", True)


def test_two_things_are_no_key() -> None:
    ends = "end: {syscall: lseek, key: process.pid.as(process)}"
    (found,) = problems(paired(f"start: {{syscall: read, key: process.tid.as(thread)}}, {ends}"))
    assert (found.code, "a thread at the start, and a process at" in found.message) == ("key-does-not-fit", True)


def test_an_optional_rule_whose_start_is_missing_is_not_applicable() -> None:
    span = f"start: {{syscall: no_such, key: process.tid}}, {END}"
    policy = typed(paired(span, more="optional: true"))
    assert (policy.rules, policy.maps) == ((), ())
    assert policy.not_applicable == (("it", "there is no system call `no_such`"),)
    assert problem(paired(span)).code == "unknown-target"


def test_a_start_that_is_missing_is_one_problem_where_it_is_named() -> None:
    (found,) = problems(paired(f"start: {{syscall: raed, key: process.tid}}, {END}"))
    assert found.path == ("spec", "rules", 0, "hook", "span", "start", "syscall") or found.path[5] == "start"
    assert "did you mean `read`" in found.hint


def test_no_table_of_a_span_is_told_to_be_unused() -> None:
    codes = {one.code for one in resolved(paired(BOTH)).warnings}
    assert not codes & {"never-read", "never-written", "unused-table"}


def test_the_guard_of_a_span_is_that_it_took_no_less_than_no_time() -> None:
    guard = list(leaves(typed(paired(BOTH)).rules[0].condition))[-1]
    assert (guard.operator, guard.operands, guard.negate) == ("GreaterOrEqual", (0,), False)
    assert (guard.value.type.kind, guard.value.type.signed) == ("duration", True)
    assert Column("x", guard.value.type).format == "q"


def test_what_is_read_neither_starts_nor_ends_anything() -> None:
    task = "{iter: task, key: args.task.pid}"
    for span in (f"start: {task}, {END}", f"{START}, end: {task}"):
        (code,) = {found.code for found in problems(paired(span))}
        assert code == "output-not-here"


def test_packets_can_be_paired_by_their_addresses() -> None:
    tc = "{tc: {interfaces: eth0, direction: ingress}, key: [src.ip, dst.ip]}"
    policy = typed(paired(f"start: {{xdp: eth0, key: [src.ip, dst.ip]}}, end: {tc}", "[span.duration, start.dst.port]"))
    (spec,) = policy.maps
    assert spec.key is not None
    assert columns(spec.key) == [("src_ip", "ip", 16), ("dst_ip", "ip", 16)]
    assert {rule.attach_point.kind for rule in policy.rules} == {"xdp", "tcx"}


def counted_by_stack(more: str = "", start: str = START) -> str:
    """Return a rule that counts by the stack of the start."""
    return one_rule(f"{{span: {{{start}, {END}}}}}", outputs=f"[{{stacks: {{name: by_stack, of: start{more}}}}}]")


def test_stacks_of_the_start_are_kept_as_deep_as_they_are_wanted() -> None:
    by_stack, rows = typed(counted_by_stack(", depth: 10")).maps
    assert columns(rows.value)[2:] == [("kernel_stack", "stack", 88), ("user_stack", "stack", 328)]
    assert by_stack.key is not None
    assert columns(by_stack.key) == [("kernel.stack", "stack", 88), ("user.stack", "stack", 328)]


def test_a_part_of_the_stack_that_a_start_has_not_is_done_without_unless_it_is_asked_for() -> None:
    start = "start: {raw_tracepoint: softirq_entry, key: cpu}"
    end = "end: {raw_tracepoint: softirq_exit, key: cpu}"
    rule = one_rule(f"{{span: {{{start}, {end}}}}}", outputs="[{stacks: {name: s, of: start}}]")
    assert [column.name for spec in typed(rule).maps for column in spec.value.columns if "stack" in column.name] == [
        "kernel_stack"
    ]
    assert problem(rule.replace("of: start", "of: start, user: true")).path[-1] == "of"


@pytest.mark.parametrize(
    ("rule", "key"),
    [
        (one_rule("{syscall: read}", outputs="[{stacks: {name: s, of: start}}]"), "of"),
        (counted_by_stack(", skip: 2"), "skip"),
    ],
)
def test_what_cannot_be_had_of_the_stack_of_a_start_is_told_at_its_key(rule: str, key: str) -> None:
    found = problem(rule)
    assert (found.code, found.path[-1]) == ("field-not-here", key)


def test_too_much_of_the_start_is_no_row() -> None:
    many = ", ".join(f"a{number}: start.args.count + {number}" for number in range(60))
    assert typed(paired(BOTH, f"{{{many}}}")).maps[0].value.size == 24
    members = ", ".join(f"m{number}: start.process.task.comm" for number in range(3))
    assert typed(paired(BOTH, f"{{{members}}}")).maps[0].value.size == 32
    texts = ", ".join(f'b{number}: "start.args.buf.as(bytes{256 - number})"' for number in range(5))
    assert problem(paired(BOTH, f"{{{texts}}}")).code == "row-too-long"
