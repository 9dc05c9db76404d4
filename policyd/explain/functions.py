"""What `policyd explain hook function:NAME` and its likes tell of one function or LSM hook on one kernel.

In: a kind of hook, a name, a target.  Out: sentences, and rows about arguments; `topics.py` makes a page of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policyd.errors import TargetError
from policyd.explain.objects import behind
from policyd.functions import LSM_PREFIX
from policyd.policy import FunctionHook, LsmHook
from policyd.resolve.asked import Asked
from policyd.resolve.functions import decision_point, function_places, lsm_places
from policyd.resolve.problems import Missing
from policyd.vocabulary.function_hooks import whose_function

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policyd.functions import Parameter
    from policyd.target import Target

KINDS = ("function", "kprobe", "kretprobe", "fentry", "fexit", "lsm")

_ACTORS = {
    "actor": (),
    "mixed": ("It runs in the acting process or in an interrupt, as it happens: `process` may have nothing to do with it.",),
    "interrupted": ("It runs in interrupts: `process` and `signal` are refused here.",),
}

Row = tuple[str, str, str, str]
"""A field, its kind of value, its C type, and a remark."""


def function_facts(kind: str, name: str, target: Target) -> tuple[tuple[str, ...], tuple[Row, ...]]:
    """Return what there is to say of a function (or an LSM hook), and its fields; `TargetError` if there is none."""
    function = _function(kind, name, target)
    told = (*_seen(kind, name, target), *_decided(kind, function, target), *_ACTORS[whose_function(function)])
    try:
        prototype = target.function(function)
    except TargetError:
        return (*told, "The kernel has no types of it: args[0], args[1]… are bare numbers."), ()
    rows = [_row(f"args.{one.name}", one) for one in prototype.args]
    if prototype.result and kind != "lsm":
        rows.append(_row("ret", prototype.result, "as it returns; ret.errno: the errno that it stands for"))
    return told, tuple(rows)


def _function(kind: str, name: str, target: Target) -> str:
    """Return the function that a name stands for; `TargetError` with names near it."""
    if kind == "lsm":
        known = target.lsm_hooks() or target.security_hooks()
        if name not in known:
            raise TargetError(f"{target.source} has no LSM hook {name}", known)
        return LSM_PREFIX + name if name in target.lsm_hooks() else f"security_{name}"
    function = name.partition("+")[0]
    if not target.has_function(function):
        raise TargetError(f"{target.source} has no function {function}", target.functions_near(function))
    return function


def _seen(kind: str, name: str, target: Target) -> Iterator[str]:
    """Tell by which means the kernel would show it, where policyd chooses."""
    if kind == "lsm":
        places, missing = lsm_places(LsmHook(names=(name,)), target, Asked())
        yield from (f"Here: {place.point.key}{f' ({place.why})' if place.why else ''}." for place in places)
        yield from (f"Not here: {problem.message}." for problem in missing)
    if kind != "function":
        return
    for phase in ("enter", "exit"):
        places, missing = function_places(FunctionHook(names=(name,), phase=phase), target, Asked())
        yield from (f"Here, at {phase}: {place.point.key}{f' ({place.why})' if place.why else ''}." for place in places)
        yield from (f"Not here, at {phase}: {problem.message}." for problem in missing)
        begins = dict.fromkeys(place.entry.point.key for place in places if place.entry)
        yield from (f"What is wanted of the begin at its end is kept by a program at {key}." for key in begins)


def _decided(kind: str, function: str, target: Target) -> Iterator[str]:
    if kind not in {"function", "fentry"}:
        return
    try:
        yield f"Verdicts are taken at {decision_point(target, function).key}."
    except Missing as problem:
        yield f"No verdicts: {problem.message}; {problem.hint}."


def _row(path: str, parameter: Parameter, remark: str = "") -> Row:
    kind = parameter.value.kind if parameter.value else "-"
    follows = behind(path, parameter.c_type)
    return path, kind, parameter.c_type, "; ".join(part for part in (remark, follows) if part)
