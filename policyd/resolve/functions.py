"""Places of functions of the kernel and of LSM hooks: which of the kernel's means sees, or decides, what a rule names.

In: a hook as written, the target with what trying found, what the rule asks (`Asked`).  Out: places; `Place.why` tells why a
better means was not taken.  fentry and fexit are the cheapest and know types; kprobe_multi takes many functions with one
link; kprobes are what remains.  Only fmod_ret and LSM programs decide.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from policyd.errors import TargetError
from policyd.functions import LSM_PREFIX
from policyd.places import function_place
from policyd.resolve.packets import is_glob
from policyd.resolve.place import Place
from policyd.resolve.problems import Missing, Wrong
from policyd.resolve.prototypes import (
    NOT_YET_ENDED,
    AlikeArguments,
    FunctionArguments,
    InContext,
    InRegisters,
    Lack,
    LikeFirst,
    PrototypeArguments,
    UntypedArguments,
)
from policyd.text import did_you_mean, one_of, quote
from policyd.unit import AttachPoint, several
from policyd.vocabulary.function_hooks import whose_function
from policyd.vocabulary.hooks import hook_kind
from policyd.vocabulary.lsm import NO_ERRNO, deciding_hooks
from policyd.vocabulary.registers import REGISTERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from policyd.functions import Prototype
    from policyd.policy import FentryHook, FexitHook, FunctionHook, KprobeHook, KretprobeHook, LsmHook
    from policyd.resolve.asked import Asked
    from policyd.resolve.place import Phase
    from policyd.target import Target

Found = tuple[list[Place], list[Missing]]

SECURITY = "security_"
"""What the function that calls an LSM hook is called: kernels without BPF among their LSMs have it all the same."""

_ARGUMENTS_GONE = Lack("the arguments of a function are gone when a kretprobe sees its end")
_INSIDE = Lack("inside a function its arguments can be anywhere", "hook its begin, without an offset")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One hook as written: `kind` and `patterns` are for what people see."""

    target: Target
    kind: str
    patterns: tuple[str, ...]
    phase: Phase
    asked: Asked

    @property
    def at_end(self) -> bool:
        return self.phase == "exit"

    @property
    def begin(self) -> _Wanted | None:
        """The same functions as they begin; None for a hook on that."""
        return replace(self, phase="enter") if self.at_end else None

    def spelled(self, name: str) -> str:
        return f"{self.kind}:{name}" + (":exit" if self.kind == "function" and self.at_end else "")


# ------------------------------------------------------------------------------------------------ hooks


def function_places(hook: FunctionHook, target: Target, asked: Asked) -> Found:
    """Return the places of functions, by whatever means is best here."""
    wanted = _Wanted(target, "function", hook.names, hook.phase, asked)
    names, missing = _matched(hook.names, target, hook.limit)
    if asked.decides:
        return _each(names, hook.names, missing, lambda name: _deciding(wanted, name, name))
    several_at_end = wanted.at_end and asked.arguments and target.has("fexit")  # which still has them
    together = [] if several_at_end else _together(target, names)
    places = [_multi(wanted, together)] if together else []
    rest = [name for name in names if name not in together]
    found, missing = _each(rest, hook.names, missing, lambda name: _best(wanted, name, name))
    return places + found, missing


def probe_places(hook: KprobeHook | KretprobeHook, target: Target, asked: Asked) -> Found:
    """Return the places of kprobes and kretprobes: one link for several functions where the kernel can."""
    phase: Phase = "exit" if hook.kind == "kretprobe" else "enter"
    wanted = _Wanted(target, hook.kind, hook.names, phase, asked)
    names, missing = _matched(hook.names, target, hook.limit)
    together = _together(target, names)
    places = [_multi(wanted, together)] if together else []
    rest = [name for name in names if name not in together]
    found, missing = _each(rest, hook.names, missing, lambda name: _probe(wanted, name, name))
    return places + found, missing


def typed_places(hook: FentryHook | FexitHook, target: Target, asked: Asked) -> Found:
    """Return the places of fentry and fexit: a link a function."""
    phase: Phase = "exit" if hook.kind == "fexit" else "enter"
    wanted = _Wanted(target, hook.kind, hook.names, phase, asked)
    names, missing = _matched(hook.names, target, hook.limit)
    place = _deciding if asked.decides else _typed
    return _each(names, hook.names, missing, lambda name: place(wanted, name, name))


