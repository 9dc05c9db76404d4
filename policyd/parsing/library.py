"""Documents of kind PolicyList, and how policies get what they use of them.

A policy is read as one document: what it uses of PolicyLists is copied into it first (`link`), nodes with the places that
they have in their own files, so that its record in the kernel can be understood alone, and errors name the right file.
`spec.inlined` tells what was copied from where; where such a copy meets the PolicyList itself, the PolicyList counts.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from policyd.document import Document, Mapping, Node, Scalar, Sequence
from policyd.errors import Problem
from policyd.text import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

KIND = "PolicyList"
_FORMS = ("lists", "filters", "fields")
"""What is shared: `spec.lists`, `spec.macros.filters`, `spec.macros.fields`."""
_IN_EXPRESSION = re.compile(r"\blists\.([A-Za-z_][A-Za-z0-9_]*)")

Key = tuple[str, str]
"""Form and name of a definition."""


@dataclass(frozen=True, slots=True)
class Shared:
    """One definition: its name where it stands, what it is, and the PolicyList that has it."""

    name: Scalar
    node: Node
    owner: str


@dataclass(frozen=True, slots=True)
class Library:
    """All that PolicyLists of one set share; `sources` are their places (`file:line`), `problems` what is there twice.

    `names` are those of what is shared, by form.
    """

    shared: dict[Key, Shared] = field(default_factory=dict)
    names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def kind_of(document: Document) -> str:
    """Return the `kind` of a document, or nothing."""
    kind = document.root.get("kind") if isinstance(document.root, Mapping) else None
    return kind.text if isinstance(kind, Scalar) else ""


def collect(documents: Iterable[Document]) -> Library:
    """Return what the PolicyLists among `documents` share."""
    shared: dict[Key, Shared] = {}
    owners: dict[str, Scalar] = {}
    sources: dict[str, str] = {}
    problems: list[Problem] = []
    for document in documents:
        owner = _at(document.root, "metadata", "name")
        if kind_of(document) != KIND or not isinstance(owner, Scalar):
            continue
        if owner.text in owners:
            problems.append(_double("PolicyLists", owner, owners[owner.text]))
            continue
        owners[owner.text] = owner
        sources[owner.text] = f"{document.file}:{document.root.position.line}"
        for form, name, node in _definitions(document.root):
            first = shared.setdefault((form, name.text), Shared(name, node, owner.text))
            if first.name is not name:
                problems.append(_double("lists" if form == "lists" else f"macros of {form}", name, first.name))
    names = {form: tuple(name for kind, name in shared if kind == form) for form in _FORMS}
    return Library(shared, names, sources, tuple(problems))


def _double(what: str, name: Scalar, first: Scalar) -> Problem:
    message = f"there are two {what} {quote(name.text)}; the other is at {first.position}"
    return Problem("duplicate-list", message, name.position, hint="rename one: what is shared is known by its name alone")


def _definitions(root: Node) -> Iterator[tuple[str, Scalar, Node]]:
    """Yield form, name and body of everything that a document defines."""
    for form in _FORMS:
        node = _at(root, "spec", *_place(form))
        if isinstance(node, Mapping):
            yield from ((form, name, body) for name, body in node.items)


def _place(form: str) -> tuple[str, ...]:
    return ("lists",) if form == "lists" else ("macros", form)


def _at(node: Node | None, *keys: str) -> Node | None:
    for key in keys:
        node = node.get(key) if isinstance(node, Mapping) else None
    return node


# ------------------------------------------------------------------------------------------------ linking


@dataclass(frozen=True, slots=True)
class Linked:
    """A document with what it uses of a library in it.

    `sources` are the PolicyLists that this came from, `names` all that could be used, by form: for near misses.
    """

    document: Document
    sources: tuple[tuple[str, str], ...] = ()
    names: dict[str, tuple[str, ...]] = field(default_factory=dict)


def link(document: Document, library: Library) -> Linked:
    """Return `document` with the definitions that it uses and does not have itself."""
    root = document.root
    spec = _at(root, "spec")
    if not library.shared or not isinstance(root, Mapping) or not isinstance(spec, Mapping):
        return Linked(document)
    copied = _copied(spec)
    own = {(form, name.text) for form, name, _ in _definitions(root)} - copied.keys()
    found = _used(spec, own, library)
    if not found:
        return Linked(document, names=library.names)
    owners = copied | {
        key: Scalar(shared.owner, quoted=True, position=shared.name.position) for key, shared in found.items()
    }
    spec = _with_definitions(spec, found)
    spec = _with_key(spec, "inlined", _inlined(owners, spec))
    sources = {shared.owner: library.sources[shared.owner] for shared in found.values()}
    return Linked(Document(_with_key(root, "spec", spec), document.file), tuple(sorted(sources.items())), library.names)


def _copied(spec: Mapping) -> dict[Key, Scalar]:
    """Return what is in the document as a copy, with the PolicyLists that it is from."""
    found = {}
    for form in _FORMS:
        node = _at(spec, "inlined", form)
        for name, owner in node.items if isinstance(node, Mapping) else ():
            if isinstance(owner, Scalar):
                found[form, name.text] = owner
    return found


def _used(spec: Mapping, own: set[Key], library: Library) -> dict[Key, Shared]:
    """Return what the document uses of the library, and what that uses, in a fixed order."""
    found: dict[Key, Shared] = {}
    waiting: list[Node] = [value for key, value in spec.items if key.text != "inlined"]
    for node in waiting:
        for key in _names(node):
            shared = library.shared.get(key)
            if shared is not None and key not in own and key not in found:
                found[key] = shared
                waiting.append(shared.node)
    return dict(sorted(found.items(), key=lambda item: (_FORMS.index(item[0][0]), item[0][1])))


def _names(root: Node) -> Iterator[Key]:
    """Yield what a node may use: `{list: NAME}`, `{macro: NAME}`, `include: […]`, and `lists.NAME` in an expression."""
    waiting = [root]
    for node in waiting:
        if isinstance(node, Scalar):
            yield from (("lists", name) for name in _IN_EXPRESSION.findall(node.text))
        elif isinstance(node, Sequence):
            waiting += node.items
        else:
            for key, value in node.items:
                yield from _named(key.text, value)
                waiting.append(value)


def _named(key: str, value: Node) -> Iterator[Key]:
    if key == "include":
        texts = value.items if isinstance(value, Sequence) else (value,)
        yield from (("lists", text.text) for text in texts if isinstance(text, Scalar))
    elif isinstance(value, Scalar):
        forms = {"list": ("lists",), "macro": ("filters", "fields")}.get(key, ())
        yield from ((form, value.text) for form in forms)


def _with_definitions(spec: Mapping, found: dict[Key, Shared]) -> Mapping:
    for form in _FORMS:
        shared = [one for (kind, _), one in found.items() if kind == form]
        if shared:
            spec = _with_items(spec, _place(form), [(one.name, one.node) for one in shared])
    return spec


def _inlined(owners: dict[Key, Scalar], spec: Mapping) -> Mapping:
    """Return the node that tells where copies came from."""
    by_form: dict[str, list[tuple[Scalar, Node]]] = defaultdict(list)
    for (form, name), owner in sorted(owners.items()):
        by_form[form].append((Scalar(name, quoted=True, position=owner.position), owner))
    items = [
        (Scalar(form, quoted=False, position=spec.position), Mapping(tuple(by_form[form]), spec.position))
        for form in _FORMS
        if by_form[form]
    ]
    return Mapping(tuple(items), spec.position)


def _with_items(node: Mapping, place: tuple[str, ...], items: list[tuple[Scalar, Node]]) -> Mapping:
    """Return the mapping with `items` in the mapping below it at `place`, in place of those of the same names."""
    key, *rest = place
    below = node.get(key)
    if not isinstance(below, Mapping):
        below = Mapping((), below.position if below is not None else node.position)
    if rest:
        return _with_key(node, key, _with_items(below, tuple(rest), items))
    names = {name.text for name, _ in items}
    kept = [(name, value) for name, value in below.items if name.text not in names]
    return _with_key(node, key, Mapping((*kept, *items), below.position))


def _with_key(node: Mapping, key: str, value: Node) -> Mapping:
    """Return the mapping with `value` for `key`, in its place if it is there."""
    if node.get(key) is None:
        return Mapping((*node.items, (Scalar(key, quoted=False, position=value.position), value)), node.position)
    return Mapping(tuple((name, value if name.text == key else old) for name, old in node.items), node.position)
