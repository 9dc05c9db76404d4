"""What there is to write in a policy, and what it means on this kernel: the data behind `policyd explain`.

In: a topic (`hooks`, `hook`, `field`…), a name, and a target.  Out: a `Page` (a title, paragraphs, tables), which the
command line prints as text or JSON.  A name that is not there raises `NotFoundError` with the nearest ones.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policyd.elf import Binaries
from policyd.elf.listing import function_rows, probe_rows
from policyd.errors import NotFoundError, TargetError
from policyd.explain.expressions import expressions_page
from policyd.explain.functions import KINDS as KERNEL_FUNCTIONS
from policyd.explain.functions import function_facts
from policyd.explain.keys import keys_page
from policyd.explain.lists import lists_page
from policyd.explain.objects import (
    TYPES_HEADINGS,
    behind,
    field_page,
    rows_of_path,
    types_with_fields,
)
from policyd.explain.sockets import tcp_event
from policyd.explain.spans import spans_page
from policyd.explain.tables import tables_page
from policyd.explain.types import one_type, types_page
from policyd.page import Page, Table
from policyd.policy import SpanHook
from policyd.resolve.snapshots import object_prototype, snapshot_kinds
from policyd.text import did_you_mean, one_of, quote
from policyd.vocabulary.actions import ACTIONS, LATER_ACTIONS
from policyd.vocabulary.aggregates import AGGREGATES
from policyd.vocabulary.attach import ATTACH_KINDS, AttachKind
from policyd.vocabulary.compat import ways
from policyd.vocabulary.fields import FIELDS, GROUPS
from policyd.vocabulary.hooks import HOOK_KINDS, LATER_HOOKS, whose_process
from policyd.vocabulary.operators import OPERATORS, fitting
from policyd.vocabulary.outputs import LATER_OUTPUTS, OUTPUTS
from policyd.vocabulary.perf_events import DEFAULT_FREQUENCY, PERF_EVENTS
from policyd.vocabulary.scopes import SCOPE_KEYS
from policyd.vocabulary.spans import SPAN_FIELDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from policyd.elf import Binary
    from policyd.functions import Prototype
    from policyd.target import Target
    from policyd.vocabulary.compat import Way
    from policyd.vocabulary.field import Field
    from policyd.vocabulary.hook_kind import HookKind
    from policyd.vocabulary.syscalls import Syscall
    from policyd.vocabulary.types import ValueType

_MOST_SYMBOLS = 40
_MOST_FUNCTIONS = 200


def explain(topic: str, name: str, target: Target) -> Page:
    """Return the page of a topic; `name` is empty for lists.  `NotFoundError` for what there is not."""
    if topic in LISTS:
        return LISTS[topic]()
    if topic not in THINGS:
        hint = did_you_mean(topic, (*LISTS, *THINGS)) or f"there are {one_of((*LISTS, *THINGS), 20)}"
        raise NotFoundError(f"there is no topic {quote(topic)}; {hint}")
    if not name:
        raise NotFoundError(f"explain {topic} needs a name, as `policyd explain {topic} {EXAMPLES[topic]}`")
    return THINGS[topic](name, target)


def _not_found(what: str, name: str, known: Iterable[str], later: Iterable[str] = ()) -> NotFoundError:
    if name in later:
        return NotFoundError(f"the {what} {quote(name)} is not supported yet")
    known = tuple(known)
    hint = did_you_mean(name, known) or f"there are {one_of(known, 40)}"
    return NotFoundError(f"there is no {what} {quote(name)}; {hint} (`policyd explain --search WORD` finds more)")


# ------------------------------------------------------------------------------------------------ hooks


def _hooks() -> Page:
    rows = tuple((row.key, _spelling(row), _verdicts(row), _since(row), row.summary) for row in HOOK_KINDS)
    table = Table("", ("hook", "in a policy", "actions", "kernel", "what it sees"), rows)
    later = (f"Not supported yet: {', '.join(LATER_HOOKS)}.",) if LATER_HOOKS else ()
    more = (
        "`policyd explain hook KIND:TARGET` shows what can be read at one: `policyd explain hook syscall:openat`. "
        "`span` pairs two hooks, a start and an end: `policyd explain spans`."
    )
    return Page("Hooks", (more, *later), (table,))


_SPELLINGS = {
    "syscall": "{syscall: openat}",
    "tracepoint": "{tracepoint: sched/sched_switch}",
    "raw_tracepoint": "{raw_tracepoint: sched_switch}",
    "function": "{function: vfs_read}",
    "kprobe": "{kprobe: vfs_read}",
    "kretprobe": "{kretprobe: vfs_read}",
    "fentry": "{fentry: vfs_read}",
    "fexit": "{fexit: vfs_read}",
    "lsm": "{lsm: file_open}",
    "perf": "{perf: {event: cpu-clock, frequency: 99}}",
    "iter": "{iter: task}",
    "sk_lookup": "{sk_lookup: {}}",
    "sock_ops": "{sock_ops: [ActiveEstablished, Retransmit]}",
    "xdp": "{xdp: eth0}",
    "netkit": "{netkit: {interfaces: [nk0], side: primary}}",
    "netfilter": "{netfilter: input}",
    "tc": "{tc: {interfaces: [eth0], direction: ingress}}",
    "uprobe": "{uprobe: {library: libc, symbol: malloc, args: {size: size}}}",
    "uretprobe": "{uretprobe: {path: /bin/bash, symbol: readline, ret: string}}",
    "usdt": "{usdt: {path: /usr/bin/python3, provider: python, name: gc__start}}",
}


def _spelling(row: HookKind) -> str:
    return _SPELLINGS.get(row.kind, f"{{{row.kind}: {row.name}}}")


def _verdicts(row: HookKind) -> str:
    return ", ".join((*row.verdicts, *(("signal",) if row.signals else ()))) or "none"


def _attach(row: HookKind) -> AttachKind:
    """Return how the hook is attached; options of one kind but for cgroups are alike in what is shown."""
    return next(a for a in ATTACH_KINDS if a.kind == row.attach_kind and (not row.name or row.name in a.options))


def _since(row: HookKind) -> str:
    return next((a.since for a in ATTACH_KINDS if a.kind == row.fallback), _attach(row).since)


def _hook(name: str, target: Target) -> Page:
    kind, _, what = name.partition(":")
    if kind == SpanHook.kind:
        return spans_page()
    if kind in _ON_TARGET:
        row = next(row for row in HOOK_KINDS if row.kind == kind)
        return _hook_page(name, row, _ON_TARGET[kind](what, target) if what else ((), ()))
    if kind in KERNEL_FUNCTIONS:
        row = next(row for row in HOOK_KINDS if row.kind == kind)
        return _hook_page(name, row, _kernel_function(kind, what, target) if what else ((), ()))
    for row in HOOK_KINDS:
        if row.key == name or (row.kind == kind and not row.name) or (row.kind == "cgroup" and row.name == name):
            return _hook_page(row.key, row, ((), ()))
    known = name if kind in {row.kind for row in HOOK_KINDS} else kind
    raise _not_found("hook", known, [row.key for row in HOOK_KINDS], LATER_HOOKS)


Own = tuple[tuple[str, ...], tuple[Table, ...]]
"""What one target adds to its kind's page: paragraphs and tables."""


