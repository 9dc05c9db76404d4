"""`stats`: how its columns are laid out, what rules may share, how entries of several CPUs are read and shown."""

from __future__ import annotations

import re
import struct
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from resolving import one_rule, problem, typed
from ring_bytes import policy
from test_reading_metrics import Maps

from policyd.api.metrics import exposition_of
from policyd.api.snapshot import Kept
from policyd.layout import Layout
from policyd.maps import MapClass, MapSpec
from policyd.reading import PolicyReader
from policyd.reading.metrics import Family, Histogram
from policyd.record import MapRecord, map_pin, policy_path
from policyd.sinks.metrics_table import metric_tables
from policyd.sinks.prometheus import exposition

if TYPE_CHECKING:
    from policyd.api.port import Agent
    from policyd.kernel.port import Kernel
    from policyd.observe import Observed

READ = "{syscall: {names: [read], phase: exit}}"
COLUMNS = "calls: count, bytes: {sum: ret, signed: true}, most: {max: ret, with: {tid: process.tid, who: process.comm}}"


def stats(columns: str, more: str = "by: [process.comm]", hook: str = READ) -> MapSpec:
    (spec,) = typed(one_rule(hook, outputs=f"[{{stats: {{name: reads, {more}, columns: {{{columns}}}}}}}]")).maps
    return spec


def test_all_slots_come_first_and_what_is_kept_beside_them_last() -> None:
    spec = stats(COLUMNS, "by: [process.comm], show: [process.pid]")
    assert [column.name for column in spec.value.columns] == [
        "calls_count", "bytes_count", "bytes_sum", "most_count", "most_value", "most_bits", "show_time", "show_bits",
        "tid", "who", "process_pid",
    ]  # fmt: skip
    assert [(one.name, one.aggregate, one.at, one.beside) for one in spec.stats] == [
        ("calls", "count", 0, ()),
        ("bytes", "sum", 1, ()),
        ("most", "max", 3, (8, 9)),
        ("show", "show", 6, (10,)),
    ]
    assert spec.map_class == MapClass("percpu_hash", 16, spec.value.size, 1)


def test_a_histogram_s_buckets_follow_its_count_and_sum() -> None:
    spec = stats("n: count, spread: {histogram: args.count, buckets: [1, 10]}", hook="{syscall: read}")
    assert [column.name for column in spec.value.columns][1:] == [
        "spread_count", "spread_sum", "spread_b0", "spread_b1", "spread_b2",
    ]  # fmt: skip
    assert spec.stats[1].buckets is not None


def test_contents_outlive_a_new_help_and_not_a_new_column() -> None:
    first = stats(COLUMNS)
    assert stats(COLUMNS, "by: [process.comm], help: Reads").fingerprint == first.fingerprint
    assert stats(COLUMNS.replace("sum: ret", "sum: ret, help: Bytes")).fingerprint == first.fingerprint
    assert stats(COLUMNS + ", more: count").fingerprint != first.fingerprint
    assert stats(COLUMNS.replace("max:", "min:")).fingerprint != first.fingerprint


def test_a_value_that_is_no_number_is_refused_at_its_column() -> None:
    found = problem(one_rule(READ, outputs="[{stats: {name: reads, columns: {n: count, a: {max: process.comm}}}}]"))
    assert (found.code, found.message) == ("not-a-number", "process.comm is of type string: a max needs a number")
    assert found.path[-3:] == ("columns", "a", "max")


def test_columns_that_take_too_much_room_are_refused() -> None:
    columns = ", ".join(f"h{n}: {{histogram: args.count, buckets: {{linear: 0..1000, step: 10}}}}" for n in range(12))
    found = problem(one_rule("{syscall: read}", outputs=f"[{{stats: {{name: reads, columns: {{{columns}}}}}}}]"))
    assert (found.code, found.hint) == ("value-too-long", "give histograms fewer buckets, or make two outputs of it")


