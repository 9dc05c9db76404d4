"""Places of system call and tracepoint hooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policyd.errors import TargetError
from policyd.resolve.arguments import RawArguments, SyscallArguments, TracepointArguments
from policyd.resolve.packets import Known, is_glob, known_names, match_names
from policyd.resolve.place import Phase, Place
from policyd.resolve.problems import Missing, Wrong
from policyd.unit import AttachPoint, Test
from policyd.value import Builtin, Constant, ContextLoad, Value
from policyd.vocabulary.fields import ABI
from policyd.vocabulary.hooks import hook_kind, whose_process
from policyd.vocabulary.types import Shape, ValueType

if TYPE_CHECKING:
    from collections.abc import Callable

    from policyd.policy import RawTracepointHook, SyscallHook, TracepointHook
    from policyd.target import Target
    from policyd.vocabulary.syscalls import Syscall

Found = tuple[list[Place], list[Missing]]

MOST_SYSCALL_POINTS = 32
"""More system calls than this are seen through raw_syscalls: one program instead of many."""

MOST_POINTS = 512
"""Attach points that one rule may make: a glob over every tracepoint of the kernel is a mistake."""

COMPAT = 1 << 32
"""Set in the number of a 32-bit caller's system call, as the accessor `syscall_number` gives it."""

_ID = ContextLoad(8, 8, signed=True)
_ABI_VALUE = Value("hook.abi", ABI, Builtin("syscall_abi"), cost=4)


# ------------------------------------------------------------------------------------------------ system calls


def syscall_places(hook: SyscallHook, target: Target) -> Found:
    """Return a place a system call, or one for all of them at raw_syscalls where they are many or 32-bit callers count."""
    known = {name: call for name, call in target.syscalls.items() if _counts(call, hook.abi)}
    names, missing = match_names(hook.names, known_names(known), "system call")
    calls = [known[name] for name in names]
    if not calls:
        return [], missing
    if "Compat" in hook.abi or len(calls) > MOST_SYSCALL_POINTS:
        return [_raw_place(hook, calls)], missing
    literal = {name for name in hook.names if not is_glob(name)}
    missing += [_untraced(call) for call in calls if not call.event and call.name in literal]
    return [_single_place(hook, call) for call in calls if call.event], missing


def _counts(call: Syscall, abi: tuple[str, ...]) -> bool:
    known = call.number is not None or call.compat is None  # newer than the shipped table: only its tracepoint is known
    return (known and "Native" in abi) or (call.compat is not None and "Compat" in abi)


def _untraced(call: Syscall) -> Missing:
    return Missing(
        "no-tracepoint",
        f"the kernel has no tracepoint for the system call {call.name}",
        f"hook {{syscall: '*'}} and filter: {{field: hook.name, operator: Equal, value: {call.name}}}",
    )


def _name_type(symbols: tuple[tuple[int, str], ...] = ()) -> ValueType:
    return ValueType("syscall", Shape.NUMBER, 8, True, symbols)


def _spelled(name: str, phase: Phase) -> str:
    return f"syscall:{name}" + (":exit" if phase == "exit" else "")


def _single_place(hook: SyscallHook, call: Syscall) -> Place:
    name = Value("hook.name", _name_type(), Constant(call.number), cost=0) if call.number is not None else None
    return Place(
        AttachPoint("tracepoint", f"syscalls/sys_{hook.phase}_{call.event}"),
        hook_kind("syscall"),
        _spelled(call.name, hook.phase),
        call.name,
        SyscallArguments((call,), hook.phase),
        hook.phase,
        name_value=name,
    )


def _raw_place(hook: SyscallHook, calls: list[Syscall]) -> Place:
    value = _raw_name(calls) if "Compat" in hook.abi else Value("hook.name", _name_type(), _ID, cost=1)
    return Place(
        AttachPoint("tracepoint", f"raw_syscalls/sys_{hook.phase}"),
        hook_kind("syscall"),
        _spelled(",".join(hook.names), hook.phase),
        ",".join(hook.names),
        SyscallArguments(tuple(calls), hook.phase),
        hook.phase,
        name_value=value,
        guard=_guard(hook, calls, value),
        many=len(calls) > 1,
    )


def _raw_name(calls: list[Syscall]) -> Value:
    """Return `hook.name` where both number tables count: the compat numbers are apart from the native ones."""
    symbols = {call.number: call.name for call in calls if call.number is not None}
    symbols |= {number | COMPAT: call.name for call in calls for number in call.compat_numbers}
    return Value("hook.name", _name_type(tuple(sorted(symbols.items()))), Builtin("syscall_number"), cost=4)


def _guard(hook: SyscallHook, calls: list[Syscall], name: Value) -> tuple[Test, ...]:
    """Return the tests that a call is one of those meant, by a caller that counts."""
    tests = []
    if len(hook.abi) == 1:
        tests.append(Test(_ABI_VALUE, "Equal", (int(hook.abi[0] == "Compat"),)))
    if "*" not in hook.names:
        native = {call.number for call in calls if call.number is not None and "Native" in hook.abi}
        compat = {number | COMPAT for call in calls for number in call.compat_numbers if "Compat" in hook.abi}
        tests.append(Test(name, "In", tuple(sorted(native | compat))))
    return tuple(tests)


# ------------------------------------------------------------------------------------------------ tracepoints


def tracepoint_places(hook: TracepointHook, target: Target) -> Found:
    """Return a place a tracepoint."""
    names, missing = match_names(hook.names, _known(target.tracepoint, target.tracepoints), "tracepoint")
    _check_many(names)
    places = [
        Place(
            AttachPoint("tracepoint", name),
            hook_kind("tracepoint"),
            f"tracepoint:{name}",
            name,
            TracepointArguments(target.tracepoint(name)),
            actor=whose_process(name),
        )
        for name in names
    ]
    return places, missing


def raw_tracepoint_places(hook: RawTracepointHook, target: Target) -> Found:
    """Return a place a raw tracepoint."""
    names, missing = match_names(hook.names, _known(target.raw_tracepoint, target.raw_tracepoints), "raw tracepoint")
    _check_many(names)
    places = [
        Place(
            AttachPoint("raw_tracepoint", name),
            hook_kind("raw_tracepoint"),
            f"raw_tracepoint:{name}",
            name,
            RawArguments(target, name),
            actor=whose_process(name),
        )
        for name in names
    ]
    return places, missing


def _known(find: Callable[[str], object], names: Callable[[], tuple[str, ...]]) -> Known:
    """Ask a target for one name: it reads one file, where a list of all reads a thousand directories."""

    def has(name: str) -> bool:
        try:
            find(name)
        except TargetError:
            return False
        return True

    return Known(has, names)


def _check_many(names: list[str]) -> None:
    if len(names) > MOST_POINTS:
        raise Wrong("too-many-hooks", f"{len(names)} tracepoints match, more than {MOST_POINTS}: name fewer")
