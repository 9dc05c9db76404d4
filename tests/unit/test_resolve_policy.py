"""A whole policy: what it carries along, all of its problems at once, and that meaning the same is being equal."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from resolving import one_rule, policy_text, problems, saved_target, typed

from policyd.errors import PolicyError, UnsupportedError
from policyd.parsing import parse_policies
from policyd.resolve import Host, resolve
from policyd.resolve.problems import CODES
from policyd.tracefs import SavedFormats

OPENAT = "{syscall: openat}"


def test_all_problems_of_a_policy_come_at_once_with_their_places() -> None:
    found = problems(
        """
- name: one
  hook: {syscall: openat}
  filters:
    - {field: process.pdi, operator: Equal, value: 1}
    - {field: args.flags, operator: Prefix, values: [x]}
  outputs: [{event: {fields: [args.nothing]}}]
- name: two
  hook: {syscall: opnat}
  outputs: [{counter: {name: seen, help: Seen}}]
- name: three
  hook: {xdp: eth0}
  outputs: [{sum: {name: bytes, help: Bytes, value: eth.src}}]
  action: {deny: EPERM}
"""
    )
    assert [problem.code for problem in found] == [
        "unknown-field", "operator-does-not-fit", "unknown-field", "unknown-target", "not-a-number", "action-not-here",
    ]  # fmt: skip
    assert all(problem.position is not None and problem.position.file == "tried.yaml" for problem in found)
    lines = [problem.position.line for problem in found if problem.position]
    assert lines == sorted(lines)
    assert len(set(lines)) == len(lines)
    assert {problem.policy for problem in found} == {"tried"}


def test_one_mistake_at_many_attach_points_is_one_problem() -> None:
    text = one_rule("{tracepoint: 'signal/*'}", "[{field: process.pdi, operator: Exists}]")
    assert len(problems(text)) == 1
    text = one_rule("{syscall: [read, write, openat]}", "[{field: process.pdi, operator: Exists}]")
    assert len(problems(text)) == 1


def test_a_moved_policy_is_equal() -> None:
    text = one_rule(OPENAT, "[{field: process.uid, operator: Equal, value: 0}]")
    one, other = typed(text), typed("# moved\n\n" + text)
    assert one.rules == other.rules
    assert one.maps == other.maps
    assert one.rules[0].position != other.rules[0].position


def test_resolving_twice_gives_the_same() -> None:
    text = one_rule(
        "{syscall: 's*'}", outputs="[{event: {fields: [process]}}, {counter: {name: c, help: C, by: [hook.name]}}]"
    )
    assert typed(text) == typed(text)


@pytest.mark.parametrize(("asked", "size"), [("32Ki", 32 << 10), ("1Mi", 1 << 20)])
def test_a_ring_is_as_large_as_asked(asked: str, size: int) -> None:
    assert typed(one_rule(OPENAT), f"events: {{buffer: {asked}}}").ring_bytes == size


def test_what_the_record_needs_is_carried_along() -> None:
    found = typed(one_rule(OPENAT), "severity: high\nsuspend: true")
    assert (found.severity, found.suspend, found.source) == ("high", True, "tried.yaml:1")
    (again,) = parse_policies(found.document.encode(), "record").require()
    assert replace(resolve(again, saved_target(), Host.anywhere()).policy, source=found.source) == found


def test_rules_fit_their_maps() -> None:
    found = typed(one_rule(OPENAT, outputs="[{counter: {name: c, help: C, by: [process.comm, args.filename]}}]"))
    (output,) = found.rules[0].outputs
    (spec,) = found.maps
    assert spec.key is not None
    assert [column.path for column in spec.key.columns] == [value.path for value in output.keys]
    assert spec.map_class.key_size == spec.key.size


def test_a_target_that_cannot_be_asked_is_a_problem_of_the_rule_that_asks() -> None:
    class Unreadable(SavedFormats):
        def names(self) -> tuple[str, ...]:
            raise UnsupportedError("tracefs may not be read", instead="run as root")

        def text(self, name: str) -> str | None:
            raise UnsupportedError("tracefs may not be read", instead="run as root")

    target = replace(saved_target(), formats=Unreadable({}), _tracepoints={}, _prototypes={})
    text = policy_text(one_rule("{tracepoint: a/b}") + "\n" + one_rule(OPENAT).replace("it,", "other,"))
    (policy,) = parse_policies(text.encode(), "tried.yaml").require()
    with pytest.raises(PolicyError) as caught:
        resolve(policy, target, Host.anywhere())
    (found,) = caught.value.problems
    assert found.code == "target-unknown"
    assert "run as root" in found.message


def _with_filter(leaf: str, hook: str = OPENAT) -> str:
    return one_rule(hook, f"[{leaf}]")


def _with_output(output: str) -> str:
    return one_rule(OPENAT, outputs=f"[{output}]")


_LIST = "{field: process.uid, operator: In, valuesFrom: {param: p}}"
_FIRST = "{firstOf: [{syscall: openat}, {syscall: openat2}]}"
_BOTH_ABIS = "{syscall: {names: [kill, read], abi: [Native, Compat]}}"
_MANY = ", ".join(f"c{number}: process.pid" for number in range(65))
_LONG = ", ".join(f"k{number}: args.filename" for number in range(5))
_RANGES = ", ".join(f"{number}..{number}" for number in range(501))
_COUNTER = "{counter: {name: c, help: C, by: {a: process.comm}}}, {counter: {name: c, by: {a: process.pid}}}"

_DOUBLED = "let: {a: args.flags + 1, " + ", ".join(f"{b}: {a} * {a}" for a, b in pairwise("abcdefghi")) + "}"
_EVICTS = "[{counter: {name: seen, help: Seen, by: [cpu], evict: true}}]"
_SWITCH = "{raw_tracepoint: sched_switch}"
_WIDE = ", ".join(f"h{n}: {{histogram: process.pid, buckets: {{linear: 0..1000, step: 10}}}}" for n in range(12))
_TABLE = "tables: {t: {key: {k: u64}, value: {n: u64}}}"
BAD: dict[str, tuple[str, str]] = {
    "unknown-target": (one_rule("{syscall: opnat}"), ""),
    "unknown-cgroup": (one_rule("{cgroup: {name: bind4, path: /gone}}"), ""),
    "no-tracepoint": (one_rule("{syscall: set_thread_area}"), ""),
    "too-many-hooks": (one_rule("{raw_tracepoint: '*'}"), ""),
    "alternatives-differ": (_with_filter("{field: args.flags, operator: Exists}", _FIRST), ""),
    "unknown-field": (_with_filter("{field: process.pdi, operator: Exists}"), ""),
    "field-not-here": (_with_filter("{field: dst.ip, operator: Exists}"), ""),
    "unreadable-field": (_with_filter("{field: args.numbers, operator: Exists}", "{tracepoint: made_up/arrays}"), ""),
    "arguments-differ": (_with_filter("{field: 'args[0]', operator: Exists}", _BOTH_ABIS), ""),
    "compat-argument": (
        _with_filter("{field: args.pos, operator: Equal, value: 0}", "{syscall: {names: [pread64], abi: [Native, Compat]}}"),
        "",
    ),
    "output-not-here": (one_rule("{iter: task}"), ""),
    "late-not-here": (_with_filter("{field: late(args.filename), operator: Exists}", "{syscall: openat}"), ""),
    "group": (_with_filter("{field: process, operator: Exists}"), ""),
    "list-in-key": (one_rule(OPENAT, outputs="[{counter: {name: a, help: A, by: [process.ancestors]}}]"), ""),
    "operator-does-not-fit": (_with_filter("{field: process.uid, operator: Prefix, values: [a]}"), ""),
    "bad-path": (_with_filter("{expr: 'births > 3'}"), "tables: {births: {key: {pid: pid}, value: {born: time}}}"),
    "unknown-list": (_with_filter("{expr: process.comm in lists.gone}"), ""),
    "list-does-not-fit": (_with_filter("{expr: process.uid in lists.n}"), "lists: {n: {type: string16, values: [a]}}"),
    "mixed-types": (_with_filter("{expr: process.comm == 3}"), ""),
    "not-a-condition": (_with_filter("{expr: args.flags}"), ""),
    "too-large": (one_rule(OPENAT, "[{expr: i > 0}]", more=_DOUBLED), ""),
    "bad-value": (_with_filter("{field: process.uid, operator: Equal, value: '-1'}"), ""),
    "too-many-values": (_with_filter(f"{{field: process.uid, operator: InRange, values: [{_RANGES}]}}"), ""),
    "no-bits": (_with_filter("{field: args.flags, operator: AnyBits, values: [0]}"), ""),
    "param-does-not-fit": (_with_filter(_LIST), "params: {p: {type: path, values: [/]}}"),
    "unknown-type": (_with_filter(_LIST), "params: {p: {type: uidd, values: [0]}}"),
    "too-many-columns": (_with_output(f"{{event: {{fields: {{{_MANY}}}}}}}"), ""),
    "key-too-long": (_with_output(f"{{counter: {{name: c, help: C, by: {{{_LONG}}}}}}}"), ""),
    "value-too-long": (_with_output(f"{{stats: {{name: c, columns: {{{_WIDE}}}}}}}"), ""),
    "duplicate-column": (_with_output("{event: {fields: {process_pid: process.uid}}}"), "event: {fields: [process.pid]}"),
    "not-a-number": (_with_output("{sum: {name: s, help: S, value: process.comm}}"), ""),
    "bad-buckets": (_with_output("{histogram: {name: h, help: H, value: args.mode, buckets: [3, 2]}}"), ""),
    "outputs-disagree": (_with_output(_COUNTER), ""),
    "shared-eviction": (
        one_rule("{perf: cycles}", outputs=_EVICTS) + f"\n- {{name: b, hook: {_SWITCH}, outputs: {_EVICTS}}}",
        "",
    ),
    "name-taken": (_with_filter(_LIST.replace("param: p", "param: seen")), "params: {seen: {type: uid, values: [0]}}"),
    "scope-not-here": (one_rule("{xdp: eth0}", more="scope: {containers: true}"), ""),
    "not-decidable": (one_rule("{function: vfs_read}", more="action: {deny: EPERM}"), ""),
    "action-not-here": (one_rule(OPENAT, more="action: {drop: true}"), ""),
    "unknown-table": (_with_output("{event: {fields: {a: 'tt[process.pid].n'}}}"), _TABLE),
    "unknown-column": (_with_output("{event: {fields: {a: 't[1].m'}}}"), _TABLE),
    "key-columns": (_with_output("{event: {fields: {a: 't[1, 2].n'}}}"), _TABLE),
    "key-does-not-fit": (_with_output("{event: {fields: {a: 't[process.comm].n'}}}"), _TABLE),
    "value-does-not-fit": (one_rule(OPENAT, more="tables: [{set: t, key: [1], value: [process.comm]}]"), _TABLE),
    "bad-priority": (one_rule("{netfilter: {family: ip, hook: input, priority: -500, defrag: true}}"),),
    "row-too-long": (one_rule(OPENAT), _TABLE.replace("n: u64", "n: string2048")),
}
"""A policy with each error; no-cgroup2, target-unknown, no-means and no-counter are of the host, and in other tests."""


@pytest.mark.parametrize("code", BAD)
def test_each_error_has_its_code_and_its_place(code: str) -> None:
    (found,) = problems(*BAD[code])
    assert found.code == code
    assert found.position is not None
    assert found.position.line > 3
    assert found.policy == "tried"


def test_every_code_has_a_bad_policy() -> None:
    assert set(BAD) | {"no-cgroup2", "target-unknown", "no-means", "no-counter", "would-break"} == set(CODES)