def test_rules_that_share_stats_write_to_one_map() -> None:
    output = "[{stats: {name: reads, by: [process.comm], columns: {calls: count, most: {max: ret}}}}]"
    text = one_rule(READ, outputs=output) + "\n" + one_rule(READ, outputs=output).replace("name: it", "name: other")
    found = typed(text)
    assert [spec.name for spec in found.maps] == ["reads"]
    other = "[{stats: {name: reads, by: [process.comm], columns: {calls: count, most: {max: args.count}}}}]"
    wrong = one_rule("{syscall: read}", outputs=other).replace("name: it", "name: other")
    assert problem(one_rule(READ, outputs=output) + "\n" + wrong).code == "outputs-disagree"


# ------------------------------------------------------------------------------------------------ reading


ALL = (
    "calls: count, bytes: {sum: ret}, mean: {avg: ret}, least: {min: ret}, most: {max: ret, with: {tid: process.tid}}, "
    "final: {last: ret}, spread: {histogram: ret, buckets: [10]}"
)


def entry(spec: MapSpec, **slots: int) -> bytes:
    """Return one CPU's value, its columns by name; those that are not named are 0."""
    names = [column.name for column in spec.value.columns]
    assert set(slots) <= set(names), names
    decoder = spec.value.decoder()
    return decoder.pack(*(slots.get(name, 0) for name in names))


def families(spec: MapSpec, entries: dict[bytes, bytes]) -> dict[str, Family]:
    of = MapRecord(
        "reads", 0, spec.map_class, spec.purpose, "f", 10, spec.key, spec.value, "Helps.", stats=spec.stats
    )  # fmt: skip
    record = replace(policy(), maps={"reads": of})
    kernel = Maps({policy_path(record.name, map_pin(record.name, "reads", "f")): entries})
    return {family.name: family for family in PolicyReader(cast("Kernel", kernel), record).families()}


def cat(spec: MapSpec, *cpus: bytes) -> dict[str, Family]:
    return families(spec, {b"cat".ljust(spec.map_class.key_size, b"\0"): b"".join(cpus)})


def test_each_aggregate_puts_cpus_together_in_its_own_way() -> None:
    spec = stats(ALL, "by: [process.comm], show: [process.pid]")
    one = entry(
        spec, calls_count=2, bytes_count=2, bytes_sum=30, mean_count=2, mean_sum=30, least_count=2, least_value=10,
        most_count=2, most_value=20, most_bits=1, tid=7, final_time=5, final_value=20, spread_count=2, spread_sum=30,
        spread_b0=1, spread_b1=1, show_time=5, show_bits=1, process_pid=100,
    )  # fmt: skip
    two = entry(
        spec, calls_count=1, bytes_count=1, bytes_sum=12, mean_count=1, mean_sum=12, least_count=1, least_value=12,
        most_count=1, most_value=12, most_bits=1, tid=9, final_time=9, final_value=12, spread_count=1, spread_sum=12,
        spread_b1=1, show_time=9, show_bits=1, process_pid=200,
    )  # fmt: skip

    found = cat(spec, one, two)

    numbers = {family.column: family.series[0][1] for family in found.values()}
    assert numbers == {
        "calls": 3, "bytes": 42, "mean": 14, "least": 10, "most": 20, "final": 12, "spread": Histogram((10,), (1, 2), 42, 3),
    }  # fmt: skip
    assert found["reads_most"].record == ({"tid": "7"},), "of the CPU that holds the record"
    assert found["reads_calls"].beside == ({"process_pid": "200"},), "of the CPU that saw it last"


def test_a_column_that_no_event_has_fed_has_no_number_yet() -> None:
    spec = stats(ALL)

    found = cat(spec, entry(spec, calls_count=1))

    empty = {family.column for family in found.values() if not family.series}
    assert empty == {"mean", "least", "most", "final"}
    assert found["reads_bytes"].series == (({"process_comm": "cat"}, 0),)


def test_negative_extremes_are_told_from_none() -> None:
    spec = stats("most: {max: ret, with: {tid: process.tid}}")
    layout = spec.value.decoder()
    lower, none = layout.pack(3, -5, 0, 0), layout.pack(0, 0, 0, 0)

    found = cat(spec, none, lower)["reads_most"]

    assert (found.series[0][1], found.record) == (-5, ({},))


