"""Every hook kind with every field that it offers, every operator that fits and every output: all of it loads.

Each policy has hundreds of rules at one hook, built by the engine's dry run: resolved, compiled, past the kernel's verifier,
attached nowhere.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from codegen_cases import Rule, cgroup_hooks, fields_of, leaves, params, policy, rule
from conftest import Host, resolve_text

from policyd.effect import EventOutput
from policyd.engine import Request
from policyd.vocabulary.fields import FIELDS
from policyd.vocabulary.hook_kind import HookKind
from policyd.vocabulary.hooks import hook_kind
from policyd.vocabulary.types import ValueType

pytestmark = pytest.mark.kernel

_ARGUMENTS = {"a": "string", "b": "bytes16", "c": "u32", "d": "bool", "e": "hex", "f": "duration", "g": "s16", "h": "path"}
"""Of a function in user space, of which the last two are on its stack."""

HOOKS: dict[str, tuple[HookKind, object, tuple[str, ...]]] = {
    "syscall-enter": (hook_kind("syscall"), {"syscall": "openat"}, ()),
    "syscall-call": (hook_kind("syscall"), {"syscall": {"names": ["openat"], "phase": "call"}}, ("ret", "duration")),
    "tracepoint": (hook_kind("tracepoint"), {"tracepoint": "sched/sched_process_exec"}, ()),
    "raw-tracepoint": (
        hook_kind("raw_tracepoint"),
        {"raw_tracepoint": "sched_process_exec"},
        ("args.p.comm", "args.p.tgid", "args.p.sched_reset_on_fork", "args.bprm.filename", "args.p.mm.arg_start"),
    ),
    "uprobe": (
        hook_kind("uprobe"),
        {"uprobe": {"library": "libc", "symbols": ["malloc", "free"], "args": _ARGUMENTS}},
        tuple(f"args.{name}" for name in _ARGUMENTS),
    ),
    "xdp": (hook_kind("xdp"), {"xdp": {"interfaces": ["lo"]}}, ()),
    "tc-ingress": (hook_kind("tc"), {"tc": {"interfaces": ["lo"], "direction": "ingress"}}, ()),
    "tc-egress": (hook_kind("tc"), {"tc": {"interfaces": ["lo"], "direction": "egress"}}, ()),
} | {f"cgroup-{row.name}": (row, {"cgroup": row.name}, ()) for row in cgroup_hooks()}
"""Name → (row of the vocabulary, hook as a policy spells it, fields beside the vocabulary's and `args`)."""

BUCKETS: tuple[Any, ...] = (None, "log2", {"log2": "1..1024"}, {"linear": "0..1000", "step": 50}, [1, 10, 100], [1, 3, 7])
METRICS = ("counter", "sum", "gauge", "min", "max", "histogram")

WHOLE = ("syscall-enter", "xdp")
"""Where every field meets every form of every operator.  Elsewhere each field meets every `STRIDE`th: the code of an
operator knows nothing of the hook."""
STRIDE = 11
TASKS = ("syscall-enter", "cgroup-connect4")
"""Where each of the fields of tasks, which are many and long, meets operators and is a key.  Elsewhere it is a column."""
OF_TASKS = frozenset(row.path for row in FIELDS if row.from_task)


def load(host: Host, text: str) -> None:
    """Build a policy's programs past the verifier."""
    result = host.engine.dry_run(Request(resolve_text(text)))
    for outcome in result.failed:
        raise AssertionError(f"{outcome.policy}: {outcome.error}\n{getattr(outcome.error, 'log', '')[-3000:]}")


def types_at(hook: HookKind, spelled: object, more: tuple[str, ...]) -> dict[str, ValueType]:
    """Return every field that the hook offers, with its type."""
    paths = [row.path for row in fields_of(hook)] + list(more)
    found: dict[str, ValueType] = {}
    rules = [rule("fields", spelled, outputs=[event(paths[at : at + 32])]) for at in range(0, len(paths), 32)]
    if hook.kind in {"syscall", "tracepoint", "raw_tracepoint"} and "ret" not in more:
        rules.append(rule("args", spelled, outputs=[event(["args"])]))
    for number, one in enumerate(rules):
        one["name"] = f"fields-{number}"
    (given,) = resolve_text(policy("types", rules))
    for one in given.policy.rules:
        for output in one.outputs:
            assert isinstance(output, EventOutput)
            found |= {column.path: value.type for column, value in zip(output.layout.columns, output.values, strict=True)}
    return found


def filter_rules(spelled: object, types: dict[str, ValueType], whole: bool) -> Iterator[Rule]:
    """Yield a rule for each field, operator and form: the `whole` of them, but not for fields of tasks."""
    number = itertools.count()
    for path, type_ in types.items():
        for _, filter_ in leaves(path, type_):
            at = next(number)
            if at % STRIDE == 0 or (whole and path not in OF_TASKS):
                yield rule(f"rule-{at}", spelled, [filter_])


def output_rules(spelled: object, types: dict[str, ValueType]) -> Iterator[Rule]:
    """Yield a rule for each field as a column and as a key, and (numbers) as the value of each metric and buckets form."""
    number = itertools.count()
    for path, type_ in types.items():
        name = f"column-{next(number)}"
        key = f"{path}[0]" if type_.kind == "paths" else path
        columns = {"key": key}
        yield rule(name, spelled, outputs=[event([path]), metric("counter", f"by_{name}", by=columns)])
    yield from metric_rules(spelled, types)


def metric_rules(spelled: object, types: dict[str, ValueType]) -> Iterator[Rule]:
    number = itertools.count()
    plain = next(path for path, type_ in types.items() if type_.kind in {"u32", "pid"})
    signed = next((path for path, type_ in types.items() if type_.signed), plain)
    for path, kind in itertools.product(dict.fromkeys((plain, signed)), METRICS):
        more = {} if kind == "counter" else {"value": path}
        for evict, by in ((False, []), (False, [plain]), (True, [plain])):
            name = f"metric-{next(number)}"
            keyed = {"by": by, "evict": evict} if by else {}
            yield rule(name, spelled, outputs=[metric(kind, name, **more, **keyed)])
    for path, buckets in itertools.product(dict.fromkeys((plain, signed)), BUCKETS):
        name = f"buckets-{next(number)}"
        more = {} if buckets is None else {"buckets": buckets}
        yield rule(name, spelled, outputs=[metric("histogram", name, value=path, **more)])


def event(paths: list[str]) -> dict[str, object]:
    return {"event": {"fields": paths}}


def metric(kind: str, name: str, **more: object) -> dict[str, object]:
    return {kind: {"name": name.replace("-", "_"), "help": "Something", **more}}


def actions(hook: HookKind, spelled: dict[str, Any]) -> list[dict[str, object]]:
    """Return every action that the hook can take on this kernel; what leaves an interface is not sent there again."""
    leaves = spelled.get("tc", {}).get("direction") == "egress"
    forms: dict[str, dict[str, object]] = {
        "deny": {"deny": "EACCES"},
        "drop": {"drop": True},
        "pass": {"pass": True},
        "mark": {"mark": 7},
        "redirect": {"redirect": {"interface": "lo"} | ({"direction": "ingress"} if leaves else {})},
    }
    verdicts = () if hook.kind == "syscall" else hook.verdicts  # of calls they are functions': lane vm
    return [forms[verdict] for verdict in verdicts] + ([{"signal": "SIGUSR1"}] if hook.signals else [])


@pytest.mark.parametrize("name", HOOKS)
def test_every_field_operator_output_and_action_of_a_hook_loads(host: Host, name: str) -> None:
    hook, spelled, more = HOOKS[name]
    types = types_at(hook, spelled, more)
    assert {row.path for row in fields_of(hook)} <= set(types)
    own = {path: type_ for path, type_ in types.items() if name in TASKS or path not in OF_TASKS}
    others = sorted(set(types) - set(own))
    filters = list(filter_rules(spelled, own, name in WHOLE))
    outputs = list(output_rules(spelled, own))
    outputs += [rule(f"task-{at}", spelled, outputs=[event(others[at : at + 16])]) for at in range(0, len(others), 16)]
    acting = [rule(f"action-{n}", spelled, action=action) for n, action in enumerate(actions(hook, spelled))]

    load(host, policy("matrix", [*filters, *outputs, *acting], params(own.values())))
