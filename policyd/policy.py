"""Policies as frozen models: what `parsing` makes of a document's nodes and what `resolve` gives types.

Everything is in its long form here: short hooks are spelled out, columns have names, defaults are filled in.  Scalars that
wait for a field's type (operands, bucket bounds, errno names) stay text.  Two policies are equal if they mean the same;
where they stood in which file (`at`, `source`, `position()`) is carried along and never compared.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr
from pydantic.alias_generators import to_camel

from policyd.document import Mapping, Node, locate
from policyd.errors import Path, Position  # noqa: TC001 (pydantic reads annotations at run time)
from policyd.text import did_you_mean, one_of, quote
from policyd.vocabulary.operators import OPERATORS
from policyd.vocabulary.severities import Severity  # noqa: TC001 (as above)
from policyd.words import (
    ArgumentName,
    BuildId,
    CgroupPath,
    ColumnName,
    CpuList,
    DnsLabel,
    Entries,
    FieldPath,
    FileOffset,
    FilePath,
    Flag,
    Frequency,
    InterfaceTarget,
    LabelKey,
    LabelValue,
    LibraryName,
    Limit,
    Line,
    MetricName,
    Operand,
    ParamName,
    PerfEventName,
    Period,
    ProbeTarget,
    ProcessId,
    Prose,
    RingBytes,
    ShownValue,
    Target,
    TracepointTarget,
    TypeName,
    UserSymbol,
    Word,
    wrong,
)

API_VERSION = "policyd.dev/v1alpha1"
DEFAULT_RING_BYTES = 256 * 1024
DEFAULT_MAX_ENTRIES = 10240
DEFAULT_MATCHES = 512
"""Places that one hook may have: a glob over every function of a program is a mistake."""


def _operator(name: str) -> str:
    if name not in OPERATORS:
        hint = did_you_mean(name, OPERATORS) or f"operators: {one_of(OPERATORS, 40)}"
        raise wrong("unknown-operator", f"there is no operator {quote(name)}", hint)
    return name


Mode = Literal["monitor", "enforce"]
ParamForm = Literal["scalar", "list"]
MetricKind = Literal["counter", "sum", "gauge", "min", "max", "histogram"]
OperatorName = Annotated[str, AfterValidator(_operator)]
OnUnread = Literal["event", "act"]
Verdict = Literal["none", "deny", "drop", "pass", "mark", "return"]
CgroupName = Literal["connect4", "connect6", "sendmsg4", "sendmsg6", "bind4", "bind6", "skb_ingress", "skb_egress"]


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

    name: ColumnName
    field: FieldPath
    names: tuple[tuple[ShownValue, Line], ...] = ()


class Leaf(Model):
    """One test: `field operator values`, or against the param `param` (then `values` is empty)."""

    field: FieldPath
    operator: OperatorName
    values: tuple[Operand, ...] = ()
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

for _group in (AllOf, AnyOf, Not):
    _group.model_rebuild()  # they name `Filter`, which names them


# ------------------------------------------------------------------------------------------------ hooks


class SyscallHook(Model):
    """System calls by name (globs allowed), at entry or exit.

    `abi` names whose calls count; none: Native, and Compat where that costs other calls nothing.
    """

    kind: ClassVar[str] = "syscall"
    names: tuple[Target, ...]
    phase: Literal["enter", "exit"] = "enter"
    abi: tuple[Literal["Native", "Compat"], ...] = ()


class TracepointHook(Model):
    """Tracepoints as `subsystem/event` (globs allowed)."""

    kind: ClassVar[str] = "tracepoint"
    names: tuple[TracepointTarget, ...]


class RawTracepointHook(Model):
    """Raw tracepoints by event name."""

    kind: ClassVar[str] = "raw_tracepoint"
    names: tuple[Target, ...]


class XdpHook(Model):
    """Packets as an interface receives them, before the network stack."""

    kind: ClassVar[str] = "xdp"
    interfaces: tuple[InterfaceTarget, ...]
    mode: Literal["native", "generic", "auto"] = "auto"


class TcHook(Model):
    """Packets at an interface's traffic control hook."""

    kind: ClassVar[str] = "tc"
    interfaces: tuple[InterfaceTarget, ...]
    direction: Literal["ingress", "egress"]


