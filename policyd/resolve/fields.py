"""Paths of a rule as values at a place: a hook's own arguments, or rows of `vocabulary.fields`.

A path that is not there raises `Missing` (this target has no such argument) or `Wrong` (it makes no sense here), with the
nearest names and the reason.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from policyd.resolve.perf import sample_value
from policyd.resolve.place import Pointing
from policyd.resolve.problems import Missing, Wrong
from policyd.resolve.process import Process
from policyd.text import did_you_mean, quote
from policyd.value import Builtin, Constant, Cookie, CurrentTask, Value
from policyd.vocabulary.fields import FIELDS, GROUPS, HOOK_KIND, LATER_FIELDS, Field, field_row
from policyd.vocabulary.types import Shape, ValueType

if TYPE_CHECKING:
    from policyd.resolve.place import Place
    from policyd.target import Target

_ELSEWHERE = {
    "process": "here the current process is whoever was interrupted, not who acts",
    "packet": "there is no packet here; packets are seen at xdp, tc, and the cgroup hooks skb_ingress and skb_egress",
    "address": "there is no socket address here",
    "peer": "there is no destination here; connect4, connect6, sendmsg4 and sendmsg6 have one",
    "bind": "there is no local address here; bind4 and bind6 have one",
    "abi": "only system calls have an ABI",
    "perf": "only samples have it, at `perf` hooks",
}

_KIND_NUMBERS = {name: number for number, name in HOOK_KIND.symbols}


@dataclass(slots=True)
class Fields:
    """Values at one place.  `names` numbers the hook names of the policy, for `hook.name`; each path is looked up once.

    `longest` is the capacity of strings of unknown length, in bytes.
    """

    place: Place
    names: dict[str, int]
    longest: int
    target: Target
    _known: dict[str, Value] = field(default_factory=dict)

    def value(self, path: str) -> Value:
        """Return the value of `path` here; `Missing` or `Wrong` if there is none."""
        if path not in self._known:
            self._known[path] = self._find(path)
        return self._known[path]

    def group(self, path: str) -> tuple[str, ...] | None:
        """Return the paths that a group stands for here; None for what is no group."""
        if path == "args":
            return tuple(member for one in self.place.arguments.paths() for member in self.group(one) or (one,))
        if path.startswith(("args.", "args[")) or path == "ret":
            return self.place.arguments.group(path) if isinstance(self.place.arguments, Pointing) else None
        if path.startswith("process.parent.") and set(path.split(".")[1:]) == {"parent"}:
            return tuple(f"{path}.{member.rpartition('.')[2]}" for member in GROUPS["process.parent"])
        if path not in GROUPS:
            return None
        members = tuple(member for member in GROUPS[path] if field_row(member, self.place.contexts))
        if not members:
            raise self._not_here(path, next(row for row in FIELDS if row.path == GROUPS[path][0]))
        return members

    @property
    def used(self) -> tuple[Value, ...]:
        return tuple(self._known.values())

    def _find(self, path: str) -> Value:
        if path == "ret" or path.startswith(("args.", "args[", "ret.")):
            return self._shortened(self.place.arguments.value(path))
        row = field_row(path, self.place.contexts)
        if path.startswith("process.") and (row is None or row.from_task) and not _is_later(path) and path not in GROUPS:
            return self._shortened(self._of_task(path))
        if row is None:
            raise self._unknown(path)
        if path == "hook.name":
            return self._hook_name(row)
        if row.context == "perf":
            return sample_value(row, self.target.arch)
        if path == "hook.kind":
            return Value(path, row.type, Constant(_KIND_NUMBERS[self.place.hook.kind]), cost=row.cost)
        return Value(path, row.type, Builtin(row.accessor), row.can_be_absent, row.can_be_unread, row.cost)

    def _of_task(self, path: str) -> Value:
        if "process" not in self.place.contexts:
            raise self._not_here(path, FIELDS[0])
        return Process("process", CurrentTask(), self.target).value(path.split(".")[1:])

    def _shortened(self, value: Value) -> Value:
        if value.type.shape is not Shape.STRING or value.type.size <= self.longest:
            return value
        return replace(value, type=replace(value.type, size=self.longest))

    def _hook_name(self, row: Field) -> Value:
        if self.place.name_value is not None:
            return self.place.name_value
        symbols = tuple((number, name) for name, number in self.names.items())
        type_ = ValueType(row.type.kind, Shape.NUMBER, row.type.size, False, symbols)
        if self.place.members:
            numbers = tuple(self.names[name] for name in self.place.members)
            return Value(row.path, type_, Cookie(numbers), cost=2)
        return Value(row.path, type_, Constant(self.names[self.place.name]), cost=row.cost)

    def _unknown(self, path: str) -> Missing:
        if path in GROUPS or path == "args":
            members = ", ".join(GROUPS.get(path, ("args.NAME",)))
            return Wrong("group", f"{quote(path)} stands for several fields: name one of {members}")
        elsewhere = [row for row in FIELDS if row.path == path]
        if elsewhere:
            return self._not_here(path, elsewhere[-1 if "address" in self.place.contexts else 0])
        if _is_later(path):
            return Wrong("not-yet", f"{quote(path)} is not supported yet")
        return Wrong("unknown-field", f"there is no field {quote(path)}", did_you_mean(path, self._readable()))

    def _not_here(self, path: str, row: Field) -> Wrong:
        reason = _ELSEWHERE[row.context]
        return Wrong("field-not-here", f"{quote(path)} cannot be read at {self.place.spelled}: {reason}")

    def _readable(self) -> list[str]:
        rows = [row.path for row in FIELDS if row.context in self.place.contexts]
        return [*rows, *self.place.arguments.paths(), *GROUPS]


def _is_later(path: str) -> bool:
    return path in LATER_FIELDS or path.startswith(tuple(f"{later}." for later in LATER_FIELDS))