def lsm_places(hook: LsmHook, target: Target, asked: Asked) -> Found:
    """Return the places of LSM hooks, or of the functions that call them where BPF programs cannot be LSMs."""
    wanted = _Wanted(target, "lsm", hook.names, "enter", asked)
    is_lsm = target.has("lsm") and bool(target.lsm_hooks())
    known = target.lsm_hooks() if is_lsm else target.security_hooks()
    names, missing = _matched_lsm(hook.names, known, hook.limit)
    return _each(names, hook.names, missing, lambda name: _lsm(wanted, name) if is_lsm else _instead_of_lsm(wanted, name))


# ------------------------------------------------------------------------------------------------ names


def _matched(patterns: tuple[str, ...], target: Target, limit: int) -> tuple[list[str], list[Missing]]:
    """Return the functions that `patterns` name, and a problem for each pattern that names none."""
    found: dict[str, None] = {}
    missing = []
    for pattern in patterns:
        if is_glob(pattern):
            matches = [name for name in target.functions() if fnmatchcase(name, pattern)]
        else:
            matches = [pattern] if target.has_function(pattern.partition("+")[0]) else []
        if not matches:
            missing.append(_unknown(pattern, target))
        found.update(dict.fromkeys(matches))
    _check_limit(patterns, found, limit, "functions")
    return list(found), missing


def _matched_lsm(patterns: tuple[str, ...], known: tuple[str, ...], limit: int) -> tuple[list[str], list[Missing]]:
    found: dict[str, None] = {}
    missing = []
    for pattern in patterns:
        matches = [name for name in known if fnmatchcase(name, pattern)]
        if not matches:
            near = did_you_mean(pattern.removeprefix("bpf_lsm_").removeprefix(SECURITY), known)
            missing.append(Missing("unknown-target", f"there is no LSM hook {quote(pattern)}", near))
        found.update(dict.fromkeys(matches))
    _check_limit(patterns, found, limit, "LSM hooks")
    return list(found), missing


def _check_limit(patterns: tuple[str, ...], found: Sequence[str] | dict[str, None], limit: int, what: str) -> None:
    if len(found) > limit:
        named = one_of(map(quote, patterns), 4)
        hint = f"name fewer, or allow them: `limit: {len(found)}`"
        raise Wrong("too-many-hooks", f"{len(found)} {what} match {named}, more than {limit}", hint)


def _unknown(pattern: str, target: Target) -> Missing:
    if is_glob(pattern):
        return Missing("unknown-target", f"no function of {target.source} matches {quote(pattern)}")
    hint = did_you_mean(pattern, target.functions_near(pattern))
    return Missing("unknown-target", f"{target.source} has no function {quote(pattern)} that can be traced", hint)


def _each(names: Iterable[str], patterns: tuple[str, ...], missing: list[Missing], place: Any) -> Found:
    """Return a place a name; what cannot be had matters for names that were written, and where it is all there is."""
    places: list[Place] = []
    problems: list[Missing] = []
    for name in names:
        try:
            places.append(place(name))
        except Missing as problem:
            if name in patterns or isinstance(problem, Wrong):
                missing.append(problem)
            else:
                problems.append(problem)
    return _alike(places), missing + (problems[:1] if not places else [])


def _alike(places: list[Place]) -> list[Place]:
    """Hold the arguments of all places against those of the first, so that a rule means the same wherever it is."""
    return places[:1] + [_like(place, places[0]) for place in places[1:]]


def _like(place: Place, first: Place) -> Place:
    own, other = place.arguments, first.arguments
    assert isinstance(own, FunctionArguments)
    assert isinstance(other, FunctionArguments)
    entry = _like(place.entry, first.entry) if place.entry and first.entry else None
    return replace(place, arguments=LikeFirst(place.name, own, first.name, other), entry=entry)


# ------------------------------------------------------------------------------------------------ means


def _best(wanted: _Wanted, name: str, function: str) -> Place:
    """Return the place of one function: fentry or fexit, or else a kprobe; `name` is what the policy calls it."""
    means = "fexit" if wanted.at_end else "fentry"
    reason = no_trampoline(wanted.target, function, means)
    if not reason:
        return _typed(wanted, name, function)
    return _probe(wanted, name, function, f"no {means} for {function}: {reason}")