class CgroupHook(Model):
    """Socket operations and packets of the processes of a cgroup; `path` empty: the root of cgroup v2."""

    kind: ClassVar[str] = "cgroup"
    names: tuple[CgroupName, ...] = Field(alias="name")
    path: CgroupPath = ""


class FunctionHook(Model):
    """Functions of the kernel (globs allowed), by whatever means is best; `limit` is how many they may be."""

    kind: ClassVar[str] = "function"
    names: tuple[Target, ...]
    phase: Literal["enter", "exit"] = "enter"
    limit: Limit = DEFAULT_MATCHES


class KprobeHook(Model):
    """Functions of the kernel as they begin, or instructions inside them (`NAME+0x10`), by a breakpoint."""

    kind: ClassVar[str] = "kprobe"
    names: tuple[ProbeTarget, ...]
    limit: Limit = DEFAULT_MATCHES


class KretprobeHook(Model):
    """Functions of the kernel as they return, by a breakpoint."""

    kind: ClassVar[str] = "kretprobe"
    names: tuple[Target, ...]
    limit: Limit = DEFAULT_MATCHES


class FentryHook(Model):
    """Functions of the kernel as they begin, with types."""

    kind: ClassVar[str] = "fentry"
    names: tuple[Target, ...]
    limit: Limit = DEFAULT_MATCHES


class FexitHook(Model):
    """Functions of the kernel as they return, with types."""

    kind: ClassVar[str] = "fexit"
    names: tuple[Target, ...]
    limit: Limit = DEFAULT_MATCHES


class LsmHook(Model):
    """Security hooks, by the names that the kernel's LSMs know them by."""

    kind: ClassVar[str] = "lsm"
    names: tuple[Target, ...]
    limit: Limit = DEFAULT_MATCHES


class PerfHook(Model):
    """An event that the kernel counts on each CPU: sampled `frequency` times a second, or every `period` events."""

    kind: ClassVar[str] = "perf"
    event: PerfEventName
    frequency: Frequency = 0
    period: Period = 0
    cpus: tuple[CpuList, ...] = ("all",)


class FileHook(Model):
    """What all hooks in a program or a library have: `path` or `library` says which file, `pid` 0 means every process."""

    kind: ClassVar[str]
    path: FilePath = ""
    library: LibraryName = ""
    pid: ProcessId = 0
    build_id: BuildId = ""
    limit: Limit = DEFAULT_MATCHES

    @property
    def place(self) -> str:
        """What is to be looked up: an absolute path, or the name of a library."""
        return self.path or self.library


class FunctionInFile(FileHook):
    """What hooks on functions of a program have: `symbols` (globs allowed), or an `offset` in the file, or from a symbol."""

    symbol: UserSymbol = ""
    symbols: tuple[UserSymbol, ...] = ()
    offset: FileOffset = 0
    ret: TypeName = ""

    @property
    def names(self) -> tuple[UserSymbol, ...]:
        return (self.symbol,) if self.symbol else self.symbols


class UprobeHook(FunctionInFile):
    """A function of a program as it begins (`args` are the types of its arguments) or returns."""

    kind: ClassVar[str] = "uprobe"
    args: tuple[tuple[ArgumentName, TypeName], ...] = ()
    phase: Literal["enter", "exit"] = "enter"


class UretprobeHook(FunctionInFile):
    """A function of a program as it returns."""

    kind: ClassVar[str] = "uretprobe"
    args: ClassVar[tuple[tuple[str, str], ...]] = ()
    phase: ClassVar[Literal["exit"]] = "exit"


class UsdtHook(FileHook):
    """Probes that the authors of a program put into it, by `provider` and names (globs allowed)."""

    kind: ClassVar[str] = "usdt"
    provider: UserSymbol
    names: tuple[UserSymbol, ...] = Field(alias="name")
    args: tuple[tuple[ArgumentName, TypeName], ...] = ()


PlainHook = (
    SyscallHook
    | TracepointHook
    | RawTracepointHook
    | FunctionHook
    | KprobeHook
    | KretprobeHook
    | FentryHook
    | FexitHook
    | LsmHook
    | XdpHook
    | TcHook
    | CgroupHook
    | PerfHook
    | UprobeHook
    | UretprobeHook
    | UsdtHook
)


class FirstOf(Model):
    """The first of `hooks` that this kernel has."""

    kind: ClassVar[str] = "firstOf"
    hooks: tuple[PlainHook, ...]


Hook = PlainHook | FirstOf


