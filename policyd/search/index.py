"""What can be found: an entry for each hook, field, operator, output, action, type, function, key and system call."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from policyd.explain import LISTS
from policyd.starters import STARTERS
from policyd.vocabulary.accessors import ACCESSORS
from policyd.vocabulary.actions import ACTIONS
from policyd.vocabulary.aggregates import AGGREGATES
from policyd.vocabulary.casts import CASTS
from policyd.vocabulary.constants import constant_sets
from policyd.vocabulary.expressions import CONSTANTS, FUNCTIONS
from policyd.vocabulary.fields import FIELDS, GROUPS
from policyd.vocabulary.hooks import HOOK_KINDS
from policyd.vocabulary.kinds import KINDS, host_architecture
from policyd.vocabulary.operations import OPERATIONS
from policyd.vocabulary.operators import OPERATORS
from policyd.vocabulary.outputs import OUTPUTS
from policyd.vocabulary.perf_events import PERF_EVENTS
from policyd.vocabulary.scopes import SCOPE_KEYS
from policyd.vocabulary.syscalls import syscalls

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that can be found: what kind of thing, its name, and one line on it.

    `command` are the words after `policyd` that tell more; `more` is text that is searched and not shown.
    """

    kind: str
    name: str
    summary: str
    command: tuple[str, ...]
    more: str = ""


@cache
def entries() -> tuple[Entry, ...]:
    """Return all that the language has, in the order of the pages; made once."""
    found = {(entry.command, entry.name): entry for part in reversed(_PARTS) for entry in reversed([*part()])}
    return tuple(reversed(found.values()))


def _explain(*words: str) -> tuple[str, ...]:
    return ("explain", *words)


def _hooks() -> Iterator[Entry]:
    for row in HOOK_KINDS:
        yield Entry("hook", row.key, row.summary, _explain("hook", row.key), f"{row.context} {' '.join(row.verdicts)}")
        for key in row.keys:
            yield Entry("key", f"{row.key}: {key.name}", key.explain, _explain("hook", row.key))
    for event in PERF_EVENTS:
        yield Entry("event", event.name, event.explain, _explain("hook", f"perf:{event.name}"), "perf sample")


def _fields() -> Iterator[Entry]:
    for row in {row.path: row for row in FIELDS}.values():
        yield Entry("field", row.path, row.explain, _explain("field", row.path), row.type.kind)
    for group, paths in GROUPS.items():
        yield Entry("group", group, f"stands for {', '.join(paths)}", _explain("field", group))
    behind: dict[str, Entry] = {}
    for one in ACCESSORS:
        of = one.of.removeprefix("struct ")
        behind.setdefault(
            one.name, Entry("field", f".{one.name}", one.explain, _explain("field", f"args.{of}.{one.name}"), of)
        )
    yield from behind.values()


def _types() -> Iterator[Entry]:
    for row in KINDS.values():
        yield Entry("type", row.name, row.explain, _explain("type", row.name), row.example)
    for one in constant_sets(host_architecture()).values():
        names = [name for _, name in one.symbols]
        summary = f"{one.kind}: {', '.join(names[:4])}{'…' if len(names) > 4 else ''}"
        yield Entry("type", one.name, summary, _explain("type", one.name), " ".join(names))
    for written, explain in CASTS:
        yield Entry("cast", written, explain, _explain("types"))


def _conditions() -> Iterator[Entry]:
    for row in OPERATORS.values():
        yield Entry("operator", row.name, row.explain, _explain("operator", row.name), row.example)
    for sign in OPERATIONS.values():
        if sign.written not in {"function", "method"}:
            yield Entry("sign", sign.spelling, sign.explain, _explain("expressions"), sign.example)
    for call in FUNCTIONS.values():
        yield Entry("function", call.spelled, call.explain, _explain("expressions"), call.example)
    for written, explain in CONSTANTS:
        yield Entry("constant", written, explain, _explain("expressions"))


def _effects() -> Iterator[Entry]:
    for row in OUTPUTS.values():
        yield Entry("output", row.name, row.explain, _explain("output", row.name), f"{row.prometheus} {row.example}")
        for key in row.keys:
            yield Entry("key", f"{row.name}: {key.name}", key.explain, _explain("output", row.name))
    for one in AGGREGATES.values():
        yield Entry("aggregate", one.name, one.explain, _explain("output", "stats"), one.example)
    for action in ACTIONS.values():
        yield Entry(
            "action", action.name, action.explain, _explain("action", action.name), f"{action.where} {action.example}"
        )
    for scope in SCOPE_KEYS.values():
        yield Entry("scope", scope.name, scope.explain, _explain("scope"), scope.example)


def _pages() -> Iterator[Entry]:
    """Give the rows of the pages that are not about one kind of row of the vocabulary, and the pages themselves."""
    for topic in ("keys", "tables", "lists"):
        for table in LISTS[topic]().tables:
            for name, *cells in table.rows:
                yield Entry(
                    "key" if topic == "keys" else topic.removesuffix("s"), name, cells[-1], _explain(topic), table.title
                )
    for topic, make in LISTS.items():
        page = make()
        yield Entry("page", topic, page.paragraphs[0] if page.paragraphs else page.title, _explain(topic))


def _first_policies() -> Iterator[Entry]:
    for one in STARTERS.values():
        yield Entry("policy", one.kind, f"a first policy: {one.sees}", ("init", "--kind", one.kind), one.about)


def _syscalls() -> Iterator[Entry]:
    for name, call in sorted(syscalls(host_architecture()).items()):
        arguments = ", ".join(argument.name for argument in call.arguments)
        yield Entry("syscall", name, f"the system call {name}({arguments})", _explain("hook", f"syscall:{name}"))


_PARTS = (_hooks, _fields, _types, _conditions, _effects, _pages, _first_policies, _syscalls)
