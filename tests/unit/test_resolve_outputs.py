"""Outputs: events with their columns, metrics with their maps, buckets, and what rules may share."""

from __future__ import annotations

import pytest
from resolving import one_rule, problem, rule, typed

from policyd.effect import EventOutput, MetricOutput
from policyd.maps import MapClass, MapSpec

OPENAT, CONNECT, XDP = "{syscall: openat}", "{cgroup: connect4}", "{xdp: eth0}"
READ_EXIT = "{syscall: {names: [read], phase: exit}}"


def event(hook: str, fields: str) -> EventOutput:
    (output,) = rule(hook, outputs=f"[{{event: {{fields: {fields}}}}}]").outputs
    assert isinstance(output, EventOutput)
    return output


def metric(hook: str, output: str) -> tuple[MetricOutput, MapSpec]:
    policy = typed(one_rule(hook, outputs=f"[{{{output}}}]"))
    (found,) = policy.rules[0].outputs
    assert isinstance(found, MetricOutput)
    (spec,) = policy.maps
    return found, spec


# ------------------------------------------------------------------------------------------------ events


def test_columns_are_named_by_path_or_by_the_policy() -> None:
    found = event(OPENAT, "{who: process.comm, file: args.filename}")
    assert [(column.name, column.path) for column in found.layout.columns] == [
        ("who", "process.comm"),
        ("file", "args.filename"),
    ]
    assert [column.name for column in event(OPENAT, "[process.comm]").layout.columns] == ["process_comm"]


def test_groups_stand_for_their_fields() -> None:
    columns = event(OPENAT, "[process, args]").layout.columns
    assert [column.path for column in columns] == [
        "process.pid", "process.ppid", "process.uid", "process.comm", "process.exe",
        "args.dfd", "args.filename", "args.flags", "args.mode",
    ]  # fmt: skip
    assert [column.name for column in columns][:2] == ["process_pid", "process_ppid"]
    renamed = event(XDP, "{packet: flow}").layout.columns
    assert [column.name for column in renamed][-1] == "packet_dst_port"


def test_fields_of_the_policy_are_in_every_event_once() -> None:
    text = one_rule(OPENAT, outputs="[{event: {fields: [args.flags, process.pid]}}]")
    found = typed(text, "event: {fields: [process.pid, process.comm]}").rules[0].outputs[0]
    assert [column.path for column in found.layout.columns] == ["process.pid", "process.comm", "args.flags"]


def test_long_strings_are_packed_where_there_is_scratch_space() -> None:
    packed = {
        column.path: column.packed for column in event(OPENAT, "[process.comm, process.exe, args.filename]").layout.columns
    }
    assert packed == {"process.comm": False, "process.exe": True, "args.filename": True}
    inline = event(CONNECT, "[process.exe, dst.ip]").layout
    assert not inline.packed


def test_names_go_into_the_layout() -> None:
    (column,) = event(OPENAT, "{call: {field: hook.name, names: {openat: open, '*': other}}}").layout.columns
    assert column.names == (("openat", "open"), ("*", "other"))


def test_an_action_without_outputs_makes_an_event_that_says_what_it_can() -> None:
    killed = typed(one_rule(OPENAT, outputs="", more="action: {signal: SIGKILL}")).rules[0].outputs[0]
    assert {"process.comm", "args.filename"} <= {column.path for column in killed.layout.columns}
    dropped = typed(one_rule(XDP, outputs="", more="action: {drop: true}")).rules[0].outputs[0]
    assert next(column.path for column in dropped.layout.columns) == "family"


def test_two_fields_of_one_name_are_refused() -> None:
    text = one_rule(OPENAT, outputs="[{event: {fields: {process_pid: process.uid}}}]")
    assert problem(text, "event: {fields: [process.pid]}").code == "duplicate-column"


def test_an_event_has_at_most_64_columns() -> None:
    fields = ", ".join(f"c{n}: process.pid" for n in range(65))
    assert problem(one_rule(OPENAT, outputs=f"[{{event: {{fields: {{{fields}}}}}}}]")).code == "too-many-columns"


# ------------------------------------------------------------------------------------------------ metrics


@pytest.mark.parametrize(
    ("output", "type_", "columns"),
    [
        ("counter: {name: x, help: X, by: [process.comm]}", "percpu_hash", ["count u64"]),
        ("counter: {name: x, help: X, by: [process.comm], evict: true}", "lru_percpu_hash", ["count u64"]),
        ("counter: {name: x, help: X}", "percpu_array", ["count u64"]),
        ("sum: {name: x, help: X, value: ret, by: [process.pid]}", "percpu_hash", ["count u64", "sum u64"]),
        ("sum: {name: x, help: X, value: ret, signed: true, by: [process.pid]}", "percpu_hash", ["count u64", "sum s64"]),
        ("gauge: {name: x, help: X, value: ret, by: [cpu]}", "hash", ["value s64"]),
        ("gauge: {name: x, help: X, value: process.uid, by: [cpu], evict: true}", "lru_hash", ["value u64"]),
        ("gauge: {name: x, help: X, value: ret}", "array", ["value s64"]),
        ("min: {name: x, help: X, value: ret}", "percpu_array", ["count u64", "value s64"]),
        ("max: {name: x, help: X, value: process.start_time}", "percpu_array", ["count u64", "value time"]),
    ],
)
def test_each_metric_has_its_kind_of_map(output: str, type_: str, columns: list[str]) -> None:
    found, spec = metric(READ_EXIT, output)
    assert spec.map_class.type == type_
    assert [f"{column.name} {column.type.kind}" for column in spec.value.columns] == columns
    assert spec.map_class.value_size == spec.value.size
    assert found.map_name == spec.name == "x"
    assert (spec.key is None) == (not found.keys)
    assert spec.max_entries == (10240 if found.keys else 1)


