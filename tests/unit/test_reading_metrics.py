"""Maps become series: CPUs put together, units converted, histograms with their bounds; accounts by column."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from ring_bytes import COMM, DURATION, PID, U32, U64, policy

from policyd.errors import NotFoundError
from policyd.layout import ACCOUNT_COLUMNS, Column, Layout
from policyd.maps import Buckets, MapClass, Purpose
from policyd.reading import PolicyReader, open_policy
from policyd.reading.account import HookStatistics, account_families, hook_families, read_account
from policyd.reading.metrics import Histogram, label_name
from policyd.record import MapRecord, map_pin, policy_path
from policyd.vocabulary.types import Shape, ValueType

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policyd.kernel.port import Kernel

S64 = ValueType("s64", Shape.NUMBER, 8, True)
COUNT = Column("count", U64)
BY = Layout((Column("process.comm", COMM), Column("nr", U32)))


@dataclass
class Maps:
    """The part of the `Kernel` port that readers use, over plain dictionaries."""

    pins: dict[str, dict[bytes, bytes]] = field(default_factory=dict)
    root: str = "/fake"

    def open(self, path: str) -> int | None:
        return list(self.pins).index(path) if path in self.pins else None

    def close(self, fd: int) -> None:
        pass

    def _map(self, fd: int) -> dict[bytes, bytes]:
        return list(self.pins.values())[fd]

    def items(self, fd: int) -> Iterator[tuple[bytes, bytes]]:
        yield from self._map(fd).items()

    def lookup(self, fd: int, key: bytes) -> bytes | None:
        return self._map(fd).get(key)

    def map_info(self, fd: int) -> Any:
        return SimpleNamespace(value_size=8 * len(ACCOUNT_COLUMNS), type="array", key_size=4, max_entries=1, frozen=False)

    def list(self, path: str) -> tuple[str, ...]:
        return ()

    def exists(self, path: str) -> bool:
        return path in self.pins


def slots(*cpus: tuple[int, ...], signed: bool = False) -> bytes:
    return b"".join(struct.pack(f"<{len(cpu)}{'q' if signed else 'Q'}", *cpu) for cpu in cpus)


def key(comm: bytes, number: int) -> bytes:
    return BY.encode((comm.ljust(16, b"\0"), number))


def reader(purpose: Purpose, value: Layout, entries: dict[bytes, bytes], **more: Any) -> PolicyReader:
    by = more.pop("by", BY)
    of = MapRecord("metric", 0, MapClass("percpu_hash", 24, value.size), purpose, "f", 10, by, value, "Helps.", **more)
    record = replace(policy(), maps={"metric": of})
    kernel = Maps({policy_path(record.name, map_pin(record.name, "metric", "f")): entries})
    return PolicyReader(cast("Kernel", kernel), record)


def test_a_counter_adds_up_the_cpus() -> None:
    entries = {key(b"cat", 1): slots((3,), (4,)), key(b"ls", 2): slots((0,), (1,))}

    found = reader("counter", Layout((COUNT,)), entries).metrics()

    assert found == {"metric": [({"process_comm": "cat", "nr": "1"}, 7), ({"process_comm": "ls", "nr": "2"}, 1)]}


def test_a_metric_without_columns_is_one_series_without_labels() -> None:
    found = reader("counter", Layout((COUNT,)), {bytes(4): slots((3,), (4,))}, by=None).metrics()

    assert found == {"metric": [({}, 7)]}


def test_a_sum_of_durations_leaves_as_seconds() -> None:
    one = reader("sum", Layout((COUNT, Column("sum", DURATION))), {key(b"a", 1): slots((1, 10**9), (1, 5 * 10**8))})

    [family] = one.families()

    assert (family.type, family.unit, family.help) == ("counter", "seconds", "Helps.")
    assert family.series[0][1] == pytest.approx(1.5)


def test_a_signed_sum_is_a_gauge() -> None:
    entries = {key(b"a", 1): slots((1, -5), (1, 2), signed=True)}

    [family] = reader("sum", Layout((COUNT, Column("sum", S64))), entries).families()

    assert (family.type, family.series[0][1]) == ("gauge", -3)


@pytest.mark.parametrize(("purpose", "wanted"), [("min", -7), ("max", 3)])
def test_extremes_ignore_cpus_that_saw_nothing(purpose: Purpose, wanted: int) -> None:
    entries = {key(b"a", 1): slots((0, 0), (2, -7), (1, 3), signed=True), key(b"b", 1): slots((0, 0))}

    found = reader(purpose, Layout((COUNT, Column("value", S64))), entries).metrics()

    assert found["metric"] == [({"process_comm": "a", "nr": "1"}, wanted)]


def test_a_gauge_is_the_value() -> None:
    assert reader("gauge", Layout((Column("value", U64),)), {key(b"a", 1): slots((9,))}).metrics()["metric"][0][1] == 9


def test_a_histogram_has_bounds_in_seconds_and_a_count_a_bucket() -> None:
    value = Layout((COUNT, Column("sum", DURATION), Column("b0", U64), Column("b1", U64), Column("b2", U64)))
    entries = {key(b"a", 1): slots((2, 3 * 10**6, 1, 1, 0), (1, 10**9, 0, 0, 1))}

    [family] = reader("histogram", value, entries, buckets=Buckets("explicit", (10**6, 10**8))).families()

    assert family.series[0][1] == Histogram((0.001, 0.1), (1, 1, 1), pytest.approx(1.003), 3)


def test_names_are_applied_to_labels() -> None:
    by = Layout((Column("op", U32, names=(("1", "read"), ("*", "other"))),))
    entries = {struct.pack("<II", number, 0): slots((1,)) for number in (1, 2)}

    found = reader("counter", Layout((COUNT,)), entries, by=by).metrics()["metric"]

    assert [labels for labels, _ in found] == [{"op": "read"}, {"op": "other"}]


def test_a_map_that_has_gone_is_left_out() -> None:
    one = reader("counter", Layout((COUNT,)), {})

    assert PolicyReader(cast("Kernel", Maps()), one.record).metrics() == {}


def test_lists_of_params_are_no_metrics() -> None:
    assert reader("list", Layout((Column("in", PID),)), {}).metrics() == {}


def test_labels_are_whole_paths_with_underscores() -> None:
    assert [label_name(text) for text in ("process.parent.comm", "args[0]", "3rd")] == [
        "process_parent_comm",
        "args_0_",
        "_3rd",
    ]


def test_an_account_is_the_sum_of_all_cpus() -> None:
    rows = [list(range(first, first + len(ACCOUNT_COLUMNS))) for first in (0, 100)]
    kernel = Maps({"shared/account": {struct.pack("<I", 3): slots(*map(tuple, rows))}})

    found = read_account(cast("Kernel", kernel), 3)

    assert list(found) == list(ACCOUNT_COLUMNS)
    assert list(found.values()) == [a + b for a, b in zip(*rows, strict=True)]


def test_there_are_no_counts_without_an_account() -> None:
    assert set(read_account(cast("Kernel", Maps()), 3).values()) == {0}


def test_losses_are_metrics_by_cause() -> None:
    counts = dict.fromkeys(ACCOUNT_COLUMNS, 0) | {"matched": 9, "delivered": 7, "ring_full": 2}

    found = {family.name: family for family in account_families({"p": counts})}

    assert found["policyd_events_matched_total"].series == (({}, 9),)
    assert ({"cause": "ring_full"}, 2) in found["policyd_lost_total"].series


def test_hooks_tell_runs_only_if_they_were_counted() -> None:
    hooks = [HookStatistics("xdp:eth0", ("p",), 0, 0, 5), HookStatistics("raw_tracepoint:x", ("p",), 4, 2000, 0)]

    found = {family.name: family.series for family in hook_families(hooks)}

    assert found["policyd_hook_missed_total"] == (({"hook": "xdp:eth0"}, 5), ({"hook": "raw_tracepoint:x"}, 0))
    assert found["policyd_hook_runs_total"] == (({"hook": "raw_tracepoint:x"}, 4),)
    assert found["policyd_hook_seconds_total"][0][1] == pytest.approx(2e-6)


def test_a_policy_that_is_not_applied_is_not_found() -> None:
    with pytest.raises(NotFoundError, match="policy nobody is not applied"):
        open_policy(cast("Kernel", Maps()), "nobody")
