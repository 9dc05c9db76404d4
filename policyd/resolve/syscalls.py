"""Places of system call hooks: tracepoints of single calls, functions that 32-bit callers enter by, raw_syscalls for all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from policyd.condition import Test
from policyd.resolve.arguments import SyscallArguments
from policyd.resolve.compat import Record, entry_arguments, entry_function, entry_point, raw_arguments, subcall_test
from policyd.resolve.native import NativeArguments, check_decidable, native_function
from policyd.resolve.packets import Known, is_glob, match_names
from policyd.resolve.place import Phase, Place
from policyd.resolve.problems import Missing, Wrong
from policyd.unit import AttachPoint
from policyd.value import Builtin, Constant, ContextLoad, Value
from policyd.vocabulary.compat import NEVER_RETURN, Way, ways
from policyd.vocabulary.fields import ABI
from policyd.vocabulary.hooks import hook_kind
from policyd.vocabulary.types import Shape, ValueType

if TYPE_CHECKING:
    from policyd.policy import SyscallHook
    from policyd.resolve.asked import Asked
    from policyd.target import Target
    from policyd.vocabulary.syscalls import Syscall

MOST_SYSCALL_POINTS = 32
"""More system calls than this are seen through raw_syscalls: one program instead of many."""

COMPAT = 1 << 32
"""Set in the number of a 32-bit caller's system call, as the accessor `syscall_number` gives it."""

_ID = ContextLoad(8, 8, signed=True)
_ABI_VALUE = Value("hook.abi", ABI, Builtin("syscall_abi"), cost=4)
_NATIVE, _COMPAT = 0, 1


def syscall_places(hook: SyscallHook, target: Target, asked: Asked) -> tuple[list[Place], list[Missing]]:
    """Return a place a way into each system call, or one for all of them at raw_syscalls where they are many.

    Callers that the policy does not name are covered where that costs other calls nothing.
    """
    names, missing = match_names(hook.names, _known(hook, target), "system call")
    calls = [target.syscalls[name] for name in names]
    if not calls:
        return [], missing
    if asked.decides:
        return _deciding_places(hook, calls, target)
    entries = _Entries(hook, target, _tracer(target))
    if len(calls) > MOST_SYSCALL_POINTS:
        return [_raw_place(hook, calls, target)], missing
    if "Compat" in hook.abi and not all(map(entries.cover, calls)):
        return _split_places(hook, calls, target), missing
    literal = {name for name in hook.names if not is_glob(name)}
    places: list[Place] = []
    for call in calls:
        if _wants(hook, "Native"):
            missing += [_untraced(call)] if not call.event and call.name in literal else []
            places += [_native_place(hook, call, target)] if call.event else []
        if _wants(hook, "Compat"):
            places += entries.places(call)
    return places, missing


def _known(hook: SyscallHook, target: Target) -> Known:
    """Return the system calls that callers of the kinds that count make."""
    table = target.syscalls

    def has(name: str) -> bool:
        return name in table and _counts(table[name], hook.abi, target.arch)

    return Known(has, lambda: tuple(filter(has, table)))


def _wants(hook: SyscallHook, abi: str) -> bool:
    return not hook.abi or abi in hook.abi


def _counts(call: Syscall, abi: tuple[str, ...], arch: str) -> bool:
    known = call.number is not None or call.compat is None  # newer than the shipped table: only its tracepoint is known
    return (known and (not abi or "Native" in abi)) or ("Compat" in abi and any(ways(call, arch)))


def _untraced(call: Syscall) -> Missing:
    return Missing(
        "no-tracepoint",
        f"the kernel has no tracepoint for the system call {call.name}",
        f"hook {{syscall: '*'}} and filter: {{field: hook.name, operator: Equal, value: {call.name}}}",
    )


def _name_type(symbols: tuple[tuple[int, str], ...] = ()) -> ValueType:
    return ValueType("syscall", Shape.NUMBER, 8, True, symbols)


def _name_of(call: Syscall) -> Value | None:
    """Return `hook.name` of one call: its native number, whoever calls."""
    return Value("hook.name", _name_type(), Constant(call.number), cost=0) if call.number is not None else None