def test_prometheus_has_neither_what_is_shown_nor_what_is_kept_beside() -> None:
    spec = stats(ALL, "by: [process.comm], show: [process.pid]")
    found = cat(spec, entry(spec, calls_count=1, most_count=1, most_value=3, most_bits=1, tid=7, show_time=1, show_bits=1))

    text = exposition(found.values())

    assert 'reads_most{policy="reader",process_comm="cat"} 3' in text.replace(found["reads_most"].policy, "reader")
    assert "# TYPE reads_calls counter" in text
    assert "# TYPE reads_mean gauge" in text
    assert "# TYPE reads_spread histogram" in text
    assert not re.search("tid|pid", text)


def test_a_table_shows_all_columns_of_a_key_in_80_characters() -> None:
    spec = stats(ALL, "by: [process.comm], show: [process.pid]")
    values: dict[str, Any] = {"calls_count": 4, "most_count": 1, "most_value": 3_000_000, "most_bits": 1, "tid": 7}
    values |= {"show_time": 1, "show_bits": 1, "process_pid": 77, "spread_count": 4, "spread_sum": 40, "spread_b0": 4}

    lines = metric_tables(cat(spec, entry(spec, **values)).values(), 80).splitlines()

    assert all(len(line) <= 80 for line in lines)
    assert re.match(r"process_comm  process_pid  calls  bytes", lines[1])
    assert re.match(r"cat           77\s+4 ", lines[2])
    assert any("3,000,000 (tid=7)" in line for line in lines)
    assert any("4 mean 10" in line for line in lines)


def test_a_table_says_what_it_left_out_and_lets_nothing_drive_the_terminal() -> None:
    spec = stats("calls: count")
    keys = [bytes([27]) + b"[2J", b"a", b"b"]
    entries = {key.ljust(16, b"\0"): struct.pack("<Q", 5 - at) for at, key in enumerate(keys)}

    text = metric_tables(families(spec, entries).values(), 80, top=2)

    assert "\x1b" not in text
    assert text.splitlines()[-1] == "… and 1 more"


@pytest.mark.parametrize("aggregate", ["min", "max"])
def test_what_was_absent_when_the_record_was_set_is_left_out(aggregate: str) -> None:
    spec = stats(f"edge: {{{aggregate}: ret, with: {{tid: process.tid, pid: process.pid}}}}")

    found = cat(spec, entry(spec, edge_count=1, edge_value=1, edge_bits=2, tid=7, pid=8))["reads_edge"]

    assert found.record == ({"pid": "8"},)


def test_a_scrape_has_one_place_for_a_column_and_another_policy_s_counter_of_its_name() -> None:
    spec = stats("calls: count, bytes: {sum: ret}")
    first, second = replace(policy(), name="first"), replace(policy(), name="second")
    of = MapRecord("reads", 0, spec.map_class, spec.purpose, "f", 10, spec.key, spec.value, "Helps.", stats=spec.stats)
    count = Layout((spec.value.columns[0],))
    counter = MapRecord("reads_calls", 0, MapClass("percpu_array", 4, 8, 0, 1), "counter", "f", 1, None, count, "Counts.")
    kernel = Maps(
        {
            policy_path("first", map_pin("first", "reads", "f")): {b"cat".ljust(16, b"\0"): entry(spec, calls_count=3)},
            policy_path("second", map_pin("second", "reads_calls", "f")): {bytes(4): struct.pack("<Q", 4)},
        }
    )
    records = {"first": replace(first, maps={"reads": of}), "second": replace(second, maps={"reads_calls": counter})}
    agent, observed = SimpleNamespace(kernel=kernel), SimpleNamespace(records=records)

    text = exposition_of(cast("Agent", agent), Kept(lambda: cast("Observed", observed))).decode()

    assert [line for line in text.splitlines() if "reads_calls" in line] == [
        "# HELP reads_calls Helps.",
        "# TYPE reads_calls counter",
        'reads_calls{policy="first",process_comm="cat"} 3',
        'reads_calls{policy="second"} 4',
    ]
