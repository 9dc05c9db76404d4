"""`Reader`: nodes of one document as texts, lists and models, with every problem kept and none raised.

A function of this package asks for `Keys` of a mapping, takes from them what it needs, and hands it to `build`, which lets
pydantic check it and turns each of its errors into a `Problem` at the place in the file.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args, get_origin

from pydantic import ValidationError

from policyd.document import Mapping, Node, Scalar, Sequence, position_in
from policyd.errors import Path, Problem
from policyd.parsing.codes import CODES
from policyd.policy import Model
from policyd.text import did_you_mean, one_of, quote, safe

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from policyd.parsing.macros import Macros

M = TypeVar("M", bound=Model)

MAX_PROBLEMS = 100
"""Errors, and warnings, kept of one policy."""

_NOUNS = {Mapping: "a mapping", Sequence: "a list", Scalar: "a text"}


@dataclass(slots=True)
class Reader:
    """Collects the problems of one document; `codes` are those that it may have.

    `shared` are names that PolicyLists have and the document does not use, by form (`lists`, `filters`, `fields`); `lists`
    are the names of those that filters can use.
    """

    problems: list[Problem] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    codes: Container[str] = frozenset(CODES)
    shared: dict[str, tuple[str, ...]] = field(default_factory=dict)
    lists: tuple[str, ...] = ()
    macros: Macros = field(init=False)

    def __post_init__(self) -> None:
        from policyd.parsing.macros import Macros  # noqa: PLC0415 (it reads as we do)

        self.macros = Macros(self)

    @property
    def failed(self) -> bool:
        """Whether there was an error."""
        return self.counts["error"] > 0

    @property
    def full(self) -> bool:
        """Whether no more errors are kept, so that looking for them can end."""
        return self.counts["error"] >= MAX_PROBLEMS

    def report(
        self,
        code: str,
        message: str,
        node: Node,
        path: Path,
        hint: str = "",
        severity: Literal["error", "warning"] = "error",
        offset: int | None = None,
    ) -> None:
        """Keep a problem that stands at `node`, or at the character `offset` of its text."""
        assert code in self.codes, code
        self.counts[severity] += 1
        if self.counts[severity] <= MAX_PROBLEMS:
            shown = tuple(safe(part, 60) if isinstance(part, str) else part for part in path)
            position = position_in(node, offset) if isinstance(node, Scalar) and offset is not None else node.position
            self.problems.append(Problem(code, message, position, shown, hint, severity))

    def wrong_type(self, node: Node, path: Path, wanted: str, hint: str = "") -> None:
        found = "nothing" if isinstance(node, Scalar) and node.is_null else _NOUNS[type(node)]
        if not hint and isinstance(node, Mapping) and node.items and "text" in wanted:
            hint = "quote it: YAML takes a text with braces or `: ` for a mapping"
        self.report("wrong-type", f"{wanted} is wanted here, not {found}", node, path, hint)

    # -- plain nodes -----------------------------------------------------------------------------------

    def text(self, node: Node, path: Path) -> str | None:
        if isinstance(node, Scalar) and not node.is_null:
            return node.text
        self.wrong_type(node, path, "a text")
        return None

    def texts(self, node: Node, path: Path) -> tuple[str, ...] | None:
        """Return a list of texts; a text alone is a list of one."""
        if isinstance(node, Scalar) and not node.is_null:
            return (node.text,)
        if not isinstance(node, Sequence):
            self.wrong_type(node, path, "a text or a list of texts")
            return None
        found = [self.text(item, (*path, index)) for index, item in enumerate(node.items)]
        good = tuple(text for text in found if text is not None)
        return good if len(good) == len(found) else None

    def sequence(self, node: Node, path: Path, wanted: str) -> tuple[Node, ...] | None:
        if isinstance(node, Sequence):
            return node.items
        self.wrong_type(node, path, wanted)
        return None

    # -- mappings --------------------------------------------------------------------------------------

    def keys(
        self, node: Node, path: Path, what: str, known: Iterable[str], later: Iterable[str] = (), hint: str = ""
    ) -> Keys | None:
        """Return the keys of a mapping that is `what`; unknown ones and those of `later` are problems."""
        if not isinstance(node, Mapping):
            self.wrong_type(node, path, f"a mapping ({what})", hint)
            return None
        known, later = tuple(known), tuple(later)
        keys = Keys(self, node, path, what)
        for key, _ in node.items:
            if key.text in later:
                self.not_yet(f"`{key.text}` in {what}", key, (*path, key.text))
                keys.bad.add(key.text)
            elif key.text not in known:
                self._unknown_key(key, path, what, known)
                keys.misspelled = True
        return keys

    def not_yet(self, what: str, node: Node, path: Path) -> None:
        hint = "remove it; `policyd explain` lists what this version can do"
        self.report("not-yet", f"{what} is not supported yet", node, path, hint)

    def _unknown_key(self, key: Scalar, path: Path, what: str, known: tuple[str, ...]) -> None:
        if self.full:  # near misses take time
            return
        hint = did_you_mean(key.text, known) or f"keys of {what}: {one_of(known)}"
        if key.text.endswith(")"):
            hint = "quote the expression: YAML splits it at the comma"
        self.report("unknown-key", f"{what} has no key {quote(key.text)}", key, path, hint)

    def single(
        self, node: Node, path: Path, what: str, known: Iterable[str], later: Iterable[str], code: str
    ) -> tuple[str, Node, Path] | None:
        """Return the only key of a mapping whose key names a kind, with its value and path."""
        if not isinstance(node, Mapping):
            self.wrong_type(node, path, f"a mapping with one key ({what})", f"as {{{next(iter(known))}: …}}")
            return None
        if len(node.items) != 1:
            names = " and ".join(quote(key.text) for key, _ in node.items[:4]) or "none"
            self.report("conflicting-keys", f"{what} has one key, that names its kind; here are {names}", node, path)
            return None
        key, value = node.items[0]
        noun = what.split(" ", 1)[1]
        if key.text in later:
            self.not_yet(f"the {noun} `{key.text}`", key, (*path, key.text))
        elif key.text not in known:
            hint = did_you_mean(key.text, [*known, *later]) or f"known: {one_of(known)}"
            self.report(code, f"there is no {noun} {quote(key.text)}", key, path, hint)
        else:
            return key.text, value, (*path, key.text)
        return None

    # -- models ----------------------------------------------------------------------------------------

    def build(self, model: type[M], keys: Keys, values: dict[str, Any], spelled: dict[str, str] | None = None) -> M | None:
        """Return `model(**values)`, or None and the problems.  None as a value means not given.

        `spelled` tells the key in the file of fields that have another name there.
        """
        given = {name: value for name, value in values.items() if value is not None}
        try:
            found = model.model_validate({**given, "at": keys.path})
        except ValidationError as error:
            for detail in error.errors(include_url=False, include_input=False):
                self._invalid(model, keys, detail, spelled or {})
            return None
        return None if keys.bad else found

    def _invalid(self, model: type[Model], keys: Keys, detail: Any, spelled: dict[str, str]) -> None:
        first, *rest = detail["loc"]
        names = {name: row.alias or name for name, row in model.model_fields.items()}
        key = spelled.get(str(first)) or names.get(str(first), str(first))
        if key in keys.bad:
            return
        node, path = _place(keys, key, rest)
        context = detail.get("ctx", {})
        if detail["type"] in self.codes:
            self.report(detail["type"], context["message"], node, path, context["hint"], offset=context["offset"])
        elif detail["type"] == "missing":
            keys.missing(key)
        elif detail["type"] == "literal_error":
            self._not_one_of(re.findall(r"'([^']*)'", context["expected"]), key, node, path)
        else:
            raise AssertionError(detail)

    def _not_one_of(self, words: list[str], key: str, node: Node, path: Path) -> None:
        text = node.text if isinstance(node, Scalar) else ""
        self.report("unknown-value", f"{quote(text)} is no `{key}`: {one_of(words)}", node, path, did_you_mean(text, words))


@dataclass(slots=True)
class Keys:
    """The keys of one mapping; those that had a problem are in `bad`, and no model is built of them.

    `implied` keys are not in the file (a short form stands there).  `misspelled`: some key is unknown, so that a missing one
    is no news.
    """

    reader: Reader
    node: Mapping
    path: Path
    what: str
    bad: set[str] = field(default_factory=set)
    implied: frozenset[str] = frozenset()
    misspelled: bool = False

    def has(self, key: str) -> bool:
        return self.node.get(key) is not None

    def get(self, key: str) -> Node | None:
        """Return the value of `key`; None if it is not there or null."""
        value = self.node.get(key)
        return None if isinstance(value, Scalar) and value.is_null else value

    def below(self, key: str) -> Path:
        return (*self.path, key)

    def text(self, key: str) -> str | None:
        value = self.get(key)
        found = self.reader.text(value, self.below(key)) if value is not None else None
        return self.note(key, value, found)

    def texts(self, key: str) -> tuple[str, ...] | None:
        value = self.get(key)
        found = self.reader.texts(value, self.below(key)) if value is not None else None
        return self.note(key, value, found)

    def pairs(self, key: str) -> tuple[tuple[str, str], ...] | None:
        """Return a mapping of texts to texts."""
        node = self.get(key)
        if node is None:
            return None
        if not isinstance(node, Mapping):
            self.reader.wrong_type(node, self.below(key), "a mapping of texts to texts")
            return self.note(key, node, None)
        read = [(name.text, self.reader.text(value, (*self.below(key), name.text))) for name, value in node.items]
        found = tuple((name, text) for name, text in read if text is not None)
        return self.note(key, node, found if len(found) == len(read) else None)

    def note(self, key: str, value: Node | None, found: T | None) -> T | None:
        """Remember `key` as bad if it had a value and nothing was made of it."""
        if value is not None and found is None:
            self.bad.add(key)
        return found

    def fail(self, key: str, code: str, message: str, hint: str = "") -> None:
        """Report a problem of the value of `key` (of the mapping, if it is not there)."""
        self.bad.add(key)
        value = self.node.get(key)
        path = self.path if value is None else self.below(key)
        self.reader.report(code, message, value or self.node, path, hint)

    def missing(self, key: str, hint: str = "", code: str = "missing-key") -> None:
        """Report that `key` is not there."""
        self.bad.add(key)
        if not self.misspelled:
            self.reader.report(code, f"{self.what} needs `{key}`", self.node, self.path, hint)

    def plain(self, model: type[Model]) -> dict[str, Any]:
        """Return the texts (lists of texts, mappings of texts to texts) that the fields of `model` want, by field name."""
        found: dict[str, Any] = {}
        for name, row in model.model_fields.items():
            if not row.exclude:
                key = row.alias or name
                if get_origin(row.annotation) is not tuple:
                    found[name] = self.text(key)
                elif get_origin(get_args(row.annotation)[0]) is tuple:
                    found[name] = self.pairs(key)
                else:
                    found[name] = self.texts(key)
        return found


T = TypeVar("T")


def spelling(model: type[Model]) -> tuple[str, ...]:
    """Return the keys of `model` as a file spells them."""
    return tuple(row.alias or name for name, row in model.model_fields.items() if not row.exclude)


def short(reader: Reader, node: Node, key: str, path: Path, what: str) -> Keys:
    """Return `node`, a short form, as the keys of the long form, in which it stands below `key`."""
    wrapper = Mapping(((Scalar(key, quoted=False, position=node.position), node),), node.position)
    return Keys(reader, wrapper, path, what, implied=frozenset({key}))


def macro_name(reader: Reader, node: Mapping, path: Path) -> Scalar | None:
    """Return the name in `{macro: NAME}`, which stands where a macro is used."""
    keys = reader.keys(node, path, "a macro that is used", ("macro",))
    if keys is None or keys.misspelled or keys.text("macro") is None:
        return None
    name = keys.get("macro")
    assert isinstance(name, Scalar)
    return name


def with_name(keys: Keys, name: Scalar) -> Keys:
    """Return the keys of a mapping that is called `name`, with a key `name` that is not in the file."""
    word = Scalar("name", quoted=False, position=name.position)
    named = Mapping((*keys.node.items, (word, name)), keys.node.position)
    return replace(keys, node=named, implied=keys.implied | {"name"})


def _place(keys: Keys, key: str, rest: list[int | str]) -> tuple[Node, Path]:
    """Return the node (and its path) that a pydantic location `key, *rest` is about."""
    node: Node = keys.node.get(key) or keys.node
    path = keys.below(key) if keys.has(key) and key not in keys.implied else keys.path
    for part in rest:
        if isinstance(node, Sequence) and isinstance(part, int):
            node, path = node.items[part], (*path, part)
        elif isinstance(node, Mapping) and isinstance(part, int) and part < len(node.items):
            name, value = node.items[part]
            node, path = (value if rest[-1] == 1 else name), (*path, name.text)
    return node, path