def _hook_page(title: str, row: HookKind, own: Own) -> Page:
    paragraphs, tables = own
    attach = _attach(row)
    facts = (
        ("in a policy", _spelling(row)),
        ("actions", _verdicts(row)),
        ("without a verdict", f"the program returns {attach.neutral_name}, so that other programs go on"),
        ("cost", row.cost),
        ("kernel", f"{attach.since} or newer{f'; older ones have {row.fallback}' if row.fallback else ''}"),
        ("replaced by", f"{attach.replacement}{', or slot' if row.fallback else ''}, exactly once"),
    )
    keys = tuple((key.name, key.explain) for key in row.keys)
    readable = tuple(_field_row(field) for field in FIELDS if field.context in row.contexts)
    return Page(
        f"Hook {title}",
        (row.summary, *paragraphs, row.context, *(f"A way round it: {way}" for way in row.ways_round)),
        (
            Table("Facts", ("", ""), facts),
            *tables,
            Table("Keys", ("key", "meaning"), keys),
            Table("Fields", ("field", "type", "meaning"), readable),
        ),
    )


def _syscall(name: str, target: Target) -> Own:
    try:
        call = target.syscall(name)
    except TargetError as error:
        raise _not_found("system call", name, error.candidates) from error
    numbers = f"Number {call.number}" if call.number is not None else "Not a native system call"
    compat = f", {call.compat} for 32-bit callers" if call.compat is not None else ""
    rows = [(f"args.{a.name}", _type(a.type), a.c_type, _symbols(a.type)) for a in call.arguments]
    rows.append(("ret", "result", "long", "at phase: exit and phase: call; below zero: an errno, as -ENOENT"))
    traced = () if call.event else ("The kernel makes no tracepoint for it: it is seen through `syscall: '*'` only.",)
    callers = tuple(_way(call, way) for way in ways(call, target.arch))
    tables = (Table("Arguments", _ARGUMENT_HEADINGS, tuple(rows)), Table("32-bit callers", _WAY_HEADINGS, callers))
    return (f"{numbers}{compat}.", *traced), tables if callers else tables[:1]


