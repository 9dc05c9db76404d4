"""The kinds of things that `get`, `describe` and `delete` name, and how people spell them: `policy X`, `pol`, `policy/X`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.errors import UsageError
from policyd.text import did_you_mean, quote

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind: what `-o name` prints (`policy/X`), the plural, and what else people type."""

    name: str
    plural: str
    aliases: tuple[str, ...]

    @property
    def words(self) -> tuple[str, ...]:
        return (self.name, self.plural, *self.aliases)


POLICY = Kind("policy", "policies", ("pol",))
HOOK = Kind("hook", "hooks", ())
MAP = Kind("map", "maps", ())
RECORD = Kind("record", "records", ())
LIST = Kind("list", "lists", ())
SOURCE = Kind("source", "sources", ("src",))


def parse_names(words: Sequence[str], kinds: Sequence[Kind]) -> tuple[Kind, tuple[str, ...]]:
    """Return the kind and the names of `policies`, `policy A B` or `policy/A policy/B`; `UsageError` for anything else."""
    known = {word: kind for kind in kinds for word in kind.words}
    head, *names = words
    if head in known:
        return known[head], tuple(name.removeprefix(f"{known[head].name}/") for name in names)
    split = [word.partition("/") for word in words]
    found = {known[kind] for kind, slash, _ in split if slash and kind in known}
    if len(found) == 1 and all(kind in known and name for kind, _, name in split):
        return found.pop(), tuple(name for _, _, name in split)
    expected = ", ".join(kind.plural for kind in kinds)
    hint = did_you_mean(head, known) or (f"write `{kinds[0].name} NAME…`" if len(kinds) == 1 else "")
    raise UsageError(f"{quote(head)} is not one of {expected}" + (f"; {hint}" if hint else ""))
