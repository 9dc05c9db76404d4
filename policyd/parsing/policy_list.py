"""A document of kind PolicyList: read for its problems and its name; policies copy from its nodes (`library`)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from policyd.document import locate
from policyd.parsing.envelope import ENVELOPE, is_kind, read_metadata
from policyd.parsing.library import KIND
from policyd.parsing.lists import read_inlined, read_lists
from policyd.parsing.macros import read_macros
from policyd.parsing.reader import Keys, Reader

if TYPE_CHECKING:
    from policyd.document import Document, Node
    from policyd.errors import Path, Position, Problem
    from policyd.parsing.library import Linked
    from policyd.policy import ValueList

SPEC_KEYS = ("description", "lists", "macros", "inlined")


@dataclass(frozen=True, slots=True)
class PolicyList:
    """What was read of one: its name, its place (`file:line`), its own lists, and how many macros it has."""

    name: str
    source: str
    lists: tuple[ValueList, ...]
    macros: int
    root: Node = field(compare=False, repr=False)

    def position(self, path: Path) -> Position:
        """Return where a part of it stands in its file."""
        return locate(self.root, path).position


def read_policy_list(linked: Linked) -> tuple[PolicyList | None, tuple[Problem, ...]]:
    """Return what a linked document shares (None if an error was found) and all its problems."""
    reader = Reader(shared=linked.names)
    found = _read(reader, linked.document)
    problems = sorted(reader.problems, key=lambda problem: (problem.position is None, problem.position))
    return (None if reader.failed else found), tuple(replace(problem, policy="") for problem in problems)


def _read(reader: Reader, document: Document) -> PolicyList | None:
    keys = reader.keys(document.root, (), "a policy list", ENVELOPE)
    if keys is None or not is_kind(reader, keys, KIND):
        return None
    metadata, spec = read_metadata(reader, keys), _spec(reader, keys)
    if metadata is None or spec is None:
        return None
    spec.text("description")
    lists, inlined = read_lists(reader, spec) or (), read_inlined(reader, spec)
    read_macros(reader, spec)
    reader.macros.read_all()
    if not any(spec.has(key) for key in ("lists", "macros")):
        spec.missing("lists", "or `macros`: it shares nothing")
    copied = {name for name, _ in inlined.lists} if inlined else set()
    own = tuple(one for one in lists if one.name not in copied)
    macros = len(reader.macros.nodes) - (len(inlined.filters) + len(inlined.fields) if inlined else 0)
    source = f"{document.file}:{document.root.position.line}"
    return PolicyList(metadata["name"], source, own, macros, document.root)


def _spec(reader: Reader, envelope: Keys) -> Keys | None:
    node = envelope.get("spec")
    if node is None:
        envelope.missing("spec")
        return None
    return reader.keys(node, envelope.below("spec"), "`spec` of a policy list", SPEC_KEYS)
