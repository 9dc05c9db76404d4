"""Macros: filters and columns that have a name, and stand wherever it is written.

`spec.macros` of a document comes in; `filters.py` and `columns.py` ask for what a name stands for.  A macro is read once,
however often it is used, with the places that it has in its own file (that of a PolicyList, or the policy's).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from policyd.document import MAX_DEPTH, Mapping, Node, Scalar
from policyd.parsing.reader import short, with_name
from policyd.policy import AllOf, AnyOf, Column, Expanded, Filter, Macro, Not
from policyd.text import did_you_mean, quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from policyd.errors import Path
    from policyd.parsing.reader import Keys, Reader

    Read = Callable[[Reader, Node, Path], tuple[Any, ...] | None]

Form = Literal["filters", "fields"]
FORMS: tuple[Form, ...] = ("filters", "fields")

MOST_FILTERS = 20_000
"""Filters that the macros of one policy come to, counted at each use."""


@dataclass(slots=True)
class _Macro:
    """One macro as it was read: `found` None if it is wrong, `size` in filters, `depth` in levels of a document."""

    found: tuple[Any, ...] | None
    size: int
    depth: int


@dataclass(slots=True)
class _Use:
    """A macro that is being read, and where it was asked for."""

    key: tuple[Form, str]
    asked: Scalar
    levels: int
    depth: int = 0


@dataclass(slots=True)
class Macros:
    """What the names of one document stand for."""

    reader: Reader
    nodes: dict[tuple[Form, str], Node] = field(default_factory=dict)
    _read: dict[tuple[Form, str], _Macro] = field(default_factory=dict)
    _open: list[_Use] = field(default_factory=list)
    _size: int = 0
    _told: set[frozenset[tuple[Form, str]]] = field(default_factory=set)

    def filters(self, name: Scalar, path: Path) -> Expanded | None:
        """Return the filters that `name` stands for at `path`, where it is used; None and a problem if there are none."""
        from policyd.parsing.filters import read_filters  # noqa: PLC0415 (they ask one another)

        parts = self._expand("filters", name, path, read_filters)
        return Expanded(name=name.text, parts=parts, at=path) if parts is not None else None

    def columns(self, name: Scalar, path: Path) -> tuple[Column, ...] | None:
        """Return the columns that `name` stands for at `path`."""
        from policyd.parsing.columns import columns_of  # noqa: PLC0415 (as above)

        columns = self._expand("fields", name, path, columns_of)
        return tuple(column.model_copy(update={"used_at": path}) for column in columns) if columns is not None else None

    def read_all(self) -> None:
        """Read what nobody has used yet, for its problems."""
        for form, name in self.nodes:
            if (form, name) not in self._read:
                word = Scalar(name, quoted=False, position=self.nodes[form, name].position)
                self.filters(word, ()) if form == "filters" else self.columns(word, ())

    # -- expanding -------------------------------------------------------------------------------------

    def _expand(self, form: Form, name: Scalar, path: Path, read: Read) -> tuple[Any, ...] | None:
        key = form, name.text
        if key not in self.nodes:
            self._unknown(form, name, path)
            return None
        if any(use.key == key for use in self._open):
            self._cycle(key, name)
            return None
        macro = self._read.get(key)
        levels = sum(use.levels for use in self._open) + len(path)
        if macro is None and levels <= MAX_DEPTH:
            macro = self._read[key] = self._macro(key, name, path, read)
        if macro is None or levels + macro.depth > MAX_DEPTH:
            self._fail("too-deep", f"macros are nested deeper than {MAX_DEPTH} levels", name, path)
            return None
        self._count(macro, name, path)
        return macro.found

    def _macro(self, key: tuple[Form, str], name: Scalar, path: Path, read: Read) -> _Macro:
        """Read a macro at its own place."""
        use = _Use(key, name, len(path))
        self._open.append(use)
        found = read(self.reader, self.nodes[key], ("spec", "macros", *key))
        self._open.pop()
        size = sum(self._sizes(found)) if found and key[0] == "filters" else 0
        return _Macro(found, size, use.depth)

    def _sizes(self, parts: Iterable[Filter]) -> Iterator[int]:
        for part in parts:
            if isinstance(part, Expanded):
                yield self._read["filters", part.name].size
            elif isinstance(part, Not):
                yield from self._sizes((part.part,))
            elif isinstance(part, AllOf | AnyOf):
                yield from self._sizes(part.parts)
            else:
                yield 1

    def _count(self, macro: _Macro, name: Scalar, path: Path) -> None:
        """Keep account of what this use comes to."""
        if self._open:
            outer = self._open[-1]
            outer.depth = max(outer.depth, len(path) + macro.depth)
        else:
            self._size += macro.size
        if macro.size > MOST_FILTERS or (not self._open and self._size > MOST_FILTERS >= self._size - macro.size):
            self._fail("macro-too-large", f"macros come to more than {MOST_FILTERS:,} filters here", name, path)
            macro.found, macro.size = None, 0

    # -- problems --------------------------------------------------------------------------------------

    def _fail(self, code: str, message: str, name: Scalar, path: Path, hint: str = "") -> None:
        self.reader.report(code, message, name, path, hint)

    def _unknown(self, form: Form, name: Scalar, path: Path) -> None:
        other: Form = "fields" if form == "filters" else "filters"
        if (other, name.text) in self.nodes:
            where = "a list of fields" if other == "fields" else "filters"
            hint = f"`{name.text}` of `spec.macros.{other}` can stand in {where}"
        else:
            here = [known for kind, known in self.nodes if kind == form]
            hint = did_you_mean(name.text, [*here, *self.reader.shared.get(form, ())])
        hint = hint or (
            f"declare it under `spec.macros.{form}`, or give the file of the PolicyList that has it as well (-f)"
        )
        self._fail("unknown-macro", f"there is no macro {quote(name.text)} under `spec.macros.{form}`", name, path, hint)

    def _cycle(self, key: tuple[Form, str], again: Scalar) -> None:
        """Report a macro that uses itself, once, beginning with the first of its names."""
        keys = [use.key for use in self._open]
        ring = self._open[keys.index(key) :]
        members = frozenset(use.key for use in ring)
        if members in self._told:
            return
        self._told.add(members)
        # ring[i] is used by ring[i - 1], at ring[i].asked; the first by the last, at `again`
        asked = [again, *(use.asked for use in ring[1:])]
        names = [use.key[1] for use in ring]
        first = names.index(min(names))
        order = [(names[(first + step) % len(ring)], (first + step + 1) % len(ring)) for step in range(len(ring))]
        text = ", which".join(f" uses `{names[after]}` ({asked[after].position})" for _, after in order)
        place: Path = ("spec", "macros", key[0], names[first])
        self._fail("macro-cycle", f"macro `{names[first]}`{text}", asked[order[0][1]], place)


def read_macros(reader: Reader, spec: Keys) -> None:
    """Have `reader` know the macros of `spec`; each is read where it is first used, the others by `read_all`."""
    node = spec.get("macros")
    keys = reader.keys(node, spec.below("macros"), "`macros`", FORMS) if node is not None else None
    for form in FORMS if keys is not None else ():
        assert keys is not None
        below = keys.get(form)
        if below is None:
            continue
        if not isinstance(below, Mapping):
            reader.wrong_type(below, keys.below(form), "a mapping of names to macros", _EXAMPLES[form])
            continue
        for name, body in below.items:
            named = with_name(short(reader, body, form, (*keys.below(form), name.text), "a macro"), name)
            reader.build(Macro, named, {"name": name.text})
            reader.macros.nodes[form, name.text] = body


_EXAMPLES: dict[Form, str] = {
    "filters": "as filters: {by_root: [{field: process.uid, operator: Equal, value: 0}]}",
    "fields": "as fields: {who: [process.pid, process.exe]}",
}
