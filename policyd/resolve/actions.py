"""Actions: which verdicts and signals a hook can take, and their numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policyd.effect import INTO, TypedAction
from policyd.resolve.packets import is_glob, known_names, match_names
from policyd.resolve.problems import Wrong
from policyd.text import quote
from policyd.vocabulary.hooks import INSTEAD
from policyd.vocabulary.types import Shape, ValueType

if TYPE_CHECKING:
    from policyd.host import Host
    from policyd.policy import Action, Redirect
    from policyd.resolve.operands import Reading
    from policyd.resolve.place import Place

_ERRNO = ValueType("errno", Shape.NUMBER, 4, True)
_SIGNAL = ValueType("signal", Shape.NUMBER, 4, True)
_RESULT = ValueType("result", Shape.NUMBER, 4, True)
_MARK = ValueType("u32", Shape.NUMBER, 4)
_LARGEST_ERRNO = 4095


def resolve_action(action: Action | None, place: Place, reading: Reading, host: Host) -> TypedAction:
    """Return what the kernel shall do at `place`; `Wrong` says where it can be done instead.

    `Missing`: a packet shall go to an interface that `host` does not have.
    """
    if action is None:
        return TypedAction()
    if action.verdict != "none" and action.verdict not in place.hook.verdicts:
        raise Wrong("action-not-here", f"`{action.verdict}` cannot be taken at {place.spelled}", INSTEAD[action.verdict])
    if action.signal and not (place.hook.signals and "process" in place.contexts):
        message = f"no signal can be sent at {place.spelled}: the current process may be whoever was interrupted"
        if place.hook.process_is_actor and not place.hook.signals:
            message = f"no signal can be sent at {place.spelled}: the kernel does not offer it there"
        raise Wrong("action-not-here", message, INSTEAD["signal"])
    number = _there(action.redirect, place, host) if action.redirect else _number(action, reading)
    return TypedAction(action.verdict, number, _signal(action.signal, reading))


def _there(redirect: Redirect, place: Place, host: Host) -> int:
    """Return the number of a redirect (`INTO`); the index is 0 where interfaces are not known (for another host)."""
    name, into = redirect.interface, redirect.direction == "ingress"
    if is_glob(name):
        raise Wrong("bad-value", f"a packet goes to one interface: {quote(name)} may stand for several")
    if into and place.point.kind == "xdp":
        message = f"{place.spelled} cannot make a packet come in elsewhere: XDP sends only"
        raise Wrong("action-not-here", message, "use tc ingress, or leave `direction` out")
    if name == place.point.target and place.point.kind != "xdp" and into == (place.point.option == "ingress"):
        raise Wrong("bad-value", f"{place.spelled} would send the packet to itself, over and over", "name another interface")
    if host.interfaces is None:
        return 0
    _, missing = match_names((name,), known_names(host.interfaces), "interface")
    if missing:
        raise missing[0]
    return host.indexes.get(name, 0) | (INTO if into else 0)


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
