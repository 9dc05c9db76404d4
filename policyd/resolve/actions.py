"""Actions: which verdicts and signals a hook can take, and their numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policyd.effect import TypedAction
from policyd.resolve.problems import Wrong
from policyd.vocabulary.hooks import INSTEAD
from policyd.vocabulary.types import Shape, ValueType

if TYPE_CHECKING:
    from policyd.policy import Action
    from policyd.resolve.operands import Reading
    from policyd.resolve.place import Place

_ERRNO = ValueType("errno", Shape.NUMBER, 4, True)
_SIGNAL = ValueType("signal", Shape.NUMBER, 4, True)
_RESULT = ValueType("result", Shape.NUMBER, 4, True)
_MARK = ValueType("u32", Shape.NUMBER, 4)
_LARGEST_ERRNO = 4095


def resolve_action(action: Action | None, place: Place, reading: Reading) -> TypedAction:
    """Return what the kernel shall do at `place`; `Wrong` says where it can be done instead."""
    if action is None:
        return TypedAction()
    if action.verdict != "none" and action.verdict not in place.hook.verdicts:
        raise Wrong("action-not-here", f"`{action.verdict}` cannot be taken at {place.spelled}", INSTEAD[action.verdict])
    if action.signal and not (place.hook.signals and "process" in place.contexts):
        message = f"no signal can be sent at {place.spelled}: the current process may be whoever was interrupted"
        if place.hook.process_is_actor and not place.hook.signals:
            message = f"no signal can be sent at {place.spelled}: the kernel does not offer it there"
        raise Wrong("action-not-here", message, INSTEAD["signal"])
    return TypedAction(action.verdict, _number(action, reading), _signal(action.signal, reading))


def _number(action: Action, reading: Reading) -> int:
    if action.verdict == "mark":
        return reading.number(_MARK, action.number)
    if action.verdict == "return":
        return _result(reading.number(_RESULT, action.number))
    if action.verdict != "deny":
        return 0
    number = reading.number(_ERRNO, action.number)
    if not 0 < number <= _LARGEST_ERRNO:
        message = f"deny needs an errno, 1 to {_LARGEST_ERRNO}: {number} is none"
        raise Wrong("bad-value", message, "EPERM is what most programs expect")
    return number


def _result(number: int) -> int:
    if number == 0:
        raise Wrong("bad-value", "return: 0 lets the function run: the kernel knows no other way to say so", "return: 1")
    return number


def _signal(text: str, reading: Reading) -> int:
    if not text:
        return 0
    number = reading.number(_SIGNAL, text)
    if not 0 < number <= 64:
        raise Wrong("bad-value", f"{number} is no signal: signals are 1 to 64")
    return number