def _spelled(name: str, phase: Phase) -> str:
    return f"syscall:{name}" + (":exit" if phase == "exit" else "")


def _begin(hook: SyscallHook) -> SyscallHook:
    """Return the hook where the calls begin that `hook` sees end."""
    return hook.model_copy(update={"phase": "enter"})


def _native_place(hook: SyscallHook, call: Syscall, target: Target) -> Place:
    return Place(
        AttachPoint("tracepoint", f"syscalls/sys_{hook.phase}_{call.event}"),
        hook_kind("syscall"),
        _spelled(call.name, hook.phase),
        call.name,
        SyscallArguments((call,), hook.phase, target=target),
        hook.phase,
        name_value=_name_of(call),
        covers=("Native",),
        entry=_native_place(_begin(hook), call, target) if hook.phase == "exit" else None,
    )


# ------------------------------------------------------------------------------------------------ 32-bit callers' functions


def _tracer(target: Target) -> str:
    """Return what can watch a function here, the cheaper first; '' where trying found nothing, or nobody could try."""
    return next((kind for kind in ("fentry", "kprobe") if target.features.get(kind)), "")


@dataclass(frozen=True, slots=True)
class _Entries:
    """The functions by which 32-bit callers make the system calls of `hook`, and what watches them: '' if nothing can."""

    hook: SyscallHook
    target: Target
    means: str

    def cover(self, call: Syscall) -> bool:
        """Tell whether every way into `call` can be watched, so that other calls pay nothing."""
        return self._never_ends(call) or (
            bool(self.means) and all(self._function(way) for way in ways(call, self.target.arch))
        )

    def places(self, call: Syscall) -> list[Place]:
        """Return a place a way that can be watched."""
        if not self.means or self._never_ends(call):
            return []
        found = [(way, function) for way in ways(call, self.target.arch) if (function := self._function(way))]
        covers = ("Compat",) if self.cover(call) else ()
        return [self._place(call, way, function, covers) for way, function in found]

    def _never_ends(self, call: Syscall) -> bool:
        return self.hook.phase == "exit" and call.name in NEVER_RETURN

    def _function(self, way: Way) -> str:
        if way.subcall and self.hook.phase == "exit" and self.means == "kprobe":
            return ""  # its first argument tells what it does, and is gone as it ends
        return entry_function(way, self.target)

    def _place(self, call: Syscall, way: Way, function: str, covers: tuple[str, ...]) -> Place:
        point = entry_point(function, self.hook.phase, self.means)
        arguments = entry_arguments(call, way, point)
        guard = [_caller(_COMPAT)] if way.shared else []
        guard += [subcall_test(way.subcall, arguments.source)] if way.subcall and arguments.source else []
        place = replace(
            _native_place(self.hook, call, self.target), point=point, arguments=arguments, guard=tuple(guard), covers=covers
        )
        entry = None
        if self.hook.phase == "exit":
            entry = replace(self, hook=_begin(self.hook))._place(call, way, function, covers)
        return replace(place, extra=not self.hook.abi, why="32-bit callers", entry=entry)


# ------------------------------------------------------------------------------------------------ verdicts


def _deciding_places(hook: SyscallHook, calls: list[Syscall], target: Target) -> tuple[list[Place], list[Missing]]:
    """Return the places of programs that decide about system calls: functions that callers enter by, of either kind."""
    if hook.phase == "exit":
        raise Wrong(
            "action-not-here", "when a system call ends, it has done its work", "phase: enter decides before it begins"
        )
    if len(calls) > MOST_SYSCALL_POINTS:
        message = f"{len(calls)} system calls match, and each needs a program that decides: more than {MOST_SYSCALL_POINTS}"
        raise Wrong("too-many-hooks", message, "name fewer")
    entries = _Entries(hook, target, "fmod_ret")
    places: list[Place] = []
    missing: list[Missing] = []
    for call in calls:
        try:
            places += _deciding(hook, call, target, entries)
        except Missing as problem:
            missing.append(problem)
    return places, missing