def _way(call: Syscall, way: Way) -> tuple[str, str, str]:
    """Return how 32-bit callers make a system call, and what of it cannot be read."""
    numbers = "number " + ", ".join(map(str, way.numbers))
    by = f"{way.subcall.by.name} ({numbers}), call {way.subcall.number}" if way.subcall else numbers
    unread = [f"args.{a.name}" for index, a in enumerate(call.arguments) if isinstance(way.place(index), str)]
    return by, f"__ia32_{way.entry}", ", ".join(unread)


_WAY_HEADINGS = ("by", "function of the kernel", "cannot be read")
_ARGUMENT_HEADINGS = ("field", "type", "C type", "")


def _tracepoint(name: str, target: Target) -> Own:
    try:
        found = target.tracepoint(name)
    except TargetError as error:
        raise _not_found("tracepoint", name, error.candidates) from error
    rows = tuple(
        (f"args.{field.name}", _type(field.type) if field.type else "-", field.c_type, field.why or _symbols(field.type))
        for field in found.fields
        if not field.common
    )
    return _actor(found.name), (Table("Fields of the record", _ARGUMENT_HEADINGS, rows),)


def _raw_tracepoint(name: str, target: Target) -> Own:
    try:
        prototype = target.raw_tracepoint(name)
    except TargetError as error:
        raise _not_found("raw tracepoint", name, error.candidates) from error
    return _actor(name), (_given(prototype),)


def _objects(name: str, target: Target) -> Own:
    kinds = snapshot_kinds(target)
    if name not in kinds:
        raise _not_found("kind of objects to go through", name, kinds)
    return (), (_given(object_prototype(target, name)),)


def _given(prototype: Prototype) -> Table:
    rows = tuple(
        (f"args.{arg.name}", _type(arg.value) if arg.value else "-", arg.c_type, behind(f"args.{arg.name}", arg.c_type))
        for arg in prototype.args
    )
    return Table("Arguments", _ARGUMENT_HEADINGS, rows)


def _kernel_function(kind: str, name: str, target: Target) -> Own:
    try:
        told, rows = function_facts(kind, name, target)
    except TargetError as error:
        raise _not_found("LSM hook" if kind == "lsm" else "function", name, error.candidates) from error
    return told, (Table("Arguments", _ARGUMENT_HEADINGS, rows),) if rows else ()


_ACTORS = {
    "actor": (),
    "mixed": (
        "It fires in the acting process or in an interrupt, as it happens: `process` may have nothing to do with it.",
    ),
    "interrupted": ("It fires in interrupts: `process` and `signal` are refused here.",),
}


def _actor(event: str) -> tuple[str, ...]:
    return _ACTORS[whose_process(event)]


def _functions_in_file(what: str, target: Target) -> Own:
    """Return the functions of `PATH` or `PATH:GLOB`, or of a library."""
    binary, pattern = _file(what, target)
    rows = function_rows(binary, pattern or "*")
    if not rows:
        raise NotFoundError(f"no function of {quote(binary.path, 200)} matches {quote(pattern or '*')}")
    left = f"{len(rows):,} functions, of which {_MOST_FUNCTIONS} are shown: add a glob, as {what}:get*"
    table = Table(f"Functions of {binary.path}", ("function", "offset", "bytes", ""), rows[:_MOST_FUNCTIONS])
    return ((left,) if len(rows) > _MOST_FUNCTIONS else ()), (table,)


def _probes_in_file(what: str, target: Target) -> Own:
    binary, pattern = _file(what, target)
    rows = probe_rows(binary, pattern or "*")
    if not rows:
        raise NotFoundError(f"no USDT probe of {quote(binary.path, 200)} matches {quote(pattern or '*')}")
    return (), (Table(f"Probes of {binary.path}", ("probe", "places", "arguments"), rows),)