def _typed(wanted: _Wanted, name: str, function: str) -> Place:
    means = "fexit" if wanted.at_end else "fentry"
    if wanted.kind in {"fentry", "fexit"} and (reason := no_trampoline(wanted.target, function, means, strict=False)):
        raise Missing("no-means", f"no {means} for {function}: {reason}", _instead(wanted.target, function, means))
    return _place(wanted, AttachPoint(means, function), name, function)


def _instead(target: Target, function: str, means: str) -> str:
    if not target.has("kprobe"):
        return ""
    phase = ", phase: exit" if means == "fexit" else ""
    return f"a kprobe can see it: {{function: {{names: {function}{phase}}}}} takes whichever there is"


_ANOTHER_HOOK = (
    "system calls, tracepoints and raw tracepoints are seen here: `policyd explain --search --host WORD` finds them; "
    "`firstOf` names another hook, `optional: true` leaves the rule out where it has none"
)


def _probe(wanted: _Wanted, name: str, function: str, why: str = "") -> Place:
    if not wanted.target.has("kprobe"):
        more = f"; {why}" if why else ""
        raise Missing("no-means", f"{wanted.target.source} ({wanted.target.release}) has no kprobes{more}", _ANOTHER_HOOK)
    base, offset = function_place(function)
    if wanted.at_end and offset:
        raise Wrong("bad-target", f"{quote(function)}: a function ends where it ends, not at an offset")
    point = AttachPoint("kprobe", function, "return" if wanted.at_end else "")
    return _place(wanted, point, name, base, why)


def _together(target: Target, names: list[str]) -> list[str]:
    """Return the functions that one kprobe_multi link takes; none if that is not to be had, or there is no more than one."""
    if not target.has("kprobe_multi"):
        return []
    traceable = target.function_lists.traceable
    found = [name for name in names if "+" not in name and (traceable is None or name in traceable)]
    return sorted(found) if len(found) > 1 else []


def _multi(wanted: _Wanted, names: list[str]) -> Place:
    members = tuple(names)
    each = tuple((name, _arguments(wanted, AttachPoint("kprobe", name), name)) for name in members)
    begin = wanted.begin
    shown = wanted.spelled(",".join(wanted.patterns) if len(wanted.patterns) <= 3 else several(wanted.patterns))
    return Place(
        AttachPoint("kprobe_multi", several(members), "return" if wanted.at_end else "", members=members),
        hook_kind(wanted.kind),
        shown,
        shown.partition(":")[2],
        AlikeArguments(each),
        wanted.phase,
        actor=max((whose_function(name) for name in members), key=("actor", "mixed", "interrupted").index),
        many=True,
        members=members,
        entry=_multi(begin, names) if begin else None,
    )


def _place(wanted: _Wanted, point: AttachPoint, name: str, function: str, why: str = "") -> Place:
    return Place(
        point,
        hook_kind(wanted.kind),
        wanted.spelled(name),
        name,
        _arguments(wanted, point, function),
        wanted.phase,
        actor=whose_function(function),
        why=why,
        entry=_place(begin, _begins_at(point), name, function) if (begin := wanted.begin) else None,
    )


def _begins_at(point: AttachPoint) -> AttachPoint:
    """Return where the calls begin whose end is seen at `point`."""
    return AttachPoint("fentry", point.target) if point.kind == "fexit" else replace(point, option="")


def _arguments(wanted: _Wanted, point: AttachPoint, function: str) -> FunctionArguments:
    """Return what can be read of a function by the point's means."""
    target, no_result = wanted.target, None if wanted.at_end else NOT_YET_ENDED
    if point.kind not in {"kprobe", "kprobe_multi"}:
        return PrototypeArguments(target, target.function(function), InContext(), no_result=no_result)
    no_arguments = _INSIDE if "+" in point.target else None
    if wanted.at_end:
        no_arguments = _ARGUMENTS_GONE
    carried = InRegisters(REGISTERS[target.arch])
    try:
        return PrototypeArguments(target, target.function(function), carried, no_arguments, no_result)
    except TargetError:
        return UntypedArguments(function, carried, no_arguments, no_result)


