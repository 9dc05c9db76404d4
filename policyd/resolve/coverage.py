"""Who passes a policy unseen: 32-bit callers of system calls, where the kernel gives no cheap way to see them.

In: the rules of a policy and where they are.  Out: a warning, once a policy, for whoever wrote it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policyd.policy import SyscallHook
from policyd.vocabulary.compat import ways

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policyd.policy import Rule
    from policyd.resolve.hooks import Located
    from policyd.resolve.problems import Problems
    from policyd.target import Target

_HINT = "abi: [Native, Compat] sees them, and makes every system call of the host pay about 40 ns"
_UNTRIED = "where fentry or kprobes work they are seen without it: that is not known here"


def warn_of_callers(located: Iterable[tuple[Rule, Located]], target: Target, problems: Problems) -> None:
    """Say at the first rule that 32-bit callers pass unseen that they do; rules that name the callers know."""
    for rule, one in located:
        missed = _missed(rule, one, target)
        if missed:
            what = "system calls" if len(missed) == len(one.places) else f"system calls ({', '.join(missed)})"
            message = f"{what} of 32-bit programs are not seen by this policy"
            tried = any(means in target.features for means in ("fentry", "kprobe"))
            problems.warning(rule.hook.at, "compat-not-covered", message, _HINT if tried else f"{_HINT}; {_UNTRIED}")
            return


def _missed(rule: Rule, located: Located, target: Target) -> list[str]:
    hooks = [hook for hook in getattr(rule.hook, "hooks", None) or (rule.hook,) if isinstance(hook, SyscallHook)]
    if not any(not hook.abi for hook in hooks):
        return []
    native = dict.fromkeys(place.name for place in located.places if "Native" in place.covers)
    compat = {place.name for place in located.places if "Compat" in place.covers}
    return [name for name in native if name not in compat and _has_callers(name, target)]


def _has_callers(names: str, target: Target) -> bool:
    """Tell whether 32-bit callers can make the system call, or (several, or a glob) any."""
    call = target.syscalls.get(names)
    return any(any(ways(one, target.arch)) for one in ((call,) if call else target.syscalls.values()))