def _file(what: str, target: Target) -> tuple[Binary, str]:
    """Return the file that `PATH:PATTERN` names on this host, and the pattern."""
    place, _, pattern = what.partition(":")
    return Binaries(target.arch).open(place), pattern


def _perf_event(name: str, _: Target) -> Own:
    known = {row.name: row for row in PERF_EVENTS}
    if name not in known:
        raise _not_found("event", name, known)
    row = known[name]
    rate = f"{DEFAULT_FREQUENCY} times a second" if row.sampled_by_time else "each time"
    return (f"{name}: {row.explain}. Without `frequency` and `period` it is sampled {rate}.",), ()


_ON_TARGET: dict[str, Callable[[str, Target], Own]] = {
    "perf": _perf_event,
    "uprobe": _functions_in_file,
    "uretprobe": _functions_in_file,
    "usdt": _probes_in_file,
    "syscall": _syscall,
    "tracepoint": _tracepoint,
    "sock_ops": tcp_event,
    "raw_tracepoint": _raw_tracepoint,
    "iter": _objects,
}


# ------------------------------------------------------------------------------------------------ fields


def _type(type_: ValueType) -> str:
    return f"{type_.kind} ({type_.size * 8} bits)" if type_.kind in {"enum", "flags", "hex"} else type_.kind


def _symbols(type_: ValueType | None) -> str:
    names = [name for _, name in type_.symbols[: _MOST_SYMBOLS + 1]] if type_ else []
    return " ".join(names[:_MOST_SYMBOLS]) + (" …" if len(names) > _MOST_SYMBOLS else "")


def _field_row(row: Field) -> tuple[str, str, str]:
    return row.path, _type(row.type), row.explain


def _where(row: Field) -> str:
    return ", ".join(hook.key for hook in HOOK_KINDS if row.context in hook.contexts)


def _fields() -> Page:
    rows = tuple((*_field_row(row), _where(row)) for row in FIELDS)
    groups = tuple((name, ", ".join(paths)) for name, paths in GROUPS.items())
    tables = (
        Table("", ("field", "type", "meaning", "hooks"), rows),
        Table("Behind a pointer", TYPES_HEADINGS, types_with_fields()),
        Table("Groups, for events", ("group", "stands for"), (*groups, ("args", "all arguments of the hook"))),
    )
    arguments = "Arguments of a hook are fields too: `policyd explain hook KIND:TARGET` lists them."
    return Page("Fields", (arguments, _PROCESSES), tables)


_PROCESSES = (
    "What a process has, its parents have too (`process.parent.parent.uid`), and any task that an argument points to "
    "(`args.next.process.exe`). `process.task` is the kernel's own structure: `process.task.mm.total_vm`."
)


def _field(name: str, _: Target) -> Page:
    if name in {row.spelling for row in SPAN_FIELDS}:
        return spans_page()
    if name in GROUPS:
        rows = tuple(_field_row(row) for row in FIELDS if row.path in GROUPS[name])
        return Page(f"Group {name}", ("Stands for these in an event's fields.",), (Table("", _FIELD_HEADINGS, rows),))
    of_any_process = re.sub(r"^(.+\.)?process\.(parent\.)*", "process.", name)
    found = [row for row in FIELDS if row.path == name] or [row for row in FIELDS if row.path == of_any_process]
    if not found and (behind := rows_of_path(name)):
        return field_page(name, behind)
    if not found:
        raise _not_found("field", name, [*dict.fromkeys(row.path for row in FIELDS), *GROUPS])
    return Page(f"Field {name}", tuple(dict.fromkeys(row.explain for row in found)), tuple(map(_field_facts, found)))


_FIELD_HEADINGS = ("field", "type", "meaning")


def _field_facts(row: Field) -> Table:
    absent = "absent where there is none" if row.can_be_absent else "always there"
    unread = "; unread where it cannot be read" if row.can_be_unread else ""
    facts = [
        ("type", _type(row.type)),
        ("hooks", _where(row)),
        ("presence", absent + unread),
        ("operators", ", ".join(fitting(row.type))),
    ]
    if row.type.symbols:
        facts.insert(1, ("names", _symbols(row.type)))
    return Table("", ("", ""), tuple(facts))


# ------------------------------------------------------------------------------------------------ operators and what follows


def _operators() -> Page:
    rows = tuple((row.name, _shapes(row.shapes), row.explain, row.example) for row in OPERATORS.values())
    return Page("Operators", (), (Table("", ("operator", "fields", "meaning", "example"), rows),))


