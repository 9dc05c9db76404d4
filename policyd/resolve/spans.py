"""Spans as rules: one at each end, which the policy wrote, and those that policyd adds to keep the starts.

In: a policy as written.  Out: its rules with the hooks of ends in the place of spans, and hidden rules behind them.  What is
begun is a row of a table that only these rules see (`starts.py`): one hidden rule keeps it where something begins, one drops
it where that ends, whether or not the policy's rule has matched, and one where it is given up.  They write in this order:
ends, cancels, starts; so an event that ends one thing and begins the next, under the same key, does just that.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from policyd.expression import Blank, Call, Index, Member, Name, Node, parse, split, walk
from policyd.policy import AllOf, AnyOf, Expanded, Expr, Leaf, Not, Rule, SpanHook, SpanSide, StacksOutput
from policyd.resolve.endings import ending_rules
from policyd.vocabulary.fields import FIELD_ROOTS
from policyd.vocabulary.stacks import COLUMNS, MOST_FRAMES, PARTS
from policyd.vocabulary.tables import TABLE_KEYS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from policyd.errors import Path
    from policyd.policy import Filter, Given, Hook, Policy
    from policyd.resolve.starts import Starts

START, END, SPAN = "start", "end", "span"
DURATION = "span.duration"
ROOTS = frozenset({START, END, SPAN})
"""What paths of a span's rule begin with: fields of its start, of its end, and of the span itself."""

_NEUTRAL = frozenset({"params", "lists"})

Role = Literal["start", "end", "drop", "cancel"]
"""What a rule of a span does there: keep a start, tell of a span (the policy's own), drop the start, give it up."""


@dataclass(frozen=True, slots=True)
class Use:
    """Where a field of the start is used: the expression `text` (none: a key), at `path` or below, and the place in it.

    `spare`: it is done without where a start does not have it.  `frames`: how many are kept if it is a stack.
    """

    path: Path
    text: str
    offset: int
    spare: bool = False
    frames: int = MOST_FRAMES


@dataclass(slots=True)
class Span:
    """A span of one rule, or of several that have the same: `name` is its table, `owners` are those rules.

    `wanted` are the fields of the start that its rules use, as they are spelled there; `starts` is what became of it,
    and `groups` are those of them that stand for several.
    """

    name: str
    hook: SpanHook
    tested: tuple[Filter, ...]
    owners: list[Rule] = field(default_factory=list)
    wanted: dict[str, Use] = field(default_factory=dict)
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    starts: Starts | None = None

    @property
    def first(self) -> Rule:
        """The rule that has it first."""
        return self.owners[0]


@dataclass(frozen=True, slots=True)
class Side:
    """What a rule is of a span, and the hook that it was made of."""

    span: Span
    role: Role
    written: SpanSide

    @property
    def is_hidden(self) -> bool:
        return self.role != "end"


@dataclass(frozen=True, slots=True)
class Task:
    """A rule to be resolved: the policy's number `row`, what it is of a span, if it is of one, and which span needs it."""

    row: int
    rule: Rule
    side: Side | None = None
    span: Span | None = None

    @property
    def hook(self) -> Hook:
        """Where it is: no span any more."""
        assert not isinstance(self.rule.hook, SpanHook)
        return self.rule.hook

    @property
    def is_settled(self) -> bool:
        """Whether it can be resolved: the span that needs it, if any, makes sense."""
        return self.span is None or self.span.starts is not None


def tasks_of(policy: Policy, has: Callable[[Hook], bool], others: tuple[Rule, ...]) -> tuple[Task, ...]:
    """Return all rules to be resolved: the policy's, those that its spans need, then `others`.

    `has` tells whether a hook is to be had, for rules that are done without where it is not.
    """
    spans: dict[object, Span] = {}
    made = [task for row, rule in enumerate(policy.rules) for task in _tasks(row, rule, policy, spans)]
    hidden: list[tuple[Rule, Side | None, Span | None]] = []
    for span in spans.values():
        hidden += [(_hidden(side), side, span) for side in _sides(span)]
        hidden += [(rule, None, span) for rule in _endings(span, has)]
    hidden += [(rule, None, None) for rule in others]
    count = len(policy.rules)
    return (*made, *(Task(count + number, *one) for number, one in enumerate(hidden)))


