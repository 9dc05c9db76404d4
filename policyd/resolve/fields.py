"""Paths of a rule as values at a place: a hook's own arguments, or rows of `vocabulary.fields`.

A path that is not there raises `Missing` (this target has no such argument) or `Wrong` (it makes no sense here), with the
nearest names and the reason.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from policyd.expression import Node, parse
from policyd.resolve.calls import CallArguments, elapsed, is_argument, no_late
from policyd.resolve.casts import Casts
from policyd.resolve.expressions import Expressions
from policyd.resolve.perf import sample_value
from policyd.resolve.place import Pointing
from policyd.resolve.problems import Missing, Wrong
from policyd.resolve.process import Process
from policyd.resolve.spans import END, ROOTS, START
from policyd.resolve.stacks import stack_value
from policyd.text import did_you_mean, quote
from policyd.value import Builtin, Constant, Cookie, CurrentTask, Saved, Value, every_value
from policyd.vocabulary.fields import FIELDS, GROUPS, HOOK_KIND, field_row
from policyd.vocabulary.types import Shape, ValueType
from policyd.words import is_field_path

if TYPE_CHECKING:
    from policyd.policy import Let, Param
    from policyd.resolve.operands import Reading
    from policyd.resolve.params import Stock
    from policyd.resolve.place import Arguments, Place
    from policyd.resolve.spans import Side
    from policyd.resolve.tables import Tables
    from policyd.target import Target
    from policyd.vocabulary.field import Field

_ELSEWHERE = {
    "process": "here the current process is whoever was interrupted, not who acts",
    "netfilter": "only netfilter hooks know where a packet came in and where it goes out; elsewhere it is `interface`",
    "packet": "there is no packet here; xdp, tc, netfilter, and the cgroup hooks skb_ingress and skb_egress have one",
    "address": "there is no socket address here",
    "peer": "there is no destination here; connect4, connect6, sendmsg4 and sendmsg6 have one",
    "bind": "there is no local address here; bind4 and bind6 have one",
    "local": "there is no local address here; getsockname4 and getsockname6 have one",
    "remote": "there is no other end here; getpeername4 and getpeername6 have one",
    "sender": "there is no sender here; recvmsg4 and recvmsg6 have one",
    "socket": "there is no socket of its own here; sock_create, sock_release, post_bind4 and post_bind6 have one",
    "bound": "no socket is bound here; post_bind4 and post_bind6 have the address that it got",
    "sockopt": "there is no option of a socket here; the cgroup hooks setsockopt and getsockopt have one",
    "got": "nothing has been answered here; the cgroup hook getsockopt has what was",
    "sysctl": "there is no setting here; the cgroup hook sysctl has one",
    "connection": "there is no TCP connection here; sock_ops hooks have one",
    "lookup": "nobody is looked up here; sk_lookup hooks see who is",
    "device": "there is no device file here; the cgroup hook device has one",
    "abi": "only system calls have an ABI",
    "call": "only a whole call takes time: `phase: call`",
    "perf": "only samples have it, at `perf` hooks",
    "kernel_stack": "no function of the kernel led here; tracepoints, functions, system calls and samples have one",
    "user_stack": "no program led here that could be told: a packet, or whoever was interrupted",
}

_WORDS = frozenset({*(row.path for row in FIELDS), *GROUPS, "args", "ret", "params", "lists"})
_KIND_NUMBERS = {name: number for number, name in HOOK_KIND.symbols}


@dataclass(slots=True)
class Fields:
    """Values at one place.  `names` numbers the hook names of the policy, for `hook.name`; each text is looked up once.

    `longest` is the capacity of strings of unknown length, in bytes; `tables` are the policy's.  `side`: what the rule is of
    a span, if it is of one.
    """

    place: Place
    names: dict[str, int]
    longest: int
    target: Target
    tables: Tables
    stock: Stock
    lets: dict[str, Let] = field(default_factory=dict)
    side: Side | None = None
    _known: dict[str, Value] = field(default_factory=dict)

    def value(self, text: str) -> Value:
        """Return the value of an expression here, of which a path is the simplest; `Missing` or `Wrong` if there is none."""
        if text not in self._known:
            is_word = is_field_path(text) and text not in {"true", "false"}
            plain = is_word and not self._is_other(re.split(r"[.\[(]", text, maxsplit=1)[0])
            self._known[text] = self._find(text) if plain else self._made(text)
        return self._known[text]

    @property
    def reading(self) -> Reading:
        return self.stock.reading

    def param(self, name: str) -> Param | None:
        """Return a param of the policy."""
        return self.stock.policy.param(name)

    def given_type(self, path: str) -> str:
        """Return the type that a policy declares for what `params.NAME` or `lists.NAME` stands for; empty for neither."""
        kind, _, name = path.partition(".")
        lists = {one.name: one.type for one in self.stock.policy.lists}
        param = self.param(name) if kind == "params" else None
        return lists.get(name, "") if kind == "lists" else param.type if param else ""

    def is_field(self, name: str) -> bool:
        """Whether a word alone is something that an event has, not the name of a constant (`tcp`)."""
        return name in _WORDS or self._is_other(name)

    def let_node(self, name: str) -> Node:
        """Return the tree of what a rule's `let` calls `name`."""
        return parse(self.lets[name].value)

    def let_value(self, name: str) -> Value:
        """Return the value that a rule's `let` calls `name`; what is wrong with it stands there."""
        try:
            return self.value(self.lets[name].value)
        except Missing as missing:
            for one in missing.each:
                one.at = one.at or self.lets[name].at
            raise

    @property
    def casts(self) -> Casts:
        """What makes other types of values here."""
        return Casts(self.place, self.target, self.longest)

    def _is_other(self, root: str) -> bool:
        return root in self.lets or root in {"params", "lists"} | ROOTS or root in self.tables.names()

    def _made(self, text: str) -> Value:
        try:
            return Expressions(self).value(parse(text))
        except Missing as missing:
            for one in missing.each:
                one.text = one.text or text
            raise

    def of_span(self, node: Node, worth: Expressions) -> Value:
        """Return what begins with `start`, `end` or `span`; `Missing` or `Wrong` if a span has it not, or not here."""
        if self.side is not None and self.side.span.starts is None:
            message = f"the key of a span is made of the event's own fields, and {quote(node.spelled)} is not"
            raise Wrong("field-not-here", message, f"as {node.spelled.partition('.')[2]}")
        if self.side is None or self.side.span.starts is None:
            hint = "as hook: {span: {start: …, end: …}}"
            raise Wrong("field-not-here", f"{quote(node.spelled)} is of a span, and {self.place.spelled} is in none", hint)
        return self.side.span.starts.value(node, self.side, self, worth)

    def late(self, path: str) -> Value:
        """Return what is where the argument `path` points to as the call ends; `Missing` or `Wrong` if it cannot be had."""
        if f"late({path})" not in self._known:
            if not isinstance(self._arguments, CallArguments) or not is_argument(path):
                raise no_late(path, self.place.spelled)
            self._known[f"late({path})"] = self._shortened(self._arguments.late(path))
        return self._known[f"late({path})"]

    def late_pointer(self, path: str) -> Value:
        """Return where the argument `path` points to, for a cast that reads it as the call ends; `Missing` or `Wrong`."""
        if not isinstance(self._arguments, CallArguments) or not is_argument(path):
            raise no_late(path, self.place.spelled)
        return self._arguments.late_pointer(path)

    @property
    def begin(self) -> Fields | None:
        """The fields of where the call began that ends here; None where that is not known.  `saved` carries them over."""
        if self.place.entry is None:
            return None
        return replace(self, place=self.place.entry, _known={})

    def saved(self, value: Value) -> Value:
        """Return what `value`, one of `begin`, was as the call began that ends here."""
        assert isinstance(self._arguments, CallArguments)
        return self._arguments.saved(value)

    @property
    def _arguments(self) -> Arguments:
        entry = self.place.entry
        return self.place.arguments if entry is None else CallArguments(self.place, entry)

    def group(self, path: str) -> tuple[str, ...] | None:
        """Return the paths that a group stands for here; None for what is no group."""
        root, _, inner = path.partition(".")
        if self.side is not None and root in {START, END}:
            members = self.group(inner) if root == END else self.side.span.groups.get(inner)
            return None if members is None else tuple(f"{root}.{member}" for member in members)
        if path == "args":
            return tuple(member for one in self._arguments.paths() for member in self.group(one) or (one,))
        if is_argument(path) or path == "ret":
            return self._arguments.group(path) if isinstance(self._arguments, Pointing) else None
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
        """Every value that was asked for, and what those are made of."""
        return tuple({id(value): value for value in every_value(self._known.values())}.values())

    @property
    def texts(self) -> tuple[tuple[str, Value], ...]:
        """Every expression that was asked for, with its value."""
        return tuple(self._known.items())

    def _find(self, path: str) -> Value:
        row = field_row(path, self.place.contexts)
        if (path == "ret" and row is None) or path.startswith(("args.", "args[", "ret.")):
            return self._shortened(self._arguments.value(path))
        if path.startswith("process.") and (row is None or row.from_task) and path not in GROUPS:
            return self._shortened(self._of_task(path))
        if row is None:
            raise self._unknown(path)
        if row.context == "perf":
            return sample_value(row, self.target.arch)
        if row.context in {"kernel_stack", "user_stack"}:
            return stack_value("kernel" if row.context == "kernel_stack" else "user", self.place.point.kind)
        return self._of_hook(row) or Value(
            path, row.type, Builtin(row.accessor), row.can_be_absent, row.can_be_unread, row.cost
        )

    def _of_hook(self, row: Field) -> Value | None:
        """Return what the hook knows of itself, and of the call that it is at the end of; None for other fields."""
        if row.path == "hook.name":
            return self._hook_name(row)
        if row.path == "duration":
            return Value(row.path, row.type, elapsed(self.place), row.can_be_absent, cost=row.cost)
        if row.path == "hook.kind":
            return Value(row.path, row.type, Constant(_KIND_NUMBERS[self.place.hook.kind]), cost=row.cost)
        return None

    def _of_task(self, path: str) -> Value:
        if "process" not in self.place.contexts:
            raise self._not_here(path, FIELDS[0])
        return Process("process", CurrentTask(), self.target).value(path.split(".")[1:])

    def _shortened(self, value: Value) -> Value:
        if value.type.shape is not Shape.STRING or value.type.size <= self.longest:
            return value
        access = value.access
        if isinstance(access, Saved):
            access = replace(access, value=self._shortened(access.value))
        return replace(value, type=replace(value.type, size=self.longest), access=access)

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
        return Wrong("unknown-field", f"there is no field {quote(path)}", did_you_mean(path, self._readable()))

    def _not_here(self, path: str, row: Field) -> Wrong:
        reason = _ELSEWHERE[row.context]
        return Wrong("field-not-here", f"{quote(path)} cannot be read at {self.place.spelled}: {reason}")

    def _readable(self) -> list[str]:
        rows = [row.path for row in FIELDS if row.context in self.place.contexts]
        return [*rows, *self._arguments.paths(), *GROUPS]