# ------------------------------------------------------------------------------------------------ outputs and actions


class EventOutput(Model):
    """One record in the policy's ring for each match; `spec.event.fields` is not part of `fields`.

    `implied`: of a rule with an action and no `outputs`: groups that its hook does not have are left out.
    """

    fields: tuple[Column, ...]
    implied: bool = False


class Buckets(Model):
    """Histogram buckets as written: `log2` (bounds may be empty), `linear` with a step, or `list` of upper bounds."""

    shape: Literal["log2", "linear", "list"] = "log2"
    low: Word = ""
    high: Word = ""
    step: Word = ""
    bounds: tuple[Word, ...] = ()


class MetricOutput(Model):
    """One map: a number (or a histogram) for each key `by`.  `value` is the field that feeds it; a counter has none."""

    kind: MetricKind
    name: MetricName
    help: Line = ""
    by: tuple[Column, ...] = ()
    value: FieldPath = ""
    signed: Flag = False
    buckets: Buckets | None = None
    max_entries: Entries = DEFAULT_MAX_ENTRIES
    evict: Flag = False


Output = EventOutput | MetricOutput


class Action(Model):
    """What a match does: at most one verdict (`number`: `deny`'s errno, the mark, the result) and at most one signal."""

    verdict: Verdict = "none"
    number: Word = ""
    signal: Word = ""


# ------------------------------------------------------------------------------------------------ rules and policies


class Param(Model):
    """A value (or a list) that lives in a map.  `form` says which; `values` are empty if `optional` and not given."""

    name: ParamName
    type: TypeName
    form: ParamForm = "scalar"
    values: tuple[Operand, ...] = ()
    optional: Flag = False


class Rule(Model):
    """Where `hook` fires and all `filters` hold: make `outputs`, take `action`.  `optional`: a missing hook is no error.

    `on_unread`: what to do where something that could not be read keeps the filters undecided: only the event, or `act` too.
    """

    name: DnsLabel
    hook: Hook
    filters: tuple[Filter, ...] = ()
    outputs: tuple[Output, ...]
    action: Action | None = None
    optional: Flag = False
    on_unread: OnUnread = "event"


class Metadata(Model):
    """What a policy is called, and what others have written on it."""

    name: DnsLabel
    labels: tuple[tuple[LabelKey, LabelValue], ...] = ()
    annotations: tuple[tuple[LabelKey, Prose], ...] = ()


class Events(Model):
    """The policy's ring."""

    ring_bytes: RingBytes = Field(default=DEFAULT_RING_BYTES, alias="buffer")


class Spec(Model):
    """What a policy says; `event_fields` are added to every event of it."""

    description: Prose = ""
    severity: Severity = "info"
    mode: Mode = "monitor"
    suspend: Flag = False
    ring_bytes: RingBytes = DEFAULT_RING_BYTES
    event_fields: tuple[Column, ...] = ()
    params: tuple[Param, ...] = ()
    rules: tuple[Rule, ...]


class Policy(Spec, Metadata):
    """A whole policy.

    `document` is the document as JSON text, scalars as strings, short forms as written: parsing it again gives an equal
    policy.  `source` is `file:line`.
    """

    document: str = Field(default="", exclude=True, repr=False)
    source: str = Field(default="", exclude=True, repr=False)
    _root: Node | None = PrivateAttr(default=None)

    @property
    def acts(self) -> bool:
        """Whether some rule has an action (taken only where `mode` is `enforce`)."""
        return any(rule.action is not None for rule in self.rules)

    def param(self, name: str) -> Param | None:
        return next((param for param in self.params if param.name == name), None)

    def node(self, path: Path) -> Node:
        """Return the document's node at `path`; the nearest part around it if the document does not spell it out."""
        assert self._root is not None, "a policy that was not read from a document has no nodes"
        return locate(self._root, path)

    def position(self, path: Path) -> Position | None:
        """Return where `node(path)` stands in the file; None for a policy that was made without one."""
        return self.node(path).position if self._root is not None else None

    def placed(self, root: Mapping) -> Policy:
        """Return this policy, able to tell positions in the document `root`."""
        self._root = root
        return self

    def settled(self, params: tuple[Param, ...], rules: tuple[Rule, ...]) -> Policy:
        """Return this policy with its params' forms and its outputs' shapes settled."""
        return self.model_copy(update={"params": params, "rules": rules})