def _tasks(row: int, rule: Rule, policy: Policy, spans: dict[object, Span]) -> Iterator[Task]:
    """Yield a rule as it is; of a span, one for each of its ends."""
    hook = rule.hook
    if not isinstance(hook, SpanHook):
        yield Task(row, rule)
        return
    lets = {let.name: let.value for let in rule.let}
    tables = frozenset(table.name for table in policy.tables)
    tested = tuple(part for part in rule.filters if _is_of_start(part, lets, tables))
    rest = tuple(part for part in rule.filters if part not in tested)
    same = (hook, tested, rule.let, rule.optional)
    span = spans.setdefault(same, Span(f"{rule.name}-span", hook, tested))
    span.owners.append(rule)
    for use, text in _wanted(rule.model_copy(update={"filters": rest}), policy):
        known = span.wanted.setdefault(text, use)
        if known.frames < use.frames or (known.spare and not use.spare):
            span.wanted[text] = replace(use, frames=max(known.frames, use.frames))
    for end in hook.ends:
        own = rule.model_copy(update={"hook": end.hook, "filters": (*end.filters, *rest)})
        yield Task(row, own, Side(span, "end", end), span)


def _sides(span: Span) -> Iterator[Side]:
    """Yield what the hidden rules of a span are."""
    roles: tuple[tuple[Role, tuple[SpanSide, ...]], ...] = (
        ("drop", span.hook.ends),
        ("cancel", span.hook.cancels),
        ("start", span.hook.starts),
    )
    for role, sides in roles:
        yield from (Side(span, role, one) for one in sides)


_SUFFIXES: dict[Role, str] = {"start": "span-start", "drop": "span-end", "cancel": "span-cancel"}


def _hidden(side: Side) -> Rule:
    first = side.span.first
    tested = side.span.tested if side.role == "start" else ()
    return Rule(
        name=_named(first.name, _SUFFIXES[side.role]),
        hook=side.written.hook,
        filters=(*side.written.filters, *tested),
        outputs=(),
        let=first.let,
        optional=first.optional,
        at=first.at,
    )


def _named(rule: str, suffix: str) -> str:
    """Return the name of what belongs to a rule; names of tables, metrics and params have no hyphen."""
    return f"{rule}-{suffix}"[-63:].lstrip("-")


def _endings(span: Span, has: Callable[[Hook], bool]) -> Iterator[Rule]:
    """Yield the rules that drop starts of what has ended, where that is what the key is."""
    sides = (*span.hook.starts, *span.hook.ends, *span.hook.cancels)
    things = [thing for side in sides if len(side.key) == 1 and (thing := thing_of(side.key[0])[0])]
    if things:
        yield from ending_rules(span.name, TABLE_KEYS[things[0]], span.hook.at, has, _named(span.name, "key"))


def thing_of(given: Given) -> tuple[str, str]:
    """Return the type of `VALUE.as(thread)`, if it is one that only keys have, and the value's own text."""
    node = parse(given.field)
    if isinstance(node, Call) and node.function == "as" and node.target is not None:
        (argument, *_) = node.arguments
        if isinstance(argument, Name) and argument.name in TABLE_KEYS.keys() - {"cgroup"}:
            return argument.name, node.target.spelled
    return "", given.field


# ------------------------------------------------------------------------------------------------ fields of the start


def root_word(node: Node) -> str:
    """Return `start`, `end` or `span` if that is what a field begins with, members and casts of it included; else empty."""
    inner: Node | None = node
    while isinstance(inner, Member | Index | Call):
        if isinstance(inner, Call):
            inner = inner.target if inner.function in {"as", "bytes", "container_of"} else None
        elif isinstance(inner, Member) and isinstance(inner.base, Name):
            return inner.base.name if inner.base.name in ROOTS else ""
        else:
            inner = inner.base
    return inner.name if isinstance(inner, Name) and inner.name in ROOTS else ""


