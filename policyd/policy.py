"""Policies as frozen models: what `parsing` makes of a document's nodes and what `resolve` gives types.

Everything is in its long form here: short hooks are spelled out, columns have names, defaults are filled in.  Scalars that
wait for a field's type (operands, bucket bounds, errno names) stay text.  Two policies are equal if they mean the same;
where they stood in which file (`at`, `source`, `position()`) is carried along and never compared.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr
from pydantic.alias_generators import to_camel

from policyd.document import Mapping, Node, locate
from policyd.errors import Path, Position

API_VERSION = "policyd.dev/v1alpha1"
DEFAULT_RING_BYTES = 256 * 1024
DEFAULT_MAX_ENTRIES = 10240

Severity = Literal["info", "low", "medium", "high", "critical"]
Mode = Literal["monitor", "enforce"]
MetricKind = Literal["counter", "sum", "gauge", "min", "max", "histogram"]
Verdict = Literal["none", "deny", "drop", "pass", "mark"]
CgroupName = Literal[
    "connect4", "connect6", "sendmsg4", "sendmsg6", "bind4", "bind6", "skb_ingress", "skb_egress"
]


class Model(BaseModel):
    """A frozen part of a policy.  `at` is its path in the document (`("spec", "rules", 0, "hook")`)."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)
    at: Path = Field(default=(), exclude=True, repr=False)

    def _facts(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name, field in type(self).model_fields.items() if not field.exclude)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and isinstance(other, Model) and self._facts() == other._facts()

    def __hash__(self) -> int:
        return hash((type(self), self._facts()))


# ------------------------------------------------------------------------------------------------ columns and filters


class Column(Model):
    """One named value of an event or a metric's key.

    `field` is a path (`process.comm`) or a group (`process`, `args`), which stands for several columns.  `names` maps values
    to text at reading: (glob, text), the first that fits wins.
    """

    name: str
    field: str
    names: tuple[tuple[str, str], ...] = ()


class Leaf(Model):
    """One test: `field operator values`, or against the param `param` (then `values` is empty)."""

    field: str
    operator: str
    values: tuple[str, ...] = ()
    param: str = ""


class AllOf(Model):
    """True if every part is (also with no parts)."""

    parts: tuple[Filter, ...]


class AnyOf(Model):
    """True if some part is."""

    parts: tuple[Filter, ...]


class Not(Model):
    """True if `part` is false; unknown stays unknown."""

    part: Filter


Filter = Leaf | AllOf | AnyOf | Not


# ------------------------------------------------------------------------------------------------ hooks


class SyscallHook(Model):
    """System calls by name (globs allowed), at entry or exit; `abi` names whose calls count."""

    kind: ClassVar[str] = "syscall"
    names: tuple[str, ...]
    phase: Literal["enter", "exit"] = "enter"
    abi: tuple[Literal["Native", "Compat"], ...] = ("Native",)


class TracepointHook(Model):
    """Tracepoints as `subsystem/event` (globs allowed)."""

    kind: ClassVar[str] = "tracepoint"
    names: tuple[str, ...]


class RawTracepointHook(Model):
    """Raw tracepoints by event name."""

    kind: ClassVar[str] = "raw_tracepoint"
    names: tuple[str, ...]


class XdpHook(Model):
    """Packets as an interface receives them, before the network stack."""

    kind: ClassVar[str] = "xdp"
    interfaces: tuple[str, ...]
    mode: Literal["native", "generic", "auto"] = "auto"


class TcHook(Model):
    """Packets at an interface's traffic control hook."""

    kind: ClassVar[str] = "tc"
    interfaces: tuple[str, ...]
    direction: Literal["ingress", "egress"]


class CgroupHook(Model):
    """Socket operations and packets of the processes of a cgroup; `path` empty: the root of cgroup v2."""

    kind: ClassVar[str] = "cgroup"
    names: tuple[CgroupName, ...] = Field(alias="name")
    path: str = ""


class FirstOf(Model):
    """The first of `hooks` that this kernel has."""

    kind: ClassVar[str] = "firstOf"
    hooks: tuple[PlainHook, ...]


PlainHook = SyscallHook | TracepointHook | RawTracepointHook | XdpHook | TcHook | CgroupHook
Hook = PlainHook | FirstOf


# ------------------------------------------------------------------------------------------------ outputs and actions


class EventOutput(Model):
    """One record in the policy's ring for each match; `spec.event.fields` is not part of `fields`."""

    fields: tuple[Column, ...]


class Buckets(Model):
    """Histogram buckets as written: `log2` (bounds may be empty), `linear` with a step, or `list` of upper bounds."""

    shape: Literal["log2", "linear", "list"] = "log2"
    low: str = ""
    high: str = ""
    step: str = ""
    bounds: tuple[str, ...] = ()


class MetricOutput(Model):
    """One map: a number (or a histogram) for each key `by`.  `value` is the field that feeds it; a counter has none."""

    kind: MetricKind
    name: str
    help: str = ""
    by: tuple[Column, ...] = ()
    value: str = ""
    signed: bool = False
    buckets: Buckets | None = None
    max_entries: int = DEFAULT_MAX_ENTRIES
    evict: bool = False


Output = EventOutput | MetricOutput


class Action(Model):
    """What a match does: at most one verdict (`number`: the errno of `deny`, the mark of `mark`) and at most one signal."""

    verdict: Verdict = "none"
    number: str = ""
    signal: str = ""


# ------------------------------------------------------------------------------------------------ rules and policies


class Param(Model):
    """A value (or a list) that lives in a map.  `form` says which; `values` are empty if `optional` and not given."""

    name: str
    type: str
    form: Literal["scalar", "list"]
    values: tuple[str, ...] = ()
    optional: bool = False


class Rule(Model):
    """Where `hook` fires and all `filters` hold: make `outputs`, take `action`.  `optional`: a missing hook is no error."""

    name: str
    hook: Hook
    filters: tuple[Filter, ...] = ()
    outputs: tuple[Output, ...]
    action: Action | None = None
    optional: bool = False


class Policy(Model):
    """A whole policy.

    `event_fields` are added to every event.  `document` is the document as JSON text, scalars as strings, short forms as
    written: parsing it again gives an equal policy.  `source` is `file:line`.
    """

    name: str
    labels: tuple[tuple[str, str], ...] = ()
    annotations: tuple[tuple[str, str], ...] = ()
    description: str = ""
    severity: Severity = "info"
    mode: Mode = "monitor"
    suspend: bool = False
    ring_bytes: int = DEFAULT_RING_BYTES
    event_fields: tuple[Column, ...] = ()
    params: tuple[Param, ...] = ()
    rules: tuple[Rule, ...]
    document: str = Field(default="", exclude=True, repr=False)
    source: str = Field(default="", exclude=True, repr=False)
    _root: Node | None = PrivateAttr(default=None)

    @property
    def acts(self) -> bool:
        """Whether some rule has an action (taken only where `mode` is `enforce`)."""
        return any(rule.action is not None for rule in self.rules)

    def param(self, name: str) -> Param | None:
        return next((param for param in self.params if param.name == name), None)

    def position(self, path: Path) -> Position | None:
        """Where `path` stands in the file; the nearest part around it if the document does not spell it out."""
        return locate(self._root, path) if self._root is not None else None

    def placed(self, root: Mapping) -> Policy:
        """Return this policy, able to tell positions in the document `root`."""
        self._root = root
        return self


for _model in (AllOf, AnyOf, Not, FirstOf, Rule, Policy):
    _model.model_rebuild()