def no_trampoline(target: Target, function: str, means: str, *, strict: bool = True) -> str:
    """Return why a typed program (`fentry`, `fexit`, `fmod_ret`) cannot be attached to a function, or ''.

    `strict`: also where some kernels could.
    """
    if not target.has(means):
        return f"{target.source} ({target.release}) has no {means}"
    traceable = target.function_lists.traceable
    if traceable is not None and function not in traceable:
        return "ftrace cannot trace it"
    try:
        return _untraceable(target.function(function), len(REGISTERS[target.arch].arguments), strict=strict)
    except TargetError:
        return "the kernel has no types of it"


def _untraceable(prototype: Prototype, registers: int, *, strict: bool) -> str:
    if prototype.variadic:
        return "the number of its arguments varies"
    if prototype.by_value:
        return "it takes a struct by value"
    if strict and prototype.slots > registers:
        return f"it has more arguments than {registers} registers hold, and not every kernel takes that"
    return ""


# ------------------------------------------------------------------------------------------------ verdicts


def decision_point(target: Target, function: str) -> AttachPoint:
    """Return where a program decides what a function returns, in place of running it.

    `Missing` says why there is no such place, and which LSM hooks decide of the same.  The kernel lets programs decide about
    functions that call LSM hooks, and those on the error injection list (kernel/bpf/verifier.c, check_attach_modify_return).
    """
    injectable = target.function_lists.injectable
    if not function.startswith(SECURITY) and function not in (injectable or ()):
        why = "it is not on the kernel's error injection list"
        if injectable is None:
            why = "it calls no LSM hook itself, and the error injection list cannot be read (debugfs)"
        raise Missing("not-decidable", f"nobody can decide what {function} returns: {why}", lsm_instead(function))
    if reason := no_trampoline(target, function, "fmod_ret"):
        raise Missing("not-decidable", f"nobody can decide what {function} returns: {reason}", lsm_instead(function))
    return AttachPoint("fmod_ret", function)


def lsm_instead(function: str) -> str:
    """Return the hint which LSM hooks decide about what a function does."""
    hooks = (function.removeprefix(SECURITY),) if function.startswith(SECURITY) else deciding_hooks(function)
    named = f"{{lsm: {hooks[0]}}}" if len(hooks) == 1 else f"{{lsm: [{', '.join(hooks)}]}}"
    return f"{named} can deny it" if hooks else "LSM hooks can deny much: `policyd explain hook lsm`"


def _deciding(wanted: _Wanted, name: str, function: str) -> Place:
    if wanted.at_end:
        hint = "phase: enter decides before it begins" if wanted.kind == "function" else "fentry decides before it begins"
        raise Wrong("action-not-here", f"when {function} ends, it has done its work", hint)
    point = decision_point(wanted.target, function)
    result = wanted.target.function(function).result
    if result is None or result.is_pointer:
        what = "nothing" if result is None else "a pointer"
        raise Wrong("action-not-here", f"{function} returns {what}: there is no verdict about it", lsm_instead(function))
    return _place(wanted, point, name, function)


def _lsm(wanted: _Wanted, name: str) -> Place:
    function = LSM_PREFIX + name
    if wanted.asked.decides:
        _check_deniable(name, wanted.target.function(function))
    return _place(wanted, AttachPoint("lsm", name), name, function)


def _check_deniable(name: str, prototype: Prototype) -> None:
    if prototype.result is None:
        raise Wrong("action-not-here", f"the LSM hook {name} tells of what happens, and cannot refuse it")
    if name in NO_ERRNO:
        raise Wrong("action-not-here", f"the LSM hook {name} is a question, which is not answered by an errno")


def _instead_of_lsm(wanted: _Wanted, name: str) -> Place:
    """Return the function that would call the hook: what decides there decides like the hook."""
    function = SECURITY + name
    why = f"BPF programs are not among the LSMs of {wanted.target.source} (lsm=)"
    if wanted.asked.decides:
        _check_deniable(name, wanted.target.function(function))
    try:
        found = (_deciding if wanted.asked.decides else _best)(wanted, name, function)
    except Missing as missing:
        hint = "boot it with `bpf` among the LSMs: lsm=…,bpf"
        raise Missing(missing.code, f"{why}, and {function} cannot stand in: {missing.message}", hint) from None
    instead = f"{why}: the function {function} is seen in place of the hook"
    return replace(found, why="; ".join(part for part in (instead, found.why) if part))
