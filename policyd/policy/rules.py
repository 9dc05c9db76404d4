"""Rules, params and whole policies, as written."""

# ruff: noqa: TC001 (pydantic reads annotations at run time)

from __future__ import annotations

from typing import Literal

from pydantic import Field, PrivateAttr

from policyd.document import Mapping, Node, locate, position_in, scalar_with
from policyd.errors import Path, Position
from policyd.policy.filters import Column, Filter
from policyd.policy.lists import Inlined, ValueList
from policyd.policy.model import Model
from policyd.policy.outputs import Action, Output
from policyd.policy.rates import Above, Rates
from policyd.policy.scope import Scope
from policyd.policy.spans import RuleHook
from policyd.policy.tables import Table, TableWrite
from policyd.vocabulary.severities import Severity
from policyd.words import (
    ColumnName,
    DnsLabel,
    Expression,
    Flag,
    LabelKey,
    LabelValue,
    MessageText,
    Operand,
    ParamName,
    Prose,
    RingBytes,
    Tag,
    TypeName,
)

API_VERSION = "policyd.dev/v1alpha1"
DEFAULT_RING_BYTES = 256 * 1024

Mode = Literal["monitor", "enforce"]
ParamForm = Literal["scalar", "list"]
OnUnread = Literal["event", "act"]


class Param(Model):
    """A value (or a list) that lives in a map.  `form` says which; `values` are empty if `optional` and not given."""

    name: ParamName
    type: TypeName
    form: ParamForm = "scalar"
    values: tuple[Operand, ...] = ()
    optional: Flag = False


class Let(Model):
    """A name that a rule gives to the value of an expression."""

    name: ColumnName
    value: Expression


class Rule(Model):
    """Where `hook` fires and all `filters` hold: make `outputs`, take `action`, write to `tables`.

    `above`: only for what is above this rate, of the events for which all filters hold.
    `optional`: a missing hook is no error.  `scope`: whom it is about, beside the policy's own.
    `message` is a text with expressions in braces, which whoever reads an event of the rule fills in.
    `on_unread`: what to do where something that could not be read keeps the filters undecided: only the event, or `act` too.
    """

    name: DnsLabel
    hook: RuleHook
    filters: tuple[Filter, ...] = ()
    above: Above | None = None
    outputs: tuple[Output, ...]
    let: tuple[Let, ...] = ()
    action: Action | None = None
    optional: Flag = False
    on_unread: OnUnread = "event"
    tables: tuple[TableWrite, ...] = ()
    message: MessageText = ""
    tags: tuple[Tag, ...] = ()
    scope: Scope | None = None


class Metadata(Model):
    """What a policy is called, and what others have written on it."""

    name: DnsLabel
    labels: tuple[tuple[LabelKey, LabelValue], ...] = ()
    annotations: tuple[tuple[LabelKey, Prose], ...] = ()


class Events(Model):
    """The policy's ring."""

    ring_bytes: RingBytes = Field(default=DEFAULT_RING_BYTES, alias="buffer")


class Spec(Model):
    """What a policy says; `event_fields` are added to every event of it, `event_rates` hold all of them back together."""

    description: Prose = ""
    severity: Severity = "info"
    mode: Mode = "monitor"
    suspend: Flag = False
    ring_bytes: RingBytes = DEFAULT_RING_BYTES
    event_fields: tuple[Column, ...] = ()
    event_rates: Rates = Rates()
    params: tuple[Param, ...] = ()
    tables: tuple[Table, ...] = ()
    tags: tuple[Tag, ...] = ()
    lists: tuple[ValueList, ...] = ()
    inlined: Inlined = Inlined()
    scope: Scope | None = None
    rules: tuple[Rule, ...]


class Policy(Spec, Metadata):
    """A whole policy.

    `document` is the document as JSON text, scalars as strings, short forms as written: parsing it again gives an equal
    policy.  `source` is `file:line`, `list_sources` that of each PolicyList of which something was copied.
    """

    document: str = Field(default="", exclude=True, repr=False)
    source: str = Field(default="", exclude=True, repr=False)
    list_sources: tuple[tuple[str, str], ...] = Field(default=(), exclude=True, repr=False)
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

    def position_of(self, path: Path, text: str, offset: int) -> Position | None:
        """Return where the character `offset` of the expression `text`, which stands at or below `path`, is in the file."""
        if self._root is None:
            return None
        node = self.node(path)
        scalar = scalar_with(node, text)
        return node.position if scalar is None else position_in(scalar, offset)

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