def _deciding(hook: SyscallHook, call: Syscall, target: Target, entries: _Entries) -> list[Place]:
    if call.name in NEVER_RETURN:
        raise Wrong("action-not-here", f"{call.name} cannot be refused: nobody waits for its result")
    function = native_function(call, target)
    check_decidable(call, function, target)
    found = entries.places(call) if _wants(hook, "Compat") else []
    if not _wants(hook, "Native"):
        return found
    point = AttachPoint("fmod_ret", function)
    native = replace(
        _native_place(hook, call, target), point=point, arguments=NativeArguments(call), why="a verdict is taken here"
    )
    if call.arguments:
        return [native, *found]
    others = [place for place in found if place.point != point]
    if len(others) < len(found):  # both kinds of callers come to the one function
        return [replace(native, covers=("Native", *found[0].covers)), *others]
    return [replace(native, guard=(_caller(_NATIVE),)), *others]


# ------------------------------------------------------------------------------------------------ all calls of the host


def _raw_place(hook: SyscallHook, calls: list[Syscall], target: Target) -> Place:
    native_only = "Compat" not in hook.abi
    value = Value("hook.name", _name_type(), _ID, cost=1) if native_only else _raw_name(calls)
    return Place(
        AttachPoint("tracepoint", f"raw_syscalls/sys_{hook.phase}"),
        hook_kind("syscall"),
        _spelled(",".join(hook.names), hook.phase),
        ",".join(hook.names),
        SyscallArguments(tuple(calls), hook.phase, both="Compat" in hook.abi, target=target),
        hook.phase,
        name_value=value,
        guard=_guard(hook, calls, value),
        many=len(calls) > 1,
        covers=hook.abi or ("Native",),
        entry=_raw_place(_begin(hook), calls, target) if hook.phase == "exit" else None,
    )


def _raw_name(calls: list[Syscall]) -> Value:
    """Return `hook.name` where both number tables count: the compat numbers are apart from the native ones."""
    symbols = {call.number: call.name for call in calls if call.number is not None}
    symbols |= {number | COMPAT: call.name for call in calls for number in call.compat_numbers}
    return Value("hook.name", _name_type(tuple(sorted(symbols.items()))), Builtin("syscall_number"), cost=4)


def _guard(hook: SyscallHook, calls: list[Syscall], name: Value) -> tuple[Test, ...]:
    """Return the tests that a call is one of those meant, by a caller that counts."""
    tests = []
    if len(hook.abi or ("Native",)) == 1:
        tests.append(_caller(_COMPAT if hook.abi == ("Compat",) else _NATIVE))
    if "*" not in hook.names:
        native = {call.number for call in calls if call.number is not None and _wants(hook, "Native")}
        compat = {number | COMPAT for call in calls for number in call.compat_numbers if "Compat" in hook.abi}
        tests.append(Test(name, "In", tuple(sorted(native | compat))))
    return tuple(tests)


def _caller(abi: int) -> Test:
    return Test(_ABI_VALUE, "Equal", (abi,))


def _split_places(hook: SyscallHook, calls: list[Syscall], target: Target) -> list[Place]:
    """Return places at one point: one for 64-bit callers, one for each way of 32-bit callers to pass arguments."""
    native = [call for call in calls if call.number is not None and "Native" in hook.abi]
    plain = _raw_place(hook.model_copy(update={"abi": ("Native",)}), native or calls, target)
    found = [plain] if native else []
    for call in calls:
        known = [
            way for way in ways(call, target.arch) if not (way.subcall and hook.phase == "exit")
        ]  # its number has gone by then
        found += [_compat_place(plain, call, way) for way in known]
    return found


def _compat_place(plain: Place, call: Syscall, way: Way) -> Place:
    name = Value("hook.name", _name_type(), Builtin("syscall_number"), cost=4)
    guard = [_caller(_COMPAT), Test(name, "In", tuple(sorted(number | COMPAT for number in way.numbers)))]
    guard += [subcall_test(way.subcall, Record())] if way.subcall else []
    return replace(
        plain,
        arguments=raw_arguments(call, way, plain.phase),
        name_value=_name_of(call),
        guard=tuple(guard),
        covers=("Compat",),
        entry=_compat_place(plain.entry, call, way) if plain.entry else None,
    )
