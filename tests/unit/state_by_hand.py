"""One policy, one hook and their maps as a kernel could hold them, made by hand: for tests of what is said about a state."""

from __future__ import annotations

import json
import struct
import time
from typing import TYPE_CHECKING

from policyd.kernel.bpf.info import LinkInfo, MapInfo, ProgramInfo
from policyd.layout import ACCOUNT_COLUMNS, Column, Layout
from policyd.maps import MapClass
from policyd.observe import Observed, ObservedPolicy
from policyd.observed_hook import ObservedHook
from policyd.plan.cleaning import BASE
from policyd.record import HookRecord, MapRecord, PolicyRecord, RuleRecord, UsedRows, map_pin
from policyd.unit import AttachPoint
from policyd.vocabulary.kinds import kind_type
from policyd.vocabulary.types import Shape, ValueType

if TYPE_CHECKING:
    from collections.abc import Iterator

POINT = AttachPoint("tracepoint", "syscalls/sys_enter_openat")
CLASS = MapClass("percpu_hash", 8, 8)
DOCUMENT = {
    "kind": "Policy",
    "apiVersion": "policyd.dev/v1alpha1",
    "metadata": {"name": "opens", "labels": {"team": "platform"}},
    "spec": {
        "description": "Who opens what",
        "mode": "monitor",
        "params": {"watched": {"type": "path", "values": ["/etc", "/boot"]}},
        "rules": [
            {
                "name": "open",
                "hook": {"syscall": "openat"},
                "outputs": [{"counter": {"name": "opens_total"}}],
                "action": {"signal": "9"},
            }
        ],
    },
}
COUNTER = MapRecord("opens_total", 3, CLASS, "counter", "f" * 12, 10240, Layout(()), Layout(()))
STARTED_KEY = Layout(
    (
        Column("thread", kind_type("pid")),
        Column("thread_started", kind_type("time"), hidden=True),
        Column("fd", kind_type("u64")),
    )
)
STARTED_VALUE = Layout((Column("count", kind_type("u64")), Column("name", ValueType("string", Shape.STRING, 128))))
STARTED = MapRecord(
    "started",
    4,
    MapClass("lru_hash", STARTED_KEY.size, STARTED_VALUE.size),
    "table",
    "e" * 12,
    1000,
    STARTED_KEY,
    STARTED_VALUE,
)
STARTED_ROWS = (((40, 7, 3), (2, b"/usr/bin/" + b"long" * 24)), ((7, 9, 5), (1, b"short")))
RECORD = PolicyRecord(
    name="opens",
    document=json.dumps(DOCUMENT),
    row=5,
    ring_bytes=256 << 10,
    enforce=False,
    suspend=False,
    acts=True,
    severity="medium",
    source="opens.yaml:1",
    hooks=("syscall:openat",),
    points=(POINT.id,),
    rules=(RuleRecord(0, "open", POINT.key, "syscall", 0, "enter", "none", 0, 9),),
    maps={"opens_total": COUNTER, "started": STARTED},
    overrides={"watched": ("/srv",)},
    policyd="0.1.0",
    applied=time.time() - (5 * 24 + 1) * 3600,  # an age that stands still while the tests run
)
PIN = map_pin("opens", "opens_total", COUNTER.fingerprint)
STARTED_PIN = map_pin("opens", "started", STARTED.fingerprint)
RING = MapInfo(11, "ringbuf", 0, 0, 256 << 10, 0, "pd_ring")
PROGRAM = ProgramInfo(21, "pd_0123456789ab", "tracepoint", "aa", instructions=100, verified_instructions=400)
STUB = ProgramInfo(22, "pd_stub", "tracepoint", "bb", run_count=7, recursion_misses=4)
ACCOUNT = dict.fromkeys(ACCOUNT_COLUMNS, 0) | {"matched": 12, "delivered": 10, "ring_full": 1, "nested": 1, "would_act": 12}
HOOK_RECORD = HookRecord(POINT, "0123456789ab", ("opens",), (21,), (PROGRAM.name,), {}, UsedRows())
OBSERVED_HOOK = ObservedHook(
    id=POINT.id,
    record=HOOK_RECORD,
    reason="",
    uses_slot=True,
    links={"link": LinkInfo(31, "perf_event", 22, True, "sys_enter_openat")},
    wanted=("link",),
    located="sys_enter_openat",
    slot=41,
    stub=22,
    running=21,
    programs={"program-0": PROGRAM},
    pins=("link", "program-0", "record", "slot", "stub"),
)
MAPS = {PIN: MapInfo(12, "percpu_hash", 8, 8, 10240, 0, "pd"), STARTED_PIN: MapInfo(13, "lru_hash", 24, 136, 1000, 0, "pd")}
OBSERVED_POLICY = ObservedPolicy(RECORD.id, RECORD, "", RING, MAPS)
SHARED = {
    name: MapInfo(number, "array", 4, 8, 1024, 0, f"pd_{number}")
    for number, name in enumerate((*BASE, "processes", COUNTER.shared, STARTED.shared), start=51)
}
OBSERVED = Observed(
    policies={RECORD.id: OBSERVED_POLICY},
    hooks={POINT.id: OBSERVED_HOOK},
    shared=SHARED,
    rows={"rings": {5: 11}, COUNTER.shared: {3: 12}, STARTED.shared: {4: 13}},
    config={5: 0},
)


class FakeKernel:
    """Holds the account, the stub and a table: all that is read beside what was observed."""

    root = "/nowhere"

    def open(self, path: str) -> int | None:
        if path.endswith(STARTED_PIN):
            return 3
        return {"shared/account": 1}.get(path, 2 if path.endswith("/stub") else None)

    def close(self, fd: int) -> None:
        pass

    def map_info(self, fd: int) -> MapInfo:
        return MapInfo(1, "percpu_array", 4, 8 * len(ACCOUNT_COLUMNS), 1024, 0, "pd_account")

    def program_info(self, fd: int) -> ProgramInfo:
        return STUB

    def lookup(self, fd: int, key: bytes) -> bytes:
        one = struct.pack(f"<{len(ACCOUNT_COLUMNS)}Q", *ACCOUNT.values())
        return one + bytes(len(one))

    def exists(self, path: str) -> bool:
        return False

    def list(self, path: str) -> tuple[str, ...]:
        return ()

    def items(self, fd: int) -> Iterator[tuple[bytes, bytes]]:
        if fd == 3:
            yield from ((STARTED_KEY.encode(key), STARTED_VALUE.encode(value)) for key, value in STARTED_ROWS)