def test_an_array_is_one_of_its_class() -> None:
    _, spec = metric(OPENAT, "counter: {name: x, help: X}")
    assert spec.map_class == MapClass("percpu_array", 4, 8, max_entries=1)


def test_preallocation_is_for_maps_that_evict() -> None:
    flags = [
        metric(OPENAT, f"counter: {{name: x, help: X, by: [cpu], evict: {word}}}")[1].map_class.flags
        for word in ("true", "false")
    ]
    assert flags == [0, 1]


def test_a_key_keeps_256_bytes_of_a_string() -> None:
    found, spec = metric(OPENAT, "counter: {name: x, help: X, by: [args.filename]}")
    assert spec.key is not None
    assert spec.key.columns[0].type.size == 256
    assert found.keys[0].type.size == 4096


def test_series_are_as_many_as_asked_for() -> None:
    assert metric(OPENAT, "counter: {name: x, help: X, by: [cpu], maxEntries: 7}")[1].max_entries == 7


def test_a_metric_needs_a_number() -> None:
    assert problem(one_rule(OPENAT, outputs="[{sum: {name: x, help: X, value: process.comm}}]")).code == "not-a-number"


def test_rules_share_a_metric_of_one_name() -> None:
    first = one_rule("{syscall: read}", outputs="[{counter: {name: x, help: X, by: [process.comm, hook.name]}}]")
    second = one_rule("{syscall: write}", outputs="[{counter: {name: x, by: [process.comm, hook.name]}}]").replace(
        "it,", "b,"
    )
    found = typed(f"{first}\n{second}")
    assert [spec.name for spec in found.maps] == ["x"]
    assert len(found.rules) == 2


def test_columns_of_another_type_are_no_shared_metric() -> None:
    first = one_rule("{syscall: read}", outputs="[{counter: {name: x, help: X, by: {a: process.comm}}}]")
    second = one_rule("{syscall: write}", outputs="[{counter: {name: x, by: {a: process.pid}}}]").replace("it,", "b,")
    found = problem(f"{first}\n{second}")
    assert found.code == "outputs-disagree"
    assert "a: string" in found.message


def test_a_metric_and_a_list_may_not_have_one_name() -> None:
    filters = "[{field: process.uid, operator: In, valuesFrom: {param: x}}]"
    text = one_rule(OPENAT, filters, outputs="[{counter: {name: x, help: X}}]")
    assert problem(text, "params: {x: {type: uid, values: [0]}}").code == "name-taken"


# ------------------------------------------------------------------------------------------------ buckets


@pytest.mark.parametrize(
    ("value", "written", "form", "bounds"),
    [
        ("args.count", "", "log2", [0, 1, 3, 7, 2**40 - 1]),
        ("args.fd", "", "log2", [0, 1, 3, 7, 2**32 - 1]),
        ("args.count", "buckets: log2", "log2", [0, 1, 3, 7, 2**40 - 1]),
        ("args.count", "buckets: {log2: 1Ki..1Mi}", "log2", [2047, 4095, 8191, 16383, 2**21 - 1]),
        ("args.count", "buckets: {log2: 1023..4095}", "log2", [1023, 2047, 4095]),
        ("args.count", "buckets: {linear: 0..100, step: 50}", "linear", [0, 50, 100]),
        ("args.count", "buckets: {linear: 10..25, step: 10}", "linear", [10, 20, 30]),
        ("args.count", "buckets: [100, 1Ki]", "explicit", [100, 1024]),
    ],
)
def test_bounds_are_in_the_values_unit(value: str, written: str, form: str, bounds: list[int]) -> None:
    more = f", {written}" if written else ""
    _, spec = metric("{syscall: read}", f"histogram: {{name: x, help: X, value: {value}{more}}}")
    assert spec.buckets is not None
    assert spec.buckets.form == form
    assert list(spec.buckets.bounds[:4]) + list(spec.buckets.bounds[-1:]) * (len(spec.buckets.bounds) > 4) == bounds
    assert [column.name for column in spec.value.columns[:2]] == ["count", "sum"]
    assert len(spec.value.columns) == 2 + len(spec.buckets.bounds) + 1


def test_log2_buckets_are_found_by_the_highest_bit() -> None:
    """What generated code does: the bits of the value, less the first bound's, is the bucket."""
    _, spec = metric("{syscall: read}", "histogram: {name: x, help: X, value: args.count, buckets: {log2: 3..1000}}")
    assert spec.buckets is not None
    bounds, start = spec.buckets.bounds, spec.buckets.start
    for number in (0, 1, 2, 3, 4, 7, 8, 1000, 1023, 1024, 10**6):
        expected = next((index for index, bound in enumerate(bounds) if number <= bound), len(bounds))
        assert min(max(number.bit_length() - start, 0), len(bounds)) == expected


@pytest.mark.parametrize(
    "buckets",
    ["[3, 2]", "[1, 1]", "{log2: 10..1}", "{linear: 0..10, step: 0}", "{linear: 0..1000000, step: 1}", "[-1, 5]", "[a, b]"],
)
def test_bounds_that_make_no_buckets_are_refused(buckets: str) -> None:
    text = one_rule(
        "{syscall: read}", outputs=f"[{{histogram: {{name: x, help: X, value: args.count, buckets: {buckets}}}}}]"
    )
    assert problem(text).code in {"bad-buckets", "bad-value"}