def without_root(node: Node, length: int) -> Node:
    """Return a field without its first word, of which `length` characters are taken; `start.args.fd` is `args.fd`."""
    at, spelled = node.at + length, node.spelled[length:]
    if isinstance(node, Member) and isinstance(node.base, Name) and node.base.name in ROOTS:
        return Name(node.name, at=at, spelled=spelled)
    if isinstance(node, Call) and node.target is not None:
        return replace(node, target=without_root(node.target, length), at=at, spelled=spelled)
    assert isinstance(node, Member | Index)
    return replace(node, base=without_root(node.base, length), at=at, spelled=spelled)


def _wanted(rule: Rule, policy: Policy) -> Iterator[tuple[Use, str]]:
    """Yield the fields of the start that a rule uses."""
    parts = (*rule.filters, *rule.outputs, *rule.tables, *([rule.above] if rule.above else []))
    found = [(Use(rule.at, text, 0), text) for part in parts for text in part.expressions()]
    found += [(Use(("spec", "event"), text, 0), text) for column in policy.event_fields for text in column.expressions()]
    message = [part for part in split(rule.message) if isinstance(part, Blank)]
    found += [(Use((*rule.at, "message"), rule.message, part.offset), part.text) for part in message]
    yield from _stacks(rule)
    unseen = {let.name: let for let in rule.let}
    for use, text in found:  # which grows: a name of `let` stands for another text
        tree = parse(text)
        for node in _of_start(tree):
            yield replace(use, offset=use.offset + node.at), without_root(node, len(START) + 1).spelled
        for let in (unseen.pop(part.name) for part in walk(tree) if isinstance(part, Name) and part.name in unseen):
            found.append((Use(let.at, let.value, 0), let.value))


def _stacks(rule: Rule) -> Iterator[tuple[Use, str]]:
    """Yield the parts of the start's stack that a rule counts by."""
    for output in rule.outputs:
        if isinstance(output, StacksOutput) and output.of == START:
            for part in PARTS:
                wanted = output.kernel if part == "kernel" else output.user
                if wanted is not False:
                    yield Use((*output.at, "of"), "", 0, wanted is None, output.depth), COLUMNS[part]


def _of_start(node: Node) -> Iterator[Node]:
    """Yield the fields of the start in an expression, each as a whole."""
    if not isinstance(node, Name) and root_word(node) == START:
        yield node
        return
    for child in node.children:
        yield from _of_start(child)


def _is_of_start(part: Filter, lets: Mapping[str, str], tables: frozenset[str]) -> bool:
    """Whether a filter asks of the start only, so that it can be asked there."""
    words = {word for text in _texts(part) for word in _words(parse(text), lets, tables)}
    return words == {START}


def _texts(part: Filter) -> Iterator[str]:
    if isinstance(part, Leaf):
        yield part.field
    elif isinstance(part, Expr):
        yield part.expr
    elif isinstance(part, Not):
        yield from _texts(part.part)
    else:
        assert isinstance(part, AllOf | AnyOf | Expanded)
        for one in part.parts:
            yield from _texts(one)


def _words(node: Node, lets: Mapping[str, str], tables: frozenset[str]) -> Iterator[str]:
    """Yield the first words of the fields in an expression; constants have none, and names of `let` those of their own."""
    if word := root_word(node):
        yield word
    elif isinstance(node, Name):
        if node.name in lets:
            others = {name: text for name, text in lets.items() if name != node.name}
            yield from _words(parse(lets[node.name]), others, tables)
        elif node.name in tables or node.name in FIELD_ROOTS - _NEUTRAL:
            yield node.name
    for child in () if word else node.children:
        yield from _words(child, lets, tables)