def _shapes(shapes: Iterable[object]) -> str:
    names = sorted(str(getattr(shape, "value", shape)) for shape in shapes)
    return "any" if len(names) > 3 else ", ".join(names)


_PARAMS = {"": "none", "list": "a list", "scalar": "a single value"}
_ARITIES = {"none": "none", "one": "one: value", "many": "one or more: values"}


def _operator(name: str, _: Target) -> Page:
    if name not in OPERATORS:
        raise _not_found("operator", name, OPERATORS)
    row = OPERATORS[name]
    facts = (
        ("fields", _shapes(row.shapes)),
        ("values", _ARITIES[row.arity]),
        ("param", _PARAMS[row.param]),
        ("example", row.example),
    )
    absent = "True where the field is absent." if row.negative else "False where the field is absent."
    return Page(f"Operator {name}", (row.explain, absent), (Table("", ("", ""), facts),))


def _outputs() -> Page:
    rows = tuple((row.name, row.explain, row.example) for row in OUTPUTS.values())
    later = f"Not supported yet: {', '.join(LATER_OUTPUTS)}."
    return Page("Outputs", (later,), (Table("", ("output", "meaning", "example"), rows),))


def _output(name: str, _: Target) -> Page:
    if name not in OUTPUTS:
        raise _not_found("output", name, OUTPUTS, LATER_OUTPUTS)
    row = OUTPUTS[name]
    tables: tuple[Table, ...] = (Table("Keys", ("key", "meaning"), tuple((key.name, key.explain) for key in row.keys)),)
    if name == "stats":
        rows = tuple((one.name, one.explain, one.example) for one in AGGREGATES.values())
        tables += (Table("Columns", ("aggregate", "meaning", "example"), rows),)
    return Page(f"Output {name}", (row.explain, f"Example: {row.example}"), tables)


def _actions() -> Page:
    rows = tuple((row.name, row.where, row.explain, row.example) for row in ACTIONS.values())
    later = (f"Not supported yet: {', '.join(LATER_ACTIONS)}.",) if LATER_ACTIONS else ()
    monitor = "In `mode: monitor`, the default, actions are counted and shown as would-be; `mode: enforce` takes them."
    unread = "A rule that is undecided, because something could not be read, takes its action only with `onUnread: act`."
    return Page("Actions", (monitor, unread, *later), (Table("", ("action", "hooks", "meaning", "example"), rows),))


def _action(name: str, _: Target) -> Page:
    if name not in ACTIONS:
        raise _not_found("action", name, ACTIONS, LATER_ACTIONS)
    row = ACTIONS[name]
    hooks = ", ".join(hook.key for hook in HOOK_KINDS if name in hook.verdicts or (name == "signal" and hook.signals))
    facts = (("hooks", hooks), ("value", row.value), ("example", row.example))
    return Page(f"Action {name}", (row.explain,), (Table("", ("", ""), facts),))


def _scope() -> Page:
    rows = tuple((row.name, row.explain, row.example) for row in SCOPE_KEYS.values())
    paragraphs = (
        "`scope` says whom a policy (`spec.scope`) or a rule is about. Every key that is given must hold, and of a list one "
        "value; a rule is about whom both its own scope and its policy's hold. It is asked once an event, before filters.",
        "At tc, and at the cgroup hooks skb_ingress and skb_egress, `cgroups` and `containers` are those of the packet's "
        "socket; the other keys ask of processes, and are refused there. At XDP there is neither.",
    )
    return Page("Scope", paragraphs, (Table("Keys", ("key", "meaning", "example"), rows),))


LISTS: dict[str, Callable[[], Page]] = {
    "keys": keys_page,
    "hooks": _hooks,
    "fields": _fields,
    "types": types_page,
    "operators": _operators,
    "outputs": _outputs,
    "actions": _actions,
    "expressions": expressions_page,
    "tables": tables_page,
    "spans": spans_page,
    "lists": lists_page,
    "scope": _scope,
}
"""Topics that list all of a noun."""

THINGS: dict[str, Callable[[str, Target], Page]] = {
    "hook": _hook,
    "field": _field,
    "type": one_type,
    "operator": _operator,
    "output": _output,
    "action": _action,
}
"""Topics that explain one thing by name."""

EXAMPLES = {
    "hook": "syscall:openat",
    "field": "process.exe",
    "type": "duration",
    "operator": "InCIDR",
    "output": "histogram",
    "action": "deny",
}
