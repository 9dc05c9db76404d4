"""A toolchain, a resolver and policies for tests that need no compiler: a policy's document is a small JSON of its own.

`policy("a", points=["tracepoint:x/y"], counters={"c": 4}, lists={"l": ["1"]}, scalars={"s": "7"})` makes a typed policy
whose document `resolve` understands again; a `broken` one is refused.  The toolchain refuses units with a rule of a `bad`
policy, with more than `most` policies, and programs with more than `budget` rules.
"""

from __future__ import annotations

import errno
import json
import struct
from typing import TYPE_CHECKING, Any

from policyd.condition import AllOf, ListRef, ScalarRef, Test
from policyd.effect import EventOutput, MetricOutput, TypedAction
from policyd.engine import Given
from policyd.errors import PolicyError, Problem, VerifierError
from policyd.layout import Column, Layout
from policyd.maps import MapClass, MapSpec, ScalarParam
from policyd.record import class_pin
from policyd.unit import AttachPoint, TypedPolicy, TypedRule
from policyd.value import Builtin, Value
from policyd.vocabulary.types import Shape, ValueType

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fake_kernel import FakeKernel

    from policyd.unit import BoundUnit

U32 = ValueType("u32", Shape.NUMBER, 4)
U64 = ValueType("u64", Shape.NUMBER, 8)
COUNT = Layout((Column("count", U64),))


def point_of(text: str) -> AttachPoint:
    """Read `kind:target:option`, with `#` and the state of a file behind it."""
    place, _, file = text.partition("#")
    kind, target, *option = place.split(":")
    return AttachPoint(kind, target, *(option or (["auto"] if kind == "xdp" else [])), file=file)


def policy(name: str, **facts: Any) -> TypedPolicy:
    """Return a policy; facts are points, columns, counters (name → number of key columns), lists, scalars, and more."""
    return resolve(json.dumps({"name": name, **facts}, sort_keys=True), {})[0]


def given(*policies: TypedPolicy) -> tuple[Given, ...]:
    return tuple(Given(row) for row in policies)


def resolve(document: str, overrides: Mapping[str, tuple[str, ...]]) -> tuple[TypedPolicy, tuple[str, ...]]:
    facts = json.loads(document)
    if facts.get("broken"):
        raise PolicyError([Problem("broken", "this document is not understood")])
    name = facts["name"]
    lists = {**facts.get("lists", {}), **{k: list(v) for k, v in overrides.items() if k in facts.get("lists", {})}}
    scalars = {**facts.get("scalars", {}), **{k: v[0] for k, v in overrides.items() if k in facts.get("scalars", {})}}
    maps = [_counter(name, key, size) for key, size in facts.get("counters", {}).items()]
    maps += [_list(name, key, values) for key, values in lists.items()]
    rules = tuple(_rule(name, row, text, facts) for row, text in enumerate(facts.get("points", ["tracepoint:a/b"])))
    typed = TypedPolicy(
        name=name,
        rules=rules,
        maps=tuple(maps),
        scalars=tuple(ScalarParam(name, key, U64, None if v is None else (int(v), 0)) for key, v in scalars.items()),
        ring_bytes=facts.get("ring", 4096),
        enforce=facts.get("enforce", False),
        suspend=facts.get("suspend", False),
        severity=facts.get("severity", "info"),
        document=document,
        hooks=tuple(facts.get("points", ["tracepoint:a/b"])),
        needs_process_table=facts.get("processes", False),
    )
    return typed, ()


def _rule(name: str, row: int, point: str, facts: Mapping[str, Any]) -> TypedRule:
    columns = tuple(Column(column, U32) for column in facts.get("columns", ["pid"]))
    values = tuple(Value(column.name, U32, Builtin(column.name)) for column in columns)
    metrics = tuple(MetricOutput("counter", key, values[:1]) for key in facts.get("counters", {}))
    pid = Value("pid", U64, Builtin("pid"))
    tests = [Test(pid, "In", ref=ListRef(key)) for key in facts.get("lists", {})]
    tests += [Test(pid, "Equal", ref=ScalarRef(key)) for key in facts.get("scalars", {})]
    return TypedRule(
        policy=name,
        row=row,
        name="bad" if facts.get("bad") else f"rule-{row}",
        attach_point=point_of(point),
        condition=AllOf(tuple(tests)),
        outputs=(EventOutput(Layout(columns), values), *metrics),
        action=TypedAction(signal=facts.get("signal", 0)),
        hook_kind="tracepoint",
        hook=row,
    )


def _counter(name: str, key: str, columns: int) -> MapSpec:
    layout = Layout(tuple(Column(f"k{number}", U64) for number in range(columns)))
    return MapSpec(name, key, "counter", MapClass("percpu_hash", layout.size, 8), 16, layout, COUNT)


def _list(name: str, key: str, values: list[str]) -> MapSpec:
    layout = Layout((Column("value", U64),))
    encoded = tuple(struct.pack("<QQ", int(value), 1) for value in values)
    return MapSpec(name, key, "list", MapClass("hash", 8, 8), max(1, len(values)), layout, COUNT, values=encoded, param=key)


class FakeToolchain:
    """Loads programs into a `FakeKernel`."""

    def __init__(self, kernel: FakeKernel) -> None:
        self.kernel = kernel
        self.budget = self.most = 10_000
        self.builds: list[tuple[str, int]] = []

    def build(self, bound: BoundUnit, open_map: Callable[[str], int], shards: int = 1) -> tuple[int, ...]:
        point = bound.unit.attach_point
        self.builds.append((point.key, shards))
        guilty = sorted(rule.policy for rule in bound.unit.rules if rule.name == "bad")
        if guilty:
            raise VerifierError(point.key, f"bad rule of {guilty[0]}", "", errno.EACCES)
        if len(bound.unit.policies) > self.most:
            raise VerifierError(point.key, "too many policies for this test", "", errno.EACCES)
        if len(bound.unit.rules) > self.budget * shards:
            raise VerifierError(point.key, "BPF program is too large", "", errno.E2BIG)
        names = [
            "config",
            "account",
            "scalars",
            "rings",
            *sorted({class_pin(bound.maps[key].map_class) for key in bound.unit.map_keys}),
        ]
        names += ["shards"] if shards > 1 else []
        names += ["processes"] if bound.unit.internal else []
        fds = [open_map(name) for name in names]
        return tuple(self.kernel.load(bound.program_name, point, fds) for _ in range(shards))
